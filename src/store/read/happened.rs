//! What the runs of the last day and night did, in their order: for somebody who comes in the
//! morning and asked for none of it.

use super::ReadError;
use crate::domain::money::Purse;
use crate::domain::run_params::RunFilter;
use crate::domain::text;
use crate::store::json::{Json, Spot};
use crate::store::{Db, StoreError, money};

/// Runs and jobs looked at, newest first: more than a day makes, and no more than a screen bears.
const LOOK_BACK: u32 = 200;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happened {
    /// When it began, UTC milliseconds.
    pub at_ms: i64,
    /// What: `BR-000005`, `e-mail`.
    pub what: String,
    /// What it did, in words and counts.
    pub did: String,
    /// Billed or collected, by currency.
    pub money: Purse,
    /// Its state.
    pub state: String,
    /// Why it stopped, or what a guard said; usually empty.
    pub why: String,
    /// Whether nobody has to look at it.
    pub calm: bool,
}

/// Everything since a moment, oldest first.
pub fn since(db: &Db<'_>, since_ms: i64) -> Result<Vec<Happened>, ReadError> {
    let mut all = bill_runs(db)?;
    all.extend(payment_runs(db)?);
    all.extend(jobs(db)?);
    all.retain(|h| h.at_ms >= since_ms);
    all.sort_by_key(|h| h.at_ms);
    Ok(together(all))
}

/// `3 drafts`, `1 draft`; nothing for none.
fn count(n: i64, one: &str, many: &str) -> Option<String> {
    match n {
        0 => None,
        1 => Some(format!("1 {one}")),
        n => Some(format!("{} {many}", text::grouped(n))),
    }
}

fn listed(parts: impl IntoIterator<Item = Option<String>>, none: &str) -> String {
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() { none.to_owned() } else { parts.join(", ") }
}

fn sums(db: &Db<'_>, sql: &str, id: i64) -> Result<Purse, StoreError> {
    Ok(db.all(sql, [id], |r| money(r, 0, 1))?.into())
}

fn bill_runs(db: &Db<'_>) -> Result<Vec<Happened>, ReadError> {
    let mut found = Vec::new();
    db.each(
        "SELECT id, created_at, status, note, invoices, credit_memos, accounts_failed,
                schedule_id IS NOT NULL, created_name
         FROM bill_run ORDER BY id DESC LIMIT ?1",
        [LOOK_BACK],
        |r| {
            let (id, failed, note): (i64, i64, String) = (r.get(0)?, r.get(6)?, r.get(3)?);
            let drafts = [
                count(r.get(4)?, "invoice", "invoices"),
                count(r.get(5)?, "credit memo", "credit memos"),
            ];
            let by: String = if r.get(7)? { "its schedule".to_owned() } else { r.get(8)? };
            let not = count(failed, "account failed", "accounts failed");
            let not = not.map(|n| format!(", {n}")).unwrap_or_default();
            found.push(Happened {
                at_ms: r.get(1)?,
                what: format!("BR-{id:06}"),
                did: format!("{} billed by {by}{not}", listed(drafts, "nothing")),
                money: sums(
                    db,
                    "SELECT currency, total_minor FROM bill_run_total WHERE run_id = ?1 ORDER BY 1",
                    id,
                )?,
                calm: failed == 0 && note.is_empty(),
                state: r.get(2)?,
                why: note,
            });
            Ok(())
        },
    )?;
    Ok(found)
}

fn payment_runs(db: &Db<'_>) -> Result<Vec<Happened>, ReadError> {
    let mut found = Vec::new();
    db.each(
        "SELECT id, created_at, status, note, approved, submitted, declined, unknown, filter
         FROM payment_run ORDER BY id DESC LIMIT ?1",
        [LOOK_BACK],
        |r| {
            let (id, note): (i64, String) = (r.get(0)?, r.get(3)?);
            let (declined, unknown): (i64, i64) = (r.get(6)?, r.get(7)?);
            let outcomes = [
                count(r.get(4)?, "paid", "paid"),
                count(r.get(5)?, "at the bank", "at the bank"),
                count(declined, "declined", "declined"),
                count(unknown, "unanswered", "unanswered"),
            ];
            // A filter that cannot be read stops its run and is told there; this list goes on.
            let filter = Json::<RunFilter>::column(r, 8, Spot("payment_run", "filter", id))?.read();
            let retries = filter.is_ok_and(|filter| matches!(filter, RunFilter::Retry(_)));
            let verb = if retries { "retried" } else { "charged" };
            found.push(Happened {
                at_ms: r.get(1)?,
                what: format!("PR-{id:06}"),
                did: format!("{verb}: {}", listed(outcomes, "nobody")),
                money: sums(
                    db,
                    "SELECT currency, collected_minor FROM payment_run_total
                 WHERE run_id = ?1 AND collected_minor > 0 ORDER BY 1",
                    id,
                )?,
                calm: declined == 0 && unknown == 0 && note.is_empty(),
                state: r.get(2)?,
                why: note,
            });
            Ok(())
        },
    )?;
    Ok(found)
}

/// Postings and e-mail: their figures are those of the job.
fn jobs(db: &Db<'_>) -> Result<Vec<Happened>, ReadError> {
    let mut found = Vec::new();
    db.each(
        "SELECT created_at, kind, subject, state, error, done, failed
         FROM job ORDER BY id DESC LIMIT ?1",
        [LOOK_BACK],
        |r| {
            let (kind, subject): (String, String) = (r.get(1)?, r.get(2)?);
            let (done, failed): (i64, i64) = (r.get(5)?, r.get(6)?);
            let (what, did) = match kind.as_str() {
                "post" => {
                    let posted = count(done, "document posted", "documents posted");
                    let left = count(failed, "stays behind", "stay behind");
                    // Named apart from its run: each has a state of its own.
                    let run = subject.starts_with("BR-");
                    let what =
                        if run { format!("post {subject}") } else { "post drafts".to_owned() };
                    (what, listed([posted, left], "nothing posted"))
                }
                "deliver" => {
                    let sent = count(done, "copy sent", "copies sent");
                    let not = count(failed, "not delivered", "not delivered");
                    ("e-mail".to_owned(), listed([sent, not], "nothing sent yet"))
                }
                // Runs speak for their own jobs; look-ups and prints made nobody wait.
                _ => return Ok(()),
            };
            let error: String = r.get(4)?;
            found.push(Happened {
                at_ms: r.get(0)?,
                what,
                did,
                money: Purse::default(),
                calm: failed == 0 && error.is_empty(),
                state: r.get(3)?,
                why: error,
            });
            Ok(())
        },
    )?;
    Ok(found)
}

/// Neighbours that found nothing to do, told once: `PR-000031 … PR-000040`.
fn together(all: Vec<Happened>) -> Vec<Happened> {
    let mut out: Vec<Happened> = Vec::new();
    for one in all {
        if let Some(last) = out.last_mut()
            && last.calm
            && one.calm
            && last.money.is_empty()
            && one.money.is_empty()
            && last.did == one.did
            && last.state == one.state
        {
            last.what = format!("{}…", last.what.trim_end_matches('…'));
            continue;
        }
        out.push(one);
    }
    out
}
