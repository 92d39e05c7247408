//! A real purchase log, billed month after month on one book: counts and totals to the cent.

use crate::harness::book::Book;
use std::io::Read;
use std::path::Path;

fn unpack(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/cdnow")
        .join(format!("{name}.csv.gz"));
    let mut text = String::new();
    flate2::read::GzDecoder::new(std::fs::File::open(path).unwrap())
        .read_to_string(&mut text)
        .unwrap();
    text
}

#[test]
fn eighteen_months_equal_the_purchase_log() {
    let book = Book::new("1997-02-01");
    book.run(&["settings", "set", "usage.without_records", "no_line"]).ends(0);
    let files: Vec<String> = ["accounts", "subscriptions", "charges", "usage"]
        .iter()
        .map(|name| book.file(&format!("{name}.csv"), unpack(name)))
        .collect();
    let args: Vec<&str> = ["import"].into_iter().chain(files.iter().map(String::as_str)).collect();
    book.run(&args).ends(0);
    let expected = unpack("expected");
    let mut posted_so_far = 0;
    for line in expected.lines().skip(1) {
        let [month, target, invoices, total] =
            line.split(',').collect::<Vec<_>>().try_into().unwrap();
        book.run(&["clock", "set", target]).ends(0);
        let run = book
            .run(&["bill", "--target", target, "--invoice-date", target, "--json"])
            .ends(0)
            .json();
        assert_eq!(run["documents"]["invoices"].to_string(), invoices, "{month}");
        assert_eq!(run["documents"]["credit_memos"], 0, "{month}");
        assert_eq!(run["totals"]["USD"], total, "{month}");
        let posted = book.run(&["post", run["run"].as_str().unwrap(), "--json"]).ends(0).json();
        assert_eq!(posted["posted"].to_string(), invoices, "{month}");
        assert_eq!(posted["totals"]["USD"], total, "{month}");
        posted_so_far += invoices.parse::<i64>().unwrap();
        assert_eq!(
            book.count("SELECT count(*) FROM document WHERE status = 'Posted'"),
            posted_so_far
        );
    }
    // Every record is on exactly one posted invoice, but for those of the last, open month.
    assert_eq!(book.count("SELECT count(*) FROM usage_claim"), 69_659);
    book.run(&["check"]).ends(0);
}
