//! `import`: CSV files into the book. What is new, changed and the same is worked out outside the
//! write lock; then each file is one transaction, all of it or nothing.
//!
//! One submodule a family of rows: each has `plan` (reads, compares, refuses) and `merge` (writes
//! what the plan says). A plan made while the book moved on is thrown away and made again.

mod accounts;
mod again;
mod charges;
mod facts;
mod fates;
mod fx;
mod methods;
mod names;
mod open_items;
mod plan;
mod rejects;
mod report;
mod second;
mod source;
mod stage;
mod subscriptions;
mod taxes;
mod usage;

use crate::config::key;
use crate::domain::text;
use crate::engine::deliver::copies::{Begin, When, ensure_job};
use crate::engine::deliver::envelope;
use crate::engine::{Error, Session, Slices};
use crate::import::Kind;
use crate::outside::{self, Standing};
use crate::store::{self, Db, presence};
use chrono::NaiveDate;
pub use facts::Options;
pub use plan::Defaults;
pub use report::{FileReport, Report};
pub use second::Waiting;
use source::Source;
use stage::{LONG, Staged};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Imports the files (of a directory: every `.csv` in it) in the order in which they depend on
/// each other.
pub fn import(
    session: &mut Session,
    paths: &[PathBuf],
    options: &Options,
) -> Result<Report, Error> {
    let sources = source::read_all(paths)?;
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
    let sources =
        files.into_iter().map(|(name, bytes)| Source::of_bytes(PathBuf::from(name), bytes));
    import_all(session, sources.collect(), options)
}

/// Confirms the rows of a request that somebody else made.
pub fn confirm(session: &mut Session, id: i64, options: &Options) -> Result<Report, Error> {
    let actor = session.actor.clone();
    let request = session.read(|db| second::requested(db, &actor, id))??;
    let mut source = Source::of_bytes(PathBuf::from(request.name), request.content);
    source.confirms = Some((id, request.sha256));
    import_all(session, vec![source], options)
}

fn import_all(
    session: &mut Session,
    mut sources: Vec<Source>,
    options: &Options,
) -> Result<Report, Error> {
    sources.sort_by_key(Source::known);
    open_items::cutover_fits(session.now()?.today, &sources, options)?;
    let actor = session.actor.clone();
    session.read(|db| second::authorize(db, &actor, &sources))?;
    open_items::date(session, &mut sources, options)?;
    if !options.yes {
        let today = session.now()?.today;
        let others = others(session);
        session.store.read(|db| ask_first(db, &sources, options, (today, &others)))?;
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
            let follows = (When::AfterHold, &mut Slices::default());
            envelope::follow(session, second::verb(Kind::Accounts), None, follows)?;
            ensure_job(session, Begin::IfItGoes)
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

/// A handful of amendments is everyday work whatever the size of the book.
const NEVER_ASK_BELOW: u64 = 5;

/// Who else has a console open. What cannot be read of that is no hindrance.
fn others(session: &Session) -> Vec<String> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let (side, uid) = (session.store.side_directory(), session.actor.uid);
    presence::others_than(&side, uid, now.as_millis() as i64).unwrap_or_default()
}

/// Refuses with a question when the files change many charges that are billed already, or write so
/// much that the others who are there would have to wait.
fn ask_first(
    db: &Db<'_>,
    sources: &[Source],
    options: &Options,
    (today, others): (NaiveDate, &[String]),
) -> Result<(), Error> {
    let any_billed = store::charge::any_billed(db)?;
    if !any_billed && others.is_empty() {
        return Ok(());
    }
    let config = store::settings::load(db)?;
    let (most, percent) =
        (config.int(key::IMPORT_ASK_ABOVE_CHARGES), config.int(key::IMPORT_ASK_ABOVE_PERCENT));
    let billed = if any_billed { u64::from(store::charge::billed_count(db)?) } else { 0 };
    let amends = |kind| matches!(kind, Kind::Accounts | Kind::Subscriptions | Kind::Charges);
    for source in sources {
        let may = any_billed && source.known().is_some_and(amends);
        if source.known().is_none() || (!may && others.is_empty()) {
            continue;
        }
        let Ok(staged) = Staged::of(source, options)? else { continue };
        if !may && !staged.is_long() {
            continue;
        }
        let glance = staged.glance(db, today)?;
        let (name, touched) = (source.name(), glance.billed);
        let share = i128::from(touched) * 100 > i128::from(billed) * i128::from(percent);
        if touched >= NEVER_ASK_BELOW && (i128::from(touched) > i128::from(most) || share) {
            let examples: Vec<String> = glance.first.iter().map(ToString::to_string).collect();
            return Err(Error::NeedsYes {
                message: format!(
                    "{name} changes {touched} of {billed} charges that are billed already ({}, …)",
                    examples.join("; ")
                ),
            });
        }
        if glance.writes > LONG && !others.is_empty() {
            return Err(Error::NeedsYes {
                message: format!(
                    "{name} writes {} rows, about {} s in which nobody else can write, and others have the book open ({})",
                    text::grouped(glance.writes as i64),
                    glance.seconds,
                    others.join(", ")
                ),
            });
        }
    }
    Ok(())
}

fn import_one(
    session: &mut Session,
    source: &Source,
    options: &Options,
    rejects: Option<&mut rejects::Rejects>,
) -> Result<FileReport, Error> {
    let mut report = FileReport {
        file: text::path(&source.path),
        kind: source.known(),
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
    let staged = match source.kind.clone() {
        Ok(_) => Staged::of(source, options)?,
        Err(fault) => Err(fault),
    };
    let staged = match staged {
        Ok(staged) => staged,
        Err(fault) => {
            report.refused.push(fault);
            return Ok(report);
        }
    };
    stage::stage(session, &staged, &mut report, rejects.is_some())?;
    report.loaded = report.refused.is_empty() || rejects.is_some();
    if let Some(rejects) = rejects.filter(|_| !report.refused.is_empty()) {
        report.reject_file = Some(rejects.write(&staged.file, source, &report.refused)?);
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
