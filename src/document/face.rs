//! A font file that is open, and how a document names a piece of it.

use super::error::PrintError;
use lopdf::{Dictionary, Object, dictionary};
use ttf_parser::{Face, GlyphId, name_id};

/// Which piece of which font a glyph stands in: weight and script, or the document's own cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum CutId {
    /// A piece shared by all documents: index into the weight's scripts, bold after regular.
    Shared(u8),
    /// Common Chinese and Japanese characters, cut for one document.
    Own,
    /// Another font, by its place among [`Scripts`], cut for one document.
    Script(u8),
}

impl CutId {
    /// The name of the font resource; six capitals, as subset tags want them (ISO 32000-1, 9.6.4).
    pub(super) fn resource(self) -> String {
        match self {
            Self::Shared(index) => format!("DBK{}AA", char::from(b'A' + index)),
            Self::Own => "DBKHAN".into(),
            Self::Script(index) => format!("DBS{}AA", char::from(b'A' + index)),
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

/// A font file and what was read of it.
pub(super) struct Font {
    pub bytes: &'static [u8],
    face: Face<'static>,
}

impl Font {
    pub(super) fn parse(bytes: &'static [u8]) -> Result<Self, PrintError> {
        let face = Face::parse(bytes, 0).map_err(|e| PrintError::Fonts(e.to_string()))?;
        Ok(Self { bytes, face })
    }

    pub(super) fn glyph(&self, c: char) -> Option<u16> {
        self.face.glyph_index(c).map(|gid| gid.0).filter(|gid| *gid != 0)
    }

    /// A length in the font's units, in thousandths of an em.
    pub(super) fn thousandths(&self, units: i64) -> i64 {
        units * 1000 / i64::from(self.face.units_per_em().max(1))
    }

    /// How far the next glyph stands, in the font's units.
    pub(super) fn units(&self, gid: u16) -> i32 {
        self.face.glyph_hor_advance(GlyphId(gid)).unwrap_or_default().into()
    }

    pub(super) fn advance(&self, gid: u16) -> u16 {
        self.thousandths(self.units(gid).into()) as u16
    }

    /// The font's own name, as PostScript knows it.
    pub(super) fn name(&self) -> String {
        let names = self.face.names();
        let own =
            names.into_iter().find(|n| n.name_id == name_id::POST_SCRIPT_NAME && n.is_unicode());
        own.and_then(|n| n.to_string()).unwrap_or_else(|| "Font".into())
    }

    /// What a reader must know of the font (ISO 32000-1, 9.8); the cut itself is added when embedded.
    pub(super) fn descriptor(&self, name: Object) -> Dictionary {
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

/// The glyphs of some characters as a piece numbers them: sorted, the first one being 1.
pub(super) fn in_order(chars: &[(char, u16)]) -> Vec<u16> {
    let mut order: Vec<u16> = chars.iter().map(|(_, gid)| *gid).collect();
    order.sort_unstable();
    order.dedup();
    order
}
