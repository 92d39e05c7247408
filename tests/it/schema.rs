//! Each closed list of words in the schema against its Rust enum: they are the same, in order.

use daybook::domain::account::{AccountStatus, DeliveryPreference};
use daybook::domain::actor::Role;
use daybook::domain::agency::CaseState;
use daybook::domain::bank::{
    LineState, MatchKind, PayoutState, Rule, Source as BankSource, StatementState,
};
use daybook::domain::billing::ClaimRole;
use daybook::domain::book_period::{PeriodStatus, PeriodStep};
use daybook::domain::charge::{Alignment, ChargeType, DiscountLevel, Model, PriceBase, Timing};
use daybook::domain::delivery::network::{Effect, NetworkState, Said};
use daybook::domain::dispute::{DisputeCode, DisputeState};
use daybook::domain::document::{BillRunStatus, DocumentKind, DocumentStatus, Review, TaxKind};
use daybook::domain::e_invoice::{Category, Form};
use daybook::domain::instalment::PlanState;
use daybook::domain::payment::{
    Channel, DeclineClass, DeliveryStatus, MethodKind, MethodStatus, NextAction, PaymentRunStatus,
    PaymentStatus,
};
use daybook::domain::reminder::{ReminderCopyState, ReminderState};
use daybook::domain::stop::StopKind;
use daybook::store::BookKind;
use daybook::store::deed::DeedKind;
use daybook::store::document::{Origin, Source};
use daybook::store::four_eyes::RequestState;
use daybook::store::job::{JobKind, JobState, Wanted};
use daybook::store::notice::NoticeLevel;
use daybook::store::payment::{AllocationState, EventKind, EventStatus};
use daybook::store::payment_run::ItemState;
use daybook::store::schedule::{ScheduleKind, ScheduleState, SlotState};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The words of an enum, for the table below.
macro_rules! words {
    ($name:ident) => {
        $name::ALL.iter().map(|v| v.as_str()).collect::<Vec<_>>()
    };
}

/// Lists that no enum stands behind: written and read as these words in one file of the store.
const PLAIN: &[(&str, &[&str])] = &[
    ("undo.state", &["done", "undone"]),
    ("tally.name", &["draft", "owed", "undelivered", "copy"]),
    ("document_tally.status", &["Posted", "Canceled"]),
    ("collectible.verdict", &["charge", "ask", "leave"]),
    ("collectible_sum.name", &["charge", "failed"]),
    ("bill_run_failure.kind", &["failed", "busy"]),
    ("four_eyes.object", &["document", "payment", "account"]),
    ("promise.state", &["open", "kept", "broken", "withdrawn"]),
];

fn expected() -> BTreeMap<&'static str, Vec<&'static str>> {
    let decline: Vec<&str> = std::iter::once("").chain(words!(DeclineClass)).collect();
    let action: Vec<&str> = std::iter::once("").chain(words!(NextAction)).collect();
    let category: Vec<&str> = std::iter::once("").chain(words!(Category)).collect();
    let mut all = BTreeMap::from([
        ("e_document.form", words!(Form)),
        ("reminder.state", words!(ReminderState)),
        ("reminder_copy.state", words!(ReminderCopyState)),
        ("account_stop.kind", words!(StopKind)),
        ("e_document_version.form", words!(Form)),
        ("network_copy.state", words!(NetworkState)),
        ("network_receipt.said", words!(Said)),
        ("network_receipt.effect", words!(Effect)),
        ("tax_rate.category", category),
        ("statement.source", words!(BankSource)),
        ("statement.state", words!(StatementState)),
        ("bank_line.state", words!(LineState)),
        ("bank_line.rule", words!(Rule)),
        ("bank_match.kind", words!(MatchKind)),
        ("payout.state", words!(PayoutState)),
        ("book.kind", words!(BookKind)),
        ("dispute.code", words!(DisputeCode)),
        ("dispute.state", words!(DisputeState)),
        ("instalment_plan.state", words!(PlanState)),
        ("agency_case.state", words!(CaseState)),
        ("book_period.status", words!(PeriodStatus)),
        ("book_period_step.step", words!(PeriodStep)),
        ("role.role", words!(Role)),
        ("account_version.delivery", words!(DeliveryPreference)),
        ("account_version.status", words!(AccountStatus)),
        ("charge_version.type", words!(ChargeType)),
        ("charge_version.model", words!(Model)),
        ("charge_version.timing", words!(Timing)),
        ("charge_version.alignment", words!(Alignment)),
        ("charge_version.price_base", words!(PriceBase)),
        ("charge_version.discount_level", words!(DiscountLevel)),
        ("tax_rate.kind", words!(TaxKind)),
        ("payment_method.kind", words!(MethodKind)),
        ("payment_method.status", words!(MethodStatus)),
        ("bill_run.status", words!(BillRunStatus)),
        ("document.kind", words!(DocumentKind)),
        ("document.status", words!(DocumentStatus)),
        ("document_tax.kind", words!(TaxKind)),
        ("document_state.status", words!(DocumentStatus)),
        ("document_state.review", words!(Review)),
        ("claim.role", words!(ClaimRole)),
        ("payment_run.status", words!(PaymentRunStatus)),
        ("payment.status", words!(PaymentStatus)),
        ("payment.decline_class", decline),
        ("payment.next_action", action),
        ("delivery.channel", words!(Channel)),
        ("delivery.status", words!(DeliveryStatus)),
        ("statement_copy.status", words!(DeliveryStatus)),
        ("job.kind", words!(JobKind)),
        ("job.state", words!(JobState)),
        ("four_eyes.state", words!(RequestState)),
        ("import_request.state", words!(RequestState)),
        ("deed.kind", words!(DeedKind)),
        ("job.wanted", words!(Wanted)),
        ("document.source", words!(Source)),
        ("document_item.origin", words!(Origin)),
        ("allocation.state", words!(AllocationState)),
        ("payment_event.kind", words!(EventKind)),
        ("payment_event.status", words!(EventStatus)),
        ("payment_run_item.state", words!(ItemState)),
        ("schedule.kind", words!(ScheduleKind)),
        ("schedule.state", words!(ScheduleState)),
        ("schedule_slot.state", words!(SlotState)),
        ("notice.level", words!(NoticeLevel)),
    ]);
    all.extend(PLAIN.iter().map(|(column, words)| (*column, words.to_vec())));
    all
}

/// Every `CHECK (column IN ('…'))` of the migrations, as `table.column` → words. A later migration
/// that makes the table anew, or the column, counts.
fn lists_in_schema() -> BTreeMap<String, Vec<String>> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/migrations");
    let mut files: Vec<_> =
        fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut found = BTreeMap::new();
    for file in files {
        let (mut table, text) = (String::new(), fs::read_to_string(file).unwrap());
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("CREATE TABLE ") {
                rest.split_whitespace().next().unwrap().clone_into(&mut table);
            }
            let words: Vec<&str> = line.split([' ', ';']).collect();
            if let ["ALTER", "TABLE", of, "DROP", "COLUMN", column, ..] = words.as_slice() {
                found.remove(&format!("{of}.{column}"));
            }
            let Some((_, list)) = line.split_once(" IN ('") else { continue };
            if !line.contains("CHECK (") {
                continue;
            }
            let column = match words.as_slice() {
                ["ALTER", "TABLE", of, "ADD", "COLUMN", column, ..] => {
                    (*of).clone_into(&mut table);
                    column
                }
                // A list that is changed in its place is told beside.
                ["--", of, "CHECK", ..] => {
                    let (of, column) = of.split_once('.').unwrap();
                    of.clone_into(&mut table);
                    column
                }
                _ => line.split_whitespace().next().unwrap(),
            };
            let list = list.split("')").next().unwrap();
            let words = list.split("','").map(str::to_owned).collect();
            found.insert(format!("{table}.{column}"), words);
        }
    }
    found
}

/// The same of what all migrations leave, whether a list stands as `IN ('…')` or as `= '…' OR …`.
fn lists_in_new_book() -> BTreeMap<String, Vec<String>> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/schema.sql");
    let (mut table, mut found) = (String::new(), BTreeMap::new());
    for line in fs::read_to_string(file).unwrap().lines() {
        if let Some(rest) = line.strip_prefix("CREATE TABLE ") {
            rest.split_whitespace().next().unwrap().clone_into(&mut table);
        }
        for check in line.split("CHECK (").skip(1) {
            let column = check.split(' ').next().unwrap();
            let either = format!(" OR {column} = ");
            let list = check.strip_prefix(column).unwrap().replace(&either, ",");
            let list = list.trim_start_matches(" IN (").trim_start_matches(" = ");
            let words: Vec<_> = list.split(')').next().unwrap().split(',').collect();
            let quoted = |w: &&str| w.strip_prefix('\'')?.strip_suffix('\'').map(str::to_owned);
            if let Some(words) = words.iter().map(quoted).collect::<Option<Vec<_>>>() {
                found.insert(format!("{table}.{column}"), words);
            }
        }
    }
    found
}

#[test]
fn every_list_of_the_schema_is_its_enum() {
    let (found, expected) = (lists_in_schema(), expected());
    let laid = lists_in_new_book();
    for (column, words) in &found {
        assert_eq!(laid.get(column), Some(words), "{column}: a new book, then the migrations");
    }
    for (column, words) in &found {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        assert_eq!(Some(&words), expected.get(column.as_str()), "{column}: schema, then enum");
    }
    for column in expected.keys() {
        assert!(found.contains_key(*column), "{column} has no CHECK in the schema");
    }
}

#[test]
fn every_table_is_strict_and_money_is_integer() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/migrations");
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let made = text.lines().filter(|l| l.starts_with("CREATE TABLE ")).count();
        let strict = text.lines().filter(|l| l.starts_with(") STRICT")).count();
        assert_eq!(made, strict, "{}", path.display());
        for line in text.lines().map(str::trim) {
            let mut words = line.split_whitespace();
            let (name, kind) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
            assert_ne!(kind, "REAL", "{line}");
            let wanted = if name.ends_with("_minor") || name.ends_with("_at") {
                "INTEGER"
            } else if name.ends_with("_on") {
                "TEXT"
            } else {
                continue;
            };
            assert_eq!(kind.trim_end_matches(','), wanted, "{line}");
        }
    }
}

/// The planner takes a unique index for one that finds a row at most, also for NULL, of which there
/// may be a million: `+` in front keeps it from that.
#[test]
fn no_statement_looks_for_null_by_a_unique_index() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store");
    let schema = fs::read_to_string(root.join("schema.sql")).unwrap();
    let unique = schema
        .lines()
        .map(str::trim)
        .filter(|l| l.contains(" UNIQUE") && !l.contains("NOT NULL") && !l.starts_with("CREATE"));
    // Documents without a number are drafts, and canceled ones: who asks for them reads them all.
    let columns = unique.filter_map(|l| l.split_whitespace().next()).filter(|c| *c != "number");
    let columns: Vec<&str> = columns.collect();
    assert!(columns.contains(&"unique_key") && columns.contains(&"key"), "{columns:?}");
    let mut folders = vec![root];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                for (at, _) in text.match_indices(" IS NULL") {
                    let word = text[..at].rsplit(|c: char| c.is_whitespace() || c == '(').next();
                    let word = word.unwrap_or_default();
                    let column = word.rsplit('.').next().unwrap_or_default();
                    // Whether there is any row at all is just what the index is good for.
                    let any = text[..at].ends_with("SELECT 1 FROM usage WHERE unique_key");
                    let free = word.starts_with('+') || any || !columns.contains(&column);
                    assert!(free, "{}: {word}", path.display());
                }
            }
        }
    }
}
