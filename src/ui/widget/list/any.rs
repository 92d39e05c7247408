//! A list whatever its rows are: what the console asks of the list of any screen.

use super::{Listing, Placed, Shown, Tab};
use crate::engine::query::SavedFilter;
use crate::ui::msg::Cx;

/// A list of any rows.
pub trait AnyList {
    /// Ready filters.
    fn tabs(&self) -> &[Tab];
    /// Which of them is chosen.
    fn chosen(&self) -> usize;
    /// The name of the chosen one.
    fn tab_name(&self) -> &str;
    /// What is typed behind `/`.
    fn typed(&self) -> &str;
    /// The ready filter under which something is typed, by its name, and all that narrows it.
    fn narrowed(&self) -> (String, String);
    /// Why nothing is shown: the filter is not understood.
    fn error(&self) -> Option<&str>;
    /// Shows nothing, and why: the filter is not understood.
    fn refuse(&mut self, error: String, cx: &mut Cx);
    /// Whether the page that is read will stand on another row than the one under the cursor.
    fn is_moving(&self) -> bool;
    /// Whether details stand beside it on a screen of this width.
    fn has_beside(&self, width: u16) -> bool;
    /// The row under the cursor in words, its columns by name; none where there is none.
    fn told(&self, cx: &Cx) -> Option<String>;
    /// Filter and order on the left, place and sum on the right.
    fn heads(&self, width: usize) -> (String, String);
    /// Takes the filters that clerks saved for this list.
    fn saved(&mut self, filters: &[SavedFilter]);
    /// Marks with their money, for the status row.
    fn mark_words(&self) -> Option<String>;
    /// Brings back marks that were taken off; false if there are none.
    fn undo_unmark(&mut self) -> bool;
    /// Something else was done since: `u` is for that now.
    fn forget_unmarked(&mut self);
    /// The columns that the clerk placed; empty: as they are made.
    fn placed(&self) -> &[Placed];
    /// The columns as they were placed in another session.
    fn put_placed(&mut self, placed: Vec<Placed>);
    /// Filter, order and marks, for the session.
    fn save(&self) -> serde_json::Value;
    /// Back from a session; the list is read when its screen is entered.
    fn restore(&mut self, saved: &serde_json::Value);
}

impl<R: Shown> AnyList for Listing<R> {
    fn tabs(&self) -> &[Tab] {
        &self.tabs
    }

    fn chosen(&self) -> usize {
        self.tab
    }

    fn tab_name(&self) -> &str {
        self.tabs.get(self.tab).map_or("", |t| t.name.as_str())
    }

    fn typed(&self) -> &str {
        &self.typed
    }

    fn narrowed(&self) -> (String, String) {
        match self.tabs.get(self.tab) {
            Some(tab) if tab.saved => {
                let text = format!("{} {}", tab.filter, self.typed);
                (tab.base.clone(), text.trim().to_owned())
            }
            Some(tab) => (tab.name.clone(), self.typed.clone()),
            None => (String::new(), self.typed.clone()),
        }
    }

    fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }

    fn refuse(&mut self, error: String, cx: &mut Cx) {
        Listing::refuse(self, error, cx);
    }

    fn is_moving(&self) -> bool {
        self.moves()
    }

    fn has_beside(&self, width: u16) -> bool {
        self.is_beside(width)
    }

    fn told(&self, cx: &Cx) -> Option<String> {
        self.row_in_words(cx)
    }

    fn heads(&self, width: usize) -> (String, String) {
        self.headline(width)
    }

    fn saved(&mut self, filters: &[SavedFilter]) {
        let screen = self.screen.name().to_lowercase();
        let chosen = self.tabs.get(self.tab).map(|t| t.name.clone());
        self.tabs.retain(|t| !t.saved);
        let first = self.tabs.first().map_or(super::Sort::Newest, |t| t.sort);
        for SavedFilter { name, tab, text, .. } in filters.iter().filter(|f| f.screen == screen) {
            let base = self.tabs.iter().find(|t| !t.saved && t.name == *tab);
            let sort = base.map_or(first, |t| t.sort);
            self.tabs.push(Tab { saved: true, base: tab.clone(), ..Tab::new(name, text, sort) });
        }
        let here = self.tabs.iter().position(|t| Some(&t.name) == chosen.as_ref());
        self.tab = here.unwrap_or(0);
    }

    fn mark_words(&self) -> Option<String> {
        Listing::mark_words(self)
    }

    fn undo_unmark(&mut self) -> bool {
        match self.lost_marks.pop() {
            Some(marks) => {
                self.marks.extend(marks);
                true
            }
            None => false,
        }
    }

    fn forget_unmarked(&mut self) {
        self.lost_marks.clear();
    }

    fn placed(&self) -> &[Placed] {
        &self.placed
    }

    fn put_placed(&mut self, placed: Vec<Placed>) {
        self.placed = placed;
    }

    fn save(&self) -> serde_json::Value {
        Listing::save(self)
    }

    fn restore(&mut self, saved: &serde_json::Value) {
        Listing::restore(self, saved);
    }
}
