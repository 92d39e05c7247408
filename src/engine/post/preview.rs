//! A draft as it would be printed if it were posted now: a file to look at, under a mark that says it is
//! no invoice. Nothing is numbered, sent or written into the book.

use super::judged;
use crate::document::{Press, Stamp, batch};
use crate::domain::document::DocumentStatus;
use crate::domain::ids::DocumentId;
use crate::engine::command::Receipt;
use crate::engine::{Error, Session, printed, tray};
use crate::store::document;

/// A draft as a file.
#[derive(Debug, Clone)]
pub struct Preview {
    /// A file name for it.
    pub name: String,
    /// The file.
    pub bytes: Vec<u8>,
    /// What stands across its pages.
    pub mark: String,
    /// The version that is shown.
    pub version: i64,
    /// Why it cannot be printed so once it is posted; none when it can.
    pub unfit: Option<String>,
}

/// Draws a draft.
pub fn pdf(session: &Session, id: DocumentId) -> Result<Preview, Error> {
    let config = session.config()?;
    let today = session.now()?.today;
    let (row, shown, unfit) = session.store.read(|db| {
        let row = document::get(db, id)?;
        match row.status {
            DocumentStatus::Draft => {}
            DocumentStatus::Posted => {
                let message = format!("{id} is posted: it is no draft any more");
                return Err(Error::usage("not_a_draft", message, "daybook invoice pdf writes it"));
            }
            DocumentStatus::Canceled => {
                let message = format!("{id} is canceled: nobody will print it");
                return Err(Error::usage("not_a_draft", message, "bill its account again"));
            }
        }
        let (taxes, frozen) = (document::taxes(db, id)?, judged::freeze(db, &row, &config)?);
        let unfit = printed::unfit(db, row.clone(), taxes.clone(), frozen.clone())?;
        let shown = printed::unposted(db, row.clone(), taxes, frozen)?;
        Ok::<_, Error>((row, shown, unfit))
    })?;
    let of = format!("{id}, version {}, as of {today}", row.version);
    let stamp = Stamp::draft(row.kind, of);
    let press = Press::open().map_err(|e| Error::Bug(e.to_string()))?;
    let set = press
        .stamped(&shown, &stamp)
        .map_err(|e| Error::usage("cannot_print", e.to_string(), "mend the text, then repeat"))?;
    let name = batch::file_name(&format!("DRAFT-{id}-v{}", row.version));
    Ok(Preview { name, bytes: set.pdf(press), mark: stamp.mark, version: row.version, unfit })
}

/// Writes it into a directory; empty = where print files lie beside the book.
pub fn write(session: &Session, id: DocumentId, directory: &str) -> Result<Receipt, Error> {
    let made = pdf(session, id)?;
    let path = tray::lay(session, directory, &made.name, &made.bytes)?;
    let why = made.unfit.map(|why| format!("; {why}")).unwrap_or_default();
    let summary = format!("{} ({}): nothing was sent{why}", path.display(), made.mark);
    Ok(Receipt { summary, done: 1, ..Receipt::default() })
}
