//! Reports, read from the ledger as it stood on a day: rows are handed over one by one, and each is tied
//! to the ledger by another way of reading it (`domain::report`).

mod aging;
mod bank;
mod base;
mod deferred;
mod journal;
mod missing;
mod moved;
mod posted;
mod rollforward;
pub mod statement;
mod work;

pub use base::Take;

use super::{Db, StoreError};
use crate::domain::report::{Asked, ReportName, Summary};

/// Reads a report; its rows go to `take` in their order.
pub fn read(db: &Db<'_>, asked: &Asked, take: Take<'_>) -> Result<Summary, StoreError> {
    match asked.name {
        ReportName::Aging => aging::aging(db, asked, take),
        ReportName::Unapplied => aging::unapplied(db, asked, take),
        ReportName::Rollforward => rollforward::read(db, asked, take),
        ReportName::TrialBalance => moved::trial_balance(db, asked, take),
        ReportName::Revenue => moved::revenue(db, asked, take),
        ReportName::Adjustments => moved::adjustments(db, asked, take),
        ReportName::Register => posted::register(db, asked, take),
        ReportName::Tax => posted::tax(db, asked, take),
        // Accounts are rated for it: the engine does.
        ReportName::Unbilled => Ok(Summary::default()),
        ReportName::Deferred => deferred::read(db, asked, take),
        ReportName::Missing => missing::read(db, asked, take),
        ReportName::Debits => work::debits(db, asked, take),
        ReportName::Worklist => work::worklist(db, asked, take),
        ReportName::Statement => statement::read(db, asked, take),
        ReportName::Journal => journal::read(db, asked, take),
        ReportName::Unidentified => bank::unidentified(db, asked, take),
        ReportName::Bank => bank::bank(db, asked, take),
        ReportName::Gateway => bank::gateway(db, asked, take),
    }
}
