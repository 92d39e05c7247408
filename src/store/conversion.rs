//! Conversions that were made of a withdrawn currency into the one that took its place, and the rates
//! that the book knows since.

use super::{Db, StoreError, decimal, decimal_opt, word};
use crate::domain::charge::{Tier, parse_tiers};
use crate::domain::conversion::Rate;
use crate::domain::ids::{ChargeId, DocumentId};
use crate::domain::money::Currency;
use chrono::NaiveDate;
use rust_decimal::Decimal;

/// A conversion that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversion {
    pub id: i64,
    /// From what, into what, at which rate.
    pub rate: Rate,
    /// Its day.
    pub on: NaiveDate,
    /// When it was made, UTC ms.
    pub at: i64,
}

/// Whether a currency ever was converted in this book.
pub(super) fn any(db: &Db<'_>) -> Result<bool, StoreError> {
    db.any("SELECT 1 FROM currency_conversion", [])
}

/// The conversion of a currency, if there was one.
pub fn of(db: &Db<'_>, from: Currency) -> Result<Option<Conversion>, StoreError> {
    let row = db.opt(
        "SELECT id, to_currency, rate, converted_on, at FROM currency_conversion
         WHERE from_currency = ?1",
        [from.code()],
        |r| {
            let to = word(r, 1, Currency::parse)?;
            Ok((r.get(0)?, to, r.get::<String>(2)?, r.get(3)?, r.get(4)?))
        },
    )?;
    let Some((id, to, text, on, at)) = row else { return Ok(None) };
    let rate = Rate::parse(&text, from, to).map_err(|e| StoreError::Corrupt(e.to_string()))?;
    Ok(Some(Conversion { id, rate, on, at }))
}

/// The rate at which a currency became another: an error where it never did, for nothing is ever taken
/// one for the other.
pub fn rate(db: &Db<'_>, from: Currency, to: Currency) -> Result<Rate, StoreError> {
    match of(db, from)? {
        Some(found) if found.rate.to == to => Ok(found.rate),
        Some(_) | None => Err(StoreError::Corrupt(format!(
            "{from} stands beside {to}, and the book knows no rate between them"
        ))),
    }
}

/// An amount that document `by` says, in the currency of the document that it corrects.
pub fn in_currency_of(
    db: &Db<'_>,
    corrected: DocumentId,
    by: DocumentId,
    minor: i64,
) -> Result<i64, StoreError> {
    let currency = |id: DocumentId| -> Result<Currency, StoreError> {
        db.one("SELECT currency FROM document WHERE id = ?1", [id.0], |r| {
            word(r, 0, Currency::parse)
        })
    };
    let (theirs, own) = (currency(corrected)?, currency(by)?);
    if theirs == own {
        return Ok(minor);
    }
    let rate = rate(db, theirs, own)?;
    rate.back(minor).map_err(|e| StoreError::Corrupt(e.to_string()))
}

/// The document whose open amount another one carries over, by its number.
pub fn origin(db: &Db<'_>, document: DocumentId) -> Result<Option<String>, StoreError> {
    db.opt(
        "SELECT d.number FROM carried c JOIN document d ON d.id = c.document_id
         WHERE c.to_document_id = ?1",
        [document.0],
        |r| r.get(0),
    )
}

/// What a document became in the currency that took the place of its own, oldest first, with its number.
pub fn successors(
    db: &Db<'_>,
    document: DocumentId,
) -> Result<Vec<(DocumentId, String)>, StoreError> {
    db.all(
        "SELECT d.id, d.number FROM carried c JOIN document d ON d.id = c.to_document_id
         WHERE c.document_id = ?1 ORDER BY c.id",
        [document.0],
        |r| Ok((DocumentId(r.get(0)?), r.get(1)?)),
    )
}

/// What a charge cost before its currency was converted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Former {
    pub price: Decimal,
    pub tiers: Vec<Tier>,
    /// Price beyond.
    pub overage_price: Option<Decimal>,
    pub currency: Currency,
}

/// What a charge cost before its currency was converted, by version.
pub fn former_prices(db: &Db<'_>, charge: ChargeId) -> Result<Vec<Former>, StoreError> {
    db.all(
        "SELECT p.price, p.tiers, p.overage_price, c.from_currency FROM charge_version v
         JOIN converted_price p ON p.charge_version_id = v.id
         JOIN currency_conversion c ON c.id = p.conversion_id
         WHERE v.charge_id = ?1",
        [charge.0],
        |r| {
            Ok(Former {
                price: decimal(r, 0)?,
                tiers: word(r, 1, |t| parse_tiers(t).ok())?,
                overage_price: decimal_opt(r, 2)?,
                currency: word(r, 3, Currency::parse)?,
            })
        },
    )
}

/// The currencies of accounts, with how many have each.
pub fn in_use(db: &Db<'_>) -> Result<Vec<(Currency, i64)>, StoreError> {
    db.all("SELECT currency, count(*) FROM account GROUP BY currency ORDER BY 1", [], |r| {
        Ok((word(r, 0, Currency::parse)?, r.get(1)?))
    })
}
