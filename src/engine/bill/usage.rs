//! Usage before a run: what will not be billed, and why.

use crate::domain::bill::bill_account;
use crate::domain::billing::{AccountInput, BillDates, UsageRecord};
use crate::domain::ids::AccountId;
use crate::engine::rate::rules;
use crate::engine::{Error, Session};
use crate::store::billing::{self, Span};
use crate::store::tax;
use crate::store::usage::{self, Label};
use crate::store::{account, settings};
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

/// What the list says in sum.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pending {
    /// Every record that stays, by account and day.
    pub records: Vec<PendingUsage>,
    /// Records and quantity by reason and unit.
    pub sums: BTreeMap<(String, String), (usize, Decimal)>,
    /// Records that would be billed.
    pub billable: usize,
}

/// Accounts rated in one pass.
const CHUNK: u32 = 500;

/// What a run up to `target` would not bill of the usage that no document holds, of one account
/// or of all. Nothing is written.
pub fn pending(
    session: &Session,
    target: NaiveDate,
    number: Option<&str>,
) -> Result<Pending, Error> {
    session.store.read(|db| {
        let rules = rules::billing(&settings::load(db)?)?;
        let taxes = tax::all(db)?;
        let dates =
            BillDates { target, invoice_date: target, exclude: Vec::new(), auto_renew: true };
        let only =
            match number {
                None => None,
                Some(number) => Some(account::find(db, number)?.ok_or_else(|| {
                    crate::store::StoreError::NotFound(format!("account {number}"))
                })?),
            };
        let (mut found, mut after) = (Pending::default(), AccountId(0));
        loop {
            let accounts = match only {
                Some(account) if after == AccountId(0) => vec![account.id],
                Some(_) => Vec::new(),
                None => usage::accounts_with_pending(db, after, CHUNK)?,
            };
            let Some(last) = accounts.last() else { return Ok(found) };
            after = *last;
            for input in billing::load(db, &Span { wanted: &accounts, without: None })? {
                let labels: HashMap<_, _> = usage::labels_of(db, input.id)?.into_iter().collect();
                let bill = bill_account(&input, &taxes, &rules, &dates);
                let reasons: HashMap<_, String> = match &bill {
                    Ok(bill) => {
                        bill.pending.iter().map(|(id, why)| (*id, why.to_string())).collect()
                    }
                    Err(error) => {
                        let why = format!("its account fails in the run: {error}");
                        input.usage.iter().map(|u| (u.id, why.clone())).collect()
                    }
                };
                for record in &input.usage {
                    match reasons.get(&record.id) {
                        None => found.billable += 1,
                        Some(why) => {
                            let label = labels.get(&record.id).cloned().unwrap_or_default();
                            found.add(&input, record, label, why);
                        }
                    }
                }
            }
        }
    })
}

impl Pending {
    fn add(&mut self, input: &AccountInput, record: &UsageRecord, label: Label, why: &str) {
        let sum = self.sums.entry((why.to_owned(), record.uom.clone())).or_default();
        sum.0 += 1;
        sum.1 = sum.1.saturating_add(record.quantity);
        self.records.push(PendingUsage {
            account: input.number.clone(),
            uom: record.uom.clone(),
            quantity: record.quantity,
            start_on: record.start_on,
            label,
            reason: why.to_owned(),
        });
    }
}
