//! Keys and what they do. Each screen has a table of [`Binding`]s; the footer, the `?` help, the
//! palette and the key tests are made from these tables, so they cannot disagree.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// A key as pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Key {
    /// A character, with Shift already in it.
    Char(char),
    /// With Control.
    Ctrl(char),
    /// Return.
    Enter,
    /// Escape.
    Esc,
    Tab,
    /// Shift-Tab.
    BackTab,
    Backspace,
    Delete,
    Up,
    Down,
    Left,
    Right,
    Home,
    End,
    PageUp,
    PageDown,
}

impl Key {
    /// Reads an event; releases and unknown keys are nothing.
    pub fn from_event(event: KeyEvent) -> Option<Self> {
        if event.kind == KeyEventKind::Release {
            return None;
        }
        let ctrl = event.modifiers.contains(KeyModifiers::CONTROL);
        Some(match event.code {
            KeyCode::Char(c) if ctrl => Self::Ctrl(c.to_ascii_lowercase()),
            KeyCode::Char(c) => Self::Char(c),
            KeyCode::Enter => Self::Enter,
            KeyCode::Esc => Self::Esc,
            KeyCode::Tab => Self::Tab,
            KeyCode::BackTab => Self::BackTab,
            KeyCode::Backspace => Self::Backspace,
            KeyCode::Delete => Self::Delete,
            KeyCode::Up => Self::Up,
            KeyCode::Down => Self::Down,
            KeyCode::Left => Self::Left,
            KeyCode::Right => Self::Right,
            KeyCode::Home => Self::Home,
            KeyCode::End => Self::End,
            KeyCode::PageUp => Self::PageUp,
            KeyCode::PageDown => Self::PageDown,
            _ => return None,
        })
    }

    /// How it is written in footers and help.
    pub fn label(self) -> String {
        match self {
            Self::Char(' ') => "Spc".to_owned(),
            Self::Char(c) => c.to_string(),
            Self::Ctrl(c) => format!("^{}", c.to_ascii_uppercase()),
            Self::Enter => "Enter".to_owned(),
            Self::Esc => "Esc".to_owned(),
            Self::Tab => "Tab".to_owned(),
            Self::BackTab => "S-Tab".to_owned(),
            Self::Backspace => "Bksp".to_owned(),
            Self::Delete => "Del".to_owned(),
            Self::Up => "Up".to_owned(),
            Self::Down => "Down".to_owned(),
            Self::Left => "Left".to_owned(),
            Self::Right => "Right".to_owned(),
            Self::Home => "Home".to_owned(),
            Self::End => "End".to_owned(),
            Self::PageUp => "PgUp".to_owned(),
            Self::PageDown => "PgDn".to_owned(),
        }
    }
}

/// Everything a key can mean on a screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // each is described by the words of its bindings below
pub enum Action {
    Down,
    Up,
    Top,
    Bottom,
    HalfDown,
    HalfUp,
    PageDown,
    PageUp,
    Open,
    Back,
    Filter,
    NextHit,
    PrevHit,
    NextTab,
    SaveFilter,
    Columns,
    Mark,
    MarkAll,
    Range,
    Invert,
    Unmark,
    Sort,
    Group,
    NextException,
    PrevException,
    Undo,
    Redo,
    Repeat,
    Yank,
    YankRow,
    Csv,
    Freeze,
    Details,
    OtherPane,
    Palette,
    Help,
    Notices,
    Repaint,
    Suspend,
    Quit,
    Abort,
    Go(u8),
    /// The row at a line of the list; of the mouse.
    Row(u16),
    Accept,
    Edit,
    Hold,
    Explain,
    Regenerate,
    CancelDraft,
    Memo,
    History,
    Create,
    Send,
    Post,
    Retry,
    Pause,
    CancelRun,
    Recall,
    Channel,
    Print,
    Printed,
    Reconcile,
    Promise,
    Outside,
    Method,
    AutoPay,
    Note,
    Notes,
    Preview,
    Results,
    Remind,
    BankRead,
    Claim,
    Tag,
    Usage,
    Payments,
    AccountPage,
    EditAccount,
    Unusual,
    Waits,
    Charts,
    Statement,
    ClosePeriod,
    Candidates,
    Split,
    Identify,
    Own,
    Unmatch,
    Load,
}

impl Action {
    /// Whether it means the same whatever rows are shown.
    pub fn is_about_no_row(self) -> bool {
        matches!(
            self,
            Self::Go(_)
                | Self::Back
                | Self::Quit
                | Self::Abort
                | Self::Help
                | Self::Palette
                | Self::Notices
                | Self::Filter
                | Self::SaveFilter
                | Self::NextTab
                | Self::Sort
                | Self::Columns
                | Self::Freeze
                | Self::Details
                | Self::Repaint
                | Self::Suspend
                | Self::Create
                | Self::Load
        )
    }

    /// Whether it needs all that is known of the row under the cursor.
    pub fn needs_the_row_whole(self) -> bool {
        matches!(
            self,
            Self::Accept
                | Self::Edit
                | Self::Hold
                | Self::Tag
                | Self::Explain
                | Self::Regenerate
                | Self::CancelDraft
                | Self::Memo
                | Self::Post
                | Self::Retry
                | Self::Promise
                | Self::Outside
                | Self::Method
                | Self::AutoPay
                | Self::Payments
                | Self::Notes
                | Self::Repeat
                | Self::Candidates
                | Self::Split
                | Self::Identify
                | Self::Own
                | Self::Unmatch
        )
    }

    /// Whether `.` does it again: what can be taken back, or asks before it is done. Nothing that
    /// leaves the house or ends in a number.
    pub fn is_repeatable(self) -> bool {
        matches!(
            self,
            Self::Accept
                | Self::Hold
                | Self::Regenerate
                | Self::Pause
                | Self::Recall
                | Self::Channel
                | Self::Reconcile
                | Self::Promise
                | Self::AutoPay
                | Self::Method
                | Self::Note
        )
    }
}

/// One line of a screen's key table.
#[derive(Debug, Clone, Copy)]
pub struct Binding {
    /// The keys; the first is shown in the footer.
    pub keys: &'static [Key],
    /// What they do.
    pub action: Action,
    /// What they do, in words for help and palette.
    pub words: &'static str,
    /// One word for the footer; empty keeps it out of there.
    pub short: &'static str,
    /// Whether it stands there only where the others leave room.
    pub late: bool,
}

/// Shorthand for a table's line.
pub const fn bind(
    keys: &'static [Key],
    action: Action,
    short: &'static str,
    words: &'static str,
) -> Binding {
    Binding { keys, action, words, short, late: false }
}

/// The same for what the footer shows where there is room.
pub const fn also(
    keys: &'static [Key],
    action: Action,
    short: &'static str,
    words: &'static str,
) -> Binding {
    Binding { late: true, ..bind(keys, action, short, words) }
}

use Key::{BackTab, Char, Ctrl, Enter, Esc, Tab};

/// The same on every list.
pub const LIST_KEYS: &[Binding] = &[
    bind(&[Char('j'), Key::Down], Action::Down, "", "next row"),
    bind(&[Char('k'), Key::Up], Action::Up, "", "previous row"),
    bind(&[Char('g'), Key::Home], Action::Top, "", "first row"),
    bind(&[Char('G'), Key::End], Action::Bottom, "", "last row"),
    bind(&[Ctrl('d')], Action::HalfDown, "", "half a page down"),
    bind(&[Ctrl('u')], Action::HalfUp, "", "half a page up"),
    bind(&[Key::PageDown], Action::PageDown, "", "a page down"),
    bind(&[Key::PageUp], Action::PageUp, "", "a page up"),
    bind(&[Enter, Char('l'), Key::Right], Action::Open, "", "open"),
    bind(&[Esc, Char('h'), Key::Left], Action::Back, "", "back, one layer; never quits"),
    bind(&[Char('/')], Action::Filter, "filter", "filter as you type"),
    bind(&[Char('n')], Action::NextHit, "", "next match of the last filter"),
    bind(&[Char('N')], Action::PrevHit, "", "previous match of the last filter"),
    bind(&[Char('f')], Action::NextTab, "", "next filter"),
    bind(
        &[Char('F')],
        Action::SaveFilter,
        "",
        "the filters with what each shows; of a typed one: save it under a name",
    ),
    bind(&[Char(' ')], Action::Mark, "", "mark, and next"),
    bind(&[Char('T')], Action::MarkAll, "", "mark all that match the filter"),
    bind(&[Char('V')], Action::Range, "", "mark a range: here, then at its other end"),
    bind(&[Char('*')], Action::Invert, "", "invert the marks"),
    bind(&[Char('U')], Action::Unmark, "", "no marks (u brings them back)"),
    bind(&[Char('s')], Action::Sort, "", "sort; by the same again: the other way round"),
    bind(
        &[Char('|')],
        Action::Columns,
        "",
        "columns: which, in which order, how wide; a cell whole",
    ),
    bind(&[Char('b')], Action::Group, "", "group by"),
    bind(&[Char(']')], Action::NextException, "", "next exception"),
    bind(&[Char('[')], Action::PrevException, "", "previous exception"),
    bind(&[Char('.')], Action::Repeat, "", "repeat the last action here"),
    bind(&[Char('y')], Action::Yank, "", "copy the number to the terminal's clipboard"),
    bind(&[Char('Y')], Action::YankRow, "", "copy the row"),
    bind(&[Char('w')], Action::Csv, "", "write the view to a CSV file"),
    bind(&[Char('z')], Action::Freeze, "", "freeze: no updates until pressed again"),
    bind(&[Char('o')], Action::Details, "", "details beside the list, or not"),
    bind(&[Tab, BackTab], Action::OtherPane, "", "the details of this row"),
];

/// The same everywhere.
pub const GLOBAL_KEYS: &[Binding] = &[
    bind(&[Char(':')], Action::Palette, "cmd", "find any command, screen, account or invoice"),
    bind(&[Char('?')], Action::Help, "help", "what can be done here"),
    bind(&[Char('u')], Action::Undo, "undo", "undo my last action"),
    bind(&[Ctrl('r')], Action::Redo, "", "redo"),
    bind(&[Char('!')], Action::Notices, "", "notices, and what was said before"),
    bind(&[Char('1')], Action::Go(1), "", "Today"),
    bind(&[Char('2')], Action::Go(2), "", "Runs"),
    bind(&[Char('3')], Action::Go(3), "", "Invoices"),
    bind(&[Char('4')], Action::Go(4), "", "Delivery"),
    bind(&[Char('5')], Action::Go(5), "", "Failed"),
    bind(&[Char('6')], Action::Go(6), "", "Jobs"),
    bind(&[Char('7')], Action::Go(7), "", "Log"),
    bind(&[Char('8')], Action::Go(8), "", "Accounts"),
    bind(&[Char('9')], Action::Go(9), "", "Books"),
    bind(&[Char('0')], Action::Go(0), "", "Bank"),
    bind(&[Ctrl('l')], Action::Repaint, "", "paint the screen again"),
    bind(&[Ctrl('z')], Action::Suspend, "", "suspend to the shell"),
    bind(&[Char('q')], Action::Quit, "", "back; quits at the top"),
    bind(&[Ctrl('c')], Action::Abort, "", "out, at once; nothing is lost"),
];

/// What a key means: the screen's own table first, then the lists', then everywhere's.
pub fn find(tables: &[&'static [Binding]], key: Key) -> Option<Action> {
    tables.iter().flat_map(|t| t.iter()).find(|b| b.keys.contains(&key)).map(|b| b.action)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_means_two_things_in_one_table() {
        for table in [LIST_KEYS, GLOBAL_KEYS] {
            let keys: Vec<Key> = table.iter().flat_map(|b| b.keys.iter().copied()).collect();
            for (i, key) in keys.iter().enumerate() {
                assert!(!keys[i + 1..].contains(key), "{}", key.label());
            }
        }
        for key in LIST_KEYS.iter().flat_map(|b| b.keys) {
            assert!(!GLOBAL_KEYS.iter().any(|b| b.keys.contains(key)), "{}", key.label());
        }
    }
}
