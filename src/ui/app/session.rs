//! What survives a lost connection: screen, filters, marks, the place in each list, typed text; and who else edits a draft.

use super::App;
use crate::engine::command::Command;
use crate::ui::modal::choice::{Choice, Item};
use crate::ui::modal::form::Form;
use crate::ui::modal::text::TextBox;
use crate::ui::modal::{Intent, Modal};
use crate::ui::msg::{Effect, Person, ScreenId, Seat};
use crate::ui::widget::{Line, counted};

/// What a second console of one clerk says of the first.
const BESIDE: &str = "another console of yours is open: what is marked or typed there stays there";

/// The process of the console that kept a session.
pub fn kept_by(state: &str) -> Option<u32> {
    let state: serde_json::Value = serde_json::from_str(state).ok()?;
    u32::try_from(state["console"].as_u64()?).ok()
}

/// The forms of a session that were put aside: one as earlier programs kept it, or several.
fn older(saved: &serde_json::Value) -> impl Iterator<Item = &serde_json::Value> {
    let kept = &saved["older"];
    let several = kept.as_array().into_iter().flatten();
    several.chain(kept.is_object().then_some(kept))
}

impl App {
    /// Leaves; where the clerk was is kept for the next login.
    pub(super) fn quit(&mut self, code: i32) {
        if let Some(effect) = self.session() {
            self.cx.effects.push(effect);
        }
        self.cx.effects.push(Effect::Quit(code));
    }

    /// Says in the form of a draft who else began to edit it.
    pub(super) fn tell_of_others(&mut self, people: &[Person]) {
        let forms = self.modals.iter_mut().filter_map(|m| match m {
            Modal::Form(form) => Some(form),
            _ => None,
        });
        let mut told = None;
        for form in forms {
            let Some(id) = form.document() else { continue };
            let edits = |p: &&Person| p.editing.is_some_and(|(document, _)| document == id);
            for person in people.iter().filter(edits).filter(|p| p.seat != Seat::Ended) {
                if !self.cx.people.iter().any(|p| p.name == person.name && edits(&p)) {
                    let who = match person.seat {
                        Seat::Mine => "you, in another console,",
                        Seat::Theirs | Seat::Ended => person.name.as_str(),
                    };
                    let words = "edits it too: who saves second sees the other's changes";
                    let words = format!("{who} {words}");
                    form.tell(words.clone());
                    told = Some(words);
                }
            }
        }
        // A form that is gone by then: `!` shows it.
        if let Some(words) = told {
            self.say(words);
        }
    }

    /// Saves where the clerk is, if that changed since.
    pub fn session(&mut self) -> Option<Effect> {
        let value = |form: &Form| serde_json::to_value(form).unwrap_or_default();
        // What the last session left is not answered yet: nothing of it is written over.
        let pending = self.saved.as_ref();
        let typed = self.typed_form().filter(|form| pending.is_none() || form.is_touched());
        let (form, kept): (_, serde_json::Value) = match (typed, pending) {
            (None, Some(_)) if !self.has_marks() => return None,
            (None, Some(saved)) => (saved["edit"].clone(), saved["older"].clone()),
            (None, None) => Default::default(),
            (Some(form), saved) => {
                let before =
                    saved.into_iter().flat_map(|saved| older(saved).chain([&saved["edit"]]));
                let before = before.filter(|kept| !kept.is_null()).cloned();
                let aside =
                    self.aside.iter().filter(|aside| !std::ptr::eq(*aside, form)).map(value);
                (value(form), before.chain(aside).collect())
            }
        };
        let screens: serde_json::Map<String, serde_json::Value> = ScreenId::ALL
            .iter()
            .filter_map(|id| Some((id.name().to_owned(), self.screens.peek(*id).list()?.save())))
            .collect();
        let state = serde_json::json!({
            "screen": self.screen.number(), "screens": screens, "edit": form, "older": kept,
            "columns": self.columns(), "console": std::process::id(), "look": self.cx.chosen,
        })
        .to_string();
        if state == self.last_saved {
            return None;
        }
        self.last_saved.clone_from(&state);
        let op = self.cx.operation();
        Some(Effect::Commit { ticket: 0, op, command: Box::new(Command::SaveSession { state }) })
    }

    /// The columns of each list as they were placed.
    fn columns(&self) -> serde_json::Map<String, serde_json::Value> {
        let placed = |id: &ScreenId| {
            let placed = self.screens.peek(*id).list()?.placed();
            let value = serde_json::to_value(placed).ok()?;
            (!placed.is_empty()).then(|| (id.name().to_owned(), value))
        };
        ScreenId::ALL.iter().filter_map(placed).collect()
    }

    /// Places the columns as they were, whatever else of the session is taken up.
    pub(super) fn place_columns(&mut self) {
        let Some(saved) = &self.saved else { return };
        for id in ScreenId::ALL {
            let placed = serde_json::from_value(saved["columns"][id.name()].clone());
            if let (Some(list), Ok(placed)) = (self.screens.get(id).list_mut(), placed) {
                list.put_placed(placed);
            }
        }
    }

    /// The form whose text would be lost.
    fn typed_form(&self) -> Option<&Form> {
        let open = self.modals.iter().find_map(|m| match m {
            Modal::Form(form) => Some(form.as_ref()),
            Modal::Ask(ask) => ask.form(),
            Modal::Text(_)
            | Modal::Choice(_)
            | Modal::Columns(_)
            | Modal::Filter(_)
            | Modal::Palette(_) => None,
        });
        open.or_else(|| self.given.iter().rev().find_map(|given| given.form.as_deref()))
            .or(self.aside.last())
    }

    /// Whether a form is filled in, or its command is on its way.
    pub fn is_typing(&self) -> bool {
        self.typed_form().is_some()
    }

    fn has_marks(&self) -> bool {
        let marked = |id: &ScreenId| self.screens.peek(*id).list()?.mark_words();
        ScreenId::ALL.iter().any(|id| marked(id).is_some())
    }

    /// What can still be had of the last session, for the palette.
    pub(super) fn left_behind(&self) -> Vec<(String, Intent)> {
        let told = |(at, form): (usize, &Form)| {
            (format!("the unsaved edit: {}", form.title()), Intent::Rescued(Some(at)))
        };
        let aside = self.aside.iter().enumerate().rev().map(told);
        let saved = self.saved.as_ref().filter(|_| !self.is_beside()).map(|_| {
            ("continue where you left: marks and the unsaved edit".to_owned(), Intent::Restore)
        });
        aside.chain(saved).collect()
    }

    /// Takes up what was typed and not saved.
    pub(super) fn rescue(&mut self, at: Option<usize>) {
        let at = at.or_else(|| self.aside.len().checked_sub(1));
        match at.filter(|at| *at < self.aside.len()).map(|at| self.aside.remove(at)) {
            Some(form) => self.open(Modal::Form(Box::new(form))),
            None if self.saved.is_some() && self.is_beside() => self.say(BESIDE.to_owned()),
            None if self.saved.is_some() => self.restore(),
            None => self.say("nothing of what was typed was kept".to_owned()),
        }
    }

    /// Whether what is kept of a session is still open in the console that kept it.
    fn is_beside(&self) -> bool {
        let people = &self.cx.people;
        self.cx.left_open && (people.is_empty() || people.iter().any(|p| p.seat == Seat::Mine))
    }

    pub(super) fn offer_session(&mut self) {
        if self.cx.left_open {
            return self.say(BESIDE.to_owned());
        }
        let Some(saved) = &self.saved else { return };
        let marks: usize = saved["screens"].as_object().map_or(0, |screens| {
            screens.values().filter_map(|s| s["marks"].as_array()).map(Vec::len).sum()
        });
        let last = usize::from(saved["edit"].is_object() || saved["edit"].is_array());
        let edits = last + older(saved).count();
        if marks == 0 && edits == 0 {
            self.saved = None;
            return;
        }
        let mut words = format!("Continue where you left, {}", counted(marks, "mark", "marks"));
        if edits > 0 {
            words.push_str(&format!(", {}", counted(edits, "unsaved edit", "unsaved edits")));
        }
        let items = vec![
            Item::new('y', "continue", Intent::Restore),
            Item::new('n', "start afresh: marks and edit are dropped", Intent::Afresh),
        ];
        self.open(Modal::Choice(Choice::new(words, items)));
    }

    pub(super) fn restore(&mut self) {
        let Some(saved) = self.saved.take() else { return };
        for id in ScreenId::ALL {
            if let Some(list) = self.screens.get(id).list_mut() {
                list.restore(&saved["screens"][id.name()]);
            }
        }
        let number = saved["screen"].as_u64().and_then(|n| u8::try_from(n).ok());
        if let Some(screen) = number.and_then(ScreenId::from_number) {
            self.go(screen);
        }
        let kept = older(&saved).filter_map(|form| Form::rescued(form, &mut self.cx));
        self.aside = kept.collect();
        match self.aside.len() {
            0 => {}
            1 => self.say("an older unsaved edit is kept; :unsaved edit opens it".to_owned()),
            n => self.say(format!("{n} older unsaved edits are kept; :unsaved edit opens them")),
        }
        if let Some(form) = Form::rescued(&saved["edit"], &mut self.cx) {
            self.open(Modal::Form(Box::new(form)));
        } else if let Some(values) = saved["edit"].as_array() {
            let text: Vec<&str> = values.iter().filter_map(serde_json::Value::as_str).collect();
            let lines = text.iter().map(|t| Line::plain((*t).to_owned())).collect();
            self.open(Modal::Text(TextBox::new("What you had typed and not saved", lines)));
        }
    }
}
