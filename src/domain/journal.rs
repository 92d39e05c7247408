//! The journal as text that other bookkeeping programs read: hledger, beancount, CSV. Pure.
//!
//! * hledger: <https://hledger.org/hledger.html#journal>
//! * beancount: <https://beancount.github.io/docs/beancount_language_syntax.html>
//!
//! One money event of the book is one transaction there; its entries balance by currency.

use super::money::Currency;
use super::text::{self, clean};
use chrono::NaiveDate;
use std::collections::BTreeMap;
use std::fmt::Write;

text_enum! {
    /// How the journal is written.
    JournalFormat {
        /// For hledger (and ledger).
        Hledger = "hledger",
        Beancount = "beancount",
        /// A line an entry, for spreadsheets.
        Csv = "csv",
    }
}

/// One entry of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalEntry {
    /// Number of the book's transaction; entries of one number and day belong together.
    pub txn: i64,
    /// The day.
    pub on: NaiveDate,
    /// Ledger account: `receivable`, `revenue:name`, `tax:code`, `cash:gateway`, …
    pub ledger: String,
    /// The customer's number.
    pub account: String,
    /// Number of the document, or empty.
    pub document: String,
    /// The payment as written, or empty.
    pub payment: String,
    pub currency: Currency,
    /// Debits above zero, credits below, minor units.
    pub amount_minor: i64,
}

/// The top account of a ledger account in the five kinds that every program knows.
fn top(ledger: &str) -> &'static str {
    match ledger.split(':').next().unwrap_or_default() {
        "receivable" | "cash" | "transit" | "unbilled" => "Assets",
        "revenue" => "Income",
        "tax" | "credit" | "deferred" | "unidentified" => "Liabilities",
        "bad_debt" | "bank_fee" | "gateway_fee" | "payment_difference" => "Expenses",
        _ => "Equity",
    }
}

/// A part of an account name as beancount takes it: an upper-case letter or digit first, then
/// letters, digits and dashes. What is left out is written as its code points, so that two names
/// never become one.
fn part(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if c.is_ascii_alphanumeric() || c == '-' {
            out.push(c);
        } else if c == '_' || c == ' ' || c == '.' {
            out.push('-');
        } else {
            let _ = write!(out, "-u{:x}", u32::from(c));
        }
    }
    match out.chars().next() {
        Some(first) if first.is_ascii_lowercase() => {
            out.replace_range(..1, &first.to_ascii_uppercase().to_string());
            out
        }
        Some(first) if first.is_ascii_alphanumeric() => out,
        Some(_) | None => format!("X{out}"),
    }
}

/// The account name there: `receivable` → `Assets:Receivable`, `tax:VAT 19` → `Liabilities:Tax:VAT-19`.
pub fn account_name(ledger: &str) -> String {
    let mut name = top(ledger).to_owned();
    for piece in ledger.split(':') {
        name.push(':');
        name.push_str(&part(piece));
    }
    name
}

/// Writes entries, which come ordered by day and transaction; call [`JournalWriter::end`] last.
#[derive(Debug)]
pub struct JournalWriter {
    format: JournalFormat,
    pending: Vec<JournalEntry>,
    out: String,
}

impl JournalWriter {
    /// Begins: `accounts` are the ledger accounts that occur and `opened` a day not after the
    /// first entry (beancount wants them declared).
    pub fn new(format: JournalFormat, accounts: &[String], opened: NaiveDate) -> Self {
        let mut out = String::new();
        match format {
            JournalFormat::Hledger => {
                out.push_str(
                    "; journal of daybook; amounts with a decimal point\ndecimal-mark .\n\n",
                );
            }
            JournalFormat::Beancount => {
                out.push_str("option \"title\" \"daybook\"\n\n");
                let mut names: Vec<String> = accounts.iter().map(|a| account_name(a)).collect();
                names.sort();
                names.dedup();
                for name in names {
                    let _ = writeln!(out, "{opened} open {name}");
                }
                out.push('\n');
            }
            JournalFormat::Csv => {
                out.push_str("txn,date,ledger_account,account_number,document,payment,currency,debit,credit\n");
            }
        }
        Self { format, pending: Vec::new(), out }
    }

    /// Adds an entry; a new money event closes the one before.
    pub fn add(&mut self, entry: JournalEntry) {
        if self.pending.first().is_some_and(|p| event(p) != event(&entry))
            && (self.pending[0].on != entry.on
                || self.pending[0].txn != entry.txn
                || is_even(&self.pending))
        {
            self.flush();
        }
        self.pending.push(entry);
    }

    /// What is written so far; the rest follows.
    pub fn take(&mut self) -> String {
        std::mem::take(&mut self.out)
    }

    /// Writes the last transaction; gives what is left.
    pub fn end(mut self) -> String {
        self.flush();
        self.out
    }

    fn flush(&mut self) {
        let entries = std::mem::take(&mut self.pending);
        let Some(first) = entries.first() else { return };
        match self.format {
            JournalFormat::Csv => {
                for entry in &entries {
                    self.csv(entry);
                }
            }
            JournalFormat::Hledger => {
                let _ = writeln!(self.out, "{} ({}) {}", first.on, first.txn, about(&entries));
                for entry in &entries {
                    let _ = writeln!(
                        self.out,
                        "    {}  {} {}  ; {}",
                        account_name(&entry.ledger),
                        entry.currency.code(),
                        entry.currency.plain(entry.amount_minor),
                        tags(entry)
                    );
                }
                self.out.push('\n');
            }
            JournalFormat::Beancount => {
                let words = about(&entries).replace(['"', '\\'], "'");
                let _ = writeln!(self.out, "{} * \"{words}\"", first.on);
                let _ = writeln!(self.out, "  txn: {}", first.txn);
                for entry in &entries {
                    let _ = writeln!(
                        self.out,
                        "  {}  {} {}",
                        account_name(&entry.ledger),
                        entry.currency.plain(entry.amount_minor),
                        entry.currency.code()
                    );
                    let _ = writeln!(self.out, "    account: \"{}\"", quoted(&entry.account));
                }
                self.out.push('\n');
            }
        }
    }

    fn csv(&mut self, entry: &JournalEntry) {
        let show = |minor: i64| {
            if minor > 0 { entry.currency.plain(minor) } else { String::new() }
        };
        let _ = writeln!(
            self.out,
            "{},{},{},{},{},{},{},{},{}",
            entry.txn,
            entry.on,
            cell(&entry.ledger),
            cell(&entry.account),
            cell(&entry.document),
            entry.payment,
            entry.currency.code(),
            show(entry.amount_minor),
            show(-entry.amount_minor)
        );
    }
}

/// Whether entries balance by currency: only then another event can begin.
fn is_even(entries: &[JournalEntry]) -> bool {
    let mut sums: BTreeMap<&str, i64> = BTreeMap::new();
    for entry in entries {
        *sums.entry(entry.currency.code()).or_default() += entry.amount_minor;
    }
    sums.values().all(|sum| *sum == 0)
}

/// One money event of a transaction of the book (a slice of a run has many): what balances there.
fn event(entry: &JournalEntry) -> (i64, NaiveDate, &str) {
    let name = if entry.payment.is_empty() { &entry.document } else { &entry.payment };
    (entry.txn, entry.on, name)
}

/// What a transaction is about: its documents and payments, a few of them.
fn about(entries: &[JournalEntry]) -> String {
    let mut names: Vec<&str> = Vec::new();
    for entry in entries {
        for name in [entry.document.as_str(), entry.payment.as_str()] {
            if !name.is_empty() && !names.contains(&name) {
                names.push(name);
            }
        }
    }
    let more =
        if names.len() > 3 { format!(" and {} more", names.len() - 3) } else { String::new() };
    let shown: Vec<&str> = names.into_iter().take(3).collect();
    clean(&format!("{}{more}", shown.join(" "))).replace([';', '|', '\n'], " ")
}

fn tags(entry: &JournalEntry) -> String {
    let mut tags = format!("account:{}", tag(&entry.account));
    for (name, value) in [("document", &entry.document), ("payment", &entry.payment)] {
        if !value.is_empty() {
            let _ = write!(tags, ", {name}:{}", tag(value));
        }
    }
    tags
}

/// A tag's value ends at a comma.
fn tag(text: &str) -> String {
    clean(text).replace([',', '\n'], " ")
}

fn quoted(text: &str) -> String {
    clean(text).replace(['"', '\\'], "'")
}

/// A CSV cell: quoted when needed, and never read as a formula by a spreadsheet.
fn cell(text: &str) -> String {
    let safe = text::cell(text);
    if safe.contains([',', '"', ';']) {
        format!("\"{}\"", safe.replace('"', "\"\""))
    } else {
        safe.into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(txn: i64, ledger: &str, amount_minor: i64) -> JournalEntry {
        JournalEntry {
            txn,
            on: "2026-03-01".parse().unwrap(),
            ledger: ledger.to_owned(),
            account: "A-1".to_owned(),
            document: "INV-1".to_owned(),
            payment: String::new(),
            currency: Currency::parse("EUR").unwrap(),
            amount_minor,
        }
    }

    fn written(format: JournalFormat) -> String {
        let accounts =
            ["cash:sandbox", "receivable", "revenue:4010", "tax:VAT 19"].map(str::to_owned);
        let mut writer = JournalWriter::new(format, &accounts, "2026-01-01".parse().unwrap());
        for e in [
            entry(7, "receivable", 11_900),
            entry(7, "revenue:4010", -10_000),
            entry(7, "tax:VAT 19", -1_900),
            JournalEntry { payment: "P-000001".into(), ..entry(8, "cash:sandbox", 11_900) },
            JournalEntry { payment: "P-000001".into(), ..entry(8, "receivable", -11_900) },
        ] {
            writer.add(e);
        }
        writer.end()
    }

    #[test]
    fn each_format_as_its_program_reads_it() {
        insta::with_settings!({ snapshot_path => "../../tests/snapshots", prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!("journal_hledger", written(JournalFormat::Hledger));
            insta::assert_snapshot!("journal_beancount", written(JournalFormat::Beancount));
            insta::assert_snapshot!("journal_csv", written(JournalFormat::Csv));
        });
    }

    #[test]
    fn names_become_accounts_and_stay_apart() {
        for (ledger, name) in [
            ("receivable", "Assets:Receivable"),
            ("cash:sandbox", "Assets:Cash:Sandbox"),
            ("unbilled", "Assets:Unbilled"),
            ("deferred:4010", "Liabilities:Deferred:4010"),
            ("bad_debt", "Expenses:Bad-debt"),
            ("tax:VAT 19", "Liabilities:Tax:VAT-19"),
            ("revenue:übrig", "Income:Revenue:X-ufcbrig"),
            ("opening", "Equity:Opening"),
        ] {
            assert_eq!(account_name(ledger), name);
        }
        assert_ne!(account_name("revenue:ä"), account_name("revenue:ö"));
    }

    #[test]
    fn a_spreadsheet_finds_no_formula() {
        assert_eq!(cell("=1+1"), "'=1+1");
        assert_eq!(cell("a,\"b\""), "\"a,\"\"b\"\"\"");
    }
}
