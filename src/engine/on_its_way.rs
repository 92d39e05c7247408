//! An invoice whose money is on its way: who would settle it otherwise is told and asked first. If that
//! money comes too, what is too much stays unapplied and a task asks whether to refund it.

use super::Error;
use crate::domain::ids::DocumentId;
use crate::store::{Db, payment};

/// Whether a person was told what an act meets, and said to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sure {
    /// Ask first.
    Ask,
    /// They said so.
    Yes,
}

impl Sure {
    /// By the flag `--yes`.
    pub fn of(yes: bool) -> Self {
        if yes { Self::Yes } else { Self::Ask }
    }
}

/// What follows for an invoice that is settled otherwise, if its payment comes too.
pub const EXCESS: &str =
    "if that comes too, what is too much stays unapplied and a task asks for a refund";
/// What follows for a written-off invoice.
pub const REVIVED: &str = "if that comes after all, the write-off is taken back and it is paid";

/// Says which payments of these documents are on their way, and asks; `then` is what follows if they
/// come too.
pub fn ask(db: &Db<'_>, documents: &[DocumentId], then: &str, sure: Sure) -> Result<(), Error> {
    if sure == Sure::Yes {
        return Ok(());
    }
    let mut live = Vec::new();
    for document in documents {
        live.extend(told(db, *document)?);
    }
    if live.is_empty() {
        return Ok(());
    }
    Err(Error::NeedsYes { message: format!("{}: {then}", live.join("; ")) })
}

/// The payment of a document that is on its way, in words.
pub fn told(db: &Db<'_>, document: DocumentId) -> Result<Option<String>, Error> {
    let Some(row) = payment::live_of_document(db, document)? else { return Ok(None) };
    let allocations = payment::allocations(db, row.id)?;
    let numbers: Vec<&str> = allocations.iter().map(|a| a.number.as_str()).collect();
    let sum = row.currency.grouped(row.amount_minor);
    Ok(Some(format!(
        "{} of {sum} {} for {} is on its way ({})",
        row.id,
        row.currency,
        numbers.join(" "),
        row.status
    )))
}
