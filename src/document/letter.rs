//! What a mail says: subject and text from the texts of its language, and the same as HTML.

use super::printable::Printable;
use super::texts::Key;
use super::tongue::Tongue;
use crate::domain::document::DocumentKind;
use crate::domain::money::{Currency, Money};
use crate::domain::speech::Language;
use crate::domain::text;
use chrono::NaiveDate;

/// A mail before it has an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    pub subject: String,
    /// Lines parted by `\n`.
    pub text: String,
    language: Language,
}

impl Letter {
    /// That carries a document.
    pub fn of(document: &Printable) -> Self {
        let tongue = &document.tongue;
        let (title, issuer) = (tongue.title(document.kind), document.issuer.name.as_str());
        let number = document.number.as_str();
        let subject = if issuer.is_empty() {
            tongue.fill(Key::MailSubjectUnnamed, &[&title, number])
        } else {
            tongue.fill(Key::MailSubject, &[&title, number, issuer])
        };
        let day = tongue.date(document.invoice_date);
        let total = tongue.sum(document.currency, document.total_minor);
        let (correction, payment) = (correction(document), payment(document));
        let (customer, footer) =
            (document.customer.name.as_str(), document.issuer.footer.join("\n"));
        let text = match document.kind {
            DocumentKind::Invoice => {
                let values =
                    [number, &day, &total, &correction, &payment, customer, issuer, &footer];
                tongue.fill_lines(Key::MailInvoice, &values)
            }
            DocumentKind::CreditMemo | DocumentKind::WriteOff => {
                let values = [number, &day, &total, &correction, customer, issuer, &footer];
                tongue.fill_lines(Key::MailCreditMemo, &values)
            }
            DocumentKind::DebitMemo => {
                let values =
                    [number, &day, &total, &correction, &payment, customer, issuer, &footer];
                tongue.fill_lines(Key::MailDebitMemo, &values)
            }
        };
        Self { subject, text, language: tongue.language() }
    }

    /// Of words that are made.
    pub(super) fn new(tongue: &Tongue, subject: String, text: String) -> Self {
        Self { subject, text, language: tongue.language() }
    }

    /// That reminds of what is overdue.
    pub fn reminder(tongue: &Tongue, of: &Overdue<'_>) -> Self {
        let keys = [Key::ReminderSubjectOne, Key::ReminderSubjectFew, Key::ReminderSubjectOther];
        let subject = tongue.many(of.invoices.len(), keys);
        let line = |debt: &OverdueLine| {
            let sum = tongue.sum(debt.currency, debt.open_minor);
            tongue.fill(Key::ReminderLine, &[&debt.number, &tongue.date(debt.due_on), &sum])
        };
        let flat = |fee: &FeeWords| {
            let money = fee.flat?;
            let sum = tongue.sum(money.currency, money.minor);
            Some(tongue.fill(Key::ReminderFlat, &[&fee.number, &fee.law, &sum]))
        };
        let interest = |fee: &FeeWords| {
            let (money, from, to) = fee.interest?;
            let sum = tongue.sum(money.currency, money.minor);
            let (from, to) = (tongue.date(from), tongue.date(to));
            let values = [fee.number.as_str(), &from, &to, &fee.law, &sum];
            Some(tongue.fill(Key::ReminderInterest, &values))
        };
        let fees = of.fees.iter().flat_map(|fee| flat(fee).into_iter().chain(interest(fee)));
        let invoices = of.invoices.iter().map(line).chain(fees).collect::<Vec<_>>().join("\n");
        let paid = if of.paid_in_part { tongue.say(Key::ReminderPaid) } else { String::new() };
        let day = tongue.date(of.today);
        let values = [&day, &invoices, &paid, of.bank, of.customer, of.issuer];
        Self {
            subject,
            text: tongue.fill_lines(Key::Reminder, &values),
            language: tongue.language(),
        }
    }

    /// As text/plain has it.
    pub fn plain(&self) -> String {
        self.text.split('\n').map(text::clean).collect::<Vec<_>>().join("\r\n")
    }

    /// As text/html has it: a paragraph where a blank line parts them.
    pub fn html(&self) -> String {
        let clean: Vec<_> = self.text.split('\n').map(text::clean).collect();
        let mut body = String::new();
        for part in clean.split(|line| line.trim().is_empty()).filter(|part| !part.is_empty()) {
            let lines: Vec<String> = part.iter().map(|line| escaped(line)).collect();
            body.push_str(&format!("<p>{}</p>\r\n", lines.join("<br>\r\n")));
        }
        format!(
            "<!DOCTYPE html>\r\n<html lang=\"{}\">\r\n<head><meta charset=\"utf-8\">\
             <title>{}</title></head>\r\n<body style=\"font-family: sans-serif\">\r\n{body}\
             </body>\r\n</html>\r\n",
            self.language,
            escaped(&text::clean(&self.subject))
        )
    }
}

/// What an account is reminded of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overdue<'a> {
    pub today: NaiveDate,
    pub invoices: Vec<OverdueLine>,
    /// What is claimed for it.
    pub fees: Vec<FeeWords>,
    /// Whether something came of them, or was credited.
    pub paid_in_part: bool,
    /// Where to pay, lines parted by `\n`.
    pub bank: &'a str,
    pub customer: &'a str,
    pub issuer: &'a str,
}

/// One invoice of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OverdueLine {
    pub number: String,
    pub due_on: NaiveDate,
    pub currency: Currency,
    /// What is left of it.
    pub open_minor: i64,
}

/// What is claimed for late payment of one of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeeWords {
    /// The invoice's number.
    pub number: String,
    pub flat: Option<Money>,
    /// With its days, both inclusive.
    pub interest: Option<(Money, NaiveDate, NaiveDate)>,
    pub law: String,
}

fn correction(document: &Printable) -> String {
    document.corrects.as_ref().map_or_else(String::new, |corrected| {
        let of = document.tongue.date(corrected.date);
        let key = match document.kind {
            DocumentKind::Invoice => Key::MailReplaces,
            DocumentKind::CreditMemo | DocumentKind::DebitMemo | DocumentKind::WriteOff => {
                Key::MailCorrects
            }
        };
        document.tongue.fill(key, &[&corrected.number, &of])
    })
}

/// Who pays what, when and how.
fn payment(document: &Printable) -> String {
    let (tongue, due) = (&document.tongue, document.due_minor());
    if due <= 0 {
        return tongue.say(Key::NothingLeft);
    }
    let sum = tongue.sum(document.currency, due);
    if !document.collected_from.is_empty() {
        return tongue.fill(Key::MailCollected, &[&sum, &document.collected_from]);
    }
    let day = document.due_date.map(|day| tongue.date(day));
    match (day, &document.pay) {
        (Some(day), Some(_)) => tongue.fill(Key::MailPayQuoting, &[&sum, &day, &document.quoted()]),
        (Some(day), None) => tongue.fill(Key::MailPay, &[&sum, &day]),
        (None, Some(_)) => tongue.fill(Key::Pay, &[&sum, &document.quoted()]),
        (None, None) => tongue.fill(Key::MailPaySome, &[&sum]),
    }
}

/// Text between tags: what HTML would read is written as what it is (WHATWG HTML, 13.1.2), blanks at the
/// beginning of a line stay.
fn escaped(line: &str) -> String {
    let blanks = line.len() - line.trim_start_matches(' ').len();
    let mut out = "&nbsp;".repeat(blanks);
    for c in line.trim_start_matches(' ').chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_says_the_same_and_nothing_of_it_is_read_as_html() {
        let letter = Letter {
            subject: "A & B </title>".to_owned(),
            text: "Hello <b>\"you\"</b>\n\n  one\n  two\n\u{1b}[2Jend\n".to_owned(),
            language: Language::German,
        };
        let html = letter.html();
        assert!(html.contains("<html lang=\"de\">") && html.contains("A &amp; B &lt;/title&gt;"));
        assert!(html.contains("<p>Hello &lt;b&gt;&quot;you&quot;&lt;/b&gt;</p>"), "{html}");
        assert!(
            html.contains("<p>&nbsp;&nbsp;one<br>\r\n&nbsp;&nbsp;two<br>\r\n[2Jend</p>"),
            "{html}"
        );
        assert_eq!(letter.plain(), "Hello <b>\"you\"</b>\r\n\r\n  one\r\n  two\r\n[2Jend\r\n");
    }
}
