//! A cut of a font as the objects that describe it in a PDF (ISO 32000-1, 9.7).

use super::error::PrintError;
use super::face::{CutId, Font, in_order};
use super::outline::{self, Drawn};
use lopdf::{Dictionary, Document, Object, Stream, dictionary};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use subsetter::GlyphRemapper;

/// A font piece ready to embed: the four PDF objects, already deflated.
#[derive(Debug, Clone)]
pub(super) struct Cut {
    font: Dictionary,
    pub to_unicode: Stream,
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

/// Cuts a font to some characters.
pub(super) fn cut(font: &Font, id: CutId, chars: &[(char, u16)]) -> Result<Cut, PrintError> {
    let order = in_order(chars);
    // The remapper numbers glyphs as it meets them; the parts of composed ones come behind ours.
    let mut remapper = GlyphRemapper::new();
    for gid in &order {
        remapper.remap(*gid);
    }
    let bytes = subsetter::subset(font.bytes, 0, &remapper)
        .map_err(|e| PrintError::Fonts(e.to_string()))?;
    // Of two characters that look the same, as a blank and a no-break space, the first.
    let mut firsts: BTreeMap<u16, char> = BTreeMap::new();
    for (c, gid) in chars {
        firsts.entry(*gid).and_modify(|first| *first = (*first).min(*c)).or_insert(*c);
    }
    let texts: Vec<String> = order
        .iter()
        .map(|gid| firsts.get(gid).map(ToString::to_string).unwrap_or_default())
        .collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let widths = order.iter().map(|gid| i64::from(font.advance(*gid))).collect();
    described(font, id, bytes, &texts, widths)
}

/// Cuts a font to what a document draws of it; each piece is copied out as its text.
pub(super) fn cut_drawn(
    font: &Font,
    id: CutId,
    drawn: &[Drawn],
    texts: &[&str],
) -> Result<Cut, PrintError> {
    let bytes = outline::cut(font.bytes, drawn)
        .ok_or_else(|| PrintError::Fonts(format!("{} cannot be cut", font.name())))?;
    let widths = drawn.iter().map(|one| font.thousandths(i64::from(one.advance))).collect();
    described(font, id, bytes, texts, widths)
}

/// Describes a cut as PDF wants it: texts and widths by code, from 1.
fn described(
    font: &Font,
    id: CutId,
    bytes: Vec<u8>,
    texts: &[&str],
    widths: Vec<i64>,
) -> Result<Cut, PrintError> {
    let length = bytes.len() as i64;
    let program = packed(dictionary! { "Length1" => length }, bytes)?;
    let to_unicode = packed(Dictionary::new(), unicode_map(texts).into_bytes())?;
    let name = Object::Name(format!("{}+{}", id.resource(), font.name()).into_bytes());
    let widths = widths.into_iter().map(Object::from).collect();
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

/// Which text each code of a piece is copied out as (ISO 32000-1, 9.10.3).
fn unicode_map(texts: &[&str]) -> String {
    let mut map = String::from(
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n\
         /CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n\
         /CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n\
         1 begincodespacerange\n<0000> <ffff>\nendcodespacerange\n",
    );
    let shown: Vec<_> = (1u16..).zip(texts).filter(|(_, text)| !text.is_empty()).collect();
    // A block holds 100 at most.
    for block in shown.chunks(100) {
        let _ = writeln!(map, "{} beginbfchar", block.len());
        for (code, text) in block {
            let _ = write!(map, "<{code:04x}> <");
            for unit in text.encode_utf16() {
                let _ = write!(map, "{unit:04x}");
            }
            map.push_str(">\n");
        }
        map.push_str("endbfchar\n");
    }
    map.push_str("endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n");
    map
}
