//! `daybook note add|list|strike|refer`: notes and references on accounts and documents.

use super::ctx::Ctx;
use super::exit::Exit;
use super::output;
use super::receipt::report;
use crate::domain::ids::NoteId;
use crate::domain::note::{On, References};
use crate::domain::text::clean;
use crate::engine::{Error, Session, noting};
use crate::store::{StoreError, account, document, note};
use chrono::DateTime;
use serde_json::{Value, json};

/// Write, list and strike notes; set references.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

/// What it is on.
#[derive(Debug, clap::Args)]
struct Named {
    /// A document (D-000012 or its number) or an account, by its number
    id: String,
    /// ID is the number of an account, also where a document has the same
    #[arg(long)]
    account: bool,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Write a note; it is not printed
    Add {
        #[command(flatten)]
        on: Named,
        /// What there is to say
        #[arg(allow_hyphen_values = true)]
        text: String,
    },
    /// Its references and its notes, newest first; of an account those on its documents too
    List {
        #[command(flatten)]
        on: Named,
        /// So many at most
        #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
    },
    /// Strike a note by another that says why; both stay to be read
    Strike {
        /// N-000003
        note: String,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Set references: what is left out stays, an empty one is taken away
    Refer {
        #[command(flatten)]
        on: Named,
        /// How we call it
        #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
        ours: Option<String>,
        /// How the customer calls it
        #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
        theirs: Option<String>,
    },
}

/// Runs it.
pub fn run(args: &Args, ctx: &Ctx) -> Result<Exit, Error> {
    let mut session = ctx.open()?;
    match &args.action {
        Action::Add { on, text } => {
            let on = find(&session, on)?;
            report(&noting::add(&mut session, on, text, None)?, ctx)
        }
        Action::List { on, limit } => list(&session, on, *limit, ctx),
        Action::Strike { note: id, reason } => {
            let id = NoteId::parse(id).ok_or_else(|| {
                let why = format!("{id:?} is no note");
                Error::usage("bad_note", why, "write N-000003; daybook note list shows them")
            })?;
            let (_, on) = session.read(|db| note::get(db, id))?;
            report(&noting::add(&mut session, on, reason, Some(id))?, ctx)
        }
        Action::Refer { on, ours, theirs } => {
            let on = find(&session, on)?;
            if ours.is_none() && theirs.is_none() {
                let hint = "--ours TEXT, --theirs TEXT; an empty one takes it away";
                return Err(Error::usage("nothing_to_do", "no reference was given", hint));
            }
            let was = session.read(|db| note::references(db, on))?;
            let to = References {
                ours: ours.clone().unwrap_or_else(|| was.ours.clone()),
                theirs: theirs.clone().unwrap_or_else(|| was.theirs.clone()),
            };
            report(&noting::refer(&mut session, on, &was, &to)?, ctx)
        }
    }
}

/// A document or an account by what was typed; refused where it is both.
fn find(session: &Session, named: &Named) -> Result<On, Error> {
    let text = &named.id;
    let of_account = session.read(|db| account::find(db, text))?.map(|a| On::Account(a.id));
    let of_document = match session.read(|db| document::find(db, text)) {
        _ if named.account => None,
        Ok(id) => Some(On::Document(id)),
        Err(Error::Store(StoreError::NotFound(_))) => None,
        Err(error) => return Err(error),
    };
    match (of_account, of_document) {
        (Some(on), None) | (None, Some(on)) => Ok(on),
        (Some(_), Some(_)) => Err(Error::usage(
            "ambiguous",
            format!("{text} is an account and a document"),
            "--account means the account, D-000012 the document",
        )),
        (None, None) => {
            let message = format!("there is no document and no account {text}");
            let hint = "daybook invoice list shows documents with their accounts";
            Err(Error::usage("not_found", message, hint))
        }
    }
}

fn list(session: &Session, on: &Named, limit: u32, ctx: &Ctx) -> Result<Exit, Error> {
    let on = find(session, on)?;
    let (notes, are) =
        session.read(|db| Ok((note::of(db, on, limit)?, note::references(db, on)?)))?;
    let zone = session.config()?.zone();
    let when = |ms| {
        let at = DateTime::from_timestamp_millis(ms).unwrap_or_default().with_timezone(&zone);
        at.format("%Y-%m-%d %H:%M").to_string()
    };
    if ctx.json {
        let notes: Vec<Value> = notes
            .iter()
            .map(|n| {
                json!({
                    "id": n.id.to_string(), "document": (!n.document.is_empty()).then_some(&n.document),
                    "at": when(n.at_ms), "user": n.user, "text": n.text,
                    "strikes": n.strikes.map(|id| id.to_string()),
                    "struck_by": n.struck_by.map(|id| id.to_string()),
                })
            })
            .collect();
        let all =
            json!({ "our_reference": are.ours, "their_reference": are.theirs, "notes": notes });
        output::json(&all)?;
        return Ok(Exit::Done);
    }
    let said = are.said();
    if !said.is_empty() {
        output::line(&clean(&said));
    }
    if notes.is_empty() {
        output::line("no notes: daybook note add writes one");
    }
    for n in &notes {
        output::line(&clean(&format!("{} {}: {}", when(n.at_ms), n.user, n.said())));
    }
    Ok(Exit::Done)
}
