//! `daybook payment`: list and show payments, ask about them, give money back, record what a
//! person knows.

mod args;
mod failed;
mod follow;
mod keyed;
pub mod reconcile;
mod view;

pub use args::Args;

use super::ctx::Ctx;
use super::exit::Exit;
use super::ids;
use super::output::{self};
use super::progress;
use crate::domain::ids::PaymentId;
use crate::engine::collect::outside_payment;
use crate::engine::collect::refund;
use crate::engine::collect::refund::{Correction, TakenBack, Wanted};
use crate::engine::collect::till::Till;
use crate::engine::collect::window;
use crate::engine::on_its_way::Sure;
use crate::engine::{Error, Session};
use crate::store::payment::{self, EventKind, EventStatus};
use crate::store::{account, debt};
use args::amount;
use args::{Action, MoneyBack, Record, Refund};
use serde_json::json;

/// Runs it.
pub fn run(args: &Args, ctx: &Ctx) -> Result<Exit, Error> {
    let mut session = ctx.open()?;
    match &args.action {
        Action::List(filter) => view::list(&session, filter, ctx),
        Action::Show { payment } => view::show(&session, ids::payment(payment)?, ctx),
        Action::Exceptions => view::exceptions(&session, ctx),
        Action::Failed => failed::failed(&session, ctx),
        Action::Recovery { since } => view::recovered(&session, *since, ctx),
        Action::Reconcile(args) => reconcile::reconcile(&mut session, args, ctx),
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
            let id = ids::payment(payment)?;
            refund::chargeback_won(&mut session, id)?;
            view::show(&session, id, ctx)
        }
        Action::PaidOut { payment, reference } => {
            let id = ids::payment(payment)?;
            refund::settled(&mut session, id, reference)?;
            view::show(&session, id, ctx)
        }
        Action::Promise { invoice, on, amount, withdraw } => {
            follow::promise(&mut session, invoice, *on, amount.as_deref(), *withdraw, ctx)
        }
        Action::Dispute { invoice, args } => follow::dispute(&mut session, invoice, args, ctx),
        Action::Disputes { all } => follow::disputes(&session, *all, ctx),
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

fn refund(session: &mut Session, args: &Refund, ctx: &Ctx) -> Result<Exit, Error> {
    let id = ids::payment(&args.payment)?;
    let currency = session.read(|db| payment::get(db, id))?.currency;
    let wanted = Wanted {
        amount: args.amount.as_deref().map(|text| amount(currency, text)).transpose()?,
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
    let today = session.now()?.today;
    let window = session.read(|db| window::bank_may_take_back(db, &row, today))?;
    let words = session.read(|db| window::window_words(db, &row, today))?;
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
            "amount": done.amount.plain(),
            "currency": done.amount.currency.code(),
            "reply": done.words,
            "bank_may_take_back_until": window,
        }))?;
    } else {
        output::line(&format!("{id}: refund of {} {}{words}", done.amount, done.status));
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
            amount: amount(found.currency, &args.amount)?,
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
    let id = ids::payment(&back.payment)?;
    let currency = session.read(|db| payment::get(db, id))?.currency;
    let read = |text: &Option<String>| text.as_deref().map(|t| amount(currency, t)).transpose();
    let taken = TakenBack {
        kind,
        code: &back.code,
        amount: read(&back.amount)?,
        on: back.date,
        value_on: back.value_on,
        fee: read(&back.fee)?,
        reason: &back.reason,
    };
    refund::taken_back(session, id, &taken)?;
    view::show(session, id, ctx)
}
