//! Counts and sums that are kept: triggers move them in the transaction of the change they count, so
//! that a screen of a million documents reads some rows. `check` counts them anew.

use super::face::Row;
use super::{Db, StoreError, money, word};
use crate::domain::delivery::Balance;
use crate::domain::document::{DocumentStatus, Review};
use crate::domain::money::{Money, Purse};
use crate::domain::payment::DeliveryStatus;
use chrono::NaiveDate;
use std::collections::BTreeMap;

/// How many there are of something, and their money by currency.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tally {
    pub count: i64,
    /// Of drafts: how many have a flag.
    pub flagged: i64,
    pub money: Purse,
}

fn sums(db: &Db<'_>, which: &str, value: &str) -> Result<Tally, StoreError> {
    let mut all = Tally::default();
    db.each(
        &format!(
            "SELECT currency, sum(count), sum(sum_minor), sum(flagged) FROM tally
             WHERE {which} GROUP BY 1 HAVING sum(count) <> 0"
        ),
        [value],
        |r| {
            all.count += r.get::<i64>(1)?;
            all.flagged += r.get::<i64>(3)?;
            all.money.add(money(r, 0, 2)?)?;
            Ok(())
        },
    )?;
    Ok(all)
}

/// Drafts, with what is charged in them.
pub fn drafts(db: &Db<'_>) -> Result<Tally, StoreError> {
    sums(db, "name = ?1", "draft")
}

/// Drafts of which this was said.
pub fn drafts_of(db: &Db<'_>, review: Review) -> Result<Tally, StoreError> {
    sums(db, "name = 'draft' AND word = ?1", review.as_str())
}

/// Documents that are posted, or were canceled, with their totals.
pub fn documents(db: &Db<'_>, status: DocumentStatus) -> Result<Tally, StoreError> {
    let mut all = Tally::default();
    let kept =
        "SELECT currency, count, sum_minor FROM document_tally WHERE status = ?1 AND count > 0";
    db.each(kept, [status.as_str()], |r| {
        all.count += r.get::<i64>(1)?;
        all.money.add(money(r, 0, 2)?)?;
        Ok(())
    })?;
    Ok(all)
}

/// All documents, drafts too.
pub fn all_documents(db: &Db<'_>) -> Result<Tally, StoreError> {
    let mut all = drafts(db)?;
    for status in [DocumentStatus::Posted, DocumentStatus::Canceled] {
        let more = documents(db, status)?;
        all.count += more.count;
        for money in &*more.money {
            all.money.add(*money)?;
        }
    }
    Ok(all)
}

/// What is open on invoices and debit memos that were due before a day.
pub fn owed_before(db: &Db<'_>, day: NaiveDate) -> Result<Tally, StoreError> {
    sums(db, "name = 'owed' AND word < ?1", &day.to_string())
}

/// What is open on invoices and debit memos.
pub fn owed(db: &Db<'_>) -> Result<Tally, StoreError> {
    sums(db, "name = ?1", "owed")
}

/// What is open on invoices and debit memos by the day it is due: how many, and their money.
pub fn owed_by_day(db: &Db<'_>) -> Result<Vec<(NaiveDate, i64, Money)>, StoreError> {
    db.all(
        "SELECT word, currency, count, sum_minor FROM tally WHERE name = 'owed' AND count <> 0",
        [],
        |r| Ok((r.get(0)?, r.get(2)?, money(r, 1, 3)?)),
    )
}

/// Posted documents that are to be delivered and have no copy.
pub fn undelivered(db: &Db<'_>) -> Result<Tally, StoreError> {
    sums(db, "name = ?1", "undelivered")
}

/// Copies in one of these states, with the money of their documents.
pub fn copies(db: &Db<'_>, states: &[DeliveryStatus]) -> Result<Tally, StoreError> {
    let words: Vec<&str> = states.iter().map(|s| s.as_str()).collect();
    let any = "name = 'copy' AND instr(',' || ?1 || ',', ',' || word || ',') > 0";
    sums(db, any, &words.join(","))
}

/// How all copies stand; the last one to an address counts.
pub fn balance(db: &Db<'_>) -> Result<Balance, StoreError> {
    let status = |r: &Row<'_>| Ok((word(r, 0, DeliveryStatus::parse)?, r.get::<i64>(1)?));
    let all = "SELECT word, sum(count) FROM tally WHERE name = 'copy' GROUP BY 1";
    let mut by: BTreeMap<DeliveryStatus, i64> = db.gather(all, [], status)?;
    let earlier = "SELECT l.status, count(*) FROM delivery l WHERE l.id IN (
          SELECT o.id FROM delivery n JOIN delivery o ON o.document_id = n.document_id
            AND o.channel = n.channel AND o.address = n.address AND o.copy < n.copy
          WHERE n.copy > 1) GROUP BY 1";
    for (status, count) in db.all(earlier, [], status)? {
        *by.entry(status).or_default() -= count;
    }
    let mut balance = Balance { due: by.values().sum(), ..Balance::default() };
    by.into_iter().for_each(|(status, count)| balance.add(status, count));
    Ok(balance)
}
