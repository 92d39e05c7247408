//! The contract with the terminal: how it is entered, and that every way out leaves it clean.
//!
//! Nothing is asked of the terminal, so a mute one starts as fast as any other. `ratatui::init` is
//! not used: it restores on a panic only, and leaves the terminal raw on TERM, HUP and INT.
//!
//! Ways out and who takes care of them: `q`, Ctrl-C and an error return from the loop and drop
//! the [`Guard`]; TERM, HUP, INT reach the signal thread, which wakes the loop; a panic on any
//! thread runs the hook; a closed terminal is noticed by the watchdog, also when HUP is ignored
//! (crossterm alone would spin at 100 % CPU). Whoever is too slow is overtaken by [`deadline`].

use super::letters::Letters;
use nix::sys::termios::{FlushArg, SetArg, Termios, cfmakeraw, tcflush, tcgetattr, tcsetattr};
use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Alternate screen, hidden cursor, bracketed paste (so that pasted text never runs keys), clear.
const ENTER: &[u8] = b"\x1b[?1049h\x1b[?25l\x1b[?2004h\x1b[m\x1b[H\x1b[2J";
/// The reverse, and whatever a cut frame may have left open. The picture is cleared first: where
/// there is no alternate screen (GNU screen as it comes, the Linux console), what customers owe would
/// stay in view with the prompt in its midst. [`WIPE`] goes before it.
const LEAVE: &[u8] =
    b"\x1b[?1006l\x1b[?1000l\x1b[?2026l\x1b[?2004l\x1b[m\x1b[H\x1b[2J\x1b[?25h\x1b[?1049l\r";
/// Clears a row and goes to the next. A picture that is cleared at once is kept by GNU screen in its
/// scrollback; one that is cleared row by row is not.
pub(super) const WIPE: &[u8] = b"\x1b[2K\x1b[B";

/// How long the way out may take before it is cut short: the promise is a second.
pub const GRACE: Duration = Duration::from_millis(700);
/// The same when the terminal is gone: nobody waits for it, and what was typed is still to be written.
const GONE_GRACE: Duration = Duration::from_secs(5);
/// The exit code of a closed terminal.
pub const HUNG_UP: i32 = 129;

static SAVED: Mutex<Option<Termios>> = Mutex::new(None);
/// Wheel and buttons, told in numbers (SGR); no moves. [`LEAVE`] takes them off.
const MOUSE_ON: &[u8] = b"\x1b[?1000h\x1b[?1006h";
const MOUSE_OFF: &[u8] = b"\x1b[?1006l\x1b[?1000l";

/// Whether the mouse is taken.
static MOUSE: AtomicBool = AtomicBool::new(false);
static RAW: AtomicBool = AtomicBool::new(false);

/// What the outside did to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happening {
    /// TERM, HUP or INT, by number.
    Quit(i32),
    /// The terminal is gone.
    Gone,
    /// TSTP: step aside.
    Suspend,
    /// CONT: somebody may have written on our screen meanwhile.
    Continue,
    /// WINCH: another size.
    Resized,
}

/// What the environment says the terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Abilities {
    /// The 16-colour palette; false under `NO_COLOR`.
    pub colour: bool,
    /// Characters beyond ASCII.
    pub letters: Letters,
    /// Why copied text may not reach the clipboard, and what lets it; empty where nothing is known.
    pub clipboard: &'static str,
}

impl Abilities {
    /// From `NO_COLOR` (<https://no-color.org>: set and not empty), the locale and what stands between
    /// us and the terminal. No locale is the locale C: whoever set none sees bytes, not letters. GNU
    /// screen (`STY`) counts ambiguous characters as wide under a Chinese, Japanese or Korean locale, and
    /// takes bytes for letters under one that the machine does not have: `charmap` is what it counts by.
    pub fn from_env(
        var: impl Fn(&str) -> Option<String>,
        charmap: impl FnOnce() -> Option<String>,
    ) -> Self {
        let set = |name: &str| var(name).filter(|v| !v.is_empty());
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set);
        let locale = locale.unwrap_or_default().to_ascii_lowercase();
        let eastern = ["ja", "ko", "zh"].iter().any(|l| locale.starts_with(l));
        let screen = set("STY").is_some();
        let letters = if !(locale.contains("utf-8") || locale.contains("utf8"))
            || screen && charmap().is_some_and(|map| !map.eq_ignore_ascii_case("utf-8"))
        {
            Letters::Ascii
        } else if eastern && screen {
            Letters::Sure
        } else {
            Letters::All
        };
        Self { colour: set("NO_COLOR").is_none(), letters, clipboard: clipboard(set) }
    }
}

/// The character set of the locale as the machine has it (POSIX `locale charmap`), if it can be asked.
pub fn charmap() -> Option<String> {
    let said = Command::new("locale").arg("charmap").stderr(Stdio::null()).output().ok()?;
    Some(String::from_utf8_lossy(&said.stdout).trim().to_owned()).filter(|map| !map.is_empty())
}

/// What is known to keep copied text (OSC 52) from the clipboard, by what it sets in the environment:
/// the innermost first.
fn clipboard(set: impl Fn(&str) -> Option<String>) -> &'static str {
    if set("TMUX").is_some() {
        "tmux keeps it unless `tmux set -s set-clipboard on` is set"
    } else if set("STY").is_some() {
        "GNU screen does not pass it on"
    } else if set("TERM").is_some_and(|t| t.starts_with("screen") || t.starts_with("tmux")) {
        "tmux keeps it unless set-clipboard is on, GNU screen does not pass it on"
    } else if set("NCURSES_NO_UTF8_ACS").is_some() {
        "mosh passes it on from 1.4 only"
    } else if set("TERM").is_some_and(|t| t == "linux") {
        "the Linux console has no clipboard"
    } else if set("TERM_PROGRAM").is_some_and(|t| t == "Apple_Terminal") {
        "Terminal.app does not take it; iTerm2 does"
    } else {
        ""
    }
}

/// Why the console cannot be shown here; the words name the way that works.
pub fn unusable(term: Option<&str>) -> Option<&'static str> {
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        return Some(
            "The console needs a terminal. Every step works on the command line as well: \
             try `daybook status` or `daybook --help`.",
        );
    }
    if matches!(term, None | Some("dumb" | "")) {
        return Some(
            "TERM says this terminal cannot move its cursor. Every step works on the command \
             line as well: try `daybook status` or `daybook --help`.",
        );
    }
    None
}

/// The terminal while the console owns it; dropping gives it back.
pub struct Guard {
    out: File,
}

impl Guard {
    /// Takes the terminal: raw mode and the alternate screen, and the mouse where it is wanted.
    pub fn enter(mouse: bool) -> io::Result<Self> {
        MOUSE.store(mouse, Ordering::SeqCst);
        let out = File::from(io::stdout().as_fd().try_clone_to_owned()?);
        let guard = Self { out };
        guard.resume()?;
        Ok(guard)
    }

    /// Takes the terminal again after a suspension.
    pub fn resume(&self) -> io::Result<()> {
        let stdin = io::stdin();
        let mut mode = tcgetattr(stdin.as_fd())?;
        if !RAW.swap(true, Ordering::SeqCst)
            && let Ok(mut saved) = SAVED.lock()
        {
            *saved = Some(mode.clone());
        }
        cfmakeraw(&mut mode);
        tcsetattr(stdin.as_fd(), SetArg::TCSANOW, &mode)?;
        self.again()
    }

    /// Takes the mouse or lets it go.
    pub fn mouse(&self, on: bool) -> io::Result<()> {
        if MOUSE.swap(on, Ordering::SeqCst) == on {
            return Ok(());
        }
        (&self.out).write_all(if on { MOUSE_ON } else { MOUSE_OFF })
    }

    /// Sends the modes again: another terminal may have been put behind ours (dtach, a new window
    /// of the same size).
    pub fn again(&self) -> io::Result<()> {
        let mouse = if MOUSE.load(Ordering::SeqCst) { MOUSE_ON } else { b"" };
        (&self.out).write_all(&[ENTER, mouse].concat())
    }

    /// Writes one frame, in one write.
    pub fn write(&self, frame: &[u8]) -> io::Result<()> {
        if frame.is_empty() { Ok(()) } else { (&self.out).write_all(frame) }
    }

    /// Steps aside for the shell and comes back when continued.
    pub fn suspend(&self) -> io::Result<()> {
        leave();
        signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGTSTP)?;
        self.resume()
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        leave();
    }
}

/// Gives the terminal back; does nothing if it is not ours. Never waits for the terminal's mode,
/// only for the few bytes to be taken.
pub fn leave() {
    if !RAW.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut out = io::stdout();
    let rows = crossterm::terminal::size().map_or(0, |(_, rows)| rows);
    let _ = out.write_all(
        &[b"\x1b[?2026l\x1b[m\x1b[H", WIPE.repeat(usize::from(rows)).as_slice()].concat(),
    );
    let _ = out.write_all(LEAVE);
    let _ = out.flush();
    restore_mode();
}

fn restore_mode() {
    let stdin = io::stdin();
    if let Ok(saved) = SAVED.try_lock()
        && let Some(mode) = saved.as_ref()
    {
        let _ = tcsetattr(stdin.as_fd(), SetArg::TCSANOW, mode);
    }
}

/// Ends the program after [`GRACE`], or later if its terminal is gone, whatever the rest of it is doing: for ways out on which the
/// loop may be stuck in a write to a terminal that takes nothing.
pub fn deadline(code: i32) {
    static SET: AtomicBool = AtomicBool::new(false);
    if SET.swap(true, Ordering::SeqCst) {
        return;
    }
    let _ = std::thread::Builder::new().name("deadline".into()).spawn(move || {
        std::thread::sleep(if code == HUNG_UP { GONE_GRACE } else { GRACE });
        restore_mode();
        // A stopped terminal (Ctrl-S) would hold the last words for ever: drop what it has not
        // taken, then try once without waiting.
        let out = io::stdout();
        let _ = tcflush(out.as_fd(), FlushArg::TCOFLUSH);
        let flags = nix::fcntl::OFlag::O_NONBLOCK;
        let _ = nix::fcntl::fcntl(out.as_fd(), nix::fcntl::FcntlArg::F_SETFL(flags));
        if RAW.swap(false, Ordering::SeqCst) {
            let _ = nix::unistd::write(out.as_fd(), LEAVE);
        }
        signal_hook::low_level::exit(code);
    });
}

/// Threads whose panics end a job and not the console.
const WORKERS: [&str; 2] = ["worker", "daybook-pool"];

/// On a panic of any other thread: give the terminal back, say what happened and where to look, and end
/// with the exit code of a bug. Half a console would be worse than none; the book is safe.
pub fn install_panic_hook() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let of = std::thread::current();
        if of.name().is_some_and(|name| WORKERS.contains(&name)) {
            // The job it was in is at fault, and is told so on its row; the console goes on.
            tracing::error!(%info, "a worker");
            return;
        }
        deadline(70);
        leave();
        before(info);
        eprintln!("daybook: this is a bug. The book is safe; `daybook check` shows it.");
        std::process::exit(70);
    }));
}

/// Watches signals and the terminal itself, and tells `notify` what happened.
pub fn watch(notify: impl Fn(Happening) + Send + Clone + 'static) -> io::Result<()> {
    use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGTERM, SIGTSTP, SIGWINCH};
    let mut signals =
        signal_hook::iterator::Signals::new([SIGTERM, SIGHUP, SIGINT, SIGTSTP, SIGCONT, SIGWINCH])?;
    let tell = notify.clone();
    std::thread::Builder::new().name("signals".into()).spawn(move || {
        for signal in signals.forever() {
            tell(match signal {
                SIGTSTP => Happening::Suspend,
                SIGCONT => Happening::Continue,
                SIGWINCH => Happening::Resized,
                other => {
                    deadline(128 + other);
                    Happening::Quit(other)
                }
            });
        }
    })?;
    std::thread::Builder::new().name("watchdog".into()).spawn(move || {
        wait_until_gone();
        deadline(128 + SIGHUP);
        notify(Happening::Gone);
    })?;
    Ok(())
}

/// Blocks until the terminal on fd 0 is closed. With no events asked for, poll reports only
/// hang-up and error, so this sleeps in the kernel for the whole session.
fn wait_until_gone() {
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
    let stdin = io::stdin();
    loop {
        let mut fds = [PollFd::new(stdin.as_fd(), PollFlags::empty())];
        match poll(&mut fds, PollTimeout::NONE) {
            Ok(0) | Err(nix::errno::Errno::EINTR) => {}
            Ok(_) | Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(pairs: &[(&str, &str)]) -> Abilities {
        at(pairs, None)
    }

    fn at(pairs: &[(&str, &str)], charmap: Option<&str>) -> Abilities {
        let var = |name: &str| pairs.iter().find(|(k, _)| *k == name).map(|(_, v)| (*v).to_owned());
        Abilities::from_env(var, || charmap.map(str::to_owned))
    }

    #[test]
    fn gnu_screen_takes_bytes_for_letters_under_a_locale_that_the_machine_does_not_have() {
        let german = [("LANG", "de_DE.UTF-8"), ("STY", "1.pts-0.host")];
        for (map, letters) in [
            (Some("ANSI_X3.4-1968"), Letters::Ascii),
            (Some("UTF-8"), Letters::All),
            (None, Letters::All),
        ] {
            assert_eq!(at(&german, map).letters, letters, "{map:?}");
        }
        // A terminal that is not screen is asked by nobody: it is on the clerk's machine.
        assert_eq!(at(&german[..1], Some("ANSI_X3.4-1968")).letters, Letters::All);
    }

    #[test]
    fn the_locale_and_no_color_are_believed() {
        for (set, letters) in [
            (&[][..], Letters::Ascii),
            (&[("LANG", "")], Letters::Ascii),
            (&[("LANG", "C")], Letters::Ascii),
            (&[("LC_ALL", "de_DE.ISO-8859-1"), ("LANG", "de_DE.UTF-8")], Letters::Ascii),
            (&[("LANG", "C.utf8")], Letters::All),
            (&[("LANG", "ja_JP.UTF-8")], Letters::All),
            (&[("LANG", "ja_JP.UTF-8"), ("STY", "1.pts-0.host")], Letters::Sure),
            (&[("LC_CTYPE", "ko_KR.UTF-8"), ("STY", "1.pts-0.host")], Letters::Sure),
            (&[("LC_ALL", "zh_CN.UTF-8"), ("STY", "1.pts-0.host")], Letters::Sure),
            (&[("LANG", "de_DE.UTF-8"), ("STY", "1.pts-0.host")], Letters::All),
        ] {
            assert_eq!(env(set).letters, letters, "{set:?}");
        }
        assert!(env(&[]).colour);
        assert!(!env(&[("NO_COLOR", "1")]).colour);
        assert!(env(&[("NO_COLOR", "")]).colour);
    }

    #[test]
    fn what_is_counted_differently_is_not_drawn_where_it_matters() {
        for (text, sure) in [
            ("a", true),
            ("東京", true),
            ("│", false),
            ("·", false),
            ("…", false),
            ("ü", false),
            ("▲", false),
            ("›", false),
            ("✉", false),
        ] {
            assert_eq!(Letters::Sure.draw(text), sure, "{text}");
            assert!(Letters::All.draw(text));
        }
    }

    #[test]
    fn what_keeps_copied_text_is_named() {
        for (set, words) in [
            (&[("TMUX", "/tmp/tmux-0/default,1,0"), ("STY", "1")][..], "set-clipboard on"),
            (&[("STY", "1.pts-0.host")], "GNU screen"),
            (&[("TERM", "screen.xterm-256color")], "set-clipboard is on"),
            (&[("NCURSES_NO_UTF8_ACS", "1")], "mosh"),
            (&[("TERM", "linux")], "Linux console"),
            (&[("TERM", "xterm-256color")], ""),
        ] {
            assert!(env(set).clipboard.contains(words), "{set:?}");
            assert_eq!(env(set).clipboard.is_empty(), words.is_empty());
        }
    }

    #[test]
    fn the_way_out_clears_the_picture_before_it_gives_the_screen_back() {
        let place = |part: &[u8]| LEAVE.windows(part.len()).position(|w| w == part).unwrap();
        assert!(place(b"\x1b[2J") < place(b"\x1b[?1049l"));
    }
}
