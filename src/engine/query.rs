//! What a screen may ask of the book, as plain data, and the one place that answers.

use crate::clock::Now;
use crate::domain::actor::{Actor, Standing};
use crate::domain::ids::{AccountId, BillRunId, DocumentId, RunId};
use crate::domain::money::Currency;
use crate::domain::payment::NextAction;
use crate::domain::recovery::{Recovery, usual_since};
pub use crate::engine::bill::usage::Pending;
use crate::engine::bill::{self, usage};
use crate::engine::care::today;
use crate::engine::care::{copies, rehearsal};
pub use crate::engine::collect::money::Foretold;
pub use crate::engine::collect::payments::{Owed, Paid, Payments, Whose};
use crate::engine::collect::remind;
pub use crate::engine::collect::remind::RemindersAhead;
use crate::engine::collect::{self, money, payments};
use crate::engine::command::{MoneyDeed, NewBillRun, NewPaymentRun, Pick};
use crate::engine::deliver::copies_ahead;
pub use crate::engine::deliver::copies_ahead::CopiesAhead;
pub use crate::engine::deliver::steer::{CopyStep, Resend};
use crate::engine::review::regenerate;
use crate::engine::review::undo::{self, Deed, Passed};
use crate::engine::{Error, Session, deliver, reach};
pub use crate::store::desk::SavedFilter;
use crate::store::job::{self, JobState};
use crate::store::read::accounts::{AccountDetail, AccountRow};
use crate::store::read::deliveries::DeliveryRow;
use crate::store::read::failed::FailedRow;
pub use crate::store::read::failed::Tries;
use crate::store::read::happened::Happened;
use crate::store::read::invoice::{HistoryRow, InvoiceDetail};
use crate::store::read::invoices::InvoiceRow;
use crate::store::read::jobs::{JobRow, ScheduleRow};
use crate::store::read::log::LogRow;
use crate::store::read::post_preview::{self, PostPreview};
use crate::store::read::post_second::Poster;
use crate::store::read::runs::{RunDetail, RunRow};
use crate::store::read::sample::Sample;
use crate::store::read::thrown::{self, Thrown};
use crate::store::read::today::{Step, StepRow};
use crate::store::read::unapplied::UnappliedRow;
use crate::store::read::{
    self, Field, Filter, FilterError, Group, ListArgs, Marked, Page, ReadError, Totals,
};
use crate::store::{Db, desk, role};
use chrono::NaiveDate;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The lists of the console.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ListName {
    /// Bill and payment runs.
    Runs,
    /// Documents.
    Invoices,
    /// Copies.
    Deliveries,
    /// Money that did not come.
    Failed,
    /// Credits and payments that no invoice has yet.
    Unapplied,
    /// Background work.
    Jobs,
    /// The audit trail.
    Log,
    /// Customers.
    Accounts,
}

/// One question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Query {
    /// A part of a list.
    List(ListName, ListArgs),
    /// How many match, and their money.
    Totals(ListName, Filter),
    /// Every match, for marking.
    Marks(ListName, Filter),
    /// Matches by what they have in common.
    Groups(ListName, Filter, Field),
    /// A step of the day.
    Step(Step),
    /// What runs did in the last day and night.
    Happened,
    /// A document whole.
    Invoice(DocumentId),
    /// A run's failures, skips and chart.
    Run(RunId),
    /// An account whole.
    Account(AccountId),
    /// What posting a run would do, under a new invoice date or their own.
    PostRun(RunId, Option<NaiveDate>),
    /// What posting marked drafts would do.
    PostMarked(Vec<Pick>, Option<NaiveDate>),
    /// What canceling a run would throw away.
    CancelRun(BillRunId),
    /// What canceling marked drafts would throw away.
    CancelMarked(Vec<Pick>),
    /// What queueing the copies of posted documents would do.
    Deliver,
    /// What a step with these copies would do.
    Copies(CopyStep, Vec<Marked>),
    /// What sending the reminders that are due would do.
    Reminders,
    /// What a bill run would make.
    Bill(NewBillRun),
    /// What a payment run would charge.
    Collect(NewPaymentRun),
    /// Payments, with what can be done to each.
    Payments(Whose),
    /// What a deed with money would do.
    Money(MoneyDeed),
    /// What rating these drafts again would throw away of what was done by hand.
    Lost(Vec<Pick>),
    /// Which last payments of marked open invoices a retry (`retry_later`) or a look-up (`look_up`) takes.
    Tries(Vec<DocumentId>, NextAction),
    /// What became of money that failed at the first try.
    Recovery,
    /// The samples of runs that are not posted yet.
    Samples,
    /// Which usage a run up to today would not bill, of an account or (none) of all.
    Usage(Option<String>),
    /// The audit trail of a subject.
    History(String),
    /// What every screen shows: open jobs, unread notices, undeliverable copies.
    Status,
    /// Schedules that have not ended.
    Schedules,
    /// Saved filters.
    Filters,
    /// What undo would be about: my last deed, or the last before another that can be taken back.
    LastDeed(Option<Passed>),
    /// What redo would be about.
    LastUndone,
    /// For the palette: accounts and documents that match a few letters.
    Find(String),
}

/// What every screen shows at its foot.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StatusRow {
    /// Jobs that are not over, newest first.
    pub jobs: Vec<JobRow>,
    /// Jobs that ended last, newest first.
    pub ended: Vec<JobRow>,
    /// Unread notices, newest first.
    pub notices: Vec<(i64, String)>,
    /// Copies that bounced or could not be made.
    pub undelivered: i64,
    /// What the clerk may do.
    pub rights: Option<Standing>,
}

/// What a payment run would do, as the book is now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CollectPreview {
    /// Invoices it would charge.
    pub count: i64,
    /// What the gateways would be asked for, minor units.
    pub money: Vec<(Currency, i64)>,
    /// Credits and unapplied payments it would use first, minor units.
    pub credits: Vec<(Currency, i64)>,
    /// Invoices it would leave out, by reason in words.
    pub left_out: Vec<(String, i64)>,
}

/// What a bill run would do, as the book is now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BillPreview {
    /// Invoices and debit memos it would make.
    pub invoices: i64,
    /// Credit memos.
    pub credit_memos: i64,
    /// Their totals, minor units.
    pub money: Vec<(Currency, i64)>,
    /// Accounts with nothing due that is not billed already.
    pub already_billed: i64,
    /// Accounts that would fail: number and reason.
    pub failures: Vec<(String, String)>,
}

/// A hit of the palette.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hit {
    /// An account: number and name.
    Account(String, String),
    /// A document: id, number, customer.
    Document(DocumentId, String, String),
}

/// One answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// Of [`ListName::Runs`].
    Runs(Page<RunRow>),
    /// Of [`ListName::Invoices`].
    Invoices(Page<InvoiceRow>),
    /// Of [`ListName::Deliveries`].
    Deliveries(Page<DeliveryRow>),
    /// Of [`ListName::Failed`].
    Failed(Page<FailedRow>),
    /// Of [`ListName::Unapplied`].
    Unapplied(Page<UnappliedRow>),
    /// Of [`ListName::Jobs`].
    Jobs(Page<JobRow>),
    /// Of [`ListName::Log`].
    Log(Page<LogRow>),
    /// Of [`ListName::Accounts`].
    Accounts(Page<AccountRow>),
    /// Of [`Query::Totals`].
    Totals(Totals),
    /// Of [`Query::Marks`].
    Marks(Vec<Marked>),
    /// Of [`Query::Groups`].
    Groups(Vec<Group>),
    /// Of [`Query::Step`].
    Step(StepRow),
    /// Of [`Query::Happened`]; what of the book is not real yet, and how its copies stand, in words.
    Happened(Vec<Happened>, [String; 2]),
    /// Of [`Query::Invoice`].
    Invoice(Option<Box<InvoiceDetail>>),
    /// Of [`Query::Run`].
    Run(RunDetail),
    /// Of [`Query::Account`].
    Account(Box<AccountDetail>),
    /// Of [`Query::PostRun`] and [`Query::PostMarked`].
    Post(PostPreview),
    /// Of [`Query::CancelRun`] and [`Query::CancelMarked`].
    Cancel(Thrown),
    /// Of [`Query::Deliver`]: copies by e-mail, by print, and what cannot go, by reason.
    Deliver(usize, usize, Vec<(String, usize)>),
    /// Of [`Query::Copies`].
    Copies(CopiesAhead),
    /// Of [`Query::Reminders`].
    Reminders(RemindersAhead),
    /// Of [`Query::Bill`].
    Bill(BillPreview),
    /// Of [`Query::Collect`].
    Collect(CollectPreview),
    /// Of [`Query::Payments`].
    Payments(Arc<Payments>),
    /// Of [`Query::Money`].
    Money(Foretold),
    /// Of [`Query::Lost`]: only drafts that lose something.
    Lost(Vec<(DocumentId, Vec<String>)>),
    /// Of [`Query::Tries`].
    Tries(Tries),
    /// Of [`Query::Recovery`]: since when, and by currency.
    Recovery(NaiveDate, Vec<Recovery>),
    /// Of [`Query::Samples`], newest run first.
    Samples(Vec<Sample>),
    /// Of [`Query::Usage`]: up to which day, and what stays.
    Usage(NaiveDate, Box<Pending>),
    /// Of [`Query::History`].
    History(Vec<HistoryRow>),
    /// Of [`Query::Status`].
    Status(StatusRow),
    /// Of [`Query::Filters`].
    Filters(Vec<SavedFilter>),
    /// Of [`Query::Schedules`].
    Schedules(Vec<ScheduleRow>),
    /// Of [`Query::LastDeed`].
    LastDeed(Option<Deed>),
    /// Of [`Query::LastUndone`].
    LastUndone(Option<Deed>),
    /// Of [`Query::Find`].
    Find(Vec<Hit>),
}

impl Query {
    /// Whether the answer takes longer than a clerk who is looking at a list shall wait.
    pub fn is_slow(&self) -> bool {
        matches!(
            self,
            Self::Reminders | Self::Bill(_) | Self::Collect(_) | Self::Lost(_) | Self::Copies(..)
        )
    }
}

/// Samples that a screen shows at most.
const SAMPLES: u32 = 20;

/// Answers one question; the engine's own previews are asked of the engine.
pub fn ask(session: &Session, query: &Query) -> Result<Answer, Error> {
    if *query == Query::Deliver {
        let made = deliver::make::preview(session, None)?;
        let mut kept: BTreeMap<String, usize> = BTreeMap::new();
        for copy in &made.kept {
            *kept.entry(format!("{}: {}", copy.status, copy.reason)).or_default() += 1;
        }
        return Ok(Answer::Deliver(made.queued[0], made.queued[1], kept.into_iter().collect()));
    }
    if let Query::Copies(step, marks) = query {
        return Ok(Answer::Copies(copies_ahead::look(session, *step, marks)?));
    }
    if *query == Query::Reminders {
        return Ok(Answer::Reminders(remind::ahead(session)?));
    }
    if let Query::Collect(new) = query {
        let run = collect::dry_run(session, new)?;
        let words = |reason: &str| reason.replace('_', " ");
        return Ok(Answer::Collect(CollectPreview {
            count: run.picked as i64,
            money: run.totals.into_values().filter(|(_, minor)| *minor != 0).collect(),
            credits: run.credits.into_values().collect(),
            left_out: run.skipped.into_iter().map(|(r, n)| (words(r.as_str()), n)).collect(),
        }));
    }
    if let Query::Bill(new) = query {
        // What it would ask about is asked when it is made.
        let params = bill::run::params(session, &NewBillRun { confirmed: true, ..new.clone() })?;
        let bill::dry_run::DryRun { progress, failures } =
            bill::dry_run::dry_run(session, &params)?;
        let (invoices, credit_memos) = (progress.invoices, progress.credit_memos);
        let money = progress.totals.into_iter().map(|(c, t)| (c, t.total_minor)).collect();
        let already_billed = progress.already_billed;
        let found = BillPreview { invoices, credit_memos, money, already_billed, failures };
        return Ok(Answer::Bill(found));
    }
    if let Query::Lost(drafts) = query {
        return Ok(Answer::Lost(regenerate::lost(session, drafts)?));
    }
    let now = session.now()?;
    if let Query::Money(deed) = query {
        let by = money::Asked { actor: &session.actor, now };
        return Ok(Answer::Money(session.store.read(|db| money::foretell(db, deed, by))?));
    }
    if let Query::Usage(account) = query {
        let found = usage::pending(session, now.today, account.as_deref())?;
        return Ok(Answer::Usage(now.today, Box::new(found)));
    }
    let answer = session.store.read(|db| answer(db, query, now, &session.actor)).map_err(
        |error| match error {
            ReadError::Store(error) => Error::Store(error),
            ReadError::Filter(error) => Error::usage("bad_filter", error.to_string(), ""),
        },
    )?;
    Ok(match answer {
        Answer::Status(status) => {
            Answer::Status(StatusRow { jobs: waiting(session, status.jobs, now)?, ..status })
        }
        Answer::Jobs(page) => {
            Answer::Jobs(Page { rows: waiting(session, page.rows, now)?, ..page })
        }
        other => other,
    })
}

/// Says of due jobs that this process cannot do for whom they wait.
fn waiting(session: &Session, mut rows: Vec<JobRow>, now: Now) -> Result<Vec<JobRow>, Error> {
    for row in rows.iter_mut().filter(|row| row.state == JobState::Waiting.as_str()) {
        let job = session.read(|db| job::get(db, row.id))?;
        if job.not_before_at <= now.at_ms
            && let Some(waits) = reach::hindered(session, &job)?
        {
            row.waits = waits.short();
        }
    }
    Ok(rows)
}

/// Answers one question from one consistent view of the book.
pub fn answer(db: &Db<'_>, query: &Query, now: Now, actor: &Actor) -> Result<Answer, ReadError> {
    let by = Some(Poster { actor, now_ms: now.at_ms });
    Ok(match query {
        Query::List(name, args) => list(db, *name, args)?,
        Query::Totals(name, filter) => Answer::Totals(match name {
            ListName::Runs => read::runs::totals(db, filter)?,
            ListName::Invoices => read::invoices::totals(db, filter)?,
            ListName::Deliveries => read::deliveries::totals(db, filter)?,
            ListName::Failed => read::failed::totals(db, filter)?,
            ListName::Unapplied => read::unapplied::totals(db, filter)?,
            ListName::Jobs => read::jobs::totals(db, filter)?,
            ListName::Log => read::log::totals(db, filter)?,
            ListName::Accounts => read::accounts::totals(db, filter)?,
        }),
        Query::Marks(name, filter) => Answer::Marks(match name {
            ListName::Invoices => read::invoices::marks(db, filter)?,
            ListName::Deliveries => read::deliveries::marks(db, filter)?,
            ListName::Failed => read::failed::marks(db, filter)?,
            ListName::Unapplied => read::unapplied::marks(db, filter)?,
            ListName::Accounts => read::accounts::marks(db, filter)?,
            ListName::Runs | ListName::Jobs | ListName::Log => Vec::new(),
        }),
        Query::Groups(name, filter, by) => Answer::Groups(match name {
            ListName::Invoices => read::invoices::groups(db, filter, *by)?,
            ListName::Deliveries => read::deliveries::groups(db, filter, *by)?,
            ListName::Failed => read::failed::groups(db, filter, *by)?,
            ListName::Unapplied => read::unapplied::groups(db, filter, *by)?,
            ListName::Runs | ListName::Jobs | ListName::Log | ListName::Accounts => {
                return Err(FilterError::NotHere(*by, "no groups".to_owned()).into());
            }
        }),
        Query::Step(step) => Answer::Step(today::step(db, *step, now, actor)?),
        Query::Happened => {
            let words = [rehearsal::words(db)?, copies::standing(db, now)?.words()];
            Answer::Happened(read::happened::since(db, now.at_ms - read::today::DAY_MS)?, words)
        }
        Query::Invoice(id) => Answer::Invoice(read::invoice::detail(db, *id)?.map(Box::new)),
        Query::Run(run) => Answer::Run(read::runs::detail(db, *run)?),
        Query::Account(id) => Answer::Account(Box::new(read::accounts::detail(db, *id)?)),
        Query::PostRun(RunId::Bill(run), invoice_on) => {
            let dates = post_preview::Dates { today: now.today, invoice_on: *invoice_on, by };
            Answer::Post(post_preview::of_run(db, run.0, dates)?)
        }
        Query::PostRun(RunId::Payment(_), _) => Answer::Post(PostPreview::default()),
        Query::PostMarked(picks, invoice_on) => {
            let dates = post_preview::Dates { today: now.today, invoice_on: *invoice_on, by };
            Answer::Post(post_preview::of_marked(db, &pairs(picks), dates)?)
        }
        Query::CancelRun(run) => Answer::Cancel(thrown::of_run(db, *run)?),
        Query::CancelMarked(picks) => Answer::Cancel(thrown::of_marked(db, &pairs(picks))?),
        Query::Deliver => Answer::Deliver(0, 0, Vec::new()),
        Query::Tries(documents, by) => Answer::Tries(read::failed::tries(db, documents, *by)?),
        Query::Recovery => {
            let since = usual_since(now.today);
            Answer::Recovery(since, read::recovery::sums(db, since)?)
        }
        Query::Copies(..) => Answer::Copies(CopiesAhead::default()),
        Query::Reminders => Answer::Reminders(RemindersAhead::default()),
        Query::Bill(_) => Answer::Bill(BillPreview::default()),
        Query::Collect(_) => Answer::Collect(CollectPreview::default()),
        Query::Payments(whose) => Answer::Payments(Arc::new(payments::read(db, *whose)?)),
        Query::Money(_) => Answer::Money(Foretold::default()),
        Query::Lost(_) => Answer::Lost(Vec::new()),
        Query::Samples => Answer::Samples(read::sample::open(db, SAMPLES)?),
        Query::Usage(_) => Answer::Usage(now.today, Box::default()),
        Query::History(subject) => Answer::History(read::invoice::history(db, subject)?),
        Query::Status => Answer::Status(StatusRow {
            jobs: read::jobs::open(db)?,
            ended: read::jobs::ended(db)?,
            notices: read::today::notices(db)?,
            undelivered: read::today::undelivered(db)?,
            rights: Some(role::standing(db, actor.uid)?),
        }),
        Query::Filters => Answer::Filters(desk::filters(db)?),
        Query::Schedules => Answer::Schedules(read::jobs::schedules(db)?),
        Query::LastUndone => Answer::LastUndone(undo::undone(db, actor)?),
        Query::LastDeed(passed) => Answer::LastDeed(undo::last(db, actor, *passed)?),
        Query::Find(text) => Answer::Find(find(db, text)?),
    })
}

fn pairs(picks: &[Pick]) -> Vec<(i64, i64)> {
    picks.iter().map(|p| (p.id.0, p.version)).collect()
}

fn list(db: &Db<'_>, name: ListName, args: &ListArgs) -> Result<Answer, ReadError> {
    Ok(match name {
        ListName::Runs => Answer::Runs(read::runs::page(db, args)?),
        ListName::Invoices => Answer::Invoices(read::invoices::page(db, args)?),
        ListName::Deliveries => Answer::Deliveries(read::deliveries::page(db, args)?),
        ListName::Failed => Answer::Failed(read::failed::page(db, args)?),
        ListName::Unapplied => Answer::Unapplied(read::unapplied::page(db, args)?),
        ListName::Jobs => Answer::Jobs(read::jobs::page(db, args)?),
        ListName::Log => Answer::Log(read::log::page(db, args)?),
        ListName::Accounts => Answer::Accounts(read::accounts::page(db, args)?),
    })
}

fn find(db: &Db<'_>, text: &str) -> Result<Vec<Hit>, ReadError> {
    let filter = Filter { words: vec![text.to_owned()], terms: Vec::new() };
    let args = |sort| ListArgs { filter: filter.clone(), sort, seek: read::Seek::First, limit: 5 };
    let accounts = read::accounts::page(db, &args(read::Sort::Account))?;
    let documents = read::invoices::page(db, &args(read::Sort::Newest))?;
    let hits = accounts.rows.into_iter().map(|a| Hit::Account(a.number, a.name));
    Ok(hits
        .chain(documents.rows.into_iter().map(|d| {
            let number = d.number.unwrap_or_else(|| d.id.to_string());
            Hit::Document(d.id, number, d.customer)
        }))
        .collect())
}

/// Money by currency in words: `20,584.80 EUR + 1,200 JPY`.
pub fn money_words(money: &[(Currency, i64)]) -> String {
    let parts: Vec<String> =
        money.iter().map(|(c, minor)| format!("{} {c}", c.grouped(*minor))).collect();
    parts.join(" + ")
}
