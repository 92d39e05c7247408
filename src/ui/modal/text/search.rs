//! `/` in a text: only the lines that hold every word are shown, while it is typed. Esc shows all again.

use super::TextBox;
use crate::ui::keymap::Key;
use crate::ui::modal::{edit, field};
use crate::ui::theme;
use crate::ui::widget::put;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use tui_input::Input;
use unicode_normalization::UnicodeNormalization;
use unicode_width::UnicodeWidthStr;

/// What is looked for.
#[derive(Debug, Clone, Default)]
pub struct Search {
    input: Input,
    typing: bool,
}

impl Search {
    /// Whether it hides lines, or is about to.
    pub fn is_open(&self) -> bool {
        self.typing || !self.input.value().trim().is_empty()
    }

    fn words(&self) -> Vec<String> {
        self.input.value().split_whitespace().map(folded).collect()
    }
}

/// Without case and accents, a letter for each.
fn folded(text: &str) -> String {
    text.chars()
        .map(|c| {
            let plain = std::iter::once(c).nfd().next().unwrap_or(c);
            plain.to_lowercase().next().unwrap_or(plain)
        })
        .collect()
}

impl TextBox {
    /// The same text, searched with `/`.
    #[must_use]
    pub fn searchable(self) -> Self {
        Self { search: Some(Search::default()), ..self }
    }

    /// Whether a key is for the search.
    pub(super) fn searches(&self, key: Key) -> bool {
        let typing = self.search.as_ref().map(|search| search.typing);
        typing.is_some_and(|typing| typing || key == Key::Char('/'))
    }

    /// How the search is begun, where there is one.
    pub(super) fn offer(&self) -> &'static str {
        if self.search.is_some() { " · / finds" } else { "" }
    }

    /// Lines that go on from the one before begin with blanks: they are found and shown together.
    fn blocks(&self) -> Vec<std::ops::Range<usize>> {
        let mut blocks: Vec<std::ops::Range<usize>> = Vec::new();
        for (at, line) in self.lines.iter().enumerate() {
            match blocks.last_mut() {
                Some(block) if line.text().starts_with("   ") => block.end = at + 1,
                _ => blocks.push(at..at + 1),
            }
        }
        blocks
    }

    /// The lines that are shown, by their places.
    pub(super) fn shown(&self) -> Vec<usize> {
        let words = self.search.as_ref().map(Search::words).unwrap_or_default();
        if words.is_empty() {
            return (0..self.lines.len()).collect();
        }
        let holds = |block: &std::ops::Range<usize>| {
            let text: String =
                self.lines[block.clone()].iter().map(|line| line.text() + " ").collect();
            let text = folded(&text);
            words.iter().all(|word| text.contains(word.as_str()))
        };
        self.blocks().into_iter().filter(holds).flatten().collect()
    }

    /// Does what a key means for the search; false where it means nothing for it.
    pub(super) fn searched(&mut self, key: Key) -> bool {
        let Some(search) = &mut self.search else { return false };
        match (search.typing, key) {
            (false, Key::Char('/')) => search.typing = true,
            (true, Key::Enter | Key::Down | Key::Tab) => search.typing = false,
            (true, Key::Esc) => *search = Search::default(),
            (false, Key::Esc) if search.is_open() => *search = Search::default(),
            (true, key) => {
                edit(&mut search.input, key);
            }
            (false, _) => return false,
        }
        self.top = 0;
        let shown = self.shown();
        let is_shown = |run: &usize| shown.contains(&self.runs[*run].0);
        self.at = (0..self.runs.len()).find(is_shown).unwrap_or(0);
        true
    }

    /// Shows where in a line the words stand.
    pub(super) fn point_out(&self, text: &str, canvas: &mut Buffer, place: Rect) {
        let folded = folded(text);
        for word in self.search.as_ref().map(Search::words).unwrap_or_default() {
            let Some(at) = folded.find(&word) else { continue };
            let first = folded[..at].chars().count();
            let found: String = text.chars().skip(first).take(word.chars().count()).collect();
            let before: String = text.chars().take(first).collect();
            let x = before.width() as u16;
            let room = place.width.saturating_sub(x);
            put(canvas, place.x + x, place.y, room, &found, theme::FIELD);
        }
    }

    /// The search in place of the foot; gives the place of the text cursor.
    pub(super) fn view_search(
        &self,
        canvas: &mut Buffer,
        inner: Rect,
        lines: usize,
    ) -> Option<(u16, u16)> {
        let search = self.search.as_ref()?;
        let y = inner.bottom().saturating_sub(1);
        if lines == 0 {
            let words = "nothing here has these words";
            put(canvas, inner.x + 1, inner.y, inner.width, words, theme::WARN);
        }
        put(canvas, inner.x, y, 1, "/", theme::KEY);
        let width = inner.width.saturating_sub(1).min(24);
        let at = field(canvas, Rect { x: inner.x + 1, y, width, height: 1 }, &search.input);
        let x = inner.x + 2 + width;
        let foot = if search.typing { "Enter keeps · Esc shows all" } else { "Esc shows all" };
        let foot = format!("{lines} lines · {foot}");
        put(canvas, x, y, inner.right().saturating_sub(x), &foot, theme::DIM);
        search.typing.then_some(at)
    }
}
