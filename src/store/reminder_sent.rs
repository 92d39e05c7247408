//! Reminders that were sent, or were to be, with what became of them at each address.

use super::face::Row;
use super::{Db, StoreError, Topic, Tx, reminder, word};
use crate::domain::ids::{AccountId, DocumentId, ReminderId};
use crate::domain::reminder::{ReminderCopyState, ReminderState};

/// A reminder to be sent.
#[derive(Debug, Clone)]
pub struct NewReminder<'a> {
    pub account: AccountId,
    pub emails: &'a [String],
    /// Each document with the level it has and the one it reaches.
    pub documents: Vec<(DocumentId, u32, u32)>,
    /// What stands behind the `@` of its Message-ID.
    pub domain: &'a str,
}

/// One address of a reminder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReminderCopy {
    pub seq: u32,
    pub address: String,
    /// `Message-ID` without brackets.
    pub message_id: String,
    pub state: ReminderCopyState,
    pub reply: String,
}

/// A reminder with its addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    pub id: ReminderId,
    pub account: AccountId,
    pub account_number: String,
    pub state: ReminderState,
    /// UTC milliseconds.
    pub made_at: i64,
    pub copies: Vec<ReminderCopy>,
    /// Numbers of what it was about.
    pub documents: Vec<String>,
}

/// Writes one down before it leaves: its documents have their new levels from now on.
pub fn insert(tx: &Tx<'_>, new: &NewReminder<'_>) -> Result<ReminderId, StoreError> {
    let now = tx.now().at_ms;
    tx.run(
        "INSERT INTO reminder (account_id, emails, state, made_at) VALUES (?1, ?2, 'sending', ?3)",
        (new.account.0, new.emails.join(";"), now),
    )?;
    let id = ReminderId(tx.last_key());
    let book: String = tx.one("SELECT substr(uid, 1, 12) FROM book", [], |r| r.get(0))?;
    let messages = messages(new.emails);
    let parts =
        messages.iter().enumerate().flat_map(|(part, to)| to.iter().map(move |to| (part, to)));
    for (seq, (part, address)) in parts.enumerate() {
        let message_id = match part {
            0 => format!("{id}.{book}@{}", new.domain),
            part => format!("{id}.{part}.{book}@{}", new.domain),
        };
        tx.run(
            "INSERT INTO reminder_copy (reminder_id, seq, address, message_id, state)
             VALUES (?1, ?2, ?3, ?4, 'sending')",
            (id.0, seq as i64, address, &message_id),
        )?;
    }
    for (document, before, level) in &new.documents {
        tx.run(
            "INSERT INTO reminder_document (reminder_id, document_id, level, level_before, before_at)
             SELECT ?1, document_id, ?3, ?4, reminded_at FROM document_state WHERE document_id = ?2",
            (id.0, document.0, level, before),
        )?;
        reminder::set(tx, *document, (*level, Some(now)))?;
    }
    Ok(id)
}

/// Addresses in one message; servers must take a hundred (RFC 5321, 4.5.3.1.8).
const MOST: usize = 50;

/// Its messages, each to some of the addresses: one for all, and one for each that not every server takes.
fn messages(emails: &[String]) -> Vec<Vec<&str>> {
    let mut all: Vec<Vec<&str>> = Vec::new();
    for address in emails {
        if all.iter().flatten().any(|there| there.eq_ignore_ascii_case(address)) {
            continue;
        }
        let joins = |to: &&mut Vec<&str>| {
            address.is_ascii() && to.len() < MOST && to.iter().all(|there| there.is_ascii())
        };
        match all.iter_mut().find(joins) {
            Some(to) => to.push(address),
            None => all.push(vec![address]),
        }
    }
    all
}

/// A reminder by its id.
pub fn get(db: &Db<'_>, id: ReminderId) -> Result<Option<Sent>, StoreError> {
    let found = db.opt(
        "SELECT r.account_id, a.number, r.state, r.made_at FROM reminder r
         JOIN account a ON a.id = r.account_id WHERE r.id = ?1",
        [id.0],
        |r| {
            Ok(Sent {
                id,
                account: AccountId(r.get(0)?),
                account_number: r.get(1)?,
                state: word(r, 2, ReminderState::parse)?,
                made_at: r.get(3)?,
                copies: Vec::new(),
                documents: Vec::new(),
            })
        },
    )?;
    let Some(mut sent) = found else { return Ok(None) };
    sent.copies = db.all(
        "SELECT seq, address, message_id, state, reply FROM reminder_copy WHERE reminder_id = ?1
         ORDER BY seq",
        [id.0],
        copy,
    )?;
    sent.documents = db.all(
        "SELECT d.number FROM reminder_document r JOIN document d ON d.id = r.document_id
         WHERE r.reminder_id = ?1 ORDER BY r.document_id",
        [id.0],
        |r| r.get(0),
    )?;
    Ok(Some(sent))
}

fn copy(r: &Row<'_>) -> Result<ReminderCopy, StoreError> {
    Ok(ReminderCopy {
        seq: r.get(0)?,
        address: r.get(1)?,
        message_id: r.get(2)?,
        state: word(r, 3, ReminderCopyState::parse)?,
        reply: r.get(4)?,
    })
}

/// The reminder that a message of this name is of; none where it is of another book, or of none.
pub fn of_message(db: &Db<'_>, message_id: &str) -> Result<Option<Sent>, StoreError> {
    let name = message_id.split('.').next().unwrap_or_default();
    let Some(id) = ReminderId::parse(name) else { return Ok(None) };
    let Some(mut sent) = get(db, id)? else { return Ok(None) };
    sent.copies.retain(|copy| copy.message_id == message_id);
    Ok(Some(sent).filter(|sent| !sent.copies.is_empty()))
}

/// What became of one address.
pub fn answer(
    tx: &Tx<'_>,
    id: ReminderId,
    (seq, state, reply): (u32, ReminderCopyState, &str),
) -> Result<(), StoreError> {
    tx.run(
        "UPDATE reminder_copy SET state = ?3, reply = ?4 WHERE reminder_id = ?1 AND seq = ?2",
        (id.0, seq, state.as_str(), reply),
    )?;
    tx.touch(Topic::Deliveries);
    Ok(())
}

/// Sums up what its addresses answered, and puts the levels of its documents back where nothing is out:
/// those that no later reminder has moved since. Gives the state.
pub fn sum_up(tx: &Tx<'_>, id: ReminderId) -> Result<ReminderState, StoreError> {
    use ReminderCopyState as S;
    let Some(sent) = get(tx, id)? else {
        return Err(StoreError::NotFound(id.to_string()));
    };
    let any = |states: &[S]| sent.copies.iter().any(|copy| states.contains(&copy.state));
    let state = if any(&[S::Sending]) {
        ReminderState::Sending
    } else if any(&[S::Sent, S::Unconfirmed]) {
        ReminderState::Sent
    } else if any(&[S::CameBack]) {
        ReminderState::CameBack
    } else {
        ReminderState::NotSent
    };
    tx.run("UPDATE reminder SET state = ?2 WHERE id = ?1", (id.0, state.as_str()))?;
    if matches!(state, ReminderState::NotSent | ReminderState::CameBack) {
        put_back(tx, id, sent.made_at)?;
    }
    Ok(state)
}

/// Whether a reminder of document `?1` at level `?2` and moment `?3` is out: two may be of one moment.
const OUT: &str = "EXISTS (SELECT 1 FROM reminder_document e JOIN reminder q ON q.id = e.reminder_id
    WHERE e.document_id = ?1 AND e.level = ?2 AND q.made_at = ?3 AND q.state IN ('sending','sent'))";

/// A document in a reminder.
type Step = (DocumentId, u32, u32, Option<i64>);

fn put_back(tx: &Tx<'_>, id: ReminderId, made_at: i64) -> Result<(), StoreError> {
    let steps: Vec<Step> = tx.all(
        "SELECT document_id, level, level_before, before_at FROM reminder_document WHERE reminder_id = ?1",
        [id.0],
        |r| Ok((DocumentId(r.get(0)?), r.get(1)?, r.get(2)?, r.get(3)?)),
    )?;
    for (document, level, before, before_at) in steps {
        let stands = tx.any(
            &format!(
                "SELECT 1 FROM document_state WHERE document_id = ?1 AND reminder_level = ?2
                 AND reminded_at = ?3 AND NOT {OUT}"
            ),
            (document.0, level, made_at),
        )?;
        if stands {
            reminder::set(tx, document, last_out(tx, document, (before, before_at))?)?;
        }
    }
    Ok(())
}

/// The level before, and when it was sent; if that came back too, the one before it.
fn last_out(
    tx: &Tx<'_>,
    document: DocumentId,
    mut last: (u32, Option<i64>),
) -> Result<(u32, Option<i64>), StoreError> {
    while let (1.., Some(at)) = last {
        let back: Option<(u32, Option<i64>)> = tx.opt(
            &format!(
                "SELECT d.level_before, d.before_at FROM reminder_document d
                 JOIN reminder r ON r.id = d.reminder_id
                 WHERE d.document_id = ?1 AND d.level = ?2 AND r.made_at = ?3
                   AND r.state IN ('not_sent','came_back') AND NOT {OUT} ORDER BY r.id LIMIT 1"
            ),
            (document.0, last.0, at),
            |r| Ok((r.get(0)?, r.get(1)?)),
        )?;
        match back {
            Some(before) => last = before,
            None => break,
        }
    }
    Ok(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_message_for_all_addresses_and_a_strange_one_goes_alone() {
        let of = |all: &[&str]| -> Vec<Vec<String>> {
            let all: Vec<String> = all.iter().map(|one| (*one).to_owned()).collect();
            messages(&all).iter().map(|to| to.iter().map(ToString::to_string).collect()).collect()
        };
        assert_eq!(
            of(&["a@x.example", "B@x.example", "A@x.example"]),
            [["a@x.example", "B@x.example"]]
        );
        assert_eq!(
            of(&["a@x.example", "ü@x.example", "b@x.example", "ö@x.example"]),
            [vec!["a@x.example", "b@x.example"], vec!["ü@x.example"], vec!["ö@x.example"]]
        );
        let many: Vec<String> = (0..120).map(|n| format!("c{n}@x.example")).collect();
        assert_eq!(messages(&many).iter().map(Vec::len).collect::<Vec<_>>(), [50, 50, 20]);
    }
}
