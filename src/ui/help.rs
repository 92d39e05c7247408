//! The command line beside each key, behind `?`.

use super::keymap::Action;
use super::msg::ScreenId;
use crate::engine::command::words::{self, Line};

/// The command line that does what a key does; empty where only the console has a use for it.
pub fn command_line(action: Action, screen: ScreenId) -> String {
    let line = match (action, screen) {
        (Action::Accept, ScreenId::Invoices) => words::INVOICE_ACCEPT,
        (Action::Accept | Action::Split, ScreenId::Bank) => words::BANK_MATCH,
        (Action::Candidates, _) => words::BANK_PROPOSE,
        (Action::Identify, _) => words::BANK_IDENTIFY,
        (Action::Own, _) => words::BANK_OWN,
        (Action::Unmatch, _) => words::BANK_UNMATCH,
        (Action::Load, _) => words::BANK_IMPORT,
        (Action::Go(0), _) => words::BANK_LIST,
        (Action::AutoPay, _) => words::PAYMENT_AUTO_PAY,
        (Action::Edit, ScreenId::Accounts | ScreenId::Delivery) => words::IMPORT_ACCOUNTS,
        (Action::Remind, _) => words::PAYMENT_REMIND,
        (Action::BankRead, _) => words::BANK_READ_UNTIL,
        (Action::Edit, ScreenId::Invoices) => words::INVOICE_EDIT,
        (Action::Hold, ScreenId::Invoices) => words::INVOICE_HOLD,
        (Action::Explain, ScreenId::Invoices) => words::INVOICE_EXPLAIN,
        (Action::Explain | Action::Unusual, ScreenId::Runs) => words::RUN_SHOW,
        (Action::Regenerate, _) => words::INVOICE_REGENERATE,
        (Action::Claim, _) => words::INVOICE_CLAIM_NEXT,
        (Action::CancelDraft, _) => words::INVOICE_CANCEL,
        (Action::History, _) => words::INVOICE_HISTORY,
        (Action::Memo, ScreenId::Invoices) => return any_of(CORRECTIONS),
        (Action::Memo, ScreenId::Failed) => words::WRITE_OFF,
        (Action::Create, ScreenId::Delivery) => words::DELIVER,
        (Action::Create, ScreenId::Jobs) => words::SCHEDULE_LIST,
        (Action::Create, _) => words::BILL,
        (Action::Post, _) => words::POST,
        (Action::Send, _) => words::DELIVER_NOW,
        (Action::Print, _) => words::DELIVER_PRINT,
        (Action::Recall, _) => words::DELIVERY_RECALL,
        (Action::Retry, ScreenId::Failed) => words::RETRY,
        (Action::Retry, ScreenId::Runs) => words::RUN_RETRY_FAILED,
        (Action::Retry, ScreenId::Delivery) => words::DELIVER_AGAIN,
        (Action::Reconcile, _) => words::PAYMENT_RECONCILE,
        (Action::Pause, ScreenId::Runs) => words::RUN_PAUSE,
        (Action::CancelRun, ScreenId::Runs) => words::RUN_CANCEL,
        (Action::Payments, ScreenId::Accounts) => words::PAYMENT_LIST_ACCOUNT,
        (Action::Payments, _) => words::PAYMENT_LIST_INVOICE,
        (Action::AccountPage, _) => words::ACCOUNT_EXPLAIN,
        (Action::EditAccount, _) => words::ACCOUNT_EDIT,
        (Action::Usage, ScreenId::Accounts) => words::USAGE_LIST_ACCOUNT,
        (Action::Usage, _) => words::USAGE_LIST_PENDING,
        (Action::Charts, _) => words::STATUS_CHARTS,
        (Action::Go(1) | Action::Waits, _) => words::STATUS,
        (Action::Go(2), _) => words::RUN_LIST,
        (Action::Go(3), _) => words::INVOICE_LIST,
        (Action::Go(4), _) => words::DELIVERY_LIST,
        (Action::Go(5), _) => words::PAYMENT_LIST,
        (Action::Go(7), _) => words::AUDIT,
        (Action::Open | Action::Go(9), ScreenId::Books) | (Action::Go(9), _) => words::REPORT,
        (Action::Csv, ScreenId::Books) => words::REPORT_CSV,
        (Action::ClosePeriod, _) => words::PERIOD_CLOSE,
        (Action::Statement, _) => words::REPORT_STATEMENT,
        _ => return String::new(),
    };
    line.short()
}

/// What changes the meaning of a posted invoice.
const CORRECTIONS: &[Line] =
    &[words::ADJUST, words::REVERSE, words::WRITE_OFF, words::UNDO_WRITE_OFF];

fn any_of(lines: &[Line]) -> String {
    lines.iter().map(|line| line.verb).collect::<Vec<_>>().join(" · ")
}
