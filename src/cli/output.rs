//! Tables for people, JSON for programs.

use crate::domain::money::Money;
use crate::domain::text::{clean, is_unsafe};
use crate::engine::Error;
use crate::outside::{self, Standing, as_caller};
use crate::zone::Zone;
use chrono::DateTime;
use serde::Serialize;
use serde_json::Value;
use std::borrow::Cow;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use unicode_width::UnicodeWidthStr;

/// A moment in the book's zone, ISO.
pub fn moment(ms: i64, zone: Zone) -> String {
    let moment = DateTime::from_timestamp_millis(ms).unwrap_or_default();
    moment.with_timezone(&zone).format("%Y-%m-%dT%H:%M:%S").to_string()
}

/// Prints one JSON document on standard output.
pub fn json<T: Serialize>(value: &T) -> Result<(), Error> {
    let text = serde_json::to_string_pretty(value).map_err(|e| Error::Bug(e.to_string()))?;
    print(&escaped(&text));
    Ok(())
}

/// JSON with every character that must not reach a terminal written as `\uXXXX`: the same value.
pub fn escaped(json: &str) -> Cow<'_, str> {
    // Line ends stand between values; inside of strings they are escaped already.
    let bad = |c: char| c != '\n' && is_unsafe(c);
    if !json.contains(bad) {
        return json.into();
    }
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if bad(c) {
            let mut units = [0; 2];
            c.encode_utf16(&mut units).iter().for_each(|u| out.push_str(&format!("\\u{u:04x}")));
        } else {
            out.push(c);
        }
    }
    out.into()
}

/// Text as it may reach a terminal: line ends stay, what could redraw it goes.
fn shown(text: &str) -> String {
    text.lines().map(clean).collect::<Vec<_>>().join("\n")
}

/// The first error of standard output in this process.
static LOST: Mutex<Option<io::Error>> = Mutex::new(None);

/// Amounts by currency, as decimal strings.
pub fn by_currency(all: &[Money]) -> Value {
    let map = all.iter().map(|m| (m.currency.code().to_owned(), m.plain().into()));
    Value::Object(map.collect())
}

/// Amounts one after the other: `1,204.80 EUR, 1,200 JPY`.
pub fn listed(all: &[Money]) -> String {
    all.iter().map(Money::to_string).collect::<Vec<_>>().join(", ")
}

/// Writes a file that was made: to a path, into a directory under its `name`, or for `-` to standard output,
/// of which nothing is given back.
pub fn file(
    to: &Path,
    name: &str,
    bytes: &[u8],
    standing: Standing,
) -> Result<Option<PathBuf>, Error> {
    if to.as_os_str() == "-" {
        let out = io::stdout().lock().write_all(bytes);
        return out.map(|()| None).map_err(|source| Error::Io { path: to.to_owned(), source });
    }
    let path = if as_caller(|| to.is_dir()) { to.join(name) } else { to.to_owned() };
    outside::write(&path, bytes, standing).map_err(|source| Error::writing(&path, source))?;
    Ok(Some(path))
}

/// Prints a line. A reader that has gone away is no error; anything else is told by [`lost`].
pub fn line(text: &str) {
    print(&shown(text));
}

/// Prints a part of JSON that is written as it is made; [`line`] ends it.
pub fn part(json: &str) {
    let Err(error) = write!(io::stdout().lock(), "{}", escaped(json)) else { return };
    if error.kind() != io::ErrorKind::BrokenPipe {
        LOST.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    }
}

fn print(text: &str) {
    let Err(error) = writeln!(io::stdout().lock(), "{text}") else { return };
    if error.kind() != io::ErrorKind::BrokenPipe {
        LOST.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    }
}

/// Why not all of what was printed arrived: its file lies on a full disk.
pub fn lost() -> Option<Error> {
    let error = LOST.lock().unwrap_or_else(PoisonError::into_inner).take()?;
    Some(Error::Io { path: "standard output".into(), source: error })
}

/// Says a line on standard error; nobody there to read it is no error.
pub fn aside(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", shown(text));
}

/// How a column stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Text.
    Left,
    /// Amounts and counts.
    Right,
}

/// The columns of a table, as wide as their widest cell. Unsafe characters are stripped.
pub struct Columns<'h> {
    headers: &'h [(&'h str, Align)],
    widths: Vec<usize>,
}

impl<'h> Columns<'h> {
    pub fn new(headers: &'h [(&'h str, Align)]) -> Self {
        Self { headers, widths: headers.iter().map(|(title, _)| title.width()).collect() }
    }

    /// Makes room for a row.
    pub fn widen<T: AsRef<str>>(&mut self, cells: &[T]) {
        for (width, cell) in self.widths.iter_mut().zip(cells) {
            *width = clean(cell.as_ref()).width().max(*width);
        }
    }

    /// The headers as one line, with its end.
    pub fn head(&self) -> String {
        let titles: Vec<&str> = self.headers.iter().map(|(title, _)| *title).collect();
        self.row(&titles)
    }

    /// A row as one line, with its end.
    pub fn row<T: AsRef<str>>(&self, cells: &[T]) -> String {
        let mut out = String::new();
        for (i, (_, align)) in self.headers.iter().enumerate() {
            let cell = clean(cells.get(i).map_or("", AsRef::as_ref));
            let pad = " ".repeat(self.widths[i].saturating_sub(cell.width()));
            match align {
                Align::Left => out.extend([&*cell, &pad]),
                Align::Right => out.extend([pad.as_str(), &cell]),
            }
            out.push_str("  ");
        }
        let mut out = clean(out.trim_end()).into_owned();
        out.push('\n');
        out
    }
}

/// Prints rows under headers.
pub fn table(headers: &[(&str, Align)], rows: &[Vec<String>]) {
    let mut columns = Columns::new(headers);
    rows.iter().for_each(|cells| columns.widen(cells));
    line(columns.head().trim_end());
    for cells in rows {
        line(columns.row(cells).trim_end());
    }
}
