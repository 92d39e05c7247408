//! What messages, help and pages name exists: settings, and commands as clap takes them.

use crate::tidy::{files_under, root, split};
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};
use daybook::cli::Cli;
use daybook::config::{SETTINGS, find};
use daybook::domain::document::DocumentKind;
use daybook::domain::ids::{
    BillRunId, DeliveryId, DocumentId, NoteId, PaymentId, PaymentRunId, ScheduleId,
};
use daybook::domain::note::{On, References};
use daybook::domain::payment::NextAction;
use daybook::engine::command::words::{LINES, Line};
use daybook::engine::command::{
    AccountFilter, AdjustKind, AdjustPart, Command, DraftChange, HandMade, NewBillRun, NewLine,
    NewPaymentRun, Pick, Reissue, Removed, RunRef, ScheduleStep, Steer,
};
use std::fs;
use std::path::Path;

/// Rust and Markdown under these, each with its path from the root and its text.
fn files(places: &[&str]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for place in places {
        match root().join(place) {
            place if place.is_dir() => files_under(&place, &mut found),
            file => found.push(file),
        }
    }
    found.retain(|path| path.extension().is_some_and(|e| e == "rs" || e == "md"));
    let text = |path| fs::read_to_string(path).unwrap();
    let name = |path: &Path| path.strip_prefix(root()).unwrap().display().to_string();
    found.iter().map(|path| (name(path), text(path))).collect()
}

/// What a person reads of a file: of Rust its text and its comments.
fn prose(name: &str, source: &str) -> String {
    if Path::new(name).extension().is_some_and(|e| e == "md") {
        return source.to_owned();
    }
    let is_comment = |line: &&str| line.trim_start().starts_with("//");
    let comments: Vec<&str> = source.lines().filter(is_comment).collect();
    split(source).1 + "\n" + &comments.join("\n")
}

/// Names of files and hosts that begin as a group of settings does.
const FILES: &[&str] = &[
    "csv",
    "db",
    "jsonl",
    "journal",
    "beancount",
    "pdf",
    "rs",
    "part",
    "password",
    "key",
    "example",
    "daybook",
];

/// Whether it is a column with its table, as SQL has it.
fn is_column(table: &str, column: &str) -> bool {
    let schema = include_str!("../../src/store/schema.sql");
    schema.contains(&format!("CREATE TABLE {table} (")) && schema.contains(&format!(" {column} "))
}

/// What is written as a key of a setting and is none.
fn no_settings(text: &str) -> Vec<&str> {
    let word = |c: char| c.is_ascii_alphanumeric() || "_./-:@<>${}".contains(c);
    let mut words: Vec<&str> = text.split(|c| !word(c)).collect();
    words.iter_mut().for_each(|w| *w = w.trim_end_matches(['.', ':']));
    let looks = |key: &&str| {
        let Some((group, name)) = key.split_once('.') else { return false };
        SETTINGS.iter().any(|s| s.group().trim_end_matches('.') == group)
            && name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
            && !FILES.contains(&name)
            && !is_column(group, name)
    };
    words.into_iter().filter(looks).filter(|key| find(key).is_none()).collect()
}

#[test]
fn every_setting_that_is_named_exists() {
    assert_eq!(no_settings("see issuer.naem, issuer.name and book.db."), ["issuer.naem"]);
    let mut wrong = Vec::new();
    for (name, source) in files(&["src", "tests", "assets/help", "assets/docs", "README.md"]) {
        if name != "tests/it/words.rs" {
            let text = prose(&name, &source);
            wrong.extend(no_settings(&text).into_iter().map(|key| format!("{name}: {key}")));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What stands for a value in text that names a command: capitals, or what a format fills in.
fn is_placeholder(word: &str) -> bool {
    let bare: String = word.chars().filter(char::is_ascii_alphanumeric).collect();
    word.contains('{') || (!bare.is_empty() && !bare.contains(|c: char| c.is_ascii_lowercase()))
}

/// Something that a value may be: a number serves as any text.
const EXAMPLES: &[&str] = &["1", "2026-01-31", "EUR"];

/// Splits as a shell does: blanks, quotes, and no more than one command.
fn shell(line: &str) -> Vec<String> {
    let (mut words, mut word, mut open, mut quote) = (Vec::new(), String::new(), false, None);
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match (c, quote) {
            ('\\', None) => word.extend(chars.next()),
            (c, Some(q)) if c == q => quote = None,
            (c, Some(_)) => word.push(c),
            ('\'' | '"', None) => (quote, open) = (Some(c), true),
            (c, None) if c.is_whitespace() => {
                if open || !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                open = false;
            }
            ('|' | '>' | '#' | '&' | ';', None) if word.is_empty() => break,
            (c, None) => word.push(c),
        }
    }
    if open || !word.is_empty() {
        words.push(word);
    }
    words
}

/// Why clap does not take the words behind `daybook`; a value that stands for another may be any of
/// the examples. Help is an answer.
fn refused(words: &[String]) -> Result<(), clap::Error> {
    let holes: Vec<usize> = (0..words.len()).filter(|at| is_placeholder(&words[*at])).collect();
    let mut answer = Ok(());
    for n in 0..EXAMPLES.len().pow(holes.len() as u32) {
        let mut filled = words.to_vec();
        for (place, at) in holes.iter().enumerate() {
            let example = n / EXAMPLES.len().pow(place as u32) % EXAMPLES.len();
            EXAMPLES[example].clone_into(&mut filled[*at]);
        }
        match Cli::try_parse_from(std::iter::once("daybook".to_owned()).chain(filled)) {
            Ok(_) => return Ok(()),
            Err(error) if !error.use_stderr() => return Ok(()),
            Err(error) => answer = Err(error),
        }
    }
    answer
}

/// The alternatives of a line: `RUN | --invoice ID`, `on|off`.
fn alternatives(line: Line) -> Vec<String> {
    let whole = line.takes.split(" | ").map(|takes| format!("{} {takes}", line.verb));
    whole
        .flat_map(|line| {
            let either = line.split(' ').find(|w| w.contains('|')).unwrap_or_default().to_owned();
            either.split('|').map(|one| line.replace(&either, one)).collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn every_line_of_the_table_of_commands_is_one() {
    assert!(refused(&shell("invoice acept D-000012")).is_err(), "what is none is found");
    let lines = LINES.iter().flat_map(|line| alternatives(*line));
    let wrong: Vec<String> = lines
        .filter_map(|line| refused(&shell(&line)).err().map(|error| format!("{line}: {error}")))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// One command of every kind that has a command line, with what it can be given.
fn commands() -> Vec<Command> {
    let day = chrono::NaiveDate::from_ymd_opt(2026, 1, 31).unwrap();
    let (document, pick) = (DocumentId(12), Pick { id: DocumentId(12), version: 3 });
    let (reason, drafts) = ("the customer's wish".to_owned(), vec![pick; 4]);
    let edit =
        |change| Command::Edit { draft: pick, changes: vec![change], reason: reason.clone() };
    let adjust = |part, kind| Command::Adjust { document, part, kind, reason: reason.clone() };
    let steer = |run, want| Command::SteerRun { run, want };
    let (bill, pay) = (RunRef::Bill(BillRunId(1)), RunRef::Payment(PaymentRunId(2)));
    let schedule = |step| Command::SteerSchedule { schedule: ScheduleId(1), step };
    let line = NewLine {
        description: "hours".to_owned(),
        quantity: 2.into(),
        unit_price: 90.into(),
        tax_code: String::new(),
        service_from: None,
        service_to: None,
    };
    let set = |quantity, unit_price, description| DraftChange::SetLine {
        line: 1,
        quantity,
        unit_price,
        description,
    };
    let run = NewBillRun {
        target_on: day,
        invoice_on: Some(day),
        accounts: AccountFilter::default(),
        exclude: Vec::new(),
        auto_renew: false,
        auto_post: false,
        auto_email: false,
        skip_zero_email: false,
        confirmed: false,
    };
    let charge = NewPaymentRun {
        target_on: day,
        bill_run: Some(BillRunId(1)),
        consolidate: true,
        ..NewPaymentRun::default()
    };
    let mut reissue = Reissue::new(document, &reason);
    for (field, value) in
        [("tax_id", "DE1"), ("address", "Street 1; Floor 2"), ("po_number", "7 81")]
    {
        reissue.set(field, value).unwrap();
    }
    let (deliveries, payments) = (vec![DeliveryId(1)], vec![PaymentId(1), PaymentId(2)]);
    vec![
        Command::Accept { drafts: drafts.clone(), reason: reason.clone() },
        Command::Hold {
            drafts: drafts.clone(),
            reason: reason.clone(),
            owner: String::new(),
            until: None,
        },
        Command::Release { drafts: drafts.clone() },
        edit(DraftChange::InvoiceDate(day)),
        edit(DraftChange::DueDate(day)),
        edit(DraftChange::PoNumber("PO 4711".to_owned())),
        edit(DraftChange::Note("-- as ordered".to_owned())),
        edit(DraftChange::AddLine(line.clone())),
        Command::MakeDraft(HandMade {
            account: "A-00011".to_owned(),
            kind: DocumentKind::Invoice,
            invoice_on: None,
            due_on: None,
            payment_reference: String::new(),
            lines: vec![line],
            reason: reason.clone(),
        }),
        edit(set(Some(2.into()), None, None)),
        edit(set(None, Some((-1).into()), Some("other hours".to_owned()))),
        edit(DraftChange::RemoveLine { line: 2, then: Removed::Later }),
        edit(DraftChange::RemoveLine { line: 2, then: Removed::Waive }),
        Command::Regenerate { drafts: drafts.clone() },
        Command::CancelDrafts { drafts: drafts.clone(), reason: reason.clone() },
        Command::Post { drafts, invoice_on: Some(day) },
        Command::PostRun { run: BillRunId(1), invoice_on: Some(day) },
        adjust(AdjustPart::Whole, AdjustKind::Credit),
        adjust(AdjustPart::Line(1, None), AdjustKind::Credit),
        adjust(AdjustPart::Line(1, Some(500)), AdjustKind::Debit),
        adjust(AdjustPart::Amount(500), AdjustKind::Debit),
        Command::WriteOff { document, reason: reason.clone() },
        Command::Anyway(Box::new(Command::WriteOff { document, reason: reason.clone() })),
        Command::UndoWriteOff { document, reason: reason.clone() },
        Command::Reissue(reissue),
        Command::Reverse { document, reason },
        Command::StartBillRun(run),
        Command::RetryFailedAccounts { run: BillRunId(1) },
        steer(bill, Steer::Pause),
        steer(bill, Steer::Resume),
        steer(pay, Steer::Cancel),
        Command::MakeDeliveries { run: Some(BillRunId(1)) },
        Command::MakeDeliveries { run: None },
        Command::SendNow { deliveries: deliveries.clone() },
        Command::Recall { deliveries: deliveries.clone() },
        Command::Resend { deliveries },
        Command::PrintBatch { directory: "the tray".to_owned() },
        Command::StartPaymentRun(charge),
        Command::RetryPayments { payments: payments.clone() },
        Command::RetryGroup { group: NextAction::RetryLater },
        Command::Reconcile { payments },
        schedule(ScheduleStep::Pause),
        schedule(ScheduleStep::Resume),
        schedule(ScheduleStep::ResumeAndRun),
        schedule(ScheduleStep::SkipNext),
        schedule(ScheduleStep::End),
        Command::Undo { deed: None },
        Command::Undo { deed: Some(7) },
        Command::Redo,
        Command::Remind,
        Command::Preview { draft: document, directory: String::new() },
        Command::Preview { draft: document, directory: "my files".to_owned() },
        Command::AddNote {
            on: On::Document(document),
            strikes: None,
            text: "- they'll pay".to_owned(),
        },
        Command::AddNote {
            on: On::Document(document),
            strikes: Some(NoteId(3)),
            text: "wrong customer".to_owned(),
        },
        Command::SetReferences {
            on: On::Document(document),
            was: References::default(),
            to: References { ours: "-K 12".to_owned(), theirs: String::new() },
        },
    ]
}

#[test]
fn the_command_line_of_every_command_can_be_typed() {
    let mut wrong = Vec::new();
    for command in commands() {
        let words = command.words();
        assert!(!words.is_empty(), "{command:?}");
        if let Err(error) = refused(&shell(&words)) {
            wrong.push(format!("{words}: {error}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What follows the program's name where it is no command.
const NO_COMMAND: &[&str] = &[
    "book", "brings", "brought", "does", "for", "has", "is", "knows", "needs", "posted", "that",
    "was", "works",
];

/// The words of a command that a sentence names after `daybook`: its path, then options and values up
/// to where the sentence goes on. None where the program itself is meant.
fn named(sentence: &str) -> Option<Vec<String>> {
    let stop = [',', '.', ';', ':', ')', '`', '\'', '"', '?', '\u{2026}'];
    let program = Cli::command();
    let (mut at, mut words, mut value) = (&program, Vec::new(), false);
    for token in sentence.split_whitespace() {
        let word = token.split(['`', ')']).next().unwrap_or_default().trim_end_matches(stop);
        let ends = word != token;
        let first = words.is_empty();
        if first && (NO_COMMAND.contains(&word) || word.is_empty()) {
            return None;
        }
        let known = |a: &clap::Arg| {
            a.is_positional() && a.get_possible_values().iter().any(|v| v.get_name() == word)
        };
        if let Some(deeper) = at.find_subcommand(word).filter(|_| !value) {
            at = deeper;
        } else if let Some(option) = word.strip_prefix("--") {
            let of = at.get_arguments().chain(program.get_arguments());
            let found = of.into_iter().find(|a| a.get_long() == Some(option));
            value = found.is_some_and(|a| a.get_action().takes_values());
        } else if first || at.is_subcommand_required_set() {
            // Nothing is called so: clap says it.
        } else if value
            || is_placeholder(word)
            || word.contains('.')
            || at.get_arguments().any(known)
        {
            value = false;
        } else {
            break;
        }
        words.push(word.to_owned());
        if ends {
            break;
        }
    }
    Some(words)
}

/// The commands that a text names and that do not exist.
fn no_commands(text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for (at, _) in text.match_indices("daybook ") {
        let rest = text[at + "daybook ".len()..].trim_start();
        let Some(words) =
            named(rest).filter(|_| rest.starts_with(|c: char| c.is_ascii_lowercase()))
        else {
            continue;
        };
        // A command may be named without what it is about.
        let short = [
            ErrorKind::MissingRequiredArgument,
            ErrorKind::MissingSubcommand,
            ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand,
        ];
        if refused(&words).is_err_and(|error| !short.contains(&error.kind())) {
            wrong.push(words.join(" "));
        }
    }
    wrong
}

/// A page by its paragraphs; what stands in a block by its lines.
fn paragraphs(page: &str) -> Vec<String> {
    let (mut found, mut block) = (vec![String::new()], false);
    for line in page.lines() {
        block ^= line.starts_with("```");
        if block || line.is_empty() {
            found.push(line.to_owned());
        }
        if !block {
            found.last_mut().unwrap().push_str(line);
            found.last_mut().unwrap().push('\n');
        }
    }
    found
}

/// What a program prints of its source, text by text.
fn printed(source: &str) -> Vec<String> {
    let (code, text) = split(source);
    let mut found = vec![String::new()];
    for (code, text) in code.chars().zip(text.chars()) {
        if code.is_whitespace() {
            found.last_mut().unwrap().push(text);
        } else if !found.last().unwrap().is_empty() {
            found.push(String::new());
        }
    }
    found
}

#[test]
fn every_command_that_is_told_exists() {
    assert_eq!(no_commands("daybook ledger list shows them"), ["ledger"]);
    assert_eq!(no_commands("see daybook run list, or daybook run shew R"), ["run shew R"]);
    assert_eq!(no_commands("daybook post --invioce ID"), ["post --invioce ID"]);
    let mut wrong = Vec::new();
    for (name, source) in files(&["src", "assets/help", "assets/docs", "README.md"]) {
        let is_rust = Path::new(&name).extension().is_some_and(|e| e == "rs");
        let mut texts = if is_rust { printed(&source) } else { paragraphs(&source) };
        if name.starts_with("src/cli/") {
            let help = |line: &&str| line.trim_start().starts_with("/// ");
            texts.extend(source.lines().filter(help).map(str::to_owned));
        }
        for text in texts {
            wrong.extend(no_commands(&text).into_iter().map(|line| format!("{name}: {line}")));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_command_line_that_can_be_copied_can_be_typed() {
    let mut tried = 0;
    for (name, page) in files(&["assets/help", "README.md"]) {
        // Of a page of help every line, of the README what stands in a block.
        let mut block = !name.contains("README");
        for line in page.lines() {
            block ^= line.starts_with("```");
            let Some(typed) = line.strip_prefix("daybook ").filter(|_| block) else { continue };
            tried += 1;
            if let Err(error) = refused(&shell(typed)) {
                panic!("{name}: {line}: {error}");
            }
        }
    }
    assert!(tried > 10, "{tried}");
}
