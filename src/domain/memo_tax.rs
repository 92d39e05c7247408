//! The tax of memos, made by hand or by a run: what the invoice's rate gives on all that is credited
//! so far, less what earlier memos took. Rounded cumulatively, so whatever the sequence and whoever
//! makes them, once everything is credited their tax sums to the invoice's exactly.

use super::document::DocumentTax;
use super::ids::{DocumentId, ItemId};
use super::money::{Currency, MoneyError, Rounding};
use super::tax::tax_of;

/// A tax row of a posted invoice, and how far memos have credited it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// The row.
    pub tax: DocumentTax,
    /// Net of its lines, minor units.
    pub base_minor: i64,
    /// Net that no memo has taken yet, minor units.
    pub left_minor: i64,
    /// Tax credited so far, minor units, in the row's sign.
    pub credited_minor: i64,
}

impl Position {
    /// Tax that no memo has taken yet, minor units.
    pub fn tax_left(&self) -> i64 {
        self.tax.tax_minor - self.credited_minor
    }

    /// The tax that goes with crediting `net` more of the base.
    pub fn for_net(
        &self,
        net: i64,
        rounding: Rounding,
        currency: Currency,
    ) -> Result<i64, MoneyError> {
        if net == self.left_minor {
            return Ok(self.tax_left());
        }
        let upto = self.base_minor - self.left_minor + net;
        let row = &self.tax;
        let whole = tax_of(row.kind, row.rate_percent, false, upto, currency, rounding)?;
        Ok(self.within(whole))
    }

    /// The tax inside `gross` more of an inclusive row's lines.
    pub fn for_gross(
        &self,
        gross: i64,
        rounding: Rounding,
        currency: Currency,
    ) -> Result<i64, MoneyError> {
        if gross == self.left_minor + self.tax_left() {
            return Ok(self.tax_left());
        }
        let upto = self.base_minor - self.left_minor + self.credited_minor + gross;
        let row = &self.tax;
        let whole = tax_of(row.kind, row.rate_percent, true, upto, currency, rounding)?;
        Ok(self.within(whole))
    }

    /// What is still to be taken so that `whole` is, and never more than there is.
    fn within(&self, whole: i64) -> i64 {
        let (low, high) = (self.tax_left().min(0), self.tax_left().max(0));
        (whole - self.credited_minor).clamp(low, high)
    }
}

/// A line of a document that a run made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoLine {
    /// The posted invoice whose line it corrects.
    pub corrects: Option<DocumentId>,
    /// That line, and what is left of its net, minor units: the most that this one may give back.
    pub left: Option<(ItemId, i64)>,
    /// Which of the document's tax rows it belongs to.
    pub row: Option<usize>,
    /// Net, minor units.
    pub net_minor: i64,
    /// With an inclusive tax, what the line says.
    pub gross_minor: Option<i64>,
}

/// Keeps the nets of inclusive corrections within what is left of the corrected lines: their share
/// of the tax is rounded anew on each document and may come out a unit less. Gives what was taken
/// off the nets.
fn bound(lines: &mut [MemoLine], mine: &[usize]) -> i64 {
    let mut taken: Vec<(ItemId, i64)> = Vec::new();
    let mut all = 0;
    for i in mine {
        let Some(line) = lines.get_mut(*i) else { continue };
        let Some((item, left)) = line.left.filter(|_| line.gross_minor.is_some()) else { continue };
        let before: i64 = taken.iter().filter(|(t, _)| *t == item).map(|(_, net)| net).sum();
        let most = -left - before;
        let excess = line.net_minor - line.net_minor.clamp(most.min(0), most.max(0));
        // More than rounding is not for the tax to put right.
        if excess.abs() == 1 {
            line.net_minor -= excess;
            all += excess;
        }
        taken.push((item, line.net_minor));
    }
    all
}

/// Gives each tax row of a run's document that only corrects posted invoices the tax which follows
/// those invoices; the nets of inclusive lines follow. A row that bills something beside it keeps
/// the tax of its sum.
pub fn follow(
    lines: &mut [MemoLine],
    taxes: &mut [DocumentTax],
    positions: &[(DocumentId, Position)],
    rounding: Rounding,
    currency: Currency,
) -> Result<(), MoneyError> {
    for (row, tax) in taxes.iter_mut().enumerate() {
        let mut by_invoice: Vec<(Option<DocumentId>, Vec<usize>)> = Vec::new();
        for (i, line) in lines.iter().enumerate().filter(|(_, l)| l.row == Some(row)) {
            match by_invoice.iter_mut().find(|(invoice, _)| *invoice == line.corrects) {
                Some((_, list)) => list.push(i),
                None => by_invoice.push((line.corrects, vec![i])),
            }
        }
        if let Some(parts) = parts_of(lines, tax, &by_invoice, positions).filter(|p| !p.is_empty())
        {
            (tax.base_minor, tax.tax_minor) = (0, 0);
            for (mine, position) in parts {
                let (net, part) = settle(lines, mine, position, rounding, currency)?;
                tax.base_minor += net;
                tax.tax_minor += part;
            }
        } else {
            // Beside what is billed anew the row keeps its tax, and a new line takes the unit.
            let new = by_invoice.iter().find(|(invoice, _)| invoice.is_none());
            let Some(last) = new.and_then(|(_, list)| list.last().copied()) else { continue };
            let mine: Vec<usize> = by_invoice.into_iter().flat_map(|(_, list)| list).collect();
            let excess = bound(lines, &mine);
            if let Some(line) = lines.get_mut(last) {
                line.net_minor += excess;
            }
        }
    }
    Ok(())
}

type Part<'a> = (&'a [usize], &'a Position);

/// The lines of a row by invoice, each with where it stands; none if some of them bill something
/// new, or take a credit back.
fn parts_of<'a>(
    lines: &[MemoLine],
    tax: &DocumentTax,
    by_invoice: &'a [(Option<DocumentId>, Vec<usize>)],
    positions: &'a [(DocumentId, Position)],
) -> Option<Vec<Part<'a>>> {
    let mut parts = Vec::with_capacity(by_invoice.len());
    for (invoice, mine) in by_invoice {
        let net: i64 = mine.iter().filter_map(|i| lines.get(*i)).map(|l| l.net_minor).sum();
        let (_, position) = positions.iter().find(|(document, position)| {
            Some(*document) == *invoice
                && position.tax.tax_code == tax.tax_code
                && position.tax.rate_percent == tax.rate_percent
                && position.tax.kind == tax.kind
                && position.tax.inclusive == tax.inclusive
        })?;
        if net.signum() * position.base_minor.signum() > 0 {
            return None;
        }
        parts.push((mine.as_slice(), position));
    }
    Some(parts)
}

/// Taxes the lines that correct one invoice: their net and tax, minor units.
fn settle(
    lines: &mut [MemoLine],
    mine: &[usize],
    position: &Position,
    rounding: Rounding,
    currency: Currency,
) -> Result<(i64, i64), MoneyError> {
    let sum = |lines: &[MemoLine], of: fn(&MemoLine) -> i64| -> i64 {
        mine.iter().filter_map(|i| lines.get(*i)).map(of).sum()
    };
    let net = sum(lines, |l| l.net_minor);
    if !position.tax.inclusive {
        return Ok((net, -position.for_net(-net, rounding, currency)?));
    }
    let said = sum(lines, |l| l.gross_minor.unwrap_or(l.net_minor));
    let tax = -position.for_gross(-said, rounding, currency)?;
    let last = mine.last().and_then(|i| lines.get_mut(*i));
    if let Some(last) = last {
        last.net_minor += said - tax - net;
    }
    let excess = bound(lines, mine);
    Ok((said - tax - excess, tax + excess))
}
