//! DATEV's format EXTF, format category 21 (Buchungsstapel), version 12:
//! <https://developer.datev.de/de/file-format/details/datev-format/format-description/booking-batch>.
//!
//! A line has one account and one contra account; an event of more entries is several lines. What is in another
//! currency has its rate and the amount in the own one. DATEV takes no rate below one: such a line is in the own
//! currency, and names the other in its additional information.

use super::super::fx::{HomeRate, Quoted};
use super::super::money::{Currency, MoneyError};
use super::super::text::clean;
use super::Event;
use super::chart::Chart;
use chrono::{Datelike, NaiveDate, NaiveDateTime};
use rust_decimal::{Decimal, RoundingStrategy};
use std::fmt::Write;

/// Whether what is handed over can still change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Open,
    /// Its months are closed: DATEV keeps it as it is (Festschreibung).
    Closed,
}

/// What stands above the lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    pub made_at: NaiveDateTime,
    /// Beraternummer and Mandantennummer.
    pub consultant: i64,
    pub client: i64,
    /// First day of the fiscal year.
    pub year_from: NaiveDate,
    pub from: NaiveDate,
    pub to: NaiveDate,
    pub digits: usize,
    pub own: Currency,
    pub standing: Standing,
}

/// Columns of a line.
const COLUMNS: usize = 124;
/// Place of the column Festschreibung, from 0.
const FIXED: usize = 113;

/// The line that names the columns.
fn names() -> String {
    let mut all: Vec<String> = [
        "Umsatz (ohne Soll/Haben-Kz)",
        "Soll/Haben-Kennzeichen",
        "WKZ Umsatz",
        "Kurs",
        "Basis-Umsatz",
        "WKZ Basis-Umsatz",
        "Konto",
        "Gegenkonto (ohne BU-Schlüssel)",
        "BU-Schlüssel",
        "Belegdatum",
        "Belegfeld 1",
        "Belegfeld 2",
        "Skonto",
        "Buchungstext",
        "Postensperre",
        "Diverse Adressnummer",
        "Geschäftspartnerbank",
        "Sachverhalt",
        "Zinssperre",
        "Beleglink",
    ]
    .map(str::to_owned)
    .into();
    for n in 1..=8 {
        all.extend([format!("Beleginfo - Art {n}"), format!("Beleginfo - Inhalt {n}")]);
    }
    let more = [
        "KOST1 - Kostenstelle",
        "KOST2 - Kostenstelle",
        "Kost-Menge",
        "EU-Land u. UStID (Bestimmung)",
        "EU-Steuersatz (Bestimmung)",
        "Abw. Versteuerungsart",
        "Sachverhalt L+L",
        "Funktionsergänzung L+L",
        "BU 49 Hauptfunktionstyp",
        "BU 49 Hauptfunktionsnummer",
        "BU 49 Funktionsergänzung",
    ];
    all.extend(more.map(str::to_owned));
    for n in 1..=20 {
        all.extend([
            format!("Zusatzinformation - Art {n}"),
            format!("Zusatzinformation- Inhalt {n}"),
        ]);
    }
    let last = [
        "Stück",
        "Gewicht",
        "Zahlweise",
        "Forderungsart",
        "Veranlagungsjahr",
        "Zugeordnete Fälligkeit",
        "Skontotyp",
        "Auftragsnummer",
        "Buchungstyp",
        "USt-Schlüssel (Anzahlungen)",
        "EU-Land (Anzahlungen)",
        "Sachverhalt L+L (Anzahlungen)",
        "EU-Steuersatz (Anzahlungen)",
        "Erlöskonto (Anzahlungen)",
        "Herkunft-Kz",
        "Buchungs GUID",
        "KOST-Datum",
        "SEPA-Mandatsreferenz",
        "Skontosperre",
        "Gesellschaftername",
        "Beteiligtennummer",
        "Identifikationsnummer",
        "Zeichnernummer",
        "Postensperre bis",
        "Bezeichnung SoBil-Sachverhalt",
        "Kennzeichen SoBil-Buchung",
        "Festschreibung",
        "Leistungsdatum",
        "Datum Zuord. Steuerperiode",
        "Fälligkeit",
        "Generalumkehr (GU)",
        "Steuersatz",
        "Land",
        "Abrechnungsreferenz",
        "BVV-Position",
        "EU-Land u. UStID (Ursprung)",
        "EU-Steuersatz (Ursprung)",
    ];
    all.extend(last.map(str::to_owned));
    all.join(";")
}

/// The two lines above, each with its end.
pub fn head(of: &Head) -> String {
    let day = |day: NaiveDate| day.format("%Y%m%d").to_string();
    format!(
        "\"EXTF\";700;21;\"Buchungsstapel\";12;{};;\"DB\";\"\";\"\";{};{};{};{};{};{};\"daybook {}\";\"\";1;0;{};\"{}\";;\"\";;;\"03\";;;\"\";\"\"\r\n{}\r\n",
        of.made_at.format("%Y%m%d%H%M%S%3f"),
        of.consultant,
        of.client,
        day(of.year_from),
        of.digits,
        day(of.from),
        day(of.to),
        of.from.format("%Y-%m"),
        fixed(of.standing),
        of.own.code(),
        names()
    )
}

fn fixed(standing: Standing) -> char {
    match standing {
        Standing::Open => '0',
        Standing::Closed => '1',
    }
}

/// Text of so many characters, in quotes.
fn quoted(text: &str, most: usize) -> String {
    let text: String = clean(text).replace(['"', ';'], "'").chars().take(most).collect();
    format!("\"{text}\"")
}

/// An amount with a comma and at least two digits behind it.
fn amount(currency: Currency, minor: i64) -> String {
    let mut value = currency.to_decimal(minor.abs());
    value.rescale(value.scale().max(2));
    value.to_string().replace('.', ",")
}

/// How many of the other currency are one of the own, where DATEV takes that.
fn rate(rate: &HomeRate) -> Option<String> {
    let of_other = match rate.quoted {
        Quoted::Other => rate.rate,
        Quoted::Own => Decimal::ONE.checked_div(rate.rate)?,
    };
    let mut shown = of_other.round_dp_with_strategy(6, RoundingStrategy::MidpointAwayFromZero);
    shown.rescale(6);
    let fits = shown >= Decimal::ONE && shown < Decimal::from(10_000);
    fits.then(|| shown.to_string().replace('.', ","))
}

/// The lines of an event, each with its end; the error is an account of the ledger that the chart does not have,
/// or an amount past any.
pub fn lines(event: &Event, chart: &Chart, standing: Standing) -> Result<String, String> {
    let mut out = String::new();
    for (debit, credit, minor) in event.pairs() {
        let (from, to) = (&event.entries[debit], &event.entries[credit]);
        let number = |ledger: &str| {
            let found = chart.find(ledger).ok_or_else(|| ledger.to_owned())?;
            Ok::<String, String>(found.number.to_owned())
        };
        let mut cells = vec![String::new(); COLUMNS];
        let too_large = |_: MoneyError| format!("{} is too large", from.document);
        let other = event.rate.as_ref();
        let base = other.map(|rate| rate.convert(from.currency, minor).map(|base| (rate, base)));
        let base = base.transpose().map_err(too_large)?;
        match base.map(|(home, base)| (home, base, rate(home))) {
            None => {
                cells[0] = amount(from.currency, minor);
                cells[2] = quoted(from.currency.code(), 3);
            }
            Some((home, base, Some(rate))) => {
                cells[0] = amount(from.currency, minor);
                cells[2] = quoted(from.currency.code(), 3);
                cells[3] = rate;
                cells[4] = amount(home.currency, base);
                cells[5] = quoted(home.currency.code(), 3);
            }
            Some((home, base, None)) => {
                cells[0] = amount(home.currency, base);
                cells[2] = quoted(home.currency.code(), 3);
                cells[22] = quoted("Fremdwährung", 20);
                let other = format!("{} {}", from.currency.code(), from.currency.plain(minor));
                cells[23] = quoted(&other, 210);
            }
        }
        // What rounds to nothing is no line: DATEV takes amounts above zero alone.
        if cells[0].bytes().all(|b| matches!(b, b'0' | b',')) {
            continue;
        }
        "\"S\"".clone_into(&mut cells[1]);
        cells[6] = number(&from.ledger)?;
        cells[7] = number(&to.ledger)?;
        cells[9] = format!("{:02}{:02}", from.on.day(), from.on.month());
        let names = event.names();
        cells[10] = quoted(names.first().copied().unwrap_or_default(), 36);
        let text = format!("{} {}", from.account, from.name);
        cells[13] = quoted(text.trim(), 60);
        cells[20] = quoted("Kunde", 20);
        cells[21] = quoted(&from.account, 210);
        cells[FIXED] = fixed(standing).to_string();
        let _ = write!(out, "{}\r\n", cells.join(";"));
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_columns_are_those_of_version_12() {
        let names = names();
        let all: Vec<&str> = names.split(';').collect();
        assert_eq!((all.len(), all[FIXED]), (COLUMNS, "Festschreibung"));
    }

    #[test]
    fn a_rate_is_told_as_datev_takes_it_or_not_at_all() {
        let home = |text: &str, quoted| HomeRate {
            currency: Currency::parse("EUR").unwrap(),
            rate: text.parse().unwrap(),
            quoted,
            on: "2026-11-30".parse().unwrap(),
            source: String::new(),
        };
        assert_eq!(rate(&home("1.25", Quoted::Other)).unwrap(), "1,250000");
        assert_eq!(rate(&home("0.8", Quoted::Own)).unwrap(), "1,250000");
        assert_eq!(rate(&home("1.15", Quoted::Own)), None);
        assert_eq!(rate(&home("164.5", Quoted::Other)).unwrap(), "164,500000");
    }
}
