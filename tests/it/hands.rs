//! Hands and eyes: the mouse, the colours, the plain screen for a screen reader, the help that is
//! searched, and every screen and dialog at three sizes in every kind of letters.

use crate::harness::desk::{Desk, text};
use crate::ui::snapshot;
use daybook::engine::command::Command;
use daybook::engine::look::{Look, Palette, Wish};
use daybook::store::read::accounts::AccountRow;
use daybook::store::read::bank_lines::BankLineRow;
use daybook::store::read::deliveries::DeliveryRow;
use daybook::store::read::failed::FailedRow;
use daybook::store::read::invoices::InvoiceRow;
use daybook::store::read::jobs::JobRow;
use daybook::store::read::log::LogRow;
use daybook::store::read::runs::RunRow;
use daybook::store::read::unapplied::UnappliedRow;
use daybook::ui::letters::Letters;
use daybook::ui::msg::{Effect, Mouse, Msg, ScreenId};
use daybook::ui::pen::Pen;
use daybook::ui::terminal::Abilities;
use daybook::ui::theme;
use daybook::ui::widget::list::{Column, Shown};
use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier};
use std::fmt::Write;

const SIZES: [(u16, u16); 3] = [(80, 24), (60, 15), (140, 40)];

/// A screen, and what is pressed on it.
const DIALOGS: &[(&str, &str, &str)] = &[
    ("help", "3", "?"),
    ("help_searched", "3", "?/memo"),
    ("help_nothing", "3", "?/zebra"),
    ("palette", "3", ":post"),
    ("filter", "3", "/flag:any"),
    ("sort", "3", "s"),
    ("group", "3", "b"),
    ("hold", "3", "v"),
    ("hold_many", "3TT", "v1"),
    ("edit_menu", "3", "e"),
    ("edit_form", "3", "ed"),
    ("explain", "3", "x"),
    ("post_one", "3", "Pd"),
    ("post_many", "3T", "P"),
    ("new_bill_run", "2", "cb"),
    ("payment_run", "2", "cp<C-s>"),
    ("send_now", "4/status:impossible<Enter>", "S"),
    ("retry", "5", "r"),
    ("promise", "5", "p"),
    ("write_off", "5", "m"),
    ("account", "8", "i"),
    ("account_page", "8", "X"),
    ("tags", "3", "t"),
    ("notes", "3", "r"),
    ("claim", "3", "C"),
    ("hand_over", "3", "Ch"),
    ("columns", "3", "|"),
    ("ready_filters", "3", "F"),
    ("edit_line", "3", "e1q"),
    ("edit_many", "3TT", "e"),
    ("cancel_draft", "3", "D"),
    ("payments", "5", "$"),
    ("received", "8", "p"),
    ("new_run", "2", "c"),
];

const SCREENS: &[(&str, &str)] = &[
    ("today", "1"),
    ("runs", "2"),
    ("invoices", "3"),
    ("document", "3<Enter>"),
    ("delivery", "4/status:impossible<Enter>"),
    ("failed", "5"),
    ("unapplied", "5ffffffffff"),
    ("accounts", "8"),
];

/// Screens that tell by the clock when something was done: drawn, and not kept as pictures.
const CLOCKED: &[(&str, &str)] = &[("jobs", "6"), ("log", "7")];

fn mouse(desk: &mut Desk, mouse: Mouse) -> Vec<Effect> {
    desk.app.update(Msg::Mouse(mouse))
}

fn point<'a>(desk: &'a mut Desk, what: &[Mouse]) -> &'a mut Desk {
    for mouse in what {
        let effects = desk.app.update(Msg::Mouse(*mouse));
        desk.settle(effects);
    }
    desk
}

/// The line under the cursor.
fn under(desk: &Desk) -> String {
    desk.picture().lines().find(|l| l.starts_with('>')).unwrap_or_default().to_owned()
}

#[test]
fn the_wheel_moves_and_a_click_chooses() {
    let mut desk = Desk::open(80, 24);
    let rows: Vec<String> =
        desk.press("3").picture().lines().skip(3).map(|l| l.chars().skip(2).collect()).collect();
    let there = |desk: &Desk, n: usize| {
        let line: String = under(desk).chars().skip(2).collect();
        assert_eq!(line, rows[n], "{}", desk.picture());
    };
    there(point(&mut desk, &[Mouse::Down]), 3);
    there(point(&mut desk, &[Mouse::Up, Mouse::Up]), 0);
    there(point(&mut desk, &[Mouse::Click(20, 3 + 7)]), 7);
    // What the row is told beside it has come too.
    assert!(!desk.picture().contains("reading…"));
    // Title, headings, what is below the list: nothing there.
    for y in [0, 2, 20, 21, 22, 23] {
        there(point(&mut desk, &[Mouse::Click(5, y)]), 7);
    }
    point(&mut desk, &[Mouse::Click(3, 1)]).shows("Ready filters").shows("to check");
    let at = desk.picture().lines().position(|l| l.contains(" held")).unwrap() as u16;
    point(&mut desk, &[Mouse::Click(30, at)]);
    desk.press("<Enter>").shows("[held]");
    // On the wide screen the document beside the list is not the list.
    let mut desk = Desk::open(140, 40);
    desk.press("3");
    let before = under(&desk);
    point(&mut desk, &[Mouse::Click(120, 9)]);
    assert_eq!(under(&desk), before);
    point(&mut desk, &[Mouse::Click(40, 9)]);
    assert_ne!(under(&desk), before);
    let mut desk = Desk::open(80, 24);
    let before = under(&desk);
    assert!(before.contains("usage loaded"), "{before}");
    point(&mut desk, &[Mouse::Click(8, 5)]);
    assert!(under(&desk).contains("to check"), "{}", desk.picture());
}

#[test]
fn a_click_chooses_a_field_or_a_line_and_hands_nothing_in() {
    let mut desk = Desk::open(80, 24);
    desk.press("3ed").shows("PO number");
    let at = desk.picture().lines().position(|l| l.contains("PO number")).unwrap() as u16;
    point(&mut desk, &[Mouse::Click(30, at), Mouse::Down, Mouse::Up]);
    let line = desk.press("77").picture().lines().nth(usize::from(at)).unwrap().to_owned();
    assert!(line.contains("> PO number") && line.contains("77"), "{line}");
    desk.press("<Esc>v");
    let at = desk.picture().lines().position(|l| l.contains("disputes")).unwrap() as u16;
    point(&mut desk, &[Mouse::Click(30, at), Mouse::Click(30, at)]);
    let line = desk.picture().lines().nth(usize::from(at)).unwrap().to_owned();
    assert!(line.contains("> 3"), "{}", desk.picture());
    desk.press("<Enter>").shows("held");
}

#[test]
fn no_flood_of_mouse_events_ever_does_a_deed() {
    let mut dice = 42_u64;
    let mut roll = |below: u64| {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (dice >> 33) % below
    };
    let places = ["", "y", "<Tab>", "1", "12"];
    let mut asked = 0;
    for (name, screen, keys) in DIALOGS.iter().chain(&[("list", "3", ""), ("failed", "5", "")]) {
        let mut desk = Desk::open(80, 24);
        desk.press(screen).press(keys);
        asked += usize::from(desk.picture().contains("Enter takes [ ]"));
        for n in 0..120 {
            let (x, y) = (roll(80) as u16, roll(24) as u16);
            let event = match roll(4) {
                0 => Mouse::Up,
                1 => Mouse::Down,
                _ => Mouse::Click(x, y),
            };
            let effects = mouse(&mut desk, event);
            for effect in &effects {
                assert!(!matches!(effect, Effect::Commit { .. }), "{name}, {n}: {effect:?}");
                assert!(!matches!(effect, Effect::Quit(_)), "{name}, {n}");
            }
            desk.settle(effects);
            if n == 60 && *name != "list" && *name != "failed" {
                // Half way something was typed, as by a hand on keys and mouse.
                let typed = places[roll(2) as usize * 2];
                if !desk.picture().contains("y does it") && !desk.picture().contains("y/n") {
                    desk.press(typed);
                }
            }
        }
    }
    assert!(asked >= 1, "no question was open");
}

#[test]
fn what_a_clerk_chose_of_colours_and_mouse_is_kept() {
    let mut desk = Desk::open(80, 24);
    desk.press(":colours light<Enter>").shows("colours: light");
    desk.press(":mouse on<Enter>").shows("mouse on: Shift");
    let look = Look { palette: Palette::Light, mouse: true, plain: false };
    assert_eq!(desk.asked.last(), Some(&Effect::Look(look)));
    let Some(Effect::Commit { command, .. }) = desk.app.session() else { panic!() };
    let Command::SaveSession { state } = *command else { panic!() };
    assert_eq!(Look::of(Some(&state), Wish::default()), look);
    desk.press(":mouse off<Enter>").shows("the terminal selects");
    desk.press(":plain screen<Enter>").shows("screen 1 Today");
    desk.press(":plain screen<Enter>").shows("daybook  1 Today");
}

fn drawn(desk: &Desk, abilities: Abilities, palette: Palette) -> vt100::Parser {
    let (width, height) = desk.size;
    let mut pen = Pen::new(width, height, abilities).with(palette);
    desk.app.view(pen.canvas());
    let size = |n: u16| std::num::NonZero::new(n).unwrap();
    let mut parser = vt100::Parser::new(size(height), size(width), 0);
    parser.process(pen.finish());
    parser
}

#[test]
fn every_palette_shows_the_same_letters_without_a_background() {
    let screens = SCREENS.iter().chain(CLOCKED).map(|(_, keys)| (*keys).to_owned());
    let dialogs = DIALOGS.iter().map(|(_, screen, keys)| format!("{screen}{keys}"));
    let keys: Vec<String> = screens.chain(dialogs).collect();
    for (size, keys) in SIZES.iter().flat_map(|size| keys.iter().map(move |keys| (*size, keys))) {
        same_letters(size, keys);
    }
}

/// What these keys lead to, in every palette and without colour.
fn same_letters((width, height): (u16, u16), keys: &str) {
    let all = Abilities { colour: true, letters: Letters::All, clipboard: "" };
    let mut desk = Desk::open(width, height);
    desk.press(keys);
    let plain = drawn(&desk, Abilities { colour: false, ..all }, Palette::Dark);
    for palette in Palette::ALL {
        let shown = drawn(&desk, all, palette);
        assert_eq!(shown.screen().contents(), plain.screen().contents());
        let none = drawn(&desk, Abilities { colour: false, ..all }, palette);
        for y in 0..height {
            for x in 0..width {
                let cell = shown.screen().cell(y, x).unwrap();
                assert_eq!(cell.bgcolor(), vt100::Color::Default);
                let named =
                    matches!(cell.fgcolor(), vt100::Color::Default | vt100::Color::Idx(0..16));
                assert!(named, "{:?}", cell.fgcolor());
                // NO_COLOR goes before every palette.
                assert_eq!(none.screen().cell(y, x).unwrap().fgcolor(), vt100::Color::Default);
                let red = [vt100::Color::Idx(1), vt100::Color::Idx(2)].contains(&cell.fgcolor());
                assert!(palette != Palette::ColourBlind || !red);
            }
        }
    }
}

#[test]
fn ascii_has_each_letter_in_its_place() {
    let all = Abilities { colour: true, letters: Letters::All, clipboard: "" };
    let ascii = Abilities { letters: Letters::Ascii, ..all };
    let screens = SCREENS.iter().chain(CLOCKED).map(|(name, keys)| (*name, *keys, ""));
    let all_of: Vec<_> = screens.chain(DIALOGS.iter().copied()).collect();
    for (width, height) in SIZES {
        for (name, screen, keys) in &all_of {
            let mut desk = Desk::open(width, height);
            desk.press(screen).press(keys);
            let [whole, plain] = [all, ascii].map(|a| drawn(&desk, a, Palette::Dark));
            for y in 0..height {
                for x in 0..width {
                    let [a, b] = [&whole, &plain].map(|p| p.screen().cell(y, x).unwrap());
                    let same = a.contents() == b.contents();
                    assert!(b.contents().is_ascii(), "{name}");
                    assert!(
                        same || !a.contents().is_ascii() || a.is_wide_continuation(),
                        "{name} {x} {y}"
                    );
                    assert_eq!(a.fgcolor(), b.fgcolor(), "{name} {x} {y}");
                }
            }
        }
    }
}

/// The rows of a picture that are not those of the one before, with their numbers.
fn changed(before: &str, after: &str) -> String {
    let mut out = String::new();
    for (y, (was, is)) in before.lines().zip(after.lines()).enumerate() {
        if was != is {
            let _ = writeln!(out, "{y:>2} {is}");
        }
    }
    out
}

#[test]
fn dialogs_at_three_sizes() {
    for (width, height) in SIZES {
        let mut all = String::new();
        for (name, screen, keys) in DIALOGS {
            let mut desk = Desk::open(width, height);
            let before = desk.press(screen).picture();
            desk.press(keys);
            let _ = writeln!(all, "== {name}\n{}", changed(&before, &desk.picture()));
        }
        snapshot(&format!("dialogs_{width}x{height}"), &all);
    }
}

/// Runs of one look in a row: `3: 1-9 cyan`. Plain text is left out.
fn looks(canvas: &Buffer) -> String {
    let name = |fg: Color, modifier: Modifier| {
        let mut words = Vec::new();
        if fg != Color::Reset {
            words.push(format!("{fg:?}").to_lowercase());
        }
        if !modifier.is_empty() {
            words.push(format!("{modifier:?}").to_lowercase());
        }
        words.join("+")
    };
    let width = usize::from(canvas.area.width);
    let mut out = String::new();
    for (y, row) in canvas.content.chunks(width).enumerate() {
        let mut runs: Vec<(usize, usize, String)> = Vec::new();
        for (x, cell) in row.iter().enumerate() {
            let look = name(cell.fg, cell.modifier);
            match runs.last_mut() {
                Some((_, end, last)) if *last == look && *end + 1 == x => *end = x,
                _ => runs.push((x, x, look)),
            }
        }
        runs.retain(|(_, _, look)| !look.is_empty());
        if !runs.is_empty() {
            let runs: Vec<String> =
                runs.iter().map(|(a, b, look)| format!("{a}-{b} {look}")).collect();
            let _ = writeln!(out, "{y:>2}: {}", runs.join(", "));
        }
    }
    out
}

#[test]
fn colours_of_every_screen_and_dialog() {
    for (width, height) in SIZES {
        let mut all = String::new();
        let screens = SCREENS.iter().map(|(name, keys)| (*name, *keys, ""));
        for (name, screen, keys) in screens.chain(DIALOGS.iter().copied()) {
            let mut desk = Desk::open(width, height);
            let before = looks(&desk.press(screen).buffer());
            let before = if keys.is_empty() { String::new() } else { before };
            let after = looks(&desk.press(keys).buffer());
            let rows: Vec<&str> = before.lines().collect();
            let other: Vec<&str> = after.lines().filter(|row| !rows.contains(row)).collect();
            let _ = writeln!(all, "== {name}\n{}\n", other.join("\n"));
        }
        snapshot(&format!("colours_{width}x{height}"), &all);
    }
}

/// A desk with the plain screen.
fn plain(width: u16, height: u16) -> Desk {
    let mut desk = Desk::open(width, height);
    desk.login(r#"{"look":{"plain":true}}"#);
    desk
}

#[test]
fn the_plain_screen_is_one_statement_a_row() {
    let mut all = String::new();
    for (width, height) in [(80, 24), (60, 15)] {
        let dialogs = DIALOGS.iter().map(|(name, screen, keys)| (*name, format!("{screen}{keys}")));
        let screens = SCREENS.iter().map(|(name, keys)| (*name, (*keys).to_owned()));
        for (name, keys) in screens.chain(dialogs) {
            let mut desk = plain(width, height);
            desk.press(&keys);
            let picture = desk.picture();
            let drawn = |c: char| matches!(c, '\u{2500}'..='\u{259f}' | '●' | '✉');
            assert!(!picture.contains(drawn), "{name}\n{picture}");
            if width == 80 {
                let _ = writeln!(all, "== {name}\n{}", picture.trim_end());
            }
        }
    }
    snapshot("plain_80x24", &all);
}

#[test]
fn the_plain_screen_says_the_row_in_the_same_place_and_nothing_else_anew() {
    let mut desk = plain(80, 24);
    desk.press("3").shows("row 1 of ").shows("state draft").shows("nothing marked");
    let cursor = |desk: &Desk| {
        let mut canvas = Buffer::empty(ratatui::layout::Rect::new(0, 0, 80, 24));
        let at = desk.app.view(&mut canvas);
        (at, text(&canvas))
    };
    let (at, before) = cursor(&desk);
    assert_eq!(at, Some((0, 2)), "a screen reader follows the text cursor");
    desk.press("j").shows("row 2 of ");
    let (at, after) = cursor(&desk);
    assert_eq!(at, Some((0, 2)));
    let other: Vec<usize> = before
        .lines()
        .zip(after.lines())
        .enumerate()
        .filter(|(_, (a, b))| a != b)
        .map(|(y, _)| y)
        .collect();
    let allowed = |y: &usize| matches!(y, 1..=6 | 20..=21);
    assert!(other.iter().all(allowed), "{other:?}\n{after}");
    desk.press(" ").shows("marked 1");
    desk.press("k").shows(" marked: account");
    desk.press("v1").shows("held");
    desk.press("/zzz").shows("no row here");
}

#[test]
fn the_help_is_searched_as_it_is_typed() {
    let mut desk = Desk::open(80, 24);
    let whole = desk.press("3?").shows("/ finds").picture();
    desk.press("/memo").shows("correct a posted invoice").shows("lines");
    assert!(!desk.picture().contains("next row"), "{}", desk.picture());
    desk.press("<Bksp><Bksp><Bksp><Bksp>").shows("Drafts worst first");
    desk.press("3 8:x").shows("nothing here has these words");
    desk.press("<Esc>");
    assert_eq!(desk.picture(), whole, "Esc shows all again and stays");
    // Words in any order, in any case, over the lines of one key.
    desk.press("/NEXT accept<Enter>").shows("accept the draft in this version");
    desk.press("<Esc><Esc>");
    assert!(!desk.picture().contains("what can be done"));
    desk.press("?/held<Enter>").shows("Esc shows all");
    // What is found is run as it is without a search.
    desk.press("<Esc>/rate the draft<Enter><Enter>");
    assert!(!desk.picture().contains("what can be done"), "{}", desk.picture());
}

#[test]
fn the_help_tells_every_column_and_every_letter_of_a_state() {
    let of: &[(ScreenId, &[Column])] = &[
        (ScreenId::Invoices, InvoiceRow::columns()),
        (ScreenId::Runs, RunRow::columns()),
        (ScreenId::Delivery, DeliveryRow::columns()),
        (ScreenId::Failed, FailedRow::columns()),
        (ScreenId::Failed, UnappliedRow::columns()),
        (ScreenId::Jobs, JobRow::columns()),
        (ScreenId::Log, LogRow::columns()),
        (ScreenId::Accounts, AccountRow::columns()),
        (ScreenId::Bank, BankLineRow::columns()),
    ];
    for (screen, columns) in of {
        let help = screen.help().replace('\n', " ");
        let (_, told) = help.split_once("Columns: ").unwrap();
        for column in *columns {
            let title = column.title.replace(" EUR", "");
            assert!(told.contains(&title), "{title} of {}", screen.name());
        }
    }
    let invoices = ScreenId::Invoices.help().replace('\n', " ");
    for letter in ["D draft", "DA accepted", "H held", "P posted", "R reversed", "X canceled"] {
        assert!(invoices.contains(letter), "{letter}");
    }
    assert_eq!(theme::shade(Palette::Dark, Color::Red), Color::Red);
}
