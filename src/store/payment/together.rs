//! Many payments at once, as a payment run begins and ends them: one statement a table instead of one a
//! payment.

use super::{COLUMNS, NewPayment, PaymentRow, row};
use crate::domain::ids::{AccountId, DocumentId, MethodId, PaymentId};
use crate::domain::payment::{DeclineClass, PaymentStatus};
use crate::store::face::Bound;
use crate::store::ledger::{self, Line};
use crate::store::{Db, StoreError, Topic, Tx, debt, gateway_poll, many, new_draft, word};
use chrono::NaiveDate;
use std::collections::{BTreeMap, BTreeSet};

/// A payment that a run begins, with the documents it is for and what of it is for each (minor units).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beginning {
    /// By a method.
    pub payment: NewPayment,
    pub method: MethodId,
    pub documents: Vec<(DocumentId, i64)>,
}

/// Writes payments that are begun, with their allocations, and that their methods were tried; gives
/// their ids in order. A second payment on its way for a document is refused by the book.
pub fn begin_all(tx: &Tx<'_>, all: &[Beginning]) -> Result<Vec<PaymentId>, StoreError> {
    let first = new_draft::next_id(tx, "payment")?;
    let ids: Vec<PaymentId> = (first..).take(all.len()).map(PaymentId).collect();
    let gateways: BTreeSet<&str> = all.iter().map(|one| one.payment.gateway.as_str()).collect();
    for gateway in gateways {
        gateway_poll::begin(tx, gateway)?;
    }
    many::insert(
        tx,
        "payment (id, account_id, run_id, method_id, gateway, amount_minor, currency, status,
         idempotency_key, body_hash, attempt, created_at, gateway_at)",
        ids.iter().zip(all).map(|(id, one)| -> [Bound<'_>; 13] {
            let new = &one.payment;
            [
                id.0.into(),
                new.account.0.into(),
                Bound::Owned(new.run.map(|r| r.0).into()),
                one.method.0.into(),
                new.gateway.as_str().into(),
                new.amount_minor.into(),
                new.currency.code().into(),
                new.status.as_str().into(),
                new.key.as_str().into(),
                new.body_hash.as_str().into(),
                new.attempt.into(),
                tx.now().at_ms.into(),
                Bound::Owned(new.gateway_at.into()),
            ]
        }),
    )?;
    let of = ids.iter().zip(all).flat_map(|(id, one)| one.documents.iter().map(move |d| (id, d)));
    many::insert(
        tx,
        "allocation (payment_id, document_id, amount_minor, state)",
        of.map(|(id, (document, minor))| -> [Bound<'_>; 4] {
            [id.0.into(), document.0.into(), (*minor).into(), "live".into()]
        }),
    )?;
    let methods: BTreeSet<MethodId> = all.iter().map(|one| one.method).collect();
    many::change(
        tx,
        "UPDATE payment_method SET last_used_at = v.column2 FROM (",
        ") v WHERE id = v.column1",
        methods.iter().map(|id| -> [Bound<'_>; 2] { [id.0.into(), tx.now().at_ms.into()] }),
    )?;
    ids.iter().for_each(|id| tx.stir_payment(*id));
    tx.touch(Topic::Payments);
    Ok(ids)
}

/// Payments by id, where they are.
pub fn get_all(
    db: &Db<'_>,
    ids: &[PaymentId],
) -> Result<BTreeMap<PaymentId, PaymentRow>, StoreError> {
    db.gather(
        &format!(
            "SELECT {COLUMNS} FROM payment WHERE id IN (SELECT value FROM json_each(?1))
             ORDER BY id"
        ),
        [many::keys(ids.iter().map(|id| id.0))],
        |r| row(r).map(|row| (row.id, row)),
    )
}

/// The one document that a payment on its way is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sole {
    /// Of the allocation.
    pub id: i64,
    pub document: DocumentId,
    /// Who owes the document.
    pub account: AccountId,
    /// What of the payment is for it, minor units.
    pub amount_minor: i64,
    /// What it owes now, minor units.
    pub balance_minor: i64,
    /// The last day on which what it owes was booked; none for what was booked before entries named
    /// their document.
    pub booked_on: Option<NaiveDate>,
}

/// Of these payments those that are for one posted document and on their way.
pub fn sole_of(db: &Db<'_>, ids: &[PaymentId]) -> Result<BTreeMap<PaymentId, Sole>, StoreError> {
    let mut all = BTreeMap::<PaymentId, Vec<Sole>>::new();
    db.each(
        "SELECT a.payment_id, a.id, a.document_id, s.account_id, a.amount_minor,
                CASE WHEN a.state = 'live' AND s.status = 'Posted' THEN s.balance_minor END,
                (SELECT max(e.entry_on) FROM ledger_entry e
                  WHERE e.document_id = a.document_id AND e.account = 'receivable')
         FROM allocation a JOIN document_state s ON s.document_id = a.document_id
         WHERE a.payment_id IN (SELECT value FROM json_each(?1)) ORDER BY a.payment_id, a.id",
        [many::keys(ids.iter().map(|id| id.0))],
        |r| {
            // What is not on its way owes nothing that a payment could settle.
            let balance_minor: Option<i64> = r.get(5)?;
            all.entry(PaymentId(r.get(0)?)).or_default().push(Sole {
                id: r.get(1)?,
                document: DocumentId(r.get(2)?),
                account: AccountId(r.get(3)?),
                amount_minor: r.get(4)?,
                balance_minor: balance_minor.unwrap_or(0),
                booked_on: r.get(6)?,
            });
            Ok(())
        },
    )?;
    let sole = |(id, list): (PaymentId, Vec<Sole>)| match list.as_slice() {
        [one] => Some((id, *one)),
        _ => None,
    };
    Ok(all.into_iter().filter_map(sole).collect())
}

/// A payment that settles so much of its one document on the day it came, with nothing left over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settling {
    pub payment: PaymentRow,
    pub sole: Sole,
    /// The gateway's name for it.
    pub gateway_ref: String,
    /// The day it came.
    pub on: NaiveDate,
    /// The day that the gateway names.
    pub value_on: Option<NaiveDate>,
}

/// Books payments that came, each on its document; their methods are good again.
pub fn settle_all(tx: &Tx<'_>, all: &[Settling]) -> Result<(), StoreError> {
    let text = |day: NaiveDate| -> Bound<'_> { day.to_string().into() };
    many::change(
        tx,
        "UPDATE allocation SET state = 'applied', applied_on = v.column2 FROM (",
        ") v WHERE id = v.column1",
        all.iter().map(|one| -> [Bound<'_>; 2] { [one.sole.id.into(), text(one.on)] }),
    )?;
    debt::pay_all(
        tx,
        all.iter().map(|one| (one.sole.document, one.sole.account, one.sole.amount_minor)),
    )?;
    let mut bookings = Vec::with_capacity(all.len());
    for one in all {
        let amount = one.payment.currency.amount(one.sole.amount_minor);
        let line = |ledger: String, document, amount| Line {
            ledger,
            account: one.payment.account,
            document,
            payment: Some(one.payment.id),
            amount,
        };
        let lines = [
            line(ledger::cash(&one.payment.gateway), None, amount),
            line(ledger::RECEIVABLE.to_owned(), Some(one.sole.document), amount.negated()?),
        ];
        bookings.push((one.on, lines));
    }
    ledger::post_all(tx, bookings.iter().map(|(on, lines)| (*on, lines.as_slice())))?;
    let at: Bound<'_> = tx.now().at_ms.into();
    many::change(
        tx,
        "UPDATE payment SET status = 'Approved', decline_code = '', decline_class = '', reply = '',
            next_retry_at = NULL, next_look_up_at = NULL, unapplied_minor = 0, next_action = '',
            gateway_ref = iif(v.column2 = '', gateway_ref, v.column2), received_on = v.column3,
            value_on = v.column4, settled_at = v.column5, version = version + 1 FROM (",
        ") v WHERE id = v.column1",
        all.iter().map(|one| -> [Bound<'_>; 5] {
            let value_on = one.value_on.map(|day| day.to_string());
            [
                one.payment.id.0.into(),
                one.gateway_ref.as_str().into(),
                text(one.on),
                Bound::Owned(value_on.into()),
                at.clone(),
            ]
        }),
    )?;
    let methods: BTreeSet<MethodId> = all.iter().filter_map(|one| one.payment.method).collect();
    many::change(
        tx,
        "UPDATE payment_method SET failures = 0, hard_declined = 0 FROM (",
        ") v WHERE id = v.column1 AND (failures > 0 OR hard_declined = 1)",
        methods.iter().map(|id| -> [Bound<'_>; 1] { [id.0.into()] }),
    )?;
    all.iter().for_each(|one| tx.stir_payment(one.payment.id));
    tx.touch(Topic::Payments);
    Ok(())
}

/// The payments that a document had, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Past(Vec<(PaymentStatus, Option<DeclineClass>, Option<MethodId>)>);

impl Past {
    /// How many there were.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The classes of those that failed in a row on a method, newest first.
    pub fn in_a_row(&self, method: MethodId) -> Vec<DeclineClass> {
        self.0
            .iter()
            .filter(|(_, _, by)| *by == Some(method))
            .take_while(|(status, _, _)| *status != PaymentStatus::Approved)
            .filter(|(status, _, _)| *status == PaymentStatus::Declined)
            .filter_map(|(_, class, _)| *class)
            .collect()
    }
}

/// The payments that documents had; what had none is not in it.
pub fn past_of(
    db: &Db<'_>,
    documents: &[DocumentId],
) -> Result<BTreeMap<DocumentId, Past>, StoreError> {
    let mut all = BTreeMap::<DocumentId, Past>::new();
    db.each(
        "SELECT a.document_id, p.status, p.decline_class, p.method_id FROM allocation a
         JOIN payment p ON p.id = a.payment_id
         WHERE a.document_id IN (SELECT value FROM json_each(?1)) ORDER BY p.id DESC",
        [many::keys(documents.iter().map(|id| id.0))],
        |r| {
            let class = DeclineClass::parse(r.text(2)?);
            let method = r.get::<Option<i64>>(3)?.map(MethodId);
            let one = (word(r, 1, PaymentStatus::parse)?, class, method);
            all.entry(DocumentId(r.get(0)?)).or_default().0.push(one);
            Ok(())
        },
    )?;
    Ok(all)
}
