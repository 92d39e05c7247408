//! `r` and `i` on 5 Failed: one payment, what is marked, a whole group. What is taken and what is left
//! out is said before it is done.

use super::Failed;
use crate::domain::ids::DocumentId;
use crate::domain::payment::NextAction;
use crate::engine::command::Command;
use crate::engine::query::{ListName, Query};
use crate::store::read::Filter;
use crate::store::read::failed::FailedRow;
use crate::ui::modal::ask::Ask;
use crate::ui::modal::choice::{Choice, Item};
use crate::ui::modal::{Intent, Modal};
use crate::ui::msg::{Cx, Part, ScreenId};
use crate::ui::theme;
use crate::ui::widget::{Line, counted, grouped};

/// What every retry says.
const NEW_PAYMENT: [&str; 2] =
    ["Each is a new payment with a new key.", "Amounts are read again when it is charged."];

impl Failed {
    pub(super) fn retry(&mut self, cx: &mut Cx) {
        let Some(row) = self.list.current() else { return cx.say("nothing here") };
        let marked = self.list.marks.len();
        let mut items = vec![if marked > 0 {
            let label = format!("the {} marked…", grouped(marked as i64));
            Item::new('1', label, Intent::RetryGroup(None))
        } else {
            Self::retry_one(row, cx)
        }];
        if let Some(group) = NextAction::parse(&row.group) {
            let words = group.as_str().replace('_', " ");
            let label = format!("the whole group “{words}”…");
            items.push(match group {
                NextAction::RetryLater | NextAction::LookUp => {
                    Item::new('g', label, Intent::RetryGroup(Some(group)))
                }
                NextAction::AskCustomer => {
                    Item::unavailable('g', label, "each customer confirms first; then one by one")
                }
                NextAction::NewMethod | NextAction::AskMandate | NextAction::GaveUp => {
                    Item::unavailable('g', label, "needs another method or a decision first")
                }
            });
        }
        cx.open.push(Modal::Choice(Choice::new("Retry", items)));
    }

    fn retry_one(row: &FailedRow, cx: &mut Cx) -> Item {
        let money = row.balance;
        let label = format!("{} ({money})…", row.number);
        let blocked = match row.group.as_str() {
            "look_up" => Some("unknown: look it up first (i)"),
            "gave_up" => Some("given up: M, c or m"),
            "new_method" | "ask_mandate" => Some("another method first (M)"),
            _ => None,
        };
        let payment = row.payment.ok_or("never tried: a payment run takes it");
        match (blocked, payment) {
            (Some(reason), _) | (None, Err(reason)) => Item::unavailable('1', label, reason),
            (None, Ok(payment)) => {
                let mut lines = vec![Line::of(format!("1 payment · {money}"), theme::BOLD)];
                lines.extend(NEW_PAYMENT.map(Line::plain));
                let op = cx.operation();
                let command = Command::RetryPayments { payments: vec![payment] };
                let ask = Ask::heavy("Retry 1", "charge", lines, 1, op, command);
                Item::new('1', label, Intent::Open(Box::new(Modal::Ask(Box::new(ask)))))
            }
        }
    }

    /// Asks about what is marked, wherever it stands in the list; what is taken and what is left out
    /// is read now.
    pub(super) fn try_marked(&self, by: NextAction, cx: &mut Cx) {
        let ids: Vec<DocumentId> = self.list.targets().iter().map(|m| DocumentId(m.id)).collect();
        let (n, op) = (counted(ids.len(), "marked row", "marked rows"), cx.operation());
        let (payments, beyond) = (Vec::new(), self.list.beyond());
        let ask = if by == NextAction::LookUp {
            let lines = vec![Line::plain("Each is looked up at the gateway; nothing is charged.")];
            let command = Command::Reconcile { payments };
            Ask::reading(format!("Look up {n}{beyond}"), "look up", op, command).lines(lines)
        } else {
            let command = Command::RetryPayments { payments };
            let lines = NEW_PAYMENT.map(Line::plain).to_vec();
            Ask::reading(format!("Retry {n}{beyond}"), "charge", op, command).lines(lines)
        };
        cx.open.push(Modal::Ask(Box::new(ask)));
        cx.load(ScreenId::Failed, Part::Dialog, Query::Tries(ids, by));
    }

    /// Asks about a whole group; count and money are those of the group, read now.
    pub(super) fn retry_group(group: NextAction, cx: &mut Cx) {
        let words = group.as_str().replace('_', " ");
        let (verb, line) = if group == NextAction::LookUp {
            ("look up", "Each is looked up at the gateway; nothing is charged.")
        } else {
            ("charge", "Each is a new payment with a new key; amounts are read again then.")
        };
        let op = cx.operation();
        let ask =
            Ask::reading(format!("The group “{words}”"), verb, op, Command::RetryGroup { group });
        cx.open.push(Modal::Ask(Box::new(ask.lines(vec![Line::plain(line)]))));
        let filter = Filter::parse(&format!("status:failed group:{group}")).unwrap_or_default();
        cx.load(ScreenId::Failed, Part::Dialog, Query::Totals(ListName::Failed, filter));
    }
}
