//! 1 Today: the day's steps in order, what is left in each with its money; Enter goes there.

use super::Screen;
use crate::engine::query::{Answer, Awaited, ListName, Query};
use crate::store::Topic;
use crate::store::read::Filter;
use crate::store::read::happened::Happened;
use crate::store::read::today::{Step, StepRow};
use crate::ui::keymap::{Action, Binding, Key, also, bind};
use crate::ui::modal::text::TextBox;
use crate::ui::modal::{FilterLine, Intent, Modal};
use crate::ui::msg::{Cx, Part, ScreenId};
use crate::ui::theme;
use crate::ui::usage;
use crate::ui::widget::list::WIDE;
use crate::ui::widget::{Line, amounts, grouped, put, put_right, wrap};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use std::cell::Cell;
use unicode_width::UnicodeWidthStr;

/// The keys of this screen.
pub const KEYS: &[Binding] = &[
    bind(&[Key::Char('j'), Key::Down], Action::Down, "", "next step"),
    bind(&[Key::Char('k'), Key::Up], Action::Up, "", "previous step"),
    bind(&[Key::Char('g'), Key::Home], Action::Top, "", "first step"),
    bind(&[Key::Char('G'), Key::End], Action::Bottom, "", "last step"),
    bind(
        &[Key::Enter, Key::Char('l'), Key::Right],
        Action::Open,
        "go there",
        "go to what is left in this step",
    ),
    bind(&[Key::Esc, Key::Char('h'), Key::Left], Action::Back, "", "back; never quits"),
    bind(&[Key::Char('c')], Action::Create, "new run", "new bill run or payment run"),
    bind(&[Key::Char('/')], Action::Filter, "", "find an invoice: goes to 3"),
    bind(
        &[Key::Char('i')],
        Action::Waits,
        "ahead",
        "cut-offs and what waits for what: schedules, held e-mail, runs that wait",
    ),
    also(
        &[Key::Char('b')],
        Action::Charts,
        "charts",
        "what is open by age, failed tries by class and week, what runs came to",
    ),
    bind(
        &[Key::Char('x')],
        Action::Usage,
        "usage",
        "what of the usage the next run would not bill, and why",
    ),
];

/// The state of the screen.
#[derive(Default)]
pub struct Today {
    rows: Vec<StepRow>,
    happened: Vec<Happened>,
    cursor: usize,
    /// The first step that is drawn, and how many are.
    top: Cell<usize>,
    shown: Cell<u16>,
    /// What of the book is not real yet, and how its copies stand, in words.
    standing: [String; 2],
    /// What is ahead by itself, and what waits for what.
    waits: Vec<Awaited>,
}

/// Where a step's work is done, and with which tab or filter, by whether anything is left in it.
fn place(step: Step, left: bool) -> (ScreenId, &'static str) {
    match step {
        Step::Run if left => (ScreenId::Runs, "tab:bill runs in work"),
        Step::Run => (ScreenId::Runs, "tab:bill runs"),
        Step::ToCheck => (ScreenId::Invoices, "tab:to check"),
        Step::Held => (ScreenId::Invoices, "tab:held"),
        Step::ToPost => (ScreenId::Invoices, "tab:all drafts"),
        Step::ToDeliver => (ScreenId::Delivery, ""),
        Step::ToCollect => (ScreenId::Runs, "tab:payment runs"),
        Step::Failed => (ScreenId::Failed, "tab:failed"),
        Step::Bounced => (ScreenId::Delivery, "tab:undelivered"),
        Step::Overdue => (ScreenId::Failed, "tab:overdue"),
        Step::Bank => (ScreenId::Bank, "tab:to do"),
        Step::Close => (ScreenId::Books, ""),
        Step::Usage | Step::Notices => (ScreenId::Today, ""),
    }
}

/// What the clerk does in a step, in words.
fn advice(step: Step) -> &'static str {
    match step {
        Step::Usage => "not on a document yet; Enter tells what the next run leaves, and why",
        Step::Run => "bill runs in work; c makes a new one, and first says what it would bill",
        Step::ToCheck => "drafts nobody has looked at, worst first: a accepts, e edits, v holds",
        Step::Held => "kept back from posting, with a reason; v releases",
        Step::ToPost => "drafts that posting would take: P asks with all figures",
        Step::ToDeliver => "posted, and no copy queued: c on the next screen queues them",
        Step::ToCollect => "what a payment run would charge now: c makes one",
        Step::Failed => "money that did not come, by what to do next",
        Step::Bounced => "copies that came back, could not be made, or were lost on the way",
        Step::Overdue => "owed since yesterday or longer; : reminders sends those that are due",
        Step::Bank => "lines of banks that are new, nobody's, or money that pays nothing yet",
        Step::Close => "months that are over: the first line there says what stands in the way",
        Step::Notices => "what happened while you were away: ! shows them",
    }
}

/// Whether words about the newest run of a kind name an older one, or this one in another state.
fn tells_other(words: &str, run: &Happened) -> bool {
    let Some((name, state)) = words.split_once(' ') else { return false };
    let kind = |text: &str| text.split_once('-').map(|(kind, _)| kind.to_owned());
    if kind(name) != kind(&run.what) {
        return false;
    }
    name < run.what.as_str() || (name == run.what && !state.starts_with(run.state.as_str()))
}

impl Today {
    /// The steps of this book; what it may have no use for comes once that is known.
    fn steps(&self) -> Vec<Step> {
        let has = |step: &Step| match self.rows.iter().find(|row| row.step == *step) {
            Some(row) => row.is_shown(),
            None => !matches!(step, Step::Bank | Step::Close),
        };
        Step::ALL.iter().copied().filter(has).collect()
    }

    /// What runs did since yesterday, in what room is left below the steps: the newest of it.
    fn view_happened(&self, canvas: &mut Buffer, area: Rect, cx: &Cx) {
        let top = area.y + 3 + self.steps().len() as u16;
        let room = usize::from(area.bottom().saturating_sub(top + 4));
        let (top, room) = self.view_waits(canvas, area, (top, room));
        let lines = self.lines(cx, area.width);
        if lines.is_empty() || room == 0 {
            return;
        }
        let mut hidden = lines.len().saturating_sub(room);
        // The rest of a line whose begin has no room says nothing.
        while lines.get(hidden).is_some_and(|(text, _)| text.starts_with(' ')) {
            hidden += 1;
        }
        let title = if hidden == 0 {
            "SINCE YESTERDAY".to_owned()
        } else {
            let shown = lines.len() - hidden;
            format!("SINCE YESTERDAY, the last {shown} of {} lines: 2 has the runs", lines.len())
        };
        put(canvas, area.x + 3, top, area.width - 4, &title, theme::DIM);
        for ((text, style), y) in lines.iter().skip(hidden).zip(top + 1..) {
            put(canvas, area.x + 3, y, area.width - 4, text, *style);
        }
    }

    /// What is ahead, above what was: as much of it as leaves room for two lines of that. Gives where
    /// that begins, and its room.
    fn view_waits(
        &self,
        canvas: &mut Buffer,
        area: Rect,
        (top, room): (u16, usize),
    ) -> (u16, usize) {
        let shown = self.waits.len().min(room.saturating_sub(2)).min(6);
        if shown == 0 {
            return (top, room);
        }
        for (at, line) in self.waits.iter().take(shown).enumerate() {
            let more = self.waits.len() - shown;
            let text = if at + 1 == shown && more > 0 {
                format!("{} · i {more} more", line.words)
            } else {
                line.words.clone()
            };
            let y = top + at as u16;
            put(canvas, area.x + 3, y, 6, if at == 0 { "AHEAD" } else { "" }, theme::DIM);
            put(canvas, area.x + 10, y, area.width.saturating_sub(11), &text, theme::PLAIN);
        }
        (top + shown as u16, room - shown)
    }

    fn show_waits(&self, cx: &mut Cx) {
        let width = usize::from(cx.size.0).saturating_sub(10).clamp(30, 96);
        let mut lines = Vec::new();
        for one in &self.waits {
            for (row, text) in wrap(&one.words, width - 2).into_iter().enumerate() {
                lines.push(Line::plain(if row == 0 { text } else { format!("  {text}") }));
            }
        }
        if lines.is_empty() {
            let text =
                "Nothing waits, no e-mail is held, and no schedule is active: c on 6 makes one.";
            lines.extend(wrap(text, width).into_iter().map(Line::plain));
        }
        cx.open.push(Modal::Text(TextBox::new("Ahead today, and what waits for what", lines)));
    }

    /// Beside the date: that money or e-mail is not real yet, else how old the last copy is; both where
    /// there is room.
    fn view_standing(&self, canvas: &mut Buffer, area: Rect, taken: u16) {
        let [not_real, backup] = &self.standing;
        let room = area.width.saturating_sub(taken + 1);
        let both = if not_real.is_empty() || backup.is_empty() {
            format!("{not_real}{backup}")
        } else {
            format!("{not_real} · {backup}")
        };
        let fits = |text: &str| text.chars().count() <= usize::from(room);
        // Where it does not fit whole it is said in fewer words, never cut.
        let plain: String = not_real.split(" (").enumerate().fold(String::new(), |all, (i, s)| {
            all + if i == 0 { s } else { s.split_once(')').map_or("", |(_, rest)| rest) }
        });
        let fewer = [not_real.as_str(), plain.as_str(), "not real yet: see daybook doctor"];
        let fewer = fewer.into_iter().find(|text| fits(text)).unwrap_or("not real yet");
        let style = if backup.contains("overdue") {
            theme::BAD
        } else if not_real.is_empty() {
            theme::DIM
        } else {
            theme::WARN
        };
        let text = if fits(&both) || not_real.is_empty() { both } else { fewer.to_owned() };
        put_right(canvas, area.x, area.y, area.width.saturating_sub(1), &text, style);
    }

    /// Whether a line tells another state of a run than the list below: one of them was counted
    /// before the run went on, and is being counted again.
    fn contradicts(&self, row: &StepRow) -> bool {
        let (step, kind) = match row.step {
            Step::Run => (Step::Run, "BR-"),
            // What failed was counted with what is still to be charged.
            Step::ToCollect | Step::Failed => (Step::ToCollect, "PR-"),
            _ => return false,
        };
        let newest =
            self.happened.iter().filter(|h| h.what.starts_with(kind)).max_by_key(|h| &h.what);
        let said = self.rows.iter().find(|r| r.step == step);
        said.zip(newest).is_some_and(|(said, newest)| tells_other(&said.state, newest))
    }

    /// One line for each run, and one more for what stopped it.
    fn lines(&self, cx: &Cx, wide: u16) -> Vec<(String, Style)> {
        let (short, width) = (wide < WIDE, usize::from(wide.saturating_sub(15)));
        let mut lines = Vec::new();
        for row in &self.happened {
            let at = chrono::DateTime::from_timestamp_millis(row.at_ms).unwrap_or_default();
            let at = at.with_timezone(&cx.zone).format("%a %H:%M");
            let money = amounts(&row.money, short);
            let style = if row.calm { theme::PLAIN } else { theme::WARN };
            let what = format!("{} {}", row.what, row.state);
            let money = if money.is_empty() { money } else { format!(" · {money}") };
            // What has no room goes on below, never cut.
            let text = format!("{what:<20}  {}{money}", row.did);
            let parts = if text.width() <= width { vec![text] } else { wrap(&text, width) };
            for (i, part) in parts.into_iter().enumerate() {
                let before = if i == 0 { at.to_string() } else { String::new() };
                let part = part.trim_start_matches("· ");
                lines.push((format!("{before:<9}  {part}"), style));
            }
            if !row.why.is_empty() {
                lines.push((format!("           {}", row.why), style));
            }
        }
        lines
    }
}

impl Screen for Today {
    fn keys(&self) -> &'static [Binding] {
        KEYS
    }

    fn enter(&mut self, cx: &mut Cx) {
        for (i, step) in Step::ALL.iter().enumerate() {
            cx.load(ScreenId::Today, Part::Step(i as u8), Query::Step(*step));
        }
        cx.load(ScreenId::Today, Part::Extra, Query::Happened);
        cx.load(ScreenId::Today, Part::Totals, Query::Waits);
    }

    fn act(&mut self, action: Action, cx: &mut Cx) -> bool {
        let steps = self.steps();
        let last = steps.len() - 1;
        match action {
            Action::Down => self.cursor = (self.cursor + 1).min(last),
            Action::Up => self.cursor = self.cursor.saturating_sub(1),
            Action::Row(line) => {
                let at = self.top.get() + usize::from(line);
                if line < self.shown.get() && at <= last {
                    self.cursor = at;
                }
            }
            Action::Top => self.cursor = 0,
            Action::Bottom => self.cursor = last,
            Action::Create => super::invoices::create(cx),
            Action::Filter => {
                cx.go = Some((ScreenId::Invoices, Some(String::new())));
                let of = (ScreenId::Invoices, ListName::Invoices);
                let line = FilterLine::open("", of, Filter::default(), cx);
                cx.open.push(Modal::Filter(Box::new(line)));
            }
            Action::Usage => usage::show(ScreenId::Today, None, cx),
            Action::Waits => self.show_waits(cx),
            Action::Charts => {
                cx.open.push(Modal::Text(TextBox::waiting("Charts")));
                cx.load(ScreenId::Today, Part::Dialog, Query::Charts);
            }
            Action::Open => {
                if let Some(step) = steps.get(self.cursor) {
                    let left = self.rows.iter().any(|r| r.step == *step && r.count > 0);
                    match (step, place(*step, left)) {
                        (Step::Usage, _) => usage::show(ScreenId::Today, None, cx),
                        (Step::Notices, _) => cx.show_notices = true,
                        (_, (screen, filter)) => cx.go = Some((screen, Some(filter.to_owned()))),
                    }
                }
            }
            _ => return false,
        }
        true
    }

    fn intent(&mut self, _intent: &Intent, _cx: &mut Cx) -> bool {
        false
    }

    fn loaded(&mut self, _part: Part, answer: Answer, _cx: &mut Cx) {
        if let Answer::Happened(rows, standing) = answer {
            self.happened = rows;
            self.standing = standing;
        } else if let Answer::Waits(waits) = answer {
            self.waits = waits;
        } else if let Answer::Step(row) = answer {
            match self.rows.iter_mut().find(|r| r.step == row.step) {
                Some(old) => *old = row,
                None => self.rows.push(row),
            }
        }
    }

    fn changed(&mut self, topics: &[Topic], cx: &mut Cx) {
        if !topics.is_empty() {
            self.enter(cx);
        }
    }

    fn view(&self, canvas: &mut Buffer, area: Rect, cx: &Cx) {
        let date = cx.now.today.format("%A %Y-%m-%d").to_string();
        put(canvas, area.x + 1, area.y, area.width, &date, theme::KEY);
        self.view_standing(canvas, area, date.len() as u16 + 2);
        let short = area.width < WIDE;
        let money_width = self.rows.iter().map(|r| amounts(&r.money, short).len()).max();
        let money_width = (money_width.unwrap_or(0) as u16).max(10);
        for (title, x, width) in [("STEP", 3, 14), ("LEFT", 19, 9)] {
            put(canvas, area.x + x, area.y + 1, width, title, theme::DIM);
        }
        put(canvas, area.x + 31, area.y + 1, 10, "MONEY", theme::DIM);
        let room = usize::from(area.height.saturating_sub(4)).max(1);
        let top = (self.cursor + 1).saturating_sub(room);
        self.top.set(top);
        self.shown.set(room as u16);
        let steps = self.steps();
        for (row, (i, step)) in steps.iter().enumerate().skip(top).take(room).enumerate() {
            let y = area.y + 2 + row as u16;
            if i == self.cursor {
                put(canvas, area.x, y, 1, ">", theme::PLAIN);
            }
            let row = self.rows.iter().find(|r| r.step == *step && !self.contradicts(r));
            let Some(row) = row else {
                put(canvas, area.x + 3, y, 15, step.as_str(), theme::PLAIN);
                put_right(canvas, area.x + 18, y, 10, "…", theme::DIM);
                continue;
            };
            let style = if row.count == 0 { theme::DIM } else { theme::PLAIN };
            put(canvas, area.x + 3, y, 15, row.step.as_str(), style);
            put_right(canvas, area.x + 18, y, 10, &grouped(row.count), style);
            let x = area.x + 31;
            let used = put(canvas, x, y, money_width, &amounts(&row.money, short), style);
            let x = x + if used == 0 { 0 } else { money_width + 2 };
            put(canvas, x, y, area.right().saturating_sub(x + 1), &row.state, theme::WARN);
        }
        self.view_happened(canvas, area, cx);
        if let Some(step) = steps.get(self.cursor) {
            let width = area.width - 2;
            put(canvas, area.x + 1, area.bottom() - 2, width, advice(*step), theme::PLAIN);
            let (screen, _) = place(*step, false);
            let text = match screen {
                ScreenId::Today => "Enter shows it".to_owned(),
                other => format!("Enter goes to {} {}", other.number(), other.name()),
            };
            let row = self.rows.iter().find(|r| r.step == *step);
            let text = match row.filter(|r| r.money.len() > 1 && short) {
                Some(row) => format!("{} · {text}", row.money),
                None => text,
            };
            put(canvas, area.x + 1, area.bottom() - 1, width, &text, theme::DIM);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_never_tells_another_state_of_a_run_than_the_list_below() {
        let happened = |state: &str| Happened {
            at_ms: 0,
            what: "PR-000011".to_owned(),
            did: String::new(),
            money: crate::domain::money::Purse::default(),
            state: state.to_owned(),
            why: String::new(),
            calm: true,
        };
        for (line, below, wrong) in [
            ("PR-000011 Processing", "Completed", true),
            ("PR-000011 Completed", "Processing", true),
            ("PR-000011 Completed; credits settle 3 more", "Completed", false),
            ("PR-000012 Processing", "Completed", false),
            ("PR-000010 Completed", "Completed", true),
            ("BR-000004 Posted", "Completed", false),
            ("19 flagged", "Completed", false),
            ("", "Completed", false),
        ] {
            assert_eq!(tells_other(line, &happened(below)), wrong, "{line} {below}");
        }
    }
}
