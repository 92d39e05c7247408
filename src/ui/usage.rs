//! Usage that the next run would leave alone, in words: by reason, then record by record.

use super::modal::Modal;
use super::modal::text::TextBox;
use super::msg::{Cx, Part, ScreenId};
use super::theme;
use super::widget::{Line, counted};
use crate::engine::query::{Ahead, Pending};
use chrono::NaiveDate;

/// Shows what the next run would not bill, of one account or (none) of all.
pub fn show(screen: ScreenId, account: Option<String>, cx: &mut Cx) {
    let of = account.as_ref().map(|a| format!(" of {a}")).unwrap_or_default();
    cx.open.push(Modal::Text(TextBox::waiting(format!("Usage{of} before the next run"))));
    cx.load(screen, Part::Dialog, Ahead::Usage(account));
}

/// What a run up to `target` would bill and leave.
pub fn lines(found: &Pending, target: NaiveDate) -> Vec<Line> {
    let billed = counted(found.billable, "record", "records");
    let left = found.left;
    if left == 0 {
        return vec![Line::plain(if found.billable == 0 {
            "No usage waits: all that was loaded is on a document.".to_owned()
        } else {
            format!("A run up to {target} bills all the usage that waits: {billed}.")
        })];
    }
    let mut lines = vec![Line::plain(format!(
        "A run up to {target} bills {billed} of usage and leaves {left}."
    ))];
    let mut reasons: Vec<&str> = found.sums.keys().map(|(why, _)| why.as_str()).collect();
    reasons.dedup();
    for why in reasons {
        lines.push(Line::plain(""));
        lines.push(Line::of(why, theme::WARN));
        let sums = found.sums.iter().filter(|((reason, _), _)| reason == why);
        let mut of_reason = 0;
        for ((_, uom), (n, quantity)) in sums {
            of_reason += n;
            let records = counted(*n, "record", "records");
            lines.push(Line::plain(format!("  {records}, {} {uom} in all", quantity.normalize())));
        }
        let rows: Vec<_> = found.records.iter().filter(|r| r.reason == why).collect();
        for row in &rows {
            let quantity = format!("{} {}", row.quantity.normalize(), row.uom);
            let from = format!("{} {}", row.label.unique_key, row.label.file);
            lines.push(Line::of(
                format!("    {:<12} {}  {quantity:<16} {}", row.account, row.start_on, from.trim()),
                theme::DIM,
            ));
        }
        if of_reason > rows.len() {
            let more = of_reason - rows.len();
            lines.push(Line::plain(format!("    … and {more} more: daybook usage list --json")));
        }
    }
    lines
}
