//! Secrets that a worker alone can read: what needs them is left to it, neither claimed nor put off
//! nor recorded as refused by others; each kind of secret is taken as its own kind only.

use crate::harness::book::{Book, Ran, binary};
use crate::harness::delivery::{posted, smtp};
use crate::harness::sink::{Script, Sink};
use crate::harness::stripe_fake::{self, Fake};
use daybook::domain::ids::JobId;
use daybook::engine::{Session, reach};
use daybook::store::job::{self, JobRow, JobState};
use daybook::worker::{self, Follow};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::AtomicBool;

/// A directory of credentials, as systemd gives one to a service: nobody else sees it.
fn credentials(book: &Book, name: &str, secret: &str) -> PathBuf {
    let directory = book.path.with_file_name("credentials");
    std::fs::create_dir_all(&directory).unwrap();
    let file = directory.join(name);
    std::fs::write(&file, secret).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o440)).unwrap();
    directory
}

/// The worker's service: ends with the test.
struct Worker(Child);

impl Worker {
    fn start(book: &Book, credentials: &PathBuf) -> Self {
        let child = Command::new(binary())
            .args(["--book", book.path.to_str().unwrap(), "worker"])
            .env("CREDENTIALS_DIRECTORY", credentials)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        Self(child)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn set(book: &Book, values: &[(&str, &str)]) {
    for (key, value) in values {
        book.run(&["settings", "set", key, value]).ends(0);
    }
}

fn waits(ran: &Ran) {
    assert!(ran.err.contains("waits for the worker, which is not running"), "{}", ran.err);
    assert!(ran.err.contains("cannot be read"), "{}", ran.err);
}

/// A book with mail to send through a server whose password only the worker has.
fn mailing(sink: &Sink) -> Book {
    let book = posted(&[]);
    smtp(&book, sink);
    set(&book, &[("smtp.user", "mia"), ("smtp.secret_file", "mail"), ("worker.wait_seconds", "0")]);
    book
}

#[test]
fn mail_is_left_to_who_has_the_password_and_leaves_as_soon_as_they_live() {
    let sink = Sink::start(Script { auth: Some("235 ok".into()), ..Script::default() });
    let book = mailing(&sink);
    for _ in 0..3 {
        waits(&book.run(&["deliver", "--send-now"]).ends(3));
        book.run(&["worker", "--once"]).ends(0);
    }
    assert_eq!(sink.connections(), 0);
    // Nothing was claimed, put off, noted as a fault of the transport.
    assert_eq!(book.count("SELECT count(*) FROM job WHERE kind = 'deliver' AND epoch > 0"), 0);
    let late = "SELECT count(*) FROM delivery WHERE channel = 'email' AND status = 'Queued'
        AND not_before_at > (SELECT clock_at FROM book)";
    assert_eq!(book.count(late), 0);
    assert_eq!(book.count("SELECT count(*) FROM notice WHERE key = 'mail_down'"), 0);
    set(&book, &[("worker.wait_seconds", "60")]);
    let _worker = Worker::start(&book, &credentials(&book, "mail", "letmein\n"));
    let sent = book.run(&["deliver", "--send-now", "--json"]).ends(0);
    assert_eq!(sent.json()["balance"]["open"], 2, "the print copies: {}", sent.out);
    assert_eq!(sink.taken().len(), 4);
    book.run(&["check"]).ends(0);
}

#[test]
fn a_collect_of_who_cannot_read_the_key_asks_nothing_and_declines_nothing() {
    let fake = Fake::new();
    let book = stripe_fake::book(&fake, &["card"; 5]);
    set(&book, &[("stripe.secret_file", "stripe"), ("worker.wait_seconds", "0")]);
    let ran = book.run(&["collect", "--target", "2026-01-05"]).ends(3);
    waits(&ran);
    assert!(ran.out.contains("PR-000001 Pending"), "{}", ran.out);
    book.run(&["worker", "--once"]).ends(0);
    let none = |table: &str| book.count(&format!("SELECT count(*) FROM {table}"));
    assert_eq!((none("payment"), none("operation WHERE verb = 'collect'")), (0, 1));
    set(&book, &[("worker.wait_seconds", "60")]);
    let worker = Worker::start(&book, &credentials(&book, "stripe", "sk_test_4711"));
    let followed = book.run(&["run", "resume", "PR-000001"]);
    let done = book.run(&["collect", "--target", "2026-01-05", "--json"]);
    assert!(matches!(done.code, 0), "{} {} {}", followed.err, done.out, done.err);
    let paid = "payment WHERE status = 'Approved'";
    assert_eq!((none(paid), fake.with(|t| t.intents.len())), (5, 5));
    // What else speaks to the gateway goes the same way.
    let polled = book.run(&["payment", "reconcile", "--events", "--json"]).ends(0);
    assert_eq!(polled.json()["asked_by"], "worker");
    book.run(&["payment", "reconcile", "P-000001"]).ends(0);
    let back = book.run(&["payment", "refund", "P-000001", "--reason", "gone", "--json"]);
    assert_eq!(back.ends(0).json()["status"], "Done");
    assert_eq!(fake.with(|t| t.refunds.len()), 1);
    drop(worker);
    // Without one the refund waits as it is; canceled, it ends and was never asked for.
    set(&book, &[("worker.wait_seconds", "0")]);
    waits(&book.run(&["payment", "refund", "P-000002", "--reason", "gone"]).ends(3));
    assert_eq!(none("payment_event WHERE status = 'Processing'"), 1);
    book.run(&["clock", "set", "2026-01-06"]).ends(0);
    book.run(&["worker", "--once"]).ends(0);
    assert_eq!(none("payment_event WHERE status = 'Processing'"), 1);
    let job = JobId(book.count("SELECT max(id) FROM job WHERE subject LIKE '%P-000002'"));
    let mut session = Session::open(&book.path, daybook::cli::actor()).unwrap();
    let cancel = daybook::engine::command::Command::SteerJob {
        job,
        want: daybook::engine::command::Steer::Cancel,
    };
    daybook::engine::perform::perform(&mut session, "cancel", cancel).unwrap();
    assert_eq!(none("payment_event WHERE status = 'Failed'"), 1);
    assert_eq!(fake.with(|t| t.refunds.len()), 1);
    book.run(&["check"]).ends(0);
}

#[test]
fn a_gateway_that_nobody_can_ask_is_begun_with_nothing() {
    let fake = Fake::new();
    let book = stripe_fake::book(&fake, &["card"; 4]);
    let wrong = book.secret("wrong", "letmein", 0o644);
    for file in ["", wrong] {
        set(&book, &[("stripe.secret_file", file)]);
        let ran = book.run(&["collect", "--target", "2026-01-05", "--json"]).ends(1).json();
        assert_eq!(ran["skipped"]["gateway_unreachable"], 4, "{ran}");
        assert!(ran["note"].as_str().unwrap().contains("stripe is not set up"), "{ran}");
        assert_eq!((&ran["declined"], &ran["approved"]), (&0.into(), &0.into()), "{ran}");
    }
    assert_eq!(book.count("SELECT count(*) FROM payment"), 0);
    // Not one failure counts against a customer or a card.
    assert_eq!(book.count("SELECT sum(failures) FROM payment_method"), 0);
    assert_eq!(fake.with(|t| t.asked.len()), 0);
}

/// Follows until it is told for whom the job waits.
#[derive(Default)]
struct UntilTold {
    told: String,
}

impl Follow for UntilTold {
    fn progress(&mut self, _job: &JobRow) {}
    fn waits(&mut self, _job: &JobRow, words: &str) {
        words.clone_into(&mut self.told);
    }
    fn leave(&mut self) -> bool {
        !self.told.is_empty()
    }
}

#[test]
fn a_line_that_only_the_worker_has_puts_nothing_off() {
    let sink = Sink::start(Script { auth: Some("235 ok".into()), ..Script::default() });
    let book = mailing(&sink);
    let file = book.secret("password", "letmein", 0o600);
    // A port on which nobody listens: refused to us.
    set(&book, &[("smtp.secret_file", file), ("smtp.port", "1")]);
    let locks = PathBuf::from(format!("{}.d/locks", book.path.display()));
    std::fs::create_dir_all(&locks).unwrap();
    let mut alive = std::fs::File::create(locks.join("able-mail.lock")).unwrap();
    alive.lock().unwrap();
    alive.write_all(b"daybook, pid 1").unwrap();
    let mut session = Session::open(&book.path, daybook::cli::actor()).unwrap();
    book.run(&["deliver", "--send-now", "--detach"]);
    let id = session.read(job::open).unwrap()[0].id;
    let mut follow = UntilTold::default();
    worker::drive(&mut session, id, &worker::ports().unwrap(), &mut follow).unwrap();
    assert!(follow.told.starts_with("waits for the worker (daybook, pid 1)"), "{}", follow.told);
    let row = session.read(|db| job::get(db, id)).unwrap();
    assert_eq!((row.state, row.epoch), (JobState::Waiting, 1), "given back at once");
    let due = session.now().unwrap().at_ms;
    assert!(row.not_before_at <= due);
    let put_off = format!("SELECT count(*) FROM delivery WHERE not_before_at > {due}");
    assert_eq!(book.count(&put_off), 0);
    let tries =
        "SELECT count(*) FROM delivery WHERE first_try_at IS NOT NULL AND status = 'Deferred'";
    assert_eq!(book.count(tries), 0);
    // It dies: then we are as good as anybody, and mail is paused as ever.
    drop(alive);
    worker::work(&mut session, &worker::ports().unwrap(), &AtomicBool::new(false)).unwrap();
    assert_eq!(book.count(&format!("SELECT count(*) FROM job WHERE not_before_at > {due}")), 1);
    assert_eq!(book.count(&put_off), 0, "no copy was tried");
}

#[test]
fn people_are_told_of_what_waits_for_nobody_and_no_longer_once_it_goes() {
    let sink = Sink::start(Script { auth: Some("235 ok".into()), ..Script::default() });
    let book = mailing(&sink);
    book.run(&["deliver", "--send-now", "--detach"]);
    let ports = worker::ports().unwrap();
    let stop = AtomicBool::new(false);
    let mut session = Session::open(&book.path, daybook::cli::actor()).unwrap();
    let told = "SELECT count(*) FROM notice WHERE key = 'waits mail' AND done_at IS NULL
        AND text LIKE 'e-mail waits for the worker, which is not running%'";
    for _ in 0..3 {
        assert_eq!(worker::work(&mut session, &ports, &stop).unwrap(), 0);
        assert_eq!(book.count(told), 1);
    }
    // The same words at the foot of every screen.
    let status =
        daybook::engine::answer::ask(&session, &daybook::engine::query::Query::Status.into());
    let daybook::engine::query::Answer::Status(status) = status.unwrap() else { panic!() };
    assert_eq!(status.jobs[0].waits, reach::NOBODY);
    let doctor = book.run(&["doctor"]).ends(4);
    assert!(doctor.out.contains("who mails"), "{}", doctor.out);
    let secrets = PathBuf::from(format!("{}.d/secrets", book.path.display()));
    std::fs::create_dir_all(&secrets).unwrap();
    std::fs::write(secrets.join("mail"), "letmein").unwrap();
    std::fs::set_permissions(secrets.join("mail"), std::fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(worker::work(&mut session, &ports, &stop).unwrap(), 1);
    assert_eq!(book.count(told), 0);
    assert_eq!(sink.taken().len(), 4);
    // One that came too late to work sees who lives.
    assert!(reach::others(&session.store.side_directory(), reach::MAIL).is_none(), "our own lock");
}

#[test]
fn reminders_are_sent_by_who_can() {
    let sink = Sink::start(Script { auth: Some("235 ok".into()), ..Script::default() });
    let book = mailing(&sink);
    book.run(&["clock", "set", "2026-06-01"]).ends(0);
    waits(&book.run(&["payment", "remind"]).ends(3));
    let levels = "SELECT count(*) FROM document_state WHERE reminder_level > 0";
    assert_eq!(book.count(levels), 0, "nobody was reminded");
    set(&book, &[("worker.wait_seconds", "60")]);
    let _worker = Worker::start(&book, &credentials(&book, "mail", "letmein"));
    // Asked for twice, sent once; the accounts without an address are listed.
    let done = book.run(&["payment", "remind", "--json"]).ends(1).json();
    assert_eq!(done["sent"].as_array().unwrap().len(), 2, "{done}");
    assert!(book.count(levels) > 0 && !sink.taken().is_empty());
}

#[test]
fn a_secret_is_named_as_its_own_kind_and_doctor_says_which_is_where() {
    let book = Book::new("2026-01-05");
    let (key, password) =
        (book.secret("key", "sk_live_hunter2", 0o600), book.secret("pw", "hunter2", 0o600));
    let shadow = book.secret("shadow", "root:$y$hunter2:1:2:3\nbin:*:1:2:3\n", 0o600);
    let anywhere = book.file("anywhere", "hunter2");
    for (setting, named, code) in [
        ("smtp.secret_file", key, 2),
        ("smtp.secret_file", &anywhere, 2),
        ("smtp.secret_file", "/etc/shadow", 2),
        ("stripe.secret_file", password, 2),
        ("smtp.secret_file", "/dev/zero", 2),
        ("smtp.secret_file", "../pw", 2),
        ("smtp.secret_file", password, 0),
        ("stripe.secret_file", key, 0),
        ("smtp.secret_file", key, 2),
        ("stripe.secret_file", "stripe", 0),
        ("stripe.secret_file", shadow, 0),
    ] {
        let ran = book.run(&["settings", "set", setting, named]).ends(code);
        assert!(!format!("{}{}", ran.out, ran.err).contains("hunter2"), "{}", ran.err);
    }
    let seen = book.run(&["doctor", "--json"]).ends(4);
    assert!(!seen.out.contains("hunter2"), "{}", seen.out);
    let seen = seen.json();
    let of = |name: &str| {
        let all = seen["findings"].as_array().unwrap();
        all.iter().find(|f| f["name"] == name).unwrap_or_else(|| panic!("{name}: {seen}")).clone()
    };
    let mail = of("mail secret");
    assert!(mail["found"].as_str().unwrap().ends_with("mode 0600") && mail["ok"] == true, "{mail}");
    let gateway = of("gateway secret");
    assert!(gateway["found"].as_str().unwrap().contains("must hold one line"), "{gateway}");
    // A file swapped afterwards is judged again by whoever reads it.
    book.secret(password, "sk_live_hunter2", 0o600);
    let seen = book.run(&["doctor"]).ends(4).out;
    assert!(seen.contains("does not hold a mail password") && !seen.contains("hunter2"), "{seen}");
}

#[test]
fn a_full_path_of_an_older_book_is_read_and_doctor_says_how_to_end_it() {
    let sink = Sink::start(Script { auth: Some("235 ok".into()), ..Script::default() });
    let book = mailing(&sink);
    let anywhere = book.file("password", "letmein");
    std::fs::set_permissions(&anywhere, std::fs::Permissions::from_mode(0o600)).unwrap();
    let refused = book.run(&["settings", "set", "smtp.secret_file", &anywhere]).ends(2).err;
    let remedy = "/secrets/password";
    assert!(refused.contains("it is no path") && refused.contains(remedy), "{refused}");
    let conn = rusqlite::Connection::open(&book.path).unwrap();
    let older = "UPDATE setting SET value = ?1 WHERE key = 'smtp.secret_file'";
    assert_eq!(conn.execute(older, [&anywhere]).unwrap(), 1);
    book.run(&["deliver", "--send-now"]);
    assert_eq!(sink.taken().len(), 4, "an upgrade stops no mail");
    let told = book.run(&["doctor"]).ends(4).out;
    assert!(told.contains("outside of the one directory") && told.contains(remedy), "{told}");
    book.secret("password", "letmein", 0o600);
    book.run(&["settings", "set", "smtp.secret_file", "password"]).ends(0);
    let told = book.run(&["doctor"]).out;
    assert!(!told.contains("outside of the one directory"), "{told}");
}
