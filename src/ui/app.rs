//! The console's state, and how a message changes it. No I/O, no clock: what shall be done is
//! handed out as [`Effect`]s. Keys go to the top modal, else to the screen's table, the lists'
//! table, everywhere's table, in this order.

mod ahead;
mod mouse;
mod outcome;
mod overlays;
mod screens;
mod session;
mod undo;
mod view;

use super::account_page;
use super::fault::{Fault, FaultKind};
use super::keymap::{Action, Binding, GLOBAL_KEYS, Key, LIST_KEYS, find};
use super::modal::form::Form;
use super::modal::money;
use super::modal::purpose;
use super::modal::{Intent, Modal, Step};
use super::msg::{Cx, Effect, Msg, Part, ScreenId, Slot};
use super::rights;
use super::screen::Screen;
use super::widget::Line;
use crate::engine::query::{Answer, Query};
use crate::store::Topic;
use crate::zone::Zone;
use ahead::Typed;
use screens::Screens;
pub use session::kept_by;
use std::collections::{BTreeMap, VecDeque};

pub use view::LEAST;

/// The console.
pub struct App {
    cx: Cx,
    screen: ScreenId,
    back: Vec<ScreenId>,
    screens: Screens,
    modals: Vec<Modal>,
    notice: Option<String>,
    /// What was said and when (UTC ms), newest first; `!` shows it again.
    said: VecDeque<(i64, String)>,
    /// What of it did not fit a line.
    whole: Vec<Line>,
    /// The deeds under way, first first.
    given: VecDeque<outcome::Given>,
    /// Whether the notice is what came of a deed, which a job that ends does not sweep away.
    receipt: bool,
    /// Jobs of my deeds whose end I was not told yet.
    begun: Vec<i64>,
    /// What ended meanwhile; said with the next key, or the next minute.
    ended: Option<String>,
    /// A form whose command is being handed over.
    sent: Option<Box<Form>>,
    /// What was typed while an answer is under way that it needs.
    ahead: VecDeque<Typed>,
    /// Forms that were put aside, not saved, newest last.
    aside: Vec<Form>,
    dirty: bool,
    /// What was said of undo, for the next time it is asked.
    undo: undo::Undo,
    /// What `.` does again, by screen.
    repeated: BTreeMap<ScreenId, Action>,
    /// What a lost connection left behind.
    saved: Option<serde_json::Value>,
    last_saved: String,
}

impl App {
    /// A console on its first screen. `saved` is the state of the last session, if there is one.
    pub fn new(cx: Cx, saved: Option<&str>) -> Self {
        let mut app = Self {
            cx,
            screen: ScreenId::Today,
            back: Vec::new(),
            screens: Screens::default(),
            modals: Vec::new(),
            notice: None,
            said: VecDeque::new(),
            whole: Vec::new(),
            given: VecDeque::new(),
            receipt: false,
            begun: Vec::new(),
            ended: None,
            sent: None,
            ahead: VecDeque::new(),
            aside: Vec::new(),
            dirty: true,
            undo: undo::Undo::default(),
            repeated: BTreeMap::new(),
            saved: saved.and_then(|t| serde_json::from_str(t).ok()),
            last_saved: String::new(),
        };
        app.screens.today.enter(&mut app.cx);
        app.cx.load(ScreenId::Today, Part::Status, Query::Status);
        app.cx.load(ScreenId::Today, Part::Filters, Query::Filters);
        app.place_columns();
        app.offer_session();
        app
    }

    /// What the shell shall do first.
    pub fn start(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.cx.effects)
    }

    /// Whether the picture is out of date; asking resets it.
    pub fn take_dirty(&mut self) -> bool {
        std::mem::take(&mut self.dirty)
    }

    /// The zone of the book's civil dates.
    pub fn zone(&self) -> Zone {
        self.cx.zone
    }

    /// Whether a detail is on its way that the next picture should show.
    pub fn awaits_soon(&self) -> bool {
        self.cx.awaits(self.screen, Part::Detail) || self.cx.awaits(self.screen, Part::Page)
    }

    /// Whether no answer is on its way.
    pub fn is_idle(&self) -> bool {
        self.cx.is_idle()
    }

    /// The screen that is shown.
    pub fn screen(&self) -> ScreenId {
        self.screen
    }

    /// Decides what a message changes and what shall be done.
    pub fn update(&mut self, msg: Msg) -> Vec<Effect> {
        match msg {
            Msg::Key(key) => self.typed(Typed::Key(key)),
            Msg::Paste(text) => self.typed(Typed::Paste(text)),
            Msg::Mouse(mouse) => self.mouse(mouse),
            Msg::Resize(width, height) => {
                self.cx.size = (width, height);
                self.dirty = true;
            }
            Msg::Zone(zone) => {
                self.cx.zone = zone;
                self.dirty = true;
            }
            Msg::Tick(now) => {
                let minute = |ms: i64| ms.div_euclid(60_000);
                if minute(now.at_ms) != minute(self.cx.now.at_ms) {
                    self.dirty = true;
                    self.say_ended();
                }
                self.cx.now = now;
            }
            Msg::Loaded { slot, ticket, result } => self.loaded(slot, ticket, result),
            Msg::Done { command, result, .. } => self.done(&command, result),
            Msg::Changed(topics) => {
                self.screens.get(self.screen).changed(&topics, &mut self.cx);
                if topics.contains(&Topic::Settings) {
                    self.cx.load(ScreenId::Today, Part::Filters, Query::Filters);
                }
                let foot =
                    [Topic::Jobs, Topic::Notices, Topic::Deliveries, Topic::Runs, Topic::Settings];
                if topics.iter().any(|t| foot.contains(t)) {
                    self.cx.load(ScreenId::Today, Part::Status, Query::Status);
                }
            }
            Msg::People(people) => {
                self.dirty |= people != self.cx.people;
                self.tell_of_others(&people);
                self.cx.people = people;
            }
            Msg::Notice(text) => self.say(text),
            Msg::Continue => self.cx.effects.push(Effect::Repaint),
            Msg::Suspend => self.cx.effects.push(Effect::Suspend),
            Msg::Quit(code) => self.quit(code),
        }
        self.settle();
        self.catch_up();
        self.handed_over()
    }

    fn paste(&mut self, text: &str) {
        if let Some(modal) = self.modals.last_mut() {
            let step = modal.paste(text, &mut self.cx);
            self.step(step);
        } else {
            self.cx.say("pasted text runs no keys; open a field first (/ or :)");
        }
    }

    /// Takes over what screens left in the hand they were given.
    fn settle(&mut self) {
        if let Some(text) = self.cx.notice.take() {
            // The answer to a key is read before a job's end takes its place.
            self.receipt |= !text.ends_with('…');
            self.say(text);
        }
        if let Some(id) = self.cx.document.take() {
            self.go(ScreenId::Invoices);
            self.screens.invoices.open_document(id, &mut self.cx);
        }
        if let Some((screen, filter)) = self.cx.go.take() {
            self.modals.clear();
            self.go(screen);
            self.aim(filter.as_deref());
        }
        if std::mem::take(&mut self.cx.show_notices) {
            self.notices();
        }
        while !self.cx.open.is_empty() {
            let modal = self.cx.open.remove(0);
            self.offer(modal);
        }
    }

    fn open(&mut self, modal: Modal) {
        if modal.drops_type_ahead() {
            self.ahead.clear();
            self.cx.effects.push(Effect::DropTypeAhead);
        }
        if let Modal::Form(form) = &modal {
            self.cx.effects.push(Effect::Editing(form.document()));
        }
        self.modals.push(modal);
        self.dirty = true;
    }

    fn close(&mut self) -> Option<Modal> {
        let modal = self.modals.pop();
        if let Some(Modal::Form(form)) = &modal
            && form.document().is_some()
        {
            self.cx.effects.push(Effect::Editing(None));
        }
        modal
    }

    fn tables(&self) -> Vec<&'static [Binding]> {
        let screen = self.screens.peek(self.screen);
        let mut tables = vec![screen.keys()];
        if screen.list().is_some() {
            tables.push(LIST_KEYS);
        }
        tables.push(GLOBAL_KEYS);
        tables
    }

    fn key(&mut self, key: Key) {
        if key == Key::Ctrl('c') {
            return self.quit(0);
        }
        if key == Key::Ctrl('z') {
            return self.cx.effects.push(Effect::Suspend);
        }
        if key == Key::Ctrl('l') {
            return self.cx.effects.push(Effect::Repaint);
        }
        self.leave_reading(key);
        if let Some(modal) = self.modals.last_mut() {
            let step = modal.key(key, &mut self.cx);
            return self.step(step);
        }
        match find(&self.tables(), key) {
            Some(action) => self.act(action),
            None => self.nothing(key),
        }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Stay => {}
            Step::Close => match self.close() {
                Some(Modal::Ask(ask)) => {
                    if let Some(form) = ask.into_form() {
                        self.open(Modal::Form(form));
                        self.say("nothing was done; what was typed is still here".to_owned());
                    }
                }
                Some(Modal::Form(form)) if form.is_rescued() => {
                    self.aside.push(*form);
                    self.say("not saved, and kept; :unsaved edit opens it again".to_owned());
                }
                Some(
                    Modal::Form(_)
                    | Modal::Text(_)
                    | Modal::Choice(_)
                    | Modal::Columns(_)
                    | Modal::Filter(_)
                    | Modal::Palette(_),
                )
                | None => {}
            },
            Step::Then(mut intent) => {
                let form = self.close().and_then(Modal::into_form);
                match (&mut intent, form) {
                    (Intent::Commit { .. }, Some(form)) => self.sent = Some(form),
                    (Intent::Open(modal), Some(form)) => modal.asked_from(form),
                    (_, _) => {}
                }
                self.intend(intent);
            }
            Step::Live(intent) => self.intend(intent),
        }
    }

    fn intend(&mut self, intent: Intent) {
        match intent {
            Intent::Act(action) => self.act(action),
            Intent::Go(screen, filter) => {
                self.go(screen);
                self.aim(filter.as_deref());
            }
            Intent::Commit { op, command } => {
                self.cx.commit_as(op, *command);
                // Many rows take seconds: what is heard of it until the receipt comes.
                self.say("being written…".to_owned());
            }
            Intent::Open(modal) => self.offer(*modal),
            Intent::Copy(text) => self.cx.copy(text),
            Intent::Document(id) => {
                self.go(ScreenId::Invoices);
                self.screens.invoices.open_document(id, &mut self.cx);
            }
            Intent::Post(what) => {
                let modal = purpose::post(what, None, &mut self.cx);
                self.offer(modal);
            }
            Intent::Payment(of, at) => {
                if let Some(menu) = money::menu(&of, at, &mut self.cx) {
                    self.offer(menu);
                }
            }
            Intent::Look(look) => self.wear(look),
            Intent::Page(of, month) => account_page::load(self.screen, of, month, &mut self.cx),
            Intent::WritePage(of, month) => account_page::write(of, month, &mut self.cx),
            Intent::Restore => self.restore(),
            Intent::Afresh => self.saved = None,
            Intent::Rescued(at) => self.rescue(at),
            other @ (Intent::Typed(_)
            | Intent::Term(_)
            | Intent::Tab(_)
            | Intent::Sort(_)
            | Intent::Columns(_)
            | Intent::Claim(_)
            | Intent::RetryGroup(_)
            | Intent::Group(_)) => {
                self.screens.get(self.screen).intent(&other, &mut self.cx);
            }
        }
    }

    fn go(&mut self, screen: ScreenId) {
        if screen != self.screen {
            self.back.retain(|s| *s != screen);
            self.back.push(self.screen);
            self.screen = screen;
        }
        self.dirty = true;
        self.screens.get(screen).enter(&mut self.cx);
    }

    fn act(&mut self, action: Action) {
        if let Some(words) = rights::refusal(action, self.screen, &self.cx) {
            return self.cx.say(words);
        }
        if self.screens.get(self.screen).act(action, &mut self.cx) {
            if action.is_repeatable() {
                self.repeated.insert(self.screen, action);
            }
            return;
        }
        match action {
            Action::Repeat => match self.repeated.get(&self.screen) {
                Some(last) => self.act(*last),
                None => self.cx.say(self.unrepeatable().unwrap_or_default()),
            },
            Action::Go(n) => {
                // A digit goes to a screen of its own, not into one: `q` leaves from there.
                if let Some(screen) = ScreenId::from_number(n) {
                    self.go(screen);
                    self.back.clear();
                }
            }
            Action::Help => self.help(),
            Action::Palette => self.palette(),
            Action::Notices => self.notices(),
            Action::Remind => self.remind(),
            Action::BankRead => {
                let form = purpose::bank_read(&mut self.cx);
                self.open(form);
            }
            Action::Undo => self.undo(),
            Action::Redo => self.cx.load(ScreenId::Today, Part::Deed, Query::LastUndone),
            Action::SaveFilter => self.save_filter(),
            Action::Back => match self.back.pop() {
                Some(screen) => {
                    self.screen = screen;
                    self.screens.get(screen).enter(&mut self.cx);
                }
                None => self.cx.say("nothing to go back to; q leaves daybook"),
            },
            Action::Quit => match self.back.pop() {
                Some(screen) => {
                    self.screen = screen;
                    self.screens.get(screen).enter(&mut self.cx);
                }
                None => self.quit(0),
            },
            Action::Abort => self.quit(0),
            Action::Repaint => self.cx.effects.push(Effect::Repaint),
            Action::Suspend => self.cx.effects.push(Effect::Suspend),
            other => {
                let tables = self.tables();
                let binding = tables.iter().flat_map(|t| t.iter()).find(|b| b.action == other);
                if let Some(key) = binding.and_then(|b| b.keys.first()) {
                    self.nothing(*key);
                }
            }
        }
    }

    fn nothing(&mut self, key: Key) {
        self.cx.say(format!("{} does nothing here; ? shows what does", key.label()));
    }

    fn loaded(&mut self, slot: Slot, ticket: u64, result: Result<Answer, Fault>) {
        if !self.cx.take(slot, ticket) {
            return;
        }
        let answer = match result {
            Ok(answer) => answer,
            Err(fault) => {
                if fault.kind == FaultKind::Filter
                    && matches!(slot.part, Part::Page | Part::Totals)
                    && self.screens.get(slot.screen).refuse(fault.line(), &mut self.cx)
                {
                    return self.give_up_rows(slot.screen);
                }
                if slot.part == Part::Dialog && self.back_into_form(&fault) {
                    return;
                }
                if slot.part == Part::Dialog
                    && let Some(modal) = self.modals.last_mut()
                {
                    modal.failed(&fault.line());
                }
                return self.give_up(slot.screen, fault.line());
            }
        };
        match (slot.part, answer) {
            (Part::Status, Answer::Status(foot)) => {
                self.dirty |= foot != self.cx.foot;
                self.ended(&foot);
                self.cx.foot = foot;
            }
            (Part::Filters, Answer::Filters(filters)) => {
                for id in ScreenId::ALL {
                    if let Some(list) = self.screens.get(id).list_mut() {
                        list.saved(&filters);
                    }
                }
            }
            (Part::Deed, Answer::LastUndone(deed)) => self.redo_deed(deed.as_ref()),
            (Part::Deed, Answer::LastDeed(deed)) => self.undo_deed(deed),
            (Part::Dialog | Part::Palette, answer) => {
                self.dirty = true;
                if let Some(modal) = self.modals.last_mut() {
                    modal.loaded(&answer, &mut self.cx);
                }
            }
            (part, answer) => {
                self.dirty |= slot.screen == self.screen;
                let asked = self.cx.open.len();
                self.screens.get(slot.screen).loaded(part, answer, &mut self.cx);
                if slot.screen != self.screen && self.cx.open.len() > asked {
                    self.came_late(slot.screen, asked);
                }
            }
        }
    }
}
