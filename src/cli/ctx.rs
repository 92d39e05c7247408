//! What every subcommand gets: the book, who acts, how to answer.

use crate::domain::actor::Actor;
use crate::domain::text;
use crate::engine::care::settings as clock;
use crate::engine::{Error, Session};
use crate::worker::log;
use std::path::PathBuf;

/// What every subcommand gets.
pub struct Ctx {
    /// Path of the book.
    pub book: PathBuf,
    /// Whether to print JSON.
    pub json: bool,
    /// `--now`, on a test or demo book.
    pub(super) now: Option<String>,
}

impl Ctx {
    /// Opens the book for the user of this process, with `--now` applied.
    pub fn open(&self) -> Result<Session, Error> {
        let mut session = Session::open_saying(&self.book, actor(), &mut self.say())?;
        log::begin(&session.store.side_directory(), log::Aloud::No);
        if let Some(text) = &self.now {
            clock::use_clock(&mut session, text)?;
        }
        Ok(session)
    }

    /// Says what takes long, on standard error; with `--json` nothing.
    pub fn say(&self) -> impl FnMut(&str) + use<> {
        let quiet = self.json;
        move |words| {
            if !quiet {
                eprintln!("  {words}");
            }
        }
    }
}

/// The user of this process: the real uid from the kernel, never the environment.
pub fn actor() -> Actor {
    let uid = nix::unistd::getuid();
    let name = nix::unistd::User::from_uid(uid)
        .ok()
        .flatten()
        .map(|user| text::said(&user.name, 64))
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| format!("uid {uid}"));
    Actor { uid: uid.as_raw(), name }
}
