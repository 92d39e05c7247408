//! Instalment plans: made, foretold, ended by a person or by an instalment that did not come.

use super::bank;
use super::follow_up::done;
use super::money::Foretold;
use super::which::{self, Chosen};
use crate::domain::actor::Verb;
use crate::domain::ids::PlanId;
use crate::domain::instalment::{Every, Instalment, MOST, NewPlan, Parts, Plan, PlanState};
use crate::domain::money::total;
use crate::engine::command::Receipt;
use crate::engine::command::words::INSTALMENTS_NEW;
use crate::engine::review::picked::short;
use crate::engine::{Error, Session};
use crate::store::{Db, StoreError, debt, dispute, instalment, notice};
use chrono::{Months, NaiveDate};

/// Days with amounts for what was chosen.
fn worked_out(new: &NewPlan, chosen: &Chosen, today: NaiveDate) -> Result<Vec<Instalment>, Error> {
    let money = |minor| new.currency.amount(minor);
    let owed = total(chosen.debts.iter().map(|debt| debt.balance_minor))?;
    let count = match &new.parts {
        Parts::Equal(count) => *count,
        Parts::Each(amounts) => {
            for amount in amounts {
                amount.minor_in(new.currency)?;
            }
            amounts.len()
        }
    };
    if !(2..=MOST).contains(&count) {
        let message = format!("a plan has 2 to {MOST} instalments, not {count}");
        return Err(Error::usage(
            "bad_count",
            message,
            "one is a promise: daybook payment promise",
        ));
    }
    if new.first < today {
        let message = format!("{} has gone by", new.first);
        return Err(Error::usage("bad_date", message, "name a day to come for the first"));
    }
    let nothing = match &new.parts {
        Parts::Each(amounts) => amounts.iter().find(|amount| amount.minor <= 0),
        Parts::Equal(_) => None,
    };
    if let Some(amount) = nothing {
        let message = format!("an instalment of {amount} is none");
        return Err(Error::usage("bad_amount", message, "each is above zero"));
    }
    let parts = new.parts.of(owed).map_err(|sum| match &new.parts {
        Parts::Equal(_) => {
            let message = format!("{} are too little for {count} instalments", money(owed));
            Error::usage("bad_count", message, "fewer of them")
        }
        Parts::Each(_) => {
            let message =
                format!("the instalments come to {}, owed are {}", money(sum), money(owed));
            Error::usage("bad_amount", message, "together they are what is owed")
        }
    })?;
    let far = today.checked_add_months(Months::new(120)).unwrap_or(NaiveDate::MAX);
    let day = |at| new.every.day(new.first, at).filter(|day| *day <= far);
    let one = |(at, amount_minor)| {
        let due_on = day(at).ok_or_else(|| {
            Error::usage("bad_date", "the last would be due in over ten years", "closer together")
        })?;
        Ok(Instalment { due_on, amount_minor })
    };
    parts.into_iter().enumerate().map(one).collect()
}

fn chosen(db: &Db<'_>, new: &NewPlan, today: NaiveDate) -> Result<Chosen, Error> {
    let chosen = which::choose(db, (new.account, Some(new.currency)), &new.of, today, |debt| {
        let plan = instalment::open_of(db, debt.document)?;
        Ok(plan.map(|plan| format!("it is in {} already", plan.id)))
    })?;
    which::not_with_agency(db, new.account)?;
    Ok(chosen)
}

/// Agrees a plan: nothing of it is charged or reminded until an instalment is missed.
pub fn make(session: &mut Session, new: &NewPlan) -> Result<Receipt, Error> {
    session.write(Verb::FollowUp, |tx| {
        let today = tx.now().today;
        let chosen = chosen(tx, new, today)?;
        let instalments = worked_out(new, &chosen, today)?;
        for debt in &chosen.debts {
            debt::withdraw_promise(tx, debt.document)?;
        }
        let id = instalment::insert(tx, new.account, &chosen.debts, &instalments)?;
        let words = format!("{id}: {}", said(&chosen, new, &instalments)?);
        tx.note(&chosen.account, &words);
        let summary = format!("{}: {words}", chosen.account);
        Ok(Receipt { made: id.to_string(), refused: chosen.left_out, ..done(summary) })
    })
}

/// `119.00 EUR of 2 invoices in 4 instalments from 2026-12-15 to 2027-03-15`.
fn said(chosen: &Chosen, new: &NewPlan, instalments: &[Instalment]) -> Result<String, Error> {
    let owed = total(chosen.debts.iter().map(|debt| debt.balance_minor))?;
    let of = chosen.documents();
    let span = match (instalments.first(), instalments.last()) {
        (Some(first), Some(last)) => format!(" from {} to {}", first.due_on, last.due_on),
        _ => String::new(),
    };
    let count = instalments.len();
    Ok(format!("{} of {of} in {count} instalments{span}", new.currency.amount(owed)))
}

/// As arguments of `instalments new`.
fn parts(parts: &Parts) -> String {
    match parts {
        Parts::Equal(count) => format!("--count {count}"),
        Parts::Each(amounts) => {
            let amounts: Vec<String> = amounts.iter().map(|a| a.plain()).collect();
            format!("--amounts {}", amounts.join(","))
        }
    }
}

/// Instalments that a question lists.
const LISTED: usize = 8;

/// What a plan would be, or why it is refused.
pub fn foretell(db: &Db<'_>, new: &NewPlan, today: NaiveDate) -> Result<Foretold, Error> {
    let chosen = chosen(db, new, today)?;
    let instalments = worked_out(new, &chosen, today)?;
    let line =
        |one: &Instalment| format!("{} by {}", new.currency.amount(one.amount_minor), one.due_on);
    let mut then: Vec<String> = instalments.iter().take(LISTED).map(line).collect();
    if let Some(last) = instalments.last().filter(|_| instalments.len() > LISTED) {
        then.push(format!("and so on, the last {}", line(last)));
    }
    then.push("until then nothing of it is charged, retried or reminded".to_owned());
    let numbers: Vec<&str> = chosen.debts.iter().map(|debt| debt.number.as_str()).collect();
    Ok(Foretold {
        what: format!("{}: {}.", chosen.account, said(&chosen, new, &instalments)?),
        then,
        beware: chosen.beware(),
        undo: "u does not take it back; ending it does.",
        verb: "agree",
        words: INSTALMENTS_NEW.of(format!(
            "{} --invoice {} {} --first {}{}",
            chosen.account,
            numbers.join(" --invoice "),
            parts(&new.parts),
            new.first,
            match new.every {
                Every::Months(1) => String::new(),
                Every::Months(n) => format!(" --every '{n} months'"),
                Every::Days(n) => format!(" --every '{n} days'"),
            }
        )),
    })
}

/// A person ends a plan: what is left of it is collected again.
pub fn end(session: &mut Session, id: PlanId, why: &str) -> Result<Receipt, Error> {
    let why = why.trim();
    if why.is_empty() {
        return Err(Error::usage("bad_text", "the reason is empty", "say why it ends"));
    }
    short("the reason", why, 500)?;
    session.write(Verb::FollowUp, |tx| {
        let plan = instalment::get(tx, id)?;
        if plan.state != PlanState::Open {
            let message = format!("{id} is {} already", plan.state);
            return Err(Error::usage("over", message, "daybook instalments list shows open ones"));
        }
        instalment::end(tx, id, PlanState::Ended, why)?;
        tx.note(&plan.account_number, format!("{id} ended: {why}"));
        let open = plan.currency.amount(plan.open_minor());
        Ok(done(format!("{id} ended: {open} of {} are collected again", plan.account_number)))
    })
}

/// An open plan whose day has come: all paid, or an instalment missed.
fn over(plan: &Plan, today: NaiveDate) -> Option<PlanState> {
    match plan.next() {
        None => Some(PlanState::Kept),
        Some(_) => plan.missed(today).map(|_| PlanState::Missed),
    }
}

/// Ends the plans that are kept or missed, a missed one with a task for a person, and disputes of what
/// nobody owes any more. None is missed before the bank is read far enough. Gives how many were missed.
pub fn end_over(session: &mut Session) -> Result<usize, Error> {
    let (config, today) = (session.config()?, session.now()?.today);
    let before = |db: &Db<'_>| Ok::<_, StoreError>(bank::state(db, &config)?.broken_before(today));
    let any = session
        .read(|db| Ok(!instalment::over(db, before(db)?)?.is_empty() || dispute::idle(db)?))?;
    if !any {
        return Ok(0);
    }
    session.write(Verb::Housekeeping, |tx| {
        tx.quiet();
        dispute::end_idle(tx)?;
        let mut missed = 0;
        let before = before(tx)?;
        for id in instalment::over(tx, before)? {
            let plan = instalment::get(tx, id)?;
            let (id, number) = (plan.id, &plan.account_number);
            match over(&plan, before) {
                Some(PlanState::Kept) => instalment::end(tx, id, PlanState::Kept, "")?,
                Some(_) => {
                    let why = format!("{} was not paid", plan.said());
                    instalment::end(tx, id, PlanState::Missed, &why)?;
                    let text = format!("{number}: {why}, the plan {id} is over");
                    notice::task(tx, &format!("plan {id}"), number, &text)?;
                    missed += 1;
                }
                None => {}
            }
        }
        Ok(missed)
    })
}
