//! The prices in force and the usage, in words.

use super::shown::{amounts, more, shown};
use crate::domain::charge::{ChargeTerms, ChargeType, Model, Timing};
use crate::domain::leaf::{Part, Row, Side};
use crate::domain::money::Currency;
use crate::domain::text::counted;
use crate::store::read::account_page::AccountPage;
use rust_decimal::Decimal;

/// Tiers that are written out.
const TIERS: usize = 4;

fn plain(value: Decimal) -> String {
    value.normalize().to_string()
}

/// A price with at least the digits of its currency.
pub(super) fn priced(value: Decimal, currency: Currency) -> String {
    let mut value = value.normalize();
    if value.scale() < currency.digits() {
        value.rescale(currency.digits());
    }
    value.to_string()
}

/// `20 × 12.00 a month`, `tiers 0-100@0;101-@0.05`.
pub fn price(t: &ChargeTerms, currency: Currency) -> String {
    let money = |value| priced(value, currency);
    if t.model.is_discount() {
        let off = if t.model == Model::DiscountPercent {
            format!("{} %", plain(t.price))
        } else {
            money(t.price)
        };
        return format!("{off} off the {}", t.discount_level);
    }
    let every = match (t.charge_type, t.billing_period) {
        (ChargeType::Recurring, Some(period)) => format!(" a {period}"),
        (ChargeType::Recurring | ChargeType::OneTime | ChargeType::Usage, _) => String::new(),
    };
    let unit = if t.uom.is_empty() { "unit" } else { t.uom.as_str() };
    let usage = t.charge_type == ChargeType::Usage;
    let number = |n: Option<Decimal>| plain(n.unwrap_or_default());
    let words = match t.model {
        Model::Flat => money(t.price),
        Model::PerUnit if usage => format!("{} per {unit}", money(t.price)),
        Model::PerUnit => format!("{} × {}", plain(t.quantity), money(t.price)),
        Model::Tiered => format!("tiers {}", tiers(t, currency)),
        Model::Volume => format!("by volume {}", tiers(t, currency)),
        Model::Package => format!("{} per {} {unit}", money(t.price), number(t.package_size)),
        Model::Overage => format!(
            "{} {unit} included, then {} each",
            number(t.included_units),
            money(t.overage_price.unwrap_or(t.price))
        ),
        Model::TieredOverage => format!(
            "tiers {}, beyond them {} each",
            tiers(t, currency),
            money(t.overage_price.unwrap_or(t.price))
        ),
        Model::DiscountPercent | Model::DiscountFixed => String::new(),
    };
    let timing = match (t.charge_type, t.timing) {
        (ChargeType::Recurring, Timing::Advance) => ", in advance",
        (ChargeType::Recurring, Timing::Arrears) => ", in arrears",
        (ChargeType::OneTime | ChargeType::Usage, _) => "",
    };
    format!("{words}{every}{timing}")
}

fn tiers(t: &ChargeTerms, currency: Currency) -> String {
    let one = |tier: &crate::domain::charge::Tier| {
        let to = tier.to.map(plain).unwrap_or_default();
        let fee = match tier.flat_fee {
            fee if fee.is_zero() => String::new(),
            fee => format!("+{}", priced(fee, currency)),
        };
        format!("{}-{to} at {}{fee}", plain(tier.from), priced(tier.unit_price, currency))
    };
    let mut words: Vec<String> = t.tiers.iter().take(TIERS).map(one).collect();
    let left = t.tiers.len().saturating_sub(TIERS);
    if left > 0 {
        words.push(format!("{left} more"));
    }
    words.join(", ")
}

pub(super) fn prices(page: &AccountPage, parts: &mut Vec<Part>) {
    parts.push(Part::Heading("Price list".to_owned()));
    if page.prices.rows.is_empty() {
        return parts.push(Part::Text("No charge was in force.".to_owned()));
    }
    let mut rows = Vec::new();
    for one in &page.prices.rows {
        let until = match (one.terms.charge_type, one.to) {
            (ChargeType::OneTime, _) => format!("once, {}", one.from),
            (_, None) => format!("from {}", one.from),
            (_, Some(to)) => format!("{} to {to}", one.from),
        };
        rows.push(Row::plain([
            one.charge.clone(),
            one.terms.name.clone(),
            price(&one.terms, page.terms.currency),
            until,
        ]));
        if let Some((from, again)) = one.suspended {
            let again = again.map_or_else(String::new, |day| format!(" until {day}"));
            let words = format!("suspended from {from}{again}");
            rows.push(Row::small([String::new(), words, String::new(), String::new()]));
        }
    }
    let columns = vec![
        ("Charge".to_owned(), Side::Left),
        ("What".to_owned(), Side::Flows),
        (amounts(page, "Price in"), Side::Flows),
        ("In force".to_owned(), Side::Left),
    ];
    parts.push(Part::Table(columns, rows));
    more(page.prices.more, "price", "prices", "daybook sql has them all", parts);
}

pub(super) fn usage(page: &AccountPage, parts: &mut Vec<Part>) {
    if page.usage.rows.is_empty() {
        return;
    }
    parts.push(Part::Heading("Usage of the month".to_owned()));
    let mut rows = Vec::new();
    for sum in &page.usage.rows {
        let used = format!("{} {}", plain(sum.used), sum.uom);
        let records = counted(sum.records, "record", "records");
        let (on, quantity, amount) = match &sum.billed {
            None => ("not billed yet".to_owned(), String::new(), String::new()),
            Some(billed) => {
                let on = format!("{} on {}", billed.charge, billed.document);
                match &billed.line {
                    None => (format!("{on}: waived"), String::new(), String::new()),
                    Some((quantity, money)) => {
                        (on, plain(*quantity), shown(page, money.currency, money.minor))
                    }
                }
            }
        };
        rows.push(Row::plain([used, records, on, quantity, amount]));
    }
    let columns = vec![
        ("Used".to_owned(), Side::Right),
        ("In".to_owned(), Side::Left),
        ("Billed".to_owned(), Side::Flows),
        ("Line's quantity".to_owned(), Side::Right),
        (amounts(page, "Line's amount"), Side::Right),
    ];
    parts.push(Part::Table(columns, rows));
    more(page.usage.more, "sum", "sums", "daybook sql has them all", parts);
}
