//! The fonts behind the main one, by script: unpacked and parsed at most once a process, when a
//! document first needs one.

use super::error::PrintError;
use super::face::Font;
use harfrust::{Buffer, BufferFlags, Direction, Script, ShapeOptions, ShapePlan, ShaperFont, Tag};
use std::io::Read;
use std::sync::OnceLock;

/// A font file as it is bundled.
struct Bundled {
    /// Whose letters it shapes (ISO 15924); none: each character is one glyph.
    script: Option<&'static [u8; 4]>,
    /// The characters it is looked at for.
    ranges: &'static [(char, char)],
    /// The file, gzipped.
    packed: &'static [u8],
}

macro_rules! font {
    ($file:literal, $script:expr, $($from:literal..=$to:literal)|+) => {
        Bundled {
            script: $script,
            ranges: &[$(($from, $to)),+],
            packed: include_bytes!(concat!("../../assets/fonts/", $file, ".ttf.gz")),
        }
    };
}

/// The font of common Chinese and Japanese characters: the only one of some documents.
pub(super) const COMMON_HAN: u8 = 0;
/// The font of marks on Latin, Greek and Cyrillic letters, and of brackets that are turned around.
pub(super) const MARKS: u8 = 3;

const BUNDLED: [Bundled; 24] = [
    font!("DroidSansFallback", None, '\u{3000}'..='\u{9fff}' | '\u{f900}'..='\u{ffee}'),
    font!("DroidSansFallbackRest", None, '\u{2e80}'..='\u{9fff}' | '\u{f900}'..='\u{fffd}'),
    font!("NotoSansCJKRest", None, '\u{2e80}'..='\u{ffee}' | '\u{20000}'..='\u{2fa1f}'),
    font!("NotoSansMarks", Some(b"Latn"), '\u{20}'..='\u{52f}' | '\u{1e00}'..='\u{20ac}'),
    font!(
        "NotoSansArabic",
        Some(b"Arab"),
        '\u{600}'..='\u{6ff}' | '\u{750}'..='\u{77f}' | '\u{8a0}'..='\u{8ff}' | '\u{fb50}'..='\u{feff}'
    ),
    font!("NotoSansHebrew", Some(b"Hebr"), '\u{590}'..='\u{5ff}' | '\u{fb1d}'..='\u{fb4f}'),
    font!("NotoSansThai", Some(b"Thai"), '\u{e00}'..='\u{e7f}'),
    font!(
        "NotoSansDevanagari",
        Some(b"Deva"),
        '\u{900}'..='\u{97f}' | '\u{1cd0}'..='\u{1cff}' | '\u{a8e0}'..='\u{a8ff}'
    ),
    font!("NotoSansBengali", Some(b"Beng"), '\u{980}'..='\u{9ff}'),
    font!("NotoSansGurmukhi", Some(b"Guru"), '\u{a00}'..='\u{a7f}'),
    font!("NotoSansGujarati", Some(b"Gujr"), '\u{a80}'..='\u{aff}'),
    font!("NotoSansOriya", Some(b"Orya"), '\u{b00}'..='\u{b7f}'),
    font!("NotoSansTamil", Some(b"Taml"), '\u{b80}'..='\u{bff}'),
    font!("NotoSansTelugu", Some(b"Telu"), '\u{c00}'..='\u{c7f}'),
    font!("NotoSansKannada", Some(b"Knda"), '\u{c80}'..='\u{cff}'),
    font!("NotoSansMalayalam", Some(b"Mlym"), '\u{d00}'..='\u{d7f}'),
    font!("NotoSansSinhala", Some(b"Sinh"), '\u{d80}'..='\u{dff}'),
    font!("NotoSansLao", Some(b"Laoo"), '\u{e80}'..='\u{eff}'),
    font!(
        "NotoSansMyanmar",
        Some(b"Mymr"),
        '\u{1000}'..='\u{109f}' | '\u{a9e0}'..='\u{a9ff}' | '\u{aa60}'..='\u{aa7f}'
    ),
    font!("NotoSansKhmer", Some(b"Khmr"), '\u{1780}'..='\u{17ff}' | '\u{19e0}'..='\u{19ff}'),
    font!(
        "NotoSansEthiopic",
        Some(b"Ethi"),
        '\u{1200}'..='\u{139f}' | '\u{2d80}'..='\u{2ddf}' | '\u{ab00}'..='\u{ab2f}'
    ),
    font!("NotoSansArmenian", Some(b"Armn"), '\u{530}'..='\u{58f}' | '\u{fb13}'..='\u{fb17}'),
    font!(
        "NotoSansGeorgian",
        Some(b"Geor"),
        '\u{10a0}'..='\u{10ff}' | '\u{1c90}'..='\u{1cbf}' | '\u{2d00}'..='\u{2d2f}'
    ),
    font!("NotoSansThaana", Some(b"Thaa"), '\u{780}'..='\u{7bf}'),
];

/// Which way a run of letters goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    ToRight,
    ToLeft,
}

/// Scripts that one font shapes, at most: Latin, Greek and Cyrillic with their marks.
const SHAPED_AS: usize = 3;

/// A font that is open: its outlines, and what it needs to be shaped.
struct Open {
    font: Font,
    shaper: Option<harfrust::Font>,
    /// By script, left to right before right to left. Making one takes as long as shaping ten names.
    plans: [OnceLock<Box<ShapePlan>>; 2 * SHAPED_AS],
}

impl Open {
    fn of(bundled: &Bundled) -> Result<Self, PrintError> {
        let wrong = |e: String| PrintError::Fonts(e);
        let mut bytes = Vec::new();
        flate2::read::GzDecoder::new(bundled.packed)
            .read_to_end(&mut bytes)
            .map_err(|e| wrong(e.to_string()))?;
        // Once a process, and needed as long as it lives.
        let bytes: &'static [u8] = bytes.leak();
        let shaper = match bundled.script {
            Some(_) => Some(
                harfrust::Font::new(bytes, 0).ok_or_else(|| wrong("no font to shape".into()))?,
            ),
            None => None,
        };
        Ok(Self { font: Font::parse(bytes)?, shaper, plans: Default::default() })
    }
}

/// The fonts behind the main one.
/// Boxed: two dozen of them are more than the stack of a thread holds.
pub(super) struct Scripts([OnceLock<Option<Box<Open>>>; BUNDLED.len()]);

/// A glyph as the shaper places it, in units of its font.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Placed {
    pub gid: u16,
    /// Where in the text its letters begin, bytes.
    pub at: usize,
    pub advance: i32,
    pub right: i32,
    pub up: i32,
}

impl Scripts {
    pub(super) fn new() -> Self {
        Self(std::array::from_fn(|_| OnceLock::new()))
    }

    fn open(&self, index: u8) -> Option<&Open> {
        let bundled = BUNDLED.get(usize::from(index))?;
        let open = || Open::of(bundled).ok().map(Box::new);
        self.0.get(usize::from(index))?.get_or_init(open).as_deref()
    }

    /// A font by its place.
    pub(super) fn font(&self, index: u8) -> Option<&Font> {
        self.open(index).map(|open| &open.font)
    }

    /// The glyph of a character in a font, if the font is looked at for it.
    pub(super) fn glyph(&self, index: u8, c: char) -> Option<u16> {
        let ranges = BUNDLED.get(usize::from(index))?.ranges;
        ranges
            .iter()
            .any(|(from, to)| (*from..=*to).contains(&c))
            .then(|| self.font(index))??
            .glyph(c)
    }

    /// The first font that has every one of some characters. Joiners are no glyphs.
    pub(super) fn of(&self, letters: &str) -> Option<u8> {
        let shown = |c: &char| !matches!(c, '\u{200c}' | '\u{200d}');
        let all =
            |index: &u8| letters.chars().filter(shown).all(|c| self.glyph(*index, c).is_some());
        (0..BUNDLED.len() as u8).find(all)
    }

    /// Shapes letters of one font and way; the glyphs as they stand from left to right. Letters of
    /// a font that is not shaped have one glyph each.
    pub(super) fn shape(&self, index: u8, way: Way, text: &str) -> Vec<Placed> {
        let Some(open) = self.open(index) else { return Vec::new() };
        let script = BUNDLED.get(usize::from(index)).and_then(|bundled| bundled.script);
        let (Some(tag), Some(face)) = (script, &open.shaper) else {
            return plain(&open.font, way, text);
        };
        let (place, tag) = if index == MARKS { european(text) } else { (0, tag) };
        let direction = match way {
            Way::ToRight => Direction::LeftToRight,
            Way::ToLeft => Direction::RightToLeft,
        };
        let Some(slot) = open.plans.get(2 * place + usize::from(way == Way::ToLeft)) else {
            return Vec::new();
        };
        let script = Script::from_iso15924_tag(Tag::new(tag));
        let plan =
            slot.get_or_init(|| Box::new(ShapePlan::new(face, direction, script, None, &[])));
        let mut buffer = Buffer::new();
        buffer.set_flags(BufferFlags::REMOVE_DEFAULT_IGNORABLES);
        text.char_indices().for_each(|(at, c)| buffer.push(u32::from(c), at as u32));
        buffer.set_direction(direction);
        buffer.set_script(script);
        let options = ShapeOptions::new().plan(Some(plan));
        if harfrust::shape(&ShaperFont::new(face), &mut buffer, options).is_err() {
            return plain(&open.font, way, text);
        }
        let glyphs = buffer.glyph_infos().iter().zip(buffer.glyph_positions());
        glyphs
            .map(|(glyph, place)| Placed {
                gid: glyph.glyph_id as u16,
                at: glyph.cluster as usize,
                advance: place.x_advance,
                right: place.x_offset,
                up: place.y_offset,
            })
            .collect()
    }
}

/// One glyph a character, in its order on paper.
fn plain(font: &Font, way: Way, text: &str) -> Vec<Placed> {
    let place = |(at, c): (usize, char)| {
        let gid = font.glyph(c)?;
        Some(Placed { gid, at, advance: font.units(gid), right: 0, up: 0 })
    };
    let mut placed: Vec<Placed> = text.char_indices().filter_map(place).collect();
    if way == Way::ToLeft {
        placed.reverse();
    }
    placed
}

/// The script of letters with marks: a font places the marks of each apart.
fn european(text: &str) -> (usize, &'static [u8; 4]) {
    match text.chars().next() {
        Some('\u{370}'..='\u{3ff}' | '\u{1f00}'..='\u{1fff}') => (1, b"Grek"),
        Some('\u{400}'..='\u{52f}') => (2, b"Cyrl"),
        Some(_) | None => (0, b"Latn"),
    }
}
