//! `u`: my last deed is taken back where it was done; anywhere else, or past a deed that cannot be
//! taken back, it is named and asked for.

use super::App;
use super::outcome::UNDO;
use crate::domain::actor::Verb;
use crate::engine::command::Command;
use crate::engine::query::Query;
use crate::engine::review::undo::{Deed, Passed};
use crate::ui::modal::Modal;
use crate::ui::modal::ask::Ask;
use crate::ui::msg::{Part, ScreenId};
use crate::ui::widget::list::AnyList;

/// What was said of undo.
#[derive(Default)]
pub(super) struct Undo {
    /// What was told not to be taken back: the next `u` asks about what was before it.
    passed: Option<Passed>,
    /// My newest deed as far as `u` has seen.
    newest: i64,
    /// A deed that is being taken back.
    going: bool,
    /// `u` was pressed meanwhile.
    again: bool,
}

impl App {
    pub(super) fn undo(&mut self) {
        let list = self.screens.get(self.screen).list_mut();
        if list.is_some_and(AnyList::undo_unmark) {
            return self.cx.say("marks are back");
        }
        if self.undo.going || self.cx.awaits(ScreenId::Today, Part::Deed) {
            self.undo.again = true;
            return;
        }
        if self.cx.under_way > 0 {
            // The last deed is the one that is being done.
            self.undo.again = true;
            return self.say("u waits for what is being done".to_owned());
        }
        self.cx.load(ScreenId::Today, Part::Deed, Query::LastDeed(self.undo.passed));
    }

    /// Takes it back, asks, or says why not.
    pub(super) fn undo_deed(&mut self, deed: Option<Deed>) {
        let Some(deed) = deed.filter(|deed| !deed.is_none() || !deed.over.is_empty()) else {
            self.undo = Undo::default();
            return self.say("there is nothing of yours to undo".to_owned());
        };
        if deed.is_none() {
            // The next `u` is about the last deed again.
            self.undo = Undo::default();
            let stay = deed.over.join(", ");
            let words = "nothing of yours before it can be taken back";
            return self.say(format!("{words}: {stay} stay; 7 Log, f mine, lists all"));
        }
        if self.undo.passed.is_some_and(|p| deed.seq > p.newest) {
            // A deed that came since, of another console of mine: none is passed any more.
            self.undo.passed = None;
        }
        self.undo.newest = self.undo.newest.max(deed.seq);
        if !deed.counter.is_empty() {
            let newest = self.undo.newest;
            self.undo = Undo {
                passed: Some(Passed { before: deed.seq, newest }),
                newest,
                ..Undo::default()
            };
            let why = format!("your last deed cannot be taken back ({})", deed.words);
            let text = format!("{why}: {} · u again: what was before it", deed.counter);
            return self.refuse_but(text, true, Some(UNDO));
        }
        let command = Command::Undo { deed: Some(deed.seq) };
        let screen = made_on(deed.verb);
        if self.undo.passed.is_none() && screen == self.screen {
            self.undo.going = true;
            return self.cx.commit(command);
        }
        self.undo.again = false;
        let stays = match deed.over.as_slice() {
            [] => String::new(),
            over => format!("; what you did after it stays: {}", over.join(", ")),
        };
        let title = format!(
            "Take back {} ({}, {} {}){stays}?",
            deed.words,
            self.cx.when(deed.at_ms),
            screen.number(),
            screen.name()
        );
        let op = self.cx.operation();
        self.open(Modal::Ask(Box::new(Ask::light(title, op, command))));
    }

    /// Does again what was taken back last; asks first where that was done on another screen.
    pub(super) fn redo_deed(&mut self, deed: Option<&Deed>) {
        let Some(deed) = deed else {
            return self.say("there is nothing of yours to redo".to_owned());
        };
        let screen = made_on(deed.verb);
        if screen == self.screen {
            return self.cx.commit(Command::Redo);
        }
        let (n, name) = (screen.number(), screen.name());
        let title = format!("Do again {} ({n} {name})?", deed.words);
        let op = self.cx.operation();
        self.open(Modal::Ask(Box::new(Ask::light(title, op, Command::Redo))));
    }

    /// A command came back: what it means for the next `u`.
    pub(super) fn undo_after(&mut self, command: &Command, refused: bool) {
        match command {
            Command::Undo { deed } => {
                if let (true, Some(before)) = (refused, *deed) {
                    let newest = self.undo.newest;
                    let passed = Some(Passed { before, newest });
                    self.undo = Undo { passed, newest, ..Undo::default() };
                }
                self.undo.going = false;
            }
            Command::SaveSession { .. } => {}
            // A deed of its own, or one done again, is the last one now.
            _ if !refused => self.undo = Undo { again: self.undo.again, ..Undo::default() },
            _ => {}
        }
        if self.cx.under_way == 0 && std::mem::take(&mut self.undo.again) {
            self.undo();
        }
    }
}

/// The screen on which a deed is done.
fn made_on(verb: Verb) -> ScreenId {
    match verb {
        Verb::Accept
        | Verb::Claim
        | Verb::Hold
        | Verb::Edit
        | Verb::Regenerate
        | Verb::CancelDraft
        | Verb::Post
        | Verb::Adjust
        | Verb::Reverse
        | Verb::Reissue
        | Verb::WriteOff => ScreenId::Invoices,
        Verb::Bill | Verb::CancelRun => ScreenId::Runs,
        Verb::Deliver => ScreenId::Delivery,
        Verb::Collect
        | Verb::Retry
        | Verb::Refund
        | Verb::OutsidePayment
        | Verb::FollowUp
        | Verb::HandOver
        | Verb::Remind => ScreenId::Failed,
        Verb::Schedule => ScreenId::Jobs,
        Verb::Init
        | Verb::Import
        | Verb::ImportMethods
        | Verb::ImportOpenItems
        | Verb::Undo
        | Verb::Reconcile
        | Verb::Period
        | Verb::Settings
        | Verb::Convert
        | Verb::Roles
        | Verb::Housekeeping => ScreenId::Log,
    }
}
