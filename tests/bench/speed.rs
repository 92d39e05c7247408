//! Import and bill run beside raw rusqlite inserts of the same rows into the same tables, with the
//! same indexes, pragmas and rows per transaction, in the same run: `cargo bench --bench speed`.
//! Printed are ratios (raw time / our time); the goals are issue-wide, a bench only shows them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a bench fails by panic"
)]

mod clerks;
mod collects;
mod large;
mod raw;
mod runs;
mod waits;

use daybook::clock::Now;
use daybook::domain::actor::Actor;
use daybook::engine::{Session, import};
use daybook::store::{BookKind, CreateBook, Store};
use std::io::Read;
use std::path::Path;
use std::time::Instant;

/// How large everything is. `cargo bench --bench speed -- --accounts 300 --records 2000 --charges
/// 100` runs in seconds; `--only PART` runs one of import, recurring, mixed, crowd, usage, charges,
/// collect, slow, clerks (eight beside each job of the day) and drafts (to post and to cancel).
struct Sizes {
    accounts: usize,
    records: usize,
    charges: usize,
    invoices: usize,
    only: String,
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let after = |name: &str| args.iter().position(|a| a == name).and_then(|at| args.get(at + 1));
    if let Some(book) = after("--writer") {
        waits::writer(Path::new(book));
        return;
    }
    if let Some(book) = after("--bill") {
        large::bill(Path::new(book));
        return;
    }
    let number = |name: &str, usual: usize| after(name).map_or(usual, |n| n.parse().unwrap());
    let sizes = Sizes {
        accounts: number("--accounts", 30_000),
        records: number("--records", 200_000),
        charges: number("--charges", 2_000),
        invoices: number("--invoices", 100_000),
        only: after("--only").cloned().unwrap_or_default(),
    };
    let dir = tempfile::tempdir().unwrap();
    let parts: [(&str, &dyn Fn()); 10] = [
        ("import", &|| usage_import(dir.path())),
        ("recurring", &|| runs::recurring(dir.path(), sizes.accounts)),
        ("mixed", &|| runs::mixed(dir.path(), sizes.accounts, 10)),
        // Few accounts with much usage each: a slice may not take them all at once.
        ("crowd", &|| runs::mixed(dir.path(), 30, sizes.records / 20)),
        // Beside a tenth of it, to see what grows with it.
        ("usage", &|| {
            large::usage(dir.path(), sizes.records / 10);
            large::usage(dir.path(), sizes.records);
        }),
        ("charges", &|| {
            large::charges(dir.path(), sizes.charges / 10);
            large::charges(dir.path(), sizes.charges);
        }),
        ("collect", &|| collects::sandbox(dir.path(), sizes.invoices)),
        ("clerks", &|| clerks::clerks(dir.path(), sizes.accounts / 10)),
        // Twice as many beside them, to see what grows.
        ("drafts", &|| {
            clerks::drafts(dir.path(), sizes.invoices);
            clerks::drafts(dir.path(), sizes.invoices * 2);
        }),
        ("slow", &|| collects::slow(dir.path(), (sizes.invoices / 25).max(64))),
    ];
    for (name, part) in parts {
        if sizes.only.is_empty() || sizes.only == name {
            part();
        }
    }
}

fn actor() -> Actor {
    Actor { uid: nix::unistd::getuid().as_raw(), name: "bench".to_owned() }
}

fn new_book(path: &Path) -> Session {
    let now = Now::system(daybook::zone::Zone::UTC);
    let actor = actor();
    let store =
        Store::create(path, &CreateBook { kind: BookKind::Test, actor: &actor, now }).unwrap();
    Session::on(store, actor)
}

fn session_on(path: &Path) -> Session {
    Session::on(Store::open(path).unwrap(), actor())
}

fn load(session: &mut Session, files: Vec<(String, Vec<u8>)>) {
    let report = import::import_texts(session, files, &import::Options::default()).unwrap();
    for file in &report.files {
        assert!(file.loaded, "{}: {:?}", file.file, file.refused.first());
    }
}

fn cdnow(name: &str) -> (String, Vec<u8>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/cdnow")
        .join(format!("{name}.csv.gz"));
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(std::fs::File::open(path).unwrap())
        .read_to_end(&mut bytes)
        .unwrap();
    (format!("{name}.csv"), bytes)
}

fn usage_import(dir: &Path) {
    let (ours, theirs) = (dir.join("import.db"), dir.join("import-raw.db"));
    let basis = || ["accounts", "subscriptions", "charges"].map(cdnow).to_vec();
    let mut session = new_book(&ours);
    load(&mut session, basis());
    let file = dir.join("usage.csv");
    std::fs::write(&file, cdnow("usage").1).unwrap();
    let begun = Instant::now();
    let report = import::import(&mut session, &[file], &import::Options::default()).unwrap();
    let took = begun.elapsed();
    assert_eq!(report.files[0].added, 69_659);
    let (names, rows) = raw::rows_of(&ours, "usage", "id");
    let mut other = new_book(&theirs);
    load(&mut other, basis());
    drop(other);
    let conn = raw::raw(&theirs);
    conn.execute_batch(
        "INSERT INTO import_file (name, kind, sha256, rows, at) SELECT 'u', 'usage', '', 0, 0
         FROM (VALUES (1), (2), (3), (4))",
    )
    .unwrap();
    let begun = Instant::now();
    conn.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut statement = conn.prepare(&raw::insert_sql("usage", &names)).unwrap();
    for row in &rows {
        statement.execute(rusqlite::params_from_iter(row)).unwrap();
    }
    conn.execute_batch("COMMIT").unwrap();
    raw::ratio("import of usage", rows.len(), took, begun.elapsed(), 0.4);
}
