//! `import`: CSV files into the book. What is new, changed and the same is worked out outside the
//! write lock; then each file is one transaction, all of it or nothing.
//!
//! One submodule a family of rows: each has `plan` (reads, compares, refuses) and `merge` (writes
//! what the plan says). A plan made while the book moved on is thrown away and made again.

mod accounts;
mod charges;
mod facts;
mod methods;
mod names;
mod open_items;
mod plan;
mod rejects;
mod report;
mod second;
mod subscriptions;
mod taxes;
mod usage;

use crate::clock::Now;
use crate::config::key;
use crate::domain::actor::Actor;
use crate::domain::text;
use crate::engine::deliver;
use crate::engine::deliver::copies::When;
use crate::engine::deliver::envelope;
use crate::engine::{Error, Session};
use crate::import::{Kind, Rows};
use crate::outside::{self, Standing};
use crate::store::{self, Db, Op, StoreError, Topic, Tx, operation};
use chrono::NaiveDate;
pub use facts::Options;
use facts::{FileFacts, Source};
pub use plan::Defaults;
use plan::{Change, Merge};
pub use report::{FileReport, Report};
use second::Judged;
pub use second::Waiting;
use std::path::{Path, PathBuf};

/// Imports the files (of a directory: every `.csv` in it) in the order in which they depend on
/// each other.
pub fn import(
    session: &mut Session,
    paths: &[PathBuf],
    options: &Options,
) -> Result<Report, Error> {
    let sources = read_all(paths)?;
    if let Some(target) = &options.reject_file
        && let Some(same) = sources.iter().find(|s| same_file(&s.path, target))
    {
        let message = format!("the reject file {} is one of the files read", same.path.display());
        return Err(Error::usage("reject_file", message, "name another file"));
    }
    if let Some(target) = options.reject_file.as_deref().filter(|_| !options.replace) {
        // Before anything goes in: the rows refused would have nowhere to go.
        if outside::as_caller(|| target.symlink_metadata()).is_ok() {
            return Err(Error::exists(target));
        }
    }
    import_all(session, sources, options)
}

/// Imports files that are in memory: name and content.
pub fn import_texts(
    session: &mut Session,
    files: Vec<(String, Vec<u8>)>,
    options: &Options,
) -> Result<Report, Error> {
    let sources = files.into_iter().map(|(name, bytes)| Source::new(PathBuf::from(name), bytes));
    import_all(session, sources.collect(), options)
}

/// Confirms the rows of a request that somebody else made.
pub fn confirm(session: &mut Session, id: i64, options: &Options) -> Result<Report, Error> {
    let actor = session.actor.clone();
    let request = session.read(|db| second::requested(db, &actor, id))??;
    let source = Source {
        confirms: Some((id, request.sha256)),
        ..Source::new(PathBuf::from(request.name), request.content)
    };
    import_all(session, vec![source], options)
}

fn import_all(
    session: &mut Session,
    mut sources: Vec<Source>,
    options: &Options,
) -> Result<Report, Error> {
    sources.sort_by_key(Source::kind);
    open_items::cutover_fits(session.now()?.today, &sources, options)?;
    let actor = session.actor.clone();
    session.read(|db| second::authorize(db, &actor, &sources))?;
    open_items::date(session, &mut sources, options)?;
    if !options.yes {
        let today = session.now()?.today;
        session.read(|db| Ok(ask_first(db, &sources, options, today)))??;
    }
    let mut rejects = options.reject_file.as_deref().map(|base| {
        let standing = if options.replace { Standing::Replace } else { Standing::Keep };
        rejects::Rejects::new(base, standing)
    });
    let mut files = Vec::with_capacity(sources.len());
    for source in &sources {
        files.push(import_one(session, source, options, rejects.as_mut())?);
    }
    let amended = |f: &FileReport| f.kind == Some(Kind::Accounts) && f.loaded && f.changed > 0;
    if files.iter().any(amended) {
        // What waits to be delivered goes by what the accounts want from now on.
        session.by_itself(|session| {
            envelope::follow(session, second::verb(Kind::Accounts), None, When::AfterHold)?;
            deliver::copies::ensure_job(session)
        })?;
    }
    Ok(Report { files })
}

fn same_file(a: &Path, b: &Path) -> bool {
    match (std::fs::canonicalize(a), std::fs::canonicalize(b)) {
        (Ok(a), Ok(b)) => a == b,
        (Ok(_) | Err(_), Ok(_) | Err(_)) => false,
    }
}

/// Bytes of one file; the rows of ten million usage records.
const MOST_BYTES: u64 = 1 << 30;

fn read_all(paths: &[PathBuf]) -> Result<Vec<Source>, Error> {
    outside::as_caller(|| read_each(paths))
}

fn read_each(paths: &[PathBuf]) -> Result<Vec<Source>, Error> {
    let io = |path: &Path, source: std::io::Error| Error::Input {
        file: path.to_owned(),
        line: None,
        column: None,
        message: format!("cannot be read: {source}"),
        hint: "check the name and its permissions".to_owned(),
    };
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            let entries = std::fs::read_dir(path).map_err(|e| io(path, e))?;
            let mut found: Vec<PathBuf> = entries
                .filter_map(Result::ok)
                .map(|e| e.path())
                .filter(|p| p.extension().is_some_and(|e| e.eq_ignore_ascii_case("csv")))
                .collect();
            found.sort();
            if found.is_empty() {
                return Err(Error::usage(
                    "no_files",
                    format!("{} has no .csv file", path.display()),
                    "name the files",
                ));
            }
            files.extend(found);
        } else {
            files.push(path.clone());
        }
    }
    files
        .into_iter()
        .map(|path| {
            let bytes = outside::read(&path, MOST_BYTES).map_err(|e| io(&path, e))?;
            Ok(Source::new(path, bytes))
        })
        .collect()
}

/// A handful of amendments is everyday work whatever the size of the book.
const NEVER_ASK_BELOW: u64 = 5;

/// Refuses with a question when the files change many charges that are billed already.
fn ask_first(
    db: &Db<'_>,
    sources: &[Source],
    options: &Options,
    today: NaiveDate,
) -> Result<(), Error> {
    if !store::charge::any_billed(db)? {
        return Ok(());
    }
    let config = store::settings::load(db)?;
    let (most, percent) =
        (config.int(key::IMPORT_ASK_ABOVE_CHARGES), config.int(key::IMPORT_ASK_ABOVE_PERCENT));
    let billed = u64::from(store::charge::billed_count(db)?);
    for source in sources {
        let Ok(rows) = &source.parsed else { continue };
        let plan = plan(db, source, rows, options, today)?;
        let touched = plan.billed_charges();
        let share = i128::from(touched) * 100 > i128::from(billed) * i128::from(percent);
        if touched >= NEVER_ASK_BELOW && (i128::from(touched) > i128::from(most) || share) {
            let examples: Vec<String> =
                plan.changes().iter().take(3).map(ToString::to_string).collect();
            return Err(Error::NeedsYes {
                message: format!(
                    "{} changes {touched} of {billed} charges that are billed already ({}, …)",
                    source.name(),
                    examples.join("; ")
                ),
            });
        }
    }
    Ok(())
}

fn plan<'r>(
    db: &Db<'_>,
    source: &Source,
    rows: &'r Rows,
    options: &Options,
    today: NaiveDate,
) -> Result<Box<dyn Merge + 'r>, StoreError> {
    Ok(match rows {
        Rows::Taxes(table) => Box::new(taxes::plan(db, table)?),
        Rows::Accounts(table) => Box::new(accounts::plan(db, table, today)?),
        Rows::PaymentMethods(table) => Box::new(methods::plan(db, table)?),
        Rows::Subscriptions(table) => Box::new(subscriptions::plan(db, table)?),
        Rows::Charges(table) => Box::new(charges::plan(db, table)?),
        Rows::OpenItems(table) => Box::new(open_items::plan(db, table, source.cutover)?),
        Rows::Usage(table) => Box::new(usage::plan(db, table, options.allow_repeats)?),
    })
}

/// What a plan rests on: if these topics moved since, it is made again.
fn grounds(db: &Db<'_>, owed: bool) -> Result<Vec<i64>, StoreError> {
    let topics = operation::topics(db)?;
    let seq = |topic: Topic| topics.iter().find(|(t, _)| *t == topic).map_or(0, |(_, s)| *s);
    let mut all = vec![seq(Topic::Accounts), seq(Topic::Usage)];
    if owed {
        // What one person may do alone depends on what is owed and what they did.
        all.extend([seq(Topic::Documents), seq(Topic::Payments)]);
    }
    Ok(all)
}

/// How often a plan is made outside the lock before it is made inside.
const TRIES: u32 = 3;

fn import_one(
    session: &mut Session,
    source: &Source,
    options: &Options,
    rejects: Option<&mut rejects::Rejects>,
) -> Result<FileReport, Error> {
    let mut report = FileReport {
        file: text::path(&source.path),
        kind: source.kind(),
        added: 0,
        changed: 0,
        unchanged: 0,
        refused: Vec::new(),
        waiting: Vec::new(),
        delivery_by_default: None,
        back_billing: Vec::new(),
        request: None,
        changes: Vec::new(),
        loaded: false,
        reject_file: None,
    };
    let rows = match &source.parsed {
        Ok(rows) => rows,
        Err(fault) => {
            report.refused.push(fault.clone());
            return Ok(report);
        }
    };
    let (name, hash) = (source.name(), source.hash());
    let file = FileFacts { name, kind: rows.kind(), hash, rows: rows.len() };
    let staged = Staged { file: &file, source, rows, options };
    stage(session, &staged, &mut report, rejects.is_some())?;
    report.loaded = report.refused.is_empty() || rejects.is_some();
    if let Some(rejects) = rejects.filter(|_| !report.refused.is_empty()) {
        report.reject_file = Some(rejects.write(&file, &source.bytes, &report.refused)?);
    }
    if !report.loaded {
        report.waiting.clear();
        report.delivery_by_default = None;
        report.back_billing.clear();
        (report.added, report.changed) = (0, 0);
        report.changes.clear();
    }
    Ok(report)
}

/// A file with what is to be done with it.
struct Staged<'f> {
    file: &'f FileFacts,
    source: &'f Source,
    rows: &'f Rows,
    options: &'f Options,
}

impl<'f> Staged<'f> {
    fn plan(
        &self,
        db: &Db<'_>,
        actor: &Actor,
        now: Now,
    ) -> Result<(Box<dyn Merge + 'f>, Judged), StoreError> {
        let plan = plan(db, self.source, self.rows, self.options, now.today)?;
        let deeds = &plan.findings().deeds;
        let confirms = self.source.confirms.as_ref().map(|(id, _)| *id);
        let judged = second::judge(db, actor, self.file, deeds, now.at_ms, confirms)?;
        Ok((plan, judged))
    }

    fn fill(&self, report: &mut FileReport, plan: &dyn Merge, judged: &Judged) {
        fill(report, self.rows, plan);
        report.refused.extend_from_slice(&judged.refused);
        report.refused.sort_by_key(|r| r.line);
        report.waiting.clone_from(&judged.waiting);
        let deeds = &plan.findings().deeds;
        for row in deeds.iter().filter(|row| judged.stays_out(row.line)) {
            if row.new {
                report.added = report.added.saturating_sub(1);
            } else {
                report.changed = report.changed.saturating_sub(1);
            }
        }
        let goes_in = |c: &&Change| !judged.stays_out(c.line);
        report.changes = plan.changes().iter().filter(goes_in).take(plan::SHOWN).cloned().collect();
    }

    /// Writes what goes in and asks for the rest.
    fn record(
        &self,
        tx: &Tx<'_>,
        plan: &dyn Merge,
        judged: &mut Judged,
        report: &mut FileReport,
    ) -> Result<(), StoreError> {
        record(tx, self.file, plan, judged, report)?;
        second::ask(tx, self.file, self.source, judged)?;
        report.request = judged.request();
        Ok(())
    }
}

/// Compares outside the lock, writes inside it; with refused rows it writes only if `some` may.
fn stage(
    session: &mut Session,
    staged: &Staged<'_>,
    report: &mut FileReport,
    some: bool,
) -> Result<(), Error> {
    let (actor, now) = (session.actor.clone(), session.now()?);
    let owed = matches!(staged.file.kind, Kind::Accounts | Kind::PaymentMethods | Kind::OpenItems);
    for attempt in 1..=TRIES {
        let (mut first, before) =
            session.read(|db| Ok((staged.plan(db, &actor, now)?, grounds(db, owed)?)))?;
        staged.fill(report, first.0.as_ref(), &first.1);
        let nothing = |judged: &Judged, report: &FileReport| {
            let none = report.added == 0 && report.changed == 0;
            (none && !judged.moves()) || (!some && !report.refused.is_empty())
        };
        if nothing(&first.1, report) {
            report.request = first.1.request();
            return Ok(());
        }
        let op = Op::new(&session.actor, second::verb(staged.file.kind), now);
        let done = session.store.write(&op, |tx| -> Result<bool, StoreError> {
            if grounds(tx, owed)? == before {
                staged.record(tx, first.0.as_ref(), &mut first.1, report)?;
                return Ok(true);
            }
            if attempt < TRIES {
                tx.quiet();
                return Ok(false);
            }
            let (again, mut judged) = staged.plan(tx, &actor, now)?;
            staged.fill(report, again.as_ref(), &judged);
            if nothing(&judged, report) {
                tx.quiet();
            } else {
                staged.record(tx, again.as_ref(), &mut judged, report)?;
            }
            Ok(true)
        })?;
        if done {
            return Ok(());
        }
    }
    Ok(())
}

fn fill(report: &mut FileReport, rows: &Rows, plan: &dyn Merge) {
    report.refused = rows.refused().to_vec();
    report.refused.extend_from_slice(plan.refused());
    report.refused.sort_by_key(|r| r.line);
    let counts = plan.counts();
    let defaults = plan.findings().defaults;
    report.delivery_by_default = (defaults != Defaults::default()).then_some(defaults);
    report.back_billing = plan.findings().back_billing.iter().take(plan::SHOWN).cloned().collect();
    report.added = counts.added;
    report.changed = counts.changed;
    report.unchanged = counts.same + rows.repeated();
}

fn record(
    tx: &Tx<'_>,
    file: &FileFacts,
    plan: &dyn Merge,
    judged: &Judged,
    report: &FileReport,
) -> Result<(), StoreError> {
    let id = store::usage::insert_file(tx, &file.name, file.kind.as_str(), &file.hash, file.rows)?;
    plan.merge(tx, id, judged)?;
    tx.seconded_by(None);
    tx.note(
        &file.name,
        format!(
            "{}: {} added, {} changed, {} unchanged{}",
            file.kind,
            report.added,
            report.changed,
            plan.counts().same,
            judged.words()
        ),
    );
    tx.detail(&serde_json::json!({
        "sha256": file.hash,
        "changes": report.changes,
    }));
    Ok(())
}
