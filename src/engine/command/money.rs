//! What a clerk does with money that came: gives it back, takes it off a document, moves it to whom it
//! belongs, applies it; and what is left of a credit memo is paid out.

use crate::domain::actor::Verb;
use crate::domain::ids::{DocumentId, PaymentId};
use crate::domain::money::Currency;
use crate::domain::text::quoted;
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

/// One deed with money. Amounts are minor units; none = all that there is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum MoneyDeed {
    /// Gives money of a payment back.
    Refund {
        /// The payment.
        payment: PaymentId,
        /// How much.
        amount_minor: Option<i64>,
        /// The day it was paid out, of money received outside; none = today.
        on: Option<NaiveDate>,
        /// What becomes of the invoices.
        then: Refunded,
        /// Why.
        reason: String,
    },
    /// Pays out what is left of a credit memo.
    PayOut {
        /// The memo.
        memo: DocumentId,
        /// How much.
        amount_minor: Option<i64>,
        /// How.
        by: PaidBy,
        /// The day of the transfer; none = today.
        on: Option<NaiveDate>,
        /// Why.
        reason: String,
    },
    /// Takes a payment's money off a document.
    Unapply {
        /// The payment.
        payment: PaymentId,
        /// The document.
        from: DocumentId,
        /// How much.
        amount_minor: Option<i64>,
        /// Why.
        reason: String,
    },
    /// Moves unapplied money to the account that it belongs to.
    Move {
        /// The payment.
        payment: PaymentId,
        /// Account number.
        to: String,
        /// How much.
        amount_minor: Option<i64>,
        /// Why.
        reason: String,
    },
    /// Applies unapplied money to a document.
    Apply {
        /// The payment.
        payment: PaymentId,
        /// The document.
        to: DocumentId,
        /// How much.
        amount_minor: Option<i64>,
    },
}

impl MoneyDeed {
    /// The verb that is authorized and audited.
    pub fn verb(&self) -> Verb {
        match self {
            Self::Refund { .. } | Self::PayOut { .. } => Verb::Refund,
            Self::Unapply { .. } | Self::Move { .. } | Self::Apply { .. } => Verb::OutsidePayment,
        }
    }

    /// The command line that does the same, amounts in this currency.
    pub fn words(&self, currency: Currency) -> String {
        let much = |minor: &Option<i64>| {
            minor.map(|minor| format!(" --amount {}", currency.plain(minor))).unwrap_or_default()
        };
        let day = |on: &Option<NaiveDate>| on.map(|d| format!(" --date {d}")).unwrap_or_default();
        match self {
            Self::Refund { payment, amount_minor, on, then, reason } => {
                let memo = if *then == Refunded::WithMemo { " --with-memo" } else { "" };
                let (much, day) = (much(amount_minor), day(on));
                format!("payment refund {payment}{much}{day}{memo} --reason {}", quoted(reason))
            }
            Self::PayOut { memo, amount_minor, by, on, reason } => {
                let by = match by {
                    PaidBy::Transfer => String::new(),
                    PaidBy::Payment(id) => format!(" --method {id}"),
                };
                let (much, day) = (much(amount_minor), day(on));
                format!("memo refund {memo}{much}{by}{day} --reason {}", quoted(reason))
            }
            Self::Unapply { payment, from, amount_minor, reason } => format!(
                "payment unapply {payment} --from {from}{} --reason {}",
                much(amount_minor),
                quoted(reason)
            ),
            Self::Move { payment, to, amount_minor, reason } => format!(
                "payment move {payment} --to {}{} --reason {}",
                quoted(to),
                much(amount_minor),
                quoted(reason)
            ),
            Self::Apply { payment, to, amount_minor } => {
                format!("payment apply {payment} --to {to}{}", much(amount_minor))
            }
        }
    }
}
