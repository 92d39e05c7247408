//! A gateway's file of payouts: a row each payment, refund and fee in one.

use super::raw::BadFile;
use chrono::NaiveDate;
use std::io::Read;

const COLUMNS: [&str; 8] =
    ["payout_id", "payout_date", "currency", "type", "reference", "gross", "fee", "net"];

/// One row, amounts as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub line: u64,
    pub payout: String,
    pub on: NaiveDate,
    pub currency: String,
    pub kind: String,
    pub reference: String,
    pub gross: String,
    pub fee: String,
    /// Of the row, or of the whole payout in each.
    pub net: String,
}

/// Reads a file whole.
pub fn read(input: impl Read) -> Result<Vec<Row>, BadFile> {
    let mut reader = csv::Reader::from_reader(input);
    let bad = |error: &csv::Error| {
        let line = error.position().map_or(1, csv::Position::line);
        BadFile::at(line, "", error.to_string(), "save it as UTF-8, every row as the header")
    };
    let header = reader.headers().map_err(|e| bad(&e))?.clone();
    let place = |name: &str| header.iter().position(|column| column.trim() == name);
    for name in COLUMNS {
        if place(name).is_none() {
            let hint = format!("a file of payouts has {}", COLUMNS.join(", "));
            return Err(BadFile::at(1, name, format!("there is no column {name}"), hint));
        }
    }
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|e| bad(&e))?;
        let line = record.position().map_or(0, csv::Position::line);
        let cell = |name: &str| -> String {
            place(name).and_then(|at| record.get(at)).unwrap_or_default().trim().to_owned()
        };
        let date = cell("payout_date");
        let on = crate::import::field::parse_date(&date).ok_or_else(|| {
            BadFile::at(line, "payout_date", format!("{date:?} is no date"), "write YYYY-MM-DD")
        })?;
        if cell("payout_id").is_empty() {
            let hint = "each row names the payout that it is in";
            return Err(BadFile::at(line, "payout_id", "is empty", hint));
        }
        rows.push(Row {
            line,
            payout: cell("payout_id"),
            on,
            currency: cell("currency"),
            kind: cell("type"),
            reference: cell("reference"),
            gross: cell("gross"),
            fee: cell("fee"),
            net: cell("net"),
        });
    }
    Ok(rows)
}
