//! What a form is for: which fields it has, and the command that its values make.

use super::ask::Ask;
use super::form::{Field, Form};
use super::money::MoneyForm;
use super::runs;
use super::{Intent, Modal};
use crate::domain::ids::{AccountId, BillRunId, DocumentId};
use crate::domain::money::{Currency, parse_decimal};
use crate::engine::command::{
    AdjustKind, AdjustPart, Command, DraftChange, NewLine, OutsidePayment, Pick, Removed,
};
use crate::engine::query::{Query, SavedFilter};
use crate::store::read::invoice::InvoiceDetail;
use crate::ui::msg::{Cx, Part, ScreenId};
use crate::ui::theme;
use crate::ui::widget::{Line, counted};
use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

pub(super) type Refusal = (usize, String);

/// What is posted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum PostWhat {
    Run(BillRunId),
    /// Marked drafts.
    Drafts(Vec<Pick>),
}

/// What a form is for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Purpose {
    /// Hold drafts: reason, owner, date.
    Hold(Vec<Pick>),
    /// Accept stale drafts: reason.
    AcceptStale(Vec<Pick>),
    /// Throw drafts away: reason.
    CancelDrafts(Vec<Pick>),
    /// Dates, PO number, note: as they were.
    EditHead {
        /// The draft as seen.
        draft: Pick,
        /// Values as they were, in field order.
        was: [String; 4],
    },
    /// Quantity, price, description of a line: as they were.
    EditLine {
        /// The draft as seen.
        draft: Pick,
        /// Its position.
        line: u32,
        /// Values as they were, in field order.
        was: [String; 3],
    },
    /// A line by hand.
    AddLine(Pick),
    /// Take a line out: reason.
    RemoveLine {
        /// The draft as seen.
        draft: Pick,
        /// Its position.
        line: u32,
        /// What becomes of its period.
        then: Removed,
    },
    /// A memo on a posted document.
    Adjust {
        document: DocumentId,
        currency: Currency,
        /// How it is called.
        label: String,
        /// Its total, minor units: no credit is above it.
        #[serde(default)]
        total_minor: Option<i64>,
    },
    /// Give up the balance: reason.
    WriteOff(DocumentId, String),
    /// Take a write-off back whole: reason.
    UndoWriteOff(DocumentId, String),
    /// Full memo: reason.
    Reverse(DocumentId, String),
    BillRun,
    PaymentRun,
    /// Post with another invoice date.
    PostDated(PostWhat),
    /// A promise to pay.
    Promise(DocumentId, Currency),
    /// Money received outside.
    Outside {
        /// From whom.
        account: AccountId,
        /// For which.
        documents: Vec<DocumentId>,
        currency: Currency,
    },
    /// Money that came: given back, taken off, moved, applied.
    Money(MoneyForm),
    /// The e-mail addresses of an account: its number, and what they were.
    Email(String, String),
    /// A note on an account.
    Note(AccountId),
    /// A name for a filter.
    SaveFilter {
        screen: ScreenId,
        /// The ready filter that it narrows.
        #[serde(default)]
        tab: String,
        /// The filter.
        text: String,
    },
    /// Where a print batch goes.
    Print,
}

/// Opens the hold form.
pub fn hold(drafts: Vec<Pick>, reason: &str, cx: &mut Cx) -> Modal {
    let title = format!("Hold {}", many(drafts.len()));
    let fields = vec![
        Field::new("reason", reason, "why it is kept back; the trail keeps it"),
        Field::new("owner", cx.user.clone(), "who follows it up"),
        Field::new("look again", "", "a date such as 2026-01-31; may stay empty"),
    ];
    form(title, Purpose::Hold(drafts), fields, cx)
}

/// Opens a form that asks for a reason only.
pub fn reason(title: impl Into<String>, purpose: Purpose, cx: &mut Cx) -> Modal {
    form(title, purpose, vec![Field::new("reason", "", "why; the trail keeps it")], cx)
}

/// Opens a form.
pub fn form(title: impl Into<String>, purpose: Purpose, fields: Vec<Field>, cx: &mut Cx) -> Modal {
    Modal::Form(Box::new(Form::new(title, purpose, fields, cx)))
}

/// Opens the form for the e-mail addresses of an account.
pub fn email(account: &str, emails: &str, cx: &mut Cx) -> Modal {
    let hint = "several separated by ; copies that have not left follow";
    let fields = vec![Field::new("e-mail", emails, hint)];
    let purpose = Purpose::Email(account.to_owned(), emails.to_owned());
    form(format!("E-mail of {account}"), purpose, fields, cx)
}

/// Opens the form for a line by hand.
pub fn add_line(draft: Pick, cx: &mut Cx) -> Modal {
    let fields = vec![
        Field::new("description", "", "as printed"),
        Field::new("quantity", "1", "a decimal"),
        Field::new("unit price", "", "a decimal, may be negative"),
        Field::new("tax code", "", "empty: the account's"),
        Field::new("reason", "", "why; the trail keeps it"),
    ];
    form("Add a line", Purpose::AddLine(draft), fields, cx)
}

fn many(n: usize) -> String {
    counted(n, "draft", "drafts")
}

pub(super) fn text(values: &[String], at: usize) -> String {
    values.get(at).map(|v| v.trim().to_owned()).unwrap_or_default()
}

pub(super) fn needed(values: &[String], at: usize, what: &str) -> Result<String, Refusal> {
    let value = text(values, at);
    if value.is_empty() { Err((at, format!("{what} is missing"))) } else { Ok(value) }
}

pub(super) fn day(values: &[String], at: usize) -> Result<Option<NaiveDate>, Refusal> {
    let value = text(values, at);
    if value.is_empty() {
        return Ok(None);
    }
    let wrong = || (at, format!("{value:?} is not a date such as 2026-01-31"));
    value.parse().map(Some).map_err(|_| wrong())
}

fn number(values: &[String], at: usize) -> Result<Decimal, Refusal> {
    let value = text(values, at);
    parse_decimal(&value).ok_or_else(|| (at, format!("{value:?} is not a decimal such as 12.50")))
}

pub(super) fn list(value: &str) -> Vec<String> {
    value.split(',').map(str::trim).filter(|v| !v.is_empty()).map(str::to_owned).collect()
}

impl Purpose {
    /// The draft it edits.
    pub fn document(&self) -> Option<i64> {
        match self {
            Self::EditHead { draft, .. }
            | Self::EditLine { draft, .. }
            | Self::AddLine(draft)
            | Self::RemoveLine { draft, .. } => Some(draft.id.0),
            Self::Hold(_)
            | Self::AcceptStale(_)
            | Self::CancelDrafts(_)
            | Self::Adjust { .. }
            | Self::WriteOff(..)
            | Self::UndoWriteOff(..)
            | Self::Reverse(..)
            | Self::BillRun
            | Self::PaymentRun
            | Self::PostDated(_)
            | Self::Promise(..)
            | Self::Outside { .. }
            | Self::Money(_)
            | Self::Email(..)
            | Self::Note(_)
            | Self::SaveFilter { .. }
            | Self::Print => None,
        }
    }

    /// After a conflict: mine on top of theirs.
    pub fn rebase(&mut self, version: i64) {
        match self {
            Self::EditHead { draft, .. }
            | Self::EditLine { draft, .. }
            | Self::AddLine(draft)
            | Self::RemoveLine { draft, .. } => draft.version = version,
            Self::Hold(_)
            | Self::AcceptStale(_)
            | Self::CancelDrafts(_)
            | Self::Adjust { .. }
            | Self::WriteOff(..)
            | Self::UndoWriteOff(..)
            | Self::Reverse(..)
            | Self::BillRun
            | Self::PaymentRun
            | Self::PostDated(_)
            | Self::Promise(..)
            | Self::Outside { .. }
            | Self::Money(_)
            | Self::Email(..)
            | Self::Note(_)
            | Self::SaveFilter { .. }
            | Self::Print => {}
        }
    }

    /// The values of the same fields as they were when it was opened.
    pub fn was(&self) -> &[String] {
        match self {
            Self::EditHead { was, .. } => was,
            Self::EditLine { was, .. } => was,
            _ => &[],
        }
    }

    /// The values of its fields as the book has them now, by field label.
    pub fn theirs(&self, d: &InvoiceDetail) -> Vec<(&'static str, String)> {
        match self {
            Self::EditHead { .. } => vec![
                ("invoice date", d.row.invoice_on.to_string()),
                ("due date", d.row.due_on.to_string()),
                ("PO number", d.po_number.clone()),
                ("note", d.note.clone()),
            ],
            Self::EditLine { line, .. } => {
                let Some(item) = d.items.iter().find(|i| i.position == *line) else {
                    return vec![("description", "(the line is gone)".to_owned())];
                };
                vec![
                    ("quantity", item.quantity.normalize().to_string()),
                    ("unit price", item.unit_price.normalize().to_string()),
                    ("description", item.description.clone()),
                ]
            }
            _ => Vec::new(),
        }
    }

    /// The field that an error of the book (its word for programs) is about.
    pub fn field_of(&self, code: &str) -> Option<usize> {
        match (self, code) {
            (Self::Money(money), code) => money.field_of(code),
            (Self::Outside { .. }, "bad_date") => Some(1),
            (Self::Promise(..), "bad_date") => Some(0),
            (Self::Email(..), "bad_email") => Some(0),
            _ => None,
        }
    }

    /// The command its values make, or the field that is wrong and why.
    pub fn build(&self, v: &[String], op: &str, cx: &mut Cx) -> Result<Intent, Refusal> {
        let command = match self {
            Self::Hold(drafts) => {
                let command = Command::Hold {
                    drafts: drafts.clone(),
                    reason: needed(v, 0, "the reason")?,
                    owner: text(v, 1),
                    until: day(v, 2)?,
                };
                if drafts.len() > 1 {
                    let title = format!("Hold {}?", many(drafts.len()));
                    let ask = Ask::light(title, op.to_owned(), command);
                    return Ok(Intent::Open(Box::new(Modal::Ask(Box::new(ask)))));
                }
                command
            }
            Self::AcceptStale(drafts) => {
                Command::Accept { drafts: drafts.clone(), reason: needed(v, 0, "the reason")? }
            }
            Self::CancelDrafts(drafts) => {
                let reason = needed(v, 0, "the reason")?;
                return Ok(Intent::Open(Box::new(runs::cancel(drafts.clone(), reason, cx))));
            }
            Self::EditHead { draft, was } => edit_head(*draft, was, v)?,
            Self::EditLine { draft, line, was } => edit_line(*draft, *line, was, v)?,
            Self::AddLine(draft) => edit(
                *draft,
                DraftChange::AddLine(NewLine {
                    description: needed(v, 0, "the description")?,
                    quantity: number(v, 1)?,
                    unit_price: number(v, 2)?,
                    tax_code: text(v, 3),
                    service_from: None,
                    service_to: None,
                }),
                needed(v, 4, "the reason")?,
            ),
            Self::RemoveLine { draft, line, then } => edit(
                *draft,
                DraftChange::RemoveLine { line: *line, then: *then },
                needed(v, 0, "the reason")?,
            ),
            Self::Adjust { document, currency, label, total_minor } => {
                return adjust((*document, *currency, *total_minor), label, v, cx);
            }
            Self::WriteOff(document, label) => {
                let command =
                    Command::WriteOff { document: *document, reason: needed(v, 0, "the reason")? };
                return Ok(heavy(format!("Write off {label}"), "write off", command, "", cx));
            }
            Self::UndoWriteOff(document, label) => {
                let reason = needed(v, 0, "the reason")?;
                let command = Command::UndoWriteOff { document: *document, reason };
                let title = format!("Undo the write-off of {label}");
                return Ok(heavy(title, "undo it", command, "", cx));
            }
            Self::Reverse(document, label) => {
                let command =
                    Command::Reverse { document: *document, reason: needed(v, 0, "the reason")? };
                return Ok(heavy(format!("Reverse {label}"), "reverse", command, "", cx));
            }
            Self::BillRun => {
                return Ok(Intent::Open(Box::new(runs::make(runs::new_bill_run(v)?, cx))));
            }
            Self::PaymentRun => {
                return Ok(Intent::Open(Box::new(runs::charge(runs::new_payment_run(v)?, cx))));
            }
            Self::PostDated(what) => {
                let on = day(v, 0)?.ok_or((0, "the invoice date is missing".to_owned()))?;
                return Ok(Intent::Open(Box::new(post(what.clone(), Some(on), cx))));
            }
            Self::Promise(document, currency) => {
                let amount = text(v, 1);
                let amount = if amount.is_empty() {
                    None
                } else {
                    Some(currency.read(&amount).map_err(|e| (1, e.to_string()))?)
                };
                let on = day(v, 0)?.ok_or((0, "the day is missing".to_owned()))?;
                Command::Promise { document: *document, amount, on }
            }
            Self::Outside { account, documents, currency } => {
                Command::RecordPayment(OutsidePayment {
                    account: *account,
                    documents: documents.clone(),
                    amount: currency.read(&text(v, 0)).map_err(|e| (0, e.to_string()))?,
                    received_on: day(v, 1)?.unwrap_or(cx.now.today),
                    reference: needed(v, 2, "the reference")?,
                })
            }
            Self::Money(money) => return money.build(v, op, cx),
            Self::Email(account, was) => Command::CorrectEmail {
                account: account.clone(),
                was: was.clone(),
                emails: needed(v, 0, "the address")?,
            },
            Self::Note(account) => {
                Command::AddNote { account: *account, text: needed(v, 0, "the note")? }
            }
            Self::SaveFilter { screen, tab, text } => Command::SaveFilter(SavedFilter {
                screen: screen.name().to_lowercase(),
                name: needed(v, 0, "the name")?,
                tab: tab.clone(),
                text: text.clone(),
            }),
            Self::Print => Command::PrintBatch { directory: text(v, 0) },
        };
        Ok(Intent::Commit { op: op.to_owned(), command: Box::new(command) })
    }
}

fn edit(draft: Pick, change: DraftChange, reason: String) -> Command {
    Command::Edit { draft, changes: vec![change], reason }
}

fn edit_head(draft: Pick, was: &[String; 4], v: &[String]) -> Result<Command, Refusal> {
    let mut changes = Vec::new();
    let changed = |i: usize| text(v, i) != was[i];
    if changed(0) {
        let on = day(v, 0)?.ok_or((0, "the invoice date is missing".to_owned()))?;
        changes.push(DraftChange::InvoiceDate(on));
    }
    if changed(1) {
        let on = day(v, 1)?.ok_or((1, "the due date is missing".to_owned()))?;
        changes.push(DraftChange::DueDate(on));
    }
    if changed(2) {
        changes.push(DraftChange::PoNumber(text(v, 2)));
    }
    if changed(3) {
        changes.push(DraftChange::Note(text(v, 3)));
    }
    if changes.is_empty() {
        return Err((0, "nothing is changed yet".to_owned()));
    }
    Ok(Command::Edit { draft, changes, reason: needed(v, 4, "the reason")? })
}

fn edit_line(draft: Pick, line: u32, was: &[String; 3], v: &[String]) -> Result<Command, Refusal> {
    let changed = |i: usize| text(v, i) != was[i];
    if !(changed(0) || changed(1) || changed(2)) {
        return Err((0, "nothing is changed yet".to_owned()));
    }
    let change = DraftChange::SetLine {
        line,
        quantity: if changed(0) { Some(number(v, 0)?) } else { None },
        unit_price: if changed(1) { Some(number(v, 1)?) } else { None },
        description: if changed(2) { Some(needed(v, 2, "the description")?) } else { None },
    };
    Ok(edit(draft, change, needed(v, 3, "the reason")?))
}

fn adjust(
    (document, currency, total_minor): (DocumentId, Currency, Option<i64>),
    label: &str,
    v: &[String],
    cx: &mut Cx,
) -> Result<Intent, Refusal> {
    let amount = text(v, 2);
    let minor = if amount.is_empty() {
        None
    } else {
        Some(currency.parse_minor(&amount).map_err(|e| (2, e.to_string()))?)
    };
    let line = text(v, 1);
    let part = if line.is_empty() {
        minor.map_or(AdjustPart::Whole, AdjustPart::Amount)
    } else {
        let n = line.parse().map_err(|_| (1, format!("{line:?} is not a line number")))?;
        AdjustPart::Line(n, minor)
    };
    let kind = if text(v, 0) == "debit" { AdjustKind::Debit } else { AdjustKind::Credit };
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
        return Err((2, format!("more than the whole document ({whole} {currency})")));
    }
    let memo = if kind == AdjustKind::Debit { "Debit" } else { "Credit" };
    let command = Command::Adjust { document, part, kind, reason: needed(v, 3, "the reason")? };
    Ok(heavy(
        format!("{memo} memo of {what} on {label}"),
        "make the memo",
        command,
        &format!("--amount {amount}"),
        cx,
    ))
}

/// A heavy question about one thing, with the command line that does the same.
fn heavy(title: String, verb: &'static str, command: Command, typed: &str, cx: &mut Cx) -> Intent {
    let words = command.words().replace("--amount A", typed);
    let mut lines = vec![Line::of(format!("the same as: daybook {words}"), theme::DIM)];
    if let Command::Adjust { part: AdjustPart::Line(_, Some(_)), .. } = command {
        lines.insert(0, Line::plain("The amount is net: the tax of the line comes on top."));
    }
    let op = cx.operation();
    Intent::Open(Box::new(Modal::Ask(Box::new(Ask::heavy(title, verb, lines, 1, op, command)))))
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
