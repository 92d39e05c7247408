//! A small billed book that the tests of review, memos and checks work on: three accounts, tax,
//! usage, a discount, and one bill run of two periods.

use crate::harness::book::{Book, Ran};
use crate::harness::collect::kept_figures_agree;
use serde_json::Value;

const ACCOUNTS: &str = "account_number,name,currency,bill_cycle_day,payment_term,tax_code,email,auto_pay\n\
    A1,Acme,EUR,1,Net 14,VAT,ap@acme.example,true\n\
    A2,Beta,EUR,1,Net 30,VAT,,false\n\
    A3,Gamma,USD,1,Net 30,,,false\n";
const SUBSCRIPTIONS: &str = "subscription_number,account_number,start_date\n\
    S1,A1,2026-01-01\nS2,A2,2026-01-01\nS3,A3,2026-01-01\n";
const CHARGES: &str = "charge_number,subscription_number,name,type,model,price,billing_period,uom,quantity,timing\n\
    C1,S1,Base,recurring,flat,100,month,,1,advance\n\
    C2,S1,Seats,recurring,per_unit,10,month,,5,advance\n\
    C3,S1,Traffic,usage,per_unit,0.05,month,GB,1,arrears\n\
    C4,S2,Base,recurring,flat,31,month,,1,advance\n\
    C5,S3,Base,recurring,flat,50,month,,1,advance\n\
    C6,S3,Off,recurring,discount_percent,10,month,,1,advance\n";
const USAGE: &str = "ACCOUNT_ID,UOM,QTY,STARTDATE\nA1,GB,100,2026-01-05\nA1,GB,60,2026-01-06\n";
const TAXES: &str = "tax_code,rate_percent,name,kind,inclusive,reason,valid_from\n\
    VAT,20,VAT,standard,false,,2020-01-01\n";

/// The book, imported and billed to 2026-02-01: D-000001 of A1 (five lines, 369.60 EUR), D-000002
/// of A2 (two lines, 74.40 EUR), D-000003 of A3 (two lines and their discounts, 90.00 USD).
pub fn billed() -> Book {
    let book = Book::new("2026-02-01");
    let files: Vec<String> = [
        ("accounts.csv", ACCOUNTS),
        ("subscriptions.csv", SUBSCRIPTIONS),
        ("charges.csv", CHARGES),
        ("usage.csv", USAGE),
        ("taxes.csv", TAXES),
    ]
    .map(|(name, text)| book.file(name, text))
    .to_vec();
    let args: Vec<&str> = ["import"].into_iter().chain(files.iter().map(String::as_str)).collect();
    book.run(&args).ends(0);
    book.run(&["bill", "--target", "2026-02-01"]).ends(0);
    book
}

/// The same, posted: INV-2026-000001 to 3.
pub fn posted() -> Book {
    let book = billed();
    book.run(&["post", "BR-000001"]).ends(0);
    book
}

impl Book {
    /// One document as JSON.
    #[track_caller]
    pub fn document(&self, id: &str) -> Value {
        self.run(&["invoice", "show", id, "--json"]).ends(0).json()
    }

    /// Runs a command line written with blanks; `'…'` holds one argument together.
    pub fn say(&self, line: &str) -> Ran {
        let mut args = Vec::new();
        for (i, part) in line.split('\'').enumerate() {
            if i % 2 == 1 {
                args.push(part);
            } else {
                args.extend(part.split_whitespace());
            }
        }
        self.run(&args)
    }

    /// Asserts that every named invariant holds.
    #[track_caller]
    pub fn is_sound(&self) {
        let ran = self.run(&["check", "--json"]);
        let broken: Vec<Value> = ran.json()["checks"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|c| c["ok"] != true)
            .cloned()
            .collect();
        assert!(broken.is_empty() && ran.code == 0, "{broken:#?}");
        kept_figures_agree(self);
    }
}

/// One field of every line.
pub fn column(document: &Value, field: &str) -> Vec<String> {
    document["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|i| i[field].as_str().unwrap_or_default().to_owned())
        .collect()
}
