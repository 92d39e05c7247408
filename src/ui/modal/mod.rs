//! What lies over a screen: text, choices, forms, questions, the filter line, the palette.
//! One closed enum; the topmost gets the keys. What it wants done it says as an [`Intent`].

pub mod ask;
pub mod bank;
pub mod choice;
pub mod columns;
mod filter_line;
pub mod form;
pub mod money;
pub mod palette;
pub mod purpose;
pub mod runs;
pub mod text;
mod typed;

use super::keymap::{Action, Key};
use super::msg::{Cx, ScreenId};
use super::theme;
use super::widget::list::Placed;
use super::widget::put;
use crate::domain::ids::AccountId;
use crate::domain::month::Month;
use crate::engine::command::Command;
use crate::engine::look::Look;
use crate::engine::query::{Answer, Payments};
use crate::store::read::{Field, Sort};
pub use filter_line::FilterLine;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::sync::Arc;
use tui_input::{Input, InputRequest};

/// What a modal wants done.
#[derive(Debug, Clone)]
pub enum Intent {
    /// As if its key had been pressed on the screen.
    Act(Action),
    /// Another screen, perhaps with a filter.
    Go(ScreenId, Option<String>),
    /// The filter as typed so far.
    Typed(String),
    /// Another term in the filter.
    Term(String),
    /// A ready filter by its place.
    Tab(usize),
    /// Another order.
    Sort(Sort),
    /// The columns of the list, those that are shown in their order.
    Columns(Vec<Placed>),
    /// Rows by what they have in common.
    Group(Field),
    /// Do it, under the id made when the dialog opened.
    Commit {
        /// See [`Cx::operation`].
        op: String,
        /// What.
        command: Box<Command>,
    },
    /// Another modal.
    Open(Box<Modal>),
    /// Text for the clipboard.
    Copy(String),
    /// Open a document.
    Document(i64),
    /// Ask about retrying a whole group, or (none) what is marked; the figures are read now.
    RetryGroup(Option<crate::domain::payment::NextAction>),
    /// Something with claims, at the cursor of the list.
    Claim(Claiming),
    /// Go on where the last session ended.
    Restore,
    /// Leave what the last session left behind.
    Afresh,
    /// A form that was put aside, by its place; none: the last.
    Rescued(Option<usize>),
    /// Other colours, the mouse, or a plain screen.
    Look(Look),
    /// Ask about posting; the figures are read now.
    Post(purpose::PostWhat),
    /// Another month of an account, in the box that shows one.
    Page(AccountId, Month),
    /// A month of an account as a PDF.
    WritePage(AccountId, Month),
    /// What can be done to one of these payments, by its place.
    Payment(Arc<Payments>, usize),
}

/// What is done with claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claiming {
    /// So many more from here.
    Next(usize),
    /// Nothing is mine any more.
    ReleaseAll,
    /// All of mine goes to somebody.
    HandOver,
}

/// What a key did to a modal.
#[derive(Debug, Clone)]
pub enum Step {
    Stay,
    /// It goes.
    Close,
    /// It goes, and this is done.
    Then(Intent),
    /// It stays, and this is done.
    Live(Intent),
}

/// Everything that can lie over a screen.
#[derive(Debug, Clone)]
pub enum Modal {
    /// Something to read.
    Text(text::TextBox),
    /// Something to choose.
    Choice(choice::Choice),
    /// Something to fill in.
    Form(Box<form::Form>),
    /// A question before acting.
    Ask(Box<ask::Ask>),
    /// The columns of a list.
    Columns(Box<columns::ColumnsBox>),
    /// The filter line in row 2.
    Filter(Box<FilterLine>),
    /// `:`.
    Palette(Box<palette::Palette>),
}

impl Modal {
    /// A key for the topmost modal.
    pub fn key(&mut self, key: Key, cx: &mut Cx) -> Step {
        match self {
            Self::Text(m) => m.key(key, cx),
            Self::Choice(m) => m.key(key),
            Self::Form(m) => m.key(key, cx),
            Self::Ask(m) => m.key(key),
            Self::Columns(m) => m.key(key),
            Self::Filter(m) => m.key(key, cx),
            Self::Palette(m) => m.key(key, cx),
        }
    }

    /// Pasted text: goes into fields, runs nothing.
    pub fn paste(&mut self, text: &str, cx: &mut Cx) -> Step {
        let line: String = text.chars().take_while(|c| *c != '\n' && *c != '\r').collect();
        let line = crate::domain::text::clean(&line).into_owned();
        match self {
            Self::Form(m) => {
                m.paste(&line, cx);
                Step::Stay
            }
            Self::Filter(m) => m.paste(&line, cx),
            Self::Palette(m) => {
                insert(&mut m.input, &line);
                m.changed(cx);
                Step::Stay
            }
            // A count is typed, not pasted: that is its point.
            Self::Ask(_) | Self::Text(_) | Self::Choice(_) | Self::Columns(_) => Step::Stay,
        }
    }

    /// The wheel moves what is shown; it hands nothing in and answers nothing.
    pub fn wheel(&self, down: bool) -> Option<Key> {
        match self {
            Self::Text(_)
            | Self::Choice(_)
            | Self::Columns(_)
            | Self::Ask(_)
            | Self::Palette(_) => Some(if down { Key::Down } else { Key::Up }),
            // There the arrows go to another field, or end the typing.
            Self::Form(_) | Self::Filter(_) => None,
        }
    }

    /// A click chooses a line or a field. What is chosen is done by a key alone.
    pub fn click(&mut self, row: u16) {
        match self {
            Self::Text(m) => m.click(row),
            Self::Choice(m) => m.click(row),
            Self::Form(m) => m.click(row),
            Self::Ask(_) | Self::Columns(_) | Self::Filter(_) | Self::Palette(_) => {}
        }
    }

    /// An answer meant for the open dialog.
    pub fn loaded(&mut self, answer: &Answer, cx: &mut Cx) {
        match self {
            Self::Ask(m) => m.loaded(answer),
            Self::Palette(m) => m.loaded(answer),
            Self::Choice(m) => m.loaded(answer, cx),
            Self::Text(m) => m.loaded(answer, cx),
            Self::Form(m) => m.loaded(answer),
            Self::Filter(m) => m.loaded(answer),
            Self::Columns(_) => {}
        }
    }

    /// What it waits for does not come.
    pub fn failed(&mut self, why: &str) {
        match self {
            Self::Ask(m) => m.failed(why),
            Self::Choice(m) => m.failed(why),
            Self::Palette(_)
            | Self::Text(_)
            | Self::Form(_)
            | Self::Filter(_)
            | Self::Columns(_) => {}
        }
    }

    /// The form that it is, or that it was asked from.
    pub fn into_form(self) -> Option<Box<form::Form>> {
        match self {
            Self::Form(form) => Some(form),
            Self::Ask(ask) => ask.into_form(),
            Self::Text(_)
            | Self::Choice(_)
            | Self::Columns(_)
            | Self::Filter(_)
            | Self::Palette(_) => None,
        }
    }

    /// A question keeps the form that it was asked from: who says no finds it as it was.
    pub fn asked_from(&mut self, form: Box<form::Form>) {
        if let Self::Ask(ask) = self {
            ask.keep(form);
        }
    }

    /// Whether keys typed before it opened must not reach it.
    pub fn drops_type_ahead(&self) -> bool {
        match self {
            Self::Ask(_) => true,
            Self::Text(_)
            | Self::Choice(_)
            | Self::Columns(_)
            | Self::Form(_)
            | Self::Filter(_)
            | Self::Palette(_) => false,
        }
    }

    /// Draws it; gives the place of the text cursor.
    pub fn view(&self, canvas: &mut Buffer, area: Rect) -> Option<(u16, u16)> {
        match self {
            Self::Text(m) => m.view(canvas, area),
            Self::Choice(m) => m.view(canvas, area),
            Self::Form(m) => m.view(canvas, area),
            Self::Ask(m) => m.view(canvas, area),
            Self::Columns(m) => m.view(canvas, area),
            Self::Filter(m) => m.view(canvas, area),
            Self::Palette(m) => m.view(canvas, area),
        }
    }
}

/// Draws an input; gives the place of its cursor.
pub fn field(canvas: &mut Buffer, area: Rect, input: &Input) -> (u16, u16) {
    let width = usize::from(area.width.max(1));
    let scroll = input.visual_scroll(width.saturating_sub(1));
    let shown: String = {
        use unicode_width::UnicodeWidthChar;
        let mut skipped = 0;
        input
            .value()
            .chars()
            .skip_while(|c| {
                let skip = skipped < scroll;
                skipped += c.width().unwrap_or(0);
                skip
            })
            .collect()
    };
    put(canvas, area.x, area.y, area.width, &shown, theme::PLAIN);
    let at = input.visual_cursor().saturating_sub(scroll).min(width - 1);
    (area.x + at as u16, area.y)
}

/// Empties a part of the picture.
pub fn clear(canvas: &mut Buffer, area: Rect) {
    use unicode_width::UnicodeWidthStr;
    let area = area.intersection(canvas.area);
    for y in area.top()..area.bottom() {
        // A wide character that reaches into the box goes whole.
        if area.left() > canvas.area.left() && canvas[(area.left() - 1, y)].symbol().width() > 1 {
            canvas[(area.left() - 1, y)].reset();
        }
        for x in area.left()..area.right() {
            canvas[(x, y)].reset();
        }
    }
}

/// A framed box in the middle, emptied; gives its inside. A title that is longer than the box goes on
/// inside, whole: it may hold money.
pub fn frame(canvas: &mut Buffer, area: Rect, width: u16, height: u16, title: &str) -> Rect {
    let width = width.min(area.width);
    let mut titles = super::widget::wrap(title, usize::from(width.saturating_sub(6)));
    // Something of what the box holds is always seen.
    titles.truncate(usize::from(area.height.saturating_sub(8)).max(1));
    let more = titles.len().saturating_sub(1) as u16;
    let height = (height + more).min(area.height.saturating_sub(1)).max(3);
    let x = area.x + (area.width - width) / 2;
    let y = area.y + (area.height.saturating_sub(height)) / 2;
    let place = Rect { x, y, width, height };
    clear(canvas, place);
    let inner = usize::from(width.saturating_sub(2));
    let first = titles.first().map_or("", String::as_str);
    let label = super::widget::fit(&format!(" {first} "), inner);
    put(canvas, x, y, width, &format!("┌{}┐", "─".repeat(inner)), theme::DIM);
    put(canvas, x + 2, y, width.saturating_sub(4), &label, theme::BOLD);
    for row in 1..height - 1 {
        put(canvas, x, y + row, 1, "│", theme::DIM);
        put(canvas, x + width - 1, y + row, 1, "│", theme::DIM);
    }
    put(canvas, x, y + height - 1, width, &format!("└{}┘", "─".repeat(inner)), theme::DIM);
    for (row, line) in titles.iter().enumerate().skip(1) {
        put(canvas, x + 2, y + row as u16, width.saturating_sub(4), line, theme::BOLD);
    }
    let more = more.min(height - 3);
    let (y, height) = (y + 1 + more, height - 2 - more);
    Rect { x: x + 2, y, width: width.saturating_sub(4), height }
}

/// One key into an input; false if it is not for it.
pub fn edit(input: &mut Input, key: Key) -> bool {
    let request = match key {
        Key::Char(c) => InputRequest::InsertChar(c),
        Key::Backspace => InputRequest::DeletePrevChar,
        Key::Delete => InputRequest::DeleteNextChar,
        Key::Left => InputRequest::GoToPrevChar,
        Key::Right => InputRequest::GoToNextChar,
        Key::Home | Key::Ctrl('a') => InputRequest::GoToStart,
        Key::End | Key::Ctrl('e') => InputRequest::GoToEnd,
        Key::Ctrl('w') => InputRequest::DeletePrevWord,
        Key::Ctrl('u') => InputRequest::DeleteLine,
        Key::Ctrl('k') => InputRequest::DeleteTillEnd,
        Key::Ctrl(_)
        | Key::Enter
        | Key::Esc
        | Key::Tab
        | Key::BackTab
        | Key::Up
        | Key::Down
        | Key::PageUp
        | Key::PageDown => return false,
    };
    input.handle(request);
    true
}

/// Inserts text at the cursor of an input.
pub fn insert(input: &mut Input, text: &str) {
    for c in text.chars() {
        input.handle(InputRequest::InsertChar(c));
    }
}
