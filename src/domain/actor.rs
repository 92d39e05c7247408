//! Who acts, and what each role may do: one table, verb × role.

text_enum! {
    /// What an OS user may do in a book.
    Role {
        /// Look, explain, export.
        Viewer = "viewer",
        /// Import, review, edit, hold, deliver.
        Clerk = "clerk",
        /// Clerk, and runs, post, adjust, reverse, schedules.
        Biller = "biller",
        /// Payment runs, retries, outside payments, promises.
        Cashier = "cashier",
        /// Write-off, refund, reopen, roles' audit.
        Controller = "controller",
        /// Settings and roles; no posting, no money.
        Admin = "admin",
        /// The creator of a book until roles are set.
        Everything = "everything",
    }
}

text_enum! {
    /// Every verb that writes, as the audit trail names it.
    Verb {
        /// Making the book.
        Init = "init",
        /// Loading CSV files.
        Import = "import",
        /// Making, pausing, resuming a bill run; its slices.
        Bill = "bill",
        /// Canceling a run or its remaining drafts.
        CancelRun = "run cancel",
        /// Accepting a draft.
        Accept = "accept",
        /// Holding or releasing a draft.
        Hold = "hold",
        /// Editing a draft.
        Edit = "edit",
        /// Rating a draft again.
        Regenerate = "regenerate",
        /// Canceling a draft.
        CancelDraft = "cancel",
        /// Undo and redo.
        Undo = "undo",
        /// Posting drafts.
        Post = "post",
        /// Credit and debit memos, their application.
        Adjust = "adjust",
        /// Reversing a posted invoice.
        Reverse = "reverse",
        /// Writing off a balance.
        WriteOff = "write-off",
        /// Making deliveries, sending, printing, recalling.
        Deliver = "deliver",
        /// Payment runs and their slices.
        Collect = "collect",
        /// Retrying failed payments.
        Retry = "retry",
        /// Asking the gateway what happened.
        Reconcile = "reconcile",
        /// Refunds.
        Refund = "refund",
        /// Recording money received outside.
        OutsidePayment = "outside payment",
        /// Promises, disputes, payment methods, auto-pay of an invoice.
        FollowUp = "follow up",
        /// Reminders to customers.
        Remind = "remind",
        /// Schedules.
        Schedule = "schedule",
        /// Settings and the clock of a test book.
        Settings = "settings",
        /// Roles.
        Roles = "roles",
        /// Jobs' own bookkeeping (leases, hand-over), notices, sessions, notes, saved filters.
        Housekeeping = "housekeeping",
    }
}

/// Whether `role` may do `verb`: the one table.
pub fn permitted(role: Role, verb: Verb) -> bool {
    use Verb as V;
    if role == Role::Everything || verb == V::Housekeeping {
        return true;
    }
    let clerk = matches!(
        verb,
        V::Import
            | V::Accept
            | V::Hold
            | V::Edit
            | V::Regenerate
            | V::CancelDraft
            | V::Undo
            | V::Deliver
    );
    match role {
        Role::Everything => true,
        Role::Viewer => false,
        Role::Clerk => clerk,
        Role::Biller => {
            clerk
                || matches!(
                    verb,
                    V::Bill | V::CancelRun | V::Post | V::Adjust | V::Reverse | V::Schedule
                )
        }
        Role::Cashier => matches!(
            verb,
            V::Collect | V::Retry | V::Reconcile | V::OutsidePayment | V::FollowUp | V::Remind
        ),
        Role::Controller => matches!(verb, V::WriteOff | V::Refund),
        Role::Admin => matches!(verb, V::Init | V::Settings | V::Roles),
    }
}

/// Who acts: the real user id from the kernel, the name for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// Real user id.
    pub uid: u32,
    /// Login name, for display only.
    pub name: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_and_settings_are_in_different_hands() {
        for verb in Verb::ALL {
            let admin_may = permitted(Role::Admin, *verb);
            assert!(
                !(admin_may && matches!(verb, Verb::Post | Verb::Collect | Verb::Refund)),
                "{verb}"
            );
            if *verb != Verb::Housekeeping {
                assert!(!permitted(Role::Viewer, *verb), "{verb}");
            }
        }
        assert!(
            !permitted(Role::Cashier, Verb::WriteOff) && !permitted(Role::Cashier, Verb::Adjust)
        );
    }
}
