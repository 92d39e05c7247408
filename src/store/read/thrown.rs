//! What canceling drafts throws away: the figures of its question, for marked drafts and for a run.

use super::ReadError;
use crate::domain::ids::BillRunId;
use crate::domain::money::Purse;
use crate::store::bill_run::EDITED;
use crate::store::face::Row;
use crate::store::{Db, StoreError, money};

/// Drafts that are thrown away, read at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Thrown {
    pub drafts: i64,
    /// Their totals, minor units.
    pub money: Purse,
    /// Of them: edited by hand.
    pub edited: i64,
    /// Of them: held.
    pub held: i64,
    /// Of them: accepted.
    pub accepted: i64,
    /// Marked ones that stay: changed since, or no drafts any more.
    pub stay: i64,
}

/// The drafts of a run.
pub fn of_run(db: &Db<'_>, run: BillRunId) -> Result<Thrown, ReadError> {
    let sql = format!("{} d.run_id = ?1 AND d.status = 'Draft' GROUP BY 1, 2", select());
    let mut out = Thrown::default();
    db.each(&sql, [run.0], |row| add(&mut out, row))?;
    out.money = out.money.largest_first();
    Ok(out)
}

/// Marked drafts; each is (id, version as marked).
pub fn of_marked(db: &Db<'_>, picks: &[(i64, i64)]) -> Result<Thrown, ReadError> {
    let sql =
        format!("{} d.id = ?1 AND d.version = ?2 AND d.status = 'Draft' GROUP BY 1, 2", select());
    let mut out = Thrown::default();
    for pick in picks {
        db.each(&sql, [pick.0, pick.1], |row| add(&mut out, row))?;
    }
    out.stay = picks.len() as i64 - out.drafts;
    out.money = out.money.largest_first();
    Ok(out)
}

fn select() -> String {
    format!(
        "SELECT d.currency, s.review, count(*), sum(d.total_minor), sum({EDITED}) FROM document d \
         JOIN document_state s ON s.document_id = d.id WHERE"
    )
}

fn add(out: &mut Thrown, row: &Row<'_>) -> Result<(), StoreError> {
    let (review, n): (String, i64) = (row.get(1)?, row.get(2)?);
    out.drafts += n;
    out.money.add(money(row, 0, 3)?)?;
    out.edited += row.get::<i64>(4)?;
    match review.as_str() {
        "held" => out.held += n,
        "accepted" => out.accepted += n,
        _ => {}
    }
    Ok(())
}
