//! `daybook doctor` and `daybook status`.

use super::ctx::Ctx;
use super::exit::Exit;
use super::output::{self, Align};
use crate::engine::Error;
use crate::engine::care::{
    doctor,
    status::{self, Status},
};
use crate::store::read::happened::Happened;
use crate::zone::Zone;
use serde_json::{Value, json};

/// Options.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Is this installation as it should be? Exit 4 if not.
pub fn doctor(_args: &Args, ctx: &Ctx) -> Result<Exit, Error> {
    let session = ctx.open()?;
    let all = doctor::doctor(&session)?;
    let bad = all.iter().any(|f| !f.ok);
    if ctx.json {
        output::json(&json!({ "findings": all }))?;
    } else {
        for one in &all {
            let mark = if one.ok { "ok  " } else { "MEND" };
            output::line(&format!(
                "{mark}  {:<16} {}",
                one.name,
                crate::domain::text::clean(&one.found)
            ));
            if !one.remedy.is_empty() {
                output::line(&format!("      → {}", one.remedy));
            }
        }
    }
    Ok(if bad { Exit::CheckFailed } else { Exit::Done })
}

fn happened_json(one: &Happened) -> Value {
    let money = output::by_currency(&one.money);
    let at = chrono::DateTime::from_timestamp_millis(one.at_ms).unwrap_or_default();
    let at = at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    json!({ "at": at, "what": one.what, "did": one.did, "money": money, "state": one.state, "why": one.why })
}

/// Closes the day: every step with what is left.
pub fn status(_args: &Args, ctx: &Ctx) -> Result<Exit, Error> {
    let session = ctx.open()?;
    let status = status::status(&session)?;
    if ctx.json {
        output::json(&status_json(&status))?;
    } else {
        status_lines(&status, session.config()?.zone());
    }
    Ok(Exit::Done)
}

fn status_json(status: &Status) -> Value {
    let open: Vec<&str> = status.open().map(|s| s.step.as_str()).collect();
    let d = &status.deliveries;
    let steps: Vec<Value> = status
        .steps
        .iter()
        .map(|s| {
            let money = output::by_currency(&s.money);
            json!({ "step": s.step, "count": s.count, "money": money, "state": s.state })
        })
        .collect();
    json!({
        "today": status.today,
        "steps": steps,
        "happened": status.happened.iter().map(happened_json).collect::<Vec<_>>(),
        "open": open,
        "deliveries": { "due": d.due, "sent": d.sent, "printed": d.printed, "suppressed": d.suppressed, "recalled": d.recalled, "failed": d.failed, "unconfirmed": d.unconfirmed, "open": d.open, "balances": d.balances() },
        "backup": status.backup,
        "not_real": status.not_real,
        "operations": status.trail.0,
        "head": status.trail.1,
    })
}

fn status_lines(status: &Status, zone: Zone) {
    let open: Vec<&str> = status.open().map(|s| s.step.as_str()).collect();
    let d = &status.deliveries;
    output::line(&format!("{}", status.today));
    let rows: Vec<Vec<String>> = status
        .steps
        .iter()
        .map(|s| {
            let money = output::listed(&s.money);
            vec![s.step.to_string(), s.count.to_string(), money, s.state.clone()]
        })
        .collect();
    output::table(
        &[
            ("STEP", Align::Left),
            ("LEFT", Align::Right),
            ("MONEY", Align::Left),
            ("STATE", Align::Left),
        ],
        &rows,
    );
    output::line("");
    output::line("since yesterday:");
    for one in &status.happened {
        let at = chrono::DateTime::from_timestamp_millis(one.at_ms).unwrap_or_default();
        let at = at.with_timezone(&zone).format("%a %H:%M");
        let money = if one.money.is_empty() { String::new() } else { format!("  {}", one.money) };
        output::line(&format!("  {at}  {} {}: {}{money}", one.what, one.state, one.did));
        if !one.why.is_empty() {
            output::line(&format!("             {}", one.why));
        }
    }
    output::line("");
    output::line(&format!(
        "deliveries: {} due = {} sent + {} printed + {} suppressed + {} recalled + {} failed + {} unconfirmed + {} open{}",
        d.due,
        d.sent,
        d.printed,
        d.suppressed,
        d.recalled,
        d.failed,
        d.unconfirmed,
        d.open,
        if d.balances() { "" } else { "  DOES NOT BALANCE" }
    ));
    if !status.not_real.is_empty() {
        output::line(&status.not_real);
    }
    if !status.backup.is_empty() {
        output::line(&status.backup);
    }
    output::line(&if open.is_empty() {
        "the day is closed: nothing is left".to_owned()
    } else {
        format!("still open: {}", open.join(", "))
    });
}
