//! A payment that was keyed wrong: taken off an invoice, moved to another account, applied again.

use super::args::amount;
use super::view;
use crate::cli::ctx::Ctx;
use crate::cli::exit::Exit;
use crate::cli::ids;
use crate::cli::output;
use crate::domain::ids::PaymentId;
use crate::domain::money::Money;
use crate::engine::collect::reallocate;
use crate::engine::command::Receipt;
use crate::engine::on_its_way::Sure;
use crate::engine::{Error, Session};
use crate::store::{account, debt, payment};

/// The payment, and the amount in its currency.
fn read(
    session: &Session,
    text: &str,
    wanted: Option<&str>,
) -> Result<(PaymentId, Option<Money>), Error> {
    let id = ids::payment(text)?;
    let currency = session.read(|db| payment::get(db, id))?.currency;
    Ok((id, wanted.map(|text| amount(currency, text)).transpose()?))
}

/// The receipt, or the payment as it stands now.
fn told(session: &Session, id: PaymentId, receipt: &Receipt, ctx: &Ctx) -> Result<Exit, Error> {
    if ctx.json {
        return view::show(session, id, ctx);
    }
    output::line(&receipt.summary);
    Ok(Exit::Done)
}

/// `payment unapply`.
pub(super) fn unapply(
    session: &mut Session,
    payment: &str,
    from: &str,
    wanted: Option<&str>,
    reason: &str,
    ctx: &Ctx,
) -> Result<Exit, Error> {
    let (id, amount) = read(session, payment, wanted)?;
    let from = session.read(|db| debt::find(db, from))?.document;
    let receipt = reallocate::unapply(session, id, from, amount, reason)?;
    told(session, id, &receipt, ctx)
}

/// `payment apply P --to INVOICE`.
pub(super) fn apply(
    session: &mut Session,
    payment: &str,
    to: &str,
    wanted: Option<&str>,
    sure: Sure,
    ctx: &Ctx,
) -> Result<Exit, Error> {
    let (id, amount) = read(session, payment, wanted)?;
    let to = session.read(|db| debt::find(db, to))?.document;
    let receipt = reallocate::apply(session, id, to, amount, sure)?;
    told(session, id, &receipt, ctx)
}

/// `payment move`.
pub(super) fn move_to(
    session: &mut Session,
    payment: &str,
    to: &str,
    wanted: Option<&str>,
    reason: &str,
    ctx: &Ctx,
) -> Result<Exit, Error> {
    let (id, amount) = read(session, payment, wanted)?;
    let found = session.read(|db| account::find(db, to))?;
    let missing = || Error::usage("unknown_account", format!("there is no account {to}"), "");
    let account = found.ok_or_else(missing)?.id;
    let (made, receipt) = reallocate::move_to(session, id, account, amount, reason)?;
    told(session, made, &receipt, ctx)
}
