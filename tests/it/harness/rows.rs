//! Rows of a scenario (columns as in the CSV files, JSON values) as the rules take them.

use chrono::NaiveDate;
use daybook::domain::account::{AccountStatus, AccountTerms};
use daybook::domain::billing::{
    BillingRules, LateUsage, LongPeriods, MemoRule, MonthBasis, TaxPoint, UsageGroup,
    WithoutRecords,
};
use daybook::domain::charge::{
    Alignment, BillingDay, BillingPeriod, ChargeTerms, ChargeType, DiscountLevel, Model, PriceBase,
    Timing, parse_tiers,
};
use daybook::domain::money::{Currency, Rounding, RoundingMode};
use daybook::domain::subscription::SubscriptionTerms;
use rust_decimal::Decimal;
use serde_json::{Map, Value};

pub type Row = Map<String, Value>;

/// The default of every setting.
pub fn default_rules() -> BillingRules {
    BillingRules {
        month_basis: MonthBasis::Actual,
        long_periods: LongPeriods::ByMonth,
        bill_partial_month: true,
        prorate: true,
        usage_group: UsageGroup::BillingPeriod,
        late_usage: LateUsage::Hold,
        without_records: WithoutRecords::ZeroLine,
        memo_rule: MemoRule::NetNegative,
        rounding: Rounding::default(),
        tax_point: TaxPoint::InvoiceDate,
    }
}

pub fn rules_of(settings: &Row) -> BillingRules {
    let mut rules = default_rules();
    for (key, value) in settings {
        let text = text_of(value);
        match key.as_str() {
            "proration.month_basis" => rules.month_basis = MonthBasis::parse(&text).unwrap(),
            "proration.long_periods" => rules.long_periods = LongPeriods::parse(&text).unwrap(),
            "proration.bill_partial_month" => rules.bill_partial_month = text.parse().unwrap(),
            "proration.prorate" => rules.prorate = text.parse().unwrap(),
            "usage.group" => rules.usage_group = UsageGroup::parse(&text).unwrap(),
            "usage.late" => rules.late_usage = LateUsage::parse(&text).unwrap(),
            "usage.without_records" => {
                rules.without_records = WithoutRecords::parse(&text).unwrap();
            }
            "memo.rule" => rules.memo_rule = MemoRule::parse(&text).unwrap(),
            "rounding.mode" => {
                rules.rounding.mode = match text.as_str() {
                    "half_up" => RoundingMode::HalfUp,
                    "half_even" => RoundingMode::HalfEven,
                    "up" => RoundingMode::Up,
                    "down" => RoundingMode::Down,
                    other => panic!("rounding.mode {other}"),
                }
            }
            "rounding.increment" => rules.rounding.increment = Some(text.parse().unwrap()),
            "tax.point" => rules.tax_point = TaxPoint::parse(&text).unwrap(),
            other => panic!("setting {other}"),
        }
    }
    rules
}

pub fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

pub fn text(row: &Row, key: &str) -> Option<String> {
    row.get(key).map(text_of)
}

/// A date column: none if left out, `Some(None)` if emptied.
#[allow(clippy::option_option, reason = "left out and emptied are two things in an amendment")]
pub fn date(row: &Row, key: &str) -> Option<Option<NaiveDate>> {
    text(row, key).map(|t| if t.is_empty() { None } else { Some(t.parse().unwrap()) })
}

pub fn decimal(row: &Row, key: &str) -> Option<Decimal> {
    text(row, key).filter(|t| !t.is_empty()).map(|t| t.parse().unwrap())
}

pub fn charge_defaults() -> ChargeTerms {
    ChargeTerms {
        name: String::new(),
        plan: String::new(),
        charge_type: ChargeType::Recurring,
        model: Model::Flat,
        price: Decimal::ZERO,
        quantity: Decimal::ONE,
        uom: String::new(),
        billing_period: None,
        timing: Timing::Advance,
        billing_day: BillingDay::Account,
        alignment: Alignment::Charge,
        price_base: PriceBase::Period,
        start_on: None,
        end_on: None,
        billed_through: None,
        tiers: Vec::new(),
        package_size: None,
        included_units: None,
        overage_price: None,
        discount_level: DiscountLevel::Plan,
        stacked: false,
        tax_code: String::new(),
        revenue_account: String::new(),
    }
}

pub fn account_terms(row: &Row, mut t: AccountTerms) -> AccountTerms {
    if let Some(v) = text(row, "name") {
        t.name = v;
    }
    if let Some(v) = text(row, "currency") {
        t.currency = Currency::parse(&v).unwrap();
    }
    if let Some(v) = text(row, "bill_cycle_day") {
        t.bill_cycle_day = v.parse().unwrap();
    }
    if let Some(v) = text(row, "payment_term") {
        t.payment_term = v;
    }
    if let Some(v) = text(row, "tax_code") {
        t.tax_code = v;
    }
    if let Some(v) = text(row, "tax_id") {
        t.tax_id = v;
    }
    if let Some(v) = text(row, "status") {
        t.status = AccountStatus::parse(&v).unwrap();
    }
    if let Some(v) = text(row, "po_number") {
        t.po_number = v;
    }
    t
}

pub fn subscription_terms(row: &Row, mut t: SubscriptionTerms) -> SubscriptionTerms {
    if let Some(v) = date(row, "start_date") {
        t.start_on = v.unwrap();
    }
    if let Some(v) = text(row, "term_months") {
        t.term_months = v.parse().ok();
    }
    if let Some(v) = text(row, "auto_renew") {
        t.auto_renew = v == "true";
    }
    if let Some(v) = date(row, "end_date") {
        t.end_on = v;
    }
    if let Some(v) = date(row, "suspended_from") {
        t.suspended_from = v;
    }
    if let Some(v) = date(row, "resumed_from") {
        t.resumed_from = v;
    }
    if let Some(v) = text(row, "po_number") {
        t.po_number = v;
    }
    t
}

pub fn charge_terms(row: &Row, mut t: ChargeTerms) -> ChargeTerms {
    for (key, value) in row {
        let v = text_of(value);
        let day = || if v.is_empty() { None } else { Some(v.parse().unwrap()) };
        match key.as_str() {
            "name" => t.name.clone_from(&v),
            "plan" => t.plan.clone_from(&v),
            "type" => t.charge_type = ChargeType::parse(&v).unwrap(),
            "model" => t.model = Model::parse(&v).unwrap(),
            "price" => t.price = v.parse().unwrap(),
            "quantity" => t.quantity = v.parse().unwrap(),
            "uom" => t.uom.clone_from(&v),
            "billing_period" => t.billing_period = BillingPeriod::parse(&v),
            "timing" => t.timing = Timing::parse(&v).unwrap(),
            "billing_day" => t.billing_day = BillingDay::parse(&v).unwrap(),
            "alignment" => t.alignment = Alignment::parse(&v).unwrap(),
            "price_base" => t.price_base = PriceBase::parse(&v).unwrap(),
            "start_date" => t.start_on = day(),
            "end_date" => t.end_on = day(),
            "billed_through" => t.billed_through = day(),
            "tiers" => t.tiers = parse_tiers(&v).unwrap(),
            "package_size" => t.package_size = decimal(row, key),
            "included_units" => t.included_units = decimal(row, key),
            "overage_price" => t.overage_price = decimal(row, key),
            "discount_level" => t.discount_level = DiscountLevel::parse(&v).unwrap(),
            "stacked" => t.stacked = v == "true",
            "tax_code" => t.tax_code.clone_from(&v),
            "revenue_account" => t.revenue_account.clone_from(&v),
            "charge_number" | "subscription_number" | "effective_from" => {}
            other => panic!("charge column {other}"),
        }
    }
    t
}
