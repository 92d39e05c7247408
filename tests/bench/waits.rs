//! How long another process waits to write while a run goes on.

use super::actor;
use daybook::domain::actor::Verb;
use daybook::store::{Op, Store, settings};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// Another process that writes all the while.
pub struct Waits(std::process::Child);

impl Waits {
    pub fn start(book: &Path) -> Self {
        let exe: PathBuf = std::env::current_exe().unwrap();
        let child = Command::new(exe)
            .arg("--writer")
            .arg(book)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self(child)
    }

    /// How often it wrote, how long it waited for the lock, and how long a write took in all.
    pub fn end(mut self) -> Waited {
        drop(self.0.stdin.take());
        let mut line = String::new();
        BufReader::new(self.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
        self.0.wait().unwrap();
        let micros: Vec<u64> = line.split_whitespace().map(|n| n.parse().unwrap()).collect();
        let of = |n: usize| Duration::from_micros(micros[n]);
        Waited { writes: micros[0], p99: of(1), longest: of(2), whole: of(3) }
    }
}

/// What the other process saw.
pub struct Waited {
    pub writes: u64,
    /// Of the waits for the lock.
    pub p99: Duration,
    pub longest: Duration,
    /// The longest write, its own commit included.
    pub whole: Duration,
}

impl std::fmt::Display for Waited {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ms = |d: Duration| d.as_secs_f64() * 1000.0;
        write!(
            f,
            "{} writes of another process waited for the lock {:.0} ms in 99 of 100, {:.0} ms at most; the longest took {:.0} ms with its own commit",
            self.writes,
            ms(self.p99),
            ms(self.longest),
            ms(self.whole)
        )
    }
}

/// What all but a share of so many durations stay below.
pub fn quantile(sorted: &[Duration], of_hundred: usize) -> Duration {
    let at = (sorted.len() * of_hundred / 100).min(sorted.len().saturating_sub(1));
    sorted.get(at).copied().unwrap_or_default()
}

/// Writes a setting every 20 ms until its input closes; prints how often and how long that took.
pub fn writer(book: &Path) {
    let stop = std::sync::Arc::new(AtomicBool::new(false));
    let seen = std::sync::Arc::clone(&stop);
    std::thread::spawn(move || {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        seen.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    let mut store = Store::open(book).unwrap();
    store.watch_locks();
    let mut writes = 0_u64;
    while !stop.load(std::sync::atomic::Ordering::Relaxed) {
        let op = Op::new(&actor(), Verb::Settings, store.now().unwrap());
        store.write(&op, |tx| settings::set(tx, "issuer.footer", &writes.to_string())).unwrap();
        writes += 1;
        std::thread::sleep(Duration::from_millis(20));
    }
    let mut waits: Vec<Duration> = store.locks().iter().map(|l| l.waited).collect();
    waits.sort_unstable();
    let whole = store.locks().iter().map(|l| l.waited + l.held).max().unwrap_or_default();
    println!(
        "{writes} {} {} {}",
        quantile(&waits, 99).as_micros(),
        waits.last().copied().unwrap_or_default().as_micros(),
        whole.as_micros()
    );
}
