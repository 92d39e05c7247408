//! Reports for people and programs: what is asked for is read from one view of the book, with the head of
//! its audit trail, so that a report can be shown to be of that book.

use crate::domain::report::{Asked, Cell, Summary};
use crate::domain::text::cell;
use crate::engine::{Error, Session};
use crate::store::{Db, StoreError, account, operation, report};

/// What a report is of and comes to.
#[derive(Debug, Clone)]
pub struct Reported {
    pub summary: Summary,
    /// The hash of the newest row of the audit trail, in hexadecimal.
    pub audit_head: String,
}

/// Reads a report and hands its rows over one by one. Whatever is asked for and is not there is refused.
pub fn read(
    session: &Session,
    asked: &Asked,
    take: &mut dyn FnMut(Vec<Cell>) -> Result<(), StoreError>,
) -> Result<Reported, Error> {
    session.store.read(|db| {
        if let Some(number) = &asked.account
            && account::find(db, number)?.is_none()
        {
            return Err(Error::usage(
                "unknown_account",
                format!("there is no account {number}"),
                "8 Accounts of the console lists them",
            ));
        }
        let summary = report::read(db, asked, take)?;
        let (_, head) = operation::head(db)?;
        let audit_head = head.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Reported { summary, audit_head })
    })
}

/// A report, or the part of it that stands behind a figure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    pub asked: Asked,
    /// Only rows that have these values in the columns of these names.
    pub only: Vec<(&'static str, String)>,
}

impl Wanted {
    fn keeps(&self, row: &[Cell]) -> bool {
        let columns = self.asked.name.columns(self.asked.detail);
        self.only.iter().all(|(name, value)| {
            let at = columns.iter().position(|column| column == name);
            at.and_then(|at| row.get(at)).is_none_or(|cell| cell.plain() == *value)
        })
    }
}

/// A report as a screen shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    pub of: Wanted,
    /// The first of them.
    pub rows: Vec<Vec<Cell>>,
    /// How many there are.
    pub all: usize,
    /// Of the whole report.
    pub summary: Summary,
}

/// Reads a report for a screen: so many of its rows, and how many there are.
pub fn sheet(db: &Db<'_>, of: &Wanted, most: usize) -> Result<Sheet, StoreError> {
    let (mut rows, mut all) = (Vec::new(), 0);
    let summary = report::read(db, &of.asked, &mut |row| {
        if of.keeps(&row) {
            all += 1;
            if rows.len() < most {
                rows.push(row);
            }
        }
        Ok(())
    })?;
    Ok(Sheet { of: of.clone(), rows, all, summary })
}

/// The report as CSV: a header and rows, no row of totals, so that a spreadsheet's own sum is right.
/// Gives how many rows.
pub fn csv(session: &Session, of: &Wanted) -> Result<(Reported, Vec<u8>, u64), Error> {
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    let bad = |e: ::csv::Error| StoreError::Conflict(e.to_string());
    writer.write_record(of.asked.name.columns(of.asked.detail)).map_err(bad)?;
    let mut rows = 0_u64;
    let done = read(session, &of.asked, &mut |row| {
        if !of.keeps(&row) {
            return Ok(());
        }
        rows += 1;
        let cells = row.iter().map(|one| match one {
            Cell::Text(text) => cell(text).into_owned(),
            Cell::Count(_) | Cell::Day(_) | Cell::Money(_) | Cell::Nothing => one.plain(),
        });
        writer.write_record(cells).map_err(bad)
    })?;
    let bytes = writer.into_inner().map_err(|e| Error::Bug(e.to_string()))?;
    Ok((done, bytes, rows))
}
