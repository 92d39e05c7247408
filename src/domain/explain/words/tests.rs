//! The sentences of every kind of line.

use super::super::{Credit, Derivation, Fixed, Percent, Rated, Share};
use super::*;
use crate::domain::charge::Model;
use crate::domain::charge::parse_tiers;
use crate::domain::proration::{Count, Fraction};

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn told(amount_minor: i64) -> Told<'static> {
    Told {
        currency: Currency::parse("EUR").unwrap(),
        discounted: "",
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
        part_of_prices: false,
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
    let count = Count { days: Some((17, 31)), ..Count::default() };
    part.share = Share { of_period: Fraction::new(17, 31), count, ..Share::default() };
    assert_eq!(
        words(How::Rated(Box::new(part.clone())), 5484),
        [
            "The price is 100.00 EUR.",
            "Billed for 17 of 31 days.",
            "54.838709… EUR is rounded to 54.84 EUR.",
            "The line's amount is 54.84 EUR.",
        ]
    );
    part.earlier_minor = 1000;
    let edited = words(How::Rated(Box::new(part)), 4000);
    assert_eq!(
        edited[3..],
        [
            "10.00 EUR of this was billed before, for the same period; this line bills the rest, 44.84 EUR.",
            "This makes 44.84 EUR; the line was then changed by hand to 40.00 EUR.",
            "The line's amount is 40.00 EUR.",
        ]
    );
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
            "Usage recorded: 130 GB, in 2 records.",
            "The first 100 GB at 0.00 EUR plus a fee of 1.00 EUR = 1.00 EUR; the next 30 GB at 2.00 EUR = 60.00 EUR; together 61.00 EUR.",
            "The line's amount is 61.00 EUR.",
        ]
    );
    usage.groups = vec![(Decimal::TEN, 2), (Decimal::ONE, 1)];
    let grouped = words(How::Rated(Box::new(usage)), 300);
    assert_eq!(grouped[1], "The usage of each of its 3 days is priced by itself.");
    assert_eq!(grouped[4], "Together 3.00 EUR.");
}

#[test]
fn other_models_say_what_they_do() {
    let mut r = rated(Model::Volume, "0", &[("60", 1)]);
    r.tiers = parse_tiers("0-50@120;51-@100+5").unwrap();
    assert_eq!(
        words(How::Rated(Box::new(r)), 600_500)[0],
        "60 units, all at the price for that quantity, 100.00 EUR each plus a fee of 5.00 EUR: 6,005.00 EUR."
    );
    let mut r = rated(Model::Package, "100", &[("121", 1)]);
    (r.package_size, r.included_units) = (Some(Decimal::TEN), Some(Decimal::TEN));
    assert_eq!(
        words(How::Rated(Box::new(r)), 120_000)[0],
        "121 units (the first 10 units are included) in packages of 10 units: 12 packages, the last one counted whole, at 100.00 EUR each: 1,200.00 EUR."
    );
    let mut r = rated(Model::Overage, "0", &[("130", 1)]);
    (r.overage_price, r.included_units) = (Some(Decimal::TWO), Some(Decimal::ONE_HUNDRED));
    assert_eq!(
        words(How::Rated(Box::new(r)), 6000)[0],
        "130 units (the first 100 units are included): 30 units beyond, at 2.00 EUR each: 60.00 EUR."
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
            "9.29 EUR stays billed for 2014-01-01 to 2014-01-24.",
            "The difference is -2.71 EUR.",
            "The line's amount is -2.71 EUR.",
        ]
    );
    let percent = Percent {
        percent: Decimal::TEN,
        base_minor: 5484,
        stacked: Some((Decimal::from(5), 274)),
        earlier: None,
        left_minor: None,
    };
    assert_eq!(
        words(How::Percent(percent), -549)[..3],
        [
            "A discount of 10 % on 54.84 EUR, the price of the line; it adds up with the 5 % before it to 15 %.",
            "15 % of 54.84 EUR: 8.226 EUR is rounded to 8.23 EUR.",
            "2.74 EUR of this was taken by the discounts before; 5.49 EUR is left for this one.",
        ]
    );
    let rest = Percent {
        percent: Decimal::new(125, 1),
        base_minor: 1033,
        stacked: None,
        earlier: Some((2067, 258)),
        left_minor: None,
    };
    assert_eq!(
        words(How::Percent(rest), -130),
        [
            "A discount of 12.5 % on 10.33 EUR, the price of the line after any discounts before this one.",
            "The line is the rest of a whole of 31.00 EUR; 20.67 EUR of it stands on earlier lines.",
            "12.5 % of 31.00 EUR: 3.875 EUR is rounded to 3.88 EUR.",
            "2.58 EUR of this was given on the earlier lines; 1.30 EUR is left for this one.",
            "The line's amount is -1.30 EUR.",
        ]
    );
    let fixed = Fixed {
        price: Decimal::TEN,
        parts: vec![(Fraction::new(17, 31), 500)],
        earlier_minor: None,
        left_minor: 400,
    };
    assert_eq!(
        words(How::Fixed(fixed), -400)[1..],
        [
            "The days of this line are 17/31 of the discount's period: 5.483870… EUR.",
            "5.483870… EUR is rounded to 5.48 EUR.",
            "5.00 EUR of it was not used up yet.",
            "The line comes to 4.00 EUR, and no more than that is taken.",
            "The line's amount is -4.00 EUR.",
        ]
    );
}

#[test]
fn a_fixed_discount_of_the_rest_of_a_whole_says_what_was_given_before() {
    let fixed = Fixed {
        price: Decimal::from(3),
        parts: vec![(Fraction::new(22, 155), 300)],
        earlier_minor: Some(21),
        left_minor: 220,
    };
    assert_eq!(
        words(How::Fixed(fixed), -22)[1..],
        [
            "The days of this line and of the earlier ones that make up a whole are 22/155 of the discount's period: 0.425806… EUR.",
            "0.425806… EUR is rounded to 0.43 EUR.",
            "0.21 EUR of it was given on the earlier lines; 0.22 EUR is left for this one.",
            "The line's amount is -0.22 EUR.",
        ]
    );
}

#[test]
fn a_credit_of_an_edited_line_says_its_proportion_and_its_limit() {
    let credit = Credit {
        stood_minor: 1200,
        whole: (day("2014-01-01"), day("2014-01-31")),
        kept: vec![(day("2014-01-01"), day("2014-01-24"), 929)],
        edited: Some((600, 1200)),
        left_minor: Some(100),
    };
    assert_eq!(
        words(How::Credit(Box::new(credit)), -100)[2..],
        [
            "The difference is -2.71 EUR.",
            "That line had been changed by hand from 12.00 EUR to 6.00 EUR, so the difference is taken in the same proportion: -1.36 EUR.",
            "1.00 EUR of that line is left to be taken back, so this line is -1.00 EUR.",
            "The line's amount is -1.00 EUR.",
        ]
    );
    let percent = Percent {
        percent: Decimal::from(60),
        base_minor: 1000,
        stacked: Some((Decimal::from(60), 600)),
        earlier: None,
        left_minor: Some(400),
    };
    assert_eq!(
        words(How::Percent(percent), -400)[1..],
        [
            "120 % of 10.00 EUR is 12.00 EUR.",
            "6.00 EUR of this was taken by the discounts before; 6.00 EUR is left for this one.",
            "Other discounts left 4.00 EUR of the line, and no more than that is taken.",
            "The line's amount is -4.00 EUR.",
        ]
    );
}

/// A line with 19.00 of tax inside that a clerk halved: the steps make what the line said, not
/// that less the tax of what it says now.
#[test]
fn an_edited_line_with_tax_inside_says_what_was_made_and_what_it_became() {
    let tax = LineTax {
        tax_code: "V".into(),
        rate_percent: Decimal::from(19),
        name: "VAT".into(),
        kind: TaxKind::Standard,
        inside_minor: Some(950),
    };
    let how = How::Rated(Box::new(rated(Model::Flat, "119", &[("1", 1)])));
    let derivation = Derivation { how, tax: Some(tax), ..Derivation::default() };
    let said = derivation.words(&told(5_000));
    assert_eq!(said[2], "This makes 119.00 EUR; the line was then changed by hand to 59.50 EUR.");
    assert!(said[3].starts_with("Of the 59.50 EUR, 9.50 EUR is VAT of 19 %"), "{said:?}");
    assert_eq!(said[4], "The line's amount without tax is 50.00 EUR.");
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
    assert!(
        say(TaxKind::Standard, Some(1900))
            .starts_with("Of the 119.00 EUR, 19.00 EUR is VAT of 19 %")
    );
    assert!(say(TaxKind::Standard, None).starts_with("VAT of 19 % is not in this amount"));
    assert!(say(TaxKind::Exempt, None).contains("exempt (VAT)"));
    assert!(say(TaxKind::ReverseCharge, None).contains("reverse charge"));
}
