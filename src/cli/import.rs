//! `daybook import`: CSV files into the book.

use super::ctx::Ctx;
use super::exit;
use super::exit::Exit;
use super::output::{self, Align};
use crate::domain::text::{self, clean};
use crate::engine::Error;
use crate::engine::import::{self, FileReport, Options, Report};
use chrono::NaiveDate;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;

/// Load CSV files; the kind of each is known by its header.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// CSV files, or directories of them
    #[arg(required_unless_present = "confirm", conflicts_with = "confirm", value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Confirm the rows of a file that wait for a second person (the number is in daybook status)
    #[arg(long, value_name = "NUMBER")]
    confirm: Option<i64>,
    /// Load the good rows and write the bad ones here
    #[arg(long, value_name = "FILE")]
    reject_file: Option<PathBuf>,
    /// Replace the reject file if it is there already
    #[arg(long, requires = "reject_file")]
    force: bool,
    /// Go on without asking when many billed charges change, or while others have the book open
    #[arg(long)]
    yes: bool,
    /// Load keyless usage that equals rows of an earlier file too
    #[arg(long)]
    allow_repeats: bool,
    /// Open items of another system count from this day on (default: today)
    #[arg(long, value_name = "DATE")]
    cutover: Option<NaiveDate>,
}

/// How many refused rows and changes are shown to a person.
const SHOWN: usize = 20;

/// Runs it.
pub fn run(args: &Args, ctx: &Ctx) -> Result<Exit, Error> {
    let mut session = ctx.open()?;
    let mut options = Options {
        reject_file: args.reject_file.clone(),
        yes: args.yes,
        allow_repeats: args.allow_repeats,
        replace: args.force,
        cutover: args.cutover,
        say: (!ctx.json).then_some(output::aside),
    };
    let mut go = |options: &Options| match args.confirm {
        Some(id) => import::confirm(&mut session, id, options),
        None => import::import(&mut session, &args.paths, options),
    };
    let report = match go(&options) {
        Err(Error::NeedsYes { message }) if !ctx.json && ask(&message) => {
            options.yes = true;
            go(&options)?
        }
        other => other?,
    };
    if ctx.json {
        output::json(&report)?;
    } else {
        show(&report);
    }
    let loaded = report.files.iter().filter(|f| f.loaded).count();
    let refused = report.files.iter().any(|f| !f.refused.is_empty());
    if loaded == 0 && refused {
        if ctx.json {
            exit::report(&first_error(&report), true);
        }
        return Ok(Exit::Usage);
    }
    let waits = report.files.iter().any(|f| !f.waiting.is_empty());
    Ok(Exit::partly_if(refused || waits))
}

/// Asks on the terminal; without one the answer is no.
fn ask(message: &str) -> bool {
    let input = std::io::stdin();
    if !input.is_terminal() || !std::io::stderr().is_terminal() {
        return false;
    }
    let mut answer = String::new();
    // Nobody to ask is no yes.
    let _ = write!(std::io::stderr(), "{}. Go on? y/N ", clean(message));
    let _ = input.read_line(&mut answer);
    matches!(answer.trim(), "y" | "Y" | "yes")
}

fn first_error(report: &Report) -> Error {
    let found = report.files.iter().find_map(|f| f.refused.first().map(|r| (f, r)));
    match found {
        None => Error::Bug("an import refused nothing and loaded nothing".to_owned()),
        Some((file, row)) => Error::Input {
            file: PathBuf::from(&file.file),
            line: Some(row.line),
            column: Some(row.column.clone()).filter(|c| !c.is_empty()),
            message: row.message.clone(),
            hint: row.hint.clone(),
        },
    }
}

fn show(report: &Report) {
    let headers = [
        ("FILE", Align::Left),
        ("KIND", Align::Left),
        ("ADDED", Align::Right),
        ("CHANGED", Align::Right),
        ("UNCHANGED", Align::Right),
        ("REFUSED", Align::Right),
        ("", Align::Left),
    ];
    let row = |f: &FileReport| {
        vec![
            f.file.clone(),
            f.kind.map(|k| k.to_string()).unwrap_or_default(),
            f.added.to_string(),
            f.changed.to_string(),
            f.unchanged.to_string(),
            f.refused.len().to_string(),
            if f.loaded { String::new() } else { "nothing of it was loaded".to_owned() },
        ]
    };
    output::table(&headers, &report.files.iter().map(row).collect::<Vec<_>>());
    for file in &report.files {
        show_defaults(file);
        show_back_billing(file);
        show_changes(file);
        show_waiting(file);
        show_refused(file);
    }
}

/// What an account that is active again will be billed for.
fn show_back_billing(file: &FileReport) {
    for said in &file.back_billing {
        output::line(&format!("{}: {said}", file.file));
    }
}

/// Who is delivered to how, where the file says nothing of it.
fn show_defaults(file: &FileReport) {
    let Some(ways) = file.delivery_by_default else { return };
    let words = [
        (ways.email, "by e-mail"),
        (ways.print, "by print (no e-mail address)"),
        (ways.none, "not at all (no address)"),
    ];
    let said: Vec<String> =
        words.iter().filter(|(n, _)| *n > 0).map(|(n, w)| format!("{n} {w}")).collect();
    output::line(&format!(
        "{}: accounts that say nothing of their delivery get their documents: {}",
        file.file,
        said.join(", ")
    ));
}

fn show_changes(file: &FileReport) {
    if !file.loaded || file.changes.is_empty() {
        return;
    }
    output::line(&format!("changed by {}:", file.file));
    for change in file.changes.iter().take(SHOWN) {
        output::line(&format!("  {change}"));
    }
    if file.changes.len() > SHOWN {
        output::line("  … and more: see the log, or --json");
    }
}

fn show_waiting(file: &FileReport) {
    let Some(request) = file.request.filter(|_| !file.waiting.is_empty()) else { return };
    let rows = text::counted(file.waiting.len() as i64, "row waits", "rows wait");
    output::line(&format!(
        "{}: {rows} for a second person: another user who may imports the same file, or: daybook import --confirm {request}",
        file.file
    ));
    for row in file.waiting.iter().take(SHOWN) {
        output::line(&format!("  line {}: {}: {}", row.line, row.what, row.why));
    }
}

fn show_refused(file: &FileReport) {
    for row in file.refused.iter().take(SHOWN) {
        output::aside(&format!("{}: {row}", file.file));
    }
    let more = file.refused.len().saturating_sub(SHOWN);
    if more > 0 {
        output::aside(&format!("{}: and {more} more rows; --json lists all", file.file));
    }
    match &file.reject_file {
        Some(path) => output::line(&format!("refused rows are in {}", path.display())),
        None if !file.loaded && file.refused.iter().any(|r| r.line > 1) => {
            let hint = "correct these rows, or load the good ones with --reject-file FILE";
            output::aside(&format!("{}: {hint}", file.file));
        }
        None => {}
    }
}
