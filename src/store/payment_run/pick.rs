//! Which open documents a run looks at, and what it must know of each.

use crate::domain::ids::{AccountId, BillRunId, DocumentId};
use crate::domain::money::Currency;
use crate::domain::payment::PaymentStatus;
use crate::domain::payment_run::Candidate;
use crate::store::{Db, StoreError, account, word};
use chrono::NaiveDate;

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

/// Open documents due on or before `target`, oldest due first, after a place. `today` chooses the
/// version of the account. Gives the candidates that match, and the last place looked at (none
/// when the end was reached).
pub fn candidates(
    db: &Db<'_>,
    filter: &PickFilter,
    target: NaiveDate,
    today: NaiveDate,
    after: Place,
    limit: u32,
) -> Result<(Vec<Candidate>, Option<Place>), StoreError> {
    // The rest of the day first, then later days: as one condition with OR, every page of a day on
    // which all is due would be read from the day's beginning.
    let mut found = Vec::new();
    for place in ["s.due_on = ?2 AND s.document_id > ?3", "s.due_on > ?2 AND ?3 IS NOT NULL"] {
        let left = limit - u32::try_from(found.len()).unwrap_or(limit);
        found.extend(open_from(db, filter, target, (after, place), left)?);
    }
    let place = found
        .last()
        .filter(|_| found.len() == limit as usize)
        .map(|(document, _, due)| (*due, DocumentId(*document)));
    let mut picked = Vec::new();
    for (document, account, _) in found {
        let (auto_pay, batch, day) = account_facts(db, AccountId(account), today)?;
        let batch_ok = filter.batches.is_empty() || filter.batches.contains(&batch);
        if batch_ok && filter.bill_cycle_day.is_none_or(|d| d == day) {
            picked.push(candidate(db, DocumentId(document), auto_pay, today)?);
        }
    }
    Ok((picked, place))
}

/// Open documents due by `target` beyond a place (`?2` its day, `?3` its document).
fn open_from(
    db: &Db<'_>,
    filter: &PickFilter,
    target: NaiveDate,
    (after, beyond): (Place, &str),
    limit: u32,
) -> Result<Vec<(i64, i64, NaiveDate)>, StoreError> {
    let mut statement = db.conn().prepare_cached(&format!(
        "SELECT s.document_id, s.account_id, s.due_on FROM document_state s JOIN document d ON d.id = s.document_id
         WHERE s.status = 'Posted' AND s.balance_minor > 0 AND s.written_off_by IS NULL AND s.due_on <= ?1 AND {beyond}
           AND (?4 IS NULL OR d.run_id = ?4) AND (?5 IS NULL OR s.account_id = ?5)
           AND (?6 IS NULL OR d.currency = ?6)
         ORDER BY s.due_on, s.document_id LIMIT ?7",
    ))?;
    let rows = statement.query_map(
        rusqlite::params![
            target,
            after.0,
            after.1.0,
            filter.bill_run.map(|b| b.0),
            filter.account.map(|a| a.0),
            filter.currency.map(Currency::code),
            limit,
        ],
        |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)),
    )?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Auto-pay, batch and bill cycle day of an account on a day.
fn account_facts(
    db: &Db<'_>,
    of: AccountId,
    today: NaiveDate,
) -> Result<(bool, String, u32), StoreError> {
    Ok(db
        .conn()
        .prepare_cached(&format!(
            "SELECT auto_pay, batch, bill_cycle_day FROM account_version WHERE id = {}",
            account::in_force("?1", "?2")
        ))?
        .query_row((of.0, today), |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?)
}

/// Auto-pay of an account on a day.
pub fn account_auto_pay(
    db: &Db<'_>,
    account: AccountId,
    today: NaiveDate,
) -> Result<bool, StoreError> {
    Ok(account_facts(db, account, today)?.0)
}

/// What a run must know of one open document.
pub fn candidate(
    db: &Db<'_>,
    document: DocumentId,
    account_auto_pay: bool,
    today: NaiveDate,
) -> Result<Candidate, StoreError> {
    let mut statement = db.conn().prepare_cached(
        "SELECT s.account_id, s.balance_minor, s.auto_pay_off, s.promised_on, s.disputed <> '', s.next_retry_at,
                s.retries_given_up,
                (SELECT p.status FROM allocation l JOIN payment p ON p.id = l.payment_id
                  WHERE l.document_id = s.document_id AND l.state = 'live'),
                (SELECT max(p.settled_at) FROM allocation l JOIN payment p ON p.id = l.payment_id
                  WHERE l.document_id = s.document_id AND (p.status = 'Declined' OR l.reopened_minor > 0)),
                EXISTS (SELECT 1 FROM allocation l WHERE l.document_id = s.document_id AND l.reopened_minor > 0)
         FROM document_state s WHERE s.document_id = ?1",
    )?;
    Ok(statement.query_row([document.0], |r| {
        let promised: Option<NaiveDate> = r.get(3)?;
        Ok(Candidate {
            document,
            account: AccountId(r.get(0)?),
            balance_minor: r.get(1)?,
            account_auto_pay,
            auto_pay_off: r.get(2)?,
            live: match r.get::<_, Option<String>>(7)? {
                Some(_) => Some(word(r, 7, PaymentStatus::parse)?),
                None => None,
            },
            promised: promised.is_some_and(|on| on >= today),
            disputed: r.get(4)?,
            returned: r.get(9)?,
            next_retry_at_ms: r.get(5)?,
            given_up: r.get(6)?,
            failed_at_ms: r.get(8)?,
        })
    })?)
}
