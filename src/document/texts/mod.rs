//! The words of documents, mails and reminders: those of daybook (`assets/text/*.toml`, compiled in), and
//! those that an issuer has instead.

mod key;
mod read;

pub use key::{Key, SPECS};
pub use read::{Template, TextsError};

use super::fonts::Fonts;
use crate::domain::speech::{Language, Speech};
use crate::domain::text::hex;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// The file of a language.
fn source(language: Language) -> &'static str {
    match language {
        Language::English => include_str!("../../../assets/text/en.toml"),
        Language::German => include_str!("../../../assets/text/de.toml"),
        Language::French => include_str!("../../../assets/text/fr.toml"),
        Language::Dutch => include_str!("../../../assets/text/nl.toml"),
        Language::Italian => include_str!("../../../assets/text/it.toml"),
        Language::Spanish => include_str!("../../../assets/text/es.toml"),
        Language::Polish => include_str!("../../../assets/text/pl.toml"),
    }
}

/// The words of one language; those in a table are what issuers of that country say instead.
struct Words {
    all: BTreeMap<Key, Template>,
    of_country: BTreeMap<(String, Key), Template>,
}

/// Those of daybook. A file that does not read is a fault of the build, which a test finds.
fn words(language: Language) -> &'static Words {
    static ALL: [OnceLock<Words>; Language::ALL.len()] =
        [const { OnceLock::new() }; Language::ALL.len()];
    ALL[language as usize].get_or_init(|| {
        let mut words = Words { all: BTreeMap::new(), of_country: BTreeMap::new() };
        for entry in read::read(source(language)).unwrap_or_default() {
            if entry.table.is_empty() {
                words.all.insert(entry.key, entry.template);
            } else {
                words.of_country.insert((entry.table, entry.key), entry.template);
            }
        }
        words
    })
}

/// Texts of the issuer's own, by language: a table `[de]` each.
#[derive(Debug, PartialEq, Eq)]
pub struct OwnTexts {
    /// Names them for ever: SHA-256 of the file, hexadecimal.
    pub hash: String,
    texts: BTreeMap<(Language, Key), Template>,
}

impl OwnTexts {
    /// Reads a file, refusing what is not a text of documents or mails, and what no font has.
    pub fn read(source: &str) -> Result<Self, TextsError> {
        let fonts = Fonts::get().ok();
        let mut texts = BTreeMap::new();
        for entry in read::read(source)? {
            let wrong = |why: String, remedy: &str| TextsError {
                line: entry.line,
                key: entry.key.spec().name.to_owned(),
                why,
                remedy: remedy.to_owned(),
            };
            let Some(language) = Language::parse(&entry.table) else {
                let why = match entry.table.as_str() {
                    "" => "stands in no language".to_owned(),
                    other => format!("stands in [{other}], which is no language"),
                };
                let languages: Vec<_> = Language::WORDS.iter().map(|l| format!("[{l}]")).collect();
                return Err(wrong(why, &format!("put it under one of {}", languages.join(", "))));
            };
            let has = |c: char| fonts.is_none_or(|fonts| fonts.has_basic(c));
            if entry.key.spec().place.prints()
                && let Some(odd) = entry.template.said().find(|c| !has(*c))
            {
                let why =
                    format!("has ‘{odd}’ (U+{:04X}), which cannot be printed", u32::from(odd));
                return Err(wrong(why, "write it in other letters"));
            }
            texts.insert((language, entry.key), entry.template);
        }
        Ok(Self { hash: hex(&Sha256::digest(source)), texts })
    }

    /// The texts of a hash, from the last call or by reading what `source` gives; the inner error is what
    /// cannot be read of it, which was checked when it was set.
    pub fn cached<E>(
        hash: &str,
        source: impl FnOnce() -> Result<String, E>,
    ) -> Result<Result<Arc<Self>, TextsError>, E> {
        static LAST: Mutex<Option<Arc<OwnTexts>>> = Mutex::new(None);
        let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = last.as_ref().filter(|texts| texts.hash == hash) {
            return Ok(Ok(known.clone()));
        }
        let read = Self::read(&source()?).map(Arc::new);
        *last = read.as_ref().ok().cloned();
        Ok(read)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.texts.len()
    }
}

/// The text of a key: the issuer's own, else as issuers of its country say it, else as the language does.
pub(super) fn template<'a>(
    speech: &Speech,
    own: Option<&'a OwnTexts>,
    key: Key,
) -> Option<&'a Template> {
    let language = speech.tag.language;
    let of_country = || words(language).of_country.get(&(speech.issuer.clone(), key));
    own.and_then(|own| own.texts.get(&(language, key)))
        .or_else(of_country)
        .or_else(|| words(language).all.get(&key))
}

/// Daybook's own file of a language: what a file of one's own is made after.
pub fn sample(language: Language) -> &'static str {
    source(language)
}

#[cfg(test)]
mod tests;
