//! Something to fill in: fields one below the other, Enter on the last (or Ctrl-S) hands them in.

use super::purpose::Purpose;
use super::typed::{Label, Typed};
use super::{Step, edit, field, frame, insert};
use crate::domain::actor::Verb;
use crate::domain::ids::DocumentId;
use crate::engine::query::{Answer, Hit, Query};
use crate::ui::keymap::Key;
use crate::ui::msg::{Cx, Part, ScreenId};
use crate::ui::theme;
use crate::ui::widget::{fit, put, wrap};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use serde::{Deserialize, Serialize};
use std::cell::Cell;
use tui_input::Input;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Field {
    /// What it asks for.
    pub label: String,
    /// What is typed.
    #[serde(with = "as_typed")]
    pub input: Input,
    /// What it takes.
    pub hint: String,
    /// Text to step through with Up and Down in the field, if it takes only these.
    pub words: Vec<String>,
    /// It takes an account: those that match what is typed are shown, Right takes the first.
    #[serde(default)]
    pub account: bool,
}

/// An input is kept as its text.
mod as_typed {
    use serde::{Deserialize, Deserializer, Serializer};
    use tui_input::Input;

    pub fn serialize<S: Serializer>(input: &Input, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(input.value())
    }

    pub fn deserialize<'a, D: Deserializer<'a>>(from: D) -> Result<Input, D::Error> {
        String::deserialize(from).map(Input::new)
    }
}

impl Field {
    /// A field with what it starts as.
    pub fn new(label: Label, value: impl Into<String>, hint: &str) -> Self {
        let input = Input::new(value.into());
        let (label, hint) = (label.as_str().to_owned(), hint.to_owned());
        Self { label, input, hint, words: Vec::new(), account: false }
    }

    /// A field that takes an account.
    pub fn account(label: Label, hint: &str) -> Self {
        Self { account: true, ..Self::new(label, "", hint) }
    }

    /// A field that takes one of a few words; Space steps through them.
    pub fn words(label: Label, words: &[&str]) -> Self {
        let first = words.first().copied().unwrap_or_default();
        let words = words.iter().map(|w| (*w).to_owned()).collect();
        Self { words, ..Self::new(label, first, "Space changes") }
    }
}

/// A form. What is typed into it is kept over sessions; the rest is made anew.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Form {
    title: String,
    purpose: Purpose,
    fields: Vec<Field>,
    at: usize,
    #[serde(skip)]
    error: Option<String>,
    /// What others made of it meanwhile: shown above, mine stays in the fields.
    #[serde(skip)]
    theirs: Vec<String>,
    /// Its operation; kept, so that the next login knows whether it was written.
    #[serde(default)]
    op: String,
    /// Accounts that match what is typed into a field for one: number and name.
    #[serde(skip)]
    found: Vec<(String, String)>,
    /// Back from a session that broke off: Esc puts it aside and does not drop it.
    #[serde(skip)]
    rescued: bool,
    /// What the fields held when it was opened.
    #[serde(skip)]
    opened: Vec<String>,
    /// The row of the first field that is drawn, which one it is, and how many are.
    #[serde(skip)]
    drawn: Cell<(u16, u16, u16)>,
}

impl Form {
    /// A form for a purpose.
    pub fn new(
        title: impl Into<String>,
        purpose: Purpose,
        fields: Vec<Field>,
        cx: &mut Cx,
    ) -> Self {
        let op = cx.operation();
        let (title, at, error, rescued) = (title.into(), 0, None, false);
        let (theirs, found) = (Vec::new(), Vec::new());
        let opened = fields.iter().map(|f| f.input.value().to_owned()).collect();
        let drawn = Cell::default();
        Self { title, purpose, fields, at, error, theirs, op, found, rescued, opened, drawn }
    }

    /// The form that a session left behind, if it can still be read.
    pub fn rescued(saved: &serde_json::Value, cx: &mut Cx) -> Option<Self> {
        let form: Self = serde_json::from_value(saved.clone()).ok()?;
        let op = cx.operation();
        // The row it was opened from is not in view any more.
        let of = form.document().map(|id| DocumentId(id).to_string());
        let title = match of.filter(|of| !form.title.contains(of.as_str())) {
            Some(of) => format!("{} of {of}", form.title),
            None => form.title.clone(),
        };
        let theirs = vec!["what you had typed and not saved".to_owned()];
        Some(Self { op, title, theirs, rescued: true, ..form })
    }

    /// Notes under which operation it was handed in.
    pub(in crate::ui) fn handed_in_as(&mut self, op: &str) {
        op.clone_into(&mut self.op);
    }

    /// Whether it came back from a session that broke off.
    pub fn is_rescued(&self) -> bool {
        self.rescued
    }

    /// Whether something is typed that is not what it opened with.
    pub fn is_touched(&self) -> bool {
        !self.fields.iter().map(|f| f.input.value()).eq(self.opened.iter().map(String::as_str))
    }

    /// What it is called.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// What it is filled in for.
    pub fn verb(&self) -> Verb {
        self.purpose.verb()
    }

    /// The document it edits, for the advisory lock and the session.
    pub fn document(&self) -> Option<i64> {
        self.purpose.document()
    }

    /// The same form after a refusal (its word for programs): mine stays, what was said is shown above
    /// it with the field that it is about, and saving again is another operation.
    pub fn refused(&mut self, mut said: Vec<String>, code: &str, cx: &mut Cx) {
        if let Some(at) = self.purpose.field_of(code).and_then(|label| label.place(&self.fields))
            && let (Some(field), Some(first)) = (self.fields.get(at), said.first_mut())
        {
            self.at = at;
            *first = format!("{}: {first}", field.label);
        }
        self.theirs = said;
        self.op = cx.operation();
    }

    /// Whether a refusal is about one of its fields.
    pub fn takes_blame(&self, code: &str) -> bool {
        self.purpose.field_of(code).is_some()
    }

    /// What others made of the document meanwhile; saving now goes on top of theirs.
    pub(super) fn loaded(&mut self, answer: &Answer) {
        if let Answer::Find(hits) = answer {
            self.found = hits.iter().filter_map(account_of).collect();
        }
        let Answer::Invoice(Some(detail)) = answer else { return };
        if self.document() != Some(detail.row.id.0) {
            return;
        }
        self.purpose.rebase(detail.row.version);
        for (label, theirs, was) in self.purpose.theirs(detail) {
            let mine = label.place(&self.fields).and_then(|at| self.fields.get(at));
            let Some(mine) = mine else { continue };
            let mine = mine.input.value().trim();
            if mine == theirs || was == theirs {
                continue;
            }
            // Only what was typed goes on top of theirs.
            let mine =
                if mine == was { "and it stays".to_owned() } else { format!("mine {mine:?}") };
            let label = label.as_str();
            self.theirs.push(format!("{label}: theirs {theirs:?}, {mine}"));
        }
    }

    /// Says something above its fields, once.
    pub fn tell(&mut self, text: String) {
        if !self.theirs.contains(&text) {
            self.theirs.push(text);
        }
    }

    pub(super) fn paste(&mut self, text: &str, cx: &mut Cx) {
        if let Some(field) = self.fields.get_mut(self.at)
            && field.words.is_empty()
        {
            insert(&mut field.input, text);
        }
        self.look_up(cx);
    }

    /// Looks for the accounts that match, where the field takes one.
    fn look_up(&mut self, cx: &mut Cx) {
        let Some(field) = self.fields.get(self.at).filter(|f| f.account) else { return };
        let typed = field.input.value().trim().to_owned();
        self.found.clear();
        if typed.chars().count() >= 2 {
            cx.load(ScreenId::Accounts, Part::Palette, Query::Find(typed));
        } else {
            cx.forget(ScreenId::Accounts, Part::Palette);
        }
    }

    /// Takes the first account that was found; false where Right only moves the cursor.
    fn complete(&mut self) -> bool {
        let Some(field) = self.fields.get_mut(self.at).filter(|f| f.account) else { return false };
        let at_end = field.input.cursor() == field.input.value().chars().count();
        let Some((number, _)) = self.found.first().filter(|_| at_end) else { return false };
        field.input = Input::new(number.clone());
        self.found.truncate(1);
        true
    }

    /// What the field takes; of one for an account those that were found.
    fn hint(&self) -> String {
        let Some(field) = self.fields.get(self.at) else { return String::new() };
        let typed = field.input.value().trim();
        let named = |(number, name): &(String, String)| format!("{number} {name}");
        match self.found.first().filter(|_| field.account) {
            None => field.hint.clone(),
            Some(first) if first.0 == typed => named(first),
            Some(_) => {
                let all: Vec<String> = self.found.iter().map(named).collect();
                format!("Right takes {}", all.join(" · "))
            }
        }
    }

    /// The hint in lines of `room` columns, as many as the longest of the form takes: it does not grow and
    /// shrink with the field.
    fn hints(&self, room: usize) -> Vec<String> {
        let lines = |hint: &str| wrap(hint, room);
        let most = self.fields.iter().map(|f| lines(&f.hint).len()).max().unwrap_or(1).max(1);
        // What was found is a choice of many, on one line.
        let found = self.fields.get(self.at).is_some_and(|f| f.account && !self.found.is_empty());
        let mut said = if found { vec![self.hint()] } else { lines(&self.hint()) };
        said.resize(most, String::new());
        said
    }

    pub(super) fn key(&mut self, key: Key, cx: &mut Cx) -> Step {
        let last = self.fields.len().saturating_sub(1);
        match key {
            Key::Esc => return Step::Close,
            Key::Ctrl('x') if self.rescued => {
                self.rescued = false;
                return Step::Close;
            }
            Key::Tab | Key::Down => self.at = if self.at == last { 0 } else { self.at + 1 },
            Key::BackTab | Key::Up => self.at = if self.at == 0 { last } else { self.at - 1 },
            Key::Enter if self.at < last => self.at += 1,
            Key::Enter | Key::Ctrl('s') => return self.submit(cx),
            Key::Right if self.complete() => self.error = None,
            _ => {
                let Some(field) = self.fields.get_mut(self.at) else { return Step::Close };
                self.error = None;
                if !field.words.is_empty() {
                    turn(field, key);
                } else if edit(&mut field.input, key) {
                    self.look_up(cx);
                }
            }
        }
        Step::Stay
    }

    pub(super) fn click(&mut self, row: u16) {
        let (y, top, count) = self.drawn.get();
        if let Some(line) = row.checked_sub(y).filter(|line| *line < count) {
            self.at = usize::from(top + line);
        }
    }

    fn submit(&mut self, cx: &mut Cx) -> Step {
        match self.purpose.build(Typed(&self.fields), &self.op, cx) {
            Ok(intent) => Step::Then(intent),
            Err((label, message)) => {
                self.at = label.place(&self.fields).unwrap_or(self.at);
                self.error = Some(message);
                Step::Stay
            }
        }
    }

    pub(super) fn view(&self, canvas: &mut Buffer, area: Rect) -> Option<(u16, u16)> {
        let label = self.fields.iter().map(|f| f.label.len()).max().unwrap_or(0) as u16;
        let width = area.width.min(72);
        let room = usize::from(width.saturating_sub(4));
        let theirs: Vec<String> = self.theirs.iter().flat_map(|l| wrap(l, room)).collect();
        let (said, style) = match &self.error {
            Some(error) => (wrap(error, room.saturating_sub(2)), theme::BAD),
            None => (self.hints(room.saturating_sub(2)), theme::DIM),
        };
        let below = said.len() as u16 + 1;
        let rows = self.fields.len() as u16 + theirs.len() as u16 + below + 2;
        let inner = frame(canvas, area, width, rows, &self.title);
        let mut y = inner.y;
        for line in &theirs {
            put(canvas, inner.x, y, inner.width, line, theme::WARN);
            y += 1;
        }
        let mut cursor = None;
        let room = inner.bottom().saturating_sub(y + below).max(1);
        let top = (self.at as u16 + 1).saturating_sub(room);
        self.drawn.set((y, top, room.min(self.fields.len() as u16 - top)));
        for (i, item) in
            self.fields.iter().enumerate().skip(usize::from(top)).take(usize::from(room))
        {
            let focus = i == self.at;
            put(canvas, inner.x, y, 1, if focus { ">" } else { " " }, theme::BOLD);
            let style = if focus { theme::BOLD } else { theme::PLAIN };
            put(canvas, inner.x + 2, y, label, &item.label, style);
            let x = inner.x + 2 + label + 2;
            let place = Rect { x, y, width: inner.right().saturating_sub(x), height: 1 };
            let at = field(canvas, place, &item.input);
            if focus {
                cursor = Some(at);
            }
            y += 1;
        }
        let mut y = inner.bottom().saturating_sub(below);
        for line in &said {
            put(canvas, inner.x + 2, y, inner.width.saturating_sub(2), line, style);
            y += 1;
        }
        let foot = if self.rescued {
            "Ctrl-S does it · Esc keeps it · Ctrl-X drops it"
        } else {
            "Enter next · Ctrl-S does it · Esc drops it"
        };
        let foot = fit(foot, usize::from(inner.width));
        put(canvas, inner.x, y, inner.width, &foot, theme::DIM);
        cursor
    }
}

fn account_of(hit: &Hit) -> Option<(String, String)> {
    match hit {
        Hit::Account(number, name) => Some((number.clone(), name.clone())),
        Hit::Document(..) => None,
    }
}

/// Steps a field of words, or takes the first word that begins with the letter.
fn turn(field: &mut Field, key: Key) {
    let at = field.words.iter().position(|w| w == field.input.value()).unwrap_or(0);
    let n = field.words.len();
    let next = match key {
        Key::Char(' ') | Key::Right => (at + 1) % n,
        Key::Left => (at + n - 1) % n,
        Key::Char(c) => {
            let found = (1..=n).map(|i| (at + i) % n).find(|i| field.words[*i].starts_with(c));
            found.unwrap_or(at)
        }
        _ => at,
    };
    field.input = Input::new(field.words[next].clone());
}

#[cfg(test)]
mod tests;
