//! What every report needs: sums of the ledger, ties, and whose rows are asked for.

use crate::domain::money::Currency;
use crate::domain::report::{Asked, Cell, Tie};
use crate::store::{Db, StoreError, word};
use chrono::NaiveDate;
use std::collections::BTreeMap;

/// Takes a row.
pub type Take<'t> = &'t mut dyn FnMut(Vec<Cell>) -> Result<(), StoreError>;

/// What a ledger account (or those that begin so, with `%`) comes to by the end of a day, by currency,
/// minor units; zero is left out.
pub(super) fn ledger(
    db: &Db<'_>,
    account: &str,
    to: NaiveDate,
) -> Result<BTreeMap<Currency, i64>, StoreError> {
    let mut sums = BTreeMap::new();
    let is = if account.ends_with('%') { "LIKE" } else { "=" };
    // Nearly all of it is read: in the order in which it lies.
    let sql = format!(
        "SELECT currency, sum(debit_minor - credit_minor) FROM ledger_entry NOT INDEXED
         WHERE account {is} ?1 AND entry_on <= ?2 GROUP BY 1"
    );
    db.each(&sql, (account, to), |r| {
        sums.insert(word(r, 0, Currency::parse)?, r.get::<i64>(1)?);
        Ok(())
    })?;
    sums.retain(|_, sum| *sum != 0);
    Ok(sums)
}

/// Every currency in which anything is booked, of those that are asked for: each with nothing.
pub(super) fn currencies(
    db: &Db<'_>,
    asked: &Asked,
) -> Result<BTreeMap<Currency, i64>, StoreError> {
    let all =
        db.all("SELECT DISTINCT currency FROM account", [], |r| word(r, 0, Currency::parse))?;
    let wanted = |c: &Currency| asked.currency.is_none_or(|only| only == *c);
    Ok(all.into_iter().filter(wanted).map(|currency| (currency, 0)).collect())
}

/// A tie of each currency that either side has.
pub(super) fn tie(
    name: &'static str,
    left: &BTreeMap<Currency, i64>,
    right: &BTreeMap<Currency, i64>,
) -> Vec<Tie> {
    let of = |side: &BTreeMap<Currency, i64>, currency| side.get(&currency).copied().unwrap_or(0);
    let all: std::collections::BTreeSet<Currency> =
        left.keys().chain(right.keys()).copied().collect();
    all.into_iter()
        .map(|currency| Tie {
            name,
            currency,
            left: of(left, currency),
            right: of(right, currency),
        })
        .collect()
}

/// Whether anything is booked after a day.
pub(super) fn is_moved_after(db: &Db<'_>, day: NaiveDate) -> Result<bool, StoreError> {
    db.any("SELECT 1 FROM ledger_entry WHERE entry_on > ?1", [day])
}

/// SQL of the accounts that are asked for, `a` being the account and `v` its version; parameters are
/// texts that hold no quote (`refused_text`).
pub(super) fn only(asked: &Asked, currency: &str) -> String {
    let mut sql = String::new();
    let quoted = |text: &str| text.replace('\'', "''");
    if let Some(number) = &asked.account {
        sql.push_str(&format!(" AND a.number = '{}'", quoted(number)));
    }
    if let Some(batch) = &asked.batch {
        sql.push_str(&format!(" AND v.batch = '{}'", quoted(batch)));
    }
    if let Some(code) = asked.currency {
        sql.push_str(&format!(" AND {currency} = '{}'", code.code()));
    }
    sql
}
