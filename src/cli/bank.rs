//! `daybook bank`: our accounts at banks, their statements, what each line of one is.

mod lines;
mod read;

use super::ctx::Ctx;
use super::exit::Exit;
use super::output::{self, Align};
use super::receipt::report;
use crate::engine::bank::account;
use crate::engine::collect::bank;
use crate::engine::{Error, Session};
use crate::store::bank_read;
use crate::store::{Db, StoreError, bank as banks};
use chrono::NaiveDate;
use serde_json::{Value, json};

/// Read statements of banks and match their lines.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Add and list our accounts at banks
    Account {
        #[command(subcommand)]
        action: AccountAction,
    },
    /// Read statements: camt.053, .052 and .054, MT940, payments.csv
    Import(read::Import),
    /// Lines that somebody has to look at, or those in a state
    List(lines::List),
    /// What lines may be, with the difference in words
    Propose(lines::Propose),
    /// Say what a line, or a part of it, pays or is
    Match(lines::Match),
    /// Take back what a line was matched to: it is nobody's again
    Unmatch(lines::Unmatch),
    /// Say whose money a line is
    Identify(lines::Identify),
    /// Say that a line is our own: a fee, a transfer between our accounts
    Own(lines::OwnArgs),
    /// All that came up to a day is in the book: payment runs and the day's plan go by it
    ReadUntil {
        /// The day; none: what was said last
        date: Option<NaiveDate>,
    },
}

#[derive(Debug, clap::Subcommand)]
enum AccountAction {
    /// Add one; its money is in the ledger as cash:NAME
    Add {
        /// What it is called here
        name: String,
        /// ISO code
        #[arg(long)]
        currency: String,
        /// IBAN or number, as its statements have it
        #[arg(long, default_value = "")]
        iban: String,
    },
    /// All of them, with their statements and what is missing
    List,
}

/// Runs it.
pub fn run(args: &Args, ctx: &Ctx) -> Result<Exit, Error> {
    let mut session = ctx.open()?;
    match &args.action {
        Action::Account { action: AccountAction::Add { name, currency, iban } } => {
            add(&mut session, (name, currency, iban), ctx)
        }
        Action::Account { action: AccountAction::List } => list(&session, ctx),
        Action::Import(args) => read::import(&mut session, args, ctx),
        Action::List(args) => lines::list(&session, args, ctx),
        Action::Propose(args) => lines::propose(&session, args, ctx),
        Action::Match(args) => lines::match_to(&mut session, args, ctx),
        Action::Unmatch(args) => lines::unmatch(&mut session, args, ctx),
        Action::Identify(args) => lines::identify(&mut session, args, ctx),
        Action::Own(args) => lines::own(&mut session, args, ctx),
        Action::ReadUntil { date: Some(day) } => {
            report(&bank::read_until(&mut session, *day)?, ctx)
        }
        Action::ReadUntil { date: None } => read_until(&session, ctx),
    }
}

fn read_until(session: &Session, ctx: &Ctx) -> Result<Exit, Error> {
    let last = session.read(bank_read::last)?;
    if ctx.json {
        let (day, by) = last.map(|l| (l.through_on, l.said_by)).unzip();
        output::json(&json!({ "read_until": day, "said_by": by }))?;
    } else {
        output::line(&match last {
            Some(last) => format!("read until {}, says {}", last.through_on, last.said_by),
            None => "nobody said until when it is read: add the day".to_owned(),
        });
    }
    Ok(Exit::Done)
}

fn add(
    session: &mut Session,
    (name, currency, iban): (&str, &str, &str),
    ctx: &Ctx,
) -> Result<Exit, Error> {
    let (made, odd) = account::add(session, name, currency, iban)?;
    if ctx.json {
        output::json(&json!({
            "name": made.name, "iban": made.number, "currency": made.currency.code(),
            "ledger_account": made.cash(), "warning": odd,
        }))?;
    } else {
        output::line(&format!("{} in {}: {}", made.name, made.currency, made.cash()));
        if !odd.is_empty() {
            output::line(&odd);
        }
    }
    Ok(Exit::Done)
}

/// A bank account as it is listed.
struct Listed {
    account: banks::BankAccount,
    statements: Vec<banks::statement::StatementRow>,
    gaps: Vec<banks::statement::Gap>,
}

fn listed(db: &Db<'_>) -> Result<Vec<Listed>, StoreError> {
    let mut all = Vec::new();
    for account in banks::all(db)? {
        let statements = banks::statement::of_account(db, account.id)?;
        let gaps = banks::statement::gaps(db, account.id)?;
        all.push(Listed { account, statements, gaps });
    }
    Ok(all)
}

fn list(session: &Session, ctx: &Ctx) -> Result<Exit, Error> {
    let all = session.read(listed)?;
    if ctx.json {
        let shown: Vec<Value> = all
            .iter()
            .map(|one| {
                let of = one.account.currency;
                json!({
                    "name": one.account.name, "iban": one.account.number, "currency": of.code(),
                    "ledger_account": one.account.cash(),
                    "statements": one.statements.iter().map(|s| json!({
                        "id": s.name, "source": s.source, "state": s.state, "from": s.from, "to": s.to,
                        "opening": s.opening_minor.map(|m| of.plain(m)),
                        "closing": s.closing_minor.map(|m| of.plain(m)), "file": s.file,
                    })).collect::<Vec<_>>(),
                    "gaps": one.gaps.iter().map(|gap| json!({
                        "statement": gap.statement.name, "from": gap.statement.from, "why": gap.why,
                    })).collect::<Vec<_>>(),
                })
            })
            .collect();
        output::json(&shown)?;
        return Ok(Exit::Done);
    }
    let rows: Vec<Vec<String>> = all
        .iter()
        .map(|one| {
            let last = one.statements.iter().max_by_key(|s| s.to);
            let closing = last.and_then(|s| s.closing_minor);
            vec![
                one.account.name.clone(),
                one.account.currency.code().to_owned(),
                one.account.number.clone(),
                one.statements.len().to_string(),
                last.map(|s| s.to.to_string()).unwrap_or_default(),
                closing.map(|m| one.account.currency.grouped(m)).unwrap_or_default(),
            ]
        })
        .collect();
    let headers = [
        ("NAME", Align::Left),
        ("CURRENCY", Align::Left),
        ("IBAN", Align::Left),
        ("STATEMENTS", Align::Right),
        ("READ TO", Align::Left),
        ("CLOSING", Align::Right),
    ];
    output::table(&headers, &rows);
    for gap in all.iter().flat_map(|one| &one.gaps) {
        let (name, from) = (&gap.statement.name, gap.statement.from);
        output::line(&format!("gap before {name} of {from}: {}", gap.why));
    }
    Ok(Exit::Done)
}
