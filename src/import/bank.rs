//! Files of banks to statements of entries, known by what they hold: camt (XML), MT940 (lines), payments.csv.
//!
//! A file is read through once, entry by entry; who reads it keeps of it what it needs. A bad entry is handed
//! over as such: it refuses its statement, no other. What is no such file, or ends too early, is one error.

mod camt;
mod csv;
mod mt940;
pub mod payout;
mod raw;
mod xml;

use raw::io;
pub use raw::{Amount, BadFile, RawDetail, RawEntry, Seen, Stopped, Take};
use std::io::{BufRead, BufReader, Read};

/// Reads a file through.
pub fn walk<E>(input: impl Read, take: Take<'_, E>) -> Result<(), Stopped<E>> {
    let mut input = BufReader::with_capacity(1 << 16, input);
    let begin = input.fill_buf().map_err(|e| io(&e))?;
    let text = String::from_utf8_lossy(begin.get(..begin.len().min(512)).unwrap_or_default());
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if text.is_empty() {
        return Err(BadFile::whole("the file is empty", "name a file of the bank").into());
    }
    if text.starts_with('<') {
        camt::walk(input, take)
    } else if text.starts_with('{') || text.starts_with(':') {
        mt940::walk(input, take)
    } else {
        csv::walk(input, take)
    }
}

#[cfg(test)]
mod tests;
