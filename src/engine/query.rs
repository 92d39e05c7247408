//! What a screen may ask of the book, as plain data; `engine::answer` answers.

use crate::domain::actor::Standing;
use crate::domain::agency::NewCase;
use crate::domain::charts::Charts;
use crate::domain::ids::{AccountId, BillRunId, DocumentId, LineId, PaymentRunId, RunId};
use crate::domain::instalment::NewPlan;
use crate::domain::leaf::Leaf;
use crate::domain::money::{Currency, Purse};
use crate::domain::month::Month;
use crate::domain::payment::NextAction;
use crate::domain::recovery::Recovery;
pub use crate::engine::bank::shown::{Candidate, Told};
pub use crate::engine::bill::usage::Pending;
pub use crate::engine::care::report::{Sheet, Wanted};
pub use crate::engine::clockwork::waits::Ahead as Awaited;
pub use crate::engine::closing::ahead::Closing;
pub use crate::engine::collect::RemindersAhead;
pub use crate::engine::collect::money::Foretold;
pub use crate::engine::collect::payments::{Owed, Paid, Payments, Whose};
use crate::engine::command::{
    BankDeed, BulkChange, MoneyDeed, NewBillRun, NewPaymentRun, Pick, Reissue,
};
pub use crate::engine::deliver::copies_ahead::CopiesAhead;
pub use crate::engine::deliver::print::PrintAhead;
pub use crate::engine::deliver::steer::{CopyStep, Resend};
pub use crate::engine::rate::unusual::Said;
pub use crate::engine::review::edit::many::EditAhead;
pub use crate::engine::review::past::History;
use crate::engine::review::undo::{Deed, Passed};
pub use crate::store::desk::SavedFilter;
use crate::store::notice::NoticeRow;
use crate::store::read::accounts::{AccountDetail, AccountRow};
use crate::store::read::bank_lines::BankLineRow;
use crate::store::read::deliveries::DeliveryRow;
use crate::store::read::failed::FailedRow;
pub use crate::store::read::failed::Tries;
use crate::store::read::happened::Happened;
use crate::store::read::invoice::{HistoryRow, InvoiceDetail};
use crate::store::read::invoices::InvoiceRow;
use crate::store::read::jobs::{JobRow, ScheduleRow};
use crate::store::read::log::LogRow;
use crate::store::read::post_preview::PostPreview;
use crate::store::read::results::Results;
use crate::store::read::runs::{RunDetail, RunRow};
use crate::store::read::sample::Sample;
use crate::store::read::thrown::Thrown;
use crate::store::read::today::{Step, StepRow};
use crate::store::read::unapplied::UnappliedRow;
use crate::store::read::{Field, Filter, Fit, Group, ListArgs, Marked, Page, Totals};
use chrono::NaiveDate;
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
    /// Lines of banks.
    BankLines,
}

/// What is in the book: answered from one consistent view of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Query {
    /// A part of a list.
    List(ListName, ListArgs),
    /// How many match, and their money.
    Totals(ListName, Filter),
    /// Every match, for marking.
    Marks(ListName, Filter),
    /// Which of some rows match.
    Within(ListName, Filter, Vec<i64>),
    /// Matches by what they have in common.
    Groups(ListName, Filter, Field),
    /// How many rows each of some filters matches, and their money.
    Tabs(Vec<(ListName, Filter)>),
    /// What can be typed next: the fields of a list, or under a filter the values of one.
    Fitting(ListName, Filter, Option<Field>),
    /// A step of the day.
    Step(Step),
    /// What runs did in the last day and night.
    Happened,
    /// What is open by age, failed by week, billed by cycle.
    Charts,
    /// What of the day is ahead by itself, and what waits for what.
    Waits,
    /// A document whole.
    Invoice(DocumentId),
    /// Every deed on a document.
    Past(DocumentId),
    /// A run's failures, skips and chart.
    Run(RunId),
    /// What is unusual about the drafts of a bill run.
    Unusual(BillRunId),
    /// An account whole.
    Account(AccountId),
    /// One month of an account on one page.
    AccountPage(AccountId, Month),
    /// What posting a bill run would do, under a new invoice date or their own.
    PostRun(BillRunId, Option<NaiveDate>),
    /// What posting marked drafts would do.
    PostMarked(Vec<Pick>, Option<NaiveDate>),
    /// What canceling a run would throw away.
    CancelRun(BillRunId),
    /// What canceling marked drafts would throw away.
    CancelMarked(Vec<Pick>),
    /// Payments, with what can be done to each.
    Payments(Whose),
    /// Which last payments of marked open invoices a retry (`retry_later`) or a look-up (`look_up`) takes.
    Tries(Vec<DocumentId>, NextAction),
    /// What became of money that failed at the first try.
    Recovery,
    /// What became of a retry, invoice by invoice.
    Results(PaymentRunId),
    /// The samples of runs that are not posted yet.
    Samples,
    /// A report, or what of it stands behind a figure.
    Report(Box<Wanted>),
    /// A line of a bank: what it is, and what it may be.
    BankLine(LineId),
    /// How far our accounts at banks are read.
    Banks,
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

/// What a verb would do, foretold by the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ahead {
    /// What queueing the copies of posted documents would do.
    Deliver,
    /// What a print batch would write.
    Print,
    /// What a step with these copies would do.
    Copies(CopyStep, Vec<Marked>),
    /// What sending the reminders that are due would do.
    Reminders,
    /// What a bill run would make.
    Bill(NewBillRun),
    /// What a payment run would charge.
    Collect(NewPaymentRun),
    /// What a deed with money would do.
    Money(MoneyDeed),
    /// What a deed with a line of a bank would do.
    Bank(BankDeed),
    /// What using an account's credits on what it owes in a currency would do.
    Credits(AccountId, Currency),
    /// What an instalment plan would be.
    Plan(NewPlan),
    /// What handing an account to an agency would do.
    HandOver(NewCase),
    /// What stands between a month and its close.
    Closing(Month),
    /// What issuing a posted invoice anew would make and move.
    Reissue(Reissue),
    /// What rating these drafts again would throw away of what was done by hand.
    Lost(Vec<Pick>),
    /// What editing these drafts alike would make of their sums.
    Edit(Vec<Pick>, Vec<BulkChange>),
    /// Which usage a run up to today would not bill, of an account or (none) of all.
    Usage(Option<String>),
}

/// One question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// Of what is in the book.
    View(Query),
    /// Of what a verb would do.
    Ahead(Ahead),
}

impl From<Query> for Question {
    fn from(query: Query) -> Self {
        Self::View(query)
    }
}

impl From<Ahead> for Question {
    fn from(ahead: Ahead) -> Self {
        Self::Ahead(ahead)
    }
}

/// What every screen shows at its foot.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StatusRow {
    /// Jobs that are not over, newest first.
    pub jobs: Vec<JobRow>,
    /// Jobs that ended last, newest first.
    pub ended: Vec<JobRow>,
    /// Unread notices, newest first.
    pub notices: Vec<NoticeRow>,
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
    pub money: Purse,
    /// Credits and unapplied payments it would use first, minor units.
    pub credits: Purse,
    /// Invoices it would leave out, by reason in words.
    pub left_out: Vec<(String, i64)>,
    /// Whether all of it goes to the sandbox, which moves no money.
    pub pretended: bool,
    /// That the bank is not read yet, in words; empty where it is, or nobody ever says so.
    pub unread: String,
}

/// What a bill run would do, as the book is now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BillPreview {
    /// Invoices and debit memos it would make.
    pub invoices: i64,
    /// Credit memos.
    pub credit_memos: i64,
    /// Their totals, minor units.
    pub money: Purse,
    /// Accounts with nothing due that is not billed already.
    pub already_billed: i64,
    /// Accounts with usage billed through a day that is not over.
    pub unfinished: i64,
    /// Accounts that would fail: number and reason.
    pub failures: Vec<(String, String)>,
}

/// What queueing copies would do, as the book is now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeliverAhead {
    /// Copies that go by e-mail.
    pub email: usize,
    /// Copies that are printed.
    pub print: usize,
    /// Copies that go by network.
    pub network: usize,
    /// What cannot go, by reason.
    pub kept: Vec<(String, usize)>,
    /// That mail stands still and what starts it; else empty.
    pub still: &'static str,
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
    /// Of [`ListName::BankLines`].
    BankLines(Page<BankLineRow>),
    /// Of [`Query::BankLine`].
    BankLine(Box<Told>),
    /// Of [`Query::Banks`], a line each.
    Banks(Vec<String>),
    /// Of [`Query::Totals`].
    Totals(Totals),
    /// Of [`Query::Marks`] and [`Query::Within`].
    Marks(Vec<Marked>),
    /// Of [`Query::Groups`].
    Groups(Vec<Group>),
    /// Of [`Query::Tabs`], in their order; none where the list does not understand the filter.
    Tabs(Vec<Option<Totals>>),
    /// Of [`Query::Fitting`].
    Fitting(Option<Field>, Vec<Fit>),
    /// Of [`Query::Step`].
    Step(StepRow),
    /// Of [`Query::Happened`]; what of the book is not real yet, and how its copies stand, in words.
    Happened(Vec<Happened>, [String; 2]),
    /// Of [`Query::Charts`].
    Charts(Box<Charts>),
    /// Of [`Query::Waits`].
    Waits(Vec<Awaited>),
    /// Of [`Query::Invoice`].
    Invoice(Option<Box<InvoiceDetail>>),
    /// Of [`Query::Past`].
    Past(Box<History>),
    /// Of [`Query::Run`].
    Run(RunDetail),
    /// Of [`Query::Unusual`], the worst first.
    Unusual(BillRunId, Vec<Said>),
    /// Of [`Query::Account`].
    Account(Box<AccountDetail>),
    /// Of [`Query::AccountPage`], in words.
    AccountPage(AccountId, Month, Box<Leaf>),
    /// Of [`Query::PostRun`] and [`Query::PostMarked`].
    Post(PostPreview),
    /// Of [`Query::CancelRun`] and [`Query::CancelMarked`].
    Cancel(Thrown),
    /// Of [`Ahead::Deliver`].
    Deliver(DeliverAhead),
    /// Of [`Ahead::Print`].
    Print(PrintAhead),
    /// Of [`Ahead::Copies`].
    Copies(CopiesAhead),
    /// Of [`Ahead::Reminders`].
    Reminders(RemindersAhead),
    /// Of [`Ahead::Bill`].
    Bill(BillPreview),
    /// Of [`Ahead::Collect`].
    Collect(CollectPreview),
    /// Of [`Query::Payments`].
    Payments(Arc<Payments>),
    /// Of [`Ahead::Money`], [`Ahead::Bank`], [`Ahead::Credits`], [`Ahead::Plan`] and [`Ahead::HandOver`].
    Money(Foretold),
    /// Of [`Ahead::Closing`].
    Closing(Box<Closing>),
    /// Of [`Ahead::Lost`]: only drafts that lose something.
    Lost(Vec<(DocumentId, Vec<String>)>),
    /// Of [`Ahead::Edit`].
    Edit(EditAhead),
    /// Of [`Query::Tries`].
    Tries(Tries),
    /// Of [`Query::Recovery`]: since when, and by currency.
    Recovery(NaiveDate, Vec<Recovery>),
    /// Of [`Query::Results`].
    Results(Box<Results>),
    /// Of [`Query::Report`].
    Report(Box<Sheet>),
    /// Of [`Query::Samples`], newest run first.
    Samples(Vec<Sample>),
    /// Of [`Ahead::Usage`]: up to which day, and what stays.
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

impl Question {
    /// Whether the answer takes longer than a clerk who is looking at a list shall wait.
    pub fn is_slow(&self) -> bool {
        match self {
            Self::View(Query::Fitting(_, _, Some(_))) => true,
            // They read every draft of a run, every payment of eight weeks, every entry of a month.
            Self::View(Query::Unusual(_) | Query::Charts | Query::Report(_)) => true,
            // What a line may be is looked for among all that is owed.
            Self::View(Query::BankLine(_)) => true,
            Self::View(_)
            | Self::Ahead(
                Ahead::Deliver
                | Ahead::Money(_)
                | Ahead::Bank(_)
                | Ahead::Credits(..)
                | Ahead::Plan(_)
                | Ahead::HandOver(_)
                | Ahead::Reissue(_)
                | Ahead::Usage(_),
            ) => false,
            Self::Ahead(
                Ahead::Reminders
                | Ahead::Closing(_)
                | Ahead::Bill(_)
                | Ahead::Collect(_)
                | Ahead::Lost(_)
                | Ahead::Edit(..)
                | Ahead::Copies(..)
                | Ahead::Print,
            ) => true,
        }
    }
}
