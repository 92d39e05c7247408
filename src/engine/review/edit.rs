//! Editing one draft: dates, PO number, note, lines. Totals and tax follow at once; the trail keeps
//! before and after; undo takes it back until posting.

mod flags;
mod lines;
pub mod many;
mod totals;

pub(in crate::engine) use flags::{judged_whole, of_law, printing, refresh};
pub use totals::{Basis, settle};

use crate::domain::account::version_on;
use crate::domain::actor::Verb;
use crate::domain::document::Review;
use crate::domain::ids::DocumentId;
use crate::domain::term::PaymentTerm;
use crate::engine::command::{DraftChange, Pick, Receipt};
use crate::engine::review::others;
use crate::engine::review::picked::{image, look_at_one, plain, reason};
use crate::engine::{Error, Session};
use crate::store::document::{self, DocumentRow, Origin};
use crate::store::draft::{self, DraftImage, ReviewImage};
use crate::store::notice::{self, NoticeLevel};
use crate::store::undo::{self, Change};
use crate::store::{Tx, book_period, check, clerk_claim};
use chrono::NaiveDate;
use serde_json::json;
use totals::Told;

/// Changes one draft as it was seen. A version that has moved on is refused with who changed it,
/// when and what; nothing is written then.
pub fn edit(
    session: &mut Session,
    pick: &Pick,
    changes: &[DraftChange],
    why: &str,
) -> Result<Receipt, Error> {
    let why = reason(why)?;
    if changes.is_empty() {
        return Err(Error::usage(
            "no_change",
            "nothing to change",
            "--set, --add-line or --remove-line",
        ));
    }
    let sure = session.sure;
    session.write(Verb::Edit, |tx| {
        let row = look_at_one(tx, pick)?;
        others::ask(tx, &row, sure)?;
        let (told, change) = changed(tx, &row, changes)?;
        undo::record(tx, &change)?;
        let after = document::get(tx, row.id)?;
        let words = words(&told);
        tx.note(row.id, format!("{words} ({why})"));
        let fields: Vec<_> = told
            .iter()
            .map(|t| json!({ "field": t.field, "before": t.before, "after": t.after }))
            .collect();
        tx.detail(&json!({
            "reason": why,
            "version": { "before": row.version, "after": after.version },
            "total": { "before": row.currency.plain(row.total_minor), "after": row.currency.plain(after.total_minor) },
            "changes": fields,
        }));
        Ok(Receipt {
            summary: format!("{}: {words}", row.id),
            done: 1,
            totals: row.currency.amount(after.total_minor).into(),
            undoable: true,
            made: row.id.to_string(),
            ..Receipt::default()
        })
    })
}

fn words(told: &[Told]) -> String {
    told.iter().map(Told::words).collect::<Vec<_>>().join("; ")
}

/// Changes a draft; gives what changed, and its images for undo.
fn changed(
    tx: &Tx<'_>,
    row: &DocumentRow,
    changes: &[DraftChange],
) -> Result<(Vec<Told>, Change), Error> {
    let before = image(tx, row)?;
    let Some(mut content) = before.draft.clone() else {
        return Err(Error::Bug(format!("{} has no content", row.id)));
    };
    let basis = Basis::load(tx, row, &content)?;
    let told = change_all(&mut content, changes, &basis)?;
    sound(row, &content)?;
    flags::refresh(tx, row, &mut content)?;
    draft::save(tx, row, &content)?;
    refuse_double_billing(tx, before.draft.as_ref(), &content)?;
    let after_row = document::get(tx, row.id)?;
    let review = review_after(&before.review);
    draft::set_review(tx, row.id, &review)?;
    tell_who_accepted(tx, row, &before.review)?;
    let mut after = image(tx, &after_row)?;
    after.review = review;
    Ok((told, Change { document: row.id, before, after }))
}

/// Writes an earlier content back.
pub fn restored(
    tx: &Tx<'_>,
    row: &DocumentRow,
    now: Option<&DraftImage>,
    content: &DraftImage,
) -> Result<(), Error> {
    let mut content = content.clone();
    sound(row, &content)?;
    flags::refresh(tx, row, &mut content)?;
    draft::save(tx, row, &content)?;
    refuse_double_billing(tx, now, &content)
}

/// An accepted draft that is changed has to be looked at again; a hold stays.
pub fn review_after(before: &ReviewImage) -> ReviewImage {
    match before.review {
        Review::Held | Review::None => before.clone(),
        Review::Accepted => ReviewImage {
            review: Review::None,
            version: None,
            by: None,
            at: None,
            ..before.clone()
        },
    }
}

/// Tells somebody else whose acceptance a change ended: one notice for a deed, however many drafts it
/// changes.
pub fn tell_who_accepted(
    tx: &Tx<'_>,
    row: &DocumentRow,
    before: &ReviewImage,
) -> Result<(), Error> {
    let Some(by) = before.by.as_ref().filter(|_| before.review == Review::Accepted) else {
        return Ok(());
    };
    let who = &tx.actor().name;
    if by != who {
        let id = row.id;
        let text =
            format!("{by}: {who} changed what you had accepted, {id} first: H on it shows how");
        let key = format!("acceptance ended {} {by}", tx.seq());
        match clerk_claim::who(tx, by)? {
            Some(uid) => notice::add_for(tx, uid, &id.to_string(), &text, &key)?,
            None => notice::add(tx, NoticeLevel::Info, &id.to_string(), &text, &key)?,
        }
    }
    Ok(())
}

/// Applies the changes in order, then settles amounts, tax and totals.
pub fn change_all(
    content: &mut DraftImage,
    changes: &[DraftChange],
    basis: &Basis,
) -> Result<Vec<Told>, Error> {
    let mut told = Vec::new();
    for change in changes {
        match change {
            DraftChange::InvoiceDate(day) => {
                book_period::judge(*day, basis.shut_through)?;
                told.push(Told::new("invoice date", content.invoice_on, day));
                move_to(content, *day, basis)?;
            }
            DraftChange::DueDate(day) => {
                if *day < content.invoice_on {
                    return Err(Error::usage(
                        "bad_date",
                        format!("due on {day}, before the invoice date {}", content.invoice_on),
                        "name a later day",
                    ));
                }
                told.push(Told::new("due date", content.due_on, day));
                content.due_on = *day;
                content.due_by_hand = true;
            }
            DraftChange::PoNumber(text) => {
                let text = plain("the PO number", text.trim())?;
                told.push(Told::new("PO number", &content.po_number, text));
                text.clone_into(&mut content.po_number);
            }
            DraftChange::Note(text) => {
                let text = plain("the note", text.trim())?;
                told.push(Told::new("note", &content.note, text));
                text.clone_into(&mut content.note);
            }
            DraftChange::AddLine(line) => told.push(lines::add(content, line, basis)?),
            DraftChange::SetLine { line, quantity, unit_price, description } => {
                let set = lines::Set {
                    quantity: *quantity,
                    unit_price: *unit_price,
                    description: description.as_deref(),
                };
                told.extend(lines::set(content, *line, &set, basis)?);
            }
            DraftChange::RemoveLine { line, then } => {
                told.push(lines::remove(content, *line, *then, basis)?);
            }
        }
    }
    totals::settle(content, basis)?;
    within_what_is_left(content, basis)?;
    Ok(told)
}

/// A correction that a clerk changed still gives back no more than is left of the line it corrects.
fn within_what_is_left(content: &DraftImage, basis: &Basis) -> Result<(), Error> {
    for (line, at) in content.lines.iter().zip(1..).filter(|(l, _)| l.origin == Origin::Edited) {
        let Some((_, left)) = basis.corrected.left_of(line.corrects) else { continue };
        if line.amount_minor != line.amount_minor.clamp((-left).min(0), (-left).max(0)) {
            let money = |minor| basis.currency.plain(minor);
            return Err(Error::usage(
                "beyond_the_line",
                format!(
                    "line {at} would be {}, but of the line it corrects {} is left",
                    money(line.amount_minor),
                    money(left)
                ),
                format!("between 0 and {}", money(-left)),
            ));
        }
    }
    Ok(())
}

/// A new invoice date: name, address and term are those of the day, the due date follows the term
/// unless it was set by hand.
fn move_to(content: &mut DraftImage, day: NaiveDate, basis: &Basis) -> Result<(), Error> {
    let Some(version) = version_on(&basis.versions, day) else {
        return Err(Error::Bug("an account without terms".to_owned()));
    };
    content.invoice_on = day;
    content.account_version = version.id;
    if !content.due_by_hand {
        content.due_on = PaymentTerm::parse(&version.terms.payment_term)
            .ok()
            .and_then(|term| term.due_on(day))
            .ok_or_else(|| {
                Error::usage(
                    "bad_term",
                    format!("the payment term {:?} gives no due date", version.terms.payment_term),
                    "set the due date by hand",
                )
            })?;
    }
    Ok(())
}

/// A new invoice date for a draft that is being posted.
pub fn redate(tx: &Tx<'_>, id: DocumentId, day: NaiveDate) -> Result<(), Error> {
    let row = document::get(tx, id)?;
    let mut content = draft::load(tx, &row)?;
    let basis = Basis::load(tx, &row, &content)?;
    move_to(&mut content, day, &basis)?;
    totals::settle(&mut content, &basis)?;
    let review = review_after(&draft::review(tx, &row)?);
    draft::save(tx, &row, &content)?;
    draft::set_review(tx, row.id, &review)?;
    Ok(())
}

/// What an edit must not make of a draft.
pub fn sound(row: &DocumentRow, content: &DraftImage) -> Result<(), Error> {
    if content.lines.is_empty() {
        return Err(Error::usage(
            "no_lines",
            format!("{} would have no lines", row.id),
            "cancel the draft instead",
        ));
    }
    let wrong = if content.kind.is_receivable() {
        content.total_minor < 0
    } else {
        content.total_minor > 0
    };
    if wrong {
        return Err(Error::usage(
            "wrong_sign",
            format!(
                "the total would be {}, which no {} may have",
                row.currency.plain(content.total_minor),
                content.kind.as_str().replace('_', " ")
            ),
            "make a credit memo for what is given back",
        ));
    }
    Ok(())
}

/// Removing one line of a correction and not the other could bill days twice or give back what was
/// never billed: refused.
fn refuse_double_billing(
    tx: &Tx<'_>,
    before: Option<&DraftImage>,
    after: &DraftImage,
) -> Result<(), Error> {
    let Some(before) = before else { return Ok(()) };
    let held = |image: &DraftImage| image.lines.iter().map(|l| l.claims.len()).sum::<usize>();
    if held(before) == held(after) {
        return Ok(());
    }
    for claim in before.lines.iter().flat_map(|l| &l.claims) {
        if let Some(why) = check::double_billing(tx, claim.charge, claim.target)? {
            return Err(Error::usage(
                "would_bill_twice",
                why,
                "take out the line that corrects it, and the line that bills anew, together",
            ));
        }
    }
    Ok(())
}
