//! The console's threads: the loop that draws, input, a reader and a writer of the book, workers.
//!
//! ```text
//! input  ─► Key, Paste, Resize ─┐
//! signals, watchdog ─► Quit, … ─┼─► loop: drain everything, App::update, draw once
//! reader ─► Loaded, Changed … ──┤      Load → reader · Commit → writer · pokes → workers
//! writer ─► Done ───────────────┘
//! ```
//! The loop never touches the book, and nothing it does waits for anything but the terminal.

mod threads;

use super::app::{App, kept_by};
use super::fault::Fault;
use super::keymap::Key;
use super::msg::{Cx, Effect, Mouse, Msg};
use super::pen::Pen;
use super::terminal::{self, Abilities, Guard, HUNG_UP, Happening};
use crate::clock::Now;
use crate::engine::look::{Look, Wish};
use crate::engine::{Error, Session};
use crate::store::{Db, StoreError, desk, operation, presence, settings};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use crossterm::event::Event;
use serde_json::Value;
use std::time::{Duration, Instant};
use threads::Ask;

/// How long a picture waits for the detail under the cursor, so that both come in one frame.
const PATIENCE: Duration = Duration::from_millis(1);
/// How often the place of the clerk is kept, if it changed.
const KEEP_EVERY: Duration = Duration::from_secs(20);
/// The same while a form is filled in: that much typing is lost with the process at most.
const KEEP_TYPED: Duration = Duration::from_secs(1);

/// How long the way out waits for what was handed in and for the place of the clerk to be written; and
/// when the terminal is gone, where she looks for both at her next login.
const LAST_WRITES: Duration = Duration::from_millis(300);
const GONE_WRITES: Duration = Duration::from_secs(4);

/// Runs the console on an open book; gives the exit code.
pub fn run(session: Session, wish: Wish) -> Result<u8, Error> {
    let term = std::env::var("TERM").ok();
    if let Some(words) = terminal::unusable(term.as_deref()) {
        return Err(Error::usage("no_terminal", words, ""));
    }
    let io = |source| Error::Io { path: "the terminal".into(), source };
    let (tx, rx) = bounded(1024);
    let mut facts = Facts::read(&session)?;
    facts.look = Look::of(facts.saved.as_deref(), wish);
    terminal::install_panic_hook();
    let guard = Guard::enter(facts.look.mouse).map_err(io)?;
    watch(&tx).map_err(io)?;
    // Read after the watch began, so that no change of size falls in between.
    let size = crossterm::terminal::size().map_err(io)?;
    let outcome = looped(session, &guard, &tx, &rx, facts, size);
    drop(guard);
    outcome
}

/// What the first picture needs to know.
struct Facts {
    now: Now,
    zone: crate::zone::Zone,
    /// Whether the book's moment is the system's.
    ticks: bool,
    saved: Option<String>,
    look: Look,
}

impl Facts {
    fn read(session: &Session) -> Result<Self, Error> {
        let uid = session.actor.uid;
        let now = session.now()?;
        let fixed = session.fixed_now.is_some();
        session.read(|db| {
            let zone = settings::as_stored(db)?.zone();
            let ticks = !fixed && settings::facts(db)?.clock_at.is_none();
            let saved = desk::session(db, uid)?.map(|saved| unwritten(db, saved)).transpose()?;
            let look = Look::default();
            Ok(Self { now, zone, ticks, saved, look })
        })
    }
}

/// A session without the forms that were handed in as its console went away, and were written after all:
/// offered again they would be done twice.
fn unwritten(db: &Db<'_>, saved: String) -> Result<String, StoreError> {
    let Ok(mut state) = serde_json::from_str::<Value>(&saved) else { return Ok(saved) };
    let written = |form: &Value| match form["op"].as_str() {
        Some(op) => operation::is_done(db, op),
        None => Ok(false),
    };
    if let Some(edit) = state.get_mut("edit").filter(|edit| !edit.is_null())
        && written(edit)?
    {
        *edit = Value::Null;
    }
    if let Some(older) = state.get_mut("older").and_then(Value::as_array_mut) {
        let mut left = Vec::new();
        for form in older.drain(..) {
            if !written(&form)? {
                left.push(form);
            }
        }
        *older = left;
    }
    Ok(state.to_string())
}

fn watch(tx: &Sender<Msg>) -> std::io::Result<()> {
    let notify = tx.clone();
    terminal::watch(move |what| {
        let msg = match what {
            Happening::Quit(signal) => Msg::Quit(128 + signal),
            Happening::Gone => Msg::Quit(129),
            Happening::Suspend => Msg::Suspend,
            Happening::Continue => Msg::Continue,
            Happening::Resized => match crossterm::terminal::size() {
                Ok((width, height)) => Msg::Resize(width, height),
                Err(_) => Msg::Continue,
            },
        };
        // A full queue must not hold up the way out; the deadline takes over then.
        let _ = notify.try_send(msg);
    })
}

fn looped(
    session: Session,
    guard: &Guard,
    tx: &Sender<Msg>,
    rx: &Receiver<Msg>,
    facts: Facts,
    size: (u16, u16),
) -> Result<u8, Error> {
    let abilities = Abilities::from_env(|name| std::env::var(name).ok(), terminal::charmap);
    let nonce = operation::fresh_id();
    let user = session.actor.name.clone();
    let mut cx = Cx::new(facts.now, facts.zone, user, size, nonce);
    (cx.clipboard, cx.look) = (abilities.clipboard, facts.look);
    cx.chosen = Look::of(facts.saved.as_deref(), Wish::default());
    cx.left_open = facts.saved.as_deref().and_then(kept_by).is_some_and(presence::is_open);
    let (book, actor) = (session.store.path().to_owned(), session.actor.clone());
    let desks = threads::start(session, tx, cx.zone)?;
    let mut app = App::new(cx, facts.saved.as_deref());
    let mut shell = Shell {
        guard,
        pen: Pen::new(size.0, size.1, abilities).with(facts.look.palette),
        size,
        rx,
        desks,
        code: None,
        unsent: Vec::new(),
    };
    let first = app.start();
    shell.carry_out(&mut app, first);
    input(tx)?;
    let (mut kept, mut typing) = (Instant::now(), false);
    while shell.code.is_none() {
        shell.draw(&mut app);
        let every = if typing { KEEP_TYPED } else { KEEP_EVERY };
        let wait = if facts.ticks { until_next_minute() } else { every };
        match rx.recv_timeout(wait.min(every)) {
            Ok(msg) => shell.drain(&mut app, msg),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        if facts.ticks {
            let effects = app.update(Msg::Tick(Now::system(app.zone())));
            shell.carry_out(&mut app, effects);
        }
        // A form that was dropped or handed in is forgotten at once, too.
        let was = std::mem::replace(&mut typing, app.is_typing());
        let every = if typing { KEEP_TYPED } else { KEEP_EVERY };
        if typing != was || kept.elapsed() >= every {
            kept = Instant::now();
            if let Some(effect) = app.session() {
                shell.carry_out(&mut app, vec![effect]);
            }
        }
    }
    let code = shell.code.unwrap_or(0);
    terminal::deadline(code);
    terminal::leave();
    if code == HUNG_UP {
        threads::hand_over(&book, actor);
    }
    shell.desks.stop(if code == HUNG_UP { GONE_WRITES } else { LAST_WRITES });
    Ok(u8::try_from(code).unwrap_or(1))
}

/// What is copied lands in some other program: its lines without what could redraw a terminal.
fn shown(text: &str) -> String {
    text.lines().map(crate::domain::text::clean).collect::<Vec<_>>().join("\n")
}

fn until_next_minute() -> Duration {
    let into = Now::system(crate::zone::Zone::UTC).at_ms.rem_euclid(60_000);
    Duration::from_millis((60_000 - into).unsigned_abs() + 5)
}

/// Reads keys for ever. Ctrl-C gets out even when the loop is stuck in a write.
fn input(tx: &Sender<Msg>) -> Result<(), Error> {
    let tx = tx.clone();
    let work = move || {
        while let Ok(event) = crossterm::event::read() {
            let msg = match &event {
                Event::Key(key) => Key::from_event(*key).map(Msg::Key),
                Event::Paste(text) => Some(Msg::Paste(text.clone())),
                Event::Mouse(event) => Mouse::from_event(*event).map(Msg::Mouse),
                // The signal tells of a resize, once.
                Event::Resize(..) | Event::FocusGained | Event::FocusLost => None,
            };
            if matches!(msg, Some(Msg::Key(Key::Ctrl('c')))) {
                terminal::deadline(0);
            }
            // A terminal writes Escape and a key pressed soon after it like Alt and the key. No Alt
            // is used here, so it was two keys.
            if let Event::Key(key) = &event
                && key.modifiers.contains(crossterm::event::KeyModifiers::ALT)
                && tx.send(Msg::Key(Key::Esc)).is_err()
            {
                return;
            }
            if msg.is_some_and(|m| tx.send(m).is_err()) {
                return;
            }
        }
        let _ = tx.send(Msg::Quit(129));
    };
    threads::spawn("input", work)
}

struct Shell<'a> {
    guard: &'a Guard,
    pen: Pen,
    size: (u16, u16),
    rx: &'a Receiver<Msg>,
    desks: threads::Desks,
    code: Option<i32>,
    /// Bytes for the terminal that are no picture (the clipboard).
    unsent: Vec<u8>,
}

impl Shell<'_> {
    /// Takes everything that waits, then a moment's patience for the detail that goes with it.
    fn drain(&mut self, app: &mut App, first: Msg) {
        self.handle(app, first);
        let patience = Instant::now() + PATIENCE;
        loop {
            let next = match self.rx.try_recv() {
                Ok(msg) => Some(msg),
                Err(_) if app.awaits_soon() => self.rx.recv_deadline(patience).ok(),
                Err(_) => None,
            };
            match next {
                Some(msg) if self.code.is_none() => self.handle(app, msg),
                Some(_) | None => return,
            }
        }
    }

    fn handle(&mut self, app: &mut App, msg: Msg) {
        if let Msg::Resize(width, height) = msg {
            if self.size == (width, height) {
                // Told all the same, it may be another terminal that shows us now.
                if self.guard.again().is_err() {
                    self.code = Some(HUNG_UP);
                }
                return self.pen.repaint();
            }
            self.size = (width, height);
            self.pen.resize(width, height);
        }
        let effects = app.update(msg);
        self.carry_out(app, effects);
    }

    fn carry_out(&mut self, app: &mut App, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Load { slot, ticket, query } => {
                    if !self.desks.ask(Ask::Load { slot, ticket, query }) {
                        let result = Err(Fault::too_much());
                        let more = app.update(Msg::Loaded { slot, ticket, result });
                        self.carry_out(app, more);
                    }
                }
                Effect::Commit { ticket, op, command } => {
                    self.desks.commit(ticket, op, *command);
                }
                Effect::Export { list, filter, sort } => {
                    let _ = self.desks.ask(Ask::Export { list, filter, sort });
                }
                Effect::Reading(document) => {
                    let _ = self.desks.ask(Ask::Reading(document));
                }
                Effect::WritePage { account, month } => {
                    let _ = self.desks.ask(Ask::Page { account, month });
                }
                Effect::WriteReport(of) => {
                    let _ = self.desks.ask(Ask::Report(of));
                }
                Effect::Editing(document) => {
                    let _ = self.desks.ask(Ask::Editing(document));
                }
                Effect::Copy(text) => {
                    let encoded = base64(shown(&text).as_bytes());
                    self.unsent.extend_from_slice(format!("\x1b]52;c;{encoded}\x07").as_bytes());
                }
                Effect::Repaint => self.pen.repaint(),
                Effect::Look(look) => {
                    self.pen.wears(look.palette);
                    if self.guard.mouse(look.mouse).is_err() {
                        self.code = Some(HUNG_UP);
                    }
                }
                Effect::Suspend => {
                    // If the terminal cannot be had back there is nobody to show anything to.
                    if self.guard.suspend().is_err() {
                        self.code = Some(129);
                    }
                    self.pen.repaint();
                    if let Ok((width, height)) = crossterm::terminal::size()
                        && self.size != (width, height)
                    {
                        self.handle(app, Msg::Resize(width, height));
                    }
                }
                Effect::DropTypeAhead => self.drop_keys(app),
                Effect::Quit(code) => self.code = Some(code),
            }
        }
    }

    /// Keys pressed before a question was on the screen were not its answer.
    fn drop_keys(&mut self, app: &mut App) {
        let stdin = std::io::stdin();
        let _ = nix::sys::termios::tcflush(&stdin, nix::sys::termios::FlushArg::TCIFLUSH);
        let soon = Instant::now() + Duration::from_millis(2);
        while let Ok(msg) = self.rx.recv_deadline(soon) {
            if !matches!(msg, Msg::Key(_) | Msg::Paste(_) | Msg::Mouse(_)) {
                self.handle(app, msg);
            }
        }
    }

    fn draw(&mut self, app: &mut App) {
        app.take_dirty();
        let cursor = app.view(self.pen.canvas());
        self.pen.set_cursor(cursor);
        self.unsent.extend_from_slice(self.pen.finish());
        if self.guard.write(&self.unsent).is_err() {
            self.code = Some(129);
        }
        self.unsent.clear();
    }
}

/// RFC 4648, for OSC 52.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let n = u32::from(chunk[0]) << 16
            | u32::from(chunk.get(1).copied().unwrap_or(0)) << 8
            | u32::from(chunk.get(2).copied().unwrap_or(0));
        for i in 0..4 {
            if i <= chunk.len() {
                let at = (n >> (18 - 6 * i)) & 63;
                out.push(char::from(LETTERS[at as usize]));
            } else {
                out.push('=');
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::base64;

    #[test]
    fn base64_is_that_of_the_standard() {
        for (text, coded) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(base64(text.as_bytes()), coded);
        }
    }
}
