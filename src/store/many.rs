//! Many rows in one statement. SQLite begins and ends a statement once for all of them, and builds the
//! lists of its CHECKs (`type IN (…)`) once instead of for every row: half of what a row costs.

use super::face::{Bound, params_from_iter};
use super::{StoreError, Tx};

/// Rows in one statement: past this it gets longer but not faster.
const MOST: usize = 32;

/// Inserts rows of `N` columns; `into` is the table with the names of them.
pub(in crate::store) fn insert<'a, const N: usize>(
    tx: &Tx<'_>,
    into: &str,
    rows: impl IntoIterator<Item = [Bound<'a>; N]>,
) -> Result<(), StoreError> {
    let statement = |rows: usize| {
        let row = format!("({})", vec!["?"; N].join(","));
        format!("INSERT INTO {into} VALUES {}", vec![row.as_str(); rows].join(","))
    };
    let (mut full, mut values) = (String::new(), Vec::with_capacity(MOST * N));
    for row in rows {
        values.extend(row);
        if values.len() == MOST * N {
            if full.is_empty() {
                full = statement(MOST);
            }
            tx.run(&full, params_from_iter(values.drain(..)))?;
        }
    }
    if !values.is_empty() {
        tx.run(&statement(values.len() / N), params_from_iter(values))?;
    }
    Ok(())
}
