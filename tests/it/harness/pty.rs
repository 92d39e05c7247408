//! The binary in a pseudo-terminal: keys in, the screen as a terminal would show it.

use nix::fcntl::OFlag;
use nix::sys::signal::{Signal, kill};
use nix::sys::termios::{LocalFlags, SetArg, SpecialCharacterIndices, tcgetattr, tcsetattr};
use nix::unistd::Pid;
use portable_pty::{CommandBuilder, MasterPty, PtySize, native_pty_system};
use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

/// Longest wait for anything; only a failing test waits so long.
pub const PATIENCE: Duration = Duration::from_secs(30);

pub struct Seen {
    pub parser: vt100::Parser,
    pub raw: Vec<u8>,
    /// Nothing more will come.
    closed: bool,
    /// The reader shall let go of the terminal.
    let_go: bool,
}

/// The binary on a terminal.
pub struct Pty {
    pub master: Option<Box<dyn MasterPty + Send>>,
    writer: Option<Box<dyn Write + Send>>,
    pub child: Box<dyn portable_pty::Child + Send + Sync>,
    pub seen: Arc<(Mutex<Seen>, Condvar)>,
}

pub fn nonzero(n: u16) -> std::num::NonZero<u16> {
    std::num::NonZero::new(n).unwrap()
}

impl Pty {
    /// Starts the console on a book.
    pub fn console(book: &Path, cols: u16, rows: u16) -> Self {
        Self::start(&["--book", &book.to_string_lossy()], &[], cols, rows)
    }

    /// Starts the binary with arguments and environment.
    pub fn start(args: &[&str], env: &[(&str, &str)], cols: u16, rows: u16) -> Self {
        Self::of(Path::new(env!("CARGO_BIN_EXE_daybook")), args, env, (cols, rows))
    }

    /// Starts a program.
    pub fn of(program: &Path, args: &[&str], env: &[(&str, &str)], size: (u16, u16)) -> Self {
        let (cols, rows) = size;
        let size = PtySize { rows, cols, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(program);
        command.args(args);
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        command.env_remove("NO_COLOR");
        command.env_remove("LC_ALL");
        for (name, value) in env {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().unwrap();
        let writer = pair.master.take_writer().unwrap();
        let parser = vt100::Parser::new(nonzero(rows), nonzero(cols), 0);
        let seen = Seen { parser, raw: Vec::new(), closed: false, let_go: false };
        let seen = Arc::new((Mutex::new(seen), Condvar::new()));
        let shared = Arc::clone(&seen);
        std::thread::spawn(move || {
            let mut buffer = [0_u8; 8192];
            loop {
                let n = reader.read(&mut buffer).unwrap_or(0);
                let mut seen = shared.0.lock().unwrap();
                if n == 0 {
                    seen.closed = true;
                    shared.1.notify_all();
                    return;
                }
                seen.parser.process(&buffer[..n]);
                seen.raw.extend_from_slice(&buffer[..n]);
                if seen.let_go {
                    drop(reader);
                    seen.closed = true;
                    shared.1.notify_all();
                    return;
                }
                shared.1.notify_all();
            }
        });
        Self { master: Some(pair.master), writer: Some(writer), child, seen }
    }

    /// What is on the screen.
    pub fn screen(&self) -> String {
        self.seen.0.lock().unwrap().parser.screen().contents()
    }

    /// Every byte that reached the terminal.
    pub fn raw(&self) -> String {
        String::from_utf8_lossy(&self.seen.0.lock().unwrap().raw).into_owned()
    }

    /// Waits until the screen satisfies `test`.
    #[track_caller]
    pub fn until(&self, what: &str, test: impl Fn(&str) -> bool) -> String {
        let end = Instant::now() + PATIENCE;
        let mut seen = self.seen.0.lock().unwrap();
        loop {
            let text = seen.parser.screen().contents();
            if test(&text) {
                return text;
            }
            let left = end.saturating_duration_since(Instant::now());
            assert!(!left.is_zero() && !seen.closed, "waited for {what}:\n{text}");
            seen = self.seen.1.wait_timeout(seen, left).unwrap().0;
        }
    }

    /// Waits for words on the screen.
    #[track_caller]
    pub fn shows(&self, words: &str) -> String {
        self.until(words, |text| text.contains(words))
    }

    /// Types.
    pub fn send(&mut self, keys: &str) {
        let writer = self.writer.as_mut().unwrap();
        writer.write_all(keys.as_bytes()).unwrap();
        writer.flush().unwrap();
    }

    pub fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.process_id().unwrap()).unwrap();
        kill(Pid::from_raw(pid), signal).unwrap();
    }

    /// The writer types a line's end and a file's end when it is let go; a link that drops types nothing.
    fn types_no_end(&self) {
        let name = self.master.as_ref().unwrap().tty_name().unwrap();
        let mut tty = File::options();
        tty.read(true).write(true).custom_flags(OFlag::O_NOCTTY.bits());
        let tty = tty.open(name).unwrap();
        let mut mode = tcgetattr(&tty).unwrap();
        mode.control_chars[SpecialCharacterIndices::VEOF as usize] = 0;
        tcsetattr(&tty, SetArg::TCSANOW, &mode).unwrap();
    }

    /// Closes the terminal under it. The reader has a handle of its own: a repaint wakes it up to
    /// let go.
    pub fn hang_up(&mut self) {
        self.seen.0.lock().unwrap().let_go = true;
        self.send("\x0c");
        let seen = self.seen.0.lock().unwrap();
        let wait = |s: &mut Seen| !s.closed;
        drop(self.seen.1.wait_timeout_while(seen, PATIENCE, wait).unwrap());
        self.types_no_end();
        self.writer = None;
        self.master = None;
    }

    /// Waits for its end; gives the exit code and how long it took.
    #[track_caller]
    pub fn end(&mut self) -> (u32, Duration) {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return (status.exit_code(), begun.elapsed());
            }
            assert!(begun.elapsed() < PATIENCE, "it does not end:\n{}", self.screen());
            let seen = self.seen.0.lock().unwrap();
            drop(self.seen.1.wait_timeout(seen, Duration::from_millis(20)).unwrap());
        }
    }

    /// Asserts that the terminal is as it was before: cooked, cursor shown, main screen.
    #[track_caller]
    pub fn is_clean(&self) {
        let end = Instant::now() + PATIENCE;
        let mut seen = self.seen.0.lock().unwrap();
        while !seen.closed && Instant::now() < end {
            seen = self.seen.1.wait_timeout(seen, Duration::from_millis(20)).unwrap().0;
        }
        drop(seen);
        let mode = self.master.as_ref().unwrap().get_termios().unwrap();
        // Another version of nix: compared as bits.
        let cooked = (LocalFlags::ICANON | LocalFlags::ECHO).bits();
        assert_eq!(mode.local_flags.bits() & cooked, cooked, "raw");
        let seen = self.seen.0.lock().unwrap();
        let screen = seen.parser.screen();
        assert!(!screen.alternate_screen() && !screen.hide_cursor() && !screen.bracketed_paste());
        let raw = String::from_utf8_lossy(&seen.raw);
        assert!(raw.rfind("\x1b[?2026h") < raw.rfind("\x1b[?2026l"), "a frame was left open");
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
