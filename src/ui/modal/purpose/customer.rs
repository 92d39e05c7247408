//! The forms about a customer: a promise, money received outside, addresses. Each is made here and
//! read here.

use super::{Label, Purpose, Refusal, Typed, form};
use crate::domain::ids::{AccountId, DocumentId};
use crate::domain::money::Currency;
use crate::engine::command::{Command, OutsidePayment};
use crate::ui::modal::Modal;
use crate::ui::modal::form::Field;
use crate::ui::msg::Cx;

/// Opens the form for a promise to pay.
pub fn promise(number: &str, document: DocumentId, currency: Currency, cx: &mut Cx) -> Modal {
    let fields = vec![
        Field::new(Label::BY, "", "a date such as 2026-01-31"),
        Field::new(Label::AMOUNT, "", "empty: all that is open"),
    ];
    form(format!("Promise for {number}"), Purpose::Promise(document, currency), fields, cx)
}

pub(super) fn promised(
    document: DocumentId,
    currency: Currency,
    v: Typed,
) -> Result<Command, Refusal> {
    let amount = v.amount_or_all(Label::AMOUNT, currency)?;
    Ok(Command::Promise { document, amount, on: v.needed_day(Label::BY, "the day")? })
}

/// Opens the form for the day through which the bank is read.
pub fn bank_read(cx: &mut Cx) -> Modal {
    let today = cx.now.today.to_string();
    let fields =
        vec![Field::new(Label::READ_UNTIL, today, "the last day of which all is in the book")];
    form("The bank is read", Purpose::BankRead, fields, cx)
}

/// Opens the form for money received outside the gateways; `whose` ends its title, `amount` is what it
/// starts as.
pub fn outside(
    whose: &str,
    account: AccountId,
    documents: Vec<DocumentId>,
    (currency, amount): (Currency, String),
    cx: &mut Cx,
) -> Modal {
    let fields = vec![
        Field::new(Label::AMOUNT, amount, "what arrived"),
        Field::new(Label::RECEIVED_ON, cx.now.today.to_string(), "the day it arrived"),
        Field::new(Label::REFERENCE, "", "what the bank statement says"),
    ];
    let purpose = Purpose::Outside { account, documents, currency };
    form(format!("Received {whose}"), purpose, fields, cx)
}

pub(super) fn received(
    account: AccountId,
    documents: &[DocumentId],
    currency: Currency,
    v: Typed,
    cx: &Cx,
) -> Result<Command, Refusal> {
    Ok(Command::RecordPayment(OutsidePayment {
        account,
        documents: documents.to_vec(),
        amount: v.amount(Label::AMOUNT, currency)?,
        received_on: v.day(Label::RECEIVED_ON)?.unwrap_or(cx.now.today),
        reference: v.needed(Label::REFERENCE, "the reference")?,
    }))
}

/// Opens the form for the e-mail addresses of an account.
pub fn email(account: &str, emails: &str, cx: &mut Cx) -> Modal {
    let hint = "several separated by ; copies that have not left follow";
    let fields = vec![Field::new(Label::EMAIL, emails, hint)];
    let purpose = Purpose::Email(account.to_owned(), emails.to_owned());
    form(format!("E-mail of {account}"), purpose, fields, cx)
}

pub(super) fn email_corrected(account: &str, was: &str, v: Typed) -> Result<Command, Refusal> {
    let emails = v.needed(Label::EMAIL, "the address")?;
    Ok(Command::CorrectEmail { account: account.to_owned(), was: was.to_owned(), emails })
}
