//! The words behind `?`, and the command line beside each key.

use super::keymap::Action;
use super::msg::ScreenId;

/// What one does on a screen, from `assets/help`.
pub fn words(screen: ScreenId) -> Vec<&'static str> {
    match screen {
        ScreenId::Today => include_str!("../../assets/help/today.md"),
        ScreenId::Runs => include_str!("../../assets/help/runs.md"),
        ScreenId::Invoices => include_str!("../../assets/help/invoices.md"),
        ScreenId::Delivery => include_str!("../../assets/help/delivery.md"),
        ScreenId::Failed => include_str!("../../assets/help/failed.md"),
        ScreenId::Jobs => include_str!("../../assets/help/jobs.md"),
        ScreenId::Log => include_str!("../../assets/help/log.md"),
        ScreenId::Accounts => include_str!("../../assets/help/accounts.md"),
    }
    .lines()
    .collect()
}

/// The command line that does what a key does; empty where only the console has a use for it.
pub fn command_line(action: Action, screen: ScreenId) -> &'static str {
    match (action, screen) {
        (Action::Accept, ScreenId::Invoices) => "invoice accept ID",
        (Action::AutoPay, _) => "payment auto-pay INVOICE on|off",
        (Action::Edit, ScreenId::Accounts | ScreenId::Delivery) => "import accounts.csv",
        (Action::Remind, _) => "payment remind",
        (Action::Edit, ScreenId::Invoices) => "invoice edit ID --set F=V",
        (Action::Hold, ScreenId::Invoices) => "invoice hold ID --reason T",
        (Action::Explain, ScreenId::Invoices) => "invoice explain ID",
        (Action::Explain, ScreenId::Runs) => "run show RUN",
        (Action::Regenerate, _) => "invoice regenerate ID",
        (Action::CancelDraft, _) => "invoice cancel ID --reason T",
        (Action::Memo, ScreenId::Invoices) => "adjust · reverse · write-off · undo-write-off",
        (Action::Memo, ScreenId::Failed) => "write-off ID --reason T",
        (Action::Create, ScreenId::Delivery) => "deliver",
        (Action::Create, ScreenId::Jobs) => "schedule list",
        (Action::Create, _) => "bill --target D",
        (Action::Post, _) => "post RUN | --invoice ID",
        (Action::Send, _) => "deliver --send-now",
        (Action::Print, _) => "deliver --print DIR",
        (Action::Recall, _) => "delivery recall ID",
        (Action::Retry, ScreenId::Failed) => "retry --payment ID",
        (Action::Retry, ScreenId::Runs) => "run retry-failed RUN",
        (Action::Retry, ScreenId::Delivery) => "deliver --resend all",
        (Action::Reconcile, _) => "payment reconcile ID",
        (Action::Pause, ScreenId::Runs) => "run pause RUN",
        (Action::CancelRun, ScreenId::Runs) => "run cancel RUN",
        (Action::Payments, ScreenId::Accounts) => "payment list --account A",
        (Action::Payments, _) => "payment list --invoice ID",
        (Action::Usage, ScreenId::Accounts) => "usage list --account A",
        (Action::Usage, _) => "usage list --pending",
        (Action::Go(1), _) => "status",
        (Action::Go(2), _) => "run list",
        (Action::Go(3), _) => "invoice list",
        (Action::Go(4), _) => "delivery list",
        (Action::Go(5), _) => "payment list",
        (Action::Go(7), _) => "audit",
        _ => "",
    }
}
