//! 7 Log: what everybody did, newest first; jump to what it was about, undo what can be undone.

use super::listed::ListScreen;
use crate::domain::ids::{DocumentId, RunId};
use crate::engine::query::{Answer, ListName};
use crate::store::Topic;
use crate::store::read::log::LogRow;
use crate::store::read::{Page, Sort};
use crate::ui::keymap::{Action, Binding, Key, bind};
use crate::ui::msg::{Cx, ScreenId};
use crate::ui::theme;
use crate::ui::widget::list::{Column, Listing, Shown, Tab};
use crate::ui::widget::{Line, wrap};
use ratatui::style::Style;

/// The keys of this screen.
pub const KEYS: &[Binding] = &[
    bind(&[Key::Enter, Key::Char('l')], Action::Open, "open", "jump to what it was about"),
    bind(&[Key::Char('x')], Action::Explain, "details", "before and after"),
];

const SORTS: &[Sort] = &[Sort::Newest, Sort::Oldest];

/// The state of the screen.
pub struct Log {
    pub list: Listing<LogRow>,
    mine: bool,
}

impl Default for Log {
    fn default() -> Self {
        let tabs = vec![Tab::new("everybody", "", Sort::Newest)];
        Self { list: Listing::new(ScreenId::Log, tabs, SORTS), mine: false }
    }
}

impl Shown for LogRow {
    const LIST: ListName = ListName::Log;
    const MARKS: bool = false;

    fn page(answer: Answer) -> Option<Page<Self>> {
        match answer {
            Answer::Log(page) => Some(page),
            _ => None,
        }
    }

    fn columns() -> &'static [Column] {
        const COLUMNS: &[Column] = &[
            Column { title: "WHEN", width: 11, right: false, flex: false, rank: 0 },
            Column { title: "WHO", width: 8, right: false, flex: false, rank: 0 },
            Column { title: "WHAT", width: 10, right: false, flex: false, rank: 0 },
            Column { title: "ON", width: 15, right: false, flex: false, rank: 1 },
            Column { title: "HOW", width: 20, right: false, flex: true, rank: 0 },
        ];
        COLUMNS
    }

    fn cells(&self, _code: bool, cx: &Cx) -> Vec<(String, Style)> {
        vec![
            (cx.when(self.at), theme::DIM),
            (self.user.clone(), theme::PLAIN),
            (self.verb.clone(), theme::PLAIN),
            (self.subject.clone(), theme::PLAIN),
            (self.summary.clone(), theme::PLAIN),
        ]
    }

    fn label(&self) -> String {
        self.subject.clone()
    }
}

/// What is said of a row that nobody pressed a key for.
fn by_itself(row: &LogRow) -> String {
    if row.by_itself { format!("by itself for {} · ", row.user) } else { String::new() }
}

impl ListScreen for Log {
    type Row = LogRow;
    const KEYS: &'static [Binding] = KEYS;
    const TOPICS: &'static [Topic] = Topic::ALL;

    fn rows(&self) -> &Listing<LogRow> {
        &self.list
    }

    fn rows_mut(&mut self) -> &mut Listing<LogRow> {
        &mut self.list
    }

    fn own(&mut self, action: Action, cx: &mut Cx) -> bool {
        let Some(row) = self.list.current() else { return false };
        match action {
            Action::Open => {
                if let Some(id) = DocumentId::parse(&row.subject) {
                    cx.effects_document(id);
                } else if let Some(RunId::Bill(id)) = RunId::parse(&row.subject) {
                    cx.go = Some((ScreenId::Invoices, Some(format!("run:{id}"))));
                } else if let Some(RunId::Payment(_)) = RunId::parse(&row.subject) {
                    cx.go = Some((ScreenId::Runs, None));
                } else {
                    self.show_about(cx);
                }
            }
            _ => return false,
        }
        true
    }

    fn preview(&self, _width: usize, _cx: &Cx) -> Vec<Line> {
        let mut preview = Vec::new();
        if let Some(row) = self.list.current() {
            preview.push(Line::plain(row.summary.clone()));
            let undo = if row.undoable { " · can be undone" } else { "" };
            preview.push(Line::of(
                format!("#{} · {}role {}{undo}", row.seq, by_itself(row), row.role),
                theme::DIM,
            ));
        }
        preview
    }

    fn about(&self, width: usize, cx: &Cx) -> Vec<Line> {
        let Some(row) = self.list.current() else { return Vec::new() };
        let mut lines = vec![
            Line::plain(if row.by_itself {
                format!("{} by itself for {}, role {}", row.verb, row.user, row.role)
            } else {
                format!("{} by {}, role {}", row.verb, row.user, row.role)
            }),
            Line::plain(format!("{}  #{}", cx.when(row.at), row.seq)),
        ];
        lines.extend(wrap(&row.summary, width).into_iter().map(Line::plain));
        if let Ok(value) = serde_json::from_str::<serde_json::Value>(&row.detail) {
            let text = serde_json::to_string_pretty(&value).unwrap_or_default();
            lines.extend(text.lines().map(|l| Line::of(l, theme::DIM)));
        }
        let can = if row.undoable {
            "u undoes my own last action"
        } else {
            "it cannot be undone from here"
        };
        lines.push(Line::of(can, theme::DIM));
        lines
    }

    fn entered(&mut self, cx: &mut Cx) {
        if !self.mine {
            self.mine = true;
            // What went on by itself for somebody they need not look for.
            let filter = format!("user:{} kind:deed", cx.user);
            self.list.tabs.push(Tab::new("mine", &filter, Sort::Newest));
            for (name, verb) in [("edits", "edit"), ("posted", "post"), ("imports", "import")] {
                self.list.tabs.push(Tab::new(name, &format!("verb:{verb}"), Sort::Newest));
            }
        }
    }
}
