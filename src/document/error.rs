//! Why a document cannot be printed.

/// Why a document cannot be printed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PrintError {
    /// A character that no bundled font has.
    #[error("{place} holds {shown} (U+{code:04X}), which no font of daybook has")]
    NoGlyph {
        /// The code point.
        code: u32,
        /// The character itself, quoted.
        shown: String,
        /// Where it stands: `customer name`, `line 3 description`.
        place: String,
    },
    /// A text has more lines than its place, however small.
    #[error("{place}: {lines} lines even in small print, and there is room for {most}")]
    TooLong {
        /// What stands there.
        place: String,
        /// Lines it needs.
        lines: usize,
        /// Lines there are.
        most: usize,
    },
    /// The logo cannot be used.
    #[error("the logo cannot be used: {0}")]
    Logo(String),
    /// The bundled fonts could not be read: a broken build.
    #[error("the bundled fonts cannot be read: {0}")]
    Fonts(String),
}
