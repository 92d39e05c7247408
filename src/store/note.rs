//! Notes and references on accounts and documents. Notes are only ever added; a reference is what it
//! was set to last.

use super::face::Row;
use super::{Db, StoreError, Topic, Tx};
use crate::domain::ids::{AccountId, DocumentId, NoteId};
use crate::domain::note::{Note, On, References};

const COLUMNS: &str = "n.id, \
    iif(d.id IS NULL, '', coalesce(d.number, 'D-' || printf('%06d', d.id))), n.at, n.user_name, \
    n.text, n.strikes_id, s.id FROM note n LEFT JOIN note s ON s.strikes_id = n.id \
    LEFT JOIN document d ON d.id = n.document_id";

fn map(r: &Row<'_>) -> Result<Note, StoreError> {
    Ok(Note {
        id: NoteId(r.get(0)?),
        document: r.get(1)?,
        at_ms: r.get(2)?,
        user: r.get(3)?,
        text: r.get(4)?,
        strikes: r.get::<Option<i64>>(5)?.map(NoteId),
        struck_by: r.get::<Option<i64>>(6)?.map(NoteId),
    })
}

/// The newest notes, at most so many: of a document its own, of an account also those on its documents.
pub fn of(db: &Db<'_>, on: On, most: u32) -> Result<Vec<Note>, StoreError> {
    let (column, id) = match on {
        On::Account(AccountId(id)) => ("account_id", id),
        On::Document(DocumentId(id)) => ("document_id", id),
    };
    let sql = format!("SELECT {COLUMNS} WHERE n.{column} = ?1 ORDER BY n.id DESC LIMIT ?2");
    let mut notes = db.all(&sql, (id, most), map)?;
    if let On::Document(_) = on {
        // Whose it is stands over it.
        notes.iter_mut().for_each(|note| note.document.clear());
    }
    Ok(notes)
}

/// A note, and what it is on.
pub fn get(db: &Db<'_>, id: NoteId) -> Result<(Note, On), StoreError> {
    let found = db.opt(&format!("SELECT {COLUMNS} WHERE n.id = ?1"), [id.0], map)?;
    let note = found.ok_or_else(|| StoreError::NotFound(format!("note {id}")))?;
    let sql = "SELECT account_id, document_id FROM note WHERE id = ?1";
    let on = db.opt(sql, [id.0], |r| {
        let account = On::Account(AccountId(r.get(0)?));
        Ok(r.get::<Option<i64>>(1)?.map_or(account, |id| On::Document(DocumentId(id))))
    })?;
    Ok((note, on.ok_or_else(|| StoreError::NotFound(format!("note {id}")))?))
}

/// The account of what a note is on, what the trail calls it, and the document if it is one.
fn place(db: &Db<'_>, on: On) -> Result<(i64, String, Option<i64>), StoreError> {
    match on {
        On::Account(AccountId(id)) => {
            let number = db.opt("SELECT number FROM account WHERE id = ?1", [id], |r| r.get(0))?;
            let number = number.ok_or_else(|| StoreError::NotFound(format!("account {id}")))?;
            Ok((id, number, None))
        }
        On::Document(id) => {
            let sql = "SELECT account_id FROM document WHERE id = ?1";
            let account: Option<i64> = db.opt(sql, [id.0], |r| r.get(0))?;
            let account = account.ok_or_else(|| StoreError::NotFound(format!("document {id}")))?;
            Ok((account, id.to_string(), Some(id.0)))
        }
    }
}

fn told(tx: &Tx<'_>, on: On, subject: &str, words: &str) {
    tx.note(subject, words);
    tx.touch(Topic::Accounts);
    if let On::Document(_) = on {
        tx.touch(Topic::Documents);
    }
}

/// Adds a note; `strikes` is the one it strikes, which must be on the same.
pub fn add(tx: &Tx<'_>, on: On, text: &str, strikes: Option<NoteId>) -> Result<NoteId, StoreError> {
    let (account, subject, document) = place(tx, on)?;
    tx.run(
        "INSERT INTO note (account_id, document_id, at, user_name, text, strikes_id) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        (account, document, tx.now().at_ms, &tx.actor().name, text, strikes.map(|of| of.0)),
    )?;
    let id = NoteId(tx.last_key());
    let words = match strikes {
        Some(of) => format!("note {of} struck: {text}"),
        None => format!("note: {text}"),
    };
    told(tx, on, &subject, &words);
    Ok(id)
}

/// The references of an account or a document.
pub fn references(db: &Db<'_>, on: On) -> Result<References, StoreError> {
    let (sql, id) = match on {
        On::Account(AccountId(id)) => {
            ("SELECT ours, theirs FROM account_reference WHERE account_id = ?1", id)
        }
        On::Document(DocumentId(id)) => {
            ("SELECT ours, theirs FROM document_reference WHERE document_id = ?1", id)
        }
    };
    let found = db.opt(sql, [id], |r| Ok(References { ours: r.get(0)?, theirs: r.get(1)? }))?;
    Ok(found.unwrap_or_default())
}

/// Sets them.
pub fn set_references(tx: &Tx<'_>, on: On, to: &References) -> Result<(), StoreError> {
    let (account, subject, document) = place(tx, on)?;
    let sql = match on {
        On::Account(_) => {
            "INSERT INTO account_reference (account_id, ours, theirs) VALUES (?1, ?2, ?3) \
             ON CONFLICT (account_id) DO UPDATE SET ours = ?2, theirs = ?3"
        }
        On::Document(_) => {
            "INSERT INTO document_reference (document_id, ours, theirs) VALUES (?1, ?2, ?3) \
             ON CONFLICT (document_id) DO UPDATE SET ours = ?2, theirs = ?3"
        }
    };
    tx.run(sql, (document.unwrap_or(account), &to.ours, &to.theirs))?;
    let said = to.said();
    let said = if said.is_empty() { "none".to_owned() } else { said };
    told(tx, on, &subject, &format!("references: {said}"));
    Ok(())
}
