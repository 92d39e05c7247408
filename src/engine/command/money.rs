//! What a clerk does with money that came: gives it back, takes it off a document, moves it to whom it
//! belongs, applies it; and what is left of a credit memo is paid out.

use crate::domain::actor::Verb;
use crate::domain::ids::{DocumentId, PaymentId};
use crate::domain::money::Money;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// What becomes of the invoices whose money is given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refunded {
    /// They are owed again.
    OwedAgain,
    /// A credit memo of just that much keeps them paid.
    WithMemo,
}

/// How what is left of a credit memo is paid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PaidBy {
    /// A person makes a transfer.
    Transfer,
    /// The money of this payment goes back.
    Payment(PaymentId),
}

/// One deed with money. No amount = all that there is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum MoneyDeed {
    /// Gives money of a payment back.
    Refund {
        payment: PaymentId,
        /// How much.
        amount: Option<Money>,
        /// The day it was paid out, of money received outside; none = today.
        on: Option<NaiveDate>,
        /// What becomes of the invoices.
        then: Refunded,
        reason: String,
    },
    /// Pays out what is left of a credit memo.
    PayOut {
        memo: DocumentId,
        /// How much.
        amount: Option<Money>,
        /// How.
        by: PaidBy,
        /// The day of the transfer; none = today.
        on: Option<NaiveDate>,
        reason: String,
    },
    /// Takes a payment's money off a document.
    Unapply {
        payment: PaymentId,
        from: DocumentId,
        /// How much.
        amount: Option<Money>,
        reason: String,
    },
    /// Moves unapplied money to the account that it belongs to.
    Move {
        payment: PaymentId,
        /// Account number.
        to: String,
        /// How much.
        amount: Option<Money>,
        reason: String,
    },
    /// What a person found out of a payment that nobody has answered for.
    Found {
        payment: PaymentId,
        /// The reference it has at the gateway or bank; none: no money moved.
        charged: Option<String>,
        /// The day of the charge there; none = not known.
        on: Option<NaiveDate>,
        /// Where that was seen.
        evidence: String,
    },
    /// Applies unapplied money to a document.
    Apply {
        payment: PaymentId,
        to: DocumentId,
        /// How much.
        amount: Option<Money>,
    },
}

impl MoneyDeed {
    /// The verb that is authorized and audited.
    pub fn verb(&self) -> Verb {
        match self {
            Self::Refund { .. } | Self::PayOut { .. } => Verb::Refund,
            Self::Unapply { .. } | Self::Move { .. } | Self::Apply { .. } => Verb::OutsidePayment,
            Self::Found { .. } => Verb::Reconcile,
        }
    }
}
