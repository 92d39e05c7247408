//! The billing rules under random sequences of runs and amendments.

use crate::harness::memory::{Memory, default_rules};
use crate::harness::rules::{billed_once, book, charge, day, explained, row, settle, told};
use chrono::{Datelike, Days, NaiveDate};
use daybook::domain::billing::{
    BillingRules, LateUsage, LongPeriods, MemoRule, MonthBasis, WithoutRecords,
};
use daybook::domain::charge::{Alignment, BillingPeriod};
use daybook::domain::period::Grid;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn from_day(n: u64) -> String {
    (day("2023-01-01") + Days::new(n)).to_string()
}

#[derive(Debug, Clone)]
enum Act {
    Bill(u64),
    Post,
    Cancel,
    CancelOne(usize),
    End(Option<u64>),
    Suspend(u64, u64),
    Resume,
    Price(u32, u64),
    Quantity(u32, u64),
    Undo(u64),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let days = 0_u64..420;
    prop::collection::vec(
        prop_oneof![
            3 => days.clone().prop_map(Act::Bill),
            3 => Just(Act::Post),
            1 => Just(Act::Cancel),
            2 => (0_usize..4).prop_map(Act::CancelOne),
            1 => prop::option::of(days.clone()).prop_map(Act::End),
            1 => (days.clone(), 0_u64..60).prop_map(|(a, b)| Act::Suspend(a, b)),
            1 => Just(Act::Resume),
            2 => (1_u32..90, days.clone()).prop_map(|(p, d)| Act::Price(p, d)),
            1 => (1_u32..5, days.clone()).prop_map(|(q, d)| Act::Quantity(q, d)),
            1 => days.prop_map(Act::Undo),
        ],
        1..14,
    )
}

fn change(book: &mut Memory, act: &Act) {
    let sub = |with: Value| {
        let mut r = row(json!({"subscription_number": "S1", "account_number": "A1"}));
        r.extend(row(with));
        row(json!({"subscriptions": [r]}))
    };
    let charge = |with: Value| {
        let mut r = row(json!({"charge_number": "C1"}));
        r.extend(row(with));
        row(json!({"charges": [r]}))
    };
    let rows = match act {
        Act::End(Some(n)) => sub(json!({"end_date": from_day(*n + 10)})),
        Act::End(None) => sub(json!({"end_date": ""})),
        Act::Suspend(n, long) => sub(json!({
            "suspended_from": from_day(*n + 10), "resumed_from": from_day(*n + long + 11),
        })),
        Act::Resume => sub(json!({"suspended_from": "", "resumed_from": ""})),
        Act::Price(p, n) => {
            charge(json!({"price": format!("{p}.37"), "effective_from": from_day(*n)}))
        }
        Act::Quantity(q, n) => {
            charge(json!({"quantity": q.to_string(), "effective_from": from_day(*n)}))
        }
        Act::Undo(n) => {
            charge(json!({"price": "31", "quantity": "1", "effective_from": from_day(*n)}))
        }
        Act::Bill(_) | Act::Post | Act::Cancel | Act::CancelOne(_) => return,
    };
    book.import(&rows);
}

fn rules(basis: usize, long: usize) -> BillingRules {
    BillingRules {
        month_basis: MonthBasis::ALL[basis],
        long_periods: LongPeriods::ALL[long],
        ..default_rules()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    /// Bill, amend, bill: in the end every charge stands at what billing the amended
    /// subscription from scratch gives, period by period, and nothing is held twice.
    #[test]
    fn billing_and_amending_ends_where_billing_from_scratch_does(
        acts in acts(), period in 0_usize..4, arrears: bool, basis in 0_usize..3,
        long in 0_usize..2, discount in 0_usize..4, memo in 0_usize..3,
    ) {
        let periods = ["month", "quarter", "2 weeks", "year"];
        let timing = if arrears { "arrears" } else { "advance" };
        let mut charges = vec![charge("C1", json!({
            "model": "per_unit", "billing_period": periods[period], "timing": timing,
        }))];
        match discount {
            1 => charges.push(charge("D1", json!({"model": "discount_percent", "price": "12.5"}))),
            2 => charges.push(charge("D1", json!({
                "model": "discount_fixed", "price": "3", "billing_period": periods[period],
            }))),
            _ => {}
        }
        let mut book = book(rules(basis, long), &charges);
        book.rules.memo_rule = MemoRule::ALL[memo];
        let mut torn = false;
        for act in &acts {
            match act {
                Act::Bill(n) => {
                    let target = from_day(*n);
                    book.bill(&target, &target).unwrap();
                    explained(&book);
                }
                Act::Post => book.post(),
                Act::Cancel => book.cancel(),
                Act::CancelOne(n) => {
                    if let Some(draft) = book.drafts().get(*n).copied() {
                        torn |= book.drafts().len() > 1;
                        book.cancel_documents(&[draft]);
                    }
                }
                other => change(&mut book, other),
            }
            // A memo thrown away apart from the invoice that replaced its days is made good by
            // the next run.
            if !torn {
                billed_once(&book);
            }
        }
        settle(&mut book, "2024-12-31");
        billed_once(&book);

        let scratch = book.billed_anew("2024-12-31");
        prop_assert_eq!(per_period(&book, "C1"), per_period(&scratch, "C1"), "{}", told(&book));
        if discount == 1 {
            // Percentages are taken of rounded lines, and the lines of the two books are cut
            // differently: each cut may move half a unit.
            let cuts = book.accounts[0].claims.len() as i64;
            let apart = (book.standing("D1") - scratch.standing("D1")).abs();
            prop_assert!(apart <= cuts, "{} apart {}", apart, told(&book));
        }
    }
}

/// The first day of a charge's period, in the grids these tests use (billing day 1, or weeks).
fn period_start(book: &Memory, number: &str, on: NaiveDate) -> NaiveDate {
    let id = book.charge_id(number);
    let subs = &book.accounts[0].subscriptions;
    let charge = subs.iter().flat_map(|s| &s.charges).find(|c| c.id == id).unwrap();
    let start = day("2023-01-10");
    let grid = match charge.versions[0].terms.billing_period.unwrap() {
        BillingPeriod::Months(n) => Grid::months(start, 1, n),
        BillingPeriod::Weeks(n) => Grid::weeks(start, start.weekday(), n),
    };
    grid.boundary(grid.index_of(on)).unwrap()
}

/// What stands of a charge by the period it lies in. Every claim lies within one period of the
/// charge's grid, and the periods are those of the lines billed from scratch.
fn per_period(book: &Memory, number: &str) -> BTreeMap<NaiveDate, i64> {
    let id = book.charge_id(number);
    let mut sums = BTreeMap::new();
    for claim in book.accounts.iter().flat_map(|a| &a.claims).filter(|c| c.charge == id) {
        let period = period_start(book, number, claim.from);
        *sums.entry(period).or_default() += claim.amount_minor;
    }
    sums.retain(|_, sum| *sum != 0);
    sums
}

/// Usage arriving in any order, billed, canceled, repriced and ended: what stands is what rating
/// all records by their periods gives, and every record is on one line or says why not.
#[derive(Debug, Clone)]
enum UsageAct {
    Load(u32, u64),
    Bill(u64),
    Post,
    Cancel,
    Reprice(u32, u64),
    End(Option<u64>),
}

fn usage_acts() -> impl Strategy<Value = Vec<UsageAct>> {
    let days = 9_u64..150;
    prop::collection::vec(
        prop_oneof![
            4 => (0_u32..40, days.clone()).prop_map(|(q, d)| UsageAct::Load(q, d)),
            3 => days.clone().prop_map(UsageAct::Bill),
            2 => Just(UsageAct::Post),
            1 => Just(UsageAct::Cancel),
            1 => (1_u32..9, days.clone()).prop_map(|(p, d)| UsageAct::Reprice(p, d)),
            1 => prop::option::of(days).prop_map(UsageAct::End),
        ],
        1..16,
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn usage_in_any_order_ends_where_rating_it_at_once_does(
        acts in usage_acts(), model in 0_usize..5, silent: bool,
    ) {
        let terms = [
            json!({"model": "per_unit", "price": "1.07"}),
            json!({"model": "tiered", "tiers": "0-20@1.5+2;21-@0.7+1"}),
            json!({"model": "volume", "tiers": "0-20@1.5+2;21-@0.7"}),
            json!({"model": "package", "price": "3", "package_size": "7", "included_units": "5"}),
            json!({"model": "overage", "overage_price": "0.3", "included_units": "12"}),
        ];
        let mut with = row(json!({"type": "usage", "uom": "unit", "timing": "arrears"}));
        with.extend(row(terms[model].clone()));
        let mut rules = default_rules();
        rules.late_usage = LateUsage::NextRun;
        if silent {
            rules.without_records = WithoutRecords::NoLine;
        }
        let mut book = book(rules, &[charge("C1", Value::Object(with))]);
        for act in &acts {
            match act {
                UsageAct::Load(q, n) => book.import(&row(json!({"usage": [
                    {"ACCOUNT_ID": "A1", "UOM": "unit", "QTY": q.to_string(), "STARTDATE": from_day(*n)},
                ]}))),
                UsageAct::Bill(n) => {
                    book.bill(&from_day(*n), &from_day(*n)).unwrap();
                    explained(&book);
                }
                UsageAct::Post => book.post(),
                UsageAct::Cancel => book.cancel(),
                UsageAct::Reprice(p, n) => book.import(&row(json!({"charges": [{
                    "charge_number": "C1", "price": p.to_string(),
                    "tiers": format!("0-20@{p}+2;21-@0.7+1"), "overage_price": p.to_string(),
                    "effective_from": (day(&from_day(*n)).with_day(1).unwrap()).to_string(),
                }]}))),
                UsageAct::End(n) => book.import(&row(json!({"charges": [{
                    "charge_number": "C1", "end_date": n.map(from_day).unwrap_or_default(),
                }]}))),
            }
            billed_once(&book);
        }
        settle(&mut book, "2023-07-01");
        billed_once(&book);
        let scratch = book.billed_anew("2023-07-01");
        prop_assert_eq!(per_period(&book, "C1"), per_period(&scratch, "C1"), "{}", told(&book));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// Forty years of one charge in one run: its lines tile its service, whatever the billing day
    /// and the alignment, and billing year by year gives the same lines.
    #[test]
    fn forty_years_of_lines_tile_for_every_anchor_and_alignment(
        start in 0_u64..800, bcd in 1_u32..=31, billing_day in 0_usize..6, alignment in 0_usize..3,
        period in 0_usize..7, term in 0_u32..30,
    ) {
        let days = ["", "31", "29", "charge_start", "subscription_start", "term_start"];
        let periods = ["month", "quarter", "year", "5 months", "week", "3 weeks", "half-year"];
        let weekly = periods[period].contains("week");
        let billing_day = if weekly && billing_day < 3 { ["", "monday", "sunday"][billing_day] } else { days[billing_day] };
        let begins = day("1990-01-01") + Days::new(start);
        let mut book = Memory::new(default_rules());
        let mut sub = row(json!({
            "subscription_number": "S1", "account_number": "A1", "start_date": "1990-01-01", "auto_renew": true,
        }));
        if term > 0 {
            sub.insert("term_months".into(), json!(term));
        }
        book.import(&row(json!({
            "accounts": [{"account_number": "A1", "name": "Acme", "currency": "EUR", "bill_cycle_day": bcd}],
            "subscriptions": [sub],
            "charges": [charge("C1", json!({
                "start_date": begins.to_string(), "billing_period": periods[period],
                "billing_day": billing_day, "alignment": Alignment::ALL[alignment].as_str(),
            }))],
        })));
        book.bill("2030-01-01", "2030-01-01").unwrap();
        let mut spans: Vec<(NaiveDate, NaiveDate)> =
            book.accounts[0].claims.iter().map(|c| (c.from, c.to)).collect();
        spans.sort_unstable();
        prop_assert_eq!(spans[0].0, begins);
        for pair in spans.windows(2) {
            prop_assert_eq!(pair[0].1.succ_opt(), Some(pair[1].0));
        }
        prop_assert!(spans.last().unwrap().1 >= day("2030-01-01"));
        let at_once = per_line(&book);
        book.cancel();
        for year in 1990..=2030 {
            let target = format!("{year}-01-01");
            book.bill(&target, &target).unwrap();
            book.post();
        }
        if term == 0 {
            // Terms that renew late are billed in two parts; without terms the lines are the same.
            prop_assert_eq!(per_line(&book), at_once);
        }
        billed_once(&book);
    }
}

fn per_line(book: &Memory) -> Vec<(NaiveDate, NaiveDate, i64)> {
    let mut lines: Vec<_> =
        book.accounts[0].claims.iter().map(|c| (c.from, c.to, c.amount_minor)).collect();
    lines.sort_unstable();
    lines
}
