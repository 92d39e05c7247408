//! The keys that are the same on every list: moving, marking, reading on.

use super::{CHUNK, Land, Listing, Shown, WIDE};
use crate::engine::query::Query;
use crate::store::read::{Filter, Seek};
use crate::ui::keymap::Action;
use crate::ui::msg::{Cx, Effect, Part};
use crate::ui::widget::counted;

impl<R: Shown> Listing<R> {
    /// Keeps the cursor in view, half a page further at the edge, and reads on in time.
    pub(super) fn follow(&mut self, cx: &mut Cx) {
        let height = Self::height(cx.size);
        let half = (height / 2).max(1);
        if self.cursor < self.top {
            self.top = if self.top - self.cursor > height {
                self.cursor.saturating_sub(half)
            } else {
                self.top.saturating_sub(half).min(self.cursor)
            };
        } else if self.cursor >= self.top + height {
            self.top = if self.cursor - self.top >= 2 * height {
                self.cursor.saturating_sub(half)
            } else {
                (self.top + half).max(self.cursor + 1 - height)
            };
        }
        let last_top = self.rows.len().saturating_sub(height);
        if !self.after {
            self.top = self.top.min(last_top);
        }
        self.top = self.top.min(self.cursor);
        let near_end = self.cursor + 2 * height >= self.rows.len();
        if self.after
            && near_end
            && !cx.awaits(self.screen, Part::After)
            && let Some(key) = self.rows.last().map(|r| r.key().clone())
        {
            self.ask(cx, Part::After, Seek::After(key), CHUNK);
        }
        if self.before
            && self.top < height
            && !cx.awaits(self.screen, Part::Before)
            && let Some(key) = self.rows.first().map(|r| r.key().clone())
        {
            self.ask(cx, Part::Before, Seek::Before(key), CHUNK);
        }
    }

    pub(super) fn step(&mut self, by: isize, cx: &mut Cx) {
        let last = self.rows.len().saturating_sub(1);
        self.put_cursor(self.cursor.saturating_add_signed(by).min(last), cx);
    }

    /// Puts the cursor on another row; the page that is being read keeps it there, not where it was when
    /// the page was asked for.
    fn put_cursor(&mut self, at: usize, cx: &mut Cx) {
        let stood = self.current().map(|row| Land::Row(row.id()));
        self.cursor = at;
        if stood == Some(self.land)
            && let Some(row) = self.current()
        {
            self.land = Land::Row(row.id());
        }
        self.follow(cx);
    }

    /// Moves to the next row; used after a row was dealt with.
    pub fn advance(&mut self, cx: &mut Cx) {
        self.step(1, cx);
    }

    /// Does what is the same on every list; false if the action is not one of these.
    pub fn act(&mut self, action: Action, cx: &mut Cx) -> bool {
        let height = Self::height(cx.size) as isize;
        let whole = matches!(
            action,
            Action::MarkAll | Action::Invert | Action::Csv | Action::NextHit | Action::PrevHit
        );
        if let Some(error) = self.error.as_ref().filter(|_| whole) {
            cx.say(format!("the filter is not understood: {error}"));
            return true;
        }
        match action {
            Action::Mark | Action::Range | Action::Yank | Action::YankRow
                if self.rows.is_empty() =>
            {
                cx.say("nothing here");
            }
            Action::Down => self.step(1, cx),
            Action::Up => self.step(-1, cx),
            Action::HalfDown => self.step(height / 2, cx),
            Action::HalfUp => self.step(-(height / 2), cx),
            Action::PageDown => self.page_by(height, cx),
            Action::PageUp => self.page_by(-height, cx),
            Action::Row(line) => {
                let at = self.top + usize::from(line);
                if at < self.rows.len() && usize::from(line) < Self::height(cx.size) {
                    self.put_cursor(at, cx);
                }
            }
            Action::Top => self.go_first(cx),
            Action::Bottom => self.go_last(cx),
            Action::Mark => {
                self.toggle(self.cursor);
                self.step(1, cx);
            }
            Action::MarkAll => {
                self.inverting = false;
                cx.load(self.screen, Part::Marks, Query::Marks(R::LIST, self.filter()));
            }
            Action::Range => self.mark_range(cx),
            Action::Invert => {
                self.inverting = true;
                cx.load(self.screen, Part::Marks, Query::Marks(R::LIST, self.filter()));
            }
            Action::Unmark => self.unmark(cx),
            Action::NextException => self.exception(true, cx),
            Action::PrevException => self.exception(false, cx),
            Action::NextHit => self.hit(true, cx),
            Action::PrevHit => self.hit(false, cx),
            Action::NextTab => {
                let next = (self.tab + 1) % self.tabs.len().max(1);
                self.set_tab(next, cx);
            }
            Action::Freeze => self.freeze(cx),
            Action::Details if cx.size.0 < WIDE => {
                cx.say(format!(
                    "details stand beside the list from {WIDE} columns; Tab shows them"
                ));
            }
            Action::Details => self.pane = !self.pane,
            Action::Yank | Action::YankRow => self.copy(action, cx),
            Action::Csv => cx.effects.push(Effect::Export {
                list: R::LIST,
                filter: self.filter(),
                sort: self.sort,
            }),
            _ => return false,
        }
        true
    }

    fn go_first(&mut self, cx: &mut Cx) {
        if self.before {
            return self.restart(cx);
        }
        self.fresh = 0;
        self.put_cursor(0, cx);
    }

    fn go_last(&mut self, cx: &mut Cx) {
        if self.after {
            self.land = Land::Last;
            return self.ask(cx, Part::Page, Seek::Last, CHUNK);
        }
        self.put_cursor(self.rows.len().saturating_sub(1), cx);
    }

    fn unmark(&mut self, cx: &mut Cx) {
        let marks = std::mem::take(&mut self.marks);
        if marks.is_empty() {
            return cx.say("nothing is marked");
        }
        cx.say(format!("{} taken off, u brings them back", counted(marks.len(), "mark", "marks")));
        self.lost_marks.push(marks);
    }

    fn freeze(&mut self, cx: &mut Cx) {
        self.frozen = !self.frozen;
        if self.frozen {
            cx.say("frozen: what others change is not shown until z is pressed again");
        } else {
            self.reload(cx);
        }
    }

    /// What the row is called, or all that it shows.
    fn copy(&self, action: Action, cx: &mut Cx) {
        let Some(row) = self.current() else { return };
        if action == Action::Yank {
            return cx.copy(row.label());
        }
        let cells: Vec<String> = row.cells(true, cx).into_iter().map(|(t, _)| t).collect();
        cx.copy_whole(&row.label(), cells.join("\t"), &cells.join("\n"));
    }

    fn page_by(&mut self, rows: isize, cx: &mut Cx) {
        let last = self.rows.len().saturating_sub(1);
        self.top = self.top.saturating_add_signed(rows).min(last);
        self.step(rows, cx);
    }

    fn exception(&mut self, forward: bool, cx: &mut Cx) {
        let here = self.cursor;
        let found = if forward {
            (here + 1..self.rows.len()).find(|i| self.rows[*i].is_exception())
        } else {
            (0..here).rev().find(|i| self.rows[*i].is_exception())
        };
        match found {
            Some(at) => self.put_cursor(at, cx),
            None => cx.say("no further exception"),
        }
    }

    /// Next or previous match of the last filter: in the filtered list simply the next row.
    fn hit(&mut self, forward: bool, cx: &mut Cx) {
        if self.typed.trim().is_empty() && self.last_typed.is_empty() {
            return cx.say("no filter yet: / filters as you type");
        }
        if !self.typed.trim().is_empty() {
            return self.step(if forward { 1 } else { -1 }, cx);
        }
        let Some(key) = self.current().map(|r| r.key().clone()) else { return };
        let seek = if forward { Seek::After(key) } else { Seek::Before(key) };
        let mut args = self.args(seek, 1);
        args.filter = args.filter.and(&Filter::parse(&self.last_typed).unwrap_or_default());
        cx.load(self.screen, Part::Hit, Query::List(R::LIST, args));
    }
}
