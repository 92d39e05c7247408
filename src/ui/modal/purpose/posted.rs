//! The forms about documents that are posted or are to be: memos, write-offs, the date of posting.
//! Each is made here and read here.

use super::{Label, PostWhat, Purpose, Refusal, Typed, form, reason};
use crate::domain::ids::{BillRunId, DocumentId};
use crate::domain::money::Currency;
use crate::engine::command::{AdjustKind, AdjustPart, Command};
use crate::engine::query::Query;
use crate::ui::modal::ask::Ask;
use crate::ui::modal::form::Field;
use crate::ui::modal::{Intent, Modal};
use crate::ui::msg::{Cx, Part, ScreenId};
use crate::ui::theme;
use crate::ui::widget::Line;
use chrono::NaiveDate;

/// Opens the form for a memo on a document of a total in minor units.
pub fn adjust(
    document: DocumentId,
    currency: Currency,
    label: &str,
    total_minor: i64,
    cx: &mut Cx,
) -> Modal {
    let fields = vec![
        Field::words(Label::KIND, &["credit", "debit"]),
        Field::new(Label::LINE, "", "a line number; empty: the whole document"),
        Field::new(Label::AMOUNT, "", "empty: all that is left"),
        Field::new(Label::REASON, "", "why; printed and kept"),
    ];
    let title = format!("Adjust {label}");
    let (label, total_minor) = (label.to_owned(), Some(total_minor));
    form(title, Purpose::Adjust { document, currency, label, total_minor }, fields, cx)
}

pub(super) fn adjusted(
    (document, currency, total_minor): (DocumentId, Currency, Option<i64>),
    label: &str,
    v: Typed,
    cx: &mut Cx,
) -> Result<Intent, Refusal> {
    let minor = v.amount_or_all(Label::AMOUNT, currency)?.map(|amount| amount.minor);
    let line = v.text(Label::LINE)?;
    let part = if line.is_empty() {
        minor.map_or(AdjustPart::Whole, AdjustPart::Amount)
    } else {
        let wrong = |_| (Label::LINE, format!("{line:?} is not a line number"));
        AdjustPart::Line(line.parse().map_err(wrong)?, minor)
    };
    let kind = if v.text(Label::KIND)? == "debit" { AdjustKind::Debit } else { AdjustKind::Credit };
    let what = match (part, minor) {
        (AdjustPart::Line(n, Some(minor)), _) => {
            format!("{} {currency} net of line {n}", currency.grouped(minor))
        }
        (AdjustPart::Line(n, None), _) => format!("all that is left of line {n}"),
        (_, Some(minor)) => format!("{} {currency}", currency.grouped(minor)),
        (_, None) => "all that is left".to_owned(),
    };
    let total = total_minor.filter(|_| kind == AdjustKind::Credit);
    if let Some(total) = total.filter(|total| minor.is_some_and(|m| m > total.abs())) {
        let whole = currency.grouped(total.abs());
        return Err((Label::AMOUNT, format!("more than the whole document ({whole} {currency})")));
    }
    let memo = if kind == AdjustKind::Debit { "Debit" } else { "Credit" };
    let reason = v.needed(Label::REASON, "the reason")?;
    let command = Command::Adjust { document, part, kind, reason };
    Ok(heavy(
        format!("{memo} memo of {what} on {label}"),
        "make the memo",
        command,
        &format!("--amount {}", v.text(Label::AMOUNT)?),
        cx,
    ))
}

/// Opens the form for giving the balance up; `label` is how the question calls it.
pub fn write_off(name: &str, document: DocumentId, label: String, cx: &mut Cx) -> Modal {
    reason(format!("Write off {name}"), Purpose::WriteOff(document, label), cx)
}

pub(super) fn written_off(
    document: DocumentId,
    label: &str,
    v: Typed,
    cx: &mut Cx,
) -> Result<Intent, Refusal> {
    let command = Command::WriteOff { document, reason: v.needed(Label::REASON, "the reason")? };
    Ok(heavy(format!("Write off {label}"), "write off", command, "", cx))
}

/// Opens the form for taking a write-off back whole.
pub fn undo_write_off(document: DocumentId, label: String, cx: &mut Cx) -> Modal {
    let title = format!("Undo the write-off of {label}");
    reason(title, Purpose::UndoWriteOff(document, label), cx)
}

pub(super) fn write_off_undone(
    document: DocumentId,
    label: &str,
    v: Typed,
    cx: &mut Cx,
) -> Result<Intent, Refusal> {
    let reason = v.needed(Label::REASON, "the reason")?;
    let command = Command::UndoWriteOff { document, reason };
    Ok(heavy(format!("Undo the write-off of {label}"), "undo it", command, "", cx))
}

/// Opens the form for a full memo.
pub fn reverse(document: DocumentId, label: String, cx: &mut Cx) -> Modal {
    reason(format!("Reverse {label}"), Purpose::Reverse(document, label), cx)
}

pub(super) fn reversed(
    document: DocumentId,
    label: &str,
    v: Typed,
    cx: &mut Cx,
) -> Result<Intent, Refusal> {
    let command = Command::Reverse { document, reason: v.needed(Label::REASON, "the reason")? };
    Ok(heavy(format!("Reverse {label}"), "reverse", command, "", cx))
}

/// A heavy question about one thing, with the command line that does the same.
fn heavy(title: String, verb: &'static str, command: Command, typed: &str, cx: &mut Cx) -> Intent {
    let words = command.words().replace("--amount A", typed);
    let mut lines: Vec<Line> = brings(&command).iter().map(|text| Line::plain(*text)).collect();
    lines.push(Line::of(format!("the same as: daybook {words}"), theme::DIM));
    let op = cx.operation();
    Intent::Open(Box::new(Modal::Ask(Box::new(Ask::heavy(title, verb, lines, 1, op, command)))))
}

/// What a correction of a posted document brings, and what takes it back.
fn brings(command: &Command) -> &'static [&'static str] {
    match command {
        Command::Adjust { part: AdjustPart::Line(_, Some(_)), .. } => &[
            "The amount is net: the tax of the line comes on top.",
            "The memo is numbered at once and cannot be undone.",
        ],
        Command::Adjust { .. } => &["The memo is numbered at once and cannot be undone."],
        Command::Reverse { .. } => &[
            "A credit memo of all that is left of it, tax included; its periods and usage are \
             billed again by the next run.",
            "A reversal cannot be undone.",
        ],
        Command::WriteOff { .. } => &[
            "What is open is given up: no run charges it, no reminder asks for it.",
            "m u takes the write-off back whole.",
        ],
        Command::UndoWriteOff { .. } => {
            &["It is owed again whole: payment runs and reminders take it."]
        }
        _ => &[],
    }
}

/// Opens the form for posting a run with another invoice date.
pub fn post_dated(run: BillRunId, cx: &mut Cx) -> Modal {
    let today = cx.now.today.to_string();
    let fields = vec![Field::new(Label::INVOICE_DATE, today, "printed on all of them")];
    let purpose = Purpose::PostDated(PostWhat::Run(run));
    form("Post with another invoice date", purpose, fields, cx)
}

pub(super) fn dated(what: &PostWhat, v: Typed, cx: &mut Cx) -> Result<Intent, Refusal> {
    let on = v.needed_day(Label::INVOICE_DATE, "the invoice date")?;
    Ok(Intent::Open(Box::new(post(what.clone(), Some(on), cx))))
}

/// The question before posting; its figures are read while it opens.
pub fn post(what: PostWhat, invoice_on: Option<NaiveDate>, cx: &mut Cx) -> Modal {
    let op = cx.operation();
    let (query, command) = match what {
        PostWhat::Run(run) => {
            (Query::PostRun(run, invoice_on), Command::PostRun { run, invoice_on })
        }
        PostWhat::Drafts(drafts) => {
            (Query::PostMarked(drafts.clone(), invoice_on), Command::Post { drafts, invoice_on })
        }
    };
    cx.load(ScreenId::Invoices, Part::Dialog, query);
    Modal::Ask(Box::new(Ask::reading("Post", "post", op, command)))
}
