//! `check`: every named invariant of the book, in one consistent view, changing nothing.

use super::{Error, Session};
use crate::store::check::{CHECKS, LISTED};
use serde::Serialize;

/// What one check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// Name of the invariant.
    pub name: &'static str,
    /// Whether it holds.
    pub ok: bool,
    /// What breaks it, in words.
    pub violations: Vec<String>,
    /// Rows from before the rule, which it does not judge.
    #[serde(skip_serializing_if = "is_zero")]
    pub older: usize,
    /// What must hold, in words.
    #[serde(skip)]
    pub promise: &'static str,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
fn is_zero(n: &usize) -> bool {
    *n == 0
}

/// Runs all of them, or those whose name begins with `only`.
pub fn check(session: &Session, only: &str) -> Result<Vec<Checked>, Error> {
    let wanted: Vec<_> = CHECKS.iter().filter(|c| c.name.starts_with(only)).collect();
    if wanted.is_empty() {
        let names: Vec<_> = CHECKS.iter().map(|c| c.name).collect();
        return Err(Error::usage(
            "unknown_check",
            format!("there is no check {only:?}"),
            format!("checks: {}", names.join(", ")),
        ));
    }
    session.read(|db| {
        wanted
            .iter()
            .map(|check| {
                let found = check.run(db)?;
                let mut violations = found.violations;
                if found.count > LISTED {
                    violations.push(format!("and {} more", found.count - LISTED));
                }
                Ok(Checked {
                    name: check.name,
                    ok: found.count == 0,
                    violations,
                    older: found.older,
                    promise: check.promise,
                })
            })
            .collect()
    })
}
