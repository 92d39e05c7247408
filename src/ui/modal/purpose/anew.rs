//! The form that issues a posted invoice anew: what it says of the customer, as the account has it today.

use super::{Label, Purpose, Refusal, Typed, form};
use crate::domain::account::AccountTerms;
use crate::domain::ids::DocumentId;
use crate::engine::command::{Command, Reissue};
use crate::engine::query::Ahead;
use crate::ui::modal::ask::Ask;
use crate::ui::modal::form::Field;
use crate::ui::modal::{Intent, Modal};
use crate::ui::msg::{Cx, Part, ScreenId};
use serde::{Deserialize, Serialize};

/// What the fields held when the form was opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// In the order of [`FIELDS`].
    account: Vec<String>,
    po_number: String,
}

/// Fields of the form, and the columns of accounts.csv behind them.
const FIELDS: [(Label, &str); 7] = [
    (Label::NAME, "name"),
    (Label::TAX_ID, "tax_id"),
    (Label::ADDRESS, "address1"),
    (Label::ADDRESS_MORE, "address2"),
    (Label::POSTCODE, "postcode"),
    (Label::CITY, "city"),
    (Label::BUYER_REFERENCE, "buyer_reference"),
];

/// Opens it.
pub fn reissue(
    document: DocumentId,
    label: String,
    (terms, po_number): (&AccountTerms, &str),
    cx: &mut Cx,
) -> Modal {
    let account: Vec<String> = [
        &terms.name,
        &terms.tax_id,
        &terms.address1,
        &terms.address2,
        &terms.postcode,
        &terms.city,
        &terms.legal.buyer_reference,
    ]
    .into_iter()
    .cloned()
    .collect();
    let mut fields: Vec<Field> = FIELDS
        .iter()
        .zip(&account)
        .map(|((label, _), value)| {
            Field::new(*label, value.as_str(), "of the account, from today on")
        })
        .collect();
    fields.push(Field::new(Label::PO_NUMBER, po_number, "of this invoice alone"));
    fields.push(Field::new(Label::REASON, "", "why; kept with the memo"));
    let title = format!("Issue {label} anew");
    let was = Said { account, po_number: po_number.to_owned() };
    form(title, Purpose::Reissue { document, label, was }, fields, cx)
}

pub(super) fn reissued(
    (document, label): (DocumentId, &str),
    was: &Said,
    v: Typed,
    cx: &mut Cx,
) -> Result<Intent, Refusal> {
    let mut new = Reissue::new(document, &v.needed(Label::REASON, "the reason")?);
    for ((label, column), was) in FIELDS.iter().zip(&was.account) {
        if v.changed(*label, was)? {
            new.account.push(((*column).to_owned(), v.text(*label)?));
        }
    }
    if v.changed(Label::PO_NUMBER, &was.po_number)? {
        new.po_number = Some(v.text(Label::PO_NUMBER)?);
    }
    let command = Command::Reissue(new.clone());
    let ask = Ask::reading(format!("Issue {label} anew?"), "issue anew", cx.operation(), command);
    cx.load(ScreenId::Invoices, Part::Dialog, Ahead::Reissue(new));
    Ok(Intent::Open(Box::new(Modal::Ask(Box::new(ask)))))
}
