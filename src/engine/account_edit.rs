//! Changes what an account says of itself: an import of one row, by all its rules, so that a second person
//! is asked for where an import would ask, and copies that have not left follow.

use super::command::{EMAIL_OF, Receipt};
use super::import::{self, Options};
use super::{Error, Session};
use crate::domain::text::grouped;
use crate::import::account::{self as csv, AccountColumns};
use crate::import::header::Columns as _;
use crate::store::{StoreError, account, envelope};

/// What became of a change.
#[derive(Debug, Clone)]
pub struct Edited {
    pub receipt: Receipt,
    /// Whether it waits for a second person, and nothing changed.
    pub waiting: bool,
}

/// Sets columns of accounts.csv of one account; those that are not named stay.
pub fn edit(
    session: &mut Session,
    number: &str,
    fields: &[(String, String)],
) -> Result<Edited, Error> {
    set(session, (format!("account {number}"), number), fields)
}

/// The same, unless a column is another by now than who changes it saw.
pub fn edit_seen(
    session: &mut Session,
    number: &str,
    was: &[(String, String)],
    fields: &[(String, String)],
) -> Result<Edited, Error> {
    let now = session.read(|db| {
        let found = account::find(db, number)?;
        let found = found.ok_or_else(|| StoreError::NotFound(format!("account {number}")))?;
        let versions = account::versions(db, found.id)?;
        Ok(versions.last().map(|v| csv::fields(&v.terms)).unwrap_or_default())
    })?;
    for (column, was) in was {
        if let Some((_, now)) = now.iter().find(|(known, now)| *known == column && now != was) {
            let message = format!("{number}: {column} is {now:?} by now, not {was:?}");
            return Err(Error::usage("changed", message, "look at it again"));
        }
    }
    edit(session, number, fields)
}

fn set(
    session: &mut Session,
    (name, number): (String, &str),
    fields: &[(String, String)],
) -> Result<Edited, Error> {
    let all = || AccountColumns::ALL.iter().map(|(name, _)| *name).skip(1);
    if let Some((wrong, _)) = fields.iter().find(|(field, _)| all().all(|known| known != field)) {
        let hint = all().collect::<Vec<_>>().join(", ");
        return Err(Error::usage("bad_field", format!("an account has no {wrong:?}"), hint));
    }
    session.read(|db| {
        let found = account::find(db, number)?;
        found.ok_or_else(|| StoreError::NotFound(format!("account {number}")))
    })?;
    let row = |cells: &mut dyn Iterator<Item = &str>| {
        cells.map(|text| format!("\"{}\"", text.replace('"', "\"\""))).collect::<Vec<_>>().join(",")
    };
    let head =
        row(&mut std::iter::once("account_number").chain(fields.iter().map(|f| f.0.as_str())));
    let cells = row(&mut std::iter::once(number).chain(fields.iter().map(|f| f.1.as_str())));
    let files = vec![(name, format!("{head}\n{cells}\n").into_bytes())];
    let report = import::import_texts(session, files, &Options::default())?;
    let mut done = Edited { receipt: Receipt::default(), waiting: false };
    for file in &report.files {
        if let Some(refused) = file.refused.first() {
            let message = format!("{} {}: {}", refused.column, refused.value, refused.message);
            return Err(Error::usage(code(&refused.column), message, refused.hint.clone()));
        }
        done.receipt.done += file.changed;
        done.receipt.summary = match file.waiting.first() {
            Some(row) => {
                done.waiting = true;
                format!(
                    "it waits: {}; {}; somebody else who may confirms it by doing the same",
                    row.what, row.why
                )
            }
            None if file.changed == 0 => format!("{number} has this already"),
            None => {
                let said = |(field, value): &(String, String)| match value.as_str() {
                    "" => format!("no {field}"),
                    value => format!("{field} {value}"),
                };
                let all: Vec<String> = fields.iter().map(said).collect();
                format!("{number}: {}", all.join(", "))
            }
        };
    }
    Ok(done)
}

/// The word for programs of a refused column: its name.
fn code(column: &str) -> &'static str {
    let all = AccountColumns::ALL.iter().map(|(name, _)| *name);
    all.into_iter().find(|known| *known == column).unwrap_or("bad_field")
}

/// Sets the e-mail addresses (several by `;`), unless they are others by now than who corrects them saw.
pub fn correct_email(
    session: &mut Session,
    number: &str,
    (was, emails): (&str, &str),
) -> Result<Receipt, Error> {
    let (now, bounced) = session.read(|db| {
        let found = account::find(db, number)?;
        let found = found.ok_or_else(|| StoreError::NotFound(number.to_owned()))?;
        let versions = account::versions(db, found.id)?;
        let now = versions.last().map(|v| v.terms.emails.join(";")).unwrap_or_default();
        Ok((now, envelope::bounced(db, found.id)?))
    })?;
    let follows = match bounced {
        0 => "what has not left follows; e corrects it again".to_owned(),
        1 => "what has not left follows; what bounced: r on 4 Delivery sends it there".to_owned(),
        n => format!(
            "what has not left follows; the {} that bounced: r on 4 Delivery sends them there",
            grouped(n)
        ),
    };
    if now != was {
        let message = format!("{number} has {now} by now, not {was}");
        return Err(Error::usage("changed", message, "look at it again"));
    }
    let fields = [("email".to_owned(), emails.to_owned())];
    let name = format!("{EMAIL_OF} {number}");
    let done = set(session, (name, number), &fields).map_err(|error| match error {
        Error::Usage { code: "email", message, hint } => {
            Error::usage("bad_email", message.trim_start_matches("email ").to_owned(), hint)
        }
        other => other,
    })?;
    let mut receipt = done.receipt;
    if !done.waiting {
        receipt.summary = match receipt.done {
            0 => format!("{number} has these addresses already"),
            _ => format!("{number}: e-mail goes to {emails}; {follows}"),
        };
    }
    Ok(receipt)
}
