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

impl<'a> Base<'a> {
    fn of(placed: &'a Placed<'a>, span: Span) -> Self {
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
        let base = Base::of(line.placed, line.span);
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
    /// The days: the line's; of a fixed sum a period, those of them that it serves.
    span: Span,
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
            return Ok((minor != 0).then_some(Part {
                how,
                minor,
                by_period: Vec::new(),
                span: base.span,
            }));
        }
        let Some((parts, firsts, span)) = self.fixed_parts(at, discount, base)? else {
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
            let one = Fixed { price, parts: vec![(share, i64::MAX)], left_minor: i64::MAX };
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
        let mut state = (whole, (Decimal::ZERO, 0));
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
            if let Some(part) = self.part(at, base, whole, state.0, state.1)? {
                self.take(at, base, part, role, claims, &mut state, made);
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
        (left, stacked): &mut (i64, (Decimal, i64)),
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
            order: base.placed.order,
        });
    }

    /// Brings the discounts of a line of an earlier document in step with what stands of it.
    fn on_standing(
        &mut self,
        standing: &Standing<'a>,
        claims: &[&'a Claim],
        anew: &[Span],
        made: &mut Vec<Line<'a>>,
    ) -> Result<(), BillError> {
        let mut runs: Vec<Run<'a>> = standing
            .kept
            .iter()
            .map(|(span, whole)| Run {
                base: Base::of(standing.placed, *span),
                whole: *whole,
                left: *whole,
                stacked: (Decimal::ZERO, 0),
            })
            .collect();
        for at in 0..self.list.len() {
            let Some(discount) = self.list.get(at).copied() else { continue };
            let mine: Vec<&Claim> =
                claims.iter().copied().filter(|c| c.charge == discount.charge.id).collect();
            let cover = Cover::of(&mine);
            let held = HeldBy::owners(&cover, &standing.kept, &standing.freed);
            let mut replaced = false;
            for one in &held {
                let Some(claim) = mine.get(one.owner).copied() else { continue };
                let stands = standing_of(claim, &mine);
                let to = Change { at, discount, claim, stands, held: one, anew };
                replaced |= self.adjust(&to, standing.placed, &mut runs, claims, made)?;
            }
            if !replaced {
                self.fill_gaps(at, discount, &cover, &mut runs, claims, made)?;
            }
        }
        Ok(())
    }

    /// Adjusts one earlier discount line. Says whether it was replaced by new lines.
    fn adjust(
        &mut self,
        to: &Change<'_, 'a>,
        target: &'a Placed<'a>,
        runs: &mut [Run<'a>],
        claims: &[&'a Claim],
        made: &mut Vec<Line<'a>>,
    ) -> Result<bool, BillError> {
        let first = to.held.kept.first().copied();
        let rests =
            first.and_then(|days| runs.iter_mut().find(|r| r.base.span.meet(days).is_some()));
        let fixed_for_good = !to.claim.posted || to.claim.role == ClaimRole::Waived;
        let same = first.is_none_or(|days| same_terms(to.discount, to.claim, days));
        let reaches = first.is_none_or(|_| self.still_reaches(to.discount, to.held, target));
        if fixed_for_good || (to.held.freed.is_empty() && same && reaches) {
            if let Some(run) = rests {
                run.left += to.stands;
                run.count_stacked(to.discount, to.stands);
            }
            return Ok(false);
        }
        self.give_back(to.at, to.stands, to.claim);
        let mut parts: Vec<(usize, Part)> = Vec::new();
        for (i, run) in runs.iter().enumerate() {
            let touched = to.held.kept.iter().any(|days| days.meet(run.base.span).is_some());
            if touched
                && let Some(part) = self.part(to.at, run.base, run.whole, run.left, run.stacked)?
            {
                parts.push((i, part));
            }
        }
        let now: i64 = parts.iter().map(|(_, part)| part.minor).sum();
        let shrinks = same && now >= to.stands && now != 0;
        let free = if shrinks {
            let mut free = to.held.freed.clone();
            if to.discount.terms.model == Model::DiscountFixed && !to.discount.line.grids.is_empty()
            {
                let served = &to.discount.line.served;
                free.extend(to.held.kept.iter().flat_map(|d| d.without(served.iter().copied())));
            }
            free
        } else {
            to.held.all()
        };
        self.credit(to, target, (&free, if shrinks { now } else { 0 }), claims, made)?;
        for (i, part) in parts {
            let Some(run) = runs.get_mut(i) else { continue };
            if shrinks {
                self.use_up(to.at, &part);
                run.left += part.minor;
                run.count_stacked(to.discount, part.minor);
            } else {
                let mut state = (run.left, run.stacked);
                self.take(to.at, run.base, part, ClaimRole::Billed, claims, &mut state, made);
                (run.left, run.stacked) = state;
            }
        }
        Ok(!shrinks)
    }

    /// Discounts days of a standing line that the discount reaches and has not been billed for:
    /// it was added, or goes on longer than it was known to.
    fn fill_gaps(
        &mut self,
        at: usize,
        discount: &Placed<'_>,
        cover: &Cover,
        runs: &mut [Run<'a>],
        claims: &[&'a Claim],
        made: &mut Vec<Line<'a>>,
    ) -> Result<(), BillError> {
        let by_days =
            discount.terms.model == Model::DiscountFixed && !discount.line.grids.is_empty();
        for run in runs {
            let gaps = cover.gaps(run.base.span);
            if !by_days && gaps.first() != Some(&run.base.span) {
                continue;
            }
            for gap in gaps {
                let base = Base { span: gap, ..run.base };
                if let Some(part) = self.part(at, base, run.whole, run.left, run.stacked)? {
                    let mut state = (run.left, run.stacked);
                    self.take(at, base, part, ClaimRole::Billed, claims, &mut state, made);
                    (run.left, run.stacked) = state;
                }
            }
        }
        Ok(())
    }

    /// Whether a discount still reaches the days it holds: a fixed sum by its service, the others
    /// by the line's first day.
    fn still_reaches(&self, discount: &Placed<'_>, held: &HeldBy, target: &'a Placed<'a>) -> bool {
        let Some(days) = hull(&held.kept) else { return true };
        if discount.terms.model == Model::DiscountFixed && !discount.line.grids.is_empty() {
            let served = discount.line.served.iter().filter_map(|s| s.meet(days));
            return hull(&served.collect::<Vec<_>>()) == Some(days);
        }
        self.reaches(discount, Base::of(target, days))
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

    /// Takes back what a discount gave too much, never more than it gave: one line for each run of
    /// days it frees.
    fn credit(
        &self,
        to: &Change<'_, 'a>,
        target: &'a Placed<'a>,
        (free, now): (&[Span], i64),
        claims: &[&'a Claim],
        made: &mut Vec<Line<'a>>,
    ) -> Result<(), BillError> {
        let claim = to.claim;
        let mut stood = to.stands;
        let mut left = left_of(claim);
        let weights: Vec<u64> = free.iter().map(|s| s.days().unsigned_abs()).collect();
        for (i, (span, back)) in free.iter().zip(allocate(now - to.stands, &weights)).enumerate() {
            let last = i + 1 == free.len();
            let stays = stood + back;
            let kept = if stays == 0 { None } else { hull(&to.held.kept) };
            let credit = Credit {
                stood_minor: stood,
                whole: (claim.from, claim.to),
                kept: kept.map(|k| (k.from, k.to, stays)).into_iter().collect(),
                edited: None,
                left_minor: None,
            };
            stood = stays;
            let rated = credit.rated_minor();
            let (how, said) = limit(self.ctx, to.discount, claim, credit, left, last && now == 0)?;
            let wanted = to.anew.iter().any(|days| days.meet(*span).is_some())
                || to.held.kept.iter().any(|days| days.meet(*span).is_some());
            if said == 0 && !wanted {
                continue;
            }
            left += said;
            let segment = next_segment(to.discount, target, *span, claims, made);
            made.push(Line {
                placed: to.discount,
                version: to.discount.line.version_at(claim.from),
                target: Some(target.charge.id),
                corrects: claim.item,
                span: *span,
                role: ClaimRole::Credited,
                segment,
                said_minor: said,
                rated_minor: rated,
                how,
                quantity: Decimal::ONE,
                unit_price: self.ctx.input.currency.to_decimal(said),
                usage: Vec::new(),
                rate: claim.tax.clone(),
                order: target.order,
            });
        }
        Ok(())
    }
}

/// A run of days of a standing line while discounts are taken off it one after the other.
struct Run<'a> {
    base: Base<'a>,
    whole: i64,
    left: i64,
    stacked: (Decimal, i64),
}

impl Run<'_> {
    fn count_stacked(&mut self, discount: &Placed<'_>, minor: i64) {
        if discount.terms.stacked && discount.terms.model == Model::DiscountPercent {
            self.stacked.0 += discount.terms.price;
            self.stacked.1 -= minor;
        }
    }
}

/// The days that one earlier discount line holds of a standing line: of those that stay and of
/// those freed.
struct HeldBy {
    owner: usize,
    kept: Vec<Span>,
    freed: Vec<Span>,
}

impl HeldBy {
    fn owners(cover: &Cover, kept: &[(Span, i64)], freed: &[Span]) -> Vec<Self> {
        let mut list: Vec<Self> = Vec::new();
        let mut add = |span: Span, stays: bool| {
            for held in cover.touching(span) {
                let Some(days) = held.span.meet(span) else { continue };
                let at = list.iter().position(|o| o.owner == held.owner).unwrap_or_else(|| {
                    list.push(Self { owner: held.owner, kept: Vec::new(), freed: Vec::new() });
                    list.len() - 1
                });
                if let Some(one) = list.get_mut(at) {
                    if stays { one.kept.push(days) } else { one.freed.push(days) }
                }
            }
        };
        kept.iter().for_each(|(span, _)| add(*span, true));
        freed.iter().for_each(|span| add(*span, false));
        list
    }

    fn all(&self) -> Vec<Span> {
        let mut all: Vec<Span> = self.kept.iter().chain(&self.freed).copied().collect();
        all.sort_unstable();
        all
    }
}

/// An earlier discount line that may have to change.
struct Change<'c, 'a> {
    at: usize,
    discount: &'a Placed<'a>,
    claim: &'a Claim,
    /// What stands of it, as rated, minor units.
    stands: i64,
    held: &'c HeldBy,
    /// Days of the discounted charge that this run bills anew.
    anew: &'c [Span],
}

/// What stands of a discount's claim after its credits, as rated.
fn standing_of(claim: &Claim, mine: &[&Claim]) -> i64 {
    let credits = mine.iter().filter(|c| {
        c.role == ClaimRole::Credited && c.corrects.is_some() && c.corrects == claim.item
    });
    claim.rated_minor + credits.map(|c| c.rated_minor).sum::<i64>()
}

/// Whether a discount's claim was made by the terms that hold now.
fn same_terms(discount: &Placed<'_>, claim: &Claim, days: Span) -> bool {
    let now = discount.charge.versions.get(discount.line.version_at(days.from));
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

/// The discount's periods that touch `span`, each with the days in it, served or not.
fn periods_of(discount: &Placed<'_>, span: Span) -> Vec<(Span, Span)> {
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
