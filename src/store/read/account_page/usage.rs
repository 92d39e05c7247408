//! The usage of a month by the line that bills it.

use super::few::{Few, Of};
use crate::domain::ids::DocumentId;
use crate::domain::money::{Currency, Money};
use crate::store::face::Row;
use crate::store::{Db, StoreError, decimal, decimal_opt, word_opt};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// Usage of one unit on one line, or on none yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageSum {
    pub uom: String,
    /// How many records.
    pub records: usize,
    /// What they sum to.
    pub used: Decimal,
    /// The line that bills them; none = no document yet.
    pub billed: Option<Billed>,
}

/// The line that bills usage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Billed {
    /// The charge's number.
    pub charge: String,
    /// The document's number, or the draft's id.
    pub document: String,
    /// Quantity and amount of the whole line; none = the line was taken away, and the usage waived.
    pub line: Option<(Decimal, Money)>,
}

/// Unit, document and line.
type Place = (String, Option<(i64, Option<i64>, String)>);

fn billed(r: &Row<'_>) -> Result<Billed, StoreError> {
    let id = DocumentId(r.get(3)?);
    let number: Option<String> = r.get(4)?;
    let line = match (decimal_opt(r, 7)?, word_opt(r, 5, Currency::parse)?) {
        (Some(quantity), Some(currency)) => Some((quantity, currency.amount(r.get(8)?))),
        (_, _) => None,
    };
    let document = number.unwrap_or_else(|| format!("draft {id}"));
    Ok(Billed { charge: r.get::<Option<String>>(6)?.unwrap_or_default(), document, line })
}

pub(super) fn read(db: &Db<'_>, of: Of) -> Result<Few<UsageSum>, StoreError> {
    let mut sums: BTreeMap<Place, UsageSum> = BTreeMap::new();
    let mut beyond = false;
    db.each(
        "SELECT u.uom, u.quantity, c.item_id, c.document_id, d.number, d.currency, h.number,
           i.quantity, i.amount_minor
         FROM usage u LEFT JOIN usage_claim c ON c.usage_id = u.id
         LEFT JOIN document d ON d.id = c.document_id LEFT JOIN charge h ON h.id = c.charge_id
         LEFT JOIN document_item i ON i.id = c.item_id
         WHERE u.account_id = ?1 AND u.start_on BETWEEN ?2 AND ?3",
        (of.account.0, of.span.from, of.span.to),
        |r| {
            let document: Option<i64> = r.get(3)?;
            let place = match document {
                None => None,
                Some(id) => Some((id, r.get(2)?, r.get::<Option<String>>(6)?.unwrap_or_default())),
            };
            let sum = match sums.entry((r.get(0)?, place)) {
                std::collections::btree_map::Entry::Occupied(held) => held.into_mut(),
                std::collections::btree_map::Entry::Vacant(new) => new.insert(UsageSum {
                    uom: r.get(0)?,
                    records: 0,
                    used: Decimal::ZERO,
                    billed: document.is_some().then(|| billed(r)).transpose()?,
                }),
            };
            sum.records += 1;
            match sum.used.checked_add(decimal(r, 1)?) {
                Some(all) => sum.used = all,
                None => beyond = true,
            }
            Ok(())
        },
    )?;
    if beyond {
        return Err(StoreError::Conflict("usage sums to more than any number".to_owned()));
    }
    let mut out = Few::default();
    sums.into_values().for_each(|sum| out.push(sum));
    Ok(out)
}
