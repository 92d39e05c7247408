//! One command from the console: the same verbs the command line calls, behind one door.

use super::account_edit;
use super::command::{Command, Receipt, RunRef, Steer};
use super::on_its_way::Sure;
use crate::domain::document::BillRunStatus;
use crate::domain::ids::{JobId, PaymentId, PaymentRunId};
use crate::domain::month::Month;
use crate::domain::payment::NextAction;
use crate::domain::text::counted;
use crate::engine::bank::deed as lines;
use crate::engine::clockwork::schedule;
use crate::engine::collect::retry::Which;
use crate::engine::collect::{
    self, agency, bank, dispute, follow_up, instalments, money, outside_payment, reconcile, remind,
    retry, stop,
};
use crate::engine::deliver::copies::When;
use crate::engine::deliver::{self, print};
use crate::engine::post::posting::What;
use crate::engine::review::{self, edit, hand_made, regenerate, undo};
use crate::engine::{Error, Session, bill, closing, desk, post, reissue};

/// Does what a clerk asked for. `op_id` was minted when the dialog opened: a second send of the
/// same command is refused as done already.
pub fn perform(session: &mut Session, op_id: &str, command: Command) -> Result<Receipt, Error> {
    session.next_op = Some(op_id.to_owned());
    let result = dispatch(session, command, Sure::Ask);
    (session.next_op, session.sure) = (None, Sure::Ask);
    result
}

fn dispatch(session: &mut Session, command: Command, sure: Sure) -> Result<Receipt, Error> {
    session.sure = sure;
    match command {
        Command::Claim(deed) => review::claim::perform(session, deed),
        Command::Accept { drafts, reason } => review::verdict::accept(session, &drafts, &reason),
        Command::Hold { drafts, reason, owner, until } => {
            review::verdict::hold(session, &drafts, &reason, &owner, until)
        }
        Command::Tag { drafts, tagging } => review::verdict::tag(session, &drafts, &tagging),
        Command::Release { drafts } => review::verdict::release(session, &drafts),
        Command::CancelDrafts { drafts, reason } => {
            review::verdict::cancel(session, &drafts, &reason)
        }
        Command::Restore { draft, seq } => review::past::restore(session, &draft, seq),
        Command::EditMany { drafts, changes, reason } => {
            edit::many::edit(session, &drafts, &changes, &reason)
        }
        Command::Edit { draft, changes, reason } => edit::edit(session, &draft, &changes, &reason),
        Command::Preview { draft, directory } => post::preview::write(session, draft, &directory),
        Command::MakeDraft(new) => hand_made::make(session, &new),
        Command::Regenerate { drafts } => regenerate::regenerate(session, &drafts),
        Command::Adjust { document, part, kind, reason } => {
            crate::engine::post::adjust::adjust(session, document, part, kind, &reason, sure)
        }
        Command::WriteOff { document, reason } => {
            crate::engine::post::write_off::write_off(session, document, &reason, sure)
        }
        Command::UndoWriteOff { document, reason } => {
            crate::engine::post::write_off::undo(session, document, &reason)
        }
        Command::Reverse { document, reason } => {
            crate::engine::post::reverse::reverse(session, document, &reason, sure)
        }
        Command::Reissue(new) => Ok(reissue::reissue(session, &new)?.1),
        Command::Undo { deed } => undo::undo(session, deed),
        Command::Redo => undo::redo(session),
        Command::StartBillRun(mut new) => {
            new.confirmed |= sure == Sure::Yes;
            let (run, job) = bill::run::start(session, &new)?;
            Ok(started(&run.to_string(), "bill run started", job))
        }
        Command::RetryFailedAccounts { run } => {
            let (run, job) = bill::run::retry_failed(session, run)?;
            Ok(started(&run.to_string(), "bill run of the failed accounts started", job))
        }
        Command::PostRun { run, invoice_on } => {
            let before = session.read(|db| crate::store::bill_run::get(db, run))?.status;
            let job = post::posting::start(session, &What::Run(run), invoice_on)?;
            let by = session.read(|db| crate::store::job::get(db, job))?.user_name;
            // Who confirms what was begun already is told so, and by whom: it is not theirs.
            let words = if by != session.actor.name {
                format!("{by} began the posting, and it goes on")
            } else if before == BillRunStatus::Posting {
                "you began the posting before, and it goes on".to_owned()
            } else {
                "posting".to_owned()
            };
            Ok(started(&run.to_string(), &words, job))
        }
        Command::Post { drafts, invoice_on } => {
            let count = drafts.len();
            let job = post::posting::start(session, &What::Drafts(drafts), invoice_on)?;
            Ok(started("", &format!("posting {}", counted(count, "draft", "drafts")), job))
        }
        Command::SteerRun { run: RunRef::Bill(id), want } => {
            let job = match want {
                Steer::Pause => {
                    bill::steer::pause(session, id)?;
                    None
                }
                Steer::Resume => Some(bill::steer::resume(session, id)?),
                Steer::Cancel => Some(bill::steer::cancel(session, id)?.0),
            };
            let word = match want {
                Steer::Pause => "pause asked for",
                Steer::Resume => "goes on",
                Steer::Cancel => "canceled; its drafts are being released",
            };
            Ok(Receipt { summary: format!("{id}: {word}"), done: 1, job, ..Receipt::default() })
        }
        Command::MakeDeliveries { run } => {
            Ok(deliver::make::make(session, run, When::AfterHold)?.receipt())
        }
        Command::SendNow { deliveries } => deliver::steer::send_now(session, &deliveries),
        Command::Recall { deliveries } => deliver::steer::recall(session, &deliveries),
        Command::Resend { deliveries } => deliver::steer::resend(
            session,
            &deliveries,
            deliver::steer::Resend::All,
            When::AfterHold,
        ),
        Command::ChangeChannel { deliveries, channel } => {
            deliver::steer::change_channel(session, &deliveries, channel)
        }
        Command::PrintBatch { directory } => {
            let job = print::start(session, &directory)?;
            Ok(started("", "writing a print batch", job))
        }
        Command::ConfirmPrinted { deliveries } => {
            deliver::steer::confirm_printed(session, &deliveries)
        }
        Command::StartPaymentRun(new) => {
            let (run, job) = collect::start(session, &new, None)?;
            Ok(started(&run.to_string(), "payment run started", job))
        }
        Command::SteerRun { run: RunRef::Payment(id), want } => {
            steer_payment_run(session, id, want)
        }
        Command::RetryPayments { payments } => retried(session, &Which::Payments(payments)),
        Command::RetryGroup { group: NextAction::LookUp } => look_up(session, &[]),
        Command::RetryGroup { group } => retried(session, &Which::Group(group)),
        Command::Reconcile { payments } => look_up(session, &payments),
        Command::UseCredits { account, currency } => {
            collect::credits::use_credits(session, account, currency)
        }
        Command::RecordPayment(money) => Ok(outside_payment::record(session, &money, sure)?.1),
        Command::Money(deed) => money::perform(session, deed, sure),
        Command::Bank(deed) => lines::perform(session, &deed),
        Command::Anyway(command) => dispatch(session, *command, Sure::Yes),
        Command::EditAccount { account, was, set } => {
            Ok(account_edit::edit_seen(session, &account, &was, &set)?.receipt)
        }
        Command::CorrectEmail { account, was, emails } => {
            account_edit::correct_email(session, &account, (&was, &emails))
        }
        Command::Remind => Ok(started("", "reminders are sent", remind::start(session)?)),
        Command::Promise { document, amount, on } => {
            follow_up::promise(session, document, amount, on)
        }
        Command::ChooseMethod { method } => follow_up::choose_method(session, method),
        Command::EndPromise { document } => follow_up::withdraw_promise(session, document),
        Command::Dispute { document, given } => dispute::open(session, document, &given),
        Command::EndDispute { document, outcome, words } => {
            dispute::end(session, document, outcome, &words)
        }
        Command::MakePlan(new) => instalments::make(session, &new),
        Command::EndPlan { plan, reason } => instalments::end(session, plan, &reason),
        Command::StopAccount(new) => stop::begin(session, &new),
        Command::EndStop { account, number, reason } => {
            stop::end(session, account, &number, &reason)
        }
        Command::BankRead { through } => bank::read_until(session, through),
        Command::ClosePeriod { month } => closed(session, month),
        Command::HandToAgency(new) => agency::hand_over(session, &new),
        Command::AgencyFile { directory } => agency::write(session, &directory),
        Command::EndCase { case, state, reason } => agency::end(session, case, state, &reason),
        Command::AutoPay { document, on } => follow_up::auto_pay(session, document, on),
        Command::SteerSchedule { schedule: id, step } => {
            let summary = format!("{id}: {}", schedule::steer(session, id, step)?);
            Ok(Receipt { summary, done: 1, ..Receipt::default() })
        }
        own @ (Command::SaveSession { .. }
        | Command::SaveFilter(_)
        | Command::DropFilter { .. }
        | Command::DismissNotices
        | Command::AddNote { .. }
        | Command::SetReferences { .. }
        | Command::SteerJob { .. }) => desk::perform(session, own),
    }
}

fn steer_payment_run(
    session: &mut Session,
    id: PaymentRunId,
    want: Steer,
) -> Result<Receipt, Error> {
    let (job, word) = match want {
        Steer::Pause => {
            collect::pause(session, id)?;
            (None, "pause asked for".to_owned())
        }
        Steer::Resume => {
            let too = session.store.read(|db| collect::takes_too(db, id))?;
            (Some(collect::resume(session, id)?), format!("goes on{too}"))
        }
        Steer::Cancel => {
            collect::stop(session, id)?;
            (None, "stopped before its next charge".to_owned())
        }
    };
    Ok(Receipt { summary: format!("{id}: {word}"), done: 1, job, ..Receipt::default() })
}

fn retried(session: &mut Session, which: &Which) -> Result<Receipt, Error> {
    let begun = retry::start(session, which)?;
    let mut receipt = match begun.run {
        Some((run, job)) => started(&run.to_string(), "retrying", job),
        None => Receipt { summary: "nothing to retry".to_owned(), ..Receipt::default() },
    };
    receipt.refused = begun.refused;
    Ok(receipt)
}

fn look_up(session: &mut Session, payments: &[PaymentId]) -> Result<Receipt, Error> {
    let (job, asked) = reconcile::start(session, payments)?;
    let what = format!("asking about {}", counted(asked, "payment", "payments"));
    Ok(Receipt { done: asked, ..started("", &what, job) })
}

/// What warns was shown before it was asked for.
fn closed(session: &mut Session, month: Month) -> Result<Receipt, Error> {
    let done = closing::close(session, month, Sure::Yes)?;
    let entries = counted(done.sealed.entries, "entry", "entries");
    let summary = format!("{month} closed: {entries}; its pack is {}", done.pack.display());
    Ok(Receipt { summary, done: 1, ..Receipt::default() })
}

fn started(made: &str, what: &str, job: JobId) -> Receipt {
    let summary = if made.is_empty() { what.to_owned() } else { format!("{made}: {what}") };
    Receipt { summary, done: 1, job: Some(job), made: made.to_owned(), ..Receipt::default() }
}
