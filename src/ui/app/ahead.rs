//! Keys pressed while an answer is under way that they need: they wait behind it, in their order.
//! Done at once they would act on what is no longer there, or fall into the list.

use super::App;
use crate::ui::keymap::{Action, Key, find};
use crate::ui::modal::Modal;
use crate::ui::msg::{Part, ScreenId};
use crate::ui::widget::list::AnyList;

/// More than anybody types behind one answer.
const MOST: usize = 500;

/// What was typed.
#[derive(Debug)]
pub(super) enum Typed {
    Key(Key),
    Paste(String),
}

impl App {
    /// Does what was typed now, or puts it behind what waits.
    pub(super) fn typed(&mut self, typed: Typed) {
        let way_out = matches!(typed, Typed::Key(Key::Ctrl('c' | 'z' | 'l')));
        if way_out || (self.ahead.is_empty() && !self.must_wait(&typed)) {
            return self.take(typed);
        }
        if self.ahead.len() < MOST {
            self.ahead.push_back(typed);
        }
        if self.cx.under_way > 0 {
            self.say("being written: what is typed waits for it".to_owned());
        }
    }

    fn take(&mut self, typed: Typed) {
        self.notice = None;
        self.dirty = true;
        self.say_ended();
        match typed {
            Typed::Key(key) => self.key(key),
            Typed::Paste(text) => self.paste(&text),
        }
    }

    /// Does what waits, until something must wait again.
    pub(super) fn catch_up(&mut self) {
        while let Some(next) = self.ahead.front() {
            if self.must_wait(next) {
                return;
            }
            if let Some(typed) = self.ahead.pop_front() {
                self.take(typed);
                self.settle();
            }
        }
    }

    /// An answer did not come: what waited for it is not done.
    pub(super) fn give_up(&mut self, screen: ScreenId, words: String) {
        let n = if screen == self.screen { std::mem::take(&mut self.ahead).len() } else { 0 };
        if n > 0 {
            return self.say(format!("{words} (the {n} keys pressed meanwhile do nothing)"));
        }
        self.say(words);
    }

    /// A filter was refused. Its list says so, for as long as the filter stands: a notice would outlive it,
    /// or come up on another screen.
    pub(super) fn give_up_rows(&mut self, screen: ScreenId) {
        self.dirty = true;
        if screen == self.screen && !self.ahead.is_empty() {
            self.give_up(screen, "the filter is not understood".to_owned());
        }
    }

    fn must_wait(&self, typed: &Typed) -> bool {
        let awaits = |part| self.cx.awaits(self.screen, part);
        let Typed::Key(key) = typed else { return false };
        match self.modals.last() {
            Some(Modal::Choice(choice)) => {
                return *key != Key::Esc && choice.is_waiting() && awaits(Part::Dialog);
            }
            // The line to choose may be among those that are looked up.
            Some(Modal::Palette(palette)) => {
                return *key == Key::Enter && awaits(Part::Palette) && !palette.stays();
            }
            // What is completed is among the values that are being read.
            Some(Modal::Filter(_)) => {
                return matches!(key, Key::Tab | Key::BackTab) && awaits(Part::Dialog);
            }
            Some(Modal::Text(_) | Modal::Form(_) | Modal::Ask(_) | Modal::Columns(_)) => {
                return false;
            }
            None => {}
        }
        let Some(action) = find(&self.tables(), *key) else { return false };
        if action.is_about_no_row() {
            return false;
        }
        let list = self.screens.peek(self.screen).list();
        // What is opened is told by its row: not by one that is being read again.
        let other_rows =
            awaits(Part::Page) && (action == Action::Open || list.is_some_and(AnyList::is_moving));
        // A deed may move the rows: the next one waits until it is done and they are read again.
        let deed = action.needs_the_row_whole() && (self.cx.under_way > 0 || awaits(Part::Page));
        let taken_back = matches!(action, Action::Undo | Action::Redo)
            && (self.cx.under_way > 0 || self.cx.awaits(ScreenId::Today, Part::Deed));
        other_rows
            || deed
            || taken_back
            || [Part::Marks, Part::Within, Part::Hit, Part::Lost, Part::Past]
                .into_iter()
                .any(awaits)
            || (action.needs_the_row_whole() && awaits(Part::Detail))
    }
}
