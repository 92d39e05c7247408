//! `bank import`: files of banks, statement by statement.

pub use super::book::Outcome;
use super::book::{self, By, Piece, prefixes};
use super::explained::{tell, with_parts};
use super::judged::{Judged, Keys};
use crate::domain::actor::Verb;
use crate::domain::bank::rules::{self, Asked};
use crate::domain::bank::statement::{Detail, Entry, Head, Refusal};
use crate::domain::bank::{LineState, Source, StatementState};
use crate::domain::money::total;
use crate::domain::text::{path as shown, said};
use crate::engine::{Error, Session, Slices};
use crate::import::bank::{BadFile, Seen, Stopped, walk};
use crate::outside;
use crate::store::bank::facts::InBook;
use crate::store::bank::line::{self, NewLine};
use crate::store::bank::statement::{self, NewStatement};
use crate::store::bank::{self, BankAccount};
use crate::store::{Tx, settings};
use std::fs::File;
use std::path::{Path, PathBuf};

/// What is asked.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    pub files: Vec<PathBuf>,
    /// The bank account, by name; none = as each statement says.
    pub account: Option<String>,
    /// What all entries come to, as a person has it from the bank.
    pub control_total: Option<String>,
    pub control_count: Option<usize>,
}

/// What became of a statement.
#[derive(Debug, Clone)]
pub struct StatementDone {
    /// The bank's own name for it, else the bank account and its days.
    pub id: String,
    pub file: PathBuf,
    pub bank: Option<BankAccount>,
    pub source: Source,
    pub added: usize,
    pub known: usize,
    /// Entries that are only announced, or of a preview: not booked.
    pub previews: usize,
    pub refused: Option<Refusal>,
}

/// What became of a call.
#[derive(Debug, Default)]
pub struct Done {
    pub statements: Vec<StatementDone>,
    /// Lines that were added, with their bank account, in their order.
    pub lines: Vec<(BankAccount, Outcome)>,
}

/// Lines that one transaction takes: the lock of the book is short.
const SLICE: usize = 50;

fn open(file: &Path) -> Result<File, Error> {
    outside::open(file).map_err(|source| Error::Io { path: file.to_owned(), source })
}

fn unread(file: &Path, bad: BadFile) -> Error {
    Error::Input {
        file: file.to_owned(),
        line: (bad.line > 0).then_some(bad.line),
        column: (!bad.field.is_empty()).then_some(bad.field),
        message: bad.message,
        hint: bad.hint,
    }
}

/// A reading that ended early is the file's fault, or that of who took what it held.
fn ended(file: &Path, stopped: Stopped<Error>) -> Error {
    match stopped {
        Stopped::File(bad) => unread(file, bad),
        Stopped::Taker(error) => error,
    }
}

/// Reads files; what is wrong with one, or with a statement in it, keeps no other from being read.
pub fn import(session: &mut Session, wanted: &Wanted) -> Result<Done, Error> {
    session.store.read(|db| {
        crate::store::role::authorize(db, &session.actor, Verb::OutsidePayment)?;
        Ok::<_, Error>(())
    })?;
    let named = match &wanted.account {
        None => None,
        Some(name) => Some(session.read(|db| bank::named(db, name))?.ok_or_else(|| {
            let hint = "daybook bank account add NAME --currency C";
            Error::usage("unknown_bank_account", format!("there is no bank account {name}"), hint)
        })?),
    };
    let mut files = Vec::new();
    for file in &wanted.files {
        match judge(session, file, named.as_ref()) {
            Ok(all) => files.push((file.clone(), all)),
            Err(error @ Error::Input { .. }) if wanted.files.len() > 1 => {
                files.push((file.clone(), vec![unreadable(session, error)?]));
            }
            Err(error) => return Err(error),
        }
    }
    control(&mut files, wanted)?;
    let mut done = Done::default();
    for (file, judged) in files {
        book_file(session, &file, judged, &mut done)?;
    }
    Ok(done)
}

/// A file that cannot be read stands as a statement that is refused.
fn unreadable(session: &Session, error: Error) -> Result<Judged, Error> {
    let head = Head {
        source: Source::Csv,
        name: String::new(),
        sequence: None,
        account: String::new(),
        currency: None,
        from: None,
        to: None,
        opening: None,
        closing: None,
    };
    let now = session.now()?;
    let mut judged = session.read(|db| Judged::begin(db, head, None, now))?;
    judged.refused = Some(Refusal::new("bad_input", error.to_string()));
    Ok(judged)
}

/// Reads a file through and judges each of its statements; nothing is booked.
fn judge(
    session: &Session,
    file: &Path,
    named: Option<&BankAccount>,
) -> Result<Vec<Judged>, Error> {
    let now = session.now()?;
    let mut all: Vec<Judged> = Vec::new();
    let mut take = |seen: Seen| -> Result<(), Error> {
        match seen {
            Seen::Head(head) => {
                all.push(session.read(|db| Judged::begin(db, *head, named, now))?);
            }
            Seen::Entry(raw) => {
                let Some(of) = all.last_mut().filter(|of| of.refused.is_none()) else {
                    return Ok(());
                };
                match raw.read(of.sums.currency) {
                    Err(why) => of.refuse(why),
                    Ok(entry) => {
                        if of.add(entry, now.today) {
                            session.read(|db| of.look_up(db))?;
                        }
                    }
                }
            }
            Seen::Preview => all.last_mut().into_iter().for_each(|of| of.previews += 1),
            Seen::Bad(why) => all.last_mut().into_iter().for_each(|of| of.refuse(why.clone())),
            Seen::End { .. } => {
                if let Some(of) = all.last_mut() {
                    session.read(|db| of.end(db))?;
                }
            }
        }
        Ok(())
    };
    walk(open(file)?, &mut take).map_err(|stopped| ended(file, stopped))?;
    Ok(all)
}

/// That all entries come to what a person has from the bank.
fn control(files: &mut [(PathBuf, Vec<Judged>)], wanted: &Wanted) -> Result<(), Error> {
    if wanted.control_total.is_none() && wanted.control_count.is_none() {
        return Ok(());
    }
    let all: Vec<&Judged> = files
        .iter()
        .flat_map(|(_, all)| all)
        .filter(|j| j.is_booked() && j.bank.is_some())
        .collect();
    let Some(currency) = all.first().map(|j| j.sums.currency) else { return Ok(()) };
    if all.iter().any(|j| j.sums.currency != currency) {
        let hint = "read the statements of each currency by themselves";
        return Err(Error::usage("other_currency", "a control total is of one currency", hint));
    }
    let net = total(all.iter().map(|j| j.sums.total))?;
    let gross = total(all.iter().map(|j| j.sums.gross))?;
    let entries: i64 = all.iter().map(|j| j.sums.entries).sum();
    let parts: usize = all.iter().map(|j| j.parts).sum();
    let mut wrong = Vec::new();
    if let Some(text) = &wanted.control_total {
        let said = currency.parse_minor(text).map_err(|why| {
            Error::usage(
                "bad_amount",
                format!("{text:?}: {why}"),
                "write it plainly, such as 120.50",
            )
        })?;
        if said != net && said != gross {
            let (said, net) = (currency.plain(said), currency.plain(net));
            wrong
                .push(format!("the control total is {said}, the entries come to {net} {currency}"));
        }
    }
    if let Some(count) = wanted.control_count
        && i64::try_from(count).ok() != Some(entries)
        && count != parts
    {
        wrong.push(format!("{count} entries are announced, {entries} are there"));
    }
    if !wrong.is_empty() {
        let why = Refusal::new("statement_does_not_add_up", wrong.join("; "));
        files.iter_mut().flat_map(|(_, all)| all).for_each(|j| j.refuse(why.clone()));
    }
    Ok(())
}

fn name_of(judged: &Judged) -> String {
    if !judged.head.name.is_empty() {
        return said(&judged.head.name, 100);
    }
    let bank = judged.bank.as_ref().map_or(judged.head.account.as_str(), |bank| &bank.name);
    format!("{} {} to {}", said(bank, 60), judged.from, judged.to)
}

/// Books what was judged sound.
fn book_file(
    session: &mut Session,
    file: &Path,
    judged: Vec<Judged>,
    done: &mut Done,
) -> Result<(), Error> {
    let mut books: Vec<Option<Booking>> = Vec::new();
    for mut one in judged {
        let booked = one.is_booked();
        let mut row = StatementDone {
            id: name_of(&one),
            file: file.to_owned(),
            bank: one.bank.clone(),
            source: one.head.source,
            added: 0,
            known: if booked { one.known } else { 0 },
            previews: one.previews + if booked { 0 } else { one.parts },
            refused: one.refused.clone(),
        };
        let at = done.statements.len();
        let booking = match one.bank.clone() {
            Some(bank) if one.refused.is_none() && booked => {
                let booking = Booking::of(session, &one, bank, (file, at))?;
                if booking.is_none() {
                    row.known = one.parts;
                }
                booking
            }
            Some(_) | None => None,
        };
        done.statements.push(row);
        if let (Some(bank), None) = (&one.bank, &one.refused) {
            let made = tell(session, bank, std::mem::take(&mut one.told))?;
            done.lines.extend(made.into_iter().map(|outcome| (bank.clone(), outcome)));
        }
        books.push(booking);
    }
    if books.iter().all(Option::is_none) {
        return Ok(());
    }
    let mut next = books.into_iter();
    let mut now: Option<Booking> = None;
    let mut take = |seen: Seen| -> Result<(), Error> {
        match seen {
            Seen::Head(_) => now = next.next().flatten(),
            Seen::Entry(raw) => {
                if let Some(booking) = &mut now {
                    let entry = raw.read(booking.bank.currency).map_err(changed)?;
                    booking.waiting.push(entry);
                    if booking.waiting.len() >= SLICE {
                        booking.slice(session, done, false)?;
                    }
                }
            }
            Seen::End { .. } => {
                if let Some(mut booking) = now.take() {
                    booking.slice(session, done, true)?;
                }
            }
            Seen::Preview | Seen::Bad(_) => {}
        }
        Ok(())
    };
    walk(open(file)?, &mut take).map_err(|stopped| ended(file, stopped))
}

/// The file is another one than the one that was judged.
fn changed(why: Refusal) -> Error {
    Error::usage(
        "file_changed",
        format!("the file changed while it was read: {why}"),
        "read it again",
    )
}

/// A statement on its way into the book.
struct Booking {
    bank: BankAccount,
    new: NewStatement,
    /// Its row, once it has one.
    id: Option<i64>,
    keys: Keys,
    waiting: Vec<Entry>,
    deed: Slices,
    /// Where it stands among those of the call.
    at: usize,
    parts: usize,
    tolerance: i64,
    prefixes: Vec<String>,
}

impl Booking {
    /// None where all that it says is in the book.
    fn of(
        session: &Session,
        judged: &Judged,
        bank: BankAccount,
        (file, at): (&Path, usize),
    ) -> Result<Option<Self>, Error> {
        let hash = judged.sums.hash(judged.opening, judged.closing, &judged.head);
        let there = session.read(|db| statement::of_content(db, bank.id, &hash))?;
        if matches!(there, Some((_, StatementState::Read))) {
            return Ok(None);
        }
        let config = session.read(settings::load)?;
        let new = NewStatement {
            bank_account: bank.id,
            name: name_of(judged),
            source: judged.head.source,
            sequence: judged.head.sequence,
            from: judged.from,
            to: judged.to,
            opening_minor: judged.opening,
            closing_minor: judged.closing,
            entries: judged.sums.entries,
            total_minor: judged.sums.total,
            hash,
            file: said(&shown(file), 200),
        };
        Ok(Some(Self {
            tolerance: config.tolerance(bank.currency),
            prefixes: prefixes(&config),
            bank,
            new,
            id: None,
            keys: Keys::default(),
            waiting: Vec::new(),
            deed: Slices::default(),
            at,
            parts: judged.parts,
        }))
    }

    /// Books what waits, in one transaction.
    fn slice(&mut self, session: &mut Session, done: &mut Done, last: bool) -> Result<(), Error> {
        let waiting = std::mem::take(&mut self.waiting);
        let mut deed = std::mem::take(&mut self.deed);
        let (id, made) = session.write_on(&mut deed, Verb::OutsidePayment, |tx| {
            let id = match self.id {
                Some(id) => id,
                None => statement::begin(tx, &self.new)?,
            };
            let mut made = Vec::new();
            for entry in waiting {
                let entry = with_parts(tx, &self.bank, entry)?;
                let keys = self.keys.of(&entry);
                for (detail, key) in entry.details.iter().zip(keys) {
                    made.extend(self.line(tx, id, (&entry, detail, key))?);
                }
            }
            if last {
                statement::end(tx, id)?;
            }
            let words = format!(
                "statement {} of {}: {} read",
                self.new.name,
                self.bank.name,
                crate::domain::text::counted(made.len(), "line", "lines")
            );
            tx.note(&self.bank.name, words);
            Ok((id, made))
        })?;
        (self.id, self.deed) = (Some(id), deed);
        if let Some(row) = done.statements.get_mut(self.at) {
            row.added += made.len();
            if last {
                row.known = self.parts - row.added;
            }
        }
        done.lines.extend(made.into_iter().map(|outcome| (self.bank.clone(), outcome)));
        Ok(())
    }

    /// Enters a line and books what it is; none where it is known.
    fn line(
        &self,
        tx: &Tx<'_>,
        statement: i64,
        (entry, detail, key): (&Entry, &Detail, String),
    ) -> Result<Option<Outcome>, Error> {
        let on = book::on(tx, entry.on)?;
        let new = NewLine {
            bank_account: self.bank.id,
            statement,
            key,
            entry_ref: said(&entry.reference, 100),
            value_on: entry.on,
            booked_on: on,
            amount_minor: detail.minor,
            charges_minor: detail.charges,
            text: said(&detail.text, 500),
            reference: said(&detail.reference, 140),
            payer: said(&detail.payer, 140),
            iban: said(&detail.iban, 60),
            end_to_end: said(&detail.end_to_end, 100),
            code: said(&detail.code, 40),
        };
        let Some(line) = line::insert(tx, &new)? else { return Ok(None) };
        let book = InBook { db: tx, bank: &self.bank, prefixes: &self.prefixes };
        let asked = Asked { detail, currency: self.bank.currency, on: entry.on };
        let verdict = rules::judge(&book, &asked)?;
        let kept = Detail { iban: new.iban.clone(), ..detail.clone() };
        let piece = Piece {
            line,
            bank: &self.bank,
            detail: &kept,
            on,
            value_on: entry.on,
            from: &self.bank.cash(),
            by: By::Rule,
            tolerance: self.tolerance,
        };
        book::first(tx, &piece, verdict).map(Some)
    }
}

/// How many of the lines that were read are in each state.
pub fn states(done: &Done) -> Vec<(LineState, usize)> {
    let of =
        |state| done.lines.iter().filter(|(_, o)| o.state(LineState::Matched) == state).count();
    LineState::ALL.iter().map(|state| (*state, of(*state))).filter(|(_, n)| *n > 0).collect()
}
