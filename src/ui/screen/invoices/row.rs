//! A document as a row of the list.

use crate::domain::document::{DocumentKind, DocumentStatus, FlagCode, Review};
use crate::domain::money::Money;
use crate::engine::query::{Answer, ListName};
use crate::store::read::invoices::InvoiceRow;
use crate::store::read::{Page, Sort};
use crate::ui::msg::{Cx, Seat};
use crate::ui::screen::document::tags;
use crate::ui::theme;
use crate::ui::widget::list::{Column, Shown};
use ratatui::style::Style;

impl Shown for InvoiceRow {
    const LIST: ListName = ListName::Invoices;

    fn page(answer: Answer) -> Option<Page<Self>> {
        match answer {
            Answer::Invoices(page) => Some(page),
            _ => None,
        }
    }

    fn columns() -> &'static [Column] {
        const COLUMNS: &[Column] = &[
            Column { title: "ACCOUNT", width: 9, right: false, flex: false, rank: 0 },
            Column { title: "CUSTOMER", width: 16, right: false, flex: true, rank: 0 },
            Column { title: "NUMBER", width: 15, right: false, flex: false, rank: 4 },
            Column { title: "INVOICED", width: 8, right: false, flex: false, rank: 5 },
            Column { title: "TOTAL EUR", width: 12, right: true, flex: false, rank: 0 },
            Column { title: "ST", width: 2, right: false, flex: false, rank: 0 },
            Column { title: "FLAGS", width: 14, right: false, flex: true, rank: 3 },
            Column { title: "DUE", width: 10, right: false, flex: false, rank: Column::MORE },
            Column { title: "OPEN EUR", width: 12, right: true, flex: false, rank: Column::MORE },
            Column { title: "PO", width: 12, right: false, flex: false, rank: Column::MORE },
            Column { title: "RUN", width: 9, right: false, flex: false, rank: Column::MORE },
            Column { title: "BATCH", width: 7, right: false, flex: false, rank: Column::MORE },
            Column { title: "E-MAIL", width: 16, right: false, flex: true, rank: Column::MORE },
        ];
        COLUMNS
    }

    fn cells(&self, code: bool, cx: &Cx) -> Vec<(String, Style)> {
        let amount = |money: Money| if code { money.to_string() } else { money.grouped() };
        let number = self.number.clone().unwrap_or_else(|| self.id.to_string());
        let (words, style) = match cx.editor_of(self.id.0) {
            Some(person) => {
                let words = match person.seat {
                    Seat::Theirs => format!("{} edits", person.name),
                    Seat::Mine => "you edit".to_owned(),
                    Seat::Ended => "your edit".to_owned(),
                };
                (words, theme::WARN)
            }
            None if cx.reader_of(self.id.0).is_some() => {
                let name = cx.reader_of(self.id.0).map_or("", |person| person.name.as_str());
                let flags = flag_words(self);
                let about = if flags.is_empty() { flags } else { format!(": {flags}") };
                (format!("{name} reads{about}"), theme::WARN)
            }
            None => (flag_words(self), if self.is_flagged() { theme::WARN } else { theme::PLAIN }),
        };
        let claim = self.claim.as_ref().filter(|claim| claim.binds(cx.now.today));
        let theirs = claim.is_some_and(|claim| claim.name != cx.user);
        // A draft that another has is dim, and says so by a name and a small letter as well.
        let (words, style) = match claim {
            Some(claim) if theirs && words.is_empty() => (claim.name.clone(), theme::DIM),
            Some(claim) if theirs => (format!("{}: {words}", claim.name), theme::DIM),
            Some(_) if words.is_empty() => ("mine".to_owned(), style),
            Some(_) => (format!("mine: {words}"), style),
            None => (words, style),
        };
        let plain = if theirs { theme::DIM } else { theme::PLAIN };
        let letters = if theirs { state(self).to_lowercase() } else { state(self).to_owned() };
        vec![
            (self.account.clone(), plain),
            (self.customer.clone(), plain),
            (number, theme::DIM),
            (self.invoice_on.format("%m-%d").to_string(), plain),
            (amount(self.total), plain),
            (letters, plain),
            (words, style),
            (self.due_on.to_string(), theme::PLAIN),
            (amount(self.balance), theme::PLAIN),
            (self.po_number.clone(), theme::PLAIN),
            (self.run.map_or_else(String::new, |run| run.to_string()), theme::DIM),
            (self.batch.clone(), theme::DIM),
            (self.emails.clone(), theme::DIM),
        ]
    }

    fn order_of(title: &str) -> Option<Sort> {
        Some(match title {
            "ACCOUNT" => Sort::Account,
            "CUSTOMER" => Sort::Customer,
            "NUMBER" | "RUN" => Sort::Newest,
            "INVOICED" => Sort::Invoiced,
            "TOTAL EUR" => Sort::Largest,
            "ST" => Sort::State,
            "FLAGS" => Sort::Risk,
            "DUE" => Sort::Due,
            "OPEN EUR" => Sort::Open,
            "PO" => Sort::Po,
            "BATCH" => Sort::Batch,
            _ => return None,
        })
    }

    fn label(&self) -> String {
        self.number.clone().unwrap_or_else(|| self.id.to_string())
    }

    fn said(&self, column: &str, cell: String) -> String {
        match column {
            "ST" => state_words(self).to_owned(),
            _ => cell,
        }
    }
}

/// The state in a letter or two: D draft, DA accepted, H held, P posted, X canceled, R reversed.
fn state(row: &InvoiceRow) -> &'static str {
    match (row.status, row.review) {
        (DocumentStatus::Draft, Review::None) => "D",
        (DocumentStatus::Draft, Review::Accepted) => "DA",
        (DocumentStatus::Draft, Review::Held) => "H",
        (DocumentStatus::Posted, _) if !row.undone.is_empty() => "R",
        (DocumentStatus::Posted, _) => "P",
        (DocumentStatus::Canceled, _) => "X",
    }
}

/// The same in words.
fn state_words(row: &InvoiceRow) -> &'static str {
    match state(row) {
        "D" => "draft",
        "DA" => "accepted draft",
        "H" => "held draft",
        "R" => "posted, reversed or written off",
        "P" => "posted",
        _ => "canceled",
    }
}

fn flag_words(row: &InvoiceRow) -> String {
    if row.review == Review::Held {
        let tags = tags(row);
        let blank = if tags.is_empty() { "" } else { " " };
        return format!("{}{blank}{tags}", row.hold_reason);
    }
    let stale = !row.stale.is_empty() && !row.flags.contains(&FlagCode::Stale);
    let mut words: Vec<&str> = row.flags.iter().map(|flag| flag.said()).collect();
    if stale {
        words.insert(0, "stale");
    }
    words.extend(kind_words(row));
    let tags = tags(row);
    words.extend((!tags.is_empty()).then_some(tags.as_str()));
    words.join(", ")
}

/// What it is, where the number may have no room: of an invoice nothing.
fn kind_words(row: &InvoiceRow) -> Option<&'static str> {
    match row.kind {
        DocumentKind::Invoice => None,
        DocumentKind::CreditMemo => Some("credit memo"),
        DocumentKind::DebitMemo => Some("debit memo"),
        DocumentKind::WriteOff if row.total.minor > 0 => Some("write-off back"),
        DocumentKind::WriteOff => Some("write-off"),
    }
}

impl InvoiceRow {
    fn is_flagged(&self) -> bool {
        !self.flags.is_empty() || !self.stale.is_empty()
    }
}
