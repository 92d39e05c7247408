//! Rates of days, the issuer's own currency, and what a posted document was told in it.

use super::face::Row;
use super::{Db, StoreError, Topic, Tx, decimal, settings, word};
use crate::config::{Config, key};
use crate::domain::fx::{FxRate, HomeRate, OLDEST, currency_of};
use crate::domain::money::Currency;
use chrono::{Days, NaiveDate};

fn row(r: &Row<'_>) -> Result<FxRate, StoreError> {
    Ok(FxRate {
        from: word(r, 0, Currency::parse)?,
        to: word(r, 1, Currency::parse)?,
        on: r.get(2)?,
        rate: decimal(r, 3)?,
        source: r.get(4)?,
    })
}

const COLUMNS: &str = "from_currency, to_currency, rate_on, rate, source";

/// The rate of a day from one currency to another, if it is there.
pub fn get(
    db: &Db<'_>,
    (from, to): (Currency, Currency),
    on: NaiveDate,
) -> Result<Option<FxRate>, StoreError> {
    db.opt(
        &format!(
            "SELECT {COLUMNS} FROM fx_rate
             WHERE from_currency = ?1 AND to_currency = ?2 AND rate_on = ?3"
        ),
        (from.code(), to.code(), on),
        row,
    )
}

/// The newest rate of two currencies on a day, quoted either way; none where the newest is older than
/// [`OLDEST`] days. Of two of one day the one into the own currency.
pub fn on(
    db: &Db<'_>,
    of: Currency,
    own: Currency,
    on: NaiveDate,
) -> Result<Option<HomeRate>, StoreError> {
    let since = on.checked_sub_days(Days::new(OLDEST.unsigned_abs())).unwrap_or(NaiveDate::MIN);
    let newest = |from: Currency, to: Currency| {
        db.opt(
            &format!(
                "SELECT {COLUMNS} FROM fx_rate WHERE from_currency = ?1 AND to_currency = ?2
                 AND rate_on <= ?3 AND rate_on >= ?4 ORDER BY rate_on DESC LIMIT 1"
            ),
            (from.code(), to.code(), on, since),
            row,
        )
    };
    let (direct, other) = (newest(of, own)?, newest(own, of)?);
    let found = match (direct, other) {
        (Some(direct), Some(other)) if other.on > direct.on => Some(other),
        (Some(direct), _) => Some(direct),
        (None, other) => other,
    };
    Ok(found.map(|rate| HomeRate::of(rate, own)))
}

/// Stores a rate; one of the same currencies and day is replaced.
pub fn put(tx: &Tx<'_>, rate: &FxRate) -> Result<(), StoreError> {
    tx.touch(Topic::Accounts);
    tx.run(
        "INSERT INTO fx_rate (from_currency, to_currency, rate_on, rate, source) VALUES (?1,?2,?3,?4,?5)
         ON CONFLICT (from_currency, to_currency, rate_on) DO UPDATE SET rate = ?4, source = ?5",
        (
            rate.from.code(),
            rate.to.code(),
            rate.on,
            rate.rate.normalize().to_string(),
            &rate.source,
        ),
    )?;
    Ok(())
}

/// The issuer's own currency by the settings: `issuer.currency`, else that of its country.
pub fn own_by(config: &Config) -> Option<Currency> {
    match config.get(key::ISSUER_CURRENCY) {
        "" => currency_of(config.get(key::ISSUER_COUNTRY)),
        code => Currency::parse(code),
    }
}

/// The same; where the settings say none the one currency that all accounts have.
pub fn own(db: &Db<'_>) -> Result<Option<Currency>, StoreError> {
    if let Some(own) = own_by(&settings::load(db)?) {
        return Ok(Some(own));
    }
    let all: Vec<Currency> = db.all("SELECT DISTINCT currency FROM account LIMIT 2", [], |r| {
        word(r, 0, Currency::parse)
    })?;
    Ok(if let [one] = all[..] { Some(one) } else { None })
}

/// The last day served by a document's lines.
pub fn served_to(
    db: &Db<'_>,
    document: crate::domain::ids::DocumentId,
) -> Result<Option<NaiveDate>, StoreError> {
    db.one(
        "SELECT max(service_to_on) FROM document_item WHERE document_id = ?1",
        [document.0],
        |r| r.get(0),
    )
}

/// SQL of the rate that was frozen with document `d`, as JSON; NULL where there is none.
pub(in crate::store) const FROZEN: &str = "json_extract(CASE WHEN d.frozen_id IS NULL THEN d.frozen
    ELSE (SELECT text FROM shared_text WHERE id = d.frozen_id) END, '$.home')";

/// Reads [`FROZEN`].
pub(in crate::store) fn frozen(r: &Row<'_>, at: usize) -> Result<Option<HomeRate>, StoreError> {
    let Some(text) = r.get::<Option<String>>(at)? else { return Ok(None) };
    serde_json::from_str(&text)
        .map(Some)
        .map_err(|why| StoreError::Corrupt(format!("document.frozen: home: {why}")))
}
