//! Ledger entries: what every money event books. The one way to write them refuses a transaction
//! that does not balance, by currency.

use super::face::Bound;
use super::{Db, StoreError, Tx, book_period, many, word};
use crate::domain::ids::{AccountId, DocumentId, PaymentId};
use crate::domain::journal::JournalEntry;
use crate::domain::money::{Currency, Money, Purse};
use chrono::NaiveDate;

/// What customers owe.
pub const RECEIVABLE: &str = "receivable";
/// What customers have with us: credits and money not applied yet.
pub const CREDIT: &str = "credit";
/// What will not come.
pub const BAD_DEBT: &str = "bad_debt";
/// What left one currency and came in the one that took its place: each keeps its own sum.
pub const CONVERSION: &str = "conversion";
/// What a bank takes for its work.
pub const BANK_FEE: &str = "bank_fee";

/// What came by a bank and is nobody's yet.
pub const UNIDENTIFIED: &str = "unidentified";
/// What gateways paid out and no bank has yet; our own money between two banks.
pub const TRANSIT: &str = "transit";
/// What a gateway keeps for its work.
pub const GATEWAY_FEE: &str = "gateway_fee";
/// What was paid short by no more than the tolerance.
pub const PAYMENT_DIFFERENCE: &str = "payment_difference";
/// Stands for the customer in entries that are of none: fees, payouts, what is nobody's yet. Such a booking
/// touches neither `receivable` nor `credit`.
pub const NOBODY: AccountId = AccountId(0);

/// The gateway of payments that a line of a bank made: what a person pays back of them, or says came back,
/// is outside until a line of a bank has it.
pub const BANK: &str = "bank";

/// The cash account of a gateway (`cash:sandbox`), or of money received outside.
pub fn cash(gateway: &str) -> String {
    format!("cash:{}", if gateway == BANK { "outside" } else { gateway })
}

/// One line of a booking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Ledger account: one of the constants, `revenue[:name]`, `tax:code`, `cash:gateway`.
    pub ledger: String,
    /// The customer, or [`NOBODY`].
    pub account: AccountId,
    /// The document, if one.
    pub document: Option<DocumentId>,
    /// The payment, if one.
    pub payment: Option<PaymentId>,
    /// Above zero a debit, below zero a credit; zero books nothing.
    pub amount: Money,
}

/// Books lines on a day under the transaction's number. Their sum must be zero by currency. A day that
/// lies in a closed period is refused: whoever books, this is where.
pub fn post(tx: &Tx<'_>, on: NaiveDate, lines: &[Line]) -> Result<(), StoreError> {
    post_all(tx, [(on, lines)].into_iter())
}

/// Books an amount of no customer from one ledger account to another.
pub fn between(
    tx: &Tx<'_>,
    on: NaiveDate,
    debit: &str,
    credit: &str,
    amount: Money,
) -> Result<(), StoreError> {
    let line = |ledger: &str, amount| Line {
        ledger: ledger.to_owned(),
        account: NOBODY,
        document: None,
        payment: None,
        amount,
    };
    post(tx, on, &[line(debit, amount), line(credit, amount.negated()?)])
}

/// The same for several bookings, each on its day.
pub fn post_all<'a>(
    tx: &Tx<'_>,
    bookings: impl Iterator<Item = (NaiveDate, &'a [Line])>,
) -> Result<(), StoreError> {
    let mut rows = Vec::new();
    for (on, lines) in bookings {
        book_period::refuse_in(tx, on)?;
        let sums = Purse::of(lines.iter().map(|line| line.amount))?;
        if let Some(off) = sums.iter().find(|sum| sum.minor != 0) {
            let (off, currency) = (off.minor, off.currency);
            return Err(StoreError::Guard(format!(
                "a booking does not balance: {off} {currency} minor units over"
            )));
        }
        for line in lines.iter().filter(|l| l.amount.minor != 0) {
            rows.push(entry(tx.seq(), on, line)?);
        }
    }
    many::insert(tx, ENTRY, rows)
}

const ENTRY: &str = "ledger_entry (txn, entry_on, account, account_id, document_id, payment_id,
    currency, debit_minor, credit_minor)";

/// The columns of [`ENTRY`].
fn entry(txn: i64, on: NaiveDate, line: &Line) -> Result<[Bound<'_>; 9], StoreError> {
    let key = |id: Option<i64>| Bound::Owned(id.into());
    Ok([
        txn.into(),
        on.to_string().into(),
        line.ledger.as_str().into(),
        line.account.0.into(),
        key(line.document.map(|d| d.0)),
        key(line.payment.map(|p| p.0)),
        line.amount.currency.code().into(),
        line.amount.minor.max(0).into(),
        line.amount.negated()?.minor.max(0).into(),
    ])
}

/// What a booking of one amount from one ledger account to another is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct About {
    /// The customer.
    pub account: AccountId,
    /// The document, if one.
    pub document: Option<DocumentId>,
    /// The payment, if one.
    pub payment: Option<PaymentId>,
    /// Currency of the amount.
    pub currency: Currency,
}

/// Where a reader of the journal is: day, transaction and row number of an entry.
pub type Place = (NaiveDate, i64, i64);

/// Entries after `after`, by day, then transaction, with the names a reader wants; each with its
/// place. Empty at the end.
pub fn page(
    db: &Db<'_>,
    after: Place,
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
    limit: u32,
) -> Result<Vec<(Place, JournalEntry)>, StoreError> {
    db.all(
        "SELECT e.id, e.txn, e.entry_on, e.account, coalesce(a.number, ''), coalesce(d.number, ''), e.payment_id,
                e.currency, e.debit_minor - e.credit_minor
         FROM ledger_entry e LEFT JOIN account a ON a.id = e.account_id LEFT
         JOIN document d ON d.id = e.document_id
         WHERE (e.entry_on, e.txn, e.id) > (?1, ?2, ?3)
           AND (?4 IS NULL OR e.entry_on >= ?4) AND (?5 IS NULL OR e.entry_on <= ?5)
         ORDER BY e.entry_on, e.txn, e.id LIMIT ?6",
        (after.0, after.1, after.2, from, to, limit),
        |r| {
            let payment: Option<i64> = r.get(6)?;
            Ok((
                (r.get(2)?, r.get(1)?, r.get(0)?),
                JournalEntry {
                    txn: r.get(1)?,
                    on: r.get(2)?,
                    ledger: r.get(3)?,
                    account: r.get(4)?,
                    document: r.get(5)?,
                    payment: payment.map_or_else(String::new, |p| PaymentId(p).to_string()),
                    currency: word(r, 7, Currency::parse)?,
                    amount_minor: r.get(8)?,
                },
            ))
        },
    )
}

/// Every ledger account that occurs, and the first day.
pub fn accounts(db: &Db<'_>) -> Result<(Vec<String>, Option<NaiveDate>), StoreError> {
    let names = db.all("SELECT DISTINCT account FROM ledger_entry ORDER BY 1", [], |r| r.get(0))?;
    let first = db.one("SELECT min(entry_on) FROM ledger_entry", [], |r| r.get(0))?;
    Ok((names, first))
}
