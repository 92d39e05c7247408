//! What nothing inside the book can remember: where its audit trail ended. After each audited commit
//! the position and the hash of the last operation are appended to the file `heads` in the side
//! directory. A hash commits to everything before it, so a trail that was cut, emptied or made anew, and
//! a write-ahead log that was taken away or put there, no longer hold what is written here.
//!
//! The file is never ahead of the book (a line follows its commit) and may be behind by what a killed
//! process did not write; later lines make up for that. A line torn by a power cut is passed over: the
//! next one commits to all it said. What a head on paper is for: this file lies beside the book.

use super::{Db, StoreError, operation, side_directory};
use crate::inside;
use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

mod keep;

/// Its name in the side directory.
pub const FILE: &str = "heads";

/// How long lines may wait for the disk while a job commits many; they are synced when the book is
/// closed, too. Only a power cut can lose them.
const SYNC: Duration = Duration::from_secs(1);

/// Where a trail stood: the position of its last operation and the hash there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Position, from 1; 0 before the first operation.
    pub seq: i64,
    /// Hash in hexadecimal; what somebody copied from paper may be its beginning.
    pub hash: String,
}

/// As it is printed and taken back: `12:9f86d081884c7d65…`.
impl fmt::Display for Head {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}", self.seq, self.hash)
    }
}

/// Hexadecimal digits that tell a head from every other one.
const ENOUGH: usize = 16;

impl Head {
    /// The last operation of a book.
    pub fn of(db: &Db<'_>) -> Result<Self, StoreError> {
        let (seq, hash) = operation::head(db)?;
        Ok(Self { seq, hash: hex(&hash) })
    }

    /// Reads one as it is printed; at least [`ENOUGH`] digits of the hash.
    pub fn parse(text: &str) -> Option<Self> {
        let (seq, hash) = text.trim().split_once(':')?;
        let hash = hash.to_ascii_lowercase();
        let fits =
            (ENOUGH..=64).contains(&hash.len()) && hash.bytes().all(|b| b.is_ascii_hexdigit());
        Some(Self { seq: seq.parse().ok().filter(|n| *n >= 0)?, hash }).filter(|_| fits)
    }

    /// Whether a trail holds it.
    pub fn is_held(&self, db: &Db<'_>) -> Result<bool, StoreError> {
        if self.seq == 0 {
            return Ok(self.hash.bytes().all(|b| b == b'0'));
        }
        let found = operation::hash_at(db, self.seq)?;
        Ok(found.is_some_and(|hash| hex(&hash).starts_with(&self.hash)))
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// The heads that the file holds a book to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Kept {
    /// What the book may be; the first is the likeliest. A restore that was killed leaves it open
    /// whether the book was exchanged, so it is either.
    branches: Vec<Branch>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Branch {
    book: String,
    /// Hashes by position. More than one at a position means that the trail was cut and went on.
    heads: BTreeMap<i64, Vec<String>>,
    /// Another book that wrote here.
    other: Option<String>,
}

impl Branch {
    fn from(book: &str, head: Head) -> Self {
        let heads = BTreeMap::from([(head.seq, vec![head.hash])]);
        Self { book: book.to_owned(), heads, other: None }
    }

    fn add(&mut self, book: &str, head: &Head) {
        if self.book != book {
            self.other = Some(book.to_owned());
            return;
        }
        let at = self.heads.entry(head.seq).or_default();
        if !at.contains(&head.hash) {
            at.push(head.hash.clone());
        }
    }

    /// What of it a book does not hold, in words.
    fn missing(&self, db: &Db<'_>) -> Result<Vec<String>, StoreError> {
        let (mut told, uid) = (Vec::new(), super::settings::facts(db)?.uid);
        let other = if self.book == uid { self.other.as_ref() } else { Some(&self.book) };
        if let Some(other) = other {
            told.push(format!(
                "heads of another book were kept beside it ({other}, this is {uid})"
            ));
            return Ok(told);
        }
        let (last, _) = operation::head(db)?;
        let beyond: Vec<i64> = self.heads.range(last + 1..).map(|(seq, _)| *seq).collect();
        if let (Some(first), Some(end)) = (beyond.first(), beyond.last()) {
            told.push(format!(
                "the trail ends at operation {last}; operations up to {end} were seen ({first} to {end} \
                 are gone)"
            ));
        }
        operation::each_hash(db, |seq, hash| {
            let Some(kept) = self.heads.get(&seq) else { return };
            let hash = hex(hash);
            for other in kept.iter().filter(|k| **k != hash) {
                let short = &other[..ENOUGH];
                told.push(format!("operation {seq} is not the one that was seen ({short}…)"));
            }
        })?;
        Ok(told)
    }
}

impl Kept {
    /// Reads the file beside a book. Read it before the book: then it cannot be ahead.
    pub fn read(book: &Path) -> Result<Self, StoreError> {
        let path = side_directory(book).join(FILE);
        if path.symlink_metadata().is_ok_and(|m| !m.is_file()) {
            // A pipe would be waited for; the check of the side directory names it.
            return Ok(Self::default());
        }
        match std::fs::read(&path) {
            Ok(bytes) => Ok(Self::parse(&String::from_utf8_lossy(&bytes))),
            Err(source) if source.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(source) => Err(StoreError::Io { path, source }),
        }
    }

    /// How many positions are kept, and the last of them.
    pub fn extent(&self) -> (usize, i64) {
        let Some(branch) = self.branches.first() else { return (0, 0) };
        (branch.heads.len(), branch.heads.last_key_value().map_or(0, |(seq, _)| *seq))
    }

    fn parse(text: &str) -> Self {
        let mut branches: Vec<Branch> = Vec::new();
        for line in text.lines() {
            let mut words = line.split(' ');
            let (kind, book, head) = (words.next(), words.next(), words.next());
            let whole = words.next().is_none();
            let head = head.and_then(Head::parse).filter(|h| h.hash.len() == 64 && whole);
            let (Some(book), Some(head)) = (book, head) else { continue };
            match kind {
                // The hash commits to all before it, so what was kept until then says no more.
                Some("restored") => branches = vec![Branch::from(book, head)],
                Some("restoring") => branches.push(Branch::from(book, head)),
                Some("head") if branches.is_empty() => branches.push(Branch::from(book, head)),
                Some("head") => branches.iter_mut().for_each(|b| b.add(book, &head)),
                Some(_) | None => {}
            }
        }
        Self { branches }
    }

    /// What of it a book does not hold, in words.
    pub fn missing(&self, db: &Db<'_>) -> Result<Vec<String>, StoreError> {
        let mut first = Vec::new();
        for (n, branch) in self.branches.iter().enumerate() {
            let told = branch.missing(db)?;
            if told.is_empty() {
                return Ok(told);
            }
            if n == 0 {
                first = told;
            }
        }
        Ok(first)
    }
}

/// Appends lines; one for each store.
#[derive(Debug, Default)]
pub(super) struct Keeper {
    open: Option<(File, String)>,
    synced: Option<Instant>,
    dirty: bool,
}

impl Keeper {
    /// A full disk loses the line and not the commit, which is done: the next line makes up for it,
    /// and `doctor` tells when the file is behind.
    pub(super) fn keep(&mut self, book: &Path, uid: impl FnOnce() -> Option<String>, head: &Head) {
        if self.open.is_none() {
            self.open = file(book).ok().zip(uid());
        }
        let Some((file, uid)) = &mut self.open else { return };
        self.dirty |= file.write_all(line("head", uid, head).as_bytes()).is_ok();
        if self.synced.is_none_or(|at| at.elapsed() >= SYNC) {
            self.sync();
        }
    }

    fn sync(&mut self) {
        if let (true, Some((file, _))) = (self.dirty, &self.open) {
            // Best effort, as above.
            let _ = file.sync_data();
            self.dirty = false;
            self.synced = Some(Instant::now());
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.sync();
    }
}

fn line(kind: &str, uid: &str, head: &Head) -> String {
    format!("{kind} {uid} {head}\n")
}

fn file(book: &Path) -> std::io::Result<File> {
    let side = side_directory(book);
    let path = side.join(FILE);
    let fresh = !path.exists();
    let file = inside::open(&path)?;
    if fresh {
        File::open(&side)?.sync_all()?;
    }
    Ok(file)
}

/// Notes, before a book is exchanged for a copy with this mark, that it will be: killed in between, the
/// trail may be either.
pub fn note_restoring(book: &Path, (uid, head): &(String, Head)) -> Result<(), StoreError> {
    note(book, "restoring", uid, head)
}

fn note(book: &Path, kind: &str, uid: &str, head: &Head) -> Result<(), StoreError> {
    let path = side_directory(book).join(FILE);
    let io = |source| StoreError::Io { path: path.clone(), source };
    let mut file = file(book).map_err(io)?;
    file.write_all(line(kind, uid, head).as_bytes()).map_err(io)?;
    file.sync_data().map_err(io)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_as_it_is_printed_and_in_part() {
        let full = Head { seq: 12, hash: "9f".repeat(32) };
        assert_eq!(Head::parse(&full.to_string()), Some(full));
        assert_eq!(Head::parse(" 3:ABCDEF0123456789 ").unwrap().hash, "abcdef0123456789");
        for bad in ["", "12", "12:", "12:abc", "-1:abcdef0123456789", "x:abcdef0123456789", "1:zz"]
        {
            assert_eq!(Head::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_restore_forgets_what_was_before_it_and_a_torn_line_is_passed_over() {
        let h = |c: &str| c.repeat(64);
        let text = format!(
            "head u 1:{a}\nhead u 4:{}\nrestored u 2:{b}\nhead u 3:{d}\nnoise\nhead u 9:abc",
            h("e"),
            a = h("a"),
            b = h("b"),
            d = h("d")
        );
        let kept = Kept::parse(&text);
        let all: Vec<_> = kept.branches[0].heads.iter().collect();
        assert_eq!(all, [(&2, &vec![h("b")]), (&3, &vec![h("d")])]);
        assert_eq!((kept.branches.len(), kept.extent()), (1, (2, 3)));
        // Killed between the note and the exchange, or after it: either, until one is done.
        let text = format!("{text}\nrestoring v 7:{}\nhead u 4:{}", h("1"), h("2"));
        let kept = Kept::parse(&text);
        assert_eq!(kept.branches.len(), 2);
        assert_eq!((kept.extent(), kept.branches[1].heads.len()), ((3, 4), 1));
        assert!(kept.branches[0].other.is_none() && kept.branches[1].other.is_some());
        let kept = Kept::parse(&format!("{text}\nrestored v 7:{}\n", h("1")));
        assert_eq!((kept.branches.len(), kept.branches[0].book.as_str()), (1, "v"));
    }
}
