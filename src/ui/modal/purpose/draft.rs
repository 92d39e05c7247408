//! The forms about drafts: hold, accept, throw away, edit. Each is made here and read here.

use super::{Label, Purpose, Refusal, Typed, form, reason, why};
use crate::domain::tag::Tagging;
use crate::engine::command::{BulkChange, Command, DraftChange, NewLine, Pick, Removed};
use crate::engine::query::Ahead;
use crate::store::document::ItemRow;
use crate::store::read::invoice::InvoiceDetail;
use crate::ui::modal::ask::Ask;
use crate::ui::modal::form::Field;
use crate::ui::modal::{Intent, Modal};
use crate::ui::msg::{Cx, Part, ScreenId};
use crate::ui::widget::{Line, counted};
use serde::{Deserialize, Serialize};

/// What can be edited of a draft as a whole, as text. Older forms keep it as an array in this order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    pub invoice_on: String,
    pub due_on: String,
    pub po_number: String,
    pub note: String,
}

impl Head {
    pub fn of(d: &InvoiceDetail) -> Self {
        Self {
            invoice_on: d.row.invoice_on.to_string(),
            due_on: d.row.due_on.to_string(),
            po_number: d.po_number.clone(),
            note: d.note.clone(),
        }
    }

    pub(super) fn texts(&self) -> [(Label, &str); 4] {
        [
            (Label::INVOICE_DATE, &self.invoice_on),
            (Label::DUE_DATE, &self.due_on),
            (Label::PO_NUMBER, &self.po_number),
            (Label::NOTE, &self.note),
        ]
    }
}

/// What can be edited of a line, as text. Older forms keep it as an array in this order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineText {
    pub quantity: String,
    pub unit_price: String,
    pub description: String,
}

impl LineText {
    pub fn of(item: &ItemRow) -> Self {
        Self {
            quantity: item.quantity.normalize().to_string(),
            unit_price: item.unit_price.normalize().to_string(),
            description: item.description.clone(),
        }
    }

    pub(super) fn texts(&self) -> [(Label, &str); 3] {
        [
            (Label::QUANTITY, &self.quantity),
            (Label::UNIT_PRICE, &self.unit_price),
            (Label::DESCRIPTION, &self.description),
        ]
    }
}

pub(super) fn many(n: usize) -> String {
    counted(n, "draft", "drafts")
}

/// Opens the hold form.
pub fn hold(drafts: Vec<Pick>, reason: &str, cx: &mut Cx) -> Modal {
    let title = format!("Hold {}", many(drafts.len()));
    let fields = vec![
        Field::new(Label::REASON, reason, "why it is kept back; the trail keeps it"),
        Field::new(Label::OWNER, cx.user.clone(), "who follows it up"),
        Field::new(Label::LOOK_AGAIN, "", "a date such as 2026-01-31; may stay empty"),
    ];
    form(title, Purpose::Hold(drafts), fields, cx)
}

pub(super) fn held(drafts: &[Pick], v: Typed) -> Result<Command, Refusal> {
    Ok(Command::Hold {
        drafts: drafts.to_vec(),
        reason: v.needed(Label::REASON, "the reason")?,
        owner: v.text(Label::OWNER)?,
        until: v.day(Label::LOOK_AGAIN)?,
    })
}

/// Opens the form for accepting a stale draft.
pub fn accept_stale(title: String, drafts: Vec<Pick>, cx: &mut Cx) -> Modal {
    reason(title, Purpose::AcceptStale(drafts), cx)
}

/// Opens the form for throwing drafts away.
pub fn cancel_drafts(title: String, drafts: Vec<Pick>, cx: &mut Cx) -> Modal {
    reason(title, Purpose::CancelDrafts(drafts), cx)
}

/// Opens the form for the tags of drafts.
pub fn tag_drafts(title: String, drafts: Vec<Pick>, cx: &mut Cx) -> Modal {
    let fields = vec![Field::new(Label::TAGS, "", "urgent puts it on, -urgent takes it off")];
    form(title, Purpose::Tag(drafts), fields, cx)
}

pub(super) fn tagged(drafts: &[Pick], v: Typed) -> Result<Command, Refusal> {
    let tagging = Tagging::parse(&v.text(Label::TAGS)?);
    let tagging = tagging.map_err(|why| (Label::TAGS, why.to_string()))?;
    Ok(Command::Tag { drafts: drafts.to_vec(), tagging })
}

/// Opens the form for dates, PO number and note of a draft.
pub fn edit_head(title: &str, draft: Pick, was: Head, cx: &mut Cx) -> Modal {
    let hints = ["printed; the due date follows it", "by hand; stays when the invoice date moves"];
    let [invoice_on, due_on, po_number, note] = was.texts();
    let fields = vec![
        Field::new(invoice_on.0, invoice_on.1, hints[0]),
        Field::new(due_on.0, due_on.1, hints[1]),
        Field::new(po_number.0, po_number.1, "printed"),
        Field::new(note.0, note.1, "printed"),
        why(),
    ];
    form(title, Purpose::EditHead { draft, was }, fields, cx)
}

pub(super) fn head_edited(draft: Pick, was: &Head, v: Typed) -> Result<Command, Refusal> {
    let mut changes = Vec::new();
    if v.changed(Label::INVOICE_DATE, &was.invoice_on)? {
        let on = v.needed_day(Label::INVOICE_DATE, "the invoice date")?;
        changes.push(DraftChange::InvoiceDate(on));
    }
    if v.changed(Label::DUE_DATE, &was.due_on)? {
        changes.push(DraftChange::DueDate(v.needed_day(Label::DUE_DATE, "the due date")?));
    }
    if v.changed(Label::PO_NUMBER, &was.po_number)? {
        changes.push(DraftChange::PoNumber(v.text(Label::PO_NUMBER)?));
    }
    if v.changed(Label::NOTE, &was.note)? {
        changes.push(DraftChange::Note(v.text(Label::NOTE)?));
    }
    if changes.is_empty() {
        return Err((Label::INVOICE_DATE, "nothing is changed yet".to_owned()));
    }
    Ok(Command::Edit { draft, changes, reason: v.needed(Label::REASON, "the reason")? })
}

/// What a field of many says where each keeps its own.
const KEEPS: &str = "empty: each keeps its own";
/// What empties a field of many.
const NOTHING: &str = "-";

/// Opens the form for dates, PO number and note of many drafts.
pub fn edit_many(title: String, drafts: Vec<Pick>, cx: &mut Cx) -> Modal {
    let fields = vec![
        Field::new(Label::INVOICE_DATE, "", KEEPS),
        Field::new(Label::DUE_DATE, "", KEEPS),
        Field::new(Label::PO_NUMBER, "", "empty: each keeps its own; - takes it away"),
        Field::new(Label::NOTE, "", "empty: each keeps its own; - takes it away"),
        why(),
    ];
    form(title, Purpose::EditMany(drafts), fields, cx)
}

pub(super) fn many_edited(drafts: &[Pick], v: Typed, cx: &mut Cx) -> Result<Intent, Refusal> {
    let mut changes = Vec::new();
    changes.extend(v.day(Label::INVOICE_DATE)?.map(DraftChange::InvoiceDate));
    changes.extend(v.day(Label::DUE_DATE)?.map(DraftChange::DueDate));
    for (label, change) in [
        (Label::PO_NUMBER, DraftChange::PoNumber as fn(String) -> DraftChange),
        (Label::NOTE, DraftChange::Note),
    ] {
        match v.text(label)?.as_str() {
            "" => {}
            NOTHING => changes.push(change(String::new())),
            text => changes.push(change(text.to_owned())),
        }
    }
    if changes.is_empty() {
        return Err((Label::INVOICE_DATE, "nothing is changed yet".to_owned()));
    }
    let changes = changes.into_iter().map(BulkChange::Same).collect();
    Ok(asked(drafts, changes, v.needed(Label::REASON, "the reason")?, cx))
}

/// Opens the form for quantity or price of a charge on many drafts.
pub fn charge_many(title: String, drafts: Vec<Pick>, cx: &mut Cx) -> Modal {
    let fields = vec![
        Field::new(Label::CHARGE, "", "what its lines say, or its number"),
        Field::new(Label::QUANTITY, "", KEEPS),
        Field::new(Label::UNIT_PRICE, "", KEEPS),
        why(),
    ];
    form(title, Purpose::ChargeMany(drafts), fields, cx)
}

pub(super) fn charges_edited(drafts: &[Pick], v: Typed, cx: &mut Cx) -> Result<Intent, Refusal> {
    let given = |label| Ok(if v.text(label)?.is_empty() { None } else { Some(v.number(label)?) });
    let change = BulkChange::Charge {
        charge: v.needed(Label::CHARGE, "the charge")?,
        quantity: given(Label::QUANTITY)?,
        unit_price: given(Label::UNIT_PRICE)?,
    };
    if matches!(change, BulkChange::Charge { quantity: None, unit_price: None, .. }) {
        return Err((Label::QUANTITY, "nothing is changed yet".to_owned()));
    }
    Ok(asked(drafts, vec![change], v.needed(Label::REASON, "the reason")?, cx))
}

/// Asks with the sums before and after.
fn asked(drafts: &[Pick], changes: Vec<BulkChange>, reason: String, cx: &mut Cx) -> Intent {
    let op = cx.operation();
    cx.load(ScreenId::Invoices, Part::Dialog, Ahead::Edit(drafts.to_vec(), changes.clone()));
    let title = format!("Edit {}", many(drafts.len()));
    let set = changes.iter().map(|change| Line::plain(change.told())).collect();
    let command = Command::EditMany { drafts: drafts.to_vec(), changes, reason };
    let ask = Ask::reading(title, "edit them", op, command).lines(set).untyped();
    Intent::Open(Box::new(Modal::Ask(Box::new(ask))))
}

/// Opens the form for quantity, price and description of a line.
pub fn edit_line(draft: Pick, line: u32, was: LineText, cx: &mut Cx) -> Modal {
    let [quantity, unit_price, description] = was.texts();
    let fields = vec![
        Field::new(quantity.0, quantity.1, "a decimal"),
        Field::new(unit_price.0, unit_price.1, "a decimal"),
        Field::new(description.0, description.1, "as printed"),
        why(),
    ];
    form(format!("Edit line {line}"), Purpose::EditLine { draft, line, was }, fields, cx)
}

pub(super) fn line_edited(
    draft: Pick,
    line: u32,
    was: &LineText,
    v: Typed,
) -> Result<Command, Refusal> {
    let quantity = v.changed(Label::QUANTITY, &was.quantity)?;
    let unit_price = v.changed(Label::UNIT_PRICE, &was.unit_price)?;
    let description = v.changed(Label::DESCRIPTION, &was.description)?;
    if !(quantity || unit_price || description) {
        return Err((Label::QUANTITY, "nothing is changed yet".to_owned()));
    }
    let needed = |label| v.needed(label, "the description");
    let change = DraftChange::SetLine {
        line,
        quantity: quantity.then(|| v.number(Label::QUANTITY)).transpose()?,
        unit_price: unit_price.then(|| v.number(Label::UNIT_PRICE)).transpose()?,
        description: description.then(|| needed(Label::DESCRIPTION)).transpose()?,
    };
    Ok(edit(draft, change, v.needed(Label::REASON, "the reason")?))
}

/// Opens the form for a line by hand.
pub fn add_line(draft: Pick, cx: &mut Cx) -> Modal {
    let fields = vec![
        Field::new(Label::DESCRIPTION, "", "as printed"),
        Field::new(Label::QUANTITY, "1", "a decimal"),
        Field::new(Label::UNIT_PRICE, "", "a decimal, may be negative"),
        Field::new(Label::TAX_CODE, "", "empty: the account's"),
        why(),
    ];
    form("Add a line", Purpose::AddLine(draft), fields, cx)
}

pub(super) fn line_added(draft: Pick, v: Typed) -> Result<Command, Refusal> {
    let line = NewLine {
        description: v.needed(Label::DESCRIPTION, "the description")?,
        quantity: v.number(Label::QUANTITY)?,
        unit_price: v.number(Label::UNIT_PRICE)?,
        tax_code: v.text(Label::TAX_CODE)?,
        service_from: None,
        service_to: None,
    };
    Ok(edit(draft, DraftChange::AddLine(line), v.needed(Label::REASON, "the reason")?))
}

/// Opens the form for taking a line out.
pub fn remove_line(draft: Pick, line: u32, then: Removed, words: &str, cx: &mut Cx) -> Modal {
    let purpose = Purpose::RemoveLine { draft, line, then };
    reason(format!("Remove line {line}: {words}"), purpose, cx)
}

pub(super) fn edit(draft: Pick, change: DraftChange, reason: String) -> Command {
    Command::Edit { draft, changes: vec![change], reason }
}
