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
        // Nothing is credited of it now: that its rounding is a unit off is not for this memo to mend.
        if part.is_nothing() {
            return Ok(0);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::document::TaxKind;
    use rust_decimal::Decimal;

    fn tax(code: &str, inclusive: bool, (base_minor, tax_minor): (i64, i64)) -> DocumentTax {
        DocumentTax {
            tax_code: code.into(),
            rate_percent: Decimal::from(19),
            name: "VAT".into(),
            kind: TaxKind::Standard,
            inclusive,
            reason: String::new(),
            base_minor,
            tax_minor,
            rounding: Some(Rounding::default()),
        }
    }

    /// A row of `whole` (net and tax), of which memos have taken `gone`.
    fn position(code: &str, inclusive: bool, whole: (i64, i64), gone: (i64, i64)) -> Position {
        Position {
            tax: tax(code, inclusive, whole),
            base_minor: whole.0,
            left_minor: whole.0 - gone.0,
            credited_minor: gone.1,
        }
    }

    fn taxes(parts: &[(&Position, Part)]) -> Vec<i64> {
        together(parts, Rounding::default(), Currency::parse("EUR").unwrap()).unwrap()
    }

    fn line(document: i64, (item, left): (i64, i64), net: i64, gross: i64) -> MemoLine {
        MemoLine {
            corrects: Some(DocumentId(document)),
            left: Some((ItemId(item), left)),
            row: Some(0),
            net_minor: net,
            gross_minor: Some(gross),
        }
    }

    fn followed(lines: &mut [MemoLine], rows: &mut [DocumentTax], of: &[(DocumentId, Position)]) {
        let euro = Currency::parse("EUR").unwrap();
        follow(lines, rows, of, Rounding::default(), euro).unwrap();
    }

    #[test]
    fn thirds_of_a_net_row_sum_to_its_tax() {
        let euro = Currency::parse("EUR").unwrap();
        let (mut gone, mut given) = ((0, 0), Vec::new());
        for net in [3333, 3333, 3334] {
            let row = position("V", false, (10_000, 1900), gone);
            let tax = row.for_net(net, Rounding::default(), euro).unwrap();
            given.push(tax);
            gone = (gone.0 + net, gone.1 + tax);
        }
        // 633.27, 1266.54 and the rest.
        assert_eq!(given, [633, 634, 633]);
    }

    #[test]
    fn thirds_of_an_inclusive_row_sum_to_its_tax() {
        // 100.00 with 19 % inside: 84.03 and 15.97.
        let (mut gone, mut given) = ((0, 0), Vec::new());
        for gross in [3333, 3334, 3333] {
            let row = position("V", true, (8403, 1597), gone);
            let tax = taxes(&[(&row, Part::Gross(gross))])[0];
            given.push(tax);
            gone = (gone.0 + gross - tax, gone.1 + tax);
        }
        // 532.16, 1064.48 and the rest.
        assert_eq!((given, gone), (vec![532, 532, 533], (8403, 1597)));
    }

    #[test]
    fn a_row_never_gives_more_than_it_has_nor_any_back() {
        let spent = position("V", false, (10_000, 1900), (5000, 1900));
        assert_eq!(taxes(&[(&spent, Part::Net(1000))]), [0]);
        let nearly = position("V", false, (10_000, 1900), (5000, 1895));
        assert_eq!(taxes(&[(&nearly, Part::Net(4999))]), [5]);
        let negative = position("V", false, (-10_000, -1900), (-5000, -1895));
        assert_eq!(taxes(&[(&negative, Part::Net(-4999))]), [-5]);
    }

    #[test]
    fn rows_of_one_rate_are_rounded_together_where_they_do_not_end() {
        let (a, b) =
            (position("A", false, (100, 19), (0, 0)), position("B", false, (100, 19), (0, 0)));
        // 6.27 each, 12.54 together.
        assert_eq!(taxes(&[(&a, Part::Net(33)), (&b, Part::Net(33))]), [7, 6]);
        assert_eq!(taxes(&[(&a, Part::Net(0)), (&b, Part::Net(33))]), [0, 6]);
        // A row that ends takes its own rest: 97 and 13 are 20.9 together, 18 of them the first's.
        let short = position("A", false, (97, 18), (0, 0));
        assert_eq!(taxes(&[(&short, Part::Net(97)), (&b, Part::Net(13))]), [18, 3]);
        // What was credited before counts: 12.54 together, 6 of them given.
        let begun = position("A", false, (100, 19), (33, 6));
        assert_eq!(taxes(&[(&begun, Part::Net(0)), (&b, Part::Net(33))]), [0, 7]);
        // Another rate is another sum.
        let mut seven = position("C", false, (100, 7), (0, 0));
        seven.tax.rate_percent = Decimal::from(7);
        assert_eq!(taxes(&[(&a, Part::Net(33)), (&seven, Part::Net(33))]), [6, 2]);
    }

    #[test]
    fn an_inclusive_correction_takes_the_rest_of_its_invoice() {
        // A run splits 66.67 into 56.03 and 10.64; of the invoice 56.02 and 10.65 are left.
        let of = [(DocumentId(7), position("V", true, (8403, 1597), (2801, 532)))];
        let mut lines = [line(7, (1, 5602), -5603, -6667)];
        let mut rows = [tax("V", true, (-5603, -1064))];
        followed(&mut lines, &mut rows, &of);
        assert_eq!(lines[0].net_minor, -5602);
        assert_eq!((rows[0].base_minor, rows[0].tax_minor), (-5602, -1065));
        assert_eq!(rows[0].rounding, None, "it follows the invoice");
    }

    #[test]
    fn a_net_correction_takes_the_tax_that_follows_its_invoice() {
        let of = [(DocumentId(7), position("V", false, (10_000, 1900), (3333, 633)))];
        let mut lines = [MemoLine { gross_minor: None, ..line(7, (1, 6667), -3333, 0) }];
        let mut rows = [tax("V", false, (-3333, -633))];
        followed(&mut lines, &mut rows, &of);
        assert_eq!((rows[0].base_minor, rows[0].tax_minor), (-3333, -634));
        // Two invoices in one row each have their own.
        let of = [of[0].clone(), (DocumentId(8), position("V", false, (10_000, 1900), (0, 0)))];
        let second = MemoLine { gross_minor: None, ..line(8, (2, 10_000), -3333, 0) };
        let mut lines = [lines[0], second];
        let mut rows = [tax("V", false, (-6666, -1267))];
        followed(&mut lines, &mut rows, &of);
        assert_eq!((rows[0].base_minor, rows[0].tax_minor), (-6666, -634 - 633));
    }

    #[test]
    fn a_line_gives_no_more_net_than_is_left_and_the_row_says_what_was_taken_off() {
        // Its share of the tax is 5.32, so its net would be 28.01, and 28.00 is left of the line.
        let of = [(DocumentId(7), position("V", true, (8403, 1597), (0, 0)))];
        let mut lines = [line(7, (1, 2800), -2801, -3333)];
        let mut rows = [tax("V", true, (-2801, -532))];
        followed(&mut lines, &mut rows, &of);
        assert_eq!(lines[0].net_minor, -2800);
        assert_eq!((rows[0].base_minor, rows[0].tax_minor), (-2800, -533), "33.33 all the same");
        // Two lines of one item share what is left of it; a line of another has its own.
        let mut lines = [
            line(7, (1, 5602), -3000, -3570),
            line(7, (1, 5602), -2603, -3098),
            line(7, (2, 9), -9, -11),
        ];
        assert_eq!(bound(&mut lines, &[0, 1, 2]), -1);
        assert_eq!(lines.map(|l| l.net_minor), [-3000, -2602, -9]);
        // More than rounding stays, for a check to find.
        let mut lines = [line(7, (1, 5602), -5604, -6669)];
        assert_eq!(bound(&mut lines, &[0]), 0);
        assert_eq!(lines[0].net_minor, -5604);
    }

    #[test]
    fn beside_what_is_billed_anew_the_row_stays_and_a_new_line_takes_the_unit() {
        let of = [(DocumentId(7), position("V", true, (8403, 1597), (2801, 532)))];
        let new = MemoLine { corrects: None, left: None, ..line(0, (0, 0), 1000, 1190) };
        let mut lines = [line(7, (1, 5602), -5603, -6667), new];
        let mut rows = [tax("V", true, (-4603, -874))];
        let before = rows.clone();
        followed(&mut lines, &mut rows, &of);
        assert_eq!(lines.map(|l| l.net_minor), [-5602, 999], "together what they were");
        assert_eq!(rows, before);
    }

    #[test]
    fn a_row_follows_only_an_invoice_with_its_very_row_and_only_what_gives_back() {
        let of = |code: &str, inclusive| {
            [(DocumentId(7), position(code, inclusive, (10_000, 1900), (3333, 633)))]
        };
        let (net, row) =
            (MemoLine { gross_minor: None, ..line(7, (1, 6667), -3333, 0) }, (-3333, -633));
        for (of, net_minor) in
            [(of("W", false), -3333), (of("V", true), -3333), (of("V", false), 3333)]
        {
            let mut lines = [MemoLine { net_minor, ..net }];
            let mut rows = [tax("V", false, row)];
            followed(&mut lines, &mut rows, &of);
            assert_eq!(rows[0].tax_minor, -633, "{of:?}");
        }
    }
}
