//! Reminders that came back: each address once. When it came back from all, it is as if it had never gone: its
//! levels are put back, and a person is told.

use super::told::{Booked, Told};
use crate::domain::actor::Verb;
use crate::domain::reminder::{ReminderCopyState as S, ReminderState};
use crate::engine::{Error, Session};
use crate::mail::bounce::{Became, Recipient, Report};
use crate::store::reminder_sent::{self, ReminderCopy, Sent};
use crate::store::{Tx, notice};

/// How long whoever sends a reminder may take to write down what became of it, ms.
const SENDING_MS: i64 = 10 * 60_000;

/// Books a report that is about a reminder; counts it as unknown where it is about none.
pub(super) fn book(session: &mut Session, report: &Report, told: &mut Told) -> Result<(), Error> {
    let found = session.read(|db| {
        for name in &report.of {
            if let Some(sent) = reminder_sent::of_message(db, name)? {
                return Ok(Some(sent));
            }
        }
        Ok(None)
    })?;
    let Some(sent) = found else {
        told.unknown += 1;
        return Ok(());
    };
    for to in &report.recipients {
        match session.write(Verb::Deliver, |tx| one(tx, &sent, to))? {
            Outcome::Done(all) => match (to.became, all.len()) {
                (Became::Delayed, _) => told.delayed.extend(all),
                (Became::Failed, 1) => told.bounced.extend(all),
                (Became::Failed, _) => told.unclear.extend(all),
            },
            Outcome::Seen => told.seen += 1,
            Outcome::Later => told.later += 1,
            Outcome::TooLate => told.too_late += 1,
        }
    }
    Ok(())
}

enum Outcome {
    Done(Vec<Booked>),
    Seen,
    Later,
    TooLate,
}

fn one(tx: &Tx<'_>, sent: &Sent, to: &Recipient) -> Result<Outcome, Error> {
    // Read again: another process may have booked it.
    let name = &sent.copies[0].message_id;
    let Some(sent) = reminder_sent::of_message(tx, name)? else {
        tx.quiet();
        return Ok(Outcome::TooLate);
    };
    let about = about(&sent, to);
    let outcome = if about.iter().all(|copy| copy.state == S::CameBack) {
        Outcome::Seen
    } else if sent.state == ReminderState::Sending && tx.now().at_ms - sent.made_at < SENDING_MS {
        Outcome::Later
    } else {
        match about.as_slice() {
            [one] => came_back(tx, &sent, one, to)?,
            several => one_of(tx, &sent, several, to)?,
        }
    };
    if !matches!(outcome, Outcome::Done(_)) {
        tx.quiet();
    }
    Ok(outcome)
}

/// The addresses that a report may be about: the one it names; else, the message having gone on to another,
/// any.
fn about<'s>(sent: &'s Sent, to: &Recipient) -> Vec<&'s ReminderCopy> {
    let at = |address: &str| sent.copies.iter().find(|c| c.address.eq_ignore_ascii_case(address));
    match at(&to.address).or_else(|| at(&to.first_address)) {
        Some(copy) => vec![copy],
        None => sent.copies.iter().collect(),
    }
}

fn came_back(
    tx: &Tx<'_>,
    sent: &Sent,
    copy: &ReminderCopy,
    to: &Recipient,
) -> Result<Outcome, Error> {
    let (id, number) = (sent.id, &sent.account_number);
    let out = matches!(copy.state, S::Sending | S::Sent | S::Unconfirmed);
    if !out {
        return Ok(Outcome::TooLate);
    }
    let booked = booked(sent, copy, to);
    if to.became == Became::Delayed {
        let words = format!("delayed: {}", to.reason);
        if copy.reply == words {
            return Ok(Outcome::Seen);
        }
        reminder_sent::answer(tx, id, (copy.seq, copy.state, &words))?;
        tx.note(number, format!("{id} to {} is delayed: {}", copy.address, to.reason));
        return Ok(Outcome::Done(vec![booked]));
    }
    let words = format!("came back: {}", to.reason);
    reminder_sent::answer(tx, id, (copy.seq, S::CameBack, &words))?;
    let state = reminder_sent::sum_up(tx, id)?;
    let (address, of) = (&copy.address, sent.documents.join(", "));
    let (then, key) = match state {
        ReminderState::CameBack => (
            format!("the reminder of {of} reached nobody, and its level is put back"),
            id.to_string(),
        ),
        ReminderState::Sending | ReminderState::Sent | ReminderState::NotSent => {
            ("it went to the account's other address".to_owned(), format!("{id} {address}"))
        }
    };
    let text = format!("{number}: {id} to {address} {words}; {then}: correct the address");
    notice::task(tx, &format!("reminder {key}"), number, &text)?;
    tx.note(number, format!("{id} to {address} {words}"));
    Ok(Outcome::Done(vec![booked]))
}

/// A report that names none of several addresses: their states stay, and a person is told once.
fn one_of(
    tx: &Tx<'_>,
    sent: &Sent,
    several: &[&ReminderCopy],
    to: &Recipient,
) -> Result<Outcome, Error> {
    let what = match to.became {
        Became::Failed => "came back",
        Became::Delayed => "is delayed",
    };
    let count = several.len();
    let words = format!("one of {count} addresses {what} ({}): {}", to.address, to.reason);
    if several.iter().all(|copy| copy.reply == words) {
        return Ok(Outcome::Seen);
    }
    let (id, number) = (sent.id, &sent.account_number);
    for copy in several {
        reminder_sent::answer(tx, id, (copy.seq, copy.state, &words))?;
    }
    if to.became == Became::Failed {
        let text = format!("{number}: {id}: {words}: ask for the address");
        notice::task(tx, &format!("reminder {id} {}", to.address), number, &text)?;
    }
    tx.note(number, format!("{id}: {words}"));
    Ok(Outcome::Done(several.iter().map(|copy| booked(sent, copy, to)).collect()))
}

fn booked(sent: &Sent, copy: &ReminderCopy, to: &Recipient) -> Booked {
    Booked {
        id: sent.id.to_string(),
        document: sent.documents.join(", "),
        account_number: sent.account_number.clone(),
        address: copy.address.clone(),
        reason: to.reason.clone(),
    }
}
