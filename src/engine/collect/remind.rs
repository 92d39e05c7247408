//! Reminders: one e-mail an account for what is overdue, by levels of days (`reminder.levels`), each level
//! after the one before it. Never for what is disputed, promised or with an agency; it waits while a payment
//! is on its way or planned, and until the bank is read ([`due`](super::due)); asked again, with the balance,
//! at sending. What a customer has in credit counts as paid: nobody is reminded of what their credit memos and
//! unapplied payments cover, nor of more than the rest.
//!
//! The level is written down before the mail leaves, so a customer is not reminded twice because
//! somebody died in between; it is taken back when the mail certainly did not leave.

use super::due::{self, Due, Unreachable, Waiting, due, nobody_said, terms};
use super::fees::{self, FeeLine, Fees};
use crate::clock::Now;
use crate::config::{Config, key};
use crate::document::email::{self, Heading};
use crate::document::{FeeWords, Letter, Overdue, OverdueLine, Tongue};
use crate::domain::account::AccountTerms;
use crate::domain::actor::Verb;
use crate::domain::ids::{JobId, ReminderId};
use crate::domain::money::Currency;
use crate::domain::reminder::{ReminderCopyState, ReminderState};
use crate::domain::text::counted;
use crate::engine::command::{JobSpec, Refused};
use crate::engine::job::{Ports, Runner, Slice};
use crate::engine::{Error, Session};
use crate::engine::{deliver, mailer, speech};
use crate::mail::{Envelope, MailOutcome, Mailer};
use crate::store::debt::Debt;
use crate::store::job::{self, JobKind, JobRow, Progress};
use crate::store::reminder::Whose;
use crate::store::reminder_fee::{self, Claimed};
use crate::store::reminder_sent::{self, NewReminder, ReminderCopy, Sent};
use crate::store::{StoreError, json};
use serde::{Deserialize, Serialize};

pub use super::due::{ahead, count};

/// The subject of the jobs that remind.
const SUBJECT: &str = "reminders";

/// A reminder of one account: its overdue invoices with the level each reaches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reminder {
    /// Its id; none where it would go only.
    #[serde(default)]
    pub id: Option<ReminderId>,
    /// The account's number.
    pub account: String,
    /// Number, level reached now, and of each invoice what the account's credits leave of it.
    pub invoices: Vec<(String, u32, Currency, i64)>,
    /// Where it went (or would go).
    pub to: Vec<String>,
    /// What it claims for late payment.
    #[serde(default)]
    pub fees: Vec<FeeLine>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Reminded {
    /// Reminders that went out (in a dry run: would go).
    pub sent: Vec<Reminder>,
    /// Accounts that were not reminded, and why.
    pub refused: Vec<Refused>,
    /// What is due by its days and waits.
    #[serde(default)]
    pub waiting: Vec<Waiting>,
    /// That nobody said how far the bank is read; empty where somebody did.
    #[serde(default)]
    pub bank: String,
    /// What is not claimed for late payment, and why.
    #[serde(default)]
    pub doubts: Vec<String>,
}

/// Sends the reminders that are due; with `dry_run` says which they are.
pub fn remind(session: &mut Session, dry_run: bool) -> Result<Reminded, Error> {
    let (config, now) = (session.config()?, session.now()?);
    if !dry_run {
        take_up(session, now)?;
    }
    let (all, bank) = session.store.read(|db| due(db, &config, now, Whose::All))?;
    let mut done = Reminded { bank: nobody_said(bank).to_owned(), ..Reminded::default() };
    for mut one in all {
        done.waiting.append(&mut one.waiting);
        let Some((first, _, _)) = one.debts.first() else { continue };
        let what = first.account_number.clone();
        let (terms, unreachable) = session.read(|db| {
            let terms = terms(db, one.account, now.today)?;
            let unreachable = due::unreachable(db, one.account, &terms, now.today)?;
            Ok((terms, unreachable))
        })?;
        let reason = match unreachable {
            Some(Unreachable::NoAddress) => "the account has no e-mail address".to_owned(),
            Some(Unreachable::CameBack) => format!(
                "its last reminder came back from {}: correct the address, or end the task",
                terms.emails.join(", ")
            ),
            None if dry_run => {
                let of = (&terms, one.debts.as_slice());
                let fees = session.store.read(|db| fees::of(db, &config, now, of))?;
                done.sent.push(described(None, &one.debts, &terms, fees.lines()));
                done.doubts.extend(fees.doubts);
                continue;
            }
            None => match one_account(session, &config, now, one, &terms)? {
                Ok(sent) => {
                    if let Some((sent, doubts)) = sent {
                        done.sent.push(sent);
                        done.doubts.extend(doubts);
                    }
                    continue;
                }
                Err(reason) => reason,
            },
        };
        done.refused.push(Refused { what, reason });
    }
    Ok(done)
}

/// Makes a job that sends them: for a process that cannot reach the mail transport itself.
pub fn start(session: &mut Session) -> Result<JobId, Error> {
    session.write(Verb::Remind, |tx| {
        tx.note(SUBJECT, "asked for");
        let open = job::newest(tx, JobKind::Deliver, SUBJECT)?.filter(|j| j.state.is_open());
        match open {
            Some(job) => Ok(job.id),
            None => Ok(job::insert(tx, &JobSpec::Remind, SUBJECT, 0)?),
        }
    })
}

/// Drives such a job: one slice.
pub struct RemindRunner;

impl Runner for RemindRunner {
    fn slice(&mut self, session: &mut Session, row: &JobRow, _: &Ports) -> Result<Slice, Error> {
        let done = remind(session, false)?;
        let detail = json::text(&done)?;
        session.write(Verb::Remind, |tx| {
            tx.quiet();
            job::guard(tx, row)?;
            let progress = Progress {
                done: done.sent.len() as i64,
                failed: done.refused.len() as i64,
                detail: Some(&detail),
                ..Progress::default()
            };
            Ok(job::progress(tx, row.id, &progress)?)
        })?;
        Ok(Slice::Done)
    }
}

fn described(
    id: Option<ReminderId>,
    debts: &[(Debt, u32, u32)],
    terms: &AccountTerms,
    fees: Vec<FeeLine>,
) -> Reminder {
    Reminder {
        id,
        account: debts.first().map(|d| d.0.account_number.clone()).unwrap_or_default(),
        invoices: debts
            .iter()
            .map(|(d, _, level)| (d.number.clone(), *level, d.currency, d.balance_minor))
            .collect(),
        to: terms.emails.clone(),
        fees,
    }
}

/// How long whoever sends one may take, ms.
const SENDING_MS: i64 = 10 * 60_000;

/// Takes up reminders whose sender died: they may have left, and count as if they had.
fn take_up(session: &mut Session, now: Now) -> Result<(), Error> {
    for id in session.read(|db| reminder_fee::left_over(db, now.at_ms - SENDING_MS))? {
        session.write(Verb::Remind, |tx| {
            reminder_fee::perhaps(tx, id)?;
            let claimed = fees::book(tx, id)?;
            let claimed: String = claimed.iter().map(|one| format!(", {one} claimed")).collect();
            tx.note(id, format!("whoever sent it died: it may have left{claimed}"));
            Ok(())
        })?;
    }
    Ok(())
}

/// A reminder that went, with what it does not claim; none where nothing is due any more. The error is why it
/// did not go, in words.
type Went = Result<Option<(Reminder, Vec<String>)>, String>;

/// Reminds one account.
fn one_account(
    session: &mut Session,
    config: &Config,
    now: Now,
    one: Due,
    terms: &AccountTerms,
) -> Result<Went, Error> {
    let mailer = match mailer::open_mailer(config, &session.store.side_directory()) {
        Ok(mailer) => mailer,
        Err(shut) => return Ok(Err(shut.why().to_owned())),
    };
    let from = mailer::sender(config);
    let domain = deliver::copies::domain(&from);
    let written = session.write(Verb::Remind, |tx| {
        let (again, _) = due(tx, config, tx.now(), Whose::One(one.account))?;
        let debts = again.into_iter().flat_map(|one| one.debts).collect::<Vec<_>>();
        let Some((debt, _, _)) = debts.first() else {
            tx.quiet();
            return Ok(None);
        };
        let documents = debts.iter().map(|(d, before, level)| (d.document, *before, *level));
        let id = reminder_sent::insert(
            tx,
            &NewReminder {
                account: one.account,
                emails: &terms.emails,
                documents: documents.collect(),
                domain: &domain,
            },
        )?;
        let fees = fees::of(tx, config, tx.now(), (terms, &debts))?;
        for (_, claimed) in &fees.claims {
            reminder_fee::insert(tx, id, claimed)?;
        }
        let invoices = counted(debts.len(), "invoice", "invoices");
        tx.note(&debt.account_number, format!("{id}: reminder of {invoices}"));
        Ok(reminder_sent::get(tx, id)?.map(|sent| (sent, debts, fees)))
    })?;
    let Some((reminder, debts, fees)) = written else { return Ok(Ok(None)) };
    let letter = session.read(|db| {
        let tongue = speech::of_account(db, config, terms)?;
        let earlier = reminder_fee::open_of(db, reminder.account)?;
        let owed: Vec<&Debt> = debts.iter().map(|(debt, _, _)| debt).chain(&earlier).collect();
        Ok::<_, StoreError>(letter(&tongue, config, now, (&owed, &fees, terms)))
    })?;
    let names = (config.get(key::ISSUER_NAME), terms.name.as_str());
    let answers = sent(mailer.as_ref(), (&from, names), &reminder, &letter);
    let state = session.write(Verb::Remind, |tx| {
        for (seq, state, reply) in &answers {
            reminder_sent::answer(tx, reminder.id, (*seq, *state, reply))?;
        }
        let state = reminder_sent::sum_up(tx, reminder.id)?;
        let (id, number) = (reminder.id, &reminder.account_number);
        match state {
            ReminderState::NotSent => tx.note(number, format!("{id}: the reminder did not leave")),
            ReminderState::Sending | ReminderState::Sent | ReminderState::CameBack => {
                let claimed = fees::book(tx, id)?;
                tx.note(number, format!("{id}: {} claimed", claimed.join(", ")));
                tx.quiet_if(claimed.is_empty());
            }
        }
        Ok(state)
    })?;
    if state == ReminderState::NotSent {
        let said = |(seq, _, reply): &(u32, ReminderCopyState, String)| {
            let copy = reminder.copies.iter().find(|copy| copy.seq == *seq);
            format!("{}: {reply}", copy.map_or("", |copy| copy.address.as_str()))
        };
        return Ok(Err(answers.iter().map(said).collect::<Vec<_>>().join("; ")));
    }
    let told = described(Some(reminder.id), &debts, terms, fees.lines());
    Ok(Ok(Some((told, fees.doubts))))
}

/// Mails a reminder, one message to all its addresses but those that go alone: what each answered.
fn sent(
    mailer: &dyn Mailer,
    (from, names): (&str, (&str, &str)),
    reminder: &Sent,
    letter: &Letter,
) -> Vec<(u32, ReminderCopyState, String)> {
    let mut answers = Vec::new();
    for to in reminder.copies.chunk_by(|a, b| a.message_id == b.message_id) {
        let refuse = |reply: &str| {
            let reply = reply.to_owned();
            to.iter().map(move |copy| (copy.seq, ReminderCopyState::Refused, reply.clone()))
        };
        let mut named = to.iter().map(|copy: &ReminderCopy| copy.address.clone());
        let head = Heading {
            from: from.to_owned(),
            to: named.next().unwrap_or_default(),
            cc: named.collect(),
            reply_to: String::new(),
            message_id: to[0].message_id.clone(),
            date_ms: reminder.made_at,
        };
        let message = match email::letter(&head, names, letter) {
            Ok(message) => message,
            Err(error) => {
                answers.extend(refuse(&error.to_string()));
                continue;
            }
        };
        let envelope = Envelope {
            from: from.to_owned(),
            to: to.iter().map(|copy| copy.address.clone()).collect(),
            named: to.len(),
            message_id: head.message_id,
        };
        let outcomes = mailer.send(&envelope, &message);
        if outcomes.len() != to.len() {
            answers.extend(refuse("nobody was asked"));
            continue;
        }
        for (copy, outcome) in to.iter().zip(outcomes) {
            let state = match &outcome {
                MailOutcome::Sent { .. } => ReminderCopyState::Sent,
                MailOutcome::Unconfirmed { .. } => ReminderCopyState::Unconfirmed,
                MailOutcome::Deferred { .. }
                | MailOutcome::Bounced { .. }
                | MailOutcome::TransportDown { .. }
                | MailOutcome::LostBeforeData { .. } => ReminderCopyState::Refused,
            };
            answers.push((copy.seq, state, outcome.reply().to_owned()));
        }
    }
    answers
}

/// What a reminder says, in the words of its account.
fn letter(
    tongue: &Tongue,
    config: &Config,
    now: Now,
    (debts, fees, terms): (&[&Debt], &Fees, &AccountTerms),
) -> Letter {
    let line = |debt: &&Debt| OverdueLine {
        number: debt.number.clone(),
        due_on: debt.due_on,
        currency: debt.currency,
        open_minor: debt.balance_minor,
    };
    let words = |(number, of): &(String, Claimed)| FeeWords {
        number: number.clone(),
        flat: of.claim.flat,
        interest: of.claim.interest.as_ref().map(|i| (i.money, i.from, i.to)),
        law: of.claim.source.clone(),
    };
    let bank = config.get(key::ISSUER_BANK).split(';').map(str::trim);
    let bank: Vec<&str> = bank.filter(|line| !line.is_empty()).collect();
    let overdue = Overdue {
        today: now.today,
        invoices: debts.iter().map(line).collect(),
        fees: fees.claims.iter().map(words).collect(),
        paid_in_part: debts.iter().any(|debt| debt.balance_minor < debt.total_minor),
        bank: &bank.join("\n"),
        customer: &terms.name,
        issuer: config.get(key::ISSUER_NAME),
    };
    Letter::reminder(tongue, &overdue)
}
