//! What a form is for, and the command that its values make. The fields of a form and what reads them
//! stand together, in the files below this one, in `runs` and in `money`.

mod account;
mod agreed;
mod anew;
mod claim;
mod customer;
mod draft;
mod noted;
mod posted;

pub use account::{Part, account};
pub use agreed::{
    Owing, agency_file, dispute, end_case, end_plan, end_stop, hand_to_agency, plan, stop,
};
pub use anew::{Said, reissue};
pub use claim::hand_over;
pub use customer::{bank_read, email, outside, promise};
pub use draft::{
    Head, LineText, accept_stale, add_line, cancel_drafts, charge_many, edit_head, edit_line,
    edit_many, hold, remove_line, tag_drafts,
};
pub use noted::{document_note, note, references, strike};
pub use posted::{adjust, post, post_dated, reverse, undo_write_off, write_off};

use super::ask::Ask;
use super::bank::BankForm;
use super::form::{Field, Form};
use super::money::MoneyForm;
use super::runs;
use super::typed::{Label, Refusal, Typed};
use super::{Intent, Modal};
use crate::domain::actor::Verb;
use crate::domain::agency::CaseState;
use crate::domain::dispute::DisputeCode;
use crate::domain::ids::{AccountId, BillRunId, CaseId, DocumentId, NoteId, PlanId};
use crate::domain::money::Currency;
use crate::domain::note::{On, References};
use crate::domain::stop::StopKind;
use crate::engine::command::{Command, DraftChange, Pick, Removed};
use crate::engine::query::SavedFilter;
use crate::store::read::invoice::InvoiceDetail;
use crate::ui::msg::{Cx, ScreenId};
use serde::{Deserialize, Serialize};

/// What is posted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum PostWhat {
    Run(BillRunId),
    /// Marked drafts.
    Drafts(Vec<Pick>),
}

/// What a form is for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Purpose {
    /// Hold drafts: reason, owner, date.
    Hold(Vec<Pick>),
    /// Accept stale drafts: reason.
    AcceptStale(Vec<Pick>),
    /// Throw drafts away: reason.
    CancelDrafts(Vec<Pick>),
    /// Words to find drafts by.
    Tag(Vec<Pick>),
    /// Dates, PO number, note: as they were.
    EditHead {
        /// The draft as seen.
        draft: Pick,
        /// Values as they were.
        was: Head,
    },
    /// Dates, PO number, note of many drafts alike.
    EditMany(Vec<Pick>),
    /// Quantity or price of a charge on many drafts.
    ChargeMany(Vec<Pick>),
    /// Quantity, price, description of a line: as they were.
    EditLine {
        /// The draft as seen.
        draft: Pick,
        /// Its position.
        line: u32,
        /// Values as they were.
        was: LineText,
    },
    /// A line by hand.
    AddLine(Pick),
    /// Take a line out: reason.
    RemoveLine {
        /// The draft as seen.
        draft: Pick,
        /// Its position.
        line: u32,
        /// What becomes of its period.
        then: Removed,
    },
    /// A memo on a posted document.
    Adjust {
        document: DocumentId,
        currency: Currency,
        /// How it is called.
        label: String,
        /// Its total, minor units: no credit is above it.
        #[serde(default)]
        total_minor: Option<i64>,
    },
    /// Give up the balance: reason.
    WriteOff(DocumentId, String),
    /// Take a write-off back whole: reason.
    UndoWriteOff(DocumentId, String),
    /// Full memo: reason.
    Reverse(DocumentId, String),
    /// Full memo and an invoice in its place; what the fields held.
    Reissue {
        document: DocumentId,
        /// How it is called.
        label: String,
        was: Said,
    },
    BillRun,
    PaymentRun,
    /// Post with another invoice date.
    PostDated(PostWhat),
    /// A promise to pay.
    Promise(DocumentId, Currency),
    /// A dispute.
    Dispute(DocumentId, Currency, DisputeCode),
    /// An instalment plan.
    Plan(Owing),
    /// The end of one: reason.
    EndPlan(PlanId),
    /// A hand-over to a collection agency.
    HandToAgency(Owing),
    /// Through which day the bank is read.
    BankRead,
    /// An account of which nothing is collected: its number and why.
    Stop(AccountId, String, StopKind),
    /// It is over.
    EndStop(AccountId, String),
    /// Where the file for the agency goes.
    AgencyFile,
    /// The end of one.
    EndCase(CaseId, CaseState),
    /// Money received outside.
    Outside {
        /// From whom.
        account: AccountId,
        /// For which.
        documents: Vec<DocumentId>,
        currency: Currency,
    },
    /// Money that came: given back, taken off, moved, applied.
    Money(MoneyForm),
    /// A line of a bank: what it is, or that it is not; a statement.
    Bank(BankForm),
    /// The e-mail addresses of an account: its number, and what they were.
    Email(String, String),
    /// What an account says of itself: its number, and what the fields held.
    Account(String, Part, Vec<String>),
    /// A note on an account.
    Note(AccountId),
    /// A note on a document.
    DocumentNote(DocumentId),
    /// A note that strikes another: why.
    Strike(On, NoteId),
    /// References of an account or a document: as they were.
    References(On, References),
    /// A name for a filter.
    SaveFilter {
        screen: ScreenId,
        /// The ready filter that it narrows.
        #[serde(default)]
        tab: String,
        /// The filter.
        text: String,
        /// The names of the ready filters that are not saved ones.
        #[serde(default)]
        taken: Vec<String>,
    },
    /// Where a print batch goes.
    Print,
    /// Where a draft goes as a file to look at.
    Preview(DocumentId),
    /// To whom claimed drafts go.
    HandOver,
}

/// Opens a form.
pub(super) fn form(
    title: impl Into<String>,
    purpose: Purpose,
    fields: Vec<Field>,
    cx: &mut Cx,
) -> Modal {
    Modal::Form(Box::new(Form::new(title, purpose, fields, cx)))
}

/// Opens a form that asks for a reason only.
fn reason(title: impl Into<String>, purpose: Purpose, cx: &mut Cx) -> Modal {
    form(title, purpose, vec![why()], cx)
}

/// The reason, where the trail keeps it.
pub(super) fn why() -> Field {
    Field::new(Label::REASON, "", "why; the trail keeps it")
}

/// Opens the form for the name of a filter.
pub fn save_filter(
    screen: ScreenId,
    (tab, text): (String, String),
    taken: Vec<String>,
    cx: &mut Cx,
) -> Modal {
    let fields = vec![Field::new(Label::NAME, "", "how it is called in f")];
    form("Save the filter", Purpose::SaveFilter { screen, tab, text, taken }, fields, cx)
}

/// Opens the form for a print batch.
pub fn print(cx: &mut Cx) -> Modal {
    let fields = vec![Field::new(Label::DIRECTORY, "", "empty: beside the book")];
    form("Write the print batch", Purpose::Print, fields, cx)
}

/// What others made of a field: its label, theirs, and what it was when the form was opened.
pub(super) type Theirs<'a> = (Label, String, &'a str);

fn pair<'a>(((label, theirs), (_, was)): ((Label, &str), (Label, &'a str))) -> Theirs<'a> {
    (label, theirs.to_owned(), was)
}

/// Opens the form for a draft as a file to look at.
pub fn preview(draft: DocumentId, cx: &mut Cx) -> Modal {
    let fields = vec![Field::new(Label::DIRECTORY, "", "empty: beside the book")];
    let title = format!("{draft} as PDF to look at: no number, nothing is sent");
    form(title, Purpose::Preview(draft), fields, cx)
}

impl Purpose {
    fn draft(&self) -> Option<Pick> {
        match self {
            Self::EditHead { draft, .. }
            | Self::EditLine { draft, .. }
            | Self::AddLine(draft)
            | Self::RemoveLine { draft, .. } => Some(*draft),
            Self::Hold(_)
            | Self::AcceptStale(_)
            | Self::CancelDrafts(_)
            | Self::Tag(_)
            | Self::EditMany(_)
            | Self::ChargeMany(_)
            | Self::Adjust { .. }
            | Self::WriteOff(..)
            | Self::UndoWriteOff(..)
            | Self::Reverse(..)
            | Self::Reissue { .. }
            | Self::BillRun
            | Self::PaymentRun
            | Self::PostDated(_)
            | Self::Promise(..)
            | Self::Dispute(..)
            | Self::Plan(_)
            | Self::EndPlan(_)
            | Self::HandToAgency(_)
            | Self::BankRead
            | Self::Stop(..)
            | Self::EndStop(..)
            | Self::AgencyFile
            | Self::EndCase(..)
            | Self::Outside { .. }
            | Self::Money(_)
            | Self::Bank(_)
            | Self::Email(..)
            | Self::Account(..)
            | Self::Note(_)
            | Self::DocumentNote(_)
            | Self::Strike(..)
            | Self::References(..)
            | Self::SaveFilter { .. }
            | Self::Print
            | Self::Preview(_)
            | Self::HandOver => None,
        }
    }

    /// The verb that its command is authorized for.
    pub fn verb(&self) -> Verb {
        match self {
            Self::Hold(_) => Verb::Hold,
            Self::AcceptStale(_) => Verb::Accept,
            Self::CancelDrafts(_) => Verb::CancelDraft,
            Self::EditHead { .. }
            | Self::EditMany(_)
            | Self::ChargeMany(_)
            | Self::EditLine { .. }
            | Self::AddLine(_)
            | Self::RemoveLine { .. }
            | Self::Tag(_) => Verb::Edit,
            Self::Adjust { .. } => Verb::Adjust,
            Self::WriteOff(..) | Self::UndoWriteOff(..) => Verb::WriteOff,
            Self::Reverse(..) => Verb::Reverse,
            Self::Reissue { .. } => Verb::Reissue,
            Self::BillRun => Verb::Bill,
            Self::PaymentRun => Verb::Collect,
            Self::PostDated(_) => Verb::Post,
            Self::Promise(..)
            | Self::Dispute(..)
            | Self::Plan(_)
            | Self::EndPlan(_)
            | Self::Stop(..)
            | Self::EndStop(..)
            | Self::BankRead => Verb::FollowUp,
            Self::HandToAgency(_) | Self::AgencyFile | Self::EndCase(..) => Verb::HandOver,
            Self::Outside { .. } | Self::Bank(_) => Verb::OutsidePayment,
            Self::Money(money) => money.verb(),
            Self::Email(..) | Self::Account(..) => Verb::Import,
            Self::HandOver => Verb::Claim,
            Self::Print => Verb::Deliver,
            Self::Note(_)
            | Self::DocumentNote(_)
            | Self::Strike(..)
            | Self::References(..)
            | Self::Preview(_)
            | Self::SaveFilter { .. } => Verb::Housekeeping,
        }
    }

    /// The draft it edits.
    pub fn document(&self) -> Option<i64> {
        self.draft().map(|draft| draft.id.0)
    }

    /// After a conflict: mine on top of theirs.
    pub fn rebase(&mut self, version: i64) {
        if let Self::EditHead { draft, .. }
        | Self::EditLine { draft, .. }
        | Self::AddLine(draft)
        | Self::RemoveLine { draft, .. } = self
        {
            draft.version = version;
        }
    }

    /// The values of its fields as the book has them now.
    pub(super) fn theirs(&self, d: &InvoiceDetail) -> Vec<Theirs<'_>> {
        match self {
            Self::EditHead { was, .. } => {
                Head::of(d).texts().into_iter().zip(was.texts()).map(pair).collect()
            }
            Self::EditLine { line, was, .. } => {
                let Some(item) = d.items.iter().find(|i| i.position == *line) else {
                    return vec![(Label::DESCRIPTION, "(the line is gone)".to_owned(), "")];
                };
                LineText::of(item).texts().into_iter().zip(was.texts()).map(pair).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The field that an error of the book (its word for programs) is about.
    pub fn field_of(&self, code: &str) -> Option<Label> {
        match (self, code) {
            (Self::Money(money), code) => money.field_of(code),
            (Self::Bank(bank), code) => bank.field_of(code),
            (Self::Outside { .. }, "bad_date") => Some(Label::RECEIVED_ON),
            (Self::Promise(..), "bad_date" | "past") => Some(Label::BY),
            (Self::Hold(_), "past") => Some(Label::LOOK_AGAIN),
            (Self::BankRead, "bad_date") => Some(Label::READ_UNTIL),
            (Self::Stop(..), "bad_date") => Some(Label::SINCE),
            (Self::Dispute(..), "bad_amount") => Some(Label::AMOUNT),
            (Self::Plan(_), "bad_date") => Some(Label::FIRST),
            (Self::Plan(_), "bad_count" | "bad_amount") => Some(Label::INSTALMENTS),
            (Self::Plan(_) | Self::HandToAgency(_), "nothing_owed" | "left_out") => {
                Some(Label::INVOICES)
            }
            (Self::HandOver, "no_such_user" | "not_theirs" | "yourself") => Some(Label::TO),
            (Self::Account(..), column) => account::field_of(column),
            (Self::Email(..), "bad_email") => Some(Label::EMAIL),
            (Self::Note(_) | Self::DocumentNote(_), "bad_text") => Some(Label::NOTE),
            (Self::Strike(..), "bad_text" | "not_struck") => Some(Label::REASON),
            _ => None,
        }
    }

    /// The command its values make, or the field that is wrong and why.
    pub(super) fn build(&self, v: Typed, op: &str, cx: &mut Cx) -> Result<Intent, Refusal> {
        let reason = || v.needed(Label::REASON, "the reason");
        let open = |modal| Ok(Intent::Open(Box::new(modal)));
        let command = match self {
            Self::Hold(drafts) => {
                let command = draft::held(drafts, v)?;
                if drafts.len() > 1 {
                    let title = format!("Hold {}?", draft::many(drafts.len()));
                    let ask = Ask::light(title, op.to_owned(), command);
                    return open(Modal::Ask(Box::new(ask)));
                }
                command
            }
            Self::AcceptStale(drafts) => {
                Command::Accept { drafts: drafts.clone(), reason: reason()? }
            }
            Self::CancelDrafts(drafts) => {
                return open(runs::cancel(drafts.clone(), reason()?, cx));
            }
            Self::Tag(drafts) => draft::tagged(drafts, v)?,
            Self::EditMany(drafts) => return draft::many_edited(drafts, v, cx),
            Self::ChargeMany(drafts) => return draft::charges_edited(drafts, v, cx),
            Self::EditHead { draft, was } => draft::head_edited(*draft, was, v)?,
            Self::EditLine { draft, line, was } => draft::line_edited(*draft, *line, was, v)?,
            Self::AddLine(draft) => draft::line_added(*draft, v)?,
            Self::RemoveLine { draft, line, then } => {
                let change = DraftChange::RemoveLine { line: *line, then: *then };
                draft::edit(*draft, change, reason()?)
            }
            Self::Adjust { document, currency, label, total_minor } => {
                return posted::adjusted((*document, *currency, *total_minor), label, v, cx);
            }
            Self::WriteOff(document, label) => {
                return posted::written_off(*document, label, v, cx);
            }
            Self::UndoWriteOff(document, label) => {
                return posted::write_off_undone(*document, label, v, cx);
            }
            Self::Reverse(document, label) => return posted::reversed(*document, label, v, cx),
            Self::Reissue { document, label, was } => {
                return anew::reissued((*document, label), was, v, cx);
            }
            Self::BillRun => return open(runs::make(runs::new_bill_run(v)?, cx)),
            Self::PaymentRun => return open(runs::charge(runs::new_payment_run(v)?, cx)),
            Self::PostDated(what) => return posted::dated(what, v, cx),
            Self::Promise(document, currency) => customer::promised(*document, *currency, v)?,
            Self::Dispute(document, currency, code) => {
                agreed::disputed(*document, *currency, *code, v)?
            }
            Self::Plan(of) => return agreed::planned(*of, v, cx),
            Self::EndPlan(plan) => Command::EndPlan { plan: *plan, reason: reason()? },
            Self::HandToAgency(of) => return agreed::handed(*of, v, cx),
            Self::BankRead => {
                Command::BankRead { through: v.needed_day(Label::READ_UNTIL, "the day")? }
            }
            Self::Stop(account, number, kind) => {
                agreed::stopped((*account, number, *kind), reason()?, v)?
            }
            Self::EndStop(account, number) => Command::EndStop {
                account: *account,
                number: number.clone(),
                reason: v.text(Label::NOTE)?,
            },
            Self::AgencyFile => Command::AgencyFile { directory: v.text(Label::DIRECTORY)? },
            Self::EndCase(case, state) => {
                Command::EndCase { case: *case, state: *state, reason: v.text(Label::NOTE)? }
            }
            Self::Outside { account, documents, currency } => {
                customer::received(*account, documents, *currency, v, cx)?
            }
            Self::Money(money) => return money.build(v, cx),
            Self::Bank(bank) => return bank.build(v, op, cx),
            Self::Account(number, part, was) => account::edited(number, (*part, was), v)?,
            Self::Email(account, was) => customer::email_corrected(account, was, v)?,
            Self::Note(account) => noted::noted(On::Account(*account), v)?,
            Self::DocumentNote(document) => noted::noted(On::Document(*document), v)?,
            Self::Strike(on, of) => noted::struck(*on, *of, v)?,
            Self::References(on, was) => noted::referred(*on, was, v)?,
            Self::SaveFilter { screen, tab, text, taken } => {
                let name = v.needed(Label::NAME, "the name")?;
                if taken.iter().any(|ready| ready.to_lowercase() == name.to_lowercase()) {
                    let why = format!("{name} is a ready filter of this list: another name");
                    return Err((Label::NAME, why));
                }
                let screen = screen.name().to_lowercase();
                let (tab, text) = (tab.clone(), text.clone());
                Command::SaveFilter(SavedFilter { screen, name, tab, text })
            }
            Self::Preview(draft) => {
                Command::Preview { draft: *draft, directory: v.text(Label::DIRECTORY)? }
            }
            Self::HandOver => claim::handed_over(v)?,
            Self::Print => return open(runs::print(v.text(Label::DIRECTORY)?, cx)),
        };
        Ok(Intent::Commit { op: op.to_owned(), command: Box::new(command) })
    }
}
