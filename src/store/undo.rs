//! Before- and after-images of clerks' edits: what undo and redo take back and do again, and who
//! changed a draft last.

use super::draft::Image;
use super::json::{self, Spot};
use super::operation::LAST_SLICE;
use super::{Db, StoreError, Tx, document, operation};
use crate::domain::actor::Verb;
use crate::domain::ids::DocumentId;

/// Verbs that are no deed that could be taken back: the book's own work, undo itself.
const NO_DEEDS: &[Verb] = &[Verb::Init, Verb::Undo, Verb::Housekeeping];

/// Housekeeping that a person did with a key or a command: words about a job, or on an account.
const BY_HAND: &str = "o.verb = 'housekeeping' AND (o.summary GLOB '* job J-*: pause*' \
    OR o.summary GLOB '* job J-*: cancel*' OR o.summary GLOB '* job J-*: goes on' \
    OR o.summary GLOB 'note: *' \
    OR o.summary GLOB 'note N-* struck: *' OR o.summary GLOB 'references: *')";

/// One document of an undoable operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub document: DocumentId,
    /// As it was.
    pub before: Image,
    /// As the operation left it.
    pub after: Image,
}

/// A deed of a clerk, as undo sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its sequence number.
    pub seq: i64,
    /// UTC milliseconds.
    pub at_ms: i64,
    pub verb: Verb,
    /// What it was about.
    pub subject: String,
    /// In words.
    pub summary: String,
    /// How it can be taken back.
    pub kind: Kind,
}

/// Whether there are images of what a deed changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// There are: it can be taken back while nobody else changed the same.
    Imaged,
    /// There are none: only another deed can counter it.
    Final,
}

/// Keeps how a document was before this operation and how it is after.
pub fn record(tx: &Tx<'_>, change: &Change) -> Result<(), StoreError> {
    tx.run(
        "INSERT INTO undo (op_seq, document_id, before, after, state)
         VALUES (?1, ?2, ?3, ?4, 'done')",
        (tx.seq(), change.document.0, json::text(&change.before)?, json::text(&change.after)?),
    )?;
    Ok(())
}

/// The newest deed of a clerk that was not taken back, before a sequence number.
pub fn newest(db: &Db<'_>, uid: u32, before: i64) -> Result<Option<Step>, StoreError> {
    let which = "AND o.seq < ?2 AND o.by_itself = 0
        AND NOT EXISTS (SELECT 1 FROM undo u WHERE u.op_seq = o.seq AND u.state = 'undone')
        ORDER BY o.seq DESC";
    step(db, uid, before, which)
}

/// The newest such deed that has images, and of which a document is still a draft.
pub fn newest_imaged(db: &Db<'_>, uid: u32, before: i64) -> Result<Option<Step>, StoreError> {
    let which =
        "AND o.seq < ?2 AND EXISTS (SELECT 1 FROM undo w JOIN document d ON d.id = w.document_id
            WHERE w.op_seq = o.seq AND d.status = 'Draft')
        AND NOT EXISTS (SELECT 1 FROM undo u WHERE u.op_seq = o.seq AND u.state = 'undone')
        ORDER BY o.seq DESC";
    step(db, uid, before, which)
}

/// One deed of a clerk, if it was not taken back.
pub fn deed(db: &Db<'_>, uid: u32, seq: i64) -> Result<Option<Step>, StoreError> {
    Ok(newest(db, uid, seq.saturating_add(1))?.filter(|step| step.seq == seq))
}

/// The operation to do again: the one that was taken back last, if nothing undoable was done since.
pub fn undone(db: &Db<'_>, uid: u32) -> Result<Option<Step>, StoreError> {
    let which = "AND o.seq < ?2 AND o.seq = (SELECT u.op_seq FROM undo u
            JOIN operation p ON p.seq = u.op_seq
            WHERE p.uid = ?1 AND u.undone_seq IS NOT NULL ORDER BY u.undone_seq DESC LIMIT 1)
        AND NOT EXISTS (SELECT 1 FROM operation p WHERE p.uid = ?1
            AND p.seq > (SELECT max(u.undone_seq) FROM undo u WHERE u.op_seq = o.seq)
            AND EXISTS (SELECT 1 FROM undo i WHERE i.op_seq = p.seq))";
    step(db, uid, i64::MAX, which)
}

fn step(db: &Db<'_>, uid: u32, before: i64, which: &str) -> Result<Option<Step>, StoreError> {
    let verbs: Vec<String> = NO_DEEDS.iter().map(|v| format!("'{v}'")).collect();
    let sql = format!(
        "SELECT o.seq, o.at, o.verb, o.subject, o.summary, EXISTS (SELECT 1 FROM undo i
        WHERE i.op_seq = o.seq)
        FROM operation o WHERE o.uid = ?1 AND (o.verb NOT IN ({}) OR {BY_HAND})
        AND {LAST_SLICE} {which} LIMIT 1",
        verbs.join(",")
    );
    db.opt(&sql, (uid, before), |r| {
        Ok(Step {
            seq: r.get(0)?,
            at_ms: r.get(1)?,
            verb: super::word(r, 2, Verb::parse)?,
            subject: r.get(3)?,
            summary: r.get(4)?,
            kind: if r.get(5)? { Kind::Imaged } else { Kind::Final },
        })
    })
}

/// Whether the operation at `seq` has images.
pub fn is_imaged(db: &Db<'_>, seq: i64) -> Result<bool, StoreError> {
    db.one("SELECT EXISTS (SELECT 1 FROM undo WHERE op_seq = ?1)", [seq], |r| r.get(0))
}

/// The operations of the deed that ends with the one at `seq`, the first slice first.
pub fn slices(db: &Db<'_>, seq: i64) -> Result<Vec<i64>, StoreError> {
    let mut all = vec![seq];
    let before = "SELECT op_id FROM operation WHERE seq = ?1";
    while let Some(goes_on) = all.last().copied() {
        let id: String = db.one(before, [goes_on], |r| r.get(0))?;
        let Some(seq) = operation::gone_on_from(&id) else { break };
        all.push(seq);
    }
    all.reverse();
    Ok(all)
}

/// The documents of one operation that are not in this state yet.
pub fn changes(db: &Db<'_>, seq: i64, to: State) -> Result<Vec<Change>, StoreError> {
    let mut found = Vec::new();
    db.each(
        "SELECT document_id, before, after FROM undo WHERE op_seq = ?1 AND state <> ?2
         ORDER BY document_id",
        (seq, to.word()),
        |r| {
            found.push(Change {
                document: DocumentId(r.get(0)?),
                before: Spot("undo", "before", seq).read(r.text(1)?)?,
                after: Spot("undo", "after", seq).read(r.text(2)?)?,
            });
            Ok(())
        },
    )?;
    Ok(found)
}

/// Whether a change is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// In force.
    Done,
    /// Taken back.
    Undone,
}

impl State {
    fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Undone => "undone",
        }
    }
}

/// Says whether the change of one document by an operation is in force.
pub fn set_state(
    tx: &Tx<'_>,
    seq: i64,
    document: DocumentId,
    state: State,
) -> Result<(), StoreError> {
    let by = match state {
        State::Done => None,
        State::Undone => Some(tx.seq()),
    };
    tx.run(
        "UPDATE undo SET state = ?3, undone_seq = ?4 WHERE op_seq = ?1 AND document_id = ?2",
        (seq, document.0, state.word(), by),
    )?;
    Ok(())
}

/// The operation that changed a document last, of those that say so.
pub fn last_change(
    db: &Db<'_>,
    document: DocumentId,
) -> Result<Option<operation::OpRow>, StoreError> {
    db.opt(
        "SELECT seq, at, uid, user_name, role, verb, subject, summary, detail FROM operation
             WHERE seq = max(coalesce((SELECT max(u.op_seq) FROM undo u CROSS JOIN operation c
                               ON c.seq = u.op_seq WHERE u.document_id = ?1 AND c.verb <> 'claim'), 0),
                             coalesce((SELECT max(seq) FROM operation WHERE subject = ?2), 0))",
        (document.0, document.to_string()),
        operation::op_row,
    )
}

/// How a clerk's edits of a document stand: the oldest image before them, and the newest after.
/// What differs between both was changed by hand.
pub fn first_and_last(
    db: &Db<'_>,
    row: &document::DocumentRow,
) -> Result<Option<(Image, Image)>, StoreError> {
    let mut all = Vec::new();
    db.each(
        "SELECT u.before, u.after, u.op_seq FROM undo u JOIN operation o ON o.seq = u.op_seq
         WHERE u.document_id = ?1 AND u.state = 'done' AND o.verb = 'edit' ORDER BY u.op_seq",
        [row.id.0],
        |r| {
            let seq: i64 = r.get(2)?;
            all.push(Spot("undo", "before", seq).read(r.text(0)?)?);
            all.push(Spot("undo", "after", seq).read(r.text(1)?)?);
            Ok(())
        },
    )?;
    let last = all.pop();
    Ok(all.into_iter().next().zip(last))
}
