//! The command lines that messages name: one table of the words that clap knows, and what each
//! [`Command`] is on the command line. The palette takes its twins from the same table.

mod bank;

use super::{
    AdjustKind, AdjustPart, BulkChange, ClaimDeed, Command, DraftChange, MoneyDeed, NewLine,
    NextDrafts, PaidBy, Pick, Refunded, Reissue, Removed, RunRef, ScheduleStep, Steer,
};
use crate::domain::ids::DocumentId;
use crate::domain::money::Money;
use crate::domain::note::On;
use crate::domain::text::quoted;
use chrono::NaiveDate;

/// One command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// Its words without what they are about.
    pub verb: &'static str,
    /// What it takes, in short: a placeholder in capitals for each value, alternatives parted by `|`.
    pub takes: &'static str,
}

impl Line {
    /// Verb and what it takes, as a palette shows it.
    pub fn short(self) -> String {
        format!("{} {}", self.verb, self.takes).trim_end().to_owned()
    }

    /// With these behind the verb.
    pub fn of(self, arguments: impl std::fmt::Display) -> String {
        format!("{} {arguments}", self.verb)
    }
}

macro_rules! lines {
    ($($name:ident = $verb:literal $takes:literal;)*) => {
        $(
            #[doc = concat!("`", $verb, "`")]
            pub const $name: Line = Line { verb: $verb, takes: $takes };
        )*

        /// The whole table; a test has clap read each line of it.
        pub const LINES: &[Line] = &[$($name),*];
    };
}

lines! {
    INVOICE_ACCEPT = "invoice accept" "ID";
    INVOICE_HOLD = "invoice hold" "ID --reason T";
    INVOICE_RELEASE = "invoice release" "ID";
    INVOICE_CLAIM = "invoice claim" "ID";
    INVOICE_CLAIM_NEXT = "invoice claim --next" "N";
    INVOICE_UNCLAIM = "invoice unclaim" "ID";
    INVOICE_UNCLAIM_ALL = "invoice unclaim --all" "";
    INVOICE_HAND_OVER = "invoice hand-over --to" "LOGIN --note T";
    INVOICE_HISTORY = "invoice history" "ID";
    INVOICE_RESTORE = "invoice restore" "ID --before SEQ";
    INVOICE_TAG = "invoice tag" "ID --add TAG";
    INVOICE_EDIT = "invoice edit" "ID --set F=V --reason T";
    INVOICE_REGENERATE = "invoice regenerate" "ID";
    INVOICE_CANCEL = "invoice cancel" "ID --reason T";
    INVOICE_NEW = "invoice new" "--account A --kind K --add-line JSON --reason T";
    INVOICE_PREVIEW = "invoice preview" "ID";
    INVOICE_EXPLAIN = "invoice explain" "ID";
    INVOICE_LIST = "invoice list" "";
    INVOICE_LIST_ACCOUNT = "invoice list --account" "A";
    INVOICE_SHOW = "invoice show" "ID";
    POST = "post" "RUN | --invoice ID";
    ADJUST = "adjust" "ID --whole --reason T";
    WRITE_OFF = "write-off" "ID --reason T";
    UNDO_WRITE_OFF = "undo-write-off" "ID --reason T";
    REVERSE = "reverse" "ID --reason T";
    INVOICE_REISSUE = "invoice reissue" "ID --set F=V --reason T";
    UNDO = "undo" "";
    REDO = "redo" "";
    BILL = "bill" "--target D";
    RUN_LIST = "run list" "";
    RUN_SHOW = "run show" "RUN";
    RUN_PAUSE = "run pause" "RUN";
    RUN_RESUME = "run resume" "RUN";
    RUN_CANCEL = "run cancel" "RUN";
    RUN_RETRY_FAILED = "run retry-failed" "RUN";
    DELIVER = "deliver" "";
    DELIVER_NOW = "deliver --send-now" "";
    DELIVER_AGAIN = "deliver --resend all" "";
    DELIVER_PRINT = "deliver --print" "DIR";
    DELIVERY_LIST = "delivery list" "";
    DELIVERY_RECALL = "delivery recall" "ID";
    COLLECT = "collect" "--target D";
    RETRY = "retry" "--payment ID";
    PAYMENT_LIST = "payment list" "";
    PAYMENT_LIST_ACCOUNT = "payment list --account" "A";
    PAYMENT_LIST_INVOICE = "payment list --invoice" "ID";
    PAYMENT_RECONCILE = "payment reconcile" "ID";
    PAYMENT_REFUND = "payment refund" "ID --reason T";
    PAYMENT_UNAPPLY = "payment unapply" "ID --from INVOICE --reason T";
    PAYMENT_MOVE = "payment move" "ID --to ACCOUNT --reason T";
    PAYMENT_APPLY = "payment apply" "ID --to INVOICE";
    PAYMENT_APPLY_ACCOUNT = "payment apply" "ACCOUNT";
    PAYMENT_RECONCILE_BY_HAND = "payment reconcile" "ID --not-charged --evidence T";
    PAYMENT_AUTO_PAY = "payment auto-pay" "INVOICE on|off";
    PAYMENT_PROMISE = "payment promise" "INVOICE --withdraw";
    PAYMENT_DISPUTE = "payment dispute" "INVOICE --end upheld|rejected|withdrawn";
    PAYMENT_DISPUTES = "payment disputes" "";
    PAYMENT_REMIND = "payment remind" "";
    INSTALMENTS_NEW = "instalments new" "ACCOUNT --count N --first DATE";
    INSTALMENTS_LIST = "instalments list" "";
    INSTALMENTS_END = "instalments end" "PLAN --reason T";
    BANK_IDENTIFY = "bank identify" "LINE --account A";
    BANK_IMPORT = "bank import" "FILE";
    BANK_LIST = "bank list" "";
    BANK_MATCH = "bank match" "LINE --to INVOICE";
    BANK_OWN = "bank own" "LINE --as fee|transfer";
    BANK_PROPOSE = "bank propose" "LINE";
    BANK_UNMATCH = "bank unmatch" "LINE --reason T";
    BANK_READ_UNTIL = "bank read-until" "DATE";
    ACCOUNT_STOP = "account stop" "ACCOUNT insolvent|deceased|none --reason T";
    AGENCY_HAND_OVER = "agency hand-over" "ACCOUNT --agency NAME";
    AGENCY_LIST = "agency list" "";
    AGENCY_FILE = "agency file" "--all";
    AGENCY_END = "agency end" "CASE recalled|collected|uncollectible";
    MEMO_REFUND = "memo refund" "ID --reason T";
    NOTE_ADD = "note add" "ID TEXT";
    NOTE_LIST = "note list" "ID";
    NOTE_STRIKE = "note strike" "NOTE --reason T";
    NOTE_REFER = "note refer" "ID --ours T --theirs T";
    SCHEDULE_LIST = "schedule list" "";
    SCHEDULE_PAUSE = "schedule pause" "ID";
    SCHEDULE_RESUME = "schedule resume" "ID";
    SCHEDULE_SKIP = "schedule skip" "ID";
    SCHEDULE_END = "schedule end" "ID";
    ACCOUNT_EDIT = "account edit" "A --set F=V";
    ACCOUNT_EXPLAIN = "account explain" "A";
    USAGE_LIST_ACCOUNT = "usage list --account" "A";
    USAGE_LIST_PENDING = "usage list --pending" "";
    IMPORT_ACCOUNTS = "import accounts.csv" "";
    STATUS = "status" "";
    STATUS_CHARTS = "status --charts" "";
    AUDIT = "audit" "";
    PERIOD_CLOSE = "period close" "YYYY-MM";
    REPORT = "report" "NAME --period YYYY-MM";
    REPORT_CSV = "report --csv" "FILE NAME";
    REPORT_STATEMENT = "report statement" "--account A";
}

impl Command {
    /// The command line that does the same; empty where only the console has a use for it.
    pub fn words(&self) -> String {
        match self {
            Self::Accept { drafts, .. } => INVOICE_ACCEPT.of(ids(drafts)),
            Self::Hold { drafts, reason, .. } => INVOICE_HOLD.of(because(ids(drafts), reason)),
            Self::Release { drafts } => INVOICE_RELEASE.of(ids(drafts)),
            Self::Edit { draft, changes, reason } => {
                let changes: Vec<String> = changes.iter().map(DraftChange::words).collect();
                let changed = because(format!("{} {}", draft.id, changes.join(" ")), reason);
                INVOICE_EDIT.of(format!("{changed} --version {}", draft.version))
            }
            Self::EditMany { drafts, changes, reason } => {
                let changes: Vec<String> = changes.iter().map(BulkChange::words).collect();
                INVOICE_EDIT.of(because(format!("{} {}", ids(drafts), changes.join(" ")), reason))
            }
            Self::Tag { drafts, tagging } => {
                let all = |flag: &str, words: &[String]| {
                    words.iter().map(|word| format!(" {flag} {word}")).collect::<String>()
                };
                let (on, off) = (all("--add", &tagging.add), all("--remove", &tagging.remove));
                INVOICE_TAG.of(format!("{}{on}{off}", ids(drafts)))
            }
            Self::Restore { draft, seq } => {
                let Pick { id, version } = draft;
                INVOICE_RESTORE.of(format!("{id} --before {seq} --version {version}"))
            }
            Self::Regenerate { drafts } => INVOICE_REGENERATE.of(ids(drafts)),
            Self::CancelDrafts { drafts, reason } => {
                INVOICE_CANCEL.of(because(ids(drafts), reason))
            }
            Self::Post { drafts, invoice_on } => {
                POST.of(format!("--invoice {}{}", ids(drafts), dated(*invoice_on)))
            }
            Self::PostRun { run, invoice_on } => POST.of(format!("{run}{}", dated(*invoice_on))),
            Self::Adjust { document, part, kind, reason } => {
                let part = match part {
                    AdjustPart::Whole => "--whole".to_owned(),
                    AdjustPart::Line(line, None) => format!("--line {line}"),
                    AdjustPart::Line(line, Some(_)) => format!("--line {line} --amount A"),
                    AdjustPart::Amount(_) => "--amount A".to_owned(),
                };
                let debit = if *kind == AdjustKind::Debit { " --debit" } else { "" };
                ADJUST.of(because(format!("{document} {part}{debit}"), reason))
            }
            Self::WriteOff { document, reason } => WRITE_OFF.of(because(document, reason)),
            Self::UndoWriteOff { document, reason } => UNDO_WRITE_OFF.of(because(document, reason)),
            Self::Reverse { document, reason } => REVERSE.of(because(document, reason)),
            Self::Reissue(new) => new.words(&new.document.to_string()),
            Self::StartBillRun(run) => {
                BILL.of(format!("--target {}{}", run.target_on, dated(run.invoice_on)))
            }
            Self::RetryFailedAccounts { run } => RUN_RETRY_FAILED.of(run),
            Self::SteerRun { run, want } => steered(*run, *want),
            Self::MakeDeliveries { run: Some(run) } => DELIVER.of(format!("--run {run}")),
            Self::MakeDeliveries { run: None } => DELIVER.short(),
            Self::SendNow { .. } => DELIVER_NOW.short(),
            Self::Recall { deliveries } => DELIVERY_RECALL.of(listed(deliveries)),
            Self::Resend { .. } => DELIVER_AGAIN.short(),
            // Beside the book only the console writes.
            Self::PrintBatch { directory } if directory.is_empty() => String::new(),
            Self::PrintBatch { directory } => DELIVER_PRINT.of(quoted(directory)),
            Self::StartPaymentRun(run) => {
                let only = run.bill_run.map(|r| format!(" --run {r}")).unwrap_or_default();
                let all = if run.consolidate { " --consolidate" } else { "" };
                COLLECT.of(format!("--target {}{only}{all}", run.target_on))
            }
            Self::RetryPayments { payments } => {
                let each: Vec<String> =
                    payments.iter().map(|id| format!("--payment {id}")).collect();
                RETRY.of(listed(&each))
            }
            Self::RetryGroup { group } => RETRY.of(format!("--group {group}")),
            Self::Reconcile { payments } => PAYMENT_RECONCILE.of(listed(payments)),
            Self::SteerSchedule { schedule, step } => match step {
                ScheduleStep::Pause => SCHEDULE_PAUSE,
                ScheduleStep::Resume | ScheduleStep::ResumeAndRun => SCHEDULE_RESUME,
                ScheduleStep::SkipNext => SCHEDULE_SKIP,
                ScheduleStep::End => SCHEDULE_END,
            }
            .of(schedule),
            Self::MakeDraft(new) => {
                let lines: Vec<String> = new.lines.iter().map(added).collect();
                let what = format!("--account {} --kind {} ", quoted(&new.account), new.kind);
                INVOICE_NEW.of(because(what + &lines.join(" "), &new.reason))
            }
            Self::Anyway(command) => match command.words() {
                words if words.is_empty() => words,
                words => format!("{words} --yes"),
            },
            Self::Undo { deed: None } => UNDO.short(),
            Self::Undo { deed: Some(seq) } => UNDO.of(format!("--deed {seq}")),
            Self::Redo => REDO.short(),
            Self::CorrectEmail { account, emails, .. } => {
                ACCOUNT_EDIT.of(format!("{} {}", quoted(account), set("email", emails)))
            }
            Self::EditAccount { account, set: all, .. } => {
                let all: Vec<String> = all.iter().map(|(c, v)| set(c, v)).collect();
                ACCOUNT_EDIT.of(format!("{} {}", quoted(account), all.join(" ")))
            }
            Self::Remind => PAYMENT_REMIND.short(),
            Self::Preview { draft, directory } if directory.is_empty() => INVOICE_PREVIEW.of(draft),
            Self::Preview { draft, directory } => {
                INVOICE_PREVIEW.of(format!("{draft} {}", quoted(directory)))
            }
            Self::AddNote { on: On::Document(id), strikes: None, text } => {
                NOTE_ADD.of(format!("{id} {}", quoted(text)))
            }
            Self::AddNote { strikes: Some(note), text, .. } => NOTE_STRIKE.of(because(note, text)),
            Self::SetReferences { on: On::Document(id), to, .. } => NOTE_REFER.of(format!(
                "{id} --ours {} --theirs {}",
                quoted(&to.ours),
                quoted(&to.theirs)
            )),
            Self::Claim(deed) => deed.words(),
            Self::Bank(deed) => deed.words(),
            Self::BankRead { through } => BANK_READ_UNTIL.of(through),
            Self::ClosePeriod { month } => PERIOD_CLOSE.of(month),
            Self::StopAccount(new) => {
                let since = new.since.map(|day| format!(" --since {day}")).unwrap_or_default();
                let what = format!("{} {}{since}", new.number, new.kind);
                ACCOUNT_STOP.of(because(what, &new.reason))
            }
            Self::EndStop { number, reason, .. } if reason.is_empty() => {
                ACCOUNT_STOP.of(format!("{number} none"))
            }
            Self::EndStop { number, reason, .. } => {
                ACCOUNT_STOP.of(because(format!("{number} none"), reason))
            }
            Self::EndPlan { plan, reason } => INSTALMENTS_END.of(because(plan, reason)),
            Self::AgencyFile { directory } if directory.is_empty() => AGENCY_FILE.short(),
            Self::AgencyFile { directory } => {
                AGENCY_FILE.of(format!("--out {}", quoted(directory)))
            }
            Self::EndCase { case, state, reason } => {
                AGENCY_END.of(because(format!("{case} {state}"), reason))
            }
            Self::ChangeChannel { .. }
            | Self::ConfirmPrinted { .. }
            | Self::UseCredits { .. }
            | Self::RecordPayment(_)
            | Self::Money(_)
            | Self::Promise { .. }
            | Self::EndPromise { .. }
            | Self::Dispute { .. }
            | Self::EndDispute { .. }
            | Self::MakePlan(_)
            | Self::HandToAgency(_)
            | Self::ChooseMethod { .. }
            | Self::AutoPay { .. }
            | Self::SteerJob { .. }
            | Self::AddNote { on: On::Account(_), strikes: None, .. }
            | Self::SetReferences { on: On::Account(_), .. }
            | Self::SaveFilter(_)
            | Self::DropFilter { .. }
            | Self::DismissNotices
            | Self::SaveSession { .. } => String::new(),
        }
    }
}

impl BulkChange {
    /// As arguments of `invoice edit`.
    pub fn words(&self) -> String {
        match self {
            Self::Same(change) => change.words(),
            Self::Charge { charge, quantity, unit_price } => {
                let mut parts = vec![format!("--charge {}", quoted(charge))];
                parts.extend(quantity.map(|q| format!("--set quantity={q}")));
                parts.extend(unit_price.map(|p| format!("--set unit_price={p}")));
                parts.join(" ")
            }
        }
    }

    /// In words, for the trail: `PO number 7781`, `Seats: price 12`.
    pub fn told(&self) -> String {
        match self {
            Self::Same(DraftChange::InvoiceDate(day)) => format!("invoice date {day}"),
            Self::Same(DraftChange::DueDate(day)) => format!("due date {day}"),
            Self::Same(DraftChange::PoNumber(text)) if text.is_empty() => "no PO number".into(),
            Self::Same(DraftChange::PoNumber(text)) => format!("PO number {text}"),
            Self::Same(DraftChange::Note(text)) if text.is_empty() => "no note".into(),
            Self::Same(DraftChange::Note(text)) => format!("note {text}"),
            Self::Same(other) => other.words(),
            Self::Charge { charge, quantity, unit_price } => {
                let quantity = quantity.map(|q| format!("quantity {}", q.normalize()));
                let price = unit_price.map(|p| format!("price {}", p.normalize()));
                let parts: Vec<String> = quantity.into_iter().chain(price).collect();
                format!("{charge}: {}", parts.join(", "))
            }
        }
    }
}

impl DraftChange {
    /// As arguments of `invoice edit`.
    pub fn words(&self) -> String {
        match self {
            Self::InvoiceDate(day) => format!("--set invoice_date={day}"),
            Self::DueDate(day) => format!("--set due_date={day}"),
            Self::PoNumber(text) => format!("--set {}", quoted(&format!("po_number={text}"))),
            Self::Note(text) => format!("--set {}", quoted(&format!("note={text}"))),
            Self::AddLine(line) => added(line),
            Self::SetLine { line, quantity, unit_price, description } => {
                let mut parts = vec![format!("--line {line}")];
                parts.extend(quantity.map(|q| format!("--set quantity={q}")));
                parts.extend(unit_price.map(|p| format!("--set unit_price={p}")));
                parts.extend(
                    description
                        .as_ref()
                        .map(|d| format!("--set {}", quoted(&format!("description={d}")))),
                );
                parts.join(" ")
            }
            Self::RemoveLine { line, then: Removed::Later } => {
                format!("--remove-line {line} --later")
            }
            Self::RemoveLine { line, then: Removed::Waive } => {
                format!("--remove-line {line} --waive")
            }
        }
    }
}

impl MoneyDeed {
    /// The command line that does the same.
    pub fn words(&self) -> String {
        let much = |amount: &Option<Money>| {
            amount.map(|amount| format!(" --amount {}", amount.plain())).unwrap_or_default()
        };
        let day = |on: &Option<NaiveDate>| on.map(|d| format!(" --date {d}")).unwrap_or_default();
        match self {
            Self::Refund { payment, amount, on, then, reason } => {
                let memo = if *then == Refunded::WithMemo { " --with-memo" } else { "" };
                let (much, day) = (much(amount), day(on));
                PAYMENT_REFUND.of(because(format!("{payment}{much}{day}{memo}"), reason))
            }
            Self::PayOut { memo, amount, by, on, reason } => {
                let by = match by {
                    PaidBy::Transfer => String::new(),
                    PaidBy::Payment(id) => format!(" --method {id}"),
                };
                let (much, day) = (much(amount), day(on));
                MEMO_REFUND.of(because(format!("{memo}{much}{by}{day}"), reason))
            }
            Self::Unapply { payment, from, amount, reason } => PAYMENT_UNAPPLY
                .of(because(format!("{payment} --from {from}{}", much(amount)), reason)),
            Self::Move { payment, to, amount, reason } => {
                let to = format!("{payment} --to {}{}", quoted(to), much(amount));
                PAYMENT_MOVE.of(because(to, reason))
            }
            Self::Apply { payment, to, amount } => {
                PAYMENT_APPLY.of(format!("{payment} --to {to}{}", much(amount)))
            }
            Self::Found { payment, charged, on, evidence } => {
                let day = on.map(|day| format!(" --date {day}")).unwrap_or_default();
                let what = match charged {
                    Some(reference) => format!("--approved {}{day}", quoted(reference)),
                    None => "--not-charged".to_owned(),
                };
                let seen = quoted(evidence);
                PAYMENT_RECONCILE_BY_HAND.of(format!("{payment} {what} --evidence {seen}"))
            }
        }
    }
}

impl Reissue {
    /// The command line that does the same.
    pub fn words(&self, id: &str) -> String {
        let account = self.account.iter().map(|(c, v)| format!(" {}", set(c, v)));
        let po = self.po_number.iter().map(|po| format!(" {}", set("po_number", po)));
        let all: String = account.chain(po).collect();
        INVOICE_REISSUE.of(because(format!("{id}{all}"), &self.reason))
    }
}

impl ClaimDeed {
    /// The command line that does the same.
    pub fn words(&self) -> String {
        match self {
            Self::Drafts(drafts) => INVOICE_CLAIM.of(ids(drafts)),
            Self::Next(next) => {
                let NextDrafts { count, filter, sort, from } = next;
                let filter = filter.join(" ");
                let from = from.map(|id| format!(" --from {id}")).unwrap_or_default();
                let filter = match filter.trim() {
                    "" => String::new(),
                    text => format!(" --filter {}", quoted(text)),
                };
                INVOICE_CLAIM_NEXT
                    .of(format!("{count}{filter} --sort {}{from}", quoted(&sort.words())))
            }
            Self::Release(drafts) => INVOICE_UNCLAIM.of(ids(drafts)),
            Self::ReleaseAll => INVOICE_UNCLAIM_ALL.short(),
            Self::HandOver { to, note } => {
                INVOICE_HAND_OVER.of(format!("{} --note {}", quoted(to), quoted(note)))
            }
        }
    }
}

fn added(line: &NewLine) -> String {
    let json = format!(
        r#"{{"description":"{}","quantity":"{}","unit_price":"{}"}}"#,
        line.description, line.quantity, line.unit_price
    );
    format!("--add-line {}", quoted(&json))
}

fn set(field: &str, value: &str) -> String {
    format!("--set {}", quoted(&format!("{field}={value}")))
}

fn steered(run: RunRef, want: Steer) -> String {
    match want {
        Steer::Pause => RUN_PAUSE,
        Steer::Resume => RUN_RESUME,
        Steer::Cancel => RUN_CANCEL,
    }
    .of(run)
}

pub(in crate::engine) fn because(what: impl std::fmt::Display, reason: &str) -> String {
    format!("{what} --reason {}", quoted(reason))
}

fn listed<T: std::fmt::Display>(items: &[T]) -> String {
    let shown: Vec<String> = items.iter().take(3).map(T::to_string).collect();
    if items.len() > 3 { format!("{} …", shown.join(" ")) } else { shown.join(" ") }
}

fn ids(drafts: &[Pick]) -> String {
    let ids: Vec<DocumentId> = drafts.iter().map(|p| p.id).collect();
    listed(&ids)
}

fn dated(day: Option<NaiveDate>) -> String {
    day.map(|d| format!(" --invoice-date {d}")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::actor::Verb;

    #[test]
    fn a_command_knows_its_command_line() {
        let draft = Pick { id: DocumentId(12), version: 3 };
        let edit = Command::Edit {
            draft,
            changes: vec![DraftChange::RemoveLine { line: 2, then: Removed::Waive }],
            reason: "the customer's wish".to_owned(),
        };
        assert_eq!(
            edit.words(),
            r"invoice edit D-000012 --remove-line 2 --waive --reason 'the customer'\''s wish' --version 3"
        );
        assert_eq!(edit.verb(), Verb::Edit);
    }
}
