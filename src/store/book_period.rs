//! Months that are closed, the one rule that nothing is booked in them, and the seal by which `daybook
//! check` holds what was.

use super::face::{Cell, params};
use super::tx::Shut;
use super::{Db, StoreError, Topic, Tx, many, word};
use crate::domain::book_period::{PeriodStatus, PeriodStep, ShutDay};
use crate::domain::money::Currency;
use crate::domain::month::Month;
use chrono::NaiveDate;
use sha2::{Digest, Sha256};

/// The last day on which nothing is booked any more; none while no month is closed.
pub fn shut_through(db: &Db<'_>) -> Result<Option<NaiveDate>, StoreError> {
    db.one(
        "SELECT max(to_on) FROM book_period INDEXED BY book_period_shut WHERE status <> 'Open'",
        [],
        |r| r.get(0),
    )
}

/// The first day on which something can be booked; none while no month is closed.
pub fn first_open(db: &Db<'_>) -> Result<Option<NaiveDate>, StoreError> {
    let shut = shut_through(db)?.map(|through| ShutDay { on: through, through });
    Ok(shut.map(|shut| shut.first_open()))
}

/// Refuses a day that lies in a closed month.
pub fn refuse(db: &Db<'_>, on: NaiveDate) -> Result<(), StoreError> {
    judge(on, shut_through(db)?)
}

/// The same within a transaction, which asks once.
pub fn refuse_in(tx: &Tx<'_>, on: NaiveDate) -> Result<(), StoreError> {
    judge(on, through_in(tx)?)
}

/// The same where it is known through which day nothing is booked any more.
pub fn judge(on: NaiveDate, through: Option<NaiveDate>) -> Result<(), StoreError> {
    match through.filter(|through| on <= *through) {
        None => Ok(()),
        Some(through) => Err(StoreError::Shut(ShutDay { on, through })),
    }
}

fn through_in(tx: &Tx<'_>) -> Result<Option<NaiveDate>, StoreError> {
    match tx.shut.get() {
        Shut::Nothing => Ok(None),
        Shut::Through(day) => Ok(Some(day)),
        Shut::Unread => {
            let read = shut_through(tx)?;
            tx.shut.set(read.map_or(Shut::Nothing, Shut::Through));
            Ok(read)
        }
    }
}

/// The day on which is booked what a bank or gateway dates: that day, or the first open one.
pub fn bookable(tx: &Tx<'_>, named: NaiveDate) -> Result<NaiveDate, StoreError> {
    let shut = through_in(tx)?.map(|through| ShutDay { on: named, through });
    Ok(shut.map_or(named, |shut| named.max(shut.first_open())))
}

/// A month that was closed once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeriodRow {
    pub month: Month,
    pub status: PeriodStatus,
    /// Whether everything before it was closed with it.
    pub is_first: bool,
    /// How many entries of the ledger it has.
    pub entries: i64,
    /// SHA-256 of them, hexadecimal.
    pub seal: String,
}

/// Every month that was closed once, oldest first.
pub fn list(db: &Db<'_>) -> Result<Vec<PeriodRow>, StoreError> {
    db.all(
        "SELECT month, status, sealed_from_on IS NULL, entries, seal FROM book_period ORDER BY month",
        [],
        |r| {
            Ok(PeriodRow {
                month: word(r, 0, Month::parse)?,
                status: word(r, 1, PeriodStatus::parse)?,
                is_first: r.get(2)?,
                entries: r.get(3)?,
                seal: r.get(4)?,
            })
        },
    )
}

/// One of them.
pub fn get(db: &Db<'_>, month: Month) -> Result<Option<PeriodRow>, StoreError> {
    Ok(list(db)?.into_iter().find(|row| row.month == month))
}

/// The last month that is not open.
pub fn last(db: &Db<'_>) -> Result<Option<(Month, PeriodStatus)>, StoreError> {
    let rows = list(db)?.into_iter().rev();
    Ok(rows.map(|row| (row.month, row.status)).find(|(_, status)| *status != PeriodStatus::Open))
}

/// What was done to a month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepRow {
    pub step: PeriodStep,
    /// UTC milliseconds.
    pub at_ms: i64,
    pub user_name: String,
    /// Who else stands for it; empty = nobody had to.
    pub second_name: String,
    pub reason: String,
}

/// What was done to a month, oldest first.
pub fn steps(db: &Db<'_>, month: Month) -> Result<Vec<StepRow>, StoreError> {
    db.all(
        "SELECT step, at, user_name, second_name, reason FROM book_period_step WHERE month = ?1 ORDER BY id",
        [month.to_string()],
        |r| {
            Ok(StepRow {
                step: word(r, 0, PeriodStep::parse)?,
                at_ms: r.get(1)?,
                user_name: r.get(2)?,
                second_name: r.get(3)?,
                reason: r.get(4)?,
            })
        },
    )
}

/// What an account of the ledger came to in a month.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sum {
    pub currency: Currency,
    pub account: String,
    /// Minor units.
    pub debit_minor: i64,
    /// Minor units.
    pub credit_minor: i64,
}

/// What is booked in a month, or up to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The first day; none = all that came before too.
    pub from: Option<NaiveDate>,
    pub to: NaiveDate,
    pub entries: i64,
    /// SHA-256 of them, hexadecimal.
    pub seal: String,
    pub sums: Vec<Sum>,
    /// The newest entry of the whole ledger when this was read.
    pub newest: i64,
}

/// The seal of a month: of the first one all that is booked up to its end. Entries go into the hash in the
/// order of their days, each value with its length before it.
pub fn seal(db: &Db<'_>, month: Month, is_first: bool) -> Result<Sealed, StoreError> {
    let span = month.span();
    let from = (!is_first).then_some(span.from);
    let mut hasher = Sha256::new();
    let mut entries = 0;
    db.each(
        "SELECT entry_on, txn, id, account, account_id, document_id, payment_id, currency,
                debit_minor, credit_minor FROM ledger_entry INDEXED BY ledger_entry_day
         WHERE entry_on BETWEEN ?1 AND ?2 ORDER BY entry_on, txn, id",
        (from.map_or_else(String::new, |day| day.to_string()), span.to),
        |r| {
            entries += 1;
            for column in 0..r.width() {
                let text = match r.cell(column)? {
                    Cell::Null => String::new(),
                    Cell::Integer(n) => n.to_string(),
                    Cell::Text(text) => String::from_utf8_lossy(text).into_owned(),
                    Cell::Real(_) | Cell::Blob(_) => "?".to_owned(),
                };
                hasher.update((text.len() as u64).to_be_bytes());
                hasher.update(text.as_bytes());
            }
            Ok(())
        },
    )?;
    let seal = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    let newest = db.one("SELECT coalesce(max(id), 0) FROM ledger_entry", [], |r| r.get(0))?;
    let sums = sums(db, span.from, span.to)?;
    Ok(Sealed { from, to: span.to, entries, seal, sums, newest })
}

/// What each account of the ledger came to in a span of days.
pub fn sums(db: &Db<'_>, from: NaiveDate, to: NaiveDate) -> Result<Vec<Sum>, StoreError> {
    db.all(
        "SELECT currency, account, sum(debit_minor), sum(credit_minor) FROM ledger_entry
         INDEXED BY ledger_entry_day WHERE entry_on BETWEEN ?1 AND ?2 GROUP BY 1, 2 ORDER BY 1, 2",
        (from, to),
        |r| {
            Ok(Sum {
                currency: word(r, 0, Currency::parse)?,
                account: r.get(1)?,
                debit_minor: r.get(2)?,
                credit_minor: r.get(3)?,
            })
        },
    )
}

/// The same as a month was closed with.
pub fn sums_at_close(db: &Db<'_>, month: Month) -> Result<Vec<Sum>, StoreError> {
    db.all(
        "SELECT currency, account, debit_minor, credit_minor FROM book_period_sum WHERE month = ?1
         ORDER BY currency, account",
        [month.to_string()],
        |r| {
            Ok(Sum {
                currency: word(r, 0, Currency::parse)?,
                account: r.get(1)?,
                debit_minor: r.get(2)?,
                credit_minor: r.get(3)?,
            })
        },
    )
}

/// Whether anything was booked up to the end of what was sealed since it was read.
pub fn is_moved(db: &Db<'_>, sealed: &Sealed) -> Result<bool, StoreError> {
    db.any(
        "SELECT 1 FROM ledger_entry WHERE id > ?1 AND +entry_on <= ?2",
        (sealed.newest, sealed.to),
    )
}

/// Closes a month with its seal. The caller has checked that it may be.
pub fn close(tx: &Tx<'_>, month: Month, sealed: &Sealed) -> Result<(), StoreError> {
    let (name, span) = (month.to_string(), month.span());
    tx.run(
        "INSERT INTO book_period (month, from_on, to_on, status, sealed_from_on, entries, seal)
         VALUES (?1, ?2, ?3, 'Closed', ?4, ?5, ?6)
         ON CONFLICT (month) DO UPDATE SET status = 'Closed', sealed_from_on = excluded.sealed_from_on,
           entries = excluded.entries, seal = excluded.seal",
        params![name, span.from, span.to, sealed.from, sealed.entries, sealed.seal],
    )?;
    tx.run("DELETE FROM book_period_sum WHERE month = ?1", [&name])?;
    many::insert(
        tx,
        "book_period_sum (month, currency, account, debit_minor, credit_minor)",
        sealed.sums.iter().map(|sum| {
            [
                name.as_str().into(),
                sum.currency.code().into(),
                sum.account.as_str().into(),
                sum.debit_minor.into(),
                sum.credit_minor.into(),
            ]
        }),
    )?;
    tx.shut.set(Shut::Unread);
    tx.touch(Topic::Settings);
    Ok(())
}

/// A report of a month as it stood when it was closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportRow {
    /// Its file in the pack.
    pub file: String,
    pub rows: i64,
    /// Of the file, hexadecimal.
    pub sha256: String,
    /// JSON by currency; empty where it has none.
    pub totals: String,
}

/// The reports that a month was closed with.
pub fn reports(db: &Db<'_>, month: Month) -> Result<Vec<ReportRow>, StoreError> {
    db.all(
        "SELECT file, rows, sha256, totals FROM book_period_report WHERE month = ?1 ORDER BY file",
        [month.to_string()],
        |r| {
            Ok(ReportRow { file: r.get(0)?, rows: r.get(1)?, sha256: r.get(2)?, totals: r.get(3)? })
        },
    )
}

/// Keeps the reports of a month that is closed, in the place of those of an earlier close.
pub fn keep_reports(tx: &Tx<'_>, month: Month, reports: &[ReportRow]) -> Result<(), StoreError> {
    let name = month.to_string();
    tx.run("DELETE FROM book_period_report WHERE month = ?1", [&name])?;
    many::insert(
        tx,
        "book_period_report (month, file, rows, sha256, totals)",
        reports.iter().map(|report| {
            [
                name.as_str().into(),
                report.file.as_str().into(),
                report.rows.into(),
                report.sha256.as_str().into(),
                report.totals.as_str().into(),
            ]
        }),
    )
}

/// Reopens or locks a month that was closed.
pub fn set_status(tx: &Tx<'_>, month: Month, status: PeriodStatus) -> Result<(), StoreError> {
    tx.run(
        "UPDATE book_period SET status = ?2 WHERE month = ?1",
        (month.to_string(), status.as_str()),
    )?;
    tx.shut.set(Shut::Unread);
    tx.touch(Topic::Settings);
    Ok(())
}

/// Writes down who did a step, and why.
pub fn enter_step(
    tx: &Tx<'_>,
    month: Month,
    step: PeriodStep,
    reason: &str,
) -> Result<(), StoreError> {
    let second = tx.second.borrow();
    let second = second.as_ref().map_or("", |second| second.name.as_str());
    tx.run(
        "INSERT INTO book_period_step (month, step, at, user_name, second_name, reason, op_seq)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            month.to_string(),
            step.as_str(),
            tx.now().at_ms,
            tx.actor().name,
            second,
            reason,
            tx.seq()
        ],
    )?;
    Ok(())
}

/// The months of the first and the last day on which anything is booked; none in an empty book.
pub fn booked(db: &Db<'_>) -> Result<Option<(Month, Month)>, StoreError> {
    db.one(
        "SELECT (SELECT min(entry_on) FROM ledger_entry), (SELECT max(entry_on) FROM ledger_entry)",
        [],
        |r| {
            let days: Option<NaiveDate> = r.get(0)?;
            Ok(days.map(Month::of).zip(r.get::<Option<NaiveDate>>(1)?.map(Month::of)))
        },
    )
}
