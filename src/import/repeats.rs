//! Rows of one file that speak of the same thing: found without keeping the file in memory.

use super::field::Refused;
use super::once::Settled;
use super::reader::Reader;
use super::rows::Rows;
use super::runs::Runs;
use crate::domain::text::canonical;
use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::io::Read;

/// What the rows of a file say twice.
#[derive(Debug, Default)]
pub struct Repeats {
    /// Rows that the file has, blank lines aside.
    pub rows: usize,
    /// Of rows whose key stands in others too.
    settled: Settled,
    /// The keys that stand in several rows, or read like others of the file.
    alike: HashSet<u64>,
    forms: RandomState,
}

impl Repeats {
    /// Reads a file by its keys; `open` begins it anew. In files whose keys follow each other in some
    /// order this takes no memory, else 8 bytes a row.
    pub fn of<R: Read>(mut open: impl FnMut() -> Result<R, Refused>) -> Result<Self, Refused> {
        let mut runs = Runs::default();
        let mut told = true;
        let mut look = |key: &str| {
            told = runs.take(canonical(key).as_bytes());
            told
        };
        let rows = Reader::open(open()?)?.keys(&mut look)?;
        if told {
            return Ok(Self { rows, ..Self::default() });
        }
        let forms = RandomState::new();
        let mut all = Vec::new();
        let mut note = |key: &str| {
            all.push(forms.hash_one(&*canonical(key)));
            true
        };
        let rows = Reader::open(open()?)?.keys(&mut note)?;
        all.sort_unstable();
        let twice = all.windows(2).filter_map(|pair| match pair {
            [one, other] if one == other => Some(*one),
            _ => None,
        });
        let alike: HashSet<u64> = twice.collect();
        drop(all);
        if alike.is_empty() {
            return Ok(Self { rows, ..Self::default() });
        }
        let among = |key: &str| alike.contains(&forms.hash_one(&*canonical(key)));
        let settled = Reader::open(open()?)?.settle(among)?;
        Ok(Self { rows, settled, alike, forms })
    }

    /// Rows that are refused since their key stands in another row with other content.
    pub fn refused(&self) -> &[Refused] {
        &self.settled.refused
    }

    /// How many rows say again what a row before them says.
    pub fn repeated(&self) -> usize {
        self.settled.repeated
    }

    /// Takes the rows away of which another one is taken, or none.
    pub fn thin(&self, rows: &mut Rows) {
        if !self.settled.out.is_empty() {
            rows.leave_out(&self.settled.out);
        }
    }

    /// Whether another number of the file may read like this one.
    pub fn may_be_alike(&self, number: &str) -> bool {
        !self.alike.is_empty() && self.alike.contains(&self.forms.hash_one(&*canonical(number)))
    }
}
