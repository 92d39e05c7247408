//! Recording what a gateway said of a payment, with everything that follows from it, in one
//! transaction. Recording twice is a no-op.

use crate::domain::decline;
use crate::domain::ids::{DocumentId, MethodId, PaymentId};
use crate::domain::money::Money;
use crate::domain::payment::{DeclineClass, NextAction, PaymentStatus};
use crate::domain::payment_run::next_look_up;
use crate::domain::retry::{Failed, NextStep, RetryRules, next_step};
use crate::engine::collect::till;
use crate::engine::collect::window;
use crate::engine::post::loss;
use crate::gateway::{Outcome, Seen};
use crate::store::applied::{self, Part};
use crate::store::payment::{
    self, AllocationState, Answer, CameBack, EventKind, EventRow, EventStatus, PaymentRow,
};
use crate::store::{
    StoreError, Tx, book_period, debt, ledger, method_state, notice, payment_run, settings,
};
use crate::zone::Zone;
use chrono::{DateTime, NaiveDate};

/// How often the bank is asked about a submitted payment, ms.
const SUBMITTED_LOOK_UP_MS: i64 = 6 * 3_600_000;

/// A person found out what became of a payment: the finding, with where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// The money is here, under this reference.
    Approved {
        /// The gateway's or the bank's reference.
        reference: String,
        /// The day of the charge there; none = not known, it counts from today.
        on: Option<NaiveDate>,
    },
    /// No money moved.
    NotCharged,
}

/// What recording an outcome did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// The money is here.
    Approved,
    /// The bank has it.
    Submitted,
    /// Refused; what comes next is recorded.
    Declined,
    /// Nobody knows; it will be looked up.
    Unknown,
    /// Nothing was sent; its invoices are free again.
    NotSent,
    /// Our set-up was refused; counts as a decline of class system.
    SetUp,
    /// It was recorded before.
    Already,
}

/// Records an outcome of `payment`.
pub fn record(
    tx: &Tx<'_>,
    rules: &RetryRules,
    payment: &PaymentRow,
    outcome: &Outcome,
) -> Result<Settled, StoreError> {
    // An answer about anything else than what was asked for is no answer.
    let outcome =
        &outcome.clone().held_against(&payment.key, payment.amount_minor, payment.currency);
    let late = payment.status == PaymentStatus::Declined;
    if !payment.status.is_live() {
        return match outcome {
            Outcome::Approved { seen } if late => approve(tx, payment, seen),
            Outcome::Submitted { seen } if late => at_the_bank(tx, payment, &seen.reference),
            Outcome::Declined { .. } if late => {
                notice::done(tx, &late_key(payment))?;
                Ok(Settled::Already)
            }
            Outcome::Approved { .. }
            | Outcome::Declined { .. }
            | Outcome::Submitted { .. }
            | Outcome::Unknown { .. }
            | Outcome::Unreachable { .. }
            | Outcome::SetUp { .. } => Ok(Settled::Already),
        };
    }
    match outcome {
        Outcome::Approved { seen } => approve(tx, payment, seen),
        Outcome::Declined { code, class, words } => {
            decline(tx, rules, payment, code, *class, words)?;
            Ok(Settled::Declined)
        }
        Outcome::SetUp { code, words } => {
            let words = format!("the gateway refused our set-up ({code}): {words}");
            decline(tx, rules, payment, "setup", DeclineClass::System, &words)?;
            Ok(Settled::SetUp)
        }
        Outcome::Submitted { seen } => submitted(tx, payment, &seen.reference),
        Outcome::Unknown { why } => unanswered(tx, payment, why),
        Outcome::Unreachable { why } => not_sent(tx, payment, why),
    }
}

fn plain(payment: &PaymentRow, status: PaymentStatus, reply: &str) -> Answer {
    Answer {
        status,
        gateway_ref: String::new(),
        decline_code: String::new(),
        decline_class: None,
        decline_action: None,
        reply: reply.to_owned(),
        received_on: None,
        value_on: None,
        next_retry_at: None,
        next_look_up_at: None,
        look_ups: payment.look_ups,
        unapplied_minor: 0,
    }
}

/// Moves the run's counters from the old status to the new one.
fn recount(tx: &Tx<'_>, payment: &PaymentRow, to: PaymentStatus) -> Result<(), StoreError> {
    if let Some(run) = payment.run {
        let amount = payment.currency.amount(payment.amount_minor);
        payment_run::count(tx, run, payment.status, amount.negated()?, -1)?;
        payment_run::count(tx, run, to, amount, 1)?;
    }
    Ok(())
}

/// The day on which money counts, and the one that the gateway names. An answer that was not known when
/// it was given, and is found later, counts from the gateway's day: it was paid then. A debit that the
/// bank had (Submitted) was not paid before the bank said so. Nothing counts on a day that is closed.
pub(super) fn days(
    tx: &Tx<'_>,
    zone: Zone,
    payment: &PaymentRow,
    seen: &Seen,
) -> Result<(NaiveDate, Option<NaiveDate>), StoreError> {
    let today = tx.now().today;
    if payment.status == PaymentStatus::Submitted {
        return Ok((today, None));
    }
    let day = |ms| DateTime::from_timestamp_millis(ms).map(|t| t.with_timezone(&zone).date_naive());
    let named = seen.made_at.and_then(day);
    let begun = day(payment.created_at).unwrap_or(today);
    let on = book_period::bookable(tx, named.unwrap_or(today).max(begun))?;
    Ok((on.min(today), named))
}

fn approve(tx: &Tx<'_>, payment: &PaymentRow, seen: &Seen) -> Result<Settled, StoreError> {
    let late = payment.status == PaymentStatus::Declined;
    let zone = settings::load(tx)?.zone();
    let (on, value_on) = days(tx, zone, payment, seen)?;
    let all = payment.currency.amount(payment.amount_minor);
    let (mut left, mut parts) = (all, Vec::new());
    for allocation in payment::allocations(tx, payment.id)? {
        // The balance may have moved while the bank thought: never more than is owed.
        let asked = payment.currency.amount(allocation.amount_minor);
        let (owed, from) = owed(tx, allocation.document, asked, on)?;
        let amount = asked.least(owed)?;
        if amount.minor > 0 {
            let (document, allocation) = (allocation.document, Some(allocation.id));
            parts.push(Part { document, amount, from, allocation });
            left = left.minus(amount)?;
        } else {
            let void = AllocationState::Void;
            payment::set_allocation(tx, allocation.id, void, allocation.amount_minor, None)?;
        }
    }
    let receipt = applied::Receipt {
        payment: payment.id,
        account: payment.account,
        ledger: &ledger::cash(&payment.gateway),
        amount: all,
        on,
    };
    applied::receive(tx, &receipt, &parts)?;
    let answer = Answer {
        gateway_ref: seen.reference.clone(),
        received_on: Some(on),
        value_on,
        unapplied_minor: left.minor,
        ..plain(payment, PaymentStatus::Approved, "")
    };
    payment::record(tx, payment.id, &answer)?;
    if let Some(method) = payment.method {
        method_state::succeeded(tx, method)?;
    }
    recount(tx, payment, PaymentStatus::Approved)?;
    found_out(tx, payment)?;
    if left.minor > 0 {
        ask_for_refund(tx, payment, left.minor)?;
    }
    if late {
        let event = event(payment, EventKind::LateSuccess, payment.amount_minor, tx);
        payment::insert_event(tx, &event)?;
        notice::done(tx, &late_key(payment))?;
    }
    Ok(Settled::Approved)
}

/// Nobody has to find out any more what became of a payment.
fn found_out(tx: &Tx<'_>, payment: &PaymentRow) -> Result<(), StoreError> {
    if payment.look_ups > 0 {
        notice::done(tx, &exception_key(payment.id))?;
    }
    Ok(())
}

/// The task about a payment of which nothing is found.
pub fn exception_key(id: PaymentId) -> String {
    format!("exception {id}")
}

/// More came than is owed: it was settled otherwise while the payment was on its way.
fn ask_for_refund(tx: &Tx<'_>, payment: &PaymentRow, left: i64) -> Result<(), StoreError> {
    let allocations = payment::allocations(tx, payment.id)?;
    let numbers: Vec<&str> = allocations.iter().map(|a| a.number.as_str()).collect();
    let (id, money) = (payment.id.to_string(), payment.currency.grouped(left));
    let today = tx.now().today;
    let received_on = Some(today);
    let came = PaymentRow { received_on, ..payment.clone() };
    let window = window::window_words(tx, &came, today)?;
    let text = format!(
        "{id} came in after {} was settled otherwise: {money} {} of it are unapplied. Refund it?{window}",
        numbers.join(" "),
        payment.currency
    );
    notice::task(tx, &excess_key(payment.id), &id, &text)
}

/// The task about money that came beyond what is owed.
pub fn excess_key(id: PaymentId) -> String {
    format!("excess {id}")
}

/// What a document owes of this much: for what was written off in the meantime, so much of the loss
/// is recovered.
fn owed(
    tx: &Tx<'_>,
    document: DocumentId,
    amount: Money,
    on: NaiveDate,
) -> Result<(Money, NaiveDate), StoreError> {
    let why = "the customer paid after all";
    loss::owed(tx, document, amount, on, why).map_err(loss::stored)
}

/// A new event of a payment, done today.
pub fn event(payment: &PaymentRow, kind: EventKind, amount_minor: i64, tx: &Tx<'_>) -> EventRow {
    EventRow {
        id: 0,
        payment: payment.id,
        kind,
        status: EventStatus::Done,
        amount_minor,
        event_on: tx.now().today,
        at: tx.now().at_ms,
        key: None,
        reference: String::new(),
        reply: String::new(),
        gateway_at: None,
        next_look_up_at: None,
        look_ups: 0,
        value_on: None,
        fee_minor: 0,
        loss_minor: 0,
    }
}

fn decline(
    tx: &Tx<'_>,
    rules: &RetryRules,
    payment: &PaymentRow,
    code: &str,
    class: DeclineClass,
    words: &str,
) -> Result<(), StoreError> {
    let documents = void(tx, payment)?;
    let meaning = decline::meaning(code);
    let answer = Answer {
        decline_code: code.to_owned(),
        decline_class: Some(class),
        decline_action: Some(meaning.action),
        ..plain(payment, PaymentStatus::Declined, words)
    };
    payment::record(tx, payment.id, &answer)?;
    recount(tx, payment, PaymentStatus::Declined)?;
    found_out(tx, payment)?;
    let Some(method) = payment.method else { return Ok(()) };
    // What the gateway or our set-up did wrong says nothing of the customer's method, and a payment
    // that the customer is to confirm does not make it a bad one.
    let hard = class == DeclineClass::Hard && meaning.action != NextAction::AskCustomer;
    if class != DeclineClass::System {
        method_state::failed(tx, method, hard)?;
    }
    let mut due_on = None;
    let mut attempt = 1;
    for document in &documents {
        let due = debt::get(tx, *document)?.due_on;
        due_on = Some(due_on.map_or(due, |d: chrono::NaiveDate| d.max(due)));
        let past = payment::past_of(tx, &[*document])?.remove(document).unwrap_or_default();
        let in_a_row = past.in_a_row(method);
        let same = in_a_row.iter().filter(|c| **c == class).count();
        attempt = attempt.max(u32::try_from(same).unwrap_or(u32::MAX));
    }
    let failed = Failed {
        class,
        action: meaning.action,
        at_ms: tx.now().at_ms,
        method,
        attempt,
        due_on: due_on.unwrap_or(tx.now().today),
    };
    let next_at = plan(tx, rules, payment, &failed, &documents)?;
    payment::record(tx, payment.id, &Answer { next_retry_at: next_at, ..answer })
}

/// Sets what the rules say of the documents of a payment that failed: gives the next try.
fn plan(
    tx: &Tx<'_>,
    rules: &RetryRules,
    payment: &PaymentRow,
    failed: &Failed,
    documents: &[DocumentId],
) -> Result<Option<i64>, StoreError> {
    let methods: Vec<_> = method_state::of_account(tx, payment.account, tx.now().at_ms)?
        .into_iter()
        .map(|m| m.state)
        .collect();
    let (next_at, given_up) = match next_step(rules, failed, &methods, tx.now().today) {
        NextStep::Retry { at_ms, .. } => (Some(at_ms), false),
        NextStep::Stop { .. } => (None, true),
    };
    for document in documents {
        debt::set_retry(tx, *document, next_at, given_up)?;
    }
    Ok(next_at)
}

/// A bank debit came back, and its documents are open again: a return has the class of its code, as
/// a decline has. Lack of funds is presented again by the rules, as often as the scheme allows; what
/// lacks authority or has wrong data never, and the method is charged no more; the rest is a person's.
pub(in crate::engine) fn came_back(
    tx: &Tx<'_>,
    payment: &PaymentRow,
    method: MethodId,
    code: &str,
) -> Result<(), StoreError> {
    let Some(row) = decline::find(code) else {
        return method_state::failed(tx, method, true);
    };
    let (class, action) = (row.class, row.action);
    method_state::failed(tx, method, class == DeclineClass::Hard)?;
    let mut why = CameBack { code, class, action, next_retry_at: None };
    payment::came_back(tx, payment.id, &why)?;
    let allowed = decline::representments(code);
    let (mut documents, mut attempt, mut due_on) = (Vec::new(), 0, tx.now().today);
    for allocation in payment::allocations(tx, payment.id)? {
        let debt = debt::get(tx, allocation.document)?;
        if allocation.reopened_minor > 0 && debt.balance_minor > 0 {
            attempt = attempt.max(payment::came_back_softly(tx, allocation.document, method)?);
            due_on = due_on.max(debt.due_on);
            documents.push(allocation.document);
        }
    }
    if documents.is_empty() || attempt > allowed || allowed == 0 {
        return Ok(());
    }
    let config = settings::load(tx)?;
    let rules = till::rules(&config).map_err(|e| StoreError::Conflict(e.to_string()))?;
    let at_ms = tx.now().at_ms;
    let failed = Failed { class, action, at_ms, method, attempt, due_on };
    why.next_retry_at = plan(tx, &rules, payment, &failed, &documents)?;
    payment::came_back(tx, payment.id, &why)
}

/// Frees the documents of a payment; gives them.
fn void(tx: &Tx<'_>, payment: &PaymentRow) -> Result<Vec<DocumentId>, StoreError> {
    let mut documents = Vec::new();
    for allocation in payment::allocations(tx, payment.id)? {
        let void = AllocationState::Void;
        payment::set_allocation(tx, allocation.id, void, allocation.amount_minor, None)?;
        documents.push(allocation.document);
    }
    Ok(documents)
}

fn submitted(tx: &Tx<'_>, payment: &PaymentRow, reference: &str) -> Result<Settled, StoreError> {
    let answer = Answer {
        gateway_ref: reference.to_owned(),
        next_look_up_at: Some(tx.now().at_ms + SUBMITTED_LOOK_UP_MS),
        look_ups: 0,
        ..plain(payment, PaymentStatus::Submitted, "the bank has it and has not answered")
    };
    payment::record(tx, payment.id, &answer)?;
    recount(tx, payment, PaymentStatus::Submitted)?;
    found_out(tx, payment)?;
    Ok(Settled::Submitted)
}

/// A look-up was answered: the bank still has it. What went unanswered before counts no more.
pub fn still_at_the_bank(tx: &Tx<'_>, payment: &PaymentRow) -> Result<Settled, StoreError> {
    payment::still_submitted(tx, payment.id, tx.now().at_ms + SUBMITTED_LOOK_UP_MS)?;
    found_out(tx, payment)?;
    Ok(Settled::Submitted)
}

/// Recorded as declined, and the bank has it after all: it is on its way again, so that nothing else
/// is charged. Where something else is on its way already, a person must know.
fn at_the_bank(tx: &Tx<'_>, payment: &PaymentRow, reference: &str) -> Result<Settled, StoreError> {
    let allocations = payment::allocations(tx, payment.id)?;
    for allocation in &allocations {
        if payment::on_its_way(tx, allocation.document)? {
            let (id, number) = (payment.id.to_string(), &allocation.number);
            let text = format!(
                "{id} was recorded as declined, but the bank has it, and another payment of {number} \
                 is on its way: look it up again, and give back what comes twice"
            );
            notice::task(tx, &late_key(payment), &id, &text)?;
            return Ok(Settled::Submitted);
        }
    }
    for allocation in allocations {
        let (live, amount) = (AllocationState::Live, allocation.amount_minor);
        payment::set_allocation(tx, allocation.id, live, amount, None)?;
    }
    submitted(tx, payment, reference)
}

/// The task about a declined payment that the bank has.
fn late_key(payment: &PaymentRow) -> String {
    format!("at the bank {}", payment.id)
}

/// Nobody knows what became of it: it is looked up on its schedule, then it is a person's.
pub fn unanswered(tx: &Tx<'_>, payment: &PaymentRow, why: &str) -> Result<Settled, StoreError> {
    let now = tx.now().at_ms;
    if matches!(payment.status, PaymentStatus::Unknown | PaymentStatus::Submitted) {
        let next = next_look_up(payment.created_at, payment.look_ups + 1, now);
        payment::looked_up(tx, payment.id, next, why)?;
        if next.is_none() {
            let id = payment.id.to_string();
            let words = format!(
                "{id}: the gateway does not say what became of it; find out and record it by hand"
            );
            notice::task(tx, &exception_key(payment.id), &id, &words)?;
        }
        return Ok(Settled::Unknown);
    }
    let next = next_look_up(payment.created_at, payment.look_ups, now);
    let answer = Answer { next_look_up_at: next, ..plain(payment, PaymentStatus::Unknown, why) };
    payment::record(tx, payment.id, &answer)?;
    recount(tx, payment, PaymentStatus::Unknown)?;
    Ok(Settled::Unknown)
}

fn not_sent(tx: &Tx<'_>, payment: &PaymentRow, why: &str) -> Result<Settled, StoreError> {
    let documents = void(tx, payment)?;
    let answer = Answer {
        decline_code: "gateway_unreachable".to_owned(),
        decline_class: Some(DeclineClass::System),
        ..plain(payment, PaymentStatus::Canceled, why)
    };
    payment::record(tx, payment.id, &answer)?;
    recount(tx, payment, PaymentStatus::Canceled)?;
    if let Some(run) = payment.run {
        payment_run::reopen_items(tx, run, &documents)?;
    }
    Ok(Settled::NotSent)
}

/// Whether two outcomes say the same of the money, for the audit of a reconcile.
pub fn words(settled: Settled) -> &'static str {
    match settled {
        Settled::Approved => "approved",
        Settled::Submitted => "still at the bank",
        Settled::Declined | Settled::SetUp => "declined",
        Settled::Unknown => "still unknown",
        Settled::NotSent => "never sent",
        Settled::Already => "known before",
    }
}
