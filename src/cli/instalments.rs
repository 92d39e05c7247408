//! `daybook instalments new|list|show|end`: what an account owes, paid on several days.

use super::ctx::Ctx;
use super::exit::Exit;
use super::ids::{account, open_of};
use super::output::{self, Align};
use super::receipt::report;
use crate::domain::ids::PlanId;
use crate::domain::instalment::{Every, NewPlan, Parts, Plan, PlanState};
use crate::domain::money::Currency;
use crate::engine::collect::instalments;
use crate::engine::{Error, Session};
use crate::store::{account as accounts, instalment};
use chrono::NaiveDate;
use serde_json::{Value, json};

/// Agree, list and end instalment plans.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Agree a plan: nothing of it is charged, retried or reminded until an instalment is missed
    New(New),
    /// Open plans, and where each stands
    List {
        /// Also those that are over
        #[arg(long)]
        all: bool,
        /// Of this account only
        #[arg(long, value_name = "NUMBER")]
        account: Option<String>,
    },
    /// One plan with its days and its invoices
    Show {
        /// IP-000001
        plan: String,
    },
    /// End a plan: what is left of it is collected again
    End {
        /// IP-000001
        plan: String,
        /// Why
        #[arg(long, value_name = "T")]
        reason: String,
    },
}

#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("parts").required(true).args(["count", "amounts"])))]
struct New {
    /// Account number
    account: String,
    /// Only this invoice (number or D-000001), several times for several; else all that is overdue
    #[arg(long, value_name = "ID", conflicts_with = "open")]
    invoice: Vec<String>,
    /// Also what is open and not due yet
    #[arg(long)]
    open: bool,
    /// So many equal instalments; the last carries the rest
    #[arg(long, value_name = "N")]
    count: Option<usize>,
    /// Or these amounts: 50,50,38.10
    #[arg(long, value_name = "A,A", value_delimiter = ',')]
    amounts: Vec<String>,
    /// The day of the first
    #[arg(long, value_name = "DATE")]
    first: NaiveDate,
    /// How far apart: month, week, 3 months, 10 days
    #[arg(long, value_name = "SPAN", default_value = "month")]
    every: String,
    /// What is owed in this currency (default: the account's)
    #[arg(long, value_name = "CODE")]
    currency: Option<String>,
    /// Say what it would be and agree nothing
    #[arg(long)]
    dry_run: bool,
}

/// Runs it.
pub fn run(args: &Args, ctx: &Ctx) -> Result<Exit, Error> {
    let mut session = ctx.open()?;
    match &args.action {
        Action::New(new) => make(&mut session, new, ctx),
        Action::List { all, account: None } => {
            let plans = session.read(|db| instalment::all(db, *all, u32::MAX))?;
            list(&plans, ctx)
        }
        Action::List { all, account: Some(number) } => {
            let id = account(&session, number)?;
            let mut plans = session.read(|db| instalment::of_account(db, id))?;
            plans.retain(|plan| *all || plan.state == PlanState::Open);
            list(&plans, ctx)
        }
        Action::Show { plan } => {
            let id = id(plan)?;
            show(&session.read(|db| instalment::get(db, id))?, ctx)
        }
        Action::End { plan, reason } => {
            report(&instalments::end(&mut session, id(plan)?, reason)?, ctx)
        }
    }
}

fn id(text: &str) -> Result<PlanId, Error> {
    PlanId::parse(text).ok_or_else(|| {
        let why = format!("{text:?} is no instalment plan");
        Error::usage("bad_plan", why, "write IP-000001; daybook instalments list shows them")
    })
}

fn make(session: &mut Session, new: &New, ctx: &Ctx) -> Result<Exit, Error> {
    let id = account(session, &new.account)?;
    let currency = match &new.currency {
        None => session.read(|db| accounts::owes(db, id))?.1,
        Some(code) => Currency::parse(&code.to_uppercase()).ok_or_else(|| {
            let why = format!("{code:?} is no currency");
            Error::usage("bad_currency", why, "an ISO code, such as EUR")
        })?,
    };
    let every = Every::parse(&new.every).ok_or_else(|| {
        let why = format!("{:?} is no span", new.every);
        Error::usage("bad_span", why, "month, week, 3 months, 10 days")
    })?;
    let parts = match new.count {
        Some(count) => Parts::Equal(count),
        None => Parts::Each(
            new.amounts.iter().map(|text| currency.read(text)).collect::<Result<_, _>>()?,
        ),
    };
    let of = open_of(session, &new.invoice, new.open)?;
    let plan = NewPlan { account: id, currency, of, first: new.first, every, parts };
    if !new.dry_run {
        return report(&instalments::make(session, &plan)?, ctx);
    }
    let today = session.now()?.today;
    let told = session.store.read(|db| instalments::foretell(db, &plan, today))?;
    if ctx.json {
        output::json(
            &json!({ "dry_run": true, "what": told.what, "then": told.then, "left_out": told.beware }),
        )?;
    } else {
        output::line(&told.what);
        told.then.iter().chain(&told.beware).for_each(|text| output::line(&format!("  {text}")));
    }
    Ok(Exit::Done)
}

fn as_json(plan: &Plan) -> Value {
    let plain = |minor| plan.currency.plain(minor);
    let instalments: Vec<Value> = plan
        .instalments
        .iter()
        .map(|one| json!({ "due_on": one.due_on, "amount": plain(one.amount_minor) }))
        .collect();
    let invoices: Vec<Value> = plan
        .documents
        .iter()
        .map(|(_, number, owed, now)| json!({ "invoice": number, "owed": plain(*owed), "open": plain(*now) }))
        .collect();
    json!({
        "id": plan.id.to_string(), "account_number": plan.account_number, "state": plan.state,
        "currency": plan.currency.code(), "paid": plain(plan.paid_minor()),
        "open": plain(plan.open_minor()), "next": plan.next().map(|at| at + 1),
        "made_by": plan.made_by, "why_over": plan.words,
        "instalments": instalments, "invoices": invoices,
    })
}

fn list(plans: &[Plan], ctx: &Ctx) -> Result<Exit, Error> {
    if ctx.json {
        let all: Vec<Value> = plans.iter().map(as_json).collect();
        output::json(&all)?;
        return Ok(Exit::Done);
    }
    if plans.is_empty() {
        output::line("no instalment plan: daybook instalments new agrees one");
        return Ok(Exit::Done);
    }
    let rows: Vec<Vec<String>> = plans
        .iter()
        .map(|plan| {
            let money = |minor| plan.currency.amount(minor).to_string();
            let (id, open) = (plan.id.to_string(), money(plan.open_minor()));
            vec![id, plan.account_number.clone(), open, plan.said()]
        })
        .collect();
    let left = Align::Left;
    output::table(
        &[("PLAN", left), ("ACCOUNT", left), ("OPEN", Align::Right), ("NEXT", left)],
        &rows,
    );
    Ok(Exit::Done)
}

fn show(plan: &Plan, ctx: &Ctx) -> Result<Exit, Error> {
    if ctx.json {
        output::json(&as_json(plan))?;
        return Ok(Exit::Done);
    }
    let money = |minor| plan.currency.amount(minor).to_string();
    output::line(&format!("{} of {}: {}", plan.id, plan.account_number, plan.said()));
    let next = plan.next().unwrap_or(plan.instalments.len());
    let rows: Vec<Vec<String>> = plan
        .instalments
        .iter()
        .enumerate()
        .map(|(at, one)| {
            let word = if at < next { "paid" } else { "" };
            vec![
                (at + 1).to_string(),
                one.due_on.to_string(),
                money(one.amount_minor),
                word.to_owned(),
            ]
        })
        .collect();
    let (left, right) = (Align::Left, Align::Right);
    output::table(&[("NO", right), ("BY", left), ("AMOUNT", right), ("", left)], &rows);
    let rows: Vec<Vec<String>> = plan
        .documents
        .iter()
        .map(|(_, number, owed, now)| vec![number.clone(), money(*owed), money(*now)])
        .collect();
    output::table(&[("INVOICE", left), ("OWED THEN", right), ("OPEN", right)], &rows);
    Ok(Exit::Done)
}
