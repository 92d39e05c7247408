//! Questions before acting. What can be taken back asks in one line; what cannot, or leaves the
//! house, shows its figures, stands on Cancel, and from ten rows up wants the count typed.

mod figures;

pub(super) use figures::money_lines;

use super::form::Form;
use super::{Intent, Step, clear, edit, field, frame};
use crate::domain::actor::Verb;
use crate::engine::command::Command;
use crate::engine::query::Answer;
use crate::ui::keymap::Key;
use crate::ui::theme;
use crate::ui::widget::{Line, counted, grouped, put, wrap};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::cell::Cell;
use tui_input::Input;

/// Rows from which a count must be typed.
const TYPE_FROM: i64 = 10;

/// What stands below a question that letters were typed into.
const ASTRAY: &str = "What was typed is no answer: Esc cancels, then ask again";

/// How much a question weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// Reversible, many rows: `y` or `n`.
    Light,
    /// Irreversible, or leaving the house.
    Heavy,
}

/// One question about one command.
#[derive(Debug, Clone)]
pub struct Ask {
    weight: Weight,
    /// `Post 498 invoices`.
    title: String,
    /// The word on the button.
    verb: &'static str,
    lines: Vec<Line>,
    /// Rows it is about; known when the figures are there.
    count: i64,
    reading: bool,
    typed: bool,
    input: Input,
    on_cancel: bool,
    wrong: bool,
    /// First line shown, where the lines are more than the box has room for.
    top: usize,
    /// The last value `top` can have: known once it is drawn.
    last_top: Cell<usize>,
    op: String,
    command: Box<Command>,
    /// What was filled in before it was asked.
    form: Option<Box<Form>>,
    /// Whether a letter was typed that means nothing here: what follows it is meant for something else, and
    /// a letter answers no more.
    astray: bool,
}

impl Ask {
    /// A light question: one line, `y` or `n`.
    pub fn light(title: impl Into<String>, op: String, command: Command) -> Self {
        Self {
            weight: Weight::Light,
            title: title.into(),
            verb: "",
            lines: Vec::new(),
            count: 1,
            reading: false,
            typed: true,
            input: Input::default(),
            on_cancel: true,
            wrong: false,
            top: 0,
            last_top: Cell::new(0),
            op,
            command: Box::new(command),
            form: None,
            astray: false,
        }
    }

    /// A heavy question whose figures are known.
    pub fn heavy(
        title: impl Into<String>,
        verb: &'static str,
        lines: Vec<Line>,
        count: i64,
        op: String,
        command: Command,
    ) -> Self {
        Self { weight: Weight::Heavy, verb, lines, count, ..Self::light(title, op, command) }
    }

    /// A heavy question whose figures are being read.
    pub fn reading(
        title: impl Into<String>,
        verb: &'static str,
        op: String,
        command: Command,
    ) -> Self {
        Self { reading: true, ..Self::heavy(title, verb, Vec::new(), 0, op, command) }
    }

    /// With words that stand before the figures that are being read.
    #[must_use]
    pub fn lines(mut self, lines: Vec<Line>) -> Self {
        self.lines = lines;
        self
    }

    /// A question that wants no count however many it is about: what it does can be taken back.
    #[must_use]
    pub fn untyped(mut self) -> Self {
        self.typed = false;
        self
    }

    pub(super) fn keep(&mut self, form: Box<Form>) {
        self.form = Some(form);
    }

    /// The form that it was asked from, if it was.
    pub fn form(&self) -> Option<&Form> {
        self.form.as_deref()
    }

    /// Gives that form back.
    pub fn into_form(self) -> Option<Box<Form>> {
        self.form
    }

    /// What it asks about.
    pub fn verb(&self) -> Verb {
        self.command.verb()
    }

    fn must_type(&self) -> bool {
        self.typed && self.weight == Weight::Heavy && self.count >= TYPE_FROM
    }

    fn yes(&self) -> Step {
        Step::Then(Intent::Commit { op: self.op.clone(), command: self.command.clone() })
    }

    pub(super) fn key(&mut self, key: Key) -> Step {
        if let Key::Char(c) = key
            && !c.is_ascii_digit()
        {
            self.astray |= !matches!(c, 'y' | 'n' | 'q');
            if self.astray {
                return Step::Stay;
            }
        }
        if key == Key::Esc || key == Key::Char('n') || key == Key::Char('q') {
            return Step::Close;
        }
        if self.astray {
            // Nothing of what follows is an answer: no digit, and no Tab to the other button.
            self.scrolled(key);
            return if key == Key::Enter { Step::Close } else { Step::Stay };
        }
        if self.weight == Weight::Light {
            return match key {
                Key::Char('y') => self.yes(),
                Key::Enter => Step::Close,
                _ => Step::Stay,
            };
        }
        if self.scrolled(key) {
            return Step::Stay;
        }
        if self.reading || self.count == 0 {
            return if key == Key::Enter { Step::Close } else { Step::Stay };
        }
        if self.must_type() {
            return self.type_count(key);
        }
        match key {
            Key::Char('y') => self.yes(),
            Key::Left | Key::Right | Key::Tab | Key::BackTab => {
                self.on_cancel = !self.on_cancel;
                Step::Stay
            }
            Key::Enter if self.on_cancel => Step::Close,
            Key::Enter => self.yes(),
            _ => Step::Stay,
        }
    }

    /// Moves among lines that are more than fit; false if the key is for something else.
    fn scrolled(&mut self, key: Key) -> bool {
        let last = self.last_top.get();
        let to = match key {
            Key::Down => self.top + 1,
            Key::Up => self.top.saturating_sub(1),
            Key::PageDown => self.top + 5,
            Key::PageUp => self.top.saturating_sub(5),
            _ => return false,
        };
        self.top = to.min(last);
        true
    }

    fn type_count(&mut self, key: Key) -> Step {
        match key {
            Key::Enter if self.input.value().is_empty() => Step::Close,
            Key::Enter if self.input.value() == self.count.to_string() => self.yes(),
            Key::Enter => {
                self.wrong = true;
                self.input.reset();
                Step::Stay
            }
            Key::Char(c) if !c.is_ascii_digit() => Step::Stay,
            _ => {
                self.wrong = false;
                edit(&mut self.input, key);
                Step::Stay
            }
        }
    }

    /// The figures cannot be had: nothing can be confirmed.
    pub(super) fn failed(&mut self, why: &str) {
        self.reading = false;
        self.count = 0;
        self.lines = vec![Line::of(why, theme::WARN)];
    }

    pub(super) fn loaded(&mut self, answer: &Answer) {
        if let Answer::Post(preview) = answer {
            self.reading = false;
            self.count = preview.count;
            self.title =
                format!("Post {}", counted(preview.count as usize, "document", "documents"));
            self.lines = figures::post_lines(preview);
        }
        if let Answer::Cancel(thrown) = answer {
            self.reading = false;
            // A run is canceled also before it made a draft.
            let least = i64::from(matches!(*self.command, Command::SteerRun { .. }));
            self.count = thrown.drafts.max(least);
            self.lines.splice(0..0, figures::thrown_lines(thrown));
        }
        if let Answer::Tries(tries) = answer {
            self.reading = false;
            self.count = tries.payments.len() as i64;
            self.lines.splice(0..0, figures::tries_lines(tries));
            let payments = tries.payments.clone();
            *self.command = match *self.command {
                Command::Reconcile { .. } => Command::Reconcile { payments },
                _ => Command::RetryPayments { payments },
            };
        }
        if let Answer::Totals(totals) = answer {
            self.reading = false;
            self.count = totals.count;
            let money = &totals.money;
            self.lines
                .insert(0, Line::of(format!("{} · {money}", grouped(totals.count)), theme::BOLD));
        }
        if let Answer::Reminders(told) = answer {
            self.reading = false;
            self.count = told.levels.iter().map(|(_, owing)| owing.reminders).sum();
            self.lines = figures::reminder_lines(told, &self.command.words());
        }
        if let Answer::Edit(told) = answer {
            self.reading = false;
            self.count = told.count;
            self.lines.extend(figures::edit_lines(told));
        }
        if let Answer::Bill(preview) = answer {
            self.reading = false;
            self.count = preview.invoices + preview.credit_memos;
            self.lines = figures::bill_lines(preview, &self.command.words());
        }
        if let Answer::Collect(preview) = answer {
            self.reading = false;
            self.count = preview.count;
            self.lines = figures::charge_lines(preview, &self.command.words());
        }
        if let Answer::Money(told) = answer {
            self.reading = false;
            self.count = 1;
            self.verb = told.verb;
            self.lines = figures::money_lines(told);
        }
        self.loaded_copies(answer);
    }

    /// The figures of what leaves the house as copies.
    fn loaded_copies(&mut self, answer: &Answer) {
        if let Answer::Copies(told) = answer {
            self.reading = false;
            self.count = told.count;
            self.title = format!("{} {}", self.title, grouped(told.count));
            self.lines.splice(0..0, figures::copies_lines(told));
        }
        if let Answer::Deliver(ahead) = answer {
            self.reading = false;
            self.count = (ahead.email + ahead.print + ahead.kept.len()) as i64;
            self.lines = figures::deliver_lines(ahead);
        }
        if let Answer::Print(ahead) = answer {
            self.reading = false;
            self.count = ahead.documents;
            self.lines = figures::print_lines(ahead, &self.command.words());
        }
    }

    pub(super) fn view(&self, canvas: &mut Buffer, area: Rect) -> Option<(u16, u16)> {
        if self.weight == Weight::Light {
            self.view_light(canvas, area);
            return None;
        }
        let width = area.width.min(72);
        let room = usize::from(width.saturating_sub(6));
        let lines: Vec<Line> = self.lines.iter().flat_map(|l| broken(l, room)).collect();
        let inner = frame(canvas, area, width, lines.len() as u16 + 6, &self.title);
        if self.reading {
            let y = inner.y + lines.len() as u16;
            put(canvas, inner.x, y, inner.width, "reading the figures…", theme::DIM);
        }
        let rows = usize::from(inner.height.saturating_sub(3));
        self.last_top.set(lines.len().saturating_sub(rows));
        let top = self.top.min(self.last_top.get());
        for (row, line) in lines.iter().skip(top).take(rows).enumerate() {
            line.draw(canvas, inner.x, inner.y + row as u16, inner.width);
        }
        if self.last_top.get() > 0 {
            let below = self.last_top.get() - top;
            let text = format!("{top} lines above, {below} below: Up and Down show them");
            let y = inner.bottom().saturating_sub(3);
            put(canvas, inner.x, y, inner.width, &text, theme::WARN);
        }
        let y = inner.bottom().saturating_sub(2);
        if self.must_type() {
            let words = format!("Type {} and Enter to {}: ", self.count, self.verb);
            let used = put(canvas, inner.x, y, inner.width, &words, theme::BOLD);
            let place = Rect { x: inner.x + used, y, width: 12, height: 1 };
            let at = field(canvas, place, &self.input);
            let foot = if self.astray {
                ASTRAY
            } else if self.wrong {
                "that is not the count · Esc cancels"
            } else {
                "Enter alone cancels, Esc too"
            };
            let style = if self.wrong || self.astray { theme::BAD } else { theme::DIM };
            put(canvas, inner.x, y + 1, inner.width, foot, style);
            return Some(at);
        }
        if !self.reading && self.count > 0 {
            let (cancel, act) = if self.on_cancel {
                ("[Cancel]", self.verb.to_owned())
            } else {
                (" Cancel ", format!("[{}]", self.verb))
            };
            let used = put(canvas, inner.x, y, inner.width, cancel, theme::BOLD);
            put(canvas, inner.x + used + 3, y, inner.width, &act, theme::BOLD);
        }
        let foot = if self.reading || self.count == 0 {
            "Esc closes"
        } else if self.astray {
            ASTRAY
        } else {
            "Tab changes · Enter takes [ ] · y does it · Esc cancels"
        };
        put(canvas, inner.x, y + 1, inner.width, foot, theme::DIM);
        None
    }
}

impl Ask {
    /// The keys first, then the question whole, on as many rows as it needs.
    fn view_light(&self, canvas: &mut Buffer, area: Rect) {
        let width = area.width.saturating_sub(2);
        let keys = if self.astray { "no answer, Esc closes: " } else { "y/n  " };
        let mut lines = wrap(&format!("{keys}{}", self.title), usize::from(width));
        lines.truncate(usize::from(area.height.saturating_sub(2)).max(1));
        let y = area.bottom().saturating_sub(1 + lines.len() as u16);
        clear(canvas, Rect { x: area.x, y, width: area.width, height: lines.len() as u16 });
        for (row, line) in lines.iter().enumerate() {
            put(canvas, area.x + 1, y + row as u16, width, line, theme::BOLD);
        }
    }
}

fn broken(line: &Line, width: usize) -> Vec<Line> {
    let style = line.0.first().map_or(theme::PLAIN, |p| p.1);
    let text = line.text();
    if text.is_empty() {
        return vec![Line::default()];
    }
    wrap(&text, width).into_iter().map(|t| Line::of(t, style)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heavy(count: i64) -> Ask {
        Ask::heavy("Post", "post", Vec::new(), count, "op".to_owned(), Command::Redo)
    }

    #[test]
    fn enter_alone_always_cancels() {
        for count in [0, 1, 9, 10, 500] {
            assert!(matches!(heavy(count).key(Key::Enter), Step::Close), "{count}");
        }
        let mut light = Ask::light("Hold 3?", "op".to_owned(), Command::Redo);
        assert!(matches!(light.key(Key::Enter), Step::Close));
        assert!(matches!(light.key(Key::Char('y')), Step::Then(_)));
    }

    #[test]
    fn what_begins_with_a_letter_that_is_no_answer_answers_nothing() {
        let typed = |ask: &mut Ask, text: &str| {
            text.chars().all(|c| matches!(ask.key(Key::Char(c)), Step::Stay))
        };
        let light = || Ask::light("Hold 3?", "op".to_owned(), Command::Redo);
        let none = || Ask::heavy("Send", "send", Vec::new(), 0, "op".to_owned(), Command::Redo);
        for text in ["third@example.net", "any", "my", "once"] {
            for mut ask in [light(), heavy(3), heavy(12), none()] {
                assert!(typed(&mut ask, text), "{text}");
                assert!(seen(&ask, 60, 15).contains("Esc"), "{text}");
                for key in [Key::Tab, Key::Char('1'), Key::Char('2'), Key::Char('y')] {
                    assert!(matches!(ask.key(key), Step::Stay), "{text}");
                }
                assert!(matches!(ask.key(Key::Enter), Step::Close), "{text}");
                assert!(matches!(ask.key(Key::Esc), Step::Close));
            }
        }
        assert!(matches!(light().key(Key::Char('n')), Step::Close));
        let mut ask = heavy(12);
        assert!(typed(&mut ask, "12"));
        assert!(matches!(ask.key(Key::Enter), Step::Then(_)));
    }

    #[test]
    fn from_ten_rows_up_the_count_is_typed() {
        let mut ask = heavy(12);
        assert!(matches!(ask.key(Key::Char('y')), Step::Stay));
        ask.key(Key::Char('1'));
        assert!(matches!(ask.key(Key::Enter), Step::Stay), "a wrong count does nothing");
        ask.key(Key::Char('1'));
        ask.key(Key::Char('2'));
        assert!(matches!(ask.key(Key::Enter), Step::Then(Intent::Commit { .. })));
        assert!(matches!(heavy(9).key(Key::Char('y')), Step::Then(_)));
    }

    /// What a question of this size looks like, as text.
    fn seen(ask: &Ask, width: u16, height: u16) -> String {
        let mut canvas = Buffer::empty(Rect::new(0, 0, width, height));
        ask.view(&mut canvas, Rect::new(0, 0, width, height));
        let cells: Vec<&str> = canvas.content.iter().map(ratatui::buffer::Cell::symbol).collect();
        cells.chunks(usize::from(width)).map(|c| c.concat() + "\n").collect()
    }

    #[test]
    fn a_question_is_never_cut_off() {
        let title = format!("Hold 26,772 invoices ({}last word)?", "1,204,331.80 EUR + ".repeat(6));
        for (width, height) in [(80, 24), (60, 15)] {
            let light = Ask::light(title.clone(), "op".to_owned(), Command::Redo);
            let picture = seen(&light, width, height);
            assert!(
                picture.contains("y/n  Hold 26,772") && picture.contains("word)?"),
                "{picture}"
            );
            assert!(!picture.contains('…'), "{picture}");
            let lines = (0..30).map(|n| Line::plain(format!("left out: {n}"))).collect();
            let mut heavy =
                Ask::heavy(title.clone(), "hold", lines, 26_772, "op".to_owned(), Command::Redo);
            let picture = seen(&heavy, width, height);
            assert!(picture.contains("Type 26772") && picture.contains("below"), "{picture}");
            for _ in 0..40 {
                heavy.key(Key::Down);
            }
            let picture = seen(&heavy, width, height);
            assert!(picture.contains("left out: 29") && picture.contains(" 0 below"), "{picture}");
        }
    }

    #[test]
    fn nothing_can_be_confirmed_while_figures_are_read() {
        let mut ask = Ask::reading("Post", "post", "op".to_owned(), Command::Redo);
        for key in [Key::Char('y'), Key::Tab, Key::Char('5')] {
            assert!(matches!(ask.key(key), Step::Stay));
        }
        assert!(matches!(ask.key(Key::Enter), Step::Close));
    }
}
