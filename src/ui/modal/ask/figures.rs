//! What a question is about, in figures.

use crate::domain::reminder::Wait;
use crate::engine::query::{
    BillPreview, CollectPreview, CopiesAhead, DeliverAhead, EditAhead, Foretold, PrintAhead,
    RemindersAhead, Tries,
};
use crate::store::read::post_preview::PostPreview;
use crate::store::read::thrown::Thrown;
use crate::ui::theme;
use crate::ui::widget::{Line, counted, grouped};
use chrono::NaiveDate;

/// The figures of a bill run in words.
pub(super) fn bill_lines(preview: &BillPreview, words: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    let made = preview.invoices + preview.credit_memos;
    if made == 0 {
        lines.push(Line::of("Nothing is due that is not billed already.", theme::WARN));
    } else {
        let mut text = counted(preview.invoices, "invoice", "invoices");
        if preview.credit_memos > 0 {
            let memos = counted(preview.credit_memos, "credit memo", "credit memos");
            text.push_str(&format!(" and {memos}"));
        }
        lines.push(Line::of(format!("{text}: {}", preview.money), theme::BOLD));
        lines.push(Line::of("Drafts are made; nothing is posted or sent.", theme::DIM));
    }
    if preview.already_billed > 0 {
        let n = counted(preview.already_billed, "account", "accounts");
        lines.push(Line::plain(format!("billed already: {n}")));
    }
    if preview.unfinished > 0 {
        let n = counted(preview.unfinished, "account", "accounts");
        let text = format!(
            "usage that is not over yet is billed: {n}; what is used from today on comes late"
        );
        lines.push(Line::of(text, theme::WARN));
    }
    if let Some((account, reason)) = preview.failures.first() {
        let n = counted(preview.failures.len(), "account fails", "accounts fail");
        lines.push(Line::of(format!("{n}; the first, {account}: {reason}"), theme::WARN));
    }
    lines.push(Line::of(format!("the same as: daybook {words}"), theme::DIM));
    lines
}

/// What is replaced is named so often at most.
const MOST_OVERWRITTEN: usize = 4;

/// What editing many drafts alike makes of their sums, in words.
pub(super) fn edit_lines(told: &EditAhead) -> Vec<Line> {
    let mut lines = Vec::new();
    if told.count == 0 {
        lines.push(Line::of("None of these drafts is changed by it.", theme::WARN));
    } else {
        lines.push(Line::of(counted(told.count, "draft", "drafts"), theme::BOLD));
        lines.push(Line::of(format!("before: {}", told.before), theme::BOLD));
        lines.push(Line::of(format!("after:  {}", told.after), theme::BOLD));
        lines.extend(told.first.iter().map(|text| Line::plain(text.clone())));
        let more = told.count - told.first.len() as i64;
        if more > 0 {
            lines.push(Line::plain(format!("and {} more", grouped(more))));
        }
    }
    for (what, count) in told.overwritten.iter().take(MOST_OVERWRITTEN) {
        lines.push(Line::of(format!("replaced on {}: {what}", grouped(*count)), theme::WARN));
    }
    if told.overwritten.len() > MOST_OVERWRITTEN {
        let more = told.overwritten.len() - MOST_OVERWRITTEN;
        lines.push(Line::of(format!("replaced: {} more", grouped(more as i64)), theme::WARN));
    }
    if told.one_price && told.before.len() > 1 {
        lines.push(Line::of("One price is set in several currencies.", theme::WARN));
    }
    for (reason, count) in &told.left_out {
        lines.push(Line::of(format!("left alone: {}, {reason}", grouped(*count)), theme::WARN));
    }
    if told.accepted > 0 {
        let n = counted(told.accepted, "was accepted, and is", "were accepted, and are");
        lines.push(Line::of(format!("{n} to be looked at again"), theme::WARN));
    }
    if told.count > 0 {
        lines.push(Line::of("u takes all of it back.", theme::DIM));
    }
    lines
}

/// The figures of a posting in words.
pub(super) fn post_lines(preview: &PostPreview) -> Vec<Line> {
    let mut lines = Vec::new();
    // What cannot be taken back stands first: a small terminal shows only the first lines.
    if preview.count > 0 {
        lines.push(Line::of("Posting cannot be undone; a memo corrects it.", theme::DIM));
    }
    for (total, tax) in &preview.money {
        let (amount, of) = (total.grouped(), total.currency);
        let text = format!("{amount:>16} {of}  of it tax {}", tax.grouped());
        lines.push(Line::of(text, theme::BOLD));
    }
    for range in &preview.numbers {
        lines.push(Line::plain(format!("numbers {range}")));
    }
    for (reason, count) in &preview.left_out {
        lines.push(Line::of(format!("stays behind: {} {reason}", grouped(*count)), theme::WARN));
    }
    for (money, count) in &preview.unseen {
        let text = format!("flagged and not accepted by anybody: {}, {money}", grouped(*count));
        lines.push(Line::of(text, theme::WARN));
    }
    for (who, count) in &preview.claimed {
        let text = format!("claimed by {who}: {}; they are posted all the same", grouped(*count));
        lines.push(Line::of(text, theme::WARN));
    }
    for doubt in &preview.doubts {
        lines.push(Line::of(format!("check the date: {doubt}"), theme::WARN));
    }
    let (kept, first) = &preview.due_by_hand;
    if *kept > 0 {
        let mut named: Vec<String> = first.iter().map(|(a, due)| format!("{a} {due}")).collect();
        if *kept > first.len() as i64 {
            named.push(format!("{} more", grouped(*kept - first.len() as i64)));
        }
        let text = format!("due dates set by hand stay: {}", named.join(", "));
        lines.push(Line::of(text, theme::WARN));
    }
    if preview.changed > 0 {
        let text = format!("{} changed since they were marked; they stay behind", preview.changed);
        lines.push(Line::of(text, theme::WARN));
    }
    let largest: Vec<String> =
        preview.largest.iter().map(|(number, _, total)| format!("{number} {total}")).collect();
    if !largest.is_empty() {
        lines.push(Line::plain(format!("largest: {}", largest.join(", "))));
    }
    if preview.count == 0 {
        lines.push(Line::of("Nothing here can be posted.", theme::WARN));
    }
    lines
}

/// What reminders wait for.
fn waits(why: Wait, until: Option<NaiveDate>) -> String {
    let until = until.map(|day| day.to_string()).unwrap_or_default();
    match why {
        Wait::Payment => "a payment is on its way".to_owned(),
        Wait::Retry => format!("a retry is planned until {until}"),
        Wait::Window => format!("the bank may send a debit back until {until}"),
        Wait::Run => "the next payment run charges it (c on 2)".to_owned(),
        Wait::Bank => format!("until the bank is read through {until} (: bank says so)"),
    }
}

/// The figures of reminders in words.
pub(super) fn reminder_lines(told: &RemindersAhead, words: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    for (level, owing) in &told.levels {
        let what = counted(owing.reminders, "reminder", "reminders");
        let of = counted(owing.invoices, "invoice", "invoices");
        let text = format!("level {level}: {what} of {of}, {}", owing.money);
        lines.push(Line::of(text, theme::BOLD));
    }
    if lines.is_empty() {
        lines.push(Line::of("No reminder is due.", theme::WARN));
    } else {
        let text = "One e-mail an account; each balance is read again when it is sent.";
        lines.push(Line::of(text, theme::DIM));
    }
    if !told.fees.is_empty() {
        lines.push(Line::plain(format!("claimed for late payment: {}", told.fees)));
    }
    lines.extend(told.doubts.iter().take(3).map(|doubt| Line::of(doubt.clone(), theme::WARN)));
    if told.no_address > 0 {
        let n = counted(told.no_address, "account", "accounts");
        lines.push(Line::of(format!("left out: {n} without an e-mail address"), theme::WARN));
    }
    if told.came_back > 0 {
        let n = counted(told.came_back, "account", "accounts");
        let text = format!("left out: {n} whose last reminder came back (: tasks)");
        lines.push(Line::of(text, theme::WARN));
    }
    for (why, count, until) in &told.waiting {
        let n = counted(*count, "invoice", "invoices");
        lines.push(Line::of(format!("waits: {n}, {}", waits(*why, *until)), theme::WARN));
    }
    if !told.bank.is_empty() {
        lines.push(Line::of(told.bank.to_owned(), theme::WARN));
    }
    lines.push(Line::of(format!("the same as: daybook {words}"), theme::DIM));
    lines
}

/// The figures of a step with copies in words.
pub(super) fn copies_lines(told: &CopiesAhead) -> Vec<Line> {
    let mut lines = Vec::new();
    if told.count == 0 {
        lines.push(Line::of("None of these copies can take this step.", theme::WARN));
    } else {
        let copies = counted(told.count, "copy", "copies");
        let text = format!("{copies} of documents over {}", told.money);
        lines.push(Line::of(text, theme::BOLD));
    }
    lines.extend(told.first.iter().map(|text| Line::plain(text.clone())));
    let more = told.count - told.first.len() as i64;
    if more > 0 {
        lines.push(Line::plain(format!("and {} more", grouped(more))));
    }
    if told.elsewhere > 0 && told.count > 1 {
        let text = format!("to another address than before: {}", grouped(told.elsewhere));
        lines.push(Line::of(text, theme::WARN));
    }
    for (reason, count) in &told.left_out {
        lines.push(Line::of(format!("left out: {}, {reason}", grouped(*count)), theme::WARN));
    }
    if told.count > 0 && !told.still.is_empty() {
        lines.push(Line::of(told.still.clone(), theme::WARN));
    }
    lines
}

/// The figures of a print batch in words.
pub(super) fn print_lines(ahead: &PrintAhead, words: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    if ahead.documents == 0 {
        lines.push(Line::of("Nothing is queued to print.", theme::WARN));
    } else {
        let documents = counted(ahead.documents, "document", "documents");
        let accounts = counted(ahead.accounts, "account", "accounts");
        let text = format!("{documents} of {accounts}: {}", ahead.money);
        lines.push(Line::of(text, theme::BOLD));
        let text = "Each is written then; D on 4 Delivery says that it is on paper.";
        lines.push(Line::of(text, theme::DIM));
    }
    if ahead.held > 0 {
        let text = format!("held, corrected since they were queued: {}", grouped(ahead.held));
        lines.push(Line::of(text, theme::WARN));
    }
    if !words.is_empty() {
        lines.push(Line::of(format!("the same as: daybook {words}"), theme::DIM));
    }
    lines
}

/// What canceling throws away, in words: the same for a run and for marked drafts.
pub(super) fn thrown_lines(thrown: &Thrown) -> Vec<Line> {
    let drafts = counted(thrown.drafts, "draft", "drafts");
    let money = &thrown.money;
    let money = if money.is_empty() { String::new() } else { format!(" · {money}") };
    let mut lines = vec![Line::of(format!("{drafts} thrown away{money}"), theme::BOLD)];
    for (n, words) in [
        (thrown.edited, "edited by hand: what was typed is lost"),
        (thrown.held, "held"),
        (thrown.accepted, "accepted"),
    ] {
        if n > 0 {
            lines.push(Line::of(format!("{} of them {words}", grouped(n)), theme::WARN));
        }
    }
    if thrown.stay > 0 {
        let text = format!(
            "{} changed since they were marked, or are no drafts any more: they stay",
            grouped(thrown.stay)
        );
        lines.push(Line::of(text, theme::WARN));
    }
    if thrown.drafts > 0 {
        let text = "What was billed becomes billable again; u does not bring the drafts back.";
        lines.push(Line::of(text, theme::DIM));
    }
    lines
}

/// What a retry or a look-up of marked rows takes, and what it leaves out, in words.
pub(super) fn tries_lines(tries: &Tries) -> Vec<Line> {
    let n = counted(tries.payments.len(), "payment", "payments");
    let mut lines = vec![Line::of(format!("{n} · {}", tries.money), theme::BOLD)];
    for (reason, n) in &tries.left_out {
        lines.push(Line::of(format!("left out: {} {reason}", grouped(*n)), theme::WARN));
    }
    lines
}

/// The figures of a payment run in words.
pub(super) fn charge_lines(preview: &CollectPreview, words: &str) -> Vec<Line> {
    let mut lines = vec![Line::of(
        format!("{}: {}", counted(preview.count as usize, "invoice", "invoices"), preview.money),
        theme::BOLD,
    )];
    if !preview.credits.is_empty() {
        let text = format!("credits used first: {}", preview.credits);
        lines.push(Line::plain(text));
    }
    for (reason, count) in &preview.left_out {
        lines.push(Line::of(format!("left out: {} {reason}", grouped(*count)), theme::WARN));
    }
    if !preview.unread.is_empty() {
        lines.push(Line::of(preview.unread.clone(), theme::WARN));
    }
    if preview.count == 0 {
        lines.push(Line::of("Nothing here can be charged.", theme::WARN));
    } else {
        let text = if preview.pretended {
            "The sandbox takes it, no money moves; every amount is read again."
        } else {
            "Money is taken; every amount is read again when it is charged."
        };
        lines.insert(1, Line::of(text, theme::DIM));
    }
    lines.push(Line::of(format!("the same as: daybook {words}"), theme::DIM));
    lines
}

/// What a deed with money would do, in words; what to know before stands before what follows.
pub(in crate::ui::modal) fn money_lines(told: &Foretold) -> Vec<Line> {
    let mut lines = vec![Line::of(told.what.clone(), theme::BOLD)];
    lines.push(Line::of(told.undo, theme::DIM));
    lines.extend(told.beware.iter().map(|text| Line::of(text.clone(), theme::WARN)));
    lines.extend(told.then.iter().map(|text| Line::plain(text.clone())));
    lines.push(Line::of(format!("the same as: daybook {}", told.words), theme::DIM));
    lines
}

/// What queuing copies makes of what is posted, and what stays.
pub(super) fn deliver_lines(ahead: &DeliverAhead) -> Vec<Line> {
    let mut lines = vec![
        Line::of(format!("{} by e-mail", grouped(ahead.email as i64)), theme::BOLD),
        Line::of(format!("{} to print", grouped(ahead.print as i64)), theme::BOLD),
        Line::of("E-mail waits and can be recalled until its time.", theme::DIM),
    ];
    if ahead.network > 0 {
        let n = grouped(ahead.network as i64);
        lines.insert(0, Line::of(format!("{n} by network; they wait too"), theme::BOLD));
    }
    for (reason, n) in &ahead.kept {
        lines.push(Line::of(format!("{} stay: {reason}", grouped(*n as i64)), theme::WARN));
    }
    if ahead.email > 0 && !ahead.still.is_empty() {
        lines.push(Line::of(ahead.still, theme::WARN));
    }
    lines
}
