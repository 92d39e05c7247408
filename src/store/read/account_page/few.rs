//! What the parts of the page share: what each is read for, and rows that are no more than a page holds.

use crate::domain::ids::AccountId;
use crate::domain::period::Span;
use crate::zone::Zone;

/// Rows of each kind that the page holds at most.
pub(super) const MOST: usize = 100;

/// Rows, and how many more there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Few<T> {
    pub rows: Vec<T>,
    pub more: usize,
}

impl<T> Default for Few<T> {
    fn default() -> Self {
        Self { rows: Vec::new(), more: 0 }
    }
}

impl<T> Few<T> {
    /// Keeps a row while there is room.
    pub(super) fn push(&mut self, row: T) {
        if self.rows.len() < MOST {
            self.rows.push(row);
        } else {
            self.more += 1;
        }
    }
}

/// What every part of the page is read for.
#[derive(Clone, Copy)]
pub(super) struct Of {
    pub account: AccountId,
    pub span: Span,
    /// Milliseconds of its first moment, and of the first after it, in the book's zone.
    pub moments: (i64, i64),
    pub zone: Zone,
}
