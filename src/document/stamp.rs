//! What lies under every page of a draft that is only looked at: that it is none of what it looks like.

use super::sheet::{GREY, Ink, Sheet, Type, bold, mm};
use super::tongue::Tongue;
use crate::domain::document::DocumentKind;

/// Light enough to read through.
const PALE: Ink = Ink(0.90, 0.78, 0.76);
/// Rise of the words over the page, degrees.
const RISE: f32 = 45.0;

/// The words of a preview.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// Across the page, large: `DRAFT — not an invoice`.
    pub mark: String,
    /// At its upper edge: which draft, in which version.
    pub of: String,
}

impl Stamp {
    /// Of a draft of this kind; `of` says which.
    pub fn draft(kind: DocumentKind, of: String) -> Self {
        let title = Tongue::default().title(kind).to_lowercase();
        let article = if title.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
        Self { mark: format!("DRAFT — not {article} {title}"), of }
    }

    /// Lays it under what stands on a page of this size, in points.
    pub(super) fn under(&self, sheet: &mut Sheet, set: &Type<'_>, (width, height): (f32, f32)) {
        let mut below = Sheet::new(height);
        let slope = RISE.to_radians();
        // As long as the page allows at this rise.
        let room = (width - mm(20.0)) / slope.cos();
        let mut style = bold(60.0).in_ink(PALE);
        style.size *= room / set.width(&self.mark, style).max(room);
        below.rising(set, (width / 2.0, height / 2.0), slope, style, &self.mark);
        let text = format!("{} · {}", self.mark, self.of);
        let line = bold(8.0).in_ink(GREY);
        let x = (width - set.width(&text, line)) / 2.0;
        below.text(set, x, mm(9.0), line, &text);
        below.ops.append(&mut sheet.ops);
        sheet.ops = below.ops;
        sheet.used.append(&mut below.used);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_names_what_the_draft_is_not() {
        let mark = |kind| Stamp::draft(kind, String::new()).mark;
        assert_eq!(mark(DocumentKind::Invoice), "DRAFT — not an invoice");
        assert_eq!(mark(DocumentKind::CreditMemo), "DRAFT — not a credit memo");
        assert_eq!(mark(DocumentKind::DebitMemo), "DRAFT — not a debit memo");
    }
}
