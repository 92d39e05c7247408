//! The tax of memos, made by hand or by a run: what the invoice's rate gives on all that is credited
//! so far, less what earlier memos took. Rounded cumulatively, so whatever the sequence and whoever
//! makes them, once everything is credited their tax sums to the invoice's exactly, code by code.

use super::document::DocumentTax;
use super::ids::{DocumentId, ItemId};
use super::money::{Currency, MoneyError, Rounding};
use super::tax::Sums;

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
        self.alone(Part::Net(net), rounding, currency)
    }

    fn alone(&self, part: Part, rounding: Rounding, currency: Currency) -> Result<i64, MoneyError> {
        if self.ends(part) {
            return Ok(self.tax_left());
        }
        let mut sums = Sums::default();
        self.upto(part, &mut sums)?;
        let whole = sums.tax(self.tax.kind, self.tax.rate_percent, currency, rounding)?;
        Ok(self.within(whole - self.credited_minor))
    }

    /// Whether nothing of the row is left after it.
    fn ends(&self, part: Part) -> bool {
        match part {
            Part::Net(net) => net == self.left_minor,
            Part::Gross(gross) => gross == self.left_minor + self.tax_left(),
        }
    }

    /// Adds all that is credited of the row, this too.
    fn upto(&self, part: Part, sums: &mut Sums) -> Result<(), MoneyError> {
        let before = self.base_minor - self.left_minor;
        match part {
            Part::Net(net) => sums.add(before + net, false),
            Part::Gross(gross) => sums.add(before + self.credited_minor + gross, true),
        }
    }

    /// A tax that takes no more than there is, and gives none back.
    fn within(&self, tax: i64) -> i64 {
        tax.clamp(self.tax_left().min(0), self.tax_left().max(0))
    }
}

/// What is credited of a tax row, minor units, in the row's sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// So much of its net.
    Net(i64),
    /// So much of what its inclusive lines said.
    Gross(i64),
}

/// The taxes that go with crediting these parts of one invoice's rows. Each follows its row; rows of
/// one kind and rate are rounded together like the invoice's, where a row that is not credited to its
/// end leaves room for it.
pub fn together(
    parts: &[(&Position, Part)],
    rounding: Rounding,
    currency: Currency,
) -> Result<Vec<i64>, MoneyError> {
    let mut taxes = Vec::with_capacity(parts.len());
    for (position, part) in parts {
        taxes.push(position.alone(*part, rounding, currency)?);
    }
    for (i, (first, _)) in parts.iter().enumerate() {
        let mates = || parts.iter().enumerate().filter(|(_, p)| p.0.tax.rounds_with(&first.tax));
        if mates().next().is_some_and(|(at, _)| at != i) {
            continue;
        }
        let (mut sums, mut given) = (Sums::default(), 0);
        for (at, (position, part)) in mates() {
            position.upto(*part, &mut sums)?;
            given += position.credited_minor + taxes.get(at).copied().unwrap_or(0);
        }
        let whole = sums.tax(first.tax.kind, first.tax.rate_percent, currency, rounding)?;
        let mut missing = whole - given;
        for (at, (position, part)) in mates().filter(|(_, (p, part))| !p.ends(*part)) {
            let Some(tax) = taxes.get_mut(at).filter(|_| !part.is_nothing()) else { continue };
            let more = position.within(*tax + missing) - *tax;
            *tax += more;
            missing -= more;
        }
    }
    Ok(taxes)
}

impl Part {
    fn is_nothing(self) -> bool {
        match self {
            Self::Net(minor) | Self::Gross(minor) => minor == 0,
        }
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
    let mut shares: Vec<Share<'_>> = Vec::new();
    for (row, tax) in taxes.iter().enumerate() {
        let mut by_invoice: Vec<(Option<DocumentId>, Vec<usize>)> = Vec::new();
        for (i, line) in lines.iter().enumerate().filter(|(_, l)| l.row == Some(row)) {
            match by_invoice.iter_mut().find(|(invoice, _)| *invoice == line.corrects) {
                Some((_, list)) => list.push(i),
                None => by_invoice.push((line.corrects, vec![i])),
            }
        }
        match shares_of(lines, row, tax, &by_invoice, positions).filter(|s| !s.is_empty()) {
            Some(of_row) => shares.extend(of_row),
            None => beside(lines, by_invoice),
        }
    }
    for share in &shares {
        if let Some(tax) = taxes.get_mut(share.row) {
            (tax.base_minor, tax.tax_minor, tax.rounding) = (0, 0, None);
        }
    }
    while let Some(invoice) = shares.first().map(|share| share.invoice) {
        let (mine, others) = shares.into_iter().partition(|share| share.invoice == invoice);
        shares = others;
        settle(lines, taxes, &mine, rounding, currency)?;
    }
    Ok(())
}

/// Beside what is billed anew a row keeps its tax, and a new line takes the unit.
fn beside(lines: &mut [MemoLine], by_invoice: Vec<(Option<DocumentId>, Vec<usize>)>) {
    let new = by_invoice.iter().find(|(invoice, _)| invoice.is_none());
    let Some(last) = new.and_then(|(_, list)| list.last().copied()) else { return };
    let mine: Vec<usize> = by_invoice.into_iter().flat_map(|(_, list)| list).collect();
    let excess = bound(lines, &mine);
    if let Some(line) = lines.get_mut(last) {
        line.net_minor += excess;
    }
}

/// The lines of one tax row that correct one invoice, and where that one stands.
struct Share<'a> {
    row: usize,
    invoice: DocumentId,
    lines: Vec<usize>,
    position: &'a Position,
}

/// The lines of a row by invoice, each with where it stands; none if some of them bill something
/// new, or take a credit back.
fn shares_of<'a>(
    lines: &[MemoLine],
    row: usize,
    tax: &DocumentTax,
    by_invoice: &[(Option<DocumentId>, Vec<usize>)],
    positions: &'a [(DocumentId, Position)],
) -> Option<Vec<Share<'a>>> {
    let mut shares = Vec::with_capacity(by_invoice.len());
    for (invoice, mine) in by_invoice {
        let net: i64 = mine.iter().filter_map(|i| lines.get(*i)).map(|l| l.net_minor).sum();
        let (invoice, position) = positions.iter().find(|(document, position)| {
            Some(*document) == *invoice
                && position.tax.tax_code == tax.tax_code
                && position.tax.rounds_with(tax)
                && position.tax.inclusive == tax.inclusive
        })?;
        if net.signum() * position.base_minor.signum() > 0 {
            return None;
        }
        shares.push(Share { row, invoice: *invoice, lines: mine.clone(), position });
    }
    Some(shares)
}

/// Taxes the lines that correct one invoice, whatever their rows.
fn settle(
    lines: &mut [MemoLine],
    taxes: &mut [DocumentTax],
    shares: &[Share<'_>],
    rounding: Rounding,
    currency: Currency,
) -> Result<(), MoneyError> {
    let sum = |lines: &[MemoLine], share: &Share<'_>, of: fn(&MemoLine) -> i64| -> i64 {
        share.lines.iter().filter_map(|i| lines.get(*i)).map(of).sum()
    };
    let parts: Vec<(&Position, Part)> = shares
        .iter()
        .map(|share| {
            let part = if share.position.tax.inclusive {
                Part::Gross(-sum(lines, share, |l| l.gross_minor.unwrap_or(l.net_minor)))
            } else {
                Part::Net(-sum(lines, share, |l| l.net_minor))
            };
            (share.position, part)
        })
        .collect();
    let found = together(&parts, rounding, currency)?;
    for ((share, (_, part)), tax) in shares.iter().zip(&parts).zip(found) {
        let (mut net, mut tax) = (sum(lines, share, |l| l.net_minor), -tax);
        if let Part::Gross(said) = part {
            if let Some(last) = share.lines.last().and_then(|i| lines.get_mut(*i)) {
                last.net_minor += -said - tax - net;
            }
            let excess = bound(lines, &share.lines);
            net = -said - tax - excess;
            tax += excess;
        }
        if let Some(row) = taxes.get_mut(share.row) {
            row.base_minor += net;
            row.tax_minor += tax;
        }
    }
    Ok(())
}
