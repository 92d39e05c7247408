//! What banks and gateways say, beside the ledger: T3 (what is nobody's), T9 (statements) and T10 (what gateways
//! have not paid out, what is under way).

use super::base::{Take, ledger, tie};
use crate::domain::bank::MatchKind;
use crate::domain::ids::{LineId, PaymentId};
use crate::domain::money::Currency;
use crate::domain::report::{Asked, Summary};
use crate::store::bank::{self, statement};
use crate::store::{Db, StoreError, word};
use chrono::NaiveDate;
use std::collections::BTreeMap;

type ByCurrency = BTreeMap<Currency, i64>;

/// SQL of matches that stand on day `?1`.
const STANDING: &str = "m.matched_on <= ?1 AND (m.undone_on IS NULL OR m.undone_on > ?1)";

fn totals(summary: &mut Summary, name: &str, sums: &ByCurrency) {
    for (currency, minor) in sums {
        summary.totals.entry(*currency).or_default().push((name.to_owned(), *minor));
    }
}

/// Of one currency, if one is asked for.
fn only(asked: &Asked, column: &str) -> String {
    asked.currency.map(|c| format!(" AND {column} = '{}'", c.code())).unwrap_or_default()
}

/// Lines of which a part is nobody's on the day.
pub fn unidentified(db: &Db<'_>, asked: &Asked, take: Take<'_>) -> Result<Summary, StoreError> {
    let mut sums = ByCurrency::new();
    let sql = format!(
        "SELECT b.currency, b.name, l.id, l.booked_on, l.amount_minor - coalesce((SELECT sum(m.amount_minor)
             FROM bank_match m WHERE m.line_id = l.id AND {STANDING}), 0) AS left_minor,
           l.payer, substr(l.iban, -4), l.text,
           CASE l.rule WHEN 'conflict' THEN 'names documents of two accounts' ELSE l.why END
         FROM bank_line l JOIN bank_account b ON b.id = l.bank_account_id
         WHERE l.booked_on <= ?1 AND left_minor <> 0{} ORDER BY l.booked_on, l.id",
        only(asked, "b.currency")
    );
    db.each(&sql, [asked.to], |r| {
        let currency = word(r, 0, Currency::parse)?;
        let (on, minor): (NaiveDate, i64) = (r.get(3)?, r.get(4)?);
        *sums.entry(currency).or_default() += minor;
        take(vec![
            asked.to.into(),
            currency.code().into(),
            r.get::<String>(1)?.into(),
            LineId(r.get(2)?).to_string().into(),
            on.into(),
            currency.amount(minor).into(),
            r.get::<String>(5)?.into(),
            r.get::<String>(6)?.into(),
            r.get::<String>(7)?.into(),
            (asked.to - on).num_days().into(),
            r.get::<String>(8)?.into(),
        ])
    })?;
    let mut summary = Summary::default();
    totals(&mut summary, "unidentified", &sums);
    if asked.is_whole() {
        let booked = ledger(db, "unidentified", asked.to)?;
        let owed = booked.into_iter().map(|(currency, minor)| (currency, -minor)).collect();
        summary.ties = tie("T3 unidentified lines = ledger unidentified", &sums, &owed);
    }
    Ok(summary)
}

/// Every line up to the day with what it was matched to.
pub fn bank(db: &Db<'_>, asked: &Asked, take: Take<'_>) -> Result<Summary, StoreError> {
    let sql = format!(
        "SELECT b.currency, b.name, l.id, l.value_on, l.amount_minor - l.charges_minor, l.rule,
           coalesce((SELECT group_concat(CASE WHEN m.payment_id IS NOT NULL
               THEN m.kind || ' ' || printf('P-%06d', m.payment_id)
               WHEN m.payout_id IS NOT NULL THEN 'payout ' || (SELECT name FROM payout p WHERE p.id = m.payout_id)
               ELSE m.kind END, ', ') FROM bank_match m WHERE m.line_id = l.id AND {STANDING}), '')
         FROM bank_line l JOIN bank_account b ON b.id = l.bank_account_id
         WHERE l.value_on BETWEEN ?2 AND ?1{} ORDER BY b.name, l.value_on, l.id",
        only(asked, "b.currency")
    );
    db.each(&sql, (asked.to, asked.from), |r| {
        let currency = word(r, 0, Currency::parse)?;
        let on: NaiveDate = r.get(3)?;
        let matched: String = r.get(6)?;
        take(vec![
            asked.to.into(),
            currency.code().into(),
            r.get::<String>(1)?.into(),
            LineId(r.get(2)?).to_string().into(),
            on.into(),
            currency.amount(r.get(4)?).into(),
            if matched.is_empty() { "unidentified".into() } else { matched.into() },
            (asked.to - on).num_days().into(),
        ])
    })?;
    let (mut said, mut booked) = (ByCurrency::new(), ByCurrency::new());
    for account in bank::all(db)? {
        if asked.currency.is_some_and(|only| only != account.currency) {
            continue;
        }
        let of = account.currency;
        *said.entry(of).or_default() += movement(db, account.id, asked.to)?;
        *booked.entry(of).or_default() += booked_of(db, &account, asked.to)?;
    }
    let mut summary = Summary::default();
    totals(&mut summary, "movement", &said);
    if asked.is_whole() {
        summary.ties = tie("T9 statements = ledger cash and lines booked later", &said, &booked);
    }
    Ok(summary)
}

/// What statements say moved up to a day: the last closing less the first opening, and lines of no statement
/// with balances before and after.
fn movement(db: &Db<'_>, bank_account: i64, to: NaiveDate) -> Result<i64, StoreError> {
    let all = statement::of_account(db, bank_account)?;
    let read =
        |s: &&statement::StatementRow| s.opening_minor.is_some() && s.closing_minor.is_some();
    let first = all.iter().filter(read).min_by_key(|s| (s.from, s.id));
    let last =
        all.iter().filter(read).filter(|s| s.to <= to).max_by_key(|s| (s.to, s.sequence, s.id));
    let lines = |from: NaiveDate, to: NaiveDate| -> Result<i64, StoreError> {
        db.one(
            "SELECT coalesce(sum(amount_minor - charges_minor), 0) FROM bank_line
             WHERE bank_account_id = ?1 AND value_on >= ?2 AND value_on <= ?3",
            (bank_account, from, to),
            |r| r.get(0),
        )
    };
    match (first, last) {
        (Some(first), Some(last)) => {
            let said = last.closing_minor.unwrap_or(0) - first.opening_minor.unwrap_or(0);
            let before = first.from.pred_opt().unwrap_or(first.from);
            let after = last.to.succ_opt().unwrap_or(last.to);
            Ok(said + lines(NaiveDate::MIN, before)? + lines(after, to)?)
        }
        (Some(_) | None, _) => lines(NaiveDate::MIN, to),
    }
}

/// What its lines booked in the ledger up to a day, and those dated until then that are booked later.
fn booked_of(db: &Db<'_>, account: &bank::BankAccount, to: NaiveDate) -> Result<i64, StoreError> {
    let cash: i64 = db.one(
        "SELECT coalesce(sum(debit_minor - credit_minor), 0) FROM ledger_entry
         WHERE account = ?1 AND entry_on <= ?2
           AND txn IN (SELECT txn FROM bank_line WHERE bank_account_id = ?3)",
        (account.cash(), to, account.id),
        |r| r.get(0),
    )?;
    let later: i64 = db.one(
        "SELECT coalesce(sum(amount_minor - charges_minor), 0) FROM bank_line
         WHERE bank_account_id = ?1 AND value_on <= ?2 AND booked_on > ?2",
        (account.id, to),
        |r| r.get(0),
    )?;
    Ok(cash + later)
}

/// What each gateway took and has not paid out, payment by payment, and payouts under way.
pub fn gateway(db: &Db<'_>, asked: &Asked, take: Take<'_>) -> Result<Summary, StoreError> {
    let mut sums = ByCurrency::new();
    let names: Vec<String> = bank::all(db)?.into_iter().map(|b| b.cash()).collect();
    let sql = format!(
        "SELECT currency, gateway, payment_id, number, min(day), sum(minor) AS left_minor FROM (
           SELECT e.currency, e.account AS gateway, e.payment_id, '' AS number,
             (SELECT p.received_on FROM payment p WHERE p.id = e.payment_id) AS day,
             e.debit_minor - e.credit_minor AS minor FROM ledger_entry e
           WHERE e.account LIKE 'cash:%' AND e.payment_id IS NOT NULL AND e.entry_on <= ?1
           UNION ALL SELECT o.currency, 'cash:' || o.gateway, w.payment_id,
             iif(w.payment_id IS NULL, o.name || ' ' || w.reference, ''), o.booked_on, -w.gross_minor
           FROM payout o JOIN payout_row w ON w.payout_id = o.id WHERE o.booked_on <= ?1
           UNION ALL SELECT p.currency, 'cash:' || iif(p.gateway = 'bank', 'outside', p.gateway), p.id, '',
             p.received_on, -m.amount_minor FROM bank_match m JOIN payment p ON p.id = m.payment_id
           WHERE m.kind = 'recorded' AND {STANDING}
           UNION ALL SELECT d.currency, 'cash:outside', NULL, d.number, f.refunded_on, -f.amount_minor
           FROM memo_refund f JOIN document d ON d.id = f.document_id WHERE f.refunded_on <= ?1)
         WHERE 1 = 1{} GROUP BY 1, 2, 3, 4 HAVING left_minor <> 0 ORDER BY 1, 2, 5, 3, 4",
        only(asked, "currency")
    );
    db.each(&sql, [asked.to], |r| {
        let (currency, gateway) = (word(r, 0, Currency::parse)?, r.get::<String>(1)?);
        if names.contains(&gateway) {
            return Ok(());
        }
        let payment: Option<i64> = r.get(2)?;
        let (day, minor): (Option<NaiveDate>, i64) = (r.get(4)?, r.get(5)?);
        *sums.entry(currency).or_default() += minor;
        take(vec![
            asked.to.into(),
            currency.code().into(),
            gateway.trim_start_matches("cash:").into(),
            if payment.is_some() { "payment".into() } else { "other".into() },
            payment.map_or(r.get::<String>(3)?, |id| PaymentId(id).to_string()).into(),
            day.into(),
            currency.amount(minor).into(),
            "".into(),
            (asked.to - day.unwrap_or(asked.to)).num_days().into(),
        ])
    })?;
    let way = on_the_way(db, asked, take)?;
    let mut summary = Summary::default();
    totals(&mut summary, "not_paid_out", &sums);
    totals(&mut summary, "transit", &way);
    if asked.is_whole() {
        let mut cash = ledger(db, "cash:%", asked.to)?;
        for name in &names {
            for (currency, minor) in ledger(db, name, asked.to)? {
                *cash.entry(currency).or_default() -= minor;
            }
        }
        summary.ties = tie("T10 not paid out = ledger cash of gateways", &sums, &cash);
        let transit = ledger(db, "transit", asked.to)?;
        summary.ties.extend(tie("T10 payouts under way = ledger transit", &way, &transit));
    }
    Ok(summary)
}

/// Payouts that no bank has on the day, and our own money between two banks.
fn on_the_way(db: &Db<'_>, asked: &Asked, take: Take<'_>) -> Result<ByCurrency, StoreError> {
    let mut way = ByCurrency::new();
    let kinds = [MatchKind::Payout, MatchKind::Transfer].map(|kind| format!("'{kind}'")).join(",");
    let sql = format!(
        "SELECT currency, what, gateway, number, min(day), sum(minor) AS left_minor FROM (
           SELECT o.currency, 'payout' AS what, o.gateway, o.name AS number, o.booked_on AS day,
             o.net_minor AS minor FROM payout o WHERE o.booked_on <= ?1
           UNION ALL SELECT b.currency, iif(m.payout_id IS NULL, 'transfer', 'payout'),
             coalesce(o.gateway, b.name), coalesce(o.name, printf('BL-%06d', m.line_id)), m.matched_on,
             -m.amount_minor FROM bank_match m JOIN bank_line l ON l.id = m.line_id
             JOIN bank_account b ON b.id = l.bank_account_id LEFT JOIN payout o ON o.id = m.payout_id
           WHERE m.kind IN ({kinds}) AND {STANDING})
         WHERE 1 = 1{} GROUP BY 1, 2, 3, 4 HAVING left_minor <> 0 ORDER BY 1, 3, 5, 4",
        only(asked, "currency")
    );
    db.each(&sql, [asked.to], |r| {
        let currency = word(r, 0, Currency::parse)?;
        let (day, minor): (NaiveDate, i64) = (r.get(4)?, r.get(5)?);
        *way.entry(currency).or_default() += minor;
        take(vec![
            asked.to.into(),
            currency.code().into(),
            r.get::<String>(2)?.into(),
            r.get::<String>(1)?.into(),
            r.get::<String>(3)?.into(),
            day.into(),
            currency.amount(minor).into(),
            "under way".into(),
            (asked.to - day).num_days().into(),
        ])
    })?;
    Ok(way)
}
