//! One customer's statement: what was owed, each event on its day, what is owed after each, and what of it
//! is open.

use super::base::{Take, tie};
use super::rollforward::{event, extra};
use crate::domain::ids::{AccountId, PaymentId};
use crate::domain::money::Currency;
use crate::domain::period::Span;
use crate::domain::report::{Asked, BUCKETS, Cell, Detail, Summary, bucket};
use crate::domain::statement::{Event, Line, Open, Owed, Statement};
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
type What = (Event, String, Option<NaiveDate>);

impl Entry {
    fn is_theirs(&self) -> bool {
        matches!(self.ledger.as_str(), "receivable" | "credit")
    }

    fn what(&self) -> What {
        let kind = match event(&self.ledger, &self.kind, self.minor > 0, &self.extra) {
            "payments" => Event::Payment,
            "refunds" => Event::Refund,
            "returns" => Event::Return,
            "chargebacks" => Event::Chargeback,
            "write_offs" => Event::WriteOff,
            "write_offs_undone" => Event::WriteOffUndone,
            "recoveries" => Event::Recovery,
            "debit_memos" => Event::DebitMemo,
            "credit_memos" => Event::CreditMemo,
            "opening_items" => Event::OpeningItem,
            "differences" => Event::Difference,
            "carried_over" => Event::CarriedOver,
            _ => Event::Invoice,
        };
        match self.payment {
            Some(id) if self.number.is_empty() => (kind, PaymentId(id).to_string(), None),
            Some(_) | None => (kind, self.number.clone(), self.due_on),
        }
    }
}

fn entries(db: &Db<'_>, id: AccountId, to: NaiveDate) -> Result<Vec<Entry>, StoreError> {
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
    let mut all = db.all(&sql, (id.0, to), |r| {
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
    all.sort_by_key(|e| (e.currency, e.on, e.txn, e.id));
    Ok(all)
}

/// What is open on a day, and how much of each document is given up then: an account that owes in two
/// currencies has items in both.
fn items(
    db: &Db<'_>,
    id: AccountId,
    to: NaiveDate,
    owed: Owed,
) -> Result<BTreeMap<Currency, (Vec<Open>, i64)>, StoreError> {
    let mut all: BTreeMap<Currency, (Vec<Open>, i64)> = BTreeMap::new();
    db.each(
        "SELECT d.currency, d.invoice_on, d.number, d.due_on, d.total_minor,
                coalesce((SELECT sum(e.debit_minor - e.credit_minor) FROM ledger_entry e
                  WHERE e.document_id = d.id AND e.account = 'receivable' AND e.entry_on <= ?2), 0),
                coalesce((SELECT sum(e.debit_minor - e.credit_minor) FROM document w
                  JOIN ledger_entry e ON e.document_id = w.id
                  WHERE w.corrects_id = d.id AND w.kind = 'write_off' AND e.entry_on <= ?2
                    AND e.account NOT IN ('receivable','credit')), 0)
         FROM document d WHERE d.account_id = ?1 AND +d.status = 'Posted'
           AND d.kind IN ('invoice','debit_memo')",
        (id.0, to),
        |r| {
            let (open, lost): (i64, i64) = (r.get(5)?, r.get(6)?);
            let of = all.entry(word(r, 0, Currency::parse)?).or_default();
            of.1 += lost;
            let due_on: NaiveDate = r.get(3)?;
            let item = Open {
                on: r.get(1)?,
                number: r.get(2)?,
                due_on,
                total: r.get(4)?,
                open: if owed == Owed::Legal { open + lost } else { open },
                days: (to - due_on).num_days(),
            };
            if item.open != 0 {
                of.0.push(item);
            }
            Ok(())
        },
    )?;
    for (items, _) in all.values_mut() {
        items.sort_by(|a, b| (a.due_on, &a.number).cmp(&(b.due_on, &b.number)));
    }
    Ok(all)
}

/// The statements of an account over a span of days, one a currency, in order.
pub fn of_account(
    db: &Db<'_>,
    id: AccountId,
    span: Span,
    owed: Owed,
) -> Result<Vec<Statement>, StoreError> {
    let mut items = items(db, id, span.to, owed)?;
    let all = entries(db, id, span.to)?;
    let mut statements = Vec::new();
    for of in all.chunk_by(|a, b| a.currency == b.currency) {
        let Some(currency) = of.first().map(|e| e.currency) else { continue };
        let sum = |keep: &dyn Fn(&Entry) -> bool| -> i64 {
            of.iter().filter(|e| e.is_theirs() && keep(e)).map(|e| e.minor).sum()
        };
        let (mut opening, mut balance, mut lines) = (0, 0, Vec::new());
        for deed in of.chunk_by(|a, b| (a.on, a.txn) == (b.on, b.txn)) {
            let Some(on) = deed.first().map(|e| e.on) else { continue };
            for ((event, number, due_on), minor) in events(deed) {
                if owed == Owed::Legal && event.is_internal() {
                    continue;
                }
                balance += minor;
                if on < span.from {
                    opening = balance;
                } else {
                    lines.push(Line { on, event, number, due_on, minor, balance });
                }
            }
        }
        let (open, written_off) = items.remove(&currency).unwrap_or_default();
        statements.push(Statement {
            currency,
            opening,
            lines,
            closing: balance,
            open,
            credit: sum(&|e| e.ledger == "credit"),
            booked: sum(&|_| true),
            written_off,
        });
    }
    Ok(statements)
}

/// Reads it: an account that has two currencies has a statement in each.
pub fn read(db: &Db<'_>, asked: &Asked, take: Take<'_>) -> Result<Summary, StoreError> {
    let number = asked.account.as_deref().unwrap_or_default();
    let found = account::find(db, number)?;
    let found = found.ok_or_else(|| StoreError::NotFound(format!("account {number}")))?;
    let span = Span { from: asked.from, to: asked.to };
    let of = |owed| -> Result<Vec<Statement>, StoreError> {
        let mut all = of_account(db, found.id, span, owed)?;
        all.retain(|one| asked.currency.is_none_or(|only| only == one.currency));
        Ok(all)
    };
    let (booked, legal) = (of(Owed::Booked)?, of(Owed::Legal)?);
    let mut summary = Summary::default();
    for (one, by_law) in booked.iter().zip(&legal) {
        match asked.detail {
            Detail::Items => one.open.iter().try_for_each(|item| take(item_row(one, item)))?,
            Detail::Sums | Detail::Rows => {
                one.lines.iter().try_for_each(|line| take(line_row(one, line)))?;
            }
        }
        let totals = [
            ("opening", one.opening),
            ("closing", one.closing),
            ("written_off", by_law.written_off),
            ("legally_owed", by_law.closing),
        ];
        summary.totals.insert(one.currency, totals.map(|(name, m)| (name.to_owned(), m)).into());
        let of = |minor| BTreeMap::from([(one.currency, minor)]);
        for (name, left, right) in [
            ("T6 opening and events = closing", one.closing, one.booked),
            ("T6 open items and credits = closing", one.of_items(), one.booked),
            (
                "T6 legally owed (write-offs left in) = closing and what is written off",
                by_law.closing,
                one.booked + by_law.written_off,
            ),
            ("T6 legally owed = its open items and credits", by_law.closing, by_law.of_items()),
        ] {
            summary.ties.extend(tie(name, &of(left), &of(right)));
        }
    }
    Ok(summary)
}

fn line_row(of: &Statement, line: &Line) -> Vec<Cell> {
    vec![
        line.on.into(),
        line.event.as_str().into(),
        line.number.as_str().into(),
        line.due_on.into(),
        of.currency.amount(line.minor).into(),
        of.currency.amount(line.balance).into(),
        of.currency.code().into(),
    ]
}

fn item_row(of: &Statement, item: &Open) -> Vec<Cell> {
    vec![
        item.on.into(),
        item.number.as_str().into(),
        item.due_on.into(),
        of.currency.amount(item.total).into(),
        of.currency.amount(item.open).into(),
        item.days.into(),
        BUCKETS[bucket(item.days)].0.into(),
        of.currency.code().into(),
    ]
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
        found.push(((Event::Moved, number, None), moved));
    }
    found.retain(|(_, minor)| *minor != 0);
    found
}
