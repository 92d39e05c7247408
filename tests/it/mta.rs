//! A real mail server, Debian's Exim, with a configuration and a spool of its own on the loopback: what
//! it takes, what it refuses at once, and what it sends back later.

use crate::harness::book::Book;
use crate::harness::delivery::posted_to;
use serde_json::{Value, json};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const EXIM: &str = "/usr/sbin/exim4";

/// Refuses a `boss`, takes what goes to gone.example and finds then that nobody is there; mail to us
/// goes into one maildir, all else into another.
const CONFIG: &str = "
primary_hostname = mx.daybook.test
spool_directory = DIR/spool
log_file_path = DIR/log/%slog
pid_file_path = DIR/exim.pid
local_interfaces = 127.0.0.1
daemon_smtp_ports = PORT
tls_advertise_hosts =
keep_environment =
add_environment = PATH=/usr/bin
host_lookup =
rfc1413_query_timeout = 0s
acl_smtp_rcpt = rcpt
queue_only = true

begin acl
rcpt:
  deny message = no such person here
       local_parts = boss
  accept

begin routers
gone:
  driver = redirect
  domains = gone.example
  data = :fail: no such mailbox
  allow_fail
back:
  driver = accept
  domains = northwind.example
  transport = back
all:
  driver = accept
  transport = delivered

begin transports
back:
  driver = appendfile
  directory = DIR/back
  maildir_format
  user = Debian-exim
delivered:
  driver = appendfile
  directory = DIR/delivered
  maildir_format
  envelope_to_add
  user = Debian-exim
";

struct Exim {
    dir: tempfile::TempDir,
    port: u16,
    daemon: Child,
}

impl Exim {
    /// Starts it; none where it is not to be had, which is said, and fails where outside programs are
    /// demanded.
    fn start() -> Option<Self> {
        if !(Path::new(EXIM).exists() && nix::unistd::getuid().is_root()) {
            assert!(std::env::var_os("DAYBOOK_OUTSIDE").is_none(), "{EXIM} (by root) is missing");
            eprintln!("SKIPPED: {EXIM} does not work here, so no real mail server was asked");
            return None;
        }
        let dir = tempfile::tempdir().unwrap();
        // It gives its rights away and works as a user of its own.
        let open = |path: &Path| {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o777)).unwrap();
        };
        open(dir.path());
        for part in ["spool", "log", "back", "delivered"] {
            std::fs::create_dir(dir.path().join(part)).unwrap();
            open(&dir.path().join(part));
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let config =
            CONFIG.replace("DIR", dir.path().to_str().unwrap()).replace("PORT", &port.to_string());
        let file = dir.path().join("conf");
        std::fs::write(&file, config).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        let daemon = Command::new(EXIM)
            .arg("-C")
            .arg(&file)
            .arg("-bdf")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(60), "{EXIM} does not start");
            std::thread::yield_now();
        }
        Some(Self { dir, port, daemon })
    }

    /// Delivers what it has taken, and then the reports that come of it.
    fn work(&self) {
        for _ in 0..2 {
            let run = Command::new(EXIM)
                .arg("-C")
                .arg(self.dir.path().join("conf"))
                .arg("-qff")
                .stderr(Stdio::null())
                .status();
            assert!(run.unwrap().success());
        }
    }

    fn mails(&self, folder: &str) -> Vec<String> {
        let new = self.dir.path().join(folder).join("new");
        let Ok(entries) = std::fs::read_dir(new) else { return Vec::new() };
        entries
            .map(|file| {
                String::from_utf8_lossy(&std::fs::read(file.unwrap().path()).unwrap()).into()
            })
            .collect()
    }

    fn folder(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }
}

impl Drop for Exim {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}

fn states(book: &Book) -> Vec<(String, String, String)> {
    let rows = book.run(&["delivery", "list", "--json"]).ends(0).json();
    let word = |row: &Value, key: &str| row[key].as_str().unwrap().to_owned();
    let rows = rows.as_array().unwrap().iter();
    rows.map(|r| (word(r, "to"), word(r, "status"), word(r, "last_reply"))).collect()
}

#[test]
fn exim_takes_refuses_and_sends_back_and_each_address_knows_it() {
    let Some(exim) = Exim::start() else { return };
    let book = posted_to(&[
        "ap@fine.example;boss@fine.example",
        "ap@tokyo.example;late@gone.example;cfo@tokyo.example",
        "nobody@gone.example",
    ]);
    for (key, value) in [
        ("mail.transport", "smtp"),
        ("smtp.host", "127.0.0.1"),
        ("smtp.port", &exim.port.to_string()),
        ("smtp.tls", "none"),
    ] {
        book.run(&["settings", "set", key, value]).ends(0);
    }
    book.run(&["deliver", "--send-now"]).ends(1);
    let said = states(&book);
    let of = |to: &str| said.iter().find(|(address, ..)| address == to).unwrap();
    assert_eq!(of("boss@fine.example").1, "Bounced", "{said:?}");
    assert!(of("boss@fine.example").2.contains("no such person here"), "{said:?}");
    assert_eq!(said.iter().filter(|(_, status, _)| status == "Sent").count(), 5, "{said:?}");
    exim.work();
    // Three copies arrived, each by the message that names all.
    let mut arrived = exim.mails("delivered");
    arrived.sort_by_key(|mail| mail.find("Envelope-to: ap@tokyo").is_none());
    assert_eq!(arrived.len(), 3);
    for field in [
        "Envelope-to: ap@tokyo.example",
        "To: \"Customer 2\" <ap@tokyo.example>",
        "Cc: late@gone.example, cfo@tokyo.example",
        "application/pdf",
    ] {
        assert!(arrived[0].contains(field), "{field}: {}", &arrived[0][..900]);
    }
    // Two came back: each is booked to its own address, and once.
    assert_eq!(exim.mails("back").len(), 2);
    let folder = exim.folder("back");
    let read = || {
        let args = ["delivery", "bounces", folder.to_str().unwrap(), "--json"];
        book.run(&args).ends(0).json()
    };
    let told = read();
    let mut back: Vec<&str> = told["bounced"]
        .as_array()
        .unwrap()
        .iter()
        .map(|b| b["address"].as_str().unwrap())
        .collect();
    back.sort_unstable();
    assert_eq!(back, ["late@gone.example", "nobody@gone.example"], "{told}");
    let said = states(&book);
    let came = |to: &str| said.iter().find(|(address, ..)| address == to).unwrap().clone();
    assert_eq!(came("late@gone.example").1, "Bounced");
    assert!(came("late@gone.example").2.contains("no such mailbox"), "{said:?}");
    assert_eq!(came("ap@tokyo.example").1, "Sent");
    let again = read();
    assert_eq!((&again["bounced"], &again["seen"]), (&json!([]), &json!(2)), "{again}");
    let balance = book.run(&["delivery", "balance", "--json"]).ends(0).json();
    assert_eq!(balance["balances"], true, "{balance}");
    assert_eq!(
        (&balance["balance"]["sent"], &balance["balance"]["failed"]),
        (&json!(3), &json!(3))
    );
    book.is_sound();
}
