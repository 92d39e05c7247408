//! What of a posted invoice was wrong, and what is right: `--set FIELD=VALUE` of `invoice reissue`.

use crate::domain::account::AccountTerms;
use crate::domain::ids::DocumentId;
use crate::engine::Error;
use crate::import::account;
use serde::{Deserialize, Serialize};

/// A posted invoice that is issued anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reissue {
    /// The invoice.
    pub document: DocumentId,
    /// Its order number; none: as it is.
    pub po_number: Option<String>,
    /// What is put right of the account, from today on: column of accounts.csv and value.
    pub account: Vec<(String, String)>,
    /// Why; kept with the memo.
    pub reason: String,
}

/// The columns of accounts.csv that an invoice shows and a wrong invoice is wrong in.
pub const FIELDS: [&str; 11] = [
    "name",
    "tax_id",
    "address1",
    "address2",
    "postcode",
    "city",
    "region",
    "country",
    "buyer_reference",
    "billing_contact",
    "register_id",
];

impl Reissue {
    /// With nothing put right yet.
    pub fn new(document: DocumentId, reason: &str) -> Self {
        let reason = reason.to_owned();
        Self { document, po_number: None, account: Vec::new(), reason }
    }

    /// Takes one `FIELD=VALUE`. `address` stands for both lines of the address, parted by `;`.
    pub fn set(&mut self, field: &str, value: &str) -> Result<(), Error> {
        let value = value.trim();
        let mut put = |column: &str, value: &str| {
            self.account.retain(|(known, _)| known != column);
            self.account.push((column.to_owned(), value.to_owned()));
        };
        match field.trim() {
            "po_number" => self.po_number = Some(value.to_owned()),
            "address" => {
                let (first, second) = value.split_once(';').unwrap_or((value, ""));
                put("address1", first.trim());
                put("address2", second.trim());
            }
            column if FIELDS.contains(&column) => put(column, value),
            other => {
                return Err(Error::usage(
                    "bad_field",
                    format!("{other:?} is nothing that an invoice is issued anew for"),
                    format!("po_number, address, {}", FIELDS.join(", ")),
                ));
            }
        }
        Ok(())
    }

    /// Refuses an order number that no document has room for.
    pub fn checked(&self) -> Result<(), Error> {
        const MOST: usize = 200;
        match &self.po_number {
            Some(text) if text.chars().count() > MOST => Err(Error::usage(
                "bad_field",
                format!("a PO number has at most {MOST} characters"),
                "a shorter one",
            )),
            Some(_) | None => Ok(()),
        }
    }

    /// What a second person must say alike: all but the reason.
    pub fn with(&self) -> String {
        let account = self.account.iter().map(|(column, value)| format!("{column}={value}"));
        let po = self.po_number.iter().map(|po| format!("po_number={po}"));
        account.chain(po).collect::<Vec<_>>().join("; ")
    }

    /// What changes, one a line: `tax_id: DE1 becomes DE2, from today for all that follows`.
    pub fn changes(&self, terms: Option<&AccountTerms>, po_number: &str) -> Vec<String> {
        let said = |value: &str| if value.is_empty() { "nothing".to_owned() } else { value.into() };
        let held = terms.map(columns).unwrap_or_default();
        let mut lines = Vec::new();
        for (column, value) in &self.account {
            let was = held.iter().find(|(known, _)| known == column).map_or("", |(_, was)| was);
            if was != value {
                lines.push(format!("{column}: {} becomes {}", said(was), said(value)));
            }
        }
        if !lines.is_empty() {
            lines.push("the account has that from today on, for all that follows".to_owned());
        }
        if let Some(po) = self.po_number.as_deref().filter(|po| *po != po_number) {
            lines.push(format!("po_number: {} becomes {}", said(po_number), said(po)));
        }
        lines
    }
}

/// What an account has, by the columns of accounts.csv.
pub fn columns(terms: &AccountTerms) -> Vec<(&'static str, String)> {
    account::fields(terms)
}
