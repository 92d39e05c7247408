//! What a charge should have billed: its pieces, from scratch, whatever was billed before.

use super::timeline::ChargeLine;
use super::usage::{Records, groups, within};
use super::{BillError, Ctx, unmet};
use crate::domain::account::newest;
use crate::domain::billing::{ChargeInput, UsageRecord};
use crate::domain::charge::{BillingPeriod, ChargeTerms, ChargeType, Model, PriceBase, Timing};
use crate::domain::explain::{Rated, Share, rated_minor};
use crate::domain::period::{Anchor, Grid, Span, after, before};
use crate::domain::proration::{Count, Fraction};
use crate::domain::rating::Price;
use chrono::NaiveDate;
use rust_decimal::Decimal;

/// A run of days within one period, served and at one price.
#[derive(Debug, Clone, Copy)]
pub struct Piece {
    /// The grid and the number of the period; none for one-time charges.
    pub grid: Option<(Grid, i64)>,
    /// The number of the period since the first one, if that is served whole.
    pub nth: Option<i64>,
    /// All days of the period.
    pub period: Span,
    /// The day from which periods lie as this one does, if they lay otherwise before.
    pub since: Option<NaiveDate>,
    /// The days of the period that are served without a break, at whatever prices.
    pub run: Span,
    /// The days of the run at this price.
    pub span: Span,
    /// Index of the version that sets the price.
    pub version: usize,
    /// Whether it is billed by the target date.
    pub due: bool,
}

impl Piece {
    /// What tells its period from one that lies otherwise.
    pub fn anchor(&self) -> Option<Anchor> {
        self.grid.and_then(|(grid, k)| grid.anchor(k))
    }
}

/// Every piece that begins by `horizon` and whose run ends after what is settled.
pub fn pieces(
    charge: &ChargeInput,
    line: &ChargeLine,
    start: NaiveDate,
    target: NaiveDate,
    horizon: NaiveDate,
    settled: Option<NaiveDate>,
) -> Vec<Piece> {
    let open = |day: NaiveDate| settled.is_none_or(|through| day > through);
    let once = newest(&charge.versions).is_some_and(|v| v.terms.charge_type == ChargeType::OneTime);
    if once {
        let span = Span { from: start, to: start };
        let version = line.version_at(start);
        let piece = Piece {
            grid: None,
            nth: None,
            period: span,
            since: None,
            run: span,
            span,
            version,
            due: start <= target,
        };
        return if line.serves(start) && start <= horizon && open(start) {
            vec![piece]
        } else {
            Vec::new()
        };
    }
    let mut list = Vec::new();
    for served in line.served.iter().filter(|served| open(served.to)) {
        let mut day = settled.map_or(Some(served.from), |through| line.run_from(*served, through));
        while let Some(from) = day.filter(|d| *d <= served.to && *d <= horizon) {
            let Some((grid, k)) = line.locate(from) else { break };
            let Some(period) = grid.period(k) else { break };
            let cut = line.grids.partition_point(|(start, _)| *start <= from);
            let since = cut.checked_sub(1).filter(|i| *i > 0);
            let since = since.and_then(|i| line.grids.get(i)).map(|(start, _)| *start);
            let cut = line.grids.get(cut).and_then(|(start, _)| before(*start));
            let to = period.to.min(served.to).min(cut.unwrap_or(period.to));
            let run = Span { from, to };
            let first = list.len();
            split_by_price(charge, line, (grid, k, period), run, target, &mut list);
            list.iter_mut().skip(first).for_each(|piece| piece.since = since);
            day = after(to);
        }
    }
    list.retain(|p| open(p.run.to));
    list
}

fn split_by_price(
    charge: &ChargeInput,
    line: &ChargeLine,
    (grid, k, period): (Grid, i64, Span),
    run: Span,
    target: NaiveDate,
    list: &mut Vec<Piece>,
) {
    let timing = charge.versions.get(line.version_at(run.from)).map(|v| {
        if v.terms.charge_type == ChargeType::Usage { Timing::Arrears } else { v.terms.timing }
    });
    let due = match timing {
        Some(Timing::Arrears) => after(run.to).is_some_and(|day| day <= target),
        Some(Timing::Advance) | None => run.from <= target,
    };
    let nth = line.nth(run.from);
    let mut from = run.from;
    loop {
        let next = line.priced.partition_point(|(start, _)| *start <= from);
        let version = line.version_at(from);
        let change = line.priced.get(next).map(|(start, _)| *start).filter(|s| *s <= run.to);
        let to = change.and_then(before).unwrap_or(run.to);
        let span = Span { from, to };
        list.push(Piece {
            grid: Some((grid, k)),
            nth,
            period,
            since: None,
            run,
            span,
            version,
            due,
        });
        match change {
            Some(start) => from = start,
            None => return,
        }
    }
}

/// The price of some days of a piece, with all that explains it.
pub struct Priced<'a> {
    /// The amount, minor units.
    pub minor: i64,
    /// Its share of the period.
    pub share: Share,
    /// Quantities rated apart.
    pub groups: Vec<(Decimal, u32)>,
    /// Of usage: the records that were rated.
    pub records: Vec<&'a UsageRecord>,
}

/// How many price bases make a period: 3 for a quarter at a price a month.
fn bases(terms: &ChargeTerms) -> Fraction {
    let months = |n: u32| i64::from(n);
    match (terms.price_base, terms.billing_period) {
        (PriceBase::Period, _) | (_, None) => Fraction::ONE,
        (PriceBase::Month, Some(BillingPeriod::Months(n))) => Fraction::new(months(n), 1),
        (PriceBase::Year, Some(BillingPeriod::Months(n))) => Fraction::new(months(n), 12),
        // A year has 52 weeks to bill, a month a twelfth of them.
        (PriceBase::Month, Some(BillingPeriod::Weeks(n))) => Fraction::new(months(n) * 12, 52),
        (PriceBase::Year, Some(BillingPeriod::Weeks(n))) => Fraction::new(months(n), 52),
    }
}

/// Whether the price is for a year and a whole number of periods makes one: only then are they
/// parts of a whole. Zuora, "Annual list price": the periods of a year, counted from the charge's
/// first, sum to its price; where that first one is a part, each is rounded by itself.
fn tiles_a_year(terms: &ChargeTerms) -> bool {
    terms.price_base == PriceBase::Year
        && match terms.billing_period {
            Some(BillingPeriod::Months(n)) => n != 0 && 12 % n == 0,
            Some(BillingPeriod::Weeks(n)) => n != 0 && 52 % n == 0,
            None => false,
        }
}

/// The share of its period that `span`, some days of `piece`, is priced by.
pub fn share_of(ctx: &Ctx<'_>, terms: &ChargeTerms, piece: &Piece, span: Span) -> Share {
    let Some((grid, k)) = piece.grid else { return Share::default() };
    if terms.charge_type == ChargeType::Usage {
        // Usage is not prorated; a flat fee is due once a period, so a price change splits it.
        let split = terms.model == Model::Flat && span != piece.run && piece.span != piece.run;
        if !split {
            return Share::default();
        }
        let (days, of) = (span.days(), piece.run.days());
        let count = Count { days: Some((days, of)), ..Count::default() };
        return Share { of_period: Fraction::new(days, of), count, ..Share::default() };
    }
    let of_period = ctx.proration.share(grid, k, span);
    let count = ctx.proration.count(grid, k, span);
    let bases = bases(terms);
    let in_year = piece.nth.filter(|_| !bases.is_one() && tiles_a_year(terms));
    Share { bases, of_period, count, in_year }
}

/// What `span`, some days of `piece`, costs by `terms`.
pub fn price<'a>(
    ctx: &Ctx<'_>,
    charge: &ChargeInput,
    terms: &ChargeTerms,
    piece: &Piece,
    span: Span,
    records: Option<&Records<'a>>,
    counts: impl Fn(&UsageRecord) -> bool,
) -> Result<Priced<'a>, BillError> {
    let share = share_of(ctx, terms, piece, span);
    let mut rated_records = Vec::new();
    let groups = if terms.charge_type == ChargeType::Usage {
        if let Some(all) = records {
            rated_records.extend(within(&all.held, span).iter().filter(|r| counts(r)));
            rated_records.extend(within(&all.fresh, span).iter().filter(|r| counts(r)));
        }
        groups(rated_records.iter().copied(), terms, ctx.rules.usage_group)
            .ok_or_else(|| BillError::TooLarge(charge.number.clone()))?
    } else {
        vec![(terms.quantity, 1)]
    };
    let currency = ctx.input.currency;
    let minor = rated_minor(&Price::of(terms), &groups, &share, &ctx.rules.rounding, currency)
        .map_err(|e| unmet(charge, e))?;
    Ok(Priced { minor, share, groups, records: rated_records })
}

impl Priced<'_> {
    /// The inputs, to be stored with the line. `earlier_minor` stands of the same whole already.
    pub fn derivation(&self, piece: &Piece, terms: &ChargeTerms, earlier_minor: i64) -> Rated {
        let usage = terms.charge_type == ChargeType::Usage;
        Rated {
            model: terms.model,
            price: terms.price,
            groups: self.groups.clone(),
            records: usage.then(|| u32::try_from(self.records.len()).unwrap_or(u32::MAX)),
            uom: terms.uom.clone(),
            tiers: terms.tiers.clone(),
            package_size: terms.package_size,
            included_units: terms.included_units,
            overage_price: terms.overage_price,
            part_of_prices: usage && piece.span != piece.run,
            share: self.share,
            earlier_minor,
        }
    }
}
