//! One thing that was looked at, and how it is.

use serde::Serialize;

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub name: &'static str,
    /// Whether it is as it should be.
    pub ok: bool,
    /// How it is.
    pub found: String,
    /// What to do about it; empty when nothing.
    pub remedy: String,
}

pub(super) fn good(name: &'static str, found: impl Into<String>) -> Finding {
    Finding { name, ok: true, found: found.into(), remedy: String::new() }
}

pub(super) fn finding(
    name: &'static str,
    ok: bool,
    found: impl Into<String>,
    remedy: &str,
) -> Finding {
    let remedy = if ok { String::new() } else { remedy.to_owned() };
    Finding { name, ok, found: found.into(), remedy }
}
