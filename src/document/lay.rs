//! How a line beyond plain letters stands on paper: each run in its direction (UAX 9), its letters in
//! the font of their script, shaped. What comes out is drawn from left to right, and each mark of it
//! is copied out as its own text, so that a reader gets the line back in the order it was written.

use super::face::Glyph;
use super::fonts::{Fonts, Weight};
use super::outline::{Drawn, Part};
use super::scripts::{MARKS, Placed, Way};
use unicode_bidi::{BidiClass, BidiInfo, Direction, bidi_class, get_base_direction};
use unicode_segmentation::UnicodeSegmentation;

/// Keeps what stands between them in its place, whatever direction it has (UAX 9: FSI, PDI).
const ISOLATE: (char, char) = ('\u{2068}', '\u{2069}');
/// Say the direction of a line that does not say it itself (UAX 9: LRM, RLM).
const TO_RIGHT: char = '\u{200e}';
const TO_LEFT: char = '\u{200f}';

/// Characters that say how others stand and are none themselves.
fn is_unseen(c: char) -> bool {
    matches!(c, '\u{200c}'..='\u{200f}' | '\u{2066}'..='\u{2069}')
}

/// Characters that are turned around in text from right to left (UAX 9, L4).
fn is_mirrored(c: char) -> bool {
    "()[]{}<>«»‹›".contains(c)
}

/// Whether text is written from right to left with this letter.
fn goes_left(c: char) -> bool {
    !c.is_ascii() && matches!(bidi_class(c), BidiClass::R | BidiClass::AL)
}

/// Whether a character has a direction of its own, or is a number.
fn is_strong(c: char) -> bool {
    use BidiClass::{AL, AN, EN, L, R};
    matches!(bidi_class(c), L | R | AL | EN | AN)
}

/// A text that is put into a sentence from left to right.
pub(super) fn isolate(text: &mut String) {
    if text.contains(goes_left) {
        text.insert(0, ISOLATE.0);
        text.push(ISOLATE.1);
    }
}

/// Gives the lines of one paragraph its direction: the second may begin with a Latin word.
pub(super) fn steady(paragraph: &str, lines: &mut [String]) {
    if lines.len() < 2 || !paragraph.contains(goes_left) {
        return;
    }
    let mark = match get_base_direction(paragraph) {
        Direction::Rtl => TO_LEFT,
        Direction::Ltr | Direction::Mixed => TO_RIGHT,
    };
    lines.iter_mut().for_each(|line| line.insert(0, mark));
}

/// The pieces a word that is too long may be broken into: letters with their marks, and in Thai and
/// Lao what is read as one letter group (a vowel written before its consonant, or behind it).
pub(super) fn pieces(word: &str) -> Vec<&str> {
    let leads = |c: char| matches!(c, '\u{e40}'..='\u{e44}' | '\u{ec0}'..='\u{ec4}');
    let follows = |c: char| {
        matches!(
            c,
            '\u{e2f}'
                | '\u{e30}'
                | '\u{e32}'
                | '\u{e33}'
                | '\u{e45}'
                | '\u{e46}'
                | '\u{eb0}'
                | '\u{eb2}'
                | '\u{eb3}'
                | '\u{ebd}'
                | '\u{ec6}'
        )
    };
    let mut out = Vec::new();
    let (mut from, mut held) = (0, false);
    for (at, letters) in word.grapheme_indices(true) {
        if at > from && !held && !letters.starts_with(follows) {
            out.push(&word[from..at]);
            from = at;
        }
        held = letters.starts_with(leads);
    }
    out.push(&word[from..]);
    out
}

/// One mark on paper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mark {
    /// A letter of the main font.
    Main(Glyph),
    /// Letters of another font, drawn as one.
    Other {
        font: u8,
        drawn: Drawn,
        /// What it is copied out as.
        text: String,
        /// Thousandths of an em.
        advance: u16,
    },
}

impl Mark {
    /// What says a direction, without ink or width.
    fn unseen(font: u8, says: char) -> Self {
        let drawn = Drawn { parts: Vec::new(), advance: 0 };
        Self::Other { font, drawn, text: says.to_string(), advance: 0 }
    }

    /// How far the next one stands, thousandths of an em.
    pub(super) fn advance(&self) -> u32 {
        match self {
            Self::Main(glyph) => u32::from(glyph.advance),
            Self::Other { advance, .. } => u32::from(*advance),
        }
    }
}

/// Lays out a line.
pub(super) fn line(fonts: &Fonts, weight: Weight, text: &str) -> Vec<Mark> {
    let mut laid = Laying { fonts, weight, marks: Vec::new() };
    if !text.contains(goes_left) {
        laid.run(Way::ToRight, text);
        return laid.marks;
    }
    let bidi = BidiInfo::new(text, None);
    for paragraph in &bidi.paragraphs {
        let (levels, runs) = bidi.visual_runs(paragraph, paragraph.range.clone());
        let mut before = None;
        for run in runs {
            let left = levels.get(run.start).is_some_and(unicode_bidi::Level::is_rtl);
            let way = if left { Way::ToLeft } else { Way::ToRight };
            laid.turn(before.replace(way), way, &text[run]);
        }
    }
    laid.marks
}

/// What draws some letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hand {
    Main,
    Other(u8),
    /// They say how others stand.
    Nobody,
}

struct Laying<'a> {
    fonts: &'a Fonts,
    weight: Weight,
    marks: Vec<Mark>,
}

impl Laying<'_> {
    /// What draws a letter with its marks; none when no font has all of it.
    fn hand(&self, way: Way, letters: &str) -> Option<Hand> {
        let mut chars = letters.chars();
        let single = chars.next().filter(|_| chars.next().is_none());
        if letters.chars().all(is_unseen) {
            return Some(Hand::Nobody);
        }
        if let Some(c) = single {
            let turned = way == Way::ToLeft && is_mirrored(c);
            if !turned && self.fonts.glyph(self.weight, c).is_some() {
                return Some(Hand::Main);
            }
        }
        self.fonts.scripts.of(letters).map(Hand::Other)
    }

    /// Lays out the next run of a line that goes both ways. Readers give a blank or a bracket at the
    /// edge of two runs to the wrong one, so a mark that is not seen says whose it is.
    fn turn(&mut self, before: Option<Way>, way: Way, text: &str) {
        let from = self.marks.len();
        let edge = match way {
            Way::ToRight => text.chars().next(),
            Way::ToLeft => text.chars().next_back(),
        };
        let loose = edge.is_some_and(|c| !is_strong(c));
        self.run(way, text);
        let (at, mark) = match (before, way) {
            (Some(Way::ToLeft), Way::ToRight) => (from, TO_RIGHT),
            (None, Way::ToLeft) => (from, TO_LEFT),
            (Some(_), Way::ToLeft) | (None | Some(Way::ToRight), Way::ToRight) => return,
        };
        let other = |mark: &Mark| match mark {
            Mark::Other { font, .. } => Some(*font),
            Mark::Main(_) => None,
        };
        if let Some(font) = self.marks.iter().rev().find_map(other).filter(|_| loose) {
            self.marks.insert(at, Mark::unseen(font, mark));
        }
    }

    /// Lays out letters that all go one way.
    fn run(&mut self, way: Way, text: &str) {
        let mut items: Vec<(Hand, &str)> = Vec::new();
        let mut add = |hand: Hand, from: usize, to: usize| match items.last_mut() {
            // Each letter with marks by itself: its script is told by its first character.
            Some((last, letters)) if *last == hand && hand != Hand::Other(MARKS) => {
                *letters = &text[from - letters.len()..to];
            }
            Some(_) | None => items.push((hand, &text[from..to])),
        };
        for (at, letters) in text.grapheme_indices(true) {
            if let Some(hand) = self.hand(way, letters) {
                add(hand, at, at + letters.len());
                continue;
            }
            for (more, c) in letters.char_indices() {
                let (from, to) = (at + more, at + more + c.len_utf8());
                add(self.hand(way, &text[from..to]).unwrap_or(Hand::Nobody), from, to);
            }
        }
        if way == Way::ToLeft {
            items.reverse();
        }
        for (hand, letters) in items {
            match hand {
                Hand::Main => self.main(way, letters),
                Hand::Other(font) => self.other(font, way, letters),
                Hand::Nobody => {}
            }
        }
    }

    fn main(&mut self, way: Way, letters: &str) {
        let from = self.marks.len();
        let glyphs = letters.chars().filter_map(|c| self.fonts.glyph(self.weight, c));
        self.marks.extend(glyphs.map(Mark::Main));
        if way == Way::ToLeft {
            self.marks[from..].reverse();
        }
    }

    fn other(&mut self, font: u8, way: Way, letters: &str) {
        let placed = self.fonts.scripts.shape(font, way, letters);
        let mut starts: Vec<usize> = placed.iter().map(|glyph| glyph.at).collect();
        starts.sort_unstable();
        for group in placed.chunk_by(|a, b| a.at == b.at) {
            let from = group.first().map_or(0, |glyph| glyph.at);
            let next = starts.get(starts.partition_point(|start| *start <= from));
            let text = &letters[from..next.copied().unwrap_or(letters.len())];
            self.group(font, way, group, text);
        }
    }

    /// Letters that stand as one. From right to left a mark has one letter, as readers turn the order
    /// of marks around, not that within them: the first one draws all, the others are empty and as
    /// wide as their share.
    fn group(&mut self, font: u8, way: Way, group: &[Placed], text: &str) {
        let mut pen = 0;
        let mut parts = Vec::with_capacity(group.len());
        for glyph in group {
            let (right, up) = ((pen + glyph.right) as i16, glyph.up as i16);
            parts.push(Part { gid: glyph.gid, right, up });
            pen += glyph.advance;
        }
        let whole = pen.clamp(0, i32::from(u16::MAX)) as u16;
        let count = text.chars().count() as u16;
        if way == Way::ToRight || count < 2 || whole < count {
            return self.add(font, parts, whole, text.to_owned());
        }
        // A letter's own mark comes first here, and must not be read with what stands before it.
        if let (None | Some(Mark::Main(_)), Some(last)) =
            (self.marks.last(), text.chars().next_back())
            && !is_strong(last)
        {
            self.marks.push(Mark::unseen(font, TO_LEFT));
        }
        let share = whole / count;
        for (at, c) in text.chars().rev().enumerate() {
            let width = if at == 0 { whole - share * (count - 1) } else { share };
            self.add(font, std::mem::take(&mut parts), width, c.to_string());
        }
    }

    fn add(&mut self, font: u8, parts: Vec<Part>, units: u16, text: String) {
        let advance = self.fonts.scripts.font(font).map_or(0, |f| f.thousandths(units.into()));
        let drawn = Drawn { parts, advance: units };
        self.marks.push(Mark::Other { font, drawn, text, advance: advance as u16 });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn laid(text: &str) -> Vec<Mark> {
        line(Fonts::get().unwrap(), Weight::Regular, text)
    }

    /// The texts of the marks from left to right, `.` for letters of the main font.
    fn texts(text: &str) -> String {
        let one = |mark: &Mark| match mark {
            Mark::Main(_) => ".".to_owned(),
            Mark::Other { text, .. } => format!("[{text}]"),
        };
        laid(text).iter().map(one).collect()
    }

    /// The glyphs drawn, in the order of the paper.
    fn gids(text: &str) -> Vec<u16> {
        let parts = |mark: &Mark| match mark {
            Mark::Main(_) => Vec::new(),
            Mark::Other { drawn, .. } => drawn.parts.iter().map(|part| part.gid).collect(),
        };
        laid(text).iter().flat_map(parts).collect()
    }

    #[test]
    fn lines_stand_in_the_order_they_are_read() {
        for (line, stands) in [
            ("ab שלום", "...[ם][ו][ל][ש]"),
            ("שלום ab", "...[ם][ו][ל][ש]"),
            ("ab שלום cd", "...[ם][ו][ל][ש][\u{200e}]..."),
            // A number within keeps its order, and brackets are turned around.
            ("א 12 (ב)", "[\u{200f}][)][ב][(]....[א]"),
            // Put into a sentence it stays in its place.
            ("\u{2068}אב\u{2069} 7 % on 5", "[ב][א][\u{200e}]........."),
            // Lam and alef are one sign; each is copied out by itself.
            ("لا", "[ا][ل]"),
            ("น้ำ", "[น้ำ]"),
            ("한국", "[한][국]"),
            ("e\u{301}", "[e\u{301}]"),
        ] {
            assert_eq!(texts(line), stands, "{line}");
        }
    }

    #[test]
    fn letters_take_the_forms_their_neighbours_want() {
        // Three times the same letter: at the end, within and at the beginning of a word.
        let joined = gids("ببب");
        assert_eq!(joined.len(), 3);
        assert!(joined[0] != joined[1] && joined[1] != joined[2] && joined[0] != joined[2]);
        assert!(!joined.contains(&gids("ب")[0]), "none stands alone");
        assert_eq!(gids("لا").len(), 1, "a ligature");
        // क + virama + ष is a sign of its own, and the vowel of हि stands before it.
        assert_eq!(gids("क्ष").len(), 1);
        let [_, letter] = gids("हि")[..] else { panic!("a vowel and a letter") };
        assert_eq!([letter], gids("ह")[..], "the letter comes last");
        // A mark stands over its letter: moved, not behind it.
        let marked = laid("ẹ\u{301}");
        let [Mark::Other { drawn, .. }] = marked.as_slice() else { panic!("{marked:?}") };
        assert!(drawn.parts.len() == 2 && drawn.advance < 700, "{drawn:?}");
    }

    #[test]
    fn words_break_between_letter_groups() {
        assert_eq!(pieces("แน่นำ้"), ["แน่", "นำ้"]);
        assert_eq!(pieces("कंपनी"), ["कं", "प", "नी"]);
        let mut lines = vec!["שלום".to_owned(), "ab".to_owned()];
        steady("שלום ab", &mut lines);
        assert!(lines.iter().all(|line| line.starts_with(TO_LEFT)));
        let mut plain = vec!["a".to_owned(), "b".to_owned()];
        steady("a b", &mut plain);
        assert_eq!(plain, ["a", "b"]);
    }
}
