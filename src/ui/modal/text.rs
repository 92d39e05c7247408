//! Something to read: help, an explanation, a receipt. Scrolls, and can be copied.

mod search;

use super::{Intent, Step, clear, frame};
use crate::domain::charts;
use crate::engine::query::Answer;
use crate::ui::account_page;
use crate::ui::keymap::Key;
use crate::ui::msg::Cx;
use crate::ui::results;
use crate::ui::theme;
use crate::ui::usage;
use crate::ui::widget::{Line, put};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use search::Search;
use std::cell::Cell;

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
    /// Keys that do something while it stays, and what they do in words.
    pub live: (Vec<(Key, Intent)>, &'static str),
    /// Whether a letter was typed that means nothing here: what follows it is meant for something else,
    /// and only a key that is no letter closes it.
    astray: bool,
    /// Over the whole screen and without a frame, so that the mouse selects nothing else.
    bare: bool,
    /// What is looked for in it, where it can be searched.
    search: Option<Search>,
    /// The row of the first line that is drawn.
    first: Cell<u16>,
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
            live: (Vec::new(), ""),
            astray: false,
            bare: false,
            search: None,
            first: Cell::new(0),
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
        self.through.as_ref().is_some_and(|(through, _)| *through == key) || self.searches(key)
    }

    pub(super) fn key(&mut self, key: Key, cx: &Cx) -> Step {
        let height = usize::from(cx.size.1).saturating_sub(6).max(1);
        let last = self.lines.len().saturating_sub(height);
        if self.astray && matches!(key, Key::Char(_)) {
            return Step::Stay;
        }
        if self.searched(key) {
            return Step::Stay;
        }
        if let Some((_, intent)) = self.through.as_ref().filter(|(through, _)| *through == key) {
            return Step::Then(intent.clone());
        }
        if let Some((_, intent)) = self.live.0.iter().find(|(live, _)| *live == key) {
            return Step::Live(intent.clone());
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
        let shown = self.shown();
        let runs: Vec<usize> =
            (0..self.runs.len()).filter(|i| shown.contains(&self.runs[*i].0)).collect();
        let at = runs.iter().position(|i| *i == self.at).unwrap_or(0);
        let last = runs.len().saturating_sub(1);
        let to = match key {
            // Below the last that can be run there may be more to read.
            Key::Char('j') | Key::Down if at == last => {
                let most = shown.len().saturating_sub(height);
                self.top = (self.top + 1).min(most.max(self.top));
                return Step::Stay;
            }
            Key::Char('j') | Key::Down => at + 1,
            Key::Char('k') | Key::Up => at.saturating_sub(1),
            Key::Char(' ') | Key::PageDown | Key::Ctrl('d') => at + height,
            Key::PageUp | Key::Ctrl('u') => at.saturating_sub(height),
            Key::Char('g') | Key::Home => 0,
            Key::Char('G') | Key::End => last,
            Key::Enter => {
                let run = runs.get(at).and_then(|i| self.runs.get(*i));
                return run.map_or(Step::Stay, |run| Step::Then(run.1.clone()));
            }
            Key::Esc | Key::Char('q' | 'h' | '?' | '!') | Key::Left => return Step::Close,
            other => {
                self.astray = matches!(other, Key::Char(_));
                at
            }
        };
        let to = to.min(last);
        let Some(run) = runs.get(to).copied() else { return Step::Stay };
        self.at = run;
        let line = shown.iter().position(|line| *line == self.runs[run].0).unwrap_or(0);
        if line < self.top + 1 {
            self.top = line.saturating_sub(1);
        } else if line >= self.top + height {
            self.top = line + 1 - height;
        }
        if to == 0 {
            self.top = 0;
        }
        Step::Stay
    }

    /// A click puts the cursor on a line that can be run.
    pub(super) fn click(&mut self, row: u16) {
        let Some(line) = row.checked_sub(self.first.get()) else { return };
        let line = self.shown().get(self.top + usize::from(line)).copied();
        if let Some(run) = self.runs.iter().position(|(at, _)| Some(*at) == line) {
            self.at = run;
        }
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
        } else if let Answer::Charts(of) = answer {
            self.lines = charts::lines(of).into_iter().map(Line::plain).collect();
        } else if let Answer::AccountPage(account, month, leaf) = answer {
            let width = usize::from(cx.size.0).saturating_sub(8).min(118);
            self.title.clone_from(&leaf.title);
            self.lines = account_page::lines(leaf, width);
            // It closes: where the file is stands in the row below it.
            self.through = Some((Key::Char('w'), Intent::WritePage(*account, *month)));
            self.live = (account_page::keys(*account, *month, cx), account_page::FOOT);
            self.top = 0;
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
        self.first.set(inner.y);
        let lines = self.shown();
        let shown = lines.iter().skip(self.top).take(usize::from(rows));
        for (row, (i, line)) in shown.map(|i| (*i, &self.lines[*i])).enumerate() {
            let y = inner.y + row as u16;
            let place = Rect { x: inner.x + 1, y, width: inner.width.saturating_sub(1), height: 1 };
            line.draw(canvas, place.x, y, place.width);
            self.point_out(&line.text(), canvas, place);
            if self.runs.get(self.at).is_some_and(|(at, _)| *at == i) {
                put(canvas, inner.x, y, 1, ">", theme::BOLD);
            }
        }
        let more = lines.len().saturating_sub(self.top + usize::from(rows));
        if self.search.as_ref().is_some_and(Search::is_open) {
            return self.view_search(canvas, inner, lines.len());
        }
        let live = self.live.1;
        let foot = match (more > 0, self.runs.is_empty()) {
            (true, true) => format!("{more} more: j k PgDn · {live}y copies · Esc closes"),
            (false, true) => format!("{live}y copies · Esc closes"),
            (true, false) => {
                format!("{more} more: j k · Enter does it{} · Esc closes", self.offer())
            }
            (false, false) => format!("Enter does it{} · Esc closes", self.offer()),
        };
        put(canvas, inner.x, inner.bottom() - 1, inner.width, &foot, theme::DIM);
        None
    }
}
