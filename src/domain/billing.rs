//! From what an account has bought to its draft documents: the shapes that the bill run hands in
//! and gets back. The rules are in the sibling modules (`period`, `proration`, `rating`,
//! `discount`, `tax`, `term`), put together by [`super::bill::bill_account`].

use super::account::{AccountTerms, Version};
use super::charge::{ChargeTerms, ChargeType};
use super::conversion::Rate;
use super::document::{DocumentKind, DocumentTax, TaxRate};
use super::ids::{
    AccountId, ChargeId, ChargeVersionId, DocumentId, ItemId, SubscriptionId, UsageId,
};
use super::money::{Currency, Rounding};
use super::period::Anchor;
use super::subscription::SubscriptionTerms;
use chrono::NaiveDate;
use rust_decimal::Decimal;
use std::sync::Arc;

text_enum! {
    /// How a part of a month is measured (`proration.month_basis`).
    MonthBasis {
        /// By the days of that month cell.
        Actual = "actual",
        /// Days over 30.
        Actual360 = "actual_360",
        /// Every month has 30 days, its last day is the 30th.
        Strict30360 = "strict_30_360",
    }
}

text_enum! {
    /// How a part of a longer period is measured (`proration.long_periods`).
    LongPeriods {
        /// Whole months plus part months.
        ByMonth = "by_month",
        /// Days over the days of the whole period.
        ByDay = "by_day",
    }
}

text_enum! {
    /// What usage is rated together (`usage.group`).
    UsageGroup {
        /// All of a billing period.
        BillingPeriod = "billing_period",
        /// What starts on one day.
        StartDate = "start_date",
        /// Each record alone.
        Record = "record",
    }
}

text_enum! {
    /// What happens to usage of a period that was billed already (`usage.late`).
    LateUsage {
        /// Stays pending and says so.
        Hold = "hold",
        /// Billed in the next run, rated with its own period.
        NextRun = "next_run",
    }
}

text_enum! {
    /// What a usage charge without records makes (`usage.without_records`).
    WithoutRecords {
        /// A line (0.00 or the flat fees).
        ZeroLine = "zero_line",
        /// Nothing.
        NoLine = "no_line",
    }
}

text_enum! {
    /// When negative charges become a credit memo (`memo.rule`).
    MemoRule {
        /// One memo when the whole is negative.
        NetNegative = "net_negative",
        /// When the whole is negative, the negative charges go on a memo.
        NetNegativeByCharge = "net_negative_by_charge",
        /// Every negative charge goes on a memo.
        AllNegative = "all_negative",
    }
}

text_enum! {
    /// Which date chooses the tax rate (`tax.point`).
    TaxPoint {
        InvoiceDate = "invoice_date",
        /// The last day of the line's service period.
        ServiceEnd = "service_end",
    }
}

/// Every setting that changes what is billed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BillingRules {
    /// `proration.month_basis`.
    pub month_basis: MonthBasis,
    /// `proration.long_periods`.
    pub long_periods: LongPeriods,
    /// `proration.bill_partial_month`.
    pub bill_partial_month: bool,
    /// `proration.prorate`.
    pub prorate: bool,
    /// `usage.group`.
    pub usage_group: UsageGroup,
    /// `usage.late`.
    pub late_usage: LateUsage,
    /// `usage.without_records`.
    pub without_records: WithoutRecords,
    /// `memo.rule`.
    pub memo_rule: MemoRule,
    /// `rounding.mode`, `rounding.increment`.
    pub rounding: Rounding,
    /// `tax.point`.
    pub tax_point: TaxPoint,
}

/// What a run bills.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillDates {
    /// Everything due up to here is billed.
    pub target: NaiveDate,
    /// Printed; drives the due date.
    pub invoice_date: NaiveDate,
    /// Charge types left out.
    pub exclude: Vec<ChargeType>,
    /// Whether terms that end renew by themselves.
    pub auto_renew: bool,
}

/// All that is known of one account when it is billed.
#[derive(Debug, Clone)]
pub struct AccountInput {
    pub id: AccountId,
    /// Account number.
    pub number: String,
    /// The currency; the same in every version.
    pub currency: Currency,
    /// Every version of the account.
    pub versions: Vec<Version<AccountTerms>>,
    pub subscriptions: Vec<SubscriptionInput>,
    /// Usage that no item holds yet, any date.
    pub usage: Vec<UsageRecord>,
    /// Usage that items hold already; given only when unclaimed usage reaches into a billed
    /// period or a usage charge may have to be corrected.
    pub billed_usage: Vec<UsageRecord>,
    /// Everything billed before that still stands, and its credits; of settled days, only the last
    /// line of each charge.
    pub claims: Vec<Claim>,
    /// The day through which nothing is left to do, as an earlier [`AccountBill::settled`] said of
    /// the same terms, rules and claims; a target must lie after it.
    pub settled: Option<NaiveDate>,
}

/// One subscription with its charges.
#[derive(Debug, Clone)]
pub struct SubscriptionInput {
    pub id: SubscriptionId,
    /// Subscription number.
    pub number: String,
    /// Every version.
    pub versions: Vec<Version<SubscriptionTerms>>,
    pub charges: Vec<ChargeInput>,
}

#[derive(Debug, Clone)]
pub struct ChargeInput {
    pub id: ChargeId,
    /// Charge number.
    pub number: String,
    /// Every version; `Version::id` is the [`ChargeVersionId`].
    pub versions: Vec<Version<ChargeTerms>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageRecord {
    pub id: UsageId,
    /// Unit of measure.
    pub uom: String,
    /// How much.
    pub quantity: Decimal,
    /// The day that decides the period.
    pub start_on: NaiveDate,
    /// Only this subscription may bill it.
    pub subscription: Option<SubscriptionId>,
    /// Only this charge may bill it.
    pub charge: Option<ChargeId>,
    /// The charge whose item holds it (of `billed_usage` only).
    pub held_by: Option<(ChargeId, ItemId)>,
}

/// What an item holds: that a charge was billed (or credited) for some days.
///
/// Unique in the book on (charge, target, from, segment): a second billing of the same days needs
/// the next segment, which the rules give only after a credit or for late usage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The charge (of a discount line: the discount charge).
    pub charge: ChargeId,
    /// Of a discount line: the charge that was discounted.
    pub target: Option<ChargeId>,
    /// First day covered.
    pub from: NaiveDate,
    /// Last day covered, included.
    pub to: NaiveDate,
    /// 0 for the first billing of these days; credits, re-billings and late usage count on.
    pub segment: u32,
    /// What it says of the days.
    pub role: ClaimRole,
    /// The item that holds it; none for a waived line.
    pub item: Option<ItemId>,
    /// The document of that item.
    pub document: DocumentId,
    /// Whether that document is posted; a draft's claims are not corrected, only counted as there.
    pub posted: bool,
    /// The version of the charge it was rated from.
    pub version: ChargeVersionId,
    /// What rating gave, minor units (negative for credits and discounts).
    pub rated_minor: i64,
    /// Of a billed line: the period its days were a share of. None where it was billed before
    /// that was kept, and for all else.
    pub period: Option<Anchor>,
    /// What stands on the item after edits, minor units.
    pub amount_minor: i64,
    /// Of a posted `Billed` item: what may still be credited, minor units, in the item's sign:
    /// amount less all credits by amendment and by memo.
    pub left_minor: i64,
    /// With an inclusive tax: what stands on the item with its tax, minor units.
    pub gross_minor: Option<i64>,
    /// What may still be credited of that, minor units; none where its credits do not say what tax
    /// is inside of them.
    pub gross_left_minor: Option<i64>,
    /// Of a `Credited` claim: the item it corrects.
    pub corrects: Option<ItemId>,
    /// The rate the item was taxed by: its credit is taxed by the same. None without a tax code.
    pub tax: Option<Arc<TaxRate>>,
    /// Where it was billed in a currency that the account's took the place of: at which rate all
    /// amounts here were converted. A lev is never given back as a euro.
    pub converted: Option<Rate>,
}

text_enum! {
    /// What a claim says of its days.
    ClaimRole {
        Billed = "billed",
        /// Billed more for days that were billed before (late usage).
        Late = "late",
        /// Given back: no longer billed.
        Credited = "credited",
        /// Left out by a clerk for good: counts as billed at zero.
        Waived = "waived",
    }
}

/// What the rules make of an account: drafts, and what they leave alone.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AccountBill {
    /// The drafts; empty when nothing is due.
    pub documents: Vec<DraftDocument>,
    /// Usage that stays pending, and why.
    pub pending: Vec<(UsageId, PendingReason)>,
    /// Whether something was due in this span that earlier documents hold already.
    pub already_billed: bool,
    /// The day through which nothing is left to do and nothing was done, if it is a later one than
    /// was known: no run needs to read what was billed up to it, unless terms, usage or claims of
    /// those days change.
    pub settled: Option<NaiveDate>,
}

/// A draft document before it has a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftDocument {
    /// Invoice or credit memo.
    pub kind: DocumentKind,
    pub invoice_on: NaiveDate,
    /// Due date by the payment term.
    pub due_on: NaiveDate,
    /// Purchase order number.
    pub po_number: String,
    /// The lines, in print order.
    pub items: Vec<DraftItem>,
    /// Tax by code.
    pub taxes: Vec<DocumentTax>,
    /// Net, minor units.
    pub subtotal_minor: i64,
    /// Tax, minor units.
    pub tax_minor: i64,
    /// Net + tax, minor units.
    pub total_minor: i64,
}

/// A line before it has a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftItem {
    pub charge: ChargeId,
    /// The version it was rated from.
    pub version: ChargeVersionId,
    /// The subscription, for grouping in print.
    pub subscription: SubscriptionId,
    /// Of a discount: the charge it discounts.
    pub target: Option<ChargeId>,
    /// Of a credit: the posted item it corrects.
    pub corrects: Option<ItemId>,
    /// What is printed.
    pub description: String,
    /// First day of service.
    pub service_from: NaiveDate,
    /// Last day of service, included.
    pub service_to: NaiveDate,
    /// Quantity as printed.
    pub quantity: Decimal,
    /// Unit price as printed (effective price where tiers mix).
    pub unit_price: Decimal,
    /// Net, minor units.
    pub amount_minor: i64,
    /// With an inclusive tax: what the line says, tax included.
    pub gross_minor: Option<i64>,
    /// Revenue account for the ledger; empty = the default.
    pub revenue_account: String,
    /// Tax code; empty = none.
    pub tax_code: String,
    /// The rate it is taxed by: with the code it names its row in [`DraftDocument::taxes`].
    pub tax_rate: Option<Arc<TaxRate>>,
    /// How the amount came about.
    pub derivation: super::explain::Derivation,
    /// What it claims.
    pub claim: NewClaim,
    /// The usage records it holds.
    pub usage: Vec<UsageId>,
}

/// The claim of a new line; charge, target, days and version are the item's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewClaim {
    /// First day covered (the item's own, except where a credit covers more or less).
    pub from: NaiveDate,
    /// Last day covered.
    pub to: NaiveDate,
    /// See [`Claim::segment`].
    pub segment: u32,
    /// See [`Claim::role`].
    pub role: ClaimRole,
    /// See [`Claim::rated_minor`].
    pub rated_minor: i64,
    /// See [`Claim::period`].
    pub period: Option<Anchor>,
}

text_enum! {
    /// Why usage is not billed.
    PendingReason {
        /// No charge of the account has that unit.
        NoCharge = "no charge with that unit",
        /// Its period was billed already and late usage is held.
        PeriodBilled = "its period is already billed (late usage is held)",
        /// Its day lies outside every charge with that unit.
        OutsideService = "its day is outside the service of every charge with that unit",
        /// The account is suspended or canceled.
        AccountInactive = "the account is not active",
        /// The subscription was suspended on that day.
        SubscriptionSuspended = "the subscription is suspended on that day",
        /// Its period has not ended by the target date.
        NotDue = "its period has not ended by the target date",
        /// More than one charge may bill it on its day, and it names none.
        SeveralCharges = "more than one charge could bill it: give it a CHARGE_ID",
        /// Another system billed its period (billed_through).
        BilledElsewhere = "another system billed its period (billed_through)",
    }
}

/// Rates by code; see [`TaxRate::valid_from`].
pub type TaxTable = Vec<TaxRate>;
