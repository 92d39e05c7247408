//! The French fichier des écritures comptables: eighteen columns, a line an entry, amounts in euro (or the own
//! currency), numbers of one unbroken sequence (livre des procédures fiscales, article A47 A-1).

use super::super::money::Currency;
use super::super::text::clean;
use super::Event;
use super::chart::Chart;
use chrono::NaiveDate;
use std::fmt::Write;

const COLUMNS: [&str; 18] = [
    "JournalCode",
    "JournalLib",
    "EcritureNum",
    "EcritureDate",
    "CompteNum",
    "CompteLib",
    "CompAuxNum",
    "CompAuxLib",
    "PieceRef",
    "PieceDate",
    "EcritureLib",
    "Debit",
    "Credit",
    "EcritureLet",
    "DateLet",
    "ValidDate",
    "Montantdevise",
    "Idevise",
];

/// The line that names the columns.
pub fn head() -> String {
    format!("{}\r\n", COLUMNS.join("\t"))
}

/// Code and name of the journal that an event belongs to.
fn journal(event: &Event) -> (&'static str, &'static str) {
    let has = |head: &str| {
        event.entries.iter().any(|e| e.ledger.split(':').next().unwrap_or_default() == head)
    };
    if has("opening") {
        ("AN", "À nouveaux")
    } else if has("cash") || has("transit") || has("unidentified") {
        ("BQ", "Banque")
    } else if has("revenue") || has("deferred") {
        ("VE", "Ventes")
    } else {
        ("OD", "Opérations diverses")
    }
}

fn day(day: NaiveDate) -> String {
    day.format("%Y%m%d").to_string()
}

/// One cell: nothing in it ends a cell or a line.
fn cell(text: &str) -> String {
    clean(text).replace(['\t', '|', '\n', '\r', '"'], " ").trim().to_owned()
}

fn amount(own: Currency, minor: i64) -> String {
    let mut value = own.to_decimal(minor);
    value.rescale(value.scale().max(2));
    value.to_string().replace('.', ",")
}

/// The lines of an event under its number; the error is an account of the ledger that the chart does not have, or
/// an amount past any. `valid_on` is the day from which nothing changes any more.
pub fn lines(
    event: &Event,
    (number, own): (usize, Currency),
    chart: &Chart,
    valid_on: Option<NaiveDate>,
) -> Result<String, String> {
    let mut out = String::new();
    let (code, name) = journal(event);
    let names = event.names();
    let home = event.at_home().map_err(|why| format!("{}: {why}", names.join(" ")))?;
    for (entry, minor) in event.entries.iter().zip(home) {
        let found = chart.find(&entry.ledger).ok_or_else(|| entry.ledger.clone())?;
        let is_theirs = matches!(entry.ledger.as_str(), "receivable" | "credit");
        let (aux, aux_name) =
            if is_theirs { (cell(&entry.account), cell(&entry.name)) } else { <_>::default() };
        let about = format!("{} {}", names.join(" "), entry.name);
        let (devise, code_of) = match &event.rate {
            Some(_) => (amount(entry.currency, entry.minor), entry.currency.code().to_owned()),
            None => <_>::default(),
        };
        let piece = names.first().map_or_else(|| format!("T{}", entry.txn), |name| cell(name));
        let cells = [
            code.to_owned(),
            name.to_owned(),
            number.to_string(),
            day(entry.on),
            found.number.to_owned(),
            cell(found.name),
            aux,
            aux_name,
            piece,
            day(entry.document_on.unwrap_or(entry.on)),
            cell(&about),
            amount(own, minor.max(0)),
            amount(own, (-minor).max(0)),
            String::new(),
            String::new(),
            day(valid_on.unwrap_or(entry.on)),
            devise,
            code_of,
        ];
        let _ = write!(out, "{}\r\n", cells.join("\t"));
    }
    Ok(out)
}
