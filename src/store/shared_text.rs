//! Texts that many rows say alike, kept once: such a row names its text by a number and leaves its own
//! column empty. Read by [`said`], it is the same text as if it stood in the row.
//!
//! What a number says never changes and no number is ever taken away (triggers hold that), so one that
//! was read in any transaction is good in every later one. Only who writes gives new numbers.

use super::face::{Bound, Value};
use super::{Db, StoreError, Tx};
use std::collections::HashMap;
use std::sync::Arc;

/// So many rows of one piece of work say a text before it gets a number. Kept once it lies there twice,
/// in the table and in the index that finds it: said less often, it would take more room than now.
const OFTEN: usize = 3;

/// The text of a column as SQL, whether the row says it itself or by the number in `<column>_id`. One
/// that is not there reads as a text that is no JSON: damage, never nothing.
macro_rules! said {
    ($row:literal, $column:literal) => {
        concat!(
            "CASE WHEN ",
            $row,
            ".",
            $column,
            "_id IS NULL THEN ",
            $row,
            ".",
            $column,
            " ELSE coalesce((SELECT text FROM shared_text WHERE id = ",
            $row,
            ".",
            $column,
            "_id), 'its shared text is gone') END"
        )
    };
}
pub(in crate::store) use said;

/// A text of a row that is to be written.
#[derive(Debug, Clone)]
pub(in crate::store) enum Said {
    /// By the row itself.
    Here(String),
    /// By a number that is given.
    Shared(i64),
    /// By a number, which the text gets when it is written unless it has one by then.
    Often(Arc<str>),
}

/// Looks which texts have a number and which are said so often here that they get one.
pub(in crate::store) fn share<'s>(
    db: &Db<'_>,
    texts: impl Iterator<Item = &'s mut Said>,
) -> Result<(), StoreError> {
    let mut alike: HashMap<String, Vec<&mut Said>> = HashMap::new();
    for said in texts {
        if let Said::Here(text) = said {
            let text = std::mem::take(text);
            alike.entry(text).or_default().push(said);
        }
    }
    for (text, mut rows) in alike {
        let said = match number(db, &text)? {
            Some(number) => Said::Shared(number),
            None if rows.len() >= OFTEN && !text.is_empty() => Said::Often(text.into()),
            None => Said::Here(text),
        };
        while rows.len() > 1 {
            if let Some(row) = rows.pop() {
                *row = said.clone();
            }
        }
        if let Some(row) = rows.pop() {
            *row = said;
        }
    }
    Ok(())
}

/// The number of a text, if it has one.
fn number(db: &Db<'_>, text: &str) -> Result<Option<i64>, StoreError> {
    db.opt("SELECT id FROM shared_text WHERE text = ?1", [text], |r| r.get(0))
}

/// What a single row holds of a text: the text and its number. A single row gives no numbers.
pub(in crate::store) fn held<'t>(
    db: &Db<'_>,
    text: &'t str,
) -> Result<(&'t str, Option<i64>), StoreError> {
    Ok(match number(db, text)? {
        Some(number) => ("", Some(number)),
        None => (text, None),
    })
}

/// The numbers that were given in one transaction.
#[derive(Default)]
pub(in crate::store) struct Numbers(HashMap<Arc<str>, i64>);

impl Numbers {
    /// What a row holds of a text: the text and its number.
    pub(in crate::store) fn cells(
        &mut self,
        tx: &Tx<'_>,
        said: Said,
    ) -> Result<[Bound<'static>; 2], StoreError> {
        Ok(match (self.number(tx, &said)?, said) {
            (None, Said::Here(text)) => [text.into(), Bound::Owned(Value::Null)],
            (number, _) => ["".into(), Bound::Owned(number.into())],
        })
    }

    /// The number of a text; none where the row says it itself.
    pub(in crate::store) fn number(
        &mut self,
        tx: &Tx<'_>,
        said: &Said,
    ) -> Result<Option<i64>, StoreError> {
        match said {
            Said::Here(_) => Ok(None),
            Said::Shared(number) => Ok(Some(*number)),
            Said::Often(text) => self.give(tx, text).map(Some),
        }
    }

    fn give(&mut self, tx: &Tx<'_>, text: &Arc<str>) -> Result<i64, StoreError> {
        if let Some(given) = self.0.get(text) {
            return Ok(*given);
        }
        // Whoever wrote since the rows were made may have given it one.
        let given = match number(tx, text)? {
            Some(number) => number,
            None => tx.insert("INSERT INTO shared_text (text) VALUES (?1)", [&**text])?,
        };
        self.0.insert(Arc::clone(text), given);
        Ok(given)
    }
}
