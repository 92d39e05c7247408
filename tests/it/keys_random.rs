//! A clerk who presses anything, beside colleagues who write: after each key a model knows which rows
//! were shown, which are marked and what is typed. Nothing is acted on that was not shown, no mark and
//! no typed text goes but by the key that says so, and nothing leaves the house or gets a number but by
//! its question, answered as it asks. `DAYBOOK_KEYS=N` presses so many keys, `DAYBOOK_KEYS_FROM=N`
//! begins with that story.

use crate::harness::desk::{Desk, demo_book, parse, work};
use daybook::domain::actor::Actor;
use daybook::domain::document::DocumentStatus;
use daybook::engine::answer::ask;
use daybook::engine::care::check::check;
use daybook::engine::command::{BulkChange, Command, DraftChange, Pick};
use daybook::engine::query::{Answer, ListName, Query, Question};
use daybook::engine::{Session, perform};
use daybook::store::Topic;
use daybook::store::read::{Filter, ListArgs, Seek, Sort};
use daybook::ui::fault::Fault;
use daybook::ui::keymap::{GLOBAL_KEYS, Key, LIST_KEYS};
use daybook::ui::msg::{Effect, Mouse, Msg, ScreenId};
use daybook::ui::screen::{
    accounts, bank, books, delivery, failed, invoices, jobs, log, runs, today,
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Keys of one story; the next begins with a new book.
const STORY: usize = 1_000;
const SIZES: [(u16, u16); 4] = [(80, 24), (60, 15), (140, 40), (100, 30)];
const FILTERS: [&str; 14] = [
    "gmbh",
    "total>100",
    "flag:any",
    "-flag:any",
    "status:posted",
    "ü",
    "zzzz",
    "total>1.000",
    "(",
    "balance>50",
    "review:held",
    "e OR a",
    "A-0001",
    "status:queued",
];
const WORDS: [&str; 10] =
    ["agreed", "13", "2", "PO 7", "2026-12-05", "A-00011", "1,00", "東京", "   ", "by phone"];

/// A small generator with a seed: the same story each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % below as u64) as usize
    }

    fn of<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.roll(list.len())]
    }
}

/// What the screen showed when nothing lay over it.
#[derive(Default, Clone)]
struct Seen {
    picture: String,
    row: Option<i64>,
    marks: BTreeSet<i64>,
}

struct Story {
    seed: usize,
    dice: Dice,
    desk: Desk,
    jon: Session,
    /// What the console keeps for the next login, as last told.
    kept: Value,
    seen: Seen,
    /// The screen as it is, with what lies over it.
    picture: String,
    /// What was pressed last.
    keys: VecDeque<String>,
    pressed: usize,
    left: bool,
    /// Deeds by their verb.
    deeds: BTreeMap<String, usize>,
}

impl Drop for Story {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let keys: Vec<&str> = self.keys.iter().map(String::as_str).collect();
            eprintln!("story {}, key {}: {}", self.seed, self.pressed, keys.join(" "));
            eprintln!("as it was shown:\n{}", self.seen.picture);
        }
    }
}

/// Marks of each screen.
fn marks(kept: &Value) -> BTreeMap<&str, BTreeSet<i64>> {
    let screens = kept["screens"].as_object().into_iter().flatten();
    let ids = |screen: &Value| {
        let marks = screen["marks"].as_array().into_iter().flatten();
        marks.filter_map(|mark| mark[0].as_i64()).collect()
    };
    screens.map(|(name, screen)| (name.as_str(), ids(screen))).collect()
}

/// What is typed and not saved: purpose and fields of each form.
fn typed(kept: &Value) -> Vec<(String, Vec<String>)> {
    let form = |form: &Value| {
        let form = form.as_object()?;
        let fields = form["fields"].as_array()?;
        let text = |field: &Value| field["input"].as_str().unwrap_or_default().to_owned();
        Some((form["purpose"].to_string(), fields.iter().map(text).collect()))
    };
    let older = kept["older"].as_array().into_iter().flatten();
    [&kept["edit"]].into_iter().chain(older).filter_map(form).collect()
}

/// The rows that a command is about, by the list they stand in; none where it names no rows.
fn targets(command: &Command) -> Option<(ListName, Vec<i64>)> {
    let picks =
        |drafts: &[Pick]| Some((ListName::Invoices, drafts.iter().map(|p| p.id.0).collect()));
    Some(match command {
        Command::Accept { drafts, .. }
        | Command::Hold { drafts, .. }
        | Command::Release { drafts }
        | Command::EditMany { drafts, .. }
        | Command::Regenerate { drafts }
        | Command::CancelDrafts { drafts, .. }
        | Command::Post { drafts, .. } => return picks(drafts),
        Command::Edit { draft, .. } | Command::Restore { draft, .. } => return picks(&[*draft]),
        Command::Adjust { document, .. }
        | Command::Reverse { document, .. }
        | Command::WriteOff { document, .. }
        | Command::UndoWriteOff { document, .. }
        | Command::Promise { document, .. }
        | Command::EndPromise { document }
        | Command::Dispute { document, .. }
        | Command::AutoPay { document, .. } => (ListName::Invoices, vec![document.0]),
        Command::Reissue(new) => (ListName::Invoices, vec![new.document.0]),
        Command::SendNow { deliveries }
        | Command::Recall { deliveries }
        | Command::Resend { deliveries }
        | Command::ChangeChannel { deliveries, .. }
        | Command::ConfirmPrinted { deliveries } => {
            (ListName::Deliveries, deliveries.iter().map(|d| d.0).collect())
        }
        _ => return None,
    })
}

/// What cannot be taken back or leaves the house.
fn is_heavy(command: &Command) -> bool {
    matches!(
        command,
        Command::Post { .. }
            | Command::PostRun { .. }
            | Command::Adjust { .. }
            | Command::WriteOff { .. }
            | Command::UndoWriteOff { .. }
            | Command::Reverse { .. }
            | Command::Reissue(_)
            | Command::StartBillRun(_)
            | Command::StartPaymentRun(_)
            | Command::SendNow { .. }
            | Command::Resend { .. }
            | Command::PrintBatch { .. }
            | Command::ConfirmPrinted { .. }
            | Command::MakeDeliveries { .. }
            | Command::RetryPayments { .. }
            | Command::RetryGroup { .. }
            | Command::UseCredits { .. }
            | Command::Money(_)
            | Command::CancelDrafts { .. }
            | Command::Remind
            | Command::Anyway(_)
    )
}

/// Whether a question shown so is answered with yes by this key.
fn says_yes(picture: &str, key: Key) -> bool {
    if let Some((_, asked)) = picture.split_once("Type ")
        && let Some((count, rest)) = asked.split_once(" and Enter to ")
        && let Some((_, answer)) = rest.split_once(": ")
    {
        let answer: String = answer.chars().take_while(char::is_ascii_digit).collect();
        return key == Key::Enter && answer == count;
    }
    let asks = picture.contains("y does it");
    asks && (key == Key::Char('y') || key == Key::Enter && !picture.contains("[Cancel]"))
}

impl Story {
    fn begin(seed: usize) -> Self {
        let mut dice = Dice(seed as u64 * 7_919 + 11);
        let (width, height) = dice.of(&SIZES);
        let desk = Desk::open(width, height);
        let jon = Actor { uid: desk.session.actor.uid, name: "jon".to_owned() };
        let jon = Session::open(desk.session.store.path(), jon).unwrap();
        let mut story = Self {
            seed,
            dice,
            desk,
            jon,
            kept: Value::Null,
            seen: Seen::default(),
            picture: String::new(),
            keys: VecDeque::new(),
            pressed: 0,
            left: false,
            deeds: BTreeMap::new(),
        };
        story.probe();
        story.look();
        story
    }

    /// Asks the console what it would keep.
    fn probe(&mut self) {
        if let Some(Effect::Commit { command, .. }) = self.desk.app.session()
            && let Command::SaveSession { state } = *command
        {
            self.kept = serde_json::from_str(&state).unwrap();
        }
    }

    /// Sees the screen as it is; what a key may act on is what was there before anything lay over it.
    fn look(&mut self) {
        self.picture = self.desk.picture();
        if self.desk.app.over() > 0 {
            return;
        }
        let screen = &self.kept["screens"][self.desk.app.screen().name()];
        self.seen = Seen {
            picture: self.picture.clone(),
            row: screen["row"].as_i64(),
            marks: marks(&self.kept).remove(self.desk.app.screen().name()).unwrap_or_default(),
        };
        let height = usize::from(self.desk.size.1);
        let status = self.seen.picture.lines().nth(height - 2).unwrap_or_default();
        let said = status.strip_prefix(" marked ").map(|s| s.split_whitespace().next().unwrap());
        if let Some(n) = said.and_then(|n| n.replace(',', "").parse::<usize>().ok())
            && !status.contains("marked all")
        {
            assert_eq!(n, self.seen.marks.len(), "marks in the status row\n{}", self.seen.picture);
        }
    }

    /// Presses a key, does all that it asks for, and holds what came of it against the model.
    fn press(&mut self, key: Key) {
        self.pressed += 1;
        self.keys.push_back(key.label());
        if self.keys.len() > 60 {
            self.keys.pop_front();
        }
        let (before, over) = (self.kept.clone(), self.desk.app.over());
        let picture = std::mem::take(&mut self.picture);
        assert!(!picture.contains('\u{1b}'), "{picture}");
        let effects = self.desk.app.update(Msg::Key(key));
        let done = self.settle(effects, &picture, key);
        assert!(self.desk.app.is_idle(), "a question is left unanswered after {}", key.label());
        self.probe();
        if self.left {
            return;
        }
        self.no_mark_is_lost(&before, key, over, &picture, !done.is_empty());
        self.no_text_is_lost(&before, key, &picture, &done);
        self.look();
    }

    /// Carries out what is asked; gives the commands that were done.
    fn settle(&mut self, effects: Vec<Effect>, picture: &str, key: Key) -> Vec<Command> {
        let mut queue = VecDeque::from(effects);
        let mut done = Vec::new();
        while let Some(effect) = queue.pop_front() {
            let more = match effect {
                Effect::Commit { command, .. }
                    if matches!(*command, Command::SaveSession { .. }) =>
                {
                    let Command::SaveSession { state } = *command else { continue };
                    self.kept = serde_json::from_str(&state).unwrap();
                    continue;
                }
                Effect::Commit { ticket, op, command } => {
                    self.may(&command, picture, key);
                    let mut asked = (*command).clone();
                    if let Command::PrintBatch { directory } = &mut asked {
                        // Beside the book: nothing is written where the tests stand.
                        directory.clear();
                    }
                    let result = perform::perform(&mut self.desk.session, &op, asked);
                    if let Ok(receipt) = &result {
                        done.push((*command).clone());
                        *self
                            .deeds
                            .entry(format!("{:?}", command.verb()).to_lowercase())
                            .or_default() += 1;
                        if receipt.job.is_some() {
                            work(&mut self.desk.session);
                        }
                    }
                    let result = result.map_err(Fault::from);
                    let mut more = self.desk.app.update(Msg::Done { ticket, command, result });
                    more.extend(self.desk.app.update(Msg::Changed(Topic::ALL.to_vec())));
                    more
                }
                Effect::Load { slot, ticket, query } => {
                    let result = ask(&self.desk.session, &query).map_err(Fault::from);
                    self.desk.app.update(Msg::Loaded { slot, ticket, result })
                }
                Effect::Quit(_) => {
                    self.left = true;
                    continue;
                }
                _ => continue,
            };
            queue.extend(more);
        }
        done
    }

    /// Whether a command may come of this key over this picture.
    fn may(&self, command: &Command, picture: &str, key: Key) {
        let words = format!("{command:?}\n{picture}");
        if is_heavy(command) {
            assert!(
                says_yes(picture, key),
                "done without its question by {}: {words}",
                key.label()
            );
        }
        let Some((list, ids)) = targets(command.itself()) else { return };
        let shown: BTreeSet<i64> = self.seen.row.into_iter().collect();
        let ids: BTreeSet<i64> = ids.into_iter().collect();
        if !self.seen.marks.is_empty() && ids.is_subset(&self.seen.marks) {
            return;
        }
        // A form that a lost link left is offered again: its question names its drafts.
        let first = ids.first().copied().map(daybook::domain::ids::DocumentId);
        let named = |id| {
            picture.contains(&format!("{id}")) && picture.contains(&format!("{} drafts", ids.len()))
        };
        if list == ListName::Invoices && ids.len() > 1 && first.is_some_and(named) {
            return;
        }
        assert_eq!(ids.len(), 1, "rows that were neither shown nor marked: {words}");
        let Some(id) = ids.first().copied() else { return };
        // What it is called, and by which line of the screen it is meant.
        let names = match list {
            ListName::Invoices => {
                let query: Question = Query::Invoice(daybook::domain::ids::DocumentId(id)).into();
                let Ok(Answer::Invoice(Some(detail))) = ask(&self.desk.session, &query) else {
                    panic!("no document {id}")
                };
                let row = detail.row;
                [row.account, row.number.unwrap_or_else(|| row.id.to_string())]
            }
            _ => {
                assert!(shown.contains(&id), "not the row under the cursor: {words}");
                return;
            }
        };
        let lines = || self.seen.picture.lines();
        let under = lines().any(|l| l.starts_with('>') && names.iter().any(|n| l.contains(n)));
        let open = lines().next().is_some_and(|title| title.contains(&names[1]));
        let said = picture.contains(&names[1]);
        assert!(under || open || said, "{names:?} was not shown: {words}\n{}", self.seen.picture);
    }

    fn no_mark_is_lost(&self, before: &Value, key: Key, over: usize, picture: &str, done: bool) {
        // A line of help or palette that is run stands behind the cursor.
        let runs = picture.lines().any(|l| l.contains('>') && l.contains("mark"));
        let takes_off = match key {
            Key::Char('U' | '*' | ' ') => over == 0,
            Key::Enter => over > 0 && runs,
            _ => false,
        };
        let now = marks(&self.kept);
        for (screen, was) in marks(before) {
            let lost: Vec<i64> = was.difference(&now[screen]).copied().collect();
            let one = key == Key::Char(' ') && lost.len() > 1;
            assert!(
                lost.is_empty() || done || takes_off && !one,
                "{} lost marks {lost:?} of {screen}\n{picture}",
                key.label()
            );
        }
    }

    fn no_text_is_lost(&self, before: &Value, key: Key, picture: &str, done: &[Command]) {
        let now = typed(&self.kept);
        let dropped = (key == Key::Esc && picture.contains("Esc drops it"))
            || (key == Key::Ctrl('x') && picture.contains("Ctrl-X drops it"))
            || !done.is_empty();
        for (purpose, was) in typed(before) {
            let still = now.iter().any(|(_, is)| {
                let other = was.iter().zip(is).filter(|(a, b)| a != b).count();
                was.len() == is.len() && other <= 1
            });
            assert!(
                still || dropped,
                "{} lost {was:?} of {purpose}; there is {now:?}\n{picture}\n{}",
                key.label(),
                self.desk.picture()
            );
        }
    }

    /// Begins again as after a lost line.
    fn login(&mut self) {
        self.left = false;
        self.keys.push_back("(login)".to_owned());
        let before = self.kept.clone();
        self.desk.login(&before.to_string());
        let offered = self.desk.picture().contains("Continue where you left");
        let has = marks(&before).values().any(|m| !m.is_empty()) || !typed(&before).is_empty();
        assert_eq!(offered, has, "{before}\n{}", self.desk.picture());
        if !offered {
            self.probe();
            return self.look();
        }
        let on = self.dice.roll(5) > 0;
        self.desk.press(if on { "y" } else { "n" });
        self.probe();
        if on {
            assert_eq!(marks(&before), marks(&self.kept), "after a login");
            assert_eq!(typed(&before), typed(&self.kept), "after a login");
        }
        self.look();
    }

    /// The mouse moves and chooses; no mark and no text goes by it, and nothing is done.
    fn point(&mut self) {
        let (width, height) = self.desk.size;
        let (x, y) = (self.dice.roll(width.into()) as u16, self.dice.roll(height.into()) as u16);
        let mouse = self.dice.of(&[Mouse::Up, Mouse::Down, Mouse::Click(x, y)]);
        self.keys.push_back(format!("({mouse:?})"));
        let before = self.kept.clone();
        let effects = self.desk.app.update(Msg::Mouse(mouse));
        let deed = effects.iter().find(|e| matches!(e, Effect::Commit { .. } | Effect::Quit(_)));
        assert!(deed.is_none(), "the mouse did {deed:?}\n{}", self.picture);
        self.desk.settle(effects);
        self.probe();
        assert_eq!(marks(&before), marks(&self.kept), "marks after the mouse");
        assert_eq!(typed(&before), typed(&self.kept), "text after the mouse");
        self.look();
    }

    fn resize(&mut self) {
        self.keys.push_back("(resize)".to_owned());
        self.desk.size = self.dice.of(&SIZES);
        let effects = self.desk.app.update(Msg::Resize(self.desk.size.0, self.desk.size.1));
        self.desk.settle(effects);
        self.probe();
        self.look();
    }

    /// A colleague does something to a draft, and the console hears of it.
    fn colleague(&mut self) {
        let args = ListArgs {
            filter: Filter::parse("status:draft").unwrap(),
            sort: Sort::Newest.into(),
            seek: Seek::First,
            limit: 60,
        };
        let query: Question = Query::List(ListName::Invoices, args).into();
        let Ok(Answer::Invoices(page)) = ask(&self.jon, &query) else { panic!() };
        if !page.rows.is_empty() {
            let row = &page.rows[self.dice.roll(page.rows.len())];
            assert_eq!(row.status, DocumentStatus::Draft);
            let drafts = vec![Pick { id: row.id, version: row.version }];
            let (reason, n) = ("jon says so".to_owned(), self.dice.roll(5));
            let command = match n {
                0 => Command::Hold { drafts, reason, owner: String::new(), until: None },
                1 => Command::Release { drafts },
                2 => Command::Accept { drafts, reason },
                3 => Command::Regenerate { drafts },
                _ => {
                    let changes = vec![BulkChange::Same(DraftChange::PoNumber(format!(
                        "jon {}",
                        self.pressed
                    )))];
                    Command::EditMany { drafts, changes, reason }
                }
            };
            self.keys.push_back(format!("(jon {n})"));
            let op = daybook::store::operation::fresh_id();
            let _ = perform::perform(&mut self.jon, &op, command);
        }
        let before = self.kept.clone();
        let effects = self.desk.app.update(Msg::Changed(Topic::ALL.to_vec()));
        self.desk.settle(effects);
        self.probe();
        assert_eq!(marks(&before), marks(&self.kept), "marks after a colleague wrote");
        assert_eq!(typed(&before), typed(&self.kept), "text after a colleague wrote");
        self.look();
    }

    /// What a clerk does next.
    fn next(&mut self) -> Vec<Key> {
        let over = self.desk.app.over() > 0;
        let words = self.dice.of(&WORDS);
        match self.dice.roll(if over { 40 } else { 100 }) {
            0..=4 => parse(self.dice.of(&["y", "n", "<Enter>", "<Tab>", "<Tab><Enter>", "q"])),
            5..=11 if over => self.answer(),
            5..=9 => parse(self.dice.of(&["<Enter>", "<Esc><Esc>", "U", "a", "3"])),
            10..=13 if over => {
                parse(self.dice.of(&["<Esc>", "<Esc>", "<Esc><Esc>", "<C-s>", "<C-x>"]))
            }
            14..=18 => parse(words),
            19..=22 => {
                parse(self.dice.of(&["1", "2", "a", "d", "c", "v", "r", "o", "p", "t", "b"]))
            }
            23..=27 => {
                parse(self.dice.of(&["<Tab>", "<BTab>", "<Up>", "<Down>", "j", "k", "<PgDn>"]))
            }
            28..=30 => parse(
                self.dice.of(&["<Bksp>", "<Del>", "<Left>", "<Right>", "<C-u>", "<C-w>", "<End>"]),
            ),
            31..=39 => vec![self.any()],
            40..=57 => parse(self.dice.of(&[
                "j", "k", "g", "G", "<C-d>", "<C-u>", "<PgDn>", "<PgUp>", "]", "[", "n", "N",
                "<Down>", "<Up>",
            ])),
            58..=65 => parse(self.dice.of(&[" ", "  ", "T", "V", "VjV", "*", "U", "C", "Vjjj V"])),
            66..=72 => {
                parse(self.dice.of(&["1", "2", "3", "3", "3", "4", "5", "6", "7", "8", "f", "f"]))
            }
            73..=78 => {
                let filter = self.dice.of(&FILTERS);
                let end = self.dice.of(&["<Enter>", "<Enter><Esc>", "<Esc>", "<Esc>", ""]);
                parse(&format!("/{filter}{end}"))
            }
            79..=81 => parse(self.dice.of(&[
                "s1",
                "s2",
                "s4",
                "b1<Enter>",
                "b2<Enter>",
                "o",
                "z",
                "zz",
                "w",
                "y",
                "F",
            ])),
            82..=85 => {
                let end = self.dice.of(&["<Enter>", "<Esc>", "<C-s>", ""]);
                parse(&format!("ed<Tab><Tab>{words}<Tab><Tab>agreed{end}"))
            }
            86..=88 => parse(self.dice.of(&["u", "<C-r>", ".", "!", "?", ":", "H", "x"])),
            _ => {
                let keys = self.own();
                vec![self.dice.of(&keys)]
            }
        }
    }

    /// The count that a question wants typed.
    fn answer(&mut self) -> Vec<Key> {
        if self.picture.contains("y/n") || self.picture.contains("y does it") {
            return parse(self.dice.of(&["y", "y", "n"]));
        }
        let count = self.picture.split_once("Type ").and_then(|(_, r)| r.split_once(" and Enter"));
        let count = count.map_or("", |(count, _)| count);
        if count.len() > 6 || self.dice.roll(3) > 0 {
            return parse("<Esc>");
        }
        parse(&format!("{count}<Enter>"))
    }

    /// Keys of the screen that is shown.
    fn own(&self) -> Vec<Key> {
        let table = match self.desk.app.screen() {
            ScreenId::Today => today::KEYS,
            ScreenId::Runs => runs::KEYS,
            ScreenId::Invoices => invoices::KEYS,
            ScreenId::Delivery => delivery::KEYS,
            ScreenId::Failed => failed::KEYS,
            ScreenId::Jobs => jobs::KEYS,
            ScreenId::Log => log::KEYS,
            ScreenId::Accounts => accounts::KEYS,
            ScreenId::Books => books::KEYS,
            ScreenId::Bank => bank::KEYS,
        };
        table.iter().flat_map(|b| b.keys.iter().copied()).collect()
    }

    fn any(&mut self) -> Key {
        let named = parse("<Enter><Esc><Tab><Up><Down><Left><Right><Home><End><C-s>");
        let all: Vec<Key> = [LIST_KEYS, GLOBAL_KEYS]
            .into_iter()
            .flatten()
            .flat_map(|b| b.keys.iter().copied())
            .chain(named)
            .chain((' '..='~').map(Key::Char))
            .filter(|key| *key != Key::Ctrl('z'))
            .collect();
        self.dice.of(&all)
    }

    fn go_on(&mut self) {
        match self.dice.roll(100) {
            0 => self.resize(),
            1..=2 => self.colleague(),
            3 if self.pressed.is_multiple_of(7) => self.login(),
            4..=6 => self.point(),
            _ => {
                for key in self.next() {
                    self.press(key);
                    if self.left {
                        return self.login();
                    }
                }
            }
        }
    }
}

/// Plays one story; gives how many keys it took, and counts its deeds.
fn play(seed: usize, deeds: &Mutex<BTreeMap<String, usize>>) -> usize {
    let mut story = Story::begin(seed);
    while story.pressed < STORY {
        story.go_on();
    }
    for check in check(&story.desk.session, "").unwrap() {
        assert!(check.ok, "story {seed}: {}: {:?}", check.name, check.violations);
    }
    for (verb, n) in &story.deeds {
        *deeds.lock().unwrap().entry(verb.clone()).or_default() += n;
    }
    story.pressed
}

#[test]
fn whatever_is_pressed_acts_on_what_was_shown_and_loses_nothing() {
    let number = |name: &str| std::env::var(name).ok().and_then(|v| v.parse::<usize>().ok());
    let all = number("DAYBOOK_KEYS").unwrap_or(20_000);
    let next = AtomicUsize::new(number("DAYBOOK_KEYS_FROM").unwrap_or(0));
    let (pressed, deeds) = (AtomicUsize::new(0), Mutex::default());
    demo_book();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while pressed.load(Ordering::SeqCst) < all {
                    let n = play(next.fetch_add(1, Ordering::SeqCst), &deeds);
                    pressed.fetch_add(n, Ordering::SeqCst);
                }
            });
        }
    });
    let deeds = deeds.into_inner().unwrap();
    eprintln!("{pressed:?} keys in {next:?} stories, deeds: {deeds:?}");
    for verb in ["accept", "hold", "edit", "undo"] {
        assert!(all < 10_000 || deeds.contains_key(verb), "nobody came to {verb}: {deeds:?}");
    }
}
