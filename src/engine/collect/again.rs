//! Sending a request a second time under its key. If the first never arrived this is a charge, so it
//! is judged like one, in the moment it is made: the gateway must still know the key by its own
//! clock, and the invoice must still owe the amount and be chargeable.

use super::begin::Begun;
use super::call::{self, Halt};
use crate::domain::ids::PaymentId;
use crate::domain::payment::PaymentRunStatus;
use crate::domain::payment_run::judge_again;
use crate::engine::Error;
use crate::engine::collect::till::Till;
use crate::engine::job::Ports;
use crate::gateway::{ChargeRequest, Outcome};
use crate::store::payment::{AllocationState, PaymentRow};
use crate::store::{Db, StoreError, Tx, debt, method_state, payment, payment_run};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What the gateways' clocks said just now, and how long each remembers a key, ms.
pub type Clocks = BTreeMap<String, (Option<i64>, i64)>;

/// Reads the clocks of the gateways of some payments; no transaction may be open.
pub fn clocks(till: &mut Till, rows: &[&PaymentRow], at_ms: i64) -> Clocks {
    let mut clocks = Clocks::new();
    for row in rows {
        if !clocks.contains_key(&row.gateway) {
            let gateway = till.gateway(&row.gateway);
            let clock = (gateway.clock(at_ms), gateway.capabilities().key_life_ms);
            clocks.insert(row.gateway.clone(), clock);
        }
    }
    clocks
}

/// Whether a key first used at `first` may be used again: less than 80 % of its life has gone by on
/// the gateway's clock. In words why not.
pub fn key_is_good(first: Option<i64>, clock: Option<(Option<i64>, i64)>) -> Result<(), String> {
    let Some((Some(now), life)) = clock else {
        return Err("the gateway's clock cannot be told".to_owned());
    };
    let Some(first) = first else {
        return Err("it is not known when the gateway was first asked".to_owned());
    };
    if now < first || now - first >= life / 5 * 4 {
        return Err("the gateway may have forgotten the key".to_owned());
    }
    Ok(())
}

/// Why a payment must not be sent again in this moment, or the same request, word for word.
fn permit(
    db: &Db<'_>,
    row: &PaymentRow,
    clocks: &Clocks,
    now: crate::clock::Now,
) -> Result<Result<ChargeRequest, String>, StoreError> {
    if let Err(why) = key_is_good(row.gateway_at, clocks.get(&row.gateway).copied()) {
        return Ok(Err(why));
    }
    let run = match row.run {
        Some(run) => payment_run::get(db, run)?.status,
        None => return Ok(Err("it is of no payment run".to_owned())),
    };
    match run {
        PaymentRunStatus::Processing | PaymentRunStatus::Completed => {}
        PaymentRunStatus::Pending | PaymentRunStatus::Paused | PaymentRunStatus::Stopped => {
            return Ok(Err(format!("its payment run is {run}")));
        }
    }
    for allocation in payment::allocations(db, row.id)? {
        if allocation.state != AllocationState::Live {
            return Ok(Err(format!("it is no longer for {}", allocation.number)));
        }
        let document = allocation.document;
        let auto_pay = payment_run::account_auto_pay(db, row.account, now.today)?;
        let candidate = payment_run::candidate(db, document, auto_pay, now.today)?;
        let ended = debt::is_ended(db, document)?;
        if let Err(why) = judge_again(&candidate, allocation.amount_minor, ended) {
            return Ok(Err(format!("{}: {why}", allocation.number)));
        }
    }
    let Some(method) = row.method else { return Ok(Err("it has no method".to_owned())) };
    let method = method_state::get(db, method)?;
    if let Some(why) = method.state.unusable(now.today, u32::MAX) {
        return Ok(Err(format!("its method: {why}")));
    }
    if method.gateway != row.gateway {
        return Ok(Err("its method is at another gateway now".to_owned()));
    }
    Ok(request_again(db, row, now.at_ms)?.ok_or_else(|| "its method was changed".to_owned()))
}

/// The request of a payment again; none when its body is no longer the same.
fn request_again(
    db: &Db<'_>,
    row: &PaymentRow,
    at_ms: i64,
) -> Result<Option<ChargeRequest>, StoreError> {
    let Some(method) = row.method else { return Ok(None) };
    let method = method_state::get(db, method)?;
    let allocations = payment::allocations(db, row.id)?;
    let Some(first) = allocations.first() else { return Ok(None) };
    let request = ChargeRequest {
        key: row.key.clone(),
        customer: debt::get(db, first.document)?.account_number,
        token: method.token,
        kind: method.kind,
        amount_minor: row.amount_minor,
        currency: row.currency,
        description: super::begin::description(allocations.iter().map(|a| a.number.as_str())),
        at_ms,
    };
    Ok(Some(request).filter(|r| r.body_hash() == row.body_hash))
}

/// Judges payments in the transaction just before they are sent again; writes down which are. Those
/// that must not be come with why.
pub fn permitted(
    tx: &Tx<'_>,
    rows: &[&PaymentRow],
    clocks: &Clocks,
) -> Result<(Vec<Begun>, BTreeMap<PaymentId, String>), StoreError> {
    let (mut begun, mut refused) = (Vec::new(), BTreeMap::new());
    for row in rows {
        let now = payment::get(tx, row.id)?;
        if now.status != row.status {
            refused.insert(row.id, "somebody else was at it".to_owned());
            continue;
        }
        match permit(tx, &now, clocks, tx.now())? {
            Ok(request) => {
                let (account, gateway) = (row.account, row.gateway.clone());
                begun.push(Begun { payment: row.id, account, gateway, request });
            }
            Err(why) => {
                refused.insert(row.id, why);
            }
        }
    }
    match begun.as_slice() {
        [] => tx.quiet(),
        [one] => tx.note(one.payment, "sent again under its key: nothing of it was found"),
        many => {
            tx.note("reconcile", format!("{} payments sent again under their keys", many.len()));
        }
    }
    Ok((begun, refused))
}

/// Sends payments again of which nothing was found, where that is allowed; gives what is known of
/// each now. `write` opens the caller's transaction.
pub fn send<W>(
    till: &mut Till,
    ports: &Ports,
    halt: Option<&Arc<Halt>>,
    rows: &[&PaymentRow],
    at_ms: i64,
    write: W,
) -> Result<BTreeMap<PaymentId, Outcome>, Error>
where
    W: FnOnce(
        &dyn Fn(&Tx<'_>) -> Result<(Vec<Begun>, BTreeMap<PaymentId, String>), StoreError>,
    ) -> Result<(Vec<Begun>, BTreeMap<PaymentId, String>), Error>,
{
    if rows.is_empty() {
        return Ok(BTreeMap::new());
    }
    let clocks = clocks(till, rows, at_ms);
    let (begun, refused) = write(&|tx| permitted(tx, rows, &clocks))?;
    let mut all: BTreeMap<_, _> = refused
        .into_iter()
        .map(|(id, why)| {
            (id, Outcome::Unknown { why: format!("nothing found; not sent again: {why}") })
        })
        .collect();
    for (one, outcome) in begun.iter().zip(call::charge(till, ports, halt, &begun)) {
        all.insert(one.payment, outcome.of_second_time());
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::key_is_good;

    #[test]
    fn a_key_is_good_for_four_fifths_of_its_life_on_the_gateways_clock() {
        let clock = |now| Some((Some(now), 100));
        assert!(key_is_good(Some(10), clock(10)).is_ok());
        assert!(key_is_good(Some(10), clock(89)).is_ok());
        assert!(key_is_good(Some(10), clock(90)).is_err());
        assert!(key_is_good(Some(10), clock(9)).is_err(), "a clock that went back");
        assert!(key_is_good(None, clock(10)).is_err());
        assert!(key_is_good(Some(10), Some((None, 100))).is_err());
        assert!(key_is_good(Some(10), None).is_err());
    }
}
