//! Credits that a run makes: their tax follows the posted invoices they correct, as a memo made by
//! hand does, so that memos of one invoice sum to its tax whoever makes them.

use crate::domain::billing::DraftDocument;
use crate::domain::conversion::Rate;
use crate::domain::document::DocumentTax;
use crate::domain::ids::{DocumentId, ItemId};
use crate::domain::memo::InvoiceLine;
use crate::domain::memo_tax::{MemoLine, Position, follow};
use crate::domain::money::{Currency, MoneyError, Rounding};
use crate::engine::Error;
use crate::store::{Db, StoreError, conversion, document, memo};
use std::collections::HashMap;

/// Where the invoices stand that a document corrects.
#[derive(Debug, Clone, Default)]
pub struct Corrected {
    documents: HashMap<ItemId, DocumentId>,
    left: HashMap<ItemId, i64>,
    positions: Vec<(DocumentId, Position)>,
}

impl Corrected {
    /// Reads it for the items that are corrected, leaving out what the draft `except` takes; all of it
    /// in the currency of the draft that corrects them.
    pub fn load(
        db: &Db<'_>,
        items: impl Iterator<Item = ItemId>,
        except: Option<DocumentId>,
        (rounding, currency): (Rounding, Currency),
    ) -> Result<Self, StoreError> {
        let documents = memo::documents_of(db, items)?;
        let mut found = Self { documents, ..Self::default() };
        let mut invoices: Vec<DocumentId> = found.documents.values().copied().collect();
        invoices.sort_unstable();
        invoices.dedup();
        for invoice in invoices {
            let row = document::get(db, invoice)?;
            let mut lines = memo::lines(db, invoice, except)?;
            let mut positions = memo::positions(db, &row, &lines, except, rounding)?;
            if row.currency != currency {
                let rate = conversion::rate(db, row.currency, currency)?;
                convert(&rate, &mut lines, &mut positions)
                    .map_err(|e| StoreError::Corrupt(e.to_string()))?;
            }
            found.left.extend(lines.iter().map(|l| (l.item, l.left_minor)));
            found.positions.extend(positions.into_iter().map(|p| (invoice, p)));
        }
        Ok(found)
    }

    /// The invoice that an item belongs to.
    pub fn invoice_of(&self, item: Option<ItemId>) -> Option<DocumentId> {
        item.and_then(|item| self.documents.get(&item).copied())
    }

    /// What is left of an item's net, minor units.
    pub fn left_of(&self, item: Option<ItemId>) -> Option<(ItemId, i64)> {
        item.and_then(|item| self.left.get(&item).map(|left| (item, *left)))
    }

    /// See [`follow`].
    pub fn follow(
        &self,
        lines: &mut [MemoLine],
        taxes: &mut [DocumentTax],
        rounding: Rounding,
        currency: Currency,
    ) -> Result<(), MoneyError> {
        follow(lines, taxes, &self.positions, rounding, currency)
    }
}

/// Where an invoice stands, in the currency that took the place of its own: its lines each rounded
/// once, its rows by their lines.
fn convert(
    rate: &Rate,
    lines: &mut [InvoiceLine],
    positions: &mut [Position],
) -> Result<(), MoneyError> {
    for line in lines.iter_mut() {
        line.net_minor = rate.convert(line.net_minor)?;
        line.left_minor = rate.convert(line.left_minor)?;
    }
    for position in positions {
        let (code, percent) = (&position.tax.tax_code, position.tax.rate_percent);
        let of = |l: &&InvoiceLine| {
            l.tax_code == *code && l.rate_percent.is_none_or(|own| own == percent)
        };
        let base = lines.iter().filter(of).map(|l| l.net_minor).sum();
        let left = lines.iter().filter(of).map(|l| l.left_minor).sum();
        (position.base_minor, position.left_minor) = (base, left);
        position.credited_minor = rate.convert(position.credited_minor)?;
        position.tax.base_minor = rate.convert(position.tax.base_minor)?;
        position.tax.tax_minor = rate.convert(position.tax.tax_minor)?;
    }
    Ok(())
}

/// Lets the tax of a rated draft follow the invoices it corrects, leaving out what the draft takes
/// that it replaces.
pub fn settle(
    db: &Db<'_>,
    draft: &mut DraftDocument,
    except: Option<DocumentId>,
    rounding: Rounding,
    currency: Currency,
) -> Result<(), Error> {
    if draft.items.iter().all(|i| i.corrects.is_none()) || draft.taxes.is_empty() {
        return Ok(());
    }
    let corrected = Corrected::load(
        db,
        draft.items.iter().filter_map(|i| i.corrects),
        except,
        (rounding, currency),
    )?;
    let mut lines: Vec<MemoLine> = draft
        .items
        .iter()
        .map(|item| MemoLine {
            corrects: corrected.invoice_of(item.corrects),
            left: corrected.left_of(item.corrects),
            row: item
                .tax_rate
                .as_ref()
                .and_then(|rate| draft.taxes.iter().position(|t| t.is_of(rate))),
            net_minor: item.amount_minor,
            gross_minor: item.gross_minor,
        })
        .collect();
    corrected
        .follow(&mut lines, &mut draft.taxes, rounding, currency)
        .map_err(|e| Error::usage("too_large", e.to_string(), ""))?;
    for (item, line) in draft.items.iter_mut().zip(lines) {
        item.amount_minor = line.net_minor;
        if let (Some(tax), Some(gross)) = (&mut item.derivation.tax, item.gross_minor) {
            tax.inside_minor = Some(gross - line.net_minor);
        }
    }
    draft.subtotal_minor = draft.items.iter().map(|i| i.amount_minor).sum();
    draft.tax_minor = draft.taxes.iter().map(|t| t.tax_minor).sum();
    draft.total_minor = draft.subtotal_minor + draft.tax_minor;
    Ok(())
}
