//! From two pictures to the fewest bytes that turn one into the other.
//!
//! Ratatui's own diff and backend move the cursor and set every colour for each run of changed
//! cells. Over a slow line every byte is felt, so the pen knows both pictures: it bridges short
//! gaps by writing what is there already, erases to the end of a line, moves relatively when that
//! is shorter, and changes only the attributes that differ. A frame is one write, wrapped in
//! synchronized output (mode 2026; terminals that do not know it ignore it).

use super::letters::ascii;
use super::terminal::Abilities;
use super::terminal::WIPE;
use super::theme::shade;
use crate::engine::look::Palette;
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr;

const BEGIN: &[u8] = b"\x1b[?2026h";
const END: &[u8] = b"\x1b[?2026l";

/// The looks of a cell that the terminal is told about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Look {
    fg: Color,
    modifier: Modifier,
}

const PLAIN: Look = Look { fg: Color::Reset, modifier: Modifier::empty() };
const SHOWN: Modifier =
    Modifier::BOLD.union(Modifier::DIM).union(Modifier::UNDERLINED).union(Modifier::REVERSED);

/// Draws pictures onto a terminal whose state it remembers.
pub struct Pen {
    shown: Buffer,
    next: Buffer,
    out: Vec<u8>,
    at: Option<(u16, u16)>,
    look: Option<Look>,
    cursor: Option<(u16, u16)>,
    cursor_shown: bool,
    abilities: Abilities,
    palette: Palette,
    whole: bool,
    width: u16,
}

impl Pen {
    /// A pen for a cleared screen of this size.
    pub fn new(width: u16, height: u16, abilities: Abilities) -> Self {
        let area = Rect::new(0, 0, width, height);
        Self {
            shown: Buffer::empty(area),
            next: Buffer::empty(area),
            out: Vec::with_capacity(64 * 1024),
            at: None,
            look: None,
            cursor: None,
            cursor_shown: false,
            abilities,
            palette: Palette::Dark,
            whole: true,
            width,
        }
    }

    /// A pen with other colours.
    #[must_use]
    pub fn with(self, palette: Palette) -> Self {
        Self { palette, ..self }
    }

    /// Other colours: everything is drawn again.
    pub fn wears(&mut self, palette: Palette) {
        self.palette = palette;
        self.repaint();
    }

    /// Another size: everything is drawn again.
    pub fn resize(&mut self, width: u16, height: u16) {
        let new = Self::new(width, height, self.abilities).with(self.palette);
        *self = Self { cursor_shown: self.cursor_shown, ..new };
    }

    /// Forgets what the terminal shows, so that the next frame draws everything.
    pub fn repaint(&mut self) {
        self.whole = true;
    }

    /// The empty picture to draw the next frame on.
    pub fn canvas(&mut self) -> &mut Buffer {
        self.next.reset();
        self.cursor = None;
        &mut self.next
    }

    /// Where the text cursor stands in the next frame; none hides it.
    pub fn set_cursor(&mut self, at: Option<(u16, u16)>) {
        self.cursor = at;
    }

    /// The bytes for the drawn picture; empty when it is the one shown.
    pub fn finish(&mut self) -> &[u8] {
        self.out.clear();
        self.out.extend_from_slice(BEGIN);
        let start = self.out.len();
        if self.cursor_shown && self.cursor.is_none() {
            self.out.extend_from_slice(b"\x1b[?25l");
            self.cursor_shown = false;
        }
        if self.whole {
            self.out.extend_from_slice(b"\x1b[m\x1b[H");
            (0..self.next.area.height).for_each(|_| self.out.extend_from_slice(WIPE));
            self.out.extend_from_slice(b"\x1b[2J");
            self.look = Some(PLAIN);
            self.at = None;
            self.shown.reset();
            self.whole = false;
        }
        // Taken out for the walk, so that rows are borrowed and never copied.
        let shown = std::mem::take(&mut self.shown);
        let next = std::mem::take(&mut self.next);
        let rows = usize::from(self.width.max(1));
        for (y, (old, new)) in shown.content.chunks(rows).zip(next.content.chunks(rows)).enumerate()
        {
            if old != new {
                self.row(y as u16, &glyphs(old), &glyphs(new));
            }
        }
        (self.shown, self.next) = (next, shown);
        if let Some(at) = self.cursor {
            let moved = self.at != Some(at);
            if moved {
                self.go(at.0, at.1);
            }
            if !self.cursor_shown {
                self.out.extend_from_slice(b"\x1b[?25h");
                self.cursor_shown = true;
            }
        }
        if self.out.len() == start {
            self.out.clear();
        } else {
            self.out.extend_from_slice(END);
        }
        &self.out
    }

    fn row(&mut self, y: u16, old: &[Glyph], new: &[Glyph]) {
        let width = new.len();
        let filled = new.iter().rposition(|g| !g.is_blank()).map_or(0, |x| x + 1);
        let mut x = 0;
        while x < width {
            if new[x] == old[x] || new[x].tail {
                x += 1;
                continue;
            }
            if x >= filled {
                // Only blanks follow: one erase, if it is shorter than the blanks themselves.
                let last = (x..width).rev().find(|i| new[*i] != old[*i]).unwrap_or(x);
                self.reach(x as u16, y, new);
                if last - x >= 3 || last + 1 == width {
                    self.plain_for_blank();
                    self.out.extend_from_slice(b"\x1b[K");
                } else {
                    (x..=last).for_each(|_| self.put(&BLANK));
                }
                return;
            }
            let run = new[x..].iter().take_while(|g| g.is_blank()).count();
            if run >= 12 {
                self.reach(x as u16, y, new);
                self.plain_for_blank();
                self.out.extend_from_slice(format!("\x1b[{run}X").as_bytes());
                x += run;
                continue;
            }
            self.reach(x as u16, y, new);
            let glyph = &new[x];
            self.put(glyph);
            x += usize::from(glyph.width.max(1));
        }
    }

    /// Brings the terminal's cursor to a cell, over the gap if that is short.
    fn reach(&mut self, x: u16, y: u16, row: &[Glyph]) {
        let Some((ax, ay)) = self.at else { return self.go(x, y) };
        if (ax, ay) == (x, y) {
            return;
        }
        if ay == y && ax < x {
            let gap = &row[usize::from(ax)..usize::from(x)];
            let look = self.look.unwrap_or(PLAIN);
            let cheap = gap.iter().all(|g| g.width == 1 && g.text.len() == 1 && g.fits(look));
            if gap.len() <= 4 && cheap {
                for glyph in gap {
                    self.put(glyph);
                }
                return;
            }
        }
        self.go(x, y);
    }

    /// Moves the cursor in the shortest way known.
    fn go(&mut self, x: u16, y: u16) {
        let absolute = match (x, y) {
            (0, 0) => "\x1b[H".to_owned(),
            (0, _) => format!("\x1b[{}H", y + 1),
            _ => format!("\x1b[{};{}H", y + 1, x + 1),
        };
        let mut best = absolute;
        if let Some((ax, ay)) = self.at {
            let down = |n: u16| "\n".repeat(usize::from(n));
            let relative = if ay == y && x > ax {
                format!("\x1b[{}C", x - ax)
            } else if ay == y && x < ax && ax - x <= 4 {
                "\x08".repeat(usize::from(ax - x))
            } else if y > ay && y - ay <= 3 && x == 0 {
                format!("\r{}", down(y - ay))
            } else if y > ay && y - ay <= 3 && x == ax {
                down(y - ay)
            } else if y > ay && y - ay <= 2 && x < ax && ax - x <= 2 {
                format!("{}{}", down(y - ay), "\x08".repeat(usize::from(ax - x)))
            } else {
                String::new()
            };
            if !relative.is_empty() && relative.len() < best.len() {
                best = relative;
            }
        }
        self.out.extend_from_slice(best.as_bytes());
        self.at = Some((x, y));
    }

    fn put(&mut self, glyph: &Glyph) {
        self.wear(glyph);
        if self.abilities.letters.draw(glyph.text) {
            self.out.extend_from_slice(glyph.text.as_bytes());
        } else {
            let plain = ascii(glyph.text);
            (0..glyph.width.max(1)).for_each(|_| self.out.push(plain));
        }
        let width = self.width;
        self.at = self.at.and_then(|(x, y)| {
            let x = x + u16::from(glyph.width.max(1));
            // At the margin terminals differ about where the cursor is, and they differ about
            // the width of composed characters: say it again next time.
            let sure = x < width && glyph.text.chars().nth(1).is_none();
            sure.then_some((x, y))
        });
    }

    fn plain_for_blank(&mut self) {
        if self
            .look
            .is_none_or(|l| l.modifier.intersects(Modifier::UNDERLINED | Modifier::REVERSED))
        {
            self.out.extend_from_slice(b"\x1b[m");
            self.look = Some(PLAIN);
        }
    }

    /// Changes the attributes to those of the glyph, in the fewest bytes.
    fn wear(&mut self, glyph: &Glyph) {
        let mut want = glyph.look;
        let coloured = self.abilities.colour;
        want.fg = if coloured { shade(self.palette, want.fg) } else { Color::Reset };
        let Some(now) = self.look else {
            self.out.extend_from_slice(sgr(&codes(want), true).as_bytes());
            self.look = Some(want);
            return;
        };
        if now == want || (glyph.is_blank() && glyph.fits(now)) {
            return;
        }
        let bold_dim = Modifier::BOLD | Modifier::DIM;
        let removes = now.modifier.difference(want.modifier);
        if want == PLAIN || removes.intersects(bold_dim) {
            self.out.extend_from_slice(sgr(&codes(want), true).as_bytes());
        } else {
            let mut parts = Vec::new();
            if removes.contains(Modifier::UNDERLINED) {
                parts.push(24);
            }
            if removes.contains(Modifier::REVERSED) {
                parts.push(27);
            }
            let added = Look { fg: Color::Reset, modifier: want.modifier.difference(now.modifier) };
            parts.extend(codes(added));
            if now.fg != want.fg {
                parts.push(colour(want.fg));
            }
            self.out.extend_from_slice(sgr(&parts, false).as_bytes());
        }
        self.look = Some(want);
    }
}

/// One column of a row: what starts there, or the tail of a wide character before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Glyph<'a> {
    text: &'a str,
    width: u8,
    tail: bool,
    look: Look,
}

const BLANK: Glyph<'static> = Glyph { text: " ", width: 1, tail: false, look: PLAIN };

impl Glyph<'_> {
    fn is_blank(&self) -> bool {
        self.text == " "
            && !self.tail
            && !self.look.modifier.intersects(Modifier::UNDERLINED | Modifier::REVERSED)
    }

    /// Whether it looks right when written with these attributes.
    fn fits(&self, look: Look) -> bool {
        if self.is_blank() {
            !look.modifier.intersects(Modifier::UNDERLINED | Modifier::REVERSED)
        } else {
            self.look == look
        }
    }
}

fn glyphs(cells: &[Cell]) -> Vec<Glyph<'_>> {
    let mut row = Vec::with_capacity(cells.len());
    let mut x = 0;
    while x < cells.len() {
        let cell = &cells[x];
        let text = cell.symbol();
        let room = cells.len() - x;
        let width = text.width().clamp(1, 2).min(room);
        let fits = text.width() <= room;
        let look = Look { fg: cell.fg, modifier: cell.modifier.intersection(SHOWN) };
        let mut glyph =
            Glyph { text: if fits { text } else { " " }, width: width as u8, tail: false, look };
        if glyph.is_blank() {
            glyph.look = PLAIN;
        }
        row.push(glyph);
        (1..width).for_each(|_| row.push(Glyph { text: "", width: 0, tail: true, look }));
        x += width;
    }
    row
}

fn codes(look: Look) -> Vec<u8> {
    let mut parts = Vec::new();
    for (bit, code) in [
        (Modifier::BOLD, 1),
        (Modifier::DIM, 2),
        (Modifier::UNDERLINED, 4),
        (Modifier::REVERSED, 7),
    ] {
        if look.modifier.contains(bit) {
            parts.push(code);
        }
    }
    if look.fg != Color::Reset {
        parts.push(colour(look.fg));
    }
    parts
}

/// The SGR number of a palette colour; everything outside the 16 is the terminal's own.
fn colour(colour: Color) -> u8 {
    match colour {
        Color::Black => 30,
        Color::Red => 31,
        Color::Green => 32,
        Color::Yellow => 33,
        Color::Blue => 34,
        Color::Magenta => 35,
        Color::Cyan => 36,
        Color::Gray => 37,
        Color::DarkGray => 90,
        Color::LightRed => 91,
        Color::LightGreen => 92,
        Color::LightYellow => 93,
        Color::LightBlue => 94,
        Color::LightMagenta => 95,
        Color::LightCyan => 96,
        Color::White => 97,
        Color::Reset | Color::Rgb(..) | Color::Indexed(_) => 39,
    }
}

fn sgr(parts: &[u8], reset: bool) -> String {
    let list: Vec<String> = parts.iter().map(u8::to_string).collect();
    match (reset, list.is_empty()) {
        (true, true) => "\x1b[m".to_owned(),
        (true, false) => format!("\x1b[0;{}m", list.join(";")),
        (false, true) => String::new(),
        (false, false) => format!("\x1b[{}m", list.join(";")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::style::Style;

    use crate::ui::letters::Letters;
    const ALL: Abilities = Abilities { colour: true, letters: Letters::All, clipboard: "" };

    fn screen(parser: &vt100::Parser) -> String {
        parser.screen().contents()
    }

    fn picture(buffer: &Buffer) -> Vec<String> {
        let width = usize::from(buffer.area.width);
        buffer
            .content
            .chunks(width)
            .map(|row| {
                let line: String = glyphs(row).iter().map(|g| g.text).collect();
                line.trim_end().to_owned()
            })
            .collect()
    }

    #[test]
    fn an_unchanged_picture_costs_nothing() {
        let mut pen = Pen::new(20, 3, ALL);
        pen.canvas().set_string(0, 0, "hello", Style::new());
        assert!(!pen.finish().is_empty());
        pen.canvas().set_string(0, 0, "hello", Style::new());
        assert_eq!(pen.finish(), b"");
    }

    #[test]
    fn a_gutter_move_is_a_handful_of_bytes() {
        let mut pen = Pen::new(80, 24, ALL);
        for mark in [5, 6] {
            let canvas = pen.canvas();
            for row in 0..20 {
                canvas.set_string(1, row, "A-0001  Some customer", Style::new());
            }
            canvas.set_string(0, mark, ">", Style::new());
            pen.finish();
        }
        let canvas = pen.canvas();
        for row in 0..20 {
            canvas.set_string(1, row, "A-0001  Some customer", Style::new());
        }
        canvas.set_string(0, 7, ">", Style::new());
        let bytes = pen.finish();
        assert!(bytes.len() <= 16 + 12, "{:?}", String::from_utf8_lossy(bytes));
    }

    proptest::proptest! {
        /// Whatever was shown, the terminal ends with the same picture as a fresh drawing.
        #[test]
        fn any_two_pictures_in_a_row_arrive(frames in proptest::collection::vec(
            proptest::collection::vec((0_u16..30, 0_u16..6, 0_usize..8, 0_u8..6), 0..14), 1..6)) {
            const WORDS: [&str; 8] =
                ["x", "hello", "東京商事", "      ", "Müller", "12,345.00", "e\u{301}", "…· >"];
            let mut pen = Pen::new(30, 6, ALL);
            let size = |n: u16| std::num::NonZero::new(n).unwrap();
            let mut parser = vt100::Parser::new(size(6), size(30), 0);
            for frame in frames {
                let canvas = pen.canvas();
                for (x, y, word, look) in frame {
                    let style = match look {
                        0 => Style::new(),
                        1 => Style::new().fg(Color::Red),
                        2 => Style::new().add_modifier(Modifier::BOLD),
                        3 => Style::new().add_modifier(Modifier::UNDERLINED),
                        4 => Style::new().add_modifier(Modifier::REVERSED).fg(Color::Cyan),
                        _ => Style::new().fg(Color::Green),
                    };
                    canvas.set_string(x, y, WORDS[word], style);
                }
                let want = picture(canvas);
                let expected = canvas.clone();
                parser.process(pen.finish());
                let got: Vec<String> = (0..6).map(|y| {
                    let row: String = parser.screen().rows(0, 30).nth(y).unwrap_or_default();
                    row.trim_end().to_owned()
                }).collect();
                proptest::prop_assert_eq!(&got, &want, "{}", screen(&parser));
                for y in 0..6_u16 {
                    let width = 30;
                    let row = glyphs(&expected.content[usize::from(y) * width..usize::from(y + 1) * width]);
                    for (x, glyph) in row.iter().enumerate().filter(|(_, g)| !g.is_blank() && !g.tail) {
                        let cell = parser.screen().cell(y, x as u16).unwrap();
                        proptest::prop_assert_eq!(cell.bold(), glyph.look.modifier.contains(Modifier::BOLD));
                        proptest::prop_assert_eq!(cell.underline(), glyph.look.modifier.contains(Modifier::UNDERLINED));
                        proptest::prop_assert_eq!(cell.inverse(), glyph.look.modifier.contains(Modifier::REVERSED));
                    }
                }
            }
        }
    }
}
