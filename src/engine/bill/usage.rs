//! Usage before a run: what will not be billed, and why.

use crate::domain::bill::bill_account;
use crate::domain::billing::BillDates;
use crate::domain::ids::AccountId;
use crate::engine::rate::rules;
use crate::engine::{Error, Session};
use crate::store::billing::{self, Span};
use crate::store::tax;
use crate::store::usage::{self, Label};
use crate::store::{Db, StoreError, account, settings};
use chrono::NaiveDate;
use rust_decimal::Decimal;
use std::collections::{BTreeMap, HashMap};

/// One record that the next run leaves alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingUsage {
    /// Number of the account.
    pub account: String,
    /// Unit of measure.
    pub uom: String,
    /// How much.
    pub quantity: Decimal,
    /// The day that decides the period.
    pub start_on: NaiveDate,
    /// Key and file it came with.
    pub label: Label,
    /// Why it is not billed.
    pub reason: String,
}

/// What the list says in sum, and as many of its records as were to be kept.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pending {
    /// Records that stay, by account and day; not all of them.
    pub records: Vec<PendingUsage>,
    /// Records and quantity by reason and unit.
    pub sums: BTreeMap<(String, String), (usize, Decimal)>,
    /// Records that stay.
    pub left: usize,
    /// Records that would be billed.
    pub billable: usize,
}

/// Which records are kept in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// The first so many.
    First(usize),
    /// The first so many of each reason.
    OfEachReason(usize),
}

/// Which usage is looked at.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// A run up to this day.
    pub target: NaiveDate,
    /// Number of the account; none = all.
    pub account: Option<&'a str>,
}

/// Accounts rated in one pass.
const CHUNK: u32 = 500;

/// What a run would not bill of the usage that no document holds. Nothing is written.
pub fn pending(session: &Session, scope: Scope<'_>, kept: Kept) -> Result<Pending, Error> {
    session.store.read(|db| sums(db, scope, kept))
}

/// The same for a list of any length: from one view of the book the sums first, then every record.
pub fn each(
    session: &Session,
    scope: Scope<'_>,
    begin: impl FnOnce(&Pending) -> Result<(), Error>,
    mut take: impl FnMut(PendingUsage) -> Result<(), Error>,
) -> Result<(), Error> {
    session.store.read(|db| {
        begin(&sums(db, scope, Kept::First(0))?)?;
        walk(db, scope, &mut |found| match found {
            Found::Billable => Ok(()),
            Found::Left(record) => take(record),
        })
    })
}

/// Every record that a run would leave, from a view that is open.
pub(super) fn each_in(
    db: &Db<'_>,
    scope: Scope<'_>,
    take: &mut dyn FnMut(PendingUsage) -> Result<(), Error>,
) -> Result<(), Error> {
    walk(db, scope, &mut |found| match found {
        Found::Billable => Ok(()),
        Found::Left(record) => take(record),
    })
}

fn sums(db: &Db<'_>, scope: Scope<'_>, kept: Kept) -> Result<Pending, Error> {
    let mut all = Pending::default();
    let mut of_reason: HashMap<String, usize> = HashMap::new();
    walk(db, scope, &mut |found| {
        let record = match found {
            Found::Billable => {
                all.billable += 1;
                return Ok(());
            }
            Found::Left(record) => record,
        };
        all.left += 1;
        let sum = all.sums.entry((record.reason.clone(), record.uom.clone())).or_default();
        sum.0 += 1;
        sum.1 = sum.1.saturating_add(record.quantity);
        let (before, most) = match kept {
            Kept::First(most) => (all.records.len(), most),
            Kept::OfEachReason(most) => {
                let of_reason = of_reason.entry(record.reason.clone()).or_default();
                *of_reason += 1;
                (*of_reason - 1, most)
            }
        };
        if before < most {
            all.records.push(record);
        }
        Ok(())
    })?;
    Ok(all)
}

/// A record that no document holds.
enum Found {
    Billable,
    Left(PendingUsage),
}

/// Hands over every record that no document holds, by account and day.
fn walk(
    db: &Db<'_>,
    scope: Scope<'_>,
    take: &mut dyn FnMut(Found) -> Result<(), Error>,
) -> Result<(), Error> {
    let rules = rules::billing(&settings::load(db)?)?;
    let taxes = tax::all(db)?;
    let target = scope.target;
    let dates = BillDates { target, invoice_date: target, exclude: Vec::new(), auto_renew: true };
    let missing = |number| StoreError::NotFound(format!("account {number}"));
    let only = match scope.account {
        None => None,
        Some(number) => Some(account::find(db, number)?.ok_or_else(|| missing(number))?),
    };
    let mut after = AccountId(0);
    loop {
        let accounts = match &only {
            Some(account) if after == AccountId(0) => vec![account.id],
            Some(_) => Vec::new(),
            None => usage::accounts_with_pending(db, after, CHUNK)?,
        };
        let Some(last) = accounts.last() else { return Ok(()) };
        after = *last;
        for input in
            billing::load(db, &Span { wanted: &accounts, without: None, settled_by: None })?
        {
            let labels: HashMap<_, _> = usage::labels_of(db, input.id)?.into_iter().collect();
            let bill = bill_account(&input, &taxes, &rules, &dates);
            let reasons: HashMap<_, String> = match &bill {
                Ok(bill) => bill.pending.iter().map(|(id, why)| (*id, why.to_string())).collect(),
                Err(error) => {
                    let why = format!("its account fails in the run: {error}");
                    input.usage.iter().map(|u| (u.id, why.clone())).collect()
                }
            };
            for record in &input.usage {
                take(match reasons.get(&record.id) {
                    None => Found::Billable,
                    Some(why) => Found::Left(PendingUsage {
                        account: input.number.clone(),
                        uom: record.uom.clone(),
                        quantity: record.quantity,
                        start_on: record.start_on,
                        label: labels.get(&record.id).cloned().unwrap_or_default(),
                        reason: why.clone(),
                    }),
                })?;
            }
        }
    }
}
