//! Converting a withdrawn currency into the one that took its place: what would be moved, what is in
//! the way, and the moving itself.

use super::carry::{self, Then};
use super::charge::{VERSION_COLUMNS, version_from};
use super::conversion::Conversion;
use super::face::params_from_iter;
use super::{Db, StoreError, Topic, Tx};
use crate::domain::charge::{ChargeTerms, Model, write_tiers};
use crate::domain::conversion::Rate;
use crate::domain::ids::{DocumentId, PaymentId};
use crate::domain::money::Currency;
use chrono::NaiveDate;
use rust_decimal::Decimal;

/// Something open that is moved, in minor units of each currency; credits and money above zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// The document's number, or the payment.
    pub what: String,
    /// Account number.
    pub account: String,
    /// In the old currency.
    pub before_minor: i64,
    /// In the new one.
    pub after_minor: i64,
}

/// Everything that a conversion moves.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Survey {
    pub accounts: i64,
    /// Charges that have a price in money, and the sum of their newest prices in each currency.
    pub charges: i64,
    /// Versions of their prices.
    pub versions: i64,
    /// Newest prices, each currency; what a percentage takes off is none.
    pub prices: (Decimal, Decimal),
    /// Invoices and debit memos with something owed.
    pub owed: Vec<Moved>,
    /// Credit memos with something left.
    pub credits: Vec<Moved>,
    /// Payments with something unapplied.
    pub money: Vec<Moved>,
}

/// What a conversion would move now.
pub fn survey(db: &Db<'_>, rate: &Rate) -> Result<Survey, StoreError> {
    let mut all = Survey {
        accounts: db.one(
            "SELECT count(*) FROM account WHERE currency = ?1",
            [rate.from.code()],
            |r| r.get(0),
        )?,
        ..Survey::default()
    };
    let mut last = 0;
    for (charge, _, terms) in prices(db, rate.from)? {
        let new = rate.terms(&terms).map_err(|e| StoreError::Conflict(e.to_string()))?;
        all.versions += 1;
        // In the order of their charges, the newest version first.
        if charge != last && terms.model != Model::DiscountPercent {
            all.charges += 1;
            all.prices.0 += terms.price;
            all.prices.1 += new.price;
        }
        last = charge;
    }
    all.owed = moved(db, rate, OWED)?;
    all.credits = moved(db, rate, CREDITS)?;
    all.money = moved(db, rate, MONEY)?;
    Ok(all)
}

const OWED: &str = "SELECT d.number, a.number, s.balance_minor, d.id FROM document_state s
    JOIN document d ON d.id = s.document_id JOIN account a ON a.id = d.account_id
    WHERE s.status = 'Posted' AND s.balance_minor > 0 AND d.currency = ?1 ORDER BY d.id";
const CREDITS: &str = "SELECT d.number, a.number, -s.balance_minor, d.id FROM document_state s
    JOIN document d ON d.id = s.document_id JOIN account a ON a.id = d.account_id
    WHERE s.status = 'Posted' AND s.balance_minor < 0 AND d.currency = ?1 ORDER BY d.id";
const MONEY: &str =
    "SELECT printf('P-%06d', p.id), a.number, p.unapplied_minor, p.id FROM payment p
    JOIN account a ON a.id = p.account_id
    WHERE p.unapplied_minor > 0 AND p.currency = ?1 ORDER BY p.id";

fn moved(db: &Db<'_>, rate: &Rate, sql: &str) -> Result<Vec<Moved>, StoreError> {
    let mut found = Vec::new();
    db.each(sql, [rate.from.code()], |r| {
        let before_minor: i64 = r.get(2)?;
        let after_minor =
            rate.convert(before_minor).map_err(|e| StoreError::Conflict(e.to_string()))?;
        found.push(Moved { what: r.get(0)?, account: r.get(1)?, before_minor, after_minor });
        Ok(())
    })?;
    Ok(found)
}

/// Charge, version and terms of every price in a currency, the newest of a charge first.
fn prices(db: &Db<'_>, from: Currency) -> Result<Vec<(i64, i64, ChargeTerms)>, StoreError> {
    db.all(
        &format!(
        "SELECT v.charge_id, {VERSION_COLUMNS} FROM account a JOIN charge c ON c.account_id = a.id
           JOIN charge_version v ON v.charge_id = c.id
         WHERE a.currency = ?1 ORDER BY v.charge_id, v.seq DESC"
    ),
        [from.code()],
        |r| {
            let version = version_from(r, 1)?;
            Ok((r.get(0)?, version.id, version.terms))
        },
    )
}

/// What keeps a currency from being converted, in words: what is not posted, and what is under way.
pub fn in_the_way(db: &Db<'_>, from: Currency) -> Result<Vec<String>, StoreError> {
    let mut found = Vec::new();
    for (sql, code) in [
        (
            "SELECT 'draft ' || printf('D-%06d', d.id) || ' of ' || a.number || ' is in ' || d.currency
             FROM document d JOIN account a ON a.id = d.account_id
             WHERE d.status = 'Draft' AND d.currency = ?1 ORDER BY d.id",
            true,
        ),
        (
            "SELECT 'bill run ' || printf('BR-%06d', id) || ' is ' || status FROM bill_run
             WHERE status IN ('Pending','Processing','Paused','Posting') ORDER BY id",
            false,
        ),
        (
            "SELECT 'payment run ' || printf('PR-%06d', id) || ' is ' || status FROM payment_run
             WHERE status IN ('Pending','Processing','Paused') ORDER BY id",
            false,
        ),
        (
            "SELECT 'payment ' || printf('P-%06d', p.id) || ' of ' || a.number || ' is ' || p.status
             FROM payment p JOIN account a ON a.id = p.account_id
             WHERE p.status IN ('Processing','Submitted','Unknown') AND p.currency = ?1 ORDER BY p.id",
            true,
        ),
        (
            "SELECT 'a refund of ' || printf('P-%06d', p.id) || ' is ' || e.status
             FROM payment_event e JOIN payment p ON p.id = e.payment_id
             WHERE e.kind = 'refund' AND e.status IN ('Processing','Unknown') AND p.currency = ?1 ORDER BY e.id",
            true,
        ),
        (
            "SELECT 'job ' || printf('J-%06d', id) || ' (' || kind || ') is ' || state FROM job
             WHERE state IN ('Waiting','Running','Paused') AND kind IN ('bill','post','collect','retry','reconcile') ORDER BY id",
            false,
        ),
    ] {
        let values = params_from_iter(code.then_some(from.code()));
        found.extend(db.all(sql, values, |row| row.get::<String>(0))?);
    }
    Ok(found)
}

/// Moves everything; gives what was moved. The caller has seen that nothing is in the way.
pub fn convert(tx: &Tx<'_>, rate: Rate, on: NaiveDate) -> Result<Survey, StoreError> {
    let all = survey(tx, &rate)?;
    let of = Conversion { id: tx.insert("INSERT INTO currency_conversion (from_currency, to_currency, rate, rate_units, rate_scale,
         converted_on, op_seq, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)", (
            rate.from.code(),
            rate.to.code(),
            rate.per_one.to_string(),
            rate.units(),
            rate.scale(),
            on,
            tx.seq(),
            tx.now().at_ms,
        ))?, rate, on, at: tx.now().at_ms };
    convert_prices(tx, &of)?;
    tx.run(
        "UPDATE account SET currency = ?2 WHERE currency = ?1",
        (rate.from.code(), rate.to.code()),
    )?;
    for sql in [OWED, CREDITS] {
        for id in ids(tx, sql, rate.from)? {
            carry::document(tx, &of, DocumentId(id), Then::Leave)?;
        }
    }
    for id in ids(tx, MONEY, rate.from)? {
        carry::money(tx, &of, PaymentId(id))?;
    }
    prove(tx, &of, &all)?;
    for topic in [Topic::Accounts, Topic::Documents, Topic::Payments] {
        tx.touch(topic);
    }
    Ok(all)
}

fn ids(db: &Db<'_>, sql: &str, from: Currency) -> Result<Vec<i64>, StoreError> {
    db.all(sql, [from.code()], |r| r.get(3))
}

/// Every version of every price, what is to come too, where it stands: what was billed by it agrees
/// with it as before. What it was is kept beside it.
fn convert_prices(tx: &Tx<'_>, of: &Conversion) -> Result<(), StoreError> {
    let keep = "INSERT INTO converted_price (charge_version_id, conversion_id, price, tiers,
        overage_price)
        SELECT id, ?2, price, tiers, overage_price FROM charge_version WHERE id = ?1";
    let set = "UPDATE charge_version SET price = ?2, tiers = ?3, overage_price = ?4 WHERE id = ?1";
    for (_, version, terms) in prices(tx, of.rate.from)? {
        let new = of.rate.terms(&terms).map_err(|e| StoreError::Conflict(e.to_string()))?;
        tx.run(keep, (version, of.id))?;
        tx.run(
            set,
            (
                version,
                new.price.to_string(),
                write_tiers(&new.tiers),
                new.overage_price.map(|p| p.to_string()),
            ),
        )?;
    }
    Ok(())
}

/// That what stands now is what was to be moved, on both sides; else nothing is moved at all.
fn prove(tx: &Tx<'_>, of: &Conversion, all: &Survey) -> Result<(), StoreError> {
    let rest = survey(tx, &of.rate)?;
    let nothing = rest == Survey::default();
    let sum = |list: &[Moved]| -> (i64, i64) {
        (list.iter().map(|m| m.before_minor).sum(), list.iter().map(|m| m.after_minor).sum())
    };
    let carried = |what: &str| -> Result<(i64, i64), StoreError> {
        tx.one(
            &format!(
                "SELECT coalesce(sum(abs(from_minor)), 0), coalesce(sum(abs(to_minor)), 0)
                 FROM carried
                 WHERE conversion_id = ?1 AND {what}"
            ),
            [of.id],
            |r| Ok((r.get(0)?, r.get(1)?)),
        )
    };
    let ties = carried("document_id IS NOT NULL AND from_minor > 0")? == sum(&all.owed)
        && carried("document_id IS NOT NULL AND from_minor < 0")? == sum(&all.credits)
        && carried("payment_id IS NOT NULL")? == sum(&all.money);
    if nothing && ties {
        return Ok(());
    }
    Err(StoreError::Corrupt(format!(
        "the sums before and after the conversion of {} do not tie",
        of.rate.from
    )))
}
