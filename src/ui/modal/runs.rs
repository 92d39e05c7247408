//! The forms for new runs, and the questions before they, a print batch, or drafts thrown away.

use super::Modal;
use super::ask::Ask;
use super::form::Field;
use super::purpose::{Purpose, form};
use super::typed::{Label, Refusal, Typed};
use crate::domain::charge::ChargeType;
use crate::domain::ids::BillRunId;
use crate::engine::command::{AccountFilter, BcdFilter, Command, NewBillRun, NewPaymentRun, Pick};
use crate::engine::query::{Ahead, Query};
use crate::ui::msg::{Cx, Part, ScreenId};
use crate::ui::widget::counted;

/// Opens the bill run form.
pub fn bill_run(cx: &mut Cx) -> Modal {
    let today = cx.now.today.to_string();
    let fields = vec![
        Field::new(Label::TARGET_DATE, today, "everything due up to this day is billed"),
        Field::new(Label::INVOICE_DATE, "", "printed; empty: today"),
        Field::new(Label::BATCHES, "", "only these, by comma; empty: all"),
        Field::new(Label::ACCOUNT, "", "only this account number; empty: all"),
        Field::new(Label::CYCLE_DAY, "all", "all, run-day, or 1 to 31 (31 is the month's end)"),
        Field::words(Label::LEAVE_OUT, &["nothing", "usage", "recurring", "one_time"]),
        Field::words(Label::AUTO_RENEW, &["yes", "no"]),
    ];
    form("New bill run", Purpose::BillRun, fields, cx)
}

/// Opens the payment run form.
pub fn payment_run(cx: &mut Cx) -> Modal {
    let today = cx.now.today.to_string();
    let fields = vec![
        Field::new(Label::TARGET_DATE, today, "invoices due on or before this day"),
        Field::new(Label::BILL_RUN, "", "only its invoices (BR-000007); empty: all"),
        Field::new(Label::ACCOUNT, "", "only this account number; empty: all"),
        Field::new(Label::BATCHES, "", "only these, by comma; empty: all"),
        Field::words(Label::PAYMENTS, &["one an invoice", "one an account"]),
    ];
    form("New payment run", Purpose::PaymentRun, fields, cx)
}

/// The question before a bill run: what it would make as the book is now.
pub(super) fn make(run: NewBillRun, cx: &mut Cx) -> Modal {
    let title = format!("Bill everything due up to {}", run.target_on);
    cx.load(ScreenId::Runs, Part::Dialog, Ahead::Bill(run.clone()));
    let op = cx.operation();
    let ask = Ask::reading(title, "make the drafts", op, Command::StartBillRun(run));
    Modal::Ask(Box::new(ask.untyped()))
}

/// The question before charging: what the run would take as the book is now. The run itself reads
/// every amount again.
pub(super) fn charge(run: NewPaymentRun, cx: &mut Cx) -> Modal {
    let title = format!("Charge what is due by {}", run.target_on);
    cx.load(ScreenId::Runs, Part::Dialog, Ahead::Collect(run.clone()));
    let op = cx.operation();
    Modal::Ask(Box::new(Ask::reading(title, "charge", op, Command::StartPaymentRun(run))))
}

/// The question before a print batch: what it would write as the book is now.
pub(super) fn print(directory: String, cx: &mut Cx) -> Modal {
    let place = if directory.is_empty() { "beside the book" } else { &directory };
    let title = format!("Write the print batch {place}");
    cx.load(ScreenId::Delivery, Part::Dialog, Ahead::Print);
    let ask = Ask::reading(title, "write", cx.operation(), Command::PrintBatch { directory });
    Modal::Ask(Box::new(ask.untyped()))
}

/// The question before drafts are thrown away; its figures are read while it opens.
pub(super) fn cancel(drafts: Vec<Pick>, reason: String, cx: &mut Cx) -> Modal {
    let op = cx.operation();
    cx.load(ScreenId::Invoices, Part::Dialog, Query::CancelMarked(drafts.clone()));
    let title = format!("Cancel {}", counted(drafts.len(), "draft", "drafts"));
    let command = Command::CancelDrafts { drafts, reason };
    Modal::Ask(Box::new(Ask::reading(title, "throw them away", op, command)))
}

pub(super) fn new_bill_run(v: Typed) -> Result<NewBillRun, Refusal> {
    let target_on = v.needed_day(Label::TARGET_DATE, "the target date")?;
    let bcd = match v.text(Label::CYCLE_DAY)?.as_str() {
        "" | "all" => BcdFilter::All,
        "run-day" => BcdFilter::RunDay,
        other => match other.parse() {
            Ok(n) if (1..=31).contains(&n) => BcdFilter::Day(n),
            _ => return Err((Label::CYCLE_DAY, "all, run-day, or 1 to 31".to_owned())),
        },
    };
    Ok(NewBillRun {
        target_on,
        invoice_on: v.day(Label::INVOICE_DATE)?,
        accounts: AccountFilter {
            batches: v.list(Label::BATCHES)?,
            account: v.text(Label::ACCOUNT)?,
            bcd,
        },
        exclude: ChargeType::parse(&v.text(Label::LEAVE_OUT)?).into_iter().collect(),
        auto_renew: v.text(Label::AUTO_RENEW)? != "no",
        auto_post: false,
        auto_email: false,
        skip_zero_email: false,
        confirmed: false,
    })
}

pub(super) fn new_payment_run(v: Typed) -> Result<NewPaymentRun, Refusal> {
    let run = v.text(Label::BILL_RUN)?;
    let bill_run = if run.is_empty() {
        None
    } else {
        let wrong = (Label::BILL_RUN, format!("{run:?} is not a bill run such as BR-000007"));
        Some(BillRunId::parse(&run).ok_or(wrong)?)
    };
    Ok(NewPaymentRun {
        target_on: v.needed_day(Label::TARGET_DATE, "the target date")?,
        bill_run,
        account: v.text(Label::ACCOUNT)?,
        batches: v.list(Label::BATCHES)?,
        currency: None,
        bill_cycle_day: None,
        gateway: None,
        consolidate: v.text(Label::PAYMENTS)? == "one an account",
    })
}
