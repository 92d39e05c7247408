//! `daybook payment reconcile`: what became of payments that nobody answered, and what the gateway did later.

use super::args::Reconcile;
use super::view;
use crate::cli::ctx::Ctx;
use crate::cli::exit::Exit;
use crate::cli::{ids, output, progress};
use crate::domain::ids::PaymentId;
use crate::domain::payment::PaymentStatus;
use crate::engine::collect::events;
use crate::engine::collect::reconcile;
use crate::engine::collect::settle::{self, Finding, Settled};
use crate::engine::collect::till::Till;
use crate::engine::{Error, Session, reach};
use crate::store::payment;
use crate::worker;
use serde_json::json;

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

pub(super) fn reconcile(session: &mut Session, args: &Reconcile, ctx: &Ctx) -> Result<Exit, Error> {
    if args.events {
        return gateway_events(session, ctx);
    }
    let ids = ids::payments(&args.payments)?;
    if args.approved.is_some() || args.not_charged {
        let evidence = args.evidence.clone().unwrap_or_default();
        let finding = match &args.approved {
            Some(reference) => Finding::Approved { reference: reference.clone(), on: args.date },
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
