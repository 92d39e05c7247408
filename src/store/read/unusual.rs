//! What is unusual about the drafts of a bill run, from the flags stored with them: asked when a clerk
//! looks at the run, and read by the index of its drafts.

use crate::domain::document::FlagCode;
use crate::domain::ids::BillRunId;
use crate::domain::unusual::{Unusual, Why, ordered};
use crate::store::{Db, StoreError, money, word};

/// By reason, the worst first.
pub fn of_run(db: &Db<'_>, run: BillRunId) -> Result<Vec<Unusual>, StoreError> {
    let mut all: Vec<Unusual> = Vec::new();
    let sql = "SELECT f.code, d.currency, count(*), sum(d.total_minor)
        FROM document d INDEXED BY document_draft JOIN flag f ON f.document_id = d.id
        WHERE d.run_id = ?1 AND d.status = 'Draft' GROUP BY 1, 2
        UNION ALL SELECT 'stale', d.currency, count(*), sum(d.total_minor)
        FROM document d INDEXED BY document_draft
        JOIN document_state s ON s.document_id = d.id
        WHERE d.run_id = ?1 AND d.status = 'Draft' AND s.stale <> '' GROUP BY 2
        UNION ALL SELECT '', d.currency, count(*), sum(d.total_minor)
        FROM document d INDEXED BY document_draft
        WHERE d.run_id = ?1 AND d.status = 'Draft' AND d.total_minor < 0 GROUP BY 2";
    db.each(sql, [run.0], |r| {
        let why = word(r, 0, |text| match text {
            "" => Some(Why::Negative),
            code => FlagCode::parse(code).map(Why::Flag),
        })?;
        let (drafts, amount) = (r.get::<i64>(2)?, money(r, 1, 3)?);
        match all.iter_mut().find(|one| one.why == why) {
            Some(one) => {
                one.drafts += drafts;
                one.money.add(amount)?;
            }
            None => all.push(Unusual { why, drafts, money: amount.into() }),
        }
        Ok(())
    })?;
    Ok(ordered(all))
}
