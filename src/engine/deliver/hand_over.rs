//! Handing e-invoices to a network, in slices: write the XML and lay it ready, `begin` (committed: they are
//! being handed over), hand over with no transaction open, `settle`.
//!
//! A process that dies in between leaves rows in Sending. Whoever takes the job over looks whether the file is
//! in the outbox, or still laid ready; where neither is, or a program was to take it, nobody can know: it
//! becomes Unconfirmed, and a person or a receipt decides.

use super::turn::{obeys, rest};
use crate::document::{batch, einvoice};
use crate::domain::actor::Verb;
use crate::domain::delivery::next_try;
use crate::domain::payment::DeliveryStatus;
use crate::domain::text::{counted, hex};
use crate::engine::deliver::copies::{When, open_press};
use crate::engine::deliver::envelope;
use crate::engine::e_invoice::{self, Addressed};
use crate::engine::job::{Ports, Runner, Slice};
use crate::engine::outbox::{self, Found, Handed, Outbox};
use crate::engine::{Error, Session, reach};
use crate::gateway::Shut;
use crate::store::delivery::{Delivery, Settled};
use crate::store::job::{JobRow, NETWORK, Progress};
use crate::store::network::{Handing, Interrupted};
use crate::store::{self, Tx, notice};
use sha2::{Digest, Sha256};

/// How long a way out that refuses us is left alone.
const DOWN_MS: i64 = 15 * 60_000;
/// The notice that nothing leaves.
const DOWN: &str = "network_down";

/// Drives a `network` job.
#[derive(Default)]
pub struct NetworkRunner {
    /// The claim of the job this runner has tidied up after.
    epoch: Option<i64>,
    /// Answers not yet in the book: they are facts and must not be lost.
    answers: Vec<(Delivery, Handed)>,
}

/// A copy ready to go.
struct Ready {
    delivery: Delivery,
    file: String,
    hash: String,
    invoice: Addressed,
}

impl Runner for NetworkRunner {
    fn slice(
        &mut self,
        session: &mut Session,
        job: &JobRow,
        _ports: &Ports,
    ) -> Result<Slice, Error> {
        if self.epoch != Some(job.epoch) {
            tidy(session, job)?;
            self.epoch = Some(job.epoch);
        }
        if obeys(session, job, (NETWORK, "handing over"))? {
            return Ok(Slice::Halted);
        }
        if !self.answers.is_empty() {
            return self.record(session, job);
        }
        let now = session.now()?.at_ms;
        if session.read(|db| store::network::due(db, now, 1))?.is_empty() {
            return rest(session, job, NETWORK, store::network::next_due);
        }
        let outbox = match outbox::open(&session.config()?, &session.store.side_directory()) {
            Ok(outbox) => outbox,
            Err(Shut::Here(why)) => {
                session.reach.leave(job.id, &why);
                return Ok(Slice::Leave);
            }
            Err(Shut::Everywhere(why)) => return down(session, job, &why),
        };
        let due = session.read(|db| store::network::due(db, now, outbox.at_once()))?;
        let ready = prepare(session, job, due)?;
        for one in &ready {
            if let Err(why) = outbox.stage(&one.file, &one.invoice.xml) {
                ready.iter().for_each(|one| outbox.unstage(&one.file));
                return down(session, job, &why);
            }
        }
        let begun = begin(session, job, &outbox, ready)?;
        self.answers = hand(&outbox, begun);
        self.record(session, job)
    }
}

impl NetworkRunner {
    /// Writes what became of it, and says how to go on.
    fn record(&mut self, session: &mut Session, job: &JobRow) -> Result<Slice, Error> {
        let shut = settle(session, job, &self.answers)?;
        self.answers.clear();
        match shut {
            Some(why) if reach::elsewhere(session, reach::NETWORK) => {
                session.reach.leave(job.id, &why);
                Ok(Slice::Leave)
            }
            Some(why) => down(session, job, &why),
            None => Ok(Slice::More),
        }
    }
}

/// The way out is at fault: everything waits, a person is told, nothing is lost.
fn down(session: &mut Session, job: &JobRow, why: &str) -> Result<Slice, Error> {
    let until_ms = session.now()?.at_ms + DOWN_MS;
    session.write(Verb::Deliver, |tx| {
        store::job::guard(tx, job)?;
        tx.note(NETWORK, format!("nothing goes to the network: {why}"));
        let text = format!("e-invoices do not leave for the network: {why}");
        Ok(notice::again(tx, DOWN, NETWORK, &text)?)
    })?;
    Ok(Slice::Wait { until_ms })
}

/// Finds out what became of what a dead process was handing over. What cannot be seen now stays as it is,
/// and the slice ends with the error.
fn tidy(session: &mut Session, job: &JobRow) -> Result<(), Error> {
    let left = session.read(|db| store::network::interrupted(db, job.id))?;
    if left.is_empty() {
        return Ok(());
    }
    let side = session.store.side_directory();
    let look = |one: Interrupted| {
        let found = outbox::found(&side, (&one.place, &one.file), &one.hash);
        let hint = "make the outbox readable; it is looked at again";
        found.map(|found| (one, found)).map_err(|why| Error::usage("network_outbox", why, hint))
    };
    let found: Vec<(Interrupted, Found)> = left.into_iter().map(look).collect::<Result<_, _>>()?;
    session.write(Verb::Deliver, |tx| {
        store::job::guard(tx, job)?;
        for (one, found) in &found {
            let (next, why) = match found {
                Found::NotOver => (DeliveryStatus::Queued, ""),
                Found::Over => (DeliveryStatus::Sent, "put into the outbox"),
                Found::Unclear => (
                    DeliveryStatus::Unconfirmed,
                    "daybook was interrupted while handing over: whether it was taken is not known",
                ),
            };
            let at = (next == DeliveryStatus::Queued).then_some(tx.now().at_ms);
            let _ = store::delivery::step(tx, one.id, next, why, at)?;
        }
        let interrupted = counted(found.len(), "e-invoice was", "e-invoices were");
        tx.note(NETWORK, format!("{interrupted} being handed over when daybook was interrupted"));
        Ok(())
    })
}

/// Writes the XML of each. What has none becomes Impossible, with the reason.
fn prepare(session: &mut Session, job: &JobRow, due: Vec<Delivery>) -> Result<Vec<Ready>, Error> {
    let (mut ready, mut failed) = (Vec::new(), Vec::new());
    for delivery in due {
        let of = delivery.document;
        let made = session.store.read(|db| e_invoice::addressed(db, of, &delivery.address))?;
        match made {
            Ok(invoice) => {
                let file = format!("{}.{}.xml", batch::stem(&delivery.number), delivery.id);
                let hash = hex(&Sha256::digest(&invoice.xml));
                ready.push(Ready { delivery, file, hash, invoice });
            }
            Err(why) => failed.push((delivery.id, why)),
        }
    }
    if !failed.is_empty() {
        session.write(Verb::Deliver, |tx| {
            store::job::guard(tx, job)?;
            for (id, why) in &failed {
                let _ = store::delivery::step(tx, *id, DeliveryStatus::Impossible, why, None)?;
            }
            tx.note(NETWORK, format!("{} e-invoices cannot be made", failed.len()));
            let progress = Progress { failed: failed.len() as i64, ..Progress::default() };
            Ok(store::job::progress(tx, job.id, &progress)?)
        })?;
    }
    Ok(ready)
}

/// Commits that these are being handed over. Copies whose document was corrected meanwhile are held; those
/// whose account wants them elsewhere by now follow it.
fn begin(
    session: &mut Session,
    job: &JobRow,
    outbox: &Outbox,
    ready: Vec<Ready>,
) -> Result<Vec<Ready>, Error> {
    let press = open_press()?;
    let post = envelope::Post::of(&session.config()?, When::Now);
    let place = outbox.place();
    let (begun, left) = session.write(Verb::Deliver, |tx| {
        store::job::guard(tx, job)?;
        let (mut begun, mut left, mut moved) = (Vec::new(), Vec::new(), 0);
        for one in ready {
            let (id, document) = (one.delivery.id, one.delivery.document);
            let held = store::delivery::hold_if_corrected(tx, id)?;
            moved += envelope::of_document(tx, press, document, &post)?.len();
            let handing = Handing { place: &place, file: &one.file, hash: &one.hash };
            if !held && store::network::begin(tx, &one.delivery, job.id, handing)? {
                let by = (one.invoice.form, einvoice::RULES);
                store::e_document::keep_version(tx, document, by, &one.invoice.xml)?;
                begun.push(one);
            } else {
                left.push(one.file);
            }
        }
        if moved == 0 {
            // What matters is written by `settle`; this is the intent.
            tx.quiet();
        }
        tx.note(NETWORK, format!("{moved} copies follow their account"));
        Ok::<_, Error>((begun, left))
    })?;
    left.iter().for_each(|file| outbox.unstage(file));
    Ok(begun)
}

/// Hands over, one after the other, no transaction open. Once the way is shut, the rest is not tried.
fn hand(outbox: &Outbox, begun: Vec<Ready>) -> Vec<(Delivery, Handed)> {
    let (mut answers, mut shut) = (Vec::with_capacity(begun.len()), None);
    for one in begun {
        let handed = match &shut {
            Some(why) => Handed::Shut(String::clone(why)),
            None => outbox.hand(&one.file),
        };
        // What is laid ready stays: should this process die now, that tells that it was not handed over.
        if let Handed::Shut(why) = &handed {
            shut = Some(why.clone());
        }
        answers.push((one.delivery, handed));
    }
    answers
}

/// Records what became of the tries; gives the words of a way that is shut.
fn settle(
    session: &mut Session,
    job: &JobRow,
    answers: &[(Delivery, Handed)],
) -> Result<Option<String>, Error> {
    if answers.is_empty() {
        return Ok(None);
    }
    session.write(Verb::Deliver, |tx| {
        store::job::guard(tx, job)?;
        let (mut over, mut later, mut failed, mut unknown) = (0, 0, 0, 0);
        let mut shut = None;
        for (delivery, handed) in answers {
            let settled = judge(tx, delivery, handed);
            if !store::delivery::settle(tx, delivery.id, job.id, &settled)? {
                continue;
            }
            match handed {
                Handed::Over(_) => over += 1,
                Handed::NotNow(_) if settled.status == DeliveryStatus::Bounced => failed += 1,
                Handed::NotNow(_) => later += 1,
                Handed::Unclear(_) => unknown += 1,
                Handed::Shut(why) => shut = Some(why.clone()),
            }
        }
        if over > 0 {
            notice::done(tx, DOWN)?;
        }
        tx.note(
            NETWORK,
            format!("handed over {over}, later {later}, given up {failed}, unconfirmed {unknown}"),
        );
        let progress = Progress { done: over, failed: failed + unknown, ..Progress::default() };
        store::job::progress(tx, job.id, &progress)?;
        Ok(shut)
    })
}

/// What a try means for its copy. An unclear one is never tried again blindly.
fn judge<'a>(tx: &Tx<'_>, delivery: &Delivery, handed: &'a Handed) -> Settled<'a> {
    let now = tx.now().at_ms;
    let settled = |status, reply: &'a str| Settled {
        status,
        reply,
        not_before_at: None,
        counts: true,
        maybe_out: matches!(handed, Handed::Unclear(_)),
    };
    match handed {
        Handed::Over(reply) => settled(DeliveryStatus::Sent, reply),
        Handed::Unclear(reply) => settled(DeliveryStatus::Unconfirmed, reply),
        Handed::NotNow(reply) => {
            let first = delivery.first_try_at.unwrap_or(now);
            match next_try(delivery.attempts + 1, now, first) {
                Some(at) => {
                    Settled { not_before_at: Some(at), ..settled(DeliveryStatus::Deferred, reply) }
                }
                // Five days are over; the last answer says why.
                None => settled(DeliveryStatus::Bounced, reply),
            }
        }
        Handed::Shut(reply) => Settled {
            not_before_at: Some(now + DOWN_MS),
            counts: false,
            ..settled(DeliveryStatus::Queued, reply)
        },
    }
}
