//! What a clerk does to copies: recall, send now, try again, another copy, another way, confirm.
//!
//! Each takes many deliveries; what can take the step does, the rest is refused with its state.

use crate::domain::actor::Verb;
use crate::domain::ids::{BillRunId, DeliveryId};
use crate::domain::payment::{Channel, DeliveryStatus};
use crate::engine::command::{Receipt, Refused};
use crate::engine::deliver::copies::{When, domain, ensure_job, open_press};
use crate::engine::deliver::envelope::{self, Again, Post};
use crate::engine::printed::printable;
use crate::engine::{Error, Session};
use crate::store::delivery::{Filter, NewDelivery};
use crate::store::{self, StoreError, Tx};

/// One step for many deliveries: what can take it does, the rest is refused with its state.
fn steps(
    session: &mut Session,
    ids: &[DeliveryId],
    verb: &str,
    mut step: impl FnMut(&Tx<'_>, DeliveryId) -> Result<Result<(), String>, Error>,
) -> Result<Receipt, Error> {
    let mut receipt = session.write(Verb::Deliver, |tx| {
        let mut receipt = Receipt::default();
        for id in ids {
            match step(tx, *id) {
                Ok(Ok(())) => receipt.done += 1,
                Ok(Err(reason)) => receipt.refused.push(Refused { what: id.to_string(), reason }),
                Err(Error::Store(StoreError::NotFound(_))) => {
                    let reason = "there is no such delivery".to_owned();
                    receipt.refused.push(Refused { what: id.to_string(), reason });
                }
                Err(error) => return Err(error),
            }
        }
        receipt.summary = format!("{verb} {}", receipt.done);
        if receipt.done == 0 {
            tx.quiet();
        }
        let subject = ids.first().map(ToString::to_string).unwrap_or_default();
        tx.note(subject, format!("deliveries: {}", receipt.summary));
        Ok(receipt)
    })?;
    receipt.job = ensure_job(session)?;
    Ok(receipt)
}

/// Moves a copy, or says why not.
fn moved(
    tx: &Tx<'_>,
    id: DeliveryId,
    next: DeliveryStatus,
    reason: &str,
    at: Option<i64>,
) -> Result<Result<(), String>, Error> {
    let result = store::delivery::step(tx, id, next, reason, at)?;
    Ok(result.map(|_| ()).map_err(|is| format!("it is {is}")))
}

/// Takes copies back that have not left.
pub fn recall(session: &mut Session, ids: &[DeliveryId]) -> Result<Receipt, Error> {
    let who = session.actor.name.clone();
    steps(session, ids, "recalled", |tx, id| {
        let row = store::delivery::get(tx, id)?;
        let taken = moved(tx, id, DeliveryStatus::Recalled, &format!("recalled by {who}"), None)?;
        Ok(taken.and_then(|()| match row.ends(DeliveryStatus::Recalled) {
            DeliveryStatus::Recalled => Ok(()),
            status => Err(format!("it does not go again, but a try may have arrived: {status}")),
        }))
    })
}

/// Ends the hold of queued e-mail: it leaves now.
pub fn send_now(session: &mut Session, ids: &[DeliveryId]) -> Result<Receipt, Error> {
    steps(session, ids, "released", |tx, id| {
        let row = store::delivery::get(tx, id)?;
        if row.channel == Channel::Print {
            return Ok(Err("it is printed, not sent: use deliver --print".into()));
        }
        match row.status {
            DeliveryStatus::Queued | DeliveryStatus::Deferred => {
                store::delivery::set_not_before(tx, id, tx.now().at_ms)?;
                Ok(Ok(()))
            }
            DeliveryStatus::Held => moved(tx, id, DeliveryStatus::Queued, "", Some(tx.now().at_ms)),
            status => Ok(Err(format!("it is {status}"))),
        }
    })
}

/// Tries again what was never sent, under its old name: bounced, deferred, recalled, held, or
/// (a person decides) unconfirmed. Where the account has another address by now, it goes there.
pub fn retry(session: &mut Session, ids: &[DeliveryId]) -> Result<Receipt, Error> {
    let press = open_press()?;
    let post = Post::of(&session.config()?, When::Now);
    steps(session, ids, "queued again", |tx, id| {
        let row = store::delivery::get(tx, id)?;
        match row.status {
            DeliveryStatus::Sent
            | DeliveryStatus::Printed
            | DeliveryStatus::Queued
            | DeliveryStatus::Sending => {}
            _ => match envelope::again(tx, press, id, &post)? {
                Again::Here => {}
                Again::Elsewhere => return Ok(Ok(())),
                Again::Not(why) => return Ok(Err(why)),
            },
        }
        match row.status {
            DeliveryStatus::Sent | DeliveryStatus::Printed => {
                Ok(Err(format!("it is {}; deliver --resend all makes another copy", row.status)))
            }
            DeliveryStatus::Impossible => Ok(Err(format!("it cannot go: {}", row.last_reply))),
            DeliveryStatus::Suppressed => Ok(Err(format!("it is not wanted: {}", row.last_reply))),
            DeliveryStatus::Queued | DeliveryStatus::Sending => {
                Ok(Err(format!("it is {} already", row.status)))
            }
            DeliveryStatus::Held
            | DeliveryStatus::Deferred
            | DeliveryStatus::Bounced
            | DeliveryStatus::Unconfirmed
            | DeliveryStatus::Recalled
            | DeliveryStatus::Written => {
                moved(tx, id, DeliveryStatus::Queued, "", Some(tx.now().at_ms))
            }
        }
    })
}

/// What a resend takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resend {
    /// Only what was never sent: bounced or recalled.
    NeverSent,
    /// Everything that ended, out or not.
    All,
}

/// Sends again: what never left goes under its old name, what did is made as another copy; to the
/// address that the account has now. Either waits out the hold like any e-mail, so that a slip can
/// be recalled.
pub fn resend(
    session: &mut Session,
    ids: &[DeliveryId],
    what: Resend,
    when: When,
) -> Result<Receipt, Error> {
    let press = open_press()?;
    let post = Post::of(&session.config()?, when);
    steps(session, ids, "sent again", |tx, id| {
        let row = store::delivery::get(tx, id)?;
        let wait = if row.channel == Channel::Email { post.hold_ms } else { 0 };
        let at = Some(tx.now().at_ms + wait);
        let takes = match row.status {
            DeliveryStatus::Bounced | DeliveryStatus::Recalled => true,
            DeliveryStatus::Unconfirmed | DeliveryStatus::Sent | DeliveryStatus::Printed => {
                what == Resend::All
            }
            _ => false,
        };
        if takes {
            match envelope::again(tx, press, id, &post)? {
                Again::Here => {}
                Again::Elsewhere => return Ok(Ok(())),
                Again::Not(why) => return Ok(Err(why)),
            }
        }
        match (row.status, what) {
            (DeliveryStatus::Bounced | DeliveryStatus::Recalled, _)
            | (DeliveryStatus::Unconfirmed, Resend::All) => {
                moved(tx, id, DeliveryStatus::Queued, "", at)
            }
            (DeliveryStatus::Sent | DeliveryStatus::Printed, Resend::All) => {
                let new = NewDelivery {
                    document: row.document,
                    account: row.account,
                    channel: row.channel,
                    address: &row.address,
                    status: DeliveryStatus::Queued,
                    reason: "",
                    not_before_at: tx.now().at_ms + wait,
                    domain: &post.domain,
                };
                store::delivery::insert(tx, &new)?;
                Ok(Ok(()))
            }
            (status, _) => Ok(Err(format!("it is {status}"))),
        }
    })
}

/// The deliveries a resend of a run (or of everything) concerns: the last copy to each address.
pub fn resendable(
    session: &Session,
    run: Option<BillRunId>,
    what: Resend,
) -> Result<Vec<DeliveryId>, Error> {
    use DeliveryStatus as S;
    let rows =
        session.read(|db| store::delivery::list(db, &Filter { run, ..Filter::default() }))?;
    let mut last = std::collections::BTreeMap::new();
    for row in rows.into_iter().filter(|row| row.replaced_by.is_none()) {
        last.insert((row.document, row.channel, row.address), (row.id, row.status));
    }
    Ok(last
        .into_values()
        .filter(|(_, status)| match what {
            Resend::NeverSent => matches!(status, S::Bounced | S::Recalled),
            Resend::All => {
                matches!(status, S::Bounced | S::Recalled | S::Unconfirmed | S::Sent | S::Printed)
            }
        })
        .map(|(id, _)| id)
        .collect())
}

/// The same document by another way: the old copy is recalled, a new one made.
pub fn change_channel(
    session: &mut Session,
    ids: &[DeliveryId],
    channel: Channel,
) -> Result<Receipt, Error> {
    let domain = domain(session.config()?.get("smtp.from"));
    let today = session.now()?.today;
    steps(session, ids, &format!("changed to {channel}"), |tx, id| {
        let row = store::delivery::get(tx, id)?;
        if row.channel == channel {
            return Ok(Err(format!("it goes by {channel} already")));
        }
        let address = match channel {
            Channel::Email => {
                store::undelivered::emails_today(tx, row.account, today)?.into_iter().next()
            }
            Channel::Print => match printable(tx, row.document) {
                Ok(document) if document.customer.has_address() => {
                    Some(document.customer.window().join(", "))
                }
                Ok(_) => None,
                Err(Error::Store(error)) => return Err(error.into()),
                Err(other) => return Ok(Err(other.to_string())),
            },
        };
        let Some(address) = address else {
            return Ok(Err(format!("the account has no address for {channel}")));
        };
        let never_left = row.status.never_sent() || row.status == DeliveryStatus::Suppressed;
        if !never_left {
            let reason = format!("by {channel} instead");
            let step = store::delivery::step(tx, id, DeliveryStatus::Recalled, &reason, None)?;
            if let Err(is) = step {
                return Ok(Err(format!("it is {is}")));
            }
        }
        let new = NewDelivery {
            document: row.document,
            account: row.account,
            channel,
            address: &address,
            status: DeliveryStatus::Queued,
            reason: "",
            not_before_at: tx.now().at_ms,
            domain: &domain,
        };
        let made = store::delivery::insert(tx, &new)?;
        store::envelope::chosen(tx, made)?;
        Ok(Ok(()))
    })
}

/// A person says that unconfirmed e-mail did arrive.
pub fn confirm_sent(session: &mut Session, ids: &[DeliveryId]) -> Result<Receipt, Error> {
    let who = session.actor.name.clone();
    steps(session, ids, "confirmed", |tx, id| {
        let row = store::delivery::get(tx, id)?;
        if row.status != DeliveryStatus::Unconfirmed {
            return Ok(Err(format!("it is {}", row.status)));
        }
        moved(tx, id, DeliveryStatus::Sent, &format!("confirmed by {who}"), None)
    })
}

/// A person says that written copies are on paper.
pub fn confirm_printed(session: &mut Session, ids: &[DeliveryId]) -> Result<Receipt, Error> {
    let who = session.actor.name.clone();
    steps(session, ids, "printed", |tx, id| {
        let batch = store::delivery::get(tx, id)?.batch;
        let step = moved(tx, id, DeliveryStatus::Printed, &format!("printed, says {who}"), None)?;
        if let (Ok(()), Some(batch)) = (&step, batch) {
            store::print_batch::close(tx, batch)?;
        }
        Ok(step)
    })
}
