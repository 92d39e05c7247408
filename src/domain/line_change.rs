//! The lines of a document beside those of the invoices before it: what is new, what is gone, and of
//! what stayed whether price, quantity or days are others.

use super::ids::ChargeId;
use chrono::{Months, NaiveDate};
use rust_decimal::Decimal;
use std::collections::BTreeMap;
use std::fmt;

/// A line as it is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The charge and, of a discount, what it discounts; none for hand-made lines, which are told
    /// apart by what they say.
    pub charge: Option<(ChargeId, Option<ChargeId>)>,
    pub description: String,
    /// First and last day of service.
    pub service: Option<(NaiveDate, NaiveDate)>,
    pub quantity: Decimal,
    pub unit_price: Decimal,
    /// Net, minor units.
    pub amount_minor: i64,
}

/// What the same line of two documents differs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Differs {
    /// Price of a unit, then and now.
    Price(Decimal, Decimal),
    /// Quantity, then and now.
    Quantity(Decimal, Decimal),
    /// How long it is for, then and now.
    Span(Span, Span),
    /// The amount alone, minor units: how it is reckoned is another.
    Amount(i64, i64),
}

/// What became of a line since the invoices before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// On none of them.
    New,
    /// As on the newest that has it.
    Same,
    /// In these things another than on the newest that has it.
    Differs(Vec<Differs>),
}

/// A line beside the same line of the invoices before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beside {
    /// What it came to on each, newest first, minor units; none where it was not on it.
    pub before_minor: Vec<Option<i64>>,
    pub change: Change,
}

/// Lines beside those before them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Compared {
    /// Of each line, in its order.
    pub lines: Vec<Beside>,
    /// Charges of the newest invoice before that are on this document no more, each by its last line.
    pub gone: Vec<Line>,
}

/// A time of service: whole months where it is that, since a month is a month however long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    Months(u32),
    Days(i64),
}

impl Span {
    /// From the first to the last day.
    pub fn of(from: NaiveDate, to: NaiveDate) -> Self {
        let Some(end) = to.succ_opt() else { return Self::Days((to - from).num_days() + 1) };
        for months in 1..=60 {
            // The 31st begins a month on the last day of a shorter one: either way is whole.
            let whole = from.checked_add_months(Months::new(months)) == Some(end)
                || end.checked_sub_months(Months::new(months)) == Some(from);
            if whole {
                return Self::Months(months);
            }
            if (end - from).num_days() < 28 * i64::from(months) {
                break;
            }
        }
        Self::Days((end - from).num_days())
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Months(1) => write!(f, "1 month"),
            Self::Months(n) => write!(f, "{n} months"),
            Self::Days(1) => write!(f, "1 day"),
            Self::Days(n) => write!(f, "{n} days"),
        }
    }
}

/// A line is the same by its charge, else by its words.
type Key<'a> = (Option<(ChargeId, Option<ChargeId>)>, &'a str);

impl Line {
    fn key(&self) -> Key<'_> {
        (self.charge, if self.charge.is_some() { "" } else { self.description.trim() })
    }

    /// In what `self` differs from the same line before.
    fn since(&self, before: &Self) -> Change {
        let mut differs = Vec::new();
        if self.unit_price != before.unit_price {
            differs.push(Differs::Price(before.unit_price, self.unit_price));
        }
        if self.quantity != before.quantity {
            differs.push(Differs::Quantity(before.quantity, self.quantity));
        }
        let span = |line: &Self| line.service.map(|(from, to)| Span::of(from, to));
        if let (Some(then), Some(now)) = (span(before), span(self))
            && then != now
        {
            differs.push(Differs::Span(then, now));
        }
        if differs.is_empty() && self.amount_minor != before.amount_minor {
            differs.push(Differs::Amount(before.amount_minor, self.amount_minor));
        }
        if differs.is_empty() { Change::Same } else { Change::Differs(differs) }
    }
}

/// The lines of each key, in their order.
fn by_key(lines: &[Line]) -> BTreeMap<Key<'_>, Vec<&Line>> {
    let mut all = BTreeMap::<Key<'_>, Vec<&Line>>::new();
    for line in lines {
        all.entry(line.key()).or_default().push(line);
    }
    all
}

/// The line among those of one charge on an earlier document that a line is to be put beside. Where both
/// documents have as many of them (the parts of a period), the one in the same place; else the last in
/// time of those that say the same, since what was made up for (late usage, months billed later)
/// stands before it.
fn twin<'a>(line: &Line, (place, of): (usize, usize), before: &[&'a Line]) -> Option<&'a Line> {
    if before.len() == of {
        return before.get(place).copied();
    }
    let said = |other: &&&Line| other.description == line.description;
    let last = |lines: &mut dyn Iterator<Item = &&'a Line>| {
        lines.copied().max_by_key(|other| other.service.map(|(from, _)| from))
    };
    last(&mut before.iter().filter(said)).or_else(|| last(&mut before.iter()))
}

/// Puts the lines of a document beside those of the invoices before it, newest first.
pub fn compare(now: &[Line], before: &[Vec<Line>]) -> Compared {
    let before: Vec<_> = before.iter().map(|lines| by_key(lines)).collect();
    let here = by_key(now);
    let mut turns = BTreeMap::<Key<'_>, usize>::new();
    let mut out = Compared::default();
    for line in now {
        let turn = turns.entry(line.key()).or_default();
        let place = (*turn, here.get(&line.key()).map_or(0, Vec::len));
        *turn += 1;
        let same: Vec<Option<&Line>> = before
            .iter()
            .map(|lines| lines.get(&line.key()).and_then(|all| twin(line, place, all)))
            .collect();
        let change = match same.iter().flatten().next() {
            Some(before) => line.since(before),
            None => Change::New,
        };
        let before_minor = same.iter().map(|line| line.map(|l| l.amount_minor)).collect();
        out.lines.push(Beside { before_minor, change });
    }
    if let Some(last) = before.first() {
        for lines in last.iter().filter(|(key, _)| !here.contains_key(*key)).map(|(_, l)| l) {
            // A charge that is gone is told once, by its last line.
            let line = lines.iter().max_by_key(|line| line.service.map(|(from, _)| from));
            out.gone.extend(line.map(|line| (*line).clone()));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn line(charge: i64, quantity: i64, price: i64, service: Option<(&str, &str)>) -> Line {
        Line {
            charge: (charge > 0).then_some((ChargeId(charge), None)),
            description: format!("line {charge}"),
            service: service.map(|(from, to)| (day(from), day(to))),
            quantity: quantity.into(),
            unit_price: price.into(),
            amount_minor: quantity * price * 100,
        }
    }

    #[test]
    fn whole_months_are_months_however_long() {
        let rows = [
            ("2026-01-01", "2026-01-31", Span::Months(1)),
            ("2026-02-01", "2026-02-28", Span::Months(1)),
            ("2026-01-31", "2026-02-27", Span::Months(1)),
            ("2026-02-28", "2026-03-30", Span::Months(1)),
            ("2026-01-15", "2026-04-14", Span::Months(3)),
            ("2024-02-29", "2025-02-27", Span::Months(12)),
            ("2026-01-01", "2026-01-30", Span::Days(30)),
            ("2026-01-01", "2026-02-01", Span::Days(32)),
            ("2026-01-01", "2026-01-01", Span::Days(1)),
            ("2026-01-01", "2031-01-01", Span::Days(1827)),
        ];
        for (from, to, span) in rows {
            assert_eq!(Span::of(day(from), day(to)), span, "{from} to {to}");
        }
    }

    #[test]
    fn a_line_is_beside_the_same_line_of_the_newest_invoice_that_has_it() {
        let month = |m: u32| format!("2026-{m:02}-01");
        let end = |m: u32| ["", "2026-01-31", "2026-02-28", "2026-03-31"][m as usize];
        let of = |m: u32, charge, quantity, price| {
            line(charge, quantity, price, Some((&month(m), end(m))))
        };
        let now = [of(3, 1, 1, 30), of(3, 2, 9, 2), of(3, 4, 1, 7), of(3, 5, 1, 4)];
        let before = vec![
            vec![of(2, 1, 1, 28), of(2, 2, 5, 2), of(2, 3, 1, 3), of(2, 5, 1, 4)],
            vec![of(1, 1, 1, 28), of(1, 4, 1, 6)],
        ];
        let out = compare(&now, &before);
        let changes: Vec<&Change> = out.lines.iter().map(|l| &l.change).collect();
        assert_eq!(
            changes,
            [
                &Change::Differs(vec![Differs::Price(28.into(), 30.into())]),
                &Change::Differs(vec![Differs::Quantity(5.into(), 9.into())]),
                &Change::Differs(vec![Differs::Price(6.into(), 7.into())]),
                &Change::Same,
            ]
        );
        assert_eq!(out.lines[0].before_minor, [Some(2800), Some(2800)]);
        assert_eq!(out.lines[2].before_minor, [None, Some(600)], "every second month");
        assert_eq!(out.gone.iter().map(|l| l.description.as_str()).collect::<Vec<_>>(), ["line 3"]);
    }

    #[test]
    fn parts_of_a_period_are_taken_in_their_order_and_hand_lines_by_their_words() {
        let part = |from: &str, to: &str| line(1, 1, 10, Some((from, to)));
        let hand = |words: &str| Line { description: words.to_owned(), ..line(0, 1, 5, None) };
        let before =
            [part("2026-01-01", "2026-01-10"), part("2026-01-11", "2026-01-31"), hand("Set-up")];
        let now = [
            part("2026-02-01", "2026-02-10"),
            part("2026-02-11", "2026-02-28"),
            hand("Set-up"),
            hand("Training"),
        ];
        let out = compare(&now, &[before.to_vec()]);
        let span = Differs::Span(Span::Days(21), Span::Days(18));
        assert_eq!(out.lines[0].change, Change::Same);
        assert_eq!(out.lines[1].change, Change::Differs(vec![span]));
        assert_eq!((&out.lines[2].change, &out.lines[3].change), (&Change::Same, &Change::New));
        assert_eq!(out.gone, []);
        assert_eq!(compare(&now, &[]).lines[0].change, Change::New);
    }

    #[test]
    fn what_was_made_up_for_is_neither_compared_nor_gone() {
        let month = |m: u32, quantity| {
            let from = format!("2026-{m:02}-01");
            let to = ["", "2026-01-31", "2026-02-28", "2026-03-31"][m as usize];
            line(1, quantity, 10, Some((&from, to)))
        };
        let late = |m, quantity| Line { description: "late".to_owned(), ..month(m, quantity) };
        let changes = |now: &[Line], before: &[Line]| {
            let out = compare(now, &[before.to_vec()]);
            assert_eq!(out.gone, []);
            let all = out.lines.into_iter().map(|l| (l.before_minor[0], l.change));
            all.collect::<Vec<_>>()
        };
        // Late usage and months billed later stood before the last month.
        let before = [late(1, 975), month(2, 8)];
        assert_eq!(changes(&[month(3, 8)], &before), [(Some(8000), Change::Same)]);
        let before = [month(1, 8), month(2, 8)];
        assert_eq!(changes(&[month(3, 8)], &before), [(Some(8000), Change::Same)]);
        // And the other way round: two months after one.
        assert_eq!(
            changes(&[month(2, 8), month(3, 8)], &[month(1, 8)]),
            [(Some(8000), Change::Same), (Some(8000), Change::Same)]
        );
        // What is gone is told once.
        let other = line(2, 1, 1, None);
        let out = compare(std::slice::from_ref(&other), &[vec![month(1, 8), month(2, 8)]]);
        assert_eq!(out.gone, [month(2, 8)]);
    }

    #[test]
    fn another_way_to_reckon_is_told_by_the_amount() {
        let (now, mut before) = (line(1, 2, 3, None), line(1, 2, 3, None));
        before.amount_minor = 500;
        let out = compare(std::slice::from_ref(&now), &[vec![before]]);
        assert_eq!(out.lines[0].change, Change::Differs(vec![Differs::Amount(500, 600)]));
    }
}
