//! What was posted, what came and went, and what is open, in words.

use super::priced::priced;
use super::shown::{amounts, end, more, shown};
use crate::document::Tongue;
use crate::domain::document::DocumentKind;
use crate::domain::leaf::{Part, Row, Side};
use crate::domain::money::Money;
use crate::engine::printed;
use crate::store::read::account_page::{AccountPage, MoneyRow, OpenRow, PageDocument, What};
use chrono::NaiveDate;
use rust_decimal::Decimal;

/// What a document calls itself in a sentence.
fn called(kind: DocumentKind) -> &'static str {
    match kind {
        DocumentKind::Invoice => "invoice",
        DocumentKind::CreditMemo => "credit memo",
        DocumentKind::DebitMemo => "debit memo",
        DocumentKind::WriteOff => "write-off",
    }
}

pub(super) fn documents(page: &AccountPage, parts: &mut Vec<Part>) {
    parts.push(Part::Heading("Documents".to_owned()));
    if page.documents.rows.is_empty() {
        return parts.push(Part::Text("Nothing was posted in the month.".to_owned()));
    }
    let mut rows = Vec::new();
    page.documents.rows.iter().for_each(|document| one(page, document, &mut rows));
    let columns = vec![
        ("Date".to_owned(), Side::Left),
        ("Document and lines".to_owned(), Side::Flows),
        ("Service".to_owned(), Side::Left),
        (amounts(page, "Amount"), Side::Right),
    ];
    parts.push(Part::Table(columns, rows));
    let see = format!("daybook invoice list --account {}", page.number);
    more(page.documents.more, "document", "documents", &see, parts);
}

fn one(page: &AccountPage, document: &PageDocument, rows: &mut Vec<Row>) {
    let row = &document.row;
    let number = row.number.clone().unwrap_or_default();
    let mut words = format!("{} {number}", called(row.kind));
    if row.kind.is_receivable() {
        words.push_str(&format!(", due {}", row.due_on));
    }
    if let Some(corrects) = &document.corrects {
        words.push_str(&format!(", of {corrects}"));
    }
    if !row.reason.is_empty() {
        words.push_str(&format!(": {}", row.reason));
    }
    let amount = |minor| shown(page, row.currency, minor);
    let total = amount(row.total_minor);
    rows.push(Row::strong([row.invoice_on.to_string(), words, String::new(), total]));
    for item in &document.items.rows {
        let line = printed::line(item.clone(), &Tongue::default()).ok();
        let mut words = item.description.clone();
        if let Some(line) = line {
            // One of a price is the amount.
            if let (Some(quantity), Some(price)) = (line.quantity, line.unit_price)
                && quantity != Decimal::ONE
            {
                let unit =
                    if line.uom.is_empty() { String::new() } else { format!(" {}", line.uom) };
                let (quantity, price) = (quantity.normalize(), priced(price, row.currency));
                words.push_str(&format!(", {quantity}{unit} × {price}"));
            }
            if !line.detail.is_empty() {
                words.push_str(&format!(" ({})", line.detail));
            }
        }
        let service = match item.service_from.zip(item.service_to) {
            Some((from, to)) if from == to => from.to_string(),
            Some((from, to)) => format!("{from} to {}", short(from, to)),
            None => String::new(),
        };
        rows.push(Row::plain([String::new(), words, service, amount(item.amount_minor)]));
    }
    if document.items.more > 0 {
        let words =
            format!("… and {} more lines: daybook invoice show {number}", document.items.more);
        rows.push(Row::small([String::new(), words, String::new(), String::new()]));
    }
    for tax in &document.taxes {
        let name = if tax.name.is_empty() { &tax.tax_code } else { &tax.name };
        let (rate, on) = (tax.rate_percent.normalize(), amount(tax.base_minor));
        let words = format!("{name} {rate} % of {on}");
        rows.push(Row::plain([String::new(), words, String::new(), amount(tax.tax_minor)]));
    }
}

/// The second of two days, as short as it can be said.
fn short(from: NaiveDate, to: NaiveDate) -> String {
    use chrono::Datelike;
    let way = if from.year() == to.year() { "%m-%d" } else { "%Y-%m-%d" };
    to.format(way).to_string()
}

pub(super) fn money(page: &AccountPage, parts: &mut Vec<Part>) {
    parts.push(Part::Heading("Payments and credits used".to_owned()));
    if page.money.rows.is_empty() {
        return parts.push(Part::Text("No money moved, and no credit was used.".to_owned()));
    }
    let mut rows = Vec::new();
    for row in &page.money.rows {
        let amount = shown(page, row.amount.currency, sign(row) * row.amount.minor);
        let words = format!("{} {}", row.by, happened(row));
        rows.push(Row::plain([row.on.to_string(), words, amount]));
        let uses = uses(page, row);
        if !uses.is_empty() {
            rows.push(Row::small([String::new(), uses, String::new()]));
        }
    }
    let columns = vec![
        ("Date".to_owned(), Side::Left),
        ("What".to_owned(), Side::Flows),
        (amounts(page, "Amount"), Side::Right),
    ];
    parts.push(Part::Table(columns, rows));
    let see = format!("daybook payment list --account {}", page.number);
    more(page.money.more, "row", "rows", &see, parts);
}

/// What came stands as it is, what went back below zero.
fn sign(row: &MoneyRow) -> i64 {
    match &row.what {
        What::Back { kind } if kind == "chargeback won" => 1,
        What::Back { .. } | What::PaidOut => -1,
        What::Came { .. } | What::Not { .. } | What::UsedLater { .. } | What::Credit { .. } => 1,
    }
}

fn happened(row: &MoneyRow) -> String {
    let by = if row.how.is_empty() { String::new() } else { format!(", {}", row.how) };
    match &row.what {
        What::Came { .. } => format!("paid{by}"),
        What::Not { status, code, next_on } => {
            let code = if code.is_empty() { String::new() } else { format!(" ({code})") };
            let next = next_on.map_or_else(String::new, |day| format!(", next try {day}"));
            let status = match status.as_str() {
                "Submitted" => "is at the bank, unanswered".to_owned(),
                "Processing" => "is on its way".to_owned(),
                "Unknown" => "has no known outcome yet".to_owned(),
                other => other.to_lowercase(),
            };
            format!("{status}{code}{by}{next}: no money moved")
        }
        What::Back { kind } => format!("{kind}{by}"),
        What::PaidOut => format!("paid out{by}"),
        What::UsedLater { came_on } => match came_on {
            Some(day) => format!("used, came on {day}"),
            None => "used".to_owned(),
        },
        What::Credit { of } => format!("({}) used", called(*of)),
    }
}

fn uses(page: &AccountPage, row: &MoneyRow) -> String {
    let amount = |money: Money| shown(page, money.currency, money.minor);
    let mut words: Vec<String> = Vec::new();
    for on in &row.uses {
        let back = match on.reopened.minor {
            0 => String::new(),
            _ => format!(", of it owed again {}", amount(on.reopened)),
        };
        let how_much = if row.uses.len() == 1 && on.amount == row.amount {
            String::new()
        } else {
            format!(" {}", amount(on.amount))
        };
        words.push(format!("{}{how_much}{back}", on.on));
    }
    let mut text =
        if words.is_empty() { String::new() } else { format!("for {}", words.join(", ")) };
    if let What::Came { left } = &row.what
        && left.minor > 0
    {
        let join = if text.is_empty() { "" } else { "; " };
        text.push_str(&format!("{join}{} pays nothing yet", amount(*left)));
    }
    text
}

pub(super) fn open(page: &AccountPage, parts: &mut Vec<Part>) {
    let last = end(page);
    parts.push(Part::Heading(format!("Open on {last}, and why")));
    if page.open.rows.is_empty() {
        return parts.push(Part::Text("Nothing was open.".to_owned()));
    }
    let mut rows = Vec::new();
    for row in &page.open.rows {
        let kind = row.kind.map_or("payment", called);
        let what = format!("{kind} {} of {}", row.by, row.on);
        rows.push(Row::plain([
            what,
            why(page, row, last),
            shown(page, row.open.currency, row.open.minor),
        ]));
    }
    let columns = vec![
        ("What".to_owned(), Side::Left),
        ("Why".to_owned(), Side::Flows),
        (amounts(page, "Open"), Side::Right),
    ];
    parts.push(Part::Table(columns, rows));
    let see = format!("daybook invoice list --account {}", page.number);
    more(page.open.more, "open document", "open documents", &see, parts);
}

/// Why it is open; what became of it after the month, where that is over.
pub(super) fn why(page: &AccountPage, row: &OpenRow, end: NaiveDate) -> String {
    let Some(due) = row.state.due_on else {
        return since(page, row, "to the good, not used yet".to_owned());
    };
    let late = (end - due).num_days();
    let mut words = vec![match late {
        1 => format!("due {due}, a day over"),
        2.. => format!("due {due}, {late} days over"),
        _ => format!("due {due}"),
    }];
    let state = &row.state;
    if row.now.minor == 0 {
        return since(page, row, words.remove(0));
    }
    words.extend(state.agreed.iter().cloned());
    if let Some((status, code)) = &state.last {
        words.extend(match status.as_str() {
            "Declined" if code.is_empty() => Some("payment declined".to_owned()),
            "Declined" => Some(format!("payment declined ({code})")),
            "Submitted" | "Processing" => Some("a payment is on its way".to_owned()),
            "Unknown" => Some("a payment has no known outcome yet".to_owned()),
            _ => None,
        });
    }
    if state.gave_up {
        words.push("retries given up".to_owned());
    } else if let Some(day) = state.next_on {
        words.push(format!("next try {day}"));
    }
    if state.auto_pay_off {
        words.push("auto-pay off".to_owned());
    } else if !page.terms.auto_pay {
        words.push("the customer pays".to_owned());
    }
    since(page, row, words.join("; "))
}

fn since(page: &AccountPage, row: &OpenRow, words: String) -> String {
    if row.now == row.open {
        return words;
    }
    match row.now.minor {
        0 => format!("{words}; settled since"),
        minor => format!("{words}; now {}", shown(page, row.now.currency, minor)),
    }
}
