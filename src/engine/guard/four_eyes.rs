//! Four eyes above an amount (`four_eyes.above`): one rule for posting, memos, write-offs, refunds
//! and changed payment methods.
//!
//! What counts is what one person did alone to one account within 24 hours, summed by currency
//! (`store::deed`, where each row asks again). A draft above the amount posts only after somebody other than who posts it has accepted it: the
//! acceptance is the first pair of eyes. For the other four the first attempt records a request and
//! is refused; the same verb with the same parameters by a second person whose role allows it
//! confirms the request, and it happens. A request ends when what it is about changes, or after
//! [`STANDS_MS`]. The creator of a book without roles is bound too: whoever sets the amount wants it.

use crate::config::Config;
use crate::domain::actor::{Role, Verb, permitted};
use crate::domain::document::Review;
use crate::domain::ids::AccountId;
use crate::domain::money::Money;
use crate::engine::{Error, Session};
use crate::store::deed::{self, DeedKind, NewDeed, Second, Stop};
use crate::store::document::DocumentRow;
use crate::store::four_eyes::{self, NewRequest, Object, RequestRow, RequestState};
use crate::store::{Db, StoreError, Tx, document, import_request, notice, payment, settings};
use chrono::DateTime;
use std::cell::RefCell;

/// How long a request waits for its second person: two weeks.
pub const STANDS_MS: i64 = 14 * 24 * 3_600_000;

/// Who accepted a draft besides who posts it, if anybody did; or why it does not post yet. `deed` is
/// what posting it is.
pub fn seen(
    tx: &Tx<'_>,
    row: &DocumentRow,
    deed: Option<&NewDeed>,
) -> Result<Result<Option<Second>, String>, StoreError> {
    let other = row.reviewed_by.clone().filter(|by| *by != tx.actor().name);
    let second = other
        .filter(|_| row.review == Review::Accepted)
        .map(|name| Second { asked_by: None, name });
    let Some(deed) = deed else { return Ok(Ok(second)) };
    tx.seconded_by(second.clone());
    let stop = deed::stop(tx, deed)?;
    tx.seconded_by(None);
    Ok(match stop {
        None => Ok(second),
        Some(Stop::Alone { limit, setting, before_minor, currency }) => {
            let before = if before_minor == 0 {
                String::new()
            } else {
                let money = currency.amount(before_minor);
                format!("with {money} of yours on this account in 24 hours ")
            };
            Err(format!("{before}above {limit}: somebody else must accept it first ({setting})"))
        }
        Some(
            stop @ (Stop::BothSides { .. } | Stop::Prices { .. } | Stop::Settings | Stop::Period),
        ) => Err(format!("{stop}: somebody else must post it (separation.window)")),
    })
}

/// What somebody is about to do.
#[derive(Debug)]
pub struct Deed<'a> {
    /// What it changes.
    pub object: Object,
    /// That, as a clerk writes it.
    pub subject: &'a str,
    /// What of it, for people: `write-off`.
    pub what: &'a str,
    /// Parameters that a second person must repeat; the reason is everybody's own.
    pub with: &'a str,
    /// How much it is about.
    pub money: Money,
    pub reason: &'a str,
}

/// What a transaction may ask about a deed; see [`write`].
pub struct Eyes {
    verb: Verb,
    wanted: RefCell<Option<Wanted>>,
}

/// A request that is to be recorded once the refused transaction is rolled back.
struct Wanted {
    subject: String,
    request: NewRequest,
    stop: Stop,
}

/// One transaction of a verb that four eyes may bind. Its work calls [`Eyes::on`] before it changes
/// anything; a deed that wants a second person is rolled back, recorded as a request and refused.
pub fn write<T>(
    session: &mut Session,
    verb: Verb,
    work: impl FnOnce(&Tx<'_>, &Eyes) -> Result<T, Error>,
) -> Result<T, Error> {
    let eyes = Eyes { verb, wanted: RefCell::new(None) };
    let result = session.write(verb, |tx| work(tx, &eyes));
    match eyes.wanted.into_inner() {
        Some(wanted) if result.is_err() => Err(record(session, verb, &wanted)?),
        Some(_) | None => result,
    }
}

impl Eyes {
    /// Lets a deed pass if it is not above the amount, or if another person asked for the very same;
    /// gives what the audit trail then says of that person, empty otherwise.
    pub fn on(&self, tx: &Tx<'_>, deed: &Deed<'_>) -> Result<String, Error> {
        let who = (tx.actor().uid, tx.now().at_ms);
        let (request, look) = look(tx, who, self.verb, deed)?;
        let (stop, open) = match look {
            Look::Passes => return Ok(String::new()),
            Look::Confirms(open) => {
                let asked = asked_for(tx, &open, tx.now().at_ms)?;
                four_eyes::end(tx, open.id, RequestState::Confirmed)?;
                notice::done(tx, &key(open.id))?;
                let name = open.user_name.clone();
                tx.seconded_by(Some(Second { asked_by: Some(open.uid), name }));
                return Ok(format!("{asked} (operation {})", open.asked_seq));
            }
            Look::Stops(stop, open) => (stop, open),
        };
        if let Some(open) = open {
            return Err(asked_already(tx, &open, self.verb, tx.now().at_ms)?);
        }
        let error = Error::usage("four_eyes", request.words.clone(), "");
        *self.wanted.borrow_mut() =
            Some(Wanted { subject: deed.subject.to_owned(), request, stop });
        Err(error)
    }
}

/// What the rules say of a deed.
enum Look {
    /// Nothing is against it.
    Passes,
    /// Another person asked for the very same.
    Confirms(RequestRow),
    /// One person alone must not; they may have asked for it already.
    Stops(Stop, Option<RequestRow>),
}

/// The one look at the rules: for a person (uid) at a moment, UTC ms.
fn look(
    db: &Db<'_>,
    (uid, now_ms): (u32, i64),
    verb: Verb,
    deed: &Deed<'_>,
) -> Result<(NewRequest, Look), StoreError> {
    let money = deed.money.abs()?;
    let request = NewRequest {
        deed: format!("{verb} {} {}", deed.object, deed.with),
        object: deed.object,
        object_state: deed.object.state(db)?,
        amount_minor: money.minor,
        currency: money.currency,
        words: match deed.object {
            Object::Settings | Object::Period(_) => format!("{}: {}", deed.subject, deed.what),
            Object::Document(_) | Object::Payment(_) | Object::Methods(_) => {
                format!("{}: {} of {money}", deed.subject, deed.what)
            }
        },
        reason: deed.reason.to_owned(),
    };
    let open = four_eyes::open_for(db, &request.deed)?.filter(|o| stands(o, &request, now_ms));
    let own = match open {
        Some(open) if open.uid != uid => return Ok((request, Look::Confirms(open))),
        own => own,
    };
    let stop = match whose(db, deed.object)? {
        None if deed.object == Object::Settings => Some(Stop::Settings),
        None => Some(Stop::Period),
        Some((account, kind)) => {
            let new = NewDeed::new(account, kind, deed.money.minor, deed.money.currency);
            deed::too_much(db, uid, &new, now_ms)?
        }
    };
    Ok((request, stop.map_or(Look::Passes, |stop| Look::Stops(stop, own))))
}

/// `; asked for by mia at 10:04`.
fn asked_for(db: &Db<'_>, open: &RequestRow, now_ms: i64) -> Result<String, StoreError> {
    let at = clock(&settings::load(db)?, open, now_ms);
    Ok(format!("; asked for by {} {at}", open.user_name))
}

fn asked_already(
    db: &Db<'_>,
    open: &RequestRow,
    verb: Verb,
    now_ms: i64,
) -> Result<Error, StoreError> {
    let at = clock(&settings::load(db)?, open, now_ms);
    Ok(Error::usage(
        "four_eyes",
        format!("{}: you asked for this {at}", open.asked.words),
        format!("another {} must do the same to confirm", roles(verb)),
    ))
}

/// What will become of a deed that is not done yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ahead {
    /// It is done.
    Passes,
    /// It is done: another person asked for it, in words from a semicolon on.
    Confirms(String),
    /// It is asked for, and why.
    Asks(String),
}

/// Foretells a deed of a person (uid) at a moment, UTC ms; who asked for it already is told so.
pub(in crate::engine) fn foretell(
    db: &Db<'_>,
    who: (u32, i64),
    verb: Verb,
    deed: &Deed<'_>,
) -> Result<Ahead, Error> {
    Ok(match look(db, who, verb, deed)?.1 {
        Look::Passes => Ahead::Passes,
        Look::Confirms(open) => Ahead::Confirms(asked_for(db, &open, who.1)?),
        Look::Stops(_, Some(open)) => return Err(asked_already(db, &open, verb, who.1)?),
        Look::Stops(stop, None) => Ahead::Asks(stop.to_string()),
    })
}

/// The account that an object is about, and what is done to it; none = it is about all of them.
fn whose(db: &Db<'_>, object: Object) -> Result<Option<(AccountId, DeedKind)>, StoreError> {
    Ok(Some(match object {
        Object::Settings | Object::Period(_) => return Ok(None),
        Object::Document(id) => (document::get(db, id)?.account, DeedKind::Credit),
        Object::Payment(id) => (payment::get(db, id)?.account, DeedKind::Refund),
        Object::Methods(id) => (id, DeedKind::Method),
    }))
}

/// Whether a request is still about what it was.
fn stands(open: &RequestRow, now: &NewRequest, now_ms: i64) -> bool {
    open.asked.object_state == now.object_state
        && open.asked.amount_minor == now.amount_minor
        && now_ms - open.asked_at <= STANDS_MS
}

/// Records the request and gives the words of the refusal.
fn record(session: &mut Session, verb: Verb, wanted: &Wanted) -> Result<Error, Error> {
    session.write(verb, |tx| {
        let config = settings::load(tx)?;
        let request = &wanted.request;
        let mut message = format!("{}: {}", request.words, wanted.stop);
        if let Some(open) = four_eyes::open_for(tx, &request.deed)? {
            if stands(&open, request, tx.now().at_ms) {
                // Two asked at the same moment: one request stands, and a repeat confirms it.
                tx.quiet();
                let who = format!("{message}; {} asked just now", open.user_name);
                return Ok(Error::usage("four_eyes", who, "do the same again to confirm"));
            }
            let at = clock(&config, &open, tx.now().at_ms);
            message = format!("{message}; it changed since {} asked {at}", open.user_name);
            expire(tx, &open)?;
        }
        let id = four_eyes::insert(tx, request)?;
        let who = &tx.actor().name;
        let roles = roles(verb);
        let words = &request.words;
        let task =
            format!("{words}: asked for by {who}, another {roles} must do the same to confirm");
        notice::task(tx, &key(id), &wanted.subject, &task)?;
        let why = if request.reason.is_empty() {
            String::new()
        } else {
            format!(" ({})", request.reason)
        };
        tx.note(&wanted.subject, format!("asked for, a second person must confirm: {words}{why}"));
        Ok(Error::usage(
            "four_eyes",
            message,
            format!("asked for: another {roles} does the same to confirm"),
        ))
    })
}

/// Ends requests whose object changed meanwhile or that nobody confirmed in time; gives how many.
pub fn end_stale(session: &mut Session) -> Result<usize, Error> {
    let at = session.now()?.at_ms;
    let stale = |db: &Db<'_>| -> Result<Vec<RequestRow>, StoreError> {
        let mut found = Vec::new();
        for open in four_eyes::open(db)? {
            if at - open.asked_at > STANDS_MS
                || open.asked.object.state(db)? != open.asked.object_state
            {
                found.push(open);
            }
        }
        Ok(found)
    };
    let imports = |db: &Db<'_>| import_request::older_than(db, at - STANDS_MS);
    if session.read(stale)?.is_empty() && session.read(imports)?.is_empty() {
        return Ok(0);
    }
    session.write(Verb::Housekeeping, |tx| {
        let (found, files) = (stale(tx)?, imports(tx)?);
        for open in &found {
            expire(tx, open)?;
        }
        for file in &files {
            end_import(tx, file.id, RequestState::Expired)?;
        }
        let words = found.iter().map(|o| o.asked.words.as_str());
        let all: Vec<&str> = words.chain(files.iter().map(|f| f.name.as_str())).collect();
        tx.note("four eyes", format!("no longer asked for: {}", all.join("; ")));
        Ok(found.len() + files.len())
    })
}

fn expire(tx: &Tx<'_>, open: &RequestRow) -> Result<(), StoreError> {
    four_eyes::end(tx, open.id, RequestState::Expired)?;
    notice::done(tx, &key(open.id))
}

fn key(id: i64) -> String {
    format!("four eyes {id}")
}

/// Ends the request of imported rows, and its task.
pub(in crate::engine) fn end_import(
    tx: &Tx<'_>,
    id: i64,
    state: RequestState,
) -> Result<(), StoreError> {
    import_request::end(tx, id, state)?;
    notice::done(tx, &import_key(id))
}

/// The task of a request of imported rows.
pub(in crate::engine) fn import_key(id: i64) -> String {
    format!("import {id}")
}

/// Who may do a verb, for people.
pub fn roles(verb: Verb) -> String {
    let may = |role: &&Role| **role != Role::Everything && permitted(**role, verb);
    let names: Vec<&str> = Role::ALL.iter().filter(may).map(|r| r.as_str()).collect();
    names.join(" or ")
}

/// `at 10:04`, or with the day when that is another one.
fn clock(config: &Config, open: &RequestRow, now_ms: i64) -> String {
    let local =
        |ms| DateTime::from_timestamp_millis(ms).unwrap_or_default().with_timezone(&config.zone());
    let (then, now) = (local(open.asked_at), local(now_ms));
    let form =
        if then.date_naive() == now.date_naive() { "at %H:%M" } else { "on %Y-%m-%d at %H:%M" };
    then.format(form).to_string()
}
