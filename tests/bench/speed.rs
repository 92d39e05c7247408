//! Import and bill run beside raw rusqlite inserts of the same rows into the same tables, with the
//! same indexes, pragmas and rows per transaction, in the same run: `cargo bench --bench speed`.
//! Printed are ratios (raw time / our time); the goals are issue-wide, a bench only shows them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a bench fails by panic"
)]

use daybook::clock::Now;
use daybook::domain::actor::{Actor, Verb};
use daybook::engine::command::{AccountFilter, NewBillRun};
use daybook::engine::{Session, bill, import};
use daybook::store::{BookKind, CreateBook, Op, Store, settings};
use daybook::worker;
use rusqlite::types::Value;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

fn main() {
    let args: Vec<String> = std::env::args().collect();
    if let Some(at) = args.iter().position(|a| a == "--writer") {
        writer(Path::new(&args[at + 1]));
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    usage_import(dir.path());
    bill_run(dir.path());
}

fn actor() -> Actor {
    Actor { uid: nix::unistd::getuid().as_raw(), name: "bench".to_owned() }
}

fn new_book(path: &Path) -> Session {
    let now = Now::system(chrono_tz::Tz::UTC);
    let actor = actor();
    let store =
        Store::create(path, &CreateBook { kind: BookKind::Test, actor: &actor, now }).unwrap();
    Session { store, actor, fixed_now: None, next_op: None }
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

/// A connection like the store's.
fn raw(path: &Path) -> rusqlite::Connection {
    let conn = rusqlite::Connection::open(path).unwrap();
    conn.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).unwrap();
    conn.execute_batch(
        "PRAGMA foreign_keys = ON; PRAGMA recursive_triggers = ON; PRAGMA synchronous = FULL;
         PRAGMA cache_size = -16000; PRAGMA temp_store = MEMORY;",
    )
    .unwrap();
    conn
}

/// Every row of a table, with its column names.
fn rows_of(path: &Path, table: &str, order: &str) -> (Vec<String>, Vec<Vec<Value>>) {
    let conn = raw(path);
    let mut statement = conn.prepare(&format!("SELECT * FROM {table} ORDER BY {order}")).unwrap();
    let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let width = names.len();
    let rows = statement
        .query_map([], |r| (0..width).map(|i| r.get(i)).collect())
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    (names, rows)
}

fn insert_sql(table: &str, names: &[String]) -> String {
    let marks: Vec<String> = (1..=names.len()).map(|i| format!("?{i}")).collect();
    format!("INSERT INTO {table} ({}) VALUES ({})", names.join(","), marks.join(","))
}

fn ratio(what: &str, rows: usize, ours: Duration, raw: Duration, goal: f64) {
    let per_second = |d: Duration| rows as f64 / d.as_secs_f64();
    println!(
        "{what}: {rows} rows, daybook {:.0}/s, raw {:.0}/s, ratio {:.2} (goal {goal})",
        per_second(ours),
        per_second(raw),
        raw.as_secs_f64() / ours.as_secs_f64()
    );
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
    let (names, rows) = rows_of(&ours, "usage", "id");
    let mut other = new_book(&theirs);
    load(&mut other, basis());
    drop(other);
    let conn = raw(&theirs);
    conn.execute_batch(
        "INSERT INTO import_file (name, kind, sha256, rows, at) SELECT 'u', 'usage', '', 0, 0
         FROM (VALUES (1), (2), (3), (4))",
    )
    .unwrap();
    let begun = Instant::now();
    conn.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut statement = conn.prepare(&insert_sql("usage", &names)).unwrap();
    for row in &rows {
        statement.execute(rusqlite::params_from_iter(row)).unwrap();
    }
    conn.execute_batch("COMMIT").unwrap();
    ratio("import of usage", rows.len(), took, begun.elapsed(), 0.4);
}

const ACCOUNTS: usize = 30_000;

fn thirty_thousand() -> Vec<(String, Vec<u8>)> {
    use std::fmt::Write;
    let mut accounts = String::from(
        "account_number,name,currency,email,bill_cycle_day,payment_term,delivery,tax_code\n",
    );
    let mut subscriptions = String::from("subscription_number,account_number,start_date\n");
    let mut charges = String::from(
        "charge_number,subscription_number,name,type,model,price,quantity,billing_period,timing\n",
    );
    for n in 0..ACCOUNTS {
        let _ = writeln!(accounts, "A{n:05},Customer {n},EUR,a{n}@example.com,1,Net 30,email,VAT");
        let _ = writeln!(subscriptions, "S{n:05},A{n:05},2026-01-01");
        let _ = writeln!(charges, "B{n:05},S{n:05},Base,recurring,flat,29.90,1,month,advance");
        let _ = writeln!(
            charges,
            "C{n:05},S{n:05},Seats,recurring,per_unit,9.99,{},month,advance",
            n % 40 + 1
        );
        let _ = writeln!(charges, "D{n:05},S{n:05},Support,recurring,flat,120,1,quarter,advance");
    }
    vec![
        ("taxes.csv".to_owned(), b"tax_code,rate_percent,name\nVAT,19,VAT\n".to_vec()),
        ("accounts.csv".to_owned(), accounts.into_bytes()),
        ("subscriptions.csv".to_owned(), subscriptions.into_bytes()),
        ("charges.csv".to_owned(), charges.into_bytes()),
    ]
}

/// What a bill run writes, in an order that keeps foreign keys.
const TABLES: [(&str, &str); 6] = [
    ("document", "id"),
    ("document_item", "id"),
    ("document_tax", "document_id"),
    ("document_state", "document_id"),
    ("claim", "document_id"),
    ("flag", "document_id"),
];

fn bill_run(dir: &Path) {
    let (ours, theirs) = (dir.join("run.db"), dir.join("run-raw.db"));
    let mut session = new_book(&ours);
    load(&mut session, thirty_thousand());
    session.store.backup_to(&theirs).unwrap();
    let new = NewBillRun {
        target_on: "2026-01-01".parse().unwrap(),
        invoice_on: Some("2026-01-01".parse().unwrap()),
        accounts: AccountFilter::default(),
        exclude: Vec::new(),
        auto_renew: true,
        auto_post: false,
        auto_email: false,
        skip_zero_email: false,
        confirmed: true,
    };
    let waits = Waits::start(&ours);
    let ports = worker::ports().unwrap();
    let stop = AtomicBool::new(false);
    let begun = Instant::now();
    let (_, job) = bill::start(&mut session, &new).unwrap();
    let mut follow = &stop;
    worker::drive(&mut session, job, &ports, &mut follow).unwrap();
    let took = begun.elapsed();
    let (writes, longest) = waits.end();
    let tables: Vec<_> =
        TABLES.iter().map(|(table, order)| (*table, rows_of(&ours, table, order))).collect();
    let rows: usize = tables.iter().map(|(_, (_, rows))| rows.len()).sum();
    let documents = tables[0].1.1.len();
    assert_eq!(documents, ACCOUNTS);
    let slices = raw(&ours)
        .query_row("SELECT count(*) FROM operation WHERE verb = 'bill'", [], |r| r.get::<_, i64>(0))
        .unwrap();
    let spent = raw_documents(
        &theirs,
        &tables,
        documents.div_ceil(usize::try_from(slices).unwrap_or(1).max(1)),
    );
    ratio(
        &format!("bill run of {ACCOUNTS} accounts × 3 charges ({slices} slices)"),
        rows,
        took,
        spent,
        0.5,
    );
    println!(
        "while it ran: {writes} writes of another process, the longest waited {:.0} ms (goal < 100)",
        longest.as_secs_f64() * 1000.0
    );
}

/// The rows of a table, and how far they are written.
type Table<'t> = (&'t str, (Vec<String>, Vec<Vec<Value>>));

/// The same rows, a transaction for as many documents as a slice had.
fn raw_documents(path: &Path, tables: &[Table<'_>], slice: usize) -> Duration {
    let conn = raw(path);
    // The run itself is one row, made before the clock starts.
    conn.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
    conn.execute_batch(
        "INSERT INTO bill_run (id, status, target_on, invoice_on, run_on, filter, exclude, auto_renew,
            auto_post, auto_email, skip_zero_email, created_uid, created_name, created_at)
         VALUES (1, 'Completed', '2026-01-01', '2026-01-01', '2026-01-01', '', '', 1, 0, 0, 0, 0, '', 0);
         PRAGMA foreign_keys = ON;",
    )
    .unwrap();
    let document_of = |table: usize, row: &[Value]| -> i64 {
        let names = &tables[table].1.0;
        let column = if table == 0 { "id" } else { "document_id" };
        match row[names.iter().position(|n| n == column).unwrap()] {
            Value::Integer(id) => id,
            _ => panic!("no id"),
        }
    };
    let begun = Instant::now();
    let mut statements: Vec<_> = tables
        .iter()
        .map(|(table, (names, _))| conn.prepare(&insert_sql(table, names)).unwrap())
        .collect();
    let mut at = vec![0; tables.len()];
    let last = tables[0].1.1.last().map_or(0, |row| document_of(0, row));
    let mut upto = 0;
    while upto < last {
        upto += slice as i64;
        conn.execute_batch("BEGIN IMMEDIATE").unwrap();
        for (i, statement) in statements.iter_mut().enumerate() {
            let rows = &tables[i].1.1;
            while at[i] < rows.len() && document_of(i, &rows[at[i]]) <= upto {
                statement.execute(rusqlite::params_from_iter(&rows[at[i]])).unwrap();
                at[i] += 1;
            }
        }
        conn.execute_batch("COMMIT").unwrap();
    }
    begun.elapsed()
}

/// Another process that writes all the while.
struct Waits(std::process::Child);

impl Waits {
    fn start(book: &Path) -> Self {
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

    fn end(mut self) -> (u64, Duration) {
        drop(self.0.stdin.take());
        let mut line = String::new();
        BufReader::new(self.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
        self.0.wait().unwrap();
        let (writes, micros) = line.trim().split_once(' ').unwrap();
        (writes.parse().unwrap(), Duration::from_micros(micros.parse().unwrap()))
    }
}

/// Writes a setting every 20 ms until its input closes; prints how often and the longest wait.
fn writer(book: &Path) {
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
