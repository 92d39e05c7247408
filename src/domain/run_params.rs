//! What a run is made with, as a person or a schedule says it, and as the book keeps it.

use super::charge::ChargeType;
use super::ids::{BillRunId, ScheduleId};
use super::money::Currency;
use super::schedule::ScheduleKind;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// Which customers a bill run takes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AccountFilter {
    /// Only these batches; empty = all.
    pub batches: Vec<String>,
    /// Only this account, by number; empty = all.
    pub account: String,
    /// Which bill cycle days.
    pub bcd: BcdFilter,
}

/// Which bill cycle days a run takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum BcdFilter {
    /// Every one.
    #[default]
    All,
    /// One day, 1–31.
    Day(u32),
    /// The day of the run; on a month's last day every one at or after it.
    RunDay,
}

/// A payment run.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct NewPaymentRun {
    /// Invoices due on or before this day.
    pub target_on: NaiveDate,
    /// Only invoices of this bill run.
    pub bill_run: Option<BillRunId>,
    /// Only this account, by number; empty = all.
    pub account: String,
    /// Only these batches; empty = all.
    pub batches: Vec<String>,
    /// Only this currency.
    pub currency: Option<Currency>,
    /// Only accounts with this bill cycle day.
    #[serde(default)]
    pub bill_cycle_day: Option<u32>,
    /// Only methods of this gateway.
    #[serde(default)]
    pub gateway: Option<String>,
    /// One payment per account instead of one per invoice.
    pub consolidate: bool,
}

/// How strictly a run of retries judges; not in the filter of an ordinary run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mode {
    /// A run of retries: its list was made with it.
    pub retry: bool,
    /// A person asked: rules of time and count give way, the bank's "never" does not.
    pub by_hand: bool,
}

/// What a payment run was made with: column `payment_run.filter`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum RunFilter {
    /// It picks what is due.
    Due(NewPaymentRun),
    /// It has its list.
    Retry(Mode),
}

impl RunFilter {
    /// How strictly it judges.
    pub fn mode(&self) -> Mode {
        match self {
            Self::Due(_) => Mode::default(),
            Self::Retry(mode) => *mode,
        }
    }

    /// The one gateway it charges at; empty = any.
    pub fn gateway(&self) -> &str {
        match self {
            Self::Due(new) => new.gateway.as_deref().unwrap_or_default(),
            Self::Retry(_) => "",
        }
    }
}

/// What a schedule makes; dates are rules from the slot's day. Column `schedule.spec`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Spec {
    /// A bill run.
    Bill {
        /// Target date rule (`+0d`, `+0m:31`).
        target: String,
        /// Invoice date rule.
        invoice: String,
        /// Which accounts.
        accounts: AccountFilter,
        /// Charge types left out.
        exclude: Vec<ChargeType>,
        /// Terms renew by themselves.
        auto_renew: bool,
        /// Post by itself, if the rule allows and the guards agree.
        auto_post: bool,
        /// E-mail after posting by itself.
        auto_email: bool,
        /// No e-mail for zero totals.
        skip_zero_email: bool,
    },
    /// A payment run.
    Collect {
        /// Due-date rule.
        target: String,
        /// Everything else; its target is replaced.
        run: NewPaymentRun,
        /// Waits for the run this bill schedule made on the same day.
        after: Option<ScheduleId>,
    },
}

impl Spec {
    /// What it makes.
    pub fn kind(&self) -> ScheduleKind {
        match self {
            Self::Bill { .. } => ScheduleKind::Bill,
            Self::Collect { .. } => ScheduleKind::Collect,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DUE: &str = r#"{"target_on":"2026-01-31","bill_run":7,"account":"A1","batches":["b"],"currency":"EUR","bill_cycle_day":31,"gateway":"stripe","consolidate":true}"#;

    #[test]
    fn what_older_builds_stored_is_read_and_stored_the_same() {
        let bill = r#"{"Bill":{"target":"+0d","invoice":"+0m:31","accounts":{"batches":[],"account":"","bcd":{"Day":1}},"exclude":["usage"],"auto_renew":true,"auto_post":false,"auto_email":false,"skip_zero_email":true}}"#;
        let collect = format!(r#"{{"Collect":{{"target":"+0d","run":{DUE},"after":3}}}}"#);
        for text in [bill, &collect] {
            let spec: Spec = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&spec).unwrap(), text);
        }
        let due = format!(r#"{{"Due":{DUE}}}"#);
        for text in [&due, r#"{"Retry":{"retry":true,"by_hand":false}}"#] {
            let filter: RunFilter = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&filter).unwrap(), text);
        }
        // Before a run could be narrowed to a day or a gateway.
        let old = r#"{"Due":{"target_on":"2026-01-31","bill_run":null,"account":"","batches":[],"currency":null,"consolidate":false}}"#;
        assert!(serde_json::from_str::<RunFilter>(old).is_ok());
        // The shapes before they said which they are.
        for text in [DUE, r#"{"retry":true,"by_hand":false}"#, "{}"] {
            assert!(serde_json::from_str::<RunFilter>(text).is_err(), "{text}");
        }
    }
}
