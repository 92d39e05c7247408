//! Subscriptions and their versions.

use super::face::{Bound, Row};
use super::{Db, StoreError, Topic, Tx, account_text, many};
use crate::domain::account::Version;
use crate::domain::ids::{AccountId, SubscriptionId};
use crate::domain::subscription::SubscriptionTerms;
use chrono::NaiveDate;

/// A subscription as others refer to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SubscriptionRef {
    pub id: SubscriptionId,
    /// The account it belongs to.
    pub account: AccountId,
    /// First day of service, by the newest version.
    pub start_on: NaiveDate,
}

const REFS: &str = "SELECT s.id, s.account_id, v.start_on, s.number
    FROM subscription s JOIN subscription_version v ON v.subscription_id = s.id
     AND v.seq = (SELECT max(seq) FROM subscription_version WHERE subscription_id = s.id)";

/// The subscription with this number.
pub fn find(db: &Db<'_>, number: &str) -> Result<Option<SubscriptionRef>, StoreError> {
    db.opt(&format!("{REFS} WHERE s.number = ?1"), [number], subscription_ref)
}

/// The subscription with this identity.
pub fn get(db: &Db<'_>, id: SubscriptionId) -> Result<Option<SubscriptionRef>, StoreError> {
    db.opt(&format!("{REFS} WHERE s.id = ?1"), [id.0], subscription_ref)
}

/// Subscriptions with their numbers, from one identity on, at most so many.
pub fn run(
    db: &Db<'_>,
    from: i64,
    most: u32,
) -> Result<Vec<(String, SubscriptionRef)>, StoreError> {
    let sql = format!("{REFS} WHERE s.id >= ?1 ORDER BY s.id LIMIT ?2");
    db.all(&sql, (from, most), |r| Ok((r.get(3)?, subscription_ref(r)?)))
}

/// Hands over the number of every subscription.
pub fn each_number(db: &Db<'_>, take: &mut dyn FnMut(&str)) -> Result<(), StoreError> {
    db.each("SELECT number FROM subscription", [], |r| {
        take(r.text(0)?);
        Ok(())
    })
}

fn subscription_ref(r: &Row<'_>) -> Result<SubscriptionRef, StoreError> {
    Ok(SubscriptionRef {
        id: SubscriptionId(r.get(0)?),
        account: AccountId(r.get(1)?),
        start_on: r.get(2)?,
    })
}

/// Every version of a subscription, in the order they were recorded.
pub fn versions(
    db: &Db<'_>,
    id: SubscriptionId,
) -> Result<Vec<Version<SubscriptionTerms>>, StoreError> {
    let sql = format!(
        "SELECT {VERSION_COLUMNS} FROM subscription_version v WHERE v.subscription_id = ?1
         ORDER BY v.seq"
    );
    db.all(&sql, [id.0], |r| version_from(r, 0))
}

/// The columns of a version, in the order [`version_from`] reads them.
pub(in crate::store) const VERSION_COLUMNS: &str =
    "v.id, v.seq, v.effective_from_on, v.start_on, v.term_months, v.auto_renew, v.end_on,
     v.suspended_from_on, v.resumed_from_on, v.po_number";

/// Reads [`VERSION_COLUMNS`] beginning at column `at`.
pub(in crate::store) fn version_from(
    r: &Row<'_>,
    at: usize,
) -> Result<Version<SubscriptionTerms>, StoreError> {
    Ok(Version {
        id: r.get(at)?,
        seq: r.get(at + 1)?,
        effective_from: r.get(at + 2)?,
        terms: SubscriptionTerms {
            start_on: r.get(at + 3)?,
            term_months: r.get(at + 4)?,
            auto_renew: r.get(at + 5)?,
            end_on: r.get(at + 6)?,
            suspended_from: r.get(at + 7)?,
            resumed_from: r.get(at + 8)?,
            po_number: r.get(at + 9)?,
        },
    })
}

/// The subscriptions of an account: identity and number, oldest first.
pub fn of_account(
    db: &Db<'_>,
    account: AccountId,
) -> Result<Vec<(SubscriptionId, String)>, StoreError> {
    db.all(
        "SELECT id, number FROM subscription WHERE account_id = ?1 ORDER BY id",
        [account.0],
        |r| Ok((SubscriptionId(r.get(0)?), r.get(1)?)),
    )
}

/// A subscription to be made.
#[derive(Debug, Clone, Copy)]
pub struct NewSubscription<'a> {
    pub number: &'a str,
    /// The account it belongs to.
    pub account: AccountId,
    /// Of its first version.
    pub terms: &'a SubscriptionTerms,
    /// The first day of that version.
    pub effective_from: NaiveDate,
}

/// Makes subscriptions with their first versions.
pub fn insert_many(tx: &Tx<'_>, new: &[NewSubscription<'_>]) -> Result<(), StoreError> {
    tx.touch(Topic::Accounts);
    let first: i64 =
        tx.one("SELECT coalesce(max(id), 0) + 1 FROM subscription", [], |r| r.get(0))?;
    let rows = (first..).zip(new).map(|(id, s)| [id.into(), s.number.into(), s.account.0.into()]);
    many::insert(tx, "subscription (id, number, account_id)", rows)?;
    let at = tx.now().at_ms;
    let versions = (first..).zip(new);
    many::insert(
        tx,
        VERSION,
        versions.map(|(id, s)| version_row(id, 1, s.terms, s.effective_from, at)),
    )?;
    for new in new {
        account_text::more(tx, (new.account, None), &new.terms.po_number)?;
    }
    Ok(())
}

/// Records a new version of a subscription; older ones stay.
pub fn amend(
    tx: &Tx<'_>,
    id: SubscriptionId,
    terms: &SubscriptionTerms,
    effective_from: NaiveDate,
) -> Result<(), StoreError> {
    let seq: i64 = tx.one(
        "SELECT coalesce(max(seq), 0) + 1 FROM subscription_version WHERE subscription_id = ?1",
        [id.0],
        |r| r.get(0),
    )?;
    insert_version(tx, id, seq, terms, effective_from)
}

fn insert_version(
    tx: &Tx<'_>,
    id: SubscriptionId,
    seq: i64,
    terms: &SubscriptionTerms,
    effective_from: NaiveDate,
) -> Result<(), StoreError> {
    tx.touch(Topic::Accounts);
    let row = version_row(id.0, seq, terms, effective_from, tx.now().at_ms);
    many::insert(tx, VERSION, [row])?;
    let account: i64 =
        tx.one("SELECT account_id FROM subscription WHERE id = ?1", [id.0], |r| r.get(0))?;
    account_text::more(tx, (AccountId(account), None), &terms.po_number)
}

const VERSION: &str = "subscription_version (subscription_id, seq, effective_from_on, start_on,
    term_months, auto_renew, end_on, suspended_from_on, resumed_from_on, po_number, recorded_at)";

/// The columns of [`VERSION`].
fn version_row(
    id: i64,
    seq: i64,
    terms: &SubscriptionTerms,
    effective_from: NaiveDate,
    at_ms: i64,
) -> [Bound<'_>; 11] {
    let day = |d: Option<NaiveDate>| Bound::Owned(d.map(|d| d.to_string()).into());
    [
        id.into(),
        seq.into(),
        effective_from.to_string().into(),
        terms.start_on.to_string().into(),
        Bound::Owned(terms.term_months.into()),
        terms.auto_renew.into(),
        day(terms.end_on),
        day(terms.suspended_from),
        day(terms.resumed_from),
        terms.po_number.as_str().into(),
        at_ms.into(),
    ]
}
