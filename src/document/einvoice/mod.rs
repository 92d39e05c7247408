//! The electronic invoice: what is posted as the model of EN 16931-1, what keeps it from being valid or
//! true, written as UBL 2.1 or CII D16B, and read back.

mod check;
mod cii;
mod codes;
mod make;
mod model;
mod parse;
mod read;
mod read_cii;
mod read_ubl;
mod ubl;
mod xml;

pub use check::{Problem, problems};
pub use make::{Facts, FactsLine, addressed, bill};
pub use model::{Bill, Coded, Contact, Home, Means, Party, Row, TaxGroup};
pub use read::read;
pub use xml::ReadError;

/// The rules that what is written here follows; kept beside what was sent.
pub const RULES: &str = "EN 16931-1:2017, UBL 2.1, CII D16B, XRechnung 3.0, Peppol BIS Billing 3.0";

/// Writes a bill in its form: the XML, UTF-8.
pub fn write(bill: &Bill) -> Vec<u8> {
    if bill.form.is_cii() { cii::write(bill) } else { ubl::write(bill) }
}

#[cfg(test)]
mod tests;
