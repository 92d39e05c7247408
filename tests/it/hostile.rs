//! Escape, bidirectional, invisible and control characters, formulas and card numbers at every
//! entrance and every exit: refused or stripped, and no raw byte comes out.

use crate::harness::book::{Book, Ran, binary};
use crate::harness::document::tool;
use crate::harness::pty::Pty;
use daybook::domain::text::is_unsafe;
use daybook::import::header::Columns;
use daybook::import::{account, charge, open_item, payment_method, subscription, tax, usage};
use std::os::unix::ffi::OsStrExt;
use std::process::Command;

/// What terminals, editors and people are attacked with. None may be stored, none may be shown.
pub const PAYLOADS: &[&str] = &[
    // C0 and what terminals make of it
    "\u{1}",
    "\u{7}",
    "\u{8}\u{8}\u{8}0.01",
    "\u{b}",
    "\u{c}",
    "\u{e}",
    "\u{f}",
    "\u{11}",
    "\u{13}",
    "\u{1a}",
    "\u{7f}",
    "\u{1b}[2J",
    "\u{1b}[1;1H",
    "\u{1b}[31m",
    "\u{1b}[8m",
    "\u{1b}[?1049l",
    "\u{1b}[?25l",
    "\u{1b}[6n",
    "\u{1b}[c",
    "\u{1b}[21t",
    "\u{1b}[3J",
    "\u{1b}c",
    "\u{1b}(0",
    "\u{1b}#8",
    "\u{1b}]0;PWNED\u{7}",
    "\u{1b}]2;PWNED\u{1b}\\",
    "\u{1b}]8;;http://evil.example\u{1b}\\link\u{1b}]8;;\u{1b}\\",
    "\u{1b}]52;c;UFdORUQ=\u{7}",
    "\u{1b}]1337;File=:UFdORUQ=\u{7}",
    "\u{1b}P$q\"p\u{1b}\\",
    "\u{1b}Pq#0;2;0;0;0\u{1b}\\",
    "\u{1b}_Gf=24;AAAA\u{1b}\\",
    "\u{1b}^pm\u{1b}\\",
    "\u{1b}X sos\u{1b}\\",
    // C1
    "\u{80}",
    "\u{84}",
    "\u{8d}",
    "\u{90}q\u{9c}",
    "\u{9b}2J",
    "\u{9b}31m",
    "\u{9d}0;PWNED\u{9c}",
    "\u{9f}",
    // bidirectional
    "\u{202a}x",
    "\u{202b}x",
    "\u{202c}",
    "\u{202d}x",
    "\u{202e}00.001",
    "\u{2066}x\u{2069}",
    "\u{2067}x",
    "\u{2068}x",
    "\u{200e}",
    "\u{200f}",
    "\u{61c}",
    // invisible
    "\u{200b}",
    "\u{200d}",
    "\u{200c}",
    "\u{2060}",
    "\u{2061}",
    "\u{feff}",
    "\u{ad}",
    "\u{180e}",
    "\u{34f}",
    "\u{115f}",
    "\u{1160}",
    "\u{3164}",
    "\u{ffa0}",
    "\u{17b4}",
    "\u{fff9}x\u{fffa}y\u{fffb}",
    "\u{1d173}",
    "\u{e0041}\u{e0042}\u{e007f}",
    // variation selectors
    "\u{fe0e}",
    "\u{fe0f}",
    "\u{e0100}",
    "\u{180b}",
    // private, unassigned, no characters
    "\u{e000}",
    "\u{f0000}",
    "\u{10fffd}",
    "\u{378}",
    "\u{fdd0}",
    "\u{ffff}",
];

/// A file of one kind: its columns, a row that is right, and the columns that are free of it.
type File = (
    &'static [(&'static str, daybook::import::header::Need)],
    &'static [(&'static str, &'static str)],
);

fn kinds() -> Vec<File> {
    vec![
        (
            account::AccountColumns::ALL,
            &[("account_number", "A1"), ("name", "Acme"), ("currency", "EUR")],
        ),
        (
            subscription::SubscriptionColumns::ALL,
            &[
                ("subscription_number", "S1"),
                ("account_number", "A1"),
                ("start_date", "2026-01-01"),
            ],
        ),
        (
            charge::ChargeColumns::ALL,
            &[
                ("charge_number", "C1"),
                ("subscription_number", "S1"),
                ("name", "Base"),
                ("type", "recurring"),
                ("model", "flat"),
                ("price", "1"),
                ("billing_period", "month"),
            ],
        ),
        (
            usage::UsageColumns::ALL,
            &[("ACCOUNT_ID", "A1"), ("UOM", "GB"), ("QTY", "1"), ("STARTDATE", "2026-01-01")],
        ),
        (
            payment_method::MethodColumns::ALL,
            &[("account_number", "A1"), ("token", "ok"), ("kind", "card"), ("display", "visa")],
        ),
        (tax::TaxColumns::ALL, &[("tax_code", "VAT"), ("rate_percent", "20")]),
        (
            open_item::OpenItemColumns::ALL,
            &[
                ("document_number", "X-1"),
                ("account_number", "A1"),
                ("kind", "invoice"),
                ("date", "2026-01-01"),
                ("due_date", "2026-01-31"),
                ("total", "10"),
                ("tax", "0"),
                ("balance", "10"),
            ],
        ),
    ]
}

fn row(file: &File, column: &str, payload: &str) -> Vec<String> {
    let fine = |name: &str| file.1.iter().find(|(n, _)| *n == name).map_or("", |(_, v)| *v);
    let cell = |name: &str| {
        let value = fine(name);
        if name == column { format!("x{payload}{value}") } else { value.to_owned() }
    };
    file.0.iter().map(|(name, _)| cell(name)).collect()
}

fn csv(header: &[&str], rows: &[Vec<String>]) -> Vec<u8> {
    let mut out = csv::Writer::from_writer(Vec::new());
    out.write_record(header).unwrap();
    rows.iter().for_each(|r| out.write_record(r).unwrap());
    out.into_inner().unwrap()
}

/// Asserts that a text holds nothing that could redraw a terminal or hide.
#[track_caller]
fn harmless(what: &str, text: &str) {
    let bad = text.chars().find(|c| !matches!(c, '\n') && is_unsafe(*c));
    assert!(bad.is_none(), "{what} lets U+{:04X} out: {text:?}", bad.map_or(0, u32::from));
}

#[track_caller]
fn quiet(ran: &Ran) {
    harmless("standard output", &ran.out);
    harmless("standard error", &ran.err);
}

#[test]
fn every_column_of_every_file_refuses_every_payload() {
    assert!(PAYLOADS.len() >= 60);
    let mut tried = 0;
    for file in kinds() {
        let header: Vec<&str> = file.0.iter().map(|(name, _)| *name).collect();
        for name in &header {
            let rows: Vec<Vec<String>> = PAYLOADS.iter().map(|p| row(&file, name, p)).collect();
            tried += rows.len();
            let parsed = daybook::import::parse(&csv(&header, &rows)).expect("a known header");
            let refused = parsed.refused();
            assert_eq!(refused.len(), PAYLOADS.len(), "{name}: {refused:#?}");
            for one in refused {
                assert_eq!(one.column, *name, "{one}");
                harmless(name, &one.to_string());
            }
        }
    }
    println!("{tried} cells refused");
}

#[test]
fn refused_rows_leave_unarmed_and_come_back_as_they_were() {
    let book = Book::new("2026-02-01");
    let mut rows: Vec<Vec<String>> = PAYLOADS
        .iter()
        .map(|p| vec!["A1".to_owned(), format!("Acme{p}"), "EUR".to_owned()])
        .collect();
    let formulas =
        ["=1+2", "-1+2", "+1", "@SUM(A1)", "＝1+2", "'=1", "a;=1+2", "-12.50", "O'Neill"];
    let named = |(n, name): (usize, &&str)| vec![format!("F{n}"), (*name).to_owned(), "XXX".into()];
    rows.extend(formulas.iter().enumerate().map(named));
    let file = book.file("in.csv", csv(&["account_number", "name", "currency"], &rows));
    let reject = book.dir.path().join("reject.csv");
    let flag = ["--reject-file", reject.to_str().unwrap()];
    let ran = book.run(&[&["import", &file][..], &flag].concat()).ends(1);
    quiet(&ran);
    let text = std::fs::read_to_string(&reject).unwrap();
    harmless("the reject file", &text);
    for line in text.lines().filter(|l| l.starts_with('F')) {
        let name = line.split(',').nth(1).unwrap().trim_matches('"');
        let runs = name.split(';').any(|part| part.starts_with(['=', '+', '@', '＝']));
        assert!(!runs && !name.starts_with("-1+"), "{line}");
    }
    // What is there is not written over, and not half a row goes in.
    let ran = book.run(&[&["import", &file][..], &flag].concat()).ends(2);
    assert!(ran.err.contains("exists already") && ran.err.contains("--force"), "{}", ran.err);
    book.run(&[&["import", &file, "--force"][..], &flag].concat()).ends(1);
    assert_eq!(std::fs::read_to_string(&reject).unwrap(), text);
    // Mended, they are what they were; what was marked is refused until somebody writes it anew.
    let mended = book.file("mended.csv", text.replace("XXX", "EUR"));
    let last = book.dir.path().join("last.csv");
    let ran = book.run(&["import", &mended, "--reject-file", last.to_str().unwrap(), "--json"]);
    let report = ran.ends(1).json();
    assert_eq!(report["files"][0]["added"], formulas.len());
    assert_eq!(report["files"][0]["refused"].as_array().unwrap().len(), PAYLOADS.len());
    let conn = rusqlite::Connection::open(&book.path).unwrap();
    for (n, name) in formulas.iter().enumerate() {
        let sql = "SELECT v.name FROM account_version v JOIN account a ON a.id = v.account_id WHERE a.number = ?1";
        let held: String = conn.query_row(sql, [format!("F{n}")], |r| r.get(0)).unwrap();
        // The apostrophe before a formula is a spreadsheet's, not the customer's.
        assert_eq!(held, name.strip_prefix('\'').unwrap_or(name));
    }
}

/// Calls whose `{}` is text of the clerk.
const CALLS: &[&[&str]] = &[
    &["invoice", "edit", "D-000001", "--set", "note={}", "--reason", "r", "--version", "1"],
    &["invoice", "edit", "D-000001", "--set", "po_number={}", "--reason", "r", "--version", "1"],
    &["invoice", "edit", "D-000001", "--set", "note=n", "--reason", "{}", "--version", "1"],
    &["invoice", "hold", "D-000001", "--reason", "{}"],
    &["invoice", "hold", "D-000001", "--reason", "r", "--owner", "{}"],
    &["invoice", "cancel", "D-000001", "--reason", "{}"],
    &["invoice", "show", "{}"],
    &["invoice", "list", "--account", "{}"],
    &["bill", "--target", "{}"],
    &["bill", "--target", "2026-03-01", "--batch", "{}"],
    &["post", "{}"],
    &["adjust", "INV-2026-000001", "--all", "--reason", "{}"],
    &["write-off", "INV-2026-000001", "--reason", "{}"],
    &["reverse", "INV-2026-000001", "--reason", "{}"],
    &["payment", "record", "--account", "A1", "--amount", "1", "--reference", "{}"],
    &["payment", "refund", "P-1", "--reason", "{}"],
    &["payment", "dispute", "INV-2026-000001", "--reason", "{}"],
    &["schedule", "add", "bill", "--every", "daily", "--at", "06:00", "--name", "{}"],
    &["schedule", "add", "bill", "--every", "daily", "--at", "06:00", "--email", "{}"],
    &["settings", "set", "issuer.name", "{}"],
    &["settings", "set", "{}", "x"],
    &["settings", "get", "{}"],
    &["role", "grant", "{}", "clerk"],
    &["import", "{}"],
    &["backup", "{}"],
    &["export", "journal", "--output", "{}"],
    &["sql", "--read-only", "SELECT '{}'"],
    &["{}"],
    &["--{}"],
];

#[test]
fn no_argument_carries_a_payload_in_or_out() {
    let book = crate::harness::day::billed();
    let before = book.dump();
    let call = |words: &[&str], payload: &str, json: bool| {
        let mut args: Vec<String> =
            words.iter().map(|w| w.replace("{}", &format!("x{payload}y"))).collect();
        args.extend(json.then(|| "--json".to_owned()));
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let ran = book.run(&args);
        quiet(&ran);
        assert_eq!(ran.code, 2, "{args:?}: {}{}", ran.out, ran.err);
    };
    for (n, payload) in PAYLOADS.iter().enumerate() {
        call(CALLS[n % CALLS.len()], payload, n.is_multiple_of(2));
    }
    for words in CALLS {
        call(words, "\u{1b}[2J", false);
    }
    // Bytes that are no text at all.
    let ran = Command::new(binary())
        .args(["--book", book.path.to_str().unwrap(), "invoice", "show"])
        .arg(std::ffi::OsStr::from_bytes(b"\x9b2J\xff"))
        .output()
        .unwrap();
    assert_eq!(ran.status.code(), Some(2));
    assert!(!ran.stderr.contains(&0x9b) && !ran.stdout.contains(&0x9b));
    assert_eq!(book.dump(), before, "something went in");
}

#[test]
fn card_numbers_are_kept_from_every_field_of_words() {
    let book = crate::harness::day::billed();
    for words in CALLS.iter().filter(|w| {
        let field = w.iter().position(|a| a.contains("{}")).unwrap();
        matches!(w[field.saturating_sub(1)], "--reason" | "--owner" | "--reference" | "--name")
            || w[field].starts_with("note=")
            || w[field].starts_with("po_number=")
            || w.contains(&"issuer.name")
    }) {
        for card in ["4242 4242 4242 4242", "４２４２-４２４２-４２４２-４２４２"] {
            let args: Vec<String> = words.iter().map(|w| w.replace("{}", card)).collect();
            let args: Vec<&str> = args.iter().map(String::as_str).collect();
            let ran = book.run(&args).ends(2);
            let unread = ["adjust", "write-off", "reverse", "payment"].contains(&words[0])
                && !ran.err.contains("card number");
            // Some look first whether there is such an invoice or payment.
            assert!(unread || ran.err.contains("card number"), "{args:?}: {}", ran.err);
            assert!(!ran.err.contains("4242 4242 4242"), "{}", ran.err);
        }
    }
}

/// A book whose names were taken in before they were looked at: written past the import.
fn poisoned() -> Book {
    let book = Book::new("2026-02-01");
    let (mut accounts, mut subscriptions, mut charges) = (Vec::new(), Vec::new(), Vec::new());
    for n in 0..PAYLOADS.len().div_ceil(8) {
        accounts
            .push(format!("A{n},Acme{n},EUR,VAT,ap{n}@acme.example,Road,1010,Wien,Austria,both"));
        subscriptions.push(format!("S{n},A{n},2026-01-01"));
        charges.push(format!("C{n},S{n},Base{n},recurring,flat,10,month"));
    }
    for (name, header, rows) in [
        (
            "a.csv",
            "account_number,name,currency,tax_code,email,address1,postcode,city,country,delivery",
            &accounts,
        ),
        ("s.csv", "subscription_number,account_number,start_date", &subscriptions),
        (
            "c.csv",
            "charge_number,subscription_number,name,type,model,price,billing_period",
            &charges,
        ),
        ("t.csv", "tax_code,rate_percent", &vec!["VAT,20".to_owned()]),
    ] {
        let file = book.file(name, format!("{header}\n{}\n", rows.join("\n")));
        let (code, _) = book.import(name, std::fs::read(file).unwrap(), &[]);
        assert!(code == 0 || name == "a.csv" || name == "t.csv", "{name}");
    }
    let file = book.dir.path().join("a.csv");
    book.run(&["import", file.to_str().unwrap()]).ends(0);
    let conn = rusqlite::Connection::open(&book.path).unwrap();
    for (n, some) in PAYLOADS.chunks(8).enumerate() {
        let text = format!("=1+2{}", some.concat());
        for sql in [
            "UPDATE account_version SET name = ?1, city = ?1, address1 = ?1 WHERE name = ?2",
            "UPDATE charge_version SET name = ?1 WHERE name = ?3",
        ] {
            let (account, charge) = (format!("Acme{n}"), format!("Base{n}"));
            let named = [(":1", &text), (":2", &account), (":3", &charge)];
            let sql =
                named.iter().fold(sql.to_owned(), |s, (k, _)| s.replace(&k.replace(':', "?"), k));
            let used: Vec<(&str, &dyn rusqlite::ToSql)> = named
                .iter()
                .filter(|(k, _)| sql.contains(*k))
                .map(|(k, v)| (*k, *v as &dyn rusqlite::ToSql))
                .collect();
            assert!(conn.execute(&sql, &used[..]).unwrap() > 0, "{sql}");
        }
    }
    book
}

#[test]
fn nothing_stored_before_leaves_by_any_exit() {
    let book = poisoned();
    let out = book.dir.path().join("out");
    let out = out.to_str().unwrap();
    let journal = book.dir.path().join("journal.csv");
    let journal = journal.to_str().unwrap();
    let calls: &[&[&str]] = &[
        &["bill", "--target", "2026-02-01"],
        &["invoice", "list"],
        &["invoice", "show", "D-000001"],
        &["invoice", "explain", "D-000002"],
        &["post", "BR-000001"],
        &["run", "show", "BR-000001"],
        &["deliver", "--dry-run"],
        &["deliver", "--print", out],
        &["delivery", "list"],
        &["collect", "--target", "2026-04-30"],
        &["status"],
        &["audit", "show"],
        &["sql", "--read-only", "SELECT name, city FROM account_version"],
        &["export", "journal", "--format", "csv"],
        &["export", "journal", "--format", "csv", "--output", journal],
        &["export", "journal", "--format", "hledger"],
        &["export", "journal", "--format", "beancount"],
    ];
    for words in calls {
        let ran = book.run(words);
        assert!(ran.code < 3, "{words:?}: {}", ran.err);
        quiet(&ran);
        if !matches!(words[0], "bill" | "post" | "export") && !words.contains(&"--print") {
            quiet(&book.run(&[*words, &["--json"]].concat()));
        }
    }
    harmless("the journal", &std::fs::read_to_string(journal).unwrap());
    book.run(&["clock", "set", "2026-02-02"]).ends(0);
    book.run(&["worker", "--once"]);
    let mut files = 0;
    for folder in [out.to_owned(), format!("{}.d/mail", book.path.display())] {
        for file in std::fs::read_dir(folder).unwrap().map(|f| f.unwrap().path()) {
            let bytes = std::fs::read(&file).unwrap();
            files += 1;
            match file.extension().and_then(|e| e.to_str()) {
                Some("pdf") => {
                    let text = tool("pdftotext", &["-layout", file.to_str().unwrap(), "-"]);
                    let text = text.unwrap_or_default().replace('\u{c}', "");
                    harmless("a PDF", &text);
                }
                Some("csv") => {
                    let text = String::from_utf8(bytes).unwrap();
                    harmless("the print index", &text);
                    assert!(text.contains("'=1+2") && !text.contains(",=1+2"), "{text}");
                }
                Some("zip") => {}
                _ => {
                    let text = String::from_utf8(bytes).unwrap().replace("\r\n", "\n");
                    harmless("an e-mail", &text);
                    for coded in ["=1B", "=07", "=E2=80=AE", "=E2=80=8B", "=C2=9B"] {
                        assert!(!text.contains(coded), "{coded} in {text}");
                    }
                }
            }
        }
    }
    assert!(files > 10, "{files}");
}

#[test]
fn the_console_shows_and_takes_in_no_payload() {
    let book = poisoned();
    book.run(&["bill", "--target", "2026-02-01"]).ends(0);
    let mut pty = Pty::console(&book.path, 120, 40);
    pty.shows("Today");
    pty.send("3");
    pty.shows("D-000001");
    // A pasted payload goes nowhere: the field holds only what may be stored.
    pty.send("/");
    pty.send("\u{1b}[200~ab\u{202e}\u{200b}\u{1b}]0;PWNED\u{7}cd\u{1b}[201~");
    pty.until("the paste", |screen| screen.contains("cd"));
    pty.send("\u{1b}");
    let raw = pty.raw();
    let bad = raw.chars().find(|c| !c.is_ascii() && is_unsafe(*c));
    assert!(bad.is_none(), "U+{:04X} reaches the terminal", bad.map_or(0, u32::from));
    for words in [
        "\u{1b}]0;",
        "\u{1b}]2;",
        "\u{1b}]52;",
        "\u{1b}]1337",
        "\u{1b}P",
        "\u{1b}_",
        "\u{1b}^",
        "\u{1b}X",
        "\u{1b}c",
    ] {
        assert!(!raw.contains(words), "{words:?} reaches the terminal");
    }
}
