//! Which series numbers a document, and what is no document of a supply.

use crate::config::{Config, key};
use crate::store::document::{self, DocumentRow, Source};
use crate::store::{Db, StoreError};

/// The pattern of its number.
pub(super) fn pattern<'c>(config: &'c Config, row: &DocumentRow) -> &'c str {
    match row.source {
        Source::Void => config.get(key::SERIES_VOID),
        Source::Dunning => config.get(key::SERIES_DUNNING),
        Source::Run
        | Source::Hand
        | Source::Adjust
        | Source::Reverse
        | Source::WriteOff
        | Source::OpenItem => config.pattern(row.kind),
    }
}

/// Whether its number is of a series of its own, whose dates no other follows.
pub(super) fn is_apart(row: &DocumentRow) -> bool {
    matches!(row.source, Source::Void | Source::Dunning)
}

/// Whether it is under no law of invoices: what nobody gets, damages, and what gives those up.
pub(super) fn is_no_invoice(db: &Db<'_>, row: &DocumentRow) -> Result<bool, StoreError> {
    if is_apart(row) {
        return Ok(true);
    }
    match row.corrects {
        Some(of) => Ok(document::get(db, of)?.source == Source::Dunning),
        None => Ok(false),
    }
}
