//! Ledger entries of every money event, as pure data: what is debited and credited when a
//! document is posted, a credit applied, a debt given up, a payment received or returned.
//! Each list balances; an entry of zero is left out.
//!
//! | event | debit | credit |
//! |---|---|---|
//! | invoice, debit memo | receivable | revenue (deferred what is earned day by day), tax |
//! | credit memo | revenue or deferred, tax | credit |
//! | release of what was earned | deferred | revenue |
//! | delivered and not billed, taken back on the next day | unbilled | revenue |
//! | credit or payment applied | credit | receivable |
//! | write-off | bad_debt, tax it gives back | credit (then applied) |
//! | recovery, write-off undone | credit | bad_debt, tax |
//! | payment | cash | receivable (applied part), credit (the rest) |
//! | refund, return, chargeback | receivable (reopened part), credit (the rest) | cash |
//! | of it what had gone back already | bad_debt | cash |
//! | the bank's fee for it | bank_fee | cash |
//! | payment taken off a document | receivable | credit |
//! | payment moved to another account | credit (theirs that had it) | credit (theirs that gets it) |
//! | credit memo paid out | credit | cash |
//! | line of a bank, nobody's | cash:BANK | unidentified |
//! | a person says whose it is | unidentified | receivable, credit |
//! | receipt that was recorded, in the bank | cash:BANK | cash:outside |
//! | payout of a gateway | transit, gateway_fee | cash |
//! | payout in the bank | cash:BANK | transit |
//! | paid short within the tolerance | payment_difference, tax | receivable |
//! | charges, our own fees and transfers | bank_fee, transit | cash:BANK |
//! | open item from another system | receivable (credits: opening) | opening (credits: credit) |

use super::document::{DocumentKind, DocumentTax};
use std::fmt;

/// An account of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LedgerAccount {
    /// What customers owe.
    Receivable,
    /// What was earned; empty = the default revenue account.
    Revenue(String),
    /// What was billed and is not earned yet; empty = of the default revenue account.
    Deferred(String),
    /// What was delivered and is not billed; empty = of the default revenue account.
    Unbilled(String),
    /// Tax owed to the state, by code.
    Tax(String),
    /// Money received, by gateway.
    Cash(String),
    /// What customers have to their credit.
    Credit,
    /// What will not come.
    BadDebt,
    /// What a bank takes for its work.
    BankFee,
    /// What a gateway keeps for its work.
    GatewayFee,
    /// What came by a bank and is nobody's yet.
    Unidentified,
    /// What gateways paid out and no bank has yet.
    Transit,
    /// What was paid short by no more than the tolerance.
    PaymentDifference,
    /// What another system had booked before the cutover.
    Opening,
}

impl fmt::Display for LedgerAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Receivable => f.write_str("receivable"),
            Self::Revenue(name) if name.is_empty() => f.write_str("revenue"),
            Self::Revenue(name) => write!(f, "revenue:{name}"),
            Self::Unbilled(name) if name.is_empty() => f.write_str("unbilled"),
            Self::Unbilled(name) => write!(f, "unbilled:{name}"),
            Self::Deferred(name) if name.is_empty() => f.write_str("deferred"),
            Self::Deferred(name) => write!(f, "deferred:{name}"),
            // An open item of another system that came without its code.
            Self::Tax(code) if code.is_empty() => f.write_str("tax"),
            Self::Tax(code) => write!(f, "tax:{code}"),
            Self::Cash(gateway) => write!(f, "cash:{gateway}"),
            Self::Credit => f.write_str("credit"),
            Self::BadDebt => f.write_str("bad_debt"),
            Self::BankFee => f.write_str("bank_fee"),
            Self::GatewayFee => f.write_str("gateway_fee"),
            Self::Unidentified => f.write_str("unidentified"),
            Self::Transit => f.write_str("transit"),
            Self::PaymentDifference => f.write_str("payment_difference"),
            Self::Opening => f.write_str("opening"),
        }
    }
}

/// One entry: debits positive, credits negative, minor units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub account: LedgerAccount,
    /// Debit (positive) or credit (negative), minor units; never zero.
    pub minor: i64,
}

impl Entry {
    /// What stands in the debit column.
    pub fn debit_minor(&self) -> i64 {
        self.minor.max(0)
    }

    /// What stands in the credit column.
    pub fn credit_minor(&self) -> i64 {
        (-self.minor).max(0)
    }
}

/// Whether debits equal credits.
pub fn is_balanced(entries: &[Entry]) -> bool {
    entries.iter().map(|e| i128::from(e.minor)).sum::<i128>() == 0
}

/// Sums up by account, in order of first mention, and leaves out what is zero.
#[derive(Default)]
struct Book(Vec<Entry>);

impl Book {
    fn add(&mut self, account: LedgerAccount, minor: i64) {
        match self.0.iter_mut().find(|e| e.account == account) {
            Some(entry) => entry.minor += minor,
            None => self.0.push(Entry { account, minor }),
        }
    }

    fn done(mut self) -> Vec<Entry> {
        self.0.retain(|e| e.minor != 0);
        self.0
    }
}

/// Posting a document: `lines` are (account of revenue or deferred revenue, net), amounts as on the
/// document (negative on credit memos and write-offs).
pub fn posting(
    kind: DocumentKind,
    lines: impl IntoIterator<Item = (LedgerAccount, i64)>,
    taxes: &[DocumentTax],
) -> Vec<Entry> {
    let mut book = Book::default();
    let other = match kind {
        DocumentKind::Invoice | DocumentKind::DebitMemo => LedgerAccount::Receivable,
        DocumentKind::CreditMemo | DocumentKind::WriteOff => LedgerAccount::Credit,
    };
    if kind != DocumentKind::WriteOff {
        book.add(other.clone(), 0);
    }
    for (earned, net) in lines {
        let against = match kind {
            DocumentKind::WriteOff => LedgerAccount::BadDebt,
            DocumentKind::Invoice | DocumentKind::DebitMemo | DocumentKind::CreditMemo => earned,
        };
        book.add(against, -net);
        book.add(other.clone(), net);
    }
    for tax in taxes {
        book.add(LedgerAccount::Tax(tax.tax_code.clone()), -tax.tax_minor);
        book.add(other.clone(), tax.tax_minor);
    }
    book.done()
}

fn pair(debit: LedgerAccount, credit: LedgerAccount, minor: i64) -> Vec<Entry> {
    let mut book = Book::default();
    book.add(debit, minor);
    book.add(credit, -minor);
    book.done()
}

/// A credit memo or unapplied payment is used on an invoice.
pub fn applied(minor: i64) -> Vec<Entry> {
    pair(LedgerAccount::Credit, LedgerAccount::Receivable, minor)
}

/// The same taken back.
pub fn unapplied(minor: i64) -> Vec<Entry> {
    pair(LedgerAccount::Receivable, LedgerAccount::Credit, minor)
}

/// Money in: what pays invoices, and the rest to the customer's credit.
pub fn payment(gateway: &str, allocated_minor: i64, unapplied_minor: i64) -> Vec<Entry> {
    let mut book = Book::default();
    book.add(LedgerAccount::Cash(gateway.to_owned()), allocated_minor + unapplied_minor);
    book.add(LedgerAccount::Receivable, -allocated_minor);
    book.add(LedgerAccount::Credit, -unapplied_minor);
    book.done()
}

/// Money back out (refund, return, chargeback): what reopens invoices, and what the customer had
/// to its credit.
pub fn money_back(gateway: &str, reopened_minor: i64, from_credit_minor: i64) -> Vec<Entry> {
    payment(gateway, -reopened_minor, -from_credit_minor)
}

/// What another system left open: an invoice's balance (positive) or an unapplied credit
/// (negative).
pub fn open_item(balance_minor: i64) -> Vec<Entry> {
    if balance_minor >= 0 {
        pair(LedgerAccount::Receivable, LedgerAccount::Opening, balance_minor)
    } else {
        pair(LedgerAccount::Opening, LedgerAccount::Credit, -balance_minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::document::TaxKind;
    use rust_decimal::Decimal;

    fn tax(minor: i64) -> DocumentTax {
        DocumentTax {
            tax_code: "VAT".into(),
            rate_percent: Decimal::from(20),
            name: String::new(),
            kind: TaxKind::Standard,
            inclusive: false,
            reason: String::new(),
            base_minor: minor * 5,
            tax_minor: minor,
            rounding: None,
        }
    }

    fn written(entries: &[Entry]) -> Vec<String> {
        assert!(is_balanced(entries), "{entries:?}");
        entries
            .iter()
            .map(|e| format!("{} {}/{}", e.account, e.debit_minor(), e.credit_minor()))
            .collect()
    }

    #[test]
    fn each_event_books_as_the_table_says() {
        let revenue = |name: &str, minor| (LedgerAccount::Revenue(name.to_owned()), minor);
        let lines = [revenue("", 700), revenue("4010", 300), revenue("", 0)];
        assert_eq!(
            written(&posting(DocumentKind::Invoice, lines, &[tax(200)])),
            ["receivable 1200/0", "revenue 0/700", "revenue:4010 0/300", "tax:VAT 0/200"]
        );
        let deferred = [(LedgerAccount::Deferred("4010".to_owned()), 700), revenue("4010", 300)];
        assert_eq!(
            written(&posting(DocumentKind::Invoice, deferred, &[])),
            ["receivable 1000/0", "deferred:4010 0/700", "revenue:4010 0/300"]
        );
        assert_eq!(
            written(&posting(DocumentKind::CreditMemo, [revenue("", -700)], &[tax(-140)])),
            ["credit 0/840", "revenue 700/0", "tax:VAT 140/0"]
        );
        assert_eq!(
            written(&posting(DocumentKind::WriteOff, [revenue("", -700)], &[])),
            ["bad_debt 700/0", "credit 0/700"]
        );
        assert_eq!(
            written(&posting(DocumentKind::WriteOff, [revenue("", -700)], &[tax(-140)])),
            ["bad_debt 700/0", "credit 0/840", "tax:VAT 140/0"]
        );
        assert_eq!(
            written(&posting(DocumentKind::WriteOff, [revenue("", 70)], &[tax(14)])),
            ["bad_debt 0/70", "credit 84/0", "tax:VAT 0/14"]
        );
        assert_eq!(
            written(&posting(DocumentKind::DebitMemo, [revenue("", 0)], &[])),
            [] as [&str; 0]
        );
        assert_eq!(written(&applied(5)), ["credit 5/0", "receivable 0/5"]);
        assert_eq!(written(&unapplied(5)), ["receivable 5/0", "credit 0/5"]);
        assert_eq!(
            written(&payment("sandbox", 10, 2)),
            ["cash:sandbox 12/0", "receivable 0/10", "credit 0/2"]
        );
        assert_eq!(
            written(&money_back("sandbox", 10, 0)),
            ["cash:sandbox 0/10", "receivable 10/0"]
        );
        assert_eq!(written(&open_item(9)), ["receivable 9/0", "opening 0/9"]);
        assert_eq!(written(&open_item(-9)), ["opening 9/0", "credit 0/9"]);
    }
}
