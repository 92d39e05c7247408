//! Tax recomputed from what each document says of it.

use super::found::Found;
use crate::domain::document::TaxKind;
use crate::domain::ids::DocumentId;
use crate::domain::money::{Currency, Rounding};
use crate::domain::tax::Sums;
use crate::store::{Db, StoreError, decimal, word, word_opt};
use rust_decimal::Decimal;

/// The rows of one document at one kind and rate.
struct Together {
    kind: TaxKind,
    percent: Decimal,
    sums: Sums,
    tax_minor: i64,
    /// None if one of them follows another rule than being rounded with the others.
    rounding: Option<Rounding>,
}

/// Of each document the tax at each kind and rate, rounded once: of what was said with the tax inside
/// from the gross, of the others from the net. Rows that were rounded by another rule are not judged.
pub fn rounded_once(db: &Db<'_>, found: &mut Found) -> Result<(), StoreError> {
    let (mut document, mut all): (_, Vec<Together>) = (None, Vec::new());
    db.each(
        "SELECT t.document_id, d.currency, t.kind, t.rate_percent, t.inclusive, t.base_minor,
         t.tax_minor, t.rounding
         FROM document_tax t CROSS JOIN document d ON d.id = t.document_id ORDER BY t.document_id",
        [],
        |r| {
            let now = (DocumentId(r.get(0)?), word(r, 1, Currency::parse)?);
            if document != Some(now) {
                judge(document, &all, found)?;
                all.clear();
                document = Some(now);
            }
            let (kind, percent) = (word(r, 2, TaxKind::parse)?, decimal(r, 3)?);
            let rounding = word_opt(r, 7, Rounding::parse)?;
            let at = all.iter().position(|t| t.kind == kind && t.percent == percent);
            let at = at.unwrap_or_else(|| {
                all.push(Together { kind, percent, sums: Sums::default(), tax_minor: 0, rounding });
                all.len() - 1
            });
            let Some(together) = all.get_mut(at) else { return Ok(()) };
            let (inclusive, base, tax): (bool, i64, i64) = (r.get(4)?, r.get(5)?, r.get(6)?);
            together.sums.add(if inclusive { base + tax } else { base }, inclusive).map_err(odd)?;
            together.tax_minor += tax;
            together.rounding = together.rounding.filter(|first| rounding == Some(*first));
            Ok(())
        },
    )?;
    judge(document, &all, found)
}

fn judge(
    document: Option<(DocumentId, Currency)>,
    all: &[Together],
    found: &mut Found,
) -> Result<(), StoreError> {
    let Some((id, currency)) = document else { return Ok(()) };
    for row in all {
        let Some(rounding) = row.rounding else { continue };
        let exact = row.sums.tax(row.kind, row.percent, currency, rounding).map_err(odd)?;
        if exact != row.tax_minor {
            let Together { kind, percent, tax_minor, .. } = row;
            found.add(format!("{id}: {kind} tax at {percent} % is {tax_minor}, not {exact}"));
        }
    }
    Ok(())
}

fn odd(error: crate::domain::money::MoneyError) -> StoreError {
    StoreError::Corrupt(error.to_string())
}
