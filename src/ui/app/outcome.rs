//! What came of a command: a line, a list of what was refused, or the form again.

use super::App;
use crate::domain::ids::DocumentId;
use crate::engine::command::{Command, Receipt};
use crate::engine::query::{Query, StatusRow};
use crate::store::Topic;
use crate::store::read::jobs::JobRow;
use crate::ui::fault::{Fault, FaultKind};
use crate::ui::keymap::{Action, Key};
use crate::ui::modal::ask::Ask;
use crate::ui::modal::form::Form;
use crate::ui::modal::text::TextBox;
use crate::ui::modal::{Intent, Modal};
use crate::ui::msg::{Effect, Part, ScreenId};
use crate::ui::theme;
use crate::ui::widget::{Line, grouped, wrap};
use unicode_width::UnicodeWidthStr;

/// A deed on its way.
pub(super) struct Given {
    /// Where it was done.
    screen: ScreenId,
    /// What it was typed into: it comes back if the deed is refused.
    pub(super) form: Option<Box<Form>>,
}

/// What `u` does over a refusal that says "u again".
pub(super) const UNDO: (Key, Action) = (Key::Char('u'), Action::Undo);

/// So many things that were said are kept.
const KEPT: usize = 30;

/// So many refusals are listed in a box.
const MOST_REFUSED: usize = 500;

impl App {
    /// Says what my jobs came to when they end.
    pub(super) fn ended(&mut self, foot: &StatusRow) {
        let mut open: Vec<i64> = self.cx.foot.jobs.iter().map(|j| j.id.0).collect();
        // One may have ended before it was seen open.
        open.extend(&self.begun);
        let mine = |j: &&JobRow| open.contains(&j.id.0) && j.user == self.cx.user;
        let Some(job) = foot.ended.iter().find(mine) else { return };
        self.begun.retain(|id| *id != job.id.0);
        let words = ended_words(job);
        if self.receipt {
            self.ended = Some(words);
        } else {
            self.say(words);
        }
    }

    /// What ended while a receipt was read.
    pub(super) fn say_ended(&mut self) {
        self.receipt = false;
        if let Some(words) = self.ended.take() {
            self.say(words);
        }
    }

    pub(super) fn say(&mut self, text: String) {
        // That something is on its way is told by what comes of it.
        let passes = text.ends_with('…');
        if !passes && self.said.front().is_none_or(|(_, last)| *last != text) {
            self.said.push_front((self.cx.now.at_ms, text.clone()));
            self.said.truncate(KEPT);
        }
        self.whole.clear();
        self.notice = Some(text);
        self.dirty = true;
    }

    /// What the shell shall do; notes where its deeds were done.
    pub(super) fn handed_over(&mut self) -> Vec<Effect> {
        let reading = self.screens.peek(self.screen).reading();
        if reading != std::mem::replace(&mut self.cx.reading, reading) {
            self.cx.effects.push(Effect::Reading(reading));
        }
        let deed = |e: &&Effect| match e {
            Effect::Commit { command, .. } => !matches!(**command, Command::SaveSession { .. }),
            _ => false,
        };
        for _ in 0..self.cx.effects.iter().filter(deed).count() {
            self.given.push_back(Given { screen: self.screen, form: None });
        }
        if let Some(given) = self.given.back_mut().filter(|given| given.form.is_none()) {
            given.form = self.sent.take();
            let op = self.cx.effects.iter().rev().find_map(|effect| match effect {
                Effect::Commit { op, .. } if deed(&effect) => Some(op),
                _ => None,
            });
            if let (Some(form), Some(op)) = (&mut given.form, op) {
                form.handed_in_as(op);
            }
        }
        std::mem::take(&mut self.cx.effects)
    }

    /// Shows what does not fit a line: over the screen where the deed was done. Whoever went on
    /// meanwhile types for something else; there `!` shows it.
    fn tell(&mut self, title: &str, lines: Vec<Line>, here: bool) {
        if here {
            return self.open(Modal::Text(TextBox::new(title, lines)));
        }
        let said = self.said.front().map_or("", |(_, text)| text.as_str());
        self.say(format!("! shows it whole · {said}"));
        self.whole = lines;
    }

    pub(super) fn done(&mut self, command: &Command, result: Result<Receipt, Fault>) {
        self.dirty = true;
        if matches!(command, Command::SaveSession { .. }) {
            return result.map_or_else(|fault| self.say(fault.line()), |_| ());
        }
        let given = self.given.pop_front();
        let from = given.as_ref().map(|given| given.screen);
        let form = given.and_then(|given| given.form);
        self.cx.under_way = self.cx.under_way.saturating_sub(1);
        self.undo_after(command.itself(), result.is_err());
        let there = from == Some(self.screen) && self.modals.is_empty();
        // Why something was not done is read, too, before a job's end is told.
        self.receipt |= result.is_err();
        match result {
            Ok(receipt) => {
                let command = command.itself();
                let screen = self.screens.get(self.screen);
                screen.done(command, &receipt, &mut self.cx);
                if let Some(list) = screen.list_mut() {
                    list.forget_unmarked();
                }
                self.receipt(command, &receipt, there && self.ahead.is_empty());
                self.cx.load(ScreenId::Today, Part::Status, Query::Status);
            }
            Err(fault) if fault.kind == FaultKind::AlreadyDone => {
                return self.say("done already; nothing was done twice".to_owned());
            }
            Err(fault) if !there => self.refused_elsewhere(&fault, form),
            Err(fault) if fault.kind == FaultKind::NeedsYes => {
                return self.ask_anyway(command, fault, form);
            }
            Err(fault) => self.refused(command.itself(), fault, form),
        }
        let topics: Vec<Topic> = Topic::ALL.to_vec();
        self.screens.get(self.screen).changed(&topics, &mut self.cx);
    }

    /// Asks whether it is to be done all the same.
    fn ask_anyway(&mut self, command: &Command, fault: Fault, form: Option<Box<Form>>) {
        let lines = vec![Line::of(fault.text, theme::WARN)];
        let (op, again) = (self.cx.operation(), Command::Anyway(Box::new(command.clone())));
        let ask = Ask::heavy("Go on all the same?", "go on", lines, 1, op, again);
        let mut ask = Modal::Ask(Box::new(ask));
        if let Some(mut form) = form {
            form.refused(Vec::new(), fault.code, &mut self.cx);
            ask.asked_from(form);
        }
        self.open(ask);
    }

    /// A refusal where the deed was done: its form comes back, or the reason is said.
    fn refused(&mut self, command: &Command, fault: Fault, form: Option<Box<Form>>) {
        if let Some(mut form) = form {
            let mut lines = vec![fault.text.clone()];
            if fault.kind == FaultKind::Stale {
                lines.push("yours is still below; saving again puts it on top".to_owned());
            }
            form.refused(lines, fault.code, &mut self.cx);
            // What others wrote is told where others wrote, not where the input was refused.
            if let Some(id) = form.document().filter(|_| fault.kind == FaultKind::Stale) {
                self.cx.load(self.screen, Part::Dialog, Query::Invoice(DocumentId(id)));
            }
            self.open(Modal::Form(form));
            return self.say(fault.line());
        }
        let undo = matches!(command, Command::Undo { .. });
        let fault = if undo && !fault.hint.is_empty() {
            // On the screen the deed before it is one key away.
            Fault { hint: "u again: what can be taken back before it".to_owned(), ..fault }
        } else {
            fault
        };
        let here = self.ahead.is_empty();
        self.refuse_but(fault.line(), here, undo.then_some(UNDO));
    }

    /// What a screen opens when its answer comes, after the clerk went on to another: it would take keys
    /// meant for that. `asked` things to open were there before.
    pub(super) fn came_late(&mut self, screen: ScreenId, asked: usize) {
        self.cx.open.truncate(asked);
        self.say(format!("{} has its answer, you had gone on: ask again there", screen.name()));
    }

    /// A refusal that comes while something else is done: a question or a form over it would take keys
    /// meant for that. What was typed is kept.
    fn refused_elsewhere(&mut self, fault: &Fault, form: Option<Box<Form>>) {
        let how = match (&form, fault.kind) {
            (Some(_), _) => "not done, : unsaved has what you typed",
            (None, FaultKind::NeedsYes) => "not done, it asks: do it again to answer",
            (None, _) => "not done",
        };
        if let Some(mut form) = form {
            form.refused(vec![fault.text.clone()], fault.code, &mut self.cx);
            self.aside.push(*form);
        }
        self.say(format!("{how}: {}", fault.line()));
    }

    /// A question whose figures were refused for what a field holds gives its form back, at that field.
    pub(super) fn back_into_form(&mut self, fault: &Fault) -> bool {
        let Some(Modal::Ask(ask)) = self.modals.last() else { return false };
        if !ask.form().is_some_and(|form| form.takes_blame(fault.code)) {
            return false;
        }
        let Some(mut form) = self.modals.pop().and_then(Modal::into_form) else { return false };
        form.refused(vec![fault.text.clone()], fault.code, &mut self.cx);
        self.open(Modal::Form(form));
        self.say(fault.line());
        true
    }

    /// Says why something was not done; where the status row is too short, it can be read whole.
    pub(super) fn refuse(&mut self, text: String, here: bool) {
        self.refuse_but(text, here, None);
    }

    /// The same, with a key that acts over it as it does on the screen.
    pub(super) fn refuse_but(&mut self, text: String, here: bool, key: Option<(Key, Action)>) {
        let room = usize::from(self.cx.size.0).saturating_sub(2);
        if text.width() <= room {
            return self.say(text);
        }
        if !here {
            return self.say(format!("! shows it whole · {text}"));
        }
        let lines = wrap(&text, room.saturating_sub(6).min(76));
        let lines = lines.into_iter().map(|l| Line::of(l, theme::WARN)).collect();
        let mut shown = TextBox::new("This was not done", lines);
        shown.through = key.map(|(key, action)| (key, Intent::Act(action)));
        self.open(Modal::Text(shown));
        self.say(text);
    }

    fn receipt(&mut self, command: &Command, receipt: &Receipt, here: bool) {
        let money = receipt.totals.to_string();
        let money = if money.is_empty() || receipt.summary.contains(&money) {
            String::new()
        } else {
            format!(", {money}")
        };
        let undo = match command {
            _ if !receipt.undoable => "",
            Command::Undo { .. } => " · ^R redo",
            _ => " · u undo",
        };
        let refused = match receipt.refused.len() {
            0 => String::new(),
            1 => format!(" · {}: {}", receipt.refused[0].what, receipt.refused[0].reason),
            n => format!(" · {n} refused"),
        };
        let who = match command.only() {
            Some(id) if !receipt.summary.contains(&id.to_string()) => format!("{id} "),
            Some(_) | None => String::new(),
        };
        match receipt.refused.as_slice() {
            [only] if receipt.done == 0 => {
                self.refuse(format!("{}: {}", only.what, only.reason), here);
            }
            _ => self.say(format!("{who}{}{money}{refused}{undo}", receipt.summary)),
        }
        // What began a job is waiting to hear of its end.
        self.receipt = receipt.job.is_none();
        self.begun.extend(receipt.job.map(|job| job.0));
        if receipt.refused.len() > 1 {
            let mut lines = vec![Line::plain(receipt.summary.clone()), Line::default()];
            lines.extend(
                receipt
                    .refused
                    .iter()
                    .take(MOST_REFUSED)
                    .map(|r| Line::of(format!("{}: {}", r.what, r.reason), theme::WARN)),
            );
            let more = receipt.refused.len().saturating_sub(MOST_REFUSED);
            if more > 0 {
                let more = grouped(more as i64);
                lines.push(Line::plain(format!("and {more} more that this box does not list")));
            }
            let left = grouped(receipt.refused.len() as i64);
            self.tell(&format!("Not everything was done: {left} left"), lines, here);
        }
        if matches!(command, Command::StartBillRun(_) | Command::StartPaymentRun(_)) {
            self.go(ScreenId::Runs);
            self.screens.runs.list.restart(&mut self.cx);
        }
    }
}

/// What a job came to. Some work on everything of their kind and have no subject but their name; what
/// does not know how much there is to do has no total, or one that is passed.
fn ended_words(job: &JobRow) -> String {
    let of = job.whole().map_or_else(String::new, |all| format!(" of {}", grouped(all)));
    let failed = if job.failed > 0 {
        format!(", {} failed or refused: 6 Jobs, x", grouped(job.failed))
    } else {
        String::new()
    };
    let error = if job.error.is_empty() { String::new() } else { format!(": {}", job.error) };
    let state = job.state.to_lowercase();
    if job.subject.starts_with("refund of ") {
        return format!("{} {state}: {}{of}{failed}{error}", job.subject, grouped(job.done));
    }
    if job.kind == "retry" {
        // How many of them were declined is told by what they came to.
        let what = format!("retry {} {state}: {}{of}{error}", job.subject, grouped(job.done));
        return format!("{what}; R on 5 Failed (or Enter on 6 Jobs) lists them");
    }
    // A subject that begins with the kind of work says it.
    let kind = if job.subject.starts_with(&job.kind) { "" } else { job.kind.as_str() };
    let what = format!("{kind} {}", job.subject);
    format!("{} {state}: {}{of}{failed}{error}", what.trim(), grouped(job.done))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::JobId;
    use crate::store::read::{Key, KeyValue};

    #[test]
    fn a_job_ends_in_words_that_make_sense() {
        for (kind, subject, done, total, words) in [
            ("reconcile", "reconcile", 2, 0, "reconcile done: 2"),
            ("deliver", "mail", 390, 0, "deliver mail done: 390"),
            ("deliver", "mail", 390, 12, "deliver mail done: 390"),
            (
                "reconcile",
                "refund of 6.00 EUR of P-000001",
                1,
                1,
                "refund of 6.00 EUR of P-000001 done: 1 of 1",
            ),
            ("print", "print batch", 12, 12, "print batch done: 12 of 12"),
            ("bill", "BR-000007", 0, 0, "bill BR-000007 done: 0"),
            ("bill", "BR-000007", 390, 1400, "bill BR-000007 done: 390 of 1,400"),
        ] {
            let job = JobRow {
                id: JobId(1),
                key: Key { value: KeyValue::Int(1), id: 1 },
                kind: kind.to_owned(),
                subject: subject.to_owned(),
                state: "Done".to_owned(),
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
            assert_eq!(ended_words(&job), words);
        }
    }
}
