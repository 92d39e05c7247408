//! What reaches the console, what it asks for, and the hand it gives to screens while they decide.

use super::fault::Fault;
use super::keymap::Key;
use super::modal::Modal;
use super::modal::text::TextBox;
use crate::clock::Now;
use crate::domain::ids::AccountId;
use crate::domain::month::Month;
use crate::engine::command::{Command, Receipt};
use crate::engine::look::Look;
use crate::engine::query::{Answer, ListName, Question, StatusRow, Wanted};
use crate::store::Topic;
pub use crate::store::presence::Seat;
use crate::store::read::{Filter, Sorted};
use crate::zone::Zone;
use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The screens in the order of their keys, each with its page of help.
macro_rules! screens {
    ($($(#[$doc:meta])* $screen:ident: $help:literal,)+) => {
        /// The screens, by their keys from 1 up to 9, and 0.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum ScreenId {
            $($(#[$doc])* $screen,)+
        }

        impl ScreenId {
            /// In the order of their keys.
            pub const ALL: [Self; [$(Self::$screen),+].len()] = [$(Self::$screen),+];

            /// The name in the title row; forms and sessions that are kept know it too.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$screen => stringify!($screen),)+
                }
            }

            /// What one does there.
            pub fn help(self) -> &'static str {
                match self {
                    $(Self::$screen => include_str!(concat!("../../assets/help/", $help, ".md")),)+
                }
            }
        }
    };
}

screens! {
    /// The day's steps.
    Today: "today",
    /// Bill and payment runs.
    Runs: "runs",
    /// Documents.
    Invoices: "invoices",
    /// Copies.
    Delivery: "delivery",
    /// Failed payments.
    Failed: "failed",
    /// Background work.
    Jobs: "jobs",
    /// The audit trail.
    Log: "log",
    /// Customers.
    Accounts: "accounts",
    /// What the books say.
    Books: "books",
    /// Lines of banks.
    Bank: "bank",
}

impl ScreenId {
    /// The key; after 9 comes 0.
    pub fn number(self) -> u8 {
        Self::ALL.iter().position(|s| *s == self).map_or(1, |i| (i as u8 + 1) % 10)
    }

    /// By its key.
    pub fn from_number(n: u8) -> Option<Self> {
        Self::ALL.iter().find(|screen| screen.number() == n).copied()
    }
}

/// What an answer is for. Only the newest question of a slot is awaited; older answers are dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// The list anew.
    Page,
    /// A step of the day, by its place; what the clerk waits for goes before these.
    Step(u8),
    /// What follows what is there.
    After,
    /// What precedes what is there.
    Before,
    /// Count and money.
    Totals,
    /// Count and money of the ready filters; what the clerk waits for goes before it.
    Tabs,
    /// The row under the cursor, whole.
    Detail,
    /// Everything that matches, for marking.
    Marks,
    /// Which of the marks match.
    Within,
    /// By what rows have in common.
    Groups,
    /// The next match of the last filter.
    Hit,
    /// What would be lost by rating again.
    Lost,
    /// Every deed on the document.
    Past,
    /// A second list of the screen.
    Extra,
    /// The figures of the open dialog.
    Dialog,
    /// The palette's finds.
    Palette,
    /// The foot of every screen.
    Status,
    /// Saved filters.
    Filters,
    /// The deed that undo is asked about.
    Deed,
}

/// Where an answer goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot {
    /// Whose question it was.
    pub screen: ScreenId,
    /// What it is for.
    pub part: Part,
}

/// Somebody else in the book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Login name.
    pub name: String,
    pub seat: Seat,
    /// The document they are editing, and since when (UTC milliseconds).
    pub editing: Option<(i64, i64)>,
    /// The document that is open before them.
    pub reading: Option<i64>,
}

/// What the mouse did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mouse {
    Up,
    Down,
    /// The left button, at a column and a row from 0.
    Click(u16, u16),
}

impl Mouse {
    /// Reads an event; other buttons, moves and releases are nothing.
    pub fn from_event(event: MouseEvent) -> Option<Self> {
        match event.kind {
            MouseEventKind::ScrollUp => Some(Self::Up),
            MouseEventKind::ScrollDown => Some(Self::Down),
            MouseEventKind::Down(MouseButton::Left) => Some(Self::Click(event.column, event.row)),
            _ => None,
        }
    }
}

/// Everything that can happen to the console.
#[derive(Debug)]
pub enum Msg {
    Key(Key),
    /// Text pasted by the terminal; never runs keys.
    Paste(String),
    /// Moves and chooses; runs nothing.
    Mouse(Mouse),
    /// Columns and rows.
    Resize(u16, u16),
    /// The clock.
    Tick(Now),
    /// The book's zone was changed.
    Zone(Zone),
    /// An answer.
    Loaded {
        /// Where it goes.
        slot: Slot,
        /// Which question.
        ticket: u64,
        result: Result<Answer, Fault>,
    },
    /// What came of a command.
    Done {
        /// Which.
        ticket: u64,
        /// What it was.
        command: Box<Command>,
        /// What came of it.
        result: Result<Receipt, Fault>,
    },
    /// Somebody wrote to the book.
    Changed(Vec<Topic>),
    /// Who is here.
    People(Vec<Person>),
    /// One line to show.
    Notice(String),
    /// The shell was given the terminal and gave it back.
    Continue,
    /// Step aside.
    Suspend,
    /// Out, with this exit code.
    Quit(i32),
}

/// What the console asks the shell to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// A question for the reader.
    Load {
        /// Where the answer goes.
        slot: Slot,
        /// Its number.
        ticket: u64,
        query: Question,
    },
    /// A command for the writer.
    Commit {
        /// Its number.
        ticket: u64,
        /// Unique in the book: a repeat does nothing.
        op: String,
        /// What to do.
        command: Box<Command>,
    },
    /// Text for the terminal's clipboard (OSC 52).
    Copy(String),
    /// A list to a CSV file.
    Export {
        /// Which list.
        list: ListName,
        /// What of it.
        filter: Filter,
        /// In which order.
        sort: Sorted,
    },
    /// A month of an account to a PDF file.
    WritePage { account: AccountId, month: Month },
    /// A report to a CSV file.
    WriteReport(Box<Wanted>),
    /// I am editing this document, or none any more.
    Editing(Option<i64>),
    /// Says which document is open, or that none is.
    Reading(Option<i64>),
    /// Draw everything again.
    Repaint,
    /// Step aside for the shell.
    Suspend,
    /// Keys typed before now were not meant for the dialog that opened.
    DropTypeAhead,
    /// Other colours, the mouse taken or not.
    Look(Look),
    /// Leave, with this exit code.
    Quit(i32),
}

/// The hand screens get: what they may know, and where they say what they want.
pub struct Cx {
    /// The book's moment.
    pub now: Now,
    /// The book's zone.
    pub zone: Zone,
    /// Columns and rows.
    pub size: (u16, u16),
    /// How it looks now.
    pub look: Look,
    /// How the clerk chose it to look: a flag is for once, and not kept.
    pub chosen: Look,
    /// Who I am.
    pub user: String,
    /// Who else is here.
    pub people: Vec<Person>,
    /// The document that others were told is open here.
    pub reading: Option<i64>,
    /// Whether the console that kept the last session was still open when this one began.
    pub left_open: bool,
    /// What every screen shows at its foot.
    pub foot: StatusRow,
    /// What the shell shall do.
    pub effects: Vec<Effect>,
    /// Dialogs to open.
    pub open: Vec<Modal>,
    /// One line about what just happened.
    pub notice: Option<String>,
    /// A screen to go to, with a filter.
    pub go: Option<(ScreenId, Option<String>)>,
    /// A document to open.
    pub document: Option<i64>,
    /// Whether to show the notices.
    pub show_notices: bool,
    /// Why copied text may not arrive; empty where nothing is known.
    pub clipboard: &'static str,
    /// Deeds that were sent to the writer and have not come back.
    pub under_way: usize,
    awaited: BTreeMap<Slot, u64>,
    next_ticket: u64,
    nonce: String,
}

impl Cx {
    /// `nonce` makes the operation ids of this console its own.
    pub fn new(now: Now, zone: Zone, user: String, size: (u16, u16), nonce: String) -> Self {
        Self {
            now,
            zone,
            size,
            look: Look::default(),
            chosen: Look::default(),
            user,
            people: Vec::new(),
            reading: None,
            left_open: false,
            foot: StatusRow::default(),
            effects: Vec::new(),
            open: Vec::new(),
            notice: None,
            go: None,
            document: None,
            show_notices: false,
            clipboard: "",
            under_way: 0,
            awaited: BTreeMap::new(),
            next_ticket: 0,
            nonce,
        }
    }

    fn ticket(&mut self) -> u64 {
        self.next_ticket += 1;
        self.next_ticket
    }

    /// Asks a question; an older one of the same slot is no longer awaited.
    pub fn load(&mut self, screen: ScreenId, part: Part, query: impl Into<Question>) {
        let slot = Slot { screen, part };
        let ticket = self.ticket();
        self.awaited.insert(slot, ticket);
        self.effects.push(Effect::Load { slot, ticket, query: query.into() });
    }

    /// Whether an answer is the awaited one of its slot; it is then no longer awaited.
    pub fn take(&mut self, slot: Slot, ticket: u64) -> bool {
        let awaited = self.awaited.get(&slot) == Some(&ticket);
        if awaited {
            self.awaited.remove(&slot);
        }
        awaited
    }

    /// An answer on its way is no longer wanted.
    pub fn forget(&mut self, screen: ScreenId, part: Part) {
        self.awaited.remove(&Slot { screen, part });
    }

    /// Whether an answer for this slot is on its way.
    pub fn awaits(&self, screen: ScreenId, part: Part) -> bool {
        self.awaited.contains_key(&Slot { screen, part })
    }

    /// Whether nothing is on its way.
    pub fn is_idle(&self) -> bool {
        self.awaited.is_empty()
    }

    /// An operation id: made when a dialog opens, so that a second Enter is the same operation.
    pub fn operation(&mut self) -> String {
        let n = self.ticket();
        format!("{}-{n}", self.nonce)
    }

    /// Does it, as an operation of its own.
    pub fn commit(&mut self, command: Command) {
        let op = self.operation();
        self.commit_as(op, command);
    }

    /// Does it under an id made earlier.
    pub fn commit_as(&mut self, op: String, command: Command) {
        let ticket = self.ticket();
        self.under_way += 1;
        self.effects.push(Effect::Commit { ticket, op, command: Box::new(command) });
    }

    /// Says something in the status row.
    pub fn say(&mut self, text: impl Into<String>) {
        self.notice = Some(text.into());
    }

    /// Text for the terminal's clipboard, and what is known of whether it arrives.
    pub fn copy(&mut self, text: String) {
        let what = super::widget::fit(text.lines().next().unwrap_or_default(), 40);
        self.say(match self.clipboard {
            "" => format!("sent to terminal: {what}"),
            why => format!("sent to terminal: {what}; {why}; Y shows it to select"),
        });
        self.effects.push(Effect::Copy(text));
    }

    /// The same of a whole row or document: where it may not arrive it is shown, without a frame, for
    /// the mouse.
    pub fn copy_whole(&mut self, title: &str, text: String, shown: &str) {
        self.copy(text);
        if !self.clipboard.is_empty() {
            self.open.push(Modal::Text(TextBox::bare(title, shown)));
        }
    }

    /// A moment as a clerk reads it: the time today, the day otherwise.
    pub fn when(&self, at_ms: i64) -> String {
        let Some(moment) = chrono::DateTime::from_timestamp_millis(at_ms) else {
            return String::new();
        };
        let local = moment.with_timezone(&self.zone);
        if local.date_naive() == self.now.today {
            local.format("%H:%M").to_string()
        } else {
            local.format("%m-%d %H:%M").to_string()
        }
    }

    /// Who is editing a document, if anybody else is.
    pub fn editor_of(&self, document: i64) -> Option<&Person> {
        self.people.iter().find(|p| p.editing.is_some_and(|(id, _)| id == document))
    }

    /// Who else has a document open, if somebody has.
    pub fn reader_of(&self, document: i64) -> Option<&Person> {
        self.people.iter().find(|p| p.seat == Seat::Theirs && p.reading == Some(document))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_not_arrive_is_said_and_shown_to_select() {
        let hand = || {
            let at = Now::system(Zone::UTC);
            Cx::new(at, Zone::UTC, "mia".to_owned(), (80, 24), "n".to_owned())
        };
        let mut cx = hand();
        cx.copy_whole("A-1", "A-1\tMüller".to_owned(), "A-1\nMüller");
        assert!(cx.open.is_empty(), "where nothing is known it is taken to arrive");
        let mut cx = hand();
        cx.clipboard = "tmux keeps it";
        cx.copy("A-1".to_owned());
        assert!(cx.notice.as_deref().is_some_and(|n| n.contains("tmux keeps it")));
        assert!(cx.open.is_empty());
        cx.copy_whole("A-1", "A-1\tMüller".to_owned(), "A-1\nMüller");
        assert_eq!(cx.open.len(), 1);
    }
}
