//! What a bank's file says, whatever its format: statements of entries, each of one part or of several.

use super::Source;
use crate::domain::money::{Currency, MoneyError, total};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The head of a statement: what is known before its entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    pub source: Source,
    /// The bank's own.
    pub name: String,
    /// The number that rises from one to the next; none = not said.
    pub sequence: Option<i64>,
    /// IBAN or number, without blanks; of payments.csv the name of the bank account; may be empty.
    pub account: String,
    /// None = as the bank account has it.
    pub currency: Option<String>,
    pub from: Option<NaiveDate>,
    pub to: Option<NaiveDate>,
    /// Before its entries, as written.
    pub opening: Option<String>,
    /// After them, where that is known already.
    pub closing: Option<String>,
}

/// One part of an entry: what one customer sent.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Detail {
    /// Minor units in the sign of the money; before charges.
    pub minor: i64,
    /// What the bank took of it, minor units.
    pub charges: i64,
    pub text: String,
    /// Structured.
    pub reference: String,
    pub payer: String,
    pub iban: String,
    pub end_to_end: String,
    pub code: String,
}

/// One entry: what the bank booked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The bank's reference of it; empty = none.
    pub reference: String,
    /// Its place in the statement as the file names it; says nothing across statements.
    pub place: String,
    /// The day on which the bank booked it.
    pub on: NaiveDate,
    /// Minor units, below zero = money out.
    pub minor: i64,
    /// At least one.
    pub details: Vec<Detail>,
    /// Where it stands in its file: the line, or the count of entries.
    pub at: u64,
}

/// Why a statement is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{words}")]
pub struct Refusal {
    /// A word for programs.
    pub code: &'static str,
    pub words: String,
}

impl Refusal {
    pub fn new(code: &'static str, words: impl Into<String>) -> Self {
        Self { code, words: words.into() }
    }
}

impl From<MoneyError> for Refusal {
    fn from(error: MoneyError) -> Self {
        Self::new("bad_input", error.to_string())
    }
}

impl Entry {
    /// That its parts less what was charged come to it.
    pub fn adds_up(&self, currency: Currency) -> Result<(), Refusal> {
        let parts = total(self.details.iter().map(|d| d.minor))?;
        let charges = total(self.details.iter().map(|d| d.charges))?;
        let net = total([parts, charges.checked_neg().ok_or(MoneyError::TooLarge)?])?;
        if net == self.minor {
            return Ok(());
        }
        let plain = |minor| currency.plain(minor);
        Err(Refusal::new(
            "entry_does_not_add_up",
            format!(
                "entry {} of {}: {} {currency} are booked, its details less charges come to {}",
                self.said(),
                self.on,
                plain(self.minor),
                plain(net)
            ),
        ))
    }

    /// As a person finds it in the file.
    pub fn said(&self) -> String {
        let name = if self.reference.is_empty() { &self.place } else { &self.reference };
        if name.is_empty() { format!("number {}", self.at) } else { name.clone() }
    }

    /// What it says, without its name: of two entries that say the same each is known by how often.
    pub fn content(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(self.on.to_string());
        hash.update(self.minor.to_be_bytes());
        for d in &self.details {
            for text in [&d.text, &d.reference, &d.iban, &d.end_to_end] {
                hash.update([0]);
                hash.update(text);
            }
            hash.update(d.minor.to_be_bytes());
        }
        hash.finalize().into()
    }
}

/// What the entries of a statement come to, taken one by one.
#[derive(Debug, Clone)]
pub struct Sums {
    pub currency: Currency,
    pub entries: i64,
    pub total: i64,
    /// The amounts before charges.
    pub gross: i64,
    pub first: Option<NaiveDate>,
    pub last: Option<NaiveDate>,
    hash: Sha256,
}

impl Sums {
    pub fn of(currency: Currency) -> Self {
        let hash = Sha256::new();
        Self { currency, entries: 0, total: 0, gross: 0, first: None, last: None, hash }
    }

    /// Takes an entry.
    pub fn add(&mut self, entry: &Entry) -> Result<(), Refusal> {
        entry.adds_up(self.currency)?;
        self.entries += 1;
        self.total = total([self.total, entry.minor])?;
        self.gross = total([self.gross, total(entry.details.iter().map(|d| d.minor))?])?;
        self.first = Some(self.first.map_or(entry.on, |first| first.min(entry.on)));
        self.last = Some(self.last.map_or(entry.on, |last| last.max(entry.on)));
        self.hash.update(&entry.reference);
        self.hash.update(entry.content());
        Ok(())
    }

    /// That opening and entries come to the closing, both given or neither.
    pub fn meets(&self, opening: Option<i64>, closing: Option<i64>) -> Result<(), Refusal> {
        let currency = self.currency;
        let plain = |minor| currency.plain(minor);
        match (opening, closing) {
            (Some(opening), Some(closing)) => {
                let sum = total([opening, self.total])?;
                if sum == closing {
                    return Ok(());
                }
                Err(Refusal::new(
                    "statement_does_not_add_up",
                    format!(
                        "opening {} and entries {} come to {} {currency}, the closing balance is {}",
                        plain(opening),
                        plain(self.total),
                        plain(sum),
                        plain(closing)
                    ),
                ))
            }
            (None, None) => Ok(()),
            (Some(_), None) => Err(Refusal::new("truncated", "it has no closing balance")),
            (None, Some(_)) => Err(Refusal::new("truncated", "it has no opening balance")),
        }
    }

    /// SHA-256 of all that the statement says, whatever its file is called.
    pub fn hash(&self, opening: Option<i64>, closing: Option<i64>, head: &Head) -> Vec<u8> {
        let mut hash = self.hash.clone();
        let days = [head.from.or(self.first), head.to.or(self.last)];
        hash.update(format!("{opening:?} {closing:?} {days:?} {}", self.currency));
        hash.finalize().to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(minor: i64, details: &[(i64, i64)]) -> Entry {
        let details = details.iter().map(|(minor, charges)| Detail {
            minor: *minor,
            charges: *charges,
            ..Detail::default()
        });
        Entry {
            reference: "1".to_owned(),
            place: String::new(),
            on: NaiveDate::from_ymd_opt(2026, 11, 20).unwrap(),
            minor,
            details: details.collect(),
            at: 1,
        }
    }

    #[test]
    fn an_entry_is_its_details_less_charges() {
        let eur = Currency::parse("EUR").unwrap();
        for (minor, details, fine) in [
            (150_000, &[(150_000, 2_600), (2_600, 0)][..], true),
            (-5_350, &[(-5_000, 350)], true),
            (152_600, &[(150_000, 0)], false),
            (100, &[(100, 0)], true),
            (i64::MAX, &[(i64::MAX, 0), (1, 0)], false),
        ] {
            assert_eq!(entry(minor, details).adds_up(eur).is_ok(), fine, "{minor}");
        }
    }

    #[test]
    fn a_statement_is_its_opening_and_its_entries() {
        let mut sums = Sums::of(Currency::parse("EUR").unwrap());
        sums.add(&entry(9_000, &[(9_000, 0)])).unwrap();
        let code = |opening, closing| sums.meets(opening, closing).err().map(|r| r.code);
        assert_eq!(code(Some(0), Some(9_000)), None);
        assert_eq!(code(Some(0), Some(9_001)), Some("statement_does_not_add_up"));
        assert_eq!(code(None, None), None);
        assert_eq!(code(Some(0), None), Some("truncated"));
        let words = sums.meets(Some(0), Some(9_001)).unwrap_err().to_string();
        assert!(words.contains("90.00") && words.contains("90.01"), "{words}");
    }
}
