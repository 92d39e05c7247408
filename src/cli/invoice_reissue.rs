//! `daybook invoice reissue`: a full memo, and an invoice of today in the place of a posted one.

use super::ctx::Ctx;
use super::document_json::to_json;
use super::exit::Exit;
use super::ids::find;
use super::output;
use crate::engine::Error;
use crate::engine::collect::money::Asked;
use crate::engine::command::Reissue as Command;
use crate::engine::reissue;
use crate::store::document;
use serde_json::json;

/// A posted invoice, and what of it is put right.
#[derive(Debug, clap::Args)]
pub struct Reissue {
    /// The invoice (INV-2026-000012 or D-000012)
    id: String,
    /// What was wrong: po_number, or of the account name, tax_id, address (lines by ;), postcode, city,
    /// region, country, buyer_reference, billing_contact, register_id
    #[arg(long = "set", value_name = "FIELD=VALUE")]
    set: Vec<String>,
    /// Why; kept with the memo
    #[arg(long)]
    reason: String,
    /// Only say what it would make and move
    #[arg(long)]
    dry_run: bool,
}

/// Issues it anew.
pub fn run(args: &Reissue, ctx: &Ctx) -> Result<Exit, Error> {
    let mut session = ctx.open()?;
    let mut new = Command::new(find(&session, &args.id)?, &args.reason);
    for one in &args.set {
        let (field, value) = one.split_once('=').ok_or_else(|| {
            let why = format!("--set {one:?} has no =");
            Error::usage("bad_field", why, "such as --set tax_id=DE123456789")
        })?;
        new.set(field, value)?;
    }
    if args.dry_run {
        let by = Asked { actor: &session.actor, now: session.now()? };
        let told = session.store.read(|db| reissue::foretell(db, &new, by))?;
        if ctx.json {
            output::json(
                &json!({ "dry_run": true, "what": told.what, "then": told.then, "beware": told.beware }),
            )?;
        } else {
            output::line(&told.what);
            told.then
                .iter()
                .chain(&told.beware)
                .for_each(|text| output::line(&format!("  {text}")));
        }
        return Ok(Exit::Done);
    }
    let (done, receipt) = reissue::reissue(&mut session, &new)?;
    if ctx.json {
        let shown = session.read(|db| {
            let memo = to_json(db, &document::get(db, done.memo.id)?)?;
            let invoice = to_json(db, &document::get(db, done.invoice)?)?;
            Ok(json!({ "memo": memo, "invoice": invoice, "summary": receipt.summary }))
        })?;
        output::json(&shown)?;
    } else {
        output::line(&receipt.summary);
    }
    Ok(Exit::Done)
}
