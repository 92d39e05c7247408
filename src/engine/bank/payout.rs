//! `gateway import`: what gateways paid out. A payout is booked out of the gateway's cash into `transit`, less
//! what it keeps, until a line of a bank has it.

use super::book::{self, By, Piece};
use super::day;
use super::hand::detail;
use crate::config::key;
use crate::domain::actor::Verb;
use crate::domain::bank::LineState;
use crate::domain::bank::rules::{self, Asked, Found};
use crate::domain::bank::statement::Refusal;
use crate::domain::money::{Currency, MoneyError, total};
use crate::domain::text::said;
use crate::engine::{Error, Session};
use crate::import::bank::payout::{Row, read};
use crate::outside;
use crate::store::bank::facts::InBook;
use crate::store::bank::line::{self, Standing};
use crate::store::bank::payout::{self, NewPayout, NewPayoutRow};
use crate::store::bank::{self as banks};
use crate::store::{Tx, ledger, settings};
use chrono::NaiveDate;
use sha2::{Digest, Sha256};
use std::path::Path;

/// What became of a payout.
#[derive(Debug, Clone)]
pub struct PayoutDone {
    /// The gateway's name for it.
    pub id: String,
    pub gateway: String,
    /// None where it cannot be read.
    pub currency: Option<Currency>,
    /// Minor units.
    pub gross: i64,
    pub fee: i64,
    pub net: i64,
    /// References that nothing here is called by.
    pub unknown: Vec<String>,
    /// References of payments of another amount.
    pub wrong_amount: Vec<String>,
    /// Whether it was in the book already.
    pub known: bool,
    pub refused: Option<Refusal>,
}

/// Reads a file of payouts; one that is refused keeps no other out.
pub fn import(
    session: &mut Session,
    file: &Path,
    gateway: Option<&str>,
) -> Result<Vec<PayoutDone>, Error> {
    let input =
        outside::open(file).map_err(|source| Error::Io { path: file.to_owned(), source })?;
    let rows = read(input).map_err(|bad| Error::Input {
        file: file.to_owned(),
        line: (bad.line > 0).then_some(bad.line),
        column: (!bad.field.is_empty()).then_some(bad.field),
        message: bad.message,
        hint: bad.hint,
    })?;
    let mut ids: Vec<&str> = Vec::new();
    for row in &rows {
        if !ids.contains(&row.payout.as_str()) {
            ids.push(&row.payout);
        }
    }
    let mut done = Vec::new();
    for id in ids {
        let of: Vec<&Row> = rows.iter().filter(|row| row.payout == id).collect();
        done.push(session.write(Verb::OutsidePayment, |tx| one(tx, id, &of, gateway))?);
    }
    Ok(done)
}

/// The sums of a payout: what its rows come to, with each row's gross and fee.
struct Sums {
    currency: Currency,
    on: NaiveDate,
    rows: Vec<(i64, i64)>,
    gross: i64,
    fee: i64,
}

/// That its rows are of one day and currency and come to its net, which stands in each row, or row by row; a
/// row of the payout itself is its net turned round.
fn sums(rows: &[&Row]) -> Result<Sums, Refusal> {
    let bad =
        |row: &Row, why: String| Refusal::new("bad_input", format!("line {}: {why}", row.line));
    let Some(first) = rows.first() else {
        return Err(Refusal::new("bad_input", "it has no row"));
    };
    let currency = Currency::parse(&first.currency.to_uppercase())
        .ok_or_else(|| bad(first, format!("{:?} is no currency", first.currency)))?;
    let (mut all, mut nets) = (Vec::new(), Vec::new());
    let mut paid: Option<i64> = None;
    for row in rows {
        if row.on != first.on || row.currency != first.currency {
            return Err(bad(row, "a payout is of one day and one currency".to_owned()));
        }
        let minor = |text: &str| -> Result<i64, Refusal> {
            if text.is_empty() {
                return Ok(0);
            }
            currency.parse_minor(text).map_err(|why| bad(row, format!("{text:?}: {why}")))
        };
        let (gross, fee) = (minor(&row.gross)?, minor(&row.fee)?);
        if row.kind.eq_ignore_ascii_case("payout") {
            paid = Some(total([fee, gross.checked_neg().ok_or(MoneyError::TooLarge)?])?);
            all.push((0, 0));
            continue;
        }
        nets.push((total([gross, -fee])?, minor(&row.net)?, !row.net.is_empty()));
        all.push((gross, fee));
    }
    let gross = total(all.iter().map(|(gross, _)| *gross))?;
    let fee = total(all.iter().map(|(_, fee)| *fee))?;
    let net = total([gross, -fee])?;
    let each = nets.iter().all(|(made, said, given)| !given || made == said);
    let whole = nets.iter().all(|(_, said, given)| !given || *said == net);
    if !(each || whole) || paid.is_some_and(|paid| paid != net) {
        let plain = |minor| currency.plain(minor);
        let words = format!(
            "gross {} less fees {} is {} {currency}, not its net",
            plain(gross),
            plain(fee),
            plain(net)
        );
        return Err(Refusal::new("payout_does_not_add_up", words));
    }
    Ok(Sums { currency, on: first.on, rows: all, gross, fee })
}

fn one(tx: &Tx<'_>, id: &str, rows: &[&Row], named: Option<&str>) -> Result<PayoutDone, Error> {
    let mut done = PayoutDone {
        id: said(id, 100),
        gateway: String::new(),
        currency: None,
        gross: 0,
        fee: 0,
        net: 0,
        unknown: Vec::new(),
        wrong_amount: Vec::new(),
        known: false,
        refused: None,
    };
    let sums = match sums(rows) {
        Ok(sums) => sums,
        Err(why) => {
            tx.quiet();
            return Ok(PayoutDone { refused: Some(why), ..done });
        }
    };
    (done.currency, done.gross, done.fee) = (Some(sums.currency), sums.gross, sums.fee);
    done.net = total([sums.gross, -sums.fee])?;
    if sums.on > tx.now().today {
        let why = Refusal::new("bad_date", format!("{} is still to come", sums.on));
        tx.quiet();
        return Ok(PayoutDone { refused: Some(why), ..done });
    }
    let (kept, gateway) = known_rows(tx, rows, &sums, &mut done)?;
    done.gateway = match (named, gateway) {
        (Some(named), _) => named.to_owned(),
        (None, Some(found)) => found,
        (None, None) => settings::load(tx)?.get(key::PAYMENT_GATEWAY).to_owned(),
    };
    let hash = hash(&sums, rows);
    let there = payout::named(tx, &done.id)?;
    if let Some(other) = there.iter().find(|other| other.gateway == done.gateway) {
        tx.quiet();
        if other.hash == hash {
            return Ok(PayoutDone { known: true, ..done });
        }
        let words =
            format!("{} was read as {} before", done.id, sums.currency.plain(other.net_minor));
        return Ok(PayoutDone { refused: Some(Refusal::new("contradicts", words)), ..done });
    }
    let on = day::booked(tx, sums.on)?;
    let new = NewPayout {
        gateway: done.gateway.clone(),
        name: done.id.clone(),
        value_on: sums.on,
        booked_on: on,
        currency: sums.currency,
        gross_minor: sums.gross,
        fee_minor: sums.fee,
        hash,
        rows: kept,
    };
    payout::insert(tx, &new)?;
    let cash = ledger::cash(&done.gateway);
    let money = |minor| sums.currency.amount(minor);
    ledger::between(tx, on, ledger::TRANSIT, &cash, money(done.net))?;
    ledger::between(tx, on, ledger::GATEWAY_FEE, &cash, money(sums.fee))?;
    waiting(tx, &new)?;
    let net = money(done.net);
    tx.note(&done.gateway, format!("payout {} of {}: {net}", done.id, done.gateway));
    Ok(done)
}

fn hash(sums: &Sums, rows: &[&Row]) -> Vec<u8> {
    let mut hash = Sha256::new();
    hash.update(format!("{} {}", sums.on, sums.currency));
    for (row, (gross, fee)) in rows.iter().zip(&sums.rows) {
        hash.update(format!("\0{}\0{}\0{gross}\0{fee}", row.kind, row.reference));
    }
    hash.finalize().to_vec()
}

/// Its rows with what is booked here of each, and the gateway of the first payment that is known.
fn known_rows(
    tx: &Tx<'_>,
    rows: &[&Row],
    sums: &Sums,
    done: &mut PayoutDone,
) -> Result<(Vec<NewPayoutRow>, Option<String>), Error> {
    let (mut kept, mut gateway) = (Vec::new(), None);
    for (row, (gross, fee)) in rows.iter().zip(&sums.rows) {
        let itself = row.kind.eq_ignore_ascii_case("payout");
        let found = match row.reference.as_str() {
            "" => None,
            reference => payout::payment_of(tx, reference, sums.currency)?,
        };
        let mut expected = None;
        match &found {
            Some((payment, of)) => {
                gateway.get_or_insert_with(|| of.clone());
                let minor = payout::expected(tx, *payment, *gross)?;
                if *gross != 0 && minor != *gross {
                    done.wrong_amount.push(row.reference.clone());
                }
                expected = Some(minor);
            }
            None if !itself && !row.reference.is_empty() => {
                done.unknown.push(row.reference.clone());
            }
            None => {}
        }
        kept.push(NewPayoutRow {
            kind: said(&row.kind, 40),
            reference: said(&row.reference, 100),
            payment: found.map(|(payment, _)| payment),
            gross_minor: *gross,
            fee_minor: *fee,
            expected_minor: expected,
        });
    }
    Ok((kept, gateway))
}

/// A line of nobody that came before the file of payouts is this payout.
fn waiting(tx: &Tx<'_>, new: &NewPayout) -> Result<(), Error> {
    let net = new.gross_minor - new.fee_minor;
    for row in line::nobodys(tx, new.currency, net)? {
        let bank = banks::get(tx, row.bank_account)?;
        let detail = detail(&row, row.amount_minor);
        let book = InBook { db: tx, bank: &bank, prefixes: &[] };
        let asked = Asked { detail: &detail, currency: new.currency, on: row.value_on };
        let verdict = rules::judge(&book, &asked)?;
        if !matches!(verdict.found, Found::Payout(_)) {
            continue;
        }
        let piece = Piece {
            line: row.id,
            bank: &bank,
            detail: &detail,
            on: row.booked_on.max(new.booked_on),
            value_on: row.value_on,
            from: ledger::UNIDENTIFIED,
            by: By::Rule,
            tolerance: 0,
        };
        let outcome = book::become_what(tx, &piece, verdict)?;
        let now = Standing {
            state: LineState::Matched,
            rule: outcome.rule,
            account: None,
            unidentified_minor: 0,
            why: String::new(),
        };
        line::stand(tx, row.id, &now)?;
    }
    Ok(())
}
