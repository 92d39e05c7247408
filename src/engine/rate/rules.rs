//! The settings as the rules of billing take them.

use crate::config::{Config, Setting, key};
use crate::domain::billing::{
    BillingRules, LateUsage, LongPeriods, MemoRule, MonthBasis, TaxPoint, UsageGroup,
    WithoutRecords,
};
use crate::domain::money::{Rounding, RoundingMode};
use crate::engine::Error;

/// Reads them; a word the settings table allows and the rules do not is a bug.
pub fn billing(config: &Config) -> Result<BillingRules, Error> {
    let bad = |key: &Setting| Error::Bug(format!("setting {key} holds {:?}", config.get(key)));
    let word = |key: &'static Setting| config.get(key);
    let mode =
        RoundingMode::parse(word(key::ROUNDING_MODE)).ok_or_else(|| bad(key::ROUNDING_MODE))?;
    let increment = config.decimal(key::ROUNDING_INCREMENT);
    Ok(BillingRules {
        month_basis: MonthBasis::parse(word(key::PRORATION_MONTH_BASIS))
            .ok_or_else(|| bad(key::PRORATION_MONTH_BASIS))?,
        long_periods: LongPeriods::parse(word(key::PRORATION_LONG_PERIODS))
            .ok_or_else(|| bad(key::PRORATION_LONG_PERIODS))?,
        bill_partial_month: config.is(key::PRORATION_BILL_PARTIAL_MONTH),
        prorate: config.is(key::PRORATION_PRORATE),
        usage_group: UsageGroup::parse(word(key::USAGE_GROUP))
            .ok_or_else(|| bad(key::USAGE_GROUP))?,
        late_usage: LateUsage::parse(word(key::USAGE_LATE)).ok_or_else(|| bad(key::USAGE_LATE))?,
        without_records: WithoutRecords::parse(word(key::USAGE_WITHOUT_RECORDS))
            .ok_or_else(|| bad(key::USAGE_WITHOUT_RECORDS))?,
        memo_rule: MemoRule::parse(word(key::MEMO_RULE)).ok_or_else(|| bad(key::MEMO_RULE))?,
        rounding: Rounding { mode, increment },
        tax_point: TaxPoint::parse(word(key::TAX_POINT)).ok_or_else(|| bad(key::TAX_POINT))?,
    })
}
