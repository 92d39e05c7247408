//! 5 Failed: money that did not come, grouped by what to do next; retry one, the marked, a group;
//! look up what is unknown, note a promise, record money that came another way.

mod retry;

use super::Screen;
use super::agreed::{self, Standing};
use super::listed::{beside, list_action, list_intent, view_list};
use super::unapplied::{self, Unapplied};
use crate::domain::ids::{DocumentId, PaymentRunId};
use crate::domain::payment::NextAction;
use crate::domain::recovery::chart;
use crate::engine::command::{Command, Receipt};
use crate::engine::query::{Ahead, Answer, ListName, Query, Whose};
use crate::store::Topic;
use crate::store::read::failed::FailedRow;
use crate::store::read::invoice::InvoiceDetail;
use crate::store::read::{Field, Page, Sort};
use crate::ui::keymap::{Action, Binding, Key, also, bind};
use crate::ui::modal::ask::Ask;
use crate::ui::modal::money;
use crate::ui::modal::purpose::{self, Owing};
use crate::ui::modal::text::TextBox;
use crate::ui::modal::{Intent, Modal};
use crate::ui::msg::{Cx, Part, ScreenId};
use crate::ui::results;
use crate::ui::theme;
use crate::ui::widget::list::{AnyList, Column, Listing, Shown, Tab};
use crate::ui::widget::{Line, wrap};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// The keys of this screen.
pub const KEYS: &[Binding] = &[
    bind(
        &[Key::Char('r')],
        Action::Retry,
        "retry",
        "retry: this one, the marked, or a whole group",
    ),
    also(&[Key::Char('R')], Action::Results, "results", "what became of the last retry begun here"),
    bind(&[Key::Char('i')], Action::Reconcile, "look up", "ask the gateway what became of it"),
    bind(
        &[Key::Char('p')],
        Action::Promise,
        "promise",
        "what the customer says: a promise, a dispute, instalments; or a collection agency",
    ),
    bind(&[Key::Char('c')], Action::Outside, "received", "record money received outside"),
    also(&[Key::Char('M')], Action::Method, "method", "choose another payment method"),
    also(
        &[Key::Char('A')],
        Action::AutoPay,
        "auto-pay",
        "payment runs leave this invoice alone, or take it again",
    ),
    also(&[Key::Char('m')], Action::Memo, "write off", "write off what will not come"),
    also(
        &[Key::Char('a')],
        Action::Accept,
        "use credits",
        "use the account's credits and unapplied money on what it owes",
    ),
    also(
        &[Key::Char('$')],
        Action::Payments,
        "payments",
        "the invoice's payments: refund, take off, move, apply",
    ),
    also(&[Key::Char('x')], Action::Explain, "recovery", "how much of what failed came in later"),
];

const SORTS: &[Sort] = &[Sort::Due, Sort::Largest, Sort::Account, Sort::Customer, Sort::Newest];

/// The state of the screen.
pub struct Failed {
    /// The list.
    pub list: Listing<FailedRow>,
    detail: Option<Box<InvoiceDetail>>,
    unapplied: Unapplied,
    /// The retry that was begun here last.
    retried: Option<PaymentRunId>,
}

impl Default for Failed {
    fn default() -> Self {
        let tab = |name: &str, filter: &str| Tab::new(name, filter, Sort::Due);
        let tabs = vec![
            tab("failed", "status:failed"),
            tab("retry later", "status:failed group:retry_later"),
            tab("new method", "status:failed group:new_method"),
            tab("look up", "status:failed group:look_up"),
            tab("ask mandate", "status:failed group:ask_mandate"),
            tab("to confirm", "status:failed group:ask_customer"),
            tab("gave up", "status:failed group:gave_up"),
            tab("overdue", "due<1970-01-01"),
            tab("promised", "status:promised"),
            tab("disputed", "status:disputed"),
            tab("all open", ""),
            tab(unapplied::TAB, "").of(ListName::Unapplied),
            tab("instalments", "status:instalments"),
            tab("agency", "status:agency"),
        ];
        Self {
            list: Listing::new(ScreenId::Failed, tabs, SORTS),
            detail: None,
            unapplied: Unapplied::default(),
            retried: None,
        }
    }
}

impl Shown for FailedRow {
    const LIST: ListName = ListName::Failed;

    fn page(answer: Answer) -> Option<Page<Self>> {
        match answer {
            Answer::Failed(page) => Some(page),
            _ => None,
        }
    }

    fn columns() -> &'static [Column] {
        const COLUMNS: &[Column] = &[
            Column { title: "ACCOUNT", width: 9, right: false, flex: false, rank: 0 },
            Column { title: "CUSTOMER", width: 14, right: false, flex: true, rank: 1 },
            Column { title: "INVOICE", width: 15, right: false, flex: false, rank: 3 },
            Column { title: "OPEN EUR", width: 11, right: true, flex: false, rank: 0 },
            Column { title: "AGE", width: 5, right: true, flex: false, rank: 2 },
            Column { title: "NEXT", width: 11, right: false, flex: false, rank: 0 },
            Column { title: "SAID", width: 14, right: false, flex: true, rank: 4 },
            Column { title: "TRY", width: 3, right: true, flex: false, rank: 5 },
            Column { title: "AGAIN", width: 11, right: false, flex: false, rank: 6 },
        ];
        COLUMNS
    }

    fn cells(&self, code: bool, cx: &Cx) -> Vec<(String, Style)> {
        let amount = if code { self.balance.to_string() } else { self.balance.grouped() };
        let age = (cx.now.today - self.due_on).num_days();
        let next = match self.state.as_str() {
            kept @ ("promised" | "instalments" | "disputed" | "agency" | "stopped"
            | "insolvent" | "deceased") => kept.to_owned(),
            _ if self.group == "none" => self.payment_status.to_lowercase(),
            _ => self.group.replace('_', " "),
        };
        let again = self.next_retry_at.map(|at| cx.when(at)).unwrap_or_default();
        vec![
            (self.account.clone(), theme::PLAIN),
            (self.customer.clone(), theme::PLAIN),
            (self.number.clone(), theme::DIM),
            (amount, theme::PLAIN),
            (format!("{age} d"), if age > 30 { theme::BAD } else { theme::PLAIN }),
            (next, theme::WARN),
            (self.decline_code.replace('_', " "), theme::PLAIN),
            (self.attempts.to_string(), theme::PLAIN),
            (again, theme::DIM),
        ]
    }

    fn label(&self) -> String {
        self.number.clone()
    }
}

impl Failed {
    fn reload(&mut self, cx: &mut Cx) {
        if self.on_unapplied() {
            self.unapplied.list.reload(cx);
        } else {
            self.list.reload(cx);
        }
    }

    fn load_detail(&mut self, cx: &mut Cx) {
        if let Some(id) = self.list.current().map(|r| r.id) {
            cx.load(ScreenId::Failed, Part::Detail, Query::Invoice(id));
        }
    }

    /// Whether the tab of unapplied money is shown.
    fn on_unapplied(&self) -> bool {
        self.list.tabs.get(self.list.tab).is_some_and(|t| t.name == unapplied::TAB)
    }

    /// Asks before the account's credits are used.
    fn use_credits(&self, cx: &mut Cx) {
        let of = if self.on_unapplied() {
            let row = self.unapplied.list.current();
            if row.is_some_and(|r| r.owed.minor == 0) {
                return cx.say("nothing is owed: the next invoice takes it");
            }
            row.map(|r| (r.account_id, r.account.clone(), r.owed.currency))
        } else {
            let row = self.list.current();
            row.map(|r| (r.account_id, r.account.clone(), r.balance.currency))
        };
        let Some((account, number, currency)) = of else { return cx.say("nothing here") };
        let op = cx.operation();
        let command = Command::UseCredits { account, currency };
        let title = format!("Use what is unapplied of {number} on what it owes in {currency}");
        cx.open.push(Modal::Ask(Box::new(Ask::reading(title, "use it", op, command))));
        cx.load(ScreenId::Failed, Part::Dialog, Ahead::Credits(account, currency));
    }

    fn own(&mut self, action: Action, cx: &mut Cx) -> bool {
        let row = self.list.current().cloned();
        match action {
            Action::Retry => self.retry(cx),
            Action::Results => match self.retried {
                Some(run) => results::show(ScreenId::Failed, run, cx),
                None => cx.say("no retry was begun here: Enter on one in 6 Jobs shows it"),
            },
            Action::Reconcile if !self.list.marks.is_empty() => {
                self.try_marked(NextAction::LookUp, cx);
            }
            Action::Reconcile => match row.and_then(|r| r.payment) {
                Some(payment) => cx.commit(Command::Reconcile { payments: vec![payment] }),
                None => cx.say("no payment to look up"),
            },
            Action::Promise => match row {
                Some(row) => agreed::menu(&standing(&row), cx),
                None => return nothing(cx),
            },
            Action::Outside => {
                let Some(row) = row else { return nothing(cx) };
                let whose = format!("for {}", row.number);
                let all = (row.balance.currency, row.balance.plain());
                let form = purpose::outside(&whose, row.account_id, vec![row.id], all, cx);
                cx.open.push(form);
            }
            Action::Method => {
                let Some(row) = row else { return nothing(cx) };
                cx.load(ScreenId::Failed, Part::Extra, Query::Account(row.account_id));
            }
            Action::AutoPay => {
                let Some(row) = row else { return nothing(cx) };
                let command = Command::AutoPay { document: row.id, on: row.auto_pay_off };
                let (word, then) = if row.auto_pay_off {
                    ("on", "payment runs charge it again")
                } else {
                    ("off", "no payment run charges it")
                };
                let (number, open) = (&row.number, row.balance);
                let title = format!("Auto-pay {word} for {number} ({open})? Then {then}");
                let ask = Ask::light(title, cx.operation(), command);
                cx.open.push(Modal::Ask(Box::new(ask)));
            }
            Action::Memo => {
                let Some(row) = row else { return nothing(cx) };
                let label = format!("{} (open {}, {})", row.number, row.balance, row.customer);
                let form = purpose::write_off(&row.number, row.id, label, cx);
                cx.open.push(form);
            }
            Action::Payments => {
                let Some(row) = row else { return nothing(cx) };
                let title = format!("Payments of {}", row.number);
                money::ask_for(title, Whose::Document(row.id), ScreenId::Failed, cx);
            }
            Action::Accept => self.use_credits(cx),
            Action::Explain => cx.load(ScreenId::Failed, Part::Extra, Query::Recovery),
            Action::Open => {
                let Some(row) = row else { return nothing(cx) };
                cx.effects_document(row.id);
            }
            _ => return false,
        }
        true
    }
}

impl Screen for Failed {
    fn keys(&self) -> &'static [Binding] {
        if self.on_unapplied() { unapplied::KEYS } else { KEYS }
    }

    fn list(&self) -> Option<&dyn AnyList> {
        Some(&self.list)
    }

    fn list_mut(&mut self) -> Option<&mut dyn AnyList> {
        Some(&mut self.list)
    }

    fn is_list(&self) -> bool {
        !self.on_unapplied()
    }

    fn refuse(&mut self, error: String, cx: &mut Cx) -> bool {
        if self.on_unapplied() {
            self.unapplied.list.refuse(error, cx);
        } else {
            self.list.refuse(error, cx);
        }
        true
    }

    fn enter(&mut self, cx: &mut Cx) {
        if let Some(tab) = self.list.tabs.iter_mut().find(|t| t.name == "overdue") {
            tab.filter = format!("due<{}", cx.now.today);
        }
        self.reload(cx);
    }

    fn act(&mut self, action: Action, cx: &mut Cx) -> bool {
        let action = if action == Action::OtherPane { Action::Open } else { action };
        let shared = matches!(action, Action::Accept | Action::Explain);
        if self.on_unapplied() && !shared && self.unapplied.act(action, cx) {
            return true;
        }
        if (shared || !self.on_unapplied()) && self.own(action, cx) {
            return true;
        }
        let before = self.list.current().map(|r| r.id);
        let groups = &[Field::Group, Field::Error, Field::Currency];
        let known = list_action(&mut self.list, groups, action, cx);
        if known && self.on_unapplied() {
            self.unapplied.list.restart(cx);
        }
        if self.list.current().map(|r| r.id) != before {
            self.load_detail(cx);
        }
        known
    }

    fn intent(&mut self, intent: &Intent, cx: &mut Cx) -> bool {
        if let Intent::RetryGroup(group) = intent {
            match group {
                Some(group) => Self::retry_group(*group, cx),
                None => self.try_marked(NextAction::RetryLater, cx),
            }
            return true;
        }
        if self.on_unapplied() && !matches!(intent, Intent::Tab(_)) {
            return self.unapplied.intent(intent, cx);
        }
        let known = list_intent(&mut self.list, intent, cx);
        if known && self.on_unapplied() {
            self.unapplied.list.restart(cx);
        }
        known
    }

    fn loaded(&mut self, part: Part, answer: Answer, cx: &mut Cx) {
        let answer = if self.on_unapplied() {
            self.unapplied.loaded(part, answer, cx)
        } else {
            self.list.loaded(part, answer, cx)
        };
        match answer {
            None if part == Part::Page && !self.on_unapplied() => self.load_detail(cx),
            Some(Answer::Invoice(detail)) => self.detail = detail,
            Some(Answer::Recovery(since, sums)) => {
                let mut text = chart(&sums, since);
                let first = if text.is_empty() { String::new() } else { text.remove(0) };
                let width = usize::from(cx.size.0).saturating_sub(8).min(88);
                let lines = wrap(&first, width).into_iter().chain(text).map(Line::plain).collect();
                cx.open.push(Modal::Text(TextBox::new("Recovered over time", lines)));
            }
            Some(Answer::Account(account)) => super::accounts::choose_method(&account, cx),
            None | Some(_) => {}
        }
    }

    fn changed(&mut self, topics: &[Topic], cx: &mut Cx) {
        let mine = [Topic::Documents, Topic::Payments, Topic::Accounts];
        if !self.list.frozen && topics.iter().any(|t| mine.contains(t)) {
            self.reload(cx);
        }
    }

    fn done(&mut self, command: &Command, receipt: &Receipt, _cx: &mut Cx) {
        let retries = matches!(command, Command::RetryPayments { .. } | Command::RetryGroup { .. });
        if let Some(run) = PaymentRunId::parse(&receipt.made).filter(|_| retries) {
            self.retried = Some(run);
        }
        if matches!(command, Command::RetryPayments { .. } | Command::Reconcile { .. }) {
            self.list.marks.clear();
        }
    }

    fn view(&self, canvas: &mut Buffer, area: Rect, cx: &Cx) {
        if self.on_unapplied() {
            return self.unapplied.view(canvas, area, cx);
        }
        let detail = self.detail.as_deref().filter(|d| self.document() == Some(d.row.id.0));
        let mut preview = Vec::new();
        if let Some(row) = self.list.current() {
            let said = match (row.decline_code.as_str(), row.reply.as_str()) {
                ("", "") if !row.barred.is_empty() => {
                    format!("not tried: {} was declined for good, M puts another first", row.barred)
                }
                ("", "") => "no attempt yet".to_owned(),
                (code, reply) => format!("{} {reply}", code.replace('_', " ")),
            };
            let promised = match (row.case, row.plan, row.promised_on) {
                _ if row.state == "insolvent" => " · its account is insolvent".to_owned(),
                _ if row.state == "deceased" => " · its customer has died".to_owned(),
                (Some(case), ..) if row.state == "agency" => format!(" · with an agency ({case})"),
                (Some(case), ..) => {
                    format!(" · not handed over, its account is with an agency ({case})")
                }
                (None, Some(plan), Some(day)) => format!(" · in instalments until {day} ({plan})"),
                (None, _, Some(day)) => format!(" · promised by {day}"),
                (None, _, None) => String::new(),
            };
            let off = if row.auto_pay_off { " · auto-pay off" } else { "" };
            let method = if row.method.is_empty() { "no method" } else { &row.method };
            let text = format!("{} {method} · {said}{promised}{off}", row.number);
            preview.push(Line::plain(text));
        }
        if let Some(d) = detail {
            let list: Vec<String> = d
                .payments
                .iter()
                .map(|p| format!("{} {} {}", p.what, p.amount.grouped(), p.status))
                .collect();
            preview.push(Line::of(list.join(" · "), theme::DIM));
        }
        let width = beside(area.width);
        let shown = detail.map(|d| super::document::picture(d, width, None, cx).lines);
        let shown = shown.unwrap_or_default();
        view_list(&self.list, &preview, Some(&shown), canvas, area, cx);
    }

    fn unavailable(&self, action: Action) -> Option<String> {
        if self.on_unapplied() { Unapplied::unavailable(action) } else { None }
    }

    fn document(&self) -> Option<i64> {
        if self.on_unapplied() {
            return self.unapplied.list.current()?.document().map(|id| id.0);
        }
        self.list.current().map(|r| r.id.0)
    }
}

fn standing(row: &FailedRow) -> Standing<'_> {
    let (account, currency) = (row.account_id, row.balance.currency);
    Standing {
        owing: Owing { account, currency, document: Some(row.id) },
        account: &row.account,
        number: &row.number,
        promised_on: row.promised_on,
        disputed: row.disputed,
        plan: row.plan,
        case: row.case,
        stop: match row.state.as_str() {
            stop @ ("insolvent" | "deceased") => stop,
            _ => "",
        },
    }
}

fn nothing(cx: &mut Cx) -> bool {
    cx.say("nothing here");
    true
}

impl Cx {
    /// Goes to the invoices and opens one.
    pub fn effects_document(&mut self, id: DocumentId) {
        self.document = Some(id.0);
    }
}
