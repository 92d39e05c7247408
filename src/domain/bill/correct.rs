//! Corrections of posted lines: days that are no longer rightly billed are given back and freed.

use super::BillError;
use super::credit::{Layer, gives_back, limit, take_back};
use super::line::{Line, left_of};
use super::pieces::{Piece, price, share_of};
use super::reconcile::{Outcome, Series, Standing};
use super::too_large;
use crate::domain::billing::{Claim, ClaimRole, UsageRecord};
use crate::domain::charge::{BillingPeriod, ChargeTerms};
use crate::domain::explain::{How, proportion};
use crate::domain::period::{Anchor, Grid, Span, after};
use rust_decimal::Decimal;

impl<'a> Series<'_, 'a> {
    /// Credits posted lines for days they no longer hold rightly, and frees those days.
    pub(super) fn correct(&mut self, out: &mut Outcome<'a>) -> Result<(), BillError> {
        let mut wrong: Vec<usize> = Vec::new();
        for held in self.cover.held() {
            let Some(claim) = self.claims.get(held.owner) else { continue };
            if claim.role != ClaimRole::Billed || !claim.posted {
                continue;
            }
            let right = self
                .touching(held.span)
                .iter()
                .any(|p| p.span.holds(held.span) && self.agrees(claim, p));
            if !right && !wrong.contains(&held.owner) {
                wrong.push(held.owner);
            }
        }
        for owner in 0..self.claims.len() {
            let Some(claim) = self.claims.get(owner).copied() else { continue };
            if claim.role != ClaimRole::Billed || !claim.posted {
                continue;
            }
            let lost = self.lost(owner, claim);
            let mut freed = Vec::new();
            if !lost.is_empty() || wrong.contains(&owner) {
                freed = self.shorten(owner, claim, &lost, out)?;
            }
            if !out.discounted {
                continue;
            }
            let kept = self.kept(owner, claim)?;
            if !freed.is_empty() || !kept.is_empty() {
                let lost: Vec<Span> = lost.into_iter().filter(|l| freed.contains(l)).collect();
                freed.retain(|f| !lost.contains(f));
                out.standing.push(Standing { placed: self.placed, claim, kept, freed, lost });
            }
        }
        Ok(())
    }

    /// Days of a claim that another posted line was billed for while the credit that should have
    /// freed them was thrown away: they are owed back.
    fn lost(&self, owner: usize, claim: &Claim) -> Vec<Span> {
        let whole = Span { from: claim.from, to: claim.to };
        let held = self.cover.touching(whole);
        if let [only] = held
            && only.owner == owner
            && only.span == whole
        {
            return Vec::new();
        }
        let credited = self.claims.iter().filter(|c| {
            c.role == ClaimRole::Credited && c.corrects.is_some() && c.corrects == claim.item
        });
        let credited: Vec<Span> = credited.map(|c| Span { from: c.from, to: c.to }).collect();
        let others = held.iter().filter(|h| {
            let by = self.claims.get(h.owner);
            h.owner != owner && by.is_some_and(|c| c.posted && c.role == ClaimRole::Billed)
        });
        others
            .filter_map(|h| h.span.meet(whole))
            .flat_map(|days| days.without(credited.iter().copied()))
            .collect()
    }

    /// The days that stay of a claim with what they cost; together what stands of it.
    fn kept(&self, owner: usize, claim: &Claim) -> Result<Vec<(Span, i64)>, BillError> {
        let stands = self.stands.get(owner).copied().unwrap_or(0);
        let spans: Vec<Span> =
            self.cover.held().iter().filter(|h| h.owner == owner).map(|h| h.span).collect();
        if let [only] = spans.as_slice() {
            return Ok(vec![(*only, stands)]);
        }
        let days = spans.iter().map(|s| s.days()).sum();
        let mut kept = self.kept_costs(owner, claim, &spans, (stands, days))?;
        let sum: i64 = kept.iter().map(|(_, cost)| cost).sum();
        if let Some(last) = kept.last_mut() {
            last.1 += stands - sum;
        }
        Ok(kept)
    }

    /// The stretches of a claim, and the days of them that should not be billed so and whose
    /// time has come.
    fn holes(&self, owner: usize, claim: &Claim) -> (Vec<Span>, Vec<Span>) {
        let mut stretches = Vec::new();
        let mut holes = Vec::new();
        for held in self.cover.held().iter().filter(|h| h.owner == owner) {
            stretches.push(held.span);
            let right = self
                .touching(held.span)
                .iter()
                .filter(|p| self.agrees(claim, p))
                .filter_map(|p| p.span.meet(held.span));
            let wrong = held.span.without(right);
            holes.extend(wrong.into_iter().filter(|h| h.from <= self.ctx.dates.target));
        }
        (stretches, holes)
    }

    /// Late usage billed on top of a claim, oldest first; none if some of it is not posted yet.
    fn lates(&self, claim: &Claim) -> Option<Vec<usize>> {
        let days = Span { from: claim.from, to: claim.to };
        let mut lates = Vec::new();
        for (i, late) in self.claims.iter().enumerate() {
            let on_top = late.role == ClaimRole::Late && !gives_back(late);
            if on_top && days.meet(Span { from: late.from, to: late.to }).is_some() {
                if !late.posted {
                    return None;
                }
                lates.push(i);
            }
        }
        Some(lates)
    }

    /// Credits one claim, with the late usage on top of it, hole by hole: what stood less what the
    /// days that stay cost. Gives the days freed.
    fn shorten(
        &mut self,
        owner: usize,
        claim: &'a Claim,
        lost: &[Span],
        out: &mut Outcome<'a>,
    ) -> Result<Vec<Span>, BillError> {
        let (mut kept, mut holes) = self.holes(owner, claim);
        kept.extend_from_slice(lost);
        kept.sort_unstable();
        holes.extend_from_slice(lost);
        let Some(lates) = self.lates(claim) else { return Ok(Vec::new()) };
        let mut layers: Vec<Layer<'a>> = std::iter::once(owner)
            .chain(lates)
            .filter_map(|at| {
                let claim = self.claims.get(at).copied()?;
                let stands = self.stands.get(at).copied().unwrap_or(0);
                Some(Layer { at, claim, stands, left: left_of(claim) })
            })
            .collect();
        let held_days: i64 = kept.iter().map(|s| s.days()).sum();
        let whole: i64 = layers.iter().map(|l| l.stands).sum();
        let mut credits = Vec::with_capacity(holes.len());
        let mut counts = false;
        for hole in &holes {
            kept = kept.into_iter().flat_map(|span| span.without([*hole])).collect();
            let costs = self.kept_costs(owner, claim, &kept, (whole, held_days))?;
            for step in take_back(&mut layers, &costs) {
                let Some(layer) = layers.get_mut(step.layer) else { continue };
                let rated = step.credit.rated_minor();
                let all = step.credit.kept.is_empty();
                let (how, said) =
                    limit(self.ctx, self.placed, layer.claim, step.credit, layer.left, all)?;
                layer.left += said;
                // Credits of nothing are only written where days must be free to be held again.
                let first = step.layer == 0;
                counts |= said != 0 || (first && (lost.contains(hole) || self.wanted_anew(*hole)));
                if first || said != 0 {
                    credits.push((layer.claim, first, *hole, (rated, said), how));
                }
            }
        }
        if !counts {
            return Ok(Vec::new());
        }
        for (claim, first, hole, amounts, how) in credits {
            let role = if first { ClaimRole::Credited } else { ClaimRole::Late };
            self.push_credit((claim, role), hole, amounts, how, out);
        }
        for hole in holes.iter().filter(|h| !lost.contains(h)) {
            self.cover.free(*hole);
        }
        for layer in layers {
            if let Some(stand) = self.stands.get_mut(layer.at) {
                *stand = layer.stands;
            }
        }
        Ok(holes)
    }

    fn push_credit(
        &mut self,
        (claim, role): (&'a Claim, ClaimRole),
        hole: Span,
        (rated, said): (i64, i64),
        how: How,
        out: &mut Outcome<'a>,
    ) {
        let segment = self.next_segment(hole);
        self.made.push((hole, segment));
        out.lines.push(Line {
            placed: self.placed,
            version: self.terms_of(claim).0,
            target: None,
            corrects: claim.item,
            span: hole,
            role,
            segment,
            said_minor: said,
            rated_minor: rated,
            how,
            quantity: Decimal::ONE,
            unit_price: self.ctx.input.currency.to_decimal(said),
            usage: Vec::new(),
            rate: claim.tax.clone(),
            rest_of: None,
            order: self.placed.order,
        });
    }

    /// Whether some of the days are about to be billed on other terms.
    fn wanted_anew(&self, hole: Span) -> bool {
        self.touching(hole).iter().any(|piece| {
            let days = piece.span.meet(hole);
            let share = |d| share_of(self.ctx, self.terms_at(piece.version), piece, d).of_period;
            piece.due && days.is_some_and(|d| share(d).num != 0)
        })
    }

    /// What the days that stay of a claim cost at its own price and of its own period. Where that
    /// can no longer be found (the billing day was moved), they keep their share of the days.
    fn kept_costs(
        &self,
        owner: usize,
        claim: &Claim,
        kept: &[Span],
        (whole, days): (i64, i64),
    ) -> Result<Vec<(Span, i64)>, BillError> {
        let terms = self.terms_of(claim).1;
        let claimed = Span { from: claim.from, to: claim.to };
        let of_claim = |piece: &&Piece| {
            piece.period.holds(claimed)
                && (claim.period.is_none() || claim.period == piece.anchor())
                && self.terms_at(piece.version).charge_type == terms.charge_type
        };
        let piece = self.touching(claimed).iter().find(of_claim).copied().or_else(|| {
            let (grid, k) = match claim.period {
                Some(period) => (period_of(period, terms)?, 0),
                None => self.placed.line.locate(claim.from)?,
            };
            let period = grid.period(k).filter(|p| p.holds(claimed))?;
            let version = self.placed.line.version_at(claim.from);
            Some(Piece {
                grid: Some((grid, k)),
                nth: self.placed.line.nth(claim.from),
                period,
                since: None,
                run: claimed,
                span: claimed,
                version,
                due: true,
            })
        });
        let counts = |r: &UsageRecord| r.held_by.is_some();
        let mut costs = Vec::with_capacity(kept.len());
        for span in kept {
            let cost = match piece {
                Some(piece) => {
                    let (run, others) = self.whole_around(owner, *span);
                    price(self.ctx, self.placed.charge, terms, &piece, run, self.records, counts)?
                        .minor
                        - others
                }
                None => proportion(
                    whole,
                    span.days(),
                    days,
                    &self.ctx.rules.rounding,
                    self.ctx.input.currency,
                )
                .map_err(too_large(self.placed.charge))?,
            };
            costs.push((*span, cost));
        }
        Ok(costs)
    }

    /// The days of the same piece held without a gap around `span`, and what stands of those that
    /// other claims hold: parts that were billed one after the other stay parts of one whole.
    fn whole_around(&self, owner: usize, span: Span) -> (Span, i64) {
        let piece = self.touching(span).iter().find(|p| p.span.holds(span));
        let Some(piece) =
            piece.filter(|p| self.claims.get(owner).is_some_and(|claim| self.agrees(claim, p)))
        else {
            return (span, 0);
        };
        let (mut run, mut others) = (span, 0);
        loop {
            let next = self.cover.touching(piece.span).iter().find(|h| {
                let beside =
                    after(h.span.to) == Some(run.from) || after(run.to) == Some(h.span.from);
                let alone = || self.cover.held().iter().filter(|o| o.owner == h.owner).count() == 1;
                let agrees = || self.claims.get(h.owner).is_some_and(|c| self.agrees(c, piece));
                h.owner != owner && beside && piece.span.holds(h.span) && alone() && agrees()
            });
            let Some(next) = next else { return (run, others) };
            run = Span { from: run.from.min(next.span.from), to: run.to.max(next.span.to) };
            others += self.stands.get(next.owner).copied().unwrap_or(0);
        }
    }
}

/// The periods of these terms that lie as the one that began there.
fn period_of(began: Anchor, terms: &ChargeTerms) -> Option<Grid> {
    match terms.billing_period? {
        BillingPeriod::Months(step) => Some(began.months(step)),
        BillingPeriod::Weeks(step) => began.weeks(step),
    }
}
