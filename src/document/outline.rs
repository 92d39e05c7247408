//! A TrueType font cut to what one document shows of it (OpenType 1.9, tables `glyf`, `loca`, `hmtx`,
//! `maxp`). Letters that the shaper stacked or moved become one glyph made of parts, so that each
//! code of the cut is a piece of text with a width of its own: no reader has to guess from places.

use ttf_parser::{RawFace, Tag};

/// One glyph of a source font at a place, in its units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Part {
    pub gid: u16,
    pub right: i16,
    pub up: i16,
}

/// What one code of a cut draws.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Drawn {
    pub parts: Vec<Part>,
    /// How far the next one stands, units of the source font.
    pub advance: u16,
}

/// Flags of a part of a made glyph (OpenType 1.9, `glyf`, composite glyph description).
mod flag {
    pub const WORDS: u16 = 0x0001;
    pub const XY_VALUES: u16 = 0x0002;
    pub const ONE_SCALE: u16 = 0x0008;
    pub const MORE: u16 = 0x0020;
    pub const TWO_SCALES: u16 = 0x0040;
    pub const MATRIX: u16 = 0x0080;
}

fn word(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
}

fn long(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4).map(|four| u32::from_be_bytes([four[0], four[1], four[2], four[3]]))
}

fn set_word(bytes: &mut [u8], at: usize, value: u16) {
    if let Some(place) = bytes.get_mut(at..at + 2) {
        place.copy_from_slice(&value.to_be_bytes());
    }
}

/// The tables of a source font.
struct Source<'a> {
    head: &'a [u8],
    hhea: &'a [u8],
    hmtx: &'a [u8],
    maxp: &'a [u8],
    loca: &'a [u8],
    glyf: &'a [u8],
}

impl<'a> Source<'a> {
    fn read(font: &'a [u8]) -> Option<Self> {
        let face = RawFace::parse(font, 0).ok()?;
        let table = |name: &[u8; 4]| face.table(Tag::from_bytes(name));
        Some(Self {
            head: table(b"head")?,
            hhea: table(b"hhea")?,
            hmtx: table(b"hmtx")?,
            maxp: table(b"maxp")?,
            loca: table(b"loca")?,
            glyf: table(b"glyf")?,
        })
    }

    /// The outline of a glyph; empty where it has none.
    fn outline(&self, gid: u16) -> Option<&'a [u8]> {
        let at = usize::from(gid);
        let (from, to) = if word(self.head, 50)? == 0 {
            (u32::from(word(self.loca, 2 * at)?) * 2, u32::from(word(self.loca, 2 * at + 2)?) * 2)
        } else {
            (long(self.loca, 4 * at)?, long(self.loca, 4 * at + 4)?)
        };
        self.glyf.get(from as usize..to as usize)
    }

    /// Advance and left side bearing.
    fn metrics(&self, gid: u16) -> Option<(u16, u16)> {
        let (at, full) = (usize::from(gid), usize::from(word(self.hhea, 34)?));
        if at < full {
            return Some((word(self.hmtx, 4 * at)?, word(self.hmtx, 4 * at + 2)?));
        }
        let last = word(self.hmtx, 4 * full.checked_sub(1)?)?;
        Some((last, word(self.hmtx, 4 * full + 2 * (at - full))?))
    }
}

/// A glyph of the cut: its outline, advance and left side bearing.
type Made = (Vec<u8>, u16, u16);

/// The cut as it grows. Glyphs that others are made of come behind those with a code.
struct Cutting<'a> {
    source: Source<'a>,
    made: Vec<Made>,
    /// Source glyphs still to be copied, each with its number in the cut from `first` on.
    parts: Vec<u16>,
    first: usize,
}

impl Cutting<'_> {
    /// The number in the cut of a glyph that is part of another.
    fn part(&mut self, gid: u16) -> u16 {
        let place = self.parts.iter().position(|other| *other == gid).unwrap_or_else(|| {
            self.parts.push(gid);
            self.parts.len() - 1
        });
        (self.first + place) as u16
    }

    /// A glyph of the source with the numbers of its own parts mended.
    fn copied(&mut self, gid: u16) -> Option<Vec<u8>> {
        let mut outline = self.source.outline(gid)?.to_vec();
        // Negative: made of others.
        if word(&outline, 0).is_some_and(|contours| contours & 0x8000 != 0) {
            let mut at = 10;
            loop {
                let flags = word(&outline, at)?;
                let part = self.part(word(&outline, at + 2)?);
                set_word(&mut outline, at + 2, part);
                at += if flags & flag::WORDS != 0 { 8 } else { 6 };
                at += match flags {
                    f if f & flag::ONE_SCALE != 0 => 2,
                    f if f & flag::TWO_SCALES != 0 => 4,
                    f if f & flag::MATRIX != 0 => 8,
                    _ => 0,
                };
                if flags & flag::MORE == 0 {
                    break;
                }
            }
        }
        Some(outline)
    }

    fn make(&mut self, drawn: &Drawn) -> Option<Made> {
        if let [Part { gid, right: 0, up: 0 }] = drawn.parts.as_slice() {
            let bearing = self.source.metrics(*gid)?.1;
            return Some((self.copied(*gid)?, drawn.advance, bearing));
        }
        let mut bounds: Option<[i16; 4]> = None;
        let mut body = Vec::new();
        let mut last = None;
        for part in &drawn.parts {
            let outline = self.source.outline(part.gid)?;
            if outline.is_empty() {
                continue;
            }
            let edge = |at: usize, by: i16| Some((word(outline, at)? as i16).saturating_add(by));
            let own =
                [edge(2, part.right)?, edge(4, part.up)?, edge(6, part.right)?, edge(8, part.up)?];
            let all = bounds.unwrap_or(own);
            bounds = Some([
                all[0].min(own[0]),
                all[1].min(own[1]),
                all[2].max(own[2]),
                all[3].max(own[3]),
            ]);
            last = Some(body.len());
            let number = self.part(part.gid);
            let flags = flag::WORDS | flag::XY_VALUES | flag::MORE;
            for value in [flags, number, part.right as u16, part.up as u16] {
                body.extend(value.to_be_bytes());
            }
        }
        let (Some(bounds), Some(last)) = (bounds, last) else {
            return Some((Vec::new(), drawn.advance, 0));
        };
        set_word(&mut body, last, flag::WORDS | flag::XY_VALUES);
        let mut outline = (-1_i16).to_be_bytes().to_vec();
        bounds.iter().for_each(|edge| outline.extend(edge.to_be_bytes()));
        outline.extend(body);
        Some((outline, drawn.advance, bounds[0] as u16))
    }
}

/// Cuts a font to glyphs numbered from 1 in their order; glyph 0 stands for none. None: the font is
/// not as described.
pub(super) fn cut(font: &[u8], drawn: &[Drawn]) -> Option<Vec<u8>> {
    let source = Source::read(font)?;
    let mut cutting =
        Cutting { source, made: Vec::new(), parts: Vec::new(), first: drawn.len() + 1 };
    cutting.made.push((Vec::new(), 0, 0));
    for one in drawn {
        let made = cutting.make(one)?;
        cutting.made.push(made);
    }
    let mut next = 0;
    // A part may itself be made of others, which come behind it.
    while let Some(gid) = cutting.parts.get(next).copied() {
        let (advance, bearing) = cutting.source.metrics(gid)?;
        let outline = cutting.copied(gid)?;
        cutting.made.push((outline, advance, bearing));
        next += 1;
    }
    let most = drawn.iter().map(|one| one.parts.len()).max().unwrap_or(0);
    Some(written(&cutting.source, &cutting.made, most))
}

fn written(source: &Source<'_>, made: &[Made], most: usize) -> Vec<u8> {
    let count = made.len() as u16;
    let (mut glyf, mut loca, mut hmtx) = (Vec::new(), vec![0; 4], Vec::new());
    for (outline, advance, bearing) in made {
        glyf.extend(outline);
        glyf.resize(glyf.len().next_multiple_of(4), 0);
        loca.extend((glyf.len() as u32).to_be_bytes());
        hmtx.extend(advance.to_be_bytes());
        hmtx.extend(bearing.to_be_bytes());
    }
    let mut head = source.head.to_vec();
    // The checksum of the whole is set below; places are long.
    [8, 10].iter().for_each(|at| set_word(&mut head, *at, 0));
    set_word(&mut head, 50, 1);
    let mut hhea = source.hhea.to_vec();
    set_word(&mut hhea, 34, count);
    let mut maxp = source.maxp.to_vec();
    set_word(&mut maxp, 4, count);
    let at = |place: usize| word(source.maxp, place).unwrap_or(0);
    // Points and contours of a made glyph: those of its parts, each of which may be made, too.
    for (simple, made) in [(6, 10), (8, 12)] {
        let all = usize::from(at(simple).max(at(made))) * most.max(1);
        set_word(&mut maxp, made, all.min(usize::from(u16::MAX)) as u16);
    }
    set_word(&mut maxp, 28, at(28).max(most as u16));
    set_word(&mut maxp, 30, at(30) + 1);
    let tables = [
        (*b"glyf", glyf),
        (*b"head", head),
        (*b"hhea", hhea),
        (*b"hmtx", hmtx),
        (*b"loca", loca),
        (*b"maxp", maxp),
    ];
    bound(&tables)
}

/// Sum of big-endian words, as the file wants it of each table and of the whole.
fn sum(bytes: &[u8]) -> u32 {
    bytes.chunks(4).fold(0_u32, |all, four| {
        let mut padded = [0; 4];
        padded[..four.len()].copy_from_slice(four);
        all.wrapping_add(u32::from_be_bytes(padded))
    })
}

/// The tables as one file, in the order of their names.
fn bound(tables: &[([u8; 4], Vec<u8>); 6]) -> Vec<u8> {
    let mut out = vec![0, 1, 0, 0];
    // Six tables: the largest power of two within is four.
    [6_u16, 64, 2, 32].iter().for_each(|value| out.extend(value.to_be_bytes()));
    let mut at = 12 + 16 * tables.len();
    let mut head = 0;
    for (name, bytes) in tables {
        if name == b"head" {
            head = at;
        }
        out.extend(name);
        for value in [sum(bytes), at as u32, bytes.len() as u32] {
            out.extend(value.to_be_bytes());
        }
        at += bytes.len().next_multiple_of(4);
    }
    for (_, bytes) in tables {
        out.extend(bytes);
        out.resize(out.len().next_multiple_of(4), 0);
    }
    let whole = 0xb1b0_afba_u32.wrapping_sub(sum(&out));
    if let Some(place) = out.get_mut(head + 8..head + 12) {
        place.copy_from_slice(&whole.to_be_bytes());
    }
    out
}
