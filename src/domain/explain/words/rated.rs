//! Words of a rated line: quantity, price, share of the period, what was billed before.

use super::super::{Derivation, Rated, rated_minor, scaled};
use super::Told;
use crate::domain::charge::Model;
use crate::domain::proration::{Fraction, Months};
use crate::domain::rating::{Price, Step};
use rust_decimal::Decimal;

impl Derivation {
    pub(super) fn rated(&self, rated: &Rated, told: &Told<'_>, out: &mut Vec<String>) {
        usage_words(rated, out);
        if rated.part_of_prices {
            out.push(match counted_anew(rated.model) {
                Some(what) => format!(
                    "The price changed within the billing period: {what} for the days from {} to {} alone.",
                    told.from, told.to
                ),
                None => "The price changed within the billing period; this is the usage of the days at this price.".to_owned(),
            });
        }
        let whole = price_words(rated, told, out);
        let rounding = self.rounding();
        let billed =
            rated_minor(&rated.price(), &rated.groups, &rated.share, &rounding, told.currency);
        let (Some(whole), Ok(billed)) = (whole, billed) else { return };
        let share = rated.share;
        if let (Some(k), true) = (share.in_year, share.of_period.is_one()) {
            out.push(self.year_words(rated, k, whole, billed, told));
        } else {
            share_words(rated, whole, told, out);
            let (bases, part) = (share.bases, share.of_period);
            let exact = scaled(whole, Fraction::new(bases.num * part.num, bases.den * part.den));
            out.extend(exact.ok().and_then(|exact| self.rounded(exact, billed, told)));
        }
        if rated.earlier_minor != 0 {
            out.push(format!(
                "{} of this was billed before, for the same period; this line bills the rest, {}.",
                told.money(rated.earlier_minor),
                told.money(billed - rated.earlier_minor)
            ));
        }
    }

    /// A yearly price billed in shorter periods is rounded as a running total.
    fn year_words(
        &self,
        rated: &Rated,
        k: i64,
        whole: Decimal,
        billed: i64,
        told: &Told<'_>,
    ) -> String {
        let bases = rated.share.bases;
        let part =
            format!("The price is for a year, and a billing period is {} of it", ratio(bases));
        let upto = |periods: i64| {
            let exact = scaled(whole, Fraction::new(bases.num * periods, bases.den)).ok()?;
            self.rounding().to_minor(exact, told.currency).ok()
        };
        let nth = k.rem_euclid(bases.den.max(1));
        match (upto(nth), upto(nth + 1)) {
            (Some(before), Some(with)) if bases.num == 1 && with - before == billed => format!(
                "{part}; for the periods to add up to the price, their running total is rounded: {} with this one, {} before it, so {}.",
                told.money(with),
                told.money(before),
                told.money(billed)
            ),
            _ => format!(
                "{part}; for the periods to add up to the price, their running total is rounded, which makes {} here.",
                told.money(billed)
            ),
        }
    }
}

/// What begins anew with the days at another price.
fn counted_anew(model: Model) -> Option<&'static str> {
    match model {
        Model::Tiered | Model::Volume => Some("the tiers count the usage"),
        Model::TieredOverage => Some("the tiers and the overage count the usage"),
        Model::Overage => Some("the included units are counted"),
        Model::Package => Some("packages are counted"),
        Model::Flat | Model::PerUnit | Model::DiscountPercent | Model::DiscountFixed => None,
    }
}

fn unit(rated: &Rated, quantity: Decimal) -> &str {
    match rated.uom.as_str() {
        "" | "unit" | "units" if quantity == Decimal::ONE => "unit",
        "" | "unit" | "units" => "units",
        uom => uom,
    }
}

fn units(rated: &Rated, quantity: Decimal) -> String {
    format!("{} {}", quantity.normalize(), unit(rated, quantity))
}

fn usage_words(rated: &Rated, out: &mut Vec<String>) {
    let parts: u32 = rated.groups.iter().map(|(_, times)| times).sum();
    let Some(records) = rated.records else { return };
    let used = units(rated, rated.quantity());
    out.push(match records {
        0 => "No usage was recorded.".into(),
        1 => format!("Usage recorded: {used}."),
        n => format!("Usage recorded: {used}, in {n} records."),
    });
    if parts > 1 && rated.model != Model::Flat {
        out.push(if records == parts {
            "Each record is priced by itself.".into()
        } else {
            format!("The usage of each of its {parts} days is priced by itself.")
        });
    }
}

/// Says what the quantities cost before the share of the period; gives that sum.
fn price_words(rated: &Rated, told: &Told<'_>, out: &mut Vec<String>) -> Option<Decimal> {
    let price = rated.price();
    if rated.model == Model::Flat {
        let whatever = if rated.records.is_some() { ", however much is used" } else { "" };
        out.push(format!("The price is {}{whatever}.", told.exact(rated.price)));
        return Some(rated.price);
    }
    let none = [(Decimal::ZERO, 1)];
    let groups: &[(Decimal, u32)] = if rated.groups.is_empty() { &none } else { &rated.groups };
    let mut sum = Decimal::ZERO;
    for (i, (quantity, times)) in groups.iter().enumerate() {
        let cost = price.rate(*quantity).ok()?;
        sum = sum.checked_add(cost.checked_mul(Decimal::from(*times))?)?;
        // A long list of groups is told by its first few and its sum.
        if i < 8 {
            let text = group_words(rated, &price, *quantity, cost, told);
            let often = if *times > 1 { format!(", {times} times") } else { String::new() };
            out.push(format!("{text}{often}."));
        } else if i == 8 {
            out.push(format!("… and {} more like these.", groups.len() - 8));
        }
    }
    if groups.len() > 1 || groups.first().is_some_and(|(_, times)| *times > 1) {
        out.push(format!("Together {}.", told.exact(sum)));
    }
    Some(sum)
}

fn group_words(
    rated: &Rated,
    price: &Price<'_>,
    quantity: Decimal,
    cost: Decimal,
    told: &Told<'_>,
) -> String {
    let (used, makes) = (units(rated, quantity), told.exact(cost));
    match rated.model {
        Model::Flat | Model::DiscountPercent | Model::DiscountFixed => makes,
        Model::PerUnit => format!("{used} at {}: {makes}", told.exact(rated.price)),
        Model::Tiered | Model::TieredOverage => {
            tier_words(rated, &price.steps(quantity).unwrap_or_default(), &makes, told)
        }
        Model::Volume => {
            let tier = price.volume_tier(quantity).map(|t| (t.unit_price, t.flat_fee));
            let (each, fee) = tier.unwrap_or_default();
            format!(
                "{used}, all at the price for that quantity, {} each{}: {makes}",
                told.exact(each),
                fee_words(fee, told)
            )
        }
        Model::Package => {
            let packages = price.packages(quantity).unwrap_or_default();
            let size = rated.package_size.unwrap_or_default();
            let filled = packages * size == price.beyond_included(quantity).unwrap_or_default();
            format!(
                "{used}{} in packages of {}: {} packages{} at {} each: {makes}",
                included_words(rated),
                units(rated, size),
                packages.normalize(),
                if filled { "" } else { ", the last one counted whole," },
                told.exact(rated.price)
            )
        }
        Model::Overage => format!(
            "{used}{}: {} beyond, at {} each: {makes}",
            included_words(rated),
            units(rated, price.beyond_included(quantity).unwrap_or_default()),
            told.exact(rated.overage_price.unwrap_or_default())
        ),
    }
}

fn included_words(rated: &Rated) -> String {
    match rated.included_units {
        Some(free) if !free.is_zero() => {
            format!(" (the first {} are included)", units(rated, free))
        }
        Some(_) | None => String::new(),
    }
}

fn fee_words(fee: Decimal, told: &Told<'_>) -> String {
    if fee.is_zero() { String::new() } else { format!(" plus a fee of {}", told.exact(fee)) }
}

/// The tiers one after the other, with their sum.
fn tier_words(rated: &Rated, steps: &[Step], makes: &str, told: &Told<'_>) -> String {
    let said = |(i, step): (usize, &Step)| {
        let which = match (i, steps.len()) {
            (_, 1) => "",
            (0, _) => "The first ",
            (_, _) => "the next ",
        };
        format!(
            "{which}{} at {}{} = {}",
            units(rated, step.units),
            told.exact(step.unit_price),
            fee_words(step.flat_fee, told),
            told.exact(step.amount)
        )
    };
    let parts: Vec<String> = steps.iter().enumerate().map(said).collect();
    match parts.as_slice() {
        [one] => one.clone(),
        _ => format!("{}; together {makes}", parts.join("; ")),
    }
}

fn share_words(rated: &Rated, whole: Decimal, told: &Told<'_>, out: &mut Vec<String>) {
    let share = rated.share;
    if !share.bases.is_one() {
        let period = scaled(whole, share.bases).unwrap_or_default();
        out.push(if share.bases.den == 1 {
            format!(
                "A billing period costs {} times that: {}.",
                share.bases.num,
                told.exact(period)
            )
        } else {
            format!(
                "A billing period costs {} of that: {}.",
                ratio(share.bases),
                told.exact(period)
            )
        });
    }
    let count = share.count;
    let thirty = if count.thirty { ", with every month counted as 30 days" } else { "" };
    match (count.days, count.months) {
        (Some((days, of)), _) => out.push(format!("Billed for {days} of {of} days{thirty}.")),
        (None, Some(months)) => out.push(month_words(months, share.of_period, thirty)),
        (None, None) if share.of_period.is_one() => {}
        (None, None) => {
            out.push(format!("Billed for {} of a billing period.", ratio(share.of_period)));
        }
    }
}

fn month_words(months: Months, share: Fraction, thirty: &str) -> String {
    if share.is_one() {
        return "Billed for the whole billing period: one that has begun counts whole.".into();
    }
    let days =
        |part: Option<(i64, i64)>| part.map(|(d, of)| format!("{d} of {of} days of one month"));
    let whole = match months.whole {
        0 => None,
        1 => Some("1 whole month".to_owned()),
        n => Some(format!("{n} whole months")),
    };
    let parts: Vec<String> =
        [days(months.first), whole, days(months.last)].into_iter().flatten().collect();
    format!(
        "Billed for {}, where a billing period is {} months: {} of it{thirty}.",
        parts.join(" and "),
        months.of,
        ratio(share)
    )
}

fn ratio(of: Fraction) -> String {
    format!("{}/{}", of.num, of.den)
}
