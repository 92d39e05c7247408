//! The form that hands claimed drafts over.

use super::{Label, Purpose, Refusal, Typed, form};
use crate::engine::command::{ClaimDeed, Command};
use crate::ui::modal::Modal;
use crate::ui::modal::form::Field;
use crate::ui::msg::{Cx, Seat};

/// Opens the form; who is here is named.
pub fn hand_over(cx: &mut Cx) -> Modal {
    let here = cx.people.iter().filter(|person| person.seat == Seat::Theirs);
    let mut here: Vec<&str> = here.map(|person| person.name.as_str()).collect();
    here.dedup();
    let here = match here.as_slice() {
        [] => "login name".to_owned(),
        some => format!("login name; here: {}", some.join(", ")),
    };
    let fields = vec![
        Field::new(Label::TO, "", &here),
        Field::new(Label::NOTE, "", "what they should know; may stay empty"),
    ];
    form("Hand over all that I have claimed", Purpose::HandOver, fields, cx)
}

pub(super) fn handed_over(v: Typed) -> Result<Command, Refusal> {
    let to = v.needed(Label::TO, "a login name")?;
    Ok(Command::Claim(ClaimDeed::HandOver { to, note: v.text(Label::NOTE)? }))
}
