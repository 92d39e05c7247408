//! What the keys of the invoices do: each builds a command, and asks first where it must.

use super::Invoices;
use crate::domain::document::{DocumentKind, DocumentStatus, Review};
use crate::domain::ids::{BillRunId, DocumentId};
use crate::domain::note::On;
use crate::engine::command::{Command, Pick, Removed};
use crate::engine::query::Whose;
use crate::store::document::ItemRow;
use crate::store::read::Marked;
use crate::store::read::invoice::InvoiceDetail;
use crate::store::read::invoices::InvoiceRow;
use crate::ui::modal::ask::Ask;
use crate::ui::modal::choice::{Choice, Item};
use crate::ui::modal::purpose::{self, Head, LineText, PostWhat};
use crate::ui::modal::text::TextBox;
use crate::ui::modal::{Intent, Modal, money, runs};
use crate::ui::msg::{Cx, ScreenId, Seat};
use crate::ui::screen::document::name;
use crate::ui::screen::notes;
use crate::ui::theme;
use crate::ui::widget::list::{Shown, sums};
use crate::ui::widget::{Line, counted, grouped, wrap};

/// Drafts that a question names at most.
const SHOWN: usize = 20;

impl Invoices {
    /// Many rows ask in one line; one row just does it.
    pub(super) fn commit_or_ask(
        &self,
        words: &str,
        targets: &[Marked],
        command: Command,
        cx: &mut Cx,
    ) {
        let beyond = self.beyond();
        if targets.is_empty() || (self.is_under_cursor(targets) && beyond.is_empty()) {
            return cx.commit(command);
        }
        let n = counted(targets.len(), "document", "documents");
        let title = format!("{words} {n} ({}){beyond}?", sums(targets.iter()));
        let op = cx.operation();
        cx.open.push(Modal::Ask(Box::new(Ask::light(title, op, command))));
    }

    /// Whether just one is meant, and it is the one that is looked at: not one that was marked elsewhere.
    fn is_under_cursor(&self, targets: &[Marked]) -> bool {
        targets.len() == 1 && self.row().is_some_and(|row| row.id.0 == targets[0].id)
    }

    /// What a form about drafts is called (`Tag 3 drafts (1,204.80 EUR)`), and which they are.
    pub(super) fn meant(&self, verb: &str) -> (String, Vec<Pick>) {
        let (targets, beyond) = (self.targets(), self.beyond());
        let n = counted(targets.len(), "draft", "drafts");
        (format!("{verb} {n} ({}){beyond}", sums(targets.iter())), picks(&targets))
    }

    /// Of an open document there is nothing beyond.
    fn beyond(&self) -> String {
        if self.open.is_some() { String::new() } else { self.list.beyond() }
    }

    pub(super) fn accept(&mut self, cx: &mut Cx) {
        let targets = self.targets();
        let alone = |row: &&InvoiceRow| targets.len() == 1 && targets[0].id == row.id.0;
        if let Some(row) = self.row().filter(alone).filter(|r| !r.stale.is_empty()) {
            let title = format!("Accept {} although {}", row.label(), row.stale);
            let form = purpose::accept_stale(title, picks(&targets), cx);
            return cx.open.push(form);
        }
        let command = Command::Accept { drafts: picks(&targets), reason: String::new() };
        self.commit_or_ask("Accept", &targets, command, cx);
        if self.is_under_cursor(&targets) {
            self.next(cx);
        }
    }

    /// Whether what is acted on is held already, as far as it is at hand.
    fn are_held(&self) -> bool {
        if self.list.marks.is_empty() || self.open.is_some() {
            return self.row().is_some_and(|r| r.review == Review::Held);
        }
        let marked = self.list.rows.iter().filter(|r| self.list.marks.contains_key(&r.id.0));
        let held: Vec<bool> = marked.map(|r| r.review == Review::Held).collect();
        !held.is_empty() && held.iter().all(|h| *h)
    }

    pub(super) fn hold(&mut self, cx: &mut Cx) {
        let targets = self.targets();
        if self.are_held() {
            let command = Command::Release { drafts: picks(&targets) };
            return self.commit_or_ask("Release", &targets, command, cx);
        }
        let beyond = self.beyond();
        let reasons = [
            "the amount looks wrong",
            "usage is missing",
            "the customer disputes it",
            "waiting for an answer",
            "wrong address or tax id",
        ];
        let mut items: Vec<Item> = Vec::new();
        for (reason, key) in reasons.iter().zip('1'..='9') {
            let command = Command::Hold {
                drafts: picks(&targets),
                reason: (*reason).to_owned(),
                owner: String::new(),
                until: None,
            };
            let op = cx.operation();
            let intent = if targets.len() == 1 && beyond.is_empty() {
                Intent::Commit { op, command: Box::new(command) }
            } else {
                let title = format!(
                    "Hold {} ({}){beyond}?",
                    grouped(targets.len() as i64),
                    sums(targets.iter())
                );
                Intent::Open(Box::new(Modal::Ask(Box::new(Ask::light(title, op, command)))))
            };
            items.push(Item::new(key, *reason, intent));
        }
        let form = purpose::hold(picks(&targets), "", cx);
        items.push(Item::new(
            'o',
            "another reason, an owner, a date…",
            Intent::Open(Box::new(form)),
        ));
        let money = sums(targets.iter());
        cx.open.push(Modal::Choice(Choice::new(
            format!("Hold {} ({money}){beyond}", grouped(targets.len() as i64)),
            items,
        )));
    }

    /// The marked drafts alike, or the one under the cursor.
    pub(super) fn edit(&mut self, cx: &mut Cx) {
        if self.open.is_some() || self.list.marks.is_empty() {
            return self.edit_one(cx);
        }
        let targets = self.targets();
        let n = counted(targets.len(), "draft", "drafts");
        let title = format!("Edit {n} ({}){}", sums(targets.iter()), self.beyond());
        let head = purpose::edit_many(title.clone(), picks(&targets), cx);
        let charge = purpose::charge_many(title.clone(), picks(&targets), cx);
        let open = |modal| Intent::Open(Box::new(modal));
        let items = vec![
            Item::new('d', "dates, PO number, note of all of them…", open(head)),
            Item::new('c', "quantity or price of a charge…", open(charge)),
        ];
        cx.open.push(Modal::Choice(Choice::new(title, items)));
    }

    fn edit_one(&self, cx: &mut Cx) {
        let Some(detail) = self.current_detail() else { return cx.say("still reading it") };
        let detail = detail.clone();
        let menu = self.menu_of(&detail, cx);
        let Some(person) = cx.editor_of(detail.row.id.0) else { return cx.open.push(menu) };
        let since = person.editing.map(|(_, at)| cx.when(at)).unwrap_or_default();
        let (title, take) = match person.seat {
            Seat::Theirs => (
                format!("{} edits it since {since}", person.name),
                "take over: who saves second sees the other's changes",
            ),
            Seat::Mine => (
                format!("You edit it since {since}, in another console of yours"),
                "edit it here: who saves second sees the other's changes",
            ),
            Seat::Ended => (
                format!("Your own edit since {since}, in a console that ended"),
                "edit it as the book has it",
            ),
        };
        let mut items = vec![Item::new('t', take, Intent::Open(Box::new(menu)))];
        if person.seat == Seat::Ended {
            items.insert(0, Item::new('u', "take up what you had typed", Intent::Rescued(None)));
        }
        cx.open.push(Modal::Choice(Choice::new(title, items)));
    }

    /// What can be edited of one draft.
    fn menu_of(&self, detail: &InvoiceDetail, cx: &mut Cx) -> Modal {
        let draft = Pick { id: detail.row.id, version: detail.row.version };
        let chosen = self.open.and_then(|at| detail.items.get(at)).map(|i| i.position);
        let mut items = vec![];
        if let Some(item) = chosen.and_then(|p| detail.items.iter().find(|i| i.position == p)) {
            items.extend(line_items(draft, item, cx));
        }
        for item in detail.items.iter().take(9) {
            let key = char::from_digit(item.position, 10).unwrap_or(' ');
            let amount = detail.row.total.currency.grouped(item.amount_minor);
            let menu = line_menu(draft, item, cx);
            let label = format!("line {}: {}", item.position, item.description);
            items.push(Item::new(key, label, Intent::Open(Box::new(menu))).hint(amount));
        }
        let title = format!("Edit {}", name(detail));
        let head = purpose::edit_head(&title, draft, Head::of(detail), cx);
        items.push(Item::new('d', "dates, PO number, note…", Intent::Open(Box::new(head))));
        let add = purpose::add_line(draft, cx);
        items.push(Item::new('+', "add a line…", Intent::Open(Box::new(add))));
        Modal::Choice(Choice::new(title, items))
    }

    pub(super) fn explain(&mut self, cx: &mut Cx) {
        let Some(detail) = self.current_detail() else { return cx.say("still reading it") };
        let width = usize::from(cx.size.0).saturating_sub(12).clamp(30, 88);
        let mut lines = Vec::new();
        for item in &detail.items {
            let amount = detail.row.total.currency.grouped(item.amount_minor);
            let head = format!("{} {}: {amount}", item.position, item.description);
            lines.push(Line::of(head, theme::BOLD));
            for text in crate::ui::explain::words(item, &detail.items, detail.row.total.currency) {
                lines.extend(
                    wrap(&text, width - 2).into_iter().map(|l| Line::plain(format!("  {l}"))),
                );
            }
        }
        for tax in &detail.taxes {
            let c = detail.row.total.currency;
            let text = format!(
                "{} of {} = {}{}",
                tax.titled(),
                c.grouped(tax.base_minor),
                c.grouped(tax.tax_minor),
                if tax.reason.is_empty() { String::new() } else { format!(" ({})", tax.reason) }
            );
            lines.push(Line::of(text, theme::BOLD));
        }
        for flag in &detail.flags {
            let text = format!("! {}: {}", flag.code, flag.reason);
            lines.extend(wrap(&text, width).into_iter().map(|l| Line::of(l, theme::WARN)));
        }
        cx.open.push(Modal::Text(TextBox::new(format!("{} explained", name(detail)), lines)));
    }

    pub(super) fn post(&mut self, cx: &mut Cx) {
        let targets = self.targets();
        if targets.is_empty() {
            return cx.say("no draft here");
        }
        let marked = !self.list.marks.is_empty() && self.open.is_none();
        let (seen, unseen) = self.list.seen_and_unseen();
        if marked && unseen.is_empty() {
            let modal = purpose::post(PostWhat::Drafts(picks(&targets)), None, cx);
            return cx.open.push(modal);
        }
        let mut items = Vec::new();
        if marked {
            let words =
                |marks: &[Marked]| format!("{} ({})", grouped(marks.len()), sums(marks.iter()));
            if !seen.is_empty() {
                let label = format!("the {} marked that this filter shows…", words(&seen));
                items.push(Item::new('v', label, Intent::Post(PostWhat::Drafts(picks(&seen)))));
            }
            let label = format!("all {} marked{}…", words(&targets), self.beyond());
            items.push(Item::new('a', label, Intent::Post(PostWhat::Drafts(picks(&targets)))));
        } else {
            let label = self.row().map(Shown::label).unwrap_or_default();
            let what = PostWhat::Drafts(picks(&targets));
            items.push(Item::new('d', format!("this draft, {label}…"), Intent::Post(what)));
        }
        if let Some(run) = self.current_detail().and_then(|d| d.run).map(BillRunId) {
            items.extend(run_items(run, cx));
        }
        cx.open.push(Modal::Choice(Choice::new("Post", items)));
    }

    /// Rates again; asks first where that throws changes made by hand away.
    pub(super) fn rate_again(&mut self, lost: &[(DocumentId, Vec<String>)], cx: &mut Cx) {
        let targets = std::mem::take(&mut self.rating);
        let command = Command::Regenerate { drafts: picks(&targets) };
        if lost.is_empty() {
            return self.commit_or_ask("Rate again", &targets, command, cx);
        }
        let n = counted(lost.len(), "draft", "drafts");
        let mut lines =
            vec![Line::of(format!("Changes made by hand to {n} are thrown away:"), theme::WARN)];
        for (id, what) in lost.iter().take(SHOWN) {
            lines.push(Line::plain(format!("{id}: {}", what.join(", "))));
        }
        if lost.len() > SHOWN {
            lines.push(Line::plain(format!("and of {} more", grouped(lost.len() - SHOWN))));
        }
        lines.push(Line::of("u brings them back until something else is done.", theme::DIM));
        let all = counted(targets.len(), "document", "documents");
        let title = format!("Rate {all} again{}", self.beyond());
        let op = cx.operation();
        let ask = Ask::heavy(title, "rate again", lines, targets.len() as i64, op, command);
        cx.open.push(Modal::Ask(Box::new(ask.untyped())));
    }

    pub(super) fn preview_draft(&mut self, cx: &mut Cx) {
        let Some(row) = self.row() else { return cx.say("no document here") };
        match row.status {
            DocumentStatus::Draft => {
                let form = purpose::preview(row.id, cx);
                cx.open.push(form);
            }
            DocumentStatus::Posted => {
                cx.say(format!("posted: daybook invoice pdf {} writes it", row.label()));
            }
            DocumentStatus::Canceled => cx.say("canceled: nothing more can be done to it"),
        }
    }

    pub(super) fn notes(&mut self, cx: &mut Cx) {
        let Some(d) = self.current_detail() else { return cx.say("still reading it") };
        notes::open(&name(d), On::Document(d.row.id), (&d.notes, &d.references), cx);
    }

    pub(super) fn payments(&mut self, cx: &mut Cx) {
        let Some(row) = self.row() else { return };
        if row.status != DocumentStatus::Posted {
            return cx.say("nothing is paid before it is posted");
        }
        if row.kind == DocumentKind::CreditMemo {
            return cx.say("a credit memo is paid out: m, then p");
        }
        let title = format!("Payments of {}", row.label());
        money::ask_for(title, Whose::Document(row.id), ScreenId::Invoices, cx);
    }

    pub(super) fn memo(&mut self, cx: &mut Cx) {
        let Some(row) = self.row() else { return };
        let (id, currency, written_off) = (row.id, row.total.currency, row.undone == "written off");
        let (row_kind, owed, number) = (row.kind, row.balance, row.label());
        let label = format!(
            "{} (total {}, open {}, {})",
            row.label(),
            row.total,
            row.balance,
            row.customer
        );
        if row.status != DocumentStatus::Posted {
            return cx.say("a draft is edited (e); memos correct what is posted");
        }
        let total = row.total.minor;
        let adjust = purpose::adjust(id, currency, &label, total, cx);
        let reverse = purpose::reverse(id, label.clone(), cx);
        let anew =
            self.current_detail().and_then(|d| Some((d.terms_now.clone()?, d.po_number.clone())));
        let short = row.label();
        let anew = anew.map(|(terms, po)| purpose::reissue(id, short, (&terms, &po), cx));
        let off = purpose::write_off(&label, id, label.clone(), cx);
        // Nothing of it is open; what was given up is told by its write-off.
        let lost = format!("{} (total {}, {})", row.label(), row.total, row.customer);
        let undo = purpose::undo_write_off(id, lost, cx);
        let open = |m| Intent::Open(Box::new(m));
        let mut items = Vec::new();
        if row_kind.is_receivable() {
            items.extend([
                Item::new('a', "adjust by credit or debit memo…", open(adjust)),
                Item::new('r', "reverse: wrong bill, periods billable again…", open(reverse)),
                Item::new('w', "write off: right bill, no money…", open(off)),
            ]);
            let words = "issue anew: right bill, wrong name, tax id, PO number…";
            items.extend((row_kind == DocumentKind::Invoice).then(|| match anew {
                Some(form) => Item::new('i', words, open(form)),
                None => Item::unavailable('i', words, "it is still being read"),
            }));
        }
        if row_kind == DocumentKind::CreditMemo {
            let words = "pay out what is left of it…";
            items.push(match owed.negated() {
                Ok(left) if left.minor > 0 => {
                    Item::new('p', words, open(money::pay_out(id, &number, left, cx)))
                }
                _ => Item::unavailable('p', words, "nothing left"),
            });
        }
        if written_off {
            let words = "undo its write-off whole: it is owed again…";
            items.push(Item::new('u', words, open(undo)));
        }
        if items.is_empty() {
            return cx.say("a write-off is taken back on its invoice: m u there");
        }
        cx.open.push(Modal::Choice(Choice::new(format!("Correct {label}"), items)));
    }
}

/// Posting a whole run.
fn run_items(run: BillRunId, cx: &mut Cx) -> Vec<Item> {
    let all = Intent::Post(PostWhat::Run(run));
    let dated = purpose::post_dated(run, cx);
    vec![
        Item::new('r', format!("every postable draft of {run}…"), all),
        Item::new('i', format!("{run} with another invoice date…"), Intent::Open(Box::new(dated))),
    ]
}

/// Opens the choice of what to make.
pub fn create(cx: &mut Cx) {
    let bill = runs::bill_run(cx);
    let pay = runs::payment_run(cx);
    let items = vec![
        Item::new('b', "bill run…", Intent::Open(Box::new(bill))),
        Item::new('p', "payment run…", Intent::Open(Box::new(pay))),
    ];
    cx.open.push(Modal::Choice(Choice::new("New", items)));
}

fn line_menu(draft: Pick, item: &ItemRow, cx: &mut Cx) -> Modal {
    let title = format!("Line {}: {}", item.position, item.description);
    Modal::Choice(Choice::new(title, line_items(draft, item, cx)))
}

/// What can be done to one line of a draft.
fn line_items(draft: Pick, item: &ItemRow, cx: &mut Cx) -> Vec<Item> {
    let line = item.position;
    let change = purpose::edit_line(draft, line, LineText::of(item), cx);
    let mut remove = |then, words: &str| {
        Intent::Open(Box::new(purpose::remove_line(draft, line, then, words, cx)))
    };
    let later = remove(Removed::Later, "billable again");
    let waive = remove(Removed::Waive, "billed at zero");
    let words = |what: &str| format!("line {line}: {what}…");
    vec![
        Item::new('q', words("quantity, price, description"), Intent::Open(Box::new(change))),
        Item::new('l', words("remove, bill it later"), later),
        Item::new('w', words("remove, waive it"), waive),
    ]
}

pub(super) fn picks(targets: &[Marked]) -> Vec<Pick> {
    targets.iter().map(|m| Pick { id: DocumentId(m.id), version: m.version }).collect()
}
