//! The raw side: the same rows by plain inserts, and the ratio.

use rusqlite::types::Value;
use std::path::Path;
use std::time::{Duration, Instant};

/// A connection like the store's.
pub fn raw(path: &Path) -> rusqlite::Connection {
    let conn = rusqlite::Connection::open(path).unwrap();
    conn.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).unwrap();
    conn.execute_batch(
        "PRAGMA foreign_keys = ON; PRAGMA recursive_triggers = ON; PRAGMA synchronous = FULL;
         PRAGMA cache_size = -16000; PRAGMA temp_store = MEMORY;",
    )
    .unwrap();
    conn
}

/// Every row of a table, with its column names.
pub fn rows_of(path: &Path, table: &str, order: &str) -> (Vec<String>, Vec<Vec<Value>>) {
    let conn = raw(path);
    let mut statement = conn.prepare(&format!("SELECT * FROM {table} ORDER BY {order}")).unwrap();
    let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let width = names.len();
    let rows = statement
        .query_map([], |r| (0..width).map(|i| r.get(i)).collect())
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    (names, rows)
}

pub fn insert_sql(table: &str, names: &[String]) -> String {
    let marks: Vec<String> = (1..=names.len()).map(|i| format!("?{i}")).collect();
    format!("INSERT INTO {table} ({}) VALUES ({})", names.join(","), marks.join(","))
}

pub fn ratio(what: &str, rows: usize, ours: Duration, raw: Duration, goal: f64) {
    let per_second = |d: Duration| rows as f64 / d.as_secs_f64();
    println!(
        "{what}: {rows} rows, daybook {:.0}/s, raw {:.0}/s, ratio {:.2} (goal {goal})",
        per_second(ours),
        per_second(raw),
        raw.as_secs_f64() / ours.as_secs_f64()
    );
}

/// The rows of a table, and how far they are written.
pub type Table<'t> = (&'t str, (Vec<String>, Vec<Vec<Value>>));

/// The same rows, a transaction for as many documents as a slice had.
pub fn raw_documents(path: &Path, tables: &[Table<'_>], slice: usize) -> Duration {
    let conn = raw(path);
    // The run itself is one row, made before the clock starts.
    conn.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
    conn.execute_batch(
        "INSERT INTO bill_run (id, status, target_on, invoice_on, run_on, filter, exclude, auto_renew,
            auto_post, auto_email, skip_zero_email, created_uid, created_name, created_at)
         VALUES (1, 'Completed', '2026-01-01', '2026-01-01', '2026-01-01', '', '', 1, 0, 0, 0, 0, '', 0);
         PRAGMA foreign_keys = ON;",
    )
    .unwrap();
    let document_of = |table: usize, row: &[Value]| -> i64 {
        let names = &tables[table].1.0;
        let column = if table == 0 { "id" } else { "document_id" };
        match row[names.iter().position(|n| n == column).unwrap()] {
            Value::Integer(id) => id,
            _ => panic!("no id"),
        }
    };
    let begun = Instant::now();
    let mut statements: Vec<_> = tables
        .iter()
        .map(|(table, (names, _))| conn.prepare(&insert_sql(table, names)).unwrap())
        .collect();
    let mut at = vec![0; tables.len()];
    let last = tables[0].1.1.last().map_or(0, |row| document_of(0, row));
    let mut upto = 0;
    while upto < last {
        upto += slice as i64;
        conn.execute_batch("BEGIN IMMEDIATE").unwrap();
        for (i, statement) in statements.iter_mut().enumerate() {
            let rows = &tables[i].1.1;
            while at[i] < rows.len() && document_of(i, &rows[at[i]]) <= upto {
                statement.execute(rusqlite::params_from_iter(&rows[at[i]])).unwrap();
                at[i] += 1;
            }
        }
        conn.execute_batch("COMMIT").unwrap();
    }
    begun.elapsed()
}
