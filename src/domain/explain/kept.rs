//! A derivation as it lies in the book, read key by key: one that is flattened at reading keeps
//! everything twice before it knows what it is, and a posting reads every line.

use super::{
    Credit, Derivation, Fixed, Fraction, How, LineTax, Percent, Rated, Share, one, tier_text,
};
use crate::domain::charge::{Model, Tier};
use crate::domain::money::RoundingMode;
use crate::domain::proration::{Count, Months};
use rust_decimal::Decimal;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

/// [`Derivation`], with a key for each kind of line.
#[derive(Deserialize)]
pub(super) struct Kept {
    #[serde(rename = "h", default, deserialize_with = "there")]
    by_hand: bool,
    #[serde(rename = "p", default)]
    rated: Option<Box<Rated>>,
    #[serde(rename = "c", default)]
    credit: Option<Box<Credit>>,
    #[serde(rename = "d", default)]
    percent: Option<Percent>,
    #[serde(rename = "f", default)]
    fixed: Option<Fixed>,
    #[serde(rename = "r", default)]
    mode: RoundingMode,
    #[serde(rename = "i", default)]
    increment: Option<Decimal>,
    #[serde(rename = "x", default)]
    tax: Option<LineTax>,
}

/// Whether a key is there at all, whatever it holds.
fn there<'de, D: Deserializer<'de>>(value: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(value).map(|_| true)
}

impl TryFrom<Kept> for Derivation {
    type Error = &'static str;

    fn try_from(kept: Kept) -> Result<Self, Self::Error> {
        let how = match (kept.by_hand, kept.rated, kept.credit, kept.percent, kept.fixed) {
            (true, None, None, None, None) => How::ByHand,
            (false, Some(rated), None, None, None) => How::Rated(rated),
            (false, None, Some(credit), None, None) => How::Credit(credit),
            (false, None, None, Some(percent), None) => How::Percent(percent),
            (false, None, None, None, Some(fixed)) => How::Fixed(fixed),
            _ => return Err("it is of no kind, or of several"),
        };
        Ok(Self { how, mode: kept.mode, increment: kept.increment, tax: kept.tax })
    }
}

/// [`Rated`] with its share and how that was counted.
#[derive(Deserialize)]
pub(super) struct KeptRated {
    #[serde(rename = "m")]
    model: Model,
    #[serde(rename = "p", default)]
    price: Decimal,
    #[serde(rename = "q")]
    groups: Vec<(Decimal, u32)>,
    #[serde(rename = "n", default)]
    records: Option<u32>,
    #[serde(rename = "w", default)]
    uom: String,
    #[serde(rename = "t", default, with = "tier_text")]
    tiers: Vec<Tier>,
    #[serde(rename = "s", default)]
    package_size: Option<Decimal>,
    #[serde(rename = "u", default)]
    included_units: Option<Decimal>,
    #[serde(rename = "o", default)]
    overage_price: Option<Decimal>,
    #[serde(rename = "g", default)]
    part_of_prices: bool,
    #[serde(rename = "e", default)]
    earlier_minor: i64,
    #[serde(rename = "b", default = "one")]
    bases: Fraction,
    #[serde(rename = "f", default = "one")]
    of_period: Fraction,
    #[serde(rename = "k", default)]
    in_year: Option<i64>,
    #[serde(rename = "y", default)]
    days: Option<(i64, i64)>,
    #[serde(rename = "z", default)]
    months: Option<Months>,
    #[serde(rename = "h", default)]
    thirty: bool,
}

impl From<KeptRated> for Rated {
    fn from(k: KeptRated) -> Self {
        Self {
            model: k.model,
            price: k.price,
            groups: k.groups,
            records: k.records,
            uom: k.uom,
            tiers: k.tiers,
            package_size: k.package_size,
            included_units: k.included_units,
            overage_price: k.overage_price,
            part_of_prices: k.part_of_prices,
            share: Share {
                bases: k.bases,
                of_period: k.of_period,
                count: Count { days: k.days, months: k.months, thirty: k.thirty },
                in_year: k.in_year,
            },
            earlier_minor: k.earlier_minor,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_read_as_it_was_written_and_none_or_several_are_refused() {
        for text in [
            r#"{"h":null}"#,
            r#"{"p":{"m":"flat","p":"29.90","q":[["1",1]]},"x":{"c":"VAT","r":"19","n":"VAT","k":"standard"}}"#,
            r#"{"p":{"m":"per_unit","q":[["2",1],["3",2]],"n":4,"w":"GB","g":true,"b":[3,1],"f":[17,31],"y":[17,31],"z":{"w":1,"o":3},"h":true,"k":5,"e":-7},"i":"0.05"}"#,
            r#"{"c":{"b":100,"w":["2026-01-01","2026-01-31"],"k":[["2026-01-01","2026-01-09",9]],"l":50}}"#,
            r#"{"d":{"p":"10","b":1000,"s":["5",50],"e":[1,2]}}"#,
            r#"{"f":{"p":"5","f":[[[1,2],500]],"l":400}}"#,
        ] {
            let read: Derivation =
                serde_json::from_str(text).unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!(serde_json::to_string(&read).unwrap(), text);
        }
        for text in [
            "{}",
            r#"{"r":"half_up"}"#,
            r#"{"h":null,"d":{"p":"10","b":1000}}"#,
            r#"{"p":{"q":[["1",1]]}}"#,
            r#"{"p":null}"#,
            "null",
            "[]",
        ] {
            assert!(serde_json::from_str::<Derivation>(text).is_err(), "{text}");
        }
    }
}
