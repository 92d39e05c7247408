//! `daybook invoice edit` of several drafts, or of the lines of a charge.

use super::ctx::Ctx;
use super::exit::Exit;
use super::output;
use super::receipt::report;
use crate::domain::text::counted;
use crate::engine::command::{BulkChange, DraftChange, Pick};
use crate::engine::review::edit;
use crate::engine::{Error, Session};
use serde_json::{Value, json};

/// What `invoice edit` was told beside the changes.
pub struct Many<'a> {
    /// The charge whose lines are changed.
    pub charge: Option<&'a str>,
    /// Why.
    pub reason: &'a str,
    /// Whether only to show the sums.
    pub dry_run: bool,
}

impl Many<'_> {
    /// Changes them, or shows their sums before and after; what is said of a line is of those of the charge.
    pub fn edit(
        &self,
        session: &mut Session,
        picks: &[Pick],
        changes: Vec<DraftChange>,
        ctx: &Ctx,
    ) -> Result<Exit, Error> {
        let mut all: Vec<BulkChange> = changes.into_iter().map(BulkChange::Same).collect();
        if let Some(charge) = self.charge {
            let mut change =
                BulkChange::Charge { charge: charge.to_owned(), quantity: None, unit_price: None };
            all.retain(|one| match (one, &mut change) {
                (
                    BulkChange::Same(DraftChange::SetLine { quantity: q, unit_price: p, .. }),
                    BulkChange::Charge { quantity, unit_price, .. },
                ) => {
                    (*quantity, *unit_price) = (*q, *p);
                    false
                }
                _ => true,
            });
            all.push(change);
        }
        if !self.dry_run {
            return report(&edit::many::edit(session, picks, &all, self.reason)?, ctx);
        }
        let told = edit::many::ahead(session, picks, &all)?;
        if ctx.json {
            let left: Vec<Value> = told
                .left_out
                .iter()
                .map(|(reason, count)| json!({ "reason": reason, "count": count }))
                .collect();
            let replaced: Vec<Value> = told
                .overwritten
                .iter()
                .map(|(what, count)| json!({ "what": what, "count": count }))
                .collect();
            output::json(&json!({
                "drafts": told.count,
                "before": output::by_currency(&told.before),
                "after": output::by_currency(&told.after),
                "accepted": told.accepted,
                "replaced": replaced,
                "left_alone": left,
            }))?;
        } else {
            let n = counted(told.count, "draft", "drafts");
            output::line(&match told.count {
                0 => "none of these drafts is changed by it".to_owned(),
                _ => format!("{n}: {} before, {} after", told.before, told.after),
            });
            if told.one_price && told.before.len() > 1 {
                output::line("one price is set in several currencies");
            }
            told.first.iter().for_each(|text| output::line(&format!("  {text}")));
            let more = told.count - told.first.len() as i64;
            if more > 0 {
                output::line(&format!("  and {more} more"));
            }
            for (what, count) in &told.overwritten {
                output::line(&format!("replaced on {count}: {what}"));
            }
            if told.accepted > 0 {
                output::line(&format!("{} of them accepted: to be looked at again", told.accepted));
            }
            for (reason, count) in &told.left_out {
                output::line(&format!("left alone: {count}, {reason}"));
            }
        }
        Ok(Exit::partly_if(!told.left_out.is_empty()))
    }
}
