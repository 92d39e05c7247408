//! Flags: why a draft deserves a look, with the reason in words and a risk for the review order.
//! Everything is compared with what the account was billed last; thresholds are settings
//! `flags.*`.

use super::account::{AccountTerms, newest};
use super::billing::{AccountInput, Claim, ClaimRole, DraftDocument, DraftItem};
use super::charge::ChargeType;
use super::document::{DocumentKind, Flag, FlagCode};
use super::explain::How;
use super::ids::{ChargeId, DocumentId};
use super::money::Currency;
use super::period::after;
use super::tax::posting_block;
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
    /// The draft, where it is judged again: what later documents bill was not before it. None: it is new.
    pub of: Option<DocumentId>,
}

impl Surroundings<'_> {
    /// What was billed before it.
    fn before(&self) -> impl Iterator<Item = &Claim> {
        let of = self.of;
        self.input.claims.iter().filter(move |claim| of.is_none_or(|of| claim.document < of))
    }
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
    around: &Surroundings<'_>,
    kinds: &HashMap<ChargeId, (ChargeType, &str, &str)>,
) -> Option<Last> {
    let input = around.input;
    let billed = |role| matches!(role, ClaimRole::Billed | ClaimRole::Late);
    let document: DocumentId =
        around.before().filter(|c| billed(c.role)).map(|c| c.document).max()?;
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
    let last = last_billed(around, &kinds);
    let mut flags = Flags { currency: around.input.currency, list: Vec::new() };
    match (&last, draft.kind) {
        (None, _) => flags.add(FlagCode::FirstInvoice, "nothing was billed before".into()),
        (Some(last), DocumentKind::Invoice | DocumentKind::DebitMemo) => {
            flags.against_last(draft, last, thresholds, &kinds);
            flags.charges(draft, last, around, &kinds);
        }
        (Some(_), DocumentKind::CreditMemo | DocumentKind::WriteOff) => {}
    }
    flags.lines(draft, thresholds, &kinds);
    flags.duplicates(draft, around.input, &kinds);
    flags.account(around);
    if let Some(why) = posting_block(&draft.taxes, &around.terms.tax_id) {
        flags.add(FlagCode::NoTaxId, format!("{why}: import it, then regenerate the draft"));
    }
    let risk = risk(&flags.list, draft.total_minor);
    (flags.list, risk)
}

/// Worst first: what a flag weighs, then how much money is on the draft.
pub fn risk(flags: &[Flag], total_minor: i64) -> i64 {
    let weight: i64 = flags.iter().map(|f| weight(f.code)).sum();
    let size = i64::from(64 - total_minor.unsigned_abs().leading_zeros());
    if weight == 0 { 0 } else { weight * 100 + size }
}

/// How much a flag weighs in the review order.
pub fn weight(code: FlagCode) -> i64 {
    match code {
        FlagCode::Unprintable | FlagCode::NoTaxId | FlagCode::EInvoice => 95,
        FlagCode::Duplicate => 90,
        FlagCode::TotalHigh => 80,
        FlagCode::BackBilling => 70,
        FlagCode::Stale => 65,
        FlagCode::ChargeMissing => 60,
        FlagCode::RecurringChanged => 50,
        FlagCode::TotalLow | FlagCode::UsageChanged => 40,
        FlagCode::NoMethod | FlagCode::NoEmail => 30,
        FlagCode::UsageLate | FlagCode::Law => 25,
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
    let moved = Decimal::from(now).checked_sub(Decimal::from(then))?;
    moved.checked_mul(Decimal::ONE_HUNDRED)?.checked_div(Decimal::from(then).abs())
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
            // A limit beyond every number is above every total.
            let scaled =
                |factor| Decimal::from(last.total).checked_mul(factor).unwrap_or(Decimal::MAX);
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
        around: &Surroundings<'_>,
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
        let before: HashSet<ChargeId> = around.before().map(|c| c.charge).collect();
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
        if around.terms.delivery.ways().email && around.terms.emails.is_empty() {
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
mod tests;
