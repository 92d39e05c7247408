//! 6 Jobs: what works in the background, for whom, how far, what went wrong; and what is planned.

use super::{Screen, list_action, list_intent, view_list};
use crate::engine::command::{Command, ScheduleStep, Steer};
use crate::engine::query::{Answer, ListName, Query};
use crate::store::Topic;
use crate::store::read::jobs::{JobRow, ScheduleRow};
use crate::store::read::{Page, Sort};
use crate::ui::keymap::{Action, Binding, Key, bind};
use crate::ui::modal::choice::{Choice, Item};
use crate::ui::modal::text::TextBox;
use crate::ui::modal::{Intent, Modal};
use crate::ui::msg::{Cx, Part, ScreenId};
use crate::ui::theme;
use crate::ui::widget::list::{Column, Listing, Shown, Tab};
use crate::ui::widget::{Line, grouped, progress, wrap};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// The keys of this screen.
pub const KEYS: &[Binding] = &[
    bind(&[Key::Enter, Key::Char('l')], Action::Open, "open", "what it works on"),
    bind(&[Key::Char('p')], Action::Pause, "pause", "pause it, or go on"),
    bind(&[Key::Char('C')], Action::CancelRun, "cancel", "cancel it"),
    bind(&[Key::Char('c')], Action::Create, "schedules", "schedules: pause, resume, skip, end"),
    bind(&[Key::Char('x')], Action::Explain, "explain", "what happened to it"),
];

const SORTS: &[Sort] = &[Sort::Newest, Sort::Oldest];

/// The state of the screen.
pub struct Jobs {
    /// The list.
    pub list: Listing<JobRow>,
    schedules: Vec<ScheduleRow>,
}

impl Default for Jobs {
    fn default() -> Self {
        let tab = |name: &str, filter: &str| Tab::new(name, filter, Sort::Newest);
        let tabs = vec![
            tab("all", ""),
            tab("running", "status:running"),
            tab("waiting", "status:waiting"),
            tab("paused", "status:paused"),
            tab("failed", "status:failed"),
        ];
        Self { list: Listing::new(ScreenId::Jobs, tabs, SORTS), schedules: Vec::new() }
    }
}

impl Shown for JobRow {
    const LIST: ListName = ListName::Jobs;

    fn page(answer: Answer) -> Option<Page<Self>> {
        match answer {
            Answer::Jobs(page) => Some(page),
            _ => None,
        }
    }

    fn columns() -> &'static [Column] {
        const COLUMNS: &[Column] = &[
            Column { title: "JOB", width: 8, right: false, flex: false, rank: 5 },
            Column { title: "WORK", width: 9, right: false, flex: false, rank: 0 },
            Column { title: "ON", width: 9, right: false, flex: false, rank: 0 },
            Column { title: "STATE", width: 9, right: false, flex: false, rank: 0 },
            Column { title: "DONE", width: 7, right: true, flex: false, rank: 0 },
            Column { title: "OF", width: 6, right: true, flex: false, rank: 2 },
            Column { title: "FAILED", width: 6, right: true, flex: false, rank: 1 },
            Column { title: "BY", width: 7, right: false, flex: true, rank: 3 },
            Column { title: "SINCE", width: 11, right: false, flex: false, rank: 4 },
        ];
        COLUMNS
    }

    fn cells(&self, _code: bool, cx: &Cx) -> Vec<(String, Style)> {
        let state = if self.wanted.is_empty() || !self.is_open() {
            self.state.clone()
        } else {
            format!("{}…", self.wanted)
        };
        let style = match self.state.as_str() {
            "Failed" => theme::BAD,
            "Running" => theme::GOOD,
            _ => theme::PLAIN,
        };
        let failed = if self.failed > 0 { theme::WARN } else { theme::PLAIN };
        vec![
            (self.id.to_string(), theme::DIM),
            (self.kind.clone(), theme::PLAIN),
            (self.subject.clone(), theme::PLAIN),
            (state, style),
            (grouped(self.done), theme::PLAIN),
            (grouped(self.total), theme::PLAIN),
            (grouped(self.failed), failed),
            (self.user.clone(), theme::DIM),
            (cx.when(self.created_at), theme::DIM),
        ]
    }

    fn label(&self) -> String {
        self.id.to_string()
    }
}

impl Jobs {
    fn own(&mut self, action: Action, cx: &mut Cx) -> bool {
        if action == Action::Create {
            self.choose_schedule(cx);
            return true;
        }
        let Some(row) = self.list.current().cloned() else { return false };
        match action {
            Action::Open => {
                let subject = row.subject.clone();
                match subject.split_once('-').map(|(p, _)| p) {
                    Some("BR") => {
                        cx.go = Some((ScreenId::Invoices, Some(format!("run:{subject}"))));
                    }
                    Some("PR") => cx.go = Some((ScreenId::Failed, Some(format!("run:{subject}")))),
                    _ => Self::explain(&row, cx),
                }
            }
            Action::Explain => Self::explain(&row, cx),
            Action::Pause | Action::CancelRun if !row.is_open() => cx.say("it is over already"),
            Action::Pause => {
                let want = if row.state == "Paused" { Steer::Resume } else { Steer::Pause };
                cx.commit(Command::SteerJob { job: row.id, want });
            }
            Action::CancelRun => {
                let op = cx.operation();
                let command = Command::SteerJob { job: row.id, want: Steer::Cancel };
                let title = format!("Cancel {} of {}?", row.kind, row.subject);
                let ask = crate::ui::modal::ask::Ask::light(title, op, command);
                cx.open.push(Modal::Ask(Box::new(ask)));
            }
            _ => return false,
        }
        true
    }

    fn explain(row: &JobRow, cx: &mut Cx) {
        let mut lines = vec![
            Line::plain(format!("{} on {}, started by {}", row.kind, row.subject, row.user)),
            Line::plain(format!(
                "{}  {}/{}",
                progress(row.done, row.total, 20),
                grouped(row.done),
                grouped(row.total)
            )),
        ];
        if !row.holder.is_empty() && row.is_open() {
            lines.push(Line::of(format!("driven by {}", row.holder), theme::DIM));
        }
        if !row.error.is_empty() {
            lines.extend(wrap(&row.error, 72).into_iter().map(|l| Line::of(l, theme::BAD)));
        }
        lines.push(Line::of("what was done:", theme::DIM));
        cx.open.push(Modal::Text(TextBox::new(row.id.to_string(), lines)));
        cx.load(ScreenId::Jobs, Part::Dialog, Query::History(row.subject.clone()));
    }

    fn choose_schedule(&mut self, cx: &mut Cx) {
        if self.schedules.is_empty() {
            return cx.say("no schedule yet: daybook schedule add bill --every monthly …");
        }
        let mut items = Vec::new();
        for (row, key) in self.schedules.iter().zip('1'..='9') {
            let mut inner = Vec::new();
            for (key, words, step) in [
                ('p', "pause", ScheduleStep::Pause),
                ('r', "resume at the next slot", ScheduleStep::Resume),
                ('n', "resume and run now", ScheduleStep::ResumeAndRun),
                ('s', "skip the next slot", ScheduleStep::SkipNext),
                ('e', "end it", ScheduleStep::End),
            ] {
                let command = Box::new(Command::SteerSchedule { schedule: row.id, step });
                inner.push(Item::new(key, words, Intent::Commit { op: cx.operation(), command }));
            }
            let at = format!("{:02}:{:02}", row.at_minute / 60, row.at_minute % 60);
            let hint = format!("{} {} at {at}, {}, {}", row.kind, row.every, row.state, row.owner);
            let open = Modal::Choice(Choice::new(row.name.clone(), inner));
            items.push(Item::new(key, row.name.clone(), Intent::Open(Box::new(open))).hint(hint));
        }
        cx.open.push(Modal::Choice(Choice::new("Schedules", items)));
    }
}

impl Screen for Jobs {
    fn keys(&self) -> &'static [Binding] {
        KEYS
    }

    fn crumb(&self) -> String {
        self.list.tabs.get(self.list.tab).map(|t| t.name.clone()).unwrap_or_default()
    }

    fn enter(&mut self, cx: &mut Cx) {
        self.list.reload(cx);
        cx.load(ScreenId::Jobs, Part::Extra, Query::Schedules);
    }

    fn act(&mut self, action: Action, cx: &mut Cx) -> bool {
        self.own(action, cx) || list_action(&mut self.list, &[], action, cx)
    }

    fn intent(&mut self, intent: &Intent, cx: &mut Cx) -> bool {
        list_intent(&mut self.list, intent, cx)
    }

    fn loaded(&mut self, part: Part, answer: Answer, cx: &mut Cx) {
        if let Some(Answer::Schedules(rows)) = self.list.loaded(part, answer, cx) {
            self.schedules = rows;
        }
    }

    fn changed(&mut self, topics: &[Topic], cx: &mut Cx) {
        if !self.list.frozen && topics.contains(&Topic::Jobs) {
            self.enter(cx);
        }
    }

    fn view(&self, canvas: &mut Buffer, area: Rect, cx: &Cx) {
        let mut preview = Vec::new();
        if let Some(row) = self.list.current() {
            let bar = progress(row.done, row.total, 20);
            let text = format!(
                "{bar} {}/{}  {} failed",
                grouped(row.done),
                grouped(row.total),
                grouped(row.failed)
            );
            preview.push(Line::plain(text));
        }
        let said = self.list.current().map(|r| r.error.clone()).filter(|e| !e.is_empty());
        preview.push(match said {
            Some(error) => Line::of(error, theme::BAD),
            None => Line::of(format!("{} schedules (c)", self.schedules.len()), theme::DIM),
        });
        view_list(&self.list, &preview, None, canvas, area, cx);
    }

    fn save(&self) -> serde_json::Value {
        self.list.save()
    }

    fn restore(&mut self, saved: &serde_json::Value) {
        self.list.restore(saved);
    }
}
