//! fx.csv

use super::field::{Cells, Fault, MAX_TEXT, Slot};
use super::header::columns;
use super::row::FromRow;
use crate::domain::fx::FxRate;
use rust_decimal::Decimal;
use std::borrow::Cow;

columns! {
    /// Columns of fx.csv.
    FxColumns {
        date = "date" Required,
        from = "from" Required,
        to = "to" Required,
        rate = "rate" Required,
        source = "source" Required,
    }
}

/// Digits behind the point that a rate may have.
const FINEST: u32 = 12;

impl FromRow for FxRate {
    type Columns = FxColumns;
    const KEY_COLUMN: &'static str = "date";

    fn key_slots(c: &FxColumns) -> (Slot, Option<Slot>) {
        (c.date, None)
    }

    fn key(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Owned(format!("{}\u{1f}{}\u{1f}{}", self.on, self.from, self.to)))
    }

    fn read(c: &FxColumns, cells: &Cells<'_>) -> Result<Self, Fault> {
        let (from, to) = (cells.currency(c.from)?, cells.currency(c.to)?);
        if from == to {
            let hint = "name two currencies: one `from` is `rate` of `to`";
            return Err(Fault::new(c.to.name, to.code(), "is the same currency", hint));
        }
        let rate = cells.decimal(c.rate)?;
        let wrong = |why: &str, hint: &str| Fault::new(c.rate.name, &rate.to_string(), why, hint);
        if rate <= Decimal::ZERO {
            return Err(wrong("is no rate", "give one above zero"));
        }
        if rate.normalize().scale() > FINEST || rate > Decimal::from(1_000_000_000) {
            return Err(wrong("is no rate that is quoted", "at most 12 digits behind the point"));
        }
        let source = cells.text(c.source, MAX_TEXT)?;
        if source.is_empty() {
            let hint = "say who published it, such as ECB";
            return Err(Fault::new(c.source.name, "", "is empty and must be there", hint));
        }
        Ok(Self { on: cells.date(c.date)?, from, to, rate, source })
    }
}
