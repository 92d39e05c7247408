//! The price list: each charge that an account has in a month, with its terms and how long they hold.

use super::few::{Few, Of};
use crate::domain::account::{Version, newest, version_on};
use crate::domain::charge::{ChargeTerms, ChargeType};
use crate::domain::ids::{ChargeId, SubscriptionId};
use crate::domain::period::{FAR, Span, before};
use crate::domain::subscription::SubscriptionTerms;
use crate::store::{Db, StoreError, charge, subscription};
use chrono::NaiveDate;
use std::collections::BTreeMap;

/// A price while it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Price {
    /// The charge's number.
    pub charge: String,
    /// The subscription's.
    pub subscription: String,
    pub terms: ChargeTerms,
    /// First day with this price.
    pub from: NaiveDate,
    /// Last day; none = until further notice.
    pub to: Option<NaiveDate>,
    /// The subscription is suspended on days of the month: from when, and (if known) served again when.
    pub suspended: Option<(NaiveDate, Option<NaiveDate>)>,
}

pub(super) fn read(db: &Db<'_>, of: Of) -> Result<Few<Price>, StoreError> {
    let mut out = Few::default();
    let subs: BTreeMap<SubscriptionId, String> =
        subscription::of_account(db, of.account)?.into_iter().collect();
    let charges = db.all(
        "SELECT id, number, subscription_id FROM charge WHERE account_id = ?1 ORDER BY id",
        [of.account.0],
        |r| Ok((ChargeId(r.get(0)?), r.get::<String>(1)?, SubscriptionId(r.get(2)?))),
    )?;
    let mut known: Option<(SubscriptionId, Option<SubscriptionTerms>)> = None;
    for (id, number, sub) in charges {
        if known.as_ref().is_none_or(|(last, _)| *last != sub) {
            let versions = subscription::versions(db, sub)?;
            known = Some((sub, newest(&versions).map(|v| v.terms.clone())));
        }
        let Some(terms) = known.as_ref().and_then(|(_, terms)| terms.as_ref()) else { continue };
        let versions = charge::versions(db, id)?;
        for (version, from, to) in in_force(&versions, terms, of.span) {
            out.push(Price {
                charge: number.clone(),
                subscription: subs.get(&sub).cloned().unwrap_or_default(),
                terms: version.terms.clone(),
                from,
                to: (to != FAR).then_some(to),
                suspended: suspended(terms, of.span),
            });
        }
    }
    Ok(out)
}

fn suspended(sub: &SubscriptionTerms, within: Span) -> Option<(NaiveDate, Option<NaiveDate>)> {
    let from = sub.suspended_from?;
    let last = sub.resumed_from.map_or(Some(FAR), before)?;
    Span::new(from, last)?.meet(within).map(|_| (from, sub.resumed_from))
}

/// The versions of a charge that hold on days of a span, each with its first and last day. A charge
/// that is billed once has a price on its day alone.
fn in_force<'v>(
    versions: &'v [Version<ChargeTerms>],
    sub: &SubscriptionTerms,
    within: Span,
) -> Vec<(&'v Version<ChargeTerms>, NaiveDate, NaiveDate)> {
    let Some(last) = newest(versions) else { return Vec::new() };
    let from = last.terms.start_on.unwrap_or(sub.start_on);
    let to = match last.terms.charge_type {
        ChargeType::OneTime => from,
        ChargeType::Recurring | ChargeType::Usage => {
            [last.terms.end_on, sub.end_on].into_iter().flatten().min().unwrap_or(FAR)
        }
    };
    let Some(life) = Span::new(from, to).filter(|life| life.meet(within).is_some()) else {
        return Vec::new();
    };
    // The days on which another version may begin.
    let mut days: Vec<NaiveDate> = vec![life.from];
    days.extend(versions.iter().map(|v| v.effective_from).filter(|d| life.has(*d)));
    days.sort_unstable();
    days.dedup();
    let mut out: Vec<(&Version<ChargeTerms>, NaiveDate, NaiveDate)> = Vec::new();
    for day in days {
        let Some(version) = version_on(versions, day) else { continue };
        match out.last_mut() {
            Some((same, _, _)) if same.id == version.id => {}
            held => {
                if let Some((_, _, until)) = held {
                    *until = before(day).unwrap_or(day);
                }
                out.push((version, day, life.to));
            }
        }
    }
    out.retain(|(_, from, to)| Span::new(*from, *to).and_then(|s| s.meet(within)).is_some());
    out
}
