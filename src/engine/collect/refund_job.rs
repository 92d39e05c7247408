//! A refund that the person who decided it cannot ask the gateway for, because their process cannot
//! read its secret: a job by which a worker asks, under the rights of that person.

use crate::domain::ids::{JobId, PaymentId};
use crate::domain::money::Money;
use crate::engine::Error;
use crate::engine::command::JobSpec;
use crate::store::job::{self, JobKind, JobRow};
use crate::store::payment::{self, EventStatus};
use crate::store::{Db, StoreError, Tx};

/// Makes the job of a refund that was begun.
pub(in crate::engine) fn insert(
    tx: &Tx<'_>,
    payment: PaymentId,
    amount: Money,
    event: i64,
) -> Result<JobId, Error> {
    Ok(job::insert(tx, &JobSpec::Refund { event }, &subject(payment, amount), 1)?)
}

/// How its job is called: `refund of 60.00 EUR of P-000012`.
pub(in crate::engine) fn subject(payment: PaymentId, amount: Money) -> String {
    format!("refund of {amount} of {payment}")
}

/// The refund a job asks for, if it does.
fn event_of(row: &JobRow) -> Result<Option<i64>, StoreError> {
    if row.kind != JobKind::Reconcile {
        return Ok(None);
    }
    let JobSpec::Refund { event } = row.spec()? else { return Ok(None) };
    Ok(Some(event))
}

/// Refunds that no gateway was asked for yet.
pub(in crate::engine) fn queued(db: &Db<'_>) -> Result<Vec<i64>, StoreError> {
    let open = job::open(db)?;
    let unasked = open.iter().filter(|row| row.cursor.is_empty());
    unasked.filter_map(|row| event_of(row).transpose()).collect()
}

/// Somebody cancels the job: what was never asked for is over.
pub(in crate::engine) fn canceled(tx: &Tx<'_>, row: &JobRow) -> Result<(), StoreError> {
    let Some(event) = event_of(row)?.filter(|_| row.cursor.is_empty()) else { return Ok(()) };
    let words = "canceled before the gateway was asked";
    payment::end_event(tx, event, EventStatus::Failed, "", words)?;
    tx.note(payment::event(tx, event)?.payment, format!("refund {words}"));
    Ok(())
}
