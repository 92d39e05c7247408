//! The README's install for several clerks, as it stands there, walked through the whole day by the
//! users it speaks of; and every kind of install under every umask.

use crate::harness::book::Ran;
use crate::harness::faults::has;
use crate::harness::pty::Pty;
use crate::harness::sink::{Script, Sink};
use crate::shared::copied;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

const README: &str = include_str!("../../README.md");

/// What is missing to show an install; none if nothing is.
pub fn impossible() -> Option<&'static str> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    if !nix::unistd::geteuid().is_root() {
        Some("not root")
    } else if status.contains("NoNewPrivs:\t1") {
        Some("setgid is switched off here")
    } else {
        None
    }
}

/// Whether an install can be shown here; says loudly when it cannot.
pub fn possible(what: &str) -> bool {
    let Some(why) = impossible() else { return true };
    assert!(std::env::var_os("DAYBOOK_OUTSIDE").is_none(), "{what}: {why}");
    eprintln!("SKIPPED: {why}, so {what} was not judged");
    false
}

fn ran(output: Output) -> Ran {
    Ran {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// The first block of a language after some words of the README.
fn block(after: &str, language: &str) -> String {
    let from = README.find(after).unwrap_or_else(|| panic!("the README does not say {after:?}"));
    let fence = format!("```{language}\n");
    let start = from + README[from..].find(&fence).unwrap() + fence.len();
    README[start..start + README[start..].find("```").unwrap()].to_owned()
}

/// A machine of its own as far as files go: `/etc`, `/home`, `/var` and `/usr/local/bin` are copies
/// that only the processes in here see.
struct Machine {
    dir: tempfile::TempDir,
    holder: Child,
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}

/// Who works here, with the umask of their shell.
const PEOPLE: [(&str, &str); 4] = [("ada", "000"), ("mia", "077"), ("bob", "022"), ("cas", "027")];

impl Machine {
    /// None where the kernel gives no namespace.
    fn start() -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        std::fs::set_permissions(dir.path(), PermissionsExt::from_mode(0o755)).unwrap();
        let script = "set -e
            mkdir -p home bin var/lib var/log var/mail var/tmp target/dist
            cp -a /etc etc
            mount --bind etc /etc
            mount --bind home /home
            mount --bind var /var
            mount --bind bin /usr/local/bin
            echo ready
            exec cat";
        let mut holder = Command::new("unshare")
            .args(["--mount", "--propagation", "private", "sh", "-c", script])
            .current_dir(dir.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(holder.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let machine = Self { dir, holder };
        if line != "ready\n" {
            eprintln!(
                "SKIPPED: no mount namespace to be had, so the README's install was not walked"
            );
            return None;
        }
        copied(&machine.dir.path().join("target/dist/daybook"));
        Some(machine)
    }

    fn enter(&self) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--target", &self.holder.id().to_string(), "--mount", "--", "env", "-i"]);
        command.stdin(Stdio::null());
        command
    }

    /// A script by root, in the directory where the program was built.
    fn root(&self, script: &str) -> Ran {
        let path = "PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
        let at = format!("set -e; cd {}; {script}", self.dir.path().display());
        ran(self.enter().args([path, "HOME=/root", "sh", "-c", &at]).output().unwrap())
    }

    /// The program by one of the people, from their home, under their umask.
    fn by(&self, who: &str, args: &[&str]) -> Ran {
        let umask = PEOPLE.iter().find(|(name, _)| *name == who).unwrap().1;
        let script = format!(
            "umask {umask}; cd /home/{who}; \
             exec setpriv --reuid={who} --regid={who} --init-groups -- daybook \"$@\""
        );
        let mut command = self.enter();
        command
            .args(["PATH=/usr/local/bin:/usr/bin:/bin", "DAYBOOK_BOOK=/var/lib/daybook/book.db"])
            .args([&format!("HOME=/home/{who}"), "sh", "-c", &script, "sh"])
            .args(args);
        ran(command.output().unwrap())
    }

    /// The README's unit as systemd starts it: umask 022, next to no environment, `/tmp` its own.
    fn worker(&self) -> Child {
        let unit = block("### Nobody logged in", "ini");
        let get = |key: &str| -> String {
            let line = unit.lines().find_map(|l| l.strip_prefix(&format!("{key}="))).unwrap();
            line.to_owned()
        };
        let script = format!(
            "mount -t tmpfs tmpfs /tmp; umask 0022; cd /; exec env -i {} setpriv --reuid={} \
             --regid={} --init-groups --no-new-privs -- {}",
            get("Environment"),
            get("User"),
            get("Group"),
            get("ExecStart")
        );
        let mut command = self.enter();
        command
            .args(["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "unshare", "--mount", "--propagation"])
            .args(["private", "sh", "-c", &script])
            .stdout(Stdio::null());
        command.spawn().unwrap()
    }

    fn file(&self, who: &str, name: &str, text: &str) {
        let path = self.dir.path().join("home").join(who).join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
    }

    fn book(&self, name: &str) -> PathBuf {
        self.dir.path().join("var/lib/daybook").join(name)
    }
}

/// A child that does not outlive the test.
struct Kept(Child);

impl Drop for Kept {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn customers(machine: &Machine, today: &str) {
    let mut accounts =
        "account_number,name,currency,email,address1,city,country,auto_pay,delivery\n".to_owned();
    let mut subscriptions = "subscription_number,account_number,start_date\n".to_owned();
    let mut charges =
        "charge_number,subscription_number,name,type,model,price,billing_period\n".to_owned();
    let mut methods = "account_number,token,kind,display\n".to_owned();
    for n in 1..=6 {
        let way = if n <= 4 { "email" } else { "print" };
        let token = if n == 3 { "\"decline:insufficient_funds,ok\"" } else { "ok" };
        accounts += &format!("A{n},Ann {n},EUR,a{n}@example.org,Road {n},Town,DE,true,{way}\n");
        subscriptions += &format!("S{n},A{n},{today}\n");
        charges += &format!("C{n},S{n},Base,recurring,flat,10,month\n");
        methods += &format!("A{n},{token},card,visa 4242\n");
    }
    machine.file("mia", "accounts.csv", &accounts);
    machine.file("mia", "subscriptions.csv", &subscriptions);
    machine.file("mia", "charges.csv", &charges);
    machine.file("cas", "payment_methods.csv", &methods);
}

/// Installs as the README says; gives the worker.
fn installed(machine: &Machine, sink: &Sink) -> Kept {
    machine.root(&block("Install for several clerks", "sh")).ends(0);
    for (who, _) in PEOPLE {
        machine.root(&format!("useradd --create-home --shell /bin/sh {who}")).ends(0);
    }
    machine.root(&block("The first book", "sh")).ends(0);
    machine.root("echo hunter2 > smtp.password").ends(0);
    // What needs root, and what the admin says.
    let secrets = block("Secrets are files", "sh");
    let (admins, roots): (Vec<&str>, Vec<&str>) =
        secrets.lines().partition(|line| line.starts_with("daybook "));
    machine.root(&roots.join("\n")).ends(0);
    let port = sink.port.to_string();
    for (key, value) in [
        ("issuer.name", "Example Ltd"),
        ("mail.transport", "smtp"),
        ("smtp.host", "127.0.0.1"),
        ("smtp.port", &port),
        ("smtp.tls", "none"),
        ("smtp.from", "billing@example.org"),
        ("smtp.user", "billing"),
        ("delivery.hold_minutes", "0"),
    ] {
        machine.by("ada", &["settings", "set", key, value]).ends(0);
    }
    for line in admins {
        let words = line.split('#').next().unwrap_or_default();
        let words: Vec<&str> = words.split_whitespace().skip(1).collect();
        machine.by("ada", &words).ends(0);
    }
    Kept(machine.worker())
}

#[test]
fn the_readmes_install_does_the_whole_day() {
    let there = possible("the README's install")
        && has("unshare", &["--version"])
        && has("nsenter", &["--version"])
        && has("useradd", &["--help"]);
    if !there {
        return;
    }
    let Some(machine) = Machine::start() else { return };
    let sink =
        Sink::start(Script { needs_login: true, auth: Some("235 ok".into()), ..Script::default() });
    let worker = installed(&machine, &sink);
    let today = chrono::Utc::now().date_naive().to_string();
    customers(&machine, &today);

    machine.by("mia", &["import", "/home/mia"]).ends(0);
    machine.by("cas", &["import", "/home/cas"]).ends(0);
    machine.by("mia", &["bill", "--target", &today]).ends(2);
    machine.by("bob", &["bill", "--target", &today]).ends(0);
    let drafts =
        machine.by("mia", &["invoice", "list", "--status", "Draft", "--json"]).ends(0).json();
    assert_eq!(drafts.as_array().unwrap().len(), 6);
    let edit =
        ["--line", "1", "--set", "quantity=3", "--reason", "counted again", "--version", "1"];
    let draft = drafts.as_array().unwrap().iter().find(|d| d["account_number"] == "A1").unwrap();
    let draft = draft["id"].as_str().unwrap();
    machine.by("mia", &[&["invoice", "edit", draft], &edit[..]].concat()).ends(0);
    machine.by("mia", &["post", "BR-000001"]).ends(2);
    let posted = machine.by("bob", &["post", "BR-000001", "--json"]).ends(0).json();
    assert_eq!(posted["posted"], 6);

    let print = ["--print", "/home/mia/print", "--send-now"];
    machine.by("mia", &[&["deliver", "--run", "BR-000001"], &print[..]].concat()).ends(0);
    sink.wait_for(4);
    assert_eq!(sink.taken().len(), 4, "each invoice goes out once");
    let printed = machine.dir.path().join("home/mia/print");
    for file in std::fs::read_dir(&printed).unwrap().map(|e| e.unwrap().path()) {
        let facts = file.metadata().unwrap();
        assert_eq!(facts.mode() & 0o077, 0, "{}: her umask is 077", file.display());
    }

    machine.by("mia", &["collect", "--target", &today]).ends(2);
    let taken = machine.by("cas", &["collect", "--target", &today, "--json"]).ends(0).json();
    assert_eq!((&taken["approved"], &taken["declined"]), (&5.into(), &1.into()), "{taken}");
    let failed = machine.by("cas", &["payment", "list", "--json"]).ends(0).json();
    let failed = failed.as_array().unwrap().iter().find(|p| p["status"] == "Declined").unwrap();
    let id = failed["id"].to_string();
    machine.by("cas", &["retry", "--payment", id.trim_matches('"')]).ends(0);
    let left = machine.by("ada", &["invoice", "list", "--json"]).ends(0).json();
    assert!(left.as_array().unwrap().iter().all(|i| i["balance"] == "0.00"), "{left}");

    sound(&machine);
    copies(&machine, worker);
    sound(&machine);
}

/// Everybody's check holds, and no file keeps anybody out.
fn sound(machine: &Machine) {
    for (who, _) in PEOPLE {
        machine.by(who, &["check"]).ends(0);
        machine.by(who, &["worker", "--once"]).ends(0);
        let findings = machine.by(who, &["doctor", "--json"]).json();
        let wrong: Vec<_> = findings["findings"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|f| f["name"].as_str().unwrap().starts_with("file") && f["ok"] == false)
            .collect();
        assert!(wrong.is_empty(), "{who}: {wrong:?}");
    }
}

/// Backup and restore: the copy is its maker's, and only the admin may put one in the book's place.
fn copies(machine: &Machine, worker: Kept) {
    machine.by("ada", &["backup", "/home/ada/copy.db"]).ends(0);
    machine.by("mia", &["backup", "/home/mia/copy.db"]).ends(0);
    for who in ["ada", "mia"] {
        let copy = machine.dir.path().join("home").join(who).join("copy.db");
        assert_eq!(copy.metadata().unwrap().mode() & 0o777, 0o600);
    }
    drop(worker);
    for who in ["mia", "bob", "cas"] {
        let refused = machine.by(who, &["restore", "/home/mia/copy.db"]).ends(2);
        assert!(refused.err.contains("not allowed"), "{}", refused.err);
    }
    machine.by("ada", &["restore", "/home/ada/copy.db"]).ends(0);
    assert_eq!(machine.book("book.db").metadata().unwrap().mode() & 0o777, 0o660);
    machine.by("mia", &["import", "/home/mia"]).ends(0);
    machine.by("cas", &["import", "/home/cas"]).ends(0);
}

/// How people share a book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Install {
    /// A setgid program, clerks outside its group.
    Setgid,
    /// Everybody is in the group of a setgid directory.
    Trusted,
    /// The same, and somebody forgot the setgid bit of the directory.
    Forgotten,
    /// One person.
    Single,
}

const GROUP: u32 = 54_321;
pub const FIRST: u32 = 54_501;
pub const SECOND: u32 = 54_502;

pub struct Site {
    dir: tempfile::TempDir,
    pub install: Install,
}

impl Site {
    pub fn made(install: Install) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let set = |path: &Path, uid: u32, gid: u32, mode: u32| {
            chown(path, Some(uid), Some(gid)).unwrap();
            std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
        };
        set(dir.path(), 0, 0, 0o755);
        let program = dir.path().join("daybook");
        copied(&program);
        let (gid, bits) = if install == Install::Setgid { (GROUP, 0o2755) } else { (0, 0o755) };
        set(&program, 0, gid, bits);
        let lib = dir.path().join("lib");
        std::fs::create_dir(&lib).unwrap();
        match install {
            Install::Setgid | Install::Trusted => set(&lib, 0, GROUP, 0o2770),
            Install::Forgotten => set(&lib, 0, GROUP, 0o770),
            Install::Single => set(&lib, FIRST, FIRST, 0o755),
        }
        for (name, uid) in [("first", FIRST), ("second", SECOND)] {
            std::fs::create_dir(dir.path().join(name)).unwrap();
            set(&dir.path().join(name), uid, uid, 0o700);
        }
        Self { dir, install }
    }

    /// The worker's user, umask 022 and no environment; or a clerk with `umask`.
    pub fn run(&self, uid: u32, umask: &str, book: &str, args: &[&str]) -> Ran {
        let mut command = Command::new("sh");
        command.args(self.line(uid, umask, book, "")).args(args);
        command.current_dir("/").stdin(Stdio::null());
        ran(command.output().unwrap())
    }

    /// The home of the first, where files to import lie.
    pub fn home(&self) -> PathBuf {
        self.dir.path().join("first")
    }

    /// Where a book lies.
    pub fn book(&self, name: &str) -> PathBuf {
        self.dir.path().join("lib").join(name)
    }

    /// Their console.
    pub fn console(&self, uid: u32, umask: &str, book: &str) -> Pty {
        let line = self.line(uid, umask, book, "TERM=xterm-256color LANG=C.UTF-8");
        let line: Vec<&str> = line.iter().map(String::as_str).collect();
        Pty::of(Path::new("/bin/sh"), &line, &[], (100, 24))
    }

    /// Two accounts, each with a draft, in a book of the first of two people.
    pub fn billed(&self, book: &str, second: u32) {
        let first = |args: &[&str]| self.run(FIRST, "022", book, args);
        let home = self.home();
        for (name, text) in FILES {
            std::fs::write(home.join(name), text).unwrap();
        }
        first(&["init", "--test"]).ends(0);
        first(&["clock", "set", "2026-03-01T09:00"]).ends(0);
        for uid in [FIRST, second] {
            first(&["role", "grant", &uid.to_string(), "biller"]).ends(0);
        }
        first(&["import", &home.to_string_lossy()]).ends(0);
        first(&["bill", "--target", "2026-02-01"]).ends(0);
    }

    /// What a shell is given to run the program as somebody, in this environment and no other.
    fn line(&self, uid: u32, umask: &str, book: &str, env: &str) -> Vec<String> {
        let groups = match self.install {
            // The first is the worker: it has the group by login.
            Install::Setgid if uid == FIRST => format!("--regid={GROUP} --clear-groups"),
            Install::Setgid | Install::Single => format!("--regid={uid} --clear-groups"),
            Install::Trusted | Install::Forgotten => format!("--regid={uid} --groups={GROUP}"),
        };
        let script = format!(
            "umask {umask}; exec /usr/bin/env -i {env} setpriv --reuid={uid} {groups} -- \"$@\""
        );
        let text = |path: PathBuf| path.to_string_lossy().into_owned();
        let (program, book) = (self.dir.path().join("daybook"), self.book(book));
        let words = ["-c", &script, "sh"].map(str::to_owned).into_iter();
        words.chain([text(program), "--book".to_owned(), text(book)]).collect()
    }
}

const FILES: [(&str, &str); 4] = [
    (
        "accounts.csv",
        "account_number,name,currency,email,auto_pay,address1,city,delivery\n\
         A1,Ann,EUR,a@example.org,true,Road 1,Town,both\nA2,Bob,EUR,b@example.org,true,Road 2,Town,both\n",
    ),
    (
        "subscriptions.csv",
        "subscription_number,account_number,start_date\nS1,A1,2026-02-01\nS2,A2,2026-02-01\n",
    ),
    (
        "charges.csv",
        "charge_number,subscription_number,name,type,model,price,billing_period\n\
         C1,S1,Base,recurring,flat,10,month\nC2,S2,Base,recurring,flat,10,month\n",
    ),
    (
        "payment_methods.csv",
        "account_number,token,kind,display\nA1,ok,card,visa\nA2,ok,card,visa\n",
    ),
];

/// Everything that makes a file beside the book, one after the other by two people.
fn day(site: &Site, umask: &str) {
    let book = format!("book{umask}.db");
    let second = if site.install == Install::Single { FIRST } else { SECOND };
    let first = |args: &[&str]| site.run(FIRST, umask, &book, args);
    // With a tight umask after an open one, and the other way round.
    let other =
        |args: &[&str]| site.run(second, if umask == "077" { "000" } else { "077" }, &book, args);
    let home = site.dir.path().join("first");
    for (name, text) in FILES {
        std::fs::write(home.join(name), text).unwrap();
    }
    first(&["init", "--test"]).ends(0);
    first(&["clock", "set", "2026-03-01T09:00"]).ends(0);
    if second != FIRST {
        for role in ["clerk", "biller", "cashier"] {
            first(&["role", "grant", &second.to_string(), role]).ends(0);
            first(&["role", "grant", &FIRST.to_string(), role]).ends(0);
        }
    }
    let said =
        |ran: Ran| assert!(ran.code <= 1, "{:?} {umask}: {} {}", site.install, ran.out, ran.err);
    said(first(&["import", &home.to_string_lossy()]));
    said(first(&["bill", "--target", "2026-02-01"]));
    said(other(&["bill", "--target", "2026-03-01"]));
    said(first(&["post", "BR-000001"]));
    said(other(&["post", "BR-000002"]));
    said(first(&["deliver", "--run", "BR-000001", "--send-now"]));
    said(other(&["deliver", "--run", "BR-000002", "--send-now"]));
    said(first(&["collect", "--target", "2026-02-01"]));
    said(other(&["collect", "--target", "2026-03-31"]));
    said(first(&["worker", "--once"]));
    said(other(&["worker", "--once"]));
    other(&["check"]).ends(0);
    let report = other(&["doctor", "--json"]).json();
    let files: Vec<_> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|f| f["name"].as_str().unwrap().starts_with("file"))
        .collect();
    assert!(files.iter().all(|f| f["ok"] == true), "{:?} {umask}: {files:?}", site.install);
    let lib = site.dir.path().join("lib");
    let group = lib.metadata().unwrap().gid();
    for (path, (mode, gid)) in modes(&lib, &book) {
        let right = if path.is_dir() { 0o2770 } else { 0o660 };
        assert_eq!((mode, gid), (right, group), "{:?} {umask}: {}", site.install, path.display());
    }
}

/// Mode and group of everything that belongs to a book.
fn modes(lib: &Path, book: &str) -> BTreeMap<PathBuf, (u32, u32)> {
    let mut found = BTreeMap::new();
    let mut next = vec![lib.to_owned()];
    while let Some(directory) = next.pop() {
        for path in std::fs::read_dir(&directory).unwrap().map(|e| e.unwrap().path()) {
            if directory == lib && !path.file_name().unwrap().to_string_lossy().starts_with(book) {
                continue;
            }
            let facts = path.metadata().unwrap();
            if facts.is_dir() {
                next.push(path.clone());
            }
            found.insert(path, (facts.mode() & 0o7777, facts.gid()));
        }
    }
    assert!(found.keys().any(|p| p.ends_with("sandbox.jsonl")), "{found:?}");
    assert!(found.keys().any(|p| p.extension().is_some_and(|e| e == "eml")), "{found:?}");
    found
}

#[test]
fn every_install_works_under_every_umask() {
    if !possible("the installs") {
        return;
    }
    std::thread::scope(|scope| {
        for install in [Install::Setgid, Install::Trusted, Install::Forgotten, Install::Single] {
            scope.spawn(move || {
                let site = Site::made(install);
                for umask in ["022", "000", "027", "077"] {
                    day(&site, umask);
                }
            });
        }
    });
}
