//! 8 Accounts: find a customer; documents, balance, methods, usage and notes for the telephone.

use super::agreed::{self, Standing};
use super::listed::ListScreen;
use super::notes;
use crate::domain::account::AccountStatus;
use crate::domain::ids::{AccountId, MethodId};
use crate::domain::money::Money;
use crate::domain::note::On;
use crate::engine::command::Command;
use crate::engine::query::{Answer, ListName, Query, Whose};
use crate::store::Topic;
use crate::store::read::accounts::{AccountDetail, AccountRow};
use crate::store::read::{Page, Sort};
use crate::ui::account_page;
use crate::ui::keymap::{Action, Binding, Key, also, bind};
use crate::ui::modal::choice::{Choice, Item};
use crate::ui::modal::money;
use crate::ui::modal::purpose::{self, Owing};
use crate::ui::modal::{Intent, Modal};
use crate::ui::msg::{Cx, Part, ScreenId};
use crate::ui::theme;
use crate::ui::usage;
use crate::ui::widget::list::{Column, Listing, Shown, Tab};
use crate::ui::widget::{Line, wrap};
use ratatui::style::Style;

/// The keys of this screen.
pub const KEYS: &[Binding] = &[
    bind(&[Key::Enter, Key::Char('l')], Action::Open, "open", "its documents, by number"),
    bind(&[Key::Char('i')], Action::Explain, "about", "address, methods, charges, usage, notes"),
    also(
        &[Key::Char('X')],
        Action::AccountPage,
        "page",
        "one month on one page: prices, usage, documents, money, what is open and why; as a PDF",
    ),
    also(
        &[Key::Char('x')],
        Action::Usage,
        "usage",
        "what of its usage the next run would not bill, and why",
    ),
    also(&[Key::Char('e')], Action::Edit, "e-mail", "correct its e-mail address; copies follow"),
    also(
        &[Key::Char('E')],
        Action::EditAccount,
        "edit",
        "correct its name, address, tax id, what the law of invoices asks",
    ),
    bind(&[Key::Char('m')], Action::Note, "note", "write a note"),
    also(&[Key::Char('r')], Action::Notes, "refs", "its notes and references: write, strike, set"),
    bind(&[Key::Char('p')], Action::Outside, "received", "record money received outside"),
    also(
        &[Key::Char('P')],
        Action::Promise,
        "plan",
        "it pays in instalments, or goes to a collection agency",
    ),
    also(&[Key::Char('M')], Action::Method, "method", "choose which payment method is used first"),
    bind(
        &[Key::Char('$')],
        Action::Payments,
        "payments",
        "its payments: refund, take off an invoice, move, apply",
    ),
];

const SORTS: &[Sort] =
    &[Sort::Account, Sort::Customer, Sort::Largest, Sort::Newest, Sort::State, Sort::Batch];

/// The state of the screen.
pub struct Accounts {
    pub list: Listing<AccountRow>,
    detail: Option<(AccountId, Box<AccountDetail>)>,
    asked: Option<AccountId>,
}

impl Default for Accounts {
    fn default() -> Self {
        let tabs = vec![
            Tab::new("all", "", Sort::Account),
            Tab::new("owing", "balance>0", Sort::Largest),
            Tab::new("in credit", "balance<0", Sort::Account),
            Tab::new("suspended", "status:suspended", Sort::Account),
        ];
        Self { list: Listing::new(ScreenId::Accounts, tabs, SORTS), detail: None, asked: None }
    }
}

impl Shown for AccountRow {
    const LIST: ListName = ListName::Accounts;
    const MARKS: bool = false;

    fn page(answer: Answer) -> Option<Page<Self>> {
        match answer {
            Answer::Accounts(page) => Some(page),
            _ => None,
        }
    }

    fn columns() -> &'static [Column] {
        const COLUMNS: &[Column] = &[
            Column { title: "ACCOUNT", width: 9, right: false, flex: false, rank: 0 },
            Column { title: "CUSTOMER", width: 18, right: false, flex: true, rank: 0 },
            Column { title: "OPEN", width: 14, right: true, flex: false, rank: 0 },
            Column { title: "BATCH", width: 7, right: false, flex: false, rank: 4 },
            Column { title: "DAY", width: 3, right: true, flex: false, rank: 2 },
            Column { title: "TERM", width: 8, right: false, flex: false, rank: 3 },
            Column { title: "PAYS", width: 4, right: false, flex: false, rank: 1 },
            Column { title: "SENT BY", width: 7, right: false, flex: false, rank: 5 },
        ];
        COLUMNS
    }

    fn cells(&self, _code: bool, _cx: &Cx) -> Vec<(String, Style)> {
        let style = if self.status == AccountStatus::Active { theme::PLAIN } else { theme::DIM };
        vec![
            (self.number.clone(), style),
            (self.name.clone(), style),
            (self.open.to_string(), style),
            (self.batch.clone(), theme::DIM),
            (self.bill_cycle_day.to_string(), theme::DIM),
            (self.payment_term.clone(), theme::DIM),
            (if self.auto_pay { "auto" } else { "self" }.to_owned(), theme::DIM),
            (self.delivery.clone(), theme::DIM),
        ]
    }

    fn label(&self) -> String {
        self.number.clone()
    }
}

impl Accounts {
    fn current_detail(&self) -> Option<&AccountDetail> {
        let id = self.list.current()?.id;
        self.detail.as_ref().filter(|(d, _)| *d == id).map(|(_, d)| d.as_ref())
    }
}

/// Offers the payment methods of an account; the chosen one is used first.
pub fn choose_method(detail: &AccountDetail, cx: &mut Cx) {
    let mut items = Vec::new();
    for (method, key) in detail.methods.iter().zip('1'..='9') {
        let hint = format!("{}, {} failures in a row", method.kind, method.failures);
        if method.status == "active" {
            let op = cx.operation();
            let command = Box::new(Command::ChooseMethod { method: MethodId(method.id) });
            let intent = Intent::Commit { op, command };
            items.push(Item::new(key, method.display.clone(), intent).hint(hint));
        } else {
            items.push(Item::unavailable(key, method.display.clone(), "closed"));
        }
    }
    if items.is_empty() {
        return cx.say("no payment method: import payment_methods.csv");
    }
    cx.open.push(Modal::Choice(Choice::new("Use first", items)));
}

fn lines(row: &AccountRow, d: &AccountDetail, width: usize, cx: &Cx) -> Vec<Line> {
    let mut out = vec![Line::of(format!("{} {}", row.number, row.name), theme::BOLD)];
    let mut say = |text: String, style| {
        out.extend(wrap(&text, width).into_iter().map(|l| Line::of(l, style)));
    };
    say(d.address.join(", "), theme::PLAIN);
    say(format!("{} · {} · tax {}", row.emails, row.delivery, d.tax), theme::PLAIN);
    let (term, day) = (&row.payment_term, row.bill_cycle_day);
    say(format!("owes {} · {term} · cycle day {day}", row.open), theme::PLAIN);
    say(d.references.said(), theme::PLAIN);
    for plan in &d.plans {
        say(format!("{}: {}", plan.id, plan.said()), theme::WARN);
    }
    if let Some(stop) = &d.stop {
        say(stop.said(), theme::BAD);
    }
    if let Some(case) = &d.case {
        say(case.said(), theme::WARN);
    }
    out.push(Line::default());
    for method in &d.methods {
        out.push(Line::plain(format!("{} {} {}", method.kind, method.display, method.status)));
    }
    out.extend(d.charges.iter().map(|t| Line::plain(t.clone())));
    for (unit, quantity) in &d.pending_usage {
        let text = format!("not billed yet: {} {unit}", quantity.normalize());
        out.push(Line::of(text, theme::WARN));
    }
    out.push(Line::default());
    // A document of a currency that the account had before says so.
    let usual = row.open.currency;
    let shown = |m: Money| if m.currency == usual { m.grouped() } else { m.to_string() };
    for doc in d.documents.iter().take(20) {
        let (total, open) = (shown(doc.total), shown(doc.balance));
        let when = doc.invoice_on;
        let mut text =
            format!("{:<17} {when} {:>8} {total:>14} open {open}", doc.number, doc.status);
        if text.len() > width {
            text = format!("{:<15} {when} {total:>11} open {open}", doc.number);
        }
        // Rather a line more than an amount that is cut.
        out.extend(wrap(&text, width).into_iter().map(Line::plain));
    }
    notes::lines(&d.notes, width, cx, &mut out);
    out
}

impl ListScreen for Accounts {
    type Row = AccountRow;
    const KEYS: &'static [Binding] = KEYS;
    const TOPICS: &'static [Topic] = &[Topic::Accounts, Topic::Documents, Topic::Payments];

    fn rows(&self) -> &Listing<AccountRow> {
        &self.list
    }

    fn rows_mut(&mut self) -> &mut Listing<AccountRow> {
        &mut self.list
    }

    fn own(&mut self, action: Action, cx: &mut Cx) -> bool {
        let Some(row) = self.list.current().cloned() else { return false };
        match action {
            Action::Open => {
                cx.go = Some((ScreenId::Invoices, Some(format!("account:{}", row.number))));
            }
            Action::Edit => {
                let form = purpose::email(&row.number, &row.emails, cx);
                cx.open.push(form);
            }
            Action::EditAccount => {
                let Some(terms) = self.current_detail().and_then(|d| d.terms.clone()) else {
                    cx.say("still reading it");
                    return true;
                };
                let form = purpose::account(&row.number, &terms, cx);
                cx.open.push(form);
            }
            Action::Note => {
                let form = purpose::note(&row.number, row.id, cx);
                cx.open.push(form);
            }
            Action::Notes => {
                let Some(d) = self.current_detail() else {
                    cx.say("still reading it");
                    return true;
                };
                notes::open(&row.number, On::Account(row.id), (&d.notes, &d.references), cx);
            }
            Action::Outside => {
                let whose = format!("from {}", row.number);
                let nothing_yet = (row.open.currency, String::new());
                let form = purpose::outside(&whose, row.id, Vec::new(), nothing_yet, cx);
                cx.open.push(form);
            }
            Action::Promise => {
                let Some(d) = self.current_detail() else {
                    cx.say("still reading it");
                    return true;
                };
                let of = Standing {
                    owing: Owing { account: row.id, currency: row.open.currency, document: None },
                    account: &row.number,
                    number: "",
                    promised_on: None,
                    disputed: false,
                    plan: d.plans.first().map(|plan| plan.id),
                    case: d.case.as_ref().map(|case| case.id),
                    stop: d.stop.as_ref().map_or("", |stop| stop.kind.as_str()),
                };
                agreed::menu(&of, cx);
            }
            Action::Method => {
                if let Some(detail) = self.current_detail() {
                    choose_method(detail, cx);
                }
            }
            Action::Payments => {
                let title = format!("Payments of {}", row.number);
                money::ask_for(title, Whose::Account(row.id), ScreenId::Accounts, cx);
            }
            Action::AccountPage => {
                account_page::show(ScreenId::Accounts, row.id, &row.number, cx);
            }
            Action::Usage => usage::show(ScreenId::Accounts, Some(row.number), cx),
            _ => return false,
        }
        true
    }

    fn preview(&self, _width: usize, _cx: &Cx) -> Vec<Line> {
        let Some((row, d)) = self.list.current().zip(self.current_detail()) else {
            return Vec::new();
        };
        let methods: Vec<&str> = d.methods.iter().map(|m| m.display.as_str()).collect();
        let note = d.notes.iter().find(|n| n.struck_by.is_none() && n.strikes.is_none());
        let note = note.map(|n| format!(" · {}", n.text)).unwrap_or_default();
        let second = format!("{}{note}", methods.join(", "));
        vec![Line::plain(row.emails.clone()), Line::plain(second)]
    }

    fn about(&self, width: usize, cx: &Cx) -> Vec<Line> {
        let here = self.list.current().zip(self.current_detail());
        here.map(|(row, d)| lines(row, d, width, cx)).unwrap_or_default()
    }

    fn moved(&mut self, cx: &mut Cx) {
        if let Some(id) = self.list.current().map(|r| r.id) {
            self.asked = Some(id);
            cx.load(ScreenId::Accounts, Part::Detail, Query::Account(id));
        }
    }

    fn answered(&mut self, answer: Answer) {
        if let Answer::Account(detail) = answer {
            self.detail = self.asked.map(|id| (id, detail));
        }
    }
}
