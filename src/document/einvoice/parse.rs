//! What the readers of both syntaxes have in common: figures, days and codes, and what must agree.

use super::codes::profile;
use super::model::{Bill, Party};
use super::xml::{Node, ReadError};
use crate::domain::e_invoice::{Category, Form};
use crate::domain::money::Currency;
use chrono::NaiveDate;
use rust_decimal::Decimal;

pub(super) fn bad(of: &str, value: &str) -> ReadError {
    ReadError::Value(of.to_owned(), value.to_owned())
}

pub(super) fn form_of(guideline: &str, process: &str, cii: bool) -> Result<Form, ReadError> {
    let all = if cii { &[Form::Cii][..] } else { &[Form::Xrechnung, Form::Peppol, Form::Ubl] };
    let found = all.iter().find(|form| {
        let (of, by) = profile(**form);
        of == guideline && by.unwrap_or_default() == process
    });
    found.copied().ok_or_else(|| bad("the profile", guideline))
}

pub(super) fn currency(code: &str) -> Result<Currency, ReadError> {
    Currency::parse(code).ok_or_else(|| bad("the currency", code))
}

pub(super) fn day(text: &str) -> Result<NaiveDate, ReadError> {
    text.parse().map_err(|_| bad("a date", text))
}

pub(super) fn decimal(text: &str) -> Result<Decimal, ReadError> {
    crate::domain::money::parse_decimal(text).ok_or_else(|| bad("a figure", text))
}

pub(super) fn category(text: &str) -> Result<Category, ReadError> {
    Category::parse(text).ok_or_else(|| bad("a tax category", text))
}

pub(super) fn minor(of: Currency, text: &str) -> Result<i64, ReadError> {
    let value = decimal(text)?;
    if value.scale() > 2 {
        return Err(bad("an amount", text));
    }
    of.exact_minor(value.normalize()).map_err(|_| bad("an amount", text))
}

/// An amount that must say its currency, and no other.
pub(super) fn amount(of: Currency, mut node: Node) -> Result<i64, ReadError> {
    if node.attr("currencyID") != of.code() {
        return Err(bad("the currency of an amount", &node.attr("currencyID")));
    }
    node.attrs.clear();
    minor(of, &node.leaf()?)
}

pub(super) fn empty(form: Form, currency: Currency) -> Bill {
    Bill {
        form,
        number: String::new(),
        issued_on: NaiveDate::MIN,
        credit: false,
        currency,
        home: None,
        due_on: None,
        buyer_reference: String::new(),
        order: String::new(),
        terms: String::new(),
        note: String::new(),
        corrects: None,
        seller: Party::default(),
        buyer: Party::default(),
        delivered_on: NaiveDate::MIN,
        deliver_to: None,
        period: None,
        means: None,
        remittance: String::new(),
        taxes: Vec::new(),
        lines: Vec::new(),
        net_minor: 0,
        tax_minor: 0,
        total_minor: 0,
        paid_minor: 0,
    }
}

/// What is said twice is said alike.
pub(super) fn ends(bill: &Bill, net: Option<i64>, due: Option<i64>) -> Result<(), ReadError> {
    if net != Some(bill.net_minor) {
        return Err(bad("the sum without tax", &format!("{net:?}")));
    }
    if due != Some(bill.due_minor()) {
        return Err(bad("what is to be paid", &format!("{due:?}")));
    }
    Ok(())
}

pub(super) fn reasoned(of: Category, code: &str) -> Result<(), ReadError> {
    if of.reason_code().unwrap_or_default() == code { Ok(()) } else { Err(bad("a reason", code)) }
}
