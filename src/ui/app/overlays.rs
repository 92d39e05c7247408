//! What can be opened over any screen: help, palette, notices, the name of a filter.

use super::App;
use crate::domain::ids::DocumentId;
use crate::engine::command::Command;
use crate::engine::query::Ahead;
use crate::store::notice::NoticeRow;
use crate::store::read::Totals;
use crate::ui::help;
use crate::ui::keymap::{Action, Key};
use crate::ui::modal::ask::Ask;
use crate::ui::modal::choice::{Choice, Item};
use crate::ui::modal::palette::{Entry, Palette};
use crate::ui::modal::purpose;
use crate::ui::modal::text::TextBox;
use crate::ui::modal::{Intent, Modal};
use crate::ui::msg::{Part, ScreenId};
use crate::ui::rights;
use crate::ui::theme;
use crate::ui::widget::list::{AnyList, Tab};
use crate::ui::widget::{Line, amounts, grouped, wrap};

/// Keys of ready filters; `j` and `k` move, `D` drops one.
const KEYS: [char; 24] = [
    '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'l',
    'm', 'n', 'o', 'p', 'q',
];

impl App {
    /// How many things lie over the screen; keys are for the topmost.
    pub fn over(&self) -> usize {
        self.modals.len()
    }

    /// A search, a command or another screen begins where nothing but something to read is open: what
    /// is typed after it is meant for it, and its letters may not run the list's keys.
    pub(super) fn leave_reading(&mut self, key: Key) {
        let begins = matches!(key, Key::Char('/' | ':' | '0'..='9'));
        if let [Modal::Text(reading)] = self.modals.as_slice()
            && begins
            && !reading.takes(key)
        {
            self.close();
        }
    }

    /// Why nothing can be repeated on this screen.
    pub(super) fn unrepeatable(&self) -> Option<&'static str> {
        if self.repeated.contains_key(&self.screen) {
            return None;
        }
        let keys = self.screens.peek(self.screen).keys();
        Some(if keys.iter().any(|b| b.action.is_repeatable()) {
            "nothing to repeat yet"
        } else {
            "no key of this screen can be repeated"
        })
    }

    /// Why an action cannot be had now.
    pub(super) fn unavailable(&self, action: Action) -> Option<String> {
        match action {
            Action::Repeat => self.unrepeatable().map(str::to_owned),
            other => self.screens.peek(self.screen).unavailable(other),
        }
    }

    /// Opens what a key or a choice wants, as far as this clerk may do it.
    pub(super) fn offer(&mut self, mut modal: Modal) {
        if let Some(words) = rights::against(&modal, &self.cx) {
            return self.say(words);
        }
        if let Modal::Choice(choice) = &mut modal {
            rights::shade(&mut choice.items, &self.cx);
        }
        self.open(modal);
    }

    pub(super) fn help(&mut self) {
        let screen = self.screens.peek(self.screen);
        let mut lines = Vec::new();
        let mut runs = Vec::new();
        let name = self.screen.name();
        let width = usize::from(self.cx.size.0).saturating_sub(10).clamp(30, 76);
        for part in self.screen.help().split("\n\n") {
            let words = part.lines().collect::<Vec<_>>().join(" ");
            lines.extend(wrap(&words, width).into_iter().map(Line::plain));
            lines.push(Line::default());
        }
        for (i, table) in self.tables().iter().enumerate() {
            let heading = match (i, screen.list().is_some()) {
                (0, _) => "Here",
                (1, true) => "On every list",
                (_, _) => "Everywhere",
            };
            lines.push(Line::of(heading, theme::BOLD));
            for binding in *table {
                let keys: Vec<String> = binding.keys.iter().map(|k| k.label()).collect();
                let reason = self.unavailable(binding.action);
                let words = match &reason {
                    Some(reason) => format!("{} ({reason})", binding.words),
                    None => binding.words.to_owned(),
                };
                let style = if reason.is_some() { theme::DIM } else { theme::PLAIN };
                runs.push((lines.len(), Intent::Act(binding.action)));
                for (row, text) in wrap(&words, width - 14).into_iter().enumerate() {
                    let keys = if row == 0 { keys.join(" ") } else { String::new() };
                    lines.push(Line::of(format!("{keys:<14}"), theme::KEY).and(text, style));
                }
            }
        }
        let help = TextBox::runnable(format!("{name}: what can be done"), lines, runs);
        self.open(Modal::Text(help.searchable()));
    }

    pub(super) fn palette(&mut self) {
        let mut entries = Vec::new();
        for binding in self.tables().iter().flat_map(|t| t.iter()) {
            let key = binding.keys.first().map(|k| k.label()).unwrap_or_default();
            entries.push(Entry {
                words: binding.words.to_owned(),
                key,
                cli: help::command_line(binding.action, self.screen),
                reason: self.unavailable(binding.action).unwrap_or_default(),
                intent: Intent::Act(binding.action),
            });
        }
        for (words, action) in [
            ("send the reminders that are due", Action::Remind),
            ("say until which day the bank is read", Action::BankRead),
        ] {
            entries.push(Entry {
                words: words.to_owned(),
                key: String::new(),
                cli: help::command_line(action, self.screen),
                reason: self.unavailable(action).unwrap_or_default(),
                intent: Intent::Act(action),
            });
        }
        for (words, cli, intent) in self.screens.peek(self.screen).more_commands() {
            let (key, reason) = (String::new(), String::new());
            entries.push(Entry { words, key, cli, reason, intent });
        }
        let looks = self.looks().into_iter().map(|(words, look)| (words, Intent::Look(look)));
        for (words, intent) in looks.chain(self.left_behind()) {
            let (key, cli, reason) = (String::new(), String::new(), String::new());
            entries.push(Entry { words, key, cli, reason, intent });
        }
        for (name, tab) in self.tab_names() {
            entries.push(Entry {
                words: format!("show {name}"),
                key: "f".to_owned(),
                cli: String::new(),
                reason: String::new(),
                intent: Intent::Tab(tab),
            });
        }
        self.open(Modal::Palette(Box::new(Palette::new(self.screen, entries))));
    }

    /// Asks before the reminders that are due go out, with how many of which level.
    pub(super) fn remind(&mut self) {
        let op = self.cx.operation();
        let ask = Ask::reading("Send the reminders that are due", "send", op, Command::Remind);
        self.open(Modal::Ask(Box::new(ask)));
        self.cx.load(self.screen, Part::Dialog, Ahead::Reminders);
    }

    /// `tab:NAME` chooses a ready filter, anything else is typed.
    pub(super) fn aim(&mut self, filter: Option<&str>) {
        let Some(filter) = filter else { return };
        let intent = match filter.strip_prefix("tab:") {
            Some(name) => Intent::Tab(self.tab_named(name)),
            None => {
                let all = self.tab_named("all");
                self.screens.get(self.screen).intent(&Intent::Tab(all), &mut self.cx);
                Intent::Typed(filter.to_owned())
            }
        };
        self.screens.get(self.screen).intent(&intent, &mut self.cx);
    }

    fn tab_named(&self, name: &str) -> usize {
        let tabs = self.screens.peek(self.screen).list().map_or(&[][..], |l| l.tabs());
        let exact = tabs.iter().position(|t| t.name == name);
        exact.or_else(|| tabs.iter().position(|t| t.name.starts_with(name))).unwrap_or(0)
    }

    pub(super) fn tab_names(&self) -> Vec<(String, usize)> {
        let tabs = self.screens.peek(self.screen).list().map_or(&[][..], |l| l.tabs());
        tabs.iter().enumerate().map(|(i, t)| (t.name.clone(), i)).collect()
    }

    pub(super) fn notices(&mut self) {
        let width = usize::from(self.cx.size.0).saturating_sub(8).clamp(30, 100);
        let (mut lines, mut runs): (Vec<Line>, Vec<(usize, Intent)>) = (Vec::new(), Vec::new());
        for NoticeRow { at, text, subject, .. } in &self.cx.foot.notices {
            let at = self.cx.when(*at);
            runs.extend(leads_to(subject).map(|intent| (lines.len(), intent)));
            for (row, text) in wrap(text, width - 13).into_iter().enumerate() {
                let at = if row == 0 { at.as_str() } else { "" };
                lines.push(
                    Line::of(format!("{at:<11}"), theme::DIM)
                        .and(format!("  {text}"), theme::PLAIN),
                );
            }
        }
        if lines.is_empty() {
            lines.push(Line::plain("nothing new"));
        } else {
            self.cx.commit(Command::DismissNotices);
        }
        for (nth, (at, text)) in self.said.iter().enumerate() {
            match nth {
                0 => {
                    lines.push(Line::default());
                    lines.push(Line::of("said last:", theme::DIM));
                    lines.extend(wrap(text, width).into_iter().map(Line::plain));
                    lines.extend(self.whole.iter().cloned());
                    continue;
                }
                1 => lines.extend([Line::default(), Line::of("said before:", theme::DIM)]),
                _ => {}
            }
            let at = self.cx.when(*at);
            let rows = wrap(text, width.saturating_sub(at.len() + 2)).into_iter();
            lines.extend(rows.enumerate().map(|(row, text)| {
                let at = if row == 0 { at.clone() } else { " ".repeat(at.len()) };
                Line::of(at, theme::DIM).and(format!("  {text}"), theme::PLAIN)
            }));
        }
        self.open(Modal::Text(TextBox::runnable("Notices", lines, runs)));
    }

    /// The ready filters of the list with what each shows; the saved one that is chosen can go.
    fn ready_filters(&mut self) {
        let Some(list) = self.screens.peek(self.screen).list() else { return };
        let item = |(at, tab): (usize, &Tab)| {
            let told = |t: &Totals| format!("{}  {}", grouped(t.count), amounts(&t.money, false));
            let hint = tab.totals.as_ref().map_or_else(String::new, told);
            Item { key: KEYS.get(at).copied(), ..Item::new(' ', &tab.name, Intent::Tab(at)) }
                .hint(hint.trim_end())
        };
        let mut items: Vec<Item> = list.tabs().iter().enumerate().map(item).collect();
        if let Some(Tab { name, .. }) = list.tabs().get(list.chosen()).filter(|tab| tab.saved) {
            let screen = self.screen.name().to_lowercase();
            let command = Command::DropFilter { screen, name: name.clone() };
            let title = format!("Drop the filter {name}, for everybody?");
            let ask = Ask::light(title, self.cx.operation(), command);
            let intent = Intent::Open(Box::new(Modal::Ask(Box::new(ask))));
            items.push(Item::new('D', format!("drop {name}"), intent));
        }
        self.open(Modal::Choice(Choice::new("Filters (/ types one, F then saves it)", items)));
    }

    pub(super) fn save_filter(&mut self) {
        let list = self.screens.peek(self.screen).list();
        if list.is_none_or(|l| l.typed().is_empty()) {
            return self.ready_filters();
        }
        if let Some(error) = list.and_then(AnyList::error) {
            return self.cx.say(format!("the filter is not understood: {error}"));
        }
        let narrowed = list.map(AnyList::narrowed).unwrap_or_default();
        let ready = list.map_or(&[][..], AnyList::tabs).iter().filter(|tab| !tab.saved);
        let taken = ready.map(|tab| tab.name.clone()).collect();
        let form = purpose::save_filter(self.screen, narrowed, taken, &mut self.cx);
        self.open(form);
    }
}

/// What Enter on a notice shows: drafts that were handed over, or the document it is about.
fn leads_to(subject: &str) -> Option<Intent> {
    match subject {
        "claim:mine" => Some(Intent::Go(ScreenId::Invoices, Some("tab:mine".to_owned()))),
        other => DocumentId::parse(other).map(|id| Intent::Document(id.0)),
    }
}
