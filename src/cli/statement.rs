//! `daybook statement`: statements of account by e-mail, to one customer, a batch, or who owes.

use super::ctx::Ctx;
use super::exit::Exit;
use super::output::{self, Align};
use super::progress;
use super::report::span_of;
use crate::domain::ids::StatementCopyId;
use crate::domain::money::Currency;
use crate::domain::payment::DeliveryStatus;
use crate::domain::text::counted;
use crate::engine::deliver::copies::When;
use crate::engine::deliver::statements::{self, Deed, Queued, Whom};
use crate::engine::{Error, Session};
use chrono::NaiveDate;
use serde_json::{Value, json};

/// Statements of account by e-mail.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Queue statements as e-mail, in the language of each account; a span goes to an address once
    Send(Send),
    /// List what is queued and gone
    List {
        /// Only in this status
        #[arg(long, value_name = "S")]
        status: Option<String>,
        /// Only of this account
        #[arg(long, value_name = "NUMBER")]
        account: Option<String>,
    },
    /// Do not send after all
    Recall {
        /// ST-000001 …
        #[arg(required = true)]
        ids: Vec<String>,
    },
    /// Send once more what bounced, was recalled, or is not known to have arrived
    Retry {
        /// ST-000001 …
        #[arg(required = true)]
        ids: Vec<String>,
    },
    /// Record that what was not known to have arrived did
    Confirm {
        /// ST-000001 …
        #[arg(required = true)]
        ids: Vec<String>,
    },
}

#[derive(Debug, clap::Args)]
struct Send {
    /// To this account
    #[arg(long, value_name = "NUMBER", conflicts_with_all = ["batch", "owes", "all"])]
    account: Option<String>,
    /// To the accounts of this batch
    #[arg(long, conflicts_with_all = ["owes", "all"])]
    batch: Option<String>,
    /// To who owes more than this, past due
    #[arg(long, value_name = "A", conflicts_with = "all")]
    owes: Option<String>,
    /// … for at least so many days (default: 1)
    #[arg(long, value_name = "N", requires = "owes", default_value_t = 1)]
    for_days: u64,
    /// … in this currency
    #[arg(long, value_name = "CODE", requires = "owes")]
    currency: Option<String>,
    /// To every account of which there is something to say
    #[arg(long)]
    all: bool,
    /// Of this month (default: this one up to today)
    #[arg(long, value_name = "YYYY-MM", conflicts_with_all = ["from", "to"])]
    period: Option<String>,
    /// From this day on
    #[arg(long, value_name = "DATE")]
    from: Option<NaiveDate>,
    /// Up to this day
    #[arg(long, value_name = "DATE")]
    to: Option<NaiveDate>,
    /// Show what would go where, change nothing
    #[arg(long, conflicts_with_all = ["at_once", "detach"])]
    dry_run: bool,
    /// No waiting for a recall: it leaves at once
    #[arg(long = "send-now")]
    at_once: bool,
    /// Queue only; a worker or console sends
    #[arg(long)]
    detach: bool,
}

/// Runs it.
pub fn run(args: &Args, ctx: &Ctx) -> Result<Exit, Error> {
    let mut session = ctx.open()?;
    match &args.action {
        Action::Send(args) => send(&mut session, args, ctx),
        Action::List { status, account } => {
            list(&session, status.as_deref(), account.as_deref(), ctx)
        }
        Action::Recall { ids } => steer(&mut session, ids, Deed::Recall, ctx),
        Action::Retry { ids } => steer(&mut session, ids, Deed::Again, ctx),
        Action::Confirm { ids } => steer(&mut session, ids, Deed::Confirm, ctx),
    }
}

fn whom(args: &Send) -> Result<Whom, Error> {
    if let Some(number) = &args.account {
        return Ok(Whom::Account(number.clone()));
    }
    if let Some(batch) = &args.batch {
        return Ok(Whom::Batch(batch.clone()));
    }
    let Some(text) = &args.owes else {
        let hint = "--account A, --batch B, --owes X --currency C --for-days N, or --all";
        return if args.all {
            Ok(Whom::Everybody)
        } else {
            Err(Error::usage("nobody", "nobody is named", hint))
        };
    };
    let code = args.currency.as_deref().unwrap_or_default().to_uppercase();
    let currency = Currency::parse(&code).ok_or_else(|| {
        let why = "an amount is of a currency, and --owes names none that there is";
        Error::usage("bad_currency", why, "--currency with an ISO code, such as EUR")
    })?;
    let more_than = currency
        .read(text)
        .map_err(|e| Error::usage("bad_amount", format!("--owes: {e}"), "such as 100.00"))?;
    if more_than.minor < 0 {
        return Err(Error::usage("bad_amount", "--owes: below zero nobody owes", "such as 100.00"));
    }
    Ok(Whom::Owing { more_than, days: args.for_days })
}

fn send(session: &mut Session, args: &Send, ctx: &Ctx) -> Result<Exit, Error> {
    let whom = whom(args)?;
    let today = session.now()?.today;
    let to = if args.period.is_none() { args.to.or(Some(today)) } else { None };
    let span = span_of(args.period.as_deref(), (args.from, to), today)?;
    if args.dry_run {
        let ahead = statements::ahead(session, &whom, span)?;
        show(&ahead, None, ctx)?;
        return Ok(Exit::partly_if(!ahead.refused.is_empty()));
    }
    let when = if args.at_once { When::Now } else { When::AfterHold };
    let done = statements::queue(session, &whom, span, when)?;
    let mut sent = (0, 0);
    if let Some(job) = done.job.filter(|_| !args.detach) {
        let before = session.read(|db| crate::store::job::get(db, job))?;
        let ended = progress::drive(session, job, ctx)?;
        let after = ended.job();
        sent = (after.done - before.done, after.failed - before.failed);
    }
    show(&done, Some(sent), ctx)?;
    Ok(Exit::partly_if(!done.refused.is_empty() || sent.1 > 0))
}

/// What is queued (or, without `sent`, would be), and what has left of it.
fn show(all: &Queued, sent: Option<(i64, i64)>, ctx: &Ctx) -> Result<(), Error> {
    let queued: usize = all.accounts.iter().map(|one| one.queued.len()).sum();
    let known: usize = all.accounts.iter().map(|one| one.known.len()).sum();
    if ctx.json {
        let (left, failed) = sent.unwrap_or_default();
        return output::json(&json!({
            "dry_run": sent.is_none(),
            "queued": queued,
            "known": known,
            "nothing_to_say": all.empty,
            "sent": left,
            "failed": failed,
            "accounts": accounts(all),
            "refused": all.refused.iter()
                .map(|r| json!({ "account_number": r.what, "reason": r.reason }))
                .collect::<Vec<_>>(),
        }));
    }
    let mut rows = Vec::new();
    for one in &all.accounts {
        for s in &one.statements {
            rows.push(vec![
                one.account.clone(),
                s.currency.code().to_owned(),
                s.currency.grouped(s.closing),
                s.currency.grouped(s.written_off),
                one.queued.join(", "),
                one.known.join(", "),
            ]);
        }
    }
    if !rows.is_empty() {
        let headers = [
            ("ACCOUNT", Align::Left),
            ("CURRENCY", Align::Left),
            ("LEGALLY OWED", Align::Right),
            ("WRITTEN OFF IN IT", Align::Right),
            ("TO", Align::Left),
            ("KNOWN BY", Align::Left),
        ];
        output::table(&headers, &rows);
    }
    for refused in &all.refused {
        output::line(&format!("{}: {}", refused.what, refused.reason));
    }
    let would = if sent.is_none() { "would be queued" } else { "queued" };
    let words = counted(queued as i64, "statement", "statements");
    output::line(&format!("{words} {would}, {known} known, {} accounts have none", all.empty));
    if let Some((left, failed)) = sent {
        output::line(&format!("{left} sent, {failed} failed: daybook statement list"));
    }
    Ok(())
}

fn accounts(all: &Queued) -> Vec<Value> {
    let of = |one: &statements::Sending| {
        let totals: Vec<Value> = one
            .statements
            .iter()
            .map(|s| {
                let plain = |minor| s.currency.plain(minor);
                json!({
                    "currency": s.currency.code(),
                    "opening": plain(s.opening),
                    "legally_owed": plain(s.closing),
                    "written_off": plain(s.written_off),
                    "booked": plain(s.booked),
                })
            })
            .collect();
        json!({ "account_number": one.account, "to": one.queued, "known": one.known, "totals": totals })
    };
    all.accounts.iter().map(of).collect()
}

fn list(
    session: &Session,
    status: Option<&str>,
    account: Option<&str>,
    ctx: &Ctx,
) -> Result<Exit, Error> {
    let status = status
        .map(|word| {
            DeliveryStatus::parse(word).ok_or_else(|| {
                let why = format!("{word:?} is no status");
                Error::usage("bad_status", why, DeliveryStatus::words())
            })
        })
        .transpose()?;
    let all = statements::list(session, status, account)?;
    if ctx.json {
        let rows: Vec<Value> = all
            .iter()
            .map(|copy| {
                json!({
                    "id": copy.id.to_string(), "account_number": copy.account_number,
                    "from": copy.span.from, "to_day": copy.span.to, "to": copy.address,
                    "status": copy.status, "attempts": copy.attempts,
                    "last_reply": copy.last_reply,
                })
            })
            .collect();
        output::json(&Value::Array(rows))?;
        return Ok(Exit::Done);
    }
    let rows: Vec<Vec<String>> = all
        .iter()
        .map(|copy| {
            vec![
                copy.id.to_string(),
                copy.account_number.clone(),
                format!("{} – {}", copy.span.from, copy.span.to),
                copy.address.clone(),
                copy.status.to_string(),
                copy.last_reply.clone(),
            ]
        })
        .collect();
    let left = |name| (name, Align::Left);
    let headers = ["ID", "ACCOUNT", "OF", "TO", "STATUS", "REPLY"].map(left);
    if rows.is_empty() {
        output::line("nothing");
    } else {
        output::table(&headers, &rows);
    }
    Ok(Exit::Done)
}

fn steer(session: &mut Session, ids: &[String], deed: Deed, ctx: &Ctx) -> Result<Exit, Error> {
    let read = |text: &String| {
        StatementCopyId::parse(text).ok_or_else(|| {
            Error::usage("bad_id", format!("{text:?} is no statement"), "such as ST-000001")
        })
    };
    let ids: Vec<StatementCopyId> = ids.iter().map(read).collect::<Result<_, _>>()?;
    let (done, refused, job) = statements::steer(session, &ids, deed)?;
    if let Some(job) = job {
        progress::drive(session, job, ctx)?;
    }
    if ctx.json {
        let refused: Vec<Value> =
            refused.iter().map(|r| json!({ "id": r.what, "reason": r.reason })).collect();
        output::json(&json!({ "done": done, "refused": refused }))?;
    } else {
        output::line(&format!("{done} done"));
        for one in &refused {
            output::line(&format!("{}: {}", one.what, one.reason));
        }
    }
    Ok(Exit::partly_if(!refused.is_empty()))
}
