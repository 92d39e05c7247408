//! What the ledger says, read once for every rule about it.

use crate::store::{Db, StoreError};
use std::collections::{BTreeMap, HashMap};

/// What the ledger says.
#[derive(Debug, Default)]
pub struct Ledger {
    /// By transaction, day and currency: debits and credits, where they differ.
    pub(super) unbalanced: BTreeMap<(i64, String, String), (i64, i64)>,
    /// By account: what is owed and what it has to its credit.
    pub(super) accounts: HashMap<i64, (i64, i64)>,
    /// What is owed by document.
    pub(super) documents: HashMap<i64, Owed>,
    /// What is to the credit of each payment, with the last entry of it.
    pub(super) payments: HashMap<i64, (i64, i64)>,
    /// Entries that name nothing they are of: transaction, account, identity.
    pub(super) nameless: Vec<(i64, &'static str, i64)>,
}

/// What is owed on a document.
#[derive(Debug)]
pub(super) struct Owed {
    pub(super) minor: i64,
    /// The last entry, and its day.
    pub(super) last: i64,
    day: Day,
    /// Whether it was below zero after an entry, or an entry is of an earlier day than one before it.
    pub(super) doubtful: bool,
}

/// `YYYY-MM-DD`, in the order of its bytes.
type Day = [u8; 10];

/// One side of a transaction in a currency on a day, while its entries are read.
#[derive(Default)]
struct Group {
    txn: i64,
    day: String,
    currency: String,
    sides: (i64, i64),
}

impl Ledger {
    pub(super) fn read(db: &Db<'_>) -> Result<Self, StoreError> {
        let mut ledger = Self::default();
        let mut group = Group::default();
        let sql =
            "SELECT id, txn, entry_on, currency, account, account_id, document_id, payment_id,
                   debit_minor, credit_minor FROM ledger_entry ORDER BY id";
        db.each(sql, [], |r| {
            let (id, txn): (i64, i64) = (r.get(0)?, r.get(1)?);
            let (day, currency) = (r.text(2)?, r.text(3)?);
            let (debit, credit): (i64, i64) = (r.get(8)?, r.get(9)?);
            if group.txn != txn || group.day != day || group.currency != currency {
                let next = Group { txn, day: day.into(), currency: currency.into(), sides: (0, 0) };
                ledger.keep(std::mem::replace(&mut group, next));
            }
            group.sides.0 = group.sides.0.saturating_add(debit);
            group.sides.1 = group.sides.1.saturating_add(credit);
            let minor = debit.saturating_sub(credit);
            match r.text(4)? {
                "receivable" => {
                    let of = ledger.accounts.entry(r.get(5)?).or_default();
                    of.0 = of.0.saturating_add(minor);
                    match r.get(6)? {
                        Some(document) => ledger.owed(document, (id, day), minor),
                        None => ledger.nameless.push((txn, "receivable", id)),
                    }
                }
                "credit" => {
                    let of = ledger.accounts.entry(r.get(5)?).or_default();
                    of.1 = of.1.saturating_sub(minor);
                    let (document, payment): (Option<i64>, Option<i64>) = (r.get(6)?, r.get(7)?);
                    if let Some(payment) = payment {
                        let of = ledger.payments.entry(payment).or_default();
                        *of = (of.0.saturating_sub(minor), id);
                    } else if document.is_none() {
                        ledger.nameless.push((txn, "credit", id));
                    }
                }
                _ => {}
            }
            Ok(())
        })?;
        ledger.keep(group);
        ledger.unbalanced.retain(|_, (debit, credit)| debit != credit);
        Ok(ledger)
    }

    /// Entries of a transaction lie together, as a rule.
    fn keep(&mut self, group: Group) {
        if group.sides.0 != group.sides.1 {
            let key = (group.txn, group.day, group.currency);
            let sides = self.unbalanced.entry(key).or_default();
            sides.0 = sides.0.saturating_add(group.sides.0);
            sides.1 = sides.1.saturating_add(group.sides.1);
        }
    }

    fn owed(&mut self, document: i64, (id, day): (i64, &str), minor: i64) {
        let owed = self.documents.entry(document).or_insert_with(|| Owed {
            minor: 0,
            last: id,
            day: Day::default(),
            doubtful: false,
        });
        // What is no day is as good as an earlier one.
        let day = Day::try_from(day.as_bytes()).unwrap_or_default();
        owed.minor = owed.minor.saturating_add(minor);
        owed.doubtful |= owed.minor < 0 || owed.day > day;
        (owed.last, owed.day) = (id, day);
    }
}
