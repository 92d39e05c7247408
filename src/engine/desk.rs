//! The console's own small verbs: session, saved filters, notices, notes and references, steering a job.

use super::command::{Command, Receipt, Steer};
use super::{Error, Session, noting};
use crate::domain::actor::Verb;
use crate::domain::ids::JobId;
use crate::engine::deliver::copies::{CANCELED, goes_again};
use crate::engine::review::picked::short;
use crate::store::job::{self, JobRow, JobState, Wanted};
use crate::store::{Tx, desk, notice};

/// Longest filter, characters.
const LONGEST: usize = 500;

/// Does one of them.
pub fn perform(session: &mut Session, command: Command) -> Result<Receipt, Error> {
    match command {
        Command::SaveSession { state } => {
            quiet(session, "session kept", |tx| Ok(desk::save_session(tx, &state)?))
        }
        Command::SaveFilter(filter) => checked(&[&filter.name, &filter.text]).and_then(|()| {
            quiet(session, &format!("filter {} saved", filter.name), |tx| {
                Ok(desk::save_filter(tx, &filter)?)
            })
        }),
        Command::DropFilter { screen, name } => {
            quiet(session, &format!("filter {name} dropped"), |tx| {
                if desk::drop_filter(tx, &screen, &name)? {
                    return Ok(());
                }
                let words = format!("there is no filter {name} any more");
                Err(Error::usage("no_filter", words, ""))
            })
        }
        Command::DismissNotices => quiet(session, "notices read", |tx| {
            notice::dismiss(tx)?;
            Ok(())
        }),
        Command::AddNote { on, strikes, text } => noting::add(session, on, &text, strikes),
        Command::SetReferences { on, was, to } => noting::refer(session, on, &was, &to),
        Command::SteerJob { job, want } => steer(session, job, want),
        other => Err(Error::Bug(format!("{} is not a verb of the desk", other.verb()))),
    }
}

fn checked(texts: &[&str]) -> Result<(), Error> {
    for given in texts {
        short("the text", given, LONGEST)?;
    }
    Ok(())
}

fn quiet(
    session: &mut Session,
    summary: &str,
    work: impl FnOnce(&Tx<'_>) -> Result<(), Error>,
) -> Result<Receipt, Error> {
    session.write(Verb::Housekeeping, work)?;
    Ok(Receipt { summary: summary.to_owned(), done: 1, ..Receipt::default() })
}

/// Pauses, resumes or cancels a job. A running one obeys at its next slice, any other at once. Mail is
/// one work to a person, of however many jobs: all of them.
fn steer(session: &mut Session, id: JobId, want: Steer) -> Result<Receipt, Error> {
    let (words, mail) = session.write(Verb::Housekeeping, |tx| {
        let row = job::get(tx, id)?;
        if !row.state.is_open() {
            return Err(Error::usage("job_over", format!("{id} is over: {}", row.state), ""));
        }
        let words = steer_one(tx, &row, want)?;
        let mail = row.subject == job::MAIL;
        if mail && want == Steer::Resume {
            goes_again(tx)?;
        }
        if mail {
            for other in job::open(tx)?.iter().filter(|o| o.subject == job::MAIL && o.id != id) {
                steer_one(tx, other, want)?;
            }
        }
        tx.note(&row.subject, format!("{} job {id}: {words}", row.kind));
        Ok((words, mail))
    })?;
    let still = if mail && want == Steer::Cancel { format!("; {CANCELED}") } else { String::new() };
    let job = (want == Steer::Resume).then_some(id);
    Ok(Receipt { summary: format!("{id}: {words}{still}"), done: 1, job, ..Receipt::default() })
}

fn steer_one(tx: &Tx<'_>, row: &JobRow, want: Steer) -> Result<&'static str, Error> {
    let (id, running) = (row.id, row.state == JobState::Running);
    Ok(match (want, running) {
        (Steer::Pause, true) => {
            job::want(tx, id, Wanted::Pause)?;
            "pause asked for"
        }
        (Steer::Pause, false) => {
            job::set_state(tx, id, JobState::Paused, "")?;
            "paused"
        }
        (Steer::Cancel, true) => {
            job::want(tx, id, Wanted::Cancel)?;
            "cancel asked for"
        }
        (Steer::Cancel, false) => {
            crate::engine::collect::refund_job::canceled(tx, row)?;
            job::set_state(tx, id, JobState::Canceled, "")?;
            "canceled"
        }
        (Steer::Resume, _) => {
            job::want(tx, id, Wanted::Nothing)?;
            if row.state == JobState::Paused {
                job::set_state(tx, id, JobState::Waiting, "")?;
            }
            "goes on"
        }
    })
}
