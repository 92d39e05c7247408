//! A withdrawn currency is moved into the one that took its place, once: accounts, prices, what is open.
//! Posted documents stay as they are, and nothing billed in the old one is ever given back one for one.

use crate::harness::book::{Book, Ran, daybook};
use crate::harness::crash::{copy, rows};
use crate::harness::desk::Desk;
use crate::harness::faults::has;
use daybook::domain::actor::Actor;
use daybook::engine::Session;
use daybook::engine::care::convert::{self, Asked, Outcome};
use serde_json::{Value, json};

const CONVERT: [&str; 7] =
    ["currency", "convert", "BGN", "EUR", "--rate", "1.95583", "--on=2026-01-01"];

fn import(book: &Book, files: &[(&str, &str)]) {
    let files: Vec<String> = files.iter().map(|(name, text)| book.file(name, text)).collect();
    let args: Vec<&str> = ["import"].into_iter().chain(files.iter().map(String::as_str)).collect();
    book.run(&args).ends(0);
}

/// Three accounts in levs, billed in advance for January in December, and one in euros.
fn levs(extra: &str) -> Book {
    let book = Book::new("2025-12-20");
    let charges = format!(
        "charge_number,subscription_number,name,type,model,price,quantity,uom,billing_period,timing,tiers,tax_code,billed_through\n\
         C1,S1,Licence,recurring,flat,195.58,1,,month,advance,,VAT,2025-12-31\n\
         C2,S2,Seats,recurring,per_unit,10,3,,month,advance,,VAT,2025-12-31\n\
         C3,S3,Calls,usage,tiered,0,1,call,month,arrears,0-10@1+2;11-@0.05,VAT,\n\
         C4,S4,Licence,recurring,flat,10,1,,month,advance,,VAT,2025-12-31\n{extra}"
    );
    import(
        &book,
        &[
            ("taxes.csv", "tax_code,rate_percent\nVAT,20\n"),
            (
                "accounts.csv",
                "account_number,name,currency,auto_pay\nA1,Acme,BGN,true\nA2,Beta,BGN,false\nA3,Gama,BGN,false\nA4,Delta,EUR,false\n",
            ),
            (
                "subscriptions.csv",
                "subscription_number,account_number,start_date\nS1,A1,2025-12-01\nS2,A2,2025-12-01\nS3,A3,2025-11-01\nS4,A4,2025-12-01\n",
            ),
            ("charges.csv", &charges),
            ("methods.csv", "account_number,token,kind,display\nA1,ok,card,visa\n"),
            (
                "usage.csv",
                "ACCOUNT_ID,UOM,QTY,STARTDATE,UNIQUE_KEY\nA3,call,20,2025-11-10,u1\nA3,call,20,2025-12-10,u2\n",
            ),
        ],
    );
    book.run(&["bill", "--target", "2026-01-01", "--invoice-date", "2025-12-20"]).ends(0);
    book.run(&["post", "BR-000001"]).ends(0);
    book
}

/// The same on the second day of the new currency, converted.
fn euros(extra: &str) -> Book {
    let book = levs(extra);
    book.run(&["clock", "set", "2026-01-02"]).ends(0);
    convert(&book).ends(0);
    book
}

fn convert(book: &Book) -> Ran {
    book.run(&[&CONVERT[..], &["--yes"]].concat())
}

fn sums(answer: &Value) -> Vec<(i64, String, String, String)> {
    let text = |v: &Value| v.as_str().unwrap().to_owned();
    let rows = answer["sums"].as_array().unwrap();
    let row = |s: &Value| {
        (s["count"].as_i64().unwrap(), text(&s["before"]), text(&s["after"]), text(&s["rounding"]))
    };
    rows.iter().map(row).collect()
}

/// By account and currency: what the ledger says is owed, less what is to its credit.
fn ledger(book: &Book, account: &str, currency: &str) -> i64 {
    book.count(&format!(
        "SELECT coalesce(sum(debit_minor - credit_minor), 0) FROM ledger_entry e JOIN account a ON a.id = e.account_id
         WHERE a.number = '{account}' AND e.currency = '{currency}' AND e.account IN ('receivable', 'credit')"
    ))
}

fn documents(book: &Book, verb: &str, account: &str) -> Vec<(String, String, String, String)> {
    let list = book.run(&[verb, "list", "--account", account, "--json"]).ends(0).json();
    let text = |v: &Value| v.as_str().unwrap_or("draft").to_owned();
    let row = |d: &Value| {
        (text(&d["number"]), text(&d["currency"]), text(&d["total"]), text(&d["balance"]))
    };
    let mut rows: Vec<_> = list.as_array().unwrap().iter().map(row).collect();
    rows.sort();
    rows
}

fn row(
    number: &str,
    currency: &str,
    total: &str,
    balance: &str,
) -> (String, String, String, String) {
    (number.to_owned(), currency.to_owned(), total.to_owned(), balance.to_owned())
}

#[test]
fn accounts_prices_and_open_items_move_once_and_their_sums_tie() {
    let book = levs("");
    book.run(&["clock", "set", "2025-12-28"]).ends(0);
    // A credit that is left, and money that is.
    book.run(&[
        "payment",
        "record",
        "--account",
        "A2",
        "--amount",
        "50",
        "--date",
        "2025-12-28",
        "--reference",
        "R1",
    ])
    .ends(0);
    book.run(&["clock", "set", "2026-01-02"]).ends(0);
    let before = book.dump();
    let plan = book.run(&[&CONVERT[..], &["--dry-run", "--json"]].concat()).ends(0).json();
    assert_eq!((&plan["accounts"], &plan["charges"]), (&json!(3), &json!(3)), "{plan}");
    assert_eq!(plan["in_the_way"], json!([]));
    // 234.70 of A1, 30.00 of A3; 36.00 of A2 are paid, and 14.00 are over.
    assert_eq!(
        sums(&plan),
        [
            (2, "264.70".into(), "135.34".into(), "0.00".into()),
            (0, "0.00".into(), "0.00".into(), "0.00".into()),
            (1, "14.00".into(), "7.16".into(), "0.00".into()),
        ]
    );
    book.run(&CONVERT).ends(2);
    assert_eq!(book.dump(), before, "a dry run and a question change nothing");
    let done = book.run(&[&CONVERT[..], &["--yes", "--json"]].concat()).ends(0).json();
    assert_eq!(sums(&done), sums(&plan));
    book.is_sound();
    assert_eq!(
        documents(&book, "invoice", "A1"),
        [
            row("INV-2025-000001", "BGN", "234.70", "0.00"),
            row("INV-2025-000001-EUR", "EUR", "120.00", "120.00"),
        ]
    );
    for (account, currency, owed) in [
        ("A1", "BGN", 0),
        ("A1", "EUR", 12_000),
        ("A2", "BGN", 0),
        ("A2", "EUR", -716),
        ("A4", "EUR", 1200),
    ] {
        assert_eq!(ledger(&book, account, currency), owed, "{account} {currency}");
    }
    let price = |charge: &str| {
        book.count(&format!(
            "SELECT CAST(round(v.price * 1000000) AS INTEGER) FROM charge_version v JOIN charge c ON c.id = v.charge_id WHERE c.number = '{charge}'"
        ))
    };
    assert_eq!((price("C1"), price("C2"), price("C4")), (100_000_000, 5_112_919, 10_000_000));
    let tiers =
        "SELECT count(*) FROM charge_version WHERE tiers = '0-10@0.511292+1.02;11-@0.025565'";
    assert_eq!(book.count(tiers), 1);
    // The copy is the book as it was.
    let was = book.dir.path().join("was.db");
    daybook(&was, &["restore", done["copy"].as_str().unwrap()]).ends(0);
    assert_eq!(rows(&was, "SELECT currency, count(*) FROM account GROUP BY 1").len(), 2);
    assert_eq!(rows(&was, "SELECT 1 FROM carried").len(), 0);
    // Twice.
    let after = book.dump();
    let again = book.run(&[&CONVERT[..], &["--yes", "--json"]].concat()).ends(0).json();
    assert_eq!(again["already"], json!(true));
    assert_eq!(book.dump(), after);
    let other_day =
        ["currency", "convert", "BGN", "EUR", "--rate", "1.95583", "--on", "2026-01-02", "--yes"];
    assert!(book.run(&other_day).ends(2).err.contains("converted already"));
}

#[test]
fn what_cannot_be_converted_is_refused_by_name() {
    let book = levs("");
    book.run(&["clock", "set", "2026-01-02"]).ends(0);
    for (args, why) in [
        (["BGX", "EUR", "1.95583", "2026-01-01"], "BGX"),
        (["BGN", "XXX", "1.95583", "2026-01-01"], "XXX"),
        (["BGN", "BGN", "1.95583", "2026-01-01"], "already"),
        (["EUR", "USD", "1.1", "2026-01-01"], "EUR is not withdrawn"),
        (["VES", "USD", "1.1", "2026-01-01"], "VES is not withdrawn"),
        (["BGN", "USD", "1.95583", "2026-01-01"], "did not become USD"),
        (["BGN", "HRK", "1.95583", "2026-01-01"], "HRK is withdrawn"),
        (["BGN", "EUR", "0", "2026-01-01"], "above zero"),
        (["BGN", "EUR", "-1.95583", "2026-01-01"], "above zero"),
        (["BGN", "EUR", "1,95583", "2026-01-01"], "no rate"),
        (["BGN", "EUR", "1.95584", "2026-01-01"], "it is fixed: 1.95583"),
        (["BGN", "EUR", "0.51129", "2026-01-01"], "it is fixed: 1.95583"),
        (["BGN", "EUR", "1.955830000000000", "2026-01-01"], "digits"),
        (["BGN", "EUR", "1.95583", "2026-01-03"], "2026-01-03"),
        (["BGN", "EUR", "1.95583", "2025-12-31"], "2025-12-31"),
        (["BGN", "EUR", "1.95583", "1026-01-01"], "1026-01-01"),
        (["HRK", "EUR", "7.53450", "2026-01-01"], "no account is in HRK"),
    ] {
        let [from, to, rate, on] = args;
        let before = book.dump();
        let said = book
            .run(&["currency", "convert", from, to, &format!("--rate={rate}"), "--on", on, "--yes"])
            .ends(2)
            .err;
        assert!(said.contains(why), "{args:?}: {said}");
        assert_eq!(book.dump(), before);
    }
}

#[test]
fn drafts_runs_and_payments_on_their_way_are_named() {
    let book = levs("");
    book.run(&["clock", "set", "2025-12-28"]).ends(0);
    let line = r#"{"description":"Help","quantity":"1","unit_price":"5"}"#;
    let new = ["invoice", "new", "--account", "A2", "--add-line", line, "--reason", "t"];
    book.run(&new).ends(0);
    book.run(&["clock", "set", "2026-01-02"]).ends(0);
    let said = convert(&book).ends(2).err;
    assert!(said.contains("of A2 is in BGN"), "{said}");
    let draft = said.split("draft ").nth(1).unwrap().split(' ').next().unwrap().to_owned();
    book.run(&["invoice", "cancel", &draft, "--reason", "t"]).ends(0);
    convert(&book).ends(0);
    // Made anew, it is in the new one; nothing brings the old draft back.
    book.run(&new).ends(0);
    book.run(&["undo"]);
    assert_eq!(
        book.count("SELECT count(*) FROM document WHERE status = 'Draft' AND currency = 'BGN'"),
        0
    );
    assert_eq!(
        book.count("SELECT count(*) FROM document WHERE status = 'Draft' AND currency = 'EUR'"),
        1
    );
    book.is_sound();
}

/// Bills to the end of January on a day, posts, and gives the new documents.
fn bill(book: &Book, day: &str) -> Vec<Value> {
    book.run(&["clock", "set", day]).ends(0);
    let run = book.run(&["bill", "--target", "2026-01-31", "--json"]).ends(0).json();
    let run = run["run"].as_str().unwrap().to_owned();
    let of = |verb: &str| {
        book.run(&[verb, "list", "--run", &run, "--json"])
            .ends(0)
            .json()
            .as_array()
            .unwrap()
            .clone()
    };
    let mut all = of("invoice");
    all.extend(of("memo"));
    all.sort_by_key(|d| d["id"].as_str().unwrap().to_owned());
    all.dedup();
    book.run(&["post", &run]);
    book.is_sound();
    all
}

/// Of an account's document in a run: its currency, its lines (without tax), its total.
fn billed(all: &[Value], account: &str) -> (String, Vec<String>, String) {
    let mut of = all.iter().filter(|d| d["account_number"] == account);
    let d = of.next().unwrap_or_else(|| panic!("{account}: {all:?}"));
    assert!(of.next().is_none(), "one document: {all:?}");
    let text = |v: &Value| v.as_str().unwrap().to_owned();
    let lines = d["items"].as_array().unwrap().iter().map(|i| text(&i["amount"])).collect();
    (text(&d["currency"]), lines, text(&d["total"]))
}

fn euro(lines: &[&str], total: &str) -> (String, Vec<String>, String) {
    ("EUR".to_owned(), lines.iter().map(|l| (*l).to_owned()).collect(), total.to_owned())
}

#[test]
fn a_period_billed_in_levs_is_given_back_in_euros_at_the_rate() {
    let book = euros("");
    // It ends within January, which was billed in December: 195.58 less 15 days of 31.
    import(&book, &[("end.csv", "subscription_number,end_date\nS1,2026-01-15\n")]);
    let all = bill(&book, "2026-01-20");
    assert_eq!(billed(&all, "A1"), euro(&["-51.61"], "-61.93"));
    let memo = all.iter().find(|d| d["account_number"] == "A1").unwrap();
    let words = memo["items"][0]["description"].as_str().unwrap();
    assert_eq!(words, "Credit: Licence (billed in BGN, 1.95583 BGN for 1 EUR)");
    // Of the line it gives back what that is worth, so that the rest is what is left of it.
    assert_eq!(
        book.count("SELECT corrects_minor FROM document_item WHERE amount_minor = -5161"),
        -10_094
    );
    // Nothing else of January, and nothing again.
    assert!(
        all.iter().all(|d| d["account_number"] != "A2" && d["account_number"] != "A4"),
        "{all:?}"
    );
    assert!(bill(&book, "2026-01-21").is_empty());
    // A credit first, then the card: in euros.
    let run = book.run(&["collect", "--target", "2026-01-31", "--json"]).ends(0).json();
    assert_eq!(
        (&run["approved"], &run["credits_applied"]),
        (&json!(1), &json!({"EUR": "61.93"})),
        "{run}"
    );
    // The rest of the old invoice, in its own currency, on top of what the run gave back in euros.
    book.run(&["adjust", "INV-2025-000001", "--whole", "--reason", "t"]).ends(0);
    book.is_sound();
    let memos = documents(&book, "memo", "A1");
    assert_eq!(memos[1].1, "BGN");
    let given: i64 = book.count("SELECT sum(coalesce(x.corrects_minor, x.amount_minor)) FROM document_item x WHERE x.corrects_item_id IS NOT NULL");
    assert_eq!((given, memos[1].2.as_str()), (-19_558, "-113.58"), "{memos:?}");
    let paid = book.run(&["payment", "list", "--json"]).ends(0).json();
    assert_eq!(
        (&paid[0]["amount"], &paid[0]["currency"]),
        (&json!("58.07"), &json!("EUR")),
        "{paid}"
    );
    book.is_sound();
}

#[test]
fn all_of_a_line_is_given_back_to_the_last_unit() {
    let book = euros("");
    import(&book, &[("end.csv", "subscription_number,end_date\nS1,2025-11-30\nS2,2025-11-30\n")]);
    let all = bill(&book, "2026-01-20");
    assert_eq!(billed(&all, "A1"), euro(&["-100.00"], "-120.00"));
    assert_eq!(billed(&all, "A2"), euro(&["-15.34"], "-18.41"));
    let left = "SELECT sum(i.amount_minor + x.corrects_minor) FROM document_item x JOIN document_item i ON i.id = x.corrects_item_id";
    assert_eq!(book.count(left), 0);
}

#[test]
fn a_price_changed_before_the_day_is_settled_in_euros() {
    let book = euros("");
    let text = "charge_number,price,effective_from\nC1,110,2026-01-01\n";
    import(&book, &[("price.csv", text)]);
    assert_eq!(billed(&bill(&book, "2026-01-20"), "A1"), euro(&["-100.00", "110.00"], "12.00"));
}

#[test]
fn a_discount_of_levs_is_taken_back_at_the_rate() {
    let book = euros("C5,S1,Off,recurring,discount_percent,10,1,,month,advance,,VAT,2025-12-31\n");
    assert_eq!(documents(&book, "invoice", "A1")[0].2, "211.22");
    import(&book, &[("end.csv", "subscription_number,end_date\nS1,2026-01-15\n")]);
    let (currency, lines, _) = billed(&bill(&book, "2026-01-20"), "A1");
    assert_eq!((currency.as_str(), lines), ("EUR", vec!["-51.61".to_owned(), "5.16".to_owned()]));
}

#[test]
fn a_file_from_before_brings_no_old_price_back() {
    let book = euros("");
    for old in ["charge_number,price\nC1,195.58\n", "charge_number,tiers\nC3,0-10@1+2;11-@0.05\n"] {
        let (code, file) = book.import("old.csv", old, &[]);
        assert_eq!(code, 2, "{file}");
        let why = file["refused"][0]["message"].as_str().unwrap();
        assert_eq!(why, "is what it cost in BGN; the account is in EUR since");
    }
    let (code, _) = book.import("a.csv", "account_number,currency\nA1,BGN\n", &[]);
    assert_eq!(code, 2);
    for new in [
        "charge_number,price\nC1,100\n",
        "charge_number,price\nC1,105\n",
        "charge_number,price,effective_from\nC1,195.58,2026-03-01\n",
    ] {
        import(&book, &[("new.csv", new)]);
    }
    book.is_sound();
}

#[test]
fn usage_is_rated_in_euros_and_late_usage_pays_the_difference() {
    let book = euros("");
    book.run(&["settings", "set", "usage.late", "next_run"]).ends(0);
    // November was billed in levs: 10 at 1, a fee of 2, 10 at 0.05. Ten more come late.
    import(
        &book,
        &[("late.csv", "ACCOUNT_ID,UOM,QTY,STARTDATE,UNIQUE_KEY\nA3,call,10,2025-11-20,u3\n")],
    );
    let (currency, lines, _) = billed(&bill(&book, "2026-01-02"), "A3");
    assert_eq!((currency.as_str(), lines), ("EUR", vec!["0.25".to_owned()]));
    let january = "ACCOUNT_ID,UOM,QTY,STARTDATE,UNIQUE_KEY\nA3,call,20,2026-01-10,u4\n";
    import(&book, &[("january.csv", january)]);
    book.run(&["bill", "--target", "2026-02-01", "--account", "A3"]).ends(0);
    let drafts = documents(&book, "invoice", "A3");
    assert_eq!(
        drafts[3],
        row("draft", "EUR", "7.67", "0.00"),
        "10 at 0.511292, 1.02, 10 at 0.025565"
    );
}

#[test]
fn an_old_invoice_is_corrected_as_it_was_billed_and_the_credit_is_carried_over() {
    let book = euros("");
    let refused =
        book.run(&["adjust", "INV-2025-000001-EUR", "--amount", "1", "--reason", "t"]).ends(2);
    assert!(
        refused.err.contains("carries over what was open on INV-2025-000001"),
        "{}",
        refused.err
    );
    book.run(&["reverse", "INV-2025-000001-EUR", "--reason", "t"]).ends(2);
    book.run(&["adjust", "INV-2025-000001", "--amount", "19.56", "--reason", "t"]).ends(0);
    book.is_sound();
    let memos = documents(&book, "memo", "A1");
    assert_eq!(
        memos,
        [
            row("CM-2026-000001", "BGN", "-19.56", "0.00"),
            row("CM-2026-000001-EUR", "EUR", "-10.00", "0.00"),
        ]
    );
    let invoices = || documents(&book, "invoice", "A1");
    assert_eq!(invoices()[1], row("INV-2025-000001-EUR", "EUR", "120.00", "110.00"));
    // What is left of the invoice in levs, and no more.
    book.run(&["adjust", "INV-2025-000001", "--amount", "215.15", "--reason", "t"]).ends(2);
    book.run(&["adjust", "INV-2025-000001", "--whole", "--reason", "t"]).ends(0);
    book.is_sound();
    assert_eq!(invoices()[1], row("INV-2025-000001-EUR", "EUR", "120.00", "0.00"));
    assert_eq!(ledger(&book, "A1", "BGN"), 0);
    assert_eq!(ledger(&book, "A1", "EUR"), 0);
}

#[test]
fn a_document_of_levs_says_so_beside_those_in_euros() {
    let book = euros("");
    let mut desk = Desk::at(&book.path, 100, 40);
    desk.press("8i").shows("234.70 BGN").shows("120.00 open");
    desk.press("<Esc>X").shows("BGN").shows("carried over from or to another currency");
    assert!(crate::account_page::ties(&book.path) > 0);
}

#[test]
fn a_reversal_takes_all_back_and_the_periods_are_billed_in_euros() {
    let book = euros("");
    book.run(&["reverse", "INV-2025-000001", "--reason", "t"]).ends(0);
    book.is_sound();
    assert_eq!(ledger(&book, "A1", "EUR"), 0);
    assert_eq!(billed(&bill(&book, "2026-01-20"), "A1"), euro(&["100.00"], "120.00"));
}

#[test]
fn a_debt_that_was_carried_over_is_written_off_and_recovered() {
    let book = euros("");
    book.run(&["settings", "set", "write_off.tax", "now"]).ends(0);
    book.run(&["write-off", "INV-2025-000001-EUR", "--reason", "bankrupt"]).ends(0);
    book.is_sound();
    assert_eq!(ledger(&book, "A1", "EUR"), 0);
    let tax = "SELECT coalesce(sum(debit_minor - credit_minor), 0) FROM ledger_entry WHERE account = 'tax:VAT' AND currency = 'EUR' AND debit_minor > 0";
    assert_eq!(book.count(tax), 2000);
    book.run(&["undo-write-off", "INV-2025-000001-EUR", "--reason", "t"]).ends(0);
    book.is_sound();
    assert_eq!(ledger(&book, "A1", "EUR"), 12_000);
}

#[test]
fn a_write_off_of_levs_that_is_undone_is_owed_in_euros() {
    let book = levs("");
    book.run(&["write-off", "INV-2025-000001", "--reason", "bankrupt"]).ends(0);
    book.run(&["clock", "set", "2026-01-02"]).ends(0);
    convert(&book).ends(0);
    assert_eq!(ledger(&book, "A1", "EUR"), 0);
    // Euros for it are not taken one for one.
    let pay = |invoice: &str, code: i32| {
        let money = ["payment", "record", "--account", "A1", "--amount", "120", "--reference", "R"];
        book.run(&[&money[..], &["--invoice", invoice]].concat()).ends(code).err
    };
    pay("INV-2025-000001", 2);
    book.run(&["undo-write-off", "INV-2025-000001", "--reason", "he pays"]).ends(0);
    book.is_sound();
    assert_eq!((ledger(&book, "A1", "BGN"), ledger(&book, "A1", "EUR")), (0, 12_000));
    let said = pay("INV-2025-000001", 2);
    assert!(said.contains("it became INV-2025-000001-EUR"), "{said}");
    pay("INV-2025-000001-EUR", 0);
    book.is_sound();
    assert_eq!(ledger(&book, "A1", "EUR"), 0);
}

#[test]
fn money_of_levs_is_refunded_in_levs_and_the_debt_is_in_euros() {
    let book = levs("");
    book.run(&["collect", "--target", "2025-12-31"]).ends(0);
    book.run(&["clock", "set", "2026-01-02"]).ends(0);
    convert(&book).ends(0);
    book.run(&["payment", "refund", "P-000001", "--amount", "34.70", "--reason", "t"]).ends(0);
    book.is_sound();
    // 34.70 at the rate.
    assert_eq!((ledger(&book, "A1", "BGN"), ledger(&book, "A1", "EUR")), (0, 1774));
    book.run(&["payment", "refund", "P-000001", "--with-memo", "--reason", "t"]).ends(0);
    book.is_sound();
    assert_eq!((ledger(&book, "A1", "BGN"), ledger(&book, "A1", "EUR")), (0, 1774));
}

#[test]
fn money_over_is_carried_over_and_refunded_in_euros() {
    let book = levs("");
    let money = ["payment", "record", "--account", "A2", "--amount", "50", "--reference", "R1"];
    book.run(&money).ends(0);
    book.run(&["clock", "set", "2026-01-02"]).ends(0);
    convert(&book).ends(0);
    let payments = book.run(&["payment", "list", "--json"]).ends(0).json();
    let new = payments.as_array().unwrap().iter().find(|p| p["currency"] == "EUR").unwrap();
    assert_eq!(new["amount"], json!("7.16"), "{payments}");
    let id = new["id"].as_str().unwrap().to_owned();
    book.run(&["payment", "refund", "P-000001", "--amount", "50", "--reason", "t"]).ends(2);
    book.run(&["payment", "refund", &id, "--reason", "t"]).ends(0);
    book.is_sound();
    assert_eq!((ledger(&book, "A2", "BGN"), ledger(&book, "A2", "EUR")), (0, 0));
}

#[test]
fn reminders_promises_and_disputes_go_with_the_debt() {
    let book = levs("");
    book.run(&["payment", "promise", "INV-2025-000002", "--on", "2026-01-10"]).ends(0);
    book.run(&["payment", "dispute", "INV-2025-000001", "--reason", "price"]).ends(0);
    book.run(&["clock", "set", "2026-01-02"]).ends(0);
    convert(&book).ends(0);
    let kept = "SELECT count(*) FROM document_state s JOIN document d ON d.id = s.document_id WHERE d.currency = 'EUR' AND ";
    assert_eq!(book.count(&format!("{kept} s.promised_on = '2026-01-10'")), 1);
    assert_eq!(book.count(&format!("{kept} s.disputed = 'price'")), 1);
    let promise = "SELECT amount_minor FROM promise WHERE state = 'open'";
    assert_eq!(book.count(promise), 1841);
    let status = book.run(&["status", "--json"]).ends(0).json();
    let steps = status["steps"].as_array().unwrap();
    let overdue = steps.iter().find(|s| s["step"] == "overdue").unwrap();
    assert_eq!(overdue["money"], json!({"EUR": "165.75"}), "{status}");
    book.is_sound();
}

#[test]
fn instalments_end_with_their_currency_and_nothing_is_charged_before_their_last_day() {
    let book = levs("");
    let new = ["instalments", "new", "A1", "--open", "--count", "3", "--first", "2026-01-10"];
    book.run(&new).ends(0);
    book.run(&["clock", "set", "2026-01-02"]).ends(0);
    convert(&book).ends(0);
    let states = "SELECT count(*) FROM instalment_plan WHERE state = 'ended'";
    assert_eq!(book.count(states), 1);
    let promised =
        "SELECT count(*) FROM promise WHERE state = 'open' AND promised_on = '2026-03-10'";
    assert_eq!(book.count(promised), 1);
    let task = "SELECT count(*) FROM notice WHERE text LIKE '%agree the instalments anew%'";
    assert_eq!(book.count(task), 1);
    let run = ["collect", "--target", "2026-02-28", "--dry-run", "--json"];
    assert_eq!(book.run(&run).ends(0).json()["skipped"]["promised"], 1);
    book.is_sound();
}

#[test]
fn the_journal_balances_by_currency_in_another_program() {
    let book = euros("");
    book.run(&["adjust", "INV-2025-000001", "--amount", "19.56", "--reason", "t"]).ends(0);
    let journal = book.run(&["export", "journal", "--format", "hledger"]).ends(0).out;
    let file = book.file("book.journal", &journal);
    if !has("hledger", &["--version"]) {
        return;
    }
    let hledger = |args: &[&str]| {
        let ran =
            std::process::Command::new("hledger").args(["-f", &file]).args(args).output().unwrap();
        assert!(ran.status.success(), "{args:?}: {}", String::from_utf8_lossy(&ran.stderr));
        String::from_utf8_lossy(&ran.stdout).into_owned()
    };
    hledger(&["check", "ordereddates"]);
    // 12.50 and 12.50 of usage and 36.00, with tax, became 15.34 and 18.41; 120.00 less 10.00.
    let owed = hledger(&["balance", "-N", "--flat", "Assets:Receivable", "-e", "2026-01-03"]);
    assert_eq!(
        owed.split_whitespace().collect::<Vec<_>>().join(" "),
        "EUR 155.75 Assets:Receivable"
    );
    let before = hledger(&["balance", "-N", "--flat", "Assets:Receivable", "-e", "2026-01-01"]);
    assert!(before.contains("300.70") && before.contains("12.00"), "{before}");
}

#[test]
fn only_an_admin_converts_and_a_second_one_where_the_settings_want_two() {
    let book = levs("");
    book.run(&["clock", "set", "2026-01-02"]).ends(0);
    let asked = Asked {
        from: "BGN".into(),
        to: "EUR".into(),
        rate: "1.95583".into(),
        on: "2026-01-01".parse().unwrap(),
    };
    let as_user = |uid: u32| {
        let actor = Actor { uid, name: format!("user{uid}") };
        let mut session = Session::open(&book.path, actor).unwrap();
        convert::convert(&mut session, &asked)
    };
    for (uid, role) in [("7", "admin"), ("8", "admin"), ("9", "biller"), ("10", "controller")] {
        book.run(&["role", "grant", uid, role]).ends(0);
    }
    book.run(&["settings", "set", "four_eyes.above", "500"]);
    let mut admin = Session::open(&book.path, Actor { uid: 7, name: "user7".into() }).unwrap();
    daybook::engine::care::settings::set(&mut admin, "four_eyes.above", "500").unwrap();
    for uid in [9, 10, 11] {
        let refused = as_user(uid).unwrap_err().to_string();
        assert!(
            !refused.contains("four_eyes") && book.count("SELECT count(*) FROM carried") == 0,
            "{refused}"
        );
    }
    let first = as_user(7).unwrap_err();
    assert_eq!(first.code(), "four_eyes", "{first}");
    assert_eq!(as_user(7).unwrap_err().code(), "four_eyes");
    assert_eq!(book.count("SELECT count(*) FROM carried"), 0);
    assert!(matches!(as_user(8).unwrap(), Outcome::Done { .. }));
    book.is_sound();
    let said = "SELECT count(*) FROM operation WHERE verb = 'currency convert' AND summary LIKE 'BGN → EUR from 2026-01-01, 1.95583 BGN for 1 EUR: 3 accounts, 3 charges; %asked for by user7%'";
    assert_eq!(book.count(said), 1);
}

#[test]
fn money_of_levs_that_goes_back_leaves_a_debt_in_euros() {
    let book = levs("");
    book.run(&["collect", "--target", "2025-12-31"]).ends(0);
    book.run(&["clock", "set", "2026-01-02"]).ends(0);
    convert(&book).ends(0);
    assert_eq!(ledger(&book, "A1", "EUR"), 0);
    let payment = book.run(&["payment", "list", "--json"]).ends(0).json()[0].clone();
    assert_eq!((&payment["amount"], &payment["currency"]), (&json!("234.70"), &json!("BGN")));
    let id = payment["id"].as_str().unwrap();
    book.run(&["payment", "return", id, "--code", "AC04", "--date", "2026-01-02"]).ends(0);
    book.is_sound();
    assert_eq!(
        documents(&book, "invoice", "A1"),
        [
            row("INV-2025-000001", "BGN", "234.70", "0.00"),
            row("INV-2025-000001-EUR", "EUR", "120.00", "120.00"),
        ]
    );
    assert_eq!((ledger(&book, "A1", "BGN"), ledger(&book, "A1", "EUR")), (0, 12_000));
    // It counts from the day it went back, not from the day of the conversion.
    assert_eq!(book.count("SELECT count(*) FROM carried WHERE carried_on = '2026-01-02'"), 1);
}

#[test]
fn nothing_is_charged_in_levs_any_more_and_old_invoices_are_still_delivered() {
    let book = euros("");
    let run = book.run(&["collect", "--target", "2026-01-31", "--json"]).ends(0).json();
    assert_eq!(run["totals"], json!({"EUR": "120.00"}), "{run}");
    book.is_sound();
    let journal = book.run(&["export", "journal", "--format", "csv"]).ends(0).out;
    assert!(journal.contains("conversion"), "{journal}");
    let pdf = book.file("old.pdf", "");
    std::fs::remove_file(&pdf).unwrap();
    let shown = book.run(&["invoice", "show", "INV-2025-000001", "--json"]).ends(0).json();
    assert_eq!((&shown["currency"], &shown["total"]), (&json!("BGN"), &json!("234.70")), "{shown}");
}

/// Two at once: one does it, the other hears that it is done; nothing is moved twice.
#[test]
fn two_at_once_convert_once() {
    let book = levs("");
    book.run(&["clock", "set", "2026-01-02"]).ends(0);
    let start = std::sync::Barrier::new(2);
    let mut said: Vec<bool> = std::thread::scope(|s| {
        let run = || {
            start.wait();
            let done = book.run(&[&CONVERT[..], &["--yes", "--json"]].concat());
            done.ends(0).json()["already"].as_bool().unwrap()
        };
        [s.spawn(run), s.spawn(run)].map(|t| t.join().unwrap()).to_vec()
    });
    said.sort_unstable();
    assert_eq!(said, [false, true]);
    assert_eq!(book.count("SELECT count(*) FROM carried"), 3);
    book.is_sound();
}

#[test]
fn a_conversion_killed_at_any_system_call_is_done_whole_or_not_at_all() {
    if !has("strace", &["-o", "/dev/null", "true"]) {
        return;
    }
    let book = levs("");
    book.run(&["clock", "set", "2026-01-02"]).ends(0);
    let args = [&CONVERT[..], &["--yes"]].concat();
    let mut killed = 0;
    // From the first write of the book itself: the copy is made before it, by the same calls.
    for (call, step) in [("pwrite64", 17), ("fdatasync", 2)] {
        for k in (1..=600).step_by(step) {
            let dir = tempfile::tempdir().unwrap();
            let copy = copy(&book.path, dir.path());
            let ran = std::process::Command::new("strace")
                .args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={call}"), "-e"])
                .arg(format!("inject={call}:signal=SIGKILL:when={k}"))
                .arg(crate::harness::book::binary())
                .arg("--book")
                .arg(&copy)
                .args(&args)
                .stdout(std::process::Stdio::null())
                .stderr(std::process::Stdio::null())
                .status()
                .unwrap();
            if ran.success() {
                break;
            }
            killed += 1;
            let done = rows(&copy, "SELECT 1 FROM currency_conversion").len();
            let moved = rows(&copy, "SELECT 1 FROM carried").len();
            assert_eq!(moved, 3 * done, "{call} {k}");
            daybook(&copy, &args).ends(0);
            assert_eq!(rows(&copy, "SELECT 1 FROM carried").len(), 3, "{call} {k}");
            let check = daybook(&copy, &["check"]);
            assert_eq!(check.code, 0, "{call} {k}: {}", check.out);
        }
    }
    println!("{killed} kills");
    assert!(killed >= 12, "only {killed} kills");
}

/// One transaction: whatever is thrown away of it, the book is as before and is converted whole.
#[test]
fn a_conversion_that_fails_changes_nothing() {
    let book = levs("");
    book.run(&["clock", "set", "2026-01-02"]).ends(0);
    let conn = rusqlite::Connection::open(&book.path).unwrap();
    conn.execute_batch("CREATE TRIGGER stop BEFORE INSERT ON carried WHEN (SELECT count(*) FROM carried) = 1 BEGIN SELECT RAISE(ABORT, 'stop'); END").unwrap();
    let before = book.dump();
    assert_ne!(convert(&book).code, 0);
    assert_eq!(book.dump(), before);
    conn.execute_batch("DROP TRIGGER stop").unwrap();
    convert(&book).ends(0);
    book.is_sound();
}
