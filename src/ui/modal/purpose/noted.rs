//! The forms of notes and references, on accounts and documents. Each is made here and read here.

use super::{Label, Purpose, Refusal, Typed, form, reason};
use crate::domain::ids::{AccountId, DocumentId, NoteId};
use crate::domain::note::{On, References};
use crate::engine::command::Command;
use crate::ui::modal::Modal;
use crate::ui::modal::form::Field;
use crate::ui::msg::Cx;

/// Opens the form for a note on an account.
pub fn note(number: &str, account: AccountId, cx: &mut Cx) -> Modal {
    let fields = vec![Field::new(Label::NOTE, "", "everybody sees it")];
    form(format!("Note on {number}"), Purpose::Note(account), fields, cx)
}

/// Opens the form for a note on a document.
pub fn document_note(number: &str, document: DocumentId, cx: &mut Cx) -> Modal {
    let fields = vec![Field::new(Label::NOTE, "", "everybody here sees it; it is not printed")];
    form(format!("Note on {number}"), Purpose::DocumentNote(document), fields, cx)
}

pub(super) fn noted(on: On, v: Typed) -> Result<Command, Refusal> {
    Ok(Command::AddNote { on, strikes: None, text: v.needed(Label::NOTE, "the note")? })
}

/// Opens the form that strikes a note.
pub fn strike(on: On, note: NoteId, cx: &mut Cx) -> Modal {
    reason(format!("Strike {note}: both stay to be read"), Purpose::Strike(on, note), cx)
}

pub(super) fn struck(on: On, note: NoteId, v: Typed) -> Result<Command, Refusal> {
    let text = v.needed(Label::REASON, "the reason")?;
    Ok(Command::AddNote { on, strikes: Some(note), text })
}

/// Opens the form for references, with what they are.
pub fn references(whose: &str, on: On, are: &References, cx: &mut Cx) -> Modal {
    let fields = vec![
        Field::new(Label::OUR_REFERENCE, are.ours.as_str(), "how we call it; not printed"),
        Field::new(Label::THEIR_REFERENCE, are.theirs.as_str(), "how the customer calls it"),
    ];
    form(format!("References of {whose}"), Purpose::References(on, are.clone()), fields, cx)
}

pub(super) fn referred(on: On, was: &References, v: Typed) -> Result<Command, Refusal> {
    let to =
        References { ours: v.text(Label::OUR_REFERENCE)?, theirs: v.text(Label::THEIR_REFERENCE)? };
    Ok(Command::SetReferences { on, was: was.clone(), to })
}
