//! A derivation as sentences.

/// Placeholder, replaced below.
pub struct Told;
