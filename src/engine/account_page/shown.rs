//! Amounts, and what is longer than the page, as every part of it says them.

use crate::domain::leaf::Part;
use crate::domain::money::Currency;
use crate::domain::text::counted;
use crate::store::read::account_page::AccountPage;
use chrono::NaiveDate;

/// The last day of the month that has come.
pub(super) fn end(page: &AccountPage) -> NaiveDate {
    let span = page.month.span();
    span.to.min(page.today.max(span.from))
}

/// Amounts of a column that names its currency, or with it where there are several.
pub(super) fn shown(page: &AccountPage, currency: Currency, minor: i64) -> String {
    let amount = currency.grouped(minor);
    match page.movements.as_slice() {
        [only] if only.currency == currency => amount,
        _ => format!("{amount} {currency}"),
    }
}

/// The title of a column of amounts.
pub(super) fn amounts(page: &AccountPage, title: &str) -> String {
    match page.movements.as_slice() {
        [only] => format!("{title} {}", only.currency),
        _ => title.to_owned(),
    }
}

/// `and 12 more`, where a list is longer than the page.
pub(super) fn more(n: usize, one: &str, many: &str, see: &str, parts: &mut Vec<Part>) {
    if n > 0 {
        parts.push(Part::Text(format!("… and {} more: {see}", counted(n, one, many))));
    }
}
