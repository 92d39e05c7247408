//! The command line: one file per subcommand; the same engine verbs as the console.

mod account;
mod account_edit;
mod adjust;
mod agency;
mod backup;
mod doctor;
mod edit_many;
pub mod exit;
mod memo;
mod network;
pub mod output;

mod audit;
mod bank;
mod bill;
mod check;
mod claim;
mod collect;
mod ctx;
mod currency;
mod deferred;
mod deliver;
mod delivery;
mod demo;
mod document_json;
mod export;
mod gateway;
mod ids;
mod import;
mod init;
mod instalments;
mod invoice;
mod invoice_credit;
mod invoice_edit;
mod invoice_past;
mod invoice_preview;
mod invoice_reissue;
mod invoice_tag;
mod invoice_xml;
mod listing;
mod note;
mod payment;
mod period;
mod post;
mod print_batch;
mod progress;
mod receipt;
mod report;
mod retry;
mod role;
mod run;
mod schedule;
mod settings;
mod sql;
mod statement;
mod usage;
mod worker;

use crate::domain::text;
use crate::engine::look::{Palette, Wish};
use crate::engine::{Error, Session, place};
use crate::outside;
use clap::{Parser, Subcommand};
use ctx::Ctx;
pub use ctx::actor;
use exit::Exit;
use std::path::PathBuf;
use std::process::ExitCode;

/// A terminal console for the billing day: run the bills, spot-check, post, deliver, collect,
/// follow up. Without a subcommand the console opens.
#[derive(Debug, Parser)]
#[command(name = "daybook", version, max_term_width = 100)]
pub struct Cli {
    /// The book (else DAYBOOK_BOOK, else ~/.local/share/daybook/book.db)
    #[arg(long, global = true, value_name = "FILE")]
    pub book: Option<PathBuf>,
    /// One JSON document on standard output; errors as JSON on standard error
    #[arg(long, global = true)]
    pub json: bool,
    /// The moment to act at, on a test or demo book only
    #[arg(long, global = true, value_name = "DATE[THH:MM]")]
    pub now: Option<String>,
    /// Colours of the console: dark, light or colour-blind (else DAYBOOK_PALETTE, else as chosen there)
    #[arg(long, value_name = "NAME", value_parser = Palette::parse)]
    palette: Option<Palette>,
    /// The console takes wheel and clicks this time (: mouse in it keeps that); Shift selects text then
    #[arg(long)]
    mouse: bool,
    /// The console for a screen reader: one statement a line (also by DAYBOOK_PLAIN=1)
    #[arg(long)]
    plain: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make an empty book
    Init(init::Args),
    /// Make a book with data and open the console on it
    Demo(demo::Args),
    /// Load CSV files
    Import(import::Args),
    /// Make a bill run: drafts of everything due up to a target date
    Bill(bill::Args),
    /// List, show and steer bill runs and payment runs
    Run(run::Args),
    /// List, show and change invoices
    Invoice(invoice::Args),
    /// Number and lock drafts
    Post(post::Args),
    /// Send and print posted documents
    Deliver(deliver::Args),
    /// List deliveries; recall, retry, confirm them
    Delivery(delivery::Args),
    /// Charge what is due: credits first, then the payment methods
    Collect(collect::Args),
    /// List and show payments, ask about them, give money back, record what a person knows
    Payment(payment::Args),
    /// Retry failed payments: named ones, a group, or what is due by the rules
    Retry(retry::Args),
    /// Agree, list and end instalment plans
    Instalments(instalments::Args),
    /// Hand accounts to a collection agency, write its file, take them back
    Agency(agency::Args),
    /// Read statements of banks and match their lines; say until which day the bank is read
    Bank(bank::Args),
    /// List, show, close, reopen and lock months of the book
    Period(period::Args),
    /// Read what gateways paid out
    Gateway(gateway::Args),
    /// Who may do what
    Role(role::Args),
    /// Runs that begin by themselves
    Schedule(schedule::Args),
    /// Write the journal for other bookkeeping programs
    Export(export::Args),
    /// Aged receivables, roll-forward, register, tax, statement and more, each tied to the ledger
    Report(report::Args),
    /// Release deferred revenue as its service days pass
    Deferred(deferred::Args),
    /// Statements of account by e-mail: to one customer, a batch, or who owes
    Statement(statement::Args),
    /// Move a withdrawn currency into the one that took its place
    Currency(currency::Args),
    /// Read or change settings
    Settings(settings::Args),
    /// Set the clock of a test or demo book, for all processes
    Clock(settings::ClockArgs),
    /// Explain one month of an account on one page, as text, JSON or PDF
    Account(account::Args),
    /// List usage that a run will not bill, and why
    Usage(usage::Args),
    /// Run schedules, jobs and queues with no one logged in
    Worker(worker::Args),
    /// Take your last change of drafts back
    Undo(invoice_edit::UndoArgs),
    /// Do again what you undid last
    Redo(invoice_edit::RedoArgs),
    /// Adjust a posted invoice by a credit or debit memo: whole, one line, or an amount
    Adjust(adjust::Adjust),
    /// Give up what is owed on a posted invoice
    #[command(name = "write-off")]
    WriteOff(adjust::Target),
    /// Take the write-off of an invoice back whole: it is owed again
    #[command(name = "undo-write-off")]
    UndoWriteOff(adjust::Reasoned),
    /// Reverse a posted invoice: full memo, its periods are billable again
    Reverse(adjust::Target),
    /// List, show, apply and unapply credit and debit memos
    Memo(memo::Args),
    /// Write, list and strike notes on documents and accounts; set references
    Note(note::Args),
    /// Close the day: every step with what is left of it
    Status(doctor::StatusArgs),
    /// Is this installation as it should be?
    Doctor(doctor::Args),
    /// Copy the book to a new file, consistent while others write
    Backup(backup::To),
    /// Put a backup in the book's place; the book before it is kept
    Restore(backup::Args),
    /// Run one query on the book
    Sql(sql::Args),
    /// Check every named invariant of the book; changes nothing
    Check(check::Args),
    /// Show the audit trail, or verify its hash chain
    Audit(audit::Args),
}

fn on_a_terminal() -> bool {
    use std::io::IsTerminal;
    std::io::stdin().is_terminal() && std::io::stdout().is_terminal()
}

fn default_book() -> PathBuf {
    if let Some(path) = std::env::var_os("DAYBOOK_BOOK").filter(|p| !p.is_empty()) {
        return PathBuf::from(path);
    }
    let data = std::env::var_os("XDG_DATA_HOME")
        .filter(|p| !p.is_empty())
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|h| PathBuf::from(h).join(".local/share")))
        .unwrap_or_else(|| PathBuf::from("."));
    data.join("daybook/book.db")
}

/// What the call says of the console, its environment where it does not.
fn wish(cli: &Cli) -> Result<Wish, Error> {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let palette = match (cli.palette, set("DAYBOOK_PALETTE")) {
        (None, Some(name)) => {
            let wrong = |said| {
                let what = format!("DAYBOOK_PALETTE is {name:?}");
                Error::usage("bad_palette", what, said)
            };
            Some(Palette::parse(&name).map_err(wrong)?)
        }
        (palette, _) => palette,
    };
    let plain = (cli.plain || set("DAYBOOK_PLAIN").is_some()).then_some(true);
    Ok(Wish { palette, mouse: cli.mouse.then_some(true), plain })
}

/// Runs the command, or the console without one; the answer is an exit code (see [`Exit`]).
pub fn main(cli: Cli, console: fn(Session, Wish) -> Result<u8, Error>) -> ExitCode {
    let wish = wish(&cli);
    let console = |session| console(session, wish?);
    let named = cli.book.unwrap_or_else(default_book);
    // A demo book is nobody's but the caller's.
    let settled = match cli.command {
        Some(Command::Demo(_)) => outside::renounce().map(|()| named.clone()),
        _ => outside::settle(&named),
    };
    let book = match settled {
        Ok(book) => book,
        Err(source) => {
            exit::report(&Error::Io { path: named, source }, cli.json);
            return ExitCode::from(Exit::Bug.code());
        }
    };
    if let Err(error) = place::refuse_a_books_name(&book) {
        exit::report(&error, cli.json);
        return ExitCode::from(exit::of(&error).code());
    }
    let ctx = Ctx { book, json: cli.json, now: cli.now };
    let result = match cli.command {
        None => match ctx.open().and_then(console) {
            Ok(code) => return ExitCode::from(code),
            Err(error) => Err(error),
        },
        Some(Command::Demo(args)) => match demo::run(&args, &ctx) {
            Ok((path, _)) if !ctx.json && on_a_terminal() => {
                match Session::open(&path, actor()).and_then(console) {
                    Ok(code) => return ExitCode::from(code),
                    Err(error) => Err(error),
                }
            }
            Ok((_, exit)) => Ok(exit),
            Err(error) => Err(error),
        },
        Some(command) => dispatch(command, &ctx),
    };
    let exit = match result.and_then(|exit| output::lost().map_or(Ok(exit), Err)) {
        Ok(exit) => exit,
        Err(error) => {
            exit::report(&error, ctx.json);
            exit::of(&error)
        }
    };
    ExitCode::from(exit.code())
}

/// Reads the arguments. Wrong ones are said like any other error (with `--json` as JSON) and end
/// with 2; help and version end with 0.
pub fn arguments(args: impl Iterator<Item = std::ffi::OsString>) -> Result<Cli, ExitCode> {
    let args: Vec<std::ffi::OsString> = args.collect();
    let as_json = args.iter().any(|a| a == "--json");
    refuse_unsafe(&args).map_err(|error| {
        exit::report(&error, as_json);
        ExitCode::from(Exit::Usage.code())
    })?;
    Cli::try_parse_from(args).map_err(|error| {
        if !as_json || !error.use_stderr() {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { Exit::Usage.code() } else { 0 });
        }
        let text = error.to_string();
        let message = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
        let hint = "daybook help, or --help after the verb, shows what it takes";
        exit::report(&Error::usage("bad_arguments", message, hint), true);
        ExitCode::from(Exit::Usage.code())
    })
}

/// No argument may hold a character that could redraw a terminal or hide: what is stored or shown of
/// it later would carry that along. Line ends pass here, since a query may have lines; the fields
/// that are one line refuse them.
fn refuse_unsafe(args: &[std::ffi::OsString]) -> Result<(), Error> {
    for (at, arg) in args.iter().enumerate().skip(1) {
        for line in arg.to_string_lossy().split(['\n', '\r', '\t']) {
            text::refuse_unsafe(line).map_err(|why| {
                Error::usage("bad_text", format!("argument {at} {why}"), "type it anew")
            })?;
        }
    }
    Ok(())
}

fn dispatch(command: Command, ctx: &Ctx) -> Result<Exit, Error> {
    match command {
        Command::Init(args) => init::run(&args, ctx),
        Command::Demo(args) => demo::run(&args, ctx).map(|(_, exit)| exit),
        Command::Import(args) => import::run(&args, ctx),
        Command::Bill(args) => bill::run(&args, ctx),
        Command::Run(args) => run::run(&args, ctx),
        Command::Invoice(args) => invoice::run(&args, ctx),
        Command::Post(args) => post::run(&args, ctx),
        Command::Deliver(args) => deliver::run(&args, ctx),
        Command::Delivery(args) => delivery::run(&args, ctx),
        Command::Collect(args) => collect::run(&args, ctx),
        Command::Payment(args) => payment::run(&args, ctx),
        Command::Retry(args) => retry::run(&args, ctx),
        Command::Instalments(args) => instalments::run(&args, ctx),
        Command::Agency(args) => agency::run(&args, ctx),
        Command::Bank(args) => bank::run(&args, ctx),
        Command::Period(args) => period::run(&args, ctx),
        Command::Gateway(args) => gateway::run(&args, ctx),
        Command::Role(args) => role::run(&args, ctx),
        Command::Schedule(args) => schedule::run(&args, ctx),
        Command::Export(args) => export::run(&args, ctx),
        Command::Report(args) => report::run(&args, ctx),
        Command::Deferred(args) => deferred::run(&args, ctx),
        Command::Statement(args) => statement::run(&args, ctx),
        Command::Currency(args) => currency::run(&args, ctx),
        Command::Settings(args) => settings::run(&args, ctx),
        Command::Clock(args) => settings::clock(&args, ctx),
        Command::Account(args) => account::run(&args, ctx),
        Command::Usage(args) => usage::run(&args, ctx),
        Command::Worker(args) => worker::run(&args, ctx),
        Command::Undo(args) => invoice_edit::undo(&args, ctx),
        Command::Redo(args) => invoice_edit::redo(&args, ctx),
        Command::Adjust(args) => adjust::adjust(&args, ctx),
        Command::WriteOff(args) => adjust::write_off(&args, ctx),
        Command::UndoWriteOff(args) => adjust::undo_write_off(&args, ctx),
        Command::Reverse(args) => adjust::reverse(&args, ctx),
        Command::Memo(args) => memo::run(&args, ctx),
        Command::Note(args) => note::run(&args, ctx),
        Command::Status(args) => doctor::status(&args, ctx),
        Command::Doctor(args) => doctor::doctor(&args, ctx),
        Command::Backup(args) => backup::backup(&args, ctx),
        Command::Restore(args) => backup::restore(&args, ctx),
        Command::Sql(args) => sql::run(&args, ctx),
        Command::Check(args) => check::run(&args, ctx),
        Command::Audit(args) => audit::run(&args, ctx),
    }
}
