//! What was found of a run's sample, and what may be said of the rest.

use crate::domain::document::{DocumentStatus, Review};
use crate::domain::ids::{BillRunId, DocumentId};
use crate::domain::review::{Found, Standing};
use crate::store::{Db, StoreError, word};

/// A sample as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// Whose.
    pub run: BillRunId,
    /// What it says.
    pub standing: Standing,
    /// What was found of each draft, in the order drawn.
    pub drafts: Vec<(DocumentId, Found)>,
    /// Names of the charges on the wrong ones.
    pub charges: Vec<String>,
    /// Words of the charge models they are rated by.
    pub models: Vec<String>,
}

/// The sample of a run.
pub fn of(db: &Db<'_>, run: BillRunId) -> Result<Sample, StoreError> {
    let total: Option<i64> =
        db.opt("SELECT unflagged FROM bill_run WHERE id = ?1", [run.0], |r| r.get(0))?;
    let total = total.ok_or_else(|| StoreError::NotFound(run.to_string()))?;
    let drafts = judged(db, run)?;
    let found: Vec<Found> = drafts.iter().map(|(_, f)| *f).collect();
    let wrong: Vec<DocumentId> =
        drafts.iter().filter(|(_, f)| *f == Found::Wrong).map(|(d, _)| *d).collect();
    let (mut charges, mut models) = (Vec::new(), Vec::new());
    for draft in wrong {
        for (charge, model) in db.all(
            "SELECT DISTINCT v.name, v.model FROM document_item i
             JOIN charge_version v ON v.id = i.charge_version_id WHERE i.document_id = ?1
             ORDER BY i.position",
            [draft.0],
            |r| Ok((r.get::<String>(0)?, r.get::<String>(1)?)),
        )? {
            if !charges.contains(&charge) {
                charges.push(charge);
            }
            if !models.contains(&model) {
                models.push(model);
            }
        }
    }
    Ok(Sample {
        run,
        standing: Standing::of(total.unsigned_abs(), &found),
        drafts,
        charges,
        models,
    })
}

/// The samples of runs that are not posted yet, newest first; `limit` of them.
pub fn open(db: &Db<'_>, limit: u32) -> Result<Vec<Sample>, StoreError> {
    let sql = "SELECT id FROM bill_run WHERE status IN
        ('Processing','Paused','Completed','Posting') AND invoices + credit_memos > 0
        ORDER BY id DESC LIMIT ?1";
    let runs: Vec<BillRunId> = db.all(sql, [limit], |r| r.get(0).map(BillRunId))?;
    runs.into_iter().map(|run| of(db, run)).collect()
}

/// A draft is wrong when it is held, canceled, comes to something else than the run made of it, or
/// has a line that a clerk wrote.
fn judged(db: &Db<'_>, run: BillRunId) -> Result<Vec<(DocumentId, Found)>, StoreError> {
    db.all(
        "SELECT m.document_id, s.status, s.review, d.total_minor <> m.made_minor
                OR EXISTS (SELECT 1 FROM document_item i WHERE i.document_id = d.id
                  AND i.origin <> 'run')
         FROM run_sample m JOIN document d ON d.id = m.document_id
         JOIN document_state s ON s.document_id = d.id WHERE m.run_id = ?1 ORDER BY m.rank",
        [run.0],
        |r| {
            let status = word(r, 1, DocumentStatus::parse)?;
            let review = word(r, 2, Review::parse)?;
            let changed: bool = r.get(3)?;
            let found = match (status, review) {
                (DocumentStatus::Canceled, _) | (_, Review::Held) => Found::Wrong,
                _ if changed => Found::Wrong,
                (DocumentStatus::Draft | DocumentStatus::Posted, Review::Accepted) => Found::Right,
                (DocumentStatus::Draft | DocumentStatus::Posted, Review::None) => Found::Unseen,
            };
            Ok((DocumentId(r.get(0)?), found))
        },
    )
}
