//! The middle of the sandwich: gateway calls with no transaction open, many at a time; and what
//! to do with calls whose maker died.

use super::begin::Begun;
use crate::domain::ids::JobId;
use crate::engine::collect::till::Till;
use crate::engine::job::Ports;
use crate::engine::{Error, Session};
use crate::gateway::{Found, LookUp, Outcome};
use crate::store::job::{self, Wanted};
use crate::store::payment::PaymentRow;
use crate::store::{Db, StoreError, method_state};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often a running batch looks whether somebody asked for a halt.
const LOOK: Duration = Duration::from_millis(100);

/// Tells the tasks of a batch, between transactions, that somebody asked for a halt.
pub struct Halt {
    session: Mutex<(Session, Instant, bool)>,
    job: JobId,
}

impl Halt {
    /// A connection of its own, so that nobody waits for the one that writes.
    pub fn new(session: &Session, job: JobId) -> Result<Self, Error> {
        Ok(Self { session: Mutex::new((session.again()?, Instant::now(), false)), job })
    }

    /// Whether the next charge must not be made. Looks at the book at most ten times a second.
    fn asked(&self) -> bool {
        let mut state = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        if !state.2 && state.1.elapsed() >= LOOK {
            state.1 = Instant::now();
            let row = state.0.read(|db| job::get(db, self.job));
            // A book that cannot be read is looked at again in the next slice.
            state.2 = row.is_ok_and(|row| row.wanted != Wanted::Nothing);
        }
        state.2
    }
}

/// The calls of a batch, not made yet.
pub struct Calls {
    tasks: Vec<Box<dyn FnOnce() + Send>>,
    answers: Answers<Outcome>,
}

impl Calls {
    /// Makes them, at most `limit` at once, and does something `meanwhile`; both have ended when it
    /// returns. Outcomes in the order of the batch.
    pub fn make(self, ports: &Ports, limit: usize, meanwhile: &mut dyn FnMut()) -> Vec<Outcome> {
        ports.pool.run_beside(limit, self.tasks, meanwhile);
        self.answers.take(unanswered)
    }
}

/// Makes the calls of a batch ready. What is not asked because of a halt comes back as unreachable:
/// nothing was sent.
pub fn prepare(till: &mut Till, halt: Option<&Arc<Halt>>, begun: &[Begun]) -> Calls {
    let answers = Answers::new(begun.len());
    let mut tasks: Vec<Box<dyn FnOnce() + Send>> = Vec::with_capacity(begun.len());
    for (place, one) in begun.iter().enumerate() {
        let gateway = till.gateway(&one.gateway);
        let (halt, answers, request) = (halt.cloned(), answers.clone(), one.request.clone());
        tasks.push(Box::new(move || {
            let answer = if halt.is_some_and(|halt| halt.asked()) {
                Outcome::Unreachable { why: "halted before the call".to_owned() }
            } else {
                gateway.charge(&request)
            };
            answers.put(place, answer);
        }));
    }
    Calls { tasks, answers }
}

/// Asks the gateways for a batch.
pub fn charge(
    till: &mut Till,
    ports: &Ports,
    halt: Option<&Arc<Halt>>,
    begun: &[Begun],
) -> Vec<Outcome> {
    prepare(till, halt, begun).make(ports, till.concurrency(), &mut || {})
}

/// What is known of a call that never came to its end.
pub fn unanswered() -> Outcome {
    Outcome::Unknown { why: "the call ended without an answer".to_owned() }
}

/// What a look-up of a payment calls for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The gateway knows: record this.
    Is(Outcome),
    /// The gateway shows nothing of it, which proves nothing.
    Nothing,
    /// It could not be asked, or said something else.
    Open {
        /// What was seen.
        why: String,
    },
}

/// Looks payments up, many at a time.
pub fn look_up(
    till: &mut Till,
    ports: &Ports,
    now_ms: i64,
    payments: &[(PaymentRow, String)],
) -> Vec<Verdict> {
    let answers = Answers::new(payments.len());
    let mut tasks: Vec<Box<dyn FnOnce() + Send>> = Vec::with_capacity(payments.len());
    for (place, (row, token)) in payments.iter().enumerate() {
        let gateway = till.gateway(&row.gateway);
        let query =
            LookUp { key: row.key.clone(), refund_of: None, token: token.clone(), at_ms: now_ms };
        let answers = answers.clone();
        let (amount_minor, currency) = (row.amount_minor, row.currency);
        tasks.push(Box::new(move || {
            let verdict = match gateway.look_up(&query) {
                Found::Is(outcome) => {
                    match outcome.held_against(&query.key, amount_minor, currency) {
                        Outcome::Unknown { why } | Outcome::Unreachable { why } => {
                            Verdict::Open { why }
                        }
                        outcome => Verdict::Is(outcome),
                    }
                }
                Found::Nothing => Verdict::Nothing,
                Found::Failed { why } => Verdict::Open { why },
            };
            answers.put(place, verdict);
        }));
    }
    ports.pool.run(till.concurrency(), tasks);
    answers.take(|| Verdict::Open { why: "the call ended without an answer".to_owned() })
}

/// The token of a payment's method.
pub fn with_token(db: &Db<'_>, row: PaymentRow) -> Result<(PaymentRow, String), StoreError> {
    let token = match row.method {
        Some(method) => method_state::get(db, method)?.token,
        None => String::new(),
    };
    Ok((row, token))
}

/// Answers by place, put in by many threads.
struct Answers<T>(Arc<Mutex<Vec<Option<T>>>>);

impl<T> Clone for Answers<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Answers<T> {
    fn new(len: usize) -> Self {
        Self(Arc::new(Mutex::new((0..len).map(|_| None).collect())))
    }

    fn put(&self, place: usize, answer: T) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = all.get_mut(place) {
            *slot = Some(answer);
        }
    }

    /// The answers in order; a task that never came to its end gets `missing`.
    fn take(&self, missing: impl Fn() -> T) -> Vec<T> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.drain(..).map(|answer| answer.unwrap_or_else(&missing)).collect()
    }
}
