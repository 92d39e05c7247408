//! `daybook backup FILE` and `daybook restore FILE`.

use super::ctx::Ctx;
use super::ctx::actor;
use super::exit::Exit;
use super::output;
use crate::domain::text::counted;
use crate::engine::care::{backup, copies, offsite};
use crate::engine::{Error, Session};
use serde_json::json;
use std::path::PathBuf;

/// Where a copy goes.
#[derive(Debug, clap::Args)]
pub struct To {
    /// The file; without one the copy goes where the scheduled ones go, and counts as one
    file: Option<PathBuf>,
}

/// A backup file.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The file
    file: PathBuf,
}

/// Copies the book, consistent while others write.
pub fn backup(args: &To, ctx: &Ctx) -> Result<Exit, Error> {
    let mut session = ctx.open()?;
    let Some(file) = &args.file else { return scheduled(&mut session, ctx) };
    let backup::Copied { bytes, head, .. } = backup::backup(&session, file, "file_sound")?;
    if ctx.json {
        output::json(&json!({ "backup": file, "bytes": bytes, "head": head }))?;
    } else {
        output::line(&format!("{} ({bytes} bytes), read back and sound", file.display()));
        output::line(&format!("head {head}: daybook audit --verify --since it, on any later book"));
    }
    Ok(Exit::Done)
}

/// Makes the scheduled copy now.
fn scheduled(session: &mut Session, ctx: &Ctx) -> Result<Exit, Error> {
    let made = copies::make(session)?;
    let sent = offsite::send(session);
    if ctx.json {
        let why = sent.as_ref().err().map(ToString::to_string);
        output::json(&json!({ "backup": made.file, "bytes": made.bytes, "checks": made.checks,
            "head": made.head, "removed": made.removed, "sent": matches!(sent, Ok(Some(_))),
            "not_sent": why }))?;
    } else {
        let (file, bytes, checks) = (made.file.display(), made.bytes, made.checks);
        output::line(&format!("{file} ({bytes} bytes), {checks} checks hold on it"));
        output::line(&format!("head {}", made.head));
        if made.removed > 0 {
            let words = counted(made.removed, "older copy", "older copies");
            output::line(&format!("{words} removed (backup.keep)"));
        }
        match &sent {
            Ok(Some(_)) => output::line("and taken off this machine"),
            Ok(None) => {}
            Err(error) => output::aside(&format!("{error}; {}", error.hint())),
        }
    }
    Ok(Exit::partly_if(sent.is_err()))
}

/// Puts a backup in the book's place.
pub fn restore(args: &Args, ctx: &Ctx) -> Result<Exit, Error> {
    let done = backup::restore(&ctx.book, &args.file, &actor(), &mut ctx.say())?;
    if ctx.json {
        output::json(&json!({ "book": ctx.book, "kept": done.kept, "checks": done.checks }))?;
    } else {
        output::line(&format!("{} is restored; {} checks hold", ctx.book.display(), done.checks));
        if let Some(kept) = &done.kept {
            output::line(&format!("the book before it is kept as {}", kept.display()));
        }
    }
    Ok(Exit::Done)
}
