//! `daybook invoice xml`: the electronic form of a document.

use super::ctx::Ctx;
use super::exit::Exit;
use super::{ids, output};
use crate::engine::{Error, Session, e_invoice};
use crate::outside::Standing;
use serde_json::{Value, json};
use std::path::Path;

/// Writes it; of a draft with problems nothing is written, and they are listed.
pub fn write(
    session: &Session,
    id: &str,
    (file, standing): (&Path, Standing),
    ctx: &Ctx,
) -> Result<Exit, Error> {
    let id = ids::find(session, id)?;
    let made = session.store.read(|db| e_invoice::write(db, id))?;
    let problems: Vec<Value> =
        made.problems.iter().map(|p| json!({ "what": p.what, "remedy": p.remedy })).collect();
    let file = if made.problems.is_empty() {
        output::file(file, &made.file, &made.xml, standing)?
    } else {
        None
    };
    if ctx.json {
        output::json(&json!({
            "document": id.to_string(), "form": made.form, "problems": problems,
            "file": file.map(|path| path.display().to_string()),
        }))?;
    } else if let Some(path) = file {
        output::line(&format!("{} ({})", path.display(), made.form.said()));
    } else {
        made.problems.iter().for_each(|problem| output::line(&problem.to_string()));
    }
    Ok(if made.problems.is_empty() { Exit::Done } else { Exit::Partly })
}
