//! The sandbox's own books: one JSON line per event, appended under a kernel lock.
//!
//! Each process keeps an index in memory and reads only what others have appended since. The
//! answer to a caller waits until its line is on the disk; callers that wait at the same time
//! share one fsync.

use crate::domain::decline;
use crate::domain::money::Currency;
use crate::gateway::{ChargeEvent, Moved};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What became of a charge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// Taken.
    Approved,
    /// Taken; the bank will take it back with this code.
    Returning {
        /// Return code.
        then: String,
    },
    /// At the bank; `then` is the code it will come back with, empty = it will go through.
    Submitted {
        /// Return code or empty.
        then: String,
    },
    /// Refused, or returned later.
    Declined { code: String },
    /// Failed with a 500; nothing taken.
    Error,
    /// Never arrived and is not known; kept only because the attempt is used up.
    Lost,
}

impl Fate {
    /// Whether the customer's money is (or will be) here.
    pub fn is_taken(&self) -> bool {
        matches!(self, Self::Approved | Self::Returning { .. } | Self::Submitted { .. })
    }
}

/// One line of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum Record {
    Charge {
        key: String,
        hash: String,
        customer: String,
        token: String,
        amount_minor: i64,
        currency: String,
        at_ms: i64,
        result: Fate,
        reference: String,
    },
    Refund {
        key: String,
        hash: String,
        of: String,
        amount_minor: i64,
        reference: String,
        #[serde(default)]
        at_ms: i64,
    },
    /// The bank's later word; an empty code approves.
    Bank {
        of: String,
        code: String,
        #[serde(default)]
        at_ms: i64,
    },
}

/// A charge as the index knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charge {
    /// The key it was made with.
    pub key: String,
    /// Hash of the body.
    pub hash: String,
    pub amount_minor: i64,
    /// ISO code.
    pub currency: String,
    /// The moment of the call on the sandbox's clock, UTC ms.
    pub at_ms: i64,
    /// What became of it.
    pub result: Fate,
    /// Name at the gateway.
    pub reference: String,
    /// Given back so far, minor units.
    pub refunded_minor: i64,
}

/// A refund as the index knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refund {
    /// Hash of the body.
    pub(super) hash: String,
    /// Name of its charge.
    pub(super) of: String,
    pub(super) amount_minor: i64,
    /// Name at the gateway.
    pub(super) reference: String,
    /// The moment of the call on the sandbox's clock, UTC ms.
    pub(super) at_ms: i64,
}

/// What the file says.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// Charges that arrived, by reference.
    pub(super) charges: HashMap<String, Charge>,
    /// Their references, by key: more than one where the key was forgotten in between.
    by_key: HashMap<String, Vec<String>>,
    /// Refunds by key, oldest first.
    pub(super) refunds: HashMap<String, Vec<Refund>>,
    /// What moved money of charges after their answer, oldest first.
    pub(super) events: Vec<ChargeEvent>,
    /// Number of the next line, from 1.
    pub(super) next: u64,
    attempts: HashMap<(String, String), usize>,
}

impl Index {
    /// How many attempts a customer's token has seen.
    pub(super) fn attempt(&self, customer: &str, token: &str) -> usize {
        // A script of one word needs no count.
        if !token.contains(',') {
            return 0;
        }
        self.attempts.get(&(customer.to_owned(), token.to_owned())).copied().unwrap_or(0)
    }

    /// The charges made with a key, oldest first.
    pub(super) fn of_key(&self, key: &str) -> impl Iterator<Item = &Charge> {
        self.by_key.get(key).into_iter().flatten().filter_map(|r| self.charges.get(r))
    }

    fn apply(&mut self, record: Record) {
        self.next += 1;
        match record {
            Record::Charge {
                key,
                hash,
                customer,
                token,
                amount_minor,
                currency,
                at_ms,
                result,
                reference,
            } => {
                if token.contains(',') {
                    *self.attempts.entry((customer, token)).or_default() += 1;
                }
                if result == Fate::Lost {
                    return;
                }
                self.by_key.entry(key.clone()).or_default().push(reference.clone());
                let charge = Charge {
                    key,
                    hash,
                    amount_minor,
                    currency,
                    at_ms,
                    result,
                    reference: reference.clone(),
                    refunded_minor: 0,
                };
                self.charges.insert(reference, charge);
            }
            Record::Refund { key, hash, of, amount_minor, reference, at_ms } => {
                if let Some(charge) = self.charges.get_mut(&of) {
                    charge.refunded_minor += amount_minor;
                }
                self.moved(&of, Moved::Refunded, (&reference, &key), amount_minor, at_ms);
                let refund = Refund { hash, of, amount_minor, reference, at_ms };
                self.refunds.entry(key).or_default().push(refund);
            }
            Record::Bank { of, code, at_ms } => {
                let taken = self
                    .charges
                    .get(&of)
                    .filter(|c| matches!(c.result, Fate::Approved | Fate::Returning { .. }))
                    .map(|c| c.amount_minor - c.refunded_minor);
                if let Some(left) = taken.filter(|left| *left > 0 && !code.is_empty()) {
                    self.moved(&of, Moved::TakenBack, (&format!("{of} back"), &code), left, at_ms);
                }
                if let Some(charge) = self.charges.get_mut(&of) {
                    charge.result =
                        if code.is_empty() { Fate::Approved } else { Fate::Declined { code } };
                }
            }
        }
    }

    /// Approved charges that the bank takes back by now: reference, code and when.
    pub(super) fn returning(&self, at_ms: i64, after_ms: i64) -> Vec<(String, String, i64)> {
        let mut due: Vec<_> = self
            .charges
            .values()
            .filter_map(|c| match &c.result {
                Fate::Returning { then } if at_ms - c.at_ms >= after_ms => {
                    Some((c.reference.clone(), then.clone(), c.at_ms + after_ms))
                }
                _ => None,
            })
            .collect();
        due.sort_unstable();
        due
    }

    /// Whether the bank has yet to take a charge back.
    pub(super) fn is_returning(&self, reference: &str) -> bool {
        self.charges.get(reference).is_some_and(|c| matches!(c.result, Fate::Returning { .. }))
    }

    /// Notes an event: its name, and the key of a refund or the bank's code.
    fn moved(&mut self, of: &str, kind: Moved, (id, word): (&str, &str), minor: i64, at_ms: i64) {
        let Some(charge) = self.charges.get(of) else { return };
        let Some(currency) = Currency::parse(&charge.currency) else { return };
        let taken = kind == Moved::TakenBack;
        self.events.push(ChargeEvent {
            id: id.to_owned(),
            charge_key: charge.key.clone(),
            kind,
            refund_key: (!taken).then(|| word.to_owned()),
            amount_minor: minor,
            currency,
            at_ms,
            code: if taken { word.to_owned() } else { String::new() },
            words: if taken {
                decline::meaning(word).words
            } else {
                "made at the gateway".to_owned()
            },
        });
    }
}

/// The file and its index.
#[derive(Debug)]
pub(super) struct Ledger {
    inner: Mutex<Inner>,
    /// A second handle on the file for fsync, so that nobody waits for the disk under the lock.
    disk: File,
    synced: Mutex<u64>,
}

#[derive(Debug)]
struct Inner {
    file: File,
    index: Index,
    /// Bytes of the file that the index knows.
    known: u64,
    /// Whether a torn end may be cut off.
    writes: bool,
    /// How much of the file is looked at, bytes.
    most: u64,
}

impl Ledger {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let fresh = !path.exists();
        let file = crate::inside::open(path)?;
        if fresh && let Some(dir) = path.parent().filter(|d| !d.as_os_str().is_empty()) {
            File::open(dir)?.sync_all()?;
        }
        let disk = File::open(path)?;
        let index = Index { next: 1, ..Index::default() };
        let inner = Mutex::new(Inner { file, index, known: 0, writes: true, most: u64::MAX });
        Ok(Self { inner, disk, synced: Mutex::new(0) })
    }

    /// The same, without the right to write, as it was when it had `most` bytes.
    pub(super) fn read_only(path: &Path, most: u64) -> io::Result<Self> {
        let (file, disk) = (File::open(path)?, File::open(path)?);
        let index = Index { next: 1, ..Index::default() };
        let inner = Mutex::new(Inner { file, index, known: 0, writes: false, most });
        Ok(Self { inner, disk, synced: Mutex::new(0) })
    }

    /// Looks at the index, with what other processes have appended.
    pub(super) fn read<T>(&self, look: impl FnOnce(&Index) -> T) -> io::Result<T> {
        let mut inner = hold(&self.inner);
        let Inner { file, index, known, writes, most } = &mut *inner;
        let _locked = Locked::take(file)?;
        catch_up(file, index, known, (*writes, *most))?;
        Ok(look(index))
    }

    /// Decides under the lock and appends what was decided. Returns how long the file must be on
    /// the disk before anybody may hear of it: see [`Self::sync`].
    pub(super) fn write<T>(
        &self,
        decide: impl FnOnce(&Index) -> (T, Option<Record>),
    ) -> io::Result<(T, u64)> {
        let mut inner = hold(&self.inner);
        let Inner { file, index, known, writes, most } = &mut *inner;
        let _locked = Locked::take(file)?;
        catch_up(file, index, known, (*writes, *most))?;
        let (answer, record) = decide(index);
        if let Some(record) = record {
            let mut line = serde_json::to_vec(&record)?;
            line.push(b'\n');
            (&*file).write_all(&line)?;
            *known += line.len() as u64;
            index.apply(record);
        }
        Ok((answer, *known))
    }

    /// Waits until the first `upto` bytes are on the disk. Whoever comes while another one waits
    /// for the disk shares the next fsync.
    pub(super) fn sync(&self, upto: u64) -> io::Result<()> {
        let mut synced = hold(&self.synced);
        if *synced >= upto {
            return Ok(());
        }
        let length = self.disk.metadata()?.len();
        self.disk.sync_data()?;
        *synced = length;
        Ok(())
    }
}

/// A poisoned lock means a thread panicked; the file is the truth and is read again as needed.
fn hold<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The kernel lock on the file, given back when dropped.
struct Locked<'a>(&'a File);

impl<'a> Locked<'a> {
    fn take(file: &'a File) -> io::Result<Self> {
        file.lock()?;
        Ok(Self(file))
    }
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        // Should it fail, closing the file unlocks as well; there is nothing else to do.
        let _ = self.0.unlock();
    }
}

/// Reads what was appended since; a last line without its end is what a dying writer left, and
/// is cut off (we hold the lock, so nobody is writing it).
fn catch_up(
    mut file: &File,
    index: &mut Index,
    known: &mut u64,
    (writes, most): (bool, u64),
) -> io::Result<()> {
    let length = file.metadata()?.len().min(most);
    if length == *known {
        return Ok(());
    }
    if length < *known {
        return Err(io::Error::other("the sandbox ledger became shorter"));
    }
    file.seek(SeekFrom::Start(*known))?;
    let mut tail = Vec::with_capacity(usize::try_from(length - *known).unwrap_or(0));
    file.take(length - *known).read_to_end(&mut tail)?;
    let whole = tail.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
    for line in tail[..whole].split(|b| *b == b'\n').filter(|l| !l.is_empty()) {
        index.apply(serde_json::from_slice(line)?);
    }
    *known += whole as u64;
    if writes && whole < tail.len() {
        file.set_len(*known)?;
    }
    Ok(())
}
