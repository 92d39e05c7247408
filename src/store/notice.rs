//! Notices: what a person should know or do, made once per cause.

use super::{Db, StoreError, Topic, Tx, word};
use crate::domain::text_enum;

text_enum! {
    /// How much it matters.
    NoticeLevel {
        /// For information.
        Info = "info",
        /// Something is off.
        Warning = "warning",
        /// Somebody must do something.
        Task = "task",
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeRow {
    pub id: i64,
    /// UTC milliseconds.
    pub at: i64,
    /// How much it matters.
    pub level: NoticeLevel,
    /// In words.
    pub text: String,
    /// What it is about (`BR-000007`); may be empty.
    pub subject: String,
}

/// A notice that stands: not done, and nobody has put it aside.
const STANDS: &str = "done_at IS NULL
    AND NOT EXISTS (SELECT 1 FROM notice_read r WHERE r.notice_id = notice.id)";

/// SQL of a notice that somebody (an expression) has yet to read.
pub(in crate::store) fn unread_by(uid: &str) -> String {
    format!(
        "done_at IS NULL AND (for_uid IS NULL OR for_uid = {uid}) AND NOT EXISTS
         (SELECT 1 FROM notice_read r WHERE r.notice_id = notice.id AND r.uid = {uid})"
    )
}

/// How long a notice that somebody has read is still new to others, milliseconds: a week.
const NEW_MS: i64 = 7 * 24 * 3_600_000;

/// Makes a notice, unless one with this key exists.
pub fn add(
    tx: &Tx<'_>,
    level: NoticeLevel,
    subject: &str,
    text: &str,
    key: &str,
) -> Result<(), StoreError> {
    let made = tx.run(
        "INSERT INTO notice (at, level, text, subject, key) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (key) DO NOTHING",
        (tx.now().at_ms, level.as_str(), text, subject, key),
    )?;
    if made > 0 {
        tx.touch(Topic::Notices);
    }
    Ok(())
}

/// Makes a notice for one person alone, unless one with this key exists.
pub fn add_for(
    tx: &Tx<'_>,
    uid: u32,
    subject: &str,
    text: &str,
    key: &str,
) -> Result<(), StoreError> {
    add(tx, NoticeLevel::Info, subject, text, key)?;
    tx.run("UPDATE notice SET for_uid = ?2 WHERE key = ?1", (key, uid))?;
    Ok(())
}

/// A notice that is mailed too, to the owner of the schedule it is about; with no address it is
/// only a notice.
pub fn alarm(
    tx: &Tx<'_>,
    level: NoticeLevel,
    about: (&str, &str),
    key: &str,
    mail_to: &str,
) -> Result<(), StoreError> {
    add(tx, level, about.0, about.1, key)?;
    tx.run("UPDATE notice SET mail_to = ?2 WHERE key = ?1 AND mailed_at IS NULL", (key, mail_to))?;
    Ok(())
}

/// Alarms that wait to be mailed: notice, address and text.
pub fn to_mail(db: &Db<'_>) -> Result<Vec<(i64, String, String)>, StoreError> {
    db.all(
        "SELECT id, mail_to, text FROM notice INDEXED BY notice_mail WHERE mail_to <> ''
         AND mailed_at IS NULL ORDER BY id LIMIT 50",
        [],
        |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)),
    )
}

/// Notes that an alarm was mailed.
pub fn mailed(tx: &Tx<'_>, id: i64) -> Result<(), StoreError> {
    tx.run("UPDATE notice SET mailed_at = ?2 WHERE id = ?1", (id, tx.now().at_ms))?;
    Ok(())
}

/// Notices that this person has yet to read, newest first.
pub fn open(db: &Db<'_>, uid: u32, limit: u32) -> Result<Vec<NoticeRow>, StoreError> {
    db.all(
        &format!(
            "SELECT id, at, level, text, subject FROM notice INDEXED BY notice_open
             WHERE {} ORDER BY id DESC LIMIT ?1",
            unread_by("?2")
        ),
        (limit, uid),
        |r| {
            Ok(NoticeRow {
                id: r.get(0)?,
                at: r.get(1)?,
                level: word(r, 2, NoticeLevel::parse)?,
                text: r.get(3)?,
                subject: r.get(4)?,
            })
        },
    )
}

/// Puts aside what was told and who acts has yet to read; tasks stay until they are done. Others still
/// read what is for all, for a week. Gives how many.
pub fn dismiss(tx: &Tx<'_>) -> Result<usize, StoreError> {
    let (now, uid) = (tx.now().at_ms, tx.actor().uid);
    let read = tx.run(
        &format!(
            "INSERT INTO notice_read (notice_id, uid)
             SELECT id, ?1 FROM notice INDEXED BY notice_open WHERE level <> 'task' AND {}",
            unread_by("?1")
        ),
        [uid],
    )?;
    tx.quiet();
    if read > 0 {
        tx.run(
            "UPDATE notice SET done_at = ?1 WHERE done_at IS NULL AND (for_uid = ?2 OR at < ?3)
               AND EXISTS (SELECT 1 FROM notice_read r WHERE r.notice_id = notice.id)",
            (now, uid, now - NEW_MS),
        )?;
        tx.touch(Topic::Notices);
    }
    Ok(read)
}

/// Asks a person for something. One key makes one notice, however often it is asked for.
pub fn task(tx: &Tx<'_>, key: &str, subject: &str, text: &str) -> Result<(), StoreError> {
    tx.run(
        "INSERT INTO notice (at, level, text, subject, key) VALUES (?1, 'task', ?2, ?3, ?4)
         ON CONFLICT (key) DO NOTHING",
        (tx.now().at_ms, text, subject, key),
    )?;
    tx.touch(Topic::Notices);
    Ok(())
}

/// Asks a person for something again, under the key it was asked for before.
pub fn again(tx: &Tx<'_>, key: &str, subject: &str, text: &str) -> Result<(), StoreError> {
    tx.run(
        "INSERT INTO notice (at, level, text, subject, key) VALUES (?1, 'task', ?2, ?3, ?4)
         ON CONFLICT (key) DO UPDATE SET at = ?1, text = ?2, done_at = NULL, mailed_at = NULL",
        (tx.now().at_ms, text, subject, key),
    )?;
    tx.run(
        "DELETE FROM notice_read WHERE notice_id = (SELECT id FROM notice WHERE key = ?1)",
        [key],
    )?;
    tx.touch(Topic::Notices);
    Ok(())
}

/// Whether the notice of a key stands.
pub fn is_open(db: &Db<'_>, key: &str) -> Result<bool, StoreError> {
    Ok(open_since(db, key)?.is_some())
}

/// When the notice of a key was last made, UTC ms, while it stands.
pub fn open_since(db: &Db<'_>, key: &str) -> Result<Option<i64>, StoreError> {
    db.opt(&format!("SELECT at FROM notice WHERE key = ?1 AND {STANDS}"), [key], |r| r.get(0))
}

/// What the notice of a key says, while it stands.
pub fn text_of(db: &Db<'_>, key: &str) -> Result<Option<String>, StoreError> {
    db.opt(&format!("SELECT text FROM notice WHERE key = ?1 AND {STANDS}"), [key], |r| r.get(0))
}

/// Whether there ever was a notice with this key.
pub fn told(db: &Db<'_>, key: &str) -> Result<bool, StoreError> {
    db.any("SELECT 1 FROM notice WHERE key = ?1", [key])
}

/// The task of a key is done.
pub fn done(tx: &Tx<'_>, key: &str) -> Result<(), StoreError> {
    tx.run(
        "UPDATE notice SET done_at = ?2 WHERE key = ?1 AND done_at IS NULL",
        (key, tx.now().at_ms),
    )?;
    tx.touch(Topic::Notices);
    Ok(())
}

/// Every task or warning whose key begins so is done.
pub fn done_from(tx: &Tx<'_>, begins: &str) -> Result<(), StoreError> {
    tx.run(
        "UPDATE notice SET done_at = ?2 WHERE substr(key, 1, length(?1)) = ?1 AND done_at IS NULL",
        (begins, tx.now().at_ms),
    )?;
    tx.touch(Topic::Notices);
    Ok(())
}
