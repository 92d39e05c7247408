//! No circle between the files of a room: which file names which, followed through re-exports to the
//! file that defines a name. A file that only hands names on (`pub use`) needs nothing of them.

use super::{is_word, room, rust_sources, split, without_tests};
use std::collections::{BTreeMap, BTreeSet};

/// The rooms whose files name each other in one direction.
const ROOMS: &[&str] = &["store", "engine", "cli", "import", "gateway", "document", "mail", "demo"];

/// Where a name is: the path of a module and what follows it (`store`, `charge`, `get`).
type Path = Vec<String>;

/// What a file says: its code without `use` and `mod`, and what each imported name stands for.
struct File {
    /// Words in a row joined by `::`, where they stand in the code.
    paths: Vec<Path>,
    imports: Vec<(Path, String)>,
}

fn words(text: &str) -> Path {
    text.split("::").map(|w| w.trim().to_owned()).filter(|w| !w.is_empty()).collect()
}

/// The names of a `use`: `a::{self, b as c}` → (a, a), (a::b, c).
fn names(tree: &str, above: &Path, found: &mut Vec<(Path, String)>) {
    let tree = tree.trim();
    if let Some((head, rest)) = tree.split_once('{') {
        let above: Path = above.iter().cloned().chain(words(head)).collect();
        let inside = rest.trim_end().strip_suffix('}').unwrap_or(rest);
        let (mut depth, mut from) = (0, 0);
        for (at, c) in inside.char_indices().chain([(inside.len(), ',')]) {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    names(&inside[from..at], &above, found);
                    from = (at + 1).min(inside.len());
                }
                _ => {}
            }
        }
        return;
    }
    let (path, alias) = tree.split_once(" as ").map_or((tree, None), |(p, a)| (p, Some(a)));
    let mut path: Path = above.iter().cloned().chain(words(path)).collect();
    if path.last().is_some_and(|last| last == "self") {
        path.pop();
    }
    if let Some(last) = path.last().cloned() {
        found.push((path, alias.map_or(last, |a| a.trim().to_owned())));
    }
}

fn file(code: &str) -> File {
    let mut file = File { paths: Vec::new(), imports: Vec::new() };
    let chars: Vec<char> = code.chars().collect();
    let mut at = 0;
    while at < chars.len() {
        if !is_word(chars[at]) {
            at += 1;
            continue;
        }
        let of_a_value = at > 0 && chars[at - 1] == '.';
        let mut path = Vec::new();
        loop {
            let end = (at..chars.len()).find(|i| !is_word(chars[*i])).unwrap_or(chars.len());
            path.push(chars[at..end].iter().collect::<String>());
            at = end;
            let next = (at..chars.len()).find(|i| !chars[*i].is_whitespace());
            let Some(next) = next.filter(|n| chars[*n..].starts_with(&[':', ':'])) else { break };
            let word = (next + 2..chars.len()).find(|i| !chars[*i].is_whitespace());
            let Some(word) = word.filter(|w| is_word(chars[*w])) else { break };
            at = word;
        }
        match path[0].as_str() {
            "use" | "mod" => {
                let end = (at..chars.len()).find(|i| [';', '{'].contains(&chars[*i]));
                let import = path[0] == "use";
                let end = if import { (at..chars.len()).find(|i| chars[*i] == ';') } else { end };
                let end = end.unwrap_or(chars.len());
                if import {
                    let text: String = chars[at..end].iter().collect();
                    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
                    names(&line, &Vec::new(), &mut file.imports);
                }
                at = end;
            }
            // `pub(in crate::store)` says who may look, not what is needed.
            "pub" if chars.get(at) == Some(&'(') => {
                at = (at..chars.len()).find(|i| chars[*i] == ')').unwrap_or(chars.len());
            }
            _ if of_a_value => {}
            _ => file.paths.push(path),
        }
    }
    file
}

struct Room {
    files: BTreeMap<Path, File>,
}

impl Room {
    fn of(sources: &[(String, String)]) -> Self {
        let module = |name: &str| -> Path {
            let inside = name.trim_start_matches("src/").trim_end_matches(".rs");
            inside.trim_end_matches("/mod").split('/').map(str::to_owned).collect()
        };
        let read = |source: &str| file(&split(without_tests(source)).0);
        Self { files: sources.iter().map(|(name, text)| (module(name), read(text))).collect() }
    }

    /// A path as it is written in `module`, from the root.
    fn absolute(&self, module: &Path, path: &[String]) -> Option<Path> {
        let mut rest = path;
        let mut base = module.clone();
        match path.first()?.as_str() {
            "crate" => return Some(path[1..].to_vec()),
            "self" => rest = &path[1..],
            "super" => {
                while rest.first().is_some_and(|w| w == "super") {
                    base.pop();
                    rest = &rest[1..];
                }
            }
            first => {
                base.push(first.to_owned());
                // A word alone is no module: a value may have its name.
                let inside = path.len() > 1 && self.files.contains_key(&base);
                base.pop();
                if !inside {
                    let imports = &self.files[module].imports;
                    let (path, _) = imports.iter().find(|(p, a)| a == first && p[0] != first)?;
                    let path: Path = path.iter().chain(&rest[1..]).cloned().collect();
                    return self.absolute(module, &path);
                }
            }
        }
        base.extend(rest.iter().cloned());
        Some(base)
    }

    /// The file that defines what a path from the root leads to.
    fn defines(&self, target: &Path, seen: &mut BTreeSet<Path>) -> Option<Path> {
        if !seen.insert(target.clone()) {
            return None;
        }
        let deep = (1..=target.len()).rev().find(|n| self.files.contains_key(&target[..*n]));
        let module = target[..deep?].to_vec();
        let Some(name) = target.get(module.len()) else { return Some(module) };
        for (path, alias) in &self.files[&module].imports {
            if alias == name
                && let Some(mut on) = self.absolute(&module, path)
            {
                on.extend_from_slice(&target[module.len() + 1..]);
                if let Some(found) = self.defines(&on, seen) {
                    return Some(found);
                }
            }
        }
        Some(module)
    }

    /// Which files each file needs.
    fn arrows(&self) -> BTreeMap<Path, BTreeSet<Path>> {
        let needs = |module: &Path, file: &File| -> BTreeSet<Path> {
            let targets = file.paths.iter().filter_map(|p| self.absolute(module, p));
            let found = targets.filter_map(|t| self.defines(&t, &mut BTreeSet::new()));
            found.filter(|f| f != module).collect()
        };
        self.files.iter().map(|(module, file)| (module.clone(), needs(module, file))).collect()
    }
}

/// Circles, each as the way round: `a → b → a`. Files on a way already told are not told again.
fn circles(arrows: &BTreeMap<Path, BTreeSet<Path>>) -> Vec<String> {
    let mut told: BTreeSet<&Path> = BTreeSet::new();
    let mut found = Vec::new();
    for start in arrows.keys() {
        if told.contains(start) {
            continue;
        }
        // The shortest way from `start` back to it.
        let mut from: BTreeMap<&Path, &Path> = BTreeMap::new();
        let mut edge: Vec<&Path> = vec![start];
        let mut closed = None;
        while closed.is_none() && !edge.is_empty() {
            let mut next = Vec::new();
            for at in edge {
                for to in &arrows[at] {
                    if to == start {
                        closed = closed.or(Some(at));
                    } else if !from.contains_key(to) {
                        from.insert(to, at);
                        next.push(to);
                    }
                }
            }
            edge = next;
        }
        let Some(mut at) = closed else { continue };
        let mut way = vec![start];
        while at != start {
            way.push(at);
            at = from[at];
        }
        way.push(start);
        way.reverse();
        told.extend(&way);
        found.push(way.iter().map(|m| m.join("/")).collect::<Vec<_>>().join(" → "));
    }
    found
}

#[test]
fn the_files_of_a_room_name_each_other_in_one_direction() {
    let mut wrong = Vec::new();
    for here in ROOMS {
        let inside = |name: &str| room(name) == *here && !name.ends_with("/tests.rs");
        let files: Vec<_> = rust_sources().into_iter().filter(|(n, _)| inside(n)).collect();
        assert!(!files.is_empty(), "{here} is no room");
        wrong.extend(circles(&Room::of(&files).arrows()));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

mod of_itself {
    use super::*;

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let owned = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
        circles(&Room::of(&files.iter().map(owned).collect::<Vec<_>>()).arrows())
    }

    #[test]
    fn a_circle_is_found_however_it_is_named() {
        let b = ("src/r/b.rs", "use super::a;\nfn f() { a::g() }");
        for a in [
            "fn g() { super::b::f() }",
            "use super::b;\nfn g() { b::f() }",
            "use super::{b as other, c};\nfn g() { other::f() }",
            "fn g() { crate::r::b::f() }",
            "use crate::r::b::f;\nfn g() { f() }",
            // Through what another file hands on.
            "use super::c::f;\nfn g() { f() }",
            "use super::f;\nfn g() { f() }",
        ] {
            let root = ("src/r/mod.rs", "mod a;\nmod b;\nmod c;\npub use b::f;");
            let c = ("src/r/c.rs", "pub use super::b::f;");
            let way = found(&[root, ("src/r/a.rs", a), b, c]);
            assert_eq!(way, ["r/a → r/b → r/a"], "{a}");
        }
    }

    #[test]
    fn a_file_and_those_below_it_make_a_circle_too() {
        let files = [
            ("src/r/a.rs", "mod b;\npub struct T;\nfn f() { b::g() }"),
            ("src/r/a/b.rs", "use super::T;\npub fn g() -> T { T }"),
        ];
        assert_eq!(found(&files), ["r/a → r/a/b → r/a"]);
    }

    #[test]
    fn no_circle_is_seen_where_names_go_one_way() {
        let files = [
            ("src/r/mod.rs", "//! crate::r::a\nmod a;\nmod b;\npub use a::T;\npub use b::g;"),
            ("src/r/a.rs", "pub struct T;\n// super::b::g()\nimpl T { fn b(&self) { self.b() } }"),
            ("src/r/b.rs", "use super::T;\npub(super) fn g() -> T { T }"),
        ];
        assert!(found(&files).is_empty());
    }
}
