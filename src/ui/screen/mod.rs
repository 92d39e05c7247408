//! The screens. A screen file goes: what the clerk does here, `KEYS`, state, update, view.
//!
//! A screen sees rows and commands, never the store: it asks by [`Cx::load`] and [`Cx::commit`].

pub mod accounts;
mod agreed;
pub mod bank;
pub mod books;
pub mod delivery;
pub mod document;
pub mod failed;
pub mod invoices;
pub mod jobs;
pub mod listed;
pub mod log;
pub mod notes;
pub mod runs;
pub mod today;
pub mod unapplied;

use super::keymap::{Action, Binding};
use super::modal::Intent;
use super::msg::{Cx, Part};
use super::widget::list::AnyList;
use crate::engine::command::{Command, Receipt};
use crate::engine::query::Answer;
use crate::store::Topic;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// What the console asks of a screen.
pub trait Screen {
    /// The keys that are this screen's own.
    fn keys(&self) -> &'static [Binding];
    /// Its list; a screen without one knows no keys of lists.
    fn list(&self) -> Option<&dyn AnyList> {
        None
    }
    /// Whether the list is what is shown; a document may lie over it.
    fn is_list(&self) -> bool {
        true
    }
    /// Its list, to change it.
    fn list_mut(&mut self) -> Option<&mut dyn AnyList> {
        None
    }
    /// The filter of its list was refused; false where it has none.
    fn refuse(&mut self, error: String, cx: &mut Cx) -> bool {
        self.list_mut().map(|list| list.refuse(error, cx)).is_some()
    }
    /// Where in the screen we are, for the title row.
    fn crumb(&self) -> String {
        self.list().map(|l| l.tab_name().to_owned()).unwrap_or_default()
    }
    /// Shown again, or for the first time.
    fn enter(&mut self, cx: &mut Cx);
    /// A key's meaning; false if it means nothing here.
    fn act(&mut self, action: Action, cx: &mut Cx) -> bool;
    /// What a modal wants; false if it is not for the screen.
    fn intent(&mut self, intent: &Intent, cx: &mut Cx) -> bool;
    /// An answer.
    fn loaded(&mut self, part: Part, answer: Answer, cx: &mut Cx);
    /// Somebody wrote.
    fn changed(&mut self, topics: &[Topic], cx: &mut Cx);
    /// What came of a command this console gave.
    fn done(&mut self, _command: &Command, _receipt: &Receipt, _cx: &mut Cx) {}
    /// Draws everything between the title row and the status row.
    fn view(&self, canvas: &mut Buffer, area: Rect, cx: &Cx);
    /// Why an action of its table cannot be had now.
    fn unavailable(&self, _action: Action) -> Option<String> {
        None
    }
    /// The document that is open over the list.
    fn reading(&self) -> Option<i64> {
        None
    }
    /// What the palette has beside its keys: words, command line, what it does.
    fn more_commands(&self) -> Vec<(String, String, Intent)> {
        Vec::new()
    }
    /// The document under the cursor.
    fn document(&self) -> Option<i64> {
        None
    }
}
