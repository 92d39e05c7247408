//! `daybook doctor` and `daybook status`.

use super::ctx::Ctx;
use super::exit::Exit;
use super::output::{self, Align};
use crate::domain::charts::{self as drawn, AGES, first_week};
use crate::engine::care::{
    doctor,
    status::{self, Status},
};
use crate::engine::clockwork::waits;
use crate::engine::{Error, Session};
use crate::store::read::charts;
use crate::store::read::happened::Happened;
use crate::zone::Zone;
use serde_json::{Value, json};

/// Options.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Options of `status`.
#[derive(Debug, clap::Args)]
pub struct StatusArgs {
    /// What is open by age, failed tries by class and week, what runs came to
    #[arg(long)]
    charts: bool,
}

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
pub fn status(args: &StatusArgs, ctx: &Ctx) -> Result<Exit, Error> {
    let session = ctx.open()?;
    if args.charts {
        return show_charts(&session, ctx);
    }
    let status = status::status(&session)?;
    let now = session.now()?;
    let ahead = session.read(|db| waits::lines(db, now))?;
    if ctx.json {
        let mut value = status_json(&status);
        value["ahead"] = ahead
            .iter()
            .map(|line| {
                let at = line.at_ms.and_then(chrono::DateTime::from_timestamp_millis);
                let at = at.map(|at| at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true));
                json!({ "at": at, "says": line.words })
            })
            .collect();
        output::json(&value)?;
    } else {
        status_lines(&status, &ahead, session.config()?.zone());
    }
    Ok(Exit::Done)
}

fn show_charts(session: &Session, ctx: &Ctx) -> Result<Exit, Error> {
    let today = session.now()?.today;
    let of = session.read(|db| charts::charts(db, today))?;
    if !ctx.json {
        drawn::lines(&of).iter().for_each(|line| output::line(line));
        return Ok(Exit::Done);
    }
    let ageing = of.ageing.iter().map(|one| {
        let ages: Vec<Value> = AGES
            .iter()
            .zip(one.parts.iter().zip(&one.counts))
            .map(|(name, (money, count))| {
                json!({ "age": name, "amount": money.plain(), "documents": count })
            })
            .collect();
        json!({ "currency": one.open.currency.code(), "open": one.open.plain(), "ages": ages })
    });
    let failures = of.failures.iter().map(|f| json!({ "class": f.class, "weeks": f.weeks }));
    let cycles = of.cycles.iter().map(|c| {
        json!({
            "run": c.run, "target_date": c.target_on, "total": c.total.plain(),
            "currency": c.total.currency.code(),
        })
    });
    output::json(&json!({
        "today": of.today,
        "ageing": ageing.collect::<Vec<_>>(),
        "weeks_from": first_week(of.today),
        "failures": failures.collect::<Vec<_>>(),
        "cycles": cycles.collect::<Vec<_>>(),
    }))?;
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

fn status_lines(status: &Status, ahead: &[waits::Ahead], zone: Zone) {
    let open: Vec<&str> = status.open().map(|s| s.step.as_str()).collect();
    let d = &status.deliveries;
    output::line(&format!("{}", status.today));
    let rows: Vec<Vec<String>> = status
        .steps
        .iter()
        .filter(|s| s.is_shown())
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
    if !ahead.is_empty() {
        output::line("");
        output::line("ahead:");
        ahead.iter().for_each(|line| output::line(&format!("  {}", line.words)));
    }
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
