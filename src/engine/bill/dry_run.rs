//! A bill run that writes nothing.

use crate::domain::document::DocumentKind;
use crate::engine::bill::run::{Basis, add, rate};
use crate::engine::{Error, Session};
use crate::store::bill_run::{self, BillRunParams, RunProgress, RunTotal};

/// What a dry run found; nothing is written.
#[derive(Debug, Default)]
pub struct DryRun {
    /// What would be made.
    pub progress: RunProgress,
    /// Accounts that would fail: number and reason.
    pub failures: Vec<(String, String)>,
}

/// Rates every account of a run that is not made.
pub fn dry_run(session: &Session, params: &BillRunParams) -> Result<DryRun, Error> {
    let config = session.config()?;
    let today = session.now()?.today;
    session.store.read(|db| {
        let basis = Basis::load(db, &config, params)?;
        let mut found = DryRun::default();
        loop {
            let accounts =
                bill_run::next_accounts(db, &params.filter, today, found.progress.cursor, 500)?;
            let Some(last) = accounts.last() else { return Ok(found) };
            found.progress.cursor = last.0;
            for rated in rate(db, &basis, &accounts)? {
                match rated.bill {
                    Ok(bill) => {
                        found.progress.done += 1;
                        found.progress.already_billed +=
                            i64::from(bill.already_billed && bill.documents.is_empty());
                        for draft in &bill.documents {
                            match draft.kind {
                                DocumentKind::CreditMemo => found.progress.credit_memos += 1,
                                DocumentKind::Invoice
                                | DocumentKind::DebitMemo
                                | DocumentKind::WriteOff => found.progress.invoices += 1,
                            }
                            add(
                                &mut found.progress.totals,
                                rated.input.currency,
                                &RunTotal::of(draft),
                            )?;
                        }
                    }
                    Err(reason) => {
                        found.progress.failed += 1;
                        found.failures.push((rated.input.number, reason));
                    }
                }
            }
        }
    })
}
