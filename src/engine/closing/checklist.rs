//! The list that is gone through before a month is closed: what blocks it, what it is closed over knowingly,
//! and which list shows each.

use crate::domain::closing::{Row, Weight, left};
use crate::domain::month::Month;
use crate::domain::period::before;
use crate::domain::report::{ReportName, Tie};
use crate::engine::bill::unbilled;
use crate::engine::care::check;
use crate::engine::closing::pack;
use crate::engine::on_its_way::Sure;
use crate::engine::{Error, Session};
use crate::store::closing_list;
use crate::store::{Db, StoreError, bank_read};
use chrono::{Datelike, NaiveDate, Weekday};

/// Every row, done or not: what blocks first.
pub fn checklist(session: &Session, month: Month) -> Result<Vec<Row>, Error> {
    Ok(with_ties(session, month)?.0)
}

pub(super) type Ties = Vec<(ReportName, Tie)>;

/// The same with both sides of every tie.
pub(super) fn with_ties(session: &Session, month: Month) -> Result<(Vec<Row>, Ties), Error> {
    let bounds = pack::bounds(session, month)?;
    let to = bounds.span.to;
    let mut rows = session.read(|db| {
        let mut rows = closing_list::rows(db, bounds)?;
        rows.push(bank(db, to)?);
        Ok(rows)
    })?;
    let failed = check::check(session, "")?.into_iter().filter(|one| !one.ok);
    let failed: Vec<String> = failed.map(|one| one.name.to_owned()).collect();
    rows.push(row("checks", Weight::Blocks, "checks that fail", failed, "check"));
    let ties = pack::ties(session, month)?;
    let broken = ties.iter().filter(|(_, tie)| !tie.holds());
    let broken = broken.map(|(name, tie)| pack::told(*name, tie)).collect();
    rows.push(row("ties", Weight::Blocks, "reports that do not tie", broken, "report NAME"));
    let mut pending = 0;
    session.store.read(|db| {
        unbilled::each_pending(db, to, &mut |_| {
            pending += 1;
            Ok(())
        })
    })?;
    rows.push(Row {
        code: "usage_pending",
        weight: Weight::Warns,
        what: "records of usage that no bill takes yet",
        count: pending,
        named: Vec::new(),
        opens: format!("usage list --target {to}"),
    });
    rows.sort_by_key(|row| row.weight == Weight::Warns);
    Ok((rows, ties))
}

fn row(
    code: &'static str,
    weight: Weight,
    what: &'static str,
    named: Vec<String>,
    opens: &str,
) -> Row {
    Row { code, weight, what, count: named.len() as i64, named, opens: opens.to_owned() }
}

/// Banking days of the month that nobody read, where somebody ever said through which day the bank is read.
fn bank(db: &Db<'_>, to: NaiveDate) -> Result<Row, StoreError> {
    let mut named = Vec::new();
    if let Some(last) = bank_read::last(db)? {
        let mut day = Some(to);
        while let Some(on) = day.filter(|on| *on > last.through_on && on.month() == to.month()) {
            if !matches!(on.weekday(), Weekday::Sat | Weekday::Sun) {
                named.insert(0, on.to_string());
            }
            day = before(on);
        }
    }
    let what = "banking days of the month that are not read";
    Ok(row("bank_unread", Weight::Blocks, what, named, "bank read-until"))
}

/// Refuses what blocks; asks about what warns.
pub(super) fn passes(month: Month, rows: &[Row], sure: Sure) -> Result<(), Error> {
    let words = |weight| -> Vec<String> { left(rows, weight).map(Row::words).collect() };
    let blocks = words(Weight::Blocks);
    if !blocks.is_empty() {
        let opens: Vec<String> = left(rows, Weight::Blocks)
            .map(|row| format!("{}: daybook {}", row.code, row.opens))
            .collect();
        let message = format!("{month} cannot be closed yet: {}", blocks.join("; "));
        return Err(Error::usage("period_blocked", message, opens.join("; ")));
    }
    let warns = words(Weight::Warns);
    if sure == Sure::Ask && !warns.is_empty() {
        return Err(Error::NeedsYes { message: format!("{month}: {}", warns.join("; ")) });
    }
    Ok(())
}
