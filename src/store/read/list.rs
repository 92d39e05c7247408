//! What is asked of a list and what it gives: a part of it, totals, marks, groups.

use super::filter::{Filter, FilterError};
use crate::domain::money::{Money, Purse};
use crate::domain::text_enum;
use crate::store::tally::Tally;
use crate::store::{OfBook, StoreError};

text_enum! {
    /// By what a list is ordered; the arrow says which way.
    Sort {
        /// Worst first.
        Risk = "risk",
        /// Newest first.
        Newest = "newest",
        /// Oldest first.
        Oldest = "oldest",
        /// By account number.
        Account = "account",
        /// By customer name.
        Customer = "customer",
        /// Largest first.
        Largest = "largest",
        /// Smallest first.
        Smallest = "smallest",
        /// Most urgent first.
        Due = "due",
        /// In the order a sample was drawn.
        Drawn = "drawn",
        /// By the printed date, newest first.
        Invoiced = "invoiced",
        /// What is still owed, most first.
        Open = "open",
        /// By status and what a clerk said.
        State = "state",
        /// By the customer's order number.
        Po = "po",
        /// By batch.
        Batch = "batch",
    }
}

/// By what a list is ordered, and whether the other way round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Sorted {
    pub by: Sort,
    pub reversed: bool,
}

impl From<Sort> for Sorted {
    fn from(by: Sort) -> Self {
        Self { by, reversed: false }
    }
}

impl Sorted {
    /// This order, or if it is this one already the other way round.
    #[must_use]
    pub fn turned(self, by: Sort) -> Self {
        Self { by, reversed: self.by == by && !self.reversed }
    }

    /// As it is told and kept; [`Self::parse`] reads it.
    pub fn words(self) -> String {
        format!("{}{}", self.by, if self.reversed { REVERSED } else { "" })
    }

    /// What [`Self::words`] tells.
    pub fn parse(text: &str) -> Option<Self> {
        let by = text.strip_suffix(REVERSED);
        Some(Self { by: Sort::parse(by.unwrap_or(text))?, reversed: by.is_some() })
    }
}

/// That an order is the other way round.
const REVERSED: &str = " reversed";

/// The value a list is ordered by, of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyValue {
    /// Numbers, dates as numbers.
    Int(i64),
    Text(String),
}

/// Where a row stands in its list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// What it is ordered by.
    pub value: KeyValue,
    /// Among equals, by this.
    pub id: i64,
}

/// Which part of a list is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seek {
    /// From the top.
    First,
    /// The end.
    Last,
    /// What follows a row.
    After(Key),
    /// What precedes a row.
    Before(Key),
    /// A row and what follows it.
    From(Key),
}

/// What is wanted of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListArgs {
    /// Only these rows.
    pub filter: Filter,
    /// In this order.
    pub sort: Sorted,
    /// From here.
    pub seek: Seek,
    /// At most so many.
    pub limit: usize,
}

/// A part of a list, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<R> {
    pub rows: Vec<R>,
    /// Whether the list goes on beyond the side that was asked for.
    pub more: bool,
}

/// How many rows match, and their money by currency.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Totals {
    /// Rows.
    pub count: i64,
    /// Money by currency; empty where rows have none.
    pub money: Purse,
}

impl From<Tally> for Totals {
    fn from(Tally { count, money, .. }: Tally) -> Self {
        Self { count, money }
    }
}

/// A row as a mark needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marked {
    /// The row.
    pub id: i64,
    pub version: i64,
    pub money: Option<Money>,
}

/// Rows that have something in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// What they have in common.
    pub name: String,
    /// The term that shows only them.
    pub term: String,
    /// How many.
    pub count: i64,
    /// Their money by currency.
    pub money: Purse,
}

/// What can be typed next into a filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fit {
    /// A field with its sign (`status:`), or a whole term (`status:Posted`).
    pub term: String,
    /// How many rows the term leaves, where that is counted.
    pub count: Option<i64>,
}

/// A row of a list.
pub trait ListRow: Clone + Send + 'static {
    /// Identity; the cursor follows it.
    fn id(&self) -> i64;
    /// Version as shown.
    fn version(&self) -> i64;
    /// Where it stands.
    fn key(&self) -> &Key;
    fn money(&self) -> Option<Money>;
    /// Whether `]` stops here.
    fn is_exception(&self) -> bool;
}

/// Why a list could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The filter makes no sense here.
    #[error(transparent)]
    Filter(#[from] FilterError),
    /// The book.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl OfBook for ReadError {
    fn of_book(self, path: &std::path::Path) -> Self {
        match self {
            Self::Store(error) => Self::Store(error.of_book(path)),
            other @ Self::Filter(_) => other,
        }
    }
}
