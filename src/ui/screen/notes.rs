//! Notes and references of an account or a document: as lines, and what can be done about them.

use crate::domain::note::{Note, On, References};
use crate::ui::modal::choice::{Choice, Item};
use crate::ui::modal::purpose;
use crate::ui::modal::{Intent, Modal};
use crate::ui::msg::Cx;
use crate::ui::theme;
use crate::ui::widget::{Line, wrap};

/// The notes, newest first; what was struck is dim.
pub fn lines(notes: &[Note], width: usize, cx: &Cx, out: &mut Vec<Line>) {
    for note in notes {
        let text = format!("{} {}: {}", cx.when(note.at_ms), note.user, note.said());
        let dim = note.struck_by.is_some() || note.strikes.is_some();
        let style = if dim { theme::DIM } else { theme::KEY };
        out.extend(wrap(&text, width).into_iter().map(|l| Line::of(l, style)));
    }
}

/// Opens the menu: write one, strike one, set the references.
pub fn open(whose: &str, on: On, (notes, are): (&[Note], &References), cx: &mut Cx) {
    let write = match on {
        On::Account(id) => purpose::note(whose, id, cx),
        On::Document(id) => purpose::document_note(whose, id, cx),
    };
    let refer = purpose::references(whose, on, are, cx);
    let over = |modal| Intent::Open(Box::new(modal));
    // Of a document a note is struck on the document.
    let stands = |n: &&Note| n.struck_by.is_none() && n.strikes.is_none() && n.document.is_empty();
    let mut struck = Vec::new();
    for (note, key) in notes.iter().filter(stands).zip('1'..='9') {
        let form = purpose::strike(on, note.id, cx);
        struck.push(Item::new(key, note.said(), over(form)));
    }
    let words = "strike a note: it stays to be read…";
    let strike = if struck.is_empty() {
        Item::unavailable('s', words, "no note here that stands")
    } else {
        let menu = Modal::Choice(Choice::new(format!("Strike which note of {whose}"), struck));
        Item::new('s', words, over(menu))
    };
    let said = if are.said().is_empty() { "none yet".to_owned() } else { are.said() };
    let items = vec![
        Item::new('n', "write a note; it is not printed…", over(write)),
        strike,
        Item::new('r', "references, ours and theirs…", over(refer)).hint(said),
    ];
    cx.open.push(Modal::Choice(Choice::new(format!("Notes and references of {whose}"), items)));
}
