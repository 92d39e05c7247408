//! `daybook adjust`, `write-off`, `undo-write-off` and `reverse`: what changes the meaning of a posted invoice.

use super::ctx::Ctx;
use super::document_json::to_json;
use super::exit::Exit;
use super::ids::find;
use super::output;
use super::receipt::report;
use crate::engine::command::{AdjustKind, AdjustPart, Receipt};
use crate::engine::on_its_way::Sure;
use crate::engine::post::adjust::Then;
use crate::engine::post::{adjust, reverse, void, write_off};
use crate::engine::{Error, Session};
use crate::store::document;
use serde_json::json;

/// Adjust a posted invoice by a credit memo (or a debit memo).
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("part").required(true).multiple(true).args(["whole", "line", "amount"]))]
pub struct Adjust {
    /// The invoice or debit memo (INV-2026-000012 or D-000012)
    id: String,
    /// All that is left of it
    #[arg(long, conflicts_with_all = ["line", "amount"])]
    whole: bool,
    /// One line, from 1: all that is left of it, or --amount (net)
    #[arg(long)]
    line: Option<u32>,
    /// This much, tax included (with --line: net)
    #[arg(long)]
    amount: Option<String>,
    /// Leave the credit unapplied: `memo apply` uses it later
    #[arg(long, conflicts_with = "debit")]
    no_apply: bool,
    /// Ask for more instead of giving back
    #[arg(long)]
    debit: bool,
    /// Why
    #[arg(long)]
    reason: String,
    /// Go on although a payment of it is on its way
    #[arg(long)]
    yes: bool,
}

/// A posted document and why.
#[derive(Debug, clap::Args)]
pub struct Target {
    /// The invoice (INV-2026-000012 or D-000012)
    id: String,
    /// Why
    #[arg(long)]
    reason: String,
    /// Go on although a payment of it is on its way
    #[arg(long)]
    yes: bool,
}

/// A posted document and why.
#[derive(Debug, clap::Args)]
pub struct Reasoned {
    /// The invoice (INV-2026-000012 or D-000012)
    id: String,
    /// Why
    #[arg(long)]
    reason: String,
}

/// Adjusts.
pub fn adjust(args: &Adjust, ctx: &Ctx) -> Result<Exit, Error> {
    let mut session = ctx.open()?;
    let id = find(&session, &args.id)?;
    let currency = session.read(|db| document::get(db, id))?.currency;
    let amount =
        match &args.amount {
            None => None,
            Some(text) => Some(currency.parse_minor(text).map_err(|e| {
                Error::usage("bad_amount", format!("--amount: {e}"), "such as 12.50")
            })?),
        };
    if args.debit && args.whole {
        return Err(Error::usage(
            "debit_whole",
            "a debit memo says what more is asked for",
            "--amount A, or --line N [--amount A]",
        ));
    }
    let part = match (args.line, amount) {
        (Some(line), amount) => AdjustPart::Line(line, amount),
        (None, Some(minor)) => AdjustPart::Amount(minor),
        (None, None) => AdjustPart::Whole,
    };
    let kind = if args.debit { AdjustKind::Debit } else { AdjustKind::Credit };
    let then = (if args.no_apply { Then::Leave } else { Then::Apply }, Sure::of(args.yes));
    let receipt = adjust::adjust_and(&mut session, id, part, kind, &args.reason, then)?;
    made(&session, &receipt, ctx)
}

/// Writes off.
pub fn write_off(args: &Target, ctx: &Ctx) -> Result<Exit, Error> {
    let mut session = ctx.open()?;
    let id = find(&session, &args.id)?;
    let receipt = write_off::write_off(&mut session, id, &args.reason, Sure::of(args.yes))?;
    made(&session, &receipt, ctx)
}

/// Takes a write-off back whole.
pub fn undo_write_off(args: &Reasoned, ctx: &Ctx) -> Result<Exit, Error> {
    let mut session = ctx.open()?;
    let id = find(&session, &args.id)?;
    let receipt = write_off::undo(&mut session, id, &args.reason)?;
    made(&session, &receipt, ctx)
}

/// Reverses.
pub fn reverse(args: &Target, ctx: &Ctx) -> Result<Exit, Error> {
    let mut session = ctx.open()?;
    let id = find(&session, &args.id)?;
    let receipt = reverse::reverse(&mut session, id, &args.reason, Sure::of(args.yes))?;
    made(&session, &receipt, ctx)
}

/// Cancels internally.
pub fn void(id: &str, reason: &str, ctx: &Ctx) -> Result<Exit, Error> {
    let mut session = ctx.open()?;
    let id = find(&session, id)?;
    let receipt = void::void(&mut session, id, reason)?;
    made(&session, &receipt, ctx)
}

/// Shows the document a verb made: its JSON with what was applied of it.
fn made(session: &Session, receipt: &Receipt, ctx: &Ctx) -> Result<Exit, Error> {
    if !ctx.json {
        return report(receipt, ctx);
    }
    let row = session.read(|db| document::get(db, document::find(db, &receipt.made)?))?;
    let mut shown = session.read(|db| to_json(db, &row))?;
    let applied = row.balance_minor - row.total_minor;
    shown["applied"] = json!(row.currency.plain(applied.max(0)));
    shown["unapplied"] = json!(row.currency.plain((-row.balance_minor).max(0)));
    output::json(&shown)?;
    Ok(Exit::Done)
}
