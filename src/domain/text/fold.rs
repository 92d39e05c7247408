//! A text as people search for it: without accents, case and letter shapes.

use unicode_normalization::UnicodeNormalization;

/// `Köhler`, `KÖHLER` and `Kohler` are all `kohler`, `Łódź` is `lodz`, `Straße` is `strasse`. Accents
/// are the combining marks U+0300–U+036F: those of other scripts make other letters.
pub fn folded(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let mut out = String::with_capacity(text.len());
    let bare = text.nfkd().filter(|c| !('\u{300}'..='\u{36f}').contains(c));
    for c in bare.flat_map(char::to_lowercase) {
        // Letters that Unicode does not take apart.
        match c {
            '’' | '‘' | 'ʼ' => out.push('\''),
            'ß' => out.push_str("ss"),
            'æ' => out.push_str("ae"),
            'œ' => out.push_str("oe"),
            'þ' => out.push_str("th"),
            'ø' => out.push('o'),
            'đ' | 'ð' => out.push('d'),
            'ł' => out.push('l'),
            'ħ' => out.push('h'),
            'ı' => out.push('i'),
            other => out.push(other),
        }
    }
    out
}

/// What a text is looked for in: its folded form and, on a line of its own, the one in which umlauts
/// and their like are written out (`kohler`, `koehler`).
pub fn searchable(text: &str) -> String {
    spellings(text).join("\n")
}

/// The folded forms of what is looked for: `Köhler` is also written `Koehler` (DIN 5007-2, ICAO 9303).
/// One where there is only one.
pub fn spellings(text: &str) -> Vec<String> {
    let bare = folded(text);
    if text.is_ascii() {
        return vec![bare];
    }
    let mut out = String::with_capacity(text.len() + 4);
    for c in text.nfc().flat_map(char::to_lowercase) {
        match c {
            'ä' => out.push_str("ae"),
            'ö' | 'ø' => out.push_str("oe"),
            'ü' => out.push_str("ue"),
            'å' => out.push_str("aa"),
            other => out.push(other),
        }
    }
    let written_out = folded(&out);
    if written_out == bare { vec![bare] } else { vec![bare, written_out] }
}

/// Whether a text, as it is looked for in, contains one of some folded texts.
pub fn holds(text: &str, folded: &[&str]) -> bool {
    if text.is_ascii() {
        let text = text.as_bytes();
        let at = |part: &[u8]| text.windows(part.len()).any(|w| w.eq_ignore_ascii_case(part));
        return folded.iter().any(|part| part.is_empty() || at(part.as_bytes()));
    }
    let text = searchable(text);
    folded.iter().any(|part| text.contains(part))
}
