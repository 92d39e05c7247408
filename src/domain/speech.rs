//! In which language a document speaks, and whose law's words it says.

use super::e_invoice::{CustomerKind, is_country};
use serde::{Deserialize, Serialize};

text_enum! {
    /// A language of documents, mails and reminders (ISO 639-1).
    #[derive(Default)]
    Language {
        #[default]
        English = "en",
        German = "de",
        French = "fr",
        Dutch = "nl",
        Italian = "it",
        Spanish = "es",
        Polish = "pl",
    }
}

/// A language as a country writes its dates and figures.
#[derive(Debug, Clone, PartialEq, Eq, Default, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default)]
pub struct Tag {
    pub language: Language,
    /// Two capitals (ISO 3166-1); empty: as the language does at home.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub country: String,
}

impl Tag {
    /// What [`Tag::parse`] takes, for messages.
    pub fn allowed() -> String {
        format!("{}, or with a country behind it such as de-AT", Language::words())
    }

    /// Reads `de`, `de-AT`, `de_at`.
    pub fn parse(text: &str) -> Option<Self> {
        let (language, country) = text.split_once(['-', '_']).unwrap_or((text, ""));
        let country = country.to_ascii_uppercase();
        let known = country.len() == 2 && is_country(&country);
        if country.is_empty() && text.len() != 2 || !(country.is_empty() || known) {
            return None;
        }
        Some(Self { language: Language::parse(language)?, country })
    }
}

/// `de`, `de-AT`.
impl std::fmt::Display for Tag {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.language.as_str())?;
        if self.country.is_empty() { Ok(()) } else { write!(f, "-{}", self.country) }
    }
}

text_enum! {
    /// What the law of the issuer's country has every invoice say about late payment.
    LateTerms {
        /// Penalties and the fixed sum for recovery, on what a business buys (Code de commerce, L441-9 I and
        /// L441-10 II, D441-5).
        France = "FR",
    }
}

impl LateTerms {
    /// Of an issuer by its country, for a customer. One of unknown kind who has a tax id counts as a
    /// business, as in [`super::regime`].
    pub fn of(issuer: &str, kind: Option<CustomerKind>, has_tax_id: bool) -> Option<Self> {
        let trades = match kind {
            Some(CustomerKind::Business) => true,
            // Of public buyers another code speaks.
            Some(CustomerKind::Consumer | CustomerKind::Public) => false,
            None => has_tax_id,
        };
        (issuer == "FR" && trades).then_some(Self::France)
    }
}

/// How a document speaks: frozen at posting. One that has none is English, as an older daybook wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Speech {
    pub tag: Tag,
    /// The issuer's country, whose law names its documents; empty = not said.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub issuer: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub late: Option<LateTerms>,
    /// The hash of the issuer's own texts; empty = none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub texts: String,
}

impl Speech {
    /// Whether it says what a document without it says.
    pub fn is_plain(&self) -> bool {
        self.tag.language == Language::English && self.late.is_none() && self.texts.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_is_named_with_or_without_a_country() {
        for (text, read) in
            [("de", "de"), ("de-AT", "de-AT"), ("DE_at", "de-AT"), ("en-GB", "en-GB"), ("pl", "pl")]
        {
            assert_eq!(Tag::parse(text).map(|tag| tag.to_string()).as_deref(), Some(read));
        }
        for bad in ["", "-", "de-", "d", "deu", "german", "de-XX", "de-AUT", "ja", "de-AT-x", " de"]
        {
            assert_eq!(Tag::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn late_terms_are_those_of_french_issuers_to_who_trades() {
        use CustomerKind::{Business, Consumer, Public};
        for (issuer, kind, has_tax_id, late) in [
            ("FR", Some(Business), false, Some(LateTerms::France)),
            ("FR", Some(Public), true, None),
            ("FR", Some(Consumer), true, None),
            ("FR", None, true, Some(LateTerms::France)),
            ("FR", None, false, None),
            ("DE", Some(Business), true, None),
            ("", Some(Business), true, None),
        ] {
            assert_eq!(LateTerms::of(issuer, kind, has_tax_id), late, "{issuer} {kind:?}");
        }
    }

    #[test]
    fn only_plain_english_is_left_out() {
        let of = |tag: &str| Speech { tag: Tag::parse(tag).unwrap(), ..Speech::default() };
        assert!(of("en").is_plain() && of("en-GB").is_plain() && !of("fr").is_plain());
        assert!(!Speech { texts: "ab".to_owned(), ..Speech::default() }.is_plain());
        let late = Speech { late: Some(LateTerms::France), ..Speech::default() };
        assert_eq!(
            serde_json::to_string(&late).unwrap(),
            r#"{"tag":{"language":"en"},"late":"FR"}"#
        );
    }
}
