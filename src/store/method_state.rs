//! Payment methods as collecting sees them: what may be charged, and what each try did to them.

use super::face::Row;
use super::{Db, StoreError, Topic, Tx, deed, many, payment_method, word};
use crate::domain::ids::{AccountId, MethodId};
use crate::domain::payment::{MethodKind, MethodStatus};
use crate::domain::payment_method::{MethodState, Network};
use crate::domain::retry::BUDGET_WINDOW_MS;
use std::collections::BTreeMap;

/// A payment method with its past.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MethodRow {
    /// What the rules look at; `tries_at_ms` is filled where it is asked for.
    pub state: MethodState,
    /// Whose it is.
    pub account: AccountId,
    /// Gateway that knows the token.
    pub gateway: String,
    /// The gateway's token.
    pub token: String,
    /// Card or bank account.
    pub kind: MethodKind,
    /// What is shown.
    pub display: String,
    /// Last try, UTC ms.
    pub last_used_at: Option<i64>,
    /// Of a bank account: the mandate it is debited by, and its IBAN; empty = not known.
    pub mandate: String,
    pub iban: String,
}

const COLUMNS: &str = "id, account_id, gateway, token, kind, display, priority, expires_on, status, \
    failures, hard_declined, last_used_at, changed_at, mandate, iban";

fn row(r: &Row<'_>) -> Result<MethodRow, StoreError> {
    let display: String = r.get(5)?;
    Ok(MethodRow {
        state: MethodState {
            id: MethodId(r.get(0)?),
            priority: r.get(6)?,
            status: word(r, 8, MethodStatus::parse)?,
            expires_on: r.get(7)?,
            network: Network::of_display(&display),
            failures: r.get(9)?,
            hard_declined: r.get(10)?,
            changed_at_ms: r.get(12)?,
            tries_at_ms: Vec::new(),
        },
        account: AccountId(r.get(1)?),
        gateway: r.get(2)?,
        token: r.get(3)?,
        kind: word(r, 4, MethodKind::parse)?,
        display,
        last_used_at: r.get(11)?,
        mandate: r.get(13)?,
        iban: r.get(14)?,
    })
}

pub fn get(db: &Db<'_>, id: MethodId) -> Result<MethodRow, StoreError> {
    db.opt(&format!("SELECT {COLUMNS} FROM payment_method WHERE id = ?1"), [id.0], row)?
        .ok_or_else(|| StoreError::NotFound(id.to_string()))
}

/// Which of these gateways know a method of this book.
pub fn gateways(db: &Db<'_>, names: &[&str]) -> Result<Vec<String>, StoreError> {
    let known = "SELECT 1 FROM payment_method WHERE gateway = ?1 LIMIT 1";
    let mut all = Vec::new();
    for name in names {
        if db.any(known, [name])? {
            all.push((*name).to_owned());
        }
    }
    Ok(all)
}

/// The methods of an account in the order of use, without the times of their tries.
pub fn plain_of_account(db: &Db<'_>, account: AccountId) -> Result<Vec<MethodRow>, StoreError> {
    db.all(
        &format!(
            "SELECT {COLUMNS} FROM payment_method WHERE account_id = ?1 ORDER BY priority, id"
        ),
        [account.0],
        row,
    )
}

/// The methods of several accounts, each in the order of use; what has none is not in it. With a
/// moment (UTC ms), when each was tried in the 30 days before it as well.
pub fn of_accounts(
    db: &Db<'_>,
    accounts: impl Iterator<Item = AccountId>,
    tried_before_ms: Option<i64>,
) -> Result<BTreeMap<AccountId, Vec<MethodRow>>, StoreError> {
    let mut all = BTreeMap::<AccountId, Vec<MethodRow>>::new();
    let keys = many::keys(accounts.map(|id| id.0));
    db.each(
        &format!(
            "SELECT {COLUMNS} FROM payment_method
             WHERE account_id IN (SELECT value FROM json_each(?1))
             ORDER BY account_id, priority, id"
        ),
        [&keys],
        |r| {
            let row = row(r)?;
            all.entry(row.account).or_default().push(row);
            Ok(())
        },
    )?;
    let Some(now_ms) = tried_before_ms else { return Ok(all) };
    let mut tries = BTreeMap::<MethodId, Vec<i64>>::new();
    db.each(
        "SELECT p.method_id, p.created_at FROM payment_method m JOIN payment p ON p.method_id = m.id
         WHERE m.account_id IN (SELECT value FROM json_each(?1)) AND p.created_at > ?2
           AND p.status <> 'Canceled'",
        (&keys, now_ms - BUDGET_WINDOW_MS),
        |r| {
            tries.entry(MethodId(r.get(0)?)).or_default().push(r.get(1)?);
            Ok(())
        },
    )?;
    for method in all.values_mut().flatten() {
        method.state.tries_at_ms = tries.remove(&method.state.id).unwrap_or_default();
        method.state.tries_at_ms.sort_unstable();
    }
    Ok(all)
}

/// The same of one account.
pub fn of_account(
    db: &Db<'_>,
    account: AccountId,
    now_ms: i64,
) -> Result<Vec<MethodRow>, StoreError> {
    let mut all = of_accounts(db, std::iter::once(account), Some(now_ms))?;
    Ok(all.remove(&account).unwrap_or_default())
}

/// A success: the failures in a row are over.
pub fn succeeded(tx: &Tx<'_>, id: MethodId) -> Result<(), StoreError> {
    tx.run(
        "UPDATE payment_method SET failures = 0, hard_declined = 0 WHERE id = ?1
         AND (failures > 0 OR hard_declined = 1)",
        [id.0],
    )?;
    Ok(())
}

/// One more failure in a row; `hard` bars the method.
pub fn failed(tx: &Tx<'_>, id: MethodId, hard: bool) -> Result<(), StoreError> {
    tx.run(
        "UPDATE payment_method SET failures = failures + 1, hard_declined = max(hard_declined, ?2)
         WHERE id = ?1",
        (id.0, hard),
    )?;
    Ok(())
}

/// A person says the method is good again: failures are forgotten.
pub fn reset(tx: &Tx<'_>, id: MethodId) -> Result<(), StoreError> {
    tx.run(
        "UPDATE payment_method SET failures = 0, hard_declined = 0, changed_at = ?2 WHERE id = ?1",
        (id.0, tx.now().at_ms),
    )?;
    tx.touch(Topic::Accounts);
    Ok(())
}

/// Puts a method first and opens it again; the others keep their order behind it.
pub fn choose(tx: &Tx<'_>, id: MethodId) -> Result<(), StoreError> {
    let method = get(tx, id)?;
    deed::enter(tx, &payment_method::exposure(tx, method.account)?)?;
    let others = plain_of_account(tx, method.account)?;
    for (place, other) in (2_i64..).zip(others.iter().filter(|m| m.state.id != id)) {
        tx.run("UPDATE payment_method SET priority = ?2 WHERE id = ?1", (other.state.id.0, place))?;
    }
    tx.run(
        "UPDATE payment_method SET priority = 1, status = 'active', failures = 0, hard_declined =
         0, changed_at = ?2 WHERE id = ?1",
        (id.0, tx.now().at_ms),
    )?;
    tx.touch(Topic::Accounts);
    Ok(())
}

/// Closes a method.
pub fn close(tx: &Tx<'_>, id: MethodId) -> Result<(), StoreError> {
    tx.run(
        "UPDATE payment_method SET status = 'closed', changed_at = ?2 WHERE id = ?1",
        (id.0, tx.now().at_ms),
    )?;
    tx.touch(Topic::Accounts);
    Ok(())
}
