//! The rows of a file of any kind.

use super::field::Refused;
use super::kind::Kind;
use super::once::one_row_per_key;
use super::row::Table;
use super::{account, charge, fx, open_item, payment_method, subscription, tax, usage};
use std::collections::HashSet;

/// The rows of a file, by kind.
#[derive(Debug)]
pub enum Rows {
    /// taxes.csv
    Taxes(Table<tax::TaxColumns, crate::domain::document::TaxRate>),
    /// fx.csv
    FxRates(Table<fx::FxColumns, crate::domain::fx::FxRate>),
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

/// The same of the table of any kind.
macro_rules! of_table {
    ($rows:expr, $table:ident => $what:expr) => {
        match $rows {
            Rows::Taxes($table) => $what,
            Rows::FxRates($table) => $what,
            Rows::Accounts($table) => $what,
            Rows::PaymentMethods($table) => $what,
            Rows::Subscriptions($table) => $what,
            Rows::Charges($table) => $what,
            Rows::OpenItems($table) => $what,
            Rows::Usage($table) => $what,
        }
    };
}

impl Rows {
    /// What the file holds.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Taxes(_) => Kind::Taxes,
            Self::FxRates(_) => Kind::FxRates,
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
        of_table!(self, t => &t.refused)
    }

    /// How many rows say again what a row before them says.
    pub fn repeated(&self) -> usize {
        of_table!(self, t => t.repeated)
    }

    /// How many good rows there are.
    pub fn len(&self) -> usize {
        of_table!(self, t => t.rows.len())
    }

    /// Whether no good row is there.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Leaves one row for each key, where these are all rows of a file.
    pub fn once_each(&mut self) {
        of_table!(self, t => t.repeated += one_row_per_key(&mut t.rows, &mut t.refused));
    }

    /// Takes away the rows that begin at these bytes.
    pub(super) fn leave_out(&mut self, out: &HashSet<usize>) {
        of_table!(self, t => t.rows.retain(|row| !out.contains(&row.span.0)));
    }

    /// Leaves the rows that `stays` names by their place, from 0.
    pub fn keep(&mut self, stays: impl Fn(usize) -> bool) {
        let mut at = 0;
        let mut next = || {
            at += 1;
            stays(at - 1)
        };
        of_table!(self, t => t.rows.retain(|_| next()));
    }
}
