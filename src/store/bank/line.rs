//! Lines of statements.

use crate::domain::bank::{LineState, Rule};
use crate::domain::ids::{AccountId, LineId};
use crate::domain::money::Currency;
use crate::store::face::{Row, params};
use crate::store::{Db, StoreError, Topic, Tx, word};
use chrono::NaiveDate;

/// A line as it is entered. Texts are as they may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLine {
    pub bank_account: i64,
    pub statement: i64,
    /// What it is known by within its bank account.
    pub key: String,
    pub entry_ref: String,
    /// The day on which the bank booked it.
    pub value_on: NaiveDate,
    /// The day on which it counts here.
    pub booked_on: NaiveDate,
    /// Minor units, before charges.
    pub amount_minor: i64,
    pub charges_minor: i64,
    pub text: String,
    pub reference: String,
    pub payer: String,
    pub iban: String,
    pub end_to_end: String,
    pub code: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineRow {
    pub id: LineId,
    pub bank_account: i64,
    pub bank_name: String,
    pub currency: Currency,
    pub entry_ref: String,
    pub value_on: NaiveDate,
    pub booked_on: NaiveDate,
    /// Minor units, before charges.
    pub amount_minor: i64,
    pub charges_minor: i64,
    pub text: String,
    pub reference: String,
    pub payer: String,
    pub iban: String,
    pub end_to_end: String,
    pub code: String,
    pub state: LineState,
    pub rule: Rule,
    pub account: Option<AccountId>,
    /// Number of that account; empty = none.
    pub account_number: String,
    /// What of the amount is nobody's, minor units.
    pub unidentified_minor: i64,
    pub why: String,
}

const COLUMNS: &str = "l.id, l.bank_account_id, b.name, b.currency, l.entry_ref, l.value_on, l.booked_on, \
    l.amount_minor, l.charges_minor, l.text, l.reference, l.payer, l.iban, l.end_to_end, l.code, l.state, \
    l.rule, l.account_id, coalesce(a.number, ''), l.unidentified_minor, l.why";
const FROM: &str = "bank_line l JOIN bank_account b ON b.id = l.bank_account_id \
    LEFT JOIN account a ON a.id = l.account_id";

fn row(r: &Row<'_>) -> Result<LineRow, StoreError> {
    Ok(LineRow {
        id: LineId(r.get(0)?),
        bank_account: r.get(1)?,
        bank_name: r.get(2)?,
        currency: word(r, 3, Currency::parse)?,
        entry_ref: r.get(4)?,
        value_on: r.get(5)?,
        booked_on: r.get(6)?,
        amount_minor: r.get(7)?,
        charges_minor: r.get(8)?,
        text: r.get(9)?,
        reference: r.get(10)?,
        payer: r.get(11)?,
        iban: r.get(12)?,
        end_to_end: r.get(13)?,
        code: r.get(14)?,
        state: word(r, 15, LineState::parse)?,
        rule: word(r, 16, Rule::parse)?,
        account: r.get::<Option<i64>>(17)?.map(AccountId),
        account_number: r.get(18)?,
        unidentified_minor: r.get(19)?,
        why: r.get(20)?,
    })
}

/// Enters a line as nobody's; none where it is known.
pub fn insert(tx: &Tx<'_>, new: &NewLine) -> Result<Option<LineId>, StoreError> {
    let made = tx.run(
        "INSERT INTO bank_line (bank_account_id, statement_id, key, entry_ref, value_on, booked_on,
           amount_minor, charges_minor, text, reference, payer, iban, end_to_end, code, state, rule,
           unidentified_minor, txn)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, 'New', 'none', ?7, ?15)
         ON CONFLICT (bank_account_id, key) DO NOTHING",
        params![
            new.bank_account,
            new.statement,
            new.key,
            new.entry_ref,
            new.value_on,
            new.booked_on,
            new.amount_minor,
            new.charges_minor,
            new.text,
            new.reference,
            new.payer,
            new.iban,
            new.end_to_end,
            new.code,
            tx.seq()
        ],
    )?;
    Ok((made > 0).then(|| LineId(tx.last_key())))
}

/// Day, amount and charges of the line that is known by a key.
pub fn known(
    db: &Db<'_>,
    bank_account: i64,
    key: &str,
) -> Result<Option<(NaiveDate, i64, i64)>, StoreError> {
    db.opt(
        "SELECT value_on, amount_minor, charges_minor FROM bank_line
         WHERE bank_account_id = ?1 AND key = ?2",
        (bank_account, key),
        |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)),
    )
}

/// Where a line stands from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    pub state: LineState,
    pub rule: Rule,
    pub account: Option<AccountId>,
    /// Minor units.
    pub unidentified_minor: i64,
    /// What a person should know of it; empty = nothing.
    pub why: String,
}

pub fn stand(tx: &Tx<'_>, id: LineId, now: &Standing) -> Result<(), StoreError> {
    tx.run(
        "UPDATE bank_line SET state = ?2, rule = ?3, account_id = ?4, unidentified_minor = ?5, why = ?6
         WHERE id = ?1",
        (
            id.0,
            now.state.as_str(),
            now.rule.as_str(),
            now.account.map(|a| a.0),
            now.unidentified_minor,
            &now.why,
        ),
    )?;
    tx.touch(Topic::Payments);
    Ok(())
}

pub fn get(db: &Db<'_>, id: LineId) -> Result<LineRow, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM {FROM} WHERE l.id = ?1");
    db.opt(&sql, [id.0], row)?.ok_or_else(|| StoreError::NotFound(id.to_string()))
}

/// Which lines are listed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// Only in this state; none = those that somebody has to look at.
    pub state: Option<LineState>,
    /// Only of this bank account, by name.
    pub bank_account: Option<String>,
}

/// Lines after one, in the order in which they were read.
pub fn list(
    db: &Db<'_>,
    filter: &Filter,
    after: LineId,
    limit: u32,
) -> Result<Vec<LineRow>, StoreError> {
    let state = match filter.state {
        None => "l.state IN ('New','Part','Unapplied','Unidentified')".to_owned(),
        Some(state) => format!("l.state = '{state}'"),
    };
    db.all(
        &format!(
            "SELECT {COLUMNS} FROM {FROM} WHERE {state} AND l.id > ?1 AND (?2 IS NULL OR b.name = ?2)
             ORDER BY l.id LIMIT ?3"
        ),
        (after.0, &filter.bank_account, limit),
        row,
    )
}

/// How many lines are in each state.
pub fn counts(db: &Db<'_>) -> Result<Vec<(LineState, i64)>, StoreError> {
    db.all("SELECT state, count(*) FROM bank_line GROUP BY 1 ORDER BY 1", [], |r| {
        Ok((word(r, 0, LineState::parse)?, r.get(1)?))
    })
}

/// Lines of nobody of just this amount and currency.
pub fn nobodys(db: &Db<'_>, currency: Currency, minor: i64) -> Result<Vec<LineRow>, StoreError> {
    db.all(
        &format!(
            "SELECT {COLUMNS} FROM {FROM} WHERE l.state = 'Unidentified' AND l.amount_minor = ?1
             AND b.currency = ?2 ORDER BY l.id"
        ),
        (minor, currency.code()),
        row,
    )
}

/// What lines from one day up to another (not in it) come to less charges, minor units.
pub fn total_between(
    db: &Db<'_>,
    bank_account: i64,
    from: NaiveDate,
    to: NaiveDate,
) -> Result<i64, StoreError> {
    db.one(
        "SELECT coalesce(sum(amount_minor - charges_minor), 0) FROM bank_line
         WHERE bank_account_id = ?1 AND value_on >= ?2 AND value_on < ?3",
        (bank_account, from, to),
        |r| r.get(0),
    )
}

/// What the lines from a day on come to less charges, minor units.
pub fn total_since(db: &Db<'_>, bank_account: i64, from: NaiveDate) -> Result<i64, StoreError> {
    db.one(
        "SELECT coalesce(sum(amount_minor - charges_minor), 0) FROM bank_line
         WHERE bank_account_id = ?1 AND value_on >= ?2",
        (bank_account, from),
        |r| r.get(0),
    )
}

/// The lines of an entry, by the bank's reference of it: its first two parts are enough to know it.
pub fn of_entry(
    db: &Db<'_>,
    bank_account: i64,
    reference: &str,
) -> Result<Vec<LineRow>, StoreError> {
    let (first, second) = (format!("r:{reference}:1:1"), format!("r:{reference}:1:2"));
    db.all(
        &format!(
            "SELECT {COLUMNS} FROM {FROM} WHERE l.bank_account_id = ?1 AND l.key IN (?2, ?3) ORDER BY l.id"
        ),
        (bank_account, first, second),
        row,
    )
}
