//! One document in words and lines: beside the list when there is room, over it otherwise.

use crate::domain::document::{DocumentStatus, Review};
use crate::domain::explain::{Derivation, How};
use crate::domain::line_change::{Change, Differs};
use crate::domain::money::{Currency, Money};
use crate::store::document::{ItemRow, Origin};
use crate::store::read::invoice::{HistoryRow, InvoiceDetail, PastInvoice};
use crate::store::read::invoices::InvoiceRow;
use crate::ui::msg::{Cx, Seat};
use crate::ui::screen::notes;
use crate::ui::screen::runs::sparkline;
use crate::ui::theme;
use crate::ui::widget::{Line, counted, pad, wrap};

/// The document as lines, and which of them are its items.
pub struct Picture {
    /// Top to bottom.
    pub lines: Vec<Line>,
    /// For each item the line it starts on.
    pub items: Vec<usize>,
}

/// How a clerk calls a document.
pub fn name(detail: &InvoiceDetail) -> String {
    detail.row.number.clone().unwrap_or_else(|| detail.row.id.to_string())
}

/// Draws a document at a width; `chosen` is the item under the cursor.
pub fn picture(d: &InvoiceDetail, width: usize, chosen: Option<usize>, cx: &Cx) -> Picture {
    let mut out = Picture { lines: Vec::new(), items: Vec::new() };
    head(d, width, &mut out.lines);
    out.lines.extend(whose(d, cx).map(|text| Line::of(text, theme::WARN)));
    for flag in &d.flags {
        let text = format!("! {}: {}", flag.code.said(), flag.reason);
        out.lines.extend(wrap(&text, width).into_iter().map(|l| Line::of(l, theme::WARN)));
    }
    out.lines.push(Line::default());
    for i in 0..d.items.len() {
        out.items.push(out.lines.len());
        item_lines(d, i, width, chosen == Some(i), &mut out.lines);
        beside(d, i, width, &mut out.lines);
    }
    gone(d, width, &mut out.lines);
    sums(d, width, &mut out.lines);
    past(d, width, &mut out.lines);
    notes::lines(&d.notes, width, cx, &mut out.lines);
    trail(d, width, cx, &mut out.lines);
    out
}

fn head(d: &InvoiceDetail, width: usize, out: &mut Vec<Line>) {
    let row = &d.row;
    let mut state = row.status.as_str().to_lowercase();
    match row.review {
        Review::None => {}
        Review::Accepted => state.push_str(", accepted"),
        Review::Held => state.push_str(&format!(", held: {}", row.hold_reason)),
    }
    if !row.undone.is_empty() {
        state.push_str(&format!(", {}", row.undone));
    }
    let kind = row.kind.as_str().replace('_', " ");
    out.push(Line::of(format!("{} {kind} ", name(d)), theme::BOLD).and(state, theme::PLAIN));
    out.push(Line::plain(format!("{} {}", row.account, row.customer)));
    let po = if d.po_number.is_empty() { String::new() } else { format!("  PO {}", d.po_number) };
    out.push(Line::plain(format!(
        "dated {}  due {} ({}){po}",
        row.invoice_on, row.due_on, d.payment_term
    )));
    let run = d.run.map(|r| format!("  BR-{r:06}")).unwrap_or_default();
    let named = |text: &str| if text.is_empty() { "no e-mail".to_owned() } else { text.to_owned() };
    let to = named(d.emails_now.as_ref().unwrap_or(&d.emails));
    out.push(Line::of(format!("{}: {to}{run}  version {}", d.delivery, row.version), theme::DIM));
    if d.emails_now.is_some() {
        let text = format!("when it was made: {}", named(&d.emails));
        out.extend(wrap(&text, width).into_iter().map(|l| Line::of(l, theme::DIM)));
    }
    if !row.tags.is_empty() {
        out.push(Line::plain(tags(row)));
    }
    for text in &d.agreed {
        out.extend(wrap(text, width).into_iter().map(|l| Line::of(l, theme::WARN)));
    }
    if !d.note.is_empty() {
        out.extend(wrap(&format!("note: {}", d.note), width).into_iter().map(Line::plain));
    }
    let references = d.references.said();
    if !references.is_empty() {
        out.extend(wrap(&references, width).into_iter().map(Line::plain));
    }
    if !row.stale.is_empty() {
        let text = format!("! stale: {}; R rates it again", row.stale);
        out.extend(wrap(&text, width).into_iter().map(|l| Line::of(l, theme::WARN)));
    }
}

/// Who has it, and who is at it.
fn whose(d: &InvoiceDetail, cx: &Cx) -> Option<String> {
    let claim = d.row.claim.as_ref().filter(|claim| claim.binds(cx.now.today));
    let claim = claim.map(|claim| {
        let by = if claim.name == cx.user { "you" } else { claim.name.as_str() };
        format!("claimed by {by}")
    });
    let edits = cx.editor_of(d.row.id.0).map(|person| {
        let since = person.editing.map(|(_, at)| cx.when(at)).unwrap_or_default();
        match person.seat {
            Seat::Theirs => format!("{} edits since {since}", person.name),
            Seat::Mine => format!("you edit since {since}, in another console"),
            Seat::Ended => format!("your own edit since {since}, in a console that ended"),
        }
    });
    let reads = || cx.reader_of(d.row.id.0).map(|person| format!("{} has it open", person.name));
    let said: Vec<String> = claim.into_iter().chain(edits.or_else(reads)).collect();
    (!said.is_empty()).then(|| said.join(" · "))
}

fn item_lines(d: &InvoiceDetail, at: usize, width: usize, chosen: bool, out: &mut Vec<Line>) {
    let Some(item) = d.items.get(at) else { return };
    let amount = d.row.total.currency.grouped(item.amount_minor);
    let mark = if chosen { ">" } else { " " };
    let room = width.saturating_sub(amount.len() + 6).max(8);
    let style = if chosen { theme::BOLD } else { theme::PLAIN };
    let first = format!("{mark}{:>2} {} ", item.position, pad(&item.description, room));
    out.push(Line::of(first, style).and(amount, style));
    let days = item.service().map(|(from, to)| format!("{from} to {to}  ")).unwrap_or_default();
    let hand = match item.origin {
        Origin::Edited => "  edited",
        Origin::Hand => "  by hand",
        Origin::Run => "",
    };
    let tax = if item.tax_code.is_empty() { String::new() } else { format!("  {}", item.tax_code) };
    let as_before = if is_as_before(d, at) { "  as before" } else { "" };
    let text = format!(
        "    {days}{} × {}{tax}{hand}{as_before}",
        item.quantity.normalize(),
        item.unit_price.normalize()
    );
    out.push(Line::of(text, theme::DIM));
}

fn sums(d: &InvoiceDetail, width: usize, out: &mut Vec<Line>) {
    let c = d.row.total.currency;
    let mut add = |label: &str, amount: Money, style| {
        let amount = amount.grouped();
        let room = width.saturating_sub(amount.len() + 2).max(8);
        out.push(Line::of(format!("{} {amount}", pad(&format!("    {label}"), room)), style));
    };
    add("net", d.subtotal, theme::PLAIN);
    for tax in &d.taxes {
        let label = if tax.reason.is_empty() {
            tax.titled()
        } else {
            format!("{} ({})", tax.titled(), tax.reason)
        };
        add(&label, c.amount(tax.tax_minor), theme::PLAIN);
    }
    add(&format!("total {c}"), d.row.total, theme::BOLD);
    if d.row.status == DocumentStatus::Posted {
        add("still open", d.row.balance, theme::PLAIN);
    }
}

/// Whether a line is on every invoice before, and as it is here.
fn is_as_before(d: &InvoiceDetail, item: usize) -> bool {
    let Some(compared) = d.compared.lines.get(item) else { return false };
    let now = d.items.get(item).map(|item| item.amount_minor);
    !d.before.is_empty()
        && compared.change == Change::Same
        && compared.before_minor.iter().all(|minor| *minor == now)
}

/// Under a line what it was on the invoices before, and what is another: nothing where there are none.
fn beside(d: &InvoiceDetail, item: usize, width: usize, out: &mut Vec<Line>) {
    let Some(compared) = d.compared.lines.get(item).filter(|_| !d.before.is_empty()) else {
        return;
    };
    if is_as_before(d, item) {
        return;
    }
    let c = d.row.total.currency;
    let usage = d.items.get(item).is_some_and(is_usage);
    if compared.change == Change::New {
        out.push(Line::of("    new: not on the invoices before", theme::WARN));
        return;
    }
    // The oldest first, as the chart has it.
    let amounts: Vec<String> = compared
        .before_minor
        .iter()
        .rev()
        .map(|minor| minor.map_or_else(|| "–".to_owned(), |minor| c.grouped(minor)))
        .collect();
    let mut text = format!("before: {}", amounts.join("  "));
    if usage {
        let past = compared.before_minor.iter().rev().map(|minor| minor.unwrap_or(0));
        let now = d.items.get(item).map(|item| item.amount_minor);
        text.push_str(&format!("  {}", sparkline(&past.chain(now).collect::<Vec<_>>())));
    }
    let style = match &compared.change {
        Change::Differs(differs) => {
            text.push_str(&format!("  {}", told(differs, c)));
            theme::WARN
        }
        Change::Same | Change::New => theme::DIM,
    };
    let rows = wrap(&text, width.saturating_sub(4)).into_iter();
    out.extend(rows.map(|row| Line::of(format!("    {row}"), style)));
}

/// What is another, in words: `price 28 → 30, 1 month → 17 days`.
fn told(differs: &[Differs], c: Currency) -> String {
    let one = |differ: &Differs| match differ {
        Differs::Price(then, now) => format!("price {} → {}", then.normalize(), now.normalize()),
        Differs::Quantity(then, now) => {
            format!("quantity {} → {}", then.normalize(), now.normalize())
        }
        Differs::Span(then, now) => format!("{then} → {now}"),
        Differs::Amount(then, now) => format!("{} → {}", c.grouped(*then), c.grouped(*now)),
    };
    differs.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn is_usage(item: &ItemRow) -> bool {
    match item.derivation.kept() {
        Ok(Some(Derivation { how: How::Rated(rated), .. })) => rated.records.is_some(),
        Ok(_) | Err(_) => false,
    }
}

/// What of a document is another than on the invoices before, in few words; none where nothing is, or
/// nothing was before.
fn changes(d: &InvoiceDetail) -> Option<String> {
    if d.before.is_empty() {
        return None;
    }
    let c = d.row.total.currency;
    let mut words: Vec<(String, usize)> = Vec::new();
    let mut add = |text: String| match words.iter_mut().find(|(said, _)| *said == text) {
        Some((_, times)) => *times += 1,
        None => words.push((text, 1)),
    };
    for (item, compared) in d.items.iter().zip(&d.compared.lines) {
        match &compared.change {
            Change::New => add(format!("new: {}", item.description)),
            Change::Differs(differs) => {
                add(format!("{}: {}", item.description, told(differs, c)));
            }
            Change::Same => {}
        }
    }
    d.compared.gone.iter().for_each(|line| add(format!("gone: {}", line.description)));
    let times = |(text, times): &(String, usize)| match times {
        1 => text.clone(),
        _ => format!("{text} ×{times}"),
    };
    (!words.is_empty()).then(|| words.iter().map(times).collect::<Vec<_>>().join("; "))
}

/// Lines of the invoice before that are on this one no more.
fn gone(d: &InvoiceDetail, width: usize, out: &mut Vec<Line>) {
    let c = d.row.total.currency;
    for line in &d.compared.gone {
        let amount = c.grouped(line.amount_minor);
        let number = d.before.first().map_or("", |past| past.number.as_str());
        let text = format!("gone: {} ({amount} on {number})", line.description);
        let rows = wrap(&text, width.saturating_sub(4)).into_iter();
        out.extend(rows.map(|row| Line::of(format!("    {row}"), theme::WARN)));
    }
}

fn past(d: &InvoiceDetail, width: usize, out: &mut Vec<Line>) {
    if d.before.is_empty() {
        out.push(Line::of("no invoice before this one", theme::DIM));
        return;
    }
    let one = |p: &PastInvoice| format!("{} of {} {}", p.number, p.invoice_on, p.total.grouped());
    let list: Vec<String> = d.before.iter().map(one).collect();
    let text = format!("before it: {}", list.join(", "));
    out.extend(wrap(&text, width).into_iter().map(Line::plain));
}

fn trail(d: &InvoiceDetail, width: usize, cx: &Cx, out: &mut Vec<Line>) {
    for copy in &d.deliveries {
        let reply = if copy.last_reply.is_empty() {
            String::new()
        } else {
            format!(" ({})", copy.last_reply)
        };
        let text = format!("{} to {}: {}{reply}", copy.channel, copy.address, copy.status);
        out.extend(wrap(&text, width).into_iter().map(Line::plain));
    }
    if let Some(text) = d.first_copy.said(d.layout, cx.zone) {
        out.extend(wrap(&text, width).into_iter().map(|l| Line::of(l, theme::DIM)));
    }
    for paid in &d.payments {
        let amount = paid.amount.grouped();
        out.push(Line::plain(format!("{} {amount} {} {}", paid.what, paid.status, paid.on)));
    }
    // Its notes stand above.
    let noted = |row: &&HistoryRow| row.verb == "housekeeping" && row.summary.starts_with("note");
    for row in d.history.iter().filter(|row| !noted(row)).take(8) {
        let text = format!("{} {} {}: {}", cx.when(row.at), row.user, row.verb, row.summary);
        out.extend(wrap(&text, width).into_iter().map(|l| Line::of(l, theme::DIM)));
    }
}

/// Two rows about the document under the cursor. What changes from row to row stands in columns,
/// so that a step down costs few bytes.
pub fn preview(d: &InvoiceDetail) -> Vec<Line> {
    let last: Vec<String> = d.before.iter().map(|p| format!("{:>10}", p.total.grouped())).collect();
    let last = if last.is_empty() {
        "no invoice before".to_owned()
    } else {
        format!("last {}", last.join(" "))
    };
    let first = match d.flags.as_slice() {
        _ if !d.row.stale.is_empty() => format!("! stale: {}; R rates it again", d.row.stale),
        [flag] => format!("! {}", flag.reason),
        // All of them, as far as the column has no room; why, says the line below and the document.
        [_, ..] => {
            let said: Vec<&str> = d.flags.iter().map(|flag| flag.code.said()).collect();
            format!("! {}", said.join(", "))
        }
        [] => {
            let lines = counted(d.items.len(), "line", "lines");
            format!("{lines}, net {}", d.subtotal.grouped())
        }
    };
    let open = if d.row.status == DocumentStatus::Posted {
        format!("  open {}", d.row.balance)
    } else {
        String::new()
    };
    let words = match changes(d) {
        Some(changes) => format!("{changes}{open}"),
        None => format!("{last:<38} {}{open}", d.payment_term),
    };
    vec![Line::plain(first), Line::plain(words)]
}

/// Its tags as they are shown: `#urgent #new`.
pub fn tags(row: &InvoiceRow) -> String {
    row.tags.split_whitespace().map(|tag| format!("#{tag}")).collect::<Vec<_>>().join(" ")
}
