//! `daybook init`: an empty book.

use super::ctx::Ctx;
use super::ctx::actor;
use super::exit::Exit;
use super::output;
use crate::clock::Now;
use crate::config::Config;
use crate::engine::care::rehearsal;
use crate::engine::{Error, place};
use crate::outside;
use crate::store::{BookKind, CreateBook, Store};
use serde_json::json;

/// Options.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A book for trying things: it may have a clock of its own (--now, clock set)
    #[arg(long)]
    test: bool,
}

/// Makes the book; a second one at the same place is refused.
pub fn run(args: &Args, ctx: &Ctx) -> Result<Exit, Error> {
    let kind = if args.test { BookKind::Test } else { BookKind::Real };
    let actor = actor();
    let now = Now::system(crate::zone::Zone::UTC);
    place::may_make(&ctx.book, &actor)?;
    if let Some(parent) = ctx.book.parent().filter(|p| !p.as_os_str().is_empty()) {
        outside::directory(parent)
            .map_err(|source| Error::Io { path: parent.to_owned(), source })?;
    }
    Store::create(&ctx.book, &CreateBook { kind, actor: &actor, now })?;
    let pretended = rehearsal::of(&Config::default(), kind);
    if ctx.json {
        let not_real: Vec<_> = pretended
            .iter()
            .map(
                |p| json!({ "key": p.key.key, "value": p.value, "means": p.means, "remedy": p.remedy }),
            )
            .collect();
        output::json(&json!({ "book": ctx.book, "kind": kind, "not_real": not_real }))?;
    } else {
        output::line(&format!("made {} ({kind} book)", ctx.book.display()));
        output::line("next: daybook settings set issuer.name NAME, then daybook import FILES");
        for one in &pretended {
            output::line(&format!("not real yet: {} ({} = {})", one.means, one.key, one.value));
            output::line(&format!("  {}", one.remedy));
        }
    }
    Ok(Exit::Done)
}
