//! The last tab of 5 Failed: credits and payments that no invoice has yet. `a` uses them on what
//! the account owes.

use super::listed::{list_action, list_intent, list_unavailable, view_list};
use crate::domain::ids::PaymentId;
use crate::engine::query::{Answer, ListName, Whose};
use crate::store::read::unapplied::UnappliedRow;
use crate::store::read::{Field, Page, Sort};
use crate::ui::keymap::{Action, Binding, Key, also, bind};
use crate::ui::modal::{Intent, money};
use crate::ui::msg::{Cx, Part, ScreenId};
use crate::ui::theme;
use crate::ui::widget::Line;
use crate::ui::widget::list::{Column, Listing, Shown, Tab};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// Its name among the tabs of the screen.
pub const TAB: &str = "unapplied";

/// The keys of this tab.
pub const KEYS: &[Binding] = &[
    bind(
        &[Key::Char('a')],
        Action::Accept,
        "use it",
        "use it on what the account owes, oldest first",
    ),
    bind(
        &[Key::Char('$')],
        Action::Payments,
        "move, refund",
        "move it, apply it to one invoice, give it back; pay a credit memo out",
    ),
    also(&[Key::Char('x')], Action::Explain, "recovery", "how much of what failed came in later"),
];

const GROUPS: &[Field] = &[Field::Kind, Field::Currency];

const SORTS: &[Sort] = &[Sort::Due, Sort::Largest, Sort::Account, Sort::Customer];

impl Shown for UnappliedRow {
    const LIST: ListName = ListName::Unapplied;
    const MARKS: bool = false;

    fn page(answer: Answer) -> Option<Page<Self>> {
        match answer {
            Answer::Unapplied(page) => Some(page),
            _ => None,
        }
    }

    fn columns() -> &'static [Column] {
        const COLUMNS: &[Column] = &[
            Column { title: "ACCOUNT", width: 9, right: false, flex: false, rank: 0 },
            Column { title: "CUSTOMER", width: 14, right: false, flex: true, rank: 1 },
            Column { title: "CREDIT", width: 14, right: false, flex: false, rank: 0 },
            Column { title: "SINCE", width: 10, right: false, flex: false, rank: 2 },
            Column { title: "LEFT", width: 12, right: true, flex: false, rank: 0 },
            Column { title: "OWED", width: 12, right: true, flex: false, rank: 3 },
        ];
        COLUMNS
    }

    fn cells(&self, _code: bool, _cx: &Cx) -> Vec<(String, Style)> {
        let style = if self.owed.minor > 0 { theme::WARN } else { theme::DIM };
        vec![
            (self.account.clone(), theme::PLAIN),
            (self.customer.clone(), theme::PLAIN),
            (self.number.clone(), theme::DIM),
            (self.since.to_string(), theme::DIM),
            (self.left.to_string(), theme::PLAIN),
            (self.owed.to_string(), style),
        ]
    }

    fn label(&self) -> String {
        self.number.clone()
    }
}

/// The state of the tab.
pub struct Unapplied {
    pub list: Listing<UnappliedRow>,
}

impl Default for Unapplied {
    fn default() -> Self {
        let tabs = vec![Tab::new(TAB, "", Sort::Due)];
        Self { list: Listing::new(ScreenId::Failed, tabs, SORTS) }
    }
}

impl Unapplied {
    /// Does an action that is not the screen's own; false where the screen goes on.
    pub fn act(&mut self, action: Action, cx: &mut Cx) -> bool {
        let leaves =
            action == Action::NextTab || (action == Action::Back && self.list.typed.is_empty());
        if leaves {
            return false;
        }
        if action == Action::Open {
            if let Some(row) = self.list.current() {
                match row.document() {
                    Some(memo) => cx.effects_document(memo),
                    None => {
                        cx.go = Some((ScreenId::Accounts, Some(row.account.clone())));
                    }
                }
            } else {
                cx.say("nothing here");
            }
            return true;
        }
        if action == Action::Payments {
            match self.list.current() {
                None => cx.say("nothing here"),
                Some(row) => match row.document() {
                    Some(memo) => {
                        let form = money::pay_out(memo, &row.number, row.left, cx);
                        cx.open.push(form);
                    }
                    None => {
                        let whose = Whose::Payment(PaymentId(-row.id));
                        money::ask_for(row.number.clone(), whose, ScreenId::Failed, cx);
                    }
                },
            }
            return true;
        }
        if action == Action::Details {
            cx.say("nothing stands beside this list: Enter opens the memo or the account");
            return true;
        }
        list_action(&mut self.list, GROUPS, action, cx)
    }

    /// See [`list_unavailable`].
    pub fn unavailable(action: Action) -> Option<String> {
        list_unavailable::<UnappliedRow>(GROUPS, action)
    }

    /// See [`list_intent`].
    pub fn intent(&mut self, intent: &Intent, cx: &mut Cx) -> bool {
        list_intent(&mut self.list, intent, cx)
    }

    /// Takes an answer; gives it back if it is for somebody else.
    pub fn loaded(&mut self, part: Part, answer: Answer, cx: &mut Cx) -> Option<Answer> {
        self.list.loaded(part, answer, cx)
    }

    /// Draws it.
    pub fn view(&self, canvas: &mut Buffer, area: Rect, cx: &Cx) {
        let mut preview = Vec::new();
        if let Some(row) = self.list.current() {
            let said = if row.owed.minor > 0 {
                "a uses it on what the account owes, oldest first; the next payment run does too"
            } else {
                "nothing is owed: the next invoice takes it"
            };
            preview.push(Line::plain(format!("{} {} · {}", row.what, row.number, row.customer)));
            preview.push(Line::of(said, theme::DIM));
        }
        view_list(&self.list, &preview, None, canvas, area, cx);
    }
}
