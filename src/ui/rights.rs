//! What a key would do that this clerk's roles do not allow: said before a dialog opens, a lock is
//! taken or anything is typed, not after.

use super::keymap::Action;
use super::msg::{Cx, ScreenId};
use crate::domain::actor::{Role, Verb};
use crate::store::StoreError;

/// The rights of which a key needs one; none where it looks, or where the engine is asked at once.
fn needed(action: Action, screen: ScreenId) -> &'static [Verb] {
    use ScreenId as S;
    match (action, screen) {
        (Action::Accept, S::Invoices) => &[Verb::Accept],
        (Action::Accept, S::Failed) => &[Verb::Collect],
        (Action::Edit, S::Invoices) => &[Verb::Edit],
        (Action::Edit, _) => &[Verb::Import],
        (Action::Hold, _) => &[Verb::Hold],
        (Action::Regenerate, _) => &[Verb::Regenerate],
        (Action::CancelDraft, _) => &[Verb::CancelDraft],
        (Action::Memo, S::Failed) => &[Verb::WriteOff],
        (Action::Memo, _) => &[Verb::Adjust, Verb::Reverse, Verb::WriteOff],
        (Action::Create, S::Today | S::Runs | S::Invoices) => &[Verb::Bill, Verb::Collect],
        (Action::Create | Action::Retry, S::Delivery) => &[Verb::Deliver],
        (
            Action::Send | Action::Print | Action::Recall | Action::Printed | Action::Channel,
            S::Delivery,
        ) => &[Verb::Deliver],
        (Action::Post, _) => &[Verb::Post],
        (Action::Retry, S::Failed) => &[Verb::Retry, Verb::Reconcile],
        (Action::Pause, S::Runs) => &[Verb::Bill, Verb::Collect],
        (Action::CancelRun, S::Runs) => &[Verb::CancelRun, Verb::Collect],
        (Action::Reconcile, _) => &[Verb::Reconcile],
        (Action::Outside, _) => &[Verb::OutsidePayment],
        (Action::Promise | Action::Method | Action::AutoPay, _) => &[Verb::FollowUp],
        (Action::Remind, _) => &[Verb::Remind],
        _ => &[],
    }
}

/// Why this clerk may not do what a key does, in the engine's own words; `None` where they may, and
/// until their roles are known.
pub fn refusal(action: Action, screen: ScreenId, cx: &Cx) -> Option<String> {
    let rights = cx.foot.rights.as_ref()?;
    let needed = needed(action, screen);
    if needed.iter().any(|verb| rights.may(*verb).is_some()) {
        return None;
    }
    let verb = *needed.first()?;
    let role = rights.own.first().copied().unwrap_or(Role::Viewer);
    Some(StoreError::Forbidden { user: cx.user.clone(), role, verb }.to_string())
}
