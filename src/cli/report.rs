//! `daybook report`: reports of a day or of a span of days, each tied to the ledger.

use super::ctx::Ctx;
use super::exit::Exit;
use super::output::{self, Align};
use crate::domain::money::Currency;
use crate::domain::month::Month;
use crate::domain::period::Span;
use crate::domain::report::{Asked, Cell, Detail, ReportName, Summary, Tie};
use crate::engine::care::report::{self, Wanted};
use crate::engine::deliver::statements;
use crate::engine::{Error, Session};
use crate::outside::Standing;
use crate::store::StoreError;
use chrono::NaiveDate;
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};

/// A report, and of what.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// aging, rollforward, register, tax, unapplied, adjustments, trial-balance, revenue, deferred,
    /// unbilled, statement, journal, unidentified, bank, gateway, missing, debits or worklist
    name: String,
    /// As it stood at the end of this day (default: today)
    #[arg(long, value_name = "DATE", conflicts_with_all = ["period", "from", "to"])]
    as_of: Option<NaiveDate>,
    /// Of this month (default: this one)
    #[arg(long, value_name = "YYYY-MM", conflicts_with_all = ["from", "to"])]
    period: Option<String>,
    /// From this day on
    #[arg(long, value_name = "DATE")]
    from: Option<NaiveDate>,
    /// Up to this day
    #[arg(long, value_name = "DATE")]
    to: Option<NaiveDate>,
    /// Only this currency
    #[arg(long)]
    currency: Option<String>,
    /// Only this account
    #[arg(long)]
    account: Option<String>,
    /// Only accounts of this batch
    #[arg(long)]
    batch: Option<String>,
    /// Of the journal: only this account of the ledger, such as receivable or cash:stripe
    #[arg(long, value_name = "LEDGER")]
    ledger: Option<String>,
    /// A row each document or deed, where it sums else
    #[arg(long, alias = "detail")]
    rows: bool,
    /// document (as --rows; of a statement: what is open), or what it sums by: account, user, series
    #[arg(long, value_name = "WHAT")]
    by: Option<String>,
    /// A statement as PDF, as the customer gets it (a directory: under its own name; - is standard output)
    #[arg(long, value_name = "FILE", conflicts_with = "csv")]
    pdf: Option<PathBuf>,
    /// As CSV for a spreadsheet (- is standard output)
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Replace the file if it is there already
    #[arg(long)]
    force: bool,
}

/// Runs it; a report that does not tie is printed, named and exits 4.
pub fn run(args: &Args, ctx: &Ctx) -> Result<Exit, Error> {
    let session = ctx.open()?;
    let asked = asked(args, &session)?;
    if let Some(path) = &args.pdf {
        return pdf(args, path, &asked, &session, ctx);
    }
    let done = match &args.csv {
        Some(path) => csv(args, path, &asked, &session, ctx)?,
        None if ctx.json => as_json(&asked, &session)?,
        None => table(&asked, &session)?,
    };
    match done.ties.iter().find(|tie| !tie.holds()) {
        None => Ok(Exit::Done),
        Some(tie) => Err(Error::CheckFailed(format!("{} does not tie: {}", asked.name, said(tie)))),
    }
}

fn asked(args: &Args, session: &Session) -> Result<Asked, Error> {
    let name = ReportName::parse(&args.name).ok_or_else(|| {
        let why = format!("there is no report {:?}", args.name);
        Error::usage("unknown_report", why, ReportName::words())
    })?;
    let today = session.now()?.today;
    let span = span(args, name, today)?;
    if name == ReportName::Statement && args.account.is_none() {
        return Err(Error::usage("no_account", "a statement is of one account", "--account A"));
    }
    let of_whole = matches!(
        name,
        ReportName::Rollforward
            | ReportName::TrialBalance
            | ReportName::Unidentified
            | ReportName::Bank
            | ReportName::Gateway
    );
    if of_whole && (args.account.is_some() || args.batch.is_some()) {
        let why = format!("{name} is of all accounts");
        return Err(Error::usage("not_by_account", why, "daybook report statement --account A"));
    }
    if args.ledger.is_some() && name != ReportName::Journal {
        let why = format!("{name} is of no single account of the ledger");
        return Err(Error::usage("not_by_ledger", why, "daybook report journal --ledger NAME"));
    }
    let currency = args.currency.as_deref().map(|code| {
        Currency::parse(&code.to_uppercase()).ok_or_else(|| {
            Error::usage(
                "bad_currency",
                format!("{code:?} is no currency"),
                "an ISO code, such as EUR",
            )
        })
    });
    let detail = detail(args, name)?;
    Ok(Asked {
        name,
        from: span.from,
        to: span.to,
        detail,
        currency: currency.transpose()?,
        account: args.account.clone(),
        batch: args.batch.clone(),
        ledger: args.ledger.clone(),
    })
}

/// How far it goes: by a word that it has, or --rows.
fn detail(args: &Args, name: ReportName) -> Result<Detail, Error> {
    let by = name.by();
    match args.by.as_deref() {
        None if args.rows => Ok(Detail::Rows),
        None => Ok(Detail::Sums),
        Some(word) => match by.iter().find(|(known, _)| *known == word) {
            Some((_, Detail::Sums)) if args.rows => {
                let why = format!("--rows is a row each document, --by {word} sums");
                Err(Error::usage("bad_by", why, "either of them"))
            }
            Some((_, detail)) => Ok(*detail),
            None => {
                let words: Vec<&str> = by.iter().map(|(known, _)| *known).collect();
                let why = format!("{word:?} is nothing to report {name} by");
                Err(Error::usage("bad_by", why, words.join(", ")))
            }
        },
    }
}

/// Its days: of a report of a day all that came before is behind its opening, unless a span is named.
fn span(args: &Args, name: ReportName, today: NaiveDate) -> Result<Span, Error> {
    if let Some(to) = args.as_of {
        let from = if name.is_of_a_day() { NaiveDate::MIN } else { Month::of(to).span().from };
        return Ok(Span { from, to });
    }
    match (args.from, args.to) {
        (None, to) if name.is_of_a_day() && args.period.is_none() => {
            Ok(Span { from: NaiveDate::MIN, to: to.unwrap_or(today) })
        }
        days => span_of(args.period.as_deref(), days, today),
    }
}

/// A month, or from a day up to a day; what is not said is of the month of `--to`, or of today.
pub fn span_of(
    period: Option<&str>,
    (from, to): (Option<NaiveDate>, Option<NaiveDate>),
    today: NaiveDate,
) -> Result<Span, Error> {
    if let Some(text) = period {
        let month = Month::parse(text).ok_or_else(|| {
            Error::usage("bad_period", format!("{text:?} is no month"), "such as 2026-11")
        })?;
        return Ok(month.span());
    }
    let here = Month::of(to.unwrap_or(today)).span();
    let (from, to) = (from.unwrap_or(here.from), to.unwrap_or(here.to));
    if from > to {
        let why = format!("{from} is after {to}");
        return Err(Error::usage("bad_date", why, "--from the earlier, --to the later day"));
    }
    Ok(Span { from, to })
}

/// `T1 aged = ledger receivable: 120.00 and 110.00 EUR`.
fn said(tie: &Tie) -> String {
    let plain = |minor| tie.currency.plain(minor);
    format!("{}: {} and {} {}", tie.name, plain(tie.left), plain(tie.right), tie.currency)
}

/// Amounts stand right.
fn align(column: &str) -> Align {
    const LEFT: [&str; 38] = [
        "bank_account",
        "payer",
        "iban_tail",
        "text",
        "suggestion",
        "matched_to",
        "gateway",
        "name",
        "subscription",
        "method",
        "owner",
        "as_of",
        "from",
        "to",
        "currency",
        "account_number",
        "account_name",
        "batch",
        "document",
        "kind",
        "series",
        "number",
        "view",
        "line",
        "what",
        "reference",
        "user",
        "reason",
        "ledger_account",
        "tax_code",
        "country",
        "bucket",
        "confirmed_by",
        "revenue_account",
        "booked_month",
        "release_month",
        "charge",
        "why",
    ];
    if LEFT.contains(&column) { Align::Left } else { Align::Right }
}

fn table(asked: &Asked, session: &Session) -> Result<Summary, Error> {
    let columns = asked.name.columns(asked.detail);
    let mut rows: Vec<Vec<String>> = Vec::new();
    let done = report::read(session, asked, &mut |row| {
        rows.push(row.iter().map(grouped).collect());
        Ok(())
    })?;
    let upper: Vec<String> = columns.iter().map(|c| c.to_uppercase().replace('_', " ")).collect();
    let headers: Vec<(&str, Align)> =
        upper.iter().zip(columns).map(|(head, column)| (head.as_str(), align(column))).collect();
    if rows.is_empty() {
        output::line("nothing");
    } else {
        output::table(&headers, &rows);
    }
    for (currency, sums) in &done.summary.totals {
        let sums: Vec<String> = sums
            .iter()
            .map(|(name, minor)| format!("{} {}", name.replace('_', " "), currency.grouped(*minor)))
            .collect();
        output::line(&format!("{currency}: {}", sums.join(", ")));
    }
    for tie in &done.summary.ties {
        let mark = if tie.holds() { "ties" } else { "DOES NOT TIE" };
        output::line(&format!("{mark}: {}", said(tie)));
    }
    Ok(done.summary)
}

fn grouped(cell: &Cell) -> String {
    match cell {
        Cell::Money(money) => money.currency.grouped(money.minor),
        Cell::Text(_) | Cell::Count(_) | Cell::Day(_) | Cell::Nothing => cell.plain(),
    }
}

/// With what will be earned in which month, where the report is of that.
fn with_months(
    mut sums: Map<String, Value>,
    currency: Currency,
    summary: &Summary,
) -> Map<String, Value> {
    if let Some(months) = summary.by_month.get(&currency) {
        let month =
            |(month, minor): (&Month, &i64)| (month.to_string(), json!(currency.plain(*minor)));
        sums.insert("by_month".to_owned(), Value::Object(months.iter().map(month).collect()));
    }
    sums
}

fn value(cell: &Cell) -> Value {
    match cell {
        Cell::Count(n) => json!(n),
        Cell::Nothing => Value::Null,
        Cell::Text(_) | Cell::Day(_) | Cell::Money(_) => json!(cell.plain()),
    }
}

/// One JSON document, written as it is read.
fn as_json(asked: &Asked, session: &Session) -> Result<Summary, Error> {
    let columns = asked.name.columns(asked.detail);
    let head = match (asked.name.is_of_a_day(), asked.from) {
        (true, _) => json!({ "report": asked.name, "as_of": asked.to }),
        (false, from) => json!({ "report": asked.name, "from": from, "to": asked.to }),
    };
    let head = head.to_string();
    let mut text = String::from(head.trim_end_matches('}'));
    text.push_str(",\"rows\":[");
    let mut first = true;
    let done = report::read(session, asked, &mut |row| {
        let row: Map<String, Value> =
            columns.iter().zip(&row).map(|(c, cell)| ((*c).to_owned(), value(cell))).collect();
        if !std::mem::take(&mut first) {
            text.push(',');
        }
        text.push_str(&Value::Object(row).to_string());
        if text.len() > 1 << 16 {
            output::part(&text);
            text.clear();
        }
        Ok::<_, StoreError>(())
    })?;
    let totals: Map<String, Value> = done
        .summary
        .totals
        .iter()
        .map(|(currency, sums)| {
            let sums: Map<String, Value> = sums
                .iter()
                .map(|(name, minor)| (name.clone(), json!(currency.plain(*minor))))
                .collect();
            (currency.code().to_owned(), Value::Object(with_months(sums, *currency, &done.summary)))
        })
        .collect();
    let ties: Vec<Value> = done
        .summary
        .ties
        .iter()
        .map(|tie| {
            json!({
                "name": tie.name, "currency": tie.currency.code(),
                "left": tie.currency.plain(tie.left), "right": tie.currency.plain(tie.right),
                "ok": tie.holds(),
            })
        })
        .collect();
    let tail = json!({ "totals": totals, "ties": ties, "audit_head": done.audit_head }).to_string();
    text.push_str("],");
    text.push_str(tail.trim_start_matches('{'));
    output::part(&text);
    output::line("");
    Ok(done.summary)
}

fn csv(
    args: &Args,
    path: &Path,
    asked: &Asked,
    session: &Session,
    ctx: &Ctx,
) -> Result<Summary, Error> {
    let whole = Wanted { asked: asked.clone(), only: Vec::new() };
    let (done, bytes, rows) = report::csv(session, &whole)?;
    let standing = if args.force { Standing::Replace } else { Standing::Keep };
    let name = format!("{}-{}.csv", asked.name, asked.to);
    if let Some(written) = output::file(path, &name, &bytes, standing)? {
        let written = written.display().to_string();
        if ctx.json {
            output::json(&json!({ "file": written, "rows": rows, "audit_head": done.audit_head }))?;
        } else {
            output::line(&written);
        }
    }
    Ok(done.summary)
}

/// A statement of account as the customer gets it.
fn pdf(
    args: &Args,
    path: &Path,
    asked: &Asked,
    session: &Session,
    ctx: &Ctx,
) -> Result<Exit, Error> {
    let Some(number) = asked.account.as_deref().filter(|_| asked.name == ReportName::Statement)
    else {
        let hint = "daybook report statement --account A --pdf FILE; of others --csv FILE";
        return Err(Error::usage("no_pdf", format!("{} is no letter", asked.name), hint));
    };
    let span = Span { from: asked.from, to: asked.to };
    let made = statements::of_account(session, number, span)?;
    let standing = if args.force { Standing::Replace } else { Standing::Keep };
    let Some(written) = output::file(path, &made.file, &made.pdf, standing)? else {
        return Ok(Exit::Done);
    };
    let written = written.display().to_string();
    if ctx.json {
        output::json(&json!({ "file": written, "bytes": made.pdf.len() }))?;
    } else {
        output::line(&written);
    }
    Ok(Exit::Done)
}
