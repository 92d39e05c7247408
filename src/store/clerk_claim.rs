//! Which clerk has taken a draft to look at. Posting or canceling the draft ends it (a trigger).

use super::face::Row;
use super::{Db, StoreError, Topic, Tx, many, word};
use crate::domain::claimed::Claimed;
use crate::domain::ids::DocumentId;
use chrono::NaiveDate;

/// Reads `uid, user_name, claimed_on` from a column on; none where there is no claim.
pub(in crate::store) fn read(row: &Row<'_>, at: usize) -> Result<Option<Claimed>, StoreError> {
    let Some(uid) = row.get::<Option<u32>>(at)? else { return Ok(None) };
    let on = word(row, at + 2, |text| text.parse().ok())?;
    Ok(Some(Claimed { uid, name: row.get(at + 1)?, on }))
}

/// Who has taken a draft, on whatever day.
pub fn of(db: &Db<'_>, document: DocumentId) -> Result<Option<Claimed>, StoreError> {
    let sql = "SELECT uid, user_name, claimed_on FROM clerk_claim WHERE document_id = ?1";
    Ok(db.opt(sql, [document.0], |row| read(row, 0))?.flatten())
}

/// The drafts that somebody has on a day.
pub fn all_of(db: &Db<'_>, uid: u32, on: NaiveDate) -> Result<Vec<DocumentId>, StoreError> {
    let sql = "SELECT document_id FROM clerk_claim WHERE claimed_on = ?1 AND uid = ?2
        ORDER BY document_id";
    db.all(sql, (on.to_string(), uid), |row| Ok(DocumentId(row.get(0)?)))
}

/// Those of some drafts that others than `uid` have on a day: whose, and the first of each.
pub fn others_among(
    db: &Db<'_>,
    drafts: impl Iterator<Item = DocumentId>,
    (uid, on): (u32, NaiveDate),
) -> Result<Vec<(u32, String, DocumentId)>, StoreError> {
    db.all(
        "SELECT uid, user_name, min(document_id) FROM clerk_claim
         WHERE document_id IN (SELECT value FROM json_each(?1)) AND claimed_on = ?2 AND uid <> ?3
         GROUP BY uid",
        (many::keys(drafts.map(|id| id.0)), on.to_string(), uid),
        |r| Ok((r.get(0)?, r.get(1)?, DocumentId(r.get(2)?))),
    )
}

/// The person that goes by a name; none where there is not just one.
pub fn who(db: &Db<'_>, name: &str) -> Result<Option<u32>, StoreError> {
    let people = people(db)?;
    let mut named = people.iter().filter(|(_, known)| known.as_deref() == Some(name));
    let first = named.next().map(|(uid, _)| *uid);
    Ok(first.filter(|_| named.next().is_none()))
}

/// Gives a draft to somebody, or to nobody.
pub fn set(tx: &Tx<'_>, document: DocumentId, to: Option<&Claimed>) -> Result<(), StoreError> {
    match to {
        Some(to) => tx.run(
            "INSERT INTO clerk_claim (document_id, uid, user_name, claimed_on)
             VALUES (?1, ?2, ?3, ?4) ON CONFLICT (document_id) DO UPDATE
             SET uid = ?2, user_name = ?3, claimed_on = ?4",
            (document.0, to.uid, &to.name, to.on.to_string()),
        )?,
        None => tx.run("DELETE FROM clerk_claim WHERE document_id = ?1", [document.0])?,
    };
    tx.touch(Topic::Documents);
    Ok(())
}

/// Who has or had a part in the book: everybody with a role and who made it, with the name under which
/// they last did something; none = nothing yet.
pub fn people(db: &Db<'_>) -> Result<Vec<(u32, Option<String>)>, StoreError> {
    let sql = "SELECT p.uid, (SELECT o.user_name FROM operation o WHERE o.uid = p.uid
          ORDER BY o.seq DESC LIMIT 1)
        FROM (SELECT uid FROM role UNION SELECT creator_uid FROM book) p ORDER BY p.uid";
    db.all(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))
}
