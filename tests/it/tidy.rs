//! The house rules, held by reading the source: which room may know which, where SQL and tokio may
//! stand, how long a file may grow, and that the README's tree is the tree.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

mod circles;

/// Every room, and the rooms it may name. What is not here may not be named.
const DIRECTIONS: &[(&str, &[&str])] = &[
    ("domain", &["zone"]),
    ("clock", &["zone"]),
    ("zone", &[]),
    ("inside", &[]),
    ("outside", &["inside"]),
    ("config", &["domain", "zone"]),
    ("store", &["domain", "clock", "config", "inside", "zone"]),
    ("import", &["domain"]),
    ("document", &["domain", "config"]),
    ("gateway", &["domain", "config", "inside", "outside"]),
    ("mail", &["domain", "inside"]),
    (
        "engine",
        &[
            "domain", "clock", "config", "inside", "outside", "store", "import", "document",
            "gateway", "mail", "zone",
        ],
    ),
    ("demo", &["domain", "clock", "config", "store", "engine"]),
    (
        "worker",
        &[
            "domain", "clock", "config", "inside", "store", "import", "document", "gateway",
            "mail", "engine",
        ],
    ),
    ("ui", &["domain", "clock", "config", "outside", "store", "engine", "worker", "zone"]),
    (
        "cli",
        &[
            "domain", "clock", "config", "demo", "inside", "outside", "store", "import", "engine",
            "worker", "zone",
        ],
    ),
    ("main", &["cli", "outside", "ui"]),
    ("lib", &[]),
];

/// Files above 500 lines, each with why it is better whole.
const LONG_FILES: &[(&str, &str)] = &[
    ("src/store/migrations/0001_book.sql", "one table after the other; a migration is one file"),
    ("src/store/schema.sql", "written by a test from the migrations"),
];

/// The longest file without a reason; unit tests at its end do not count.
const LONGEST: usize = 500;

pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

pub fn files_under(directory: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> =
        fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files_under(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// Every file of `src` with its path from the root (`src/store/mod.rs`) and its text.
fn sources() -> Vec<(String, String)> {
    let mut found = Vec::new();
    files_under(&root().join("src"), &mut found);
    found
        .into_iter()
        .filter_map(|path| {
            let name = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
            fs::read_to_string(&path).ok().map(|text| (name, text))
        })
        .collect()
}

fn is_rust(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|e| e == "rs")
}

pub fn rust_sources() -> Vec<(String, String)> {
    sources().into_iter().filter(|(name, _)| is_rust(name)).collect()
}

/// The source in two parts of the same length: code (comments and text blanked) and the text of
/// string literals (everything else blanked).
pub fn split(source: &str) -> (String, String) {
    let bytes: Vec<char> = source.chars().collect();
    let (mut code, mut text) = (String::new(), String::new());
    let mut put = |c: char, is_code: bool, is_text: bool| {
        let blank = if c == '\n' { '\n' } else { ' ' };
        code.push(if is_code { c } else { blank });
        text.push(if is_text { c } else { blank });
    };
    let mut i = 0;
    while i < bytes.len() {
        let rest = &bytes[i..];
        let starts = |word: &str| rest.iter().take(word.len()).copied().eq(word.chars());
        if starts("//") {
            while i < bytes.len() && bytes[i] != '\n' {
                put(bytes[i], false, false);
                i += 1;
            }
        } else if starts("/*") {
            let end = (i + 2..bytes.len())
                .find(|j| bytes[*j - 1] == '*' && bytes[*j] == '/' && *j > i + 2)
                .unwrap_or(bytes.len() - 1);
            (i..=end).for_each(|j| put(bytes[j], false, false));
            i = end + 1;
        } else if let Some((skip, hashes)) = raw_string(rest) {
            (i..i + skip).for_each(|j| put(bytes[j], false, false));
            i += skip;
            while i < bytes.len()
                && !(bytes[i] == '"' && bytes[i + 1..].iter().take(hashes).all(|c| *c == '#'))
            {
                put(bytes[i], false, true);
                i += 1;
            }
            (0..=hashes).for_each(|_| put(' ', false, false));
            i += 1 + hashes;
        } else if bytes[i] == '"' {
            put(' ', false, false);
            i += 1;
            while i < bytes.len() && bytes[i] != '"' {
                if bytes[i] == '\\' {
                    put(' ', false, false);
                    i += 1;
                }
                put(bytes[i], false, true);
                i += 1;
            }
            put(' ', false, false);
            i += 1;
        } else if bytes[i] == '\'' && is_char(rest) {
            let end = if rest.get(1) == Some(&'\\') {
                (i + 3..bytes.len()).find(|j| bytes[*j] == '\'').unwrap()
            } else {
                i + 2
            };
            (i..=end).for_each(|j| put(bytes[j], false, false));
            i = end + 1;
        } else {
            put(bytes[i], true, false);
            i += 1;
        }
    }
    (code, text)
}

/// Length of `r"`, `r#"`, `br"` at the start, and how many hashes; none for anything else.
fn raw_string(rest: &[char]) -> Option<(usize, usize)> {
    let after = match rest {
        ['r', ..] => 1,
        ['b', 'r', ..] => 2,
        _ => return None,
    };
    let hashes = rest[after..].iter().take_while(|c| **c == '#').count();
    (rest.get(after + hashes) == Some(&'"')).then_some((after + hashes + 1, hashes))
}

/// Whether a quote begins a character and not a lifetime.
fn is_char(rest: &[char]) -> bool {
    rest.get(1) == Some(&'\\') || rest.get(2) == Some(&'\'')
}

/// A file without its unit tests, which stand at its end.
pub fn without_tests(source: &str) -> &str {
    source.split("#[cfg(test)]\nmod tests").next().unwrap_or(source)
}

/// The room a file belongs to: `src/store/read/list.rs` → `store`.
fn room(name: &str) -> &str {
    let inside = name.strip_prefix("src/").unwrap_or(name);
    inside.split('/').next().unwrap_or(inside).trim_end_matches(".rs")
}

/// How many modules deep a file is: `src/store/mod.rs` and `src/clock.rs` are 1.
fn depth(name: &str) -> usize {
    let parts = name.trim_start_matches("src/").trim_end_matches(".rs").split('/').count();
    if name.ends_with("/mod.rs") { parts - 1 } else { parts }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Every place where `word` stands alone in `code`, as the text that follows it.
pub fn after_each<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = &'a str> {
    code.match_indices(word).filter_map(move |(at, _)| {
        let before = code[..at].chars().next_back();
        let after = &code[at + word.len()..];
        let in_a_word =
            before.is_some_and(is_word) || (after.starts_with(is_word) && word.ends_with(is_word));
        (!in_a_word).then_some(after)
    })
}

/// The first names of a path's rest: `store::Db` → `store`, `{store, clock::Now}` → both.
pub fn first_names(rest: &str) -> Vec<String> {
    let rest = rest.trim_start();
    if let Some(group) = rest.strip_prefix('{') {
        let (mut level, mut names, mut fresh) = (0, Vec::new(), true);
        let mut chars = group.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            match c {
                '{' => level += 1,
                '}' if level == 0 => break,
                '}' => level -= 1,
                ',' if level == 0 => fresh = true,
                c if fresh && level == 0 && is_word(c) => {
                    names.push(group[at..].chars().take_while(|c| is_word(*c)).collect());
                    fresh = false;
                    while chars.peek().is_some_and(|(_, c)| is_word(*c)) {
                        chars.next();
                    }
                }
                _ => {}
            }
        }
        return names;
    }
    vec![rest.chars().take_while(|c| is_word(*c)).collect()]
}

/// Every room that a file names, by `crate::…`, `daybook::…` or enough `super::`.
fn rooms_named(name: &str, code: &str) -> BTreeSet<String> {
    let mut named = BTreeSet::new();
    let up = "super::".repeat(depth(name));
    for prefix in ["crate::", "daybook::", up.as_str()] {
        for rest in after_each(code, prefix) {
            named.extend(first_names(rest));
        }
    }
    let rooms: BTreeSet<&str> = DIRECTIONS.iter().map(|(room, _)| *room).collect();
    named.retain(|n| rooms.contains(n.as_str()));
    named
}

#[test]
fn rooms_know_only_what_lies_below_them() {
    let mut wrong = Vec::new();
    for (name, source) in rust_sources() {
        let here = room(&name);
        let allowed = DIRECTIONS.iter().find(|(room, _)| *room == here).map(|(_, to)| *to);
        let allowed = allowed.unwrap_or_else(|| panic!("{name}: {here} is no room of the house"));
        for other in rooms_named(&name, &split(&source).0) {
            if other != here && !allowed.contains(&other.as_str()) {
                wrong.push(format!("{name} names {other}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn sql_stands_only_in_the_store() {
    const PHRASES: &[(&str, &str)] = &[
        ("SELECT ", " FROM "),
        ("INSERT ", "INTO "),
        ("UPDATE ", " SET "),
        ("DELETE ", "FROM "),
        ("CREATE ", "TABLE "),
        ("PRAGMA ", ""),
    ];
    let mut wrong = Vec::new();
    for (name, source) in rust_sources() {
        if room(&name) == "store" {
            continue;
        }
        let text = split(&source).1;
        for (first, then) in PHRASES {
            for (at, _) in text.match_indices(first) {
                let near: String = text[at..].chars().take(200).collect();
                if near.contains(then) {
                    wrong.push(format!("{name}: {}", near.trim()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The files of the store that name the driver, each with what only the driver can do there.
const DRIVER: &[(&str, &str)] = &[
    ("src/store/face.rs", "the face itself: statements, rows, transactions, errors"),
    ("src/store/open.rs", "flags, hooks and pragmas of a new connection"),
    ("src/store/functions.rs", "the functions that SQL gets from us"),
    ("src/store/migrate.rs", "an exclusive transaction, and pragmas around it"),
    ("src/store/copy.rs", "copies pages from one connection to another"),
    ("src/store/sql.rs", "a person's query: columns as they come, and an end by time and memory"),
];

#[test]
fn the_driver_stands_behind_its_face() {
    let mut wrong = Vec::new();
    for (name, source) in rust_sources() {
        let names_it = after_each(&split(&source).0, "rusqlite").next().is_some();
        match (names_it, DRIVER.iter().any(|(file, _)| *file == name)) {
            (true, false) => wrong.push(format!("{name} names rusqlite: ask through store::face")),
            (false, true) => wrong.push(format!("{name} does without: take it off the list")),
            (true, true) | (false, false) => {}
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What makes a file or a directory, or sets its mode.
const MAKERS: &[&str] = &[
    "File::create",
    "File::create_new",
    "File::options",
    "OpenOptions",
    "DirBuilder",
    "fs::write",
    "fs::copy",
    "fs::create_dir",
    "fs::create_dir_all",
    "fs::set_permissions",
    "set_permissions",
    "PermissionsExt",
    "tempfile",
    "tempdir",
    "NamedTempFile::new",
    "symlink",
    "mkfifo",
    "umask",
    "Connection::open",
    "SQLITE_OPEN_CREATE",
];

#[test]
fn files_are_made_in_two_places() {
    let mut wrong = Vec::new();
    for (name, source) in rust_sources() {
        if ["inside", "outside"].contains(&room(&name)) || name.ends_with("/tests.rs") {
            continue;
        }
        let code = split(without_tests(&source)).0;
        for word in MAKERS {
            if after_each(&code, word).any(|rest| !rest.starts_with("::NamedTempFile;")) {
                wrong.push(format!(
                    "{name} names {word}: crate::inside makes the book's files, crate::outside the user's"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn tokio_and_threads_stay_in_their_rooms() {
    let mut wrong = Vec::new();
    for (name, source) in rust_sources() {
        let code = split(&source).0;
        if room(&name) != "worker" && after_each(&code, "tokio").next().is_some() {
            wrong.push(format!("{name} names tokio"));
        }
        let screen = ["src/ui/screen/", "src/ui/modal/", "src/ui/widget/"];
        if screen.iter().any(|s| name.starts_with(s)) {
            for word in ["std::thread", "crossbeam_channel", "crate::worker"] {
                if after_each(&code, word).next().is_some() {
                    wrong.push(format!("{name} names {word}"));
                }
            }
            for rest in after_each(&code, "crate::engine::") {
                // Plain data: what can be asked for, what can be asked, and how it looks.
                let plain = ["command", "query", "look"];
                if first_names(rest).iter().any(|n| !plain.contains(&n.as_str())) {
                    wrong.push(format!("{name} knows more of the engine than its plain data"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_domain_is_pure() {
    const IMPURE: &[&str] = &[
        "std::fs",
        "std::env",
        "std::io",
        "std::net",
        "std::process",
        "std::thread",
        "std::time",
        "SystemTime",
        "Instant",
        "Utc::now",
        "Local::now",
        "f32",
        "f64",
    ];
    let mut wrong = Vec::new();
    for (name, source) in rust_sources().into_iter().filter(|(n, _)| room(n) == "domain") {
        let code = split(without_tests(&source)).0;
        for word in IMPURE {
            if after_each(&code, word).next().is_some() {
                wrong.push(format!("{name} names {word}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn files_stay_short_and_nothing_is_left_to_do() {
    let mut wrong = Vec::new();
    for (name, source) in sources() {
        let lines = without_tests(&source).lines().count();
        let excused = LONG_FILES.iter().any(|(file, _)| *file == name);
        if lines > LONGEST && !excused {
            wrong.push(format!("{name} has {lines} lines: split it, or give the reason here"));
        }
        for word in ["TODO", "FIXME", "todo!(", "unimplemented!(", "dbg!("] {
            if source.contains(word) {
                wrong.push(format!("{name} has {word}"));
            }
        }
        if is_rust(&name) && !name.ends_with("/tests.rs") && !source.starts_with("//!") {
            wrong.push(format!("{name} does not begin by saying what it is (//!)"));
        }
    }
    for (file, _) in LONG_FILES {
        let text = fs::read_to_string(root().join(file)).unwrap();
        if without_tests(&text).lines().count() <= LONGEST {
            wrong.push(format!("{file} is short now: take it off the list"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_entrance_is_small() {
    let main = fs::read_to_string(root().join("src/main.rs")).unwrap();
    assert!(main.lines().count() <= 40, "main.rs only chooses between the console and a verb");
    let listed = std::process::Command::new("git")
        .args(["ls-files", "-z"])
        .current_dir(root())
        .output()
        .map(|out| String::from_utf8_lossy(&out.stdout).into_owned())
        .unwrap_or_default();
    let top: BTreeSet<&str> =
        listed.split('\0').filter_map(|f| f.split('/').next()).filter(|f| !f.is_empty()).collect();
    let known = ["Cargo.toml", "Cargo.lock", "src", "assets", "findings", "tests", "README.md"];
    let strangers: Vec<_> =
        top.iter().filter(|f| !f.starts_with('.') && !known.contains(f)).collect();
    assert!(strangers.is_empty(), "at the top level: {strangers:?}");
}

/// The first sentence of a file's `//!`, on one line.
fn says_of_itself(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    let words: Vec<&str> =
        text.lines().map_while(|l| l.strip_prefix("//!")).flat_map(str::split_whitespace).collect();
    let all = words.join(" ");
    let end = all.find(". ").unwrap_or(all.trim_end_matches('.').len());
    all[..end].to_owned()
}

/// The tree as the README shows it: each room in reading order with what it says of itself, and
/// the names of its files; wings likewise.
fn tree() -> String {
    let src = root().join("src");
    let mut out = String::from("src/\n");
    for name in ["main.rs", "lib.rs", "clock.rs", "config.rs", "inside.rs", "outside.rs", "zone.rs"]
    {
        out.push_str(&format!("  {name:<12} {}\n", says_of_itself(&src.join(name))));
    }
    for (room, _) in DIRECTIONS {
        if src.join(room).is_dir() {
            show(&src.join(room), 2, &mut out);
        }
    }
    out
}

/// A directory: what it says of itself, its files, and those in it that are modules of their own.
fn show(directory: &Path, indent: usize, out: &mut String) {
    let name = directory.file_name().unwrap().to_string_lossy();
    let own = directory.join("mod.rs");
    let what = says_of_itself(&if own.exists() { own } else { directory.with_extension("rs") });
    let line = format!("{:indent$}{:<12} {what}", "", format!("{name}/"));
    out.push_str(&format!("{}\n", line.trim_end()));
    let (mut names, mut wings) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(directory).unwrap().map(Result::unwrap) {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if path.join("mod.rs").exists() {
            wings.push(path);
        } else if path.is_dir() && !path.with_extension("rs").exists() {
            names.push(format!("{name}/"));
        } else if path.is_file() && name != "mod.rs" {
            names.push(name.trim_end_matches(".rs").to_owned());
        }
    }
    names.sort();
    wings.sort();
    let mut line = String::new();
    for name in names {
        if line.len() + name.len() > 80 {
            out.push_str(&format!("{:1$}{2}\n", "", indent + 4, line.trim_end()));
            line.clear();
        }
        line.push_str(&name);
        line.push(' ');
    }
    if !line.is_empty() {
        out.push_str(&format!("{:1$}{2}\n", "", indent + 4, line.trim_end()));
    }
    for wing in wings {
        show(&wing, indent + 4, out);
    }
}

/// `DAYBOOK_BLESS=1 cargo test --test it readme` writes the tree anew.
#[test]
fn the_readme_shows_the_tree_as_it_is() {
    let path = root().join("README.md");
    let readme = fs::read_to_string(&path).unwrap();
    let start =
        readme.find("```\nsrc/\n").expect("the README has a tree that begins with src/") + 4;
    let end = start + readme[start..].find("```").unwrap();
    let wanted = tree();
    if std::env::var_os("DAYBOOK_BLESS").is_some() {
        fs::write(&path, format!("{}{wanted}{}", &readme[..start], &readme[end..])).unwrap();
    } else {
        assert_eq!(&readme[start..end], wanted, "DAYBOOK_BLESS=1 cargo test --test it readme");
    }
}

#[test]
fn the_readme_points_at_files_that_exist() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let mut wrong = Vec::new();
    for word in readme.split('`') {
        let looks_like_a_path = ["src/", "tests/", "assets/"].iter().any(|p| word.starts_with(p))
            && !word.contains([' ', '\n', '*', '<', '{']);
        if looks_like_a_path && !root().join(word).exists() {
            wrong.push(word.to_owned());
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

mod of_itself {
    use super::*;

    #[test]
    fn comments_and_text_are_told_from_code() {
        let source = "let a = \"crate::ui\"; // crate::cli\nlet b = r#\"SELECT \"x\" FROM\"#; /* crate::ui */ let c = '\"'; f::<'a>(crate::store::Db)";
        let (code, text) = split(source);
        assert!(code.contains("crate::store") && !code.contains("crate::ui"));
        assert!(!code.contains("crate::cli") && text.contains("SELECT \"x\" FROM"));
        assert_eq!(rooms_named("src/engine/x.rs", &code), BTreeSet::from(["store".to_owned()]));
    }

    #[test]
    fn every_way_to_name_a_room_is_seen() {
        for (file, code) in [
            ("src/domain/a.rs", "use crate::{clock::Now, store::{self, Db}};"),
            ("src/domain/a.rs", "fn f() { super::super::store::open() }"),
            ("src/domain/mod.rs", "use super::store::Db;"),
            ("src/main.rs", "daybook::store::open()"),
        ] {
            assert!(rooms_named(file, code).contains("store"), "{file}: {code}");
        }
        assert!(rooms_named("src/domain/a.rs", "super::store::x").is_empty());
    }
}
