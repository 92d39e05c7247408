//! Gateways: who takes the money. One blocking trait, two of them: [`sandbox`] (built in, the
//! default) and [`stripe`].
//!
//! What a gateway says is a value, never an error: a decline is an answer, and so is "nobody
//! knows". The caller writes its intent down before it calls, and records the answer after.

mod connect;
pub mod sandbox;
pub mod secret;
pub mod stripe;
mod stripe_http;

pub use connect::{NAMES, connect, probe};

use crate::domain::decline;
use crate::domain::money::Currency;
use crate::domain::payment::{DeclineClass, MethodKind};
use crate::domain::text;
use sha2::{Digest, Sha256};

/// Takes money, says what became of a request, gives money back. Every call blocks, ends within
/// the gateway's own time-out and may be made from several threads at once.
pub trait Gateway: Send + Sync {
    /// Asks for money. The same key with the same body never takes it twice, as long as the gateway
    /// knows the key ([`Capabilities::key_life_ms`]); after that it is a new charge.
    fn charge(&self, request: &ChargeRequest) -> Outcome;

    /// What became of a key; takes no money. Not bounded by any time.
    fn look_up(&self, query: &LookUp) -> Found;

    /// Gives money of an earlier charge back, under its own key.
    fn refund(&self, request: &RefundRequest) -> Outcome;

    /// What moved money of our charges again after their answer, oldest first: all of it since a
    /// moment, perhaps more; each keeps its id however often it is told. Or why it cannot be said.
    fn events(&self, since_ms: i64, at_ms: i64) -> Result<Vec<ChargeEvent>, String>;

    /// The gateway's own clock, UTC ms, as its answers tell it; none if it cannot be told now. `at_ms`
    /// is the book's moment.
    fn clock(&self, at_ms: i64) -> Option<i64>;

    /// What the caller may expect.
    fn capabilities(&self) -> Capabilities;

    /// Why it cannot be asked at all, if it cannot: then nothing is begun with it.
    fn shut(&self) -> Option<Shut> {
        None
    }
}

/// Why a gateway or a mail transport cannot be used, before anything was asked of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shut {
    /// Not by this process; another user's may be able to.
    Here(String),
    /// Not by anybody until somebody puts it right.
    Everywhere(String),
}

impl Shut {
    /// In words.
    pub fn why(&self) -> &str {
        match self {
            Self::Here(why) | Self::Everywhere(why) => why,
        }
    }
}

impl From<secret::SecretError> for Shut {
    fn from(error: secret::SecretError) -> Self {
        let why = error.to_string();
        if error.is_ours_alone() { Self::Here(why) } else { Self::Everywhere(why) }
    }
}

/// A request for money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChargeRequest {
    /// Idempotency key: one per payment, never used for another.
    pub key: String,
    /// Account number of the customer.
    pub customer: String,
    /// The gateway's token of the payment method.
    pub token: String,
    /// What the method is.
    pub kind: MethodKind,
    /// What to take, minor units, positive.
    pub amount_minor: i64,
    pub currency: Currency,
    /// What the customer may see on the statement.
    pub description: String,
    /// The book's moment, UTC ms; not part of the body.
    pub at_ms: i64,
}

impl ChargeRequest {
    /// Hash of what must be the same whenever the key is: customer, token, amount, currency.
    pub fn body_hash(&self) -> String {
        let amount = self.amount_minor.to_string();
        hash(&["charge", &self.customer, &self.token, &amount, self.currency.code()])
    }
}

/// A request to give money back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundRequest {
    /// Idempotency key of the refund itself.
    pub key: String,
    /// The gateway's reference of the charge.
    pub reference: String,
    /// What to give back, minor units, positive.
    pub amount_minor: i64,
    pub currency: Currency,
    /// The book's moment, UTC ms; not part of the body.
    pub at_ms: i64,
}

impl RefundRequest {
    /// Hash of what must be the same whenever the key is.
    pub fn body_hash(&self) -> String {
        let amount = self.amount_minor.to_string();
        hash(&["refund", &self.reference, &amount, self.currency.code()])
    }
}

/// What to ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookUp {
    /// The key of the charge or refund.
    pub key: String,
    /// Of a refund: the reference of its charge.
    pub refund_of: Option<String>,
    /// The token that was charged.
    pub token: String,
    /// The book's moment, UTC ms.
    pub at_ms: i64,
}

/// What an answer says it is about. It counts only if that is what was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The gateway's name for the charge or refund.
    pub reference: String,
    /// The key it carries.
    pub key: String,
    pub amount_minor: i64,
    pub currency: Currency,
    /// When it was made by the gateway's own clock, UTC ms, if it says so.
    pub made_at: Option<i64>,
}

/// What a gateway said of a charge or a refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The money moved.
    Approved {
        /// What moved.
        seen: Seen,
    },
    /// Refused; no money moved.
    Declined {
        /// The code as the gateway gave it.
        code: String,
        /// What it says about trying again.
        class: DeclineClass,
        /// What happened, for a clerk.
        words: String,
    },
    /// The bank has it and will answer later.
    Submitted {
        /// What will move.
        seen: Seen,
    },
    /// The request may or may not have arrived.
    Unknown {
        /// What was seen.
        why: String,
    },
    /// Nothing was sent: no connection came about, or the gateway refused to listen.
    Unreachable {
        /// What was seen.
        why: String,
    },
    /// Our own set-up is wrong (key, account, request). Nothing moved; three in a row stop a run.
    SetUp {
        /// The gateway's code or the HTTP status.
        code: String,
        /// What it said.
        words: String,
    },
}

impl Outcome {
    /// A decline with the class and words of its code.
    pub fn declined(code: &str) -> Self {
        let meaning = decline::meaning(code);
        Self::Declined { code: text::said(code, 100), class: meaning.class, words: meaning.words }
    }

    /// The same, if the money it tells of is what was asked for under this key; with another key,
    /// amount or currency, or without the gateway's name for it, nobody knows.
    #[must_use]
    pub fn held_against(self, key: &str, amount_minor: i64, currency: Currency) -> Self {
        let (Self::Approved { seen } | Self::Submitted { seen }) = &self else { return self };
        let why = if seen.reference.is_empty() {
            "the answer does not name the charge".to_owned()
        } else if seen.key != key {
            "the answer is about another key".to_owned()
        } else if (seen.amount_minor, seen.currency) != (amount_minor, currency) {
            let money = seen.currency.plain(seen.amount_minor);
            format!("the answer is about {money} {}, which was not asked for", seen.currency)
        } else {
            return self;
        };
        Self::Unknown { why }
    }

    /// What a request that was sent again came to: an answer to the second time that is no answer to
    /// the key says nothing of the first.
    #[must_use]
    pub fn of_second_time(self) -> Self {
        match self {
            Self::Unreachable { why } => Self::Unknown { why },
            Self::SetUp { code, words } => Self::Unknown { why: format!("{code}: {words}") },
            answer @ (Self::Approved { .. }
            | Self::Declined { .. }
            | Self::Submitted { .. }
            | Self::Unknown { .. }) => answer,
        }
    }
}

/// What a look-up found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// The gateway knows the key: approved, declined or submitted.
    Is(Outcome),
    /// The gateway shows nothing of the key. That proves nothing, ever: lists lag, filter and forget.
    Nothing,
    /// It could not be asked.
    Failed {
        /// What was seen.
        why: String,
    },
}

/// Which way money of a charge moved after its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moved {
    /// It was given back: by us, or by somebody at the gateway.
    Refunded,
    /// A refund did not arrive: the money is here again.
    RefundFailed,
    /// The bank or the cardholder took it back.
    TakenBack,
    /// What was taken back is here again.
    GivenAgain,
}

impl Moved {
    /// As tasks in the book have it, of older builds too.
    pub fn key(self) -> &'static str {
        match self {
            Self::Refunded => "Refunded",
            Self::RefundFailed => "RefundFailed",
            Self::TakenBack => "TakenBack",
            Self::GivenAgain => "GivenAgain",
        }
    }
}

/// What happened to a charge after its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChargeEvent {
    /// The gateway's name for it, the same each time.
    pub id: String,
    /// The key the charge was made with.
    pub charge_key: String,
    /// What happened.
    pub kind: Moved,
    /// The key of the refund, if a refund and asked for by us.
    pub refund_key: Option<String>,
    pub amount_minor: i64,
    pub currency: Currency,
    /// When, UTC ms.
    pub at_ms: i64,
    /// The gateway's reason; may be empty.
    pub code: String,
    /// The reason in words.
    pub words: String,
}

/// What the caller may expect of a gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// Its name in methods and settings.
    pub name: &'static str,
    /// How long a key is remembered, ms of the gateway's clock; from 80 % of it on only look-ups are
    /// allowed.
    pub key_life_ms: i64,
    /// Calls worth having open at the same time.
    pub concurrency: usize,
    /// Whether charges may come back as submitted.
    pub submits: bool,
}

fn hash(parts: &[&str]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part.len().to_le_bytes());
        hasher.update(part.as_bytes());
    }
    text::hex(&hasher.finalize())
}

#[cfg(test)]
mod tests {
    use super::Moved;

    #[test]
    fn events_are_named_as_in_the_books_of_older_builds() {
        let all = [Moved::Refunded, Moved::RefundFailed, Moved::TakenBack, Moved::GivenAgain];
        let words = ["Refunded", "RefundFailed", "TakenBack", "GivenAgain"];
        assert_eq!(all.map(Moved::key), words);
    }
}
