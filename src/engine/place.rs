//! Who may put a book, or a copy of one, into a directory that only the program's group opens.
//!
//! The group is lent for the work on books that are there. Making more files with it takes an admin
//! of a book in that directory; the first book there is made by root, or by a user of the group.

use super::Error;
use crate::domain::actor::{Actor, Verb};
use crate::inside;
use crate::outside;
use crate::store::{Store, role};
use std::path::Path;

/// Whether `actor` may make a book at `path`, or what looks like one: refused with who may.
pub fn may_make(path: &Path, actor: &Actor) -> Result<(), Error> {
    refuse_a_books_name(path)?;
    let Some(real) = outside::in_the_groups_directory(path) else { return Ok(()) };
    let directory = real.parent().unwrap_or(Path::new("/"));
    let io = |source| Error::Io { path: directory.to_owned(), source };
    for entry in std::fs::read_dir(directory).map_err(io)? {
        let entry = entry.map_err(io)?.path();
        if inside::belongs_to(&entry).is_none() && is_admin(&entry, actor) {
            return Ok(());
        }
    }
    Err(Error::usage(
        "forbidden",
        format!("{} is admin of no book in {}", actor.name, directory.display()),
        "an admin of a book there makes another one; the first is made by root or by a user of \
         the directory's group (README, One server, several clerks)",
    ))
}

/// A name that belongs to a book (its log, its lock, a copy of it) is no book's own.
pub fn refuse_a_books_name(path: &Path) -> Result<(), Error> {
    let Some(book) = inside::belongs_to(path) else { return Ok(()) };
    Err(Error::usage(
        "not_a_book",
        format!("{} belongs to the book {}", path.display(), book.display()),
        "name the book itself; a copy that is kept there is looked into by restoring it under \
         another name: daybook --book NEW restore COPY",
    ))
}

fn is_admin(book: &Path, actor: &Actor) -> bool {
    let asked = Store::look(book);
    asked.is_ok_and(|book| book.read(|db| role::authorize(db, actor, Verb::Settings)).is_ok())
}
