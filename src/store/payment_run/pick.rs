//! Which open documents a run looks at, and what it must know of each.

use crate::domain::ids::{AccountId, BillRunId, DocumentId};
use crate::domain::money::Currency;
use crate::domain::payment::PaymentStatus;
use crate::domain::payment_run::Candidate;
use crate::domain::stop::StopKind;
use crate::store::agency::with_agency;
use crate::store::debt::{self, DEBT, Debt, FROM};
use crate::store::face::{Row, params};
use crate::store::stop::stop;
use crate::store::{Db, StoreError, account, many, word};
use chrono::NaiveDate;
use std::collections::BTreeMap;

/// Which open documents a run looks at.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PickFilter {
    /// Only those of this bill run.
    pub bill_run: Option<BillRunId>,
    /// Only this account's.
    pub account: Option<AccountId>,
    /// Only this currency.
    pub currency: Option<Currency>,
    /// Only accounts of these batches; empty = all.
    pub batches: Vec<String>,
    /// Only accounts with this bill cycle day.
    pub bill_cycle_day: Option<u32>,
}

/// Where a page of candidates ended: due date and document.
pub type Place = (NaiveDate, DocumentId);

/// An open document that a run looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Open {
    /// What a run must know of it.
    pub candidate: Candidate,
    pub currency: Currency,
}

/// Open documents beyond a place.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// To be judged, oldest due first.
    pub open: Vec<Open>,
    /// How many more were passed over because their account has no auto-pay
    /// ([`SkipReason::AccountNotAuto`](crate::domain::payment_run::SkipReason)): counted, not read,
    /// since what nobody pays stays open for years.
    pub not_auto: i64,
    /// The last place looked at; none when the end was reached.
    pub next: Option<Place>,
}

/// Documents looked at for one page at most, whether a run may charge them or not.
const LOOKED_AT: usize = 20_000;

/// Open documents due on or before `target`, oldest due first, after a place: at most `limit` to be
/// judged. `today` chooses the version of the account.
pub fn candidates(
    db: &Db<'_>,
    filter: &PickFilter,
    target: NaiveDate,
    today: NaiveDate,
    after: Place,
    limit: usize,
) -> Result<Page, StoreError> {
    let mut looked = Looked { left: LOOKED_AT, ..Looked::default() };
    // The rest of the day first, then later days: as one condition with OR, every page of a day on
    // which all is due would be read from the day's beginning.
    for place in ["s.due_on = ?2 AND s.document_id > ?3", "s.due_on > ?2 AND ?3 IS NOT NULL"] {
        if looked.next.is_none() {
            look(db, filter, (target, today), (after, place), limit, &mut looked)?;
        }
    }
    let mut page = Page { not_auto: looked.not_auto, next: looked.next, ..Page::default() };
    let sql = format!(
        "SELECT {FACTS}, d.currency FROM document_state s JOIN document d ON d.id = s.document_id
         WHERE s.document_id IN (SELECT value FROM json_each(?1))"
    );
    let auto: BTreeMap<DocumentId, bool> = looked.judged.iter().copied().collect();
    let keys = many::keys(looked.judged.iter().map(|(id, _)| id.0));
    let mut open: BTreeMap<DocumentId, Open> = db.gather(&sql, [keys], |r| {
        let id = DocumentId(r.get(0)?);
        let candidate = facts(r, auto.get(&id).is_some_and(|auto| *auto), today)?;
        Ok((id, Open { candidate, currency: word(r, 15, Currency::parse)? }))
    })?;
    page.open.extend(looked.judged.iter().filter_map(|(id, _)| open.remove(id)));
    Ok(page)
}

/// What was looked at for a page.
#[derive(Default)]
struct Looked {
    /// To be judged, each with its account's auto-pay.
    judged: Vec<(DocumentId, bool)>,
    not_auto: i64,
    /// How many more may be looked at.
    left: usize,
    /// Where it was enough.
    next: Option<Place>,
}

/// Looks at open documents due by `target` beyond a place (`?2` its day, `?3` its document).
fn look(
    db: &Db<'_>,
    filter: &PickFilter,
    (target, today): (NaiveDate, NaiveDate),
    (after, beyond): (Place, &str),
    limit: usize,
    looked: &mut Looked,
) -> Result<(), StoreError> {
    let in_force = account::in_force("s.account_id", "?6");
    let mut asks = String::new();
    if let Some(run) = filter.bill_run {
        asks.push_str(&format!(" AND d.run_id = {}", run.0));
    }
    if let Some(currency) = filter.currency {
        asks.push_str(&format!(" AND d.currency = '{}'", currency.code()));
    }
    let document = if asks.is_empty() { "" } else { "JOIN document d ON d.id = s.document_id" };
    let sql = format!(
        "SELECT s.document_id, s.due_on, v.auto_pay, v.batch, v.bill_cycle_day,
           EXISTS (SELECT 1 FROM allocation l WHERE l.document_id = s.document_id AND l.state = 'live')
         FROM document_state s {document} JOIN account_version v ON v.id = {in_force}
         WHERE s.status = 'Posted' AND s.balance_minor > 0 AND s.written_off_by IS NULL
           AND s.due_on <= ?1 AND {beyond} AND (?4 IS NULL OR s.account_id = ?4){asks}
         ORDER BY s.due_on, s.document_id LIMIT ?5",
    );
    let values =
        params![target, after.0, after.1.0, filter.account.map(|a| a.0), looked.left as i64, today];
    let enough = db.find(&sql, values, |r| {
        let (id, auto) = (DocumentId(r.get(0)?), r.get::<bool>(2)?);
        let wanted = (filter.batches.is_empty()
            || filter.batches.iter().any(|batch| r.text(3).is_ok_and(|text| text == batch)))
            && match filter.bill_cycle_day {
                Some(day) => r.get::<u32>(4)? == day,
                None => true,
            };
        looked.left -= 1;
        if wanted && !auto && !r.get::<bool>(5)? {
            looked.not_auto += 1;
        } else if wanted {
            looked.judged.push((id, auto));
        }
        let enough = looked.left == 0 || looked.judged.len() == limit;
        Ok(if enough { Some((r.get(1)?, id)) } else { None })
    })?;
    looked.next = enough;
    Ok(())
}

/// Hands over the open documents among `which` (SQL: a table with a column `document_id`; `?1` is
/// `today`) that are due on `today`, oldest due first.
pub(in crate::store) fn open_of(
    db: &Db<'_>,
    which: &str,
    today: NaiveDate,
    mut take: impl FnMut(Open) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let in_force = account::in_force("s.account_id", "?1");
    let sql = format!(
        "SELECT {FACTS}, v.auto_pay, d.currency FROM {which} w
         CROSS JOIN document_state s ON s.document_id = w.document_id
         JOIN document d ON d.id = s.document_id JOIN account_version v ON v.id = {in_force}
         WHERE s.status = 'Posted' AND s.balance_minor > 0 AND s.written_off_by IS NULL
           AND s.due_on <= ?1 ORDER BY s.due_on, s.document_id"
    );
    db.each(&sql, [today], |r| {
        let candidate = facts(r, r.get(15)?, today)?;
        take(Open { candidate, currency: word(r, 16, Currency::parse)? })
    })
}

/// Auto-pay of an account on a day.
pub fn account_auto_pay(db: &Db<'_>, of: AccountId, today: NaiveDate) -> Result<bool, StoreError> {
    let in_force = account::in_force("?1", "?2");
    db.one(
        &format!("SELECT auto_pay FROM account_version WHERE id = {in_force}"),
        (of.0, today),
        |r| r.get(0),
    )
}

/// The columns of [`facts`].
const FACTS: &str = concat!(
    "s.document_id, s.account_id, s.balance_minor, s.auto_pay_off, s.promised_on, s.disputed <> '',
    s.next_retry_at, s.retries_given_up,
    (SELECT p.status FROM allocation l JOIN payment p ON p.id = l.payment_id
      WHERE l.document_id = s.document_id AND l.state = 'live'),
    (SELECT max(p.settled_at) FROM allocation l JOIN payment p ON p.id = l.payment_id
      WHERE l.document_id = s.document_id AND (p.status = 'Declined' OR l.reopened_minor > l.unapplied_minor)),
    EXISTS (SELECT 1 FROM allocation l JOIN payment p ON p.id = l.payment_id
      WHERE l.document_id = s.document_id AND l.reopened_minor > l.unapplied_minor
        AND NOT (p.decline_class = 'soft' AND p.next_retry_at IS NOT NULL)),
    s.promised_on IS NOT NULL AND EXISTS (SELECT 1 FROM instalment_document i
      WHERE i.document_id = s.document_id AND i.open = 1), ",
    with_agency!(),
    ", s.due_on, ",
    stop!()
);

fn facts(r: &Row<'_>, account_auto_pay: bool, today: NaiveDate) -> Result<Candidate, StoreError> {
    let promised: Option<NaiveDate> = r.get(4)?;
    Ok(Candidate {
        document: DocumentId(r.get(0)?),
        account: AccountId(r.get(1)?),
        balance_minor: r.get(2)?,
        account_auto_pay,
        auto_pay_off: r.get(3)?,
        promised: promised.is_some_and(|on| on >= today),
        disputed: r.get(5)?,
        next_retry_at_ms: r.get(6)?,
        given_up: r.get(7)?,
        live: match r.get::<Option<String>>(8)? {
            Some(_) => Some(word(r, 8, PaymentStatus::parse)?),
            None => None,
        },
        failed_at_ms: r.get(9)?,
        returned: r.get(10)?,
        instalments: r.get(11)?,
        with_agency: r.get(12)?,
        due_on: r.get(13)?,
        stopped: match r.get::<Option<String>>(14)? {
            Some(_) => Some(word(r, 14, StopKind::parse)?),
            None => None,
        },
    })
}

/// What a run must know of documents that are posted, with what is owed on each.
pub fn debts(
    db: &Db<'_>,
    documents: impl Iterator<Item = DocumentId>,
    today: NaiveDate,
) -> Result<BTreeMap<DocumentId, (Candidate, Debt)>, StoreError> {
    let in_force = account::in_force("s.account_id", "?2");
    db.gather(
        &format!(
            "SELECT {FACTS}, v.auto_pay, {DEBT} FROM {FROM}
             JOIN account_version v ON v.id = {in_force}
             WHERE s.document_id IN (SELECT value FROM json_each(?1)) AND s.status = 'Posted'"
        ),
        (many::keys(documents.map(|id| id.0)), today),
        |r| {
            let candidate = facts(r, r.get(15)?, today)?;
            Ok((candidate.document, (candidate, debt::row_from(r, 16)?)))
        },
    )
}

/// What a run must know of one open document.
pub fn candidate(
    db: &Db<'_>,
    document: DocumentId,
    account_auto_pay: bool,
    today: NaiveDate,
) -> Result<Candidate, StoreError> {
    db.one(
        &format!("SELECT {FACTS} FROM document_state s WHERE s.document_id = ?1"),
        [document.0],
        |r| facts(r, account_auto_pay, today),
    )
}
