//! An account of which nothing is collected any more: it is insolvent, or the customer has died.

use super::follow_up::done;
use crate::domain::actor::Verb;
use crate::domain::ids::AccountId;
use crate::domain::stop::NewStop;
use crate::engine::command::Receipt;
use crate::engine::review::picked::short;
use crate::engine::{Error, Session};
use crate::store::{Db, stop};

/// Stops an account; what stood before gives way.
pub fn begin(session: &mut Session, new: &NewStop) -> Result<Receipt, Error> {
    let new = NewStop { reason: new.reason.trim().to_owned(), ..new.clone() };
    if new.reason.is_empty() {
        return Err(Error::usage("bad_text", "the reason is empty", "say where it is known from"));
    }
    short("the reason", &new.reason, 500)?;
    session.write(Verb::FollowUp, |tx| {
        let today = tx.now().today;
        if let Some(since) = new.since.filter(|since| *since > today) {
            let message = format!("{since} is still to come");
            return Err(Error::usage("bad_date", message, format!("at most today, {today}")));
        }
        let before = stop::open_of(tx, new.account)?;
        stop::insert(tx, &new)?;
        let since = new.since.unwrap_or(today);
        let instead = before.map(|stop| format!(", instead of {}", stop.kind)).unwrap_or_default();
        let words = format!("{} since {since}: {}{instead}", new.kind, new.reason);
        tx.note(&new.number, &words);
        Ok(done(format!(
            "{}: {words}; nothing of it is charged, retried or reminded, and no fee claimed",
            new.number
        )))
    })
}

/// It is over: the account is collected again.
pub fn end(
    session: &mut Session,
    account: AccountId,
    number: &str,
    why: &str,
) -> Result<Receipt, Error> {
    let why = why.trim();
    short("the reason", why, 500)?;
    session.write(Verb::FollowUp, |tx| {
        let Some(before) = stop::open_of(tx, account)? else {
            let message = format!("nothing stops {number}");
            let hint = format!("daybook account stop {number} insolvent --reason T stops it");
            return Err(Error::usage("over", message, hint));
        };
        stop::end(tx, account, why)?;
        let said = if why.is_empty() { String::new() } else { format!(": {why}") };
        let words = format!("no longer {}{said}", before.kind);
        tx.note(number, &words);
        Ok(done(format!("{number}: {words}; what is open is collected again")))
    })
}

/// Refuses an account that is stopped.
pub(super) fn not_stopped(db: &Db<'_>, id: AccountId, number: &str) -> Result<(), Error> {
    let Some(stop) = stop::open_of(db, id)? else { return Ok(()) };
    let message = format!("{number} is {}", stop.said());
    let hint = format!("daybook account stop {number} none if it is over");
    Err(Error::usage("stopped", message, hint))
}
