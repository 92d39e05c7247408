//! What the customer says, and what comes of it: a promise, a dispute, instalments, a collection agency.
//! One menu, from an open invoice or from its account.

use crate::domain::agency::CaseState;
use crate::domain::dispute::{DisputeCode, DisputeState};
use crate::domain::ids::{CaseId, DocumentId, PlanId};
use crate::domain::stop::StopKind;
use crate::engine::command::Command;
use crate::ui::modal::choice::{Choice, Item};
use crate::ui::modal::purpose::{self, Owing};
use crate::ui::modal::{Intent, Modal};
use crate::ui::msg::Cx;
use chrono::NaiveDate;

/// How it stands now.
pub struct Standing<'a> {
    pub owing: Owing,
    /// The account's number.
    pub account: &'a str,
    /// The invoice's; empty from an account.
    pub number: &'a str,
    pub promised_on: Option<NaiveDate>,
    pub disputed: bool,
    pub plan: Option<PlanId>,
    pub case: Option<CaseId>,
    /// Whether nothing of the account is collected, as a word of `StopKind`; empty = it is.
    pub stop: &'a str,
}

/// Opens the menu.
pub fn menu(of: &Standing<'_>, cx: &mut Cx) {
    let mut items = Vec::new();
    if let Some(document) = of.owing.document {
        promise(of, document, &mut items, cx);
        dispute(of, document, &mut items, cx);
    }
    let account = of.account;
    if let Some(plan) = of.plan {
        let form = purpose::end_plan(plan, cx);
        items.push(opens('i', format!("the instalments end ({plan})…"), form));
    } else {
        let form = purpose::plan(account, of.owing, cx);
        items.push(opens('i', format!("{account} pays in instalments…"), form));
    }
    if let Some(case) = of.case {
        let ends: Vec<Item> = CaseState::ENDS
            .into_iter()
            .zip([
                ('r', "we take it back: it is collected here again…"),
                ('c', "the agency collected what there was…"),
                ('u', "the agency gave up…"),
            ])
            .map(|(state, (key, label))| {
                opens(key, label.to_owned(), purpose::end_case(case, state, cx))
            })
            .collect();
        let menu = Modal::Choice(Choice::new(format!("{case} of {account} is over"), ends));
        items.push(opens('g', format!("the agency's case is over ({case})…"), menu));
        let file = purpose::agency_file(cx);
        items.push(opens('f', "write the agency's file…".to_owned(), file));
    } else {
        let form = purpose::hand_to_agency(account, of.owing, cx);
        items.push(opens('g', format!("{account} goes to a collection agency…"), form));
    }
    let whose = of.owing.account;
    if of.stop.is_empty() {
        for (key, kind) in [('o', StopKind::Insolvent), ('x', StopKind::Deceased)] {
            let label = format!("{account}: {}; nothing is collected…", kind.said());
            items.push(opens(key, label, purpose::stop(account, whose, kind, cx)));
        }
    } else {
        let form = purpose::end_stop(account, whose, cx);
        items.push(opens('o', format!("{account} is not {} any more…", of.stop), form));
    }
    let who = if of.number.is_empty() { account } else { of.number };
    cx.open.push(Modal::Choice(Choice::new(format!("{who}: the customer"), items)));
}

fn opens(key: char, label: String, modal: Modal) -> Item {
    Item::new(key, label, Intent::Open(Box::new(modal)))
}

fn commits(command: Command, cx: &mut Cx) -> Intent {
    Intent::Commit { op: cx.operation(), command: Box::new(command) }
}

fn promise(of: &Standing<'_>, document: DocumentId, items: &mut Vec<Item>, cx: &mut Cx) {
    if of.plan.is_none() {
        let form = purpose::promise(of.number, document, of.owing.currency, cx);
        items.push(opens('p', "promises to pay by a day…".to_owned(), form));
        if let Some(day) = of.promised_on {
            let ends = commits(Command::EndPromise { document }, cx);
            items.push(Item::new('e', format!("the promise for {day} is off"), ends));
        }
    }
}

fn dispute(of: &Standing<'_>, document: DocumentId, items: &mut Vec<Item>, cx: &mut Cx) {
    if of.disputed {
        let ends: Vec<Item> = DisputeState::OUTCOMES
            .into_iter()
            .zip([
                ('u', "the customer is right: adjust it or write it off next"),
                ('r', "we are right: it is collected again"),
                ('w', "the customer took it back"),
            ])
            .map(|(outcome, (key, label))| {
                let words = String::new();
                Item::new(key, label, commits(Command::EndDispute { document, outcome, words }, cx))
            })
            .collect();
        let menu = Modal::Choice(Choice::new(format!("{}: the dispute ends", of.number), ends));
        return items.push(opens('d', "the dispute is settled…".to_owned(), menu));
    }
    let whose = (document, of.owing.currency);
    let reasons: Vec<Item> = DisputeCode::ALL
        .iter()
        .zip('1'..='9')
        .map(|(code, key)| {
            opens(key, code.said().to_owned(), purpose::dispute(of.number, whose, *code, cx))
        })
        .collect();
    let menu = Modal::Choice(Choice::new(format!("{} is disputed", of.number), reasons));
    items.push(opens('d', "disputes it: no reminder, no charge…".to_owned(), menu));
}
