//! One command from the console: the same verbs the command line calls, behind one door.

use super::command::{Command, Receipt, RunRef, Steer};
use super::post::What;
use super::{Error, Session, bill, deliver, post, print, run};
use crate::domain::ids::JobId;

/// Does what a clerk asked for. `op_id` was minted when the dialog opened: a second send of the
/// same command is refused as done already.
pub fn perform(session: &mut Session, op_id: &str, command: Command) -> Result<Receipt, Error> {
    session.next_op = Some(op_id.to_owned());
    let result = dispatch(session, command);
    session.next_op = None;
    result
}

fn dispatch(session: &mut Session, command: Command) -> Result<Receipt, Error> {
    match command {
        Command::StartBillRun(new) => {
            let (run, job) = bill::start(session, &new)?;
            Ok(started(&run.to_string(), "bill run started", job))
        }
        Command::RetryFailedAccounts { run } => {
            let (run, job) = bill::retry_failed(session, run)?;
            Ok(started(&run.to_string(), "bill run of the failed accounts started", job))
        }
        Command::PostRun { run, invoice_on } => {
            let job = post::start(session, &What::Run(run), invoice_on)?;
            Ok(started(&run.to_string(), "posting", job))
        }
        Command::Post { drafts, invoice_on } => {
            let count = drafts.len();
            let job = post::start(session, &What::Drafts(drafts), invoice_on)?;
            Ok(started("", &format!("posting {count} drafts"), job))
        }
        Command::SteerRun { run: RunRef::Bill(id), want } => {
            let job = match want {
                Steer::Pause => {
                    run::pause(session, id)?;
                    None
                }
                Steer::Resume => Some(run::resume(session, id)?),
                Steer::Cancel => Some(run::cancel(session, id)?.0),
            };
            let word = match want {
                Steer::Pause => "pause asked for",
                Steer::Resume => "goes on",
                Steer::Cancel => "canceled; its drafts are being released",
            };
            Ok(Receipt { summary: format!("{id}: {word}"), done: 1, job, ..Receipt::default() })
        }
        Command::MakeDeliveries { run } => {
            Ok(deliver::make(session, run, deliver::When::AfterHold)?.receipt())
        }
        Command::SendNow { deliveries } => deliver::send_now(session, &deliveries),
        Command::Recall { deliveries } => deliver::recall(session, &deliveries),
        Command::Resend { deliveries } => {
            deliver::resend(session, &deliveries, deliver::Resend::All)
        }
        Command::ChangeChannel { deliveries, channel } => {
            deliver::change_channel(session, &deliveries, channel)
        }
        Command::PrintBatch { directory } => {
            let job = print::start(session, &directory)?;
            Ok(started("", "writing a print batch", job))
        }
        Command::ConfirmPrinted { deliveries } => deliver::confirm_printed(session, &deliveries),
        other => Err(Error::usage(
            "not_available",
            "this verb is not available here",
            format!("try daybook {}", other.words()),
        )),
    }
}

fn started(made: &str, what: &str, job: JobId) -> Receipt {
    let summary = if made.is_empty() { what.to_owned() } else { format!("{made}: {what}") };
    Receipt { summary, done: 1, job: Some(job), made: made.to_owned(), ..Receipt::default() }
}
