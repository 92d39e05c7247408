//! Charges and their versions.

use super::deed::{self, DeedKind, NewDeed};
use super::face::{Bound, Row};
use super::{
    Db, StoreError, Topic, Tx, account, damaged, decimal, decimal_opt, many, settings, word,
};
use crate::config::key;
use crate::domain::account::{Version, newest};
use crate::domain::charge::{
    Alignment, BillingDay, BillingPeriod, ChargeTerms, ChargeType, DiscountLevel, Model, PriceBase,
    Timing, parse_tiers, write_tiers,
};
use crate::domain::ids::{AccountId, ChargeId, SubscriptionId};
use chrono::NaiveDate;
use rust_decimal::Decimal;

/// The number of a charge.
pub fn number(db: &Db<'_>, id: ChargeId) -> Result<String, StoreError> {
    db.one("SELECT number FROM charge WHERE id = ?1", [id.0], |r| r.get(0))
}

/// A charge as others refer to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChargeRef {
    pub id: ChargeId,
    /// The subscription it belongs to.
    pub subscription: SubscriptionId,
    /// The account it belongs to.
    pub account: AccountId,
}

/// The charge with this number.
pub fn find(db: &Db<'_>, number: &str) -> Result<Option<ChargeRef>, StoreError> {
    db.opt(
        "SELECT id, subscription_id, account_id FROM charge WHERE number = ?1",
        [number],
        charge_ref,
    )
}

/// Charges with their numbers, from one identity on, at most so many.
pub fn run(db: &Db<'_>, from: i64, most: u32) -> Result<Vec<(String, ChargeRef)>, StoreError> {
    db.all(
        "SELECT id, subscription_id, account_id, number FROM charge
         WHERE id >= ?1 ORDER BY id LIMIT ?2",
        (from, most),
        |r| Ok((r.get(3)?, charge_ref(r)?)),
    )
}

/// Hands over the number of every charge.
pub fn each_number(db: &Db<'_>, take: &mut dyn FnMut(&str)) -> Result<(), StoreError> {
    db.each("SELECT number FROM charge", [], |r| {
        take(r.text(0)?);
        Ok(())
    })
}

fn charge_ref(r: &Row<'_>) -> Result<ChargeRef, StoreError> {
    Ok(ChargeRef {
        id: ChargeId(r.get(0)?),
        subscription: SubscriptionId(r.get(1)?),
        account: AccountId(r.get(2)?),
    })
}

/// The columns of a version, in the order [`version_from`] reads them.
pub(in crate::store) const VERSION_COLUMNS: &str =
    "v.id, v.seq, v.effective_from_on, v.name, v.plan, v.type, v.model, v.price, v.quantity, v.uom,
     v.billing_period, v.timing, v.billing_day, v.alignment, v.price_base, v.start_on, v.end_on,
     v.billed_through_on, v.tiers, v.package_size, v.included_units, v.overage_price,
     v.discount_level, v.stacked, v.tax_code, v.revenue_account";

/// Every version of a charge, in the order they were recorded.
pub fn versions(db: &Db<'_>, id: ChargeId) -> Result<Vec<Version<ChargeTerms>>, StoreError> {
    db.all(
        &format!(
            "SELECT {VERSION_COLUMNS} FROM charge_version v WHERE v.charge_id = ?1 ORDER BY v.seq"
        ),
        [id.0],
        |r| version_from(r, 0),
    )
}

/// Reads [`VERSION_COLUMNS`] beginning at column `at`.
pub(in crate::store) fn version_from(
    r: &Row<'_>,
    at: usize,
) -> Result<Version<ChargeTerms>, StoreError> {
    let tiers = r.text(at + 18)?;
    Ok(Version {
        id: r.get(at)?,
        seq: r.get(at + 1)?,
        effective_from: r.get(at + 2)?,
        terms: ChargeTerms {
            name: r.get(at + 3)?,
            plan: r.get(at + 4)?,
            charge_type: word(r, at + 5, ChargeType::parse)?,
            model: word(r, at + 6, Model::parse)?,
            price: decimal(r, at + 7)?,
            quantity: decimal(r, at + 8)?,
            uom: r.get(at + 9)?,
            billing_period: word(r, at + 10, |text| match text {
                "" => Some(None),
                text => BillingPeriod::parse(text).map(Some),
            })?,
            timing: word(r, at + 11, Timing::parse)?,
            billing_day: word(r, at + 12, BillingDay::parse)?,
            alignment: word(r, at + 13, Alignment::parse)?,
            price_base: word(r, at + 14, PriceBase::parse)?,
            start_on: r.get(at + 15)?,
            end_on: r.get(at + 16)?,
            billed_through: r.get(at + 17)?,
            tiers: parse_tiers(tiers).map_err(|_| damaged(at + 18, tiers))?,
            package_size: decimal_opt(r, at + 19)?,
            included_units: decimal_opt(r, at + 20)?,
            overage_price: decimal_opt(r, at + 21)?,
            discount_level: word(r, at + 22, DiscountLevel::parse)?,
            stacked: r.get(at + 23)?,
            tax_code: r.get(at + 24)?,
            revenue_account: r.get(at + 25)?,
        },
    })
}

/// A charge to be made.
#[derive(Debug, Clone, Copy)]
pub struct NewCharge<'a> {
    pub number: &'a str,
    /// The subscription it belongs to.
    pub subscription: SubscriptionId,
    /// The account it belongs to.
    pub account: AccountId,
    /// Of its first version.
    pub terms: &'a ChargeTerms,
    /// The first day of that version.
    pub effective_from: NaiveDate,
}

/// Makes charges with their first versions.
pub fn insert_many(tx: &Tx<'_>, new: &[NewCharge<'_>]) -> Result<(), StoreError> {
    tx.touch(Topic::Accounts);
    let first: i64 = tx.one("SELECT coalesce(max(id), 0) + 1 FROM charge", [], |r| r.get(0))?;
    let rows = (first..)
        .zip(new)
        .map(|(id, c)| [id.into(), c.number.into(), c.subscription.0.into(), c.account.0.into()]);
    many::insert(tx, "charge (id, number, subscription_id, account_id)", rows)?;
    let at = tx.now().at_ms;
    let versions = (first..).zip(new);
    many::insert(
        tx,
        VERSION,
        versions.map(|(id, c)| version_row(id, 1, c.terms, c.effective_from, at)),
    )
}

/// Whether new terms of a charge are another price, by more than `four_eyes.price_percent`.
pub fn reprices(db: &Db<'_>, id: ChargeId, terms: &ChargeTerms) -> Result<bool, StoreError> {
    let config = settings::group(db, &[key::FOUR_EYES_PRICE_CHARGES])?;
    if config.int(key::FOUR_EYES_PRICE_CHARGES) == 0 {
        return Ok(false);
    }
    let versions = versions(db, id)?;
    let Some(held) = newest(&versions).map(|v| &v.terms) else { return Ok(false) };
    let rest = |t: &ChargeTerms| {
        (t.model, t.price_base, t.tiers.clone(), t.package_size, t.included_units, t.overage_price)
    };
    let percent = config.decimal(key::FOUR_EYES_PRICE_PERCENT).unwrap_or_default();
    let hundred = Decimal::ONE_HUNDRED;
    let moved = (terms.price - held.price).abs().checked_mul(hundred);
    let far = moved.zip(held.price.abs().checked_mul(percent)).is_none_or(|(m, p)| m > p);
    Ok(rest(terms) != rest(held) || (terms.price != held.price && far))
}

/// Records a new version of a charge; older ones stay.
pub fn amend(
    tx: &Tx<'_>,
    id: ChargeId,
    terms: &ChargeTerms,
    effective_from: NaiveDate,
) -> Result<(), StoreError> {
    if reprices(tx, id, terms)? {
        let account =
            AccountId(tx.one("SELECT account_id FROM charge WHERE id = ?1", [id.0], |r| r.get(0))?);
        let (_, currency, _) = account::owes(tx, account)?;
        deed::enter(tx, &NewDeed::new(account, DeedKind::Price, 0, currency))?;
    }
    let seq: i64 = tx.one(
        "SELECT coalesce(max(seq), 0) + 1 FROM charge_version WHERE charge_id = ?1",
        [id.0],
        |r| r.get(0),
    )?;
    insert_version(tx, id, seq, terms, effective_from)
}

fn insert_version(
    tx: &Tx<'_>,
    id: ChargeId,
    seq: i64,
    terms: &ChargeTerms,
    effective_from: NaiveDate,
) -> Result<(), StoreError> {
    tx.touch(Topic::Accounts);
    let row = version_row(id.0, seq, terms, effective_from, tx.now().at_ms);
    many::insert(tx, VERSION, [row])
}

const VERSION: &str = "charge_version (charge_id, seq, effective_from_on, name, plan, type, model,
    price, quantity, uom, billing_period, timing, billing_day, alignment, price_base, start_on, end_on,
    billed_through_on, tiers, package_size, included_units, overage_price, discount_level, stacked,
    tax_code, revenue_account, recorded_at)";

/// The columns of [`VERSION`].
fn version_row(
    id: i64,
    seq: i64,
    terms: &ChargeTerms,
    effective_from: NaiveDate,
    at_ms: i64,
) -> [Bound<'_>; 27] {
    let day = |d: Option<NaiveDate>| Bound::Owned(d.map(|d| d.to_string()).into());
    let number = |d: Option<Decimal>| Bound::Owned(d.map(|d| d.to_string()).into());
    [
        id.into(),
        seq.into(),
        effective_from.to_string().into(),
        terms.name.as_str().into(),
        terms.plan.as_str().into(),
        terms.charge_type.as_str().into(),
        terms.model.as_str().into(),
        terms.price.to_string().into(),
        terms.quantity.to_string().into(),
        terms.uom.as_str().into(),
        terms.billing_period.map(|p| p.to_string()).unwrap_or_default().into(),
        terms.timing.as_str().into(),
        terms.billing_day.to_string().into(),
        terms.alignment.as_str().into(),
        terms.price_base.as_str().into(),
        day(terms.start_on),
        day(terms.end_on),
        day(terms.billed_through),
        write_tiers(&terms.tiers).into(),
        number(terms.package_size),
        number(terms.included_units),
        number(terms.overage_price),
        terms.discount_level.as_str().into(),
        terms.stacked.into(),
        terms.tax_code.as_str().into(),
        terms.revenue_account.as_str().into(),
        at_ms.into(),
    ]
}

/// The last day up to which the charge is billed on a posted document (or waived); none = never.
pub fn billed_through(db: &Db<'_>, id: ChargeId) -> Result<Option<NaiveDate>, StoreError> {
    db.one(
        "SELECT max(c.to_on) FROM claim c
             JOIN document_state s ON s.document_id = c.document_id
             WHERE c.charge_id = ?1 AND c.role <> 'credited' AND s.status = 'Posted'",
        [id.0],
        |r| r.get(0),
    )
}

/// Whether anything at all was billed in this book.
pub fn any_billed(db: &Db<'_>) -> Result<bool, StoreError> {
    db.any("SELECT 1 FROM claim LIMIT 1", [])
}

/// Whether the charge is billed already, on a draft or a posted document.
pub fn is_billed(db: &Db<'_>, id: ChargeId) -> Result<bool, StoreError> {
    db.any("SELECT 1 FROM claim WHERE charge_id = ?1 LIMIT 1", [id.0])
}

/// How many charges of a subscription are billed already.
pub fn billed_of_subscription(db: &Db<'_>, id: SubscriptionId) -> Result<u32, StoreError> {
    db.one(
        "SELECT count(*) FROM charge h WHERE h.subscription_id = ?1
               AND EXISTS (SELECT 1 FROM claim c WHERE c.charge_id = h.id)",
        [id.0],
        |r| r.get(0),
    )
}

/// How many charges of an account are billed already.
pub fn billed_of_account(db: &Db<'_>, id: AccountId) -> Result<u32, StoreError> {
    db.one(
        "SELECT count(*) FROM charge h WHERE h.account_id = ?1
               AND EXISTS (SELECT 1 FROM claim c WHERE c.charge_id = h.id)",
        [id.0],
        |r| r.get(0),
    )
}

/// How many charges of the book are billed already.
pub fn billed_count(db: &Db<'_>) -> Result<u32, StoreError> {
    db.one(
        "SELECT count(*) FROM charge h
             WHERE EXISTS (SELECT 1 FROM claim c WHERE c.charge_id = h.id)",
        [],
        |r| r.get(0),
    )
}
