//! Print batches: what they hold, where they are.

use super::ctx::Ctx;
use super::exit::Exit;
use super::output::{self, Align, moment};
use crate::engine::deliver::print::{Written, place_of};
use crate::engine::{Error, Session};
use crate::store::print_batch::{self, PrintBatch};
use serde_json::{Value, json};

/// Lists them.
pub fn batches(session: &Session, ctx: &Ctx) -> Result<Exit, Error> {
    let rows = session.read(print_batch::list)?;
    let zone = session.config()?.zone();
    if ctx.json {
        let one = |b: &PrintBatch| {
            json!({
                "batch": b.id, "directory": place_of(session, b), "documents": b.documents, "sheets": b.sheets,
                "envelopes": b.envelopes, "written_at": moment(b.written_at, zone),
                "printed_at": b.printed_at.map(|ms| moment(ms, zone)), "printed_by": b.printed_by,
            })
        };
        output::json(&rows.iter().map(one).collect::<Vec<_>>())?;
        return Ok(Exit::Done);
    }
    let cells: Vec<Vec<String>> = rows
        .iter()
        .map(|b| {
            let printed = b.printed_at.map_or_else(String::new, |ms| moment(ms, zone));
            vec![
                b.id.to_string(),
                b.documents.to_string(),
                b.sheets.to_string(),
                b.envelopes.to_string(),
                moment(b.written_at, zone),
                printed,
                place_of(session, b).display().to_string(),
            ]
        })
        .collect();
    let headers = [
        ("BATCH", Align::Right),
        ("DOCUMENTS", Align::Right),
        ("SHEETS", Align::Right),
        ("ENVELOPES", Align::Right),
        ("WRITTEN", Align::Left),
        ("PRINTED", Align::Left),
        ("DIRECTORY", Align::Left),
    ];
    output::table(&headers, &cells);
    Ok(Exit::Done)
}

/// Says what a print batch holds and where it is.
pub fn written(written: &Written) {
    output::line(&written.receipt().summary);
    for file in &written.files {
        output::line(&format!("  {}", file.display()));
    }
    for refused in &written.refused {
        output::line(&format!("{}: {}", refused.what, refused.reason));
    }
    for words in &written.beside {
        output::line(words);
    }
    if let Some(batch) = written.batch {
        let confirm = format!("once on paper: daybook delivery printed --batch {batch}");
        output::line(&confirm);
    }
}

/// A written batch for programs.
pub fn batch_json(written: &Written) -> Value {
    let files: Vec<String> = written.files.iter().map(|f| f.display().to_string()).collect();
    let refused: Vec<Value> =
        written.refused.iter().map(|r| json!({ "document": r.what, "reason": r.reason })).collect();
    json!({
        "batch": written.batch,
        "documents": written.counts.documents,
        "sheets": written.counts.sheets,
        "envelopes": written.counts.envelopes,
        "files": files,
        "refused": refused,
        "beside_first": written.beside,
    })
}
