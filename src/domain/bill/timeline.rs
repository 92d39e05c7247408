//! When a charge is served and where its periods lie: terms and renewals, end dates, suspension,
//! billing day, alignment, and what another system has billed.

use super::BillError;
use crate::domain::account::{Version, newest, version_on};
use crate::domain::billing::{BillDates, ChargeInput, SubscriptionInput};
use crate::domain::charge::{Alignment, BillingDay, BillingPeriod, ChargeTerms, ChargeType};
use crate::domain::period::{FAR, Grid, Span, add_months, after, before};
use crate::domain::subscription::SubscriptionTerms;
use chrono::{Datelike, NaiveDate};

/// Bill cycle days of the account by date: from this day on, this day of the month.
pub type CycleDays = Vec<(NaiveDate, u32)>;

/// One subscription on the calendar, shared by its charges.
pub struct SubscriptionLine<'a> {
    /// The newest recorded terms: start, end and suspension.
    pub terms: &'a SubscriptionTerms,
    /// First day of each term reached so far; the first is the subscription's start.
    pub term_starts: Vec<NaiveDate>,
    /// Last day served: its end, or the end of the last term reached.
    pub end: NaiveDate,
    /// The days of the suspension.
    pub suspended: Option<Span>,
}

impl<'a> SubscriptionLine<'a> {
    /// Lays out a subscription. Terms that end by the target date renew, if the subscription says
    /// so on their last day and the run does; terms that something was billed for stay renewed.
    pub fn new(
        sub: &'a SubscriptionInput,
        dates: &BillDates,
        billed_to: Option<NaiveDate>,
    ) -> Option<Self> {
        let terms = &newest(&sub.versions)?.terms;
        let suspended = terms.suspended_from.and_then(|from| {
            let to = terms.resumed_from.and_then(before).unwrap_or(FAR);
            Span::new(from, to)
        });
        let (term_starts, term_end) = term_starts(&sub.versions, terms, dates, billed_to);
        let end = terms.end_on.unwrap_or(FAR).min(term_end);
        Some(Self { terms, term_starts, end, suspended })
    }

    /// First day of the term that `day` lies in.
    fn term_start(&self, day: NaiveDate) -> NaiveDate {
        let later = self.term_starts.partition_point(|start| *start <= day);
        let index = later.saturating_sub(1);
        self.term_starts.get(index).copied().unwrap_or(self.terms.start_on)
    }
}

fn term_starts(
    versions: &[Version<SubscriptionTerms>],
    terms: &SubscriptionTerms,
    dates: &BillDates,
    billed_to: Option<NaiveDate>,
) -> (Vec<NaiveDate>, NaiveDate) {
    let mut starts = vec![terms.start_on];
    let (mut anchor, mut months, mut passed) = (terms.start_on, terms.term_months, 0_i64);
    loop {
        let Some(length) = months.filter(|m| *m > 0) else { return (starts, FAR) };
        passed += i64::from(length);
        let Some(next) = add_months(anchor, passed) else { return (starts, FAR) };
        let last = before(next).unwrap_or(next);
        let asked = version_on(versions, last).is_some_and(|v| v.terms.auto_renew);
        let due = dates.auto_renew && next <= dates.target;
        let billed = billed_to.is_some_and(|to| to >= next);
        if !asked || !(due || billed) {
            return (starts, last);
        }
        starts.push(next);
        let length = version_on(versions, next).and_then(|v| v.terms.term_months);
        if length != months {
            (anchor, months, passed) = (next, length, 0);
        }
    }
}

/// One charge on the calendar.
pub struct ChargeLine {
    /// Days of service, in order, apart from each other.
    pub served: Vec<Span>,
    /// Days of service that another system has billed.
    pub elsewhere: Option<Span>,
    /// From each day on, the version in force; only where what is paid for changes.
    pub priced: Vec<(NaiveDate, usize)>,
    /// From each day on, the periods; empty for one-time charges.
    pub grids: Vec<(NaiveDate, Grid)>,
}

impl ChargeLine {
    /// Lays out a charge of a subscription.
    pub fn new(
        charge: &ChargeInput,
        sub: &SubscriptionLine<'_>,
        cycle_days: &CycleDays,
    ) -> Result<Self, BillError> {
        let number = || charge.number.clone();
        let terms = &newest(&charge.versions).ok_or_else(|| BillError::NoTerms(number()))?.terms;
        let start = terms.start_on.unwrap_or(sub.terms.start_on);
        let end = terms.end_on.unwrap_or(FAR).min(sub.end);
        let whole = Span::new(start.max(sub.terms.start_on), end);
        let rest = whole.and_then(|whole| match terms.billed_through {
            Some(through) if through >= whole.from => Span::new(after(through)?, whole.to),
            Some(_) | None => Some(whole),
        });
        let elsewhere = match (whole, terms.billed_through) {
            (Some(whole), Some(through)) => Span::new(whole.from, through.min(whole.to)),
            _ => None,
        };
        let served = match (rest, sub.suspended) {
            (None, _) => Vec::new(),
            (Some(rest), None) => vec![rest],
            (Some(rest), Some(gap)) => rest.without([gap]),
        };
        let priced = priced_from(&charge.versions);
        let grids = match terms.charge_type {
            ChargeType::OneTime => Vec::new(),
            ChargeType::Recurring | ChargeType::Usage => {
                grids(charge, sub, cycle_days, start, whole.map_or(start, |w| w.from))?
            }
        };
        Ok(Self { served, elsewhere, priced, grids })
    }

    /// Index of the version in force on a day.
    pub fn version_at(&self, day: NaiveDate) -> usize {
        at(&self.priced, day).unwrap_or(0)
    }

    /// The grid and the number of the period that a day lies in.
    pub fn locate(&self, day: NaiveDate) -> Option<(Grid, i64)> {
        let grid = at(&self.grids, day)?;
        Some((grid, grid.index_of(day)))
    }

    /// The first day of the run of a stretch of service that a day lies in; the stretch's first day
    /// if the day lies before it.
    pub fn run_from(&self, served: Span, day: NaiveDate) -> Option<NaiveDate> {
        if day <= served.from {
            return Some(served.from);
        }
        let (grid, k) = self.locate(day)?;
        let later = self.grids.partition_point(|(from, _)| *from <= day);
        let laid = self.grids.get(later.saturating_sub(1)).map_or(served.from, |(from, _)| *from);
        Some(grid.period(k)?.from.max(laid).max(served.from))
    }

    /// How many periods lie between the first one and that of a day; none if the first one is only
    /// served in part.
    pub fn nth(&self, day: NaiveDate) -> Option<i64> {
        let later = self.grids.partition_point(|(from, _)| *from <= day);
        let (start, grid) = self.grids.get(later.saturating_sub(1))?;
        let first = grid.index_of(*start);
        (grid.period(first)?.from == *start).then(|| grid.index_of(day) - first)
    }

    /// Whether the charge serves on a day.
    pub fn serves(&self, day: NaiveDate) -> bool {
        self.served.iter().any(|span| span.has(day))
    }
}

/// The value that holds on a day, of a list of (from, value) in order; the first holds before it.
pub fn at<T: Copy>(list: &[(NaiveDate, T)], day: NaiveDate) -> Option<T> {
    let later = list.partition_point(|(from, _)| *from <= day);
    list.get(later.saturating_sub(1)).map(|(_, value)| *value)
}

/// The account's bill cycle days by date, changes only.
pub fn cycle_days<T>(versions: &[Version<T>], day_of: impl Fn(&T) -> u32) -> CycleDays {
    let mut days: CycleDays = Vec::with_capacity(1);
    for (from, index) in in_force(versions) {
        let Some(day) = versions.get(index).map(|v| day_of(&v.terms)) else { continue };
        if days.last().is_none_or(|(_, last)| *last != day) {
            days.push((from, day));
        }
    }
    days
}

/// From each day on, the version in force.
fn in_force<T>(versions: &[Version<T>]) -> Vec<(NaiveDate, usize)> {
    if versions.len() <= 1 {
        return vec![(NaiveDate::MIN, 0)];
    }
    let first = versions.iter().map(|v| v.seq).min().unwrap_or(0);
    let from = |v: &Version<T>| if v.seq == first { NaiveDate::MIN } else { v.effective_from };
    let mut order: Vec<(NaiveDate, i64, usize)> =
        versions.iter().enumerate().map(|(i, v)| (from(v), v.seq, i)).collect();
    order.sort_unstable();
    let mut list: Vec<(NaiveDate, usize)> = Vec::with_capacity(order.len());
    for (from, _, index) in order {
        match list.last_mut() {
            Some(last) if last.0 == from => last.1 = index,
            Some(_) | None => list.push((from, index)),
        }
    }
    list
}

/// Version changes that change what is paid for.
fn priced_from(versions: &[Version<ChargeTerms>]) -> Vec<(NaiveDate, usize)> {
    let mut list = in_force(versions);
    list.dedup_by(|next, kept| match (versions.get(next.1), versions.get(kept.1)) {
        (Some(next), Some(kept)) => same_price(&next.terms, &kept.terms),
        _ => false,
    });
    list
}

/// Whether two versions ask the same price for the same service. Names, dates and tax are not
/// part of it: a change of those bills nothing anew.
pub fn same_price(a: &ChargeTerms, b: &ChargeTerms) -> bool {
    // Each term is named: a new one is part of it or is not, and none is forgotten.
    let ChargeTerms {
        charge_type,
        model,
        price,
        quantity,
        uom,
        billing_period,
        price_base,
        tiers,
        package_size,
        included_units,
        overage_price,
        discount_level,
        stacked,
        name: _,
        plan: _,
        timing: _,
        billing_day: _,
        alignment: _,
        start_on: _,
        end_on: _,
        billed_through: _,
        tax_code: _,
        revenue_account: _,
    } = a;
    *charge_type == b.charge_type
        && *model == b.model
        && *price == b.price
        && (*quantity == b.quantity || *charge_type == ChargeType::Usage)
        && *uom == b.uom
        && *billing_period == b.billing_period
        && *price_base == b.price_base
        && *tiers == b.tiers
        && *package_size == b.package_size
        && *included_units == b.included_units
        && *overage_price == b.overage_price
        && (!model.is_discount() || (*discount_level == b.discount_level && *stacked == b.stacked))
}

fn grids(
    charge: &ChargeInput,
    sub: &SubscriptionLine<'_>,
    cycle_days: &CycleDays,
    start: NaiveDate,
    first_day: NaiveDate,
) -> Result<Vec<(NaiveDate, Grid)>, BillError> {
    let forced = in_force(&charge.versions);
    let by_term = charge.versions.iter().any(|v| {
        v.terms.alignment == Alignment::TermStart || v.terms.billing_day == BillingDay::TermStart
    });
    let mut cuts: Vec<NaiveDate> = Vec::with_capacity(1);
    cuts.push(first_day);
    let mut cut = |day: NaiveDate| {
        if day > first_day {
            cuts.push(day);
        }
    };
    for (from, _) in &forced {
        cut(*from);
    }
    for (from, _) in cycle_days {
        cut(*from);
    }
    if by_term {
        sub.term_starts.iter().copied().for_each(&mut cut);
    }
    cuts.sort_unstable();
    cuts.dedup();
    let mut grids: Vec<(NaiveDate, Grid)> = Vec::with_capacity(cuts.len());
    for day in cuts {
        let Some(version) = at(&forced, day).and_then(|i| charge.versions.get(i)) else { continue };
        let cycle_day = at(cycle_days, day).unwrap_or(1);
        let grid = grid_of(charge, &version.terms, sub, start, day, cycle_day)?;
        if !grids.last().is_some_and(|(_, last)| same_boundaries(*last, grid)) {
            grids.push((day, grid));
        }
    }
    Ok(grids)
}

/// The periods of a charge whose terms, term and bill cycle day are those of `day`.
fn grid_of(
    charge: &ChargeInput,
    terms: &ChargeTerms,
    sub: &SubscriptionLine<'_>,
    start: NaiveDate,
    day: NaiveDate,
    cycle_day: u32,
) -> Result<Grid, BillError> {
    let number = || charge.number.clone();
    let period = terms.billing_period.ok_or_else(|| BillError::NoPeriod(number()))?;
    let aligned = match terms.alignment {
        Alignment::Charge => start,
        Alignment::SubscriptionStart => sub.terms.start_on,
        Alignment::TermStart => sub.term_start(day),
    };
    let anchor = match terms.billing_day {
        BillingDay::Account | BillingDay::OfMonth(_) | BillingDay::OfWeek(_) => aligned,
        BillingDay::ChargeStart => start,
        BillingDay::SubscriptionStart => sub.terms.start_on,
        BillingDay::TermStart => sub.term_start(day),
    };
    match (period, terms.billing_day) {
        (BillingPeriod::Months(step), BillingDay::Account) => {
            Ok(Grid::months(aligned, cycle_day, step))
        }
        (BillingPeriod::Months(step), BillingDay::OfMonth(d)) => Ok(Grid::months(aligned, d, step)),
        (BillingPeriod::Months(_), BillingDay::OfWeek(_)) => {
            Err(BillError::WeekdayOfMonth(number()))
        }
        (
            BillingPeriod::Months(step),
            BillingDay::ChargeStart | BillingDay::SubscriptionStart | BillingDay::TermStart,
        ) => Ok(Grid::months(aligned, anchor.day(), step)),
        (BillingPeriod::Weeks(_), BillingDay::OfMonth(_)) => {
            Err(BillError::MonthDayOfWeek(number()))
        }
        (BillingPeriod::Weeks(step), BillingDay::OfWeek(weekday)) => {
            Ok(Grid::weeks(aligned, weekday, step))
        }
        (
            BillingPeriod::Weeks(step),
            BillingDay::Account
            | BillingDay::ChargeStart
            | BillingDay::SubscriptionStart
            | BillingDay::TermStart,
        ) => Ok(Grid::weeks(aligned, anchor.weekday(), step)),
    }
}

/// Whether two grids have the same boundaries, wherever they begin to count.
fn same_boundaries(a: Grid, b: Grid) -> bool {
    match (a, b) {
        (
            Grid::Months { first: fa, day: da, step: sa },
            Grid::Months { first: fb, day: db, step: sb },
        ) => da == db && sa == sb && (fa - fb).rem_euclid(sa) == 0,
        (Grid::Weeks { first: fa, days: da }, Grid::Weeks { first: fb, days: db }) => {
            da == db && (fa - fb).num_days().rem_euclid(da) == 0
        }
        (Grid::Months { .. }, Grid::Weeks { .. }) | (Grid::Weeks { .. }, Grid::Months { .. }) => {
            false
        }
    }
}
