//! Money in the issuer's own currency: rates by import, the rate of the tax point with each posted document,
//! the tax report and e-invoices that tell it.

use crate::e_invoice::rules;
use crate::harness::book::Book;
use crate::harness::document::tool;
use daybook::document::einvoice;
use serde_json::{Value, json};

const RATES: &str = "date,from,to,rate,source\n\
    2026-10-30,EUR,USD,1.2,ECB\n\
    2026-11-27,EUR,USD,1.25,ECB\n\
    2026-11-30,GBP,EUR,1.15,HMRC\n";

/// A German issuer with one customer a currency, each billed 100.00 with 19 % from November on.
fn book(rates: &str) -> Book {
    let book = Book::new("2026-11-30");
    for (key, value) in [
        ("issuer.name", "Hafen Software GmbH"),
        ("issuer.tax_id", "DE123456788"),
        ("issuer.country", "DE"),
        ("issuer.street", "Werftweg 1"),
        ("issuer.postcode", "20095"),
        ("issuer.city", "Hamburg"),
        ("issuer.iban", "DE89 3704 0044 0532 0130 00"),
    ] {
        book.run(&["settings", "set", key, value]).ends(0);
    }
    let mut files = [
        "tax_code,rate_percent,name\nV19,19,USt.\n".to_owned(),
        "account_number,name,currency,tax_code,tax_id,address1,postcode,city,country,customer_kind,e_invoice\n"
            .to_owned(),
        "subscription_number,account_number,start_date\n".to_owned(),
        "charge_number,subscription_number,name,type,model,price,billing_period\n".to_owned(),
    ];
    for (n, currency, form) in
        [(1, "EUR", "ubl"), (2, "USD", "ubl"), (3, "GBP", "cii"), (4, "CHF", "")]
    {
        files[1] +=
            &format!("A{n},Firma {n},{currency},V19,,Kai {n},20457,Hamburg,DE,business,{form}\n");
        files[2] += &format!("S{n},A{n},2026-11-01\n");
        files[3] += &format!("C{n},S{n},Plan,recurring,flat,100,month\n");
    }
    for (name, text) in ["taxes.csv", "accounts.csv", "subs.csv", "charges.csv"].iter().zip(files) {
        let (code, report) = book.import(name, text, &[]);
        assert_eq!(code, 0, "{report}");
    }
    if !rates.is_empty() {
        assert_eq!(book.import("fx.csv", rates, &[]).0, 0);
    }
    book.run(&["bill", "--target", "2026-11-30", "--invoice-date", "2026-11-30"]).ends(0);
    book
}

fn taxes(book: &Book, more: &str) -> Vec<Value> {
    let line = format!("report tax --period 2026-11 --json{more}");
    book.say(&line).ends(0).json()["rows"].as_array().unwrap().clone()
}

fn of<'v>(rows: &'v [Value], currency: &str) -> &'v Value {
    rows.iter().find(|row| row["currency"] == currency).unwrap()
}

#[test]
fn a_file_of_rates_is_read_and_every_bad_line_named() {
    let book = Book::new("2026-11-30");
    let bad = "date,from,to,rate,source\n\
        2026-11-30,EUR,USD,1.25,ECB\n\
        2026-11-31,EUR,USD,1.25,ECB\n\
        2026-11-30,EUR,EUR,1,ECB\n\
        2026-11-30,EUR,XYZ,1,ECB\n\
        2026-11-30,EUR,GBP,0,ECB\n\
        2026-11-30,EUR,CHF,\"1,5\",ECB\n\
        2026-11-30,EUR,JPY,164.5,\n";
    let (code, said) = book.import("fx.csv", bad, &[]);
    assert_eq!(code, 2);
    let refused = said["refused"].as_array().unwrap();
    let named: Vec<_> = refused
        .iter()
        .map(|r| (r["line"].as_i64().unwrap(), r["column"].as_str().unwrap()))
        .collect();
    assert_eq!(named, [(3, "date"), (4, "to"), (5, "to"), (6, "rate"), (7, "rate"), (8, "source")]);
    assert!(refused.iter().all(|r| !r["hint"].as_str().unwrap().is_empty()), "{refused:#?}");
    assert_eq!(book.count("SELECT count(*) FROM fx_rate"), 0, "all of it or nothing");
    let count = |report: &Value, what: &str| report[what].as_i64().unwrap();
    let (_, first) = book.import("fx.csv", RATES, &[]);
    assert_eq!((count(&first, "added"), count(&first, "unchanged")), (3, 0));
    let (_, second) = book.import("again.csv", RATES, &[]);
    assert_eq!((count(&second, "added"), count(&second, "unchanged")), (0, 3));
    let (_, third) = book.import("new.csv", RATES.replace("1.25", "1.26"), &[]);
    assert_eq!((count(&third, "changed"), count(&third, "unchanged")), (1, 2));
}

#[test]
fn what_is_posted_keeps_the_rate_of_its_tax_point_and_a_memo_has_that_of_its_invoice() {
    let book = book(RATES);
    book.say("post BR-000001").ends(0);
    let rows = taxes(&book, "");
    for (currency, base, tax) in [
        ("EUR", json!("100.00"), json!("19.00")),
        ("USD", json!("80.00"), json!("15.20")),
        ("GBP", json!("115.00"), json!("21.85")),
    ] {
        let row = of(&rows, currency);
        assert_eq!((&row["base_home"], &row["tax_home"]), (&base, &tax), "{row}");
        assert_eq!(row["home_currency"], "EUR");
    }
    // Nobody told a rate of francs: it says nothing rather than something wrong.
    assert_eq!(of(&rows, "CHF")["base_home"], Value::Null);
    // A rate that changes later, and the day of the memo, change neither.
    book.import(
        "later.csv",
        "date,from,to,rate,source\n2026-11-27,EUR,USD,2,ECB\n2026-11-30,EUR,USD,2,ECB\n",
        &[],
    );
    let invoices = book.say("invoice list --account A2 --json").ends(0).json();
    let number = invoices[0]["number"].as_str().unwrap();
    book.say(&format!("adjust {number} --whole --reason wrong")).ends(0);
    let rows = taxes(&book, " --rows");
    let usd: Vec<&Value> = rows.iter().filter(|row| row["currency"] == "USD").collect();
    assert_eq!(usd.len(), 2);
    assert_eq!((&usd[0]["base_home"], &usd[1]["base_home"]), (&"80.00".into(), &"-80.00".into()));
    assert_eq!((&usd[0]["tax_home"], &usd[1]["tax_home"]), (&"15.20".into(), &"-15.20".into()));
    let csv = book.say("report tax --period 2026-11 --csv -").ends(0).out;
    assert!(csv.starts_with("from,to,currency,tax_code,rate,kind,country,base,tax,documents,base_home,tax_home,home_currency"), "{csv}");
    book.is_sound();
    // The printed invoice says so too.
    let to = book.dir.path().join("usd.pdf").display().to_string();
    book.run(&["invoice", "pdf", number, &to]).ends(0);
    if let Some(text) = tool("pdftotext", &["-layout", &to, "-"]) {
        assert!(text.contains("The tax is 15.20 EUR (1 EUR = 1.25 USD, 27 Nov 2026)."), "{text}");
    }
}

#[test]
fn an_e_invoice_tells_the_tax_in_the_issuers_own_currency_and_the_rule_sets_find_nothing() {
    let book = book(RATES);
    book.say("post BR-000001").ends(0);
    let mut files = Vec::new();
    for (account, home, tag) in [
        ("A1", None, ""),
        ("A2", Some(1_520), "cbc:TaxCurrencyCode"),
        ("A3", Some(2_185), "ram:TaxCurrencyCode"),
    ] {
        let invoices = book.say(&format!("invoice list --account {account} --json")).ends(0).json();
        let number = invoices[0]["number"].as_str().unwrap().to_owned();
        let memo = book
            .say(&format!("adjust {number} --amount 11.90 --reason wrong --json"))
            .ends(0)
            .json();
        for id in [number.as_str(), memo["number"].as_str().unwrap()] {
            let text = book.run(&["invoice", "xml", id, "-"]).ends(0).out;
            let bill = einvoice::read(text.as_bytes()).unwrap();
            assert_eq!(bill.home.is_some(), home.is_some(), "{id}");
            if id == number {
                assert_eq!(bill.home.map(|home| home.tax_minor), home, "{id}");
            }
            assert!(text.contains(tag));
            files.push(book.file(&format!("{id}.xml"), text));
        }
    }
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let Some(found) = rules(&files) else { return };
    let wrong: Vec<_> =
        found.as_object().unwrap().iter().filter(|(_, list)| **list != json!([])).collect();
    assert!(wrong.is_empty() && found.as_object().unwrap().len() == 6, "{wrong:#?}");
}

#[test]
fn a_document_without_a_rate_is_named_before_it_is_posted() {
    let flagged = |book: &Book| -> Vec<String> {
        let drafts = book.say("invoice list --status Draft --json").ends(0).json();
        let has = |draft: &&Value| {
            let flags = draft["flags"].as_array().unwrap();
            flags
                .iter()
                .any(|flag| flag["reason"].as_str().unwrap().contains("must be told in EUR"))
        };
        let drafts = drafts.as_array().unwrap();
        drafts
            .iter()
            .filter(has)
            .map(|d| d["account_number"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(flagged(&book(RATES)), ["A4"]);
    assert_eq!(flagged(&book("")), ["A2", "A3", "A4"]);
    // One of last month is too old; one that is set as the issuer's own needs none.
    let old = "date,from,to,rate,source\n2026-10-29,EUR,USD,1.2,ECB\n";
    assert_eq!(flagged(&book(old)), ["A2", "A3", "A4"]);
    let book = Book::new("2026-11-30");
    for bad in ["eur", "XYZ", "EURO"] {
        let ran = book.run(&["settings", "set", "issuer.currency", bad]).ends(2);
        assert!(ran.err.contains("ISO 4217"), "{}", ran.err);
    }
    book.say("settings set issuer.currency USD").ends(0);
}
