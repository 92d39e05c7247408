//! Files that come again: a row that says what the book says changes nothing, and one that does not is
//! found, whichever column it is and whatever was changed in between.

use crate::harness::book::Book;
use serde_json::Value;

/// Every column, with a value and another one, of a row `n`.
type Columns = &'static [(&'static str, &'static str, &'static str)];

const ACCOUNTS: Columns = &[
    ("account_number", "A#", ""),
    ("name", "Ann #", "Bob"),
    ("currency", "EUR", ""),
    ("email", "a#@example.com;b@example.com", "a#@example.com"),
    ("batch", "north", ""),
    ("bill_cycle_day", "3", "4"),
    ("payment_term", "Net 30", "Net 14"),
    ("auto_pay", "true", "false"),
    ("delivery", "print", "both"),
    ("tax_code", "VAT", ""),
    ("tax_id", "DE1", "DE2"),
    ("address1", "Street 1", "Street 2"),
    ("address2", "", "Floor 2"),
    ("postcode", "12345", "12346"),
    ("city", "Town", "Village"),
    ("region", "X", "Y"),
    ("country", "DE", "AT"),
    ("language", "de", "en"),
    ("po_number", "po", "PO"),
    ("status", "active", "suspended"),
];
const SUBSCRIPTIONS: Columns = &[
    ("subscription_number", "S#", ""),
    ("account_number", "A#", ""),
    ("start_date", "2026-01-01", "2026-01-02"),
    ("term_months", "12", "24"),
    ("auto_renew", "true", "false"),
    ("end_date", "2027-01-01", ""),
    ("suspended_from", "2026-03-01", "2026-03-02"),
    ("resumed_from", "2026-04-01", "2026-04-02"),
    ("po_number", "", "po"),
];
const CHARGES: Columns = &[
    ("charge_number", "C#", ""),
    ("subscription_number", "S#", ""),
    ("name", "Seats", "Chairs"),
    ("type", "usage", "recurring"),
    ("model", "tiered_overage", "tiered"),
    ("price", "1.50", "1.51"),
    ("plan", "Gold", "Silver"),
    ("quantity", "2", "2.5"),
    ("uom", "GB", "TB"),
    ("billing_period", "month", "quarter"),
    ("timing", "arrears", "advance"),
    ("billing_day", "5", "charge_start"),
    ("alignment", "charge", "term_start"),
    ("price_base", "period", "month"),
    ("start_date", "2026-02-01", "2026-02-02"),
    ("end_date", "2027-02-01", ""),
    ("billed_through", "2026-02-28", "2026-02-27"),
    ("tiers", "0-10@10+2;11-@5+3", "0-10@10+2;11-@5+4"),
    ("package_size", "10", "20"),
    ("included_units", "5", ""),
    ("overage_price", "0.25", "0.26"),
    ("discount_level", "plan", "account"),
    ("stacked", "true", "false"),
    ("tax_code", "VAT", ""),
    ("revenue_account", "4000", "4001"),
];
const METHODS: Columns = &[
    ("account_number", "A#", ""),
    ("token", "ok", ""),
    ("kind", "card", "sepa"),
    ("display", "visa #", "mc #"),
    ("gateway", "sandbox", "stripe"),
    ("priority", "1", "2"),
    ("expires_on", "2028-01-31", "2027-01-31"),
    ("status", "active", "closed"),
];
const USAGE: Columns = &[
    ("UNIQUE_KEY", "K#", ""),
    ("ACCOUNT_ID", "A#", ""),
    ("UOM", "GB", "TB"),
    ("QTY", "1.50", "1.51"),
    ("STARTDATE", "2026-02-05", "2026-02-06"),
    ("ENDDATE", "2026-02-07", ""),
    ("SUBSCRIPTION_ID", "S#", ""),
    ("CHARGE_ID", "C#", ""),
    ("DESCRIPTION", "night", "day"),
];

/// How many things a file has.
const ROWS: usize = 5;

/// The file with every column; in row 2 the column `other` has the other value.
fn file(columns: Columns, other: &str) -> String {
    let names: Vec<&str> = columns.iter().map(|c| c.0).collect();
    let mut text = names.join(",");
    for n in 0..ROWS {
        let cell = |(name, value, changed): &(&str, &str, &str)| {
            let value = if n == 2 && *name == other { changed } else { value };
            value.replace('#', &n.to_string())
        };
        let cells: Vec<String> = columns.iter().map(cell).collect();
        text.push_str(&format!("\n{}", cells.join(",")));
    }
    text + "\n"
}

fn counts(file: &Value) -> [usize; 4] {
    let count = |key: &str| usize::try_from(file[key].as_u64().unwrap()).unwrap();
    [
        count("added"),
        count("changed"),
        count("unchanged"),
        file["refused"].as_array().unwrap().len(),
    ]
}

fn load(book: &Book, text: &str) -> [usize; 4] {
    counts(&book.import("f.csv", text, &["--yes"]).1)
}

#[test]
fn each_column_that_says_something_else_is_found() {
    let book = Book::new("2026-02-01");
    let all = [0, 0, ROWS, 0];
    for columns in [ACCOUNTS, SUBSCRIPTIONS, CHARGES, METHODS, USAGE] {
        let whole = file(columns, "");
        assert_eq!(load(&book, &whole), [ROWS, 0, 0, 0], "{whole}");
        assert_eq!(load(&book, &whole), all, "{whole}");
        for (name, value, other) in columns.iter().filter(|(_, value, other)| value != other) {
            if value.contains('#') && other.is_empty() || *name == "currency" {
                continue;
            }
            if columns[1].0 == "token" && *name == "token" {
                continue;
            }
            let one = file(columns, name);
            assert_eq!(load(&book, &one), [0, 1, ROWS - 1, 0], "{name}: {one}");
            // And it is so from then on, until the first file says otherwise again.
            assert_eq!(load(&book, &one), all, "{name}: {one}");
            assert_eq!(load(&book, &whole), [0, 1, ROWS - 1, 0], "{name}");
            assert_eq!(load(&book, &whole), all, "{name}");
        }
    }
}

#[test]
fn rows_are_found_again_in_any_order_and_between_new_ones() {
    let book = Book::new("2026-02-01");
    let row = |n: usize| format!("A{n:04},Ann {n},EUR\n");
    let file = |order: &mut dyn Iterator<Item = usize>| {
        order.fold("account_number,name,currency\n".to_owned(), |text, n| text + &row(n))
    };
    assert_eq!(load(&book, &file(&mut (0..400).map(|n| n * 2))), [400, 0, 0, 0]);
    assert_eq!(load(&book, &file(&mut (0..400).rev().map(|n| n * 2))), [0, 0, 400, 0]);
    assert_eq!(load(&book, &file(&mut (0..400).map(|n| n * 14 % 800))), [0, 0, 400, 0]);
    assert_eq!(load(&book, &file(&mut (100..300))), [100, 0, 100, 0]);
    assert_eq!(load(&book, &file(&mut (0..800))), [300, 0, 500, 0]);
    assert_eq!(load(&book, &file(&mut (0..800).rev())), [0, 0, 800, 0]);
}

#[test]
fn what_was_changed_in_between_is_brought_back_by_the_same_file() {
    let book = Book::new("2026-02-01");
    let accounts = file(ACCOUNTS, "");
    assert_eq!(load(&book, &accounts), [ROWS, 0, 0, 0]);
    assert_eq!(load(&book, "account_number,city\nA3,Elsewhere\n"), [0, 1, 0, 0]);
    assert_eq!(load(&book, &accounts), [0, 1, ROWS - 1, 0]);
    // Two versions of which the later one is not in force yet.
    assert_eq!(
        load(&book, "account_number,city,effective_from\nA1,Moved,2026-06-01\n"),
        [0, 1, 0, 0]
    );
    assert_eq!(load(&book, "account_number,city\nA1,Town\n"), [0, 0, 1, 0]);
    assert_eq!(load(&book, &accounts), [0, 0, ROWS, 0]);
    assert_eq!(
        load(&book, "account_number,city,effective_from\nA1,Town,2026-06-02\n"),
        [0, 1, 0, 0]
    );
}

/// Without a key, a record is taken for a repeat if it is equal in account, unit, quantity, start and
/// charge to one without a key that an earlier file brought, whatever else it says.
#[test]
fn usage_without_a_key_that_an_earlier_file_brought_is_named_with_it() {
    let book = Book::new("2026-02-01");
    for columns in [ACCOUNTS, SUBSCRIPTIONS, CHARGES] {
        load(&book, &file(columns, ""));
    }
    let columns: Columns = &USAGE[1..];
    let whole = file(columns, "");
    assert_eq!(counts(&book.import("first.csv", &whole, &[]).1), [ROWS, 0, 0, 0]);
    let plain = "ACCOUNT_ID,UOM,QTY,STARTDATE\n";
    assert_eq!(
        counts(&book.import("second.csv", format!("{plain}A0,GB,1.5,2026-02-05\n"), &[]).1),
        [1, 0, 0, 0]
    );
    // The rows of a file, how many of them are refused, and the file that brought the first of these.
    let cases: [(String, usize, &str); 7] = [
        (file(columns, ""), ROWS, "first.csv"),
        (file(columns, "UOM"), ROWS - 1, "first.csv"),
        (file(columns, "QTY"), ROWS - 1, "first.csv"),
        (file(columns, "STARTDATE"), ROWS - 1, "first.csv"),
        (file(columns, "ENDDATE"), ROWS, "first.csv"),
        (file(columns, "DESCRIPTION"), ROWS, "first.csv"),
        (format!("{plain}A0,GB,1.50,2026-02-05\nA1,GB,1.5,2026-02-05\n"), 1, "second.csv"),
    ];
    for (text, refused, brought) in cases {
        let (_, told) = book.import("again.csv", &text, &[]);
        assert_eq!(counts(&told), [0, 0, 0, refused], "{text}");
        let said = told["refused"][0].to_string();
        assert!(said.contains(&format!("{brought} brought an equal record")), "{said}");
    }
    // What a row names must be there all the same.
    let unknown = whole.replace(",S2,", ",S9,");
    let (_, told) = book.import("again.csv", &unknown, &[]);
    assert!(told["refused"].to_string().contains("no such subscription"), "{told}");
    assert_eq!(counts(&book.import("again.csv", &whole, &["--allow-repeats"]).1), [ROWS, 0, 0, 0]);
}
