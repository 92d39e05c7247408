//! The list of documents: drafts to check, held, posted, memos.

use super::spec::{EMAILS_SINCE, NOTES_OF, REFERENCES_OF, Rows};
use super::{
    Ask, Cmp, Field, Fit, Group, Key, ListArgs, ListRow, Marked, Order, Page, ReadError, Sort, Spec,
};
use super::{Filter, Totals};
use crate::domain::claimed::Claimed;
use crate::domain::document::{DocumentKind, DocumentStatus, FlagCode, Review};
use crate::domain::ids::{BillRunId, DocumentId};
use crate::domain::money::Money;
use crate::store::face::Row;
use crate::store::{Db, StoreError, clerk_claim, money, tally, word, words};
use chrono::NaiveDate;

/// One document in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoiceRow {
    pub id: DocumentId,
    /// Version as shown.
    pub version: i64,
    /// Where it stands in the list.
    pub key: Key,
    /// Invoice or memo.
    pub kind: DocumentKind,
    /// Draft, posted, canceled.
    pub status: DocumentStatus,
    /// Once posted.
    pub number: Option<String>,
    /// Account number.
    pub account: String,
    /// Customer name.
    pub customer: String,
    /// Printed date.
    pub invoice_on: NaiveDate,
    /// When it is owed.
    pub due_on: NaiveDate,
    /// With tax.
    pub total: Money,
    /// Still owed; negative for unused credit.
    pub balance: Money,
    /// What a clerk has said.
    pub review: Review,
    /// Why it is held.
    pub hold_reason: String,
    /// What changed since it was rated; empty = fresh.
    pub stale: String,
    /// How much it deserves a look.
    pub risk: i64,
    /// Which rules fired, most telling first.
    pub flags: Vec<FlagCode>,
    /// Why the first one fired.
    pub flag_reason: String,
    /// `reversed`, `written off`; empty = neither.
    pub undone: String,
    /// The customer's order number; empty = none.
    pub po_number: String,
    /// The account's batch.
    pub batch: String,
    /// The account's e-mail addresses, separated by `;`.
    pub emails: String,
    /// The bill run that made it.
    pub run: Option<BillRunId>,
    /// See `domain::tag`.
    pub tags: String,
    /// Who has taken it, on whatever day.
    pub claim: Option<Claimed>,
}

impl ListRow for InvoiceRow {
    fn id(&self) -> i64 {
        self.id.0
    }
    fn version(&self) -> i64 {
        self.version
    }
    fn key(&self) -> &Key {
        &self.key
    }
    fn money(&self) -> Option<Money> {
        Some(self.total)
    }
    fn is_exception(&self) -> bool {
        !self.flags.is_empty() || self.review == Review::Held || !self.stale.is_empty()
    }
}

pub(super) const SPEC: Spec = Spec {
    columns: "d.version, d.kind, d.status, d.number, a.number, v.name, d.currency, d.invoice_on, \
              s.due_on, d.total_minor, s.balance_minor, s.review, s.hold_reason, s.stale, s.risk, \
              (SELECT group_concat(f.code, ' ') FROM flag f WHERE f.document_id = d.id), \
              (SELECT f.reason FROM flag f WHERE f.document_id = d.id ORDER BY \
               f.code NOT LIKE 'total_%', f.code NOT LIKE 'recurring%', f.code LIMIT 1), \
              CASE WHEN s.reversed_by IS NOT NULL THEN 'reversed' \
              WHEN s.written_off_by IS NOT NULL THEN 'written off' ELSE '' END, \
              d.po_number, v.batch, v.emails, d.run_id, s.tags, k.uid, k.user_name, k.claimed_on",
    from: "document_state s JOIN document d ON d.id = s.document_id \
           JOIN account a ON a.id = d.account_id JOIN account_version v ON v.id = d.account_version_id \
           LEFT JOIN clerk_claim k ON k.document_id = d.id",
    narrow: "document_state s JOIN document d ON d.id = s.document_id",
    base: "1",
    id: "s.document_id",
    version: "d.version",
    money: Some(("d.currency", "d.total_minor")),
    found: Some((Rows::Documents, "s.document_id")),
    words: &[
        "a.number",
        "v.name",
        "d.number",
        "printf('D-%06d', d.id)",
        "v.emails",
        EMAILS_SINCE,
        "d.po_number",
        "d.currency",
    ],
    fields: &[
        (Field::Total, Ask::Amount("d.total_minor", "d.currency")),
        (Field::Balance, Ask::Amount("s.balance_minor", "d.currency")),
        (Field::Flag, Ask::Flag("d.id")),
        (Field::Status, Ask::Word("s.status", DocumentStatus::WORDS)),
        (Field::Review, Ask::Word("s.review", Review::WORDS)),
        (Field::Kind, Ask::Word("d.kind", DocumentKind::WORDS)),
        (Field::Run, Ask::Id("d.run_id", "BR")),
        (Field::Currency, Ask::Currency("d.currency")),
        (Field::Account, Ask::Same("a.number")),
        (Field::Batch, Ask::Same("v.batch")),
        (Field::Due, Ask::Day("s.due_on")),
        (Field::Invoiced, Ask::Day("d.invoice_on")),
        (Field::Posted, Ask::Moment("d.posted_at")),
        (Field::Po, Ask::Part("d.po_number")),
        (Field::Tag, Ask::Tag("s.tags")),
        (Field::Email, Ask::Part("v.emails")),
        (Field::Note, Ask::Part(NOTES_OF)),
        (Field::Ref, Ask::Part(REFERENCES_OF)),
        (Field::Sample, Ask::Sample("d.id")),
        (Field::Charge, Ask::Charge("d.id", "name")),
        (Field::Claim, Ask::Claim("d.id")),
        (Field::Model, Ask::Charge("d.id", "model")),
    ],
    orders: &[
        Order { sort: Sort::Risk, by: "s.risk", descending: true },
        Order { sort: Sort::Newest, by: "s.document_id", descending: true },
        Order { sort: Sort::Account, by: "a.number", descending: false },
        Order { sort: Sort::Customer, by: "v.name", descending: false },
        Order { sort: Sort::Largest, by: "d.total_minor", descending: true },
        Order { sort: Sort::Smallest, by: "d.total_minor", descending: false },
        Order { sort: Sort::Due, by: "s.due_on", descending: false },
        Order { sort: Sort::Invoiced, by: "d.invoice_on", descending: true },
        Order { sort: Sort::Open, by: "s.balance_minor", descending: true },
        Order { sort: Sort::State, by: "s.status || s.review", descending: false },
        Order { sort: Sort::Po, by: "coalesce(d.po_number, '')", descending: false },
        Order { sort: Sort::Batch, by: "v.batch", descending: false },
        Order {
            sort: Sort::Drawn,
            by: "coalesce((SELECT m.rank FROM run_sample m WHERE m.document_id = d.id), -1)",
            descending: false,
        },
    ],
};

fn map(row: &Row<'_>, key: Key) -> Result<InvoiceRow, StoreError> {
    let codes: Option<String> = row.get(17)?;
    // A flag that cannot be read is none that may be left out: the draft would look unflagged.
    let mut flags: Vec<FlagCode> = words(17, codes.as_deref().unwrap_or(""), ' ', FlagCode::parse)?;
    flags.sort();
    let reason: Option<String> = row.get(18)?;
    Ok(InvoiceRow {
        id: DocumentId(key.id),
        version: row.get(2)?,
        key,
        kind: word(row, 3, DocumentKind::parse)?,
        status: word(row, 4, DocumentStatus::parse)?,
        number: row.get(5)?,
        account: row.get(6)?,
        customer: row.get(7)?,
        invoice_on: word(row, 9, |t| t.parse().ok())?,
        due_on: word(row, 10, |t| t.parse().ok())?,
        total: money(row, 8, 11)?,
        balance: money(row, 8, 12)?,
        review: word(row, 13, Review::parse)?,
        hold_reason: row.get(14)?,
        stale: row.get(15)?,
        risk: row.get(16)?,
        flags,
        flag_reason: reason.unwrap_or_default(),
        undone: row.get(19)?,
        po_number: row.get::<Option<String>>(20)?.unwrap_or_default(),
        batch: row.get(21)?,
        emails: row.get::<Option<String>>(22)?.unwrap_or_default(),
        run: row.get::<Option<i64>>(23)?.map(BillRunId),
        tags: row.get(24)?,
        claim: clerk_claim::read(row, 25)?,
    })
}

/// One part of the list.
pub fn page(db: &Db<'_>, args: &ListArgs) -> Result<Page<InvoiceRow>, ReadError> {
    super::page(db, &SPEC, args, map)
}

/// What can be typed next behind `/`.
pub fn fitting(db: &Db<'_>, filter: &Filter, of: Option<Field>) -> Result<Vec<Fit>, ReadError> {
    super::fitting(db, &SPEC, filter, of)
}

/// Where a document stands in an order.
pub fn key_of(db: &Db<'_>, sort: Sort, id: DocumentId) -> Result<Option<Key>, StoreError> {
    super::key_of(db, &SPEC, sort, id.0)
}

/// How many match, with their money. Of a status, and of drafts by what was said of them, it is kept.
pub fn totals(db: &Db<'_>, filter: &Filter) -> Result<Totals, ReadError> {
    let (draft, is) = (DocumentStatus::Draft.as_str(), Cmp::Is);
    match filter.plain().as_deref() {
        Some([]) => return Ok(tally::all_documents(db)?.into()),
        Some([(Field::Status, cmp, status)]) if *cmp == is => match DocumentStatus::parse(status) {
            Some(DocumentStatus::Draft) => return Ok(tally::drafts(db)?.into()),
            Some(status) => return Ok(tally::documents(db, status)?.into()),
            None => {}
        },
        Some([(Field::Status, cmp, status), (Field::Review, also, review)])
            if [*cmp, *also] == [is, is] && status.eq_ignore_ascii_case(draft) =>
        {
            if let Some(review) = Review::parse(review) {
                return Ok(tally::drafts_of(db, review)?.into());
            }
        }
        _ => {}
    }
    super::totals(db, &SPEC, filter)
}

/// All that match, for marking.
pub fn marks(db: &Db<'_>, filter: &Filter) -> Result<Vec<Marked>, ReadError> {
    super::marks(db, &SPEC, filter)
}

/// Those of some rows that match.
pub fn within(db: &Db<'_>, filter: &Filter, ids: &[i64]) -> Result<Vec<Marked>, ReadError> {
    super::within(db, &SPEC, filter, ids)
}

/// By what they have in common.
pub fn groups(db: &Db<'_>, filter: &Filter, by: Field) -> Result<Vec<Group>, ReadError> {
    let name = match by {
        Field::Flag => "coalesce(g.code, 'none')",
        Field::Currency => "d.currency",
        Field::Batch => "v.batch",
        Field::Review => "s.review",
        Field::Run => "iif(d.run_id IS NULL, NULL, 'BR-' || printf('%06d', d.run_id))",
        _ => "s.status",
    };
    super::groups(db, &SPEC, filter, name, by)
}
