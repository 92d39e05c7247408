//! `daybook backup FILE` and `daybook restore FILE`.

use super::{Ctx, Exit, actor, output};
use crate::engine::{Error, backup};
use serde_json::json;
use std::path::PathBuf;

/// A backup file.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The file
    file: PathBuf,
}

/// Copies the book, consistent while others write.
pub fn backup(args: &Args, ctx: &Ctx) -> Result<Exit, Error> {
    let session = ctx.open()?;
    let bytes = backup::backup(&session, &args.file)?;
    if ctx.json {
        output::json(&json!({ "backup": args.file, "bytes": bytes }))?;
    } else {
        output::line(&format!("{} ({bytes} bytes), read back and sound", args.file.display()));
    }
    Ok(Exit::Done)
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
