//! `account explain`: one month of an account on one page, in words for the customer and the clerk who
//! talks to them: to read, as JSON's twin, and as a PDF to send.

mod happened;
mod priced;
mod shown;

use super::{Error, Session};
use crate::document::{Letterhead, Press, PrintError};
use crate::domain::ids::AccountId;
use crate::domain::leaf::{Leaf, Part, Row, Side};
use crate::domain::month::Month;
use crate::domain::text::counted;
use crate::store::read::account_page::{self, AccountPage, OpenRow};
use crate::store::{Db, account, settings};
pub use priced::price;
use shown::end;

/// The page of an account in a month (this one, where none is named).
pub fn read(session: &Session, number: &str, month: Option<&str>) -> Result<AccountPage, Error> {
    let today = session.now()?.today;
    let month = match month {
        None => Month::of(today),
        Some(text) => Month::parse(text).ok_or_else(|| {
            let message = format!("{text:?} is no month");
            Error::usage("bad_period", message, format!("as in --period {}", Month::of(today)))
        })?,
    };
    if month > Month::of(today) {
        let message = format!("{month} has not begun: today is {today}");
        return Err(Error::usage("bad_period", message, "name this month or one before it"));
    }
    let (found, near) = session.read(|db| {
        let found = account::find(db, number)?;
        let near = if found.is_some() { Vec::new() } else { account_page::near(db, number)? };
        Ok((found, near))
    })?;
    let Some(found) = found else {
        let hint = match near.as_slice() {
            [] => "this book has no account yet: daybook import accounts.csv".to_owned(),
            near => format!("near it: {}", near.join(", ")),
        };
        return Err(Error::usage("not_found", format!("no account {number}"), hint));
    };
    session.read(|db| account_page::read(db, found.id, month, today))
}

/// Why something is open at the end of the month, in words.
pub fn why(page: &AccountPage, row: &OpenRow) -> String {
    happened::why(page, row, end(page))
}

/// How the file of a page is named.
pub fn file_name(page: &AccountPage) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' };
    let number: String = page.number.chars().map(safe).collect();
    format!("account-{}-{}.pdf", number.trim_start_matches('.'), page.month)
}

/// The page as a PDF, with the issuer of the book.
pub fn pdf(db: &Db<'_>, page: &AccountPage) -> Result<Vec<u8>, Error> {
    let config = settings::load(db)?;
    let head = Letterhead::of(&config, page.month.span().to.min(page.today));
    let refuse = |why: PrintError| {
        let hint = "correct what it names, and ask again";
        Error::usage("unprintable", format!("the page cannot be printed: {why}"), hint)
    };
    let press = Press::open().map_err(|e| Error::Bug(e.to_string()))?;
    let set = press.leaf(&leaf(page), &head).map_err(refuse)?;
    Ok(set.pdf(press))
}

/// The name of the file of a page, and the file.
pub fn made(
    session: &Session,
    account: AccountId,
    month: Month,
) -> Result<(String, Vec<u8>), Error> {
    let today = session.now()?.today;
    session.store.read(|db| {
        let page = account_page::read(db, account, month, today)?;
        Ok((file_name(&page), pdf(db, &page)?))
    })
}

/// The page in words.
pub fn leaf(page: &AccountPage) -> Leaf {
    let mut parts = Vec::new();
    balance(page, &mut parts);
    priced::prices(page, &mut parts);
    priced::usage(page, &mut parts);
    happened::documents(page, &mut parts);
    happened::money(page, &mut parts);
    happened::open(page, &mut parts);
    Leaf {
        title: format!("Account {}, {}", page.number, page.month.name()),
        under: under(page),
        parts,
    }
}

/// Who, and by which terms.
fn under(page: &AccountPage) -> Vec<String> {
    let t = &page.terms;
    let pays = match (t.auto_pay, page.methods.first()) {
        (true, Some(method)) => format!("paid automatically by {method}"),
        (true, None) => "to be paid automatically, and has no payment method".to_owned(),
        (false, _) => "the customer pays".to_owned(),
    };
    let mut facts =
        vec![t.payment_term.clone(), pays, format!("billed on day {}", t.bill_cycle_day)];
    let status = t.status.to_string();
    if status != "active" {
        facts.push(status);
    }
    facts.retain(|fact| !fact.is_empty());
    let mut under = vec![t.name.clone(), facts.join(" · ")];
    let span = page.month.span();
    if page.today < span.to {
        under.push(format!("so far, on {}: the month is not over", page.today));
    }
    match page.first_on {
        None => under.push("Nothing was posted for this account yet.".to_owned()),
        Some(first) if first > span.to => under.push(format!(
            "This is before its first document, which is of {first}: nothing was posted yet."
        )),
        Some(_) => {}
    }
    under
}

fn balance(page: &AccountPage, parts: &mut Vec<Part>) {
    let span = page.month.span();
    let mut columns = vec![(String::new(), Side::Flows)];
    columns.extend(page.movements.iter().map(|m| (m.currency.to_string(), Side::Right)));
    let row = |weight: fn([String; 0]) -> Row, label: String, minors: Vec<i64>| {
        let mut row = weight([]);
        row.cells.push(label);
        let amounts = page.movements.iter().zip(minors);
        row.cells.extend(amounts.map(|(m, minor)| m.currency.grouped(minor)));
        row
    };
    let opening = page.movements.iter().map(|m| m.opening).collect();
    let mut rows = vec![row(Row::strong, format!("owed before {}", span.from), opening)];
    let events: Vec<Vec<_>> = page.movements.iter().map(|m| m.events().collect()).collect();
    for at in 0..events.first().map_or(0, Vec::len) {
        let minors: Vec<i64> = events.iter().map(|e: &Vec<(_, i64, _)>| e[at].1).collect();
        let (label, _, always) = events[0][at];
        if always || minors.iter().any(|minor| *minor != 0) {
            rows.push(row(Row::plain, label.to_owned(), minors));
        }
    }
    let closing = page.movements.iter().map(|m| m.closing).collect();
    rows.push(row(Row::strong, format!("owed on {}", end(page)), closing));
    parts.push(Part::Table(columns, rows));
    if page.movements.iter().any(|m| m.closing < 0) {
        parts.push(Part::Text("Below zero the customer has it to the good.".to_owned()));
    }
    if page.drafts > 0 {
        let drafts = counted(page.drafts, "draft waits", "drafts wait");
        parts.push(Part::Text(format!("{drafts} to be posted, not counted here.")));
    }
}
