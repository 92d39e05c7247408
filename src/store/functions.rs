//! What our SQL can do that SQLite cannot by itself: search texts as people do.

use crate::domain::text::{holds, searchable};
use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;

/// Gives a connection the functions `folded(text)`, see [`searchable`], and `holds(words, text…)`: whether
/// one of the texts contains one of the folded words, which a unit separator parts.
pub(super) fn offer(conn: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8
        | FunctionFlags::SQLITE_DETERMINISTIC
        | FunctionFlags::SQLITE_INNOCUOUS;
    conn.create_scalar_function("folded", 1, flags, |ctx| {
        Ok(ctx.get::<Option<String>>(0)?.map(|text| searchable(&text)))
    })?;
    conn.create_scalar_function("holds", -1, flags, |ctx| {
        let text = |at: usize| ctx.get_raw(at).as_str_or_null().map(Option::unwrap_or_default);
        let words: Vec<&str> =
            if ctx.is_empty() { Vec::new() } else { text(0)?.split(WORD).collect() };
        for at in 1..ctx.len() {
            if holds(text(at)?, &words) {
                return Ok(true);
            }
        }
        Ok(false)
    })
}

/// What parts the words of `holds`.
pub(in crate::store) const WORD: char = '\u{1f}';
