//! Invoices whose first try to collect them failed, with what was paid on them since and by which try.

use crate::domain::recovery::{Came, Failure, Recovery, tally};
use crate::store::{Db, StoreError, money, word};
use chrono::NaiveDate;

/// What became of failures since a day, by currency.
pub fn sums(db: &Db<'_>, since: NaiveDate) -> Result<Vec<Recovery>, StoreError> {
    Ok(tally(failures(db, since)?)?)
}

/// Failures since a day, by invoice: what the first declined payment asked for, and every payment
/// that stands since.
fn failures(db: &Db<'_>, since: NaiveDate) -> Result<Vec<Failure>, StoreError> {
    let mut list: Vec<Failure> = Vec::new();
    let mut last = None;
    db.each(
        "WITH first AS (
             SELECT l.document_id AS document, min(l.id) AS allocation, min(p.id) AS payment
             FROM payment p JOIN allocation l ON l.payment_id = p.id
             WHERE p.status = 'Declined' AND date(p.created_at / 1000, 'unixepoch') >= ?1
               GROUP BY 1)
         SELECT f.document, d.currency, l.amount_minor, date(p.created_at / 1000, 'unixepoch'),
             s.balance_minor, r.received_on, a.amount_minor - a.reopened_minor,
             iif(r.method_id IS NULL, NULL, (SELECT count(*) FROM allocation b
               JOIN payment q ON q.id = b.payment_id AND q.method_id IS NOT NULL
               WHERE b.document_id = f.document AND q.id BETWEEN f.payment AND r.id))
         FROM first f JOIN allocation l ON l.id = f.allocation JOIN payment p ON p.id = f.payment
         JOIN document d ON d.id = f.document JOIN document_state s ON s.document_id = f.document
         LEFT JOIN (allocation a JOIN payment r ON r.id = a.payment_id AND r.status = 'Approved')
             ON a.document_id = f.document AND a.state = 'applied' AND a.payment_id > f.payment
         ORDER BY f.document, r.received_on, a.id",
        [since.to_string()],
        |r| {
            let document: i64 = r.get(0)?;
            if last != Some(document) {
                last = Some(document);
                list.push(Failure {
                    asked: money(r, 1, 2)?,
                    failed_on: word(r, 3, |t| t.parse().ok())?,
                    open: money(r, 1, 4)?,
                    paid: Vec::new(),
                });
            }
            let on: Option<NaiveDate> = r.get(5)?;
            if let (Some(on), Some(failure)) = (on, list.last_mut()) {
                failure.paid.push(Came { on, money: money(r, 1, 6)?, attempt: r.get(7)? });
            }
            Ok(())
        },
    )?;
    Ok(list)
}
