//! Which names belong to a book, so that no other book is made under one of them.

use std::path::{Path, PathBuf};

/// What SQLite appends to a database's name.
const LOGS: &[&str] = &["-wal", "-shm", "-journal"];

/// What we put between a book's name and a word or a number: the book before a restore, copies on
/// their way to its place.
const COPIES: &[&str] = &[".before-", ".part", ".restoring"];

/// The file of the side directory by which an admin insists on a file system: theirs, whatever its
/// mode, see [`crate::store::filesystem`].
pub const INSIST: &str = "allow-filesystem";

/// The directory beside a book: `book.db` → `book.db.d`.
pub fn side_directory(book: &Path) -> PathBuf {
    let mut name = book.as_os_str().to_owned();
    name.push(".d");
    PathBuf::from(name)
}

/// The book that a path belongs to by its name: a file of its side directory, a log of SQLite, a
/// copy kept or on its way. None: it may be a book itself.
pub fn belongs_to(path: &Path) -> Option<PathBuf> {
    let above = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let above = above.canonicalize().unwrap_or_else(|_| above.to_owned());
    if let Some(book) = above.ancestors().find_map(book_of_side) {
        return Some(book);
    }
    let name = path.file_name()?.to_string_lossy().into_owned();
    let small = name.to_ascii_lowercase();
    let cut = |at: usize| name.get(..at).filter(|n| !n.is_empty()).map(|n| above.join(n));
    if ends(path, "d") && ends(&path.with_extension(""), "db") {
        return cut(name.len() - ".d".len());
    }
    if let Some(book) = LOGS.iter().find_map(|log| small.strip_suffix(log)) {
        return cut(book.len());
    }
    let copies = COPIES.iter().filter_map(|part| small.find(part));
    copies.filter_map(cut).find(|book| is_named_like_a_book(book))
}

/// The book whose side directory this is.
fn book_of_side(directory: &Path) -> Option<PathBuf> {
    let book = ends(directory, "d").then(|| directory.with_extension(""))?;
    is_named_like_a_book(&book).then_some(book)
}

/// By the ending, or because there is such a file.
fn is_named_like_a_book(path: &Path) -> bool {
    ends(path, "db") || path.is_file()
}

fn ends(path: &Path, ending: &str) -> bool {
    path.extension().is_some_and(|e| e.eq_ignore_ascii_case(ending))
}
