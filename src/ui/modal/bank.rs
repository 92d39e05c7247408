//! What a clerk says of a line of a bank: the candidates to choose from, and the forms.

use super::ask::{Ask, money_lines};
use super::choice::{Choice, Item};
use super::form::Field;
use super::purpose::{Purpose, form, why};
use super::typed::{Label, Refusal, Typed};
use super::{Intent, Modal};
use crate::domain::bank::LineState;
use crate::domain::ids::LineId;
use crate::domain::money::Money;
use crate::engine::command::{BankDeed, Command, Own};
use crate::engine::query::{Ahead, Candidate, Foretold, Told};
use crate::ui::msg::{Cx, Part, ScreenId};
use serde::{Deserialize, Serialize};

/// What a form about a line is for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum BankForm {
    /// A part of what there is of it is something: amount, invoices, account.
    Split(LineId, Money),
    /// Whose it is: account, invoices, amount.
    Identify(LineId, Money),
    /// It was not what it was matched to: reason.
    Unmatch(LineId),
    /// A statement: file.
    Load,
}

/// Opens the choice of what a line may be, or says why there is none.
pub fn choose(told: &Told, cx: &mut Cx) {
    let row = &told.row;
    let mut items: Vec<Item> = Vec::new();
    for (at, (one, foretold)) in (1..).zip(&told.may_be) {
        let key = char::from_digit(at, 10).filter(|_| at <= 9);
        let intent = Some(Intent::Open(Box::new(ask(one, foretold, cx))));
        items.push(Item { key, label: one.what(), hint: one.why.clone(), intent });
    }
    if row.unidentified_minor != 0 {
        let left = row.currency.amount(row.unidentified_minor);
        let form = identify(row.id, left, cx);
        if left.minor > 0 {
            items.push(Item::new('i', "another account's…", Intent::Open(Box::new(form))));
        }
        items.push(Item::new('x', "our own…", Intent::Open(Box::new(own(row.id, left, cx)))));
    }
    if items.is_empty() {
        return cx.say(match row.state {
            LineState::Unapplied => format!(
                "{} owes nothing: its next invoice takes it; u takes it back",
                row.account_number
            ),
            state => format!("{} is {state}: u takes that back", row.id),
        });
    }
    let money = row.currency.amount(match row.unidentified_minor {
        0 => row.amount_minor,
        left => left,
    });
    let whose = if row.payer.is_empty() { String::new() } else { format!(" of {}", row.payer) };
    let asks = if row.unidentified_minor == 0 { "what does it pay?" } else { "what is it?" };
    let title = format!("{} {money}{whose}: {asks}", row.id);
    cx.open.push(Modal::Choice(Choice::new(title, items)));
}

/// The question before one is booked.
fn ask(one: &Candidate, foretold: &Foretold, cx: &mut Cx) -> Modal {
    let title = format!("Book it as {}", one.what());
    let command = Command::Bank(one.deed.clone());
    let lines = money_lines(foretold);
    Modal::Ask(Box::new(Ask::heavy(title, foretold.verb, lines, 1, cx.operation(), command)))
}

/// Offers the likeliest; Enter books it. What no rule says is not offered so.
pub fn accept(told: &Told, cx: &mut Cx) {
    let row = &told.row;
    if row.unidentified_minor == 0 {
        return cx.say(match row.state {
            LineState::Unapplied => {
                format!("{} has it already: Enter shows what it owes", row.account_number)
            }
            state => format!("{} is {state} already", row.id),
        });
    }
    match told.may_be.first() {
        Some((one, foretold)) if one.is_by_rule() => {
            let command = Box::new(Command::Bank(one.deed.clone()));
            let intent = Intent::Commit { op: cx.operation(), command };
            let hint = foretold.then.join("; ");
            let items = vec![Item::new('y', foretold.what.clone(), intent).hint(hint)];
            let title = format!("Book {} by rule {}?", row.id, one.rule);
            cx.open.push(Modal::Choice(Choice::new(title, items)));
        }
        Some(_) => cx.say(format!(
            "no rule says what {} is, it only looks alike: Enter shows what it may be",
            row.id
        )),
        None => cx.say(format!(
            "nothing looks like {}: i says whose it is, x that it is our own",
            row.id
        )),
    }
}

/// The choice between a fee and a transfer; each books it.
pub fn own(line: LineId, left: Money, cx: &mut Cx) -> Modal {
    let amount = left.currency.amount(left.minor.abs());
    let items = [
        ('f', "a fee of the bank", "a cost: bank_fee", Own::Fee),
        ('t', "a transfer between our accounts", "it waits in transit", Own::Transfer),
    ]
    .map(|(key, label, hint, kind)| {
        let command = Box::new(Command::Bank(BankDeed::Own { line, kind, amount }));
        Item::new(key, label, Intent::Commit { op: cx.operation(), command }).hint(hint)
    });
    let title = format!("{left} of {line} are our own:");
    Modal::Choice(Choice::new(title, items.into()))
}

/// The form for a part of a line.
pub fn split(line: LineId, left: Money, cx: &mut Cx) -> Modal {
    let fields = vec![
        Field::new(Label::AMOUNT, "", &format!("a part of {left}; the rest stays as it is")),
        Field::new(Label::INVOICES, "", "what the part pays, by comma; empty: it stays unapplied"),
        Field::account(Label::ACCOUNT, "whose; empty: that of the invoices"),
    ];
    let title = format!("A part of {line} ({left})");
    form(title, Purpose::Bank(BankForm::Split(line, left)), fields, cx)
}

/// The form that says whose a line is.
pub fn identify(line: LineId, left: Money, cx: &mut Cx) -> Modal {
    let fields = vec![
        Field::account(Label::ACCOUNT, "number, or letters of the name"),
        Field::new(Label::INVOICES, "", "what it pays, by comma; empty: it stays unapplied"),
        Field::new(Label::AMOUNT, "", &format!("empty: all, {left}")),
    ];
    let title = format!("Whose are the {left} of {line}?");
    form(title, Purpose::Bank(BankForm::Identify(line, left)), fields, cx)
}

/// The form that takes back what a line was matched to.
pub fn unmatch(line: LineId, cx: &mut Cx) -> Modal {
    let title = format!("Take {line} back: it is nobody's again");
    form(title, Purpose::Bank(BankForm::Unmatch(line)), vec![why()], cx)
}

/// The form for a file of a bank.
pub fn load(cx: &mut Cx) -> Modal {
    let hint = "camt.053, .052 or .054, MT940, payments.csv: what it is says its content";
    let fields = vec![
        Field::new(Label::FILE, "", hint),
        Field::new(Label::BANK_ACCOUNT, "", "its name here; empty: as each statement says"),
    ];
    form("Read a statement of a bank", Purpose::Bank(BankForm::Load), fields, cx)
}

impl BankForm {
    fn deed(&self, v: Typed) -> Result<BankDeed, Refusal> {
        Ok(match self {
            Self::Split(line, left) | Self::Identify(line, left) => {
                let (whole, account) = match self {
                    Self::Identify(..) => (true, v.needed(Label::ACCOUNT, "the account")?),
                    _ => (false, v.text(Label::ACCOUNT)?),
                };
                if !whole {
                    v.needed(Label::AMOUNT, "the amount")?;
                }
                let amount = v.amount_or_all(Label::AMOUNT, left.currency)?.unwrap_or(*left);
                let documents = v.list(Label::INVOICES)?;
                if account.is_empty() && documents.is_empty() {
                    let words = "which invoices it pays, or whose it is, is missing";
                    return Err((Label::INVOICES, words.to_owned()));
                }
                BankDeed::Identify { line: *line, account, documents, amount }
            }
            Self::Unmatch(line) => {
                BankDeed::Unmatch { line: *line, reason: v.needed(Label::REASON, "the reason")? }
            }
            Self::Load => BankDeed::Load {
                file: v.needed(Label::FILE, "the file")?,
                account: v.text(Label::BANK_ACCOUNT)?,
            },
        })
    }

    /// What its values want done: what books is asked first, with its figures.
    pub(super) fn build(&self, v: Typed, op: &str, cx: &mut Cx) -> Result<Intent, Refusal> {
        let deed = self.deed(v)?;
        let title = match self {
            Self::Split(line, _) => format!("Book a part of {line}"),
            Self::Identify(line, _) => format!("Book {line}"),
            Self::Unmatch(_) | Self::Load => {
                let command = Box::new(Command::Bank(deed));
                return Ok(Intent::Commit { op: op.to_owned(), command });
            }
        };
        cx.load(ScreenId::Bank, Part::Dialog, Ahead::Bank(deed.clone()));
        let ask = Ask::reading(title, "book it", cx.operation(), Command::Bank(deed));
        Ok(Intent::Open(Box::new(Modal::Ask(Box::new(ask)))))
    }

    /// The field that an error of the book is about.
    pub(super) fn field_of(&self, code: &str) -> Option<Label> {
        match (self, code) {
            (Self::Split(..) | Self::Identify(..), "too_much" | "bad_amount") => {
                Some(Label::AMOUNT)
            }
            (Self::Split(..) | Self::Identify(..), "unknown_account" | "other_currency") => {
                Some(Label::ACCOUNT)
            }
            (
                Self::Split(..) | Self::Identify(..),
                "not_found" | "other_account" | "no_document",
            ) => Some(Label::INVOICES),
            (Self::Unmatch(_), "no_reason" | "bad_text") => Some(Label::REASON),
            (Self::Load, "unknown_bank_account") => Some(Label::BANK_ACCOUNT),
            (Self::Load, "io" | "bad_input" | "too_large" | "bad_statement") => Some(Label::FILE),
            _ => None,
        }
    }
}
