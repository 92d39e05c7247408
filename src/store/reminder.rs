//! Which invoices are due a reminder, and what keeps it back.

use super::agency::with_agency;
use super::debt::{DEBT, Debt, FROM, RICH, row_from};
use super::face::{Row, params};
use super::stop::stop;
use super::{Db, StoreError, Topic, Tx, account};
use crate::domain::ids::{AccountId, DocumentId};
use crate::domain::payment::MethodKind;
use crate::domain::reminder::Wait;
use chrono::NaiveDate;

/// What is asked of the book: the days and moments that a day's reminders count by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct By {
    pub today: NaiveDate,
    /// The day since when, or before, an invoice must have been due to reach each level.
    pub due_by: Vec<NaiveDate>,
    /// UTC ms before which the level before each must have been sent.
    pub sent_before: Vec<i64>,
    /// UTC ms: a retry that was planned until then is no plan any more.
    pub late_ms: i64,
    /// The last day of which all that was paid is in the book, and the end of it, UTC ms.
    pub settled: (NaiveDate, i64),
    /// The first day of which the bank sends no debit back any more, by kind.
    pub returned: [(MethodKind, NaiveDate); 2],
}

/// An invoice that is due a reminder by its days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueRow {
    pub debt: Debt,
    /// The level of the last reminder; 0 = none.
    pub level: u32,
    /// When that was sent, UTC ms.
    pub sent_at: Option<i64>,
    /// From when on its days count.
    pub since: NaiveDate,
    /// What it waits for.
    pub wait: Option<Wait>,
    /// Whether the next payment run charges it has to be judged.
    pub ask: bool,
}

/// From when on the days of `document_state s` count.
const SINCE: &str = "max(s.due_on, coalesce(s.reopened_on, s.due_on))";

/// Due by its days, as a condition on `document_state s`: overdue (or owed again) for as long as the next
/// level asks and the last reminder as long ago, no claim of a reminder, not disputed, promised, stopped or with an agency. `?1`: the first
/// level's day; `?3`: today; `?4`, `?5`: [`By::due_by`] and [`By::sent_before`] as lists.
fn due_by_days() -> String {
    format!(
        "s.status = 'Posted' AND s.balance_minor > 0 AND s.due_on <= ?1
         AND {SINCE} <= ?4 ->> s.reminder_level
         AND (s.reminder_level = 0 OR coalesce(s.reminded_at, 0) < ?5 ->> s.reminder_level)
         AND s.written_off_by IS NULL AND s.disputed = ''
         AND NOT EXISTS (SELECT 1 FROM reminder_fee k WHERE k.fee_id = s.document_id)
         AND (s.promised_on IS NULL OR s.promised_on < ?3) AND NOT {} AND {} IS NULL",
        with_agency!(),
        stop!()
    )
}

const PAYMENT: &str =
    "EXISTS (SELECT 1 FROM allocation l WHERE l.document_id = s.document_id AND l.state = 'live')";
const RETRY: &str = "(s.next_retry_at > ?2 AND s.retries_given_up = 0 AND s.auto_pay_off = 0)";
/// `?8`, `?9`: the days of [`By::returned`].
const WINDOW: &str = "EXISTS (SELECT 1 FROM allocation l JOIN payment p ON p.id = l.payment_id
    JOIN payment_method m ON m.id = p.method_id WHERE l.document_id = s.document_id
      AND p.status = 'Approved' AND l.reopened_minor = 0
      AND p.received_on > CASE m.kind WHEN 'sepa' THEN ?8 WHEN 'ach' THEN ?9 ELSE '9999-12-31' END)";
/// A payment run takes it for certain.
const RUN: &str = "EXISTS (SELECT 1 FROM collectible c WHERE c.document_id = s.document_id
    AND c.verdict = 'charge' AND c.until_on >= ?3)";
/// Or perhaps.
const ASK: &str = "EXISTS (SELECT 1 FROM collectible c WHERE c.document_id = s.document_id
    AND (c.verdict = 'ask' OR (c.verdict = 'charge' AND c.until_on < ?3)))";

/// Who was to pay by then, or was reminded since, may have paid on a statement that is not read. `?6`, `?7`:
/// [`By::settled`].
fn bank() -> String {
    format!(
        "(max({SINCE}, coalesce(s.promised_on, '')) > ?6
          OR (s.reminder_level > 0 AND coalesce(s.reminded_at, 0) >= ?7))"
    )
}

/// What it waits for, as a word of [`Wait`]; empty = nothing.
fn wait() -> String {
    format!(
        "CASE WHEN {PAYMENT} THEN 'payment' WHEN {RETRY} THEN 'retry' WHEN {WINDOW} THEN 'window'
           WHEN {RUN} THEN 'run' WHEN {} THEN 'bank' ELSE '' END",
        bank()
    )
}

/// Accounts of which it is not plain whether they are reminded, as a table: they may have something to use
/// for what they owe, or a payment run may charge it.
fn doubtful() -> String {
    format!(
        "(SELECT account_id FROM {RICH}
          UNION SELECT account_id FROM collectible INDEXED BY collectible_ask WHERE verdict = 'ask'
          UNION SELECT account_id FROM collectible INDEXED BY collectible_until
            WHERE verdict = 'charge' AND until_on < '9999-12-31' AND until_on < ?3)"
    )
}

/// The last reminder of account `x` came back from the addresses that version `v` has, and nobody has looked
/// after it.
const CAME_BACK: &str =
    "EXISTS (SELECT 1 FROM reminder r WHERE r.id = (SELECT max(id) FROM reminder
      WHERE account_id = x.account_id) AND r.state = 'came_back' AND r.emails = v.emails
    AND EXISTS (SELECT 1 FROM notice n WHERE n.key = printf('reminder RM-%06d', r.id)
      AND n.done_at IS NULL))";

/// Accounts to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    All,
    /// Those that [`count`] leaves out.
    Doubtful,
    One(AccountId),
}

fn list<T: std::fmt::Display>(all: &[T], quote: &str) -> String {
    let all: Vec<String> = all.iter().map(|one| format!("{quote}{one}{quote}")).collect();
    format!("[{}]", all.join(","))
}

macro_rules! values {
    ($by:ident) => {
        params![
            $by.due_by.first().copied().unwrap_or(NaiveDate::MIN),
            $by.late_ms,
            $by.today,
            list(&$by.due_by, "\""),
            list(&$by.sent_before, ""),
            $by.settled.0,
            $by.settled.1,
            $by.returned[0].1,
            $by.returned[1].1
        ]
    };
}

/// Invoices that are due a reminder by their days, by account, oldest first, each with what it waits for.
pub fn due(db: &Db<'_>, by: &By, of: Whose) -> Result<Vec<DueRow>, StoreError> {
    // All that is open is collectible, and found by its account there.
    let (from, whose) = match of {
        Whose::All => (FROM.to_owned(), String::new()),
        // Few are overdue, many may be doubtful: these are asked for only where one is.
        Whose::Doubtful => (FROM.to_owned(), format!(" AND +s.account_id IN {}", doubtful())),
        Whose::One(account) => (
            format!(
                "(SELECT document_id AS open FROM collectible WHERE account_id = {})
                 CROSS JOIN {FROM} AND s.document_id = open",
                account.0
            ),
            String::new(),
        ),
    };
    db.all(
        &format!(
            "SELECT {DEBT}, s.reminder_level, {SINCE}, s.reminded_at, {}, {ASK}
             FROM {from} WHERE {}{whose} ORDER BY s.account_id, s.due_on, s.document_id",
            wait(),
            due_by_days()
        ),
        values!(by),
        due_row,
    )
}

fn due_row(r: &Row<'_>) -> Result<DueRow, StoreError> {
    Ok(DueRow {
        debt: row_from(r, 0)?,
        level: r.get(13)?,
        since: r.get(14)?,
        sent_at: r.get(15)?,
        wait: Wait::parse(r.text(16)?),
        ask: r.get(17)?,
    })
}

/// Accounts that are due a reminder which nothing keeps back, with an address. Those of
/// [`Whose::Doubtful`] are left out.
pub fn count(db: &Db<'_>, by: &By) -> Result<i64, StoreError> {
    let in_force = account::in_force("x.account_id", "?3");
    db.one(
        &format!(
            "SELECT count(*) FROM (SELECT DISTINCT s.account_id FROM document_state s
               WHERE {} AND {} = '' AND s.account_id NOT IN {}) x
             JOIN account_version v ON v.id = {in_force} WHERE v.emails <> '' AND NOT {CAME_BACK}",
            due_by_days(),
            wait(),
            doubtful()
        ),
        values!(by),
        |r| r.get(0),
    )
}

/// Accounts with an invoice that is due a reminder and waits for the bank alone.
pub fn waiting_for_bank(db: &Db<'_>, by: &By) -> Result<i64, StoreError> {
    db.one(
        &format!(
            "SELECT count(DISTINCT s.account_id) FROM document_state s WHERE {} AND {} = 'bank'",
            due_by_days(),
            wait()
        ),
        values!(by),
        |r| r.get(0),
    )
}

/// The addresses that the last reminder of an account came back from, where its task still stands and they
/// are those it has on `today`; none else.
pub fn came_back(db: &Db<'_>, account: AccountId, today: NaiveDate) -> Result<bool, StoreError> {
    let in_force = account::in_force("x.account_id", "?2");
    db.any(
        &format!(
            "SELECT 1 FROM (SELECT ?1 AS account_id) x JOIN account_version v ON v.id = {in_force}
             WHERE {CAME_BACK}"
        ),
        (account.0, today),
    )
}

/// The newest debit of a document that the bank may still send back: its day and kind.
pub fn window(
    db: &Db<'_>,
    document: DocumentId,
) -> Result<Option<(NaiveDate, MethodKind)>, StoreError> {
    db.opt(
        "SELECT p.received_on, m.kind FROM allocation l JOIN payment p ON p.id = l.payment_id
         JOIN payment_method m ON m.id = p.method_id WHERE l.document_id = ?1
           AND p.status = 'Approved' AND l.reopened_minor = 0 AND m.kind IN ('sepa','ach')
         ORDER BY p.received_on DESC LIMIT 1",
        [document.0],
        |r| Ok((r.get(0)?, super::word(r, 1, MethodKind::parse)?)),
    )
}

/// The day on which a document was owed again.
pub fn reopened_on(db: &Db<'_>, document: DocumentId) -> Result<Option<NaiveDate>, StoreError> {
    db.one("SELECT reopened_on FROM document_state WHERE document_id = ?1", [document.0], |r| {
        r.get(0)
    })
}

/// Sets the reminder level that was reached, and when.
pub(super) fn set(
    tx: &Tx<'_>,
    document: DocumentId,
    (level, at): (u32, Option<i64>),
) -> Result<(), StoreError> {
    tx.run(
        "UPDATE document_state SET reminder_level = ?2, reminded_at = ?3 WHERE document_id = ?1",
        (document.0, level, at),
    )?;
    tx.touch(Topic::Payments);
    Ok(())
}
