//! The picture: title, screen, status, keys, and what lies over them. For who has it read by a program
//! (`--plain`) each row is one statement, the row under the cursor always the same one.

use super::App;
use crate::engine::look::Look;
use crate::ui::letters::spoken;
use crate::ui::modal::{Modal, clear};
use crate::ui::msg::Effect;
use crate::ui::screen::Screen;
use crate::ui::theme;
use crate::ui::widget::list::AnyList;
use crate::ui::widget::{put, status, wrap};
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;

/// The smallest terminal the screens fit in.
pub const LEAST: (u16, u16) = (60, 15);

/// Where a plain screen says what the row under the cursor is; so many rows are kept for it.
const TOLD: u16 = 2;
const TOLD_ROWS: u16 = 5;

impl App {
    /// Draws everything; gives the place of the text cursor.
    pub fn view(&self, canvas: &mut Buffer) -> Option<(u16, u16)> {
        let area = canvas.area;
        if area.width < LEAST.0 || area.height < LEAST.1 {
            let text = format!("daybook needs {}×{}", LEAST.0, LEAST.1);
            put(canvas, area.x, area.y, area.width, &text, theme::PLAIN);
            return None;
        }
        if self.cx.look.plain {
            return self.view_plain(canvas);
        }
        let screen = self.screens.peek(self.screen);
        status::title(canvas, Rect { height: 1, ..area }, self.screen, &screen.crumb(), &self.cx);
        let middle = Rect { y: area.y + 1, height: area.height - 3, ..area };
        screen.view(canvas, middle, &self.cx);
        let row = Rect { y: area.bottom() - 2, height: 1, ..area };
        let marks = screen.list().and_then(AnyList::mark_words);
        status::status(canvas, row, marks.as_deref(), self.notice.as_deref(), &self.cx.foot);
        let can = |action| self.unavailable(action).is_none();
        let foot = Rect { y: area.bottom() - 1, height: 1, ..area };
        status::keys(canvas, foot, &self.tables(), can);
        let mut cursor = None;
        for modal in &self.modals {
            cursor = modal.view(canvas, area);
        }
        cursor
    }

    /// Other colours, the mouse or a plain screen, from now on and for the next login.
    pub(super) fn wear(&mut self, look: Look) {
        let was = std::mem::replace(&mut self.cx.look, look);
        self.cx.effects.push(Effect::Look(look));
        let chosen = &mut self.cx.chosen;
        if was.palette != look.palette {
            chosen.palette = look.palette;
        } else if was.mouse != look.mouse {
            chosen.mouse = look.mouse;
        } else {
            chosen.plain = look.plain;
        }
        let on = |on: bool| if on { "on" } else { "off" };
        let said = if was.palette != look.palette {
            format!("colours: {}", look.palette.as_str())
        } else if was.mouse == look.mouse {
            format!("plain screen {}", on(look.plain))
        } else if look.mouse {
            "mouse on: Shift and drag selects text in most terminals".to_owned()
        } else {
            "mouse off: the terminal selects text".to_owned()
        };
        self.say(said);
    }

    /// One statement a row. What is opened or asked has the screen for itself.
    fn view_plain(&self, canvas: &mut Buffer) -> Option<(u16, u16)> {
        let area = canvas.area;
        let screen = self.screens.peek(self.screen);
        let room = area.width.saturating_sub(1);
        let (number, name) = (self.screen.number(), self.screen.name());
        let title = format!("screen {number} {name}: {}", screen.crumb());
        put(canvas, area.x, area.y, room, &title, theme::PLAIN);
        let mut cursor = Some((area.x, area.y));
        let over = self.modals.last();
        if over.is_none_or(|modal| matches!(modal, Modal::Filter(_) | Modal::Ask(_))) {
            cursor = Some(self.view_row(screen, canvas));
        }
        if let Some(modal) = over {
            if !matches!(modal, Modal::Filter(_)) {
                clear(canvas, Rect { y: area.y + 1, height: area.height - 1, ..area });
            }
            cursor = modal.view(canvas, area).or(cursor);
        }
        if let Some(said) = &self.notice {
            let lines = wrap(said, usize::from(room));
            let top = area.bottom().saturating_sub(lines.len().min(3) as u16);
            if over.is_none() {
                for (row, line) in lines.iter().take(3).enumerate() {
                    let y = top + row as u16;
                    clear(canvas, Rect { y, height: 1, ..area });
                    put(canvas, area.x, y, room, line, theme::PLAIN);
                }
            }
        }
        for cell in &mut canvas.content {
            if let Some(other) = spoken(cell.symbol()) {
                cell.set_symbol(other);
            }
        }
        cursor
    }

    /// The row under the cursor in words, what is marked, the filter, and what is known of the row.
    /// Gives the place where it begins: a screen reader follows the text cursor.
    fn view_row(&self, screen: &dyn Screen, canvas: &mut Buffer) -> (u16, u16) {
        let area = canvas.area;
        let room = area.width.saturating_sub(1);
        let rest = Rect { y: area.y + 1, height: area.height - 3, ..area };
        screen.view(canvas, rest, &self.cx);
        let Some(list) = screen.list().filter(|_| screen.is_list()) else {
            // A page is read as it stands, from its chosen line on.
            let width = usize::from(area.width);
            let begins = |row: &[Cell]| {
                row.iter().position(|cell| cell.symbol() != " ").filter(|x| row[*x].symbol() == ">")
            };
            let mut rows = canvas.content.chunks(width).zip(0..);
            let chosen = rows.find_map(|(row, y)| Some((begins(row)? as u16, y)));
            return chosen.unwrap_or((area.x, area.y + 1));
        };
        clear(canvas, Rect { height: rest.height.saturating_sub(2), ..rest });
        let (left, right) = list.heads(usize::from(room).saturating_sub(8));
        put(canvas, area.x, area.y + 1, room, &format!("filter {left} {right}"), theme::PLAIN);
        let told = list.error().map(str::to_owned).or_else(|| list.told(&self.cx));
        let told = wrap(&told.unwrap_or_else(|| "no row here".to_owned()), usize::from(room));
        for (row, line) in told.iter().take(usize::from(TOLD_ROWS)).enumerate() {
            put(canvas, area.x, area.y + TOLD + row as u16, room, line, theme::PLAIN);
        }
        let marks = list.mark_words().unwrap_or_else(|| "nothing marked".to_owned());
        put(canvas, area.x, area.y + TOLD + TOLD_ROWS, room, &marks, theme::PLAIN);
        (area.x, area.y + TOLD)
    }

    /// The lines of the palette that change the look.
    pub(super) fn looks(&self) -> Vec<(String, Look)> {
        let now = self.cx.look;
        let colours = crate::engine::look::Palette::ALL.into_iter();
        let colours = colours.filter(|palette| *palette != now.palette);
        let mut lines: Vec<(String, Look)> = colours
            .map(|palette| (format!("colours: {}", palette.as_str()), Look { palette, ..now }))
            .collect();
        let turned = |what: &str, on: bool| format!("{what} {}", if on { "off" } else { "on" });
        lines.push((turned("mouse", now.mouse), Look { mouse: !now.mouse, ..now }));
        let plain = turned("plain screen, for a screen reader,", now.plain);
        lines.push((plain, Look { plain: !now.plain, ..now }));
        lines
    }
}
