//! The first half of the sandwich: what is owed is read again, credits are used up, and the rest
//! is written down as a payment in Processing, with the key it will be asked for under.

use super::pick::{Mode, verdict};
use crate::domain::ids::{DocumentId, PaymentId, PaymentRunId};
use crate::domain::money::Money;
use crate::domain::payment::PaymentStatus;
use crate::domain::payment_run::{SkipReason, apply_credits};
use crate::engine::collect::settle;
use crate::engine::collect::till::Till;
use crate::gateway::ChargeRequest;
use crate::store::method_state::MethodRow;
use crate::store::payment::{self, AllocationState, NewPayment};
use crate::store::payment_run::{self, Item, ItemState, RunRow};
use crate::store::{StoreError, Tx, applied, credit, debt, method_state, notice};
use std::collections::BTreeSet;

/// A payment that is written down and may be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    pub payment: PaymentId,
    pub gateway: String,
    /// What to ask.
    pub request: ChargeRequest,
}

/// Begins up to `limit` payments of a run, at most one per account, so that one method is never
/// asked twice at the same time. None when nothing is open any more.
pub fn batch(
    tx: &Tx<'_>,
    till: &Till,
    run: &RunRow,
    limit: u32,
) -> Result<Option<Vec<Begun>>, StoreError> {
    // A filter that cannot be read must not become "every gateway".
    let filter = run.filter.read()?;
    let (mode, gateway) = (filter.mode(), filter.gateway().to_owned());
    let items = payment_run::open_items(tx, run.id, limit)?;
    if items.is_empty() {
        return Ok(None);
    }
    let mut begun = Vec::new();
    let mut accounts = BTreeSet::new();
    for item in items {
        if !accounts.insert(item.account) {
            continue;
        }
        let group = if run.consolidate {
            payment_run::open_items_of(tx, run.id, item.account)?
        } else {
            vec![item]
        };
        begun.extend(one(tx, till, run, mode, &gateway, &group)?);
    }
    Ok(Some(begun))
}

/// Begins the payments of one account's items: one each, or one per currency when consolidated.
fn one(
    tx: &Tx<'_>,
    till: &Till,
    run: &RunRow,
    mode: Mode,
    gateway: &str,
    items: &[Item],
) -> Result<Vec<Begun>, StoreError> {
    let mut groups: Vec<(MethodRow, Vec<debt::Debt>)> = Vec::new();
    for item in items {
        match ready(tx, till, run.id, mode, gateway, item)? {
            Err(reason) => {
                payment_run::skip_item(tx, run.id, item.position, reason)?;
            }
            Ok((method, debt)) => {
                payment_run::mark_item(tx, run.id, item.position, ItemState::Taken)?;
                match groups.iter_mut().find(|(_, g)| g[0].currency == debt.currency) {
                    Some((_, group)) => group.push(debt),
                    None => groups.push((method, vec![debt])),
                }
            }
        }
    }
    let mut begun = Vec::new();
    for (method, debts) in groups {
        begun.extend(write_down(tx, till, run, &method, &debts)?);
    }
    Ok(begun)
}

/// Judges an item again and uses its credits; an invoice they settle needs no payment.
fn ready(
    tx: &Tx<'_>,
    till: &Till,
    run: PaymentRunId,
    mode: Mode,
    gateway: &str,
    item: &Item,
) -> Result<Result<(MethodRow, debt::Debt), SkipReason>, StoreError> {
    let now = tx.now();
    let auto_pay = payment_run::account_auto_pay(tx, item.account, now.today)?;
    let candidate = payment_run::candidate(tx, item.document, auto_pay, now.today)?;
    // What nobody could have asked is not written down as asked for.
    let method = verdict(tx, &till.rules, mode, &candidate, gateway, now)?.and_then(|method| {
        match till.shut(&method.gateway) {
            Some(_) => Err(SkipReason::Unreachable),
            None => Ok(method),
        }
    });
    // Credits first: what they settle needs no method.
    if let Err(reason) = &method
        && !reason.takes_credit()
    {
        return Ok(Err(*reason));
    }
    let used = use_credits(tx, item.document)?;
    let debt = debt::get(tx, item.document)?;
    if used > 0 {
        payment_run::add_credits(tx, run, debt.currency, used)?;
    }
    if debt.balance_minor <= 0 {
        return Ok(Err(SkipReason::Settled));
    }
    Ok(method.map(|method| (method, debt)))
}

/// Uses credit memos, then unapplied payments, oldest first, on one document. Gives what was used.
pub fn use_credits(tx: &Tx<'_>, document: DocumentId) -> Result<i64, StoreError> {
    let debt = debt::get(tx, document)?;
    let today = tx.now().today;
    let memos = debt::credits(tx, debt.account, debt.currency)?;
    let money = payment::unapplied(tx, debt.account, debt.currency)?;
    let mut have: Vec<i64> = memos.iter().map(|m| -m.balance_minor).collect();
    have.extend(money.iter().map(|p| p.unapplied_minor));
    let mut used = 0;
    for (source, _, amount) in apply_credits(&have, &[debt.balance_minor]) {
        used += amount;
        if let Some(memo) = memos.get(source) {
            credit::apply(tx, memo.document, document, amount, today)?;
        } else if let Some(from) = money.get(source - memos.len()) {
            apply_unapplied(tx, from, &debt, amount)?;
        }
    }
    Ok(used)
}

/// Applies money that came earlier.
pub fn apply_unapplied(
    tx: &Tx<'_>,
    from: &payment::PaymentRow,
    debt: &debt::Debt,
    amount_minor: i64,
) -> Result<(), StoreError> {
    if from.unapplied_minor == amount_minor {
        // Nothing is left that could be asked about.
        notice::done(tx, &settle::excess_key(from.id))?;
    }
    applied::use_money(tx, from, debt.document, amount_minor)
}

/// What the customer may see on the statement: the numbers, cut at 200 characters.
pub fn description<'n>(numbers: impl Iterator<Item = &'n str>) -> String {
    numbers.collect::<Vec<_>>().join(" ").chars().take(200).collect()
}

/// Writes the payment of some debts of one account and currency.
fn write_down(
    tx: &Tx<'_>,
    till: &Till,
    run: &RunRow,
    method: &MethodRow,
    debts: &[debt::Debt],
) -> Result<Option<Begun>, StoreError> {
    let Some(first) = debts.first() else { return Ok(None) };
    let (count, in_a_row) = payment::past_of_document(tx, first.document, method.state.id)?;
    // The same invoice and attempt give the same key, however often a run is interrupted.
    let book: String = till.book.chars().take(8).collect();
    let together = if debts.len() > 1 { "c" } else { "" };
    let key = format!("{book}-{}-{}{together}", first.number, count + 1);
    let amounts = debts.iter().map(|d| d.currency.amount(d.balance_minor));
    let request = ChargeRequest {
        key,
        customer: first.account_number.clone(),
        token: method.token.clone(),
        kind: method.kind,
        amount_minor: Money::sum(first.currency, amounts)?.minor,
        currency: first.currency,
        description: description(debts.iter().map(|d| d.number.as_str())),
        at_ms: tx.now().at_ms,
    };
    let payment = payment::insert(
        tx,
        &NewPayment {
            account: first.account,
            run: Some(run.id),
            method: Some(method.state.id),
            gateway: method.gateway.clone(),
            amount_minor: request.amount_minor,
            currency: request.currency,
            status: PaymentStatus::Processing,
            key: request.key.clone(),
            body_hash: request.body_hash(),
            attempt: u32::try_from(in_a_row.len()).unwrap_or(u32::MAX).saturating_add(1),
            received_on: None,
            reference: String::new(),
            unapplied_minor: 0,
            gateway_at: till.clock_of(&method.gateway),
            moved_from: None,
        },
    )?;
    for debt in debts {
        let live = AllocationState::Live;
        payment::allocate(tx, payment, debt.document, debt.balance_minor, live, None)?;
    }
    method_state::used(tx, method.state.id)?;
    Ok(Some(Begun { payment, gateway: method.gateway.clone(), request }))
}
