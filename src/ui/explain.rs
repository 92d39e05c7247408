//! How a line's amount came about, in sentences, from the derivation stored with it.

use crate::domain::explain::{Derivation, Told};
use crate::domain::money::Currency;
use crate::store::read::invoice::ItemRow;

/// The steps to the amount of a line.
pub fn words(item: &ItemRow, currency: Currency) -> Vec<String> {
    let Ok(derivation) = serde_json::from_str::<Derivation>(&item.derivation) else {
        let words = if item.derivation.is_empty() { "was not kept" } else { "cannot be read" };
        return vec![format!("How it came about {words}.")];
    };
    let Some((from, to)) = item.service else {
        return vec![if item.origin == "hand" {
            "This line was written by hand.".to_owned()
        } else {
            format!("{} × {}", item.quantity.normalize(), item.unit_price.normalize())
        }];
    };
    let mut out = derivation.words(&Told {
        currency,
        description: &item.description,
        discounted: &item.discounted,
        from,
        to,
        amount_minor: item.amount_minor,
    });
    if item.origin == "edited" {
        out.push("A clerk edited this line; the steps above are those of the bill run.".to_owned());
    }
    out
}
