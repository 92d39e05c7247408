//! The forms about an account itself: what its documents say of it, and what the law of invoices asks. What
//! was not touched stays.

use super::{Label, Purpose, Refusal, Typed, form};
use crate::domain::account::AccountTerms;
use crate::engine::command::{Command, columns};
use crate::ui::modal::choice::{Choice, Item};
use crate::ui::modal::form::Field;
use crate::ui::modal::{Intent, Modal};
use crate::ui::msg::Cx;
use serde::{Deserialize, Serialize};

/// Fields of both forms, the columns of accounts.csv behind them, and what goes there.
static FIELDS: [(Label, &str, &str); 18] = [
    (Label::NAME, "name", "as printed"),
    (Label::ADDRESS, "address1", "as printed"),
    (Label::ADDRESS_MORE, "address2", "a second line"),
    (Label::POSTCODE, "postcode", ""),
    (Label::CITY, "city", ""),
    (Label::REGION, "region", ""),
    (Label::COUNTRY, "country", "two letters, such as DE"),
    (Label::LANGUAGE, "language", "of its documents, such as de"),
    (Label::PO_NUMBER, "po_number", "of all its documents to come"),
    (Label::CUSTOMER_KIND, "customer_kind", "business, consumer or public"),
    (Label::TAX_ID, "tax_id", "with its country: DE123456789"),
    (Label::CHECKED_ON, "tax_id_checked_on", "when somebody looked whether it is valid"),
    (Label::EVIDENCE, "tax_id_evidence", "what was answered"),
    (Label::REGISTER_ID, "register_id", "SIREN, KvK, NIP …; with a scheme: 0002:123456789"),
    (Label::ELECTRONIC_ADDRESS, "electronic_address", "where e-invoices go: 0204:991-01234-44"),
    (Label::BUYER_REFERENCE, "buyer_reference", "what it wants to find on invoices; Leitweg-ID"),
    (Label::BILLING_CONTACT, "billing_contact", "whom invoices are for"),
    (
        Label::E_INVOICE,
        "e_invoice",
        "xrechnung, peppol, factur-x, ubl, cii, none; empty: as the book says",
    ),
];

/// How many of them the first form has.
const PRINTED: usize = 9;

/// Which of the two forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Part {
    Printed,
    Legal,
}

impl Part {
    fn fields(self) -> &'static [(Label, &'static str, &'static str)] {
        let (printed, legal) = FIELDS.split_at(PRINTED);
        match self {
            Self::Printed => printed,
            Self::Legal => legal,
        }
    }
}

/// The field that an import's refusal of a column is about.
pub(super) fn field_of(column: &str) -> Option<Label> {
    FIELDS.iter().find(|(_, known, _)| *known == column).map(|(label, ..)| *label)
}

/// Opens the choice between both.
pub fn account(number: &str, terms: &AccountTerms, cx: &mut Cx) -> Modal {
    let items = [
        ('n', "name, address, language, PO number…", Part::Printed),
        ('l', "what the law asks: kind, tax id, register, e-invoices…", Part::Legal),
    ]
    .map(|(key, words, which)| {
        let part = which.fields();
        let known = columns(terms);
        let value = |column: &str| {
            known.iter().find(|(c, _)| *c == column).map(|(_, v)| v.clone()).unwrap_or_default()
        };
        let was: Vec<String> = part.iter().map(|(_, column, _)| value(column)).collect();
        let inputs = part.iter().zip(&was);
        let inputs = inputs.map(|((label, _, hint), was)| Field::new(*label, was.as_str(), hint));
        let purpose = Purpose::Account(number.to_owned(), which, was.clone());
        let form = form(format!("Edit {number}"), purpose, inputs.collect(), cx);
        Item::new(key, words, Intent::Open(Box::new(form)))
    });
    Modal::Choice(Choice::new(format!("Edit {number}"), items.into()))
}

pub(super) fn edited(
    number: &str,
    (which, was): (Part, &[String]),
    v: Typed,
) -> Result<Command, Refusal> {
    let part = which.fields();
    let (mut before, mut set) = (Vec::new(), Vec::new());
    for ((label, column, _), was) in part.iter().zip(was) {
        if v.changed(*label, was)? {
            before.push(((*column).to_owned(), was.clone()));
            set.push(((*column).to_owned(), v.text(*label)?));
        }
    }
    let Some((label, ..)) = part.first().filter(|_| set.is_empty()) else {
        return Ok(Command::EditAccount { account: number.to_owned(), was: before, set });
    };
    Err((*label, "nothing was changed".to_owned()))
}
