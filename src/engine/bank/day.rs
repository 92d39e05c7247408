//! The day on which what a bank or a gateway says counts here.

use crate::engine::Error;
use crate::store::{Tx, book_period};
use chrono::NaiveDate;

/// The one place that decides it. What the bank says is kept beside it as `value_on`.
pub(super) fn booked(tx: &Tx<'_>, value_on: NaiveDate) -> Result<NaiveDate, Error> {
    Ok(book_period::bookable(tx, value_on)?)
}
