//! A derivation as sentences that could be sent to the customer: nobody needs more than the bill
//! to follow them, and every figure leads to the next.

mod less;
mod rated;

use super::{Derivation, How, LineTax};
use crate::domain::document::TaxKind;
use crate::domain::money::{Currency, RoundingMode};
use chrono::NaiveDate;
use rust_decimal::Decimal;

/// What the words need to know of the line beside its derivation.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    /// Currency of the document.
    pub currency: Currency,
    /// What is printed on the line.
    pub description: &'a str,
    /// Of a discount: what is printed on the line it discounts; else empty.
    pub discounted: &'a str,
    /// First day of service.
    pub from: NaiveDate,
    /// Last day of service.
    pub to: NaiveDate,
    /// What stands on the line, minor units.
    pub amount_minor: i64,
}

impl Told<'_> {
    /// The discounted line by its name, where that is known.
    fn line(&self) -> String {
        match self.discounted {
            "" => "the line".to_owned(),
            name => format!("“{name}”"),
        }
    }

    fn money(&self, minor: i64) -> String {
        format!("{} {}", self.currency.grouped(minor), self.currency)
    }

    /// An exact amount: in the currency's digits where it has no more, else with six at most.
    fn exact(&self, value: Decimal) -> String {
        if let Ok(minor) = self.currency.exact_minor(value) {
            return self.money(minor);
        }
        let short = value.round_dp_with_strategy(6, rust_decimal::RoundingStrategy::ToZero);
        if short == value {
            format!("{} {}", short.normalize(), self.currency)
        } else {
            format!("{short}… {}", self.currency)
        }
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
            How::Credit(credit) => self.credit(credit, told, &mut out),
            How::Percent(percent) => self.percent(percent, told, &mut out),
            How::Fixed(fixed) => self.fixed(fixed, told, &mut out),
        }
        // The steps give what the line says; an inclusive tax is inside of that.
        let inside = self.tax.as_ref().and_then(|tax| tax.inside_minor);
        let says = told.amount_minor + inside.unwrap_or(0);
        if let Some(made) = self.said_minor(told.currency).ok().filter(|made| *made != says) {
            out.push(format!(
                "This makes {}; the line was then changed by hand to {}.",
                told.money(made),
                told.money(says)
            ));
        }
        if let Some(tax) = &self.tax {
            out.push(tax_words(tax, told));
        }
        let net = if inside.is_some() { " without tax" } else { "" };
        out.push(format!("The line's amount{net} is {}.", told.money(told.amount_minor)));
        out
    }

    /// How an exact amount became one that can be paid; nothing where it is the same.
    fn rounded(&self, exact: Decimal, minor: i64, told: &Told<'_>) -> Option<String> {
        if exact == told.currency.to_decimal(minor) {
            return None;
        }
        let how = match self.mode {
            RoundingMode::HalfUp => None,
            RoundingMode::HalfEven => Some("a half to the even digit"),
            RoundingMode::Up if exact.is_sign_negative() => Some("always away from zero"),
            RoundingMode::Up => Some("always up"),
            RoundingMode::Down if exact.is_sign_negative() => Some("always toward zero"),
            RoundingMode::Down => Some("always down"),
        };
        let step = self.increment.map(|step| format!("in steps of {step}"));
        let how: Vec<String> = how.map(str::to_owned).into_iter().chain(step).collect();
        let how = if how.is_empty() { String::new() } else { format!(" ({})", how.join(", ")) };
        Some(format!("{} is rounded to {}{how}.", told.exact(exact), told.money(minor)))
    }
}

fn tax_words(tax: &LineTax, told: &Told<'_>) -> String {
    let name = if tax.name.is_empty() { tax.tax_code.as_str() } else { tax.name.as_str() };
    let rate = tax.rate_percent.normalize();
    match (tax.kind, tax.inside_minor) {
        (TaxKind::Exempt, _) => format!("No tax is charged: exempt ({name})."),
        (TaxKind::ReverseCharge, _) => {
            format!(
                "No tax is charged: whoever receives the invoice pays it (reverse charge, {name})."
            )
        }
        (TaxKind::Standard, Some(inside)) => format!(
            "Of the {}, {} is {name} of {rate} %: this line's part of that tax, which is rounded once for all lines of the document together.",
            told.money(told.amount_minor + inside),
            told.money(inside)
        ),
        (TaxKind::Standard, None) => format!(
            "{name} of {rate} % is not in this amount: it is added at the end of the document, once for all its lines at this rate."
        ),
    }
}

#[cfg(test)]
mod tests;
