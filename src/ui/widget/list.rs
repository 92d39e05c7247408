//! A list of any length: a window of rows read by key, a cursor that follows its row by id, marks
//! that outlive filters and reloads.

use super::{put, put_right};
use crate::engine::query::{Answer, ListName, Query, money_words};
use crate::store::read::{Filter, ListArgs, ListRow, Marked, Page, Seek, Sort, Totals};
use crate::ui::keymap::Action;
use crate::ui::msg::{Cx, Part, ScreenId};
use crate::ui::theme;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use std::collections::BTreeMap;
use unicode_width::UnicodeWidthStr;

/// Rows read at once.
const CHUNK: usize = 200;
/// Rows kept at most.
const KEEP: usize = 1200;

/// One column of a list.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its heading.
    pub title: &'static str,
    /// Columns it takes; of a right-aligned one the least.
    pub width: u16,
    /// Amounts and counts stand right and are never cut.
    pub right: bool,
    /// Takes what is left over; at least `width`.
    pub flex: bool,
    /// Dropped when it is narrow, highest first; 0 never.
    pub rank: u8,
}

/// A row a screen can show.
pub trait Shown: ListRow {
    /// Which list it is of.
    const LIST: ListName;
    /// Takes its page out of an answer.
    fn page(answer: Answer) -> Option<Page<Self>>;
    /// The columns.
    fn columns() -> &'static [Column];
    /// One text for each column; `code` says whether amounts need their currency beside them.
    fn cells(&self, code: bool, cx: &Cx) -> Vec<(String, Style)>;
    /// How a clerk calls it.
    fn label(&self) -> String;
}

/// A ready filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tab {
    /// Its name.
    pub name: String,
    /// Its filter.
    pub filter: String,
    /// Its order.
    pub sort: Sort,
}

impl Tab {
    /// A tab.
    pub fn new(name: &str, filter: &str, sort: Sort) -> Self {
        Self { name: name.to_owned(), filter: filter.to_owned(), sort }
    }
}

/// What to put the cursor on when a page arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Land {
    First,
    Last,
    Row(i64),
}

/// The state of one list.
pub struct Listing<R> {
    screen: ScreenId,
    /// Ready filters.
    pub tabs: Vec<Tab>,
    /// Which of them is chosen.
    pub tab: usize,
    /// What is typed behind `/`.
    pub typed: String,
    /// The order.
    pub sort: Sort,
    /// The orders to choose from.
    pub sorts: &'static [Sort],
    /// The rows read.
    pub rows: Vec<R>,
    /// Rank of the first of them in the whole list.
    first: usize,
    before: bool,
    after: bool,
    cursor: usize,
    top: usize,
    land: Land,
    /// Count and money of what matches.
    pub totals: Option<Totals>,
    /// Marked rows, also those outside the filter.
    pub marks: BTreeMap<i64, Marked>,
    lost_marks: Vec<BTreeMap<i64, Marked>>,
    range: Option<usize>,
    /// A row to stand on when the list is first read.
    wanted: Option<i64>,
    /// Rows that came meanwhile.
    pub fresh: i64,
    /// No updates.
    pub frozen: bool,
    /// Why nothing is shown.
    pub error: Option<String>,
    last_typed: String,
    widths: Vec<u16>,
    /// Whether anything was ever read.
    pub ready: bool,
}

impl<R: Shown> Listing<R> {
    /// An empty list of a screen; [`Self::reload`] fills it.
    pub fn new(screen: ScreenId, tabs: Vec<Tab>, sorts: &'static [Sort]) -> Self {
        let sort = tabs.first().map_or(Sort::Newest, |t| t.sort);
        Self {
            screen,
            tabs,
            tab: 0,
            typed: String::new(),
            sort,
            sorts,
            rows: Vec::new(),
            first: 0,
            before: false,
            after: false,
            cursor: 0,
            top: 0,
            land: Land::First,
            totals: None,
            marks: BTreeMap::new(),
            lost_marks: Vec::new(),
            range: None,
            wanted: None,
            fresh: 0,
            frozen: false,
            error: None,
            last_typed: String::new(),
            widths: Vec::new(),
            ready: false,
        }
    }

    /// Rows of the list on a screen of this size: title, filter and headings above; two rows of
    /// preview, status and keys below.
    pub fn height(size: (u16, u16)) -> usize {
        usize::from(size.1.saturating_sub(7)).max(1)
    }

    /// The row under the cursor.
    pub fn current(&self) -> Option<&R> {
        self.rows.get(self.cursor)
    }

    /// Where the cursor is in the whole list, from 1.
    pub fn rank(&self) -> usize {
        self.first + self.cursor + 1
    }

    /// The whole filter: tab and typed.
    pub fn filter(&self) -> Filter {
        let tab = self.tabs.get(self.tab).map_or("", |t| t.filter.as_str());
        let tab = Filter::parse(tab).unwrap_or_default();
        tab.and(&Filter::parse(&self.typed).unwrap_or_default())
    }

    fn args(&self, seek: Seek, limit: usize) -> ListArgs {
        ListArgs { filter: self.filter(), sort: self.sort, seek, limit }
    }

    fn ask(&self, cx: &mut Cx, part: Part, seek: Seek, limit: usize) {
        if part == Part::Page {
            // What was asked for the list as it was does not fit the new one.
            cx.forget(self.screen, Part::After);
            cx.forget(self.screen, Part::Before);
        }
        cx.load(self.screen, part, Query::List(R::LIST, self.args(seek, limit)));
    }

    /// Reads the list anew from the top.
    pub fn restart(&mut self, cx: &mut Cx) {
        self.land = Land::First;
        self.fresh = 0;
        self.ask(cx, Part::Page, Seek::First, CHUNK);
        self.count(cx);
    }

    fn count(&self, cx: &mut Cx) {
        cx.load(self.screen, Part::Totals, Query::Totals(R::LIST, self.filter()));
    }

    /// Reads again what is shown; the cursor stays on its row.
    pub fn reload(&mut self, cx: &mut Cx) {
        if self.land == Land::First && cx.awaits(self.screen, Part::Page) {
            return self.restart(cx);
        }
        let Some(id) = self.wanted.take().or_else(|| self.current().map(ListRow::id)) else {
            return self.restart(cx);
        };
        self.land = Land::Row(id);
        if self.rows.is_empty() {
            self.ask(cx, Part::Page, Seek::First, CHUNK);
            return self.count(cx);
        }
        let shown = self.first + self.top;
        if shown < 400 {
            self.ask(cx, Part::Page, Seek::First, CHUNK.max(shown + CHUNK));
        } else {
            let key = self.rows[self.top].key().clone();
            self.ask(cx, Part::Page, Seek::From(key), CHUNK);
        }
        self.count(cx);
    }

    /// Goes to a row by id when the next page arrives.
    pub fn land_on(&mut self, id: i64) {
        self.land = Land::Row(id);
    }

    /// Sets what is typed, and reads anew.
    pub fn set_typed(&mut self, text: &str, cx: &mut Cx) {
        self.typed = text.to_owned();
        if !text.trim().is_empty() {
            self.last_typed = text.to_owned();
        }
        match Filter::parse(text) {
            Ok(_) => {
                self.error = None;
                self.restart(cx);
            }
            Err(error) => self.error = Some(error.to_string()),
        }
    }

    /// Chooses a tab.
    pub fn set_tab(&mut self, tab: usize, cx: &mut Cx) {
        self.tab = tab.min(self.tabs.len().saturating_sub(1));
        if let Some(tab) = self.tabs.get(self.tab) {
            self.sort = tab.sort;
        }
        self.typed.clear();
        self.error = None;
        self.restart(cx);
    }

    /// Takes an answer meant for this list; gives it back if it is for somebody else.
    pub fn loaded(&mut self, part: Part, answer: Answer, cx: &mut Cx) -> Option<Answer> {
        match (part, answer) {
            (Part::Page, answer) => {
                if let Some(page) = R::page(answer) {
                    self.take_page(page, cx);
                }
            }
            (Part::After, answer) => {
                if let Some(page) = R::page(answer) {
                    self.after = page.more;
                    self.rows.extend(page.rows);
                    if self.rows.len() > KEEP {
                        let drop = (self.rows.len() - KEEP).min(self.top);
                        self.rows.drain(..drop);
                        self.first += drop;
                        self.cursor -= drop;
                        self.top -= drop;
                        self.before |= drop > 0;
                    }
                }
            }
            (Part::Before, answer) => {
                if let Some(page) = R::page(answer) {
                    let n = page.rows.len();
                    self.before = page.more;
                    self.rows.splice(0..0, page.rows);
                    self.cursor += n;
                    self.top += n;
                    self.first = if page.more { self.first.saturating_sub(n) } else { 0 };
                    if self.rows.len() > KEEP {
                        let keep = KEEP.max(self.top + Self::height(cx.size) + 1);
                        self.after |= self.rows.len() > keep;
                        self.rows.truncate(keep);
                    }
                }
            }
            (Part::Totals, Answer::Totals(totals)) => {
                if let Some(old) = &self.totals
                    && self.ready
                    && totals.count > old.count
                    && self.first + self.top > 0
                {
                    self.fresh += totals.count - old.count;
                }
                if self.land == Land::Last || !self.after {
                    let count = usize::try_from(totals.count).unwrap_or(0);
                    self.first = count.saturating_sub(self.rows.len());
                }
                self.totals = Some(totals);
                self.measure(cx);
            }
            (Part::Marks, Answer::Marks(all)) => {
                let n = all.len();
                let mut money: BTreeMap<&str, _> = BTreeMap::new();
                for mark in &all {
                    if let Some((c, minor)) = mark.money {
                        money.entry(c.code()).or_insert((c, 0)).1 += minor;
                    }
                }
                let sums: Vec<_> = money.into_values().collect();
                self.marks.extend(all.into_iter().map(|m| (m.id, m)));
                cx.say(format!("marked all {n} that match, {}", money_words(&sums)));
            }
            (Part::Hit, answer) => {
                if let Some(row) = R::page(answer).and_then(|p| p.rows.into_iter().next()) {
                    self.land = Land::Row(row.id());
                    let key = row.key().clone();
                    if let Some(at) = self.rows.iter().position(|r| r.id() == row.id()) {
                        self.cursor = at;
                        self.follow(cx);
                    } else {
                        self.ask(cx, Part::Page, Seek::From(key), CHUNK);
                    }
                } else {
                    cx.say(format!("no further match of {}", self.last_typed));
                }
            }
            (_, answer) => return Some(answer),
        }
        None
    }

    fn take_page(&mut self, page: Page<R>, cx: &mut Cx) {
        let height = Self::height(cx.size);
        let old_first = self.first + self.top;
        let from_top = old_first < 400 || self.land == Land::First;
        let offset = self.cursor.saturating_sub(self.top);
        self.ready = true;
        self.error = None;
        match self.land {
            Land::Last => {
                self.before = page.more;
                self.after = false;
                let count = self.totals.as_ref().map_or(page.rows.len() as i64, |t| t.count);
                self.first = usize::try_from(count).unwrap_or(0).saturating_sub(page.rows.len());
                self.rows = page.rows;
                self.cursor = self.rows.len().saturating_sub(1);
                self.top = self.rows.len().saturating_sub(height);
            }
            Land::First => {
                self.before = false;
                self.after = page.more;
                self.first = 0;
                self.rows = page.rows;
                self.cursor = 0;
                self.top = 0;
            }
            Land::Row(id) => {
                let old_cursor = self.cursor;
                let next = self.rows.get(old_cursor + 1).map(ListRow::id);
                self.after = page.more;
                let (base, old_top) =
                    if from_top { (0, self.first + self.top) } else { (old_first, 0) };
                self.before = base > 0;
                self.first = base;
                self.rows = page.rows;
                let find = |id: i64| self.rows.iter().position(|r| r.id() == id);
                let at = find(id).or_else(|| next.and_then(find));
                self.cursor = at.unwrap_or(old_top + offset).min(self.rows.len().saturating_sub(1));
                self.top = old_top.min(self.rows.len().saturating_sub(1));
            }
        }
        self.follow(cx);
        self.measure(cx);
    }

    /// Widths of the right-aligned columns, from all rows at hand, so that they do not jump.
    fn measure(&mut self, cx: &Cx) {
        let code = self.mixed();
        let columns = R::columns();
        let mut widths: Vec<u16> = columns.iter().map(|c| c.width).collect();
        for (i, column) in columns.iter().enumerate() {
            if column.right {
                widths[i] = widths[i].max(self.title(column).width() as u16);
            }
        }
        for row in &self.rows {
            for (i, (text, _)) in row.cells(code, cx).iter().enumerate() {
                if columns.get(i).is_some_and(|c| c.right) {
                    widths[i] = widths[i].max(text.width() as u16);
                }
            }
        }
        self.widths = widths;
    }

    /// Whether the list shows more than one currency.
    fn mixed(&self) -> bool {
        let mut codes = self.rows.iter().filter_map(|r| r.money()).map(|(c, _)| c);
        let first = codes.next();
        codes.any(|c| Some(c) != first)
    }

    fn title(&self, column: &Column) -> String {
        match self.rows.iter().find_map(|r| r.money()) {
            Some((currency, _)) if column.title.contains("EUR") && !self.mixed() => {
                column.title.replace("EUR", currency.code())
            }
            _ => column.title.replace(" EUR", ""),
        }
    }

    /// Keeps the cursor in view, half a page further at the edge, and reads on in time.
    fn follow(&mut self, cx: &mut Cx) {
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
            self.top = self.top.min(last_top.max(0));
        }
        self.top = self.top.min(self.cursor);
        let near_end = self.cursor + 2 * height >= self.rows.len();
        if self.after && near_end && !cx.awaits(self.screen, Part::After) {
            if let Some(key) = self.rows.last().map(|r| r.key().clone()) {
                self.ask(cx, Part::After, Seek::After(key), CHUNK);
            }
        }
        if self.before && self.top < height && !cx.awaits(self.screen, Part::Before) {
            if let Some(key) = self.rows.first().map(|r| r.key().clone()) {
                self.ask(cx, Part::Before, Seek::Before(key), CHUNK);
            }
        }
    }

    fn step(&mut self, by: isize, cx: &mut Cx) {
        let last = self.rows.len().saturating_sub(1);
        self.cursor = self.cursor.saturating_add_signed(by).min(last);
        self.follow(cx);
    }

    /// Moves to the next row; used after a row was dealt with.
    pub fn advance(&mut self, cx: &mut Cx) {
        self.step(1, cx);
    }

    /// Does what is the same on every list; false if the action is not one of these.
    pub fn act(&mut self, action: Action, cx: &mut Cx) -> bool {
        let height = Self::height(cx.size) as isize;
        match action {
            Action::Down => self.step(1, cx),
            Action::Up => self.step(-1, cx),
            Action::HalfDown => self.step(height / 2, cx),
            Action::HalfUp => self.step(-(height / 2), cx),
            Action::PageDown => self.page_by(height, cx),
            Action::PageUp => self.page_by(-height, cx),
            Action::Top => {
                if self.before {
                    self.restart(cx);
                } else {
                    self.cursor = 0;
                    self.fresh = 0;
                    self.follow(cx);
                }
            }
            Action::Bottom => {
                if self.after {
                    self.land = Land::Last;
                    self.ask(cx, Part::Page, Seek::Last, CHUNK);
                } else {
                    self.cursor = self.rows.len().saturating_sub(1);
                    self.follow(cx);
                }
            }
            Action::Mark => {
                self.toggle(self.cursor);
                self.step(1, cx);
            }
            Action::MarkAll => {
                cx.load(self.screen, Part::Marks, Query::Marks(R::LIST, self.filter()));
            }
            Action::Range => self.mark_range(cx),
            Action::Invert => {
                (0..self.rows.len()).for_each(|i| self.toggle(i));
                if self.before || self.after {
                    cx.say("inverted the marks of the rows at hand; T marks all that match");
                }
            }
            Action::Unmark => {
                if !self.marks.is_empty() {
                    let marks = std::mem::take(&mut self.marks);
                    cx.say(format!("{} marks taken off, u brings them back", marks.len()));
                    self.lost_marks.push(marks);
                }
            }
            Action::NextException => self.exception(true, cx),
            Action::PrevException => self.exception(false, cx),
            Action::NextHit => self.hit(true, cx),
            Action::PrevHit => self.hit(false, cx),
            Action::NextTab => {
                let next = (self.tab + 1) % self.tabs.len().max(1);
                self.set_tab(next, cx);
            }
            Action::Freeze => {
                self.frozen = !self.frozen;
                if !self.frozen {
                    self.reload(cx);
                }
            }
            Action::Yank => {
                if let Some(row) = self.current() {
                    self.copy(row.label(), cx);
                }
            }
            Action::YankRow => {
                if let Some(row) = self.current() {
                    let cells: Vec<String> =
                        row.cells(true, cx).into_iter().map(|(t, _)| t).collect();
                    self.copy(cells.join("\t"), cx);
                }
            }
            Action::Csv => cx.effects.push(crate::ui::msg::Effect::Export {
                list: R::LIST,
                filter: self.filter(),
                sort: self.sort,
            }),
            _ => return false,
        }
        true
    }

    fn copy(&self, text: String, cx: &mut Cx) {
        cx.say(format!("sent to terminal: {}", super::fit(&text, 40)));
        cx.effects.push(crate::ui::msg::Effect::Copy(text));
    }

    fn page_by(&mut self, rows: isize, cx: &mut Cx) {
        let last = self.rows.len().saturating_sub(1);
        self.top = self.top.saturating_add_signed(rows).min(last);
        self.step(rows, cx);
    }

    fn toggle(&mut self, at: usize) {
        let Some(row) = self.rows.get(at) else { return };
        let mark = Marked { id: row.id(), version: row.version(), money: row.money() };
        if self.marks.remove(&mark.id).is_none() {
            self.marks.insert(mark.id, mark);
        }
    }

    fn mark_range(&mut self, cx: &mut Cx) {
        let here = self.rank();
        let Some(start) = self.range.take() else {
            self.range = Some(here);
            return cx.say("range: move to its other end and press V again");
        };
        let (low, high) = (start.min(here), start.max(here));
        let mut n = 0;
        for rank in low..=high {
            if let Some(row) = rank.checked_sub(self.first + 1).and_then(|i| self.rows.get(i)) {
                let mark = Marked { id: row.id(), version: row.version(), money: row.money() };
                self.marks.insert(mark.id, mark);
                n += 1;
            }
        }
        cx.say(format!("marked a range of {n}"));
    }

    fn exception(&mut self, forward: bool, cx: &mut Cx) {
        let here = self.cursor;
        let found = if forward {
            (here + 1..self.rows.len()).find(|i| self.rows[*i].is_exception())
        } else {
            (0..here).rev().find(|i| self.rows[*i].is_exception())
        };
        match found {
            Some(at) => {
                self.cursor = at;
                self.follow(cx);
            }
            None => cx.say("no further exception"),
        }
    }

    /// Next or previous match of the last filter: in the filtered list simply the next row.
    fn hit(&mut self, forward: bool, cx: &mut Cx) {
        if !self.typed.trim().is_empty() || self.last_typed.is_empty() {
            return self.step(if forward { 1 } else { -1 }, cx);
        }
        let Some(key) = self.current().map(|r| r.key().clone()) else { return };
        let seek = if forward { Seek::After(key) } else { Seek::Before(key) };
        let mut args = self.args(seek, 1);
        args.filter = args.filter.and(&Filter::parse(&self.last_typed).unwrap_or_default());
        cx.load(self.screen, Part::Hit, Query::List(R::LIST, args));
    }

    /// Brings back marks that were taken off; false if there are none.
    pub fn undo_unmark(&mut self) -> bool {
        match self.lost_marks.pop() {
            Some(marks) => {
                self.marks.extend(marks);
                true
            }
            None => false,
        }
    }

    /// The marked rows, or the one under the cursor.
    pub fn targets(&self) -> Vec<Marked> {
        if self.marks.is_empty() {
            self.current()
                .map(|r| Marked { id: r.id(), version: r.version(), money: r.money() })
                .into_iter()
                .collect()
        } else {
            self.marks.values().copied().collect()
        }
    }

    /// Marks with their money; those that the filter does not show are counted apart.
    pub fn mark_words(&self) -> Option<String> {
        if self.marks.is_empty() {
            return None;
        }
        let money = sums(self.marks.values());
        let money = if money.is_empty() { String::new() } else { format!(" · {money}") };
        let all_here = !self.before && !self.after;
        let seen = self.rows.iter().filter(|r| self.marks.contains_key(&r.id())).count();
        let outside = self.marks.len() - seen;
        let outside = if outside > 0 && all_here && !(self.typed.is_empty() && self.tab == 0) {
            format!(" ({outside} outside this filter)")
        } else {
            String::new()
        };
        Some(format!("marked {}{money}{outside}", self.marks.len()))
    }

    /// Row 2: filter and sort, position.
    pub fn headline(&self) -> (String, String) {
        let tab = self.tabs.get(self.tab).map_or("", |t| t.name.as_str());
        let left = if self.typed.is_empty() {
            format!("[{tab}]")
        } else {
            format!("[{tab}] /{}", self.typed)
        };
        let count = self.totals.as_ref().map_or(self.rows.len() as i64, |t| t.count);
        let rank = if self.rows.is_empty() { 0 } else { self.rank() };
        let mut right = String::new();
        if self.frozen {
            right.push_str("frozen  ");
        }
        if self.fresh > 0 {
            right.push_str(&format!("+{} new  ", self.fresh));
        }
        let width = super::grouped(count).len();
        right.push_str(&format!(
            "sort {}  {:>width$} of {}",
            self.sort,
            super::grouped(rank as i64),
            super::grouped(count)
        ));
        (left, right)
    }

    /// The list itself, headings first.
    pub fn view(&self, canvas: &mut Buffer, area: Rect, cx: &Cx) {
        if let Some(error) = &self.error {
            put(canvas, area.x + 3, area.y + 1, area.width.saturating_sub(4), error, theme::BAD);
            return;
        }
        let columns = self.layout(area.width.saturating_sub(3));
        let mut x = area.x + 3;
        for (i, width) in &columns {
            let column = &R::columns()[*i];
            let title = self.title(column);
            if column.right {
                put_right(canvas, x, area.y, *width, &title, theme::DIM);
            } else {
                put(canvas, x, area.y, *width, &title, theme::DIM);
            }
            x += width + 2;
        }
        if self.rows.is_empty() {
            let words = if self.ready { "nothing here" } else { "reading…" };
            put(canvas, area.x + 3, area.y + 1, area.width.saturating_sub(3), words, theme::DIM);
            return;
        }
        let code = self.mixed();
        let height = usize::from(area.height.saturating_sub(1));
        for (line, row) in self.rows.iter().skip(self.top).take(height).enumerate() {
            let y = area.y + 1 + line as u16;
            self.view_row(canvas, (area.x, y), row, &columns, code, cx);
            if self.top + line == self.cursor {
                put(canvas, area.x, y, 1, ">", theme::PLAIN);
            }
        }
    }

    fn view_row(
        &self,
        canvas: &mut Buffer,
        at: (u16, u16),
        row: &R,
        columns: &[(usize, u16)],
        code: bool,
        cx: &Cx,
    ) {
        let (mut x, y) = at;
        if self.marks.contains_key(&row.id()) {
            put(canvas, x + 1, y, 1, "*", theme::BOLD);
        }
        x += 3;
        let cells = row.cells(code, cx);
        for (i, width) in columns {
            if let Some((text, style)) = cells.get(*i) {
                if R::columns()[*i].right {
                    put_right(canvas, x, y, *width, text, *style);
                } else {
                    put(canvas, x, y, *width, text, *style);
                }
            }
            x += width + 2;
        }
    }

    /// Which columns fit, and how wide: columns are dropped, amounts never cut.
    fn layout(&self, room: u16) -> Vec<(usize, u16)> {
        let columns = R::columns();
        let width = |i: usize| self.widths.get(i).copied().unwrap_or(columns[i].width);
        let mut kept: Vec<usize> = (0..columns.len()).collect();
        let used =
            |kept: &[usize]| kept.iter().map(|i| width(*i) + 2).sum::<u16>().saturating_sub(2);
        while used(&kept) > room {
            let worst = kept.iter().copied().filter(|i| columns[*i].rank > 0);
            let Some(worst) = worst.max_by_key(|i| columns[*i].rank) else { break };
            kept.retain(|i| *i != worst);
        }
        let spare = room.saturating_sub(used(&kept));
        let flexible = kept.iter().filter(|i| columns[**i].flex).count() as u16;
        let share = spare.checked_div(flexible).unwrap_or(0);
        kept.into_iter()
            .map(|i| {
                (
                    i,
                    if columns[i].flex {
                        (width(i) + share).min(width(i).max(40))
                    } else {
                        width(i)
                    },
                )
            })
            .collect()
    }

    /// Whose list it is.
    pub fn screen(&self) -> ScreenId {
        self.screen
    }

    /// Filter, order and marks, for the session.
    pub fn save(&self) -> serde_json::Value {
        let marks: Vec<serde_json::Value> = self
            .marks
            .values()
            .map(|m| {
                let money = m.money.map(|(c, minor)| (c.code(), minor));
                serde_json::json!([m.id, m.version, money])
            })
            .collect();
        serde_json::json!({
            "tab": self.tab, "typed": self.typed, "sort": self.sort.as_str(), "marks": marks,
            "row": self.current().map(ListRow::id),
        })
    }

    /// Back from a session; the list is read when its screen is entered.
    pub fn restore(&mut self, saved: &serde_json::Value) {
        let number = |v: &serde_json::Value| v.as_i64();
        if let Some(tab) = number(&saved["tab"]).and_then(|n| usize::try_from(n).ok()) {
            self.tab = tab.min(self.tabs.len().saturating_sub(1));
        }
        saved["typed"].as_str().unwrap_or_default().clone_into(&mut self.typed);
        if let Some(sort) = saved["sort"].as_str().and_then(Sort::parse) {
            self.sort = sort;
        }
        for mark in saved["marks"].as_array().into_iter().flatten() {
            if let (Some(id), Some(version)) = (number(&mark[0]), number(&mark[1])) {
                let currency = mark[2][0].as_str().and_then(crate::domain::money::Currency::parse);
                let money = currency.zip(number(&mark[2][1]));
                self.marks.insert(id, Marked { id, version, money });
            }
        }
        if let Some(row) = number(&saved["row"]) {
            self.wanted = Some(row);
        }
    }
}

/// Money of marks by currency, in words.
pub fn sums<'a>(marks: impl Iterator<Item = &'a Marked>) -> String {
    let mut money: BTreeMap<&str, _> = BTreeMap::new();
    for (currency, minor) in marks.filter_map(|m| m.money) {
        money.entry(currency.code()).or_insert((currency, 0)).1 += minor;
    }
    let list: Vec<_> = money.into_values().collect();
    money_words(&list)
}
