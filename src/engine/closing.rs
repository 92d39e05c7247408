//! Months of the book: which are closed, and closing, reopening and locking one.

mod accrual;
pub mod ahead;
mod checklist;
pub mod pack;
mod release;

pub use checklist::checklist;
pub use release::{Released, release};

use crate::config::key;
use crate::domain::actor::Verb;
use crate::domain::book_period::{
    PeriodStatus, PeriodStep, Refusal, closable, lockable, reopenable,
};
use crate::domain::money::{Currency, Money, Purse};
use crate::domain::month::Month;
use crate::engine::care::settings::another_may;
use crate::engine::guard::four_eyes::{self, Ahead, Deed, Eyes};
use crate::engine::on_its_way::Sure;
use crate::engine::review::picked::reason;
use crate::engine::{Error, Session};
use crate::store::book_period::{self, PeriodRow, ReportRow, Sealed, StepRow, Sum};
use crate::store::four_eyes::Object;
use crate::store::hold::Work;
use crate::store::ledger::RECEIVABLE;
use crate::store::{BookKind, Db, StoreError, Tx, role, settings};
use chrono::NaiveDate;
use std::path::PathBuf;

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::usage(refusal.code, refusal.message, refusal.hint)
    }
}

/// A month as people see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Period {
    pub month: Month,
    pub status: PeriodStatus,
    /// What the seal is of, once it was closed.
    pub row: Option<PeriodRow>,
    /// What was done to it, oldest first.
    pub steps: Vec<StepRow>,
    /// Its reports as they stood when it was closed.
    pub reports: Vec<ReportRow>,
}

/// Months from the first closed one (where none is: from the first that is booked in) to today's, newest
/// first.
pub fn list(session: &Session) -> Result<Vec<Period>, Error> {
    let today = Month::of(session.now()?.today);
    session.read(|db| {
        let rows = book_period::list(db)?;
        let (booked, last) = book_period::booked(db)?.unwrap_or((today, today));
        let first = rows.first().map_or(booked, |row| row.month);
        let mut found = Vec::new();
        let mut next = Some(first);
        while let Some(month) = next.filter(|month| *month <= last.max(today)) {
            found.push(period(db, month)?);
            next = month.later(1);
        }
        found.reverse();
        Ok(found)
    })
}

/// One month.
pub fn show(session: &Session, month: Month) -> Result<Period, Error> {
    session.read(|db| period(db, month))
}

fn period(db: &Db<'_>, month: Month) -> Result<Period, StoreError> {
    let row = book_period::get(db, month)?;
    let shut = book_period::shut_through(db)?.is_some_and(|through| month.span().to <= through);
    let status = match &row {
        // It was opened again, and closed with a later one.
        Some(row) if row.status == PeriodStatus::Open && shut => PeriodStatus::Closed,
        Some(row) => row.status,
        // Before the first month that was closed.
        None if shut => PeriodStatus::Closed,
        None => PeriodStatus::Open,
    };
    let (steps, reports) = (book_period::steps(db, month)?, book_period::reports(db, month)?);
    Ok(Period { month, status, row, steps, reports })
}

/// How often a close begins anew because somebody booked in the month meanwhile.
const TRIES: usize = 5;

/// What closing a month did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    pub released: Released,
    /// What is delivered and not billed, where the book accrues it.
    pub accrued: Purse,
    pub sealed: Sealed,
    /// Where the pack lies.
    pub pack: PathBuf,
}

/// Closes a month: from then on nothing is booked in it. What its service days earned is released first, then
/// its reports are written into the pack from one view of the book; where somebody books in the month
/// meanwhile they are written anew. What a process that died had released is not released again.
pub fn close(session: &mut Session, month: Month, sure: Sure) -> Result<Closed, Error> {
    let Some(_hold) = session.store.hold(Work::Closing)? else {
        return Err(Error::Busy("another process is closing a month".to_owned()));
    };
    let today = judged_on(session, month)?;
    let who = (session.actor.uid, session.now()?.at_ms);
    session.read(|db| role::authorize(db, &session.actor, Verb::Period))?;
    session.store.read(|db| Ok::<_, Error>(closable(month, book_period::last(db)?, today)?))?;
    checklist::passes(month, &checklist::checklist(session, month)?, sure)?;
    let span = month.span();
    let sums = session.read(|db| book_period::sums(db, span.from, span.to))?;
    let asks = session.store.read(|db| match money_of_close(db, &sums)? {
        Some(money) => {
            let subject = format!("period {month}");
            let deed = deed((month, PeriodStep::Close), &subject, money, "");
            let ahead = four_eyes::foretell(db, who, Verb::Period, &deed)?;
            Ok::<_, Error>(matches!(ahead, Ahead::Asks(_)))
        }
        None => Ok(false),
    })?;
    if asks {
        // Nothing is done before somebody else asks for the same: this records that, and is refused.
        four_eyes::write(session, Verb::Period, |tx, eyes| {
            second_of_close(tx, eyes, (month, &sums))
        })?;
    }
    let released = release(session, span.to)?;
    let accrued = accrual::book(session, month)?;
    for _ in 0..TRIES {
        let is_first = session
            .read(|db| Ok(book_period::list(db)?.first().is_none_or(|row| row.month >= month)))?;
        let pack = pack::write(session, month, is_first)?;
        if !pack.broken.is_empty() {
            let words = format!("{month} cannot be closed: {}", pack.broken.join("; "));
            pack.drop();
            return Err(Error::CheckFailed(words));
        }
        let done = four_eyes::write(session, Verb::Period, |tx, eyes| {
            closable(month, book_period::last(tx)?, today)?;
            if book_period::is_moved(tx, &pack.sealed)? {
                tx.quiet();
                return Ok(false);
            }
            let second = second_of_close(tx, eyes, (month, &pack.sealed.sums))?;
            book_period::close(tx, month, &pack.sealed)?;
            book_period::keep_reports(tx, month, &pack.reports)?;
            book_period::enter_step(tx, month, PeriodStep::Close, "")?;
            let Sealed { entries, seal, .. } = &pack.sealed;
            tx.note(month, format!("closed: {entries} entries, {seal}{second}"));
            pack.settle()?;
            Ok(true)
        });
        match done {
            Ok(true) => {
                let place = pack::place(session, month);
                return Ok(Closed { released, accrued, sealed: pack.sealed, pack: place });
            }
            Ok(false) => pack.drop(),
            Err(error) => {
                pack.drop();
                return Err(error);
            }
        }
    }
    Err(Error::Busy(format!("somebody goes on booking in {month}")))
}

/// Why a month cannot be closed whatever is done about its list: it is not over, is closed, or others come first.
pub fn refusal(session: &Session, month: Month) -> Result<Option<Refusal>, Error> {
    let today = judged_on(session, month)?;
    session.read(|db| Ok(closable(month, book_period::last(db)?, today).err()))
}

/// The day by which it is judged whether a month is over. A test book without a clock of its own plays days in
/// any order: there each month is, unless a moment is named.
fn judged_on(session: &Session, month: Month) -> Result<NaiveDate, Error> {
    let (facts, today) = (session.read(settings::facts)?, session.now()?.today);
    let plays = facts.kind == BookKind::Test && facts.clock_at.is_none();
    let next = month.later(1).map_or(today, |next| next.span().from);
    Ok(if plays && session.fixed_now.is_none() { today.max(next) } else { today })
}

/// What was billed in the month, in the first currency in which it is more than one person may do alone.
fn money_of_close(db: &Db<'_>, sums: &[Sum]) -> Result<Option<Money>, StoreError> {
    let Some(limit) = settings::load(db)?.decimal(key::FOUR_EYES_ABOVE) else { return Ok(None) };
    let above = sums
        .iter()
        .find(|s| s.account == RECEIVABLE && s.debit_minor > s.currency.whole_minor(limit));
    Ok(above.map(|sum| sum.currency.amount(sum.debit_minor)))
}

/// Asks a second person where more was billed in the month, in any currency, than one person may.
fn second_of_close(
    tx: &Tx<'_>,
    eyes: &Eyes,
    (month, sums): (Month, &[Sum]),
) -> Result<String, Error> {
    match money_of_close(tx, sums)? {
        Some(money) => {
            let subject = format!("period {month}");
            eyes.on(tx, &deed((month, PeriodStep::Close), &subject, money, ""))
        }
        None => Ok(String::new()),
    }
}

fn deed<'a>(
    (month, step): (Month, PeriodStep),
    subject: &'a str,
    money: Money,
    reason: &'a str,
) -> Deed<'a> {
    let (object, what) = (Object::Period(month), step.as_str());
    Deed { object, subject, what, with: what, money, reason }
}

/// Reopens the last closed month, with a second person wherever there is one who may.
pub fn reopen(session: &mut Session, month: Month, why: &str) -> Result<(), Error> {
    let why = reason(why)?;
    four_eyes::write(session, Verb::Period, |tx, eyes| {
        reopenable(month, book_period::last(tx)?)?;
        let second = if another_may(tx, Verb::Period)? {
            let (subject, nothing) = (format!("period {month}"), Currency::PLACEHOLDER.amount(0));
            eyes.on(tx, &deed((month, PeriodStep::Reopen), &subject, nothing, why))?
        } else {
            String::new()
        };
        book_period::set_status(tx, month, PeriodStatus::Open)?;
        book_period::enter_step(tx, month, PeriodStep::Reopen, why)?;
        tx.note(month, format!("reopened ({why}){second}"));
        Ok(())
    })
}

/// Locks a closed month for good: it was filed.
pub fn lock(session: &mut Session, month: Month, sure: Sure) -> Result<(), Error> {
    let reports = session.read(|db| book_period::reports(db, month))?;
    let changed = pack::changed(session, month, &reports)?;
    if !changed.is_empty() {
        return Err(Error::usage(
            "pack_changed",
            format!("the pack of {month} is not as it was sealed: {}", changed.join("; ")),
            "put the files back, or reopen the month and close it again: its pack is written anew",
        ));
    }
    session.write(Verb::Period, |tx| {
        let status = book_period::get(tx, month)?.map_or(PeriodStatus::Open, |row| row.status);
        lockable(month, status)?;
        if sure == Sure::Ask {
            let message = format!("{month} is locked for good: nobody reopens it then");
            return Err(Error::NeedsYes { message });
        }
        book_period::set_status(tx, month, PeriodStatus::Locked)?;
        book_period::enter_step(tx, month, PeriodStep::Lock, "")?;
        tx.note(month, "locked");
        Ok(())
    })
}
