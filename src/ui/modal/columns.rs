//! The columns of a list: which are shown, in which order, how wide; and what one holds of the row, whole.

use super::{Intent, Step, frame};
use crate::store::read::Sort;
use crate::ui::keymap::Key;
use crate::ui::theme;
use crate::ui::widget::list::Placed;
use crate::ui::widget::{put, wrap};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// One column to choose.
#[derive(Debug, Clone)]
pub struct ColumnLine {
    /// Its heading as it is made.
    pub title: &'static str,
    pub shown: bool,
    /// What it is wider than it is made.
    pub wider: i16,
    /// Amounts and counts, which are never cut: it does not get narrower.
    pub right: bool,
    /// What it holds of the row under the cursor.
    pub whole: String,
    /// The order that goes by it.
    pub order: Option<Sort>,
    /// Whether it is shown as long as nobody chose.
    pub made: bool,
    /// Whether the terminal has room for it, as the columns were when this was opened.
    pub fits: bool,
}

/// The columns of a list.
#[derive(Debug, Clone)]
pub struct ColumnsBox {
    lines: Vec<ColumnLine>,
    at: usize,
}

/// Rows for what a cell holds whole.
const WHOLE: usize = 3;

impl ColumnsBox {
    /// Those that are shown first, in their order.
    pub fn new(lines: Vec<ColumnLine>) -> Self {
        Self { lines, at: 0 }
    }

    pub(super) fn key(&mut self, key: Key) -> Step {
        let last = self.lines.len().saturating_sub(1);
        match key {
            Key::Esc | Key::Enter | Key::Left => return Step::Close,
            Key::Down | Key::Char('j') => self.at = (self.at + 1).min(last),
            Key::Up | Key::Char('k') => self.at = self.at.saturating_sub(1),
            Key::Home | Key::Char('g') => self.at = 0,
            Key::End | Key::Char('G') => self.at = last,
            Key::Char('J') if self.at < last => {
                self.lines.swap(self.at, self.at + 1);
                self.at += 1;
                return self.changed();
            }
            Key::Char('K') if self.at > 0 => {
                self.lines.swap(self.at, self.at - 1);
                self.at -= 1;
                return self.changed();
            }
            Key::Char(' ') => {
                let others = self.lines.iter().enumerate().any(|(i, l)| l.shown && i != self.at);
                if let Some(line) = self.lines.get_mut(self.at)
                    && others
                {
                    line.shown = !line.shown;
                    return self.changed();
                }
            }
            Key::Char(sign @ ('+' | '-')) => {
                if let Some(line) = self.lines.get_mut(self.at) {
                    let least = if line.right { 0 } else { -30 };
                    let by = if sign == '+' { 2 } else { -2 };
                    line.wider = (line.wider + by).clamp(least, 60);
                    return self.changed();
                }
            }
            Key::Char('s') => {
                if let Some(order) = self.lines.get(self.at).and_then(|line| line.order) {
                    return Step::Live(Intent::Sort(order));
                }
            }
            Key::Char('0') => {
                for line in &mut self.lines {
                    (line.shown, line.wider) = (line.made, 0);
                }
                self.at = 0;
                return Step::Then(Intent::Columns(Vec::new()));
            }
            _ => {}
        }
        Step::Stay
    }

    /// What is wanted now.
    fn changed(&self) -> Step {
        let placed = |line: &ColumnLine| Placed { title: line.title.to_owned(), wider: line.wider };
        let shown = self.lines.iter().filter(|line| line.shown);
        Step::Live(Intent::Columns(shown.map(placed).collect()))
    }

    pub(super) fn view(&self, canvas: &mut Buffer, area: Rect) -> Option<(u16, u16)> {
        let height = (self.lines.len() + WHOLE + 5) as u16;
        let inner = frame(canvas, area, 70, height, "Columns");
        let rows = usize::from(inner.height).saturating_sub(WHOLE + 2).max(1);
        let top = (self.at + 1).saturating_sub(rows);
        for (row, (at, line)) in self.lines.iter().enumerate().skip(top).take(rows).enumerate() {
            let y = inner.y + row as u16;
            let style = match (at == self.at, line.shown) {
                (true, _) => theme::CHOSEN,
                (false, true) => theme::PLAIN,
                (false, false) => theme::DIM,
            };
            let title = line.title.replace(" EUR", "");
            let wider = if line.wider == 0 { String::new() } else { format!("{:+}", line.wider) };
            let mark = if line.shown { 'x' } else { ' ' };
            let cursor = if at == self.at { ">" } else { " " };
            put(canvas, inner.x, y, 2, cursor, theme::BOLD);
            let text = format!("[{mark}] {title:<12} {wider:>4}");
            put(canvas, inner.x + 2, y, inner.width, &text, style);
            let rest = inner.width.saturating_sub(24);
            let whole = if line.shown && !line.fits { "(no room here)" } else { &line.whole };
            put(canvas, inner.x + 24, y, rest, whole, theme::DIM);
        }
        let line = self.lines.get(self.at);
        let whole = line.map_or_else(Vec::new, |l| wrap(&l.whole, usize::from(inner.width)));
        let below = inner.y + rows.min(self.lines.len()) as u16 + 1;
        for (row, text) in whole.iter().take(WHOLE).enumerate() {
            put(canvas, inner.x, below + row as u16, inner.width, text, theme::PLAIN);
        }
        let sort = if line.is_some_and(|l| l.order.is_some()) { " · s sort" } else { "" };
        let keys = format!("Spc show · J K move · + - width{sort} · 0 as made · Esc closes");
        put(canvas, inner.x, inner.bottom() - 1, inner.width, &keys, theme::DIM);
        None
    }
}
