//! What a console keeps for its clerk: the session to go on from, saved filters, read notices.

use super::face::Row;
use super::{Db, StoreError, Topic, Tx};
use serde::{Deserialize, Serialize};

/// The state of a user's last console, JSON; none if there was none.
pub fn session(db: &Db<'_>, uid: u32) -> Result<Option<String>, StoreError> {
    db.opt("SELECT state FROM session WHERE uid = ?1", [uid], |r| r.get(0))
}

/// Keeps it. Not audited: nothing of the book changes.
pub fn save_session(tx: &Tx<'_>, state: &str) -> Result<(), StoreError> {
    tx.quiet();
    tx.run(
        "INSERT INTO session (uid, state, saved_at) VALUES (?1, ?2, ?3) \
         ON CONFLICT (uid) DO UPDATE SET state = ?2, saved_at = ?3",
        (tx.actor().uid, state, tx.now().at_ms),
    )?;
    Ok(())
}

/// A filter that a clerk named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedFilter {
    /// The screen's name in small letters.
    pub screen: String,
    /// The filter's name.
    pub name: String,
    /// The ready filter it narrows, by its name; empty: none.
    pub tab: String,
    /// As typed.
    pub text: String,
}

/// Keeps a filter of a screen; the same name again replaces it.
pub fn save_filter(tx: &Tx<'_>, filter: &SavedFilter) -> Result<(), StoreError> {
    let SavedFilter { screen, name, tab, text } = filter;
    tx.run(
        "INSERT INTO saved_filter (screen, name, tab, text, uid) VALUES (?1, ?2, ?3, ?4, NULL) \
         ON CONFLICT (screen, name) DO UPDATE SET tab = ?3, text = ?4",
        (screen, name, tab, text),
    )?;
    tx.note(format!("filter {name}"), format!("saved for {screen} [{tab}]: {text}"));
    tx.touch(Topic::Settings);
    Ok(())
}

/// Drops a filter of a screen; false if there is none of that name. The trail keeps what it asked for.
pub fn drop_filter(tx: &Tx<'_>, screen: &str, name: &str) -> Result<bool, StoreError> {
    let sql = "DELETE FROM saved_filter WHERE screen = ?1 AND name = ?2 RETURNING tab, text";
    let told = |r: &Row<'_>| Ok(format!("[{}]: {}", r.get::<String>(0)?, r.get::<String>(1)?));
    let Some(was) = tx.opt(sql, (screen, name), told)? else { return Ok(false) };
    tx.note(format!("filter {name}"), format!("dropped from {screen}, was {was}"));
    tx.touch(Topic::Settings);
    Ok(true)
}

/// The saved filters.
pub fn filters(db: &Db<'_>) -> Result<Vec<SavedFilter>, StoreError> {
    db.all("SELECT screen, name, tab, text FROM saved_filter ORDER BY id", [], |r| {
        Ok(SavedFilter { screen: r.get(0)?, name: r.get(1)?, tab: r.get(2)?, text: r.get(3)? })
    })
}
