//! Looks: the terminal's own 16 colours, no background; meaning is never in the colour alone.

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
