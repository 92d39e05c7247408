//! The bill run: made by [`start`], driven in slices by [`BillRunner`], tried by [`dry_run`].
//!
//! A slice reads and rates a handful of accounts without a lock, while the slice before it is written,
//! then writes their drafts in one short transaction; if anything they were rated from moved in
//! between, they are rated again under the lock. The size of a slice follows the clock so that another
//! clerk hardly waits.

use super::asked::params;
use crate::config::{Config, key};
use crate::domain::account::{AccountTerms, Version, version_on};
use crate::domain::actor::Verb;
use crate::domain::bill::bill_account;
use crate::domain::billing::{
    AccountBill, AccountInput, BillDates, BillingRules, DraftDocument, TaxTable,
};
use crate::domain::document::{BillRunStatus, DocumentKind};
use crate::domain::ids::{AccountId, BillRunId, JobId};
use crate::domain::money::{self, Currency, MoneyError};
use crate::domain::text::counted;
use crate::engine::ahead::Ahead;
use crate::engine::command::{JobSpec, NewBillRun};
use crate::engine::job::{Ports, Runner, Slice};
use crate::engine::pace::Pace;
use crate::engine::rate::flagging::{self, Judge};
use crate::engine::rate::{self, rules};
use crate::engine::{Error, Session};
use crate::store::bill_run::{
    self, AccountFilter, BillRunParams, BillRunRow, Busy, RunProgress, RunTotal,
};
use crate::store::billing::{self, Span};
use crate::store::job::{self, JobRow, JobState, Progress, Wanted};
use crate::store::new_draft::{self, NewDraft, Ready};
use crate::store::notice::{self, NoticeLevel};
use crate::store::sample::{self, Unflagged};
use crate::store::settled::{self, Stamp};
use crate::store::tax;
use crate::store::{Db, Moment, StoreError, Topic, Tx, book_period, operation, settings, usage};
use chrono::NaiveDate;
use std::time::Duration;

/// A write lock is to be held about this long.
const LOCK: Duration = Duration::from_millis(40);
/// Accounts in the first slice, and at most.
const FIRST: u32 = 100;
const MOST: u32 = 2_000;
/// Usage records in a slice of several accounts: what fits in [`LOCK`] though each has many.
const RECORDS: i64 = 8_000;

/// Makes a run and its job; the worker (or the caller) drives it.
pub fn start(session: &mut Session, new: &NewBillRun) -> Result<(BillRunId, JobId), Error> {
    let params = params(session, new)?;
    begin(session, &params)
}

/// A new run of just the accounts that failed in `run`, with the same parameters.
pub fn retry_failed(session: &mut Session, run: BillRunId) -> Result<(BillRunId, JobId), Error> {
    let old = session.read(|db| bill_run::get(db, run))?;
    if old.accounts_failed == 0 {
        return Err(Error::usage("nothing_failed", format!("{run} has no failed accounts"), ""));
    }
    let filter = AccountFilter { failed_of: Some(run.0), ..AccountFilter::default() };
    begin(session, &BillRunParams { filter, retry_of: Some(run), ..old.params })
}

fn begin(session: &mut Session, params: &BillRunParams) -> Result<(BillRunId, JobId), Error> {
    session.write(Verb::Bill, |tx| start_in(tx, params))
}

/// The same within a transaction that does more.
pub fn start_in(tx: &Tx<'_>, params: &BillRunParams) -> Result<(BillRunId, JobId), Error> {
    book_period::refuse_in(tx, params.invoice_on)?;
    let total = bill_run::count_accounts(tx, &params.filter, tx.now().today)?;
    let run = bill_run::insert(tx, params, total)?;
    let spec = JobSpec::Bill { run };
    let job = job::insert(tx, &spec, &run.to_string(), total)?;
    tx.note(run, format!("bill run to {} of {total} accounts", params.target_on));
    Ok((run, job))
}

/// What accounts are rated with.
pub(super) struct Basis {
    rules: BillingRules,
    taxes: TaxTable,
    dates: BillDates,
    flags: Judge,
    /// Unflagged drafts to draw for the spot-check.
    sample: usize,
}

impl Basis {
    pub(super) fn load(
        db: &Db<'_>,
        config: &Config,
        params: &BillRunParams,
    ) -> Result<Self, Error> {
        Ok(Self {
            rules: rules::billing(config)?,
            taxes: tax::all(db)?,
            dates: BillDates {
                target: params.target_on,
                invoice_date: params.invoice_on,
                exclude: params.exclude.clone(),
                auto_renew: params.auto_renew,
            },
            flags: Judge::read(config),
            sample: usize::try_from(config.int(key::REVIEW_SAMPLE)).unwrap_or(0),
        })
    }
}

/// A rated account: its input, and its drafts or the reason of its failure.
pub(super) struct Rated {
    pub(super) input: AccountInput,
    pub(super) bill: Result<AccountBill, String>,
}

pub(super) fn rate(
    db: &Db<'_>,
    basis: &Basis,
    accounts: &[AccountId],
) -> Result<Vec<Rated>, Error> {
    // A run that leaves charges out is asked what of the others was due.
    let settled_by = basis.dates.exclude.is_empty().then_some((&basis.rules, basis.dates.target));
    let inputs = billing::load(db, &Span { wanted: accounts, without: None, settled_by })?;
    let mut rated = Vec::with_capacity(inputs.len());
    for input in inputs {
        let mut bill = bill_account(&input, &basis.taxes, &basis.rules, &basis.dates)
            .map_err(|e| e.to_string());
        for draft in bill.iter_mut().flat_map(|bill| &mut bill.documents) {
            rate::corrected::settle(db, draft, None, basis.rules.rounding, input.currency)?;
        }
        rated.push(Rated { input, bill });
    }
    Ok(rated)
}

/// Drives a bill run (and, once it is canceled, the release of its drafts).
pub struct BillRunner {
    run: BillRunId,
    pace: Pace,
    ahead: Ahead<Prepared>,
}

impl BillRunner {
    /// Of a run.
    pub fn new(run: BillRunId) -> Self {
        Self { run, pace: Pace::new(FIRST, MOST, LOCK), ahead: Ahead::new() }
    }
}

/// Everything a slice reads before it takes the lock.
struct Prepared {
    basis: Basis,
    /// The last account before them.
    after: i64,
    /// The last of them.
    last: i64,
    rated: Vec<Outcome>,
    busy: Vec<(AccountId, String)>,
    topics: Vec<(Topic, i64)>,
}

/// What came of an account.
struct Outcome {
    account: AccountId,
    /// Its drafts as rows, or the reason of its failure.
    drafts: Result<Vec<Ready>, String>,
    /// Whether something was due, and all of it is billed.
    already_billed: bool,
    /// The day through which nothing is left to do, if it is a later one than the book knows.
    settled: Option<(NaiveDate, Stamp)>,
}

impl Runner for BillRunner {
    fn slice(
        &mut self,
        session: &mut Session,
        job: &JobRow,
        _ports: &Ports,
    ) -> Result<Slice, Error> {
        let run = self.run;
        let row = session.read(|db| bill_run::get(db, run))?;
        match row.status {
            BillRunStatus::Pending | BillRunStatus::Processing | BillRunStatus::Paused => {}
            BillRunStatus::Canceled | BillRunStatus::Posted | BillRunStatus::Posting
                if job.cursor.starts_with(crate::engine::bill::steer::CANCEL) =>
            {
                return crate::engine::bill::steer::release_slice(session, job, run);
            }
            BillRunStatus::Canceled
            | BillRunStatus::Completed
            | BillRunStatus::Posting
            | BillRunStatus::Posted
            | BillRunStatus::Error => return Ok(Slice::Done),
        }
        let (moment, mut prepared) = self.next(session, row)?;
        let accounts = prepared.rated.len() + prepared.busy.len();
        let read = (moment, &mut prepared);
        let slice = session.write(Verb::Bill, |tx| write_slice(tx, job, run, read))?;
        self.pace.held(accounts, session.store.last_held());
        Ok(slice)
    }
}

impl BillRunner {
    /// The accounts after those that are done, rated; the ones after them are rated from here on.
    fn next(&mut self, session: &Session, row: BillRunRow) -> Result<(Moment, Prepared), Error> {
        let size = self.pace.size();
        let fits = |read: &Prepared| read.after == row.cursor;
        let now = |by: &Session| by.store.read(|db| prepare(db, row.clone(), size));
        let (moment, prepared) = self.ahead.next(session, fits, now)?;
        if prepared.last > prepared.after {
            let row = BillRunRow { cursor: prepared.last, ..row };
            self.ahead.begin(session, move |by| by.store.read(|db| prepare(db, row, size)));
        }
        Ok((moment, prepared))
    }
}

fn prepare(db: &Db<'_>, run: BillRunRow, size: u32) -> Result<Prepared, Error> {
    let basis = Basis::load(db, &settings::load(db)?, &run.params)?;
    let mut accounts =
        bill_run::next_accounts(db, &run.params.filter, run.run_on, run.cursor, size)?;
    accounts.truncate(usage::accounts_within(db, &accounts, RECORDS)?);
    let last = accounts.last().map_or(run.cursor, |last| last.0);
    let mut busy = Vec::new();
    for other in bill_run::unfinished(db)?.iter().filter(|o| o.id < run.id) {
        for account in bill_run::taken_by(db, other, &accounts)? {
            busy.push((account, format!("in {}", other.id)));
        }
    }
    accounts.retain(|a| busy.iter().all(|(b, _)| a != b));
    let rated = outcomes(db, &run, &basis, &accounts)?;
    Ok(Prepared { basis, after: run.cursor, last, rated, busy, topics: moved_by(db)? })
}

/// Rates accounts and makes what is to be written of them.
fn outcomes(
    db: &Db<'_>,
    run: &BillRunRow,
    basis: &Basis,
    accounts: &[AccountId],
) -> Result<Vec<Outcome>, Error> {
    let mut all = Vec::with_capacity(accounts.len());
    for Rated { input, bill } in rate(db, basis, accounts)? {
        let already_billed =
            bill.as_ref().is_ok_and(|bill| bill.already_billed && bill.documents.is_empty());
        let settled = bill.as_ref().ok().and_then(|bill| bill.settled);
        let settled = settled.map(|through| (through, Stamp::of(&input, &basis.rules)));
        let drafts = match bill {
            Ok(bill) => {
                let ready = |draft| ready(db, run, basis, &input, draft);
                Ok(bill.documents.iter().map(ready).collect::<Result<_, Error>>()?)
            }
            Err(reason) => Err(reason),
        };
        all.push(Outcome { account: input.id, drafts, already_billed, settled });
    }
    new_draft::share(db, all.iter_mut().filter_map(|o| o.drafts.as_mut().ok()).flatten())?;
    Ok(all)
}

/// A draft with its flags, as rows.
fn ready(
    db: &Db<'_>,
    run: &BillRunRow,
    basis: &Basis,
    input: &AccountInput,
    draft: &DraftDocument,
) -> Result<Ready, Error> {
    let version = version_of(input, draft)?;
    let (flags, risk) = flagging::flags(db, &basis.flags, (input, None), &version.terms, draft)?;
    let new = NewDraft {
        account: input.id,
        account_version: version.id,
        currency: input.currency,
        run: Some(run.id),
        target: run.params.target_on,
        flags: &flags,
        risk,
    };
    Ok(Ready::of(&new, draft)?)
}

/// The account as it is on the day of a draft.
fn version_of<'a>(
    input: &'a AccountInput,
    draft: &DraftDocument,
) -> Result<&'a Version<AccountTerms>, Error> {
    version_on(&input.versions, draft.invoice_on)
        .ok_or_else(|| Error::Bug(format!("account {} has no terms", input.number)))
}

/// How far everything has moved that a draft is rated from.
fn moved_by(db: &Db<'_>) -> Result<Vec<(Topic, i64)>, StoreError> {
    let mut topics = operation::topics(db)?;
    topics.retain(|(t, _)| {
        matches!(t, Topic::Accounts | Topic::Usage | Topic::Documents | Topic::Settings)
    });
    Ok(topics)
}

fn write_slice(
    tx: &Tx<'_>,
    job: &JobRow,
    id: BillRunId,
    (moment, prepared): (Moment, &mut Prepared),
) -> Result<Slice, Error> {
    let row = job::guard(tx, job)?;
    let run = bill_run::get(tx, id)?;
    match row.wanted {
        Wanted::Nothing => {}
        Wanted::Pause => {
            bill_run::set_status(tx, id, BillRunStatus::Paused, "")?;
            job::set_state(tx, job.id, JobState::Paused, "")?;
            tx.note(id, format!("paused after {} accounts", run.accounts_done));
            return Ok(Slice::Halted);
        }
        // The run is Canceled already; the next slice releases its drafts.
        Wanted::Cancel => {
            tx.quiet();
            return Ok(Slice::More);
        }
    }
    if !run.status.is_unfinished() {
        tx.quiet();
        return Ok(Slice::More);
    }
    if run.status != BillRunStatus::Processing {
        bill_run::set_status(tx, id, BillRunStatus::Processing, "")?;
    }
    if prepared.after != run.cursor {
        tx.quiet();
        return Ok(Slice::More);
    }
    if tx.moment()? != moment && prepared.topics != moved_by(tx)? {
        // Something was imported or edited since we read: rate the same accounts again.
        let accounts: Vec<AccountId> = prepared.rated.iter().map(|r| r.account).collect();
        prepared.basis = Basis::load(tx, &settings::load(tx)?, &run.params)?;
        prepared.rated = outcomes(tx, &run, &prepared.basis, &accounts)?;
    }
    write_accounts(tx, job, &run, prepared)
}

fn write_accounts(
    tx: &Tx<'_>,
    job: &JobRow,
    run: &BillRunRow,
    prepared: &mut Prepared,
) -> Result<Slice, Error> {
    let mut by = RunProgress::default();
    for (account, reason) in &prepared.busy {
        bill_run::fail(tx, run.id, *account, Busy::InAnotherRun, reason)?;
        by.failed += 1;
    }
    let count = (prepared.rated.len() + prepared.busy.len()) as i64;
    let mut drafts = Vec::with_capacity(prepared.rated.len());
    let mut settled = Vec::with_capacity(prepared.rated.len());
    for outcome in prepared.rated.drain(..) {
        by.already_billed += i64::from(outcome.already_billed);
        settled.extend(outcome.settled.map(|(through, stamp)| (outcome.account, through, stamp)));
        match outcome.drafts {
            Ok(made) => drafts.extend(made),
            Err(reason) => {
                bill_run::fail(tx, run.id, outcome.account, Busy::No, &reason)?;
                by.failed += 1;
            }
        }
    }
    let unflagged = write_drafts(tx, drafts, &mut by)?;
    settled::keep(tx, settled.into_iter())?;
    by.done = count - by.failed;
    by.cursor = prepared.last;
    sample::draw(tx, run.id, &unflagged, prepared.basis.sample)?;
    bill_run::progress(tx, run.id, &by)?;
    job::progress(
        tx,
        job.id,
        &Progress { done: by.done, failed: by.failed, cursor: None, detail: None },
    )?;
    if by.invoices + by.credit_memos > 0 {
        tx.touch(Topic::Documents);
        tx.touch(Topic::Usage);
    }
    if count == 0 {
        bill_run::set_status(tx, run.id, BillRunStatus::Completed, "")?;
        crate::engine::post::autopilot::after_bill(tx, run.id)?;
        let documents = run.invoices + run.credit_memos;
        let failed = counted(run.accounts_failed, "account", "accounts");
        let text = format!("completed: {}, {failed} failed", counted(documents, "draft", "drafts"));
        let level = if run.accounts_failed > 0 { NoticeLevel::Warning } else { NoticeLevel::Info };
        let notice = format!("{} {text}", run.id);
        notice::add(tx, level, &run.id.to_string(), &notice, &format!("completed {}", run.id))?;
        tx.note(run.id, text);
        return Ok(Slice::Done);
    }
    let made = by.invoices + by.credit_memos;
    let rated = counted(count, "account", "accounts");
    let drafts = counted(made, "draft", "drafts");
    tx.note(run.id, format!("{rated} rated, {drafts}, {} failed", by.failed));
    Ok(Slice::More)
}

/// Writes drafts and returns those that nothing flagged.
fn write_drafts(
    tx: &Tx<'_>,
    drafts: Vec<Ready>,
    by: &mut RunProgress,
) -> Result<Vec<Unflagged>, Error> {
    for draft in &drafts {
        match draft.kind {
            DocumentKind::CreditMemo => by.credit_memos += 1,
            DocumentKind::Invoice | DocumentKind::DebitMemo | DocumentKind::WriteOff => {
                by.invoices += 1;
            }
        }
        add(&mut by.totals, draft.currency, &draft.total)?;
    }
    let of_each: Vec<_> = drafts.iter().map(|d| (d.flagged, d.total.total_minor)).collect();
    let made = new_draft::insert_drafts(tx, drafts)?.into_iter().zip(of_each);
    Ok(made.filter(|(_, (flagged, _))| !flagged).map(|(id, (_, total))| (id, total)).collect())
}

pub(super) fn add(
    totals: &mut Vec<(Currency, RunTotal)>,
    currency: Currency,
    more: &RunTotal,
) -> Result<(), MoneyError> {
    let place = totals.iter().position(|(c, _)| *c == currency).unwrap_or_else(|| {
        totals.push((currency, RunTotal::default()));
        totals.len() - 1
    });
    let total = &mut totals[place].1;
    total.documents += more.documents;
    total.subtotal_minor = money::total([total.subtotal_minor, more.subtotal_minor])?;
    total.tax_minor = money::total([total.tax_minor, more.tax_minor])?;
    total.total_minor = money::total([total.total_minor, more.total_minor])?;
    Ok(())
}
