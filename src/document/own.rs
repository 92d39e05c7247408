//! What a document has of its own of the fonts behind the main one: the codes of what it draws of
//! them, in the order it is drawn, and the cuts these make.

use super::cut::{Cut, cut_drawn};
use super::error::PrintError;
use super::face::{CutId, Glyph};
use super::fonts::{Fonts, Weight};
use super::lay::{self, Mark};
use super::outline::Drawn;
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

/// What of a document's text is not in the main font.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Rare {
    /// Nothing.
    Nothing,
    /// These common Chinese and Japanese characters, and nothing else: one glyph each.
    Han(Vec<char>),
    /// Other scripts, which may want shaping.
    Scripts,
}

/// The same with its glyphs.
pub(super) enum Own {
    Nothing,
    Han(Vec<char>, BTreeMap<char, Glyph>),
    Scripts(RefCell<Shaped>),
}

/// Lines already laid out, and what is drawn of each font.
#[derive(Default)]
pub(super) struct Shaped {
    lines: HashMap<(Weight, String), Rc<[Mark]>>,
    fonts: BTreeMap<u8, Codes>,
}

/// What is drawn of a font, by code from 1.
#[derive(Default)]
struct Codes {
    known: HashMap<(Drawn, String), u16>,
    all: Vec<(Drawn, String)>,
}

impl Own {
    pub(super) fn of(fonts: &Fonts, rare: Rare) -> Self {
        match rare {
            Rare::Nothing => Self::Nothing,
            Rare::Han(chars) => {
                let glyphs = fonts.own_glyphs(&chars).unwrap_or_default();
                Self::Han(chars, glyphs)
            }
            Rare::Scripts => Self::Scripts(RefCell::default()),
        }
    }

    /// The line as it is laid out; none where its characters are simply set one behind another.
    pub(super) fn line(&self, fonts: &Fonts, weight: Weight, text: &str) -> Option<Rc<[Mark]>> {
        let Self::Scripts(shaped) = self else { return None };
        if text.chars().all(|c| fonts.glyph(weight, c).is_some()) {
            return None;
        }
        let key = (weight, text.to_owned());
        if let Some(line) = shaped.borrow().lines.get(&key) {
            return Some(Rc::clone(line));
        }
        let line: Rc<[Mark]> = lay::line(fonts, weight, text).into();
        shaped.borrow_mut().lines.insert(key, Rc::clone(&line));
        Some(line)
    }

    /// The glyph of a mark: its code is given when it is first drawn.
    pub(super) fn glyph(&self, mark: &Mark) -> Option<Glyph> {
        let (font, drawn, text, advance) = match mark {
            Mark::Main(glyph) => return Some(*glyph),
            Mark::Other { font, drawn, text, advance } => (*font, drawn, text, *advance),
        };
        let Self::Scripts(shaped) = self else { return None };
        let mut shaped = shaped.borrow_mut();
        let codes = shaped.fonts.entry(font).or_default();
        let key = (drawn.clone(), text.clone());
        let code = match codes.known.get(&key) {
            Some(code) => *code,
            None => {
                codes.all.push(key.clone());
                let code = codes.all.len() as u16;
                codes.known.insert(key, code);
                code
            }
        };
        Some(Glyph { cut: CutId::Script(font), code, advance })
    }

    /// The cuts of everything drawn.
    pub(super) fn cuts(self, fonts: &Fonts) -> Result<Vec<(CutId, Cut)>, PrintError> {
        let shaped = match self {
            Self::Nothing => return Ok(Vec::new()),
            Self::Han(chars, _) => {
                let cut = fonts.own_cut(&chars)?;
                return Ok(cut.map(|cut| (CutId::Own, cut)).into_iter().collect());
            }
            Self::Scripts(shaped) => shaped.into_inner(),
        };
        let mut out = Vec::new();
        for (index, codes) in shaped.fonts {
            let Some(font) = fonts.scripts.font(index) else { continue };
            let (drawn, texts): (Vec<Drawn>, Vec<String>) = codes.all.into_iter().unzip();
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let id = CutId::Script(index);
            out.push((id, cut_drawn(font, id, &drawn, &texts)?));
        }
        Ok(out)
    }
}
