//! Filling the list of a run, page by page, and looking at the whole of it before a scheduled run
//! charges anybody.

use super::cursor::{Cursor, set_cursor};
use super::pick;
use crate::config::key;
use crate::domain::actor::Verb;
use crate::domain::ids::DocumentId;
use crate::domain::payment::PaymentRunStatus;
use crate::domain::run_params::RunFilter;
use crate::engine::collect::till::Till;
use crate::engine::job::Slice;
use crate::engine::{Error, Session};
use crate::store::job::{self, JobRow, JobState, Progress};
use crate::store::notice::{self, NoticeLevel};
use crate::store::payment_run::{self, RunRow};
use crate::store::{Db, StoreError, schedule};
use rust_decimal::Decimal;

/// What a scheduled run is compared with: the runs of the last cycle, a month and some days.
const CYCLE_MS: i64 = 35 * 24 * 3_600_000;

/// Judges the next page of what is due and puts it on the list.
pub(super) fn page(
    session: &mut Session,
    job: &JobRow,
    run: &RunRow,
    till: &Till,
    cursor: Cursor,
) -> Result<Slice, Error> {
    let filter = match run.filter.read()? {
        RunFilter::Due(new) => new,
        RunFilter::Retry(_) => {
            return Err(StoreError::Corrupt(format!("{} picks without a filter", run.id)).into());
        }
    };
    let after = cursor.pick_after.map_or_else(pick::beginning, |(on, id)| (on, DocumentId(id)));
    let now = session.now()?;
    // Judged before the lock is taken; what is charged is judged again when it is.
    let page = session.store.read(|db| pick::page(db, till, &filter, after, now))?;
    session.write(Verb::Collect, |tx| {
        job::guard(tx, job)?;
        if after == pick::beginning() {
            payment_run::clear_skips(tx, run.id)?;
        }
        let picked = payment_run::add_items(tx, run.id, &page.items)?;
        for (reason, count) in &page.skips {
            payment_run::add_skip(tx, run.id, *reason, *count)?;
        }
        let pick_after = page.next.map(|(on, id)| (on, id.0));
        let unguarded = pick_after.is_none() && run.schedule.is_some() && !cursor.looked;
        let next = Cursor { pick_after, unguarded, ..cursor };
        set_cursor(tx, job, &next, &Progress::default())?;
        job::set_total(tx, job.id, job.total + picked)?;
        let more = if cursor.looked { "more " } else { "" };
        tx.note(run.id, format!("{picked} {more}invoices picked"));
        Ok(Slice::More)
    })
}

/// Looks at the whole list of a scheduled run, without the lock: nothing is added to it any more.
pub(super) fn guard_run(
    session: &mut Session,
    job: &JobRow,
    run: &RunRow,
    till: &Till,
    cursor: Cursor,
) -> Result<Slice, Error> {
    let now_ms = session.now()?.at_ms;
    let why = session.read(|db| guard(db, till, run, now_ms))?;
    session.write(Verb::Collect, |tx| {
        job::guard(tx, job)?;
        set_cursor(tx, job, &Cursor { unguarded: false, ..cursor }, &Progress::default())?;
        let Some(why) = why else {
            tx.quiet();
            return Ok(Slice::More);
        };
        tx.note(run.id, &why);
        payment_run::set_status(tx, run.id, PaymentRunStatus::Paused, &why)?;
        job::set_state(tx, job.id, JobState::Paused, "")?;
        let id = run.id.to_string();
        let owner = match run.schedule {
            Some(schedule) => schedule::get(tx, schedule)?.owner_email,
            None => String::new(),
        };
        let text = format!("{id} did not charge by itself: it {why}");
        notice::alarm(tx, NoticeLevel::Task, (&id, &text), &format!("guard {id}"), &owner)?;
        Ok(Slice::Halted)
    })
}

/// Why a scheduled run must be looked at before it charges: it would ask for far more than any run
/// of its schedule in the last cycle, or it is the first with money. Less is no danger.
fn guard(
    db: &Db<'_>,
    till: &Till,
    run: &RunRow,
    now_ms: i64,
) -> Result<Option<String>, StoreError> {
    let Some(schedule) = run.schedule else { return Ok(None) };
    let percent = till.config.decimal(key::PAYMENT_GUARD_PERCENT).unwrap_or_default();
    let since = now_ms - CYCLE_MS;
    let open = payment_run::open_money(db, run.id)?;
    if open.iter().any(|m| m.minor > 0) && !payment_run::schedule_has_charged(db, schedule)? {
        let why = "is the first of its schedule to charge anybody, with no earlier cycle to \
                   compare with: look at it, then resume";
        return Ok(Some(why.to_owned()));
    }
    for now in &open {
        let currency = now.currency;
        let Some(most) = payment_run::most_of_schedule(db, schedule, since, currency)? else {
            continue;
        };
        // A limit beyond every number is above every sum.
        let limit = Decimal::ONE_HUNDRED
            .checked_add(percent)
            .and_then(|share| Decimal::from(most).checked_mul(share))
            .map_or(Decimal::MAX, |limit| limit / Decimal::ONE_HUNDRED);
        if Decimal::from(now.minor) > limit {
            return Ok(Some(format!(
                "would charge {now}, the most of its schedule in 35 days was {}: look at it, then resume",
                currency.grouped(most)
            )));
        }
    }
    Ok(None)
}
