//! `daybook invoice new --kind credit_memo --corrects ID`: a credit memo by its lines, posted at once.

use super::ctx::Ctx;
use super::document_json::to_json;
use super::exit::Exit;
use super::output;
use super::receipt::report;
use crate::domain::document::DocumentKind;
use crate::engine::Error;
use crate::engine::command::HandMade;
use crate::engine::on_its_way::Sure;
use crate::engine::post::adjust::Then;
use crate::engine::post::credited::{self, Credit};
use crate::store::document;

/// What a credit memo corrects.
#[derive(Debug, clap::Args)]
pub struct Credited {
    /// The posted document that a credit memo corrects: it is posted at once, and applied to it
    #[arg(long = "corrects", id = "corrects", value_name = "ID")]
    pub of: Option<String>,
    /// Do not apply the credit memo to what it corrects: it stays the customer's credit
    #[arg(long, requires = "corrects")]
    no_apply: bool,
    /// Go on though a payment of what is corrected is on its way
    #[arg(long, requires = "corrects")]
    yes: bool,
}

/// Makes it.
pub fn run(of: &str, args: &Credited, wanted: HandMade, ctx: &Ctx) -> Result<Exit, Error> {
    if wanted.kind != DocumentKind::CreditMemo {
        let words = format!("a {} corrects nothing", wanted.kind);
        return Err(Error::usage("bad_kind", words, "--kind credit_memo"));
    }
    let mut session = ctx.open()?;
    let new = Credit {
        of: session.read(|db| document::find(db, of))?,
        account: wanted.account,
        lines: wanted.lines,
        on: wanted.invoice_on,
        reason: wanted.reason,
    };
    let then = if args.no_apply { Then::Leave } else { Then::Apply };
    let receipt = credited::credit(&mut session, &new, (then, Sure::of(args.yes)))?;
    if ctx.json {
        let row = session.read(|db| document::get(db, document::find(db, &receipt.made)?))?;
        output::json(&session.read(|db| to_json(db, &row))?)?;
        return Ok(Exit::Done);
    }
    report(&receipt, ctx)
}
