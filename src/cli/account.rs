//! `daybook account explain`: one month of an account on one page; `edit` is in `account_edit`.

use super::account_edit;
use super::ctx::Ctx;
use super::exit::Exit;
use super::ids;
use super::output::{self, Align};
use super::receipt::report;
use crate::domain::document::DocumentKind;
use crate::domain::leaf::{Leaf, Part, Side, Weight};
use crate::domain::money::Money;
use crate::domain::movement::Movement;
use crate::domain::stop::{NewStop, StopKind};
use crate::engine::Error;
use crate::engine::account_page;
use crate::engine::collect;
use crate::outside::Standing;
use crate::store::read::account_page::{AccountPage, MoneyRow, OpenRow, PageDocument, What};
use chrono::NaiveDate;
use serde_json::{Value, json};
use std::path::PathBuf;

/// Customers.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// One month of an account on one page: prices, usage, documents, money, what is open and why
    Explain(Explain),
    /// Change what an account says of itself, by the rules of accounts.csv
    Edit(account_edit::Edit),
    /// Nothing of an account is collected: it is insolvent, or its customer has died; none: it is again
    Stop(Stop),
}

#[derive(Debug, clap::Args)]
struct Stop {
    /// The account's number
    account: String,
    /// Why; none ends it
    #[arg(value_parser = ["insolvent", "deceased", "none"])]
    kind: String,
    /// Where it is known from; of none: why it is over
    #[arg(long, value_name = "T", required_if_eq_any([("kind", "insolvent"), ("kind", "deceased")]))]
    reason: Option<String>,
    /// Since which day (default: today)
    #[arg(long, value_name = "DATE", allow_hyphen_values = true)]
    since: Option<NaiveDate>,
}

#[derive(Debug, clap::Args)]
struct Explain {
    /// The account's number
    account: String,
    /// The month (default: this one)
    #[arg(long, value_name = "YYYY-MM", allow_hyphen_values = true)]
    period: Option<String>,
    /// As a PDF to send (a directory: under its own name; - is standard output)
    #[arg(long, value_name = "FILE")]
    pdf: Option<PathBuf>,
    /// Replace the file if it is there already
    #[arg(long, requires = "pdf")]
    force: bool,
}

/// Runs it.
pub fn run(args: &Args, ctx: &Ctx) -> Result<Exit, Error> {
    let args = match &args.action {
        Action::Explain(args) => args,
        Action::Edit(args) => return account_edit::run(args, ctx),
        Action::Stop(args) => return stop(args, ctx),
    };
    let session = ctx.open()?;
    let page = account_page::read(&session, &args.account, args.period.as_deref())?;
    let Some(file) = &args.pdf else {
        if ctx.json {
            output::json(&to_json(&page))?;
        } else {
            print(&account_page::leaf(&page));
        }
        return Ok(Exit::Done);
    };
    let made = session.read(|db| Ok(account_page::pdf(db, &page)))??;
    let standing = if args.force { Standing::Replace } else { Standing::Keep };
    let name = account_page::file_name(&page);
    let Some(path) = output::file(file, &name, &made, standing)? else {
        return Ok(Exit::Done);
    };
    if ctx.json {
        output::json(&json!({ "file": path.display().to_string(), "bytes": made.len() }))?;
    } else {
        output::line(&path.display().to_string());
    }
    Ok(Exit::Done)
}

fn stop(args: &Stop, ctx: &Ctx) -> Result<Exit, Error> {
    let mut session = ctx.open()?;
    let account = ids::account(&session, &args.account)?;
    let (number, reason) = (args.account.clone(), args.reason.clone().unwrap_or_default());
    let receipt = match StopKind::parse(&args.kind) {
        Some(kind) => {
            let since = args.since;
            let new = NewStop { account, number, kind, since, reason };
            collect::stop::begin(&mut session, &new)?
        }
        None => collect::stop::end(&mut session, account, &number, &reason)?,
    };
    report(&receipt, ctx)
}

fn print(leaf: &Leaf) {
    output::line(&leaf.title);
    leaf.under.iter().for_each(|line| output::line(line));
    for part in &leaf.parts {
        match part {
            Part::Heading(text) => {
                output::line("");
                output::line(text);
            }
            Part::Text(text) => output::line(text),
            Part::Table(columns, rows) => {
                let headers: Vec<(&str, Align)> = columns
                    .iter()
                    .map(|(title, side)| match side {
                        Side::Right => (title.as_str(), Align::Right),
                        Side::Left | Side::Flows => (title.as_str(), Align::Left),
                    })
                    .collect();
                let rows: Vec<Vec<String>> = rows
                    .iter()
                    .map(|row| {
                        let indented = |(at, cell): (usize, &String)| match row.weight {
                            Weight::Small if at == 1 => format!("  {cell}"),
                            Weight::Plain | Weight::Strong | Weight::Small => cell.clone(),
                        };
                        row.cells.iter().enumerate().map(indented).collect()
                    })
                    .collect();
                output::table(&headers, &rows);
            }
        }
    }
}

fn amount(money: Money) -> Value {
    json!({ "amount": money.plain(), "currency": money.currency.code() })
}

fn to_json(page: &AccountPage) -> Value {
    let span = page.month.span();
    let t = &page.terms;
    json!({
        "account_number": page.number,
        "name": t.name,
        "period": page.month.to_string(),
        "from": span.from,
        "to": span.to,
        "as_of": span.to.min(page.today.max(span.from)),
        "payment_term": t.payment_term,
        "auto_pay": t.auto_pay,
        "methods": page.methods,
        "bill_cycle_day": t.bill_cycle_day,
        "status": t.status,
        "first_document_on": page.first_on,
        "drafts": page.drafts,
        "balances": page.movements.iter().map(movement).collect::<Vec<_>>(),
        "prices": page.prices.rows.iter().map(|p| json!({
            "charge_number": p.charge, "subscription_number": p.subscription, "name": p.terms.name,
            "type": p.terms.charge_type, "model": p.terms.model, "price": p.terms.price,
            "quantity": p.terms.quantity, "uom": p.terms.uom,
            "billing_period": p.terms.billing_period, "tiers": crate::domain::charge::write_tiers(&p.terms.tiers),
            "in_words": account_page::price(&p.terms, t.currency), "from": p.from, "to": p.to,
            "suspended_from": p.suspended.map(|s| s.0), "resumed_from": p.suspended.and_then(|s| s.1),
        })).collect::<Vec<_>>(),
        "usage": page.usage.rows.iter().map(|u| json!({
            "uom": u.uom, "records": u.records, "quantity": u.used,
            "charge_number": u.billed.as_ref().map(|b| &b.charge),
            "document": u.billed.as_ref().map(|b| &b.document),
            "line_quantity": u.billed.as_ref().and_then(|b| b.line).map(|l| l.0),
            "line_amount": u.billed.as_ref().and_then(|b| b.line).map(|l| amount(l.1)),
        })).collect::<Vec<_>>(),
        "documents": page.documents.rows.iter().map(document).collect::<Vec<_>>(),
        "money": page.money.rows.iter().map(money).collect::<Vec<_>>(),
        "open": page.open.rows.iter().map(|row| open(page, row)).collect::<Vec<_>>(),
        "left_out": {
            "prices": page.prices.more, "usage": page.usage.more, "documents": page.documents.more,
            "money": page.money.more, "open": page.open.more,
        },
    })
}

fn movement(m: &Movement) -> Value {
    let plain = |minor| m.currency.plain(minor);
    json!({
        "currency": m.currency.code(), "opening": plain(m.opening), "invoiced": plain(m.invoiced),
        "credited": plain(m.credited), "paid": plain(m.paid), "refunded": plain(m.refunded),
        "written_off": plain(m.written_off), "taken_over": plain(m.taken_over),
        "carried_over": plain(m.carried), "moved_away": plain(m.moved), "closing": plain(m.closing),
    })
}

fn document(d: &PageDocument) -> Value {
    let row = &d.row;
    let plain = |minor| row.currency.plain(minor);
    let items: Vec<Value> = d
        .items
        .rows
        .iter()
        .map(|i| {
            json!({
                "charge_number": i.charge_number, "description": i.description,
                "service_from": i.service_from, "service_to": i.service_to,
                "quantity": i.quantity, "unit_price": i.unit_price, "amount": plain(i.amount_minor),
            })
        })
        .collect();
    json!({
        "number": row.number, "kind": row.kind, "currency": row.currency.code(),
        "invoice_date": row.invoice_on,
        "due_date": row.kind.is_receivable().then_some(row.due_on),
        "corrects": d.corrects, "reason": row.reason, "subtotal": plain(row.subtotal_minor),
        "tax": plain(row.tax_minor), "total": plain(row.total_minor), "items": items,
        "items_left_out": d.items.more,
    })
}

fn money(row: &MoneyRow) -> Value {
    let uses: Vec<Value> = row
        .uses
        .iter()
        .map(|on| {
            json!({
                "document": on.on, "amount": on.amount.plain(), "reopened": on.reopened.plain(),
            })
        })
        .collect();
    let (what, code, next): (String, &str, _) = match &row.what {
        What::Came { .. } => ("paid".into(), "", None),
        What::Not { status, code, next_on } => (status.to_lowercase(), code, *next_on),
        What::Back { kind } => (kind.clone(), "", None),
        What::PaidOut => ("paid out".into(), "", None),
        What::UsedLater { .. } => ("used later".into(), "", None),
        What::Credit { of: DocumentKind::WriteOff } => ("written off".into(), "", None),
        What::Credit { .. } => ("credit used".into(), "", None),
    };
    let unapplied = match &row.what {
        What::Came { left } => Some(left.plain()),
        _ => None,
    };
    json!({
        "on": row.on, "by": row.by, "what": what, "how": row.how, "code": code,
        "next_try": next, "amount": row.amount.plain(), "currency": row.amount.currency.code(),
        "unapplied": unapplied, "used_on": uses,
    })
}

fn open(page: &AccountPage, row: &OpenRow) -> Value {
    json!({
        "by": row.by, "kind": row.kind.map_or("payment", DocumentKind::as_str), "of": row.on,
        "open": row.open.plain(), "open_now": row.now.plain(),
        "currency": row.open.currency.code(), "due_date": row.state.due_on,
        "promised_on": row.state.promised_on, "disputed": row.state.disputed,
        "next_try": row.state.next_on, "auto_pay_off": row.state.auto_pay_off,
        "why": account_page::why(page, row),
    })
}
