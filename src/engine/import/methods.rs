//! payment_methods.csv against the book.

use super::again;
use super::facts::RowDeed;
use super::names::{ACCOUNTS, Memory, Names};
use super::plan::{Change, Findings, Merge, of_line};
use super::second::Judged;
use crate::domain::ids::AccountId;
use crate::domain::payment::MethodStatus;
use crate::import::payment_method::{GatewayName, MethodColumns, MethodRow, overlay};
use crate::import::{Row, Table};
use crate::store::payment_method::{self, MethodTerms};
use crate::store::{Db, StoreError, Tx, deed};

/// Methods to be stored.
pub struct Plan {
    /// Each with its line.
    new: Vec<(u64, AccountId, MethodTerms)>,
    changed: Vec<(u64, AccountId, MethodTerms)>,
    findings: Findings,
}

/// Compares each row with the book.
pub fn plan(
    db: &Db<'_>,
    table: &Table<MethodColumns, MethodRow>,
    memory: &mut Memory<'_>,
) -> Result<Plan, StoreError> {
    let mut accounts = Names::of(&ACCOUNTS);
    let mut plan = Plan { new: Vec::new(), changed: Vec::new(), findings: Findings::default() };
    let same = if memory.new.is_some() { Vec::new() } else { again::methods(db, table, terms)? };
    for (at, row) in table.rows.iter().enumerate() {
        plan.findings.begin();
        if same.get(at).is_some_and(Option::is_some) {
            plan.findings.counts.same += 1;
            continue;
        }
        let number = &row.value.account_number;
        let Some(account) = accounts.get(db, number)?.map(|a| a.id) else {
            let fault = memory.named.unknown(db, &ACCOUNTS, ("account_number", number))?;
            plan.findings.refused.push(row.refuse(fault));
            continue;
        };
        let new = memory.is_new(at);
        let held = if new { None } else { payment_method::find(db, account, &row.value.token)? };
        let Some((_, held)) = held else {
            plan.findings.comes();
            let new = terms(&row.value);
            plan.ask(db, row, account, (&new, true), memory)?;
            plan.new.push((row.line, account, new));
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
            mandate: held.mandate.clone(),
            iban: held.iban.clone(),
        };
        let new = terms(&overlay(&table.columns, &old, &row.value));
        if new == held {
            plan.findings.counts.same += 1;
            continue;
        }
        plan.findings.amends();
        plan.findings.changes.extend(of_line(row.line, changes(number, &held, &new)));
        plan.ask(db, row, account, (&new, false), memory)?;
        plan.changed.push((row.line, account, new));
    }
    Ok(plan)
}

impl Plan {
    /// Notes what a second person may have to confirm.
    fn ask(
        &mut self,
        db: &Db<'_>,
        row: &Row<MethodRow>,
        account: AccountId,
        (method, new): (&MethodTerms, bool),
        memory: &Memory<'_>,
    ) -> Result<(), StoreError> {
        if method.status != MethodStatus::Active || memory.quiet {
            return Ok(());
        }
        let deed = payment_method::exposure(db, account)?;
        let what = format!(
            "{} {} {} ({}, priority {})",
            row.value.account_number, method.kind, method.display, method.token, method.priority
        );
        self.findings.deeds.push(RowDeed { line: row.line, span: row.span, new, deed, what });
        Ok(())
    }
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
        mandate: row.mandate.clone(),
        iban: row.iban.clone(),
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
            ("mandate", m.mandate.clone()),
            ("iban", m.iban.clone()),
        ]
    };
    let key = format!("{number} {}", old.display);
    super::plan::differences(&key, fields(old), fields(new), super::plan::ALWAYS)
}

impl Merge for Plan {
    fn findings(&self) -> &Findings {
        &self.findings
    }

    fn findings_mut(&mut self) -> &mut Findings {
        &mut self.findings
    }

    fn merge(&self, tx: &Tx<'_>, _import_id: i64, judged: &Judged) -> Result<(), StoreError> {
        let mut each: Vec<_> = self.changed.iter().collect();
        if deed::heeded(tx)? {
            each.extend(&self.new);
        } else {
            let new = self.new.iter().map(|(_, account, method)| (*account, method));
            payment_method::insert_many(tx, new)?;
        }
        for (line, account, method) in each {
            if judged.lets(tx, *line) {
                payment_method::put(tx, *account, method)?;
            }
        }
        Ok(())
    }
}
