//! What the slices of a run did: counts, totals by currency, accounts that failed.

use crate::domain::billing::DraftDocument;
use crate::domain::document::DocumentKind;
use crate::domain::ids::{AccountId, BillRunId};
use crate::domain::money::Currency;
use crate::store::{Db, StoreError, Topic, Tx, word};

/// What a slice did.
#[derive(Debug, Clone, Default)]
pub struct RunProgress {
    /// Accounts done.
    pub done: i64,
    /// Accounts failed or busy.
    pub failed: i64,
    /// Invoices made.
    pub invoices: i64,
    /// Credit memos made.
    pub credit_memos: i64,
    /// Accounts with nothing due that is not billed already.
    pub already_billed: i64,
    /// Last account done.
    pub cursor: i64,
    /// Per currency: documents, net, tax, total.
    pub totals: Vec<(Currency, RunTotal)>,
}

/// Sums of one currency, minor units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RunTotal {
    /// Documents.
    pub documents: i64,
    /// Net.
    pub subtotal_minor: i64,
    /// Tax.
    pub tax_minor: i64,
    /// Net + tax.
    pub total_minor: i64,
}

impl RunTotal {
    /// Of one draft.
    pub fn of(draft: &DraftDocument) -> Self {
        let DraftDocument { subtotal_minor, tax_minor, total_minor, .. } = *draft;
        Self { documents: 1, subtotal_minor, tax_minor, total_minor }
    }
}

/// Adds a slice's progress.
pub fn progress(tx: &Tx<'_>, id: BillRunId, by: &RunProgress) -> Result<(), StoreError> {
    tx.run(
        "UPDATE bill_run SET accounts_done = accounts_done + ?2, accounts_failed = accounts_failed
         + ?3, invoices = invoices + ?4, credit_memos = credit_memos + ?5, cursor = ?6,
         already_billed = already_billed + ?8,
         started_at = coalesce(started_at, ?7) WHERE id = ?1",
        (
            id.0,
            by.done,
            by.failed,
            by.invoices,
            by.credit_memos,
            by.cursor,
            tx.now().at_ms,
            by.already_billed,
        ),
    )?;
    for (currency, total) in &by.totals {
        add_total(tx, id, *currency, total)?;
    }
    tx.touch(Topic::Runs);
    Ok(())
}

/// Adds to (or, negative, takes from) the totals of a run in one currency.
pub fn add_total(
    tx: &Tx<'_>,
    id: BillRunId,
    currency: Currency,
    by: &RunTotal,
) -> Result<(), StoreError> {
    tx.run(
        "INSERT INTO bill_run_total (run_id, currency, documents, subtotal_minor, tax_minor,
         total_minor)
         VALUES (?1,?2,?3,?4,?5,?6)
         ON CONFLICT (run_id, currency) DO UPDATE SET documents = documents + ?3,
           subtotal_minor = subtotal_minor + ?4, tax_minor = tax_minor + ?5, total_minor =
             total_minor + ?6",
        (id.0, currency.code(), by.documents, by.subtotal_minor, by.tax_minor, by.total_minor),
    )?;
    Ok(())
}

/// Takes a canceled draft out of the counts of its run.
pub fn uncount(tx: &Tx<'_>, id: BillRunId, kind: DocumentKind) -> Result<(), StoreError> {
    let memo = i64::from(kind == DocumentKind::CreditMemo);
    tx.run(
        "UPDATE bill_run SET credit_memos = credit_memos - ?2, invoices = invoices - 1 + ?2
         WHERE id = ?1",
        (id.0, memo),
    )?;
    Ok(())
}

/// The totals of a run by currency, of what it made less what was canceled since.
pub fn totals(db: &Db<'_>, id: BillRunId) -> Result<Vec<(Currency, RunTotal)>, StoreError> {
    db.all(
        "SELECT currency, documents, subtotal_minor, tax_minor, total_minor FROM bill_run_total
         WHERE run_id = ?1 ORDER BY currency",
        [id.0],
        |r| {
            Ok((
                word(r, 0, Currency::parse)?,
                RunTotal {
                    documents: r.get(1)?,
                    subtotal_minor: r.get(2)?,
                    tax_minor: r.get(3)?,
                    total_minor: r.get(4)?,
                },
            ))
        },
    )
}

/// Lists an account as failed, or as taken by another run.
pub fn fail(
    tx: &Tx<'_>,
    id: BillRunId,
    account: AccountId,
    busy: Busy,
    reason: &str,
) -> Result<(), StoreError> {
    let kind = match busy {
        Busy::No => "failed",
        Busy::InAnotherRun => "busy",
    };
    tx.run(
        "INSERT INTO bill_run_failure (run_id, account_id, kind, reason) VALUES (?1,?2,?3,?4)
             ON CONFLICT DO UPDATE SET kind = ?3, reason = ?4",
        (id.0, account.0, kind, reason),
    )?;
    Ok(())
}

/// Whether an account was passed over only because another run has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Busy {
    /// It failed.
    No,
    /// Another run has it.
    InAnotherRun,
}

/// Accounts that failed: account number and reason.
pub fn failures(db: &Db<'_>, id: BillRunId) -> Result<Vec<(String, String)>, StoreError> {
    db.all(
        "SELECT a.number, f.reason FROM bill_run_failure f JOIN account a ON a.id = f.account_id
         WHERE f.run_id = ?1 ORDER BY a.id",
        [id.0],
        |r| Ok((r.get(0)?, r.get(1)?)),
    )
}
