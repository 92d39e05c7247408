//! `daybook agency hand-over|list|file|end`: accounts with a collection agency.

use super::ctx::Ctx;
use super::exit::Exit;
use super::ids::{account, open_of};
use super::output::{self, Align};
use super::receipt::report;
use crate::domain::agency::{Case, CaseState, NewCase};
use crate::domain::ids::CaseId;
use crate::domain::money::Purse;
use crate::engine::collect::agency;
use crate::engine::{Error, Session};
use crate::outside::Standing;
use crate::store::agency as cases;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Hand accounts to a collection agency, write its file, take them back.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Hand over what an account owes: nothing of the account is charged, retried or reminded any more
    HandOver {
        /// Account number
        account: String,
        /// Who gets it
        #[arg(long, value_name = "NAME")]
        agency: String,
        /// How they call the case
        #[arg(long, value_name = "T", default_value = "")]
        reference: String,
        /// Only this invoice (number or D-000001), several times for several; else all that is overdue
        #[arg(long, value_name = "ID", conflicts_with = "open")]
        invoice: Vec<String>,
        /// Also what is open and not due yet
        #[arg(long)]
        open: bool,
    },
    /// Open cases
    List {
        /// Also those that are over
        #[arg(long)]
        all: bool,
    },
    /// Write the file that the agency gets: a row an invoice, as CSV
    File {
        /// AC-000001, several for several
        #[arg(required_unless_present = "all")]
        case: Vec<String>,
        /// Every open case
        #[arg(long, conflicts_with = "case")]
        all: bool,
        /// Where to: a file, a directory, or - for standard output
        #[arg(long, value_name = "FILE", default_value = "-")]
        out: PathBuf,
        /// Write over a file that stands there
        #[arg(long)]
        force: bool,
    },
    /// End a case: taken back, collected, or given up by the agency
    End {
        /// AC-000001
        case: String,
        /// How it ended
        outcome: Outcome,
        /// What there is to say
        #[arg(long, value_name = "T", default_value = "")]
        reason: String,
    },
}

/// How a case ends, as clap knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Outcome {
    Recalled,
    Collected,
    Uncollectible,
}

/// Runs it.
pub fn run(args: &Args, ctx: &Ctx) -> Result<Exit, Error> {
    let mut session = ctx.open()?;
    match &args.action {
        Action::HandOver { account: number, agency: name, reference, invoice, open } => {
            let new = NewCase {
                account: account(&session, number)?,
                of: open_of(&session, invoice, *open)?,
                agency: name.clone(),
                reference: reference.clone(),
            };
            report(&agency::hand_over(&mut session, &new)?, ctx)
        }
        Action::List { all } => list(&session.read(|db| cases::all(db, *all, u32::MAX))?, ctx),
        Action::File { case, out, force, .. } => {
            let standing = if *force { Standing::Replace } else { Standing::Keep };
            file(&session, case, (out, standing), ctx)
        }
        Action::End { case, outcome, reason } => {
            let state = match outcome {
                Outcome::Recalled => CaseState::Recalled,
                Outcome::Collected => CaseState::Collected,
                Outcome::Uncollectible => CaseState::Uncollectible,
            };
            report(&agency::end(&mut session, id(case)?, state, reason)?, ctx)
        }
    }
}

fn id(text: &str) -> Result<CaseId, Error> {
    CaseId::parse(text).ok_or_else(|| {
        let why = format!("{text:?} is no case of an agency");
        Error::usage("bad_case", why, "write AC-000001; daybook agency list shows them")
    })
}

fn file(
    session: &Session,
    named: &[String],
    (out, standing): (&Path, Standing),
    ctx: &Ctx,
) -> Result<Exit, Error> {
    let wanted = named.iter().map(|text| id(text)).collect::<Result<Vec<_>, _>>()?;
    let today = session.now()?.today;
    let bytes = session.store.read(|db| {
        let found = if wanted.is_empty() {
            cases::all(db, false, u32::MAX)?
        } else {
            wanted.iter().map(|id| cases::get(db, *id)).collect::<Result<_, _>>()?
        };
        agency::file(db, &found, today)
    })?;
    let name = agency::file_name(today);
    if let Some(path) = output::file(out, &name, &bytes, standing)? {
        let path = path.display().to_string();
        if ctx.json {
            output::json(&json!({ "file": path }))?;
        } else {
            output::line(&format!("wrote {path}"));
        }
    }
    Ok(Exit::Done)
}

fn open(case: &Case) -> Result<Purse, Error> {
    let mut open = Purse::default();
    for claim in &case.claims {
        open.add(claim.open)?;
    }
    Ok(open.without_zeros())
}

fn list(found: &[Case], ctx: &Ctx) -> Result<Exit, Error> {
    if ctx.json {
        let all: Vec<Value> = found
            .iter()
            .map(|case| {
                let claims: Vec<Value> = case
                    .claims
                    .iter()
                    .map(|claim| {
                        json!({
                            "invoice": claim.number, "handed_over": claim.handed.plain(),
                            "open": claim.open.plain(), "currency": claim.open.currency.code(),
                        })
                    })
                    .collect();
                json!({
                    "id": case.id.to_string(), "account_number": case.account_number,
                    "agency": case.agency, "reference": case.reference, "state": case.state,
                    "handed_by": case.handed_by, "handed_on": case.handed_on,
                    "ended_by": case.ended_by, "ended_on": case.ended_on, "words": case.words,
                    "claims": claims,
                })
            })
            .collect();
        output::json(&all)?;
        return Ok(Exit::Done);
    }
    if found.is_empty() {
        output::line("nothing is with an agency: daybook agency hand-over hands over");
        return Ok(Exit::Done);
    }
    let mut rows = Vec::new();
    for case in found {
        rows.push(vec![
            case.id.to_string(),
            case.account_number.clone(),
            case.handed_on.to_string(),
            case.agency.clone(),
            case.reference.clone(),
            case.claims.len().to_string(),
            open(case)?.to_string(),
            case.state.to_string(),
        ]);
    }
    let (left, right) = (Align::Left, Align::Right);
    let headers = [
        ("CASE", left),
        ("ACCOUNT", left),
        ("SINCE", left),
        ("AGENCY", left),
        ("THEIR REF", left),
        ("INVOICES", right),
        ("OPEN", right),
        ("STATE", left),
    ];
    output::table(&headers, &rows);
    Ok(Exit::Done)
}
