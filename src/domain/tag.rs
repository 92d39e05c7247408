//! Tags: short words that clerks put on drafts to find them again. They say nothing of the document.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Letters of a tag at most.
const LONGEST: usize = 24;
/// Tags of one document at most.
const MOST: usize = 8;

/// Tags to put on and to take off.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tagging {
    pub add: Vec<String>,
    pub remove: Vec<String>,
}

/// Why tags cannot be put on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TagError {
    #[error("no tag is named: \"urgent\" puts one on, \"-urgent\" takes it off")]
    Nothing,
    #[error("{0:?} is no tag: a tag is one word of at most {LONGEST} letters, digits, - or _")]
    Word(String),
    #[error("{0:?} is put on and taken off")]
    Both(String),
    #[error("it would have {0} tags; {MOST} are the most")]
    Many(usize),
}

impl Tagging {
    /// Reads what is typed: words by blanks or commas; `-` before one takes it off.
    pub fn parse(text: &str) -> Result<Self, TagError> {
        let mut out = Self::default();
        for word in text.split([' ', ',']).filter(|word| !word.is_empty()) {
            match word.strip_prefix('-') {
                Some(off) => out.remove.push(tag(off)?),
                None => out.add.push(tag(word.strip_prefix('+').unwrap_or(word))?),
            }
        }
        out.checked()
    }

    /// Of two lists, as a program names them.
    pub fn of(add: &[String], remove: &[String]) -> Result<Self, TagError> {
        let all = |words: &[String]| words.iter().map(|word| tag(word)).collect::<Result<_, _>>();
        Self { add: all(add)?, remove: all(remove)? }.checked()
    }

    fn checked(self) -> Result<Self, TagError> {
        if let Some(both) = self.add.iter().find(|word| self.remove.contains(word)) {
            return Err(TagError::Both(both.clone()));
        }
        if self.add.is_empty() && self.remove.is_empty() {
            return Err(TagError::Nothing);
        }
        Ok(self)
    }

    /// The tags of a document after it, by letters and separated by blanks.
    pub fn on(&self, tags: &str) -> Result<String, TagError> {
        let mut all: BTreeSet<&str> = tags.split_whitespace().collect();
        all.retain(|tag| !self.remove.iter().any(|off| off == tag));
        all.extend(self.add.iter().map(String::as_str));
        if all.len() > MOST {
            return Err(TagError::Many(all.len()));
        }
        Ok(all.into_iter().collect::<Vec<_>>().join(" "))
    }

    /// As it is typed.
    pub fn words(&self) -> String {
        let off = self.remove.iter().map(|word| format!("-{word}"));
        self.add.iter().cloned().chain(off).collect::<Vec<_>>().join(" ")
    }
}

/// One tag, in small letters.
fn tag(word: &str) -> Result<String, TagError> {
    let word = word.trim();
    let fits = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    let length = word.chars().count();
    if length == 0 || length > LONGEST || !word.chars().all(fits) || word.starts_with('-') {
        return Err(TagError::Word(word.to_owned()));
    }
    Ok(word.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_read_put_on_and_taken_off() {
        let on = |typed: &str, tags: &str| Tagging::parse(typed).and_then(|t| t.on(tags));
        assert_eq!(on("Urgent", ""), Ok("urgent".to_owned()));
        assert_eq!(on("b, a  +c", "a x"), Ok("a b c x".to_owned()));
        assert_eq!(on("-x", "a x"), Ok("a".to_owned()));
        assert_eq!(on("-gone", "a"), Ok("a".to_owned()));
        assert_eq!(on("müller_2 -a", "a"), Ok("müller_2".to_owned()));
        assert_eq!(on(" , ", ""), Err(TagError::Nothing));
        assert_eq!(on("a -a", ""), Err(TagError::Both("a".to_owned())));
        for bad in ["a%b", "--a", "-", "a'b", &"x".repeat(25)] {
            assert!(matches!(on(bad, ""), Err(TagError::Word(_))), "{bad}");
        }
        assert_eq!(on("i", "a b c d e f g h"), Err(TagError::Many(9)));
        assert_eq!(on("i -a", "a b c d e f g h"), Ok("b c d e f g h i".to_owned()));
        assert_eq!(Tagging::parse("-x b").unwrap().words(), "b -x");
        assert_eq!(Tagging::of(&["A".to_owned()], &[]), Tagging::parse("a"));
    }
}
