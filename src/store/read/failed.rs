//! Money that did not come: open invoices with their last attempt, grouped by what to do next.

use super::spec::{EMAILS_SINCE, NOTES_OF, REFERENCES_OF};
use super::{
    Ask, Cmp, Field, Filter, Fit, Group, Key, ListArgs, ListRow, Marked, Order, Page, ReadError,
};
use super::{Sort, Spec, Totals};
use crate::domain::ids::{AccountId, CaseId, DocumentId, PaymentId, PlanId};
use crate::domain::money::{Money, Purse};
use crate::domain::payment::NextAction;
use crate::store::agency::with_agency;
use crate::store::face::Row;
use crate::store::stop::stop;
use crate::store::{Db, StoreError, collectible, money, tally, word};
use chrono::NaiveDate;
use std::collections::{BTreeMap, BTreeSet};

/// An open invoice and what became of the last attempt to collect it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedRow {
    /// The invoice.
    pub id: DocumentId,
    /// Where it stands in the list.
    pub key: Key,
    pub number: String,
    /// Whose.
    pub account_id: AccountId,
    /// Account number.
    pub account: String,
    /// Customer name.
    pub customer: String,
    /// Still owed.
    pub balance: Money,
    /// When it was owed.
    pub due_on: NaiveDate,
    /// The last payment.
    pub payment: Option<PaymentId>,
    /// Its status word; empty without one.
    pub payment_status: String,
    pub decline_code: String,
    /// What the gateway said.
    pub reply: String,
    /// Attempts on this method.
    pub attempts: i64,
    /// The method (`visa ··4242`).
    pub method: String,
    /// Next try by rule, UTC milliseconds.
    pub next_retry_at: Option<i64>,
    /// What to do next: a word of `NextAction`, or `none`.
    pub group: String,
    /// `failed`, `promised`, `instalments`, `disputed`, `agency`, `stopped` (its account is with one), `insolvent`,
    /// `deceased`, `open`.
    pub state: String,
    /// When the customer promised to pay.
    pub promised_on: Option<NaiveDate>,
    /// Payment runs leave it alone.
    pub auto_pay_off: bool,
    /// Whether it is disputed, whatever else keeps it back.
    pub disputed: bool,
    /// The open plan that it is in.
    pub plan: Option<PlanId>,
    /// The open case of its account.
    pub case: Option<CaseId>,
    /// The account's default method, if the bank declined it for good; empty otherwise.
    pub barred: String,
}

impl ListRow for FailedRow {
    fn id(&self) -> i64 {
        self.id.0
    }
    fn version(&self) -> i64 {
        0
    }
    fn key(&self) -> &Key {
        &self.key
    }
    fn money(&self) -> Option<Money> {
        Some(self.balance)
    }
    fn is_exception(&self) -> bool {
        self.group != "none"
    }
}

/// What is needed next, as `store::retry::action` has it: unknown is only ever looked up, a hard
/// decline asks for what its code says unless another method is waiting for its turn.
macro_rules! group {
    () => {
        "CASE WHEN p.status IN ('Unknown') THEN 'look_up' \
         WHEN (p.status IN ('Declined','Canceled') OR p.status = 'Approved' AND p.returned_minor > 0) \
             AND p.decline_class = 'hard' AND s.next_retry_at IS NULL \
           THEN CASE p.next_action WHEN '' THEN 'new_method' ELSE p.next_action END \
         WHEN s.retries_given_up = 1 AND s.next_retry_at IS NULL THEN 'gave_up' \
         WHEN p.status IN ('Declined','Canceled') \
           OR (p.status = 'Approved' AND p.returned_minor > 0 AND s.next_retry_at IS NOT NULL) THEN 'retry_later' \
         ELSE 'none' END"
    };
}
const GROUP: &str = concat!("(", group!(), ")");

/// What keeps it back, or that its payment failed.
macro_rules! state {
    () => {
        concat!(
            "CASE WHEN ",
            stop!(),
            " IS NOT NULL THEN ",
            stop!(),
            " WHEN ",
            with_agency!(),
            " THEN CASE WHEN EXISTS (SELECT 1 FROM agency_claim k JOIN agency_case c ON c.id = k.case_id \
                WHERE k.document_id = s.document_id AND c.account_id = s.account_id AND c.state = 'open') \
                THEN 'agency' ELSE 'stopped' END WHEN s.disputed <> '' THEN 'disputed' \
              WHEN s.promised_on IS NOT NULL THEN CASE WHEN EXISTS (SELECT 1 FROM instalment_document i \
                WHERE i.document_id = s.document_id AND i.open = 1) THEN 'instalments' ELSE 'promised' END \
              WHEN s.retries_given_up = 1 OR p.status IN ('Declined','Unknown','Canceled') \
                OR (p.status = 'Approved' AND s.next_retry_at IS NOT NULL) THEN 'failed' ELSE 'open' END"
        )
    };
}
const STATE: &str = concat!("(", state!(), ")");

const STATES: &[&str] = &[
    "failed",
    "promised",
    "instalments",
    "disputed",
    "agency",
    "stopped",
    "insolvent",
    "deceased",
    "open",
];

const GROUPS: &[&str] =
    &["retry_later", "new_method", "look_up", "ask_mandate", "ask_customer", "gave_up", "none"];

pub(super) const SPEC: Spec = Spec {
    columns: concat!(
        "d.number, a.id, a.number, v.name, d.currency, s.balance_minor, s.due_on, p.id, \
         coalesce(p.status, ''), coalesce(p.decline_code, ''), coalesce(p.reply, ''), \
         coalesce(p.attempt, 0), coalesce(m.display, ''), s.next_retry_at, ",
        group!(),
        ", ",
        state!(),
        ", s.promised_on, s.auto_pay_off, \
         coalesce((SELECT CASE f.hard_declined WHEN 1 THEN f.display ELSE '' END FROM payment_method f \
           WHERE f.account_id = a.id AND f.status = 'active' ORDER BY f.priority, f.id LIMIT 1), ''), \
         s.disputed <> '', \
         (SELECT i.plan_id FROM instalment_document i WHERE i.document_id = s.document_id AND i.open = 1), \
         (SELECT g.id FROM agency_case g WHERE g.account_id = s.account_id AND g.state = 'open')"
    ),
    from: "document_state s JOIN document d ON d.id = s.document_id \
           JOIN account a ON a.id = d.account_id JOIN account_version v ON v.id = d.account_version_id \
           LEFT JOIN payment p ON p.id = (SELECT max(l.payment_id) FROM allocation l \
             WHERE l.document_id = s.document_id) \
           LEFT JOIN payment_method m ON m.id = p.method_id",
    narrow: "document_state s JOIN document d ON d.id = s.document_id \
           LEFT JOIN payment p ON p.id = (SELECT max(l.payment_id) FROM allocation l \
             WHERE l.document_id = s.document_id) \
           LEFT JOIN payment_method m ON m.id = p.method_id",
    base: "s.status = 'Posted' AND s.balance_minor > 0 AND d.kind IN ('invoice','debit_memo')",
    id: "s.document_id",
    version: "0",
    money: Some(("d.currency", "s.balance_minor")),
    found: None,
    words: &[
        "a.number",
        "v.name",
        "d.number",
        "p.decline_code",
        "v.emails",
        EMAILS_SINCE,
        "d.po_number",
        "d.currency",
        "coalesce(m.display, '')",
        "iif(p.id IS NULL, '', printf('P-%06d', p.id))",
    ],
    fields: &[
        (Field::Group, Ask::Word(GROUP, GROUPS)),
        (Field::Status, Ask::Word(STATE, STATES)),
        (Field::Due, Ask::Day("s.due_on")),
        (Field::Balance, Ask::Amount("s.balance_minor", "d.currency")),
        (Field::Currency, Ask::Currency("d.currency")),
        (Field::Account, Ask::Same("a.number")),
        (Field::Run, Ask::Id("p.run_id", "PR")),
        (Field::Error, Ask::Part("p.decline_code")),
        (Field::Note, Ask::Part(NOTES_OF)),
        (Field::Ref, Ask::Part(REFERENCES_OF)),
    ],
    orders: &[
        Order { sort: Sort::Due, by: "s.due_on", descending: false },
        Order { sort: Sort::Largest, by: "s.balance_minor", descending: true },
        Order { sort: Sort::Account, by: "a.number", descending: false },
        Order { sort: Sort::Customer, by: "v.name", descending: false },
        Order { sort: Sort::Newest, by: "s.document_id", descending: true },
    ],
};

fn map(row: &Row<'_>, key: Key) -> Result<FailedRow, StoreError> {
    Ok(FailedRow {
        id: DocumentId(key.id),
        key,
        number: row.get::<Option<String>>(2)?.unwrap_or_default(),
        account_id: AccountId(row.get(3)?),
        account: row.get(4)?,
        customer: row.get(5)?,
        balance: money(row, 6, 7)?,
        due_on: word(row, 8, |t| t.parse().ok())?,
        payment: row.get::<Option<i64>>(9)?.map(PaymentId),
        payment_status: row.get(10)?,
        decline_code: row.get(11)?,
        reply: row.get(12)?,
        attempts: row.get(13)?,
        method: row.get(14)?,
        next_retry_at: row.get(15)?,
        group: row.get(16)?,
        state: row.get(17)?,
        promised_on: row.get(18)?,
        auto_pay_off: row.get(19)?,
        barred: row.get(20)?,
        disputed: row.get(21)?,
        plan: row.get::<Option<i64>>(22)?.map(PlanId),
        case: row.get::<Option<i64>>(23)?.map(CaseId),
    })
}

/// One part of the list.
pub fn page(db: &Db<'_>, args: &ListArgs) -> Result<Page<FailedRow>, ReadError> {
    super::page(db, &SPEC, args, map)
}

/// What can be typed next behind `/`.
pub fn fitting(db: &Db<'_>, filter: &Filter, of: Option<Field>) -> Result<Vec<Fit>, ReadError> {
    super::fitting(db, &SPEC, filter, of)
}

/// How many match, with what they owe. Of all, of what was due before a day, and of what failed, it is kept.
pub fn totals(db: &Db<'_>, filter: &Filter) -> Result<Totals, ReadError> {
    match filter.plain().as_deref() {
        Some([]) => return Ok(tally::owed(db)?.into()),
        Some([(Field::Due, Cmp::Less, day)]) => {
            if let Ok(day) = day.parse() {
                return Ok(tally::owed_before(db, day)?.into());
            }
        }
        Some([(Field::Status, Cmp::Is, state)]) if state.eq_ignore_ascii_case("failed") => {
            if let Some(failed) = collectible::failed(db)? {
                return Ok(failed.into());
            }
        }
        _ => {}
    }
    super::totals(db, &SPEC, filter)
}

/// All that match, for marking.
pub fn marks(db: &Db<'_>, filter: &Filter) -> Result<Vec<Marked>, ReadError> {
    super::marks(db, &SPEC, filter)
}

/// Those of some rows that match.
pub fn within(db: &Db<'_>, filter: &Filter, ids: &[i64]) -> Result<Vec<Marked>, ReadError> {
    super::within(db, &SPEC, filter, ids)
}

/// By what to do next, by error or currency.
pub fn groups(db: &Db<'_>, filter: &Filter, by: Field) -> Result<Vec<Group>, ReadError> {
    let name = match by {
        Field::Group => GROUP,
        Field::Error => "coalesce(p.decline_code, '')",
        _ => "d.currency",
    };
    super::groups(db, &SPEC, filter, name, by)
}

/// What a retry or a look-up of marked rows takes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tries {
    pub payments: Vec<PaymentId>,
    /// What is open on their invoices, minor units.
    pub money: Purse,
    /// Marked rows it leaves out, by reason.
    pub left_out: Vec<(String, i64)>,
}

/// Sorts marked open invoices into what a deed takes and what it leaves out.
pub fn tries(db: &Db<'_>, ids: &[DocumentId], by: NextAction) -> Result<Tries, ReadError> {
    let sql = format!(
        "SELECT p.id, d.currency, s.balance_minor, {GROUP}, {STATE} FROM {} \
         WHERE s.document_id = ?1 AND {}",
        SPEC.narrow, SPEC.base
    );
    let mut out = Tries::default();
    let mut payments = BTreeSet::new();
    let mut left = BTreeMap::new();
    for id in ids {
        let row = db.opt(&sql, [id.0], |r| {
            let words: (String, String) = (r.get(3)?, r.get(4)?);
            Ok((r.get::<Option<i64>>(0)?, money(r, 1, 2)?, words))
        })?;
        let Some((payment, money, (group, state))) = row else {
            *left.entry("paid meanwhile").or_insert(0) += 1;
            continue;
        };
        match (payment, why_not(by, payment.is_some(), &group, &state)) {
            (Some(payment), None) => {
                payments.insert(PaymentId(payment));
                out.money.add(money).map_err(StoreError::from)?;
            }
            (_, why) => *left.entry(why.unwrap_or("never tried")).or_insert(0) += 1,
        }
    }
    out.payments = payments.into_iter().collect();
    out.left_out = left.into_iter().map(|(why, n): (&str, i64)| (why.to_owned(), n)).collect();
    Ok(out)
}

/// Why a deed leaves a row out.
fn why_not(by: NextAction, tried: bool, group: &str, state: &str) -> Option<&'static str> {
    if by == NextAction::LookUp {
        return (group != "look_up").then_some("whose outcome is known");
    }
    Some(match (group, state) {
        _ if !tried => "never tried: a payment run takes them",
        (_, "promised") => "promised",
        (_, "instalments") => "paid in instalments",
        (_, "agency") => "with an agency",
        (_, "stopped") => "whose account is with an agency",
        (_, "insolvent") => "whose account is insolvent",
        (_, "deceased") => "whose customer has died",
        (_, "disputed") => "disputed",
        ("retry_later", _) => return None,
        ("look_up", _) => "of unknown outcome: look them up (i)",
        ("new_method", _) => "that need another method (M)",
        ("ask_mandate", _) => "that need a mandate",
        ("ask_customer", _) => "that the customer confirms first; then one by one",
        ("gave_up", _) => "given up: M, c or m",
        _ => "on their way, or not declined",
    })
}
