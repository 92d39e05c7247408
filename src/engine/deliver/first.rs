//! What a copy made now says beside the one that left first.

use crate::document::{Layout, imprint};
use crate::domain::delivery::{FirstCopy, Imprint};
use crate::domain::ids::{DeliveryId, DocumentId};
use crate::engine::{Error, Session};
use crate::store;
use std::collections::BTreeSet;

/// A document as a file made now.
#[derive(Debug, Clone)]
pub struct Pdf {
    /// A file name for it.
    pub name: String,
    /// The file.
    pub bytes: Vec<u8>,
    /// Its layout and hash.
    pub imprint: Imprint,
    /// In words how it differs from the copy that left first; none when it does not.
    pub beside: Option<String>,
}

/// What is known of the copy that left first, and the layout of copies made now.
pub fn of(session: &Session, document: DocumentId) -> Result<(FirstCopy, u32), Error> {
    session.read(|db| {
        let layout = store::document::get(db, document)?.layout()?;
        Ok((store::first_copy::get(db, document)?, layout.number()))
    })
}

/// A file of a document with what it says beside the first.
pub(super) fn pdf(
    session: &Session,
    document: DocumentId,
    (name, bytes, layout): (String, Vec<u8>, Layout),
) -> Result<Pdf, Error> {
    let imprint = imprint(&bytes, layout);
    let first = session.read(|db| store::first_copy::get(db, document))?;
    let beside = first.beside(&imprint, session.config()?.zone());
    Ok(Pdf { name, bytes, imprint, beside })
}

/// What each of some copies says beside the first of its document: `INV-2026-000001: delivered …`.
pub(super) fn beside(
    session: &Session,
    copies: &[(DocumentId, &str, &Imprint)],
) -> Result<Vec<String>, Error> {
    let zone = session.config()?.zone();
    session.read(|db| {
        let mut out = Vec::new();
        for (document, number, imprint) in copies {
            let first = store::first_copy::get(db, *document)?;
            out.extend(first.beside(imprint, zone).map(|words| format!("{number}: {words}")));
        }
        Ok(out)
    })
}

/// The documents of these copies whose first copy was drawn by another layout than the next will be.
pub fn relaid(session: &Session, copies: &[DeliveryId]) -> Result<Vec<String>, Error> {
    session.read(|db| {
        let (mut out, mut seen) = (Vec::new(), BTreeSet::new());
        for id in copies {
            let copy = store::delivery::get(db, *id)?;
            if !seen.insert(copy.document) {
                continue;
            }
            let layout = store::document::get(db, copy.document)?.layout()?.number();
            if store::first_copy::get(db, copy.document)?.is_of_another(layout) {
                out.push(copy.number);
            }
        }
        Ok(out)
    })
}

/// In words: `2 were delivered first with another layout: INV-1, INV-2`.
pub fn relaid_words(numbers: &[String]) -> Option<String> {
    const NAMED: usize = 5;
    let (named, more) = numbers.split_at(numbers.len().min(NAMED));
    let more = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
    let verb = if numbers.len() == 1 { "was" } else { "were" };
    (!numbers.is_empty()).then(|| {
        format!(
            "{} {verb} delivered first with another layout: {}{more}",
            numbers.len(),
            named.join(", ")
        )
    })
}
