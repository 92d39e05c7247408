//! The payments of an account or a document in a list, what can be done to one, and the forms for it.

use super::ask::Ask;
use super::choice::{Choice, Item};
use super::form::Field;
use super::purpose::{Purpose, Refusal, day, form, needed, text};
use super::{Intent, Modal};
use crate::domain::ids::{DocumentId, PaymentId};
use crate::domain::money::{Currency, Money};
use crate::domain::payment::PaymentStatus;
use crate::engine::command::{Command, MoneyDeed, PaidBy, Refunded};
use crate::engine::query::{Ahead, Paid, Payments, Query, Whose};
use crate::ui::msg::{Cx, Part, ScreenId};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What a form about money is for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum MoneyForm {
    /// Give money back: amount, memo, reason.
    Refund(PaymentId, Currency),
    /// The same of money that came outside: amount, memo, reason, day.
    PayBack(PaymentId, Currency),
    /// Pay out what is left of a credit memo: amount, how, reason, day.
    PayOut(DocumentId, Currency),
    /// Take it off a document: amount, reason.
    Unapply(PaymentId, DocumentId, Currency),
    /// Move it to another account: account, amount, reason.
    Move(PaymentId, Currency),
    /// Apply it to a document: amount.
    Apply(PaymentId, DocumentId, Currency),
}

const WHY: &str = "why; the trail keeps it";
const MEMO: [&str; 2] = ["without memo", "with memo"];

/// Asks for payments and opens the list that they come into.
pub fn ask_for(title: String, whose: Whose, screen: ScreenId, cx: &mut Cx) {
    cx.load(screen, Part::Dialog, Query::Payments(whose));
    cx.open.push(Modal::Choice(Choice::waiting(title)));
}

/// The list; of one payment at once what can be done to it. Gives a heading where it is another.
pub(super) fn items(of: &Arc<Payments>, cx: &mut Cx) -> (Option<String>, Vec<Item>) {
    match of.rows.as_slice() {
        [] => (None, vec![Item::unavailable(' ', "no payment yet", "")]),
        [only] => (Some(called(only)), deeds(of, only, cx)),
        rows => {
            let money: Vec<String> = rows.iter().map(|r| sum(r, r.amount_minor)).collect();
            let widest = money.iter().map(String::len).max().unwrap_or(0);
            let mut list: Vec<Item> = rows
                .iter()
                .zip(money)
                .enumerate()
                .map(|(at, (row, money))| {
                    let day =
                        row.came_on.map(|d| d.format(" %y-%m-%d").to_string()).unwrap_or_default();
                    Item {
                        key: None,
                        label: format!("{money:>widest$} {}{day}", row.id),
                        hint: state(row),
                        intent: Some(Intent::Payment(Arc::clone(of), at)),
                    }
                })
                .collect();
            if of.older > 0 {
                let more = format!("and {} older", of.older);
                list.push(Item::unavailable(' ', more, "payment list"));
            }
            (None, list)
        }
    }
}

fn sum(row: &Paid, minor: i64) -> String {
    format!("{} {}", row.currency.grouped(minor), row.currency)
}

/// Where a payment stands, shortly.
fn state(row: &Paid) -> String {
    match (row.status, row.pays.as_slice()) {
        (PaymentStatus::Approved, _) if row.free_minor > 0 => {
            format!("{} free", row.currency.grouped(row.free_minor))
        }
        (PaymentStatus::Approved, [(_, number, _)]) => number.clone(),
        (PaymentStatus::Approved, []) => "went back".to_owned(),
        (PaymentStatus::Approved, many) => format!("{} invoices", many.len()),
        (status, _) => status.as_str().to_lowercase(),
    }
}

fn called(row: &Paid) -> String {
    format!("{} {} {}", row.id, sum(row, row.amount_minor), row.by)
}

/// What can be done to one of the list.
pub fn menu(of: &Payments, at: usize, cx: &mut Cx) -> Option<Modal> {
    let row = of.rows.get(at)?;
    Some(Modal::Choice(Choice::new(called(row), deeds(of, row, cx))))
}

fn deeds(of: &Payments, row: &Paid, cx: &mut Cx) -> Vec<Item> {
    let status = row.status.as_str().to_lowercase();
    let approved = row.status == PaymentStatus::Approved;
    let open = |modal| Intent::Open(Box::new(modal));
    let may = |can: bool, why: &str| match (approved, can) {
        (true, true) => None,
        (true, false) => Some(why.to_owned()),
        (false, _) => Some(status.clone()),
    };
    let item = |key, label: &str, not: Option<String>, hint: String, modal| match not {
        Some(why) => Item::unavailable(key, label, why),
        None => Item::new(key, label, open(modal)).hint(hint),
    };
    let free = format!("{} unapplied", row.currency.grouped(row.free_minor));
    let owed = of.owed.iter().filter(|o| o.currency == row.currency);
    let owed: Vec<_> = owed.map(|o| (o.id, o.number.clone(), o.balance_minor)).collect();
    let off = match row.pays.as_slice() {
        [(_, number, _)] => format!("take off {number}…"),
        _ => "take off an invoice…".to_owned(),
    };
    let nothing_free = if row.free_minor > 0 { "nothing owed" } else { "nothing unapplied" };
    let back = format!("{} may go back", row.currency.grouped(row.left_minor));
    vec![
        item('r', "refund…", may(row.left_minor > 0, "nothing left"), back, refund(row, cx)),
        item('u', &off, may(!row.pays.is_empty(), "pays nothing"), String::new(), unapply(row, cx)),
        item(
            'm',
            "move to another account…",
            may(row.free_minor > 0, "nothing unapplied"),
            free.clone(),
            moving(row, cx),
        ),
        item(
            'a',
            "apply to an open invoice…",
            may(row.free_minor > 0 && !owed.is_empty(), nothing_free),
            free,
            apply(row, &owed, cx),
        ),
    ]
}

fn refund(row: &Paid, cx: &mut Cx) -> Modal {
    let most = sum(row, row.left_minor);
    let mut memo = Field::words("memo", &MEMO);
    "Space changes; with memo the invoice stays paid".clone_into(&mut memo.hint);
    let mut fields = vec![
        Field::new("amount", row.currency.plain(row.left_minor), &format!("at most {most}")),
        memo,
        Field::new("reason", "", "why; kept, and printed on the memo"),
    ];
    let mut purpose = MoneyForm::Refund(row.id, row.currency);
    if row.outside {
        purpose = MoneyForm::PayBack(row.id, row.currency);
        let hint = "the day a person pays it back";
        fields.push(Field::new("paid out on", cx.now.today.to_string(), hint));
    }
    let title = format!("Refund {} ({most} may go back)", row.id);
    form(title, Purpose::Money(purpose), fields, cx)
}

/// The form that pays out what is left of a credit memo.
pub fn pay_out(memo: DocumentId, number: &str, left: Money, cx: &mut Cx) -> Modal {
    let by = "transfer by a person, or P-000012: that money goes back";
    let fields = vec![
        Field::new("amount", left.plain(), &format!("at most {left}")),
        Field::new("by", "transfer", by),
        Field::new("reason", "", WHY),
        Field::new("paid out on", cx.now.today.to_string(), "the day of the transfer"),
    ];
    let purpose = Purpose::Money(MoneyForm::PayOut(memo, left.currency));
    form(format!("Pay out {number} ({left} are left)"), purpose, fields, cx)
}

fn unapply(row: &Paid, cx: &mut Cx) -> Modal {
    let one = |(id, number, minor): &(DocumentId, String, i64), cx: &mut Cx| {
        let most = sum(row, *minor);
        let fields = vec![
            Field::new("amount", row.currency.plain(*minor), &format!("at most {most}")),
            Field::new("reason", "", WHY),
        ];
        let purpose = Purpose::Money(MoneyForm::Unapply(row.id, *id, row.currency));
        form(format!("Take {} off {number}: it is owed again", row.id), purpose, fields, cx)
    };
    if let [only] = row.pays.as_slice() {
        return one(only, cx);
    }
    let items = row.pays.iter().map(|paid| {
        let intent = Intent::Open(Box::new(one(paid, cx)));
        let (label, hint) = (paid.1.clone(), sum(row, paid.2));
        Item { key: None, label, hint, intent: Some(intent) }
    });
    let items = items.collect();
    Modal::Choice(Choice::new(format!("Take {} off", row.id), items))
}

fn moving(row: &Paid, cx: &mut Cx) -> Modal {
    let most = sum(row, row.free_minor);
    let fields = vec![
        Field::account("to account", "number, or letters of the name"),
        Field::new("amount", row.currency.plain(row.free_minor), &format!("at most {most}")),
        Field::new("reason", "", WHY),
    ];
    let purpose = Purpose::Money(MoneyForm::Move(row.id, row.currency));
    form(format!("Move {} of {}", most, row.id), purpose, fields, cx)
}

fn apply(row: &Paid, owed: &[(DocumentId, String, i64)], cx: &mut Cx) -> Modal {
    let items = owed.iter().map(|(id, number, balance_minor)| {
        let fits = row.free_minor.min(*balance_minor);
        let hint =
            format!("open {}, unapplied {}", sum(row, *balance_minor), sum(row, row.free_minor));
        let fields = vec![Field::new("amount", row.currency.plain(fits), &hint)];
        let purpose = Purpose::Money(MoneyForm::Apply(row.id, *id, row.currency));
        let form = form(format!("Apply {} to {number}", row.id), purpose, fields, cx);
        let (intent, hint) = (Intent::Open(Box::new(form)), sum(row, *balance_minor));
        Item { key: None, label: number.clone(), hint, intent: Some(intent) }
    });
    let items = items.collect();
    Modal::Choice(Choice::new(
        format!("Apply {} of {} to", sum(row, row.free_minor), row.id),
        items,
    ))
}

/// An amount; empty = all.
fn amount(v: &[String], at: usize, currency: Currency) -> Result<Option<Money>, Refusal> {
    let typed = text(v, at);
    if typed.is_empty() {
        return Ok(None);
    }
    currency.read(&typed).map(Some).map_err(|e| (at, e.to_string()))
}

impl MoneyForm {
    /// The deed that its values make, or the field that is wrong and why.
    fn deed(&self, v: &[String]) -> Result<MoneyDeed, Refusal> {
        let why = |at| needed(v, at, "the reason");
        Ok(match self {
            Self::Refund(payment, currency) | Self::PayBack(payment, currency) => {
                MoneyDeed::Refund {
                    payment: *payment,
                    amount: amount(v, 0, *currency)?,
                    on: day(v, 3)?,
                    then: if text(v, 1) == MEMO[1] {
                        Refunded::WithMemo
                    } else {
                        Refunded::OwedAgain
                    },
                    reason: why(2)?,
                }
            }
            Self::PayOut(memo, currency) => MoneyDeed::PayOut {
                memo: *memo,
                amount: amount(v, 0, *currency)?,
                by: way(&text(v, 1)).map_err(|e| (1, e))?,
                reason: why(2)?,
                on: day(v, 3)?,
            },
            Self::Unapply(payment, from, currency) => MoneyDeed::Unapply {
                payment: *payment,
                from: *from,
                amount: amount(v, 0, *currency)?,
                reason: why(1)?,
            },
            Self::Move(payment, currency) => MoneyDeed::Move {
                payment: *payment,
                to: needed(v, 0, "the account")?,
                amount: amount(v, 1, *currency)?,
                reason: why(2)?,
            },
            Self::Apply(payment, to, currency) => {
                MoneyDeed::Apply { payment: *payment, to: *to, amount: amount(v, 0, *currency)? }
            }
        })
    }

    /// What its values want done: what cannot be taken back asks first, with its figures.
    pub(super) fn build(&self, v: &[String], op: &str, cx: &mut Cx) -> Result<Intent, Refusal> {
        let deed = self.deed(v)?;
        let title = match self {
            Self::Refund(id, _) | Self::PayBack(id, _) => format!("Refund {id}"),
            Self::PayOut(..) => "Pay out what is left of a credit memo".to_owned(),
            Self::Move(id, _) => format!("Move {id}"),
            Self::Unapply(..) | Self::Apply(..) => {
                let command = Box::new(Command::Money(deed));
                return Ok(Intent::Commit { op: op.to_owned(), command });
            }
        };
        cx.load(ScreenId::Accounts, Part::Dialog, Ahead::Money(deed.clone()));
        let ask = Ask::reading(title, "do it", cx.operation(), Command::Money(deed));
        Ok(Intent::Open(Box::new(Modal::Ask(Box::new(ask)))))
    }

    /// The field that an error of the book is about.
    pub(super) fn field_of(&self, code: &str) -> Option<usize> {
        let (amount, reason, more) = match self {
            Self::Refund(..) => (0, 2, None),
            Self::PayBack(..) => (0, 2, Some(("bad_date", 3))),
            Self::PayOut(..) => (0, 2, Some(("bad_date", 3))),
            Self::Unapply(..) | Self::Apply(..) => (0, 1, None),
            Self::Move(..) => (1, 2, None),
        };
        match code {
            "too_much" | "bad_amount" | "not_applied" | "nothing_unapplied" => Some(amount),
            "no_reason" | "bad_text" => Some(reason),
            "unknown_account" | "same_account" | "other_currency" => {
                matches!(self, Self::Move(..)).then_some(0)
            }
            "not_found" | "other_account" | "wrong_state" => {
                matches!(self, Self::PayOut(..)).then_some(1)
            }
            code => more.filter(|(named, _)| *named == code).map(|(_, at)| at),
        }
    }
}

fn way(typed: &str) -> Result<PaidBy, String> {
    if typed == "transfer" || typed.is_empty() {
        return Ok(PaidBy::Transfer);
    }
    let id = PaymentId::parse(typed).map(PaidBy::Payment);
    id.ok_or_else(|| format!("{typed:?} is neither transfer nor a payment such as P-000012"))
}
