//! Making a run, and its pick list.

use crate::clock::Now;
use crate::config::key;
use crate::domain::actor::Verb;
use crate::domain::ids::{AccountId, BillRunId, DocumentId, JobId, PaymentRunId, ScheduleId};
use crate::domain::payment::MethodKind;
use crate::domain::payment_method::{MethodState, default_of};
use crate::domain::payment_run::{Candidate, SkipReason, judge};
use crate::domain::retry::RetryRules;
pub use crate::domain::run_params::Mode;
use crate::domain::run_params::RunFilter;
use crate::domain::text::counted;
use crate::engine::collect::till::Till;
use crate::engine::command::{JobSpec, NewPaymentRun, Refused};
use crate::engine::{Error, Session};
use crate::store::job;
use crate::store::method_state::{self, MethodRow};
use crate::store::payment_run::{self, NewRun, Open, PickFilter, Place};
use crate::store::{Db, StoreError, Tx, debt};
use chrono::NaiveDate;
use std::collections::BTreeMap;

/// Candidates judged at once.
pub const PAGE: usize = 500;

/// Makes a payment run and its job; nothing is charged yet.
pub fn start(
    session: &mut Session,
    new: &NewPaymentRun,
    schedule: Option<ScheduleId>,
) -> Result<(PaymentRunId, JobId), Error> {
    let wait_hours = session.config()?.int(key::PAYMENT_WAIT_HOURS);
    session.write(Verb::Collect, |tx| start_in(tx, new, schedule, wait_hours, None))
}

/// The same within a transaction that does more. `wait_for` is a bill run to wait for even if the
/// run is not only for its invoices.
pub fn start_in(
    tx: &Tx<'_>,
    new: &NewPaymentRun,
    schedule: Option<ScheduleId>,
    wait_hours: i64,
    wait_for: Option<BillRunId>,
) -> Result<(PaymentRunId, JobId), Error> {
    filter_of(tx, new)?;
    if let Some(bill_run) = new.bill_run {
        payment_run::bill_run_status(tx, bill_run)?;
    }
    let run = payment_run::insert(
        tx,
        &NewRun {
            target_on: new.target_on,
            filter: RunFilter::Due(new.clone()),
            consolidate: new.consolidate,
            bill_run: new.bill_run.or(wait_for),
            schedule,
            wait_until_at: new
                .bill_run
                .or(wait_for)
                .map(|_| tx.now().at_ms + wait_hours * 3_600_000),
        },
    )?;
    let job = job::insert(tx, &JobSpec::Collect { run }, &run.to_string(), 0)?;
    tx.note(run, format!("payment run of what is due by {}", new.target_on));
    Ok((run, job))
}

/// Makes a run of just these documents, picked by a clerk or by the retry rules.
pub fn start_retry(
    session: &mut Session,
    documents: &[DocumentId],
    by_hand: bool,
    consolidate: bool,
    refused: &[Refused],
) -> Result<(PaymentRunId, JobId), Error> {
    session.write(Verb::Retry, |tx| {
        let run = payment_run::insert(
            tx,
            &NewRun {
                target_on: tx.now().today,
                filter: RunFilter::Retry(Mode { retry: true, by_hand }),
                consolidate,
                bill_run: None,
                schedule: None,
                wait_until_at: None,
            },
        )?;
        let mut items = Vec::new();
        for document in documents {
            items.push((*document, debt::get(tx, *document)?.account));
        }
        payment_run::add_items(tx, run, &items)?;
        let left: Vec<_> = refused.iter().map(|r| (r.what.as_str(), r.reason.as_str())).collect();
        payment_run::add_refused(tx, run, &left)?;
        let spec = JobSpec::Retry { run };
        let job = job::insert(tx, &spec, &run.to_string(), items.len() as i64)?;
        let how = if by_hand { "by hand" } else { "by the rules" };
        tx.note(run, format!("retry of {} {how}", counted(items.len(), "invoice", "invoices")));
        Ok::<_, Error>((run, job))
    })
}

/// The filter as the store wants it; an unknown account is refused.
pub fn filter_of(db: &Db<'_>, new: &NewPaymentRun) -> Result<PickFilter, Error> {
    let account = if new.account.is_empty() {
        None
    } else {
        let found = crate::store::account::find(db, &new.account)?;
        let found = found.ok_or_else(|| {
            Error::usage(
                "unknown_account",
                format!("there is no account {}", new.account),
                "8 Accounts of the console lists them",
            )
        })?;
        Some(found.id)
    };
    Ok(PickFilter {
        bill_run: new.bill_run,
        account,
        currency: new.currency,
        batches: new.batches.clone(),
        bill_cycle_day: new.bill_cycle_day,
    })
}

/// What may be charged of some accounts, read together.
pub struct Methods(BTreeMap<AccountId, Vec<MethodRow>>);

impl Methods {
    /// Of these accounts, with what the mode asks of each.
    pub fn of(
        db: &Db<'_>,
        mode: Mode,
        accounts: impl Iterator<Item = AccountId>,
        now: Now,
    ) -> Result<Self, StoreError> {
        let since = mode.retry.then_some(now.at_ms);
        Ok(Self(method_state::of_accounts(db, accounts, since)?))
    }

    /// Judges one open document of one of them, with what the mode lets through.
    pub fn judge(
        &self,
        rules: &RetryRules,
        mode: Mode,
        candidate: &Candidate,
        gateway: &str,
        now: Now,
    ) -> Result<MethodRow, SkipReason> {
        let methods = self.0.get(&candidate.account).map_or(&[][..], Vec::as_slice);
        let (mut candidate, mut max_failures) = (candidate.clone(), rules.max_failures);
        if mode.by_hand {
            candidate.given_up = false;
            candidate.returned = false;
            candidate.next_retry_at_ms = None;
            candidate.account_auto_pay = true;
            candidate.auto_pay_off = false;
            max_failures = u32::MAX;
        }
        let states = offered(rules, methods, gateway);
        let chosen = judge(&candidate, &states, max_failures, now.at_ms, now.today)?;
        let chosen = methods.iter().find(|m| m.state.id == chosen);
        let method = chosen.ok_or(SkipReason::NoMethod)?;
        // What was debited by mandate was announced by the invoice: later or less, never earlier.
        let announced = method.kind == MethodKind::Sepa && !method.mandate.is_empty();
        if announced && !mode.by_hand && candidate.due_on > now.today {
            return Err(SkipReason::Announced);
        }
        if mode.retry && rules.budget_left(&method.state, now.at_ms) == Some(0) {
            return Err(SkipReason::Budget);
        }
        Ok(method.clone())
    }
}

/// The methods that a run at a gateway (empty = any) may choose from: without `retry.fallback` only the
/// account's default, however it fared.
fn offered(rules: &RetryRules, methods: &[MethodRow], gateway: &str) -> Vec<MethodState> {
    let states: Vec<MethodState> = methods.iter().map(|m| m.state.clone()).collect();
    let default = default_of(&states).map(|m| m.id);
    let here = methods.iter().filter(|m| gateway.is_empty() || m.gateway == gateway);
    here.filter(|m| rules.fallback || Some(m.state.id) == default)
        .map(|m| m.state.clone())
        .collect()
}

/// Documents asked about at once.
const ASKED: usize = 100;

/// Judges posted documents for a retry: each with its number and why it would not be charged now;
/// none = it would. In the order given.
pub fn refusals(
    db: &Db<'_>,
    rules: &RetryRules,
    mode: Mode,
    documents: &[DocumentId],
    now: Now,
) -> Result<Vec<(String, Option<SkipReason>)>, StoreError> {
    let mut all = Vec::with_capacity(documents.len());
    for some in documents.chunks(ASKED) {
        let debts = payment_run::debts(db, some.iter().copied(), now.today)?;
        let accounts = debts.values().map(|(candidate, _)| candidate.account);
        let methods = Methods::of(db, mode, accounts, now)?;
        for id in some {
            let Some((candidate, debt)) = debts.get(id) else {
                return Err(StoreError::NotFound(format!("posted document {id}")));
            };
            // Who asks for a retry asks for the account as well.
            let candidate = Candidate { account_auto_pay: true, ..candidate.clone() };
            let judged = methods.judge(rules, mode, &candidate, "", now);
            all.push((debt.number.clone(), judged.err()));
        }
    }
    Ok(all)
}

/// One page of open documents, judged.
pub struct Judged {
    /// Those that may be charged.
    pub items: Vec<(DocumentId, AccountId)>,
    /// How many may not, by reason.
    pub skips: BTreeMap<SkipReason, i64>,
    /// Where to go on; none at the end.
    pub next: Option<Place>,
}

/// Judges one page of open documents.
pub fn page(
    db: &Db<'_>,
    till: &Till,
    new: &NewPaymentRun,
    after: Place,
    now: Now,
) -> Result<Judged, Error> {
    let filter = filter_of(db, new)?;
    let page = payment_run::candidates(db, &filter, new.target_on, now.today, after, PAGE)?;
    let mut judged = Judged { items: Vec::new(), skips: BTreeMap::new(), next: page.next };
    if page.not_auto > 0 {
        judged.skips.insert(SkipReason::AccountNotAuto, page.not_auto);
    }
    let accounts = page.open.iter().map(|open| open.candidate.account);
    let methods = Methods::of(db, Mode::default(), accounts, now)?;
    for open in page.open {
        let (document, account) = (open.candidate.document, open.candidate.account);
        let credit = || debt::credit_left(db, account, open.currency);
        match taken(&methods, &till.rules, new, &open, credit, now)? {
            Ok(_) => judged.items.push((document, account)),
            Err(reason) => *judged.skips.entry(reason).or_default() += 1,
        }
    }
    Ok(judged)
}

/// What a run takes an invoice for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// What credits leave of it is charged.
    Charge,
    /// It may not be charged, for this reason; the account's credits are used on it.
    Credit(SkipReason),
}

/// Whether a run of what is due takes an invoice, or why not: the one rule of its list, of its dry
/// run and of the day's step. `credit` says what the account has to use, minor units.
pub fn taken(
    methods: &Methods,
    rules: &RetryRules,
    new: &NewPaymentRun,
    open: &Open,
    credit: impl FnOnce() -> Result<i64, StoreError>,
    now: Now,
) -> Result<Result<Taken, SkipReason>, StoreError> {
    let gateway = new.gateway.as_deref().unwrap_or_default();
    let judged = methods.judge(rules, Mode::default(), &open.candidate, gateway, now);
    let Err(reason) = judged else { return Ok(Ok(Taken::Charge)) };
    if reason.takes_credit() && credit()? > 0 {
        return Ok(Ok(Taken::Credit(reason)));
    }
    Ok(Err(reason))
}

/// The place before the first document.
pub fn beginning() -> Place {
    (NaiveDate::from_ymd_opt(1, 1, 1).unwrap_or_default(), DocumentId(0))
}
