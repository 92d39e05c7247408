//! Reports for people and programs: what is asked for is read from one view of the book, with the head of
//! its audit trail, so that a report can be shown to be of that book.

use crate::domain::money::Currency;
use crate::domain::report::{Asked, Cell, ReportName, Summary};
use crate::domain::text::cell;
use crate::engine::bill::unbilled;
use crate::engine::{Error, Session};
use crate::store::{Db, StoreError, account, operation, report};
use std::collections::BTreeMap;

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
        let summary = read_in(db, asked, take)?;
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
pub fn sheet(db: &Db<'_>, of: &Wanted, most: usize) -> Result<Sheet, Error> {
    let (mut rows, mut all) = (Vec::new(), 0);
    let summary = read_in(db, &of.asked, &mut |row| {
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

/// The same from a view that is open, whatever is asked for being there.
pub(in crate::engine) fn read_in(
    db: &Db<'_>,
    asked: &Asked,
    take: &mut dyn FnMut(Vec<Cell>) -> Result<(), StoreError>,
) -> Result<Summary, Error> {
    let mut summary = match asked.name {
        ReportName::Unbilled => unbilled(db, asked, take)?,
        _ => report::read(db, asked, take)?,
    };
    // Sums of the ledger are of all currencies.
    summary.ties.retain(|tie| asked.currency.is_none_or(|only| only == tie.currency));
    Ok(summary)
}

/// What a run up to the day would bill and what drafts hold, as far as it is delivered; usage that no run
/// would bill yet has no amount.
fn unbilled(
    db: &Db<'_>,
    asked: &Asked,
    take: &mut dyn FnMut(Vec<Cell>) -> Result<(), StoreError>,
) -> Result<Summary, Error> {
    let mut sums = BTreeMap::<Currency, i64>::new();
    let wanted = |number: &str| asked.account.as_deref().is_none_or(|only| only == number);
    unbilled::each(db, asked.to, &mut |one| {
        if !wanted(&one.account_number) || asked.currency.is_some_and(|c| c != one.currency) {
            return Ok(());
        }
        let amount = one.minor.map_or(Cell::Nothing, |minor| one.currency.amount(minor).into());
        *sums.entry(one.currency).or_default() += one.minor.unwrap_or(0);
        take(vec![
            asked.to.into(),
            one.currency.code().into(),
            one.account_number.into(),
            one.charge.into(),
            one.service.from.into(),
            one.service.to.into(),
            amount,
            one.why.into(),
        ])?;
        Ok(())
    })?;
    unbilled::each_pending(db, asked.to, &mut |usage| {
        if !wanted(&usage.account) || asked.currency.is_some() {
            return Ok(());
        }
        let why = format!("{} {}: {}", usage.quantity.normalize(), usage.uom, usage.reason);
        take(vec![
            asked.to.into(),
            Cell::Nothing,
            usage.account.into(),
            Cell::Nothing,
            usage.start_on.into(),
            usage.start_on.into(),
            Cell::Nothing,
            why.into(),
        ])?;
        Ok(())
    })?;
    let totals = sums.into_iter().map(|(c, sum)| (c, vec![("unbilled".to_owned(), sum)]));
    Ok(Summary { totals: totals.collect(), ..Summary::default() })
}
