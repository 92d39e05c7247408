//! The file itself: pages, value types, and that every guard is as it was released.

use super::{Beside, Found};
use crate::store::{Db, StoreError, migrate};
use rusqlite::Connection;
use std::collections::BTreeMap;

/// SQLite's own check (pages, types of STRICT columns, CHECK and NOT NULL; deep: each index against
/// its table), and that every reference has its row.
pub fn file_sound(db: &Db<'_>, beside: &Beside, found: &mut Found) -> Result<(), StoreError> {
    let pragma = if beside.deep { "PRAGMA integrity_check(50)" } else { "PRAGMA quick_check(50)" };
    let mut statement = db.conn().prepare(pragma)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let text: String = row.get(0)?;
        if text != "ok" {
            found.add(text);
        }
    }
    let mut statement = db.conn().prepare("PRAGMA foreign_key_check")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (table, parent): (String, String) = (row.get(0)?, row.get(2)?);
        let id: Option<i64> = row.get(1)?;
        found
            .add(format!("{table} row {} refers to a {parent} that is not there", id.unwrap_or(0)));
    }
    let mut statement = db.conn().prepare("SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND strict = 0 AND name NOT LIKE 'sqlite_%'")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        found.add(format!("table {} takes values of any type", row.get::<_, String>(0)?));
    }
    Ok(())
}

/// Every table, index and trigger against a fresh book's.
pub fn guards(db: &Db<'_>, found: &mut Found) -> Result<(), StoreError> {
    let mut fresh = Connection::open_in_memory()?;
    migrate::lay_new(&mut fresh)?;
    let (wanted, actual) = (objects(&fresh)?, objects(db.conn())?);
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

fn objects(conn: &Connection) -> Result<BTreeMap<String, String>, StoreError> {
    let mut statement = conn
        .prepare("SELECT type || ' ' || name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'")?;
    let rows = statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
