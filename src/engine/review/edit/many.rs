//! Editing many drafts alike: one step of undo, and what it makes of their sums told before.

use super::{Basis, change_all, changed, sound, words};
use crate::domain::actor::Verb;
use crate::domain::document::Review;
use crate::domain::money::Purse;
use crate::engine::command::{BulkChange, DraftChange, Pick, Receipt};
use crate::engine::review::others::left_to;
use crate::engine::review::picked::{One, each, look, reason, told};
use crate::engine::{Error, Session};
use crate::store::document::DocumentRow;
use crate::store::draft::{self, DraftImage};
use crate::store::{Db, StoreError, charge, clerk_claim};
use std::collections::{BTreeMap, HashSet};

/// Drafts that are named one by one.
const NAMED: usize = 3;

/// What editing many drafts alike would do, as the book is now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EditAhead {
    /// Drafts that it changes.
    pub count: i64,
    /// Their totals as they are, minor units.
    pub before: Purse,
    /// And as they would be.
    pub after: Purse,
    /// Whether a price is set, the same number in every currency.
    pub one_price: bool,
    /// Of them those that somebody accepted, who is to look at them again.
    pub accepted: i64,
    /// What it writes over, in words, and on how many; the most first.
    pub overwritten: Vec<(String, i64)>,
    /// The first of them, in words.
    pub first: Vec<String>,
    /// How many it leaves alone, by reason; the most first.
    pub left_out: Vec<(String, i64)>,
}

/// Changes each draft that can be; the others are refused with the reason.
pub fn edit(
    session: &mut Session,
    picks: &[Pick],
    changes: &[BulkChange],
    why: &str,
) -> Result<Receipt, Error> {
    let why = reason(why)?;
    some(changes)?;
    let what = changes.iter().map(BulkChange::told).collect::<Vec<_>>().join("; ");
    let begins = format!("edited ({what}; {why}):");
    each(session, Verb::Edit, &begins, picks, |tx, row| {
        let content = draft::load(tx, row)?;
        let changes = of_draft(tx, &content, changes)?;
        if changes.is_empty() {
            return Ok(One::Refused("it is so already".to_owned()));
        }
        let (told, change) = changed(tx, row, &changes)?;
        Ok(One::Done(format!("{} ({why})", words(&told)), Some(Box::new(change))))
    })
}

/// What it would make of their sums; changes nothing.
pub fn ahead(
    session: &Session,
    picks: &[Pick],
    changes: &[BulkChange],
) -> Result<EditAhead, Error> {
    some(changes)?;
    let (me, today) = (session.actor.uid, session.now()?.today);
    session.store.read(|db| {
        let priced =
            |change: &BulkChange| matches!(change, BulkChange::Charge { unit_price: Some(_), .. });
        let mut out = EditAhead { one_price: changes.iter().any(priced), ..EditAhead::default() };
        let (mut left, mut over) = (BTreeMap::<String, i64>::new(), BTreeMap::<String, i64>::new());
        let mut seen = HashSet::new();
        // One that is named twice is changed once.
        for pick in picks.iter().filter(|pick| seen.insert(pick.id)) {
            // Of many those that another has taken are left to them, as the edit does.
            let claim = clerk_claim::of(db, pick.id)?.filter(|claim| claim.keeps_off(me, today));
            if let Some(claim) = claim.filter(|_| picks.len() > 1) {
                *left.entry(left_to(&claim.name)).or_default() += 1;
                continue;
            }
            match one(db, pick, changes) {
                Ok(Ok((row, after))) => {
                    let (before, after) =
                        (row.currency.amount(row.total_minor), row.currency.amount(after));
                    out.count += 1;
                    out.accepted += i64::from(row.review == Review::Accepted);
                    for words in overwritten(&row, changes) {
                        *over.entry(words).or_default() += 1;
                    }
                    out.before.add(before).map_err(StoreError::from)?;
                    out.after.add(after).map_err(StoreError::from)?;
                    if out.first.len() < NAMED {
                        out.first
                            .push(format!("{} {}: {before} to {after}", row.id, row.account_name));
                    }
                }
                Ok(Err(reason)) => *left.entry(alike(&reason)).or_default() += 1,
                Err(error @ Error::Usage { .. }) => *left.entry(told(&error)).or_default() += 1,
                Err(Error::Store(StoreError::NotFound(what))) => {
                    *left.entry(format!("there is no {what} in this book")).or_default() += 1;
                }
                Err(error) => return Err(error),
            }
        }
        out.left_out = left.into_iter().collect();
        out.left_out.sort_by_key(|(_, n)| -n);
        out.overwritten = over.into_iter().collect();
        out.overwritten.sort_by_key(|(_, n)| -n);
        Ok(out)
    })
}

/// What a draft says already where something else is to stand, in words.
fn overwritten(row: &DocumentRow, changes: &[BulkChange]) -> Vec<String> {
    let said = changes.iter().filter_map(|change| match change {
        BulkChange::Same(DraftChange::PoNumber(_)) => Some(("PO number", &row.po_number)),
        BulkChange::Same(DraftChange::Note(_)) => Some(("note", &row.note)),
        BulkChange::Same(_) | BulkChange::Charge { .. } => None,
    });
    let said = said.filter(|(_, text)| !text.is_empty());
    said.map(|(what, text)| format!("{what} {text}")).collect()
}

/// A reason without what is each draft's own: `it is posted (INV-2026-000001): …`.
fn alike(reason: &str) -> String {
    match (reason.find(" ("), reason.find(')')) {
        (Some(from), Some(to)) if from < to => {
            format!("{}{}", &reason[..from], &reason[to + 1..])
        }
        _ => reason.to_owned(),
    }
}

fn some(changes: &[BulkChange]) -> Result<(), Error> {
    if changes.is_empty() {
        return Err(Error::usage("no_change", "nothing to change", "--set or --charge"));
    }
    Ok(())
}

/// The total of one draft after it, minor units, or why it is left alone.
fn one(
    db: &Db<'_>,
    pick: &Pick,
    changes: &[BulkChange],
) -> Result<Result<(DocumentRow, i64), String>, Error> {
    let row = match look(db, pick)? {
        Ok(row) => row,
        Err(reason) => return Ok(Err(reason)),
    };
    let mut content = draft::load(db, &row)?;
    let changes = of_draft(db, &content, changes)?;
    if changes.is_empty() {
        return Ok(Err("it is so already".to_owned()));
    }
    let basis = Basis::load(db, &row, &content)?;
    change_all(&mut content, &changes, &basis)?;
    sound(&row, &content)?;
    Ok(Ok((row, content.total_minor)))
}

/// The changes as they are for one draft, without those it has already. A charge that it has no line of is
/// refused.
fn of_draft(
    db: &Db<'_>,
    content: &DraftImage,
    changes: &[BulkChange],
) -> Result<Vec<DraftChange>, Error> {
    let mut out = Vec::new();
    for change in changes {
        match change {
            BulkChange::Same(same) => {
                let is_so = match same {
                    DraftChange::InvoiceDate(day) => content.invoice_on == *day,
                    DraftChange::DueDate(day) => content.due_by_hand && content.due_on == *day,
                    DraftChange::PoNumber(text) => content.po_number == text.trim(),
                    DraftChange::Note(text) => content.note == text.trim(),
                    DraftChange::AddLine(_) => false,
                    DraftChange::SetLine { .. } | DraftChange::RemoveLine { .. } => {
                        return Err(Error::usage(
                            "one_draft",
                            "line N is another one in each draft",
                            "--charge names the lines to change",
                        ));
                    }
                };
                if !is_so {
                    out.push(same.clone());
                }
            }
            BulkChange::Charge { charge, quantity, unit_price } => {
                let lines = lines_of(db, content, charge)?;
                if lines.is_empty() {
                    return Err(Error::usage(
                        "no_such_charge",
                        format!("it has no line of {charge}"),
                        "",
                    ));
                }
                for line in lines {
                    let now = &content.lines[line];
                    let set = DraftChange::SetLine {
                        line: line as u32 + 1,
                        quantity: quantity.filter(|q| *q != now.quantity),
                        unit_price: unit_price.filter(|p| *p != now.unit_price),
                        description: None,
                    };
                    if !matches!(set, DraftChange::SetLine { quantity: None, unit_price: None, .. })
                    {
                        out.push(set);
                    }
                }
            }
        }
    }
    Ok(out)
}

/// The places of the lines of a charge, by its number or by what they say.
fn lines_of(db: &Db<'_>, content: &DraftImage, wanted: &str) -> Result<Vec<usize>, StoreError> {
    let wanted = wanted.trim().to_lowercase();
    let mut found = Vec::new();
    for (at, line) in content.lines.iter().enumerate() {
        let named = match line.charge {
            Some(id) => charge::number(db, id)?.to_lowercase() == wanted,
            None => false,
        };
        if named || line.description.trim().to_lowercase() == wanted {
            found.push(at);
        }
    }
    Ok(found)
}
