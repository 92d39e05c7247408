//! Small drawing helpers and the widgets that screens share.

pub mod list;
pub mod status;

use crate::domain::money::Purse;
use crate::domain::text::clean;
pub use crate::domain::text::{counted, grouped};
use ratatui::buffer::Buffer;
use ratatui::style::Style;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// A line of styled pieces.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Line(pub Vec<(String, Style)>);

impl Line {
    /// One piece.
    pub fn of(text: impl Into<String>, style: Style) -> Self {
        Self(vec![(text.into(), style)])
    }

    /// Plain text.
    pub fn plain(text: impl Into<String>) -> Self {
        Self::of(text, super::theme::PLAIN)
    }

    /// One more piece.
    #[must_use]
    pub fn and(mut self, text: impl Into<String>, style: Style) -> Self {
        self.0.push((text.into(), style));
        self
    }

    /// The same text as something that is not quite so.
    pub fn dim(&mut self) {
        self.0.iter_mut().for_each(|piece| piece.1 = super::theme::DIM);
    }

    /// The bare text.
    pub fn text(&self) -> String {
        self.0.iter().map(|(t, _)| t.as_str()).collect()
    }

    /// Draws it, cut at `width`.
    pub fn draw(&self, canvas: &mut Buffer, x: u16, y: u16, width: u16) {
        let mut at = x;
        let end = x.saturating_add(width);
        for (text, style) in &self.0 {
            if at >= end {
                return;
            }
            at += put(canvas, at, y, end - at, text, *style);
        }
    }
}

/// Writes text from anywhere: stripped of what must not reach a terminal, cut with `…` to fit.
/// Gives the columns used.
pub fn put(canvas: &mut Buffer, x: u16, y: u16, width: u16, text: &str, style: Style) -> u16 {
    let area = canvas.area;
    if y >= area.bottom() || x >= area.right() || width == 0 {
        return 0;
    }
    let width = width.min(area.right() - x);
    let text = clean(text);
    let fitted = fit(&text, usize::from(width));
    let used = fitted.width() as u16;
    canvas.set_stringn(x, y, &fitted, usize::from(width), style);
    used.min(width)
}

/// Writes text ending at the right edge of `width`; an amount that does not fit becomes `###`,
/// never a shorter amount.
pub fn put_right(canvas: &mut Buffer, x: u16, y: u16, width: u16, text: &str, style: Style) {
    let text = clean(text);
    let used = text.width();
    let room = usize::from(width);
    if used > room {
        put(canvas, x, y, width, &"#".repeat(room), style);
    } else {
        put(canvas, x + (room - used) as u16, y, used as u16, &text, style);
    }
}

/// Cuts text to a number of columns, with `…` for what is missing. A figure is shown whole, with its
/// currency, or not at all: a shorter one would be another one.
pub fn fit(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    if width == 0 {
        return String::new();
    }
    let mut out = String::new();
    let mut used = 0;
    for c in text.chars() {
        let wide = c.width().unwrap_or(0);
        if used + wide > width - 1 {
            break;
        }
        used += wide;
        out.push(c);
    }
    if let Some(rest) = text.get(out.len()..)
        && splits_a_figure(&out, rest)
    {
        let kept = out.trim_end();
        let figure = kept.rfind(' ').map_or(0, |at| at + 1);
        out.truncate(figure);
    }
    out.push('…');
    out
}

/// Whether text that is cut here loses the end of a figure, or its currency.
fn splits_a_figure(kept: &str, rest: &str) -> bool {
    let part = |c: char| c.is_ascii_digit() || matches!(c, ',' | '.' | '-');
    let last = kept.trim_end().rsplit(' ').next().unwrap_or_default();
    let figure = last.chars().all(part) && last.contains(|c: char| c.is_ascii_digit());
    let touches = !kept.ends_with(' ') && rest.starts_with(part);
    let code: String = rest.trim_start().chars().take(4).collect();
    let currency = code.len() >= 3
        && code.chars().take(3).all(|c| c.is_ascii_uppercase())
        && !code.chars().nth(3).is_some_and(char::is_alphanumeric);
    figure && (touches || currency)
}

/// Text padded to a number of columns, so that what follows stays in place.
pub fn pad(text: &str, width: usize) -> String {
    let mut out = fit(&clean(text), width);
    let used = out.width();
    out.extend(std::iter::repeat_n(' ', width.saturating_sub(used)));
    out
}

/// Breaks text into lines of at most `width` columns, at blanks where there are any; nothing is cut.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        for word in paragraph.split(' ') {
            let word = clean(word);
            let gap = usize::from(!line.is_empty());
            if line.width() + gap + word.width() > width && !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            push_whole(&mut lines, &mut line, &word, width);
        }
        lines.push(line);
    }
    lines
}

/// Adds a word to a line; one that is longer than a line goes on in the next, whole.
fn push_whole(lines: &mut Vec<String>, line: &mut String, word: &str, width: usize) {
    for c in word.chars() {
        if !line.is_empty() && line.width() + c.width().unwrap_or(0) > width {
            lines.push(std::mem::take(line));
        }
        line.push(c);
    }
}

/// Progress as text: `[####....] 61 %`.
pub fn progress(done: i64, total: i64, width: usize) -> String {
    let percent = if total <= 0 { 0 } else { (done * 100 / total).clamp(0, 100) };
    let full = usize::try_from(percent).unwrap_or(0) * width / 100;
    format!("[{}{}] {percent:>3} %", "#".repeat(full), ".".repeat(width - full))
}

/// Money by currency; when there is little room the first and how many more, never a cut amount.
pub fn amounts(money: &Purse, short: bool) -> String {
    match money.first() {
        Some(first) if short && money.len() > 1 => format!("{first} +{}", money.len() - 1),
        _ => money.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_in_columns_not_in_bytes() {
        assert_eq!(fit("東京商事株式会社", 7), "東京商…");
        assert_eq!(fit("Müller", 6), "Müller");
        for (text, width, shown) in [
            ("left 9,700,558.32 USD +1", 9, "left …"),
            ("left 9,700,558.32 USD +1", 18, "left …"),
            ("left 9,700,558.32 USD +1", 19, "left …"),
            ("left 9,700,558.32 USD +1", 22, "left 9,700,558.32 USD…"),
            ("1,200 of 30,000 done", 10, "1,200 of …"),
            ("due 2026-12-31", 9, "due …"),
            ("12,345.00", 4, "…"),
            ("12 monkeys", 5, "12 m…"),
            ("INV-2026-000123", 8, "INV-202…"),
        ] {
            assert_eq!(fit(text, width), shown, "{text} in {width}");
        }
        assert_eq!(pad("東京", 6), "東京  ");
        assert_eq!(wrap("one two three", 8), ["one two", "three"]);
        assert_eq!(wrap("to abcdefghijk l", 5), ["to", "abcde", "fghij", "k l"]);
        assert_eq!(progress(61, 100, 8), "[####....]  61 %");
        assert_eq!(grouped(-1_234_567), "-1,234,567");
    }

    #[test]
    fn an_amount_is_never_shortened() {
        let mut canvas = Buffer::empty(ratatui::layout::Rect::new(0, 0, 6, 1));
        put_right(&mut canvas, 0, 0, 6, "18,400.00", Style::new());
        assert_eq!(
            canvas.content.iter().map(ratatui::buffer::Cell::symbol).collect::<String>(),
            "######"
        );
    }
}
