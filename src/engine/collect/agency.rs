//! Handing an account to a collection agency, the file it gets, and how it ended.

use super::follow_up::done;
use super::money::Foretold;
use super::which::{self, Chosen};
use crate::domain::account::version_on;
use crate::domain::actor::Verb;
use crate::domain::agency::{Case, CaseState, NewCase};
use crate::domain::ids::CaseId;
use crate::domain::instalment::PlanState;
use crate::domain::money::Purse;
use crate::domain::text::{cell, counted, quoted};
use crate::engine::command::Receipt;
use crate::engine::command::words::AGENCY_HAND_OVER;
use crate::engine::review::picked::short;
use crate::engine::{Error, Session, tray};
use crate::store::{Db, StoreError, account, agency, debt, instalment, role};
use chrono::NaiveDate;
use std::collections::BTreeMap;

fn checked(new: &NewCase) -> Result<NewCase, Error> {
    let trimmed = NewCase {
        agency: new.agency.trim().to_owned(),
        reference: new.reference.trim().to_owned(),
        ..new.clone()
    };
    if trimmed.agency.is_empty() {
        return Err(Error::usage("bad_agency", "the agency has no name", "say who gets it"));
    }
    short("the agency", &trimmed.agency, 100)?;
    short("the reference", &trimmed.reference, 60)?;
    Ok(trimmed)
}

fn chosen(db: &Db<'_>, new: &NewCase, today: NaiveDate) -> Result<Chosen, Error> {
    which::not_with_agency(db, new.account)?;
    which::choose(db, (new.account, None), &new.of, today, |debt| {
        let disputed = !debt.disputed.is_empty();
        Ok(disputed.then(|| format!("it is disputed: {}", debt.disputed)))
    })
}

fn owed(chosen: &Chosen) -> Result<Purse, Error> {
    let mut owed = Purse::default();
    for debt in &chosen.debts {
        owed.add(debt.currency.amount(debt.balance_minor))?;
    }
    Ok(owed)
}

/// What of it is agreed and ends with the hand-over: numbers of documents and plans.
fn ends(db: &Db<'_>, chosen: &Chosen) -> Result<Vec<String>, StoreError> {
    let mut ends = BTreeMap::new();
    for debt in &chosen.debts {
        match (instalment::open_of(db, debt.document)?, debt.promised_on) {
            (Some(plan), _) => ends.insert(plan.id.to_string(), format!("{} ends", plan.id)),
            (None, Some(on)) => ends
                .insert(debt.number.clone(), format!("{}: the promise for {on} ends", debt.number)),
            (None, None) => None,
        };
    }
    Ok(ends.into_values().collect())
}

/// Hands over what an account owes: from now on nothing of the account is charged, retried or reminded.
pub fn hand_over(session: &mut Session, new: &NewCase) -> Result<Receipt, Error> {
    let new = checked(new)?;
    session.write(Verb::HandOver, |tx| {
        let chosen = chosen(tx, &new, tx.now().today)?;
        let (owed, ends) = (owed(&chosen)?, ends(tx, &chosen)?);
        for debt in &chosen.debts {
            match instalment::open_of(tx, debt.document)? {
                Some(plan) => {
                    instalment::end(tx, plan.id, PlanState::Ended, "handed to an agency")?;
                }
                None => debt::withdraw_promise(tx, debt.document)?,
            }
        }
        let id = agency::insert(tx, &new, &chosen.debts)?;
        let mut words = format!("{id}: {owed} of {} handed to {}", chosen.documents(), new.agency);
        for end in ends {
            words.push_str(&format!("; {end}"));
        }
        tx.note(&chosen.account, &words);
        let summary = format!("{}: {words}", chosen.account);
        Ok(Receipt { made: id.to_string(), refused: chosen.left_out, ..done(summary) })
    })
}

/// What handing over would do, or why it is refused.
pub fn foretell(db: &Db<'_>, new: &NewCase, today: NaiveDate) -> Result<Foretold, Error> {
    let new = checked(new)?;
    let chosen = chosen(db, &new, today)?;
    let of = chosen.documents();
    let account = &chosen.account;
    let mut then = vec![format!(
        "no charge, retry or reminder of {account} any more, also of what it is billed later"
    )];
    then.extend(ends(db, &chosen)?);
    then.push("the file for the agency is written next: daybook agency file".to_owned());
    let theirs = match new.reference.as_str() {
        "" => String::new(),
        reference => format!(" --reference {}", quoted(reference)),
    };
    let numbers: Vec<&str> = chosen.debts.iter().map(|debt| debt.number.as_str()).collect();
    Ok(Foretold {
        what: format!("{} of {account} ({of}) go to {}.", owed(&chosen)?, new.agency),
        then,
        beware: chosen.beware(),
        undo: "u does not take it back; p takes the account back from the agency.",
        verb: "hand over",
        words: AGENCY_HAND_OVER.of(format!(
            "{account} --invoice {} --agency {}",
            numbers.join(" --invoice "),
            quoted(&new.agency) + &theirs
        )),
    })
}

/// A case is over: taken back, collected, or given up by the agency. What is open is collected here again.
pub fn end(
    session: &mut Session,
    id: CaseId,
    state: CaseState,
    why: &str,
) -> Result<Receipt, Error> {
    let why = why.trim();
    short("the reason", why, 500)?;
    session.write(Verb::HandOver, |tx| {
        let case = agency::get(tx, id)?;
        if case.state != CaseState::Open {
            let message = format!("{id} is {} already", case.state);
            return Err(Error::usage("over", message, "daybook agency list shows open ones"));
        }
        agency::end(tx, id, state, why)?;
        let said = if why.is_empty() { String::new() } else { format!(": {why}") };
        tx.note(&case.account_number, format!("{id} {state}{said}"));
        let mut open = Purse::default();
        for claim in case.claims.iter().filter(|claim| claim.open.minor > 0) {
            open.add(claim.open)?;
        }
        let number = &case.account_number;
        let next = match (state, open.is_empty()) {
            (_, true) => format!("nothing is open of what {number} owed"),
            (CaseState::Recalled, _) => format!("{open} of {number} are collected here again"),
            _ => format!("{open} of {number} are still open: write them off, or they are collected here again"),
        };
        Ok(done(format!("{id} {state}; {next}")))
    })
}

/// Writes the file of all open cases into a directory; empty = where print files lie beside the book.
pub fn write(session: &Session, directory: &str) -> Result<Receipt, Error> {
    let today = session.now()?.today;
    session.store.read(|db| role::authorize(db, &session.actor, Verb::HandOver))?;
    let (count, bytes) = session.store.read(|db| {
        let cases = agency::all(db, false, u32::MAX)?;
        Ok::<_, Error>((cases.len(), file(db, &cases, today)?))
    })?;
    let path =
        tray::lay(session, directory, &tray::free(session, directory, &file_name(today)), &bytes)?;
    let of = counted(count, "case", "cases");
    Ok(done(format!("{}: {of}, a row an invoice", path.display())))
}

/// What the file of a day is called.
pub fn file_name(today: NaiveDate) -> String {
    format!("agency-{today}.csv")
}

/// What stands in the first row of a file for an agency.
const HEADER: [&str; 22] = [
    "case",
    "agency",
    "reference",
    "handed_over_on",
    "account_number",
    "name",
    "address1",
    "address2",
    "postcode",
    "city",
    "region",
    "country",
    "emails",
    "invoice_number",
    "invoice_date",
    "due_date",
    "days_overdue",
    "currency",
    "total",
    "handed_over",
    "open",
    "reminders",
];

/// The file that an agency gets of cases: a row a claim, as CSV with `.` in amounts.
pub fn file(db: &Db<'_>, cases: &[Case], today: NaiveDate) -> Result<Vec<u8>, Error> {
    let broken = |e: csv::Error| Error::Bug(e.to_string());
    let mut out = csv::Writer::from_writer(Vec::new());
    out.write_record(HEADER).map_err(broken)?;
    for case in cases {
        let versions = account::versions(db, case.account)?;
        let who = version_on(&versions, today).map(|v| v.terms.clone()).ok_or_else(|| {
            StoreError::Corrupt(format!("{} has no version", case.account_number))
        })?;
        for claim in &case.claims {
            let row = [
                case.id.to_string(),
                case.agency.clone(),
                case.reference.clone(),
                case.handed_on.to_string(),
                case.account_number.clone(),
                who.name.clone(),
                who.address1.clone(),
                who.address2.clone(),
                who.postcode.clone(),
                who.city.clone(),
                who.region.clone(),
                who.country.clone(),
                who.emails.join(";"),
                claim.number.clone(),
                claim.invoice_on.to_string(),
                claim.due_on.to_string(),
                (today - claim.due_on).num_days().to_string(),
                claim.total.currency.code().to_owned(),
                claim.total.plain(),
                claim.handed.plain(),
                claim.open.plain(),
                claim.reminded.to_string(),
            ];
            out.write_record(row.iter().map(|text| cell(text).into_owned())).map_err(broken)?;
        }
    }
    out.into_inner().map_err(|e| Error::Bug(e.to_string()))
}
