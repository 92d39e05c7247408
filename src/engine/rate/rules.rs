//! The settings as the rules of billing take them.

use crate::config::Config;
use crate::domain::billing::{
    BillingRules, LateUsage, LongPeriods, MemoRule, MonthBasis, TaxPoint, UsageGroup,
    WithoutRecords,
};
use crate::domain::money::{Rounding, RoundingMode};
use crate::engine::Error;

/// Reads them; a word the settings table allows and the rules do not is a bug.
pub fn billing(config: &Config) -> Result<BillingRules, Error> {
    let bad = |key: &str| Error::Bug(format!("setting {key} holds {:?}", config.get(key)));
    let word = |key: &'static str| config.get(key);
    let mode = RoundingMode::parse(word("rounding.mode")).ok_or_else(|| bad("rounding.mode"))?;
    let increment = config.decimal("rounding.increment");
    Ok(BillingRules {
        month_basis: MonthBasis::parse(word("proration.month_basis"))
            .ok_or_else(|| bad("proration.month_basis"))?,
        long_periods: LongPeriods::parse(word("proration.long_periods"))
            .ok_or_else(|| bad("proration.long_periods"))?,
        bill_partial_month: config.is("proration.bill_partial_month"),
        prorate: config.is("proration.prorate"),
        usage_group: UsageGroup::parse(word("usage.group")).ok_or_else(|| bad("usage.group"))?,
        late_usage: LateUsage::parse(word("usage.late")).ok_or_else(|| bad("usage.late"))?,
        without_records: WithoutRecords::parse(word("usage.without_records"))
            .ok_or_else(|| bad("usage.without_records"))?,
        memo_rule: MemoRule::parse(word("memo.rule")).ok_or_else(|| bad("memo.rule"))?,
        rounding: Rounding { mode, increment },
        tax_point: TaxPoint::parse(word("tax.point")).ok_or_else(|| bad("tax.point"))?,
    })
}
