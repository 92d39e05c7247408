//! What messages, help and pages name exists: settings.

use crate::tidy::{files_under, root, split};
use daybook::config::{SETTINGS, find};
use std::fs;
use std::path::Path;

/// Rust and Markdown under these, each with its path from the root and its text.
fn files(places: &[&str]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for place in places {
        match root().join(place) {
            place if place.is_dir() => files_under(&place, &mut found),
            file => found.push(file),
        }
    }
    found.retain(|path| path.extension().is_some_and(|e| e == "rs" || e == "md"));
    let text = |path| fs::read_to_string(path).unwrap();
    let name = |path: &Path| path.strip_prefix(root()).unwrap().display().to_string();
    found.iter().map(|path| (name(path), text(path))).collect()
}

/// What a person reads of a file: of Rust its text and its comments.
fn prose(name: &str, source: &str) -> String {
    if Path::new(name).extension().is_some_and(|e| e == "md") {
        return source.to_owned();
    }
    let is_comment = |line: &&str| line.trim_start().starts_with("//");
    let comments: Vec<&str> = source.lines().filter(is_comment).collect();
    split(source).1 + "\n" + &comments.join("\n")
}

/// Names of files and hosts that begin as a group of settings does.
const FILES: &[&str] = &[
    "csv",
    "db",
    "jsonl",
    "journal",
    "beancount",
    "pdf",
    "rs",
    "part",
    "password",
    "key",
    "example",
    "daybook",
];

/// Whether it is a column with its table, as SQL has it.
fn is_column(table: &str, column: &str) -> bool {
    let schema = include_str!("../../src/store/schema.sql");
    schema.contains(&format!("CREATE TABLE {table} (")) && schema.contains(&format!(" {column} "))
}

/// What is written as a key of a setting and is none.
fn no_settings(text: &str) -> Vec<&str> {
    let word = |c: char| c.is_ascii_alphanumeric() || "_./-:@<>${}".contains(c);
    let mut words: Vec<&str> = text.split(|c| !word(c)).collect();
    words.iter_mut().for_each(|w| *w = w.trim_end_matches(['.', ':']));
    let looks = |key: &&str| {
        let Some((group, name)) = key.split_once('.') else { return false };
        SETTINGS.iter().any(|s| s.group().trim_end_matches('.') == group)
            && name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
            && !FILES.contains(&name)
            && !is_column(group, name)
    };
    words.into_iter().filter(looks).filter(|key| find(key).is_none()).collect()
}

#[test]
fn every_setting_that_is_named_exists() {
    assert_eq!(no_settings("see issuer.naem, issuer.name and book.db."), ["issuer.naem"]);
    let mut wrong = Vec::new();
    for (name, source) in files(&["src", "tests", "assets/help", "assets/docs", "README.md"]) {
        if name != "tests/it/words.rs" {
            let text = prose(&name, &source);
            wrong.extend(no_settings(&text).into_iter().map(|key| format!("{name}: {key}")));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
