//! The floors of the engine, as the day runs: a wing names only wings below it.

use crate::tidy::{after_each, first_names, rust_sources, split, without_tests};
use std::collections::BTreeSet;

/// The wings of the engine, the lowest first; those of one floor do not name each other.
const FLOORS: &[&[&str]] = &[
    &[
        "error",
        "session",
        "command",
        "ahead",
        "pace",
        "e_invoice",
        "fx",
        "job",
        "look",
        "mailer",
        "on_its_way",
        "outbox",
        "place",
        "printed",
        "reach",
        "site_command",
        "speech",
        "tray",
    ],
    &["account_page", "guard", "rate", "trouble"],
    &["review"],
    &["deliver"],
    &["post"],
    &["bill", "collect", "import", "noting"],
    &["bank"],
    &["care"],
    &["clockwork", "closing"],
    &["account_edit"],
    &["desk", "query", "query_by_hand", "reissue", "runners"],
    &["answer", "perform"],
];

/// A module by its path from the crate: `["engine", "post", "loss"]`.
fn module(file: &str) -> Vec<String> {
    let inside = file.trim_start_matches("src/").trim_end_matches(".rs");
    inside.split('/').map(str::to_owned).filter(|part| part != "mod").collect()
}

/// Wings above its own that a file of the engine names.
fn upward(name: &str, code: &str) -> Vec<String> {
    let floor = |wing: &str| FLOORS.iter().position(|floor| floor.contains(&wing));
    let me = module(name);
    let Some(wing) = me.get(1) else { return Vec::new() };
    let here = floor(wing).unwrap_or_else(|| panic!("{name}: {wing} stands on no floor"));
    let up = "super::".repeat(me.len() - 1);
    let mut named = BTreeSet::new();
    for begin in ["crate::engine::", up.as_str()] {
        named.extend(after_each(code, begin).flat_map(first_names));
    }
    let above = |other: &&String| {
        *other != wing
            && floor(other).is_some_and(|there| there > here || (there == here && here > 0))
    };
    named.iter().filter(above).map(|other| format!("{name} names {other}")).collect()
}

#[test]
fn a_wing_knows_only_what_lies_below_it() {
    let engine = rust_sources().into_iter().filter(|(name, _)| name.starts_with("src/engine/"));
    let wrong: Vec<_> =
        engine.flat_map(|(name, source)| upward(&name, &split(without_tests(&source)).0)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

mod of_itself {
    use super::*;

    #[test]
    fn an_arrow_upward_is_seen() {
        let rules = "src/engine/rate/rules.rs";
        for code in [
            "use crate::engine::post::posting;",
            "use crate::engine::{Error, review::edit};",
            "fn f() { super::super::perform::perform() }",
        ] {
            assert_eq!(upward(rules, code).len(), 1, "{code}");
        }
        assert!(
            upward(rules, "use super::flagging; use crate::engine::{Error, printed};").is_empty()
        );
        assert_eq!(upward("src/engine/bill/run.rs", "use crate::engine::collect;").len(), 1);
    }
}
