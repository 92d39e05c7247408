//! What readers of the formats make of a file: statements and entries as it has them, and why one cannot be read.

use crate::domain::bank::statement::{Detail, Entry, Head, Refusal};
use crate::domain::money::{Currency, total};
use crate::import::field::parse_date;

/// Why a file cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadFile {
    /// From 1; zero = the whole file.
    pub line: u64,
    /// The column or element; empty = none is to blame.
    pub field: String,
    pub message: String,
    pub hint: String,
}

impl BadFile {
    pub(super) fn whole(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { line: 0, field: String::new(), message: message.into(), hint: hint.into() }
    }

    pub(super) fn at(
        line: u64,
        field: &str,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self { line, field: field.to_owned(), message: message.into(), hint: hint.into() }
    }
}

/// What is met on the way through a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// A statement begins.
    Head(Box<Head>),
    /// An entry that the bank booked.
    Entry(Box<RawEntry>),
    /// One that is only announced.
    Preview,
    /// Something that refuses the statement.
    Bad(Refusal),
    /// The statement ends; its closing balance where it comes last, and the last day.
    End { closing: Option<String>, to: Option<chrono::NaiveDate> },
}

/// An amount as a file has it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Amount {
    /// Digits with a point.
    pub value: String,
    /// Empty = that of the account.
    pub currency: String,
    pub negative: bool,
}

impl Amount {
    /// Minor units of a currency; another one is refused.
    pub fn minor(&self, currency: Currency) -> Result<i64, Refusal> {
        if !self.currency.is_empty() && !self.currency.eq_ignore_ascii_case(currency.code()) {
            return Err(Refusal::new(
                "other_currency",
                format!("{} {} stands in an account in {currency}", self.value, self.currency),
            ));
        }
        let minor = currency
            .parse_minor(self.value.trim())
            .map_err(|why| Refusal::new("bad_input", format!("amount {:?}: {why}", self.value)))?;
        Ok(if self.negative { -minor } else { minor })
    }
}

/// An entry as a file has it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RawEntry {
    pub reference: String,
    pub place: String,
    /// ISO.
    pub on: String,
    pub amount: Amount,
    pub charges: Vec<Amount>,
    pub details: Vec<RawDetail>,
    /// Where it stands in its file.
    pub at: u64,
}

/// A part of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RawDetail {
    /// None = that of the entry.
    pub amount: Option<Amount>,
    pub charges: Vec<Amount>,
    pub text: String,
    pub reference: String,
    pub payer: String,
    pub iban: String,
    pub end_to_end: String,
    pub code: String,
}

impl RawEntry {
    /// As minor units of a currency. Where the parts come to the entry without their charges, these were
    /// only told.
    pub fn read(self, currency: Currency) -> Result<Entry, Refusal> {
        let on = parse_date(&self.on)
            .ok_or_else(|| Refusal::new("bad_date", format!("{:?} is no date", self.on)))?;
        let minor = self.amount.minor(currency)?;
        let sum = |all: &[Amount]| -> Result<i64, Refusal> {
            let each = all.iter().map(|one| one.minor(currency)).collect::<Result<Vec<_>, _>>()?;
            Ok(total(each)?)
        };
        let whole = sum(&self.charges)?;
        let alone = self.details.len() == 1;
        let mut details = Vec::with_capacity(self.details.len());
        for (n, raw) in self.details.into_iter().enumerate() {
            let charges = total([sum(&raw.charges)?, if n == 0 { whole } else { 0 }])?;
            let amount = match &raw.amount {
                Some(amount) if !alone || amount.minor(currency).is_ok() => {
                    amount.minor(currency)?
                }
                Some(_) | None if alone => total([minor, charges])?,
                Some(_) | None => {
                    return Err(Refusal::new(
                        "entry_does_not_add_up",
                        format!("entry {} of {on} has a part without an amount", self.reference),
                    ));
                }
            };
            details.push(Detail {
                minor: amount,
                charges,
                text: raw.text,
                reference: raw.reference,
                payer: raw.payer,
                iban: raw
                    .iban
                    .chars()
                    .filter(|c| !c.is_whitespace())
                    .collect::<String>()
                    .to_uppercase(),
                end_to_end: raw.end_to_end,
                code: raw.code,
            });
        }
        let (reference, place) = (self.reference, self.place);
        let mut entry = Entry { reference, place, on, minor, details, at: self.at };
        if total(entry.details.iter().map(|d| d.minor))? == minor {
            entry.details.iter_mut().for_each(|d| d.charges = 0);
        }
        if minor == 0 || entry.details.iter().any(|d| d.minor == 0) {
            let words = format!("entry {} of {on} is of nothing", entry.said());
            return Err(Refusal::new("bad_amount", words));
        }
        Ok(entry)
    }
}

/// How a reader says what it meets; an error ends the reading.
pub type Take<'t, E> = &'t mut dyn FnMut(Seen) -> Result<(), E>;

/// How reading ends early.
#[derive(Debug)]
pub enum Stopped<E> {
    /// The file cannot be read.
    File(BadFile),
    /// Who takes what it holds wants no more.
    Taker(E),
}

impl<E> From<BadFile> for Stopped<E> {
    fn from(bad: BadFile) -> Self {
        Self::File(bad)
    }
}

pub(super) fn io(error: &std::io::Error) -> BadFile {
    let hint = "camt.052, .053 and .054, MT940 and payments.csv are read";
    if error.kind() == std::io::ErrorKind::InvalidData {
        return BadFile::whole(
            "it is not UTF-8",
            "have the bank send UTF-8, or convert it (iconv)",
        );
    }
    BadFile::whole(error.to_string(), hint)
}
