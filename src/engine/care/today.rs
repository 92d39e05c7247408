//! The figures of the day: each line counts what the verb it leads to would take, by that verb's own
//! function, so that the line is empty once the verb is done.

use crate::clock::Now;
use crate::config::Config;
use crate::domain::actor::Actor;
use crate::domain::money::Purse;
use crate::domain::payment_run::SkipReason;
use crate::domain::text::counted;
use crate::engine::collect::{self, remind, retry, till};
use crate::engine::deliver::pause;
use crate::store::read::post_preview::{self, Dates};
use crate::store::read::post_second::Poster;
use crate::store::read::today::{self, Step, StepRow};
use crate::store::read::{Filter, ReadError, Totals, deliveries, failed, invoices};
use crate::store::{Db, StoreError, letter, settings};

/// Every step, in order, for somebody.
pub fn steps(db: &Db<'_>, now: Now, actor: &Actor) -> Result<Vec<StepRow>, ReadError> {
    Step::ALL.iter().map(|one| step(db, *one, now, actor)).collect()
}

/// One step. Each is a question of its own, so that a slow one holds up nothing else.
pub fn step(db: &Db<'_>, step: Step, now: Now, actor: &Actor) -> Result<StepRow, ReadError> {
    let plain = |totals: Totals| (totals, String::new());
    let (totals, state) = match step {
        Step::Usage => today::usage(db)?,
        Step::Run => today::bill_runs(db, now.today)?,
        Step::ToCheck => today::to_check(db)?,
        Step::Held => plain(invoices::totals(db, &Filter::parse("status:draft review:held")?)?),
        Step::ToPost => {
            let by = Some(Poster { actor, now_ms: now.at_ms });
            let dates = Dates { today: now.today, invoice_on: None, by };
            let behind = post_preview::accepted_behind(db, dates)?;
            let words = |(why, n): &(String, i64)| format!("{n} accepted cannot be: {why}");
            let words: Vec<String> = behind.iter().map(words).collect();
            (post_preview::all_drafts(db, dates)?, words.join("; "))
        }
        Step::ToDeliver => to_deliver(db, now)?,
        Step::ToCollect => to_collect(db, now)?,
        Step::Failed => {
            let rules = till::rules(&settings::load(db)?).map_err(unreadable)?;
            let due = retry::due(db, &rules, now)?;
            let words = some(due, "retry due", "retries due");
            (failed::totals(db, &Filter::parse("status:failed")?)?, words)
        }
        Step::Bounced => {
            let found = deliveries::totals(db, &Filter::parse(today::NOT_DELIVERED)?)?;
            (Totals { money: Purse::default(), ..found }, today::refused(db)?)
        }
        Step::Overdue => {
            let (due, bank) = remind::count(db, &settings::load(db)?, now).map_err(unreadable)?;
            let words = [some(due, "reminder due", "reminders due"), bank];
            let words = words.iter().filter(|words| !words.is_empty());
            let words = words.map(String::as_str).collect::<Vec<_>>().join("; ");
            (failed::totals(db, &Filter::parse(&format!("due<{}", now.today))?)?, words)
        }
        Step::Bank => today::bank(db)?,
        Step::Close => today::close(db, now.today)?,
        Step::Notices => today::open_notices(db, actor.uid)?,
    };
    Ok(StepRow { step, count: totals.count, money: totals.money, state })
}

/// What is to go out; that the mail server refuses us stands first.
fn to_deliver(db: &Db<'_>, now: Now) -> Result<(Totals, String), ReadError> {
    let (totals, state) = today::to_deliver(db)?;
    let Some(down) = letter::down(db)? else { return Ok((totals, state)) };
    let paused = pause::short(&down, now, settings::load(db)?.zone());
    let state = if state.is_empty() { paused } else { format!("{paused}, {state}") };
    Ok((totals, state))
}

/// What a payment run of all that is due would charge, and the newest run.
fn to_collect(db: &Db<'_>, now: Now) -> Result<(Totals, String), ReadError> {
    let config: Config = settings::load(db)?;
    let run = collect::of_today(db, &till::rules(&config).map_err(unreadable)?, now)?;
    let settled = run.skipped.get(&SkipReason::Settled).copied().unwrap_or(0);
    let mut words = today::last_payment_run(db)?;
    if settled > 0 {
        let more = format!("credits settle {settled} more");
        words = if words.is_empty() { more } else { format!("{words}; {more}") };
    }
    let money = run.totals.without_zeros();
    Ok((Totals { count: run.picked as i64, money }, words))
}

fn some(count: usize, one: &str, many: &str) -> String {
    if count == 0 { String::new() } else { counted(count, one, many) }
}

/// A setting that no longer reads as what it is.
fn unreadable(error: crate::engine::Error) -> ReadError {
    match error {
        crate::engine::Error::Store(error) => error.into(),
        other => StoreError::Corrupt(other.to_string()).into(),
    }
}
