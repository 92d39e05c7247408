//! Reading a file of texts: TOML, `key = "text with {holes}"`, in tables or not. What is wrong is named by
//! line and key with its remedy.

use super::key::{Key, Place, SPECS};
use crate::domain::text;
use std::fmt;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// What is wrong with a file of texts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct TextsError {
    /// From 1.
    pub line: usize,
    /// Key or table; empty = the file.
    pub key: String,
    pub why: String,
    pub remedy: String,
}

impl fmt::Display for TextsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.line)?;
        if !self.key.is_empty() {
            write!(f, ", {}", self.key)?;
        }
        write!(f, ": {}", self.why)
    }
}

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Said(String),
    /// The number of a hole of its key.
    Hole(usize),
}

/// A text with its holes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(Vec<Piece>);

impl Template {
    /// Reads a text of a key; the error is why not, and what to do.
    pub fn read(key: Key, text: &str) -> Result<Self, (String, String)> {
        let spec = key.spec();
        let most = spec.place.most();
        if text.chars().count() > most {
            return Err((format!("is longer than {most} characters"), "shorten it".to_owned()));
        }
        let lines = spec.place == Place::Letter;
        if let Some(odd) = text.chars().find(|c| text::is_unsafe(*c) && !(lines && *c == '\n')) {
            let why = format!("holds the character U+{:04X}, which no text may", u32::from(odd));
            return Err((why, "take it out".to_owned()));
        }
        if text.trim().is_empty() {
            return Err(("is empty".to_owned(), "write it, or leave the key out".to_owned()));
        }
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((said, more)) = rest.split_once(['{', '}']) {
            let opens = rest.as_bytes().get(said.len()) == Some(&b'{');
            let Some((name, more)) = more.split_once('}').filter(|_| opens) else {
                let why = "has a brace without its pair".to_owned();
                return Err((
                    why,
                    "write what is filled in as {name}, and no other braces".to_owned(),
                ));
            };
            let Some(hole) = spec.hole(name) else {
                let known: Vec<String> = spec.holes().map(|hole| format!("{{{hole}}}")).collect();
                let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                let shown = text::clean(name).chars().take(40).collect::<String>();
                return Err((
                    format!("has {{{shown}}}, which is nothing here"),
                    format!("it may hold: {known}"),
                ));
            };
            if !said.is_empty() {
                pieces.push(Piece::Said(said.to_owned()));
            }
            pieces.push(Piece::Hole(hole));
            rest = more;
        }
        if !rest.is_empty() {
            pieces.push(Piece::Said(rest.to_owned()));
        }
        Ok(Self(pieces))
    }

    /// The text with each hole filled by its value.
    pub fn fill(&self, values: &[&str]) -> String {
        let mut out = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Said(text) => out.push_str(text),
                Piece::Hole(at) => out.push_str(values.get(*at).copied().unwrap_or_default()),
            }
        }
        out
    }

    /// The same line by line: one whose holes are all empty, and that says nothing besides, falls out.
    pub fn fill_lines(&self, values: &[&str]) -> String {
        let mut lines: Vec<Vec<Piece>> = vec![Vec::new()];
        for piece in &self.0 {
            match piece {
                Piece::Hole(_) => lines.last_mut().into_iter().for_each(|l| l.push(piece.clone())),
                Piece::Said(text) => {
                    for (at, part) in text.split('\n').enumerate() {
                        if at > 0 {
                            lines.push(Vec::new());
                        }
                        if !part.is_empty() {
                            let last = lines.last_mut().into_iter();
                            last.for_each(|l| l.push(Piece::Said(part.to_owned())));
                        }
                    }
                }
            }
        }
        let mut out: Vec<String> = Vec::new();
        for line in lines {
            let holed = line.iter().any(|piece| matches!(piece, Piece::Hole(_)));
            let filled = Self(line).fill(values);
            if !(holed && filled.trim().is_empty()) {
                out.push(filled);
            }
        }
        out.join("\n")
    }

    /// Every character it says itself.
    pub fn said(&self) -> impl Iterator<Item = char> {
        self.0.iter().flat_map(|piece| match piece {
            Piece::Said(text) => text.chars(),
            Piece::Hole(_) => "".chars(),
        })
    }

    /// Whether it fills in a hole of its key.
    #[cfg(test)]
    pub fn holds(&self, hole: usize) -> bool {
        self.0.contains(&Piece::Hole(hole))
    }
}

/// One text of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The table it stands in; empty = none.
    pub table: String,
    pub key: Key,
    pub template: Template,
    /// From 1.
    pub line: usize,
}

fn line_at(source: &str, at: usize) -> usize {
    source.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count() + 1
}

/// Reads a file. What its tables may be is told by who asks.
pub fn read(source: &str) -> Result<Vec<Entry>, TextsError> {
    let table = DeTable::parse(source).map_err(|error| TextsError {
        line: line_at(source, error.span().map_or(0, |span| span.start)),
        key: String::new(),
        why: error.message().lines().next().unwrap_or_default().to_owned(),
        remedy: "write key = \"text\", long texts between three quotes (TOML)".to_owned(),
    })?;
    let mut out = Vec::new();
    for (key, value) in table.get_ref() {
        match value.get_ref() {
            DeValue::Table(inner) => {
                for (name, value) in inner {
                    out.push(entry(
                        source,
                        key.get_ref(),
                        (name.get_ref(), name.span().start),
                        value,
                    )?);
                }
            }
            _ => out.push(entry(source, "", (key.get_ref(), key.span().start), value)?),
        }
    }
    out.sort_by_key(|entry| entry.line);
    Ok(out)
}

fn entry(
    source: &str,
    table: &str,
    (name, at): (&str, usize),
    value: &Spanned<DeValue<'_>>,
) -> Result<Entry, TextsError> {
    let line = line_at(source, at);
    let shown = text::clean(name).chars().take(60).collect::<String>();
    let wrong =
        |(why, remedy): (String, String)| TextsError { line, key: shown.clone(), why, remedy };
    let Some(key) = Key::parse(name) else {
        let near = near(name).map_or_else(String::new, |near| format!("did you mean {near}? "));
        let remedy = format!("{near}daybook settings texts en shows the keys");
        return Err(wrong(("is no text of a document or mail".to_owned(), remedy)));
    };
    let Some(text) = value.get_ref().as_str() else {
        let why = format!("is a {}, not a text", value.get_ref().type_str());
        return Err(wrong((why, "write it between quotes".to_owned())));
    };
    let template = Template::read(key, text).map_err(wrong)?;
    Ok(Entry { table: table.to_owned(), key, template, line })
}

/// A key that is written nearly so: without its underscores, or as its beginning.
fn near(name: &str) -> Option<&'static str> {
    let plain = |text: &str| text.to_lowercase().replace(['-', '_', ' '], "");
    let wanted = plain(name);
    let names = || SPECS.iter().map(|spec| spec.name);
    let same = names().find(|known| plain(known) == wanted);
    same.or_else(|| names().find(|known| wanted.len() > 3 && plain(known).starts_with(&wanted)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_file_is_named_by_line_key_and_remedy() {
        for (source, line, key, why, remedy) in [
            ("a = ", 1, "", "string values", "TOML"),
            ("\ninvoices = \"x\"", 2, "invoices", "no text of", "daybook settings texts en"),
            ("[de]\npay-by = \"x\"", 2, "pay-by", "no text of", "did you mean pay_by?"),
            ("invoice = 3", 1, "invoice", "is a integer", "quotes"),
            ("pay = \"{summe}\"", 1, "pay", "{summe}", "{sum}, {reference}"),
            ("pay = \"{sum\"", 1, "pay", "brace", "no other braces"),
            ("pay = \"sum}\"", 1, "pay", "brace", "no other braces"),
            ("invoice = \"a\\nb\"", 1, "invoice", "U+000A", "take it out"),
            ("invoice = \"a\\u202E\"", 1, "invoice", "U+202E", "take it out"),
            ("invoice = \" \"", 1, "invoice", "is empty", "leave the key out"),
        ] {
            let error = read(source).unwrap_err();
            assert_eq!((error.line, error.key.as_str()), (line, key), "{source}: {error:?}");
            assert!(
                error.why.contains(why) && error.remedy.contains(remedy),
                "{source}: {error:?}"
            );
        }
        let long = format!("invoice = \"{}\"", "x".repeat(61));
        assert!(read(&long).unwrap_err().why.contains("60 characters"));
    }

    #[test]
    fn a_line_whose_holes_are_empty_falls_out() {
        let text = "Dear {customer},\n\n{correction}\n{payment}\n\nBye\n{issuer}\n{footer}";
        let letter = Template::read(Key::MailDebitMemo, text).unwrap();
        let spec = Key::MailDebitMemo.spec();
        let mut values = vec![""; spec.holes.len()];
        values[spec.hole("customer").unwrap()] = "A";
        values[spec.hole("payment").unwrap()] = "{issuer}";
        // What is filled in is not read again.
        assert_eq!(letter.fill_lines(&values), "Dear A,\n\n{issuer}\n\nBye");
    }
}
