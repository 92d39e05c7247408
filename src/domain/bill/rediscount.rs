//! Discounts of lines of earlier documents, brought in step with what stands of them.

use super::cover::Cover;
use super::credit::limit;
use super::discounts::{Base, Discounts, Onto, Part, hull, next_segment, periods_of};
use super::line::{Line, left_of};
use super::reconcile::Standing;
use super::timeline::same_price;
use super::{BillError, Placed};
use crate::domain::billing::{Claim, ClaimRole};
use crate::domain::charge::Model;
use crate::domain::explain::Credit;
use crate::domain::money::allocate;
use crate::domain::period::Span;
use chrono::NaiveDate;
use rust_decimal::Decimal;

impl<'a> Discounts<'_, 'a> {
    /// Brings the discounts of a line of an earlier document in step with what stands of it.
    pub(super) fn on_standing(
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
            let mut held = HeldBy::owners(&cover, &standing.kept, &standing.freed);
            for lost in &standing.lost {
                HeldBy::add_lost(&mut held, &mine, standing.claim, *lost);
            }
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
        if to.claim.role == ClaimRole::Credited {
            return Ok(false);
        }
        let fixed_for_good = !to.claim.posted || to.claim.role == ClaimRole::Waived;
        let same = first.is_none_or(|days| same_terms(to.discount, to.claim, days));
        let reaches = first.is_none_or(|_| Self::still_reaches(to.discount, to.held, target));
        // As its line's would be: what changes beyond the target date waits for a later run.
        let since =
            if same { Self::lost_from(to.discount, to.held) } else { first.map(|d| d.from) };
        let later = since.is_some_and(|since| since > self.ctx.dates.target);
        if fixed_for_good || (to.held.freed.is_empty() && ((same && reaches) || later)) {
            if let Some(run) = rests {
                run.left += to.stands;
                run.count_stacked(to.discount, to.stands);
            }
            return Ok(false);
        }
        self.give_back(to.at, to.stands, to.claim);
        let mut parts: Vec<(usize, Part)> = Vec::new();
        for (i, run) in runs.iter_mut().enumerate() {
            let touched = to.held.kept.iter().any(|days| days.meet(run.base.span).is_some());
            if touched
                && let Some(part) =
                    self.part(to.at, run.base, (run.whole, run.left), &mut run.stacked, None)?
            {
                parts.push((i, part));
            }
        }
        let now: i64 = parts.iter().map(|(_, part)| part.minor).sum();
        // Where nothing is left to give on days that it still reaches, it has shrunk to nothing.
        let gives = now != 0 || (reaches && first.is_some());
        let shrinks = same && now >= to.stands && gives;
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
        self.credit(to, target, (&free, shrinks.then_some(now)), claims, made)?;
        for (i, part) in parts {
            let Some(run) = runs.get_mut(i) else { continue };
            if shrinks {
                self.use_up(to.at, &part);
                run.left += part.minor;
                run.count_stacked(to.discount, part.minor);
            } else {
                let mut state = (run.left, run.stacked);
                let onto = Onto { base: run.base, role: ClaimRole::Billed, claims };
                self.take(to.at, &onto, part, &mut state, made);
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
                if let Some(part) =
                    self.part(at, base, (run.whole, run.left), &mut run.stacked, None)?
                {
                    let mut state = (run.left, run.stacked);
                    let onto = Onto { base, role: ClaimRole::Billed, claims };
                    self.take(at, &onto, part, &mut state, made);
                    (run.left, run.stacked) = state;
                }
            }
        }
        Ok(())
    }

    /// Whether a discount still reaches the days it holds: a fixed sum by its service, the others
    /// by the line's first day.
    fn still_reaches(discount: &Placed<'_>, held: &HeldBy, target: &'a Placed<'a>) -> bool {
        let Some(days) = hull(&held.kept) else { return true };
        if discount.terms.model == Model::DiscountFixed && !discount.line.grids.is_empty() {
            let served = discount.line.served.iter().filter_map(|s| s.meet(days));
            return hull(&served.collect::<Vec<_>>()) == Some(days);
        }
        Self::reaches(discount, Base::of(target, days))
    }

    /// The first day it holds that it no longer reaches, where it does not reach them all.
    fn lost_from(discount: &Placed<'_>, held: &HeldBy) -> Option<NaiveDate> {
        let first = held.kept.first()?;
        if discount.terms.model == Model::DiscountFixed && !discount.line.grids.is_empty() {
            let served = &discount.line.served;
            let mut lost = held.kept.iter().flat_map(|days| days.without(served.iter().copied()));
            return lost.next().map(|days| days.from).or(Some(first.from));
        }
        Some(first.from)
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
    /// days it frees. `shrunk`: what stays of it on the days it keeps; none if it keeps no days.
    fn credit(
        &self,
        to: &Change<'_, 'a>,
        target: &'a Placed<'a>,
        (free, shrunk): (&[Span], Option<i64>),
        claims: &[&'a Claim],
        made: &mut Vec<Line<'a>>,
    ) -> Result<(), BillError> {
        let (claim, now) = (to.claim, shrunk.unwrap_or(0));
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
            // Credits of nothing are only written where days must be free to be held again.
            let freed_of = |list: &[Span]| list.iter().any(|days| days.meet(*span).is_some());
            let wanted = freed_of(to.anew) || (shrunk.is_none() && freed_of(&to.held.kept));
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
                rest_of: None,
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
        for (span, _) in kept {
            add(*span, true);
        }
        for span in freed {
            add(*span, false);
        }
        list
    }

    /// Adds the discount lines that came with a line some of whose days another line has taken.
    fn add_lost(list: &mut Vec<Self>, mine: &[&Claim], line: &Claim, lost: Span) {
        for (owner, claim) in mine.iter().enumerate() {
            let with_it = claim.role == ClaimRole::Billed && claim.document == line.document;
            let days = Span::new(claim.from, claim.to).and_then(|span| span.meet(lost));
            let Some(days) = days.filter(|_| with_it) else { continue };
            match list.iter_mut().find(|one| one.owner == owner) {
                Some(one) => one.freed.push(days),
                None => list.push(Self { owner, kept: Vec::new(), freed: vec![days] }),
            }
        }
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
pub(super) fn standing_of(claim: &Claim, mine: &[&Claim]) -> i64 {
    let credits = mine.iter().filter(|c| {
        c.role == ClaimRole::Credited && c.corrects.is_some() && c.corrects == claim.item
    });
    claim.rated_minor + credits.map(|c| c.rated_minor).sum::<i64>()
}

/// Whether a discount's claim was made by the terms that hold now.
pub(super) fn same_terms(discount: &Placed<'_>, claim: &Claim, days: Span) -> bool {
    let now = discount.charge.versions.get(discount.line.version_at(days.from));
    let then = discount.charge.versions.iter().find(|v| v.id == claim.version.0);
    match (now, then) {
        (Some(now), Some(then)) => same_price(&now.terms, &then.terms),
        _ => true,
    }
}
