//! One charge: its pieces against its claims. Credits first, then what nothing holds.

use super::cover::Cover;
use super::credit::standing_amounts;
use super::line::Line;
use super::pieces::{Piece, Priced, pieces, price, share_of};
use super::settled::Settling;
use super::timeline::same_price;
use super::usage::{Records, within};
use super::{BillError, Ctx, Placed, ids};
use crate::domain::billing::{
    Claim, ClaimRole, LateUsage, PendingReason, UsageRecord, WithoutRecords,
};
use crate::domain::charge::{ChargeTerms, ChargeType, Model};
use crate::domain::explain::How;
use crate::domain::ids::UsageId;
use crate::domain::period::Span;
use chrono::NaiveDate;
use rust_decimal::Decimal;

/// What billing an account has made so far.
#[derive(Default)]
pub(crate) struct Outcome<'a> {
    pub(crate) lines: Vec<Line<'a>>,
    /// Usage that stays pending.
    pub(crate) pending: Vec<(UsageId, PendingReason)>,
    /// Whether something due was held already.
    pub(crate) already_billed: bool,
    /// Whether the account has discounts, so that what stands must be known.
    pub(crate) discounted: bool,
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
    /// Of these, the days that another posted line holds already.
    pub(crate) lost: Vec<Span>,
}

/// One charge's books while it is reconciled.
pub(super) struct Series<'s, 'a> {
    pub(super) ctx: &'s Ctx<'a>,
    pub(super) placed: &'a Placed<'a>,
    pub(super) claims: Vec<&'a Claim>,
    pub(super) pieces: Vec<Piece>,
    pub(super) cover: Cover,
    /// By claim: what stands of it on the scale of what was rated; credits taken off.
    pub(super) stands: Vec<i64>,
    /// Days and segments of the lines made in this run.
    pub(super) made: Vec<(Span, u32)>,
    pub(super) records: Option<&'s Records<'a>>,
}

/// Reconciles one charge.
pub(crate) fn charge<'a>(
    ctx: &Ctx<'a>,
    placed: &'a Placed<'a>,
    claims: &[&'a Claim],
    records: Option<&Records<'a>>,
    settling: &mut Settling,
    out: &mut Outcome<'a>,
) -> Result<(), BillError> {
    let target = ctx.dates.target;
    let horizon = claims.iter().map(|c| c.to).max().map_or(target, |to| to.max(target));
    let settled = |day: NaiveDate| ctx.input.settled.is_some_and(|through| day <= through);
    let claims: Vec<&Claim> = claims.iter().copied().filter(|c| !settled(c.to)).collect();
    let mut series = Series {
        ctx,
        placed,
        pieces: pieces(
            placed.charge,
            &placed.line,
            placed.start,
            target,
            horizon,
            ctx.input.settled,
        ),
        cover: Cover::of(&claims),
        stands: standing_amounts(&claims),
        claims,
        made: Vec::new(),
        records,
    };
    series.correct(out)?;
    series.bill(out)?;
    series.leftover_usage(out);
    settling.look(&series);
    Ok(())
}

impl<'a> Series<'_, 'a> {
    /// The terms of a claim's version; the newest if the version is not among those given.
    pub(super) fn terms_of(&self, claim: &Claim) -> (usize, &'a ChargeTerms) {
        let versions = &self.placed.charge.versions;
        let at = versions.iter().position(|v| v.id == claim.version.0);
        let at = at.unwrap_or_else(|| self.placed.line.version_at(claim.from));
        (at, versions.get(at).map_or(self.placed.terms, |v| &v.terms))
    }

    pub(super) fn terms_at(&self, version: usize) -> &'a ChargeTerms {
        self.placed.charge.versions.get(version).map_or(self.placed.terms, |v| &v.terms)
    }

    /// Whether a claim was billed for the same period at the same price as the piece asks. Of a line
    /// that does not say of which period its days were a share, one that began when periods lay
    /// otherwise was shared by the days of another.
    pub(super) fn agrees(&self, claim: &Claim, piece: &Piece) -> bool {
        piece.period.holds(Span { from: claim.from, to: claim.to })
            && match claim.period {
                Some(period) => piece.anchor() == Some(period),
                None => piece.since.is_none_or(|since| claim.from >= since),
            }
            && same_price(self.terms_of(claim).1, self.terms_at(piece.version))
    }

    pub(super) fn touching(&self, span: Span) -> &[Piece] {
        let first = self.pieces.partition_point(|p| p.span.to < span.from);
        let rest = self.pieces.get(first..).unwrap_or_default();
        let count = rest.partition_point(|p| p.span.from <= span.to);
        rest.get(..count).unwrap_or_default()
    }

    /// The segment after every claim and every line of this run on these days.
    pub(super) fn next_segment(&self, span: Span) -> u32 {
        let claimed = self
            .claims
            .iter()
            .filter(|c| c.from <= span.to && c.to >= span.from)
            .map(|c| c.segment);
        let made = self.made.iter().filter(|(s, _)| s.meet(span).is_some()).map(|(_, n)| *n);
        claimed.chain(made).max().map_or(0, |n| n + 1)
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
            if claim.role == ClaimRole::Credited || !self.agrees(claim, piece) {
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
        self.push(piece, terms, span, ClaimRole::Billed, (&priced, earlier), out);
        if let Some(line) = out.lines.last_mut().filter(|_| rest.is_some()) {
            line.rest_of = Some((piece.span, earlier));
        }
        Ok(())
    }

    /// The rated records that no item holds yet.
    fn fresh_of(priced: &Priced<'a>) -> Vec<UsageId> {
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
                let span = piece.span;
                self.push(piece, terms, span, ClaimRole::Late, (&priced, stands), out);
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
        out: &mut Outcome<'a>,
    ) {
        let amount = priced.minor - earlier;
        let segment = self.next_segment(span);
        self.made.push((span, segment));
        let derivation = priced.derivation(piece, terms, earlier);
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
            usage: Self::fresh_of(priced),
            rate: None,
            rest_of: None,
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

/// The average price of a unit, to four decimals, for print.
fn effective(ctx: &Ctx<'_>, amount: i64, quantity: Decimal) -> Decimal {
    let amount = ctx.input.currency.to_decimal(amount);
    amount.checked_div(quantity).map_or(amount, |price| price.round_dp(4))
}
