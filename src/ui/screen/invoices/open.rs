//! A document over the list: drawn from its chosen item on, and moved below the last.

use super::{GROUPS, Invoices};
use crate::ui::keymap::Action;
use crate::ui::msg::Cx;
use crate::ui::screen::document::{name, picture};
use crate::ui::screen::listed::list_action;
use crate::ui::theme;
use crate::ui::widget::{Line, put};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

impl Invoices {
    /// Below the last item the rest of the document moves; false if the key is for something else.
    fn scroll_below(&mut self, on_last: bool, action: Action) -> bool {
        let most = self.most_below.get();
        let here = self.below.min(most);
        self.below = match action {
            Action::Down if on_last && here < most => here + 1,
            Action::PageDown | Action::HalfDown if on_last && here < most => (here + 5).min(most),
            Action::Up if here > 0 => here - 1,
            Action::PageUp | Action::HalfUp if here > 0 => here.saturating_sub(5),
            _ => {
                self.below = 0;
                return false;
            }
        };
        true
    }

    pub(super) fn view_open(&self, item: usize, canvas: &mut Buffer, area: Rect, cx: &Cx) {
        let Some(detail) = self.detail.as_deref() else {
            put(canvas, area.x + 2, area.y + 1, area.width, "reading…", theme::DIM);
            return;
        };
        let width = usize::from(area.width.min(100)).saturating_sub(4);
        let shown = picture(detail, width, Some(item), cx);
        let height = usize::from(area.height);
        let at = shown.items.get(item).copied().unwrap_or(0);
        let top = (at + 3).saturating_sub(height).min(shown.lines.len().saturating_sub(height));
        // On the last item the foot of the document is shown as far as it fits.
        let top = if item + 1 == shown.items.len() && at + 2 > 0 {
            shown.lines.len().saturating_sub(height).min(at)
        } else {
            top
        };
        let most = shown.lines.len().saturating_sub(height + top);
        self.most_below.set(if item + 1 >= shown.items.len() { most } else { 0 });
        let top = top + self.below.min(self.most_below.get());
        for (row, line) in shown.lines.iter().skip(top).take(height).enumerate() {
            line.draw(canvas, area.x + 2, area.y + row as u16, area.width.saturating_sub(2));
        }
    }

    /// A key while a document is open over the list.
    pub(super) fn act_open(&mut self, item: usize, action: Action, cx: &mut Cx) -> bool {
        let last = self.detail.as_ref().map_or(0, |d| d.items.len().saturating_sub(1));
        if self.scroll_below(item == last, action) {
            return true;
        }
        let at = match action {
            Action::Down => (item + 1).min(last),
            Action::Up => item.saturating_sub(1),
            Action::Top => 0,
            Action::Bottom => last,
            Action::Back | Action::Quit => {
                self.open = None;
                if std::mem::take(&mut self.visit) {
                    return false;
                }
                self.load_detail(cx);
                return true;
            }
            Action::NextException | Action::PrevException => {
                self.list.act(action, cx);
                self.load_detail(cx);
                0
            }
            Action::PageDown | Action::HalfDown => (item + 5).min(last),
            Action::PageUp | Action::HalfUp => item.saturating_sub(5),
            Action::Open => {
                self.explain(cx);
                item
            }
            Action::Yank | Action::YankRow => {
                self.copy(action, cx);
                item
            }
            // What is filtered is the list: typed here it would run as keys.
            Action::Filter => {
                self.open = None;
                self.load_detail(cx);
                return list_action(&mut self.list, GROUPS, action, cx);
            }
            other => return self.own(other, cx),
        };
        self.open = Some(at);
        if action == Action::Bottom {
            self.below = usize::MAX;
        }
        true
    }

    /// The number of the open document, or all of it.
    fn copy(&self, action: Action, cx: &mut Cx) {
        let Some(detail) = self.detail.as_deref() else { return };
        if action == Action::Yank {
            return cx.copy(name(detail));
        }
        let width = usize::from(cx.size.0);
        let lines: Vec<String> =
            picture(detail, width, None, cx).lines.iter().map(Line::text).collect();
        let text = lines.join("\n");
        cx.copy_whole(&name(detail), text.clone(), &text);
    }
}
