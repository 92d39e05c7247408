//! What a document is in the issuer's own currency: the rate of its tax point, chosen as it is posted.

use crate::config::{Config, key};
use crate::domain::document::DocumentKind;
use crate::domain::document::{DocumentTax, Flag, FlagCode};
use crate::domain::frozen::Frozen;
use crate::domain::fx::{HomeRate, is_wanted_in};
use crate::domain::ids::DocumentId;
use crate::domain::money::Currency;
use crate::store::document::{self, DocumentRow};
use crate::store::fx;
use crate::store::json::Json;
use crate::store::{Db, StoreError};
use chrono::NaiveDate;

/// The rate of a document dated `on`; none where it is in the own currency, or none is known. A memo has that of
/// what it corrects.
pub fn home(
    db: &Db<'_>,
    config: &Config,
    row: &DocumentRow,
    on: NaiveDate,
) -> Result<Option<HomeRate>, StoreError> {
    let Some(own) = fx::own_by(config).filter(|own| *own != row.currency) else { return Ok(None) };
    let other = match row.kind {
        DocumentKind::Invoice => None,
        DocumentKind::CreditMemo | DocumentKind::DebitMemo | DocumentKind::WriteOff => {
            document::corrected_by(db, row)?
        }
    };
    let Some(other) = other else {
        return fx::on(db, row.currency, own, tax_point(db, config, row.id, on)?);
    };
    let other = document::get(db, other)?;
    let frozen = other.frozen.as_ref().map(Json::read).transpose()?;
    let kept = frozen.and_then(|frozen: Frozen| frozen.home).filter(|home| home.currency == own);
    match kept {
        Some(kept) => Ok(Some(kept)),
        None => {
            let on = tax_point(db, config, other.id, other.invoice_on)?;
            fx::on(db, row.currency, own, on)
        }
    }
}

/// The day whose rate counts: the invoice date, or the end of service (`tax.point`).
fn tax_point(
    db: &Db<'_>,
    config: &Config,
    id: DocumentId,
    invoice_on: NaiveDate,
) -> Result<NaiveDate, StoreError> {
    if config.get(key::TAX_POINT) != "service_end" {
        return Ok(invoice_on);
    }
    Ok(fx::served_to(db, id)?.unwrap_or(invoice_on))
}

/// That the law wants the tax of a draft in the own currency, and no rate says how much that is.
pub fn lacking(
    db: &Db<'_>,
    config: &Config,
    currency: Currency,
    taxes: &[DocumentTax],
    on: NaiveDate,
) -> Result<Option<Flag>, StoreError> {
    let country = config.get(key::ISSUER_COUNTRY);
    let Some(own) = fx::own_by(config).filter(|own| *own != currency) else { return Ok(None) };
    let bears = taxes.iter().any(|tax| tax.tax_minor != 0);
    if !bears || !is_wanted_in(country) || fx::on(db, currency, own, on)?.is_some() {
        return Ok(None);
    }
    let reason = format!(
        "its tax must be told in {own} too, and no rate of {currency} is known for {on}: daybook import fx.csv, then regenerate"
    );
    Ok(Some(Flag { code: FlagCode::Law, reason }))
}
