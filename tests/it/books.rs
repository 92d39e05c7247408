//! 9 Books: each report as the command line has it, and behind every figure just what it is made of.

use crate::harness::book::daybook;
use crate::harness::desk::Desk;
use daybook::domain::report::{Cell, Detail, ReportName, Tie};
use daybook::engine::answer::ask;
use daybook::engine::query::{Answer, Query, Question, Sheet, Wanted};
use daybook::ui::msg::{Effect, ScreenId};
use daybook::ui::screen::books::behind::{Behind, of};
use serde_json::Value;
use std::collections::BTreeMap;

fn minor(cell: &Cell) -> Option<(String, i64)> {
    match cell {
        Cell::Money(money) => Some((money.currency.code().to_owned(), money.minor)),
        _ => None,
    }
}

fn read(desk: &Desk, of: Wanted) -> Sheet {
    match ask(&desk.session, &Question::View(Query::Report(Box::new(of)))) {
        Ok(Answer::Report(sheet)) => *sheet,
        other => panic!("{other:?}"),
    }
}

/// What a report asked for last.
fn last(desk: &mut Desk) -> Wanted {
    desk.asked.clear();
    desk.press("w");
    match desk.asked.pop() {
        Some(Effect::WriteReport(of)) => *of,
        other => panic!("{other:?}"),
    }
}

fn sum(sheet: &Sheet, column: &str) -> BTreeMap<String, i64> {
    let names = sheet.of.asked.name.columns(sheet.of.asked.detail);
    let at = names.iter().position(|name| *name == column).unwrap();
    let mut sums = BTreeMap::new();
    for (code, minor) in sheet.rows.iter().filter_map(|row| minor(&row[at])) {
        *sums.entry(code).or_default() += minor;
    }
    sums
}

#[test]
fn each_report_is_the_one_of_the_command_line_and_ties() {
    let mut desk = Desk::open(140, 40);
    desk.press("9[");
    let path = desk.session.store.path().to_owned();
    for (at, &name) in ReportName::ALL.iter().enumerate() {
        desk.press("gj");
        desk.press(&"j".repeat(at));
        if name == ReportName::Statement {
            desk.press("<Enter>");
            desk.shows("a statement is of one account");
            continue;
        }
        desk.press("<Enter>");
        let of = last(&mut desk);
        assert_eq!(of.asked.name, name);
        let (from, to) = (of.asked.from.to_string(), of.asked.to.to_string());
        let mut args = vec!["report", name.as_str(), "--json"];
        if name.is_of_a_day() && name != ReportName::TrialBalance {
            args.extend(["--as-of", &to]);
        } else {
            args.extend(["--from", &from, "--to", &to]);
        }
        let ran = daybook(&path, &args);
        assert_eq!(ran.code, 0, "{name}: {}", ran.err);
        let said: Value = serde_json::from_str(&ran.out).unwrap();
        let sheet = read(&desk, of);
        assert!(sheet.summary.ties.iter().all(Tie::holds), "{name}");
        assert_eq!(sheet.all, said["rows"].as_array().unwrap().len(), "{name}");
        // No bank is read there, nothing given up, and all is billed.
        let none = matches!(
            name,
            ReportName::Adjustments
                | ReportName::Deferred
                | ReportName::Unbilled
                | ReportName::Unidentified
                | ReportName::Bank
                | ReportName::Missing
                | ReportName::Debits
                | ReportName::Worklist
        );
        assert!(sheet.all > 0 || none, "{name}");
        assert_eq!(sheet.rows.len(), sheet.all, "{name}");
        for (currency, sums) in &sheet.summary.totals {
            for (what, minor) in sums {
                let told = said["totals"][currency.code()][what].as_str();
                assert_eq!(told, Some(currency.plain(*minor).as_str()), "{name} {what}");
            }
        }
        assert!(!desk.picture().contains("DOES NOT TIE"));
        desk.press("<Esc>");
    }
}

#[test]
fn behind_each_sum_stand_the_rows_that_come_to_it() {
    let mut desk = Desk::open(140, 40);
    desk.press("9[");
    for (keys, figure, made_of) in [
        ("9j<Enter>", "receivable", &["open"][..]),
        ("9jjj<Enter>", "total", &["total"]),
        ("9jjjj<Enter>", "tax", &["tax"]),
        ("9jjjjjj<Enter>", "amount", &["amount"]),
        ("9jjjjjjj<Enter>", "debit", &["debit"]),
        ("9jjjjjjjj<Enter>", "amount", &["credit", "debit"]),
    ] {
        desk.press("9g").press(keys);
        let whole = last(&mut desk);
        let sums = read(&desk, whole.clone());
        let names = whole.asked.name.columns(whole.asked.detail);
        let at = names.iter().position(|name| *name == figure).unwrap();
        assert!(!sums.rows.is_empty() || figure == "amount", "{}", whole.asked.name);
        for row in &sums.rows {
            let Some(Behind::Report(behind)) = of(&whole, row) else { panic!("{row:?}") };
            let rows = read(&desk, *behind);
            let (code, wanted) = minor(&row[at]).unwrap();
            let one = |column: &&str| sum(&rows, column).get(&code).copied().unwrap_or(0);
            let got = match made_of {
                [plus, minus] => one(plus) - one(minus),
                [plus] => one(plus),
                _ => unreachable!(),
            };
            assert_eq!(got, wanted, "{} {row:?}", whole.asked.name);
        }
        desk.press("<Esc>");
    }
}

#[test]
fn from_a_ledger_account_to_its_entries_to_the_document_and_back() {
    let mut desk = Desk::open(80, 24);
    desk.press("9[");
    desk.shows("reports of November 2026");
    desk.shows("trial-balance");
    desk.press("jjjjjjj<Enter>");
    desk.shows("trial-balance at the end of");
    desk.shows("receivable");
    desk.shows("ties hold; x shows both sides of each");
    desk.press("x");
    desk.shows("ties: debits = credits");
    desk.press("<Esc>");
    let of = last(&mut desk);
    let at = read(&desk, of).rows.iter().position(|row| row[2].plain() == "receivable").unwrap();
    desk.press(&"j".repeat(at));
    desk.press("<Enter>");
    desk.shows("journal of");
    desk.shows("receivable");
    assert_eq!(last(&mut desk).asked.detail, Detail::Sums);
    desk.press("<Enter>");
    assert_eq!(desk.app.screen(), ScreenId::Invoices);
    desk.shows("INV-");
    desk.press("9");
    desk.shows("journal of");
    desk.press("<Esc>");
    desk.shows("trial-balance at");
    desk.press("]");
    desk.shows("trial-balance at the end of 2026-12-01");
    desk.press("]");
    desk.shows("still to come");
    desk.press("<Esc>");
    desk.shows("reports of");
}

#[test]
fn an_account_has_its_statement_and_a_report_its_other_form() {
    let mut desk = Desk::open(80, 24);
    desk.press("9t");
    desk.shows("this row has no account");
    desk.press("j<Enter>");
    desk.shows("aging at the end of");
    desk.press("b");
    desk.shows("row by row");
    desk.press("b");
    let of = last(&mut desk);
    let account = read(&desk, of).rows[0][2].plain();
    desk.press("t");
    desk.shows(&format!("› {account}"));
    assert_eq!(last(&mut desk).asked.name, ReportName::Statement);
    desk.press("<Esc>");
    desk.shows("aging at the end of");
    // What had no room comes in its turn, and the first column stays.
    desk.shows("ACCOUNT");
    desk.shows(" more");
    desk.press("oooo");
    desk.shows("ACCOUNT");
    desk.press("<Enter>");
    desk.shows("row by row › ");
    desk.press("<Enter>");
    assert_eq!(desk.app.screen(), ScreenId::Invoices);
}

#[test]
fn a_month_closes_on_screen_once_nothing_blocks_it() {
    let book = crate::harness::day::billed();
    book.say("clock set 2026-03-03").ends(0);
    let mut desk = Desk::at(&book.path, 80, 24);
    desk.press("9<Enter>");
    desk.shows("before February 2026 closes: open");
    desk.shows("> BLOCKS  ");
    desk.shows("drafts dated in the month or before that are not held");
    desk.press("C");
    desk.shows("1 row blocks the close: Enter on each shows its list");
    desk.press("<Enter>");
    desk.shows("3 Invoices › all drafts");
    // What is held is a warning, and closed over knowingly.
    desk.press("Tv1");
    if desk.picture().contains("y/n") {
        desk.press("y");
    }
    desk.press("9");
    desk.shows("nothing blocks it: C closes the month");
    desk.press("x");
    desk.shows("ties: ");
    desk.press("<Esc>C");
    desk.shows("Close February 2026");
    desk.shows("It is closed over:");
    desk.press("<Tab><Enter>");
    desk.shows("before February 2026 closes: closed");
    desk.shows("2026-02 closed: ");
    desk.press("C");
    desk.shows("February 2026 is closed already");
    desk.press("]");
    desk.press("C");
    drop(desk);
    let shown = book.say("period show 2026-02 --json").ends(0).json();
    assert_eq!(shown["status"], "Closed", "{shown}");
    book.is_sound();
}
