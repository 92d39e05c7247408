//! 6 Jobs: what works in the background, for whom, how far, what went wrong; and what is planned.

use super::listed::ListScreen;
use crate::domain::ids::PaymentRunId;
use crate::engine::command::{Command, ScheduleStep, Steer};
use crate::engine::query::{Answer, ListName, Query};
use crate::store::Topic;
use crate::store::read::jobs::{JobRow, ScheduleRow};
use crate::store::read::{Page, Sort};
use crate::ui::keymap::{Action, Binding, Key, bind};
use crate::ui::modal::ask::Ask;
use crate::ui::modal::choice::{Choice, Item};
use crate::ui::modal::{Intent, Modal};
use crate::ui::msg::{Cx, Part, ScreenId};
use crate::ui::results;
use crate::ui::theme;
use crate::ui::widget::list::{Column, Listing, Shown, Tab};
use crate::ui::widget::{Line, counted, grouped, progress, wrap};
use ratatui::style::Style;

/// The keys of this screen.
pub const KEYS: &[Binding] = &[
    bind(
        &[Key::Enter, Key::Char('l')],
        Action::Open,
        "open",
        "what it works on; of a retry its results",
    ),
    bind(&[Key::Char('p')], Action::Pause, "pause", "pause it, or go on"),
    bind(&[Key::Char('C')], Action::CancelRun, "cancel", "cancel it"),
    bind(&[Key::Char('c')], Action::Create, "schedules", "schedules: pause, resume, skip, end"),
    bind(&[Key::Char('x')], Action::Explain, "explain", "what happened to it"),
];

const SORTS: &[Sort] = &[Sort::Newest, Sort::Oldest];

/// The state of the screen.
pub struct Jobs {
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
    const MARKS: bool = false;

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
            (self.whole().map_or_else(String::new, grouped), theme::PLAIN),
            (grouped(self.failed), failed),
            (self.user.clone(), theme::DIM),
            (cx.when(self.created_at), theme::DIM),
        ]
    }

    fn label(&self) -> String {
        self.id.to_string()
    }
}

/// How far a job is; what does not know how much there is to do has no bar.
pub(super) fn how_far(row: &JobRow) -> String {
    // What a posting does not take stays a draft: nothing failed.
    let word = if row.kind == "post" { "left behind" } else { "failed" };
    let failed =
        if row.failed > 0 { format!("  {} {word}", grouped(row.failed)) } else { String::new() };
    let done = grouped(row.done);
    match row.whole() {
        None => format!("{done} done{failed}"),
        Some(all) => format!("{}  {done}/{}{failed}", progress(row.done, all, 20), grouped(all)),
    }
}

/// What a schedule of a kind does when it runs.
fn runs(kind: &str) -> &'static str {
    if kind == "collect" { "charge what is due" } else { "make the drafts of what is due" }
}

/// What becomes of what a canceled job has not done.
fn rest(row: &JobRow) -> &'static str {
    match row.kind.as_str() {
        "deliver" if row.subject == "mail" => {
            "Mail stands still then, with what is queued, until S on 4 Delivery starts it; \
             p pauses it instead"
        }
        "print" => "The rest stays queued for another batch",
        "post" => "The rest stays drafts",
        "bill" => "Its drafts are thrown away",
        _ => "The rest is left as it is",
    }
}

impl Jobs {
    /// All about the job, and what the trail says of what it worked on.
    fn explain(&self, row: &JobRow, cx: &mut Cx) {
        self.show_about(cx);
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
                let (command, op) =
                    (Command::SteerSchedule { schedule: row.id, step }, cx.operation());
                let intent = if step == ScheduleStep::ResumeAndRun {
                    let title = format!("Resume {} and {} now?", row.name, runs(&row.kind));
                    Intent::Open(Box::new(Modal::Ask(Box::new(Ask::light(title, op, command)))))
                } else {
                    Intent::Commit { op, command: Box::new(command) }
                };
                inner.push(Item::new(key, words, intent));
            }
            let at = format!("{:02}:{:02}", row.at_minute / 60, row.at_minute % 60);
            let hint = format!("{} {} at {at}, {}, {}", row.kind, row.every, row.state, row.owner);
            let open = Modal::Choice(Choice::new(row.name.clone(), inner));
            items.push(Item::new(key, row.name.clone(), Intent::Open(Box::new(open))).hint(hint));
        }
        cx.open.push(Modal::Choice(Choice::new("Schedules", items)));
    }
}

impl ListScreen for Jobs {
    type Row = JobRow;
    const KEYS: &'static [Binding] = KEYS;
    const TOPICS: &'static [Topic] = &[Topic::Jobs];

    fn rows(&self) -> &Listing<JobRow> {
        &self.list
    }

    fn rows_mut(&mut self) -> &mut Listing<JobRow> {
        &mut self.list
    }

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
                    Some("PR") if row.kind == "retry" => match PaymentRunId::parse(&subject) {
                        Some(run) => results::show(ScreenId::Jobs, run, cx),
                        None => self.explain(&row, cx),
                    },
                    Some("BR") => {
                        cx.go = Some((ScreenId::Invoices, Some(format!("run:{subject}"))));
                    }
                    Some("PR") => cx.go = Some((ScreenId::Failed, Some(format!("run:{subject}")))),
                    _ => self.explain(&row, cx),
                }
            }
            Action::Explain | Action::OtherPane => self.explain(&row, cx),
            Action::Pause | Action::CancelRun if !row.is_open() => cx.say("it is over already"),
            Action::Pause => {
                let want = if row.state == "Paused" { Steer::Resume } else { Steer::Pause };
                cx.commit(Command::SteerJob { job: row.id, want });
            }
            Action::CancelRun => {
                let op = cx.operation();
                let command = Command::SteerJob { job: row.id, want: Steer::Cancel };
                let far = match row.whole() {
                    Some(all) => format!("{} of {} done", grouped(row.done), grouped(all)),
                    None => format!("{} done", grouped(row.done)),
                };
                let title =
                    format!("Cancel {} of {}, {far}? {}", row.kind, row.subject, rest(&row));
                let ask = Ask::light(title, op, command);
                cx.open.push(Modal::Ask(Box::new(ask)));
            }
            _ => return false,
        }
        true
    }

    fn preview(&self, _width: usize, _cx: &Cx) -> Vec<Line> {
        let mut preview = Vec::new();
        if let Some(row) = self.list.current() {
            preview.push(Line::plain(how_far(row)));
        }
        let current = self.list.current();
        let said = current.map(|r| r.error.clone()).filter(|e| !e.is_empty());
        let waits = current.map(|r| r.waits.clone()).filter(|w| !w.is_empty());
        preview.push(match (said, waits) {
            (Some(error), _) => Line::of(error, theme::BAD),
            (None, Some(waits)) => Line::of(waits, theme::WARN),
            (None, None) => Line::of(
                match self.schedules.len() {
                    0 => "no schedules yet".to_owned(),
                    n => format!("c: {}", counted(n, "schedule", "schedules")),
                },
                theme::DIM,
            ),
        });
        preview
    }

    fn about(&self, width: usize, cx: &Cx) -> Vec<Line> {
        let Some(row) = self.list.current() else { return Vec::new() };
        let what = if row.kind == row.subject {
            row.kind.clone()
        } else {
            format!("{} on {}", row.kind, row.subject)
        };
        let mut lines = vec![
            Line::plain(format!("{what}, started by {}", row.user)),
            Line::plain(how_far(row)),
        ];
        if !row.holder.is_empty() && row.is_open() {
            lines.push(Line::of(format!("driven by {}", row.holder), theme::DIM));
        }
        if !row.waits.is_empty() {
            lines.extend(wrap(&row.waits, width).into_iter().map(|l| Line::of(l, theme::WARN)));
        }
        if !row.error.is_empty() {
            lines.extend(wrap(&row.error, width).into_iter().map(|l| Line::of(l, theme::BAD)));
        }
        for (what, why) in &row.refused {
            let text = format!("{what}: {why}");
            lines.extend(wrap(&text, width).into_iter().map(|l| Line::of(l, theme::WARN)));
        }
        let more = row.failed - row.refused.len() as i64;
        if more > 0 && !row.refused.is_empty() {
            lines.push(Line::of(format!("and {} more", grouped(more)), theme::WARN));
        }
        lines.push(Line::of(format!("since {}", cx.when(row.created_at)), theme::DIM));
        lines
    }

    fn entered(&mut self, cx: &mut Cx) {
        cx.load(ScreenId::Jobs, Part::Extra, Query::Schedules);
    }

    fn answered(&mut self, answer: Answer) {
        if let Answer::Schedules(rows) = answer {
            self.schedules = rows;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::read::{Key as Place, KeyValue};

    #[test]
    fn a_job_that_does_not_know_its_total_shows_none() {
        let row = |done, total| JobRow {
            id: crate::domain::ids::JobId(1),
            key: Place { value: KeyValue::Int(1), id: 1 },
            kind: "deliver".to_owned(),
            subject: "deliver".to_owned(),
            state: "Running".to_owned(),
            wanted: String::new(),
            holder: String::new(),
            done,
            failed: 0,
            total,
            error: String::new(),
            waits: String::new(),
            user: "mia".to_owned(),
            created_at: 0,
            started_at: None,
            ended_at: None,
            refused: Vec::new(),
        };
        for (done, total, shown) in
            [(2497, 0, None), (0, 0, None), (12, 10, None), (3, 10, Some(10))]
        {
            assert_eq!(row(done, total).whole(), shown);
            assert_eq!(how_far(&row(done, total)).contains("/10"), shown.is_some());
        }
    }
}
