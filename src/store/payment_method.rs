//! Payment methods as customers give them: tokens, what is shown of them, their order of use.
//! What payments do to a method (failures, hard declines) is in `method_state`.

use super::deed::{self, DeedKind, NewDeed};
use super::face::Bound;
use super::{Db, StoreError, Topic, Tx, account, many, word};
use crate::domain::ids::{AccountId, MethodId};
use crate::domain::payment::{MethodKind, MethodStatus};
use chrono::NaiveDate;

/// A method as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MethodTerms {
    /// The gateway that knows the token.
    pub gateway: String,
    /// The gateway's token.
    pub token: String,
    /// Card or bank account.
    pub kind: MethodKind,
    /// What is shown: `visa ··4242`.
    pub display: String,
    /// Order of use, 1 first.
    pub priority: u32,
    /// Last day of validity; none = does not expire.
    pub expires_on: Option<NaiveDate>,
    /// Whether it may be charged.
    pub status: MethodStatus,
    /// Of a bank account: the mandate it is debited by, and its IBAN; empty = not known.
    pub mandate: String,
    pub iban: String,
}

impl MethodTerms {
    /// As requests for a second person have it, of older builds too.
    pub fn key(&self) -> String {
        let kind = match self.kind {
            MethodKind::Card => "Card",
            MethodKind::Ach => "Ach",
            MethodKind::Sepa => "Sepa",
        };
        let status = match self.status {
            MethodStatus::Active => "Active",
            MethodStatus::Closed => "Closed",
        };
        let expires = self.expires_on.map_or("None".to_owned(), |on| format!("Some({on})"));
        // Text in quotes, with what is in it escaped as Rust does.
        let more = match (self.mandate.as_str(), self.iban.as_str()) {
            ("", "") => String::new(),
            (mandate, iban) => format!(", mandate: {mandate:?}, iban: {iban:?}"),
        };
        format!(
            "MethodTerms {{ gateway: {:?}, token: {:?}, kind: {kind}, display: {:?}, priority: {}, \
             expires_on: {expires}, status: {status}{more} }}",
            self.gateway, self.token, self.display, self.priority
        )
    }
}

/// Whether every method is one of this gateway.
pub fn all_of(db: &Db<'_>, gateway: &str) -> Result<bool, StoreError> {
    db.one(
        "SELECT coalesce((SELECT min(gateway) FROM payment_method) = ?1
           AND (SELECT max(gateway) FROM payment_method) = ?1, 0)",
        [gateway],
        |r| r.get(0),
    )
}

/// The method of an account with this token.
pub fn find(
    db: &Db<'_>,
    account: AccountId,
    token: &str,
) -> Result<Option<(MethodId, MethodTerms)>, StoreError> {
    db.opt(
        "SELECT id, gateway, token, kind, display, priority, expires_on, status, mandate, iban
             FROM payment_method WHERE account_id = ?1 AND token = ?2",
        (account.0, token),
        |r| {
            Ok((
                MethodId(r.get(0)?),
                MethodTerms {
                    gateway: r.get(1)?,
                    token: r.get(2)?,
                    kind: word(r, 3, MethodKind::parse)?,
                    display: r.get(4)?,
                    priority: r.get(5)?,
                    expires_on: r.get(6)?,
                    status: word(r, 7, MethodStatus::parse)?,
                    mandate: r.get(8)?,
                    iban: r.get(9)?,
                },
            ))
        },
    )
}

/// What another payment method is: what the account owes is charged elsewhere.
pub fn exposure(db: &Db<'_>, account: AccountId) -> Result<NewDeed, StoreError> {
    let (_, currency, owed) = account::owes(db, account)?;
    Ok(NewDeed::new(account, DeedKind::Method, owed.max(0), currency))
}

/// Stores a method; the one of the same account and token is replaced, its history of failures
/// kept unless it was closed and is open again, or is valid longer than before: then it is as good as
/// another one.
pub fn put(tx: &Tx<'_>, account: AccountId, method: &MethodTerms) -> Result<(), StoreError> {
    if method.status == MethodStatus::Active {
        deed::enter(tx, &exposure(tx, account)?)?;
    }
    tx.touch(Topic::Accounts);
    tx.run(
        "INSERT INTO payment_method (account_id, gateway, token, kind, display, priority,
            expires_on, status, changed_at, mandate, iban)
         VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11)
         ON CONFLICT (account_id, token) DO UPDATE SET gateway = ?2, kind = ?4, display = ?5,
            priority = ?6, expires_on = ?7,
            failures = CASE WHEN (status = 'closed' AND ?8 = 'active') OR ?7 > expires_on THEN 0
              ELSE failures END,
            hard_declined = CASE WHEN (status = 'closed' AND ?8 = 'active') OR ?7 > expires_on
              THEN 0 ELSE hard_declined END,
            status = ?8, changed_at = ?9, mandate = ?10, iban = ?11",
        (
            account.0,
            &method.gateway,
            &method.token,
            method.kind.as_str(),
            &method.display,
            method.priority,
            method.expires_on,
            method.status.as_str(),
            tx.now().at_ms,
            &method.mandate,
            &method.iban,
        ),
    )?;
    Ok(())
}

/// Stores methods that the book does not have yet, each with its account, where nobody looks at such
/// deeds (see [`deed::heeded`]).
pub fn insert_many<'m>(
    tx: &Tx<'_>,
    new: impl Iterator<Item = (AccountId, &'m MethodTerms)>,
) -> Result<(), StoreError> {
    tx.touch(Topic::Accounts);
    let at = tx.now().at_ms;
    let rows = new.map(|(account, method)| -> [Bound<'_>; 11] {
        [
            account.0.into(),
            method.gateway.as_str().into(),
            method.token.as_str().into(),
            method.kind.as_str().into(),
            method.display.as_str().into(),
            method.priority.into(),
            Bound::Owned(method.expires_on.map(|d| d.to_string()).into()),
            method.status.as_str().into(),
            at.into(),
            method.mandate.as_str().into(),
            method.iban.as_str().into(),
        ]
    });
    many::insert(
        tx,
        "payment_method (account_id, gateway, token, kind, display, priority, expires_on, status,
         changed_at, mandate, iban)",
        rows,
    )
}

/// Whether the account has a method that may be charged on a day.
pub fn has_usable(db: &Db<'_>, account: AccountId, on: NaiveDate) -> Result<bool, StoreError> {
    db.one(
        "SELECT EXISTS (SELECT 1 FROM payment_method WHERE account_id = ?1 AND status = 'active'
                        AND hard_declined = 0 AND (expires_on IS NULL OR expires_on >= ?2))",
        (account.0, on),
        |r| r.get(0),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_named_as_in_the_books_of_older_builds() {
        let mut terms = MethodTerms {
            gateway: "sandbox".to_owned(),
            token: "ok,\"x".to_owned(),
            kind: MethodKind::Card,
            display: "visa ··4242".to_owned(),
            priority: 1,
            expires_on: NaiveDate::from_ymd_opt(2027, 1, 31),
            status: MethodStatus::Active,
            mandate: String::new(),
            iban: String::new(),
        };
        let words = "MethodTerms { gateway: \"sandbox\", token: \"ok,\\\"x\", kind: Card, \
                     display: \"visa ··4242\", priority: 1, expires_on: Some(2027-01-31), status: Active }";
        assert_eq!(terms.key(), words);
        terms.expires_on = None;
        for (kind, status) in [
            (MethodKind::Ach, MethodStatus::Active),
            (MethodKind::Sepa, MethodStatus::Closed),
            (MethodKind::Card, MethodStatus::Closed),
        ] {
            (terms.kind, terms.status) = (kind, status);
            let whole = format!("{terms:?}").replace(", mandate: \"\", iban: \"\"", "");
            assert_eq!(terms.key(), whole);
        }
        terms.mandate = "M-1".to_owned();
        assert_eq!(terms.key(), format!("{terms:?}"));
    }
}
