//! Flags: why a draft deserves a look, with the reason in words and a risk for the review order.
//! Everything is compared with what the account was billed last; thresholds are settings
//! `flags.*`.

use super::account::{AccountTerms, DeliveryPreference, newest};
use super::billing::{AccountInput, ClaimRole, DraftDocument, DraftItem};
use super::charge::ChargeType;
use super::document::{DocumentKind, Flag, FlagCode};
use super::explain::How;
use super::ids::{ChargeId, DocumentId};
use super::money::Currency;
use super::period::after;
use chrono::NaiveDate;
use rust_decimal::Decimal;
use std::collections::{HashMap, HashSet};

/// The settings `flags.*`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thresholds {
    /// `flags.total_high`: times the last invoice.
    pub total_high: Decimal,
    /// `flags.total_low`: times the last invoice.
    pub total_low: Decimal,
    /// `flags.recurring_changed`: percent.
    pub recurring_changed: Decimal,
    /// `flags.usage_changed`: percent.
    pub usage_changed: Decimal,
    /// `flags.back_billing`: past periods of one charge that are still usual.
    pub back_billing: usize,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            total_high: Decimal::new(25, 1),
            total_low: Decimal::new(4, 1),
            recurring_changed: Decimal::TWO,
            usage_changed: Decimal::from(50),
            back_billing: 2,
        }
    }
}

/// What a draft is judged by, beside the draft.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings<'a> {
    /// The account with what was billed before.
    pub input: &'a AccountInput,
    /// Its terms on the invoice date.
    pub terms: &'a AccountTerms,
    /// Whether it has a payment method that can be charged.
    pub has_method: bool,
}

/// What the account was billed last, read off its claims.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Last {
    /// Net by charge type, minor units.
    recurring: i64,
    usage: i64,
    total: i64,
    /// Last day billed of each charge.
    charges: Vec<(ChargeId, NaiveDate)>,
}

/// Type and number of each charge.
fn kinds(input: &AccountInput) -> HashMap<ChargeId, (ChargeType, &str, &str)> {
    let charges = input.subscriptions.iter().flat_map(|s| &s.charges);
    charges
        .filter_map(|c| {
            let terms = &newest(&c.versions)?.terms;
            Some((c.id, (terms.charge_type, c.number.as_str(), terms.name.as_str())))
        })
        .collect()
}

/// The newest document that billed something: its net sums.
fn last_billed(
    input: &AccountInput,
    kinds: &HashMap<ChargeId, (ChargeType, &str, &str)>,
) -> Option<Last> {
    let billed = |role| matches!(role, ClaimRole::Billed | ClaimRole::Late);
    let document: DocumentId =
        input.claims.iter().filter(|c| billed(c.role)).map(|c| c.document).max()?;
    let mut last = Last::default();
    for claim in input.claims.iter().filter(|c| c.document == document) {
        last.total += claim.amount_minor;
        let of = claim.target.unwrap_or(claim.charge);
        match kinds.get(&of).map(|k| k.0) {
            Some(ChargeType::Recurring) => last.recurring += claim.amount_minor,
            Some(ChargeType::Usage) => last.usage += claim.amount_minor,
            Some(ChargeType::OneTime) | None => {}
        }
        if claim.target.is_none() && billed(claim.role) {
            last.charges.push((claim.charge, claim.to));
        }
    }
    Some(last)
}

/// Every flag of a draft, and its risk: the worse, the higher.
pub fn of_draft(
    draft: &DraftDocument,
    around: &Surroundings<'_>,
    thresholds: &Thresholds,
) -> (Vec<Flag>, i64) {
    let kinds = kinds(around.input);
    let last = last_billed(around.input, &kinds);
    let mut flags = Flags { currency: around.input.currency, list: Vec::new() };
    match (&last, draft.kind) {
        (None, _) => flags.add(FlagCode::FirstInvoice, "nothing was billed before".into()),
        (Some(last), DocumentKind::Invoice | DocumentKind::DebitMemo) => {
            flags.against_last(draft, last, thresholds, &kinds);
            flags.charges(draft, last, around.input, &kinds);
        }
        (Some(_), DocumentKind::CreditMemo | DocumentKind::WriteOff) => {}
    }
    flags.lines(draft, thresholds, &kinds);
    flags.duplicates(draft, around.input, &kinds);
    flags.account(around);
    let risk = risk(&flags.list, draft.total_minor);
    (flags.list, risk)
}

/// Worst first: what a flag weighs, then how much money is on the draft.
pub fn risk(flags: &[Flag], total_minor: i64) -> i64 {
    let weight: i64 = flags.iter().map(|f| weight(f.code)).sum();
    let size = i64::from(64 - total_minor.unsigned_abs().leading_zeros());
    if weight == 0 { 0 } else { weight * 100 + size }
}

fn weight(code: FlagCode) -> i64 {
    match code {
        FlagCode::Duplicate => 90,
        FlagCode::TotalHigh => 80,
        FlagCode::BackBilling => 70,
        FlagCode::Stale => 65,
        FlagCode::ChargeMissing => 60,
        FlagCode::RecurringChanged => 50,
        FlagCode::TotalLow | FlagCode::UsageChanged => 40,
        FlagCode::NoMethod | FlagCode::NoEmail => 30,
        FlagCode::UsageLate => 25,
        FlagCode::ZeroTotal | FlagCode::ChargeNew => 20,
        FlagCode::UsageNone => 15,
        FlagCode::FirstInvoice => 10,
    }
}

struct Flags {
    currency: Currency,
    list: Vec<Flag>,
}

/// `a / b` for words: to one decimal, and small ones to two digits that say something.
fn times(a: i64, b: i64) -> Decimal {
    let ratio = Decimal::from(a).checked_div(Decimal::from(b)).unwrap_or_default();
    let digits = if ratio.abs() < Decimal::ONE { 2 } else { 1 };
    let short = ratio.round_dp(digits);
    if short.is_zero() { ratio.round_sf(1).unwrap_or(short) } else { short }.normalize()
}

/// By how many percent `now` differs from `then`.
fn change(now: i64, then: i64) -> Option<Decimal> {
    let moved = Decimal::from(now) - Decimal::from(then);
    (moved * Decimal::ONE_HUNDRED).checked_div(Decimal::from(then).abs())
}

impl Flags {
    fn add(&mut self, code: FlagCode, reason: String) {
        self.list.push(Flag { code, reason });
    }

    fn money(&self, minor: i64) -> String {
        self.currency.grouped(minor)
    }

    fn against_last(
        &mut self,
        draft: &DraftDocument,
        last: &Last,
        thresholds: &Thresholds,
        kinds: &HashMap<ChargeId, (ChargeType, &str, &str)>,
    ) {
        let now = draft.subtotal_minor;
        if last.total > 0 {
            let scaled = |factor: Decimal| Decimal::from(last.total) * factor;
            let said = || {
                format!(
                    "{} net is {} times the last ({})",
                    self.money(now),
                    times(now, last.total),
                    self.money(last.total)
                )
            };
            if Decimal::from(now) > scaled(thresholds.total_high) {
                let reason = said();
                self.add(FlagCode::TotalHigh, reason);
            } else if Decimal::from(now) < scaled(thresholds.total_low) {
                let reason = said();
                self.add(FlagCode::TotalLow, reason);
            }
        }
        let sum = |kind: ChargeType| -> i64 {
            let of = |i: &&DraftItem| {
                kinds.get(&i.target.unwrap_or(i.charge)).is_some_and(|k| k.0 == kind)
            };
            draft.items.iter().filter(of).map(|i| i.amount_minor).sum()
        };
        for (code, words, kind, then, limit) in [
            (
                FlagCode::RecurringChanged,
                "recurring charges",
                ChargeType::Recurring,
                last.recurring,
                thresholds.recurring_changed,
            ),
            (
                FlagCode::UsageChanged,
                "usage",
                ChargeType::Usage,
                last.usage,
                thresholds.usage_changed,
            ),
        ] {
            let now = sum(kind);
            let Some(moved) = change(now, then).filter(|m| m.abs() > limit) else { continue };
            let reason = format!(
                "{words} {} after {} ({}{} %)",
                self.money(now),
                self.money(then),
                if moved > Decimal::ZERO { "+" } else { "" },
                moved.round_dp(1).normalize()
            );
            self.add(code, reason);
        }
    }

    /// Charges billed last time and due again that are not on the draft, and those never billed.
    fn charges(
        &mut self,
        draft: &DraftDocument,
        last: &Last,
        input: &AccountInput,
        kinds: &HashMap<ChargeId, (ChargeType, &str, &str)>,
    ) {
        let here: HashSet<ChargeId> =
            draft.items.iter().filter(|i| i.target.is_none()).map(|i| i.charge).collect();
        let newest = draft.items.iter().map(|i| i.service_from).max();
        let number = |id: &ChargeId| kinds.get(id).map_or("?", |k| k.1);
        let mut missing: Vec<&str> = last
            .charges
            .iter()
            .filter(|(id, to)| {
                let again = kinds.get(id).is_some_and(|k| k.0 != ChargeType::OneTime);
                let due = after(*to).is_some_and(|next| newest.is_some_and(|n| next <= n));
                again && due && !here.contains(id)
            })
            .map(|(id, _)| number(id))
            .collect();
        missing.sort_unstable();
        missing.dedup();
        if !missing.is_empty() {
            let reason = format!("billed last time, not now: {}", listed(&missing));
            self.add(FlagCode::ChargeMissing, reason);
        }
        let before: HashSet<ChargeId> = input.claims.iter().map(|c| c.charge).collect();
        let mut new: Vec<&str> =
            here.iter().filter(|id| !before.contains(id)).map(number).collect();
        new.sort_unstable();
        if !new.is_empty() {
            self.add(FlagCode::ChargeNew, format!("billed for the first time: {}", listed(&new)));
        }
    }

    fn lines(
        &mut self,
        draft: &DraftDocument,
        thresholds: &Thresholds,
        kinds: &HashMap<ChargeId, (ChargeType, &str, &str)>,
    ) {
        if draft.total_minor == 0 {
            self.add(FlagCode::ZeroTotal, "the total is zero".into());
        }
        let number = |i: &DraftItem| kinds.get(&i.charge).map_or("?", |k| k.1).to_owned();
        let without = |i: &&DraftItem| match &i.derivation.how {
            How::Rated(rated) => rated.records == Some(0),
            How::ByHand | How::Credit(_) | How::Percent(_) | How::Fixed(_) => false,
        };
        let mut none: Vec<String> = draft.items.iter().filter(without).map(number).collect();
        none.dedup();
        if !none.is_empty() {
            self.add(FlagCode::UsageNone, format!("no usage was loaded for {}", listed(&none)));
        }
        let late: Vec<&DraftItem> =
            draft.items.iter().filter(|i| i.claim.role == ClaimRole::Late).collect();
        if let Some(first) = late.first() {
            let reason = format!(
                "usage of {} to {} came after it was billed ({})",
                first.service_from,
                first.service_to,
                number(first)
            );
            self.add(FlagCode::UsageLate, reason);
        }
        let mut past: HashMap<ChargeId, usize> = HashMap::new();
        for item in &draft.items {
            let billed = item.target.is_none() && item.claim.role == ClaimRole::Billed;
            if billed && item.service_to < draft.invoice_on {
                *past.entry(item.charge).or_default() += 1;
            }
        }
        let most = past.iter().max_by_key(|(id, n)| (**n, **id));
        if let Some((id, n)) = most.filter(|(_, n)| **n > thresholds.back_billing) {
            let number = kinds.get(id).map_or("?", |k| k.1);
            self.add(FlagCode::BackBilling, format!("{n} past periods of {number}"));
        }
    }

    /// Two charges that say the same: equal name, days and amount, here or on another document.
    fn duplicates(
        &mut self,
        draft: &DraftDocument,
        input: &AccountInput,
        kinds: &HashMap<ChargeId, (ChargeType, &str, &str)>,
    ) {
        let mut seen: HashMap<(&str, NaiveDate, NaiveDate, i64), ChargeId> = HashMap::new();
        let name = |id: ChargeId| kinds.get(&id).map_or("", |k| k.2);
        for claim in &input.claims {
            if claim.role == ClaimRole::Billed && claim.target.is_none() && claim.amount_minor != 0
            {
                let key = (name(claim.charge), claim.from, claim.to, claim.amount_minor);
                seen.insert(key, claim.charge);
            }
        }
        for item in &draft.items {
            if item.claim.role != ClaimRole::Billed
                || item.target.is_some()
                || item.amount_minor == 0
            {
                continue;
            }
            let key = (name(item.charge), item.service_from, item.service_to, item.amount_minor);
            match seen.insert(key, item.charge) {
                Some(other) if other != item.charge => {
                    let number = |id: ChargeId| kinds.get(&id).map_or("?", |k| k.1);
                    let reason = format!(
                        "{} and {} bill the same: {} {}, {} to {}",
                        number(other),
                        number(item.charge),
                        key.0,
                        self.money(item.amount_minor),
                        item.service_from,
                        item.service_to
                    );
                    self.add(FlagCode::Duplicate, reason);
                    return;
                }
                Some(_) | None => {}
            }
        }
    }

    fn account(&mut self, around: &Surroundings<'_>) {
        let by_email = match around.terms.delivery {
            DeliveryPreference::Email | DeliveryPreference::Both => true,
            DeliveryPreference::Print | DeliveryPreference::None => false,
        };
        if by_email && around.terms.emails.is_empty() {
            self.add(FlagCode::NoEmail, "to be e-mailed, and the account has no address".into());
        }
        if around.terms.auto_pay && !around.has_method {
            let reason = "to be paid automatically, and the account has no usable payment method";
            self.add(FlagCode::NoMethod, reason.into());
        }
    }
}

/// The first few, and how many more.
fn listed<T: AsRef<str>>(numbers: &[T]) -> String {
    let shown: Vec<&str> = numbers.iter().take(4).map(AsRef::as_ref).collect();
    let more = numbers.len().saturating_sub(4);
    let tail = if more == 0 { String::new() } else { format!(" and {more} more") };
    format!("{}{tail}", shown.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
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
            amount_minor,
            left_minor: amount_minor,
            gross_minor: None,
            corrects: None,
            tax: None,
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
            tax_code: String::new(),
            tax_rate: None,
            derivation: Derivation::default(),
            claim: NewClaim {
                from: day(from),
                to: day(to),
                segment: 0,
                role: ClaimRole::Billed,
                rated_minor: amount_minor,
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
        vec![
            item(1, "2024-02-01", "2024-02-29", recurring),
            item(2, "2024-02-01", "2024-02-29", usage),
        ]
    }

    fn codes(draft: &DraftDocument, input: &AccountInput, terms: &AccountTerms) -> Vec<String> {
        let around = Surroundings { input, terms, has_method: true };
        let (flags, risk) = of_draft(draft, &around, &Thresholds::default());
        assert_eq!(risk > 0, !flags.is_empty());
        flags.iter().map(|f| f.code.to_string()).collect()
    }

    fn said(draft: &DraftDocument, code: FlagCode) -> String {
        let (input, terms) = (account(), terms());
        let around = Surroundings { input: &input, terms: &terms, has_method: true };
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
    fn charges_that_come_and_go_are_named() {
        let gone = draft(vec![item(1, "2024-02-01", "2024-02-29", 10_000)]);
        assert_eq!(codes(&gone, &account(), &terms()), ["usage_changed", "charge_missing"]);
        assert_eq!(said(&gone, FlagCode::ChargeMissing), "billed last time, not now: C2");
        let mut items = usual(10_000, 5_000);
        items.push(item(4, "2024-02-01", "2024-02-01", 700));
        assert_eq!(codes(&draft(items), &account(), &terms()), ["charge_new"]);
        // A quarter that has not ended is not missing.
        let mut input = account();
        input.claims[1].to = day("2024-03-31");
        let only = draft(vec![item(1, "2024-02-01", "2024-02-29", 10_000)]);
        assert_eq!(codes(&only, &input, &terms()), ["usage_changed"]);
    }

    #[test]
    fn lines_show_missing_and_late_usage_and_old_periods() {
        let mut items = usual(10_000, 5_000);
        items[1].derivation.how = How::Rated(Box::new(crate::domain::explain::Rated {
            model: Model::PerUnit,
            price: Decimal::ONE,
            groups: Vec::new(),
            records: Some(0),
            uom: "GB".into(),
            tiers: Vec::new(),
            package_size: None,
            included_units: None,
            overage_price: None,
            share: crate::domain::explain::Share::default(),
            earlier_minor: 0,
        }));
        items.push(item(2, "2024-01-01", "2024-01-31", 1));
        items[2].claim.role = ClaimRole::Late;
        let found = codes(&draft(items), &account(), &terms());
        assert_eq!(found, ["usage_none", "usage_late"]);
        let old: Vec<DraftItem> = ["2023-10", "2023-11", "2023-12"]
            .iter()
            .map(|m| item(1, &format!("{m}-01"), &format!("{m}-28"), 3_300))
            .chain(usual(100, 5_000))
            .collect();
        assert_eq!(codes(&draft(old[1..].to_vec()), &account(), &terms()), ["recurring_changed"]);
        assert!(codes(&draft(old), &account(), &terms()).contains(&"back_billing".to_owned()));
    }

    #[test]
    fn the_account_itself_can_be_the_reason() {
        let mut input = account();
        input.claims.clear();
        assert_eq!(codes(&draft(usual(10_000, 5_000)), &input, &terms()), ["first_invoice"]);
        let mut who = terms();
        who.emails.clear();
        let draft = draft(usual(10_000, 5_000));
        assert_eq!(codes(&draft, &account(), &who), ["no_email"]);
        who.delivery = DeliveryPreference::Print;
        let (input, none) = (account(), false);
        let around = Surroundings { input: &input, terms: &who, has_method: none };
        let (flags, _) = of_draft(&draft, &around, &Thresholds::default());
        assert_eq!(flags.iter().map(|f| f.code).collect::<Vec<_>>(), [FlagCode::NoMethod]);
        who.auto_pay = false;
        let around = Surroundings { input: &input, terms: &who, has_method: none };
        assert!(of_draft(&draft, &around, &Thresholds::default()).0.is_empty());
    }

    #[test]
    fn the_same_thing_sold_twice_is_found() {
        // Charges 1 and 11 have the same name.
        let mut items = usual(10_000, 5_000);
        items.push(item(11, "2024-02-01", "2024-02-29", 10_000));
        let found = codes(&draft(items.clone()), &account(), &terms());
        assert!(found.contains(&"duplicate".to_owned()), "{found:?}");
        items[2].amount_minor = 9_000;
        let found = codes(&draft(items), &account(), &terms());
        assert!(!found.contains(&"duplicate".to_owned()), "{found:?}");
    }

    #[test]
    fn zero_totals_and_memos() {
        assert!(
            codes(&draft(usual(0, 0)), &account(), &terms()).contains(&"zero_total".to_owned())
        );
        let mut memo = draft(usual(-10_000, -5_000));
        memo.kind = DocumentKind::CreditMemo;
        assert!(codes(&memo, &account(), &terms()).is_empty());
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
}
