//! Months of the book: which are closed, and closing, reopening and locking one.

use crate::config::key;
use crate::domain::actor::Verb;
use crate::domain::book_period::{
    PeriodStatus, PeriodStep, Refusal, closable, lockable, reopenable,
};
use crate::domain::money::{Currency, Money};
use crate::domain::month::Month;
use crate::engine::care::settings::another_may;
use crate::engine::guard::four_eyes::{self, Deed, Eyes};
use crate::engine::on_its_way::Sure;
use crate::engine::review::picked::reason;
use crate::engine::{Error, Session};
use crate::store::book_period::{self, PeriodRow, Sealed, StepRow};
use crate::store::four_eyes::Object;
use crate::store::ledger::RECEIVABLE;
use crate::store::{Db, StoreError, Tx, settings};

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
    let through = book_period::shut_through(db)?;
    let status = match &row {
        Some(row) => row.status,
        // Before the first month that was closed.
        None if through.is_some_and(|through| month.span().to <= through) => PeriodStatus::Closed,
        None => PeriodStatus::Open,
    };
    Ok(Period { month, status, row, steps: book_period::steps(db, month)? })
}

/// How often a close begins anew because somebody booked in the month meanwhile.
const TRIES: usize = 5;

/// Closes a month: from then on nothing is booked in it. Gives what was sealed.
pub fn close(session: &mut Session, month: Month) -> Result<Sealed, Error> {
    let today = session.now()?.today;
    for _ in 0..TRIES {
        let sealed = session.store.read(|db| {
            closable(month, book_period::last(db)?, today)?;
            let is_first = book_period::list(db)?.first().is_none_or(|row| row.month >= month);
            Ok::<_, Error>(book_period::seal(db, month, is_first)?)
        })?;
        let done = four_eyes::write(session, Verb::Period, |tx, eyes| {
            closable(month, book_period::last(tx)?, tx.now().today)?;
            if book_period::is_moved(tx, &sealed)? {
                tx.quiet();
                return Ok(false);
            }
            let second = second_of_close(tx, eyes, month)?;
            book_period::close(tx, month, &sealed)?;
            book_period::enter_step(tx, month, PeriodStep::Close, "")?;
            tx.note(month, format!("closed: {} entries, {}{second}", sealed.entries, sealed.seal));
            Ok(true)
        })?;
        if done {
            return Ok(sealed);
        }
    }
    Err(Error::Busy(format!("somebody goes on booking in {month}")))
}

/// Asks a second person where more was billed in the month, in any currency, than one person may.
fn second_of_close(tx: &Tx<'_>, eyes: &Eyes, month: Month) -> Result<String, Error> {
    let config = settings::load(tx)?;
    let Some(limit) = config.decimal(key::FOUR_EYES_ABOVE) else { return Ok(String::new()) };
    let span = month.span();
    let sums = book_period::sums(tx, span.from, span.to)?;
    let above = sums
        .iter()
        .find(|s| s.account == RECEIVABLE && s.debit_minor > s.currency.whole_minor(limit));
    match above {
        Some(sum) => {
            ask(tx, eyes, (month, PeriodStep::Close), sum.currency.amount(sum.debit_minor), "")
        }
        None => Ok(String::new()),
    }
}

fn ask(
    tx: &Tx<'_>,
    eyes: &Eyes,
    (month, step): (Month, PeriodStep),
    money: Money,
    reason: &str,
) -> Result<String, Error> {
    let subject = format!("period {month}");
    let deed = Deed {
        object: Object::Period(month),
        subject: &subject,
        what: step.as_str(),
        with: step.as_str(),
        money,
        reason,
    };
    eyes.on(tx, &deed)
}

/// Reopens the last closed month, with a second person wherever there is one who may.
pub fn reopen(session: &mut Session, month: Month, why: &str) -> Result<(), Error> {
    let why = reason(why)?;
    four_eyes::write(session, Verb::Period, |tx, eyes| {
        reopenable(month, book_period::last(tx)?)?;
        let second = if another_may(tx, Verb::Period)? {
            ask(tx, eyes, (month, PeriodStep::Reopen), Currency::PLACEHOLDER.amount(0), why)?
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
