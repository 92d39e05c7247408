//! Many rows in one statement. SQLite begins and ends a statement once for all of them, keeps what it
//! would take back of each page once, and builds the lists of its CHECKs (`type IN (…)`) once instead
//! of for every row: half of what a row costs.

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
    change(tx, &format!("INSERT INTO {into} "), "", rows).map(|_| ())
}

/// Runs a statement that stands around a list of rows, `before` + `VALUES (…),(…)` + `after`, in
/// which they are `column1` to `columnN`; gives how many rows it changed. What comes after a round
/// number of rows goes in halves, so that few texts stay prepared.
pub(in crate::store) fn change<'a, const N: usize>(
    tx: &Tx<'_>,
    before: &str,
    after: &str,
    rows: impl IntoIterator<Item = [Bound<'a>; N]>,
) -> Result<usize, StoreError> {
    let row = format!("({})", vec!["?"; N].join(","));
    let text = |rows: usize| {
        let list = vec![row.as_str(); rows].join(",");
        format!("{before}VALUES {list}{after}")
    };
    let run = |values: &mut Vec<Bound<'a>>, rows: usize, sql: &str| {
        tx.run(sql, params_from_iter(values.drain(..rows * N)))
    };
    let mut most = None;
    let (mut changed, mut values) = (0, Vec::with_capacity(MOST * N));
    for row in rows {
        values.extend(row);
        if values.len() == MOST * N {
            changed += run(&mut values, MOST, most.get_or_insert_with(|| text(MOST)))?;
        }
    }
    let mut size = MOST / 2;
    while !values.is_empty() {
        if values.len() >= size * N {
            changed += run(&mut values, size, &text(size))?;
        }
        size /= 2;
    }
    Ok(changed)
}

/// Keys as one value, for `IN (SELECT value FROM json_each(?))`: one text of a statement for lists of
/// every length.
pub(in crate::store) fn keys(keys: impl Iterator<Item = i64>) -> String {
    let mut list = String::from("[");
    for key in keys {
        if list.len() > 1 {
            list.push(',');
        }
        list.push_str(&key.to_string());
    }
    list.push(']');
    list
}
