//! The version of the layout, and what tells a file made by it from another.

use crate::domain::delivery::Imprint;
use crate::domain::frozen::Layout;
use crate::domain::text::hex;
use sha2::{Digest, Sha256};

/// What is drawn for a document posted now, and where. A further [`Layout`] comes whenever the same
/// document would be drawn otherwise; what is posted keeps its own, and a copy of what another layout
/// delivered says so. Held by `tests/it/layout.rs`.
pub const LAYOUT: u32 = 2;

const _: () = assert!(Layout::NEWEST as u32 + 1 == LAYOUT, "the newest layout is the one in use");

/// What tells a file of this layout from another.
pub fn imprint(pdf: &[u8], layout: Layout) -> Imprint {
    Imprint { layout: layout.number(), pdf_hash: hex(&Sha256::digest(pdf)) }
}
