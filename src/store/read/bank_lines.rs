//! Lines of banks: what each is, and what of it is nobody's.

use super::{
    Ask, Field, Filter, Fit, Group, Key, ListArgs, ListRow, Marked, Order, Page, ReadError, Sort,
    Spec, Totals,
};
use crate::domain::bank::{LineState, Rule};
use crate::domain::ids::LineId;
use crate::domain::money::Money;
use crate::store::face::Row;
use crate::store::{Db, StoreError, money, word};
use chrono::NaiveDate;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BankLineRow {
    pub id: LineId,
    /// Where it stands in the list.
    pub key: Key,
    /// The bank account, by name.
    pub bank: String,
    /// The day on which it counts here.
    pub booked_on: NaiveDate,
    /// Before charges; below zero = money out.
    pub amount: Money,
    /// What of it is nobody's.
    pub unidentified: Money,
    pub state: LineState,
    pub rule: Rule,
    pub payer: String,
    pub text: String,
    /// Whose it is, by number; empty = nobody's.
    pub account: String,
    pub reference: String,
    pub iban: String,
    pub end_to_end: String,
    pub entry_ref: String,
    /// What a person should know of it; empty = nothing.
    pub why: String,
}

impl ListRow for BankLineRow {
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
        Some(self.amount)
    }
    fn is_exception(&self) -> bool {
        self.state.is_open()
    }
}

// CROSS: lines are read in their own order, whatever accounts there are.
pub(super) const SPEC: Spec = Spec {
    columns: "b.name, l.booked_on, b.currency, l.amount_minor, l.unidentified_minor, l.state, l.rule, \
              l.payer, l.text, coalesce(a.number, ''), l.reference, l.iban, l.end_to_end, l.entry_ref, l.why",
    from: "bank_line l CROSS JOIN bank_account b ON b.id = l.bank_account_id \
           LEFT JOIN account a ON a.id = l.account_id",
    narrow: "bank_line l CROSS JOIN bank_account b ON b.id = l.bank_account_id",
    base: "1",
    id: "l.id",
    version: "0",
    money: Some(("b.currency", "l.amount_minor")),
    found: None,
    words: &[
        "l.payer",
        "l.text",
        "l.reference",
        "l.iban",
        "l.end_to_end",
        "l.entry_ref",
        "printf('BL-%06d', l.id)",
        "coalesce(a.number, '')",
    ],
    fields: &[
        (Field::Status, Ask::Word("l.state", LineState::WORDS)),
        (Field::Bank, Ask::Same("b.name")),
        (Field::Account, Ask::Same("a.number")),
        (Field::Currency, Ask::Currency("b.currency")),
        (Field::Amount, Ask::Amount("l.amount_minor", "b.currency")),
        (Field::Day, Ask::Day("l.booked_on")),
        (Field::Payer, Ask::Part("l.payer")),
        (Field::Ref, Ask::Part("l.reference")),
        (Field::Kind, Ask::Word("l.rule", Rule::WORDS)),
    ],
    orders: &[
        Order { sort: Sort::Oldest, by: "l.booked_on", descending: false },
        Order { sort: Sort::Newest, by: "l.id", descending: true },
        Order { sort: Sort::Largest, by: "l.amount_minor", descending: true },
        Order { sort: Sort::Account, by: "coalesce(a.number, '')", descending: false },
    ],
};

fn map(row: &Row<'_>, key: Key) -> Result<BankLineRow, StoreError> {
    Ok(BankLineRow {
        id: LineId(key.id),
        key,
        bank: row.get(2)?,
        booked_on: word(row, 3, |t| t.parse().ok())?,
        amount: money(row, 4, 5)?,
        unidentified: money(row, 4, 6)?,
        state: word(row, 7, LineState::parse)?,
        rule: word(row, 8, Rule::parse)?,
        payer: row.get(9)?,
        text: row.get(10)?,
        account: row.get(11)?,
        reference: row.get(12)?,
        iban: row.get(13)?,
        end_to_end: row.get(14)?,
        entry_ref: row.get(15)?,
        why: row.get(16)?,
    })
}

/// One part of the list.
pub fn page(db: &Db<'_>, args: &ListArgs) -> Result<Page<BankLineRow>, ReadError> {
    super::page(db, &SPEC, args, map)
}

/// What can be typed next behind `/`.
pub fn fitting(db: &Db<'_>, filter: &Filter, of: Option<Field>) -> Result<Vec<Fit>, ReadError> {
    super::fitting(db, &SPEC, filter, of)
}

/// How many match, and what they come to.
pub fn totals(db: &Db<'_>, filter: &Filter) -> Result<Totals, ReadError> {
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

/// By state, bank account, currency or rule.
pub fn groups(db: &Db<'_>, filter: &Filter, by: Field) -> Result<Vec<Group>, ReadError> {
    let name = match by {
        Field::Status => "l.state",
        Field::Bank => "b.name",
        Field::Kind => "l.rule",
        _ => "b.currency",
    };
    super::groups(db, &SPEC, filter, name, by)
}
