//! Import through the binary: what is refused leaves the book as it was and says file, line,
//! column and remedy; what goes in is new, changed or the same.

use crate::harness::book::Book;
use serde_json::Value;

const ACCOUNTS: &str =
    "account_number,name,currency,bill_cycle_day\nA1,Acme,EUR,1\nA2,Ünïcode 東京,JPY,31\n";
const SUBSCRIPTIONS: &str = "subscription_number,account_number,start_date\nS1,A1,2026-01-01\n";
const CHARGES: &str = "charge_number,subscription_number,name,type,model,price,billing_period,uom\n\
    C1,S1,Base,recurring,flat,10,month,\nC2,S1,Traffic,usage,per_unit,0.05,month,GB\n";
const USAGE: &str =
    "ACCOUNT_ID,UOM,QTY,STARTDATE,UNIQUE_KEY\nA1,GB,10,2026-01-05,k1\nA1,GB,3,2026-01-06,\n";

fn filled() -> Book {
    let book = Book::new("2026-02-01");
    let files: Vec<String> = [
        ("usage.csv", USAGE),
        ("charges.csv", CHARGES),
        ("subscriptions.csv", SUBSCRIPTIONS),
        ("accounts.csv", ACCOUNTS),
    ]
    .map(|(name, text)| book.file(name, text))
    .to_vec();
    // Given in the wrong order on purpose: files are taken in the order they depend on each other.
    let args: Vec<&str> = ["import"].into_iter().chain(files.iter().map(String::as_str)).collect();
    book.run(&args).ends(0);
    book
}

fn counts(file: &Value) -> [i64; 4] {
    let refused = file["refused"].as_array().unwrap().len() as i64;
    let count = |key: &str| file[key].as_i64().unwrap();
    [count("added"), count("changed"), count("unchanged"), refused]
}

#[test]
fn bad_input_is_named_and_changes_nothing() {
    let book = filled();
    let before = book.dump();
    let accounts = "account_number,name,currency\n";
    let usage = "ACCOUNT_ID,UOM,QTY,STARTDATE\n";
    let subscriptions = "subscription_number,account_number,start_date,end_date\n";
    let long = format!("{accounts}A3,{},EUR\n", "x".repeat(201));
    let cases: Vec<(&str, Vec<u8>, u64, &str)> = vec![
        ("truncated", format!("{usage}A1,GB,1,2026-01-05\nA1,GB,").into(), 3, ""),
        ("cut in a quote", format!("{accounts}A3,\"Acm").into(), 2, ""),
        ("not UTF-8", b"account_number,name,currency\nA3,M\xfcller,EUR\n".to_vec(), 2, "name"),
        ("unknown column", b"account_number,name,currency,shoe\nA3,B,EUR,9\n".to_vec(), 1, "shoe"),
        ("missing column", b"account_number,name\nA3,B\n".to_vec(), 2, "currency"),
        ("missing key", b"name,currency,email\nB,EUR,\n".to_vec(), 1, ""),
        ("usage without day", b"ACCOUNT_ID,UOM,QTY\nA1,GB,1\n".to_vec(), 1, "STARTDATE"),
        ("unknown header", b"a,b,c\n1,2,3\n".to_vec(), 1, ""),
        ("empty", b"".to_vec(), 1, ""),
        ("same key", format!("{accounts}A3,B,EUR\nA3,C,EUR\n").into(), 2, "account_number"),
        ("comma", format!("{usage}A1,GB,\"1,5\",2026-01-05\n").into(), 2, "QTY"),
        ("bare comma", format!("{usage}A1,GB,1,5,2026-01-05\n").into(), 2, ""),
        ("NaN", format!("{usage}A1,GB,NaN,2026-01-05\n").into(), 2, "QTY"),
        ("1e400", format!("{usage}A1,GB,1e400,2026-01-05\n").into(), 2, "QTY"),
        ("02/30", format!("{usage}A1,GB,1,2026-02-30\n").into(), 2, "STARTDATE"),
        ("currency", format!("{accounts}A3,B,XXX\n").into(), 2, "currency"),
        ("changed currency", format!("{accounts}A1,Acme,USD\n").into(), 2, "currency"),
        ("account", format!("{usage}A9,GB,1,2026-01-05\n").into(), 2, "ACCOUNT_ID"),
        ("account of", format!("{subscriptions}S9,A9,2026-01-01,\n").into(), 2, "account_number"),
        (
            "ends early",
            format!("{subscriptions}S9,A1,2026-02-01,2026-01-31\n").into(),
            2,
            "end_date",
        ),
        ("escape", format!("{accounts}A3,\u{1b}]0;x\u{7},EUR\n").into(), 2, "name"),
        ("bidi", format!("{accounts}A3,a\u{202e}b,EUR\n").into(), 2, "name"),
        ("zero width", format!("{accounts}A3,a\u{200d}b,EUR\n").into(), 2, "name"),
        ("over-long", long.into(), 2, "name"),
        ("card", format!("{accounts}A3,4111 1111 1111 1111,EUR\n").into(), 2, "name"),
    ];
    for (what, content, line, column) in cases {
        let file = book.file("bad.csv", &content);
        let ran = book.run(&["import", &file, "--json"]).ends(2);
        let first = ran.json()["files"][0]["refused"][0].clone();
        assert_eq!(
            (first["line"].as_u64(), first["column"].as_str()),
            (Some(line), Some(column)),
            "{what}: {first}"
        );
        assert!(!first["message"].as_str().unwrap().is_empty(), "{what}");
        assert!(!first["hint"].as_str().unwrap().is_empty(), "{what}");
        let error: Value = serde_json::from_str(&ran.err).unwrap();
        assert_eq!(error["error"]["file"], file.as_str(), "{what}");
        assert_eq!(error["error"]["line"], line, "{what}");
        let said = book.run(&["import", &file]).ends(2).err;
        assert!(said.contains(&format!("{file}: line {line}")), "{what}: {said}");
        assert!(
            !said.chars().any(|c| c != '\n' && daybook::domain::text::is_unsafe(c)),
            "{what}: {said:?}"
        );
        assert_eq!(book.dump(), before, "{what}");
    }
    book.run(&["import", "no-such.csv"]).ends(2);
    assert_eq!(book.dump(), before);
}

/// A number that reads like another one makes no second customer who is billed twice.
#[test]
fn numbers_that_read_alike_are_one_and_the_twin_is_named() {
    let book = filled();
    let accounts = "account_number,name,currency\n";
    let subscriptions = "subscription_number,account_number,start_date\n";
    let items = "document_number,account_number,kind,date,due_date,total,tax,balance\n";
    let item = |number: &str| format!("{number},A1,invoice,2026-01-01,2026-01-31,5.00,0.00,5.00\n");
    book.run(&["import", &book.file("items.csv", format!("{items}{}", item("OLD-7")))]).ends(0);
    let before = book.dump();
    let cases = [
        ("account_number", format!("{accounts}A1\u{a0},Acme,EUR\n"), "A1"),
        ("account_number", format!("{accounts}\"=\"\"A1\"\"\",Acme,EUR\n"), "A1"),
        ("account_number", format!("{accounts}a1,Acme,EUR\n"), "A1"),
        ("account_number", format!("{accounts}\u{ff21}1,Acme,EUR\n"), "A1"),
        ("account_number", format!("{accounts}A-9,Acme,EUR\nA\u{2013}9,Acme,EUR\n"), "A-9"),
        ("account_number", format!("{accounts}A\u{a0}9,Acme,EUR\n"), "write A 9"),
        ("account_number", format!("{accounts}\"=\"\"A9\"\"\",Acme,EUR\n"), "write A9"),
        ("subscription_number", format!("{subscriptions}S1\u{a0},A1,2026-01-01\n"), "S1"),
        ("account_number", format!("{subscriptions}S9,a1,2026-01-01\n"), "did you mean A1?"),
        ("charge_number", CHARGES.replace("C1,", "c1,").replace("\nC2", "\nC3"), "C1"),
        ("ACCOUNT_ID", USAGE.replace("A1,GB,3", "A1\u{a0},GB,3"), "did you mean A1?"),
        ("document_number", format!("{items}{}", item("old-7")), "OLD-7"),
        ("document_number", format!("{items}{}{}", item("X1"), item("X1\u{a0}")), "X1"),
    ];
    for (column, content, named) in cases {
        let file = book.file("twin.csv", &content);
        let ran = book.run(&["import", &file, "--json"]).ends(2);
        let first = ran.json()["files"][0]["refused"][0].clone();
        assert_eq!(first["column"], column, "{content}: {first}");
        let said = format!("{} {}", first["message"], first["hint"]);
        assert!(said.contains(named), "{content}: {said}");
        assert_eq!(book.dump(), before, "{content}");
    }
}

#[test]
fn what_a_spreadsheet_leaves_around_a_table_is_no_row() {
    let book = Book::new("2026-02-01");
    let rows = "account_number,name,currency,,\nA1,Acme,EUR,,\n,,,,\n , ,,,\nA2,Beta,EUR\n,,,,\n";
    let report = book.run(&["import", &book.file("a.csv", rows), "--json"]).ends(0).json();
    assert_eq!(counts(&report["files"][0]), [2, 0, 0, 0]);
    for (rows, line) in [
        ("account_number,name,currency,\nA3,Acme,EUR,\nA4,Beta,EUR,stray\n", 3),
        ("account_number,,name,currency\nA3,,Acme,EUR\n", 1),
        ("account_number,name,currency\nA3,Acme\n", 2),
        ("account_number,name,currency,\nA3,Acme,EUR,,\n", 2),
    ] {
        let ran = book.run(&["import", &book.file("b.csv", rows), "--json"]).ends(2);
        assert_eq!(ran.json()["files"][0]["refused"][0]["line"], line, "{rows}");
    }
}

#[test]
fn a_subscription_can_be_withdrawn_before_its_first_day() {
    let book = filled();
    book.run(&["bill", "--target", "2026-02-01"]).ends(0);
    book.run(&["post", "BR-000001"]).ends(0);
    let withdrawn = "subscription_number,end_date\nS1,2025-12-31\n";
    book.run(&["import", &book.file("w.csv", withdrawn)]).ends(0);
    book.run(&["bill", "--target", "2026-03-01"]).ends(0);
    book.run(&["post", "BR-000002"]).ends(0);
    let left =
        "SELECT sum(i.amount_minor) FROM document_item i JOIN document d ON d.id = i.document_id
        JOIN charge c ON c.id = i.charge_id WHERE c.number = 'C1'";
    assert_eq!(book.count(left), 0);
    book.run(&["check"]).ends(0);
}

#[test]
fn an_account_that_is_active_again_says_what_it_back_bills() {
    let book = filled();
    book.run(&["bill", "--target", "2026-02-01"]).ends(0);
    book.run(&["post", "BR-000001"]).ends(0);
    let status = |status: &str| {
        let file = book.file("s.csv", format!("account_number,status\nA1,{status}\n"));
        book.run(&["import", &file, "--json"]).ends(0).json()["files"][0]["back_billing"].clone()
    };
    assert_eq!(status("suspended"), Value::Null);
    let said = status("active");
    assert!(said[0].as_str().unwrap().starts_with("A1 is active again"), "{said}");
    assert!(said[0].as_str().unwrap().contains("billed through 2026-02-28"), "{said}");
}

#[test]
fn the_same_files_twice_change_nothing() {
    let book = filled();
    let before = book.dump();
    for (name, text, rows) in [
        ("accounts.csv", ACCOUNTS, 2),
        ("subscriptions.csv", SUBSCRIPTIONS, 1),
        ("charges.csv", CHARGES, 2),
    ] {
        let (code, file) = book.import(name, text, &[]);
        assert_eq!((code, counts(&file)), (0, [0, 0, rows, 0]), "{name}");
    }
    // The keyed record is known; the keyless one is a probable repeat and keeps the file out.
    let (code, file) = book.import("usage.csv", USAGE, &[]);
    assert_eq!((code, counts(&file)), (2, [0, 0, 1, 1]));
    assert!(file["refused"][0]["hint"].as_str().unwrap().contains("--allow-repeats"));
    assert_eq!(book.dump(), before);
    let (code, file) = book.import("usage.csv", USAGE, &["--allow-repeats"]);
    assert_eq!((code, counts(&file)), (0, [1, 0, 1, 0]));
}

#[test]
fn another_content_is_an_amendment_and_columns_left_out_stay() {
    let book = filled();
    let (code, file) = book.import("a.csv", "account_number,name,currency\nA1,Acme Ltd,EUR\n", &[]);
    assert_eq!((code, counts(&file)), (0, [0, 1, 0, 0]));
    assert_eq!(file["changes"][0]["old"], "Acme");
    assert_eq!(book.count("SELECT count(*) FROM account_version WHERE account_id = 1"), 2);
    let (code, file) = book.import(
        "c.csv",
        "charge_number,subscription_number,name,type,model,price,effective_from\nC1,S1,Base,recurring,flat,12,2026-03-01\n",
        &[],
    );
    assert_eq!((code, counts(&file)), (0, [0, 1, 0, 0]));
    assert_eq!(file["changes"].as_array().unwrap().len(), 1, "{file}");
    assert_eq!(
        book.count(
            "SELECT count(*) FROM charge_version WHERE charge_id = 1 AND billing_period = 'month'"
        ),
        2
    );
    // The first file says again what holds on the first unbilled day: nothing to do.
    let (code, file) = book.import("charges.csv", CHARGES, &[]);
    assert_eq!((code, counts(&file)), (0, [0, 0, 2, 0]));
    // Only the key and what changes: everything else stays.
    let (code, file) = book.import("c.csv", "charge_number,price\nC1,14\n", &[]);
    assert_eq!((code, counts(&file)), (0, [0, 1, 0, 0]), "{file}");
    assert_eq!(file["changes"].as_array().unwrap().len(), 1, "{file}");
    let (code, file) = book.import("s.csv", "subscription_number,end_date\nS1,2026-12-31\n", &[]);
    assert_eq!((code, counts(&file)), (0, [0, 1, 0, 0]), "{file}");
    let (code, file) = book.import("a.csv", "account_number,bill_cycle_day\nA1,15\n", &[]);
    assert_eq!((code, counts(&file)), (0, [0, 1, 0, 0]), "{file}");
    let (code, file) = book.import("c.csv", "charge_number,price\nC9,14\n", &[]);
    assert_eq!((code, file["refused"][0]["column"].as_str()), (2, Some("subscription_number")));
    let usage = "ACCOUNT_ID,UOM,QTY,STARTDATE,UNIQUE_KEY\nA1,GB,11,2026-01-05,k1\n";
    let (code, file) = book.import("u.csv", usage, &[]);
    assert_eq!((code, counts(&file)), (0, [0, 1, 0, 0]));
    assert_eq!(book.count("SELECT quantity = '11' FROM usage WHERE unique_key = 'k1'"), 1);
}

#[test]
fn good_rows_go_in_and_bad_ones_into_the_reject_file() {
    let book = filled();
    let target = book.dir.path().join("bad.csv");
    let text =
        "account_number,name,currency\r\nA3,B,EUR\r\nA4,C,XXX\r\n\r\nA5,D,USD\r\nA6,\"E, F\",eur";
    let (code, file) = book.import("mixed.csv", text, &["--reject-file", target.to_str().unwrap()]);
    assert_eq!((code, counts(&file)), (1, [2, 0, 0, 2]));
    let rejected = std::fs::read_to_string(&target).unwrap();
    assert_eq!(rejected, "account_number,name,currency\nA4,C,XXX\nA6,\"E, F\",eur\n");
    assert_eq!(book.count("SELECT count(*) FROM account"), 4);
    let own = book.file("own.csv", "account_number,name,currency\nA7,B,XXX\n");
    book.run(&["import", &own, "--reject-file", &own]).ends(2);
    // One file in, one not: some went in.
    let good = book.file("good.csv", "account_number,name,currency\nA8,B,EUR\n");
    book.run(&["import", &own, &good]).ends(1);
}

#[test]
fn open_items_become_posted_history_that_can_be_collected() {
    let book = filled();
    let text = "document_number,account_number,kind,date,due_date,total,tax,balance\n\
                OLD-7,A1,invoice,2026-01-10,2026-02-09,119.00,19.00,69.00\n\
                OLD-C,A1,credit_memo,2026-01-12,2026-01-12,20,0,20\n\
                OLD-J,A2,invoice,2026-01-10,2026-02-09,5000,0,5000\n";
    let (code, file) = book.import("open_items.csv", text, &[]);
    assert_eq!((code, counts(&file)), (0, [3, 0, 0, 0]));
    book.run(&["check"]).ends(0);
    let invoices = book.run(&["invoice", "list", "--account", "A1", "--json"]).ends(0).json();
    let old = &invoices[0];
    assert_eq!(
        (&old["number"], &old["total"], &old["balance"]),
        (&"OLD-7".into(), &"119.00".into(), &"69.00".into())
    );
    let before = book.dump();
    let (code, file) = book.import("open_items.csv", text, &[]);
    assert_eq!((code, counts(&file)), (0, [0, 0, 3, 0]));
    let other = text.replace("119.00,19.00,69.00", "119.00,19.00,60.00");
    let (code, file) = book.import("open_items.csv", other, &[]);
    assert_eq!((code, counts(&file)), (2, [0, 0, 2, 1]));
    assert_eq!(file["refused"][0]["column"], "document_number");
    let (code, file) = book.import(
        "open_items.csv",
        text.replace("5000,0,5000", "50.5,0,50.5").replace("OLD-", "NEW-"),
        &[],
    );
    assert_eq!(
        (code, file["refused"][0]["column"].as_str()),
        (2, Some("total")),
        "yen have no cents"
    );
    assert_eq!(book.dump(), before);
}

#[test]
fn the_sample_files_go_in_and_what_will_not_be_billed_is_listed() {
    let book = Book::new("2026-12-01");
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/sample");
    book.run(&["import", sample]).ends(0);
    let before = book.dump();
    book.run(&["import", sample]).ends(0);
    assert_eq!(book.dump(), before);
    let stray =
        "ACCOUNT_ID,UOM,QTY,STARTDATE\nA-143,fax page,3,2026-11-20\nA-139,GB,1,2026-12-01\n";
    assert_eq!(book.import("stray.csv", stray, &[]).0, 0);
    let list = book.run(&["usage", "list", "--pending", "--json"]).ends(0).json();
    assert_eq!(list["billable"], 2, "{list}");
    let why: Vec<(&str, &str)> = list["pending"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| (r["account_number"].as_str().unwrap(), r["reason"].as_str().unwrap()))
        .collect();
    let expected = [
        ("A-139", "its period has not ended by the target date"),
        ("A-143", "no charge with that unit"),
    ];
    assert_eq!(why, expected);
    assert_eq!(
        book.dump(),
        {
            book.run(&["usage", "list"]).ends(0);
            book.dump()
        },
        "a list writes nothing"
    );
}

#[test]
fn a_change_to_many_billed_charges_asks_first() {
    let book = filled();
    let many = |price: &str| {
        let mut text = String::from(
            "charge_number,subscription_number,name,type,model,price,billing_period\n",
        );
        for n in 0..20 {
            text.push_str(&format!("M{n},S1,Many {n},recurring,flat,{price},month\n"));
        }
        text
    };
    assert_eq!(book.import("many.csv", many("5"), &[]).0, 0);
    book.run(&["bill", "--target", "2026-02-01"]).ends(0);
    let before = book.dump();
    let file = book.file("many.csv", many("6"));
    let asked = book.run(&["import", &file, "--json"]).ends(2);
    assert!(asked.err.contains("needs_yes") && asked.err.contains("20 of"), "{}", asked.err);
    assert_eq!(book.dump(), before);
    book.run(&["import", &file, "--yes"]).ends(0);
    // The draft was rated from the old price: it says so and does not post.
    let drafts = book.run(&["invoice", "list", "--status", "draft", "--json"]).ends(0).json();
    let flags = drafts[0]["flags"].as_array().unwrap();
    assert!(flags.iter().any(|f| f["code"] == "stale"), "{flags:?}");
    let posted = book.run(&["post", "BR-1", "--json"]).json();
    assert_eq!(posted["posted"], 0, "{posted}");
    // Usage of a day that is on the draft already makes it stale too; usage once posted stays.
    let late = "ACCOUNT_ID,UOM,QTY,STARTDATE,UNIQUE_KEY\nA1,GB,7,2026-01-09,k9\n";
    assert_eq!(book.import("late.csv", late, &[]).0, 0);
    let stale = book.run(&["invoice", "list", "--json"]).ends(0).json()[0]["flags"].to_string();
    assert!(stale.contains("7 GB"), "{stale}");
}

#[test]
fn usage_on_a_posted_invoice_is_never_changed() {
    let book = filled();
    book.run(&["bill", "--target", "2026-02-01"]).ends(0);
    book.run(&["post", "BR-1"]).ends(0);
    let before = book.dump();
    let changed = "ACCOUNT_ID,UOM,QTY,STARTDATE,UNIQUE_KEY\nA1,GB,11,2026-01-05,k1\n";
    let (code, file) = book.import("u.csv", changed, &[]);
    assert_eq!((code, counts(&file)), (2, [0, 0, 0, 1]));
    assert!(file["refused"][0]["message"].as_str().unwrap().contains("INV-2026-000001"), "{file}");
    assert_eq!(book.dump(), before);
}

#[test]
fn a_hundred_thousand_rows_of_garbage_never_panic() {
    let book = Book::new("2026-02-01");
    let mut state = 7_u64;
    let mut bytes = b"ACCOUNT_ID,UOM,QTY,STARTDATE\n".to_vec();
    for _ in 0..200_000 {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        bytes.push((state >> 56) as u8);
    }
    let file = book.file("garbage.csv", &bytes);
    let ran = book.run(&["import", &file]).ends(2);
    assert!(ran.err.contains("garbage.csv"));
}
