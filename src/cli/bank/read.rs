//! `bank import`.

use super::super::ctx::Ctx;
use super::super::exit::{self, Exit};
use super::super::output::{self, Align};
use crate::domain::ids::DocumentId;
use crate::domain::text::{counted, path};
use crate::engine::bank::read::{self, Done, Wanted};
use crate::engine::{Error, Session};
use crate::store::bank::BankAccount;
use crate::store::{Db, StoreError, account, debt};
use serde_json::{Map, Value, json};
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub(super) struct Import {
    /// Files of a bank; what each is says its content
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// The bank account (default: as each statement says)
    #[arg(long, value_name = "NAME")]
    account: Option<String>,
    /// What all entries must come to, as the bank says it elsewhere
    #[arg(long, value_name = "AMOUNT", allow_hyphen_values = true)]
    control_total: Option<String>,
    /// How many entries there must be
    #[arg(long, value_name = "N")]
    control_count: Option<usize>,
}

pub(super) fn import(session: &mut Session, args: &Import, ctx: &Ctx) -> Result<Exit, Error> {
    let wanted = Wanted {
        files: args.files.clone(),
        account: args.account.clone(),
        control_total: args.control_total.clone(),
        control_count: args.control_count,
    };
    let done = read::import(session, &wanted)?;
    if ctx.json {
        session.read(|db| print(db, &done))?;
    } else {
        table(&done);
    }
    let refused: Vec<_> = done.statements.iter().filter_map(|s| s.refused.as_ref()).collect();
    match refused.first() {
        None => Ok(Exit::Done),
        Some(first) if refused.len() == done.statements.len() => {
            let hint = "nothing of it is in the book";
            let error = Error::usage(first.code, first.words.clone(), hint);
            exit::report(&error, ctx.json);
            Ok(Exit::Usage)
        }
        Some(_) => Ok(Exit::Partly),
    }
}

/// What a line became, by the numbers of documents.
pub(super) fn line(
    db: &Db<'_>,
    bank: &BankAccount,
    one: &crate::engine::bank::read::Outcome,
) -> Result<Value, StoreError> {
    let plain = |minor| bank.currency.plain(minor);
    let number = |id: DocumentId| debt::get(db, id).map(|debt| debt.number);
    let mut applied = Map::new();
    for (document, minor) in &one.applied {
        applied.insert(number(*document)?, json!(plain(*minor)));
    }
    let whose = one.account.map(|id| account::number(db, id)).transpose()?;
    Ok(json!({
        "line": one.line.to_string(),
        "rule": one.rule,
        "account": whose,
        "payment": one.payment.map(|id| id.to_string()),
        "applied": applied,
        "unapplied": plain(one.unapplied),
        "difference": plain(one.difference),
        "unidentified": plain(one.unidentified),
        "why": one.why,
    }))
}

/// Prints all of it as JSON, line by line: a file may have very many.
fn print(db: &Db<'_>, done: &Done) -> Result<(), StoreError> {
    let statements: Vec<Value> = done
        .statements
        .iter()
        .map(|s| {
            json!({
                "id": s.id,
                "file": path(&s.file),
                "bank_account": s.bank.as_ref().map(|bank| &bank.name),
                "source": s.source,
                "added": s.added,
                "known": s.known,
                "not_booked": s.previews,
                "refused": s.refused.as_ref().map(|why| why.code),
                "why": s.refused.as_ref().map(|why| &why.words),
            })
        })
        .collect();
    output::part(&format!("{{\"statements\":{},\"lines\":[", json!(statements)));
    for (n, (bank, one)) in done.lines.iter().enumerate() {
        let comma = if n == 0 { "\n" } else { ",\n" };
        output::part(&format!("{comma}{}", line(db, bank, one)?));
    }
    output::line("]}");
    Ok(())
}

fn table(done: &Done) {
    let rows: Vec<Vec<String>> = done
        .statements
        .iter()
        .map(|s| {
            vec![
                s.id.clone(),
                s.bank.as_ref().map(|bank| bank.name.clone()).unwrap_or_default(),
                s.source.to_string(),
                s.added.to_string(),
                s.known.to_string(),
                s.previews.to_string(),
                s.refused.as_ref().map(|why| why.words.clone()).unwrap_or_default(),
            ]
        })
        .collect();
    let headers = [
        ("STATEMENT", Align::Left),
        ("BANK ACCOUNT", Align::Left),
        ("READ AS", Align::Left),
        ("ADDED", Align::Right),
        ("KNOWN", Align::Right),
        ("NOT BOOKED", Align::Right),
        ("REFUSED", Align::Left),
    ];
    output::table(&headers, &rows);
    for (state, count) in read::states(done) {
        output::line(&format!("{}: {state}", counted(count, "line", "lines")));
    }
}
