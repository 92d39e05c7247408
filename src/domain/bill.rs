//! The bill of one account: what is due, less what stands, as draft documents.
//!
//! For each charge the *pieces* it should have billed are computed from scratch
//! ([`pieces`]); the claims say what is billed ([`cover`]). Days billed on other terms than they
//! should be are given back, never more than is left of the item; days that nothing holds are
//! billed ([`reconcile`]). Discounts follow the lines they discount ([`discounts`]), then the
//! lines become documents ([`documents`]).

mod correct;
mod cover;
mod credit;
mod discounts;
mod documents;
mod line;
mod pieces;
mod reconcile;
mod rediscount;
mod rest;
mod settled;
mod timeline;
mod usage;

use super::account::{AccountStatus, AccountTerms, newest, version_on};
use super::billing::{
    AccountBill, AccountInput, BillDates, BillingRules, ChargeInput, Claim, PendingReason,
    SubscriptionInput, TaxTable,
};
use super::charge::ChargeTerms;
use super::explain::RecomputeError;
use super::ids::{ChargeId, UsageId};
use super::money::MoneyError;
use super::proration::{Proration, ProrationConflict};
use super::rating::RatingError;
use super::tax::TaxError;
use super::term::UnknownTerm;
use super::withdrawn::Withdrawn;
use chrono::NaiveDate;
use settled::Settling;
use std::collections::{HashMap, HashSet};
use timeline::{ChargeLine, CycleDays, SubscriptionLine};

/// Why an account cannot be billed. It is listed with this; nothing is guessed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BillError {
    /// The settings contradict each other.
    #[error(transparent)]
    Settings(#[from] ProrationConflict),
    /// A charge or subscription without any version.
    #[error("{0} has no terms")]
    NoTerms(String),
    /// The account has no version.
    #[error("the account has no terms")]
    NoAccountTerms,
    /// A recurring or usage charge without a billing period.
    #[error("charge {0} needs a billing_period")]
    NoPeriod(String),
    /// A weekday for a period of months.
    #[error("charge {0}: a weekday as billing_day needs a billing period of weeks")]
    WeekdayOfMonth(String),
    /// A day of the month for a period of weeks.
    #[error("charge {0}: a day of the month as billing_day needs a billing period of months")]
    MonthDayOfWeek(String),
    /// A usage charge without a unit.
    #[error("usage charge {0} needs a uom")]
    NoUom(String),
    /// The charge lacks what its model needs.
    #[error("charge {charge}: {reason}")]
    Rating {
        charge: String,
        /// What is missing.
        reason: RatingError,
    },
    /// A percentage below 0 or above 100, or a fixed discount below 0.
    #[error(
        "discount charge {0}: a percentage must lie between 0 and 100, a fixed sum not below 0"
    )]
    Discount(String),
    /// An amount that does not fit.
    #[error("charge {0}: the amount is too large")]
    TooLarge(String),
    /// A document whose sums do not fit.
    #[error("the document's total is too large")]
    TotalTooLarge,
    /// A due date beyond the calendar.
    #[error("the due date lies beyond the calendar")]
    DueDate,
    /// The payment term cannot be read.
    #[error(transparent)]
    Term(#[from] UnknownTerm),
    /// The tax cannot be computed.
    #[error(transparent)]
    Tax(#[from] TaxError),
    /// Nothing new is charged in the account's currency.
    #[error("{0}: nothing new is charged in it; make an account in the new currency")]
    Withdrawn(&'static Withdrawn),
}

/// The error of a charge whose amount cannot be computed.
fn unmet(charge: &ChargeInput, error: RecomputeError) -> BillError {
    match error {
        RecomputeError::Rating(RatingError::TooLarge) | RecomputeError::Money(_) => {
            BillError::TooLarge(charge.number.clone())
        }
        RecomputeError::Rating(reason) => {
            BillError::Rating { charge: charge.number.clone(), reason }
        }
        RecomputeError::ByHand => BillError::NoTerms(charge.number.clone()),
    }
}

/// The error of a charge whose sums do not fit.
fn too_large(charge: &ChargeInput) -> impl Fn(MoneyError) -> BillError + '_ {
    |_| BillError::TooLarge(charge.number.clone())
}

/// What every step of one account's bill reads.
pub(crate) struct Ctx<'a> {
    pub(crate) input: &'a AccountInput,
    pub(crate) rules: &'a BillingRules,
    pub(crate) dates: &'a BillDates,
    pub(crate) proration: Proration,
}

/// A charge with its subscription and its place on the calendar.
pub(crate) struct Placed<'a> {
    pub(crate) sub: &'a SubscriptionInput,
    pub(crate) charge: &'a ChargeInput,
    pub(crate) terms: &'a ChargeTerms,
    pub(crate) line: ChargeLine,
    pub(crate) start: NaiveDate,
    pub(crate) suspended: Option<super::period::Span>,
    /// Place in print: subscription, charge.
    pub(crate) order: (usize, usize),
}

/// Bills one account: everything due by the target date that no claim holds yet, and credits for
/// what was billed and no longer holds.
pub fn bill_account(
    input: &AccountInput,
    taxes: &TaxTable,
    rules: &BillingRules,
    dates: &BillDates,
) -> Result<AccountBill, BillError> {
    let ctx = Ctx { input, rules, dates, proration: Proration::new(rules)? };
    let account = &version_on(&input.versions, dates.target.max(dates.invoice_date))
        .ok_or(BillError::NoAccountTerms)?
        .terms;
    if account.status != AccountStatus::Active {
        let all = input.usage.iter().map(|r| (r.id, PendingReason::AccountInactive));
        return Ok(AccountBill { pending: all.collect(), ..AccountBill::default() });
    }
    let placed = place_charges(&ctx)?;
    let claims = ClaimIndex::of(&input.claims);
    let takers: Vec<usage::Taker<'_>> = placed
        .iter()
        .filter(|p| usage::takes_usage(p.terms))
        .map(|p| usage::Taker {
            charge: p.charge,
            terms: p.terms,
            subscription: p.sub.id,
            line: &p.line,
            suspended: p.suspended,
        })
        .collect();
    let (records, unassigned) = usage::assign(input, &takers);
    let discounted = placed.iter().any(|p| p.terms.model.is_discount());
    // Some period that was due is held whole where days are settled.
    let already_billed = input.settled.is_some();
    let mut outcome =
        reconcile::Outcome { already_billed, discounted, ..reconcile::Outcome::default() };
    let mut settling = Settling::new(&ctx, discounted);
    outcome.pending.extend(unassigned.into_iter().map(|(r, why)| (r.id, why)));
    for charge in placed.iter().filter(|p| !p.terms.model.is_discount()) {
        if dates.exclude.contains(&charge.terms.charge_type) {
            continue;
        }
        let mine = claims.of_charge(charge.charge.id);
        let records = records.get(&charge.charge.id);
        reconcile::charge(&ctx, charge, mine, records, &mut settling, &mut outcome)?;
    }
    if discounted {
        discounts::apply(&ctx, &placed, &claims, &mut outcome)?;
    }
    let settled = settling.done(outcome.lines.iter().map(|line| line.span.from));
    let documents = documents::split(&ctx, account, taxes, &placed, outcome.lines)?;
    Ok(AccountBill {
        documents,
        pending: outcome.pending,
        already_billed: outcome.already_billed,
        settled,
    })
}

/// Lays every charge out on the calendar.
fn place_charges<'a>(ctx: &Ctx<'a>) -> Result<Vec<Placed<'a>>, BillError> {
    let days: CycleDays =
        timeline::cycle_days(&ctx.input.versions, |t: &AccountTerms| t.bill_cycle_day);
    let billed_to = billed_to(ctx.input);
    let mut placed = Vec::new();
    for (i, sub) in ctx.input.subscriptions.iter().enumerate() {
        let line = SubscriptionLine::new(sub, ctx.dates, billed_to.get(i).copied().flatten())
            .ok_or_else(|| BillError::NoTerms(sub.number.clone()))?;
        for (j, charge) in sub.charges.iter().enumerate() {
            let terms = &newest(&charge.versions)
                .ok_or_else(|| BillError::NoTerms(charge.number.clone()))?
                .terms;
            if usage::takes_usage(terms) && terms.uom.is_empty() {
                return Err(BillError::NoUom(charge.number.clone()));
            }
            placed.push(Placed {
                sub,
                charge,
                terms,
                line: ChargeLine::new(charge, &line, &days)?,
                start: terms.start_on.unwrap_or(line.terms.start_on),
                suspended: line.suspended,
                order: (i, j),
            });
        }
    }
    Ok(placed)
}

/// The last day claimed of each subscription; only where a term could end.
fn billed_to(input: &AccountInput) -> Vec<Option<NaiveDate>> {
    input
        .subscriptions
        .iter()
        .map(|sub| {
            if sub.versions.iter().all(|v| v.terms.term_months.is_none()) {
                return None;
            }
            let mine: HashSet<ChargeId> = sub.charges.iter().map(|c| c.id).collect();
            input.claims.iter().filter(|c| mine.contains(&c.charge)).map(|c| c.to).max()
        })
        .collect()
}

/// The claims by charge, in the order of their segments.
pub(crate) struct ClaimIndex<'a> {
    by_charge: HashMap<ChargeId, Vec<&'a Claim>>,
    by_target: HashMap<ChargeId, Vec<&'a Claim>>,
}

impl<'a> ClaimIndex<'a> {
    fn of(claims: &'a [Claim]) -> Self {
        let mut index = Self { by_charge: HashMap::new(), by_target: HashMap::new() };
        for claim in claims {
            match claim.target {
                None => index.by_charge.entry(claim.charge).or_default().push(claim),
                Some(target) => index.by_target.entry(target).or_default().push(claim),
            }
        }
        for list in index.by_charge.values_mut().chain(index.by_target.values_mut()) {
            list.sort_by_key(|c| (c.segment, c.from));
        }
        index
    }

    /// Claims of a charge for itself.
    pub(crate) fn of_charge(&self, charge: ChargeId) -> &[&'a Claim] {
        self.by_charge.get(&charge).map(Vec::as_slice).unwrap_or_default()
    }

    /// Claims of discounts on a charge.
    pub(crate) fn on_target(&self, target: ChargeId) -> &[&'a Claim] {
        self.by_target.get(&target).map(Vec::as_slice).unwrap_or_default()
    }

    /// Every discount claim.
    pub(crate) fn discounts(&self) -> impl Iterator<Item = &'a Claim> + '_ {
        self.by_target.values().flatten().copied()
    }
}

/// The day from which a change without `effective_from` holds: the day after the last one that
/// is billed, or the charge's start.
pub fn first_unbilled_day<'c>(
    claims: impl IntoIterator<Item = &'c Claim>,
    charge: ChargeId,
    start: NaiveDate,
) -> NaiveDate {
    let mine: Vec<&Claim> =
        claims.into_iter().filter(|c| c.charge == charge && c.target.is_none()).collect();
    let mut ordered = mine;
    ordered.sort_by_key(|c| (c.segment, c.from));
    let cover = cover::Cover::of(&ordered);
    let last = cover.held().last().map(|h| h.span.to);
    last.and_then(super::period::after).map_or(start, |day| day.max(start))
}

/// Ids of records, in order.
fn ids<'r>(records: impl Iterator<Item = &'r super::billing::UsageRecord>) -> Vec<UsageId> {
    records.map(|r| r.id).collect()
}
