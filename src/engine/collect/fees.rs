//! What late payment costs: a flat sum and interest by law (`domain::damages`), claimed by a reminder and booked
//! once that has left, as a debit memo of its own series on its own account of the ledger. It bears no tax, stands
//! on no invoice, goes out with the reminder alone, and no payment run charges it.

use crate::clock::Now;
use crate::config::{Config, key};
use crate::document::country_code;
use crate::domain::account::{AccountTerms, version_on};
use crate::domain::damages::{self, Late, Rate};
use crate::domain::document::DocumentKind;
use crate::domain::e_invoice::CustomerKind;
use crate::domain::explain::Derivation;
use crate::domain::ids::{AccountId, DocumentId, ItemId, ReminderId};
use crate::domain::money::Money;
use crate::engine::Error;
use crate::engine::post::posting;
use crate::store::debt::Debt;
use crate::store::document::{self, Origin, Source};
use crate::store::draft::{self, LineImage};
use crate::store::new_draft::NewDraft;
use crate::store::reminder_fee::{self, Claimed};
use crate::store::{Db, Json, StoreError, Tx, account, reminder_sent};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// The account of the ledger, behind `revenue:`.
const ACCOUNT: &str = "damages";

/// What a reminder claims of one invoice, for who asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeeLine {
    /// The invoice's number.
    pub number: String,
    pub flat: Option<Money>,
    pub interest: Option<Money>,
    /// Days of the interest, both inclusive.
    pub days: Option<(chrono::NaiveDate, chrono::NaiveDate)>,
    pub law: String,
}

impl FeeLine {
    /// In words: `INV-1: flat sum 40.00 EUR, interest 9.26 EUR (BGB § 288)`.
    pub fn said(&self) -> String {
        let flat = self.flat.map(|money| format!("flat sum {money}"));
        let interest = self.interest.map(|money| format!("interest {money}"));
        let parts: Vec<String> = flat.into_iter().chain(interest).collect();
        format!("{}: {} ({})", self.number, parts.join(", "), self.law)
    }
}

/// What a reminder of an account would claim now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Fees {
    pub claims: Vec<(String, Claimed)>,
    /// What is not claimed, and why.
    pub doubts: Vec<String>,
}

impl Fees {
    /// Each sum of it.
    pub fn money(&self) -> impl Iterator<Item = Money> {
        self.claims.iter().flat_map(|(_, of)| {
            of.claim.flat.into_iter().chain(of.claim.interest.as_ref().map(|i| i.money))
        })
    }

    pub fn lines(&self) -> Vec<FeeLine> {
        let line = |(number, of): &(String, Claimed)| FeeLine {
            number: number.clone(),
            flat: of.claim.flat,
            interest: of.claim.interest.as_ref().map(|interest| interest.money),
            days: of.claim.interest.as_ref().map(|interest| (interest.from, interest.to)),
            law: of.claim.source.clone(),
        };
        self.claims.iter().map(line).collect()
    }
}

/// Of these debts, each with the level it reaches, where the settings claim anything.
pub(super) fn of(
    db: &Db<'_>,
    config: &Config,
    now: Now,
    (terms, debts): (&AccountTerms, &[(Debt, u32, u32)]),
) -> Result<Fees, Error> {
    let mut fees = Fees::default();
    if config.get(key::REMINDER_FEES) != "law" {
        return Ok(fees);
    }
    let from_level = config.int(key::REMINDER_FEES_FROM);
    let number = debts.first().map_or("", |(debt, _, _)| debt.account_number.as_str());
    let kind = match terms.legal.kind {
        Some(kind) => kind,
        None if !terms.tax_id.trim().is_empty() => CustomerKind::Business,
        None => {
            fees.doubts.push(format!(
                "{number}: no fee, it is not said whether a business or a consumer owes it \
                 (daybook account edit {number} --set customer_kind=business)"
            ));
            return Ok(fees);
        }
    };
    // Between traders the seller's law holds, for a consumer that of the consumer (Regulation (EC)
    // 593/2008, art. 4 and 6).
    let country = match kind {
        CustomerKind::Business | CustomerKind::Public => config.get(key::ISSUER_COUNTRY),
        CustomerKind::Consumer => terms.country.as_str(),
    };
    let country = country_code(country);
    let own = damages::own_rates(config.get(key::REMINDER_BASE_RATES)).unwrap_or_default();
    let rates: Vec<&Rate> = damages::rates().iter().chain(&own).collect();
    for (debt, _, level) in debts {
        if i64::from(*level) < from_level {
            continue;
        }
        let (claimed, claimed_until) = reminder_fee::so_far(db, debt.document)?;
        let late = Late {
            country: &country,
            kind,
            due_on: since(db, debt)?,
            total: debt.currency.amount(debt.total_minor),
            open: debt.currency.amount(debt.balance_minor),
            claimed,
            claimed_until,
        };
        let claim = damages::claim(&late, now.today, &rates);
        for doubt in &claim.doubts {
            let text = format!("{number}: no fee: {doubt}");
            if !fees.doubts.contains(&text) {
                fees.doubts.push(text);
            }
        }
        if !claim.is_empty() {
            fees.claims.push((debt.number.clone(), Claimed { document: debt.document, claim }));
        }
    }
    Ok(fees)
}

/// Since when a debt is owed as it is: its due day, or the day it was owed again.
fn since(db: &Db<'_>, debt: &Debt) -> Result<chrono::NaiveDate, StoreError> {
    let reopened = crate::store::reminder::reopened_on(db, debt.document)?;
    Ok(reopened.map_or(debt.due_on, |day| day.max(debt.due_on)))
}

/// Books what a reminder claimed: a document for each invoice. Gives their numbers.
pub(super) fn book(tx: &Tx<'_>, id: ReminderId) -> Result<Vec<String>, Error> {
    let mut numbers = Vec::new();
    let Some(sent) = reminder_sent::get(tx, id)? else { return Ok(numbers) };
    for claimed in reminder_fee::unbooked(tx, id)? {
        let invoice = document::get(tx, claimed.document)?;
        let of = invoice.number.as_deref().unwrap_or_default();
        let fee = make(tx, sent.account, &invoice, (id, &claimed))?;
        let number = posting::post_now(tx, fee)?;
        reminder_fee::booked(tx, id, (claimed.document, fee))?;
        numbers.push(format!("{number} for {of}"));
    }
    Ok(numbers)
}

fn make(
    tx: &Tx<'_>,
    account: AccountId,
    invoice: &document::DocumentRow,
    (id, of): (ReminderId, &Claimed),
) -> Result<DocumentId, Error> {
    let today = tx.now().today;
    let versions = account::versions(tx, account)?;
    let version = version_on(&versions, today)
        .map(|version| version.id)
        .ok_or_else(|| StoreError::Corrupt(format!("account {} has no version", account.0)))?;
    let blank = NewDraft {
        account,
        account_version: version,
        currency: invoice.currency,
        run: None,
        target: today,
        flags: &[],
        risk: 0,
    };
    let number = invoice.number.as_deref().unwrap_or_default();
    let fee =
        draft::insert_empty(tx, &blank, DocumentKind::DebitMemo, None, Source::Dunning, today)?;
    draft::set_reason(tx, fee, &format!("late payment of {number}, claimed by {id}"))?;
    let fresh = document::get(tx, fee)?;
    let mut content = draft::load(tx, &fresh)?;
    let law = &of.claim.source;
    if let Some(flat) = of.claim.flat {
        content.lines.push(line(flat, format!("Flat sum for late payment of {number} ({law})"))?);
    }
    if let Some(interest) = &of.claim.interest {
        let words = format!(
            "Interest for late payment of {number}, {} to {} ({law})",
            interest.from, interest.to
        );
        content.lines.push(line(interest.money, words)?);
    }
    content.subtotal_minor = content.lines.iter().map(|line| line.amount_minor).sum();
    content.total_minor = content.subtotal_minor;
    draft::save(tx, &fresh, &content)?;
    Ok(fee)
}

fn line(money: Money, description: String) -> Result<LineImage, Error> {
    Ok(LineImage {
        id: ItemId(0),
        charge: None,
        version: None,
        subscription: None,
        target: None,
        corrects: None,
        description,
        service_from: None,
        service_to: None,
        quantity: Decimal::ONE,
        unit_price: money.currency.to_decimal(money.minor),
        amount_minor: money.minor,
        gross_minor: None,
        tax_code: String::new(),
        revenue_account: ACCOUNT.to_owned(),
        origin: Origin::Hand,
        derivation: Json::of(&Derivation::default())?,
        claims: Vec::new(),
        usage: Vec::new(),
    })
}
