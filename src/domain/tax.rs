//! Tax: computed and rounded once a document, kind and rate, on the sum of its lines; the codes of one
//! rate share it.
//!
//! An exclusive rate is added to the net lines. With an inclusive one the lines contain the tax:
//! it is taken out of their sum. What a code has of the tax, and an inclusive line, is the difference
//! of two cumulative roundings, so that the parts sum to the document. Lago PR 2643 (rounding on the
//! sum); EN 16931 BR-CO-17 and BR-S-09 (one amount a category and rate).

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
    /// Tax by code (and rate, where rates by service date differ); rows of one kind and rate share
    /// what is rounded once.
    pub taxes: Vec<DocumentTax>,
    /// Net.
    pub subtotal_minor: i64,
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
    let mut known: Vec<Arc<TaxRate>> = Vec::new();
    let mut said = Vec::with_capacity(lines.len());
    for line in lines {
        let rate = match &line.rate {
            None if line.tax_code.is_empty() => None,
            Some(rate) => Some(known_of(&mut known, rate, || rate.clone())),
            None => {
                let point = match rules.tax_point {
                    TaxPoint::InvoiceDate => invoice_on,
                    TaxPoint::ServiceEnd => line.service_to,
                };
                let found = rate_on(table, &line.tax_code, point)?;
                Some(known_of(&mut known, found, || Arc::new(found.clone())))
            }
        };
        said.push((line.amount_minor, rate));
    }
    Ok(compute_at(said, currency, rules.rounding)?)
}

/// Taxes a document: what each line says, minor units, and its rate.
pub(crate) fn compute_at(
    said: Vec<(i64, Option<Arc<TaxRate>>)>,
    currency: Currency,
    rounding: Rounding,
) -> Result<Taxed, MoneyError> {
    let mut groups: Vec<Group> = Vec::new();
    let mut taxed = Taxed { lines: Vec::with_capacity(said.len()), ..Taxed::default() };
    for (i, (net_minor, rate)) in said.into_iter().enumerate() {
        if let Some(rate) = &rate {
            match groups.iter_mut().find(|group| same_rate(&group.rate, rate)) {
                Some(group) => group.lines.push(i),
                None => groups.push(Group { rate: rate.clone(), lines: vec![i] }),
            }
        }
        taxed.lines.push(TaxedLine { net_minor, gross_minor: None, rate });
    }
    let mut running = Vec::new();
    for group in &groups {
        let Some(running) = Running::of(&mut running, &group.rate) else { continue };
        let row = tax_group(group, running, &mut taxed.lines, currency, rounding)?;
        taxed.tax_minor = add(taxed.tax_minor, row.tax_minor)?;
        taxed.taxes.push(row);
    }
    for line in &taxed.lines {
        taxed.subtotal_minor = add(taxed.subtotal_minor, line.net_minor)?;
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

/// All lines of one code and rate, by index.
struct Group {
    rate: Arc<TaxRate>,
    lines: Vec<usize>,
}

fn known_of(
    known: &mut Vec<Arc<TaxRate>>,
    rate: &TaxRate,
    make: impl FnOnce() -> Arc<TaxRate>,
) -> Arc<TaxRate> {
    if let Some(found) = known.iter().find(|r| same_rate(r, rate)) {
        return found.clone();
    }
    let rate = make();
    known.push(rate.clone());
    rate
}

/// What was said so far at one kind and rate, whatever the codes, and the tax given for it. Each
/// code's tax, and each inclusive line's, is the growth of the one rounded sum: so they sum to it.
struct Running {
    kind: TaxKind,
    percent: Decimal,
    sums: Sums,
    given: i64,
}

impl Running {
    fn of<'a>(all: &'a mut Vec<Self>, rate: &TaxRate) -> Option<&'a mut Self> {
        let same = |r: &Self| r.kind == rate.kind && r.percent == rate.rate_percent;
        let at = all.iter().position(same).unwrap_or(all.len());
        if at == all.len() {
            let (kind, percent) = (rate.kind, rate.rate_percent);
            all.push(Self { kind, percent, sums: Sums::default(), given: 0 });
        }
        all.get_mut(at)
    }

    /// The tax that comes with `amount` more.
    fn grow(
        &mut self,
        amount: i64,
        inclusive: bool,
        currency: Currency,
        rounding: Rounding,
    ) -> Result<i64, MoneyError> {
        self.sums.add(amount, inclusive)?;
        let upto = self.sums.tax(self.kind, self.percent, currency, rounding)?;
        let part = upto - self.given;
        self.given = upto;
        Ok(part)
    }
}

/// What is taxed at one kind and rate, minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Sums {
    /// Net amounts, the tax not in them.
    pub net: i64,
    /// Amounts with the tax inside.
    pub gross: i64,
}

impl Sums {
    /// Adds an amount with the tax inside (`inclusive`) or without it.
    pub fn add(&mut self, amount: i64, inclusive: bool) -> Result<(), MoneyError> {
        let to = if inclusive { &mut self.gross } else { &mut self.net };
        *to = add(*to, amount)?;
        Ok(())
    }

    /// Their tax, rounded once: of the net that much, of the gross what is inside. Exempt and
    /// reverse charge: none.
    pub fn tax(
        self,
        kind: TaxKind,
        percent: Decimal,
        currency: Currency,
        rounding: Rounding,
    ) -> Result<i64, MoneyError> {
        match kind {
            TaxKind::Exempt | TaxKind::ReverseCharge => return Ok(0),
            TaxKind::Standard => {}
        }
        let whole = Decimal::ONE_HUNDRED + percent;
        let (net, gross) = (currency.to_decimal(self.net), currency.to_decimal(self.gross));
        // One division, at the end: a tie stays a tie.
        let (taxed, under) = if self.gross == 0 {
            (Some(net), Decimal::ONE_HUNDRED)
        } else if self.net == 0 {
            (Some(gross), whole)
        } else {
            let net = net.checked_mul(whole);
            let gross = gross.checked_mul(Decimal::ONE_HUNDRED);
            (net.zip(gross).and_then(|(n, g)| n.checked_add(g)), whole * Decimal::ONE_HUNDRED)
        };
        let exact = taxed
            .and_then(|sum| sum.checked_mul(percent))
            .and_then(|product| product.checked_div(under))
            .ok_or(MoneyError::TooLarge)?;
        rounding.to_minor(exact, currency)
    }
}

/// Taxes the lines of one code: their nets and gross amounts are written, its row is given.
fn tax_group(
    group: &Group,
    running: &mut Running,
    lines: &mut [TaxedLine],
    currency: Currency,
    rounding: Rounding,
) -> Result<DocumentTax, MoneyError> {
    let rate = &group.rate;
    let (mut base_minor, mut tax_minor) = (0, 0);
    for i in &group.lines {
        let Some(line) = lines.get_mut(*i) else { continue };
        if rate.inclusive {
            let part = running.grow(line.net_minor, true, currency, rounding)?;
            line.gross_minor = Some(line.net_minor);
            line.net_minor -= part;
            tax_minor += part;
        }
        base_minor = add(base_minor, line.net_minor)?;
    }
    if !rate.inclusive {
        tax_minor = running.grow(base_minor, false, currency, rounding)?;
    }
    Ok(DocumentTax {
        tax_code: rate.tax_code.clone(),
        rate_percent: rate.rate_percent,
        name: rate.name.clone(),
        kind: rate.kind,
        inclusive: rate.inclusive,
        reason: rate.reason.clone(),
        base_minor,
        tax_minor,
        rounding: Some(rounding),
    })
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
            category: None,
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

    /// 0.13 twice at 19 %: 2.47 units each, 4.94 together. What is inside 9.99 three times: 1.595 each,
    /// 4.785 together. The same rate of another kind, or another rate, is apart.
    #[test]
    fn codes_of_one_rate_share_one_rounding() {
        let day = "2020-07-31";
        let mut out = rate("X", 19, "2020-01-01");
        out.kind = TaxKind::Exempt;
        let codes = ["A", "B", "I1", "I2", "I3"].map(|code| rate(code, 19, "2020-01-01"));
        let table: TaxTable = codes.into_iter().chain([out, rate("C", 7, "2020-01-01")]).collect();
        let of = |lines: &[(&str, i64)]| {
            let lines: Vec<TaxLine> = lines.iter().map(|(c, minor)| line(c, *minor, day)).collect();
            let taxed = taxed(&lines, &table, TaxPoint::InvoiceDate).unwrap();
            let rows: Vec<i64> = taxed.taxes.iter().map(|t| t.tax_minor).collect();
            (taxed.subtotal_minor, taxed.tax_minor, rows)
        };
        assert_eq!(of(&[("A", 13), ("B", 13)]), (26, 5, vec![2, 3]));
        assert_eq!(of(&[("B", -13), ("A", -13)]), (-26, -5, vec![-2, -3]));
        assert_eq!(of(&[("A", 13), ("X", 13), ("B", 13), ("C", 7)]), (46, 5, vec![2, 0, 3, 0]));
        assert_eq!(of(&[("I1", 999), ("I2", 999), ("I3", 999)]), (2_518, 479, vec![160, 159, 160]));
        assert_eq!(of(&[("A", 13), ("I1", 15)]), (25, 5, vec![2, 3]), "2.47 and 2.395");
        assert_eq!(of(&[("A", 0), ("I1", 999)]), (839, 160, vec![0, 160]));
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
