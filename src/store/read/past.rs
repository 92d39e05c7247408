//! Every deed on a document, with how it was before and after where that is kept.

use super::ReadError;
use crate::domain::ids::DocumentId;
use crate::store::draft::Image;
use crate::store::json::Spot;
use crate::store::{Db, StoreError};

/// One deed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastDeed {
    /// Its place in the trail.
    pub seq: i64,
    /// UTC milliseconds.
    pub at: i64,
    /// Who.
    pub user: String,
    /// What.
    pub verb: String,
    /// In words.
    pub summary: String,
    /// The document before and after it; none where that is not kept.
    pub images: Option<Box<(Image, Image)>>,
    /// Whether it was taken back since.
    pub undone: bool,
}

/// Deeds that are read at most; what is older stands in the trail.
pub const MOST: usize = 200;

/// The deeds on a document, newest first: those about it, and those on many of which it was one.
pub fn deeds(db: &Db<'_>, id: DocumentId) -> Result<Vec<PastDeed>, ReadError> {
    let mut all = Vec::new();
    db.each(
        "SELECT o.seq, o.at, o.user_name, o.verb, o.summary, u.state, u.before, u.after
         FROM (SELECT seq FROM operation WHERE subject = ?2
           UNION SELECT seq FROM operation
             WHERE subject = (SELECT number FROM document WHERE id = ?1)
           UNION SELECT n.seq FROM (
               SELECT printf('IP-%06d', plan_id) AS it FROM instalment_document WHERE document_id = ?1
               UNION ALL SELECT printf('AC-%06d', k.case_id) FROM agency_case c
                 JOIN agency_claim k ON k.case_id = c.id AND k.document_id = ?1
                 WHERE c.account_id = (SELECT account_id FROM document WHERE id = ?1)) a
             JOIN operation n ON n.subject = (SELECT x.number FROM document d JOIN account x
               ON x.id = d.account_id WHERE d.id = ?1) AND instr(n.summary, a.it) = 1
           UNION SELECT n.seq FROM delivery l JOIN operation n ON n.subject = printf('DL-%06d', l.id)
             WHERE l.document_id = ?1 AND l.channel = 'network'
           UNION SELECT op_seq FROM undo INDEXED BY undo_document WHERE document_id = ?1) w
         CROSS JOIN operation o ON o.seq = w.seq
         LEFT JOIN undo u ON u.op_seq = o.seq AND u.document_id = ?1
         ORDER BY o.seq DESC LIMIT ?3",
        (id.0, id.to_string(), MOST as i64),
        |r| {
            let seq = r.get(0)?;
            let state: Option<String> = r.get(5)?;
            let images = match &state {
                Some(_) => Some(Box::new((
                    Spot("undo", "before", seq).read(r.text(6)?)?,
                    Spot("undo", "after", seq).read(r.text(7)?)?,
                ))),
                None => None,
            };
            all.push(PastDeed {
                seq,
                at: r.get(1)?,
                user: r.get(2)?,
                verb: r.get(3)?,
                summary: r.get(4)?,
                images,
                undone: state.is_some_and(|state| state == "undone"),
            });
            Ok(())
        },
    )?;
    Ok(all)
}

/// When a document was made and posted, UTC milliseconds.
pub fn moments(db: &Db<'_>, id: DocumentId) -> Result<(i64, Option<i64>), StoreError> {
    db.one("SELECT created_at, posted_at FROM document WHERE id = ?1", [id.0], |r| {
        Ok((r.get(0)?, r.get(1)?))
    })
}
