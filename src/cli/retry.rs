//! `daybook retry`: failed payments again, as new payments with new keys.

use super::ctx::Ctx;
use super::exit::Exit;
use super::ids;
use super::output::{self, Align};
use super::{collect, payment};
use crate::domain::payment::NextAction;
use crate::domain::retry::{WhatIf, parse_waits};
use crate::engine::collect::retry::{self, Which};
use crate::engine::collect::till;
use crate::engine::command::Refused;
use crate::engine::{Error, Session};
use serde_json::{Value, json};

/// Retry failed payments: named ones, a group, or what is due by the rules.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A declined payment (may be given several times)
    #[arg(long, value_name = "ID", group = "which")]
    payment: Vec<String>,
    /// Everything that needs the same next step: retry_later, new_method, look_up, ask_mandate,
    /// ask_customer, gave_up
    #[arg(long, value_name = "G", group = "which")]
    group: Option<String>,
    /// What is due by the rules (the default)
    #[arg(long, group = "which")]
    due: bool,
    /// Try other rules on the failures of the past and change nothing: what soft declines would
    /// wait, such as 24h,3d@09,5d
    #[arg(long, value_name = "WAITS", group = "which")]
    what_if: Option<String>,
}

/// Runs it.
pub fn run(args: &Args, ctx: &Ctx) -> Result<Exit, Error> {
    let mut session = ctx.open()?;
    if let Some(waits) = &args.what_if {
        return what_if(&session, waits, ctx);
    }
    let which = if let Some(group) = &args.group {
        let group = NextAction::parse(group).ok_or_else(|| {
            Error::usage("bad_group", format!("{group:?} is no group"), NextAction::words())
        })?;
        if group == NextAction::LookUp {
            return payment::reconcile::reconcile_all(&mut session, ctx);
        }
        Which::Group(group)
    } else if args.payment.is_empty() {
        Which::Due
    } else {
        Which::Payments(ids::payments(&args.payment)?)
    };
    let begun = retry::start(&mut session, &which)?;
    let Some((run, job)) = begun.run else {
        return nothing(&begun.refused, ctx);
    };
    let exit = collect::drive_with(&mut session, run, job, &begun.refused, ctx)?;
    let left_out = session.read(|db| crate::store::payment_run::skips(db, run))?;
    Ok(if begun.refused.is_empty() && left_out.is_empty() { exit } else { Exit::Partly })
}

fn nothing(refused: &[Refused], ctx: &Ctx) -> Result<Exit, Error> {
    if ctx.json {
        output::json(&json!({
            "run": Value::Null,
            "status": "Completed",
            "picked": 0,
            "skipped": {},
            "approved": 0,
            "declined": 0,
            "unknown": 0,
            "credits_applied": {},
            "totals": {},
            "refused": collect::refused_json(refused),
        }))?;
    } else {
        output::line("nothing to retry");
        collect::print_refused(refused);
    }
    Ok(Exit::partly_if(!refused.is_empty()))
}

fn what_if(session: &Session, waits: &str, ctx: &Ctx) -> Result<Exit, Error> {
    let soft = parse_waits(waits).map_err(|e| {
        Error::usage("bad_value", e.to_string(), "such as 24h,72h,120h or 1d@09,3d@09")
    })?;
    let mut other = till::rules(&session.config()?)?;
    other.soft = soft;
    let (own, would) = retry::compare(session, &other)?;
    if ctx.json {
        output::json(&json!({ "now": as_json(&own), "what_if": as_json(&would) }))?;
        return Ok(Exit::Done);
    }
    let row = |name: &str, value: fn(&WhatIf) -> usize| {
        vec![name.to_owned(), value(&own).to_string(), value(&would).to_string()]
    };
    let most = |w: &WhatIf| w.most_in_30_days.values().copied().max().unwrap_or(0);
    output::table(
        &[("", Align::Left), ("RULES NOW", Align::Right), ("THESE RULES", Align::Right)],
        &[
            row("failed invoices", |w| w.chains),
            row("attempts that were made", |w| w.tries_made),
            row("attempts by the rules", |w| w.tries_by_rule),
            row("money came", |w| w.recovered),
            row("money by the rules", |w| w.recovered_by_rule),
            row("given up", |w| w.given_up),
            row("still waiting", |w| w.waiting),
            row("over a network's limit", |w| w.over_budget),
            vec![
                "most attempts in 30 days".to_owned(),
                most(&own).to_string(),
                most(&would).to_string(),
            ],
        ],
    );
    Ok(Exit::Done)
}

fn as_json(sum: &WhatIf) -> Value {
    let most: serde_json::Map<String, Value> =
        sum.most_in_30_days.iter().map(|(n, m)| (n.as_str().to_owned(), json!(m))).collect();
    json!({
        "failed_invoices": sum.chains,
        "attempts_made": sum.tries_made,
        "attempts": sum.tries_by_rule,
        "recovered": sum.recovered,
        "recovered_by_rule": sum.recovered_by_rule,
        "given_up": sum.given_up,
        "waiting": sum.waiting,
        "over_limit": sum.over_budget,
        "most_in_30_days": most,
    })
}
