//! How what a customer owes moved over a time, from the ledger alone: what was owed before, what each
//! kind of event added or took, and what is owed after. What is owed is `receivable` less `credit`;
//! each event is told by the entry on its other side (`domain::ledger` has the table).

use super::document::DocumentKind;
use super::money::{Currency, MoneyError, total};

/// When an entry counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Before the time.
    Before,
    /// In it.
    Within,
}

/// Entries of one kind, summed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sum {
    /// The ledger account.
    pub ledger: String,
    /// Of a document: its kind.
    pub document: Option<DocumentKind>,
    pub when: When,
    /// Debits less credits, minor units; each sum is of debits alone or of credits alone.
    pub minor: i64,
}

/// The movement of one currency, minor units. What is taken off is counted up from zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Movement {
    pub currency: Currency,
    /// Owed before; below zero the customer has it to the good.
    pub opening: i64,
    /// Invoices and debit memos, with tax.
    pub invoiced: i64,
    /// Credit memos.
    pub credited: i64,
    /// Money that came.
    pub paid: i64,
    /// Money that went back: refunds, returns, chargebacks.
    pub refunded: i64,
    /// Given up, less what came all the same.
    pub written_off: i64,
    /// Open items of another system, credits below zero.
    pub taken_over: i64,
    /// What came from the currency before, or went into the one after (below zero).
    pub carried: i64,
    /// Money moved to another account; from another, below zero.
    pub moved: i64,
    /// Owed after.
    pub closing: i64,
}

impl Movement {
    /// Reads the sums of one currency. What changed between opening and closing and has no entry on
    /// another side is money that was moved between two accounts.
    pub fn of(currency: Currency, sums: &[Sum]) -> Result<Self, MoneyError> {
        let mut all = Self {
            currency,
            opening: 0,
            invoiced: 0,
            credited: 0,
            paid: 0,
            refunded: 0,
            written_off: 0,
            taken_over: 0,
            carried: 0,
            moved: 0,
            closing: 0,
        };
        for sum in sums {
            if matches!(sum.ledger.as_str(), "receivable" | "credit") {
                all.closing = total([all.closing, sum.minor])?;
                if sum.when == When::Before {
                    all.opening = total([all.opening, sum.minor])?;
                }
            } else if sum.when == When::Within {
                all.event(sum)?;
            }
        }
        all.moved = total([all.closing, -all.expected()?])?;
        Ok(all)
    }

    fn event(&mut self, sum: &Sum) -> Result<(), MoneyError> {
        let kind = sum.ledger.split(':').next().unwrap_or_default();
        let (part, minor) = match (kind, sum.document) {
            ("unidentified", _) => (&mut self.paid, sum.minor),
            ("payment_difference", _) | ("tax", None) => (&mut self.written_off, sum.minor),
            ("cash", _) if sum.minor > 0 => (&mut self.paid, sum.minor),
            ("cash", _) => (&mut self.refunded, -sum.minor),
            ("conversion", _) => (&mut self.carried, -sum.minor),
            ("opening", _) => (&mut self.taken_over, -sum.minor),
            // The bank's fee, and what had gone back already: paid by us, not owed by the customer.
            ("bank_fee", _) | ("bad_debt", None) if sum.minor > 0 => {
                (&mut self.refunded, -sum.minor)
            }
            ("bank_fee", _) | ("bad_debt", None) => (&mut self.paid, sum.minor),
            (_, Some(DocumentKind::CreditMemo)) => (&mut self.credited, sum.minor),
            (_, Some(DocumentKind::WriteOff)) | ("bad_debt", _) => {
                (&mut self.written_off, sum.minor)
            }
            (_, Some(DocumentKind::Invoice | DocumentKind::DebitMemo) | None) => {
                (&mut self.invoiced, -sum.minor)
            }
        };
        *part = total([*part, minor])?;
        Ok(())
    }

    /// What the opening and the events come to, money that was moved left out.
    fn expected(&self) -> Result<i64, MoneyError> {
        total([
            self.opening,
            self.invoiced,
            -self.credited,
            -self.paid,
            self.refunded,
            -self.written_off,
            self.taken_over,
            self.carried,
        ])
    }

    /// Whether nothing moved and nothing is owed.
    pub fn is_empty(&self) -> bool {
        self.opening == 0 && self.closing == 0 && self.events().all(|(_, minor, _)| minor == 0)
    }

    /// The events between opening and closing as they are added up: words, minor units, and whether
    /// the row stands also where nothing of it happened.
    pub fn events(&self) -> impl Iterator<Item = (&'static str, i64, bool)> {
        [
            ("invoiced", self.invoiced, true),
            ("credited", -self.credited, true),
            ("paid", -self.paid, true),
            ("refunded or returned", self.refunded, false),
            ("written off", -self.written_off, false),
            ("taken over from another system", self.taken_over, false),
            ("carried over from or to another currency", self.carried, false),
            ("moved from or to another account", self.moved, false),
        ]
        .into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(ledger: &str, document: Option<DocumentKind>, when: When, minor: i64) -> Sum {
        Sum { ledger: ledger.to_owned(), document, when, minor }
    }

    fn of(sums: &[Sum]) -> Movement {
        let all = Movement::of(Currency::parse("EUR").unwrap(), sums).unwrap();
        let events: i64 = all.events().map(|(_, minor, _)| minor).sum();
        assert_eq!(all.opening + events, all.closing, "{all:?}");
        all
    }

    #[test]
    fn each_event_is_told_by_its_other_side() {
        use DocumentKind::{CreditMemo, Invoice, WriteOff};
        use When::{Before, Within};
        let all = of(&[
            sum("receivable", Some(Invoice), Before, 500),
            sum("revenue", Some(Invoice), Before, -500),
            sum("receivable", Some(Invoice), Within, 1200),
            sum("revenue:4010", Some(Invoice), Within, -1000),
            sum("tax:VAT", Some(Invoice), Within, -200),
            sum("credit", Some(CreditMemo), Within, -120),
            sum("revenue", Some(CreditMemo), Within, 100),
            sum("tax:VAT", Some(CreditMemo), Within, 20),
            sum("credit", Some(WriteOff), Within, -60),
            sum("bad_debt", Some(WriteOff), Within, 50),
            sum("tax:VAT", Some(WriteOff), Within, 10),
            sum("cash:sandbox", None, Within, 700),
            sum("receivable", Some(Invoice), Within, -700),
        ]);
        assert_eq!((all.opening, all.invoiced, all.credited), (500, 1200, 120));
        assert_eq!((all.paid, all.written_off, all.moved, all.closing), (700, 60, 0, 820));
    }

    #[test]
    fn what_a_bank_keeps_is_not_owed_by_the_customer() {
        use When::Within;
        // 100 came back with a fee of 3; 20 of it had gone back before and is a loss.
        let all = of(&[
            sum("cash:stripe", None, Within, -103),
            sum("bank_fee", None, Within, 3),
            sum("bad_debt", None, Within, 20),
            sum("receivable", Some(DocumentKind::Invoice), Within, 80),
        ]);
        assert_eq!((all.refunded, all.paid, all.closing), (80, 0, 80));
        // The chargeback was won: the loss is none any more.
        let all = of(&[
            sum("cash:stripe", None, Within, 100),
            sum("bad_debt", None, Within, -20),
            sum("credit", None, Within, -80),
        ]);
        assert_eq!((all.refunded, all.paid, all.closing), (0, 80, -80));
    }

    #[test]
    fn money_of_another_account_has_no_other_side() {
        let all = of(&[sum("credit", None, When::Within, -45)]);
        assert_eq!((all.moved, all.closing), (-45, -45));
        let all = of(&[
            sum("conversion", Some(DocumentKind::Invoice), When::Within, -90),
            sum("receivable", Some(DocumentKind::Invoice), When::Within, 90),
            sum("opening", Some(DocumentKind::Invoice), When::Within, -5),
            sum("receivable", Some(DocumentKind::Invoice), When::Within, 5),
        ]);
        assert_eq!((all.carried, all.taken_over, all.moved, all.closing), (90, 5, 0, 95));
    }
}
