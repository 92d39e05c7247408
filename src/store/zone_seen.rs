//! By which time zone data the processes count the days of the book's zone.

use super::json::{self, Spot};
use super::{Db, StoreError, Tx};

/// What a process goes by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZoneSeen {
    /// Release of the data, such as `2026f`.
    pub release: String,
    /// Each moment (seconds since 1970) from which the zone has so many seconds east.
    pub rules: Vec<(i64, i32)>,
    /// When a process that goes by it last looked, UTC ms.
    pub seen_at: i64,
}

/// What was seen of a zone since a moment (UTC ms), the newest first.
pub fn since(db: &Db<'_>, zone: &str, at_ms: i64) -> Result<Vec<ZoneSeen>, StoreError> {
    db.all(
        "SELECT release, rules, seen_at FROM zone_seen WHERE zone = ?1 AND seen_at >= ?2
         ORDER BY seen_at DESC",
        (zone, at_ms),
        |r| {
            let rules = Spot("zone_seen", "rules", 0).list(r.text(1)?)?;
            Ok(ZoneSeen { release: r.get(0)?, rules, seen_at: r.get(2)? })
        },
    )
}

/// Notes what this process goes by, and forgets what nobody has gone by since a moment.
pub fn note(tx: &Tx<'_>, zone: &str, mine: &ZoneSeen, forget: i64) -> Result<(), StoreError> {
    let rules = json::text(&mine.rules)?;
    tx.run("DELETE FROM zone_seen WHERE seen_at < ?1", [forget])?;
    tx.run(
        "INSERT INTO zone_seen (zone, release, rules, seen_at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (zone, release, rules) DO UPDATE SET seen_at = excluded.seen_at",
        (zone, &mine.release, rules, mine.seen_at),
    )?;
    Ok(())
}
