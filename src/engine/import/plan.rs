//! What every plan has: counts, refusals, changes.

use super::facts::RowDeed;
use super::second::Judged;
use crate::domain::account::DeliveryPreference;
use crate::domain::ids::DocumentId;
use crate::import::Refused;
use crate::store::{StoreError, Tx, stale};
use chrono::NaiveDate;
use serde::Serialize;

/// How many changes a report and the audit trail show in full.
pub const SHOWN: usize = 100;

/// First day of the first version of anything: before all that is billed.
pub const ALWAYS: NaiveDate = crate::import::tax::ALWAYS;

/// One value that an import changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The natural key of the row.
    pub key: String,
    pub column: &'static str,
    /// As it is in the book.
    pub old: String,
    /// As the file has it.
    pub new: String,
    /// Line of the file; 0 where nothing may make the row wait.
    #[serde(skip)]
    pub line: u64,
    /// First day of the new value; none = from the beginning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<NaiveDate>,
}

impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown = |t: &str| if t.is_empty() { "(empty)".to_owned() } else { t.to_owned() };
        write!(f, "{} {}: {} → {}", self.key, self.column, shown(&self.old), shown(&self.new))?;
        match self.from {
            Some(day) => write!(f, " from {day}"),
            None => Ok(()),
        }
    }
}

/// The differing columns of two rows.
pub fn differences(
    key: &str,
    old: Vec<(&'static str, String)>,
    new: Vec<(&'static str, String)>,
    from: NaiveDate,
) -> Vec<Change> {
    let from = Some(from).filter(|day| *day != ALWAYS);
    old.into_iter()
        .zip(new)
        .filter(|(o, n)| o.1 != n.1)
        .map(|((column, old), (_, new))| Change {
            key: key.to_owned(),
            column,
            old,
            new,
            line: 0,
            from,
        })
        .collect()
}

/// The changes of a row that may have to wait.
pub fn of_line(line: u64, mut changes: Vec<Change>) -> Vec<Change> {
    for change in &mut changes {
        change.line = line;
    }
    changes
}

/// How many rows of each sort.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counts {
    /// Not in the book.
    pub added: usize,
    /// Otherwise in the book.
    pub changed: usize,
    /// As in the book.
    pub same: usize,
}

/// How the accounts that say nothing of it are delivered to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Defaults {
    /// By e-mail: they have an address.
    pub email: usize,
    /// By print: they have a postal address alone.
    pub print: usize,
    /// Not at all: they have neither.
    pub none: usize,
}

impl Counts {
    /// Adds those of more rows.
    pub fn add(&mut self, more: Self) {
        self.added += more.added;
        self.changed += more.changed;
        self.same += more.same;
    }
}

impl Defaults {
    /// Adds those of more accounts.
    pub fn sum(&mut self, more: Self) {
        self.email += more.email;
        self.print += more.print;
        self.none += more.none;
    }

    /// Counts one account.
    pub fn add(&mut self, delivery: DeliveryPreference) {
        match delivery {
            DeliveryPreference::Email | DeliveryPreference::Both => self.email += 1,
            DeliveryPreference::Print => self.print += 1,
            // Nobody gets these without saying so.
            DeliveryPreference::Network | DeliveryPreference::NetworkEmail => {}
            DeliveryPreference::None => self.none += 1,
        }
    }
}

/// What every plan collects while it compares.
#[derive(Debug, Default)]
pub struct Findings {
    /// How many rows of each sort.
    pub counts: Counts,
    /// Rows that the book speaks against.
    pub refused: Vec<Refused>,
    /// Old and new values.
    pub changes: Vec<Change>,
    /// Charges billed already whose price, dates or periods change.
    pub billed_charges: u64,
    /// Accounts whose delivery is the default.
    pub defaults: Defaults,
    /// What the next bill run bills for accounts that are active again.
    pub back_billing: Vec<String>,
    /// What a second person may have to confirm.
    pub deeds: Vec<RowDeed>,
    /// What becomes of each row, in their order.
    pub fates: Vec<Fate>,
}

/// What an import does with a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Nothing: the book has it, or it is refused.
    Stays,
    /// It is new.
    Comes,
    /// It changes what the book has.
    Changes,
}

impl Findings {
    /// The next row is looked at.
    pub fn begin(&mut self) {
        self.fates.push(Fate::Stays);
    }

    /// It is new.
    pub fn comes(&mut self) {
        self.counts.added += 1;
        self.fate(Fate::Comes);
    }

    /// It says something else than the book.
    pub fn amends(&mut self) {
        self.counts.changed += 1;
        self.fate(Fate::Changes);
    }

    fn fate(&mut self, fate: Fate) {
        if let Some(last) = self.fates.last_mut() {
            *last = fate;
        }
    }
}

/// A plan that can be written.
pub trait Merge {
    /// What was found.
    fn findings(&self) -> &Findings;
    /// The same, to take what is no longer needed for writing.
    fn findings_mut(&mut self) -> &mut Findings;
    /// Writes what `judged` lets in; `import_id` is the file's row.
    fn merge(&self, tx: &Tx<'_>, import_id: i64, judged: &Judged) -> Result<(), StoreError>;
}

/// Marks drafts stale with the changes of one row, in words.
pub fn mark_stale(
    tx: &Tx<'_>,
    drafts: Vec<DocumentId>,
    changes: &[Change],
) -> Result<(), StoreError> {
    if drafts.is_empty() {
        return Ok(());
    }
    let words: Vec<String> = changes.iter().map(ToString::to_string).collect();
    for draft in drafts {
        stale::mark(tx, draft, &words.join("; "))?;
    }
    Ok(())
}
