//! Documents: rows with their state, lines, taxes and flags; the few steps a document can take.

use super::face::Row;
use super::frozen_form::{self, form};
pub use super::item::{ItemRow, Origin, items};
use super::json::Json;
use super::{Db, StoreError, Topic, Tx, decimal, new_draft, word, word_opt};
use crate::domain::document::{
    DocumentKind, DocumentStatus, DocumentTax, Flag, FlagCode, Review, Settlement, TaxKind,
};
use crate::domain::frozen::{Frozen, Layout};
use crate::domain::ids::{AccountId, BillRunId, DocumentId};
use crate::domain::money::{Currency, Rounding};
use crate::domain::text_enum;
use chrono::NaiveDate;

text_enum! {
    /// What made a document.
    Source {
        /// A bill run.
        Run = "run",
        /// A clerk, as a draft.
        Hand = "hand",
        /// An adjustment of a posted document.
        Adjust = "adjust",
        /// A reversal.
        Reverse = "reverse",
        WriteOff = "write_off",
        /// Another system, before the cutover.
        OpenItem = "open_item",
        /// The internal cancelation of what nobody got.
        Void = "void",
        /// Damages for late payment, claimed by a reminder.
        Dunning = "dunning",
    }
}

/// A document with its state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentRow {
    pub id: DocumentId,
    /// Invoice or which memo.
    pub kind: DocumentKind,
    /// Draft, posted, canceled.
    pub status: DocumentStatus,
    /// Its number, once posted.
    pub number: Option<String>,
    pub account: AccountId,
    pub account_number: String,
    /// The version of the account it was made from.
    pub account_version: i64,
    /// Customer name in that version.
    pub account_name: String,
    pub currency: Currency,
    /// The run that made it.
    pub run: Option<BillRunId>,
    /// What made it.
    pub source: Source,
    /// Of a memo or write-off: the document it corrects.
    pub corrects: Option<DocumentId>,
    pub invoice_on: NaiveDate,
    pub due_on: NaiveDate,
    /// Whether a clerk set the due date.
    pub due_by_hand: bool,
    /// What was billed up to.
    pub target_on: NaiveDate,
    /// Purchase order number.
    pub po_number: String,
    /// Printed note.
    pub note: String,
    /// Why a memo was made.
    pub reason: String,
    /// Net, minor units; negative on credits.
    pub subtotal_minor: i64,
    pub tax_minor: i64,
    /// Net + tax.
    pub total_minor: i64,
    /// Raised by each change of the draft.
    pub version: i64,
    /// UTC milliseconds.
    pub created_at: i64,
    /// UTC milliseconds.
    pub posted_at: Option<i64>,
    /// What was frozen at posting.
    pub frozen: Option<Json<Frozen>>,
    /// What is still owed, or (negative) left to use.
    pub balance_minor: i64,
    /// What a clerk said.
    pub review: Review,
    /// Version that was accepted.
    pub reviewed_version: Option<i64>,
    /// Who accepted or held.
    pub reviewed_by: Option<String>,
    /// Why it is held.
    pub hold_reason: String,
    /// Who looks after it.
    pub hold_owner: String,
    /// When to look again.
    pub hold_until: Option<NaiveDate>,
    /// What changed since it was rated; empty = fresh.
    pub stale: String,
    /// For the review order.
    pub risk: i64,
    /// Taken out of auto-pay.
    pub auto_pay_off: bool,
    /// Why it is disputed; empty = not.
    pub disputed: String,
    /// Promised for this day.
    pub promised_on: Option<NaiveDate>,
    /// The memo that reversed it.
    pub reversed_by: Option<DocumentId>,
    /// The write-off that gave it up.
    pub written_off_by: Option<DocumentId>,
    /// What clerks called it to find it again; see `domain::tag`.
    pub tags: String,
}

impl DocumentRow {
    /// How it is drawn. What another system posted is drawn as ever.
    pub fn layout(&self) -> Result<Layout, StoreError> {
        let frozen = self.frozen.as_ref().map(Json::read).transpose()?;
        Ok(frozen.map_or(Layout::First, |frozen| frozen.layout))
    }
}

const COLUMNS: &str = concat!(
    "d.id, d.kind, d.status, d.number, d.account_id, a.number, d.account_version_id, v.name,
    d.currency, d.run_id, d.source, d.corrects_id, d.invoice_on, d.due_on, d.due_by_hand, d.target_on, d.po_number,
    d.note, d.reason, d.subtotal_minor, d.tax_minor, d.total_minor, d.version, d.created_at, d.posted_at, d.frozen,
    s.balance_minor, s.review, s.reviewed_version, s.reviewed_by, s.hold_reason, s.hold_owner, s.hold_until_on,
    s.stale, s.risk, s.auto_pay_off, s.disputed, s.promised_on, s.reversed_by, s.written_off_by,
    s.tags, ",
    form!()
);

const JOINED: &str = "JOIN document_state s ON s.document_id = d.id
    JOIN account a ON a.id = d.account_id JOIN account_version v ON v.id = d.account_version_id";

fn row(r: &Row<'_>) -> Result<DocumentRow, StoreError> {
    let id = |i: usize| r.get::<Option<i64>>(i);
    Ok(DocumentRow {
        id: DocumentId(r.get(0)?),
        kind: word(r, 1, DocumentKind::parse)?,
        status: word(r, 2, DocumentStatus::parse)?,
        number: r.get(3)?,
        account: AccountId(r.get(4)?),
        account_number: r.get(5)?,
        account_version: r.get(6)?,
        account_name: r.get(7)?,
        currency: word(r, 8, Currency::parse)?,
        run: id(9)?.map(BillRunId),
        source: word(r, 10, Source::parse)?,
        corrects: id(11)?.map(DocumentId),
        invoice_on: r.get(12)?,
        due_on: r.get(13)?,
        due_by_hand: r.get(14)?,
        target_on: r.get(15)?,
        po_number: r.get(16)?,
        note: r.get(17)?,
        reason: r.get(18)?,
        subtotal_minor: r.get(19)?,
        tax_minor: r.get(20)?,
        total_minor: r.get(21)?,
        version: r.get(22)?,
        created_at: r.get(23)?,
        posted_at: r.get(24)?,
        frozen: frozen_form::column(r, (25, 41), r.get(0)?)?,
        balance_minor: r.get(26)?,
        review: word(r, 27, Review::parse)?,
        reviewed_version: r.get(28)?,
        reviewed_by: r.get(29)?,
        hold_reason: r.get(30)?,
        hold_owner: r.get(31)?,
        hold_until: r.get(32)?,
        stale: r.get(33)?,
        risk: r.get(34)?,
        auto_pay_off: r.get(35)?,
        disputed: r.get(36)?,
        promised_on: r.get(37)?,
        reversed_by: id(38)?.map(DocumentId),
        written_off_by: id(39)?.map(DocumentId),
        tags: r.get(40)?,
    })
}

pub fn get(db: &Db<'_>, id: DocumentId) -> Result<DocumentRow, StoreError> {
    db.opt(&format!("SELECT {COLUMNS} FROM document d {JOINED} WHERE d.id = ?1"), [id.0], row)?
        .ok_or_else(|| StoreError::NotFound(id.to_string()))
}

/// The document a clerk means: `D-000012`, a bare row number, or a posted number.
pub fn find(db: &Db<'_>, written: &str) -> Result<DocumentId, StoreError> {
    if let Some(id) = DocumentId::parse(written).or_else(|| written.parse().ok().map(DocumentId)) {
        return get(db, id).map(|d| d.id);
    }
    db.opt("SELECT id FROM document WHERE number = ?1", [written], |r| r.get(0).map(DocumentId))?
        .ok_or_else(|| StoreError::NotFound(format!("document {written}")))
}

impl DocumentRow {
    /// What became of a posted invoice or debit memo.
    pub fn settlement(&self) -> Option<Settlement> {
        if self.status != DocumentStatus::Posted || !self.kind.is_receivable() {
            return None;
        }
        Some(if self.reversed_by.is_some() {
            Settlement::Reversed
        } else if self.written_off_by.is_some() {
            Settlement::WrittenOff
        } else if self.balance_minor <= 0 {
            Settlement::Paid
        } else if self.balance_minor < self.total_minor {
            Settlement::PartlyPaid
        } else {
            Settlement::Unpaid
        })
    }
}

/// Money or a credit on a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// The payment (`P-000012`) or the number of the memo or write-off.
    pub by: String,
    pub amount_minor: i64,
    /// The day it counts; none while the bank has not answered.
    pub on: Option<NaiveDate>,
}

/// What was paid, credited, given up or carried over of a document, oldest first; on a credit, where it
/// was used.
pub fn settled_by(db: &Db<'_>, id: DocumentId) -> Result<Vec<Settled>, StoreError> {
    db.all(
        "SELECT printf('P-%06d', payment_id), amount_minor - reopened_minor, applied_on
         FROM allocation
         WHERE document_id = ?1 AND state <> 'void' AND amount_minor > reopened_minor
         UNION ALL SELECT d.number, x.amount_minor, x.applied_on FROM credit_application x
         JOIN document d ON d.id = CASE x.document_id WHEN ?1 THEN x.credit_id
         ELSE x.document_id END
         WHERE (x.document_id = ?1 OR x.credit_id = ?1) AND x.undone_at IS NULL
         UNION ALL SELECT d.number, abs(c.from_minor), c.carried_on FROM carried c
         JOIN document d ON d.id = c.to_document_id WHERE c.document_id = ?1 ORDER BY 3, 1",
        [id.0],
        |r| Ok(Settled { by: r.get(0)?, amount_minor: r.get(1)?, on: r.get(2)? }),
    )
}

/// The day of the oldest posted document of an account.
pub fn first_of_account(db: &Db<'_>, id: AccountId) -> Result<Option<NaiveDate>, StoreError> {
    db.one(
        "SELECT min(invoice_on) FROM document WHERE account_id = ?1 AND +status = 'Posted'",
        [id.0],
        |r| r.get(0),
    )
}

/// Which documents to list.
#[derive(Debug, Clone, Default)]
pub struct ListFilter {
    pub run: Option<BillRunId>,
    /// Of this account number.
    pub account: Option<String>,
    pub status: Option<DocumentStatus>,
    /// Of these kinds; empty = all.
    pub kinds: Vec<DocumentKind>,
}

/// The next documents that match, by id, after `after`.
pub fn list(
    db: &Db<'_>,
    filter: &ListFilter,
    after: DocumentId,
    limit: u32,
) -> Result<Vec<DocumentRow>, StoreError> {
    let kinds: Vec<&str> = filter.kinds.iter().map(|k| k.as_str()).collect();
    let kinds = kinds.join(",");
    let fits = "(?3 IS NULL OR d.status = ?3)
        AND (?4 = '' OR instr(',' || ?4 || ',', ',' || d.kind || ',') > 0) AND d.id > ?5";
    let by = match (filter.run, &filter.account) {
        (Some(_), None) => format!("?2 IS NULL AND d.id IN ({})", of_run(fits)),
        (Some(_), Some(_)) => format!("+d.run_id = ?1 AND {OF_ACCOUNT} AND {fits}"),
        (None, Some(_)) => format!("?1 IS NULL AND {OF_ACCOUNT} AND {fits}"),
        (None, None) => format!("?1 IS NULL AND ?2 IS NULL AND {fits}"),
    };
    db.all(
        &format!("SELECT {COLUMNS} FROM document d {JOINED} WHERE {by} ORDER BY d.id LIMIT ?6"),
        (
            filter.run.map(|r| r.0),
            &filter.account,
            filter.status.map(DocumentStatus::as_str),
            kinds,
            after.0,
            limit,
        ),
        row,
    )
}

const OF_ACCOUNT: &str = "d.account_id = (SELECT id FROM account WHERE number = ?2)";

/// SQL of the documents of run `?1` that fit, at least the next `?6` of them: the index has them by
/// status, and all of a run would be sorted anew for each page.
fn of_run(fits: &str) -> String {
    let each = DocumentStatus::WORDS.iter().map(|status| {
        format!(
            "SELECT id FROM (SELECT d.id FROM document d WHERE d.run_id = ?1
             AND d.status = '{status}' AND {fits} ORDER BY d.id LIMIT ?6)"
        )
    });
    each.collect::<Vec<_>>().join(" UNION ALL ")
}

/// The next drafts of a run by id, after `after`.
pub fn drafts_of_run(
    db: &Db<'_>,
    run: BillRunId,
    after: DocumentId,
    limit: u32,
) -> Result<Vec<DocumentRow>, StoreError> {
    db.all(
        &format!(
            "SELECT {COLUMNS} FROM document d INDEXED BY document_run {JOINED}
         WHERE d.run_id = ?1 AND d.status = 'Draft' AND d.id > ?2 ORDER BY d.id LIMIT ?3"
        ),
        (run.0, after.0, limit),
        row,
    )
}

/// What a document corrects: what it was made for, else the newest that a line of it gives back.
pub fn corrected_by(db: &Db<'_>, row: &DocumentRow) -> Result<Option<DocumentId>, StoreError> {
    if row.corrects.is_some() || row.kind != DocumentKind::CreditMemo {
        return Ok(row.corrects);
    }
    db.one(
        "SELECT max(o.document_id) FROM document_item i JOIN document_item o
           ON o.id = i.corrects_item_id WHERE i.document_id = ?1",
        [row.id.0],
        |r| Ok(r.get::<Option<i64>>(0)?.map(DocumentId)),
    )
}

/// The account of a document.
pub fn account_of(db: &Db<'_>, id: DocumentId) -> Result<AccountId, StoreError> {
    db.opt("SELECT account_id FROM document WHERE id = ?1", [id.0], |r| r.get(0).map(AccountId))?
        .ok_or_else(|| StoreError::NotFound(id.to_string()))
}

/// The tax of a document by code.
pub fn taxes(db: &Db<'_>, id: DocumentId) -> Result<Vec<DocumentTax>, StoreError> {
    db.all(
        "SELECT tax_code, rate_percent, name, kind, inclusive, reason, base_minor, tax_minor,
         rounding
         FROM document_tax WHERE document_id = ?1 ORDER BY tax_code, rate_percent",
        [id.0],
        |r| {
            Ok(DocumentTax {
                tax_code: r.get(0)?,
                rate_percent: decimal(r, 1)?,
                name: r.get(2)?,
                kind: word(r, 3, TaxKind::parse)?,
                inclusive: r.get(4)?,
                reason: r.get(5)?,
                base_minor: r.get(6)?,
                tax_minor: r.get(7)?,
                rounding: word_opt(r, 8, Rounding::parse)?,
            })
        },
    )
}

/// The flags of a document; a stale draft has the flag `stale` besides those stored.
pub fn flags(db: &Db<'_>, id: DocumentId) -> Result<Vec<Flag>, StoreError> {
    db.all("SELECT code, reason FROM flag WHERE document_id = ?1
         UNION ALL SELECT 'stale', stale FROM document_state WHERE document_id = ?1 AND stale <> ''", [id.0], |r| {
        Ok(Flag { code: word(r, 0, FlagCode::parse)?, reason: r.get(1)? })
    })
}

/// A live document that bills days which a credit in this draft frees: the draft must not be
/// canceled before it, or those days would be billed twice.
pub fn billed_on_its_credit(db: &Db<'_>, id: DocumentId) -> Result<Option<DocumentId>, StoreError> {
    db.opt("SELECT b.document_id FROM claim c JOIN claim b ON b.charge_id = c.charge_id
                AND b.target_charge_id = c.target_charge_id AND b.segment > c.segment
                AND b.from_on <= c.to_on AND b.to_on >= c.from_on
                  AND b.document_id <> c.document_id
         WHERE c.document_id = ?1 AND c.role = 'credited' AND b.role IN ('billed','waived') LIMIT 1", [id.0], |r| r.get(0).map(DocumentId))
}

/// Moves a draft to Canceled and releases what it held.
pub fn cancel_draft(tx: &Tx<'_>, id: DocumentId) -> Result<(), StoreError> {
    new_draft::release(tx, id)?;
    tx.run("UPDATE document SET status = 'Canceled' WHERE id = ?1 AND status = 'Draft'", [id.0])?;
    tx.run(
        "UPDATE document_state SET status = 'Canceled', review = 'none', stale = ''
         WHERE document_id = ?1",
        [id.0],
    )?;
    tx.touch(Topic::Documents);
    tx.touch(Topic::Usage);
    Ok(())
}
