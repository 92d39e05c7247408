//! Entries of the ledger for other people's bookkeeping, with what they are about.

use super::{Db, StoreError, book_period, fx, word};
use crate::domain::books::Entry;
use crate::domain::ids::PaymentId;
use crate::domain::money::Currency;
use chrono::NaiveDate;

/// Entries of a span of days, by day, then transaction; of what is not in `own` the rate that its document was
/// posted with.
pub fn entries(
    db: &Db<'_>,
    own: Currency,
    (from, to): (NaiveDate, NaiveDate),
) -> Result<Vec<Entry>, StoreError> {
    let sql = format!(
        "SELECT e.txn, e.entry_on, e.account, a.number, v.name, coalesce(d.number, ''), coalesce(d.kind, ''),
                d.invoice_on, e.payment_id, e.currency, e.debit_minor - e.credit_minor,
                CASE WHEN d.id IS NOT NULL AND e.currency <> ?3 THEN {} END
         FROM ledger_entry e JOIN account a ON a.id = e.account_id
         JOIN account_version v ON v.id = {}
         LEFT JOIN document d ON d.id = e.document_id
         WHERE e.entry_on BETWEEN ?1 AND ?2 ORDER BY e.entry_on, e.txn, e.id",
        fx::FROZEN,
        super::account::in_force("e.account_id", "e.entry_on")
    );
    db.all(&sql, (from, to, own.code()), |r| {
        let payment: Option<i64> = r.get(8)?;
        Ok(Entry {
            txn: r.get(0)?,
            on: r.get(1)?,
            ledger: r.get(2)?,
            account: r.get(3)?,
            name: r.get(4)?,
            document: r.get(5)?,
            kind: r.get(6)?,
            document_on: r.get(7)?,
            payment: payment.map_or_else(String::new, |p| PaymentId(p).to_string()),
            currency: word(r, 9, Currency::parse)?,
            minor: r.get(10)?,
            frozen: fx::frozen(r, 11)?,
        })
    })
}

/// Whether nothing can be booked on a day any more, since its month is closed.
pub fn is_closed(db: &Db<'_>, on: NaiveDate) -> Result<bool, StoreError> {
    Ok(book_period::shut_through(db)?.is_some_and(|through| on <= through))
}
