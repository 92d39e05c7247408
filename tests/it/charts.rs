//! The small charts, and what comes next on Today: their figures are those of the book.

use crate::harness::book::daybook;
use crate::harness::desk::Desk;
use serde_json::Value;

#[test]
fn what_is_open_by_age_comes_to_what_is_open() {
    let desk = Desk::open(80, 24);
    let path = desk.session.store.path().to_owned();
    let ran = daybook(&path, &["status", "--charts", "--json"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let charts: Value = serde_json::from_str(&ran.out).unwrap();
    let today = charts["today"].as_str().unwrap();
    let conn = rusqlite::Connection::open(&path).unwrap();
    // Days after the due day, from the first to the last of each age.
    let ages = [(-99_999, 0), (1, 30), (31, 60), (61, 90), (91, 99_999)];
    let of = "SELECT coalesce(sum(s.balance_minor), 0), count(*) FROM document_state s
        JOIN document d ON d.id = s.document_id
        WHERE s.status = 'Posted' AND d.kind IN ('invoice', 'debit_memo') AND s.balance_minor > 0
        AND d.currency = ?1 AND julianday(?2) - julianday(s.due_on) BETWEEN ?3 AND ?4";
    let minor = |value: &Value| -> i64 {
        let text = value.as_str().unwrap();
        text.chars().filter(char::is_ascii_digit).collect::<String>().parse().unwrap()
    };
    let currencies = charts["ageing"].as_array().unwrap();
    assert_eq!(currencies.len(), 3);
    for one in currencies {
        let code = one["currency"].as_str().unwrap();
        let mut all = 0;
        for ((from, to), age) in ages.iter().zip(one["ages"].as_array().unwrap()) {
            let row = |r: &rusqlite::Row<'_>| Ok((r.get::<_, i64>(0)?, r.get::<_, i64>(1)?));
            let (sum, count) = conn.query_row(of, (code, today, from, to), row).unwrap();
            assert_eq!((minor(&age["amount"]), age["documents"].as_i64()), (sum, Some(count)));
            all += sum;
        }
        assert!(all > 0);
        let came_to = |one: &&Value| one["currency"].as_str() == Some(code);
        let cycles: Vec<&Value> =
            charts["cycles"].as_array().unwrap().iter().filter(came_to).collect();
        let sql = "SELECT count(*) FROM bill_run_total WHERE currency = ?1";
        let runs: i64 = conn.query_row(sql, [code], |r| r.get(0)).unwrap();
        assert!(runs > 0 && cycles.len() as i64 == runs, "{code}: {cycles:?}");
        assert_eq!(minor(&one["open"]), all, "{code}");
    }
}

#[test]
fn charts_and_what_comes_next_stand_on_today() {
    let mut desk = Desk::open(80, 24);
    desk.shows("AHEAD  delivering and collecting BR-000004 wait for its posting");
    desk.press("i").shows("BR-000004");
    desk.press("<Esc>b").shows("Open by age on 2026-12-01").shows("not due");
    desk.press("G").shows("What bill runs came to, by cycle").shows("BR-000004");
}
