//! Whether the clock is believed, asked before anything is done by the clock alone. What a clock
//! that was ahead left behind is put right at the next look with a clock that is believed.

use crate::clock::Now;
use crate::config::key;
use crate::domain::actor::Verb;
use crate::domain::timekeeping::{Clock, DAY_MS, ZONES_MS, judge};
use crate::engine::collect::till;
use crate::engine::{Error, Session};
use crate::store::notice::{self, NoticeLevel};
use crate::store::timekeeping::{self, Horizon};
use crate::store::{Db, StoreError, Tx, schedule, settings};
use chrono::{DateTime, Duration};

/// Its notice.
const KEY: &str = "clock";
/// How often the book notes that the clock went on.
const NOTE_MS: i64 = 3_600_000;

/// What the book thinks of the clock now.
pub fn clock(session: &Session) -> Result<Clock, Error> {
    let now = session.now()?.at_ms;
    session.read(|db| judged(db, now))
}

fn judged(db: &Db<'_>, now_ms: i64) -> Result<Clock, StoreError> {
    let gap = settings::load(db)?.int(key::CLOCK_GAP_DAYS) * DAY_MS;
    Ok(judge(now_ms, timekeeping::seen(db, now_ms)?, gap))
}

/// Why nothing runs by itself, for people; empty when it does.
pub fn doubt(session: &Session) -> Result<String, Error> {
    let now = session.now()?;
    Ok(words(clock(session)?, now, session.config()?.zone()))
}

fn words(clock: Clock, now: Now, zone: crate::zone::Zone) -> String {
    let (last, side) = match clock {
        Clock::Believed | Clock::WasAhead => return String::new(),
        Clock::Ahead(last) => (last, "after"),
        Clock::Behind(last) => (last, "before"),
    };
    let days = (now.at_ms - last).abs() / DAY_MS;
    let last = DateTime::from_timestamp_millis(last).unwrap_or_default().with_timezone(&zone);
    format!(
        "the clock says {}, {days} days {side} the last work in this book ({}): nothing runs by itself until somebody \
         says that it is right (daybook clock confirm) or sets it",
        now.local(zone).format("%Y-%m-%d %H:%M"),
        last.format("%Y-%m-%d %H:%M"),
    )
}

/// Looks at the clock before something is done by it; false if it is not believed. A person is told
/// once, and what a clock that was ahead left in the book is put right.
pub fn look(session: &mut Session) -> Result<bool, Error> {
    let now = session.now()?;
    let horizon = horizon(session, now)?;
    let (clock, ahead, noted, told) = session.read(|db| {
        Ok((
            judged(db, now.at_ms)?,
            timekeeping::is_ahead(db, &horizon)?,
            timekeeping::seen(db, now.at_ms)?.seen,
            notice::is_open(db, KEY)?,
        ))
    })?;
    let zone = session.config()?.zone();
    if !clock.is_believed() {
        if !told && session.store.is_writable() {
            session.write(Verb::Housekeeping, |tx| tell(tx, &words(clock, now, zone)))?;
        }
        return Ok(false);
    }
    let stale = noted.is_none_or(|at| (now.at_ms - at).abs() >= NOTE_MS);
    if (ahead || told || stale) && session.store.is_writable() {
        session.write(Verb::Housekeeping, |tx| {
            tx.quiet_if(!ahead);
            accept(tx, &horizon, ahead)
        })?;
    }
    Ok(true)
}

/// A person says that the clock is right.
pub fn confirm(session: &mut Session) -> Result<String, Error> {
    let now = session.now()?;
    let horizon = horizon(session, now)?;
    session.write(Verb::Schedule, |tx| {
        let ahead = timekeeping::is_ahead(tx, &horizon)?;
        let right = accept(tx, &horizon, ahead)?;
        let said = format!("the clock is right: {}", now.today);
        let summary = if right.is_empty() { said } else { format!("{said}; {right}") };
        tx.note(KEY, &summary);
        Ok(summary)
    })
}

/// Takes the clock for right, and puts right what lies ahead of it.
fn accept(tx: &Tx<'_>, horizon: &Horizon, ahead: bool) -> Result<String, Error> {
    timekeeping::note_seen(tx, horizon.now_ms)?;
    if notice::is_open(tx, KEY)? {
        notice::done(tx, KEY)?;
    }
    if !ahead {
        return Ok(String::new());
    }
    let (what, runs) = timekeeping::set_right(tx, horizon)?;
    let mut text =
        format!("a clock that was far ahead left its mark: put right {}", what.join(", "));
    if !runs.is_empty() {
        text.push_str(&format!("; made too early, look at them: {}", runs.join(", ")));
    }
    tx.note(KEY, &text);
    notice::add(tx, NoticeLevel::Task, KEY, &text, &format!("clock put right {}", tx.seq()))?;
    Ok(text)
}

fn tell(tx: &Tx<'_>, text: &str) -> Result<(), Error> {
    tx.note(KEY, text);
    notice::again(tx, KEY, KEY, text)?;
    let owner = schedule::list(tx)?.into_iter().map(|s| s.owner_email).find(|to| !to.is_empty());
    notice::alarm(tx, NoticeLevel::Task, (KEY, text), KEY, &owner.unwrap_or_default())?;
    Ok(())
}

fn horizon(session: &Session, now: Now) -> Result<Horizon, Error> {
    let config = session.config()?;
    Ok(Horizon {
        now_ms: now.at_ms,
        slot: now.local(config.zone()) + Duration::milliseconds(ZONES_MS),
        hold_ms: config.int(key::DELIVERY_HOLD_MINUTES) * 60_000,
        wait_ms: config.int(key::PAYMENT_WAIT_HOURS) * 3_600_000,
        // Rules that cannot be read put nothing ahead.
        retry_ms: till::rules(&config).map_or(0, |rules| rules.longest_hours()) * 3_600_000,
        poll_ms: config.int(key::CLOCK_GAP_DAYS) * DAY_MS,
    })
}
