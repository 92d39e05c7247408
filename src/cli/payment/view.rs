//! Payments as tables and JSON.

use super::args::Filter;
use crate::cli::ctx::Ctx;
use crate::cli::exit::Exit;
use crate::cli::listing::{self, List, PAGE, Page};
use crate::cli::output::{self, Align};
use crate::domain::ids::{PaymentId, PaymentRunId};
use crate::domain::money::Money;
use crate::domain::payment::PaymentStatus;
use crate::domain::recovery::{chart, usual_since};
use crate::engine::collect::window;
use crate::engine::{Error, Session};
use crate::store::payment::{
    self, Allocation, AllocationState, EventRow, PaymentFilter, PaymentRow,
};
use crate::store::read::recovery::sums;
use crate::store::{Db, StoreError, account, debt, method_state};
use crate::zone::Zone;
use chrono::{DateTime, NaiveDate, SecondsFormat};
use serde_json::{Value, json};

/// Headers of the payment table.
const HEADERS: &[(&str, Align)] = &[
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

/// A moment in the book's zone, ISO 8601.
pub(super) fn moment(zone: Zone, at_ms: i64) -> String {
    let at = DateTime::from_timestamp_millis(at_ms).unwrap_or_default().with_timezone(&zone);
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// A payment with what a reader wants to see of its surroundings.
struct Seen {
    numbers: Vec<String>,
    account: String,
    method: String,
}

fn seen(db: &Db<'_>, row: &PaymentRow) -> Result<Seen, StoreError> {
    let numbers = payment::allocations(db, row.id)?.into_iter().map(|a| a.number).collect();
    let method = match row.method {
        Some(id) => method_state::get(db, id)?.display,
        None => row.gateway.clone(),
    };
    Ok(Seen { numbers, account: account::number(db, row.account)?, method })
}

fn row_json(db: &Db<'_>, zone: Zone, row: &PaymentRow) -> Result<Value, StoreError> {
    let seen = seen(db, row)?;
    let next = row.next_retry_at.map(|at| moment(zone, at));
    let look_up = row.next_look_up_at.map(|at| moment(zone, at));
    Ok(json!({
        "id": row.id.to_string(),
        "invoices": seen.numbers,
        "account_number": seen.account,
        "amount": row.currency.plain(row.amount_minor),
        "currency": row.currency.code(),
        "status": row.status,
        "method": seen.method,
        "decline_code": none_if_empty(&row.decline_code),
        "decline_class": row.decline_class,
        "attempt": row.attempt,
        "created_at": moment(zone, row.created_at),
        "next_retry_at": next,
        "next_look_up_at": look_up,
        "run": row.run.map(|r| r.to_string()),
        "gateway": row.gateway,
        "key": row.key,
        "gateway_reference": none_if_empty(&row.gateway_ref),
        "reference": none_if_empty(&row.reference),
        "reply": none_if_empty(&row.reply),
        "received_on": row.received_on,
        "unapplied": row.currency.plain(row.unapplied_minor),
        "returned": row.currency.plain(row.returned_minor),
        "moved": row.currency.plain(row.moved_minor),
        "moved_from": row.moved_from.map(|id| id.to_string()),
        "value_on": row.value_on,
    }))
}

pub(super) fn none_if_empty(text: &str) -> Option<&str> {
    Some(text).filter(|t| !t.is_empty())
}

/// Payments as `payment list --json` prints them.
pub fn rows_json(session: &Session, rows: &[PaymentRow]) -> Result<Vec<Value>, Error> {
    let zone = session.config()?.zone();
    session.read(|db| rows.iter().map(|row| row_json(db, zone, row)).collect())
}

/// A payment for a person.
fn cells(db: &Db<'_>, zone: Zone, row: &PaymentRow) -> Result<Vec<String>, StoreError> {
    let seen = seen(db, row)?;
    let next = row.next_retry_at.map(|at| moment(zone, at).chars().take(16).collect());
    Ok(vec![
        row.id.to_string(),
        seen.account,
        seen.numbers.join(" "),
        row.currency.grouped(row.amount_minor),
        row.currency.to_string(),
        row.status.to_string(),
        seen.method,
        next.unwrap_or_default(),
        row.reply.clone(),
    ])
}

/// Prints payments for a person.
pub fn table(session: &Session, rows: &[PaymentRow]) -> Result<(), Error> {
    let zone = session.config()?.zone();
    let lines: Vec<Vec<String>> =
        session.read(|db| rows.iter().map(|row| cells(db, zone, row)).collect())?;
    output::table(HEADERS, &lines);
    Ok(())
}

/// Payments by id.
struct Payments {
    filter: PaymentFilter,
    zone: Zone,
}

impl List for Payments {
    type Row = PaymentRow;
    type Key = PaymentId;
    const HEADERS: &'static [(&'static str, Align)] = HEADERS;
    const NOTHING: &'static str = "no payments: daybook collect --target DATE makes them";

    fn page(
        &self,
        db: &Db<'_>,
        after: Option<&PaymentId>,
    ) -> Result<Page<PaymentRow, PaymentId>, StoreError> {
        let after = after.copied().unwrap_or(PaymentId(0));
        let rows = payment::list(db, &self.filter, after, PAGE)?;
        let next = listing::next(&rows, |p| p.id);
        Ok((rows, next))
    }

    fn json(&self, db: &Db<'_>, row: &PaymentRow) -> Result<Value, Error> {
        Ok(row_json(db, self.zone, row)?)
    }

    fn cells(&self, db: &Db<'_>, row: &PaymentRow) -> Result<Vec<String>, Error> {
        Ok(cells(db, self.zone, row)?)
    }
}

pub(super) fn list(session: &Session, filter: &Filter, ctx: &Ctx) -> Result<Exit, Error> {
    let filter = read_filter(session, filter)?;
    let zone = session.config()?.zone();
    listing::print(session, &Payments { filter, zone }, ctx.json)?;
    Ok(Exit::Done)
}

fn read_filter(session: &Session, filter: &Filter) -> Result<PaymentFilter, Error> {
    let run = match &filter.run {
        None => None,
        Some(text) => Some(PaymentRunId::parse(text).ok_or_else(|| {
            Error::usage("bad_run", format!("{text:?} is no payment run"), "write PR-000001")
        })?),
    };
    let status = match &filter.status {
        None => None,
        Some(text) => Some(PaymentStatus::parse(text).ok_or_else(|| {
            Error::usage("bad_status", format!("{text:?} is no status"), PaymentStatus::words())
        })?),
    };
    let account = match &filter.account {
        None => None,
        Some(number) => {
            let found = session.read(|db| account::find(db, number))?;
            let missing =
                || Error::usage("unknown_account", format!("there is no account {number}"), "");
            Some(found.ok_or_else(missing)?.id)
        }
    };
    let document = match &filter.invoice {
        None => None,
        Some(text) => Some(session.read(|db| debt::find(db, text))?.document),
    };
    Ok(PaymentFilter { run, account, status, document })
}

/// One payment in full.
pub fn show(session: &Session, id: PaymentId, ctx: &Ctx) -> Result<Exit, Error> {
    let (row, allocations, events) = session.read(|db| {
        Ok((payment::get(db, id)?, payment::allocations(db, id)?, payment::events(db, id)?))
    })?;
    let currency = row.currency;
    if ctx.json {
        output::json(&whole_json(session, &row, &allocations, &events)?)?;
        return Ok(Exit::Done);
    }
    table(session, std::slice::from_ref(&row))?;
    output::line(&format!("  key {}  gateway {} {}", row.key, row.gateway, row.gateway_ref));
    for a in &allocations {
        let mut reopened = String::new();
        for (minor, what) in [
            (a.reopened_minor - a.unapplied_minor, "went back"),
            (a.unapplied_minor, "taken off it"),
        ] {
            if minor > 0 {
                reopened.push_str(&format!(", {} {what}", currency.grouped(minor)));
            }
        }
        let state = match a.state {
            AllocationState::Live => "on its way",
            AllocationState::Applied => "paid",
            AllocationState::Void => "came to nothing",
        };
        output::line(&format!(
            "  {} {} {currency} {state}{reopened}",
            a.number,
            currency.grouped(a.amount_minor)
        ));
    }
    if let Some(from) = row.moved_from {
        output::line(&format!("  moved here from {from}"));
    }
    if row.moved_minor > 0 {
        let moved = currency.grouped(row.moved_minor);
        output::line(&format!("  {moved} {currency} moved to another account"));
    }
    for e in &events {
        output::line(&format!(
            "  {} {} {} {currency} {} {}",
            e.event_on,
            e.kind,
            currency.grouped(e.amount_minor),
            e.status,
            [e.reference.as_str(), e.reply.as_str()].join(" ").trim()
        ));
    }
    Ok(Exit::Done)
}

/// One payment with what it pays and what became of it.
fn whole_json(
    session: &Session,
    row: &PaymentRow,
    allocations: &[Allocation],
    events: &[EventRow],
) -> Result<Value, Error> {
    let (zone, currency) = (session.config()?.zone(), row.currency);
    let mut value = session.read(|db| row_json(db, zone, row))?;
    let today = session.now()?.today;
    let until = session.read(|db| window::bank_may_take_back(db, row, today))?;
    value["bank_may_take_back_until"] = json!(until);
    value["allocations"] = allocations
        .iter()
        .map(|a| {
            json!({ "invoice": a.number, "amount": currency.plain(a.amount_minor), "state": a.state,
                    "reopened": currency.plain(a.reopened_minor),
                    "unapplied": currency.plain(a.unapplied_minor), "applied_on": a.applied_on })
        })
        .collect();
    value["events"] = events
        .iter()
        .map(|e| {
            json!({ "kind": e.kind, "status": e.status, "amount": currency.plain(e.amount_minor),
                    "date": e.event_on, "value_on": e.value_on, "fee": currency.plain(e.fee_minor),
                    "loss": currency.plain(e.loss_minor), "at": moment(zone, e.at),
                    "reference": e.reference, "reply": e.reply })
        })
        .collect();
    Ok(value)
}

/// Payments that nobody has answered for.
pub fn unanswered(db: &Db<'_>) -> Result<Vec<PaymentRow>, StoreError> {
    let mut all = Vec::new();
    for status in [PaymentStatus::Unknown, PaymentStatus::Submitted] {
        let filter = PaymentFilter { status: Some(status), ..PaymentFilter::default() };
        all.extend(payment::list(db, &filter, PaymentId(0), 100_000)?);
    }
    Ok(all)
}

pub(super) fn exceptions(session: &Session, ctx: &Ctx) -> Result<Exit, Error> {
    let now_ms = session.now()?.at_ms;
    let rows = session.read(|db| payment::exceptions(db, now_ms))?;
    let refunds = session.read(|db| {
        let open = payment::refund_exceptions(db, now_ms)?;
        open.into_iter()
            .map(|e| Ok((payment::get(db, e.payment)?, e)))
            .collect::<Result<Vec<_>, _>>()
    })?;
    if ctx.json {
        let zone = session.config()?.zone();
        let mut all = rows_json(session, &rows)?;
        for (row, event) in &refunds {
            let mut one = session.read(|db| row_json(db, zone, row))?;
            one["refund"] = json!({
                "amount": row.currency.plain(event.amount_minor),
                "status": event.status,
                "key": event.key,
                "reply": event.reply,
            });
            all.push(one);
        }
        output::json(&all)?;
    } else if rows.is_empty() && refunds.is_empty() {
        output::line("no exceptions: every unanswered payment is still being looked up");
    } else {
        if !rows.is_empty() {
            table(session, &rows)?;
        }
        for (row, event) in &refunds {
            let money = row.currency.grouped(event.amount_minor);
            output::line(&format!(
                "{}: refund of {money} {} {}: {}",
                row.id, row.currency, event.status, event.reply
            ));
        }
        output::line(
            "record what you find: daybook payment reconcile ID --approved REF --evidence T, or \
             --not-charged --evidence T",
        );
    }
    Ok(Exit::partly_if(!rows.is_empty() || !refunds.is_empty()))
}

/// How much of what failed at the first try came in later.
pub fn recovered(session: &Session, since: Option<NaiveDate>, ctx: &Ctx) -> Result<Exit, Error> {
    let since = since.unwrap_or(usual_since(session.now()?.today));
    let sums = session.read(|db| sums(db, since))?;
    if !ctx.json {
        chart(&sums, since).iter().for_each(|line| output::line(line));
        return Ok(Exit::Done);
    }
    let named = |parts: Vec<(&str, Money)>| -> Value {
        let parts = parts.into_iter();
        parts.map(|(name, money)| (name.replace(' ', "_"), json!(money.plain()))).collect()
    };
    let list: Vec<Value> = sums
        .iter()
        .map(|sum| {
            json!({
                "currency": sum.failed.currency,
                "invoices": sum.invoices,
                "failed": sum.failed.plain(),
                "parts": named(sum.parts()),
                "by": named(sum.tries()),
            })
        })
        .collect();
    output::json(&json!({ "since": since, "recovered": list }))?;
    Ok(Exit::Done)
}
