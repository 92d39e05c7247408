//! Credit and debit memos made from a posted invoice: by whole, by line, by amount.
//!
//! Their tax follows the invoice's ([`super::memo_tax`]), and no memo takes more than is left.

use super::document::DocumentTax;
use super::ids::ItemId;
use super::memo_tax::Position;
use super::money::{Currency, MoneyError, Rounding, allocate};
use rust_decimal::Decimal;

/// A line of the invoice, with what is left of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoiceLine {
    /// The item.
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
    let mut memo = MemoDraft::default();
    for group in &groups {
        let net: i64 = group.lines.iter().filter_map(|i| nets.get(*i)).sum();
        let tax = match side {
            MemoSide::Credit => match group.row {
                Some(position) => position.for_net(net, *rounding, currency)?,
                None => 0,
            },
            MemoSide::Debit => share(group.tax(), net, group.base, rounding, currency)?,
        };
        memo.add(group, lines, &nets, net, tax, side);
    }
    memo.finish(side)
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
        let at = row.filter(|_| !line.tax_code.is_empty()).unwrap_or(untaxed);
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
    let weights: Vec<u64> = groups
        .iter()
        .map(of_group)
        .map(|(net, tax)| u64::try_from(net + tax).unwrap_or(0))
        .collect();
    let mut memo = MemoDraft::default();
    for (group, part) in groups.iter().zip(allocate(total, &weights)) {
        let (net, tax) = of_group(group);
        let part = if side == MemoSide::Credit { part.min(net + tax) } else { part };
        let tax_part = share(part, tax, net + tax, rounding, currency)?.clamp(0, part.max(0));
        let tax_part = if side == MemoSide::Credit { tax_part.min(tax.max(0)) } else { tax_part };
        let of_line = |i: &usize| {
            let line = lines.get(*i);
            line.map_or(0, |l| match side {
                MemoSide::Credit => u64::try_from(l.left_minor).unwrap_or(0),
                MemoSide::Debit => u64::try_from(l.net_minor).unwrap_or(0),
            })
        };
        let line_weights: Vec<u64> = group.lines.iter().map(of_line).collect();
        let mut nets = vec![0_i64; lines.len()];
        for (i, net) in group.lines.iter().zip(allocate(part - tax_part, &line_weights)) {
            if let Some(slot) = nets.get_mut(*i) {
                *slot = net;
            }
        }
        memo.add(group, lines, &nets, part - tax_part, tax_part, side);
    }
    memo.finish(side)
}

impl MemoDraft {
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
mod tests {
    use super::*;
    use crate::domain::document::TaxKind;
    use proptest::prelude::*;

    fn line(item: i64, net_minor: i64, code: &str) -> InvoiceLine {
        InvoiceLine {
            item: ItemId(item),
            net_minor,
            left_minor: net_minor,
            discounts: None,
            tax_code: code.into(),
            rate_percent: None,
        }
    }

    fn tax(code: &str, base_minor: i64, tax_minor: i64, inclusive: bool) -> Position {
        Position {
            tax: DocumentTax {
                tax_code: code.into(),
                rate_percent: Decimal::from(20),
                name: "VAT".into(),
                kind: TaxKind::Standard,
                inclusive,
                reason: String::new(),
                base_minor,
                tax_minor,
            },
            base_minor,
            left_minor: base_minor,
            credited_minor: 0,
        }
    }

    fn credit(
        lines: &[InvoiceLine],
        taxes: &[Position],
        part: &MemoPart,
    ) -> Result<MemoDraft, MemoError> {
        let eur = Currency::parse("EUR").unwrap();
        make(lines, taxes, part, MemoSide::Credit, &Rounding::default(), eur)
    }

    /// Books a memo against the invoice, as posting it would.
    fn book(lines: &mut [InvoiceLine], taxes: &mut [Position], memo: &MemoDraft) {
        for (item, net) in &memo.lines {
            let line = lines.iter_mut().find(|l| l.item == *item).unwrap();
            line.left_minor += net;
            assert!(line.left_minor * line.net_minor.signum() >= 0, "beyond the line");
        }
        for row in &memo.taxes {
            let of = taxes.iter_mut().find(|t| t.tax.tax_code == row.tax_code).unwrap();
            of.credited_minor -= row.tax_minor;
            of.left_minor += row.base_minor;
            assert!((0..=of.tax.tax_minor).contains(&of.credited_minor), "beyond the tax");
        }
    }

    #[test]
    fn the_whole_takes_every_line_and_all_tax() {
        let lines = [line(1, 10_000, "V"), line(2, -1_000, "V"), line(3, 500, "")];
        let memo = credit(&lines, &[tax("V", 9_000, 1_800, false)], &MemoPart::Whole).unwrap();
        assert_eq!(memo.lines, [(ItemId(1), -10_000), (ItemId(2), 1_000), (ItemId(3), -500)]);
        assert_eq!(
            (memo.subtotal_minor, memo.tax_minor, memo.total_minor),
            (-9_500, -1_800, -11_300)
        );
        assert_eq!(memo.taxes[0].base_minor, -9_000);
    }

    #[test]
    fn a_line_or_part_of_it_takes_its_share_of_the_tax() {
        let lines =
            [line(1, 6_833, "V"), line(2, 6_833, "V"), line(3, 5_750, "V"), line(4, 8_500, "V")];
        let taxes = [tax("V", 27_916, 5_583, false)];
        let memo = credit(&lines, &taxes, &MemoPart::Lines(vec![(ItemId(4), None)])).unwrap();
        assert_eq!((memo.subtotal_minor, memo.tax_minor), (-8_500, -1_700));
        let part = MemoPart::Lines(vec![(ItemId(4), Some(100))]);
        assert_eq!(credit(&lines, &taxes, &part).unwrap().tax_minor, -20);
        let mut inside = [tax("V", 10_000, 1_900, true)];
        inside[0].tax.rate_percent = Decimal::from(19);
        let part = MemoPart::Lines(vec![(ItemId(1), Some(1_190))]);
        let memo = credit(&[line(1, 10_000, "V")], &inside, &part).unwrap();
        assert_eq!((memo.subtotal_minor, memo.tax_minor), (-1_000, -190));
    }

    #[test]
    fn an_amount_is_the_total_with_tax() {
        let lines = [line(1, 10_000, "V"), line(2, 5_000, "")];
        let taxes = [tax("V", 10_000, 2_000, false)];
        let memo = credit(&lines, &taxes, &MemoPart::Amount(1_700)).unwrap();
        assert_eq!(memo.total_minor, -1_700);
        assert_eq!((memo.subtotal_minor, memo.tax_minor), (-1_500, -200));
        let memo = credit(&lines, &taxes, &MemoPart::Amount(17_000)).unwrap();
        assert_eq!(memo.lines, [(ItemId(1), -10_000), (ItemId(2), -5_000)]);
    }

    #[test]
    fn what_is_not_there_cannot_be_credited() {
        let lines = [line(1, 100, "")];
        let too_much = MemoPart::Lines(vec![(ItemId(1), Some(101))]);
        assert_eq!(
            credit(&lines, &[], &too_much),
            Err(MemoError::TooMuch { asked_minor: 101, left_minor: 100 })
        );
        assert_eq!(
            credit(&lines, &[], &MemoPart::Amount(101)),
            Err(MemoError::TooMuch { asked_minor: 101, left_minor: 100 })
        );
        assert_eq!(credit(&lines, &[], &MemoPart::Amount(0)), Err(MemoError::NotPositive));
        let none = MemoPart::Lines(vec![(ItemId(1), Some(0))]);
        assert_eq!(credit(&lines, &[], &none), Err(MemoError::NotPositive));
        let other = MemoPart::Lines(vec![(ItemId(9), None)]);
        assert_eq!(credit(&lines, &[], &other), Err(MemoError::NoLine(ItemId(9))));
        let empty = [InvoiceLine { left_minor: 0, ..line(1, 100, "") }];
        assert_eq!(credit(&empty, &[], &MemoPart::Whole), Err(MemoError::NothingLeft));
        assert_eq!(credit(&empty, &[], &MemoPart::Amount(1)), Err(MemoError::NothingLeft));
    }

    #[test]
    fn a_line_goes_back_with_its_discounts_and_a_discount_only_upwards() {
        let off = InvoiceLine { discounts: Some(ItemId(1)), ..line(2, -1_000, "V") };
        let lines = [line(1, 10_000, "V"), off, line(3, 5_000, "V")];
        let taxes = [tax("V", 14_000, 2_800, false)];
        let part = |item, amount| MemoPart::Lines(vec![(ItemId(item), amount)]);
        let memo = credit(&lines, &taxes, &part(1, None)).unwrap();
        assert_eq!(memo.lines, [(ItemId(1), -10_000), (ItemId(2), 1_000)]);
        assert_eq!((memo.subtotal_minor, memo.tax_minor), (-9_000, -1_800));
        assert_eq!(credit(&lines, &taxes, &part(1, Some(9_000))).unwrap().subtotal_minor, -9_000);
        assert_eq!(
            credit(&lines, &taxes, &part(1, Some(9_001))),
            Err(MemoError::TooMuch { asked_minor: 9_001, left_minor: 9_000 })
        );
        for amount in [None, Some(1)] {
            assert_eq!(credit(&lines, &taxes, &part(2, amount)), Err(MemoError::Discount));
        }
        let debit = |amount| {
            let eur = Currency::parse("EUR").unwrap();
            make(&lines, &taxes, &part(2, amount), MemoSide::Debit, &Rounding::default(), eur)
        };
        assert_eq!(debit(None).unwrap().total_minor, 1_200);
        assert_eq!(debit(Some(300)).unwrap().total_minor, 360);
    }

    #[test]
    fn a_debit_asks_for_more_with_the_same_rate() {
        let lines = [line(1, 10_000, "V"), line(2, 100, "")];
        let taxes = [tax("V", 10_000, 2_000, false)];
        let debit = |part: MemoPart| {
            let eur = Currency::parse("EUR").unwrap();
            make(&lines, &taxes, &part, MemoSide::Debit, &Rounding::default(), eur).unwrap()
        };
        let memo = debit(MemoPart::Lines(vec![(ItemId(1), Some(20_000))]));
        assert_eq!((memo.subtotal_minor, memo.tax_minor), (20_000, 4_000));
        assert_eq!(debit(MemoPart::Whole).total_minor, 12_100);
        assert_eq!(debit(MemoPart::Amount(50_000)).total_minor, 50_000);
    }

    proptest! {
        #[test]
        fn any_sequence_of_memos_sums_to_the_invoice(
            nets in prop::collection::vec(1_i64..20_000, 1..6),
            rate in 1_i64..30,
            steps in prop::collection::vec((0_usize..8, 1_i64..9_000, any::<bool>()), 0..12),
            inclusive: bool,
        ) {
            let mut lines: Vec<InvoiceLine> =
                nets.iter().enumerate().map(|(i, n)| line(i as i64, *n, "V")).collect();
            let base: i64 = nets.iter().sum();
            let whole = (base * rate + 50) / 100;
            let mut taxes = [tax("V", base, whole, inclusive)];
            taxes[0].tax.rate_percent = Decimal::from(rate);
            let (mut net, mut given) = (0, 0);
            for (at, amount, by_line) in steps {
                let part = if by_line {
                    let item = ItemId((at % lines.len()) as i64);
                    MemoPart::Lines(vec![(item, Some(amount))])
                } else {
                    MemoPart::Amount(amount)
                };
                if let Ok(memo) = credit(&lines, &taxes, &part) {
                    if !by_line {
                        prop_assert_eq!(memo.total_minor, -amount);
                    }
                    net -= memo.subtotal_minor;
                    given -= memo.tax_minor;
                    book(&mut lines, &mut taxes, &memo);
                }
            }
            match credit(&lines, &taxes, &MemoPart::Whole) {
                Ok(memo) => {
                    net -= memo.subtotal_minor;
                    given -= memo.tax_minor;
                }
                Err(error) => prop_assert_eq!(error, MemoError::NothingLeft),
            }
            prop_assert_eq!((net, given), (base, whole));
        }
    }
}
