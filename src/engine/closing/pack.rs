//! The closing pack: what an auditor gets of a month. A folder with every report as CSV, who may do what and
//! who did, what was changed by hand, the settings in words, and a manifest with the hash of each file, the
//! totals, the ties and the place in the audit trail that the figures end at. It names no moment and nobody
//! who closed: the same month gives the same bytes.

use crate::config::SETTINGS;
use crate::domain::actor::{Standing, Verb};
use crate::domain::month::Month;
use crate::domain::report::{Asked, Cell, Detail, ReportName, Summary, Tie};
use crate::domain::text::cell;
use crate::engine::care::report::read_in;
use crate::engine::{Error, Session};
use crate::inside::{self, For};
use crate::store::book_period::{self, ReportRow, Sealed};
use crate::store::closing_list::Bounds;
use crate::store::{Db, StoreError, closing_facts, role, settings};
use chrono::{DateTime, NaiveDate, NaiveTime};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// The file that names all others.
pub const MANIFEST: &str = "manifest.json";

/// A pack that was written under its hidden name.
#[derive(Debug)]
pub(super) struct Pack {
    pub sealed: Sealed,
    pub reports: Vec<ReportRow>,
    /// What does not tie, in words.
    pub broken: Vec<String>,
    staged: PathBuf,
    place: PathBuf,
}

/// Where the packs of a book lie.
fn directory(session: &Session) -> PathBuf {
    session.store.side_directory().join("closing")
}

/// Where the pack of a month lies.
pub fn place(session: &Session, month: Month) -> PathBuf {
    directory(session).join(month.to_string())
}

/// The month with the moment at which it ends, in the zone of the book.
pub(super) fn bounds(session: &Session, month: Month) -> Result<Bounds, Error> {
    let (span, zone) = (month.span(), session.config()?.zone());
    let next = month.later(1).map_or(span.to, |next| next.span().from);
    Ok(Bounds { span, end_ms: zone.moment(next.and_time(NaiveTime::MIN)).timestamp_millis() })
}

/// What is reported of a month, and under which name.
fn reports(month: Month) -> Vec<(String, Asked)> {
    let span = month.span();
    let mut all = Vec::new();
    for name in ReportName::ALL.iter().copied().filter(|name| *name != ReportName::Statement) {
        // What stands on a day has what moved in the month beside it, where it is short enough.
        let moves = matches!(name, ReportName::TrialBalance | ReportName::Deferred);
        let from = if name.is_of_a_day() && !moves { NaiveDate::MIN } else { span.from };
        let mut push = |detail, file| {
            let (account, batch, currency) = (None, None, None);
            let ledger = None;
            all.push((
                file,
                Asked { name, from, to: span.to, detail, currency, account, batch, ledger },
            ));
        };
        push(Detail::Sums, format!("{name}.csv"));
        if name.columns(Detail::Rows) != name.columns(Detail::Sums) {
            push(Detail::Rows, format!("{name}-rows.csv"));
        }
    }
    all
}

/// The two figures of each tie of a month's reports.
pub(super) fn ties(session: &Session, month: Month) -> Result<Vec<(ReportName, Tie)>, Error> {
    session.store.read(|db| {
        let mut ties = Vec::new();
        let tied =
            |asked: &Asked| asked.detail == Detail::Sums && asked.name != ReportName::Unbilled;
        for (_, asked) in reports(month).iter().filter(|(_, asked)| tied(asked)) {
            let summary = read_in(db, asked, &mut |_| Ok(()))?;
            ties.extend(summary.ties.into_iter().map(|tie| (asked.name, tie)));
        }
        Ok(ties)
    })
}

fn untied(name: ReportName, summary: &Summary) -> Vec<String> {
    summary.ties.iter().filter(|tie| !tie.holds()).map(|tie| told(name, tie)).collect()
}

/// `aging T1 aged = ledger receivable (EUR)`.
pub(super) fn told(name: ReportName, tie: &Tie) -> String {
    format!("{name} {} ({})", tie.name, tie.currency)
}

/// What goes through is counted and hashed.
struct Hashed<W: Write> {
    inner: W,
    hasher: Sha256,
    bytes: u64,
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// A CSV file of the pack.
struct Sheet {
    path: PathBuf,
    writer: csv::Writer<Hashed<BufWriter<File>>>,
    rows: i64,
}

impl Sheet {
    fn new(path: PathBuf, columns: &[&str]) -> Result<Self, StoreError> {
        let file = inside::create_new(&path, For::All)
            .map_err(|source| StoreError::Io { path: path.clone(), source })?;
        let hashed = Hashed { inner: BufWriter::new(file), hasher: Sha256::new(), bytes: 0 };
        let mut sheet = Self { path, writer: csv::Writer::from_writer(hashed), rows: -1 };
        sheet.row(columns.iter().map(|column| (*column).to_owned()))?;
        Ok(sheet)
    }

    fn io(&self, source: io::Error) -> StoreError {
        StoreError::Io { path: self.path.clone(), source }
    }

    fn row(&mut self, cells: impl Iterator<Item = String>) -> Result<(), StoreError> {
        self.rows += 1;
        self.writer.write_record(cells).map_err(|e| self.io(e.into()))
    }

    fn texts(&mut self, cells: &[&str]) -> Result<(), StoreError> {
        self.row(cells.iter().map(|text| cell(text).into_owned()))
    }

    /// Its name, rows, bytes and hash.
    fn done(self) -> Result<(String, i64, u64, String), StoreError> {
        let (path, rows) = (self.path, self.rows);
        let io = |source: io::Error| StoreError::Io { path: path.clone(), source };
        let hashed = self.writer.into_inner().map_err(|e| io(e.into_error()))?;
        let file = hashed.inner.into_inner().map_err(|e| io(e.into_error()))?;
        file.sync_data().map_err(io)?;
        let name = path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
        Ok((name, rows, hashed.bytes, hex(&hashed.hasher.finalize())))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Writes the pack of a month under a hidden name, all of it from one view of the book.
pub(super) fn write(session: &Session, month: Month, is_first: bool) -> Result<Pack, Error> {
    let staged = directory(session).join(format!(".{month}"));
    let io = |source| Error::Io { path: staged.clone(), source };
    if staged.exists() {
        // What a process that died left.
        std::fs::remove_dir_all(&staged).map_err(io)?;
    }
    inside::directory(&staged).map_err(io)?;
    let bounds = bounds(session, month)?;
    session.store.read(|db| {
        let sealed = book_period::seal(db, month, is_first)?;
        let (mut rows, mut files, mut ties, mut broken) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (file, asked) in reports(month) {
            let mut sheet = Sheet::new(staged.join(&file), asked.name.columns(asked.detail))?;
            let summary = read_in(db, &asked, &mut |row| sheet.row(row.iter().map(plain)))?;
            let done = sheet.done()?;
            let totals = totals(&summary);
            files.push(named(&done, Some(&totals)));
            let totals = if totals.is_empty() { String::new() } else { json!(totals).to_string() };
            rows.push(ReportRow { file, rows: done.1, sha256: done.3, totals });
            if asked.detail == Detail::Sums {
                ties.extend(said(asked.name, &summary));
                broken.extend(untied(asked.name, &summary));
            }
        }
        for done in facts(db, (&staged, month), bounds)? {
            files.push(named(&done, None));
        }
        let manifest = json!({
            "period": month.to_string(),
            "from": bounds.span.from,
            "to": bounds.span.to,
            "audit_head": closing_facts::head_of_bookings(db, bounds.span.to)?,
            "ledger": { "entries": sealed.entries, "sha256": sealed.seal },
            "files": files,
            "ties": ties,
        });
        let mut bytes =
            serde_json::to_vec_pretty(&manifest).map_err(|e| Error::Bug(e.to_string()))?;
        bytes.push(b'\n');
        let place = staged.join(MANIFEST);
        inside::replace(&place, &bytes).map_err(|source| Error::Io { path: place, source })?;
        let place = place_of(&staged, month);
        Ok(Pack { sealed, reports: rows, broken, staged: staged.clone(), place })
    })
}

fn place_of(staged: &Path, month: Month) -> PathBuf {
    staged.with_file_name(month.to_string())
}

fn plain(one: &Cell) -> String {
    match one {
        Cell::Text(text) => cell(text).into_owned(),
        Cell::Count(_) | Cell::Day(_) | Cell::Money(_) | Cell::Nothing => one.plain(),
    }
}

fn named(
    (file, rows, bytes, sha256): &(String, i64, u64, String),
    totals: Option<&Map<String, Value>>,
) -> Value {
    let mut named = json!({ "file": file, "rows": rows, "bytes": bytes, "sha256": sha256 });
    if let Some(totals) = totals.filter(|totals| !totals.is_empty()) {
        named["totals"] = json!(totals);
    }
    named
}

fn totals(summary: &Summary) -> Map<String, Value> {
    let of = |(currency, sums): (&crate::domain::money::Currency, &Vec<(String, i64)>)| {
        let sums: Map<String, Value> = sums
            .iter()
            .map(|(name, minor)| (name.clone(), json!(currency.plain(*minor))))
            .collect();
        (currency.code().to_owned(), Value::Object(sums))
    };
    summary.totals.iter().map(of).collect()
}

/// Ties to what is open today: they are made only while nothing is booked after the day, so that a pack that
/// had them would not be the same again.
const OF_TODAY: [&str; 2] =
    ["T1 aged = balances of documents", "T2 unapplied = what memos and payments have"];

fn said(name: ReportName, summary: &Summary) -> Vec<Value> {
    let ties = summary.ties.iter().filter(|tie| !OF_TODAY.contains(&tie.name));
    let said = ties.map(|tie| {
        json!({
            "report": name, "name": tie.name, "currency": tie.currency.code(),
            "left": tie.currency.plain(tie.left), "right": tie.currency.plain(tie.right),
            "ok": tie.holds(),
        })
    });
    said.collect()
}

/// Verbs by which a person changes figures, rules or rights by hand.
const BY_HAND: &[Verb] = &[
    Verb::Edit,
    Verb::CancelDraft,
    Verb::Undo,
    Verb::Adjust,
    Verb::Reverse,
    Verb::Reissue,
    Verb::WriteOff,
    Verb::Refund,
    Verb::Reconcile,
    Verb::OutsidePayment,
    Verb::FollowUp,
    Verb::HandOver,
    Verb::Import,
    Verb::ImportMethods,
    Verb::ImportOpenItems,
    Verb::Convert,
    Verb::Settings,
    Verb::Roles,
    Verb::Period,
];

type Done = (String, i64, u64, String);

/// Who may do what and who did, what was changed by hand, the settings.
fn facts(db: &Db<'_>, (staged, month): (&Path, Month), bounds: Bounds) -> Result<Vec<Done>, Error> {
    let config = settings::as_stored(db)?;
    let zone = config.zone();
    let from_ms = zone.moment(month.span().from.and_time(NaiveTime::MIN)).timestamp_millis();
    let within = (from_ms, bounds.end_ms);
    let rights = rights(db, staged, within)?;
    let columns = ["seq", "at", "user", "uid", "verb", "subject", "summary"];
    let mut sheet = Sheet::new(staged.join("changes.csv"), &columns)?;
    let verbs: Vec<&str> = BY_HAND.iter().map(|verb| verb.as_str()).collect();
    closing_facts::changes(db, (within, bounds.span), &verbs, &mut |change| {
        let at = DateTime::from_timestamp_millis(change.at_ms).unwrap_or_default();
        let at = at.with_timezone(&zone).format("%Y-%m-%d %H:%M:%S").to_string();
        let (seq, uid) = (change.seq.to_string(), change.uid.to_string());
        let (verb, subject) = (&change.verb, &change.subject);
        sheet.texts(&[&seq, &at, &change.user_name, &uid, verb, subject, &change.summary])
    })?;
    let changes = sheet.done()?;
    let columns = ["setting", "value", "set", "meaning"];
    let mut sheet = Sheet::new(staged.join("settings.csv"), &columns)?;
    for setting in SETTINGS {
        let set = if config.is_set(setting) { "yes" } else { "no" };
        sheet.texts(&[setting.key, config.get(setting), set, setting.help])?;
    }
    Ok(vec![rights, changes, sheet.done()?])
}

/// Of everybody who has a right or did something, each verb: whether they may, and how often they did.
fn rights(db: &Db<'_>, staged: &Path, (from_ms, to_ms): (i64, i64)) -> Result<Done, Error> {
    let (creator, given) = (role::creator(db)?, role::list(db)?);
    let did = closing_facts::did(db, from_ms, to_ms)?;
    let mut names = BTreeMap::<u32, String>::new();
    for one in &did {
        names.insert(one.uid, one.user_name.clone());
    }
    let people: BTreeSet<u32> =
        given.iter().map(|(uid, _)| *uid).chain(names.keys().copied()).chain([creator]).collect();
    let columns = ["uid", "user", "roles", "verb", "may", "did"];
    let mut sheet = Sheet::new(staged.join("rights.csv"), &columns)?;
    for uid in people {
        let standing = Standing::of(uid, creator, &given);
        let roles: Vec<&str> = standing.own.iter().map(|role| role.as_str()).collect();
        let roles =
            if uid == creator && roles.is_empty() { "creator".into() } else { roles.join(" ") };
        // Who did nothing is called as the machine calls them.
        let login = || nix::unistd::User::from_uid(uid.into()).ok().flatten();
        let name = names.get(&uid).cloned().or_else(|| login().map(|user| user.name));
        let name = name.as_deref().unwrap_or_default();
        for verb in Verb::ALL.iter().filter(|verb| **verb != Verb::Housekeeping) {
            let may = if standing.may(*verb).is_some() { "yes" } else { "no" };
            let count: i64 = did
                .iter()
                .filter(|d| d.uid == uid && d.verb == verb.as_str())
                .map(|d| d.count)
                .sum();
            let (uid, count) = (uid.to_string(), count.to_string());
            sheet.texts(&[&uid, name, &roles, verb.as_str(), may, &count])?;
        }
    }
    Ok(sheet.done()?)
}

/// Files of a pack that are not as they were sealed, each with why: those of reports by the hashes in the book,
/// all by those of the manifest. Empty for a month that has none.
pub fn changed(
    session: &Session,
    month: Month,
    reports: &[ReportRow],
) -> Result<Vec<String>, Error> {
    let place = place(session, month);
    let mut sealed: BTreeMap<String, String> =
        reports.iter().map(|row| (row.file.clone(), row.sha256.clone())).collect();
    if sealed.is_empty() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    let manifest = std::fs::read(place.join(MANIFEST)).ok();
    match manifest.and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok()) {
        None => found.push(format!("{MANIFEST} is missing or changed")),
        Some(manifest) => {
            for file in manifest["files"].as_array().into_iter().flatten() {
                let text = |key: &str| file[key].as_str().unwrap_or_default().to_owned();
                let (name, sha256) = (text("file"), text("sha256"));
                if *sealed.entry(name.clone()).or_insert_with(|| sha256.clone()) != sha256 {
                    found.push(format!("{MANIFEST} has another hash of {name}"));
                }
            }
        }
    }
    for (name, sha256) in &sealed {
        let mut hashed = Hashed { inner: io::sink(), hasher: Sha256::new(), bytes: 0 };
        match File::open(place.join(name)).and_then(|mut file| io::copy(&mut file, &mut hashed)) {
            Ok(_) if hex(&hashed.hasher.finalize()) == *sha256 => {}
            Ok(_) => found.push(format!("{name} is changed")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                found.push(format!("{name} is missing"));
            }
            Err(error) => found.push(format!("{name}: {error}")),
        }
    }
    Ok(found)
}

impl Pack {
    /// Gives it its name. One that lies there from an earlier close keeps its bytes: the same stay where they
    /// are, others get a number behind theirs.
    pub(super) fn settle(&self) -> Result<(), Error> {
        let io = |source| Error::Io { path: self.place.clone(), source };
        if self.place.exists() {
            let read = |path: &Path| std::fs::read(path.join(MANIFEST)).ok();
            if read(&self.place) == read(&self.staged) {
                return std::fs::remove_dir_all(&self.staged).map_err(io);
            }
            let mut n = 1;
            let free = loop {
                let kept = self.place.with_extension(n.to_string());
                if !kept.exists() {
                    break kept;
                }
                n += 1;
            };
            std::fs::rename(&self.place, free).map_err(io)?;
        }
        std::fs::rename(&self.staged, &self.place).map_err(io)
    }

    /// Takes it away again: the month was not closed with it.
    pub(super) fn drop(self) {
        // What stays is swept by the next close.
        let _ = std::fs::remove_dir_all(&self.staged);
    }
}
