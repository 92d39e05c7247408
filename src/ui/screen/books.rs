//! 9 Books: the reports of a month. Enter goes behind a figure, down to the document; `]` and `[` change
//! the month.

mod accounts;
pub mod behind;
mod close;
mod table;

use super::Screen;
use crate::domain::month::Month;
use crate::domain::period::Span;
use crate::domain::report::{Asked, Detail, ReportName};
use crate::engine::command::{Command, Receipt};
use crate::engine::query::{Answer, Query, Sheet, Wanted};
use crate::store::Topic;
use crate::ui::keymap::{Action, Binding, Key, also, bind};
use crate::ui::modal::text::TextBox;
use crate::ui::modal::{Intent, Modal};
use crate::ui::msg::{Cx, Effect, Part, ScreenId};
use crate::ui::theme;
use crate::ui::widget::{Line, grouped, put, put_right, wrap};
use accounts::words;
use behind::Behind;
use chrono::NaiveDate;
use close::Close;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::cell::Cell;
use table::Table;

/// The keys of this screen.
pub const KEYS: &[Binding] = &[
    bind(&[Key::Char('j'), Key::Down], Action::Down, "", "next row"),
    bind(&[Key::Char('k'), Key::Up], Action::Up, "", "previous row"),
    bind(&[Key::Char('g'), Key::Home], Action::Top, "", "first row"),
    bind(&[Key::Char('G'), Key::End], Action::Bottom, "", "last row"),
    bind(&[Key::Ctrl('d')], Action::HalfDown, "", "half a page down"),
    bind(&[Key::Ctrl('u')], Action::HalfUp, "", "half a page up"),
    bind(&[Key::PageDown], Action::PageDown, "", "a page down"),
    bind(&[Key::PageUp], Action::PageUp, "", "a page up"),
    bind(
        &[Key::Enter, Key::Char('l'), Key::Right],
        Action::Open,
        "behind it",
        "the report; what stands behind this row; the document",
    ),
    bind(&[Key::Esc, Key::Char('h'), Key::Left], Action::Back, "", "back, one layer; never quits"),
    bind(&[Key::Char(']')], Action::NextException, "month", "the next month"),
    bind(&[Key::Char('[')], Action::PrevException, "month", "the month before"),
    bind(
        &[Key::Char('C')],
        Action::ClosePeriod,
        "close",
        "close the month: shows what stands in the way, and asks",
    ),
    bind(&[Key::Char('b')], Action::Group, "sums, rows", "in sum, or row by row"),
    bind(&[Key::Char('t')], Action::Statement, "statement", "the statement of this row's account"),
    also(&[Key::Char('m')], Action::Note, "note", "a note on this row's account"),
    also(
        &[Key::Char('p')],
        Action::Promise,
        "on 5",
        "what this row's account owes, on 5: promise, dispute",
    ),
    bind(&[Key::Char('o')], Action::Details, "columns", "the columns that had no room, and back"),
    bind(&[Key::Char('x')], Action::Explain, "", "this row whole, and each tie with both sides"),
    bind(&[Key::Char('r')], Action::Retry, "", "read it again"),
    bind(&[Key::Char('w')], Action::Csv, "CSV", "write all of it to a CSV file"),
];

/// A report that is open, and where in it we are.
struct Level {
    of: Wanted,
    sheet: Option<Table>,
    at: usize,
    /// The first column behind the first that is shown.
    shift: usize,
}

/// The state of the screen.
#[derive(Default)]
pub struct Books {
    /// None: this one.
    month: Option<Month>,
    /// Which line of the list: the close, then the reports.
    chosen: usize,
    /// The list before the close, where that is open.
    close: Option<Close>,
    /// What is open, the innermost last.
    levels: Vec<Level>,
    /// Whether somebody booked since it was read.
    stale: bool,
    top: Cell<usize>,
    rows: Cell<usize>,
}

impl Books {
    fn month(&self, cx: &Cx) -> Month {
        self.month.unwrap_or_else(|| Month::of(cx.now.today))
    }

    /// The days that a report is of: a report of a day is of the month's last that has been.
    fn span(&self, name: ReportName, cx: &Cx) -> Span {
        let month = self.month(cx).span();
        if !name.is_of_a_day() {
            return month;
        }
        let to = if month.from > cx.now.today { month.to } else { month.to.min(cx.now.today) };
        let from = if name == ReportName::TrialBalance { month.from } else { NaiveDate::MIN };
        Span { from, to }
    }

    fn whole(&self, name: ReportName, cx: &Cx) -> Wanted {
        let Span { from, to } = self.span(name, cx);
        let asked = Asked {
            name,
            from,
            to,
            detail: Detail::Sums,
            currency: None,
            account: None,
            batch: None,
            ledger: None,
        };
        Wanted { asked, only: Vec::new() }
    }

    fn open(&mut self, of: Wanted, cx: &mut Cx) {
        self.levels.push(Level { of, sheet: None, at: 0, shift: 0 });
        self.read(cx);
    }

    /// Reads the innermost again.
    fn read(&mut self, cx: &mut Cx) {
        self.stale = false;
        if let Some(close) = &self.close {
            return close.read(cx);
        }
        if let Some(level) = self.levels.last() {
            cx.load(ScreenId::Books, Part::Page, Query::Report(Box::new(level.of.clone())));
        }
    }

    fn count(&self) -> usize {
        match (&self.close, self.levels.last()) {
            (Some(close), _) => close.count(),
            (None, Some(level)) => level.sheet.as_ref().map_or(0, Table::rows),
            (None, None) => ReportName::ALL.len() + 1,
        }
    }

    fn place(&mut self) -> &mut usize {
        match (&mut self.close, self.levels.last_mut()) {
            (Some(close), _) => &mut close.at,
            (None, Some(level)) => &mut level.at,
            (None, None) => &mut self.chosen,
        }
    }

    fn open_close(&mut self, cx: &mut Cx) {
        self.levels.clear();
        let month = self.closable(cx);
        self.month = Some(month);
        self.close = Some(Close::of(month));
        self.read(cx);
    }

    /// The month that is looked at; of this one, which is not over, the one before.
    fn closable(&self, cx: &Cx) -> Month {
        let today = Month::of(cx.now.today);
        let month = self.month(cx);
        if month < today { month } else { today.later(-1).unwrap_or(month) }
    }

    fn move_to(&mut self, at: usize) {
        let last = self.count().saturating_sub(1);
        *self.place() = at.min(last);
    }

    fn moves(&mut self, action: Action) -> bool {
        let (at, page) = (*self.place(), self.rows.get().max(2));
        let to = match action {
            Action::Down => at + 1,
            Action::Up => at.saturating_sub(1),
            Action::Top => 0,
            Action::Bottom => usize::MAX,
            Action::HalfDown => at + page / 2,
            Action::HalfUp => at.saturating_sub(page / 2),
            Action::PageDown => at + page,
            Action::PageUp => at.saturating_sub(page),
            Action::Row(line) if usize::from(line) < page => self.top.get() + usize::from(line),
            _ => return false,
        };
        self.move_to(to);
        true
    }

    /// What stands behind the row under the cursor.
    fn enter_row(&mut self, cx: &mut Cx) {
        if let Some(close) = &self.close {
            return close.enter_row(cx);
        }
        let Some(level) = self.levels.last() else {
            let Some(at) = self.chosen.checked_sub(1) else { return self.open_close(cx) };
            let Some(name) = ReportName::ALL.get(at) else { return };
            if *name == ReportName::Statement {
                return cx.say("a statement is of one account: t on a row of aging has its");
            }
            let of = self.whole(*name, cx);
            return self.open(of, cx);
        };
        let Some(row) = level.sheet.as_ref().and_then(|table| table.row(level.at)) else {
            return cx.say("nothing here");
        };
        match behind::of(&level.of, row) {
            Some(Behind::Report(of)) => self.open(*of, cx),
            Some(Behind::Document(number)) => {
                cx.go = Some((ScreenId::Invoices, Some(number)));
            }
            Some(Behind::Account(number)) => {
                cx.go = Some((ScreenId::Accounts, Some(format!("account:{number}"))));
            }
            None => cx.say("nothing stands behind this row; x shows it whole"),
        }
    }

    fn turn(&mut self, months: i64, cx: &mut Cx) {
        let Some(month) = self.month(cx).later(months) else { return };
        let today = Month::of(cx.now.today);
        if month > today {
            return cx.say("that month is still to come");
        }
        if month == today && self.close.is_some() {
            return cx.say(format!("{} is not over", month.name()));
        }
        self.month = Some(month);
        if self.close.is_some() {
            return self.open_close(cx);
        }
        let spans: Vec<Span> =
            self.levels.iter().map(|level| self.span(level.of.asked.name, cx)).collect();
        for (level, span) in self.levels.iter_mut().zip(spans) {
            (level.of.asked.from, level.of.asked.to) = (span.from, span.to);
            // Which rows an outer one has is read when it is shown again.
            level.sheet = None;
        }
        self.read(cx);
    }

    fn details(&mut self, cx: &mut Cx) {
        match self.levels.last_mut() {
            Some(level)
                if level.of.asked.name.columns(Detail::Rows)
                    != level.of.asked.name.columns(Detail::Sums) =>
            {
                level.of.asked.detail = match level.of.asked.detail {
                    Detail::Sums => Detail::Rows,
                    Detail::Rows | Detail::Items => Detail::Sums,
                };
                (level.sheet, level.at, level.shift) = (None, 0, 0);
                level.of.only.clear();
                self.read(cx);
            }
            Some(_) => cx.say("this report has its rows one way only"),
            None => cx.say("Enter opens a report first"),
        }
    }

    fn explain(&self, cx: &mut Cx) {
        let Some((level, table)) = self.levels.last().and_then(|l| Some((l, l.sheet.as_ref()?)))
        else {
            return cx.say("Enter opens a report first");
        };
        let mut lines = table.whole(level.at);
        let width = usize::from(cx.size.0).saturating_sub(12).clamp(30, 88);
        lines.push(Line::default());
        for (text, holds) in table.ties() {
            let style = if holds { theme::PLAIN } else { theme::BAD };
            lines.extend(wrap(&text, width).into_iter().map(|text| Line::of(text, style)));
        }
        cx.open.push(Modal::Text(TextBox::new(level.of.asked.name.as_str(), lines)));
    }

    fn view_list(&self, canvas: &mut Buffer, area: Rect) {
        let close = ("close", "what stands between the month and its close; C closes it");
        let reports = ReportName::ALL.iter().map(|name| (name.as_str(), words(*name)));
        let lines: Vec<_> = std::iter::once(close).chain(reports).collect();
        let room = usize::from(area.height.saturating_sub(2)).max(1);
        let top = (self.chosen + 1).saturating_sub(room);
        for (row, (name, words)) in lines.iter().enumerate().skip(top).take(room) {
            let y = area.y + 1 + (row - top) as u16;
            if row == self.chosen {
                put(canvas, area.x, y, 1, ">", theme::PLAIN);
            }
            put(canvas, area.x + 2, y, 14, name, theme::PLAIN);
            put(canvas, area.x + 17, y, area.width.saturating_sub(18), words, theme::DIM);
        }
        self.top.set(top);
        self.rows.set(room);
        let said = "Enter reads it; ] and [ change the month; w in it writes a CSV file";
        put(canvas, area.x + 1, area.bottom() - 1, area.width - 2, said, theme::DIM);
    }

    /// What is shown, and of when: `register of November 2026 › EUR INV`.
    fn title(&self, level: &Level, cx: &Cx) -> String {
        let asked = &level.of.asked;
        let when = if asked.name.is_of_a_day() {
            format!("at the end of {}", asked.to)
        } else {
            format!("of {}", self.month(cx).name())
        };
        let account = asked.account.iter().chain(&asked.ledger).cloned();
        let only: Vec<String> =
            account.chain(level.of.only.iter().map(|(_, value)| value.clone())).collect();
        let rows = if asked.detail == Detail::Rows { ", row by row" } else { "" };
        let behind =
            if only.is_empty() { String::new() } else { format!(" › {}", only.join(" ")) };
        format!("{} {when}{rows}{behind}", asked.name)
    }
}

impl Screen for Books {
    fn keys(&self) -> &'static [Binding] {
        KEYS
    }

    fn crumb(&self) -> String {
        if self.close.is_some() {
            return "close".to_owned();
        }
        self.levels.last().map(|level| level.of.asked.name.to_string()).unwrap_or_default()
    }

    fn enter(&mut self, cx: &mut Cx) {
        self.read(cx);
    }

    fn act(&mut self, action: Action, cx: &mut Cx) -> bool {
        if self.moves(action) {
            return true;
        }
        match action {
            Action::Open => self.enter_row(cx),
            Action::Back if self.close.is_some() => {
                self.close = None;
                cx.forget(ScreenId::Books, Part::Page);
            }
            Action::Back if self.levels.is_empty() => return false,
            Action::Back => {
                self.levels.pop();
                cx.forget(ScreenId::Books, Part::Page);
                if self.levels.last().is_some_and(|level| level.sheet.is_none()) {
                    self.read(cx);
                }
            }
            Action::NextException => self.turn(1, cx),
            Action::PrevException => self.turn(-1, cx),
            Action::Group => self.details(cx),
            Action::Statement => self.statement(cx),
            Action::Note => self.note(cx),
            Action::Promise => self.see_to(cx),
            Action::ClosePeriod => match &self.close {
                Some(close) => close.ask(cx),
                None => {
                    self.open_close(cx);
                    cx.say("C again closes it; Enter on a row shows its list");
                }
            },
            Action::Explain => match &self.close {
                Some(close) => close.explain(cx),
                None => self.explain(cx),
            },
            Action::Retry => self.read(cx),
            Action::Details => match self.levels.last_mut() {
                Some(level) => {
                    let shown = level.sheet.as_ref().map_or(0, |table| table.hidden(level.shift));
                    level.shift = if shown == 0 { 0 } else { level.shift + 1 };
                }
                None if self.close.is_some() => cx.say("it has no columns; x shows all of it"),
                None => cx.say("Enter opens a report first"),
            },
            Action::Csv => match self.levels.last() {
                Some(level) => {
                    cx.effects.push(Effect::WriteReport(Box::new(level.of.clone())));
                    cx.say("being written…");
                }
                None => cx.say("Enter opens a report first"),
            },
            _ => return false,
        }
        true
    }

    fn intent(&mut self, _intent: &Intent, _cx: &mut Cx) -> bool {
        false
    }

    fn loaded(&mut self, _part: Part, answer: Answer, cx: &mut Cx) {
        let sheet: Sheet = match answer {
            Answer::Report(sheet) => *sheet,
            Answer::Closing(list) => {
                if let Some(close) = &mut self.close {
                    close.loaded(*list);
                }
                return;
            }
            Answer::Accounts(page) => return accounts::found(page.rows.first(), cx),
            _ => return,
        };
        if let Some(level) = self.levels.last_mut().filter(|level| level.of == sheet.of) {
            level.at = level.at.min(sheet.rows.len().saturating_sub(1));
            level.sheet = Some(Table::new(sheet));
        }
    }

    fn changed(&mut self, topics: &[Topic], _cx: &mut Cx) {
        // A report reads every entry of its days: it is read again when the clerk wants it.
        self.stale |= topics.iter().any(|t| matches!(t, Topic::Payments | Topic::Documents));
    }

    fn done(&mut self, command: &Command, _receipt: &Receipt, cx: &mut Cx) {
        if matches!(command, Command::ClosePeriod { .. }) {
            self.read(cx);
        }
    }

    fn view(&self, canvas: &mut Buffer, area: Rect, cx: &Cx) {
        if let Some(close) = &self.close {
            let room = usize::from(area.height.saturating_sub(3)).max(1);
            self.top.set(close.top(room));
            self.rows.set(room);
            return close.view(canvas, area);
        }
        let Some(level) = self.levels.last() else {
            let title = format!("reports of {}", self.month(cx).name());
            put(canvas, area.x + 1, area.y, area.width, &title, theme::KEY);
            return self.view_list(canvas, area);
        };
        let title = self.title(level, cx);
        let used = put(canvas, area.x + 1, area.y, area.width - 1, &title, theme::KEY);
        let Some(table) = &level.sheet else {
            put(canvas, area.x + 2, area.y + 2, area.width, "reading…", theme::DIM);
            return;
        };
        let mut right = format!(
            "{} of {}",
            grouped((level.at + 1).min(table.rows()) as i64),
            grouped(table.all() as i64)
        );
        if self.stale {
            right = format!("changed since, r reads it again  {right}");
        }
        let room = area.width.saturating_sub(used + 3);
        if right.chars().count() <= usize::from(room) {
            put_right(canvas, area.x, area.y, area.width - 1, &right, theme::DIM);
        }
        let below = 2;
        let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1 + below), ..area };
        let (top, rows) = table.view(canvas, body, level.at, level.shift);
        self.top.set(top);
        self.rows.set(rows);
        let (sums, ties) = (table.sums(), table.told());
        let width = area.width - 2;
        put(canvas, area.x + 1, area.bottom() - 2, width, &sums, theme::PLAIN);
        let (text, style) = ties;
        put(canvas, area.x + 1, area.bottom() - 1, width, &text, style);
    }
}
