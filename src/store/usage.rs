//! Usage records, the files they came in, and what holds them.

use super::face::{Bound, Row, Value};
use super::{Db, StoreError, Topic, Tx, decimal, many};
use crate::domain::billing::UsageRecord;
use crate::domain::document::DocumentStatus;
use crate::domain::ids::{AccountId, ChargeId, DocumentId, SubscriptionId, UsageId};
use chrono::NaiveDate;
use rust_decimal::Decimal;

/// A record to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewUsage<'a> {
    /// Whose.
    pub account: AccountId,
    /// Unit of measure.
    pub uom: &'a str,
    /// How much.
    pub quantity: Decimal,
    /// The day that decides the period.
    pub start_on: NaiveDate,
    /// Last day, for information.
    pub end_on: Option<NaiveDate>,
    /// Only this subscription may bill it.
    pub subscription: Option<SubscriptionId>,
    /// Only this charge may bill it.
    pub charge: Option<ChargeId>,
    /// For the clerk.
    pub description: &'a str,
    /// The sender's own key; empty = none.
    pub unique_key: &'a str,
}

/// How many of `accounts` (rising) have no more than `most` records together; at least the first.
pub fn accounts_within(
    db: &Db<'_>,
    accounts: &[AccountId],
    most: i64,
) -> Result<usize, StoreError> {
    let (Some(first), Some(last)) = (accounts.first(), accounts.last()) else { return Ok(0) };
    let sql = "SELECT account_id, count(*) FROM usage WHERE account_id BETWEEN ?1 AND ?2
        GROUP BY account_id ORDER BY account_id";
    let mut records = 0;
    let within = db.find(sql, (first.0, last.0), |row| {
        let Ok(place) = accounts.binary_search(&AccountId(row.get(0)?)) else { return Ok(None) };
        records += row.get::<i64>(1)?;
        Ok((records > most).then_some(place.max(1)))
    })?;
    Ok(within.unwrap_or(accounts.len()))
}

/// A record in the book, as the import compares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredUsage {
    pub id: UsageId,
    /// Whose.
    pub account: AccountId,
    /// Unit of measure.
    pub uom: String,
    /// How much.
    pub quantity: Decimal,
    /// The day that decides the period.
    pub start_on: NaiveDate,
    /// Last day, for information.
    pub end_on: Option<NaiveDate>,
    /// Only this subscription may bill it.
    pub subscription: Option<SubscriptionId>,
    /// Only this charge may bill it.
    pub charge: Option<ChargeId>,
    /// For the clerk.
    pub description: String,
    /// The document that holds it, with its status and number.
    pub held_by: Option<(DocumentId, DocumentStatus, Option<String>)>,
}

impl StoredUsage {
    /// Whether it says what `new` says.
    pub fn says(&self, new: &NewUsage<'_>) -> bool {
        self.account == new.account
            && self.uom == new.uom
            && self.quantity == new.quantity
            && self.start_on == new.start_on
            && self.end_on == new.end_on
            && self.subscription == new.subscription
            && self.charge == new.charge
            && self.description == new.description
    }
}

/// Remembers an imported file; usage refers to it.
pub fn insert_file(
    tx: &Tx<'_>,
    name: &str,
    kind: &str,
    sha256: &str,
    rows: usize,
) -> Result<i64, StoreError> {
    let key = tx.insert(
        "INSERT INTO import_file (name, kind, sha256, rows, at) VALUES (?1,?2,?3,?4,?5)",
        (name, kind, sha256, rows as i64, tx.now().at_ms),
    )?;
    Ok(key)
}

/// Stores records, many in one statement.
pub fn insert_many(
    tx: &Tx<'_>,
    import_id: i64,
    records: &[NewUsage<'_>],
) -> Result<(), StoreError> {
    tx.touch(Topic::Usage);
    many::insert(
        tx,
        "usage (account_id, uom, quantity, start_on, end_on, subscription_id, charge_id, description,
         unique_key, import_id)",
        records.iter().map(|record| bound(import_id, record)),
    )
}

fn bound<'a>(import_id: i64, r: &NewUsage<'a>) -> [Bound<'a>; 10] {
    let key = r.unique_key;
    [
        r.account.0.into(),
        r.uom.into(),
        r.quantity.to_string().into(),
        r.start_on.to_string().into(),
        Bound::Owned(r.end_on.map(|on| on.to_string()).into()),
        Bound::Owned(r.subscription.map(|s| s.0).into()),
        Bound::Owned(r.charge.map(|c| c.0).into()),
        r.description.into(),
        if key.is_empty() { Bound::Owned(Value::Null) } else { key.into() },
        import_id.into(),
    ]
}

/// Changes a record that no posted document holds; the caller has checked that.
pub fn update(tx: &Tx<'_>, id: UsageId, to: &NewUsage<'_>) -> Result<(), StoreError> {
    tx.touch(Topic::Usage);
    tx.run(
        "UPDATE usage SET account_id = ?2, uom = ?3, quantity = ?4, start_on = ?5, end_on = ?6,
                subscription_id = ?7, charge_id = ?8, description = ?9 WHERE id = ?1",
        (
            id.0,
            to.account.0,
            to.uom,
            to.quantity.to_string(),
            to.start_on,
            to.end_on,
            to.subscription.map(|s| s.0),
            to.charge.map(|c| c.0),
            to.description,
        ),
    )?;
    Ok(())
}

/// Whether the book has any usage with a key, and any without: what an import need not look up.
pub fn any(db: &Db<'_>) -> Result<(bool, bool), StoreError> {
    // Both ends of the index over `unique_key`; NULLs stand first.
    let exists = |sql: &str| db.any(sql, []);
    Ok((
        exists("SELECT 1 FROM usage WHERE unique_key > ''")?,
        exists("SELECT 1 FROM usage WHERE unique_key IS NULL")?,
    ))
}

/// The record with this key.
pub fn by_key(db: &Db<'_>, key: &str) -> Result<Option<StoredUsage>, StoreError> {
    db.opt(
        "SELECT u.id, u.account_id, u.uom, u.quantity, u.start_on, u.end_on, u.subscription_id,
                    u.charge_id, u.description, d.id, d.status, d.number
             FROM usage u LEFT JOIN usage_claim c ON c.usage_id = u.id
             LEFT JOIN document d ON d.id = c.document_id
             WHERE u.unique_key = ?1",
        [key],
        stored,
    )
}

fn stored(r: &Row<'_>) -> Result<StoredUsage, StoreError> {
    let document: Option<i64> = r.get(9)?;
    let held_by = match document {
        None => None,
        Some(id) => Some((DocumentId(id), super::word(r, 10, DocumentStatus::parse)?, r.get(11)?)),
    };
    Ok(StoredUsage {
        id: UsageId(r.get(0)?),
        account: AccountId(r.get(1)?),
        uom: r.get(2)?,
        quantity: decimal(r, 3)?,
        start_on: r.get(4)?,
        end_on: r.get(5)?,
        subscription: r.get::<Option<i64>>(6)?.map(SubscriptionId),
        charge: r.get::<Option<i64>>(7)?.map(ChargeId),
        description: r.get(8)?,
        held_by,
    })
}

/// The quantities of keyless records equal in account, unit, start and charge: what an earlier
/// file may have brought already.
pub fn keyless_like(
    db: &Db<'_>,
    record: &NewUsage<'_>,
) -> Result<Vec<(Decimal, String)>, StoreError> {
    db.all(
        "SELECT u.quantity, f.name FROM usage u JOIN import_file f ON f.id = u.import_id
         WHERE u.account_id = ?1 AND u.start_on = ?2 AND u.uom = ?3 AND u.charge_id IS ?4
           AND +u.unique_key IS NULL",
        (record.account.0, record.start_on, record.uom, record.charge.map(|c| c.0)),
        |r| Ok((decimal(r, 0)?, r.get(1)?)),
    )
}

/// The name of an imported file.
pub fn file_name(db: &Db<'_>, import_id: i64) -> Result<String, StoreError> {
    db.one("SELECT name FROM import_file WHERE id = ?1", [import_id], |r| r.get(0))
}

/// Usage that no document holds, of one account, by day.
pub fn pending_of(db: &Db<'_>, account: AccountId) -> Result<Vec<UsageRecord>, StoreError> {
    db.all(
        "SELECT u.id, u.uom, u.quantity, u.start_on, u.subscription_id, u.charge_id FROM usage u
         WHERE u.account_id = ?1
           AND NOT EXISTS (SELECT 1 FROM usage_claim c WHERE c.usage_id = u.id)
         ORDER BY u.start_on, u.id",
        [account.0],
        |r| {
            Ok(UsageRecord {
                id: UsageId(r.get(0)?),
                uom: r.get(1)?,
                quantity: decimal(r, 2)?,
                start_on: r.get(3)?,
                subscription: r.get::<Option<i64>>(4)?.map(SubscriptionId),
                charge: r.get::<Option<i64>>(5)?.map(ChargeId),
                held_by: None,
            })
        },
    )
}

/// Where a record came from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Label {
    /// The sender's key; empty = none.
    pub unique_key: String,
    /// The file it came with.
    pub file: String,
}

/// Where the records of an account that no document holds came from.
pub fn labels_of(db: &Db<'_>, account: AccountId) -> Result<Vec<(UsageId, Label)>, StoreError> {
    db.all(
        "SELECT u.id, coalesce(u.unique_key, ''), f.name FROM usage u
         JOIN import_file f ON f.id = u.import_id
         WHERE u.account_id = ?1
           AND NOT EXISTS (SELECT 1 FROM usage_claim c WHERE c.usage_id = u.id)",
        [account.0],
        |r| Ok((UsageId(r.get(0)?), Label { unique_key: r.get(1)?, file: r.get(2)? })),
    )
}

/// Accounts with usage that no document holds, after one, in order.
pub fn accounts_with_pending(
    db: &Db<'_>,
    after: AccountId,
    limit: u32,
) -> Result<Vec<AccountId>, StoreError> {
    db.all(
        "SELECT a.id FROM account a WHERE a.id > ?1 AND EXISTS (
             SELECT 1 FROM usage u WHERE u.account_id = a.id
               AND NOT EXISTS (SELECT 1 FROM usage_claim c WHERE c.usage_id = u.id))
         ORDER BY a.id LIMIT ?2",
        (after.0, limit),
        |r| Ok(AccountId(r.get(0)?)),
    )
}
