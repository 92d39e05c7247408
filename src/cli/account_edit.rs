//! `daybook account edit`: columns of accounts.csv of one account.

use super::ctx::Ctx;
use super::exit::Exit;
use super::output;
use crate::engine::{Error, account_edit};
use serde_json::json;

/// An account, and what changes.
#[derive(Debug, clap::Args)]
pub struct Edit {
    /// The account's number
    account: String,
    /// A column of accounts.csv and its value: name, email, tax_id, customer_kind, buyer_reference,
    /// electronic_address, e_invoice, language, delivery, … (an empty value takes it out)
    #[arg(long = "set", value_name = "FIELD=VALUE", required = true)]
    set: Vec<String>,
}

/// Changes it.
pub fn run(args: &Edit, ctx: &Ctx) -> Result<Exit, Error> {
    let mut fields = Vec::new();
    for one in &args.set {
        let (field, value) = one.split_once('=').ok_or_else(|| {
            let why = format!("--set {one:?} has no =");
            Error::usage("bad_field", why, "such as --set tax_id=DE123456789")
        })?;
        let field = field.trim().to_owned();
        if field == "account_number" {
            let why = "an account keeps its number";
            return Err(Error::usage("bad_field", why, "import a new account"));
        }
        fields.retain(|(known, _)| *known != field);
        fields.push((field, value.trim().to_owned()));
    }
    let mut session = ctx.open()?;
    let done = account_edit::edit(&mut session, &args.account, &fields)?;
    if ctx.json {
        output::json(&json!({
            "account_number": args.account, "changed": done.receipt.done > 0,
            "waiting": done.waiting, "summary": done.receipt.summary,
        }))?;
    } else {
        output::line(&done.receipt.summary);
    }
    Ok(Exit::partly_if(done.waiting))
}
