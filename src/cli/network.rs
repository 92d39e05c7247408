//! `daybook delivery receipts` and `resend`: what networks say of e-invoices, and what is done about it.

use super::ctx::Ctx;
use super::exit::Exit;
use super::listing::{self, List, PAGE, Page};
use super::output::{self, Align, moment};
use super::{progress, receipt};
use crate::domain::delivery::network::{Effect, NetworkState};
use crate::domain::ids::DeliveryId;
use crate::domain::text::grouped;
use crate::engine::deliver::network as engine;
use crate::engine::deliver::receipts::{self, Booked, Odd, Told};
use crate::engine::{Error, Session, account_edit};
use crate::store::network::{self, NetworkCopy};
use crate::store::network_receipt::{self, ReceiptRow};
use crate::store::{Db, StoreError, delivery, document};
use crate::zone::Zone;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Reads files of receipts.
pub fn read(session: &mut Session, paths: &[PathBuf], ctx: &Ctx) -> Result<Exit, Error> {
    let told = receipts::read(session, paths)?;
    let exit = Exit::partly_if(told.asks());
    if ctx.json {
        output::json(&json!(told))?;
        return Ok(exit);
    }
    let Told { accepted, delivered, refused, paid, odd, unknown, bad, .. } = &told;
    for (what, list) in
        [("accepted", accepted), ("delivered", delivered), ("refused", refused), ("paid", paid)]
    {
        for one in list {
            let Booked { id, document, account_number, address, code, text } = one;
            let why = [code.as_str(), text.as_str()].join(" ");
            let line = format!("{what} {id} {document} {account_number} {address} {why}");
            output::line(line.trim_end());
        }
    }
    for Odd { document, state, code, why, .. } in odd.iter().chain(unknown) {
        output::line(&format!("does not fit: {document} {state} {code}: {why}"));
    }
    for one in bad {
        let field = if one.field.is_empty() { String::new() } else { format!(" {}", one.field) };
        output::line(&format!("{}:{}{field} {} ({})", one.file, one.line, one.message, one.hint));
    }
    output::line(&told.words());
    Ok(exit)
}

/// Lists the receipts that were read.
pub fn list(session: &Session, odd: bool, ctx: &Ctx) -> Result<Exit, Error> {
    let zone = session.config()?.zone();
    listing::print(session, &Receipts { odd: odd.then_some(Effect::Odd), zone }, ctx.json)?;
    Ok(Exit::Done)
}

struct Receipts {
    /// Those for a person alone.
    odd: Option<Effect>,
    zone: Zone,
}

impl List for Receipts {
    type Row = ReceiptRow;
    type Key = i64;
    const HEADERS: &'static [(&'static str, Align)] = &[
        ("DOCUMENT", Align::Left),
        ("COPY", Align::Left),
        ("SAYS", Align::Left),
        ("CODE", Align::Left),
        ("AT", Align::Left),
        ("DID", Align::Left),
        ("WORDS", Align::Left),
    ];
    const NOTHING: &'static str = "";

    fn page(&self, db: &Db<'_>, after: Option<&i64>) -> Result<Page<ReceiptRow, i64>, StoreError> {
        let rows = network_receipt::page(db, self.odd, after.copied().unwrap_or(0), PAGE)?;
        let next = listing::next(&rows, |r| r.id);
        Ok((rows, next))
    }

    fn json(&self, _: &Db<'_>, row: &ReceiptRow) -> Result<Value, Error> {
        Ok(json!({
            "receipt": row.name,
            "document": row.document,
            "transmission": row.copy.map(|id| id.to_string()),
            "state": row.said,
            "code": row.code,
            "text": row.words,
            "time": moment(row.said_at, self.zone),
            "read_at": moment(row.at, self.zone),
            "effect": row.effect,
            "why": row.why,
        }))
    }

    fn cells(&self, _: &Db<'_>, r: &ReceiptRow) -> Result<Vec<String>, Error> {
        Ok(vec![
            r.document.clone(),
            r.copy.map(|id| id.to_string()).unwrap_or_default(),
            r.said.to_string(),
            r.code.clone(),
            moment(r.said_at, self.zone),
            r.effect.to_string(),
            if r.why.is_empty() { r.words.clone() } else { r.why.clone() },
        ])
    }
}

/// How a copy stands at the network, for programs.
pub fn copy_json(copy: &NetworkCopy, zone: Zone) -> Value {
    json!({
        "state": copy.state,
        "code": copy.code,
        "since": (copy.since_at > 0).then(|| moment(copy.since_at, zone)),
        "place": copy.place,
        "file": copy.file,
    })
}

/// How what was handed over stands, on one line; none where nothing was.
pub fn states_line(states: &BTreeMap<NetworkState, i64>) -> Option<String> {
    let word = |(state, n): (&NetworkState, &i64)| format!("{} {}", state.said(), grouped(*n));
    let words: Vec<String> = states.iter().map(word).collect();
    (!words.is_empty()).then(|| format!("at the network: {}", words.join(", ")))
}

/// Sends refused copies again, to another address if one is given.
pub fn resend(
    session: &mut Session,
    named: &[String],
    (address, reason): (Option<&str>, &str),
    ctx: &Ctx,
) -> Result<Exit, Error> {
    let ids = named.iter().map(|text| copy_of(session, text)).collect::<Result<Vec<_>, _>>()?;
    if let Some(address) = address {
        let mut accounts: Vec<String> = Vec::new();
        for id in &ids {
            let number = session.read(|db| delivery::get(db, *id))?.account_number;
            if !accounts.contains(&number) {
                accounts.push(number);
            }
        }
        let [account] = &accounts[..] else {
            let message = "these are of several accounts, which have no address in common";
            return Err(Error::usage("several_accounts", message, "one account at a time"));
        };
        if let Some(refused) = engine::not_refused(session, &ids)?.first() {
            let message = format!("{}: {}", refused.what, refused.reason);
            return Err(Error::usage("not_refused", message, "nothing was changed"));
        }
        let field = ("electronic_address".to_owned(), address.to_owned());
        let edited = account_edit::edit(session, account, &[field])?;
        if edited.waiting {
            let hint = "send it again once that is confirmed";
            return Err(Error::usage("four_eyes", edited.receipt.summary, hint));
        }
    }
    let done = engine::resend(session, &ids, reason)?;
    if let Some(job) = done.job {
        progress::drive(session, job, ctx)?;
    }
    receipt::copies(&done, ctx)
}

/// A copy by its own name, or the one of a document that was handed over last.
fn copy_of(session: &Session, text: &str) -> Result<DeliveryId, Error> {
    if let Some(id) = DeliveryId::parse(text) {
        session.read(|db| delivery::get(db, id))?;
        return Ok(id);
    }
    let newest = session.read(|db| network::newest(db, document::find(db, text)?))?;
    newest.ok_or_else(|| {
        let hint = "daybook delivery list --channel network";
        Error::usage("no_network_copy", format!("{text} goes by no network"), hint)
    })
}
