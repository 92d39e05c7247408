//! A bill run that writes nothing.

use crate::domain::billing::{AccountInput, DraftDocument};
use crate::domain::charge::ChargeType;
use crate::domain::document::DocumentKind;
use crate::engine::bill::run::{Basis, add, rate};
use crate::engine::{Error, Session};
use crate::store::bill_run::{self, BillRunParams, RunProgress, RunTotal};
use crate::store::book_period;
use chrono::NaiveDate;

/// What a dry run found; nothing is written.
#[derive(Debug, Default)]
pub struct DryRun {
    /// What would be made.
    pub progress: RunProgress,
    /// Accounts that would fail: number and reason.
    pub failures: Vec<(String, String)>,
    /// Accounts with usage billed through a day that is not over: what is used until then comes late.
    pub unfinished: i64,
}

/// Whether a draft bills usage through a day that is not over on `today`.
fn bills_unfinished(input: &AccountInput, draft: &DraftDocument, today: NaiveDate) -> bool {
    let usage = |id| {
        let charges = input.subscriptions.iter().flat_map(|s| &s.charges);
        let versions = charges.filter(|c| c.id == id).flat_map(|c| &c.versions);
        versions.last().is_some_and(|v| v.terms.charge_type == ChargeType::Usage)
    };
    draft.items.iter().any(|item| item.service_to >= today && usage(item.charge))
}

/// Rates every account of a run that is not made.
pub fn dry_run(session: &Session, params: &BillRunParams) -> Result<DryRun, Error> {
    let config = session.config()?;
    let today = session.now()?.today;
    session.store.read(|db| {
        book_period::refuse(db, params.invoice_on)?;
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
                        let unfinished = |d| bills_unfinished(&rated.input, d, today);
                        found.unfinished += i64::from(bill.documents.iter().any(unfinished));
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
