//! Drawing a list: headings, rows, gutter; columns are dropped when it is narrow, amounts never cut.

use super::{Column, Listing, Shown};
use crate::domain::money::Money;
use crate::engine::query::ListName;
use crate::store::read::ListRow;
use crate::ui::msg::Cx;
use crate::ui::theme;
use crate::ui::widget::{amounts, grouped, put, put_right, wrap};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

impl<R: Shown> Listing<R> {
    /// Widths of the right-aligned columns, from all rows at hand, so that they do not jump.
    pub(super) fn measure(&mut self, cx: &Cx) {
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
        right.push_str(&format!("sort {}  {rank:>count_width$} of {count}", self.sort));
        let money = self.totals.as_ref().filter(|_| !self.of_before).map(|t| &t.money);
        if let Some(money) = money.filter(|money| !money.is_empty()) {
            let room = width.saturating_sub(left.width() + right.width() + 5);
            let all = [amounts(money, false), amounts(money, true)];
            if let Some(sum) = all.into_iter().find(|sum| sum.width() <= room) {
                right.push_str(&format!("  {sum}"));
            }
        }
        (left, right)
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
            let read = self.ready && !self.of_before;
            let words = if read { self.nothing() } else { "reading…".to_owned() };
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
            None => "nothing here".to_owned(),
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

    /// Which columns fit, and how wide: columns are dropped, amounts never cut.
    pub(super) fn layout(&self, room: u16) -> Vec<(usize, u16)> {
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
}
