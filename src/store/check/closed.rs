//! Closed months: what was booked in them is as it was.

use super::found::Found;
use crate::domain::book_period::PeriodStatus;
use crate::store::{Db, StoreError, book_period};

/// The ledger of each closed month against its seal and its sums.
pub fn unchanged(db: &Db<'_>, found: &mut Found) -> Result<(), StoreError> {
    for row in book_period::list(db)? {
        if row.status == PeriodStatus::Open {
            continue;
        }
        let month = row.month;
        let now = book_period::seal(db, month, row.is_first)?;
        if now.entries != row.entries {
            let (had, has) = (row.entries, now.entries);
            found.add(format!("{month} was closed with {had} entries of the ledger and has {has}"));
        } else if now.seal != row.seal {
            found.add(format!("an entry of {month} is not what it was when it was closed"));
        }
        if book_period::sums_at_close(db, month)? != now.sums {
            found.add(format!("the sums of {month} are not those with which it was closed"));
        }
    }
    Ok(())
}

/// Lines against their releases, and what is left of them against the ledger, by account and currency.
pub const DEFERRED: &str = "
SELECT printf('line %d is released by %d, its releases sum to %d', l.item_id, l.released_minor, coalesce(r.minor, 0))
FROM deferred_line l
LEFT JOIN (SELECT item_id, sum(amount_minor) AS minor FROM deferred_release GROUP BY 1) r ON r.item_id = l.item_id
WHERE l.released_minor <> coalesce(r.minor, 0)
UNION ALL
SELECT printf('%s of account %d: %d %s are left of its lines, the ledger has %d', account, account_id, sum(minor), currency, -sum(booked))
FROM (
  SELECT 'deferred' || iif(revenue_account = '', '', ':' || revenue_account) AS account, account_id, currency,
         amount_minor - released_minor AS minor, 0 AS booked FROM deferred_line
  UNION ALL
  SELECT account, account_id, currency, 0, debit_minor - credit_minor FROM ledger_entry
   WHERE account = 'deferred' OR account LIKE 'deferred:%')
GROUP BY account, account_id, currency HAVING sum(minor) + sum(booked) <> 0
UNION ALL
SELECT printf('line %d is deferred and of D-%06d, which is %s', l.item_id, l.document_id, coalesce(d.status, 'not there'))
FROM deferred_line l LEFT JOIN document d ON d.id = l.document_id WHERE d.status IS NOT 'Posted'";
