//! Through which day the bank is read: until then, what came by transfer may be owed still as the book
//! sees it, and be charged again.

use crate::config::{Config, key};
use crate::domain::actor::Verb;
use crate::domain::banking;
use crate::domain::reminder::Bank;
use crate::engine::command::Receipt;
use crate::engine::{Error, Session};
use crate::store::{Db, StoreError, bank, bank_read};
use chrono::{NaiveDate, NaiveTime};

/// The bank is read through a day that is over, or today; said anew it takes the place of what was said.
pub fn read_until(session: &mut Session, through: NaiveDate) -> Result<Receipt, Error> {
    session.write(Verb::FollowUp, |tx| {
        let today = tx.now().today;
        if through > today {
            let message = format!("{through} is still to come");
            return Err(Error::usage("bad_date", message, format!("at most today, {today}")));
        }
        bank_read::say(tx, through)?;
        let words = format!("the bank is read until {through}");
        tx.note("", &words);
        Ok(Receipt { summary: words, done: 1, ..Receipt::default() })
    })
}

/// How far it is read, where the book reads one at all.
pub fn state(db: &Db<'_>, config: &Config) -> Result<Bank, StoreError> {
    Ok(match bank_read::through(db)? {
        Some(day) => Bank::Through(day),
        None if config.get(key::DAY_BANK_BY).is_empty() && !bank::is_any(db)? => Bank::Nobody,
        None => Bank::Unread,
    })
}

/// Whether statements have all that a bank can have told by a day: what it booked on the banking day before.
pub fn is_told(read: Option<NaiveDate>, today: NaiveDate) -> bool {
    read.is_some_and(|read| read >= banking::before(today, 1))
}

/// That it is not read today, in words; empty where it is, or where nobody says so and no cut-off asks.
pub fn unread(session: &Session) -> Result<String, Error> {
    let config = session.config()?;
    let today = session.now()?.today;
    let (last, read) = session.read(|db| Ok((bank_read::last(db)?, bank::read_through(db)?)))?;
    let zone = config.zone();
    let since = zone.moment(today.and_time(NaiveTime::MIN)).timestamp_millis();
    if is_told(read, today) || last.as_ref().is_some_and(|last| last.said_at >= since) {
        return Ok(String::new());
    }
    Ok(match last.map(|last| last.through_on).max(read) {
        Some(through) => {
            format!("The bank is read until {through} only: what came since may be charged again.")
        }
        None if config.get(key::DAY_BANK_BY).is_empty() => String::new(),
        None => "The bank is not read yet: what came by transfer may be charged again.".to_owned(),
    })
}
