//! CSV files to typed rows, pure: bytes in, rows and named errors out. What is already in the
//! book is not known here; comparing and merging is `engine::import`.
//!
//! The kind of a file is known by its header. A bad header refuses the file, a bad row only
//! itself; each error names line, column, value, why and the remedy. Columns left out keep their
//! value in the book, so every parsed file remembers which columns it gave ([`Slot::given`]).

pub mod account;
pub mod charge;
pub mod field;
pub mod header;
pub mod open_item;
pub mod payment_method;
mod reader;
pub mod subscription;
pub mod tax;
pub mod usage;

use crate::domain::text_enum;

pub use field::{Cells, Fault};
pub use header::Slot;
pub use reader::{Table, parse};

text_enum! {
    /// What a file holds, in the order in which files depend on each other.
    Kind {
        /// Tax rates by code and day.
        Taxes = "taxes",
        /// Customers.
        Accounts = "accounts",
        /// Tokens of cards and bank accounts.
        PaymentMethods = "payment_methods",
        /// Contracts.
        Subscriptions = "subscriptions",
        /// What is sold.
        Charges = "charges",
        /// Open invoices and credits of another system.
        OpenItems = "open_items",
        /// What was used.
        Usage = "usage",
    }
}

/// One row that did not go in, and how to mend it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Refused {
    /// Line in the file, the header being 1.
    pub line: u64,
    /// Column by its name in the header; empty when the whole line is meant.
    pub column: String,
    /// What stands there, made safe to show and cut to a readable length.
    pub value: String,
    /// Why it cannot go in.
    pub message: String,
    /// What to do about it.
    pub hint: String,
    /// Where the row stands in the file, for the reject file: bytes from, to.
    #[serde(skip)]
    pub span: (usize, usize),
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}", self.line)?;
        if !self.column.is_empty() {
            write!(f, ", column {}", self.column)?;
        }
        if !self.value.is_empty() {
            write!(f, ", \"{}\"", self.value)?;
        }
        write!(f, ": {}", self.message)?;
        if !self.hint.is_empty() {
            write!(f, "; {}", self.hint)?;
        }
        Ok(())
    }
}

/// One good row with its place in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row<T> {
    /// Line in the file, the header being 1.
    pub line: u64,
    /// Bytes from, to.
    pub span: (usize, usize),
    /// What it says.
    pub value: T,
}

impl<T> Row<T> {
    /// This row as a refused one, when the book (not the file) speaks against it.
    pub fn refuse(&self, fault: Fault) -> Refused {
        fault.at(self.line, self.span)
    }
}

/// The rows of a file, by kind.
#[derive(Debug)]
pub enum Rows {
    /// taxes.csv
    Taxes(Table<tax::TaxColumns, crate::domain::document::TaxRate>),
    /// accounts.csv
    Accounts(Table<account::AccountColumns, account::AccountRow>),
    /// payment_methods.csv
    PaymentMethods(Table<payment_method::MethodColumns, payment_method::MethodRow>),
    /// subscriptions.csv
    Subscriptions(Table<subscription::SubscriptionColumns, subscription::SubscriptionRow>),
    /// charges.csv
    Charges(Table<charge::ChargeColumns, charge::ChargeRow>),
    /// open_items.csv
    OpenItems(Table<open_item::OpenItemColumns, open_item::OpenItemRow>),
    /// usage.csv
    Usage(Table<usage::UsageColumns, usage::UsageRow>),
}

impl Rows {
    /// What the file holds.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Taxes(_) => Kind::Taxes,
            Self::Accounts(_) => Kind::Accounts,
            Self::PaymentMethods(_) => Kind::PaymentMethods,
            Self::Subscriptions(_) => Kind::Subscriptions,
            Self::Charges(_) => Kind::Charges,
            Self::OpenItems(_) => Kind::OpenItems,
            Self::Usage(_) => Kind::Usage,
        }
    }

    /// The rows that do not say what their columns need.
    pub fn refused(&self) -> &[Refused] {
        match self {
            Self::Taxes(t) => &t.refused,
            Self::Accounts(t) => &t.refused,
            Self::PaymentMethods(t) => &t.refused,
            Self::Subscriptions(t) => &t.refused,
            Self::Charges(t) => &t.refused,
            Self::OpenItems(t) => &t.refused,
            Self::Usage(t) => &t.refused,
        }
    }

    /// How many rows say again what a row before them says.
    pub fn repeated(&self) -> usize {
        match self {
            Self::Taxes(t) => t.repeated,
            Self::Accounts(t) => t.repeated,
            Self::PaymentMethods(t) => t.repeated,
            Self::Subscriptions(t) => t.repeated,
            Self::Charges(t) => t.repeated,
            Self::OpenItems(t) => t.repeated,
            Self::Usage(t) => t.repeated,
        }
    }

    /// How many good rows there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Taxes(t) => t.rows.len(),
            Self::Accounts(t) => t.rows.len(),
            Self::PaymentMethods(t) => t.rows.len(),
            Self::Subscriptions(t) => t.rows.len(),
            Self::Charges(t) => t.rows.len(),
            Self::OpenItems(t) => t.rows.len(),
            Self::Usage(t) => t.rows.len(),
        }
    }

    /// Whether no good row is there.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests;
