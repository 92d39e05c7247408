//! Months that are closed: nobody books in them by any way, only the last one opens again, and what a bank
//! dates there counts on the first open day.

use crate::harness::book::{Book, Ran};
use daybook::domain::actor::{Actor, Role};
use daybook::domain::month::Month;
use daybook::engine::closing;
use daybook::engine::guard::roles;
use daybook::engine::on_its_way::Sure;
use daybook::engine::{Error, Session};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

const LINE: &str = "--add-line '{\"description\":\"x\",\"quantity\":\"1\",\"unit_price\":\"5\"}'";

/// A test book with an account, an invoice of October that is half paid, and October closed.
fn october() -> Book {
    let book = Book::without_clock();
    book.import("accounts.csv", "account_number,name,currency\nA1,One,EUR\n", &[]);
    book.import("taxes.csv", "tax_code,rate_percent\nVAT,19\n", &[]);
    invoice(&book, "2026-10-05").ends(0);
    book.say("payment record --account A1 --amount 60 --date 2026-10-20 --reference a --invoice INV-2026-000001 --now 2026-10-20").ends(0);
    book.say("period close 2026-10 --yes --now 2026-11-01").ends(0);
    book
}

fn invoice(book: &Book, on: &str) -> Ran {
    let line =
        "{\"description\":\"x\",\"quantity\":\"1\",\"unit_price\":\"100\",\"tax_code\":\"VAT\"}";
    let args = ["invoice", "new", "--account", "A1", "--invoice-date", on, "--add-line", line];
    let more = ["--reason", "x", "--json", "--now", on];
    let made = book.run(&[&args[..], &more].concat());
    if made.code != 0 {
        return made;
    }
    let draft = made.json()["id"].as_str().unwrap().to_owned();
    book.run(&["post", "--invoice", &draft, "--now", on])
}

#[track_caller]
fn shut(book: &Book, line: &str) {
    let before = book.dump();
    let ran = book.say(&format!("{line} --json")).ends(2);
    assert!(ran.err.contains("\"period_closed\""), "{line}: {}", ran.err);
    assert!(ran.err.contains("first open day is 2026-11-01"), "{line}: {}", ran.err);
    assert_eq!(before, book.dump(), "{line}");
}

#[test]
fn no_day_that_a_person_gives_lies_in_a_closed_month() {
    let book = october();
    let inv = "INV-2026-000001";
    for line in [
        &format!(
            "invoice new --account A1 --invoice-date 2026-10-31 {LINE} --reason x --now 2026-11-03"
        ),
        "payment record --account A1 --amount 5 --date 2026-10-30 --reference b --now 2026-11-03",
        "payment return P-000001 --date 2026-10-30 --now 2026-11-03",
        "payment chargeback P-000001 --date 2026-10-30 --now 2026-11-03",
        "payment refund P-000001 --amount 5 --date 2026-10-30 --reason x --now 2026-11-03",
        // On a test book the day itself may lie there.
        &format!("write-off {inv} --reason x --yes --now 2026-10-30"),
        &format!("adjust {inv} --amount 5 --reason x --yes --now 2026-10-30"),
        &format!("payment unapply P-000001 --from {inv} --reason x --now 2026-10-30"),
        "bill --target 2026-11-01 --invoice-date 2026-10-31 --now 2026-11-03",
        "bill --target 2026-11-01 --invoice-date 2026-10-31 --dry-run --now 2026-11-03",
    ] {
        shut(&book, line);
    }
    let line = "{\"description\":\"x\",\"quantity\":\"1\",\"unit_price\":\"5\"}";
    let args = ["invoice", "new", "--account", "A1", "--add-line", line, "--reason", "x"];
    let ran = book.run(&[&args[..], &["--json", "--now", "2026-11-03"]].concat()).ends(0);
    let draft = ran.json()["id"].as_str().unwrap().to_owned();
    shut(&book, &format!("post --invoice {draft} --invoice-date 2026-10-31 --now 2026-11-03"));
    shut(
        &book,
        &format!("invoice edit {draft} --set invoice_date=2026-10-31 --reason x --now 2026-11-03"),
    );
    let rows = "document_number,account_number,kind,date,due_date,total,tax,balance\n\
                X-1,A1,invoice,2026-09-01,2026-09-30,10.00,0.00,10.00\n";
    let file = book.file("open_items.csv", rows);
    shut(&book, &format!("import {file} --cutover 2026-10-31 --now 2026-11-03"));
    book.say(&format!("import {file} --cutover 2026-11-01 --now 2026-11-03")).ends(0);
    book.is_sound();
}

#[test]
fn what_a_bank_dates_in_a_closed_month_counts_on_the_first_open_day() {
    let book = october();
    book.say("payment return P-000001 --value-on 2026-10-30 --now 2026-11-03").ends(0);
    let shown = book.say("payment show P-000001 --json").ends(0).json();
    let event = &shown["events"][0];
    assert_eq!((&event["date"], &event["value_on"]), (&"2026-11-01".into(), &"2026-10-30".into()));
    let aging = book.say("report aging --as-of 2026-10-31 --json").ends(0).json();
    assert_eq!(aging["totals"]["EUR"]["receivable"], "59.00");
    let aging = book.say("report aging --as-of 2026-11-01 --json").ends(0).json();
    assert_eq!(aging["totals"]["EUR"]["receivable"], "119.00");
    book.is_sound();
}

#[test]
fn months_close_in_their_order_and_the_last_alone_opens_again() {
    let book = october();
    let refused = |line: &str, code: &str| {
        let ran = book.say(&format!("{line} --json")).ends(2);
        assert!(ran.err.contains(&format!("\"{code}\"")), "{line}: {}", ran.err);
    };
    refused("period close 2026-12 --yes --now 2027-02-01", "not_next");
    refused("period close 2026-10 --yes --now 2027-02-01", "not_next");
    refused("period close 2026-09 --yes --now 2027-02-01", "not_next");
    refused("period close 2026-11 --yes --now 2026-11-30", "not_over");
    // A test book that has no clock plays days in any order, unless one is named; another book does not.
    book.say("clock set 2026-11-30").ends(0);
    refused("period close 2026-11 --yes", "not_over");
    book.say("period close 2026-11 --yes --now 2026-12-01").ends(0);
    refused("period reopen 2026-10 --reason x --now 2026-12-02", "not_last");
    refused("period reopen 2026-12 --reason x --now 2026-12-02", "not_last");
    refused("period reopen 2026-11 --now 2026-12-02", "no_reason");
    book.say("period reopen 2026-11 --reason 'a bill is missing' --now 2026-12-02").ends(0);
    invoice(&book, "2026-11-30").ends(0);
    book.say("period close 2026-11 --yes --now 2026-12-03").ends(0);
    refused("period lock 2026-11 --now 2026-12-03", "needs_yes");
    book.say("period lock 2026-11 --yes --now 2026-12-03").ends(0);
    refused("period reopen 2026-11 --reason x --now 2026-12-03", "locked");
    let shown = book.say("period show 2026-11 --json").ends(0).json();
    assert_eq!((&shown["status"], &shown["entries"]), (&"Locked".into(), &3.into()));
    let steps: Vec<&str> =
        shown["steps"].as_array().unwrap().iter().map(|s| s["step"].as_str().unwrap()).collect();
    assert_eq!(steps, ["close", "reopen", "close", "lock"]);
    assert_eq!(shown["steps"][1]["reason"], "a bill is missing");
    let list = book.say("period list --json --now 2026-12-03").ends(0).json();
    let list: Vec<String> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|p| format!("{} {}", p["period"].as_str().unwrap(), p["status"].as_str().unwrap()))
        .collect();
    assert_eq!(list, ["2026-12 Open", "2026-11 Locked", "2026-10 Closed"]);
    // What was before the first closed month is closed with it.
    shut_before(&book);
    book.is_sound();
}

fn shut_before(book: &Book) {
    let line = format!(
        "invoice new --account A1 --invoice-date 2026-03-31 {LINE} --reason x --now 2026-12-03 --json"
    );
    assert!(book.say(&line).ends(2).err.contains("\"period_closed\""));
}

fn session(book: &Book, uid: u32) -> Session {
    let actor =
        if uid == 0 { daybook::cli::actor() } else { Actor { uid, name: format!("user{uid}") } };
    let mut session = Session::open(&book.path, actor).unwrap();
    session.fixed_now = session
        .now()
        .ok()
        .map(|now| daybook::clock::Now { today: "2026-12-02".parse().unwrap(), ..now });
    session
}

fn four_eyes<T: std::fmt::Debug>(done: Result<T, Error>) {
    let error = done.unwrap_err();
    assert_eq!(error.code(), "four_eyes", "{error}");
}

/// A month is opened again by two; closed by two where more was billed in it than one may post alone.
#[test]
fn a_second_person_confirms_what_opens_a_month_again_and_what_closes_much() {
    let book = october();
    let october = Month::parse("2026-10").unwrap();
    let november = Month::parse("2026-11").unwrap();
    let mut admin = session(&book, 0);
    for uid in [71, 72] {
        roles::grant(&mut admin, uid, Role::Controller).unwrap();
    }
    let (mut mia, mut jon) = (session(&book, 71), session(&book, 72));
    four_eyes(closing::reopen(&mut mia, october, "a bill is missing"));
    four_eyes(closing::reopen(&mut mia, october, "a bill is missing"));
    closing::reopen(&mut jon, october, "so it is").unwrap();
    let steps = closing::show(&jon, october).unwrap().steps;
    let last = steps.last().unwrap();
    assert_eq!((last.user_name.as_str(), last.second_name.as_str()), ("user72", "user71"));
    book.say("settings set four_eyes.above 100").ends(0);
    four_eyes(closing::close(&mut mia, october, Sure::Yes));
    closing::close(&mut jon, october, Sure::Yes).unwrap();
    // Nothing was billed in November.
    closing::close(&mut mia, november, Sure::Yes).unwrap();
    book.is_sound();
}

/// A memo says what its line says, over its own days; posted already, it is posted again without a word.
#[test]
fn a_credit_memo_by_its_lines_is_posted_and_applied_at_once() {
    let book = Book::without_clock();
    book.import("accounts.csv", "account_number,name,currency\nA1,One,EUR\n", &[]);
    book.import("taxes.csv", "tax_code,rate_percent\nVAT,19\n", &[]);
    invoice(&book, "2026-10-05").ends(0);
    let credit = |line: &str, more: &[&str]| {
        let args = ["invoice", "new", "--kind", "credit_memo", "--corrects", "INV-2026-000001"];
        let rest = [
            "--account",
            "A1",
            "--add-line",
            line,
            "--reason",
            "x",
            "--json",
            "--now",
            "2026-10-20",
        ];
        book.run(&[&args[..], &rest, more].concat())
    };
    let line = "{\"description\":\"too much\",\"unit_price\":\"10\",\"service_from\":\"2026-10-01\",\"service_to\":\"2026-10-31\"}";
    let memo = credit(line, &[]).ends(0).json();
    assert_eq!((&memo["total"], &memo["balance"]), (&"-11.90".into(), &"0.00".into()));
    assert_eq!(memo["items"][0]["description"], "too much");
    assert_eq!(memo["items"][0]["service_to"], "2026-10-31");
    book.run(&["post", "--invoice", memo["id"].as_str().unwrap(), "--now", "2026-10-20"]).ends(0);
    let left =
        credit("{\"description\":\"x\",\"unit_price\":\"5\"}", &["--no-apply"]).ends(0).json();
    assert_eq!(left["balance"], "-5.95");
    for (line, code) in [
        ("{\"description\":\"x\",\"unit_price\":\"90\"}", "no_such_line"),
        ("{\"description\":\"x\",\"unit_price\":\"-1\"}", "bad_amount"),
        (
            "{\"description\":\"x\",\"unit_price\":\"1\",\"service_from\":\"2026-10-01\"}",
            "bad_date",
        ),
        ("{\"description\":\"x\",\"unit_price\":\"1\",\"tax_code\":\"OTHER\"}", "no_such_line"),
    ] {
        let ran = credit(line, &[]).ends(2);
        assert!(ran.err.contains(code), "{line}: {}", ran.err);
    }
    book.is_sound();
}

/// The files of a pack, by name.
fn pack(book: &Book, month: &str) -> BTreeMap<String, Vec<u8>> {
    let place = daybook::store::side_directory(&book.path).join("closing").join(month);
    let files = std::fs::read_dir(place).unwrap().map(Result::unwrap);
    files
        .map(|f| (f.file_name().to_string_lossy().into_owned(), std::fs::read(f.path()).unwrap()))
        .collect()
}

#[test]
fn the_pack_of_a_month_is_whole_and_the_same_when_it_is_closed_again() {
    let book = october();
    let first = pack(&book, "2026-10");
    let manifest: Value = serde_json::from_slice(&first["manifest.json"]).unwrap();
    for file in manifest["files"].as_array().unwrap() {
        let bytes = &first[file["file"].as_str().unwrap()];
        let hash: String = Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(file["sha256"], hash, "{file}");
        let rows = csv::Reader::from_reader(&bytes[..]).records().count();
        assert_eq!(file["rows"], rows, "{file}");
    }
    let named = manifest["files"].as_array().unwrap().len();
    assert_eq!(named + 1, first.len());
    for file in ["aging.csv", "aging-rows.csv", "tax.csv", "deferred.csv", "rights.csv"] {
        assert!(first.contains_key(file), "{file}");
    }
    assert!(manifest["ties"].as_array().unwrap().iter().all(|tie| tie["ok"] == true));
    let head = manifest["audit_head"].as_str().unwrap();
    book.run(&["audit", "--verify", "--since", head]).ends(0);
    let rights = String::from_utf8(first["rights.csv"].clone()).unwrap();
    assert!(rights.lines().any(|l| l.contains(",creator,post,yes,2")), "{rights}");
    let text = |name: &str| String::from_utf8(first[name].clone()).unwrap();
    assert!(!text("journal.csv").contains("P-000000"));
    let mut posted = csv::Reader::from_reader(&first["register-rows.csv"][..]);
    let by = posted.headers().unwrap().iter().position(|name| name == "posted_by").unwrap();
    assert!(posted.records().all(|row| !row.unwrap()[by].is_empty()));
    let changes = String::from_utf8(first["changes.csv"].clone()).unwrap();
    assert!(
        changes.contains("119.00 EUR (x)") && changes.contains("60.00 EUR received"),
        "{changes}"
    );
    let settings = String::from_utf8(first["settings.csv"].clone()).unwrap();
    assert!(settings.contains("revenue.recognition,at_posting,no,"), "{settings}");
    // What the book keeps of it.
    let shown = book.say("period show 2026-10 --json").ends(0).json();
    let aging = shown["reports"].as_array().unwrap().iter().find(|r| r["file"] == "aging.csv");
    assert_eq!(aging.unwrap()["totals"]["EUR"]["receivable"], "59.00");
    // A file that somebody changed is named, and what is not as it was sealed is not locked.
    let aging = book.path.with_file_name("book.db.d").join("closing/2026-10/aging.csv");
    let sealed = std::fs::read(&aging).unwrap();
    std::fs::write(&aging, [&sealed[..], b"x"].concat()).unwrap();
    assert!(book.say("period show 2026-10").ends(4).err.contains("aging.csv is changed"));
    assert!(book.say("period lock 2026-10 --yes").ends(2).err.contains("aging.csv is changed"));
    std::fs::remove_file(&aging).unwrap();
    assert!(book.say("period show 2026-10").ends(4).err.contains("aging.csv is missing"));
    std::fs::write(&aging, sealed).unwrap();
    // November goes on; October is as it was.
    invoice(&book, "2026-11-05").ends(0);
    book.say("period reopen 2026-10 --reason x --now 2026-11-06").ends(0);
    book.say("period close 2026-10 --yes --now 2026-11-07").ends(0);
    assert!(first == pack(&book, "2026-10"));
    // What is booked after it was reopened makes another; the first is kept.
    book.say("period reopen 2026-10 --reason x --now 2026-11-08").ends(0);
    invoice(&book, "2026-10-31").ends(0);
    book.say("period close 2026-10 --yes --now 2026-11-09").ends(0);
    assert!(first != pack(&book, "2026-10") && first == pack(&book, "2026-10.1"));
    // What was done by hand later for a day of the month is among its changes.
    book.say("period reopen 2026-10 --reason x --now 2026-11-10").ends(0);
    book.say("payment record --account A1 --amount 1.00 --date 2026-10-30 --reference late --now 2026-11-10").ends(0);
    book.say("period close 2026-10 --yes --now 2026-11-11").ends(0);
    let changes = String::from_utf8(pack(&book, "2026-10")["changes.csv"].clone()).unwrap();
    assert!(changes.contains("1.00 EUR received"), "{changes}");
    // Closed with a later one, it is not told to be open; and what cannot be closed says why.
    book.say("period reopen 2026-10 --reason x --now 2026-12-02").ends(0);
    book.say("period close 2026-11 --yes --now 2026-12-02").ends(0);
    assert_eq!(book.say("period show 2026-10 --json").ends(0).json()["status"], "Closed");
    let dry = book.say("period close 2026-10 --dry-run --json --now 2026-12-02").ends(0).json();
    assert!(dry["closes"] == false && dry["why"].as_str().unwrap().contains("closed"), "{dry}");
    // Ties of one currency are told where it is asked for.
    let aging = book.say("report aging --as-of 2026-10-31 --currency EUR --json").ends(0).json();
    assert!(!aging["ties"].as_array().unwrap().is_empty(), "{aging}");
    book.is_sound();
}

#[test]
fn a_month_is_closed_over_nothing_that_blocks_and_over_warnings_when_asked() {
    let book = october();
    let args = ["invoice", "new", "--account", "A1", "--reason", "x", "--json"];
    let line = "{\"description\":\"x\",\"quantity\":\"1\",\"unit_price\":\"5\"}";
    let made = book.run(&[&args[..], &["--add-line", line, "--now", "2026-11-10"]].concat());
    let draft = made.ends(0).json()["id"].as_str().unwrap().to_owned();
    let close = "period close 2026-11 --now 2026-12-01";
    let refused = book.say(&format!("{close} --yes --json")).ends(2);
    assert!(refused.err.contains("\"period_blocked\"") && refused.err.contains(&draft));
    let left = |line: &str| -> BTreeMap<String, i64> {
        let rows = book.say(line).ends(0).json()["rows"].clone();
        let rows = rows.as_array().unwrap().iter().filter(|row| row["count"] != 0);
        rows.map(|r| (r["code"].as_str().unwrap().into(), r["count"].as_i64().unwrap())).collect()
    };
    let before = book.dump();
    let rows = left(&format!("{close} --dry-run --json"));
    assert_eq!(rows, BTreeMap::from([("drafts".to_owned(), 1)]));
    assert_eq!(before, book.dump());
    // Held it warns; so does money that nobody applied.
    book.say(&format!("invoice hold {draft} --reason x --now 2026-11-10")).ends(0);
    book.say(
        "payment record --account A1 --amount 500 --date 2026-11-11 --reference c --now 2026-11-11",
    )
    .ends(0);
    book.say("payment unapply P-000002 --from INV-2026-000001 --reason x --now 2026-11-12").ends(0);
    book.say("bank read-until 2026-11-26 --now 2026-11-26").ends(0);
    let rows = left(&format!("{close} --dry-run --json"));
    let expected = [("bank_unread", 2), ("drafts_held", 1), ("unapplied", 1)];
    assert_eq!(rows, expected.map(|(code, n)| (code.to_owned(), n)).into());
    book.say("bank read-until 2026-11-30 --now 2026-12-01").ends(0);
    let asked = book.say(close).ends(2);
    assert!(asked.err.contains("unapplied") && asked.err.contains("--yes"), "{}", asked.err);
    book.say(&format!("{close} --yes")).ends(0);
    // The draft that was held is posted on another day.
    book.say(&format!("invoice release {draft} --now 2026-12-02")).ends(0);
    shut_in_december(&book, &draft);
    book.is_sound();
}

fn shut_in_december(book: &Book, draft: &str) {
    let ran = book.say(&format!("post --invoice {draft} --json --now 2026-12-02"));
    assert!(ran.out.contains("closed period"), "{}{}", ran.out, ran.err);
    book.say(&format!("post --invoice {draft} --invoice-date 2026-12-02 --now 2026-12-02")).ends(0);
}

/// What drafts hold of January, and what a run would bill, is revenue of January where the book accrues it, and
/// taken back on the first of February; closed again nothing more is booked.
#[test]
fn what_is_delivered_and_not_billed_is_accrued_and_taken_back() {
    let book = crate::harness::day::billed();
    let said = book.say("report unbilled --as-of 2026-01-31 --json").ends(0).json();
    assert_eq!(said["totals"]["EUR"]["unbilled"], "189.00", "{said}");
    assert_eq!(said["totals"]["USD"]["unbilled"], "45.00", "{said}");
    let row = &said["rows"][0];
    assert_eq!((&row["account_number"], &row["service_to"]), (&"A1".into(), &"2026-01-31".into()));
    assert!(row["why"].as_str().unwrap().starts_with("draft D-"), "{row}");
    book.say("settings set unbilled.accrual true").ends(0);
    let close = "period close 2026-01 --yes --now 2026-02-01";
    book.say(close).ends(0);
    let revenue = |period: &str| {
        let said = book.say(&format!("report revenue --period {period} --json")).ends(0).json();
        said["totals"]["EUR"]["revenue"].clone()
    };
    let entries = "SELECT count(*) FROM ledger_entry WHERE account LIKE 'unbilled%'";
    let booked = book.count(entries);
    assert_eq!((revenue("2026-01"), revenue("2026-02")), ("189.00".into(), "-189.00".into()));
    book.say("period reopen 2026-01 --reason x --now 2026-02-01").ends(0);
    book.say(close).ends(0);
    assert_eq!(book.count(entries), booked);
    // Billed, it is revenue of February once; of January it stays what was not billed then.
    book.say("post BR-000001 --now 2026-02-01").ends(0);
    assert_eq!(revenue("2026-02"), "181.00");
    book.say("period reopen 2026-01 --reason x --now 2026-02-02").ends(0);
    book.say("period close 2026-01 --yes --now 2026-02-02").ends(0);
    assert_eq!(book.count(entries), booked);
    let left = "SELECT coalesce(sum(debit_minor - credit_minor), 0) FROM ledger_entry WHERE account LIKE 'unbilled%'";
    assert_eq!(book.count(left), 0);
    book.is_sound();
}

#[test]
fn what_is_released_of_later_months_stays_theirs() {
    let book = october();
    book.say("settings set revenue.recognition service_days").ends(0);
    let line = "'{\"description\":\"annual\",\"quantity\":\"1\",\"unit_price\":\"365.00\",\
        \"service_from\":\"2026-11-01\",\"service_to\":\"2027-10-31\"}'";
    let made = format!(
        "invoice new --account A1 --invoice-date 2026-11-20 --add-line {line} --reason x --json --now 2026-11-20"
    );
    let draft = book.say(&made).ends(0).json()["id"].as_str().unwrap().to_owned();
    book.say(&format!("post --invoice {draft} --now 2026-11-20")).ends(0);
    // On a test book a day to come may be asked for.
    book.say("deferred release --through 2026-12-31 --now 2026-12-01").ends(0);
    let released = |month: &str| {
        book.count(&format!(
            "SELECT coalesce(sum(amount_minor), 0) FROM deferred_release WHERE released_on LIKE '{month}%'"
        ))
    };
    assert_eq!((released("2026-11"), released("2026-12")), (3_000, 3_100));
    book.say("deferred release --through 2026-11-30 --now 2026-12-01").ends(0);
    book.say("deferred release --through 2027-01-31 --now 2026-12-01").ends(0);
    let months = ["2026-11", "2026-12", "2027-01"].map(released);
    assert_eq!(months, [3_000, 3_100, 3_100]);
    book.is_sound();
}
