//! Terms that name one thing: when the book has no such thing the list says so. A list of nothing
//! would read as if the account owed nothing.

use super::filter::{Field, Filter, FilterError, Term};
use super::spec::{Ask, NONE, Spec, numbered};
use super::{Db, ReadError, StoreError};
use crate::domain::text::canonical;

/// Refuses a term whose account, batch or run is not in the book.
pub(super) fn refuse_unknown(db: &Db<'_>, spec: &Spec, filter: &Filter) -> Result<(), ReadError> {
    for term in filter.each_term().filter(|t| t.value != NONE) {
        let ask = spec.fields.iter().find(|(field, _)| *field == term.field).map(|(_, ask)| *ask);
        let (known, all) = match (term.field, ask) {
            (Field::Account, Some(Ask::Same(_))) => {
                (same(db, "account", "number", &term.value)?, "SELECT number FROM account")
            }
            (Field::Batch, Some(Ask::Same(_))) => (
                same(db, "account_version", "batch", &term.value)?,
                "SELECT DISTINCT batch FROM account_version",
            ),
            (_, Some(Ask::Id(_, prefix))) => (run(db, prefix, &term.value)?, ""),
            (Field::Sample, Some(_)) if !term.value.eq_ignore_ascii_case("open") => {
                (run(db, "BR", &term.value)?, "")
            }
            _ => continue,
        };
        if !known {
            return Err(unknown(db, term, all)?.into());
        }
    }
    Ok(())
}

/// Whether a value is there, by the comparison of [`Ask::Same`].
fn same(db: &Db<'_>, table: &str, column: &str, value: &str) -> Result<bool, StoreError> {
    let exact = format!("SELECT 1 FROM {table} WHERE {column} = ?1 LIMIT 1");
    let loose = format!(
        "SELECT 1 FROM {table} WHERE replace({column}, ' ', '_') = replace(?1, ' ', '_') \
         COLLATE NOCASE LIMIT 1"
    );
    for sql in [exact, loose] {
        if db.any(&sql, [value])? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn run(db: &Db<'_>, prefix: &str, value: &str) -> Result<bool, StoreError> {
    // What is no number of a run is refused by the spec, in its own words.
    let Ok(id) = numbered(value, prefix) else { return Ok(true) };
    let table = if prefix == "PR" { "payment_run" } else { "bill_run" };
    let sql = format!("SELECT 1 FROM {table} WHERE id = ?1");
    let found = db.opt(&sql, [id], |_| Ok(()))?;
    Ok(found.is_some())
}

/// The refusal, with the one value that reads like what was typed.
fn unknown(db: &Db<'_>, term: &Term, all: &str) -> Result<FilterError, StoreError> {
    let mut twin = None;
    if !all.is_empty() {
        let typed = bare(&term.value);
        for value in db.all(all, [], |r| r.get::<String>(0))? {
            if bare(&value) == typed {
                twin = Some(value);
                break;
            }
        }
    }
    let field = if term.field == Field::Sample { Field::Run } else { term.field };
    Ok(FilterError::Unknown(field, term.value.clone(), twin))
}

/// A number without what people leave out or add: leading zeros, dashes, blanks, case.
fn bare(text: &str) -> String {
    let mut out = String::new();
    let mut in_number = false;
    for c in canonical(text).chars().filter(|c| c.is_alphanumeric()) {
        if c == '0' && !in_number {
            continue;
        }
        in_number = c.is_ascii_digit();
        out.push(c);
    }
    out
}
