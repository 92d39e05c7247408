//! Ready filters with what each shows, what can be typed next, columns and orders: what a clerk finds by.

use crate::harness::desk::Desk;
use daybook::domain::ids::DocumentId;
use daybook::engine::answer::ask;
use daybook::engine::command::{DraftChange, Pick};
use daybook::engine::import;
use daybook::engine::query::{Answer, ListName, Query};
use daybook::engine::review::edit;
use daybook::store::read::{Field, Filter, Fit, Totals};
use daybook::ui::msg::Effect;
use std::collections::BTreeSet;

/// Every list.
const LISTS: [ListName; 9] = [
    ListName::Runs,
    ListName::Invoices,
    ListName::Deliveries,
    ListName::Failed,
    ListName::Unapplied,
    ListName::Jobs,
    ListName::Log,
    ListName::Accounts,
    ListName::BankLines,
];

fn fitting(desk: &Desk, list: ListName, field: Option<Field>) -> Vec<Fit> {
    let query = Query::Fitting(list, Filter::default(), field).into();
    match ask(&desk.session, &query).unwrap() {
        Answer::Fitting(of, fits) if of == field => fits,
        other => panic!("{other:?}"),
    }
}

fn totals(desk: &Desk, list: ListName, text: &str) -> Totals {
    let query = Query::Totals(list, Filter::parse(text).unwrap()).into();
    match ask(&desk.session, &query) {
        Ok(Answer::Totals(totals)) => totals,
        other => panic!("{text}: {other:?}"),
    }
}

/// Every text that a row shows, and parts of it.
fn looked_for(desk: &Desk) -> BTreeSet<String> {
    let conn = rusqlite::Connection::open(desk.session.store.path()).unwrap();
    let mut all = BTreeSet::new();
    for sql in [
        "SELECT number FROM account UNION SELECT name FROM account_version",
        "SELECT emails FROM account_version UNION SELECT po_number FROM account_version",
        "SELECT tax_id FROM account_version UNION SELECT city FROM account_version",
        "SELECT po_number FROM document UNION SELECT coalesce(number, '') FROM document",
        "SELECT printf('D-%06d', id) FROM document UNION SELECT address FROM delivery",
        "SELECT printf('%.2f', total_minor / 100.0) FROM document UNION \
         SELECT total_minor / 100 FROM document",
    ] {
        let mut texts = conn.prepare(sql).unwrap();
        let texts = texts.query_map([], |r| r.get::<_, rusqlite::types::Value>(0)).unwrap();
        for text in texts {
            let text = match text.unwrap() {
                rusqlite::types::Value::Text(text) => text,
                rusqlite::types::Value::Integer(number) => number.to_string(),
                other => panic!("{other:?}"),
            };
            let letters: Vec<char> = text.chars().collect();
            // A part of each that differs from text to text, and the whole.
            let from = text.len() % 5;
            for part in [letters.get(from..from + 3 + text.len() % 4), Some(&letters[..])] {
                let part: String = part.unwrap_or_default().iter().collect();
                if !part.trim().is_empty() && !part.contains(['"', '\n']) {
                    all.insert(part);
                }
            }
        }
    }
    all
}

/// What the index of texts lets a list read is all that reading every row would show: a word beside `|` is
/// looked for without it.
#[test]
fn a_text_is_found_by_the_index_wherever_reading_every_row_finds_it() {
    let mut desk = Desk::open(100, 30);
    // What is known of documents alone: an order number by hand, an invoice of another system, a new address.
    let (account, id, version) = {
        let conn = rusqlite::Connection::open(desk.session.store.path()).unwrap();
        let sql = "SELECT a.number, d.id, d.version FROM account a JOIN document d ON d.account_id = a.id \
            WHERE d.status = 'Draft' ORDER BY d.id LIMIT 1";
        let first = |r: &rusqlite::Row<'_>| Ok((r.get::<_, String>(0)?, r.get(1)?, r.get(2)?));
        conn.query_row(sql, [], first).unwrap()
    };
    let pick = Pick { id: DocumentId(id), version };
    let po_number = DraftChange::PoNumber("Übertrag 99-KX".to_owned());
    edit::edit(&mut desk.session, &pick, &[po_number], "asked for").unwrap();
    let items = format!(
        "document_number,account_number,kind,date,due_date,total,tax,balance\n\
         Altlast/77,{account},invoice,2026-01-05,2026-01-19,10.00,0.00,10.00\n"
    );
    let moved = format!("account_number,name,email\n{account},Nordström Ål AB,neu@strom.example\n");
    for (name, text) in [("open_items.csv", items), ("accounts.csv", moved)] {
        let files = vec![(name.to_owned(), text.into_bytes())];
        let options = import::Options { yes: true, ..import::Options::default() };
        let report = import::import_texts(&mut desk.session, files, &options).unwrap();
        assert_eq!(report.files[0].refused.len(), 0, "{:?}", report.files[0].refused);
    }
    let words = looked_for(&desk);
    assert!(words.len() > 300, "{}", words.len());
    let mut narrowed = 0;
    for list in [ListName::Accounts, ListName::Invoices, ListName::Deliveries] {
        for word in words.iter().step_by(3) {
            let (by_index, by_reading) =
                (format!("\"{word}\""), format!("\"{word}\" | \"{word}\""));
            let found = totals(&desk, list, &by_index);
            assert_eq!(found, totals(&desk, list, &by_reading), "{list:?} {word}");
            narrowed += found.count;
        }
        let by_account = format!("account:{account}").to_lowercase();
        for field in [by_account.as_str(), "email:strom", "po:99-k", "po:_bertrag", "email:neu"] {
            if list == ListName::Deliveries
                || (list == ListName::Accounts && field.starts_with("po"))
            {
                continue;
            }
            let both = format!("{field} | {field}");
            assert_eq!(totals(&desk, list, field), totals(&desk, list, &both), "{list:?} {field}");
        }
    }
    assert!(narrowed > 300, "{narrowed}");
}

/// A row is found by what it shows: an amount with its currency, a term of payment; the end of a number is no
/// amount.
#[test]
fn a_row_is_found_by_what_it_shows_of_money_and_terms() {
    let desk = Desk::open(100, 30);
    let conn = rusqlite::Connection::open(desk.session.store.path()).unwrap();
    let sql = "SELECT printf('%.2f', total_minor / 100.0), count(*) FROM document \
        WHERE currency = 'EUR' AND total_minor > 0 GROUP BY total_minor ORDER BY 2 DESC LIMIT 1";
    let (amount, n): (String, i64) =
        conn.query_row(sql, [], |r| Ok((r.get(0)?, r.get(1)?))).unwrap();
    assert!(totals(&desk, ListName::Invoices, &format!("{amount} EUR")).count >= n);
    assert_eq!(totals(&desk, ListName::Invoices, &format!("{amount} JPY")).count, 0);
    let sql = "SELECT count(*) FROM account a JOIN account_version v ON v.account_id = a.id \
        AND v.seq = (SELECT max(seq) FROM account_version WHERE account_id = a.id) \
        WHERE v.payment_term = 'Net 30'";
    let term: i64 = conn.query_row(sql, [], |r| r.get(0)).unwrap();
    assert_eq!(totals(&desk, ListName::Accounts, "\"Net 30\"").count, term);
    assert!(totals(&desk, ListName::Accounts, "Net 30").count >= term && term > 0);
    let sql = "SELECT count(*) FROM account WHERE number LIKE '%00012%'";
    let numbered: i64 = conn.query_row(sql, [], |r| r.get(0)).unwrap();
    assert_eq!(totals(&desk, ListName::Accounts, "00012").count, numbered);
}

/// What a list counts without reading its rows is what counting them gives: a term that stands twice is
/// counted.
#[test]
fn what_is_kept_is_what_is_counted() {
    let desk = Desk::open(100, 30);
    let mut seen = 0;
    for (list, kept, counted) in [
        (ListName::Invoices, "", "total>=-99999999 total>=-99999999"),
        (ListName::Invoices, "status:posted", "status:posted status:posted"),
        (ListName::Invoices, "status:canceled", "status:canceled status:canceled"),
        (ListName::Invoices, "status:draft", "status:draft status:draft"),
        (ListName::Failed, "", "balance>0 balance>0"),
        (ListName::Failed, "status:failed", "status:failed status:failed"),
        (ListName::Deliveries, "", "total>=-99999999 total>=-99999999"),
        (ListName::Deliveries, "status:sent", "status:sent status:sent"),
    ] {
        let Ok(counted) = Filter::parse(counted) else { panic!("{counted}") };
        let query = Query::Totals(list, counted).into();
        let Ok(Answer::Totals(counted)) = ask(&desk.session, &query) else {
            panic!("{list:?} {kept:?}")
        };
        assert_eq!(totals(&desk, list, kept), counted, "{list:?} {kept:?}");
        seen += counted.count;
    }
    assert!(seen > 500, "{seen}");
}

#[test]
fn what_is_offered_is_understood_and_leaves_as_many_rows_as_it_says() {
    let desk = Desk::open(100, 30);
    let mut counted = 0;
    for list in LISTS {
        let fields = fitting(&desk, list, None);
        assert!(fields.len() > 2, "{list:?}");
        for field in fields {
            let name = field.term.trim_end_matches([':', '>']);
            let of = Field::parse(name).unwrap_or_else(|| panic!("{name}"));
            for Fit { term, count } in fitting(&desk, list, Some(of)) {
                let found = totals(&desk, list, &term);
                if let Some(count) = count {
                    assert!(count > 0, "{list:?} {term}");
                    assert_eq!(found.count, count, "{list:?} {term}");
                    counted += 1;
                }
            }
        }
    }
    assert!(counted > 40, "{counted}");
}

#[test]
fn a_term_is_completed_with_how_many_rows_it_leaves_under_what_stands_before_it() {
    let mut desk = Desk::open(80, 24);
    desk.press("3fffffff/").shows("total>  balance>  flag:  status:");
    let posted = totals(&desk, ListName::Invoices, "status:posted").count;
    assert!(posted > 0);
    desk.press("sta<Tab>").shows("/status:");
    desk.press("<Tab>").shows("/status:Posted").shows(&format!("Posted {posted}"));
    // Its neighbour, and back.
    desk.press("<Tab>").shows("/status:Draft");
    desk.press("<BTab>").shows("/status:Posted");
    // What stands before narrows what is counted.
    let eur = totals(&desk, ListName::Invoices, "status:posted currency:EUR").count;
    desk.press(" curr<Tab><Tab>").shows("currency:EUR").shows(&format!("EUR {eur}"));
    desk.press("<Enter>").shows("[all] /status:Posted currency:EUR");
    // Turned round, and nothing that is no term.
    desk.press("/-fl<Tab>").shows("/-flag:");
    desk.press("<Esc>/<C-u>gmb<Tab>q").shows("/gmbq");
    desk.press("<Bksp>").shows("/gmb");
    assert!(!desk.picture().contains("Tab  "), "{}", desk.picture());
}

#[test]
fn tabs_tell_how_much_each_shows_and_saved_ones_with_their_money() {
    let mut desk = Desk::open(140, 40);
    let count = |desk: &Desk, text: &str| totals(desk, ListName::Invoices, text).count;
    let flagged = count(&desk, "status:draft review:none flag:any");
    desk.press("3").shows(&format!("flagged {flagged}  sample"));
    desk.press("/total>1000<Enter>Flarge<C-s>");
    let large = totals(&desk, ListName::Invoices, "status:draft review:none total>1000");
    desk.press("<Esc>").shows(&format!("large {}", large.count));
    let sum = large.money.to_string();
    desk.press("F").shows("Filters").shows("large").shows(&sum);
    // Each line goes there; the counts follow what is done.
    desk.press("2").shows("[flagged]");
    desk.press("3a<Esc>").shows(&format!("flagged {}", flagged - 1));
    // A narrow screen has the next and the saved one.
    let mut narrow = Desk::at(desk.session.store.path(), 80, 24);
    narrow.press("3").shows("[to check]  flagged");
    narrow.press("/total>1000<Enter>").shows("[to check] /total>1000");
}

#[test]
fn a_saved_filter_is_called_like_no_ready_one() {
    let mut desk = Desk::open(80, 24);
    desk.press("3/total>1000<Enter>FTo Check<C-s>");
    desk.shows("To Check is a ready filter of this list: another name");
    desk.press("<C-u>large<C-s><Esc>F").shows("a large");
}

#[test]
fn a_saved_filter_is_dropped_after_a_question() {
    let mut desk = Desk::open(80, 24);
    desk.press("3/total>1000<Enter>Flarge<C-s>").press("<Esc>Fa").shows("[large]");
    desk.press("FD").shows("y/n  Drop the filter large, for everybody?");
    desk.press("n").shows("[large]");
    desk.press("FDy").shows("filter large dropped").shows("[to check]");
    assert!(!desk.press("F").picture().contains("large"), "{}", desk.picture());
    desk.press("<Esc>7").shows("dropped from invoices, was [to check]: total>1000");
}

#[test]
fn columns_are_chosen_moved_and_widened_and_stay_so() {
    let mut desk = Desk::open(100, 30);
    let heading = |desk: &Desk| {
        let line = desk.picture().lines().nth(2).unwrap().to_owned();
        line.split_whitespace().map(str::to_owned).collect::<Vec<_>>().join(" ")
    };
    desk.press("3");
    let made = "ACCOUNT CUSTOMER NUMBER INVOICED TOTAL ST FLAGS";
    assert_eq!(heading(&desk), made);
    // The cell whole, whatever room it has in the list.
    desk.press("|").shows("Columns").shows("[x] FLAGS").shows("[ ] DUE");
    // INVOICED goes, DUE comes and moves up to the top.
    desk.press("jjj jjjj ").shows("[ ] INVOICED").shows("[x] DUE");
    desk.press("KKKKKKK<Esc>");
    assert_eq!(heading(&desk), "DUE ACCOUNT CUSTOMER NUMBER TOTAL ST FLAGS");
    // Narrow: the last goes first, an amount never.
    desk.press("|jj++++<Esc>");
    let state = session(&mut desk);
    let mut again = Desk::at(desk.session.store.path(), 70, 20);
    again.login(&state).press("<Esc>3");
    let kept = heading(&again);
    assert!(kept.starts_with("DUE ACCOUNT CUSTOMER") && kept.contains("TOTAL"), "{kept}");
    assert!(!kept.contains("FLAGS"), "{kept}");
    // What a clerk chose besides goes last, and what has no room is named.
    let mut narrow = Desk::open(80, 24);
    narrow.press("3|GGKKKKKK ").shows("no room here for");
    narrow.press("<Esc>");
    assert!(heading(&narrow).contains("E-MAIL"), "{}", narrow.picture());
    narrow.press("|").shows("(no room here)");
    // As made.
    desk.press("|0");
    assert_eq!(heading(&desk), made);
    // One is always left.
    desk.press("| j j j j j j <Esc>");
    assert_eq!(heading(&desk), "FLAGS");
}

/// What the console keeps of itself.
fn session(desk: &mut Desk) -> String {
    match desk.app.session() {
        Some(Effect::Commit { command, .. }) => match *command {
            daybook::engine::command::Command::SaveSession { state } => state,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_list_goes_by_each_of_its_orders_both_ways() {
    let mut desk = Desk::open(140, 40);
    let rows = |desk: &Desk| {
        let picture = desk.picture();
        let rows = picture.lines().skip(3).take(12).map(|line| line.chars().skip(3).take(9));
        rows.map(Iterator::collect::<String>).collect::<Vec<_>>()
    };
    desk.press("3ffffffs3").shows("sort account");
    let up = rows(&desk);
    assert!(up.is_sorted(), "{up:?}");
    desk.press("s").shows("again: the other way round");
    desk.press("3").shows("sort account reversed");
    let down = rows(&desk);
    assert!(down.iter().rev().is_sorted() && down != up, "{down:?}");
    // To the end and back: each row once, in the other order too.
    desk.press("G").press("g");
    assert_eq!(rows(&desk), down);
    // A column goes by its order, too, and it is kept.
    desk.press("|js<Esc>").shows("sort customer");
    desk.press("|js").press("<Esc>").shows("sort customer reversed");
    let state = session(&mut desk);
    assert!(state.contains("customer reversed"), "{state}");
}

#[test]
fn tags_find_drafts_again_and_say_nothing_else_of_them() {
    let mut desk = Desk::open(140, 40);
    let tagged =
        |desk: &Desk, tag: &str| totals(desk, ListName::Invoices, &format!("tag:{tag}")).count;
    desk.press("3").press("   tLate, vip<Enter>").shows("tagged 3");
    assert_eq!((tagged(&desk, "late"), tagged(&desk, "VIP"), tagged(&desk, "lat")), (3, 3, 0));
    // One step takes all of it back, and again.
    desk.press("uy");
    assert_eq!(tagged(&desk, "late"), 0);
    desk.press("<C-r>y");
    assert_eq!(tagged(&desk, "late"), 3);
    // What was accepted stays so; what is put on after it stays when that is undone.
    desk.press("U/tag:late<Enter>a");
    let accepted = totals(&desk, ListName::Invoices, "review:accepted").count;
    assert_eq!(accepted, 1);
    desk.press("<Esc>ffff").shows("[accepted]").shows("#late #vip");
    desk.press("tseen -late<Enter>").shows("tagged seen -late");
    assert_eq!(totals(&desk, ListName::Invoices, "review:accepted tag:seen").count, 1);
    desk.press("uy");
    assert_eq!(totals(&desk, ListName::Invoices, "review:accepted tag:late").count, 1);
    desk.press("tx<Enter>v1");
    assert_eq!(totals(&desk, ListName::Invoices, "tag:x tag:vip tag:late").count, 1);
    // The history tells it, and what is no tag is refused where it was typed.
    desk.press("F8/tag:x<Enter>H").shows("tags");
    desk.press("<Esc>t").press("no tag!<Enter>").shows("\"tag!\" is no tag");
    desk.press("<C-u>late<Enter>").shows("it has just these tags already");
    let fits = fitting(&desk, ListName::Invoices, Some(Field::Tag));
    let fit = |term: &str| fits.iter().find(|f| f.term == term).and_then(|f| f.count);
    assert_eq!((fit("tag:late"), fit("tag:x"), fit("tag:vip")), (Some(3), Some(1), Some(3)));
}
