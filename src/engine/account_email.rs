//! Corrects the e-mail addresses of an account: an import of one row, by all its rules, so that a
//! second person is asked for where an import would ask, and copies that have not left follow.

use super::command::{EMAIL_OF, Receipt};
use super::import::{self, Options};
use super::{Error, Session};
use crate::domain::text::grouped;
use crate::store::{StoreError, account, envelope};

/// Sets the addresses (several by `;`), unless they are others by now than who corrects them saw.
pub fn correct(
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
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let file = format!("account_number,email\n{},{}\n", quoted(number), quoted(emails));
    let files = vec![(format!("{EMAIL_OF} {number}"), file.into_bytes())];
    let report = import::import_texts(session, files, &Options::default())?;
    let mut receipt = Receipt::default();
    for file in &report.files {
        if let Some(refused) = file.refused.first() {
            let message = format!("{}: {}", refused.value, refused.message);
            return Err(Error::usage("bad_email", message, refused.hint.clone()));
        }
        receipt.done += file.changed;
        receipt.summary = match file.waiting.first() {
            Some(row) => format!(
                "it waits: {}; {}; somebody else who may confirms it by doing the same",
                row.what, row.why
            ),
            None if file.changed == 0 => format!("{number} has these addresses already"),
            None => format!("{number}: e-mail goes to {emails}; {follows}"),
        };
    }
    Ok(receipt)
}
