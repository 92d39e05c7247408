//! The log beside the book (`book.db.d/daybook.log`): what went wrong while nobody was looking. A
//! worker says it on standard error as well, where a service manager or cron keeps it.
//!
//! Lines name runs, jobs and documents by number. What an error says is written too, but addresses
//! of people are not; a line that comes again and again is written once a minute.

use crate::domain::text;
use crate::inside;
use std::collections::HashMap;
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

/// The file's name in the book's directory.
pub const NAME: &str = "daybook.log";
/// Bytes after which a new file is begun.
const MOST_BYTES: u64 = 1 << 20;
/// Files before it that are kept: `daybook.log.1` is the newest of them.
const KEPT: u32 = 3;
/// Longest line.
const MOST_LINE: usize = 1000;
/// How soon the same line is written again.
const AGAIN: Duration = Duration::from_mins(1);

/// Whether standard error says the same as the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aloud {
    /// A worker: nobody draws on that terminal.
    Yes,
    /// A console, or a verb that says its errors itself.
    No,
}

/// Begins the log of this process; the first call counts. `side` is the book's directory.
pub fn begin(side: &Path, aloud: Aloud) {
    let journal = std::env::var_os("JOURNAL_STREAM").is_some();
    let out = Out(Arc::new(Mutex::new(Lines {
        path: side.join(NAME),
        aloud,
        journal,
        seen: HashMap::new(),
    })));
    let log = tracing_subscriber::fmt()
        .with_max_level(Level::WARN)
        .with_ansi(false)
        .with_target(false)
        .without_time()
        .with_writer(out)
        .finish();
    // A process has one log; in tests many books share it.
    let _ = tracing::subscriber::set_global_default(log);
}

#[derive(Clone)]
struct Out(Arc<Mutex<Lines>>);

impl<'a> MakeWriter<'a> for Out {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        Line { of: None, warning: false }
    }

    fn make_writer_for(&'a self, about: &Metadata<'_>) -> Line {
        let ours = about.target().starts_with("daybook");
        Line { of: ours.then(|| self.clone()), warning: *about.level() == Level::WARN }
    }
}

/// One event on its way; other crates' go nowhere.
struct Line {
    of: Option<Out>,
    warning: bool,
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(out) = &self.of {
            let mut lines = out.0.lock().unwrap_or_else(PoisonError::into_inner);
            lines.say(&String::from_utf8_lossy(bytes), self.warning);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Lines {
    path: PathBuf,
    aloud: Aloud,
    journal: bool,
    /// Each line, when it was written last, and how often it came since.
    seen: HashMap<String, (Instant, u32)>,
}

impl Lines {
    fn say(&mut self, event: &str, warning: bool) {
        let words = discreet(&text::said(event, MOST_LINE));
        let Some(again) = self.fresh(&words) else { return };
        let words = if again > 0 { format!("{words} (and {again} times since)") } else { words };
        let at = chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
        let line = format!("{at} {} {words}\n", std::process::id());
        let kept = append(&self.path, line.as_bytes());
        if self.aloud == Aloud::Yes {
            let mut out = io::stderr().lock();
            // Nobody there to read it is no reason to stop working.
            let _ = match (self.journal, warning) {
                (true, true) => writeln!(out, "<4>{words}"),
                (true, false) => writeln!(out, "<3>{words}"),
                (false, _) => out.write_all(line.as_bytes()),
            };
            if let Err(why) = kept {
                let _ = writeln!(out, "{}: {why}", self.path.display());
            }
        }
    }

    /// How often a line came since it was written; none when it is not to be written now.
    fn fresh(&mut self, words: &str) -> Option<u32> {
        let now = Instant::now();
        if self.seen.len() > 500 {
            self.seen.retain(|_, (at, _)| now - *at < AGAIN);
        }
        let Some((at, times)) = self.seen.get_mut(words) else {
            self.seen.insert(words.to_owned(), (now, 0));
            return Some(0);
        };
        if now - *at < AGAIN {
            *times += 1;
            return None;
        }
        *at = now;
        Some(std::mem::take(times))
    }
}

/// Words without the addresses of people.
fn discreet(words: &str) -> String {
    let hide = |word: &str| {
        if word.contains('@') { "(address)".to_owned() } else { word.to_owned() }
    };
    words.split(' ').map(hide).collect::<Vec<_>>().join(" ")
}

/// Adds a line to the file, which everybody who works on the book may write; a full one makes way
/// for a new one first.
fn append(path: &Path, line: &[u8]) -> io::Result<()> {
    for _ in 0..8 {
        let mut file = inside::open(path)?;
        file.lock()?;
        let facts = file.metadata()?;
        // Somebody may have begun a new file while we waited.
        if path.metadata().is_ok_and(|there| there.ino() == facts.ino()) {
            if facts.len() < MOST_BYTES {
                return file.write_all(line);
            }
            rotate(path)?;
        }
    }
    Err(io::Error::other("the log changes too fast"))
}

fn rotate(path: &Path) -> io::Result<()> {
    let old = |n: u32| {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{n}"));
        PathBuf::from(name)
    };
    for n in (1..KEPT).rev() {
        if old(n).exists() {
            std::fs::rename(old(n), old(n + 1))?;
        }
    }
    std::fs::rename(path, old(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_log_makes_way_and_few_are_kept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(NAME);
        let line = vec![b'x'; 200_000];
        for _ in 0..60 {
            append(&path, &line).unwrap();
        }
        let files: Vec<_> = dir.path().read_dir().unwrap().map(|f| f.unwrap()).collect();
        assert_eq!(files.len(), 1 + KEPT as usize);
        assert!(files.iter().all(|f| f.metadata().unwrap().len() < 2 * MOST_BYTES));
        assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o660);
    }

    #[test]
    fn the_same_line_is_written_once_a_minute_and_without_addresses() {
        let dir = tempfile::tempdir().unwrap();
        let mut lines = Lines {
            path: dir.path().join(NAME),
            aloud: Aloud::No,
            journal: false,
            seen: HashMap::new(),
        };
        for _ in 0..100 {
            lines.say("550 \u{1b}[2J <ann@acme.example> unknown\r\nat all", false);
        }
        let text = std::fs::read_to_string(&lines.path).unwrap();
        assert!(text.ends_with(" 550 [2J (address) unknown at all\n"), "{text}");
        assert_eq!(text.lines().count(), 1);
    }
}
