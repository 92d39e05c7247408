//! The print batch: many documents as one merged file in postal order, an index, and singles in a zip.

use super::error::PrintError;
use super::frozen::Letterhead;
use super::invoice::{Press, Typeset};
use super::layout::imprint;
use super::pdf::{self, About};
use crate::domain::delivery::Imprint;
use crate::domain::frozen::Customer;
use crate::domain::leaf::{Leaf, Part, Row, Side};
use crate::domain::money::{Money, Purse};
use crate::domain::text;
use std::io::{Seek, Write};

/// One document to print.
#[derive(Debug, Clone)]
pub struct Piece {
    /// Document number; names the file in the zip.
    pub number: String,
    pub account_number: String,
    /// Who it goes to.
    pub customer: Customer,
    pub total: Money,
    /// Its pages.
    pub set: Typeset,
}

/// What a batch comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    pub documents: usize,
    /// Pages with something on them.
    pub pages: usize,
    /// Sheets of paper.
    pub sheets: usize,
    /// Envelopes: documents of one account to one address share one.
    pub envelopes: usize,
}

/// How paper is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sides {
    /// On one side: each page is a sheet.
    One,
    /// On both: each document begins on a sheet of its own.
    Two,
}

impl Sides {
    /// Sheets that so many pages take.
    fn sheets(self, pages: usize) -> usize {
        match self {
            Self::One => pages,
            Self::Two => pages.div_ceil(2),
        }
    }

    /// Empty pages behind so many, before another document begins.
    fn blank(self, pages: usize) -> usize {
        match self {
            Self::One => 0,
            Self::Two => pages % 2,
        }
    }
}

/// Documents in postal order: country, postcode, city, street, name, account, number.
#[derive(Debug, Clone)]
pub struct Batch {
    pieces: Vec<Piece>,
    sides: Sides,
    /// What goes before them.
    cover: Option<Typeset>,
    issuer: String,
    date: chrono::NaiveDate,
    title: String,
}

/// The sort key: what the post sorts by first, then what keeps one customer together.
fn postal(piece: &Piece) -> [&str; 8] {
    let to = &piece.customer;
    [
        &to.country,
        &to.postcode,
        &to.city,
        &to.address1,
        &to.address2,
        &to.name,
        &piece.account_number,
        &piece.number,
    ]
}

fn same_envelope(a: &Piece, b: &Piece) -> bool {
    a.account_number == b.account_number && a.customer == b.customer
}

impl Batch {
    /// Puts the pieces in postal order. `title`, `issuer` and `date` are what the merged file says
    /// about itself.
    pub fn new(
        mut pieces: Vec<Piece>,
        sides: Sides,
        title: String,
        issuer: String,
        date: chrono::NaiveDate,
    ) -> Self {
        pieces.sort_by(|a, b| postal(a).cmp(&postal(b)));
        Self { pieces, sides, cover: None, issuer, date, title }
    }

    /// Puts a sheet before the documents that says what they come to.
    pub fn covered(mut self, press: Press, head: &Letterhead) -> Result<Self, PrintError> {
        let counts = self.counts();
        let row = |what: &str, n: usize| Row::plain([what.to_owned(), text::grouped(n as i64)]);
        let sides = match self.sides {
            Sides::One => "printed on one side",
            Sides::Two => "printed on both sides, each document on a sheet of its own",
        };
        let mut rows = vec![
            row("Documents", counts.documents),
            row("Pages", counts.pages),
            row("Sheets without this one", counts.sheets),
            row("Envelopes", counts.envelopes),
        ];
        let numbers = self.numbers();
        for (what, number) in
            [("First document", numbers.first()), ("Last document", numbers.last())]
        {
            let number = number.map(|n| (*n).to_owned()).unwrap_or_default();
            rows.push(Row::plain([what.to_owned(), number]));
        }
        // A sum too large for any document is left out rather than said wrong.
        let sums = Purse::of(self.pieces.iter().map(|piece| piece.total)).unwrap_or_default();
        for sum in &sums {
            let what = format!("Totals in {}", sum.currency);
            rows.push(Row::strong([what, sum.currency.grouped(sum.minor)]));
        }
        let columns = vec![(String::new(), Side::Left), (String::new(), Side::Right)];
        let leaf = Leaf {
            title: self.title.clone(),
            under: vec![self.date.to_string(), sides.to_owned()],
            parts: vec![Part::Table(columns, rows)],
        };
        self.cover = Some(press.leaf(&leaf, head)?);
        Ok(self)
    }

    /// The documents in the order they are printed.
    pub fn numbers(&self) -> Vec<&str> {
        self.pieces.iter().map(|p| p.number.as_str()).collect()
    }

    /// Documents, sheets and envelopes.
    pub fn counts(&self) -> Counts {
        Counts {
            documents: self.pieces.len(),
            pages: self.pieces.iter().map(|p| p.set.pages()).sum(),
            sheets: self.pieces.iter().map(|p| self.sides.sheets(p.set.pages())).sum(),
            envelopes: self.envelopes().last().copied().unwrap_or(0),
        }
    }

    /// The envelope of each piece, from 1.
    fn envelopes(&self) -> Vec<usize> {
        let mut out = Vec::with_capacity(self.pieces.len());
        for (i, piece) in self.pieces.iter().enumerate() {
            let before = out.last().copied().unwrap_or(0);
            let joins = i > 0 && same_envelope(&self.pieces[i - 1], piece);
            out.push(if joins { before } else { before + 1 });
        }
        out
    }

    /// All documents as one file.
    pub fn merged(&self, press: Press) -> Vec<u8> {
        let about =
            About { title: self.title.clone(), author: self.issuer.clone(), date: self.date };
        let all: Vec<_> = self.cover.iter().chain(self.pieces.iter().map(|p| &p.set)).collect();
        let empty = pdf::empty(all.first().map(|set| set.bound.paper).unwrap_or_default());
        let mut parts = Vec::with_capacity(all.len());
        for (at, set) in all.iter().enumerate() {
            parts.push(&set.bound);
            if at + 1 < all.len() && self.sides.blank(set.pages()) > 0 {
                parts.push(&empty);
            }
        }
        pdf::file(press.fonts(), &parts, &about, None)
    }

    /// The index: one row a document, with its place in the merged file and its envelope. Cells that
    /// a spreadsheet would take for a formula are defused by an apostrophe.
    pub fn index_csv(&self) -> Result<Vec<u8>, csv::Error> {
        let mut out = csv::Writer::from_writer(Vec::new());
        out.write_record([
            "sequence",
            "envelope",
            "first_page",
            "pages",
            "document",
            "account_number",
            "name",
            "address1",
            "address2",
            "postcode",
            "city",
            "region",
            "country",
            "file",
        ])?;
        let places = |pages: usize| pages + self.sides.blank(pages);
        let mut page = 1 + self.cover.as_ref().map_or(0, |cover| places(cover.pages()));
        for (i, (piece, envelope)) in self.pieces.iter().zip(self.envelopes()).enumerate() {
            let to = &piece.customer;
            let pages = piece.set.pages();
            let figures = [i + 1, envelope, page, pages].map(|n| n.to_string());
            let words = [
                &piece.number,
                &piece.account_number,
                &to.name,
                &to.address1,
                &to.address2,
                &to.postcode,
                &to.city,
                &to.region,
                &to.country,
            ]
            .map(|words| text::cell(words));
            let file = file_name(&piece.number);
            let all = figures.iter().map(String::as_str).chain(words.iter().map(AsRef::as_ref));
            out.write_record(all.chain(std::iter::once(file.as_str())))?;
            page += places(pages);
        }
        out.into_inner().map_err(|e| e.into_error().into())
    }

    /// The single documents with the index, written as a zip; names come from document numbers only.
    /// Gives what tells each of them from another file, in the order of the paper.
    pub fn zip<W: Write + Seek>(
        &self,
        press: Press,
        out: W,
    ) -> Result<Vec<Imprint>, zip::result::ZipError> {
        let mut zip = zip::ZipWriter::new(out);
        // A PDF is deflated inside already.
        let stored = zip::write::SimpleFileOptions::default()
            .compression_method(zip::CompressionMethod::Stored)
            .last_modified_time(zip::DateTime::default())
            .unix_permissions(0o644);
        let index = self.index_csv().map_err(std::io::Error::other)?;
        zip.start_file("index.csv", stored)?;
        zip.write_all(&index)?;
        let mut imprints = Vec::with_capacity(self.pieces.len());
        for piece in &self.pieces {
            zip.start_file(file_name(&piece.number), stored)?;
            let pdf = piece.set.pdf(press);
            zip.write_all(&pdf)?;
            imprints.push(imprint(&pdf, piece.set.layout));
        }
        zip.finish()?.flush()?;
        Ok(imprints)
    }
}

/// A file name from a document number: letters, digits, `-`, `_` and inner dots; never a path.
pub fn file_name(number: &str) -> String {
    format!("{}.pdf", stem(number))
}

/// The same without its ending.
pub fn stem(number: &str) -> String {
    let safe: String = number
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' })
        .collect();
    safe.trim_start_matches('.').to_owned()
}
