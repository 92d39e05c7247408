//! Every form there is, handed in: in another order, with a field missing, as an older build kept it.

use super::*;
use crate::domain::agency::CaseState;
use crate::domain::dispute::DisputeCode;
use crate::domain::ids::{
    AccountId, BillRunId, CaseId, DocumentId, LineId, NoteId, PaymentId, PlanId,
};
use crate::domain::money::Currency;
use crate::domain::note::{On, References};
use crate::domain::payment::PaymentStatus;
use crate::domain::stop::StopKind;
use crate::engine::command::{Pick, Removed};
use crate::engine::query::Paid;
use crate::ui::modal::bank::{self, BankForm};
use crate::ui::modal::money::{self, MoneyForm};
use crate::ui::modal::purpose::{self, Head, LineText, Owing};
use crate::ui::modal::typed::Refusal;
use crate::ui::modal::{Intent, Modal, runs};
use crate::zone::Zone;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const TODAY: &str = "2026-03-02";

fn cx() -> Cx {
    let today = TODAY.parse().unwrap();
    let now = crate::clock::Now { today, at_ms: 0 };
    Cx::new(now, Zone::UTC, "mia".to_owned(), (80, 24), "n".to_owned())
}

/// What is typed, by field.
type Words = &'static [(Label, &'static str)];

const REASON: (Label, &str) = (Label::REASON, "as agreed");

/// Every form as the screens open it, with what is typed into it.
fn every(cx: &mut Cx) -> Vec<Form> {
    let draft = Pick { id: DocumentId(7), version: 3 };
    let (account, document) = (AccountId(5), DocumentId(9));
    let eur = Currency::parse("EUR").unwrap();
    let text = str::to_owned;
    let head = Head {
        invoice_on: text("2026-03-01"),
        due_on: text("2026-03-31"),
        po_number: text("PO 1"),
        note: text("thanks"),
    };
    let line =
        LineText { quantity: text("1"), unit_price: text("9.50"), description: text("seats") };
    let mut made = Vec::new();
    let mut add = |modal: Modal, words: Words| made.push(filled(modal, words));
    add(purpose::hold(vec![draft], "", cx), &[REASON, (Label::LOOK_AGAIN, "2026-04-01")]);
    add(purpose::hold(vec![draft, draft], "late", cx), &[]);
    add(purpose::accept_stale(text("Accept"), vec![draft], cx), &[REASON]);
    add(purpose::cancel_drafts(text("Cancel"), vec![draft], cx), &[REASON]);
    add(purpose::tag_drafts(text("Tag"), vec![draft], cx), &[(Label::TAGS, "urgent -old")]);
    let typed: Words = &[
        (Label::INVOICE_DATE, "2026-03-05"),
        (Label::DUE_DATE, "2026-04-05"),
        (Label::PO_NUMBER, "PO 2"),
        (Label::NOTE, "sorry"),
        REASON,
    ];
    add(purpose::edit_head("Edit", draft, head, cx), typed);
    let typed: Words = &[
        (Label::INVOICE_DATE, "2026-03-05"),
        (Label::DUE_DATE, "2026-04-05"),
        (Label::PO_NUMBER, "PO 2"),
        (Label::NOTE, "-"),
        REASON,
    ];
    add(purpose::edit_many(text("Edit"), vec![draft, draft], cx), typed);
    let typed: Words =
        &[(Label::CHARGE, "seats"), (Label::QUANTITY, "2"), (Label::UNIT_PRICE, "3"), REASON];
    add(purpose::charge_many(text("Edit"), vec![draft, draft], cx), typed);
    let typed: Words =
        &[(Label::QUANTITY, "2"), (Label::UNIT_PRICE, "3"), (Label::DESCRIPTION, "chairs"), REASON];
    add(purpose::edit_line(draft, 1, line, cx), typed);
    let typed: Words = &[
        (Label::DESCRIPTION, "gift"),
        (Label::UNIT_PRICE, "-4"),
        (Label::TAX_CODE, "std"),
        REASON,
    ];
    add(purpose::add_line(draft, cx), typed);
    add(purpose::remove_line(draft, 1, Removed::Waive, "billed at zero", cx), &[REASON]);
    let typed: Words =
        &[(Label::KIND, "debit"), (Label::LINE, "2"), (Label::AMOUNT, "3.50"), REASON];
    add(purpose::adjust(document, eur, "INV-9", 10_000, cx), typed);
    add(purpose::write_off("INV-9", document, text("INV-9"), cx), &[REASON]);
    add(purpose::undo_write_off(document, text("INV-9"), cx), &[REASON]);
    add(purpose::reverse(document, text("INV-9"), cx), &[REASON]);
    let typed: Words = &[
        (Label::INVOICE_DATE, "2026-03-03"),
        (Label::BATCHES, "B1, B2"),
        (Label::ACCOUNT, "A1"),
        (Label::CYCLE_DAY, "31"),
        (Label::LEAVE_OUT, "usage"),
        (Label::AUTO_RENEW, "no"),
    ];
    add(runs::bill_run(cx), typed);
    let typed: Words = &[
        (Label::BILL_RUN, "BR-000007"),
        (Label::ACCOUNT, "A1"),
        (Label::BATCHES, "B1"),
        (Label::PAYMENTS, "one an account"),
    ];
    add(runs::payment_run(cx), typed);
    add(purpose::post_dated(BillRunId(7), cx), &[]);
    let typed: Words = &[(Label::BY, "2026-03-20"), (Label::AMOUNT, "12.00")];
    add(purpose::promise("INV-9", document, eur, cx), typed);
    let typed: Words = &[(Label::AMOUNT, "12.00"), (Label::NOTE, "no idea")];
    add(purpose::dispute("INV-9", (document, eur), DisputeCode::Other, cx), typed);
    let of = Owing { account, currency: eur, document: Some(document) };
    let typed: Words = &[(Label::INVOICES, "this"), (Label::FIRST, "2026-04-01")];
    add(purpose::plan("A1", of, cx), typed);
    add(purpose::end_plan(PlanId(2), cx), &[REASON]);
    add(purpose::hand_to_agency("A1", of, cx), &[(Label::AGENCY, "Example Collect")]);
    add(purpose::bank_read(cx), &[(Label::READ_UNTIL, "2026-03-01")]);
    let typed: Words = &[REASON, (Label::SINCE, "2026-03-01")];
    add(purpose::stop("A1", account, StopKind::Insolvent, cx), typed);
    add(purpose::end_stop("A1", account, cx), &[(Label::NOTE, "discharged")]);
    add(purpose::agency_file(cx), &[(Label::DIRECTORY, "/tmp/out")]);
    add(purpose::end_case(CaseId(2), CaseState::Recalled, cx), &[(Label::NOTE, "as agreed")]);
    let starts = (eur, text("12.00"));
    let typed: Words = &[(Label::REFERENCE, "statement 12")];
    add(purpose::outside("for INV-9", account, vec![document], starts, cx), typed);
    add(purpose::email("A1", "a@example.org", cx), &[(Label::EMAIL, "b@example.org")]);
    add(purpose::note("A1", account, cx), &[(Label::NOTE, "call back")]);
    add(purpose::document_note("INV-9", document, cx), &[(Label::NOTE, "they pay on Friday")]);
    add(purpose::strike(On::Account(account), NoteId(3), cx), &[REASON]);
    let are = References { ours: text("K-1"), theirs: text("T-1") };
    let typed: Words = &[(Label::OUR_REFERENCE, "K-2"), (Label::THEIR_REFERENCE, "T-2")];
    add(purpose::references("INV-9", On::Document(document), &are, cx), typed);
    let screen = ScreenId::Invoices;
    let saved = purpose::save_filter(screen, (text("all"), text("total>5")), Vec::new(), cx);
    add(saved, &[(Label::NAME, "big")]);
    add(purpose::hand_over(cx), &[(Label::TO, "jon"), (Label::NOTE, "the rest")]);
    add(purpose::print(cx), &[(Label::DIRECTORY, "/tmp/out")]);
    add(purpose::preview(document, cx), &[(Label::DIRECTORY, "/tmp/out")]);
    let row = paid(eur);
    add(money::refund(&row, cx), &[(Label::MEMO, "with memo"), REASON]);
    let typed: Words = &[(Label::MEMO, "with memo"), REASON, (Label::PAID_OUT_ON, "2026-03-01")];
    add(money::refund(&Paid { outside: true, ..paid(eur) }, cx), typed);
    let left = crate::domain::money::Money { minor: 500, currency: eur };
    let typed: Words = &[(Label::BY, "P-000012"), REASON, (Label::PAID_OUT_ON, "2026-03-01")];
    add(money::pay_out(document, "CM-9", left, cx), typed);
    let pays = (document, text("INV-9"), 400);
    add(money::take_off(&row, &pays, cx), &[REASON]);
    add(money::moving(&row, cx), &[(Label::TO_ACCOUNT, "A2"), REASON]);
    add(money::apply_to(&row, &pays, cx), &[]);
    add(money::found(&row, true, cx), &[(Label::REFERENCE, "ch_1"), (Label::SEEN, "the page")]);
    add(money::found(&row, false, cx), &[(Label::SEEN, "the page")]);
    let (line, left) = (LineId(6), eur.amount(11_900));
    let typed: Words = &[(Label::AMOUNT, "19.00"), (Label::INVOICES, "INV-8, INV-9")];
    add(bank::split(line, left, cx), typed);
    let typed: Words = &[(Label::ACCOUNT, "A2"), (Label::INVOICES, "INV-9")];
    add(bank::identify(line, left, cx), typed);
    add(bank::unmatch(line, cx), &[REASON]);
    let typed: Words = &[(Label::FILE, "/tmp/statement.xml"), (Label::BANK_ACCOUNT, "main")];
    add(bank::load(cx), typed);
    made
}

fn paid(currency: Currency) -> Paid {
    Paid {
        id: PaymentId(4),
        currency,
        amount_minor: 900,
        status: PaymentStatus::Approved,
        came_on: None,
        by: "visa".to_owned(),
        left_minor: 900,
        free_minor: 500,
        pays: Vec::new(),
        outside: false,
    }
}

fn filled(modal: Modal, words: Words) -> Form {
    let Modal::Form(mut form) = modal else { panic!("no form") };
    for (label, word) in words {
        put_in(&mut form, *label, word);
    }
    *form
}

fn put_in(form: &mut Form, label: Label, word: &str) {
    let at = label.place(&form.fields).unwrap_or_else(|| panic!("{}: {label:?}", form.title));
    form.fields[at].input = Input::new(word.to_owned());
}

fn built(form: &Form) -> Result<Intent, Refusal> {
    form.purpose.build(Typed(&form.fields), "op", &mut cx())
}

/// What handing it in does, whole: a command or a question about one.
fn deed(form: &Form) -> String {
    format!("{:?}", built(form).unwrap_or_else(|e| panic!("{}: {e:?}", form.title)))
}

/// A purpose by its name. What is new here has a line in `every` too.
fn name_of(purpose: &Purpose) -> &'static str {
    match purpose {
        Purpose::Hold(_) => "hold",
        Purpose::AcceptStale(_) => "accept stale",
        Purpose::CancelDrafts(_) => "cancel drafts",
        Purpose::Tag(_) => "tag",
        Purpose::EditHead { .. } => "edit head",
        Purpose::EditMany(_) => "edit many",
        Purpose::ChargeMany(_) => "charge many",
        Purpose::EditLine { .. } => "edit line",
        Purpose::AddLine(_) => "add line",
        Purpose::RemoveLine { .. } => "remove line",
        Purpose::Adjust { .. } => "adjust",
        Purpose::WriteOff(..) => "write off",
        Purpose::UndoWriteOff(..) => "undo write-off",
        Purpose::Reverse(..) => "reverse",
        Purpose::Reissue { .. } => "reissue",
        Purpose::BillRun => "bill run",
        Purpose::PaymentRun => "payment run",
        Purpose::PostDated(_) => "post dated",
        Purpose::Promise(..) => "promise",
        Purpose::Dispute(..) => "dispute",
        Purpose::Plan(_) => "plan",
        Purpose::EndPlan(_) => "end plan",
        Purpose::HandToAgency(_) => "hand to agency",
        Purpose::BankRead => "bank read",
        Purpose::Stop(..) => "stop",
        Purpose::EndStop(..) => "end stop",
        Purpose::AgencyFile => "agency file",
        Purpose::EndCase(..) => "end case",
        Purpose::Outside { .. } => "outside",
        Purpose::Email(..) => "email",
        Purpose::Account(..) => "account",
        Purpose::Note(_) => "note",
        Purpose::DocumentNote(_) => "document note",
        Purpose::Strike(..) => "strike",
        Purpose::References(..) => "references",
        Purpose::SaveFilter { .. } => "save filter",
        Purpose::Print => "print",
        Purpose::Preview(_) => "preview",
        Purpose::HandOver => "hand over",
        Purpose::Bank(BankForm::Split(..)) => "split",
        Purpose::Bank(BankForm::Identify(..)) => "identify",
        Purpose::Bank(BankForm::Unmatch(_)) => "unmatch",
        Purpose::Bank(BankForm::Load) => "load",
        Purpose::Money(MoneyForm::Refund(..)) => "refund",
        Purpose::Money(MoneyForm::PayBack(..)) => "pay back",
        Purpose::Money(MoneyForm::PayOut(..)) => "pay out",
        Purpose::Money(MoneyForm::Unapply(..)) => "unapply",
        Purpose::Money(MoneyForm::Move(..)) => "move",
        Purpose::Money(MoneyForm::Apply(..)) => "apply",
        Purpose::Money(MoneyForm::Charged(..)) => "charged",
        Purpose::Money(MoneyForm::NotCharged(..)) => "not charged",
    }
}

const KINDS: usize = 49;

#[test]
fn fields_in_another_order_give_the_same_command() {
    let forms = every(&mut cx());
    let kinds: BTreeSet<&str> = forms.iter().map(|f| name_of(&f.purpose)).collect();
    assert_eq!(kinds.len(), KINDS, "{kinds:?}");
    for mut form in forms {
        let straight = deed(&form);
        for word in ["as agreed", "2026-04-01", "B2"] {
            let typed = form.fields.iter().any(|f| f.input.value().contains(word));
            assert!(!typed || straight.contains(word), "{}: {straight}", form.title);
        }
        for _ in 0..form.fields.len() {
            form.fields.rotate_left(1);
            assert_eq!(deed(&form), straight, "{}", form.title);
        }
        form.fields.reverse();
        assert_eq!(deed(&form), straight, "{}", form.title);
    }
}

#[test]
fn a_form_reads_every_field_it_has_and_none_it_lacks() {
    for form in every(&mut cx()) {
        let labels: BTreeSet<&str> = form.fields.iter().map(|f| f.label.as_str()).collect();
        assert_eq!(labels.len(), form.fields.len(), "{}: two fields of a label", form.title);
        for at in 0..form.fields.len() {
            let mut less = form.clone();
            let gone = less.fields.remove(at);
            let (label, why) = built(&less).expect_err(&format!("{} {}", form.title, gone.label));
            let words = format!("this form has no {:?}: begin it anew", gone.label);
            assert_eq!(label.as_str(), gone.label, "{}", form.title);
            assert!(why.starts_with(&words), "{why}");
        }
    }
}

#[test]
fn what_is_refused_is_a_field_of_the_form() {
    const CODES: &[&str] = &[
        "bad_date",
        "no_such_user",
        "bad_email",
        "too_much",
        "bad_amount",
        "not_applied",
        "nothing_unapplied",
        "no_reason",
        "bad_text",
        "unknown_account",
        "same_account",
        "other_currency",
        "not_found",
        "other_account",
        "wrong_state",
    ];
    for form in every(&mut cx()) {
        for code in CODES {
            let Some(label) = form.purpose.field_of(code) else { continue };
            assert!(label.place(&form.fields).is_some(), "{}: {code} {label:?}", form.title);
        }
        for (at, word) in (0..form.fields.len()).flat_map(|at| [(at, ""), (at, "1999999999.999x")])
        {
            let mut wrong = form.clone();
            wrong.fields[at].input = Input::new(word.to_owned());
            let Err((label, why)) = built(&wrong) else { continue };
            assert_eq!(label.as_str(), wrong.fields[at].label, "{}: {why}", form.title);
        }
    }
}

/// A form as the build before this one kept it.
fn kept(purpose: &Value, fields: &[(&str, &str)]) -> Form {
    let field = |(label, input): &(&str, &str)| json!({"label": label, "input": input, "hint": "", "words": [], "account": false});
    let fields: Vec<Value> = fields.iter().map(field).collect();
    let saved = json!({"title": "Kept", "purpose": purpose, "fields": fields, "at": 0});
    Form::rescued(&saved, &mut cx()).expect("it can be read")
}

#[test]
fn a_form_of_an_older_build_comes_back_or_is_refused_by_field() {
    let draft = json!({"id": 7, "version": 3});
    let head =
        json!({"EditHead": {"draft": draft, "was": ["2026-03-01", "2026-03-31", "", "thanks"]}});
    let fields = [
        ("invoice date", "2026-03-01"),
        ("due date", "2026-03-31"),
        ("PO number", "PO 4711"),
        ("note", "thanks"),
        ("reason", "as ordered"),
    ];
    let whole = deed(&kept(&head, &fields));
    assert!(whole.contains(r#"[PoNumber("PO 4711")], reason: "as ordered""#), "{whole}");
    let line = json!({"EditLine": {"draft": draft, "line": 1, "was": ["1", "9.5", "seats"]}});
    let fields =
        [("quantity", "2"), ("unit price", "9.5"), ("description", "seats"), ("reason", "counted")];
    let whole = deed(&kept(&line, &fields));
    assert!(whole.contains("quantity: Some(2), unit_price: None, description: None"), "{whole}");
    // The day that money was paid back is no other field's value, and no field is silently empty.
    let refund = json!({"Money": {"PayBack": [4, "EUR"]}});
    let fields = [("amount", "3.00"), ("memo", "with memo"), ("reason", "2026-03-01")];
    let mut form = kept(&refund, &fields);
    assert!(matches!(form.key(Key::Ctrl('s'), &mut cx()), Step::Stay));
    let said = form.error.clone().unwrap_or_default();
    assert_eq!(said, "this form has no \"paid out on\": begin it anew (Ctrl-X drops it)");
    assert!(matches!(form.key(Key::Esc, &mut cx()), Step::Close), "it is kept for later");
}
