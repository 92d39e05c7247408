//! The eight screens. A screen file goes: what the clerk does here, `KEYS`, state, update, view.
//!
//! A screen sees rows and commands, never the store: it asks by [`Cx::load`] and [`Cx::commit`].

pub mod accounts;
pub mod delivery;
pub mod document;
pub mod failed;
pub mod invoices;
pub mod jobs;
pub mod log;
pub mod runs;
pub mod today;
pub mod unapplied;

use super::keymap::{Action, Binding};
use super::modal::choice::{Choice, Item};
use super::modal::{FilterLine, Intent, Modal};
use super::msg::{Cx, Part};
use super::theme;
use super::widget::list::{Listing, Shown};
use super::widget::{Line, grouped, progress, put, put_right};
use crate::engine::command::{Command, Receipt};
use crate::engine::query::{Answer, Query};
use crate::store::Topic;
use crate::store::read::Field;
use crate::store::read::jobs::JobRow;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// What the console asks of a screen.
pub trait Screen {
    /// The keys that are this screen's own.
    fn keys(&self) -> &'static [Binding];
    /// Whether the keys of lists work here.
    fn is_list(&self) -> bool {
        true
    }
    /// Where in the screen we are, for the title row.
    fn crumb(&self) -> String {
        String::new()
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
    /// Marks with their money, for the status row.
    fn marks(&self) -> Option<String> {
        None
    }
    /// Why an action of its table cannot be had now.
    fn unavailable(&self, _action: Action) -> Option<String> {
        None
    }
    /// The document under the cursor.
    fn document(&self) -> Option<i64> {
        None
    }
    /// Filter and marks for the session.
    fn save(&self) -> serde_json::Value {
        serde_json::Value::Null
    }
    /// Back from a session.
    fn restore(&mut self, _saved: &serde_json::Value) {}
}

/// What is the same for every list: actions that open a modal over it.
pub fn list_action<R: Shown>(
    list: &mut Listing<R>,
    groups: &[Field],
    action: Action,
    cx: &mut Cx,
) -> bool {
    match action {
        Action::Filter => cx.open.push(Modal::Filter(FilterLine::new(&list.typed))),
        Action::Sort => {
            let items = list
                .sorts
                .iter()
                .zip('1'..='9')
                .map(|(sort, key)| Item::new(key, sort.as_str(), Intent::Sort(*sort)));
            cx.open.push(Modal::Choice(Choice::new("Sort by", items.collect())));
        }
        Action::Group => {
            if groups.is_empty() {
                cx.say("this list has no groups; / filters it");
                return true;
            }
            let items = groups
                .iter()
                .zip('1'..='9')
                .map(|(field, key)| Item::new(key, field.as_str(), Intent::Group(*field)));
            cx.open.push(Modal::Choice(Choice::new("Group by", items.collect())));
        }
        Action::Back => {
            if !list.typed.is_empty() {
                list.set_typed("", cx);
            } else if list.tab != 0 {
                list.set_tab(0, cx);
            } else {
                return false;
            }
        }
        other => return list.act(other, cx),
    }
    true
}

/// What is the same for every list: what modals want of it.
pub fn list_intent<R: Shown>(list: &mut Listing<R>, intent: &Intent, cx: &mut Cx) -> bool {
    match intent {
        Intent::Typed(text) => list.set_typed(text, cx),
        Intent::Term(term) => {
            let text = format!("{} {term}", list.typed);
            list.set_typed(text.trim(), cx);
        }
        Intent::Tab(tab) => list.set_tab(*tab, cx),
        Intent::Sort(sort) => {
            list.sort = *sort;
            list.restart(cx);
        }
        Intent::Group(field) => {
            cx.open.push(Modal::Choice(Choice::waiting(format!("By {field}"))));
            cx.load(list.screen(), Part::Dialog, Query::Groups(R::LIST, list.filter(), *field));
        }
        Intent::Act(_)
        | Intent::Go(..)
        | Intent::Commit { .. }
        | Intent::Open(_)
        | Intent::Copy(_)
        | Intent::Post(_)
        | Intent::Restore
        | Intent::RetryGroup(_)
        | Intent::Document(_) => return false,
    }
    true
}

/// The work that goes on, for wide screens that need no preview.
fn jobs_strip(cx: &Cx) -> Vec<Line> {
    let line = |job: &JobRow| {
        let bar = progress(job.done, job.total, 20);
        Line::of(
            format!(
                "{} {} {bar} {}/{}  {} failed  {}",
                job.kind,
                job.subject,
                grouped(job.done),
                grouped(job.total),
                grouped(job.failed),
                job.state.to_lowercase()
            ),
            theme::DIM,
        )
    };
    cx.foot.jobs.iter().take(2).map(line).collect()
}

/// From how many columns the document stands beside the list.
pub const WIDE: u16 = 120;

/// Draws a list screen: headline, list, and either two rows of preview or the detail beside it.
pub fn view_list<R: Shown>(
    list: &Listing<R>,
    preview: &[Line],
    detail: Option<&[Line]>,
    canvas: &mut Buffer,
    area: Rect,
    cx: &Cx,
) {
    let (left, right) = list.headline();
    let half = area.width.saturating_sub(right.len() as u16 + 3);
    put(canvas, area.x + 1, area.y, half, &left, theme::KEY);
    put_right(canvas, area.x, area.y, area.width.saturating_sub(1), &right, theme::PLAIN);
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(3), ..area };
    let foot = Rect { y: area.bottom().saturating_sub(2), height: 2, ..area };
    match detail {
        Some(lines) if area.width >= WIDE => {
            let beside = area.width * 2 / 5;
            let list_area = Rect { width: area.width - beside - 2, ..body };
            list.view(canvas, list_area, cx);
            let x = list_area.right();
            for y in body.top()..body.bottom() {
                put(canvas, x, y, 1, "│", theme::DIM);
            }
            for (row, line) in lines.iter().take(usize::from(body.height)).enumerate() {
                line.draw(canvas, x + 2, body.y + row as u16, beside.saturating_sub(1));
            }
        }
        Some(_) | None => list.view(canvas, body, cx),
    }
    let strip: Vec<Line> = if preview.is_empty() { jobs_strip(cx) } else { Vec::new() };
    for (row, line) in preview.iter().chain(&strip).take(2).enumerate() {
        line.draw(canvas, foot.x + 1, foot.y + row as u16, foot.width.saturating_sub(2));
    }
}
