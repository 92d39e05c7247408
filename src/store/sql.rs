//! One read-only query by a person: `daybook sql --read-only`, so that nobody needs another program
//! on a live book (an older SQLite can lose commits).
//!
//! As long as a view is open the write-ahead log cannot begin anew and grows with every commit. So a
//! query has an end: by time, by rows, by the size of its answer and by memory.

use super::face::Access;
use super::{Store, StoreError, view};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode};
use std::path::Path;
use std::time::{Duration, Instant};

/// What a query may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Rows of its answer.
    pub rows: usize,
    /// How long it may run, and so how long it may hold the log.
    pub time: Duration,
}

/// Why an answer is not whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// There were more rows than were asked for.
    Rows,
    /// The time was over.
    Time,
    /// The answer was larger than [`LARGEST`].
    Size,
}

/// Bytes of an answer; it is held in memory, so that no slow reader holds the log.
pub const LARGEST: usize = 64 << 20;

/// Bytes of memory that SQLite may take for sorting and for single values.
const MEMORY: i64 = 256 << 20;

/// Steps of SQLite's machine between two looks at the clock: well below a millisecond.
const STEPS: i32 = 1_000;

/// What a query gave: column names and values as text (none = NULL).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Column names.
    pub columns: Vec<String>,
    pub rows: Vec<Vec<Option<String>>>,
    /// Why there are not more.
    pub cut: Option<Cut>,
}

/// What a query may begin with: everything else could attach, vacuum or change something.
const FIRST_WORDS: &[&str] = &["select", "with", "values", "explain"];

impl Store {
    /// Runs one query that only reads, within its bounds, on a connection of its own.
    pub fn query(&self, text: &str, bounds: Bounds) -> Result<Answer, StoreError> {
        let first = text.trim_start().split(|c: char| !c.is_alphabetic()).next().unwrap_or("");
        if !FIRST_WORDS.iter().any(|w| first.eq_ignore_ascii_case(w)) {
            return Err(StoreError::Guard("only queries that read (SELECT …) run here".to_owned()));
        }
        let (mut bare, mut usual);
        let conn = if self.is_bare() {
            bare = view::open_alone(self.path())?;
            bare.conn.raw_mut()
        } else {
            usual = Self::connect(self.path(), Access::Read)?;
            usual.conn.raw_mut()
        };
        let ends = Instant::now() + bounds.time;
        let named = |e: rusqlite::Error| StoreError::from(e).at(self.path());
        conn.pragma_update(None, "hard_heap_limit", MEMORY).map_err(named)?;
        conn.progress_handler(STEPS, Some(move || Instant::now() >= ends)).map_err(named)?;
        ask(conn, text, bounds.rows).map_err(|e| told(e, self.path()))
    }
}

/// What is wrong with the query, unless it is the book or its disk.
fn told(error: rusqlite::Error, path: &Path) -> StoreError {
    let words = match &error {
        rusqlite::Error::SqliteFailure(_, Some(words)) => words.clone(),
        other => other.to_string(),
    };
    if matches!(error, rusqlite::Error::SqliteFailure(..))
        && let of_the_book @ (StoreError::Busy | StoreError::Disk { .. } | StoreError::Corrupt(_)) =
            StoreError::from(error).at(path)
    {
        return of_the_book;
    }
    StoreError::Guard(format!("the query: {words}"))
}

fn ask(conn: &Connection, text: &str, limit: usize) -> rusqlite::Result<Answer> {
    let mut answer = Answer { columns: Vec::new(), rows: Vec::new(), cut: None };
    let mut statement = conn.prepare(text)?;
    if !statement.readonly() {
        return Err(rusqlite::Error::InvalidQuery);
    }
    answer.columns = statement.column_names().map(str::to_owned).collect();
    let (width, mut size) = (answer.columns.len(), 0);
    let mut rows = statement.query([])?;
    loop {
        let row = match rows.next() {
            Ok(Some(row)) => row,
            Ok(None) => return Ok(answer),
            Err(e) if e.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) => {
                answer.cut = Some(Cut::Time);
                return Ok(answer);
            }
            Err(error) => return Err(error),
        };
        if answer.rows.len() == limit {
            answer.cut = Some(Cut::Rows);
            return Ok(answer);
        }
        let cells: Vec<Option<String>> =
            (0..width).map(|i| row.get_ref(i).map(text_of)).collect::<rusqlite::Result<_>>()?;
        size += cells.iter().flatten().map(String::len).sum::<usize>();
        if size > LARGEST {
            answer.cut = Some(Cut::Size);
            return Ok(answer);
        }
        answer.rows.push(cells);
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
