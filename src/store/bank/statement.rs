//! Statements: what was read, and where one is missing.

use crate::domain::bank::{Source, StatementState};
use crate::store::face::{Row, params};
use crate::store::{Db, StoreError, Topic, Tx, word};
use chrono::NaiveDate;

/// A statement as it is entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewStatement {
    pub bank_account: i64,
    pub name: String,
    pub source: Source,
    pub sequence: Option<i64>,
    pub from: NaiveDate,
    pub to: NaiveDate,
    /// Minor units.
    pub opening_minor: Option<i64>,
    pub closing_minor: Option<i64>,
    pub entries: i64,
    pub total_minor: i64,
    /// SHA-256 of all that it says.
    pub hash: Vec<u8>,
    /// As it was called.
    pub file: String,
}

/// Where a statement with this content stands.
pub fn of_content(
    db: &Db<'_>,
    bank_account: i64,
    hash: &[u8],
) -> Result<Option<(i64, StatementState)>, StoreError> {
    db.opt(
        "SELECT id, state FROM statement WHERE bank_account_id = ?1 AND hash = ?2",
        (bank_account, hash),
        |r| Ok((r.get(0)?, word(r, 1, StatementState::parse)?)),
    )
}

/// Enters it, to be read; where it is there, gives that.
pub fn begin(tx: &Tx<'_>, new: &NewStatement) -> Result<i64, StoreError> {
    if let Some((id, _)) = of_content(tx, new.bank_account, &new.hash)? {
        return Ok(id);
    }
    let state = StatementState::Reading.as_str();
    tx.touch(Topic::Payments);
    tx.insert(
        "INSERT INTO statement (bank_account_id, name, source, state, sequence, from_on, to_on,
           opening_minor, closing_minor, entries, total_minor, hash, file, read_by, read_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
        params![
            new.bank_account,
            new.name,
            new.source.as_str(),
            state,
            new.sequence,
            new.from,
            new.to,
            new.opening_minor,
            new.closing_minor,
            new.entries,
            new.total_minor,
            new.hash,
            new.file,
            tx.actor().name,
            tx.now().at_ms
        ],
    )
}

/// It is read to its end.
pub fn end(tx: &Tx<'_>, id: i64) -> Result<(), StoreError> {
    tx.run("UPDATE statement SET state = 'Read' WHERE id = ?1", [id])?;
    tx.touch(Topic::Payments);
    Ok(())
}

/// A statement as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementRow {
    pub id: i64,
    pub bank_account: i64,
    pub name: String,
    pub source: Source,
    pub state: StatementState,
    pub sequence: Option<i64>,
    pub from: NaiveDate,
    pub to: NaiveDate,
    pub opening_minor: Option<i64>,
    pub closing_minor: Option<i64>,
    pub file: String,
}

fn row(r: &Row<'_>) -> Result<StatementRow, StoreError> {
    Ok(StatementRow {
        id: r.get(0)?,
        bank_account: r.get(1)?,
        name: r.get(2)?,
        source: word(r, 3, Source::parse)?,
        state: word(r, 4, StatementState::parse)?,
        sequence: r.get(5)?,
        from: r.get(6)?,
        to: r.get(7)?,
        opening_minor: r.get(8)?,
        closing_minor: r.get(9)?,
        file: r.get(10)?,
    })
}

/// Every statement of a bank account, by day.
pub fn of_account(db: &Db<'_>, bank_account: i64) -> Result<Vec<StatementRow>, StoreError> {
    db.all(
        "SELECT id, bank_account_id, name, source, state, sequence, from_on, to_on, opening_minor,
           closing_minor, file FROM statement WHERE bank_account_id = ?1
         ORDER BY from_on, coalesce(sequence, 0), id",
        [bank_account],
        row,
    )
}

/// What is missing before a statement, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    pub statement: StatementRow,
    pub why: String,
}

/// Statements whose opening is no closing that was read before it, or whose number does not follow. A day
/// without one is no gap, and one that overlaps another is none where both begin alike.
pub fn gaps(db: &Db<'_>, bank_account: i64) -> Result<Vec<Gap>, StoreError> {
    let all = of_account(db, bank_account)?;
    let mut found = Vec::new();
    for (at, one) in all.iter().enumerate() {
        let (before, rest) = all.split_at(at);
        let Some(opening) = one.opening_minor else { continue };
        let mut before = before.iter().filter(|other| other.opening_minor.is_some()).peekable();
        if before.peek().is_none() {
            continue;
        }
        let mut others = before.clone().chain(rest.iter().filter(|o| o.to <= one.to));
        let follows = others.any(|o| o.id != one.id && o.closing_minor == Some(opening))
            || before.clone().any(|o| o.opening_minor == Some(opening) && o.from == one.from);
        let last = before.filter_map(|o| o.sequence).max();
        let skipped = match (last, one.sequence) {
            (Some(last), Some(now)) => now > last + 1,
            (Some(_), None) | (None, Some(_) | None) => false,
        };
        let why = match (follows, skipped) {
            (true, false) => continue,
            (false, _) => "its opening balance is no closing balance that was read".to_owned(),
            (true, true) => format!(
                "statement {} comes after {}",
                one.sequence.unwrap_or_default(),
                last.unwrap_or_default()
            ),
        };
        found.push(Gap { statement: one.clone(), why });
    }
    Ok(found)
}

/// The first of some days that was read from the other kind of file: statements with balances, or payments.csv.
pub fn of_other_kind(
    db: &Db<'_>,
    bank_account: i64,
    (source, (from, to)): (Source, (NaiveDate, NaiveDate)),
) -> Result<Option<NaiveDate>, StoreError> {
    let sql = if source == Source::Csv {
        "SELECT min(max(from_on, ?2)) FROM statement
         WHERE bank_account_id = ?1 AND source <> 'csv' AND from_on <= ?3 AND to_on >= ?2"
    } else {
        "SELECT min(l.value_on) FROM statement s JOIN bank_line l ON l.statement_id = s.id
         WHERE s.bank_account_id = ?1 AND s.source = 'csv' AND s.from_on <= ?3 AND s.to_on >= ?2
           AND l.bank_account_id = ?1 AND l.booked_on >= ?2 AND l.value_on BETWEEN ?2 AND ?3"
    };
    db.one(sql, (bank_account, from, to), |r| r.get(0))
}
