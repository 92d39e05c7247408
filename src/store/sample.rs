//! The sample of a run, drawn slice by slice while it makes its drafts; `read::sample` judges it.

use super::{Db, StoreError, Tx};
use crate::domain::ids::{BillRunId, DocumentId};
use crate::domain::review;

/// A draft that nothing flagged, with its total in minor units as the run made it.
pub type Unflagged = (DocumentId, i64);

/// Draws from a slice's unflagged drafts and what was drawn before.
pub fn draw(
    tx: &Tx<'_>,
    run: BillRunId,
    drafts: &[Unflagged],
    size: usize,
) -> Result<(), StoreError> {
    if drafts.is_empty() {
        return Ok(());
    }
    tx.run(
        "UPDATE bill_run SET unflagged = unflagged + ?2 WHERE id = ?1",
        (run.0, drafts.len() as i64),
    )?;
    let before = members(tx, run)?;
    let known = before.iter().copied().chain(drafts.iter().map(|(d, _)| *d));
    let kept = review::drawn(run, known, size);
    for gone in before.iter().filter(|b| kept.iter().all(|(_, d)| d != *b)) {
        tx.run("DELETE FROM run_sample WHERE document_id = ?1", [gone.0])?;
    }
    for (rank, draft) in kept {
        if let Some((_, made)) = drafts.iter().find(|(d, _)| *d == draft) {
            tx.run(
                "INSERT INTO run_sample (document_id, run_id, rank, made_minor)
                 VALUES (?1,?2,?3,?4)",
                (draft.0, run.0, rank, made),
            )?;
        }
    }
    Ok(())
}

fn members(db: &Db<'_>, run: BillRunId) -> Result<Vec<DocumentId>, StoreError> {
    db.all("SELECT document_id FROM run_sample WHERE run_id = ?1 ORDER BY rank", [run.0], |r| {
        r.get(0).map(DocumentId)
    })
}
