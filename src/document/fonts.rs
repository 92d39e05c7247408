//! The bundled fonts, each script of them cut at most once per process, and embedded only when used.
//! A piece (a [`Cut`]) is one weight and one script, so its bytes do not depend on the documents
//! of the day: the same invoice is the same file in every run. The fonts behind the main one
//! ([`Scripts`]) are cut per document, to what it shows of them.

use super::cut::{Cut, cut};
use super::error::PrintError;
use super::face::{CutId, Font, Glyph, in_order};
use super::scripts::{COMMON_HAN, Scripts};
use std::collections::BTreeMap;
use std::sync::OnceLock;

const REGULAR: &[u8] = include_bytes!("../../assets/fonts/NotoSans-Regular.ttf");
const BOLD: &[u8] = include_bytes!("../../assets/fonts/NotoSans-Bold.ttf");

/// Stroke weight of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Weight {
    /// Running text.
    Regular,
    /// Headings and totals.
    Bold,
}

/// The scripts one weight is cut into.
const SCRIPTS: u8 = 5;

/// Which piece a character of the main font goes to. The first holds what nearly every invoice
/// needs, so most files carry two small pieces.
fn script_of(c: char) -> u8 {
    match c {
        '\u{20}'..='\u{ff}' | '\u{2010}'..='\u{2026}' | '\u{20ac}' | '\u{2212}' => 0,
        '\u{370}'..='\u{3ff}' | '\u{1f00}'..='\u{1fff}' => 2,
        '\u{400}'..='\u{52f}' => 3,
        '\u{100}'..='\u{2ff}' | '\u{1e00}'..='\u{1eff}' => 1,
        _ => 4,
    }
}

/// Characters whose glyphs exist but which need shaping to stand right: combining marks.
fn needs_shaping(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}')
}

/// Glyphs by code point: looked up for every character of every document, so a plain table.
struct GlyphTable(Vec<Option<Glyph>>);

impl GlyphTable {
    fn new(glyphs: BTreeMap<char, Glyph>) -> Self {
        let last = glyphs.last_key_value().map_or(0, |(c, _)| u32::from(*c) as usize);
        let mut table = vec![None; last + 1];
        for (c, glyph) in glyphs {
            table[u32::from(c) as usize] = Some(glyph);
        }
        Self(table)
    }

    fn get(&self, c: char) -> Option<Glyph> {
        self.0.get(u32::from(c) as usize).copied().flatten()
    }
}

/// One script of one weight: which glyphs its characters have, and the piece when it is embedded. Both
/// are made when first asked for: looking a character up in the font takes long, and most documents
/// need Latin letters alone.
struct Piece {
    chars: Vec<(char, u16)>,
    glyphs: GlyphTable,
    cut: OnceLock<Option<Cut>>,
}

/// All bundled fonts.
pub(super) struct Fonts {
    /// Regular and bold.
    main: [Font; 2],
    /// By [`CutId::Shared`].
    pieces: [OnceLock<Piece>; 2 * SCRIPTS as usize],
    pub scripts: Scripts,
}

impl Fonts {
    /// The fonts of this process.
    pub(super) fn get() -> Result<&'static Self, PrintError> {
        static FONTS: OnceLock<Result<Fonts, PrintError>> = OnceLock::new();
        FONTS.get_or_init(Self::open).as_ref().map_err(Clone::clone)
    }

    fn open() -> Result<Self, PrintError> {
        Ok(Self {
            main: [Font::parse(REGULAR)?, Font::parse(BOLD)?],
            pieces: Default::default(),
            scripts: Scripts::new(),
        })
    }

    fn piece(&self, index: u8) -> Option<&Piece> {
        let font = self.main.get(usize::from(index / SCRIPTS))?;
        Some(self.pieces.get(usize::from(index))?.get_or_init(|| {
            let chars = chars_of(font, index % SCRIPTS);
            let glyphs = GlyphTable::new(numbered(font, CutId::Shared(index), &chars));
            Piece { chars, glyphs, cut: OnceLock::new() }
        }))
    }

    /// The glyph of a character in the main font.
    pub(super) fn glyph(&self, weight: Weight, c: char) -> Option<Glyph> {
        let first = match weight {
            Weight::Regular => 0,
            Weight::Bold => SCRIPTS,
        };
        self.piece(first + script_of(c))?.glyphs.get(c)
    }

    /// Whether the main font has a character, in both weights.
    pub(super) fn has_basic(&self, c: char) -> bool {
        [Weight::Regular, Weight::Bold].iter().all(|weight| self.glyph(*weight, c).is_some())
    }

    /// Whether it is a common Chinese or Japanese character.
    pub(super) fn has_han(&self, c: char) -> bool {
        self.scripts.glyph(COMMON_HAN, c).is_some()
    }

    /// A shared piece.
    pub(super) fn shared(&self, index: u8) -> Option<&Cut> {
        let font = self.main.get(usize::from(index / SCRIPTS))?;
        let piece = self.piece(index)?;
        let cut = piece.cut.get_or_init(|| cut(font, CutId::Shared(index), &piece.chars).ok());
        cut.as_ref()
    }

    /// Where common Chinese and Japanese characters stand in a document's own piece of their font.
    pub(super) fn own_glyphs(&self, chars: &[char]) -> Option<BTreeMap<char, Glyph>> {
        let font = self.scripts.font(COMMON_HAN)?;
        Some(numbered(font, CutId::Own, &self.wanted(chars)))
    }

    /// Their font cut to them.
    pub(super) fn own_cut(&self, chars: &[char]) -> Result<Option<Cut>, PrintError> {
        let Some(font) = self.scripts.font(COMMON_HAN) else { return Ok(None) };
        cut(font, CutId::Own, &self.wanted(chars)).map(Some)
    }

    fn wanted(&self, chars: &[char]) -> Vec<(char, u16)> {
        let glyph = |c: &char| self.scripts.glyph(COMMON_HAN, *c).map(|gid| (*c, gid));
        chars.iter().filter_map(glyph).collect()
    }
}

/// The characters of one script that the main font has, with their glyphs.
fn chars_of(font: &Font, script: u8) -> Vec<(char, u16)> {
    ('\u{20}'..='\u{2fff}')
        .filter(|c| script_of(*c) == script && !needs_shaping(*c))
        .filter_map(|c| font.glyph(c).map(|gid| (c, gid)))
        .collect()
}

/// Where each of some characters stands in a piece cut to them, and how wide it is.
fn numbered(font: &Font, id: CutId, chars: &[(char, u16)]) -> BTreeMap<char, Glyph> {
    let order = in_order(chars);
    let place = |gid: &u16| order.partition_point(|other| other < gid) + 1;
    chars
        .iter()
        .map(|(c, gid)| {
            let glyph = Glyph { cut: id, code: place(gid) as u16, advance: font.advance(*gid) };
            (*c, glyph)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scripts_customers_write_in_have_glyphs() {
        let fonts = Fonts::get().unwrap();
        for c in "Müller & Søn — Łódź, Ελλάδα Ἀθῆναι, Москва Київ ђ, ệ ₴ € № ¹ « »".chars()
        {
            assert!(fonts.has_basic(c), "{c:?}");
        }
        for c in "東京商事株式会社、カタカナひらがな上海電氣".chars() {
            assert!(!fonts.has_basic(c) && fonts.has_han(c), "{c:?}");
        }
        let others = "عשกहক한𠮷㐂ਪગଓதతಕമසລမខአհქދ\u{301}";
        for c in others.chars() {
            assert!(!fonts.has_basic(c) && !fonts.has_han(c), "{c:?}");
            assert!(fonts.scripts.of(&c.to_string()).is_some(), "{c:?}");
        }
        assert!(!fonts.has_basic('😀') && fonts.scripts.of("😀").is_none());
        let syllables = ('가'..='힣').filter(|c| fonts.scripts.of(&c.to_string()).is_none());
        assert_eq!(syllables.count(), 0, "every syllable of Hangul");
        let han = ('一'..='\u{9fa5}').filter(|c| fonts.scripts.of(&c.to_string()).is_none());
        assert_eq!(han.count(), 0, "every Chinese character of Unicode 1.0");
    }

    #[test]
    fn what_is_said_to_print_always_has_glyphs() {
        let fonts = Fonts::get().unwrap();
        let said: Vec<char> = (0..=0x2fff)
            .filter_map(char::from_u32)
            .filter(|c| crate::document::Press::always_prints(&c.to_string()))
            .collect();
        assert_eq!(said.len(), 94, "the plain letters without the backslash");
        assert!(said.iter().all(|c| fonts.has_basic(*c)));
    }

    #[test]
    fn codes_of_a_cut_are_those_its_unicode_map_names() {
        let fonts = Fonts::get().unwrap();
        for weight in [Weight::Regular, Weight::Bold] {
            for c in ['A', 'z', '0', 'ß', 'Ж', 'ω', 'ř'] {
                let glyph = fonts.glyph(weight, c).unwrap();
                let CutId::Shared(index) = glyph.cut else { panic!("shared") };
                let mut map = fonts.shared(index).unwrap().to_unicode.clone();
                map.decompress().unwrap();
                let map = String::from_utf8_lossy(&map.content).to_lowercase();
                let line = format!("<{:04x}> <{:04x}>", glyph.code, u32::from(c));
                assert!(map.contains(&line), "{c}: {line} not in\n{map}");
            }
        }
    }
}
