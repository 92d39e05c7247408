//! A line on its way to a document.

use super::Placed;
use crate::domain::billing::{Claim, ClaimRole};
use crate::domain::document::TaxRate;
use crate::domain::explain::How;
use crate::domain::ids::{ChargeId, ItemId, UsageId};
use crate::domain::period::Span;
use rust_decimal::Decimal;
use std::sync::Arc;

/// A line before documents are split and taxed.
pub(crate) struct Line<'a> {
    /// The charge.
    pub(crate) placed: &'a Placed<'a>,
    /// Index of the version it was rated from.
    pub(crate) version: usize,
    /// Of a discount: the discounted charge.
    pub(crate) target: Option<ChargeId>,
    /// Of a credit: the corrected item.
    pub(crate) corrects: Option<ItemId>,
    /// The days.
    pub(crate) span: Span,
    /// What it says of them.
    pub(crate) role: ClaimRole,
    /// See [`Claim::segment`].
    pub(crate) segment: u32,
    /// What the line says, before an inclusive tax is taken out, minor units.
    pub(crate) said_minor: i64,
    /// What rating gave, minor units.
    pub(crate) rated_minor: i64,
    /// How the amount came about.
    pub(crate) how: How,
    /// Quantity as printed.
    pub(crate) quantity: Decimal,
    /// Unit price as printed.
    pub(crate) unit_price: Decimal,
    /// The records it holds.
    pub(crate) usage: Vec<UsageId>,
    /// Of a credit: the rate of the corrected item.
    pub(crate) rate: Option<Arc<TaxRate>>,
    /// Where it is the rest of a whole: the whole's days, and what stands of it on earlier lines,
    /// minor units.
    pub(crate) rest_of: Option<(Span, i64)>,
    /// Print order: of the line itself, or of the line it discounts.
    pub(crate) order: (usize, usize),
}

/// What stands on a claim's item before an inclusive tax is taken out, minor units.
pub(crate) fn said_of(claim: &Claim) -> i64 {
    claim.gross_minor.unwrap_or(claim.amount_minor)
}

/// What may still be credited, on the same scale as [`said_of`].
pub(crate) fn left_of(claim: &Claim) -> i64 {
    match claim.gross_minor {
        None => claim.left_minor,
        Some(gross) if claim.left_minor == claim.amount_minor => gross,
        Some(_) if claim.gross_left_minor.is_some() => claim.gross_left_minor.unwrap_or(0),
        Some(_) if claim.amount_minor == 0 => 0,
        Some(gross) => {
            let part = i128::from(gross) * i128::from(claim.left_minor);
            i64::try_from(part / i128::from(claim.amount_minor)).unwrap_or(0)
        }
    }
}
