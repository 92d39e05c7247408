//! Rows of a file that come again, compared with the book where they lie: things in the order in which
//! they were made, which is the order in which files bring them, so that no row is looked up for itself.
//! What is compared here is only whether a row says the same; what it changes is found elsewhere.

use super::face::{Cell, Row};
use super::payment_method::MethodTerms;
use super::{Db, StoreError, account, charge, subscription};
use crate::domain::account::{AccountTerms, LegalTerms};
use crate::domain::charge::{BillingDay, BillingPeriod, ChargeTerms, parse_tiers};
use crate::domain::subscription::SubscriptionTerms;
use chrono::NaiveDate;
use rust_decimal::Decimal;

/// Which columns a file gives, in the order of those that `…_says` compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Given(u32);

impl Given {
    /// Of whether each is given.
    pub fn of<const N: usize>(each: [bool; N]) -> Self {
        Self(each.iter().rev().fold(0, |bits, given| bits << 1 | u32::from(*given)))
    }

    fn has(self, n: usize) -> bool {
        self.0 >> n & 1 == 1
    }
}

/// A thing with one of its versions.
pub struct Seen<'r>(&'r Row<'r>);

/// Hears of things in their order until it says false.
pub type Look<'a> = &'a mut dyn FnMut(&Seen<'_>) -> Result<bool, StoreError>;

fn walk(db: &Db<'_>, sql: &str, from: i64, look: Look<'_>) -> Result<(), StoreError> {
    db.find(sql, [from], |row| Ok((!look(&Seen(row))?).then_some(()))).map(|_| ())
}

/// Accounts with their versions, from the one with this identity on.
pub fn accounts(db: &Db<'_>, from: i64, look: Look<'_>) -> Result<(), StoreError> {
    let columns = account::VERSION_COLUMNS;
    let sql = format!(
        "SELECT a.id, a.number, a.number, {columns} FROM account a
         CROSS JOIN account_version v ON v.account_id = a.id
         WHERE a.id >= ?1 ORDER BY a.id, v.seq"
    );
    walk(db, &sql, from, look)
}

/// Subscriptions with their versions and the number of their account.
pub fn subscriptions(db: &Db<'_>, from: i64, look: Look<'_>) -> Result<(), StoreError> {
    let columns = subscription::VERSION_COLUMNS;
    let sql = format!(
        "SELECT s.id, s.number, a.number, {columns} FROM subscription s
         CROSS JOIN account a ON a.id = s.account_id
         CROSS JOIN subscription_version v ON v.subscription_id = s.id
         WHERE s.id >= ?1 ORDER BY s.id, v.seq"
    );
    walk(db, &sql, from, look)
}

/// Charges with their versions and the number of their subscription.
pub fn charges(db: &Db<'_>, from: i64, look: Look<'_>) -> Result<(), StoreError> {
    let columns = charge::VERSION_COLUMNS;
    let sql = format!(
        "SELECT h.id, h.number, s.number, {columns} FROM charge h
         CROSS JOIN subscription s ON s.id = h.subscription_id
         CROSS JOIN charge_version v ON v.charge_id = h.id
         WHERE h.id >= ?1 ORDER BY h.id, v.seq"
    );
    walk(db, &sql, from, look)
}

/// Payment methods, each with its token and the number of its account.
pub fn methods(db: &Db<'_>, from: i64, look: Look<'_>) -> Result<(), StoreError> {
    let sql = "SELECT m.id, m.token, a.number, m.gateway, m.kind, m.display, m.priority,
               m.expires_on, m.status, m.mandate, m.iban
         FROM payment_method m CROSS JOIN account a ON a.id = m.account_id
         WHERE m.id >= ?1 ORDER BY m.id";
    walk(db, sql, from, look)
}

/// A usage record as a file has it, with what it names by number; empty = none.
#[derive(Debug, Clone, Copy)]
pub struct UsageRecord<'a> {
    pub account: &'a str,
    pub uom: &'a str,
    pub quantity: Decimal,
    pub start_on: NaiveDate,
    pub end_on: Option<NaiveDate>,
    pub subscription: &'a str,
    pub charge: &'a str,
    pub description: &'a str,
}

/// Usage, each with its key (empty = none) and the number of its account.
pub fn usage(db: &Db<'_>, from: i64, look: Look<'_>) -> Result<(), StoreError> {
    let sql = format!("SELECT {USAGE} WHERE u.id >= ?1 ORDER BY u.id");
    walk(db, &sql, from, look)
}

/// The first usage without a key that is like a record ([`Seen::usage_is_like`]).
pub fn keyless(db: &Db<'_>, record: &UsageRecord<'_>) -> Result<Option<i64>, StoreError> {
    let sql = format!(
        "SELECT {USAGE} WHERE u.account_id = (SELECT id FROM account WHERE number = ?1)
           AND u.start_on = ?2 AND +u.unique_key IS NULL ORDER BY u.id"
    );
    db.find(&sql, (record.account, record.start_on), |row| {
        let seen = Seen(row);
        Ok(if seen.usage_is_like(record)? { Some(seen.id()?) } else { None })
    })
}

/// Columns of usage and where they come from.
const USAGE: &str = "u.id, coalesce(u.unique_key, ''), a.number, u.uom, u.quantity, u.start_on,
    u.end_on, coalesce(s.number, ''), coalesce(h.number, ''), u.description, u.import_id
  FROM usage u CROSS JOIN account a ON a.id = u.account_id
  LEFT JOIN subscription s ON s.id = u.subscription_id LEFT JOIN charge h ON h.id = u.charge_id";

/// Where the columns of a version begin, and in these those that are compared.
const VERSION: usize = 3;

impl Seen<'_> {
    /// The identity of the thing; the next version of it has the same.
    pub fn id(&self) -> Result<i64, StoreError> {
        self.0.get(0)
    }

    /// Its number; of a method the token.
    pub fn number(&self) -> Result<&str, StoreError> {
        self.0.text(1)
    }

    /// The number of what it belongs to.
    pub fn owner(&self) -> Result<&str, StoreError> {
        self.0.text(2)
    }

    /// Whether the account says all that is given of: name, currency, email, batch, bill cycle day,
    /// payment term, auto-pay, delivery, tax code, tax id, both lines of the address, postcode, city,
    /// region, country, language, PO number, status, and what the law asks, all of it or nothing.
    pub fn account_says(&self, terms: &AccountTerms, given: Given) -> Result<bool, StoreError> {
        let said = Said { row: self.0, at: VERSION + 3, given };
        Ok(said.text(0, &terms.name)?
            && said.text(1, terms.currency.code())?
            && said.parsed(2, |text| {
                Some(text.split(';').filter(|e| !e.is_empty()).eq(&terms.emails))
            })?
            && said.text(3, &terms.batch)?
            && said.value(4, terms.bill_cycle_day.into())?
            && said.text(5, &terms.payment_term)?
            && said.value(6, terms.auto_pay.into())?
            && said.text(7, terms.delivery.as_str())?
            && said.text(8, &terms.tax_code)?
            && said.text(9, &terms.tax_id)?
            && said.text(10, &terms.address1)?
            && said.text(11, &terms.address2)?
            && said.text(12, &terms.postcode)?
            && said.text(13, &terms.city)?
            && said.text(14, &terms.region)?
            && said.text(15, &terms.country)?
            && said.text(16, &terms.language)?
            && said.text(17, &terms.po_number)?
            && said.text(18, terms.status.as_str())?
            && said.parsed(19, |text| {
                let held = if text.is_empty() { "{}" } else { text };
                serde_json::from_str(held).ok().map(|held: LegalTerms| held == terms.legal)
            })?)
    }

    /// Whether an account is delivered to by some way.
    pub fn account_is_reached(&self) -> Result<bool, StoreError> {
        Ok(self.0.text(VERSION + 3 + 7)? != "none")
    }

    /// Whether the subscription says all that is given of: start, months of its term, renewal, end,
    /// suspension, resumption, PO number.
    pub fn subscription_says(
        &self,
        terms: &SubscriptionTerms,
        given: Given,
    ) -> Result<bool, StoreError> {
        let said = Said { row: self.0, at: VERSION + 3, given };
        Ok(said.day(0, Some(terms.start_on))?
            && said.maybe(1, terms.term_months.map(i64::from))?
            && said.value(2, terms.auto_renew.into())?
            && said.day(3, terms.end_on)?
            && said.day(4, terms.suspended_from)?
            && said.day(5, terms.resumed_from)?
            && said.text(6, &terms.po_number)?)
    }

    /// Whether the charge says all that is given of: name, plan, type, model, price, quantity, unit,
    /// period, timing, day, alignment, price base, start, end, billed through, tiers, package, included
    /// units, overage price, discount level, stacked, tax code, revenue account. No for a percentage,
    /// which may be completed.
    pub fn charge_says(&self, terms: &ChargeTerms, given: Given) -> Result<bool, StoreError> {
        let said = Said { row: self.0, at: VERSION + 3, given };
        let period = |text: &str| match text {
            "" => Some(None),
            text => BillingPeriod::parse(text).map(Some),
        };
        Ok(self.0.text(VERSION + 3 + 3)? != "discount_percent"
            && said.text(0, &terms.name)?
            && said.text(1, &terms.plan)?
            && said.text(2, terms.charge_type.as_str())?
            && said.text(3, terms.model.as_str())?
            && said.number(4, Some(terms.price))?
            && said.number(5, Some(terms.quantity))?
            && said.text(6, &terms.uom)?
            && said.parsed(7, |text| period(text).map(|held| held == terms.billing_period))?
            && said.text(8, terms.timing.as_str())?
            && said
                .parsed(9, |text| BillingDay::parse(text).map(|held| held == terms.billing_day))?
            && said.text(10, terms.alignment.as_str())?
            && said.text(11, terms.price_base.as_str())?
            && said.day(12, terms.start_on)?
            && said.day(13, terms.end_on)?
            && said.day(14, terms.billed_through)?
            && said.parsed(15, |text| parse_tiers(text).ok().map(|held| held == terms.tiers))?
            && said.number(16, terms.package_size)?
            && said.number(17, terms.included_units)?
            && said.number(18, terms.overage_price)?
            && said.text(19, terms.discount_level.as_str())?
            && said.value(20, terms.stacked.into())?
            && said.text(21, &terms.tax_code)?
            && said.text(22, &terms.revenue_account)?)
    }

    /// Whether usage is equal to a record in account, unit, quantity, start and charge.
    pub fn usage_is_like(&self, record: &UsageRecord<'_>) -> Result<bool, StoreError> {
        let said = self.usage_said();
        Ok(self.owner()? == record.account
            && said.text(0, record.uom)?
            && said.number(1, Some(record.quantity))?
            && said.day(2, Some(record.start_on))?
            && said.text(5, record.charge)?)
    }

    /// Whether usage is for this subscription alone.
    pub fn usage_is_of(&self, subscription: &str) -> Result<bool, StoreError> {
        self.usage_said().text(4, subscription)
    }

    /// Whether usage says all that a record does.
    pub fn usage_says(&self, record: &UsageRecord<'_>) -> Result<bool, StoreError> {
        let said = self.usage_said();
        Ok(self.usage_is_like(record)?
            && said.day(3, record.end_on)?
            && said.text(4, record.subscription)?
            && said.text(6, record.description)?)
    }

    /// The file that brought usage (`import_file.id`).
    pub fn usage_file(&self) -> Result<i64, StoreError> {
        self.0.get(VERSION + 7)
    }

    fn usage_said(&self) -> Said<'_> {
        Said { row: self.0, at: VERSION, given: Given(u32::MAX) }
    }

    /// Whether the method says all that is given of: gateway, kind, what is shown, priority, expiry,
    /// status.
    pub fn method_says(&self, terms: &MethodTerms, given: Given) -> Result<bool, StoreError> {
        let said = Said { row: self.0, at: VERSION, given };
        Ok(said.text(0, &terms.gateway)?
            && said.text(1, terms.kind.as_str())?
            && said.text(2, &terms.display)?
            && said.value(3, terms.priority.into())?
            && said.day(4, terms.expires_on)?
            && said.text(5, terms.status.as_str())?
            && said.text(6, &terms.mandate)?
            && said.text(7, &terms.iban)?)
    }
}

/// The columns of a row that are compared: column `n` is at `at + n`. One that is not given says the same.
/// One that cannot be read says something else: whoever reads it next says what is wrong with it.
struct Said<'r> {
    row: &'r Row<'r>,
    at: usize,
    given: Given,
}

impl Said<'_> {
    fn text(&self, n: usize, want: &str) -> Result<bool, StoreError> {
        Ok(!self.given.has(n) || self.row.text(self.at + n)? == want)
    }

    fn parsed(&self, n: usize, is: impl Fn(&str) -> Option<bool>) -> Result<bool, StoreError> {
        Ok(!self.given.has(n) || is(self.row.text(self.at + n)?) == Some(true))
    }

    fn value(&self, n: usize, want: i64) -> Result<bool, StoreError> {
        self.maybe(n, Some(want))
    }

    fn maybe(&self, n: usize, want: Option<i64>) -> Result<bool, StoreError> {
        let held = || Ok::<_, StoreError>(self.row.get::<Option<i64>>(self.at + n)? == want);
        Ok(!self.given.has(n) || held()?)
    }

    fn day(&self, n: usize, want: Option<NaiveDate>) -> Result<bool, StoreError> {
        let held = || Ok::<_, StoreError>(self.row.get::<Option<NaiveDate>>(self.at + n)? == want);
        Ok(!self.given.has(n) || held()?)
    }

    fn number(&self, n: usize, want: Option<Decimal>) -> Result<bool, StoreError> {
        if !self.given.has(n) {
            return Ok(true);
        }
        Ok(match (self.row.cell(self.at + n)?, want) {
            (Cell::Null, None) => true,
            (Cell::Null, Some(_)) | (_, None) => false,
            (_, Some(want)) => self.row.text(self.at + n)?.parse() == Ok(want),
        })
    }
}
