//! taxes.csv against the book.

use super::plan::{Change, Findings, Merge, differences, mark_stale};
use super::second::Judged;
use crate::domain::document::TaxRate;
use crate::import::Table;
use crate::import::tax::{TaxColumns, overlay};
use crate::store::{Db, StoreError, Tx, stale, tax};

/// Rates to be stored, each with what it changes.
pub struct Plan {
    put: Vec<(TaxRate, Vec<Change>)>,
    findings: Findings,
}

/// Compares each row with the book.
pub fn plan(db: &Db<'_>, table: &Table<TaxColumns, TaxRate>) -> Result<Plan, StoreError> {
    let known = tax::all(db)?;
    let mut plan = Plan { put: Vec::new(), findings: Findings::default() };
    for row in &table.rows {
        plan.findings.begin();
        let new = &row.value;
        let same_key = |r: &&TaxRate| r.tax_code == new.tax_code && r.valid_from == new.valid_from;
        let Some(held) = known.iter().find(same_key) else {
            plan.findings.comes();
            // A rate from a new day on changes what drafts of that code are taxed with.
            let key = &new.tax_code;
            let changes = differences(
                key,
                vec![("rate_percent", String::new())],
                vec![("rate_percent", new.rate_percent.normalize().to_string())],
                new.valid_from,
            );
            plan.put.push((new.clone(), changes));
            continue;
        };
        let merged = overlay(&table.columns, held, new);
        if merged == *held {
            plan.findings.counts.same += 1;
            continue;
        }
        let changes = differences(&new.tax_code, fields(held), fields(&merged), new.valid_from);
        plan.findings.amends();
        plan.findings.changes.extend_from_slice(&changes);
        plan.put.push((merged, changes));
    }
    Ok(plan)
}

fn fields(rate: &TaxRate) -> Vec<(&'static str, String)> {
    vec![
        ("rate_percent", rate.rate_percent.normalize().to_string()),
        ("name", rate.name.clone()),
        ("kind", rate.kind.to_string()),
        ("inclusive", rate.inclusive.to_string()),
        ("reason", rate.reason.clone()),
        ("category", rate.category.map(|c| c.to_string()).unwrap_or_default()),
    ]
}

impl Merge for Plan {
    fn findings(&self) -> &Findings {
        &self.findings
    }

    fn findings_mut(&mut self) -> &mut Findings {
        &mut self.findings
    }

    fn merge(&self, tx: &Tx<'_>, _import_id: i64, _judged: &Judged) -> Result<(), StoreError> {
        let drafts = stale::any_draft(tx)?;
        for (rate, changes) in &self.put {
            tax::put(tx, rate)?;
            if drafts {
                mark_stale(tx, stale::drafts_of_tax(tx, &rate.tax_code)?, changes)?;
            }
        }
        Ok(())
    }
}
