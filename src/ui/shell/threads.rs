//! The threads beside the loop: a reader with its own connection, a writer with its own, workers.

use crate::clock::Now;
use crate::domain::actor::Actor;
use crate::domain::text;
use crate::engine::answer;
use crate::engine::clockwork::tick::tick;
use crate::engine::command::Command;
use crate::engine::job::Ports;
use crate::engine::query::{Answer, ListName, Query, Question};
use crate::engine::{Error, Session, perform, trouble};
use crate::outside;
use crate::store::job::{self, JobState};
use crate::store::presence::{BEAT_MS, Presence};
use crate::store::read::{Filter, Sort};
use crate::store::{Topic, operation};
use crate::ui::export;
use crate::ui::fault::Fault;
use crate::ui::msg::{Cx, Msg, Part, Person, Slot};
use crate::worker;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded, unbounded};
use std::collections::{BTreeMap, VecDeque};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How often the reader looks whether others wrote: twice a second.
const LOOK: Duration = Duration::from_millis(500);
/// How often workers look for jobs that nobody told them of (a dead process's, a due one).
const REST: Duration = Duration::from_secs(3);
/// Workers of one console: one for the long run, one for the posting that does not wait for it.
const WORKERS: usize = 2;

/// For the reader.
pub enum Ask {
    /// A question.
    Load {
        /// Where the answer goes.
        slot: Slot,
        /// Its number.
        ticket: u64,
        query: Question,
    },
    /// A list to a file.
    Export {
        /// Which list.
        list: ListName,
        /// What of it.
        filter: Filter,
        /// In which order.
        sort: Sort,
    },
    /// What we are editing.
    Editing(Option<i64>),
}

/// The other ends of the threads.
pub struct Desks {
    asks: Sender<Ask>,
    commits: Sender<(u64, String, Command)>,
    stop: Arc<AtomicBool>,
    written: Receiver<()>,
    worked: Receiver<()>,
}

/// Starts a named thread.
pub fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), Error> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .stack_size(1 << 20)
        .spawn(work)
        .map(drop)
        .map_err(|e| Error::Bug(format!("cannot start a thread: {e}")))
}

/// Starts them all.
pub fn start(session: Session, tx: &Sender<Msg>, zone: crate::zone::Zone) -> Result<Desks, Error> {
    let (asks, asked) = bounded(4096);
    let (commits, committed) = bounded::<(u64, String, Command)>(256);
    let (written_tx, written) = bounded::<()>(0);
    let (worked_tx, worked) = bounded::<()>(0);
    let (poke_tx, poked) = bounded::<()>(WORKERS);
    let stop = Arc::new(AtomicBool::new(false));
    let directory = session.store.side_directory();
    session.store.mend();

    for _ in 0..WORKERS {
        let (session, done, poked, stop) =
            (session.again()?, worked_tx.clone(), poked.clone(), Arc::clone(&stop));
        let replies = tx.clone();
        spawn("worker", move || {
            work(session, &replies, &poked, &stop);
            drop(done);
        })?;
    }
    drop(worked_tx);

    let (writer, replies, poke) = (session.again()?, tx.clone(), poke_tx.clone());
    spawn("writer", move || {
        write(writer, &committed, &replies, &poke);
        drop(written_tx);
    })?;

    let (figures, wanted) = unbounded();
    let (counter, replies) = (session.again()?, tx.clone());
    spawn("figures", move || count(&counter, &wanted, &replies))?;

    let (replies, poke) = (tx.clone(), poke_tx);
    spawn("reader", move || {
        let mut said = Said::default();
        let presence = match Presence::enter(&directory, &session.actor, wall_ms()) {
            Ok(presence) => Some(presence),
            Err(error) => {
                said.say(&replies, "others do not see that you are here", &error.into());
                None
            }
        };
        let mut reader = Reader {
            said,
            session,
            presence,
            replies,
            poke,
            figures,
            zone,
            version: 0,
            topics: BTreeMap::new(),
            people: Vec::new(),
            since: BTreeMap::new(),
            beat: Instant::now(),
        };
        reader.look();
        reader.serve(&asked);
    })?;
    Ok(Desks { asks, commits, stop, written, worked })
}

impl Desks {
    /// Asks the reader; false when its queue is full and nobody will answer.
    pub fn ask(&self, ask: Ask) -> bool {
        self.asks.try_send(ask).is_ok()
    }

    /// Gives the writer a command.
    pub fn commit(&self, ticket: u64, op: String, command: Command) {
        let _ = self.commits.send((ticket, op, command));
    }

    /// Ends the threads: the writer finishes what it was given, workers their open slice.
    pub fn stop(self) {
        self.stop.store(true, Ordering::SeqCst);
        drop(self.commits);
        drop(self.asks);
        // Both channels carry nothing; they close when the threads end.
        let _ = self.written.recv_timeout(Duration::from_millis(300));
        let _ = self.worked.recv_timeout(Duration::from_millis(200));
    }
}

/// Starts a worker that takes over what is unfinished once this process is gone, so that a closed
/// terminal ends no posting. Where another worker lives it has the jobs first, and this one ends.
pub fn hand_over(book: &Path, actor: Actor) {
    let unfinished = || -> Result<bool, Error> {
        let session = Session::open(book, actor)?;
        let now = session.now()?.at_ms;
        let jobs = session.read(job::open)?;
        Ok(jobs.iter().any(|j| j.state != JobState::Paused && j.not_before_at <= now))
    };
    match unfinished() {
        Ok(true) => {}
        Ok(false) => return,
        Err(error) => {
            return tracing::error!(%error, "whether jobs are left is not known");
        }
    }
    // A process group of its own: the hang-up goes to ours.
    let mut heir = std::process::Command::new("/proc/self/exe");
    heir.arg0("daybook")
        .arg("--book")
        .arg(book)
        .args(["worker", "--once", "--heir"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0);
    match outside::with_the_users_umask(|| heir.spawn()) {
        // The pipe stays open until this process is gone: its end says that the jobs are free.
        Ok(heir) => std::mem::forget(heir),
        Err(error) => tracing::error!(%error, "jobs are left, and no worker could be started"),
    }
}

fn wall_ms() -> i64 {
    Now::system(crate::zone::Zone::UTC).at_ms
}

fn write(
    mut session: Session,
    commits: &Receiver<(u64, String, Command)>,
    replies: &Sender<Msg>,
    poke: &Sender<()>,
) {
    while let Ok((ticket, op, command)) = commits.recv() {
        let asked = Box::new(command.clone());
        let result = perform::perform(&mut session, &op, command).map_err(Fault::from);
        if result.as_ref().is_ok_and(|r| r.job.is_some()) {
            let _ = poke.try_send(());
        }
        if replies.send(Msg::Done { ticket, command: asked, result }).is_err() {
            return;
        }
    }
}

fn work(mut session: Session, replies: &Sender<Msg>, poked: &Receiver<()>, stop: &AtomicBool) {
    let (mut ports, mut said) = (None, Said::default());
    while !stop.load(Ordering::SeqCst) {
        let driven = match round(&mut session, &mut ports, stop) {
            Ok(driven) => driven,
            Err(error) => {
                said.say(replies, "background work", &error);
                0
            }
        };
        if driven == 0 && matches!(poked.recv_timeout(REST), Err(RecvTimeoutError::Disconnected)) {
            return;
        }
    }
}

/// One round of work; gives how many jobs were driven.
fn round(
    session: &mut Session,
    ports: &mut Option<Ports>,
    stop: &AtomicBool,
) -> Result<usize, Error> {
    // Schedules and look-ups come due while a console is all there is.
    let due = tick(session);
    if session.read(job::open)?.is_empty() {
        return due.map(|_| 0);
    }
    // Started with the first job: an idle console needs no pool.
    if ports.is_none() {
        *ports = Some(worker::ports()?);
    }
    let driven = match ports {
        Some(ports) => worker::work(session, ports, stop)?,
        None => 0,
    };
    due.map(|_| driven)
}

/// What a thread has told of: each trouble once until it is over.
#[derive(Default)]
struct Said(String);

impl Said {
    /// Logs an error and says it on the status line.
    fn say(&mut self, replies: &Sender<Msg>, what: &str, error: &Error) {
        if trouble::passes(error) {
            return;
        }
        let words = format!("{what}: {}", text::said(&error.to_string(), 200));
        tracing::error!(what, %error, "the console");
        if words != self.0 {
            // The loop may be on its way out.
            let _ = replies.send(Msg::Notice(words.clone()));
            self.0 = words;
        }
    }
}

/// A figure of the day that is asked for: where it goes, its number, the question.
type Figure = (Slot, u64, Question);

/// Counts the figures of the day, one after the other, in the order in which they were asked for; of
/// several questions for one figure only the newest. Some take a second or more with many accounts,
/// which no list or document waits for.
fn count(session: &Session, wanted: &Receiver<Figure>, replies: &Sender<Msg>) {
    let mut waiting: VecDeque<Figure> = VecDeque::new();
    loop {
        if waiting.is_empty() {
            let Ok(first) = wanted.recv() else { return };
            waiting.push_back(first);
        }
        for figure in wanted.try_iter() {
            match waiting.iter_mut().find(|(slot, ..)| *slot == figure.0) {
                Some(older) => *older = figure,
                None => waiting.push_back(figure),
            }
        }
        let Some((slot, ticket, query)) = waiting.pop_front() else { continue };
        let result = answer::ask(session, &query).map_err(Fault::from);
        if replies.send(Msg::Loaded { slot, ticket, result }).is_err() {
            return;
        }
    }
}

/// When something was by the book's clock that was at `at` by this machine's: as long ago. UTC ms.
fn by_book(at: i64, machine: i64, book: i64) -> i64 {
    book - (machine - at).max(0)
}

struct Reader {
    said: Said,
    session: Session,
    presence: Option<Presence>,
    replies: Sender<Msg>,
    poke: Sender<()>,
    figures: Sender<Figure>,
    zone: crate::zone::Zone,
    version: i64,
    topics: BTreeMap<Topic, i64>,
    people: Vec<Person>,
    /// Who edits what since when by the machine's clock: since when by the book's.
    since: BTreeMap<(String, i64, i64), i64>,
    beat: Instant,
}

impl Reader {
    fn serve(&mut self, asked: &Receiver<Ask>) {
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

    /// Answers what waits: of several questions for one slot only the newest. The figures of the
    /// day are counted on a thread of their own.
    fn answer_all(&mut self, first: Ask, asked: &Receiver<Ask>) {
        let mut waiting = vec![first];
        while !waiting.is_empty() {
            waiting.extend(asked.try_iter());
            match waiting.remove(0) {
                Ask::Load { slot, ticket, query } if matches!(slot.part, Part::Step(_)) => {
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
                    let result = self.load(&query);
                    let _ = self.replies.send(Msg::Loaded { slot, ticket, result });
                }
                Ask::Export { list, filter, sort } => self.export(list, filter, sort),
                Ask::Editing(document) => {
                    let told = self.presence.as_ref().map(|p| p.editing(document, wall_ms()));
                    if let Some(Err(error)) = told {
                        let what = "others do not see what you edit";
                        self.said.say(&self.replies, what, &error.into());
                    }
                }
            }
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

    fn export(&mut self, list: ListName, filter: Filter, sort: Sort) {
        let now = self.session.now().unwrap_or_else(|_| Now::system(self.zone));
        let user = self.session.actor.name.clone();
        let cx = Cx::new(now, self.zone, user, (80, 24), String::new());
        let directory = std::env::current_dir().unwrap_or_default();
        let mut answer = |query: Query| self.load(&query.into());
        let text = match export::write(&directory, list, (filter, sort), &cx, &mut answer) {
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
                Person { editing: p.editing.map(at), name: p.name }
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
        if before.is_empty() || changed.is_empty() {
            return;
        }
        if changed.contains(&Topic::Jobs) {
            let _ = self.poke.try_send(());
        }
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
