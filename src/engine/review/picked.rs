//! Drafts as a clerk picked them: what was seen is what is changed, or the clerk is told who
//! changed it. Batches do what they can and report the rest.

use crate::domain::actor::Verb;
use crate::domain::document::DocumentStatus;
use crate::domain::ids::DocumentId;
use crate::domain::text;
use crate::engine::command::{Pick, Receipt, Refused};
use crate::engine::on_its_way::Sure;
use crate::engine::review::others;
use crate::engine::{Error, Session, Slices};
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
    Ok(Image { review: draft::review(db, row)?, draft: Some(draft::load(db, row)?), claim: None })
}

/// The image of what was said of a draft, without its content.
pub fn review_image(db: &Db<'_>, row: &DocumentRow) -> Result<Image, StoreError> {
    Ok(Image { review: draft::review(db, row)?, draft: None, claim: None })
}

/// Drafts in a transaction: others get at the book in between.
const SLICE: usize = 500;

/// Does `work` for each picked draft, one undo step; many are written in slices. `words` begins the
/// summary (`held`). What a slice that fails leaves is refused with the reason.
pub fn each(
    session: &mut Session,
    verb: Verb,
    words: &str,
    picks: &[Pick],
    mut work: impl FnMut(&Tx<'_>, &DocumentRow) -> Result<One, Error>,
) -> Result<Receipt, Error> {
    let (mut deed, mut so_far) = (Slices::default(), SoFar::default());
    let among = Among { alone: picks.len() == 1, sure: session.sure };
    for (at, slice) in picks.chunks(SLICE).enumerate() {
        let done = session.write_on(&mut deed, verb, |tx| {
            let mut done = SoFar::default();
            for pick in slice {
                done.one(tx, pick, among, &mut work)?;
            }
            // Of a slice that did nothing, nothing is told.
            let all = so_far.receipt.done + done.receipt.done;
            note(tx, words, done.first.and(so_far.first.or(done.first)), all, &done.told);
            Ok(done)
        });
        match done {
            Ok(done) => so_far.add(done)?,
            Err(error) if so_far.receipt.done == 0 => return Err(error),
            Err(error) => {
                let left = picks.iter().skip(at * SLICE);
                let refused =
                    left.map(|p| Refused { what: p.id.to_string(), reason: told(&error) });
                so_far.receipt.refused.extend(refused);
                break;
            }
        }
    }
    let mut receipt = so_far.receipt;
    receipt.summary = match receipt.done {
        1 => so_far.told,
        n => format!("{words} {}", text::grouped(n as i64)),
    };
    Ok(receipt)
}

/// An error with its remedy.
pub fn told(error: &Error) -> String {
    match error.hint() {
        hint if hint.is_empty() => error.to_string(),
        hint => format!("{error}: {hint}"),
    }
}

/// Where a draft stands that is acted on.
#[derive(Clone, Copy)]
struct Among {
    /// It is the only one.
    alone: bool,
    sure: Sure,
}

/// What came of a batch so far.
#[derive(Default)]
struct SoFar {
    receipt: Receipt,
    /// The first that was done.
    first: Option<DocumentId>,
    /// What was done to the last.
    told: String,
}

impl SoFar {
    fn one(
        &mut self,
        tx: &Tx<'_>,
        pick: &Pick,
        among: Among,
        work: &mut impl FnMut(&Tx<'_>, &DocumentRow) -> Result<One, Error>,
    ) -> Result<(), Error> {
        let row = match look(tx, pick) {
            Ok(Ok(row)) => row,
            Ok(Err(reason)) => return self.refuse(pick, reason),
            Err(StoreError::NotFound(what)) => {
                return self.refuse(pick, format!("there is no {what} in this book"));
            }
            Err(other) => return Err(other.into()),
        };
        // What another clerk looks at is asked about alone, and among many it is left to them.
        match others::theirs(tx, row.id)? {
            Some(_) if among.alone => others::ask(tx, &row, among.sure)?,
            Some(who) => return self.refuse(pick, others::left_to(&who)),
            None => {}
        }
        match tx.attempt(|| work(tx, &row)) {
            Ok(One::Done(what, change)) => {
                self.receipt.done += 1;
                self.receipt.undoable |= change.is_some();
                if let Some(change) = change {
                    undo::record(tx, &change)?;
                }
                let total = document::get(tx, row.id)?.total_minor;
                self.receipt.totals.add(row.currency.amount(total))?;
                self.first.get_or_insert(row.id);
                self.told = what;
                Ok(())
            }
            Ok(One::Refused(reason)) => self.refuse(pick, reason),
            Err(error @ (Error::Usage { .. } | Error::Store(StoreError::Conflict(_)))) => {
                self.refuse(pick, told(&error))
            }
            Err(error) => Err(error),
        }
    }

    fn refuse(&mut self, pick: &Pick, reason: String) -> Result<(), Error> {
        self.receipt.refused.push(Refused { what: pick.id.to_string(), reason });
        Ok(())
    }

    /// Counts a slice that is written.
    fn add(&mut self, slice: Self) -> Result<(), Error> {
        self.receipt.done += slice.receipt.done;
        self.receipt.undoable |= slice.receipt.undoable;
        self.receipt.refused.extend(slice.receipt.refused);
        for money in &slice.receipt.totals {
            self.receipt.totals.add(*money)?;
        }
        self.first = self.first.or(slice.first);
        self.told = if slice.told.is_empty() { std::mem::take(&mut self.told) } else { slice.told };
        Ok(())
    }
}

/// What the trail says of a batch of `done`, the first of which is `first`.
fn note(tx: &Tx<'_>, words: &str, first: Option<DocumentId>, done: usize, told: &str) {
    match (first, done) {
        (None, _) => tx.quiet(),
        (Some(id), 1) => tx.note(id, told),
        (Some(id), n) => tx.note(
            format!("{id} +{}", n - 1),
            format!("{words} {} drafts", text::grouped(n as i64)),
        ),
    }
}
