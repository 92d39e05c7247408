//! What waits for people: accounts by what is overdue and who sees to it, and debits that are announced.

use super::base::{Take, only, tie};
use crate::domain::decline;
use crate::domain::money::Currency;
use crate::domain::payment::{DeclineClass, MethodKind};
use crate::domain::report::{Asked, Summary};
use crate::store::{Db, StoreError, account, word};
use chrono::{Datelike, Days, NaiveDate, Weekday};
use std::collections::BTreeMap;

/// Of one account and currency.
#[derive(Default)]
struct Waits {
    name: String,
    overdue: i64,
    oldest: i64,
    broken: i64,
    disputes: i64,
    contact: Option<NaiveDate>,
    next: Option<NaiveDate>,
    owner: String,
}

/// Accounts that somebody must see to: overdue, a promise that was broken, or a dispute; those that owe most
/// overdue first.
pub fn worklist(db: &Db<'_>, asked: &Asked, take: Take<'_>) -> Result<Summary, StoreError> {
    let sql = format!(
        "SELECT d.currency, a.number, v.name, d.due_on,
                (SELECT sum(e.debit_minor - e.credit_minor) FROM ledger_entry e
                  WHERE e.document_id = d.id AND e.account = 'receivable' AND e.entry_on <= ?1) AS open,
                (SELECT count(*) FROM promise p WHERE p.document_id = d.id AND p.state = 'broken'
                  AND p.promised_on <= ?1),
                (SELECT count(*) FROM dispute x WHERE x.document_id = d.id AND x.state = 'open'),
                coalesce((SELECT x.owner FROM dispute x WHERE x.document_id = d.id AND x.state = 'open'
                  ORDER BY x.id DESC LIMIT 1), ''),
                (SELECT date(max(t) / 1000, 'unixepoch') FROM (SELECT s.reminded_at AS t
                  UNION ALL SELECT max(n.at) FROM note n WHERE n.account_id = a.id
                  UNION ALL SELECT max(c.ended_at) FROM statement_copy c
                    WHERE c.account_id = a.id AND c.status = 'Sent')),
                (SELECT min(p.promised_on) FROM promise p WHERE p.document_id = d.id AND p.state = 'open'),
                date(s.next_retry_at / 1000, 'unixepoch')
         FROM document d JOIN document_state s ON s.document_id = d.id
         JOIN account a ON a.id = d.account_id
         JOIN account_version v ON v.id = {}
         WHERE +d.status = 'Posted' AND open > 0{} ORDER BY d.id",
        account::in_force("d.account_id", "?1"),
        only(asked, "d.currency")
    );
    let mut all: BTreeMap<(Currency, String), Waits> = BTreeMap::new();
    db.each(&sql, [asked.to], |r| {
        let key = (word(r, 0, Currency::parse)?, r.get::<String>(1)?);
        let days = (asked.to - r.get::<NaiveDate>(3)?).num_days();
        let of = all.entry(key).or_default();
        of.name = r.get(2)?;
        if days > 0 {
            of.overdue += r.get::<i64>(4)?;
            of.oldest = of.oldest.max(days);
        }
        of.broken += r.get::<i64>(5)?;
        of.disputes += r.get::<i64>(6)?;
        let owner: String = r.get(7)?;
        if !owner.is_empty() && !of.owner.split(", ").any(|known| known == owner) {
            let and = if of.owner.is_empty() { "" } else { ", " };
            of.owner.push_str(&format!("{and}{owner}"));
        }
        of.contact = of.contact.max(r.get(8)?);
        for day in [r.get::<Option<NaiveDate>>(9)?, r.get(10)?].into_iter().flatten() {
            of.next = Some(of.next.map_or(day, |next| next.min(day)));
        }
        Ok(())
    })?;
    all.retain(|_, of| of.overdue > 0 || of.broken > 0 || of.disputes > 0);
    let mut rows: Vec<_> = all.into_iter().collect();
    rows.sort_by(|(a, x), (b, y)| {
        (a.0, -x.overdue, -x.oldest, &a.1).cmp(&(b.0, -y.overdue, -y.oldest, &b.1))
    });
    let mut sums: BTreeMap<Currency, i64> = BTreeMap::new();
    for ((currency, number), of) in rows {
        *sums.entry(currency).or_default() += of.overdue;
        take(vec![
            number.into(),
            of.name.into(),
            currency.code().into(),
            currency.amount(of.overdue).into(),
            of.oldest.into(),
            of.broken.into(),
            of.disputes.into(),
            of.contact.into(),
            of.next.into(),
            of.owner.into(),
        ])?;
    }
    let mut summary = Summary::default();
    for (currency, sum) in &sums {
        summary.totals.insert(*currency, vec![("overdue".to_owned(), *sum)]);
    }
    if asked.is_whole() {
        summary.ties = tie("overdue = aged past due", &sums, &overdue(db, asked.to)?);
    }
    Ok(summary)
}

/// What is past due on a day, by the ledger alone.
fn overdue(db: &Db<'_>, on: NaiveDate) -> Result<BTreeMap<Currency, i64>, StoreError> {
    let mut sums = BTreeMap::new();
    db.each(
        "SELECT currency, sum(sum) FROM (SELECT e.currency, sum(e.debit_minor - e.credit_minor) AS sum
           FROM ledger_entry e JOIN document d ON d.id = e.document_id
           WHERE e.account = 'receivable' AND e.entry_on <= ?1 AND d.due_on < ?1
           GROUP BY e.document_id) WHERE sum > 0 GROUP BY 1",
        [on],
        |r| {
            sums.insert(word(r, 0, Currency::parse)?, r.get::<i64>(1)?);
            Ok(())
        },
    )?;
    Ok(sums)
}

/// How far back returns are counted, days.
const HISTORY: u64 = 365;

/// What was collected by a gateway, and what came back of it by class; minor units.
#[derive(Default)]
struct History {
    collected: i64,
    back: [i64; DeclineClass::ALL.len()],
}

/// Debits that payment runs will make by what is known now: by the day on which they fall due (after a promise, or
/// on the day of a retry), with the returns that so much brought in the year before.
pub fn debits(db: &Db<'_>, asked: &Asked, take: Take<'_>) -> Result<Summary, StoreError> {
    let history = history(db, asked.to)?;
    let sql = format!(
        "SELECT c.currency, max(CASE c.verdict WHEN 'charge' THEN c.due_on
                  ELSE date((c.ask_at + 50400000) / 1000, 'unixepoch') END, ?1) AS day, m.gateway, m.kind, count(*), sum(c.balance_minor)
         FROM collectible c JOIN account a ON a.id = c.account_id
         JOIN account_version v ON v.id = {}
         JOIN payment_method m ON m.id = (SELECT u.id FROM payment_method u
           WHERE u.account_id = c.account_id AND u.status = 'active' ORDER BY u.priority, u.id LIMIT 1)
         WHERE c.verdict <> 'leave' AND c.until_on >= c.due_on{} GROUP BY 1, 2, 3, 4 ORDER BY day, m.gateway, c.currency, m.kind",
        account::in_force("c.account_id", "?1"),
        only(asked, "c.currency")
    );
    let mut sums: BTreeMap<Currency, i64> = BTreeMap::new();
    db.each(&sql, [asked.to], |r| {
        let currency = word(r, 0, Currency::parse)?;
        let (day, gateway): (NaiveDate, String) = (r.get(1)?, r.get(2)?);
        let kind = word(r, 3, MethodKind::parse)?;
        let amount: i64 = r.get(5)?;
        *sums.entry(currency).or_default() += amount;
        let known = history.get(&(currency, gateway.clone()));
        let cut_off = match kind {
            MethodKind::Sepa | MethodKind::Ach => Some(banking_day_before(day)),
            MethodKind::Card => None,
        };
        let mut row = vec![
            day.into(),
            gateway.into(),
            kind.as_str().into(),
            currency.code().into(),
            r.get::<i64>(4)?.into(),
            currency.amount(amount).into(),
        ];
        for at in 0..DeclineClass::ALL.len() {
            let expected = known.map_or(0, |history| share(amount, history, at));
            row.push(currency.amount(expected).into());
        }
        row.push(cut_off.into());
        take(row)
    })?;
    let totals = sums.into_iter().map(|(c, sum)| (c, vec![("amount".to_owned(), sum)]));
    Ok(Summary { totals: totals.collect(), ..Summary::default() })
}

/// Its share of an amount, rounded down.
fn share(amount: i64, history: &History, at: usize) -> i64 {
    if history.collected <= 0 {
        return 0;
    }
    let exact = i128::from(amount) * i128::from(history.back[at]) / i128::from(history.collected);
    i64::try_from(exact).unwrap_or(amount)
}

fn history(
    db: &Db<'_>,
    today: NaiveDate,
) -> Result<BTreeMap<(Currency, String), History>, StoreError> {
    let since = today.checked_sub_days(Days::new(HISTORY)).unwrap_or(NaiveDate::MIN);
    let mut all: BTreeMap<(Currency, String), History> = BTreeMap::new();
    db.each(
        "SELECT currency, gateway, sum(amount_minor) FROM payment
         WHERE method_id IS NOT NULL AND status = 'Approved' AND received_on BETWEEN ?1 AND ?2
         GROUP BY 1, 2",
        (since, today),
        |r| {
            let key = (word(r, 0, Currency::parse)?, r.get(1)?);
            all.entry(key).or_default().collected = r.get(2)?;
            Ok(())
        },
    )?;
    db.each(
        "SELECT p.currency, p.gateway, x.reference, sum(x.amount_minor) FROM payment_event x
         JOIN payment p ON p.id = x.payment_id
         WHERE x.kind IN ('return','chargeback') AND x.status = 'Done' AND p.method_id IS NOT NULL
           AND p.received_on BETWEEN ?1 AND ?2 GROUP BY 1, 2, 3",
        (since, today),
        |r| {
            let key = (word(r, 0, Currency::parse)?, r.get(1)?);
            let class = decline::meaning(&r.get::<String>(2)?).class;
            let at = DeclineClass::ALL.iter().position(|known| *known == class).unwrap_or(0);
            all.entry(key).or_default().back[at] += r.get::<i64>(3)?;
            Ok(())
        },
    )?;
    Ok(all)
}

/// The last day before one that is no Saturday or Sunday: a file of debits is at the bank by then.
fn banking_day_before(day: NaiveDate) -> NaiveDate {
    let mut before = day;
    while let Some(earlier) = before.pred_opt() {
        before = earlier;
        if !matches!(before.weekday(), Weekday::Sat | Weekday::Sun) {
            break;
        }
    }
    before
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_at_the_bank_on_the_banking_day_before() {
        for (day, cut_off) in [
            ("2026-12-01", "2026-11-30"),
            ("2026-11-30", "2026-11-27"),
            ("2026-11-29", "2026-11-27"),
        ] {
            assert_eq!(banking_day_before(day.parse().unwrap()), cut_off.parse().unwrap());
        }
    }

    #[test]
    fn a_share_is_of_what_came_back() {
        let history = History { collected: 200_000, back: [3_000, 0, 0, 0] };
        assert_eq!(share(10_000, &history, 0), 150);
        assert_eq!(share(10_000, &History::default(), 0), 0);
    }
}
