//! Drafts as a clerk picked them: what was seen is what is changed, or the clerk is told who
//! changed it. Batches do what they can and report the rest.

use crate::domain::actor::Verb;
use crate::domain::document::DocumentStatus;
use crate::domain::text;
use crate::engine::command::{Pick, Receipt, Refused};
use crate::engine::{Error, Session};
use crate::store::document::{self, DocumentRow};
use crate::store::draft::{self, Image};
use crate::store::undo::{self, Change};
use crate::store::{Db, StoreError, Tx, settings};
use chrono::DateTime;

/// Longest reason, note or description.
const TEXT: usize = 500;

/// What became of one row of a batch.
pub enum One {
    /// Done: the words for a single row, and the images if it can be undone.
    Done(String, Option<Box<Change>>),
    /// Left alone, and why.
    Refused(String),
}

/// Reads the draft that was picked: it must still be a draft in the version that was seen. The
/// inner error says why it is left alone.
pub fn look(db: &Db<'_>, pick: &Pick) -> Result<Result<DocumentRow, String>, StoreError> {
    let row = document::get(db, pick.id)?;
    Ok(match row.status {
        DocumentStatus::Posted => Err(format!(
            "it is posted ({}): adjust or reverse it instead",
            row.number.as_deref().unwrap_or("without a number")
        )),
        DocumentStatus::Canceled => Err("it is canceled".to_owned()),
        DocumentStatus::Draft if !pick.is_of(row.version) => {
            Err(format!("it was changed by {} meanwhile", changed_by(db, &row)?))
        }
        DocumentStatus::Draft => Ok(row),
    })
}

/// The same for one draft that a clerk edits: a version that moved on is an error that says who
/// changed it, when and what.
pub fn look_at_one(db: &Db<'_>, pick: &Pick) -> Result<DocumentRow, Error> {
    match look(db, pick)? {
        Ok(row) => Ok(row),
        Err(_) if document::get(db, pick.id)?.status == DocumentStatus::Draft => {
            let row = document::get(db, pick.id)?;
            let by = changed_by(db, &row)?;
            Err(StoreError::Stale { what: row.id.to_string(), by }.into())
        }
        Err(why) => Err(Error::usage("not_a_draft", format!("{}: {why}", pick.id), "")),
    }
}

/// Who changed a document last, when, and what: `jon at 07:40 (line 1: quantity 2 → 3)`.
pub fn changed_by(db: &Db<'_>, row: &DocumentRow) -> Result<String, StoreError> {
    let Some(op) = undo::last_change(db, row.id)? else {
        return Ok("somebody".to_owned());
    };
    let zone = settings::load(db)?.zone();
    let at = DateTime::from_timestamp_millis(op.at).unwrap_or_default().with_timezone(&zone);
    Ok(format!("{} on {} ({})", op.user_name, at.format("%Y-%m-%d at %H:%M"), op.summary))
}

/// Refuses an empty reason and text that must not be stored.
pub fn reason(text: &str) -> Result<&str, Error> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Error::usage("no_reason", "this needs a reason", "--reason TEXT"));
    }
    plain("the reason", text)
}

/// Refuses text that must not be stored.
pub fn plain<'t>(what: &str, text: &'t str) -> Result<&'t str, Error> {
    short(what, text, TEXT)
}

/// Refuses text that must not be stored, or is longer than `max` characters.
pub fn short<'t>(what: &str, text: &'t str, max: usize) -> Result<&'t str, Error> {
    text::accept(text, max)
        .map_err(|why| Error::usage("bad_text", format!("{what} {why}"), "change it"))?;
    Ok(text)
}

/// The image of a draft with its content.
pub fn image(db: &Db<'_>, row: &DocumentRow) -> Result<Image, StoreError> {
    Ok(Image { review: draft::review(db, row)?, draft: Some(draft::load(db, row)?) })
}

/// The image of what was said of a draft, without its content.
pub fn review_image(db: &Db<'_>, row: &DocumentRow) -> Result<Image, StoreError> {
    Ok(Image { review: draft::review(db, row)?, draft: None })
}

/// Does `work` for each picked draft in one transaction, one undo step. `words` begins the summary
/// (`held`).
pub fn each(
    session: &mut Session,
    verb: Verb,
    words: &str,
    picks: &[Pick],
    mut work: impl FnMut(&Tx<'_>, &DocumentRow) -> Result<One, Error>,
) -> Result<Receipt, Error> {
    session.write(verb, |tx| {
        let mut receipt = Receipt::default();
        let mut told = String::new();
        let mut first = None;
        for pick in picks {
            let row = match look(tx, pick) {
                Ok(Ok(row)) => row,
                Ok(Err(reason)) => {
                    receipt.refused.push(Refused { what: pick.id.to_string(), reason });
                    continue;
                }
                Err(StoreError::NotFound(what)) => {
                    let reason = format!("there is no {what} in this book");
                    receipt.refused.push(Refused { what: pick.id.to_string(), reason });
                    continue;
                }
                Err(other) => return Err(other.into()),
            };
            match tx.attempt(|| work(tx, &row)) {
                Ok(One::Done(what, change)) => {
                    receipt.done += 1;
                    receipt.undoable |= change.is_some();
                    if let Some(change) = change {
                        undo::record(tx, &change)?;
                    }
                    let total = document::get(tx, row.id)?.total_minor;
                    receipt.totals.add(row.currency.amount(total))?;
                    first.get_or_insert(row.id);
                    told = what;
                }
                Ok(One::Refused(reason)) => {
                    receipt.refused.push(Refused { what: pick.id.to_string(), reason });
                }
                Err(error @ (Error::Usage { .. } | Error::Store(StoreError::Conflict(_)))) => {
                    let reason = match error.hint() {
                        hint if hint.is_empty() => error.to_string(),
                        hint => format!("{error}: {hint}"),
                    };
                    receipt.refused.push(Refused { what: pick.id.to_string(), reason });
                }
                Err(error) => return Err(error),
            }
        }
        match (first, receipt.done) {
            (None, _) => tx.quiet(),
            (Some(id), 1) => tx.note(id, &told),
            (Some(id), n) => tx.note(
                format!("{id} +{}", n - 1),
                format!("{words} {} drafts", text::grouped(n as i64)),
            ),
        }
        receipt.summary = match receipt.done {
            1 => told,
            n => format!("{words} {}", text::grouped(n as i64)),
        };
        Ok(receipt)
    })
}
