//! What can be asked of the book, as plain data: a [`Command`] is one short write, a [`JobSpec`]
//! is long work that a worker drives in slices, a [`Receipt`] is what came of either.
//!
//! A screen and the command line build the same values, so a command also knows the command line
//! that does the same ([`Command::words`]). Nothing here does anything: `engine::perform` does.

mod adjust;
mod bank;
mod claim;
mod draft;
mod money;
mod receipt;
mod reissue;
mod run;
mod verb;
pub mod words;

pub use adjust::{AdjustKind, AdjustPart};
pub use bank::{BankDeed, Own, Target};
pub use claim::{ClaimDeed, NextDrafts};
pub use draft::{BulkChange, DraftChange, HandMade, NewLine, Removed};
pub use money::{MoneyDeed, PaidBy, Refunded};
pub use receipt::{Receipt, Refused};
pub use reissue::{Reissue, columns};
pub use run::RunRef;

use crate::domain::agency::{CaseState, NewCase};
use crate::domain::charge::ChargeType;
use crate::domain::dispute::{DisputeState, GivenDispute};
use crate::domain::ids::{
    AccountId, BillRunId, CaseId, DeliveryId, DocumentId, JobId, MethodId, NoteId, PaymentId,
    PlanId, ScheduleId,
};
use crate::domain::instalment::NewPlan;
pub use crate::domain::job::{JobSpec, Pick};
use crate::domain::money::{Currency, Money};
use crate::domain::month::Month;
use crate::domain::note::{On, References};
use crate::domain::payment::{Channel, NextAction};
pub use crate::domain::run_params::{AccountFilter, BcdFilter, NewPaymentRun};
use crate::domain::stop::NewStop;
use crate::domain::tag::Tagging;

use crate::store::desk::SavedFilter;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// How the trail names a corrected e-mail address, before the account's number.
pub const EMAIL_OF: &str = "e-mail of";

/// An ad hoc bill run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewBillRun {
    /// What is due up to here is billed.
    pub target_on: NaiveDate,
    /// Printed on the documents; none = the run's day.
    pub invoice_on: Option<NaiveDate>,
    /// Which accounts.
    pub accounts: AccountFilter,
    /// Charge types left out, at most two of three.
    pub exclude: Vec<ChargeType>,
    /// Whether ended terms renew by themselves.
    pub auto_renew: bool,
    /// Post without a spot-check; needs `automation.auto_post`.
    pub auto_post: bool,
    /// Send after posting by itself.
    pub auto_email: bool,
    /// No e-mail for zero totals.
    pub skip_zero_email: bool,
    /// The clerk has said yes to a target more than a year ahead.
    pub confirmed: bool,
}

/// What a clerk wants of running work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Steer {
    /// Halt before the next piece.
    Pause,
    /// Go on.
    Resume,
    /// End it; of a bill run, throw its drafts away.
    Cancel,
}

/// What a clerk does to a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ScheduleStep {
    /// No slots until resumed.
    Pause,
    /// From the next slot on.
    Resume,
    /// From the next slot on, and once now.
    ResumeAndRun,
    /// Leave out the next slot.
    SkipNext,
    /// No more.
    End,
}

/// Money received outside the gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutsidePayment {
    /// From whom.
    pub account: AccountId,
    /// For which documents, oldest first; what is left stays unapplied.
    pub documents: Vec<DocumentId>,
    /// In the account's currency.
    pub amount: Money,
    /// The day it arrived.
    pub received_on: NaiveDate,
    /// What the bank statement says.
    pub reference: String,
}

/// One short write. Batch commands act on every row they can and report the rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Drafts to look at are taken, given back or handed over.
    Claim(ClaimDeed),
    /// Looked at and right, in this version. A stale draft needs the reason.
    Accept {
        /// The drafts as seen.
        drafts: Vec<Pick>,
        /// Why a stale draft is right; empty otherwise.
        reason: String,
    },
    /// Kept back from posting; keeps its claims.
    Hold {
        /// The drafts as seen.
        drafts: Vec<Pick>,
        /// Why.
        reason: String,
        /// Who follows it up; empty = who holds it.
        owner: String,
        /// When to look again.
        until: Option<NaiveDate>,
    },
    /// No longer held.
    Release {
        /// The drafts as seen.
        drafts: Vec<Pick>,
    },
    /// Changes one draft.
    Edit {
        /// The draft as seen.
        draft: Pick,
        /// In order.
        changes: Vec<DraftChange>,
        /// Why.
        reason: String,
    },
    /// Changes many drafts alike.
    EditMany {
        /// The drafts as seen.
        drafts: Vec<Pick>,
        /// In order.
        changes: Vec<BulkChange>,
        /// Why.
        reason: String,
    },
    /// Puts a draft back to how it was before a deed.
    Restore {
        /// The draft as seen.
        draft: Pick,
        /// The deed's place in the trail.
        seq: i64,
    },
    /// Writes a draft as a file to look at; nothing of the book changes.
    Preview {
        /// The draft.
        draft: DocumentId,
        /// Where to; empty = beside the book.
        directory: String,
    },
    /// Makes a draft by hand.
    MakeDraft(HandMade),
    /// Rates drafts again from what is known now.
    Regenerate {
        /// The drafts as seen.
        drafts: Vec<Pick>,
    },
    /// Throws drafts away; claims and usage are released.
    CancelDrafts {
        /// The drafts as seen.
        drafts: Vec<Pick>,
        /// Why.
        reason: String,
    },
    /// Numbers and locks marked drafts. Becomes a job when there are many.
    Post {
        /// The drafts as seen.
        drafts: Vec<Pick>,
        /// A new invoice date for all of them.
        invoice_on: Option<NaiveDate>,
    },
    /// Posts every draft of a run that is not held, stale or refused.
    PostRun {
        /// The run.
        run: BillRunId,
        /// A new invoice date for all of them.
        invoice_on: Option<NaiveDate>,
    },
    /// A memo on a posted invoice.
    Adjust {
        /// The invoice.
        document: DocumentId,
        /// How much of it.
        part: AdjustPart,
        /// Credit or debit.
        kind: AdjustKind,
        /// Why.
        reason: String,
    },
    /// Gives up the balance.
    WriteOff {
        /// The invoice.
        document: DocumentId,
        /// Why.
        reason: String,
    },
    /// Takes a write-off back whole: the invoice is owed again.
    UndoWriteOff {
        /// The invoice.
        document: DocumentId,
        /// Why.
        reason: String,
    },
    /// Full memo with tax; its service periods become billable again.
    Reverse {
        /// The invoice.
        document: DocumentId,
        /// Why.
        reason: String,
    },
    /// Full memo, and an invoice of today in its place; nothing becomes billable again.
    Reissue(Reissue),
    /// Takes back a deed of mine: the last, if none is named.
    Undo {
        /// Its place in the trail.
        deed: Option<i64>,
    },
    /// Does again what was undone last.
    Redo,
    /// Makes a bill run and its job.
    StartBillRun(NewBillRun),
    /// A new run of just the accounts that failed.
    RetryFailedAccounts {
        /// The run that had failures.
        run: BillRunId,
    },
    /// Pauses, resumes or cancels a run.
    SteerRun {
        /// Bill run.
        run: RunRef,
        /// What is wanted.
        want: Steer,
    },
    /// Queues the deliveries of posted documents, of a run or of all that have none.
    MakeDeliveries {
        /// Only this run's documents.
        run: Option<BillRunId>,
    },
    /// Ends the hold: out now.
    SendNow {
        /// Queued e-mails.
        deliveries: Vec<DeliveryId>,
    },
    /// Takes queued deliveries back.
    Recall {
        /// Queued or held deliveries.
        deliveries: Vec<DeliveryId>,
    },
    /// Another copy, or another try after a bounce.
    Resend {
        /// Ended deliveries.
        deliveries: Vec<DeliveryId>,
    },
    /// The same document by another way.
    ChangeChannel {
        /// Deliveries not yet out.
        deliveries: Vec<DeliveryId>,
        /// The new way.
        channel: Channel,
    },
    /// Writes the queued print copies as one batch.
    PrintBatch {
        /// Where to; empty = beside the book.
        directory: String,
    },
    /// A person says the written copies are on paper.
    ConfirmPrinted {
        /// Written deliveries.
        deliveries: Vec<DeliveryId>,
    },
    /// Makes a payment run and its job.
    StartPaymentRun(NewPaymentRun),
    /// New payments with new keys for declined ones.
    RetryPayments {
        /// Declined payments.
        payments: Vec<PaymentId>,
    },
    /// Uses an account's credits and unapplied money on what it owes, oldest first.
    UseCredits {
        /// The account.
        account: AccountId,
        /// In which currency.
        currency: Currency,
    },
    /// Retries (or, for `look_up`, reconciles) everything that needs the same next step.
    RetryGroup {
        /// The group.
        group: NextAction,
    },
    /// Asks the gateway what became of unanswered payments.
    Reconcile {
        /// Unknown or submitted payments.
        payments: Vec<PaymentId>,
    },
    /// Records money received outside.
    RecordPayment(OutsidePayment),
    /// Gives back, takes off, moves or applies money that came, or pays a credit memo out.
    Money(MoneyDeed),
    /// Says what a line of a bank is, takes that back, or reads a statement.
    Bank(BankDeed),
    /// A command that asked first, where a person said to go on.
    Anyway(Box<Command>),
    /// The customer promised to pay.
    Promise {
        /// The invoice.
        document: DocumentId,
        /// Its whole balance if none.
        amount: Option<Money>,
        /// By when.
        on: NaiveDate,
    },
    /// A promise is off.
    EndPromise {
        /// The invoice.
        document: DocumentId,
    },
    /// The customer disputes an invoice.
    Dispute {
        /// The invoice.
        document: DocumentId,
        given: GivenDispute,
    },
    /// A dispute is over.
    EndDispute {
        /// The invoice.
        document: DocumentId,
        outcome: DisputeState,
        words: String,
    },
    /// What an account owes is paid in instalments.
    MakePlan(NewPlan),
    EndPlan {
        plan: PlanId,
        reason: String,
    },
    /// An account goes to a collection agency.
    HandToAgency(NewCase),
    /// Nothing of an account is collected any more.
    StopAccount(NewStop),
    /// It is collected again.
    EndStop {
        account: AccountId,
        /// The account's number.
        number: String,
        /// May be empty.
        reason: String,
    },
    /// Writes the file of what is with an agency; nothing of the book changes.
    AgencyFile {
        /// Where to; empty = beside the book.
        directory: String,
    },
    /// The bank is read through a day.
    BankRead {
        through: NaiveDate,
    },
    /// Closes a month over what warns.
    ClosePeriod {
        month: Month,
    },
    EndCase {
        case: CaseId,
        state: CaseState,
        reason: String,
    },
    /// Makes a method the first of its account.
    ChooseMethod {
        /// The method.
        method: MethodId,
    },
    /// Payment runs leave the invoice alone, or take it again.
    AutoPay {
        /// The invoice.
        document: DocumentId,
        /// On or off.
        on: bool,
    },
    /// Pauses, resumes or cancels a background job.
    SteerJob {
        /// The job.
        job: JobId,
        /// What is wanted.
        want: Steer,
    },
    /// Pauses, resumes, skips or ends a schedule.
    SteerSchedule {
        /// The schedule.
        schedule: ScheduleId,
        /// What is wanted.
        step: ScheduleStep,
    },
    /// Changes columns of accounts.csv of an account, unless they are others by now than they were seen.
    EditAccount {
        /// Its number.
        account: String,
        /// What those columns held: name and value.
        was: Vec<(String, String)>,
        /// What they are to hold.
        set: Vec<(String, String)>,
    },
    /// Other e-mail addresses of an account, by the rules of an import.
    CorrectEmail {
        /// Its number.
        account: String,
        /// The addresses as they were seen, separated by `;`.
        was: String,
        /// What they are to be.
        emails: String,
    },
    /// Sends the reminders that are due.
    Remind,
    /// A note on an account or a document.
    AddNote {
        /// What it is on.
        on: On,
        /// The note that it strikes.
        strikes: Option<NoteId>,
        /// What it says; of one that strikes, why.
        text: String,
    },
    /// Other references of an account or a document.
    SetReferences {
        /// What they are of.
        on: On,
        /// As they were seen.
        was: References,
        /// What they are to be.
        to: References,
    },
    /// Names a filter of a screen.
    SaveFilter(SavedFilter),
    /// Puts tags on drafts and takes others off.
    Tag {
        drafts: Vec<Pick>,
        tagging: Tagging,
    },
    /// Drops the named filter of a screen.
    DropFilter {
        /// The screen's name in small letters.
        screen: String,
        /// The filter's name.
        name: String,
    },
    /// Notices were read.
    DismissNotices,
    /// Where the clerk was, for the next login.
    SaveSession {
        /// JSON of the console.
        state: String,
    },
}
