//! Which claim holds which days of a charge.

use crate::domain::billing::{Claim, ClaimRole};
use crate::domain::period::{Span, after, before};

/// A stretch of days and the claim (by index) that holds them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// The days.
    pub span: Span,
    /// Index into the claims of the series.
    pub owner: usize,
}

/// The days of one charge (of one discounted charge, for discounts) that claims hold, in order.
#[derive(Debug, Clone, Default)]
pub struct Cover {
    held: Vec<Held>,
}

impl Cover {
    /// Lays the claims over each other in the order of their segments: a billing takes its days; a
    /// posted credit frees those days that the line it corrects still holds; a credit in draft
    /// holds them itself, so that nothing is billed on the strength of a credit that may never be
    /// given; late usage changes nothing. `claims` must be in that order.
    pub fn of(claims: &[&Claim]) -> Self {
        let mut cover = Self { held: Vec::with_capacity(claims.len()) };
        for (owner, claim) in claims.iter().enumerate() {
            let Some(span) = Span::new(claim.from, claim.to) else { continue };
            match claim.role {
                ClaimRole::Billed | ClaimRole::Waived => cover.take(span, owner),
                ClaimRole::Credited => cover.credit(claims, span, owner),
                ClaimRole::Late => {}
            }
        }
        cover
    }

    fn credit(&mut self, claims: &[&Claim], span: Span, owner: usize) {
        let Some(credit) = claims.get(owner) else { return };
        let corrected: Vec<Span> = self
            .touching(span)
            .iter()
            .filter(|h| {
                credit.corrects.is_none()
                    || claims.get(h.owner).is_some_and(|c| c.item == credit.corrects)
            })
            .filter_map(|h| h.span.meet(span))
            .collect();
        for days in corrected {
            if credit.posted {
                self.free(days);
            } else {
                self.take(days, owner);
            }
        }
    }

    /// Every held stretch, in order.
    pub fn held(&self) -> &[Held] {
        &self.held
    }

    /// The held stretches that touch `span`.
    pub fn touching(&self, span: Span) -> &[Held] {
        let first = self.held.partition_point(|h| h.span.to < span.from);
        let rest = self.held.get(first..).unwrap_or_default();
        let count = rest.partition_point(|h| h.span.from <= span.to);
        rest.get(..count).unwrap_or_default()
    }

    /// The days of `span` that nothing holds.
    pub fn gaps(&self, span: Span) -> Vec<Span> {
        let held = self.touching(span);
        if held.is_empty() {
            return vec![span];
        }
        let mut gaps = Vec::new();
        let mut next = Some(span.from);
        for h in held {
            let Some(from) = next else { break };
            gaps.extend(before(h.span.from).and_then(|to| Span::new(from, to)));
            next = after(h.span.to).map(|day| day.max(from));
        }
        gaps.extend(next.and_then(|from| Span::new(from, span.to)));
        gaps
    }

    /// Gives the days to `owner`.
    pub fn take(&mut self, span: Span, owner: usize) {
        if self.held.last().is_none_or(|last| last.span.to < span.from) {
            self.held.push(Held { span, owner });
            return;
        }
        self.free(span);
        let at = self.held.partition_point(|h| h.span.from < span.from);
        self.held.insert(at, Held { span, owner });
    }

    /// Frees the days.
    pub fn free(&mut self, span: Span) {
        let first = self.held.partition_point(|h| h.span.to < span.from);
        let count = self.touching(span).len();
        if count == 0 {
            return;
        }
        let rest: Vec<Held> = self
            .touching(span)
            .iter()
            .flat_map(|h| {
                let owner = h.owner;
                h.span.without([span]).into_iter().map(move |span| Held { span, owner })
            })
            .collect();
        self.held.splice(first..first + count, rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(from: u32, to: u32) -> Span {
        let day = |d| chrono::NaiveDate::from_ymd_opt(2024, 1, d).unwrap();
        Span { from: day(from), to: day(to) }
    }

    #[test]
    fn billing_takes_and_credit_frees() {
        let mut cover = Cover::default();
        cover.take(span(1, 10), 0);
        cover.take(span(21, 31), 1);
        assert_eq!(cover.gaps(span(1, 31)), [span(11, 20)]);
        cover.free(span(5, 7));
        assert_eq!(cover.gaps(span(1, 12)), [span(5, 7), span(11, 12)]);
        cover.take(span(6, 25), 2);
        let owners: Vec<_> = cover.held().iter().map(|h| (h.span, h.owner)).collect();
        assert_eq!(owners, [(span(1, 4), 0), (span(6, 25), 2), (span(26, 31), 1)]);
        assert_eq!(cover.touching(span(5, 5)).len(), 0);
        assert_eq!(cover.touching(span(4, 6)).len(), 2);
        assert_eq!(cover.gaps(span(26, 31)), []);
    }
}
