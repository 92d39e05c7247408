//! What a customer who pays by transfer quotes, and the code that fills in the transfer.

use super::e_invoice::modulo_97;
use super::money::{Currency, Money};
use serde::{Deserialize, Serialize};

text_enum! {
    /// How a payment reference is made of a document's number.
    Reference {
        /// The number itself.
        Number = "number",
        /// ISO 11649: `RF`, two check digits, the letters and digits of the number.
        Rf = "rf",
        /// The Belgian structured communication: ten digits and two check digits, `+++123/4567/89012+++`.
        Belgian = "belgian",
    }
}

/// Where a customer pays: what a document says of it, frozen at posting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayTo {
    /// Without blanks.
    pub iban: String,
    /// Without blanks; empty = none is said.
    pub bic: String,
    pub reference: Reference,
    /// Whether the code of the transfer is printed.
    pub code: bool,
}

/// What may follow `RF` and its check digits.
const LONGEST: usize = 21;

impl Reference {
    /// What is quoted for a document of this number; the number itself where it makes no reference.
    pub fn of(self, number: &str) -> String {
        let made = match self {
            Self::Number => None,
            Self::Rf => rf(number),
            Self::Belgian => belgian(number),
        };
        made.unwrap_or_else(|| number.to_owned())
    }
}

/// The end of a longer number tells documents apart.
fn rf(number: &str) -> Option<String> {
    let all: String = number.chars().filter(char::is_ascii_alphanumeric).collect();
    let body = all[all.len().saturating_sub(LONGEST)..].to_ascii_uppercase();
    if body.is_empty() {
        return None;
    }
    let check = 98 - modulo_97(&format!("{body}RF00"))?;
    Some(format!("RF{check:02}{body}"))
}

fn belgian(number: &str) -> Option<String> {
    let all: String = number.chars().filter(char::is_ascii_digit).collect();
    if all.is_empty() {
        return None;
    }
    let ten = format!("{:0>10}", &all[all.len().saturating_sub(10)..]);
    let check = match modulo_97(&ten)? {
        0 => 97,
        rest => rest,
    };
    Some(format!("+++{}/{}/{}{check:02}+++", &ten[..3], &ten[3..7], &ten[7..]))
}

/// As people read a long code: in groups of four.
pub fn in_fours(code: &str) -> String {
    let letters: Vec<char> = code.chars().collect();
    letters.chunks(4).map(|four| four.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

/// What the code of a transfer holds (EPC069-12, version 002, UTF-8); none where that scheme does not carry
/// the money: euro from a cent to 999,999,999.99 alone.
pub fn epc(to: &PayTo, holder: &str, sum: Money, reference: &str) -> Option<String> {
    let euro = sum.currency == Currency::parse("EUR")?;
    if !euro || !(1..=99_999_999_999).contains(&sum.minor) || holder.trim().is_empty() {
        return None;
    }
    let name: String = holder.chars().take(70).collect();
    // A number may begin with these letters as well.
    let structured = to.reference == Reference::Rf && reference.starts_with("RF");
    let (structured, free) = if structured { (reference, "") } else { ("", reference) };
    let amount = format!("EUR{}", sum.currency.plain(sum.minor));
    let lines = ["BCD", "002", "1", "SCT", &to.bic, &name, &to.iban, &amount, "", structured, free];
    Some(lines.join("\n").trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_has_its_check_digits() {
        for (kind, number, reference) in [
            (Reference::Rf, "539007547034", "RF18539007547034"),
            (Reference::Rf, "INV-2026-000001", "RF94INV2026000001"),
            (Reference::Belgian, "0909337554", "+++090/9337/55493+++"),
            (Reference::Belgian, "97", "+++000/0000/09797+++"),
            (Reference::Belgian, "INV-2026-000001", "+++202/6000/00192+++"),
            (Reference::Number, "INV-2026-000001", "INV-2026-000001"),
            (Reference::Rf, "", ""),
        ] {
            assert_eq!(kind.of(number), reference, "{number}");
        }
        assert_eq!(modulo_97("INV2026000001RF94"), Some(1));
        assert_eq!(in_fours("DE89370400440532013000"), "DE89 3704 0044 0532 0130 00");
    }

    #[test]
    fn the_code_of_a_transfer_holds_the_sum_and_the_reference() {
        let to = PayTo {
            iban: "DE89370400440532013000".to_owned(),
            bic: String::new(),
            reference: Reference::Rf,
            code: true,
        };
        let eur = Currency::parse("EUR").unwrap();
        let said = epc(&to, "Hafen GmbH", eur.amount(11_900), "RF18539007547034").unwrap();
        assert_eq!(
            said,
            "BCD\n002\n1\nSCT\n\nHafen GmbH\nDE89370400440532013000\nEUR119.00\n\nRF18539007547034"
        );
        let free = epc(&to, "Hafen GmbH", eur.amount(1), "INV-1").unwrap();
        assert!(free.ends_with("EUR0.01\n\n\nINV-1"), "{free}");
        let plain = PayTo { reference: Reference::Number, ..to.clone() };
        let numbered = epc(&plain, "Hafen GmbH", eur.amount(1), "RF-2026-1").unwrap();
        assert!(numbered.ends_with("EUR0.01\n\n\nRF-2026-1"), "{numbered}");
        assert_eq!(epc(&to, "Hafen GmbH", eur.amount(0), "INV-1"), None);
        let usd = Currency::parse("USD").unwrap();
        assert_eq!(epc(&to, "Hafen GmbH", usd.amount(1), "INV-1"), None);
    }
}
