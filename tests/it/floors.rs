//! The floors of the engine, as the day runs: a wing names only wings below it. And no file of a room
//! stands in a circle with others of it.

use crate::tidy::{after_each, first_names, rust_sources, split, without_tests};
use std::collections::{BTreeMap, BTreeSet};

/// The wings of the engine, the lowest first; those of one floor do not name each other.
const FLOORS: &[&[&str]] = &[
    &[
        "error",
        "session",
        "command",
        "job",
        "mailer",
        "on_its_way",
        "place",
        "printed",
        "reach",
        "tray",
    ],
    &["guard", "rate", "trouble"],
    &["review"],
    &["deliver"],
    &["post"],
    &["bill", "collect", "import"],
    &["care"],
    &["clockwork"],
    &["desk", "query", "query_by_hand", "runners"],
    &["perform"],
];

/// Rooms whose files make no circle.
const ROOMS: &[&str] = &["engine", "cli", "import", "gateway", "document", "mail", "demo"];

/// A module by its path from the crate: `["engine", "post", "loss"]`.
type Module = Vec<String>;

fn module(file: &str) -> Module {
    let inside = file.trim_start_matches("src/").trim_end_matches(".rs");
    let parts = inside.split('/').map(str::to_owned);
    parts.filter(|part| part != "mod" && part != "lib" && part != "main").collect()
}

/// The paths a `use` tree or a path in code begins with: `a::{b, c::D}` → `a::b`, `a::c::D`.
fn leaves(tree: &str) -> Vec<Module> {
    let tree = tree.trim();
    let Some((head, group)) = tree.split_once('{') else {
        let path = tree.split(" as ").next().unwrap_or(tree);
        return vec![
            path.split("::").map(|s| s.trim().to_owned()).filter(|s| !s.is_empty()).collect(),
        ];
    };
    let head: Module =
        head.split("::").map(|s| s.trim().to_owned()).filter(|s| !s.is_empty()).collect();
    let (mut level, mut parts) = (0, vec![String::new()]);
    for c in group.chars() {
        match c {
            '}' if level == 0 => break,
            ',' if level == 0 => parts.push(String::new()),
            _ => {
                level += i32::from(c == '{') - i32::from(c == '}');
                if let Some(part) = parts.last_mut() {
                    part.push(c);
                }
            }
        }
    }
    let inner = parts.iter().filter(|p| !p.trim().is_empty()).flat_map(|p| leaves(p));
    inner.map(|rest| head.iter().cloned().chain(rest).collect()).collect()
}

/// A path as written in `me`, from the crate; none when it does not say where it begins.
fn absolute(path: &[String], me: &[String]) -> Option<Module> {
    let ups = path.iter().take_while(|s| *s == "super").count();
    match path.first()?.as_str() {
        "crate" => Some(path[1..].to_vec()),
        "self" => Some(me.iter().chain(&path[1..]).cloned().collect()),
        "super" => Some(
            me.get(..me.len().checked_sub(ups)?)?.iter().chain(&path[ups..]).cloned().collect(),
        ),
        _ => None,
    }
}

/// The statements `use …;` of a file (their tree, and whether it gives them on), and the rest of it.
fn uses(code: &str) -> (Vec<(String, bool)>, String) {
    let (mut trees, mut rest, mut left) = (Vec::new(), String::new(), code);
    while let Some(at) = left.find("use ") {
        let line = left[..at].rfind('\n').map_or(0, |n| n + 1);
        let before = left[line..at].trim();
        if before.is_empty() || before.starts_with("pub") {
            let end = left[at..].find(';').map_or(left.len(), |n| at + n);
            rest.push_str(&left[..line]);
            trees.push((left[at + 4..end].to_owned(), before.starts_with("pub")));
            left = &left[end..];
        } else {
            rest.push_str(&left[..at + 4]);
            left = &left[at + 4..];
        }
    }
    rest.push_str(left);
    (trees, rest)
}

/// Who names whom, by files. A file that only gives names of its children on does not stand on them.
struct Graph {
    known: BTreeMap<Module, String>,
    given_on: BTreeMap<(Module, String), Module>,
    edges: BTreeMap<Module, BTreeSet<Module>>,
}

impl Graph {
    fn of(sources: &[(String, String)]) -> Self {
        let known = sources.iter().map(|(name, _)| (module(name), name.clone())).collect();
        let mut graph = Self { known, given_on: BTreeMap::new(), edges: BTreeMap::new() };
        let read: Vec<_> = sources
            .iter()
            .map(|(name, source)| {
                let code = split(without_tests(source)).0;
                (module(name), uses(&code))
            })
            .collect();
        for (me, (trees, _)) in &read {
            for leaf in trees.iter().filter(|(_, on)| *on).flat_map(|(tree, _)| leaves(tree)) {
                let child = graph.known.contains_key(&[me.as_slice(), &leaf[..1]].concat());
                let path =
                    if child { Some([me.as_slice(), &leaf].concat()) } else { absolute(&leaf, me) };
                if let (Some(path), Some(name)) = (path, leaf.last()) {
                    graph.given_on.insert((me.clone(), name.clone()), path);
                }
            }
        }
        for (me, (trees, rest)) in read {
            let own = |path: &Module| {
                let child = graph.known.contains_key(&[me.as_slice(), &path[..1]].concat());
                if child { Some([me.as_slice(), path].concat()) } else { absolute(path, &me) }
            };
            let imported = trees.iter().filter(|(_, on)| !*on).flat_map(|(tree, _)| leaves(tree));
            let mut paths: Vec<Module> = imported.filter_map(|leaf| own(&leaf)).collect();
            for begin in ["crate::", "super::"] {
                for after in after_each(&rest, begin) {
                    let end = after.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'));
                    let text = format!("{begin}{}", &after[..end.unwrap_or(after.len())]);
                    let path: Module =
                        text.split("::").filter(|s| !s.is_empty()).map(str::to_owned).collect();
                    paths.extend(absolute(&path, &me));
                }
            }
            let named =
                paths.iter().filter_map(|path| graph.file_of(path, 0)).filter(|to| *to != me);
            let named = named.collect();
            graph.edges.insert(me, named);
        }
        graph
    }

    /// The file a path leads to, through what other files give on.
    fn file_of(&self, path: &[String], depth: u8) -> Option<Module> {
        let at = (1..=path.len()).rev().find(|n| self.known.contains_key(&path[..*n]))?;
        let found = path[..at].to_vec();
        let next = path.get(at).and_then(|name| self.given_on.get(&(found.clone(), name.clone())));
        match next {
            Some(on) if depth < 5 => self.file_of(on, depth + 1).or(Some(found)),
            Some(_) | None => Some(found),
        }
    }

    /// A way from a file of a room back to itself, inside the room.
    fn circle(&self, room: &str) -> Option<Vec<String>> {
        let (mut done, mut trail) = (BTreeSet::new(), Vec::new());
        let inside: Vec<_> =
            self.edges.keys().filter(|m| m.first().is_some_and(|r| r == room)).collect();
        inside.into_iter().find_map(|from| self.back(from, room, &mut trail, &mut done))
    }

    fn back(
        &self,
        from: &Module,
        room: &str,
        trail: &mut Vec<Module>,
        done: &mut BTreeSet<Module>,
    ) -> Option<Vec<String>> {
        if let Some(at) = trail.iter().position(|m| m == from) {
            return Some(trail[at..].iter().chain([from]).map(|m| m.join("::")).collect());
        }
        if done.contains(from) {
            return None;
        }
        trail.push(from.clone());
        let next = self.edges.get(from).into_iter().flatten();
        let found = next
            .filter(|to| to.first().is_some_and(|r| r == room))
            .find_map(|to| self.back(to, room, trail, done));
        trail.pop();
        done.insert(from.clone());
        found
    }
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

#[test]
fn no_file_stands_in_a_circle() {
    let graph = Graph::of(&rust_sources());
    let circles: Vec<_> = ROOMS.iter().filter_map(|room| graph.circle(room)).collect();
    assert!(circles.is_empty(), "{circles:#?}");
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

    #[test]
    fn a_circle_is_seen_through_what_is_given_on() {
        let file = |name: &str, source: &str| (format!("src/a/{name}.rs"), source.to_owned());
        let sound = [
            file("mod", "pub mod x;\nmod y;\npub use y::Y;\n"),
            file("x", "use super::Y;\n"),
            file("y", "pub struct Y;\n"),
        ];
        assert_eq!(Graph::of(&sound).circle("a"), None);
        let mut wrong = sound;
        wrong[2].1.push_str("fn f() -> crate::a::x::X { todo!() }\n");
        assert!(Graph::of(&wrong).circle("a").is_some_and(|way| way.len() == 3));
    }
}
