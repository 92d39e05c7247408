//! Sending queued e-mail, in slices: make the messages, `begin` (committed: they are being sent),
//! talk to the mail server with no transaction open, `settle`. While some are on their way the next
//! are made.
//!
//! A process that dies in between leaves rows in Sending; whoever takes the job over cannot know
//! whether they arrived, so they become Unconfirmed and a person or the policy decides.
//!
//! A server that refuses us has refused no copy: all wait, and it is asked again after a while.

use super::lanes::{Answered, Lanes, Limits};
use super::letters::{self, Made, Ready, Seen};
use super::turn::{obeys, rest};
use crate::config::{Config, key};
use crate::document::einvoice;
use crate::domain::actor::Verb;
use crate::domain::delivery::{Down, next_try};
use crate::domain::payment::DeliveryStatus;
use crate::engine::deliver::copies::{When, open_press};
use crate::engine::deliver::envelope;
use crate::engine::deliver::pause;
use crate::engine::job::{Ports, Runner, Slice};
use crate::engine::mailer::{open_mailer, sender};
use crate::engine::{Error, Session, reach};
use crate::gateway::Shut;
use crate::mail::{MailOutcome, Mailer};
use crate::store::delivery::{Delivery, Sent, Settled};
use crate::store::job::{JobRow, MAIL, Progress};
use crate::store::{self, Tx};
use std::path::Path;
use std::sync::Arc;

/// Copies of one slice: so many are not known if the process dies while they are on their way.
const SLICE: usize = 64;

/// Drives a `deliver` job.
#[derive(Default)]
pub struct SendRunner {
    /// The claim of the job this runner has tidied up after.
    epoch: Option<i64>,
    /// The transport, and the settings it was made from.
    mailer: Option<(String, Arc<dyn Mailer>)>,
    /// Answers not yet in the book, because another clerk held the write lock: they are facts and
    /// must not be lost.
    answers: Vec<Answered>,
    /// Made while the last ones were on their way.
    next: Option<Made>,
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
        if obeys(session, job, ("mail", "sending"))? {
            return Ok(Slice::Halted);
        }
        if !self.answers.is_empty() {
            return self.record(session, job, &config);
        }
        let from = sender(&config);
        let made = match self.next.take().filter(|made| !made.is_empty()) {
            Some(made) => made,
            None => letters::make(session, ports, (SLICE, &from))?,
        };
        if made.is_empty() {
            return rest(session, job, MAIL, store::delivery::next_due);
        }
        let mailer = match self.mailer(&config, &session.store.side_directory()) {
            Ok(mailer) => mailer,
            Err(Shut::Here(why)) => {
                session.reach.leave(job.id, &why);
                return Ok(Slice::Leave);
            }
            Err(Shut::Everywhere(reply)) => return self.down(session, job, &reply),
        };
        let begun = begin(session, job, &config, made)?;
        let mut next = Ok(Made::default());
        let lanes = Lanes::new(begun, Limits::of(&config));
        self.answers = lanes.run(ports, &mailer, &mut || {
            next = letters::make(session, ports, (SLICE, &from));
        });
        let slice = self.record(session, job, &config)?;
        self.next = Some(next?);
        Ok(slice)
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

    /// The server refuses us: everything waits, a person is told, nothing is lost.
    fn down(&mut self, session: &mut Session, job: &JobRow, reply: &str) -> Result<Slice, Error> {
        self.mailer = None;
        self.next = None;
        let (now, zone) = (session.now()?, session.config()?.zone());
        let down = Down::once_more(job.receipt::<Down>()?.as_ref(), reply, now.at_ms);
        let detail = store::json::text(&down)?;
        session.write(Verb::Deliver, |tx| {
            store::job::guard(tx, job)?;
            tx.note("mail", format!("mail is paused: {reply}"));
            let progress = Progress { detail: Some(&detail), ..Progress::default() };
            store::job::progress(tx, job.id, &progress)?;
            Ok(store::delivery::transport_down(tx, &pause::words(&down, now, zone))?)
        })?;
        Ok(Slice::Wait { until_ms: down.until_ms })
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

/// Commits that these are being sent now. Copies whose document was corrected meanwhile are held;
/// those whose account wants them elsewhere by now follow it, and go with a later slice, like those
/// that were to go with them. What cannot be made becomes Impossible, with the reason.
fn begin(
    session: &mut Session,
    job: &JobRow,
    config: &Config,
    made: Made,
) -> Result<Vec<Ready>, Error> {
    let press = open_press()?;
    let post = envelope::Post::of(config, When::Now);
    let Made { ready, failed } = made;
    if !failed.is_empty() {
        cannot_be_made(session, job, &failed)?;
    }
    if ready.is_empty() {
        return Ok(ready);
    }
    session.write(Verb::Deliver, |tx| {
        store::job::guard(tx, job)?;
        let (mut begun, mut moved) = (Vec::new(), 0);
        for mut one in ready {
            let document = one.letter.rows[0].document;
            if store::envelope::in_doubt(tx, document, tx.now().today)? {
                moved += envelope::of_document(tx, press, document, &post)?.len();
            }
            if !starts(tx, job, &mut one)? {
                continue;
            }
            if let Some((form, xml)) = &one.invoice {
                store::e_document::keep(tx, document, (*form, einvoice::RULES), xml)?;
            }
            begun.push(one);
        }
        if moved == 0 {
            // What matters is written by `settle`; this is the intent.
            tx.quiet();
        }
        tx.note("mail", format!("{moved} copies follow their account"));
        Ok(begun)
    })
}

/// Marks the copies of a message as being sent, where they stand as it was made. What nobody has
/// seen goes to all whom it names, or not now.
fn starts(tx: &Tx<'_>, job: &JobRow, one: &mut Ready) -> Result<bool, Error> {
    let mut all = Vec::with_capacity(one.letter.rows.len());
    for row in &one.letter.rows {
        let held = store::delivery::hold_if_corrected(tx, row.id)?;
        // Fails where the copy moved: the bytes name the old address.
        all.push(!held && store::letter::stands(tx, row)?);
    }
    if one.letter.seen == Seen::No && all.contains(&false) {
        return Ok(false);
    }
    let mut stands = all.into_iter();
    one.letter.rows.retain(|_| stands.next().unwrap_or_default());
    let sent = Sent {
        name: &one.letter.name,
        sender: &one.letter.sender,
        hash: &one.hash,
        imprint: &one.imprint,
    };
    for row in &one.letter.rows {
        let begun = store::delivery::begin(tx, row, job.id, &sent)?;
        debug_assert!(begun, "it stood a moment ago, in the same transaction");
    }
    Ok(!one.letter.rows.is_empty())
}

fn cannot_be_made(
    session: &mut Session,
    job: &JobRow,
    failed: &[(Delivery, String)],
) -> Result<(), Error> {
    session.write(Verb::Deliver, |tx| {
        store::job::guard(tx, job)?;
        for (delivery, why) in failed {
            let _ = store::delivery::step(tx, delivery.id, DeliveryStatus::Impossible, why, None)?;
        }
        tx.note("mail", format!("{} e-mails cannot be made", failed.len()));
        let progress = Progress { failed: failed.len() as i64, ..Progress::default() };
        Ok(store::job::progress(tx, job.id, &progress)?)
    })
}

/// How many copies came to what.
#[derive(Default)]
struct Counts {
    sent: i64,
    deferred: i64,
    failed: i64,
    unknown: i64,
    /// Not tried: the server refuses us.
    put_off: i64,
}

/// Records what became of the tries; gives what was said when the server refuses us.
fn settle(
    session: &mut Session,
    job: &JobRow,
    config: &Config,
    answers: &[Answered],
    elsewhere: bool,
) -> Result<Option<String>, Error> {
    if answers.is_empty() {
        return Ok(None);
    }
    let resend = config.get(key::DELIVERY_UNCONFIRMED) == "resend";
    session.write(Verb::Deliver, |tx| {
        store::job::guard(tx, job)?;
        let (mut counts, mut down) = (Counts::default(), None);
        for Answered { letter, outcomes } in answers {
            let before = counts.put_off;
            for (delivery, outcome) in letter.rows.iter().zip(outcomes) {
                let settled = judge(tx, delivery, outcome, resend, elsewhere);
                if !store::delivery::settle(tx, delivery.id, job.id, &settled)? {
                    continue;
                }
                match outcome {
                    MailOutcome::Sent { .. } => counts.sent += 1,
                    MailOutcome::Bounced { .. } => counts.failed += 1,
                    MailOutcome::Unconfirmed { .. } => counts.unknown += 1,
                    MailOutcome::LostBeforeData { .. } if !elsewhere => counts.deferred += 1,
                    MailOutcome::Deferred { .. } => counts.deferred += 1,
                    MailOutcome::TransportDown { reply }
                    | MailOutcome::LostBeforeData { reply } => {
                        counts.put_off += 1;
                        down = Some(reply.clone());
                    }
                }
            }
            // Nobody has seen any of it: who goes together is decided anew.
            let none_tried = counts.put_off - before == letter.rows.len() as i64;
            for row in letter.rows.iter().filter(|_| none_tried && letter.seen == Seen::No) {
                store::letter::unfix(tx, row)?;
            }
        }
        let Counts { sent, deferred, failed, unknown, put_off } = counts;
        // It talks to us again.
        let answers = sent + deferred + failed > 0 && down.is_none();
        if answers {
            store::notice::done(tx, "mail_down")?;
        }
        if put_off > 0 && sent + deferred + failed + unknown == 0 {
            tx.quiet();
        }
        let words =
            format!("sent {sent}, deferred {deferred}, bounced {failed}, unconfirmed {unknown}");
        tx.note("mail", words);
        let detail = (answers && job.receipt::<Down>()?.is_some()).then_some("");
        let progress =
            Progress { done: sent, failed: failed + unknown, detail, ..Progress::default() };
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
    let tries = (delivery.attempts, delivery.first_try_at);
    judged(tx.now().at_ms, tries, outcome, resend, elsewhere)
}

/// The same of anything that was tried so often, and first at a moment.
pub(super) fn judged(
    now: i64,
    (attempts, first_try_at): (i64, Option<i64>),
    outcome: &MailOutcome,
    resend: bool,
    elsewhere: bool,
) -> Settled<'_> {
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
            let next = next_try(attempts + 1, now, first_try_at.unwrap_or(now));
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
            let next = next_try(attempts + 1, now, first_try_at.unwrap_or(now));
            match next {
                Some(_) => Settled { not_before_at: next, ..as_is(DeliveryStatus::Deferred) },
                // Five days are over; the last answer says why.
                None => as_is(DeliveryStatus::Bounced),
            }
        }
        // The job waits, the copy keeps its turn.
        MailOutcome::TransportDown { .. } => {
            Settled { counts: false, ..as_is(DeliveryStatus::Queued) }
        }
    }
}
