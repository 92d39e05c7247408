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
