//! Answers to most of a batch are alike: the first one heard, the money is here, and it settles the one
//! document that the payment is for, on the day it came. Those are recorded together, a statement a
//! table; everything else goes through [`settle::record`], one by one, which does the same where it is
//! given such an answer.

use super::settle::{self, Settled};
use crate::domain::ids::{PaymentId, PaymentRunId};
use crate::domain::money::Money;
use crate::domain::payment::PaymentStatus;
use crate::domain::retry::RetryRules;
use crate::gateway::Outcome;
use crate::store::payment::{self, PaymentRow, Settling, Sole};
use crate::store::{StoreError, Tx, payment_run, settings};
use crate::zone::Zone;
use std::collections::BTreeMap;

/// Records the answers to a batch, each payment once in it; gives what each did, in order.
pub fn record_all(
    tx: &Tx<'_>,
    rules: &RetryRules,
    answered: &[(PaymentId, &Outcome)],
) -> Result<Vec<Settled>, StoreError> {
    if answered.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<PaymentId> = answered.iter().map(|(id, _)| *id).collect();
    let mut rows = payment::get_all(tx, &ids)?;
    let soles = payment::sole_of(tx, &ids)?;
    let zone = settings::load(tx)?.zone();
    let (mut together, mut settled) = (Vec::new(), Vec::with_capacity(ids.len()));
    for (id, outcome) in answered.iter().copied() {
        let Some(row) = rows.remove(&id) else {
            return Err(StoreError::NotFound(id.to_string()));
        };
        if let Some(plain) = plain(tx, &row, soles.get(&id), outcome, zone)? {
            together.push(plain);
            settled.push(Settled::Approved);
        } else {
            settled.push(settle::record(tx, rules, &row, outcome)?);
        }
    }
    payment::settle_all(tx, &together)?;
    let mut sums = BTreeMap::<(PaymentRunId, &str), (i64, Money)>::new();
    for Settling { payment, .. } in &together {
        let Some(run) = payment.run else { continue };
        let nothing = (0, payment.currency.amount(0));
        let (count, money) = sums.entry((run, payment.currency.code())).or_insert(nothing);
        *count += 1;
        *money = money.plus(payment.currency.amount(payment.amount_minor))?;
    }
    for ((run, _), (count, money)) in sums {
        payment_run::count(tx, run, PaymentStatus::Approved, money, count)?;
    }
    Ok(settled)
}

/// What such an answer settles; none = it is another kind.
fn plain(
    tx: &Tx<'_>,
    row: &PaymentRow,
    sole: Option<&Sole>,
    outcome: &Outcome,
    zone: Zone,
) -> Result<Option<Settling>, StoreError> {
    let Some(sole) = sole.copied() else { return Ok(None) };
    let heard = outcome.clone().held_against(&row.key, row.amount_minor, row.currency);
    let Outcome::Approved { seen } = heard else { return Ok(None) };
    let (on, value_on) = settle::days(tx, zone, row, &seen)?;
    let first = row.status == PaymentStatus::Processing && row.look_ups == 0;
    let whole = sole.amount_minor == row.amount_minor && sole.balance_minor >= row.amount_minor;
    let owed = sole.booked_on.is_none_or(|booked| booked <= on);
    let payment = row.clone();
    Ok((first && whole && owed).then_some(Settling {
        payment,
        sole,
        gateway_ref: seen.reference,
        on,
        value_on,
    }))
}
