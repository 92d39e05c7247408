//! What the small charts are drawn from: kept sums of what is owed by due day, failed tries of eight
//! weeks, totals of the last runs.

use crate::domain::charts::{Charts, Cycle, ageing, failures, first_week};
use crate::domain::ids::BillRunId;
use crate::store::{Db, StoreError, money, settings, tally};
use chrono::{NaiveDate, NaiveTime};

/// Runs of a chart.
const RUNS: u32 = 12;

/// Reads them.
pub fn charts(db: &Db<'_>, today: NaiveDate) -> Result<Charts, StoreError> {
    let from = first_week(today);
    Ok(Charts {
        today,
        ageing: ageing(tally::owed_by_day(db)?, today)?,
        failures: failures(tries(db, from)?, from),
        cycles: cycles(db)?,
    })
}

/// Declined tries by class and day in the book's zone, no quarter of an hour of which lies in two days.
fn tries(db: &Db<'_>, from: NaiveDate) -> Result<Vec<(String, NaiveDate, i64)>, StoreError> {
    let zone = settings::load(db)?.zone();
    let since = zone.moment(from.and_time(NaiveTime::MIN)).timestamp_millis();
    db.all(
        "SELECT decline_class, created_at, count(*) FROM payment
         WHERE status = 'Declined' AND created_at >= ?1
         GROUP BY decline_class, created_at / 900000",
        [since],
        |r| {
            let class: String = r.get(0)?;
            let at = chrono::DateTime::from_timestamp_millis(r.get(1)?).unwrap_or_default();
            let class = if class.is_empty() { "unknown".to_owned() } else { class };
            Ok((class, at.with_timezone(&zone).date_naive(), r.get(2)?))
        },
    )
}

fn cycles(db: &Db<'_>) -> Result<Vec<Cycle>, StoreError> {
    db.all(
        "SELECT r.id, r.target_on, t.currency, t.total_minor FROM (
           SELECT id, target_on FROM bill_run WHERE status IN ('Completed','Posting','Posted')
           ORDER BY id DESC LIMIT ?1) r
         JOIN bill_run_total t ON t.run_id = r.id ORDER BY t.currency, r.id",
        [RUNS],
        |r| {
            let run = BillRunId(r.get(0)?).to_string();
            Ok(Cycle { run, target_on: r.get(1)?, total: money(r, 2, 3)? })
        },
    )
}
