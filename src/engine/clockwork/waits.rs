//! What of the day is still ahead by itself: cut-offs, the next slots, and what waits for what. A line
//! each, in words; nothing where there is no schedule, hold or wait.

use super::schedule::{last_used, upcoming};
use crate::clock::Now;
use crate::config::{Config, key, time};
use crate::domain::schedule::ScheduleKind;
use crate::engine::collect::bank::is_told;
use crate::store::read::waits;
use crate::store::schedule::{self, ScheduleState};
use crate::store::{Db, StoreError, bank as banks, bank_read, delivery, settings};
use crate::zone::Zone;
use chrono::{DateTime, NaiveDate, NaiveTime};

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
    all.extend(cut_offs(db, now, &config)?);
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

/// What is to be done by a time of the day (`day.…`): what is done says so, what is late stands first.
fn cut_offs(db: &Db<'_>, now: Now, config: &Config) -> Result<Vec<Ahead>, StoreError> {
    let zone = config.zone();
    let since = zone.moment(now.today.and_time(NaiveTime::MIN)).timestamp_millis();
    let mut out = Vec::new();
    for (setting, what) in [
        (key::DAY_BANK_BY, What::Bank),
        (key::DAY_POST_BY, What::Post),
        (key::DAY_COLLECT_BY, What::Collect),
    ] {
        let Some(by) = time(config.get(setting)) else { continue };
        let at = zone.moment(now.today.and_time(by)).timestamp_millis();
        let by = by.format("%H:%M");
        let (done, words) = match what {
            What::Bank => bank(db, since, now.today)?,
            What::Post => match waits::unposted(db)?.first() {
                Some(run) => (false, format!("bills are to be posted: {run} is not")),
                None => (true, "no bill run waits for posting".to_owned()),
            },
            What::Collect => match waits::payment_run_since(db, since)? {
                Some((run, status)) => (true, format!("the payment run is out: {run} {status}")),
                None => (false, "the payment run is to be out: c on 2".to_owned()),
            },
        };
        out.push(match (done, at > now.at_ms) {
            (true, _) => Ahead { at_ms: Some(at), words: format!("{words} (cut-off {by})") },
            (false, true) => Ahead { at_ms: Some(at), words: format!("by {by} {words}") },
            (false, false) => Ahead { at_ms: None, words: format!("LATE since {by}: {words}") },
        });
    }
    Ok(out)
}

enum What {
    Bank,
    Post,
    Collect,
}

/// Whether the bank was read since a moment, by a clerk's word or by its statements, and in words.
fn bank(db: &Db<'_>, since: i64, today: NaiveDate) -> Result<(bool, String), StoreError> {
    let asked = "the bank is to be read (: bank says so)";
    let (last, read) = (bank_read::last(db)?, banks::read_through(db)?);
    if let Some(through) = read.filter(|_| is_told(read, today)) {
        return Ok((true, format!("statements of the bank are read until {through}")));
    }
    Ok(match last {
        Some(last) if last.said_at >= since => {
            (true, format!("the bank is read until {}, says {}", last.through_on, last.said_by))
        }
        last => match last.map(|last| last.through_on).max(read) {
            Some(day) => {
                (false, format!("{asked}; it is until {day}: later transfers may be charged again"))
            }
            None => (false, format!("{asked}: until then transfers may be charged again")),
        },
    })
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
