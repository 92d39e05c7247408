//! What was posted with a date in a span of days: the register, and its tax.

use super::base::{Take, only, tie};
use crate::domain::fx::HomeRate;
use crate::domain::money::Currency;
use crate::domain::report::{Asked, Cell, Detail, Summary};
use crate::store::{Db, StoreError, decimal, fx, money, word};
use chrono::NaiveDate;
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// Documents of this book that the register has: write-offs are no documents of a customer.
const REGISTERED: &str =
    "+d.status = 'Posted' AND d.source <> 'open_item' AND d.kind <> 'write_off'
    AND d.invoice_on BETWEEN ?1 AND ?2";

/// Invoices and memos in the order of their numbers.
pub fn register(db: &Db<'_>, asked: &Asked, take: Take<'_>) -> Result<Summary, StoreError> {
    match asked.detail {
        Detail::Sums => by_series(db, asked, take)?,
        Detail::Rows | Detail::Items => rows(db, asked, take)?,
    }
    let mut summary = Summary::default();
    let sql = format!(
        "SELECT d.currency, sum(d.subtotal_minor), sum(d.tax_minor), sum(d.total_minor), count(*)
         FROM document d JOIN account a ON a.id = d.account_id
         JOIN account_version v ON v.id = d.account_version_id
         WHERE {REGISTERED}{} GROUP BY 1",
        only(asked, "d.currency")
    );
    let mut totals = BTreeMap::new();
    db.each(&sql, (asked.from, asked.to), |r| {
        let currency = word(r, 0, Currency::parse)?;
        let names = ["net", "tax", "total"];
        let sums: Vec<(String, i64)> = names
            .iter()
            .enumerate()
            .map(|(at, name)| Ok(((*name).to_owned(), r.get(at + 1)?)))
            .collect::<Result<_, StoreError>>()?;
        totals.insert(currency, sums.last().map_or(0, |(_, sum)| *sum));
        summary.totals.insert(currency, sums);
        Ok(())
    })?;
    if asked.is_whole() {
        summary.ties = tie("T7 totals = ledger", &totals, &booked(db, asked)?);
    }
    Ok(summary)
}

/// What these documents booked as revenue and tax, as what they ask for.
fn booked(db: &Db<'_>, asked: &Asked) -> Result<BTreeMap<Currency, i64>, StoreError> {
    let sql = format!(
        "SELECT e.currency, -sum(e.debit_minor - e.credit_minor) FROM document d
         JOIN ledger_entry e ON e.document_id = d.id
         WHERE {REGISTERED} AND (e.account LIKE 'revenue%' OR e.account LIKE 'tax%'
           OR e.account LIKE 'deferred%') GROUP BY 1"
    );
    let mut sums = BTreeMap::new();
    db.each(&sql, (asked.from, asked.to), |r| {
        sums.insert(word(r, 0, Currency::parse)?, r.get::<i64>(1)?);
        Ok(())
    })?;
    Ok(sums)
}

fn by_series(db: &Db<'_>, asked: &Asked, take: Take<'_>) -> Result<(), StoreError> {
    let sql = format!(
        "WITH all_of AS (SELECT series, count(*) AS n FROM document
           WHERE series IS NOT NULL AND +status = 'Posted' GROUP BY 1)
         SELECT d.currency, d.series, count(*),
                substr(min(printf('%05d', length(d.number)) || d.number), 6),
                substr(max(printf('%05d', length(d.number)) || d.number), 6),
                sum(d.subtotal_minor), sum(d.tax_minor), sum(d.total_minor),
                coalesce((SELECT s.last FROM series s WHERE s.name = d.series), 0)
                  - coalesce((SELECT n FROM all_of WHERE all_of.series = d.series), 0)
         FROM document d JOIN account a ON a.id = d.account_id
         JOIN account_version v ON v.id = d.account_version_id
         WHERE {REGISTERED}{} GROUP BY d.series, d.currency ORDER BY min(d.invoice_on), d.series",
        only(asked, "d.currency")
    );
    db.each(&sql, (asked.from, asked.to), |r| {
        let currency = word(r, 0, Currency::parse)?;
        take(vec![
            series(&r.get::<Option<String>>(1)?.unwrap_or_default()).into(),
            currency.code().into(),
            r.get::<i64>(2)?.into(),
            r.get::<String>(3)?.into(),
            r.get::<String>(4)?.into(),
            money(r, 0, 5)?.into(),
            money(r, 0, 6)?.into(),
            money(r, 0, 7)?.into(),
            r.get::<i64>(8)?.into(),
        ])
    })
}

/// What a series is called: of its pattern what stands before the number (`INV-2026`), where anything does.
fn series(pattern: &str) -> String {
    let before = pattern.split("{seq").next().unwrap_or_default();
    let name = before.trim_end_matches(|c: char| !c.is_alphanumeric());
    if name.is_empty() { pattern.to_owned() } else { name.to_owned() }
}

fn rows(db: &Db<'_>, asked: &Asked, take: Take<'_>) -> Result<(), StoreError> {
    let sql = format!(
        "SELECT d.currency, d.number, d.kind, d.series, d.invoice_on, d.due_on,
                strftime('%Y-%m-%dT%H:%M:%SZ', d.posted_at / 1000, 'unixepoch'),
                coalesce((SELECT f.user_name FROM deed f WHERE f.document_id = d.id
                  AND f.kind IN ('posting','credit memo','debit memo') ORDER BY f.id LIMIT 1),
                  (SELECT o.user_name FROM operation o WHERE o.seq =
                    (SELECT min(e.txn) FROM ledger_entry e WHERE e.document_id = d.id)), ''),
                a.number, v.name, v.country, v.tax_id, d.subtotal_minor, d.tax_minor, d.total_minor,
                coalesce((SELECT number FROM document c WHERE c.id = d.corrects_id), ''),
                coalesce(printf('BR-%06d', d.run_id), '')
         FROM document d JOIN account a ON a.id = d.account_id
         JOIN account_version v ON v.id = d.account_version_id
         WHERE {REGISTERED}{} ORDER BY d.series, length(d.number), d.number",
        only(asked, "d.currency")
    );
    db.each(&sql, (asked.from, asked.to), |r| {
        let text = |at: usize| -> Result<Cell, StoreError> {
            Ok(r.get::<Option<String>>(at)?.map_or(Cell::Nothing, Cell::from))
        };
        take(vec![
            text(1)?,
            text(2)?,
            series(&r.get::<Option<String>>(3)?.unwrap_or_default()).into(),
            r.get::<NaiveDate>(4)?.into(),
            r.get::<NaiveDate>(5)?.into(),
            text(6)?,
            text(7)?,
            text(8)?,
            text(9)?,
            text(10)?,
            text(11)?,
            text(0)?,
            money(r, 0, 12)?.into(),
            money(r, 0, 13)?.into(),
            money(r, 0, 14)?.into(),
            text(15)?,
            text(16)?,
        ])
    })
}

/// Of one code, rate, kind and country: base, tax and documents.
#[derive(Default)]
struct Taxed {
    base: i64,
    tax: i64,
    documents: i64,
    /// Both in the issuer's own currency; none where no rate of a document is known.
    home: Option<(i64, i64)>,
}

type TaxKey = (Currency, String, Decimal, String, String);

/// Tax of what is dated in the span, and what bears none. Write-offs that give tax back are in it.
pub fn tax(db: &Db<'_>, asked: &Asked, take: Take<'_>) -> Result<Summary, StoreError> {
    let mut sums: BTreeMap<TaxKey, Taxed> = BTreeMap::new();
    let own = fx::own(db)?;
    // Its own rate, of what is not in the issuer's own currency.
    let home = format!("CASE WHEN d.currency <> ?3 THEN {} END", fx::FROZEN);
    let from = "FROM document d JOIN account a ON a.id = d.account_id
         JOIN account_version v ON v.id = d.account_version_id";
    let dated = format!(
        "+d.status = 'Posted' AND d.source <> 'open_item' AND d.invoice_on BETWEEN ?1 AND ?2{}",
        only(asked, "d.currency")
    );
    let taxed = format!(
        "SELECT d.currency, d.number, d.kind, d.invoice_on, a.number, v.tax_id, t.tax_code,
                t.rate_percent, t.kind, v.country, t.base_minor, t.tax_minor, {home}
         {from} JOIN document_tax t ON t.document_id = d.id WHERE {dated} ORDER BY d.id, t.tax_code"
    );
    let none = format!(
        "SELECT d.currency, d.number, d.kind, d.invoice_on, a.number, v.tax_id, '', '0', 'none',
                v.country, d.subtotal_minor - coalesce((SELECT sum(t.base_minor) FROM document_tax t
                  WHERE t.document_id = d.id), 0) AS rest, 0, {home}
         {from} WHERE {dated} AND d.kind <> 'write_off' AND rest <> 0 ORDER BY d.id"
    );
    // What was let off within the tolerance gives its share of the tax back, until it is owed again.
    let let_off = |day: &str, sign: &str| {
        format!(
            "SELECT d.currency, d.number, 'payment_difference', f.{day}, a.number, v.tax_id, t.tax_code,
                    t.rate_percent, t.kind, v.country, {sign}t.base_minor, {sign}t.tax_minor, {home}
             FROM payment_difference f JOIN payment_difference_tax t ON t.difference_id = f.id
             JOIN document d ON d.id = f.document_id JOIN account a ON a.id = d.account_id
             JOIN account_version v ON v.id = d.account_version_id
             WHERE f.{day} BETWEEN ?1 AND ?2{} ORDER BY f.id, t.tax_code",
            only(asked, "d.currency")
        )
    };
    let differences = [let_off("booked_on", "-"), let_off("undone_on", "")];
    for sql in [taxed, none].into_iter().chain(differences) {
        let code = own.map_or("", |own| own.code());
        db.each(&sql, (asked.from, asked.to, code), |r| {
            let currency = word(r, 0, Currency::parse)?;
            let (code, kind): (String, String) = (r.get(6)?, r.get(8)?);
            let (rate, country) = (decimal(r, 7)?.normalize(), r.get::<String>(9)?);
            let (base, tax): (i64, i64) = (r.get(10)?, r.get(11)?);
            let home = in_own(own, currency, (base, tax), fx::frozen(r, 12)?)?;
            if asked.detail != Detail::Sums {
                let mut row: Vec<Cell> = vec![
                    r.get::<String>(1)?.into(),
                    r.get::<String>(2)?.into(),
                    r.get::<NaiveDate>(3)?.into(),
                    r.get::<String>(4)?.into(),
                    r.get::<String>(5)?.into(),
                    currency.code().into(),
                    code.as_str().into(),
                    rate.to_string().into(),
                    kind.as_str().into(),
                    country.as_str().into(),
                    currency.amount(base).into(),
                    currency.amount(tax).into(),
                ];
                row.extend(home_cells(own, home));
                take(row)?;
            }
            let all = sums.entry((currency, code, rate, kind, country)).or_default();
            all.home = match (all.documents, all.home, home) {
                (0, _, home) => home,
                (_, Some(sum), Some(more)) => Some((sum.0 + more.0, sum.1 + more.1)),
                (_, _, _) => None,
            };
            all.base += base;
            all.tax += tax;
            all.documents += 1;
            Ok(())
        })?;
    }
    let mut by_currency: BTreeMap<Currency, [i64; 2]> = BTreeMap::new();
    let mut homes = Some((0, 0));
    for ((currency, code, rate, kind, country), all) in sums {
        let [base, tax] = by_currency.entry(currency).or_default();
        (*base, *tax) = (*base + all.base, *tax + all.tax);
        homes = homes.zip(all.home).map(|(sum, more)| (sum.0 + more.0, sum.1 + more.1));
        if asked.detail == Detail::Sums {
            let mut row: Vec<Cell> = vec![
                asked.from.into(),
                asked.to.into(),
                currency.code().into(),
                code.into(),
                rate.to_string().into(),
                kind.into(),
                country.into(),
                currency.amount(all.base).into(),
                currency.amount(all.tax).into(),
                all.documents.into(),
            ];
            row.extend(home_cells(own, all.home));
            take(row)?;
        }
    }
    let mut summary = Summary::default();
    let mut taxes = BTreeMap::new();
    for (currency, [base, tax]) in by_currency {
        summary.totals.insert(currency, vec![("base".to_owned(), base), ("tax".to_owned(), tax)]);
        taxes.insert(currency, tax);
    }
    if let (Some(own), Some((base, tax))) = (own, homes) {
        let of_home = [("base_home", base), ("tax_home", tax)];
        let of_home = of_home.map(|(name, minor)| (name.to_owned(), minor));
        summary.totals.entry(own).or_default().extend(of_home);
    }
    if asked.is_whole() {
        summary.ties =
            tie("T7 tax = movement of tax in the ledger", &taxes, &tax_moved(db, asked)?);
    }
    Ok(summary)
}

/// Base and tax in the issuer's own currency; none where that or the rate is not known.
fn in_own(
    own: Option<Currency>,
    currency: Currency,
    (base, tax): (i64, i64),
    rate: Option<HomeRate>,
) -> Result<Option<(i64, i64)>, StoreError> {
    if own == Some(currency) {
        return Ok(Some((base, tax)));
    }
    let Some(rate) = rate.filter(|rate| Some(rate.currency) == own) else { return Ok(None) };
    let convert = |minor| {
        let made = rate.convert(currency, minor);
        made.map_err(|why| StoreError::Conflict(format!("in {}: {why}", rate.currency)))
    };
    Ok(Some((convert(base)?, convert(tax)?)))
}

fn home_cells(own: Option<Currency>, home: Option<(i64, i64)>) -> [Cell; 3] {
    let (Some(own), Some((base, tax))) = (own, home) else {
        return [Cell::Nothing, Cell::Nothing, own.map_or(Cell::Nothing, |own| own.code().into())];
    };
    [own.amount(base).into(), own.amount(tax).into(), own.code().into()]
}

fn tax_moved(db: &Db<'_>, asked: &Asked) -> Result<BTreeMap<Currency, i64>, StoreError> {
    let mut sums = BTreeMap::new();
    db.each(
        "SELECT currency, -sum(debit_minor - credit_minor) FROM ledger_entry
         WHERE (account = 'tax' OR account LIKE 'tax:%') AND entry_on BETWEEN ?1 AND ?2 GROUP BY 1",
        (asked.from, asked.to),
        |r| {
            sums.insert(word(r, 0, Currency::parse)?, r.get::<i64>(1)?);
            Ok(())
        },
    )?;
    Ok(sums)
}
