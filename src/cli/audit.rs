//! `daybook audit`: the trail of what everybody did, and whether it is unbroken.

use super::ctx::Ctx;
use super::exit::Exit;
use super::listing::{self, List, PAGE, Page};
use super::output::{self, Align};
use crate::domain::text;
use crate::engine::Error;
use crate::engine::care::check;
use crate::store::heads::{Head, Kept};
use crate::store::operation;
use crate::store::{Db, OpRow, StoreError};
use crate::zone::Zone;
use chrono::DateTime;
use serde_json::{Value, json};

/// Options.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Walk the hash chain and print its head for safekeeping
    #[arg(long)]
    verify: bool,
    /// With --verify: a head on paper (12:9f86d081884c7d65…) that the trail must hold
    #[arg(long, value_name = "HEAD", requires = "verify")]
    since: Option<String>,
    /// Only what concerns one thing (D-000012, BR-000001, a setting)
    #[arg(long)]
    subject: Option<String>,
    /// How many rows
    #[arg(long, default_value_t = 50)]
    limit: u32,
}

/// Runs it.
pub fn run(args: &Args, ctx: &Ctx) -> Result<Exit, Error> {
    if args.verify {
        let verified = ctx.open().and_then(|s| verify(&s, args.since.as_deref(), ctx));
        // A book too damaged to be asked does not hold what it should.
        return verified.map_err(|error| match check::unopened(&ctx.book, &error) {
            Some(found) => Error::CheckFailed(found.violations.join("; ")),
            None => error,
        });
    }
    let session = ctx.open()?;
    let zone = session.config()?.zone();
    let Args { subject, limit, .. } = args;
    listing::print(
        &session,
        &Trail { subject: subject.as_deref(), limit: *limit, zone },
        ctx.json,
    )?;
    Ok(Exit::Done)
}

/// What was done, newest first.
struct Trail<'a> {
    subject: Option<&'a str>,
    limit: u32,
    zone: Zone,
}

impl Trail<'_> {
    fn time(&self, ms: i64) -> String {
        let at = DateTime::from_timestamp_millis(ms).unwrap_or_default();
        at.with_timezone(&self.zone).format("%Y-%m-%d %H:%M").to_string()
    }
}

impl List for Trail<'_> {
    type Row = OpRow;
    /// The last one that was printed, and how many are still to be.
    type Key = (i64, u32);
    const HEADERS: &'static [(&'static str, Align)] = &[
        ("SEQ", Align::Right),
        ("AT", Align::Left),
        ("WHO", Align::Left),
        ("VERB", Align::Left),
        ("SUBJECT", Align::Left),
        ("WHAT", Align::Left),
    ];
    const NOTHING: &'static str = "";

    fn page(
        &self,
        db: &Db<'_>,
        after: Option<&(i64, u32)>,
    ) -> Result<Page<OpRow, (i64, u32)>, StoreError> {
        let (before, left) = after.map_or((None, self.limit), |(seq, left)| (Some(*seq), *left));
        let rows = operation::list(db, self.subject, before, left.min(PAGE))?;
        let left = left.saturating_sub(PAGE);
        let next = listing::next(&rows, |r| (r.seq, left)).filter(|_| left > 0);
        Ok((rows, next))
    }

    fn json(&self, _: &Db<'_>, r: &OpRow) -> Result<Value, Error> {
        Ok(json!({
            "seq": r.seq, "at": self.time(r.at), "uid": r.uid, "user": r.user_name, "role": r.role,
            "verb": r.verb, "subject": r.subject, "summary": r.summary, "detail": r.detail,
        }))
    }

    fn cells(&self, _: &Db<'_>, r: &OpRow) -> Result<Vec<String>, Error> {
        Ok(vec![
            r.seq.to_string(),
            self.time(r.at),
            r.user_name.clone(),
            r.verb.clone(),
            r.subject.clone(),
            r.summary.clone(),
        ])
    }
}

fn verify(session: &crate::engine::Session, since: Option<&str>, ctx: &Ctx) -> Result<Exit, Error> {
    let since = since.map(|text| Head::parse(text).ok_or_else(|| no_head(text))).transpose()?;
    let kept = Kept::read(session.store.path())?;
    let found = session.read(|db| {
        let (broken, last, hash) = operation::verify(db)?;
        let mut missing = kept.missing(db)?;
        if let Some(head) = &since
            && !head.is_held(db)?
        {
            missing.push(format!("the trail does not hold {head}: it was cut or made anew"));
        }
        Ok((broken, last, hash, missing))
    });
    let (broken, last, hash, missing) = found?;
    let hash = text::hex(&hash);
    let head = Head { seq: last, hash };
    let ok = broken.is_empty() && missing.is_empty();
    if ctx.json {
        output::json(
            &json!({ "ok": ok, "broken": broken, "missing": missing, "operations": last, "head": head.to_string(), "kept": kept.extent().0 }),
        )?;
    } else {
        if broken.is_empty() {
            output::line(&format!("unbroken: {last} operations, head {head}"));
        } else {
            output::line(&format!("BROKEN at operations {broken:?}; head {head}"));
        }
        for words in &missing {
            output::line(&format!("MISSING: {words}"));
        }
        if missing.is_empty() {
            output::line(&format!("{} heads kept outside the book agree", kept.extent().0));
        }
    }
    Ok(if ok { Exit::Done } else { Exit::CheckFailed })
}

fn no_head(text: &str) -> Error {
    let hint = "a head is a position and a hash, as audit --verify prints it: 12:9f86d081884c7d65…";
    Error::usage("bad_head", format!("{text:?} is no head"), hint)
}
