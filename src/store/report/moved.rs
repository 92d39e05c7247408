//! What moved: every account of the ledger, what was earned, what was given up or back.

use super::base::{self, Take, only, tie};
use crate::domain::money::Currency;
use crate::domain::report::{Asked, Cell, Detail, Summary};
use crate::store::{Db, StoreError, account, money, word};
use chrono::NaiveDate;
use std::collections::BTreeMap;

/// Opening, debits, credits and closing of each account of the ledger; what is on a day has no opening.
pub fn trial_balance(db: &Db<'_>, asked: &Asked, take: Take<'_>) -> Result<Summary, StoreError> {
    let mut sums: BTreeMap<Currency, [i64; 3]> = BTreeMap::new();
    for ((currency, account), [opening, debit, credit]) in by_ledger(db, asked)? {
        let all = sums.entry(currency).or_default();
        for (sum, more) in all.iter_mut().zip([opening, debit, credit]) {
            *sum += more;
        }
        take(vec![
            asked.to.into(),
            currency.code().into(),
            account.into(),
            currency.amount(opening).into(),
            currency.amount(debit).into(),
            currency.amount(credit).into(),
            currency.amount(opening + debit - credit).into(),
        ])?;
    }
    let mut summary = Summary::default();
    let (mut debits, mut credits) = (BTreeMap::new(), BTreeMap::new());
    for (currency, [opening, debit, credit]) in sums {
        let named = [("opening", opening), ("debit", debit), ("credit", credit)];
        let named = named.map(|(name, sum)| (name.to_owned(), sum));
        summary.totals.insert(currency, named.into());
        debits.insert(currency, opening + debit);
        credits.insert(currency, credit);
    }
    summary.ties = tie("debits = credits", &debits, &credits);
    Ok(summary)
}

/// What each account of the ledger came to before a day, and its debits and credits since, minor units. Nearly
/// every entry is read, in the order in which they lie, and summed here: to sort them takes thrice as long.
fn by_ledger(
    db: &Db<'_>,
    asked: &Asked,
) -> Result<BTreeMap<(Currency, String), [i64; 3]>, StoreError> {
    let only = asked.currency.map(|c| format!(" AND currency = '{}'", c.code()));
    let sql = format!(
        "SELECT currency, account, entry_on < ?1, debit_minor, credit_minor
         FROM ledger_entry NOT INDEXED WHERE entry_on <= ?2{}",
        only.unwrap_or_default()
    );
    let mut sums: Vec<(Currency, String, [i64; 3])> = Vec::new();
    db.each(&sql, (asked.from, asked.to), |r| {
        let (code, account) = (r.text(0)?, r.text(1)?);
        let is = |(currency, name, _): &(Currency, String, _)| {
            name == account && currency.code() == code
        };
        let at = if let Some(at) = sums.iter().position(is) {
            at
        } else {
            sums.push((word(r, 0, Currency::parse)?, account.to_owned(), [0; 3]));
            sums.len() - 1
        };
        let [opening, debits, credits] = &mut sums[at].2;
        let (debit, credit): (i64, i64) = (r.get(3)?, r.get(4)?);
        if r.get(2)? {
            *opening += debit - credit;
        } else {
            (*debits, *credits) = (*debits + debit, *credits + credit);
        }
        Ok(())
    })?;
    Ok(sums.into_iter().map(|(currency, name, sums)| ((currency, name), sums)).collect())
}

/// What was earned in a span of days, by account of revenue.
pub fn revenue(db: &Db<'_>, asked: &Asked, take: Take<'_>) -> Result<Summary, StoreError> {
    let mut sums: BTreeMap<Currency, i64> = base::currencies(db, asked)?;
    let sql = format!(
        "SELECT e.currency, e.account, -sum(e.debit_minor - e.credit_minor)
         FROM ledger_entry e JOIN account a ON a.id = e.account_id
         JOIN account_version v ON v.id = {}
         WHERE (e.account = 'revenue' OR e.account LIKE 'revenue:%')
           AND e.entry_on BETWEEN ?1 AND ?2{} GROUP BY 1, 2 ORDER BY 1, 2",
        account::in_force("e.account_id", "?2"),
        only(asked, "e.currency")
    );
    db.each(&sql, (asked.from, asked.to), |r| {
        let currency = word(r, 0, Currency::parse)?;
        let minor: i64 = r.get(2)?;
        *sums.entry(currency).or_default() += minor;
        take(vec![
            asked.from.into(),
            asked.to.into(),
            currency.code().into(),
            r.get::<String>(1)?.into(),
            currency.amount(minor).into(),
        ])
    })?;
    let totals = sums.into_iter().map(|(c, sum)| (c, vec![("revenue".to_owned(), sum)]));
    Ok(Summary { totals: totals.collect(), ..Summary::default() })
}

/// What people gave up or gave back in a span of days, by the record of deeds.
pub fn adjustments(db: &Db<'_>, asked: &Asked, take: Take<'_>) -> Result<Summary, StoreError> {
    let mut by_user: BTreeMap<(String, String, Currency), (i64, i64)> = BTreeMap::new();
    let mut sums: BTreeMap<Currency, i64> = BTreeMap::new();
    let sql = format!(
        "SELECT f.currency, f.user_name, CASE WHEN c.source = 'dunning' THEN 'waive'
                WHEN d.source IN ('reverse','void') AND EXISTS (SELECT 1 FROM document n
                  WHERE n.corrects_id = d.corrects_id AND n.kind = 'invoice') THEN 'reissue'
                WHEN d.source = 'reverse' THEN 'reversal' WHEN d.source = 'void' THEN 'void'
                ELSE replace(replace(f.kind, ' ', '_'), '-', '_') END,
                coalesce(d.number, iif(f.payment_id IS NULL, '', printf('P-%06d', f.payment_id))), f.done_on,
                coalesce(c.number, ''), a.number, f.amount_minor,
                coalesce(nullif(d.reason, ''), x.reference, ''), f.second_name
         FROM deed f JOIN account a ON a.id = f.account_id
         JOIN account_version v ON v.id = {}
         LEFT JOIN document d ON d.id = f.document_id LEFT JOIN document c ON c.id = d.corrects_id
         LEFT JOIN payment_event x ON x.id = f.event_id
         WHERE f.kind IN ('credit memo','write-off','refund') AND f.done_on BETWEEN ?1 AND ?2
           AND coalesce(d.status, 'Posted') = 'Posted' AND coalesce(x.status, 'Done') <> 'Failed'{}
         ORDER BY f.id",
        account::in_force("f.account_id", "?2"),
        only(asked, "f.currency")
    );
    db.each(&sql, (asked.from, asked.to), |r| {
        let currency = word(r, 0, Currency::parse)?;
        let (user, kind): (String, String) = (r.get(1)?, r.get(2)?);
        let minor: i64 = r.get(7)?;
        *sums.entry(currency).or_default() += minor;
        if asked.detail == Detail::Sums {
            let all = by_user.entry((user, kind, currency)).or_default();
            (all.0, all.1) = (all.0 + 1, all.1 + minor);
            return Ok(());
        }
        take(vec![
            asked.from.into(),
            asked.to.into(),
            user.into(),
            kind.into(),
            r.get::<String>(3)?.into(),
            r.get::<NaiveDate>(4)?.into(),
            r.get::<String>(5)?.into(),
            r.get::<String>(6)?.into(),
            currency.code().into(),
            money(r, 0, 7)?.into(),
            r.get::<String>(8)?.into(),
            r.get::<String>(9)?.into(),
        ])
    })?;
    for ((user, kind, currency), (count, minor)) in by_user {
        let amount = Cell::from(currency.amount(minor));
        take(vec![user.into(), kind.into(), currency.code().into(), count.into(), amount])?;
    }
    let totals = sums.into_iter().map(|(c, sum)| (c, vec![("amount".to_owned(), sum)]));
    Ok(Summary { totals: totals.collect(), ..Summary::default() })
}
