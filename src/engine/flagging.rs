//! Flags for a new draft: gathers what the rules of `domain::flags` compare with.

use crate::config::Config;
use crate::domain::account::AccountTerms;
use crate::domain::billing::{AccountBill, AccountInput, DraftDocument};
use crate::domain::document::Flag;
use crate::store::{Db, StoreError};

/// The settings `flags.*`.
#[derive(Debug, Clone)]
pub struct Thresholds;

impl Thresholds {
    /// Reads them.
    pub fn read(_config: &Config) -> Self {
        Self
    }
}

/// The flags of a draft and its place in the review order, worst highest.
pub fn flags(
    _db: &Db<'_>,
    _thresholds: &Thresholds,
    _input: &AccountInput,
    _terms: &AccountTerms,
    _draft: &DraftDocument,
    _bill: &AccountBill,
) -> Result<(Vec<Flag>, i64), StoreError> {
    Ok((Vec::new(), 0))
}
