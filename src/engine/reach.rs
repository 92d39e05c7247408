//! Who can do a job, asked before it is claimed.
//!
//! E-mail and gateways need a secret that, on a shared server, one user alone can read, and a line to
//! the outside that a firewall may give to one user alone. A process that cannot do a job leaves it
//! as it is, neither claimed nor put off, says who will do it, and follows it. Whoever works (a
//! worker, a console's threads) says what it can do by a kernel lock beside the book, one for each
//! means, held for life: so a worker's death is known and not guessed.

use super::{Error, Session};
use super::{mailer, outbox, tray};
use crate::config::{Config, key};
use crate::domain::actor::Verb;
use crate::gateway::{self, Shut};
use crate::inside;
use crate::store::job::{self, JobKind, JobRow, JobSpec};
use crate::store::{gateway_poll, method_state, notice};
use std::fs::{File, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// E-mail, as a means; the others are gateways by name.
pub const MAIL: &str = "mail";
/// What hands e-invoices to a network.
pub const NETWORK: &str = "network";
/// What is said when nobody lives who could do it.
pub const NOBODY: &str = "waits for the worker, which is not running";
/// How often a process says anew what it can do: a secret may come or go.
const ANEW: Duration = Duration::from_secs(5);

/// Why a job is left alone by this process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waits {
    /// What it needs.
    pub means: String,
    /// Who will do it; empty when nobody lives who can.
    pub who: String,
    /// Why not we.
    pub why: String,
}

impl Waits {
    /// For whom it waits.
    pub fn short(&self) -> String {
        if self.who.is_empty() { NOBODY.to_owned() } else { format!("waits for {}", self.who) }
    }

    /// The same with the reason.
    pub fn words(&self) -> String {
        format!("{} ({})", self.short(), self.why)
    }

    fn notice(&self) -> String {
        format!("waits {}", self.means)
    }
}

/// The means that a job needs.
fn needs(session: &Session, row: &JobRow) -> Result<Vec<String>, Error> {
    match row.kind {
        JobKind::Bill | JobKind::Post | JobKind::Print => Ok(Vec::new()),
        JobKind::Deliver if row.subject == job::NETWORK => Ok(vec![NETWORK.to_owned()]),
        JobKind::Deliver => Ok(vec![MAIL.to_owned()]),
        JobKind::Collect | JobKind::Retry => {
            session.read(|db| method_state::gateways(db, gateway::NAMES))
        }
        JobKind::Reconcile => {
            let polls = session.read(gateway_poll::all)?;
            Ok(polls.into_iter().map(|poll| poll.gateway).collect())
        }
    }
}

/// Why a means cannot be used, if it cannot.
pub fn probe(config: &Config, side: &Path, means: &str) -> Option<Shut> {
    match means {
        MAIL => mailer::probe(config, side),
        NETWORK => outbox::probe(config, side),
        "sandbox" => mailer::unwritable(side, "sandbox.jsonl"),
        name => gateway::probe(name, config, side),
    }
}

/// Whether this process must leave a means to others, and why: for verbs that are no jobs.
pub fn not_here(session: &Session, means: &str) -> Result<Option<String>, Error> {
    Ok(match probe(&session.config()?, &session.store.side_directory(), means) {
        Some(Shut::Here(why)) => Some(why),
        Some(Shut::Everywhere(_)) | None => None,
    })
}

/// Why a job is left alone by this process, if it is.
pub fn hindered(session: &Session, row: &JobRow) -> Result<Option<Waits>, Error> {
    if row.kind == JobKind::Print {
        return print_elsewhere(session, row);
    }
    let needs = needs(session, row)?;
    if needs.is_empty() {
        return Ok(None);
    }
    let (config, side) = (session.config()?, session.store.side_directory());
    for means in needs {
        let who = others(&side, &means);
        let why = match probe(&config, &side, &means) {
            Some(Shut::Here(why)) => why,
            // What nobody can do is somebody's to find out and say.
            Some(Shut::Everywhere(_)) | None => match session.reach.left.get(&row.id) {
                Some(why) if who.is_some() => why.clone(),
                Some(_) | None => continue,
            },
        };
        return Ok(Some(Waits { means, who: who.unwrap_or_default(), why }));
    }
    Ok(None)
}

/// A batch goes into a directory that whoever asked for it named. A job that cannot be read is
/// hindered by nothing: who takes it up says so.
fn print_elsewhere(session: &Session, row: &JobRow) -> Result<Option<Waits>, Error> {
    let Ok(JobSpec::Print { directory }) = row.spec() else { return Ok(None) };
    let own = row.uid == nix::unistd::getuid().as_raw();
    if own || directory.is_empty() || tray::may_write(session, Path::new(&directory)) {
        return Ok(None);
    }
    Ok(Some(Waits {
        means: "print".to_owned(),
        who: row.user_name.clone(),
        why: format!("it prints into {directory}"),
    }))
}

fn lock_of(side: &Path, means: &str) -> PathBuf {
    side.join("locks").join(format!("able-{means}.lock"))
}

/// Another live process that can use a means, in words.
pub fn others(side: &Path, means: &str) -> Option<String> {
    let mut file = File::open(lock_of(side, means)).ok()?;
    match file.try_lock_shared() {
        Ok(()) | Err(TryLockError::Error(_)) => None,
        Err(TryLockError::WouldBlock) => {
            let mut text = String::new();
            let _ = Read::by_ref(&mut file).take(200).read_to_string(&mut text);
            let own = text.ends_with(&format!("pid {}", std::process::id()));
            (!own).then(|| format!("the worker ({})", crate::domain::text::clean(&text)))
        }
    }
}

/// Whether another live process can use a means that failed us.
pub fn elsewhere(session: &Session, means: &str) -> bool {
    others(&session.store.side_directory(), means).is_some()
}

/// Says what this process can do, for as long as it lives and can. Best effort: who cannot say it
/// works all the same.
pub fn announce(session: &mut Session) -> Result<(), Error> {
    if session.reach.said.is_some_and(|at| at.elapsed() < ANEW) {
        return Ok(());
    }
    let (config, side) = (session.config()?, session.store.side_directory());
    let name = format!("{}, pid {}", session.actor.name, std::process::id());
    let mut all = true;
    for means in [MAIL, NETWORK].iter().chain(gateway::NAMES) {
        if probe(&config, &side, means).is_some() {
            session.reach.held.remove(means);
        } else if !session.reach.held.contains_key(means) {
            match take(&lock_of(&side, means), &name) {
                Some(lock) => drop(session.reach.held.insert(means, lock)),
                // Somebody has it, or looks at it in this moment.
                None => all = false,
            }
        }
    }
    session.reach.said = all.then(Instant::now);
    Ok(())
}

/// Takes a kernel lock beside the book and leaves word who has it; none when it is not to be had.
pub fn take(path: &Path, name: &str) -> Option<File> {
    let mut file = inside::open(path).ok()?;
    file.try_lock().ok()?;
    file.set_len(0).ok()?;
    file.write_all(name.as_bytes()).ok()?;
    Some(file)
}

/// How long nobody may be there before that is an answer.
pub fn patience(session: &Session) -> Result<Duration, Error> {
    let seconds = session.config()?.int(key::WORKER_WAIT_SECONDS);
    Ok(Duration::from_secs(seconds.unsigned_abs()))
}

/// Tells people of a job that nobody does, once nobody could for a while.
pub fn tell(session: &mut Session, waits: &Waits) -> Result<(), Error> {
    if !waits.who.is_empty() {
        session.reach.alone.remove(&waits.means);
        return Ok(());
    }
    let since = *session.reach.alone.entry(waits.means.clone()).or_insert_with(Instant::now);
    let key = waits.notice();
    if since.elapsed() < patience(session)? || session.read(|db| notice::is_open(db, &key))? {
        return Ok(());
    }
    let what = match waits.means.as_str() {
        MAIL => "e-mail",
        NETWORK => "the network for e-invoices",
        other => other,
    };
    let text = format!("{what} {}", waits.words());
    session.write(Verb::Housekeeping, |tx| {
        tx.quiet();
        Ok(notice::again(tx, &key, what, &text)?)
    })
}

/// The notices that end when somebody takes a job up.
pub fn answered(session: &Session, row: &JobRow) -> Result<Vec<String>, Error> {
    Ok(needs(session, row)?.iter().map(|means| format!("waits {means}")).collect())
}
