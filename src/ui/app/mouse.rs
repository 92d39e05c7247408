//! The wheel moves, a click chooses. Neither ever runs a key of a screen, hands a form in or answers a
//! question: what a hand touches by accident does nothing that stays.

use super::App;
use super::ahead::Typed;
use crate::ui::keymap::{Action, Key};
use crate::ui::modal::choice::{Choice, Item};
use crate::ui::modal::{Intent, Modal};
use crate::ui::msg::{Mouse, Part, ScreenId};

/// Rows for one notch of the wheel.
const NOTCH: usize = 3;
/// The row with the filter, and that of the first row of the list.
const FILTER: u16 = 1;
const FIRST: u16 = 3;

impl App {
    pub(super) fn mouse(&mut self, mouse: Mouse) {
        match mouse {
            Mouse::Up => self.wheel(false),
            Mouse::Down => self.wheel(true),
            Mouse::Click(x, y) => self.click(x, y),
        }
    }

    fn wheel(&mut self, down: bool) {
        let key = match self.modals.last() {
            Some(modal) => modal.wheel(down),
            None => Some(if down { Key::Down } else { Key::Up }),
        };
        for _ in 0..NOTCH {
            // What waits for an answer may open something else, where the key means another thing.
            if let Some(key) = key.filter(|_| self.ahead.is_empty()) {
                self.typed(Typed::Key(key));
            }
        }
    }

    fn click(&mut self, x: u16, y: u16) {
        self.dirty = true;
        if let Some(modal) = self.modals.last_mut() {
            return modal.click(y);
        }
        let width = self.cx.size.0;
        let Some(list) = self.screens.peek(self.screen).list() else {
            if self.screen == ScreenId::Today && y >= FIRST && self.ahead.is_empty() {
                self.act(Action::Row(y - FIRST));
            }
            return;
        };
        if y == FILTER {
            return self.choose_tab();
        }
        let beside = list.has_beside(width) && x >= width - width * 2 / 5 - 3;
        let moving = self.cx.awaits(self.screen, Part::Page) && list.is_moving();
        if y >= FIRST && !beside && !moving && self.ahead.is_empty() {
            self.act(Action::Row(y - FIRST));
        }
    }

    /// The ready filters, to choose from.
    fn choose_tab(&mut self) {
        let tabs = self.tab_names();
        let items = tabs.into_iter().enumerate().map(|(n, (name, tab))| {
            let key = char::from_digit(n as u32 + 1, 10).filter(|_| n < 9);
            Item { key, label: name, hint: String::new(), intent: Some(Intent::Tab(tab)) }
        });
        let choice = Choice::new("Ready filters", items.collect());
        self.offer(Modal::Choice(choice));
    }
}
