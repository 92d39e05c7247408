//! Lists, printed page by page as they are read: a page is what is in memory, however long the list.
//!
//! The pages come from one view of the book as long as their reader keeps up. One that takes nothing
//! for a while (a pager that waits for a key) does not hold the log of the book that long: the view
//! ends, and what is left of the list is of the moment it goes on. A reader that has gone away ends
//! the list quietly.

use super::output::{self, Align, Columns};
use crate::engine::{Error, Session};
use crate::store::{Db, StoreError};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use serde_json::Value;
use std::io::{self, Write};
use std::os::fd::AsFd;

/// Rows read at a time.
pub const PAGE: u32 = 500;

/// How long a reader may take nothing while the book is held for it, in milliseconds.
const PATIENCE_MS: u16 = 2_000;

/// What is written at once: a pipe that is ready takes so many bytes without waiting.
const PIECE: usize = 4096;

/// Bytes that wait to be written, where no view is held.
const MUCH: usize = 256 << 10;

/// Rows of one page, and where the next begins; none when there is none.
pub type Page<R, K> = (Vec<R>, Option<K>);

/// A list that the command line prints.
pub trait List {
    type Row;
    /// Where a page begins.
    type Key;
    /// Columns of its table.
    const HEADERS: &'static [(&'static str, Align)];
    /// What is said instead of a table without rows; empty = its headers.
    const NOTHING: &'static str;

    /// The page that begins after a key (none = the first), at most about [`PAGE`] rows.
    fn page(
        &self,
        db: &Db<'_>,
        after: Option<&Self::Key>,
    ) -> Result<Page<Self::Row, Self::Key>, StoreError>;
    /// A row for programs.
    fn json(&self, db: &Db<'_>, row: &Self::Row) -> Result<Value, Error>;
    /// A row for people.
    fn cells(&self, db: &Db<'_>, row: &Self::Row) -> Result<Vec<String>, Error>;
}

/// Where a list is printed to.
pub trait Paper: Write {
    /// Whether it takes more without waiting for long.
    fn is_ready(&mut self) -> io::Result<bool>;
}

/// Standard output.
pub struct Stdout;

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(nix::unistd::write(io::stdout(), &bytes[..bytes.len().min(PIECE)])?)
    }
    fn flush(&mut self) -> io::Result<()> {
        io::stdout().flush()
    }
}

impl Paper for Stdout {
    fn is_ready(&mut self) -> io::Result<bool> {
        let out = io::stdout();
        let mut asked = [PollFd::new(out.as_fd(), PollFlags::POLLOUT)];
        match poll(&mut asked, PollTimeout::from(PATIENCE_MS)) {
            Ok(ready) => Ok(ready > 0),
            Err(Errno::EINTR) => Ok(true),
            Err(error) => Err(error.into()),
        }
    }
}

/// Where the page after these rows begins: a short page is the last.
pub fn next<R, K>(rows: &[R], key: impl FnOnce(&R) -> K) -> Option<K> {
    rows.last().filter(|_| rows.len() >= PAGE as usize).map(key)
}

/// Prints a list, as an array or as a table; gives how many rows it has.
pub fn print<L: List>(session: &Session, list: &L, as_json: bool) -> Result<usize, Error> {
    let mut printed = 0;
    let paper = &mut Stdout;
    quietly(if as_json {
        array(session, list, paper, &mut printed)
    } else {
        table(session, list, paper, &mut printed)
    })?;
    Ok(printed)
}

/// A reader that has gone away is no error.
pub fn quietly(printed: Result<(), Error>) -> Result<(), Error> {
    match printed {
        Err(Error::Io { source, .. }) if source.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

fn told(source: io::Error) -> Error {
    Error::Io { path: "standard output".into(), source }
}

/// Text on its way to paper.
pub struct Out<'p> {
    paper: &'p mut dyn Paper,
    text: Vec<u8>,
    at: usize,
}

impl<'p> Out<'p> {
    pub fn new(paper: &'p mut dyn Paper) -> Self {
        Self { paper, text: Vec::new(), at: 0 }
    }

    pub fn push(&mut self, text: &str) {
        self.text.extend_from_slice(text.as_bytes());
    }

    /// The next element of an array: `lead` stands before it (`[` or `,`), `indent` before each of
    /// its lines.
    pub fn element(&mut self, lead: char, indent: &str, value: &Value) -> Result<(), Error> {
        let text = serde_json::to_string_pretty(value).map_err(|e| Error::Bug(e.to_string()))?;
        let text = output::escaped(&text).replace('\n', indent);
        self.push(&format!("{lead}{indent}{text}"));
        Ok(())
    }

    /// Writes what it has while its reader takes it; false = the reader lets it wait.
    pub fn offer(&mut self) -> Result<bool, Error> {
        while self.at < self.text.len() {
            if !self.paper.is_ready().map_err(told)? {
                return Ok(false);
            }
            self.write()?;
        }
        self.text.clear();
        self.at = 0;
        Ok(true)
    }

    /// Writes what it has once that is much.
    pub fn ebb(&mut self) -> Result<(), Error> {
        if self.text.len() < MUCH { Ok(()) } else { self.flush() }
    }

    /// Writes all it has, however long its reader takes.
    pub fn flush(&mut self) -> Result<(), Error> {
        while self.at < self.text.len() {
            self.write()?;
        }
        self.offer()?;
        self.paper.flush().map_err(told)
    }

    fn write(&mut self) -> Result<(), Error> {
        match self.paper.write(&self.text[self.at..]) {
            Ok(0) => Err(told(io::ErrorKind::WriteZero.into())),
            Ok(written) => {
                self.at += written;
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
            Err(error) => Err(told(error)),
        }
    }
}

fn array<L: List>(
    session: &Session,
    list: &L,
    paper: &mut dyn Paper,
    printed: &mut usize,
) -> Result<(), Error> {
    let mut out = Out::new(paper);
    *printed = elements(session, list, &mut out, "\n  ")?;
    out.push(if *printed == 0 { "[]\n" } else { "\n]\n" });
    out.flush()
}

/// The beginning of an array and its elements, each line of them behind `indent`; gives how many. Of
/// none nothing is printed.
pub fn elements<L: List>(
    session: &Session,
    list: &L,
    out: &mut Out<'_>,
    indent: &str,
) -> Result<usize, Error> {
    let mut printed = 0;
    each(session, list, out, |db, row, out| {
        printed += 1;
        out.element(if printed == 1 { '[' } else { ',' }, indent, &list.json(db, &row)?)
    })?;
    Ok(printed)
}

/// Columns are as wide as their widest cell, which only the whole list tells: a list of more than a
/// page is read twice.
fn table<L: List>(
    session: &Session,
    list: &L,
    paper: &mut dyn Paper,
    printed: &mut usize,
) -> Result<(), Error> {
    let mut out = Out::new(paper);
    let mut columns = Columns::new(L::HEADERS);
    let mut few: Vec<Vec<String>> = Vec::new();
    let mut rows = 0;
    each(session, list, &mut out, |db, row, _| {
        let cells = list.cells(db, &row)?;
        columns.widen(&cells);
        rows += 1;
        if rows <= PAGE as usize {
            few.push(cells);
        } else {
            few.clear();
        }
        Ok(())
    })?;
    if rows == 0 && !L::NOTHING.is_empty() {
        out.push(L::NOTHING);
        out.push("\n");
        return out.flush();
    }
    out.push(&columns.head());
    if rows <= PAGE as usize {
        *printed = rows;
        few.iter().for_each(|cells| out.push(&columns.row(cells)));
    } else {
        each(session, list, &mut out, |db, row, out| {
            *printed += 1;
            out.push(&columns.row(&list.cells(db, &row)?));
            Ok(())
        })?;
    }
    out.flush()
}

/// Hands over every row in turn.
fn each<'p, L: List>(
    session: &Session,
    list: &L,
    out: &mut Out<'p>,
    mut take: impl FnMut(&Db<'_>, L::Row, &mut Out<'p>) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut after = None;
    loop {
        let over = session.store.read(|db| {
            loop {
                let (rows, next) = list.page(db, after.as_ref())?;
                for row in rows {
                    take(db, row, out)?;
                }
                after = next;
                if after.is_none() || !out.offer()? {
                    return Ok::<_, Error>(after.is_none());
                }
            }
        })?;
        if over {
            return Ok(());
        }
        out.flush()?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Now;
    use crate::domain::actor::Actor;
    use crate::store::{BookKind, CreateBook, Store};
    use crate::zone::Zone;
    use serde_json::json;
    use std::cell::Cell;
    use std::rc::Rc;

    /// Rows that are counted while they live.
    struct Numbers {
        size: u32,
        alive: Rc<Cell<usize>>,
        most: Cell<usize>,
        pages: Cell<usize>,
    }

    struct Number(u32, Rc<Cell<usize>>);

    impl Drop for Number {
        fn drop(&mut self) {
            self.1.set(self.1.get() - 1);
        }
    }

    impl Numbers {
        fn new(size: u32) -> Self {
            let alive = Rc::default();
            Self { size, alive, most: Cell::new(0), pages: Cell::new(0) }
        }
    }

    impl List for Numbers {
        type Row = Number;
        type Key = u32;
        const HEADERS: &'static [(&'static str, Align)] =
            &[("N", Align::Right), ("WORDS", Align::Left), ("", Align::Left)];
        const NOTHING: &'static str = "no numbers";

        fn page(&self, _: &Db<'_>, after: Option<&u32>) -> Result<Page<Number, u32>, StoreError> {
            let from = after.map_or(0, |n| n + 1);
            let rows = (from..self.size.min(from + PAGE)).map(|n| {
                self.alive.set(self.alive.get() + 1);
                Number(n, Rc::clone(&self.alive))
            });
            let rows: Vec<Number> = rows.collect();
            self.most.set(self.most.get().max(self.alive.get()));
            self.pages.set(self.pages.get() + 1);
            let next = next(&rows, |row| row.0);
            Ok((rows, next))
        }

        fn json(&self, _: &Db<'_>, row: &Number) -> Result<Value, Error> {
            Ok(json!({ "n": row.0, "words": words(row.0), "parts": [row.0, []] }))
        }

        fn cells(&self, _: &Db<'_>, row: &Number) -> Result<Vec<String>, Error> {
            Ok(vec![row.0.to_string(), words(row.0)])
        }
    }

    fn words(n: u32) -> String {
        format!("line {n}\nof {}\u{202e}", "x".repeat(n as usize % 37))
    }

    /// A reader that takes so many bytes, and is not ready before every so many questions.
    struct Slow {
        taken: Vec<u8>,
        ends: usize,
        asked: usize,
        waits: usize,
    }

    impl Slow {
        fn new(ends: usize, waits: usize) -> Self {
            Self { taken: Vec::new(), ends, asked: 0, waits }
        }
    }

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let taken = bytes.len().min(PIECE).min(self.ends - self.taken.len());
            if taken == 0 {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            self.taken.extend(&bytes[..taken]);
            Ok(taken)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Paper for Slow {
        fn is_ready(&mut self) -> io::Result<bool> {
            self.asked += 1;
            Ok(!self.asked.is_multiple_of(self.waits))
        }
    }

    fn session() -> (tempfile::TempDir, Session) {
        let dir = tempfile::tempdir().unwrap();
        let actor = Actor { uid: 1, name: "mia".to_owned() };
        let now = Now::system(Zone::UTC);
        let new = CreateBook { kind: BookKind::Test, actor: &actor, now };
        let store = Store::create(&dir.path().join("book.db"), &new).unwrap();
        (dir, Session::on(store, actor))
    }

    #[test]
    fn an_array_is_what_it_would_be_in_one_piece_and_holds_a_page() {
        let (_dir, session) = session();
        for size in [0, 1, 7, PAGE - 1, PAGE, PAGE + 1, 5 * PAGE + 3] {
            let list = Numbers::new(size);
            let mut paper = Slow::new(usize::MAX, 5);
            let mut printed = 0;
            array(&session, &list, &mut paper, &mut printed).unwrap();
            let all: Vec<Value> =
                (0..size).map(|n| json!({ "n": n, "words": words(n), "parts": [n, []] })).collect();
            let whole = serde_json::to_string_pretty(&all).unwrap();
            let whole = output::escaped(&whole) + "\n";
            assert_eq!(String::from_utf8(paper.taken).unwrap(), whole);
            assert_eq!(printed, size as usize);
            assert!(list.most.get() <= PAGE as usize, "{} rows at once", list.most.get());
        }
    }

    #[test]
    fn a_table_is_what_it_would_be_in_one_piece_and_holds_a_page() {
        let (_dir, session) = session();
        for size in [0, 1, PAGE, PAGE + 1, 3 * PAGE] {
            let list = Numbers::new(size);
            let mut paper = Slow::new(usize::MAX, 3);
            let mut printed = 0;
            table(&session, &list, &mut paper, &mut printed).unwrap();
            let rows: Vec<Vec<String>> = (0..size).map(|n| vec![n.to_string(), words(n)]).collect();
            let mut columns = Columns::new(Numbers::HEADERS);
            rows.iter().for_each(|cells| columns.widen(cells));
            let mut whole = columns.head();
            rows.iter().for_each(|cells| whole.push_str(&columns.row(cells)));
            if size == 0 {
                "no numbers\n".clone_into(&mut whole);
            }
            assert_eq!(String::from_utf8(paper.taken).unwrap(), whole);
            assert_eq!(printed, size as usize);
            assert!(list.most.get() <= PAGE as usize, "{} rows at once", list.most.get());
        }
    }

    #[test]
    fn a_reader_that_goes_away_ends_the_list_and_is_no_error() {
        let (_dir, session) = session();
        for ends in [0, 10, 100_000] {
            let list = Numbers::new(20 * PAGE);
            let mut printed = 0;
            let mut paper = Slow::new(ends, usize::MAX);
            let ended = array(&session, &list, &mut paper, &mut printed);
            assert!(ended.is_err());
            quietly(ended).unwrap();
            assert_eq!(paper.taken.len(), ends);
            assert!(list.pages.get() <= 3, "{} pages were read", list.pages.get());
        }
        let full = Err(told(io::ErrorKind::StorageFull.into()));
        assert!(quietly(full).is_err(), "a full disk is told");
    }

    #[test]
    fn the_book_is_not_held_for_a_reader_that_lets_it_wait() {
        struct Held<'s>(&'s Session, Slow, usize);
        impl Write for Held<'_> {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                // While the view is open, no other can be on its connection.
                let free = self.0.store.read(|_| Ok::<_, StoreError>(())).is_ok();
                self.2 += usize::from(free);
                self.1.write(bytes)
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        impl Paper for Held<'_> {
            fn is_ready(&mut self) -> io::Result<bool> {
                self.1.is_ready()
            }
        }
        let (_dir, session) = session();
        let list = Numbers::new(10 * PAGE);
        let mut ready = Held(&session, Slow::new(usize::MAX, usize::MAX), 0);
        array(&session, &list, &mut ready, &mut 0).unwrap();
        let mut waits = Held(&session, Slow::new(usize::MAX, 1), 0);
        array(&session, &list, &mut waits, &mut 0).unwrap();
        assert!(ready.2 < 100, "held while its reader keeps up: {}", ready.2);
        assert!(waits.2 > ready.2, "written without a view: {} and {}", waits.2, ready.2);
        assert_eq!(waits.1.taken, ready.1.taken);
    }
}
