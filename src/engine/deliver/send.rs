//! Sending queued e-mail, in slices: make the messages, `begin` (committed: they are being sent),
//! talk to the mail server with no transaction open, `settle`.
//!
//! A process that dies in between leaves rows in Sending; whoever takes the job over cannot know
//! whether they arrived, so they become Unconfirmed and a person or the policy decides.

use crate::config::{Config, key};
use crate::document::{Press, Printable, einvoice, email, imprint};
use crate::domain::actor::Verb;
use crate::domain::delivery::{Imprint, next_try};
use crate::domain::e_invoice::Form;
use crate::domain::payment::DeliveryStatus;
use crate::domain::text::hex;
use crate::engine::deliver::copies::{When, open_press};
use crate::engine::deliver::envelope;
use crate::engine::e_invoice;
use crate::engine::job::{Ports, Runner, Slice};
use crate::engine::mailer::{open_mailer, sender};
use crate::engine::printed::printable;
use crate::engine::{Error, Session, reach};
use crate::gateway::Shut;
use crate::mail::{Envelope, MailOutcome, Mailer};
use crate::store::delivery::{Delivery, Settled};
use crate::store::job::{JobKind, JobRow, JobState, MAIL, Progress, Wanted};
use crate::store::{self, Db, Tx};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// Messages of one slice.
const SLICE: usize = 64;
/// How long a transport that refuses us is left alone.
const DOWN_MS: i64 = 15 * 60_000;

/// What a `deliver` job keeps of a transport that is down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Down {
    /// What it said.
    pub transport: String,
}

/// Drives a `deliver` job.
#[derive(Default)]
pub struct SendRunner {
    /// The claim of the job this runner has tidied up after.
    epoch: Option<i64>,
    /// The transport, and the settings it was made from.
    mailer: Option<(String, Arc<dyn Mailer>)>,
    /// Answers not yet in the book, because another clerk held the write lock: they are facts and
    /// must not be lost.
    answers: Vec<(Delivery, MailOutcome)>,
}

/// A message ready to go.
struct Ready {
    delivery: Delivery,
    message: Vec<u8>,
    hash: String,
    imprint: Imprint,
    /// Its electronic form, if it has one.
    invoice: Option<(Form, Vec<u8>)>,
}

impl Runner for SendRunner {
    fn slice(
        &mut self,
        session: &mut Session,
        job: &JobRow,
        ports: &Ports,
    ) -> Result<Slice, Error> {
        let config = session.config()?;
        if self.epoch != Some(job.epoch) {
            tidy(session, job, &config)?;
            self.epoch = Some(job.epoch);
        }
        if obeys(session, job)? {
            return Ok(Slice::Halted);
        }
        if !self.answers.is_empty() {
            return self.record(session, job, &config);
        }
        let now = session.now()?.at_ms;
        let due = session.read(|db| store::delivery::due(db, now, SLICE))?;
        if due.is_empty() {
            return rest(session, job);
        }
        let mailer = match self.mailer(&config, &session.store.side_directory()) {
            Ok(mailer) => mailer,
            Err(Shut::Here(why)) => {
                session.reach.leave(job.id, &why);
                return Ok(Slice::Leave);
            }
            Err(Shut::Everywhere(reply)) => return self.down(session, job, &reply),
        };
        let ready = prepare(session, job, ports, &config, due)?;
        let begun = begin(session, job, &config, ready)?;
        let limit = usize::try_from(config.int(key::SMTP_CONNECTIONS)).unwrap_or(1);
        self.answers = call(ports, limit, &mailer, begun);
        self.record(session, job, &config)
    }
}

impl SendRunner {
    /// Writes what was answered, and says how to go on.
    fn record(
        &mut self,
        session: &mut Session,
        job: &JobRow,
        config: &Config,
    ) -> Result<Slice, Error> {
        let elsewhere = reach::elsewhere(session, reach::MAIL);
        let down = settle(session, job, config, &self.answers, elsewhere)?;
        self.answers.clear();
        match down {
            // A line that we have not, a worker may have: nothing is put off for it.
            Some(reply) if elsewhere => {
                self.mailer = None;
                session.reach.leave(job.id, &reply);
                Ok(Slice::Leave)
            }
            Some(reply) => self.down(session, job, &reply),
            None => Ok(Slice::More),
        }
    }

    fn mailer(&mut self, config: &Config, side: &Path) -> Result<Arc<dyn Mailer>, Shut> {
        let keys = [
            key::MAIL_TRANSPORT,
            key::SMTP_HOST,
            key::SMTP_PORT,
            key::SMTP_TLS,
            key::SMTP_USER,
            key::SMTP_SECRET_FILE,
            key::SMTP_CA_FILE,
        ];
        let made_from = keys.map(|key| config.get(key)).join("\n");
        match &self.mailer {
            Some((from, mailer)) if *from == made_from => Ok(mailer.clone()),
            Some(_) | None => {
                let mailer = open_mailer(config, side)?;
                self.mailer = Some((made_from, mailer.clone()));
                Ok(mailer)
            }
        }
    }

    /// The transport is at fault: everything waits, a person is told, nothing is lost.
    fn down(&mut self, session: &mut Session, job: &JobRow, reply: &str) -> Result<Slice, Error> {
        self.mailer = None;
        let until_ms = session.now()?.at_ms + DOWN_MS;
        let detail = store::json::text(&Down { transport: reply.to_owned() })?;
        session.write(Verb::Deliver, |tx| {
            store::job::guard(tx, job)?;
            tx.note("mail", format!("the mail transport is down: {reply}"));
            let progress = Progress { detail: Some(&detail), ..Progress::default() };
            store::job::progress(tx, job.id, &progress)?;
            Ok(store::delivery::transport_down(tx, reply)?)
        })?;
        Ok(Slice::Wait { until_ms })
    }
}

/// Says of what a dead process was sending that it is not known, or queues it again if that is
/// the policy.
fn tidy(session: &mut Session, job: &JobRow, config: &Config) -> Result<(), Error> {
    let again = config.get(key::DELIVERY_UNCONFIRMED) == "resend";
    session.write(Verb::Deliver, |tx| {
        store::job::guard(tx, job)?;
        let left = store::delivery::abandon(tx, job.id)?;
        if left.is_empty() {
            tx.quiet();
        }
        tx.note("mail", format!("{} e-mails were interrupted: not known whether sent", left.len()));
        for id in left.iter().filter(|_| again) {
            let at = Some(tx.now().at_ms);
            let _ = store::delivery::step(tx, *id, DeliveryStatus::Queued, "", at)?;
        }
        Ok(())
    })
}

/// Pauses or ends the job if somebody asked.
fn obeys(session: &mut Session, job: &JobRow) -> Result<bool, Error> {
    let state = match job.wanted {
        Wanted::Nothing => return Ok(false),
        Wanted::Pause => JobState::Paused,
        Wanted::Cancel => JobState::Canceled,
    };
    session.write(Verb::Deliver, |tx| {
        store::job::guard(tx, job)?;
        tx.note("mail", format!("sending {state}"));
        store::job::set_state(tx, job.id, state, "")?;
        Ok(true)
    })
}

/// Nothing is due: waits for the next turn, or leaves it to another job that waits already.
fn rest(session: &mut Session, job: &JobRow) -> Result<Slice, Error> {
    let Some(until_ms) = session.read(store::delivery::next_due)? else { return Ok(Slice::Done) };
    let other = session.write(Verb::Deliver, |tx| {
        tx.quiet();
        store::job::guard(tx, job)?;
        Ok(store::job::wake(tx, JobKind::Deliver, MAIL, until_ms)?)
    })?;
    Ok(if other.is_some() { Slice::Done } else { Slice::Wait { until_ms } })
}

/// Makes the messages, many at a time. What cannot be made becomes Impossible, with the reason.
fn prepare(
    session: &mut Session,
    job: &JobRow,
    ports: &Ports,
    config: &Config,
    due: Vec<Delivery>,
) -> Result<Vec<Ready>, Error> {
    let press = open_press()?;
    let from = sender(config);
    let mut sources = Vec::new();
    for mut delivery in due {
        let id = delivery.document;
        let read = |db: &Db<'_>| Ok::<_, Error>((printable(db, id)?, e_invoice::outgoing(db, id)?));
        let (document, invoice) = session.store.read(read)?;
        if delivery.sender.is_empty() {
            delivery.sender.clone_from(&from);
        }
        sources.push((delivery, document, invoice));
    }
    let made = in_parallel(ports, SLICE, sources, move |(delivery, document, invoice)| {
        let message = compose(press, &document, invoice.as_ref(), &delivery);
        (delivery, invoice, message)
    });
    let (mut ready, mut failed) = (Vec::new(), Vec::new());
    for (delivery, invoice, message) in made {
        match message {
            Ok((message, imprint)) => {
                let hash = hex(&Sha256::digest(&message));
                ready.push(Ready { delivery, message, hash, imprint, invoice });
            }
            Err(why) => failed.push((delivery, why)),
        }
    }
    if !failed.is_empty() {
        session.write(Verb::Deliver, |tx| {
            store::job::guard(tx, job)?;
            for (delivery, why) in &failed {
                let _ =
                    store::delivery::step(tx, delivery.id, DeliveryStatus::Impossible, why, None)?;
            }
            tx.note("mail", format!("{} e-mails cannot be made", failed.len()));
            let progress = Progress { failed: failed.len() as i64, ..Progress::default() };
            Ok(store::job::progress(tx, job.id, &progress)?)
        })?;
    }
    Ok(ready)
}

fn compose(
    press: Press,
    document: &Printable,
    invoice: Option<&(Form, Vec<u8>)>,
    delivery: &Delivery,
) -> Result<(Vec<u8>, Imprint), String> {
    let set = press.set(document).map_err(|e| e.to_string())?;
    let (pdf, beside) = match invoice {
        Some((Form::FacturX, xml)) => (set.factur_x(press, xml), None),
        Some((_, xml)) => (set.pdf(press), Some(xml.clone())),
        None => (set.pdf(press), None),
    };
    let imprint = imprint(&pdf);
    let head = email::Heading {
        from: delivery.sender.clone(),
        to: delivery.address.clone(),
        reply_to: String::new(),
        message_id: delivery.message_id.clone().unwrap_or_default(),
        // Fixed with the delivery, not with the try.
        date_ms: delivery.queued_at,
    };
    let message = email::with_invoice(document, pdf, beside, &head).map_err(|e| e.to_string())?;
    Ok((message, imprint))
}

/// Commits that these are being sent now. Copies whose document was corrected meanwhile are held;
/// those whose account wants them elsewhere by now follow it, and go with the next slice.
fn begin(
    session: &mut Session,
    job: &JobRow,
    config: &Config,
    ready: Vec<Ready>,
) -> Result<Vec<Ready>, Error> {
    let press = open_press()?;
    let post = envelope::Post::of(config, When::Now);
    session.write(Verb::Deliver, |tx| {
        store::job::guard(tx, job)?;
        let (mut begun, mut moved) = (Vec::new(), 0);
        for one in ready {
            let held = store::delivery::hold_if_corrected(tx, one.delivery.id)?;
            moved += envelope::of_document(tx, press, one.delivery.document, &post)?.len();
            // Fails where the copy moved: its bytes name the old address.
            let bytes = (one.hash.as_str(), &one.imprint);
            if !held && store::delivery::begin(tx, &one.delivery, job.id, bytes)? {
                if let Some((form, xml)) = &one.invoice {
                    let by = (*form, einvoice::RULES);
                    store::e_document::keep(tx, one.delivery.document, by, xml)?;
                }
                begun.push(one);
            }
        }
        if moved == 0 {
            // What matters is written by `settle`; this is the intent.
            tx.quiet();
        }
        tx.note("mail", format!("{moved} copies follow their account"));
        Ok(begun)
    })
}

/// Talks to the transport, several at once, no transaction open.
fn call(
    ports: &Ports,
    limit: usize,
    mailer: &Arc<dyn Mailer>,
    begun: Vec<Ready>,
) -> Vec<(Delivery, MailOutcome)> {
    let mailer = mailer.clone();
    in_parallel(ports, limit, begun, move |one| {
        let envelope = Envelope {
            from: one.delivery.sender.clone(),
            to: one.delivery.address.clone(),
            message_id: one.delivery.message_id.clone().unwrap_or_default(),
        };
        let outcome = mailer.send(&envelope, &one.message);
        (one.delivery, outcome)
    })
}

/// Runs `work` over `items` in the pool; results in any order.
fn in_parallel<T, U>(
    ports: &Ports,
    limit: usize,
    items: Vec<T>,
    work: impl Fn(T) -> U + Send + Sync + 'static,
) -> Vec<U>
where
    T: Send + 'static,
    U: Send + 'static,
{
    let results = Arc::new(Mutex::new(Vec::with_capacity(items.len())));
    let work = Arc::new(work);
    let tasks = items
        .into_iter()
        .map(|item| -> Box<dyn FnOnce() + Send> {
            let (results, work) = (results.clone(), work.clone());
            Box::new(move || {
                let result = work(item);
                results.lock().unwrap_or_else(PoisonError::into_inner).push(result);
            })
        })
        .collect();
    ports.pool.run(limit, tasks);
    std::mem::take(&mut *results.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Records what became of the tries; gives the transport's words when it is down.
fn settle(
    session: &mut Session,
    job: &JobRow,
    config: &Config,
    outcomes: &[(Delivery, MailOutcome)],
    elsewhere: bool,
) -> Result<Option<String>, Error> {
    if outcomes.is_empty() {
        return Ok(None);
    }
    let resend = config.get(key::DELIVERY_UNCONFIRMED) == "resend";
    session.write(Verb::Deliver, |tx| {
        store::job::guard(tx, job)?;
        let (mut sent, mut deferred, mut failed, mut unknown) = (0, 0, 0, 0);
        let mut down = None;
        for (delivery, outcome) in outcomes {
            let settled = judge(tx, delivery, outcome, resend, elsewhere);
            if !store::delivery::settle(tx, delivery.id, job.id, &settled)? {
                continue;
            }
            match outcome {
                MailOutcome::Sent { .. } => sent += 1,
                MailOutcome::Bounced { .. } => failed += 1,
                MailOutcome::Unconfirmed { .. } => unknown += 1,
                MailOutcome::LostBeforeData { reply } if elsewhere => down = Some(reply.clone()),
                MailOutcome::Deferred { .. } | MailOutcome::LostBeforeData { .. } => deferred += 1,
                MailOutcome::TransportDown { reply } => down = Some(reply.clone()),
            }
        }
        if sent > 0 {
            store::notice::done(tx, "mail_down")?;
        }
        let words =
            format!("sent {sent}, deferred {deferred}, bounced {failed}, unconfirmed {unknown}");
        tx.note("mail", words);
        let progress = Progress { done: sent, failed: failed + unknown, ..Progress::default() };
        store::job::progress(tx, job.id, &progress)?;
        Ok(down)
    })
}

/// What an outcome means for its delivery.
fn judge<'a>(
    tx: &Tx<'_>,
    delivery: &Delivery,
    outcome: &'a MailOutcome,
    resend: bool,
    elsewhere: bool,
) -> Settled<'a> {
    let now = tx.now().at_ms;
    let reply = outcome.reply();
    let as_is = |status| Settled {
        status,
        reply,
        not_before_at: None,
        counts: true,
        maybe_out: matches!(outcome, MailOutcome::Unconfirmed { .. }),
    };
    match outcome {
        MailOutcome::Sent { .. } => as_is(DeliveryStatus::Sent),
        MailOutcome::Bounced { .. } => as_is(DeliveryStatus::Bounced),
        MailOutcome::Unconfirmed { .. } if resend => {
            let next = next_try(delivery.attempts + 1, now, delivery.first_try_at.unwrap_or(now));
            match next {
                Some(_) => Settled { not_before_at: next, ..as_is(DeliveryStatus::Deferred) },
                None => as_is(DeliveryStatus::Unconfirmed),
            }
        }
        MailOutcome::Unconfirmed { .. } => as_is(DeliveryStatus::Unconfirmed),
        // A line that we have not is no try: the worker may have it.
        MailOutcome::TransportDown { .. } | MailOutcome::LostBeforeData { .. } if elsewhere => {
            Settled { not_before_at: Some(now), counts: false, ..as_is(DeliveryStatus::Queued) }
        }
        MailOutcome::Deferred { .. } | MailOutcome::LostBeforeData { .. } => {
            let next = next_try(delivery.attempts + 1, now, delivery.first_try_at.unwrap_or(now));
            match next {
                Some(_) => Settled { not_before_at: next, ..as_is(DeliveryStatus::Deferred) },
                // Five days are over; the last answer says why.
                None => as_is(DeliveryStatus::Bounced),
            }
        }
        MailOutcome::TransportDown { .. } => Settled {
            not_before_at: Some(now + DOWN_MS),
            counts: false,
            ..as_is(DeliveryStatus::Queued)
        },
    }
}
