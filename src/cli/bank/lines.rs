//! `bank list`, `propose`, `match`, `unmatch`, `identify`, `own`.

use super::super::ctx::Ctx;
use super::super::exit::Exit;
use super::super::ids;
use super::super::output::{self, Align};
use super::read::line as told;
use crate::domain::bank::LineState;
use crate::domain::ids::{DocumentId, LineId};
use crate::domain::money::Money;
use crate::engine::bank::hand::{self, Own, Target};
use crate::engine::bank::read::Outcome;
use crate::engine::bank::shown;
use crate::engine::{Error, Session};
use crate::store::bank::line::{self, Filter, LineRow};
use crate::store::bank::{self};
use serde_json::{Value, json};

#[derive(Debug, clap::Args)]
pub(super) struct List {
    /// New, Matched, Part, Unapplied, Unidentified or Own (default: what somebody has to look at)
    #[arg(long)]
    state: Option<String>,
    /// Only of this bank account
    #[arg(long, value_name = "NAME")]
    account: Option<String>,
    /// Lines at most
    #[arg(long, default_value_t = 1000)]
    limit: u32,
    /// Only after this line
    #[arg(long, value_name = "LINE")]
    after: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(super) struct Propose {
    /// BL-000001; none: every line that is nobody's
    line: Option<String>,
}

#[derive(Debug, clap::Args)]
#[group(id = "target", required = true, multiple = true)]
pub(super) struct Match {
    /// BL-000001
    line: String,
    /// Invoices that it pays, in this order
    #[arg(long = "to", value_name = "INVOICE", group = "target")]
    to: Vec<String>,
    /// The payment that it is, recorded before; of money out: that went back
    #[arg(long, value_name = "P", group = "target", conflicts_with = "to")]
    payment: Option<String>,
    /// The payout that it is, by the gateway's name for it
    #[arg(long, value_name = "ID", group = "target", conflicts_with_all = ["to", "payment"])]
    payout: Option<String>,
    /// As much of it (default: all that is nobody's)
    #[arg(long)]
    amount: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(super) struct Unmatch {
    /// BL-000001
    line: String,
    /// Why
    #[arg(long)]
    reason: String,
}

#[derive(Debug, clap::Args)]
pub(super) struct Identify {
    /// BL-000001
    line: String,
    /// Whose money it is
    #[arg(long, value_name = "A")]
    account: String,
    /// Invoices that it pays, in this order (none: unapplied)
    #[arg(long = "for", value_name = "INVOICE")]
    documents: Vec<String>,
    /// As much of it (default: all that is nobody's)
    #[arg(long)]
    amount: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(super) struct OwnArgs {
    /// BL-000001
    line: String,
    /// fee or transfer (default: money out is a fee, money in a transfer)
    #[arg(long = "as", value_name = "WHAT", value_parser = ["fee", "transfer"])]
    kind: Option<String>,
}

fn id(text: &str) -> Result<LineId, Error> {
    LineId::parse(text).ok_or_else(|| {
        let hint = "write BL-000001; daybook bank list shows them";
        Error::usage("bad_line", format!("{text:?} is no line of a bank"), hint)
    })
}

fn amount(row: &LineRow, text: Option<&str>) -> Result<Option<Money>, Error> {
    let read = |text: &str| {
        row.currency.read(text).map_err(|why| {
            let hint = "write it plainly, such as 120.50";
            Error::usage("bad_amount", format!("{text:?}: {why}"), hint)
        })
    };
    text.map(read).transpose()
}

fn documents(session: &Session, named: &[String]) -> Result<Vec<DocumentId>, Error> {
    named.iter().map(|text| ids::find(session, text)).collect()
}

/// What a person's word made of a line.
fn report(session: &Session, row: &LineRow, done: &Outcome, ctx: &Ctx) -> Result<Exit, Error> {
    let (now, value) = session.read(|db| {
        let bank = bank::get(db, row.bank_account)?;
        Ok((line::get(db, row.id)?, told(db, &bank, done)?))
    })?;
    if ctx.json {
        let mut value = value;
        value["state"] = json!(now.state);
        value["id"] = value["payment"].clone();
        output::json(&value)?;
    } else {
        let money = |minor| now.currency.amount(minor).grouped();
        let mut words = format!("{}: {}", now.id, now.state);
        if let Some(payment) = done.payment {
            words.push_str(&format!(", {payment}"));
        }
        for (what, minor) in [
            ("unapplied", done.unapplied),
            ("payment difference", done.difference),
            ("unidentified", now.unidentified_minor),
        ] {
            if minor != 0 {
                words.push_str(&format!(", {} {what}", money(minor)));
            }
        }
        output::line(&words);
    }
    Ok(Exit::Done)
}

pub(super) fn match_to(session: &mut Session, args: &Match, ctx: &Ctx) -> Result<Exit, Error> {
    let of = id(&args.line)?;
    let row = session.read(|db| line::get(db, of))?;
    let target = match (&args.payment, &args.payout) {
        (Some(payment), _) => Target::Payment(ids::payment(payment)?),
        (None, Some(payout)) => Target::Payout(payout.clone()),
        (None, None) => Target::Documents(documents(session, &args.to)?),
    };
    let amount = amount(&row, args.amount.as_deref())?;
    let done = hand::match_to(session, row.id, &target, amount)?;
    report(session, &row, &done, ctx)
}

pub(super) fn identify(session: &mut Session, args: &Identify, ctx: &Ctx) -> Result<Exit, Error> {
    let of = id(&args.line)?;
    let row = session.read(|db| line::get(db, of))?;
    let account = ids::account(session, &args.account)?;
    let target = Target::Account(account, documents(session, &args.documents)?);
    let amount = amount(&row, args.amount.as_deref())?;
    let done = hand::match_to(session, row.id, &target, amount)?;
    report(session, &row, &done, ctx)
}

pub(super) fn unmatch(session: &mut Session, args: &Unmatch, ctx: &Ctx) -> Result<Exit, Error> {
    let of = id(&args.line)?;
    let row = session.read(|db| line::get(db, of))?;
    let done = hand::unmatch(session, of, &args.reason)?;
    report(session, &row, &done, ctx)
}

pub(super) fn own(session: &mut Session, args: &OwnArgs, ctx: &Ctx) -> Result<Exit, Error> {
    let of = id(&args.line)?;
    let row = session.read(|db| line::get(db, of))?;
    let kind = match args.kind.as_deref() {
        Some("fee") => Own::Fee,
        Some(_) => Own::Transfer,
        None if row.amount_minor < 0 => Own::Fee,
        None => Own::Transfer,
    };
    let done = hand::own(session, of, kind, None)?;
    report(session, &row, &done, ctx)
}

fn value(row: &LineRow) -> Value {
    let plain = |minor| row.currency.plain(minor);
    json!({
        "line": row.id.to_string(),
        "bank_account": row.bank_name,
        "booked_on": row.booked_on,
        "value_on": row.value_on,
        "amount": plain(row.amount_minor),
        "charges": plain(row.charges_minor),
        "currency": row.currency.code(),
        "state": row.state,
        "rule": row.rule,
        "account": Some(&row.account_number).filter(|number| !number.is_empty()),
        "unidentified": plain(row.unidentified_minor),
        "payer": row.payer,
        "iban": row.iban,
        "text": row.text,
        "reference": row.reference,
        "end_to_end": row.end_to_end,
        "entry_ref": row.entry_ref,
        "code": row.code,
        "why": row.why,
    })
}

pub(super) fn list(session: &Session, args: &List, ctx: &Ctx) -> Result<Exit, Error> {
    let state = match args.state.as_deref() {
        None => None,
        Some(text) => Some(LineState::parse(text).ok_or_else(|| {
            let words = format!("{text:?} is no state of a line");
            Error::usage("bad_state", words, LineState::words())
        })?),
    };
    let after = args.after.as_deref().map_or(Ok(LineId(0)), id)?;
    let filter = Filter { state, bank_account: args.account.clone() };
    let all = session.read(|db| line::list(db, &filter, after, args.limit))?;
    if ctx.json {
        output::json(&all.iter().map(value).collect::<Vec<_>>())?;
        return Ok(Exit::Done);
    }
    let rows: Vec<Vec<String>> = all
        .iter()
        .map(|row| {
            vec![
                row.id.to_string(),
                row.bank_name.clone(),
                row.booked_on.to_string(),
                row.currency.amount(row.amount_minor).grouped(),
                row.state.to_string(),
                row.rule.to_string(),
                row.account_number.clone(),
                row.payer.clone(),
                crate::domain::text::said(&row.text, 60),
            ]
        })
        .collect();
    let headers = [
        ("LINE", Align::Left),
        ("BANK ACCOUNT", Align::Left),
        ("BOOKED ON", Align::Left),
        ("AMOUNT", Align::Right),
        ("STATE", Align::Left),
        ("RULE", Align::Left),
        ("ACCOUNT", Align::Left),
        ("PAYER", Align::Left),
        ("TEXT", Align::Left),
    ];
    output::table(&headers, &rows);
    Ok(Exit::Done)
}

pub(super) fn propose(session: &Session, args: &Propose, ctx: &Ctx) -> Result<Exit, Error> {
    let lines: Vec<LineId> = match &args.line {
        Some(text) => vec![id(text)?],
        None => {
            let filter = Filter { state: Some(LineState::Unidentified), bank_account: None };
            let all = session.read(|db| line::list(db, &filter, LineId(0), 1000))?;
            all.into_iter().map(|row| row.id).collect()
        }
    };
    let (mut shown, mut rows) = (Vec::new(), Vec::new());
    for of in lines {
        let (row, all) = session.read(|db| shown::candidates(db, of))?;
        let mut told = Vec::new();
        for one in &all {
            told.push(json!({
                "rule": one.rule,
                "account": Some(&one.account_number).filter(|number| !number.is_empty()),
                "documents": one.documents.iter().map(|(_, number, owed)| json!({
                    "number": number, "open": owed.plain(),
                })).collect::<Vec<_>>(),
                "payment": one.payment.map(|id| id.to_string()),
                "left": one.left.plain(),
                "words": one.words,
            }));
            let money = row.currency.amount(row.unidentified_minor).grouped();
            rows.push(vec![row.id.to_string(), money, one.words.clone()]);
        }
        let mut line = value(&row);
        line["candidates"] = json!(told);
        shown.push(line);
    }
    if ctx.json {
        output::json(&shown)?;
    } else {
        let headers = [("LINE", Align::Left), ("AMOUNT", Align::Right), ("MAY BE", Align::Left)];
        output::table(&headers, &rows);
    }
    Ok(Exit::Done)
}
