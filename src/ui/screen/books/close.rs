//! What stands between a month and its close: what blocks it, what it is closed over knowingly, and the two
//! figures of each tie. Enter shows the list of a row; `C` asks, and closes.

use crate::domain::book_period::PeriodStatus;
use crate::domain::closing::{Row, Weight, left};
use crate::domain::month::Month;
use crate::engine::command::Command;
use crate::engine::query::{Ahead, Closing};
use crate::ui::modal::ask::Ask;
use crate::ui::modal::text::TextBox;
use crate::ui::modal::{Modal, purpose};
use crate::ui::msg::{Cx, Part, ScreenId};
use crate::ui::theme;
use crate::ui::usage;
use crate::ui::widget::{Line, counted, put, wrap};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// The list of one month.
pub struct Close {
    month: Month,
    list: Option<Closing>,
    /// The row under the cursor.
    pub at: usize,
}

/// Where the list of a row is, and with which tab.
fn place(code: &str) -> Option<(ScreenId, &'static str)> {
    Some(match code {
        "drafts" => (ScreenId::Invoices, "tab:all drafts"),
        "drafts_held" => (ScreenId::Invoices, "tab:held"),
        "payments_unknown" | "refunds_open" => (ScreenId::Failed, "tab:look up"),
        "jobs" => (ScreenId::Jobs, ""),
        "unapplied" => (ScreenId::Failed, "tab:unapplied"),
        "bank_lines_new" | "unidentified" => (ScreenId::Bank, "tab:to do"),
        "mails_failed" => (ScreenId::Delivery, "tab:undelivered"),
        _ => return None,
    })
}

impl Close {
    /// Of a month, still to be read.
    pub fn of(month: Month) -> Self {
        Self { month, list: None, at: 0 }
    }

    /// Asks for it.
    pub fn read(&self, cx: &mut Cx) {
        cx.load(ScreenId::Books, Part::Page, Ahead::Closing(self.month));
    }

    /// Takes it.
    pub fn loaded(&mut self, list: Closing) {
        if list.period.month == self.month {
            self.at = self.at.min(list.rows.len().saturating_sub(1));
            self.list = Some(list);
        }
    }

    /// How many rows it has.
    pub fn count(&self) -> usize {
        self.list.as_ref().map_or(0, |list| list.rows.len())
    }

    fn row(&self) -> Option<&Row> {
        self.list.as_ref()?.rows.get(self.at)
    }

    /// Goes to the list of the row under the cursor.
    pub fn enter_row(&self, cx: &mut Cx) {
        let Some(row) = self.row() else { return cx.say("nothing here") };
        match (row.code, place(row.code)) {
            ("bank_unread", _) if row.opens == "bank import" => {
                cx.go = Some((ScreenId::Bank, Some("tab:to do".to_owned())));
            }
            ("bank_unread", _) => {
                let form = purpose::bank_read(cx);
                cx.open.push(form);
            }
            ("usage_pending", _) => usage::show(ScreenId::Books, None, cx),
            ("ties", _) => self.explain(cx),
            (_, Some((screen, tab))) => cx.go = Some((screen, Some(tab.to_owned()))),
            (_, None) => cx.say(format!("daybook {} lists them", row.opens)),
        }
    }

    /// Every row and each tie with both sides.
    pub fn explain(&self, cx: &mut Cx) {
        let Some(list) = &self.list else { return cx.say("still being read") };
        let width = usize::from(cx.size.0).saturating_sub(12).clamp(30, 88);
        let mut lines = Vec::new();
        for row in &list.rows {
            let words = if row.is_done() { format!("{}: none", row.what) } else { row.words() };
            let style = style(row);
            lines.extend(wrap(&words, width).into_iter().map(|text| Line::of(text, style)));
            if !row.is_done() {
                lines.push(Line::of(format!("  daybook {}", row.opens), theme::DIM));
            }
        }
        lines.push(Line::default());
        for (name, tie) in &list.ties {
            let both = [tie.left, tie.right].map(|minor| tie.currency.grouped(minor));
            let mark = if tie.holds() { "ties" } else { "DOES NOT TIE" };
            let text = format!(
                "{mark}: {name} {}: {} {}, {} {}",
                tie.name, both[0], tie.currency, both[1], tie.currency
            );
            let style = if tie.holds() { theme::PLAIN } else { theme::BAD };
            lines.extend(wrap(&text, width).into_iter().map(|text| Line::of(text, style)));
        }
        let title = format!("Before {} closes", self.month.name());
        cx.open.push(Modal::Text(TextBox::new(title, lines)));
    }

    /// Asks whether to close the month over what warns; says what blocks it.
    pub fn ask(&self, cx: &mut Cx) {
        let Some(list) = &self.list else { return cx.say("still being read") };
        if list.period.status != PeriodStatus::Open {
            let status = list.period.status.as_str().to_lowercase();
            return cx.say(format!("{} is {status} already", self.month.name()));
        }
        let blocks = left(&list.rows, Weight::Blocks).count();
        if blocks > 0 {
            let rows = counted(blocks, "row blocks", "rows block");
            return cx.say(format!("{rows} the close: Enter on each shows its list"));
        }
        let mut lines = vec![
            Line::plain("Nothing is booked in it from then on; what comes late counts in the next"),
            Line::plain(
                "month; what is open before it closes with it. Its reports are written, with",
            ),
            Line::plain("their hashes, for the auditor."),
        ];
        let warns: Vec<&Row> = left(&list.rows, Weight::Warns).collect();
        if !warns.is_empty() {
            lines.push(Line::plain(""));
            lines.push(Line::of("It is closed over:", theme::WARN));
            lines.extend(warns.iter().flat_map(|row| wrap(&row.words(), 68)).map(Line::plain));
        }
        let op = cx.operation();
        let command = Command::ClosePeriod { month: self.month };
        let title = format!("Close {}", self.month.name());
        cx.open.push(Modal::Ask(Box::new(Ask::heavy(title, "close it", lines, 1, op, command))));
    }

    /// The first row that is drawn where there is room for so many.
    pub fn top(&self, room: usize) -> usize {
        (self.at + 1).saturating_sub(room)
    }

    /// Draws it.
    pub fn view(&self, canvas: &mut Buffer, area: Rect) {
        let status = self.list.as_ref().map_or("…", |list| list.period.status.as_str());
        let title = format!("before {} closes: {}", self.month.name(), status.to_lowercase());
        put(canvas, area.x + 1, area.y, area.width - 1, &title, theme::KEY);
        let Some(list) = &self.list else {
            put(canvas, area.x + 2, area.y + 2, area.width, "reading…", theme::DIM);
            return;
        };
        let room = usize::from(area.height.saturating_sub(3)).max(1);
        let top = self.top(room);
        for (at, row) in list.rows.iter().enumerate().skip(top).take(room) {
            let y = area.y + 1 + (at - top) as u16;
            if at == self.at {
                put(canvas, area.x, y, 1, ">", theme::PLAIN);
            }
            let mark = match (row.is_done(), row.weight) {
                (true, _) => "done",
                (false, Weight::Blocks) => "BLOCKS",
                (false, Weight::Warns) if list.period.status == PeriodStatus::Open => "warns",
                (false, Weight::Warns) => "left",
            };
            put(canvas, area.x + 2, y, 7, mark, style(row));
            let words = if row.is_done() { format!("{}: none", row.what) } else { row.words() };
            put(canvas, area.x + 10, y, area.width.saturating_sub(11), &words, style(row));
        }
        let broken = list.ties.iter().filter(|(_, tie)| !tie.holds()).count();
        let (ties, style) = match broken {
            0 => (format!("{} ties hold; x shows both sides of each", list.ties.len()), theme::DIM),
            n => (format!("{n} of {} ties DO NOT HOLD: x shows them", list.ties.len()), theme::BAD),
        };
        let width = area.width - 2;
        put(canvas, area.x + 1, area.bottom() - 2, width, &ties, style);
        let next = match list.period.status {
            PeriodStatus::Closed => {
                "daybook period reopen opens it again: a controller, a second person, a reason"
            }
            PeriodStatus::Locked => "it was filed, and stays as it is",
            PeriodStatus::Open if left(&list.rows, Weight::Blocks).next().is_some() => {
                "Enter shows the list of a row; r reads all again"
            }
            PeriodStatus::Open => "nothing blocks it: C closes the month",
        };
        put(canvas, area.x + 1, area.bottom() - 1, width, next, theme::PLAIN);
    }
}

fn style(row: &Row) -> ratatui::style::Style {
    match (row.is_done(), row.weight) {
        (true, _) => theme::DIM,
        (false, Weight::Blocks) => theme::BAD,
        (false, Weight::Warns) => theme::WARN,
    }
}
