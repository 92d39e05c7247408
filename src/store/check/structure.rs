//! The file itself: pages, value types, and that every guard is as it was released.

use super::found::{Beside, Found};
use crate::store::face::Conn;
use crate::store::{Db, StoreError, migrate};
use std::collections::BTreeMap;

/// SQLite's own check (pages, types of STRICT columns, CHECK and NOT NULL; deep: each index against
/// its table), and that every reference has its row.
pub fn file_sound(db: &Db<'_>, beside: &Beside, found: &mut Found) -> Result<(), StoreError> {
    // An index of texts remembers where its parts lie; only a search learns that others merged them since.
    db.any("SELECT 1 FROM account_text WHERE account_text MATCH '\"aaa\"' LIMIT 1", [])?;
    let pragma = if beside.deep { "PRAGMA integrity_check(50)" } else { "PRAGMA quick_check(50)" };
    db.each(pragma, [], |row| {
        let text: String = row.get(0)?;
        if text != "ok" {
            found.add(text);
        }
        Ok(())
    })?;
    db.each("PRAGMA foreign_key_check", [], |row| {
        let (table, parent): (String, String) = (row.get(0)?, row.get(2)?);
        let id: Option<i64> = row.get(1)?;
        found
            .add(format!("{table} row {} refers to a {parent} that is not there", id.unwrap_or(0)));
        Ok(())
    })?;
    db.each(
        "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND strict = 0
         AND name NOT LIKE 'sqlite_%'",
        [],
        |row| {
            found.add(format!("table {} takes values of any type", row.get::<String>(0)?));
            Ok(())
        },
    )?;
    Ok(())
}

/// Versions of accounts that the index of texts does not know.
pub const NOT_FOUND: &str = "
SELECT printf('version %d of account %d is not in the index of texts', v.seq, v.account_id)
FROM account_version v
WHERE NOT EXISTS (SELECT 1 FROM account_text_docsize t WHERE t.id = 2 * v.id)";

/// Every table, index and trigger against a fresh book's.
pub fn guards(db: &Db<'_>, found: &mut Found) -> Result<(), StoreError> {
    let fresh = Conn::in_memory()?;
    migrate::lay_new(&fresh)?;
    let (wanted, actual) = (objects(&fresh.db())?, objects(db)?);
    for (name, sql) in &wanted {
        match actual.get(name) {
            None => found.add(format!("{name} is missing")),
            Some(other) if other != sql => found.add(format!("{name} is not as released")),
            Some(_) => {}
        }
    }
    // A trigger or view that we did not make could change what we write.
    for name in actual.keys().filter(|n| !wanted.contains_key(*n)) {
        if name.starts_with("trigger ") || name.starts_with("view ") {
            found.add(format!("{name} is not ours"));
        }
    }
    Ok(())
}

fn objects(db: &Db<'_>) -> Result<BTreeMap<String, String>, StoreError> {
    let sql = "SELECT type || ' ' || name, sql FROM sqlite_schema
        WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'";
    Ok(db.all(sql, [], |r| Ok((r.get(0)?, r.get(1)?)))?.into_iter().collect())
}
