//! `daybook invoice preview`: a draft as PDF to look at.

use super::ctx::Ctx;
use super::exit::Exit;
use super::{ids, output};
use crate::engine::post::preview;
use crate::engine::{Error, Session};
use crate::outside::Standing;
use serde_json::json;
use std::path::Path;

/// Writes it.
pub fn write(
    session: &Session,
    id: &str,
    (file, standing): (&Path, Standing),
    ctx: &Ctx,
) -> Result<Exit, Error> {
    let id = ids::find(session, id)?;
    let made = preview::pdf(session, id)?;
    let Some(path) = output::file(file, &made.name, &made.bytes, standing)? else {
        made.unfit.iter().for_each(|why| output::aside(why));
        return Ok(Exit::Done);
    };
    if ctx.json {
        output::json(&json!({
            "file": path.display().to_string(),
            "bytes": made.bytes.len(),
            "document": id.to_string(),
            "version": made.version,
            "mark": made.mark,
            "cannot_print": made.unfit,
        }))?;
        return Ok(Exit::Done);
    }
    output::line(&format!("{} ({})", path.display(), made.mark));
    made.unfit.iter().for_each(|why| output::line(why));
    Ok(Exit::Done)
}
