//! The rows of a file of any kind.

use super::field::Refused;
use super::kind::Kind;
use super::row::Table;
use super::{account, charge, open_item, payment_method, subscription, tax, usage};

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
