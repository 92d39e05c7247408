//! Drafts as images: everything a clerk may change about one, read whole and written whole.
//!
//! An edit reads the image, changes it and writes it back; undo writes an older image back. Lines
//! carry their claims and usage, so nothing that is billed gets lost or held twice on the way.

mod image;

pub use image::{ClaimImage, DraftImage, HeldClaim, HeldUsage, Image, LineImage, ReviewImage};

use super::deed::{self, DeedKind, NewDeed};
use super::document::{self, DocumentRow, Origin, Source};
use super::face::params;
use super::item::ItemRow;
use super::{Db, StoreError, Topic, Tx, account_text, shared_text, word, word_opt};
use crate::domain::billing::ClaimRole;
use crate::domain::document::{DocumentKind, FlagCode};
use crate::domain::ids::{AccountId, ChargeId, ChargeVersionId, DocumentId, ItemId, UsageId};
use crate::domain::period::Anchor;
use chrono::NaiveDate;

/// What was said of a document, as it stands.
pub fn review(db: &Db<'_>, row: &DocumentRow) -> Result<ReviewImage, StoreError> {
    let at =
        db.opt("SELECT reviewed_at FROM document_state WHERE document_id = ?1", [row.id.0], |r| {
            r.get(0)
        })?;
    Ok(ReviewImage::of(row, at.flatten()))
}

/// Writes what a clerk said; staleness is left to `store::stale`.
pub fn set_review(tx: &Tx<'_>, id: DocumentId, image: &ReviewImage) -> Result<(), StoreError> {
    tx.run(
        "UPDATE document_state SET review = ?2, reviewed_version = ?3, reviewed_by = ?4,
         reviewed_at = ?5, hold_reason = ?6, hold_owner = ?7, hold_until_on = ?8, tags = ?9
         WHERE document_id = ?1",
        (
            id.0,
            image.review.as_str(),
            image.version,
            &image.by,
            image.at,
            &image.hold_reason,
            &image.hold_owner,
            image.hold_until,
            &image.tags,
        ),
    )?;
    tx.touch(Topic::Documents);
    Ok(())
}

/// Reads a document's content whole.
pub fn load(db: &Db<'_>, row: &DocumentRow) -> Result<DraftImage, StoreError> {
    let mut image = DraftImage {
        kind: row.kind,
        account_version: row.account_version,
        invoice_on: row.invoice_on,
        due_on: row.due_on,
        due_by_hand: row.due_by_hand,
        po_number: row.po_number.clone(),
        note: row.note.clone(),
        subtotal_minor: row.subtotal_minor,
        tax_minor: row.tax_minor,
        total_minor: row.total_minor,
        risk: row.risk,
        lines: document::items(db, row.id)?.into_iter().map(line).collect(),
        taxes: document::taxes(db, row.id)?,
        waived: Vec::new(),
        waived_usage: Vec::new(),
        flags: document::flags(db, row.id)?,
    };
    image.flags.retain(|f| f.code != FlagCode::Stale);
    load_claims(db, row.id, &mut image)?;
    load_usage(db, row.id, &mut image)?;
    Ok(image)
}

fn line(item: ItemRow) -> LineImage {
    LineImage {
        id: item.id,
        charge: item.charge,
        version: item.charge_version,
        subscription: item.subscription,
        target: item.target,
        corrects: item.corrects,
        description: item.description,
        service_from: item.service_from,
        service_to: item.service_to,
        quantity: item.quantity,
        unit_price: item.unit_price,
        amount_minor: item.amount_minor,
        gross_minor: item.gross_minor,
        tax_code: item.tax_code,
        revenue_account: item.revenue_account,
        origin: item.origin,
        derivation: item.derivation,
        claims: Vec::new(),
        usage: Vec::new(),
    }
}

fn load_claims(db: &Db<'_>, id: DocumentId, image: &mut DraftImage) -> Result<(), StoreError> {
    db.each(
        "SELECT item_id, charge_id, target_charge_id, from_on, to_on, segment, role,
                charge_version_id, rated_minor, period
         FROM claim WHERE document_id = ?1 ORDER BY charge_id, target_charge_id, from_on, segment",
        [id.0],
        |r| {
            let target: i64 = r.get(2)?;
            let claim = HeldClaim {
                charge: ChargeId(r.get(1)?),
                target: (target != 0).then_some(ChargeId(target)),
                from: r.get(3)?,
                to: r.get(4)?,
                segment: r.get(5)?,
                role: word(r, 6, ClaimRole::parse)?,
                version: ChargeVersionId(r.get(7)?),
                rated_minor: r.get(8)?,
                period: word_opt(r, 9, Anchor::parse)?,
            };
            let item = r.get::<Option<i64>>(0)?.map(ItemId);
            match image.lines.iter_mut().find(|l| Some(l.id) == item) {
                Some(line) => line.claims.push(claim),
                None => image.waived.push(claim),
            }
            Ok(())
        },
    )?;
    Ok(())
}

fn load_usage(db: &Db<'_>, id: DocumentId, image: &mut DraftImage) -> Result<(), StoreError> {
    db.each(
        "SELECT item_id, usage_id, charge_id FROM usage_claim WHERE document_id = ?1
         ORDER BY usage_id",
        [id.0],
        |r| {
            let held = HeldUsage { usage: UsageId(r.get(1)?), charge: ChargeId(r.get(2)?) };
            let item = r.get::<Option<i64>>(0)?.map(ItemId);
            match image.lines.iter_mut().find(|l| Some(l.id) == item) {
                Some(line) => line.usage.push(held),
                None => image.waived_usage.push(held),
            }
            Ok(())
        },
    )?;
    Ok(())
}

/// Writes a draft's content whole and raises its version; gives the new version. Line ids are kept
/// where they are still free.
pub fn save(tx: &Tx<'_>, row: &DocumentRow, image: &DraftImage) -> Result<i64, StoreError> {
    let id = row.id;
    if gives_by_hand(row, image) {
        let deed = NewDeed::new(row.account, DeedKind::CreditDraft, 0, row.currency);
        deed::enter(tx, &NewDeed { document: Some(id), ..deed })?;
    }
    for sql in [
        "DELETE FROM claim WHERE document_id = ?1",
        "DELETE FROM usage_claim WHERE document_id = ?1",
        "DELETE FROM document_item WHERE document_id = ?1",
        "DELETE FROM document_tax WHERE document_id = ?1",
        "DELETE FROM flag WHERE document_id = ?1 AND code <> 'stale'",
    ] {
        tx.run(sql, [id.0])?;
    }
    save_head(tx, id, image)?;
    for (position, line) in image.lines.iter().enumerate() {
        let item = save_line(tx, id, position as i64 + 1, line)?;
        for claim in &line.claims {
            save_claim(tx, row, Some(item), claim)?;
        }
        for held in &line.usage {
            save_usage(tx, id, Some(item), *held)?;
        }
    }
    for claim in &image.waived {
        save_claim(tx, row, None, claim)?;
    }
    for held in &image.waived_usage {
        save_usage(tx, id, None, *held)?;
    }
    super::new_draft::insert_taxes(tx, id, &image.taxes)?;
    super::new_draft::insert_flags(tx, id, &image.flags)?;
    tx.touch(Topic::Documents);
    tx.touch(Topic::Usage);
    Ok(row.version + 1)
}

/// Whether a draft gives something up because a person says so.
fn gives_by_hand(row: &DocumentRow, image: &DraftImage) -> bool {
    if !matches!(row.source, Source::Run | Source::Hand) {
        // What makes these posts them at once.
        return false;
    }
    let mut by_hand = image.lines.iter().filter(|l| l.origin != Origin::Run);
    match image.kind {
        DocumentKind::CreditMemo => by_hand.next().is_some(),
        DocumentKind::Invoice => by_hand.any(|l| l.amount_minor < 0),
        DocumentKind::DebitMemo | DocumentKind::WriteOff => false,
    }
}

fn save_head(tx: &Tx<'_>, id: DocumentId, image: &DraftImage) -> Result<(), StoreError> {
    let (account, po_number): (i64, String) =
        tx.one("SELECT account_id, po_number FROM document WHERE id = ?1", [id.0], |r| {
            Ok((r.get(0)?, r.get(1)?))
        })?;
    if image.po_number != po_number {
        account_text::more(tx, (AccountId(account), Some(id)), &image.po_number)?;
    }
    let changed = tx.run(
        "UPDATE document SET kind = ?2, account_version_id = ?3, invoice_on = ?4, due_on = ?5,
                due_by_hand = ?6, po_number = ?7, note = ?8, subtotal_minor = ?9, tax_minor = ?10,
                total_minor = ?11, version = version + 1
         WHERE id = ?1 AND status = 'Draft'",
        (
            id.0,
            image.kind.as_str(),
            image.account_version,
            image.invoice_on,
            image.due_on,
            image.due_by_hand,
            &image.po_number,
            &image.note,
            image.subtotal_minor,
            image.tax_minor,
            image.total_minor,
        ),
    )?;
    if changed != 1 {
        return Err(StoreError::Conflict(format!("{id} is no draft")));
    }
    tx.run(
        "UPDATE document_state SET due_on = ?2, risk = ?3 WHERE document_id = ?1",
        (id.0, image.due_on, image.risk),
    )?;
    Ok(())
}

/// Gives a draft another version of its account.
pub fn set_version(tx: &Tx<'_>, id: DocumentId, version: i64) -> Result<(), StoreError> {
    tx.run(
        "UPDATE document SET account_version_id = ?2 WHERE id = ?1 AND status = 'Draft'",
        (id.0, version),
    )?;
    Ok(())
}

fn save_line(
    tx: &Tx<'_>,
    document: DocumentId,
    position: i64,
    line: &LineImage,
) -> Result<ItemId, StoreError> {
    // A line that was away (undone) may find its id given to another one meanwhile.
    let taken =
        line.id.0 == 0 || tx.any("SELECT 1 FROM document_item WHERE id = ?1", [line.id.0])?;
    let (derivation, number) = shared_text::held(tx, line.derivation.text())?;
    let key = tx.insert(
        "INSERT INTO document_item (id, document_id, position, charge_id, charge_version_id,
                subscription_id, target_charge_id, corrects_item_id, description, service_from_on,
                service_to_on, quantity, unit_price, amount_minor, gross_minor, tax_code,
                  revenue_account, origin, derivation, derivation_id)
         VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20)",
        params![
            (!taken).then_some(line.id.0),
            document.0,
            position,
            line.charge.map(|c| c.0),
            line.version.map(|v| v.0),
            line.subscription.map(|s| s.0),
            line.target.map(|t| t.0),
            line.corrects.map(|i| i.0),
            line.description,
            line.service_from,
            line.service_to,
            line.quantity.to_string(),
            line.unit_price.to_string(),
            line.amount_minor,
            line.gross_minor,
            line.tax_code,
            line.revenue_account,
            line.origin.as_str(),
            derivation,
            number,
        ],
    )?;
    Ok(ItemId(key))
}

fn save_claim(
    tx: &Tx<'_>,
    row: &DocumentRow,
    item: Option<ItemId>,
    claim: &HeldClaim,
) -> Result<(), StoreError> {
    tx.run(
        "INSERT INTO claim (charge_id, target_charge_id, from_on, segment, to_on, role, account_id,
                document_id, item_id, charge_version_id, rated_minor, period)
         VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12)",
        (
            claim.charge.0,
            claim.target.map_or(0, |t| t.0),
            claim.from,
            claim.segment,
            claim.to,
            claim.role.as_str(),
            row.account.0,
            row.id.0,
            item.map(|i| i.0),
            claim.version.0,
            claim.rated_minor,
            claim.period.map(|p| p.to_string()),
        ),
    )?;
    Ok(())
}

fn save_usage(
    tx: &Tx<'_>,
    document: DocumentId,
    item: Option<ItemId>,
    held: HeldUsage,
) -> Result<(), StoreError> {
    tx.run(
        "INSERT INTO usage_claim (usage_id, item_id, document_id, charge_id) VALUES (?1,?2,?3,?4)",
        (held.usage.0, item.map(|i| i.0), document.0, held.charge.0),
    )?;
    Ok(())
}

/// Makes an empty draft without a run; [`save`] fills it.
pub fn insert_empty(
    tx: &Tx<'_>,
    new: &super::new_draft::NewDraft<'_>,
    kind: DocumentKind,
    corrects: Option<DocumentId>,
    source: document::Source,
    on: NaiveDate,
) -> Result<DocumentId, StoreError> {
    let id = DocumentId(tx.insert(
        "INSERT INTO document (kind, status, account_id, account_version_id, currency, run_id,
                source, corrects_id, invoice_on, due_on, target_on, po_number, subtotal_minor,
                  tax_minor, total_minor, created_at)
         VALUES (?1,'Draft',?2,?3,?4,?5,?6,?7,?8,?8,?9,'',0,0,0,?10)",
        (
            kind.as_str(),
            new.account.0,
            new.account_version,
            new.currency.code(),
            new.run.map(|r| r.0),
            source.as_str(),
            corrects.map(|c| c.0),
            on,
            new.target,
            tx.now().at_ms,
        ),
    )?);
    tx.run(
        "INSERT INTO document_state (document_id, status, account_id, due_on, risk)
         VALUES (?1,'Draft',?2,?3,?4)",
        (id.0, new.account.0, on, new.risk),
    )?;
    tx.touch(Topic::Documents);
    Ok(id)
}

/// Sets why a memo was made.
pub fn set_reason(tx: &Tx<'_>, id: DocumentId, reason: &str) -> Result<(), StoreError> {
    tx.run("UPDATE document SET reason = ?2 WHERE id = ?1 AND status = 'Draft'", (id.0, reason))?;
    Ok(())
}
