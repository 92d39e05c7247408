//! What late payment costs who pays late: a flat sum and interest, as the law of the country has them for a kind
//! of customer (`assets/late_payment.csv`). Damages, no supply: they bear no tax and stand on no invoice. A row
//! without a source is told and claims nothing.
//!
//! Interest is so many points above a base rate (`assets/base_rates.csv`, setting `reminder.base_rates`), which
//! holds for half a year; without the rate of a day none is claimed for it. A year has 365 days.

use super::e_invoice::CustomerKind;
use super::money::{Currency, Money, parse_decimal};
use chrono::{Datelike, Days, NaiveDate};
use rust_decimal::prelude::ToPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};
use std::sync::OnceLock;

const TABLE: &str = include_str!("../../assets/late_payment.csv");
const RATES: &str = include_str!("../../assets/base_rates.csv");

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    country: String,
    kind: CustomerKind,
    /// Due days, both inclusive.
    from: NaiveDate,
    to: Option<NaiveDate>,
    /// Totals from this on.
    from_total: Option<Decimal>,
    flat: Option<Money>,
    points: Option<Decimal>,
    base: String,
    /// Days after the due day before anything is claimed.
    days: u64,
    /// Empty: none is on record.
    pub source: String,
    pub note: String,
}

/// A base rate from a half-year's first day on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rate {
    pub base: String,
    pub from: NaiveDate,
    pub percent: Decimal,
}

/// An invoice that is paid late.
#[derive(Debug, Clone, Copy)]
pub struct Late<'a> {
    /// Whose law holds, two letters.
    pub country: &'a str,
    pub kind: CustomerKind,
    /// Since when it is owed.
    pub due_on: NaiveDate,
    pub total: Money,
    /// What is owed of it still.
    pub open: Money,
    /// Whether the flat sum was claimed.
    pub claimed: bool,
    /// Until which day, inclusive, interest was claimed.
    pub claimed_until: Option<NaiveDate>,
}

/// What is claimed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Claim {
    pub flat: Option<Money>,
    pub interest: Option<Interest>,
    /// The law; empty where nothing is claimed.
    pub source: String,
    /// What is not claimed, and why.
    pub doubts: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interest {
    pub money: Money,
    /// Days it is for, both inclusive.
    pub from: NaiveDate,
    pub to: NaiveDate,
}

impl Claim {
    pub fn is_empty(&self) -> bool {
        self.flat.is_none() && self.interest.is_none()
    }
}

/// Every row. A table that does not read is a fault of the build, which a test finds.
pub fn table() -> &'static [Rule] {
    static ROWS: OnceLock<Vec<Rule>> = OnceLock::new();
    ROWS.get_or_init(|| {
        let mut csv = csv::Reader::from_reader(TABLE.as_bytes());
        csv.records().filter_map(|row| rule(&row.ok()?)).collect()
    })
}

fn rule(row: &csv::StringRecord) -> Option<Rule> {
    let cell = |at: usize| row.get(at).unwrap_or_default();
    let maybe = |at: usize| Some(cell(at)).filter(|text| !text.is_empty());
    let number = |at: usize| maybe(at).map(parse_decimal);
    Some(Rule {
        country: cell(0).to_owned(),
        kind: CustomerKind::parse(cell(1))?,
        from: cell(2).parse().ok()?,
        to: maybe(3).map(str::parse).transpose().ok()?,
        from_total: match number(4) {
            Some(read) => Some(read?),
            None => None,
        },
        flat: match maybe(5) {
            Some(text) => Some(Currency::parse(cell(6))?.read(text).ok()?),
            None => None,
        },
        points: match number(7) {
            Some(read) => Some(read?),
            None => None,
        },
        base: cell(8).to_owned(),
        days: cell(9).parse().ok()?,
        source: cell(10).to_owned(),
        note: cell(11).to_owned(),
    })
}

/// The base rates that daybook knows.
pub fn rates() -> &'static [Rate] {
    static ROWS: OnceLock<Vec<Rate>> = OnceLock::new();
    ROWS.get_or_init(|| {
        let mut csv = csv::Reader::from_reader(RATES.as_bytes());
        let read = |row: csv::StringRecord| {
            let (base, from) = (row.get(0)?.to_owned(), row.get(1)?.parse().ok()?);
            Some(Rate { base, from, percent: parse_decimal(row.get(2)?)? })
        };
        csv.records().filter_map(|row| read(row.ok()?)).collect()
    })
}

/// Base rates as a setting has them: `DE 2026-07-01 1.27; ECB 2026-07-01 2.15`. None where it does not read.
pub fn own_rates(text: &str) -> Option<Vec<Rate>> {
    let parts = text.split(';').map(str::trim).filter(|part| !part.is_empty());
    let read = |part: &str| {
        let mut words = part.split_whitespace();
        let (base, from, percent) = (words.next()?, words.next()?, words.next()?);
        let from: NaiveDate = from.parse().ok()?;
        let percent = parse_decimal(percent)?;
        let whole = words.next().is_none() && half_year(from) == from;
        let known = table().iter().any(|rule| rule.base == base);
        (whole && known).then(|| Rate { base: base.to_owned(), from, percent })
    };
    parts.map(read).collect()
}

/// The first day of a day's half-year.
fn half_year(day: NaiveDate) -> NaiveDate {
    let month = if day.month() < 7 { 1 } else { 7 };
    NaiveDate::from_ymd_opt(day.year(), month, 1).unwrap_or(day)
}

/// The first day of the next.
fn next_half_year(day: NaiveDate) -> NaiveDate {
    let (year, month) = if day.month() < 7 { (day.year(), 7) } else { (day.year() + 1, 1) };
    NaiveDate::from_ymd_opt(year, month, 1).unwrap_or(NaiveDate::MAX)
}

/// The row that holds.
pub fn rule_of(late: &Late<'_>) -> Option<&'static Rule> {
    table().iter().find(|rule| {
        rule.country == late.country
            && rule.kind == late.kind
            && rule.from <= late.due_on
            && rule.to.is_none_or(|to| late.due_on <= to)
            && rule
                .from_total
                .is_none_or(|from| late.total.currency.to_decimal(late.total.minor) >= from)
    })
}

/// What is claimed of an invoice on a day, by these base rates (the later in the list goes before).
pub fn claim(late: &Late<'_>, today: NaiveDate, rates: &[&Rate]) -> Claim {
    let mut claim = Claim::default();
    let Some(rule) = rule_of(late) else {
        let text = format!("no rule for late payment in {} ({})", late.country, late.kind);
        claim.doubts.push(text);
        return claim;
    };
    if rule.source.is_empty() {
        let text =
            format!("{} ({}): no source is on record; {}", late.country, late.kind, rule.note);
        claim.doubts.push(text);
        return claim;
    }
    let Some(first) = late.due_on.checked_add_days(Days::new(rule.days + 1)) else { return claim };
    if first > today || late.open.minor <= 0 {
        return claim;
    }
    claim.flat = rule.flat.filter(|flat| !late.claimed && flat.currency == late.open.currency);
    if let Some(points) = rule.points {
        let from =
            late.claimed_until.and_then(|day| day.succ_opt()).map_or(first, |day| day.max(first));
        interest(&mut claim, late.open, (from, today), (points, &rule.base, rates));
    }
    if !claim.is_empty() {
        claim.source.clone_from(&rule.source);
    }
    claim
}

/// Interest for the days from one to the day before another.
fn interest(
    claim: &mut Claim,
    open: Money,
    (from, today): (NaiveDate, NaiveDate),
    (points, base, rates): (Decimal, &str, &[&Rate]),
) {
    let mut sum = Decimal::ZERO;
    let (mut at, mut until) = (from, None);
    while at < today {
        let end = next_half_year(at).min(today);
        let half = half_year(at);
        let rate = rates.iter().rev().find(|rate| rate.base == base && rate.from == half);
        let Some(rate) = rate else {
            let text = format!(
                "no interest from {at}: the base rate {base} of {half} is not known \
                 (daybook settings set reminder.base_rates)"
            );
            claim.doubts.push(text);
            break;
        };
        // Below zero the base lowers the rate, never the debt.
        let percent = (points + rate.percent).max(Decimal::ZERO);
        let days = Decimal::from((end - at).num_days());
        sum += Decimal::from(open.minor) * percent * days / Decimal::from(36_500);
        until = end.pred_opt();
        at = end;
    }
    let rounded = sum.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero);
    if let (Some(minor), Some(to)) = (rounded.to_i64().filter(|minor| *minor > 0), until) {
        claim.interest = Some(Interest { money: open.currency.amount(minor), from, to });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn late<'a>(country: &'a str, kind: CustomerKind, due: &str, total: Money) -> Late<'a> {
        let (due_on, open) = (day(due), total);
        Late { country, kind, due_on, total, open, claimed: false, claimed_until: None }
    }

    fn all() -> Vec<&'static Rate> {
        rates().iter().collect()
    }

    #[test]
    fn every_row_reads_and_a_claim_has_a_source() {
        assert_eq!(table().len() + 1, TABLE.lines().count());
        assert_eq!(rates().len() + 1, RATES.lines().count());
        for rule in table() {
            assert!(!rule.source.is_empty() || !rule.note.is_empty(), "{rule:?}");
            let claims = rule.flat.is_some() || rule.points.is_some();
            assert_eq!(claims, !rule.source.is_empty(), "{rule:?}");
            assert_eq!(rule.points.is_some(), !rule.base.is_empty(), "{rule:?}");
        }
        for rate in rates() {
            assert_eq!(half_year(rate.from), rate.from);
        }
    }

    #[test]
    fn flat_sums_by_country_kind_and_total() {
        let money = |text: &str| {
            let (amount, currency) = text.split_once(' ').unwrap();
            Currency::parse(currency).unwrap().read(amount).unwrap()
        };
        for (country, kind, due, total, flat) in [
            ("DE", CustomerKind::Business, "2025-03-01", "119.00 EUR", Some("40.00 EUR")),
            ("DE", CustomerKind::Business, "2014-07-28", "119.00 EUR", None),
            ("DE", CustomerKind::Business, "2025-03-01", "119.00 USD", None),
            ("DE", CustomerKind::Consumer, "2025-03-01", "119.00 EUR", None),
            ("GB", CustomerKind::Business, "2025-03-01", "999.99 GBP", Some("40.00 GBP")),
            ("GB", CustomerKind::Business, "2025-03-01", "1000.00 GBP", Some("70.00 GBP")),
            ("GB", CustomerKind::Business, "2025-03-01", "10000.00 GBP", Some("100.00 GBP")),
            ("IE", CustomerKind::Business, "2025-03-01", "1000.00 EUR", Some("40.00 EUR")),
            ("IE", CustomerKind::Business, "2025-03-01", "1000.01 EUR", Some("70.00 EUR")),
            ("PL", CustomerKind::Business, "2025-03-01", "100.00 PLN", None),
            ("BR", CustomerKind::Business, "2025-03-01", "100.00 BRL", None),
        ] {
            let claim = claim(&late(country, kind, due, money(total)), day("2025-06-01"), &all());
            assert_eq!(claim.flat, flat.map(money), "{country} {kind} {total}");
        }
        let once = Late {
            claimed: true,
            ..late("DE", CustomerKind::Business, "2025-03-01", money("119.00 EUR"))
        };
        assert_eq!(claim(&once, day("2025-06-01"), &all()).flat, None);
        let none = late("LU", CustomerKind::Business, "2025-03-01", money("119.00 EUR"));
        let said = claim(&none, day("2025-06-01"), &all());
        assert!(said.is_empty() && said.doubts[0].contains("no source"), "{said:?}");
    }

    #[test]
    fn interest_follows_the_base_rate_and_is_claimed_once_for_a_day() {
        let eur = Currency::parse("EUR").unwrap();
        let of = |due: &str| late("DE", CustomerKind::Business, due, eur.amount(100_000));
        let interest = |late: &Late<'_>, on: &str| {
            let found = claim(late, day(on), &all()).interest?;
            Some((found.money.minor, found.from.to_string(), found.to.to_string()))
        };
        let span = |minor, from: &str, to: &str| Some((minor, from.to_owned(), to.to_owned()));
        // 30 days of April at 11.27 %; 1000.00 × 11.27 % × 30 ÷ 365.
        assert_eq!(
            interest(&of("2025-03-31"), "2025-05-01"),
            span(926, "2025-04-01", "2025-04-30")
        );
        // 10 days at 11.27 %, 10 at 10.27 %.
        assert_eq!(
            interest(&of("2025-06-20"), "2025-07-11"),
            span(590, "2025-06-21", "2025-07-10")
        );
        assert_eq!(interest(&of("2025-04-30"), "2025-05-01"), None, "a day late: none yet");
        let again = Late { claimed_until: Some(day("2025-04-30")), ..of("2025-03-31") };
        assert_eq!(interest(&again, "2025-05-11"), span(309, "2025-05-01", "2025-05-10"));
        // A consumer: 30 days later, five points.
        let consumer = Late { kind: CustomerKind::Consumer, ..of("2025-03-01") };
        assert_eq!(interest(&consumer, "2025-03-31"), None);
        assert_eq!(interest(&consumer, "2025-05-01"), span(598, "2025-04-01", "2025-04-30"));
        // Beyond the last rate that is known: what is known, and a word.
        let said = claim(&of("2025-12-01"), day("2026-02-01"), &all());
        assert_eq!(said.interest.map(|i| i.to), Some(day("2025-12-31")));
        assert!(said.doubts[0].contains("base rate DE of 2026-01-01"), "{:?}", said.doubts);
        let own = own_rates("DE 2026-01-01 1.27").unwrap();
        let with: Vec<&Rate> = rates().iter().chain(&own).collect();
        let said = claim(&of("2025-12-01"), day("2026-02-01"), &with);
        assert_eq!(said.interest.map(|i| i.to), Some(day("2026-01-31")));
        for wrong in ["DE 2026-02-01 1.27", "XX 2026-01-01 1", "DE 2026-01-01", "DE 2026-01-01 1 2"]
        {
            assert_eq!(own_rates(wrong), None, "{wrong}");
        }
    }
}
