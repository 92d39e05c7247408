//! Under which date a document may be posted: after the last of its series where dates must rise, and
//! while its currency is one.

use crate::config::{Config, key};
use crate::domain::book_period::ShutDay;
use crate::domain::document::{DocumentKind, runs_backwards};
use crate::domain::withdrawn;
use crate::store::document::DocumentRow;
use crate::store::posting::Batch;
use crate::store::{Db, StoreError, book_period};
use chrono::NaiveDate;

/// Whether what is dated before the last number of its series is not posted.
pub(super) fn must_rise(config: &Config) -> bool {
    config.get(key::SERIES_DATES) == "refuse"
}

/// Why a document of a kind may not be posted under a date after those of `batch`, if the series' dates
/// must rise.
pub(super) fn backwards(
    db: &Db<'_>,
    kind: DocumentKind,
    day: NaiveDate,
    config: &Config,
    batch: &Batch,
) -> Result<Option<String>, StoreError> {
    if !must_rise(config) {
        return Ok(None);
    }
    let last = batch.last_of_series(db, config.pattern(kind), day)?;
    let last = last.as_ref().map(|(number, on)| (number.as_str(), *on));
    Ok(runs_backwards(day, last).map(|why| format!("{why} (series.dates)")))
}

/// Why a draft may not be posted under a date: its period, its series, or its currency.
pub(super) fn refused(
    db: &Db<'_>,
    row: &DocumentRow,
    day: NaiveDate,
    config: &Config,
    batch: &Batch,
) -> Result<Option<String>, StoreError> {
    if let Some(through) = book_period::shut_through(db)?.filter(|through| day <= *through) {
        return Ok(Some(ShutDay { on: day, through }.to_string()));
    }
    let charges = row.kind == DocumentKind::Invoice && row.total_minor > 0;
    if let Some(gone) = withdrawn::on(row.currency, day).filter(|_| charges) {
        return Ok(Some(format!("{gone}: nothing new is charged in it")));
    }
    backwards(db, row.kind, day, config, batch)
}
