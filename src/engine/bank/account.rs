//! Our accounts at banks: whose statements are read, and where their money is in the ledger.

use crate::domain::actor::Verb;
use crate::domain::e_invoice::is_iban;
use crate::domain::money::Currency;
use crate::engine::{Error, Session};
use crate::store::bank::{self, BankAccount};

/// Names that the ledger has for other money.
const TAKEN: [&str; 4] = ["outside", "bank", "sandbox", "stripe"];
/// The longest name.
const LONGEST: usize = 40;

/// Adds one; gives it, and what is odd about its number.
pub fn add(
    session: &mut Session,
    name: &str,
    currency: &str,
    number: &str,
) -> Result<(BankAccount, String), Error> {
    let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || name.len() > LONGEST || !name.chars().all(fine) || TAKEN.contains(&name) {
        return Err(Error::usage(
            "bad_name",
            format!("{name:?} is no name of a bank account"),
            format!(
                "letters, digits, - _ and . up to {LONGEST}, none of {}: it is in the ledger as cash:NAME",
                TAKEN.join(", ")
            ),
        ));
    }
    let currency = Currency::parse(&currency.to_uppercase()).ok_or_else(|| {
        let hint = "an ISO code, such as EUR";
        Error::usage("bad_currency", format!("{currency:?} is no currency"), hint)
    })?;
    let number: String = number.chars().filter(|c| !c.is_whitespace()).collect();
    let number = number.to_uppercase();
    if number.len() > 60 || !number.chars().all(|c| c.is_ascii_alphanumeric() || "-/.".contains(c))
    {
        let hint = "an IBAN, or the number of the account as its statements have it";
        return Err(Error::usage("bad_number", format!("{number:?} is no number"), hint));
    }
    let odd = if number.is_empty() || is_iban(&number) {
        String::new()
    } else {
        format!("{number} is no IBAN whose check digits are right; statements must say just that")
    };
    let made = session.write(Verb::Settings, |tx| {
        if bank::named(tx, name)?.is_some() {
            let hint = "daybook bank account list";
            return Err(Error::usage("exists", format!("there is a bank account {name}"), hint));
        }
        if bank::numbered(tx, &number)?.iter().any(|other| other.currency == currency) {
            let words = format!("{number} in {currency} is a bank account already");
            return Err(Error::usage("exists", words, "daybook bank account list"));
        }
        let made = bank::add(tx, name, &number, currency)?;
        tx.note(name, format!("bank account {name} in {currency} added"));
        Ok(made)
    })?;
    Ok((made, odd))
}
