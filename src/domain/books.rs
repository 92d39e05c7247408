//! Entries of the ledger as other people's bookkeeping takes them: in events that balance, by account numbers of
//! a chart, in the issuer's own currency. Pure.

pub mod charset;
pub mod chart;
pub mod datev;
pub mod fec;

use super::fx::HomeRate;
use super::money::{Currency, MoneyError};
use chrono::NaiveDate;

/// One entry of the ledger with what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub txn: i64,
    pub on: NaiveDate,
    /// `receivable`, `revenue:name`, …
    pub ledger: String,
    /// The customer's number and name.
    pub account: String,
    pub name: String,
    /// Number of the document; empty = none.
    pub document: String,
    /// Its kind; empty = none.
    pub kind: String,
    pub document_on: Option<NaiveDate>,
    /// `P-000001`; empty = none.
    pub payment: String,
    pub currency: Currency,
    /// Debits above zero, minor units.
    pub minor: i64,
    /// What its document was posted with.
    pub frozen: Option<HomeRate>,
}

impl Entry {
    /// What belongs together within a transaction: a slice of a run has many documents.
    fn event(&self) -> (i64, NaiveDate, Currency, &str) {
        let name = if self.payment.is_empty() { &self.document } else { &self.payment };
        (self.txn, self.on, self.currency, name)
    }
}

/// An event: entries of one day and currency that balance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    pub entries: Vec<Entry>,
    /// By which it is told in the issuer's own currency; none where it is in that.
    pub rate: Option<HomeRate>,
}

/// Cuts entries, ordered by day and transaction, where they balance.
pub fn events(entries: Vec<Entry>) -> Vec<Event> {
    let mut all: Vec<Event> = Vec::new();
    let mut pending: Vec<Entry> = Vec::new();
    for entry in entries {
        let other = pending.last().is_some_and(|last| last.event() != entry.event());
        let elsewhere = pending
            .last()
            .is_some_and(|l| (l.txn, l.on, l.currency) != (entry.txn, entry.on, entry.currency));
        if elsewhere || (other && pending.iter().map(|e| e.minor).sum::<i64>() == 0) {
            all.push(Event { entries: std::mem::take(&mut pending), rate: None });
        }
        pending.push(entry);
    }
    if !pending.is_empty() {
        all.push(Event { entries: pending, rate: None });
    }
    all
}

impl Event {
    /// The rate that its documents were posted with.
    pub fn frozen(&self) -> Option<&HomeRate> {
        self.entries.iter().find_map(|entry| entry.frozen.as_ref())
    }

    /// Its documents and payments, each once.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for entry in &self.entries {
            for name in [entry.document.as_str(), entry.payment.as_str()] {
                if !name.is_empty() && !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        names
    }

    /// Its day and currency.
    pub fn head(&self) -> Option<&Entry> {
        self.entries.first()
    }

    /// Each entry in minor units of the own currency; they balance again: what rounding leaves is with what the
    /// customer owes or paid, so that revenue and tax stay as the tax report has them.
    pub fn at_home(&self) -> Result<Vec<i64>, MoneyError> {
        let Some(rate) = &self.rate else {
            return Ok(self.entries.iter().map(|entry| entry.minor).collect());
        };
        let converted = self.entries.iter().map(|e| rate.convert(e.currency, e.minor));
        let mut all: Vec<i64> = converted.collect::<Result<_, _>>()?;
        let theirs = |entry: &Entry| {
            let head = entry.ledger.split(':').next().unwrap_or_default();
            matches!(head, "receivable" | "cash" | "credit")
        };
        let at = self.entries.iter().position(theirs).unwrap_or(0);
        let rest: i64 = all.iter().sum();
        if let Some(one) = all.get_mut(at) {
            *one -= rest;
        }
        Ok(all)
    }

    /// Debits against credits, in order: (debit, credit, minor units above zero) by places in the event.
    pub fn pairs(&self) -> Vec<(usize, usize, i64)> {
        let side = |keep: fn(i64) -> bool| -> Vec<(usize, i64)> {
            let all = self.entries.iter().enumerate();
            all.filter(|(_, e)| keep(e.minor)).map(|(at, e)| (at, e.minor.abs())).collect()
        };
        let (mut debits, mut credits) = (side(|m| m > 0), side(|m| m < 0));
        let (mut d, mut c, mut pairs) = (0, 0, Vec::new());
        while let (Some(debit), Some(credit)) = (debits.get_mut(d), credits.get_mut(c)) {
            let part = debit.1.min(credit.1);
            pairs.push((debit.0, credit.0, part));
            debit.1 -= part;
            credit.1 -= part;
            d += usize::from(debit.1 == 0);
            c += usize::from(credit.1 == 0);
        }
        pairs
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fx::Quoted;

    pub(super) fn entry(txn: i64, ledger: &str, document: &str, minor: i64) -> Entry {
        Entry {
            txn,
            on: "2026-11-30".parse().unwrap(),
            ledger: ledger.to_owned(),
            account: "A1".to_owned(),
            name: "Acme".to_owned(),
            document: document.to_owned(),
            kind: "invoice".to_owned(),
            document_on: Some("2026-11-30".parse().unwrap()),
            payment: String::new(),
            currency: Currency::parse("USD").unwrap(),
            minor,
            frozen: None,
        }
    }

    fn two() -> Vec<Entry> {
        vec![
            entry(1, "receivable", "INV-1", 11_901),
            entry(1, "revenue", "INV-1", -10_001),
            entry(1, "tax:V19", "INV-1", -1_900),
            entry(1, "receivable", "INV-2", 5),
            entry(1, "revenue", "INV-2", -5),
        ]
    }

    #[test]
    fn documents_of_one_slice_are_events_of_their_own() {
        let all = events(two());
        assert_eq!(all.iter().map(|e| e.entries.len()).collect::<Vec<_>>(), [3, 2]);
        assert_eq!(all[0].pairs(), [(0, 1, 10_001), (0, 2, 1_900)]);
        // What one deed moves from one document to another balances only whole.
        let moved = vec![entry(2, "credit", "CM-1", 5), entry(2, "receivable", "INV-1", -5)];
        assert_eq!(events(moved).len(), 1);
    }

    #[test]
    fn in_the_own_currency_an_event_balances_and_tax_is_what_the_report_says() {
        let mut event = events(two()).remove(0);
        event.rate = Some(HomeRate {
            currency: Currency::parse("EUR").unwrap(),
            rate: "1.3".parse().unwrap(),
            quoted: Quoted::Other,
            on: "2026-11-30".parse().unwrap(),
            source: "ECB".to_owned(),
        });
        let home = event.at_home().unwrap();
        assert_eq!(home.iter().sum::<i64>(), 0);
        assert_eq!(&home[1..], [-7_693, -1_462]);
    }
}
