//! Rating a draft again from what is known now. Dates, PO number, note and lines made by hand stay;
//! changes of rated lines are dropped, and said. One undo step.

use crate::domain::account::version_on;
use crate::domain::actor::Verb;
use crate::domain::bill::bill_account;
use crate::domain::billing::{AccountInput, BillDates, DraftDocument, DraftItem};
use crate::domain::document::DocumentStatus;
use crate::domain::ids::DocumentId;
use crate::engine::command::{Pick, Receipt};
use crate::engine::rate::flagging::{self, Judge};
use crate::engine::rate::{self, rules};
use crate::engine::review::edit::{Basis, review_after, settle, sound, tell_who_accepted};
use crate::engine::review::picked::{One, each, image};
use crate::engine::{Error, Session};
use crate::store::Json;
use crate::store::billing::{self, Span};
use crate::store::document::{self, DocumentRow, Origin};
use crate::store::draft::{self, DraftImage, HeldClaim, HeldUsage, LineImage};
use crate::store::new_draft::{self, NewDraft, Ready};
use crate::store::tax;
use crate::store::undo::{self, Change};
use crate::store::{Db, Tx, bill_run, settings, stale};

/// What rating again would make of a draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// What a clerk did that stays, in words.
    pub kept: Vec<String>,
    /// What a clerk did that is lost, in words.
    pub dropped: Vec<String>,
    /// Total now, minor units.
    pub before_minor: i64,
    /// Total after, minor units.
    pub after_minor: i64,
}

/// A draft rated again, before it is written.
struct Plan {
    preview: Preview,
    content: DraftImage,
    input: AccountInput,
    /// Documents beside the first: what the memo rule splits off.
    others: Vec<DraftDocument>,
}

/// Shows what rating again would keep and drop; writes nothing.
pub fn preview(session: &Session, id: DocumentId) -> Result<Preview, Error> {
    session.store.read(|db| {
        let row = document::get(db, id)?;
        let before = draft::load(db, &row)?;
        Ok(plan(db, &row, &before)?.preview)
    })
}

/// What rating again would throw away of what a clerk did, in words; drafts that lose nothing, or
/// are no more, are left out.
pub fn lost(session: &Session, picks: &[Pick]) -> Result<Vec<(DocumentId, Vec<String>)>, Error> {
    session.store.read(|db| {
        let mut out = Vec::new();
        for pick in picks {
            let row = document::get(db, pick.id)?;
            if row.status != DocumentStatus::Draft {
                continue;
            }
            let dropped = told(db, &row, &draft::load(db, &row)?, &[])?.dropped;
            if !dropped.is_empty() {
                out.push((row.id, dropped));
            }
        }
        Ok(out)
    })
}

/// Rates drafts again; each keeps what [`preview`] says.
pub fn regenerate(session: &mut Session, picks: &[Pick]) -> Result<Receipt, Error> {
    each(session, Verb::Regenerate, "regenerated", picks, |tx, row| {
        let before = image(tx, row)?;
        let Some(old) = &before.draft else {
            return Err(Error::Bug(format!("{} has no content", row.id)));
        };
        let plan = plan(tx, row, old)?;
        draft::save(tx, row, &plan.content)?;
        let made = write_others(tx, row, &plan)?;
        stale::clear(tx, row.id)?;
        let review = review_after(&before.review);
        draft::set_review(tx, row.id, &review)?;
        tell_who_accepted(tx, row, &before.review)?;
        let after = image(tx, &document::get(tx, row.id)?)?;
        let words = words(row, &plan.preview, &made);
        Ok(One::Done(words, Some(Box::new(Change { document: row.id, before, after }))))
    })
}

fn words(row: &DocumentRow, preview: &Preview, made: &[DocumentId]) -> String {
    let mut words = format!(
        "regenerated: {} → {} {}",
        row.currency.plain(preview.before_minor),
        row.currency.plain(preview.after_minor),
        row.currency
    );
    for (label, list) in [("kept", &preview.kept), ("dropped", &preview.dropped)] {
        if !list.is_empty() {
            words.push_str(&format!("; {label}: {}", list.join(", ")));
        }
    }
    for id in made {
        words.push_str(&format!("; the rest is on {id}"));
    }
    words
}

fn plan(db: &Db<'_>, row: &DocumentRow, old: &DraftImage) -> Result<Plan, Error> {
    let Some(run) = row.run else {
        return Err(Error::usage(
            "made_by_hand",
            format!("{} was made by hand: there is nothing to rate again", row.id),
            "edit it, or cancel it",
        ));
    };
    let params = bill_run::get(db, run)?.params;
    let config = settings::load(db)?;
    let dates = BillDates {
        target: params.target_on,
        invoice_date: old.invoice_on,
        exclude: params.exclude,
        auto_renew: params.auto_renew,
    };
    let wanted = [row.account];
    let span = Span { wanted: &wanted, without: Some(row.id), settled_by: None };
    let mut inputs = billing::load(db, &span)?;
    let Some(input) = inputs.pop() else {
        return Err(Error::Bug(format!("{} has no account", row.id)));
    };
    let rules = rules::billing(&config)?;
    let mut bill = bill_account(&input, &tax::all(db)?, &rules, &dates).map_err(|e| {
        Error::usage("not_billable", e.to_string(), "mend the account, then try again")
    })?;
    for draft in &mut bill.documents {
        rate::corrected::settle(db, draft, Some(row.id), rules.rounding, input.currency)?;
    }
    let mut documents = bill.documents.clone();
    let place = documents.iter().position(|d| d.kind == row.kind).unwrap_or(0);
    let first = (place < documents.len()).then(|| documents.remove(place));
    let hand: Vec<LineImage> =
        old.lines.iter().filter(|l| l.origin == Origin::Hand).cloned().collect();
    if first.is_none() && hand.is_empty() {
        return Err(Error::usage(
            "nothing_due",
            "nothing is due any more",
            format!("cancel it (daybook invoice cancel {})", row.id),
        ));
    }
    let preview = told(db, row, old, &hand)?;
    let mut content = merged(old, first.as_ref(), hand, preview.kept_po, &input)?;
    let basis = Basis::load(db, row, &content)?;
    settle(&mut content, &basis)?;
    sound(row, &content)?;
    if let (Some(rated), Some(version)) = (&first, version_on(&input.versions, old.invoice_on)) {
        let judge = Judge::read(&config);
        let (flags, risk) =
            flagging::flags(db, &judge, (&input, Some(row.id)), &version.terms, rated)?;
        (content.flags, content.risk) = (flags, risk);
    }
    // Also of the lines and the note that no rating gave.
    content.flags.retain(|f| !crate::engine::review::edit::judged_whole(f.code));
    let found = crate::engine::review::edit::printing(db, &content)?;
    let found: Vec<_> =
        found.into_iter().chain(crate::engine::review::edit::of_law(db, row, &content)?).collect();
    if !found.is_empty() {
        content.flags.extend(found);
        content.risk = crate::domain::flags::risk(&content.flags, content.total_minor);
    }
    let preview = Preview {
        kept: preview.kept,
        dropped: preview.dropped,
        before_minor: old.total_minor,
        after_minor: content.total_minor,
    };
    Ok(Plan { preview, content, input, others: documents })
}

/// What the trail and the image say that a clerk did.
struct ByHand {
    kept: Vec<String>,
    dropped: Vec<String>,
    kept_po: bool,
}

fn told(
    db: &Db<'_>,
    row: &DocumentRow,
    old: &DraftImage,
    hand: &[LineImage],
) -> Result<ByHand, Error> {
    let first = undo::first_and_last(db, row)?.and_then(|(before, _)| before.draft);
    let (mut kept, mut dropped) = (Vec::new(), Vec::new());
    let mut kept_po = false;
    if let Some(first) = &first {
        if first.invoice_on != old.invoice_on {
            kept.push(format!("invoice date {}", old.invoice_on));
        }
        if first.po_number != old.po_number {
            kept_po = true;
            kept.push(format!("PO number {}", old.po_number));
        }
        let held = |image: &DraftImage| -> Vec<_> {
            image.lines.iter().flat_map(|l| &l.claims).map(|c| (c.charge, c.from)).collect()
        };
        let still = held(old);
        for line in &first.lines {
            let waived =
                |c: &HeldClaim| old.waived.iter().any(|w| w.charge == c.charge && w.from == c.from);
            if line.claims.iter().any(|c| !still.contains(&(c.charge, c.from)) && !waived(c)) {
                dropped.push(format!("{} taken out", line.description));
            }
        }
    }
    if old.due_by_hand {
        kept.push(format!("due date {}", old.due_on));
    }
    if !old.note.is_empty() {
        kept.push("the note".to_owned());
    }
    kept.extend(hand.iter().map(|l| format!("line {:?}", l.description)));
    for line in old.lines.iter().filter(|l| l.origin == Origin::Edited) {
        dropped.push(format!("changes of {:?}", line.description));
    }
    if !old.waived.is_empty() {
        dropped.push(format!("{} waived", old.waived.len()));
    }
    Ok(ByHand { kept, dropped, kept_po })
}

/// The rated document with what stays of the old one.
fn merged(
    old: &DraftImage,
    rated: Option<&DraftDocument>,
    hand: Vec<LineImage>,
    kept_po: bool,
    input: &AccountInput,
) -> Result<DraftImage, Error> {
    let mut new = DraftImage {
        lines: Vec::new(),
        waived: Vec::new(),
        waived_usage: Vec::new(),
        taxes: Vec::new(),
        flags: Vec::new(),
        ..old.clone()
    };
    if let Some(version) = version_on(&input.versions, old.invoice_on) {
        new.account_version = version.id;
    }
    if let Some(rated) = rated {
        new.kind = rated.kind;
        if !old.due_by_hand {
            new.due_on = rated.due_on;
        }
        if !kept_po {
            new.po_number.clone_from(&rated.po_number);
        }
        new.lines = rated.items.iter().map(line).collect::<Result<_, _>>()?;
        // What is given back keeps the rate it was taxed by, which `settle` looks for here.
        new.taxes.clone_from(&rated.taxes);
    }
    new.taxes.extend_from_slice(&old.taxes);
    new.lines.extend(hand);
    Ok(new)
}

/// A rated line as an image.
fn line(item: &DraftItem) -> Result<LineImage, Error> {
    Ok(LineImage {
        id: crate::domain::ids::ItemId(0),
        charge: Some(item.charge),
        version: Some(item.version),
        subscription: Some(item.subscription),
        target: item.target,
        corrects: item.corrects,
        description: item.description.clone(),
        service_from: Some(item.service_from),
        service_to: Some(item.service_to),
        quantity: item.quantity,
        unit_price: item.unit_price,
        amount_minor: item.amount_minor,
        gross_minor: item.gross_minor,
        tax_code: item.tax_code.clone(),
        revenue_account: item.revenue_account.clone(),
        origin: Origin::Run,
        derivation: Json::of(&item.derivation)?,
        claims: vec![HeldClaim {
            charge: item.charge,
            target: item.target,
            from: item.claim.from,
            to: item.claim.to,
            segment: item.claim.segment,
            role: item.claim.role,
            version: item.version,
            rated_minor: item.claim.rated_minor,
            period: item.claim.period,
        }],
        usage: item.usage.iter().map(|u| HeldUsage { usage: *u, charge: item.charge }).collect(),
    })
}

/// Writes what the memo rule splits off as drafts of the same run.
fn write_others(tx: &Tx<'_>, row: &DocumentRow, plan: &Plan) -> Result<Vec<DocumentId>, Error> {
    let judge = Judge::read(&settings::load(tx)?);
    let mut made = Vec::new();
    for other in &plan.others {
        let Some(version) = version_on(&plan.input.versions, other.invoice_on) else { continue };
        let (flags, risk) =
            flagging::flags(tx, &judge, (&plan.input, Some(row.id)), &version.terms, other)?;
        let new = NewDraft {
            account: row.account,
            account_version: version.id,
            currency: row.currency,
            run: row.run,
            target: row.target_on,
            flags: &flags,
            risk,
        };
        made.push(Ready::of(&new, other)?);
    }
    Ok(new_draft::insert_drafts(tx, made)?)
}
