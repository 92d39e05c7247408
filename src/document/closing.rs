//! What stands under the lines: totals, tax by code, why a tax is nil, how to pay, a note.

use super::fonts::Weight;
use super::invoice::Setter;
use super::sheet::{ACCENT, BLACK, GREY, HAIR, Style, bold, mm, plain};
use super::texts::Key;
use crate::domain::document::DocumentKind;
use crate::domain::fx::Quoted;
use crate::domain::ids::PaymentId;
use crate::domain::payment_reference::{PayTo, epc, in_fours};
use qrcodegen::{QrCode, QrCodeEcc};

/// Side of the code of a transfer, points: 28 mm.
const CODE: f32 = 28.0 * 72.0 / 25.4;

/// The account to pay to, unless the issuer's own lines say it already.
fn account_rows(pay: &PayTo, said: &[String]) -> Vec<String> {
    let plain = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
    let says = |code: &str| said.iter().any(|line| plain(line).contains(code));
    let mut rows = Vec::new();
    if !says(&pay.iban) {
        rows.push(format!("IBAN {}", in_fours(&pay.iban)));
    }
    if !pay.bic.is_empty() && !says(&pay.bic) {
        rows.push(format!("BIC {}", pay.bic));
    }
    rows
}

impl Setter<'_> {
    /// Subtotal, tax by code, total, credits and what is left: kept together on one page.
    pub(super) fn totals(&mut self) {
        let doc = self.doc;
        let tongue = &doc.tongue;
        let mut rows: Vec<(String, i64)> = Vec::new();
        if !doc.taxes.is_empty() || doc.total_minor != doc.subtotal_minor {
            rows.push((tongue.say(Key::Subtotal), doc.subtotal_minor));
        }
        for tax in &doc.taxes {
            rows.push((tongue.tax_row(tax, doc.currency, doc.layout), tax.tax_minor));
        }
        let credits: Vec<(String, i64)> = doc
            .credits
            .iter()
            .map(|c| {
                // Our name of a payment says nothing to who paid.
                let label = match PaymentId::parse(&c.number) {
                    Some(_) => tongue.say(Key::PaidBefore),
                    None => tongue.fill(Key::CreditApplied, &[&c.number]),
                };
                (label, -c.amount_minor)
            })
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
            DocumentKind::CreditMemo => Key::TotalCredit,
            DocumentKind::Invoice | DocumentKind::DebitMemo | DocumentKind::WriteOff => Key::Total,
        };
        let currency = [doc.currency.code()];
        self.total_row(&tongue.fill(total, &currency), doc.total_minor, bold(10.5));
        if !credits.is_empty() {
            for (label, minor) in &credits {
                self.total_row(label, *minor, plain(9.0));
            }
            self.sheet.rule(x, self.right, self.y + 4.0, 0.5, HAIR);
            self.y += 4.0;
            let label = tongue.fill(Key::TotalDue, &currency);
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
        for reason in doc.taxes.iter().flat_map(|tax| doc.tongue.reasons(tax)) {
            self.y += 4.0;
            self.paragraph(plain(8.5), &reason);
        }
        if let Some(words) = self.tax_at_home() {
            self.y += 4.0;
            self.paragraph(plain(8.5), &words);
        }
    }

    /// The tax in the issuer's own currency, which the law wants where the document is in another (Council
    /// Directive 2006/112/EC, article 230).
    fn tax_at_home(&self) -> Option<String> {
        let doc = self.doc;
        let home = doc.home.as_ref().filter(|_| doc.taxes.iter().any(|tax| tax.tax_minor != 0))?;
        let rows = doc.taxes.iter().map(|tax| home.convert(doc.currency, tax.tax_minor));
        let sum: i64 = rows.collect::<Result<Vec<i64>, _>>().ok()?.iter().sum();
        let (one, other) = match home.quoted {
            Quoted::Own => (doc.currency, home.currency),
            Quoted::Other => (home.currency, doc.currency),
        };
        let rate = format!("1 {one} = {} {other}", doc.tongue.quantity(home.rate));
        let (sum, day) = (doc.tongue.sum(home.currency, sum), doc.tongue.date(home.on));
        Some(doc.tongue.fill(Key::TaxHome, &[&sum, &rate, &day]))
    }

    /// Who pays what, when and how.
    fn how_to_pay(&self, due: i64) -> String {
        let doc = self.doc;
        let tongue = &doc.tongue;
        if due <= 0 {
            return tongue.say(Key::NothingLeft);
        }
        let (sum, day) = (tongue.sum(doc.currency, due), doc.due_date.map(|day| tongue.date(day)));
        let (quoted, from) = (doc.quoted(), &doc.collected_from);
        match (from.is_empty(), day) {
            (true, Some(day)) => tongue.fill(Key::PayBy, &[&sum, &day, &quoted]),
            (true, None) => tongue.fill(Key::Pay, &[&sum, &quoted]),
            (false, Some(day)) => tongue.fill(Key::CollectedOn, &[&sum, from, &day]),
            (false, None) => tongue.fill(Key::Collected, &[&sum, from]),
        }
    }

    /// What the law of the issuer's country has it say of who pays late.
    pub(super) fn late_terms(&mut self) {
        if self.doc.kind.is_receivable()
            && let Some(text) = self.doc.tongue.late_terms()
        {
            self.y += 8.0;
            self.paragraph(plain(7.5).in_ink(GREY), &text);
        }
    }

    pub(super) fn payment(&mut self) {
        let doc = self.doc;
        if !doc.kind.is_receivable() {
            self.y += 6.0;
            self.paragraph(plain(9.0), &doc.tongue.say(Key::Credited));
            return;
        }
        let due = doc.due_minor();
        let text = self.how_to_pay(due);
        let bank = due > 0 && doc.collected_from.is_empty();
        let mut rows = if bank { doc.issuer.bank.clone() } else { Vec::new() };
        let pay = doc.pay.as_ref().filter(|_| bank);
        rows.extend(pay.map(|pay| account_rows(pay, &doc.issuer.bank)).unwrap_or_default());
        let code = pay.filter(|pay| pay.code).and_then(|pay| {
            let sum = doc.currency.amount(due);
            let said = epc(pay, &doc.issuer.name, sum, &doc.quoted())?;
            QrCode::encode_text(&said, QrCodeEcc::Medium).ok()
        });
        let side = code.as_ref().map_or(0.0, |_| CODE);
        self.need((rows.len() as f32 * 13.0 + 44.0).max(side + 12.0).min(mm(120.0)));
        if let Some(code) = &code {
            self.code(code);
        }
        let (below, right) = (self.y + side + 12.0, self.right);
        // Text keeps clear of the code.
        self.right -= if code.is_some() { side + mm(6.0) } else { 0.0 };
        self.y += 10.0;
        self.text(
            self.left,
            self.y + 10.0,
            bold(9.5).in_ink(ACCENT),
            &doc.tongue.say(Key::Payment),
        );
        self.y += 15.0;
        self.paragraph(plain(9.0), &text);
        if bank {
            self.y += 2.0;
            for line in &rows {
                self.paragraph(plain(9.0), line);
            }
        }
        self.right = right;
        if code.is_some() {
            self.y = self.y.max(below);
        }
    }

    /// The code of a transfer in the right corner from here on: one box a run of dark squares.
    fn code(&mut self, code: &QrCode) {
        let count = code.size();
        let unit = CODE / count as f32;
        let (left, top) = (self.right - CODE, self.y + 6.0);
        for row in 0..count {
            let mut from = None;
            for column in 0..=count {
                let dark = column < count && code.get_module(column, row);
                match (dark, from) {
                    (true, None) => from = Some(column),
                    (false, Some(first)) => {
                        let (x, width) = (first as f32, (column - first) as f32);
                        let at = (left + x * unit, top + row as f32 * unit);
                        // A hair higher than its row: no seam between rows.
                        self.sheet.tint(at.0, at.1, width * unit, unit * 1.02, BLACK);
                        from = None;
                    }
                    (true, Some(_)) | (false, None) => {}
                }
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
