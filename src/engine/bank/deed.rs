//! The console's deeds with lines of banks: one door to the verbs of the command line, and what a deed would
//! do, foretold in words before a person confirms it.

use super::hand::{self, part, verdict};
use super::read::{self, Done, Wanted};
use crate::domain::bank::rules::{Found, spread};
use crate::domain::bank::{LineState, MatchKind};
use crate::domain::ids::{AccountId, DocumentId, LineId};
use crate::domain::money::{Currency, Money, total};
use crate::domain::text::counted;
use crate::engine::bank::book::Outcome;
use crate::engine::collect::money::Foretold;
use crate::engine::command::{BankDeed, Own, Receipt, Refused, Target};
use crate::engine::{Error, Session};
use crate::outside;
use crate::store::bank::line::{self, LineRow};
use crate::store::bank::matched;
use crate::store::{Db, StoreError, account, debt, document, payment, settings};
use std::path::PathBuf;

/// How a deed is taken back.
const UNDO: &str = "u on the line takes it back, with a reason.";

/// Files above this are for the command line: while one is read the console writes nothing else, bytes.
const LARGEST: u64 = 4 * 1024 * 1024;

/// Does one.
pub fn perform(session: &mut Session, deed: &BankDeed) -> Result<Receipt, Error> {
    let (line, outcome) = match deed {
        BankDeed::Load { file, account } => return load(session, file, account),
        BankDeed::Match { line, to, amount } => {
            (*line, hand::match_to(session, *line, to, Some(*amount))?)
        }
        BankDeed::Identify { line, account, documents, amount } => {
            let to = session.store.read(|db| named(db, *line, account, documents))?;
            (*line, hand::match_to(session, *line, &to, Some(*amount))?)
        }
        BankDeed::Own { line, kind, amount } => {
            (*line, hand::own(session, *line, *kind, Some(*amount))?)
        }
        BankDeed::Unmatch { line, reason } => (*line, hand::unmatch(session, *line, reason)?),
    };
    let row = session.read(|db| line::get(db, line))?;
    let summary = session.read(|db| became(db, &row, &outcome))?;
    let totals = row.currency.amount(row.amount_minor).into();
    Ok(Receipt { summary, done: 1, totals, made: line.to_string(), ..Receipt::default() })
}

/// What a line became, in words.
fn became(db: &Db<'_>, row: &LineRow, outcome: &Outcome) -> Result<String, StoreError> {
    let money = |minor| row.currency.amount(minor).grouped();
    let mut words = format!("{}: {}", row.id, row.state);
    if let Some(id) = outcome.payment {
        words.push_str(&format!(", {id}"));
    }
    for (document, minor) in &outcome.applied {
        words.push_str(&format!(", {} {}", debt::get(db, *document)?.number, money(*minor)));
    }
    for (what, minor) in [
        ("unapplied", outcome.unapplied),
        ("let off", outcome.difference),
        ("still nobody's", row.unidentified_minor),
    ] {
        if minor != 0 {
            words.push_str(&format!(", {} {what}", money(minor)));
        }
    }
    Ok(words)
}

/// What numbers name.
fn named(db: &Db<'_>, line: LineId, number: &str, documents: &[String]) -> Result<Target, Error> {
    let documents: Vec<DocumentId> =
        documents.iter().map(|text| document::find(db, text)).collect::<Result<_, _>>()?;
    let row = line::get(db, line)?;
    if number.is_empty() || (row.state == LineState::Unapplied && number == row.account_number) {
        return Ok(Target::Documents(documents));
    }
    let found = account::find(db, number)?.ok_or_else(|| {
        Error::usage("unknown_account", format!("there is no account {number}"), "")
    })?;
    Ok(Target::Account(found.id, documents))
}

fn load(session: &mut Session, file: &str, account: &str) -> Result<Receipt, Error> {
    let path = PathBuf::from(file);
    let size = outside::as_caller(|| std::fs::metadata(&path)).map_or(0, |meta| meta.len());
    if size > LARGEST {
        let words = format!("{file} has more than {} MB", LARGEST / 1024 / 1024);
        return Err(Error::usage("too_large", words, "daybook bank import reads it"));
    }
    let account = Some(account.to_owned()).filter(|name| !name.is_empty());
    let wanted = Wanted { files: vec![path], account, ..Wanted::default() };
    let done = read::import(session, &wanted)?;
    let refused: Vec<Refused> = done
        .statements
        .iter()
        .filter_map(|s| {
            Some(Refused { what: s.id.clone(), reason: s.refused.as_ref()?.words.clone() })
        })
        .collect();
    if let (Some(first), true) = (refused.first(), refused.len() == done.statements.len()) {
        let words = first.reason.clone();
        return Err(Error::usage("bad_statement", words, "nothing of it is in the book"));
    }
    Ok(Receipt { summary: told(&done), done: done.lines.len(), refused, ..Receipt::default() })
}

/// What came of a file, in words.
fn told(done: &Done) -> String {
    let read = done.statements.len();
    let known: usize = done.statements.iter().map(|s| s.known).sum();
    let states = read::states(done);
    let each: Vec<String> = states.iter().map(|(state, n)| format!("{n} {state}")).collect();
    let mut words = format!(
        "{} read: {}",
        counted(read, "statement", "statements"),
        counted(done.lines.len(), "new line", "new lines")
    );
    if !each.is_empty() {
        words.push_str(&format!(" ({})", each.join(", ")));
    }
    if known > 0 {
        words.push_str(&format!(", {known} known already"));
    }
    words
}

/// Foretells a deed, or says why it would be refused.
pub fn foretell(db: &Db<'_>, deed: &BankDeed) -> Result<Foretold, Error> {
    let mut told = match deed {
        BankDeed::Load { .. } => Foretold { verb: "read it", ..Foretold::default() },
        BankDeed::Match { line, to, amount } => matches(db, &line::get(db, *line)?, to, *amount)?,
        BankDeed::Identify { line, account, documents, amount } => {
            let to = named(db, *line, account, documents)?;
            matches(db, &line::get(db, *line)?, &to, *amount)?
        }
        BankDeed::Own { line, kind, amount } => {
            let row = line::get(db, *line)?;
            part(&row, Some(*amount))?;
            let (what, then) = match kind {
                Own::Fee => ("a fee of the bank", "they are a cost: bank_fee"),
                Own::Transfer => {
                    ("a transfer between our accounts", "they wait in transit for the other side")
                }
            };
            let money = row.currency.amount(row.unidentified_minor);
            Foretold {
                what: format!("{money} of {} are {what}.", row.id),
                then: vec![then.to_owned()],
                verb: "book it",
                ..Foretold::default()
            }
        }
        BankDeed::Unmatch { line, .. } => Foretold {
            what: format!("{line} is nobody's again."),
            verb: "take back",
            ..Foretold::default()
        },
    };
    told.words = deed.words();
    if told.undo.is_empty() {
        told.undo = UNDO;
    }
    Ok(told)
}

fn matches(db: &Db<'_>, row: &LineRow, to: &Target, amount: Money) -> Result<Foretold, Error> {
    if let (LineState::Unapplied, Target::Documents(documents)) = (row.state, to) {
        let all = unapplied(db, row.id)?;
        let minor = amount.minor_in(row.currency)?;
        if minor <= 0 || minor > all {
            let words = format!("{} of {} are unapplied", row.currency.amount(all), row.id);
            return Err(Error::usage("too_much", words, ""));
        }
        let (then, _) = paid(db, (row.currency, minor), documents, 0)?;
        let what = format!("{amount} of {} pay what {} owes.", row.id, row.account_number);
        let undo = "$ on 8 Accounts takes it off; u on the line takes all of it back.";
        return Ok(Foretold { what, then, undo, verb: "book it", ..Foretold::default() });
    }
    let minor = part(row, Some(amount))?;
    let money = row.currency.amount(minor);
    let (what, mut then) = match verdict(db, row, to, minor)?.found {
        Found::Money { account, documents } => {
            let tolerance = settings::load(db)?.tolerance(row.currency);
            let (then, _) = paid(db, (row.currency, minor), &documents, tolerance)?;
            (format!("{money} of {} are money of {}.", row.id, whose(db, account)?), then)
        }
        Found::Return(ours) => {
            let there = payment::get(db, ours.id)?;
            let then = vec![format!(
                "what {} paid for {} is owed again",
                ours.id,
                account::number(db, there.account)?
            )];
            (format!("{money} of {} are {}, which went back.", row.id, ours.id), then)
        }
        Found::Recorded(receipt) => {
            let then = vec!["nothing is booked twice: the money is in the bank now".to_owned()];
            (format!("{money} of {} are {}, recorded by hand.", row.id, receipt.id), then)
        }
        Found::Payout(one) => {
            let then = vec!["it is no longer in transit".to_owned()];
            (format!("{money} of {} are the payout {}.", row.id, one.name), then)
        }
        Found::Nobody => (format!("{money} of {} stay nobody's.", row.id), Vec::new()),
    };
    let rest = total([row.unidentified_minor, -minor])?;
    if rest != 0 {
        then.push(format!("{} of the line stay nobody's", row.currency.amount(rest)));
    }
    Ok(Foretold { what, then, verb: "book it", ..Foretold::default() })
}

fn whose(db: &Db<'_>, id: AccountId) -> Result<String, StoreError> {
    let last = account::versions(db, id)?.pop();
    let name = last.map(|version| version.terms.name).unwrap_or_default();
    Ok(format!("{} {name}", account::number(db, id)?))
}

/// What becomes of documents, one a line, and what is left over, minor units.
fn paid(
    db: &Db<'_>,
    (currency, minor): (Currency, i64),
    documents: &[DocumentId],
    tolerance: i64,
) -> Result<(Vec<String>, i64), Error> {
    let mut debts = Vec::new();
    for id in documents {
        debts.push(debt::get(db, *id)?);
    }
    let owed: Vec<i64> = debts.iter().map(|debt| debt.balance_minor.max(0)).collect();
    let spread = spread(minor, &owed, tolerance);
    let money = |minor| currency.amount(minor);
    let mut lines = Vec::new();
    let last = debts.len().saturating_sub(1);
    for (at, (debt, (owed, part))) in debts.iter().zip(owed.iter().zip(&spread.parts)).enumerate() {
        let let_off = if at == last { spread.difference } else { 0 };
        let open = owed - part - let_off;
        let then = match (let_off, open) {
            (0, 0) => "paid".to_owned(),
            (0, open) => format!("{} stay open", money(open)),
            (off, _) => format!("paid, {} are let off as a difference", money(off)),
        };
        lines.push(format!("{}: {} of {}, {then}", debt.number, money(*part), money(*owed)));
    }
    if spread.left > 0 {
        lines.push(format!("{} stay unapplied", money(spread.left)));
    }
    Ok((lines, spread.left))
}

/// What a line left unapplied, minor units.
pub(super) fn unapplied(db: &Db<'_>, id: LineId) -> Result<i64, StoreError> {
    let mut all = 0;
    for one in matched::of_line(db, id)?.iter().filter(|one| one.kind == MatchKind::Payment) {
        if let Some(id) = one.payment {
            all = total([all, payment::get(db, id)?.unapplied_minor])?;
        }
    }
    Ok(all)
}
