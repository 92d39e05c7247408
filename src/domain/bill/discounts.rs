//! Discounts follow the lines they discount: on each new positive line, and anew on the lines of
//! earlier documents that this run shortened or whose discount was changed.
//!
//! Zuora "Discount charge models", "Process discounts", "Stacked discounts", "Why are some items
//! on an invoice discounted and some are not?": percentages before fixed sums, then plan,
//! subscription, account, then charge number; stacked percentages add up and come first, the
//! others compound; a fixed sum is used up over the lines in order of their charge number.

use super::cover::Cover;
use super::line::{Line, left_of};
use super::reconcile::{Outcome, Standing, limit};
use super::timeline::same_price;
use super::{BillError, ClaimIndex, Ctx, Placed, too_large};
use crate::domain::billing::{Claim, ClaimRole};
use crate::domain::charge::{ChargeType, DiscountLevel, Model};
use crate::domain::explain::{Credit, Fixed, How, Percent};
use crate::domain::money::allocate;
use crate::domain::period::{Span, after};
use crate::domain::proration::Fraction;
use chrono::NaiveDate;
use rust_decimal::Decimal;
use std::collections::HashMap;

/// All discounts of an account, in the order they apply, with what is used up of fixed sums.
struct Discounts<'s, 'a> {
    ctx: &'s Ctx<'a>,
    list: Vec<&'a Placed<'a>>,
    /// By discount (its place in the list) and first day of its period: what is given, minor units.
    used: HashMap<(usize, NaiveDate), i64>,
}

/// The line that is discounted.
#[derive(Clone, Copy)]
struct Base<'a> {
    placed: &'a Placed<'a>,
    span: Span,
    once: bool,
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
        discounts.on_standing(line, on_target, &mut made)?;
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
        let base = Base {
            placed: line.placed,
            span: line.span,
            once: line.placed.terms.charge_type == ChargeType::OneTime,
        };
        let on_target = claims.on_target(line.placed.charge.id);
        discounts.on_new(base, line.said_minor, line.role, on_target, &mut made)?;
    }
    out.lines.append(&mut made);
    Ok(())
}

fn number_order(a: &Placed<'_>, b: &Placed<'_>) -> std::cmp::Ordering {
    a.charge.number.cmp(&b.charge.number)
}

/// One discount's part of a line.
struct Part {
    how: How,
    /// Negative, minor units.
    minor: i64,
    /// What each discount period gives, for the sums used up.
    by_period: Vec<(NaiveDate, i64)>,
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
    fn reaches(&self, discount: &Placed<'_>, base: Base<'_>) -> bool {
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
    /// `stacked`: percentages taken before of the same whole, and what they gave.
    fn part(
        &self,
        at: usize,
        base: Base<'a>,
        whole: i64,
        left: i64,
        stacked: (Decimal, i64),
    ) -> Result<Option<Part>, BillError> {
        let Some(discount) = self.list.get(at).copied() else { return Ok(None) };
        if left <= 0 || !self.reaches(discount, base) {
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
                stacked: (terms.stacked && !stacked.0.is_zero()).then_some(stacked),
                left_minor: None,
            };
            let mut minor = percent.minor(rounding, currency).map_err(&fits)?;
            if -minor > left {
                percent.left_minor = Some(left);
                minor = -left;
            }
            let how = How::Percent(percent);
            return Ok((minor != 0).then_some(Part { how, minor, by_period: Vec::new() }));
        }
        let Some((parts, firsts)) = self.fixed_parts(at, discount, base)? else {
            return Ok(None);
        };
        let fixed = Fixed { price: terms.price, parts, left_minor: left };
        let minor = fixed.minor(rounding, currency).map_err(&fits)?;
        let by_period = firsts
            .iter()
            .zip(&fixed.parts)
            .map(|(first, part)| {
                let one = Fixed { price: terms.price, parts: vec![*part], left_minor: i64::MAX };
                Ok((*first, -one.minor(rounding, currency)?))
            })
            .collect::<Result<Vec<_>, _>>()
            .map_err(&fits)?;
        let how = How::Fixed(fixed);
        Ok((minor != 0).then_some(Part { how, minor, by_period: capped(by_period, -minor) }))
    }

    /// Of a fixed discount on a line: its share of each discount period with what is left of that
    /// period's sum, and the periods' first days; none where it serves no day of the line.
    #[allow(clippy::type_complexity)] // two lists in step, used right above
    fn fixed_parts(
        &self,
        at: usize,
        discount: &Placed<'_>,
        base: Base<'_>,
    ) -> Result<Option<(Vec<(Fraction, i64)>, Vec<NaiveDate>)>, BillError> {
        let (rounding, currency) = (&self.ctx.rules.rounding, self.ctx.input.currency);
        let version = discount.line.version_at(base.span.from);
        let price =
            discount.charge.versions.get(version).map_or(discount.terms.price, |v| v.terms.price);
        let sum_of = |share: Fraction| {
            let one = Fixed { price, parts: vec![(share, i64::MAX)], left_minor: i64::MAX };
            one.minor(rounding, currency).map(|m| -m).map_err(too_large(discount.charge))
        };
        let left_in = |first: NaiveDate, sum: i64| {
            (sum - self.used.get(&(at, first)).copied().unwrap_or(0)).max(0)
        };
        if discount.line.grids.is_empty() {
            let left = left_in(discount.start, sum_of(Fraction::ONE)?);
            return Ok(Some((vec![(Fraction::ONE, left)], vec![discount.start])));
        }
        let always = self.ctx.proration.always();
        let (mut parts, mut firsts) = (Vec::new(), Vec::new());
        for (period, part) in periods_of(discount, base.span) {
            let Some((grid, k)) = discount.line.locate(part.from) else { continue };
            let served = discount.line.served.iter().filter_map(|s| s.meet(period));
            let whole = served.fold(Fraction::ZERO, |sum, s| sum.plus(always.share(grid, k, s)));
            let left = left_in(period.from, sum_of(whole.capped())?);
            // A one-time line takes of the whole period's sum: it has no days to share it by.
            let share = if base.once { whole.capped() } else { always.share(grid, k, part) };
            parts.push((share, left));
            firsts.push(period.from);
        }
        Ok((!parts.is_empty()).then_some((parts, firsts)))
    }

    fn use_up(&mut self, at: usize, part: &Part) {
        for (first, given) in &part.by_period {
            *self.used.entry((at, *first)).or_default() += given;
        }
    }

    /// Discounts a new line.
    fn on_new(
        &mut self,
        base: Base<'a>,
        whole: i64,
        role: ClaimRole,
        claims: &[&'a Claim],
        made: &mut Vec<Line<'a>>,
    ) -> Result<(), BillError> {
        let (mut left, mut stacked) = (whole, (Decimal::ZERO, 0));
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
            if let Some(part) = self.part(at, base, whole, left, stacked)? {
                self.take(at, base, part, role, claims, (&mut left, &mut stacked), made);
            }
        }
        Ok(())
    }

    /// Books a discount's part of a line and makes its line.
    fn take(
        &mut self,
        at: usize,
        base: Base<'a>,
        part: Part,
        role: ClaimRole,
        claims: &[&'a Claim],
        (left, stacked): (&mut i64, &mut (Decimal, i64)),
        made: &mut Vec<Line<'a>>,
    ) {
        self.use_up(at, &part);
        *left += part.minor;
        if let (How::Percent(percent), Some(true)) =
            (&part.how, self.list.get(at).map(|d| d.terms.stacked))
        {
            stacked.0 += percent.percent;
            stacked.1 -= part.minor;
        }
        let Some(discount) = self.list.get(at).copied() else { return };
        // As a claim it covers the line's days, whatever its own, so that both are found together.
        let span = base.span;
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
            order: base.placed.order,
        });
    }

    /// Brings the discounts of a line of an earlier document in step with what stands of it.
    fn on_standing(
        &mut self,
        standing: &Standing<'a>,
        claims: &[&'a Claim],
        made: &mut Vec<Line<'a>>,
    ) -> Result<(), BillError> {
        let line = Span { from: standing.claim.from, to: standing.claim.to };
        let kept_whole = !standing.shortened;
        let base = Base {
            placed: standing.placed,
            span: hull(&standing.kept).unwrap_or(line),
            once: standing.placed.terms.charge_type == ChargeType::OneTime,
        };
        let whole = standing.rated_minor;
        let (mut left, mut stacked) = (whole, (Decimal::ZERO, 0));
        for at in 0..self.list.len() {
            let Some(discount) = self.list.get(at).copied() else { continue };
            let held = self.held(discount, line, claims);
            let Some((claim, stands)) = held else {
                // Only lines that were never discounted: one that was credited whole stays so
                // unless the discount reaches it again.
                let waived = claims.iter().any(|c| {
                    c.charge == discount.charge.id
                        && line.holds(Span { from: c.from, to: c.to })
                        && c.role == ClaimRole::Waived
                });
                if waived || whole <= 0 {
                    continue;
                }
                if let Some(part) = self.part(at, base, whole, left, stacked)? {
                    self.take(
                        at,
                        base,
                        part,
                        ClaimRole::Billed,
                        claims,
                        (&mut left, &mut stacked),
                        made,
                    );
                }
                continue;
            };
            if !claim.posted || claim.role == ClaimRole::Waived {
                left += stands;
                continue;
            }
            let same = same_terms(discount, claim, base);
            if kept_whole && same && self.still_reaches(discount, claim, base) {
                left += stands;
                self.count_stacked(discount, stands, &mut stacked);
                continue;
            }
            // What it gives now: by its own old terms where it only shrinks with its line.
            self.give_back(at, stands, claim);
            let part = if whole > 0 { self.part(at, base, whole, left, stacked)? } else { None };
            let now = part.as_ref().map_or(0, |p| p.minor);
            let shrinks = same && now >= stands;
            let kept = if shrinks { now } else { 0 };
            self.credit(discount, claim, standing, (stands, kept, base.span), claims, made)?;
            match part {
                Some(part) if shrinks => {
                    self.use_up(at, &part);
                    left += part.minor;
                    self.count_stacked(discount, part.minor, &mut stacked);
                }
                Some(part) => {
                    self.take(
                        at,
                        base,
                        part,
                        ClaimRole::Billed,
                        claims,
                        (&mut left, &mut stacked),
                        made,
                    );
                }
                None => {}
            }
        }
        Ok(())
    }

    fn count_stacked(&self, discount: &Placed<'_>, minor: i64, stacked: &mut (Decimal, i64)) {
        if discount.terms.stacked && discount.terms.model == Model::DiscountPercent {
            stacked.0 += discount.terms.price;
            stacked.1 -= minor;
        }
    }

    /// The claim of a discount on a line, with what stands of it; none if it has none or was
    /// given back whole.
    fn held(
        &self,
        discount: &Placed<'_>,
        line: Span,
        claims: &[&'a Claim],
    ) -> Option<(&'a Claim, i64)> {
        let mine: Vec<&Claim> = claims
            .iter()
            .copied()
            .filter(|c| c.charge == discount.charge.id && c.from <= line.to && c.to >= line.from)
            .collect();
        let cover = Cover::of(&mine);
        let claim = cover.touching(line).first().and_then(|h| mine.get(h.owner)).copied()?;
        let stands = claim.rated_minor
            + mine
                .iter()
                .filter(|c| {
                    c.role == ClaimRole::Credited
                        && c.corrects.is_some()
                        && c.corrects == claim.item
                })
                .map(|c| c.rated_minor)
                .sum::<i64>();
        Some((claim, stands))
    }

    /// Whether a discount serves the line as it did; a fixed sum: up to the line's last day.
    fn still_reaches(&self, discount: &Placed<'_>, claim: &Claim, base: Base<'_>) -> bool {
        let line = Span { from: claim.from, to: claim.to };
        let to_the_end = || {
            let served = discount.line.served.iter().filter_map(|s| s.meet(line));
            served.map(|days| days.to).max() == Some(line.to)
        };
        self.reaches(discount, base)
            && (discount.terms.model != Model::DiscountFixed
                || discount.line.grids.is_empty()
                || to_the_end())
    }

    /// Returns what a claim had used up of a fixed sum.
    fn give_back(&mut self, at: usize, stands: i64, claim: &Claim) {
        let Some(discount) = self.list.get(at).copied() else { return };
        if discount.terms.model != Model::DiscountFixed {
            return;
        }
        let periods = periods_of(discount, Span { from: claim.from, to: claim.to });
        let weights: Vec<u64> =
            periods.iter().map(|(_, part)| part.days().unsigned_abs()).collect();
        for ((period, _), given) in periods.iter().zip(allocate(stands, &weights)) {
            *self.used.entry((at, period.from)).or_default() += given;
        }
    }

    /// Takes back what a discount gave too much, never more than it gave.
    fn credit(
        &self,
        discount: &'a Placed<'a>,
        claim: &'a Claim,
        standing: &Standing<'a>,
        (stands, kept, kept_days): (i64, i64, Span),
        claims: &[&'a Claim],
        made: &mut Vec<Line<'a>>,
    ) -> Result<(), BillError> {
        let whole = Span { from: claim.from, to: claim.to };
        let kept_span = (kept != 0).then_some(kept_days);
        let span = match kept_span {
            Some(kept) if kept.to < whole.to => {
                Span { from: after(kept.to).unwrap_or(whole.from), to: whole.to }
            }
            Some(kept) if kept.from > whole.from => Span {
                from: whole.from,
                to: super::super::period::before(kept.from).unwrap_or(whole.to),
            },
            Some(_) | None => whole,
        };
        let credit = Credit {
            stood_minor: stands,
            whole: (whole.from, whole.to),
            kept: kept_span.map(|s| (s.from, s.to, kept)).into_iter().collect(),
            edited: None,
            left_minor: None,
        };
        let rated = credit.rated_minor();
        let left = left_of(claim);
        let Some((how, said)) = limit(self.ctx, discount, claim, credit, left, kept == 0)? else {
            return Ok(());
        };
        let segment = next_segment(discount, standing.placed, span, claims, made);
        made.push(Line {
            placed: discount,
            version: discount.line.version_at(claim.from),
            target: Some(standing.placed.charge.id),
            corrects: claim.item,
            span,
            role: ClaimRole::Credited,
            segment,
            said_minor: said,
            rated_minor: rated,
            how,
            quantity: Decimal::ONE,
            unit_price: self.ctx.input.currency.to_decimal(said),
            usage: Vec::new(),
            rate: claim.tax.clone(),
            order: standing.placed.order,
        });
        Ok(())
    }
}

/// Whether a discount's claim was made by the terms that hold now.
fn same_terms(discount: &Placed<'_>, claim: &Claim, base: Base<'_>) -> bool {
    let now = discount.charge.versions.get(discount.line.version_at(base.span.from));
    let then = discount.charge.versions.iter().find(|v| v.id == claim.version.0);
    match (now, then) {
        (Some(now), Some(then)) => same_price(&now.terms, &then.terms),
        _ => true,
    }
}

/// From the first kept day to the last.
fn hull(spans: &[Span]) -> Option<Span> {
    let from = spans.iter().map(|s| s.from).min()?;
    let to = spans.iter().map(|s| s.to).max()?;
    Some(Span { from, to })
}

/// The discount's periods that touch `span`, each with the served days in it.
fn periods_of(discount: &Placed<'_>, span: Span) -> Vec<(Span, Span)> {
    let mut list = Vec::new();
    if discount.line.grids.is_empty() {
        let day = Span { from: discount.start, to: discount.start };
        return vec![(day, day)];
    }
    for served in &discount.line.served {
        let mut rest = served.meet(span);
        while let Some(days) = rest {
            let Some(period) = discount.line.locate(days.from).and_then(|(grid, k)| grid.period(k))
            else {
                break;
            };
            let Some(part) = period.meet(days) else { break };
            list.push((period, part));
            rest = after(part.to).and_then(|from| Span::new(from, days.to));
        }
    }
    list
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
fn next_segment(
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
