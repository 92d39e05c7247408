//! A page of headings, sentences and tables as a PDF: in the fonts of the invoice, broken over as many
//! pages as it takes, each of which says which of how many it is.

use super::error::PrintError;
use super::frozen::Letterhead;
use super::invoice::{Press, Typeset};
use super::pdf;
use super::printable::read_texts;
use super::sheet::{ACCENT, BLACK, GREY, HAIR, Ink, Sheet, Style, TINT, Type, bold, mm, plain};
use crate::domain::leaf::{Leaf, Part, Row, Side, Weight};

/// Size of the text of tables, points.
const SIZE: f32 = 7.8;
/// From one line to the next.
const PITCH: f32 = 9.8;
/// Between two columns.
const GAP: f32 = 9.0;

impl Press {
    /// Sets a page. Refused by name when a character has no font.
    pub fn leaf(self, leaf: &Leaf, head: &Letterhead) -> Result<Typeset, PrintError> {
        let (mut leaf, mut head) = (leaf.clone(), head.clone());
        let mut texts = vec![
            ("the title".to_owned(), &mut leaf.title),
            ("the issuer's name".to_owned(), &mut head.name),
        ];
        texts.extend(leaf.under.iter_mut().map(|t| ("the head of the page".to_owned(), t)));
        for part in &mut leaf.parts {
            match part {
                Part::Heading(text) | Part::Text(text) => {
                    texts.push(("a sentence of the page".to_owned(), text));
                }
                Part::Table(columns, rows) => {
                    texts.extend(columns.iter_mut().map(|(t, _)| ("a column".to_owned(), t)));
                    let cells = rows.iter_mut().flat_map(|row| row.cells.iter_mut());
                    texts.extend(cells.map(|cell| ("a table of the page".to_owned(), cell)));
                }
            }
        }
        let rare = read_texts(texts, self.fonts())?;
        let set = Type::of(self.fonts(), rare);
        let sheets = Setter::new(&leaf, &head, &set).run();
        let bound = pdf::bind(sheets, head.paper, set.own.cuts(self.fonts())?, None)?;
        Ok(Typeset::of(bound, leaf.title, head.name, head.date))
    }
}

/// Where the pen is, and the pages so far.
struct Setter<'a> {
    leaf: &'a Leaf,
    head: &'a Letterhead,
    set: &'a Type<'a>,
    left: f32,
    right: f32,
    height: f32,
    y: f32,
    done: Vec<Sheet>,
    sheet: Sheet,
}

/// A column in its place.
struct Place {
    x: f32,
    width: f32,
    side: Side,
}

impl<'a> Setter<'a> {
    fn new(leaf: &'a Leaf, head: &'a Letterhead, set: &'a Type<'a>) -> Self {
        let (width, height) = pdf::size(head.paper);
        let (left, right) = (mm(20.0), width - mm(18.0));
        let sheet = Sheet::new(height);
        Self { leaf, head, set, left, right, height, y: mm(18.0), done: Vec::new(), sheet }
    }

    fn run(mut self) -> Vec<Sheet> {
        self.top();
        for part in &self.leaf.parts {
            match part {
                Part::Heading(text) => self.heading(text),
                Part::Text(text) => self.sentence(text, plain(SIZE).in_ink(GREY)),
                Part::Table(columns, rows) => self.table(columns, rows),
            }
        }
        self.done.push(self.sheet);
        let pages = self.done.len();
        let style = plain(7.0).in_ink(GREY);
        for (at, sheet) in self.done.iter_mut().enumerate() {
            let y = self.height - mm(10.0);
            sheet.rule(self.left, self.right, y - 9.0, 0.4, HAIR);
            sheet.text(self.set, self.left, y, style, &self.leaf.title);
            let page = format!("{}/{pages}", at + 1);
            sheet.text_right(self.set, self.right, y, style, &page);
        }
        self.done
    }

    fn top(&mut self) {
        let small = plain(8.0).in_ink(GREY);
        self.sheet.text_right(self.set, self.right, self.y, small, &self.head.name);
        let mut style = bold(15.0).in_ink(ACCENT);
        let room = (self.right - self.left) * 0.62;
        let width = self.set.width(&self.leaf.title, style);
        style.size *= room / width.max(room);
        self.sheet.text(self.set, self.left, self.y, style, &self.leaf.title);
        self.y += 16.0;
        for (at, line) in self.leaf.under.iter().enumerate() {
            let style = if at == 0 { bold(10.0) } else { plain(8.5).in_ink(GREY) };
            for line in self.set.wrap(line, style, self.right - self.left) {
                self.sheet.text(self.set, self.left, self.y, style, &line);
                self.y += style.size * 1.35;
            }
        }
        self.y += 2.0;
    }

    /// Goes to a new page unless `height` points are left; tells whether it did.
    fn need(&mut self, height: f32) -> bool {
        if self.y + height <= self.height - mm(15.0) {
            return false;
        }
        self.done.push(std::mem::replace(&mut self.sheet, Sheet::new(self.height)));
        self.y = mm(18.0);
        true
    }

    fn heading(&mut self, text: &str) {
        // A heading does not stand alone at the foot of a page.
        if !self.need(52.0) {
            self.y += 9.0;
        }
        self.sheet.text(self.set, self.left, self.y + 8.0, bold(9.5).in_ink(ACCENT), text);
        self.y += 13.0;
    }

    fn sentence(&mut self, text: &str, style: Style) {
        for line in self.set.wrap(text, style, self.right - self.left) {
            self.need(PITCH);
            self.sheet.text(self.set, self.left, self.y + SIZE, style, &line);
            self.y += PITCH;
        }
    }

    /// Columns as wide as what stands in them; those of words share what is left.
    fn places(&self, columns: &[(String, Side)], rows: &[Row]) -> Vec<Place> {
        let widest = |at: usize| {
            let title = self.set.width(&columns[at].0, bold(SIZE));
            let cells = rows.iter().filter_map(|row| Some((row, row.cells.get(at)?)));
            cells.map(|(row, cell)| self.set.width(cell, style(row))).fold(title, f32::max)
        };
        let natural: Vec<f32> = (0..columns.len()).map(widest).collect();
        let room = self.right - self.left - GAP * columns.len().saturating_sub(1) as f32;
        let flows = |at: &usize| columns[*at].1 == Side::Flows;
        // A word that is longer than its share is broken, an amount is set smaller.
        let most = room * 0.34;
        let fixed: f32 =
            (0..columns.len()).filter(|at| !flows(at)).map(|at| natural[at].min(most)).sum();
        let wanted: f32 = (0..columns.len()).filter(flows).map(|at| natural[at]).sum();
        let left = (room - fixed).max(room * 0.25);
        let mut x = self.left;
        let mut out = Vec::new();
        for (at, (_, side)) in columns.iter().enumerate() {
            let width = match side {
                Side::Flows => left * natural[at] / wanted.max(1.0),
                Side::Left | Side::Right => natural[at].min(most),
            };
            out.push(Place { x, width, side: *side });
            x += width + GAP;
        }
        out
    }

    fn table(&mut self, columns: &[(String, Side)], rows: &[Row]) {
        let places = self.places(columns, rows);
        self.head_of(columns, &places);
        for row in rows {
            let style = style(row);
            let cells: Vec<Vec<String>> = row
                .cells
                .iter()
                .zip(&places)
                .map(|(cell, place)| match place.side {
                    Side::Right => vec![cell.clone()],
                    // A hair more than measured, so that what fits is not broken.
                    Side::Left | Side::Flows => self.set.wrap(cell, style, place.width + 0.1),
                })
                .collect();
            let tall = cells.iter().map(Vec::len).max().unwrap_or(1);
            for line in 0..tall {
                if self.need(PITCH) {
                    self.head_of(columns, &places);
                }
                for (cell, place) in cells.iter().zip(&places) {
                    let Some(text) = cell.get(line).filter(|text| !text.is_empty()) else {
                        continue;
                    };
                    let y = self.y + SIZE;
                    match place.side {
                        Side::Right => {
                            let at = (place.x + place.width, place.width);
                            self.sheet.figure(self.set, at, y, style, text);
                        }
                        Side::Left | Side::Flows => {
                            self.sheet.text(self.set, place.x, y, style, text);
                        }
                    }
                }
                self.y += PITCH;
            }
            self.sheet.rule(self.left, self.right, self.y + 0.6, 0.25, HAIR);
            self.y += 1.2;
        }
        self.y += 2.0;
    }

    fn head_of(&mut self, columns: &[(String, Side)], places: &[Place]) {
        if columns.iter().all(|(title, _)| title.is_empty()) {
            return;
        }
        self.need(PITCH * 2.0);
        let (width, ink) = (self.right - self.left + 6.0, ACCENT);
        self.sheet.tint(self.left - 3.0, self.y, width, PITCH + 3.0, TINT);
        for ((title, _), place) in columns.iter().zip(places) {
            let (style, y) = (bold(SIZE).in_ink(ink), self.y + SIZE + 1.5);
            match place.side {
                Side::Right => {
                    let at = (place.x + place.width, place.width);
                    self.sheet.figure(self.set, at, y, style, title);
                }
                Side::Left | Side::Flows => self.sheet.text(self.set, place.x, y, style, title),
            }
        }
        self.y += PITCH + 4.0;
    }
}

fn style(row: &Row) -> Style {
    let ink: Ink = if row.weight == Weight::Small { GREY } else { BLACK };
    match row.weight {
        Weight::Strong => bold(SIZE),
        Weight::Plain | Weight::Small => plain(SIZE).in_ink(ink),
    }
}
