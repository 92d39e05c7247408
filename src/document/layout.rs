//! The version of the layout, and what tells a file made by it from another.

use crate::domain::delivery::Imprint;
use crate::domain::text::hex;
use sha2::{Digest, Sha256};

/// What is drawn for a document, and where. Raised by one whenever the same document would be drawn
/// otherwise; a copy of what another layout delivered says so. Held by `tests/it/layout.rs`.
pub const LAYOUT: u32 = 1;

/// What tells a file of this layout from another.
pub fn imprint(pdf: &[u8]) -> Imprint {
    Imprint { layout: LAYOUT, pdf_hash: hex(&Sha256::digest(pdf)) }
}
