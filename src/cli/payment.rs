//! `daybook payment`: list and show payments, ask about them, give money back, record what a
//! person knows.

mod args;
mod follow;
mod keyed;
mod view;

pub use args::Args;

use super::output::{self, Align};
use super::{Ctx, Exit, progress, retry};
use crate::domain::ids::PaymentId;
use crate::domain::money::Currency;
use crate::domain::payment::PaymentStatus;
use crate::engine::on_its_way::Sure;
use crate::engine::outside_payment;
use crate::engine::reconcile::{self, Finding};
use crate::engine::refund::{Correction, TakenBack, Wanted};
use crate::engine::settle::{self, Settled};
use crate::engine::till::Till;
use crate::engine::{Error, Session, events, reach, refund};
use crate::store::payment::{self, EventKind, EventStatus};
use crate::store::{account, debt};
use crate::worker;
use args::{Action, MoneyBack, Reconcile, Record, Refund};
use serde_json::json;

/// Runs it.
pub fn run(args: &Args, ctx: &Ctx) -> Result<Exit, Error> {
    let mut session = ctx.open()?;
    match &args.action {
        Action::List(filter) => view::list(&session, filter, ctx),
        Action::Show { payment } => view::show(&session, retry::id(payment)?, ctx),
        Action::Exceptions => view::exceptions(&session, ctx),
        Action::Failed => view::failed(&session, ctx),
        Action::Recovery { since } => view::recovered(&session, *since, ctx),
        Action::Reconcile(args) => reconcile(&mut session, args, ctx),
        Action::Refund(args) => refund(&mut session, args, ctx),
        Action::Unapply { payment, from, amount, reason } => {
            keyed::unapply(&mut session, payment, from, amount.as_deref(), reason, ctx)
        }
        Action::Move { payment, to, amount, reason } => {
            keyed::move_to(&mut session, payment, to, amount.as_deref(), reason, ctx)
        }
        Action::Record(args) => record(&mut session, args, ctx),
        Action::Return(back) => taken_back(&mut session, EventKind::Return, back, ctx),
        Action::Chargeback(back) => taken_back(&mut session, EventKind::Chargeback, back, ctx),
        Action::ChargebackWon { payment } => {
            let id = retry::id(payment)?;
            refund::chargeback_won(&mut session, id)?;
            view::show(&session, id, ctx)
        }
        Action::PaidOut { payment, reference } => {
            let id = retry::id(payment)?;
            refund::settled(&mut session, id, reference)?;
            view::show(&session, id, ctx)
        }
        Action::Promise { invoice, on, amount, withdraw } => {
            follow::promise(&mut session, invoice, *on, amount.as_deref(), *withdraw, ctx)
        }
        Action::Dispute { invoice, reason, end } => {
            follow::dispute(&mut session, invoice, reason.as_deref(), *end, ctx)
        }
        Action::Apply { account, to: Some(to), amount, yes, .. } => {
            keyed::apply(&mut session, account, to, amount.as_deref(), Sure::of(*yes), ctx)
        }
        Action::Apply { account, currency, .. } => {
            follow::apply(&mut session, account, currency.as_deref(), ctx)
        }
        Action::AutoPay { invoice, switch } => {
            follow::auto_pay(&mut session, invoice, *switch, ctx)
        }
        Action::Remind { dry_run } => follow::remind(&mut session, *dry_run, ctx),
        Action::Method { action } => follow::method(&mut session, action, ctx),
    }
}

/// Reads an amount in the currency's digits.
fn amount(currency: Currency, text: &str) -> Result<i64, Error> {
    currency.parse_minor(text).map_err(|e| {
        Error::usage("bad_amount", format!("{text:?}: {e}"), "write it plainly, such as 120.50")
    })
}

/// Looks up every unanswered payment now.
pub fn reconcile_all(session: &mut Session, ctx: &Ctx) -> Result<Exit, Error> {
    let (job, _) = reconcile::start(session, &[])?;
    progress::follow(session, job, ctx)?;
    let left = session.read(view::unanswered)?;
    if ctx.json {
        output::json(
            &json!({ "unanswered": left.len(), "payments": view::rows_json(session, &left)? }),
        )?;
    } else {
        output::line(&format!("{} payments are still unanswered", left.len()));
        view::table(session, &left)?;
    }
    Ok(Exit::partly_if(!left.is_empty()))
}

fn reconcile(session: &mut Session, args: &Reconcile, ctx: &Ctx) -> Result<Exit, Error> {
    if args.events {
        return gateway_events(session, ctx);
    }
    let ids = retry::ids(&args.payments)?;
    if args.approved.is_some() || args.not_charged {
        let evidence = args.evidence.clone().unwrap_or_default();
        let finding = match &args.approved {
            Some(reference) => Finding::Approved { reference: reference.clone() },
            None => Finding::NotCharged,
        };
        for id in &ids {
            reconcile::by_hand(session, *id, &finding, &evidence)?;
        }
        let rows = session
            .read(|db| ids.iter().map(|id| payment::get(db, *id)).collect::<Result<Vec<_>, _>>())?;
        if ctx.json {
            output::json(&view::rows_json(session, &rows)?)?;
        } else {
            view::table(session, &rows)?;
        }
        return Ok(Exit::Done);
    }
    if ids.is_empty() {
        return reconcile_all(session, ctx);
    }
    if blocked(session)? {
        let (job, _) = reconcile::start(session, &ids)?;
        progress::follow(session, job, ctx)?;
        return settled(session, &ids, ctx);
    }
    let ports = worker::ports()?;
    let looked = reconcile::now(session, &ports, &ids)?;
    let rows = session
        .read(|db| ids.iter().map(|id| payment::get(db, *id)).collect::<Result<Vec<_>, _>>())?;
    if ctx.json {
        output::json(&view::rows_json(session, &rows)?)?;
    } else {
        for one in &looked {
            let words = settle::words(one.settled);
            output::line(format!("{}: {words} {}", one.payment, one.words).trim_end());
        }
    }
    let open = looked.iter().any(|l| matches!(l.settled, Settled::Unknown | Settled::Submitted));
    Ok(Exit::partly_if(open))
}

/// Whether some gateway of the book is for a worker alone to ask.
fn blocked(session: &Session) -> Result<bool, Error> {
    for poll in session.read(crate::store::gateway_poll::all)? {
        if reach::not_here(session, &poll.gateway)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The payments a worker asked about, as they stand now.
fn settled(session: &Session, ids: &[PaymentId], ctx: &Ctx) -> Result<Exit, Error> {
    let rows = session
        .read(|db| ids.iter().map(|id| payment::get(db, *id)).collect::<Result<Vec<_>, _>>())?;
    if ctx.json {
        output::json(&view::rows_json(session, &rows)?)?;
    } else {
        view::table(session, &rows)?;
    }
    let open = |s| matches!(s, PaymentStatus::Unknown | PaymentStatus::Submitted);
    Ok(Exit::partly_if(rows.iter().any(|row| open(row.status))))
}

fn gateway_events(session: &mut Session, ctx: &Ctx) -> Result<Exit, Error> {
    if blocked(session)? {
        events::soon(session)?;
        if let Some(job) = reconcile::queue(session)? {
            progress::follow(session, job, ctx)?;
        }
        if ctx.json {
            output::json(&json!({ "asked_by": "worker" }))?;
        } else {
            output::line(
                "the worker asked; what went back is on its payments: daybook payment list",
            );
        }
        return Ok(Exit::Done);
    }
    let mut till = Till::open(session)?;
    let polled = events::now(session, &mut till)?;
    if ctx.json {
        let failed: Vec<_> = polled
            .failed
            .iter()
            .map(|(gateway, why)| json!({ "gateway": gateway, "reason": why }))
            .collect();
        output::json(&json!({
            "booked": polled.booked,
            "known": polled.known,
            "waiting": polled.waiting,
            "tasks": polled.tasks,
            "failed": failed,
        }))?;
    } else {
        output::line(&format!(
            "{} booked, {} known before, {} wait for their payment, {} for a person",
            polled.booked, polled.known, polled.waiting, polled.tasks
        ));
        for (gateway, why) in &polled.failed {
            output::line(&format!("  {gateway} did not answer: {why}"));
        }
    }
    Ok(Exit::partly_if(!polled.failed.is_empty()))
}

fn refund(session: &mut Session, args: &Refund, ctx: &Ctx) -> Result<Exit, Error> {
    let id = retry::id(&args.payment)?;
    let currency = session.read(|db| payment::get(db, id))?.currency;
    let wanted = Wanted {
        amount_minor: args.amount.as_deref().map(|text| amount(currency, text)).transpose()?,
        on: args.date,
        correction: if args.with_memo { Correction::NewMemo } else { Correction::Nothing },
        reason: &args.reason,
    };
    refund_as(session, id, &wanted, ctx)
}

/// Refunds a payment as it is wanted, and says how it went.
pub fn refund_as(
    session: &mut Session,
    id: PaymentId,
    wanted: &Wanted<'_>,
    ctx: &Ctx,
) -> Result<Exit, Error> {
    let row = session.read(|db| payment::get(db, id))?;
    let currency = row.currency;
    let today = session.now()?.today;
    let window = session.read(|db| refund::bank_may_take_back(db, &row, today))?;
    let words = session.read(|db| refund::window_words(db, &row, today))?;
    let mut till = Till::open(session)?;
    let mut done = refund::refund_with(session, &mut till, id, wanted)?;
    if let Some(job) = done.job {
        progress::follow(session, job, ctx)?;
        done = refund::state(session, done.event)?;
    }
    if ctx.json {
        output::json(&json!({
            "payment": id.to_string(),
            "status": done.status,
            "amount": currency.plain(done.amount_minor),
            "currency": currency.code(),
            "reply": done.words,
            "bank_may_take_back_until": window,
        }))?;
    } else {
        let money = currency.grouped(done.amount_minor);
        output::line(&format!("{id}: refund of {money} {currency} {}{words}", done.status));
    }
    Ok(Exit::partly_if(done.status != EventStatus::Done))
}

fn record(session: &mut Session, args: &Record, ctx: &Ctx) -> Result<Exit, Error> {
    let today = session.now()?.today;
    let money = session.store.read(|db| {
        let found = account::find(db, &args.account)?.ok_or_else(|| {
            Error::usage("unknown_account", format!("there is no account {}", args.account), "")
        })?;
        let mut documents = Vec::new();
        for invoice in &args.invoice {
            documents.push(debt::find(db, invoice)?.document);
        }
        Ok::<_, Error>(crate::engine::command::OutsidePayment {
            account: found.id,
            documents,
            amount_minor: amount(found.currency, &args.amount)?,
            currency: found.currency,
            received_on: args.date.unwrap_or(today),
            reference: args.reference.clone(),
        })
    })?;
    let sure = Sure::of(args.yes);
    let gateway = args.gateway.as_deref().unwrap_or("outside");
    let (id, receipt) = outside_payment::record_by(session, &money, gateway, sure)?;
    if ctx.json {
        view::show(session, id, ctx)?;
    } else {
        output::line(&format!("{id}: {}", receipt.summary));
    }
    Ok(Exit::Done)
}

fn taken_back(
    session: &mut Session,
    kind: EventKind,
    back: &MoneyBack,
    ctx: &Ctx,
) -> Result<Exit, Error> {
    let id = retry::id(&back.payment)?;
    let currency = session.read(|db| payment::get(db, id))?.currency;
    let read = |text: &Option<String>| text.as_deref().map(|t| amount(currency, t)).transpose();
    let taken = TakenBack {
        kind,
        code: &back.code,
        amount_minor: read(&back.amount)?,
        on: back.date,
        value_on: back.value_on,
        fee_minor: read(&back.fee)?.unwrap_or(0),
        reason: &back.reason,
    };
    refund::taken_back(session, id, &taken)?;
    view::show(session, id, ctx)
}

/// Headers of the payment table.
const HEADERS: [(&str, Align); 9] = [
    ("PAYMENT", Align::Left),
    ("ACCOUNT", Align::Left),
    ("INVOICES", Align::Left),
    ("AMOUNT", Align::Right),
    ("", Align::Left),
    ("STATUS", Align::Left),
    ("METHOD", Align::Left),
    ("NEXT TRY", Align::Left),
    ("WORDS", Align::Left),
];
