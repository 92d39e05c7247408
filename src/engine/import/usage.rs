//! usage.csv against the book.

use super::again;
use super::names::{ACCOUNTS, CHARGES, Memory, Names, SUBSCRIPTIONS};
use super::plan::{Change, Findings, Merge, mark_stale};
use super::second::Judged;
use crate::domain::document::DocumentStatus;
use crate::domain::ids::{AccountId, DocumentId, UsageId};
use crate::import::usage::{UsageColumns, UsageRow};
use crate::import::{Fault, Table};
use crate::store::charge::ChargeRef;
use crate::store::subscription::SubscriptionRef;
use crate::store::usage::{NewUsage, StoredUsage};
use crate::store::{Db, StoreError, Tx, account, stale, usage};
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

/// New records, and changed ones that no posted document holds.
pub struct Plan<'r> {
    new: Vec<NewUsage<'r>>,
    changed: Vec<Changed<'r>>,
    findings: Findings,
}

struct Changed<'r> {
    id: UsageId,
    to: NewUsage<'r>,
    draft: Option<DocumentId>,
    change: Change,
}

/// Looks up what the rows name.
struct Names3 {
    accounts: Names<account::AccountRef>,
    subscriptions: Names<SubscriptionRef>,
    charges: Names<ChargeRef>,
}

impl<'r> Plan<'r> {
    fn take(&mut self, new: NewUsage<'r>) {
        self.findings.comes();
        self.new.push(new);
    }
}

/// Compares each row with the book.
pub fn plan<'r>(
    db: &Db<'_>,
    table: &'r Table<UsageColumns, UsageRow>,
    allow_repeats: bool,
    memory: &mut Memory<'_>,
) -> Result<Plan<'r>, StoreError> {
    let mut names = Names3 {
        accounts: Names::of(&ACCOUNTS),
        subscriptions: Names::of(&SUBSCRIPTIONS),
        charges: Names::of(&CHARGES),
    };
    let (any_keyed, any_keyless) = usage::any(db)?;
    let same = if memory.new.is_some() { Vec::new() } else { again::usage(db, table)? };
    let mut files: HashMap<i64, String> = HashMap::new();
    let mut plan = Plan {
        new: Vec::with_capacity(table.rows.len()),
        changed: Vec::new(),
        findings: Findings::default(),
    };
    for (at, row) in table.rows.iter().enumerate() {
        plan.findings.begin();
        let keyless = row.value.unique_key.is_empty();
        if let Some(file) = same.get(at).copied().flatten().filter(|_| !keyless || !allow_repeats) {
            if keyless {
                let file = match files.entry(file) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(new) => new.insert(usage::file_name(db, file)?),
                };
                plan.findings.refused.push(row.refuse(repeat_fault(&row.value, file)));
            } else {
                plan.findings.counts.same += 1;
            }
            continue;
        }
        let new = match resolve(db, &mut names, &row.value, memory)? {
            Ok(new) => new,
            Err(fault) => {
                plan.findings.refused.push(row.refuse(fault));
                continue;
            }
        };
        if memory.is_new(at) {
            plan.take(new);
            continue;
        }
        if keyless
            && any_keyless
            && !allow_repeats
            && let Some(file) = repeated_from(db, &new)?
        {
            plan.findings.refused.push(row.refuse(repeat_fault(&row.value, &file)));
            continue;
        }
        let held = if keyless || !any_keyed { None } else { usage::by_key(db, new.unique_key)? };
        match held {
            None => plan.take(new),
            Some(held) if held.says(&new) => plan.findings.counts.same += 1,
            Some(held) => match changed(&row.value, &held, new) {
                Ok(changed) => {
                    plan.findings.amends();
                    plan.findings.changes.push(changed.change.clone());
                    plan.changed.push(changed);
                }
                Err(fault) => plan.findings.refused.push(row.refuse(fault)),
            },
        }
    }
    Ok(plan)
}

fn resolve<'r>(
    db: &Db<'_>,
    names: &mut Names3,
    row: &'r UsageRow,
    memory: &mut Memory<'_>,
) -> Result<Result<NewUsage<'r>, Fault>, StoreError> {
    let Some(account) = names.accounts.get(db, &row.account_number)?.map(|a| a.id) else {
        let named = ("ACCOUNT_ID", &*row.account_number);
        return Ok(Err(memory.named.unknown(db, &ACCOUNTS, named)?));
    };
    let strange = |column: &str, value: &str, what: &str| {
        let message = format!("the account has no such {what}");
        Fault::new(column, value, message, format!("import the {what} first, or leave it empty"))
    };
    let mut new = NewUsage {
        account,
        uom: &row.uom,
        quantity: row.quantity,
        start_on: row.start_on,
        end_on: row.end_on,
        subscription: None,
        charge: None,
        description: &row.description,
        unique_key: &row.unique_key,
    };
    if !row.subscription_number.is_empty() {
        let found = names.subscriptions.get(db, &row.subscription_number)?;
        let Some(found) = found.filter(|s| s.account == account) else {
            let number = &row.subscription_number;
            return Ok(Err(strange("SUBSCRIPTION_ID", number, "subscription")));
        };
        new.subscription = Some(found.id);
    }
    if !row.charge_number.is_empty() {
        let found = names.charges.get(db, &row.charge_number)?;
        let fits = |c: &ChargeRef| {
            c.account == account && new.subscription.is_none_or(|s| s == c.subscription)
        };
        let Some(found) = found.filter(fits) else {
            return Ok(Err(strange("CHARGE_ID", &row.charge_number, "charge")));
        };
        new.charge = Some(found.id);
    }
    Ok(Ok(new))
}

/// The earlier file that has an equal keyless record, if one has.
fn repeated_from(db: &Db<'_>, new: &NewUsage<'_>) -> Result<Option<String>, StoreError> {
    let like = usage::keyless_like(db, new)?;
    Ok(like.into_iter().find(|(quantity, _)| *quantity == new.quantity).map(|(_, file)| file))
}

fn repeat_fault(row: &UsageRow, file: &str) -> Fault {
    let value = format!("{} {} {}", row.quantity, row.uom, row.start_on);
    Fault::new(
        "",
        &value,
        format!("probably a repeat: {file} brought an equal record without a key"),
        "remove it, give it a UNIQUE_KEY, or load it too with --allow-repeats",
    )
}

fn changed<'r>(row: &UsageRow, held: &StoredUsage, to: NewUsage<'r>) -> Result<Changed<'r>, Fault> {
    let draft = match &held.held_by {
        None => None,
        Some((document, DocumentStatus::Draft, _)) => Some(*document),
        Some((document, DocumentStatus::Posted | DocumentStatus::Canceled, number)) => {
            let number = number.clone().unwrap_or_else(|| document.to_string());
            let message = format!("was billed on {number} with other content");
            let hint = "posted usage is never changed; send the difference as a record of its own";
            return Err(Fault::new("UNIQUE_KEY", &row.unique_key, message, hint));
        }
    };
    let say = |quantity: String, uom: &str, day: String| format!("{quantity} {uom} on {day}");
    let change = Change {
        key: format!("usage {}", row.unique_key),
        column: "QTY",
        old: say(held.quantity.to_string(), &held.uom, held.start_on.to_string()),
        new: say(to.quantity.to_string(), to.uom, to.start_on.to_string()),
        line: 0,
        from: None,
    };
    Ok(Changed { id: held.id, to, draft, change })
}

impl Merge for Plan<'_> {
    fn findings(&self) -> &Findings {
        &self.findings
    }

    fn findings_mut(&mut self) -> &mut Findings {
        &mut self.findings
    }

    fn merge(&self, tx: &Tx<'_>, import_id: i64, _judged: &Judged) -> Result<(), StoreError> {
        usage::insert_many(tx, import_id, &self.new)?;
        let drafts = account::with_drafts(tx)?;
        for changed in &self.changed {
            usage::update(tx, changed.id, &changed.to)?;
            let held = changed.draft.into_iter().collect();
            mark_stale(tx, held, std::slice::from_ref(&changed.change))?;
            stale_by_new(tx, &drafts, &changed.to)?;
        }
        if !drafts.is_empty() {
            for new in &self.new {
                stale_by_new(tx, &drafts, new)?;
            }
        }
        Ok(())
    }
}

/// Usage that belongs on a draft that is there already.
fn stale_by_new(
    tx: &Tx<'_>,
    drafts: &HashSet<AccountId>,
    new: &NewUsage<'_>,
) -> Result<(), StoreError> {
    if !drafts.contains(&new.account) {
        return Ok(());
    }
    for draft in stale::drafts_of_usage(tx, new.account, new.uom, new.start_on)? {
        let what = format!("usage came in: {} {} on {}", new.quantity, new.uom, new.start_on);
        stale::mark(tx, draft, &what)?;
    }
    Ok(())
}
