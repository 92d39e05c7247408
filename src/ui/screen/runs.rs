//! 2 Runs: bill runs and payment runs, how far they are and what they came to; start one, pause
//! it, cancel it, see what failed and run just that again.

use super::listed::ListScreen;
use crate::domain::ids::{BillRunId, RunId};
use crate::domain::money::Money;
use crate::engine::command::{Command, Steer};
use crate::engine::query::{Answer, ListName, Query, Said};
use crate::store::Topic;
use crate::store::read::runs::{RunDetail, RunRow};
use crate::store::read::{Page, Sort};
use crate::ui::keymap::{Action, Binding, Key, also, bind};
use crate::ui::modal::ask::Ask;
use crate::ui::modal::choice::{Choice, Item};
use crate::ui::modal::purpose::PostWhat;
use crate::ui::modal::text::TextBox;
use crate::ui::modal::{Intent, Modal};
use crate::ui::msg::{Cx, Part, ScreenId};
use crate::ui::theme;
use crate::ui::widget::list::{Column, Listing, Shown, Tab};
use crate::ui::widget::{Line, amounts, counted, grouped, progress, wrap};
use ratatui::style::Style;
use unicode_width::UnicodeWidthStr;

/// The keys of this screen.
pub const KEYS: &[Binding] = &[
    bind(&[Key::Char('c')], Action::Create, "new run", "new bill run or payment run"),
    bind(&[Key::Enter, Key::Char('l')], Action::Open, "open", "its documents, or its failures"),
    bind(&[Key::Char('P')], Action::Post, "post", "post the run"),
    bind(&[Key::Char('p')], Action::Pause, "pause", "pause it, or go on"),
    bind(&[Key::Char('C')], Action::CancelRun, "cancel", "cancel it; its drafts are thrown away"),
    bind(&[Key::Char('r')], Action::Retry, "retry failed", "a new run of just the failed accounts"),
    also(
        &[Key::Char('i')],
        Action::Unusual,
        "unusual",
        "what is unusual about its drafts, the worst first; Enter goes there",
    ),
    also(&[Key::Char('x')], Action::Explain, "explain", "failures, skips, and what it came to"),
];

const SORTS: &[Sort] = &[Sort::Newest, Sort::Oldest];

/// The state of the screen.
pub struct Runs {
    /// The list.
    pub list: Listing<RunRow>,
    detail: Option<(RunId, RunDetail)>,
    asked: Option<RunId>,
    /// What is unusual about the drafts of a run, and of how many drafts in which state of it.
    unusual: Option<(BillRunId, Vec<Said>)>,
    looked: Option<(RunId, i64, String)>,
}

impl Default for Runs {
    fn default() -> Self {
        let tab = |name: &str, filter: &str| Tab::new(name, filter, Sort::Newest);
        let tabs = vec![
            tab("all", ""),
            tab("bill runs", "kind:bill"),
            tab("payment runs", "kind:collect"),
            tab("bill runs in work", "kind:bill status:pending,processing,paused,posting"),
        ];
        Self {
            list: Listing::new(ScreenId::Runs, tabs, SORTS),
            detail: None,
            asked: None,
            unusual: None,
            looked: None,
        }
    }
}

fn name(run: RunId) -> String {
    match run {
        RunId::Bill(id) => id.to_string(),
        RunId::Payment(id) => id.to_string(),
    }
}

impl Shown for RunRow {
    const LIST: ListName = ListName::Runs;
    const MARKS: bool = false;

    fn page(answer: Answer) -> Option<Page<Self>> {
        match answer {
            Answer::Runs(page) => Some(page),
            _ => None,
        }
    }

    fn columns() -> &'static [Column] {
        const COLUMNS: &[Column] = &[
            Column { title: "RUN", width: 9, right: false, flex: false, rank: 0 },
            Column { title: "STATE", width: 10, right: false, flex: false, rank: 0 },
            Column { title: "TARGET", width: 10, right: false, flex: false, rank: 3 },
            Column { title: "DONE", width: 5, right: true, flex: false, rank: 0 },
            Column { title: "FAILED", width: 6, right: true, flex: false, rank: 0 },
            Column { title: "MADE", width: 6, right: true, flex: false, rank: 4 },
            Column { title: "AMOUNT", width: 16, right: true, flex: false, rank: 0 },
            Column { title: "LAST CYCLE", width: 10, right: true, flex: false, rank: 5 },
            Column { title: "BY", width: 8, right: false, flex: true, rank: 2 },
        ];
        COLUMNS
    }

    fn cells(&self, _code: bool, _cx: &Cx) -> Vec<(String, Style)> {
        let change = self.money.first().and_then(|m| self.change(*m));
        let change = change.map(|percent| format!("{percent:+} %"));
        let style = if self.failed > 0 { theme::WARN } else { theme::PLAIN };
        let state = match self.status.as_str() {
            "Processing" | "Posting" => theme::GOOD,
            "Error" => theme::BAD,
            _ => theme::PLAIN,
        };
        vec![
            (name(self.run), theme::PLAIN),
            (self.status.clone(), state),
            (self.target_on.to_string(), theme::PLAIN),
            (format!("{} %", self.percent()), theme::PLAIN),
            (grouped(self.failed), style),
            (grouped(self.made), theme::PLAIN),
            (amounts(&self.money, true), theme::PLAIN),
            (change.unwrap_or_default(), theme::DIM),
            (self.owner.clone(), theme::DIM),
        ]
    }

    fn label(&self) -> String {
        name(self.run)
    }
}

impl RunRow {
    /// By how many percent the run is above the cycle before.
    fn change(&self, now: Money) -> Option<i64> {
        let last = self.before.get(now.currency)?;
        (last.minor != 0).then(|| (now.minor - last.minor) * 100 / last.minor.abs())
    }
}

/// A chart of eight heights from totals, one character each.
pub fn sparkline(values: &[i64]) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let top = values.iter().copied().max().unwrap_or(0).max(1);
    values
        .iter()
        .map(|v| {
            let height = i128::from((*v).max(0)) * 7 / i128::from(top);
            BARS[usize::try_from(height).unwrap_or(0).min(7)]
        })
        .collect()
}

impl Runs {
    fn current_detail(&self) -> Option<&RunDetail> {
        let run = self.list.current()?.run;
        self.detail.as_ref().filter(|(r, _)| *r == run).map(|(_, d)| d)
    }

    /// What is unusual about the drafts of the run under the cursor; none until it is known.
    fn current_unusual(&self) -> Option<&[Said]> {
        let run = self.list.current()?.run;
        let of = |(of, _): &&(BillRunId, Vec<Said>)| RunId::Bill(*of) == run;
        self.unusual.as_ref().filter(of).map(|(_, said)| said.as_slice())
    }

    /// Asked once for a run, and again when its drafts are others.
    fn look(&mut self, cx: &mut Cx) {
        let Some(row) = self.list.current() else { return };
        let RunId::Bill(run) = row.run else { return };
        let looked = (row.run, row.drafts, row.status.clone());
        if row.drafts == 0 || row.status == "Processing" || self.looked.as_ref() == Some(&looked) {
            return;
        }
        self.looked = Some(looked);
        cx.load(ScreenId::Runs, Part::Extra, Query::Unusual(run));
    }

    fn show_unusual(&self, row: &RunRow, cx: &mut Cx) {
        let RunId::Bill(run) = row.run else {
            return cx.say("a payment run has no drafts; x tells what it skipped");
        };
        if row.drafts == 0 {
            return cx.say(format!("{run} has no draft left"));
        }
        let Some(said) = self.current_unusual() else {
            return cx.say("being counted: when the run has made its drafts, and a moment after");
        };
        let title = format!("Unusual in {run}");
        if said.is_empty() {
            let text =
                format!("Nothing is unusual in its {}.", counted(row.drafts, "draft", "drafts"));
            return cx.open.push(Modal::Text(TextBox::new(title, vec![Line::plain(text)])));
        }
        let width = usize::from(cx.size.0).saturating_sub(12).clamp(30, 96);
        let (mut lines, mut runs) = (Vec::new(), Vec::new());
        for one in said {
            let go = Intent::Go(ScreenId::Invoices, Some(one.filter.clone()));
            runs.push((lines.len(), go));
            lines.extend(wrap(&one.words, width).into_iter().map(Line::plain));
        }
        cx.open.push(Modal::Text(TextBox::runnable(title, lines, runs)));
    }

    fn steer(row: &RunRow, want: Steer, cx: &mut Cx) {
        let command = Command::SteerRun { run: row.run.into(), want };
        if want != Steer::Cancel {
            return cx.commit(command);
        }
        let op = cx.operation();
        let title = format!("Cancel {}", name(row.run));
        let ask = match row.run {
            RunId::Bill(run) => {
                cx.load(ScreenId::Runs, Part::Dialog, Query::CancelRun(run));
                Ask::reading(title, "throw its drafts away", op, command)
            }
            RunId::Payment(_) => {
                let text = "Stops before the next charge; what is charged stays charged.";
                Ask::heavy(title, "stop the run", vec![Line::plain(text)], 1, op, command)
            }
        };
        cx.open.push(Modal::Ask(Box::new(ask)));
    }
}

impl ListScreen for Runs {
    type Row = RunRow;
    const KEYS: &'static [Binding] = KEYS;
    const TOPICS: &'static [Topic] = &[Topic::Runs, Topic::Documents];

    fn rows(&self) -> &Listing<RunRow> {
        &self.list
    }

    fn rows_mut(&mut self) -> &mut Listing<RunRow> {
        &mut self.list
    }

    fn own(&mut self, action: Action, cx: &mut Cx) -> bool {
        if action == Action::Create {
            super::invoices::create(cx);
            return true;
        }
        let Some(row) = self.list.current().cloned() else { return false };
        match action {
            Action::Open => match row.run {
                RunId::Bill(id) => cx.go = Some((ScreenId::Invoices, Some(format!("run:{id}")))),
                RunId::Payment(_) => self.show_about(cx),
            },
            Action::Unusual => self.show_unusual(&row, cx),
            Action::Pause => {
                let want = if row.status == "Paused" { Steer::Resume } else { Steer::Pause };
                Self::steer(&row, want, cx);
            }
            Action::CancelRun => Self::steer(&row, Steer::Cancel, cx),
            Action::Retry => match row.run {
                RunId::Bill(run) if row.failed > 0 => {
                    let n = counted(row.failed, "account", "accounts");
                    let title = format!("Bill again the {n} that failed in {run}? Drafts are made");
                    let command = Command::RetryFailedAccounts { run };
                    let ask = Ask::light(title, cx.operation(), command);
                    cx.open.push(Modal::Ask(Box::new(ask)));
                }
                RunId::Bill(_) => cx.say("no account of this run failed"),
                RunId::Payment(_) => {
                    cx.go = Some((ScreenId::Failed, None));
                    cx.say("failed payments are retried here");
                }
            },
            Action::Post => match row.run {
                RunId::Bill(run) if row.drafts > 0 => {
                    let intent = Intent::Post(PostWhat::Run(run));
                    let items =
                        vec![Item::new('r', format!("every postable draft of {run}…"), intent)];
                    cx.open.push(Modal::Choice(Choice::new("Post", items)));
                }
                RunId::Bill(_) => cx.say("no draft is left in this run"),
                RunId::Payment(_) => cx.say("a payment run is not posted; it charges"),
            },
            _ => return false,
        }
        true
    }

    fn preview(&self, width: usize, cx: &Cx) -> Vec<Line> {
        let mut preview = Vec::new();
        if let Some(row) = self.list.current() {
            let left = time_left(row, cx.now.at_ms);
            let became = match self.current_detail().and_then(|d| d.parts) {
                Some(_) if row.total == 0 && row.is_open() => "looking for what is due".to_owned(),
                Some(parts) => parts.words(),
                None => format!("{} failed", grouped(row.failed)),
            };
            let line = |bar: usize, left: &str, short: bool| {
                let (bar, money) = (progress(row.percent(), 100, bar), amounts(&row.money, short));
                let of = format!("{}/{}", grouped(row.far().0), grouped(row.far().1));
                (
                    format!("{bar} {of}  {became}{left}  {money}"),
                    format!("{bar} {of}{left}  {money}"),
                )
            };
            // Money last, and never cut: the bar and the guess give way first.
            let ways = [(20, left.as_str(), false), (20, &left, true), (8, &left, true)];
            let found = ways.map(|(bar, left, short)| line(bar, left, short));
            let fits = found.iter().find(|(whole, _)| whole.width() <= width);
            let mut parts = Vec::new();
            if let Some((whole, _)) = fits {
                preview.push(Line::plain(whole.clone()));
            } else {
                // What became of it goes below, where it has a row of its own: its parts sum.
                let short = found.into_iter().map(|(_, short)| short);
                let fits = short.into_iter().find(|text| text.width() <= width);
                preview.push(Line::plain(fits.unwrap_or_else(|| line(8, "", true).1)));
                parts.push(became.clone());
            }
            if let Some(worst) = self.current_unusual().and_then(<[Said]>::first) {
                parts.push(format!("unusual (i): {}", worst.words));
            }
            if !row.note.is_empty() {
                parts.push(row.note.clone());
            }
            if let Some(detail) = self.current_detail() {
                if detail.past.len() > 1 {
                    parts.push(format!("totals {}", sparkline(&detail.past)));
                }
                if let Some(f) = detail.failures.first() {
                    parts.push(format!("{}: {}", f.account, f.reason));
                }
                let skips: Vec<String> =
                    detail.skipped.iter().map(|(r, n)| format!("{n} {r}")).collect();
                if !skips.is_empty() {
                    parts.push(format!("skipped {}", skips.join(", ")));
                }
            }
            preview.push(Line::of(parts.join(" · "), theme::DIM));
        }
        preview
    }

    fn about(&self, width: usize, cx: &Cx) -> Vec<Line> {
        let Some(row) = self.list.current() else { return Vec::new() };
        let head = format!("{} {} · target {}", name(row.run), row.status, row.target_on);
        let mut lines = vec![
            Line::of(head, theme::BOLD),
            Line::plain(format!(
                "{} {}/{}{}",
                progress(row.percent(), 100, 20),
                grouped(row.far().0),
                grouped(row.far().1),
                time_left(row, cx.now.at_ms)
            )),
        ];
        match self.current_detail().and_then(|d| d.parts) {
            Some(parts) => {
                let text = format!("{} picked: {}", grouped(row.total), parts.words());
                lines.extend(wrap(&text, width).into_iter().map(Line::plain));
            }
            None => {
                let text = format!("{} made, {} failed", grouped(row.made), grouped(row.failed));
                lines.push(Line::plain(text));
            }
        }
        for money in &row.money {
            let change = row.change(*money).map(|p| format!("  {p:+} % on the cycle before"));
            let change = change.unwrap_or_default();
            lines.push(Line::plain(format!("{:>16} {}{change}", money.grouped(), money.currency)));
        }
        if let Some(said) = self.current_unusual().filter(|said| !said.is_empty()) {
            lines.push(Line::of("unusual first (i)", theme::KEY));
            for one in said {
                lines.extend(wrap(&one.words, width).into_iter().map(|l| Line::of(l, theme::WARN)));
            }
        }
        if !row.note.is_empty() {
            lines.extend(wrap(&row.note, width).into_iter().map(|l| Line::of(l, theme::WARN)));
        }
        if let Some(detail) = self.current_detail() {
            if detail.past.len() > 1 {
                lines.push(Line::plain(format!(
                    "totals of the last runs {}",
                    sparkline(&detail.past)
                )));
            }
            for (reason, n) in &detail.skipped {
                let text = format!("skipped {:>6}  {reason}", grouped(*n));
                lines.extend(wrap(&text, width).into_iter().map(Line::plain));
            }
            for f in &detail.failures {
                let text = format!("{} {}: {}", f.account, f.customer, f.reason);
                lines.extend(wrap(&text, width).into_iter().map(|l| Line::of(l, theme::WARN)));
            }
        }
        lines
    }

    fn moved(&mut self, cx: &mut Cx) {
        if let Some(run) = self.list.current().map(|r| r.run) {
            self.asked = Some(run);
            cx.load(ScreenId::Runs, Part::Detail, Query::Run(run));
        }
        self.look(cx);
    }

    fn answered(&mut self, answer: Answer) {
        if let Answer::Run(detail) = answer {
            self.detail = self.asked.map(|run| (run, detail));
        } else if let Answer::Unusual(run, said) = answer {
            self.unusual = Some((run, said));
        }
    }
}

/// How long it will still take at the rate so far.
fn time_left(row: &RunRow, now_ms: i64) -> String {
    // When its posting began the run does not know.
    let counts = row.is_open() && row.done > 0 && row.status != "Posting";
    let Some(start) = row.started_at.filter(|_| counts) else { return String::new() };
    let left_ms = (now_ms - start).max(0) * (row.total - row.done).max(0) / row.done.max(1);
    match left_ms / 1000 {
        0..=59 => "  under a minute left".to_owned(),
        seconds => format!("  ~{} min left", (seconds + 30) / 60),
    }
}
