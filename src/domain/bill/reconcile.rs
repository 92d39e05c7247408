//! One charge: its pieces against its claims. Credits first, then what nothing holds.

use super::cover::Cover;
use super::line::{Line, left_of, said_of};
use super::pieces::{Piece, Priced, pieces, price, share_of};
use super::timeline::same_price;
use super::usage::{Records, within};
use super::{BillError, Ctx, Placed, ids, too_large};
use crate::domain::billing::{
    Claim, ClaimRole, LateUsage, PendingReason, UsageRecord, WithoutRecords,
};
use crate::domain::charge::{ChargeTerms, ChargeType, Model};
use crate::domain::explain::{Credit, How, proportion};
use crate::domain::ids::UsageId;
use crate::domain::period::{Span, after};
use rust_decimal::Decimal;

/// What billing an account has made so far.
#[derive(Default)]
pub(crate) struct Outcome<'a> {
    /// The lines.
    pub(crate) lines: Vec<Line<'a>>,
    /// Usage that stays pending.
    pub(crate) pending: Vec<(UsageId, PendingReason)>,
    /// Whether something due was held already.
    pub(crate) already_billed: bool,
    /// What stands of posted lines after this run's credits, for discounts.
    pub(crate) standing: Vec<Standing<'a>>,
}

/// A posted line of an earlier document, after this run's corrections.
pub(crate) struct Standing<'a> {
    /// The charge.
    pub(crate) placed: &'a Placed<'a>,
    /// The line's claim.
    pub(crate) claim: &'a Claim,
    /// The days that stay, each run with what it costs as rated, minor units.
    pub(crate) kept: Vec<(Span, i64)>,
    /// The days this run took off it.
    pub(crate) freed: Vec<Span>,
}

/// One charge's books while it is reconciled.
struct Series<'s, 'a> {
    ctx: &'s Ctx<'a>,
    placed: &'a Placed<'a>,
    claims: &'s [&'a Claim],
    pieces: Vec<Piece>,
    cover: Cover,
    /// By claim: what stands of it on the scale of what was rated; credits taken off.
    stands: Vec<i64>,
    /// Days and segments of the lines made in this run.
    made: Vec<(Span, u32)>,
    records: Option<&'s Records<'a>>,
}

/// Reconciles one charge.
pub(crate) fn charge<'a>(
    ctx: &Ctx<'a>,
    placed: &'a Placed<'a>,
    claims: &[&'a Claim],
    records: Option<&Records<'a>>,
    out: &mut Outcome<'a>,
) -> Result<(), BillError> {
    let target = ctx.dates.target;
    let horizon = claims.iter().map(|c| c.to).max().map_or(target, |to| to.max(target));
    let mut series = Series {
        ctx,
        placed,
        claims,
        pieces: pieces(placed.charge, &placed.line, placed.start, target, horizon),
        cover: Cover::of(claims),
        stands: standing_amounts(claims),
        made: Vec::new(),
        records,
    };
    series.correct(out)?;
    series.bill(out)?;
    series.leftover_usage(out);
    Ok(())
}

/// What stands of each claim, rated scale: credits are taken off the claim they correct.
fn standing_amounts(claims: &[&Claim]) -> Vec<i64> {
    let mut stands: Vec<i64> = claims.iter().map(|c| c.rated_minor).collect();
    for (i, credit) in claims.iter().enumerate() {
        if !gives_back(credit) {
            continue;
        }
        let corrected = claims
            .iter()
            .position(|c| !gives_back(c) && c.item.is_some() && c.item == credit.corrects);
        if let Some(stand) = corrected.and_then(|at| stands.get_mut(at)) {
            *stand += credit.rated_minor;
        }
        if let Some(own) = stands.get_mut(i) {
            *own = 0;
        }
    }
    stands
}

/// Whether a claim takes back part of another: of a billing, or of late usage.
fn gives_back(claim: &Claim) -> bool {
    match claim.role {
        ClaimRole::Credited => true,
        ClaimRole::Late => claim.corrects.is_some(),
        ClaimRole::Billed | ClaimRole::Waived => false,
    }
}

impl<'a> Series<'_, 'a> {
    /// The terms of a claim's version; the newest if the version is not among those given.
    fn terms_of(&self, claim: &Claim) -> (usize, &'a ChargeTerms) {
        let versions = &self.placed.charge.versions;
        let at = versions.iter().position(|v| v.id == claim.version.0);
        let at = at.unwrap_or_else(|| self.placed.line.version_at(claim.from));
        (at, versions.get(at).map_or(self.placed.terms, |v| &v.terms))
    }

    fn terms_at(&self, version: usize) -> &'a ChargeTerms {
        self.placed.charge.versions.get(version).map_or(self.placed.terms, |v| &v.terms)
    }

    /// Whether a claim was billed for the same period at the same price as the piece asks.
    fn agrees(&self, claim: &Claim, piece: &Piece) -> bool {
        piece.period.holds(Span { from: claim.from, to: claim.to })
            && same_price(self.terms_of(claim).1, self.terms_at(piece.version))
    }

    fn touching(&self, span: Span) -> &[Piece] {
        let first = self.pieces.partition_point(|p| p.span.to < span.from);
        let rest = self.pieces.get(first..).unwrap_or_default();
        let count = rest.partition_point(|p| p.span.from <= span.to);
        rest.get(..count).unwrap_or_default()
    }

    /// The segment after every claim and every line of this run on these days.
    fn next_segment(&self, span: Span) -> u32 {
        let claimed = self
            .claims
            .iter()
            .filter(|c| c.from <= span.to && c.to >= span.from)
            .map(|c| c.segment);
        let made = self.made.iter().filter(|(s, _)| s.meet(span).is_some()).map(|(_, n)| *n);
        claimed.chain(made).max().map_or(0, |n| n + 1)
    }

    /// Credits posted lines for days they no longer hold rightly, and frees those days.
    fn correct(&mut self, out: &mut Outcome<'a>) -> Result<(), BillError> {
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
            let freed =
                if wrong.contains(&owner) { self.shorten(owner, claim, out)? } else { Vec::new() };
            let kept = self.kept(owner, claim)?;
            if !freed.is_empty() || !kept.is_empty() {
                out.standing.push(Standing { placed: self.placed, claim, kept, freed });
            }
        }
        Ok(())
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
        out: &mut Outcome<'a>,
    ) -> Result<Vec<Span>, BillError> {
        let (mut kept, holes) = self.holes(owner, claim);
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
                counts |= said != 0 || (first && self.wanted_anew(*hole));
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
        for hole in &holes {
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

    /// What the days that stay of a claim cost at its own price. Where its period can no longer
    /// be found (the billing day was moved), they keep their share of the days.
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
                && self.terms_at(piece.version).charge_type == terms.charge_type
        };
        let piece = self.touching(claimed).iter().find(of_claim).copied().or_else(|| {
            let (grid, k) = self.placed.line.locate(claim.from)?;
            let period = grid.period(k).filter(|p| p.holds(claimed))?;
            let version = self.placed.line.version_at(claim.from);
            Some(Piece {
                grid: Some((grid, k)),
                period,
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

    /// Bills the days of due pieces that nothing holds, and late usage of those that are held.
    fn bill(&mut self, out: &mut Outcome<'a>) -> Result<(), BillError> {
        for i in 0..self.pieces.len() {
            let Some(piece) = self.pieces.get(i).copied() else { break };
            if !piece.due {
                continue;
            }
            let terms = self.terms_at(piece.version);
            let gaps = self.cover.gaps(piece.span);
            if gaps.is_empty() {
                out.already_billed = true;
            } else if gaps.first() == Some(&piece.span) {
                self.bill_days(&piece, terms, piece.span, 0, None, out)?;
            } else {
                self.bill_rest(&piece, terms, &gaps, out)?;
            }
            if terms.charge_type == ChargeType::Usage {
                self.bill_late(&piece, terms, &gaps, out)?;
            }
        }
        Ok(())
    }

    /// Bills the gaps of a piece that is held in part: the last one is what the whole costs less
    /// what stands of it and the gaps before, so that the parts sum to the whole.
    fn bill_rest(
        &mut self,
        piece: &Piece,
        terms: &'a ChargeTerms,
        gaps: &[Span],
        out: &mut Outcome<'a>,
    ) -> Result<(), BillError> {
        let Some(mut stands) = self.stands_of(piece)? else {
            for gap in gaps {
                self.bill_days(piece, terms, *gap, 0, None, out)?;
            }
            return Ok(());
        };
        let currency_free = |s: &Self, gap: Span| {
            let counts = s.counts(gap);
            price(s.ctx, s.placed.charge, terms, piece, gap, s.records, counts).map(|p| p.minor)
        };
        for (i, gap) in gaps.iter().enumerate() {
            if i + 1 == gaps.len() {
                self.bill_days(piece, terms, *gap, stands, Some(gaps), out)?;
            } else {
                stands += currency_free(self, *gap)?;
                self.bill_days(piece, terms, *gap, 0, None, out)?;
            }
        }
        Ok(())
    }

    /// Which new records are rated: those whose day is being billed, and with `next_run` all.
    fn counts(&self, gap: Span) -> impl Fn(&UsageRecord) -> bool {
        let late = self.ctx.rules.late_usage == LateUsage::NextRun;
        move |record: &UsageRecord| late || record.held_by.is_some() || gap.has(record.start_on)
    }

    /// What stands of a piece, on the scale of what was rated; none if some of it is held at
    /// another price, so that no whole can be made up.
    fn stands_of(&self, piece: &Piece) -> Result<Option<i64>, BillError> {
        let mut sum = 0;
        let mut seen: Vec<usize> = Vec::new();
        for held in self.cover.touching(piece.span) {
            let Some(claim) = self.claims.get(held.owner) else { continue };
            if !self.agrees(claim, piece) {
                return Ok(None);
            }
            let inside = piece.span.holds(Span { from: claim.from, to: claim.to });
            let all = inside
                || self
                    .cover
                    .held()
                    .iter()
                    .filter(|h| h.owner == held.owner)
                    .all(|h| piece.span.holds(h.span));
            if !all {
                let Some(days) = held.span.meet(piece.span) else { continue };
                let terms = self.terms_of(claim).1;
                // Late usage of these days stands on its own lines, counted below.
                let counts = |r: &UsageRecord| r.held_by.map(|held| held.1) == claim.item;
                sum +=
                    price(self.ctx, self.placed.charge, terms, piece, days, self.records, counts)?
                        .minor;
            } else if !seen.contains(&held.owner) {
                seen.push(held.owner);
                sum += self.stands.get(held.owner).copied().unwrap_or(0);
            }
        }
        for (i, claim) in self.claims.iter().enumerate() {
            if claim.role == ClaimRole::Late
                && piece.period.holds(Span { from: claim.from, to: claim.to })
            {
                sum += self.stands.get(i).copied().unwrap_or(0);
            }
        }
        Ok(Some(sum))
    }

    /// Makes the line for some days of a piece. With `rest`, the days are the last gap and the
    /// amount is the whole piece less `earlier`.
    fn bill_days(
        &mut self,
        piece: &Piece,
        terms: &'a ChargeTerms,
        days: Span,
        earlier: i64,
        rest: Option<&[Span]>,
        out: &mut Outcome<'a>,
    ) -> Result<(), BillError> {
        if share_of(self.ctx, terms, piece, days).of_period.num == 0 {
            return Ok(());
        }
        let rated_days = if rest.is_some() { piece.span } else { days };
        let late = self.ctx.rules.late_usage == LateUsage::NextRun;
        let counts = |r: &UsageRecord| match rest {
            Some(gaps) => late || r.held_by.is_some() || gaps.iter().any(|gap| gap.has(r.start_on)),
            None => true,
        };
        let priced =
            price(self.ctx, self.placed.charge, terms, piece, rated_days, self.records, counts)?;
        let amount = priced.minor - earlier;
        let silent = self.ctx.rules.without_records == WithoutRecords::NoLine
            && terms.charge_type == ChargeType::Usage
            && priced.records.is_empty()
            && amount == 0;
        if silent {
            return Ok(());
        }
        let span = match piece.grid {
            Some((grid, k)) if terms.charge_type == ChargeType::Recurring => Span {
                from: self.ctx.proration.billed_from(grid, k, days).unwrap_or(days.from),
                to: days.to,
            },
            Some(_) | None => days,
        };
        let fresh = self.fresh_of(&priced);
        self.push(piece, terms, span, ClaimRole::Billed, (&priced, earlier), fresh, out);
        Ok(())
    }

    /// The rated records that no item holds yet.
    fn fresh_of(&self, priced: &Priced<'a>) -> Vec<UsageId> {
        ids(priced.records.iter().copied().filter(|r| r.held_by.is_none()))
    }

    /// Late usage: new records on days that are billed already.
    fn bill_late(
        &mut self,
        piece: &Piece,
        terms: &'a ChargeTerms,
        gaps: &[Span],
        out: &mut Outcome<'a>,
    ) -> Result<(), BillError> {
        let Some(records) = self.records else { return Ok(()) };
        let late: Vec<&UsageRecord> = within(&records.fresh, piece.span)
            .iter()
            .copied()
            .filter(|r| !gaps.iter().any(|gap| gap.has(r.start_on)))
            .collect();
        if late.is_empty() {
            return Ok(());
        }
        match self.ctx.rules.late_usage {
            LateUsage::Hold => {
                let held = late.iter().map(|r| (r.id, PendingReason::PeriodBilled));
                out.pending.extend(held);
            }
            // With gaps, the line of the last one has taken them along.
            LateUsage::NextRun if gaps.is_empty() => {
                let Some(stands) = self.stands_of(piece)? else {
                    let held = late.iter().map(|r| (r.id, PendingReason::PeriodBilled));
                    out.pending.extend(held);
                    return Ok(());
                };
                let priced = price(
                    self.ctx,
                    self.placed.charge,
                    terms,
                    piece,
                    piece.span,
                    self.records,
                    |_| true,
                )?;
                let fresh = self.fresh_of(&priced);
                let span = piece.span;
                self.push(piece, terms, span, ClaimRole::Late, (&priced, stands), fresh, out);
            }
            LateUsage::NextRun => {}
        }
        Ok(())
    }

    fn push(
        &mut self,
        piece: &Piece,
        terms: &ChargeTerms,
        span: Span,
        role: ClaimRole,
        (priced, earlier): (&Priced<'a>, i64),
        usage: Vec<UsageId>,
        out: &mut Outcome<'a>,
    ) {
        let amount = priced.minor - earlier;
        let segment = self.next_segment(span);
        self.made.push((span, segment));
        let derivation = priced.derivation(terms, earlier);
        let quantity = derivation.quantity();
        let unit_price = match terms.model {
            Model::Flat | Model::PerUnit | Model::Package => terms.price,
            Model::Tiered
            | Model::Volume
            | Model::Overage
            | Model::TieredOverage
            | Model::DiscountPercent
            | Model::DiscountFixed => effective(self.ctx, amount, quantity),
        };
        out.lines.push(Line {
            placed: self.placed,
            version: piece.version,
            target: None,
            corrects: None,
            span,
            role,
            segment,
            said_minor: amount,
            rated_minor: amount,
            how: How::Rated(Box::new(derivation)),
            quantity,
            unit_price,
            usage,
            rate: None,
            order: self.placed.order,
        });
    }

    /// Usage of pieces that are not due, or that no piece covers, stays pending.
    fn leftover_usage(&self, out: &mut Outcome<'a>) {
        let Some(records) = self.records else { return };
        for record in &records.fresh {
            let day = Span { from: record.start_on, to: record.start_on };
            if self.touching(day).iter().any(|p| p.due) {
                continue;
            }
            out.pending.push((record.id, PendingReason::NotDue));
        }
    }
}

/// A billed line, or late usage on top of it, while days are taken off.
struct Layer<'a> {
    at: usize,
    claim: &'a Claim,
    /// As rated, minor units.
    stands: i64,
    /// What may still be credited, minor units.
    left: i64,
}

/// What one layer gives back.
struct TakeBack {
    layer: usize,
    credit: Credit,
}

/// Brings the layers down (or, where fewer units cost more, up) to what the days that stay cost:
/// the newest late usage gives first; with no days left every layer gives all it has.
fn take_back(layers: &mut [Layer<'_>], costs: &[(Span, i64)]) -> Vec<TakeBack> {
    let cost: i64 = costs.iter().map(|(_, cost)| cost).sum();
    let stood: i64 = layers.iter().map(|l| l.stands).sum();
    let mut over = stood - cost;
    let alone = layers.len() == 1;
    let mut steps = Vec::with_capacity(layers.len());
    for (i, layer) in layers.iter_mut().enumerate().rev() {
        let back = match i {
            _ if costs.is_empty() => layer.stands,
            0 => over,
            1.. => over.clamp(0, layer.stands.max(0)),
        };
        over -= back;
        let stays = layer.stands - back;
        let kept = if alone {
            costs.iter().map(|(s, cost)| (s.from, s.to, *cost)).collect()
        } else {
            let ends = costs.first().zip(costs.last());
            ends.map(|((a, _), (b, _))| (a.from, b.to, stays)).into_iter().collect()
        };
        let whole = (layer.claim.from, layer.claim.to);
        let credit =
            Credit { stood_minor: layer.stands, whole, kept, edited: None, left_minor: None };
        layer.stands = stays;
        if back != 0 || i == 0 {
            steps.push(TakeBack { layer: i, credit });
        }
    }
    steps
}

/// The average price of a unit, to four decimals, for print.
fn effective(ctx: &Ctx<'_>, amount: i64, quantity: Decimal) -> Decimal {
    let amount = ctx.input.currency.to_decimal(amount);
    amount.checked_div(quantity).map_or(amount, |price| price.round_dp(4))
}

/// Scales a credit to what stands on an edited item and holds it to what is left: the derivation
/// and the amount, which may be nothing.
pub(crate) fn limit(
    ctx: &Ctx<'_>,
    placed: &Placed<'_>,
    claim: &Claim,
    mut credit: Credit,
    left: i64,
    everything: bool,
) -> Result<(How, i64), BillError> {
    let said = said_of(claim);
    let rated = credit.rated_minor();
    let mut amount = rated;
    if said != claim.rated_minor {
        credit.edited = Some((said, claim.rated_minor));
        amount =
            proportion(rated, said, claim.rated_minor, &ctx.rules.rounding, ctx.input.currency)
                .map_err(too_large(placed.charge))?;
    }
    // A correction upwards (fewer units can cost more) has no limit.
    let reduces = amount.signum() * said.signum() <= 0;
    let over = reduces && amount.abs() > left.abs();
    if over || (everything && amount != -left) {
        credit.left_minor = Some(left);
        amount = -left;
    }
    Ok((How::Credit(Box::new(credit)), amount))
}
