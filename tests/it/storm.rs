//! A storm over all verbs: several processes on one book, each killed at a random point of its
//! progress, then started again. Nothing acknowledged is lost, nothing is done twice, and every book
//! opens. `DAYBOOK_KILLS=1000` by hand, `DAYBOOK_SEED` for the dice.

use crate::harness::book::{Book, binary, daybook};
use crate::harness::collect::sandbox_at;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Kills of the short storm.
const KILLS: usize = 20;
/// A process is killed after so many changes of the files at most; most verbs make fewer.
const CHANGES: u64 = 14;
/// The schema that a book is taken back to, so that the next process migrates it.
const OLD: usize = 4;

pub fn by_hand(variable: &str, otherwise: usize) -> usize {
    std::env::var(variable).ok().and_then(|n| n.parse().ok()).unwrap_or(otherwise)
}

/// Numbers that look random and are the same for the same seed (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

/// What one process is started for.
struct Deed {
    book: PathBuf,
    args: Vec<String>,
    /// What is found in the book once it said that it was done.
    token: Option<String>,
}

struct Storm {
    book: Book,
    dice: Dice,
    month: u64,
    count: usize,
    acked: Vec<String>,
    backups: Vec<PathBuf>,
    made: Vec<PathBuf>,
    /// Files beside the book that were read, and the words in them.
    read: BTreeSet<PathBuf>,
    kept: BTreeSet<String>,
    /// How often the next process found a book of an older schema.
    old: usize,
    tally: BTreeMap<String, (usize, usize)>,
}

/// Verbs that leave money alone, and those that move it: a restore never runs beside the latter,
/// since it would forget what the gateway took.
const QUIET: &[fn(&mut Storm) -> Option<Deed>] = &[
    Storm::import,
    Storm::import,
    Storm::bill,
    Storm::bill,
    Storm::edit,
    Storm::edit,
    Storm::settings,
    Storm::post,
    Storm::post,
    Storm::cancel,
    Storm::backup,
    Storm::init,
    Storm::worker,
];
const MONEY: &[fn(&mut Storm) -> Option<Deed>] =
    &[Storm::collect, Storm::collect, Storm::retry, Storm::reconcile, Storm::deliver];

impl Storm {
    fn new(seed: u64) -> Self {
        let book = crate::harness::crash::waiting(30);
        book.run(&["settings", "set", "delivery.hold_minutes", "0"]).ends(0);
        Self {
            book,
            dice: Dice(seed | 1),
            month: 3,
            count: 0,
            acked: Vec::new(),
            backups: Vec::new(),
            made: Vec::new(),
            read: BTreeSet::new(),
            kept: BTreeSet::new(),
            old: 0,
            tally: BTreeMap::new(),
        }
    }

    fn deed(&self, args: &[&str]) -> Option<Deed> {
        let args = args.iter().map(ToString::to_string).collect();
        Some(Deed { book: self.book.path.clone(), args, token: None })
    }

    /// A word that is nowhere else.
    fn token(&mut self) -> String {
        self.count += 1;
        format!("TOKEN{:05}X", self.count)
    }

    fn first(&self, sql: &str) -> Option<i64> {
        let conn = rusqlite::Connection::open(&self.book.path).unwrap();
        conn.busy_timeout(Duration::from_secs(10)).unwrap();
        conn.query_row(sql, [], |r| r.get(0)).ok()
    }

    fn target(&mut self) -> String {
        if self.dice.below(6) == 0 && self.month < 12 {
            self.month += 1;
        }
        format!("2026-{:02}-01", self.month)
    }

    fn import(&mut self) -> Option<Deed> {
        let token = self.token();
        let n = self.count;
        let accounts = self.book.file(
            &format!("{token}.csv"),
            format!("account_number,name,currency,auto_pay,delivery,email\nN{n},New {n},EUR,true,email,n{n}@example.com\n"),
        );
        let subscriptions = self.book.file(
            &format!("s{n}.csv"),
            format!("subscription_number,account_number,start_date\nM{n},N{n},2026-02-01\n"),
        );
        let charges = self.book.file(
            &format!("c{n}.csv"),
            format!("charge_number,subscription_number,name,type,model,price,billing_period\nG{n},M{n},Base,recurring,flat,7.77,month\n"),
        );
        let methods = self.book.file(
            &format!("p{n}.csv"),
            format!("account_number,token,kind,display\nN{n},\"decline:insufficient_funds,ok\",card,visa\n"),
        );
        let deed = self.deed(&["import", &accounts, &subscriptions, &charges, &methods])?;
        Some(Deed { token: Some(token), ..deed })
    }

    fn bill(&mut self) -> Option<Deed> {
        let target = self.target();
        self.deed(&["bill", "--target", &target])
    }

    fn edit(&mut self) -> Option<Deed> {
        let skip = self.dice.below(20);
        let draft = self.first(&format!(
            "SELECT id FROM document WHERE status = 'Draft' ORDER BY id LIMIT 1 OFFSET {skip}"
        ))?;
        let token = self.token();
        let (id, set) = (format!("D-{draft:06}"), format!("po_number={token}"));
        let deed = self.deed(&["invoice", "edit", &id, "--set", &set, "--reason", &token])?;
        Some(Deed { token: Some(token), ..deed })
    }

    fn settings(&mut self) -> Option<Deed> {
        let token = self.token();
        let deed = self.deed(&["settings", "set", "issuer.footer", &token])?;
        Some(Deed { token: Some(token), ..deed })
    }

    fn completed(&self) -> Option<String> {
        let run = self.first(
            "SELECT id FROM bill_run WHERE status IN ('Completed','Posting') ORDER BY id LIMIT 1",
        )?;
        Some(format!("BR-{run:06}"))
    }

    fn post(&mut self) -> Option<Deed> {
        let run = self.completed()?;
        self.deed(&["post", &run])
    }

    fn cancel(&mut self) -> Option<Deed> {
        let run = self.completed()?;
        if self.dice.below(3) > 0 { None } else { self.deed(&["run", "cancel", &run]) }
    }

    fn deliver(&mut self) -> Option<Deed> {
        self.deed(&["deliver"])
    }

    fn collect(&mut self) -> Option<Deed> {
        let target = self.target();
        self.deed(&["collect", "--target", &target])
    }

    fn retry(&mut self) -> Option<Deed> {
        self.deed(&["retry", "--group", "retry_later"])
    }

    fn reconcile(&mut self) -> Option<Deed> {
        self.deed(&["payment", "reconcile"])
    }

    fn worker(&mut self) -> Option<Deed> {
        self.deed(&["worker", "--once"])
    }

    fn backup(&mut self) -> Option<Deed> {
        self.count += 1;
        let target = self.book.dir.path().join(format!("copy-{:05}.db", self.count));
        self.backups.push(target.clone());
        self.deed(&["backup", target.to_str().unwrap()])
    }

    fn init(&mut self) -> Option<Deed> {
        self.count += 1;
        let path = self.book.dir.path().join(format!("made-{:05}.db", self.count));
        self.made.push(path.clone());
        let deed = self.deed(&["init", "--test"])?;
        Some(Deed { book: path, ..deed })
    }

    /// The newest backup that knows all the payments of the book.
    fn restore(&mut self) -> Option<Deed> {
        let paid = "SELECT count(*) FROM payment";
        let payments = self.first(paid);
        let known = |path: &&PathBuf| {
            let conn = rusqlite::Connection::open(path).unwrap();
            path.exists() && conn.query_row(paid, [], |r| r.get(0)).ok() == payments
        };
        let from = self.backups.iter().rev().find(known)?.clone();
        self.deed(&["restore", from.to_str().unwrap()])
    }

    /// One to three processes at once, each killed at some point; gives how many were.
    fn round(&mut self) -> usize {
        let mut deeds = Vec::new();
        let restore = if self.dice.below(5) == 0 { self.restore() } else { None };
        let quiet = restore.is_some();
        deeds.extend(restore);
        // Alone it gets the book; beside others it may have to say who has it open.
        let more = if quiet { self.dice.below(2) } else { self.dice.below(3) } as usize;
        while deeds.len() < 1 + more {
            let table = if quiet || self.dice.below(3) > 0 { QUIET } else { MONEY };
            let pick = table[self.dice.below(table.len() as u64) as usize];
            deeds.extend(pick(self));
        }
        if self.dice.below(6) == 0 {
            self.book.of_schema(OLD);
            self.old += 1;
        }
        // A third of them may finish, so that there is something to lose.
        let limits: Vec<u64> = deeds
            .iter()
            .map(|_| if self.dice.below(3) == 0 { u64::MAX } else { self.dice.below(CHANGES) })
            .collect();
        let mut running: Vec<Running> =
            deeds.into_iter().zip(limits).map(|(deed, left)| Running::start(deed, left)).collect();
        let begun = Instant::now();
        while running.iter_mut().any(|r| !r.look()) {
            assert!(begun.elapsed() < Duration::from_secs(120), "a process hangs");
            std::thread::yield_now();
        }
        for one in &running {
            let tally = self.tally.entry(one.deed.args[0].clone()).or_default();
            tally.0 += 1;
            tally.1 += usize::from(one.killed);
            if one.killed {
                continue;
            }
            let code = one.code;
            assert!((0..=3).contains(&code), "{:?} ended with {code}", one.deed.args);
            if code <= 1 {
                self.acked.extend(one.deed.token.clone());
            }
        }
        running.iter().filter(|r| r.killed).count()
    }

    /// What must be true after every round.
    fn holds(&mut self, when: &str) {
        self.book.run(&["worker", "--once"]).ends(0);
        sound(&self.book.path, when);
        for made in std::mem::take(&mut self.made) {
            let again = daybook(&made, &["init", "--test"]);
            assert!(again.code == 0 || again.code == 2, "{when}: {}", again.err);
            sound(&made, when);
        }
        self.backups.retain(|path| path.exists());
        // Older ones are of no use to a restore, and what they know is read.
        while self.backups.len() > 3 {
            std::fs::remove_file(self.backups.remove(0)).unwrap();
        }
        let (_, most) = sandbox_at(&self.book.path);
        assert!(most <= 1, "{when}: a key was charged {most} times");
    }

    /// Acknowledged and in no book, neither the one at the path nor one that was replaced. Files
    /// beside it do not change any more and are read once.
    fn lost(&mut self) -> Vec<String> {
        let mut books = Vec::new();
        books_under(self.book.dir.path(), &mut books);
        books.retain(|path| *path != self.book.path && self.read.insert(path.clone()));
        for path in &books {
            self.kept.extend(tokens(path));
        }
        let now = tokens(&self.book.path);
        let gone = |token: &&String| !now.contains(*token) && !self.kept.contains(*token);
        self.acked.iter().filter(gone).cloned().collect()
    }
}

/// The words of deeds that a book knows of; none in a stump that a killed restore left under a name
/// of its own.
fn tokens(book: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let conn = rusqlite::Connection::open(book).unwrap();
    let sql = "SELECT summary || detail FROM operation UNION ALL SELECT name FROM import_file";
    let Ok(mut words) = conn.prepare(sql) else { return found };
    let rows = words.query_map([], |r| r.get::<_, String>(0)).unwrap();
    for text in rows.map(Result::unwrap) {
        let at = text.match_indices("TOKEN").map(|(at, _)| at);
        found.extend(at.filter_map(|at| text.get(at..at + 11)).map(str::to_owned));
    }
    found
}

/// Every file that begins as a database, under a directory: the book, copies, what was replaced.
fn books_under(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            books_under(&path, found);
            continue;
        }
        let mut head = [0; 16];
        let read = std::fs::File::open(&path).and_then(|mut f| f.read_exact(&mut head));
        if read.is_ok() && &head == b"SQLite format 3\0" {
            found.push(path);
        }
    }
}

fn sound(book: &Path, when: &str) {
    let check = daybook(book, &["check"]);
    assert_eq!(check.code, 0, "{when}: {}: {}{}", book.display(), check.out, check.err);
}

/// A process, and how many more changes of the files it may see.
struct Running {
    deed: Deed,
    child: Child,
    left: u64,
    seen: Vec<(u64, i128)>,
    code: i32,
    killed: bool,
    over: bool,
}

impl Running {
    fn start(deed: Deed, left: u64) -> Self {
        let child = Command::new(binary())
            .arg("--book")
            .arg(&deed.book)
            .args(&deed.args)
            .env_remove("DAYBOOK_BOOK")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let seen = progress(&deed);
        Self { deed, child, left, seen, code: -1, killed: false, over: false }
    }

    /// Whether it is over; killed once it has made its changes.
    fn look(&mut self) -> bool {
        if self.over {
            return true;
        }
        if let Some(status) = self.child.try_wait().unwrap() {
            self.code = status.code().unwrap_or(-1);
            self.over = true;
            return true;
        }
        let now = progress(&self.deed);
        if now != self.seen {
            self.seen = now;
            if self.left == 0 {
                self.child.kill().unwrap();
                // It may have ended in the moment before.
                let status = self.child.wait().unwrap();
                self.code = status.code().unwrap_or(-1);
                self.killed = status.code().is_none();
                self.over = true;
                return true;
            }
            self.left -= 1;
        }
        false
    }
}

/// Length and time of the files that a deed changes: the book, its log, its directory, what it makes.
fn progress(deed: &Deed) -> Vec<(u64, i128)> {
    use std::os::unix::fs::MetadataExt;
    let book = deed.book.display();
    let mut files = vec![
        format!("{book}"),
        format!("{book}-wal"),
        format!("{book}.d"),
        format!("{book}.d/locks"),
    ];
    files.extend(deed.book.parent().map(|p| p.display().to_string()));
    if matches!(deed.args[0].as_str(), "backup" | "restore") {
        files.extend(deed.args.get(1).cloned());
    }
    let of = |file: &String| {
        std::fs::metadata(file).map_or((0, 0), |m| {
            (m.len() ^ m.ino(), i128::from(m.mtime()) * 1_000_000_000 + i128::from(m.mtime_nsec()))
        })
    };
    files.iter().map(of).collect()
}

#[test]
fn the_storm_sees_what_is_lost() {
    let mut storm = Storm::new(1);
    let kept = storm.settings().unwrap();
    let args: Vec<&str> = kept.args.iter().map(String::as_str).collect();
    storm.book.run(&args).ends(0);
    let lost = storm.token();
    storm.acked = vec![kept.token.unwrap(), lost.clone()];
    assert_eq!(storm.lost(), [lost]);
}

#[test]
fn killed_at_any_point_of_any_verb_nothing_is_lost_or_doubled_and_every_book_opens() {
    let wanted = by_hand("DAYBOOK_KILLS", KILLS);
    let seed = by_hand("DAYBOOK_SEED", 20_261_128) as u64;
    let mut storm = Storm::new(seed);
    let (mut kills, mut rounds) = (0, 0);
    while kills < wanted {
        rounds += 1;
        assert!(rounds <= wanted * 6 + 20, "only {kills} of {wanted} were alive to be killed");
        kills += storm.round();
        let lost = storm.lost();
        assert_eq!(lost, Vec::<String>::new(), "seed {seed}, round {rounds}");
        storm.holds(&format!("seed {seed}, round {rounds}"));
        if rounds % 50 == 0 {
            println!("{kills} kills in {rounds} rounds, {} acknowledged", storm.acked.len());
        }
    }
    println!(
        "{kills} kills in {rounds} rounds, {} acknowledged, 0 lost, 0 doubled, {} migrations begun; started, killed: {:?}",
        storm.acked.len(),
        storm.old,
        storm.tally
    );
    assert!(!storm.acked.is_empty());
}
