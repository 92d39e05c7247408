//! Sending queued statements of account, in slices, by the steps of every e-mail: made, `begin` (committed),
//! the talk with no transaction open, `settle`. What a process that died was sending is Unconfirmed.

use super::send::judged;
use super::statements::{self, Made};
use super::turn::obeys;
use crate::document::email::{self, Heading};
use crate::domain::actor::Verb;
use crate::domain::delivery::Down;
use crate::domain::payment::DeliveryStatus;
use crate::domain::text::hex;
use crate::engine::deliver::pause;
use crate::engine::job::{Ports, Runner, Slice};
use crate::engine::mailer::open_mailer;
use crate::engine::{Error, Session, reach};
use crate::gateway::Shut;
use crate::mail::{Envelope, MailOutcome, Mailer};
use crate::store::delivery::{self, Settled};
use crate::store::job::{self, JobRow, Progress};
use crate::store::json;
use crate::store::statement_copy::{self, StatementCopy};
use sha2::{Digest, Sha256};

/// Copies of one slice.
const SLICE: i64 = 16;

/// Drives such a job.
#[derive(Default)]
pub struct StatementRunner {
    /// The claim of the job this runner has tidied up after.
    epoch: Option<i64>,
}

impl Runner for StatementRunner {
    fn slice(&mut self, session: &mut Session, row: &JobRow, _: &Ports) -> Result<Slice, Error> {
        if self.epoch != Some(row.epoch) {
            session.write(Verb::Deliver, |tx| {
                job::guard(tx, row)?;
                let left = statement_copy::abandon(tx, row.id)?;
                if left == 0 {
                    tx.quiet();
                }
                let words = format!("{left} statements were interrupted: not known whether sent");
                tx.note(statements::SUBJECT, words);
                Ok(())
            })?;
            self.epoch = Some(row.epoch);
        }
        if obeys(session, row, (statements::SUBJECT, "sending"))? {
            return Ok(Slice::Halted);
        }
        let now = session.now()?.at_ms;
        let due = session.read(|db| statement_copy::due(db, now, SLICE))?;
        if due.is_empty() {
            let next = session.read(statement_copy::next_due)?;
            return Ok(next.map_or(Slice::Done, |until_ms| Slice::Wait { until_ms }));
        }
        let mailer = match open_mailer(&session.config()?, &session.store.side_directory()) {
            Ok(mailer) => mailer,
            Err(Shut::Here(why)) => {
                session.reach.leave(row.id, &why);
                return Ok(Slice::Leave);
            }
            Err(Shut::Everywhere(reply)) => return down(session, row, &reply),
        };
        for copy in &due {
            if let Some(reply) = one(session, row, mailer.as_ref(), copy)? {
                if reach::elsewhere(session, reach::MAIL) {
                    session.reach.leave(row.id, &reply);
                    return Ok(Slice::Leave);
                }
                return down(session, row, &reply);
            }
        }
        Ok(Slice::More)
    }
}

/// The server refuses us: everything waits.
fn down(session: &mut Session, row: &JobRow, reply: &str) -> Result<Slice, Error> {
    let (now, zone) = (session.now()?, session.config()?.zone());
    let down = Down::once_more(row.receipt::<Down>()?.as_ref(), reply, now.at_ms);
    let detail = json::text(&down)?;
    session.write(Verb::Deliver, |tx| {
        job::guard(tx, row)?;
        tx.note(statements::SUBJECT, format!("mail is paused: {reply}"));
        job::progress(tx, row.id, &Progress { detail: Some(&detail), ..Progress::default() })?;
        Ok(delivery::transport_down(tx, &pause::words(&down, now, zone))?)
    })?;
    Ok(Slice::Wait { until_ms: down.until_ms })
}

/// Sends one copy; gives what was said when the server refuses us.
fn one(
    session: &mut Session,
    row: &JobRow,
    mailer: &dyn Mailer,
    copy: &StatementCopy,
) -> Result<Option<String>, Error> {
    let (config, from) = (session.config()?, statements::from(&session.config()?));
    let made = session
        .store
        .read(|db| statements::make(db, copy.account, &copy.account_number, copy.span));
    let made = match made {
        Ok(made) => made,
        Err(Error::Usage { message, .. }) => {
            impossible(session, row, copy, &message)?;
            return Ok(None);
        }
        Err(other) => return Err(other),
    };
    let hash = hex(&Sha256::digest(&made.pdf));
    let message = match message(made, copy, &from) {
        Ok(message) => message,
        Err(why) => {
            impossible(session, row, copy, &why)?;
            return Ok(None);
        }
    };
    let begun = session.write(Verb::Deliver, |tx| {
        job::guard(tx, row)?;
        // What matters is written below; this is the intent.
        tx.quiet();
        tx.note(statements::SUBJECT, "sending");
        Ok(statement_copy::begin(tx, copy, row.id, &hash)?)
    })?;
    if !begun {
        return Ok(None);
    }
    let envelope = Envelope::one(from, copy.address.clone(), copy.message_id.clone());
    let outcome = mailer.send_one(envelope, &message);
    let resend = config.get(crate::config::key::DELIVERY_UNCONFIRMED) == "resend";
    let elsewhere = reach::elsewhere(session, reach::MAIL);
    session.write(Verb::Deliver, |tx| {
        job::guard(tx, row)?;
        let tries = (copy.attempts, copy.first_try_at);
        let settled = judged(tx.now().at_ms, tries, &outcome, resend, elsewhere);
        statement_copy::settle(tx, copy.id, row.id, &settled)?;
        tx.note(&copy.account_number, format!("{}: {}", copy.id, settled.status));
        let is = |states: &[DeliveryStatus]| i64::from(states.contains(&settled.status));
        let done = is(&[DeliveryStatus::Sent]);
        let failed = is(&[DeliveryStatus::Bounced, DeliveryStatus::Unconfirmed]);
        Ok(job::progress(tx, row.id, &Progress { done, failed, ..Progress::default() })?)
    })?;
    Ok(match outcome {
        MailOutcome::TransportDown { reply } => Some(reply),
        MailOutcome::LostBeforeData { reply } if elsewhere => Some(reply),
        MailOutcome::Sent { .. }
        | MailOutcome::Deferred { .. }
        | MailOutcome::Bounced { .. }
        | MailOutcome::Unconfirmed { .. }
        | MailOutcome::LostBeforeData { .. } => None,
    })
}

fn message(made: Made, copy: &StatementCopy, from: &str) -> Result<Vec<u8>, String> {
    let head = Heading {
        from: from.to_owned(),
        to: copy.address.clone(),
        cc: Vec::new(),
        reply_to: String::new(),
        message_id: copy.message_id.clone(),
        date_ms: copy.queued_at,
    };
    let names = (made.names.0.as_str(), made.names.1.as_str());
    email::with_pdf(&head, names, &made.letter, (made.file, made.pdf)).map_err(|e| e.to_string())
}

/// It cannot be made: it says why, and the others go on.
fn impossible(
    session: &mut Session,
    row: &JobRow,
    copy: &StatementCopy,
    why: &str,
) -> Result<(), Error> {
    session.write(Verb::Deliver, |tx| {
        job::guard(tx, row)?;
        if statement_copy::begin(tx, copy, row.id, "")? {
            let settled = Settled {
                status: DeliveryStatus::Impossible,
                reply: why,
                not_before_at: None,
                counts: false,
                maybe_out: false,
            };
            statement_copy::settle(tx, copy.id, row.id, &settled)?;
        }
        tx.note(&copy.account_number, format!("{} cannot be made: {why}", copy.id));
        Ok(job::progress(tx, row.id, &Progress { failed: 1, ..Progress::default() })?)
    })
}
