//! payment_methods.csv against the book.

use super::facts::RowDeed;
use super::names::Names;
use super::plan::{Change, Findings, Merge, of_line};
use super::second::Judged;
use crate::domain::ids::AccountId;
use crate::domain::payment::MethodStatus;
use crate::import::payment_method::{GatewayName, MethodColumns, MethodRow, overlay};
use crate::import::{Row, Table};
use crate::store::payment_method::{self, MethodTerms};
use crate::store::{Db, StoreError, Tx, account};

/// Methods to be stored.
pub struct Plan {
    put: Vec<(u64, AccountId, MethodTerms)>,
    findings: Findings,
}

/// Compares each row with the book.
pub fn plan(db: &Db<'_>, table: &Table<MethodColumns, MethodRow>) -> Result<Plan, StoreError> {
    let size = account::highest(db)?;
    let mut accounts = Names::new(db, table.rows.len(), size, account::directory, account::find)?;
    let mut plan = Plan { put: Vec::new(), findings: Findings::default() };
    for row in &table.rows {
        let number = &row.value.account_number;
        let Some(account) = accounts.get(db, number)?.map(|a| a.id) else {
            let fault = accounts.unknown(db, ("account_number", number), "account")?;
            plan.findings.refused.push(row.refuse(fault));
            continue;
        };
        let Some((_, held)) = payment_method::find(db, account, &row.value.token)? else {
            plan.findings.counts.added += 1;
            take(db, &mut plan, row, account, (terms(&row.value), true))?;
            continue;
        };
        let old = MethodRow {
            account_number: number.clone(),
            token: held.token.clone(),
            kind: held.kind,
            display: held.display.clone(),
            gateway: GatewayName::parse(&held.gateway).ok_or_else(|| {
                StoreError::Corrupt(format!("{number}: there is no gateway {:?}", held.gateway))
            })?,
            priority: held.priority,
            expires_on: held.expires_on,
            status: held.status,
        };
        let new = terms(&overlay(&table.columns, &old, &row.value));
        if new == held {
            plan.findings.counts.same += 1;
            continue;
        }
        plan.findings.counts.changed += 1;
        plan.findings.changes.extend(of_line(row.line, changes(number, &held, &new)));
        take(db, &mut plan, row, account, (new, false))?;
    }
    Ok(plan)
}

fn take(
    db: &Db<'_>,
    plan: &mut Plan,
    row: &Row<MethodRow>,
    account: AccountId,
    (method, new): (MethodTerms, bool),
) -> Result<(), StoreError> {
    if method.status == MethodStatus::Active {
        let deed = payment_method::exposure(db, account)?;
        let what = format!(
            "{} {} {} ({}, priority {})",
            row.value.account_number, method.kind, method.display, method.token, method.priority
        );
        plan.findings.deeds.push(RowDeed { line: row.line, span: row.span, new, deed, what });
    }
    plan.put.push((row.line, account, method));
    Ok(())
}

fn terms(row: &MethodRow) -> MethodTerms {
    MethodTerms {
        gateway: row.gateway.to_string(),
        token: row.token.clone(),
        kind: row.kind,
        display: row.display.clone(),
        priority: row.priority,
        expires_on: row.expires_on,
        status: row.status,
    }
}

fn changes(number: &str, old: &MethodTerms, new: &MethodTerms) -> Vec<Change> {
    let fields = |m: &MethodTerms| {
        vec![
            ("kind", m.kind.to_string()),
            ("display", m.display.clone()),
            ("gateway", m.gateway.clone()),
            ("priority", m.priority.to_string()),
            ("expires_on", m.expires_on.map(|d| d.to_string()).unwrap_or_default()),
            ("status", m.status.to_string()),
        ]
    };
    let key = format!("{number} {}", old.display);
    super::plan::differences(&key, fields(old), fields(new), super::plan::ALWAYS)
}

impl Merge for Plan {
    fn findings(&self) -> &Findings {
        &self.findings
    }

    fn merge(&self, tx: &Tx<'_>, _import_id: i64, judged: &Judged) -> Result<(), StoreError> {
        for (line, account, method) in &self.put {
            if judged.lets(tx, *line) {
                payment_method::put(tx, *account, method)?;
            }
        }
        Ok(())
    }
}
