//! Rows of imported files that wait for a second person: kept as they stood, until the same file
//! comes from somebody else or the request is confirmed.

use super::face::{Row, params};
use super::four_eyes::RequestState;
use super::json::{self, Spot};
use super::{Db, StoreError, Tx};
use chrono::NaiveDate;

/// A request as the book has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportRequest {
    pub id: i64,
    /// The file's name.
    pub name: String,
    /// What it holds.
    pub kind: String,
    /// Hash of the whole file.
    pub sha256: String,
    /// Its header and the rows that wait.
    pub content: Vec<u8>,
    /// What each row would do, as it was seen.
    pub facts: Vec<String>,
    /// Of open items: the day from which they shall count.
    pub cutover: Option<NaiveDate>,
    /// Who asked.
    pub uid: u32,
    /// Their name.
    pub user_name: String,
    /// When, UTC ms.
    pub asked_at: i64,
}

const COLUMNS: &str =
    "id, name, kind, sha256, content, facts, uid, user_name, asked_at, cutover_on";

fn row(r: &Row<'_>) -> Result<ImportRequest, StoreError> {
    let id = r.get(0)?;
    Ok(ImportRequest {
        id,
        name: r.get(1)?,
        kind: r.get(2)?,
        sha256: r.get(3)?,
        content: r.get(4)?,
        facts: Spot("import_request", "facts", id).list(r.text(5)?)?,
        uid: r.get(6)?,
        user_name: r.get(7)?,
        asked_at: r.get(8)?,
        cutover: r.get(9)?,
    })
}

/// The open request for a file.
pub fn open_for(
    db: &Db<'_>,
    kind: &str,
    sha256: &str,
) -> Result<Option<ImportRequest>, StoreError> {
    db.opt(
        &format!(
            "SELECT {COLUMNS} FROM import_request WHERE kind = ?1 AND sha256 = ?2
             AND state = 'open'"
        ),
        (kind, sha256),
        row,
    )
}

/// An open request.
pub fn get(db: &Db<'_>, id: i64) -> Result<ImportRequest, StoreError> {
    db.opt(
        &format!("SELECT {COLUMNS} FROM import_request WHERE id = ?1 AND state = 'open'"),
        [id],
        row,
    )?
    .ok_or_else(|| StoreError::NotFound(format!("waiting import {id}")))
}

/// Open requests made before a moment.
pub fn older_than(db: &Db<'_>, at_ms: i64) -> Result<Vec<ImportRequest>, StoreError> {
    db.all(&format!(
        "SELECT {COLUMNS} FROM import_request WHERE state = 'open' AND asked_at < ?1 ORDER BY id"
    ), [at_ms], row)
}

/// Records a request of whoever acts; the id and who asks are the book's. Gives its id.
pub fn insert(tx: &Tx<'_>, new: &ImportRequest) -> Result<i64, StoreError> {
    let key = tx.insert(
        "INSERT INTO import_request (name, kind, sha256, content, facts, uid, user_name, asked_at,
         cutover_on, state) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,'open')",
        params![
            new.name,
            new.kind,
            new.sha256,
            new.content,
            json::text(&new.facts)?,
            tx.actor().uid,
            tx.actor().name,
            tx.now().at_ms,
            new.cutover,
        ],
    )?;
    Ok(key)
}

/// Ends a request: confirmed, or expired.
pub fn end(tx: &Tx<'_>, id: i64, state: RequestState) -> Result<(), StoreError> {
    tx.run("UPDATE import_request SET state = ?2 WHERE id = ?1", params![id, state.as_str()])?;
    Ok(())
}
