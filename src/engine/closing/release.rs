//! Deferred revenue is released: at each month's end what the service days up to it have earned, in slices
//! that each stand. What was released is not released again, however often it is asked for.

use crate::domain::actor::Verb;
use crate::domain::money::Purse;
use crate::domain::month::Month;
use crate::domain::period::is_month_end;
use crate::engine::pace::Pace;
use crate::engine::{Error, Session, Slices};
use crate::store::deferral::{self, OpenLine};
use crate::store::{BookKind, Db, StoreError, Tx, book_period, settings};
use chrono::NaiveDate;
use std::time::Duration;

/// A write lock is to be held about this long.
const LOCK: Duration = Duration::from_millis(40);
/// Lines in the first slice, and at most.
const FIRST: u32 = 200;
const MOST: u32 = 4_000;

/// What was released.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Released {
    /// How often something was released of a line.
    pub count: u64,
    pub totals: Purse,
}

/// Releases what is earned by the end of a day: of each month that is open, on its last day; of the month
/// of the day on that day.
pub fn release(session: &mut Session, through: NaiveDate) -> Result<Released, Error> {
    let today = session.now()?.today;
    let kind = session.read(settings::facts)?.kind;
    if through > today && kind == BookKind::Real {
        let words = format!("{through} is still to come");
        return Err(Error::usage("bad_date", words, format!("at most today, {today}")));
    }
    let mut done = Released::default();
    let mut deed = Slices::default();
    for on in session.read(|db| days(db, through))? {
        on_day(session, &mut deed, on, &mut done)?;
    }
    Ok(done)
}

/// The days on which something is released.
fn days(db: &Db<'_>, through: NaiveDate) -> Result<Vec<NaiveDate>, StoreError> {
    book_period::refuse(db, through)?;
    let Some(first) = deferral::first_booked(db)? else { return Ok(Vec::new()) };
    let open = book_period::first_open(db)?.map_or(first, |open| open.max(first));
    let mut days = Vec::new();
    let mut next = Some(Month::of(open));
    while let Some(end) = next.map(|month| month.span().to).filter(|end| *end <= through) {
        days.push(end);
        next = Month::of(end).later(1);
    }
    if !is_month_end(through) {
        days.push(through);
    }
    Ok(days)
}

/// The next slice of what is due on a day, and where it ends; none at the end.
type Next = Option<(Vec<(OpenLine, i64)>, i64)>;

fn next(db: &Db<'_>, on: NaiveDate, after: i64, limit: u32) -> Result<Next, StoreError> {
    let mut after = after;
    loop {
        let lines = deferral::next_open(db, on, after, limit)?;
        let Some(last) = lines.last().map(|line| line.item) else { return Ok(None) };
        let due = |line: OpenLine| {
            let due = line.deferred.due(on);
            (due != 0).then_some((line, due))
        };
        let due: Vec<(OpenLine, i64)> = lines.into_iter().filter_map(due).collect();
        if !due.is_empty() {
            return Ok(Some((due, last)));
        }
        after = last;
    }
}

fn on_day(
    session: &mut Session,
    deed: &mut Slices,
    on: NaiveDate,
    done: &mut Released,
) -> Result<(), Error> {
    let mut pace = Pace::new(FIRST, MOST, LOCK);
    let mut after = 0;
    loop {
        // Most lines have nothing due once a month is released: that is seen without the lock.
        if session.read(|db| next(db, on, after, pace.size()))?.is_none() {
            return Ok(());
        }
        let limit = pace.size();
        let slice = session.write_on(deed, Verb::Period, |tx| {
            let Some((lines, last)) = next(tx, on, after, limit)? else {
                tx.quiet();
                return Ok(None);
            };
            deferral::release(tx, on, &lines)?;
            note(tx, on, &lines, done)?;
            Ok(Some((lines.len(), last)))
        })?;
        let Some((count, last)) = slice else { return Ok(()) };
        pace.held(count, session.store.last_held());
        after = last;
    }
}

fn note(
    tx: &Tx<'_>,
    on: NaiveDate,
    lines: &[(OpenLine, i64)],
    done: &mut Released,
) -> Result<(), Error> {
    for (line, due) in lines {
        done.count += 1;
        done.totals.add(line.currency.amount(*due))?;
    }
    tx.note("deferred revenue", format!("released through {on}: {} so far", done.totals));
    Ok(())
}
