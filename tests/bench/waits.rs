//! How long another process waits to write while a run goes on.

use super::actor;
use daybook::domain::actor::Verb;
use daybook::store::{Op, Store, settings};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

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

    pub fn end(mut self) -> (u64, Duration) {
        drop(self.0.stdin.take());
        let mut line = String::new();
        BufReader::new(self.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
        self.0.wait().unwrap();
        let (writes, micros) = line.trim().split_once(' ').unwrap();
        (writes.parse().unwrap(), Duration::from_micros(micros.parse().unwrap()))
    }
}

/// Writes a setting every 20 ms until its input closes; prints how often and the longest wait.
pub fn writer(book: &Path) {
    let stop = std::sync::Arc::new(AtomicBool::new(false));
    let seen = std::sync::Arc::clone(&stop);
    std::thread::spawn(move || {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        seen.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    let mut store = Store::open(book).unwrap();
    let (mut writes, mut longest) = (0_u64, Duration::ZERO);
    while !stop.load(std::sync::atomic::Ordering::Relaxed) {
        let op = Op::new(&actor(), Verb::Settings, store.now().unwrap());
        let begun = Instant::now();
        store.write(&op, |tx| settings::set(tx, "issuer.footer", &writes.to_string())).unwrap();
        longest = longest.max(begun.elapsed());
        writes += 1;
        std::thread::sleep(Duration::from_millis(20));
    }
    println!("{writes} {}", longest.as_micros());
}
