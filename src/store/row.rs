//! Reading a column as a decimal or as a word of a closed list; what is neither is damage.

use super::StoreError;
use super::face::{Cell, Row, unreadable};
use crate::domain::money::{Currency, Money};
use rust_decimal::Decimal;

/// A decimal column.
pub(in crate::store) fn decimal(row: &Row<'_>, column: usize) -> Result<Decimal, StoreError> {
    word(row, column, |text| text.parse().ok())
}

/// A decimal column that may be NULL.
pub(in crate::store) fn decimal_opt(
    row: &Row<'_>,
    column: usize,
) -> Result<Option<Decimal>, StoreError> {
    word_opt(row, column, |text| text.parse().ok())
}

/// A column with a currency and one with an amount of it in minor units.
pub(in crate::store) fn money(
    row: &Row<'_>,
    currency: usize,
    minor: usize,
) -> Result<Money, StoreError> {
    Ok(word(row, currency, Currency::parse)?.amount(row.get(minor)?))
}

/// A column of words, with the enum's `parse`.
pub(in crate::store) fn word<T>(
    row: &Row<'_>,
    column: usize,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<T, StoreError> {
    let text = row.text(column)?;
    parse(text).ok_or_else(|| damaged(column, text))
}

/// A column of words that may be NULL.
pub(in crate::store) fn word_opt<T>(
    row: &Row<'_>,
    column: usize,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, StoreError> {
    match row.cell(column)? {
        Cell::Null => Ok(None),
        _ => word(row, column, parse).map(Some),
    }
}

/// The words of a list, each with the enum's `parse`; one that is not known is never left out.
pub(in crate::store) fn words<T>(
    column: usize,
    list: &str,
    between: char,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Vec<T>, StoreError> {
    let each = list.split(between).filter(|one| !one.is_empty());
    each.map(|one| parse(one).ok_or_else(|| damaged(column, one))).collect()
}

/// A value that the schema's checks should have kept out.
pub(in crate::store) fn damaged(column: usize, text: &str) -> StoreError {
    unreadable(column, format!("unexpected value {text:?}"))
}
