//! `daybook currency`: a withdrawn currency and the one that took its place.

use super::ctx::Ctx;
use super::exit::Exit;
use super::output::{self, Align};
use crate::domain::conversion::Rate;
use crate::engine::Error;
use crate::engine::care::convert::{self, Asked, Outcome, sums, words};
use crate::store::conversion::Conversion;
use crate::store::convert::{Moved, Survey};
use chrono::NaiveDate;
use serde_json::{Value, json};

/// Currencies.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Move accounts, prices and everything open from a withdrawn currency, once and for good:
    /// daybook currency convert BGN EUR --rate 1.95583 --on 2026-01-01
    Convert(Convert),
}

#[derive(Debug, clap::Args)]
struct Convert {
    /// The withdrawn currency
    from: String,
    /// The one that took its place
    to: String,
    /// How many of the old one are one of the new
    #[arg(long, value_name = "R", allow_hyphen_values = true)]
    rate: String,
    /// The day from which it counts
    #[arg(long, value_name = "DATE")]
    on: NaiveDate,
    /// Say what would be moved, with the sums before and after; change nothing
    #[arg(long)]
    dry_run: bool,
    /// Do it: it cannot be undone. A copy of the book is made first
    #[arg(long)]
    yes: bool,
}

/// Runs it.
pub fn run(args: &Args, ctx: &Ctx) -> Result<Exit, Error> {
    let Action::Convert(args) = &args.action;
    let asked = Asked {
        from: args.from.clone(),
        to: args.to.clone(),
        rate: args.rate.clone(),
        on: args.on,
    };
    let mut session = ctx.open()?;
    let outcome = if args.dry_run || !args.yes {
        convert::preview(&session, &asked)?
    } else {
        convert::convert(&mut session, &asked)?
    };
    match outcome {
        Outcome::Already(done) => already(&done, ctx),
        Outcome::Planned { rate, survey, in_the_way } => {
            if args.dry_run {
                show(ctx, (&rate, args.on), &survey, &[("in_the_way", json!(in_the_way))])?;
                if !ctx.json {
                    for words in &in_the_way {
                        output::line(&format!("in the way: {words}"));
                    }
                    output::line("nothing was changed");
                }
                return Ok(Exit::Done);
            }
            convert::allowed(&rate, &survey, &in_the_way)?;
            let words = words(&rate, args.on, &survey)?;
            Err(Error::NeedsYes {
                message: format!(
                    "{words}. It cannot be undone: a copy of the book is made first, and `daybook backup FILE` makes one elsewhere"
                ),
            })
        }
        Outcome::Done { rate, survey, copy } => {
            let copy = copy.display().to_string();
            show(ctx, (&rate, args.on), &survey, &[("copy", json!(copy))])?;
            if !ctx.json {
                output::line(&format!("done, for good; the book as it was: {copy}"));
            }
            Ok(Exit::Done)
        }
    }
}

fn already(done: &Conversion, ctx: &Ctx) -> Result<Exit, Error> {
    let rate = &done.rate;
    if ctx.json {
        output::json(&json!({
            "from": rate.from.code(), "to": rate.to.code(), "rate": rate.per_one.to_string(), "on": done.on,
            "already": true,
        }))?;
    } else {
        output::line(&format!("done already from {} on ({rate}): nothing was changed", done.on));
    }
    Ok(Exit::Done)
}

fn show(
    ctx: &Ctx,
    (rate, on): (&Rate, NaiveDate),
    survey: &Survey,
    more: &[(&str, Value)],
) -> Result<(), Error> {
    let sums = sums(rate, survey)?;
    let (before, after) = (survey.prices.0.normalize(), survey.prices.1.normalize());
    if ctx.json {
        let list = |list: &[Moved]| -> Vec<Value> {
            let one = |m: &Moved| {
                json!({ "what": m.what, "account_number": m.account,
                    "before": rate.from.plain(m.before_minor), "after": rate.to.plain(m.after_minor) })
            };
            list.iter().map(one).collect()
        };
        let rows: Vec<Value> = sums
            .iter()
            .map(|s| {
                json!({ "what": s.what, "count": s.count, "before": rate.from.plain(s.before_minor),
                    "after": rate.to.plain(s.after_minor), "rounding": rate.to.plain(s.rounding_minor) })
            })
            .collect();
        let mut all = json!({
            "from": rate.from.code(), "to": rate.to.code(), "rate": rate.per_one.to_string(), "on": on,
            "already": false, "accounts": survey.accounts, "charges": survey.charges,
            "price_versions": survey.versions,
            "prices": { "before": before.to_string(), "after": after.to_string() },
            "sums": rows, "documents": list(&survey.owed), "credits": list(&survey.credits),
            "payments": list(&survey.money),
        });
        for (key, value) in more {
            all[*key] = value.clone();
        }
        return output::json(&all);
    }
    output::line(&format!("{} → {} from {on}: {rate}", rate.from, rate.to));
    let mut rows = vec![
        vec!["accounts".to_owned(), survey.accounts.to_string()],
        vec![
            "prices of charges".to_owned(),
            survey.charges.to_string(),
            before.to_string(),
            after.to_string(),
        ],
    ];
    for s in sums {
        rows.push(vec![
            s.what.to_owned(),
            s.count.to_string(),
            rate.from.grouped(s.before_minor),
            rate.to.grouped(s.after_minor),
            rate.to.grouped(s.rounding_minor),
        ]);
    }
    output::table(
        &[
            ("WHAT", Align::Left),
            ("COUNT", Align::Right),
            (rate.from.code(), Align::Right),
            (rate.to.code(), Align::Right),
            ("ROUNDING", Align::Right),
        ],
        &rows,
    );
    output::line("rounding: what the sum of what each became is more than the sum at the rate");
    Ok(())
}
