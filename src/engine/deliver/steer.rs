//! What a clerk does to copies: recall, send now, try again, another copy, another way, confirm.
//!
//! Each takes many deliveries; what can take the step does, the rest is refused with its state.

use crate::config::key;
use crate::document::Press;
use crate::domain::actor::Verb;
use crate::domain::ids::{BillRunId, DeliveryId};
use crate::domain::payment::{Channel, DeliveryStatus};
use crate::domain::text::{counted, grouped};
use crate::engine::command::{Receipt, Refused};
use crate::engine::deliver::copies::{Begin, When, domain, ensure_job, kept, open_press};
use crate::engine::deliver::envelope::{self, Again, Elsewhere, Post};
use crate::engine::deliver::{first, network};
use crate::engine::e_invoice;
use crate::engine::printed::printable;
use crate::engine::review::picked::reason;
use crate::engine::{Error, Session};
use crate::store::delivery::{Delivery, Filter};
use crate::store::new_delivery::{self, NewDelivery};
use crate::store::{self, Db, StoreError, Tx};
use chrono::NaiveDate;
use std::collections::HashSet;

/// One step for many deliveries: what can take it does, the rest is refused with its state.
fn steps(
    session: &mut Session,
    ids: &[DeliveryId],
    verb: &str,
    mut step: impl FnMut(&Tx<'_>, DeliveryId) -> Result<Result<(), String>, Error>,
) -> Result<Receipt, Error> {
    session.write(Verb::Deliver, |tx| {
        let mut receipt = Receipt::default();
        let mut first = None;
        for id in ids {
            match step(tx, *id) {
                Ok(Ok(())) => {
                    receipt.done += 1;
                    first = first.or(Some(id));
                }
                Ok(Err(reason)) => receipt.refused.push(Refused { what: id.to_string(), reason }),
                Err(Error::Store(StoreError::NotFound(_))) => {
                    let reason = "there is no such delivery".to_owned();
                    receipt.refused.push(Refused { what: id.to_string(), reason });
                }
                Err(error) => return Err(error),
            }
        }
        receipt.summary = match first {
            Some(id) if receipt.done == 1 => format!("{verb} {}", of_document(tx, *id)?),
            _ => format!("{verb} {}", grouped(receipt.done as i64)),
        };
        if receipt.done == 0 {
            tx.quiet();
        }
        let subject = first.map(ToString::to_string).unwrap_or_default();
        tx.note(subject, format!("deliveries: {}", receipt.summary));
        Ok(receipt)
    })
}

/// The document of a copy, as a clerk writes it.
fn of_document(db: &Db<'_>, id: DeliveryId) -> Result<String, StoreError> {
    let document = store::document::get(db, store::delivery::get(db, id)?.document)?;
    Ok(document.number.unwrap_or_else(|| document.id.to_string()))
}

/// Says where mail stands still, if mail was queued; begins it anew where that was asked for.
fn mailed(
    session: &mut Session,
    receipt: &mut Receipt,
    (begin, mail): (Begin, bool),
) -> Result<(), Error> {
    if receipt.done == 0 {
        return Ok(());
    }
    let sends = ensure_job(session, begin)?;
    receipt.job = sends.job.or(sends.network);
    if mail && !sends.still.is_empty() {
        receipt.summary = format!("{}; {}", receipt.summary, sends.still);
    }
    Ok(())
}

/// [`steps`] that make copies go again: says of which it is another layout than was delivered first.
fn again(
    session: &mut Session,
    ids: &[DeliveryId],
    (verb, to): (&str, Option<Channel>),
    step: impl FnMut(&Tx<'_>, DeliveryId) -> Result<Result<(), String>, Error>,
) -> Result<Receipt, Error> {
    let mut receipt = steps(session, ids, verb, step)?;
    let refused: HashSet<&str> = receipt.refused.iter().map(|r| r.what.as_str()).collect();
    let done: Vec<DeliveryId> =
        ids.iter().copied().filter(|id| !refused.contains(id.to_string().as_str())).collect();
    let mail = |db: &Db<'_>| {
        for id in &done {
            let by = match to {
                Some(channel) => channel,
                None => store::delivery::get(db, *id)?.channel,
            };
            if by.leaves() {
                return Ok(true);
            }
        }
        Ok(false)
    };
    let mail = session.read(mail)?;
    mailed(session, &mut receipt, (Begin::IfItGoes, mail))?;
    if let Some(words) = first::relaid_words(&first::relaid(session, &done)?) {
        receipt.summary = format!("{}; {words}", receipt.summary);
    }
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

/// A step that a person takes with copies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CopyStep {
    /// Ends the hold of e-mail.
    SendNow,
    /// Takes back what has not left.
    Recall,
    /// Sends again.
    Resend(Resend),
    /// Says that it is on paper.
    Printed,
}

/// How a copy takes a step.
pub(super) enum Takes {
    /// As it is.
    Here,
    /// To another address than its own.
    Elsewhere(Box<Elsewhere>),
}

/// Whether a copy takes a step, and how; else why not. The verbs and the question before them ask
/// this alone.
pub(super) fn takes(
    db: &Db<'_>,
    press: Press,
    row: &Delivery,
    (step, today): (CopyStep, NaiveDate),
) -> Result<Result<Takes, String>, Error> {
    use DeliveryStatus as S;
    let able = match step {
        CopyStep::SendNow if row.channel == Channel::Print => {
            return Ok(Err("it is printed, not sent: use deliver --print".into()));
        }
        CopyStep::SendNow => matches!(row.status, S::Queued | S::Deferred | S::Held),
        CopyStep::Recall => row.status.can_become(S::Recalled),
        CopyStep::Printed => row.status.can_become(S::Printed),
        // Twice the same invoice is one too many for a network.
        CopyStep::Resend(_) if row.channel == Channel::Network && row.status == S::Sent => {
            return Ok(Err("the network has it: only what it refused goes again".into()));
        }
        CopyStep::Resend(what) => match row.status {
            S::Bounced | S::Recalled => true,
            S::Unconfirmed | S::Sent | S::Printed => what == Resend::All,
            _ => false,
        },
    };
    if !able {
        return Ok(Err(match row.status {
            S::Impossible => format!("it cannot go: {}", row.last_reply),
            S::Suppressed => format!("it is not wanted: {}", row.last_reply),
            status => format!("it is {status}"),
        }));
    }
    if !matches!(step, CopyStep::Resend(_)) {
        return Ok(Ok(Takes::Here));
    }
    Ok(match envelope::again(db, press, row, today)? {
        Again::Here => Ok(Takes::Here),
        Again::Elsewhere(to) => Ok(Takes::Elsewhere(to)),
        Again::Not(why) => Err(why),
    })
}

/// Takes copies back that have not left.
pub fn recall(session: &mut Session, ids: &[DeliveryId]) -> Result<Receipt, Error> {
    let who = session.actor.name.clone();
    let press = open_press()?;
    steps(session, ids, "recalled", |tx, id| {
        let row = store::delivery::get(tx, id)?;
        if let Err(why) = takes(tx, press, &row, (CopyStep::Recall, tx.now().today))? {
            return Ok(Err(why));
        }
        let taken = moved(tx, id, DeliveryStatus::Recalled, &format!("recalled by {who}"), None)?;
        Ok(taken.and_then(|()| match row.ends(DeliveryStatus::Recalled) {
            DeliveryStatus::Recalled => Ok(()),
            status => Err(format!("it does not go again, but a try may have arrived: {status}")),
        }))
    })
}

/// Ends the hold of queued e-mail: it leaves now. Mail that was canceled begins anew with it.
pub fn send_now(session: &mut Session, ids: &[DeliveryId]) -> Result<Receipt, Error> {
    let press = open_press()?;
    let mut receipt = steps(session, ids, "released", |tx, id| {
        let row = store::delivery::get(tx, id)?;
        if let Err(why) = takes(tx, press, &row, (CopyStep::SendNow, tx.now().today))? {
            return Ok(Err(why));
        }
        if row.status == DeliveryStatus::Held {
            return moved(tx, id, DeliveryStatus::Queued, "", Some(tx.now().at_ms));
        }
        store::delivery::set_not_before(tx, id, tx.now().at_ms)?;
        Ok(Ok(()))
    })?;
    mailed(session, &mut receipt, (Begin::Anew, true))?;
    Ok(receipt)
}

/// Tries again what was never sent, under its old name: bounced, deferred, recalled, held, or
/// (a person decides) unconfirmed. Where the account has another address by now, it goes there.
pub fn retry(session: &mut Session, ids: &[DeliveryId]) -> Result<Receipt, Error> {
    let press = open_press()?;
    let post = Post::of(&session.config()?, When::Now);
    again(session, ids, ("queued again", None), |tx, id| {
        let row = store::delivery::get(tx, id)?;
        match row.status {
            DeliveryStatus::Sent
            | DeliveryStatus::Printed
            | DeliveryStatus::Queued
            | DeliveryStatus::Sending => {}
            _ => match envelope::again(tx, press, &row, tx.now().today)? {
                Again::Here if network::was_refused(tx, &row)? => {
                    network::once_more(tx, &row, tx.now().at_ms, &post.domain)?;
                    return Ok(Ok(()));
                }
                Again::Here => {}
                Again::Elsewhere(to) => {
                    envelope::send_elsewhere(tx, &row, &to, &post)?;
                    return Ok(Ok(()));
                }
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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
    let (waits, mut mail) = (post.hold_ms / 60_000, false);
    let mut receipt = again(session, ids, ("queued again", None), |tx, id| {
        let row = store::delivery::get(tx, id)?;
        match takes(tx, press, &row, (CopyStep::Resend(what), tx.now().today))? {
            Err(why) => return Ok(Err(why)),
            Ok(Takes::Here) if network::was_refused(tx, &row)? => {
                network::once_more(tx, &row, tx.now().at_ms + post.hold_ms, &post.domain)?;
                return Ok(Ok(()));
            }
            Ok(Takes::Here) => {}
            Ok(Takes::Elsewhere(to)) => {
                mail |= to.copy.channel == Channel::Email;
                envelope::send_elsewhere(tx, &row, &to, &post)?;
                return Ok(Ok(()));
            }
        }
        mail |= row.channel == Channel::Email;
        let wait = if row.channel.leaves() { post.hold_ms } else { 0 };
        let at = tx.now().at_ms + wait;
        if !matches!(row.status, DeliveryStatus::Sent | DeliveryStatus::Printed) {
            return moved(tx, id, DeliveryStatus::Queued, "", Some(at));
        }
        let new = NewDelivery {
            document: row.document,
            account: row.account,
            channel: row.channel,
            address: &row.address,
            status: DeliveryStatus::Queued,
            reason: "",
            not_before_at: at,
            domain: &post.domain,
        };
        store::envelope::once_more(tx, id, &new)?;
        Ok(Ok(()))
    })?;
    if mail && receipt.job.is_some() && waits > 0 {
        let minutes = counted(waits, "minute", "minutes");
        receipt.summary = format!("{}; e-mail waits {minutes}", receipt.summary);
    }
    Ok(receipt)
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
    let handed = |channel, status| channel == Channel::Network && status == S::Sent;
    Ok(last
        .into_iter()
        .filter(|((_, channel, _), (_, status))| !handed(*channel, *status))
        .map(|(_, copy)| copy)
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
    let domain = domain(session.config()?.get(key::SMTP_FROM));
    let today = session.now()?.today;
    again(session, ids, (&format!("changed to {channel}"), Some(channel)), |tx, id| {
        let row = store::delivery::get(tx, id)?;
        if row.channel == channel {
            return Ok(Err(format!("it goes by {channel} already")));
        }
        if let Some(why) = kept(&store::undelivered::of(tx, row.document, today)?) {
            return Ok(Err(why.into()));
        }
        if channel == Channel::Network
            && let Some(other) = network::on_its_way(tx, row.document)?
        {
            return Ok(Err(format!("{other} goes by network already")));
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
            Channel::Network => {
                let address = store::undelivered::electronic_today(tx, row.account, today)?;
                if !address.is_empty()
                    && let Err(why) = e_invoice::addressed(tx, row.document, &address)?
                {
                    return Ok(Err(why));
                }
                Some(address).filter(|address| !address.is_empty())
            }
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
        let made = new_delivery::insert(tx, &new)?;
        store::envelope::chosen(tx, made)?;
        Ok(Ok(()))
    })
}

/// A person says that e-mail came back: by a letter, a call, a report that no program reads.
pub fn came_back(session: &mut Session, ids: &[DeliveryId], why: &str) -> Result<Receipt, Error> {
    let why = reason(why)?;
    let words = format!("came back, says {}: {why}", session.actor.name);
    steps(session, ids, "came back:", |tx, id| {
        let row = store::delivery::get(tx, id)?;
        if !matches!(row.status, DeliveryStatus::Sent | DeliveryStatus::Unconfirmed) {
            return Ok(Err(format!("it is {}", row.status)));
        }
        moved(tx, id, DeliveryStatus::Bounced, &words, None)
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
    let press = open_press()?;
    steps(session, ids, "printed", |tx, id| {
        let row = store::delivery::get(tx, id)?;
        if let Err(why) = takes(tx, press, &row, (CopyStep::Printed, tx.now().today))? {
            return Ok(Err(why));
        }
        let batch = row.batch;
        let step = moved(tx, id, DeliveryStatus::Printed, &format!("printed, says {who}"), None)?;
        if let (Ok(()), Some(batch)) = (&step, batch) {
            store::print_batch::close(tx, batch)?;
        }
        Ok(step)
    })
}
