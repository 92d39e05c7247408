//! What canceling drafts throws away: the figures of its question, for marked drafts and for a run.

use super::{ReadError, currency};
use crate::domain::ids::BillRunId;
use crate::domain::money::Currency;
use crate::store::bill_run::EDITED;
use crate::store::face::Row;
use crate::store::{Db, StoreError};

/// Drafts that are thrown away, read at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Thrown {
    pub drafts: i64,
    /// Their totals, minor units.
    pub money: Vec<(Currency, i64)>,
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
    Ok(out.money_by_size())
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
    Ok(out.money_by_size())
}

fn select() -> String {
    format!(
        "SELECT d.currency, s.review, count(*), sum(d.total_minor), sum({EDITED}) FROM document d \
         JOIN document_state s ON s.document_id = d.id WHERE"
    )
}

fn add(out: &mut Thrown, row: &Row<'_>) -> Result<(), StoreError> {
    let (currency, review, n): (_, String, i64) = (currency(row, 0)?, row.get(1)?, row.get(2)?);
    out.drafts += n;
    match out.money.iter_mut().find(|(c, _)| *c == currency) {
        Some((_, minor)) => *minor += row.get::<i64>(3)?,
        None => out.money.push((currency, row.get(3)?)),
    }
    out.edited += row.get::<i64>(4)?;
    match review.as_str() {
        "held" => out.held += n,
        "accepted" => out.accepted += n,
        _ => {}
    }
    Ok(())
}

impl Thrown {
    fn money_by_size(mut self) -> Self {
        self.money.sort_by_key(|(currency, minor)| (-minor, currency.code()));
        self
    }
}
