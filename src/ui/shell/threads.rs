//! The threads beside the loop: a reader with its own connection, a writer with its own, workers.

mod reader;

use crate::domain::actor::Actor;
use crate::domain::ids::AccountId;
use crate::domain::month::Month;
use crate::domain::text;
use crate::engine::answer;
use crate::engine::clockwork::tick::tick;
use crate::engine::command::Command;
use crate::engine::job::Ports;
use crate::engine::query::{ListName, Question, Wanted};
use crate::engine::{Error, Session, perform, trouble};
use crate::outside;
use crate::store::Interrupter;
use crate::store::job::{self, JobState};
use crate::store::read::{Filter, Sorted};
use crate::ui::fault::Fault;
use crate::ui::msg::{Msg, Part, Slot};
use crate::worker;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded, unbounded};
use reader::Reader;
use std::collections::VecDeque;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

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
        sort: Sorted,
    },
    /// A month of an account to a PDF file.
    Page { account: AccountId, month: Month },
    /// A report to a CSV file.
    Report(Box<Wanted>),
    /// What we are editing.
    Editing(Option<i64>),
    /// Which document is open.
    Reading(Option<i64>),
}

/// What the reader is answering. A newer question for the same place ends it: what is typed behind `/`
/// does not wait for what was typed before.
struct Running {
    now: Mutex<Now>,
    interrupter: Interrupter,
}

#[derive(Default)]
struct Now {
    /// Where the answer goes, and its number.
    of: Option<(Slot, u64)>,
    given_up: bool,
}

impl Running {
    fn of(session: &Session) -> Self {
        Self { now: Mutex::default(), interrupter: session.store.interrupter() }
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self, slot: Slot, ticket: u64) {
        *self.now() = Now { of: Some((slot, ticket)), given_up: false };
    }

    /// Whether it was given up.
    fn end(&self) -> bool {
        std::mem::take(&mut *self.now()).given_up
    }

    /// A newer question for a place.
    fn overtake(&self, slot: Slot, ticket: u64) {
        let mut now = self.now();
        // By then the reader may be at the newer one already.
        if now.of.is_some_and(|(place, older)| place == slot && older != ticket) {
            now.given_up = true;
            self.interrupter.interrupt();
        }
    }
}

/// The other ends of the threads.
pub struct Desks {
    asks: Sender<Ask>,
    running: Arc<Running>,
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
    // What is read for a screen is few pages, and the system keeps them for all who have the book open.
    for reads in [&session, &counter] {
        reads.store.keep_little()?;
    }
    spawn("figures", move || count(&counter, &wanted, &replies))?;

    let (replies, poke) = (tx.clone(), poke_tx);
    let running = Arc::new(Running::of(&session));
    let reads = (Arc::clone(&running), zone);
    spawn("reader", move || Reader::new(session, replies, poke, figures, reads).serve(&asked))?;
    Ok(Desks { asks, running, commits, stop, written, worked })
}

impl Desks {
    /// Asks the reader; false when its queue is full and nobody will answer.
    pub fn ask(&self, ask: Ask) -> bool {
        let of = match &ask {
            Ask::Load { slot, ticket, .. } => Some((*slot, *ticket)),
            Ask::Export { .. }
            | Ask::Page { .. }
            | Ask::Report(_)
            | Ask::Editing(_)
            | Ask::Reading(_) => None,
        };
        let taken = self.asks.try_send(ask).is_ok();
        if let Some((slot, ticket)) = of.filter(|_| taken) {
            self.running.overtake(slot, ticket);
        }
        taken
    }

    /// Gives the writer a command.
    pub fn commit(&self, ticket: u64, op: String, command: Command) {
        let _ = self.commits.send((ticket, op, command));
    }

    /// Ends the threads: the writer finishes what it was given, so far as `patience` lasts, workers their
    /// open slice.
    pub fn stop(self, patience: Duration) {
        self.stop.store(true, Ordering::SeqCst);
        drop(self.commits);
        drop(self.asks);
        // Both channels carry nothing; they close when the threads end.
        let _ = self.written.recv_timeout(patience);
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

/// Counts the figures of the day, of lists and of ready filters, one after the other, in the order in which they
/// were asked for; of several questions for one figure only the newest. Some take a second or more with
/// many accounts, which no list or document waits for. Ready filters are counted again with each change:
/// at most a fifth of the time goes into that.
fn count(session: &Session, wanted: &Receiver<Figure>, replies: &Sender<Msg>) {
    let mut waiting: VecDeque<Figure> = VecDeque::new();
    let mut rest = Instant::now();
    loop {
        // What a list comes to first: it is looked at now.
        let at = waiting.iter().position(|(slot, ..)| slot.part == Part::Totals);
        let rested = |(slot, ..): &Figure| !is_again(*slot) || rest <= Instant::now();
        let at = at.or_else(|| waiting.iter().position(rested));
        let Some((slot, ticket, query)) = at.and_then(|at| waiting.remove(at)) else {
            let more = if waiting.is_empty() {
                wanted.recv().map_err(|_| RecvTimeoutError::Disconnected)
            } else {
                wanted.recv_deadline(rest)
            };
            match more {
                Ok(figure) => newest(&mut waiting, figure),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            wanted.try_iter().for_each(|figure| newest(&mut waiting, figure));
            continue;
        };
        let begun = Instant::now();
        let result = answer::ask(session, &query).map_err(Fault::from);
        if is_again(slot) {
            rest = Instant::now() + begun.elapsed() * 4;
        }
        if replies.send(Msg::Loaded { slot, ticket, result }).is_err() {
            return;
        }
        wanted.try_iter().for_each(|figure| newest(&mut waiting, figure));
    }
}

/// Whether a figure is counted anew with each change of the book.
fn is_again(slot: Slot) -> bool {
    slot.part == Part::Tabs
}

/// Puts a figure in its place: that of an older question for it, or the last.
fn newest(waiting: &mut VecDeque<Figure>, figure: Figure) {
    match waiting.iter_mut().find(|(slot, ..)| *slot == figure.0) {
        Some(older) => *older = figure,
        None => waiting.push_back(figure),
    }
}
