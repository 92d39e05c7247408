//! What of the day is still ahead by itself: cut-offs, the next slots, and what waits for what. A line
//! each, in words; nothing where there is no schedule, hold or wait.

use super::schedule::{last_used, upcoming};
use crate::clock::Now;
use crate::config::key;
use crate::domain::schedule::ScheduleKind;
use crate::store::read::waits;
use crate::store::schedule::{self, ScheduleState};
use crate::store::{Db, StoreError, delivery, settings};
use crate::zone::Zone;
use chrono::DateTime;

/// A line, and when it is about, UTC milliseconds; none = until somebody does something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ahead {
    pub at_ms: Option<i64>,
    pub words: String,
}

/// What waits for somebody first, then what comes by the clock, in its order.
pub fn lines(db: &Db<'_>, now: Now) -> Result<Vec<Ahead>, StoreError> {
    let config = settings::load(db)?;
    let zone = config.zone();
    let mut all = waiting(db, now, zone)?;
    if let Some(at) = delivery::next_due(db)?.filter(|at| *at > now.at_ms) {
        let words =
            format!("e-mail is held until {}: until then R on 4 recalls it", said(at, now, zone));
        all.push(Ahead { at_ms: Some(at), words });
    }
    if config.is(key::AUTOMATION_RETRY)
        && let Some(at) = waits::next_retry(db)?.filter(|at| *at > now.at_ms)
    {
        let words = format!("the next failed payment is tried again {}", said(at, now, zone));
        all.push(Ahead { at_ms: Some(at), words });
    }
    all.extend(schedules(db, now, zone)?);
    all.sort_by_key(|line| line.at_ms.unwrap_or(i64::MIN));
    Ok(all)
}

/// `at 14:30` today, `Tue 2026-12-01 06:00` else.
fn said(at_ms: i64, now: Now, zone: Zone) -> String {
    let Some(at) = DateTime::from_timestamp_millis(at_ms).map(|at| at.with_timezone(&zone)) else {
        return String::new();
    };
    let today = at.date_naive() == now.today;
    at.format(if today { "%H:%M" } else { "%a %Y-%m-%d %H:%M" }).to_string()
}

fn waiting(db: &Db<'_>, now: Now, zone: Zone) -> Result<Vec<Ahead>, StoreError> {
    let until = |at: Option<i64>| match at {
        Some(at) if at > now.at_ms => {
            format!(", at most until {}; then it runs without those invoices", said(at, now, zone))
        }
        Some(_) | None => String::new(),
    };
    let mut out = Vec::new();
    for run in waits::payment_runs(db)? {
        let words = match run.bill_run {
            Some(bill) => {
                format!("{} waits for the posting of {bill}{}", run.id, until(run.until_at))
            }
            None => format!("{} waits for its turn", run.id),
        };
        out.push(Ahead { at_ms: None, words });
    }
    for run in waits::unposted(db)? {
        let words = format!("delivering and collecting {run} wait for its posting: P on 2");
        out.push(Ahead { at_ms: None, words });
    }
    for (kind, subject) in waits::paused(db)? {
        let what = if subject.starts_with(&kind) { subject } else { format!("{kind} {subject}") };
        let words = format!("{what} is paused and waits for somebody: p on 6 goes on");
        out.push(Ahead { at_ms: None, words });
    }
    Ok(out)
}

fn schedules(db: &Db<'_>, now: Now, zone: Zone) -> Result<Vec<Ahead>, StoreError> {
    let mut out = Vec::new();
    for row in schedule::list(db)? {
        let kind = match row.kind {
            ScheduleKind::Bill => "bill run",
            ScheduleKind::Collect => "payment run",
        };
        if row.state == ScheduleState::Paused {
            let words = format!("the schedule {} ({kind}) is paused", row.name);
            out.push(Ahead { at_ms: None, words });
        }
        for slot in upcoming(&row, last_used(db, row.id)?, now, zone, 1) {
            let at = Now::civil(slot, zone).at_ms;
            let skips = match row.skip_slot {
                Some(skip) if skip < slot && Now::civil(skip, zone).at_ms > now.at_ms => {
                    format!("; {} is left out", skip.format("%Y-%m-%d"))
                }
                Some(_) | None => String::new(),
            };
            let words =
                format!("{kind} {} by its schedule: {}{skips}", row.name, said(at, now, zone));
            out.push(Ahead { at_ms: Some(at), words });
        }
    }
    Ok(out)
}
