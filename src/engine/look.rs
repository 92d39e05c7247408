//! How a console looks and what steers it: what its clerk chose, and what a call of it says for once.

use serde::{Deserialize, Serialize};

/// Which of the terminal's 16 colours stand for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Palette {
    /// For light letters on dark ground.
    #[default]
    Dark,
    /// For dark letters on light ground.
    Light,
    /// Blue and yellow, no red against green.
    ColourBlind,
}

impl Palette {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Dark, Self::Light, Self::ColourBlind];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dark => "dark",
            Self::Light => "light",
            Self::ColourBlind => "colour-blind",
        }
    }

    /// By its name.
    ///
    /// # Errors
    ///
    /// The names that there are.
    pub fn parse(name: &str) -> Result<Self, String> {
        let name = name.replace("color", "colour");
        let found = Self::ALL.into_iter().find(|palette| palette.as_str() == name);
        found.ok_or_else(|| "there are dark, light and colour-blind".to_owned())
    }
}

/// How the console looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Look {
    pub palette: Palette,
    /// Whether wheel and clicks are taken; the terminal then selects text with Shift only.
    pub mouse: bool,
    /// Whether it is read by a program: one statement a line, no lines of boxes.
    pub plain: bool,
}

/// What a call of the console asks for; none leaves it as the clerk chose it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wish {
    pub palette: Option<Palette>,
    pub mouse: Option<bool>,
    pub plain: Option<bool>,
}

impl Look {
    /// What the clerk chose (the state that the last session kept), but for what is wished now.
    pub fn of(kept: Option<&str>, wish: Wish) -> Self {
        let kept = kept.and_then(|state| serde_json::from_str::<serde_json::Value>(state).ok());
        let chosen = kept.and_then(|state| Self::deserialize(&state["look"]).ok());
        let chosen = chosen.unwrap_or_default();
        Self {
            palette: wish.palette.unwrap_or(chosen.palette),
            mouse: wish.mouse.unwrap_or(chosen.mouse),
            plain: wish.plain.unwrap_or(chosen.plain),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_goes_before_what_was_chosen_and_what_is_not_understood_is_the_usual() {
        let none = Wish::default();
        let light = r#"{"look":{"palette":"light","mouse":true}}"#;
        let look = Look::of(Some(light), none);
        assert_eq!((look.palette, look.mouse, look.plain), (Palette::Light, true, false));
        let wish =
            Wish { palette: Some(Palette::ColourBlind), mouse: Some(false), plain: Some(true) };
        let look = Look::of(Some(light), wish);
        assert_eq!((look.palette, look.mouse, look.plain), (Palette::ColourBlind, false, true));
        for kept in [None, Some("{}"), Some("no json"), Some(r#"{"look":{"palette":"pink"}}"#)] {
            assert_eq!(Look::of(kept, none), Look::default(), "{kept:?}");
        }
        for palette in Palette::ALL {
            assert_eq!(Palette::parse(palette.as_str()), Ok(palette));
        }
        assert_eq!(Palette::parse("color-blind"), Ok(Palette::ColourBlind));
        assert!(Palette::parse("pink").is_err_and(|said| said.contains("light")));
    }
}
