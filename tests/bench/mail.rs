//! How fast e-mail goes out, end to end: drawn, sent to a sink on the loopback, its states committed; over
//! one connection and over eight, and by another build: `cargo bench --bench mail`. `-- --documents N`
//! (2,000), `--bin FILE` instead of the build at hand, `--beside FILE` for another one.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a bench fails by panic")]

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let after = |name: &str| args.iter().position(|a| a == name).and_then(|at| args.get(at + 1));
    let documents = after("--documents").map_or(2_000, |n| n.parse().unwrap());
    let ours = after("--bin").map_or(env!("CARGO_BIN_EXE_daybook"), String::as_str);
    let mut builds = vec![("ours", ours, 1), ("ours", ours, 8)];
    builds.extend(after("--beside").map(|other| ("the other", other.as_str(), 8)));
    for addresses in [1, 2] {
        println!("{documents} documents to {addresses} address(es) each");
        for (name, binary, connections) in &builds {
            run(name, Path::new(binary), (documents, addresses, *connections));
        }
    }
}

/// Makes a book, queues everything, and lets a worker send it.
fn run(name: &str, binary: &Path, (documents, addresses, connections): (usize, usize, usize)) {
    let dir = tempfile::tempdir().unwrap();
    let taken = Arc::new(AtomicUsize::new(0));
    let port = sink(taken.clone());
    let book = Book { binary, path: dir.path().join("book.db") };
    book.fill(documents, addresses);
    for (key, value) in [
        ("mail.transport", "smtp"),
        ("smtp.host", "127.0.0.1"),
        ("smtp.port", &port.to_string()),
        ("smtp.tls", "none"),
        ("smtp.connections", &connections.to_string()),
        ("delivery.hold_minutes", "0"),
    ] {
        book.run(&["settings", "set", key, value]);
    }
    book.run(&["clock", "set", "2026-03-02"]);
    book.run(&["deliver", "--detach"]);
    let begun = Instant::now();
    book.run(&["worker", "--once"]);
    let took = begun.elapsed().as_secs_f64();
    assert_eq!(taken.load(Ordering::SeqCst), documents * addresses);
    let rate = |n: usize| n as f64 / took;
    println!(
        "  {name:<10} {connections} connection(s) {took:>7.2} s {:>7.0} documents/s {:>7.0} copies/s",
        rate(documents),
        rate(documents * addresses)
    );
}

struct Book<'b> {
    binary: &'b Path,
    path: PathBuf,
}

impl Book<'_> {
    fn run(&self, args: &[&str]) {
        let ran = Command::new(self.binary)
            .arg("--book")
            .arg(&self.path)
            .args(args)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let code = ran.status.code().unwrap_or(-1);
        assert!((0..=1).contains(&code), "{args:?}: {}", String::from_utf8_lossy(&ran.stderr));
    }

    /// One posted invoice of three lines for each account.
    fn fill(&self, documents: usize, addresses: usize) {
        self.run(&["init", "--test"]);
        self.run(&["clock", "set", "2026-02-01"]);
        let mut accounts =
            "account_number,name,currency,delivery,email,address1,postcode,city,country\n"
                .to_owned();
        let mut subscriptions = "subscription_number,account_number,start_date\n".to_owned();
        let mut charges =
            "charge_number,subscription_number,name,type,model,price,billing_period\n".to_owned();
        for n in 1..=documents {
            let emails: Vec<String> =
                (0..addresses).map(|i| format!("a{i}.{n}@d{}.example", (n + i) % 97)).collect();
            let emails = emails.join(";");
            accounts.push_str(&format!(
                "A{n},Customer {n},EUR,email,{emails},Weg {n},20095,Hamburg,Germany\n"
            ));
            subscriptions.push_str(&format!("S{n},A{n},2026-03-01\n"));
            for i in 1..=3 {
                charges.push_str(&format!("C{n}-{i},S{n},Plan {i},recurring,flat,{i}0,month\n"));
            }
        }
        let file = |name: &str, text: String| {
            let path = self.path.with_file_name(name);
            std::fs::write(&path, text).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let accounts = file("accounts.csv", accounts);
        let subscriptions = file("subscriptions.csv", subscriptions);
        let charges = file("charges.csv", charges);
        self.run(&["import", &accounts, &subscriptions, &charges]);
        self.run(&["settings", "set", "issuer.name", "Northwind Telemetry GmbH"]);
        self.run(&["settings", "set", "smtp.from", "billing@northwind.example"]);
        self.run(&["clock", "set", "2026-03-01"]);
        self.run(&["bill", "--target", "2026-03-01"]);
        self.run(&["post", "BR-000001"]);
    }
}

/// An SMTP server that takes everything at once and counts the recipients.
fn sink(taken: Arc<AtomicUsize>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let taken = taken.clone();
            std::thread::spawn(move || talk(&stream, &taken));
        }
    });
    port
}

fn talk(stream: &TcpStream, taken: &AtomicUsize) {
    let _ = stream.set_nodelay(true);
    let mut lines = BufReader::with_capacity(1 << 16, stream);
    let mut out = stream;
    let _ = out.write_all(b"220 sink\r\n");
    let (mut data, mut recipients, mut line) = (false, 0, Vec::new());
    loop {
        line.clear();
        if lines.read_until(b'\n', &mut line).unwrap_or(0) == 0 {
            return;
        }
        let answer: &[u8] = match (data, line.as_slice()) {
            (true, b".\r\n") => {
                taken.fetch_add(recipients, Ordering::SeqCst);
                b"250 ok\r\n"
            }
            (true, _) => continue,
            (false, l) if l.starts_with(b"DATA") => b"354 go\r\n",
            (false, l) if l.starts_with(b"EHLO") => b"250-sink\r\n250 PIPELINING\r\n",
            (false, l) => {
                match l.first() {
                    Some(b'M') => recipients = 0,
                    Some(b'R') if l.starts_with(b"RCPT") => recipients += 1,
                    _ => {}
                }
                b"250 ok\r\n"
            }
        };
        data = answer.starts_with(b"354");
        if out.write_all(answer).is_err() {
            return;
        }
    }
}
