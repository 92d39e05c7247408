//! Memos by whole, line and amount: what they take, and what they refuse.

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
    assert_eq!((memo.subtotal_minor, memo.tax_minor, memo.total_minor), (-9_500, -1_800, -11_300));
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
