//! One customer's statement: what was owed, each event on its day, what is owed after each.

use super::base::{Take, tie};
use super::rollforward::{event, extra};
use crate::domain::ids::PaymentId;
use crate::domain::money::Currency;
use crate::domain::report::{Asked, Cell, Summary};
use crate::store::{Db, StoreError, account, word};
use chrono::NaiveDate;
use std::collections::BTreeMap;

/// One entry of the ledger about the customer.
struct Entry {
    currency: Currency,
    on: NaiveDate,
    txn: i64,
    id: i64,
    ledger: String,
    kind: String,
    number: String,
    due_on: Option<NaiveDate>,
    payment: Option<i64>,
    minor: i64,
    extra: String,
}

/// What happened: its kind, number and due day.
type What = (&'static str, String, Option<NaiveDate>);

impl Entry {
    fn is_theirs(&self) -> bool {
        matches!(self.ledger.as_str(), "receivable" | "credit")
    }

    fn what(&self) -> What {
        let kind = match event(&self.ledger, &self.kind, self.minor > 0, &self.extra) {
            "payments" => "payment",
            "refunds" => "refund",
            "returns" => "return",
            "chargebacks" => "chargeback",
            "write_offs" => "write_off",
            "write_offs_undone" => "write_off_undone",
            "recoveries" => "recovery",
            "debit_memos" => "debit_memo",
            "credit_memos" => "credit_memo",
            "opening_items" => "opening_item",
            "differences" => "difference",
            "carried_over" => "carried_over",
            _ => "invoice",
        };
        match self.payment {
            Some(id) if self.number.is_empty() => (kind, PaymentId(id).to_string(), None),
            Some(_) | None => (kind, self.number.clone(), self.due_on),
        }
    }
}

fn entries(db: &Db<'_>, asked: &Asked) -> Result<Vec<Entry>, StoreError> {
    let number = asked.account.as_deref().unwrap_or_default();
    let found = account::find(db, number)?;
    let found = found.ok_or_else(|| StoreError::NotFound(format!("account {number}")))?;
    let columns = format!(
        "e.currency, e.entry_on, e.txn, e.id, e.account, coalesce(d.kind, ''),
         coalesce(d.number, ''), CASE WHEN d.kind IN ('invoice','debit_memo') THEN d.due_on END,
         e.payment_id, e.debit_minor - e.credit_minor, {}",
        extra()
    );
    let sql = format!(
        "SELECT {columns} FROM document d JOIN ledger_entry e ON e.document_id = d.id
         WHERE d.account_id = ?1 AND e.entry_on <= ?2
         UNION ALL SELECT {columns} FROM payment p JOIN ledger_entry e ON e.payment_id = p.id
           AND e.document_id IS NULL LEFT JOIN document d ON d.id = e.document_id
         WHERE p.account_id = ?1 AND e.entry_on <= ?2"
    );
    let mut all = db.all(&sql, (found.id.0, asked.to), |r| {
        Ok(Entry {
            currency: word(r, 0, Currency::parse)?,
            on: r.get(1)?,
            txn: r.get(2)?,
            id: r.get(3)?,
            ledger: r.get(4)?,
            kind: r.get(5)?,
            number: r.get(6)?,
            due_on: r.get(7)?,
            payment: r.get(8)?,
            minor: r.get(9)?,
            extra: r.get(10)?,
        })
    })?;
    all.retain(|e| asked.currency.is_none_or(|only| only == e.currency));
    all.sort_by_key(|e| (e.currency, e.on, e.txn, e.id));
    Ok(all)
}

/// Reads it: an account that has two currencies has a statement in each.
pub fn read(db: &Db<'_>, asked: &Asked, take: Take<'_>) -> Result<Summary, StoreError> {
    let all = entries(db, asked)?;
    let mut summary = Summary::default();
    let (mut told, mut booked) = (BTreeMap::new(), BTreeMap::new());
    for of in all.chunk_by(|a, b| a.currency == b.currency) {
        let Some(currency) = of.first().map(|e| e.currency) else { continue };
        let sum = |keep: &dyn Fn(&Entry) -> bool| -> i64 {
            of.iter().filter(|e| e.is_theirs() && keep(e)).map(|e| e.minor).sum()
        };
        let opening = sum(&|e| e.on < asked.from);
        let mut balance = opening;
        for deed in of.chunk_by(|a, b| (a.on, a.txn) == (b.on, b.txn)) {
            let Some(on) = deed.first().map(|e| e.on).filter(|on| *on >= asked.from) else {
                continue;
            };
            for ((kind, number, due_on), minor) in events(deed) {
                balance += minor;
                take(vec![
                    on.into(),
                    kind.into(),
                    number.into(),
                    due_on.into(),
                    currency.amount(minor).into(),
                    currency.amount(balance).into(),
                    Cell::from(currency.code()),
                ])?;
            }
        }
        let closing = sum(&|_| true);
        told.insert(currency, balance);
        booked.insert(currency, closing);
        let totals = [("opening", opening), ("closing", closing)];
        summary.totals.insert(currency, totals.map(|(name, m)| (name.to_owned(), m)).into());
    }
    summary.ties = tie("T6 opening and events = closing", &told, &booked);
    Ok(summary)
}

/// The events of one deed on one day. What changed without an entry on another side was moved from or to
/// another account.
fn events(deed: &[Entry]) -> Vec<(What, i64)> {
    let mut found: Vec<(What, i64)> = Vec::new();
    for entry in deed.iter().filter(|e| !e.is_theirs()) {
        let what = entry.what();
        match found.iter_mut().find(|(known, _)| known.0 == what.0 && known.1 == what.1) {
            Some((_, minor)) => *minor -= entry.minor,
            None => found.push((what, -entry.minor)),
        }
    }
    let theirs: i64 = deed.iter().filter(|e| e.is_theirs()).map(|e| e.minor).sum();
    let moved = theirs - found.iter().map(|(_, minor)| minor).sum::<i64>();
    if moved != 0 {
        let payment = deed.iter().find(|e| e.ledger == "credit").and_then(|e| e.payment);
        let number = payment.map(|id| PaymentId(id).to_string()).unwrap_or_default();
        found.push((("moved", number, None), moved));
    }
    found.retain(|(_, minor)| *minor != 0);
    found
}
