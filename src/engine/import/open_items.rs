//! open_items.csv against the book: what another system left open becomes posted history.

use super::facts::Options;
use super::facts::RowDeed;
use super::names::{ACCOUNTS, DOCUMENTS, Memory, Names};
use super::plan::{Findings, Merge};
use super::second::Judged;
use super::source::Source;
use crate::document::Frozen;
use crate::domain::account::version_on;
use crate::domain::document::DocumentKind;
use crate::domain::money::Currency;
use crate::domain::series::Pattern;
use crate::engine::guard::four_eyes;
use crate::engine::{Error, Session};
use crate::import::open_item::{OpenItemColumns, OpenItemRow};
use crate::import::{Fault, Kind, Row, Table};
use crate::store::account::AccountRef;
use crate::store::import_request::{self, ImportRequest};
use crate::store::open_item::{NewOpenItem, StoredOpenItem};
use crate::store::{Db, StoreError, Tx, account, open_item, posting, settings};
use chrono::NaiveDate;
use rust_decimal::Decimal;

/// Documents to be stored.
pub struct Plan<'r> {
    new: Vec<(u64, NewOpenItem<'r>)>,
    findings: Findings,
    cutover: Option<NaiveDate>,
}

/// A cutover is of open items, and no day to come.
pub fn cutover_fits(today: NaiveDate, sources: &[Source], options: &Options) -> Result<(), Error> {
    let Some(day) = options.cutover else { return Ok(()) };
    if day > today {
        let words = format!("--cutover {day} is after today, {today}");
        return Err(Error::usage(
            "bad_date",
            words,
            "the day from which the open items count here",
        ));
    }
    if !sources.iter().any(|s| s.known() == Some(Kind::OpenItems)) {
        let words = "--cutover is the day of open items, and none of the files has any";
        return Err(Error::usage("no_open_items", words, "name open_items.csv, or leave it out"));
    }
    Ok(())
}

/// The day from which the open items of each file count. It belongs to what a second person confirms:
/// without `--cutover` that is the day of the request, another one is refused.
pub fn date(session: &Session, sources: &mut [Source], options: &Options) -> Result<(), Error> {
    let (actor, now) = (session.actor.clone(), session.now()?);
    for source in sources.iter_mut().filter(|s| s.known() == Some(Kind::OpenItems)) {
        let hash = source.hash()?;
        let request = session.read(|db| match &source.confirms {
            Some((id, _)) => import_request::get(db, *id).map(Some),
            None => import_request::open_for(db, Kind::OpenItems.as_str(), &hash),
        })?;
        let stands = |r: &ImportRequest| {
            r.uid != actor.uid && now.at_ms - r.asked_at <= four_eyes::STANDS_MS
        };
        source.cutover = match (request.filter(stands), options.cutover) {
            (Some(asked), Some(day)) if asked.cutover != Some(day) => {
                let of = asked.cutover.map_or_else(String::new, |d| format!(" from {d}"));
                return Err(Error::usage(
                    "cutover_differs",
                    format!(
                        "{} was asked for by {}{of}: --cutover {day} is not what you would confirm",
                        asked.name, asked.user_name
                    ),
                    "leave --cutover out, or have them import the file anew with the right day",
                ));
            }
            (Some(asked), _) => asked.cutover,
            (None, given) => Some(given.unwrap_or(now.today)),
        };
    }
    Ok(())
}

/// Compares each row with the book.
/// They count from the day `cutover`; none (a request of an older daybook) = the day of the import.
pub fn plan<'r>(
    db: &Db<'_>,
    table: &'r Table<OpenItemColumns, OpenItemRow>,
    cutover: Option<NaiveDate>,
    memory: &mut Memory<'_>,
) -> Result<Plan<'r>, StoreError> {
    let mut accounts = Names::of(&ACCOUNTS);
    let mut plan = Plan { new: Vec::new(), findings: Findings::default(), cutover };
    let series = posting::patterns(db)?;
    for (at, row) in table.rows.iter().enumerate() {
        plan.findings.begin();
        let number = &row.value.account_number;
        let Some(account) = accounts.get(db, number)? else {
            let fault = memory.named.unknown(db, &ACCOUNTS, ("account_number", number))?;
            plan.findings.refused.push(row.refuse(fault));
            continue;
        };
        let own = &row.value.document_number;
        let new = memory.is_new(at);
        let held = if new { None } else { open_item::find(db, own)? };
        let claimed = match held {
            None if !new => memory.claim(db, &DOCUMENTS, "document_number", own)?,
            Some(_) | None => Ok(()),
        };
        match claimed.and_then(|()| read(row, account)).and_then(|new| compare(held, new)) {
            Ok(Some(new)) if series.iter().any(|s| s.meets(&Pattern::number(new.number))) => {
                plan.findings.refused.push(row.refuse(taken_some_day(new.number)));
            }
            Ok(Some(new)) => {
                let open = new.currency.plain(new.balance_minor);
                let from = cutover.map(|day| format!(" from {day}")).unwrap_or_default();
                let what = format!("{number} {} {} {open}{from}", new.kind, new.number);
                let (line, span, deed) = (row.line, row.span, new.deed());
                let deed = RowDeed { line, span, new: true, deed, what };
                plan.findings.comes();
                plan.findings.deeds.push(deed);
                plan.new.push((row.line, new));
            }
            Ok(None) => plan.findings.counts.same += 1,
            Err(fault) => plan.findings.refused.push(row.refuse(fault)),
        }
    }
    Ok(plan)
}

/// The series of this book would come to the number, and could not give it.
fn taken_some_day(number: &str) -> Fault {
    Fault::new(
        "document_number",
        number,
        "is a number that this book will give to a document of its own",
        "give the book's series other letters (daybook settings get series) before its first posting",
    )
}

fn read(row: &Row<OpenItemRow>, account: AccountRef) -> Result<NewOpenItem<'_>, Fault> {
    let item = &row.value;
    let amount = |column: &str, value: Decimal, currency: Currency| {
        currency.exact_minor(value).map_err(|error| {
            let hint = format!("amounts of this account are in {currency}");
            Fault::new(column, &value.to_string(), error.to_string(), hint)
        })
    };
    let new = NewOpenItem {
        number: &item.document_number,
        account: account.id,
        currency: account.currency,
        kind: item.kind,
        date: item.date,
        due_on: item.due_date,
        total_minor: amount("total", item.total, account.currency)?,
        tax_minor: amount("tax", item.tax, account.currency)?,
        balance_minor: amount("balance", item.balance, account.currency)?,
        tax: item.rate.map(|rate| (item.tax_code.as_str(), rate)),
    };
    match item.rate.map(|rate| (item.total - item.tax) * rate / Decimal::ONE_HUNDRED) {
        Some(expected) if far(expected, item.tax, account.currency) => Err(Fault::new(
            "tax",
            &item.tax.to_string(),
            format!("is not what {} at the rate of this row gives ({expected})", item.tax_code),
            "where a document bears several rates leave tax_code and rate empty: it can be credited whole",
        )),
        Some(_) | None => Ok(new),
    }
}

/// Further off than the other system's rounding of lines makes it: 1 %, or 5 minor units.
fn far(expected: Decimal, given: Decimal, currency: Currency) -> bool {
    let off = (expected - given).abs();
    off * Decimal::ONE_HUNDRED > expected.abs() && off > currency.to_decimal(5)
}

/// None when the book has exactly this already: what was paid since does not matter.
fn compare(
    held: Option<StoredOpenItem>,
    new: NewOpenItem<'_>,
) -> Result<Option<NewOpenItem<'_>>, Fault> {
    let Some(held) = held else { return Ok(Some(new)) };
    let same = held.from_other_system
        && held.account == new.account
        && held.kind == new.kind
        && held.date == new.date
        && held.due_on == new.due_on
        && (held.total_minor, held.tax_minor) == (new.total_minor, new.tax_minor)
        && held.settled_before_minor == new.total_minor - new.balance_minor
        && held.tax.as_ref().map(|(code, rate)| (code.as_str(), *rate)) == new.tax;
    if same {
        return Ok(None);
    }
    let what = match held.kind {
        DocumentKind::Invoice => "an invoice",
        DocumentKind::CreditMemo => "a credit memo",
        DocumentKind::DebitMemo => "a debit memo",
        DocumentKind::WriteOff => "a write-off",
    };
    Err(Fault::new(
        "document_number",
        new.number,
        format!("{what} with this number is in the book with other content"),
        "posted documents never change; correct the number, or adjust the document",
    ))
}

impl Merge for Plan<'_> {
    fn findings(&self) -> &Findings {
        &self.findings
    }

    fn findings_mut(&mut self) -> &mut Findings {
        &mut self.findings
    }

    fn merge(&self, tx: &Tx<'_>, _import_id: i64, judged: &Judged) -> Result<(), StoreError> {
        let config = settings::load(tx)?;
        for (line, item) in &self.new {
            if !judged.lets(tx, *line) {
                continue;
            }
            let versions = account::versions(tx, item.account)?;
            let version = version_on(&versions, tx.now().today).ok_or_else(|| {
                StoreError::Corrupt(format!("account {} has no version", item.account.0))
            })?;
            let frozen = Frozen::of(&config, &version.terms);
            let booked_on = self.cutover.unwrap_or(tx.now().today);
            open_item::insert(tx, item, version.id, &frozen, booked_on)?;
        }
        Ok(())
    }
}
