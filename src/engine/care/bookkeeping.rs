//! The ledger handed to other people's bookkeeping: DATEV's EXTF and the French FEC. Both are in the issuer's own
//! currency: an entry for which no rate is known stops the export by name, and nothing is written.

use crate::config::{Config, Setting, key};
use crate::domain::books::chart::{Chart, Defaults, PCG, SKR03};
use crate::domain::books::datev::{self, Head, Standing};
use crate::domain::books::{Event, charset, events, fec};
use crate::domain::money::Currency;
use crate::domain::period::Span;
use crate::engine::{Error, Session};
use crate::store::{Db, booked, fx, settings};
use chrono::{DateTime, Datelike, NaiveDate};
use std::collections::BTreeMap;

/// A file that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// What it is called by those who read it.
    pub name: String,
    pub bytes: Vec<u8>,
    /// Events in it.
    pub events: usize,
    pub closed: bool,
    /// Accounts of the ledger in it that have the number of the chart's defaults.
    pub defaults: BTreeMap<String, String>,
}

/// A month for DATEV.
pub fn datev(session: &Session, span: Span) -> Result<Made, Error> {
    let now = session.now()?;
    session.store.read(|db| {
        let config = settings::load(db)?;
        let chart = chart(&config, key::DATEV_ACCOUNTS, SKR03)?;
        let own = own(db)?;
        let all = rated(db, own, (span.from, span.to))?;
        let standing =
            if booked::is_closed(db, span.to)? { Standing::Closed } else { Standing::Open };
        let made_at = DateTime::from_timestamp_millis(now.at_ms).unwrap_or_default().naive_utc();
        let mut text = datev::head(&Head {
            made_at,
            consultant: config.int(key::DATEV_CONSULTANT),
            client: config.int(key::DATEV_CLIENT),
            year_from: year_of(&config, span.from),
            from: span.from,
            to: span.to,
            digits: chart.digits(),
            own,
            standing,
        });
        for event in &all {
            text.push_str(
                &datev::lines(event, &chart, standing)
                    .map_err(|l| none(&l, key::DATEV_ACCOUNTS))?,
            );
        }
        Ok(Made {
            name: format!("EXTF_Buchungsstapel_{}.csv", span.from.format("%Y-%m")),
            bytes: charset::ansi(&text),
            events: all.len(),
            closed: standing == Standing::Closed,
            defaults: defaults(&all, &chart),
        })
    })
}

/// A span of a fiscal year as FEC: its events have the numbers that they have in the whole year.
pub fn fec(session: &Session, span: Span) -> Result<Made, Error> {
    session.store.read(|db| {
        let config = settings::load(db)?;
        let chart = chart(&config, key::FEC_ACCOUNTS, PCG)?;
        let own = own(db)?;
        let all = rated(db, own, (year_of(&config, span.from), span.to))?;
        let closed = booked::is_closed(db, span.to)?;
        let (mut text, mut count, mut inside) = (fec::head(), 0, Vec::new());
        for event in all {
            count += 1;
            let Some(on) = event.head().map(|entry| entry.on).filter(|on| *on >= span.from) else {
                continue;
            };
            let valid_on = if booked::is_closed(db, on)? { Some(end_of_month(on)) } else { None };
            let lines = fec::lines(&event, (count, own), &chart, valid_on);
            text.push_str(&lines.map_err(|ledger| none(&ledger, key::FEC_ACCOUNTS))?);
            inside.push(event);
        }
        let siren: String = config
            .get(key::ISSUER_REGISTER_ID)
            .chars()
            .filter(char::is_ascii_digit)
            .take(9)
            .collect();
        let siren = if siren.len() == 9 { siren } else { String::new() };
        Ok(Made {
            name: format!("{siren}FEC{}.txt", span.to.format("%Y%m%d")),
            bytes: charset::latin_9(&text),
            events: inside.len(),
            closed,
            defaults: defaults(&inside, &chart),
        })
    })
}

/// The first day of the fiscal year of a day (`books.year_starts`).
pub fn year_of(config: &Config, on: NaiveDate) -> NaiveDate {
    let month = u32::try_from(config.int(key::BOOKS_YEAR_STARTS)).unwrap_or(1);
    let year = if on.month() < month { on.year() - 1 } else { on.year() };
    NaiveDate::from_ymd_opt(year, month, 1).unwrap_or(on)
}

fn end_of_month(on: NaiveDate) -> NaiveDate {
    crate::domain::month::Month::of(on).span().to
}

fn chart(config: &Config, setting: &Setting, defaults: Defaults) -> Result<Chart, Error> {
    Chart::read(config.get(setting), defaults).map_err(|piece| {
        let why = format!("{}: {piece:?} is no account", setting.key);
        Error::usage("bad_account", why, "NAME=NUMBER separated by ;, such as revenue:4010=8400")
    })
}

fn own(db: &Db<'_>) -> Result<Currency, Error> {
    fx::own(db)?.ok_or_else(|| {
        let why = "it is not known which currency the issuer's books are in";
        Error::usage("no_currency", why, "daybook settings set issuer.currency EUR")
    })
}

fn none(ledger: &str, setting: &Setting) -> Error {
    let why = format!("the chart of accounts has no {ledger}");
    let hint = format!("daybook settings set {} '{ledger}=NUMBER'", setting.key);
    Error::usage("no_account", why, hint)
}

/// Events with their rates: what its document was posted with, else that of the day.
fn rated(db: &Db<'_>, own: Currency, days: (NaiveDate, NaiveDate)) -> Result<Vec<Event>, Error> {
    let mut all = events(booked::entries(db, own, days)?);
    for event in &mut all {
        let Some(head) = event.head().filter(|entry| entry.currency != own) else { continue };
        let (currency, on) = (head.currency, head.on);
        let kept = event.frozen().filter(|rate| rate.currency == own).cloned();
        let rate = match kept {
            Some(rate) => Some(rate),
            None => fx::on(db, currency, own, on)?,
        };
        let Some(rate) = rate else {
            let names = event.names().join(" ");
            let why = format!("no rate of {currency} in {own} is known for {on} ({names})");
            return Err(Error::usage("no_rate", why, "daybook import fx.csv"));
        };
        event.rate = Some(rate);
    }
    Ok(all)
}

fn defaults(events: &[Event], chart: &Chart) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for entry in events.iter().flat_map(|event| &event.entries) {
        if let Some(found) = chart.find(&entry.ledger).filter(|found| found.is_default) {
            all.insert(entry.ledger.clone(), format!("{} {}", found.number, found.name));
        }
    }
    all
}
