//! Promises, disputes, auto-pay and payment methods from the command line.

use super::args::amount;
use super::args::{Code, DisputeArgs, MethodAction, Switch};
use crate::cli::ctx::Ctx;
use crate::cli::exit::Exit;
use crate::cli::ids;
use crate::cli::output;
use crate::cli::progress;
use crate::domain::dispute::{DisputeCode, GivenDispute, reason as dispute_reason};
use crate::domain::ids::MethodId;
use crate::domain::money::{Currency, Money};
use crate::domain::payment::MethodKind;
use crate::domain::payment_method::Unusable;
use crate::engine::collect::{self, FeeLine, Waiting, follow_up, remind as engine_remind};
use crate::engine::command::Receipt;
use crate::engine::{Error, Session, reach};
use crate::store::{StoreError, account, debt, dispute, method_state};
use chrono::{DateTime, NaiveDate};
use serde_json::{Value, json};

fn said(receipt: &Receipt, ctx: &Ctx) -> Result<Exit, Error> {
    if ctx.json {
        output::json(&json!({ "done": receipt.done, "summary": receipt.summary }))?;
    } else {
        output::line(&receipt.summary);
    }
    Ok(Exit::Done)
}

pub(super) fn promise(
    session: &mut Session,
    invoice: &str,
    on: Option<NaiveDate>,
    wanted: Option<&str>,
    withdraw: bool,
    ctx: &Ctx,
) -> Result<Exit, Error> {
    let debt = session.read(|db| debt::find(db, invoice))?;
    let receipt = match on {
        Some(on) if !withdraw => {
            let wanted = wanted.map(|text| amount(debt.currency, text)).transpose()?;
            follow_up::promise(session, debt.document, wanted, on)?
        }
        Some(_) | None => follow_up::withdraw_promise(session, debt.document)?,
    };
    said(&receipt, ctx)
}

pub(super) fn dispute(
    session: &mut Session,
    invoice: &str,
    args: &DisputeArgs,
    ctx: &Ctx,
) -> Result<Exit, Error> {
    let debt = session.read(|db| debt::find(db, invoice))?;
    let words = args.reason.clone().unwrap_or_default();
    let receipt = match args.end {
        Some(outcome) => collect::dispute::end(session, debt.document, outcome.state(), &words)?,
        None => {
            let amount = args.amount.as_deref().map(|text| amount(debt.currency, text));
            let given = GivenDispute {
                code: args.code.map_or(DisputeCode::Other, Code::code),
                amount: amount.transpose()?,
                owner: args.owner.clone().unwrap_or_default(),
                words,
            };
            collect::dispute::open(session, debt.document, &given)?
        }
    };
    said(&receipt, ctx)
}

pub(super) fn disputes(session: &Session, all: bool, ctx: &Ctx) -> Result<Exit, Error> {
    let found = session.read(|db| dispute::all(db, all, u32::MAX))?;
    let day = days(session)?;
    if ctx.json {
        let all: Vec<_> = found
            .iter()
            .map(|d| {
                json!({
                    "invoice": d.number, "account_number": d.account, "code": d.code,
                    "words": d.words, "amount": d.amount.plain(),
                    "currency": d.amount.currency.code(), "owner": d.owner,
                    "opened_by": d.opened_by, "opened_on": day(d.opened_at_ms),
                    "state": d.state, "ended_by": d.ended_by, "outcome": d.outcome,
                })
            })
            .collect();
        output::json(&all)?;
        return Ok(Exit::Done);
    }
    if found.is_empty() {
        output::line("nothing is disputed");
        return Ok(Exit::Done);
    }
    let rows: Vec<Vec<String>> = found
        .iter()
        .map(|d| {
            vec![
                d.account.clone(),
                d.number.clone(),
                d.amount.to_string(),
                day(d.opened_at_ms).unwrap_or_default(),
                d.owner.clone(),
                d.state.to_string(),
                dispute_reason(d.code, &d.words),
            ]
        })
        .collect();
    let left = output::Align::Left;
    let headers = [
        ("ACCOUNT", left),
        ("INVOICE", left),
        ("AMOUNT", output::Align::Right),
        ("SINCE", left),
        ("OWNER", left),
        ("STATE", left),
        ("WHY", left),
    ];
    output::table(&headers, &rows);
    Ok(Exit::Done)
}

/// The book's day of a moment, UTC ms; none of 0, which is not known.
fn days(session: &Session) -> Result<impl Fn(i64) -> Option<String>, Error> {
    let zone = session.config()?.zone();
    Ok(move |ms| {
        let at = DateTime::from_timestamp_millis(ms).filter(|_| ms > 0)?;
        Some(at.with_timezone(&zone).date_naive().to_string())
    })
}

pub(super) fn auto_pay(
    session: &mut Session,
    invoice: &str,
    switch: Switch,
    ctx: &Ctx,
) -> Result<Exit, Error> {
    let debt = session.read(|db| debt::find(db, invoice))?;
    said(&follow_up::auto_pay(session, debt.document, switch == Switch::On)?, ctx)
}

pub(super) fn apply(
    session: &mut Session,
    number: &str,
    code: Option<&str>,
    ctx: &Ctx,
) -> Result<Exit, Error> {
    let (account, own) = session.read(|db| {
        let found = account::find(db, number)?;
        found.map(|a| (a.id, a.currency)).ok_or(StoreError::NotFound(format!("account {number}")))
    })?;
    let currency = match code {
        None => own,
        Some(code) => Currency::parse(&code.to_uppercase()).ok_or_else(|| {
            Error::usage(
                "bad_currency",
                format!("{code:?} is no currency"),
                "an ISO code, such as EUR",
            )
        })?,
    };
    said(&collect::credits::use_credits(session, account, currency)?, ctx)
}

pub(super) fn remind(session: &mut Session, dry_run: bool, ctx: &Ctx) -> Result<Exit, Error> {
    let done = if !dry_run && reach::not_here(session, reach::MAIL)?.is_some() {
        let job = engine_remind::start(session)?;
        progress::follow(session, job, ctx)?.job().receipt()?.unwrap_or_default()
    } else {
        engine_remind::remind(session, dry_run)?
    };
    if ctx.json {
        let sent: Vec<_> = done
            .sent
            .iter()
            .map(|one| {
                let invoices: Vec<_> = one
                    .invoices
                    .iter()
                    .map(|(number, level, currency, minor)| {
                        json!({ "invoice": number, "level": level, "balance": currency.plain(*minor),
                                "currency": currency.code() })
                    })
                    .collect();
                let id = one.id.map(|id| id.to_string());
                json!({ "id": id, "account_number": one.account, "to": one.to, "invoices": invoices,
                        "fees": one.fees.iter().map(fee_json).collect::<Vec<_>>() })
            })
            .collect();
        let refused: Vec<_> = done
            .refused
            .iter()
            .map(|r| json!({ "account_number": r.what, "reason": r.reason }))
            .collect();
        let waiting: Vec<_> = done.waiting.iter().map(waiting_json).collect();
        let bank = Some(&done.bank).filter(|words| !words.is_empty());
        output::json(&json!({ "dry_run": dry_run, "sent": sent, "refused": refused,
                              "waiting": waiting, "bank": bank, "doubts": done.doubts }))?;
    } else {
        let word = if dry_run { "would be reminded" } else { "reminded" };
        output::line(&format!("{} accounts {word}", done.sent.len()));
        for one in &done.sent {
            for (number, level, currency, minor) in &one.invoices {
                output::line(&format!(
                    "  {} {number} level {level}: {} {currency}",
                    one.account,
                    currency.grouped(*minor)
                ));
            }
        }
        for fee in done.sent.iter().flat_map(|one| &one.fees) {
            output::line(&format!("  {}", fee.said()));
        }
        for doubt in &done.doubts {
            output::line(&format!("  {doubt}"));
        }
        for one in &done.refused {
            output::line(&format!("  not reminded {}: {}", one.what, one.reason));
        }
        for one in &done.waiting {
            let until = one.until.map(|day| format!(" until {day}")).unwrap_or_default();
            let (account, number) = (&one.account, &one.number);
            output::line(&format!("  waits {account} {number}{until}: {}", one.why));
        }
        if !done.bank.is_empty() {
            output::line(&done.bank);
        }
    }
    Ok(Exit::partly_if(!done.refused.is_empty()))
}

fn fee_json(fee: &FeeLine) -> Value {
    json!({
        "invoice": fee.number,
        "flat": fee.flat.map(Money::plain),
        "interest": fee.interest.map(Money::plain),
        "from": fee.days.map(|days| days.0),
        "to": fee.days.map(|days| days.1),
        "law": fee.law,
    })
}

fn waiting_json(one: &Waiting) -> Value {
    json!({ "account": one.account, "number": one.number, "until": one.until, "why": one.why })
}

fn method_id(text: &str) -> Result<MethodId, Error> {
    MethodId::parse(text).ok_or_else(|| {
        Error::usage(
            "bad_method",
            format!("{text:?} is no payment method"),
            "write M-000001; daybook payment method list ACCOUNT shows them",
        )
    })
}

pub(super) fn method(
    session: &mut Session,
    action: &MethodAction,
    ctx: &Ctx,
) -> Result<Exit, Error> {
    let receipt = match action {
        MethodAction::List { account } => return list(session, account, ctx),
        MethodAction::Add { account, token, kind, display, gateway, expires, first } => {
            let id = ids::account(session, account)?;
            let kind = MethodKind::parse(kind).ok_or_else(|| {
                Error::usage("bad_kind", format!("{kind:?} is no kind"), MethodKind::words())
            })?;
            let given = follow_up::GivenMethod {
                gateway: gateway.clone(),
                token: token.clone(),
                kind,
                display: display.clone(),
                expires_on: *expires,
                first: *first,
            };
            follow_up::add_method(session, id, &given)?
        }
        MethodAction::First { method } => follow_up::choose_method(session, method_id(method)?)?,
        MethodAction::Reset { method } => follow_up::reset_method(session, method_id(method)?)?,
        MethodAction::Close { method } => follow_up::close_method(session, method_id(method)?)?,
    };
    said(&receipt, ctx)
}

fn list(session: &Session, number: &str, ctx: &Ctx) -> Result<Exit, Error> {
    let id = ids::account(session, number)?;
    let now = session.now()?;
    let rules = crate::engine::collect::till::rules(&session.config()?)?;
    let methods = session.read(|db| method_state::of_account(db, id, now.at_ms))?;
    let unusable = |m: &method_state::MethodRow| {
        m.state.unusable(now.today, rules.max_failures).map(Unusable::as_str)
    };
    if ctx.json {
        let all: Vec<_> = methods
            .iter()
            .map(|m| {
                json!({
                    "id": m.state.id.to_string(),
                    "gateway": m.gateway,
                    "kind": m.kind,
                    "display": m.display,
                    "priority": m.state.priority,
                    "expires_on": m.state.expires_on,
                    "status": m.state.status,
                    "failures": m.state.failures,
                    "unusable": unusable(m),
                    "budget_left": rules.budget_left(&m.state, now.at_ms),
                })
            })
            .collect();
        output::json(&all)?;
        return Ok(Exit::Done);
    }
    let rows: Vec<Vec<String>> = methods
        .iter()
        .map(|m| {
            vec![
                m.state.id.to_string(),
                m.state.priority.to_string(),
                m.display.clone(),
                m.kind.to_string(),
                m.gateway.clone(),
                m.state.status.to_string(),
                m.state.failures.to_string(),
                rules
                    .budget_left(&m.state, now.at_ms)
                    .map_or_else(|| "no limit".to_owned(), |left| left.to_string()),
                unusable(m).unwrap_or_default().to_owned(),
            ]
        })
        .collect();
    let left = output::Align::Left;
    let right = output::Align::Right;
    let headers = [
        ("METHOD", left),
        ("ORDER", right),
        ("SHOWN AS", left),
        ("KIND", left),
        ("GATEWAY", left),
        ("STATUS", left),
        ("FAILURES", right),
        ("TRIES LEFT", right),
        ("", left),
    ];
    output::table(&headers, &rows);
    Ok(Exit::Done)
}
