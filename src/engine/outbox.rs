//! Where e-invoices leave for a network: a folder that a provider's program empties, or a program that is
//! given each.
//!
//! A file has one name at every try. Into a folder it goes in two steps, so that whatever dies in between is
//! understood afterwards ([`Outbox::stage`], [`Outbox::hand`]): whole under a hidden name before it is written
//! down that it is being handed over, then by one renaming. A file that is still hidden was not handed over.

use crate::config::{Config, key};
use crate::domain::text::{self, hex};
use crate::engine::mailer::unwritable;
use crate::engine::site_command::{self, Ended};
use crate::gateway::Shut;
use crate::inside::{self, For};
use crate::outside;
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The name of the file that holds the command, and of the folder beside the book.
const NAME: &str = "network";

/// A way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outbox {
    /// The outbox, or where files lie for the program.
    folder: PathBuf,
    /// Whether the folder is the book's own.
    ours: bool,
    /// The program and its arguments; none = the folder is the way.
    command: Option<Vec<String>>,
    longest: Duration,
}

/// What became of a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Handed {
    Over(String),
    /// Refused for now.
    NotNow(String),
    /// It may have it.
    Unclear(String),
    /// The next would fare the same.
    Shut(String),
}

/// What became of a file that a dead process was handing over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    NotOver,
    Over,
    Unclear,
}

/// The way that the settings name; what is wrong with it, in words.
pub fn open(config: &Config, side: &Path) -> Result<Outbox, Shut> {
    let longest = Duration::from_secs(config.int(key::NETWORK_SECONDS).unsigned_abs());
    let command =
        if config.get(key::NETWORK_TRANSPORT) == "command" { Some(program()?) } else { None };
    let named = config.get(key::NETWORK_OUTBOX);
    let ours = named.is_empty() || command.is_some();
    let folder = if ours { side.join(NAME) } else { PathBuf::from(named) };
    Ok(Outbox { folder, ours, command, longest })
}

/// Why the way out cannot be used by this process, if it cannot; nothing is handed over.
pub fn probe(config: &Config, side: &Path) -> Option<Shut> {
    match open(config, side) {
        Err(shut) => Some(shut),
        Ok(outbox) if outbox.ours => unwritable(side, NAME),
        Ok(outbox) => {
            let shut = |why: String| Some(Shut::Here(why));
            let folder = outbox.folder.display();
            match outside::as_caller(|| fs::metadata(&outbox.folder)) {
                Ok(facts) if !facts.is_dir() => shut(format!("{folder} is no directory")),
                Ok(_) if !outside::as_caller(|| outside::may_write(&outbox.folder)) => {
                    shut(format!("{folder} cannot be written"))
                }
                Ok(_) => None,
                // It is somebody's to find out and say.
                Err(e) if e.kind() == ErrorKind::NotFound => {
                    Some(Shut::Everywhere(format!("network.outbox {folder}: {e}")))
                }
                Err(e) => shut(format!("{folder}: {e}")),
            }
        }
    }
}

fn program() -> Result<Vec<String>, Shut> {
    let file = site_command::file(NAME);
    if outside::is_lent() {
        return Err(Shut::Here("a program is not run with a lent group".to_owned()));
    }
    match site_command::command(&file) {
        Ok(Some(words)) => Ok(words),
        Ok(None) => {
            let name = file.display();
            Err(Shut::Everywhere(format!("network.transport is command, and no {name} names one")))
        }
        Err(why) => Err(Shut::Here(why)),
    }
}

impl Outbox {
    /// How many copies are handed over between two commits. Of a program one: whether it has what it was given
    /// when everything died is then not known of that one alone.
    pub fn at_once(&self) -> usize {
        if self.command.is_some() { 1 } else { 32 }
    }

    /// In words, kept with the copy.
    pub fn place(&self) -> String {
        match &self.command {
            None => self.folder.display().to_string(),
            Some(words) => words.first().cloned().unwrap_or_default(),
        }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Lays a file ready, on the disk, where it is not taken yet.
    pub fn stage(&self, name: &str, xml: &[u8]) -> Result<(), String> {
        let wrong = |e: io::Error| format!("cannot write into {}: {e}", self.folder.display());
        if self.ours {
            inside::directory(&self.folder).map_err(wrong)?;
        }
        let path = self.staged(name);
        // What a dead process left of it is of the same name, and goes.
        match self.as_user(|| fs::remove_file(&path)) {
            Err(e) if e.kind() != ErrorKind::NotFound => return Err(wrong(e)),
            Ok(()) | Err(_) => {}
        }
        let made = if self.ours {
            inside::create_new(&path, For::All)
        } else {
            outside::create_new(&path)
        };
        let written = made.and_then(|mut file| file.write_all(xml).and_then(|()| file.sync_all()));
        written.and_then(|()| self.on_disk()).map_err(wrong)
    }

    fn staged(&self, name: &str) -> PathBuf {
        match self.command {
            None => hidden(&self.folder, name),
            Some(_) => self.file(name),
        }
    }

    /// Takes back what was laid ready and does not go.
    pub fn unstage(&self, name: &str) {
        let _ = self.as_user(|| fs::remove_file(self.staged(name)));
    }

    /// Hands over what was laid ready.
    pub fn hand(&self, name: &str) -> Handed {
        match &self.command {
            None => {
                let renamed = self.as_user(|| fs::rename(self.staged(name), self.file(name)));
                let folder = self.folder.display();
                match renamed.map(|()| self.on_disk()) {
                    Ok(Ok(())) => Handed::Over("put into the outbox".to_owned()),
                    Ok(Err(e)) => {
                        Handed::Unclear(format!("in {folder}, perhaps not for good: {e}"))
                    }
                    Err(e) => Handed::Shut(format!("cannot write into {folder}: {e}")),
                }
            }
            Some(words) => {
                let ended = site_command::run(words, &self.file(name), self.longest);
                let said = |why: String| text::said(&why, 300);
                match ended {
                    Ended::Well => {
                        self.unstage(name);
                        Handed::Over(format!("taken by {}", self.place()))
                    }
                    Ended::Badly(why) => Handed::NotNow(said(why)),
                    Ended::Unclear(why) => Handed::Unclear(said(why)),
                    Ended::Not(why) => Handed::Shut(said(why)),
                }
            }
        }
    }

    fn as_user<T>(&self, work: impl FnOnce() -> T) -> T {
        if self.ours { work() } else { outside::as_caller(work) }
    }

    /// The names in the folder are on the disk too.
    fn on_disk(&self) -> io::Result<()> {
        self.as_user(|| File::open(&self.folder)?.sync_all())
    }
}

fn hidden(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!(".{name}.part"))
}

/// What became of a file that was being put into a folder when its process died; of a program nothing is
/// known. An error: it cannot be seen now.
pub fn found(side: &Path, (place, name): (&str, &str), hash: &str) -> Result<Found, String> {
    let folder = Path::new(place);
    if !folder.is_dir() {
        return Ok(Found::Unclear);
    }
    let look = || -> io::Result<Found> {
        let there = |path: &Path| match path.symlink_metadata() {
            Ok(_) => Ok(true),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(false),
            Err(e) => Err(e),
        };
        if there(&hidden(folder, name))? {
            return Ok(Found::NotOver);
        }
        let file = folder.join(name);
        // Where it is not, somebody took it, or removed it.
        let over = there(&file)? && hex(&Sha256::digest(fs::read(&file)?)) == hash;
        Ok(if over { Found::Over } else { Found::Unclear })
    };
    let seen = if folder.starts_with(side) { look() } else { outside::as_caller(look) };
    seen.map_err(|e| format!("{place}: {e}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(path: &Path) -> Outbox {
        Outbox { folder: path.to_owned(), ours: false, command: None, longest: Duration::ZERO }
    }

    #[test]
    fn a_file_is_hidden_until_it_is_handed_over_and_death_in_between_is_understood() {
        let dir = tempfile::tempdir().unwrap();
        let place = dir.path().to_str().unwrap();
        let (outbox, name) = (folder(dir.path()), "INV-1.DL-000001.xml");
        let hash = hex(&Sha256::digest(b"<a/>"));
        let seen = || found(Path::new("/nowhere"), (place, name), &hash).unwrap();
        assert_eq!(seen(), Found::Unclear, "nothing is there");
        for _ in 0..2 {
            outbox.stage(name, b"<a/>").unwrap();
            assert_eq!(seen(), Found::NotOver);
        }
        assert!(matches!(outbox.hand(name), Handed::Over(_)));
        assert_eq!(seen(), Found::Over);
        assert_eq!(fs::read(dir.path().join(name)).unwrap(), b"<a/>");
        assert!(matches!(outbox.hand(name), Handed::Shut(_)), "nothing was laid ready");
        // Again it is the same file.
        outbox.stage(name, b"<a/>").unwrap();
        assert!(matches!(outbox.hand(name), Handed::Over(_)));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        fs::write(dir.path().join(name), b"<b/>").unwrap();
        assert_eq!(seen(), Found::Unclear, "another file of the name");
        outbox.stage(name, b"<a/>").unwrap();
        outbox.unstage(name);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        assert!(folder(&dir.path().join("none")).stage(name, b"").unwrap_err().contains("none"));
    }
}
