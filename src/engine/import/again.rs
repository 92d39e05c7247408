//! Rows that say what the book says already, found without looking any of them up: files bring things
//! in the order in which they were made, so the book is read in that order beside them. A row of which
//! this is not sure is compared as ever.

use crate::domain::charge::ChargeTerms;
use crate::import::account::{AccountColumns, AccountRow, SaysDelivery};
use crate::import::charge::{ChargeColumns, ChargeRow};
use crate::import::payment_method::{MethodColumns, MethodRow};
use crate::import::subscription::{SubscriptionColumns, SubscriptionRow};
use crate::import::usage::{UsageColumns, UsageRow};
use crate::import::{Row, Slot, Table};
use crate::store::again::{self, Given, Look, Seen, UsageRecord};
use crate::store::payment_method::{self, MethodTerms};
use crate::store::{Db, StoreError, account, charge, subscription, usage};

/// How many things that the file does not name are passed over before one is looked up again.
const NEAR: usize = 32;

/// How often that may win next to nothing before it is left.
const POOR: usize = 8;

/// What is told of a row and a thing that it is about; none where it says something else.
type Says<'k, R, T> = dyn Fn(&R, &Seen<'_>) -> Result<Option<T>, StoreError> + 'k;

/// How the things of a kind are found; `T` is what is told of a row that says nothing new.
struct Kind<'k, R, T> {
    rows: &'k [Row<R>],
    /// The identity of what a row is about, if the book has it.
    find: &'k dyn Fn(&R) -> Result<Option<i64>, StoreError>,
    /// Things from one on.
    walk: fn(&Db<'_>, i64, Look<'_>) -> Result<(), StoreError>,
    /// Whether a row is about a thing.
    about: fn(&R, &Seen<'_>) -> Result<bool, StoreError>,
    /// What is told if it says what the thing says, where that has one version.
    says: &'k Says<'k, R, T>,
}

/// What is told of a row that is the same.
fn told(same: bool) -> Option<()> {
    same.then_some(())
}

impl<R, T: Clone> Kind<'_, R, T> {
    /// What is told of each row that the book says already.
    fn same(&self, db: &Db<'_>) -> Result<Vec<Option<T>>, StoreError> {
        let mut same = vec![None; self.rows.len()];
        let (mut at, mut poor) = (0, 0);
        while let Some(row) = self.rows.get(at).filter(|_| poor < POOR) {
            let begun = at;
            match (self.find)(&row.value)? {
                None => at += 1,
                Some(id) => self.beside(db, id, &mut at, &mut same)?,
            }
            poor = if at - begun < NEAR { poor + 1 } else { 0 };
        }
        Ok(same)
    }

    /// Goes through things and rows together, from a thing that the row at hand is about.
    fn beside(
        &self,
        db: &Db<'_>,
        from: i64,
        at: &mut usize,
        same: &mut [Option<T>],
    ) -> Result<(), StoreError> {
        let (mut passed, mut last) = (0, (0, None));
        (self.walk)(db, from, &mut |seen| {
            let id = seen.id()?;
            if last.0 == id {
                // Of several versions it takes more to say which holds.
                if let Some(said) = last.1.and_then(|row: usize| same.get_mut(row)) {
                    *said = None;
                }
                return Ok(true);
            }
            let Some(row) = self.rows.get(*at) else { return Ok(false) };
            if (self.about)(&row.value, seen)? {
                last = (id, Some(*at));
                if let Some(said) = same.get_mut(*at) {
                    *said = (self.says)(&row.value, seen)?;
                }
                *at += 1;
                passed = 0;
            } else {
                last = (id, None);
                passed += 1;
            }
            Ok(passed <= NEAR)
        })
    }
}

/// Of accounts.csv. A row that leaves the delivery to daybook is compared as ever where that may give
/// the account another one.
pub fn accounts(
    db: &Db<'_>,
    table: &Table<AccountColumns, AccountRow>,
) -> Result<Vec<Option<()>>, StoreError> {
    let c = &table.columns;
    let columns = [
        c.name,
        c.currency,
        c.email,
        c.batch,
        c.bill_cycle_day,
        c.payment_term,
        c.auto_pay,
        c.delivery,
        c.tax_code,
        c.tax_id,
        c.address1,
        c.address2,
        c.postcode,
        c.city,
        c.region,
        c.country,
        c.language,
        c.po_number,
        c.status,
        c.legal(),
    ];
    let given = Given::of(columns.map(Slot::given));
    let says = |row: &AccountRow, seen: &Seen<'_>| {
        let sure = match row.says_delivery {
            SaysDelivery::Named => true,
            SaysDelivery::Nothing => !c.delivery.given() && seen.account_is_reached()?,
        };
        Ok(told(sure && seen.account_says(&row.terms, given)?))
    };
    let find = |row: &AccountRow| Ok(account::find(db, &row.account_number)?.map(|a| a.id.0));
    let about = |row: &AccountRow, seen: &Seen<'_>| Ok(seen.number()? == row.account_number);
    Kind { rows: &table.rows, find: &find, walk: again::accounts, about, says: &says }.same(db)
}

/// Of subscriptions.csv.
pub fn subscriptions(
    db: &Db<'_>,
    table: &Table<SubscriptionColumns, SubscriptionRow>,
) -> Result<Vec<Option<()>>, StoreError> {
    let c = &table.columns;
    let columns = [
        c.start_date,
        c.term_months,
        c.auto_renew,
        c.end_date,
        c.suspended_from,
        c.resumed_from,
        c.po_number,
    ];
    let given = Given::of(columns.map(Slot::given));
    let says = |row: &SubscriptionRow, seen: &Seen<'_>| {
        let owned = !c.account_number.given() || seen.owner()? == row.account_number;
        Ok(told(owned && seen.subscription_says(&row.terms, given)?))
    };
    let find = |row: &SubscriptionRow| {
        Ok(subscription::find(db, &row.subscription_number)?.map(|s| s.id.0))
    };
    let about =
        |row: &SubscriptionRow, seen: &Seen<'_>| Ok(seen.number()? == row.subscription_number);
    Kind { rows: &table.rows, find: &find, walk: again::subscriptions, about, says: &says }.same(db)
}

/// Of charges.csv.
pub fn charges(
    db: &Db<'_>,
    table: &Table<ChargeColumns, ChargeRow>,
) -> Result<Vec<Option<()>>, StoreError> {
    let c = &table.columns;
    let columns = [
        c.name,
        c.plan,
        c.charge_type,
        c.model,
        c.price,
        c.quantity,
        c.uom,
        c.billing_period,
        c.timing,
        c.billing_day,
        c.alignment,
        c.price_base,
        c.start_date,
        c.end_date,
        c.billed_through,
        c.tiers,
        c.package_size,
        c.included_units,
        c.overage_price,
        c.discount_level,
        c.stacked,
        c.tax_code,
        c.revenue_account,
    ];
    let given = Given::of(columns.map(Slot::given));
    let says = |row: &ChargeRow, seen: &Seen<'_>| {
        let terms: &ChargeTerms = &row.terms;
        let owned = !c.subscription_number.given() || seen.owner()? == row.subscription_number;
        Ok(told(owned && seen.charge_says(terms, given)?))
    };
    let find = |row: &ChargeRow| Ok(charge::find(db, &row.charge_number)?.map(|h| h.id.0));
    let about = |row: &ChargeRow, seen: &Seen<'_>| Ok(seen.number()? == row.charge_number);
    Kind { rows: &table.rows, find: &find, walk: again::charges, about, says: &says }.same(db)
}

/// Of payment_methods.csv; `terms` is what a row is to the book.
pub fn methods(
    db: &Db<'_>,
    table: &Table<MethodColumns, MethodRow>,
    terms: fn(&MethodRow) -> MethodTerms,
) -> Result<Vec<Option<()>>, StoreError> {
    let c = &table.columns;
    let columns =
        [c.gateway, c.kind, c.display, c.priority, c.expires_on, c.status, c.mandate, c.iban];
    let given = Given::of(columns.map(Slot::given));
    let says = |row: &MethodRow, seen: &Seen<'_>| Ok(told(seen.method_says(&terms(row), given)?));
    let find = |row: &MethodRow| {
        let Some(account) = account::find(db, &row.account_number)? else { return Ok(None) };
        Ok(payment_method::find(db, account.id, &row.token)?.map(|(id, _)| id.0))
    };
    let about = |row: &MethodRow, seen: &Seen<'_>| {
        Ok(seen.number()? == row.token && seen.owner()? == row.account_number)
    };
    Kind { rows: &table.rows, find: &find, walk: again::methods, about, says: &says }.same(db)
}

/// Of usage.csv: the file (`import_file.id`) that brought the record. A row is about the record with its
/// key; without one, about a record without one that is equal in account, unit, quantity, start and
/// charge, if it names no other subscription.
pub fn usage(
    db: &Db<'_>,
    table: &Table<UsageColumns, UsageRow>,
) -> Result<Vec<Option<i64>>, StoreError> {
    let find = |row: &UsageRow| match row.unique_key.as_str() {
        "" => again::keyless(db, &record(row)),
        key => Ok(usage::by_key(db, key)?.map(|held| held.id.0)),
    };
    let about = |row: &UsageRow, seen: &Seen<'_>| {
        let keyless = row.unique_key.is_empty();
        Ok(seen.number()? == row.unique_key && (!keyless || seen.usage_is_like(&record(row))?))
    };
    let says = |row: &UsageRow, seen: &Seen<'_>| {
        let same = if row.unique_key.is_empty() {
            row.subscription_number.is_empty() || seen.usage_is_of(&row.subscription_number)?
        } else {
            seen.usage_says(&record(row))?
        };
        Ok(if same { Some(seen.usage_file()?) } else { None })
    };
    Kind { rows: &table.rows, find: &find, walk: again::usage, about, says: &says }.same(db)
}

fn record(row: &UsageRow) -> UsageRecord<'_> {
    UsageRecord {
        account: &row.account_number,
        uom: &row.uom,
        quantity: row.quantity,
        start_on: row.start_on,
        end_on: row.end_on,
        subscription: &row.subscription_number,
        charge: &row.charge_number,
        description: &row.description,
    }
}
