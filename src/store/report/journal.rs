//! The entries of the ledger in their order: what any sum of it is made of.

use super::base::{Take, only, tie};
use crate::domain::money::Currency;
use crate::domain::report::{Asked, Cell, Summary};
use crate::store::{Db, StoreError, account, money, word};
use chrono::NaiveDate;
use std::collections::BTreeMap;

/// Each entry of a span of days, by day and transaction; debits equal credits where all of them are.
pub fn read(db: &Db<'_>, asked: &Asked, take: Take<'_>) -> Result<Summary, StoreError> {
    let mut sums: BTreeMap<Currency, [i64; 2]> = BTreeMap::new();
    let sql = format!(
        "SELECT e.currency, e.entry_on, e.account, e.debit_minor, e.credit_minor, coalesce(a.number, ''),
                coalesce(d.number, ''), iif(e.payment_id IS NULL, '', printf('P-%06d', e.payment_id))
         FROM ledger_entry e LEFT JOIN account a ON a.id = e.account_id
         LEFT JOIN account_version v ON v.id = {}
         LEFT JOIN document d ON d.id = e.document_id
         WHERE e.entry_on BETWEEN ?1 AND ?2 AND (?3 = '' OR e.account = ?3){}
         ORDER BY e.entry_on, e.txn, e.id",
        account::in_force("e.account_id", "?2"),
        only(asked, "e.currency")
    );
    let ledger = asked.ledger.as_deref().unwrap_or_default();
    db.each(&sql, (asked.from, asked.to, ledger), |r| {
        let currency = word(r, 0, Currency::parse)?;
        let (debit, credit): (i64, i64) = (r.get(3)?, r.get(4)?);
        let sum = sums.entry(currency).or_default();
        *sum = [sum[0] + debit, sum[1] + credit];
        let side = |at: usize, minor: i64| match minor {
            0 => Ok::<_, StoreError>(Cell::Nothing),
            _ => Ok(money(r, 0, at)?.into()),
        };
        take(vec![
            r.get::<NaiveDate>(1)?.into(),
            r.get::<String>(2)?.into(),
            side(3, debit)?,
            side(4, credit)?,
            currency.code().into(),
            r.get::<String>(5)?.into(),
            r.get::<String>(6)?.into(),
            r.get::<String>(7)?.into(),
        ])
    })?;
    let mut summary = Summary::default();
    let (mut debits, mut credits) = (BTreeMap::new(), BTreeMap::new());
    for (currency, [debit, credit]) in sums {
        let named = [("debit", debit), ("credit", credit)];
        let named = named.map(|(name, sum)| (name.to_owned(), sum));
        summary.totals.insert(currency, named.into());
        debits.insert(currency, debit);
        credits.insert(currency, credit);
    }
    if asked.ledger.is_none() && asked.account.is_none() && asked.batch.is_none() {
        summary.ties = tie("debits = credits", &debits, &credits);
    }
    Ok(summary)
}
