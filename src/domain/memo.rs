//! Credit and debit memos made from a posted invoice: by whole, by line, by amount.
//!
//! Their tax follows the invoice's ([`super::memo_tax`]), and no memo takes more than is left.

use super::document::DocumentTax;
use super::ids::ItemId;
use super::memo_tax::{Part, Position, together};
use super::money::{Currency, MoneyError, Rounding, allocate};
use rust_decimal::Decimal;

/// A line of the invoice, with what is left of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoiceLine {
    pub item: ItemId,
    /// Net, minor units.
    pub net_minor: i64,
    /// Net that no memo or credit has taken yet, minor units, in the line's sign.
    pub left_minor: i64,
    /// Of a discount: the item it discounts.
    pub discounts: Option<ItemId>,
    /// Its tax code; empty = none.
    pub tax_code: String,
    /// Its rate, where the code has several on the invoice.
    pub rate_percent: Option<Decimal>,
}

/// What a memo is asked to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MemoPart {
    /// Everything that is left.
    Whole,
    /// These lines: all that is left of each with its discounts, or this much of it (net; with an
    /// inclusive tax what the customer sees, tax included), minor units, positive. A discount is
    /// taken back by a debit, never credited by itself.
    Lines(Vec<(ItemId, Option<i64>)>),
    /// This much of the total, tax included, minor units, positive.
    Amount(i64),
}

/// Which way the money goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemoSide {
    /// Back to the customer: amounts are negative.
    Credit,
    /// More from the customer: amounts are positive.
    Debit,
}

/// A memo before it has a row.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MemoDraft {
    /// The lines: the corrected item and the net, minor units.
    pub lines: Vec<(ItemId, i64)>,
    /// Tax with the invoice's codes, rates and reasons.
    pub taxes: Vec<DocumentTax>,
    /// Net, minor units.
    pub subtotal_minor: i64,
    /// Tax, minor units.
    pub tax_minor: i64,
    /// Net + tax, minor units.
    pub total_minor: i64,
}

/// Why a memo cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MemoError {
    /// No such line on the invoice.
    #[error("the invoice has no such line")]
    NoLine(ItemId),
    /// Everything is credited already.
    #[error("nothing is left to credit")]
    NothingLeft,
    /// More than is left.
    #[error("{asked_minor} is more than the {left_minor} (minor units) that is left")]
    TooMuch {
        /// Asked for, minor units.
        asked_minor: i64,
        /// Left, minor units.
        left_minor: i64,
    },
    /// A discount alone: crediting it would ask for more.
    #[error("the line is a discount: credit the line it discounts")]
    Discount,
    /// Zero or negative.
    #[error("the amount must be above zero")]
    NotPositive,
    /// The sums do not fit.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

/// Lines of one tax row (or of none), by index.
struct Group<'a> {
    row: Option<&'a Position>,
    lines: Vec<usize>,
    base: i64,
    left: i64,
}

impl Group<'_> {
    fn tax(&self) -> i64 {
        self.row.map_or(0, |p| p.tax.tax_minor)
    }

    fn tax_left(&self) -> i64 {
        self.row.map_or(0, Position::tax_left)
    }

    fn inclusive(&self) -> bool {
        self.row.is_some_and(|p| p.tax.inclusive)
    }
}

fn share(
    of: i64,
    num: i64,
    den: i64,
    rounding: &Rounding,
    currency: Currency,
) -> Result<i64, MoneyError> {
    super::explain::proportion(of, num, den, rounding, currency)
}

/// Makes the lines and tax of a memo for an invoice.
pub fn make(
    lines: &[InvoiceLine],
    taxes: &[Position],
    part: &MemoPart,
    side: MemoSide,
    rounding: &Rounding,
    currency: Currency,
) -> Result<MemoDraft, MemoError> {
    let groups = groups(lines, taxes);
    let nets = match (part, side) {
        (MemoPart::Whole, MemoSide::Credit) => lines.iter().map(|l| l.left_minor).collect(),
        (MemoPart::Whole, MemoSide::Debit) => lines.iter().map(|l| l.net_minor).collect(),
        (MemoPart::Lines(asked), _) => by_line(lines, &groups, asked, side, rounding, currency)?,
        (MemoPart::Amount(total), _) => {
            return by_amount(lines, &groups, *total, side, rounding, currency);
        }
    };
    let of_group = |g: &Group<'_>| -> i64 { g.lines.iter().filter_map(|i| nets.get(*i)).sum() };
    let taxes = match side {
        MemoSide::Credit => credited(&groups, of_group, *rounding, currency)?,
        MemoSide::Debit => asked_for(&groups, of_group, rounding, currency)?,
    };
    let mut memo = MemoDraft::default();
    for (group, tax) in groups.iter().zip(taxes) {
        memo.add(group, lines, &nets, of_group(group), tax, side);
    }
    memo.finish(side)
}

/// The tax of each group that goes with crediting these nets.
fn credited(
    groups: &[Group<'_>],
    net: impl Fn(&Group<'_>) -> i64,
    rounding: Rounding,
    currency: Currency,
) -> Result<Vec<i64>, MoneyError> {
    let parts: Vec<(&Position, Part)> =
        groups.iter().filter_map(|g| Some((g.row?, Part::Net(net(g))))).collect();
    let mut found = together(&parts, rounding, currency)?.into_iter();
    Ok(groups.iter().map(|g| g.row.and_then(|_| found.next()).unwrap_or(0)).collect())
}

/// The tax of each group that goes with asking for these nets once more: rounded once for the rows
/// of one kind and rate, which share it.
fn asked_for(
    groups: &[Group<'_>],
    net: impl Fn(&Group<'_>) -> i64,
    rounding: &Rounding,
    currency: Currency,
) -> Result<Vec<i64>, MoneyError> {
    let mut taxes = vec![0; groups.len()];
    for mates in by_rate(groups) {
        let sum =
            |of: &dyn Fn(&Group<'_>) -> i64| -> i64 { mates.iter().map(|(_, g)| of(g)).sum() };
        let (tax, nets, base) = (sum(&|g| g.tax()), sum(&net), sum(&|g| g.base));
        let tax = share(tax, nets, base, rounding, currency)?;
        let weights: Vec<u64> = mates.iter().map(|(_, g)| weight(net(g))).collect();
        for ((at, _), part) in mates.iter().zip(allocate(tax, &weights)) {
            if let Some(slot) = taxes.get_mut(*at) {
                *slot = part;
            }
        }
    }
    Ok(taxes)
}

type Mates<'g, 'a> = Vec<(usize, &'g Group<'a>)>;

/// The groups of each kind and rate, with their places; those without tax together.
fn by_rate<'g, 'a>(groups: &'g [Group<'a>]) -> Vec<Mates<'g, 'a>> {
    let same = |a: &Group<'_>, b: &Group<'_>| match (a.row, b.row) {
        (Some(a), Some(b)) => a.tax.rounds_with(&b.tax),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    };
    let mut rates: Vec<Mates<'g, 'a>> = Vec::new();
    for (at, group) in groups.iter().enumerate() {
        match rates.iter_mut().find(|mates| mates.iter().any(|(_, other)| same(group, other))) {
            Some(mates) => mates.push((at, group)),
            None => rates.push(vec![(at, group)]),
        }
    }
    rates
}

fn groups<'a>(lines: &[InvoiceLine], taxes: &'a [Position]) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> =
        taxes.iter().map(|t| Group { row: Some(t), lines: Vec::new(), base: 0, left: 0 }).collect();
    groups.push(Group { row: None, lines: Vec::new(), base: 0, left: 0 });
    let untaxed = groups.len() - 1;
    for (i, line) in lines.iter().enumerate() {
        let row = taxes.iter().position(|t| {
            t.tax.tax_code == line.tax_code
                && line.rate_percent.is_none_or(|rate| rate == t.tax.rate_percent)
        });
        let at = row.unwrap_or(untaxed);
        if let Some(group) = groups.get_mut(at) {
            group.lines.push(i);
            group.base += line.net_minor;
            group.left += line.left_minor;
        }
    }
    groups.retain(|g| !g.lines.is_empty());
    groups
}

fn by_line(
    lines: &[InvoiceLine],
    groups: &[Group<'_>],
    asked: &[(ItemId, Option<i64>)],
    side: MemoSide,
    rounding: &Rounding,
    currency: Currency,
) -> Result<Vec<i64>, MemoError> {
    let mut nets = vec![0_i64; lines.len()];
    for (item, amount) in asked {
        let at = lines.iter().position(|l| l.item == *item).ok_or(MemoError::NoLine(*item))?;
        let (Some(line), Some(net)) = (lines.get(at), nets.get_mut(at)) else { continue };
        if side == MemoSide::Credit && line.net_minor < 0 {
            return Err(MemoError::Discount);
        }
        // What the customer was asked for the line is what its discounts left of it.
        let off: Vec<(usize, i64)> = lines
            .iter()
            .enumerate()
            .filter(|(_, l)| l.discounts == Some(*item))
            .map(|(i, l)| (i, l.left_minor))
            .collect();
        let free = line.left_minor - *net;
        let Some(amount) = amount else {
            match side {
                MemoSide::Credit => {
                    *net += free;
                    for (i, left) in off {
                        if let Some(net) = nets.get_mut(i) {
                            *net = left;
                        }
                    }
                }
                // A discount is taken back.
                MemoSide::Debit => *net += line.net_minor.abs(),
            }
            continue;
        };
        if *amount <= 0 {
            return Err(MemoError::NotPositive);
        }
        let free = free + off.iter().map(|(_, left)| left).sum::<i64>();
        let mut wanted = *amount;
        if let Some(group) = groups.iter().find(|g| g.inclusive() && g.lines.contains(&at)) {
            wanted -= share(wanted, group.tax(), group.base + group.tax(), rounding, currency)?;
        }
        if side == MemoSide::Credit && wanted > free {
            return Err(MemoError::TooMuch { asked_minor: *amount, left_minor: free.max(0) });
        }
        *net += wanted;
    }
    Ok(nets)
}

/// Spreads a total, tax included, over what is left in proportion.
fn by_amount(
    lines: &[InvoiceLine],
    groups: &[Group<'_>],
    total: i64,
    side: MemoSide,
    rounding: &Rounding,
    currency: Currency,
) -> Result<MemoDraft, MemoError> {
    if total <= 0 {
        return Err(MemoError::NotPositive);
    }
    let of_group = |g: &Group<'_>| match side {
        MemoSide::Credit => (g.left, g.tax_left()),
        MemoSide::Debit => (g.base, g.tax()),
    };
    let left: i64 = groups.iter().map(of_group).map(|(net, tax)| net + tax).sum();
    if side == MemoSide::Credit {
        if left <= 0 {
            return Err(MemoError::NothingLeft);
        }
        if total > left {
            return Err(MemoError::TooMuch { asked_minor: total, left_minor: left });
        }
        if total == left {
            let nets: Vec<i64> = lines.iter().map(|l| l.left_minor).collect();
            let mut memo = MemoDraft::default();
            for group in groups {
                memo.add(group, lines, &nets, group.left, group.tax_left(), side);
            }
            return memo.finish(side);
        }
    }
    let rates = by_rate(groups);
    let of_rate = |mates: &Mates<'_, '_>| {
        let of = mates.iter().map(|(_, g)| of_group(g));
        of.fold((0, 0), |(net, tax), (n, t)| (net + n, tax + t))
    };
    let weights: Vec<u64> = rates.iter().map(of_rate).map(|(net, tax)| weight(net + tax)).collect();
    let mut memo = MemoDraft::default();
    for (mates, part) in rates.iter().zip(allocate(total, &weights)) {
        let (net, tax) = of_rate(mates);
        let part = if side == MemoSide::Credit { part.min(net + tax) } else { part };
        let tax_part = share(part, tax, net + tax, rounding, currency)?.clamp(0, part.max(0));
        let tax_part = if side == MemoSide::Credit { tax_part.min(tax.max(0)) } else { tax_part };
        memo.split(mates, lines, (part - tax_part, tax_part), &of_group, side);
    }
    memo.finish(side)
}

/// An amount as a share; what is negative has none.
fn weight(minor: i64) -> u64 {
    u64::try_from(minor).unwrap_or(0)
}

impl MemoDraft {
    /// Splits net and tax of one kind and rate over its codes and their lines, in proportion to the
    /// net and tax of each (`of`): the parts sum to it, and none is beyond its own.
    fn split(
        &mut self,
        mates: &Mates<'_, '_>,
        lines: &[InvoiceLine],
        (net, tax): (i64, i64),
        of: &dyn Fn(&Group<'_>) -> (i64, i64),
        side: MemoSide,
    ) {
        let weights = |part: fn((i64, i64)) -> i64| -> Vec<u64> {
            mates.iter().map(|(_, g)| weight(part(of(g)))).collect()
        };
        let nets = allocate(net, &weights(|(net, _)| net));
        let taxes = allocate(tax, &weights(|(_, tax)| tax));
        for ((_, group), (net, tax)) in mates.iter().zip(nets.into_iter().zip(taxes)) {
            let of_line = |i: &usize| {
                lines.get(*i).map_or(0, |l| match side {
                    MemoSide::Credit => weight(l.left_minor),
                    MemoSide::Debit => weight(l.net_minor),
                })
            };
            let of_lines: Vec<u64> = group.lines.iter().map(of_line).collect();
            let mut nets = vec![0_i64; lines.len()];
            for (i, net) in group.lines.iter().zip(allocate(net, &of_lines)) {
                if let Some(slot) = nets.get_mut(*i) {
                    *slot = net;
                }
            }
            self.add(group, lines, &nets, net, tax, side);
        }
    }

    fn add(
        &mut self,
        group: &Group<'_>,
        lines: &[InvoiceLine],
        nets: &[i64],
        net: i64,
        tax: i64,
        side: MemoSide,
    ) {
        let sign = match side {
            MemoSide::Credit => -1,
            MemoSide::Debit => 1,
        };
        let own = group.lines.iter().filter_map(|i| Some((lines.get(*i)?.item, *nets.get(*i)?)));
        self.lines.extend(own.filter(|(_, net)| *net != 0).map(|(item, net)| (item, sign * net)));
        self.subtotal_minor += sign * net;
        self.tax_minor += sign * tax;
        if let Some(row) = group.row.filter(|_| net != 0 || tax != 0) {
            self.taxes.push(DocumentTax {
                base_minor: sign * net,
                tax_minor: sign * tax,
                rounding: None,
                ..row.tax.clone()
            });
        }
    }

    fn finish(mut self, side: MemoSide) -> Result<Self, MemoError> {
        if self.lines.is_empty() && self.tax_minor == 0 {
            return Err(MemoError::NothingLeft);
        }
        self.total_minor =
            self.subtotal_minor.checked_add(self.tax_minor).ok_or(MoneyError::TooLarge)?;
        let wrong_way = match side {
            MemoSide::Credit => self.total_minor > 0,
            MemoSide::Debit => self.total_minor <= 0,
        };
        if wrong_way {
            return Err(MemoError::NothingLeft);
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests;
