//! Bringing an older book up: one process at a time, a copy first, then every missing file in one
//! transaction. Killed at any point it leaves the old book or the new one, and is begun again.
//!
//! Files may make a table anew (create, copy, drop, rename): references are not enforced meanwhile and
//! all of them are looked at before the commit.

use super::face::{Access, Conn};
use super::schema::{MIGRATIONS, known};
use super::whole::{Whole, with_suffix};
use super::{Db, Store, StoreError, hold, side_directory};
use crate::inside::For;
use rusqlite::TransactionBehavior;
use rusqlite::config::DbConfig;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// From this schema on every program compares it with its own at each transaction. Older programs
/// do not, so nobody at all may have such a book open while it is brought up.
const COMPARED_FROM: i64 = 5;
/// How long others have to close the book.
const PATIENCE: Duration = Duration::from_secs(2);
/// What a migration may write besides what it makes anew, at least.
const SLACK: u64 = 4 << 20;

/// What all migrations leave in an empty book, in one piece: laying them one by one takes five times as
/// long, and every new book and every `check` needs it.
const NEW: &str = include_str!("schema.sql");

/// How that file begins while it is of all migrations.
fn head() -> String {
    format!("-- {} migrations leave this in a new book", MIGRATIONS.len())
}

/// Lays this program's schema in an empty database.
pub(super) fn lay_new(conn: &Conn) -> Result<(), StoreError> {
    if !NEW.starts_with(&head()) {
        return lay(conn, MIGRATIONS, &mut |_| {});
    }
    let begun = conn.begin(TransactionBehavior::Exclusive)?;
    begun.db().batch(NEW)?;
    conn.raw().pragma_update(None, "user_version", known())?;
    begun.commit()
}

/// Brings the book at `path` up to this program's schema; nothing if another process just did.
pub(super) fn bring_up(path: &Path, say: &mut dyn FnMut(&str)) -> Result<(), StoreError> {
    let known = known();
    let _gate = hold::shut(path, &format!("being brought up to schema {known}"))?;
    let store = Store::connect(path, Access::Write)?;
    let from = store.version()?;
    if from >= known {
        return Ok(());
    }
    if from < COMPARED_FROM {
        store.alone()?;
    }
    store.keep_copy(from, say)?;
    lay(&store.conn, MIGRATIONS, say).map_err(|e| e.at(path))
}

/// Lays every file of `files` that the database does not have, in one exclusive transaction.
pub(super) fn lay(
    conn: &Conn,
    files: &[&str],
    say: &mut dyn FnMut(&str),
) -> Result<(), StoreError> {
    // None can be changed inside a transaction. A table under a new name is what others refer to
    // already: references are not to follow the renaming. A file may change a CHECK in its place.
    let raw = conn.raw();
    raw.pragma_update(None, "foreign_keys", false)?;
    raw.pragma_update(None, "legacy_alter_table", true)?;
    let defensive = raw.db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE)?;
    raw.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, false)?;
    let result = laid(conn, files, say);
    raw.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, defensive)?;
    raw.pragma_update(None, "legacy_alter_table", false)?;
    raw.pragma_update(None, "foreign_keys", true)?;
    result
}

fn laid(conn: &Conn, files: &[&str], say: &mut dyn FnMut(&str)) -> Result<(), StoreError> {
    let begun = conn.begin(TransactionBehavior::Exclusive)?;
    let db = begun.db();
    let from = conn.pragma("user_version")?;
    let marks = last_keys(&db)?;
    let to = files.len() as i64;
    for (version, sql) in (1..).zip(files).skip_while(|(version, _)| *version <= from) {
        say(&format!("schema {version} of {to}"));
        db.batch(sql)?;
    }
    if !marks.is_empty() {
        say("looking at every reference");
        if db.any("PRAGMA foreign_key_check", [])? {
            let words =
                format!("brought up to schema {to} it would refer to rows that are not there");
            return Err(StoreError::Corrupt(words));
        }
    }
    for version in from + 1..=to {
        for (name, last) in &marks {
            let mark = "INSERT INTO schema_mark (version, name, last) VALUES (?1, ?2, ?3)";
            db.change(mark, (version, name, last))?;
        }
    }
    conn.raw().pragma_update(None, "user_version", to)?;
    begun.commit()
}

/// The greatest key of every table that has rows and an integer for a key.
fn last_keys(db: &Db<'_>) -> Result<Vec<(String, i64)>, StoreError> {
    let tables: Vec<(String, String)> = db.all(
        "SELECT m.name, p.name FROM sqlite_schema m JOIN pragma_table_info(m.name) p
         WHERE m.type = 'table' AND p.pk > 0 AND m.name NOT LIKE 'sqlite_%'
           AND m.name NOT IN (SELECT name FROM pragma_table_list WHERE type = 'shadow')
         GROUP BY m.name HAVING count(*) = 1 AND p.type = 'INTEGER' ORDER BY m.name",
        [],
        |r| Ok((r.get(0)?, r.get(1)?)),
    )?;
    let mut found = Vec::new();
    for (table, key) in tables {
        let sql = format!("SELECT max(\"{key}\") FROM \"{table}\"");
        if let Some(last) = db.one(&sql, [], |r| r.get(0))? {
            found.push((table, last));
        }
    }
    Ok(found)
}

impl Store {
    /// No other connection of whatever program from now on, or an error that says so.
    pub(super) fn alone(&self) -> Result<(), StoreError> {
        let begun = Instant::now();
        let conn = self.conn.raw();
        let attempt = || -> rusqlite::Result<()> {
            conn.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
            conn.execute_batch("BEGIN IMMEDIATE; COMMIT;")
        };
        conn.busy_timeout(Duration::from_millis(50))?;
        loop {
            match attempt().map_err(|e| self.named(e)) {
                Err(StoreError::Busy) if begun.elapsed() < PATIENCE => {
                    std::thread::sleep(Duration::from_millis(5));
                }
                Err(StoreError::Busy) => {
                    return Err(StoreError::InUse(format!(
                        "{} is open in another program; nothing was changed",
                        self.path.display()
                    )));
                }
                other => return other,
            }
        }
    }

    /// Keeps the book as it is now in the directory beside it, if there is room for all that follows.
    fn keep_copy(&self, from: i64, say: &mut dyn FnMut(&str)) -> Result<(), StoreError> {
        let directory = side_directory(&self.path);
        let target = free_name(&directory.join(format!("before-schema-{from}.db")), self)?;
        let copy = Whole::begin(&target, For::All)?;
        let number = |name: &str| -> Result<u64, StoreError> {
            Ok(self.conn.pragma(name).map_err(|e| self.named(e))?.unsigned_abs())
        };
        let bytes = number("page_count")? * number("page_size")?;
        let anew = MIGRATIONS
            .iter()
            .skip(usize::try_from(from).unwrap_or(0))
            .any(|sql| sql.contains("DROP TABLE"));
        // The transaction writes into the log first, then into the book.
        room(&self.path, &directory, bytes, if anew { 2 * bytes } else { bytes / 10 })?;
        say(&format!("a copy of the book first ({} MB), as {}", bytes >> 20, target.display()));
        self.copy_into(copy.part())?;
        copy.put_over()
    }

    /// Whether all that `copy` says happened has happened here too.
    fn contains(&self, copy: &Path) -> bool {
        let theirs = || -> Result<(i64, Vec<u8>), StoreError> {
            let other = Self::connect(copy, Access::Read)?;
            other.read(super::operation::head)
        };
        let Ok((seq, hash)) = theirs() else { return false };
        let ours: Option<Vec<u8>> = self
            .conn
            .db()
            .one("SELECT hash FROM operation WHERE seq = ?1", [seq], |r| r.get(0))
            .ok();
        ours == Some(hash)
    }
}

/// Refuses work on `book` that its disk has no room for: a copy, and what else is written.
pub(super) fn room(book: &Path, directory: &Path, copy: u64, more: u64) -> Result<(), StoreError> {
    let needed = copy + more + SLACK;
    let free = nix::sys::statvfs::statvfs(directory)
        .map_or(u64::MAX, |s| s.blocks_available() * s.fragment_size());
    if free < needed {
        return Err(StoreError::NoRoom { path: book.to_owned(), needed, free });
    }
    Ok(())
}

/// The first name that is free, or whose copy holds nothing that this book does not.
fn free_name(wanted: &Path, book: &Store) -> Result<PathBuf, StoreError> {
    let mut name = wanted.to_owned();
    for n in 2..1_000 {
        if !name.exists() || book.contains(&name) {
            return Ok(name);
        }
        name = with_suffix(&wanted.with_extension(""), &format!("-{n}.db"));
    }
    Err(StoreError::Exists(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::check;

    /// Makes a table anew that others refer to and triggers guard.
    const ANEW: &str = "
        CREATE TABLE account_new (id INTEGER PRIMARY KEY, number TEXT NOT NULL UNIQUE,
          currency TEXT NOT NULL, note TEXT NOT NULL DEFAULT '',
          open_minor INTEGER NOT NULL DEFAULT 0, extra TEXT NOT NULL DEFAULT 'x') STRICT;
        INSERT INTO account_new (id, number, currency, open_minor)
          SELECT id, number, currency, open_minor FROM account;
        DROP TABLE account;
        ALTER TABLE account_new RENAME TO account;";

    fn old_book() -> Conn {
        let conn = Conn::in_memory().unwrap();
        lay(&conn, &MIGRATIONS[..4], &mut |_| {}).unwrap();
        conn.db()
            .batch(
                "INSERT INTO account (id, number, currency) VALUES (7, 'A1', 'EUR');
             INSERT INTO account_note (id, account_id, at, user_name, text)
               VALUES (3, 7, 0, 'mia', 'kept');",
            )
            .unwrap();
        conn
    }

    /// Everything in a database that migrations left, as SQL.
    fn dump(conn: &Conn) -> String {
        let texts = |sql: &str| -> Vec<String> { conn.db().all(sql, [], |r| r.get(0)).unwrap() };
        // What a virtual table keeps for itself comes with it.
        let made = "FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' \
            AND name NOT IN (SELECT name FROM pragma_table_list WHERE type = 'shadow')";
        let mut all =
            format!("{}: DAYBOOK_BLESS=1 cargo test --lib a_new_book writes it.\n", head());
        for sql in texts(&format!("SELECT sql {made} ORDER BY rowid")) {
            all.push_str(&format!("{sql};\n"));
        }
        for table in texts(&format!("SELECT name {made} AND type = 'table' ORDER BY rowid")) {
            let columns = texts(&format!("SELECT name FROM pragma_table_info('{table}')"));
            let quoted: Vec<String> = columns.iter().map(|c| format!("quote(\"{c}\")")).collect();
            let row = quoted.join(" || ', ' || ");
            for values in texts(&format!("SELECT {row} FROM \"{table}\"")) {
                all.push_str(&format!("INSERT INTO \"{table}\" VALUES ({values});\n"));
            }
        }
        // How the index of texts is kept is written through it.
        let set = "SELECT 'INSERT INTO account_text (account_text, rank) VALUES (' \
            || quote(k) || ', ' || v || ');' FROM account_text_config WHERE k <> 'version'";
        texts(set).iter().for_each(|text| all.push_str(&format!("{text}\n")));
        all
    }

    #[test]
    fn a_new_book_is_what_the_migrations_leave() {
        let old = Conn::in_memory().unwrap();
        lay(&old, MIGRATIONS, &mut |_| {}).unwrap();
        let wanted = dump(&old);
        if std::env::var_os("DAYBOOK_BLESS").is_some() {
            let file = concat!(env!("CARGO_MANIFEST_DIR"), "/src/store/schema.sql");
            std::fs::write(file, &wanted).unwrap();
            return;
        }
        assert_eq!(NEW, wanted, "DAYBOOK_BLESS=1 cargo test --lib a_new_book writes it anew");
        let new = Conn::in_memory().unwrap();
        lay_new(&new).unwrap();
        assert_eq!(dump(&new), wanted);
        assert_eq!(number(&new, "PRAGMA user_version"), known());
    }

    fn number(conn: &Conn, sql: &str) -> i64 {
        conn.db().one(sql, [], |r| r.get(0)).unwrap()
    }

    #[test]
    fn a_table_is_made_anew_under_those_that_refer_to_it() {
        let conn = old_book();
        let files: Vec<&str> = MIGRATIONS.iter().copied().chain([ANEW]).collect();
        let mut said = Vec::new();
        lay(&conn, &files, &mut |words| said.push(words.to_owned())).unwrap();
        assert_eq!(number(&conn, "PRAGMA user_version"), files.len() as i64);
        assert_eq!(number(&conn, "SELECT count(*) FROM account WHERE id = 7 AND extra = 'x'"), 1);
        assert_eq!(number(&conn, "SELECT account_id FROM note"), 7);
        assert_eq!(number(&conn, "PRAGMA foreign_keys"), 1, "enforced again");
        let stray = "INSERT INTO note (account_id, at, user_name, text) VALUES (8, 0, 'mia', 'x')";
        assert!(conn.db().change(stray, []).is_err());
        assert!(said.iter().any(|s| s.contains("looking at every reference")), "{said:?}");
    }

    #[test]
    fn a_migration_that_would_lose_what_others_refer_to_changes_nothing() {
        let conn = old_book();
        let loses = ANEW.replace("FROM account;", "FROM account WHERE id <> 7;");
        let files: Vec<&str> = MIGRATIONS.iter().copied().chain([loses.as_str()]).collect();
        let error = lay(&conn, &files, &mut |_| {}).unwrap_err().to_string();
        assert!(error.contains("not there"), "{error}");
        assert_eq!(number(&conn, "PRAGMA user_version"), 4);
        assert_eq!(number(&conn, "SELECT id FROM account"), 7);
    }

    #[test]
    fn a_rule_says_which_rows_are_older_than_it() {
        let conn = old_book();
        lay(&conn, MIGRATIONS, &mut |_| {}).unwrap();
        conn.db()
            .batch("INSERT INTO account (id, number, currency) VALUES (8, 'A2', 'EUR')")
            .unwrap();
        let rule = check::newer("x", "x", 5, "account", "SELECT number, id FROM account");
        let found = rule.run(&conn.db(), &check::Beside::default()).unwrap();
        assert_eq!((found.older, found.count, found.violations), (1, 1, vec!["A2".to_owned()]));
        let fresh = check::newer("x", "x", 4, "account", "SELECT number, id FROM account");
        let found = fresh.run(&conn.db(), &check::Beside::default()).unwrap();
        assert_eq!((found.older, found.count), (0, 2), "it was made with schema 4");
    }
}
