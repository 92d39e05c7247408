//! A statement of account as a page, and the mail that carries it, in the words of the account.

use super::error::PrintError;
use super::frozen::Letterhead;
use super::invoice::{Press, Typeset};
use super::letter::Letter;
use super::texts::Key;
use super::tongue::Tongue;
use crate::domain::document::DocumentKind;
use crate::domain::frozen::{Customer, Issuer};
use crate::domain::leaf::{Leaf, Part, Row, Side};
use crate::domain::money::Currency;
use crate::domain::period::Span;
use crate::domain::statement::{Event, Line, Open, Statement};

/// What goes to a customer: every currency that the account has.
#[derive(Debug, Clone)]
pub struct ToCustomer<'a> {
    pub tongue: &'a Tongue,
    pub issuer: &'a Issuer,
    pub customer: &'a Customer,
    /// The account's number.
    pub account: &'a str,
    pub span: Span,
    /// Of what is legally owed.
    pub statements: &'a [Statement],
}

impl Press {
    /// Sets it. Refused by name when a character has no font.
    pub fn statement(self, of: &ToCustomer<'_>, head: &Letterhead) -> Result<Typeset, PrintError> {
        self.leaf(&leaf(of), head)
    }
}

/// The mail that carries it.
pub fn letter(of: &ToCustomer<'_>) -> Letter {
    let tongue = of.tongue;
    let day = tongue.date(of.span.to);
    let balance = |one: &Statement| {
        let sum = tongue.sum(one.currency, one.closing);
        tongue.fill(Key::StatementBalanceLine, &[&day, &sum])
    };
    let balances: Vec<String> = of.statements.iter().map(balance).collect();
    let legal = tongue.say(Key::StatementLegal);
    let owes = of.statements.iter().any(|one| one.closing > 0);
    let bank = if owes { of.issuer.bank.join("\n") } else { String::new() };
    let values =
        [&span(of), &balances.join("\n"), &legal, &bank, &of.customer.name, &of.issuer.name];
    let text = tongue.fill_lines(Key::StatementMail, &values.map(String::as_str));
    Letter::new(tongue, tongue.fill(Key::StatementSubject, &[&day]), text)
}

fn span(of: &ToCustomer<'_>) -> String {
    let (from, to) = (of.tongue.date(of.span.from), of.tongue.date(of.span.to));
    of.tongue.fill(Key::StatementSpan, &[&from, &to])
}

fn leaf(of: &ToCustomer<'_>) -> Leaf {
    let tongue = of.tongue;
    let mut under = of.customer.window();
    if under.is_empty() {
        under.push(of.customer.name.clone());
    }
    under.push(format!("{} {} · {}", tongue.say(Key::Account), of.account, span(of)));
    let mut sender = vec![of.issuer.name.clone()];
    sender.extend(of.issuer.address.iter().cloned());
    if !of.issuer.tax_id.is_empty() {
        sender.push(tongue.tax_id(&of.issuer.tax_id));
    }
    sender.retain(|line| !line.is_empty());
    under.push(sender.join(" · "));
    let mut parts = Vec::new();
    for one in of.statements {
        parts.push(Part::Heading(format!(
            "{} {}",
            tongue.say(Key::StatementActivity),
            one.currency
        )));
        parts.push(activity(tongue, of.span, one));
        parts.push(Part::Heading(format!("{} {}", tongue.say(Key::StatementOpen), one.currency)));
        parts.push(items(tongue, one));
    }
    if of.statements.is_empty() {
        parts.push(Part::Text(tongue.say(Key::StatementNothing)));
    }
    parts.push(Part::Text(String::new()));
    parts.push(Part::Text(tongue.say(Key::StatementLegal)));
    if of.statements.iter().any(|one| one.closing > 0) && !of.issuer.bank.is_empty() {
        parts.push(Part::Text(format!(
            "{}: {}",
            tongue.say(Key::Payment),
            of.issuer.bank.join(", ")
        )));
    }
    parts.extend(of.issuer.footer.iter().map(|line| Part::Text(line.clone())));
    Leaf { title: tongue.say(Key::Statement), under, parts }
}

fn in_currency(tongue: &Tongue, key: Key, currency: Currency) -> (String, Side) {
    (tongue.fill(key, &[currency.code()]), Side::Right)
}

fn activity(tongue: &Tongue, span: Span, one: &Statement) -> Part {
    let columns = vec![
        (tongue.say(Key::StatementDate), Side::Left),
        (tongue.say(Key::StatementWhat), Side::Flows),
        (tongue.say(Key::DueDate), Side::Left),
        in_currency(tongue, Key::Amount, one.currency),
        in_currency(tongue, Key::StatementBalance, one.currency),
    ];
    let figure = |minor| tongue.figure(one.currency, minor);
    let sum = |key: Key, day, minor| {
        let words = tongue.fill(key, &[&tongue.date(day)]);
        let nothing = String::new;
        Row::strong([nothing(), words, nothing(), nothing(), figure(minor)])
    };
    let mut rows = vec![sum(Key::StatementOpening, span.from, one.opening)];
    rows.extend(one.lines.iter().map(|line| {
        let due = line.due_on.map(|day| tongue.date(day)).unwrap_or_default();
        let what = format!("{} {}", said(tongue, line), line.number);
        let (amount, balance) = (figure(line.minor), figure(line.balance));
        Row::plain([tongue.date(line.on), what.trim_end().to_owned(), due, amount, balance])
    }));
    rows.push(sum(Key::StatementClosing, span.to, one.closing));
    Part::Table(columns, rows)
}

/// What happened, in the customer's words.
fn said(tongue: &Tongue, line: &Line) -> String {
    match line.event {
        Event::Invoice => tongue.title(DocumentKind::Invoice),
        Event::DebitMemo => tongue.title(DocumentKind::DebitMemo),
        Event::CreditMemo => tongue.title(DocumentKind::CreditMemo),
        Event::WriteOff => tongue.title(DocumentKind::WriteOff),
        Event::Payment => tongue.say(Key::Payment),
        Event::Refund => tongue.say(Key::StatementRefund),
        Event::Return => tongue.say(Key::StatementReturn),
        Event::Chargeback => tongue.say(Key::StatementChargeback),
        Event::OpeningItem | Event::CarriedOver => tongue.say(Key::StatementOpeningItem),
        Event::WriteOffUndone | Event::Recovery | Event::Difference | Event::Moved => {
            tongue.say(Key::StatementOther)
        }
    }
}

fn items(tongue: &Tongue, one: &Statement) -> Part {
    if one.open.is_empty() && one.credit == 0 {
        return Part::Text(tongue.say(Key::StatementNothing));
    }
    let columns = vec![
        (tongue.say(Key::StatementDate), Side::Left),
        (tongue.fill(Key::Number, &[&tongue.title(DocumentKind::Invoice)]), Side::Flows),
        (tongue.say(Key::DueDate), Side::Left),
        (tongue.say(Key::StatementDays), Side::Right),
        in_currency(tongue, Key::StatementTotal, one.currency),
        in_currency(tongue, Key::StatementLeft, one.currency),
    ];
    let figure = |minor| tongue.figure(one.currency, minor);
    let item = |item: &Open| {
        let days = if item.days > 0 { item.days.to_string() } else { String::new() };
        let (on, due) = (tongue.date(item.on), tongue.date(item.due_on));
        Row::plain([on, item.number.clone(), due, days, figure(item.total), figure(item.open)])
    };
    let mut rows: Vec<Row> = one.open.iter().map(item).collect();
    let sum = |words: String, minor| {
        let nothing = String::new;
        Row::strong([nothing(), words, nothing(), nothing(), nothing(), figure(minor)])
    };
    if one.credit != 0 {
        rows.push(sum(tongue.say(Key::StatementNotApplied), one.credit));
    }
    rows.push(sum(tongue.say(Key::AmountDue), one.of_items()));
    Part::Table(columns, rows)
}
