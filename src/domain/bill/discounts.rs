//! Discounts (in progress).
use super::reconcile::Outcome;
use super::{BillError, ClaimIndex, Ctx, Placed};

pub(crate) fn apply<'a>(
    _ctx: &Ctx<'a>,
    _placed: &'a [Placed<'a>],
    _claims: &ClaimIndex<'a>,
    _out: &mut Outcome<'a>,
) -> Result<(), BillError> {
    Ok(())
}
