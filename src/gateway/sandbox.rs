//! The built-in gateway: no network, but the manners of a real one.
//!
//! It keeps a ledger of its own, an append-only file that every process on the machine shares
//! under a kernel lock, and so knows what it took even when the caller died before it could hear
//! the answer. Keys work as Stripe's do: for a day the same key with the same body gets the saved
//! answer (a saved error too), with another body an error; then the key is forgotten, and the same
//! request is a new charge. Its clock is its own ([`Options::clock_off_ms`]).
//!
//! A token scripts the outcome, attempt by attempt of one customer; the last word repeats. A request
//! that never arrived is an attempt, so that the next word answers when it is sent again:
//!
//! | word | what happens |
//! |---|---|
//! | `ok` | charged |
//! | `returned:CODE` | charged; the bank takes it back with the code after [`Options::bank_answers_after_ms`] |
//! | `decline:CODE` | refused with a code of `domain::decline` |
//! | `submitted` | the bank has it; it approves after [`Options::bank_answers_after_ms`] |
//! | `submitted:CODE` | the bank has it; it returns it with the code after that time |
//! | `timeout_before` | the line drops before the request arrives: not charged |
//! | `timeout_after` | charged, and the line drops before the answer arrives |
//! | `error` | the gateway fails with a 500 and remembers that |
//! | `setup` | the gateway refuses our own set-up |
//!
//! Any other word is a token the gateway does not know: declined for good.

mod ledger;

use super::{
    Capabilities, ChargeEvent, ChargeRequest, Found, Gateway, LookUp, Outcome, RefundRequest, Seen,
};
use crate::domain::money::Currency;
pub use ledger::{Charge, Fate};
use ledger::{Ledger, Record};
use std::path::Path;
use std::time::Duration;

/// How the sandbox behaves besides what tokens say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// How long each call takes.
    pub latency: Duration,
    /// Nothing can be reached.
    pub outage: bool,
    /// Of a hundred keys so many lose their connection, half before and half after the charge.
    pub flaky_percent: u8,
    /// When the bank answers what was submitted, ms of the book's time.
    pub bank_answers_after_ms: i64,
    /// How far its clock is ahead of the book's, ms.
    pub clock_off_ms: i64,
    /// How long a key is remembered, ms of its clock.
    pub key_life_ms: i64,
    /// How long look-ups show nothing of a charge or a refund, ms of its clock.
    pub visible_after_ms: i64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            latency: Duration::ZERO,
            outage: false,
            flaky_percent: 0,
            bank_answers_after_ms: 2 * DAY_MS,
            clock_off_ms: 0,
            key_life_ms: DAY_MS,
            visible_after_ms: 0,
        }
    }
}

/// Also how much further than asked told events go back: clocks of processes differ.
const DAY_MS: i64 = 24 * 3_600_000;

/// What the bank says later of a submitted or approved charge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BankEvent {
    /// A submitted charge went through.
    Approve,
    /// The money went back, with a code.
    Return {
        /// Code of `domain::decline`.
        code: String,
    },
}

/// A refund that it gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// The key it was asked for with.
    pub key: String,
    /// Its name.
    pub reference: String,
    pub amount_minor: i64,
}

/// The sandbox. Clone-free: share it behind an `Arc`.
#[derive(Debug)]
pub struct Sandbox {
    ledger: Ledger,
    options: Options,
}

impl Sandbox {
    /// Opens the ledger at `path`, made if it is not there (its directory must be).
    pub fn open(path: &Path, options: Options) -> std::io::Result<Self> {
        Ok(Self { ledger: Ledger::open(path)?, options })
    }

    /// Opens a ledger that is there, to look at it as it was when it had `most` bytes: what is torn at
    /// its end is left alone.
    pub fn read(path: &Path, most: u64) -> std::io::Result<Self> {
        Ok(Self { ledger: Ledger::read_only(path, most)?, options: Options::default() })
    }

    /// Every charge that arrived, oldest first, for `daybook check`.
    pub fn charges(&self) -> std::io::Result<Vec<Charge>> {
        let mut all: Vec<Charge> = self.ledger.read(|i| i.charges.values().cloned().collect())?;
        all.sort_unstable_by(|a, b| a.reference.cmp(&b.reference));
        Ok(all)
    }

    /// Every refund it gave, oldest first, for `daybook check`.
    pub fn refunds(&self) -> std::io::Result<Vec<Given>> {
        let given = |(key, of): (&String, &Vec<ledger::Refund>)| -> Vec<Given> {
            of.iter()
                .map(|r| Given {
                    key: key.clone(),
                    reference: r.reference.clone(),
                    amount_minor: r.amount_minor,
                })
                .collect()
        };
        let mut all: Vec<Given> =
            self.ledger.read(|i| i.refunds.iter().flat_map(given).collect())?;
        all.sort_unstable_by(|a, b| a.reference.cmp(&b.reference));
        Ok(all)
    }

    /// What was taken and not given back, minor units, over every charge in one currency.
    pub fn net_minor(&self, currency: &str) -> std::io::Result<i64> {
        self.ledger.read(|index| {
            index
                .charges
                .values()
                .filter(|c| c.currency == currency && c.result.is_taken())
                .map(|c| c.amount_minor - c.refunded_minor)
                .sum()
        })
    }

    /// The bank's later word on a charge, named by its reference.
    pub fn bank_says(
        &self,
        reference: &str,
        event: &BankEvent,
        at_ms: i64,
    ) -> std::io::Result<bool> {
        let (known, at) = self.ledger.write(|index| {
            let known = index.charges.contains_key(reference);
            let record = known.then(|| Record::Bank {
                of: reference.to_owned(),
                code: match event {
                    BankEvent::Approve => String::new(),
                    BankEvent::Return { code } => code.clone(),
                },
                at_ms,
            });
            (known, record)
        })?;
        self.ledger.sync(at)?;
        Ok(known)
    }

    fn wait(&self) {
        if !self.options.latency.is_zero() {
            std::thread::sleep(self.options.latency);
        }
    }

    fn charge_now(&self, request: &ChargeRequest) -> std::io::Result<Outcome> {
        let hash = request.body_hash();
        let flaky = flaky(&request.key, self.options.flaky_percent);
        let now = request.at_ms + self.options.clock_off_ms;
        let (answer, at) = self.ledger.write(|index| {
            let saved = index.of_key(&request.key).last();
            if let Some(saved) = saved.filter(|c| now - c.at_ms < self.options.key_life_ms) {
                return (Answer::saved(saved, &hash), None);
            }
            let attempt = index.attempt(&request.customer, &request.token);
            let word = scripted(&request.token, attempt);
            let word = match (flaky, word) {
                (Some(when), "ok") => when,
                (Some(_) | None, word) => word,
            };
            if word == "setup" {
                return (Answer::Refused, None);
            }
            // A token nobody knows is the customer's, not our set-up: a hard decline.
            let unknown = || (Fate::Declined { code: NO_METHOD.to_owned() }, true);
            let (entry, heard) = plan(word).unwrap_or_else(unknown);
            let reference = format!("sb_{:09}", index.next);
            let amount = (request.amount_minor, request.currency);
            let seen = seen_as(&reference, &request.key, amount, now);
            let answer = if heard { Answer::from(&entry, seen) } else { Answer::Silence };
            let record = Record::Charge {
                key: request.key.clone(),
                hash,
                customer: request.customer.clone(),
                token: request.token.clone(),
                amount_minor: request.amount_minor,
                currency: request.currency.code().to_owned(),
                at_ms: now,
                result: entry,
                reference,
            };
            (answer, Some(record))
        })?;
        self.ledger.sync(at)?;
        Ok(answer.into_outcome())
    }

    fn refund_now(&self, request: &RefundRequest) -> std::io::Result<Outcome> {
        let hash = request.body_hash();
        let now = request.at_ms + self.options.clock_off_ms;
        let given = |reference: &str| Outcome::Approved {
            seen: seen_as(reference, &request.key, (request.amount_minor, request.currency), now),
        };
        let (outcome, at) = self.ledger.write(|index| {
            let saved = index.refunds.get(&request.key).and_then(|all| all.last());
            if let Some(saved) = saved.filter(|r| now - r.at_ms < self.options.key_life_ms) {
                let same = saved.hash == hash;
                return (if same { given(&saved.reference) } else { key_reused() }, None);
            }
            let left = index
                .charges
                .get(&request.reference)
                .filter(|c| c.result.is_taken() && c.currency == request.currency.code())
                .map(|c| c.amount_minor - c.refunded_minor);
            match left {
                None => (refused("there is no such charge to give back"), None),
                Some(left) if request.amount_minor <= 0 || request.amount_minor > left => {
                    (refused("more than is left of the charge"), None)
                }
                Some(_) => {
                    let reference = format!("sbr_{:09}", index.next);
                    let record = Record::Refund {
                        key: request.key.clone(),
                        hash,
                        of: request.reference.clone(),
                        amount_minor: request.amount_minor,
                        reference: reference.clone(),
                        at_ms: now,
                    };
                    (given(&reference), Some(record))
                }
            }
        })?;
        self.ledger.sync(at)?;
        Ok(outcome)
    }

    /// What moved money since, once the bank has taken back what tokens script and is due by now.
    fn events_now(&self, since_ms: i64, at_ms: i64) -> std::io::Result<Vec<ChargeEvent>> {
        let due =
            self.ledger.read(|index| index.returning(at_ms, self.options.bank_answers_after_ms))?;
        for (reference, code, on_ms) in due {
            // Another process may have written it meanwhile.
            let ((), at) = self.ledger.write(|index| {
                let record =
                    Record::Bank { of: reference.clone(), code: code.clone(), at_ms: on_ms };
                ((), index.is_returning(&reference).then_some(record))
            })?;
            self.ledger.sync(at)?;
        }
        self.ledger.read(|index| {
            index.events.iter().filter(|e| e.at_ms >= since_ms - DAY_MS).cloned().collect()
        })
    }

    fn look_up_now(&self, query: &LookUp) -> std::io::Result<Found> {
        let now = query.at_ms + self.options.clock_off_ms;
        let visible = |at_ms: i64| now - at_ms >= self.options.visible_after_ms;
        let (found, at) = self.ledger.write(|index| {
            if query.refund_of.is_some() {
                let all = index.refunds.get(&query.key).into_iter().flatten();
                let found = all.filter(|r| visible(r.at_ms)).find_map(|refund| {
                    let charge = index.charges.get(&refund.of)?;
                    let amount = (refund.amount_minor, Currency::parse(&charge.currency)?);
                    let seen = seen_as(&refund.reference, &query.key, amount, refund.at_ms);
                    Some(Found::Is(Outcome::Approved { seen }))
                });
                return (found.unwrap_or(Found::Nothing), None);
            }
            // What was taken comes before what was refused.
            let all = || index.of_key(&query.key).filter(|c| visible(c.at_ms));
            match all().find(|c| c.result.is_taken()).or_else(|| all().last()) {
                Some(charge) => self.say(charge, now),
                None => (Found::Nothing, None),
            }
        })?;
        self.ledger.sync(at)?;
        Ok(found)
    }

    /// What is said of a charge, and the bank's answer if it comes now.
    fn say(&self, charge: &Charge, now_ms: i64) -> (Found, Option<Record>) {
        let Some(seen) = seen(charge) else { return (Found::Nothing, None) };
        let answered = now_ms - charge.at_ms >= self.options.bank_answers_after_ms;
        match &charge.result {
            Fate::Submitted { then } if answered => {
                let (of, code) = (charge.reference.clone(), then.clone());
                let outcome = if then.is_empty() {
                    Outcome::Approved { seen }
                } else {
                    Outcome::declined(then)
                };
                (Found::Is(outcome), Some(Record::Bank { of, code, at_ms: now_ms }))
            }
            Fate::Approved
            | Fate::Returning { .. }
            | Fate::Submitted { .. }
            | Fate::Declined { .. } => match Answer::from(&charge.result, seen) {
                Answer::Says(outcome) => (Found::Is(outcome), None),
                Answer::Silence | Answer::Refused => (Found::Nothing, None),
            },
            // A 500 before the charge and a request that never arrived left no charge.
            Fate::Error | Fate::Lost => (Found::Nothing, None),
        }
    }
}

fn seen_as(reference: &str, key: &str, (amount_minor, currency): (i64, Currency), at: i64) -> Seen {
    let (reference, key) = (reference.to_owned(), key.to_owned());
    Seen { reference, key, amount_minor, currency, made_at: Some(at) }
}

/// A charge as an answer tells it.
fn seen(charge: &Charge) -> Option<Seen> {
    let amount = (charge.amount_minor, Currency::parse(&charge.currency)?);
    Some(seen_as(&charge.reference, &charge.key, amount, charge.at_ms))
}

impl Gateway for Sandbox {
    fn charge(&self, request: &ChargeRequest) -> Outcome {
        self.wait();
        if self.options.outage {
            return Outcome::Unreachable { why: "the sandbox is set to an outage".to_owned() };
        }
        self.charge_now(request).unwrap_or_else(|error| Outcome::Unknown {
            why: format!("the sandbox ledger failed: {error}"),
        })
    }

    fn look_up(&self, query: &LookUp) -> Found {
        self.wait();
        if self.options.outage {
            return Found::Failed { why: "the sandbox is set to an outage".to_owned() };
        }
        self.look_up_now(query)
            .unwrap_or_else(|e| Found::Failed { why: format!("the sandbox ledger failed: {e}") })
    }

    fn refund(&self, request: &RefundRequest) -> Outcome {
        self.wait();
        if self.options.outage {
            return Outcome::Unreachable { why: "the sandbox is set to an outage".to_owned() };
        }
        self.refund_now(request).unwrap_or_else(|error| Outcome::Unknown {
            why: format!("the sandbox ledger failed: {error}"),
        })
    }

    fn events(&self, since_ms: i64, at_ms: i64) -> Result<Vec<ChargeEvent>, String> {
        self.wait();
        if self.options.outage {
            return Err("the sandbox is set to an outage".to_owned());
        }
        self.events_now(since_ms, at_ms).map_err(|e| format!("the sandbox ledger failed: {e}"))
    }

    fn clock(&self, at_ms: i64) -> Option<i64> {
        (!self.options.outage).then_some(at_ms + self.options.clock_off_ms)
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            name: "sandbox",
            key_life_ms: self.options.key_life_ms,
            concurrency: 16,
            submits: true,
        }
    }
}

/// What goes back over the line.
enum Answer {
    Says(Outcome),
    Silence,
    Refused,
}

/// The code for a token that the gateway does not know.
const NO_METHOD: &str = "payment_method_not_available";

impl Answer {
    fn from(entry: &Fate, seen: Seen) -> Self {
        match entry {
            Fate::Approved | Fate::Returning { .. } => Self::Says(Outcome::Approved { seen }),
            Fate::Submitted { .. } => Self::Says(Outcome::Submitted { seen }),
            Fate::Declined { code } => Self::Says(Outcome::declined(code)),
            Fate::Error => Self::Says(Outcome::Unknown { why: "HTTP 500".to_owned() }),
            Fate::Lost => Self::Silence,
        }
    }

    fn saved(charge: &Charge, hash: &str) -> Self {
        match seen(charge) {
            Some(seen) if charge.hash == hash => Self::from(&charge.result, seen),
            Some(_) | None => Self::Says(key_reused()),
        }
    }

    fn into_outcome(self) -> Outcome {
        match self {
            Self::Says(outcome) => outcome,
            Self::Silence => Outcome::Unknown { why: "no answer in time".to_owned() },
            Self::Refused => Outcome::SetUp {
                code: "401".to_owned(),
                words: "the sandbox plays a gateway that refuses our key".to_owned(),
            },
        }
    }
}

/// Something was asked for under this key: what became of it nobody has said.
fn key_reused() -> Outcome {
    Outcome::Unknown { why: "the key was used before with another body".to_owned() }
}

fn refused(words: &str) -> Outcome {
    Outcome::SetUp { code: "refund_refused".to_owned(), words: words.to_owned() }
}

/// The word for an attempt, from 0; the last one repeats.
fn scripted(token: &str, attempt: usize) -> &str {
    let mut words = token.split(',').map(str::trim);
    let last = words.clone().next_back().unwrap_or_default();
    words.nth(attempt).unwrap_or(last)
}

/// What a word does, and whether the caller hears of it; none for a word that does not exist.
fn plan(word: &str) -> Option<(Fate, bool)> {
    Some(match word.split_once(':') {
        None => match word {
            "ok" => (Fate::Approved, true),
            "submitted" => (Fate::Submitted { then: String::new() }, true),
            "timeout_before" => (Fate::Lost, false),
            "timeout_after" => (Fate::Approved, false),
            "error" => (Fate::Error, true),
            _ => return None,
        },
        Some(("decline", code)) if !code.is_empty() => {
            (Fate::Declined { code: code.to_owned() }, true)
        }
        Some(("returned", code)) if !code.is_empty() => {
            (Fate::Returning { then: code.to_owned() }, true)
        }
        Some(("submitted", code)) if !code.is_empty() => {
            (Fate::Submitted { then: code.to_owned() }, true)
        }
        Some(_) => return None,
    })
}

/// Whether the sandbox understands every word of a token.
pub fn understands(token: &str) -> bool {
    token.split(',').map(str::trim).all(|word| word == "setup" || plan(word).is_some())
}

/// Which keys lose their line in flaky mode: decided by the key, so that a test can repeat it.
fn flaky(key: &str, percent: u8) -> Option<&'static str> {
    // FNV-1a, 32 bit (<http://www.isthe.com/chongo/tech/comp/fnv/>): spread, not secrecy.
    let spread =
        key.bytes().fold(0x811c_9dc5_u32, |h, b| (h ^ u32::from(b)).wrapping_mul(0x0100_0193));
    let hit = spread % 100 < u32::from(percent);
    hit.then_some(if (spread / 100).is_multiple_of(2) { "timeout_before" } else { "timeout_after" })
}

#[cfg(test)]
mod tests;
