//! The journal for other bookkeeping programs.

use crate::domain::journal::{JournalFormat, JournalWriter};
use crate::engine::{Error, Session};
use crate::store::ledger;
use chrono::NaiveDate;
use std::io::Write;

/// Entries read at a time.
const PAGE: u32 = 5_000;

/// Writes the journal of a span of days (both ends included, none = open) into `out`, from one
/// consistent view of the book. Gives how many entries.
pub fn journal(
    session: &Session,
    format: JournalFormat,
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
    out: &mut dyn Write,
) -> Result<usize, Error> {
    session.store.read(|db| {
        let (accounts, first) = ledger::accounts(db)?;
        let mut writer = JournalWriter::new(format, &accounts, first.unwrap_or_default());
        let mut after = (first.unwrap_or_default().min(from.unwrap_or(NaiveDate::MAX)), 0, 0);
        let mut count = 0;
        loop {
            let page = ledger::page(db, after, from, to, PAGE)?;
            let Some((last, _)) = page.last() else { break };
            after = *last;
            count += page.len();
            for (_, entry) in page {
                writer.add(entry);
            }
            out.write_all(writer.take().as_bytes()).map_err(output)?;
        }
        out.write_all(writer.end().as_bytes()).map_err(output)?;
        Ok(count)
    })
}

fn output(source: std::io::Error) -> Error {
    Error::Io { path: "the output".into(), source }
}
