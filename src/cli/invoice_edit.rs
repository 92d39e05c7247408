//! `daybook invoice accept|hold|release|edit|regenerate|cancel|new|explain`, and `daybook undo`.

use super::ctx::Ctx;
use super::document_json::to_json;
use super::edit_many::Many;
use super::exit::Exit;
use super::ids::picks;
use super::invoice_credit::{self, Credited};
use super::output::{self};
use super::receipt::report;
use crate::domain::document::DocumentKind;
use crate::domain::explain::Told;
use crate::domain::money::parse_decimal;
use crate::engine::command::{DraftChange, HandMade, NewLine, Removed};
use crate::engine::on_its_way::Sure;
use crate::engine::review::{self, edit, hand_made, regenerate, undo};
use crate::engine::{Error, Session};
use crate::store::document;
use crate::store::document::ItemRow;
use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Value, json};

/// Drafts by `D-000012`.
#[derive(Debug, clap::Args)]
pub struct Ids {
    /// Drafts (D-000012)
    #[arg(required = true)]
    pub ids: Vec<String>,
    /// Also one that another clerk has claimed
    #[arg(long)]
    yes: bool,
}

impl Ids {
    /// Opens the book; what was said beforehand is not asked.
    pub fn open(&self, ctx: &Ctx) -> Result<Session, Error> {
        let mut session = ctx.open()?;
        session.sure = Sure::of(self.yes);
        Ok(session)
    }
}

/// Accept drafts.
#[derive(Debug, clap::Args)]
pub struct Accept {
    #[command(flatten)]
    ids: Ids,
    /// Why a stale draft is right nevertheless
    #[arg(long, default_value = "")]
    reason: String,
    /// The version that was looked at (of one draft)
    #[arg(long)]
    version: Option<i64>,
}

/// Hold drafts.
#[derive(Debug, clap::Args)]
pub struct Hold {
    #[command(flatten)]
    ids: Ids,
    /// Why
    #[arg(long)]
    reason: String,
    /// Who looks after it (default: you)
    #[arg(long, default_value = "")]
    owner: String,
    /// When to look again
    #[arg(long, value_name = "DATE")]
    until: Option<NaiveDate>,
}

/// Cancel drafts.
#[derive(Debug, clap::Args)]
pub struct Cancel {
    #[command(flatten)]
    ids: Ids,
    /// Why
    #[arg(long)]
    reason: String,
}

/// Rate drafts again.
#[derive(Debug, clap::Args)]
pub struct Regenerate {
    #[command(flatten)]
    ids: Ids,
    /// Only show what would be kept and dropped
    #[arg(long)]
    dry_run: bool,
}

/// Edit drafts.
#[derive(Debug, clap::Args)]
pub struct Edit {
    #[command(flatten)]
    ids: Ids,
    /// invoice_date, due_date, po_number, note; with --line: quantity, unit_price, description
    #[arg(long = "set", value_name = "FIELD=VALUE")]
    set: Vec<String>,
    /// The line that --set changes, from 1 (of one draft)
    #[arg(long, conflicts_with = "charge")]
    line: Option<u32>,
    /// The charge whose lines --set changes: its number, or what they say
    #[arg(long)]
    charge: Option<String>,
    /// Only show the sums before and after
    #[arg(long)]
    dry_run: bool,
    /// A new line: {"description", "quantity", "unit_price", "tax_code", "service_from", "service_to"}
    #[arg(long, value_name = "JSON")]
    add_line: Vec<String>,
    /// Take a line out; needs --later or --waive
    #[arg(long, value_name = "N")]
    remove_line: Option<u32>,
    /// Of a removed line: billable again
    #[arg(long, requires = "remove_line", conflicts_with = "waive")]
    later: bool,
    /// Of a removed line: counts as billed at zero
    #[arg(long, requires = "remove_line")]
    waive: bool,
    /// Why
    #[arg(long)]
    reason: String,
    /// The version that was looked at: another one is refused (of one draft)
    #[arg(long)]
    version: Option<i64>,
}

/// Make a draft by hand.
#[derive(Debug, clap::Args)]
pub struct New {
    /// Account number
    #[arg(long)]
    account: String,
    /// invoice, debit_memo or credit_memo
    #[arg(long, default_value = "invoice")]
    kind: String,
    /// Invoice date (default: today)
    #[arg(long, value_name = "DATE")]
    invoice_date: Option<NaiveDate>,
    /// Due date (default: by the account's payment term)
    #[arg(long, value_name = "DATE")]
    due_date: Option<NaiveDate>,
    /// What who pays it quotes (ISO 11649 RF…, or the Belgian form; default: made of the number)
    #[arg(long, value_name = "REFERENCE", default_value = "")]
    payment_reference: String,
    /// A line: {"description", "quantity", "unit_price", "tax_code", "service_from", "service_to"}
    #[arg(long, value_name = "JSON", required = true)]
    add_line: Vec<String>,
    /// Why
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    credited: Credited,
}

/// Explain amounts.
#[derive(Debug, clap::Args)]
pub struct Explain {
    /// D-000012 or a number
    id: String,
    /// Only this line, from 1
    #[arg(long)]
    line: Option<u32>,
}

/// Accepts.
pub fn accept(args: &Accept, ctx: &Ctx) -> Result<Exit, Error> {
    one_version(args.version, &args.ids)?;
    let mut session = args.ids.open(ctx)?;
    let picks = picks(&session, &args.ids.ids, args.version)?;
    let receipt = review::verdict::accept(&mut session, &picks, &args.reason)?;
    report(&receipt, ctx)
}

/// Holds.
pub fn hold(args: &Hold, ctx: &Ctx) -> Result<Exit, Error> {
    let mut session = args.ids.open(ctx)?;
    let picks = picks(&session, &args.ids.ids, None)?;
    let receipt =
        review::verdict::hold(&mut session, &picks, &args.reason, &args.owner, args.until)?;
    report(&receipt, ctx)
}

/// Releases.
pub fn release(args: &Ids, ctx: &Ctx) -> Result<Exit, Error> {
    let mut session = args.open(ctx)?;
    let picks = picks(&session, &args.ids, None)?;
    let receipt = review::verdict::release(&mut session, &picks)?;
    report(&receipt, ctx)
}

/// Cancels.
pub fn cancel(args: &Cancel, ctx: &Ctx) -> Result<Exit, Error> {
    let mut session = args.ids.open(ctx)?;
    let picks = picks(&session, &args.ids.ids, None)?;
    let receipt = review::verdict::cancel(&mut session, &picks, &args.reason)?;
    report(&receipt, ctx)
}

/// Rates again.
pub fn regenerate(args: &Regenerate, ctx: &Ctx) -> Result<Exit, Error> {
    let mut session = args.ids.open(ctx)?;
    let picks = picks(&session, &args.ids.ids, None)?;
    if !args.dry_run {
        let receipt = regenerate::regenerate(&mut session, &picks)?;
        return report(&receipt, ctx);
    }
    let mut all = Vec::new();
    for pick in &picks {
        let found = regenerate::preview(&session, pick.id)?;
        let currency = session.read(|db| document::get(db, pick.id))?.currency;
        let money = |minor| currency.plain(minor);
        if ctx.json {
            all.push(json!({ "id": pick.id.to_string(), "kept": found.kept, "dropped": found.dropped, "before": money(found.before_minor), "after": money(found.after_minor) }));
            continue;
        }
        output::line(&format!(
            "{}: {} → {} {currency}",
            pick.id,
            money(found.before_minor),
            money(found.after_minor)
        ));
        for (label, list) in [("keeps", &found.kept), ("drops", &found.dropped)] {
            if !list.is_empty() {
                output::line(&format!("  {label} {}", list.join(", ")));
            }
        }
    }
    if ctx.json {
        output::json(&all)?;
    }
    Ok(Exit::Done)
}

/// Edits.
pub fn edit(args: &Edit, ctx: &Ctx) -> Result<Exit, Error> {
    one_version(args.version, &args.ids)?;
    let changes = changes(args)?;
    let mut session = args.ids.open(ctx)?;
    let picked = picks(&session, &args.ids.ids, args.version)?;
    let pick = match picked.as_slice() {
        [one] if args.charge.is_none() && !args.dry_run => one,
        many => {
            let given = Many {
                charge: args.charge.as_deref(),
                reason: &args.reason,
                dry_run: args.dry_run,
            };
            return given.edit(&mut session, many, changes, ctx);
        }
    };
    let receipt = edit::edit(&mut session, pick, &changes, &args.reason)?;
    if ctx.json {
        let row = session.read(|db| document::get(db, pick.id))?;
        output::json(&session.read(|db| to_json(db, &row))?)?;
        return Ok(Exit::Done);
    }
    report(&receipt, ctx)
}

/// Refuses a version for several drafts.
fn one_version(version: Option<i64>, ids: &Ids) -> Result<(), Error> {
    if version.is_some() && ids.ids.len() > 1 {
        return Err(Error::usage("one_version", "--version is of one draft", "name one draft"));
    }
    Ok(())
}

/// Makes a draft.
pub fn new(args: &New, ctx: &Ctx) -> Result<Exit, Error> {
    let kind = DocumentKind::parse(&args.kind).ok_or_else(|| {
        Error::usage(
            "bad_kind",
            format!("{:?} is no kind", args.kind),
            "invoice, debit_memo, credit_memo",
        )
    })?;
    let lines = args.add_line.iter().map(|l| line(l)).collect::<Result<_, _>>()?;
    let wanted = HandMade {
        account: args.account.clone(),
        kind,
        invoice_on: args.invoice_date,
        due_on: args.due_date,
        payment_reference: args.payment_reference.clone(),
        lines,
        reason: args.reason.clone(),
    };
    if let Some(of) = &args.credited.of {
        return invoice_credit::run(of, &args.credited, wanted, ctx);
    }
    let mut session = ctx.open()?;
    let receipt = hand_made::make(&mut session, &wanted)?;
    if ctx.json {
        let row = session.read(|db| document::get(db, document::find(db, &receipt.made)?))?;
        output::json(&session.read(|db| to_json(db, &row))?)?;
        return Ok(Exit::Done);
    }
    report(&receipt, ctx)
}

/// Takes my last deed back.
#[derive(Debug, clap::Args)]
pub struct UndoArgs {
    /// Another deed of mine, by its place in the trail
    #[arg(long, value_name = "SEQ")]
    deed: Option<i64>,
}

/// Does again what was undone last.
#[derive(Debug, clap::Args)]
pub struct RedoArgs {}

/// Undoes.
pub fn undo(args: &UndoArgs, ctx: &Ctx) -> Result<Exit, Error> {
    let receipt = undo::undo(&mut ctx.open()?, args.deed)?;
    report(&receipt, ctx)
}

/// Redoes.
pub fn redo(_args: &RedoArgs, ctx: &Ctx) -> Result<Exit, Error> {
    let receipt = undo::redo(&mut ctx.open()?)?;
    report(&receipt, ctx)
}

/// Explains.
pub fn explain(args: &Explain, ctx: &Ctx) -> Result<Exit, Error> {
    let session = ctx.open()?;
    let (row, items) = session.read(|db| {
        let id = document::find(db, &args.id)?;
        Ok((document::get(db, id)?, document::items(db, id)?))
    })?;
    let wanted: Vec<&ItemRow> =
        items.iter().filter(|i| args.line.is_none_or(|line| line == i.position)).collect();
    if wanted.is_empty() {
        return Err(Error::usage(
            "no_such_line",
            format!("{} has no line {}", row.id, args.line.unwrap_or(0)),
            format!("lines 1 to {}", items.len()),
        ));
    }
    let mut all = Vec::new();
    for item in wanted {
        // Lines of another system's open documents say nothing of how they came about.
        let how = item.derivation.kept()?.unwrap_or_default();
        let from = item.service_from.unwrap_or(row.invoice_on);
        let words = how.words(&Told {
            currency: row.currency,
            discounted: item.discounted(&items),
            description: &item.description,
            from,
            to: item.service_to.unwrap_or(from),
            amount_minor: item.amount_minor,
        });
        if ctx.json {
            all.push(json!({ "line": item.position, "amount": row.currency.plain(item.amount_minor), "words": words, "derivation": how }));
        } else {
            output::line(&format!("line {}", item.position));
            for sentence in &words {
                output::line(&format!("  {}", crate::domain::text::clean(sentence)));
            }
        }
    }
    if ctx.json {
        output::json(&all)?;
    }
    Ok(Exit::Done)
}

fn changes(args: &Edit) -> Result<Vec<DraftChange>, Error> {
    let mut all = Vec::new();
    let mut of_line = (None, None, None);
    let of_a_line = args.line.is_some() || args.charge.is_some();
    for pair in &args.set {
        let Some((field, value)) = pair.split_once('=') else {
            return Err(Error::usage("bad_set", format!("{pair:?} is not FIELD=VALUE"), ""));
        };
        match (field, of_a_line) {
            ("invoice_date", _) => all.push(DraftChange::InvoiceDate(date(value)?)),
            ("due_date", _) => all.push(DraftChange::DueDate(date(value)?)),
            ("po_number", _) => all.push(DraftChange::PoNumber(value.to_owned())),
            ("note", _) => all.push(DraftChange::Note(value.to_owned())),
            ("quantity", true) => of_line.0 = Some(decimal(value)?),
            ("unit_price" | "price", true) => of_line.1 = Some(decimal(value)?),
            ("description", true) => of_line.2 = Some(value.to_owned()),
            ("quantity" | "unit_price" | "price" | "description", false) => {
                return Err(Error::usage(
                    "no_line",
                    format!("{field} is of a line"),
                    "--line N or --charge NAME",
                ));
            }
            (other, _) => {
                return Err(Error::usage(
                    "unknown_field",
                    format!("there is no field {other:?}"),
                    "invoice_date, due_date, po_number, note; with --line N: quantity, unit_price, description",
                ));
            }
        }
    }
    if let Some(line) = args.line.or(args.charge.is_some().then_some(0)) {
        let (quantity, unit_price, description) = of_line;
        if quantity.is_none() && unit_price.is_none() && description.is_none() {
            return Err(Error::usage(
                "no_change",
                "of the line nothing is to change",
                "--set quantity=, unit_price= or description=",
            ));
        }
        if args.charge.is_some() && description.is_some() {
            return Err(Error::usage(
                "one_line",
                "a description is of one line",
                "--line N instead of --charge",
            ));
        }
        all.push(DraftChange::SetLine { line, quantity, unit_price, description });
    }
    for text in &args.add_line {
        all.push(DraftChange::AddLine(line(text)?));
    }
    if let Some(line) = args.remove_line {
        let then = match (args.later, args.waive) {
            (true, _) => Removed::Later,
            (_, true) => Removed::Waive,
            (false, false) => {
                return Err(Error::usage(
                    "later_or_waive",
                    format!("what becomes of line {line}?"),
                    "--later (billable again) or --waive (counts as billed at zero)",
                ));
            }
        };
        all.push(DraftChange::RemoveLine { line, then });
    }
    Ok(all)
}

fn date(text: &str) -> Result<NaiveDate, Error> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d")
        .map_err(|_| Error::usage("bad_date", format!("{text:?} is not a date"), "2026-11-30"))
}

fn decimal(text: &str) -> Result<Decimal, Error> {
    parse_decimal(text).ok_or_else(|| {
        Error::usage(
            "bad_number",
            format!("{text:?} is not a decimal number"),
            "digits with a point",
        )
    })
}

/// A line as JSON; numbers may be text or plain.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LineJson {
    description: String,
    #[serde(default = "one")]
    quantity: Value,
    #[serde(alias = "price", alias = "amount")]
    unit_price: Value,
    #[serde(default)]
    tax_code: String,
    service_from: Option<NaiveDate>,
    service_to: Option<NaiveDate>,
}

fn one() -> Value {
    json!("1")
}

fn line(text: &str) -> Result<NewLine, Error> {
    let bad = |why: String| {
        Error::usage(
            "bad_line",
            why,
            r#"{"description":"Setup","quantity":"1","unit_price":"50.00"}"#,
        )
    };
    let parsed: LineJson = serde_json::from_str(text).map_err(|e| bad(e.to_string()))?;
    let number = |value: &Value| match value {
        Value::String(text) => decimal(text),
        Value::Number(number) => decimal(&number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
            Err(bad(format!("{value} is not a decimal number")))
        }
    };
    Ok(NewLine {
        quantity: number(&parsed.quantity)?,
        unit_price: number(&parsed.unit_price)?,
        description: parsed.description,
        tax_code: parsed.tax_code,
        service_from: parsed.service_from,
        service_to: parsed.service_to,
    })
}
