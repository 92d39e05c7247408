//! Something to choose: each line has a key of its own; what cannot be had says why.

use super::{Intent, Step, frame, money};
use crate::engine::query::Answer;
use crate::ui::keymap::Key;
use crate::ui::msg::Cx;
use crate::ui::rights;
use crate::ui::theme;
use crate::ui::widget::{amounts, grouped, put, wrap};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::cell::{Cell, RefCell};

/// What stands below a menu into which letters were typed that name no line.
const ASTRAY: &str = "no such line: arrows, Enter, Esc";

/// One line.
#[derive(Debug, Clone)]
pub struct Item {
    pub key: Option<char>,
    /// What it is.
    pub label: String,
    /// More about it; of an unavailable one the reason.
    pub hint: String,
    /// What it does; none: unavailable.
    pub intent: Option<Intent>,
}

impl Item {
    /// A line that can be chosen.
    pub fn new(key: char, label: impl Into<String>, intent: Intent) -> Self {
        Self { key: Some(key), label: label.into(), hint: String::new(), intent: Some(intent) }
    }

    /// With more words.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// A line that cannot be chosen now.
    pub fn unavailable(key: char, label: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { key: Some(key), label: label.into(), hint: reason.into(), intent: None }
    }
}

/// A short list of lines.
#[derive(Debug, Clone)]
pub struct Choice {
    /// Its heading.
    pub title: String,
    /// The lines.
    pub items: Vec<Item>,
    at: usize,
    waiting: bool,
    /// Whether a letter was typed that means nothing here; another kind of key ends it.
    astray: bool,
    /// Which lines were drawn last: the first, and how many. A key picks none that is not shown.
    seen: Cell<(usize, usize)>,
    /// The first row of each of them.
    rows: RefCell<Vec<u16>>,
}

impl Choice {
    /// A choice.
    pub fn new(title: impl Into<String>, items: Vec<Item>) -> Self {
        let (seen, rows) = (Cell::new((0, usize::MAX)), RefCell::default());
        Self { title: title.into(), items, at: 0, waiting: false, astray: false, seen, rows }
    }

    /// A choice whose lines are still being read.
    pub fn waiting(title: impl Into<String>) -> Self {
        Self { waiting: true, ..Self::new(title, Vec::new()) }
    }

    /// Whether its lines are still being read.
    pub fn is_waiting(&self) -> bool {
        self.waiting
    }

    pub(super) fn key(&mut self, key: Key) -> Step {
        if self.astray && matches!(key, Key::Char(_)) {
            return Step::Stay;
        }
        self.astray = false;
        match key {
            Key::Esc | Key::Left => Step::Close,
            Key::Down | Key::Tab => self.move_to(self.at + 1),
            Key::Up | Key::BackTab => self.move_to(self.at.saturating_sub(1)),
            Key::PageDown => self.move_to(self.at + 10),
            Key::PageUp => self.move_to(self.at.saturating_sub(10)),
            Key::Enter => self.pick(self.at),
            Key::Char(c) => match self.items.iter().position(|i| i.key == Some(c)) {
                Some(at) if self.is_shown(at) => self.pick(at),
                Some(at) => self.move_to(at),
                None if c == 'j' => self.move_to(self.at + 1),
                None if c == 'k' => self.move_to(self.at.saturating_sub(1)),
                // Who types a word here closes nothing, and its other letters choose nothing.
                None => {
                    self.astray = true;
                    Step::Stay
                }
            },
            _ => Step::Stay,
        }
    }

    pub(super) fn click(&mut self, row: u16) {
        let rows = self.rows.borrow();
        let below = rows.iter().filter(|first| **first <= row).count();
        // Below the last of them is the foot.
        let inside = rows.last().is_some_and(|end| row < *end);
        if let Some(line) = below.checked_sub(1).filter(|_| inside) {
            self.at = self.seen.get().0 + line;
        }
    }

    fn is_shown(&self, at: usize) -> bool {
        let (first, count) = self.seen.get();
        at >= first && at - first < count
    }

    fn move_to(&mut self, at: usize) -> Step {
        self.at = at.min(self.items.len().saturating_sub(1));
        Step::Stay
    }

    fn pick(&mut self, at: usize) -> Step {
        self.at = at;
        match self.items.get(at).and_then(|i| i.intent.clone()) {
            Some(intent) => Step::Then(intent),
            None => Step::Stay,
        }
    }

    /// What it waits for does not come.
    pub(super) fn failed(&mut self, why: &str) {
        if std::mem::take(&mut self.waiting) {
            self.items = vec![Item::unavailable(' ', "this cannot be read now", why)];
        }
    }

    pub(super) fn loaded(&mut self, answer: &Answer, cx: &mut Cx) {
        if let Answer::Payments(of) = answer {
            self.waiting = false;
            let (title, items) = money::items(of, cx);
            self.items = items;
            rights::shade(&mut self.items, cx);
            self.title = title.unwrap_or_else(|| std::mem::take(&mut self.title));
        }
        if let Answer::Groups(groups) = answer {
            self.waiting = false;
            self.items = groups
                .iter()
                .map(|g| {
                    let name = if g.name.is_empty() { "(nothing)" } else { g.name.as_str() };
                    // A code of ours is said as words; its term keeps the code.
                    let ours = g.term.starts_with("group:");
                    let label = if ours { name.replace('_', " ") } else { name.to_owned() };
                    Item {
                        key: None,
                        label,
                        hint: format!("{}  {}", grouped(g.count), amounts(&g.money, true)),
                        intent: Some(Intent::Term(g.term.clone())),
                    }
                })
                .collect();
        }
    }

    pub(super) fn view(&self, canvas: &mut Buffer, area: Rect) -> Option<(u16, u16)> {
        use unicode_width::UnicodeWidthStr;
        let label = self.items.iter().map(|i| i.label.width()).max().unwrap_or(10);
        let hint = self.items.iter().map(|i| i.hint.width()).max().unwrap_or(0);
        let width = (label + hint + 12).max(self.title.width() + 8).max(34) as u16;
        let width = width.min(area.width);
        // Side by side where the terminal has room for both; else one below the other. Neither is cut:
        // it may hold money.
        let room = usize::from(width.saturating_sub(8));
        let stacked = label + 2 + hint > room;
        let told = |item: &Item| if stacked { stack(item, room) } else { vec![item.label.clone()] };
        let texts: Vec<Vec<String>> = self.items.iter().map(told).collect();
        let height = texts.iter().map(Vec::len).sum::<usize>() as u16 + 3;
        let inner = frame(canvas, area, width, height, &self.title);
        let rows = usize::from(inner.height.saturating_sub(1));
        let (top, count) = shown(&texts, self.at, rows);
        self.seen.set((top, count));
        if self.waiting {
            put(canvas, inner.x, inner.y, inner.width, "reading…", theme::DIM);
        }
        let mut y = inner.y;
        self.rows.borrow_mut().clear();
        for (i, item) in self.items.iter().enumerate().skip(top).take(count) {
            self.rows.borrow_mut().push(y);
            let chosen = i == self.at;
            if chosen {
                put(canvas, inner.x, y, 1, ">", theme::BOLD);
            }
            let key = item.key.map(|c| c.to_string()).unwrap_or_default();
            put(canvas, inner.x + 2, y, 1, &key, theme::KEY);
            let style = match (&item.intent, chosen) {
                (None, _) => theme::DIM,
                (Some(_), true) => theme::CHOSEN,
                (Some(_), false) => theme::PLAIN,
            };
            let labels = if stacked { wrap(&item.label, room).len() } else { 1 };
            for (row, text) in texts[i].iter().take(rows).enumerate() {
                let style = if row < labels { style } else { theme::DIM };
                put(
                    canvas,
                    inner.x + 4,
                    y + row as u16,
                    inner.width.saturating_sub(4),
                    text,
                    style,
                );
            }
            if !stacked {
                let x = inner.x + 4 + label as u16 + 2;
                put(canvas, x, y, inner.right().saturating_sub(x), &item.hint, theme::DIM);
            }
            y += texts[i].len() as u16;
        }
        self.rows.borrow_mut().push(y);
        put(
            canvas,
            inner.x,
            inner.bottom() - 1,
            inner.width,
            if self.astray { ASTRAY } else { "Enter chooses · Esc closes" },
            if self.astray { theme::WARN } else { theme::DIM },
        );
        None
    }
}

/// A line's label, and its hint below it.
fn stack(item: &Item, room: usize) -> Vec<String> {
    let mut rows = wrap(&item.label, room);
    if !item.hint.is_empty() {
        rows.extend(wrap(&item.hint, room.saturating_sub(2)).into_iter().map(|t| format!("  {t}")));
    }
    rows
}

/// The first line to draw, and how many fit whole, so that the chosen one is among them.
fn shown(texts: &[Vec<String>], at: usize, rows: usize) -> (usize, usize) {
    let mut top = 0;
    let height = |from: usize, to: usize| texts[from..to].iter().map(Vec::len).sum::<usize>();
    while top < at && at < texts.len() && height(top, at + 1) > rows {
        top += 1;
    }
    let count = (top..texts.len()).take_while(|to| height(top, to + 1) <= rows).count();
    (top, count.max(1))
}
