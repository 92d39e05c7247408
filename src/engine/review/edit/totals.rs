//! Amounts after an edit: tax once a document and code, as rating does it, then the totals.

use crate::domain::account::{AccountTerms, Version, version_on};
use crate::domain::billing::{BillingRules, TaxTable};
use crate::domain::document::TaxRate;
use crate::domain::explain::{Derivation, LineTax};
use crate::domain::memo_tax::MemoLine;
use crate::domain::money::Currency;
use crate::domain::tax::{TaxLine, compute};
use crate::engine::Error;
use crate::engine::rate::corrected::Corrected;
use crate::engine::rate::rules;
use crate::store::Json;
use crate::store::document::DocumentRow;
use crate::store::draft::{DraftImage, LineImage};
use crate::store::tax;
use crate::store::{Db, account, book_period, settings};
use chrono::NaiveDate;
use std::sync::Arc;

/// What amounts are computed with.
pub struct Basis {
    /// Rounding and tax point.
    pub rules: BillingRules,
    /// Rates by code and day.
    pub taxes: TaxTable,
    /// The draft's currency.
    pub currency: Currency,
    /// Every version of its account.
    pub versions: Vec<Version<AccountTerms>>,
    /// Where the invoices stand that its lines correct.
    pub corrected: Corrected,
    /// The last day on which nothing is booked any more.
    pub shut_through: Option<NaiveDate>,
    /// Whether every line keeps the rate it was taxed by: a memo on a posted invoice.
    pub keep_rates: bool,
}

impl Basis {
    /// Reads it for a draft with this content.
    pub fn load(db: &Db<'_>, row: &DocumentRow, content: &DraftImage) -> Result<Self, Error> {
        let rules = rules::billing(&settings::load(db)?)?;
        let items = content.lines.iter().filter_map(|l| l.corrects);
        Ok(Self {
            corrected: Corrected::load(db, items, Some(row.id), (rules.rounding, row.currency))?,
            rules,
            taxes: tax::all(db)?,
            currency: row.currency,
            versions: account::versions(db, row.account)?,
            shut_through: book_period::shut_through(db)?,
            keep_rates: row.corrects.is_some(),
        })
    }

    /// The tax code of a line that names none.
    pub fn default_code(&self, content: &DraftImage) -> String {
        version_on(&self.versions, content.invoice_on)
            .map(|v| v.terms.tax_code.clone())
            .unwrap_or_default()
    }
}

/// How the amount of a line came about.
pub fn derivation(line: &LineImage) -> Result<Derivation, Error> {
    Ok(line.derivation.read()?)
}

/// Stores it.
pub fn derive(line: &mut LineImage, derivation: &Derivation) -> Result<(), Error> {
    line.derivation = Json::of(derivation)?;
    Ok(())
}

/// What a line says before an inclusive tax is taken out, minor units.
pub fn said(line: &LineImage) -> i64 {
    line.gross_minor.unwrap_or(line.amount_minor)
}

/// Changes what a line says; [`settle`] takes an inclusive tax out of it.
pub fn say(line: &mut LineImage, minor: i64) {
    if line.gross_minor.is_some() {
        line.gross_minor = Some(minor);
    } else {
        line.amount_minor = minor;
    }
}

/// The rate a line was taxed by: kept for credits, which give back at the rate that was charged.
fn kept_rate(content: &DraftImage, line: &LineImage) -> Result<Option<Arc<TaxRate>>, Error> {
    let Some(tax) = derivation(line)?.tax else { return Ok(None) };
    let row = content
        .taxes
        .iter()
        .find(|t| t.tax_code == tax.tax_code && t.rate_percent == tax.rate_percent);
    Ok(row.map(|t| {
        Arc::new(TaxRate {
            tax_code: t.tax_code.clone(),
            rate_percent: t.rate_percent,
            name: t.name.clone(),
            kind: t.kind,
            inclusive: t.inclusive,
            reason: t.reason.clone(),
            valid_from: content.invoice_on,
            category: None,
        })
    }))
}

/// Computes tax and totals anew from what the lines say.
pub fn settle(content: &mut DraftImage, basis: &Basis) -> Result<(), Error> {
    let mut lines = Vec::with_capacity(content.lines.len());
    for line in &content.lines {
        let keep = basis.keep_rates || line.corrects.is_some();
        lines.push(TaxLine {
            tax_code: line.tax_code.clone(),
            amount_minor: said(line),
            service_to: line.service_to.unwrap_or(content.invoice_on),
            rate: if keep { kept_rate(content, line)? } else { None },
        });
    }
    let mut taxed = compute(&lines, &basis.taxes, content.invoice_on, basis.currency, &basis.rules)
        .map_err(|e| Error::usage("tax", e.to_string(), "import taxes.csv with that code"))?;
    let mut memo: Vec<MemoLine> = content
        .lines
        .iter()
        .zip(&taxed.lines)
        .map(|(line, result)| MemoLine {
            corrects: basis.corrected.invoice_of(line.corrects),
            left: basis.corrected.left_of(line.corrects),
            row: result
                .rate
                .as_ref()
                .and_then(|rate| taxed.taxes.iter().position(|t| t.is_of(rate))),
            net_minor: result.net_minor,
            gross_minor: result.gross_minor,
        })
        .collect();
    basis
        .corrected
        .follow(&mut memo, &mut taxed.taxes, basis.rules.rounding, basis.currency)
        .map_err(|e| Error::usage("too_large", e.to_string(), ""))?;
    for ((line, mut result), memo) in content.lines.iter_mut().zip(taxed.lines).zip(memo) {
        result.net_minor = memo.net_minor;
        line.amount_minor = result.net_minor;
        line.gross_minor = result.gross_minor;
        let mut how = derivation(line)?;
        how.tax = result.rate.map(|rate| LineTax {
            tax_code: rate.tax_code.clone(),
            rate_percent: rate.rate_percent,
            name: rate.name.clone(),
            kind: rate.kind,
            inside_minor: result.gross_minor.map(|gross| gross - result.net_minor),
        });
        derive(line, &how)?;
    }
    content.taxes = taxed.taxes;
    content.subtotal_minor = content.lines.iter().map(|l| l.amount_minor).sum();
    content.tax_minor = content.taxes.iter().map(|t| t.tax_minor).sum();
    content.total_minor = content.subtotal_minor + content.tax_minor;
    Ok(())
}

/// One field that changed, for the trail and the receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Which field (`line 2 quantity`).
    pub field: String,
    /// What it said.
    pub before: String,
    /// What it says.
    pub after: String,
}

impl Told {
    pub(in crate::engine) fn new(
        field: impl Into<String>,
        before: impl ToString,
        after: impl ToString,
    ) -> Self {
        Self { field: field.into(), before: before.to_string(), after: after.to_string() }
    }

    /// `line 2 quantity 2 → 3`.
    pub fn words(&self) -> String {
        match (self.before.as_str(), self.after.as_str()) {
            ("", after) => format!("{}: {after}", self.field),
            (before, "") => format!("{}: {before} taken out", self.field),
            (before, after) => format!("{}: {before} → {after}", self.field),
        }
    }
}
