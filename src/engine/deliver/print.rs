//! Print batches: queued print copies written as files in postal order, then confirmed by a person.
//!
//! Everything is set and written under hidden names first; then one transaction makes the batch and
//! its copies Written; then the files get their names. A crash in between leaves a batch whose
//! files are missing, which [`reprint`] writes again.

use crate::config::key;
use crate::document::batch::{Batch, Counts, Piece, Sides};
use crate::document::{Letterhead, Press};
use crate::domain::actor::Verb;
use crate::domain::delivery::Imprint;
use crate::domain::ids::{BillRunId, DeliveryId, JobId};
use crate::domain::money::Purse;
use crate::domain::payment::{Channel, DeliveryStatus};
use crate::engine::command::{JobSpec, Receipt, Refused};
use crate::engine::deliver::copies::{When, issuer_name, open_press};
use crate::engine::deliver::{envelope, first};
use crate::engine::job::{Ports, Runner, Slice};
use crate::engine::printed::printable;
pub use crate::engine::tray::place_of;
use crate::engine::tray::{Tray, default_directory};
use crate::engine::{Error, Session, Slices};
use crate::store::delivery::{Delivery, Filter};
use crate::store::job::{JobRow, Progress};
use crate::store::{self, StoreError};
use std::collections::HashSet;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// A written batch.
#[derive(Debug, Clone, Default)]
pub struct Written {
    /// Its number; none when nothing was queued.
    pub batch: Option<i64>,
    /// Documents, sheets, envelopes.
    pub counts: Counts,
    /// Merged PDF, index, zip.
    pub files: Vec<PathBuf>,
    /// What cannot be printed, and why; and copies held because of a correction.
    pub refused: Vec<Refused>,
    /// What the copies of documents that were delivered otherwise say: `INV-2026-000001: delivered …`.
    pub beside: Vec<String>,
}

impl Written {
    /// As a receipt.
    pub fn receipt(&self) -> Receipt {
        let counts = self.counts;
        let summary = match self.batch {
            Some(batch) => {
                let others = match self.beside.len() {
                    0 => String::new(),
                    n => format!(", {n} unlike what was delivered first"),
                };
                format!(
                    "print batch {batch}: {} documents, {} sheets, {} envelopes{others}",
                    counts.documents, counts.sheets, counts.envelopes
                )
            }
            None => "nothing to print".to_owned(),
        };
        let made = self.batch.map(|b| b.to_string()).unwrap_or_default();
        Receipt {
            summary,
            done: counts.documents,
            refused: self.refused.clone(),
            made,
            ..Receipt::default()
        }
    }
}

/// What a batch would write, as the book is now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PrintAhead {
    /// Copies of documents.
    pub documents: i64,
    /// Their accounts.
    pub accounts: i64,
    /// The totals of the documents, minor units.
    pub money: Purse,
    /// Copies that are held instead, because their document was corrected.
    pub held: i64,
}

/// Counts what [`write`] would take: what is queued, as its accounts want it now. Whether a font can
/// print it is found when it is set.
pub fn ahead(session: &Session) -> Result<PrintAhead, Error> {
    let is_here = |status, channel| status == DeliveryStatus::Queued && channel == Channel::Print;
    let (mut gone, mut come) = (HashSet::new(), Vec::new());
    for deed in envelope::preview(session, open_press()?, None)? {
        let from = deed.from.filter(|c| is_here(c.status, c.channel));
        let to = deed.to.filter(|c| is_here(c.status, c.channel));
        match (from, to) {
            (Some(from), None) => drop(gone.insert(from.id)),
            (None, Some(to)) => come.push(to.document),
            (Some(_), Some(_)) | (None, None) => {}
        }
    }
    session.store.read(|db| {
        let (mut out, mut accounts) = (PrintAhead::default(), HashSet::new());
        let mut take = |account, money| -> Result<(), StoreError> {
            out.documents += 1;
            accounts.insert(account);
            Ok(out.money.add(money)?)
        };
        let mut held = 0;
        store::print_batch::waiting(db, |copy| match (gone.contains(&copy.id), copy.corrected) {
            (true, _) => Ok(()),
            (false, true) => {
                held += 1;
                Ok(())
            }
            (false, false) => take(copy.account, copy.money),
        })?;
        for document in come {
            let row = store::document::get(db, document)?;
            take(row.account, row.currency.amount(row.total_minor))?;
        }
        Ok(PrintAhead { held, accounts: accounts.len() as i64, ..out })
    })
}

/// Writes the queued print copies of a run's documents, or all, as one batch into `directory`.
pub fn write(
    session: &mut Session,
    run: Option<BillRunId>,
    directory: &Path,
) -> Result<Written, Error> {
    let press = open_press()?;
    let mut out = Written::default();
    envelope::follow(session, Verb::Deliver, run, (When::AfterHold, &mut Slices::default()))?;
    let queued = session.read(|db| store::print_batch::queued(db, run))?;
    let ids: Vec<DeliveryId> = queued.iter().map(|d| d.id).collect();
    let held = hold_corrected(session, &ids)?;
    let mut copies = Vec::new();
    for copy in queued {
        if held.contains(&copy.id) {
            let reason = "corrected since it was queued: retry or recall it".to_owned();
            out.refused.push(Refused { what: copy.number.clone(), reason });
        } else {
            copies.push(copy);
        }
    }
    let (pieces, mut copies) = set(session, press, copies, &mut out)?;
    if pieces.is_empty() {
        return Ok(out);
    }
    let title = format!("Print batch {}", session.read(store::print_batch::next_id)?);
    let batch = bound(session, press, pieces, title)?;
    out.counts = batch.counts();
    in_order(&mut copies, &batch);
    let tray = Tray::of(session, directory);
    let (staged, imprints) = tray.at(|| stage(&tray, press, &batch))?;
    out.beside = beside(session, &copies, &imprints)?;
    let ids: Vec<(DeliveryId, &Imprint)> = copies.iter().map(|c| c.id).zip(&imprints).collect();
    let counts = out.counts;
    let place = tray.place();
    let number = session.write(Verb::Deliver, |tx| {
        let made = store::print_batch::insert(tx, &place, (counts.sheets, counts.envelopes), &ids)?;
        tx.note(format!("print batch {made}"), format!("wrote {} documents", ids.len()));
        Ok(made)
    })?;
    out.batch = Some(number);
    let stem = format!("batch-{number:06}");
    out.files = tray.at(|| reveal(directory, staged, &stem))?;
    Ok(out)
}

/// The pieces as the settings want them printed.
fn bound(
    session: &Session,
    press: Press,
    pieces: Vec<Piece>,
    title: String,
) -> Result<Batch, Error> {
    let (config, today) = (session.config()?, session.now()?.today);
    let sides = if config.is(key::PRINT_DUPLEX) { Sides::Two } else { Sides::One };
    let batch = Batch::new(pieces, sides, title, issuer_name(session)?, today);
    if !config.is(key::PRINT_COVER) {
        return Ok(batch);
    }
    batch
        .covered(press, &Letterhead::of(&config, today))
        .map_err(|e| Error::usage("cannot_print", e.to_string(), "correct issuer.name"))
}

/// Puts copies in the order of the paper.
fn in_order(copies: &mut [Delivery], batch: &Batch) {
    let order: std::collections::HashMap<&str, usize> =
        batch.numbers().into_iter().enumerate().map(|(i, number)| (number, i)).collect();
    copies.sort_by_key(|copy| order.get(copy.number.as_str()).copied());
}

fn beside(
    session: &Session,
    copies: &[Delivery],
    imprints: &[Imprint],
) -> Result<Vec<String>, Error> {
    let each = copies.iter().zip(imprints).map(|(c, i)| (c.document, c.number.as_str(), i));
    first::beside(session, &each.collect::<Vec<_>>())
}

fn hold_corrected(session: &mut Session, ids: &[DeliveryId]) -> Result<HashSet<DeliveryId>, Error> {
    session.write(Verb::Deliver, |tx| {
        let mut held = HashSet::new();
        for id in ids {
            if store::delivery::hold_if_corrected(tx, *id)? {
                held.insert(*id);
            }
        }
        if held.is_empty() {
            tx.quiet();
        }
        tx.note("deliveries", format!("held {} corrected documents", held.len()));
        Ok(held)
    })
}

/// Sets the documents; those that no font can print become Impossible.
fn set(
    session: &mut Session,
    press: Press,
    copies: Vec<Delivery>,
    out: &mut Written,
) -> Result<(Vec<Piece>, Vec<Delivery>), Error> {
    let (mut pieces, mut fine, mut bad) = (Vec::new(), Vec::new(), Vec::new());
    for copy in copies {
        let document = session.store.read(|db| printable(db, copy.document))?;
        match press.set(&document) {
            Ok(set) => {
                pieces.push(Piece {
                    number: document.number,
                    account_number: document.account_number,
                    total: document.currency.amount(document.total_minor),
                    customer: document.customer,
                    set,
                });
                fine.push(copy);
            }
            Err(why) => {
                out.refused.push(Refused { what: copy.number.clone(), reason: why.to_string() });
                bad.push((copy.id, why.to_string()));
            }
        }
    }
    if !bad.is_empty() {
        session.write(Verb::Deliver, |tx| {
            for (id, why) in &bad {
                let _ = store::delivery::step(tx, *id, DeliveryStatus::Impossible, why, None)?;
            }
            tx.note("deliveries", format!("{} documents cannot be printed", bad.len()));
            Ok(())
        })?;
    }
    Ok((pieces, fine))
}

/// The files of a batch, each with its ending.
type Staged = Vec<(&'static str, NamedTempFile)>;

/// Writes the three files of a batch under hidden names, and tells its documents' bytes.
fn stage(tray: &Tray<'_>, press: Press, batch: &Batch) -> Result<(Staged, Vec<Imprint>), Error> {
    let io = |source| Error::Io { path: tray.directory.to_owned(), source };
    tray.open().map_err(io)?;
    let hidden = || tray.hidden().map_err(io);
    let mut merged = hidden()?;
    merged.write_all(&batch.merged(press)).map_err(io)?;
    let mut index = hidden()?;
    let rows = batch.index_csv().map_err(|e| io(std::io::Error::other(e)))?;
    index.write_all(&rows).map_err(io)?;
    let mut zip = hidden()?;
    let imprints = batch
        .zip(press, BufWriter::new(zip.as_file_mut()))
        .map_err(|e| io(std::io::Error::other(e)))?;
    for file in [&merged, &index, &zip] {
        file.as_file().sync_data().map_err(io)?;
    }
    Ok((vec![("pdf", merged), ("csv", index), ("zip", zip)], imprints))
}

fn reveal(directory: &Path, staged: Staged, stem: &str) -> Result<Vec<PathBuf>, Error> {
    let mut files = Vec::new();
    let stem = free(directory, &staged, stem)?;
    for (ending, file) in staged {
        let path = directory.join(format!("{stem}.{ending}"));
        let io = |source| Error::Io { path: path.clone(), source };
        file.persist_noclobber(&path).map_err(|e| io(e.error))?;
        files.push(path);
    }
    Ok(files)
}

/// The name for the files of a batch: another one where some of them stand already, of another book
/// or an earlier printing. They are somebody's and stay.
fn free(
    directory: &Path,
    staged: &[(&'static str, NamedTempFile)],
    stem: &str,
) -> Result<String, Error> {
    let there = |name: &str| {
        staged.iter().any(|(ending, _)| {
            directory.join(format!("{name}.{ending}")).symlink_metadata().is_ok()
        })
    };
    let names = std::iter::once(stem.to_owned()).chain((2..1000).map(|n| format!("{stem}-{n}")));
    names
        .into_iter()
        .find(|name| !there(name))
        .ok_or_else(|| Error::exists(&directory.join(format!("{stem}.pdf"))))
}

/// Writes the documents of a batch again, positions `from` to `to` (both included); their state
/// does not change.
pub fn reprint(
    session: &Session,
    batch: i64,
    (from, to): (i64, i64),
    directory: &Path,
) -> Result<Written, Error> {
    let press = open_press()?;
    let of = Filter { batch: Some(batch), channel: Some(Channel::Print), ..Filter::default() };
    let (facts, mut copies) = session
        .read(|db| Ok((store::print_batch::get(db, batch)?, store::delivery::list(db, &of)?)))?;
    copies.retain(|c| c.batch_position.is_some_and(|p| (from..=to).contains(&p)));
    if copies.is_empty() {
        let message =
            format!("print batch {batch} has {} documents, none in {from}–{to}", facts.documents);
        return Err(Error::usage("bad_range", message, "daybook delivery batches lists them"));
    }
    let mut pieces = Vec::new();
    for copy in &copies {
        let document = session.store.read(|db| printable(db, copy.document))?;
        let set = press
            .set(&document)
            .map_err(|e| Error::usage("cannot_print", e.to_string(), "mend the text first"))?;
        pieces.push(Piece {
            number: document.number,
            account_number: document.account_number,
            total: document.currency.amount(document.total_minor),
            customer: document.customer,
            set,
        });
    }
    let (first, last) = (
        copies.iter().filter_map(|c| c.batch_position).min().unwrap_or(from),
        copies.iter().filter_map(|c| c.batch_position).max().unwrap_or(to),
    );
    let title = format!("Print batch {batch}, reprint of {first} to {last}");
    let made = bound(session, press, pieces, title)?;
    let stem = format!("batch-{batch:06}-reprint-{first}-{last}");
    let tray = Tray::of(session, directory);
    in_order(&mut copies, &made);
    let (files, imprints) = tray.at(|| {
        let (staged, imprints) = stage(&tray, press, &made)?;
        Ok::<_, Error>((reveal(directory, staged, &stem)?, imprints))
    })?;
    let beside = beside(session, &copies, &imprints)?;
    Ok(Written { batch: Some(batch), counts: made.counts(), files, beside, ..Written::default() })
}

/// Makes a job that writes every queued print copy; empty = beside the book.
pub fn start(session: &mut Session, directory: &str) -> Result<JobId, Error> {
    let spec = JobSpec::Print { directory: directory.to_owned() };
    session.write(Verb::Deliver, |tx| {
        tx.note("deliveries", "asked for a print batch");
        Ok(store::job::insert(tx, &spec, "print batch", 0)?)
    })
}

/// Drives a `print` job: one slice.
pub struct PrintRunner {
    /// Where to; empty = beside the book.
    pub directory: String,
}

impl Runner for PrintRunner {
    fn slice(&mut self, session: &mut Session, job: &JobRow, _: &Ports) -> Result<Slice, Error> {
        let directory = match self.directory.as_str() {
            "" => default_directory(session),
            named => named.into(),
        };
        let written = write(session, None, &directory)?;
        let receipt = written.receipt();
        let detail = store::json::text(&receipt)?;
        session.write(Verb::Deliver, |tx| {
            tx.quiet();
            store::job::guard(tx, job)?;
            let progress = Progress {
                done: receipt.done as i64,
                failed: receipt.refused.len() as i64,
                detail: Some(&detail),
                ..Progress::default()
            };
            Ok(store::job::progress(tx, job.id, &progress)?)
        })?;
        Ok(Slice::Done)
    }
}
