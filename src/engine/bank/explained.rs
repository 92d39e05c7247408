//! camt.054 explains entries of a statement: what each customer sent. Where the entry is read already and
//! nobody's, its parts are matched now; else they are kept until it comes.

use super::book::{Outcome, prefixes};
use super::hand::become_one;
use crate::domain::actor::Verb;
use crate::domain::bank::LineState;
use crate::domain::bank::rules::{self, Asked, Found};
use crate::domain::bank::statement::{Detail, Entry};
use crate::domain::ids::LineId;
use crate::engine::{Error, Session};
use crate::store::bank::facts::InBook;
use crate::store::bank::line::{self, LineRow};
use crate::store::bank::{BankAccount, detail as kept};
use crate::store::{Db, StoreError, Tx, settings};

/// An entry with the parts that were told of it before, where it says none itself.
pub(super) fn with_parts(
    db: &Db<'_>,
    bank: &BankAccount,
    entry: Entry,
) -> Result<Entry, StoreError> {
    let [only] = entry.details.as_slice() else { return Ok(entry) };
    let says = [&only.text, &only.reference, &only.iban, &only.end_to_end];
    if entry.reference.is_empty() || says.iter().filter(|text| !text.is_empty()).count() > 1 {
        return Ok(entry);
    }
    let details = kept::of(db, bank.id, &entry.reference, entry.minor)?;
    Ok(if details.is_empty() { entry } else { Entry { details, ..entry } })
}

/// Takes what a notification tells of entries: what became of lines that were there.
pub(super) fn tell(
    session: &mut Session,
    bank: &BankAccount,
    told: Vec<Entry>,
) -> Result<Vec<Outcome>, Error> {
    let mut all = Vec::new();
    for entry in told.into_iter().filter(|entry| !entry.reference.is_empty()) {
        let made = session.write(Verb::OutsidePayment, |tx| {
            let there = line::of_entry(tx, bank.id, &entry.reference)?;
            match there.as_slice() {
                [] => {
                    let of = (entry.reference.as_str(), entry.minor);
                    kept::keep(tx, bank.id, of, &entry.details)?;
                    tx.note(&bank.name, format!("details of entry {} kept", entry.reference));
                    Ok(Vec::new())
                }
                [one] if whole(one, &entry) => parts(tx, bank, one.id, &entry.details),
                [_, ..] => {
                    tx.quiet();
                    Ok(Vec::new())
                }
            }
        })?;
        all.extend(made);
    }
    Ok(all)
}

/// Whether a line is a whole entry that nobody knows anything of.
fn whole(row: &LineRow, entry: &Entry) -> bool {
    row.state == LineState::Unidentified
        && row.charges_minor == 0
        && row.amount_minor == entry.minor
        && entry.details.iter().all(|d| d.charges == 0)
}

/// Matches each part of a line that was nobody's.
fn parts(
    tx: &Tx<'_>,
    bank: &BankAccount,
    id: LineId,
    details: &[Detail],
) -> Result<Vec<Outcome>, Error> {
    let prefixes = prefixes(&settings::load(tx)?);
    let mut made = Vec::new();
    for part in details {
        let row = line::get(tx, id)?;
        let book = InBook { db: tx, bank, prefixes: &prefixes };
        let asked = Asked { detail: part, currency: bank.currency, on: row.value_on };
        let verdict = rules::judge(&book, &asked)?;
        if matches!(verdict.found, Found::Nobody) {
            continue;
        }
        let said = Detail { minor: part.minor, charges: 0, ..part.clone() };
        made.push(become_one(tx, &row, (&said, part.minor), verdict)?);
    }
    tx.note(id, format!("{id}: {} of its parts are known now", made.len()));
    Ok(made)
}
