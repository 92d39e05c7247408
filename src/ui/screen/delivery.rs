//! 4 Delivery: every copy by channel and state; send now, recall, resend, print, and see why one
//! did not arrive.

use super::listed::ListScreen;
use crate::domain::delivery::network::NetworkState;
use crate::domain::ids::DeliveryId;
use crate::domain::payment::{Channel, DeliveryStatus};
use crate::engine::command::Command;
use crate::engine::query::{Ahead, Answer, CopyStep, ListName, Resend};
use crate::store::Topic;
use crate::store::read::deliveries::DeliveryRow;
use crate::store::read::today::{NOT_DELIVERED, REFUSED};
use crate::store::read::{Field, Marked, Page, Sort};
use crate::ui::keymap::{Action, Binding, Key, also, bind};
use crate::ui::modal::ask::Ask;
use crate::ui::modal::choice::{Choice, Item};
use crate::ui::modal::purpose;
use crate::ui::modal::{Intent, Modal};
use crate::ui::msg::{Cx, Effect, Part, ScreenId};
use crate::ui::theme;
use crate::ui::widget::list::{Column, Listing, Shown, Tab};
use crate::ui::widget::{Line, counted, grouped, wrap};
use ratatui::style::Style;

/// The keys of this screen.
pub const KEYS: &[Binding] = &[
    bind(
        &[Key::Char('c')],
        Action::Create,
        "queue",
        "queue the copies of posted documents that have none",
    ),
    bind(&[Key::Char('S')], Action::Send, "send now", "end the hold: send now"),
    bind(&[Key::Char('R')], Action::Recall, "recall", "take a queued copy back"),
    bind(&[Key::Char('p')], Action::Print, "print", "write the print copies as one batch"),
    bind(&[Key::Char('r')], Action::Retry, "resend", "send again what ended"),
    also(&[Key::Char('D')], Action::Printed, "on paper", "the written copies are on paper"),
    also(
        &[Key::Char('x')],
        Action::Explain,
        "about",
        "all about the copy, and what the other side said",
    ),
    also(
        &[Key::Char('e')],
        Action::Edit,
        "e-mail",
        "correct the account's e-mail address; copies follow",
    ),
    also(&[Key::Char('C')], Action::Channel, "other way", "the same document by the other way"),
];

const SORTS: &[Sort] = &[
    Sort::Newest,
    Sort::Oldest,
    Sort::Due,
    Sort::Account,
    Sort::Customer,
    Sort::Largest,
    Sort::State,
];

/// The state of the screen.
pub struct Delivery {
    pub list: Listing<DeliveryRow>,
}

impl Default for Delivery {
    fn default() -> Self {
        let tab = |name: &str, filter: &str| Tab::new(name, filter, Sort::Newest);
        let tabs = vec![
            tab("all", ""),
            tab("to send", "channel:email,network status:queued"),
            tab("undelivered", NOT_DELIVERED),
            tab("deferred", "status:deferred"),
            tab("bounced", "status:bounced"),
            tab("refused", REFUSED),
            tab("impossible", "status:impossible"),
            tab("unconfirmed", "status:unconfirmed"),
            tab("held", "status:held"),
            tab("to print", "channel:print status:queued"),
            tab("written", "status:written"),
            tab("sent", "status:sent"),
        ];
        Self { list: Listing::new(ScreenId::Delivery, tabs, SORTS) }
    }
}

impl Shown for DeliveryRow {
    const LIST: ListName = ListName::Deliveries;

    fn page(answer: Answer) -> Option<Page<Self>> {
        match answer {
            Answer::Deliveries(page) => Some(page),
            _ => None,
        }
    }

    fn columns() -> &'static [Column] {
        const COLUMNS: &[Column] = &[
            Column { title: "DOCUMENT", width: 15, right: false, flex: false, rank: 0 },
            Column { title: "CUSTOMER", width: 14, right: false, flex: true, rank: 2 },
            Column { title: "BY", width: 7, right: false, flex: false, rank: 0 },
            Column { title: "TO", width: 18, right: false, flex: true, rank: 3 },
            Column { title: "STATE", width: 11, right: false, flex: false, rank: 0 },
            Column { title: "TRY", width: 3, right: true, flex: false, rank: 4 },
            Column { title: "NEXT", width: 11, right: false, flex: false, rank: 1 },
        ];
        COLUMNS
    }

    fn cells(&self, _code: bool, cx: &Cx) -> Vec<(String, Style)> {
        let next = if waits(self.status) { cx.when(self.not_before_at) } else { String::new() };
        let style = match self.status {
            DeliveryStatus::Bounced | DeliveryStatus::Impossible => theme::BAD,
            DeliveryStatus::Deferred | DeliveryStatus::Held | DeliveryStatus::Unconfirmed => {
                theme::WARN
            }
            DeliveryStatus::Queued
            | DeliveryStatus::Sending
            | DeliveryStatus::Sent
            | DeliveryStatus::Recalled
            | DeliveryStatus::Written
            | DeliveryStatus::Printed
            | DeliveryStatus::Suppressed => theme::PLAIN,
        };
        vec![
            (self.number.clone(), theme::PLAIN),
            (self.customer.clone(), theme::PLAIN),
            (self.channel.as_str().to_owned(), theme::PLAIN),
            (self.address.clone(), theme::PLAIN),
            (self.stands().to_owned(), style),
            (self.attempts.to_string(), theme::PLAIN),
            (next, theme::DIM),
        ]
    }

    fn label(&self) -> String {
        self.number.clone()
    }
}

impl DeliveryRow {
    /// Its state, of what a network has the word of the network.
    fn stands(&self) -> &'static str {
        match (self.status, self.network) {
            (DeliveryStatus::Sent | DeliveryStatus::Bounced, Some(state))
                if state != NetworkState::Begun =>
            {
                state.said()
            }
            (status, _) => status.as_str(),
        }
    }
}

fn waits(status: DeliveryStatus) -> bool {
    matches!(status, DeliveryStatus::Queued | DeliveryStatus::Deferred)
}

fn ids(targets: &[Marked]) -> Vec<DeliveryId> {
    targets.iter().map(|m| DeliveryId(m.id)).collect()
}

impl Delivery {
    /// Asks with the figures of what can take the step. Of one row that can be taken back nothing is
    /// asked.
    fn step(&self, (title, verb): (&str, &'static str), step: CopyStep, to: Command, cx: &mut Cx) {
        let (targets, beyond) = (self.list.targets(), self.list.beyond());
        let leaves = matches!(step, CopyStep::SendNow | CopyStep::Resend(_));
        let stays = matches!(step, CopyStep::Printed);
        if !leaves && !stays && targets.len() <= 1 && beyond.is_empty() {
            return cx.commit(to);
        }
        let mut lines = Vec::new();
        if !beyond.is_empty() {
            let marked = grouped(targets.len() as i64);
            lines.push(Line::of(format!("{marked} marked{beyond}"), theme::WARN));
        }
        if leaves {
            lines.push(Line::of("What leaves the house does not come back.", theme::DIM));
        }
        if stays {
            lines.push(Line::of("What is said to be on paper stays so.", theme::DIM));
        }
        let op = cx.operation();
        let ask = Ask::reading(title, verb, op, to).lines(lines);
        let ask = if leaves { ask } else { ask.untyped() };
        cx.open.push(Modal::Ask(Box::new(ask)));
        cx.load(ScreenId::Delivery, Part::Dialog, Ahead::Copies(step, targets));
    }

    fn choose_channel(&self, deliveries: &[DeliveryId], cx: &mut Cx) {
        let beyond = self.list.beyond();
        let to = |channel| Command::ChangeChannel { deliveries: deliveries.to_vec(), channel };
        let mut item = |key, words: &str, channel| {
            let op = cx.operation();
            let command = to(channel);
            let intent = if deliveries.len() <= 1 && beyond.is_empty() {
                Intent::Commit { op, command: Box::new(command) }
            } else {
                let n = counted(deliveries.len(), "copy", "copies");
                let title = format!("Change {n}{beyond} to go {words}?");
                let ask = Ask::light(title, op, command);
                Intent::Open(Box::new(Modal::Ask(Box::new(ask))))
            };
            Item::new(key, words, intent)
        };
        let items = vec![
            item('e', "by e-mail", Channel::Email),
            item('p', "by print", Channel::Print),
            item('n', "by network", Channel::Network),
        ];
        let title = format!("Change {}", counted(deliveries.len(), "copy", "copies"));
        cx.open.push(Modal::Choice(Choice::new(title, items)));
    }
}

impl ListScreen for Delivery {
    type Row = DeliveryRow;
    const KEYS: &'static [Binding] = KEYS;
    const GROUPS: &'static [Field] = &[Field::Error, Field::Channel, Field::Status];
    const TOPICS: &'static [Topic] = &[Topic::Deliveries];

    fn rows(&self) -> &Listing<DeliveryRow> {
        &self.list
    }

    fn rows_mut(&mut self) -> &mut Listing<DeliveryRow> {
        &mut self.list
    }

    fn own(&mut self, action: Action, cx: &mut Cx) -> bool {
        let targets = self.list.targets();
        let deliveries = ids(&targets);
        if action == Action::Create {
            let op = cx.operation();
            let command = Command::MakeDeliveries { run: None };
            let ask = Ask::reading("Queue the copies of what is posted", "queue", op, command);
            cx.open.push(Modal::Ask(Box::new(ask.untyped())));
            cx.load(ScreenId::Delivery, Part::Dialog, Ahead::Deliver);
            return true;
        }
        if action == Action::Print {
            let form = purpose::print(cx);
            cx.open.push(form);
            return true;
        }
        let acts = matches!(
            action,
            Action::Send | Action::Recall | Action::Retry | Action::Printed | Action::Channel
        );
        if acts && targets.is_empty() {
            cx.say("no copy here; c queues what is posted");
            return true;
        }
        match action {
            Action::Send => {
                let to = Command::SendNow { deliveries };
                self.step(("Send now", "send"), CopyStep::SendNow, to, cx);
            }
            Action::Recall => {
                let to = Command::Recall { deliveries };
                self.step(("Recall", "recall"), CopyStep::Recall, to, cx);
            }
            Action::Retry => {
                let to = Command::Resend { deliveries };
                let step = CopyStep::Resend(Resend::All);
                self.step(("Send again", "send"), step, to, cx);
            }
            Action::Printed => {
                let to = Command::ConfirmPrinted { deliveries };
                self.step(("On paper:", "printed"), CopyStep::Printed, to, cx);
            }
            Action::Channel => self.choose_channel(&deliveries, cx),
            Action::Edit => {
                if let Some(row) = self.list.current() {
                    let form = purpose::email(&row.account, &row.emails, cx);
                    cx.open.push(form);
                } else {
                    cx.say("no copy here whose account could be corrected");
                    cx.effects.push(Effect::DropTypeAhead);
                }
            }
            Action::Open => {
                if let Some(id) = self.list.current().map(|r| r.document) {
                    cx.effects_document(id);
                }
            }
            _ => return false,
        }
        true
    }

    fn preview(&self, _width: usize, _cx: &Cx) -> Vec<Line> {
        let mut preview = Vec::new();
        if let Some(row) = self.list.current() {
            preview.push(Line::plain(format!(
                "{} {} · {} · {}",
                row.account, row.customer, row.total, row.address
            )));
            preview.push(Line::of(row.last_reply.clone(), theme::WARN));
        }
        preview
    }

    fn about(&self, width: usize, cx: &Cx) -> Vec<Line> {
        let Some(row) = self.list.current() else { return Vec::new() };
        let mut lines = vec![
            Line::of(format!("{} by {}: {}", row.number, row.channel, row.stands()), theme::BOLD),
            Line::plain(format!("{} {}", row.account, row.customer)),
            Line::plain(row.total.to_string()),
        ];
        let to = format!("to {}", row.address);
        lines.extend(wrap(&to, width).into_iter().map(Line::plain));
        let tries = counted(usize::try_from(row.attempts).unwrap_or(0), "try", "tries");
        let next = if waits(row.status) {
            format!("{tries} so far, next at {}", cx.when(row.not_before_at))
        } else {
            format!("{tries} so far")
        };
        lines.push(Line::of(next, theme::DIM));
        lines.extend(wrap(&row.last_reply, width).into_iter().map(|l| Line::of(l, theme::WARN)));
        lines
    }

    fn ends_marks(command: &Command) -> bool {
        matches!(
            command,
            Command::SendNow { .. }
                | Command::Recall { .. }
                | Command::Resend { .. }
                | Command::ChangeChannel { .. }
                | Command::ConfirmPrinted { .. }
        )
    }

    fn document_here(&self) -> Option<i64> {
        self.list.current().map(|r| r.document.0)
    }
}
