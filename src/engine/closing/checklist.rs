//! The list that is gone through before a month is closed: what blocks it, what it is closed over knowingly,
//! and which list shows each.

use crate::domain::bank::StatementState;
use crate::domain::banking;
use crate::domain::closing::{Row, Weight, left};
use crate::domain::month::Month;
use crate::domain::period::before;
use crate::domain::report::{ReportName, Tie};
use crate::engine::bill::unbilled;
use crate::engine::care::check;
use crate::engine::closing::pack;
use crate::engine::on_its_way::Sure;
use crate::engine::{Error, Session};
use crate::store::bank::{self as banks, statement};
use crate::store::{Db, StoreError, bank_read, closing_list};
use chrono::{Datelike, NaiveDate};

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
        rows.extend(bank(db, bounds)?);
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

/// Statements with something missing before them, and what of the month is not read: of every bank account that
/// there was by then, unless a clerk says that it is; where there is none, the clerk's word alone.
fn bank(db: &Db<'_>, bounds: closing_list::Bounds) -> Result<[Row; 2], StoreError> {
    let to = bounds.span.to;
    let (mut missing, mut unread) = (Vec::new(), Vec::new());
    let said = bank_read::last(db)?.map(|last| last.through_on);
    // The month's last banking day.
    let last = if banking::is_open(to) { to } else { banking::before(to, 1) };
    let accounts = banks::all(db)?;
    for account in &accounts {
        let all = statement::of_account(db, account.id)?;
        let gaps = statement::gaps_in(&all).into_iter().filter(|gap| gap.statement.from <= to);
        missing.extend(gaps.map(|gap| format!("{} before {}", account.name, gap.statement.name)));
        let broken = |one: &&statement::StatementRow| {
            one.state == StatementState::Reading && one.is_booked() && one.from <= to
        };
        let broken = all.iter().filter(broken);
        missing.extend(broken.map(|one| format!("{}: {} to its end", account.name, one.name)));
        let read = statement::read_through(&all);
        let is_due = !all.is_empty() || account.added_at_ms < bounds.end_ms;
        if is_due && read.max(said).is_none_or(|read| read < last) {
            unread.push(match read {
                Some(read) => format!("{} is read until {read}", account.name),
                None => format!("{} is not read", account.name),
            });
        }
    }
    let gaps = row(
        "statements_missing",
        Weight::Blocks,
        "statements of banks that are missing or broke off",
        missing,
        "bank account list",
    );
    let (what, opens) = if accounts.is_empty() {
        unread = days_unread(said, to);
        ("banking days of the month that are not read", "bank read-until")
    } else {
        ("bank accounts whose statements do not reach the month's last banking day", "bank import")
    };
    Ok([gaps, row("bank_unread", Weight::Blocks, what, unread, opens)])
}

/// Banking days of the month that nobody read, where somebody ever said through which day the bank is read.
fn days_unread(said: Option<NaiveDate>, to: NaiveDate) -> Vec<String> {
    let mut named = Vec::new();
    if let Some(said) = said {
        let mut day = Some(to);
        while let Some(on) = day.filter(|on| *on > said && on.month() == to.month()) {
            if banking::is_open(on) {
                named.insert(0, on.to_string());
            }
            day = before(on);
        }
    }
    named
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
