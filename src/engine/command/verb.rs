//! What a command is to the rules: the verb that is authorized, and the one draft it is about.

use super::{Command, RunRef, Steer};
use crate::domain::actor::Verb;
use crate::domain::ids::DocumentId;
use crate::domain::payment::NextAction;

impl Command {
    /// The verb that is authorized and audited.
    pub fn verb(&self) -> Verb {
        match self {
            Self::Claim(_) => Verb::Claim,
            Self::Accept { .. } => Verb::Accept,
            Self::Hold { .. } | Self::Release { .. } => Verb::Hold,
            Self::Edit { .. }
            | Self::EditMany { .. }
            | Self::Tag { .. }
            | Self::Restore { .. }
            | Self::MakeDraft(_) => Verb::Edit,
            Self::Regenerate { .. } => Verb::Regenerate,
            Self::CancelDrafts { .. } => Verb::CancelDraft,
            Self::Post { .. } | Self::PostRun { .. } => Verb::Post,
            Self::Adjust { .. } => Verb::Adjust,
            Self::WriteOff { .. } | Self::UndoWriteOff { .. } => Verb::WriteOff,
            Self::Reverse { .. } => Verb::Reverse,
            Self::Reissue(_) => Verb::Reissue,
            Self::Undo { .. } | Self::Redo => Verb::Undo,
            Self::StartBillRun(_) | Self::RetryFailedAccounts { .. } => Verb::Bill,
            Self::SteerRun { run: RunRef::Bill(_), want } => match want {
                Steer::Cancel => Verb::CancelRun,
                Steer::Pause | Steer::Resume => Verb::Bill,
            },
            Self::SteerRun { run: RunRef::Payment(_), .. }
            | Self::StartPaymentRun(_)
            | Self::UseCredits { .. } => Verb::Collect,
            Self::MakeDeliveries { .. }
            | Self::SendNow { .. }
            | Self::Recall { .. }
            | Self::Resend { .. }
            | Self::ChangeChannel { .. }
            | Self::PrintBatch { .. }
            | Self::ConfirmPrinted { .. } => Verb::Deliver,
            Self::CorrectEmail { .. } | Self::EditAccount { .. } => Verb::Import,
            Self::Remind => Verb::Remind,
            Self::RetryPayments { .. } => Verb::Retry,
            Self::RetryGroup { group: NextAction::LookUp } | Self::Reconcile { .. } => {
                Verb::Reconcile
            }
            Self::RetryGroup { .. } => Verb::Retry,
            Self::RecordPayment(_) => Verb::OutsidePayment,
            Self::Money(deed) => deed.verb(),
            Self::Bank(deed) => deed.verb(),
            Self::Anyway(command) => command.verb(),
            Self::Promise { .. }
            | Self::EndPromise { .. }
            | Self::Dispute { .. }
            | Self::EndDispute { .. }
            | Self::MakePlan(_)
            | Self::EndPlan { .. }
            | Self::ChooseMethod { .. }
            | Self::BankRead { .. }
            | Self::StopAccount(_)
            | Self::EndStop { .. }
            | Self::AutoPay { .. } => Verb::FollowUp,
            Self::HandToAgency(_) | Self::AgencyFile { .. } | Self::EndCase { .. } => {
                Verb::HandOver
            }
            Self::ClosePeriod { .. } => Verb::Period,
            Self::SteerSchedule { .. } => Verb::Schedule,
            Self::SteerJob { .. }
            | Self::AddNote { .. }
            | Self::Preview { .. }
            | Self::SetReferences { .. }
            | Self::SaveFilter(_)
            | Self::DropFilter { .. }
            | Self::DismissNotices
            | Self::SaveSession { .. } => Verb::Housekeeping,
        }
    }

    /// The command, whether it was asked about or not.
    pub fn itself(&self) -> &Self {
        match self {
            Self::Anyway(command) => command.itself(),
            command => command,
        }
    }

    /// The one draft it is about, if it is about one.
    pub fn only(&self) -> Option<DocumentId> {
        match self {
            Self::Accept { drafts, .. }
            | Self::Hold { drafts, .. }
            | Self::Release { drafts }
            | Self::Regenerate { drafts }
            | Self::CancelDrafts { drafts, .. }
            | Self::EditMany { drafts, .. }
            | Self::Tag { drafts, .. }
            | Self::Post { drafts, .. } => match drafts.as_slice() {
                [one] => Some(one.id),
                _ => None,
            },
            Self::Edit { draft, .. } | Self::Restore { draft, .. } => Some(draft.id),
            _ => None,
        }
    }
}
