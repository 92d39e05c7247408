//! Which letters a terminal counts as we do, and what stands for the others.

use unicode_normalization::UnicodeNormalization;
use unicode_width::UnicodeWidthStr;

/// Which characters a terminal counts as we do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Letters {
    All,
    /// All but those that are narrow in the West and wide in the East (East Asian Width "ambiguous",
    /// UAX 11: lines of boxes, dots, arrows, some letters with accents).
    Sure,
    /// ASCII alone.
    Ascii,
}

impl Letters {
    /// Whether a text can be drawn as it is.
    pub fn draw(self, text: &str) -> bool {
        match self {
            Self::All => true,
            // Tables of terminals differ about letters of Latin, Greek and Cyrillic and about signs too.
            Self::Sure => {
                text.is_ascii()
                    || text.chars().all(|c| c >= '\u{2e80}') && text.width() == text.width_cjk()
            }
            Self::Ascii => text.is_ascii(),
        }
    }
}

/// What a plain screen has in place of a character that is drawn and not read; none where it is read.
pub fn spoken(text: &str) -> Option<&'static str> {
    Some(match text.chars().next()? {
        '┌' | '┐' | '└' | '┘' | '├' | '┤' | '┬' | '┴' | '┼' | '│' | '─' => {
            " "
        }
        '▁'..='█' | '●' | '◆' | '✉' | '▸' => " ",
        '·' | '•' => ",",
        '›' => ":",
        '→' => ">",
        _ => return None,
    })
}

/// The nearest ASCII for a character of our own drawing; `?` for one from the data.
pub fn ascii(text: &str) -> u8 {
    match text.chars().next() {
        Some('·' | '•') => b'.',
        Some('›' | '→' | '▸') => b'>',
        Some('▲' | '↑') => b'^',
        Some('▼' | '↓') => b'v',
        Some('●' | '◆' | '✉') => b'*',
        Some('…') => b'~',
        Some('│') => b'|',
        Some('─' | '–' | '—') => b'-',
        Some('┌' | '┐' | '└' | '┘' | '├' | '┤' | '┬' | '┴' | '┼') => b'+',
        Some('×') => b'x',
        Some('≥' | '≤' | '≈') => b'=',
        Some('▁' | '▂' | '▃') => b'_',
        Some('▄' | '▅' | '▆') => b'-',
        Some('▇' | '█') => b'#',
        // A letter without its accent.
        _ => text
            .nfkd()
            .next()
            .and_then(|c| u8::try_from(c).ok())
            .filter(u8::is_ascii)
            .unwrap_or(b'?'),
    }
}
