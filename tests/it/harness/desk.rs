//! A console without threads: keys in, pictures out, every question answered and every job driven
//! before the next key. The book is a small demo book, the same for every test.

use daybook::clock::Now;
use daybook::demo;
use daybook::domain::actor::{Actor, Verb};
use daybook::engine::answer::ask;
use daybook::engine::command::{AccountFilter, Command, NewBillRun};
use daybook::engine::look::{Look, Wish};
use daybook::engine::{Session, perform};
use daybook::store::{BookKind, CreateBook, Store, Topic};
use daybook::ui::app::App;
use daybook::ui::fault::Fault;
use daybook::ui::keymap::Key;
use daybook::ui::msg::{Cx, Effect, Msg};
use daybook::worker;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;

/// A clerk at a console.
pub struct Desk {
    pub session: Session,
    pub app: App,
    pub size: (u16, u16),
    /// What the shell was asked to do beside the book.
    pub asked: Vec<Effect>,
    _dir: tempfile::TempDir,
}

fn mia() -> Actor {
    Actor { uid: nix::unistd::getuid().as_raw(), name: "mia".to_owned() }
}

pub fn work(session: &mut Session) {
    let ports = worker::ports().unwrap();
    while worker::work(session, &ports, &AtomicBool::new(false)).unwrap() > 0 {}
}

/// The demo book that every test copies; made once.
pub fn demo_book() -> &'static Path {
    static BOOK: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    let (_, path) = BOOK.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("demo.db");
        let actor = mia();
        let now = Now::system(daybook::zone::Zone::UTC);
        let book = CreateBook { kind: BookKind::Demo, actor: &actor, now };
        let store = Store::create(&path, &book).unwrap();
        let mut session = Session::on(store, actor);
        session
            .write(Verb::Init, |tx| {
                tx.note("book", "a demo book made");
                Ok(())
            })
            .unwrap();
        let mut drive = |session: &mut Session| {
            work(session);
            Ok(())
        };
        let size = demo::Size { accounts: 60, invoices: 0 };
        demo::fill(&mut session, size, &mut drive, &mut |_| ()).unwrap();
        let run = NewBillRun {
            target_on: session.now().unwrap().today,
            invoice_on: None,
            accounts: AccountFilter::default(),
            exclude: Vec::new(),
            auto_renew: true,
            auto_post: false,
            auto_email: false,
            skip_zero_email: false,
            confirmed: false,
        };
        perform::perform(&mut session, "this month", Command::StartBillRun(run)).unwrap();
        work(&mut session);
        drop(session);
        (dir, path)
    });
    path
}

impl Desk {
    /// Opens a copy of the demo book.
    pub fn open(width: u16, height: u16) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("book.db");
        Store::open(demo_book()).unwrap().backup_to(&path).unwrap();
        Self::on(&path, width, height, dir)
    }

    /// Opens the book at a path.
    pub fn at(path: &Path, width: u16, height: u16) -> Self {
        Self::on(path, width, height, tempfile::tempdir().unwrap())
    }

    /// Opens the book at a path for somebody else than its maker.
    pub fn of(actor: Actor, path: &Path, width: u16, height: u16) -> Self {
        Self::with(Session::open(path, actor).unwrap(), width, height, tempfile::tempdir().unwrap())
    }

    fn on(path: &Path, width: u16, height: u16, dir: tempfile::TempDir) -> Self {
        Self::with(Session::open(path, mia()).unwrap(), width, height, dir)
    }

    fn with(session: Session, width: u16, height: u16, dir: tempfile::TempDir) -> Self {
        let now = session.now().unwrap();
        let zone = session.config().unwrap().zone();
        let user = session.actor.name.clone();
        // Two desks over one book number their deeds apart.
        let nonce = format!("test {}", session.actor.uid);
        let cx = Cx::new(now, zone, user, (width, height), nonce);
        let app = App::new(cx, None);
        let mut desk = Self { session, app, size: (width, height), asked: Vec::new(), _dir: dir };
        let first = desk.app.start();
        desk.settle(first);
        desk
    }

    /// Carries out what is asked until nothing is left to do.
    pub fn settle(&mut self, effects: Vec<Effect>) {
        let mut queue = std::collections::VecDeque::from(effects);
        while let Some(effect) = queue.pop_front() {
            let more = match effect {
                Effect::Load { slot, ticket, query } => {
                    let result = ask(&self.session, &query);
                    self.app.update(Msg::Loaded {
                        slot,
                        ticket,
                        result: result.map_err(Fault::from),
                    })
                }
                Effect::Commit { ticket, op, command } => {
                    let result = perform::perform(&mut self.session, &op, (*command).clone());
                    if result.as_ref().is_ok_and(|r| r.job.is_some()) {
                        work(&mut self.session);
                    }
                    let result = result.map_err(Fault::from);
                    let mut more = self.app.update(Msg::Done { ticket, command, result });
                    more.extend(self.app.update(Msg::Changed(Topic::ALL.to_vec())));
                    more
                }
                other => {
                    self.asked.push(other);
                    Vec::new()
                }
            };
            queue.extend(more);
        }
    }

    /// Presses keys: single letters, or names in `<…>`.
    pub fn press(&mut self, keys: &str) -> &mut Self {
        for key in parse(keys) {
            let effects = self.app.update(Msg::Key(key));
            self.settle(effects);
        }
        self
    }

    /// Presses keys before anything that they ask for is answered.
    pub fn press_ahead(&mut self, keys: &str) -> &mut Self {
        let mut effects = Vec::new();
        for key in parse(keys) {
            effects.extend(self.app.update(Msg::Key(key)));
        }
        self.settle(effects);
        self
    }

    /// Begins again as after a lost line.
    pub fn login(&mut self, state: &str) -> &mut Self {
        let now = self.session.now().unwrap();
        let zone = self.session.config().unwrap().zone();
        let nonce = daybook::store::operation::fresh_id();
        let mut cx = Cx::new(now, zone, "mia".to_owned(), self.size, nonce);
        cx.look = Look::of(Some(state), Wish::default());
        cx.chosen = cx.look;
        self.app = App::new(cx, Some(state));
        let first = self.app.start();
        self.settle(first);
        self
    }

    /// The picture, with looks.
    pub fn buffer(&self) -> Buffer {
        let mut canvas = Buffer::empty(Rect::new(0, 0, self.size.0, self.size.1));
        self.app.view(&mut canvas);
        canvas
    }

    /// The picture as text.
    pub fn picture(&self) -> String {
        text(&self.buffer())
    }

    #[track_caller]
    pub fn shows(&self, words: &str) -> &Self {
        assert!(self.picture().contains(words), "no {words:?} in\n{}", self.picture());
        self
    }
}

/// A picture as lines of text.
pub fn text(buffer: &Buffer) -> String {
    use unicode_width::UnicodeWidthStr;
    let mut out = String::new();
    for row in buffer.content.chunks(usize::from(buffer.area.width)) {
        let mut line = String::new();
        let mut skip = 0;
        for cell in row {
            if skip > 0 {
                skip -= 1;
                continue;
            }
            let symbol = cell.symbol();
            line.push_str(symbol);
            skip = if symbol.len() == 1 { 0 } else { symbol.width().saturating_sub(1) };
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// `3jj<Enter><C-d>` as keys.
pub fn parse(keys: &str) -> Vec<Key> {
    let mut out = Vec::new();
    let mut rest = keys;
    while let Some(first) = rest.chars().next() {
        let name = rest.strip_prefix('<').and_then(|r| r.split_once('>'));
        if let Some((name, after)) = name.filter(|(n, _)| !n.is_empty()) {
            rest = after;
            out.push(match name {
                "Enter" => Key::Enter,
                "Esc" => Key::Esc,
                "Tab" => Key::Tab,
                "BTab" => Key::BackTab,
                "Bksp" => Key::Backspace,
                "Del" => Key::Delete,
                "Up" => Key::Up,
                "Down" => Key::Down,
                "Left" => Key::Left,
                "Right" => Key::Right,
                "PgUp" => Key::PageUp,
                "PgDn" => Key::PageDown,
                "Home" => Key::Home,
                "End" => Key::End,
                other => Key::Ctrl(other.chars().last().unwrap()),
            });
        } else {
            rest = &rest[first.len_utf8()..];
            out.push(Key::Char(first));
        }
    }
    out
}
