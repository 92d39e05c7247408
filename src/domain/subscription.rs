//! Subscriptions: the contract that charges belong to, with its term and suspensions.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// What a subscription is at one time: the columns of subscriptions.csv.
///
/// Dates here are absolute: the newest recorded version's dates rule the whole time line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubscriptionTerms {
    /// First day of service.
    pub start_on: NaiveDate,
    /// Length of a term in months; none = evergreen.
    pub term_months: Option<u32>,
    /// Whether a term renews by itself when it ends.
    pub auto_renew: bool,
    /// Last day served; none = open.
    pub end_on: Option<NaiveDate>,
    /// First day of a suspension.
    pub suspended_from: Option<NaiveDate>,
    /// First day served again after the suspension.
    pub resumed_from: Option<NaiveDate>,
    /// Purchase order number; wins over the account's.
    pub po_number: String,
}
