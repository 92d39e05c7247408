//! Notes and references: what people write on an account or a document beside what is printed on it.

use crate::domain::ids::{AccountId, DocumentId, NoteId};
use serde::{Deserialize, Serialize};

/// The longest note, characters.
pub const LONGEST_NOTE: usize = 500;
/// The longest reference, characters.
pub const LONGEST_REFERENCE: usize = 60;

/// What a note or a reference is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum On {
    Account(AccountId),
    Document(DocumentId),
}

/// One note. It stays as it was written; another can strike it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    pub id: NoteId,
    /// The document it is on, by number or draft; empty: the account itself.
    pub document: String,
    /// UTC milliseconds.
    pub at_ms: i64,
    /// Who wrote it.
    pub user: String,
    pub text: String,
    /// The note that this one strikes.
    pub strikes: Option<NoteId>,
    /// The note that struck this one.
    pub struck_by: Option<NoteId>,
}

impl Note {
    /// What it says, with what it strikes or what struck it: `N-000001 called`.
    pub fn said(&self) -> String {
        let on =
            if self.document.is_empty() { String::new() } else { format!("{} ", self.document) };
        let strikes = self.strikes.map(|of| format!("strikes {of}: ")).unwrap_or_default();
        let struck = self.struck_by.map(|by| format!(" (struck by {by})")).unwrap_or_default();
        format!("{} {on}{strikes}{}{struck}", self.id, self.text)
    }
}

/// How an account or a document is called by people: neither is printed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct References {
    /// Ours; empty: none.
    pub ours: String,
    /// The customer's; empty: none.
    pub theirs: String,
}

impl References {
    /// Both in words: `our ref. K-12, their ref. 4711`; empty where there is none.
    pub fn said(&self) -> String {
        let one =
            |whose: &str, text: &str| (!text.is_empty()).then(|| format!("{whose} ref. {text}"));
        let both = [one("our", &self.ours), one("their", &self.theirs)];
        both.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_says_what_it_strikes_and_what_struck_it() {
        let note = Note {
            id: NoteId(3),
            document: String::new(),
            at_ms: 0,
            user: "mia".to_owned(),
            text: "called".to_owned(),
            strikes: None,
            struck_by: None,
        };
        assert_eq!(note.said(), "N-000003 called");
        let struck =
            Note { struck_by: Some(NoteId(4)), document: "INV-9".to_owned(), ..note.clone() };
        assert_eq!(struck.said(), "N-000003 INV-9 called (struck by N-000004)");
        let strikes = Note { strikes: Some(NoteId(2)), ..note };
        assert_eq!(strikes.said(), "N-000003 strikes N-000002: called");
    }

    #[test]
    fn references_that_are_none_say_nothing() {
        let all = |ours: &str, theirs: &str| {
            References { ours: ours.to_owned(), theirs: theirs.to_owned() }.said()
        };
        assert_eq!(all("", ""), "");
        assert_eq!(all("K-12", ""), "our ref. K-12");
        assert_eq!(all("K-12", "4711"), "our ref. K-12, their ref. 4711");
    }
}
