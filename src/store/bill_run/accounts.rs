//! Which accounts a run takes.

use super::{AccountFilter, BillRunRow};
use crate::domain::ids::AccountId;
use crate::store::{Db, StoreError};
use chrono::NaiveDate;

const CURRENT: &str = "v.id = coalesce(
    (SELECT w.id FROM account_version w WHERE w.account_id = a.id AND w.effective_from_on <= ?1
     ORDER BY w.effective_from_on DESC, w.seq DESC LIMIT 1),
    (SELECT w.id FROM account_version w WHERE w.account_id = a.id ORDER BY w.effective_from_on, w.seq LIMIT 1))";

const MATCHES: &str = "(?2 = '' OR instr(?2, char(31) || v.batch || char(31)) > 0)
    AND (?3 IS NULL OR a.number = ?3) AND v.bill_cycle_day BETWEEN ?4 AND ?5
    AND (?6 IS NULL OR EXISTS (SELECT 1 FROM bill_run_failure f WHERE f.run_id = ?6 AND f.account_id = a.id))";

type FilterValues<'a> = (NaiveDate, String, Option<&'a str>, u32, u32, Option<i64>);

fn values(filter: &AccountFilter, on: NaiveDate) -> FilterValues<'_> {
    let batches = if filter.batches.is_empty() {
        String::new()
    } else {
        format!("\u{1f}{}\u{1f}", filter.batches.join("\u{1f}"))
    };
    let (low, high) = filter.bcd.unwrap_or((1, 31));
    (on, batches, filter.account.as_deref(), low, high, filter.failed_of)
}

/// How many accounts a filter takes on a day.
pub fn count_accounts(
    db: &Db<'_>,
    filter: &AccountFilter,
    on: NaiveDate,
) -> Result<i64, StoreError> {
    let (on, batches, account, low, high, failed) = values(filter, on);
    db.one(
        &format!(
            "SELECT count(*) FROM account a JOIN account_version v ON v.account_id = a.id
             AND {CURRENT} WHERE {MATCHES}"
        ),
        (on, batches, account, low, high, failed),
        |r| r.get(0),
    )
}

/// The next accounts a filter takes, by id.
pub fn next_accounts(
    db: &Db<'_>,
    filter: &AccountFilter,
    on: NaiveDate,
    after: i64,
    limit: u32,
) -> Result<Vec<AccountId>, StoreError> {
    let (on, batches, account, low, high, failed) = values(filter, on);
    db.all(
        &format!(
            "SELECT a.id FROM account a JOIN account_version v ON v.account_id = a.id AND {CURRENT}
         WHERE {MATCHES} AND a.id > ?7 ORDER BY a.id LIMIT ?8"
        ),
        (on, batches, account, low, high, failed, after, limit),
        |r| r.get(0).map(AccountId),
    )
}

/// Which of `accounts` another run's filter takes too.
pub fn taken_by(
    db: &Db<'_>,
    run: &BillRunRow,
    accounts: &[AccountId],
) -> Result<Vec<AccountId>, StoreError> {
    let (on, batches, account, low, high, failed) = values(&run.params.filter, run.run_on);
    let sql = format!(
        "SELECT 1 FROM account a JOIN account_version v ON v.account_id = a.id AND {CURRENT}
         WHERE {MATCHES} AND a.id = ?7"
    );
    let mut taken = Vec::new();
    for one in accounts {
        if db.any(&sql, (on, &batches, account, low, high, failed, one.0))? {
            taken.push(*one);
        }
    }
    Ok(taken)
}
