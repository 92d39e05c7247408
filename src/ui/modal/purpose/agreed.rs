//! The forms about what is agreed or contested: a dispute, an instalment plan, a collection agency. Each is
//! made here and read here.

use super::super::ask::Ask;
use super::{Label, Purpose, Refusal, Typed, form, why};
use crate::domain::agency::{CaseState, NewCase};
use crate::domain::dispute::{DisputeCode, GivenDispute};
use crate::domain::ids::{AccountId, CaseId, DocumentId, PlanId};
use crate::domain::instalment::{Every, NewPlan, Parts, Which};
use crate::domain::money::Currency;
use crate::domain::stop::{NewStop, StopKind};
use crate::engine::command::Command;
use crate::engine::query::Ahead;
use crate::ui::modal::form::Field;
use crate::ui::modal::{Intent, Modal};
use crate::ui::msg::{Cx, Part, ScreenId};
use serde::{Deserialize, Serialize};

/// Whose money an agreement is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owing {
    pub account: AccountId,
    pub currency: Currency,
    /// The document from which it was asked.
    pub document: Option<DocumentId>,
}

impl Owing {
    /// The field that says which of its documents.
    fn field(self) -> Field {
        let hint = match self.document {
            Some(_) => "overdue; all: not due yet too; this: this one only",
            None => "overdue; all: not due yet too",
        };
        Field::new(Label::INVOICES, "overdue", hint)
    }

    fn which(self, v: Typed) -> Result<Which, Refusal> {
        match (v.text(Label::INVOICES)?.to_lowercase().as_str(), self.document) {
            ("overdue" | "", _) => Ok(Which::Overdue),
            ("all", _) => Ok(Which::Open),
            ("this", Some(document)) => Ok(Which::These(vec![document])),
            (other, Some(_)) => Err((Label::INVOICES, format!("{other:?}: overdue, all, or this"))),
            (other, None) => Err((Label::INVOICES, format!("{other:?}: overdue, or all"))),
        }
    }
}

/// Opens the form for a dispute.
pub fn dispute(
    number: &str,
    (document, currency): (DocumentId, Currency),
    code: DisputeCode,
    cx: &mut Cx,
) -> Modal {
    let fields = vec![
        Field::new(Label::AMOUNT, "", "empty: all that is open"),
        Field::new(Label::OWNER, cx.user.clone(), "who sees to it"),
        Field::new(Label::NOTE, "", "what the customer says"),
    ];
    let title = format!("{number} is disputed: {}", code.said());
    form(title, Purpose::Dispute(document, currency, code), fields, cx)
}

pub(super) fn disputed(
    document: DocumentId,
    currency: Currency,
    code: DisputeCode,
    v: Typed,
) -> Result<Command, Refusal> {
    let words = match code {
        DisputeCode::Other => v.needed(Label::NOTE, "what the customer says")?,
        _ => v.text(Label::NOTE)?,
    };
    let amount = v.amount_or_all(Label::AMOUNT, currency)?;
    let owner = v.text(Label::OWNER)?;
    Ok(Command::Dispute { document, given: GivenDispute { code, amount, owner, words } })
}

/// Opens the form for an instalment plan.
pub fn plan(number: &str, of: Owing, cx: &mut Cx) -> Modal {
    let fields = vec![
        of.field(),
        Field::new(Label::INSTALMENTS, "3", "how many, or their amounts: 50, 50, 38.10"),
        Field::new(Label::FIRST, "", "the day of the first, such as 2026-01-31"),
        Field::new(Label::EVERY, "month", "how far apart: month, week, 10 days"),
    ];
    form(format!("{number} pays in instalments"), Purpose::Plan(of), fields, cx)
}

pub(super) fn planned(of: Owing, v: Typed, cx: &mut Cx) -> Result<Intent, Refusal> {
    let text = v.needed(Label::INSTALMENTS, "how many")?;
    let parts = if let Ok(count) = text.parse() {
        Parts::Equal(count)
    } else {
        let amounts = v.list(Label::INSTALMENTS)?;
        let read = |text: &String| of.currency.read(text);
        let amounts = amounts.iter().map(read).collect::<Result<_, _>>();
        Parts::Each(amounts.map_err(|e| (Label::INSTALMENTS, e.to_string()))?)
    };
    let span = v.text(Label::EVERY)?;
    let every = Every::parse(&span)
        .ok_or_else(|| (Label::EVERY, format!("{span:?}: month, week, 3 months, 10 days")))?;
    let first = v.needed_day(Label::FIRST, "the day of the first")?;
    let (account, currency) = (of.account, of.currency);
    let new = NewPlan { account, currency, of: of.which(v)?, first, every, parts };
    let command = Command::MakePlan(new.clone());
    Ok(asked("Agree these instalments?", "agree", command, Ahead::Plan(new), cx))
}

/// A question whose figures are being read.
fn asked(title: &str, verb: &'static str, command: Command, ahead: Ahead, cx: &mut Cx) -> Intent {
    let ask = Ask::reading(title, verb, cx.operation(), command);
    cx.load(ScreenId::Failed, Part::Dialog, ahead);
    Intent::Open(Box::new(Modal::Ask(Box::new(ask))))
}

/// Opens the form that ends a plan.
pub fn end_plan(plan: PlanId, cx: &mut Cx) -> Modal {
    let title = format!("End {plan}: what is left of it is collected again");
    form(title, Purpose::EndPlan(plan), vec![why()], cx)
}

/// Opens the form for handing an account to an agency.
pub fn hand_to_agency(number: &str, of: Owing, cx: &mut Cx) -> Modal {
    let fields = vec![
        of.field(),
        Field::new(Label::AGENCY, "", "who gets it"),
        Field::new(Label::REFERENCE, "", "how they call the case; may be empty"),
    ];
    form(format!("{number} goes to a collection agency"), Purpose::HandToAgency(of), fields, cx)
}

pub(super) fn handed(of: Owing, v: Typed, cx: &mut Cx) -> Result<Intent, Refusal> {
    let new = NewCase {
        account: of.account,
        of: of.which(v)?,
        agency: v.needed(Label::AGENCY, "the agency")?,
        reference: v.text(Label::REFERENCE)?,
    };
    let command = Command::HandToAgency(new.clone());
    Ok(asked("Hand it to the agency?", "hand over", command, Ahead::HandOver(new), cx))
}

/// Opens the form that stops collecting of an account.
pub fn stop(number: &str, account: AccountId, kind: StopKind, cx: &mut Cx) -> Modal {
    let fields = vec![why(), Field::new(Label::SINCE, "", "a day; empty: today")];
    let title = format!("{number}: {}; nothing of it is collected", kind.said());
    form(title, Purpose::Stop(account, number.to_owned(), kind), fields, cx)
}

pub(super) fn stopped(
    (account, number, kind): (AccountId, &str, StopKind),
    reason: String,
    v: Typed,
) -> Result<Command, Refusal> {
    let (since, number) = (v.day(Label::SINCE)?, number.to_owned());
    Ok(Command::StopAccount(NewStop { account, number, kind, since, reason }))
}

/// Opens the form that ends it.
pub fn end_stop(number: &str, account: AccountId, cx: &mut Cx) -> Modal {
    let fields = vec![Field::new(Label::NOTE, "", "what there is to say; may be empty")];
    let title = format!("{number}: what is open is collected again");
    form(title, Purpose::EndStop(account, number.to_owned()), fields, cx)
}

/// Opens the form for the file that the agency gets.
pub fn agency_file(cx: &mut Cx) -> Modal {
    let fields = vec![Field::new(Label::DIRECTORY, "", "empty: beside the book")];
    form("Write the agency's file: a row an invoice, as CSV", Purpose::AgencyFile, fields, cx)
}

/// Opens the form that ends a case.
pub fn end_case(case: CaseId, state: CaseState, cx: &mut Cx) -> Modal {
    let fields = vec![Field::new(Label::NOTE, "", "what there is to say; may be empty")];
    form(format!("{case}: {state}"), Purpose::EndCase(case, state), fields, cx)
}
