//! Where money and documents go changes before two people, by limits of its own; and what a
//! posting refuses for the same rules is said before it.

use crate::harness::book::Book;
use crate::harness::collect::owing;
use daybook::config::{find, key};
use daybook::domain::actor::{Actor, Role};
use daybook::engine::Session;
use daybook::engine::care::settings;
use daybook::engine::guard::roles;

fn set(book: &Book, key: &str, value: &str) {
    let conn = rusqlite::Connection::open(&book.path).unwrap();
    conn.execute("INSERT OR REPLACE INTO setting VALUES (?1, ?2)", [key, value]).unwrap();
}

/// Each way to send money or documents elsewhere, with the limit it goes by.
const WAYS: &[(&str, &str)] = &[
    ("method", "four_eyes.method_above"),
    ("auto-pay of an invoice", "four_eyes.method_above"),
    ("auto_pay", "four_eyes.method_above"),
    ("email", "four_eyes.address_above"),
    ("postal", "four_eyes.address_above"),
    ("print", "four_eyes.address_above"),
];

/// Does it, and gives whether a second person is wanted.
fn wants_second(book: &Book, way: &str) -> bool {
    let rows = |columns: &str, row: &str| {
        let text = format!("account_number,name,currency,{columns}\nA1,One,EUR,{row}\n");
        let file = book.file("accounts.csv", text);
        book.run(&["import", &file])
    };
    let ran = match way {
        "method" => book.run(&[
            "payment",
            "method",
            "add",
            "A1",
            "--token",
            "other",
            "--kind",
            "card",
            "--display",
            "visa 9",
        ]),
        "auto-pay of an invoice" => book.run(&["payment", "auto-pay", "INV-1", "on"]),
        "auto_pay" => rows("auto_pay", "true"),
        "email" => rows("email", "one@elsewhere.example"),
        "postal" => rows("address1,delivery", "2 Other Street,both"),
        "print" => rows("delivery", "print"),
        other => panic!("{other}"),
    };
    let said = format!("{}{}", ran.out, ran.err);
    let second = said.contains("second person");
    assert_eq!(second, ran.code != 0, "{way}: {said}");
    second
}

/// A1 owes ten euros, is not paid by itself; its documents are printed unless that is what changes.
fn book(way: &str) -> Book {
    let book = owing(&["ok"]);
    book.run(&["payment", "auto-pay", "INV-1", "off"]).ends(0);
    let delivery = if way == "print" { "email" } else { "both" };
    let text = format!(
        "account_number,name,currency,auto_pay,email,address1,delivery\n\
         A1,One,EUR,false,one@here.example,1 Street,{delivery}\n"
    );
    let file = book.file("accounts.csv", text);
    book.run(&["import", &file]).ends(0);
    book
}

#[test]
fn each_way_elsewhere_goes_by_a_limit_of_its_own() {
    for (way, own) in WAYS {
        for (general, limit, wanted) in [("", "0", true), ("9.99", "", true), ("9.99", "10", false)]
        {
            let book = book(way);
            set(&book, "four_eyes.above", general);
            set(&book, own, limit);
            assert_eq!(wants_second(&book, way), wanted, "{way}: {general:?} {limit:?}");
            book.run(&["check"]).ends(0);
        }
    }
}

#[test]
fn where_everybodys_money_goes_and_the_rules_themselves_take_two_admins_where_there_are_two() {
    let book = owing(&["ok"]);
    set(&book, "four_eyes.above", "100");
    let mut root = Session::open(&book.path, daybook::cli::actor()).unwrap();
    // Alone nobody is locked out.
    settings::set(&mut root, "issuer.bank", "DE00 1").unwrap();
    let mut eve = Session::open(&book.path, Actor { uid: 9, name: "eve".to_owned() }).unwrap();
    roles::grant(&mut root, 9, Role::Admin).unwrap();
    let texts = book.file("own.toml", "[en]\npay_by = \"Pay to DE00 3: {sum} {day} {reference}\"");
    for (of, value) in [
        ("issuer.bank", "DE00 2"),
        ("issuer.footer", "pay to DE00 3"),
        ("texts.file", &texts),
        ("stripe.base_url", "https://elsewhere.example"),
        ("four_eyes.above", ""),
        ("four_eyes.settings", "false"),
        ("separation.window", "1"),
    ] {
        let before = root.config().unwrap().get(find(of).unwrap()).to_owned();
        for _ in 0..2 {
            let error = settings::set(&mut eve, of, value).unwrap_err();
            assert_eq!(error.code(), "four_eyes", "{of}: {error}");
            assert_eq!(root.config().unwrap().get(find(of).unwrap()), before, "{of}");
        }
        let error =
            settings::set(&mut root, of, &format!("{before}9")).map_err(|e| e.code().to_owned());
        assert!(error.is_err(), "{of}: another value is another request");
    }
    settings::set(&mut root, "issuer.bank", "DE00 2").unwrap();
    assert_eq!(root.config().unwrap().get(key::ISSUER_BANK), "DE00 2");
    settings::set(&mut eve, "issuer.name", "Acme").unwrap();
    book.run(&["check"]).ends(0);
}

/// The question before a posting foretells what it will refuse.
#[test]
fn what_a_posting_will_refuse_is_said_before() {
    let book = owing(&["ok", "ok"]);
    let draft = |account: &str, kind: &str, price: i64| {
        let line = format!(r#"{{"description":"x","quantity":1,"unit_price":{price}}}"#);
        let new = ["invoice", "new", "--account", account, "--kind", kind, "--add-line", &line];
        book.run(&[&new[..], &["--reason", "x"]].concat()).ends(0);
    };
    for price in [3, 4, 5] {
        draft("A1", "invoice", price);
    }
    draft("A2", "invoice", 11);
    draft("A2", "credit_memo", 1);
    set(&book, "four_eyes.above", "8");
    let ids = {
        let conn = rusqlite::Connection::open(&book.path).unwrap();
        let mut found = conn
            .prepare("SELECT printf('D-%06d', id) FROM document WHERE status = 'Draft' ORDER BY account_id, id")
            .unwrap();
        found
            .query_map([], |r| r.get::<_, String>(0))
            .unwrap()
            .map(Result::unwrap)
            .collect::<Vec<_>>()
    };
    let mut args = vec!["post", "--invoice"];
    args.extend(ids.iter().map(String::as_str));
    args.push("--json");
    let told = book.run(&[&args[..], &["--dry-run"]].concat()).ends(1).json();
    assert_eq!(told["would_post"], 3, "{told}");
    assert_eq!(told["stays_behind"][0]["count"], 2, "{told}");
    let why = told["stays_behind"][0]["reason"].as_str().unwrap();
    assert!(why.contains("four_eyes.above"), "{why}");
    assert_eq!(book.run(&[&args[..], &["--dry-run"]].concat()).ends(1).json(), told);
    let done = book.run(&args).ends(1).json();
    assert_eq!(done["posted"], told["would_post"], "{done}");
    assert_eq!(done["totals"], told["totals"], "{done}");
    assert_eq!(done["refused_count"], 2, "{done}");
}
