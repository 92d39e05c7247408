//! What stands of billed lines, and how much a line gives back: limits, edits, late usage on top.

use super::line::said_of;
use super::{BillError, Ctx, Placed, too_large};
use crate::domain::billing::{Claim, ClaimRole};
use crate::domain::explain::{Credit, How, proportion};
use crate::domain::period::Span;

/// What stands of each claim, rated scale: credits are taken off the claim they correct.
pub(super) fn standing_amounts(claims: &[&Claim]) -> Vec<i64> {
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
pub(super) fn gives_back(claim: &Claim) -> bool {
    match claim.role {
        ClaimRole::Credited => true,
        ClaimRole::Late => claim.corrects.is_some(),
        ClaimRole::Billed | ClaimRole::Waived => false,
    }
}

/// A billed line, or late usage on top of it, while days are taken off.
pub(super) struct Layer<'a> {
    /// Index of its claim.
    pub(super) at: usize,
    pub(super) claim: &'a Claim,
    /// As rated, minor units.
    pub(super) stands: i64,
    /// What may still be credited, minor units.
    pub(super) left: i64,
}

/// What one layer gives back.
pub(super) struct TakeBack {
    /// Which, by index.
    pub(super) layer: usize,
    /// How much, and why.
    pub(super) credit: Credit,
}

/// Brings the layers down (or, where fewer units cost more, up) to what the days that stay cost:
/// the newest late usage gives first; with no days left every layer gives all it has.
pub(super) fn take_back(layers: &mut [Layer<'_>], costs: &[(Span, i64)]) -> Vec<TakeBack> {
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
