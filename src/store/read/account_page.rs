//! One month of an account on one page: who, the prices in force, usage, documents, money, how what is
//! owed moved, and what is open at the end. Reads what belongs to the month; the opening balance is
//! summed from the ledger by the account's documents and payments.

mod few;
mod money;
mod open;
mod prices;
mod usage;

use crate::domain::account::{AccountTerms, version_on};
use crate::domain::document::{DocumentKind, DocumentTax};
use crate::domain::ids::{AccountId, DocumentId};
use crate::domain::money::Currency;
use crate::domain::month::Month;
use crate::domain::movement::{Movement, Sum, When};
use crate::store::document::{self, DocumentRow, ItemRow};
use crate::store::{Db, StoreError, account, settings, word, word_opt};
use chrono::{NaiveDate, NaiveTime};
pub use few::Few;
use few::Of;
pub use money::{MoneyRow, Use, What};
pub use open::OpenRow;
pub use prices::Price;
use std::collections::BTreeMap;
pub use usage::UsageSum;

/// The month of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountPage {
    pub number: String,
    pub month: Month,
    /// The book's day.
    pub today: NaiveDate,
    /// The terms at the end of the month.
    pub terms: AccountTerms,
    /// Payment methods that can be charged, as they are shown, first choice first.
    pub methods: Vec<String>,
    /// The day of its oldest posted document.
    pub first_on: Option<NaiveDate>,
    /// By currency.
    pub movements: Vec<Movement>,
    pub prices: Few<Price>,
    pub usage: Few<UsageSum>,
    /// Posted in the month, with memos.
    pub documents: Few<PageDocument>,
    /// Payments, refunds, credits used, by day.
    pub money: Few<MoneyRow>,
    /// What was open at the end of the month.
    pub open: Few<OpenRow>,
    /// Drafts that wait, of whatever month.
    pub drafts: i64,
}

/// A document with what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageDocument {
    pub row: DocumentRow,
    pub items: Few<ItemRow>,
    pub taxes: Vec<DocumentTax>,
    /// The number of what it corrects.
    pub corrects: Option<String>,
}

/// Reads the page.
pub fn read(
    db: &Db<'_>,
    account: AccountId,
    month: Month,
    today: NaiveDate,
) -> Result<AccountPage, StoreError> {
    let (number, currency, _) = account::owes(db, account)?;
    let versions = account::versions(db, account)?;
    let span = month.span();
    let terms = version_on(&versions, span.to).map(|v| v.terms.clone());
    let terms = terms.ok_or_else(|| StoreError::NotFound(format!("terms of {number}")))?;
    let zone = settings::load(db)?.zone();
    let begins = |day: NaiveDate| zone.moment(day.and_time(NaiveTime::MIN)).timestamp_millis();
    let next = span.to.succ_opt().unwrap_or(span.to);
    let of = Of { account, span, moments: (begins(span.from), begins(next)), zone };
    Ok(AccountPage {
        number,
        month,
        today,
        methods: methods(db, account)?,
        first_on: document::first_of_account(db, account)?,
        movements: movements(db, of, currency)?,
        prices: prices::read(db, of)?,
        usage: usage::read(db, of)?,
        documents: documents(db, of)?,
        money: money::read(db, of)?,
        open: open::read(db, of)?,
        drafts: db.one(
            "SELECT count(*) FROM document WHERE account_id = ?1 AND +status = 'Draft'
             AND invoice_on <= ?2",
            (account.0, span.to),
            |r| r.get(0),
        )?,
        terms,
    })
}

/// The number of an account as it is written; else those that stand beside it in their order.
pub fn near(db: &Db<'_>, written: &str) -> Result<Vec<String>, StoreError> {
    let one = |sql: &str| db.opt(sql, [written], |r| r.get::<String>(0));
    let before = one("SELECT number FROM account WHERE number < ?1 ORDER BY number DESC LIMIT 1")?;
    let after = one("SELECT number FROM account WHERE number >= ?1 ORDER BY number LIMIT 1")?;
    Ok(before.into_iter().chain(after).collect())
}

fn methods(db: &Db<'_>, account: AccountId) -> Result<Vec<String>, StoreError> {
    db.all(
        "SELECT display FROM payment_method WHERE account_id = ?1 AND status = 'active'
         ORDER BY priority, id LIMIT 5",
        [account.0],
        |r| r.get(0),
    )
}

/// By currency; that of the account always.
fn movements(db: &Db<'_>, of: Of, usual: Currency) -> Result<Vec<Movement>, StoreError> {
    let mut sums: BTreeMap<&str, Vec<Sum>> = BTreeMap::from([(usual.code(), Vec::new())]);
    db.each(
        "SELECT e.currency, e.account, d.kind, e.entry_on < ?2, e.debit_minor > 0,
           sum(e.debit_minor - e.credit_minor)
         FROM document d JOIN ledger_entry e ON e.document_id = d.id
         WHERE d.account_id = ?1 AND e.entry_on <= ?3 GROUP BY 1, 2, 3, 4, 5
         UNION ALL SELECT e.currency, e.account, NULL, e.entry_on < ?2, e.debit_minor > 0,
           sum(e.debit_minor - e.credit_minor)
         FROM payment p JOIN ledger_entry e ON e.payment_id = p.id AND e.document_id IS NULL
         WHERE p.account_id = ?1 AND e.entry_on <= ?3 GROUP BY 1, 2, 4, 5",
        (of.account.0, of.span.from, of.span.to),
        |r| {
            let currency = word(r, 0, Currency::parse)?;
            sums.entry(currency.code()).or_default().push(Sum {
                ledger: r.get(1)?,
                document: word_opt(r, 2, DocumentKind::parse)?,
                when: if r.get(3)? { When::Before } else { When::Within },
                minor: r.get(5)?,
            });
            Ok(())
        },
    )?;
    let mut out = Vec::new();
    for (code, sums) in sums {
        let Some(currency) = Currency::parse(code) else { continue };
        let all = Movement::of(currency, &sums)?;
        if currency == usual || !all.is_empty() {
            out.push(all);
        }
    }
    out.sort_by_key(|m| (m.currency != usual, m.currency.code()));
    Ok(out)
}

fn documents(db: &Db<'_>, of: Of) -> Result<Few<PageDocument>, StoreError> {
    let mut ids = Few::default();
    db.each(
        "SELECT id FROM document WHERE account_id = ?1 AND +status = 'Posted'
         AND invoice_on BETWEEN ?2 AND ?3 ORDER BY id",
        (of.account.0, of.span.from, of.span.to),
        |r| {
            ids.push(DocumentId(r.get(0)?));
            Ok(())
        },
    )?;
    let mut out = Few { rows: Vec::new(), more: ids.more };
    for id in ids.rows {
        let row = document::get(db, id)?;
        let mut items = Few::default();
        document::items(db, id)?.into_iter().for_each(|item| items.push(item));
        let corrects = match row.corrects {
            None => None,
            Some(other) => document::get(db, other)?.number,
        };
        out.rows.push(PageDocument { row, items, taxes: document::taxes(db, id)?, corrects });
    }
    Ok(out)
}
