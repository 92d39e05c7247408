//! `daybook invoice`: list and show documents; the verbs on drafts are in `invoice_edit`.

use super::ctx::Ctx;
use super::document_json::to_json;
use super::exit::Exit;
use super::listing::{self, List, PAGE, Page};
use super::output::{self, Align};
use super::{claim, invoice_edit, invoice_past, invoice_reissue, invoice_tag};
use crate::domain::delivery::FirstCopy;
use crate::domain::document::{DocumentKind, DocumentStatus, DocumentTax};
use crate::domain::ids::{DocumentId, RunId};
use crate::domain::money::Currency;
use crate::domain::note::On;
use crate::domain::text::clean;
use crate::engine::deliver::first;
use crate::engine::query::ListName;
use crate::engine::{Error, Session, answer};
use crate::outside::Standing;
use crate::store::clerk_claim;
use crate::store::conversion;
use crate::store::document::{self, DocumentRow, ItemRow, ListFilter};
use crate::store::read::{Filter, ReadError, invoices};
use crate::store::{Db, StoreError, note};
use chrono::NaiveDate;
use serde_json::{Value, json};
use std::collections::HashSet;

/// Notes that `show` has at most; `daybook note list` has all.
const NOTES: u32 = 20;

/// List, show and change invoices.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Invoices and debit memos (credit memos: daybook memo list; with --run: all of the run)
    List(ListArgs),
    /// One document with its lines, tax and flags
    Show {
        /// D-000012 or a number
        id: String,
    },
    /// Write a posted document as PDF
    Pdf {
        /// D-000012 or a number
        id: String,
        /// Where to (a directory: under its number; - is standard output)
        #[arg(default_value = ".")]
        file: std::path::PathBuf,
        /// Replace the file if it is there already
        #[arg(long)]
        force: bool,
    },
    /// Write a draft as PDF to look at: marked as a draft, without a number, never sent
    Preview {
        /// D-000012
        id: String,
        /// Where to (a directory: under its name; - is standard output)
        #[arg(default_value = ".")]
        file: std::path::PathBuf,
        /// Replace the file if it is there already
        #[arg(long)]
        force: bool,
    },
    /// Write a document as electronic invoice; of a draft also what keeps it from being one
    Xml {
        /// D-000012 or a number
        id: String,
        /// Where to (a directory: under its number; - is standard output)
        #[arg(default_value = ".")]
        file: std::path::PathBuf,
        /// Replace the file if it is there already
        #[arg(long)]
        force: bool,
    },
    /// Take drafts to look at: others see whose they are
    Claim(claim::Claim),
    /// Give claimed drafts back
    Unclaim(claim::Unclaim),
    /// Hand all drafts that you have claimed over to another clerk
    HandOver(claim::HandOver),
    /// Say that drafts were looked at and are right
    Accept(invoice_edit::Accept),
    /// Keep drafts back from posting
    Hold(invoice_edit::Hold),
    /// End a hold
    Release(invoice_edit::Ids),
    /// Change drafts: dates, PO number, note, lines
    Edit(invoice_edit::Edit),
    /// Every deed on a document, with before and after
    History(invoice_past::Of),
    /// Put a draft back to how it was before a deed of its history
    Restore(invoice_past::Restore),
    /// Put tags on drafts to find them again, or take them off
    Tag(invoice_tag::Tag),
    /// Issue a posted invoice anew: full memo, and an invoice of today with the same lines in its place
    Reissue(invoice_reissue::Reissue),
    /// Rate drafts again from what is known now
    Regenerate(invoice_edit::Regenerate),
    /// Throw drafts away; what they billed is billable again
    Cancel(invoice_edit::Cancel),
    /// Cancel internally what a network refused and nobody got: a memo of its own series, never sent
    Void {
        /// D-000012 or a number
        id: String,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Make a draft by hand
    New(invoice_edit::New),
    /// Say in words how amounts came about
    Explain(invoice_edit::Explain),
}

/// Which documents.
#[derive(Debug, clap::Args)]
pub struct ListArgs {
    /// Of this bill run
    #[arg(long)]
    pub run: Option<String>,
    /// Of this account
    #[arg(long)]
    pub account: Option<String>,
    /// Draft, Posted or Canceled
    #[arg(long)]
    pub status: Option<String>,
    /// As typed behind / in the console: 'total>500 -flag:any', 'due<-30 OR po:7781'
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub filter: Option<String>,
}

/// Runs it.
pub fn run(args: &Args, ctx: &Ctx) -> Result<Exit, Error> {
    match &args.action {
        Action::List(list) => documents(list, &[DocumentKind::Invoice], ctx),
        Action::Show { id } => show(&ctx.open()?, id, ctx),
        Action::Void { id, reason } => super::adjust::void(id, reason, ctx),
        Action::Claim(args) => claim::claim(args, ctx),
        Action::Unclaim(args) => claim::unclaim(args, ctx),
        Action::HandOver(args) => claim::hand_over(args, ctx),
        Action::Accept(args) => invoice_edit::accept(args, ctx),
        Action::Hold(args) => invoice_edit::hold(args, ctx),
        Action::Release(args) => invoice_edit::release(args, ctx),
        Action::Tag(args) => invoice_tag::tag(args, ctx),
        Action::Edit(args) => invoice_edit::edit(args, ctx),
        Action::Reissue(args) => invoice_reissue::run(args, ctx),
        Action::History(args) => invoice_past::history(args, ctx),
        Action::Restore(args) => invoice_past::restore(args, ctx),
        Action::Regenerate(args) => invoice_edit::regenerate(args, ctx),
        Action::Cancel(args) => invoice_edit::cancel(args, ctx),
        Action::New(args) => invoice_edit::new(args, ctx),
        Action::Explain(args) => invoice_edit::explain(args, ctx),
        Action::Pdf { id, file, force } => {
            let standing = if *force { Standing::Replace } else { Standing::Keep };
            super::delivery::pdf(&ctx.open()?, id, (file, standing), ctx)
        }
        Action::Preview { id, file, force } => {
            let standing = if *force { Standing::Replace } else { Standing::Keep };
            super::invoice_preview::write(&ctx.open()?, id, (file, standing), ctx)
        }
        Action::Xml { id, file, force } => {
            let standing = if *force { Standing::Replace } else { Standing::Keep };
            super::invoice_xml::write(&ctx.open()?, id, (file, standing), ctx)
        }
    }
}

/// Lists documents of some kinds.
pub fn documents(args: &ListArgs, kinds: &[DocumentKind], ctx: &Ctx) -> Result<Exit, Error> {
    let session = ctx.open()?;
    let run = match &args.run {
        None => None,
        Some(text) => match super::ids::run(text)? {
            RunId::Bill(id) => Some(id),
            RunId::Payment(id) => {
                return Err(Error::usage(
                    "not_a_bill_run",
                    format!("{id} is a payment run"),
                    "name a bill run",
                ));
            }
        },
    };
    let status = match &args.status {
        None => None,
        Some(word) => Some(DocumentStatus::parse(word).ok_or_else(|| {
            Error::usage("bad_status", format!("{word:?} is no status"), DocumentStatus::words())
        })?),
    };
    let filter = ListFilter { run, account: args.account.clone(), status, kinds: kinds.to_vec() };
    if let Some(run) = run {
        session.read(|db| crate::store::bill_run::get(db, run))?;
    }
    let typed = match &args.filter {
        None => None,
        Some(text) => Some(answer::understood(&session, ListName::Invoices, text)?),
    };
    let today = session.now()?.today;
    listing::print(&session, &Documents { filter, typed, today }, ctx.json)?;
    Ok(Exit::Done)
}

/// Documents by id.
struct Documents {
    filter: ListFilter,
    /// What else must hold.
    typed: Option<Filter>,
    /// Claims of another day bind nobody.
    today: NaiveDate,
}

impl List for Documents {
    type Row = DocumentRow;
    type Key = DocumentId;
    const HEADERS: &'static [(&'static str, Align)] = &[
        ("ID", Align::Left),
        ("NUMBER", Align::Left),
        ("KIND", Align::Left),
        ("ACCOUNT", Align::Left),
        ("CUSTOMER", Align::Left),
        ("STATUS", Align::Left),
        ("REVIEW", Align::Left),
        ("INVOICED", Align::Left),
        ("DUE", Align::Left),
        ("TOTAL", Align::Right),
        ("", Align::Left),
        ("BALANCE", Align::Right),
    ];
    const NOTHING: &'static str = "no such documents";

    fn page(
        &self,
        db: &Db<'_>,
        after: Option<&DocumentId>,
    ) -> Result<Page<DocumentRow, DocumentId>, StoreError> {
        let after = after.copied().unwrap_or(DocumentId(0));
        let mut rows = document::list(db, &self.filter, after, PAGE)?;
        let next = listing::next(&rows, |d| d.id);
        if let Some(typed) = &self.typed {
            let ids: Vec<i64> = rows.iter().map(|row| row.id.0).collect();
            let shown = invoices::within(db, typed, &ids).map_err(|error| match error {
                ReadError::Store(error) => error,
                ReadError::Filter(error) => StoreError::Corrupt(error.to_string()),
            })?;
            let shown: HashSet<i64> = shown.iter().map(|row| row.id).collect();
            rows.retain(|row| shown.contains(&row.id.0));
        }
        Ok((rows, next))
    }

    fn json(&self, db: &Db<'_>, row: &DocumentRow) -> Result<Value, Error> {
        let mut shown = to_json(db, row)?;
        shown["claimed_by"] = json!(claimed_by(db, row.id, self.today)?);
        Ok(shown)
    }

    fn cells(&self, _: &Db<'_>, d: &DocumentRow) -> Result<Vec<String>, Error> {
        Ok(vec![
            d.id.to_string(),
            d.number.clone().unwrap_or_default(),
            d.kind.to_string(),
            d.account_number.clone(),
            d.account_name.clone(),
            d.status.to_string(),
            d.review.to_string(),
            d.invoice_on.to_string(),
            d.due_on.to_string(),
            d.currency.grouped(d.total_minor),
            d.currency.to_string(),
            d.currency.grouped(d.balance_minor),
        ])
    }
}

/// Who has a draft to look at, by login name.
fn claimed_by(db: &Db<'_>, id: DocumentId, today: NaiveDate) -> Result<Option<String>, StoreError> {
    Ok(clerk_claim::of(db, id)?.filter(|claim| claim.binds(today)).map(|claim| claim.name))
}

/// Shows one document.
pub fn show(session: &Session, id: &str, ctx: &Ctx) -> Result<Exit, Error> {
    let row = session.read(|db| document::get(db, document::find(db, id)?))?;
    let settled = session.read(|db| document::settled_by(db, row.id))?;
    let today = session.now()?.today;
    let claimed = session.read(|db| claimed_by(db, row.id, today))?;
    let became = session.read(|db| conversion::successors(db, row.id))?;
    let on = On::Document(row.id);
    let (notes, are) =
        session.read(|db| Ok((note::of(db, on, NOTES)?, note::references(db, on)?)))?;
    if ctx.json {
        let mut shown = session.read(|db| to_json(db, &row))?;
        (shown["our_reference"], shown["their_reference"]) = (json!(are.ours), json!(are.theirs));
        shown["notes"] = notes
            .iter()
            .map(|n| json!({ "id": n.id.to_string(), "user": n.user, "text": n.text, "struck_by": n.struck_by.map(|id| id.to_string()) }))
            .collect();
        shown["carried_over_to"] = became.iter().map(|(_, number)| json!(number)).collect();
        shown["claimed_by"] = json!(claimed);
        shown["first_copy"] = first_json(session, row.id)?;
        shown["settled_by"] = settled
            .iter()
            .map(
                |s| json!({ "by": s.by, "amount": row.currency.plain(s.amount_minor), "on": s.on }),
            )
            .collect();
        output::json(&shown)?;
        return Ok(Exit::Done);
    }
    head(&row);
    if let Some(name) = claimed {
        output::line(&format!("claimed by {name}"));
    }
    match row.settlement() {
        // What is owed is owed elsewhere: nobody has paid it.
        Some(_) if row.balance_minor == 0 && !became.is_empty() => output::line("carried over"),
        Some(settlement) => output::line(settlement.as_str()),
        None => {}
    }
    for part in &settled {
        let on = part.on.map_or_else(|| "on its way".to_owned(), |d| format!("on {d}"));
        let amount = row.currency.grouped(part.amount_minor);
        output::line(&format!("  {amount} {} by {} {on}", row.currency, part.by));
    }
    let (first, layout) = first::of(session, row.id)?;
    if let Some(words) = first.said(layout, session.config()?.zone()) {
        output::line(&words);
    }
    lines(&session.read(|db| document::items(db, row.id))?, row.currency);
    sums(&row, &session.read(|db| document::taxes(db, row.id))?);
    for flag in &session.read(|db| document::flags(db, row.id))? {
        output::line(&format!("▲ {}: {}", flag.code, flag.reason));
    }
    for text in [are.said()].into_iter().filter(|said| !said.is_empty()) {
        output::line(&clean(&text));
    }
    for n in &notes {
        output::line(&clean(&format!("{}: {}", n.user, n.said())));
    }
    Ok(Exit::Done)
}

/// Number, state, account, dates and the texts of a document.
fn head(row: &DocumentRow) {
    let number = row.number.as_deref().unwrap_or("(no number yet)");
    output::line(&format!("{} {number}  {} {}", row.id, row.kind, row.status));
    output::line(&format!("{} {}", row.account_number, row.account_name));
    output::line(&format!(
        "invoice date {}, due {}, version {}",
        row.invoice_on, row.due_on, row.version
    ));
    for (label, text) in [
        ("PO", &row.po_number),
        ("note", &row.note),
        ("reason", &row.reason),
        ("held", &row.hold_reason),
        ("stale", &row.stale),
        ("tags", &row.tags),
    ] {
        if !text.is_empty() {
            output::line(&format!("{label}: {text}"));
        }
    }
}

fn lines(items: &[ItemRow], currency: Currency) {
    let day = |d: Option<chrono::NaiveDate>| d.map(|d| d.to_string()).unwrap_or_default();
    let cells: Vec<Vec<String>> = items
        .iter()
        .map(|i| {
            vec![
                i.position.to_string(),
                i.charge_number.clone(),
                i.description.clone(),
                day(i.service_from),
                day(i.service_to),
                i.quantity.normalize().to_string(),
                i.unit_price.normalize().to_string(),
                currency.grouped(i.amount_minor),
            ]
        })
        .collect();
    let headers = [
        ("LINE", Align::Right),
        ("CHARGE", Align::Left),
        ("DESCRIPTION", Align::Left),
        ("FROM", Align::Left),
        ("TO", Align::Left),
        ("QUANTITY", Align::Right),
        ("PRICE", Align::Right),
        ("AMOUNT", Align::Right),
    ];
    output::table(&headers, &cells);
}

fn sums(row: &DocumentRow, taxes: &[DocumentTax]) {
    output::line(&format!(
        "subtotal {} {}",
        row.currency.grouped(row.subtotal_minor),
        row.currency
    ));
    for tax in taxes {
        output::line(&format!(
            "{} of {}: {} {}",
            tax.titled(),
            row.currency.grouped(tax.base_minor),
            row.currency.grouped(tax.tax_minor),
            tax.reason
        ));
    }
    output::line(&format!(
        "total {} {}, balance {}",
        row.currency.grouped(row.total_minor),
        row.currency,
        row.currency.grouped(row.balance_minor)
    ));
}

/// The copy that left first; null when none did, and without layout and hash when they were not kept.
fn first_json(session: &Session, id: DocumentId) -> Result<Value, Error> {
    let (first, now) = first::of(session, id)?;
    let zone = session.config()?.zone();
    let said = first.said(now, zone);
    Ok(match first {
        FirstCopy::NotOut => Value::Null,
        FirstCopy::NotKept => json!({
            "layout": null, "sha256": null, "on": null, "by": null, "status": null,
            "layout_now": now, "said": said,
        }),
        FirstCopy::Kept(out) => json!({
            "layout": out.imprint.layout, "sha256": out.imprint.pdf_hash, "on": out.on(zone),
            "by": out.channel, "status": out.status, "layout_now": now, "said": said,
        }),
    })
}
