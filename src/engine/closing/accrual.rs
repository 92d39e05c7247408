//! What is delivered and not billed at a month's end, where the book accrues it: revenue of the month, taken
//! back on the first day of the next. Asked again only what differs is booked.

use crate::config::key;
use crate::domain::actor::Verb;
use crate::domain::money::Purse;
use crate::domain::month::Month;
use crate::engine::bill::unbilled;
use crate::engine::{Error, Session, Slices};
use crate::store::unbilled::{Accrued, accrue, accrued};

/// Accounts in one transaction.
const SLICE: usize = 500;

/// Accrues a month; gives what is accrued in all, nothing where the book does not.
pub(super) fn book(session: &mut Session, month: Month) -> Result<Purse, Error> {
    let on = month.span().to;
    if !session.config()?.is(key::UNBILLED_ACCRUAL) {
        return Ok(Purse::default());
    }
    let (wanted, had) = session.store.read(|db| {
        let mut wanted = Accrued::new();
        unbilled::each(db, on, &mut |one| {
            let key = (one.account, one.currency, one.revenue_account);
            *wanted.entry(key).or_default() += one.minor.unwrap_or(0);
            Ok(())
        })?;
        Ok::<_, Error>((wanted, accrued(db, on)?))
    })?;
    let mut more = wanted.clone();
    for (key, minor) in had {
        *more.entry(key).or_default() -= minor;
    }
    more.retain(|_, minor| *minor != 0);
    let all = Purse::of(wanted.iter().map(|((_, currency, _), minor)| currency.amount(*minor)))?;
    let more: Vec<_> = more.into_iter().collect();
    let mut deed = Slices::default();
    for slice in more.chunks(SLICE) {
        session.write_on(&mut deed, Verb::Period, |tx| {
            accrue(tx, on, slice.iter().map(|(key, minor)| (key, minor)))?;
            tx.note("unbilled", format!("{all} delivered by {on} and not billed: accrued"));
            Ok(())
        })?;
    }
    Ok(all)
}
