//! Who acts, and what each role may do: one table, verb × role.

text_enum! {
    /// What an OS user may do in a book.
    Role {
        /// Look, explain, export.
        Viewer = "viewer",
        /// Import customers, charges and usage, review, edit, hold, deliver.
        Clerk = "clerk",
        /// Clerk, and runs, post, open items, adjust, reverse, schedules.
        Biller = "biller",
        /// Payment runs, retries, outside payments, promises, payment methods.
        Cashier = "cashier",
        /// Write-off, refund, agency, months of the book, roles' audit.
        Controller = "controller",
        /// Settings and roles; no posting, no money.
        Admin = "admin",
        /// The creator of a book, right by right until somebody else holds that right.
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
        /// Loading payment methods: what accounts owe is charged there.
        ImportMethods = "import payment methods",
        /// Loading open invoices and credits of another system as posted.
        ImportOpenItems = "import open items",
        /// Making, pausing, resuming a bill run; its slices.
        Bill = "bill",
        /// Canceling a run or its remaining drafts.
        CancelRun = "run cancel",
        /// Taking drafts to look at, giving them back, handing them over.
        Claim = "claim",
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
        /// A full memo and an invoice in place of a posted one.
        Reissue = "reissue",
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
        Refund = "refund",
        /// Recording money received outside.
        OutsidePayment = "outside payment",
        /// Promises, instalments, disputes, payment methods, auto-pay of an invoice.
        FollowUp = "follow up",
        /// Handing an account to a collection agency, and taking it back.
        HandOver = "agency",
        /// Reminders to customers.
        Remind = "remind",
        Schedule = "schedule",
        /// Closing, reopening and locking a month, releasing deferred revenue.
        Period = "period",
        /// Settings and the clock of a test book.
        Settings = "settings",
        /// Moving a withdrawn currency into the one that took its place.
        Convert = "currency convert",
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
            | V::Claim
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
                    V::Bill
                        | V::CancelRun
                        | V::Post
                        | V::ImportOpenItems
                        | V::Adjust
                        | V::Reverse
                        | V::Reissue
                        | V::Schedule
                )
        }
        Role::Cashier => matches!(
            verb,
            V::Collect
                | V::Retry
                | V::Reconcile
                | V::OutsidePayment
                | V::FollowUp
                | V::ImportMethods
                | V::Remind
        ),
        Role::Controller => matches!(verb, V::WriteOff | V::Refund | V::HandOver | V::Period),
        Role::Admin => matches!(verb, V::Init | V::Settings | V::Convert | V::Roles),
    }
}

/// What decides somebody's rights in a book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The roles they were given.
    pub own: Vec<Role>,
    /// Whether they made the book, and then what others hold in it.
    pub origin: Origin,
}

/// Whether somebody made the book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// They did; these roles others were given.
    Creator(Vec<Role>),
    /// Somebody else did.
    Other,
}

impl Standing {
    /// Where a user stands, by who made the book and every role that was given in it.
    pub fn of(uid: u32, creator: u32, given: &[(u32, Role)]) -> Self {
        let held = |mine: bool| -> Vec<Role> {
            given.iter().filter(|(who, _)| (*who == uid) == mine).map(|(_, r)| *r).collect()
        };
        let origin = if uid == creator { Origin::Creator(held(false)) } else { Origin::Other };
        Self { own: held(true), origin }
    }

    /// With which role they may do a verb. The creator may do what nobody else holds the right to,
    /// so that no grant and no revocation leaves a book in which a step of the day is nobody's.
    pub fn may(&self, verb: Verb) -> Option<Role> {
        if let Some(role) = self.own.iter().find(|role| permitted(**role, verb)) {
            return Some(*role);
        }
        match &self.origin {
            Origin::Creator(others) => {
                let free =
                    verb == Verb::Housekeeping || !others.iter().any(|role| permitted(*role, verb));
                free.then_some(Role::Everything)
            }
            Origin::Other => (verb == Verb::Housekeeping).then_some(Role::Viewer),
        }
    }

    /// Every right they have, in the order of [`Verb::ALL`]; housekeeping is everybody's.
    pub fn rights(&self) -> Vec<Verb> {
        let all = Verb::ALL.iter().copied().filter(|verb| *verb != Verb::Housekeeping);
        all.filter(|verb| self.may(*verb).is_some()).collect()
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

    /// Every set of roles given to three people, of whom the first made the book: no right is ever
    /// nobody's, and the creator has what was given and what nobody else holds, no more.
    #[test]
    fn whatever_is_granted_and_revoked_no_right_is_ever_nobodys() {
        let granted: Vec<Role> =
            Role::ALL.iter().copied().filter(|r| *r != Role::Everything).collect();
        let people = [(1, 0), (2, 6), (3, 12)];
        for bits in 0..1_u32 << 18 {
            let mut given = Vec::new();
            for (uid, shift) in people {
                for (i, role) in granted.iter().enumerate() {
                    if bits >> (shift + i) & 1 == 1 {
                        given.push((uid, *role));
                    }
                }
            }
            // All sets of two people, and a share of those of three.
            if bits >> 12 != 0 && bits % 61 != 0 {
                continue;
            }
            let standing = people.map(|(uid, _)| Standing::of(uid, 1, &given));
            for verb in Verb::ALL.iter().filter(|v| **v != Verb::Housekeeping) {
                let may = standing.each_ref().map(|s| s.may(*verb).is_some());
                let own = |s: &Standing| s.own.iter().any(|r| permitted(*r, *verb));
                assert!(may.contains(&true), "{verb} is nobody's under {given:?}");
                let others = own(&standing[1]) || own(&standing[2]);
                assert_eq!(may[0], own(&standing[0]) || !others, "{verb} {given:?}");
                assert_eq!((may[1], may[2]), (own(&standing[1]), own(&standing[2])), "{given:?}");
            }
        }
    }

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
