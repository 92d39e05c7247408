//! Reports for people and programs: what is asked for is read from one view of the book, with the head of
//! its audit trail, so that a report can be shown to be of that book.

use crate::domain::report::{Asked, Cell, Summary};
use crate::engine::{Error, Session};
use crate::store::{StoreError, account, operation, report};

/// What a report is of and comes to.
#[derive(Debug, Clone)]
pub struct Reported {
    pub summary: Summary,
    /// The hash of the newest row of the audit trail, in hexadecimal.
    pub audit_head: String,
}

/// Reads a report and hands its rows over one by one. Whatever is asked for and is not there is refused.
pub fn read(
    session: &Session,
    asked: &Asked,
    take: &mut dyn FnMut(Vec<Cell>) -> Result<(), StoreError>,
) -> Result<Reported, Error> {
    session.store.read(|db| {
        if let Some(number) = &asked.account
            && account::find(db, number)?.is_none()
        {
            return Err(Error::usage(
                "unknown_account",
                format!("there is no account {number}"),
                "8 Accounts of the console lists them",
            ));
        }
        let summary = report::read(db, asked, take)?;
        let (_, head) = operation::head(db)?;
        let audit_head = head.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Reported { summary, audit_head })
    })
}
