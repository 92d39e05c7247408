//! Which charge bills which usage record, and why some are billed by none.

use super::timeline::ChargeLine;
use crate::domain::billing::{AccountInput, ChargeInput, PendingReason, UsageGroup, UsageRecord};
use crate::domain::charge::{ChargeTerms, ChargeType, Model};
use crate::domain::ids::{ChargeId, SubscriptionId};
use crate::domain::period::Span;
use rust_decimal::Decimal;
use std::collections::HashMap;

/// A usage charge that could take records.
pub struct Taker<'a> {
    pub charge: &'a ChargeInput,
    /// Its newest terms.
    pub terms: &'a ChargeTerms,
    pub subscription: SubscriptionId,
    /// Its place on the calendar.
    pub line: &'a ChargeLine,
    /// The days its subscription is suspended.
    pub suspended: Option<Span>,
}

/// The records of one charge in order of their day: new ones, and those that items hold already.
#[derive(Debug, Default)]
pub struct Records<'a> {
    /// Not yet on an item.
    pub fresh: Vec<&'a UsageRecord>,
    /// On an item.
    pub held: Vec<&'a UsageRecord>,
}

/// The records of a list (in order of their day) that start in a span.
pub fn within<'r, 'a>(list: &'r [&'a UsageRecord], span: Span) -> &'r [&'a UsageRecord] {
    let first = list.partition_point(|r| r.start_on < span.from);
    let rest = list.get(first..).unwrap_or_default();
    let count = rest.partition_point(|r| r.start_on <= span.to);
    rest.get(..count).unwrap_or_default()
}

/// Gives every unbilled record to the charge that may bill it on its day, or says why none may: two
/// that could are one too many, and which of them is a person's to say.
pub fn assign<'a>(
    input: &'a AccountInput,
    takers: &[Taker<'_>],
) -> (HashMap<ChargeId, Records<'a>>, Vec<(&'a UsageRecord, PendingReason)>) {
    let mut by_charge: HashMap<ChargeId, Records<'a>> = HashMap::new();
    let mut pending = Vec::new();
    if input.usage.is_empty() && input.billed_usage.is_empty() {
        return (by_charge, pending);
    }
    let mut by_unit: HashMap<&str, Vec<&Taker<'_>>> = HashMap::new();
    for taker in takers {
        by_unit.entry(taker.terms.uom.as_str()).or_default().push(taker);
    }
    for record in &input.usage {
        let takers = by_unit.get(record.uom.as_str()).map(Vec::as_slice).unwrap_or_default();
        match taker_of(record, takers) {
            Ok(charge) => by_charge.entry(charge).or_default().fresh.push(record),
            Err(reason) => pending.push((record, reason)),
        }
    }
    for record in &input.billed_usage {
        if let Some((charge, _)) = record.held_by {
            by_charge.entry(charge).or_default().held.push(record);
        }
    }
    for records in by_charge.values_mut() {
        records.fresh.sort_by_key(|r| (r.start_on, r.id));
        records.held.sort_by_key(|r| (r.start_on, r.id));
    }
    (by_charge, pending)
}

fn taker_of(record: &UsageRecord, takers: &[&Taker<'_>]) -> Result<ChargeId, PendingReason> {
    let mut reason = PendingReason::NoCharge;
    let mut found = None;
    for taker in takers {
        let named = record.charge.is_none_or(|id| id == taker.charge.id)
            && record.subscription.is_none_or(|id| id == taker.subscription);
        if !named {
            continue;
        }
        if taker.line.serves(record.start_on) {
            if found.replace(taker.charge.id).is_some() {
                return Err(PendingReason::SeveralCharges);
            }
            continue;
        }
        // The reason nearest to being billed is the one worth telling.
        let why = if taker.line.elsewhere.is_some_and(|span| span.has(record.start_on)) {
            PendingReason::BilledElsewhere
        } else if taker.suspended.is_some_and(|gap| gap.has(record.start_on)) {
            PendingReason::SubscriptionSuspended
        } else {
            PendingReason::OutsideService
        };
        let vague = matches!(reason, PendingReason::NoCharge | PendingReason::OutsideService);
        if vague {
            reason = why;
        }
    }
    found.ok_or(reason)
}

/// Whether this charge takes usage.
pub fn takes_usage(terms: &ChargeTerms) -> bool {
    terms.charge_type == ChargeType::Usage && !terms.model.is_discount()
}

/// The quantities that are rated apart, each with how often it occurs; none without records.
pub fn groups<'a>(
    records: impl Iterator<Item = &'a UsageRecord>,
    terms: &ChargeTerms,
    group: UsageGroup,
) -> Option<Vec<(Decimal, u32)>> {
    match group_of(terms.model, group) {
        UsageGroup::BillingPeriod => {
            let mut sum = Decimal::ZERO;
            for record in records {
                sum = sum.checked_add(record.quantity)?;
            }
            Some(vec![(sum, 1)])
        }
        UsageGroup::StartDate => {
            let mut by_day: HashMap<chrono::NaiveDate, Decimal> = HashMap::new();
            for record in records {
                let sum = by_day.entry(record.start_on).or_default();
                *sum = sum.checked_add(record.quantity)?;
            }
            Some(counted(by_day.into_values()))
        }
        UsageGroup::Record => Some(counted(records.map(|r| r.quantity))),
    }
}

/// What is rated together. Zuora, "Usage rating by group": groups are for tiered and volume prices
/// (and per unit, where one sum says the same); every other model is rated by the billing period.
fn group_of(model: Model, asked: UsageGroup) -> UsageGroup {
    match model {
        Model::Tiered | Model::Volume => asked,
        Model::Flat
        | Model::PerUnit
        | Model::Package
        | Model::Overage
        | Model::TieredOverage
        | Model::DiscountPercent
        | Model::DiscountFixed => UsageGroup::BillingPeriod,
    }
}

/// Equal quantities once, with their number, in order.
fn counted(quantities: impl Iterator<Item = Decimal>) -> Vec<(Decimal, u32)> {
    let mut all: Vec<Decimal> = quantities.collect();
    all.sort_unstable();
    let mut list: Vec<(Decimal, u32)> = Vec::new();
    for quantity in all {
        match list.last_mut() {
            Some((last, times)) if *last == quantity => *times += 1,
            Some(_) | None => list.push((quantity, 1)),
        }
    }
    list
}
