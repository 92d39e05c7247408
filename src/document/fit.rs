//! Texts with a place of their own on the page (letterhead, window, foot): set smaller until they fit
//! whole, and refused by name, before anything is posted, when they do not fit at all.

use super::error::PrintError;
use super::sheet::{Style, Type};
use crate::config::key;
use crate::domain::frozen::Fit;

/// A place and the lines it has room for.
pub(super) struct Room {
    /// What stands there, for the clerk.
    pub place: &'static str,
    /// Lines.
    pub most: usize,
    /// Lines that an older daybook printed of it, whatever was left over.
    pub cut: usize,
}

/// The issuer's name at the top.
pub(super) const NAME: Room = Room { place: key::ISSUER_NAME.key, most: 2, cut: 2 };
/// Address and tax id beside it.
pub(super) const LETTERHEAD: Room =
    Room { place: "issuer.address with issuer.tax_id", most: 10, cut: 10 };
/// The sender in one line above the customer's address.
pub(super) const SENDER: Room =
    Room { place: "issuer.name with issuer.address, as the sender", most: 2, cut: 1 };
/// The window of the envelope.
pub(super) const WINDOW: Room =
    Room { place: "the customer's name and address", most: 10, cut: 10 };
/// The foot of each page.
pub(super) const FOOT: Room = Room { place: key::ISSUER_FOOTER.key, most: 4, cut: 4 };

/// How much smaller a text is set, step by step, before it is refused.
const STEPS: [f32; 4] = [1.0, 0.88, 0.77, 0.67];

/// A text as it is set.
pub(super) struct Set {
    pub style: Style,
    pub lines: Vec<String>,
    /// Lines it would need at the smallest size, when those are too many.
    over: Option<usize>,
}

/// Breaks texts into the lines of their place, `width` points wide.
pub(super) fn set(
    fonts: &Type<'_>,
    fit: Fit,
    texts: &[String],
    (style, width): (Style, f32),
    room: &Room,
) -> Set {
    let wrap = |style: Style| -> Vec<String> {
        texts.iter().flat_map(|text| fonts.wrap(text, style, width)).collect()
    };
    if fit == Fit::Cut {
        let lines = wrap(style).into_iter().take(room.cut).collect();
        return Set { style, lines, over: None };
    }
    let mut found = Set { style, lines: Vec::new(), over: None };
    for step in STEPS {
        found.style.size = style.size * step;
        found.lines = wrap(found.style);
        if found.lines.len() <= room.most {
            return found;
        }
    }
    found.over = Some(found.lines.len());
    found.lines.truncate(room.most);
    found
}

impl Set {
    /// Refuses what does not fit whole.
    pub(super) fn whole(&self, room: &Room) -> Result<(), PrintError> {
        match self.over {
            Some(lines) => {
                Err(PrintError::TooLong { place: room.place.to_owned(), lines, most: room.most })
            }
            None => Ok(()),
        }
    }
}
