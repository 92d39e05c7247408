//! Statements of account for customers: as a PDF, and queued as e-mail to one, a batch, or who owes more
//! than so much for so long. What is sent shows what is legally owed: write-offs are left in.

use crate::config::Config;
use crate::document::statement::{ToCustomer, letter};
use crate::document::{Letter, Letterhead, PrintError, issuer};
use crate::domain::account::AccountTerms;
use crate::domain::actor::Verb;
use crate::domain::frozen::Customer;
use crate::domain::ids::{AccountId, JobId, StatementCopyId};
use crate::domain::money::Money;
use crate::domain::payment::DeliveryStatus;
use crate::domain::period::Span;
use crate::domain::statement::{Owed, Statement};
use crate::engine::command::Refused;
use crate::engine::deliver::copies::{When, domain, open_press};
use crate::engine::{Error, Session, mailer, speech};
use crate::store::job::{self, JobKind, JobSpec};
use crate::store::statement_copy::{self, StatementCopy};
use crate::store::{Db, Tx, account, report, settings};
use chrono::{Days, NaiveDate};

/// The subject of the jobs that send them.
pub const SUBJECT: &str = "statements";

/// Whom statements go to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whom {
    Account(String),
    Batch(String),
    /// Who owes more than this, each part of it past due for so many days.
    Owing {
        more_than: Money,
        days: u64,
    },
    Everybody,
}

/// A statement of an account, made.
pub struct Made {
    pub file: String,
    pub pdf: Vec<u8>,
    pub letter: Letter,
    /// The issuer's and the customer's name.
    pub names: (String, String),
    pub statements: Vec<Statement>,
}

/// One account in a batch of statements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sending {
    pub account: String,
    /// Of what is legally owed, one a currency.
    pub statements: Vec<Statement>,
    /// Addresses to which it is queued (of a dry run: would be).
    pub queued: Vec<String>,
    /// Those to which one of this span goes or went.
    pub known: Vec<String>,
}

/// What became of asking for them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Queued {
    pub accounts: Vec<Sending>,
    /// Accounts that get none, and why.
    pub refused: Vec<Refused>,
    /// Accounts of which there is nothing to say.
    pub empty: usize,
    /// The job that sends them.
    pub job: Option<JobId>,
}

fn terms(db: &Db<'_>, id: AccountId, on: NaiveDate) -> Result<AccountTerms, Error> {
    let versions = account::versions(db, id)?;
    let found = crate::domain::account::version_on(&versions, on).or(versions.first());
    found
        .map(|version| version.terms.clone())
        .ok_or_else(|| Error::Bug(format!("account {} has no version", id.0)))
}

/// Makes the statement of an account, as it is sent.
pub fn make(db: &Db<'_>, id: AccountId, number: &str, span: Span) -> Result<Made, Error> {
    let config = settings::load(db)?;
    let terms = terms(db, id, span.to)?;
    let tongue = speech::of_account(db, &config, &terms)?;
    let statements = report::statement::of_account(db, id, span, Owed::Legal)?;
    let (issuer, customer) = (issuer(&config), Customer::of(&terms));
    let of = ToCustomer {
        tongue: &tongue,
        issuer: &issuer,
        customer: &customer,
        account: number,
        span,
        statements: &statements,
    };
    let refuse = |why: PrintError| {
        let hint = "correct what it names, and ask again";
        Error::usage("unprintable", format!("the statement cannot be printed: {why}"), hint)
    };
    let press = open_press()?;
    let set = press.statement(&of, &Letterhead::of(&config, span.to)).map_err(refuse)?;
    Ok(Made {
        file: file_name(number, span),
        pdf: set.pdf(press),
        letter: letter(&of),
        names: (issuer.name.clone(), customer.name.clone()),
        statements,
    })
}

fn file_name(number: &str, span: Span) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' };
    let number: String = number.chars().map(safe).collect();
    format!("statement-{}-{}.pdf", number.trim_start_matches('.'), span.to)
}

/// The account of a number, or that there is none.
pub fn find(db: &Db<'_>, number: &str) -> Result<AccountId, Error> {
    let found = account::find(db, number)?.ok_or_else(|| {
        let hint = "8 Accounts of the console lists them";
        Error::usage("unknown_account", format!("there is no account {number}"), hint)
    })?;
    Ok(found.id)
}

fn chosen(db: &Db<'_>, whom: &Whom, today: NaiveDate) -> Result<Vec<(AccountId, String)>, Error> {
    Ok(match whom {
        Whom::Account(number) => vec![(find(db, number)?, number.clone())],
        Whom::Batch(batch) => {
            let all = statement_copy::accounts(db, Some(batch), today)?;
            if all.is_empty() {
                let why = format!("no account is in batch {batch}");
                return Err(Error::usage(
                    "unknown_batch",
                    why,
                    "daybook sql --read-only lists them",
                ));
            }
            all
        }
        Whom::Everybody => statement_copy::accounts(db, None, today)?,
        Whom::Owing { more_than, days } => {
            let since = today.checked_sub_days(Days::new(*days)).unwrap_or(NaiveDate::MIN);
            statement_copy::owing(db, *more_than, since)?
        }
    })
}

/// What asking for statements would do.
pub fn ahead(session: &Session, whom: &Whom, span: Span) -> Result<Queued, Error> {
    let today = session.now()?.today;
    session.store.read(|db| planned(db, whom, span, today))
}

fn planned(db: &Db<'_>, whom: &Whom, span: Span, today: NaiveDate) -> Result<Queued, Error> {
    let mut all = Queued::default();
    for (id, number) in chosen(db, whom, today)? {
        let statements = report::statement::of_account(db, id, span, Owed::Legal)?;
        if statements.iter().all(Statement::is_empty) {
            all.empty += 1;
            continue;
        }
        let mut emails = terms(db, id, today)?.emails;
        if emails.is_empty() {
            let reason = "the account has no e-mail address: daybook report statement --pdf";
            all.refused.push(Refused { what: number, reason: reason.to_owned() });
            continue;
        }
        let known: Vec<String> =
            statement_copy::known(db, id, span)?.into_iter().map(|copy| copy.address).collect();
        emails.retain(|address| !known.contains(address));
        all.accounts.push(Sending { account: number, statements, queued: emails, known });
    }
    Ok(all)
}

/// Accounts whose copies are queued in one transaction: so long nobody else writes.
const AT_ONCE: usize = 100;

/// Queues statements over a span; one that goes or went to an address is not queued again.
pub fn queue(session: &mut Session, whom: &Whom, span: Span, when: When) -> Result<Queued, Error> {
    let config = session.config()?;
    let mut all = ahead(session, whom, span)?;
    let behind = domain(&mailer::sender(&config));
    for some in all.accounts.chunks_mut(AT_ONCE) {
        let job = session.write(Verb::Deliver, |tx| {
            let at = tx.now().at_ms + when.hold_ms(&config);
            let mut queued = 0;
            for one in some.iter_mut() {
                let id = find(tx, &one.account)?;
                let mut new = Vec::with_capacity(one.queued.len());
                for address in std::mem::take(&mut one.queued) {
                    // Somebody else may have queued it a moment ago.
                    match statement_copy::queue(tx, id, span, (&address, &behind), at)? {
                        Some(_) => new.push(address),
                        None => one.known.push(address),
                    }
                }
                queued += new.len();
                one.queued = new;
            }
            tx.note(SUBJECT, format!("{queued} statements of account are queued"));
            if queued == 0 {
                tx.quiet();
                return Ok(None);
            }
            Ok::<_, Error>(Some(wake(tx, at)?))
        })?;
        all.job = job.or(all.job);
    }
    Ok(all)
}

/// Sees to it that a job sends what is queued from a moment on.
fn wake(tx: &Tx<'_>, at_ms: i64) -> Result<JobId, Error> {
    if let Some(id) = job::wake(tx, JobKind::Deliver, SUBJECT, at_ms)? {
        return Ok(id);
    }
    let id = job::insert(tx, &JobSpec::Statements, SUBJECT, 0)?;
    job::set_not_before(tx, id, at_ms)?;
    Ok(id)
}

/// What a person does with copies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// Not to be sent after all.
    Recall,
    /// Once more, under the same name: what bounced, was recalled, or is not known to have arrived.
    Again,
    /// It did arrive, as a person found.
    Confirm,
}

/// Does it to copies; gives what could not be done, and the job that sends.
pub fn steer(
    session: &mut Session,
    ids: &[StatementCopyId],
    deed: Deed,
) -> Result<(usize, Vec<Refused>, Option<JobId>), Error> {
    session.write(Verb::Deliver, |tx| {
        let (mut done, mut refused) = (0, Vec::new());
        let now = tx.now().at_ms;
        let (next, at) = match deed {
            Deed::Recall => (DeliveryStatus::Recalled, None),
            Deed::Again => (DeliveryStatus::Queued, Some(now)),
            Deed::Confirm => (DeliveryStatus::Sent, None),
        };
        for id in ids {
            match statement_copy::step(tx, *id, (next, ""), at)? {
                Ok(_) => done += 1,
                Err(state) => {
                    let reason = format!("it is {state}");
                    refused.push(Refused { what: id.to_string(), reason });
                }
            }
        }
        if done == 0 {
            tx.quiet();
        }
        tx.note(SUBJECT, format!("{done} statements of account: {next}"));
        let job = if deed == Deed::Again && done > 0 { Some(wake(tx, now)?) } else { None };
        Ok((done, refused, job))
    })
}

/// Books that a copy came back, by the name of its message, each report (by its hash) once; none where no statement
/// went out under it, false where that is known or too late.
pub fn came_back(
    session: &mut Session,
    name: &str,
    (report, reason): (&str, &str),
) -> Result<Option<(StatementCopy, bool)>, Error> {
    let Some(copy) = session.read(|db| statement_copy::of_name(db, name))? else {
        return Ok(None);
    };
    let moved = session.write(Verb::Deliver, |tx| {
        let words = format!("came back: {reason}");
        if !statement_copy::keep_report(tx, copy.id, report)? {
            tx.quiet();
            return Ok(false);
        }
        let moved = statement_copy::step(tx, copy.id, (DeliveryStatus::Bounced, &words), None)?;
        tx.note(&copy.account_number, format!("{}: {words}", copy.id));
        Ok::<_, Error>(moved.is_ok())
    })?;
    Ok(Some((copy, moved)))
}

/// Statements on their way and gone, by state and account.
pub fn list(
    session: &Session,
    status: Option<DeliveryStatus>,
    number: Option<&str>,
) -> Result<Vec<StatementCopy>, Error> {
    session.store.read(|db| {
        let account = number.map(|number| find(db, number)).transpose()?;
        Ok(statement_copy::list(db, status, account)?)
    })
}

/// As [`make`], of an account by number.
pub fn of_account(session: &Session, number: &str, span: Span) -> Result<Made, Error> {
    session.store.read(|db| make(db, find(db, number)?, number, span))
}

/// Where it is from.
pub(super) fn from(config: &Config) -> String {
    mailer::sender(config)
}
