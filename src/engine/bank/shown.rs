//! What a line may be, for a person to say: what the rules say now, and what only looks like it.

use super::book::prefixes;
use super::deed::{foretell, unapplied};
use super::hand::detail;
use crate::domain::bank::rules::{self, Asked, Found, spread};
use crate::domain::bank::{LineState, MatchKind, Rule};
use crate::domain::ids::{AccountId, DocumentId, LineId, PaymentId};
use crate::domain::money::Money;
use crate::domain::text::counted;
use crate::engine::Error;
use crate::engine::collect::money::Foretold;
use crate::engine::command::{BankDeed, Target};
use crate::store::bank::facts::{self, InBook};
use crate::store::bank::line::{self, LineRow};
use crate::store::bank::matched::{self, MatchRow};
use crate::store::bank::{self, payout, statement};
use crate::store::payment::{self, AllocationState};
use crate::store::{Db, StoreError, account, debt, settings};

/// What a line may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The rule that says so; `none` = it only looks like it.
    pub rule: Rule,
    /// Whose it would be; empty = nobody's.
    pub account_number: String,
    /// That customer's name.
    pub name: String,
    /// What it would pay: number, and what is owed on it.
    pub documents: Vec<(DocumentId, String, Money)>,
    /// The payment that it would be, or be the return of.
    pub payment: Option<PaymentId>,
    /// Above zero: what would be left of it. Below: what would be short.
    pub left: Money,
    /// Why it may be this, and the difference.
    pub why: String,
    /// In words: whose, what, why and the difference.
    pub words: String,
    /// What says so.
    pub deed: BankDeed,
}

impl Candidate {
    /// What it would be, without why.
    pub fn what(&self) -> String {
        let numbers: Vec<&str> = self.documents.iter().map(|(_, n, _)| n.as_str()).collect();
        let whose = format!("{} {}", self.account_number, self.name);
        match (&self.deed, self.payment) {
            (BankDeed::Match { to: Target::Payout(name), .. }, _) => format!("payout {name}"),
            (_, Some(payment)) => format!("{whose}: {payment}"),
            (_, None) if numbers.is_empty() => format!("{whose}: unapplied"),
            (_, None) => format!("{whose}: {}", numbers.join(", ")),
        }
    }

    /// Whether a rule says so; else it only looks alike.
    pub fn is_by_rule(&self) -> bool {
        self.rule != Rule::None
    }
}

/// A line with what it may be, the likeliest first.
pub fn candidates(db: &Db<'_>, id: LineId) -> Result<(LineRow, Vec<Candidate>), StoreError> {
    let row = line::get(db, id)?;
    if row.unidentified_minor == 0 {
        return Ok((row.clone(), of_its_account(db, &row)?));
    }
    let bank = bank::get(db, row.bank_account)?;
    let config = settings::load(db)?;
    let prefixes = prefixes(&config);
    let minor = row.unidentified_minor;
    let detail = detail(&row, minor);
    let book = InBook { db, bank: &bank, prefixes: &prefixes };
    let verdict =
        rules::judge(&book, &Asked { detail: &detail, currency: row.currency, on: row.value_on })?;
    let mut all = Vec::new();
    let found = match verdict.found {
        Found::Money { account, documents } => {
            all.push(of(db, &row, verdict.rule, (account, &documents), "")?);
            None
        }
        Found::Return(ours) => Some((
            Some(ours.account),
            Target::Payment(ours.id),
            format!("it names {}: that payment went back", ours.id),
        )),
        Found::Payout(one) => {
            Some((None, Target::Payout(one.name.clone()), format!("payout {}", one.name)))
        }
        Found::Recorded(receipt) => Some((
            Some(receipt.account),
            Target::Payment(receipt.id),
            format!("{} was recorded by hand", receipt.id),
        )),
        Found::Nobody => None,
    };
    if let Some((account, to, words)) = found {
        let named = account.map(|id| called(db, id)).transpose()?;
        let (account_number, name) = named.unwrap_or_default();
        all.push(Candidate {
            rule: verdict.rule,
            account_number,
            name,
            documents: Vec::new(),
            payment: match &to {
                Target::Payment(id) => Some(*id),
                Target::Account(..) | Target::Documents(_) | Target::Payout(_) => None,
            },
            left: row.currency.amount(0),
            why: format!("by rule {}", verdict.rule),
            words,
            deed: BankDeed::Match { line: id, to, amount: row.currency.amount(minor.abs()) },
        });
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

/// What a customer owes whose money is unapplied, the oldest first.
fn of_its_account(db: &Db<'_>, row: &LineRow) -> Result<Vec<Candidate>, StoreError> {
    let (LineState::Unapplied, Some(account)) = (row.state, row.account) else {
        return Ok(Vec::new());
    };
    let (free, (_, name)) = (unapplied(db, row.id)?, called(db, account)?);
    let mut all = Vec::new();
    for debt in debt::open_of_account(db, account, row.currency)?.into_iter().take(MOST) {
        let owed = debt.balance_minor.max(0);
        let part = free.min(owed);
        if part <= 0 {
            continue;
        }
        let (left, amount) = (row.currency.amount(free - owed), row.currency.amount(part));
        let owed = row.currency.amount(owed);
        let why = format!("owes {owed}: {}", difference(left));
        let to = Target::Documents(vec![debt.document]);
        all.push(Candidate {
            rule: Rule::None,
            account_number: row.account_number.clone(),
            name: name.clone(),
            words: format!("{}, {}: {why}", row.account_number, debt.number),
            documents: vec![(debt.document, debt.number, owed)],
            payment: None,
            left,
            why,
            deed: BankDeed::Match { line: row.id, to, amount },
        });
    }
    Ok(all)
}

/// How many documents of a customer are shown.
const MOST: usize = 20;

/// Above zero it is over, below short.
fn difference(left: Money) -> String {
    match left.minor {
        0 => "pays exactly".to_owned(),
        over if over > 0 => format!("{left} over"),
        short => format!("{} short", left.currency.amount(short.abs())),
    }
}

fn of(
    db: &Db<'_>,
    row: &LineRow,
    rule: Rule,
    (account, documents): (AccountId, &[DocumentId]),
    why: &str,
) -> Result<Candidate, StoreError> {
    let (number, name) = called(db, account)?;
    let mut docs: Vec<(DocumentId, String, Money)> = Vec::new();
    for id in documents {
        let debt = debt::get(db, *id)?;
        docs.push((*id, debt.number, debt.currency.amount(debt.balance_minor.max(0))));
    }
    let owed: Vec<i64> = docs.iter().map(|(_, _, money)| money.minor).collect();
    let spread = spread(row.unidentified_minor, &owed, 0);
    let short: i64 = owed.iter().zip(&spread.parts).map(|(owed, part)| owed - part).sum();
    let left = row.currency.amount(if short > 0 { -short } else { spread.left });
    let difference = difference(left);
    let says = if why.is_empty() { format!("by rule {rule}: ") } else { format!("{why} ") };
    let named: Vec<&str> = docs.iter().map(|(_, number, _)| number.as_str()).collect();
    let what = if named.is_empty() { "no document".to_owned() } else { named.join(", ") };
    let words = format!("{says}{number}, {what}: {difference}");
    let why = match why.is_empty() {
        true => format!("by rule {rule}: {difference}"),
        false if why.starts_with("the payer") => format!("the same name: {difference}"),
        false => format!("the same amount: {difference}"),
    };
    let (line, amount) = (row.id, row.currency.amount(row.unidentified_minor.abs()));
    let deed = if documents.is_empty() {
        BankDeed::Identify { line, account: number.clone(), documents: Vec::new(), amount }
    } else {
        BankDeed::Match { line, to: Target::Documents(documents.to_vec()), amount }
    };
    let (account_number, documents) = (number, docs);
    Ok(Candidate { rule, account_number, name, documents, payment: None, left, why, words, deed })
}

/// Number and name of an account.
fn called(db: &Db<'_>, id: AccountId) -> Result<(String, String), StoreError> {
    let last = account::versions(db, id)?.pop();
    let name = last.map(|version| version.terms.name).unwrap_or_default();
    Ok((account::number(db, id)?, name))
}

/// A line as a screen shows it: what it is matched to, and what it may be, each with what booking it would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    pub row: LineRow,
    /// What it is matched to, one a line.
    pub is: Vec<String>,
    pub may_be: Vec<(Candidate, Foretold)>,
}

/// Reads it.
pub fn told(db: &Db<'_>, id: LineId) -> Result<Told, Error> {
    let (row, all) = candidates(db, id)?;
    let mut may_be = Vec::with_capacity(all.len());
    for one in all {
        // What could not be booked is not offered.
        match foretell(db, &one.deed) {
            Ok(foretold) => may_be.push((one, foretold)),
            Err(Error::Usage { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    let mut is = Vec::new();
    for one in matched::of_line(db, id)? {
        is.push(matched_to(db, &row, &one)?);
    }
    Ok(Told { row, is, may_be })
}

fn matched_to(db: &Db<'_>, row: &LineRow, one: &MatchRow) -> Result<String, StoreError> {
    let money = |minor| row.currency.amount(minor).grouped();
    let part = money(one.amount_minor);
    let by = format!("on {} by {}", one.on, one.user);
    let what = match (one.kind, one.payment, one.payout) {
        (MatchKind::Payout, _, Some(id)) => format!("payout {}", payout::get(db, id)?.name),
        (MatchKind::Fee, ..) => "a fee of the bank".to_owned(),
        (MatchKind::Transfer, ..) => "a transfer between our accounts".to_owned(),
        (kind, Some(id), _) => {
            let there = payment::get(db, id)?;
            let mut what = format!("{kind} {id} of {}", account::number(db, there.account)?);
            for part in payment::allocations(db, id)? {
                let standing = part.amount_minor - part.reopened_minor;
                if part.state == AllocationState::Applied && standing > 0 {
                    what.push_str(&format!(", {} {}", part.number, money(standing)));
                }
            }
            if there.unapplied_minor > 0 && kind == MatchKind::Payment {
                what.push_str(&format!(", {} unapplied", money(there.unapplied_minor)));
            }
            what
        }
        (kind, None, _) => kind.to_string(),
    };
    Ok(format!("{part} {what}, {by}"))
}

/// How far each of our accounts at banks is read, in words; none where there is no account.
pub fn banks(db: &Db<'_>) -> Result<Vec<String>, StoreError> {
    let mut all = Vec::new();
    for account in bank::all(db)? {
        let read = statement::of_account(db, account.id)?;
        let gaps = statement::gaps_in(&read).len();
        let through = match statement::read_through(&read) {
            Some(day) => format!("read until {day}"),
            None => "no statement is read".to_owned(),
        };
        let gaps = match gaps {
            0 => String::new(),
            n => format!(", {} missing", counted(n, "statement", "statements")),
        };
        all.push(format!("{} {}: {through}{gaps}", account.name, account.currency));
    }
    Ok(all)
}
