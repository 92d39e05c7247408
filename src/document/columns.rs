//! The columns of the table of lines.

/// Where the columns of the table stand.
pub(super) struct Columns {
    pub description: f32,
    pub period: f32,
    pub period_room: f32,
    pub quantity: f32,
    pub quantity_room: f32,
    pub price: f32,
    pub price_room: f32,
    pub amount_room: f32,
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
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::fonts::Fonts;
    use crate::document::sheet::{Type, bold, mm, plain};
    use crate::document::texts::Key;
    use crate::document::tongue::Tongue;
    use crate::domain::document::DocumentKind;
    use crate::domain::speech::{Language, Speech, Tag};

    /// Words stand beside figures and each other: in no language may they be wider than their place.
    #[test]
    fn the_words_of_every_language_fit_their_places() {
        let set = Type { fonts: Fonts::get().unwrap(), own: None };
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
