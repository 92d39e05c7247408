//! What became of a retry, as lines: the sums of each outcome, and its invoices under it; Enter opens one.

use super::modal::Intent;
use super::modal::Modal;
use super::modal::text::TextBox;
use super::msg::{Cx, Part, ScreenId};
use super::theme;
use super::widget::{Line, amounts, counted, grouped, wrap};
use crate::domain::ids::PaymentRunId;
use crate::engine::query::Query;
use crate::store::read::results::{Outcome, Results};

/// Asks for them, over the screen.
pub fn show(screen: ScreenId, run: PaymentRunId, cx: &mut Cx) {
    cx.open.push(Modal::Text(TextBox::waiting(format!("What became of {run}"))));
    cx.load(screen, Part::Dialog, Query::Results(run));
}

/// The lines, and which of them open a document.
pub fn lines(results: &Results, cx: &Cx) -> (Vec<Line>, Vec<(usize, Intent)>) {
    let width = usize::from(cx.size.0).saturating_sub(12).clamp(30, 96);
    let (mut lines, mut runs) = (Vec::new(), Vec::new());
    if results.open {
        lines.push(Line::of("it still goes on: what is said here is of now", theme::WARN));
    }
    if results.sums.is_empty() {
        lines.push(Line::plain("it was asked for nothing"));
    }
    for (outcome, count, money) in &results.sums {
        let sums =
            if money.is_empty() { String::new() } else { format!(" · {}", amounts(money, true)) };
        let head = format!("{outcome}: {}{sums}", counted(*count, "invoice", "invoices"));
        let style = match outcome {
            Outcome::Declined | Outcome::Unknown => theme::BAD,
            Outcome::NotTried => theme::WARN,
            Outcome::ToGo
            | Outcome::OnItsWay
            | Outcome::AtTheBank
            | Outcome::Credits
            | Outcome::Approved => theme::GOOD,
        };
        lines.extend(wrap(&head, width).into_iter().map(|l| Line::of(l, style)));
        let rows = results.rows.iter().filter(|row| row.outcome == *outcome);
        let mut shown = 0;
        for row in rows {
            shown += 1;
            if let Some(document) = row.document {
                runs.push((lines.len(), Intent::Document(document.0)));
            }
            let money = row.amount.map(|m| format!(" {m}")).unwrap_or_default();
            let who = [row.account.as_str(), row.customer.as_str()].join(" ");
            let why = if row.why.is_empty() { String::new() } else { format!(": {}", row.why) };
            let text = format!("{}{money} {}{why}", row.number, who.trim());
            let text = text.replace(" : ", ": ");
            let said = wrap(text.trim(), width.saturating_sub(2)).into_iter();
            lines.extend(said.map(|l| Line::plain(format!("  {l}"))));
        }
        if *count > shown {
            let more = format!("  and {} more", grouped(*count - shown));
            lines.push(Line::of(more, theme::DIM));
        }
    }
    (lines, runs)
}
