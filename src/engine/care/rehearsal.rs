//! What a book that is for real still only pretends: money that the sandbox does not move, e-mail that
//! only lies in a folder. Whoever sets the default by name wants it so, and is told no more; test and
//! demo books pretend by their nature.

use crate::config::{Config, Setting, key};
use crate::store::{BookKind, Db, StoreError, settings};

/// One thing that does not reach the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pretence {
    /// The setting.
    pub key: &'static Setting,
    pub value: &'static str,
    /// What that means.
    pub means: &'static str,
    /// What makes it real.
    pub remedy: &'static str,
}

/// Defaults that reach nobody outside.
const PRETENCES: &[Pretence] = &[
    Pretence {
        key: key::PAYMENT_GATEWAY,
        value: "sandbox",
        means: "no money moves",
        remedy: "daybook settings set payment.gateway stripe (or sandbox, to keep it)",
    },
    Pretence {
        key: key::MAIL_TRANSPORT,
        value: "drop",
        means: "e-mail stays in a folder",
        remedy: "daybook settings set mail.transport smtp (or drop, where a program sends the folder)",
    },
];

/// Of the settings of a book that is for real: what nobody chose and is not real yet.
pub fn of(config: &Config, kind: BookKind) -> Vec<Pretence> {
    if kind != BookKind::Real {
        return Vec::new();
    }
    let pretended = |p: &&Pretence| config.get(p.key) == p.value && !config.is_set(p.key);
    PRETENCES.iter().filter(pretended).copied().collect()
}

/// The same of a book, in one line; empty when all is real, or meant so.
pub fn words(db: &Db<'_>) -> Result<String, StoreError> {
    let found = of(&settings::as_stored(db)?, settings::facts(db)?.kind);
    let said: Vec<String> = found.iter().map(|p| format!("{} ({})", p.means, p.value)).collect();
    Ok(if said.is_empty() { String::new() } else { format!("not real yet: {}", said.join(", ")) })
}
