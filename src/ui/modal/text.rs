//! Something to read: help, an explanation, a receipt. Scrolls, and can be copied.

use super::{Intent, Step, clear, frame};
use crate::engine::query::Answer;
use crate::ui::keymap::Key;
use crate::ui::msg::Cx;
use crate::ui::results;
use crate::ui::theme;
use crate::ui::usage;
use crate::ui::widget::{Line, put};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Lines under a title.
#[derive(Debug, Clone)]
pub struct TextBox {
    /// Its heading.
    pub title: String,
    /// What it says.
    pub lines: Vec<Line>,
    top: usize,
    /// Keys that do what a line says: `?` help can be run.
    pub runs: Vec<(usize, Intent)>,
    at: usize,
    /// A key that closes it and does this.
    pub through: Option<(Key, Intent)>,
    /// Whether a letter was typed that means nothing here: what follows it is meant for something else,
    /// and only a key that is no letter closes it.
    astray: bool,
    /// Over the whole screen and without a frame, so that the mouse selects nothing else.
    bare: bool,
}

impl TextBox {
    /// Text to read.
    pub fn new(title: impl Into<String>, lines: Vec<Line>) -> Self {
        Self {
            title: title.into(),
            lines,
            top: 0,
            runs: Vec::new(),
            at: 0,
            through: None,
            astray: false,
            bare: false,
        }
    }

    /// Text to select with the mouse.
    pub fn bare(title: impl Into<String>, text: &str) -> Self {
        let lines = text.lines().map(Line::plain).collect();
        Self { bare: true, ..Self::new(title, lines) }
    }

    fn view_bare(&self, canvas: &mut Buffer, area: Rect) {
        clear(canvas, area);
        let rows = usize::from(area.height.saturating_sub(2));
        for (row, line) in self.lines.iter().skip(self.top).take(rows).enumerate() {
            line.draw(canvas, area.x, area.y + row as u16, area.width);
        }
        let more = self.lines.len().saturating_sub(self.top + rows);
        let more = if more > 0 { format!("{more} more: j k PgDn · ") } else { String::new() };
        let foot = format!("{}: {more}select with the mouse · Esc closes", self.title);
        put(canvas, area.x, area.bottom() - 1, area.width, &foot, theme::DIM);
    }

    /// Text some of whose lines can be run with Enter.
    pub fn runnable(
        title: impl Into<String>,
        lines: Vec<Line>,
        runs: Vec<(usize, Intent)>,
    ) -> Self {
        Self { runs, ..Self::new(title, lines) }
    }

    /// Whether a key that begins something elsewhere means something here.
    pub fn takes(&self, key: Key) -> bool {
        self.through.as_ref().is_some_and(|(through, _)| *through == key)
    }

    pub(super) fn key(&mut self, key: Key, cx: &Cx) -> Step {
        let height = usize::from(cx.size.1).saturating_sub(6).max(1);
        let last = self.lines.len().saturating_sub(height);
        if self.astray && matches!(key, Key::Char(_)) {
            return Step::Stay;
        }
        if let Some((_, intent)) = self.through.as_ref().filter(|(through, _)| *through == key) {
            return Step::Then(intent.clone());
        }
        if !self.runs.is_empty() {
            return self.choose(key, height);
        }
        match key {
            Key::Char('j') | Key::Down => self.top = (self.top + 1).min(last),
            Key::Char('k') | Key::Up => self.top = self.top.saturating_sub(1),
            Key::Char(' ') | Key::PageDown | Key::Ctrl('d') => {
                self.top = (self.top + height).min(last);
            }
            Key::PageUp | Key::Ctrl('u') => self.top = self.top.saturating_sub(height),
            Key::Char('g') | Key::Home => self.top = 0,
            Key::Char('G') | Key::End => self.top = last,
            Key::Char('y') => {
                let text: Vec<String> = self.lines.iter().map(Line::text).collect();
                return Step::Live(Intent::Copy(text.join("\n")));
            }
            Key::Esc | Key::Enter | Key::Char('q' | 'h' | '?' | 'x' | '!') | Key::Left => {
                return Step::Close;
            }
            other => self.astray = matches!(other, Key::Char(_)),
        }
        Step::Stay
    }

    fn choose(&mut self, key: Key, height: usize) -> Step {
        match key {
            // Below the last that can be run there may be more to read.
            Key::Char('j') | Key::Down if self.at + 1 == self.runs.len() => {
                let last = self.lines.len().saturating_sub(height);
                self.top = (self.top + 1).min(last.max(self.top));
                return Step::Stay;
            }
            Key::Char('j') | Key::Down => self.at += 1,
            Key::Char('k') | Key::Up => self.at = self.at.saturating_sub(1),
            Key::Char(' ') | Key::PageDown | Key::Ctrl('d') => {
                self.at = (self.at + height).min(self.runs.len() - 1);
            }
            Key::PageUp | Key::Ctrl('u') => self.at = self.at.saturating_sub(height),
            Key::Char('g') | Key::Home => self.at = 0,
            Key::Char('G') | Key::End => self.at = self.runs.len() - 1,
            Key::Enter => {
                return self.runs.get(self.at).map_or(Step::Close, |r| Step::Then(r.1.clone()));
            }
            Key::Esc | Key::Char('q' | 'h' | '?' | '!') | Key::Left => return Step::Close,
            other => self.astray = matches!(other, Key::Char(_)),
        }
        let line = self.runs[self.at].0;
        if line < self.top + 1 {
            self.top = line.saturating_sub(1);
        } else if line >= self.top + height {
            self.top = line + 1 - height;
        }
        if self.at == 0 {
            self.top = 0;
        }
        Step::Stay
    }

    /// Text that is on its way.
    pub fn waiting(title: impl Into<String>) -> Self {
        Self::new(title, vec![Line::of("reading…", theme::DIM)])
    }

    pub(super) fn loaded(&mut self, answer: &Answer, cx: &Cx) {
        if let Answer::Usage(target, found) = answer {
            self.lines = usage::lines(found, *target);
        } else if let Answer::Results(found) = answer {
            (self.lines, self.runs) = results::lines(found, cx);
        } else if let Answer::History(rows) = answer {
            for row in rows {
                let when = cx.when(row.at);
                let text = format!("{when}  {}  {}: {}", row.user, row.verb, row.summary);
                self.lines.push(Line::plain(text));
            }
        }
    }

    pub(super) fn view(&self, canvas: &mut Buffer, area: Rect) -> Option<(u16, u16)> {
        use unicode_width::UnicodeWidthStr;
        if self.bare {
            self.view_bare(canvas, area);
            return None;
        }
        let widest = self.lines.iter().map(|l| l.text().width()).max().unwrap_or(0);
        let width = (widest as u16 + 6).max(self.title.width() as u16 + 8).max(30);
        let height = self.lines.len() as u16 + 3;
        let inner = frame(canvas, area, width, height, &self.title);
        let rows = inner.height.saturating_sub(1);
        let shown = self.lines.iter().enumerate().skip(self.top).take(usize::from(rows));
        for (row, (i, line)) in shown.enumerate() {
            let y = inner.y + row as u16;
            line.draw(canvas, inner.x + 1, y, inner.width.saturating_sub(1));
            if self.runs.get(self.at).is_some_and(|(at, _)| *at == i) {
                put(canvas, inner.x, y, 1, ">", theme::BOLD);
            }
        }
        let more = self.lines.len().saturating_sub(self.top + usize::from(rows));
        let foot = match (more > 0, self.runs.is_empty()) {
            (true, true) => format!("{more} more: j k PgDn · y copies · Esc closes"),
            (false, true) => "y copies · Esc closes".to_owned(),
            (true, false) => format!("{more} more: j k · Enter does it · Esc closes"),
            (false, false) => "Enter does it · Esc closes".to_owned(),
        };
        put(canvas, inner.x, inner.bottom() - 1, inner.width, &foot, theme::DIM);
        None
    }
}
