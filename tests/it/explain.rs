//! What `invoice explain` says, read as somebody who only has the bill.

use crate::cases::{play, scenarios};
use crate::harness::memory::{Memory, Row, default_rules, text_of};
use crate::harness::rules::{charge, explained, row};
use daybook::domain::billing::{BillingRules, UsageGroup};
use daybook::domain::document::TaxKind;
use daybook::domain::explain::{How, Told};
use daybook::domain::money::RoundingMode;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// One line of every kind that the worked examples have: what it says, by what kind it is.
fn told_by_kind() -> BTreeMap<String, String> {
    let mut kinds = BTreeMap::new();
    for (id, scenario) in scenarios() {
        play(&scenario, &mut |book| {
            for account in &book.accounts {
                let documents = book.last.get(&account.number).into_iter().flatten();
                let all: Vec<_> = documents.flat_map(|(_, d)| &d.items).collect();
                for item in &all {
                    let of = all.iter().find(|b| Some(b.charge) == item.target);
                    let told = Told {
                        discounted: of.map_or("", |b| &b.description),
                        currency: account.currency,
                        description: &item.description,
                        from: item.service_from,
                        to: item.service_to,
                        amount_minor: item.amount_minor,
                    };
                    let says = text_of(&scenario["says"]);
                    let words = item.derivation.words(&told).join("\n  ");
                    kinds
                        .entry(kind(&item.derivation, says.contains("rounded")))
                        .or_insert_with(|| format!("{id}: {says}\n  {words}"));
                }
            }
        })
        .unwrap();
    }
    kinds
}

/// What sets one line apart from another for whoever reads it.
fn kind(of: &daybook::domain::explain::Derivation, rounding: bool) -> String {
    let mut kind = match &of.how {
        How::ByHand => "by hand".to_owned(),
        How::Rated(rated) => {
            let count = rated.share.count;
            let parts = [
                ("usage", rated.records.is_some_and(|n| n > 0)),
                ("no usage", rated.records == Some(0)),
                ("priced apart", rated.groups.len() > 1),
                ("included", rated.included_units.is_some_and(|n| !n.is_zero())),
                ("days", count.days.is_some()),
                ("months", count.months.is_some()),
                ("of thirty days", count.thirty),
                ("whole though short", count.months.is_some() && rated.share.of_period.is_one()),
                ("of a year", rated.share.in_year.is_some()),
                ("times the price", !rated.share.bases.is_one() && rated.share.in_year.is_none()),
                ("the rest", rated.earlier_minor != 0),
            ];
            let parts: String =
                parts.iter().filter(|p| p.1).map(|(name, _)| format!(", {name}")).collect();
            format!("{}{parts}", rated.model)
        }
        How::Credit(credit) => format!(
            "credit{}{}",
            if credit.stood_minor < 0 { " of a discount" } else { "" },
            if credit.kept.is_empty() { ", of all" } else { "" }
        ),
        How::Percent(percent) => {
            format!("percent{}", if percent.stacked.is_some() { ", stacked" } else { "" })
        }
        How::Fixed(fixed) => format!(
            "fixed{}{}",
            if fixed.parts.iter().all(|(share, _)| share.is_one()) { "" } else { ", of days" },
            if fixed.left_minor < 2_500 { ", limited" } else { "" }
        ),
    };
    if let Some(tax) = &of.tax {
        let inside = if tax.inside_minor.is_some() { " inside" } else { "" };
        kind += &format!(", tax {}{inside}", tax.kind);
    }
    if rounding && of.mode != RoundingMode::HalfUp {
        kind += &format!(", rounded {:?}", of.mode);
    }
    if of.increment.is_some() {
        kind += ", in steps";
    }
    kind
}

/// A clerk who sees 30 units in the month asks why the second tier was never reached.
#[test]
fn tiers_that_begin_anew_with_a_price_are_said() {
    let terms = json!({"type": "usage", "uom": "unit", "model": "tiered", "tiers": "0-20@2;21-@1"});
    let mut book = crate::harness::rules::book(default_rules(), &[charge("C1", terms)]);
    book.import(&row(json!({
        "charges": [{"charge_number": "C1", "tiers": "0-20@3;21-@1", "effective_from": "2023-02-15"}],
        "usage": [
            {"ACCOUNT_ID": "A1", "UOM": "unit", "QTY": "15", "STARTDATE": "2023-02-05"},
            {"ACCOUNT_ID": "A1", "UOM": "unit", "QTY": "15", "STARTDATE": "2023-02-20"},
            {"ACCOUNT_ID": "A1", "UOM": "unit", "QTY": "30", "STARTDATE": "2023-03-05"},
        ],
    })));
    book.bill("2023-04-01", "2023-04-01").unwrap();
    let items: Vec<_> = book.last.values().flatten().flat_map(|(_, d)| &d.items).collect();
    let told = |from: &str, amount: i64| {
        let found = items.iter().find(|i| i.service_from.to_string() == from).unwrap();
        assert_eq!(found.amount_minor, amount, "{from}");
        let told = Told {
            discounted: "",
            currency: book.accounts[0].currency,
            description: &found.description,
            from: found.service_from,
            to: found.service_to,
            amount_minor: found.amount_minor,
        };
        found.derivation.words(&told).join(" ")
    };
    let anew = "the tiers count the usage for the days from";
    assert!(told("2023-02-01", 30_00).contains(&format!("{anew} 2023-02-01 to 2023-02-14 alone")));
    assert!(told("2023-02-15", 45_00).contains(&format!("{anew} 2023-02-15 to 2023-02-28 alone")));
    assert!(!told("2023-03-01", 70_00).contains(anew));
}

#[test]
fn a_line_of_every_kind_is_told_in_plain_words() {
    let told: String =
        told_by_kind().iter().map(|(kind, words)| format!("[{kind}]\n{words}\n\n")).collect();
    insta::with_settings!({ snapshot_path => "../snapshots", prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("explained", told);
    });
}

fn models() -> [Value; 6] {
    [
        json!({"type": "recurring", "model": "flat", "price": "31.07"}),
        json!({"type": "recurring", "model": "per_unit", "price": "3.333", "quantity": "7"}),
        json!({"type": "usage", "uom": "unit", "model": "tiered", "tiers": "0-20@1.505+2;21-@0.7+1"}),
        json!({"type": "usage", "uom": "unit", "model": "volume", "tiers": "0-20@1.5+2;21-@0.77"}),
        json!({"type": "usage", "uom": "unit", "model": "package", "price": "3", "package_size": "7", "included_units": "5"}),
        json!({"type": "usage", "uom": "unit", "model": "overage", "overage_price": "0.301", "included_units": "12"}),
    ]
}

fn discounts() -> [Value; 4] {
    [
        json!({"model": "discount_percent", "price": "12.5"}),
        json!({"model": "discount_percent", "price": "7.7", "stacked": true}),
        json!({"model": "discount_percent", "price": "60", "stacked": true}),
        json!({"model": "discount_fixed", "price": "9.99"}),
    ]
}

/// A clerk changes what a line that was billed says, as far as billing sees it.
fn edit(book: &mut Memory, nth: usize, percent: i64) {
    let mut lines: Vec<_> = book.accounts.iter_mut().flat_map(|a| &mut a.claims).collect();
    let count = lines.len().max(1);
    if let Some(claim) = lines.get_mut(nth % count).filter(|c| c.corrects.is_none()) {
        claim.amount_minor = claim.amount_minor * percent / 100;
        claim.gross_minor = claim.gross_minor.map(|gross| gross * percent / 100);
        claim.left_minor = claim.amount_minor;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 250, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is sold, discounted, taxed, edited, shortened and repriced: every line recomputes
    /// from what is stored with it, and its words lead to its amount.
    #[test]
    fn every_line_leads_to_its_amount(
        sold in prop::collection::vec((0_usize..6, 0_usize..4), 1..4),
        given in prop::collection::vec((0_usize..4, 0_usize..3), 0..4),
        used in prop::collection::vec((1_u32..40, 1_u32..28), 0..6),
        mode in 0_usize..4, increment: bool, apart in 0_usize..3, quarter: bool,
        edits in prop::collection::vec((0_usize..9, 1_i64..150), 0..3),
        ends in 2_u32..28, price in 1_u32..90,
    ) {
        let codes = ["", "IN", "PLUS", "OUT"];
        let periods = if quarter { "quarter" } else { "month" };
        let mut charges = Vec::new();
        for (i, (model, code)) in sold.iter().enumerate() {
            let mut with = row(models()[*model].clone());
            with.insert("tax_code".into(), json!(codes[*code]));
            with.insert("billing_period".into(), json!(periods));
            charges.push(charge(&format!("C{i}"), Value::Object(with)));
        }
        for (i, (which, level)) in given.iter().enumerate() {
            let mut with = row(discounts()[*which].clone());
            let levels = ["plan", "subscription", "account"];
            with.insert("discount_level".into(), json!(levels[*level]));
            with.insert("billing_period".into(), json!(periods));
            charges.push(charge(&format!("D{i}"), Value::Object(with)));
        }
        let mut rules = BillingRules { usage_group: UsageGroup::ALL[apart], ..default_rules() };
        rules.rounding.mode =
            [RoundingMode::HalfUp, RoundingMode::HalfEven, RoundingMode::Up, RoundingMode::Down][mode];
        rules.rounding.increment = increment.then(|| "0.05".parse().unwrap());
        let mut book = crate::harness::rules::book(rules, &[]);
        let usage: Vec<Value> = used
            .iter()
            .map(|(q, d)| json!({"ACCOUNT_ID": "A1", "UOM": "unit", "QTY": q.to_string(), "STARTDATE": format!("2023-02-{d:02}")}))
            .collect();
        book.import(&row(json!({
            "taxes": [
                {"tax_code": "IN", "rate_percent": "19", "inclusive": "true"},
                {"tax_code": "PLUS", "rate_percent": "7"},
                {"tax_code": "OUT", "rate_percent": "0", "kind": TaxKind::Exempt.as_str()},
            ],
            "charges": charges, "usage": usage,
        })));
        book.bill("2023-03-01", "2023-03-01").unwrap();
        explained(&book);
        if sold.iter().any(|(_, code)| codes[*code] == "IN") {
            // A credit with tax inside follows the tax of its invoice, which a book in memory
            // does not keep: memos of a real book are held to that elsewhere.
            return Ok(());
        }
        for (nth, percent) in &edits {
            edit(&mut book, *nth, *percent);
        }
        book.post();
        let end: Row = row(json!({
            "charges": [{"charge_number": "C0", "price": price.to_string(), "effective_from": "2023-02-11"}],
            "subscriptions": [{
                "subscription_number": "S1", "account_number": "A1", "end_date": format!("2023-02-{ends:02}"),
            }],
        }));
        book.import(&end);
        book.bill("2023-03-01", "2023-03-01").unwrap();
        explained(&book);
    }
}
