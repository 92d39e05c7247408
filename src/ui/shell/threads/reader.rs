//! The reader: answers questions from a connection of its own, and tells what others wrote and who is
//! here.

use super::{Ask, Figure, Running, Said, spawn};
use crate::clock::Now;
use crate::domain::ids::AccountId;
use crate::domain::month::Month;
use crate::engine::account_page;
use crate::engine::care::report;
use crate::engine::query::{Answer, ListName, Question, Wanted};
use crate::engine::{Session, answer};
use crate::store::presence::{BEAT_MS, Presence};
use crate::store::read::{Filter, Sorted};
use crate::store::{StoreError, Topic, operation};
use crate::ui::export;
use crate::ui::fault::Fault;
use crate::ui::msg::{Cx, Msg, Part, Person, Slot};
use crate::zone::Zone;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often it looks whether others wrote: twice a second.
const LOOK: Duration = Duration::from_millis(500);

fn wall_ms() -> i64 {
    Now::system(Zone::UTC).at_ms
}

/// When something was by the book's clock that was at `at` by this machine's: as long ago. UTC ms.
fn by_book(at: i64, machine: i64, book: i64) -> i64 {
    book - (machine - at).max(0)
}

/// Answers what the console asks, and looks whether others wrote.
pub(super) struct Reader {
    said: Said,
    session: Session,
    presence: Option<Presence>,
    replies: Sender<Msg>,
    poke: Sender<()>,
    figures: Sender<Figure>,
    running: Arc<Running>,
    zone: Zone,
    version: i64,
    topics: BTreeMap<Topic, i64>,
    people: Vec<Person>,
    /// Who edits what since when by the machine's clock: since when by the book's.
    since: BTreeMap<(String, i64, i64), i64>,
    beat: Instant,
}

impl Reader {
    /// Takes its seat among those who have the book open.
    pub(super) fn new(
        session: Session,
        replies: Sender<Msg>,
        poke: Sender<()>,
        figures: Sender<Figure>,
        (running, zone): (Arc<Running>, Zone),
    ) -> Self {
        let mut said = Said::default();
        let seat = Presence::enter(&session.store.side_directory(), &session.actor, wall_ms());
        let presence = match seat {
            Ok(presence) => Some(presence),
            Err(error) => {
                said.say(&replies, "others do not see that you are here", &error.into());
                None
            }
        };
        Self {
            said,
            session,
            presence,
            replies,
            poke,
            figures,
            running,
            zone,
            version: 0,
            topics: BTreeMap::new(),
            people: Vec::new(),
            since: BTreeMap::new(),
            beat: Instant::now(),
        }
    }

    /// Until nobody asks any more.
    pub(super) fn serve(&mut self, asked: &Receiver<Ask>) {
        self.look();
        let mut looked = Instant::now();
        loop {
            let wait = LOOK.saturating_sub(looked.elapsed());
            match asked.recv_timeout(wait) {
                Ok(first) => self.answer_all(first, asked),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if looked.elapsed() >= LOOK {
                looked = Instant::now();
                self.look();
            }
        }
        if let Some(presence) = &self.presence {
            presence.leave();
        }
    }

    /// Answers what waits: of several questions for one slot only the newest; one that is being answered
    /// is given up for a newer one. Figures of the day, of lists and of ready filters are counted on a
    /// thread of their own.
    fn answer_all(&mut self, first: Ask, asked: &Receiver<Ask>) {
        let mut waiting = vec![first];
        while !waiting.is_empty() {
            waiting.extend(asked.try_iter());
            match waiting.remove(0) {
                Ask::Load { slot, ticket, query }
                    if matches!(slot.part, Part::Step(_) | Part::Tabs | Part::Totals) =>
                {
                    let _ = self.figures.send((slot, ticket, query));
                }
                Ask::Load { slot, ticket, query } => {
                    let newer = |a: &Ask| matches!(a, Ask::Load { slot: s, .. } if *s == slot);
                    if waiting.iter().any(newer) {
                        continue;
                    }
                    if query.is_slow() && self.load_apart(slot, ticket, &query) {
                        continue;
                    }
                    self.running.begin(slot, ticket);
                    let result = self.load(&query);
                    if !self.running.end() {
                        let _ = self.replies.send(Msg::Loaded { slot, ticket, result });
                    }
                }
                Ask::Export { list, filter, sort } => self.export(list, filter, sort),
                Ask::Page { account, month } => self.page(account, month),
                Ask::Report(of) => self.report(&of),
                Ask::Editing(document) => {
                    let told = self.presence.as_ref().map(|p| p.editing(document, wall_ms()));
                    self.unseen(told, "others do not see what you edit");
                }
                Ask::Reading(document) => {
                    let told = self.presence.as_ref().map(|p| p.reading(document));
                    self.unseen(told, "others do not see what you have open");
                }
            }
        }
    }

    /// Says that others do not see something of us.
    fn unseen(&mut self, told: Option<Result<(), StoreError>>, what: &'static str) {
        if let Some(Err(error)) = told {
            self.said.say(&self.replies, what, &error.into());
        }
    }

    fn load(&self, query: &Question) -> Result<Answer, Fault> {
        answer::ask(&self.session, query).map_err(Fault::from)
    }

    /// Answers what takes long on a thread of its own: lists and documents do not wait for it. False
    /// if there cannot be one.
    fn load_apart(&self, slot: Slot, ticket: u64, query: &Question) -> bool {
        let Ok(session) = self.session.again() else { return false };
        let (replies, query) = (self.replies.clone(), query.clone());
        let work = move || {
            let result = answer::ask(&session, &query).map_err(Fault::from);
            let _ = replies.send(Msg::Loaded { slot, ticket, result });
        };
        spawn("preview", work).is_ok()
    }

    fn export(&mut self, list: ListName, filter: Filter, sort: Sorted) {
        let now = self.session.now().unwrap_or_else(|_| Now::system(self.zone));
        let user = self.session.actor.name.clone();
        let cx = Cx::new(now, self.zone, user, (80, 24), String::new());
        let directory = std::env::current_dir().unwrap_or_default();
        let pages: export::Pages<'_> = &mut |list, args, take| {
            answer::pages(&self.session, list, args, take).map_err(Fault::from)
        };
        let text = match export::write(&directory, list, (filter, sort), &cx, pages) {
            Ok((path, rows)) => format!("{rows} rows written to {}", path.display()),
            Err(fault) => fault.line(),
        };
        let _ = self.replies.send(Msg::Notice(text));
    }

    fn page(&mut self, account: AccountId, month: Month) {
        let directory = std::env::current_dir().unwrap_or_default();
        let made = account_page::made(&self.session, account, month).map_err(Fault::from);
        let text = match made.and_then(|(name, bytes)| export::page(&directory, &name, &bytes)) {
            Ok(path) => format!("written to {}", path.display()),
            Err(fault) => fault.line(),
        };
        let _ = self.replies.send(Msg::Notice(text));
    }

    fn report(&mut self, of: &Wanted) {
        let directory = std::env::current_dir().unwrap_or_default();
        let name = format!("daybook-{}-{}.csv", of.asked.name, of.asked.to);
        let made = report::csv(&self.session, of).map_err(Fault::from);
        let text = match made.and_then(|(_, bytes, rows)| {
            export::page(&directory, &name, &bytes).map(|path| (path, rows))
        }) {
            Ok((path, rows)) => format!("{rows} rows written to {}", path.display()),
            Err(fault) => fault.line(),
        };
        let _ = self.replies.send(Msg::Notice(text));
    }

    /// Whether others wrote, and who is here.
    fn look(&mut self) {
        if let Err(error) = self.session.store.still_there() {
            return self.said.say(&self.replies, "the book", &error.into());
        }
        let version = match self.session.store.data_version() {
            Ok(version) => version,
            Err(error) => {
                self.said.say(&self.replies, "the book", &error.into());
                return;
            }
        };
        if version != self.version {
            self.version = version;
            self.moved();
        }
        let Some(presence) = &self.presence else { return };
        let now = wall_ms();
        if self.beat.elapsed().as_millis() as i64 >= BEAT_MS {
            self.beat = Instant::now();
            if let Err(error) = presence.beat(now) {
                let what = "others do not see that you are here";
                self.said.say(&self.replies, what, &error.into());
            }
        }
        let others = match presence.others(now) {
            Ok(others) => others,
            Err(error) => {
                return self.said.say(&self.replies, "you do not see who is here", &error.into());
            }
        };
        // Presence is told by this machine's clock, the screen by the book's.
        let book = self.session.now().map_or(now, |book| book.at_ms);
        let seen = |name: &str, (id, at): (i64, i64)| {
            let known = self.since.get(&(name.to_owned(), id, at)).copied();
            ((name.to_owned(), id, at), known.unwrap_or_else(|| by_book(at, now, book)))
        };
        let since: BTreeMap<_, _> =
            others.iter().filter_map(|p| p.editing.map(|e| seen(&p.name, e))).collect();
        let people: Vec<Person> = others
            .into_iter()
            .map(|p| {
                let at =
                    |(id, at)| (id, since.get(&(p.name.clone(), id, at)).copied().unwrap_or(at));
                let (editing, reading) = (p.editing.map(at), p.reading);
                Person { editing, reading, seat: p.seat, name: p.name }
            })
            .collect();
        self.since = since;
        if people != self.people {
            self.people.clone_from(&people);
            let _ = self.replies.send(Msg::People(people));
        }
    }

    fn moved(&mut self) {
        let now = match self.session.read(operation::topics) {
            Ok(now) => now,
            Err(error) => return self.said.say(&self.replies, "the book", &error),
        };
        let before = std::mem::replace(&mut self.topics, now.into_iter().collect());
        let changed: Vec<Topic> = self
            .topics
            .iter()
            .filter(|(topic, seq)| before.get(*topic) != Some(*seq))
            .map(|(topic, _)| *topic)
            .collect();
        if changed.is_empty() {
            return;
        }
        // Since the console read its zone, and before this looked for the first time, it may have
        // been changed.
        if changed.contains(&Topic::Settings)
            && let Ok(config) = self.session.config()
            && let Ok(now) = self.session.now()
        {
            if config.zone() != self.zone {
                self.zone = config.zone();
                let _ = self.replies.send(Msg::Zone(self.zone));
            }
            let _ = self.replies.send(Msg::Tick(now));
        }
        if before.is_empty() {
            return;
        }
        if changed.contains(&Topic::Jobs) {
            let _ = self.poke.try_send(());
        }
        let _ = self.replies.send(Msg::Changed(changed));
    }
}

#[cfg(test)]
mod tests {
    use super::by_book;

    #[test]
    fn since_when_somebody_edits_is_told_by_the_clock_that_the_screen_shows() {
        let day = 86_400_000;
        assert_eq!(by_book(5_000, 8_000, day + 8_000), day + 5_000);
        assert_eq!(by_book(9_000, 8_000, day), day, "a clock a little ahead");
    }
}
