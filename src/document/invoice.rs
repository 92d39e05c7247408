//! The invoice and memo as a page: letterhead, window address, facts, lines, tax, total, payment.
//!
//! The address stands where DIN 5008 form B and most window envelopes want it; the table breaks
//! over pages with its head repeated, and every page says which of how many it is.

use super::columns::{Columns, HEAD};
use super::error::PrintError;
use super::fit::{self, FOOT, LETTERHEAD, NAME, Room, SENDER, Set, WINDOW};
use super::fonts::Fonts;
use super::lay;
use super::pdf::{self, About, Bound};
use super::printable::{Line, Printable};
use super::sheet::{ACCENT, GREY, HAIR, Ink, Sheet, Style, TINT, Type, bold, mm, plain};
use super::stamp::Stamp;
use super::texts::Key;
use crate::domain::document::DocumentKind;
use crate::domain::frozen::Layout;

const WHITE: Ink = Ink(1.0, 1.0, 1.0);
/// Height of a line in the table, points.
pub(super) const PITCH: f32 = 11.5;
/// Lines of one description that stay together; a longer one goes on as a further row.
const TALLEST: usize = 40;

/// The fonts of a run of printing. Opening it is dear the first time, free after.
#[derive(Clone, Copy)]
pub struct Press {
    fonts: &'static Fonts,
}

/// One document set into pages.
#[derive(Debug, Clone)]
pub struct Typeset {
    pub(super) bound: Bound,
    pub(super) layout: Layout,
    title: String,
    author: String,
    date: chrono::NaiveDate,
}

impl Press {
    /// Opens the bundled fonts.
    pub fn open() -> Result<Self, PrintError> {
        Fonts::get().map(|fonts| Self { fonts })
    }

    /// Whether a text can be printed in any place, said without the fonts: it may be said of more than
    /// it is. What is printed is asked for by [`Press::check`].
    pub fn always_prints(text: &str) -> bool {
        text.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'\\')
    }

    /// Whether every text of the document can be printed.
    pub fn check(self, document: &Printable) -> Result<(), PrintError> {
        document.read(self.fonts).map(|_| ())
    }

    /// Whether the document can be printed whole: every character, and every text in its place. Asked
    /// before it is posted; what was posted is printed as it is.
    pub fn fits(self, document: &Printable) -> Result<(), PrintError> {
        let (document, rare) = document.read(self.fonts)?;
        let set = Type::of(self.fonts, rare);
        Setter::new(&document, &set).whole()
    }

    /// Sets one document. Refused by name when a character has no font.
    pub fn set(self, document: &Printable) -> Result<Typeset, PrintError> {
        self.pages(document, |_, _| ())
    }

    /// The same with a stamp under every page.
    pub fn stamped(self, document: &Printable, stamp: &Stamp) -> Result<Typeset, PrintError> {
        let size = pdf::size(document.paper);
        self.pages(document, |sheet, set| stamp.under(sheet, set, size))
    }

    fn pages(
        self,
        document: &Printable,
        finish: impl Fn(&mut Sheet, &Type<'_>),
    ) -> Result<Typeset, PrintError> {
        let (document, rare) = document.read(self.fonts)?;
        let set = Type::of(self.fonts, rare);
        let mut sheets = Setter::new(&document, &set).run();
        sheets.iter_mut().for_each(|sheet| finish(sheet, &set));
        Ok(Typeset {
            layout: document.layout,
            bound: pdf::bind(sheets, document.paper, set.own.cuts(self.fonts)?, document.logo)?,
            title: format!("{} {}", document.tongue.title(document.kind), document.number),
            author: document.issuer.name,
            date: document.invoice_date,
        })
    }

    pub(super) fn fonts(self) -> &'static Fonts {
        self.fonts
    }
}

impl Typeset {
    /// What is set already.
    pub(super) fn of(bound: Bound, title: String, author: String, date: chrono::NaiveDate) -> Self {
        Self { bound, layout: Layout::NEWEST, title, author, date }
    }

    /// Number of pages.
    pub fn pages(&self) -> usize {
        self.bound.pages.len()
    }

    /// The document as a file of its own; the same bytes on every call.
    pub fn pdf(&self, press: Press) -> Vec<u8> {
        let about =
            About { title: self.title.clone(), author: self.author.clone(), date: self.date };
        pdf::file(press.fonts(), &[&self.bound], &about, None)
    }

    /// The same with its electronic invoice in it (CII): a Factur-X.
    pub fn factur_x(&self, press: Press, xml: &[u8]) -> Vec<u8> {
        let about =
            About { title: self.title.clone(), author: self.author.clone(), date: self.date };
        pdf::file(press.fonts(), &[&self.bound], &about, Some(xml))
    }
}

/// Sets one document: where the pen is, and the pages so far.
pub(super) struct Setter<'a> {
    pub doc: &'a Printable,
    pub set: &'a Type<'a>,
    height: f32,
    pub left: f32,
    pub right: f32,
    /// Distance of the next line from the top of the page.
    pub y: f32,
    done: Vec<Sheet>,
    pub sheet: Sheet,
    columns: Columns,
    /// Whether a line is drawn, and what those drawn come to; none beyond any sum.
    pub begun: bool,
    pub carried: Option<i64>,
}

impl<'a> Setter<'a> {
    fn new(doc: &'a Printable, set: &'a Type<'a>) -> Self {
        let (width, height) = pdf::size(doc.paper);
        let (left, right) = (mm(25.0), width - mm(20.0));
        Self {
            doc,
            set,
            height,
            left,
            right,
            y: 0.0,
            done: Vec::new(),
            sheet: Sheet::new(height),
            columns: Columns::of(left, right),
            begun: false,
            carried: Some(0),
        }
    }

    fn run(mut self) -> Vec<Sheet> {
        self.columns = Columns::fitting(self.doc, self.set, (self.left, self.right));
        self.letterhead();
        self.window();
        self.facts();
        self.heading();
        self.table_head();
        for line in &self.doc.lines {
            self.line(line);
        }
        self.totals();
        self.reasons();
        self.payment();
        self.late_terms();
        self.note();
        let lines = self.in_place(&FOOT);
        self.done.push(self.sheet);
        let pages = self.done.len();
        for (i, sheet) in self.done.iter_mut().enumerate() {
            let edges = (self.left, self.right, self.height);
            foot(sheet, self.set, (&lines, &self.doc.number), edges, (i + 1, pages));
        }
        self.done
    }

    pub(super) fn text(&mut self, x: f32, y: f32, style: Style, text: &str) {
        self.sheet.text(self.set, x, y, style, text);
    }

    pub(super) fn money(&self, minor: i64) -> String {
        self.doc.tongue.figure(self.doc.currency, minor)
    }

    /// The logo's size, if there is one: at most 16 mm high, and not wider than the letterhead.
    fn logo(&self) -> Option<(f32, f32)> {
        let logo = self.doc.logo.as_ref()?;
        let (wide, high) = (logo.width as f32, logo.height as f32);
        let scale = (mm(16.0) / high).min(self.letterhead_room() / wide);
        Some((wide * scale, high * scale))
    }

    fn letterhead_room(&self) -> f32 {
        mm(125.0) - self.left - mm(8.0)
    }

    /// A text of the letterhead, the window or the foot, in the lines of its place.
    fn in_place(&self, room: &Room) -> Set {
        let issuer = &self.doc.issuer;
        let (texts, style, width) = match room.place {
            place if place == NAME.place => {
                let mut style = bold(17.0).in_ink(ACCENT);
                if self.doc.logo.is_some() {
                    // Smaller under a logo.
                    style.size = 11.0;
                }
                (vec![issuer.name.clone()], style, self.letterhead_room())
            }
            place if place == LETTERHEAD.place => {
                let mut lines: Vec<String> = issuer.address.clone();
                if !issuer.tax_id.is_empty() {
                    lines.push(self.doc.tongue.tax_id(&issuer.tax_id));
                }
                (lines, plain(8.0).in_ink(GREY), self.right - mm(125.0))
            }
            place if place == SENDER.place => {
                let parts = std::iter::once(&issuer.name).chain(&issuer.address);
                let mut parts: Vec<String> = parts.filter(|l| !l.is_empty()).cloned().collect();
                parts.iter_mut().for_each(lay::isolate);
                (vec![parts.join(" · ")], plain(6.5).in_ink(GREY), mm(78.0))
            }
            place if place == WINDOW.place => (self.doc.customer.window(), plain(10.5), mm(78.0)),
            _ => {
                let width = self.right - self.left - mm(45.0);
                (issuer.footer.clone(), plain(7.0).in_ink(GREY), width)
            }
        };
        fit::set(self.set, self.doc.fit, &texts, (style, width), room)
    }

    /// Refuses a text that does not fit its place whole.
    fn whole(&self) -> Result<(), PrintError> {
        for room in [&NAME, &LETTERHEAD, &SENDER, &WINDOW, &FOOT] {
            self.in_place(room).whole(room)?;
        }
        Ok(())
    }

    fn letterhead(&mut self) {
        let mut y = mm(24.0);
        if let Some((wide, high)) = self.logo() {
            self.sheet.logo(self.left, mm(13.0), wide, high);
            y = mm(13.0) + high + 16.0;
        } else {
            self.sheet.tint(self.left, mm(14.0), mm(16.0), 3.0, ACCENT);
        }
        let name = self.in_place(&NAME);
        for line in &name.lines {
            self.text(self.left, y, name.style, line);
            y += 20.0;
        }
        let address = self.in_place(&LETTERHEAD);
        let mut y = mm(17.5);
        for line in &address.lines {
            self.text(mm(125.0), y, address.style, line);
            y += 10.5;
        }
    }

    /// The address field: 85 × 45 mm at 20 mm from the left and 45 mm from the top (DIN 5008 B).
    fn window(&mut self) {
        let to = self.in_place(&WINDOW);
        let spare = to.lines.len().saturating_sub(6) as f32;
        let top = mm(62.0) - spare * mm(2.2);
        let sender = self.in_place(&SENDER);
        let mut y = top - 2.0;
        for line in sender.lines.iter().rev() {
            self.text(self.left, y, sender.style, line.trim_end_matches([' ', '·']));
            y -= 7.5;
        }
        if !sender.lines.is_empty() {
            self.sheet.rule(self.left, self.left + mm(78.0), top + 1.5, 0.4, HAIR);
        }
        let pitch = if to.lines.len() > 6 { mm(4.1) } else { mm(4.7) };
        let mut y = top + mm(5.5);
        for line in &to.lines {
            self.text(self.left, y, to.style, line);
            y += pitch;
        }
    }

    /// Number, dates and the customer's own references, right of the window.
    fn facts(&mut self) {
        let doc = self.doc;
        let tongue = &doc.tongue;
        let title = [tongue.title(doc.kind)];
        let kind = [title[0].as_str()];
        let mut rows: Vec<(String, String)> = vec![
            (tongue.fill(Key::Number, &kind), doc.number.clone()),
            (tongue.fill(Key::Dated, &kind), tongue.date(doc.invoice_date)),
        ];
        if let Some(due) = doc.due_date {
            rows.push((tongue.say(Key::DueDate), tongue.date(due)));
        }
        let term = doc.due_date.map_or_else(String::new, |_| tongue.term(&doc.term));
        for (label, value) in [
            (Key::PaymentTerm, &term),
            (Key::Account, &doc.account_number),
            (Key::YourOrder, &doc.po_number),
            (tongue.your_tax_id(&doc.customer.tax_id), &doc.customer.tax_id),
        ] {
            if !value.is_empty() {
                rows.push((tongue.say(label), value.clone()));
            }
        }
        let x = mm(125.0);
        let mut y = mm(62.0);
        for (i, (label, value)) in rows.iter().enumerate() {
            self.text(x, y, plain(8.5).in_ink(GREY), label);
            let style = if i == 0 { bold(9.0) } else { plain(9.0) };
            let room = self.right - x - mm(24.0);
            self.sheet.figure(self.set, (self.right, room), y, style, value);
            y += mm(4.9);
        }
    }

    /// Title with what it corrects, and the sum of the document at a glance.
    fn heading(&mut self) {
        let doc = self.doc;
        let y = mm(107.0);
        let box_width = mm(65.0);
        let room = self.right - self.left - box_width - mm(6.0);
        let tongue = &doc.tongue;
        let title = format!("{} {}", tongue.title(doc.kind), doc.number);
        let mut style = bold(18.0).in_ink(ACCENT);
        let width = self.set.width(&title, style);
        style.size = (style.size * room / width.max(room)).max(9.0);
        self.text(self.left, y, style, &title);
        if let Some(corrected) = &doc.corrects {
            let line = tongue.of_other(doc.kind, corrected);
            self.text(self.left, y + 14.0, plain(9.0).in_ink(GREY), &line);
        }
        let label = match doc.kind {
            DocumentKind::Invoice | DocumentKind::DebitMemo => Key::AmountDue,
            DocumentKind::CreditMemo => Key::YourCredit,
            DocumentKind::WriteOff => Key::WrittenOff,
        };
        let label = tongue.say(label);
        let sum = match doc.kind {
            DocumentKind::Invoice | DocumentKind::DebitMemo => doc.due_minor(),
            DocumentKind::CreditMemo | DocumentKind::WriteOff => doc.total_minor,
        };
        let sum = tongue.sum(doc.currency, sum);
        let x = self.right - box_width;
        self.sheet.tint(x, y - mm(7.0), box_width, mm(10.6), ACCENT);
        self.text(x + mm(3.0), y, plain(8.5).in_ink(WHITE), &label);
        let figure = bold(13.0).in_ink(WHITE);
        self.sheet.figure(
            self.set,
            (self.right - mm(3.0), box_width - mm(26.0)),
            y + 1.0,
            figure,
            &sum,
        );
        self.y = mm(119.0);
    }

    pub(super) fn table_head(&mut self) {
        let style = HEAD.in_ink(ACCENT);
        let (y, columns) = (self.y + 12.0, self.columns);
        self.sheet.tint(self.left - 4.0, self.y, self.right - self.left + 8.0, 18.0, TINT);
        let tongue = &self.doc.tongue;
        self.text(self.left, y, style, &tongue.say(Key::Description));
        if columns.period_room > 0.0 {
            self.text(columns.period, y, style, &tongue.say(Key::ServicePeriod));
        }
        for (x, room, key) in [
            (columns.quantity, columns.quantity_room, Key::Quantity),
            (columns.price, columns.price_room, Key::UnitPrice),
        ] {
            if room > 0.0 {
                self.sheet.text_right(self.set, x, y, style, &tongue.say(key));
            }
        }
        let amount = tongue.fill(Key::Amount, &[self.doc.currency.code()]);
        self.sheet.text_right(self.set, self.right, y, style, &amount);
        self.y += 18.0;
    }

    /// How far the text of a page may go down.
    pub(super) fn bottom(&self) -> f32 {
        self.height - mm(31.0)
    }

    /// Goes to a new page unless `height` points are left; tells whether it did.
    pub(super) fn need(&mut self, height: f32) -> bool {
        if self.y + height <= self.bottom() {
            return false;
        }
        self.done.push(std::mem::replace(&mut self.sheet, Sheet::new(self.height)));
        let small = plain(8.0).in_ink(GREY);
        let doc = self.doc;
        let y = mm(17.0);
        self.text(self.left, y, bold(8.5).in_ink(ACCENT), &doc.issuer.name);
        let tongue = &doc.tongue;
        let of = [&tongue.title(doc.kind), doc.number.as_str(), &tongue.date(doc.invoice_date)];
        let of = tongue.fill(Key::PageHead, &of);
        self.sheet.text_right(self.set, self.right, y, small, &of);
        self.sheet.rule(self.left, self.right, y + 6.0, 0.5, HAIR);
        self.y = mm(25.0);
        true
    }

    fn line(&mut self, line: &Line) {
        let columns = self.columns;
        let body = plain(9.0);
        let small = plain(8.5);
        let lines = self.set.wrap(&line.description, body, columns.description);
        let fine = plain(7.5).in_ink(GREY);
        let details = if line.detail.is_empty() {
            Vec::new()
        } else {
            self.set.wrap(&line.detail, fine, columns.description)
        };
        let parts = lines.chunks(TALLEST).count();
        let service = line.service.map_or_else(Vec::new, |(from, to)| {
            self.set.wrap(&self.doc.tongue.period(from, to), small, columns.period_room)
        });
        for (part, chunk) in lines.chunks(TALLEST).enumerate() {
            let first = part == 0;
            let mut tall = chunk.len();
            if part + 1 == parts {
                tall += details.len();
            }
            if first {
                tall = tall.max(service.len());
            }
            let unit = first && self.unit_below(line, &columns);
            let tall = tall.max(if unit { 2 } else { 1 }) as f32;
            self.turn(line, tall * PITCH + columns.gap);
            let y = self.y + 14.0;
            for (i, text) in chunk.iter().enumerate() {
                self.text(self.left, y + i as f32 * PITCH, body, text);
            }
            if part + 1 == parts {
                for (i, text) in details.iter().enumerate() {
                    let y = y + (chunk.len() + i) as f32 * PITCH - 1.0;
                    self.text(self.left, y, fine, text);
                }
            }
            if first {
                for (i, text) in service.iter().enumerate() {
                    let y = y + i as f32 * PITCH;
                    self.text(columns.period, y, small.in_ink(GREY), text);
                }
                self.figures(line, &columns, y, unit);
                self.count(line);
            }
            self.y += tall * PITCH + columns.gap;
            self.sheet.rule(self.left, self.right, self.y, 0.4, HAIR);
        }
    }
}

/// Footer lines of the issuer, and which page of how many.
fn foot(
    sheet: &mut Sheet,
    set: &Type<'_>,
    (lines, number): (&Set, &str),
    (left, right, height): (f32, f32, f32),
    (page, pages): (usize, usize),
) {
    sheet.rule(left, right, height - mm(24.0), 0.5, HAIR);
    let mut y = height - mm(20.5);
    for line in &lines.lines {
        sheet.text(set, left, y, lines.style, line);
        y += 9.0;
    }
    let style = plain(7.5).in_ink(GREY);
    sheet.text_right(set, right, height - mm(20.5), style, &format!("{page}/{pages}"));
    let small = plain(7.0).in_ink(GREY);
    sheet.text_right(set, right, height - mm(20.5) + 9.0, small, number);
}
