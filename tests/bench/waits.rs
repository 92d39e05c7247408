//! How long another process waits to write while a run goes on.

use super::actor;
use daybook::config::key;
use daybook::domain::actor::Verb;
use daybook::store::{Op, Store, settings};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// Other processes that write all the while.
pub struct Waits(Vec<std::process::Child>);

impl Waits {
    pub fn start(book: &Path, clerks: usize) -> Self {
        let exe: PathBuf = std::env::current_exe().unwrap();
        let clerk = || {
            Command::new(&exe)
                .arg("--writer")
                .arg(book)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap()
        };
        Self((0..clerks).map(|_| clerk()).collect())
    }

    /// How often they wrote, how long they waited for the lock, and how long a write took in all.
    pub fn end(mut self) -> Waited {
        let mut waited = Waited::default();
        self.0.iter_mut().for_each(|child| drop(child.stdin.take()));
        for mut child in self.0 {
            let mut line = String::new();
            BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
            child.wait().unwrap();
            for pair in line.split_whitespace() {
                let (wait, whole) = pair.split_once(':').unwrap();
                let micros = |text: &str| Duration::from_micros(text.parse().unwrap());
                waited.waits.push(micros(wait));
                waited.whole = waited.whole.max(micros(whole));
            }
            waited.clerks += 1;
        }
        waited.waits.sort_unstable();
        waited
    }
}

/// What the other processes saw.
#[derive(Default)]
pub struct Waited {
    clerks: usize,
    /// For the lock, shortest first.
    waits: Vec<Duration>,
    /// The longest write, its own commit included.
    whole: Duration,
}

impl std::fmt::Display for Waited {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ms = |d: Duration| d.as_secs_f64() * 1000.0;
        write!(
            f,
            "{} writes of {} other processes waited for the lock, ms: p50 {:.0}, p99 {:.0}, max {:.0}; the longest took {:.0} with its own commit",
            self.waits.len(),
            self.clerks,
            ms(quantile(&self.waits, 50)),
            ms(quantile(&self.waits, 99)),
            ms(quantile(&self.waits, 100)),
            ms(self.whole)
        )
    }
}

/// What all but a share of so many durations stay below.
pub fn quantile(sorted: &[Duration], of_hundred: usize) -> Duration {
    let at = (sorted.len() * of_hundred / 100).min(sorted.len().saturating_sub(1));
    sorted.get(at).copied().unwrap_or_default()
}

/// Writes a setting every 20 ms until its input closes; prints how long each waited and took.
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
        store.write(&op, |tx| settings::set(tx, key::ISSUER_FOOTER, &writes.to_string())).unwrap();
        writes += 1;
        std::thread::sleep(Duration::from_millis(20));
    }
    let pairs =
        store.locks().iter().map(|l| (l.waited.as_micros(), (l.waited + l.held).as_micros()));
    let pairs: Vec<String> = pairs.map(|(wait, whole)| format!("{wait}:{whole}")).collect();
    println!("{}", pairs.join(" "));
}
