//! What a line may be, for a person to say: what the rules say now, and what only looks like it.

use super::book::prefixes;
use super::hand::detail;
use crate::domain::bank::Rule;
use crate::domain::bank::rules::{self, Asked, Found, spread};
use crate::domain::ids::{DocumentId, LineId, PaymentId};
use crate::domain::money::Money;
use crate::store::bank::facts::{self, InBook};
use crate::store::bank::line::{self, LineRow};
use crate::store::bank::{self};
use crate::store::{Db, StoreError, account, debt, settings};

/// What a line may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The rule that says so; `none` = it only looks like it.
    pub rule: Rule,
    /// Whose it would be; empty = nobody's.
    pub account_number: String,
    /// What it would pay: number, and what is owed on it.
    pub documents: Vec<(DocumentId, String, Money)>,
    /// The payment that it would be, or be the return of.
    pub payment: Option<PaymentId>,
    /// Above zero: what would be left of it. Below: what would be short.
    pub left: Money,
    /// In words: why, and the difference.
    pub words: String,
}

/// A line with what it may be, the likeliest first.
pub fn candidates(db: &Db<'_>, id: LineId) -> Result<(LineRow, Vec<Candidate>), StoreError> {
    let row = line::get(db, id)?;
    let bank = bank::get(db, row.bank_account)?;
    let config = settings::load(db)?;
    let prefixes = prefixes(&config);
    let minor = row.unidentified_minor;
    let detail = detail(&row, minor);
    let book = InBook { db, bank: &bank, prefixes: &prefixes };
    let verdict =
        rules::judge(&book, &Asked { detail: &detail, currency: row.currency, on: row.value_on })?;
    let mut all = Vec::new();
    match verdict.found {
        Found::Money { account, documents } => {
            all.push(of(db, &row, verdict.rule, (account, &documents), "")?);
        }
        Found::Return(ours) => all.push(Candidate {
            rule: verdict.rule,
            account_number: account::number(db, ours.account)?,
            documents: Vec::new(),
            payment: Some(ours.id),
            left: row.currency.amount(0),
            words: format!("it names {}: that payment went back", ours.id),
        }),
        Found::Payout(one) => all.push(Candidate {
            rule: verdict.rule,
            account_number: String::new(),
            documents: Vec::new(),
            payment: None,
            left: row.currency.amount(0),
            words: format!("payout {}", one.name),
        }),
        Found::Recorded(receipt) => all.push(Candidate {
            rule: verdict.rule,
            account_number: account::number(db, receipt.account)?,
            documents: Vec::new(),
            payment: Some(receipt.id),
            left: row.currency.amount(0),
            words: format!("{} was recorded by hand", receipt.id),
        }),
        Found::Nobody => {}
    }
    for (doc, by_name) in facts::alike(db, &bank, minor, &row.payer)? {
        let why = if by_name { "the payer's name is that of" } else { "the amount is owed by" };
        let one = of(db, &row, Rule::None, (doc.account, &[doc.id]), why)?;
        if !all.iter().any(|other| other.documents == one.documents) {
            all.push(one);
        }
    }
    Ok((row, all))
}

fn of(
    db: &Db<'_>,
    row: &LineRow,
    rule: Rule,
    (account, documents): (crate::domain::ids::AccountId, &[DocumentId]),
    why: &str,
) -> Result<Candidate, StoreError> {
    let number = account::number(db, account)?;
    let mut docs: Vec<(DocumentId, String, Money)> = Vec::new();
    for id in documents {
        let debt = debt::get(db, *id)?;
        docs.push((*id, debt.number, debt.currency.amount(debt.balance_minor.max(0))));
    }
    let owed: Vec<i64> = docs.iter().map(|(_, _, money)| money.minor).collect();
    let spread = spread(row.unidentified_minor, &owed, 0);
    let short: i64 = owed.iter().zip(&spread.parts).map(|(owed, part)| owed - part).sum();
    let left = row.currency.amount(if short > 0 { -short } else { spread.left });
    let difference = match left.minor {
        0 => "pays exactly".to_owned(),
        over if over > 0 => format!("{left} over"),
        _ => format!("{} short", row.currency.amount(short)),
    };
    let says = if why.is_empty() { format!("by rule {rule}: ") } else { format!("{why} ") };
    let named: Vec<&str> = docs.iter().map(|(_, number, _)| number.as_str()).collect();
    let what = if named.is_empty() { "no document".to_owned() } else { named.join(", ") };
    let words = format!("{says}{number}, {what}: {difference}");
    Ok(Candidate { rule, account_number: number, documents: docs, payment: None, left, words })
}
