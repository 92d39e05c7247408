//! Whether all who work on the book count its days alike: a process keeps the time zone data that it
//! began with, and a machine's are renewed under it.

use crate::domain::actor::Verb;
use crate::engine::{Error, Session};
use crate::store::notice;
use crate::store::zone_seen::{self, ZoneSeen};
use crate::store::{Db, StoreError};
use crate::zone::{self, Zone};
use chrono::{DateTime, Datelike, NaiveDate};

/// Its notice.
const KEY: &str = "time zone data";
/// How often a process says what it goes by.
const NOTE_MS: i64 = 15 * 60_000;
/// After how long without a word nobody goes by it any more.
const GONE_MS: i64 = 3 * NOTE_MS;

/// Notes what this process goes by, and tells people while another goes by data that count the days
/// of the book's zone otherwise.
pub fn watch(session: &mut Session) -> Result<(), Error> {
    let zone = session.config()?.zone();
    let mine = mine(session, zone)?;
    let since = mine.seen_at - GONE_MS;
    let (others, stands, told) = session.read(|db| {
        Ok((seen(db, zone, &mine)?, notice::is_open(db, KEY)?, notice::told(db, KEY)?))
    })?;
    let fresh = others.iter().any(|o| {
        (&o.release, &o.rules) == (&mine.release, &mine.rules) && mine.seen_at - o.seen_at < NOTE_MS
    });
    let words = differing(&mine, &others).map(|other| words(zone, &mine, other));
    // One that was dismissed comes again with the next word, not at once.
    let moved = if stands { words.is_none() } else { words.is_some() && !told };
    if (fresh && !moved) || !session.store.is_writable() {
        return Ok(());
    }
    session.write(Verb::Housekeeping, |tx| {
        tx.quiet();
        zone_seen::note(tx, zone.name(), &mine, since)?;
        match words {
            Some(words) if !stands => {
                tracing::warn!("{words}");
                notice::again(tx, KEY, KEY, &words)?;
            }
            None if stands => notice::done(tx, KEY)?,
            _ => {}
        }
        Ok(())
    })
}

/// What is to be told of a difference now; none while all count alike.
pub fn doubt(session: &Session) -> Result<Option<String>, Error> {
    let zone = session.config()?.zone();
    let mine = mine(session, zone)?;
    let others = session.read(|db| seen(db, zone, &mine))?;
    Ok(differing(&mine, &others).map(|other| words(zone, &mine, other)))
}

fn seen(db: &Db<'_>, zone: Zone, mine: &ZoneSeen) -> Result<Vec<ZoneSeen>, StoreError> {
    zone_seen::since(db, zone.name(), mine.seen_at - GONE_MS)
}

fn mine(session: &Session, zone: Zone) -> Result<ZoneSeen, Error> {
    let now = session.now()?;
    // Whole years, so that two processes look at the same piece of time.
    let year = |offset: i32| {
        NaiveDate::from_ymd_opt(now.today.year() + offset, 1, 1)
            .map_or(0, |day| day.and_time(chrono::NaiveTime::MIN).and_utc().timestamp())
    };
    let rules = zone.rules(year(-1), year(3));
    Ok(ZoneSeen { release: zone::data().release().to_owned(), rules, seen_at: now.at_ms })
}

/// Another release with other rules for the same years.
fn differing<'o>(mine: &ZoneSeen, others: &'o [ZoneSeen]) -> Option<&'o ZoneSeen> {
    let begins = |seen: &ZoneSeen| seen.rules.first().map(|r| r.0);
    others.iter().find(|o| o.rules != mine.rules && begins(o) == begins(mine))
}

fn words(zone: Zone, mine: &ZoneSeen, other: &ZoneSeen) -> String {
    let pairs = mine.rules.iter().zip(&other.rules);
    let same = pairs.take_while(|(a, b)| a == b).count();
    let at = |seen: &ZoneSeen| seen.rules.get(same).map_or(i64::MAX, |r| r.0);
    let from = DateTime::from_timestamp(at(mine).min(at(other)), 0).unwrap_or_default();
    format!(
        "{zone}: this process counts the days by time zone data {}, another one of this book by {}: they differ \
         from {}: start every worker and console anew, and keep the machine's tzdata current",
        mine.release,
        other.release,
        from.with_timezone(&zone).format("%Y-%m-%d %H:%M"),
    )
}
