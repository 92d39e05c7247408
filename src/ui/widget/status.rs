//! The rows that every screen has: title above, status and keys below.

use super::{put, put_right, wrap};
use crate::engine::query::StatusRow;
use crate::ui::keymap::{Action, Binding};
use crate::ui::modal::clear;
use crate::ui::msg::{Cx, ScreenId, Seat};
use crate::ui::theme;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

/// Row 1: place on the left, people and time on the right.
pub fn title(canvas: &mut Buffer, area: Rect, screen: ScreenId, crumb: &str, cx: &Cx) {
    let here = cx.people.iter().filter(|p| p.seat != Seat::Ended);
    let others = match here.count() {
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
        let percent = job.whole().map(|all| format!(" {}%", job.done * 100 / all));
        let percent = percent.unwrap_or_default();
        // What a posting does not take stays a draft; nothing failed.
        let left = if job.kind == "post" { "left behind" } else { "failed" };
        let failed = if job.failed > 0 { format!(" {} {left}", job.failed) } else { String::new() };
        let state = if job.state == "Running" {
            String::new()
        } else if !job.waits.is_empty() {
            format!(" {}", job.waits)
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
            // What just happened matters more than what goes on, and is read whole.
            if text.width() > usize::from(room) {
                return notice_whole(canvas, area, text);
            }
            put(canvas, area.x + 1, area.y, room, text, theme::GOOD);
        }
        (None, Some(marks)) => {
            // Marks with their money stand whole; what goes on can be seen on other screens.
            let width = area.width.saturating_sub(2);
            if marks.width() as u16 > room {
                let text = if marks.width() as u16 > width {
                    marks.split(" + ").next().map_or(String::new(), |m| format!("{m} + more"))
                } else {
                    marks.to_owned()
                };
                put(canvas, area.x + 1, area.y, width, &text, theme::BOLD);
                return;
            }
            put(canvas, area.x + 1, area.y, room, marks, theme::BOLD);
        }
        (None, None) => {}
    }
    put_right(canvas, area.x, area.y, area.width.saturating_sub(1), &right, theme::WARN);
}

/// A long notice goes over the rows above its own until the next key: a reason stands at the end.
fn notice_whole(canvas: &mut Buffer, area: Rect, text: &str) {
    let width = area.width.saturating_sub(2);
    let mut lines = wrap(text, usize::from(width));
    lines.truncate(usize::from(area.y.saturating_sub(2)).max(1));
    let top = area.y + 1 - lines.len() as u16;
    for (row, line) in lines.iter().enumerate() {
        let y = top + row as u16;
        clear(canvas, Rect { y, height: 1, ..area });
        put(canvas, area.x + 1, y, width, line, theme::GOOD);
    }
}

/// The last row: keys, from the tables. What works everywhere keeps its place on the right; of the
/// screen's own keys as many as fit, in the order of its table, without those that cannot be had now.
pub fn keys(
    canvas: &mut Buffer,
    area: Rect,
    tables: &[&'static [Binding]],
    can: impl Fn(Action) -> bool,
) {
    let Some((last, own)) = tables.split_last() else { return };
    let width_of = |b: &Binding| {
        b.keys.first().map_or(0, |k| (k.label().width() + 1 + b.short.width() + 2) as u16)
    };
    let shown = |b: &&Binding| !b.short.is_empty();
    let tail: Vec<&Binding> = last.iter().filter(shown).collect();
    let room = area.width.saturating_sub(tail.iter().map(|b| width_of(b)).sum::<u16>());
    let mut used = 1;
    let mut list: Vec<&Binding> = Vec::new();
    let mine = || own.iter().flat_map(|t| t.iter()).filter(shown).filter(|b| can(b.action));
    for binding in mine().filter(|b| !b.late).chain(mine().filter(|b| b.late)) {
        if used + width_of(binding) <= room {
            used += width_of(binding);
            list.push(binding);
        }
    }
    let mut x = area.x + 1;
    for binding in list.into_iter().chain(tail) {
        let label = binding.keys.first().map(|k| k.label()).unwrap_or_default();
        x += put(canvas, x, area.y, area.width, &label, theme::KEY) + 1;
        x += put(canvas, x, area.y, area.width, binding.short, theme::PLAIN) + 2;
    }
}
