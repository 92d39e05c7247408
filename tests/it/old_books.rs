//! Books that an earlier build made, opened by this one: they are brought up, sound, and say the same.
//! `tests/data/old-books` has each as that build left it (schema 4), with what it said of them.

use crate::harness::book::daybook;
use daybook::domain::ids::DocumentId;
use daybook::domain::job::JobSpec;
use daybook::engine::Session;
use daybook::engine::post::posting::Posted;
use daybook::store::undo::{self, State};
use daybook::store::{Db, StoreError, bill_run, document, job, operation, payment_run};
use rusqlite::Connection;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/old-books").join(name)
}

fn unpack(name: &str, to: &Path) {
    let Ok(mut packed) = std::fs::File::open(data(name)) else { return };
    let mut file = std::fs::File::create(to).unwrap();
    brotli_decompressor::BrotliDecompress(&mut packed, &mut file).unwrap();
}

/// Lays an old book and its gateway's ledger in a directory.
fn lay(name: &str, dir: &Path) -> PathBuf {
    let book = dir.join(format!("{name}.db"));
    unpack(&format!("{name}.db.br"), &book);
    let side = dir.join(format!("{name}.db.d"));
    std::fs::create_dir(&side).unwrap();
    unpack(&format!("{name}.sandbox.jsonl.br"), &side.join("sandbox.jsonl"));
    book
}

fn figures(book: &Path, sql: &str) -> Vec<String> {
    let conn = Connection::open(book).unwrap();
    let mut statement = conn.prepare(sql).unwrap();
    let width = statement.column_count();
    let rows = statement.query_map([], |r| {
        let cell = |i| match r.get_ref(i).unwrap() {
            rusqlite::types::ValueRef::Integer(n) => n.to_string(),
            rusqlite::types::ValueRef::Text(t) => String::from_utf8_lossy(t).into_owned(),
            _ => "None".to_owned(),
        };
        Ok((0..width).map(cell).collect::<Vec<_>>().join("|"))
    });
    rows.unwrap().map(Result::unwrap).collect()
}

fn told() -> Value {
    serde_json::from_str(&std::fs::read_to_string(data("figures.json")).unwrap()).unwrap()
}

fn says_the_same(name: &str, book: &Path, told: &Value) {
    let was = &told["books"][name];
    for (what, sql) in told["sql"].as_object().unwrap() {
        let before: Vec<&str> =
            was["figures"][what].as_array().unwrap().iter().map(|r| r.as_str().unwrap()).collect();
        assert_eq!(figures(book, sql.as_str().unwrap()), before, "{name}: {what}");
    }
    let status = daybook(book, &["status", "--json"]).ends(0).json();
    assert_eq!(status["head"], was["status"]["head"], "{name}");
    assert_eq!(status["deliveries"], was["status"]["deliveries"], "{name}");
    for (number, hash) in was["page_sha256"].as_object().unwrap() {
        let file = book.with_extension("pdf");
        daybook(book, &["invoice", "pdf", number, file.to_str().unwrap()]).ends(0);
        let now = drawn(&lopdf::Document::load(&file).unwrap());
        std::fs::remove_file(&file).unwrap();
        assert_eq!(
            hash, &now,
            "{name}: {number} looks other than that build made it: see layout.rs"
        );
    }
}

/// The hash of what is drawn on the pages of a document: every glyph and line with its place. How the
/// fonts in the file are cut is not part of it.
pub fn drawn(pdf: &lopdf::Document) -> String {
    let mut hash = Sha256::new();
    for (_, page) in pdf.get_pages() {
        let contents = pdf.get_dictionary(page).unwrap().get(b"Contents").unwrap();
        let stream = pdf.get_object(contents.as_reference().unwrap()).unwrap().as_stream().unwrap();
        hash.update(stream.decompressed_content().unwrap());
    }
    daybook::domain::text::hex(&hash.finalize())
}

#[test]
fn an_old_book_is_brought_up_sound_and_says_the_same() {
    let told = told();
    for name in ["empty", "demo", "open"] {
        let dir = tempfile::tempdir().unwrap();
        let book = lay(name, dir.path());
        let check = daybook(&book, &["check"]);
        assert_eq!(check.code, 0, "{name}: {}{}", check.out, check.err);
        assert!(check.err.contains("a copy of the book first"), "{name}: {}", check.err);
        says_the_same(name, &book, &told);
    }
}

#[test]
fn an_old_backup_is_restored_and_the_day_goes_on_from_it() {
    let dir = tempfile::tempdir().unwrap();
    let backup = lay("open", dir.path());
    let book = dir.path().join("book.db");
    daybook(&book, &["restore", backup.to_str().unwrap()]).ends(0);
    says_the_same("open", &book, &told());
    // Its open jobs are driven by this build.
    std::fs::copy(
        dir.path().join("open.db.d/sandbox.jsonl"),
        dir.path().join("book.db.d/sandbox.jsonl"),
    )
    .unwrap();
    daybook(&book, &["worker", "--once"]).ends(0);
    let waiting = "SELECT count(*) FROM job WHERE kind = 'bill' AND state <> 'Done'";
    assert_eq!(figures(&book, waiting), ["0"]);
    let check = daybook(&book, &["check"]);
    assert_eq!(check.code, 0, "{}{}", check.out, check.err);
}

/// What is in every column of JSON of a book, read as this build reads it; gives how many values.
fn every_value_is_read(db: &Db<'_>) -> Result<BTreeMap<&'static str, usize>, StoreError> {
    let mut read: BTreeMap<&'static str, usize> = BTreeMap::new();
    let mut count = |column| *read.entry(column).or_default() += 1;
    for job in job::list(db, None, u32::MAX)? {
        count("job.spec");
        match job.spec()? {
            JobSpec::Collect { .. } | JobSpec::Retry { .. } if !job.cursor.is_empty() => {
                job.place::<Value>().map(|_| count("job.cursor"))?;
            }
            JobSpec::Post { .. } if job.receipt::<Posted>()?.is_some() => count("job.detail"),
            _ => {}
        }
    }
    for run in payment_run::list(db, None, u32::MAX)? {
        run.filter.read().map(|_| count("payment_run.filter"))?;
    }
    for _ in bill_run::list(db, None, u32::MAX)? {
        count("bill_run.filter");
    }
    for id in 1.. {
        let row = match document::get(db, DocumentId(id)) {
            Err(StoreError::NotFound(_)) => break,
            row => row?,
        };
        if let Some(frozen) = &row.frozen {
            frozen.read().map(|_| count("document.frozen"))?;
        }
        for item in document::items(db, row.id)? {
            if item.derivation.kept()?.is_some() {
                count("document_item.derivation");
            }
        }
    }
    let (newest, _) = operation::head(db)?;
    for seq in 0..=newest {
        let [done, undone] = [State::Undone, State::Done].map(|s| undo::changes(db, seq, s));
        for change in done?.into_iter().chain(undone?) {
            for image in [change.before, change.after] {
                count("undo.before, after");
                for line in image.draft.iter().flat_map(|d| &d.lines) {
                    let _ = line.derivation.read()?;
                }
            }
        }
    }
    Ok(read)
}

#[test]
fn every_value_that_an_old_build_kept_as_json_is_read() {
    let mut all: BTreeMap<&'static str, usize> = BTreeMap::new();
    for name in ["empty", "demo", "open"] {
        let dir = tempfile::tempdir().unwrap();
        let book = lay(name, dir.path());
        let session = Session::open(&book, daybook::cli::actor()).unwrap();
        for (column, n) in session.read(every_value_is_read).unwrap() {
            *all.entry(column).or_default() += n;
        }
    }
    let columns: Vec<&str> = all.keys().copied().collect();
    let every = [
        "bill_run.filter",
        "document.frozen",
        "document_item.derivation",
        "job.cursor",
        "job.detail",
        "job.spec",
        "payment_run.filter",
        "undo.before, after",
    ];
    assert_eq!(columns, every, "{all:?}");
}

/// A disk of its own, gone with the test; none where that cannot be had.
struct Disk(tempfile::TempDir);

impl Disk {
    fn of(bytes: u64) -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let mounted = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={bytes}"), "tmpfs"])
            .arg(dir.path())
            .stderr(std::process::Stdio::null())
            .status();
        if mounted.is_ok_and(|s| s.success()) {
            return Some(Self(dir));
        }
        assert!(std::env::var_os("DAYBOOK_OUTSIDE").is_none(), "no tmpfs can be mounted");
        eprintln!("SKIPPED: no tmpfs can be mounted, so this part was not judged");
        None
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg(self.0.path()).status();
    }
}

#[test]
fn a_book_without_room_to_be_brought_up_stays_as_it_is_and_says_how_much_is_wanted() {
    let Some(disk) = Disk::of(4 << 20) else { return };
    let book = lay("open", disk.0.path());
    let ran = daybook(&book, &["status", "--json"]);
    assert_eq!(ran.code, 3, "{}", ran.err);
    assert!(
        ran.err.contains("bytes free on its disk") && ran.err.contains("no_room"),
        "{}",
        ran.err
    );
    assert_eq!(figures(&book, "PRAGMA user_version"), ["4"]);
}
