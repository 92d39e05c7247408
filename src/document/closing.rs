//! What stands under the lines: totals, tax by code, why a tax is nil, how to pay, a note.

use super::fonts::Weight;
use super::invoice::Setter;
use super::sheet::{ACCENT, GREY, HAIR, Style, bold, mm, plain};
use super::words;
use crate::domain::document::DocumentKind;

impl Setter<'_> {
    /// Subtotal, tax by code, total, credits and what is left: kept together on one page.
    pub(super) fn totals(&mut self) {
        let doc = self.doc;
        let mut rows: Vec<(String, i64)> = Vec::new();
        if !doc.taxes.is_empty() || doc.total_minor != doc.subtotal_minor {
            rows.push(("Subtotal".into(), doc.subtotal_minor));
        }
        for tax in &doc.taxes {
            rows.push((words::tax_row(tax, doc.currency), tax.tax_minor));
        }
        let credits: Vec<(String, i64)> = doc
            .credits
            .iter()
            .map(|c| (format!("Credit applied, {}", c.number), -c.amount_minor))
            .collect();
        let height = 16.0 * (rows.len() + credits.len() + 2) as f32 + 24.0;
        self.need(height.min(self.bottom() - mm(30.0)));
        self.y += 6.0;
        for (label, minor) in &rows {
            self.total_row(label, *minor, plain(9.0));
        }
        let x = self.left + (self.right - self.left) * 0.42;
        self.sheet.rule(x, self.right, self.y + 4.0, 1.0, ACCENT);
        self.y += 4.0;
        let total = match doc.kind {
            DocumentKind::CreditMemo => "Total credit",
            DocumentKind::Invoice | DocumentKind::DebitMemo | DocumentKind::WriteOff => "Total",
        };
        self.total_row(&format!("{total} {}", doc.currency), doc.total_minor, bold(10.5));
        if !credits.is_empty() {
            for (label, minor) in &credits {
                self.total_row(label, *minor, plain(9.0));
            }
            self.sheet.rule(x, self.right, self.y + 4.0, 0.5, HAIR);
            self.y += 4.0;
            let label = format!("Amount due {}", doc.currency);
            self.total_row(&label, doc.due_minor(), bold(10.5));
        }
        self.y += 8.0;
    }

    fn total_row(&mut self, label: &str, minor: i64, style: Style) {
        self.need(16.0);
        let y = self.y + 13.0;
        let x = self.left + (self.right - self.left) * 0.42;
        let amount = self.money(minor);
        let taken = self.set.width(&amount, style).min(mm(45.0));
        let room = self.right - x - taken - 10.0;
        let width = self.set.width(label, style);
        let size = if width > room { style.size * room / width } else { style.size };
        let ink = if style.weight == Weight::Bold { style.ink } else { GREY };
        self.text(x, y, Style { size, ink, ..style }, label);
        self.sheet.figure(self.set, (self.right, mm(45.0)), y, style, &amount);
        self.y += 16.0;
    }

    fn paragraph(&mut self, style: Style, text: &str) {
        let room = self.right - self.left;
        for line in self.set.wrap(text, style, room) {
            self.need(12.0);
            self.text(self.left, self.y + 10.0, style, &line);
            self.y += style.size * 1.38;
        }
    }

    /// Why a tax is nil, in the words the law wants on the document.
    pub(super) fn reasons(&mut self) {
        let doc = self.doc;
        for tax in doc.taxes.iter().filter(|t| !t.reason.is_empty()) {
            self.y += 4.0;
            self.paragraph(plain(8.5), &tax.reason);
        }
    }

    pub(super) fn payment(&mut self) {
        let doc = self.doc;
        if !doc.kind.is_receivable() {
            self.y += 6.0;
            let text = "This amount is credited to your account. You need not do anything.";
            self.paragraph(plain(9.0), text);
            return;
        }
        let due = doc.due_minor();
        let sum = format!("{} {}", self.money(due), doc.currency);
        let by = doc.due_date.map(words::date);
        let text = if due <= 0 {
            "Nothing is left to pay.".to_owned()
        } else if doc.collected_from.is_empty() {
            let by = by.map_or_else(String::new, |day| format!(" by {day}"));
            format!("Please pay {sum}{by}, quoting {}.", doc.number)
        } else {
            let on = by.map_or_else(String::new, |day| format!(" on or after {day}"));
            format!("{sum} will be collected from {}{on}. You need not pay.", doc.collected_from)
        };
        let bank = due > 0 && doc.collected_from.is_empty();
        let lines = if bank { doc.issuer.bank.len() } else { 0 };
        self.need((lines as f32 * 13.0 + 44.0).min(mm(120.0)));
        self.y += 10.0;
        self.text(self.left, self.y + 10.0, bold(9.5).in_ink(ACCENT), "Payment");
        self.y += 15.0;
        self.paragraph(plain(9.0), &text);
        if bank {
            self.y += 2.0;
            for line in &doc.issuer.bank {
                self.paragraph(plain(9.0), line);
            }
        }
    }

    pub(super) fn note(&mut self) {
        if !self.doc.note.is_empty() {
            self.y += 10.0;
            let note = self.doc.note.clone();
            self.paragraph(plain(9.0), &note);
        }
    }
}
