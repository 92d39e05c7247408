//! Accounts and their versions.

use super::deed::{self, DeedKind, NewDeed};
use super::face::{Bound, Row};
use super::{Db, StoreError, Topic, Tx, account_text, many, word};
use crate::domain::account::{
    AccountStatus, AccountTerms, DeliveryPreference, LegalTerms, Version,
};
use crate::domain::ids::AccountId;
use crate::domain::money::Currency;
use chrono::NaiveDate;
use std::collections::HashSet;

/// An account as others refer to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountRef {
    pub id: AccountId,
    /// Its one currency.
    pub currency: Currency,
}

/// The content of one version.
pub fn version_terms(db: &Db<'_>, version: i64) -> Result<AccountTerms, StoreError> {
    let sql = format!(
        "SELECT {VERSION_COLUMNS} FROM account_version v JOIN account a ON a.id = v.account_id
         WHERE v.id = ?1"
    );
    let found = db.one(&sql, [version], |r| version_from(r, 0))?;
    Ok(found.terms)
}

/// SQL of the id of the version of an account in force on a day, by the rule of
/// `domain::account::version_on`. Both are expressions or parameters.
pub(super) fn in_force(account: &str, day: &str) -> String {
    // Most accounts have one version: nothing is sorted for them.
    format!(
        "coalesce((SELECT w.id FROM account_version w WHERE w.account_id = {account} AND w.seq > 1 \
           AND w.effective_from_on <= {day} ORDER BY w.effective_from_on DESC, w.seq DESC LIMIT 1), \
         (SELECT w.id FROM account_version w WHERE w.account_id = {account} AND w.seq = 1))"
    )
}

/// The number of an account.
pub fn number(db: &Db<'_>, id: AccountId) -> Result<String, StoreError> {
    db.one("SELECT number FROM account WHERE id = ?1", [id.0], |r| r.get(0))
}

/// Number and currency of an account, and what it owes, minor units.
pub fn owes(db: &Db<'_>, id: AccountId) -> Result<(String, Currency, i64), StoreError> {
    db.one("SELECT number, currency, open_minor FROM account WHERE id = ?1", [id.0], |r| {
        Ok((r.get(0)?, word(r, 1, Currency::parse)?, r.get(2)?))
    })
}

/// The account with this number.
pub fn find(db: &Db<'_>, number: &str) -> Result<Option<AccountRef>, StoreError> {
    db.opt("SELECT id, currency FROM account WHERE number = ?1", [number], account_ref)
}

fn account_ref(r: &Row<'_>) -> Result<AccountRef, StoreError> {
    Ok(AccountRef { id: AccountId(r.get(0)?), currency: word(r, 1, Currency::parse)? })
}

/// Accounts with their numbers, from one identity on, at most so many.
pub fn run(db: &Db<'_>, from: i64, most: u32) -> Result<Vec<(String, AccountRef)>, StoreError> {
    db.all(
        "SELECT id, currency, number FROM account WHERE id >= ?1 ORDER BY id LIMIT ?2",
        (from, most),
        |r| Ok((r.get(2)?, account_ref(r)?)),
    )
}

/// Hands over the number of every account.
pub fn each_number(db: &Db<'_>, take: &mut dyn FnMut(&str)) -> Result<(), StoreError> {
    db.each("SELECT number FROM account", [], |r| {
        take(r.text(0)?);
        Ok(())
    })
}

/// Every version of an account, in the order they were recorded.
pub fn versions(db: &Db<'_>, id: AccountId) -> Result<Vec<Version<AccountTerms>>, StoreError> {
    let sql = format!(
        "SELECT {VERSION_COLUMNS} FROM account_version v JOIN account a ON a.id = v.account_id
         WHERE v.account_id = ?1 ORDER BY v.seq"
    );
    db.all(&sql, [id.0], |r| version_from(r, 0))
}

/// The columns of a version, in the order [`version_from`] reads them.
pub(in crate::store) const VERSION_COLUMNS: &str =
    "v.id, v.seq, v.effective_from_on, v.name, a.currency, v.emails, v.batch, v.bill_cycle_day,
     v.payment_term, v.auto_pay, v.delivery, v.tax_code, v.tax_id, v.address1, v.address2, v.postcode,
     v.city, v.region, v.country, v.language, v.po_number, v.status, v.legal";

/// Reads [`VERSION_COLUMNS`] beginning at column `at`.
pub(in crate::store) fn version_from(
    r: &Row<'_>,
    at: usize,
) -> Result<Version<AccountTerms>, StoreError> {
    Ok(Version {
        id: r.get(at)?,
        seq: r.get(at + 1)?,
        effective_from: r.get(at + 2)?,
        terms: AccountTerms {
            name: r.get(at + 3)?,
            currency: word(r, at + 4, Currency::parse)?,
            emails: split_emails(r.text(at + 5)?),
            batch: r.get(at + 6)?,
            bill_cycle_day: r.get(at + 7)?,
            payment_term: r.get(at + 8)?,
            auto_pay: r.get(at + 9)?,
            delivery: word(r, at + 10, DeliveryPreference::parse)?,
            tax_code: r.get(at + 11)?,
            tax_id: r.get(at + 12)?,
            address1: r.get(at + 13)?,
            address2: r.get(at + 14)?,
            postcode: r.get(at + 15)?,
            city: r.get(at + 16)?,
            region: r.get(at + 17)?,
            country: r.get(at + 18)?,
            language: r.get(at + 19)?,
            po_number: r.get(at + 20)?,
            status: word(r, at + 21, AccountStatus::parse)?,
            legal: legal(r.text(at + 22)?)?,
        },
    })
}

/// What the law asks about a customer, as column `legal` has it; empty = nothing is known.
pub(super) fn legal(text: &str) -> Result<LegalTerms, StoreError> {
    if text.is_empty() {
        return Ok(LegalTerms::default());
    }
    let broken = |e: serde_json::Error| StoreError::Corrupt(format!("account_version.legal: {e}"));
    serde_json::from_str(text).map_err(broken)
}

fn legal_text(legal: &LegalTerms) -> String {
    if legal.is_nothing() {
        return String::new();
    }
    // Words and days: there is nothing in it that JSON could not take.
    serde_json::to_string(legal).unwrap_or_default()
}

fn split_emails(text: &str) -> Vec<String> {
    text.split(';').filter(|e| !e.is_empty()).map(str::to_owned).collect()
}

/// An account to be made.
#[derive(Debug, Clone, Copy)]
pub struct NewAccount<'a> {
    pub number: &'a str,
    /// Of its first version.
    pub terms: &'a AccountTerms,
    /// The first day of that version.
    pub effective_from: NaiveDate,
}

/// Makes accounts with their first versions.
pub fn insert_many(tx: &Tx<'_>, new: &[NewAccount<'_>]) -> Result<(), StoreError> {
    tx.touch(Topic::Accounts);
    let ids = highest(tx)? + 1..;
    let rows = ids.clone().zip(new);
    many::insert(
        tx,
        "account (id, number, currency)",
        rows.map(|(id, a)| [id.into(), a.number.into(), a.terms.currency.code().into()]),
    )?;
    let at = tx.now().at_ms;
    let versions = ids.zip(new);
    let before = account_text::last_version(tx)?;
    many::insert(
        tx,
        VERSION,
        versions.map(|(id, a)| version_row(id, 1, a.terms, a.effective_from, at)),
    )?;
    for (version, account) in (before + 1..).zip(new) {
        index(tx, version, account.number, account.terms)?;
    }
    Ok(())
}

/// Lets an account be found by what a version says.
fn index(tx: &Tx<'_>, version: i64, number: &str, terms: &AccountTerms) -> Result<(), StoreError> {
    let emails = terms.emails.join(";");
    let texts = [
        number,
        &terms.name,
        &emails,
        &terms.po_number,
        &terms.payment_term,
        &terms.batch,
        &terms.tax_id,
        &terms.city,
    ];
    account_text::of_version(tx, version, texts)
}

/// Where an account's documents and money go.
struct Ways {
    emails: String,
    /// As it is printed; none = nothing is.
    postal: Option<[String; 6]>,
    /// Where its electronic invoices go; none = by no network.
    electronic: Option<String>,
    auto_pay: bool,
}

fn ways(db: &Db<'_>, id: AccountId) -> Result<Option<Ways>, StoreError> {
    db.opt(
        "SELECT emails, delivery, auto_pay, address1, address2, postcode, city, region, country,
                    legal
             FROM account_version WHERE account_id = ?1 ORDER BY seq DESC LIMIT 1",
        [id.0],
        |r| {
            let by = word(r, 1, DeliveryPreference::parse)?.ways();
            let electronic = legal(r.text(9)?)?.electronic_address;
            let postal = [r.get(3)?, r.get(4)?, r.get(5)?, r.get(6)?, r.get(7)?, r.get(8)?];
            Ok(Ways {
                emails: r.get(0)?,
                postal: by.print.then_some(postal),
                electronic: by.network.then_some(electronic),
                auto_pay: r.get(2)?,
            })
        },
    )
}

/// What new terms of an account are, each with what it is: they send its documents to another
/// domain or another postal address, or let its methods be charged. What it owes is what somebody
/// else would hear of, or pay.
pub fn redirects(
    db: &Db<'_>,
    id: AccountId,
    terms: &AccountTerms,
) -> Result<Vec<(NewDeed, String)>, StoreError> {
    let Some(held) = ways(db, id)? else { return Ok(Vec::new()) };
    let (_, currency, owed) = owes(db, id)?;
    if owed <= 0 {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    let known: HashSet<String> = split_emails(&held.emails).iter().map(|e| domain(e)).collect();
    if terms.emails.iter().any(|e| !known.contains(&domain(e))) {
        let new = terms.emails.join(";");
        found.push((DeedKind::Address, format!("e-mail {} → {new}", held.emails)));
    }
    let postal = [
        &terms.address1,
        &terms.address2,
        &terms.postcode,
        &terms.city,
        &terms.region,
        &terms.country,
    ];
    let moved = held.postal.as_ref().is_none_or(|held| !held.iter().eq(postal));
    if terms.delivery.ways().print && moved {
        let line = |parts: &[&String]| {
            let parts = parts.iter().map(|p| p.as_str()).filter(|p| !p.is_empty());
            parts.collect::<Vec<_>>().join(", ")
        };
        let old = held.postal.as_ref().map_or_else(
            || "not printed".to_owned(),
            |held| line(&held.iter().collect::<Vec<_>>()),
        );
        found.push((DeedKind::Address, format!("printed for {old} → {}", line(&postal))));
    }
    let new = &terms.legal.electronic_address;
    if terms.delivery.ways().network && held.electronic.as_ref() != Some(new) {
        let old = held.electronic.as_deref().unwrap_or("by no network");
        found.push((DeedKind::Address, format!("network {old} → {new}")));
    }
    if terms.auto_pay && !held.auto_pay {
        found.push((DeedKind::Method, "auto-pay on".to_owned()));
    }
    Ok(found
        .into_iter()
        .map(|(kind, what)| (NewDeed::new(id, kind, owed, currency), what))
        .collect())
}

fn domain(email: &str) -> String {
    email.rsplit_once('@').map_or(email, |(_, domain)| domain).to_lowercase()
}

/// Records a new version of an account; older ones stay.
pub fn amend(
    tx: &Tx<'_>,
    id: AccountId,
    terms: &AccountTerms,
    effective_from: NaiveDate,
) -> Result<(), StoreError> {
    for (deed, _) in redirects(tx, id, terms)? {
        deed::enter(tx, &deed)?;
    }
    let seq: i64 = tx.one(
        "SELECT coalesce(max(seq), 0) + 1 FROM account_version WHERE account_id = ?1",
        [id.0],
        |r| r.get(0),
    )?;
    insert_version(tx, id, seq, terms, effective_from)
}

fn insert_version(
    tx: &Tx<'_>,
    id: AccountId,
    seq: i64,
    terms: &AccountTerms,
    effective_from: NaiveDate,
) -> Result<(), StoreError> {
    tx.touch(Topic::Accounts);
    let row = version_row(id.0, seq, terms, effective_from, tx.now().at_ms);
    many::insert(tx, VERSION, [row])?;
    index(tx, account_text::last_version(tx)?, &number(tx, id)?, terms)
}

const VERSION: &str = "account_version (account_id, seq, effective_from_on, name, emails, batch,
    bill_cycle_day, payment_term, auto_pay, delivery, tax_code, tax_id, address1, address2, postcode,
    city, region, country, language, po_number, status, legal, recorded_at)";

/// The columns of [`VERSION`].
fn version_row(
    id: i64,
    seq: i64,
    terms: &AccountTerms,
    effective_from: NaiveDate,
    at_ms: i64,
) -> [Bound<'_>; 23] {
    [
        id.into(),
        seq.into(),
        effective_from.to_string().into(),
        terms.name.as_str().into(),
        terms.emails.join(";").into(),
        terms.batch.as_str().into(),
        terms.bill_cycle_day.into(),
        terms.payment_term.as_str().into(),
        terms.auto_pay.into(),
        terms.delivery.as_str().into(),
        terms.tax_code.as_str().into(),
        terms.tax_id.as_str().into(),
        terms.address1.as_str().into(),
        terms.address2.as_str().into(),
        terms.postcode.as_str().into(),
        terms.city.as_str().into(),
        terms.region.as_str().into(),
        terms.country.as_str().into(),
        terms.language.as_str().into(),
        terms.po_number.as_str().into(),
        terms.status.as_str().into(),
        legal_text(&terms.legal).into(),
        at_ms.into(),
    ]
}

/// The last day up to which any charge of the account is billed on a posted document (or waived);
/// none = never billed.
pub fn billed_through(db: &Db<'_>, id: AccountId) -> Result<Option<NaiveDate>, StoreError> {
    // `charge_account`, then the claims of each charge by primary key.
    db.one(
        "SELECT max(c.to_on) FROM charge h JOIN claim c ON c.charge_id = h.id
             JOIN document_state s ON s.document_id = c.document_id
             WHERE h.account_id = ?1 AND c.role <> 'credited' AND s.status = 'Posted'",
        [id.0],
        |r| r.get(0),
    )
}

/// The accounts that have a draft.
pub fn with_drafts(db: &Db<'_>) -> Result<HashSet<AccountId>, StoreError> {
    db.gather("SELECT DISTINCT account_id FROM document_state WHERE status = 'Draft'", [], |r| {
        Ok(AccountId(r.get(0)?))
    })
}

/// The highest row identity: about how many accounts there are, at no cost.
pub fn highest(db: &Db<'_>) -> Result<i64, StoreError> {
    db.one("SELECT coalesce(max(id), 0) FROM account", [], |r| r.get(0))
}
