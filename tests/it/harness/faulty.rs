//! A gateway whose line fails and whose caller dies, as dice or a script say.

use daybook::domain::money::Currency;
use daybook::engine::job::Pool;
use daybook::gateway::{
    Capabilities, ChargeRequest, Found, Gateway, LookUp, Outcome, RefundRequest, Seen,
};
use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any, resume_unwind};
use std::sync::{Arc, Mutex, Once};

/// Runs tasks one after the other in this thread, so that a seed always does the same.
pub struct Inline(pub Fortune);

impl Pool for Inline {
    fn run(&self, _limit: usize, tasks: Vec<Box<dyn FnOnce() + Send>>) {
        for task in tasks {
            task();
        }
        if self.0.roll(Throw::Batch, 12) == 0 {
            self.0.hit("7: died with every answer, none recorded");
            panic_any(Died);
        }
    }

    /// One after the other, so that a seed tells the same story each time.
    fn run_beside(
        &self,
        limit: usize,
        tasks: Vec<Box<dyn FnOnce() + Send>>,
        meanwhile: &mut dyn FnMut(),
    ) {
        self.run(limit, tasks);
        meanwhile();
    }
}

/// A small generator (SplitMix64, <https://prng.di.unimi.it/splitmix64.c>): a seed is a story.
#[derive(Debug)]
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }
}

/// What the dice are thrown for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Throw {
    Slice,
    Batch,
    Charge,
    LookUp,
    Refund,
    Twist,
}

/// Throws that are settled beforehand.
pub type Script = BTreeMap<Throw, VecDeque<u64>>;

/// The dice of a story, shared by all who throw them, and what they brought.
#[derive(Clone)]
pub struct Fortune {
    dice: Arc<Mutex<Dice>>,
    /// Instead of the dice; what it does not settle goes well.
    script: Option<Arc<Mutex<Script>>>,
    pub hits: Arc<Mutex<BTreeMap<&'static str, u32>>>,
}

impl Fortune {
    pub fn new(seed: u64) -> Self {
        Self { dice: Arc::new(Mutex::new(Dice(seed))), script: None, hits: Arc::default() }
    }

    pub fn scripted(script: Script) -> Self {
        Self { script: Some(Arc::new(Mutex::new(script))), ..Self::new(0) }
    }

    pub fn roll(&self, throw: Throw, sides: u64) -> u64 {
        let Some(script) = &self.script else { return self.dice.lock().unwrap().roll(sides) };
        let settled = script.lock().unwrap().get_mut(&throw).and_then(VecDeque::pop_front);
        settled.unwrap_or(sides - 1)
    }

    pub fn hit(&self, point: &'static str) {
        *self.hits.lock().unwrap().entry(point).or_default() += 1;
    }
}

/// What a dying process says.
#[derive(Debug)]
pub struct Died;

/// What kind of story it is.
#[derive(Debug, Clone, Copy, Default)]
pub struct Plot {
    /// A known-bad caller: sends again when it does not know.
    pub resend: bool,
    /// The gateway sometimes denies a charge that it made.
    pub late: bool,
    /// No look-up ever shows anything: an empty list, or one without our key.
    pub empty: bool,
    /// The gateway forgets keys after an hour.
    pub short_life: bool,
    /// How far the book's clock is ahead of the world's while charges are made; afterwards it is as
    /// far behind, ms.
    pub skew_ms: i64,
}

/// A gateway whose line, or whose caller, fails as the dice say.
pub struct Faulty {
    pub inner: Arc<dyn Gateway>,
    pub fortune: Fortune,
    pub plot: Plot,
}

impl Gateway for Faulty {
    fn events(
        &self,
        since_ms: i64,
        at_ms: i64,
    ) -> Result<Vec<daybook::gateway::ChargeEvent>, String> {
        self.inner.events(since_ms, at_ms)
    }

    fn clock(&self, at_ms: i64) -> Option<i64> {
        self.inner.clock(at_ms)
    }

    fn charge(&self, request: &ChargeRequest) -> Outcome {
        match self.fortune.roll(Throw::Charge, if self.plot.empty { 10 } else { 18 }) {
            0 => {
                self.fortune.hit("2: died before the call");
                panic_any(Died)
            }
            1 => {
                self.fortune.hit("3: the request was lost");
                Outcome::Unknown { why: "the request was lost".into() }
            }
            2 => {
                self.fortune.hit("4: the gateway failed before it committed");
                Outcome::Unknown { why: "HTTP 503".into() }
            }
            3 => {
                self.fortune.hit("3: the gateway was not reached");
                Outcome::Unreachable { why: "refused".into() }
            }
            4 => {
                self.fortune.hit("5: the answer was lost");
                let _ = self.inner.charge(request);
                if self.plot.resend {
                    let again =
                        ChargeRequest { key: format!("{}-again", request.key), ..request.clone() };
                    return self.inner.charge(&again);
                }
                Outcome::Unknown { why: "the answer was lost".into() }
            }
            5 => {
                self.fortune.hit("6: died with the answer on its way");
                let _ = self.inner.charge(request);
                panic_any(Died)
            }
            6 => {
                self.fortune.hit("9: the answer was about something else");
                self.twisted(self.inner.charge(request))
            }
            7 => {
                self.fortune.hit("5: a 500 after it committed");
                let _ = self.inner.charge(request);
                Outcome::Unknown { why: "HTTP 500".into() }
            }
            _ => self.inner.charge(request),
        }
    }

    fn look_up(&self, query: &LookUp) -> Found {
        match self.fortune.roll(Throw::LookUp, 24) {
            1..=3 => Found::Failed { why: "no answer".into() },
            0 => {
                self.fortune.hit("died in a look-up");
                panic_any(Died)
            }
            4..=6 if self.plot.late => {
                self.fortune.hit("denied what it made");
                Found::Nothing
            }
            7 => {
                self.fortune.hit("9: the look-up was about something else");
                match self.inner.look_up(query) {
                    Found::Is(outcome) => Found::Is(self.twisted(outcome)),
                    other => other,
                }
            }
            _ if self.plot.empty => {
                self.fortune.hit("an empty list");
                Found::Nothing
            }
            _ => self.inner.look_up(query),
        }
    }

    fn refund(&self, request: &RefundRequest) -> Outcome {
        match self.fortune.roll(Throw::Refund, 8) {
            0 => {
                self.fortune.hit("refund: died before the call");
                panic_any(Died)
            }
            1 => {
                self.fortune.hit("refund: the request was lost");
                Outcome::Unknown { why: "the request was lost".into() }
            }
            2 | 3 => {
                self.fortune.hit("refund: the answer was lost");
                let _ = self.inner.refund(request);
                Outcome::Unknown { why: "the answer was lost".into() }
            }
            4 => self.twisted(self.inner.refund(request)),
            _ => self.inner.refund(request),
        }
    }

    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }
}

impl Faulty {
    /// The answer, but of another key, another amount, another currency, or of nothing.
    fn twisted(&self, outcome: Outcome) -> Outcome {
        let roll = self.fortune.roll(Throw::Twist, 4);
        let twist = |mut seen: Seen| {
            match roll {
                0 => seen.key.push('x'),
                1 => seen.amount_minor += 1,
                2 => seen.currency = Currency::parse("USD").unwrap(),
                _ => seen.reference.clear(),
            }
            seen
        };
        match outcome {
            Outcome::Approved { seen } => Outcome::Approved { seen: twist(seen) },
            Outcome::Submitted { seen } => Outcome::Submitted { seen: twist(seen) },
            other => other,
        }
    }
}

/// Runs `work`; none when the process died in it.
pub fn alive<T>(work: impl FnOnce() -> T) -> Option<T> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(value) => Some(value),
        Err(payload) if payload.is::<Died>() => None,
        Err(payload) => resume_unwind(payload),
    }
}

/// Deaths that are meant are not reported.
pub fn quiet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let default = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !info.payload().is::<Died>() {
                default(info);
            }
        }));
    });
}
