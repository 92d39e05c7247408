//! What is open on a day by how long it is past due, and what customers have to their credit.

use super::base::{Take, is_moved_after, ledger, only, tie};
use crate::domain::money::Currency;
use crate::domain::report::{Asked, BUCKETS, Cell, Detail, Summary, bucket};
use crate::store::{Db, StoreError, account, money, word};
use chrono::NaiveDate;
use std::collections::BTreeMap;

/// Of one account and currency, or of one currency, minor units.
#[derive(Clone, Default)]
struct Sums {
    name: String,
    buckets: [i64; BUCKETS.len()],
    credit: i64,
    oldest: i64,
}

impl Sums {
    fn receivable(&self) -> i64 {
        self.buckets.iter().sum()
    }

    fn named(&self) -> Vec<(String, i64)> {
        let buckets = BUCKETS.iter().zip(self.buckets).map(|((name, _), sum)| (*name, sum));
        let rest = [
            ("receivable", self.receivable()),
            ("credit", self.credit),
            ("net", self.receivable() + self.credit),
        ];
        buckets.chain(rest).map(|(name, sum)| (name.to_owned(), sum)).collect()
    }
}

/// Aged receivables. Credits lie in no bucket.
pub fn aging(db: &Db<'_>, asked: &Asked, take: Take<'_>) -> Result<Summary, StoreError> {
    let mut by_account: BTreeMap<(Currency, String), Sums> = BTreeMap::new();
    let mut by_currency: BTreeMap<Currency, Sums> = BTreeMap::new();
    for code in currencies(db)? {
        if asked.currency.is_none_or(|only| only == code) {
            by_currency.insert(code, Sums::default());
        }
    }
    open(db, asked, &mut by_account, &mut by_currency, take)?;
    for (currency, number, name, left) in credits_by_account(db, asked)? {
        by_currency.entry(currency).or_default().credit += left;
        if asked.detail == Detail::Sums {
            let row = by_account.entry((currency, number)).or_default();
            (row.name, row.credit) = (name, row.credit + left);
        }
    }
    for ((currency, number), sums) in &by_account {
        let mut row: Vec<Cell> = vec![
            asked.to.into(),
            currency.code().into(),
            number.as_str().into(),
            sums.name.as_str().into(),
        ];
        row.extend(sums.named().into_iter().map(|(_, minor)| currency.amount(minor).into()));
        row.push(sums.oldest.into());
        take(row)?;
    }
    let mut summary = Summary::default();
    for (currency, sums) in &by_currency {
        summary.totals.insert(*currency, sums.named());
    }
    if asked.is_whole() {
        let aged: BTreeMap<_, _> = by_currency.iter().map(|(c, s)| (*c, s.receivable())).collect();
        let left: BTreeMap<_, _> = by_currency.iter().map(|(c, s)| (*c, s.credit)).collect();
        summary.ties.extend(tie(
            "T1 aged = ledger receivable",
            &aged,
            &ledger(db, "receivable", asked.to)?,
        ));
        summary.ties.extend(tie(
            "T2 unapplied = ledger credit",
            &left,
            &ledger(db, "credit", asked.to)?,
        ));
        if !is_moved_after(db, asked.to)? {
            summary.ties.extend(tie("T1 aged = balances of documents", &aged, &balances(db)?));
        }
    }
    Ok(summary)
}

/// What documents say that they are owed now.
fn balances(db: &Db<'_>) -> Result<BTreeMap<Currency, i64>, StoreError> {
    let mut sums = BTreeMap::new();
    db.each(
        "SELECT d.currency, sum(s.balance_minor) FROM document_state s
         JOIN document d ON d.id = s.document_id
         WHERE s.status = 'Posted' AND s.balance_minor > 0 GROUP BY 1",
        [],
        |r| {
            sums.insert(word(r, 0, Currency::parse)?, r.get::<i64>(1)?);
            Ok(())
        },
    )?;
    Ok(sums)
}

fn currencies(db: &Db<'_>) -> Result<Vec<Currency>, StoreError> {
    db.all("SELECT DISTINCT currency FROM account ORDER BY 1", [], |r| word(r, 0, Currency::parse))
}

/// Walks the documents that are open on the day.
fn open(
    db: &Db<'_>,
    asked: &Asked,
    by_account: &mut BTreeMap<(Currency, String), Sums>,
    by_currency: &mut BTreeMap<Currency, Sums>,
    take: Take<'_>,
) -> Result<(), StoreError> {
    let sql = format!(
        "WITH owed AS MATERIALIZED (SELECT document_id AS id, sum(debit_minor - credit_minor) AS open
           FROM ledger_entry NOT INDEXED WHERE account = 'receivable' AND entry_on <= ?1
           GROUP BY +document_id HAVING open <> 0)
         SELECT d.currency, a.number, v.name, v.batch, d.number, d.kind, d.invoice_on, d.due_on,
                d.total_minor, o.open, s.disputed, s.promised_on, d.po_number
         FROM owed o CROSS JOIN document d ON d.id = o.id
         JOIN document_state s ON s.document_id = d.id
         JOIN account a ON a.id = d.account_id
         JOIN account_version v ON v.id = {}
         WHERE +d.status = 'Posted'{}{}",
        account::in_force("d.account_id", "?1"),
        only(asked, "d.currency"),
        if asked.detail == Detail::Sums { "" } else { " ORDER BY d.id" }
    );
    db.each(&sql, [asked.to], |r| {
        let currency = word(r, 0, Currency::parse)?;
        let (due, open): (NaiveDate, i64) = (r.get(7)?, r.get(9)?);
        let days = (asked.to - due).num_days();
        let at = bucket(days);
        let number: String = r.get(1)?;
        by_currency.entry(currency).or_default().buckets[at] += open;
        if asked.detail == Detail::Sums {
            let sums = by_account.entry((currency, number)).or_default();
            sums.buckets[at] += open;
            sums.oldest = sums.oldest.max(days);
            sums.name = r.get(2)?;
            return Ok(());
        }
        take(vec![
            asked.to.into(),
            currency.code().into(),
            number.into(),
            r.get::<String>(2)?.into(),
            r.get::<String>(3)?.into(),
            r.get::<String>(4)?.into(),
            r.get::<String>(5)?.into(),
            r.get::<NaiveDate>(6)?.into(),
            due.into(),
            days.into(),
            BUCKETS[at].0.into(),
            money(r, 0, 8)?.into(),
            currency.amount(open).into(),
            r.get::<String>(10)?.into(),
            r.get::<Option<NaiveDate>>(11)?.into(),
            r.get::<String>(12)?.into(),
        ])
    })
}

/// What accounts have to their credit on the day, below zero.
fn credits_by_account(
    db: &Db<'_>,
    asked: &Asked,
) -> Result<Vec<(Currency, String, String, i64)>, StoreError> {
    let sql = format!(
        "SELECT e.currency, a.number, v.name, e.rest FROM (SELECT currency, account_id,
             sum(debit_minor - credit_minor) AS rest FROM ledger_entry NOT INDEXED
           WHERE account = 'credit' AND entry_on <= ?1 GROUP BY 1, 2 HAVING rest <> 0) e
         JOIN account a ON a.id = e.account_id JOIN account_version v ON v.id = {} WHERE 1{}",
        account::in_force("e.account_id", "?1"),
        only(asked, "e.currency")
    );
    db.all(&sql, [asked.to], |r| {
        Ok((word(r, 0, Currency::parse)?, r.get(1)?, r.get(2)?, r.get(3)?))
    })
}

/// Credit memos and payments of which something is left on the day.
pub fn unapplied(db: &Db<'_>, asked: &Asked, take: Take<'_>) -> Result<Summary, StoreError> {
    let mut left: BTreeMap<Currency, i64> = BTreeMap::new();
    let sql = format!(
        "SELECT e.currency, a.number, coalesce(d.kind, 'payment'),
                coalesce(d.number, printf('P-%06d', e.payment_id)),
                coalesce(d.invoice_on, p.received_on, min(e.entry_on)), coalesce(p.reference, ''),
                coalesce(d.total_minor, p.amount_minor, 0), -sum(e.debit_minor - e.credit_minor) AS rest,
                coalesce((SELECT sum(r.debit_minor - r.credit_minor) FROM document x
                  JOIN ledger_entry r ON r.document_id = x.id AND r.account = 'receivable'
                  WHERE x.account_id = a.id AND x.currency = e.currency AND r.entry_on <= ?1), 0)
         FROM ledger_entry e JOIN account a ON a.id = e.account_id
         JOIN account_version v ON v.id = {}
         LEFT JOIN document d ON d.id = e.document_id LEFT JOIN payment p ON p.id = e.payment_id
         WHERE e.account = 'credit' AND e.entry_on <= ?1{}
         GROUP BY e.currency, a.number, e.document_id, e.payment_id HAVING rest <> 0",
        account::in_force("e.account_id", "?1"),
        only(asked, "e.currency")
    );
    db.each(&sql, [asked.to], |r| {
        let currency = word(r, 0, Currency::parse)?;
        let (on, rest): (NaiveDate, i64) = (r.get(4)?, r.get(7)?);
        *left.entry(currency).or_default() -= rest;
        take(vec![
            asked.to.into(),
            currency.code().into(),
            r.get::<String>(1)?.into(),
            r.get::<String>(2)?.into(),
            r.get::<String>(3)?.into(),
            on.into(),
            r.get::<String>(5)?.into(),
            currency.amount(r.get::<i64>(6)?.abs()).into(),
            currency.amount(rest).into(),
            (asked.to - on).num_days().into(),
            currency.amount(r.get(8)?).into(),
        ])
    })?;
    let mut summary = Summary::default();
    for (currency, sum) in &left {
        summary.totals.insert(*currency, vec![("left".to_owned(), -sum)]);
    }
    if asked.is_whole() {
        let credit = ledger(db, "credit", asked.to)?;
        summary.ties.extend(tie("T2 unapplied = ledger credit", &left, &credit));
        if !is_moved_after(db, asked.to)? {
            summary.ties.extend(tie(
                "T2 unapplied = what memos and payments have",
                &left,
                &kept(db)?,
            ));
        }
    }
    Ok(summary)
}

/// What credit memos and payments say is left of them, below zero.
fn kept(db: &Db<'_>) -> Result<BTreeMap<Currency, i64>, StoreError> {
    let mut sums: BTreeMap<Currency, i64> = BTreeMap::new();
    for sql in [
        "SELECT d.currency, sum(s.balance_minor) FROM document_state s
         JOIN document d ON d.id = s.document_id
         WHERE s.status = 'Posted' AND s.balance_minor < 0 GROUP BY 1",
        "SELECT currency, -sum(unapplied_minor) FROM payment WHERE unapplied_minor > 0 GROUP BY 1",
    ] {
        db.each(sql, [], |r| {
            *sums.entry(word(r, 0, Currency::parse)?).or_default() += r.get::<i64>(1)?;
            Ok(())
        })?;
    }
    Ok(sums)
}
