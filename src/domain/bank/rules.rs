//! What a line of a bank pays: the first rule that gives exactly one answer wins. What the book knows is asked
//! through [`Facts`]; amounts are minor units of the line's currency.

use super::Rule;
use super::statement::Detail;
use super::tokens::{self, Place};
use crate::domain::e_invoice::modulo_97;
use crate::domain::ids::{AccountId, DocumentId, PaymentId};
use crate::domain::money::Currency;
use chrono::NaiveDate;
use std::collections::{BTreeMap, BTreeSet};

/// A document as money looks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doc {
    pub id: DocumentId,
    pub account: AccountId,
    pub currency: Currency,
    /// What is owed on it, minor units; zero where it is paid.
    pub open: i64,
}

/// A customer's account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Party {
    pub id: AccountId,
    pub currency: Currency,
}

/// A payment of ours that money out may be the return of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ours {
    pub id: PaymentId,
    pub account: AccountId,
}

/// A receipt that a clerk recorded and no line of a bank has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    pub id: PaymentId,
    pub account: AccountId,
    pub reference: String,
}

/// A payout on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnTheWay {
    pub id: i64,
    /// The gateway's name for it.
    pub name: String,
}

/// Documents and accounts, each by the key that a text names it by.
pub type Numbered = (Vec<(String, Doc)>, Vec<(String, Party)>);

/// What the book knows.
pub trait Facts {
    type Error;
    /// Documents and accounts whose numbers, as [`tokens::key`] makes them, are among these.
    fn numbered(&self, keys: &BTreeSet<&str>) -> Result<Numbered, Self::Error>;
    /// Documents that print this reference (capitals, no blanks), by one of these keys or as it was given.
    fn referred(&self, reference: &str, keys: &[String]) -> Result<Vec<Doc>, Self::Error>;
    /// The account that an IBAN paid for; none where it is nobody's, or more than one's.
    fn payer(&self, iban: &str) -> Result<Option<Party>, Self::Error>;
    /// What an account owes, the oldest first.
    fn open(&self, account: AccountId) -> Result<Vec<Doc>, Self::Error>;
    /// The payment that is called so at a bank or gateway, or here.
    fn ours(&self, name: &str) -> Result<Option<Ours>, Self::Error>;
    /// Receipts of this amount, not more than ten days from a day.
    fn recorded(&self, minor: i64, on: NaiveDate) -> Result<Vec<Receipt>, Self::Error>;
    /// Payouts of this net.
    fn payouts(&self, minor: i64) -> Result<Vec<OnTheWay>, Self::Error>;
}

/// What a line is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    Return(Ours),
    Payout(OnTheWay),
    Recorded(Receipt),
    /// Money of an account for documents in their order; what they leave is unapplied.
    Money {
        account: AccountId,
        documents: Vec<DocumentId>,
    },
    Nobody,
}

/// With the rule that says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    pub rule: Rule,
    pub found: Found,
}

fn verdict(rule: Rule, found: Found) -> Verdict {
    Verdict { rule, found }
}

/// Part of a line, as it is judged.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'l> {
    pub detail: &'l Detail,
    pub currency: Currency,
    pub on: NaiveDate,
}

impl Asked<'_> {
    /// All words of it.
    fn words(&self) -> String {
        let d = self.detail;
        [&d.text, &d.reference, &d.end_to_end].map(String::as_str).join(" \u{1} ")
    }
}

/// What a line is, by the first rule that gives exactly one answer.
pub fn judge<F: Facts>(facts: &F, asked: &Asked<'_>) -> Result<Verdict, F::Error> {
    let detail = asked.detail;
    if detail.minor < 0 {
        return money_out(facts, asked);
    }
    let words = asked.words();
    let mut on_the_way = facts.payouts(detail.minor)?;
    on_the_way.retain(|payout| tokens::holds(&words, &payout.name));
    if let [one] = on_the_way.as_slice() {
        return Ok(verdict(Rule::Payout, Found::Payout(one.clone())));
    }
    let mut recorded = facts.recorded(detail.minor, asked.on)?;
    recorded.retain(|receipt| tokens::holds(&words, &receipt.reference));
    if let [one] = recorded.as_slice() {
        return Ok(verdict(Rule::Recorded, Found::Recorded(one.clone())));
    }
    if let Some(found) = by_reference(facts, asked)? {
        return Ok(verdict(Rule::Reference, found));
    }
    let payer = match detail.iban.as_str() {
        "" => None,
        iban => facts.payer(iban)?.filter(|payer| payer.currency == asked.currency),
    };
    let numbers = Numbers::find(facts, asked, &words, payer)?;
    match numbers.documents.as_slice() {
        [] => {}
        [first, ..] => {
            let one = numbers
                .documents
                .iter()
                .all(|d| d.account == first.account && d.currency == asked.currency);
            if !one {
                return Ok(verdict(Rule::Conflict, Found::Nobody));
            }
            let documents = numbers.documents.iter().map(|d| d.id).collect();
            let found = Found::Money { account: first.account, documents };
            return Ok(verdict(Rule::Number, found));
        }
    }
    by_payer(facts, asked, payer.or(numbers.party))
}

/// Money out: the return of a payment that it names.
fn money_out<F: Facts>(facts: &F, asked: &Asked<'_>) -> Result<Verdict, F::Error> {
    let detail = asked.detail;
    for name in [&detail.end_to_end, &detail.reference] {
        if !name.is_empty()
            && let Some(ours) = facts.ours(name)?
        {
            return Ok(verdict(Rule::OwnReturn, Found::Return(ours)));
        }
    }
    Ok(verdict(Rule::None, Found::Nobody))
}

/// The structured references that a line quotes: ISO 11649 and the Belgian form, by their check digits;
/// each with the keys of the numbers that it may be made of.
pub fn references(detail: &Detail) -> Vec<(String, Vec<String>)> {
    let mut found = Vec::new();
    let given = tokens::key(&detail.reference);
    let all = format!("{} \u{1} {} \u{1} {}", detail.reference, detail.text, detail.end_to_end);
    let mut keys: BTreeSet<String> = tokens::candidates(&all).into_keys().collect();
    keys.insert(given);
    for key in keys {
        let is_iso = key.len() > 4
            && key.len() <= 25
            && key.starts_with("RF")
            && key.is_ascii()
            && modulo_97(&format!("{}{}", &key[4..], &key[..4])) == Some(1);
        if is_iso {
            found.push((key.clone(), vec![key[4..].to_owned()]));
        }
        if key.len() == 12
            && key.bytes().all(|b| b.is_ascii_digit())
            && modulo_97(&key[..10]).map(|rest| if rest == 0 { 97 } else { rest })
                == key[10..].parse().ok()
        {
            found.push((key.clone(), vec![key[..10].to_owned()]));
        }
    }
    found
}

fn by_reference<F: Facts>(facts: &F, asked: &Asked<'_>) -> Result<Option<Found>, F::Error> {
    let mut all: BTreeMap<DocumentId, Doc> = BTreeMap::new();
    for (reference, keys) in references(asked.detail) {
        for doc in facts.referred(&reference, &keys)? {
            if doc.open > 0 && doc.currency == asked.currency {
                all.insert(doc.id, doc);
            }
        }
    }
    let mut all = all.into_values();
    Ok(match (all.next(), all.next()) {
        (Some(doc), None) => Some(Found::Money { account: doc.account, documents: vec![doc.id] }),
        (Some(_), Some(_)) | (None, _) => None,
    })
}

/// What a text names.
struct Numbers {
    /// In the order in which they stand.
    documents: Vec<Doc>,
    /// The one account that it names, if it names no document.
    party: Option<Party>,
}

#[derive(Clone, PartialEq)]
enum Named {
    Document(Doc),
    Account(Party),
}

impl Numbers {
    fn find<F: Facts>(
        facts: &F,
        asked: &Asked<'_>,
        words: &str,
        payer: Option<Party>,
    ) -> Result<Self, F::Error> {
        let places = tokens::candidates(words);
        let keys: BTreeSet<&str> = places.keys().map(String::as_str).collect();
        let (documents, accounts) =
            if keys.is_empty() { Default::default() } else { facts.numbered(&keys)? };
        let known = |id: AccountId| {
            let lettered = |key: &str| key.chars().any(char::is_alphabetic);
            payer.is_some_and(|payer| payer.id == id)
                || accounts.iter().any(|(key, party)| party.id == id && lettered(key))
        };
        // What says too little by itself counts with its amount, alone or with its like, or a known payer.
        let weak: i64 = documents
            .iter()
            .filter(|(key, doc)| !tokens::is_telling(key) && doc.currency == asked.currency)
            .map(|(_, doc)| doc.open)
            .fold(0, i64::saturating_add);
        let minor = asked.detail.minor;
        let counts = |key: &str, doc: &Doc| {
            tokens::is_telling(key) || doc.open == minor || weak == minor || known(doc.account)
        };
        let mut found: Vec<(Place, Named)> = Vec::new();
        let mut take = |key: &str, named: &Named| {
            for place in places.get(key).into_iter().flatten() {
                found.push((*place, named.clone()));
            }
        };
        for (key, doc) in documents.iter().filter(|(key, doc)| counts(key, doc)) {
            take(key, &Named::Document(doc.clone()));
        }
        for (key, party) in &accounts {
            if tells(facts, (key, *party), asked, payer)? {
                take(key, &Named::Account(*party));
            }
        }
        let named = tokens::longest(found);
        let mut all = Self { documents: Vec::new(), party: None };
        let mut parties: Vec<Party> = Vec::new();
        for one in named {
            match one {
                Named::Document(doc) => all.documents.push(doc),
                Named::Account(party) => parties.push(party),
            }
        }
        if let [one] = parties.as_slice() {
            all.party = Some(*one).filter(|party| party.currency == asked.currency);
        }
        Ok(all)
    }
}

/// Whether the number of an account says by itself whose money it is: one with a letter does, another only
/// with what he owes, or where its IBAN says the same.
fn tells<F: Facts>(
    facts: &F,
    (key, party): (&str, Party),
    asked: &Asked<'_>,
    payer: Option<Party>,
) -> Result<bool, F::Error> {
    if key.chars().any(char::is_alphabetic) || payer.is_some_and(|payer| payer.id == party.id) {
        return Ok(true);
    }
    let open = owed(facts, party.id, asked.currency)?;
    let all = open.iter().map(|doc| doc.open).fold(0, i64::saturating_add);
    let minor = asked.detail.minor;
    Ok(all == minor || open.iter().any(|doc| doc.open == minor))
}

fn owed<F: Facts>(facts: &F, account: AccountId, currency: Currency) -> Result<Vec<Doc>, F::Error> {
    let mut open = facts.open(account)?;
    open.retain(|doc| doc.currency == currency && doc.open > 0);
    Ok(open)
}

fn by_payer<F: Facts>(
    facts: &F,
    asked: &Asked<'_>,
    payer: Option<Party>,
) -> Result<Verdict, F::Error> {
    let Some(payer) = payer else { return Ok(verdict(Rule::None, Found::Nobody)) };
    let open = owed(facts, payer.id, asked.currency)?;
    let minor = asked.detail.minor;
    let exact: Vec<&Doc> = open.iter().filter(|doc| doc.open == minor).collect();
    let all = open.iter().map(|doc| doc.open).fold(0, i64::saturating_add);
    let (rule, documents) = match exact.as_slice() {
        [one] => (Rule::PayerExact, vec![one.id]),
        _ if !open.is_empty() && all == minor => {
            (Rule::PayerTotal, open.iter().map(|doc| doc.id).collect())
        }
        _ => (Rule::Payer, Vec::new()),
    };
    Ok(verdict(rule, Found::Money { account: payer.id, documents }))
}

/// How money is spread over documents in their order: what each gets of what it owes, what is left, and
/// by how much the last one is short and let off so: never more than the tolerance.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Spread {
    pub parts: Vec<i64>,
    pub left: i64,
    pub difference: i64,
}

/// Spreads it.
pub fn spread(minor: i64, owed: &[i64], tolerance: i64) -> Spread {
    let mut left = minor;
    let mut parts = Vec::with_capacity(owed.len());
    for owed in owed {
        let part = left.min((*owed).max(0));
        parts.push(part);
        left -= part;
    }
    let short = owed.iter().zip(&parts).map(|(owed, part)| owed.max(&0) - part).sum::<i64>();
    let last = owed.iter().zip(&parts).next_back().map_or(0, |(owed, part)| owed.max(&0) - part);
    let paid = parts.last().is_some_and(|part| *part > 0);
    let let_off = paid && short == last && short > 0 && short <= tolerance;
    Spread { parts, left, difference: if let_off { short } else { 0 } }
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
