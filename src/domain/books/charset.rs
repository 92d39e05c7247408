//! Text in the eight bits that other programs ask for.

use unicode_normalization::UnicodeNormalization;

/// What Windows-1252 has between 80 and 9F (hexadecimal); a blank where nothing is.
const ANSI: &str = "€ ‚ƒ„…†‡ˆ‰Š‹Œ Ž  ‘’“”•–—˜™š›œ žŸ";

/// Where ISO 8859-15 is not Latin 1.
const LATIN_9: [(char, u8); 8] = [
    ('€', 0xa4),
    ('Š', 0xa6),
    ('š', 0xa8),
    ('Ž', 0xb4),
    ('ž', 0xb8),
    ('Œ', 0xbc),
    ('œ', 0xbd),
    ('Ÿ', 0xbe),
];

/// Windows-1252, as DATEV reads it. A letter that is not in it loses its marks; what has none is `?`.
pub fn ansi(text: &str) -> Vec<u8> {
    bytes(text, |c| match u32::from(c) {
        code @ (0..=0x7f | 0xa0..=0xff) => u8::try_from(code).ok(),
        _ if c == ' ' => None,
        _ => ANSI.chars().zip(0x80_u8..).find(|(known, _)| *known == c).map(|(_, byte)| byte),
    })
}

/// ISO 8859-15, which French law names (livre des procédures fiscales, A47 A-1, VII).
pub fn latin_9(text: &str) -> Vec<u8> {
    bytes(text, |c| {
        if let Some((_, byte)) = LATIN_9.iter().find(|(known, _)| *known == c) {
            return Some(*byte);
        }
        let byte = u8::try_from(u32::from(c)).ok()?;
        let other = LATIN_9.iter().any(|(_, taken)| *taken == byte);
        (!other && !(0x80..0xa0).contains(&byte)).then_some(byte)
    })
}

fn bytes(text: &str, of: impl Fn(char) -> Option<u8>) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for c in text.chars() {
        match of(c) {
            Some(byte) => out.push(byte),
            None => {
                let bare = std::iter::once(c).nfd().next().and_then(&of);
                out.push(bare.unwrap_or(b'?'));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_letter_is_itself_or_its_nearest() {
        assert_eq!(ansi("Aä€–ÿ"), [b'A', 0xe4, 0x80, 0x96, 0xff]);
        assert_eq!(ansi("Ÿž"), [0x9f, 0x9e]);
        assert_eq!(ansi("Łódź 東"), [b'?', 0xf3, b'd', b'z', b' ', b'?']);
        assert_eq!(latin_9("é€œ¤"), [0xe9, 0xa4, 0xbd, b'?']);
    }
}
