//! Lines of banks at the console: each key by keys with what the book says afterwards, two clerks on one line,
//! the pictures, and the empty screen.

use crate::harness::book::Book;
use crate::harness::desk::Desk;
use crate::ui::snapshot;
use daybook::domain::actor::{Actor, Role};
use daybook::engine::Session;
use daybook::engine::guard::roles;

/// A1 to A4 owe 119.00 each since November, on OLD-000001 to OLD-000004; the clock stands at the 20th.
fn owing() -> Book {
    let book = Book::new("2026-11-20");
    let mut accounts = "account_number,name,currency,tax_code\n".to_owned();
    let mut items =
        "document_number,account_number,kind,date,due_date,total,tax,balance,tax_code,rate\n"
            .to_owned();
    for (n, name) in (1..).zip(["Müller GmbH", "Zephyr Freight", "Greta Café", "O'Brien"]) {
        accounts.push_str(&format!("A{n},{name},EUR,VAT\n"));
        items.push_str(&format!(
            "OLD-00000{n},A{n},invoice,2026-11-01,2026-11-30,119.00,19.00,119.00,VAT,19\n"
        ));
    }
    let taxes =
        "tax_code,rate_percent,name,kind,reason,valid_from\nVAT,19,VAT,standard,,2026-01-01\n";
    assert_eq!(book.import("taxes.csv", taxes, &[]).0, 0);
    assert_eq!(book.import("accounts.csv", &accounts, &[]).0, 0);
    let (code, said) = book.import("open_items.csv", &items, &["--cutover", "2026-11-01"]);
    assert_eq!(code, 0, "{said}");
    book
}

const HEADER: &str = "entry_ref,booked_on,amount,currency,text,payer,iban,end_to_end\n";

/// BL-1 pays A1's invoice by rule; BL-2 has the name of A2, BL-3 the amount alone; BL-4 is a fee; BL-5 of A3 is
/// more than it owes; BL-6 is like nothing.
const LINES: &str = "R1,2026-11-10,119.00,EUR,invoice OLD-000001,Mueller,,\n\
    R2,2026-11-11,100.00,EUR,thank you,Zephyr Freight,DE02500105170137075030,\n\
    R3,2026-11-12,119.00,EUR,monthly,somebody,,\n\
    R4,2026-11-13,-7.50,EUR,fees of November,,,\n\
    R5,2026-11-16,150.00,EUR,OLD-000003,Greta,,\n\
    R6,2026-11-17,33.00,EUR,on account,Nobody & Sons,,\n";

fn read(book: &Book, lines: &str) {
    let add = ["bank", "account", "add", "main", "--currency", "EUR"];
    book.run(&add).ends(0);
    let file = book.file("payments.csv", format!("{HEADER}{lines}"));
    book.run(&["bank", "import", &file, "--account", "main"]).ends(0);
}

fn with_lines() -> Book {
    let book = owing();
    read(&book, LINES);
    book
}

fn state(book: &Book, line: i64) -> String {
    let read = |column: &str| {
        let sql = format!("SELECT {column} FROM bank_line WHERE id = {line}");
        let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
        let conn = rusqlite::Connection::open_with_flags(&book.path, flags).unwrap();
        conn.query_row(&sql, [], |r| r.get::<_, String>(0)).unwrap()
    };
    format!("{} {}", read("state"), read("printf('%.2f', unidentified_minor / 100.0)"))
}

fn balance(book: &Book, number: &str) -> i64 {
    book.count(&format!(
        "SELECT s.balance_minor FROM document_state s JOIN document d ON d.id = s.document_id
         WHERE d.number = '{number}'"
    ))
}

fn sound(book: &Book) {
    book.run(&["check"]).ends(0);
}

#[test]
fn the_screen_at_three_sizes() {
    let (book, empty) = (with_lines(), owing());
    for (width, height) in [(80, 24), (140, 40), (60, 15)] {
        let mut desk = Desk::at(&book.path, width, height);
        desk.press("0");
        snapshot(&format!("bank_{width}x{height}"), &desk.picture());
        desk.press("j<Enter>");
        if width < 100 {
            snapshot(&format!("bank_candidates_{width}x{height}"), &desk.picture());
        }
        let mut desk = Desk::at(&empty.path, width, height);
        desk.press("0").shows("daybook bank account add").shows("bank import FILE");
        snapshot(&format!("bank_empty_{width}x{height}"), &desk.picture());
    }
}

#[test]
fn the_tabs_go_by_state_with_the_oldest_to_do_first() {
    let book = with_lines();
    let mut desk = Desk::at(&book.path, 80, 24);
    desk.press("0").shows("0 Bank › to do").shows("[to do]");
    let picture = desk.picture();
    let at = |id: &str| picture.find(id).unwrap_or_else(|| panic!("{id}\n{picture}"));
    assert!(at("BL-000002") < at("BL-000003") && at("BL-000003") < at("BL-000005"), "{picture}");
    assert!(!picture.contains("BL-000001"), "it is matched\n{picture}");
    desk.press("f").shows("[unapplied]").shows("BL-000005");
    desk.press("ff").shows("[matched]").shows("BL-000001");
    desk.press("f").shows("[all]").shows("BL-000006").shows("BL-000001");
    for (typed, shown, hidden) in [
        ("zephyr", "BL-000002", "BL-000003"),
        ("amount:-7.50", "BL-000004", "BL-000003"),
        ("day:2026-11-16", "BL-000005", "BL-000006"),
        ("payer:nobody", "BL-000006", "BL-000002"),
        ("account:A3", "BL-000005", "BL-000001"),
        ("bank:main status:unidentified", "BL-000003", "BL-000001"),
        ("DE02500105170137075030", "BL-000002", "BL-000003"),
        ("R6", "BL-000006", "BL-000005"),
    ] {
        desk.press(&format!("/<C-u>{typed}<Enter>")).shows(shown);
        assert!(!desk.picture().contains(hidden), "{typed}\n{}", desk.picture());
        desk.press("<Esc>");
    }
}

#[test]
fn a_candidate_is_chosen_and_booked_in_three_keys_and_taken_back() {
    let book = with_lines();
    let mut desk = Desk::at(&book.path, 80, 24);
    desk.press("0<Enter>")
        .shows("BL-000002")
        .shows("A2 Zephyr Freight: OLD-000002")
        .shows("19.00 EUR short");
    desk.press("1").shows("100.00 EUR of BL-000002 are money of A2 Zephyr Freight");
    desk.shows("19.00 EUR stay open").shows("daybook bank match BL-000002 --to D-00000");
    // Enter alone cancels.
    desk.press("<Enter>");
    assert_eq!(balance(&book, "OLD-000002"), 11_900);
    desk.press("<Esc><Enter>1y").shows("BL-000002: Matched");
    assert_eq!((balance(&book, "OLD-000002"), state(&book, 2)), (1_900, "Matched 0.00".into()));
    // The next line is under the cursor; u is about what was booked here last.
    desk.press("u").shows("Take BL-000002 back");
    desk.press("<C-s>").shows("the reason is missing");
    desk.press("wrong customer<C-s>").shows("BL-000002: Unidentified");
    assert_eq!(balance(&book, "OLD-000002"), 11_900);
    assert_eq!(state(&book, 2), "Unidentified 100.00");
    sound(&book);
}

#[test]
fn what_a_rule_says_is_accepted_with_one_enter_and_what_looks_alike_is_not() {
    let book = with_lines();
    let why = ["--reason", "again"];
    book.run(&[&["bank", "unmatch", "BL-000001"][..], &why].concat()).ends(0);
    let mut desk = Desk::at(&book.path, 80, 24);
    desk.press("0a").shows("Book BL-000001 by rule number?").shows("119.00 EUR of BL-000001");
    // What is typed there books nothing.
    desk.press("x").shows("no such line");
    desk.press("<Esc>");
    assert_eq!(balance(&book, "OLD-000001"), 11_900);
    desk.press("a<Enter>").shows("BL-000001: Matched");
    assert_eq!((balance(&book, "OLD-000001"), state(&book, 1)), (0, "Matched 0.00".into()));
    // BL-2 has a customer's name, BL-3 an amount that is owed: a person must say which.
    desk.press("a").shows("no rule says what BL-000002 is");
    desk.press("ja").shows("no rule says what BL-000003 is");
    desk.press("<Enter>");
    desk.shows("the same amount: pays exactly");
    desk.press("<Esc>");
    desk.press("Ga").shows("nothing looks like BL-000006: i says whose it is");
    sound(&book);
}

#[test]
fn a_part_is_split_off_and_the_rest_stays() {
    let book = with_lines();
    let mut desk = Desk::at(&book.path, 80, 24);
    desk.press("0s<C-s>").shows("the amount is missing");
    desk.press("40<Tab>OLD-000002<C-s>").shows("40.00 EUR of BL-000002 are money of A2");
    desk.shows("60.00 EUR of the line stay nobody's");
    desk.press("y").shows("60.00 still nobody's");
    assert_eq!((balance(&book, "OLD-000002"), state(&book, 2)), (7_900, "Part 60.00".into()));
    // Too much comes back into the form, at its field.
    desk.press("s70<Tab>OLD-000002<C-s>").shows("60.00 of BL-000002 are unidentified");
    desk.shows("> amount");
    desk.press("<Esc>");
    // The rest is another account's, unapplied.
    desk.press("s60<Tab><Tab>A4<C-s>").shows("60.00 EUR stay unapplied");
    desk.press("y");
    desk.shows("BL-000002: Unapplied");
    assert_eq!(state(&book, 2), "Unapplied 0.00");
    sound(&book);
}

#[test]
fn whose_a_line_is_is_said_with_what_it_pays() {
    let book = with_lines();
    let mut desk = Desk::at(&book.path, 80, 24);
    desk.press("0Gi").shows("Whose are the 33.00 EUR of BL-000006?");
    desk.press("A9<C-s>").shows("there is no account A9");
    desk.press("<C-u>O'Br").shows("Right takes A4");
    desk.press("<Right><Tab>OLD-000004<C-s>").shows("33.00 EUR of BL-000006 are money of A4");
    desk.shows("86.00 EUR stay open");
    desk.press("y").shows("BL-000006: Matched");
    assert_eq!(balance(&book, "OLD-000004"), 8_600);
    // Of one that is somebody's already nothing is nobody's.
    desk.press("gjjj").shows(">  BL");
    desk.press("i");
    let picture = desk.picture();
    assert!(picture.contains("u takes it back") || picture.contains("Whose are"), "{picture}");
    sound(&book);
}

#[test]
fn money_that_a_customer_has_unapplied_pays_what_it_owes() {
    let book = with_lines();
    assert_eq!(state(&book, 5), "Unapplied 0.00");
    let item = "document_number,account_number,kind,date,due_date,total,tax,balance\n\
        OLD-000009,A3,invoice,2026-11-02,2026-12-01,20.00,0.00,20.00\n";
    let mut desk = Desk::at(&book.path, 80, 24);
    desk.press("0f<Enter>").shows("A3 owes nothing: its next invoice takes it");
    desk.press("a").shows("A3 has it already");
    assert_eq!(book.import("item.csv", item, &["--cutover", "2026-11-02"]).0, 0);
    let mut desk = Desk::at(&book.path, 80, 24);
    desk.press("0f<Enter>").shows("A3 Greta Café: OLD-000009").shows("11.00 EUR over");
    desk.press("1").shows("20.00 EUR of BL-000005 pay what A3 owes");
    desk.press("y");
    desk.shows("BL-000005: Unapplied").shows("11.00 unapplied");
    assert_eq!(balance(&book, "OLD-000009"), 0);
    sound(&book);
}

#[test]
fn a_fee_is_our_own_and_money_out_pays_nothing() {
    let book = with_lines();
    let mut desk = Desk::at(&book.path, 80, 24);
    desk.press("0jj").shows("-7.50");
    desk.press("i").shows("money out is nobody's payment");
    desk.press("s").shows("money out pays nothing");
    desk.press("xf").shows("BL-000004: Own");
    assert_eq!(state(&book, 4), "Own 0.00");
    desk.press("ff").shows("[own]").shows("BL-000004");
    desk.press("x").shows("u takes it back");
    desk.press("uno fee<C-s>").shows("BL-000004: Unidentified");
    sound(&book);
}

#[test]
fn the_second_of_two_clerks_on_a_line_is_told_and_reads_the_list_again() {
    let book = with_lines();
    let me = nix::unistd::getuid().as_raw();
    let mut admin = Session::open(&book.path, Actor { uid: me, name: "mia".to_owned() }).unwrap();
    for uid in [me, 4711] {
        roles::grant(&mut admin, uid, Role::Cashier).unwrap();
    }
    let mut mia = Desk::at(&book.path, 80, 24);
    let mut jon = Desk::of(Actor { uid: 4711, name: "jon".to_owned() }, &book.path, 80, 24);
    // Both have the same line before them, and the question about it.
    mia.press("0<Enter>1").shows("Book it as A2");
    jon.press("0<Enter>1").shows("Book it as A2");
    mia.press("y").shows("BL-000002: Matched");
    jon.press("y").shows("nothing of BL-000002 is unidentified: it is Matched");
    let count = "SELECT count(*) FROM payment WHERE gateway = 'bank' AND account_id = \
        (SELECT id FROM account WHERE number = 'A2')";
    assert_eq!((book.count(count), balance(&book, "OLD-000002")), (1, 1_900));
    jon.press("<Esc><Esc>");
    let picture = jon.picture();
    assert!(!picture.contains("BL-000002 "), "it is to do no more\n{picture}");
    // Where one said a part, the other's whole is too much.
    mia.press("s19<Tab>OLD-000003<Tab>A3<C-s>");
    jon.press("i").press("A4<C-s>").shows("119.00 EUR of BL-000003");
    mia.press("<Esc><Esc>").press("i").press("A2<Tab>OLD-000002<Tab>19<C-s>y").shows("Part");
    jon.press("y").shows("100.00 of BL-000003 are unidentified");
    assert_eq!(state(&book, 3), "Part 100.00");
    sound(&book);
}

#[test]
fn a_statement_is_read_from_a_file_and_a_broken_one_comes_back_into_the_form() {
    let book = owing();
    book.run(&["bank", "account", "add", "main", "--currency", "EUR"]).ends(0);
    let rows: String = LINES.lines().map(|line| format!("main,{line}\n")).collect();
    let file = book.file("payments.csv", format!("bank_account,{HEADER}{rows}"));
    let mut desk = Desk::at(&book.path, 80, 24);
    desk.press("0").shows("L reads a statement");
    desk.press("L");
    desk.press("/no/such/file<C-s>").shows("> file").shows("/no/such/file");
    desk.press(&format!("<C-u>{file}<C-s>")).shows("6 new lines").shows("BL-000002");
    // Read again it adds nothing.
    desk.press(&format!("L{file}<C-s>")).shows("0 new lines");
    assert_eq!(book.count("SELECT count(*) FROM bank_line"), 6);
    sound(&book);
}

#[test]
fn a_file_that_names_no_bank_account_is_read_for_the_one_that_is_typed() {
    let book = owing();
    book.run(&["bank", "account", "add", "main", "--currency", "EUR"]).ends(0);
    let file = book.file("payments.csv", format!("{HEADER}{LINES}"));
    let mut desk = Desk::at(&book.path, 80, 24);
    desk.press("0L");
    desk.press(&file);
    desk.press("<C-s>").shows("it names no bank account");
    desk.press("<Tab>main<C-s>").shows("1 statement read");
    drop(desk);
    assert!(book.count("SELECT count(*) FROM bank_line") > 0);
    sound(&book);
}

#[test]
fn the_list_goes_into_a_file() {
    let book = with_lines();
    let mut desk = Desk::at(&book.path, 80, 24);
    desk.press("0w");
    let written = desk.asked.iter().any(|effect| {
        use daybook::engine::query::ListName::BankLines;
        matches!(effect, daybook::ui::msg::Effect::Export { list: BankLines, .. })
    });
    assert!(written, "{:?}", desk.asked);
}

#[test]
fn today_tells_what_banks_wait_for_and_which_month_is_open() {
    let empty = owing();
    let mut desk = Desk::at(&empty.path, 80, 24);
    let picture = desk.press("1").picture();
    assert!(!picture.lines().any(|line| line.starts_with("   bank ")), "{picture}");
    let book = with_lines();
    let payouts = "payout_id,payout_date,currency,type,reference,gross,fee,net\n\
        po_1,2026-11-18,EUR,adjustment,x,50.00,0.00,50.00\n";
    let file = book.file("payouts.csv", payouts);
    book.run(&["gateway", "import", &file]);
    book.run(&["clock", "set", "2026-12-03"]).ends(0);
    let mut desk = Desk::at(&book.path, 80, 24);
    desk.press("1")
        .shows("read to 2026-11-17; 1 payout to come")
        .shows("2026-11 is open, over since 2026-12-01");
    desk.press("Gkk").shows(">  bank");
    desk.press("<Enter>").shows("0 Bank › to do");
    desk.press("1Gk").shows(">  close");
    desk.press("<Enter>").shows("9 Books");
}
