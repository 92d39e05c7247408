//! Who is in the book: `presence.db` beside it. Heartbeats and advisory locks, without audit and
//! without `synchronous`, so that they wake nobody; the file can be thrown away at any time.

use super::StoreError;
use super::face::Conn;
use crate::domain::actor::Actor;
use crate::inside;
use std::path::Path;
use std::time::Duration;

/// How often a console says that it is there, milliseconds.
pub const BEAT_MS: i64 = 15_000;
/// After how long without a beat somebody is gone, milliseconds.
pub const GONE_MS: i64 = 45_000;

/// How long a beat waits for another's.
const PATIENCE: Duration = Duration::from_millis(200);

/// Whose seat a console is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seat {
    /// Somebody else's.
    Theirs,
    /// Mine, beside this one.
    Mine,
    /// It was mine and ended without a goodbye.
    Ended,
}

/// A console that is open somewhere, or was a moment ago.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Present {
    /// Login name.
    pub name: String,
    pub seat: Seat,
    /// The document being edited, and since when (UTC milliseconds).
    pub editing: Option<(i64, i64)>,
    /// The document that is open before them.
    pub reading: Option<i64>,
}

/// This console's place among the others.
pub struct Presence {
    conn: Conn,
    uid: u32,
    /// Unique to this console: process and start.
    token: String,
}

impl Presence {
    /// Opens the file beside the book (`…/book.db.d`) and says that we are here. `now_ms` is the
    /// system's clock, not the book's: presence is about people, not about billing days.
    pub fn enter(directory: &Path, actor: &Actor, now_ms: i64) -> Result<Self, StoreError> {
        let path = directory.join("presence.db");
        inside::directory(directory)
            .and_then(|()| inside::make(&path))
            .map_err(|source| StoreError::Io { path: path.clone(), source })?;
        let conn = Conn::beside(&path, PATIENCE)?;
        conn.db().batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;
             CREATE TABLE IF NOT EXISTS present (token TEXT PRIMARY KEY, uid INTEGER NOT NULL,
               name TEXT NOT NULL, beat_at INTEGER NOT NULL, document_id INTEGER,
               editing_at INTEGER) WITHOUT ROWID;
             CREATE TABLE IF NOT EXISTS reading (token TEXT PRIMARY KEY, document_id INTEGER)
               WITHOUT ROWID;",
        )?;
        inside::mend_logs(&path);
        let token = format!("{}-{now_ms}", std::process::id());
        conn.db().change(
            "INSERT OR REPLACE INTO present (token, uid, name, beat_at) VALUES (?1, ?2, ?3, ?4)",
            (&token, actor.uid, &actor.name, now_ms),
        )?;
        conn.db().change(
            "DELETE FROM present WHERE beat_at NOT BETWEEN ?1 - ?2 AND ?1 + ?2",
            [now_ms, 10 * GONE_MS],
        )?;
        let gone = "DELETE FROM reading WHERE token NOT IN (SELECT token FROM present)";
        conn.db().change(gone, [])?;
        Ok(Self { conn, uid: actor.uid, token })
    }

    /// Says that we are still here.
    pub fn beat(&self, now_ms: i64) -> Result<(), StoreError> {
        let sql = "UPDATE present SET beat_at = ?2 WHERE token = ?1";
        self.conn.db().change(sql, (&self.token, now_ms))?;
        Ok(())
    }

    /// Says which document we are editing, or none.
    pub fn editing(&self, document: Option<i64>, now_ms: i64) -> Result<(), StoreError> {
        self.conn.db().change(
            "UPDATE present SET document_id = ?2, editing_at = ?3, beat_at = ?3 WHERE token = ?1",
            (&self.token, document, now_ms),
        )?;
        Ok(())
    }

    /// Says which document is open before us, or none.
    pub fn reading(&self, document: Option<i64>) -> Result<(), StoreError> {
        self.conn.db().change(
            "INSERT OR REPLACE INTO reading (token, document_id) VALUES (?1, ?2)",
            (&self.token, document),
        )?;
        Ok(())
    }

    /// Everybody else who is here, by name.
    pub fn others(&self, now_ms: i64) -> Result<Vec<Present>, StoreError> {
        let sql = "SELECT p.name, p.document_id, p.editing_at, p.uid, p.token, r.document_id
            FROM present p LEFT JOIN reading r ON r.token = p.token
            WHERE p.token <> ?1 AND beat_at > ?2 AND beat_at < ?3 ORDER BY p.name, p.token";
        let span = (&self.token, now_ms - GONE_MS, now_ms + GONE_MS);
        self.conn.db().all(sql, span, |r| {
            let document: Option<i64> = r.get(1)?;
            let since: Option<i64> = r.get(2)?;
            let seat = match (r.get::<u32>(3)? == self.uid, lives(r.text(4)?)) {
                (false, _) => Seat::Theirs,
                (true, true) => Seat::Mine,
                (true, false) => Seat::Ended,
            };
            let (name, reading) = (r.get(0)?, r.get(5)?);
            Ok(Present { name, seat, editing: document.zip(since), reading })
        })
    }

    /// Says goodbye.
    pub fn leave(&self) {
        // Best effort: who does not say goodbye is gone after 45 seconds all the same.
        let _ = self.conn.db().change("DELETE FROM present WHERE token = ?1", [&self.token]);
    }
}

/// Whether a console runs as the process `pid`, on this machine.
pub fn is_open(pid: u32) -> bool {
    let name = |pid: &str| std::fs::read(Path::new("/proc").join(pid).join("comm")).ok();
    name(&pid.to_string()).is_some_and(|there| Some(there) == name("self"))
}

/// Whether the console of a token is there: a book lies on the machine of those who use it.
fn lives(token: &str) -> bool {
    token.split('-').next().and_then(|pid| pid.parse().ok()).is_some_and(is_open)
}

/// Who else than a person has a console open, by name; nobody where none ever was.
pub fn others_than(directory: &Path, uid: u32, now_ms: i64) -> Result<Vec<String>, StoreError> {
    let path = directory.join("presence.db");
    if !path.exists() {
        return Ok(Vec::new());
    }
    let sql = "SELECT DISTINCT name FROM present WHERE uid <> ?1 AND beat_at > ?2 AND beat_at < ?3
        ORDER BY name";
    let conn = Conn::beside(&path, PATIENCE)?;
    conn.db().all(sql, (uid, now_ms - GONE_MS, now_ms + GONE_MS), |r| r.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_are_seen_while_they_beat_and_what_they_edit() {
        let dir = tempfile::tempdir().unwrap();
        let actor = |uid, name: &str| Actor { uid, name: name.to_owned() };
        let mia = Presence::enter(dir.path(), &actor(1, "mia"), 1_000).unwrap();
        let jon = Presence::enter(dir.path(), &actor(2, "jon"), 1_001).unwrap();
        assert_eq!(mia.others(2_000).unwrap().len(), 1);
        assert_eq!(others_than(dir.path(), 1, 2_000).unwrap(), ["jon"]);
        assert!(others_than(dir.path(), 1, 2_000 + GONE_MS).unwrap().is_empty());
        jon.editing(Some(7), 3_000).unwrap();
        let seen = |who: &Presence| who.others(3_000).unwrap().remove(0);
        assert_eq!(
            seen(&mia),
            Present {
                name: "jon".to_owned(),
                seat: Seat::Theirs,
                editing: Some((7, 3_000)),
                reading: None
            }
        );
        jon.reading(Some(8)).unwrap();
        assert_eq!(seen(&mia).reading, Some(8));
        jon.reading(None).unwrap();
        assert_eq!(seen(&mia).reading, None);
        // Of my own one that ended is told from one that goes on.
        let other = Presence::enter(dir.path(), &actor(1, "mia"), 3_000).unwrap();
        other.editing(Some(9), 3_000).unwrap();
        let seat = |who: &Presence| {
            who.others(3_000).unwrap().into_iter().find(|p| p.name == "mia").map(|p| p.seat)
        };
        assert_eq!(seat(&mia), Some(Seat::Mine));
        let ended = "UPDATE present SET token = 'gone-1' WHERE token = ?1";
        mia.conn.db().change(ended, [&other.token]).unwrap();
        assert_eq!(seat(&mia), Some(Seat::Ended));
        assert_eq!(seat(&jon), Some(Seat::Theirs));
        mia.conn.db().change("DELETE FROM present WHERE token = 'gone-1'", []).unwrap();
        assert!(mia.others(3_000 + GONE_MS).unwrap().is_empty());
        jon.beat(60_000).unwrap();
        assert_eq!(mia.others(60_000).unwrap().len(), 1);
        // A console whose clock was far ahead is not here for ever.
        jon.beat(60_000 + 2 * GONE_MS).unwrap();
        assert!(mia.others(60_000).unwrap().is_empty());
        jon.beat(60_000).unwrap();
        jon.leave();
        assert!(mia.others(60_000).unwrap().is_empty());
    }
}
