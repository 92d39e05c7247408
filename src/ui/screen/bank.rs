//! 0 Bank: lines of banks by where they stand. What a line may be is chosen from its candidates; whose it is,
//! that it is our own, or that it was not so is said by one key more.

use super::listed::ListScreen;
use crate::domain::bank::LineState;
use crate::domain::ids::LineId;
use crate::domain::money::Money;
use crate::engine::command::{Command, Receipt};
use crate::engine::query::{Answer, ListName, Query, Told};
use crate::store::Topic;
use crate::store::read::bank_lines::BankLineRow;
use crate::store::read::{Field, Page, Sort};
use crate::ui::keymap::{Action, Binding, Key, also, bind};
use crate::ui::modal::bank;
use crate::ui::msg::{Cx, Part, ScreenId};
use crate::ui::theme;
use crate::ui::widget::list::{Column, Listing, Shown, Tab};
use crate::ui::widget::{Line, wrap};
use ratatui::style::Style;

/// The keys of this screen.
pub const KEYS: &[Binding] = &[
    bind(
        &[Key::Enter, Key::Char('l'), Key::Right],
        Action::Candidates,
        "what is it",
        "what it may be, to choose from, with the difference",
    ),
    bind(
        &[Key::Char('a')],
        Action::Accept,
        "accept",
        "book it as what a rule says: Enter confirms",
    ),
    bind(
        &[Key::Char('i')],
        Action::Identify,
        "identify",
        "say whose it is, and what it pays; what is left stays unapplied",
    ),
    bind(
        &[Key::Char('s')],
        Action::Split,
        "split",
        "say what a part of it is; the rest stays as it is",
    ),
    bind(&[Key::Char('x')], Action::Own, "own", "it is our own: a fee, a transfer"),
    bind(
        &[Key::Char('U')],
        Action::Unmatch,
        "take back",
        "take back what it was matched to, with a reason; u does it too",
    ),
    also(&[Key::Char('L')], Action::Load, "load", "read a statement of a bank from a file"),
    bind(&[Key::Char('S')], Action::Sort, "", "sort; by the same again: the other way round"),
];

const SORTS: &[Sort] = &[Sort::Oldest, Sort::Newest, Sort::Largest, Sort::Account];

/// What is said where nothing is to do, by whether there is a bank account.
const NOTHING: &str = "nothing here; L reads a statement, as daybook bank import FILE does";
const NO_BANK: &str = "none yet: daybook bank account add NAME --currency EUR";

/// The state of the screen.
pub struct Bank {
    pub list: Listing<BankLineRow>,
    detail: Option<Box<Told>>,
    /// How far each bank account is read; none: not asked yet.
    banks: Option<Vec<String>>,
    /// What was booked here last.
    last: Option<LineId>,
}

impl Default for Bank {
    fn default() -> Self {
        let tab = |name: &str, filter: &str, sort| Tab::new(name, filter, sort);
        let tabs = vec![
            tab("to do", "status:new,part,unidentified,unapplied", Sort::Oldest),
            tab("unapplied", "status:unapplied", Sort::Oldest),
            tab("own", "status:own", Sort::Newest),
            tab("matched", "status:matched", Sort::Newest),
            tab("all", "", Sort::Newest),
        ];
        let list = Listing::new(ScreenId::Bank, tabs, SORTS);
        Self { list, detail: None, banks: None, last: None }
    }
}

impl Shown for BankLineRow {
    const LIST: ListName = ListName::BankLines;
    const MARKS: bool = false;

    fn page(answer: Answer) -> Option<Page<Self>> {
        match answer {
            Answer::BankLines(page) => Some(page),
            _ => None,
        }
    }

    fn columns() -> &'static [Column] {
        const MORE: u8 = Column::MORE;
        const COLUMNS: &[Column] = &[
            Column { title: "LINE", width: 9, right: false, flex: false, rank: 0 },
            Column { title: "BOOKED", width: 10, right: false, flex: false, rank: 2 },
            Column { title: "BANK", width: 8, right: false, flex: false, rank: 5 },
            Column { title: "AMOUNT", width: 11, right: true, flex: false, rank: 0 },
            Column { title: "STATE", width: 12, right: false, flex: false, rank: 0 },
            Column { title: "PAYER", width: 12, right: false, flex: true, rank: 1 },
            Column { title: "TEXT", width: 14, right: false, flex: true, rank: 3 },
            Column { title: "ACCOUNT", width: 9, right: false, flex: false, rank: 4 },
            Column { title: "NOBODY'S", width: 11, right: true, flex: false, rank: MORE },
            Column { title: "RULE", width: 11, right: false, flex: false, rank: MORE },
            Column { title: "REFERENCE", width: 14, right: false, flex: false, rank: MORE },
            Column { title: "IBAN", width: 22, right: false, flex: false, rank: MORE },
            Column { title: "END TO END", width: 14, right: false, flex: false, rank: MORE },
            Column { title: "ENTRY", width: 14, right: false, flex: false, rank: MORE },
        ];
        COLUMNS
    }

    fn cells(&self, code: bool, _cx: &Cx) -> Vec<(String, Style)> {
        let money = |money: Money| if code { money.to_string() } else { money.grouped() };
        let state = match self.state {
            LineState::New | LineState::Unidentified => theme::WARN,
            LineState::Part | LineState::Unapplied => theme::KEY,
            LineState::Matched | LineState::Own => theme::DIM,
        };
        vec![
            (self.id.to_string(), theme::DIM),
            (self.booked_on.to_string(), theme::DIM),
            (self.bank.clone(), theme::DIM),
            (money(self.amount), theme::PLAIN),
            (self.state.to_string(), state),
            (self.payer.clone(), theme::PLAIN),
            (self.text.clone(), theme::DIM),
            (self.account.clone(), theme::PLAIN),
            (money(self.unidentified), theme::PLAIN),
            (self.rule.to_string(), theme::DIM),
            (self.reference.clone(), theme::DIM),
            (self.iban.clone(), theme::DIM),
            (self.end_to_end.clone(), theme::DIM),
            (self.entry_ref.clone(), theme::DIM),
        ]
    }

    fn label(&self) -> String {
        self.id.to_string()
    }

    fn order_of(title: &str) -> Option<Sort> {
        Some(match title {
            "BOOKED" => Sort::Oldest,
            "LINE" => Sort::Newest,
            "AMOUNT" => Sort::Largest,
            "ACCOUNT" => Sort::Account,
            _ => return None,
        })
    }
}

/// What nothing says of itself.
fn some(what: &str, text: &str) -> Option<String> {
    (!text.is_empty()).then(|| format!("{what} {text}"))
}

impl Bank {
    /// What is known of the row under the cursor.
    fn told(&self) -> Option<&Told> {
        let id = self.list.current()?.id;
        self.detail.as_deref().filter(|told| told.row.id == id)
    }

    /// Opens the form that takes back what the row was matched to; of one that nothing is matched to, what was
    /// booked here last. False where there is neither.
    fn take_back(&self, cx: &mut Cx) -> bool {
        let here = self.told().filter(|told| !told.is.is_empty()).map(|told| told.row.id);
        let Some(line) = here.or(self.last) else { return false };
        let form = bank::unmatch(line, cx);
        cx.open.push(form);
        true
    }

    /// What of the row under the cursor is nobody's; says why where nothing is.
    fn left(told: &Told, cx: &mut Cx) -> Option<Money> {
        let row = &told.row;
        if row.unidentified_minor != 0 {
            return Some(row.currency.amount(row.unidentified_minor));
        }
        cx.say(format!("nothing of {} is nobody's: it is {}; u takes it back", row.id, row.state));
        None
    }

    /// How far our accounts are read; where there is none, how one comes.
    fn standing(&self, width: usize) -> Vec<Line> {
        let words = match &self.banks {
            None => return Vec::new(),
            Some(all) if all.is_empty() => {
                "then its statements: daybook bank import FILE, or L".to_owned()
            }
            Some(all) => all.join(" · "),
        };
        wrap(&words, width).into_iter().map(|text| Line::of(text, theme::DIM)).collect()
    }

    fn split(told: &Told, cx: &mut Cx) {
        let row = &told.row;
        let form = match row.state {
            LineState::Unapplied => bank::split(row.id, row.currency.amount(row.amount_minor), cx),
            _ => match Self::left(told, cx) {
                Some(left) if left.minor > 0 => bank::split(row.id, left, cx),
                Some(_) => return cx.say("money out pays nothing: Enter shows what it may be"),
                None => return,
            },
        };
        cx.open.push(form);
    }
}

impl ListScreen for Bank {
    type Row = BankLineRow;
    const KEYS: &'static [Binding] = KEYS;
    const GROUPS: &'static [Field] = &[Field::Status, Field::Bank, Field::Kind, Field::Currency];
    const TOPICS: &'static [Topic] = &[Topic::Payments, Topic::Documents];

    fn rows(&self) -> &Listing<BankLineRow> {
        &self.list
    }

    fn rows_mut(&mut self) -> &mut Listing<BankLineRow> {
        &mut self.list
    }

    fn own(&mut self, action: Action, cx: &mut Cx) -> bool {
        match action {
            Action::Load => {
                let form = bank::load(cx);
                cx.open.push(form);
                return true;
            }
            Action::Undo => return self.take_back(cx),
            Action::Unmatch => {
                if !self.take_back(cx) {
                    cx.say("nothing is matched here that could be taken back");
                }
                return true;
            }
            Action::Candidates
            | Action::Accept
            | Action::Identify
            | Action::Split
            | Action::Own => {}
            _ => return false,
        }
        if self.list.current().is_none() {
            return false;
        }
        let Some(told) = self.told() else {
            cx.say("still reading it");
            return true;
        };
        match action {
            Action::Candidates => bank::choose(told, cx),
            Action::Accept => bank::accept(told, cx),
            Action::Split => Self::split(told, cx),
            _ => {
                let Some(left) = Self::left(told, cx) else { return true };
                let line = told.row.id;
                if action == Action::Identify && left.minor < 0 {
                    cx.say("money out is nobody's payment: Enter shows what it may be");
                    return true;
                }
                let modal = match action {
                    Action::Own => bank::own(line, left, cx),
                    _ => bank::identify(line, left, cx),
                };
                cx.open.push(modal);
            }
        }
        true
    }

    fn preview(&self, width: usize, _cx: &Cx) -> Vec<Line> {
        let Some(row) = self.list.current() else { return self.standing(width) };
        let said = [row.text.as_str(), row.reference.as_str(), row.iban.as_str()];
        let said: Vec<&str> = said.into_iter().filter(|text| !text.is_empty()).collect();
        let first = Line::plain(said.join(" · "));
        let second = match self.told() {
            None => Line::default(),
            Some(told) => match (told.is.as_slice(), told.may_be.first()) {
                _ if !row.why.is_empty() => Line::of(row.why.clone(), theme::WARN),
                (_, Some((one, _))) => {
                    let more = match told.may_be.len() - 1 {
                        0 => String::new(),
                        n => format!(" · {n} more"),
                    };
                    Line::of(format!("{}: {}{more}", one.what(), one.why), theme::KEY)
                }
                ([], None) => Line::of("nothing in the book looks like it", theme::DIM),
                (is, None) => Line::of(is.join(" · "), theme::DIM),
            },
        };
        vec![first, second]
    }

    fn about(&self, width: usize, _cx: &Cx) -> Vec<Line> {
        let Some(row) = self.list.current() else { return self.standing(width) };
        let mut out = Vec::new();
        let mut say = |text: String, style| {
            out.extend(wrap(&text, width).into_iter().map(|text| Line::of(text, style)));
        };
        say(format!("{} {} on {}", row.id, row.amount, row.bank), theme::BOLD);
        say(format!("{}, counts on {}", row.state, row.booked_on), theme::PLAIN);
        if row.unidentified.minor != 0 && row.unidentified != row.amount {
            say(format!("{} of it are nobody's", row.unidentified), theme::WARN);
        }
        say(row.why.clone(), theme::WARN);
        for text in [
            some("payer", &row.payer),
            some("IBAN", &row.iban),
            some("reference", &row.reference),
            some("end to end", &row.end_to_end),
            some("entry", &row.entry_ref),
        ] {
            say(text.unwrap_or_default(), theme::PLAIN);
        }
        say(row.text.clone(), theme::PLAIN);
        let Some(told) = self.told() else { return out };
        let mut part = |title: &str, lines: Vec<String>, style| {
            if !lines.is_empty() {
                out.push(Line::default());
                out.push(Line::of(title.to_owned(), theme::KEY));
            }
            for text in lines {
                out.extend(wrap(&text, width).into_iter().map(|text| Line::of(text, style)));
            }
        };
        part("MATCHED TO", told.is.clone(), theme::PLAIN);
        let may_be = told.may_be.iter().map(|(one, _)| format!("{}: {}", one.what(), one.why));
        part("MAY BE", may_be.collect(), theme::PLAIN);
        out
    }

    fn entered(&mut self, cx: &mut Cx) {
        cx.load(ScreenId::Bank, Part::Extra, Query::Banks);
    }

    fn moved(&mut self, cx: &mut Cx) {
        if let Some(id) = self.list.current().map(|row| row.id) {
            cx.load(ScreenId::Bank, Part::Detail, Query::BankLine(id));
        }
    }

    fn answered(&mut self, answer: Answer) {
        match answer {
            Answer::BankLine(told) => self.detail = Some(told),
            Answer::Banks(all) => {
                let words = if all.is_empty() { NO_BANK } else { NOTHING };
                self.list.tabs.iter_mut().filter(|tab| !tab.saved).for_each(|t| t.empty = words);
                self.banks = Some(all);
            }
            _ => {}
        }
    }

    fn wrote(&mut self, command: &Command, _receipt: &Receipt) {
        if let Command::Bank(deed) = command {
            self.last = match deed {
                crate::engine::command::BankDeed::Unmatch { .. } => None,
                other => other.line().or(self.last),
            };
        }
    }
}
