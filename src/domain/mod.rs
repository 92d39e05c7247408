//! The nouns and the rules. Pure: no SQL, threads, clock, files, environment or async.
//! `today` is an argument, money is integer minor units, and a status is an enum.

/// A closed set of words: an enum, its text in the book and on the command line, and back.
/// Reading ignores case; writing gives the exact word.
macro_rules! text_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $($(#[$vdoc])* #[serde(rename = $text)] $variant,)+
        }
        #[allow(dead_code, reason = "not every list is read back or told")]
        impl $name {
            /// Every value, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            /// Every word, in the same order.
            pub const WORDS: &'static [&'static str] = &[$($text),+];
            /// The word.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
            /// Reads the word in any case.
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|v| v.as_str().eq_ignore_ascii_case(text))
            }
            /// Every word, for messages: `a, b, c`.
            pub fn words() -> String {
                Self::ALL.iter().map(|v| v.as_str()).collect::<Vec<_>>().join(", ")
            }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}
pub(crate) use text_enum;

pub mod account;
pub mod actor;
pub mod agency;
pub mod bank;
pub mod banking;
pub mod bill;
pub mod billing;
pub mod book_period;
pub mod books;
pub mod charge;
pub mod charts;
pub mod claimed;
pub mod closing;
pub mod conversion;
pub mod damages;
pub mod decline;
pub mod deferral;
pub mod delivery;
pub mod dispute;
pub mod document;
pub mod e_invoice;
pub mod explain;
pub mod flags;
pub mod frozen;
pub mod fx;
pub mod ids;
pub mod instalment;
pub mod job;
pub mod journal;
pub mod leaf;
pub mod ledger;
pub mod line_change;
pub mod memo;
pub mod memo_tax;
pub mod money;
pub mod month;
pub mod movement;
pub mod note;
pub mod payment;
pub mod payment_method;
pub mod payment_reference;
pub mod payment_run;
pub mod period;
pub mod proration;
pub mod rating;
pub mod recovery;
pub mod regime;
pub mod reminder;
pub mod report;
pub mod retry;
pub mod review;
pub mod run_params;
pub mod schedule;
pub mod series;
pub mod speech;
pub mod statement;
pub mod stop;
pub mod subscription;
pub mod tag;
pub mod tax;
pub mod term;
pub mod text;
pub mod timekeeping;
pub mod unusual;
pub mod withdrawn;
