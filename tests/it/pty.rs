//! The real binary on a pseudo-terminal: that every way out leaves it clean, and what it says where
//! it cannot be shown. Tests wait for text, never for time.

use crate::harness::pty::{PATIENCE, Pty, nonzero};
use nix::sys::signal::Signal;
use nix::unistd::Pid;
use portable_pty::PtySize;
use std::time::{Duration, Instant};

fn book() -> crate::harness::book::Book {
    crate::harness::book::Book::new("2026-11-02T07:42")
}

#[test]
fn every_way_out_leaves_the_terminal_clean_within_a_second() {
    type Way = fn(&mut Pty);
    let book = book();
    let limit = Duration::from_secs(10);
    let ways: [(&str, u32, Way); 5] = [
        ("q", 0, |p| p.send("q")),
        ("Ctrl-C", 0, |p| p.send("\x03")),
        ("TERM", 143, |p| p.signal(Signal::SIGTERM)),
        ("HUP", 129, |p| p.signal(Signal::SIGHUP)),
        ("INT", 130, |p| p.signal(Signal::SIGINT)),
    ];
    for (name, code, way) in ways {
        let mut pty = Pty::console(&book.path, 80, 24);
        pty.shows("bill run");
        way(&mut pty);
        let (ended, took) = pty.end();
        assert_eq!(ended, code, "{name}");
        assert!(took < limit, "{name} took {took:?}");
        pty.is_clean();
    }
}

#[test]
fn a_closed_terminal_ends_it() {
    let book = book();
    let mut pty = Pty::console(&book.path, 80, 24);
    pty.shows("bill run");
    pty.hang_up();
    let (code, took) = pty.end();
    assert_eq!(code, 129);
    assert!(took < Duration::from_secs(10), "{took:?}");
}

#[test]
fn an_edit_that_was_typed_outlives_a_kill() {
    let book = crate::harness::crash::waiting(3);
    book.run(&["bill", "--target", "2026-03-01"]).ends(0);
    let mut pty = Pty::console(&book.path, 80, 24);
    pty.shows("bill run");
    pty.send("3");
    pty.shows("[to check]");
    pty.send("ed\t\tPO 4711\tcall first");
    pty.shows("call first");
    // The newest field, too, and long before the next look at the place in the lists.
    let kept =
        "SELECT count(*) FROM session WHERE state LIKE '%PO 4711%' AND state LIKE '%call first%'";
    let begun = Instant::now();
    while book.count(kept) == 0 {
        assert!(begun.elapsed() < Duration::from_secs(10), "not kept while it is typed");
        std::thread::yield_now();
    }
    pty.signal(Signal::SIGKILL);
    pty.end();
    let mut again = Pty::console(&book.path, 80, 24);
    again.shows("1 unsaved edit");
    again.send("y");
    again.shows("call first");
}

#[test]
fn what_is_typed_in_a_console_that_is_open_is_not_offered_to_another_one() {
    let book = crate::harness::crash::waiting(3);
    book.run(&["bill", "--target", "2026-03-01"]).ends(0);
    let mut first = Pty::console(&book.path, 80, 24);
    first.shows("bill run");
    first.send("3");
    first.shows("[to check]");
    first.send("ed\t\tPO 4711");
    first.shows("PO 4711");
    let kept = "SELECT count(*) FROM session WHERE state LIKE '%PO 4711%'";
    let begun = Instant::now();
    while book.count(kept) == 0 {
        assert!(begun.elapsed() < PATIENCE, "not kept while it is typed");
        std::thread::yield_now();
    }
    let mut second = Pty::console(&book.path, 80, 24);
    second.shows("another console of yours is open");
    assert!(!second.screen().contains("unsaved edit"), "{}", second.screen());
    second.send("q");
    second.end();
    assert_eq!(book.count(kept), 1, "the second console wrote over what the first kept");
    first.signal(Signal::SIGKILL);
    first.end();
    let again = Pty::console(&book.path, 80, 24);
    again.shows("1 unsaved edit");
}

#[test]
fn without_a_capable_terminal_it_points_to_the_command_line() {
    let book = book();
    let path = book.path.to_string_lossy().into_owned();
    let mut pty = Pty::start(&["--book", &path], &[("TERM", "dumb")], 80, 24);
    let (code, _) = pty.end();
    assert_eq!(code, 2);
    pty.shows("daybook status");
    let ran = book.run(&[]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("daybook --help"), "{}", ran.err);
}

#[test]
fn nothing_is_asked_of_the_terminal_and_no_color_is_kept() {
    let book = book();
    let path = book.path.to_string_lossy().into_owned();
    let pty = Pty::start(&["--book", &path], &[("NO_COLOR", "1")], 80, 24);
    pty.shows("bill run");
    let seen = pty.seen.0.lock().unwrap();
    let raw = String::from_utf8_lossy(&seen.raw);
    for question in ["\x1b[c", "\x1b[6n", "\x1b[>", "\x1b]11;?", "\x1b[?u", "$p"] {
        assert!(!raw.contains(question), "{question:?}");
    }
    for part in raw.split("\x1b[").filter_map(|p| p.split_once('m')) {
        let colour = part.0.split(';').any(|c| matches!(c.parse(), Ok(30_u32..=49 | 90..=107)));
        assert!(!colour, "{:?}", part.0);
    }
}

#[test]
fn one_by_one_and_back_shows_the_same_picture() {
    let book = book();
    let pty = Pty::console(&book.path, 80, 24);
    // Whole: counts that are not there yet are shown as dots.
    let before = pty.until("every count", |t| t.contains("notices") && !t.contains('…'));
    let resize = |cols, rows| {
        pty.seen.0.lock().unwrap().parser.screen_mut().set_size(nonzero(rows), nonzero(cols));
        let size = PtySize { rows, cols, pixel_width: 0, pixel_height: 0 };
        pty.master.as_ref().unwrap().resize(size).unwrap();
    };
    resize(40, 10);
    pty.shows("daybook needs 60×15");
    resize(1, 1);
    resize(80, 24);
    let after = pty.until("the picture of before", |text| text == before);
    assert_eq!(before, after);
}

#[test]
fn ctrl_z_steps_aside_and_comes_back() {
    let book = book();
    let mut pty = Pty::console(&book.path, 80, 24);
    // Whole: counts that are not there yet are shown as dots.
    let before = pty.until("every count", |t| t.contains("notices") && !t.contains('…'));
    pty.send("\x1a");
    // A continue that comes before the stop would be lost, so the kernel is asked.
    let pid = Pid::from_raw(i32::try_from(pty.child.process_id().unwrap()).unwrap());
    let flags = nix::sys::wait::WaitPidFlag::WUNTRACED;
    let stopped = nix::sys::wait::waitpid(pid, Some(flags)).unwrap();
    assert!(matches!(stopped, nix::sys::wait::WaitStatus::Stopped(..)), "{stopped:?}");
    pty.until("the main screen", |text| !text.contains("bill run"));
    pty.signal(Signal::SIGCONT);
    pty.until("the picture again", |text| text == before);
    pty.send("q");
    assert_eq!(pty.end().0, 0);
    pty.is_clean();
}

#[test]
fn told_of_a_resize_of_the_same_size_it_draws_everything_again() {
    let book = book();
    let pty = Pty::console(&book.path, 80, 24);
    let before = pty.until("every count", |t| t.contains("notices") && !t.contains('…'));
    // Another terminal behind the same size, as dtach puts one there.
    let begun = |raw: &str| raw.matches("\x1b[?1049h").count();
    assert_eq!(begun(&pty.raw()), 1);
    pty.seen.0.lock().unwrap().parser = vt100::Parser::new(nonzero(24), nonzero(80), 0);
    pty.signal(Signal::SIGWINCH);
    pty.until("the picture of before", |text| text == before);
    assert_eq!(begun(&pty.raw()), 2);
    assert!(pty.seen.0.lock().unwrap().parser.screen().bracketed_paste());
}

#[test]
fn without_a_locale_nothing_but_ascii_is_drawn() {
    let book = book();
    let path = book.path.to_string_lossy().into_owned();
    let pty = Pty::start(&["--book", &path], &[("LANG", "")], 80, 24);
    pty.shows("bill run");
    assert!(pty.raw().is_ascii());
}

#[test]
fn the_picture_is_gone_also_where_there_is_no_alternate_screen() {
    let book = book();
    let mut pty = Pty::console(&book.path, 80, 24);
    pty.shows("bill run");
    pty.send("q");
    assert_eq!(pty.end().0, 0);
    // A terminal that knows no alternate screen, as GNU screen comes.
    let bare = pty.raw().replace("\x1b[?1049h", "").replace("\x1b[?1049l", "");
    let mut parser = vt100::Parser::new(nonzero(24), nonzero(80), 0);
    parser.process(bare.as_bytes());
    assert_eq!(parser.screen().contents().trim(), "");
    assert_eq!(parser.screen().cursor_position(), (0, 0));
}

#[test]
fn the_mouse_is_taken_only_where_it_is_wanted_and_let_go_on_every_way_out() {
    let book = book();
    let mut pty = Pty::console(&book.path, 80, 24);
    pty.shows("bill run");
    pty.send("q");
    pty.end();
    assert!(!pty.raw().contains("\x1b[?1000h"), "nobody asked for the mouse");
    let path = book.path.to_string_lossy().into_owned();
    let ways: [&dyn Fn(&mut Pty); 3] =
        [&|pty| pty.send("q"), &|pty| pty.signal(Signal::SIGTERM), &|pty| {
            pty.send("\x1a");
            let pid = Pid::from_raw(i32::try_from(pty.child.process_id().unwrap()).unwrap());
            let flags = nix::sys::wait::WaitPidFlag::WUNTRACED;
            let stopped = nix::sys::wait::waitpid(pid, Some(flags)).unwrap();
            assert!(matches!(stopped, nix::sys::wait::WaitStatus::Stopped(..)), "{stopped:?}");
            pty.until("the main screen", |text| !text.contains("bill run"));
            let raw = pty.raw();
            assert!(raw.rfind("\x1b[?1000h") < raw.rfind("\x1b[?1000l"), "taken while suspended");
            pty.signal(Signal::SIGCONT);
            pty.shows("bill run");
            let raw = pty.raw();
            assert!(raw.rfind("\x1b[?1000h") > raw.rfind("\x1b[?1000l"), "not taken again");
            pty.send("q");
        }];
    for way in ways {
        let mut pty = Pty::start(&["--book", &path, "--mouse"], &[], 80, 24);
        pty.shows("bill run");
        // The row under the third heading, as a terminal tells a click.
        pty.send("\x1b[<0;9;6M\x1b[<0;9;6m");
        pty.until("the cursor on it", |text| text.contains(">  to check"));
        way(&mut pty);
        pty.end();
        pty.is_clean();
        let raw = pty.raw();
        assert!(raw.rfind("\x1b[?1000h") < raw.rfind("\x1b[?1000l"), "the mouse is still taken");
        assert!(raw.rfind("\x1b[?1006h") < raw.rfind("\x1b[?1006l"));
    }
    // The flag is for once; what is chosen in the console is kept.
    let mut pty = Pty::console(&book.path, 80, 24);
    pty.shows("bill run");
    assert!(!pty.raw().contains("\x1b[?1000h"), "a flag was kept");
    pty.send(":mouse on\r");
    pty.shows("mouse on");
    pty.send("q");
    pty.end();
    let mut pty = Pty::console(&book.path, 80, 24);
    pty.shows("bill run");
    pty.send("q");
    pty.end();
    assert!(pty.raw().contains("\x1b[?1000h"), "the choice was not kept");
}

#[test]
fn colours_and_the_plain_screen_are_asked_for_by_flag_or_environment() {
    let book = book();
    let path = book.path.to_string_lossy().into_owned();
    let mut pty = Pty::start(&["--book", &path, "--plain"], &[], 80, 24);
    pty.shows("screen 1 Today");
    pty.send("q");
    pty.end();
    let mut pty = Pty::start(&["--book", &path], &[("DAYBOOK_PALETTE", "light")], 80, 24);
    pty.shows("1 Today");
    pty.send("q");
    pty.end();
    assert!(!pty.raw().contains("\x1b[36m") && pty.raw().contains("34m"), "cyan on light ground");
    let wrong = book.run(&["--palette", "pink"]);
    assert!(wrong.code == 2 && wrong.err.contains("colour-blind"), "{}", wrong.err);
    let mut pty = Pty::start(&["--book", &path], &[("DAYBOOK_PALETTE", "pink")], 80, 24);
    assert_eq!(pty.end().0, 2);
    pty.shows("there are dark, light and colour-blind");
}
