//! An electronic invoice read back, strictly: an element that this program does not write is refused, and
//! everything it says is taken into the same model, to be added up anew.

use super::model::Bill;
use super::read_cii::cii;
use super::read_ubl::ubl;
use super::xml::{Node, ReadError};

/// What stands in an XML; units are codes, and whether prices held the tax is not told.
pub fn read(xml: &[u8]) -> Result<Bill, ReadError> {
    let root = Node::parse(xml)?;
    match root.name.as_str() {
        "Invoice" => ubl(root, false),
        "CreditNote" => ubl(root, true),
        "rsm:CrossIndustryInvoice" => cii(root),
        other => Err(ReadError::Unexpected(other.to_owned(), "the document".to_owned())),
    }
}
