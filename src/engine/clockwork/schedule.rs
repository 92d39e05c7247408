//! Schedules: made, steered, and fired by whoever works: a console's threads or `daybook worker`.

use crate::clock::Now;
use crate::config::key;
use crate::domain::actor::{Actor, Verb};
use crate::domain::document::BillRunStatus;
use crate::domain::ids::{BillRunId, ScheduleId};
pub use crate::domain::run_params::Spec;
use crate::domain::schedule::{DateRule, Every, next_slots};
use crate::domain::text;
use crate::engine::collect;
use crate::engine::command::{NewBillRun, ScheduleStep};
use crate::engine::review::picked;
use crate::engine::{Error, Session, bill, trouble};
use crate::store::bill_run::{self, BillRunParams};
use crate::store::notice::{self, NoticeLevel};
use crate::store::schedule::{
    self, NewSchedule, ScheduleKind, ScheduleRow, ScheduleState, SlotState,
};
use crate::store::{Db, Op, StoreError, Tx, settings};
use crate::zone::Zone;
use chrono::{NaiveDate, NaiveDateTime};
use std::collections::VecDeque;

/// A slot that begins later than this after its time says so.
const LATE_MINUTES: i64 = 10;
/// Upcoming slots shown.
pub const SHOWN: usize = 15;
/// Missed slots that are written down one by one; older ones are only counted in the notice.
const LOOK_BACK: usize = 400;

/// Makes a schedule, after trying its first slot.
pub fn add(
    session: &mut Session,
    name: &str,
    every: &Every,
    at_minute: u32,
    spec: &Spec,
    owner_email: &str,
) -> Result<ScheduleId, Error> {
    picked::short("the name", name, 100)?;
    if !owner_email.is_empty() && !text::is_address(owner_email) {
        return Err(Error::usage(
            "bad_address",
            format!("{owner_email:?} is not one e-mail address"),
            "write name@domain",
        ));
    }
    let today = session.now()?.today;
    match spec {
        Spec::Bill { accounts, auto_post, auto_email, .. } => {
            let _ = bill_dates(spec, today)?;
            bill::asked::filter_on(accounts, today)?;
            if *auto_email && !auto_post {
                return Err(Error::usage(
                    "auto_email_alone",
                    "--auto-email needs --auto-post",
                    "add --auto-post",
                ));
            }
            if *auto_post && !session.config()?.is(key::AUTOMATION_AUTO_POST) {
                return Err(Error::usage(
                    "auto_post_off",
                    "the rule Support bill run auto-post is off",
                    "daybook settings set automation.auto_post true",
                ));
            }
        }
        Spec::Collect { target, .. } => {
            rule(target)?;
        }
    }
    session.write(Verb::Schedule, |tx| {
        let new = NewSchedule { name, every, at_minute, spec, owner_email };
        let id = schedule::insert(tx, &new)?;
        tx.note(id, format!("{} schedule {name:?}: {every}", spec.kind()));
        Ok(id)
    })
}

/// Pauses, resumes, skips or ends a schedule.
pub fn steer(session: &mut Session, id: ScheduleId, step: ScheduleStep) -> Result<String, Error> {
    let zone = session.config()?.zone();
    let words = session.write(Verb::Schedule, |tx| {
        let row = schedule::get(tx, id)?;
        if row.state == ScheduleState::Ended {
            return Err(Error::usage("ended", format!("{id} has ended"), "make a new one"));
        }
        let words = match step {
            ScheduleStep::Pause => {
                schedule::set_state(tx, id, ScheduleState::Paused)?;
                "paused".to_owned()
            }
            ScheduleStep::Resume | ScheduleStep::ResumeAndRun => {
                schedule::set_state(tx, id, ScheduleState::Active)?;
                "resumed from its next slot on".to_owned()
            }
            ScheduleStep::SkipNext => {
                let next = upcoming(&row, last_used(tx, id)?, tx.now(), zone, 1);
                let Some(slot) = next.first() else {
                    return Err(Error::usage("no_slot", format!("{id} has no next slot"), ""));
                };
                schedule::set_skip(tx, id, *slot)?;
                format!("leaves out {}", slot.format("%Y-%m-%d %H:%M"))
            }
            ScheduleStep::End => {
                schedule::set_state(tx, id, ScheduleState::Ended)?;
                "ended".to_owned()
            }
        };
        tx.note(id, words.clone());
        Ok(words)
    })?;
    if step == ScheduleStep::ResumeAndRun {
        let slot = session.now()?.local(zone);
        let row = session.read(|db| schedule::get(db, id))?;
        return match run_slot(session, &row, slot, Late::default())? {
            Some(made) => Ok(format!("{words}; {made} made now")),
            None => Err(Error::usage(
                "nothing_made",
                format!("{id} is {words}, but no run was made"),
                "the notices say why",
            )),
        };
    }
    Ok(words)
}

/// The newest slot that a schedule has used: none up to it runs again.
pub fn last_used(db: &Db<'_>, id: ScheduleId) -> Result<Option<NaiveDateTime>, StoreError> {
    Ok(schedule::slots(db, id, 1)?.first().map(|s| s.slot))
}

/// The slots that will run after the last one `used`, not counting the one that is skipped. In the
/// hour that comes twice a slot counts at its first passing.
pub fn upcoming(
    row: &ScheduleRow,
    used: Option<NaiveDateTime>,
    now: Now,
    zone: Zone,
    count: usize,
) -> Vec<NaiveDateTime> {
    if row.state != ScheduleState::Active {
        return Vec::new();
    }
    let after = used.map_or_else(|| now.local(zone), |used| used.max(now.local(zone)));
    let mut slots = next_slots(&row.every, row.at, after, count + 2);
    slots.retain(|s| Some(*s) != row.skip_slot && Now::civil(*s, zone).at_ms > now.at_ms);
    slots.truncate(count);
    slots
}

/// Fires every schedule that is due; gives how many runs were made. Of several missed slots the
/// latest runs, late, and says so; a slot never runs twice, whoever fires it.
pub fn fire_due(session: &mut Session) -> Result<usize, Error> {
    let (now, zone) = (session.now()?, session.config()?.zone());
    let (mut made, mut wrong) = (0, None);
    for row in session.read(schedule::list)? {
        if row.state != ScheduleState::Active {
            continue;
        }
        match trouble::fenced(|| fire(session, &row, now, zone)) {
            Ok(n) => made += n,
            // One schedule that cannot is no reason for the next to wait.
            Err(error) => {
                trouble::tell(session, &row.id.to_string(), &error);
                wrong.get_or_insert(error);
            }
        }
    }
    wrong.map_or(Ok(made), Err)
}

fn fire(session: &mut Session, row: &ScheduleRow, now: Now, zone: Zone) -> Result<usize, Error> {
    let used = session.read(|db| last_used(db, row.id))?;
    let Some(due) = due(row, used, now, zone) else { return Ok(0) };
    let minutes = (now.at_ms - Now::civil(due.slot, zone).at_ms) / 60_000;
    for slot in &due.missed {
        let skipped = row.skip_slot == Some(*slot);
        let state = if skipped { SlotState::Skipped } else { SlotState::Missed };
        session.write(Verb::Housekeeping, |tx| {
            tx.quiet();
            schedule::use_slot(tx, row.id, *slot, state, "", 0)?;
            Ok(())
        })?;
    }
    let late = Late { minutes, missed: due.missed_in_all };
    Ok(usize::from(run_slot(session, row, due.slot, late)?.is_some()))
}

/// How late a slot begins, and how many before it were missed altogether.
#[derive(Debug, Clone, Copy, Default)]
struct Late {
    minutes: i64,
    missed: usize,
}

/// What a schedule has to make up for.
struct Due {
    /// The latest slot whose time has come: it runs.
    slot: NaiveDateTime,
    /// The ones before it, newest last, at most [`LOOK_BACK`].
    missed: VecDeque<NaiveDateTime>,
    missed_in_all: usize,
}

/// What has come due since the schedule was armed and last used.
fn due(row: &ScheduleRow, used: Option<NaiveDateTime>, now: Now, zone: Zone) -> Option<Due> {
    let armed =
        chrono::DateTime::from_timestamp_millis(row.armed_at)?.with_timezone(&zone).naive_local();
    let mut after = used.map_or(armed, |used| used.max(armed));
    let mut due: Option<Due> = None;
    while let Some(slot) = next_slots(&row.every, row.at, after, 1).pop() {
        let at_ms = Now::civil(slot, zone).at_ms;
        if at_ms > now.at_ms {
            break;
        }
        after = slot;
        if at_ms <= row.armed_at {
            continue;
        }
        let old = due.take();
        let mut new = Due { slot, missed: VecDeque::new(), missed_in_all: 0 };
        if let Some(Due { slot, mut missed, missed_in_all }) = old {
            missed.push_back(slot);
            if missed.len() > LOOK_BACK {
                missed.pop_front();
            }
            (new.missed, new.missed_in_all) = (missed, missed_in_all + 1);
        }
        due = Some(new);
    }
    due
}

/// Uses a slot up and makes its run, in one transaction, for the schedule's owner.
fn run_slot(
    session: &mut Session,
    row: &ScheduleRow,
    slot: NaiveDateTime,
    late: Late,
) -> Result<Option<String>, Error> {
    let owner = Actor { uid: row.owner_uid, name: row.owner_name.clone() };
    let spec = row.spec()?;
    let verb = match row.kind {
        ScheduleKind::Bill => Verb::Bill,
        ScheduleKind::Collect => Verb::Collect,
    };
    let op = Op::new(&owner, verb, session.now()?);
    let made = session.store.write(&op, |tx| make(tx, row, &spec, slot, late));
    match made {
        Ok(made) => Ok(made),
        // Another process writes, or the disk is full: the slot waits for the next look.
        Err(Error::Store(
            error @ (StoreError::Busy
            | StoreError::Importing(_)
            | StoreError::Disk { .. }
            | StoreError::ReadOnly(_)
            | StoreError::Io { .. }),
        )) => Err(error.into()),
        // The dead man's switch: a slot that could make nothing is a task for a person.
        Err(error) => {
            let text = format!("{} {}: the slot of {slot} made nothing: {error}", row.id, row.name);
            session.write(Verb::Housekeeping, |tx| {
                schedule::use_slot(tx, row.id, slot, SlotState::Missed, "", late.minutes)?;
                let key = format!("slot {} {slot}", row.id);
                let about = (&*row.id.to_string(), &*text);
                notice::alarm(tx, NoticeLevel::Task, about, &key, &row.owner_email)?;
                tx.note(row.id, text.clone());
                Ok(())
            })?;
            Ok(None)
        }
    }
}

fn make(
    tx: &Tx<'_>,
    row: &ScheduleRow,
    spec: &Spec,
    slot: NaiveDateTime,
    late: Late,
) -> Result<Option<String>, Error> {
    let skipped = row.skip_slot == Some(slot);
    let state = if skipped { SlotState::Skipped } else { SlotState::Run };
    if !schedule::use_slot(tx, row.id, slot, state, "", late.minutes)? {
        tx.quiet();
        return Ok(None);
    }
    if skipped {
        tx.note(row.id, format!("slot of {slot} left out"));
        return Ok(None);
    }
    let subject = match spec {
        Spec::Bill { .. } => {
            if let Some(waiting) = bill_run::paused_of_schedule(tx, row.id)? {
                let then = "is to be resumed or canceled, then the next slot bills what is left";
                return stood_back(tx, row, slot, &waiting.to_string(), then);
            }
            bill_slot(tx, row, spec, slot.date())?
        }
        Spec::Collect { target, run, after } => {
            let mut run = run.clone();
            run.target_on = date(target, slot.date())?;
            let wait = match after {
                Some(other) => unfinished_today(tx, *other, slot.date())?,
                None => None,
            };
            if let Some(waiting) = collect::join(tx, row.id, run.target_on)? {
                let then =
                    format!("takes also what is due by {} when it is resumed", run.target_on);
                return stood_back(tx, row, slot, &waiting.to_string(), &then);
            }
            let hours = settings::load(tx)?.int(key::PAYMENT_WAIT_HOURS);
            collect::start_in(tx, &run, Some(row.id), hours, wait)?.0.to_string()
        }
    };
    schedule::set_slot_subject(tx, row.id, slot, &subject)?;
    if late.minutes > LATE_MINUTES {
        let text = late_words(row, slot, late, &subject);
        let key = format!("late {} {slot}", row.id);
        notice::alarm(tx, NoticeLevel::Warning, (&subject, &text), &key, &row.owner_email)?;
    }
    tx.note(&subject, format!("made by {} for the slot of {slot}", row.id));
    Ok(Some(subject))
}

/// A slot whose run would be a second one beside one that waits for a person: it makes none and says
/// so.
fn stood_back(
    tx: &Tx<'_>,
    row: &ScheduleRow,
    slot: NaiveDateTime,
    waiting: &str,
    then: &str,
) -> Result<Option<String>, Error> {
    schedule::set_slot_subject(tx, row.id, slot, waiting)?;
    let text = format!(
        "{} {}: {waiting} still waits for a person, so the slot of {} made no second run; {waiting} {then}",
        row.id,
        row.name,
        slot.format("%Y-%m-%d %H:%M")
    );
    let key = format!("waiting {waiting} {slot}");
    notice::alarm(tx, NoticeLevel::Task, (waiting, &text), &key, &row.owner_email)?;
    tx.note(waiting, &text);
    Ok(None)
}

/// What a late slot says: to whom nothing happened at two in the morning it says why.
fn late_words(row: &ScheduleRow, slot: NaiveDateTime, late: Late, subject: &str) -> String {
    let (hours, minutes) = (late.minutes / 60, late.minutes % 60);
    let before = match late.missed {
        0 => String::new(),
        1 => "; one slot before it was missed and is not made up for".to_owned(),
        n => format!("; {n} slots before it were missed and are not made up for"),
    };
    format!(
        "{} {}: the slot of {} began {hours} h {minutes} min late as {subject}: nobody was working{before}",
        row.id,
        row.name,
        slot.format("%Y-%m-%d %H:%M")
    )
}

fn bill_slot(tx: &Tx<'_>, row: &ScheduleRow, spec: &Spec, day: NaiveDate) -> Result<String, Error> {
    let Spec::Bill {
        accounts, exclude, auto_renew, auto_post, auto_email, skip_zero_email, ..
    } = spec
    else {
        return Err(Error::Bug(format!("{} makes no bill runs", row.id)));
    };
    let (target_on, invoice_on) = bill_dates(spec, day)?;
    let params = BillRunParams {
        target_on,
        invoice_on,
        filter: bill::asked::filter_on(accounts, day)?,
        exclude: exclude.clone(),
        auto_renew: *auto_renew,
        auto_post: *auto_post,
        auto_email: *auto_email,
        skip_zero_email: *skip_zero_email,
        schedule: Some(row.id.0),
        retry_of: None,
    };
    Ok(bill::run::start_in(tx, &params)?.0.to_string())
}

/// The bill run another schedule made today, if it is still to be posted.
fn unfinished_today(
    tx: &Tx<'_>,
    other: ScheduleId,
    day: NaiveDate,
) -> Result<Option<BillRunId>, Error> {
    let slots = schedule::slots(tx, other, 1)?;
    let Some(slot) = slots.first().filter(|s| s.slot.date() == day) else { return Ok(None) };
    let Some(run) = BillRunId::parse(&slot.subject) else { return Ok(None) };
    let status = bill_run::get(tx, run)?.status;
    let waits = status.is_unfinished()
        || matches!(status, BillRunStatus::Completed | BillRunStatus::Posting);
    Ok(waits.then_some(run))
}

fn bill_dates(spec: &Spec, day: NaiveDate) -> Result<(NaiveDate, NaiveDate), Error> {
    let Spec::Bill { target, invoice, .. } = spec else {
        return Err(Error::Bug("not a bill schedule".to_owned()));
    };
    Ok((date(target, day)?, date(invoice, day)?))
}

fn rule(text: &str) -> Result<DateRule, Error> {
    DateRule::parse(text).ok_or_else(|| {
        Error::usage(
            "bad_date_rule",
            format!("{text:?} is no date rule"),
            "days from the slot (+0d, -1d) or months and a day of the month (+0m:31, -1m:1)",
        )
    })
}

fn date(text: &str, slot: NaiveDate) -> Result<NaiveDate, Error> {
    rule(text)?
        .apply(slot)
        .ok_or_else(|| Error::usage("bad_date", format!("{text:?} leaves the calendar"), ""))
}

/// The parameters of an ad hoc run as a schedule keeps them.
pub fn spec_of(new: &NewBillRun, target: &str, invoice: &str) -> Spec {
    Spec::Bill {
        target: target.to_owned(),
        invoice: invoice.to_owned(),
        accounts: new.accounts.clone(),
        exclude: new.exclude.clone(),
        auto_renew: new.auto_renew,
        auto_post: new.auto_post,
        auto_email: new.auto_email,
        skip_zero_email: new.skip_zero_email,
    }
}
