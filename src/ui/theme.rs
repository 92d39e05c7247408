//! Looks: the terminal's own 16 colours, no background; meaning is never in the colour alone.

use crate::engine::look::Palette;
use ratatui::style::{Color, Modifier, Style};

/// Ordinary text.
pub const PLAIN: Style = Style::new();
/// Headings and what matters.
pub const BOLD: Style = Style::new().add_modifier(Modifier::BOLD);
/// What matters less.
pub const DIM: Style = Style::new().fg(Color::DarkGray);
/// Keys and links.
pub const KEY: Style = Style::new().fg(Color::Cyan);
/// Worth a look.
pub const WARN: Style = Style::new().fg(Color::Yellow);
/// Went wrong.
pub const BAD: Style = Style::new().fg(Color::Red);
/// Done well.
pub const GOOD: Style = Style::new().fg(Color::Green);
/// Where typed text goes.
pub const FIELD: Style = Style::new().add_modifier(Modifier::UNDERLINED);
/// The chosen line of a dialog.
pub const CHOSEN: Style = Style::new().add_modifier(Modifier::BOLD);

/// What a palette shows for a colour of ours. The looks above are those for dark ground. Light ground
/// swallows yellow and pales green; blue against yellow and red tells who sees no red or no green.
pub fn shade(palette: Palette, colour: Color) -> Color {
    match (palette, colour) {
        (Palette::Light, Color::Cyan | Color::Green) => Color::Blue,
        (Palette::Light, Color::Yellow) => Color::Magenta,
        (Palette::ColourBlind, Color::Green) => Color::LightBlue,
        (Palette::ColourBlind, Color::Red) => Color::LightYellow,
        (Palette::Dark | Palette::Light | Palette::ColourBlind, other) => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_palette_sets_red_against_green_but_the_dark_one_nor_yellow_on_light_ground() {
        for palette in Palette::ALL {
            let shown = |style: Style| shade(palette, style.fg.unwrap_or(Color::Reset));
            let [good, bad, warn] = [GOOD, BAD, WARN].map(shown);
            assert!(good != bad && good != warn && bad != warn, "{palette:?}");
            let against = [Color::Red, Color::Green].map(|c| good == c || bad == c);
            assert!(palette == Palette::Dark || against != [true, true], "{palette:?}");
            let pale = [DIM, KEY, WARN, BAD, GOOD].map(shown).contains(&Color::Yellow);
            assert!(palette != Palette::Light || !pale);
        }
    }
}
