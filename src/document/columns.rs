//! The columns of the table of lines.

use super::printable::{Line, Printable};
use super::sheet::{Style, Type, bold, plain};
use super::texts::Key;
use crate::domain::frozen::Layout;

/// Between two columns, points.
const GAP: f32 = 10.0;

/// Space between two lines, points.
const LOOSE: f32 = 8.0;
/// The same in a table that has to hold much.
const TIGHT: f32 = 6.0;

/// Where the columns of the table stand.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Columns {
    /// How wide a description may be.
    pub description: f32,
    pub period: f32,
    /// 0: no line has a period.
    pub period_room: f32,
    pub quantity: f32,
    pub quantity_room: f32,
    pub price: f32,
    pub price_room: f32,
    pub amount_room: f32,
    /// Between two lines.
    pub gap: f32,
}

impl Columns {
    pub(super) fn of(left: f32, right: f32) -> Self {
        let width = right - left;
        let at = |share: f32| left + width * share;
        Self {
            description: width * 0.385,
            period: at(0.405),
            period_room: width * 0.215,
            quantity: at(0.725),
            quantity_room: width * 0.10,
            price: at(0.855),
            price_room: width * 0.12,
            amount_room: width * 0.14,
            gap: LOOSE,
        }
    }

    /// Those of a document: where a description does not fit its column, the others give what they do
    /// not need.
    pub(super) fn fitting(doc: &Printable, set: &Type<'_>, (left, right): (f32, f32)) -> Self {
        let (usual, tongue) = (Self::of(left, right), &doc.tongue);
        let long = |line: &Line| {
            [(&line.description, plain(9.0)), (&line.detail, plain(7.5))].iter().any(
                |(text, style)| set.width(text, *style) > usual.description || text.contains('\n'),
            )
        };
        if doc.layout == Layout::First || !doc.lines.iter().any(long) {
            return usual;
        }
        let needed = |head: &str, texts: &dyn Fn(&Line) -> Option<(String, Style)>, most: f32| {
            let all = doc.lines.iter().filter_map(texts);
            let widest = all.map(|(text, style)| set.width(&text, style)).fold(0.0, f32::max);
            // A hair more than measured, so that what fits is not broken.
            if widest == 0.0 { 0.0 } else { (widest + 0.1).min(most).max(set.width(head, HEAD)) }
        };
        let small = plain(8.5);
        let period = |line: &Line| line.service.map(|(from, to)| (tongue.period(from, to), small));
        let quantity = |line: &Line| {
            let figure = tongue.quantity(line.quantity?);
            let both = format!("{figure} {}", line.uom);
            // A unit for which there is no room goes under its quantity.
            let fits = set.width(&both, small) <= usual.quantity_room;
            Some((if line.uom.is_empty() || !fits { figure } else { both }, small))
        };
        let price = |line: &Line| {
            line.unit_price.map(|price| (tongue.unit_price(price, doc.currency), small))
        };
        let amount =
            |line: &Line| Some((tongue.figure(doc.currency, line.amount_minor), plain(9.0)));
        let head = tongue.fill(Key::Amount, &[doc.currency.code()]);
        let amount_room = needed(&head, &amount, usual.amount_room);
        let price_room = needed(&tongue.say(Key::UnitPrice), &price, usual.price_room);
        let quantity_room = needed(&tongue.say(Key::Quantity), &quantity, usual.quantity_room);
        let period_room = needed(&tongue.say(Key::ServicePeriod), &period, usual.period_room);
        let before = |edge: f32, room: f32| if room > 0.0 { edge - room - GAP } else { edge };
        let price = before(right, amount_room);
        let quantity = before(price, price_room);
        let period = before(quantity, quantity_room) - period_room;
        let description = if period_room > 0.0 { period - GAP } else { period } - left;
        if description < usual.description {
            return usual;
        }
        Self {
            description,
            period,
            period_room,
            quantity,
            quantity_room,
            price,
            price_room,
            amount_room,
            gap: TIGHT,
        }
    }
}

/// Style of the head of the table.
pub(super) const HEAD: Style = bold(8.0);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::fonts::Fonts;
    use crate::document::own::Rare;
    use crate::document::sheet::mm;
    use crate::document::tongue::Tongue;
    use crate::domain::document::DocumentKind;
    use crate::domain::speech::{Language, Speech, Tag};

    /// Words stand beside figures and each other: in no language may they be wider than their place.
    #[test]
    fn the_words_of_every_language_fit_their_places() {
        let set = Type::of(Fonts::get().unwrap(), Rare::Nothing);
        let columns = Columns::of(mm(25.0), mm(190.0));
        for language in Language::ALL {
            for issuer in ["", "AT", "BE", "CH", "DE", "ES", "FR", "LI", "LU", "PL"] {
                let tag = Tag { language: *language, country: String::new() };
                let speech = Speech { tag, issuer: issuer.to_owned(), ..Speech::default() };
                let tongue = Tongue::of(speech, None);
                let head = bold(8.0);
                for (key, style, room) in [
                    (Key::Description, head, columns.description),
                    (Key::ServicePeriod, head, columns.period_room),
                    (Key::Quantity, head, columns.quantity_room),
                    (Key::UnitPrice, head, columns.price_room),
                    (Key::DueDate, plain(8.5), mm(27.0)),
                    (Key::PaymentTerm, plain(8.5), mm(27.0)),
                    (Key::Account, plain(8.5), mm(27.0)),
                    (Key::YourOrder, plain(8.5), mm(30.0)),
                    (Key::YourVatId, plain(8.5), mm(30.0)),
                    (Key::YourTaxNumber, plain(8.5), mm(30.0)),
                    (Key::AmountDue, plain(8.5), mm(23.0)),
                    (Key::YourCredit, plain(8.5), mm(23.0)),
                    (Key::WrittenOff, plain(8.5), mm(23.0)),
                ] {
                    let said = tongue.say(key);
                    let width = set.width(&said, style);
                    assert!(width <= room, "{language} {issuer}: {said:?} {width} > {room}");
                }
                let amount = tongue.fill(Key::Amount, &["EUR"]);
                assert!(set.width(&amount, head) <= columns.amount_room, "{language}: {amount}");
                for kind in DocumentKind::ALL {
                    let title = tongue.title(*kind);
                    for key in [Key::Number, Key::Dated] {
                        let said = tongue.fill(key, &[&title]);
                        let width = set.width(&said, plain(8.5));
                        assert!(width <= mm(31.0), "{language} {issuer}: {said:?} {width}");
                    }
                }
            }
        }
    }
}
