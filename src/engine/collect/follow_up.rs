//! What a person does about money that has not come: promises, another method, auto-pay off.

use super::bank;
use crate::config::key;
use crate::domain::actor::Verb;
use crate::domain::ids::{AccountId, DocumentId, MethodId};
use crate::domain::money::Money;
use crate::domain::payment::{MethodKind, MethodStatus};
use crate::domain::text;
use crate::engine::command::Receipt;
use crate::engine::command::words::{INSTALMENTS_END, because};
use crate::engine::guard::four_eyes::{self, Deed, Eyes};
use crate::engine::{Error, Session};
use crate::gateway::NAMES;
use crate::store::debt::Debt;
use crate::store::four_eyes::Object;
use crate::store::payment_method::{self, MethodTerms};
use crate::store::{Db, StoreError, Tx, account, debt, instalment, method_state, notice};
use chrono::NaiveDate;

pub(super) fn done(summary: String) -> Receipt {
    Receipt { summary, done: 1, ..Receipt::default() }
}

/// The customer promised to pay by a day: runs, retries and reminders leave the invoice alone
/// until then.
pub fn promise(
    session: &mut Session,
    document: DocumentId,
    amount: Option<Money>,
    on: NaiveDate,
) -> Result<Receipt, Error> {
    session.write(Verb::FollowUp, |tx| {
        let debt = debt::get(tx, document)?;
        let amount = match amount {
            Some(amount) => amount.minor_in(debt.currency)?,
            None => debt.balance_minor,
        };
        if on < tx.now().today {
            return Err(Error::usage("past", format!("{on} has gone by"), "name a day to come"));
        }
        if amount <= 0 || amount > debt.balance_minor {
            let owed = debt.currency.amount(debt.balance_minor);
            let message = format!("{} owes {owed}: promised is that much at most", debt.number);
            return Err(Error::usage("bad_amount", message, "an amount above zero"));
        }
        refuse_in_plan(tx, &debt)?;
        let instead = debt::promised(tx, document)?;
        debt::promise(tx, &debt, amount, on)?;
        let mut words = format!("{} promised for {on}", debt.currency.amount(amount));
        if let Some((before, day)) = instead {
            words.push_str(&format!(", instead of {} for {day}", debt.currency.amount(before)));
        }
        tx.note(&debt.number, &words);
        Ok(done(format!("{}: {words}", debt.number)))
    })
}

/// What is paid in instalments has no other promise.
fn refuse_in_plan(tx: &Tx<'_>, debt: &Debt) -> Result<(), Error> {
    let Some(plan) = instalment::open_of(tx, debt.document)? else { return Ok(()) };
    let message = format!("{} is paid in instalments ({}: {})", debt.number, plan.id, plan.said());
    let remedy = format!("daybook {} first", INSTALMENTS_END.of(because(plan.id, "T")));
    Err(Error::usage("in_instalments", message, remedy))
}

/// A promise is off.
pub fn withdraw_promise(session: &mut Session, document: DocumentId) -> Result<Receipt, Error> {
    session.write(Verb::FollowUp, |tx| {
        let debt = debt::get(tx, document)?;
        refuse_in_plan(tx, &debt)?;
        debt::withdraw_promise(tx, document)?;
        tx.note(&debt.number, "promise withdrawn");
        Ok(done(format!("{}: promise withdrawn", debt.number)))
    })
}

/// Payment runs leave an invoice alone, or take it again.
pub fn auto_pay(session: &mut Session, document: DocumentId, on: bool) -> Result<Receipt, Error> {
    four_eyes::write(session, Verb::FollowUp, |tx, eyes| {
        let debt = debt::get(tx, document)?;
        let second = if on && debt.auto_pay_off {
            other_method(tx, eyes, debt.account, &format!("auto-pay of {}", debt.number))?
        } else {
            String::new()
        };
        debt::set_auto_pay_off(tx, &debt, !on)?;
        let words = if on { "auto-pay on" } else { "auto-pay off" };
        tx.note(&debt.number, format!("{words}{second}"));
        Ok(done(format!("{}: {words}", debt.number)))
    })
}

/// Puts a method first: invoices that failed on another are eligible at once.
pub fn choose_method(session: &mut Session, method: MethodId) -> Result<Receipt, Error> {
    four_eyes::write(session, Verb::FollowUp, |tx, eyes| {
        let row = method_state::get(tx, method)?;
        let second = other_method(tx, eyes, row.account, &format!("first {method}"))?;
        method_state::choose(tx, method)?;
        tx.note(method, format!("{} is the first method now{second}", row.display));
        Ok(done(format!("{method}: {} comes first now", row.display)))
    })
}

/// A method as a person gives it. What is left out of a known one stays as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenMethod {
    /// The gateway that knows the token; none = the book's, of a known one its own.
    pub gateway: Option<String>,
    /// The gateway's token.
    pub token: String,
    /// Card or bank account.
    pub kind: MethodKind,
    /// What is shown: `visa ··4242`.
    pub display: String,
    /// Last day of validity; none = does not expire, of a known one as it was.
    pub expires_on: Option<NaiveDate>,
    /// Used before the others; else a known one keeps its place, and a new one is the last.
    pub first: bool,
}

impl GivenMethod {
    /// The place of a new method.
    const LAST: u32 = 100;

    /// The method as it will be, beside the one that is known by its token.
    fn terms(&self, known: Option<&MethodTerms>, gateway: &str) -> MethodTerms {
        let own = known.map_or(gateway, |m| m.gateway.as_str());
        MethodTerms {
            gateway: self.gateway.clone().unwrap_or_else(|| own.to_owned()),
            token: self.token.clone(),
            kind: self.kind,
            display: self.display.clone(),
            priority: known.map_or(Self::LAST, |m| m.priority),
            expires_on: self.expires_on.or(known.and_then(|m| m.expires_on)),
            status: MethodStatus::Active,
            mandate: known.map(|m| m.mandate.clone()).unwrap_or_default(),
            iban: known.map(|m| m.iban.clone()).unwrap_or_default(),
        }
    }
}

/// Adds a method, or changes the details of the one with that token, which keeps its place.
pub fn add_method(
    session: &mut Session,
    account: AccountId,
    given: &GivenMethod,
) -> Result<Receipt, Error> {
    for (what, value) in [("token", &given.token), ("display", &given.display)] {
        text::accept(value, 200)
            .map_err(|e| Error::usage("bad_method", format!("the {what} {e}"), ""))?;
    }
    let gateway = session.config()?.get(key::PAYMENT_GATEWAY).to_owned();
    four_eyes::write(session, Verb::FollowUp, |tx, eyes| {
        let known = payment_method::find(tx, account, &given.token)?;
        let terms = given.terms(known.as_ref().map(|(_, held)| held), &gateway);
        if terms.token.trim().is_empty() || !NAMES.contains(&terms.gateway.as_str()) {
            return Err(Error::usage(
                "bad_method",
                format!("a method needs a token and a gateway ({})", NAMES.join(" or ")),
                "",
            ));
        }
        let second = other_method(tx, eyes, account, &format!("{} {}", terms.key(), given.first))?;
        payment_method::put(tx, account, &terms)?;
        let found = payment_method::find(tx, account, &terms.token)?;
        let (id, _) = found.ok_or_else(|| Error::Bug("a method was not stored".to_owned()))?;
        if given.first {
            method_state::choose(tx, id)?;
        }
        let word = if known.is_some() { "changed" } else { "added" };
        tx.note(id, format!("method {} {word}{second}", terms.display));
        Ok(Receipt { made: id.to_string(), ..done(format!("{id}: {} {word}", terms.display)) })
    })
}

/// Another method means that what the account owes is charged elsewhere: four eyes above that.
/// Closing one leaves only what was agreed to before, and is not bound.
fn other_method(tx: &Tx<'_>, eyes: &Eyes, id: AccountId, with: &str) -> Result<String, Error> {
    let (number, currency, minor) = account::owes(tx, id)?;
    let deed = Deed {
        object: Object::Methods(id),
        subject: &number,
        what: "another payment method for a balance",
        with,
        money: currency.amount(minor.max(0)),
        reason: "",
    };
    eyes.on(tx, &deed)
}

/// Forgets the failures of a method, by hand.
pub fn reset_method(session: &mut Session, method: MethodId) -> Result<Receipt, Error> {
    session.write(Verb::FollowUp, |tx| {
        let row = method_state::get(tx, method)?;
        method_state::reset(tx, method)?;
        tx.note(method, format!("failures of {} forgotten", row.display));
        Ok(done(format!("{method}: failures forgotten")))
    })
}

/// Closes a method.
pub fn close_method(session: &mut Session, method: MethodId) -> Result<Receipt, Error> {
    session.write(Verb::FollowUp, |tx| {
        let row = method_state::get(tx, method)?;
        method_state::close(tx, method)?;
        tx.note(method, format!("{} closed", row.display));
        Ok(done(format!("{method}: closed")))
    })
}

/// Ends promises whose day has gone by; a broken one becomes a task for a person. None is broken before
/// the bank is read far enough. Gives how many were broken.
pub fn end_promises(session: &mut Session) -> Result<usize, Error> {
    let (config, today) = (session.config()?, session.now()?.today);
    let before = |db: &Db<'_>| Ok::<_, StoreError>(bank::state(db, &config)?.broken_before(today));
    if !session.read(|db| debt::promises_to_end(db, today, before(db)?))? {
        return Ok(0);
    }
    session.write(Verb::Housekeeping, |tx| {
        tx.quiet();
        let broken = debt::end_promises(tx, tx.now().today, before(tx)?)?;
        for (number, document, _, on) in &broken {
            notice::task(
                tx,
                &format!("promise {document} {on}"),
                number,
                &format!("{number}: the promise to pay by {on} was broken"),
            )?;
        }
        Ok(broken.len())
    })
}
