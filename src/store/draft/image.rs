//! What is kept of a draft before and after a clerk's change: plain data, stored as JSON.

use crate::domain::billing::ClaimRole;
use crate::domain::claimed::Claimed;
use crate::domain::document::{DocumentKind, DocumentTax, Flag, Review};
use crate::domain::explain::Derivation;
use crate::domain::ids::{ChargeId, ChargeVersionId, ItemId, SubscriptionId, UsageId};
use crate::domain::period::Anchor;
use crate::store::document::{DocumentRow, Origin};
use crate::store::json::Json;
use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// What a clerk said of a draft, and what changed under it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewImage {
    /// Accepted, held or nothing.
    pub review: Review,
    /// The version that was accepted.
    pub version: Option<i64>,
    /// Who said so.
    pub by: Option<String>,
    /// When, UTC milliseconds.
    pub at: Option<i64>,
    /// Why it is held.
    pub hold_reason: String,
    /// Who looks after it.
    pub hold_owner: String,
    /// When to look again.
    pub hold_until: Option<NaiveDate>,
    /// What changed since it was rated.
    pub stale: String,
    /// Its tags, by letters and separated by blanks.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub tags: String,
}

/// A claim of a line, or of a waived one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldClaim {
    pub charge: ChargeId,
    /// Of a discount: the charge discounted.
    pub target: Option<ChargeId>,
    /// First day.
    pub from: NaiveDate,
    /// Last day.
    pub to: NaiveDate,
    /// See `domain::billing::Claim::segment`.
    pub segment: u32,
    /// What it says of its days.
    pub role: ClaimRole,
    /// Version of the charge.
    pub version: ChargeVersionId,
    /// What rating gave, minor units.
    pub rated_minor: i64,
    /// See `domain::billing::Claim::period`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<Anchor>,
}

/// A usage record held by a line, or by a waived one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldUsage {
    /// The record.
    pub usage: UsageId,
    /// The charge that bills it.
    pub charge: ChargeId,
}

/// A line with what it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineImage {
    /// Row identity; 0 = not written yet.
    pub id: ItemId,
    /// The charge; none for a line made by hand.
    pub charge: Option<ChargeId>,
    /// Version of the charge.
    pub version: Option<ChargeVersionId>,
    pub subscription: Option<SubscriptionId>,
    /// Of a discount: the charge discounted.
    pub target: Option<ChargeId>,
    /// Of a credit: the item corrected.
    pub corrects: Option<ItemId>,
    /// As printed.
    pub description: String,
    /// First day of service.
    pub service_from: Option<NaiveDate>,
    /// Last day of service.
    pub service_to: Option<NaiveDate>,
    pub quantity: Decimal,
    pub unit_price: Decimal,
    /// Net, minor units.
    pub amount_minor: i64,
    /// With an inclusive tax: tax included.
    pub gross_minor: Option<i64>,
    pub tax_code: String,
    /// Ledger account; empty = default.
    pub revenue_account: String,
    /// How it came about.
    pub origin: Origin,
    /// How the amount came about.
    pub derivation: Json<Derivation>,
    /// What it claims.
    pub claims: Vec<HeldClaim>,
    /// The usage it bills.
    pub usage: Vec<HeldUsage>,
}

/// What is printed of a draft, and what it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DraftImage {
    /// Invoice or memo: rating again may turn one into the other.
    pub kind: DocumentKind,
    /// Version of the account.
    pub account_version: i64,
    pub invoice_on: NaiveDate,
    pub due_on: NaiveDate,
    /// Whether a clerk set it.
    pub due_by_hand: bool,
    /// Purchase order number.
    pub po_number: String,
    /// Printed note.
    pub note: String,
    /// Net.
    pub subtotal_minor: i64,
    pub tax_minor: i64,
    /// Net + tax.
    pub total_minor: i64,
    /// Review order.
    pub risk: i64,
    /// The lines, in print order.
    pub lines: Vec<LineImage>,
    /// Tax by code and rate.
    pub taxes: Vec<DocumentTax>,
    /// Claims of lines that a clerk waived.
    pub waived: Vec<HeldClaim>,
    /// Usage of lines that a clerk waived.
    pub waived_usage: Vec<HeldUsage>,
    /// Flags, but for `stale`, which has a life of its own.
    pub flags: Vec<Flag>,
}

/// A draft's review, and its content where that changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// What was said of it.
    pub review: ReviewImage,
    /// What it says; none where an operation left that alone.
    pub draft: Option<DraftImage>,
    /// Who had taken it; none where an operation left that alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<ClaimImage>,
}

/// Which clerk has a draft, if one has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimImage {
    pub by: Option<Claimed>,
}

impl DraftImage {
    /// Whether both say the same and hold the same: row identities do not count.
    pub fn same(&self, other: &Self) -> bool {
        let plain = |image: &Self| {
            let mut image = image.clone();
            for line in &mut image.lines {
                line.id = ItemId(0);
            }
            image
        };
        plain(self) == plain(other)
    }
}

impl ReviewImage {
    /// The review part of a document's row.
    pub fn of(row: &DocumentRow, reviewed_at: Option<i64>) -> Self {
        Self {
            review: row.review,
            version: row.reviewed_version,
            by: row.reviewed_by.clone(),
            at: reviewed_at,
            hold_reason: row.hold_reason.clone(),
            hold_owner: row.hold_owner.clone(),
            hold_until: row.hold_until,
            stale: row.stale.clone(),
            tags: row.tags.clone(),
        }
    }
}
