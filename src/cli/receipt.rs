//! What a deed came to, for people and as JSON.

use super::ctx::Ctx;
use super::exit::Exit;
use super::output::{self, Align};
use crate::engine::Error;
use crate::engine::command::Receipt;
use serde_json::{Value, json};

/// Prints a receipt; refused rows make the exit code 1.
pub fn report(receipt: &Receipt, ctx: &Ctx) -> Result<Exit, Error> {
    if ctx.json {
        let totals = output::by_currency(&receipt.totals);
        let refused: Vec<Value> =
            receipt.refused.iter().map(|r| json!({ "id": r.what, "reason": r.reason })).collect();
        let mut shown = json!({ "done": receipt.done, "refused": refused, "totals": totals, "summary": receipt.summary, "made": receipt.made, "undoable": receipt.undoable });
        if !receipt.taken.is_empty() {
            let taken = receipt.taken.iter().map(|(pick, _)| json!(pick.id.to_string()));
            shown["taken"] = taken.collect();
        }
        output::json(&shown)?;
    } else {
        output::line(&receipt.summary);
        if !receipt.refused.is_empty() {
            let rows: Vec<Vec<String>> =
                receipt.refused.iter().map(|r| vec![r.what.clone(), r.reason.clone()]).collect();
            output::table(&[("NOT DONE", Align::Left), ("WHY", Align::Left)], &rows);
        }
    }
    Ok(Exit::partly_if(!receipt.refused.is_empty()))
}

/// The same of deliveries.
pub fn copies(receipt: &Receipt, ctx: &Ctx) -> Result<Exit, Error> {
    if ctx.json {
        let refused: Vec<Value> =
            receipt.refused.iter().map(|r| json!({ "id": r.what, "reason": r.reason })).collect();
        let said = &receipt.summary;
        output::json(&json!({ "done": receipt.done, "refused": refused, "summary": said }))?;
    } else {
        output::line(&receipt.summary);
        for refused in &receipt.refused {
            output::line(&format!("{}: {}", refused.what, refused.reason));
        }
    }
    Ok(Exit::partly_if(!receipt.refused.is_empty()))
}
