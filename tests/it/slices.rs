//! How a bill run divides its accounts.

use crate::harness::book::Book;

/// Accounts with much usage are billed a few at a time, so that nobody waits for all of it.
#[test]
fn much_usage_is_billed_in_more_slices_than_the_accounts_alone_need() {
    let book = Book::new("2026-02-01");
    let mut accounts = String::from("account_number,name,currency\n");
    let mut subscriptions = String::from("subscription_number,account_number,start_date\n");
    let mut charges = String::from(
        "charge_number,subscription_number,name,type,model,price,uom,billing_period\n",
    );
    let mut usage = String::from("ACCOUNT_ID,UOM,QTY,STARTDATE\n");
    for n in 1..=4 {
        accounts += &format!("A{n},Acme {n},EUR\n");
        subscriptions += &format!("S{n},A{n},2026-01-01\n");
        charges += &format!("C{n},S{n},Data,usage,per_unit,1,GB,month\n");
        // The third alone has more than a slice takes.
        for record in 0..if n == 3 { 9_000 } else { 3_000 } {
            usage += &format!("A{n},GB,{record},2026-01-{:02}\n", record % 28 + 1);
        }
    }
    book.import("accounts.csv", accounts, &[]);
    book.import("subscriptions.csv", subscriptions, &[]);
    book.import("charges.csv", charges, &[]);
    book.import("usage.csv", usage, &["--allow-repeats"]);
    book.run(&["bill", "--target", "2026-02-01"]).ends(0);
    assert_eq!(book.count("SELECT count(*) FROM document"), 4);
    assert_eq!(book.count("SELECT count(*) FROM usage_claim"), 18_000);
    // The start and the end of the run, and three slices: two accounts, the large one, the last.
    assert_eq!(book.count("SELECT count(*) FROM operation WHERE verb = 'bill'"), 5);
    book.run(&["check"]).ends(0);
}
