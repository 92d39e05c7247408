//! `daybook gateway import`: what gateways paid out.

use super::ctx::Ctx;
use super::exit::{self, Exit};
use super::output::{self, Align};
use crate::engine::Error;
use crate::engine::bank::payout::{self, PayoutDone};
use serde_json::{Value, json};
use std::path::PathBuf;

/// Read what gateways paid out.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// A file of payouts: each is booked as under way until the bank has it
    Import {
        /// CSV: payout_id, payout_date, currency, type, reference, gross, fee, net
        file: PathBuf,
        /// Whose it is (default: that of the payments in it)
        #[arg(long, value_name = "NAME")]
        gateway: Option<String>,
    },
}

/// Runs it.
pub fn run(args: &Args, ctx: &Ctx) -> Result<Exit, Error> {
    let mut session = ctx.open()?;
    let Action::Import { file, gateway } = &args.action;
    let done = payout::import(&mut session, file, gateway.as_deref())?;
    if ctx.json {
        output::json(&json!({ "payouts": done.iter().map(value).collect::<Vec<_>>() }))?;
    } else {
        table(&done);
    }
    let refused: Vec<_> = done.iter().filter_map(|one| one.refused.as_ref()).collect();
    match refused.first() {
        None => Ok(Exit::Done),
        Some(first) if refused.len() == done.len() => {
            let hint = "nothing of it is in the book";
            let error = Error::usage(first.code, first.words.clone(), hint);
            exit::report(&error, ctx.json);
            Ok(Exit::Usage)
        }
        Some(_) => Ok(Exit::Partly),
    }
}

fn plain(one: &PayoutDone, minor: i64) -> String {
    one.currency.map(|currency| currency.plain(minor)).unwrap_or_default()
}

fn value(one: &PayoutDone) -> Value {
    json!({
        "id": one.id,
        "gateway": one.gateway,
        "currency": one.currency.map(crate::domain::money::Currency::code),
        "gross": plain(one, one.gross),
        "fee": plain(one, one.fee),
        "net": plain(one, one.net),
        "unknown": one.unknown,
        "wrong_amount": one.wrong_amount,
        "known": one.known,
        "refused": one.refused.as_ref().map(|why| why.code),
        "why": one.refused.as_ref().map(|why| &why.words),
    })
}

fn table(done: &[PayoutDone]) {
    let rows: Vec<Vec<String>> = done
        .iter()
        .map(|one| {
            let mut words = Vec::new();
            if one.known {
                words.push("known".to_owned());
            }
            if !one.unknown.is_empty() {
                words.push(format!("nothing here is called {}", one.unknown.join(", ")));
            }
            if !one.wrong_amount.is_empty() {
                words.push(format!("of another amount: {}", one.wrong_amount.join(", ")));
            }
            words.extend(one.refused.as_ref().map(|why| format!("refused: {}", why.words)));
            let money = |minor| one.currency.map(|c| c.grouped(minor)).unwrap_or_default();
            vec![
                one.id.clone(),
                one.gateway.clone(),
                money(one.gross),
                money(one.fee),
                money(one.net),
                words.join("; "),
            ]
        })
        .collect();
    let headers = [
        ("PAYOUT", Align::Left),
        ("GATEWAY", Align::Left),
        ("GROSS", Align::Right),
        ("FEE", Align::Right),
        ("NET", Align::Right),
        ("", Align::Left),
    ];
    output::table(&headers, &rows);
}
