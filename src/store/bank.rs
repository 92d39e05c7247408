//! What banks say: accounts of ours, the statements read for them, their lines and what each was matched to,
//! payouts of gateways.

pub mod detail;
pub mod facts;
pub mod line;
pub mod matched;
pub mod payout;
pub mod statement;

use super::face::Row;
use super::{Db, StoreError, Topic, Tx, word};
use crate::domain::money::Currency;
use chrono::NaiveDate;

/// A bank account of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BankAccount {
    pub id: i64,
    pub name: String,
    /// IBAN or number, without blanks; empty = not known.
    pub number: String,
    pub currency: Currency,
    /// UTC milliseconds.
    pub added_at_ms: i64,
}

impl BankAccount {
    /// Where its money is in the ledger.
    pub fn cash(&self) -> String {
        format!("cash:{}", self.name)
    }
}

fn row(r: &Row<'_>) -> Result<BankAccount, StoreError> {
    Ok(BankAccount {
        id: r.get(0)?,
        name: r.get(1)?,
        number: r.get(2)?,
        currency: word(r, 3, Currency::parse)?,
        added_at_ms: r.get(4)?,
    })
}

const COLUMNS: &str = "id, name, number, currency, added_at";

/// Adds one.
pub fn add(
    tx: &Tx<'_>,
    name: &str,
    number: &str,
    currency: Currency,
) -> Result<BankAccount, StoreError> {
    let id = tx.insert(
        "INSERT INTO bank_account (name, number, currency, added_at) VALUES (?1, ?2, ?3, ?4)",
        (name, number, currency.code(), tx.now().at_ms),
    )?;
    tx.touch(Topic::Payments);
    let (name, number, added_at_ms) = (name.to_owned(), number.to_owned(), tx.now().at_ms);
    Ok(BankAccount { id, name, number, currency, added_at_ms })
}

/// Every bank account, by name.
pub fn all(db: &Db<'_>) -> Result<Vec<BankAccount>, StoreError> {
    db.all(&format!("SELECT {COLUMNS} FROM bank_account ORDER BY name"), [], row)
}

pub fn get(db: &Db<'_>, id: i64) -> Result<BankAccount, StoreError> {
    db.one(&format!("SELECT {COLUMNS} FROM bank_account WHERE id = ?1"), [id], row)
}

pub fn named(db: &Db<'_>, name: &str) -> Result<Option<BankAccount>, StoreError> {
    db.opt(&format!("SELECT {COLUMNS} FROM bank_account WHERE name = ?1"), [name], row)
}

/// Those with an IBAN or number, without blanks and in capitals.
pub fn numbered(db: &Db<'_>, number: &str) -> Result<Vec<BankAccount>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM bank_account WHERE number = ?1 AND number <> ''");
    db.all(&sql, [number], row)
}

/// Until which day the statements of every account in use are read without a gap: the earliest of them. None
/// where no account has a statement. Of an account whose first statement is not read to its end: no day.
pub fn read_through(db: &Db<'_>) -> Result<Option<NaiveDate>, StoreError> {
    let mut days = Vec::new();
    for account in all(db)? {
        let read = statement::of_account(db, account.id)?;
        if read.iter().any(statement::StatementRow::is_booked) {
            days.push(statement::read_through(&read).unwrap_or(NaiveDate::MIN));
        }
    }
    Ok(days.into_iter().min())
}

/// Whether there is an account of ours at a bank.
pub fn is_any(db: &Db<'_>) -> Result<bool, StoreError> {
    db.one("SELECT EXISTS (SELECT 1 FROM bank_account)", [], |r| r.get(0))
}
