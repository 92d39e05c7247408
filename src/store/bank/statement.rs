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

impl StatementRow {
    /// Whether its entries are booked: it is of days' ends.
    pub fn is_booked(&self) -> bool {
        match self.source {
            Source::Camt053 | Source::Mt940 | Source::Csv => true,
            Source::Camt052 | Source::Camt054 => false,
        }
    }
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
    Ok(gaps_in(&of_account(db, bank_account)?))
}

/// The same, among all statements of an account in their order.
pub fn gaps_in(all: &[StatementRow]) -> Vec<Gap> {
    let mut found = Vec::new();
    let (mut begun, mut last) = (false, None::<i64>);
    for (at, one) in all.iter().enumerate() {
        let Some(opening) = one.opening_minor else { continue };
        let highest = last;
        last = last.max(one.sequence);
        if !std::mem::replace(&mut begun, true) {
            continue;
        }
        let (before, rest) = all.split_at(at);
        // The one before it stands nearest.
        let mut before = before.iter().rev().filter(|other| other.opening_minor.is_some());
        let follows = before.any(|other| {
            other.closing_minor == Some(opening)
                || (other.opening_minor == Some(opening) && other.from == one.from)
        }) || rest.iter().any(|other| {
            other.id != one.id && other.to <= one.to && other.closing_minor == Some(opening)
        });
        let skipped = match (highest, one.sequence) {
            (Some(highest), Some(now)) => now > highest + 1,
            (Some(_), None) | (None, Some(_) | None) => false,
        };
        let why = match (follows, skipped) {
            (true, false) => continue,
            (false, _) => "its opening balance is no closing balance that was read".to_owned(),
            (true, true) => format!(
                "statement {} comes after {}",
                one.sequence.unwrap_or_default(),
                highest.unwrap_or_default()
            ),
        };
        found.push(Gap { statement: one.clone(), why });
    }
    found
}

/// The last day of statements of days' ends that are read to their end, without a gap before it. None where
/// there is no such statement.
pub fn read_through(all: &[StatementRow]) -> Option<NaiveDate> {
    let gap = gaps_in(all).into_iter().map(|gap| gap.statement).next();
    let before = |one: &&StatementRow| gap.as_ref().is_none_or(|gap| one.id != gap.id);
    let day = |one: &StatementRow| {
        let to = one.to;
        gap.as_ref().and_then(|gap| gap.from.pred_opt()).map_or(to, |last| to.min(last))
    };
    let unread = all.iter().find(|one| one.state == StatementState::Reading && one.is_booked());
    let all = all.iter().take_while(before).filter(|one| one.is_booked());
    let all = all.filter(|one| one.state == StatementState::Read).map(day).max();
    match unread.and_then(|one| one.from.pred_opt()) {
        Some(before) => all.map(|day| day.min(before)),
        None => all,
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn read(id: i64, (from, to): (u32, u32), (opening, closing): (i64, i64)) -> StatementRow {
        let day = |day| NaiveDate::from_ymd_opt(2026, 11, day).unwrap();
        StatementRow {
            id,
            bank_account: 1,
            name: format!("S-{id}"),
            source: Source::Camt053,
            state: StatementState::Read,
            sequence: None,
            from: day(from),
            to: day(to),
            opening_minor: Some(opening),
            closing_minor: Some(closing),
            file: String::new(),
        }
    }

    #[test]
    fn a_bank_is_read_as_far_as_no_statement_is_missing() {
        let through = |all: &[StatementRow]| read_through(all).map(|day| day.to_string());
        let mut all = vec![read(1, (2, 2), (0, 10)), read(2, (3, 4), (10, 30))];
        assert_eq!(through(&[]), None);
        assert_eq!(through(&all).as_deref(), Some("2026-11-04"));
        // A quiet week has no statement.
        all.push(read(3, (12, 12), (30, 5)));
        assert_eq!(through(&all).as_deref(), Some("2026-11-12"));
        // What came between the 12th and the 16th is not known, whatever came since.
        all.push(read(4, (16, 16), (7, 9)));
        all.push(read(5, (17, 17), (9, 9)));
        assert_eq!(through(&all).as_deref(), Some("2026-11-12"));
        all.insert(3, read(6, (13, 15), (5, 7)));
        assert_eq!(through(&all).as_deref(), Some("2026-11-17"));
        // One that broke off, and a preview, are not read.
        all.push(StatementRow { state: StatementState::Reading, ..read(7, (18, 20), (9, 11)) });
        assert_eq!(through(&all).as_deref(), Some("2026-11-17"));
        all.push(StatementRow { source: Source::Camt052, ..read(8, (18, 21), (9, 9)) });
        assert_eq!(through(&all).as_deref(), Some("2026-11-17"));
    }

    #[test]
    fn a_skipped_number_is_a_gap_though_the_balances_meet() {
        let numbered = |n, row| StatementRow { sequence: Some(n), ..row };
        let all = [
            numbered(7, read(1, (2, 2), (0, 10))),
            numbered(9, read(2, (3, 3), (10, 10))),
            numbered(10, read(3, (4, 4), (10, 12))),
        ];
        let gaps: Vec<String> = gaps_in(&all).into_iter().map(|gap| gap.why).collect();
        assert_eq!(gaps, ["statement 9 comes after 7"]);
        assert_eq!(read_through(&all), NaiveDate::from_ymd_opt(2026, 11, 2));
    }
}
