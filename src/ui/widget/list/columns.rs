//! Which columns a list shows, in which order and how wide: as they are made, or as a clerk wants them.

use super::{Column, Listing, Shown};
use crate::ui::modal::columns::{ColumnLine, ColumnsBox};
use crate::ui::msg::Cx;
use serde::{Deserialize, Serialize};
use unicode_width::UnicodeWidthStr;

/// A column that a clerk wants to see, at its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placed {
    /// Its heading as it is made: what is kept over versions of the program.
    pub title: String,
    /// Columns of the terminal that it is wider than it is made; negative: narrower.
    pub wider: i16,
}

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

    /// The columns that are wanted, each with what it is wider.
    fn wanted(&self) -> Vec<(usize, i16)> {
        let columns = R::columns();
        let place = |placed: &Placed| {
            let at = columns.iter().position(|c| c.title == placed.title)?;
            Some((at, placed.wider))
        };
        let wanted: Vec<(usize, i16)> = self.placed.iter().filter_map(place).collect();
        if !wanted.is_empty() {
            return wanted;
        }
        let made = columns.iter().enumerate().filter(|(_, c)| c.rank != Column::MORE);
        made.map(|(at, _)| (at, 0)).collect()
    }

    /// Which columns fit, and how wide: columns are dropped, amounts never cut. Those that a clerk chose
    /// besides go last.
    pub(super) fn layout(&self, room: u16) -> Vec<(usize, u16)> {
        let columns = R::columns();
        let wide = |(at, wider): (usize, i16)| {
            let width = self.widths.get(at).copied().unwrap_or(columns[at].width);
            let least = if columns[at].right { width } else { LEAST.min(width) };
            (at, width.saturating_add_signed(wider).max(least))
        };
        let mut kept: Vec<(usize, u16)> = self.wanted().into_iter().map(wide).collect();
        let used = |kept: &[(usize, u16)]| {
            kept.iter().map(|(_, width)| width + 2).sum::<u16>().saturating_sub(2)
        };
        while used(&kept) > room {
            let rank = |at: usize| match columns[at].rank {
                Column::MORE => 1,
                made => made,
            };
            let free = kept.iter().enumerate().filter(|(_, (at, _))| rank(*at) > 0);
            let Some((worst, _)) = free.max_by_key(|(_, (at, _))| rank(*at)) else { break };
            kept.remove(worst);
        }
        let spare = room.saturating_sub(used(&kept));
        let flexible = kept.iter().filter(|(at, _)| columns[*at].flex).count() as u16;
        let share = spare.checked_div(flexible).unwrap_or(0);
        for (at, width) in &mut kept {
            if columns[*at].flex {
                *width = (*width + share).min((*width).max(MOST));
            }
        }
        kept
    }

    /// Shows these columns in this order; none: as they are made. Those that have no room are named.
    pub fn place(&mut self, placed: &[Placed], cx: &mut Cx) {
        self.placed = placed.to_vec();
        self.measure(cx);
        let left_out = self.left_out(cx.size.0);
        if !placed.is_empty() && !left_out.is_empty() {
            let names: Vec<String> =
                left_out.iter().map(|column| column.title.replace(" EUR", "")).collect();
            cx.say(format!("no room here for {}: hide or narrow another", names.join(", ")));
        }
    }

    /// The columns that are wanted and have no room in a terminal of this width.
    fn left_out(&self, width: u16) -> Vec<Column> {
        let beside = if self.is_beside(width) { width * 2 / 5 + 3 } else { 0 };
        let kept = self.layout(width.saturating_sub(beside + GUTTER));
        let gone = self.wanted().into_iter().filter(|(at, _)| kept.iter().all(|(k, _)| k != at));
        gone.map(|(at, _)| R::columns()[at]).collect()
    }

    /// All columns to choose from, those that are shown first, with what they hold of the row here.
    pub fn columns_box(&self, cx: &Cx) -> ColumnsBox {
        let columns = R::columns();
        let cells = self.current().map_or_else(Vec::new, |row| row.cells(self.mixed(), cx));
        let left_out: Vec<&str> = self.left_out(cx.size.0).iter().map(|c| c.title).collect();
        let line = |at: usize, wider: Option<i16>| ColumnLine {
            title: columns[at].title,
            shown: wider.is_some(),
            wider: wider.unwrap_or(0),
            right: columns[at].right,
            whole: cells.get(at).map_or_else(String::new, |(text, _)| text.clone()),
            order: R::order_of(columns[at].title).filter(|sort| self.sorts.contains(sort)),
            made: columns[at].rank != Column::MORE,
            fits: !left_out.contains(&columns[at].title),
        };

        let wanted = self.wanted();
        let shown = wanted.iter().map(|(at, wider)| line(*at, Some(*wider)));
        let hidden = (0..columns.len()).filter(|at| wanted.iter().all(|(shown, _)| shown != at));
        ColumnsBox::new(shown.chain(hidden.map(|at| line(at, None))).collect())
    }
}

/// Cursor, mark and a blank before the first column.
pub(super) const GUTTER: u16 = 3;
/// A column that was narrowed keeps so many.
const LEAST: u16 = 3;
/// What is left over makes no column wider than this.
const MOST: u16 = 40;
