//! A posted book with a customer of each kind, and a mail server for it.

use crate::harness::book::Book;
use crate::harness::sink::Sink;

const ACCOUNTS: &str = "account_number,name,currency,delivery,email,address1,postcode,city,country,payment_term,tax_id\n\
A1,Müller & Søn,EUR,email,ap@mueller.example;boss@mueller.example,Weg 1,20095,Hamburg,Germany,Net 30,DE1\n\
A2,Ελλάς ΑΕ,EUR,print,,Οδός 2,10431,Αθήνα,Greece,Net 14,\n\
A3,東京商事,EUR,both,ap@tokyo.example,丸の内 1,100-0005,東京,Japan,Net 30,\n\
A4,Quiet Ltd,EUR,none,,Road 4,E1 6AN,London,GB,Net 30,\n\
A5,No Address,EUR,email,,,,,,Net 30,\n\
A6,Free Rider,EUR,email,free@rider.example,Road 6,1010,Wien,Austria,Net 30,\n\
A7,Nobody There,EUR,email,,Road 7,11564,Riyadh,Saudi Arabia,Net 30,\n";

/// A book with one posted invoice for each kind of customer, and its run.
pub fn posted(flags: &[&str]) -> Book {
    let book = Book::new("2026-03-01T08:00");
    let accounts = book.file("accounts.csv", ACCOUNTS);
    let mut subscriptions = "subscription_number,account_number,start_date\n".to_owned();
    let mut charges =
        "charge_number,subscription_number,name,type,model,price,billing_period\n".to_owned();
    for n in 1..=7 {
        let price = if n == 6 { "0" } else { "10" };
        subscriptions.push_str(&format!("S{n},A{n},2026-03-01\n"));
        charges.push_str(&format!("C{n},S{n},Base fee,recurring,flat,{price},month\n"));
    }
    let subscriptions = book.file("subscriptions.csv", subscriptions);
    let charges = book.file("charges.csv", charges);
    book.run(&["import", &accounts, &subscriptions, &charges]).ends(0);
    book.run(&["settings", "set", "issuer.name", "Northwind Telemetry"]).ends(0);
    book.run(&["settings", "set", "smtp.from", "billing@northwind.example"]).ends(0);
    book.run(&[&["bill", "--target", "2026-03-01"], flags].concat()).ends(0);
    let posted = book.run(&["post", "BR-000001", "--json"]).ends(0).json();
    assert_eq!(posted["posted"], 7, "{posted}");
    book
}

pub fn smtp(book: &Book, sink: &Sink) {
    for (key, value) in [
        ("mail.transport", "smtp"),
        ("smtp.host", "127.0.0.1"),
        ("smtp.port", &sink.port.to_string()),
        ("smtp.tls", "none"),
        ("delivery.hold_minutes", "0"),
    ] {
        book.run(&["settings", "set", key, value]).ends(0);
    }
}

/// A book with one posted invoice for each of these accounts: `A1`, `A2`, … with these e-mail
/// addresses (several by `;`).
pub fn posted_to(emails: &[&str]) -> Book {
    let book = Book::new("2026-03-01T08:00");
    let mut accounts = "account_number,name,currency,delivery,email\n".to_owned();
    let mut subscriptions = "subscription_number,account_number,start_date\n".to_owned();
    let mut charges =
        "charge_number,subscription_number,name,type,model,price,billing_period\n".to_owned();
    for (n, email) in (1..).zip(emails) {
        accounts.push_str(&format!("A{n},Customer {n},EUR,email,{email}\n"));
        subscriptions.push_str(&format!("S{n},A{n},2026-03-01\n"));
        charges.push_str(&format!("C{n},S{n},Base fee,recurring,flat,10,month\n"));
    }
    let accounts = book.file("accounts.csv", accounts);
    let subscriptions = book.file("subscriptions.csv", subscriptions);
    let charges = book.file("charges.csv", charges);
    book.run(&["import", &accounts, &subscriptions, &charges]).ends(0);
    book.run(&["settings", "set", "issuer.name", "Northwind Telemetry"]).ends(0);
    book.run(&["settings", "set", "smtp.from", "billing@northwind.example"]).ends(0);
    book.run(&["bill", "--target", "2026-03-01"]).ends(0);
    book.run(&["post", "BR-000001"]).ends(0);
    book
}
