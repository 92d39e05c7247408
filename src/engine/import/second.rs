//! Rows that one person must not bring in alone: they wait as a request, and the rest of the file
//! goes in. The same file from somebody else, or `import --confirm`, confirms them.

use super::facts::{FileFacts, RowDeed};
use super::source::Source;
use crate::config::{Config, key};
use crate::domain::actor::{Actor, Role, Verb};
use crate::engine::Error;
use crate::engine::guard::four_eyes;
use crate::import::{Fault, Kind, Refused};
use crate::store::deed::ahead::Ahead;
use crate::store::deed::{self, DeedKind, Second, Side, Stop};
use crate::store::four_eyes::RequestState;
use crate::store::import_request::{self, ImportRequest};
use crate::store::{Db, StoreError, Tx, notice, role, settings};
use serde::Serialize;
use std::collections::{HashMap, HashSet};

/// The right that a file needs: methods and open items are what their own verbs are.
pub fn verb(kind: Kind) -> Verb {
    match kind {
        Kind::PaymentMethods => Verb::ImportMethods,
        Kind::OpenItems => Verb::ImportOpenItems,
        Kind::Taxes
        | Kind::FxRates
        | Kind::Accounts
        | Kind::Subscriptions
        | Kind::Charges
        | Kind::Usage => Verb::Import,
    }
}

/// Refuses before anything goes in when one of the files is not for this person.
pub fn authorize(db: &Db<'_>, actor: &Actor, sources: &[Source]) -> Result<(), StoreError> {
    for kind in sources.iter().filter_map(Source::known) {
        role::authorize(db, actor, verb(kind))?;
    }
    Ok(())
}

/// A row that waits for a second person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Waiting {
    /// Line in the file, the header being 1.
    pub line: u64,
    /// What it would do.
    pub what: String,
    /// Why somebody else must confirm it.
    pub why: String,
    /// Bytes of the row.
    #[serde(skip)]
    span: (usize, usize),
}

/// What a file may do at once.
#[derive(Debug, Default)]
pub struct Judged {
    /// Rows that wait.
    pub waiting: Vec<Waiting>,
    /// Rows that this person must not bring in at all.
    pub refused: Vec<Refused>,
    /// The lines of both, and whether they are new.
    out: HashMap<u64, bool>,
    /// Lines that somebody else asked for.
    confirmed: HashSet<u64>,
    /// Who asked for those.
    second: Option<Second>,
    /// The open request about this file.
    request: Option<ImportRequest>,
}

impl Judged {
    /// Whether the row of this line goes in now; tells the book who else stands for it.
    pub fn lets(&self, tx: &Tx<'_>, line: u64) -> bool {
        let second = self.second.as_ref().filter(|_| self.confirmed.contains(&line));
        tx.seconded_by(second.cloned());
        !self.stays_out(line)
    }

    /// Whether the row of this line waits or is refused.
    pub fn stays_out(&self, line: u64) -> bool {
        self.out.contains_key(&line)
    }

    /// How many rows stay out that are new, and how many that are not.
    pub fn out(&self) -> (usize, usize) {
        let new = self.out.values().filter(|new| **new).count();
        (new, self.out.len() - new)
    }

    /// Who else stands for rows of it and what waits, for the audit trail; empty if nothing does.
    pub fn words(&self) -> String {
        let mut text = String::new();
        if let Some(second) = self.second.as_ref().filter(|_| !self.confirmed.is_empty()) {
            text.push_str(&format!(", {} asked for by {}", self.confirmed.len(), second.name));
        }
        if !self.waiting.is_empty() {
            text.push_str(&format!(", {}", words(&self.waiting)));
        }
        text
    }

    /// Whether the request about this file changes.
    pub fn moves(&self) -> bool {
        let asked: &[String] = self.request.as_ref().map_or(&[], |r| &r.facts);
        !self.waiting.iter().map(|w| &w.what).eq(asked)
    }

    /// The request, for `import --confirm`.
    pub fn request(&self) -> Option<i64> {
        self.request.as_ref().map(|r| r.id)
    }
}

/// Judges the rows of a file for a person at a moment, one after the other.
pub struct Judge<'f> {
    actor: &'f Actor,
    kind: Kind,
    now_ms: i64,
    judged: Judged,
    /// Asked for when the first row needs them.
    rules: Option<Rules>,
}

struct Rules {
    config: Config,
    bound: bool,
    ahead: Ahead,
    /// How many changed prices may go in at once.
    most: i64,
    /// How many did within a day, those of this file included.
    prices: i64,
    /// Those of this file, until they are too many.
    held: Vec<RowDeed>,
}

impl<'f> Judge<'f> {
    /// For a file; `confirm` is the request that is confirmed by its number.
    pub fn of(
        db: &Db<'_>,
        actor: &'f Actor,
        file: &FileFacts,
        now_ms: i64,
        confirm: Option<i64>,
    ) -> Result<Self, StoreError> {
        let request = match confirm {
            Some(id) => Some(import_request::get(db, id)?),
            None => import_request::open_for(db, file.kind.as_str(), &file.hash)?,
        };
        let second = request
            .as_ref()
            .filter(|r| r.uid != actor.uid && now_ms - r.asked_at <= four_eyes::STANDS_MS)
            .map(|r| Second { asked_by: Some(r.uid), name: r.user_name.clone() });
        let judged = Judged { second, request, ..Judged::default() };
        Ok(Self { actor, kind: file.kind, now_ms, judged, rules: None })
    }

    fn rules(&self, db: &Db<'_>) -> Result<Rules, StoreError> {
        let config = settings::load(db)?;
        let bound = role::authorize(db, self.actor, verb(self.kind))? != Role::Everything;
        Ok(Rules {
            bound,
            ahead: Ahead::new(self.actor.uid, bound, self.now_ms),
            most: config.int(key::FOUR_EYES_PRICE_CHARGES),
            prices: deed::prices(db, self.actor.uid, self.now_ms)?,
            held: Vec::new(),
            config,
        })
    }

    /// The next row.
    pub fn take(&mut self, db: &Db<'_>, row: RowDeed) -> Result<(), StoreError> {
        let mut rules = match self.rules.take() {
            Some(rules) => rules,
            None => self.rules(db)?,
        };
        if self.judged.second.is_some()
            && self.judged.request.as_ref().is_some_and(|r| r.facts.contains(&row.what))
        {
            self.judged.confirmed.insert(row.line);
        }
        let second = self.judged.confirmed.contains(&row.line);
        let stop = match row.deed.kind {
            DeedKind::Price => {
                rules.prices += 1;
                rules.held.push(row);
                if rules.most > 0 && rules.prices > rules.most {
                    for held in std::mem::take(&mut rules.held) {
                        self.judged.stop(&held, Some(Stop::Prices { limit: rules.most }));
                    }
                }
                self.rules = Some(rules);
                return Ok(());
            }
            _ if second => {
                both_sides(db, self.actor, rules.bound, &self.judged, &row, self.now_ms)?
            }
            _ => match rules.ahead.opposed(db, &row.deed)? {
                Some(stop) => Some(stop),
                None => rules.ahead.alone(db, &rules.config, &row.deed)?,
            },
        };
        self.judged.stop(&row, stop);
        self.rules = Some(rules);
        Ok(())
    }

    /// Whether it is not known yet whether the row of this line goes in.
    pub fn holds(&self, line: u64) -> bool {
        self.rules.as_ref().is_some_and(|r| r.held.iter().any(|row| row.line == line))
    }

    /// What was judged so far.
    pub fn so_far(&self) -> &Judged {
        &self.judged
    }

    /// What was judged.
    pub fn done(self) -> Judged {
        self.judged
    }
}

impl Judged {
    /// Notes what stops a row, if anything does.
    fn stop(&mut self, row: &RowDeed, stop: Option<Stop>) {
        let second = self.confirmed.contains(&row.line);
        match stop {
            None => {}
            Some(stop @ Stop::BothSides { .. }) => {
                let fault = Fault::new("", "", stop.to_string(), stop.hint());
                self.refused.push(fault.at(row.line, row.span));
                self.out.insert(row.line, row.new);
            }
            Some(Stop::Alone { .. } | Stop::Prices { .. } | Stop::Settings) if second => {}
            Some(stop) => {
                self.out.insert(row.line, row.new);
                let (what, why) = (row.what.clone(), stop.to_string());
                self.waiting.push(Waiting { line: row.line, what, why, span: row.span });
            }
        }
    }
}

/// A confirmed row is a deed of both who asked and who confirms.
fn both_sides(
    db: &Db<'_>,
    actor: &Actor,
    bound: bool,
    judged: &Judged,
    row: &RowDeed,
    now_ms: i64,
) -> Result<Option<Stop>, StoreError> {
    if !bound || row.deed.kind.side() != Some(Side::Credit) {
        return Ok(None);
    }
    let asked_by = judged.second.as_ref().and_then(|s| s.asked_by);
    for uid in std::iter::once(actor.uid).chain(asked_by) {
        let stop = deed::opposed(db, uid, row.deed.account, Side::Credit, now_ms)?;
        if stop.is_some() {
            return Ok(stop);
        }
    }
    Ok(None)
}

/// Brings the request about a file to what waits of it now; says whom a person has to ask.
pub fn ask(
    tx: &Tx<'_>,
    file: &FileFacts,
    source: &Source,
    judged: &mut Judged,
) -> Result<(), Error> {
    if !judged.moves() {
        return Ok(());
    }
    if let Some(open) = judged.request.take() {
        let by_other = judged.second.is_some() && judged.waiting.is_empty();
        let state = if by_other { RequestState::Confirmed } else { RequestState::Expired };
        four_eyes::end_import(tx, open.id, state)?;
    }
    if judged.waiting.is_empty() {
        return Ok(());
    }
    let new = ImportRequest {
        id: 0,
        name: file.name.clone(),
        kind: file.kind.to_string(),
        sha256: file.hash.clone(),
        content: rows_of(source, &judged.waiting)?,
        facts: judged.waiting.iter().map(|w| w.what.clone()).collect(),
        cutover: source.cutover,
        uid: tx.actor().uid,
        user_name: tx.actor().name.clone(),
        asked_at: tx.now().at_ms,
    };
    // Of a confirmed request its rows alone were read; what is left of them keeps its file's hash.
    let id = import_request::insert(tx, &new)?;
    let rows = words(&judged.waiting);
    let who = &tx.actor().name;
    let text = format!(
        "{}: {rows}: asked for by {who}; another {} imports the same file, or daybook import --confirm {id}",
        file.name,
        four_eyes::roles(verb(file.kind)),
    );
    notice::task(tx, &four_eyes::import_key(id), &file.name, &text)?;
    judged.request = Some(ImportRequest { id, ..new });
    Ok(())
}

/// `3 rows wait (A1: method …; …)`.
pub fn words(waiting: &[Waiting]) -> String {
    let first: Vec<&str> = waiting.iter().take(3).map(|w| w.what.as_str()).collect();
    let more = if waiting.len() > first.len() { "; …" } else { "" };
    let rows = crate::domain::text::counted(waiting.len() as i64, "row waits", "rows wait");
    format!("{rows} for a second person ({}{more})", first.join("; "))
}

/// The header of a file and some of its rows.
pub fn rows_of(source: &Source, waiting: &[Waiting]) -> Result<Vec<u8>, Error> {
    if waiting.is_empty() {
        return Ok(Vec::new());
    }
    let mut content = source.header()?;
    content.push(b'\n');
    let mut last = None;
    for row in waiting {
        // Several reasons for one row are still one row.
        if last.replace(row.span) == Some(row.span) {
            continue;
        }
        content.extend_from_slice(source.bytes(row.span)?.trim_ascii());
        content.push(b'\n');
    }
    Ok(content)
}

/// The file of a request that somebody wants to confirm, which must not be who asked.
pub fn requested(
    db: &Db<'_>,
    actor: &Actor,
    id: i64,
) -> Result<Result<ImportRequest, Error>, StoreError> {
    let request = import_request::get(db, id)?;
    if request.uid == actor.uid {
        return Ok(Err(Error::usage(
            "four_eyes",
            format!("{}: you asked for this", request.name),
            "somebody else must confirm it",
        )));
    }
    Ok(Ok(request))
}
