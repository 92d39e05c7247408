//! A document as JSON.

use crate::store::document::{self, DocumentRow};
use crate::store::{Db, StoreError, reissue};
use serde_json::{Value, json};

/// A document as `invoice list --json` gives it.
pub fn to_json(db: &Db<'_>, row: &DocumentRow) -> Result<Value, StoreError> {
    let items = document::items(db, row.id)?;
    let flags = document::flags(db, row.id)?;
    let taxes = document::taxes(db, row.id)?;
    let (replaces, replaced_by) = reissue::links(db, row)?;
    let money = |minor: i64| row.currency.plain(minor);
    let items: Vec<Value> = items
        .iter()
        .map(|i| {
            json!({
                "line": i.position,
                "charge_number": i.charge_number,
                "description": i.description,
                "service_from": i.service_from,
                "service_to": i.service_to,
                "quantity": i.quantity.normalize().to_string(),
                "unit_price": i.unit_price.normalize().to_string(),
                "amount": money(i.amount_minor),
                "gross": i.gross_minor.map(money),
                "tax_code": i.tax_code,
                "origin": i.origin,
            })
        })
        .collect();
    let taxes: Vec<Value> = taxes
        .iter()
        .map(|t| json!({ "tax_code": t.tax_code, "rate_percent": t.rate_percent.normalize().to_string(), "name": t.name, "kind": t.kind, "reason": t.reason, "base": money(t.base_minor), "tax": money(t.tax_minor) }))
        .collect();
    Ok(json!({
        "id": row.id.to_string(),
        "number": row.number,
        "kind": row.kind,
        "account_number": row.account_number,
        "account_name": row.account_name,
        "run": row.run.map(|r| r.to_string()),
        "status": row.status,
        "currency": row.currency,
        "invoice_date": row.invoice_on,
        "due_date": row.due_on,
        "replaces": replaces,
        "replaced_by": replaced_by,
        "po_number": row.po_number,
        "note": row.note,
        "reason": row.reason,
        "subtotal": money(row.subtotal_minor),
        "tax": money(row.tax_minor),
        "total": money(row.total_minor),
        "balance": money(row.balance_minor),
        "settlement": row.settlement(),
        "review": row.review,
        "hold_reason": row.hold_reason,
        "stale": row.stale,
        "tags": row.tags.split_whitespace().collect::<Vec<_>>(),
        "version": row.version,
        "flags": flags.iter().map(|f| json!({ "code": f.code, "reason": f.reason })).collect::<Vec<_>>(),
        "items": items,
        "taxes": taxes,
    }))
}
