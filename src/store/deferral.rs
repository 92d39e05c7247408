//! Deferred revenue: the lines that are earned day by day, and what was released of each.

use super::document::DocumentRow;
use super::face::{Bound, Row};
use super::ledger::{self, Line};
use super::{Db, StoreError, Topic, Tx, many, settings, word};
use crate::config::key;
use crate::domain::deferral::{Corrected, Deferred, Rule, over};
use crate::domain::document::DocumentKind;
use crate::domain::ids::{AccountId, DocumentId};
use crate::domain::ledger::LedgerAccount;
use crate::domain::money::{Currency, total};
use crate::domain::period::Span;
use chrono::NaiveDate;
use std::collections::BTreeMap;

/// A line of a draft, as far as its revenue goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Earned {
    pub item: i64,
    /// Empty = the default one.
    pub revenue_account: String,
    /// Net, minor units.
    pub minor: i64,
    /// Its service days, where it has both.
    pub service: Option<Span>,
    /// The line that it corrects.
    pub corrects: Option<i64>,
}

/// A line that is deferred when its document is posted.
#[derive(Debug)]
pub(super) struct NewDeferred {
    item: i64,
    of: DocumentId,
    revenue_account: String,
    service: Span,
    minor: i64,
}

/// What a document earns, by account, minor units; and its lines that are deferred.
pub(super) type Split = (Vec<(LedgerAccount, i64)>, Vec<NewDeferred>);

/// What the lines of a document book, by account of revenue or deferred revenue; and the lines of those that
/// are deferred.
pub(super) fn split(
    db: &Db<'_>,
    row: &DocumentRow,
    lines: Vec<Earned>,
) -> Result<Split, StoreError> {
    let rule = rule(db)?;
    let mut by_account = BTreeMap::<LedgerAccount, i64>::new();
    let mut deferred = Vec::new();
    for line in lines {
        let days = match row.kind {
            DocumentKind::WriteOff => None,
            DocumentKind::Invoice | DocumentKind::DebitMemo | DocumentKind::CreditMemo => {
                let corrected = corrected(db, &line)?;
                over(rule, line.service, corrected)
            }
        };
        let name = line.revenue_account.clone();
        let account = match days.filter(|_| line.minor != 0) {
            None => LedgerAccount::Revenue(name),
            Some(service) => {
                let of = of_document(db, row, &line)?;
                let (item, minor) = (line.item, line.minor);
                let revenue_account = line.revenue_account;
                deferred.push(NewDeferred { item, of, revenue_account, service, minor });
                LedgerAccount::Deferred(name)
            }
        };
        let sum = by_account.entry(account).or_default();
        *sum = total([*sum, line.minor])?;
    }
    Ok((by_account.into_iter().collect(), deferred))
}

fn rule(db: &Db<'_>) -> Result<Rule, StoreError> {
    let config = settings::group(db, &[key::REVENUE_RECOGNITION])?;
    Ok(Rule::parse(config.get(key::REVENUE_RECOGNITION)).unwrap_or(Rule::AtPosting))
}

fn corrected(db: &Db<'_>, line: &Earned) -> Result<Corrected, StoreError> {
    let Some(item) = line.corrects else { return Ok(Corrected::Nothing) };
    let sql = "SELECT from_on, to_on FROM deferred_line WHERE item_id = ?1";
    let days = db.opt(sql, [item], |r| Ok(Span { from: r.get(0)?, to: r.get(1)? }))?;
    Ok(days.map_or(Corrected::AtOnce, Corrected::Over))
}

/// The document whose lines a line belongs with: what it corrects, else its own.
fn of_document(db: &Db<'_>, row: &DocumentRow, line: &Earned) -> Result<DocumentId, StoreError> {
    let found = match line.corrects {
        Some(item) => {
            db.opt("SELECT of_document_id FROM deferred_line WHERE item_id = ?1", [item], |r| {
                Ok(DocumentId(r.get(0)?))
            })?
        }
        None => None,
    };
    // An invoice in the place of another is earned for itself.
    let corrected = row.corrects.filter(|_| row.kind != DocumentKind::Invoice);
    Ok(found.or(corrected).unwrap_or(row.id))
}

/// Writes the deferred lines of a document that is posted.
pub(super) fn insert(
    tx: &Tx<'_>,
    row: (DocumentId, AccountId, Currency, NaiveDate),
    lines: &[NewDeferred],
) -> Result<(), StoreError> {
    let (document, account, currency, booked_on) = row;
    many::insert(
        tx,
        "deferred_line (item_id, document_id, of_document_id, account_id, currency, revenue_account,
            from_on, to_on, booked_on, amount_minor)",
        lines.iter().map(|line| -> [Bound<'_>; 10] {
            [
                line.item.into(),
                document.0.into(),
                line.of.0.into(),
                account.0.into(),
                currency.code().into(),
                line.revenue_account.as_str().into(),
                line.service.from.to_string().into(),
                line.service.to.to_string().into(),
                booked_on.to_string().into(),
                line.minor.into(),
            ]
        }),
    )
}

/// A deferred line of which something is left to release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenLine {
    pub item: i64,
    pub account: AccountId,
    pub currency: Currency,
    /// Empty = the default one.
    pub revenue_account: String,
    /// As it stands at the end of the day that was asked for.
    pub deferred: Deferred,
}

/// SQL of whether all lines that belong with a line (`l`) come to nothing by the end of a day (`?1`): what was
/// billed was given back.
pub(super) const IS_OVER: &str = "((SELECT sum(g.amount_minor) FROM deferred_line g
    WHERE g.of_document_id = l.of_document_id AND g.booked_on <= ?1) = 0)";

fn open_line(r: &Row<'_>) -> Result<OpenLine, StoreError> {
    Ok(OpenLine {
        item: r.get(0)?,
        account: AccountId(r.get(1)?),
        currency: word(r, 2, Currency::parse)?,
        revenue_account: r.get(3)?,
        deferred: Deferred {
            service: Span { from: r.get(4)?, to: r.get(5)? },
            booked_on: r.get(6)?,
            amount_minor: r.get(7)?,
            released_minor: r.get(8)?,
            is_over: r.get(9)?,
        },
    })
}

/// The next lines, in order, that were booked by the end of a day and have something left, each with what was
/// released of it by then: what is released of later days stays theirs.
pub fn next_open(
    db: &Db<'_>,
    through: NaiveDate,
    after: i64,
    limit: u32,
) -> Result<Vec<OpenLine>, StoreError> {
    db.all(
        &format!(
            "SELECT l.item_id, l.account_id, l.currency, l.revenue_account, l.from_on, l.to_on, l.booked_on,
                l.amount_minor, (SELECT coalesce(sum(r.amount_minor), 0) FROM deferred_release r
                  WHERE r.item_id = l.item_id AND r.released_on <= ?1), {IS_OVER}
             FROM deferred_line l INDEXED BY deferred_line_left
             WHERE l.released_minor <> l.amount_minor AND l.item_id > ?2 AND l.booked_on <= ?1
             ORDER BY l.item_id LIMIT ?3"
        ),
        (through, after, limit),
        open_line,
    )
}

/// The day of the first document of which something is left to release.
pub fn first_booked(db: &Db<'_>) -> Result<Option<NaiveDate>, StoreError> {
    db.one(
        "SELECT min(booked_on) FROM deferred_line INDEXED BY deferred_line_left
         WHERE released_minor <> amount_minor",
        [],
        |r| r.get(0),
    )
}

/// Releases so much (minor units) of each line on a day: from deferred revenue to revenue, summed by account.
pub fn release(tx: &Tx<'_>, on: NaiveDate, lines: &[(OpenLine, i64)]) -> Result<(), StoreError> {
    let day = on.to_string();
    many::change(
        tx,
        "UPDATE deferred_line SET released_minor = released_minor + v.column2 FROM (",
        ") v WHERE item_id = v.column1",
        lines.iter().map(|(line, due)| -> [Bound<'_>; 2] { [line.item.into(), (*due).into()] }),
    )?;
    many::insert(
        tx,
        "deferred_release (item_id, released_on, amount_minor, txn)",
        lines.iter().map(|(line, due)| -> [Bound<'_>; 4] {
            [line.item.into(), day.as_str().into(), (*due).into(), tx.seq().into()]
        }),
    )?;
    let mut sums = BTreeMap::<(AccountId, Currency, &str), i64>::new();
    for (line, due) in lines {
        let sum = sums.entry((line.account, line.currency, &line.revenue_account)).or_default();
        *sum = total([*sum, *due])?;
    }
    let mut entries = Vec::with_capacity(sums.len() * 2);
    for ((account, currency, name), minor) in sums {
        let line = |ledger: LedgerAccount, minor| Line {
            ledger: ledger.to_string(),
            account,
            document: None,
            payment: None,
            amount: currency.amount(minor),
        };
        entries.push(line(LedgerAccount::Deferred(name.to_owned()), minor));
        entries.push(line(LedgerAccount::Revenue(name.to_owned()), -minor));
    }
    ledger::post(tx, on, &entries)?;
    tx.touch(Topic::Documents);
    Ok(())
}
