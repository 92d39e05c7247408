//! One row for each key of a file.

use super::field::{Fault, Refused};
use super::row::{FromRow, Row};
use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

/// What came of rows of which several have one key.
#[derive(Debug, Default)]
pub(super) struct Settled {
    /// Rows that are not taken, by the byte they begin at: they say again what a row before them says,
    /// or have the key of one that says something else.
    pub(super) out: HashSet<usize>,
    /// Those of them that are refused.
    pub(super) refused: Vec<Refused>,
    /// How many say again what a row before them says.
    pub(super) repeated: usize,
}

impl Settled {
    /// Of these rows.
    pub(super) fn of<T: FromRow>(mut rows: Vec<Row<T>>) -> Self {
        let mut settled = Self::default();
        settled.out.extend(rows.iter().map(|row| row.span.0));
        settled.repeated = one_row_per_key(&mut rows, &mut settled.refused);
        for row in &rows {
            settled.out.remove(&row.span.0);
        }
        settled
    }
}

/// Leaves one row per natural key. Equal rows count once; rows that differ are all refused, since
/// nobody can say which of them is meant.
pub(super) fn one_row_per_key<T: FromRow>(
    rows: &mut Vec<Row<T>>,
    refused: &mut Vec<Refused>,
) -> usize {
    let mut first: HashMap<Cow<'_, str>, usize> = HashMap::with_capacity(rows.len());
    let mut again: HashSet<usize> = HashSet::new();
    let mut against: HashMap<usize, u64> = HashMap::new();
    for (i, row) in rows.iter().enumerate() {
        let Some(key) = row.value.key() else { continue };
        let before = match first.entry(key) {
            Entry::Vacant(place) => {
                place.insert(i);
                continue;
            }
            Entry::Occupied(held) => *held.get(),
        };
        if rows.get(before).is_some_and(|b| b.value == row.value) {
            again.insert(i);
        } else {
            let other = rows.get(before).map_or(0, |b| b.line);
            against.insert(i, other);
            against.entry(before).or_insert(row.line);
        }
    }
    drop(first);
    if again.is_empty() && against.is_empty() {
        return 0;
    }
    let mut i = 0;
    rows.retain(|row| {
        let (clash, twice) = (against.get(&i), again.contains(&i));
        i += 1;
        if let Some(other) = clash {
            let key = row.value.key().unwrap_or_default().replace('\u{1f}', " ");
            let message = format!("the same key stands in line {other} with other content");
            let fault = Fault::new(T::KEY_COLUMN, &key, message, "keep the row that is right");
            refused.push(row.refuse(fault));
        }
        clash.is_none() && !twice
    });
    refused.sort_by_key(|r| r.line);
    again.len()
}
