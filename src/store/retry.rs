//! Which invoices are retried: by payment, by what they need next, or because it is time.

use super::{Db, StoreError, word};
use crate::domain::ids::{DocumentId, MethodId, PaymentId};
use crate::domain::payment::{DeclineClass, NextAction, PaymentStatus};
use crate::domain::payment_method::Network;
use crate::domain::retry::{PastChain, PastTry};

/// An open invoice whose last payment did not bring the money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedInvoice {
    /// The invoice.
    pub document: DocumentId,
    /// Its last payment.
    pub payment: PaymentId,
    /// How that ended.
    pub status: PaymentStatus,
    /// What is needed next.
    pub action: NextAction,
    /// The next try by the rules, UTC ms.
    pub next_retry_at: Option<i64>,
}

/// What a failed invoice needs next, from what is stored: the one rule for the panel's groups, the
/// command line and group retries.
pub fn action(
    status: PaymentStatus,
    class: Option<DeclineClass>,
    asked: Option<NextAction>,
    next_retry_at: Option<i64>,
    given_up: bool,
) -> NextAction {
    match status {
        PaymentStatus::Unknown | PaymentStatus::Submitted | PaymentStatus::Processing => {
            NextAction::LookUp
        }
        // Money that went back without a code waits for a person.
        PaymentStatus::Approved if class.is_none() => NextAction::GaveUp,
        PaymentStatus::Approved | PaymentStatus::Declined | PaymentStatus::Canceled => {
            match class {
                // A fallback method may be waiting for its turn.
                Some(DeclineClass::Hard) if next_retry_at.is_none() => {
                    asked.unwrap_or(NextAction::NewMethod)
                }
                Some(
                    DeclineClass::Hard
                    | DeclineClass::Soft
                    | DeclineClass::System
                    | DeclineClass::Unknown,
                )
                | None => {
                    if given_up && next_retry_at.is_none() {
                        NextAction::GaveUp
                    } else {
                        NextAction::RetryLater
                    }
                }
            }
        }
    }
}

/// Every open invoice whose last payment did not bring the money (or whose money went back).
pub fn failed(db: &Db<'_>) -> Result<Vec<FailedInvoice>, StoreError> {
    let mut all = Vec::new();
    db.each(
        "SELECT s.document_id, p.id, p.status, p.decline_class, p.next_action, s.next_retry_at,
         s.retries_given_up
         FROM document_state s
         JOIN payment p ON p.id = (SELECT max(a.payment_id) FROM allocation a
         WHERE a.document_id = s.document_id)
         WHERE s.status = 'Posted' AND s.balance_minor > 0
           AND (p.status IN ('Declined','Unknown','Canceled') OR (p.status = 'Approved'
             AND p.returned_minor > 0))
         ORDER BY s.due_on, s.document_id",
        [],
        |r| {
            let status = word(r, 2, PaymentStatus::parse)?;
            let class = DeclineClass::parse(&r.get::<String>(3)?);
            let asked = NextAction::parse(&r.get::<String>(4)?);
            let next_retry_at = r.get(5)?;
            all.push(FailedInvoice {
                document: DocumentId(r.get(0)?),
                payment: PaymentId(r.get(1)?),
                status,
                action: action(status, class, asked, next_retry_at, r.get(6)?),
                next_retry_at,
            });
            Ok(())
        },
    )?;
    Ok(all)
}

/// Open invoices whose next try is due, oldest due first.
pub fn due(db: &Db<'_>, now_ms: i64) -> Result<Vec<DocumentId>, StoreError> {
    db.all(
        "SELECT document_id FROM document_state INDEXED BY document_state_retry
         WHERE status = 'Posted' AND balance_minor > 0 AND next_retry_at <= ?1
         AND retries_given_up = 0
         ORDER BY due_on, document_id",
        [now_ms],
        |r| Ok(DocumentId(r.get(0)?)),
    )
}

/// Every invoice's tries on each method, oldest first, of those that began with a failure: what
/// other rules are tried on.
pub fn chains(db: &Db<'_>) -> Result<Vec<PastChain>, StoreError> {
    let mut chains: Vec<PastChain> = Vec::new();
    let mut last = None;
    db.each(
        "SELECT a.document_id, p.method_id, m.display, p.created_at, p.status, p.decline_class,
         a.amount_minor
         FROM allocation a JOIN payment p ON p.id = a.payment_id
         JOIN payment_method m ON m.id = p.method_id
         WHERE p.status IN ('Approved','Declined') ORDER BY a.document_id, p.method_id, p.id",
        [],
        |r| {
            let key: (i64, i64) = (r.get(0)?, r.get(1)?);
            let status = word(r, 4, PaymentStatus::parse)?;
            let class = DeclineClass::parse(&r.get::<String>(5)?);
            let declined =
                (status == PaymentStatus::Declined).then(|| class.unwrap_or(DeclineClass::Unknown));
            let try_ = PastTry { at_ms: r.get(3)?, declined };
            if last == Some(key)
                && let Some(chain) = chains.last_mut()
            {
                chain.tries.push(try_);
                return Ok(());
            }
            last = Some(key);
            chains.push(PastChain {
                method: MethodId(key.1),
                network: Network::of_display(&r.get::<String>(2)?),
                amount_minor: r.get(6)?,
                tries: vec![try_],
            });
            Ok(())
        },
    )?;
    chains.retain(|c| c.tries.first().is_some_and(|t| t.declined.is_some()));
    Ok(chains)
}
