//! Drawing a list: headings, rows, gutter; columns are dropped when it is narrow, amounts never cut.

use super::columns::GUTTER;
use super::{Column, Listing, Shown, Tab};
use crate::domain::money::Money;
use crate::engine::query::ListName;
use crate::store::read::ListRow;
use crate::ui::msg::{Cx, Part};
use crate::ui::theme;
use crate::ui::widget::{amounts, grouped, put, put_right, wrap};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

impl<R: Shown> Listing<R> {
    /// Whether the list shows more than one currency.
    pub(super) fn mixed(&self) -> bool {
        let mut codes = self.rows.iter().filter_map(ListRow::money).map(|m| m.currency);
        let first = codes.next();
        codes.any(|c| Some(c) != first)
    }

    pub(super) fn title(&self, column: &Column) -> String {
        match self.rows.iter().find_map(ListRow::money) {
            Some(Money { currency, .. }) if column.title.contains("EUR") && !self.mixed() => {
                column.title.replace("EUR", currency.code())
            }
            _ => column.title.replace(" EUR", ""),
        }
    }

    /// Row 2: filter and sort, position, and the sum of what is filtered as far as there is room.
    pub fn headline(&self, width: usize) -> (String, String) {
        let tab = self.tabs.get(self.tab).map_or("", |t| t.name.as_str());
        let left = if self.typed.is_empty() {
            format!("[{tab}]")
        } else {
            format!("[{tab}] /{}", self.typed)
        };
        // A figure of another filter than the one beside it would be read as this one's.
        let figure =
            |n: Option<i64>| n.filter(|_| !self.of_before).map_or_else(|| "…".to_owned(), grouped);
        let rank = if self.rows.is_empty() { 0 } else { self.rank() as i64 };
        // A row that came since it was counted: the new count is on its way.
        let count = figure(self.totals.as_ref().map(|t| t.count).filter(|count| *count >= rank));
        let rank = figure(Some(rank));
        let mut right = String::new();
        if self.frozen {
            right.push_str("frozen  ");
        }
        // At the top there is nothing above that came unseen.
        if self.fresh > 0 && self.first + self.top > 0 {
            right.push_str(&format!("+{} new  ", self.fresh));
        }
        let count_width = count.chars().count();
        right.push_str(&format!("sort {}  {rank:>count_width$} of {count}", self.sort.words()));
        let money = self.totals.as_ref().filter(|_| !self.of_before).map(|t| &t.money);
        if let Some(money) = money.filter(|money| !money.is_empty()) {
            let room = width.saturating_sub(left.width() + right.width() + 5);
            // Whole where the next ready filter has room beside it, too.
            let next = self.tabs.get((self.tab + 1) % self.tabs.len().max(1));
            let next = next.filter(|_| self.typed.is_empty() && self.tabs.len() > 1);
            let beside = next.map_or(0, |tab| told(tab, false).width() + 3);
            let (whole, short) = (amounts(money, false), amounts(money, true));
            let sum = [(&whole, beside), (&short, beside), (&whole, 0), (&short, 0)];
            let fits = sum.into_iter().find(|(sum, beside)| sum.width() + beside <= room);
            if let Some((sum, _)) = fits {
                right.push_str(&format!("  {sum}"));
            }
        }
        (left, right)
    }

    /// The other ready filters with their counts, as far as there is room: the one that `f` goes to,
    /// then those that were saved. Of what is saved the money stands there too where all fit.
    pub fn strip(&self, room: usize) -> String {
        if !self.typed.is_empty() || self.tabs.len() < 2 {
            return String::new();
        }
        let (before, from) = self.tabs.split_at((self.tab + 1).min(self.tabs.len()));
        let mut order: Vec<&Tab> = from.iter().chain(before.iter().take(self.tab)).collect();
        let line = |order: &[&Tab], money| {
            order.iter().map(|tab| told(tab, money)).collect::<Vec<_>>().join("  ")
        };
        if line(&order, true).width() <= room {
            return line(&order, true);
        }
        if let [_, rest @ ..] = order.as_mut_slice() {
            rest.sort_by_key(|tab| !tab.saved);
        }
        // How many more there are is told.
        let all = order.len();
        let cut = |order: &[&Tab]| match all - order.len() {
            0 => line(order, false),
            more => format!("{}  +{more}", line(order, false)),
        };
        while !order.is_empty() && cut(&order).width() > room {
            order.pop();
        }
        if order.is_empty() { String::new() } else { cut(&order) }
    }

    /// The row under the cursor as one statement: `row 3 of 142: account A-1, total 5.00 EUR`.
    pub(super) fn row_in_words(&self, cx: &Cx) -> Option<String> {
        let row = self.current()?;
        let columns = R::columns().iter();
        let told =
            columns.zip(row.cells(true, cx)).filter(|(_, (text, _))| !text.trim().is_empty());
        let told = told.map(|(column, (text, _))| {
            let name = column.title.replace(" EUR", "");
            let text = row.said(&name, text);
            let name = if name == "ST" { "state".to_owned() } else { name.to_lowercase() };
            format!("{name} {text}")
        });
        let marked = if self.marks.contains_key(&row.id()) { " marked" } else { "" };
        let of = self.totals.as_ref().map_or_else(|| "…".to_owned(), |t| grouped(t.count));
        let rank = grouped(self.rank() as i64);
        Some(format!("row {rank} of {of}{marked}: {}", told.collect::<Vec<_>>().join(", ")))
    }

    /// The list itself, headings first.
    pub fn view(&self, canvas: &mut Buffer, area: Rect, cx: &Cx) {
        if let Some(error) = &self.error {
            let width = area.width.saturating_sub(4);
            let lines = wrap(error, usize::from(width));
            for (row, line) in lines.iter().take(usize::from(area.height) - 1).enumerate() {
                put(canvas, area.x + 3, area.y + 1 + row as u16, width, line, theme::BAD);
            }
            return;
        }
        let columns = self.layout(area.width.saturating_sub(GUTTER));
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
            let read = self.ready && !self.of_before;
            let words = match cx.awaits(self.screen, Part::Page) {
                _ if read => self.nothing(),
                true => "reading…".to_owned(),
                false => "could not be read; leave the screen and come back".to_owned(),
            };
            put(canvas, area.x + 3, area.y + 1, area.width.saturating_sub(3), &words, theme::DIM);
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

    /// That nothing is shown; under a tab, what is typed may be found beyond it.
    fn nothing(&self) -> String {
        let tab = self.tabs.get(self.tab).filter(|tab| !tab.filter.is_empty());
        match tab.filter(|_| !self.typed.trim().is_empty()) {
            None => match tab.map_or("", |tab| tab.empty) {
                "" => "nothing here".to_owned(),
                words => words.to_owned(),
            },
            Some(tab) if R::LIST == ListName::Invoices => {
                format!("nothing here under [{}]; / on 1 Today looks in all documents", tab.name)
            }
            Some(tab) => format!("nothing here under [{}]; f goes to the next tab", tab.name),
        }
    }

    pub(super) fn view_row(
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
}

/// A ready filter with its count; of a saved one with its money, if that is wanted.
fn told(tab: &Tab, money: bool) -> String {
    let totals = tab.totals.as_ref();
    let count = totals.map_or_else(String::new, |t| format!(" {}", grouped(t.count)));
    let money = totals.filter(|t| money && tab.saved && !t.money.is_empty());
    let money = money.map_or_else(String::new, |t| format!(" {}", amounts(&t.money, true)));
    format!("{}{count}{money}", tab.name)
}
