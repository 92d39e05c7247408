//! accounts.csv against the book.

use super::again;
use super::facts::RowDeed;
use super::names::{ACCOUNTS, Memory, Names};
use super::plan::Change;
use super::plan::{ALWAYS, Findings, Merge, differences, mark_stale, of_line};
use super::second::Judged;
use crate::domain::account::{AccountStatus, AccountTerms, Version, version_on};
use crate::domain::ids::AccountId;
use crate::import::account::{AccountColumns, AccountRow, SaysDelivery, fields, overlay};
use crate::import::header::Columns as _;
use crate::import::{Fault, Row, Table};
use crate::store::account::NewAccount;
use crate::store::{Db, StoreError, Tx, account, charge, stale};
use chrono::NaiveDate;

/// New accounts, and new versions of known ones.
pub struct Plan<'r> {
    new: Vec<&'r AccountRow>,
    amended: Vec<Amended>,
    findings: Findings,
}

struct Amended {
    line: u64,
    id: AccountId,
    /// One version, or two when contact data holds at once and a bill cycle day later.
    versions: Vec<(AccountTerms, NaiveDate)>,
    changes: Vec<Change>,
}

/// Compares each row with the book.
pub fn plan<'r>(
    db: &Db<'_>,
    table: &'r Table<AccountColumns, AccountRow>,
    today: NaiveDate,
    memory: &mut Memory<'_>,
) -> Result<Plan<'r>, StoreError> {
    let mut names = Names::of(&ACCOUNTS);
    let complete = table.columns.complete();
    let mut plan = Plan { new: Vec::new(), amended: Vec::new(), findings: Findings::default() };
    let same = if memory.new.is_some() { Vec::new() } else { again::accounts(db, table)? };
    for (at, row) in table.rows.iter().enumerate() {
        plan.findings.begin();
        if same.get(at).is_some_and(Option::is_some) {
            plan.findings.counts.same += 1;
            continue;
        }
        let number = &row.value.account_number;
        if memory.is_new(at) {
            plan.findings.comes();
            plan.new.push(&row.value);
            continue;
        }
        match names.get(db, number)? {
            None => {
                let claimed = memory.claim(db, &ACCOUNTS, "account_number", number)?;
                match complete.clone().and(claimed) {
                    Ok(()) => {
                        plan.findings.comes();
                        if row.value.says_delivery == SaysDelivery::Nothing {
                            plan.findings.defaults.add(row.value.terms.delivery);
                        }
                        plan.new.push(&row.value);
                    }
                    Err(fault) => plan.findings.refused.push(row.refuse(fault)),
                }
            }
            Some(known)
                if table.columns.currency.given() && known.currency != row.value.terms.currency =>
            {
                plan.findings.refused.push(row.refuse(Fault::new(
                    "currency",
                    row.value.terms.currency.code(),
                    format!("the account is billed in {}", known.currency),
                    "an account keeps its currency; make a new account",
                )));
            }
            Some(known) => {
                let about = (known.id, today, memory.quiet);
                compare(db, &mut plan, &table.columns, row, about)?;
            }
        }
    }
    Ok(plan)
}

fn compare(
    db: &Db<'_>,
    plan: &mut Plan<'_>,
    columns: &AccountColumns,
    row: &Row<AccountRow>,
    (id, today, quiet): (AccountId, NaiveDate, bool),
) -> Result<(), StoreError> {
    let versions = account::versions(db, id)?;
    let unbilled = match row.value.effective_from {
        Some(day) => day,
        None => first_unbilled(&versions, account::billed_through(db, id)?),
    };
    let Some(held) = version_on(&versions, unbilled) else {
        return Err(StoreError::Corrupt(format!(
            "account {} has no version",
            row.value.account_number
        )));
    };
    let terms = overlay(columns, &held.terms, &row.value);
    let mut recorded = Vec::new();
    if row.value.effective_from.is_none() {
        recorded.extend(contact(columns, &versions, held, row, today));
    }
    if terms == held.terms && recorded.is_empty() {
        plan.findings.counts.same += 1;
        return Ok(());
    }
    if row.value.says_delivery == SaysDelivery::Nothing && terms.delivery != held.terms.delivery {
        plan.findings.defaults.add(terms.delivery);
    }
    let moves_day = terms.bill_cycle_day != held.terms.bill_cycle_day;
    let dated = row.value.effective_from.is_some() || moves_day;
    let from = if dated { unbilled } else { held.effective_from };
    if moves_day && row.value.effective_from.is_none() {
        // A new address holds at once; a new bill cycle day after what is billed.
        let now = AccountTerms { bill_cycle_day: held.terms.bill_cycle_day, ..terms.clone() };
        if now != held.terms && held.effective_from < from {
            recorded.push((now, held.effective_from));
        }
    }
    if moves_day {
        plan.findings.billed_charges += u64::from(charge::billed_of_account(db, id)?);
    }
    let key = &row.value.account_number;
    let changes = of_line(row.line, differences(key, fields(&held.terms), fields(&terms), from));
    let redirects = if quiet { Vec::new() } else { account::redirects(db, id, &terms)? };
    let all: Vec<&str> = redirects.iter().map(|(_, what)| what.as_str()).collect();
    let what = format!("{key} {}", all.join(", "));
    for (deed, _) in redirects {
        let what = what.clone();
        plan.findings.deeds.push(RowDeed {
            line: row.line,
            span: row.span,
            new: false,
            deed,
            what,
        });
    }
    if held.terms.status != AccountStatus::Active && terms.status == AccountStatus::Active {
        plan.findings.back_billing.push(back_billing(db, key, id)?);
    }
    recorded.push((terms, from));
    plan.findings.amends();
    plan.findings.changes.extend_from_slice(&changes);
    plan.amended.push(Amended { line: row.line, id, versions: recorded, changes });
    Ok(())
}

/// While an account is not active nothing of it is billed; what fell due meanwhile is billed by the
/// first run after.
fn back_billing(db: &Db<'_>, number: &str, id: AccountId) -> Result<String, StoreError> {
    let since = match account::billed_through(db, id)? {
        Some(day) => format!("what fell due since it was billed through {day}"),
        None => {
            "everything from the first day of its subscriptions: nothing was billed yet".to_owned()
        }
    };
    Ok(format!(
        "{number} is active again: the next bill run bills {since}; end or suspend a subscription first where those days are not to be billed"
    ))
}

/// What a row without a date says of e-mail and delivery holds from today, also where the version
/// that it amends begins later; and in later versions that said the same as that one.
fn contact(
    columns: &AccountColumns,
    versions: &[Version<AccountTerms>],
    held: &Version<AccountTerms>,
    row: &Row<AccountRow>,
    today: NaiveDate,
) -> Vec<(AccountTerms, NaiveDate)> {
    let reach = |t: &AccountTerms| (t.emails.clone(), t.delivery);
    let mut days: Vec<NaiveDate> = versions.iter().map(|v| v.effective_from).collect();
    days.retain(|day| *day > today);
    days.push(today);
    days.sort_unstable();
    days.dedup();
    let in_force = days.iter().filter_map(|day| version_on(versions, *day));
    in_force
        .filter(|v| v.id != held.id && reach(&v.terms) == reach(&held.terms))
        .filter_map(|v| {
            let new = overlay(columns, &v.terms, &row.value);
            let terms =
                AccountTerms { emails: new.emails, delivery: new.delivery, ..v.terms.clone() };
            (terms != v.terms).then_some((terms, v.effective_from))
        })
        .collect()
}

/// Whether a change says just where mail goes: no draft was rated from that, nor flagged for want of it.
fn another_address(change: &Change) -> bool {
    change.column == "email" && !change.old.is_empty() && !change.new.is_empty()
}

/// The day after the last billed one; before anything is billed, the first version's first day.
pub fn first_unbilled<T>(versions: &[Version<T>], billed_through: Option<NaiveDate>) -> NaiveDate {
    billed_through
        .and_then(|day| day.succ_opt())
        .or_else(|| versions.iter().map(|v| v.effective_from).min())
        .unwrap_or(ALWAYS)
}

impl Merge for Plan<'_> {
    fn findings(&self) -> &Findings {
        &self.findings
    }

    fn findings_mut(&mut self) -> &mut Findings {
        &mut self.findings
    }

    fn merge(&self, tx: &Tx<'_>, _import_id: i64, judged: &Judged) -> Result<(), StoreError> {
        let new = self.new.iter().map(|row| NewAccount {
            number: &row.account_number,
            terms: &row.terms,
            effective_from: row.effective_from.unwrap_or(ALWAYS),
        });
        account::insert_many(tx, &new.collect::<Vec<_>>())?;
        for amended in &self.amended {
            if !judged.lets(tx, amended.line) {
                continue;
            }
            for (terms, from) in &amended.versions {
                account::amend(tx, amended.id, terms, *from)?;
            }
            if !amended.changes.iter().all(another_address) {
                mark_stale(tx, stale::drafts_of_account(tx, amended.id)?, &amended.changes)?;
            }
        }
        Ok(())
    }
}
