//! A derivation as sentences that could be sent to the customer.

use super::{Credit, Derivation, Fixed, How, LineTax, Percent, Rated};
use crate::domain::charge::Model;
use crate::domain::document::TaxKind;
use crate::domain::money::{Currency, RoundingMode};
use crate::domain::rating::{Price, Step};
use chrono::NaiveDate;
use rust_decimal::Decimal;

/// What the words need to know of the line beside its derivation.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    /// Currency of the document.
    pub currency: Currency,
    /// What is printed on the line.
    pub description: &'a str,
    /// First day of service.
    pub from: NaiveDate,
    /// Last day of service.
    pub to: NaiveDate,
    /// What stands on the line, minor units.
    pub amount_minor: i64,
}

impl Told<'_> {
    fn money(&self, minor: i64) -> String {
        format!("{} {}", self.currency.grouped(minor), self.currency)
    }

    /// An exact amount: in the currency's digits where it has no more, else with six at most.
    fn exact(&self, value: Decimal) -> String {
        if let Ok(minor) = self.currency.exact_minor(value) {
            return self.money(minor);
        }
        let short = value.round_dp(6).normalize();
        let dots = if short == value.normalize() { "" } else { "…" };
        format!("{short}{dots} {}", self.currency)
    }
}

impl Derivation {
    /// The steps to the line's amount, one sentence each: usage, tiers, share of the period,
    /// rounding, what was billed before, discount, tax.
    pub fn words(&self, told: &Told<'_>) -> Vec<String> {
        let mut out = vec![if told.from == told.to {
            format!("{}, {}.", told.description, told.from)
        } else {
            format!("{}, {} to {}.", told.description, told.from, told.to)
        }];
        match &self.how {
            How::ByHand => out.push("This line was written by hand.".into()),
            How::Rated(rated) => self.rated(rated, told, &mut out),
            How::Credit(credit) => credit_words(credit, told, &mut out),
            How::Percent(percent) => percent_words(percent, told, &mut out),
            How::Fixed(fixed) => fixed_words(fixed, told, &mut out),
        }
        if let Some(tax) = &self.tax {
            out.push(tax_words(tax, told));
        }
        match self.recompute(told.currency) {
            Ok(amount) if amount != told.amount_minor => out.push(format!(
                "This makes {}; the line was then edited to {}.",
                told.money(amount),
                told.money(told.amount_minor)
            )),
            Ok(_) | Err(_) => {
                out.push(format!("The line's amount is {}.", told.money(told.amount_minor)));
            }
        }
        out
    }

    fn rated(&self, rated: &Rated, told: &Told<'_>, out: &mut Vec<String>) {
        usage_words(rated, out);
        let whole = price_words(rated, told, out);
        share_words(rated, told, out);
        if let Ok(billed) = self.rated_whole(rated, told.currency) {
            let plain = told.currency.to_decimal(billed);
            let share = rated.share;
            let exact = whole.and_then(|w| {
                w.checked_mul(Decimal::from(share.bases.num * share.of_period.num))?
                    .checked_div(Decimal::from(share.bases.den * share.of_period.den))
            });
            if let Some(exact) = exact.filter(|e| *e != plain && share.in_year.is_none()) {
                out.push(format!(
                    "{} is rounded {} to {}.",
                    told.exact(exact),
                    self.rounding_words(),
                    told.money(billed)
                ));
            }
            if rated.earlier_minor != 0 {
                out.push(format!(
                    "{} of this is billed already; the rest is {}.",
                    told.money(rated.earlier_minor),
                    told.money(billed - rated.earlier_minor)
                ));
            }
        }
    }

    fn rounded_how(&self) -> &'static str {
        match self.mode {
            RoundingMode::HalfUp => "half up",
            RoundingMode::HalfEven => "half to even",
            RoundingMode::Up => "up",
            RoundingMode::Down => "down",
        }
    }

    fn rounding_words(&self) -> String {
        match self.increment {
            Some(step) => format!("{} (in steps of {step})", self.rounded_how()),
            None => self.rounded_how().to_owned(),
        }
    }

    fn rated_whole(&self, rated: &Rated, currency: Currency) -> Result<i64, super::RecomputeError> {
        let rounding = self.rounding();
        super::rated_minor(&rated.price(), &rated.groups, &rated.share, &rounding, currency)
    }
}

fn plural<'w>(count: u32, one: &'w str, many: &'w str) -> &'w str {
    if count == 1 { one } else { many }
}

fn unit(rated: &Rated, quantity: Decimal) -> &str {
    match rated.uom.as_str() {
        "" if quantity == Decimal::ONE => "unit",
        "" => "units",
        uom => uom,
    }
}

fn usage_words(rated: &Rated, out: &mut Vec<String>) {
    match rated.records {
        None => {}
        Some(0) => {
            out.push("No usage was recorded.".into());
            return;
        }
        Some(n) => out.push(format!(
            "{n} usage {} with {} {} in total.",
            plural(n, "record", "records"),
            rated.quantity().normalize(),
            unit(rated, rated.quantity())
        )),
    }
    let count: u32 = rated.groups.iter().map(|(_, times)| times).sum();
    if count > 1 && rated.model != Model::Flat {
        out.push(format!("It is priced in {count} groups, each by itself, and added up."));
    }
}

/// Says what the quantities cost before the share of the period; gives that sum.
fn price_words(rated: &Rated, told: &Told<'_>, out: &mut Vec<String>) -> Option<Decimal> {
    let price = rated.price();
    if rated.model == Model::Flat {
        out.push(format!("The price is {}.", told.exact(rated.price)));
        return Some(rated.price);
    }
    let none = [(Decimal::ZERO, 1)];
    let groups: &[(Decimal, u32)] = if rated.groups.is_empty() { &none } else { &rated.groups };
    let mut sum = Decimal::ZERO;
    for (i, (quantity, times)) in groups.iter().enumerate() {
        let cost = price.rate(*quantity).ok()?;
        sum += cost * Decimal::from(*times);
        // A long list of groups is told by its first few and its sum.
        if i < 8 {
            let text = group_words(rated, &price, *quantity, cost, told);
            let often = if *times > 1 { format!(", {times} times") } else { String::new() };
            out.push(format!("{text}{often}."));
        } else if i == 8 {
            out.push(format!("… and {} more groups.", groups.len() - 8));
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
    let (units, quantity_text) = (unit(rated, quantity), quantity.normalize());
    match rated.model {
        Model::Flat | Model::DiscountPercent | Model::DiscountFixed => told.exact(cost),
        Model::PerUnit => {
            format!("{quantity_text} {units} at {}: {}", told.exact(rated.price), told.exact(cost))
        }
        Model::Tiered | Model::TieredOverage => {
            let steps = price.steps(quantity).unwrap_or_default();
            let parts: Vec<String> = steps.iter().map(|s| step_words(rated, s, told)).collect();
            format!("{quantity_text} {units} by tiers: {}", parts.join("; "))
        }
        Model::Volume => {
            let fee = price.volume_tier(quantity).map(|t| (t.unit_price, t.flat_fee));
            let (each, fee) = fee.unwrap_or_default();
            let fee =
                if fee.is_zero() { String::new() } else { format!(" plus {}", told.exact(fee)) };
            format!(
                "All {quantity_text} {units} at the price of their tier, {}{fee}: {}",
                told.exact(each),
                told.exact(cost)
            )
        }
        Model::Package => {
            let packages = price.packages(quantity).unwrap_or_default().normalize();
            let size = rated.package_size.unwrap_or_default().normalize();
            format!(
                "{quantity_text} {units}{} make {packages} packages of {size}, at {} each {}",
                included_words(rated),
                told.exact(rated.price),
                told.exact(cost)
            )
        }
        Model::Overage => {
            let beyond = price.beyond_included(quantity).unwrap_or_default().normalize();
            format!(
                "{quantity_text} {units}{}: {beyond} beyond, at {} each {}",
                included_words(rated),
                told.exact(rated.overage_price.unwrap_or_default()),
                told.exact(cost)
            )
        }
    }
}

fn included_words(rated: &Rated) -> String {
    match rated.included_units {
        Some(units) if !units.is_zero() => format!(", {} included", units.normalize()),
        Some(_) | None => String::new(),
    }
}

fn step_words(rated: &Rated, step: &Step, told: &Told<'_>) -> String {
    let units = unit(rated, step.units);
    let fee = if step.flat_fee.is_zero() {
        String::new()
    } else {
        format!(" plus {} for reaching the tier", told.exact(step.flat_fee))
    };
    format!(
        "{} {units} at {}{fee} = {}",
        step.units.normalize(),
        told.exact(step.unit_price),
        told.exact(step.amount)
    )
}

fn share_words(rated: &Rated, told: &Told<'_>, out: &mut Vec<String>) {
    let share = rated.share;
    if share.in_year.is_some() && share.of_period.is_one() {
        out.push(format!(
            "That is the price of a year; this period is {} of it, and the periods of a year sum to its price exactly.",
            fraction_words(share.bases.num, share.bases.den)
        ));
        return;
    }
    if !share.bases.is_one() {
        out.push(if share.bases.den == 1 {
            format!("A period is {} times what the price is for.", share.bases.num)
        } else {
            format!(
                "A period is {} of what the price is for.",
                fraction_words(share.bases.num, share.bases.den)
            )
        });
    }
    if share.of_period.is_one() {
        return;
    }
    out.push(match share.days {
        Some((days, of)) => format!("Billed for {days} of {of} days."),
        None => format!(
            "Billed for {} of the period, {} to {}: its whole months and the days of part months.",
            fraction_words(share.of_period.num, share.of_period.den),
            told.from,
            told.to
        ),
    });
}

fn fraction_words(num: i64, den: i64) -> String {
    format!("{num}/{den}")
}

fn credit_words(credit: &Credit, told: &Told<'_>, out: &mut Vec<String>) {
    let (from, to) = credit.whole;
    out.push(format!("{} was billed for {from} to {to}.", told.money(credit.stood_minor)));
    for (from, to, cost) in &credit.kept {
        out.push(format!("The days that stay, {from} to {to}, cost {}.", told.money(*cost)));
    }
    if credit.kept.is_empty() {
        out.push("None of these days stay.".into());
    }
    out.push(format!("The difference is {}.", told.money(credit.rated_minor())));
    if let Some((amount, rated)) = credit.edited {
        out.push(format!(
            "The line had been edited from {} to {}, so the credit is in proportion.",
            told.money(rated),
            told.money(amount)
        ));
    }
    if let Some(left) = credit.left_minor {
        out.push(format!("No more than the {} left of the line is credited.", told.money(left)));
    }
}

fn percent_words(percent: &Percent, told: &Told<'_>, out: &mut Vec<String>) {
    out.push(format!(
        "A discount of {} % on {}.",
        percent.percent.normalize(),
        told.money(percent.base_minor)
    ));
    if let Some((before, given)) = percent.stacked {
        out.push(format!(
            "It adds up with the {} % before it, which took {}.",
            before.normalize(),
            told.money(given)
        ));
    }
    if let Some(left) = percent.left_minor {
        out.push(format!("No more than the {} left of the line is taken.", told.money(left)));
    }
}

fn fixed_words(fixed: &Fixed, told: &Told<'_>, out: &mut Vec<String>) {
    out.push(format!("The discount is {} a period.", told.exact(fixed.price)));
    for (share, left) in &fixed.parts {
        let part = if share.is_one() {
            "The whole of it falls on this line".to_owned()
        } else {
            format!("{} of it falls on this line", fraction_words(share.num, share.den))
        };
        out.push(format!("{part}; {} of the period's discount was left.", told.money(*left)));
    }
    out.push(format!("It takes no more than the line's {}.", told.money(fixed.left_minor)));
}

fn tax_words(tax: &LineTax, told: &Told<'_>) -> String {
    let name = if tax.name.is_empty() { tax.tax_code.as_str() } else { tax.name.as_str() };
    let rate = tax.rate_percent.normalize();
    match (tax.kind, tax.inside_minor) {
        (TaxKind::Exempt, _) => format!("Exempt from tax ({name})."),
        (TaxKind::ReverseCharge, _) => {
            format!("No tax is charged ({name}): the customer owes it (reverse charge).")
        }
        (TaxKind::Standard, Some(inside)) => format!(
            "The price contains {name} of {rate} %: {} of {}.",
            told.money(inside),
            told.money(told.amount_minor + inside)
        ),
        (TaxKind::Standard, None) => format!(
            "{name} of {rate} % is added, computed and rounded once on the sum of the document's lines with this rate."
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Derivation, Rated, Share};
    use super::*;
    use crate::domain::charge::parse_tiers;
    use crate::domain::proration::Fraction;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn told(amount_minor: i64) -> Told<'static> {
        Told {
            currency: Currency::parse("EUR").unwrap(),
            description: "Storage",
            from: day("2024-01-15"),
            to: day("2024-01-31"),
            amount_minor,
        }
    }

    fn rated(model: Model, price: &str, groups: &[(&str, u32)]) -> Rated {
        Rated {
            model,
            price: price.parse().unwrap(),
            groups: groups.iter().map(|(q, n)| (q.parse().unwrap(), *n)).collect(),
            records: None,
            uom: String::new(),
            tiers: Vec::new(),
            package_size: None,
            included_units: None,
            overage_price: None,
            share: Share::default(),
            earlier_minor: 0,
        }
    }

    fn words(how: How, amount: i64) -> Vec<String> {
        let derivation = Derivation { how, ..Derivation::default() };
        let json = serde_json::to_string(&derivation).unwrap();
        assert_eq!(serde_json::from_str::<Derivation>(&json).unwrap(), derivation, "{json}");
        derivation.words(&told(amount)).split_off(1)
    }

    #[test]
    fn a_part_of_a_month_says_its_days_and_rounding() {
        let mut part = rated(Model::Flat, "100", &[("1", 1)]);
        part.share =
            Share { of_period: Fraction::new(17, 31), days: Some((17, 31)), ..Share::default() };
        assert_eq!(
            words(How::Rated(Box::new(part.clone())), 5484),
            [
                "The price is 100.00 EUR.",
                "Billed for 17 of 31 days.",
                "54.83871… EUR is rounded half up to 54.84 EUR.",
                "The line's amount is 54.84 EUR.",
            ]
        );
        part.earlier_minor = 1000;
        let edited = words(How::Rated(Box::new(part)), 4000);
        assert_eq!(edited[3], "10.00 EUR of this is billed already; the rest is 44.84 EUR.");
        assert_eq!(edited[4], "This makes 44.84 EUR; the line was then edited to 40.00 EUR.");
    }

    #[test]
    fn usage_says_its_records_and_tiers() {
        let mut usage = rated(Model::Tiered, "0", &[("130", 1)]);
        usage.records = Some(2);
        usage.uom = "GB".into();
        usage.tiers = parse_tiers("0-100@0+1;101-@2").unwrap();
        assert_eq!(
            words(How::Rated(Box::new(usage.clone())), 6100),
            [
                "2 usage records with 130 GB in total.",
                "130 GB by tiers: 100 GB at 0.00 EUR plus 1.00 EUR for reaching the tier = 1.00 EUR; 30 GB at 2.00 EUR = 60.00 EUR.",
                "The line's amount is 61.00 EUR.",
            ]
        );
        usage.groups = vec![(Decimal::TEN, 2), (Decimal::ONE, 1)];
        let grouped = words(How::Rated(Box::new(usage)), 300);
        assert_eq!(grouped[1], "It is priced in 3 groups, each by itself, and added up.");
        assert_eq!(grouped[4], "Together 3.00 EUR.");
    }

    #[test]
    fn other_models_say_what_they_do() {
        let mut r = rated(Model::Volume, "0", &[("60", 1)]);
        r.tiers = parse_tiers("0-50@120;51-@100+5").unwrap();
        assert_eq!(
            words(How::Rated(Box::new(r)), 600_500)[0],
            "All 60 units at the price of their tier, 100.00 EUR plus 5.00 EUR: 6,005.00 EUR."
        );
        let mut r = rated(Model::Package, "100", &[("121", 1)]);
        (r.package_size, r.included_units) = (Some(Decimal::TEN), Some(Decimal::TEN));
        assert_eq!(
            words(How::Rated(Box::new(r)), 120_000)[0],
            "121 units, 10 included make 12 packages of 10, at 100.00 EUR each 1,200.00 EUR."
        );
        let mut r = rated(Model::Overage, "0", &[("130", 1)]);
        (r.overage_price, r.included_units) = (Some(Decimal::TWO), Some(Decimal::ONE_HUNDRED));
        assert_eq!(
            words(How::Rated(Box::new(r)), 6000)[0],
            "130 units, 100 included: 30 beyond, at 2.00 EUR each 60.00 EUR."
        );
    }

    #[test]
    fn credits_and_discounts_say_what_they_are_taken_of() {
        let credit = Credit {
            stood_minor: 1200,
            whole: (day("2014-01-01"), day("2014-01-31")),
            kept: vec![(day("2014-01-01"), day("2014-01-24"), 929)],
            edited: None,
            left_minor: None,
        };
        assert_eq!(
            words(How::Credit(Box::new(credit)), -271),
            [
                "12.00 EUR was billed for 2014-01-01 to 2014-01-31.",
                "The days that stay, 2014-01-01 to 2014-01-24, cost 9.29 EUR.",
                "The difference is -2.71 EUR.",
                "The line's amount is -2.71 EUR.",
            ]
        );
        let percent = Percent {
            percent: Decimal::TEN,
            base_minor: 5484,
            stacked: Some((Decimal::from(5), 274)),
            left_minor: None,
        };
        assert_eq!(words(How::Percent(percent), -549)[0], "A discount of 10 % on 54.84 EUR.");
        let fixed = Fixed {
            price: Decimal::TEN,
            parts: vec![(Fraction::new(17, 31), 1000)],
            left_minor: 400,
        };
        let told = words(How::Fixed(fixed), -400);
        assert_eq!(
            told[1],
            "17/31 of it falls on this line; 10.00 EUR of the period's discount was left."
        );
    }

    #[test]
    fn tax_is_told_by_kind() {
        let tax = |kind, inside_minor| LineTax {
            tax_code: "V".into(),
            rate_percent: Decimal::from(19),
            name: "VAT".into(),
            kind,
            inside_minor,
        };
        let say = |kind, inside| tax_words(&tax(kind, inside), &told(10_000));
        assert_eq!(
            say(TaxKind::Standard, Some(1900)),
            "The price contains VAT of 19 %: 19.00 EUR of 119.00 EUR."
        );
        assert!(say(TaxKind::Standard, None).starts_with("VAT of 19 % is added"));
        assert!(say(TaxKind::Exempt, None).starts_with("Exempt"));
        assert!(say(TaxKind::ReverseCharge, None).contains("reverse charge"));
    }
}
