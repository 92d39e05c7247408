//! subscriptions.csv against the book.

use super::again;
use super::names::{ACCOUNTS, Memory, Names, SUBSCRIPTIONS};
use super::plan::{ALWAYS, Change, Findings, Merge, differences, mark_stale};
use super::second::Judged;
use crate::domain::account::newest;
use crate::domain::ids::{AccountId, SubscriptionId};
use crate::domain::subscription::SubscriptionTerms;
use crate::import::header::Columns as _;
use crate::import::subscription::{SubscriptionColumns, SubscriptionRow, check, fields, overlay};
use crate::import::{Fault, Row, Table};
use crate::store::subscription::{NewSubscription, SubscriptionRef};
use crate::store::{Db, StoreError, Tx, charge, stale, subscription};
use chrono::NaiveDate;

/// New subscriptions, and new versions of known ones.
pub struct Plan<'r> {
    new: Vec<(&'r SubscriptionRow, AccountId)>,
    amended: Vec<Amended>,
    findings: Findings,
}

struct Amended {
    id: SubscriptionId,
    account: AccountId,
    terms: SubscriptionTerms,
    from: NaiveDate,
    changes: Vec<Change>,
}

/// Compares each row with the book.
pub fn plan<'r>(
    db: &Db<'_>,
    table: &'r Table<SubscriptionColumns, SubscriptionRow>,
    memory: &mut Memory<'_>,
) -> Result<Plan<'r>, StoreError> {
    let (mut accounts, mut known) = (Names::of(&ACCOUNTS), Names::of(&SUBSCRIPTIONS));
    let complete = table.columns.complete();
    let mut plan = Plan { new: Vec::new(), amended: Vec::new(), findings: Findings::default() };
    let same = if memory.new.is_some() { Vec::new() } else { again::subscriptions(db, table)? };
    for (at, row) in table.rows.iter().enumerate() {
        plan.findings.begin();
        if same.get(at).is_some_and(Option::is_some) {
            plan.findings.counts.same += 1;
            continue;
        }
        let number = &row.value.account_number;
        let own = &row.value.subscription_number;
        let found = if memory.is_new(at) { None } else { known.get(db, own)? };
        let account = match found {
            Some(found) if !table.columns.account_number.given() => Some(found.account),
            Some(_) | None => accounts.get(db, number)?.map(|a| a.id),
        };
        let Some(account) = account else {
            let fault = match complete.clone() {
                Err(fault) => fault,
                Ok(()) => memory.named.unknown(db, &ACCOUNTS, ("account_number", number))?,
            };
            plan.findings.refused.push(row.refuse(fault));
            continue;
        };
        if found.is_none()
            && !memory.is_new(at)
            && let Err(fault) = memory.claim(db, &SUBSCRIPTIONS, "subscription_number", own)?
        {
            plan.findings.refused.push(row.refuse(fault));
            continue;
        }
        let owned = (account, found, memory.is_new(at));
        if let Err(fault) = take(db, &mut plan, (&table.columns, &complete), row, owned)? {
            plan.findings.refused.push(row.refuse(fault));
        }
    }
    Ok(plan)
}

fn take<'r>(
    db: &Db<'_>,
    plan: &mut Plan<'r>,
    (columns, complete): (&SubscriptionColumns, &Result<(), Fault>),
    row: &'r Row<SubscriptionRow>,
    (account, found, checked): (AccountId, Option<SubscriptionRef>, bool),
) -> Result<Result<(), Fault>, StoreError> {
    let value = &row.value;
    let Some(known) = found else {
        if !checked && let Err(fault) = complete.clone().and_then(|()| check(&value.terms, false)) {
            return Ok(Err(fault));
        }
        plan.findings.comes();
        plan.new.push((value, account));
        return Ok(Ok(()));
    };
    if known.account != account {
        let message = "the subscription belongs to another account";
        let hint = "end it there and make a new subscription";
        return Ok(Err(Fault::new("account_number", &value.account_number, message, hint)));
    }
    let versions = subscription::versions(db, known.id)?;
    let Some(held) = newest(&versions) else {
        let what = format!("subscription {} has no version", value.subscription_number);
        return Err(StoreError::Corrupt(what));
    };
    let terms = overlay(columns, &held.terms, &value.terms);
    if terms == held.terms {
        plan.findings.counts.same += 1;
        return Ok(Ok(()));
    }
    if let Err(fault) = check(&terms, true) {
        return Ok(Err(fault));
    }
    let from = value.effective_from.unwrap_or(held.effective_from);
    let changes =
        differences(&value.subscription_number, fields(&held.terms), fields(&terms), from);
    plan.findings.amends();
    plan.findings.billed_charges += u64::from(charge::billed_of_subscription(db, known.id)?);
    plan.findings.changes.extend_from_slice(&changes);
    plan.amended.push(Amended { id: known.id, account, terms, from, changes });
    Ok(Ok(()))
}

impl Merge for Plan<'_> {
    fn findings(&self) -> &Findings {
        &self.findings
    }

    fn findings_mut(&mut self) -> &mut Findings {
        &mut self.findings
    }

    fn merge(&self, tx: &Tx<'_>, _import_id: i64, _judged: &Judged) -> Result<(), StoreError> {
        let new = self.new.iter().map(|(row, account)| NewSubscription {
            number: &row.subscription_number,
            account: *account,
            terms: &row.terms,
            effective_from: row.effective_from.unwrap_or(ALWAYS),
        });
        subscription::insert_many(tx, &new.collect::<Vec<_>>())?;
        for amended in &self.amended {
            subscription::amend(tx, amended.id, &amended.terms, amended.from)?;
            let drafts = stale::drafts_of_subscription(tx, amended.account, amended.id)?;
            mark_stale(tx, drafts, &amended.changes)?;
        }
        Ok(())
    }
}
