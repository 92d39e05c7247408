//! Days of accounts on which bill runs have nothing left to do: what was billed on them is not read
//! again. A row counts as long as the account's terms and the rules are those it was found with;
//! claims and usage that are written on its days take it away (triggers `settled_by_…`).

use super::{Db, StoreError, Tx, many};
use crate::domain::billing::{AccountInput, BillingRules};
use crate::domain::ids::AccountId;
use chrono::NaiveDate;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

/// To be raised with every change of the program that would make something else of settled days, as
/// the mend of a rule does: then each account is read whole once more.
const EDITION: u32 = 1;

/// What tells the terms and rules days were found settled with from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp(i64);

impl Stamp {
    /// Of an account with all versions of its terms, by the rules.
    pub fn of(input: &AccountInput, rules: &BillingRules) -> Self {
        // Versions are written once and never changed; a conversion of what is open gives the
        // account another currency.
        let mut hasher = DefaultHasher::new();
        (EDITION, rules, input.currency.code()).hash(&mut hasher);
        let mut versions = |ids: &mut dyn Iterator<Item = i64>| {
            let all: Vec<i64> = ids.collect();
            all.hash(&mut hasher);
        };
        versions(&mut input.versions.iter().map(|v| v.id));
        for sub in &input.subscriptions {
            versions(&mut sub.versions.iter().map(|v| v.id));
            for charge in &sub.charges {
                versions(&mut charge.versions.iter().map(|v| v.id));
            }
        }
        Self(hasher.finish().cast_signed())
    }
}

/// Says of accounts with their terms what is settled of them, where that lies before the target.
pub(super) fn mark(
    db: &Db<'_>,
    range: (i64, i64),
    place: &HashMap<i64, usize>,
    (rules, target): (&BillingRules, NaiveDate),
    accounts: &mut [AccountInput],
) -> Result<(), StoreError> {
    let sql = "SELECT account_id, through_on, stamp FROM settled
        WHERE account_id BETWEEN ?1 AND ?2";
    db.each(sql, range, |r| {
        let account = place.get(&r.get(0)?).and_then(|i| accounts.get_mut(*i));
        let Some(account) = account else { return Ok(()) };
        let (through, stamp): (NaiveDate, i64) = (r.get(1)?, r.get(2)?);
        if target > through && Stamp::of(account, rules) == Stamp(stamp) {
            account.settled = Some(through);
        }
        Ok(())
    })
}

/// Keeps that accounts are settled through a day.
pub fn keep(
    tx: &Tx<'_>,
    of: impl Iterator<Item = (AccountId, NaiveDate, Stamp)>,
) -> Result<(), StoreError> {
    let rows = of.map(|(account, through, stamp)| {
        [account.0.into(), through.to_string().into(), stamp.0.into()]
    });
    let after = " ON CONFLICT (account_id) DO UPDATE SET through_on = excluded.through_on,
        stamp = excluded.stamp";
    many::change(tx, "INSERT INTO settled (account_id, through_on, stamp) ", after, rows)?;
    Ok(())
}
