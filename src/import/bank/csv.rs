//! payments.csv: a row each part of an entry. Rows that stand together and share `batch` are one entry, which
//! is what they come to less `charges`. A statement goes as far as one bank account.

use super::raw::{Amount, BadFile, RawDetail, RawEntry, Seen, Stopped, Take};
use crate::domain::bank::Source;
use crate::domain::bank::statement::{Head, Refusal};
use std::io::BufRead;

const COLUMNS: [&str; 13] = [
    "bank_account",
    "entry_ref",
    "booked_on",
    "amount",
    "currency",
    "text",
    "reference",
    "payer",
    "iban",
    "end_to_end",
    "code",
    "charges",
    "batch",
];

fn head(account: &str, currency: &str) -> Seen {
    Seen::Head(Box::new(Head {
        source: Source::Csv,
        name: String::new(),
        sequence: None,
        account: account.to_owned(),
        currency: Some(currency.to_owned()).filter(|c| !c.is_empty()),
        from: None,
        to: None,
        opening: None,
        closing: None,
    }))
}

/// Where each column stands.
fn places(header: &csv::StringRecord) -> Result<[Option<usize>; COLUMNS.len()], BadFile> {
    let mut places = [None; COLUMNS.len()];
    for (at, name) in header.iter().enumerate() {
        let name = name.trim();
        let Some(column) = COLUMNS.iter().position(|known| *known == name) else {
            let hint = format!("payments.csv has {}", COLUMNS.join(", "));
            return Err(BadFile::at(1, name, format!("there is no column {name:?}"), hint));
        };
        if places[column].replace(at).is_some() {
            return Err(BadFile::at(1, name, "this column stands twice", "remove one"));
        }
    }
    for needed in ["booked_on", "amount"] {
        if COLUMNS.iter().position(|c| *c == needed).is_none_or(|at| places[at].is_none()) {
            let hint = "a row says at least booked_on and amount";
            return Err(BadFile::at(1, needed, format!("there is no column {needed}"), hint));
        }
    }
    Ok(places)
}

/// Puts the entry together that its rows make, and hands it over.
fn done<E>(open: &mut Option<(String, RawEntry)>, take: Take<'_, E>) -> Result<(), Stopped<E>> {
    let Some((_, entry)) = open.take() else { return Ok(()) };
    take(Seen::Entry(Box::new(entry))).map_err(Stopped::Taker)
}

/// What several amounts less their charges come to, as text; none where one cannot be read.
fn net(details: &[RawDetail]) -> Option<String> {
    let mut sum = rust_decimal::Decimal::ZERO;
    for detail in details {
        let amount = detail.amount.as_ref()?;
        let value = crate::domain::money::parse_decimal(&amount.value)?;
        sum = sum.checked_add(value)?;
        for charge in &detail.charges {
            sum = sum.checked_sub(crate::domain::money::parse_decimal(&charge.value)?)?;
        }
    }
    Some(sum.to_string())
}

pub(super) fn walk<E>(input: impl BufRead, take: Take<'_, E>) -> Result<(), Stopped<E>> {
    let mut reader = csv::ReaderBuilder::new().flexible(false).from_reader(input);
    let bad = |error: &csv::Error| {
        let line = error.position().map_or(1, csv::Position::line);
        let utf8 = matches!(error.kind(), csv::ErrorKind::Utf8 { .. });
        let (what, hint) = if utf8 {
            ("it is not UTF-8".to_owned(), "save it as UTF-8")
        } else {
            (error.to_string(), "every row has as many fields as the header")
        };
        BadFile::at(line, "", what, hint)
    };
    let header = reader.headers().map_err(|e| bad(&e))?.clone();
    let places = places(&header)?;
    let mut row = csv::StringRecord::new();
    let mut of: Option<(String, String)> = None;
    let mut open: Option<(String, RawEntry)> = None;
    while reader.read_record(&mut row).map_err(|e| bad(&e))? {
        let line = row.position().map_or(0, csv::Position::line);
        let cell = |name: &str| -> String {
            let at = COLUMNS.iter().position(|c| *c == name).and_then(|at| places[at]);
            at.and_then(|at| row.get(at)).unwrap_or_default().trim().to_owned()
        };
        let now = (cell("bank_account"), cell("currency"));
        if of.as_ref() != Some(&now) {
            done(&mut open, take)?;
            if of.is_some() {
                take(Seen::End { closing: None, to: None }).map_err(Stopped::Taker)?;
            }
            take(head(&now.0, &now.1)).map_err(Stopped::Taker)?;
            of = Some(now.clone());
        }
        let amount = |value: String| Amount { value, currency: now.1.clone(), negative: false };
        let charges = cell("charges");
        if charges.starts_with('-') {
            let words = format!("line {line}: charges of {charges}: they are told without a sign");
            take(Seen::Bad(Refusal::new("bad_amount", words))).map_err(Stopped::Taker)?;
        }
        let detail = RawDetail {
            amount: Some(amount(cell("amount"))),
            charges: if charges.is_empty() { Vec::new() } else { vec![amount(charges)] },
            text: cell("text"),
            reference: cell("reference"),
            payer: cell("payer"),
            iban: cell("iban"),
            end_to_end: cell("end_to_end"),
            code: cell("code"),
        };
        let batch = cell("batch");
        let joins = open
            .as_ref()
            .is_some_and(|(b, e)| !batch.is_empty() && *b == batch && e.on == cell("booked_on"));
        if !joins {
            done(&mut open, take)?;
            let reference = cell("entry_ref");
            let on = cell("booked_on");
            open = Some((batch, RawEntry { reference, on, at: line, ..RawEntry::default() }));
        }
        if let Some((_, entry)) = &mut open {
            entry.details.push(detail);
            let sum = net(&entry.details).unwrap_or_else(|| cell("amount"));
            entry.amount = amount(sum);
        }
    }
    done(&mut open, take)?;
    if of.is_none() {
        take(head("", "")).map_err(Stopped::Taker)?;
    }
    take(Seen::End { closing: None, to: None }).map_err(Stopped::Taker)
}
