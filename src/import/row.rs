//! Rows of a file, each with its place in it.

use super::field::{Cells, Fault, Refused, Slot};
use super::header::Columns;
use std::borrow::Cow;

/// One good row with its place in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row<T> {
    /// Line in the file, the header being 1.
    pub line: u64,
    /// Bytes from, to.
    pub span: (usize, usize),
    /// What it says.
    pub value: T,
}

impl<T> Row<T> {
    /// This row as a refused one, when the book (not the file) speaks against it.
    pub fn refuse(&self, fault: Fault) -> Refused {
        fault.at(self.line, self.span)
    }
}

/// The parsed rows of one file.
#[derive(Debug)]
pub struct Table<C, T> {
    /// Where the file has its columns, and which it gave.
    pub columns: C,
    /// Good rows in file order.
    pub rows: Vec<Row<T>>,
    /// Bad rows in file order.
    pub refused: Vec<Refused>,
    /// Rows that say again what a row before them says.
    pub repeated: usize,
    /// Bytes of the header line, for the reject file.
    pub header: (usize, usize),
}

/// A kind of row: how it is read, and what makes two rows speak of the same thing.
pub(super) trait FromRow: Sized + PartialEq {
    type Columns: Columns;
    /// Reads one row.
    fn read(columns: &Self::Columns, cells: &Cells<'_>) -> Result<Self, Fault>;
    /// The natural key; none when the row has none (usage without a key: equal rows both count).
    fn key(&self) -> Option<Cow<'_, str>>;
    /// The column that names the key, for messages.
    const KEY_COLUMN: &'static str;
    /// The columns that make the key. Rows of one key say the same in these.
    fn key_slots(columns: &Self::Columns) -> (Slot, Option<Slot>);

    /// Puts the cells of the key into `key`, without reading the rest of the row. False when the row
    /// has no key, or cells that are no text.
    fn key_in(columns: &Self::Columns, cells: &Cells<'_>, key: &mut String) -> bool {
        key.clear();
        let (first, second) = Self::key_slots(columns);
        let Ok(text) = cells.raw(first) else { return false };
        key.push_str(&text);
        if let Some(second) = second {
            let Ok(text) = cells.raw(second) else { return false };
            key.push('\u{1f}');
            key.push_str(&text);
        }
        !text.is_empty()
    }
}
