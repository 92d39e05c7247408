//! Tax: computed and rounded once a document and code, on the sum of its lines.
//!
//! An exclusive rate is added to the net lines. With an inclusive one the lines contain the tax:
//! it is taken out of their sum, and the net of each line is the difference of two cumulative
//! roundings, so that the lines sum to the document. Lago PR 2643 (rounding on the sum).

use super::billing::{BillingRules, TaxPoint, TaxTable};
use super::document::{DocumentTax, TaxKind, TaxRate};
use super::money::{Currency, MoneyError, Rounding};
use chrono::NaiveDate;
use rust_decimal::Decimal;
use std::sync::Arc;

/// A line before tax.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaxLine {
    /// The code; empty = no tax.
    pub tax_code: String,
    /// What the line says, minor units: net, or with an inclusive code the gross.
    pub amount_minor: i64,
    /// Last day of service, for `tax.point = service_end`.
    pub service_to: NaiveDate,
    /// The rate of the document a credit corrects: used instead of looking one up.
    pub rate: Option<Arc<TaxRate>>,
}

/// A line after tax.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaxedLine {
    /// Net, minor units.
    pub net_minor: i64,
    /// With an inclusive rate, what the line says.
    pub gross_minor: Option<i64>,
    /// The rate it was taxed by; none without a code.
    pub rate: Option<Arc<TaxRate>>,
}

/// A document's lines, its tax by code and its totals, minor units.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Taxed {
    /// The lines, in the order given.
    pub lines: Vec<TaxedLine>,
    /// Tax by code (and rate, where rates by service date differ).
    pub taxes: Vec<DocumentTax>,
    /// Net.
    pub subtotal_minor: i64,
    /// Tax.
    pub tax_minor: i64,
    /// Net + tax.
    pub total_minor: i64,
}

/// Why a document cannot be taxed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TaxError {
    /// The code is in no row of taxes.csv.
    #[error("tax code {0:?} is not in the tax table (import taxes.csv)")]
    UnknownCode(String),
    /// The code has no rate that early.
    #[error("tax code {code:?} has no rate on {on} (its first is valid from {first})")]
    NoRateOn {
        /// The code.
        code: String,
        /// The tax point.
        on: NaiveDate,
        /// Where its rates begin.
        first: NaiveDate,
    },
    /// The sums do not fit.
    #[error("the tax does not fit: {0}")]
    Money(#[from] MoneyError),
}

/// The rate of a code on a day.
pub fn rate_on<'a>(
    table: &'a TaxTable,
    code: &str,
    on: NaiveDate,
) -> Result<&'a TaxRate, TaxError> {
    let of_code = || table.iter().filter(|rate| rate.tax_code == code);
    of_code().filter(|rate| rate.valid_from <= on).max_by_key(|rate| rate.valid_from).ok_or_else(
        || match of_code().map(|rate| rate.valid_from).min() {
            Some(first) => TaxError::NoRateOn { code: code.to_owned(), on, first },
            None => TaxError::UnknownCode(code.to_owned()),
        },
    )
}

/// Taxes a document: its lines, dated `invoice_on`.
pub fn compute(
    lines: &[TaxLine],
    table: &TaxTable,
    invoice_on: NaiveDate,
    currency: Currency,
    rules: &BillingRules,
) -> Result<Taxed, TaxError> {
    let mut groups: Vec<Group> = Vec::new();
    let mut taxed = Taxed { lines: Vec::with_capacity(lines.len()), ..Taxed::default() };
    for line in lines {
        let group = match &line.rate {
            None if line.tax_code.is_empty() => None,
            Some(rate) => Some(group_of(&mut groups, |r| same_rate(r, rate), || Ok(rate.clone()))?),
            None => {
                let point = match rules.tax_point {
                    TaxPoint::InvoiceDate => invoice_on,
                    TaxPoint::ServiceEnd => line.service_to,
                };
                let found = rate_on(table, &line.tax_code, point)?;
                let make = || Ok(Arc::new(found.clone()));
                Some(group_of(&mut groups, |r| same_rate(r, found), make)?)
            }
        };
        let taxed_line = match group.and_then(|i| groups.get_mut(i)) {
            None => TaxedLine { net_minor: line.amount_minor, gross_minor: None, rate: None },
            Some(group) => group.take(line.amount_minor, currency, rules.rounding)?,
        };
        taxed.subtotal_minor = add(taxed.subtotal_minor, taxed_line.net_minor)?;
        taxed.lines.push(taxed_line);
    }
    for group in groups {
        let row = group.finish(currency, rules.rounding)?;
        taxed.tax_minor = add(taxed.tax_minor, row.tax_minor)?;
        taxed.taxes.push(row);
    }
    taxed.total_minor = add(taxed.subtotal_minor, taxed.tax_minor)?;
    Ok(taxed)
}

/// Why a document with these taxes may not be posted, in words; none if it may.
pub fn posting_block(taxes: &[DocumentTax], customer_tax_id: &str) -> Option<String> {
    taxes
        .iter()
        .find(|tax| tax.kind == TaxKind::ReverseCharge && customer_tax_id.trim().is_empty())
        .map(|tax| {
            format!("reverse charge (tax code {}) needs the customer's tax id", tax.tax_code)
        })
}

fn add(a: i64, b: i64) -> Result<i64, MoneyError> {
    a.checked_add(b).ok_or(MoneyError::TooLarge)
}

/// Whether two rows make the same line in the tax summary.
fn same_rate(a: &TaxRate, b: &TaxRate) -> bool {
    a.tax_code == b.tax_code
        && a.rate_percent == b.rate_percent
        && a.kind == b.kind
        && a.inclusive == b.inclusive
}

/// All lines of one rate, summed up so far.
struct Group {
    rate: Arc<TaxRate>,
    said: i64,
    taken: i64,
}

fn group_of(
    groups: &mut Vec<Group>,
    same: impl Fn(&TaxRate) -> bool,
    make: impl FnOnce() -> Result<Arc<TaxRate>, TaxError>,
) -> Result<usize, TaxError> {
    if let Some(i) = groups.iter().position(|group| same(&group.rate)) {
        return Ok(i);
    }
    groups.push(Group { rate: make()?, said: 0, taken: 0 });
    Ok(groups.len() - 1)
}

impl Group {
    /// Adds a line; of an inclusive rate the tax inside is the growth of the rounded sum.
    fn take(
        &mut self,
        amount: i64,
        currency: Currency,
        rounding: Rounding,
    ) -> Result<TaxedLine, MoneyError> {
        self.said = add(self.said, amount)?;
        let rate = Some(self.rate.clone());
        if !self.rate.inclusive {
            return Ok(TaxedLine { net_minor: amount, gross_minor: None, rate });
        }
        let inside = self.tax(currency, rounding)?;
        let part = inside - self.taken;
        self.taken = inside;
        Ok(TaxedLine { net_minor: amount - part, gross_minor: Some(amount), rate })
    }

    fn tax(&self, currency: Currency, rounding: Rounding) -> Result<i64, MoneyError> {
        let rate = &self.rate;
        tax_of(rate.kind, rate.rate_percent, rate.inclusive, self.said, currency, rounding)
    }

    fn finish(self, currency: Currency, rounding: Rounding) -> Result<DocumentTax, MoneyError> {
        let tax_minor = self.tax(currency, rounding)?;
        let rate = &self.rate;
        Ok(DocumentTax {
            tax_code: rate.tax_code.clone(),
            rate_percent: rate.rate_percent,
            name: rate.name.clone(),
            kind: rate.kind,
            inclusive: rate.inclusive,
            reason: rate.reason.clone(),
            base_minor: if rate.inclusive { self.said - tax_minor } else { self.said },
            tax_minor,
        })
    }
}

/// The tax on a sum of minor units, or (`inside`) in one that contains it. Exempt and reverse
/// charge: none.
pub(crate) fn tax_of(
    kind: TaxKind,
    percent: Decimal,
    inside: bool,
    sum: i64,
    currency: Currency,
    rounding: Rounding,
) -> Result<i64, MoneyError> {
    match kind {
        TaxKind::Exempt | TaxKind::ReverseCharge => return Ok(0),
        TaxKind::Standard => {}
    }
    let under = if inside { Decimal::ONE_HUNDRED + percent } else { Decimal::ONE_HUNDRED };
    let exact = currency
        .to_decimal(sum)
        .checked_mul(percent)
        .and_then(|product| product.checked_div(under))
        .ok_or(MoneyError::TooLarge)?;
    rounding.to_minor(exact, currency)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::billing::{
        LateUsage, LongPeriods, MemoRule, MonthBasis, UsageGroup, WithoutRecords,
    };

    fn rules(tax_point: TaxPoint) -> BillingRules {
        BillingRules {
            month_basis: MonthBasis::Actual,
            long_periods: LongPeriods::ByMonth,
            bill_partial_month: true,
            prorate: true,
            usage_group: UsageGroup::BillingPeriod,
            late_usage: LateUsage::Hold,
            without_records: WithoutRecords::ZeroLine,
            memo_rule: MemoRule::NetNegative,
            rounding: Rounding::default(),
            tax_point,
        }
    }

    fn rate(code: &str, percent: i64, from: &str) -> TaxRate {
        TaxRate {
            tax_code: code.into(),
            rate_percent: Decimal::from(percent),
            name: "VAT".into(),
            kind: TaxKind::Standard,
            inclusive: code.starts_with('I'),
            reason: String::new(),
            valid_from: from.parse().unwrap(),
        }
    }

    fn line(code: &str, amount_minor: i64, to: &str) -> TaxLine {
        TaxLine { tax_code: code.into(), amount_minor, service_to: to.parse().unwrap(), rate: None }
    }

    fn taxed(lines: &[TaxLine], table: &TaxTable, point: TaxPoint) -> Result<Taxed, TaxError> {
        let eur = Currency::parse("EUR").unwrap();
        compute(lines, table, "2020-08-01".parse().unwrap(), eur, &rules(point))
    }

    #[test]
    fn a_rate_counts_from_its_day_on() {
        let table = vec![rate("V", 19, "2020-01-01"), rate("V", 16, "2020-07-01")];
        let lines = [line("V", 10_000, "2020-06-30"), line("V", 10_000, "2020-07-31")];
        let by_invoice = taxed(&lines, &table, TaxPoint::InvoiceDate).unwrap();
        assert_eq!((by_invoice.taxes.len(), by_invoice.tax_minor), (1, 3_200));
        let by_service = taxed(&lines, &table, TaxPoint::ServiceEnd).unwrap();
        assert_eq!((by_service.taxes.len(), by_service.tax_minor), (2, 3_500));
        assert_eq!(
            taxed(&[line("W", 1, "2020-06-30")], &table, TaxPoint::InvoiceDate),
            Err(TaxError::UnknownCode("W".into()))
        );
        let early = [line("V", 1, "2019-12-31")];
        let error = taxed(&early, &table, TaxPoint::ServiceEnd).unwrap_err();
        assert!(error.to_string().contains("no rate on 2019-12-31"), "{error}");
    }

    #[test]
    fn a_credit_keeps_the_rate_it_was_billed_with() {
        let old = Arc::new(rate("V", 19, "2020-01-01"));
        let table = vec![rate("V", 16, "2020-07-01")];
        let lines = [TaxLine { rate: Some(old), ..line("V", -10_000, "2020-07-31") }];
        assert_eq!(taxed(&lines, &table, TaxPoint::InvoiceDate).unwrap().tax_minor, -1_900);
    }

    #[test]
    fn an_inclusive_tax_is_taken_out_of_the_sum() {
        let table = vec![rate("I", 19, "2020-01-01")];
        let lines = [line("I", 1_000, "2020-07-31"), line("I", 1_000, "2020-07-31")];
        let taxed = taxed(&lines, &table, TaxPoint::InvoiceDate).unwrap();
        assert_eq!((taxed.subtotal_minor, taxed.tax_minor, taxed.total_minor), (1_681, 319, 2_000));
        let nets: Vec<i64> = taxed.lines.iter().map(|l| l.net_minor).collect();
        assert_eq!(nets, [840, 841]);
        assert_eq!(taxed.taxes[0].base_minor, 1_681);
    }

    #[test]
    fn reverse_charge_needs_a_tax_id() {
        let mut row = rate("R", 0, "2020-01-01");
        row.kind = TaxKind::ReverseCharge;
        let taxed =
            taxed(&[line("R", 500, "2020-07-31")], &vec![row], TaxPoint::InvoiceDate).unwrap();
        assert_eq!(taxed.total_minor, 500);
        assert!(posting_block(&taxed.taxes, " ").unwrap().contains("tax id"));
        assert_eq!(posting_block(&taxed.taxes, "DE1"), None);
    }
}
