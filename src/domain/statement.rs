//! A statement of account as plain data: what was owed, each event on its day, what is owed, and what of
//! it is open. One customer, one currency.

use super::money::Currency;
use chrono::NaiveDate;

text_enum! {
    /// What changed what a customer owes.
    Event {
        Invoice = "invoice",
        DebitMemo = "debit_memo",
        CreditMemo = "credit_memo",
        Payment = "payment",
        Refund = "refund",
        /// The bank took a payment back.
        Return = "return",
        Chargeback = "chargeback",
        /// Given up in our books; legally owed all the same.
        WriteOff = "write_off",
        WriteOffUndone = "write_off_undone",
        /// Money came for what was given up.
        Recovery = "recovery",
        /// Of another system.
        OpeningItem = "opening_item",
        Difference = "difference",
        /// From or into another currency.
        CarriedOver = "carried_over",
        /// From or to another account.
        Moved = "moved",
    }
}

impl Event {
    /// Whether it is about our books alone: the customer owes the same before and after.
    pub fn is_internal(self) -> bool {
        match self {
            Self::WriteOff | Self::WriteOffUndone | Self::Recovery => true,
            Self::Invoice
            | Self::DebitMemo
            | Self::CreditMemo
            | Self::Payment
            | Self::Refund
            | Self::Return
            | Self::Chargeback
            | Self::OpeningItem
            | Self::Difference
            | Self::CarriedOver
            | Self::Moved => false,
        }
    }
}

/// Which debt a statement shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owed {
    /// As the ledger has it.
    Booked,
    /// What the customer owes by law: what was written off is left in. So is one that is sent.
    Legal,
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub on: NaiveDate,
    pub event: Event,
    /// Of the document or payment.
    pub number: String,
    pub due_on: Option<NaiveDate>,
    /// Above zero: more is owed. Minor units, as all that follows.
    pub minor: i64,
    /// What is owed after it.
    pub balance: i64,
}

/// One invoice or debit memo that is open at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Open {
    pub on: NaiveDate,
    pub number: String,
    pub due_on: NaiveDate,
    pub total: i64,
    pub open: i64,
    /// Past due on the last day; zero or below is not due.
    pub days: i64,
}

/// Of one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    pub currency: Currency,
    pub opening: i64,
    pub lines: Vec<Line>,
    pub closing: i64,
    pub open: Vec<Open>,
    /// What the customer has to the good, zero or below.
    pub credit: i64,
    /// What the ledger says is owed at the end, less the credit.
    pub booked: i64,
    /// What of that is given up in the books at the end, not counting what came after all.
    pub written_off: i64,
}

impl Statement {
    /// Whether it says anything.
    pub fn is_empty(&self) -> bool {
        self.opening == 0 && self.closing == 0 && self.lines.is_empty() && self.open.is_empty()
    }

    /// What is open, less the credit: the closing of a statement of what is legally owed.
    pub fn of_items(&self) -> i64 {
        self.open.iter().map(|item| item.open).sum::<i64>() + self.credit
    }
}
