//! The dependencies against `.deny.toml`: licences, origins, second versions, what stays out.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

fn rules() -> toml::Table {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/.deny.toml");
    std::fs::read_to_string(path).unwrap().parse().unwrap()
}

/// The strings of a list at `section.key`; of a table in it, its `crate`.
fn listed(rules: &toml::Table, section: &str, key: &str) -> BTreeSet<String> {
    let word = |value: &toml::Value| match value {
        toml::Value::Table(table) => table["crate"].as_str().unwrap().to_owned(),
        other => other.as_str().unwrap().to_owned(),
    };
    rules[section][key].as_array().unwrap().iter().map(word).collect()
}

/// Every package that is compiled into the program or to build it: name, version, licence.
fn packages() -> BTreeSet<[String; 3]> {
    let out = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--edges", "normal,build", "--prefix", "none"])
        .args(["--target", "x86_64-unknown-linux-gnu", "--no-dedupe", "--format", "{p}|{l}"])
        .args(["--manifest-path", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")])
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let text = String::from_utf8(out.stdout).unwrap();
    let read = |line: &str| {
        let (package, licence) = line.split_once('|').unwrap();
        let mut words = package.split(' ');
        let (name, version) = (words.next().unwrap(), words.next().unwrap());
        [name, version.trim_start_matches('v'), licence].map(str::to_owned)
    };
    text.lines().skip(1).map(read).collect()
}

/// Where each package of the lock file comes from; the program itself has no origin.
fn origins() -> Vec<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.lock");
    let lock: toml::Table = std::fs::read_to_string(path).unwrap().parse().unwrap();
    let packages = lock["package"].as_array().unwrap().iter();
    let others = packages.filter(|p| p["name"].as_str() != Some("daybook"));
    others
        .map(|p| p.get("source").and_then(toml::Value::as_str).unwrap_or("nowhere").to_owned())
        .collect()
}

/// Whether a licence expression can be met by what is allowed: `A OR (B AND C)`, and the older `A/B`.
fn met(licence: &str, allowed: &BTreeSet<String>) -> bool {
    let text = licence.replace(" / ", "/").replace('/', " OR ");
    let (mut level, mut parts) = (0, vec![String::new()]);
    let words = text.replace('(', " ( ").replace(')', " ) ");
    let split_at = if outside(&words).contains(&"OR") { "OR" } else { "AND" };
    for word in words.split_whitespace() {
        level += i32::from(word == "(") - i32::from(word == ")");
        if level == 0 && word == split_at {
            parts.push(String::new());
        } else if let Some(part) = parts.last_mut() {
            part.push_str(word);
            part.push(' ');
        }
    }
    if let [one] = parts.as_slice() {
        let one = one.trim();
        return match one.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
            Some(inner) => met(inner, allowed),
            None => allowed.contains(one),
        };
    }
    let mut each = parts.iter().map(|part| met(part, allowed));
    if split_at == "OR" { each.any(|ok| ok) } else { each.all(|ok| ok) }
}

/// The words outside of brackets.
fn outside(words: &str) -> Vec<&str> {
    let mut level = 0;
    words
        .split_whitespace()
        .filter(|word| {
            level += i32::from(*word == "(") - i32::from(*word == ")");
            level == 0
        })
        .collect()
}

#[test]
fn dependencies_are_as_the_rules_want_them() {
    let rules = rules();
    let (allowed, registries) =
        (listed(&rules, "licenses", "allow"), listed(&rules, "sources", "allow-registry"));
    let banned = listed(&rules, "bans", "deny");
    let packages = packages();
    assert!(packages.len() > 100, "{}", packages.len());
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for [name, version, licence] in &packages {
        assert!(met(licence, &allowed), "{name} {version}: licence {licence:?}");
        assert!(!banned.contains(name), "{name} is to stay out");
        versions.entry(name).or_default().insert(version);
    }
    for source in origins() {
        let from = source.strip_prefix("registry+").unwrap_or(&source);
        assert!(registries.contains(from), "a package comes from {source:?}");
    }
    let mut skips = listed(&rules, "bans", "skip");
    for (name, mut of) in versions {
        of.retain(|version| {
            let skip = skips.iter().find(|skip| {
                let (crate_name, begin) = skip.split_once('@').unwrap();
                crate_name == name
                    && (version.starts_with(&format!("{begin}.")) || *version == begin)
            });
            skip.cloned().is_none_or(|skip| !skips.remove(&skip))
        });
        assert!(of.len() <= 1, "{name} comes in several versions: {of:?}");
    }
    assert!(skips.is_empty(), "no longer there, so no longer to be allowed: {skips:?}");
}

#[test]
fn licence_expressions_are_read() {
    let allowed = BTreeSet::from(["MIT".to_owned(), "ISC".to_owned()]);
    for good in ["MIT", "MIT OR GPL-3.0", "GPL-3.0/MIT", "MIT AND ISC", "(X OR MIT) AND ISC"] {
        assert!(met(good, &allowed), "{good}");
    }
    for bad in ["", "GPL-3.0", "MIT AND X", "(X OR Y) AND ISC", "X OR (MIT AND Y)", "MIT WITH X"] {
        assert!(!met(bad, &allowed), "{bad}");
    }
}
