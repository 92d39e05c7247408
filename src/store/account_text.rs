//! The index of texts that customers are found by. See [`read::narrowed`](super::read) for its use.
//!
//! A row more is never wrong, only a row too few: what the index gives is looked at again. One row a
//! statement: SQLite would write the index out before every statement that it may have to take back.

use super::{Db, StoreError, Tx};
use crate::domain::ids::{AccountId, DocumentId};
use crate::domain::text::searchable;

/// The greatest number of a version of an account.
pub(super) fn last_version(db: &Db<'_>) -> Result<i64, StoreError> {
    db.one("SELECT coalesce(max(id), 0) FROM account_version", [], |r| r.get(0))
}

fn enter(tx: &Tx<'_>, row: i64, text: &str) -> Result<(), StoreError> {
    tx.run("INSERT INTO account_text (rowid, text) VALUES (?1, ?2)", (row, searchable(text)))?;
    Ok(())
}

/// A version of an account: its number, name, e-mail addresses, order number, term, batch, tax id and city.
pub(super) fn of_version(tx: &Tx<'_>, version: i64, texts: [&str; 8]) -> Result<(), StoreError> {
    enter(tx, 2 * version, &texts.join(" "))
}

/// What else an account, or a document of it, is found by; an empty text is none.
pub(super) fn more(
    tx: &Tx<'_>,
    (account, document): (AccountId, Option<DocumentId>),
    text: &str,
) -> Result<(), StoreError> {
    if text.is_empty() {
        return Ok(());
    }
    let id = tx.insert(
        "INSERT INTO text_more (account_id, document_id) VALUES (?1, ?2)",
        (account.0, document.map(|d| d.0)),
    )?;
    enter(tx, 2 * id + 1, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Now;
    use crate::domain::actor::{Actor, Verb};
    use crate::store::{BookKind, CreateBook, Op, Store};

    #[test]
    fn what_an_attempt_takes_back_leaves_the_index_sound() {
        let dir = tempfile::tempdir().unwrap();
        let actor = Actor { uid: 1, name: "mia".to_owned() };
        let now = Now::system(crate::zone::Zone::UTC);
        let book = CreateBook { kind: BookKind::Test, actor: &actor, now };
        let mut store = Store::create(&dir.path().join("book.db"), &book).unwrap();
        for n in 0..40 {
            let op = Op::new(&actor, Verb::Import, now);
            let write = store.write(&op, |tx| {
                let refused = tx.attempt(|| {
                    of_version(tx, 1_000 + n, ["A", "Never AG", "", "", "", "", "", ""])?;
                    // Another attempt within: before it SQLite writes the index out.
                    tx.attempt(|| Ok::<_, StoreError>(()))?;
                    Err::<(), _>(StoreError::Conflict("refused".to_owned()))
                });
                assert!(refused.is_err());
                if n % 2 == 1 {
                    return Ok(());
                }
                of_version(tx, 1 + n, ["A", "Always AG", "", "", "", "", "", ""])
            });
            write.unwrap();
            let sound = store.read(|db| db.one("PRAGMA quick_check", [], |r| r.get::<String>(0)));
            assert_eq!(sound.unwrap(), "ok");
        }
        let look = "SELECT count(*) FROM account_text WHERE account_text MATCH ?1";
        let count = |text: &str| store.read(|db| db.one(look, [text], |r| r.get::<i64>(0)));
        assert_eq!((count("\"alw\"").unwrap(), count("\"nev\"").unwrap()), (20, 0));
    }
}
