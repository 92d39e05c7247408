//! Customers: the list, and one account with its documents, methods, usage and notes.

use super::Totals;
use super::spec::Rows;
use super::{
    Ask, Field, Filter, Fit, Key, ListArgs, ListRow, Marked, Order, Page, ReadError, Sort, Spec,
};
use crate::domain::account::{AccountStatus, AccountTerms};
use crate::domain::agency::Case;
use crate::domain::ids::{AccountId, DocumentId};
use crate::domain::instalment::{Plan, PlanState};
use crate::domain::money::Money;
use crate::domain::note::{Note, On, References};
use crate::domain::stop::Stop;
use crate::store::face::Row;
use crate::store::{Db, StoreError, account, agency, decimal, instalment, money, note, stop, word};
use chrono::NaiveDate;
use rust_decimal::Decimal;

/// Notes that a screen shows at most.
pub(super) const NOTES: u32 = 20;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRow {
    pub id: AccountId,
    /// Where it stands in the list.
    pub key: Key,
    pub number: String,
    /// Customer name.
    pub name: String,
    /// Owed, in its currency; credits negative.
    pub open: Money,
    pub batch: String,
    pub bill_cycle_day: i64,
    pub payment_term: String,
    /// Whether payment runs take it.
    pub auto_pay: bool,
    /// Delivery preference.
    pub delivery: String,
    /// E-mail addresses.
    pub emails: String,
    /// Active, suspended, canceled.
    pub status: AccountStatus,
}

impl ListRow for AccountRow {
    fn id(&self) -> i64 {
        self.id.0
    }
    fn version(&self) -> i64 {
        0
    }
    fn key(&self) -> &Key {
        &self.key
    }
    fn money(&self) -> Option<Money> {
        Some(self.open)
    }
    fn is_exception(&self) -> bool {
        self.status != AccountStatus::Active
    }
}

pub(super) const SPEC: Spec = Spec {
    columns: "a.number, v.name, a.currency, a.open_minor, v.batch, v.bill_cycle_day, \
              v.payment_term, v.auto_pay, v.delivery, v.emails, v.status",
    from: "account a JOIN account_version v ON v.account_id = a.id AND v.seq = \
           (SELECT max(w.seq) FROM account_version w WHERE w.account_id = a.id)",
    narrow: "account a",
    base: "1",
    id: "a.id",
    version: "0",
    money: Some(("a.currency", "a.open_minor")),
    found: Some((Rows::Accounts, "a.id")),
    words: &[
        "a.number",
        "v.name",
        "v.emails",
        "v.po_number",
        "v.payment_term",
        "v.batch",
        "v.tax_id",
        "v.city",
        "a.currency",
    ],
    fields: &[
        (Field::Account, Ask::Same("a.number")),
        (Field::Batch, Ask::Same("v.batch")),
        (Field::Currency, Ask::Currency("a.currency")),
        (Field::Balance, Ask::Amount("a.open_minor", "a.currency")),
        (Field::Status, Ask::Known("v.status", AccountStatus::words)),
        (Field::Email, Ask::Part("v.emails")),
        (
            Field::Note,
            Ask::Part(
                "(SELECT group_concat(n.text, ' ') FROM note n WHERE n.account_id = a.id \
                 AND NOT EXISTS (SELECT 1 FROM note x WHERE x.strikes_id = n.id))",
            ),
        ),
        (
            Field::Ref,
            Ask::Part(
                "(SELECT trim(r.ours || ' ' || r.theirs) FROM account_reference r \
                 WHERE r.account_id = a.id)",
            ),
        ),
    ],
    orders: &[
        Order { sort: Sort::Account, by: "a.number", descending: false },
        Order { sort: Sort::Customer, by: "v.name", descending: false },
        Order { sort: Sort::Largest, by: "a.open_minor", descending: true },
        Order { sort: Sort::Newest, by: "a.id", descending: true },
        Order { sort: Sort::State, by: "v.status", descending: false },
        Order { sort: Sort::Batch, by: "v.batch", descending: false },
    ],
};

fn map(row: &Row<'_>, key: Key) -> Result<AccountRow, StoreError> {
    Ok(AccountRow {
        id: AccountId(key.id),
        key,
        number: row.get(2)?,
        name: row.get(3)?,
        open: money(row, 4, 5)?,
        batch: row.get(6)?,
        bill_cycle_day: row.get(7)?,
        payment_term: row.get(8)?,
        auto_pay: row.get(9)?,
        delivery: row.get(10)?,
        emails: row.get(11)?,
        status: word(row, 12, AccountStatus::parse)?,
    })
}

/// One part of the list.
pub fn page(db: &Db<'_>, args: &ListArgs) -> Result<Page<AccountRow>, ReadError> {
    super::page(db, &SPEC, args, map)
}

/// What can be typed next behind `/`.
pub fn fitting(db: &Db<'_>, filter: &Filter, of: Option<Field>) -> Result<Vec<Fit>, ReadError> {
    super::fitting(db, &SPEC, filter, of)
}

/// How many match, and what they owe.
pub fn totals(db: &Db<'_>, filter: &Filter) -> Result<Totals, ReadError> {
    super::totals(db, &SPEC, filter)
}

/// All that match, for marking.
pub fn marks(db: &Db<'_>, filter: &Filter) -> Result<Vec<Marked>, ReadError> {
    super::marks(db, &SPEC, filter)
}

/// Those of some rows that match.
pub fn within(db: &Db<'_>, filter: &Filter, ids: &[i64]) -> Result<Vec<Marked>, ReadError> {
    super::within(db, &SPEC, filter, ids)
}

/// Everything about one account that a clerk asks for on the telephone.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AccountDetail {
    /// All that it is by its newest version.
    pub terms: Option<AccountTerms>,
    /// Postal address, one line each.
    pub address: Vec<String>,
    /// Tax id and code.
    pub tax: String,
    /// Newest documents: id, number or draft, date, status, total and balance.
    pub documents: Vec<AccountDocument>,
    /// Payment methods: display, kind, status, consecutive failures.
    pub methods: Vec<MethodRow>,
    /// What is sold, in words.
    pub charges: Vec<String>,
    /// Usage that no item holds, by unit.
    pub pending_usage: Vec<(String, Decimal)>,
    /// Newest notes, those on its documents too.
    pub notes: Vec<Note>,
    /// By which it is called.
    pub references: References,
    /// Open instalment plans.
    pub plans: Vec<Plan>,
    /// Its open case of a collection agency.
    pub case: Option<Case>,
    /// What stops collecting of it.
    pub stop: Option<Stop>,
}

/// A document of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountDocument {
    pub id: DocumentId,
    /// Number, or the draft's id.
    pub number: String,
    /// Printed date.
    pub invoice_on: NaiveDate,
    /// Status word.
    pub status: String,
    pub total: Money,
    pub balance: Money,
}

/// A payment method of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MethodRow {
    pub id: i64,
    /// `visa ··4242`.
    pub display: String,
    /// `card`, `ach`, `sepa`.
    pub kind: String,
    /// `active`, `closed`.
    pub status: String,
    /// Order of use.
    pub priority: i64,
    /// Consecutive failures.
    pub failures: i64,
}

/// Reads them.
pub fn detail(db: &Db<'_>, id: AccountId) -> Result<AccountDetail, ReadError> {
    let mut out = AccountDetail::default();
    let sql = "SELECT address1, address2, postcode || ' ' || city, region, country, tax_id, \
        tax_code \
        FROM account_version WHERE account_id = ?1 ORDER BY seq DESC LIMIT 1";
    db.opt(sql, [id.0], |row| {
        for column in 0..5 {
            let line: String = row.get(column)?;
            if !line.trim().is_empty() {
                out.address.push(line.trim().to_owned());
            }
        }
        out.tax = format!("{} {}", row.get::<String>(6)?, row.get::<String>(5)?);
        Ok(())
    })?;
    out.terms = account::versions(db, id)?.pop().map(|version| version.terms);
    out.documents = documents(db, id)?;
    out.methods = methods(db, id)?;
    out.charges = charges(db, id)?;
    out.pending_usage = usage(db, id)?;
    out.notes = note::of(db, On::Account(id), NOTES)?;
    out.references = note::references(db, On::Account(id))?;
    out.plans = instalment::of_account(db, id)?;
    out.plans.retain(|plan| plan.state == PlanState::Open);
    out.case = agency::open_of(db, id)?;
    out.stop = stop::open_of(db, id)?;
    Ok(out)
}

fn documents(db: &Db<'_>, id: AccountId) -> Result<Vec<AccountDocument>, StoreError> {
    db.all(
        "SELECT d.id, coalesce(d.number, 'D-' || printf('%06d', d.id)), d.invoice_on, d.status, \
         d.total_minor, s.balance_minor, d.currency FROM document d JOIN document_state s \
         ON s.document_id = d.id WHERE d.account_id = ?1 ORDER BY d.id DESC LIMIT 30",
        [id.0],
        |r| {
            Ok(AccountDocument {
                id: DocumentId(r.get(0)?),
                number: r.get(1)?,
                invoice_on: word(r, 2, |t| t.parse().ok())?,
                status: r.get(3)?,
                total: money(r, 6, 4)?,
                balance: money(r, 6, 5)?,
            })
        },
    )
}

/// The payment methods of an account, first choice first.
pub fn methods(db: &Db<'_>, id: AccountId) -> Result<Vec<MethodRow>, ReadError> {
    Ok(db.all(
        "SELECT id, display, kind, status, priority, failures FROM payment_method \
         WHERE account_id = ?1 ORDER BY status, priority, id LIMIT 20",
        [id.0],
        |r| {
            Ok(MethodRow {
                id: r.get(0)?,
                display: r.get(1)?,
                kind: r.get(2)?,
                status: r.get(3)?,
                priority: r.get(4)?,
                failures: r.get(5)?,
            })
        },
    )?)
}

fn charges(db: &Db<'_>, id: AccountId) -> Result<Vec<String>, StoreError> {
    db.all(
        "SELECT v.name, v.price, v.model, v.billing_period, v.timing FROM charge c \
         JOIN charge_version v ON v.charge_id = c.id AND v.seq = \
           (SELECT max(w.seq) FROM charge_version w WHERE w.charge_id = c.id) \
         WHERE c.account_id = ?1 ORDER BY c.number LIMIT 30",
        [id.0],
        |r| {
            let period: String = r.get(3)?;
            let every = if period.is_empty() { String::new() } else { format!(" a {period}") };
            Ok(format!(
                "{}: {} {}{every}, {}",
                r.get::<String>(0)?,
                r.get::<String>(2)?.replace('_', " "),
                r.get::<String>(1)?,
                r.get::<String>(4)?
            ))
        },
    )
}

fn usage(db: &Db<'_>, id: AccountId) -> Result<Vec<(String, Decimal)>, ReadError> {
    let mut sums: std::collections::BTreeMap<String, Decimal> = std::collections::BTreeMap::new();
    for (unit, quantity) in db.all(
        "SELECT u.uom, u.quantity FROM usage u WHERE u.account_id = ?1 AND NOT EXISTS \
         (SELECT 1 FROM usage_claim c WHERE c.usage_id = u.id) LIMIT 20000",
        [id.0],
        |r| Ok((r.get::<String>(0)?, decimal(r, 1)?)),
    )? {
        *sums.entry(unit).or_default() += quantity;
    }
    Ok(sums.into_iter().collect())
}
