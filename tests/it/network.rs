//! E-invoices that go by a network: what is handed over once, what the network says of it in whatever order,
//! and what becomes of what it refuses.

use crate::harness::book::{Book, Ran, binary, daybook};
use crate::harness::crash::copy;
use crate::harness::faults::{Disk, has};
use daybook::document::einvoice;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

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
    ("smtp.from", "billing@example.org"),
];

const HEAD: &str = "account_number,name,currency,tax_code,tax_id,address1,postcode,city,country,email,customer_kind,\
    buyer_reference,electronic_address,e_invoice,delivery\n";

fn account(n: u32, email: &str, address: &str, form: &str, delivery: &str) -> String {
    format!(
        "N{n},Kunde {n} GmbH,EUR,V19,DE129273398,Kai {n},20457,Hamburg,DE,{email},business,\
         R-{n},{address},{form},{delivery}\n"
    )
}

/// A book of posted invoices, one an account: INV-2026-000001 is of N1.
fn posted(accounts: &[String]) -> Book {
    let book = Book::new("2026-11-30");
    for (key, value) in ISSUER {
        book.run(&["settings", "set", key, value]).ends(0);
    }
    let taxes = "tax_code,rate_percent,name\nV19,19,USt.\n";
    assert_eq!(book.import("taxes.csv", taxes, &[]).0, 0);
    let (code, report) = book.import("accounts.csv", format!("{HEAD}{}", accounts.concat()), &[]);
    assert_eq!(code, 0, "{report}");
    let mut subs = "subscription_number,account_number,start_date\n".to_owned();
    let mut charges =
        "charge_number,subscription_number,name,type,model,price,billing_period\n".to_owned();
    for n in 1..=accounts.len() {
        subs += &format!("S{n},N{n},2026-11-01\n");
        charges += &format!("C{n},S{n},Plan,recurring,flat,{n}9.99,month\n");
    }
    assert_eq!(book.import("subs.csv", subs, &[]).0, 0);
    assert_eq!(book.import("charges.csv", charges, &[]).0, 0);
    book.run(&["bill", "--target", "2026-11-30"]).ends(0);
    book.run(&["post", "BR-000001"]).ends(0);
    book
}

/// Three accounts that go by network alone.
fn three() -> Book {
    let by = |n| account(n, "", &format!("0204:{n}"), "peppol", "network");
    posted(&[by(1), by(2), by(3)])
}

/// The rows of a question, their cells as text.
fn rows(book: &Path, sql: &str) -> Vec<String> {
    let told = daybook(book, &["sql", "--read-only", sql, "--json"]).ends(0).json();
    let told = told.as_array().unwrap().iter();
    told.map(|row| row.as_object().unwrap().values().map(|v| format!("{v} ")).collect()).collect()
}

fn outbox(book: &Path) -> PathBuf {
    PathBuf::from(format!("{}.d/network", book.display()))
}

/// What lies in a folder, hidden or not.
fn files(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<String> =
        entries.map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn copies(book: &Book) -> Vec<Value> {
    let all = book.run(&["delivery", "list", "--channel", "network", "--json"]).ends(0).json();
    all.as_array().unwrap().clone()
}

fn copy_of(book: &Book, number: &str) -> Value {
    copies(book).into_iter().rfind(|row| row["document"] == number).unwrap()
}

/// Status, the network's state, and what was said last.
fn stands(book: &Book, number: &str) -> (String, String, String) {
    let row = copy_of(book, number);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (text(&row["status"]), text(&row["network"]["state"]), text(&row["last_reply"]))
}

fn receipts(book: &Book, lines: &[Value]) -> Ran {
    let text: Vec<String> = lines.iter().map(|line| format!("{line}\n")).collect();
    let file = book.file("receipts.jsonl", text.concat());
    book.run(&["delivery", "receipts", &file, "--json"])
}

fn said(number: &str, state: &str, day: u32) -> Value {
    json!({ "document": number, "state": state, "code": "X1", "time": format!("2026-12-{day:02}T09:00:00Z") })
}

fn balance(book: &Book) -> Value {
    let told = book.run(&["delivery", "balance", "--json"]).ends(0).json();
    assert_eq!(told["balances"], true, "{told}");
    told
}

const FIRST: &str = "INV-2026-000001";
const SECOND: &str = "INV-2026-000002";
const THIRD: &str = "INV-2026-000003";

#[test]
fn each_account_goes_its_way_and_what_cannot_go_says_why() {
    let book = posted(&[
        account(1, "n1@example.org", "0204:1", "ubl", "network"),
        account(2, "n2@example.org", "0204:2", "factur-x", "network+email"),
        account(3, "n3@example.org", "", "ubl", "network"),
        account(4, "n4@example.org", "0204:4", "none", "network"),
        account(5, "n5@example.org", "", "ubl", "email"),
    ]);
    let (code, report) = book.import("bad.csv", "account_number,delivery\nN1,peppol\n", &[]);
    assert_eq!((code, &report["refused"][0]["column"]), (2, &json!("delivery")), "{report}");
    assert!(report["refused"][0]["hint"].to_string().contains("network+email"), "{report}");
    let plan = book.run(&["deliver", "--dry-run", "--json"]).ends(1).json();
    assert_eq!(
        (&plan["plan"]["network"], &plan["plan"]["email"]),
        (&json!(2), &json!(2)),
        "{plan}"
    );
    // It waits like e-mail, and can be recalled.
    let held = book.run(&["deliver", "--json"]).ends(1).json();
    assert_eq!(
        (&held["handed_over"], &held["plan"]["impossible"]),
        (&json!(0), &json!(2)),
        "{held}"
    );
    assert_eq!(stands(&book, FIRST).0, "Queued");
    let why = |number: &str| stands(&book, number).2;
    assert!(why("INV-2026-000003").contains("electronic_address of the account"));
    assert!(why("INV-2026-000004").contains("without an e-invoice form"));
    let went = book.run(&["deliver", "--send-now", "--json"]).ends(0).json();
    assert_eq!((&went["handed_over"], &went["sent"]), (&json!(2), &json!(2)), "{went}");
    assert_eq!(went["network"], json!({ "handed_over": 2 }));
    assert_eq!(went["balance"]["sent"], 4, "{went}");
    let ids: Vec<String> = [FIRST, SECOND]
        .iter()
        .map(|n| copy_of(&book, n)["id"].as_str().unwrap().to_owned())
        .collect();
    let names = [format!("{FIRST}.{}.xml", ids[0]), format!("{SECOND}.{}.xml", ids[1])];
    assert_eq!(files(&outbox(&book.path)), names);
    for (name, address) in names.iter().zip(["0204:1", "0204:2"]) {
        let bill = einvoice::read(&fs::read(outbox(&book.path).join(name)).unwrap()).unwrap();
        let to = format!("{}:{}", bill.buyer.address.scheme, bill.buyer.address.id);
        assert_eq!(to, address);
    }
    // The book keeps what it handed over, and gives it again.
    let xml = book.run(&["invoice", "xml", FIRST, "-"]).ends(0).out;
    assert_eq!(xml.as_bytes(), fs::read(outbox(&book.path).join(&names[0])).unwrap());
    // Nothing of it goes a second time, by whatever verb.
    let again = book.run(&["deliver", "--send-now", "--resend", "all", "--json"]).ends(0).json();
    assert_eq!(again["handed_over"], 0, "{again}");
    let retry = book.run(&["delivery", "retry", &ids[0]]).ends(1);
    assert!(retry.out.contains("it is Sent"), "{}", retry.out);
    assert_eq!(files(&outbox(&book.path)), names);
    // An address found makes one copy of what could not go.
    let found = "account_number,electronic_address\nN3,0204:3\n";
    assert_eq!(book.import("found.csv", found, &[]).0, 0);
    let went = book.run(&["deliver", "--send-now", "--json"]).ends(0).json();
    assert_eq!(went["handed_over"], 1, "{went}");
    assert_eq!(stands(&book, "INV-2026-000003").1, "handed_over");
    balance(&book);
    book.is_sound();
}

#[test]
fn receipts_are_booked_once_in_any_order_and_what_does_not_fit_is_listed() {
    let book = three();
    book.run(&["deliver", "--send-now"]).ends(0);
    let lines = [
        said(FIRST, "delivered", 3),
        said(FIRST, "accepted", 2),
        said(SECOND, "accepted", 2),
        said(SECOND, "refused", 3),
        said(THIRD, "paid", 4),
        said("INV-2020-000009", "accepted", 1),
        json!({ "document": FIRST, "transmission": "DL-000002", "state": "accepted" }),
    ];
    let told = receipts(&book, &lines).ends(1).json();
    assert_eq!(told["receipts"], 7, "{told}");
    for (what, n) in
        [("accepted", 1), ("delivered", 1), ("refused", 1), ("paid", 1), ("odd", 1), ("unknown", 1)]
    {
        assert_eq!(told[what].as_array().unwrap().len(), n, "{what}: {told}");
    }
    assert_eq!(told["noted"], 1, "{told}");
    assert_eq!(stands(&book, FIRST).1, "delivered");
    let (status, state, reply) = stands(&book, SECOND);
    assert_eq!((status.as_str(), state.as_str()), ("Bounced", "refused"));
    assert_eq!(reply, "refused by the network: X1");
    assert_eq!(copy_of(&book, SECOND)["network"]["code"], "X1");
    assert_eq!(stands(&book, THIRD).1, "paid");
    // No money is booked by it.
    assert_eq!(book.document(THIRD)["balance"], book.document(THIRD)["total"]);
    let told = balance(&book);
    assert_eq!((&told["balance"]["sent"], &told["balance"]["failed"]), (&json!(2), &json!(1)));
    assert_eq!(told["network"], json!({ "delivered": 1, "refused": 1, "paid": 1 }));
    // The same again says nothing new.
    let again = receipts(&book, &lines).ends(0).json();
    assert_eq!((&again["seen"], &again["noted"]), (&json!(7), &json!(0)), "{again}");
    // What contradicts changes nothing and is listed for good.
    let odd = [
        said(SECOND, "delivered", 9),
        said(THIRD, "refused", 9),
        json!({ "receipt": "R1", "document": FIRST, "state": "accepted" }),
        json!({ "receipt": "R1", "document": FIRST, "state": "refused", "code": "X9" }),
    ];
    let told = receipts(&book, &odd).ends(1).json();
    assert_eq!(told["odd"].as_array().unwrap().len(), 3, "{told}");
    assert_eq!(
        [FIRST, SECOND, THIRD].map(|n| stands(&book, n).1),
        ["delivered", "refused", "paid"]
    );
    let listed = book.run(&["delivery", "receipts", "--odd", "--json"]).ends(0).json();
    assert_eq!(listed.as_array().unwrap().len(), 5, "{listed}");
    let all = book.run(&["delivery", "receipts", "--json"]).ends(0).json();
    assert_eq!(all.as_array().unwrap().len(), 11, "{all}");
    // Both stand on Today: what was refused, with the remedy, and what does not fit.
    let day = book.run(&["status", "--json"]).ends(0).json();
    let step = |name: &str| {
        let steps = day["steps"].as_array().unwrap();
        steps.iter().find(|s| s["step"] == name).unwrap().clone()
    };
    assert_eq!(step("undelivered")["count"], 1);
    let words = step("undelivered")["state"].as_str().unwrap().to_owned();
    assert!(words.starts_with("1 refused by the network") && words.contains("r sends"), "{words}");
    assert!(step("notices")["state"].to_string().contains("do not fit"), "{day}");
    book.is_sound();
}

#[test]
fn what_was_refused_goes_again_under_its_number_with_the_address_corrected_and_nothing_else() {
    let book = three();
    book.run(&["deliver", "--send-now"]).ends(0);
    let before = files(&outbox(&book.path));
    let refused = [said(FIRST, "refused", 2), said(SECOND, "refused", 2)];
    receipts(&book, &refused).ends(0);
    // Only what was refused goes, with a reason, to an address that can be one.
    book.run(&["delivery", "resend", THIRD, "--reason", "again"]).ends(1);
    book.run(&["delivery", "resend", FIRST, "--reason", " "]).ends(2);
    // Nothing is half done: the address of what was not refused stays.
    let not = ["delivery", "resend", THIRD, "--address", "0204:9", "--reason", "x"];
    assert!(book.run(&not).ends(2).err.contains("nothing was changed"));
    let bad = book.run(&["delivery", "resend", FIRST, "--address", "991", "--reason", "x"]).ends(2);
    assert!(bad.err.contains("9930:DE123456789"), "{}", bad.err);
    let right = ["--address", "0204:77", "--reason", "their id was wrong"];
    let told = book.run(&[&["delivery", "resend", FIRST], &right[..]].concat()).ends(0);
    assert!(told.out.contains("0204:77, it was 0204:1"), "{}", told.out);
    // The other one goes to where it went.
    book.run(&["delivery", "resend", SECOND, "--reason", "they mended it"]).ends(0);
    let after = files(&outbox(&book.path));
    let new: Vec<&String> = after.iter().filter(|name| !before.contains(name)).collect();
    assert_eq!((after.len(), new.len()), (5, 2), "{after:?}");
    let read =
        |name: &str| einvoice::read(&fs::read(outbox(&book.path).join(name)).unwrap()).unwrap();
    let (old, corrected) = (read(&before[0]), read(new[0]));
    assert_eq!(corrected.buyer.address.id, "77");
    assert_eq!(einvoice::addressed(old, "0204:77"), corrected);
    assert_eq!(read(&before[1]), read(new[1]));
    // Both texts are kept; what is written now is the one that went last.
    assert_eq!(book.count("SELECT count(*) FROM e_document_version"), 1);
    let xml = book.run(&["invoice", "xml", FIRST, "-"]).ends(0).out;
    assert_eq!(einvoice::read(xml.as_bytes()).unwrap(), corrected);
    let told = balance(&book);
    assert_eq!(told["network"], json!({ "handed_over": 3 }));
    // Of the corrected one the old address was taken back; of the other the last copy counts.
    let figures = ["due", "sent", "recalled", "failed"].map(|f| told["balance"][f].clone());
    assert_eq!(figures, [4, 3, 1, 0].map(|n| json!(n)), "{told}");
    // A refusal of the first transmission read again, or an acceptance of it, is not for the second.
    assert_eq!(receipts(&book, &refused).ends(0).json()["seen"], 2);
    let late =
        json!({ "transmission": "DL-000001", "state": "accepted", "time": "2026-12-09T09:00:00Z" });
    assert_eq!(receipts(&book, &[late]).ends(1).json()["odd"].as_array().unwrap().len(), 1);
    assert_eq!(stands(&book, FIRST).1, "handed_over");
    receipts(&book, &[said(FIRST, "accepted", 8)]).ends(0);
    assert_eq!(stands(&book, FIRST).1, "accepted");
    // And once more, now by the verb for everything that was never sent.
    receipts(&book, &[said(SECOND, "refused", 9)]).ends(0);
    let again = book.run(&["deliver", "--resend", "--send-now", "--json"]).ends(0).json();
    assert_eq!((&again["resent"], &again["handed_over"]), (&json!(1), &json!(1)), "{again}");
    assert_eq!(files(&outbox(&book.path)).len(), 6);
    balance(&book);
    book.is_sound();
}

#[test]
fn a_worker_reads_the_folder_that_receipts_come_to_and_names_what_it_cannot_read() {
    let book = three();
    book.run(&["deliver", "--send-now"]).ends(0);
    let folder = book.path.with_file_name("receipts");
    fs::create_dir(&folder).unwrap();
    book.run(&["settings", "set", "network.receipts", "receipts"]).ends(2);
    book.run(&["settings", "set", "network.receipts", folder.to_str().unwrap()]).ends(0);
    let good = said(FIRST, "accepted", 2);
    fs::write(folder.join("1.jsonl"), format!("{good}\n{{\"state\":\"okay\"}}\n")).unwrap();
    fs::write(folder.join(".2.part"), format!("{}\n", said(SECOND, "accepted", 2))).unwrap();
    fs::write(folder.join("3"), "\u{1}\u{2}\n").unwrap();
    book.run(&["worker", "--once"]).ends(0);
    assert_eq!(stands(&book, FIRST).1, "accepted");
    assert_eq!(stands(&book, SECOND).1, "handed_over");
    let sql = "SELECT text FROM notice WHERE done_at IS NULL";
    let notices = rows(&book.path, sql).join("\n");
    assert!(notices.contains("2 lines of receipts cannot be read"), "{notices}");
    assert!(notices.contains("1.jsonl line 2, state"), "{notices}");
    // By hand each is named with its remedy, and the others are booked.
    let told = book.run(&["delivery", "receipts", folder.to_str().unwrap()]).ends(1);
    assert!(told.out.contains("1.jsonl:2 state \"okay\" is none of accepted"), "{}", told.out);
    assert!(told.out.contains("1 booked before"), "{}", told.out);
    // A line without its end is being written.
    let half = good.to_string();
    let file = book.file("half", &half[..half.len() - 4]);
    let told = book.run(&["delivery", "receipts", &file, "--json"]).ends(0).json();
    assert_eq!((&told["later"], &told["bad"]), (&json!(1), &json!([])), "{told}");
    let missing = book.run(&["delivery", "receipts", "/nowhere/at/all"]);
    assert!(missing.code != 0 && missing.err.contains("/nowhere/at/all"), "{}", missing.err);
    book.is_sound();
}

/// Of what a receipt says while it is handed over, or before, nothing is lost and nothing is guessed.
#[test]
fn a_receipt_waits_for_the_end_of_a_hand_over_and_settles_what_was_not_known() {
    let book = three();
    book.run(&["deliver"]).ends(0);
    let early = receipts(&book, &[said(FIRST, "accepted", 1)]).ends(1).json();
    let why = early["odd"][0]["why"].as_str().unwrap();
    assert!(why.contains("was not handed over: it is Queued"), "{early}");
    book.run(&["deliver", "--send-now"]).ends(0);
    let set = |status: &str| {
        let conn = rusqlite::Connection::open(&book.path).unwrap();
        conn.execute_batch(&format!(
            "UPDATE delivery SET status = '{status}', job_id = NULL;
             UPDATE network_copy SET state = 'begun' WHERE '{status}' <> 'Sent'"
        ))
        .unwrap();
    };
    set("Sending");
    let told = receipts(&book, &[said(FIRST, "delivered", 2)]).ends(0).json();
    assert_eq!((&told["later"], &told["delivered"]), (&json!(1), &json!([])), "{told}");
    // A person, or the network, says what became of it.
    set("Unconfirmed");
    receipts(&book, &[said(FIRST, "delivered", 2), said(SECOND, "refused", 2)]).ends(0);
    assert_eq!(
        (stands(&book, FIRST).0, stands(&book, FIRST).1),
        ("Sent".into(), "delivered".into())
    );
    assert_eq!(
        (stands(&book, SECOND).0, stands(&book, SECOND).1),
        ("Bounced".into(), "refused".into())
    );
    book.run(&["delivery", "confirm", THIRD]).ends(0);
    assert_eq!(stands(&book, THIRD).1, "handed_over");
    book.run(&["delivery", "bounced", THIRD, "--reason", "they called"]).ends(0);
    assert_eq!(
        (stands(&book, THIRD).0, stands(&book, THIRD).1),
        ("Bounced".into(), "refused".into())
    );
    balance(&book);
    book.is_sound();
}

/// A program that takes each file, in a directory of commands of its own.
struct Site {
    dir: tempfile::TempDir,
}

impl Site {
    fn new(script: &str) -> Self {
        let site = Self { dir: tempfile::tempdir().unwrap() };
        site.says(script);
        site
    }

    fn says(&self, script: &str) {
        use std::os::unix::fs::PermissionsExt;
        let program = self.dir.path().join("take");
        fs::write(
            &program,
            format!("#!/bin/sh\nout={}/got\n{script}\n", self.dir.path().display()),
        )
        .unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let file = self.dir.path().join("network");
        fs::write(&file, format!("{} --to peppol\n", program.display())).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    }

    fn run(&self, book: &Book, args: &[&str]) -> Ran {
        let output = Command::new(binary())
            .arg("--book")
            .arg(&book.path)
            .args(args)
            .env("CONFIGURATION_DIRECTORY", self.dir.path())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        Ran {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    fn got(&self) -> Vec<String> {
        let text = fs::read_to_string(self.dir.path().join("got")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }
}

const TAKES: &str =
    "test \"$1 $2\" = '--to peppol' && grep -q Invoice \"$3\" && basename \"$3\" >> $out";

#[test]
fn a_program_is_given_each_invoice_and_how_it_ends_is_what_is_known() {
    let book = three();
    book.run(&["settings", "set", "network.transport", "command"]).ends(0);
    book.run(&["settings", "set", "network.seconds", "1"]).ends(0);
    // No file names a program: nothing leaves, and somebody is told.
    let empty = tempfile::tempdir().unwrap();
    let site = Site { dir: empty };
    site.run(&book, &["deliver", "--send-now"]).ends(0);
    assert_eq!(copies(&book).iter().filter(|row| row["status"] == "Queued").count(), 3);
    let notices = rows(&book.path, "SELECT text FROM notice WHERE done_at IS NULL").join("\n");
    assert!(notices.contains("e-invoices do not leave for the network"), "{notices}");
    // Refused for now, never ended, killed, and taken.
    let site = Site::new("echo try later >&2; exit 75");
    book.run(&["clock", "set", "2026-12-01"]).ends(0);
    site.run(&book, &["deliver", "--send-now"]).ends(0);
    for number in [FIRST, SECOND, THIRD] {
        let (status, _, reply) = stands(&book, number);
        assert!(status == "Deferred" && reply.ends_with("exit status: 75: try later"), "{reply}");
    }
    site.says("case $3 in *000001.*) sleep 60;; *000002.*) kill -9 $$;; *) exit 3;; esac");
    book.run(&["clock", "set", "2026-12-02"]).ends(0);
    site.run(&book, &["deliver", "--send-now"]).ends(1);
    let (status, _, reply) = stands(&book, FIRST);
    assert!(status == "Unconfirmed" && reply.ends_with("took longer than 1 s"), "{status} {reply}");
    assert_eq!(stands(&book, SECOND).0, "Unconfirmed");
    assert_eq!(stands(&book, THIRD).0, "Deferred");
    balance(&book);
    // What is not known is never tried again by itself.
    site.says(TAKES);
    book.run(&["clock", "set", "2026-12-03"]).ends(0);
    site.run(&book, &["deliver", "--send-now"]).ends(0);
    let third = copy_of(&book, THIRD);
    assert_eq!(site.got(), [format!("{THIRD}.{}.xml", third["id"].as_str().unwrap())]);
    assert_eq!(
        (stands(&book, FIRST).0, stands(&book, THIRD).0),
        ("Unconfirmed".into(), "Sent".into())
    );
    // A person decides; it goes under the name that it had.
    site.run(&book, &["delivery", "retry", FIRST]).ends(0);
    let first = copy_of(&book, FIRST);
    assert_eq!(site.got()[1], format!("{FIRST}.{}.xml", first["id"].as_str().unwrap()));
    assert_eq!(site.got().len(), 2);
    assert_eq!(files(&outbox(&book.path)).len(), 1, "only what is not known lies there");
    balance(&book);
    book.is_sound();
}

#[test]
fn an_outbox_that_cannot_be_written_stops_nothing_else_and_half_a_file_is_never_there() {
    let by = |n| account(n, "", &format!("0204:{n}"), "peppol", "network");
    let mail = account(4, "n4@example.org", "0204:4", "ubl", "email");
    let book = posted(&[by(1), by(2), by(3), mail]);
    let set = |folder: &str| book.run(&["settings", "set", "network.outbox", folder]);
    set("out").ends(2);
    let missing = book.path.with_file_name("missing");
    set(missing.to_str().unwrap()).ends(0);
    let told = book.run(&["deliver", "--send-now", "--json"]).ends(0).json();
    assert_eq!((&told["handed_over"], &told["sent"]), (&json!(0), &json!(1)), "{told}");
    let notices = rows(&book.path, "SELECT text FROM notice WHERE done_at IS NULL").join("\n");
    assert!(notices.contains("missing"), "{notices}");
    fs::create_dir(&missing).unwrap();
    book.run(&["clock", "set", "2026-12-01"]).ends(0);
    let told = book.run(&["deliver", "--send-now", "--json"]).ends(0).json();
    assert_eq!(told["handed_over"], 3, "{told}");
    assert_eq!(files(&missing).len(), 3);
    assert_eq!(
        book.count("SELECT count(*) FROM notice WHERE key = 'network_down' AND done_at IS NULL"),
        0
    );
    book.is_sound();
}

#[test]
fn a_full_disk_keeps_everything_back_and_goes_on_when_there_is_room() {
    let book = three();
    let Some(disk) = Disk::mount("16k") else { return };
    let folder = disk.path().to_str().unwrap();
    fs::write(disk.path().join("other"), vec![0_u8; 12 << 10]).unwrap();
    book.run(&["settings", "set", "network.outbox", folder]).ends(0);
    let told = book.run(&["deliver", "--send-now", "--json"]).ends(0).json();
    assert_eq!(told["handed_over"], 0, "{told}");
    let out = || files(disk.path()).into_iter().filter(|n| n != "other").collect::<Vec<_>>();
    assert_eq!(out(), Vec::<String>::new(), "nothing of it lies there");
    assert!(copies(&book).iter().all(|row| row["status"] == "Queued"));
    disk.remount("size=1m");
    book.run(&["clock", "set", "2026-12-01"]).ends(0);
    book.run(&["deliver", "--send-now"]).ends(0);
    assert_eq!(out().len(), 3);
    balance(&book);
    book.is_sound();
}

/// At whatever system call it dies, each invoice is handed over once, under one name.
#[test]
fn a_hand_over_killed_at_any_system_call_is_understood_afterwards() {
    if !has("strace", &["-o", "/dev/null", "true"]) {
        return;
    }
    let book = three();
    book.run(&["deliver"]).ends(0);
    let send = ["deliver", "--send-now"];
    let content = |book: &Path| -> Vec<(String, Vec<u8>)> {
        let folder = outbox(book);
        files(&folder)
            .into_iter()
            .map(|n| (n.clone(), fs::read(folder.join(&n)).unwrap()))
            .collect()
    };
    let dir = tempfile::tempdir().unwrap();
    let whole = copy(&book.path, dir.path());
    daybook(&whole, &send).ends(0);
    let expected = content(&whole);
    assert_eq!(expected.len(), 3);
    let mut killed = 0;
    for call in ["rename", "fsync", "fdatasync", "pwrite64"] {
        for k in (1..=400).step_by(if call == "pwrite64" { 7 } else { 1 }) {
            let dir = tempfile::tempdir().unwrap();
            let copy = copy(&book.path, dir.path());
            let ran = Command::new("strace")
                .args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={call}"), "-e"])
                .arg(format!("inject={call}:signal=SIGKILL:when={k}"))
                .arg(binary())
                .arg("--book")
                .arg(&copy)
                .args(send)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .unwrap();
            if ran.success() {
                break;
            }
            killed += 1;
            daybook(&copy, &["worker", "--once"]).ends(0);
            daybook(&copy, &send).ends(0);
            assert!(content(&copy) == expected, "{call} {k}: {:?}", files(&outbox(&copy)));
            let sql = "SELECT l.status, n.state FROM delivery l JOIN network_copy n ON n.delivery_id = l.id";
            let states = rows(&copy, sql);
            let sent = |row: &String| row.contains("Sent") && row.contains("handed_over");
            assert!(states.len() == 3 && states.iter().all(sent), "{call} {k}: {states:?}");
            let check = daybook(&copy, &["check"]);
            assert_eq!(check.code, 0, "{call} {k}: {}", check.out);
        }
    }
    println!("{killed} kills");
    assert!(killed >= 20, "only {killed} kills");
}

#[test]
fn where_the_law_wants_a_network_an_account_that_goes_by_none_is_stopped_at_the_draft() {
    let book = Book::new("2026-11-30");
    for (key, value) in ISSUER {
        book.run(&["settings", "set", key, value]).ends(0);
    }
    for (key, value) in [
        ("issuer.country", "BE"),
        ("issuer.tax_id", "BE0123456749"),
        ("issuer.electronic_address", "0208:0123456749"),
    ] {
        book.run(&["settings", "set", key, value]).ends(0);
    }
    let taxes = "tax_code,rate_percent,name\nV19,21,BTW\n";
    assert_eq!(book.import("taxes.csv", taxes, &[]).0, 0);
    let of = |delivery: &str, n: u32| {
        format!(
            "N{n},Klant {n} NV,EUR,V19,BE0123456749,Kaai {n},2000,Antwerpen,BE,n{n}@example.org,business,\
             R-{n},0208:0123456749,peppol,{delivery}\n"
        )
    };
    let accounts = format!("{HEAD}{}{}", of("email", 1), of("network", 2));
    let (code, report) = book.import("accounts.csv", accounts, &[]);
    assert_eq!(code, 0, "{report}");
    let subs =
        "subscription_number,account_number,start_date\nS1,N1,2026-11-01\nS2,N2,2026-11-01\n";
    let charges = "charge_number,subscription_number,name,type,model,price,billing_period\n\
        C1,S1,Plan,recurring,flat,10,month\nC2,S2,Plan,recurring,flat,10,month\n";
    assert_eq!(book.import("subs.csv", subs, &[]).0, 0);
    assert_eq!(book.import("charges.csv", charges, &[]).0, 0);
    book.run(&["bill", "--target", "2026-11-30"]).ends(0);
    let post = book.run(&["post", "BR-000001", "--json"]).ends(1).json();
    assert_eq!(post["posted"], 1, "{post}");
    let why = post["refused"][0]["reason"].as_str().unwrap();
    assert!(why.contains("over its network") && why.contains("delivery network"), "{why}");
    // Put right, or only warned of.
    book.run(&["settings", "set", "regime.enforce", "warn"]).ends(0);
    let id = post["refused"][0]["id"].as_str().unwrap();
    book.run(&["invoice", "regenerate", id]).ends(0);
    book.run(&["post", "--invoice", id]).ends(0);
    book.is_sound();
}

/// The other counter-deed: what nobody got is canceled in the books alone, and billed anew.
#[test]
fn what_was_refused_is_canceled_internally_and_billed_anew() {
    let book = three();
    book.run(&["deliver", "--send-now"]).ends(0);
    receipts(&book, &[said(FIRST, "refused", 1), said(SECOND, "accepted", 1)]).ends(0);
    let void = |id: &str| book.run(&["invoice", "void", id, "--reason", "unknown there", "--json"]);
    let told = void(SECOND).ends(2);
    assert!(
        told.err.contains("is Sent by network") && told.err.contains("reverse it"),
        "{}",
        told.err
    );
    let memo = void(FIRST).ends(0).json();
    assert_eq!(memo["number"], "VC-2026-000001");
    let total = book.document(FIRST)["total"].as_str().unwrap().to_owned();
    assert_eq!(memo["total"], format!("-{total}"));
    assert_eq!(book.document(FIRST)["balance"], "0.00");
    void(FIRST).ends(2);
    // It goes nowhere, by no verb; what was refused asks nobody any more.
    book.run(&["deliver", "--send-now", "--resend", "all"]).ends(0);
    book.run(&["delivery", "channel", "email", "VC-2026-000001"]).ends(1);
    assert_eq!(files(&outbox(&book.path)).len(), 3);
    assert_eq!(stands(&book, FIRST).0, "Recalled");
    book.run(&["delivery", "resend", FIRST, "--reason", "again"]).ends(1);
    let told = balance(&book);
    let figures = ["sent", "recalled", "suppressed", "failed"].map(|f| told["balance"][f].clone());
    assert_eq!(figures, [2, 1, 1, 0].map(|n| json!(n)), "{told}");
    assert_eq!(told["not_made"], 0);
    // Its periods are billed anew, under a new number, and go.
    book.run(&["bill", "--target", "2026-11-30"]).ends(0);
    book.run(&["post", "BR-000002"]).ends(0);
    book.run(&["deliver", "--send-now"]).ends(0);
    assert_eq!(book.document("INV-2026-000004")["total"], total);
    assert_eq!(stands(&book, "INV-2026-000004").1, "handed_over");
    // One verb does both, with what was wrong put right.
    receipts(&book, &[said(THIRD, "refused", 2)]).ends(0);
    let anew = ["--set", "buyer_reference=R-33", "--reason", "their reference"];
    book.run(&[&["invoice", "reissue", THIRD], &anew[..]].concat()).ends(0);
    book.run(&["deliver", "--send-now"]).ends(0);
    assert_eq!(stands(&book, THIRD).0, "Recalled");
    assert!(book.document("VC-2026-000002")["total"].as_str().unwrap().starts_with('-'));
    assert_eq!(stands(&book, "INV-2026-000005").1, "handed_over");
    assert_eq!(files(&outbox(&book.path)).len(), 5, "neither cancelation went anywhere");
    balance(&book);
    book.is_sound();
}

/// What was canceled on 6 Jobs stays so until a person starts it, and a program that kills daybook has the
/// invoice, or has it not: a person decides.
#[test]
fn a_canceled_job_stays_so_and_a_death_in_the_program_is_not_known() {
    let book = three();
    book.run(&["deliver"]).ends(0);
    let set = "UPDATE job SET state = 'Canceled', ended_at = 1 WHERE subject = 'network'";
    rusqlite::Connection::open(&book.path).unwrap().execute_batch(set).unwrap();
    book.run(&["clock", "set", "2026-12-01"]).ends(0);
    book.run(&["deliver"]).ends(0);
    book.run(&["worker", "--once"]).ends(0);
    assert_eq!(stands(&book, FIRST).0, "Queued");
    book.run(&["settings", "set", "network.transport", "command"]).ends(0);
    let site = Site::new("echo $3 >> $out; case $3 in *000002.*) kill -9 $PPID;; esac");
    site.run(&book, &["deliver", "--send-now"]);
    assert_eq!(site.got().len(), 2);
    site.says(TAKES);
    site.run(&book, &["worker", "--once"]).ends(0);
    site.run(&book, &["deliver", "--send-now"]).ends(0);
    let states = [FIRST, SECOND, THIRD].map(|n| stands(&book, n).0);
    assert_eq!(states, ["Sent", "Unconfirmed", "Sent"]);
    assert_eq!(site.got().len(), 3, "nothing is given twice");
    assert_eq!(balance(&book)["balance"]["unconfirmed"], 1);
    receipts(&book, &[said(SECOND, "refused", 2)]).ends(0);
    assert_eq!(balance(&book)["balance"]["unconfirmed"], 0);
    let past = book.run(&["invoice", "history", SECOND]).ends(0);
    assert!(past.out.contains("the network says refused: X1"), "{}", past.out);
    book.is_sound();
}

/// A copy of which nobody knew whether it arrived, and in whose place another went, may turn up after all.
#[test]
fn what_turns_up_after_another_went_in_its_place_is_for_a_person() {
    let book = three();
    book.run(&["deliver", "--send-now"]).ends(0);
    let set = "UPDATE delivery SET status = 'Unconfirmed', job_id = NULL; UPDATE network_copy SET state = 'begun'";
    rusqlite::Connection::open(&book.path).unwrap().execute_batch(set).unwrap();
    let moved = "account_number,electronic_address\nN1,0204:71\nN2,0204:72\n";
    assert_eq!(book.import("moved.csv", moved, &[]).0, 0);
    for number in [FIRST, SECOND] {
        book.run(&["delivery", "retry", number]).ends(0);
        assert_eq!(stands(&book, number).1, "handed_over");
    }
    let of = |id: &str, state: &str| json!({ "transmission": id, "state": state, "code": "X1" });
    let told = receipts(&book, &[of("DL-000001", "accepted"), of("DL-000002", "refused")]);
    let told = told.ends(1).json();
    assert_eq!((told["odd"].as_array().unwrap().len(), &told["noted"]), (1, &json!(1)), "{told}");
    assert!(told["odd"][0]["why"].as_str().unwrap().contains("went in its place"), "{told}");
    balance(&book);
    book.is_sound();
}

/// Another address of an account that owes is a second person's matter, here as in an import.
#[test]
fn a_corrected_address_waits_for_a_second_person_where_the_book_wants_one() {
    let book = three();
    book.run(&["deliver", "--send-now"]).ends(0);
    receipts(&book, &[said(FIRST, "refused", 1)]).ends(0);
    book.run(&["settings", "set", "four_eyes.address_above", "1"]).ends(0);
    let right = ["delivery", "resend", FIRST, "--address", "0204:77", "--reason", "their id"];
    let waits = book.run(&right).ends(2);
    assert!(waits.err.contains("0204:1 → 0204:77"), "{}", waits.err);
    assert_eq!((stands(&book, FIRST).0.as_str(), files(&outbox(&book.path)).len()), ("Bounced", 3));
    book.is_sound();
}
