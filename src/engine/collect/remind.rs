//! Reminders: one e-mail an account and address for what is overdue, by levels of days
//! (`reminder.levels`). Never for what is disputed, promised, with an agency, has a payment on its way or a retry that is
//! planned; asked again, with the balance, at sending. What a customer has in credit counts as paid: nobody is
//! reminded of what their credit memos and unapplied payments cover, nor of more than the rest.
//!
//! The level is written down before the mail leaves, so a customer is not reminded twice because
//! somebody died in between; it is taken back when the mail certainly did not leave.

use crate::clock::Now;
use crate::config::{Config, key, rising_days};
use crate::document::email::{self, Heading};
use crate::document::{Letter, Overdue, OverdueLine, Tongue};
use crate::domain::account::{AccountTerms, version_on};
use crate::domain::actor::Verb;
use crate::domain::ids::{AccountId, DocumentId, JobId};
use crate::domain::money::{Currency, Purse};
use crate::domain::text::counted;
use crate::engine::command::{JobSpec, Refused};
use crate::engine::job::{Ports, Runner, Slice};
use crate::engine::{Error, Session};
use crate::engine::{deliver, mailer, speech};
use crate::mail::{Envelope, MailOutcome, Mailer};
use crate::store::debt::{self, Debt};
use crate::store::job::{self, JobKind, JobRow, Progress};
use crate::store::reminder::{self, Whose};
use crate::store::{Db, StoreError, account, json, operation};
use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

/// The subject of the jobs that remind.
const SUBJECT: &str = "reminders";

/// A reminder of one account: its overdue invoices with the level each reaches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reminder {
    /// The account's number.
    pub account: String,
    /// Number, level reached now, and of each invoice what the account's credits leave of it.
    pub invoices: Vec<(String, u32, Currency, i64)>,
    /// Where it went (or would go).
    pub to: Vec<String>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Reminded {
    /// Reminders that went out (in a dry run: would go).
    pub sent: Vec<Reminder>,
    /// Accounts that were not reminded, and why.
    pub refused: Vec<Refused>,
}

/// Days overdue of each level, rising.
fn levels(config: &Config) -> Result<Vec<u64>, Error> {
    let text = config.get(key::REMINDER_LEVELS);
    rising_days(text).ok_or_else(|| {
        Error::usage(
            "bad_value",
            format!("reminder.levels: {text:?} are no rising days"),
            "such as 7,21,45",
        )
    })
}

/// The level that an invoice has reached on a day, due (or owed again) since another; 0 before the
/// first.
fn reached(levels: &[u64], since: NaiveDate, today: NaiveDate) -> u32 {
    let overdue = u64::try_from((today - since).num_days()).unwrap_or(0);
    levels.iter().filter(|days| **days <= overdue).count() as u32
}

/// The day since when, or before, an invoice must have been due to have reached each level.
fn days(levels: &[u64], today: NaiveDate) -> Vec<NaiveDate> {
    let since = |days: &u64| today.checked_sub_days(Days::new(*days)).unwrap_or(NaiveDate::MIN);
    levels.iter().map(since).collect()
}

/// An account with what it is reminded of.
struct Due {
    account: AccountId,
    debts: Vec<(Debt, u32, u32)>,
}

/// What of which accounts may be reminded now, by account.
fn due(db: &Db<'_>, levels: &[u64], now: Now, of: Whose) -> Result<Vec<Due>, StoreError> {
    let mut due: Vec<Due> = Vec::new();
    for (debt, before, since) in reminder::due(db, &days(levels, now.today), now, of)? {
        let level = reached(levels, since, now.today);
        match due.last_mut().filter(|d| d.account == debt.account) {
            Some(last) => last.debts.push((debt, before, level)),
            None => due.push(Due { account: debt.account, debts: vec![(debt, before, level)] }),
        }
    }
    for one in &mut due {
        one.debts = still_owed(db, std::mem::take(&mut one.debts), now)?;
    }
    due.retain(|one| !one.debts.is_empty());
    Ok(due)
}

/// How many reminders would go out now.
pub fn count(db: &Db<'_>, config: &Config, now: Now) -> Result<usize, Error> {
    let levels = levels(config)?;
    let plain = reminder::count(db, &days(&levels, now.today), now)?;
    let mut count = usize::try_from(plain).unwrap_or(0);
    for one in due(db, &levels, now, Whose::WithCredits)? {
        count += usize::from(!terms(db, one.account, now.today)?.emails.is_empty());
    }
    Ok(count)
}

/// What sending the reminders that are due would do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RemindersAhead {
    /// By level, rising; a reminder counts by the highest level in it.
    pub levels: Vec<(u32, Owing)>,
    /// Accounts that are due one and have no address.
    pub no_address: i64,
}

/// Reminders of one level.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Owing {
    /// How many go out.
    pub reminders: i64,
    /// Invoices in them.
    pub invoices: i64,
    /// What these leave owing, minor units.
    pub money: Purse,
}

/// Counts what [`remind`] would send.
pub fn ahead(session: &Session) -> Result<RemindersAhead, Error> {
    let (config, now) = (session.config()?, session.now()?);
    let rising = levels(&config)?;
    session.read(|db| {
        let mut no_address = 0;
        let mut by: BTreeMap<u32, Owing> = BTreeMap::new();
        for one in due(db, &rising, now, Whose::All)? {
            if terms(db, one.account, now.today)?.emails.is_empty() {
                no_address += 1;
                continue;
            }
            let level = one.debts.iter().map(|(_, _, level)| *level).max().unwrap_or(0);
            let owing = by.entry(level).or_default();
            owing.reminders += 1;
            for (debt, _, _) in &one.debts {
                owing.invoices += 1;
                owing.money.add(debt.currency.amount(debt.balance_minor))?;
            }
        }
        Ok(RemindersAhead { levels: by.into_iter().collect(), no_address })
    })
}

/// Sends the reminders that are due; with `dry_run` says which they are.
pub fn remind(session: &mut Session, dry_run: bool) -> Result<Reminded, Error> {
    let (config, now) = (session.config()?, session.now()?);
    let levels = levels(&config)?;
    let mut done = Reminded::default();
    for one in session.read(|db| due(db, &levels, now, Whose::All))? {
        let terms = session.read(|db| terms(db, one.account, now.today))?;
        let number = one.debts[0].0.account_number.clone();
        if terms.emails.is_empty() {
            let reason = "the account has no e-mail address".to_owned();
            done.refused.push(Refused { what: number, reason });
        } else if dry_run {
            done.sent.push(described(&one.debts, &terms));
        } else {
            match one_account(session, &config, now, one, &terms)? {
                Ok(Some(sent)) => done.sent.push(sent),
                Ok(None) => {}
                Err(reason) => done.refused.push(Refused { what: number, reason }),
            }
        }
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

fn terms(db: &Db<'_>, id: AccountId, today: NaiveDate) -> Result<AccountTerms, StoreError> {
    let versions = account::versions(db, id)?;
    version_on(&versions, today)
        .map(|v| v.terms.clone())
        .ok_or_else(|| StoreError::Corrupt(format!("account {} has no version", id.0)))
}

/// Those of an account's debts of which it may be reminded now, each with what its credits leave.
fn still_owed(
    db: &Db<'_>,
    debts: Vec<(Debt, u32, u32)>,
    now: Now,
) -> Result<Vec<(Debt, u32, u32)>, StoreError> {
    let mut still = Vec::new();
    let mut owed: BTreeMap<&str, HashMap<DocumentId, i64>> = BTreeMap::new();
    for (debt, before, level) in debts {
        if !reminder::is_due(db, debt.document, now)? {
            continue;
        }
        let code = debt.currency.code();
        if !owed.contains_key(code) {
            let left = debt::owed_after_credits(db, debt.account, debt.currency)?;
            owed.insert(code, left.into_iter().collect());
        }
        if let Some(left) = owed.get(code).and_then(|o| o.get(&debt.document)) {
            let fresh = debt::get(db, debt.document)?;
            still.push((Debt { balance_minor: *left, ..fresh }, before, level));
        }
    }
    Ok(still)
}

fn described(debts: &[(Debt, u32, u32)], terms: &AccountTerms) -> Reminder {
    Reminder {
        account: debts.first().map(|d| d.0.account_number.clone()).unwrap_or_default(),
        invoices: debts
            .iter()
            .map(|(d, _, level)| (d.number.clone(), *level, d.currency, d.balance_minor))
            .collect(),
        to: terms.emails.clone(),
    }
}

/// Reminds one account; the inner error is why not, in words.
fn one_account(
    session: &mut Session,
    config: &Config,
    now: Now,
    due: Due,
    terms: &AccountTerms,
) -> Result<Result<Option<Reminder>, String>, Error> {
    let mailer = match mailer::open_mailer(config, &session.store.side_directory()) {
        Ok(mailer) => mailer,
        Err(shut) => return Ok(Err(shut.why().to_owned())),
    };
    let debts = session.write(Verb::Remind, |tx| {
        let still = still_owed(tx, due.debts, tx.now())?;
        for (debt, _, level) in &still {
            reminder::set(tx, debt.document, *level)?;
        }
        match still.first() {
            Some((debt, _, _)) => {
                let invoices = counted(still.len(), "invoice", "invoices");
                tx.note(&debt.account_number, format!("reminder of {invoices}"));
            }
            None => tx.quiet(),
        }
        Ok(still)
    })?;
    if debts.is_empty() {
        return Ok(Ok(None));
    }
    let letter = session.read(|db| {
        let tongue = speech::of_account(db, config, terms)?;
        Ok::<_, StoreError>(letter(&tongue, config, now, (&debts, terms)))
    })?;
    let (left, failures) = sent(mailer.as_ref(), config, now, (&letter, terms));
    if left {
        return Ok(Ok(Some(described(&debts, terms))));
    }
    session.write(Verb::Remind, |tx| {
        for (debt, before, _) in &debts {
            reminder::set(tx, debt.document, *before)?;
        }
        tx.note(&debts[0].0.account_number, "the reminder did not leave");
        Ok(())
    })?;
    Ok(Err(failures.join("; ")))
}

/// Mails a reminder to every address: whether one left, and what came of the others.
fn sent(
    mailer: &dyn Mailer,
    config: &Config,
    now: Now,
    (letter, terms): (&Letter, &AccountTerms),
) -> (bool, Vec<String>) {
    let mut failures = Vec::new();
    let mut left = false;
    for to in &terms.emails {
        let id = operation::fresh_id();
        let from = mailer::sender(config);
        let message_id = format!("reminder-{id}@{}", deliver::copies::domain(&from));
        let head = Heading {
            from: from.clone(),
            to: to.clone(),
            cc: Vec::new(),
            reply_to: String::new(),
            message_id: message_id.clone(),
            date_ms: now.at_ms,
        };
        let names = (config.get(key::ISSUER_NAME), terms.name.as_str());
        let message = match email::letter(&head, names, letter) {
            Ok(message) => message,
            Err(error) => {
                failures.push(error.to_string());
                continue;
            }
        };
        match mailer.send_one(Envelope::one(from, to.clone(), message_id), &message) {
            MailOutcome::Sent { .. } | MailOutcome::Unconfirmed { .. } => left = true,
            MailOutcome::Deferred { reply }
            | MailOutcome::Bounced { reply }
            | MailOutcome::TransportDown { reply }
            | MailOutcome::LostBeforeData { reply } => failures.push(format!("{to}: {reply}")),
        }
    }
    (left, failures)
}

/// What a reminder says, in the words of its account.
fn letter(
    tongue: &Tongue,
    config: &Config,
    now: Now,
    (debts, terms): (&[(Debt, u32, u32)], &AccountTerms),
) -> Letter {
    let line = |(debt, _, _): &(Debt, u32, u32)| OverdueLine {
        number: debt.number.clone(),
        due_on: debt.due_on,
        currency: debt.currency,
        open_minor: debt.balance_minor,
    };
    let bank = config.get(key::ISSUER_BANK).split(';').map(str::trim);
    let bank: Vec<&str> = bank.filter(|line| !line.is_empty()).collect();
    let overdue = Overdue {
        today: now.today,
        invoices: debts.iter().map(line).collect(),
        paid_in_part: debts.iter().any(|(debt, _, _)| debt.balance_minor < debt.total_minor),
        bank: &bank.join("\n"),
        customer: &terms.name,
        issuer: config.get(key::ISSUER_NAME),
    };
    Letter::reminder(tongue, &overdue)
}
