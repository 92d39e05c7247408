//! One file: compared with the book outside the lock, written inside it. A small one is read once; of
//! a large one no more than a part is in memory, and it is read again where it is written.

use super::facts::{FileFacts, Options};
use super::fates::Fates;
use super::names::Memory;
use super::plan::{self, Change, Defaults, Fate, Findings, Merge};
use super::report::FileReport;
use super::second::{self, Judge, Judged};
use super::source::Source;
use super::{accounts, charges, fx, methods, open_items, subscriptions, taxes, usage};
use crate::clock::Now;
use crate::domain::actor::Actor;
use crate::domain::text;
use crate::engine::{Error, Session};
use crate::import::{Kind, Refused, Repeats, Rows};
use crate::store::{self, Db, Op, StoreError, Topic, Tx, deed, operation};
use chrono::NaiveDate;
use std::time::{Duration, Instant};

/// Rows that are compared and written at a time. A file of fewer is kept as it was read.
const PART: usize = 5_000;

/// From more rows on, those who wait for the lock are told of it.
pub(super) const LONG: usize = 20_000;

/// How often a file is compared outside the lock before it is compared inside.
const TRIES: u32 = 3;

/// A file with what is to be done with it.
pub(super) struct Staged<'f> {
    pub(super) file: FileFacts,
    source: &'f Source,
    options: &'f Options,
    body: Body,
}

enum Body {
    /// All its rows.
    Whole(Rows),
    /// It is read part by part.
    Long(Repeats),
}

impl<'f> Staged<'f> {
    /// Reads a file; one that is no good as a whole is told why.
    pub(super) fn of(
        source: &'f Source,
        options: &'f Options,
    ) -> Result<Result<Self, Refused>, Error> {
        let body = || {
            let mut reader = source.reader()?;
            let mut rows = reader.next(PART)?;
            if !reader.ended() {
                return Ok((rows.kind(), Body::Long(Repeats::of(|| source.open())?)));
            }
            rows.once_each();
            Ok((rows.kind(), Body::Whole(rows)))
        };
        let (kind, body) = match body() {
            Ok(read) => read,
            Err(fault) => return Ok(Err(fault)),
        };
        let file = FileFacts { name: source.name(), kind, hash: source.hash()? };
        Ok(Ok(Self { file, source, options, body }))
    }

    /// Hands over the rows, part by part; not those of a key that several have.
    fn each_part(&self, mut take: impl FnMut(Rows) -> Result<(), Error>) -> Result<(), Error> {
        let Body::Long(repeats) = &self.body else { return Ok(()) };
        let bad = |fault| self.source.fault(fault);
        let mut reader = self.source.reader().map_err(bad)?;
        while !reader.ended() {
            let mut rows = reader.next(PART).map_err(bad)?;
            repeats.thin(&mut rows);
            take(rows)?;
        }
        self.source.unchanged()
    }

    fn plan<'r>(
        &self,
        db: &Db<'_>,
        rows: &'r Rows,
        today: NaiveDate,
        memory: &mut Memory<'_>,
    ) -> Result<Box<dyn Merge + 'r>, StoreError> {
        let (cutover, repeats) = (self.source.cutover, self.options.allow_repeats);
        Ok(match rows {
            Rows::Taxes(table) => Box::new(taxes::plan(db, table)?),
            Rows::FxRates(table) => Box::new(fx::plan(db, table)?),
            Rows::Accounts(table) => Box::new(accounts::plan(db, table, today, memory)?),
            Rows::PaymentMethods(table) => Box::new(methods::plan(db, table, memory)?),
            Rows::Subscriptions(table) => Box::new(subscriptions::plan(db, table, memory)?),
            Rows::Charges(table) => Box::new(charges::plan(db, table, memory)?),
            Rows::OpenItems(table) => Box::new(open_items::plan(db, table, cutover, memory)?),
            Rows::Usage(table) => Box::new(usage::plan(db, table, repeats, memory)?),
        })
    }

    /// Compares every row with the book.
    fn compare(&self, db: &Db<'_>, actor: &Actor, now: Now) -> Result<Compared<'_>, Error> {
        let confirms = self.source.confirms.as_ref().map(|(id, _)| *id);
        let judge = Judge::of(db, actor, &self.file, now.at_ms, confirms)?;
        let mut sum = Sum { judge, found: Findings::default(), rows: 0, fates: Fates::default() };
        let quiet = sum.judge.so_far().request().is_none() && !deed::heeded(db)?;
        let mut memory = Memory { quiet, ..Memory::default() };
        let (mut kept, mut repeated) = (None, 0);
        match &self.body {
            Body::Whole(rows) => {
                let mut plan = self.plan(db, rows, now.today, &mut memory)?;
                sum.take(db, rows, plan.findings_mut())?;
                repeated = rows.repeated();
                kept = Some(plan);
            }
            Body::Long(repeats) => {
                memory.repeats = Some(repeats);
                sum.found.refused.extend_from_slice(repeats.refused());
                repeated += repeats.repeated();
                self.each_part(|rows| {
                    let mut plan = self.plan(db, &rows, now.today, &mut memory)?;
                    Ok(sum.take(db, &rows, plan.findings_mut())?)
                })?;
            }
        }
        let Sum { judge, mut found, rows, fates } = sum;
        let judged = judge.done();
        found.refused.extend_from_slice(&judged.refused);
        found.refused.sort_by_key(|r| r.line);
        found.changes.retain(|c| !judged.stays_out(c.line));
        found.changes.truncate(plan::SHOWN);
        Ok(Compared { found, judged, rows, repeated, fates, kept })
    }

    /// Writes what goes in and asks for the rest.
    fn record(
        &self,
        tx: &Tx<'_>,
        compared: &mut Compared<'_>,
        report: &mut FileReport,
    ) -> Result<(), Error> {
        let (file, rows) = (&self.file, compared.rows);
        let id = store::usage::insert_file(tx, &file.name, file.kind.as_str(), &file.hash, rows)?;
        match &compared.kept {
            Some(plan) => plan.merge(tx, id, &compared.judged)?,
            None => self.merge(tx, id, compared)?,
        }
        tx.seconded_by(None);
        tx.note(
            &file.name,
            format!(
                "{}: {} added, {} changed, {} unchanged{}",
                file.kind,
                report.added,
                report.changed,
                compared.found.counts.same,
                compared.judged.words()
            ),
        );
        tx.detail(&serde_json::json!({ "sha256": file.hash, "changes": report.changes }));
        second::ask(tx, file, self.source, &mut compared.judged)?;
        report.request = compared.judged.request();
        Ok(())
    }

    /// Reads the file again and writes the rows that go in, part by part.
    fn merge(&self, tx: &Tx<'_>, id: i64, compared: &Compared<'_>) -> Result<(), Error> {
        let mut memory = Memory { quiet: true, ..Memory::default() };
        let mut at = 0;
        self.each_part(|mut rows| {
            let fates = compared.fates.of(at, rows.len());
            at += rows.len();
            rows.keep(|n| fates.get(n).is_some_and(|fate| *fate != Fate::Stays));
            let stays = fates.iter().filter(|fate| **fate != Fate::Stays);
            memory.new = Some(stays.map(|fate| *fate == Fate::Comes).collect());
            let plan = self.plan(tx, &rows, tx.now().today, &mut memory)?;
            Ok(plan.merge(tx, id, &compared.judged)?)
        })
    }

    /// Whether it may have so many rows that others wait for it.
    pub(super) fn is_long(&self) -> bool {
        matches!(self.body, Body::Long(_))
    }

    /// What it would do, before any file of its import is written.
    pub(super) fn glance(&self, db: &Db<'_>, today: NaiveDate) -> Result<Glance, Error> {
        let begun = Instant::now();
        let mut memory = Memory { quiet: true, ..Memory::default() };
        let (mut glance, mut rows) = (Glance::default(), 0);
        let mut take = |found: &Findings| {
            glance.billed += found.billed_charges;
            let more = 3_usize.saturating_sub(glance.first.len());
            glance.first.extend(found.changes.iter().take(more).cloned());
            // What names something that a file before it brings is not refused then.
            glance.writes += found.counts.added + found.counts.changed + found.refused.len();
            rows += found.fates.len();
        };
        match &self.body {
            Body::Whole(rows) => take(self.plan(db, rows, today, &mut memory)?.findings()),
            Body::Long(repeats) => {
                memory.repeats = Some(repeats);
                self.each_part(|rows| {
                    take(self.plan(db, &rows, today, &mut memory)?.findings());
                    Ok(())
                })?;
            }
        }
        glance.seconds = about(begun.elapsed(), rows, glance.writes).as_secs();
        Ok(glance)
    }
}

/// What a file would do.
#[derive(Default)]
pub(super) struct Glance {
    /// Charges billed already that it changes.
    pub(super) billed: u64,
    /// The first changes.
    pub(super) first: Vec<Change>,
    /// Rows that it writes.
    pub(super) writes: usize,
    /// How long it writes, about.
    pub(super) seconds: u64,
}

/// How long so many rows are written, where so many were compared in a time: reading them again and
/// writing them takes twice that. At least a second.
fn about(compared: Duration, rows: usize, writes: usize) -> Duration {
    let each = compared.as_secs_f64() / rows.max(1) as f64;
    Duration::from_secs((2.0 * each * writes as f64).ceil().max(1.0) as u64)
}

/// What comes of a file's rows, summed up while it is compared.
struct Sum<'f> {
    judge: Judge<'f>,
    /// Of changes as many as are shown; no deeds and no fates.
    found: Findings,
    rows: usize,
    fates: Fates,
}

impl Sum<'_> {
    fn take(&mut self, db: &Db<'_>, rows: &Rows, part: &mut Findings) -> Result<(), StoreError> {
        self.rows += rows.len();
        self.fates.add(&std::mem::take(&mut part.fates));
        for deed in std::mem::take(&mut part.deeds) {
            self.judge.take(db, deed)?;
        }
        let found = &mut self.found;
        found.refused.extend_from_slice(rows.refused());
        found.refused.append(&mut part.refused);
        found.counts.add(part.counts);
        found.defaults.sum(part.defaults);
        let back = std::mem::take(&mut part.back_billing);
        found.back_billing.extend(back.into_iter().take(plan::SHOWN - found.back_billing.len()));
        for change in std::mem::take(&mut part.changes) {
            let certain = found.changes.iter().filter(|c| !self.judge.holds(c.line)).count();
            if certain >= plan::SHOWN {
                break;
            }
            if !self.judge.so_far().stays_out(change.line) {
                found.changes.push(change);
            }
        }
        Ok(())
    }
}

/// A file compared with the book.
struct Compared<'r> {
    found: Findings,
    judged: Judged,
    /// Its good rows.
    rows: usize,
    /// Those that say again what a row before them says.
    repeated: usize,
    fates: Fates,
    /// The plan of a file that is in memory.
    kept: Option<Box<dyn Merge + 'r>>,
}

impl Compared<'_> {
    fn fill(&self, report: &mut FileReport) {
        let found = &self.found;
        let out = self.judged.out();
        report.refused.clone_from(&found.refused);
        report.waiting.clone_from(&self.judged.waiting);
        report.delivery_by_default =
            (found.defaults != Defaults::default()).then_some(found.defaults);
        report.back_billing.clone_from(&found.back_billing);
        report.added = found.counts.added.saturating_sub(out.0);
        report.changed = found.counts.changed.saturating_sub(out.1);
        report.unchanged = found.counts.same + self.repeated;
        report.changes.clone_from(&found.changes);
    }
}

/// What a comparison rests on: if these topics moved since, it is made again.
fn grounds(db: &Db<'_>, owed: bool) -> Result<Vec<i64>, StoreError> {
    let topics = operation::topics(db)?;
    let seq = |topic: Topic| topics.iter().find(|(t, _)| *t == topic).map_or(0, |(_, s)| *s);
    let mut all = vec![seq(Topic::Accounts), seq(Topic::Usage)];
    if owed {
        // What one person may do alone depends on what is owed and what they did.
        all.extend([seq(Topic::Documents), seq(Topic::Payments)]);
    }
    Ok(all)
}

/// Compares outside the lock, writes inside it; with refused rows it writes only if `some` may.
pub(super) fn stage(
    session: &mut Session,
    staged: &Staged<'_>,
    report: &mut FileReport,
    some: bool,
) -> Result<(), Error> {
    let (actor, now) = (session.actor.clone(), session.now()?);
    let owed = matches!(staged.file.kind, Kind::Accounts | Kind::PaymentMethods | Kind::OpenItems);
    let nothing = |judged: &Judged, report: &FileReport| {
        let none = report.added == 0 && report.changed == 0;
        (none && !judged.moves()) || (!some && !report.refused.is_empty())
    };
    for attempt in 1..=TRIES {
        let begun = Instant::now();
        let (mut first, before) = session
            .store
            .read(|db| Ok::<_, Error>((staged.compare(db, &actor, now)?, grounds(db, owed)?)))?;
        first.fill(report);
        if nothing(&first.judged, report) {
            report.request = first.judged.request();
            return Ok(());
        }
        let writes = report.added + report.changed;
        let _told = (writes > LONG).then(|| {
            let about = about(begun.elapsed(), first.rows, writes);
            if let Some(say) = staged.options.say {
                let (file, rows) = (&staged.file.name, text::grouped(writes as i64));
                say(&format!("{file}: {rows} rows are written, about {} s", about.as_secs()));
            }
            session.store.announce_import(about)
        });
        let op = Op::new(&session.actor, second::verb(staged.file.kind), now);
        let done = session.store.write(&op, |tx| -> Result<bool, Error> {
            if grounds(tx, owed)? == before {
                staged.record(tx, &mut first, report)?;
                return Ok(true);
            }
            if attempt < TRIES {
                tx.quiet();
                return Ok(false);
            }
            let mut again = staged.compare(tx, &actor, now)?;
            again.fill(report);
            if nothing(&again.judged, report) {
                tx.quiet();
            } else {
                staged.record(tx, &mut again, report)?;
            }
            Ok(true)
        })?;
        if done {
            return Ok(());
        }
    }
    Ok(())
}
