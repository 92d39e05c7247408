//! The bundled fonts, each script of them cut at most once per process, and embedded only when used.
//! `subsetter` cuts the outlines; the objects that describe a cut in a PDF (ISO 32000-1, 9.7) are
//! written here.
//!
//! A piece (a [`Cut`]) is one weight and one script, so its bytes do not depend on the documents
//! of the day: the same invoice is the same file in every run. The fallback for Chinese and
//! Japanese is cut per document, to the characters it needs.

use super::error::PrintError;
use lopdf::{Dictionary, Document, Object, Stream, dictionary};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Read;
use std::sync::OnceLock;
use subsetter::GlyphRemapper;
use ttf_parser::{Face, GlyphId, name_id};

const REGULAR: &[u8] = include_bytes!("../../assets/fonts/NotoSans-Regular.ttf");
const BOLD: &[u8] = include_bytes!("../../assets/fonts/NotoSans-Bold.ttf");
const FALLBACK_GZ: &[u8] = include_bytes!("../../assets/fonts/DroidSansFallback.ttf.gz");

/// Stroke weight of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    /// Running text.
    Regular,
    /// Headings and totals.
    Bold,
}

/// Which piece of which font a glyph stands in: weight and script, or the document's own fallback.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum CutId {
    /// A piece shared by all documents: index into the weight's scripts, bold after regular.
    Shared(u8),
    /// The fallback font, cut for one document.
    Own,
}

impl CutId {
    /// The name of the font resource; six capitals, as subset tags want them (ISO 32000-1, 9.6.4).
    pub(super) fn resource(self) -> String {
        match self {
            Self::Shared(index) => format!("DBK{}AA", char::from(b'A' + index)),
            Self::Own => "DBKHAN".into(),
        }
    }
}

/// One glyph: its code in the cut and its advance in thousandths of an em.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Glyph {
    pub cut: CutId,
    pub code: u16,
    pub advance: u16,
}

/// A font piece ready to embed: the four PDF objects, already deflated.
#[derive(Debug, Clone)]
pub(super) struct Cut {
    font: Dictionary,
    to_unicode: Stream,
    descriptor: Dictionary,
    program: Stream,
}

impl Cut {
    /// Adds the piece to a document and returns the reference of its font dictionary.
    pub(super) fn embed(&self, doc: &mut Document) -> Object {
        let program = doc.add_object(self.program.clone());
        let mut descriptor = self.descriptor.clone();
        descriptor.set("FontFile2", Object::Reference(program));
        let descriptor = doc.add_object(descriptor);
        let to_unicode = doc.add_object(self.to_unicode.clone());
        let mut font = self.font.clone();
        font.set("ToUnicode", Object::Reference(to_unicode));
        if let Ok(Object::Array(heirs)) = font.get_mut(b"DescendantFonts")
            && let Some(Object::Dictionary(heir)) = heirs.first_mut()
        {
            heir.set("FontDescriptor", Object::Reference(descriptor));
        }
        Object::Reference(doc.add_object(font))
    }
}

/// A new piece and where each character stands in it.
type Cutting = (Cut, BTreeMap<char, Glyph>);

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

/// A font file and what was read of it.
struct Font {
    bytes: &'static [u8],
    face: Face<'static>,
}

impl Font {
    fn parse(bytes: &'static [u8]) -> Result<Self, PrintError> {
        let face = Face::parse(bytes, 0).map_err(|e| PrintError::Fonts(e.to_string()))?;
        Ok(Self { bytes, face })
    }

    fn glyph(&self, c: char) -> Option<u16> {
        self.face.glyph_index(c).map(|gid| gid.0).filter(|gid| *gid != 0)
    }

    /// A length in the font's units, in thousandths of an em.
    fn thousandths(&self, units: i64) -> i64 {
        units * 1000 / i64::from(self.face.units_per_em().max(1))
    }

    fn advance(&self, gid: u16) -> u16 {
        let units = self.face.glyph_hor_advance(GlyphId(gid)).unwrap_or_default();
        self.thousandths(i64::from(units)) as u16
    }

    /// The font's own name, as PostScript knows it.
    fn name(&self) -> String {
        let names = self.face.names();
        let own =
            names.into_iter().find(|n| n.name_id == name_id::POST_SCRIPT_NAME && n.is_unicode());
        own.and_then(|n| n.to_string()).unwrap_or_else(|| "Font".into())
    }

    /// What a reader must know of the font (ISO 32000-1, 9.8); the cut itself is added when embedded.
    fn descriptor(&self, name: Object) -> Dictionary {
        let (face, of) = (&self.face, |units: i16| self.thousandths(i64::from(units)));
        let all = face.global_bounding_box();
        let bounds = [all.x_min, all.y_min, all.x_max, all.y_max];
        dictionary! {
            "Type" => "FontDescriptor",
            "FontName" => name,
            // Symbolic: the codes are the cut's own.
            "Flags" => 4,
            "FontBBox" => bounds.iter().map(|edge| Object::from(of(*edge))).collect::<Vec<_>>(),
            "ItalicAngle" => i64::from(face.italic_angle() as i16),
            "Ascent" => of(face.ascender()),
            "Descent" => of(face.descender()),
            "CapHeight" => of(face.capital_height().unwrap_or(face.ascender())),
            "StemV" => 80,
        }
    }
}

/// All bundled fonts.
pub(super) struct Fonts {
    /// Regular and bold.
    main: [Font; 2],
    /// By [`CutId::Shared`].
    pieces: [OnceLock<Piece>; 2 * SCRIPTS as usize],
    fallback: OnceLock<Option<Font>>,
}

/// Those of some characters that the fallback has, with their glyphs.
fn wanted(fallback: &Font, chars: &[char]) -> Vec<(char, u16)> {
    chars.iter().filter_map(|c| fallback_glyph(fallback, *c).map(|gid| (*c, gid))).collect()
}

fn fallback_glyph(fallback: &Font, c: char) -> Option<u16> {
    ('\u{3000}'..='\u{ffee}').contains(&c).then(|| fallback.glyph(c))?
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
            fallback: OnceLock::new(),
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

    /// Whether the fallback font has it.
    pub(super) fn has_fallback(&self, c: char) -> bool {
        self.fallback().is_some_and(|font| fallback_glyph(font, c).is_some())
    }

    /// A shared piece.
    pub(super) fn shared(&self, index: u8) -> Option<&Cut> {
        let font = self.main.get(usize::from(index / SCRIPTS))?;
        let piece = self.piece(index)?;
        let cut = piece.cut.get_or_init(|| cut(font, CutId::Shared(index), &piece.chars).ok());
        cut.as_ref()
    }

    /// Where the characters of one document stand in its own piece of the fallback.
    pub(super) fn own_glyphs(&self, chars: &[char]) -> Option<BTreeMap<char, Glyph>> {
        let font = self.fallback().filter(|_| !chars.is_empty())?;
        Some(numbered(font, CutId::Own, &wanted(font, chars)))
    }

    /// The fallback cut to the characters of one document.
    pub(super) fn own_cut(&self, chars: &[char]) -> Result<Option<Cutting>, PrintError> {
        let Some(font) = self.fallback().filter(|_| !chars.is_empty()) else {
            return Ok(None);
        };
        let wanted = wanted(font, chars);
        let glyphs = numbered(font, CutId::Own, &wanted);
        Ok(Some((cut(font, CutId::Own, &wanted)?, glyphs)))
    }

    fn fallback(&self) -> Option<&Font> {
        self.fallback
            .get_or_init(|| {
                let mut bytes = Vec::new();
                flate2::read::GzDecoder::new(FALLBACK_GZ).read_to_end(&mut bytes).ok()?;
                // Once a process, and needed as long as it lives.
                Font::parse(bytes.leak()).ok()
            })
            .as_ref()
    }
}

/// Cuts a font to some characters and describes the cut as PDF wants it.
fn cut(font: &Font, id: CutId, chars: &[(char, u16)]) -> Result<Cut, PrintError> {
    let order = in_order(chars);
    // The remapper numbers glyphs as it meets them; the parts of composed ones come behind ours.
    let mut remapper = GlyphRemapper::new();
    for gid in &order {
        remapper.remap(*gid);
    }
    let bytes = subsetter::subset(font.bytes, 0, &remapper)
        .map_err(|e| PrintError::Fonts(e.to_string()))?;
    let length = bytes.len() as i64;
    let program = packed(dictionary! { "Length1" => length }, bytes)?;
    let to_unicode = packed(Dictionary::new(), unicode_map(&order, chars).into_bytes())?;
    let name = Object::Name(format!("{}+{}", id.resource(), font.name()).into_bytes());
    let widths = order.iter().map(|gid| Object::from(i64::from(font.advance(*gid)))).collect();
    let heir = dictionary! {
        "Type" => "Font",
        "Subtype" => "CIDFontType2",
        "BaseFont" => name.clone(),
        "CIDSystemInfo" => dictionary! {
            "Registry" => Object::string_literal("Adobe"),
            "Ordering" => Object::string_literal("Identity"),
            "Supplement" => 0,
        },
        "CIDToGIDMap" => "Identity",
        "DW" => 1000,
        "W" => vec![Object::Integer(1), Object::Array(widths)],
    };
    let described = font.descriptor(name.clone());
    let font = dictionary! {
        "Type" => "Font",
        "Subtype" => "Type0",
        "BaseFont" => name,
        "Encoding" => "Identity-H",
        "DescendantFonts" => vec![Object::Dictionary(heir)],
    };
    Ok(Cut { font, to_unicode, descriptor: described, program })
}

/// A deflated stream.
fn packed(facts: Dictionary, bytes: Vec<u8>) -> Result<Stream, PrintError> {
    let mut stream = Stream::new(facts, bytes);
    stream.compress().map_err(|e| PrintError::Fonts(e.to_string()))?;
    Ok(stream)
}

/// Which character each code of a piece is copied out as (ISO 32000-1, 9.10.3). Of two that look the
/// same, as a blank and a no-break space, the first.
fn unicode_map(order: &[u16], chars: &[(char, u16)]) -> String {
    let mut firsts: BTreeMap<u16, char> = BTreeMap::new();
    for (c, gid) in chars {
        firsts.entry(*gid).and_modify(|first| *first = (*first).min(*c)).or_insert(*c);
    }
    let mut map = String::from(
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n\
         /CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n\
         /CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n\
         1 begincodespacerange\n<0000> <ffff>\nendcodespacerange\n",
    );
    let shown: Vec<_> =
        order.iter().zip(1u16..).filter_map(|(g, n)| Some((n, firsts.get(g)?))).collect();
    // A block holds 100 at most.
    for block in shown.chunks(100) {
        let _ = writeln!(map, "{} beginbfchar", block.len());
        for (code, c) in block {
            let _ = write!(map, "<{code:04x}> <");
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(map, "{unit:04x}");
            }
            map.push_str(">\n");
        }
        map.push_str("endbfchar\n");
    }
    map.push_str("endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n");
    map
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

/// The glyphs of some characters as a piece numbers them: sorted, the first one being 1.
fn in_order(chars: &[(char, u16)]) -> Vec<u16> {
    let mut order: Vec<u16> = chars.iter().map(|(_, gid)| *gid).collect();
    order.sort_unstable();
    order.dedup();
    order
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
            assert!(!fonts.has_basic(c) && fonts.has_fallback(c), "{c:?}");
        }
        for c in ['ع', 'ש', 'ก', '한', '😀', '\u{301}'] {
            assert!(!fonts.has_basic(c) && !fonts.has_fallback(c), "{c:?}");
        }
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
