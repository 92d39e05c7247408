//! `daybook invoice tag`: words to find drafts by.

use super::ctx::Ctx;
use super::exit::Exit;
use super::ids::picks;
use super::invoice_edit::Ids;
use super::receipt::report;
use crate::domain::tag::Tagging;
use crate::engine::{Error, review};

/// Put tags on drafts, take others off.
#[derive(Debug, clap::Args)]
pub struct Tag {
    #[command(flatten)]
    ids: Ids,
    /// A tag to put on: one word
    #[arg(long, value_name = "TAG")]
    add: Vec<String>,
    /// A tag to take off
    #[arg(long, value_name = "TAG")]
    remove: Vec<String>,
}

/// Tags.
pub fn tag(args: &Tag, ctx: &Ctx) -> Result<Exit, Error> {
    let tagging = Tagging::of(&args.add, &args.remove)
        .map_err(|why| Error::usage("bad_tag", why.to_string(), "--add TAG, --remove TAG"))?;
    let mut session = args.ids.open(ctx)?;
    let picks = picks(&session, &args.ids.ids, None)?;
    let receipt = review::verdict::tag(&mut session, &picks, &tagging)?;
    report(&receipt, ctx)
}
