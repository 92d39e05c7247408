//! fx.csv against the book: what is posted keeps the rate that it was posted with.

use super::plan::{Change, Findings, Merge, differences};
use super::second::Judged;
use crate::domain::fx::FxRate;
use crate::import::Table;
use crate::import::fx::FxColumns;
use crate::store::{Db, StoreError, Tx, fx};

/// Rates to be stored.
pub struct Plan {
    put: Vec<FxRate>,
    findings: Findings,
}

/// Compares each row with the book.
pub fn plan(db: &Db<'_>, table: &Table<FxColumns, FxRate>) -> Result<Plan, StoreError> {
    let mut plan = Plan { put: Vec::new(), findings: Findings::default() };
    for row in &table.rows {
        plan.findings.begin();
        let new = &row.value;
        match fx::get(db, (new.from, new.to), new.on)? {
            None => plan.findings.comes(),
            Some(held) if held == *new => {
                plan.findings.counts.same += 1;
                continue;
            }
            Some(held) => {
                let key = format!("{} {} {}", new.on, new.from, new.to);
                let changes: Vec<Change> = differences(&key, fields(&held), fields(new), new.on);
                plan.findings.amends();
                plan.findings.changes.extend_from_slice(&changes);
            }
        }
        plan.put.push(new.clone());
    }
    Ok(plan)
}

fn fields(rate: &FxRate) -> Vec<(&'static str, String)> {
    vec![("rate", rate.rate.normalize().to_string()), ("source", rate.source.clone())]
}

impl Merge for Plan {
    fn findings(&self) -> &Findings {
        &self.findings
    }

    fn findings_mut(&mut self) -> &mut Findings {
        &mut self.findings
    }

    fn merge(&self, tx: &Tx<'_>, _import_id: i64, _judged: &Judged) -> Result<(), StoreError> {
        self.put.iter().try_for_each(|rate| fx::put(tx, rate))
    }
}
