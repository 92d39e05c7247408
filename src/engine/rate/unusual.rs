//! What is unusual about the drafts of a run, as it is said and as it is found.

use crate::domain::flags::Thresholds;
use crate::domain::ids::BillRunId;
use crate::domain::unusual::Unusual;
use crate::store::{Db, StoreError, read, settings};

/// Unusual drafts, with the words for them and the filter that shows just these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    pub of: Unusual,
    /// `12 drafts above 2.5 times what was billed last, 41,200.00 EUR`.
    pub words: String,
    /// As typed behind `/` on the screen of invoices.
    pub filter: String,
}

/// The worst first.
pub fn of_run(db: &Db<'_>, run: BillRunId) -> Result<Vec<Said>, StoreError> {
    let limits = Thresholds::read(&settings::load(db)?);
    let said = |of: Unusual| Said {
        words: of.words(&limits),
        filter: format!("run:{run} status:draft {}", of.why.term()),
        of,
    };
    Ok(read::unusual::of_run(db, run)?.into_iter().map(said).collect())
}
