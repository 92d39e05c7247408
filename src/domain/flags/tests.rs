//! Every flag: when it is raised, and when not.

use super::*;
use crate::domain::account::DeliveryPreference;
use crate::domain::account::{AccountStatus, Version};
use crate::domain::billing::{ChargeInput, Claim, NewClaim, SubscriptionInput};
use crate::domain::charge::{
    Alignment, BillingDay, BillingPeriod, ChargeTerms, DiscountLevel, Model, PriceBase, Timing,
};
use crate::domain::explain::Derivation;
use crate::domain::ids::{AccountId, ChargeVersionId, ItemId, SubscriptionId};

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn charge(id: i64, kind: ChargeType) -> ChargeInput {
    let terms = ChargeTerms {
        name: format!("Charge {}", id % 10),
        plan: String::new(),
        charge_type: kind,
        model: Model::Flat,
        price: Decimal::TEN,
        quantity: Decimal::ONE,
        uom: String::new(),
        billing_period: Some(BillingPeriod::Months(1)),
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
    };
    let versions = vec![Version { id, seq: 1, effective_from: day("1900-01-01"), terms }];
    ChargeInput { id: ChargeId(id), number: format!("C{id}"), versions }
}

fn terms() -> AccountTerms {
    AccountTerms {
        name: "Acme".into(),
        currency: Currency::parse("EUR").unwrap(),
        emails: vec!["a@example.com".into()],
        batch: String::new(),
        bill_cycle_day: 1,
        payment_term: "Net 30".into(),
        auto_pay: true,
        delivery: DeliveryPreference::Email,
        tax_code: String::new(),
        tax_id: String::new(),
        address1: String::new(),
        address2: String::new(),
        postcode: String::new(),
        city: String::new(),
        region: String::new(),
        country: String::new(),
        language: String::new(),
        po_number: String::new(),
        status: AccountStatus::Active,
        legal: crate::domain::account::LegalTerms::default(),
    }
}

/// An account billed 100.00 (charge 1, recurring) and 50.00 (charge 2, usage) for January.
fn account() -> AccountInput {
    let claim = |charge: i64, amount_minor: i64| Claim {
        charge: ChargeId(charge),
        target: None,
        from: day("2024-01-01"),
        to: day("2024-01-31"),
        segment: 0,
        role: ClaimRole::Billed,
        item: Some(ItemId(charge)),
        document: DocumentId(1),
        posted: true,
        version: ChargeVersionId(charge),
        rated_minor: amount_minor,
        period: None,
        amount_minor,
        left_minor: amount_minor,
        gross_minor: None,
        gross_left_minor: None,
        corrects: None,
        tax: None,
        converted: None,
    };
    AccountInput {
        id: AccountId(1),
        number: "A1".into(),
        currency: Currency::parse("EUR").unwrap(),
        versions: Vec::new(),
        subscriptions: vec![SubscriptionInput {
            id: SubscriptionId(1),
            number: "S1".into(),
            versions: Vec::new(),
            charges: vec![
                charge(1, ChargeType::Recurring),
                charge(2, ChargeType::Usage),
                charge(11, ChargeType::Recurring),
                charge(4, ChargeType::OneTime),
            ],
        }],
        usage: Vec::new(),
        billed_usage: Vec::new(),
        claims: vec![claim(1, 10_000), claim(2, 5_000)],
        settled: None,
    }
}

fn item(charge: i64, from: &str, to: &str, amount_minor: i64) -> DraftItem {
    DraftItem {
        charge: ChargeId(charge),
        version: ChargeVersionId(charge),
        subscription: SubscriptionId(1),
        target: None,
        corrects: None,
        description: String::new(),
        service_from: day(from),
        service_to: day(to),
        quantity: Decimal::ONE,
        unit_price: Decimal::ONE,
        amount_minor,
        gross_minor: None,
        revenue_account: String::new(),
        tax_code: String::new(),
        tax_rate: None,
        derivation: Derivation::default(),
        claim: NewClaim {
            from: day(from),
            to: day(to),
            segment: 0,
            role: ClaimRole::Billed,
            rated_minor: amount_minor,
            period: None,
        },
        usage: Vec::new(),
    }
}

fn draft(items: Vec<DraftItem>) -> DraftDocument {
    let subtotal_minor = items.iter().map(|i| i.amount_minor).sum();
    DraftDocument {
        kind: DocumentKind::Invoice,
        invoice_on: day("2024-02-01"),
        due_on: day("2024-03-01"),
        po_number: String::new(),
        items,
        taxes: Vec::new(),
        subtotal_minor,
        tax_minor: 0,
        total_minor: subtotal_minor,
    }
}

fn usual(recurring: i64, usage: i64) -> Vec<DraftItem> {
    vec![item(1, "2024-02-01", "2024-02-29", recurring), item(2, "2024-02-01", "2024-02-29", usage)]
}

/// Whether a draft of the usual account has a flag.
fn has(draft: &DraftDocument, code: FlagCode) -> bool {
    codes(draft, &account(), &terms()).contains(&code.to_string())
}

fn codes(draft: &DraftDocument, input: &AccountInput, terms: &AccountTerms) -> Vec<String> {
    let around = Surroundings { input, terms, has_method: true, of: None };
    let (flags, risk) = of_draft(draft, &around, &Thresholds::default());
    assert_eq!(risk > 0, !flags.is_empty());
    flags.iter().map(|f| f.code.to_string()).collect()
}

fn said(draft: &DraftDocument, code: FlagCode) -> String {
    let (input, terms) = (account(), terms());
    let around = Surroundings { input: &input, terms: &terms, has_method: true, of: None };
    let (flags, _) = of_draft(draft, &around, &Thresholds::default());
    flags.into_iter().find(|f| f.code == code).unwrap().reason
}

#[test]
fn a_usual_month_has_no_flag() {
    assert!(codes(&draft(usual(10_000, 5_000)), &account(), &terms()).is_empty());
    assert!(codes(&draft(usual(10_200, 7_500)), &account(), &terms()).is_empty());
}

#[test]
fn totals_and_kinds_are_held_against_the_last_invoice() {
    let high = draft(usual(10_000, 27_501));
    assert_eq!(codes(&high, &account(), &terms()), ["total_high", "usage_changed"]);
    assert_eq!(said(&high, FlagCode::TotalHigh), "375.01 net is 2.5 times the last (150.00)");
    assert_eq!(said(&high, FlagCode::UsageChanged), "usage 275.01 after 50.00 (+450 %)");
    let low = draft(usual(10_000, -4_001));
    assert_eq!(codes(&low, &account(), &terms()), ["total_low", "usage_changed"]);
    assert_eq!(said(&low, FlagCode::TotalLow), "59.99 net is 0.4 times the last (150.00)");
    assert_eq!((times(118, 6_624), times(1, 1_000)), (Decimal::new(2, 2), Decimal::new(1, 3)));
    let moved = draft(usual(9_799, 5_000));
    assert_eq!(codes(&moved, &account(), &terms()), ["recurring_changed"]);
    assert_eq!(
        said(&moved, FlagCode::RecurringChanged),
        "recurring charges 97.99 after 100.00 (-2 %)"
    );
}

#[test]
fn the_worse_comes_first_and_money_breaks_the_tie() {
    let flag = |code| Flag { code, reason: String::new() };
    let (duplicate, first) = ([flag(FlagCode::Duplicate)], [flag(FlagCode::FirstInvoice)]);
    assert!(risk(&duplicate, 1) > risk(&first, 1_000_000_000));
    assert!(risk(&first, 100_000) > risk(&first, 100));
    assert_eq!(risk(&[], 100_000), 0);
    assert_eq!(listed(&["a", "b", "c", "d", "e", "f"]), "a, b, c, d and 2 more");
}

/// Every limit: at it nothing is said, one step beyond it is.
#[test]
fn each_limit_is_crossed_only_beyond_it() {
    for (code, recurring, usage, fires) in [
        // 2.5 times 150.00 is 375.00, 0.4 times is 60.00.
        (FlagCode::TotalHigh, 10_000, 27_500, false),
        (FlagCode::TotalHigh, 10_000, 27_501, true),
        (FlagCode::TotalLow, 10_000, -4_000, false),
        (FlagCode::TotalLow, 10_000, -4_001, true),
        // 2 % of 100.00, both ways.
        (FlagCode::RecurringChanged, 10_200, 5_000, false),
        (FlagCode::RecurringChanged, 10_201, 5_000, true),
        (FlagCode::RecurringChanged, 9_800, 5_000, false),
        (FlagCode::RecurringChanged, 9_799, 5_000, true),
        // 50 % of 50.00, both ways.
        (FlagCode::UsageChanged, 10_000, 7_500, false),
        (FlagCode::UsageChanged, 10_000, 7_501, true),
        (FlagCode::UsageChanged, 10_000, 2_500, false),
        (FlagCode::UsageChanged, 10_000, 2_499, true),
        (FlagCode::ZeroTotal, 10_000, -10_000, true),
        (FlagCode::ZeroTotal, 10_000, -9_999, false),
        (FlagCode::ZeroTotal, 10_000, -10_001, false),
    ] {
        assert_eq!(has(&draft(usual(recurring, usage)), code), fires, "{code} {recurring} {usage}");
    }
}

#[test]
fn the_limits_are_the_settings() {
    let (input, terms) = (account(), terms());
    let around = Surroundings { input: &input, terms: &terms, has_method: true, of: None };
    let wide = Thresholds {
        total_high: Decimal::ONE_HUNDRED,
        total_low: Decimal::ZERO,
        recurring_changed: Decimal::ONE_HUNDRED,
        usage_changed: Decimal::ONE_THOUSAND,
        back_billing: 9,
    };
    let narrow = Thresholds {
        total_high: Decimal::ONE,
        total_low: Decimal::ONE,
        recurring_changed: Decimal::ZERO,
        usage_changed: Decimal::ZERO,
        back_billing: 0,
    };
    let found = |items: &[DraftItem], by| -> Vec<String> {
        let (flags, _) = of_draft(&draft(items.to_vec()), &around, by);
        flags.iter().map(|f| f.code.to_string()).collect()
    };
    let mut more = usual(10_100, 30_000);
    more.push(item(1, "2023-12-01", "2023-12-31", 1));
    assert!(found(&more, &wide).is_empty());
    assert_eq!(
        found(&more, &narrow),
        ["total_high", "recurring_changed", "usage_changed", "back_billing"]
    );
    assert_eq!(found(&usual(10_000, 4_999), &narrow), ["total_low", "usage_changed"]);
    assert!(found(&usual(10_000, 5_000), &narrow).is_empty());
}

#[test]
fn what_was_nothing_or_less_has_no_multiple() {
    for last in [0, -10_000] {
        let mut input = account();
        for claim in &mut input.claims {
            claim.amount_minor = if claim.charge == ChargeId(1) { last } else { 0 };
        }
        let found = codes(&draft(usual(10_000, 5_000)), &input, &terms());
        assert!(
            !found.iter().any(|c| c.starts_with("total_") || c == "usage_changed"),
            "{found:?}"
        );
    }
}

#[test]
fn a_charge_that_was_due_again_is_missing() {
    let only = |from: &str| draft(vec![item(1, from, "2024-04-30", 10_000)]);
    let gone = only("2024-02-01");
    assert_eq!(codes(&gone, &account(), &terms()), ["usage_changed", "charge_missing"]);
    assert_eq!(said(&gone, FlagCode::ChargeMissing), "billed last time, not now: C2");
    // Due from the day after its last: the day before that, and a one-time charge, are not.
    let missing = |to: &str, from: &str, charge: i64| {
        let mut input = account();
        (input.claims[1].charge, input.claims[1].to) = (ChargeId(charge), day(to));
        codes(&only(from), &input, &terms()).contains(&"charge_missing".to_owned())
    };
    assert!(missing("2024-03-31", "2024-04-01", 2));
    assert!(!missing("2024-03-31", "2024-03-31", 2));
    assert!(!missing("2024-01-31", "2024-02-01", 4));
    // A discount on it is not the charge itself.
    let mut discounted = gone.clone();
    let mut off = item(2, "2024-02-01", "2024-02-29", -1);
    off.target = Some(ChargeId(1));
    discounted.items.push(off);
    assert!(has(&discounted, FlagCode::ChargeMissing));
}

#[test]
fn a_charge_is_new_until_it_was_billed_once() {
    let mut items = usual(10_000, 5_000);
    items.push(item(4, "2024-02-01", "2024-02-01", 700));
    let items = draft(items);
    assert_eq!(codes(&items, &account(), &terms()), ["charge_new"]);
    assert_eq!(said(&items, FlagCode::ChargeNew), "billed for the first time: C4");
    let mut input = account();
    let mut older = input.claims[0].clone();
    (older.charge, older.document) = (ChargeId(4), DocumentId(0));
    input.claims.push(older);
    assert!(codes(&items, &input, &terms()).is_empty());
}

#[test]
fn usage_that_is_not_there_or_came_late_is_told() {
    let of_records = |records: Option<u32>| {
        let mut items = usual(10_000, 5_000);
        items[1].derivation.how = How::Rated(Box::new(crate::domain::explain::Rated {
            model: Model::PerUnit,
            price: Decimal::ONE,
            groups: Vec::new(),
            records,
            uom: "GB".into(),
            tiers: Vec::new(),
            package_size: None,
            included_units: None,
            overage_price: None,
            part_of_prices: false,
            share: crate::domain::explain::Share::default(),
            earlier_minor: 0,
        }));
        draft(items)
    };
    assert_eq!(said(&of_records(Some(0)), FlagCode::UsageNone), "no usage was loaded for C2");
    for there in [Some(1), None] {
        assert!(!has(&of_records(there), FlagCode::UsageNone), "{there:?}");
    }
    let mut items = usual(10_000, 5_000);
    items.push(item(2, "2024-01-01", "2024-01-31", 1));
    assert!(!has(&draft(items.clone()), FlagCode::UsageLate));
    items[2].claim.role = ClaimRole::Late;
    assert_eq!(
        said(&draft(items), FlagCode::UsageLate),
        "usage of 2024-01-01 to 2024-01-31 came after it was billed (C2)"
    );
}

#[test]
fn more_than_two_past_periods_of_a_charge_are_back_billing() {
    let old = |ends: &[&str]| {
        let line = |to: &&str| item(1, "2023-10-01", to, 100);
        draft(ends.iter().map(line).chain(usual(10_000, 5_000)).collect())
    };
    let past = old(&["2023-11-30", "2023-12-31", "2024-01-31"]);
    assert_eq!(said(&past, FlagCode::BackBilling), "3 past periods of C1");
    assert!(!has(&old(&["2023-12-31", "2024-01-31"]), FlagCode::BackBilling));
    // A period that ends on the invoice date is not past; late usage and credits are none.
    let now = old(&["2023-12-31", "2024-01-31", "2024-02-01"]);
    assert!(!has(&now, FlagCode::BackBilling));
    let mut late = past;
    late.items[0].claim.role = ClaimRole::Late;
    assert!(!has(&late, FlagCode::BackBilling));
}

#[test]
fn the_account_itself_can_be_the_reason() {
    let plain = draft(usual(10_000, 5_000));
    let mut input = account();
    input.claims.clear();
    assert_eq!(codes(&plain, &input, &terms()), ["first_invoice"]);
    let input = account();
    for (delivery, address, fires) in [
        (DeliveryPreference::Email, false, true),
        (DeliveryPreference::Both, false, true),
        (DeliveryPreference::Email, true, false),
        (DeliveryPreference::Print, false, false),
        (DeliveryPreference::None, false, false),
    ] {
        let mut who = AccountTerms { delivery, ..terms() };
        if !address {
            who.emails.clear();
        }
        let found = codes(&plain, &input, &who);
        assert_eq!(found == ["no_email"], fires, "{delivery} {address}");
        assert!(fires || found.is_empty(), "{found:?}");
    }
    for (auto_pay, has_method, fires) in
        [(true, false, true), (true, true, false), (false, false, false), (false, true, false)]
    {
        let who = AccountTerms { auto_pay, ..terms() };
        let around = Surroundings { input: &input, terms: &who, has_method, of: None };
        let (flags, _) = of_draft(&plain, &around, &Thresholds::default());
        let found: Vec<FlagCode> = flags.iter().map(|f| f.code).collect();
        let expected: &[FlagCode] = if fires { &[FlagCode::NoMethod] } else { &[] };
        assert_eq!(found, expected, "{auto_pay} {has_method}");
    }
}

#[test]
fn the_same_thing_sold_twice_is_found() {
    // Charges 1 and 11 have the same name, 2 has another.
    let second = |charge, from: &str, to: &str, minor| {
        let mut items = usual(10_000, 5_000);
        items.push(item(charge, from, to, minor));
        draft(items)
    };
    let twice = second(11, "2024-02-01", "2024-02-29", 10_000);
    assert_eq!(
        said(&twice, FlagCode::Duplicate),
        "C1 and C11 bill the same: Charge 1 100.00, 2024-02-01 to 2024-02-29"
    );
    for other in [
        second(11, "2024-02-01", "2024-02-29", 9_999),
        second(11, "2024-02-02", "2024-02-29", 10_000),
        second(11, "2024-02-01", "2024-02-28", 10_000),
        second(4, "2024-02-01", "2024-02-29", 10_000),
        second(1, "2024-02-01", "2024-02-29", 10_000),
    ] {
        assert!(!has(&other, FlagCode::Duplicate), "{:?}", other.items[2]);
    }
    // What an earlier document billed counts too; nothing twice is nothing.
    assert!(has(&second(11, "2024-01-01", "2024-01-31", 10_000), FlagCode::Duplicate));
    let mut nothing = twice;
    nothing.items[0].amount_minor = 0;
    nothing.items[2].amount_minor = 0;
    assert!(!has(&nothing, FlagCode::Duplicate));
}

#[test]
fn a_memo_is_not_held_against_the_last_invoice() {
    let mut memo = draft(usual(-10_000, -5_000));
    memo.kind = DocumentKind::CreditMemo;
    assert!(codes(&memo, &account(), &terms()).is_empty());
}
