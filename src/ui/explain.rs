//! How a line's amount came about, in sentences, from the derivation stored with it.

use crate::domain::explain::Told;
use crate::domain::money::Currency;
use crate::store::document::{ItemRow, Origin};

/// The steps to the amount of a line of these.
pub fn words(item: &ItemRow, items: &[ItemRow], currency: Currency) -> Vec<String> {
    let derivation = match item.derivation.kept() {
        Ok(Some(derivation)) => derivation,
        Ok(None) => return vec!["How it came about was not kept.".to_owned()],
        Err(_) => return vec!["How it came about cannot be read.".to_owned()],
    };
    let Some((from, to)) = item.service() else {
        return vec![if item.origin == Origin::Hand {
            "This line was written by hand.".to_owned()
        } else {
            format!("{} × {}", item.quantity.normalize(), item.unit_price.normalize())
        }];
    };
    let mut out = derivation.words(&Told {
        currency,
        description: &item.description,
        discounted: item.discounted(items),
        from,
        to,
        amount_minor: item.amount_minor,
    });
    if item.origin == Origin::Edited {
        out.push("A clerk edited this line; the steps above are those of the bill run.".to_owned());
    }
    out
}
