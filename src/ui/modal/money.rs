//! The payments of an account or a document in a list, what can be done to one, and the forms for it.

use super::ask::Ask;
use super::choice::{Choice, Item};
use super::form::Field;
use super::purpose::{Purpose, form, why};
use super::typed::{Label, Refusal, Typed};
use super::{Intent, Modal};
use crate::domain::actor::Verb;
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
    /// A person found that it was charged: reference, day, where that was seen.
    Charged(PaymentId),
    /// Or was not: where that was seen.
    NotCharged(PaymentId),
}

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
    if matches!(row.status, PaymentStatus::Unknown | PaymentStatus::Submitted) {
        return answers(row, cx);
    }
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

/// What a person may have found out of a payment that nobody has answered for.
fn answers(row: &Paid, cx: &mut Cx) -> Vec<Item> {
    let open = |modal| Intent::Open(Box::new(modal));
    vec![
        Item::new('c', "it was charged: the money came…", open(found(row, true, cx))),
        Item::new('n', "it was not charged…", open(found(row, false, cx))),
    ]
}

/// The form that says whether it was charged.
pub(super) fn found(row: &Paid, charged: bool, cx: &mut Cx) -> Modal {
    let seen = Field::new(Label::SEEN, "", "where: the gateway's page, a statement, a ticket");
    if !charged {
        let purpose = Purpose::Money(MoneyForm::NotCharged(row.id));
        return form(format!("{} was not charged", row.id), purpose, vec![seen], cx);
    }
    let fields = vec![
        Field::new(Label::REFERENCE, "", "what it is called there"),
        Field::new(Label::CHARGED_ON, "", "the day of the charge there; empty: today"),
        seen,
    ];
    let purpose = Purpose::Money(MoneyForm::Charged(row.id));
    form(format!("{} was charged", row.id), purpose, fields, cx)
}

/// The form that gives money of a payment back.
pub(super) fn refund(row: &Paid, cx: &mut Cx) -> Modal {
    let most = sum(row, row.left_minor);
    let mut memo = Field::words(Label::MEMO, &MEMO);
    "Space changes; with memo the invoice stays paid".clone_into(&mut memo.hint);
    let mut fields = vec![
        Field::new(Label::AMOUNT, row.currency.plain(row.left_minor), &format!("at most {most}")),
        memo,
        Field::new(Label::REASON, "", "why; kept, and printed on the memo"),
    ];
    let mut purpose = MoneyForm::Refund(row.id, row.currency);
    if row.outside {
        purpose = MoneyForm::PayBack(row.id, row.currency);
        let hint = "the day a person pays it back";
        fields.push(Field::new(Label::PAID_OUT_ON, cx.now.today.to_string(), hint));
    }
    let title = format!("Refund {} ({most} may go back)", row.id);
    form(title, Purpose::Money(purpose), fields, cx)
}

/// The form that pays out what is left of a credit memo.
pub fn pay_out(memo: DocumentId, number: &str, left: Money, cx: &mut Cx) -> Modal {
    let by = "transfer by a person, or P-000012: that money goes back";
    let fields = vec![
        Field::new(Label::AMOUNT, left.plain(), &format!("at most {left}")),
        Field::new(Label::BY, "transfer", by),
        why(),
        Field::new(Label::PAID_OUT_ON, cx.now.today.to_string(), "the day of the transfer"),
    ];
    let purpose = Purpose::Money(MoneyForm::PayOut(memo, left.currency));
    form(format!("Pay out {number} ({left} are left)"), purpose, fields, cx)
}

/// The form that takes a payment off one of the documents that it pays.
pub(super) fn take_off(
    row: &Paid,
    (id, number, minor): &(DocumentId, String, i64),
    cx: &mut Cx,
) -> Modal {
    let most = sum(row, *minor);
    let fields = vec![
        Field::new(Label::AMOUNT, row.currency.plain(*minor), &format!("at most {most}")),
        why(),
    ];
    let purpose = Purpose::Money(MoneyForm::Unapply(row.id, *id, row.currency));
    form(format!("Take {} off {number}: it is owed again", row.id), purpose, fields, cx)
}

fn unapply(row: &Paid, cx: &mut Cx) -> Modal {
    if let [only] = row.pays.as_slice() {
        return take_off(row, only, cx);
    }
    let items = row.pays.iter().map(|paid| {
        let intent = Intent::Open(Box::new(take_off(row, paid, cx)));
        let (label, hint) = (paid.1.clone(), sum(row, paid.2));
        Item { key: None, label, hint, intent: Some(intent) }
    });
    let items = items.collect();
    Modal::Choice(Choice::new(format!("Take {} off", row.id), items))
}

/// The form that moves what is unapplied to another account.
pub(super) fn moving(row: &Paid, cx: &mut Cx) -> Modal {
    let most = sum(row, row.free_minor);
    let fields = vec![
        Field::account(Label::TO_ACCOUNT, "number, or letters of the name"),
        Field::new(Label::AMOUNT, row.currency.plain(row.free_minor), &format!("at most {most}")),
        why(),
    ];
    let purpose = Purpose::Money(MoneyForm::Move(row.id, row.currency));
    form(format!("Move {} of {}", most, row.id), purpose, fields, cx)
}

/// The form that applies a payment to an open document.
pub(super) fn apply_to(
    row: &Paid,
    (id, number, balance_minor): &(DocumentId, String, i64),
    cx: &mut Cx,
) -> Modal {
    let fits = row.free_minor.min(*balance_minor);
    let (open, free) = (sum(row, *balance_minor), sum(row, row.free_minor));
    let hint = format!("open {open}, unapplied {free}");
    let fields = vec![Field::new(Label::AMOUNT, row.currency.plain(fits), &hint)];
    let purpose = Purpose::Money(MoneyForm::Apply(row.id, *id, row.currency));
    form(format!("Apply {} to {number}", row.id), purpose, fields, cx)
}

fn apply(row: &Paid, owed: &[(DocumentId, String, i64)], cx: &mut Cx) -> Modal {
    let items = owed.iter().map(|one| {
        let (form, number, balance_minor) = (apply_to(row, one, cx), &one.1, &one.2);
        let (intent, hint) = (Intent::Open(Box::new(form)), sum(row, *balance_minor));
        Item { key: None, label: number.clone(), hint, intent: Some(intent) }
    });
    let items = items.collect();
    Modal::Choice(Choice::new(
        format!("Apply {} of {} to", sum(row, row.free_minor), row.id),
        items,
    ))
}

impl MoneyForm {
    /// The deed that its values make, or the field that is wrong and why.
    fn deed(&self, v: Typed) -> Result<MoneyDeed, Refusal> {
        let why = || v.needed(Label::REASON, "the reason");
        let amount = |currency: &Currency| v.amount_or_all(Label::AMOUNT, *currency);
        Ok(match self {
            Self::Refund(payment, currency) | Self::PayBack(payment, currency) => {
                MoneyDeed::Refund {
                    payment: *payment,
                    amount: amount(currency)?,
                    on: match self {
                        Self::PayBack(..) => v.day(Label::PAID_OUT_ON)?,
                        _ => None,
                    },
                    then: if v.text(Label::MEMO)? == MEMO[1] {
                        Refunded::WithMemo
                    } else {
                        Refunded::OwedAgain
                    },
                    reason: why()?,
                }
            }
            Self::PayOut(memo, currency) => MoneyDeed::PayOut {
                memo: *memo,
                amount: amount(currency)?,
                by: way(&v.text(Label::BY)?).map_err(|e| (Label::BY, e))?,
                reason: why()?,
                on: v.day(Label::PAID_OUT_ON)?,
            },
            Self::Unapply(payment, from, currency) => MoneyDeed::Unapply {
                payment: *payment,
                from: *from,
                amount: amount(currency)?,
                reason: why()?,
            },
            Self::Move(payment, currency) => MoneyDeed::Move {
                payment: *payment,
                to: v.needed(Label::TO_ACCOUNT, "the account")?,
                amount: amount(currency)?,
                reason: why()?,
            },
            Self::Apply(payment, to, currency) => {
                MoneyDeed::Apply { payment: *payment, to: *to, amount: amount(currency)? }
            }
            Self::Charged(payment) => MoneyDeed::Found {
                payment: *payment,
                charged: Some(v.needed(Label::REFERENCE, "the reference")?),
                on: v.day(Label::CHARGED_ON)?,
                evidence: v.needed(Label::SEEN, "where that was seen")?,
            },
            Self::NotCharged(payment) => MoneyDeed::Found {
                payment: *payment,
                charged: None,
                on: None,
                evidence: v.needed(Label::SEEN, "where that was seen")?,
            },
        })
    }

    /// The verb that its deed is authorized for.
    pub(super) fn verb(&self) -> Verb {
        match self {
            Self::Refund(..) | Self::PayBack(..) | Self::PayOut(..) => Verb::Refund,
            Self::Unapply(..) | Self::Move(..) | Self::Apply(..) => Verb::OutsidePayment,
            Self::Charged(_) | Self::NotCharged(_) => Verb::Reconcile,
        }
    }

    /// What its values want done: it is asked first, with its figures.
    pub(super) fn build(&self, v: Typed, cx: &mut Cx) -> Result<Intent, Refusal> {
        let deed = self.deed(v)?;
        let title = match self {
            Self::Refund(id, _) | Self::PayBack(id, _) => format!("Refund {id}"),
            Self::PayOut(..) => "Pay out what is left of a credit memo".to_owned(),
            Self::Move(id, _) => format!("Move {id}"),
            Self::Unapply(id, ..) => format!("Take off {id}"),
            Self::Apply(id, ..) => format!("Apply {id}"),
            Self::Charged(id) => format!("{id} was charged"),
            Self::NotCharged(id) => format!("{id} was not charged"),
        };
        cx.load(ScreenId::Accounts, Part::Dialog, Ahead::Money(deed.clone()));
        let ask = Ask::reading(title, "do it", cx.operation(), Command::Money(deed));
        Ok(Intent::Open(Box::new(Modal::Ask(Box::new(ask)))))
    }

    /// The field that an error of the book is about.
    pub(super) fn field_of(&self, code: &str) -> Option<Label> {
        match (self, code) {
            (Self::Charged(_), "bad_date") => Some(Label::CHARGED_ON),
            (Self::Charged(_) | Self::NotCharged(_), "no_evidence") => Some(Label::SEEN),
            (Self::Charged(_) | Self::NotCharged(_), _) => None,
            (_, "too_much" | "bad_amount" | "not_applied" | "nothing_unapplied") => {
                Some(Label::AMOUNT)
            }
            (Self::Apply(..), "no_reason" | "bad_text") => None,
            (_, "no_reason" | "bad_text") => Some(Label::REASON),
            (Self::Move(..), "unknown_account" | "same_account" | "other_currency") => {
                Some(Label::TO_ACCOUNT)
            }
            (Self::PayOut(..), "not_found" | "other_account" | "wrong_state") => Some(Label::BY),
            (Self::PayBack(..) | Self::PayOut(..), "bad_date") => Some(Label::PAID_OUT_ON),
            _ => None,
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
