//! Changes taken back, and the billing day moved: what stands in the end is what the last word says.

use crate::harness::memory::{Memory, default_rules};
use crate::harness::rules::{billed_once, book, charge, day, explained, row, settle, told};
use chrono::Days;
use daybook::domain::billing::{BillingRules, LongPeriods, MemoRule, MonthBasis};
use proptest::prelude::*;
use serde_json::{Value, json};

const PERIODS: [&str; 5] = ["month", "quarter", "2 weeks", "year", "5 months"];

fn from_day(n: u64) -> String {
    (day("2023-01-01") + Days::new(n)).to_string()
}

fn rules(basis: usize, long: usize, memo: usize) -> BillingRules {
    BillingRules {
        month_basis: MonthBasis::ALL[basis],
        long_periods: LongPeriods::ALL[long],
        memo_rule: MemoRule::ALL[memo],
        ..default_rules()
    }
}

fn charges(period: usize, arrears: bool, discount: usize) -> Vec<Value> {
    let timing = if arrears { "arrears" } else { "advance" };
    let mut charges = vec![charge(
        "C1",
        json!({ "model": "per_unit", "billing_period": PERIODS[period], "timing": timing }),
    )];
    let percent = |number, price, stacked| {
        let terms = json!({"model": "discount_percent", "price": price, "stacked": stacked});
        charge(number, terms)
    };
    let fixed = |number| {
        let terms =
            json!({"model": "discount_fixed", "price": "3", "billing_period": PERIODS[period]});
        charge(number, terms)
    };
    match discount {
        1 => charges.push(percent("D1", "12.5", "false")),
        2 => charges.push(fixed("D1")),
        3 => charges.extend([percent("D1", "12.5", "true"), percent("D2", "7.3", "true")]),
        4 => charges.extend([percent("D1", "12.5", "false"), percent("D2", "7.3", "false")]),
        5 => charges.extend([percent("D1", "12.5", "false"), fixed("D2")]),
        _ => {}
    }
    charges
}

/// How many discounts a choice has.
fn discounts(choice: usize) -> usize {
    [0, 1, 1, 2, 2, 2][choice]
}

fn bill(book: &mut Memory, n: u64) {
    book.bill(&from_day(n), &from_day(n)).unwrap();
    explained(book);
    book.post();
    billed_once(book);
}

/// Plays runs, posts, cancels and moves of the billing day, and settles: the charge stands at what
/// its newest terms cost. Gives what stands, what billing from scratch gives, and the story.
/// With `old`, the lines of the story do not say of which period their days were a share.
fn moved(
    acts: &[(usize, u32, u64)],
    charges: &[Value],
    rules: BillingRules,
    old: bool,
) -> (i64, i64, String) {
    let mut book = book(rules, charges);
    let used = (1..40).map(
        |n| json!({"ACCOUNT_ID": "A1", "UOM": "GB", "QTY": "1.37", "STARTDATE": from_day(n * 11)}),
    );
    if charges[0]["type"] == "usage" {
        book.import(&row(json!({"usage": used.collect::<Vec<_>>()})));
    }
    for (act, bcd, n) in acts {
        match act {
            0 | 1 => {
                book.bill(&from_day(*n), &from_day(*n)).unwrap();
                explained(&book);
            }
            2 => book.post(),
            3 => book.cancel(),
            _ => book.import(&row(json!({"accounts": [{
                "account_number": "A1", "bill_cycle_day": bcd, "effective_from": from_day(*n),
            }]}))),
        }
        billed_once(&book);
    }
    if old {
        book.accounts[0].claims.iter_mut().for_each(|claim| claim.period = None);
    }
    settle(&mut book, "2024-12-31");
    billed_once(&book);
    let scratch = book.billed_anew("2024-12-31");
    let stands = |book: &Memory| {
        let numbers = charges.iter().filter_map(|charge| charge["charge_number"].as_str());
        numbers.map(|number| book.standing(number)).sum()
    };
    (stands(&book), stands(&scratch), told(&book))
}

/// A change and what takes it back.
#[derive(Debug, Clone)]
enum Change {
    Price(u64),
    Quantity(u64),
    End(u64),
    Suspend(u64, u64),
    BillingDay(u32, u64),
}

impl Change {
    fn rows(&self) -> [Value; 2] {
        let charge = |from: &u64, field: &str, value: &str| json!({"charges": [{"charge_number": "C1", field: value, "effective_from": from_day(*from)}]});
        let sub = |with: Value| {
            let mut r = row(json!({"subscription_number": "S1", "account_number": "A1"}));
            r.extend(row(with));
            json!({"subscriptions": [r]})
        };
        let cycle = |bcd: u32, from: &u64| json!({"accounts": [{"account_number": "A1", "bill_cycle_day": bcd, "effective_from": from_day(*from)}]});
        match self {
            Self::Price(from) => [charge(from, "price", "47.53"), charge(from, "price", "31")],
            Self::Quantity(from) => [charge(from, "quantity", "3"), charge(from, "quantity", "1")],
            Self::End(on) => {
                [sub(json!({"end_date": from_day(*on)})), sub(json!({"end_date": ""}))]
            }
            Self::Suspend(from, long) => [
                sub(
                    json!({"suspended_from": from_day(*from), "resumed_from": from_day(from + long)}),
                ),
                sub(json!({"suspended_from": "", "resumed_from": ""})),
            ],
            Self::BillingDay(bcd, from) => [cycle(*bcd, from), cycle(1, from)],
        }
    }
}

fn changes() -> impl Strategy<Value = Change> {
    let days = 9_u64..300;
    prop_oneof![
        days.clone().prop_map(Change::Price),
        days.clone().prop_map(Change::Quantity),
        days.clone().prop_map(|d| Change::End(d + 1)),
        (days.clone(), 1_u64..80).prop_map(|(a, b)| Change::Suspend(a + 1, b)),
        (2_u32..=31, days).prop_map(|(b, d)| Change::BillingDay(b, d)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// Billed, changed, billed, changed back, billed: every charge stands where it stood, and the
    /// next run has nothing to add.
    #[test]
    fn a_change_and_its_reverse_net_to_nothing(
        change in changes(), until in 40_u64..300, period in 0_usize..5, arrears: bool,
        basis in 0_usize..3, long in 0_usize..2, memo in 0_usize..3, discount in 0_usize..6,
    ) {
        let new = || book(rules(basis, long, memo), &charges(period, arrears, discount));
        let (mut book, mut twin) = (new(), new());
        bill(&mut book, until);
        bill(&mut twin, until);
        let stands = |book: &Memory| {
            let of = |names: &[&str]| names.iter().map(|name| book.standing(name)).sum::<i64>();
            let all: &[&str] = [&[][..], &["D1"], &["D1", "D2"]][discounts(discount)];
            [of(&["C1"]), of(all)]
        };
        for rows in change.rows() {
            book.import(&row(rows));
            for _ in 0..3 {
                bill(&mut book, until);
            }
            prop_assert!(book.last.is_empty(), "a further run adds: {}", told(&book));
        }
        if !arrears {
            prop_assert_eq!(stands(&twin)[0], stands(&book)[0], "{}", told(&book));
        }
        // In arrears an end that was taken back may have billed days early; the period's end tells.
        for book in [&mut twin, &mut book] {
            bill(book, 800);
        }
        let [(whole, off), (again, less)] = [stands(&twin), stands(&book)].map(|[c, d]| (c, d));
        prop_assert_eq!(whole, again, "{}", told(&book));
        // With 360 days to a year, a year by days is worth more than its price: the rest of one can
        // come to less than nothing, and nothing is discounted on that.
        if basis == 0 || long == 0 {
            prop_assert_eq!(off, less, "{}", told(&book));
        }
    }

    /// The billing day moved any number of times, in the past and ahead, to and fro within a period
    /// and a later move known before an earlier one, between runs that were posted or thrown away:
    /// in the end the charge and the percentages off it stand at what their newest terms cost.
    #[test]
    fn moving_the_billing_day_ends_where_billing_from_scratch_does(
        acts in prop::collection::vec((0_usize..5, 1_u32..=31, 0_u64..420), 1..12),
        period in 0_usize..5, arrears: bool, basis in 0_usize..3, long in 0_usize..2,
        kind in prop::sample::select(vec![
            json!({}),
            json!({"price_base": "month"}),
            json!({"price_base": "year", "price": "100"}),
            json!({"type": "usage", "uom": "GB"}),
            json!({"type": "usage", "uom": "GB", "model": "flat"}),
        ]),
        percent in prop::sample::select(vec![0_usize, 1, 3, 4]),
    ) {
        let mut charges = charges(period, arrears, percent);
        charges[0].as_object_mut().unwrap().extend(row(kind));
        let (stands, scratch, story) = moved(&acts, &charges, rules(basis, long, 0), false);
        prop_assert_eq!(stands, scratch, "{}", story);
    }

    /// Lines billed before it was kept of which period their days were a share may end some cents
    /// beside billing from scratch; but no day is billed twice, and a further run adds nothing.
    #[test]
    fn lines_that_do_not_say_of_which_period_they_were_a_share_settle_too(
        acts in prop::collection::vec((0_usize..5, 1_u32..=31, 0_u64..420), 1..12),
        period in 0_usize..5, arrears: bool,
    ) {
        moved(&acts, &charges(period, arrears, 0), rules(0, 0, 0), true);
    }
}

/// A line that keeps a day outside the new period takes its discount along: that of the rest is
/// the whole's, less what was given on the day billed before.
#[test]
fn the_discount_of_a_rest_leaves_out_days_of_another_period() {
    let acts = [(0, 1, 31), (4, 2, 32), (0, 1, 32)];
    let (stands, scratch, story) = moved(&acts, &charges(1, false, 1), rules(0, 0, 0), false);
    assert_eq!((stands, scratch), (22_369, 22_369), "{story}");
}

/// A quarter billed in part after the billing day was moved ahead, and moved again before that.
#[test]
fn a_line_is_a_share_of_the_period_it_was_billed_for() {
    let acts = [(4, 2, 45), (0, 1, 31), (0, 1, 0), (4, 10, 0)];
    let (stands, scratch, story) = moved(&acts, &charges(1, false, 0), rules(0, 0, 0), false);
    assert_eq!((stands, scratch), (25_538, 25_538), "{story}");
}

/// A subscription ended ahead of the target date: neither its lines nor their discounts are given
/// back before the run that reaches the day.
#[test]
fn a_discount_waits_with_its_line_for_the_run_that_reaches_the_end() {
    for discount in [
        json!({"model": "discount_percent", "price": "10"}),
        json!({"model": "discount_fixed", "price": "3"}),
    ] {
        let mut book = book(default_rules(), &[charge("C1", json!({})), charge("D1", discount)]);
        book.bill("2023-04-01", "2023-04-01").unwrap();
        book.post();
        let before = (book.standing("C1"), book.standing("D1"));
        book.import(&row(json!({"subscriptions": [{
            "subscription_number": "S1", "account_number": "A1", "end_date": "2023-03-20",
        }]})));
        book.bill("2023-03-15", "2023-04-02").unwrap();
        assert!(book.last.is_empty(), "nothing has ended by then: {}", told(&book));
        book.bill("2023-03-21", "2023-04-02").unwrap();
        book.post();
        let after = (book.standing("C1"), book.standing("D1"));
        assert!(after.0 < before.0 && after.1 > before.1, "{before:?} {after:?}");
    }
}
