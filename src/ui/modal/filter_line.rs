//! The filter while it is typed, in row 2; below it what can be typed next, with how many rows it leaves.

use super::{Intent, Step, clear, edit, field, insert};
use crate::engine::query::{Answer, ListName, Query};
use crate::store::read::{self, Filter, Fit};
use crate::ui::keymap::Key;
use crate::ui::msg::{Cx, Part, ScreenId};
use crate::ui::theme;
use crate::ui::widget::{fit, grouped, put};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use tui_input::Input;
use unicode_width::UnicodeWidthStr;

/// Signs that a value follows.
const SIGNS: [char; 3] = [':', '=', '!'];

/// The filter while it is typed.
#[derive(Debug, Clone)]
pub struct FilterLine {
    /// What is typed.
    pub input: Input,
    before: String,
    /// What was there before is chosen whole: the first letter replaces it, any other key keeps it.
    chosen: bool,
    /// Whose rows it filters, and what narrows them already.
    screen: ScreenId,
    list: ListName,
    under: Filter,
    /// The fields of the list.
    fields: Vec<Fit>,
    /// What stands before a term, the term up to its sign, and the values that fit there.
    values: (String, String, Vec<Fit>),
    /// What was typed of a term before `Tab` completed it, and which of its completions stands there.
    cycle: Option<(String, usize)>,
}

impl FilterLine {
    /// Starts with what is there; `under` narrows the list besides.
    pub fn open(
        text: &str,
        (screen, list): (ScreenId, ListName),
        under: Filter,
        cx: &mut Cx,
    ) -> Self {
        let (input, before) = (Input::new(text.to_owned()), text.to_owned());
        cx.load(screen, Part::Dialog, Query::Fitting(list, Filter::default(), None));
        let (fields, values) = (Vec::new(), (String::new(), String::new(), Vec::new()));
        let chosen = !text.is_empty();
        Self { input, before, chosen, screen, list, under, fields, values, cycle: None }
    }

    pub(super) fn key(&mut self, key: Key, cx: &mut Cx) -> Step {
        match key {
            Key::Enter | Key::Down => Step::Close,
            Key::Esc => Step::Then(Intent::Typed(self.before.clone())),
            Key::Tab | Key::BackTab => self.complete(key == Key::Tab, cx),
            _ => {
                if std::mem::take(&mut self.chosen) && matches!(key, Key::Char(_)) {
                    self.input.reset();
                }
                if !edit(&mut self.input, key) {
                    return Step::Stay;
                }
                self.cycle = None;
                self.typed(cx)
            }
        }
    }

    pub(super) fn paste(&mut self, line: &str, cx: &mut Cx) -> Step {
        if std::mem::take(&mut self.chosen) {
            self.input.reset();
        }
        insert(&mut self.input, line);
        self.cycle = None;
        self.typed(cx)
    }

    pub(super) fn loaded(&mut self, answer: &Answer) {
        match answer {
            Answer::Fitting(None, fields) => self.fields.clone_from(fields),
            Answer::Fitting(Some(_), values) => self.values.2.clone_from(values),
            _ => {}
        }
    }

    /// What is typed is filtered by at once; of a field that is named the values are asked for.
    fn typed(&mut self, cx: &mut Cx) -> Step {
        let (rest, token) = split(self.input.value());
        let sign = token.find(SIGNS).map(|at| token.split_at(at + 1).0);
        if let Some(head) = sign
            && (self.values.0 != rest || self.values.1 != head)
        {
            self.values = (rest.to_owned(), head.to_owned(), Vec::new());
            let name = head.trim_start_matches('-').trim_end_matches(SIGNS);
            let before = Filter::parse(rest.trim_end_matches([' ', '|']));
            if let (Some(field), Ok(before)) = (read::Field::parse(name), before) {
                let under = self.under.clone().and(&before);
                let query = Query::Fitting(self.list, under, Some(field));
                cx.load(self.screen, Part::Dialog, query);
            }
        }
        Step::Live(Intent::Typed(self.input.value().to_owned()))
    }

    /// What fits the term at the end, each as the whole term.
    fn fitting(&self) -> Vec<Fit> {
        let (_, token) = split(self.input.value());
        let typed = self.cycle.as_ref().map_or(token, |(typed, _)| typed);
        let bare = typed.trim_start_matches('-');
        let minus = &typed[..typed.len() - bare.len()];
        let whole = |fit: &Fit| Fit { term: format!("{minus}{}", fit.term), ..fit.clone() };
        let begins = |term: &str| folds_to(term, bare);
        match bare.find(SIGNS) {
            None if self.input.value().ends_with('"') => Vec::new(),
            None => self.fields.iter().filter(|fit| begins(&fit.term)).map(whole).collect(),
            Some(at) => {
                // `status=` and `status!` take the values of `status:`.
                let (head, value) = bare.split_at(at + 1);
                let of = |fit: &&Fit| {
                    fit.term.split_once(':').is_some_and(|(_, there)| folds_to(there, value))
                };
                let signed = |fit: &Fit| {
                    let there = fit.term.split_once(':').map_or("", |(_, there)| there);
                    Fit { term: format!("{minus}{head}{there}"), ..fit.clone() }
                };
                let here = self.values.1.trim_start_matches('-') == head;
                let values = self.values.2.iter().filter(|_| here);
                values.filter(of).map(signed).collect()
            }
        }
    }

    /// Completes the term at the end with what fits, one after the other. Where nothing fits it stays: left
    /// here, what is typed next would run as keys.
    fn complete(&mut self, forward: bool, cx: &mut Cx) -> Step {
        self.chosen = false;
        let (_, token) = split(self.input.value());
        let mut fits = self.fitting();
        let begun = match &self.cycle {
            // A field that was completed is followed by its values.
            Some(_) if fits.len() == 1 => {
                self.cycle = None;
                fits = self.fitting();
                None
            }
            Some((typed, at)) => Some((typed.clone(), *at)),
            None => None,
        };
        let last = fits.len().saturating_sub(1);
        let (typed, at) = match begun {
            Some((typed, at)) if forward => (typed, if at >= last { 0 } else { at + 1 }),
            Some((typed, at)) => (typed, if at == 0 { last } else { at - 1 }),
            None => (token.to_owned(), if forward { 0 } else { last }),
        };
        let Some(Fit { term, .. }) = fits.get(at) else {
            return Step::Stay;
        };
        let rest = split(self.input.value()).0.to_owned();
        self.input = Input::new(format!("{rest}{term}"));
        self.cycle = Some((typed, at));
        self.typed(cx)
    }

    pub(super) fn view(&self, canvas: &mut Buffer, area: Rect) -> Option<(u16, u16)> {
        let y = area.y + 1;
        clear(canvas, Rect { x: area.x, y, width: area.width, height: 1 });
        put(canvas, area.x + 1, y, 1, "/", theme::KEY);
        let at = field(
            canvas,
            Rect { x: area.x + 2, y, width: area.width.saturating_sub(3), height: 1 },
            &self.input,
        );
        if self.chosen {
            let text = fit(self.input.value(), usize::from(area.width) / 2);
            let used = put(canvas, area.x + 2, y, area.width / 2, &text, theme::CHOSEN);
            let hint = "a letter replaces it, an arrow keeps it";
            let x = area.x + 4 + used;
            put(canvas, x, y, area.width.saturating_sub(used + 5), hint, theme::DIM);
        } else {
            self.view_fitting(canvas, area);
        }
        Some(at)
    }

    /// One row: what `Tab` completes, as many as there is room for, from the one that stands there on.
    fn view_fitting(&self, canvas: &mut Buffer, area: Rect) {
        let fits = self.fitting();
        if fits.is_empty() {
            return;
        }
        let y = area.y + 2;
        clear(canvas, Rect { x: area.x, y, width: area.width, height: 1 });
        let end = area.right().saturating_sub(1);
        let mut x = area.x + 1;
        x += put(canvas, x, y, 5, "Tab  ", theme::KEY);
        let chosen = self.cycle.as_ref().map(|(_, at)| *at);
        // Of those behind the edge the one that stands there is shown first.
        let from = chosen.map_or(0, |at| at.saturating_sub(2));
        for (at, Fit { term, count }) in fits.iter().enumerate().skip(from) {
            let value = match term.split_once(SIGNS) {
                Some((_, value)) if !value.is_empty() => value,
                _ => term.as_str(),
            };
            let count = count.map_or_else(String::new, |n| format!(" {}", grouped(n)));
            let width = (value.width() + count.width()) as u16;
            if x + width > end {
                break;
            }
            let style = if chosen == Some(at) { theme::CHOSEN } else { theme::PLAIN };
            x += put(canvas, x, y, end - x, value, style);
            x += put(canvas, x, y, end - x, &count, theme::DIM) + 2;
        }
    }
}

/// The term at the end of what is typed, and what stands before it. A text in quotes is no term.
fn split(text: &str) -> (&str, &str) {
    if text.matches('"').count() % 2 == 1 {
        return (text, "");
    }
    text.split_at(text.rfind([' ', '|']).map_or(0, |at| at + 1))
}

/// Whether a term begins with what is typed, any case.
fn folds_to(term: &str, typed: &str) -> bool {
    term.to_lowercase().starts_with(&typed.to_lowercase())
}
