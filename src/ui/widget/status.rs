//! The rows that every screen has: title above, status and keys below.

use super::{put, put_right};
use crate::engine::query::StatusRow;
use crate::ui::keymap::Binding;
use crate::ui::msg::{Cx, ScreenId};
use crate::ui::theme;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

/// Row 1: place on the left, people and time on the right.
pub fn title(canvas: &mut Buffer, area: Rect, screen: ScreenId, crumb: &str, cx: &Cx) {
    let others = match cx.people.len() {
        0 => String::new(),
        n => format!("+{n} here  "),
    };
    let time = chrono::DateTime::from_timestamp_millis(cx.now.at_ms)
        .map(|m| m.with_timezone(&cx.zone).format("%H:%M").to_string())
        .unwrap_or_default();
    let right = format!("{}  {others}{time}", cx.user);
    let crumb = if crumb.is_empty() { String::new() } else { format!(" › {crumb}") };
    let left = format!("daybook  {} {}{crumb}", screen.number(), screen.name());
    let room = area.width.saturating_sub(right.width() as u16 + 3);
    put(canvas, area.x + 1, area.y, room, &left, theme::BOLD);
    put_right(canvas, area.x, area.y, area.width.saturating_sub(1), &right, theme::PLAIN);
}

/// The last but one row: a notice, or marks with money; jobs and what came back on the right.
pub fn status(
    canvas: &mut Buffer,
    area: Rect,
    marks: Option<&str>,
    notice: Option<&str>,
    foot: &StatusRow,
) {
    let mut right = Vec::new();
    if let Some(job) = foot.jobs.iter().find(|j| j.state == "Running").or(foot.jobs.first()) {
        let percent =
            if job.total > 0 { format!(" {}%", job.done * 100 / job.total) } else { String::new() };
        let failed = if job.failed > 0 { format!(" {} failed", job.failed) } else { String::new() };
        let state = if job.state == "Running" {
            String::new()
        } else {
            format!(" {}", job.state.to_lowercase())
        };
        let what = if job.subject.is_empty() { job.kind.clone() } else { job.subject.clone() };
        right.push(format!("● {what}{percent}{failed}{state}"));
    }
    if foot.undelivered > 0 {
        right.push(format!("✉ {} undelivered", foot.undelivered));
    }
    if !foot.notices.is_empty() {
        right.push(format!("! {}", foot.notices.len()));
    }
    let right = right.join("  ");
    let room = area.width.saturating_sub(right.width() as u16 + 3);
    match (notice, marks) {
        (Some(text), _) => {
            // What just happened matters more than what goes on.
            let width = (text.width() as u16).max(room).min(area.width.saturating_sub(2));
            put(canvas, area.x + 1, area.y, width, text, theme::GOOD);
            if text.width() as u16 > room {
                return;
            }
        }
        (None, Some(marks)) => {
            put(canvas, area.x + 1, area.y, room, marks, theme::BOLD);
        }
        (None, None) => {}
    }
    put_right(canvas, area.x, area.y, area.width.saturating_sub(1), &right, theme::WARN);
}

/// The last row: keys, from the tables.
pub fn keys(canvas: &mut Buffer, area: Rect, tables: &[&'static [Binding]]) {
    let mut x = area.x + 1;
    for binding in tables.iter().flat_map(|t| t.iter()).filter(|b| !b.short.is_empty()) {
        let Some(key) = binding.keys.first() else { continue };
        let label = key.label();
        let width = (label.width() + 1 + binding.short.width()) as u16;
        if x + width > area.right() {
            return;
        }
        x += put(canvas, x, area.y, width, &label, theme::KEY);
        x += 1 + put(canvas, x + 1, area.y, width, binding.short, theme::PLAIN);
        x += 2;
    }
}
