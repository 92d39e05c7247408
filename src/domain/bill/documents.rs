//! From lines to documents: print order, memo rule, tax, totals, dates.

use super::line::Line;
use super::{BillError, Ctx, Placed};
use crate::domain::account::{AccountTerms, version_on};
use crate::domain::billing::{ClaimRole, DraftDocument, DraftItem, MemoRule, NewClaim, TaxTable};
use crate::domain::document::DocumentKind;
use crate::domain::explain::{Derivation, LineTax};
use crate::domain::ids::{ChargeId, ChargeVersionId};
use crate::domain::tax::{TaxLine, TaxedLine, compute};
use crate::domain::term::PaymentTerm;
use crate::domain::withdrawn;
use std::collections::HashMap;

/// Splits the lines into documents by the memo rule and completes them.
pub(crate) fn split<'a>(
    ctx: &Ctx<'a>,
    account: &AccountTerms,
    taxes: &TaxTable,
    placed: &[Placed<'a>],
    mut lines: Vec<Line<'_>>,
) -> Result<Vec<DraftDocument>, BillError> {
    if lines.is_empty() {
        return Ok(Vec::new());
    }
    lines.sort_by_key(|l| (l.order, l.span.from, l.target.is_some(), l.segment, l.placed.order));
    let sum = |lines: &[Line<'_>]| {
        lines.iter().try_fold(0_i64, |sum, line| sum.checked_add(line.said_minor))
    };
    let negative = sum(&lines).ok_or(BillError::TotalTooLarge)? < 0;
    let (invoice, memo) = match ctx.rules.memo_rule {
        MemoRule::NetNegative if negative => (Vec::new(), lines),
        MemoRule::NetNegativeByCharge if negative => by_charge(lines),
        MemoRule::NetNegative | MemoRule::NetNegativeByCharge => (lines, Vec::new()),
        MemoRule::AllNegative => by_line(lines),
    };
    let mut documents = Vec::with_capacity(1);
    for (kind, lines) in [(DocumentKind::Invoice, invoice), (DocumentKind::CreditMemo, memo)] {
        if !lines.is_empty() {
            documents.push(complete(ctx, account, taxes, placed, kind, lines)?);
        }
    }
    Ok(documents)
}

/// Charges whose lines, with their discounts, sum below zero go on the memo.
fn by_charge(lines: Vec<Line<'_>>) -> (Vec<Line<'_>>, Vec<Line<'_>>) {
    let key = |line: &Line<'_>| line.target.unwrap_or(line.placed.charge.id);
    let mut sums: HashMap<ChargeId, i64> = HashMap::new();
    for line in &lines {
        *sums.entry(key(line)).or_default() += line.said_minor;
    }
    lines.into_iter().partition(|line| sums.get(&key(line)).is_none_or(|sum| *sum >= 0))
}

/// Every negative line goes on the memo; a discount goes where the line it discounts goes.
fn by_line(lines: Vec<Line<'_>>) -> (Vec<Line<'_>>, Vec<Line<'_>>) {
    type Key = (ChargeId, chrono::NaiveDate, bool);
    let key = |line: &Line<'_>| -> Key {
        let credit = line.role == ClaimRole::Credited;
        (line.target.unwrap_or(line.placed.charge.id), line.span.from, credit)
    };
    // The sum, and whether a charge itself is given back: that is negative though its discount,
    // taken back with it, leaves nothing.
    let mut sums: HashMap<Key, (i64, bool)> = HashMap::new();
    for line in &lines {
        let (sum, gives_back) = sums.entry(key(line)).or_default();
        *sum += line.said_minor;
        *gives_back |=
            line.role == ClaimRole::Credited && line.target.is_none() && line.said_minor < 0;
    }
    let on_memo = |&(sum, gives_back): &(i64, bool)| sum < 0 || (sum == 0 && gives_back);
    lines.into_iter().partition(|line| !sums.get(&key(line)).is_some_and(on_memo))
}

fn complete<'a>(
    ctx: &Ctx<'a>,
    account: &AccountTerms,
    taxes: &TaxTable,
    placed: &[Placed<'a>],
    kind: DocumentKind,
    lines: Vec<Line<'_>>,
) -> Result<DraftDocument, BillError> {
    let invoice_on = ctx.dates.invoice_date;
    let terms = version_on(&ctx.input.versions, invoice_on).map_or(account, |v| &v.terms);
    let due_on = match kind {
        DocumentKind::Invoice | DocumentKind::DebitMemo => {
            PaymentTerm::parse(&terms.payment_term)?.due_on(invoice_on).ok_or(BillError::DueDate)?
        }
        DocumentKind::CreditMemo | DocumentKind::WriteOff => invoice_on,
    };
    let codes: Vec<String> = lines.iter().map(|l| tax_code_of(l, placed, terms)).collect();
    let tax_lines: Vec<TaxLine> = lines
        .iter()
        .zip(&codes)
        .map(|(line, code)| TaxLine {
            tax_code: code.clone(),
            amount_minor: line.said_minor,
            service_to: line.span.to,
            rate: line.rate.clone(),
        })
        .collect();
    let charges = kind == DocumentKind::Invoice && lines.iter().any(|l| l.said_minor > 0);
    if let Some(gone) = withdrawn::on(ctx.input.currency, invoice_on).filter(|_| charges) {
        return Err(BillError::Withdrawn(gone));
    }
    let taxed = compute(&tax_lines, taxes, invoice_on, ctx.input.currency, ctx.rules)?;
    let po_number = po_number(&lines, terms);
    let items = lines
        .into_iter()
        .zip(taxed.lines)
        .zip(codes)
        .map(|((line, taxed), code)| item(ctx, line, taxed, code))
        .collect();
    Ok(DraftDocument {
        kind,
        invoice_on,
        due_on,
        po_number,
        items,
        taxes: taxed.taxes,
        subtotal_minor: taxed.subtotal_minor,
        tax_minor: taxed.tax_minor,
        total_minor: taxed.total_minor,
    })
}

/// The tax code of a line: of a credit the corrected item's; of a discount that names none, the
/// discounted charge's; else the charge's, else the account's.
fn tax_code_of(line: &Line<'_>, placed: &[Placed<'_>], account: &AccountTerms) -> String {
    if let Some(rate) = &line.rate {
        return rate.tax_code.clone();
    }
    let own = |placed: &Placed<'_>, version: usize| {
        placed.charge.versions.get(version).map_or("", |v| v.terms.tax_code.as_str()).to_owned()
    };
    let mut code = own(line.placed, line.version);
    if let Some(target) = line.target {
        let discounted = placed.iter().find(|p| p.charge.id == target);
        if let Some(p) = discounted {
            code = own(p, p.line.version_at(line.span.from));
        }
    }
    if code.is_empty() { account.tax_code.clone() } else { code }
}

/// The purchase order of the one subscription on the document, else the account's.
fn po_number(lines: &[Line<'_>], account: &AccountTerms) -> String {
    let of = |line: &Line<'_>| {
        crate::domain::account::newest(&line.placed.sub.versions)
            .map(|v| v.terms.po_number.as_str())
            .unwrap_or_default()
            .to_owned()
    };
    let first = lines.first().map(of).unwrap_or_default();
    if !first.is_empty() && lines.iter().all(|line| of(line) == first) {
        first
    } else {
        account.po_number.clone()
    }
}

/// Of a credit for what was billed in a currency that is gone: in which, and at which rate it is given
/// back.
fn converted(ctx: &Ctx<'_>, line: &Line<'_>) -> String {
    let mut claims =
        ctx.input.claims.iter().filter(|c| c.item.is_some() && c.item == line.corrects);
    let rate = claims.find_map(|c| c.converted);
    rate.map_or_else(String::new, |r| format!(" (billed in {}, {r})", r.from))
}

fn item(ctx: &Ctx<'_>, line: Line<'_>, taxed: TaxedLine, tax_code: String) -> DraftItem {
    let version = line.placed.charge.versions.get(line.version);
    let name = version.map_or("", |v| v.terms.name.as_str());
    let description = match line.role {
        ClaimRole::Credited => format!("Credit: {name}{}", converted(ctx, &line)),
        ClaimRole::Late => format!("{name} (late usage)"),
        ClaimRole::Billed | ClaimRole::Waived => name.to_owned(),
    };
    let tax = taxed.rate.as_ref().map(|rate| LineTax {
        tax_code: rate.tax_code.clone(),
        rate_percent: rate.rate_percent,
        name: rate.name.clone(),
        kind: rate.kind,
        inside_minor: taxed.gross_minor.map(|gross| gross - taxed.net_minor),
    });
    let billed = line.role == ClaimRole::Billed && line.target.is_none();
    let period = line.placed.line.locate(line.span.from).filter(|_| billed);
    let period = period.and_then(|(grid, k)| grid.anchor(k));
    DraftItem {
        charge: line.placed.charge.id,
        version: ChargeVersionId(version.map_or(0, |v| v.id)),
        subscription: line.placed.sub.id,
        target: line.target,
        corrects: line.corrects,
        description,
        service_from: line.span.from,
        service_to: line.span.to,
        quantity: line.quantity,
        unit_price: line.unit_price,
        amount_minor: taxed.net_minor,
        gross_minor: taxed.gross_minor,
        revenue_account: version.map(|v| v.terms.revenue_account.clone()).unwrap_or_default(),
        tax_code,
        tax_rate: taxed.rate,
        derivation: Derivation {
            how: line.how,
            mode: ctx.rules.rounding.mode,
            increment: ctx.rules.rounding.increment,
            tax,
        },
        claim: NewClaim {
            from: line.span.from,
            to: line.span.to,
            segment: line.segment,
            role: line.role,
            rated_minor: line.rated_minor,
            period,
        },
        usage: line.usage,
    }
}
