//! Notes and references on accounts and documents: written by anybody, kept with who and when.

use super::command::Receipt;
use super::{Error, Session};
use crate::domain::actor::Verb;
use crate::domain::ids::NoteId;
use crate::domain::note::{LONGEST_NOTE, LONGEST_REFERENCE, On, References};
use crate::engine::review::picked::short;
use crate::store::{Tx, note};

/// Writes a note; one that strikes another says why.
pub fn add(
    session: &mut Session,
    on: On,
    text: &str,
    strikes: Option<NoteId>,
) -> Result<Receipt, Error> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Error::usage("bad_text", "the note is empty", "write what there is to say"));
    }
    short("the note", text, LONGEST_NOTE)?;
    let id = session.write(Verb::Housekeeping, |tx| {
        if let Some(of) = strikes {
            can_be_struck(tx, on, of)?;
        }
        Ok(note::add(tx, on, text, strikes)?)
    })?;
    let summary = match strikes {
        Some(of) => format!("{of} struck by {id}"),
        None => "note kept".to_owned(),
    };
    Ok(Receipt { summary, done: 1, made: id.to_string(), ..Receipt::default() })
}

/// Refuses to strike what is on something else, struck already, or itself only strikes another.
fn can_be_struck(tx: &Tx<'_>, on: On, id: NoteId) -> Result<(), Error> {
    let (note, of) = note::get(tx, id)?;
    let refused =
        |why: String| Err(Error::usage("not_struck", why, "daybook note list shows them"));
    if of != on {
        return refused(format!("{id} is on something else"));
    }
    if let Some(by) = note.struck_by {
        return refused(format!("{id} is struck already, by {by}"));
    }
    if let Some(struck) = note.strikes {
        return refused(format!("{id} strikes {struck}: write a note anew instead"));
    }
    Ok(())
}

/// Sets the references of an account or a document, unless they are others by now than were seen.
pub fn refer(
    session: &mut Session,
    on: On,
    was: &References,
    to: &References,
) -> Result<Receipt, Error> {
    let trimmed =
        References { ours: to.ours.trim().to_owned(), theirs: to.theirs.trim().to_owned() };
    for (what, text) in [("our", &trimmed.ours), ("their", &trimmed.theirs)] {
        short(&format!("{what} reference"), text, LONGEST_REFERENCE)?;
    }
    let said = |of: &References| match of.said() {
        none if none.is_empty() => "no reference".to_owned(),
        said => said,
    };
    let changed = session.write(Verb::Housekeeping, |tx| {
        let now = note::references(tx, on)?;
        if now == trimmed {
            tx.quiet();
            return Ok(false);
        }
        if now != *was {
            let message = format!("it has {} by now, not {}", said(&now), said(was));
            return Err(Error::usage("changed", message, "look at it again"));
        }
        note::set_references(tx, on, &trimmed)?;
        Ok(true)
    })?;
    let words = if changed { "now " } else { "as it was: " };
    let summary = format!("{words}{}", said(&trimmed));
    Ok(Receipt { summary, done: 1, ..Receipt::default() })
}
