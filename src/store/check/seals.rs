//! Hashes and numbers: the audit chain, posted content, and numbers without a gap.

use super::found::Found;
use crate::domain::ids::DocumentId;
use crate::store::frozen_form::{self, form};
use crate::store::json::Json;
use crate::store::{Db, StoreError, operation, posting};
use std::collections::BTreeMap;

/// The hash chain over the audit trail.
pub fn audit_chain(db: &Db<'_>, found: &mut Found) -> Result<(), StoreError> {
    let (broken, _, _) = operation::verify(db)?;
    for seq in broken {
        found.add(format!("operation {seq} does not follow the one before it"));
    }
    Ok(())
}

/// Documents read together.
const PAGE: i64 = 500;

/// Posted documents, their lines and taxes, against the hash taken when they were posted.
pub fn posted_unchanged(db: &Db<'_>, found: &mut Found) -> Result<(), StoreError> {
    let sql = concat!(
        "SELECT d.id, d.number, d.frozen, d.content_hash, ",
        form!(),
        " FROM document d WHERE d.id > ?1 AND d.status = 'Posted' AND d.number IS NOT NULL
         AND d.frozen IS NOT NULL AND d.content_hash IS NOT NULL ORDER BY d.id LIMIT ?2"
    );
    let mut after = DocumentId(0);
    loop {
        let page = db.all(sql, (after.0, PAGE), |row| {
            let id = DocumentId(row.get(0)?);
            let frozen = frozen_form::column(row, (2, 4), id.0)?;
            let (number, stored): (String, Vec<u8>) = (row.get(1)?, row.get(3)?);
            Ok((id, number, frozen, stored))
        })?;
        let (Some((first, ..)), Some((last, ..))) = (page.first(), page.last()) else {
            return Ok(());
        };
        let bodies = posting::Bodies::read(db, *first, *last)?;
        after = *last;
        for (id, number, frozen, stored) in &page {
            let frozen = frozen.as_ref().map_or("", Json::text);
            if bodies.content_hash(*id, number, frozen) != *stored {
                found.add(format!("{id} ({number}) is not what was posted"));
            }
        }
    }
}

/// What of a series was seen.
#[derive(Default)]
struct Seen {
    numbers: Vec<i64>,
    odd: usize,
}

/// Each series gave 1, 2, 3 … up to its counter; its name is the pattern its numbers are made by.
pub fn numbers(db: &Db<'_>, found: &mut Found) -> Result<(), StoreError> {
    let mut series: BTreeMap<String, Seen> = BTreeMap::new();
    db.each("SELECT series, number FROM document WHERE series IS NOT NULL", [], |row| {
        let (name, number): (String, Option<String>) = (row.get(0)?, row.get(1)?);
        let sequence = number.as_deref().and_then(|n| sequence_of(&name, n));
        let seen = series.entry(name).or_default();
        match sequence {
            Some(sequence) => seen.numbers.push(sequence),
            None => seen.odd += 1,
        }
        Ok(())
    })?;
    db.each("SELECT name, last FROM series", [], |row| {
        let (name, last): (String, i64) = (row.get(0)?, row.get(1)?);
        judge(&name, last, series.remove(&name).unwrap_or_default(), found);
        Ok(())
    })?;
    for (name, seen) in series {
        found.add(format!("{name} has {} documents and no counter", seen.numbers.len() + seen.odd));
    }
    Ok(())
}

fn judge(name: &str, last: i64, mut seen: Seen, found: &mut Found) {
    if seen.odd > 0 {
        found.add(format!("{name}: {} numbers do not follow the pattern", seen.odd));
    }
    seen.numbers.sort_unstable();
    let mut expected = 1;
    for number in seen.numbers {
        if number > expected {
            found.add(format!("{name}: {expected} to {} are missing", number - 1));
        } else if number < expected {
            found.add(format!("{name}: {number} was given twice"));
            continue;
        }
        expected = number + 1;
    }
    if expected - 1 != last {
        found.add(format!("{name}: the last number is {}, the counter says {last}", expected - 1));
    }
}

/// The running number inside a document number: `INV-2026-{seq:6}`, `INV-2026-000012` → 12.
fn sequence_of(pattern: &str, number: &str) -> Option<i64> {
    let (before, rest) = pattern.split_once("{seq:")?;
    let (_, after) = rest.split_once('}')?;
    number.strip_prefix(before)?.strip_suffix(after)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_a_repeat_and_a_wrong_counter_are_told() {
        let told = |numbers: &[i64], last| {
            let mut found = Found::default();
            judge("S", last, Seen { numbers: numbers.to_vec(), odd: 0 }, &mut found);
            found.violations
        };
        assert!(told(&[2, 1, 3], 3).is_empty() && told(&[], 0).is_empty());
        assert_eq!(told(&[1, 4], 4), ["S: 2 to 3 are missing"]);
        assert_eq!(told(&[1, 1], 1), ["S: 1 was given twice"]);
        assert_eq!(told(&[1], 2), ["S: the last number is 1, the counter says 2"]);
        assert_eq!(sequence_of("R{seq:3}/A", "R012/A"), Some(12));
        assert_eq!(sequence_of("R{seq:3}/A", "X012"), None);
    }
}
