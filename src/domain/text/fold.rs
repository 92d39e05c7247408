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
