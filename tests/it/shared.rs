//! The install for several clerks: a setgid binary, a directory that only its group may enter, and
//! users who are not in that group.

use crate::harness::book::{Ran, binary};
use crate::install::possible;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A group and two users that need no entry anywhere.
pub const GROUP: u32 = 54_321;
pub const MIA: u32 = 54_401;
pub const TOM: u32 = 54_402;

pub struct Server {
    dir: tempfile::TempDir,
}

pub fn mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// Copies the program by a process of its own: were the copy written by this one, a test that forks
/// meanwhile would hold it open for writing, and nobody could start it.
pub fn copied(to: &Path) {
    assert!(Command::new("cp").arg(binary()).arg(to).status().unwrap().success());
}

impl Server {
    /// The recommended install with a book of three accounts; none where this cannot be shown.
    pub fn install() -> Option<Self> {
        possible("the setgid install").then(Self::made)
    }

    fn made() -> Self {
        let server = Self { dir: tempfile::tempdir().unwrap() };
        mode(server.dir.path(), 0o755);
        copied(&server.at("plain"));
        copied(&server.at("daybook"));
        chown(server.at("daybook"), Some(0), Some(GROUP)).unwrap();
        mode(&server.at("daybook"), 0o2755);
        for (name, uid, gid, bits) in
            [("lib", 0, GROUP, 0o2770), ("mia", MIA, MIA, 0o755), ("tom", TOM, TOM, 0o755)]
        {
            std::fs::create_dir(server.at(name)).unwrap();
            chown(server.at(name), Some(uid), Some(gid)).unwrap();
            mode(&server.at(name), bits);
        }
        server.run(0, &["init", "--test"]).ends(0);
        server.run(0, &["clock", "set", "2026-03-01"]).ends(0);
        for (file, text) in [
            ("accounts.csv", "account_number,name,currency\nA1,Ann,EUR\nA2,Bob,EUR\nA3,Cy,EUR\n"),
            (
                "subscriptions.csv",
                "subscription_number,account_number,start_date\nS1,A1,2026-02-01\nS2,A2,2026-02-01\n",
            ),
            (
                "charges.csv",
                "charge_number,subscription_number,name,type,model,price,billing_period\n\
                 C1,S1,Base,recurring,flat,10,month\nC2,S2,Base,recurring,flat,10,month\n",
            ),
        ] {
            std::fs::write(server.at("mia").join(file), text).unwrap();
        }
        for (uid, role) in [(MIA, "biller"), (TOM, "biller"), (TOM, "cashier")] {
            server.run(0, &["role", "grant", &uid.to_string(), role]).ends(0);
        }
        server
    }

    pub fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The program as a user that is in no group but their own, with a tight umask.
    pub fn command(&self, uid: u32, program: &str, book: &Path, args: &[&str]) -> Command {
        let mut command = Command::new("sh");
        command
            .args(["-c", "umask 077; exec setpriv --reuid=$0 --regid=$0 --clear-groups -- \"$@\""])
            .arg(uid.to_string())
            .arg(self.at(program))
            .arg("--book")
            .arg(book)
            .args(args)
            .env_remove("DAYBOOK_BOOK")
            .current_dir(self.dir.path())
            .stdin(Stdio::null());
        command
    }

    pub fn ran(&self, uid: u32, program: &str, book: &Path, args: &[&str]) -> Ran {
        let output = self.command(uid, program, book, args).output().unwrap();
        Ran {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    pub fn run(&self, uid: u32, args: &[&str]) -> Ran {
        self.ran(uid, "daybook", &self.at("lib/book.db"), args)
    }
}

#[test]
fn clerks_outside_the_group_work_through_the_setgid_binary_and_no_other_way() {
    let Some(server) = Server::install() else { return };
    let text = |path: PathBuf| path.to_string_lossy().into_owned();
    // Another binary, even the same program, is refused by the system.
    let book = server.at("lib/book.db");
    let plain = server.ran(MIA, "plain", &book, &["status"]);
    assert!(plain.code != 0 && !plain.err.is_empty(), "{}", plain.out);

    let mia = text(server.at("mia"));
    server.run(MIA, &["import", &mia]).ends(0);
    server.run(MIA, &["bill", "--target", "2026-03-01"]).ends(0);
    // The second clerk meets the locks and logs of the first.
    server.run(TOM, &["post", "BR-000001"]).ends(0);
    server.run(TOM, &["worker", "--once"]).ends(0);
    server.run(MIA, &["check"]).ends(0);

    // A file they name is theirs, and where only the group may write they may not.
    let journal = server.at("mia/book.journal");
    server.run(MIA, &["export", "journal", "--output", &text(journal.clone())]).ends(0);
    let facts = journal.metadata().unwrap();
    assert_eq!((facts.uid(), facts.gid()), (MIA, MIA));
    for target in ["lib/leak.journal", "tom/leak.journal"] {
        let ran = server.run(MIA, &["export", "journal", "--output", &text(server.at(target))]);
        assert!(ran.code != 0 && !server.at(target).exists(), "{target}: {}", ran.err);
    }
    let copy = server.at("mia/copy.db");
    server.run(MIA, &["backup", &text(copy.clone())]).ends(0);
    assert_eq!(copy.metadata().unwrap().gid(), MIA);
    server.run(TOM, &["collect", "--target", "2026-03-31"]);
    let printed = text(server.at("mia/print"));
    server.run(MIA, &["deliver", "--print", &printed]);
    for file in std::fs::read_dir(&printed).into_iter().flatten() {
        assert_eq!(file.unwrap().metadata().unwrap().gid(), MIA);
    }

    // What only the group may read is not read for them.
    let secret = server.at("lib/accounts.csv");
    std::fs::write(&secret, "account_number,name,currency\nX1,Secret,EUR\n").unwrap();
    chown(&secret, Some(0), Some(GROUP)).unwrap();
    mode(&secret, 0o640);
    let ran = server.run(MIA, &["import", &text(secret)]).ends(2);
    assert!(ran.err.contains("cannot be read"), "{}", ran.err);

    // A book elsewhere is opened without the group.
    let own = server.at("mia/own.db");
    server.ran(MIA, "daybook", &own, &["init", "--test"]).ends(0);
    assert_eq!(own.metadata().unwrap().gid(), MIA);
    server.run(MIA, &["check"]).ends(0);
}

#[test]
fn a_book_that_a_user_may_not_read_is_not_said_to_be_read_only() {
    let Some(server) = Server::install() else { return };
    let book = server.at("book.db");
    std::fs::copy(server.at("lib/book.db"), &book).unwrap();
    for (bits, words) in [
        (0o600, "book.db: permission denied"),
        // It is readable; but SQLite lays its log beside it to read it.
        (0o644, "this user may not write here, and even reading keeps a log beside"),
    ] {
        mode(&book, bits);
        let ran = server.ran(TOM, "plain", &book, &["status"]);
        assert!(ran.code != 0 && ran.err.contains(words), "{bits:o}: {}", ran.err);
        assert!(ran.err.contains("check its permissions"), "{}", ran.err);
        assert!(!ran.err.contains("read-only"), "{}", ran.err);
    }
}

#[test]
fn a_setgid_process_has_a_clean_environment_and_dumps_no_core() {
    let Some(server) = Server::install() else { return };
    let book = server.at("lib/book.db");
    let mut worker = server
        .command(MIA, "daybook", &book, &["worker"])
        .env("SQLITE_TMPDIR", "/tmp/evil")
        .env("RUST_LOG", "trace")
        .env("TERM", "vt100")
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let proc = PathBuf::from(format!("/proc/{}", worker.id()));
    let read = |name: &str| std::fs::read_to_string(proc.join(name)).unwrap_or_default();
    let begun = Instant::now();
    let kept =
        ["TERM=", "LANG=", "LC_", "HOME=", "COLUMNS=", "LINES=", "XDG_DATA_HOME=", "NO_COLOR="];
    // The same process becomes sh, setpriv, daybook, and daybook again; what is read while it
    // changes may be cut short.
    let environment = loop {
        let environment = read("environ");
        let mut all = environment.split_terminator('\0');
        let clean = environment.contains("TERM=vt100\0")
            && all.all(|one| kept.iter().any(|k| one.starts_with(k)));
        if clean || begun.elapsed() > Duration::from_secs(30) {
            break environment;
        }
        std::thread::yield_now();
    };
    let limits = read("limits");
    worker.kill().unwrap();
    worker.wait().unwrap();
    for one in environment.split_terminator('\0') {
        assert!(kept.iter().any(|k| one.starts_with(k)), "{one} in {environment:?}");
    }
    assert!(environment.contains("TERM=vt100\0"), "{environment:?}");
    let core = limits.lines().find(|l| l.starts_with("Max core file size")).unwrap();
    assert!(core.split_whitespace().nth(4) == Some("0"), "{core}");
}
