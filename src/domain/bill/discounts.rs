//! Discounts follow the lines they discount: on each new positive line, and anew on the lines of
//! earlier documents that this run shortened or whose discount was changed.
//!
//! Zuora "Discount charge models", "Process discounts", "Stacked discounts", "Why are some items
//! on an invoice discounted and some are not?": percentages before fixed sums, then plan,
//! subscription, account, then charge number; stacked percentages add up and come first, the
//! others compound; a fixed sum is used up over the lines in order of their charge number.

use super::line::Line;
use super::reconcile::Outcome;
use super::rest::{Earlier, Rest};
use super::{BillError, ClaimIndex, Ctx, Placed, too_large};
use crate::domain::billing::{Claim, ClaimRole};
use crate::domain::charge::{ChargeType, DiscountLevel, Model};
use crate::domain::explain::{Fixed, How, Percent};
use crate::domain::money::allocate;
use crate::domain::period::{Span, after};
use crate::domain::proration::Fraction;
use chrono::NaiveDate;
use rust_decimal::Decimal;
use std::collections::HashMap;

/// All discounts of an account, in the order they apply, with what is used up of fixed sums.
pub(super) struct Discounts<'s, 'a> {
    pub(super) ctx: &'s Ctx<'a>,
    pub(super) list: Vec<&'a Placed<'a>>,
    /// By discount (its place in the list) and first day of its period: what is given, minor units.
    pub(super) used: HashMap<(usize, NaiveDate), i64>,
}

/// The line that is discounted.
#[derive(Clone, Copy)]
pub(super) struct Base<'a> {
    pub(super) placed: &'a Placed<'a>,
    pub(super) span: Span,
    pub(super) once: bool,
}

impl<'a> Base<'a> {
    pub(super) fn of(placed: &'a Placed<'a>, span: Span) -> Self {
        Self { placed, span, once: placed.terms.charge_type == ChargeType::OneTime }
    }
}

/// Adds discount lines to what reconciling the charges has made.
pub(crate) fn apply<'a>(
    ctx: &Ctx<'a>,
    placed: &'a [Placed<'a>],
    claims: &ClaimIndex<'a>,
    out: &mut Outcome<'a>,
) -> Result<(), BillError> {
    let mut discounts = Discounts::new(ctx, placed, claims)?;
    let mut standing = std::mem::take(&mut out.standing);
    standing.sort_by(|a, b| number_order(a.placed, b.placed).then(a.claim.from.cmp(&b.claim.from)));
    let mut made: Vec<Line<'a>> = Vec::new();
    for line in &standing {
        if ctx.dates.exclude.contains(&line.placed.terms.charge_type) {
            continue;
        }
        let on_target = claims.on_target(line.placed.charge.id);
        let anew: Vec<Span> = out
            .lines
            .iter()
            .filter(|l| l.role == ClaimRole::Billed && l.placed.charge.id == line.placed.charge.id)
            .map(|l| l.span)
            .collect();
        discounts.on_standing(line, on_target, &anew, &mut made)?;
    }
    let mut fresh: Vec<usize> = (0..out.lines.len()).collect();
    fresh.retain(|i| {
        out.lines.get(*i).is_some_and(|l| l.role != ClaimRole::Credited && l.said_minor > 0)
    });
    fresh.sort_by(|a, b| match (out.lines.get(*a), out.lines.get(*b)) {
        (Some(a), Some(b)) => number_order(a.placed, b.placed).then(a.span.from.cmp(&b.span.from)),
        _ => std::cmp::Ordering::Equal,
    });
    for i in fresh {
        let Some(line) = out.lines.get(i) else { continue };
        let on_target = claims.on_target(line.placed.charge.id);
        discounts.on_new(line, on_target, &mut made)?;
    }
    out.lines.append(&mut made);
    Ok(())
}

fn number_order(a: &Placed<'_>, b: &Placed<'_>) -> std::cmp::Ordering {
    a.charge.number.cmp(&b.charge.number)
}

/// What a discount line is made for: the days, in what role, beside which claims.
#[derive(Clone, Copy)]
pub(super) struct Onto<'c, 'a> {
    pub(super) base: Base<'a>,
    pub(super) role: ClaimRole,
    /// Claims of discounts on the same charge.
    pub(super) claims: &'c [&'a Claim],
}

/// One discount's part of a line.
pub(super) struct Part {
    pub(super) how: How,
    /// Negative, minor units.
    pub(super) minor: i64,
    /// What each discount period gives, for the sums used up.
    pub(super) by_period: Vec<(NaiveDate, i64)>,
    /// The days: the line's; of a fixed sum a period, those of them that it serves.
    pub(super) span: Span,
}

impl<'s, 'a> Discounts<'s, 'a> {
    fn new(
        ctx: &'s Ctx<'a>,
        placed: &'a [Placed<'a>],
        claims: &ClaimIndex<'a>,
    ) -> Result<Self, BillError> {
        let mut list: Vec<&Placed<'a>> =
            placed.iter().filter(|p| p.terms.model.is_discount()).collect();
        for discount in &list {
            let wrong = discount.charge.versions.iter().any(|v| {
                v.terms.price < Decimal::ZERO
                    || (v.terms.model == Model::DiscountPercent
                        && v.terms.price > Decimal::ONE_HUNDRED)
            });
            if wrong {
                return Err(BillError::Discount(discount.charge.number.clone()));
            }
        }
        let level = |p: &Placed<'_>| match p.terms.discount_level {
            DiscountLevel::Plan => 0_u8,
            DiscountLevel::Subscription => 1,
            DiscountLevel::Account => 2,
        };
        list.sort_by(|a, b| {
            let key = |p: &Placed<'_>| {
                (p.terms.model == Model::DiscountFixed, !p.terms.stacked, level(p))
            };
            key(a).cmp(&key(b)).then(number_order(a, b))
        });
        let mut used: HashMap<(usize, NaiveDate), i64> = HashMap::new();
        for claim in claims.discounts() {
            let Some(at) = list.iter().position(|p| p.charge.id == claim.charge) else { continue };
            let Some(discount) = list.get(at) else { continue };
            if discount.terms.model != Model::DiscountFixed {
                continue;
            }
            let span = Span { from: claim.from, to: claim.to };
            let periods = periods_of(discount, span);
            let weights: Vec<u64> =
                periods.iter().map(|(_, part)| part.days().unsigned_abs()).collect();
            for ((period, _), given) in periods.iter().zip(allocate(claim.rated_minor, &weights)) {
                *used.entry((at, period.from)).or_default() -= given;
            }
        }
        Ok(Self { ctx, list, used })
    }

    /// Whether a discount reaches a line: its level, and its service on the line's first day
    /// (a fixed sum: on any of its days; a one-time discount: its day within the line's).
    pub(super) fn reaches(discount: &Placed<'_>, base: Base<'_>) -> bool {
        let level = match discount.terms.discount_level {
            DiscountLevel::Plan | DiscountLevel::Subscription => {
                discount.sub.id == base.placed.sub.id
            }
            DiscountLevel::Account => true,
        };
        level
            && match (discount.terms.charge_type, discount.terms.model) {
                (ChargeType::OneTime, _) => {
                    base.span.has(discount.start) && discount.line.serves(discount.start)
                }
                (ChargeType::Recurring | ChargeType::Usage, Model::DiscountFixed) => {
                    discount.line.served.iter().any(|s| s.meet(base.span).is_some())
                }
                (ChargeType::Recurring | ChargeType::Usage, _) => {
                    discount.line.serves(base.span.from)
                }
            }
    }

    /// What discount `at` takes of a line with `whole` on it, of which `left` is left.
    /// `stacked`: percentages taken before of the same whole, and what they gave; one that rounds
    /// to nothing makes no line and is added here, for it still adds up with the next. `earlier`:
    /// where the line is the rest of a whole.
    pub(super) fn part(
        &self,
        at: usize,
        base: Base<'a>,
        (whole, left): (i64, i64),
        stacked: &mut (Decimal, i64),
        earlier: Option<Earlier>,
    ) -> Result<Option<Part>, BillError> {
        let Some(discount) = self.list.get(at).copied() else { return Ok(None) };
        if left <= 0 || !Self::reaches(discount, base) {
            return Ok(None);
        }
        let version = discount.line.version_at(base.span.from);
        let terms = discount.charge.versions.get(version).map_or(discount.terms, |v| &v.terms);
        let (rounding, currency) = (&self.ctx.rules.rounding, self.ctx.input.currency);
        let fits = too_large(discount.charge);
        if terms.model == Model::DiscountPercent {
            let mut percent = Percent {
                percent: terms.price,
                base_minor: if terms.stacked { whole } else { left },
                stacked: (terms.stacked && !stacked.0.is_zero()).then_some(*stacked),
                earlier: earlier.map(|e| (e.of, e.given)),
                left_minor: None,
            };
            let mut minor = percent.minor(rounding, currency).map_err(&fits)?.min(0);
            if -minor > left {
                percent.left_minor = Some(left);
                minor = -left;
            }
            if minor == 0 && terms.stacked {
                stacked.0 += terms.price;
            }
            let how = How::Percent(percent);
            return Ok((minor != 0).then_some(Part {
                how,
                minor,
                by_period: Vec::new(),
                span: base.span,
            }));
        }
        self.fixed(at, terms.price, base, left, earlier)
    }

    /// What a fixed sum gives of a line; see [`Self::part`].
    fn fixed(
        &self,
        at: usize,
        price: Decimal,
        base: Base<'a>,
        left: i64,
        earlier: Option<Earlier>,
    ) -> Result<Option<Part>, BillError> {
        let Some(discount) = self.list.get(at).copied() else { return Ok(None) };
        let (rounding, currency) = (&self.ctx.rules.rounding, self.ctx.input.currency);
        let fits = too_large(discount.charge);
        let Some((parts, firsts, span)) = self.fixed_parts(at, discount, base)? else {
            return Ok(None);
        };
        let mut fixed = Fixed { price, parts, earlier_minor: None, left_minor: left };
        if let Some(earlier) = earlier {
            let whole = Base { span: earlier.days, ..base };
            // Of a whole within one period of the discount; what was given there was used up.
            if let Some((parts, _, _)) = self.fixed_parts(at, discount, whole)?
                && let [(share, left)] = parts[..]
            {
                fixed.parts = vec![(share, left + earlier.given)];
                fixed.earlier_minor = Some(earlier.given);
            }
        }
        let minor = fixed.minor(rounding, currency).map_err(&fits)?.min(0);
        if fixed.earlier_minor.is_some() {
            let by_period = firsts.first().map(|first| (*first, -minor)).into_iter().collect();
            let how = How::Fixed(fixed);
            return Ok((minor != 0).then_some(Part { how, minor, by_period, span }));
        }
        let by_period = firsts
            .iter()
            .zip(&fixed.parts)
            .map(|(first, part)| {
                let one =
                    Fixed { price, parts: vec![*part], earlier_minor: None, left_minor: i64::MAX };
                Ok((*first, -one.minor(rounding, currency)?))
            })
            .collect::<Result<Vec<_>, _>>()
            .map_err(&fits)?;
        let how = How::Fixed(fixed);
        Ok((minor != 0).then_some(Part { how, minor, by_period: capped(by_period, -minor), span }))
    }

    /// Of a fixed discount on a line: its share of each discount period with what is left of that
    /// period's sum, the periods' first days, and the days covered; none where it serves no day.
    #[allow(clippy::type_complexity)] // two lists in step, used right above
    fn fixed_parts(
        &self,
        at: usize,
        discount: &Placed<'_>,
        base: Base<'_>,
    ) -> Result<Option<(Vec<(Fraction, i64)>, Vec<NaiveDate>, Span)>, BillError> {
        let (rounding, currency) = (&self.ctx.rules.rounding, self.ctx.input.currency);
        let version = discount.line.version_at(base.span.from);
        let price =
            discount.charge.versions.get(version).map_or(discount.terms.price, |v| v.terms.price);
        let sum_of = |share: Fraction| {
            let one = Fixed {
                price,
                parts: vec![(share, i64::MAX)],
                earlier_minor: None,
                left_minor: i64::MAX,
            };
            one.minor(rounding, currency).map(|m| -m).map_err(too_large(discount.charge))
        };
        let left_in = |first: NaiveDate, sum: i64| {
            (sum - self.used.get(&(at, first)).copied().unwrap_or(0)).max(0)
        };
        if discount.line.grids.is_empty() {
            let left = left_in(discount.start, sum_of(Fraction::ONE)?);
            return Ok(Some((vec![(Fraction::ONE, left)], vec![discount.start], base.span)));
        }
        let always = self.ctx.proration.always();
        let (mut parts, mut firsts, mut days) = (Vec::new(), Vec::new(), Vec::new());
        for (period, part) in served_periods(discount, base.span) {
            let Some((grid, k)) = discount.line.locate(part.from) else { continue };
            let served = discount.line.served.iter().filter_map(|s| s.meet(period));
            let whole = served.fold(Fraction::ZERO, |sum, s| sum.plus(always.share(grid, k, s)));
            let left = left_in(period.from, sum_of(whole.capped())?);
            // A one-time line takes of the whole period's sum: it has no days to share it by.
            let share = if base.once { whole.capped() } else { always.share(grid, k, part) };
            parts.push((share, left));
            firsts.push(period.from);
            days.push(part);
        }
        Ok(hull(&days).map(|span| (parts, firsts, span)))
    }

    pub(super) fn use_up(&mut self, at: usize, part: &Part) {
        for (first, given) in &part.by_period {
            *self.used.entry((at, *first)).or_default() += given;
        }
    }

    /// Discounts a new line.
    fn on_new(
        &mut self,
        line: &Line<'a>,
        claims: &[&'a Claim],
        made: &mut Vec<Line<'a>>,
    ) -> Result<(), BillError> {
        let base = Base::of(line.placed, line.span);
        let (whole, role) = (line.said_minor, line.role);
        let mut state = (whole, (Decimal::ZERO, 0));
        let mut rest = line.rest_of.map(|(days, stands)| Rest::new(days, stands));
        for at in 0..self.list.len() {
            let waived = self.list.get(at).is_some_and(|d| {
                claims.iter().any(|c| {
                    c.charge == d.charge.id
                        && c.role == ClaimRole::Waived
                        && c.from <= base.span.to
                        && c.to >= base.span.from
                })
            });
            if waived {
                continue;
            }
            let earlier = match (&mut rest, self.list.get(at)) {
                (Some(rest), Some(discount)) if Self::reaches(discount, base) => {
                    rest.earlier(discount, base, claims, made)
                }
                _ => None,
            };
            if let Some(part) = self.part(at, base, (whole, state.0), &mut state.1, earlier)? {
                self.take(at, &Onto { base, role, claims }, part, &mut state, made);
            }
        }
        Ok(())
    }

    /// Books a discount's part of a line and makes its line.
    pub(super) fn take(
        &mut self,
        at: usize,
        onto: &Onto<'_, 'a>,
        part: Part,
        (left, stacked): &mut (i64, (Decimal, i64)),
        made: &mut Vec<Line<'a>>,
    ) {
        let Onto { base, role, claims } = *onto;
        self.use_up(at, &part);
        *left += part.minor;
        if let (How::Percent(percent), Some(true)) =
            (&part.how, self.list.get(at).map(|d| d.terms.stacked))
        {
            stacked.0 += percent.percent;
            stacked.1 -= part.minor;
        }
        let Some(discount) = self.list.get(at).copied() else { return };
        let span = part.span;
        let segment = next_segment(discount, base.placed, span, claims, made);
        made.push(Line {
            placed: discount,
            version: discount.line.version_at(base.span.from),
            target: Some(base.placed.charge.id),
            corrects: None,
            span,
            role,
            segment,
            said_minor: part.minor,
            rated_minor: part.minor,
            how: part.how,
            quantity: Decimal::ONE,
            unit_price: self.ctx.input.currency.to_decimal(part.minor),
            usage: Vec::new(),
            rate: None,
            rest_of: None,
            order: base.placed.order,
        });
    }
}

/// From the first kept day to the last.
pub(super) fn hull(spans: &[Span]) -> Option<Span> {
    let from = spans.iter().map(|s| s.from).min()?;
    let to = spans.iter().map(|s| s.to).max()?;
    Some(Span { from, to })
}

/// The discount's periods that touch `span`, each with the days in it, served or not.
pub(super) fn periods_of(discount: &Placed<'_>, span: Span) -> Vec<(Span, Span)> {
    if discount.line.grids.is_empty() {
        let day = Span { from: discount.start, to: discount.start };
        return vec![(day, day)];
    }
    let mut list = Vec::new();
    let mut rest = Some(span);
    while let Some(days) = rest {
        let located = discount.line.locate(days.from);
        let Some(period) = located.and_then(|(grid, k)| grid.period(k)) else { break };
        let Some(part) = period.meet(days) else { break };
        list.push((period, part));
        rest = after(part.to).and_then(|from| Span::new(from, days.to));
    }
    list
}

/// The same, only the served days.
fn served_periods(discount: &Placed<'_>, span: Span) -> Vec<(Span, Span)> {
    let served = discount.line.served.iter().filter_map(|s| s.meet(span));
    served.flat_map(|days| periods_of(discount, days)).collect()
}

/// Cuts a list of gifts down to their allowed sum, from its end.
fn capped(list: Vec<(NaiveDate, i64)>, allowed: i64) -> Vec<(NaiveDate, i64)> {
    let mut left = allowed;
    list.into_iter()
        .map(|(first, given)| {
            let given = given.min(left);
            left -= given;
            (first, given)
        })
        .collect()
}

/// The segment after every claim and new line of this discount on this charge and these days.
pub(super) fn next_segment(
    discount: &Placed<'_>,
    target: &Placed<'_>,
    span: Span,
    claims: &[&Claim],
    made: &[Line<'_>],
) -> u32 {
    let claimed = claims
        .iter()
        .filter(|c| c.charge == discount.charge.id && c.from <= span.to && c.to >= span.from)
        .map(|c| c.segment);
    let new = made
        .iter()
        .filter(|l| {
            l.placed.charge.id == discount.charge.id
                && l.target == Some(target.charge.id)
                && l.span.meet(span).is_some()
        })
        .map(|l| l.segment);
    claimed.chain(new).max().map_or(0, |n| n + 1)
}
