//! `:`, the way to everything: commands, screens, saved filters, accounts and documents by a few
//! letters. Each line shows its direct key and the command line that does the same; what is
//! unavailable says why.

use super::{Claiming, Intent, Step, edit, field, frame};
use crate::engine::command::words;
use crate::engine::query::{Answer, Hit, Query};
use crate::ui::keymap::Key;
use crate::ui::msg::{Cx, Part, ScreenId};
use crate::ui::theme;
use crate::ui::widget::{grouped, put};
use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use tui_input::Input;

/// One line.
#[derive(Debug, Clone)]
pub struct Entry {
    /// What it does.
    pub words: String,
    /// Its direct key.
    pub key: String,
    /// The command line that does the same; may be empty.
    pub cli: String,
    /// Why it cannot be had; empty: it can.
    pub reason: String,
    /// What it does.
    pub intent: Intent,
}

#[derive(Debug, Clone)]
pub struct Palette {
    /// What is typed.
    pub input: Input,
    fixed: Vec<Entry>,
    found: Vec<Entry>,
    shown: Vec<Entry>,
    at: usize,
    screen: ScreenId,
}

impl Palette {
    /// A palette over these lines; accounts and documents are looked up as letters are typed.
    pub fn new(screen: ScreenId, fixed: Vec<Entry>) -> Self {
        let shown = fixed.clone();
        Self { input: Input::default(), fixed, found: Vec::new(), shown, at: 0, screen }
    }

    pub(super) fn key(&mut self, key: Key, cx: &mut Cx) -> Step {
        match key {
            Key::Esc => return Step::Close,
            Key::Down | Key::Tab | Key::Ctrl('n') => {
                self.at = (self.at + 1).min(self.shown.len().saturating_sub(1));
            }
            Key::Up | Key::BackTab | Key::Ctrl('p') => self.at = self.at.saturating_sub(1),
            Key::Enter => {
                return match self.shown.get(self.at) {
                    Some(entry) if entry.reason.is_empty() => Step::Then(entry.intent.clone()),
                    Some(_) | None => Step::Stay,
                };
            }
            _ => {
                if edit(&mut self.input, key) {
                    self.changed(cx);
                }
            }
        }
        Step::Stay
    }

    /// After each letter: match again, and look in the book.
    pub fn changed(&mut self, cx: &mut Cx) {
        let text = self.input.value().trim().to_owned();
        if text.chars().count() >= 2 {
            cx.load(self.screen, Part::Palette, Query::Find(text));
        } else {
            self.found.clear();
        }
        self.matching();
    }

    fn matching(&mut self) {
        self.at = 0;
        let text = self.input.value().trim();
        if text.is_empty() {
            self.shown = self.fixed.clone();
            return;
        }
        let pattern = Pattern::parse(text, CaseMatching::Ignore, Normalization::Smart);
        let mut matcher = Matcher::new(Config::DEFAULT);
        let mut buffer = Vec::new();
        let mut scored: Vec<(u32, &Entry)> = self
            .fixed
            .iter()
            .filter_map(|entry| {
                let line = format!("{} {}", entry.words, entry.cli);
                let score = pattern.score(Utf32Str::new(&line, &mut buffer), &mut matcher)?;
                Some((score, entry))
            })
            .collect();
        scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
        let fixed = scored.into_iter().map(|(_, e)| e.clone());
        let claim = claim(text).filter(|_| self.screen == ScreenId::Invoices);
        self.shown = claim.into_iter().chain(fixed).chain(self.found.iter().cloned()).collect();
    }

    /// Whether the chosen line is a command: what is looked up comes below, and moves it nowhere.
    pub fn stays(&self) -> bool {
        self.at + self.found.len() < self.shown.len()
    }

    pub(super) fn loaded(&mut self, answer: &Answer) {
        if let Answer::Find(hits) = answer {
            self.found = hits.iter().map(entry).collect();
            let at = self.at;
            self.matching();
            self.at = at.min(self.shown.len().saturating_sub(1));
        }
    }

    pub(super) fn view(&self, canvas: &mut Buffer, area: Rect) -> Option<(u16, u16)> {
        let width = area.width.min(76);
        let height = area.height.saturating_sub(4).min(20);
        let inner = frame(canvas, area, width, height, "Find");
        put(canvas, inner.x, inner.y, 1, ":", theme::KEY);
        let place =
            Rect { x: inner.x + 1, width: inner.width.saturating_sub(1), height: 1, ..inner };
        let cursor = field(canvas, place, &self.input);
        let rows = usize::from(inner.height.saturating_sub(2));
        let top = (self.at + 1).saturating_sub(rows);
        let words = inner.width.saturating_sub(28).max(20);
        for (row, (i, entry)) in self.shown.iter().enumerate().skip(top).take(rows).enumerate() {
            let y = inner.y + 1 + row as u16;
            if i == self.at {
                put(canvas, inner.x, y, 1, ">", theme::BOLD);
            }
            let style = if entry.reason.is_empty() { theme::PLAIN } else { theme::DIM };
            put(canvas, inner.x + 2, y, words, &entry.words, style);
            put(canvas, inner.x + words + 3, y, 5, &entry.key, theme::KEY);
            let more = if entry.reason.is_empty() { &entry.cli } else { &entry.reason };
            let x = inner.x + words + 9;
            put(canvas, x, y, inner.right().saturating_sub(x), more, theme::DIM);
        }
        let foot = match self.shown.get(self.at) {
            Some(entry) if !entry.reason.is_empty() => entry.reason.clone(),
            Some(entry) if !entry.cli.is_empty() => format!("same as: daybook {}", entry.cli),
            None if !self.input.value().trim().is_empty() => {
                "nothing is called so · Esc closes".to_owned()
            }
            Some(_) | None => "Enter does it · Esc closes".to_owned(),
        };
        put(canvas, inner.x, inner.bottom() - 1, inner.width, &foot, theme::DIM);
        Some(cursor)
    }
}

/// `claim 20`: the next twenty from the cursor on. What is no such number says so, first of all finds.
fn claim(text: &str) -> Option<Entry> {
    let typed = text.strip_prefix("claim ")?.trim();
    let count = typed.parse::<usize>().ok().filter(|n| *n > 0);
    let begun = typed.chars().next().is_some_and(|c| c.is_ascii_digit() || c == '-');
    let (words, reason) = match count {
        Some(n) => (format!("claim the next {} that nobody has", grouped(n)), String::new()),
        None if begun => ("claim the next".to_owned(), format!("{typed} is no number of drafts")),
        None => return None,
    };
    let count = count.unwrap_or_default();
    let cli = words::INVOICE_CLAIM_NEXT.of(count);
    let intent = Intent::Claim(Claiming::Next(count));
    Some(Entry { words, key: "C".to_owned(), cli, reason, intent })
}

fn entry(hit: &Hit) -> Entry {
    match hit {
        Hit::Account(number, name) => Entry {
            words: format!("account {number} {name}"),
            key: String::new(),
            cli: words::INVOICE_LIST_ACCOUNT.of(number),
            reason: String::new(),
            intent: Intent::Go(ScreenId::Accounts, Some(format!("account:{number}"))),
        },
        Hit::Document(id, number, customer) => Entry {
            words: format!("document {number} {customer}"),
            key: String::new(),
            cli: words::INVOICE_SHOW.of(number),
            reason: String::new(),
            intent: Intent::Document(id.0),
        },
    }
}
