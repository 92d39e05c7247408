//! The lines of documents: one reader of table `document_item`.

use super::face::Row;
use super::json::{Json, Spot};
use super::shared_text::said;
use super::{Db, StoreError, decimal, word};
use crate::domain::explain::Derivation;
use crate::domain::ids::{ChargeId, ChargeVersionId, DocumentId, ItemId, SubscriptionId};
use crate::domain::line_change;
use crate::domain::text_enum;
use chrono::NaiveDate;
use rust_decimal::Decimal;

text_enum! {
    /// How a line came about.
    Origin {
        /// Rated by the run.
        Run = "run",
        /// Rated, then changed by a clerk.
        Edited = "edited",
        /// Added by a clerk.
        Hand = "hand",
    }
}

/// A line of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemRow {
    /// Identity.
    pub id: ItemId,
    /// Order in print, from 1.
    pub position: u32,
    /// The charge; none for hand-made lines.
    pub charge: Option<ChargeId>,
    /// Its number; empty for hand-made lines.
    pub charge_number: String,
    /// The version it was rated from.
    pub charge_version: Option<ChargeVersionId>,
    /// The subscription.
    pub subscription: Option<SubscriptionId>,
    /// Of a discount: the charge discounted.
    pub target: Option<ChargeId>,
    /// Of a credit: the item it corrects.
    pub corrects: Option<ItemId>,
    /// As printed.
    pub description: String,
    /// First day of service.
    pub service_from: Option<NaiveDate>,
    /// Last day of service.
    pub service_to: Option<NaiveDate>,
    /// Quantity.
    pub quantity: Decimal,
    /// Unit price.
    pub unit_price: Decimal,
    /// Net, minor units.
    pub amount_minor: i64,
    /// With an inclusive tax: tax included.
    pub gross_minor: Option<i64>,
    /// Tax code.
    pub tax_code: String,
    /// Ledger account; empty = default.
    pub revenue_account: String,
    /// How it came about.
    pub origin: Origin,
    /// How the amount came about; empty where it was not kept.
    pub derivation: Json<Derivation>,
}

const COLUMNS: &str = concat!(
    "i.id, i.position, i.charge_id, coalesce(c.number, ''), i.charge_version_id,
    i.subscription_id, i.target_charge_id, i.corrects_item_id, i.description, i.service_from_on,
    i.service_to_on, i.quantity, i.unit_price, i.amount_minor, i.gross_minor, i.tax_code,
    i.revenue_account, i.origin, ",
    said!("i", "derivation")
);

fn row(r: &Row<'_>) -> Result<ItemRow, StoreError> {
    let maybe = |i: usize| r.get::<Option<i64>>(i);
    let id: i64 = r.get(0)?;
    Ok(ItemRow {
        id: ItemId(id),
        position: r.get(1)?,
        charge: maybe(2)?.map(ChargeId),
        charge_number: r.get(3)?,
        charge_version: maybe(4)?.map(ChargeVersionId),
        subscription: maybe(5)?.map(SubscriptionId),
        target: maybe(6)?.map(ChargeId),
        corrects: maybe(7)?.map(ItemId),
        description: r.get(8)?,
        service_from: r.get(9)?,
        service_to: r.get(10)?,
        quantity: decimal(r, 11)?,
        unit_price: decimal(r, 12)?,
        amount_minor: r.get(13)?,
        gross_minor: r.get(14)?,
        tax_code: r.get(15)?,
        revenue_account: r.get(16)?,
        origin: word(r, 17, Origin::parse)?,
        derivation: Json::column(r, 18, Spot("document_item", "derivation", id))?,
    })
}

/// The lines of a document, in print order.
pub fn items(db: &Db<'_>, id: DocumentId) -> Result<Vec<ItemRow>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM document_item i LEFT JOIN charge c ON c.id = i.charge_id
         WHERE i.document_id = ?1 ORDER BY i.position, i.id"
    );
    db.all(&sql, [id.0], row)
}

impl ItemRow {
    /// As it is compared with lines of other documents.
    pub fn compared(&self) -> line_change::Line {
        line_change::Line {
            charge: self.charge.map(|charge| (charge, self.target)),
            description: self.description.clone(),
            service: self.service(),
            quantity: self.quantity,
            unit_price: self.unit_price,
            amount_minor: self.amount_minor,
        }
    }

    /// First and last day of service, where it has both.
    pub fn service(&self) -> Option<(NaiveDate, NaiveDate)> {
        self.service_from.zip(self.service_to)
    }

    /// Of a discount: what is printed on the line it discounts, of the lines of its document; else
    /// empty.
    pub fn discounted<'a>(&self, items: &'a [Self]) -> &'a str {
        let Some((target, (from, to))) = self.target.zip(self.service()) else { return "" };
        let holds = |b: &&Self| {
            b.charge == Some(target) && b.service().is_some_and(|(f, t)| f <= from && t >= to)
        };
        items.iter().find(holds).map_or("", |b| &b.description)
    }
}
