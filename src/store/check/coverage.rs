//! Service days: each day of a charge is billed at most once, counting what was given back.

use super::found::Found;
use crate::domain::billing::ClaimRole;
use crate::domain::ids::DocumentId;
use crate::store::face::Params;
use crate::store::{Db, StoreError, word};
use chrono::NaiveDate;

/// One claim, as far as coverage goes.
struct Span {
    from: NaiveDate,
    to: NaiveDate,
    role: ClaimRole,
    document: DocumentId,
}

/// What bill runs do not read again must be as they found it: posted or waived, no usage that nothing
/// holds, no discount; and of a charge only its last line of those days may reach beyond them.
pub const SETTLED: &str = "
SELECT printf('account %s is taken for settled through %s, and charge %s from %s is not', a.number, s.through_on,
    c.number, k.from_on)
FROM settled s JOIN account a ON a.id = s.account_id JOIN charge c ON c.account_id = s.account_id
JOIN claim k ON k.charge_id = c.id JOIN document d ON d.id = k.document_id
WHERE k.target_charge_id <> 0 OR (k.from_on <= s.through_on
  AND CASE WHEN k.to_on <= s.through_on THEN d.status <> 'Posted' AND k.role <> 'waived'
      ELSE k.from_on <> (SELECT max(q.from_on) FROM claim q WHERE q.charge_id = k.charge_id
             AND q.target_charge_id = 0 AND q.from_on <= s.through_on) END)
UNION ALL
SELECT printf('account %s is taken for settled through %s, and usage of %s is not billed', a.number, s.through_on,
    u.start_on)
FROM settled s JOIN account a ON a.id = s.account_id
JOIN usage u ON u.account_id = s.account_id AND u.start_on <= s.through_on
WHERE NOT EXISTS (SELECT 1 FROM usage_claim k WHERE k.usage_id = u.id)";

/// Walks the claims in key order, one charge (and discounted charge) at a time.
pub fn billed_once(db: &Db<'_>, found: &mut Found) -> Result<(), StoreError> {
    let sql = "SELECT charge_id, target_charge_id, from_on, to_on, role, document_id FROM claim
        ORDER BY charge_id, target_charge_id, from_on, segment";
    walk(db, sql, [], found)
}

/// The same of one charge.
pub fn of_charge(db: &Db<'_>, key: (i64, i64), found: &mut Found) -> Result<(), StoreError> {
    let sql = "SELECT charge_id, target_charge_id, from_on, to_on, role, document_id FROM claim
        WHERE charge_id = ?1 AND target_charge_id = ?2 ORDER BY from_on, segment";
    walk(db, sql, key, found)
}

fn walk(db: &Db<'_>, sql: &str, values: impl Params, found: &mut Found) -> Result<(), StoreError> {
    let (mut key, mut spans) = ((0_i64, 0_i64), Vec::new());
    db.each(sql, values, |row| {
        let next = (row.get(0)?, row.get(1)?);
        if next != key {
            judge(db, key, &spans, found)?;
            spans.clear();
            key = next;
        }
        let role = word(row, 4, ClaimRole::parse)?;
        match role {
            // More for days that were billed before: adds no coverage.
            ClaimRole::Late => {}
            ClaimRole::Billed | ClaimRole::Credited | ClaimRole::Waived => spans.push(Span {
                from: row.get(2)?,
                to: row.get(3)?,
                role,
                document: DocumentId(row.get(5)?),
            }),
        }
        Ok(())
    })?;
    judge(db, key, &spans, found)
}

fn judge(
    db: &Db<'_>,
    key: (i64, i64),
    spans: &[Span],
    found: &mut Found,
) -> Result<(), StoreError> {
    if follow_each_other(spans) {
        return Ok(());
    }
    if let Some((day, times, document)) = worst_day(spans) {
        let number: String = db.one(
            "SELECT coalesce((SELECT number FROM charge WHERE id = ?1), 'number ' || ?1)",
            [key.0],
            |r| r.get(0),
        )?;
        let what = if times > 1 {
            format!("billed {times} times")
        } else {
            "given back unbilled".to_owned()
        };
        found.add(format!("charge {number}: {day} is {what} (lastly on {document})"));
    }
    Ok(())
}

/// The common case: nothing given back, each period after the one before.
fn follow_each_other(spans: &[Span]) -> bool {
    spans.iter().all(|s| s.role != ClaimRole::Credited)
        && spans.iter().zip(spans.iter().skip(1)).all(|(a, b)| a.to < b.from)
}

/// The first day whose count is neither 0 nor 1, with its count and the document that made it so.
fn worst_day(spans: &[Span]) -> Option<(NaiveDate, i32, DocumentId)> {
    let mut steps: Vec<(NaiveDate, i32, DocumentId)> = Vec::with_capacity(spans.len() * 2);
    for span in spans {
        let by = if span.role == ClaimRole::Credited { -1 } else { 1 };
        steps.push((span.from, by, span.document));
        if let Some(after) = span.to.succ_opt() {
            steps.push((after, -by, span.document));
        }
    }
    steps.sort_unstable_by_key(|(day, _, document)| (*day, *document));
    let (mut times, mut i) = (0, 0);
    while let Some((day, _, _)) = steps.get(i).copied() {
        let mut last = None;
        while let Some((_, by, document)) = steps.get(i).copied().filter(|(d, _, _)| *d == day) {
            times += by;
            last = Some(document);
            i += 1;
        }
        if let (false, Some(document)) = ((0..=1).contains(&times), last) {
            return Some((day, times, document));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(from: u32, to: u32, role: ClaimRole) -> Span {
        let day = |d| NaiveDate::from_ymd_opt(2026, 1, d).unwrap();
        Span { from: day(from), to: day(to), role, document: DocumentId(i64::from(from)) }
    }

    #[test]
    fn a_day_counts_once_unless_it_was_given_back() {
        use ClaimRole::{Billed, Credited, Waived};
        let whole = || span(1, 31, Billed);
        assert!(follow_each_other(&[span(1, 10, Billed), span(11, 31, Waived)]));
        for (spans, wrong) in [
            (vec![whole(), span(11, 31, Credited)], None),
            (vec![whole(), span(11, 31, Credited), span(11, 31, Billed)], None),
            (vec![whole(), span(11, 20, Billed)], Some((11, 2))),
            (vec![span(1, 10, Billed), span(1, 31, Credited)], Some((11, -1))),
            (vec![whole(), span(5, 6, Credited), span(5, 7, Billed)], Some((7, 2))),
        ] {
            let day = worst_day(&spans).map(|(d, n, _)| (chrono::Datelike::day(&d), n));
            assert_eq!(day, wrong);
        }
    }
}
