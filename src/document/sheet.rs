//! A page being set: text, rules and tints at places measured from its top left corner, in points.

use super::face::{CutId, Glyph};
use super::fonts::{Fonts, Weight};
use super::lay::{self, Mark};
use super::own::{Own, Rare};
use printpdf::{
    Color, CurTransMat, DictItem, FontId, Line, LinePoint, Op, PaintMode, PdfFontHandle, Point, Pt,
    Rect, Rgb,
};
use std::collections::BTreeSet;

/// Points in a millimetre.
const POINTS: f32 = 72.0 / 25.4;

/// Millimetres in points.
pub(super) fn mm(value: f32) -> f32 {
    value * POINTS
}

/// An ink: red, green, blue from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Ink(pub f32, pub f32, pub f32);

/// Running text.
pub(super) const BLACK: Ink = Ink(0.11, 0.13, 0.16);
/// Labels and small print.
pub(super) const GREY: Ink = Ink(0.40, 0.44, 0.50);
/// Letterhead, title, rules that count.
pub(super) const ACCENT: Ink = Ink(0.10, 0.26, 0.42);
/// Lines between rows.
pub(super) const HAIR: Ink = Ink(0.84, 0.86, 0.89);
/// Ground of the table head and the amount due.
pub(super) const TINT: Ink = Ink(0.945, 0.955, 0.97);

impl Ink {
    fn colour(self) -> Color {
        Color::Rgb(Rgb { r: self.0, g: self.1, b: self.2, icc_profile: None })
    }
}

/// How a text is set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Style {
    pub size: f32,
    pub weight: Weight,
    pub ink: Ink,
}

/// Regular text of a size.
pub(super) const fn plain(size: f32) -> Style {
    Style { size, weight: Weight::Regular, ink: BLACK }
}

/// Bold text of a size.
pub(super) const fn bold(size: f32) -> Style {
    Style { size, weight: Weight::Bold, ink: BLACK }
}

impl Style {
    /// The same in another ink.
    pub(super) const fn in_ink(self, ink: Ink) -> Self {
        Self { ink, ..self }
    }
}

/// Measures and looks up text: the fonts and what the document has of its own.
pub(super) struct Type<'a> {
    pub fonts: &'a Fonts,
    pub own: Own,
}

impl<'a> Type<'a> {
    pub(super) fn of(fonts: &'a Fonts, rare: Rare) -> Self {
        Self { fonts, own: Own::of(fonts, rare) }
    }

    /// The glyph of a character; a character nobody has was refused before, so none is left out.
    fn glyph(&self, weight: Weight, c: char) -> Option<Glyph> {
        self.fonts.glyph(weight, c).or_else(|| match &self.own {
            Own::Han(_, glyphs) => glyphs.get(&c).copied(),
            Own::Nothing | Own::Scripts(_) => None,
        })
    }

    /// Calls with each glyph of a text, from left to right.
    fn each(&self, weight: Weight, text: &str, mut glyph: impl FnMut(Glyph)) {
        match self.own.line(self.fonts, weight, text) {
            Some(line) => line.iter().filter_map(|mark| self.own.glyph(mark)).for_each(glyph),
            None => text.chars().filter_map(|c| self.glyph(weight, c)).for_each(&mut glyph),
        }
    }

    /// Width of a text in points.
    pub(super) fn width(&self, text: &str, style: Style) -> f32 {
        let units: u32 = match self.own.line(self.fonts, style.weight, text) {
            Some(line) => line.iter().map(Mark::advance).sum(),
            None => {
                let glyphs = text.chars().filter_map(|c| self.glyph(style.weight, c));
                glyphs.map(|g| u32::from(g.advance)).sum()
            }
        };
        units as f32 * style.size / 1000.0
    }

    /// Breaks a text into lines of at most `width` points: at blanks, at given line ends, between
    /// Chinese and Japanese characters, and within a word only when it alone is too long.
    pub(super) fn wrap(&self, text: &str, style: Style, width: f32) -> Vec<String> {
        let mut lines = Vec::new();
        for paragraph in text.split('\n') {
            let begins = lines.len();
            let (mut line, mut taken) = (String::new(), 0.0);
            for word in words(paragraph) {
                // Blanks at the end of a line take no room.
                if taken + self.width(word.trim_end(), style) <= width {
                    line.push_str(word);
                    taken += self.width(word, style);
                    continue;
                }
                if !line.trim().is_empty() {
                    lines.push(line.trim_end().to_owned());
                }
                line = self.split_word(word, style, width, &mut lines);
                taken = self.width(&line, style);
            }
            lines.push(line.trim_end().to_owned());
            if let (Own::Scripts(_), Some(own)) = (&self.own, lines.get_mut(begins..)) {
                lay::steady(paragraph, own);
            }
        }
        lines
    }

    /// Puts full lines of an over-long word on `lines` and returns what is left of it.
    fn split_word(&self, word: &str, style: Style, width: f32, lines: &mut Vec<String>) -> String {
        let mut line = String::new();
        if let Own::Scripts(_) = self.own {
            // Each piece measured by itself: joined, letters are hardly ever wider.
            let mut taken = 0.0;
            for piece in lay::pieces(word) {
                let room = self.width(piece.trim_end(), style);
                if taken + room > width && !line.is_empty() {
                    lines.push(std::mem::take(&mut line));
                    taken = 0.0;
                }
                line.push_str(piece);
                taken += self.width(piece, style);
            }
            return line;
        }
        for c in word.chars() {
            line.push(c);
            if self.width(line.trim_end(), style) > width && line.chars().count() > 1 {
                line.pop();
                lines.push(std::mem::take(&mut line));
                line.push(c);
            }
        }
        line
    }
}

/// Pieces a line may end after: words with the blanks behind them, single CJK characters.
fn words(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut start = 0;
    let mut before: Option<char> = None;
    for (at, c) in text.char_indices() {
        let breaks = before.is_some_and(|b| {
            (b == ' ' && c != ' ')
                || ((ideographic(b) || ideographic(c)) && b != ' ' && !closing(c) && !opening(b))
        });
        if breaks && at > start {
            out.push(&text[start..at]);
            start = at;
        }
        before = Some(c);
    }
    out.push(&text[start..]);
    out
}

fn ideographic(c: char) -> bool {
    matches!(c, '\u{3000}'..='\u{9fff}' | '\u{ff00}'..='\u{ffee}' | '\u{20000}'..='\u{2fa1f}')
}

/// Characters that never begin a line.
fn closing(c: char) -> bool {
    " 、。，．」』）】〕！？ー,.;:!?)".contains(c)
}

/// Characters that never end one.
fn opening(c: char) -> bool {
    "（「『【〔(".contains(c)
}

/// One page: its drawing operations and the fonts they name.
pub(super) struct Sheet {
    pub ops: Vec<Op>,
    pub used: BTreeSet<CutId>,
    /// Whether the logo stands on it.
    pub logo: bool,
    height: f32,
    ink: Option<Ink>,
}

impl Sheet {
    /// An empty page of a height in points.
    pub(super) fn new(height: f32) -> Self {
        Self { ops: Vec::with_capacity(512), used: BTreeSet::new(), logo: false, height, ink: None }
    }

    fn fill_ink(&mut self, ink: Ink) {
        if self.ink != Some(ink) {
            self.ink = Some(ink);
            self.ops.push(Op::SetFillColor { col: ink.colour() });
        }
    }

    /// Text with its left end at `x` and its baseline at `y`.
    pub(super) fn text(&mut self, set: &Type<'_>, x: f32, y: f32, style: Style, text: &str) {
        self.fill_ink(style.ink);
        let pos = Point { x: Pt(x), y: Pt(self.height - y) };
        self.ops.push(Op::StartTextSection);
        self.ops.push(Op::SetTextCursor { pos });
        let mut run: Option<(CutId, Vec<u8>)> = None;
        set.each(style.weight, text, |glyph| match &mut run {
            Some((cut, codes)) if *cut == glyph.cut => codes.extend(glyph.code.to_be_bytes()),
            Some(_) | None => {
                self.show(run.take(), style.size);
                run = Some((glyph.cut, glyph.code.to_be_bytes().to_vec()));
            }
        });
        self.show(run, style.size);
        self.ops.push(Op::EndTextSection);
    }

    fn show(&mut self, run: Option<(CutId, Vec<u8>)>, size: f32) {
        let Some((cut, data)) = run else { return };
        self.used.insert(cut);
        let font = PdfFontHandle::External(FontId(cut.resource()));
        self.ops.push(Op::SetFont { font, size: Pt(size) });
        // The codes are those of the finished cut, so they go out as they are.
        let value = vec![DictItem::String { data, literal: false }];
        self.ops.push(Op::Unknown { key: "Tj".into(), value });
    }

    /// Text with its right end at `x`.
    pub(super) fn text_right(&mut self, set: &Type<'_>, x: f32, y: f32, style: Style, text: &str) {
        self.text(set, x - set.width(text, style), y, style, text);
    }

    /// Text that rises by an angle (radians), with its middle at a point.
    pub(super) fn rising(
        &mut self,
        set: &Type<'_>,
        (x, y): (f32, f32),
        slope: f32,
        style: Style,
        text: &str,
    ) {
        let (sin, cos) = slope.sin_cos();
        let turn = [cos, sin, -sin, cos, x, self.height - y];
        self.ops.push(Op::SaveGraphicsState);
        self.ops.push(Op::SetTransformationMatrix { matrix: CurTransMat::Raw(turn) });
        // From the middle of the page, on whose axes the text now lies.
        let (left, drop) = (set.width(text, style) / -2.0, style.size * 0.35);
        self.text(set, left, self.height + drop, style, text);
        self.ops.push(Op::RestoreGraphicsState);
        self.ink = None;
    }

    /// Figures with their right end at `x`, made smaller rather than cut when wider than `room`.
    pub(super) fn figure(
        &mut self,
        set: &Type<'_>,
        (x, room): (f32, f32),
        y: f32,
        style: Style,
        text: &str,
    ) {
        let width = set.width(text, style);
        let size = if width > room { style.size * room / width } else { style.size };
        self.text_right(set, x, y, Style { size, ..style }, text);
    }

    /// A horizontal line.
    pub(super) fn rule(&mut self, x1: f32, x2: f32, y: f32, thickness: f32, ink: Ink) {
        let at =
            |x: f32| LinePoint { p: Point { x: Pt(x), y: Pt(self.height - y) }, bezier: false };
        let line = Line { points: vec![at(x1), at(x2)], is_closed: false };
        self.ops.push(Op::SetOutlineColor { col: ink.colour() });
        self.ops.push(Op::SetOutlineThickness { pt: Pt(thickness) });
        self.ops.push(Op::DrawLine { line });
    }

    /// The logo with its upper left corner at `x`, `y`.
    pub(super) fn logo(&mut self, x: f32, y: f32, width: f32, height: f32) {
        self.logo = true;
        let place = [width, 0.0, 0.0, height, x, self.height - y - height];
        self.ops.push(Op::SaveGraphicsState);
        self.ops.push(Op::SetTransformationMatrix { matrix: CurTransMat::Raw(place) });
        let name = vec![DictItem::Name(b"Logo".to_vec())];
        self.ops.push(Op::Unknown { key: "Do".into(), value: name });
        self.ops.push(Op::RestoreGraphicsState);
    }

    /// A filled box with its upper edge at `y`.
    pub(super) fn tint(&mut self, x: f32, y: f32, width: f32, height: f32, ink: Ink) {
        self.fill_ink(ink);
        let rectangle = Rect {
            x: Pt(x),
            y: Pt(self.height - y - height),
            width: Pt(width),
            height: Pt(height),
            mode: Some(PaintMode::Fill),
            winding_order: None,
        };
        self.ops.push(Op::DrawRectangle { rectangle });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_at_blanks_and_between_ideographs_only() {
        let fonts = Fonts::get().unwrap();
        let set = Type::of(fonts, Rare::Nothing);
        let style = plain(10.0);
        let lines = set.wrap("Data transfer above the included volume", style, 90.0);
        assert!(lines.len() > 1 && lines.iter().all(|l| set.width(l, style) <= 90.0), "{lines:?}");
        assert_eq!(lines.join(" "), "Data transfer above the included volume");
        let split = set.wrap(&"x".repeat(60), style, 90.0);
        assert_eq!(split.concat(), "x".repeat(60));
        assert_eq!(words("東京、商事 ab c"), ["東", "京、", "商", "事 ", "ab ", "c"]);
        assert_eq!(set.wrap("", style, 90.0), [""]);
    }
}
