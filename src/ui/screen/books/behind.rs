//! What stands behind a row of a report: the rows that a sum is made of, or a document or account.

use crate::domain::report::{Cell, Detail, ReportName};
use crate::engine::query::Wanted;

/// Where Enter goes.
pub enum Behind {
    /// Another report, or part of it.
    Report(Box<Wanted>),
    /// A document, by its number.
    Document(String),
    /// An account, by its number.
    Account(String),
}

/// The value that a row has in a column; none where the report has no such.
pub fn value(of: &Wanted, row: &[Cell], name: &str) -> Option<String> {
    let columns = of.asked.name.columns(of.asked.detail);
    columns.iter().position(|column| *column == name).and_then(|at| row.get(at)).map(Cell::plain)
}

/// What names a sum among the rows it is made of: what both have in common and is no figure of it.
const SAME: [&str; 8] =
    ["currency", "account_number", "series", "tax_code", "rate", "kind", "country", "user"];

/// What stands behind a row; none where it is made of nothing else.
pub fn of(shown: &Wanted, row: &[Cell]) -> Option<Behind> {
    let name = shown.asked.name;
    let rows_too = name.columns(Detail::Sums) != name.columns(Detail::Rows);
    if shown.asked.detail == Detail::Sums && rows_too {
        let mut of = shown.clone();
        of.asked.detail = Detail::Rows;
        let both = |column: &&str| name.columns(Detail::Rows).contains(column);
        let only = SAME.iter().filter(|c| both(c));
        of.only = only.filter_map(|column| Some((*column, value(shown, row, column)?))).collect();
        return Some(Behind::Report(Box::new(of)));
    }
    let journal = |ledger: Option<String>| {
        let mut of = shown.clone();
        of.asked.name = ReportName::Journal;
        of.asked.ledger = ledger;
        of.only =
            value(shown, row, "currency").map(|code| ("currency", code)).into_iter().collect();
        Some(Behind::Report(Box::new(of)))
    };
    match name {
        ReportName::TrialBalance | ReportName::Revenue => {
            journal(value(shown, row, "ledger_account"))
        }
        ReportName::Rollforward => journal(match value(shown, row, "view")?.as_str() {
            "receivable" => Some("receivable".to_owned()),
            "credit" => Some("credit".to_owned()),
            _ => None,
        }),
        ReportName::Unidentified => journal(Some("unidentified".to_owned())),
        ReportName::Bank => journal(value(shown, row, "bank_account").map(|b| format!("cash:{b}"))),
        ReportName::Gateway => journal(match value(shown, row, "what")?.as_str() {
            "payout" | "transfer" => Some("transit".to_owned()),
            _ => value(shown, row, "gateway").map(|g| format!("cash:{g}")),
        }),
        ReportName::Aging
        | ReportName::Register
        | ReportName::Tax
        | ReportName::Unapplied
        | ReportName::Adjustments
        | ReportName::Deferred
        | ReportName::Unbilled
        | ReportName::Statement
        | ReportName::Missing
        | ReportName::Worklist
        | ReportName::Journal => document(shown, row),
        // Of many documents, which no report names.
        ReportName::Debits => None,
    }
}

/// The document that a row is about, else its account.
fn document(shown: &Wanted, row: &[Cell]) -> Option<Behind> {
    let number = value(shown, row, "document").or_else(|| value(shown, row, "number"));
    // A payment has no page of its own; its account has.
    let number = number.filter(|n| !n.is_empty() && !n.starts_with("P-"));
    let account = || value(shown, row, "account_number").or_else(|| shown.asked.account.clone());
    number
        .map(Behind::Document)
        .or_else(|| account().filter(|n| !n.is_empty()).map(Behind::Account))
}
