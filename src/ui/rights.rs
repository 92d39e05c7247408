//! What a key would do that this clerk's roles do not allow: said before a dialog opens, a lock is
//! taken or anything is typed, not after.

use super::keymap::Action;
use super::modal::choice::Item;
use super::modal::{Intent, Modal};
use super::msg::{Cx, ScreenId};
use crate::domain::actor::{Role, Verb};
use crate::store::StoreError;

/// The rights of which a key needs one; none where it looks, or where the engine is asked at once.
fn needed(action: Action, screen: ScreenId) -> &'static [Verb] {
    use ScreenId as S;
    match (action, screen) {
        (Action::Accept, S::Invoices) => &[Verb::Accept],
        (Action::Accept, S::Failed) => &[Verb::Collect],
        (Action::Accept, S::Bank)
        | (Action::Split | Action::Identify | Action::Own | Action::Unmatch | Action::Load, _) => {
            &[Verb::OutsidePayment]
        }
        (Action::Edit | Action::Tag, S::Invoices) => &[Verb::Edit],
        (Action::Edit | Action::EditAccount, _) => &[Verb::Import],
        (Action::Claim, _) => &[Verb::Claim],
        (Action::Hold, _) => &[Verb::Hold],
        (Action::Regenerate, _) => &[Verb::Regenerate],
        (Action::CancelDraft, _) => &[Verb::CancelDraft],
        (Action::Memo, S::Failed) => &[Verb::WriteOff],
        (Action::Memo, _) => &[Verb::Adjust, Verb::Reverse, Verb::Reissue, Verb::WriteOff],
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
        (Action::Promise, _) => &[Verb::FollowUp, Verb::HandOver],
        (Action::Method | Action::AutoPay | Action::BankRead, _) => &[Verb::FollowUp],
        (Action::Remind, _) => &[Verb::Remind],
        (Action::ClosePeriod, _) => &[Verb::Period],
        _ => &[],
    }
}

/// Why this clerk may not do what a key does, in the engine's own words; `None` where they may, and
/// until their roles are known.
pub fn refusal(action: Action, screen: ScreenId, cx: &Cx) -> Option<String> {
    let needed = needed(action, screen);
    let refused = needed.iter().map(|verb| forbidden(*verb, cx)).collect::<Option<Vec<_>>>()?;
    refused.into_iter().next()
}

/// That this clerk may not do a verb, in the engine's own words.
fn forbidden(verb: Verb, cx: &Cx) -> Option<String> {
    let rights = cx.foot.rights.as_ref()?;
    if rights.may(verb).is_some() {
        return None;
    }
    let role = rights.own.first().copied().unwrap_or(Role::Viewer);
    Some(StoreError::Forbidden { user: cx.user.clone(), role, verb }.to_string())
}

/// The verb that a modal is filled in or answered for, if it is for one.
fn verb_of(modal: &Modal) -> Option<Verb> {
    match modal {
        Modal::Form(form) => Some(form.verb()),
        Modal::Ask(ask) => Some(ask.verb()),
        Modal::Text(_)
        | Modal::Choice(_)
        | Modal::Columns(_)
        | Modal::Filter(_)
        | Modal::Palette(_) => None,
    }
}

/// Why a form or a question does not open for this clerk: nothing is filled in that is refused after.
pub fn against(modal: &Modal, cx: &Cx) -> Option<String> {
    forbidden(verb_of(modal)?, cx)
}

/// The lines of a menu that this clerk may not choose say so.
pub fn shade(items: &mut [Item], cx: &Cx) {
    for item in items {
        let verb = match &item.intent {
            Some(Intent::Open(modal)) => verb_of(modal),
            Some(Intent::Commit { command, .. }) => Some(command.verb()),
            Some(_) | None => None,
        };
        if let Some(words) = verb.and_then(|verb| forbidden(verb, cx)) {
            words.split("; ").next().unwrap_or_default().clone_into(&mut item.hint);
            item.intent = None;
        }
    }
}
