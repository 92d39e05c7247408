//! How an amount came about, stored with its item, and the same in plain words.

use serde::{Deserialize, Serialize};

/// The steps from quantity to amount. Written compactly to the book as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Derivation {}
