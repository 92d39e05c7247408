//! Discounts on a line that is the rest of a whole: the discount of the whole is rounded once, so
//! that the discounts of its parts sum to it as the parts themselves do.

use super::Placed;
use super::cover::{Cover, Held};
use super::discounts::Base;
use super::line::Line;
use super::rediscount::{same_terms, standing_of};
use crate::domain::billing::{Claim, ClaimRole};
use crate::domain::charge::Model;
use crate::domain::period::Span;

/// What a discount is to count with beside its line.
#[derive(Clone, Copy)]
pub(super) struct Earlier {
    /// The days of the whole.
    pub(super) days: Span,
    /// What stands earlier of what it is taken of, minor units.
    pub(super) of: i64,
    /// What was given there, minor units.
    pub(super) given: i64,
}

/// What stands of a whole on earlier lines, while discounts are taken off its rest one after the
/// other.
pub(super) struct Rest {
    days: Span,
    stands: i64,
    left: i64,
    stacked: i64,
    known: bool,
}

impl Rest {
    pub(super) fn new(days: Span, stands: i64) -> Self {
        Self { days, stands, left: stands, stacked: 0, known: true }
    }

    /// What a discount is to count with beside its line. None where the earlier lines were not all discounted by it on
    /// the same terms; then later ones have no common whole either.
    pub(super) fn earlier(
        &mut self,
        discount: &Placed<'_>,
        base: Base<'_>,
        claims: &[&Claim],
        made: &[Line<'_>],
    ) -> Option<Earlier> {
        if !self.known {
            return None;
        }
        let Some(given) = given_beside(self.days, discount, base, claims, made) else {
            self.known = false;
            return None;
        };
        let stacks = discount.terms.stacked && discount.terms.model == Model::DiscountPercent;
        let of = if stacks { self.stands } else { self.left };
        let before = if stacks { self.stacked } else { 0 };
        self.left -= given;
        self.stacked += if stacks { given } else { 0 };
        Some(Earlier { days: self.days, of, given: before + given })
    }
}

/// What stands of a discount on all days of a whole but those of its rest, as rated.
fn given_beside(
    days: Span,
    discount: &Placed<'_>,
    base: Base<'_>,
    claims: &[&Claim],
    made: &[Line<'_>],
) -> Option<i64> {
    let mine: Vec<&Claim> = claims
        .iter()
        .copied()
        .filter(|c| c.charge == discount.charge.id && c.from <= days.to && c.to >= days.from)
        .collect();
    let new: Vec<&Line<'_>> = made
        .iter()
        .filter(|l| {
            l.placed.charge.id == discount.charge.id
                && l.target == Some(base.placed.charge.id)
                && l.span.meet(days).is_some()
        })
        .collect();
    let cover = Cover::of(&mine);
    let mut given = 0;
    for (at, claim) in mine.iter().enumerate() {
        let span = Span { from: claim.from, to: claim.to };
        match claim.role {
            ClaimRole::Billed if claim.posted => {}
            ClaimRole::Credited if claim.posted => continue,
            ClaimRole::Billed | ClaimRole::Credited | ClaimRole::Late | ClaimRole::Waived => {
                return None;
            }
        }
        let now = || new.iter().filter(|l| l.corrects.is_some() && l.corrects == claim.item);
        // What stands of a line on days outside alone is no part of the whole.
        let stays = |h: &Held| {
            let days = h.span.meet(days).filter(|_| h.owner == at);
            days.is_some_and(|days| !days.without(now().map(|l| l.span)).is_empty())
        };
        if !days.holds(span) && !cover.touching(days).iter().any(stays) {
            continue;
        }
        let stands = standing_of(claim, &mine) + now().map(|l| l.rated_minor).sum::<i64>();
        // What was taken back whole may have lain elsewhere, at other terms.
        if stands != 0 && !(days.holds(span) && same_terms(discount, claim, span)) {
            return None;
        }
        given -= stands;
    }
    let gaps = cover.gaps(days);
    let mut held = days.without(gaps);
    for line in new {
        held = held.into_iter().flat_map(|span| span.without([line.span])).collect();
        if line.role != ClaimRole::Credited {
            if !days.holds(line.span) {
                return None;
            }
            given -= line.rated_minor;
            held.push(line.span);
        }
    }
    (days.without(held) == [base.span]).then_some(given)
}
