//! What stands between a month and its close, as a screen shows it.

use super::checklist::{Ties, with_ties};
use super::{Period, show};
use crate::domain::closing::Row;
use crate::domain::month::Month;
use crate::engine::{Error, Session};

/// A month, its list and its ties.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closing {
    pub period: Period,
    /// Every row, done or not: what blocks first.
    pub rows: Vec<Row>,
    pub ties: Ties,
}

/// Reads it.
pub fn closing(session: &Session, month: Month) -> Result<Closing, Error> {
    let period = show(session, month)?;
    let (rows, ties) = with_ties(session, month)?;
    Ok(Closing { period, rows, ties })
}
