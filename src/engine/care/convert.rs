//! Moving a withdrawn currency into the one that took its place: accounts, prices, and what is open.
//!
//! One transaction, proved before it is committed, after a checked copy of the book; it is never taken
//! back. See `store::conversion` for what moves and `store::carry` for how a debt changes its currency.

use crate::domain::actor::Verb;
use crate::domain::conversion::Rate;
use crate::domain::money::{Currency, parse_decimal};
use crate::domain::text::counted;
use crate::domain::withdrawn::{self, Withdrawn};
use crate::engine::care::backup;
use crate::engine::care::settings::wants_second;
use crate::engine::guard::four_eyes::{self, Deed};
use crate::engine::{Error, Session};
use crate::store::conversion::{self, Conversion};
use crate::store::convert::{self, Moved, Survey};
use crate::store::four_eyes::Object;
use crate::store::{Db, Tx, settings};
use chrono::NaiveDate;
use std::path::{Path, PathBuf};

/// What is asked for, as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The withdrawn currency.
    pub from: String,
    /// What took its place.
    pub to: String,
    /// How many of it are one of the other.
    pub rate: String,
    /// The day from which it counts.
    pub on: NaiveDate,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It was done before: nothing is changed.
    Already(Conversion),
    /// What it would move, and what is in its way.
    Planned {
        rate: Rate,
        /// What it would move.
        survey: Survey,
        /// What is in its way, in words; empty = nothing.
        in_the_way: Vec<String>,
    },
    Done {
        rate: Rate,
        /// What was moved.
        survey: Survey,
        /// The copy of the book from before.
        copy: PathBuf,
    },
}

/// One row of the sums before and after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sum {
    pub what: &'static str,
    /// How many.
    pub count: usize,
    /// In the old currency, minor units.
    pub before_minor: i64,
    /// In the new one: the sum of what each became, minor units.
    pub after_minor: i64,
    /// By how much that is more than the sum before at the rate: each was rounded, minor units.
    pub rounding_minor: i64,
}

/// The sums of what is open: owed, credits, unapplied money.
pub fn sums(rate: &Rate, survey: &Survey) -> Result<Vec<Sum>, Error> {
    let sum = |what, list: &[Moved]| -> Result<Sum, Error> {
        let before_minor = list.iter().map(|m| m.before_minor).sum();
        let after_minor: i64 = list.iter().map(|m| m.after_minor).sum();
        let exact = rate.convert(before_minor).map_err(|e| Error::Bug(e.to_string()))?;
        let rounding_minor = after_minor - exact;
        Ok(Sum { what, count: list.len(), before_minor, after_minor, rounding_minor })
    };
    Ok(vec![
        sum("owed on documents", &survey.owed)?,
        sum("left of credit memos", &survey.credits)?,
        sum("unapplied money", &survey.money)?,
    ])
}

/// What it would do; changes nothing.
pub fn preview(session: &Session, asked: &Asked) -> Result<Outcome, Error> {
    let today = session.now()?.today;
    let rate = read(asked, today)?;
    session.store.read(|db| {
        if let Some(done) = done(db, asked, &rate)? {
            return Ok::<_, Error>(Outcome::Already(done));
        }
        let survey = convert::survey(db, &rate)?;
        let in_the_way = convert::in_the_way(db, rate.from)?;
        Ok(Outcome::Planned { rate, survey, in_the_way })
    })
}

/// Does it: after a copy of the book, in one transaction.
pub fn convert(session: &mut Session, asked: &Asked) -> Result<Outcome, Error> {
    let rate = match preview(session, asked)? {
        Outcome::Planned { rate, in_the_way, survey } => {
            allowed(&rate, &survey, &in_the_way)?;
            rate
        }
        already @ (Outcome::Already(_) | Outcome::Done { .. }) => return Ok(already),
    };
    // Who may not do it, or needs a second person, is told before the copy is made.
    four_eyes::write(session, Verb::Convert, |tx, eyes| {
        second_person(tx, eyes, asked)?;
        Err::<(), _>(Error::NeedsYes { message: String::new() })
    })
    .or_else(|error| if matches!(error, Error::NeedsYes { .. }) { Ok(()) } else { Err(error) })?;
    let copy = copy(session, &rate)?;
    let outcome = convert_now(session, asked, rate, &copy);
    if !matches!(outcome, Ok(Outcome::Done { .. })) {
        // Nothing was moved: it is a copy of what stands. One that stays costs its room, no more.
        let _ = std::fs::remove_file(&copy);
    }
    outcome
}

fn convert_now(
    session: &mut Session,
    asked: &Asked,
    rate: Rate,
    copy: &Path,
) -> Result<Outcome, Error> {
    four_eyes::write(session, Verb::Convert, |tx, eyes| {
        if let Some(done) = done(tx, asked, &rate)? {
            tx.quiet();
            return Ok(Outcome::Already(done));
        }
        let seen = convert::survey(tx, &rate)?;
        allowed(&rate, &seen, &convert::in_the_way(tx, rate.from)?)?;
        let second = second_person(tx, eyes, asked)?;
        let survey = convert::convert(tx, rate, asked.on)?;
        tx.note(rate.from, format!("{}{second}", words(&rate, asked.on, &survey)?));
        Ok(Outcome::Done { rate, survey, copy: copy.to_owned() })
    })
}

/// What was moved, in one line.
pub fn words(rate: &Rate, on: NaiveDate, survey: &Survey) -> Result<String, Error> {
    let money: Vec<String> = sums(rate, survey)?
        .iter()
        .filter(|s| s.count > 0)
        .map(|s| {
            let (before, after) =
                (rate.from.grouped(s.before_minor), rate.to.grouped(s.after_minor));
            format!("{}: {before} {} → {after} {}", s.what, rate.from, rate.to)
        })
        .collect();
    let accounts = counted(survey.accounts, "account", "accounts");
    let charges = counted(survey.charges, "charge", "charges");
    let what = format!("{} → {} from {on}, {rate}: {accounts}, {charges}", rate.from, rate.to);
    Ok([vec![what], money].concat().join("; "))
}

fn refuse<T>(code: &'static str, message: String, hint: &str) -> Result<T, Error> {
    Err(Error::usage(code, message, hint))
}

/// Reads what was asked for.
fn read(asked: &Asked, today: NaiveDate) -> Result<Rate, Error> {
    let currency = |text: &str| {
        Currency::parse(&text.to_ascii_uppercase()).map_or_else(
            || refuse("unknown_currency", format!("{text:?} is no currency of accounts"), ""),
            Ok,
        )
    };
    let (from, to) = (currency(&asked.from)?, currency(&asked.to)?);
    if from == to {
        return refuse("same_currency", format!("{from} is {to} already"), "name two currencies");
    }
    if let Some(gone) = withdrawn::of_code(to.code()) {
        return refuse("withdrawn_currency", gone.to_string(), "name the one that took its place");
    }
    let Some(gone) = withdrawn::of_code(from.code()) else {
        let hint = "only a withdrawn currency is converted, at the rate the law fixed";
        return refuse("not_withdrawn", format!("{from} is not withdrawn"), hint);
    };
    if gone.successor != to.code() {
        let message = format!("{from} did not become {to}: {gone}");
        return refuse("other_successor", message, "what is owed in it is owed in its successor");
    }
    let rate = Rate::parse(&asked.rate, from, to)
        .or_else(|why| refuse("bad_rate", why.to_string(), &fixed(gone)))?;
    if parse_decimal(gone.rate).is_some_and(|fixed| fixed != rate.per_one) {
        return refuse("bad_rate", format!("{rate} is not the rate"), &fixed(gone));
    }
    if gone.since().is_some_and(|since| asked.on < since) || asked.on > today {
        let message = format!("--on {} is no day for it", asked.on);
        let hint = format!("a day from {} on, today ({today}) at the latest", words_of_since(gone));
        return refuse("bad_date", message, &hint);
    }
    Ok(rate)
}

fn words_of_since(gone: &Withdrawn) -> String {
    gone.since().map_or_else(String::new, |day| day.to_string())
}

fn fixed(gone: &Withdrawn) -> String {
    format!("it is fixed: {} {} for 1 {}", gone.rate, gone.code, gone.successor)
}

/// The conversion that was made before.
fn done(db: &Db<'_>, asked: &Asked, rate: &Rate) -> Result<Option<Conversion>, Error> {
    let Some(done) = conversion::of(db, rate.from)? else { return Ok(None) };
    if done.on != asked.on {
        let message = format!("{} was converted already, from {} on", rate.from, done.on);
        return refuse("already_converted", message, "a currency is converted once");
    }
    Ok(Some(done))
}

/// At most so many are named; the others are counted.
const NAMED: usize = 20;

/// Refuses what cannot be done now.
pub fn allowed(rate: &Rate, survey: &Survey, in_the_way: &[String]) -> Result<(), Error> {
    if survey.accounts == 0 {
        return refuse("nothing_to_convert", format!("no account is in {}", rate.from), "");
    }
    if in_the_way.is_empty() {
        return Ok(());
    }
    let mut named = in_the_way.get(..NAMED.min(in_the_way.len())).unwrap_or_default().to_vec();
    if in_the_way.len() > NAMED {
        named.push(format!("and {} more", in_the_way.len() - NAMED));
    }
    refuse(
        "in_the_way",
        format!("{} cannot be converted now: {}", rate.from, named.join("; ")),
        "post or cancel the drafts, let runs end or stop them, settle what is on its way",
    )
}

/// What the audit trail says of who asked for it, where the settings want a second person.
fn second_person(tx: &Tx<'_>, eyes: &four_eyes::Eyes, asked: &Asked) -> Result<String, Error> {
    if !wants_second(tx, &settings::load(tx)?, Verb::Convert)? {
        return Ok(String::new());
    }
    let what = format!("{} → {} at {} from {}", asked.from, asked.to, asked.rate, asked.on);
    eyes.on(
        tx,
        &Deed {
            object: Object::Settings,
            subject: "currency convert",
            what: &what,
            with: &what,
            money: Currency::PLACEHOLDER.amount(0),
            reason: "",
        },
    )
}

/// A copy of the book as it is before, beside it: every check holds on it.
fn copy(session: &Session, rate: &Rate) -> Result<PathBuf, Error> {
    let (at, process) = (session.now()?.at_ms, std::process::id());
    let name = format!("before-{}-{}-{at}-{process}.db", rate.from, rate.to);
    let path = session.store.side_directory().join(name);
    backup::copy_out(session, (&path, &path), "")?;
    Ok(path)
}
