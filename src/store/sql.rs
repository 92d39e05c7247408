//! One read-only query by a person: `daybook sql --read-only`, so that nobody needs another program
//! on a live book (an older SQLite can lose commits).

use super::{Store, StoreError};
use rusqlite::types::ValueRef;

/// What a query gave: column names and values as text (none = NULL).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Column names.
    pub columns: Vec<String>,
    /// The rows.
    pub rows: Vec<Vec<Option<String>>>,
    /// Whether there were more rows than were asked for.
    pub cut: bool,
}

/// What a query may begin with: everything else could attach, vacuum or change something.
const FIRST_WORDS: &[&str] = &["select", "with", "values", "explain"];

impl Store {
    /// Runs one query that only reads, at most `limit` rows.
    pub fn query(&self, text: &str, limit: usize) -> Result<Answer, StoreError> {
        let first = text.trim_start().split(|c: char| !c.is_alphabetic()).next().unwrap_or("");
        if !FIRST_WORDS.iter().any(|w| first.eq_ignore_ascii_case(w)) {
            return Err(StoreError::Guard("only queries that read (SELECT …) run here".to_owned()));
        }
        let bad = |e: rusqlite::Error| StoreError::Guard(format!("the query: {e}"));
        self.read(|db| {
            let mut statement = db.conn().prepare(text).map_err(bad)?;
            if !statement.readonly() {
                return Err(StoreError::Guard("the query would change the book".to_owned()));
            }
            let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
            let width = columns.len();
            let mut rows = statement.query([]).map_err(bad)?;
            let mut answer = Answer { columns, rows: Vec::new(), cut: false };
            while let Some(row) = rows.next().map_err(bad)? {
                if answer.rows.len() == limit {
                    answer.cut = true;
                    break;
                }
                let cells =
                    (0..width).map(|i| row.get_ref(i).map(text_of)).collect::<Result<_, _>>();
                answer.rows.push(cells.map_err(bad)?);
            }
            Ok(answer)
        })
    }
}

fn text_of(value: ValueRef<'_>) -> Option<String> {
    match value {
        ValueRef::Null => None,
        ValueRef::Integer(n) => Some(n.to_string()),
        ValueRef::Real(n) => Some(n.to_string()),
        ValueRef::Text(text) => Some(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Some(bytes.iter().fold(String::new(), |mut out, b| {
            use std::fmt::Write;
            let _ = write!(out, "{b:02x}");
            out
        })),
    }
}
