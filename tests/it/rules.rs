//! The billing rules under random sequences: what must hold whatever is bought, changed and run.

use crate::harness::memory::{Memory, default_rules};
use crate::harness::rules::{billed_once, book, charge, day, explained, row, told};
use daybook::domain::bill::bill_account;
use daybook::domain::billing::{
    BillDates, BillingRules, Claim, ClaimRole, MemoRule, PendingReason,
};
use daybook::domain::charge::ChargeType;
use serde_json::{Value, json};

#[test]
fn a_change_and_its_reverse_net_to_nothing() {
    let mut book = book(default_rules(), &[charge("C1", json!({}))]);
    book.bill("2023-03-01", "2023-03-01").unwrap();
    book.post();
    let before = book.standing("C1");
    for price in ["50", "31"] {
        book.import(&row(json!({"charges": [
            {"charge_number": "C1", "price": price, "effective_from": "2023-02-15"},
        ]})));
        book.bill("2023-03-01", "2023-03-01").unwrap();
        assert!(!book.last.is_empty());
        book.post();
    }
    assert_eq!(book.standing("C1"), before);
    book.bill("2023-03-01", "2023-03-01").unwrap();
    assert!(book.last.is_empty());
}

#[test]
fn a_run_without_auto_renewal_never_takes_back_what_renewed() {
    let mut book = book(default_rules(), &[charge("C1", json!({"start_date": "2023-01-10"}))]);
    book.import(&row(json!({"subscriptions": [
        {"subscription_number": "S1", "term_months": "6", "auto_renew": true},
    ]})));
    book.bill("2023-12-01", "2023-12-01").unwrap();
    book.post();
    let dates = |auto_renew| BillDates {
        target: day("2023-12-01"),
        invoice_date: day("2023-12-01"),
        exclude: Vec::new(),
        auto_renew,
    };
    book.bill_dates(&dates(false)).unwrap();
    assert!(book.last.is_empty());
}

#[test]
fn what_cannot_be_billed_is_named() {
    let usage = json!({"type": "usage", "uom": "GB", "timing": "arrears"});
    let with = |more: Value| {
        let mut all = row(usage.clone());
        all.extend(row(more));
        Value::Object(all)
    };
    for (terms, words) in [
        (json!({"billing_period": ""}), "needs a billing_period"),
        (json!({"billing_day": "friday"}), "needs a billing period of weeks"),
        (
            json!({"billing_period": "week", "billing_day": "15"}),
            "needs a billing period of months",
        ),
        (with(json!({"uom": ""})), "needs a uom"),
        (with(json!({"model": "tiered"})), "needs tiers"),
        (with(json!({"model": "package", "package_size": "0"})), "package_size above zero"),
        (with(json!({"model": "overage"})), "overage_price"),
        (
            json!({"price": "79228162514264337593543950335", "model": "per_unit", "quantity": "10"}),
            "too large",
        ),
        (json!({"price": "99999999999999999"}), "too large"),
        (json!({"model": "discount_percent", "price": "101"}), "between 0 and 100"),
        (json!({"model": "discount_fixed", "price": "-1"}), "not below 0"),
        (json!({"tax_code": "X"}), "is not in the tax table"),
    ] {
        let mut book = book(default_rules(), &[charge("C1", terms.clone())]);
        let error = book.bill("2023-06-01", "2023-06-01").unwrap_err().to_string();
        assert!(error.contains(words), "{terms}: {error}");
    }
    let mut odd = book(BillingRules { prorate: false, ..default_rules() }, &[]);
    let error = odd.bill("2023-06-01", "2023-06-01").unwrap_err().to_string();
    assert!(error.contains("proration.prorate"), "{error}");
    let mut odd = book(default_rules(), &[charge("C1", json!({}))]);
    odd.import(&row(
        json!({"accounts": [{"account_number": "A1", "payment_term": "2/10 net 30"}]}),
    ));
    let error = odd.bill("2023-06-01", "2023-06-01").unwrap_err().to_string();
    assert!(error.contains("payment term"), "{error}");
}

#[test]
fn an_account_that_is_not_active_is_left_alone() {
    let terms = json!({"type": "usage", "model": "per_unit", "uom": "GB"});
    let mut book = book(default_rules(), &[charge("C1", terms), charge("C2", json!({}))]);
    let usage = json!({"ACCOUNT_ID": "A1", "UOM": "GB", "QTY": "5", "STARTDATE": "2023-02-05"});
    book.import(&row(json!({"usage": [usage]})));
    for (status, lines) in [("suspended", 0), ("canceled", 0), ("active", 3)] {
        book.import(&row(json!({"accounts": [{"account_number": "A1", "status": status}]})));
        book.bill("2023-02-01", "2023-02-01").unwrap();
        let made: usize = book.last.values().flatten().map(|(_, d)| d.items.len()).sum();
        assert_eq!(made, lines, "{status}");
    }
}

/// Why each record of a bill stays pending.
fn pending(book: &Memory, target: &str) -> Vec<PendingReason> {
    let dates = BillDates {
        target: day(target),
        invoice_date: day(target),
        exclude: Vec::new(),
        auto_renew: true,
    };
    let bill = bill_account(&book.accounts[0], &book.taxes, &book.rules, &dates).unwrap();
    bill.pending.into_iter().map(|(_, why)| why).collect()
}

#[test]
fn usage_that_cannot_be_billed_says_why() {
    let terms = json!({
        "type": "usage", "model": "per_unit", "uom": "GB", "end_date": "2023-06-30",
        "billed_through": "2023-01-20",
    });
    for (uom, on, why) in [
        ("TB", "2023-02-05", PendingReason::NoCharge),
        ("GB", "2023-07-05", PendingReason::OutsideService),
        ("GB", "2023-01-15", PendingReason::BilledElsewhere),
        ("GB", "2023-03-05", PendingReason::SubscriptionSuspended),
        ("GB", "2023-05-05", PendingReason::NotDue),
    ] {
        let mut book = book(default_rules(), &[charge("C1", terms.clone())]);
        book.import(&row(json!({
            "subscriptions": [{
                "subscription_number": "S1", "suspended_from": "2023-03-01", "resumed_from": "2023-03-11",
            }],
            "usage": [{"ACCOUNT_ID": "A1", "UOM": uom, "QTY": "5", "STARTDATE": on}],
        })));
        assert_eq!(pending(&book, "2023-05-01"), [why], "{uom} {on}");
        book.import(&row(json!({"accounts": [{"account_number": "A1", "status": "suspended"}]})));
        assert_eq!(pending(&book, "2023-05-01"), [PendingReason::AccountInactive]);
    }
    let mut book = book(default_rules(), &[charge("C1", terms)]);
    book.bill("2023-03-01", "2023-03-01").unwrap();
    let late = json!({"ACCOUNT_ID": "A1", "UOM": "GB", "QTY": "5", "STARTDATE": "2023-02-05"});
    book.import(&row(json!({"usage": [late]})));
    assert_eq!(pending(&book, "2023-03-01"), [PendingReason::PeriodBilled]);
}

#[test]
fn usage_goes_to_the_charge_it_names() {
    let terms = json!({"type": "usage", "model": "per_unit", "price": "1", "uom": "GB"});
    let mut book = book(default_rules(), &[charge("C1", terms.clone()), charge("C2", terms)]);
    book.import(&row(json!({"usage": [
        {"ACCOUNT_ID": "A1", "UOM": "GB", "QTY": "5", "STARTDATE": "2023-01-15", "CHARGE_ID": "C2"},
        {"ACCOUNT_ID": "A1", "UOM": "GB", "QTY": "7", "STARTDATE": "2023-01-15", "SUBSCRIPTION_ID": "S1"},
    ]})));
    // Both could bill the second: a person is asked, the first of them does not get it in silence.
    assert_eq!(pending(&book, "2023-02-01"), [PendingReason::SeveralCharges]);
    book.bill("2023-02-01", "2023-02-01").unwrap();
    assert_eq!((book.standing("C1"), book.standing("C2")), (0, 500));
    // One of them ends before the next day of usage: then only one could.
    book.import(&row(json!({
        "charges": [{"charge_number": "C2", "end_date": "2023-01-31"}],
        "usage": [{"ACCOUNT_ID": "A1", "UOM": "GB", "QTY": "3", "STARTDATE": "2023-02-15"}],
    })));
    book.bill("2023-03-01", "2023-03-01").unwrap();
    assert_eq!((book.standing("C1"), book.standing("C2")), (300, 500));
}

#[test]
fn a_subscription_withdrawn_before_or_on_its_first_day_was_never_served() {
    for end in ["2023-01-09", "2022-12-01"] {
        let mut book = book(default_rules(), &[charge("C1", json!({}))]);
        book.bill("2023-02-01", "2023-02-01").unwrap();
        book.post();
        assert!(book.standing("C1") > 0);
        book.import(&row(json!({
            "subscriptions": [{"subscription_number": "S1", "end_date": end}],
        })));
        book.bill("2023-03-01", "2023-03-01").unwrap();
        assert_eq!(book.standing("C1"), 0, "{end}");
    }
}

#[test]
fn charge_types_can_be_left_out() {
    let usage = json!({"type": "usage", "model": "flat", "uom": "GB"});
    let mut book = book(default_rules(), &[charge("C1", json!({})), charge("C2", usage)]);
    let dates = BillDates {
        target: day("2023-02-01"),
        invoice_date: day("2023-02-01"),
        exclude: vec![ChargeType::Recurring],
        auto_renew: true,
    };
    book.bill_dates(&dates).unwrap();
    assert_eq!(book.standing("C1"), 0);
    assert_eq!(book.standing("C2"), 3100);
}

#[test]
fn a_draft_is_never_corrected_only_counted_as_there() {
    let mut book = book(default_rules(), &[charge("C1", json!({}))]);
    book.bill("2023-02-01", "2023-02-01").unwrap();
    book.import(&row(
        json!({"subscriptions": [{"subscription_number": "S1", "end_date": "2023-02-10"}]}),
    ));
    book.bill("2023-02-28", "2023-02-28").unwrap();
    assert!(book.last.is_empty());
    book.post();
    book.bill("2023-02-28", "2023-02-28").unwrap();
    assert!(!book.last.is_empty());
}

/// The credit for February when its line was edited to `amount` and `left` of it may be credited.
fn credit_for(amount: i64, left: i64) -> i64 {
    let mut book = book(default_rules(), &[charge("C1", json!({"price": "28"}))]);
    book.bill("2023-02-01", "2023-02-01").unwrap();
    book.post();
    let february = |c: &&mut Claim| c.from == day("2023-02-01");
    let claim = book.accounts[0].claims.iter_mut().find(february).unwrap();
    (claim.amount_minor, claim.left_minor) = (amount, left);
    book.import(&row(
        json!({"subscriptions": [{"subscription_number": "S1", "end_date": "2023-02-14"}]}),
    ));
    book.bill("2023-02-28", "2023-02-28").unwrap();
    explained(&book);
    book.last.values().flatten().map(|(_, d)| d.total_minor).sum()
}

#[test]
fn a_credit_is_in_proportion_to_an_edit_and_never_beyond_what_is_left() {
    assert_eq!(credit_for(2800, 2800), -1400);
    assert_eq!(credit_for(2000, 2000), -1000, "edited");
    assert_eq!(credit_for(2800, 300), -300, "credited by hand before");
    assert_eq!(credit_for(2800, 0), 0, "nothing left");
    assert_eq!(credit_for(0, 0), 0, "edited to nothing");
}

#[test]
fn a_waived_line_counts_as_billed_at_zero() {
    let mut book = book(default_rules(), &[charge("C1", json!({"price": "28"}))]);
    book.bill("2023-02-01", "2023-02-01").unwrap();
    for claim in &mut book.accounts[0].claims {
        (claim.role, claim.item, claim.amount_minor, claim.left_minor) =
            (ClaimRole::Waived, None, 0, 0);
    }
    book.post();
    book.bill("2023-03-01", "2023-03-01").unwrap();
    assert_eq!(book.standing("C1"), 2800, "March alone");
    assert_eq!(book.last["A1"][0].1.items.len(), 1);
}

#[test]
fn a_discount_line_taken_off_until_later_comes_back() {
    let charges = [
        charge("C1", json!({})),
        charge("D1", json!({"model": "discount_percent", "price": "10"})),
    ];
    let mut book = book(default_rules(), &charges);
    book.bill("2023-02-01", "2023-02-01").unwrap();
    let discount = book.charge_id("D1");
    book.accounts[0].claims.retain(|c| c.charge != discount);
    book.post();
    book.bill("2023-02-01", "2023-02-01").unwrap();
    assert_eq!(book.standing("D1"), -530, "10 % of 22.00 and of 31.00");
    for claim in &mut book.accounts[0].claims {
        if claim.charge == discount {
            (claim.role, claim.item, claim.amount_minor) = (ClaimRole::Waived, None, 0);
        }
    }
    book.post();
    book.bill("2023-02-01", "2023-02-01").unwrap();
    assert!(book.last.is_empty(), "waived for good");
}

#[test]
fn a_changed_or_ended_discount_is_brought_in_step() {
    for (model, was, after_change, after_end) in
        [("discount_percent", -310, -620, 0), ("discount_fixed", -1000, -2000, -1000)]
    {
        let price = if model == "discount_percent" { "10" } else { "10.00" };
        let charges = [
            charge("C1", json!({"start_date": "2023-03-01"})),
            charge("D1", json!({"model": model, "price": price, "start_date": "2023-03-01"})),
        ];
        let mut book = book(default_rules(), &charges);
        book.bill("2023-03-01", "2023-03-01").unwrap();
        book.post();
        assert_eq!(book.standing("D1"), was, "{model}");
        book.import(&row(json!({"charges": [
            {"charge_number": "D1", "price": "20", "effective_from": "2023-03-01"},
        ]})));
        book.bill("2023-03-31", "2023-03-31").unwrap();
        explained(&book);
        book.post();
        assert_eq!(book.standing("D1"), after_change, "{model}");
        book.import(&row(json!({"charges": [
            {"charge_number": "D1", "end_date": if model == "discount_percent" { "2023-02-28" } else { "2023-03-15" }},
        ]})));
        book.bill("2023-03-31", "2023-03-31").unwrap();
        explained(&book);
        book.post();
        let stands = book.standing("D1");
        assert!((stands - after_end).abs() <= 40, "{model}: {stands}");
        billed_once(&book);
        book.bill("2023-03-31", "2023-03-31").unwrap();
        assert!(book.last.is_empty(), "{}", told(&book));
    }
}

#[test]
fn an_inclusive_line_is_credited_with_its_tax() {
    let mut book = book(
        default_rules(),
        &[charge("C1", json!({"price": "119", "tax_code": "V", "start_date": "2023-02-01"}))],
    );
    book.import(&row(
        json!({"taxes": [{"tax_code": "V", "rate_percent": "19", "inclusive": true}]}),
    ));
    book.bill("2023-02-01", "2023-02-01").unwrap();
    explained(&book);
    book.post();
    book.import(&row(
        json!({"subscriptions": [{"subscription_number": "S1", "end_date": "2023-02-14"}]}),
    ));
    book.bill("2023-02-28", "2023-02-28").unwrap();
    explained(&book);
    let memo = &book.last["A1"][0].1;
    assert_eq!((memo.subtotal_minor, memo.tax_minor, memo.total_minor), (-5000, -950, -5950));
}

#[test]
fn a_credit_in_draft_frees_nothing() {
    let mut book =
        book(default_rules(), &[charge("C1", json!({"price": "28", "start_date": "2023-02-01"}))]);
    let end = |book: &mut Memory, on: &str| {
        book.import(&row(
            json!({"subscriptions": [{"subscription_number": "S1", "end_date": on}]}),
        ));
    };
    book.bill("2023-02-01", "2023-02-01").unwrap();
    book.post();
    end(&mut book, "2023-02-14");
    book.bill("2023-02-28", "2023-02-28").unwrap();
    end(&mut book, "");
    book.bill("2023-02-28", "2023-02-28").unwrap();
    assert!(book.last.is_empty(), "billed again on the strength of a draft credit");
    book.cancel();
    book.bill("2023-02-28", "2023-02-28").unwrap();
    assert!(book.last.is_empty());
    assert_eq!(book.standing("C1"), 2800);
}

#[test]
fn days_billed_anew_are_credited_though_their_memo_was_thrown_away() {
    let mut rules = default_rules();
    rules.memo_rule = MemoRule::AllNegative;
    let charges = [
        charge("C1", json!({"price": "28", "start_date": "2023-02-01"})),
        charge(
            "D1",
            json!({"model": "discount_percent", "price": "10", "start_date": "2023-02-01"}),
        ),
    ];
    let mut book = book(rules, &charges);
    book.bill("2023-02-01", "2023-02-01").unwrap();
    book.post();
    book.import(&row(json!({"charges": [
        {"charge_number": "C1", "price": "56", "effective_from": "2023-02-15"},
    ]})));
    book.bill("2023-02-28", "2023-02-28").unwrap();
    let memo = book.last["A1"].iter().find(|(_, d)| d.subtotal_minor < 0).unwrap().0;
    book.cancel_documents(&[memo]);
    book.post();
    book.bill("2023-02-28", "2023-02-28").unwrap();
    explained(&book);
    assert_eq!(book.standing("C1"), 1400 + 2800);
    assert_eq!(book.standing("D1"), -140 - 280);
    billed_once(&book);
    book.post();
    book.bill("2023-02-28", "2023-02-28").unwrap();
    assert!(book.last.is_empty(), "{}", told(&book));
}
