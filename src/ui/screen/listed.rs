//! What the screens that are one list have in common, and the keys that are the same on every list.

use super::Screen;
use super::jobs::how_far;
use crate::engine::command::{Command, Receipt};
use crate::engine::query::{Answer, Query};
use crate::store::Topic;
use crate::store::read::jobs::JobRow;
use crate::store::read::{Field, ListRow, Sort};
use crate::ui::keymap::{Action, Binding};
use crate::ui::modal::choice::{Choice, Item};
use crate::ui::modal::text::TextBox;
use crate::ui::modal::{FilterLine, Intent, Modal};
use crate::ui::msg::{Cx, Part};
use crate::ui::theme;
use crate::ui::widget::list::{AnyList, Listing, Shown};
use crate::ui::widget::{Line, put, put_right};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

/// A screen that is one list: its own keys and what it says of a row; the rest is the same.
pub trait ListScreen {
    type Row: Shown;
    /// The keys that are its own.
    const KEYS: &'static [Binding];
    /// What its rows can be grouped by.
    const GROUPS: &'static [Field] = &[];
    /// It is read again when one of these was written.
    const TOPICS: &'static [Topic];

    /// The list.
    fn rows(&self) -> &Listing<Self::Row>;
    /// The list, to change it.
    fn rows_mut(&mut self) -> &mut Listing<Self::Row>;
    /// Does one of its own keys; false if it is none.
    fn own(&mut self, action: Action, cx: &mut Cx) -> bool;
    /// Two rows about the row under the cursor.
    fn preview(&self, width: usize, cx: &Cx) -> Vec<Line>;
    /// All about the row under the cursor: beside the list, or over it.
    fn about(&self, width: usize, cx: &Cx) -> Vec<Line>;
    /// Shown again; the list is being read.
    fn entered(&mut self, _cx: &mut Cx) {}
    /// The cursor stands on another row, or the list was read.
    fn moved(&mut self, _cx: &mut Cx) {}
    /// An answer that is not for the list.
    fn answered(&mut self, _answer: Answer) {}
    /// A command of this console was done.
    fn wrote(&mut self, _command: &Command, _receipt: &Receipt) {}
    /// Whether a command has dealt with what was marked.
    fn ends_marks(_command: &Command) -> bool {
        false
    }
    /// The document of the row under the cursor.
    fn document_here(&self) -> Option<i64> {
        None
    }

    /// Opens what there is to say about the row under the cursor.
    fn show_about(&self, cx: &mut Cx) {
        let Some(row) = self.rows().current() else { return cx.say("nothing here") };
        let width = usize::from(cx.size.0).saturating_sub(12).clamp(30, 88);
        let lines = self.about(width, cx);
        cx.open.push(Modal::Text(TextBox::new(row.label(), lines)));
    }
}

impl<T: ListScreen> Screen for T {
    fn keys(&self) -> &'static [Binding] {
        T::KEYS
    }

    fn list(&self) -> Option<&dyn AnyList> {
        Some(self.rows())
    }

    fn list_mut(&mut self) -> Option<&mut dyn AnyList> {
        Some(self.rows_mut())
    }

    fn enter(&mut self, cx: &mut Cx) {
        self.entered(cx);
        self.rows_mut().reload(cx);
    }

    fn act(&mut self, action: Action, cx: &mut Cx) -> bool {
        if self.own(action, cx) {
            return true;
        }
        if matches!(action, Action::Explain | Action::OtherPane) {
            self.show_about(cx);
            return true;
        }
        if self.rows().current().is_none() && T::KEYS.iter().any(|b| b.action == action) {
            cx.say("nothing here");
            return true;
        }
        let before = self.rows().current().map(ListRow::id);
        let known = list_action(self.rows_mut(), T::GROUPS, action, cx);
        if self.rows().current().map(ListRow::id) != before {
            self.moved(cx);
        }
        known
    }

    fn intent(&mut self, intent: &Intent, cx: &mut Cx) -> bool {
        list_intent(self.rows_mut(), intent, cx)
    }

    fn loaded(&mut self, part: Part, answer: Answer, cx: &mut Cx) {
        match self.rows_mut().loaded(part, answer, cx) {
            None if matches!(part, Part::Page | Part::Hit) => self.moved(cx),
            None => {}
            Some(answer) => self.answered(answer),
        }
    }

    fn changed(&mut self, topics: &[Topic], cx: &mut Cx) {
        if !self.rows().frozen && topics.iter().any(|t| T::TOPICS.contains(t)) {
            self.enter(cx);
        }
    }

    fn done(&mut self, command: &Command, receipt: &Receipt, _cx: &mut Cx) {
        self.wrote(command, receipt);
        if T::ends_marks(command) {
            self.rows_mut().marks.clear();
        }
    }

    fn view(&self, canvas: &mut Buffer, area: Rect, cx: &Cx) {
        if self.rows().is_beside(area.width) {
            let shown = self.about(beside(area.width), cx);
            return view_list(self.rows(), &[], Some(&shown), canvas, area, cx);
        }
        let preview = self.preview(usize::from(area.width).saturating_sub(2), cx);
        view_list(self.rows(), &preview, None, canvas, area, cx);
    }

    fn unavailable(&self, action: Action) -> Option<String> {
        list_unavailable::<T::Row>(T::GROUPS, action)
    }

    fn document(&self) -> Option<i64> {
        self.document_here()
    }
}

/// Why a key of lists means nothing on this one.
pub fn list_unavailable<R: Shown>(groups: &[Field], action: Action) -> Option<String> {
    let why = match action {
        Action::Mark | Action::MarkAll | Action::Range | Action::Invert | Action::Unmark
            if !R::MARKS =>
        {
            "no key of this list acts on marks"
        }
        Action::Group if groups.is_empty() => "this list has no groups; / filters it",
        _ => return None,
    };
    Some(why.to_owned())
}

/// What is the same for every list: actions that open a modal over it.
pub fn list_action<R: Shown>(
    list: &mut Listing<R>,
    groups: &[Field],
    action: Action,
    cx: &mut Cx,
) -> bool {
    if let Some(why) = list_unavailable::<R>(groups, action) {
        cx.say(why);
        return true;
    }
    match action {
        Action::Filter => {
            let of = (list.screen(), R::LIST);
            let line = FilterLine::open(&list.typed, of, list.under(), cx);
            cx.open.push(Modal::Filter(Box::new(line)));
        }
        Action::Sort => {
            let now =
                |sort: Sort| if sort == list.sort.by { "again: the other way round" } else { "" };
            let keys = ('1'..='9').chain('a'..='i');
            let item = |(sort, key): (&Sort, char)| {
                Item::new(key, sort.as_str(), Intent::Sort(*sort)).hint(now(*sort))
            };
            let items = list.sorts.iter().zip(keys).map(item).collect();
            cx.open.push(Modal::Choice(Choice::new("Sort by", items)));
        }
        Action::Columns => cx.open.push(Modal::Columns(Box::new(list.columns_box(cx)))),
        Action::Group => {
            let items = groups
                .iter()
                .zip('1'..='9')
                .map(|(field, key)| Item::new(key, field.as_str(), Intent::Group(*field)));
            cx.open.push(Modal::Choice(Choice::new("Group by", items.collect())));
        }
        Action::Back => {
            if !list.typed.is_empty() {
                list.widen(cx);
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
            list.sort = list.sort.turned(*sort);
            list.restart(cx);
        }
        Intent::Columns(placed) => list.place(placed, cx),
        Intent::Group(_) if list.error.is_some() => cx.say("the filter is not understood"),
        Intent::Group(field) => {
            cx.open.push(Modal::Choice(Choice::waiting(format!("By {field}"))));
            cx.load(list.screen(), Part::Dialog, Query::Groups(R::LIST, list.filter(), *field));
        }
        Intent::Act(_)
        | Intent::Go(..)
        | Intent::Commit { .. }
        | Intent::Open(_)
        | Intent::Copy(_)
        | Intent::Payment(..)
        | Intent::Page(..)
        | Intent::WritePage(..)
        | Intent::Post(_)
        | Intent::Look(_)
        | Intent::Restore
        | Intent::Afresh
        | Intent::Rescued(_)
        | Intent::RetryGroup(_)
        | Intent::Claim(_)
        | Intent::Document(_) => return false,
    }
    true
}

/// The work that goes on, for wide screens that need no preview.
fn jobs_strip(cx: &Cx) -> Vec<Line> {
    let line = |job: &JobRow| {
        let on = if job.subject == job.kind { "" } else { job.subject.as_str() };
        let (far, state) = (how_far(job), job.state.to_lowercase());
        Line::of(format!("{} {on} {far}  {state}", job.kind), theme::DIM)
    };
    cx.foot.jobs.iter().take(2).map(line).collect()
}

/// Columns for the text beside a list.
pub fn beside(width: u16) -> usize {
    usize::from(width * 2 / 5).saturating_sub(3)
}

/// Draws a list screen: headline, list, and either two rows of preview or the detail beside it.
pub fn view_list<R: Shown>(
    list: &Listing<R>,
    preview: &[Line],
    detail: Option<&[Line]>,
    canvas: &mut Buffer,
    area: Rect,
    cx: &Cx,
) {
    let (left, right) = list.headline(usize::from(area.width));
    let half = area.width.saturating_sub(right.len() as u16 + 3);
    put(canvas, area.x + 1, area.y, half, &left, theme::KEY);
    put_right(canvas, area.x, area.y, area.width.saturating_sub(1), &right, theme::PLAIN);
    let used = left.width() + 3;
    let strip = list.strip(usize::from(area.width).saturating_sub(used + right.width() + 3));
    put(canvas, area.x + used as u16, area.y, area.width, &strip, theme::DIM);
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(3), ..area };
    let foot = Rect { y: area.bottom().saturating_sub(2), height: 2, ..area };
    match detail {
        Some(lines) if list.is_beside(area.width) => {
            let beside = area.width * 2 / 5;
            let list_area = Rect { width: area.width - beside - 3, ..body };
            list.view(canvas, list_area, cx);
            let x = list_area.right() + 1;
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
