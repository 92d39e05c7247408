//! The bundled fonts, each script of them cut at most once per process, and embedded only when used.
//!
//! A piece (a [`Cut`]) is one weight and one script, so its bytes do not depend on the documents
//! of the day: the same invoice is the same file in every run. The fallback for Chinese and
//! Japanese is cut per document, to the characters it needs.

use super::printable::PrintError;
use lopdf::{Dictionary, Document, Object, Stream};
use printpdf::{
    Codepoint, FontId, Mm, Op, ParsedFont, PdfDocument, PdfFont, PdfFontHandle, PdfPage,
    PdfSaveOptions, Pt, TextItem,
};
use std::collections::BTreeMap;
use std::io::Read;
use std::sync::OnceLock;

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

/// All bundled fonts.
pub(super) struct Fonts {
    /// Regular and bold.
    main: [ParsedFont; 2],
    /// By [`CutId::Shared`].
    pieces: [OnceLock<Piece>; 2 * SCRIPTS as usize],
    fallback: OnceLock<Option<ParsedFont>>,
}

/// Those of some characters that the fallback has, with their glyphs.
fn wanted(fallback: &ParsedFont, chars: &[char]) -> Vec<(char, u16)> {
    chars.iter().filter_map(|c| fallback_glyph(fallback, *c).map(|gid| (*c, gid))).collect()
}

fn fallback_glyph(fallback: &ParsedFont, c: char) -> Option<u16> {
    ('\u{3000}'..='\u{ffee}').contains(&c).then(|| glyph_index(fallback, c))?
}

impl Fonts {
    /// The fonts of this process.
    pub(super) fn get() -> Result<&'static Self, PrintError> {
        static FONTS: OnceLock<Result<Fonts, PrintError>> = OnceLock::new();
        FONTS.get_or_init(Self::open).as_ref().map_err(Clone::clone)
    }

    fn open() -> Result<Self, PrintError> {
        Ok(Self {
            main: [parse(REGULAR)?, parse(BOLD)?],
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

    fn fallback(&self) -> Option<&ParsedFont> {
        self.fallback
            .get_or_init(|| {
                let mut bytes = Vec::new();
                flate2::read::GzDecoder::new(FALLBACK_GZ).read_to_end(&mut bytes).ok()?;
                parse(&bytes).ok()
            })
            .as_ref()
    }
}

fn parse(bytes: &[u8]) -> Result<ParsedFont, PrintError> {
    ParsedFont::from_bytes(bytes, 0, &mut Vec::new())
        .ok_or_else(|| PrintError::Fonts("not a TrueType font".into()))
}

fn glyph_index(font: &ParsedFont, c: char) -> Option<u16> {
    font.lookup_glyph_index(u32::from(c)).filter(|gid| *gid != 0)
}

/// Cuts a font to some characters: printpdf subsets and describes it in a document of its own,
/// from which the finished objects are taken.
fn cut(font: &ParsedFont, id: CutId, chars: &[(char, u16)]) -> Result<Cut, PrintError> {
    let resource = FontId(id.resource());
    let mut model = PdfDocument::new("");
    model.resources.fonts.map.insert(resource.clone(), PdfFont::new(font.clone()));
    // Backwards, because the last character shown with a glyph is the one copied out of the file,
    // and a blank should be a blank, not the no-break space that looks the same.
    let shown =
        chars.iter().rev().map(|(c, gid)| Codepoint::with_cid(*gid, 0.0, c.to_string())).collect();
    let ops = vec![
        Op::StartTextSection,
        Op::SetFont { font: PdfFontHandle::External(resource), size: Pt(9.0) },
        Op::ShowText { items: vec![TextItem::GlyphIds(shown)] },
        Op::EndTextSection,
    ];
    model.pages.push(PdfPage::new(Mm(210.0), Mm(297.0), ops));
    let doc = model.to_lopdf_document(&PdfSaveOptions::default(), &mut Vec::new());
    take(&doc).ok_or_else(|| PrintError::Fonts("the font was not embedded".into()))
}

/// The characters of one script that the main font has, with their glyphs.
fn chars_of(font: &ParsedFont, script: u8) -> Vec<(char, u16)> {
    ('\u{20}'..='\u{2fff}')
        .filter(|c| script_of(*c) == script && !needs_shaping(*c))
        .filter_map(|c| glyph_index(font, c).map(|gid| (c, gid)))
        .collect()
}

/// Where each of some characters stands in a piece cut to them, and how wide it is.
fn numbered(font: &ParsedFont, id: CutId, chars: &[(char, u16)]) -> BTreeMap<char, Glyph> {
    // The subsetter numbers glyphs by their place among the sorted ones, after .notdef.
    let mut order: Vec<u16> = chars.iter().map(|(_, gid)| *gid).collect();
    order.sort_unstable();
    order.dedup();
    let units = u32::from(font.pdf_font_metrics.units_per_em.max(1));
    chars
        .iter()
        .map(|(c, gid)| {
            let place = order.partition_point(|other| other < gid) + 1;
            let advance = u32::from(font.get_horizontal_advance(*gid)) * 1000 / units;
            let glyph = Glyph { cut: id, code: place as u16, advance: advance as u16 };
            (*c, glyph)
        })
        .collect()
}

/// Takes the one embedded font out of a document.
fn take(doc: &Document) -> Option<Cut> {
    let font = doc
        .objects
        .values()
        .filter_map(|o| o.as_dict().ok())
        .find(|d| d.get(b"Subtype").and_then(Object::as_name).is_ok_and(|n| n == b"Type0"))?
        .clone();
    let stream = |of: &Dictionary, key: &[u8]| {
        let id = of.get(key).ok()?.as_reference().ok()?;
        let mut stream = doc.get_object(id).ok()?.as_stream().ok()?.clone();
        stream.compress().ok()?;
        Some(stream)
    };
    let to_unicode = stream(&font, b"ToUnicode")?;
    let heir = font.get(b"DescendantFonts").ok()?.as_array().ok()?.first()?.as_dict().ok()?;
    let described = heir.get(b"FontDescriptor").ok()?.as_reference().ok()?;
    let descriptor = doc.get_object(described).ok()?.as_dict().ok()?.clone();
    let program = stream(&descriptor, b"FontFile2")?;
    Some(Cut { font, to_unicode, descriptor, program })
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
