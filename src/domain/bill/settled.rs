//! Days of an account on which nothing is left to do, so that a run need not read again what was
//! billed on them. Billing the same days from all claims would make the same of them: nothing.

use super::Ctx;
use super::pieces::Piece;
use super::reconcile::Series;
use crate::domain::billing::ClaimRole;
use crate::domain::period::{Span, before};
use chrono::NaiveDate;

/// Whether nothing is left to do through a day, while an account is billed.
pub(super) struct Settling {
    /// The day that is tried.
    through: Option<NaiveDate>,
    /// Whether some period is held whole.
    held: bool,
}

impl Settling {
    /// Tries the day before the newest posted document, every draft, usage that nothing holds and
    /// the target: what those hold is compared with and may still change. Runs that leave charges
    /// out, and accounts with discounts (which follow their lines, however old), settle nothing.
    pub(super) fn new(ctx: &Ctx<'_>, discounted: bool) -> Self {
        let claims = &ctx.input.claims;
        let open = claims.iter().filter(|c| !c.posted && c.role != ClaimRole::Waived);
        let newest = claims.iter().filter(|c| c.posted).map(|c| c.document).max();
        let newest = claims.iter().filter(|c| Some(c.document) == newest);
        let first = newest.chain(open).map(|c| c.from).min();
        let usage = ctx.input.usage.iter().map(|u| u.start_on);
        let through =
            first.into_iter().chain(usage).chain([ctx.dates.target]).min().and_then(before);
        let discounted = discounted || claims.iter().any(|c| c.target.is_some());
        let whole = !discounted && ctx.dates.exclude.is_empty() && first.is_some();
        let through = through.filter(|day| whole && ctx.input.settled.is_none_or(|old| *day > old));
        Self { through, held: ctx.input.settled.is_some() }
    }

    /// Looks at a charge that was just billed. Through the day, periods must be over, held by
    /// posted lines that reach into no later one; and of the lines that reach beyond it at most
    /// the last one may have begun before, and none that does not reaches beyond the last line of all
    /// (the store finds what it reads by that).
    pub(super) fn look(&mut self, series: &Series<'_, '_>) {
        let Some(through) = self.through else { return };
        let over = |p: &Piece| p.run.to <= through;
        let last = series.claims.iter().map(|c| c.from).filter(|from| *from <= through).max();
        let newest = series.claims.iter().max_by_key(|c| (c.from, c.to)).map(|c| c.to);
        let settled = series.claims.iter().all(|c| {
            let mut pieces = series.touching(Span { from: c.from, to: c.to }).iter();
            if c.to <= through {
                let posted = c.posted || c.role == ClaimRole::Waived;
                posted && Some(c.to) <= newest && pieces.all(over)
            } else {
                c.from > through || (Some(c.from) == last && !pieces.any(over))
            }
        });
        self.held = self.held
            || series.pieces.iter().any(|p| over(p) && series.cover.gaps(p.span).is_empty());
        self.through = Some(through).filter(|_| settled);
    }

    /// The day, if no line of this run reaches back to it.
    pub(super) fn done(self, lines: impl Iterator<Item = NaiveDate>) -> Option<NaiveDate> {
        let first = lines.min();
        self.through.filter(|day| self.held && first.is_none_or(|from| from > *day))
    }
}
