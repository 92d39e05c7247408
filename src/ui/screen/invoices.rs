//! 3 Invoices, the heart: drafts to check worst first, one key for a good one, three for an
//! exception; edit, hold, explain; post what is right; correct by memo what is posted.

mod claim;
mod open;
mod past;
mod row;
mod sample;
mod verbs;

use past::show_history;
pub use verbs::create;
use verbs::picks;

use super::Screen;
use super::document::{name, picture, preview};
use super::listed::{beside, list_action, list_intent, view_list};
use crate::domain::document::{DocumentKind, DocumentStatus, Review};
use crate::domain::ids::DocumentId;
use crate::engine::command::{Command, Receipt};
use crate::engine::query::{Ahead, Answer, Query};
use crate::store::Topic;
use crate::store::read::invoice::InvoiceDetail;
use crate::store::read::invoices::InvoiceRow;
use crate::store::read::sample::Sample;
use crate::store::read::{Field, Marked, Sort};
use crate::ui::keymap::{Action, Binding, Key, also, bind};
use crate::ui::modal::Intent;
use crate::ui::modal::purpose;
use crate::ui::msg::{Cx, Part, ScreenId};
use crate::ui::theme;
use crate::ui::widget::Line;
use crate::ui::widget::list::{AnyList, Listing, Tab, WIDE};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::cell::Cell;

/// The keys of this screen.
pub const KEYS: &[Binding] = &[
    bind(&[Key::Char('a')], Action::Accept, "accept", "accept the draft in this version, and next"),
    bind(
        &[Key::Char('e')],
        Action::Edit,
        "edit",
        "edit the draft, or what is marked alike: dates, PO, note, lines",
    ),
    bind(&[Key::Char('v')], Action::Hold, "hold", "hold the draft, or release it"),
    bind(&[Key::Char(' ')], Action::Mark, "mark", "mark, and next"),
    bind(&[Key::Char('P')], Action::Post, "post", "post the marked drafts, this one, or its run"),
    also(&[Key::Char('x')], Action::Explain, "explain", "explain how each amount came about"),
    also(
        &[Key::Char('H')],
        Action::History,
        "history",
        "its history: every deed, before and after; a draft back to an earlier version",
    ),
    also(
        &[Key::Char('t')],
        Action::Tag,
        "tag",
        "tag the draft, or what is marked, with words of your own; tag:WORD behind / finds them",
    ),
    also(
        &[Key::Char('R')],
        Action::Regenerate,
        "rate again",
        "rate the draft again from what is known now",
    ),
    also(
        &[Key::Char('D')],
        Action::CancelDraft,
        "cancel",
        "cancel the draft; its periods are billable again",
    ),
    also(
        &[Key::Char('m')],
        Action::Memo,
        "correct",
        "correct a posted invoice: memo, reversal, write-off, its undoing (m u), pay a memo out",
    ),
    also(
        &[Key::Char('$')],
        Action::Payments,
        "payments",
        "its payments: refund, take off, move, apply",
    ),
    also(
        &[Key::Char('p')],
        Action::Preview,
        "PDF",
        "the draft as PDF to look at: marked, no number",
    ),
    also(&[Key::Char('r')], Action::Notes, "notes", "its notes and references: write, strike, set"),
    also(&[Key::Char('c')], Action::Create, "new run", "new bill run or payment run"),
    also(&[Key::Char('C')], Action::Claim, "claim", "claim the next 50, release, hand over"),
];

/// What the list can be grouped by.
const GROUPS: &[Field] = &[Field::Flag, Field::Currency, Field::Batch, Field::Review, Field::Run];

const SORTS: &[Sort] = &[
    Sort::Risk,
    Sort::Newest,
    Sort::Account,
    Sort::Customer,
    Sort::Largest,
    Sort::Smallest,
    Sort::Due,
    Sort::Invoiced,
    Sort::Open,
    Sort::State,
    Sort::Po,
    Sort::Batch,
];

/// The state of the screen.
pub struct Invoices {
    /// The list.
    pub list: Listing<InvoiceRow>,
    detail: Option<Box<InvoiceDetail>>,
    /// The document over the list, and its chosen item.
    open: Option<usize>,
    /// Lines that the end of an open document is moved up by, and as many as there are.
    below: usize,
    most_below: Cell<usize>,
    /// Of the runs that are not posted yet, newest first; read when the tab shows them.
    samples: Vec<Sample>,
    /// The open document was asked for from another screen.
    visit: bool,
    /// What shall be rated again once it is known what that throws away.
    rating: Vec<Marked>,
}

impl Default for Invoices {
    fn default() -> Self {
        let tabs = vec![
            Tab::new("to check", "status:draft review:none", Sort::Risk),
            Tab::new("flagged", "status:draft review:none flag:any", Sort::Risk),
            Tab::new(sample::TAB, "sample:open", Sort::Drawn),
            Tab::new("held", "status:draft review:held", Sort::Risk),
            Tab::new("accepted", "status:draft review:accepted", Sort::Risk),
            Tab::new("all drafts", "status:draft", Sort::Risk),
            Tab::new("posted", "status:posted", Sort::Newest),
            Tab::new("all", "", Sort::Newest),
            Tab::new(claim::TAB, "status:draft claim:mine", Sort::Risk).empty(claim::NOTHING),
        ];
        Self {
            list: Listing::new(ScreenId::Invoices, tabs, SORTS),
            detail: None,
            open: None,
            below: 0,
            most_below: Cell::new(0),
            samples: Vec::new(),
            visit: false,
            rating: Vec::new(),
        }
    }
}

impl Invoices {
    /// Opens a document by id, wherever it stands.
    pub fn open_document(&mut self, id: i64, cx: &mut Cx) {
        self.open = Some(0);
        self.visit = true;
        self.detail = None;
        cx.load(ScreenId::Invoices, Part::Detail, Query::Invoice(DocumentId(id)));
    }

    fn load_detail(&mut self, cx: &mut Cx) {
        let Some(id) = self.list.current().map(|r| r.id) else {
            self.detail = None;
            return;
        };
        cx.load(ScreenId::Invoices, Part::Detail, Query::Invoice(id));
    }

    /// What an action is about: the open document, the marks, or the row under the cursor.
    fn targets(&self) -> Vec<Marked> {
        match (&self.open, &self.detail) {
            // What is still read is not shown: the row behind it is not meant.
            (Some(_), None) => Vec::new(),
            (Some(_), Some(d)) => {
                vec![Marked { id: d.row.id.0, version: d.row.version, money: Some(d.row.total) }]
            }
            (None, _) => self.list.targets(),
        }
    }

    fn row(&self) -> Option<&InvoiceRow> {
        match (&self.open, &self.detail) {
            (Some(_), detail) => detail.as_deref().map(|d| &d.row),
            (None, _) => self.list.current(),
        }
    }

    fn next(&mut self, cx: &mut Cx) {
        self.list.advance(cx);
        if let Some(item) = &mut self.open {
            *item = 0;
        }
        self.load_detail(cx);
    }

    fn current_detail(&self) -> Option<&InvoiceDetail> {
        let id = self.row()?.id;
        self.detail.as_deref().filter(|d| d.row.id == id)
    }

    fn own(&mut self, action: Action, cx: &mut Cx) -> bool {
        if let Some(reason) = self.unavailable(action) {
            cx.say(reason);
            return true;
        }
        match action {
            Action::Accept => self.accept(cx),
            Action::Edit => self.edit(cx),
            Action::Hold => self.hold(cx),
            Action::Explain => self.explain(cx),
            Action::History => {
                if let Some(id) = self.row().map(|row| row.id) {
                    cx.load(ScreenId::Invoices, Part::Past, Query::Past(id));
                }
            }
            Action::Post => self.post(cx),
            Action::Memo => self.memo(cx),
            Action::Payments => self.payments(cx),
            Action::Notes => self.notes(cx),
            Action::Preview => self.preview_draft(cx),
            Action::Regenerate => {
                self.rating = self.targets();
                let query = Ahead::Lost(picks(&self.rating));
                cx.load(ScreenId::Invoices, Part::Lost, query);
            }
            Action::CancelDraft => {
                let (title, drafts) = self.meant("Cancel");
                let form = purpose::cancel_drafts(title, drafts, cx);
                cx.open.push(form);
            }
            Action::Tag => {
                let (title, drafts) = self.meant("Tag");
                let form = purpose::tag_drafts(title, drafts, cx);
                cx.open.push(form);
            }
            Action::Create => create(cx),
            Action::Claim => self.claim(cx),
            _ => return false,
        }
        true
    }
}

impl Screen for Invoices {
    fn keys(&self) -> &'static [Binding] {
        KEYS
    }

    fn list(&self) -> Option<&dyn AnyList> {
        Some(&self.list)
    }

    fn list_mut(&mut self) -> Option<&mut dyn AnyList> {
        Some(&mut self.list)
    }

    fn is_list(&self) -> bool {
        self.open.is_none()
    }

    fn crumb(&self) -> String {
        match (&self.open, &self.detail) {
            (Some(_), Some(d)) => name(d),
            _ => self.list.tab_name().to_owned(),
        }
    }

    fn enter(&mut self, cx: &mut Cx) {
        self.list.reload(cx);
        self.load_samples(cx);
    }

    fn act(&mut self, action: Action, cx: &mut Cx) -> bool {
        if let Some(item) = self.open {
            return self.act_open(item, action, cx);
        }
        if matches!(action, Action::Open | Action::OtherPane) {
            if self.list.current().is_some() {
                self.open = Some(0);
                self.load_detail(cx);
            } else {
                cx.say("nothing here");
            }
            return true;
        }
        if self.own(action, cx)
            || (action == Action::Group && self.on_sample() && self.offer_kin(cx))
        {
            return true;
        }
        let before = self.list.current().map(|r| r.id);
        let known = list_action(&mut self.list, GROUPS, action, cx);
        if self.list.current().map(|r| r.id) != before {
            self.load_detail(cx);
        }
        if action == Action::NextTab {
            self.load_samples(cx);
        }
        known
    }

    fn intent(&mut self, intent: &Intent, cx: &mut Cx) -> bool {
        // Another list is asked for from elsewhere: the document over this one is not of it.
        if matches!(intent, Intent::Tab(_) | Intent::Typed(_) | Intent::Term(_) | Intent::Sort(_)) {
            (self.open, self.visit) = (None, false);
        }
        if let Intent::Claim(what) = intent {
            self.claim_what(*what, cx);
            return true;
        }
        let known = list_intent(&mut self.list, intent, cx);
        if matches!(intent, Intent::Tab(_)) {
            self.load_samples(cx);
        }
        known
    }

    fn loaded(&mut self, part: Part, answer: Answer, cx: &mut Cx) {
        let before = self.list.current().map(|r| (r.id, r.version));
        match self.list.loaded(part, answer, cx) {
            None => {
                let here = self.list.current().map(|r| (r.id, r.version));
                if self.open.is_none() && (here != before || part == Part::Page) {
                    self.load_detail(cx);
                }
            }
            Some(Answer::Invoice(detail)) => {
                if detail.is_none() && self.open.is_some() {
                    cx.say("there is no such document");
                    self.open = None;
                }
                self.detail = detail;
            }
            Some(Answer::Lost(lost)) => self.rate_again(&lost, cx),
            Some(Answer::Past(history)) => show_history(&history, cx),
            Some(other) => self.samples_loaded(other),
        }
    }

    fn changed(&mut self, topics: &[Topic], cx: &mut Cx) {
        let mine = [Topic::Documents, Topic::Runs, Topic::Payments, Topic::Deliveries];
        if self.list.frozen || !topics.iter().any(|t| mine.contains(t)) {
            return;
        }
        self.list.reload(cx);
        self.load_samples(cx);
        if let (Some(_), Some(d)) = (self.open, &self.detail) {
            cx.load(ScreenId::Invoices, Part::Detail, Query::Invoice(d.row.id));
        }
    }

    fn done(&mut self, command: &Command, receipt: &Receipt, _cx: &mut Cx) {
        if matches!(command, Command::Claim(_)) {
            return self.claimed(receipt);
        }
        // What was dealt with is no longer marked; what was refused stays marked.
        let done = match command {
            Command::Accept { drafts, .. }
            | Command::Hold { drafts, .. }
            | Command::Release { drafts }
            | Command::CancelDrafts { drafts, .. }
            | Command::EditMany { drafts, .. }
            | Command::Tag { drafts, .. }
            | Command::Post { drafts, .. }
            | Command::Regenerate { drafts } => drafts.as_slice(),
            _ => &[],
        };
        let refused: Vec<&str> = receipt.refused.iter().map(|r| r.what.as_str()).collect();
        for pick in done {
            if !refused.contains(&pick.id.to_string().as_str()) {
                self.list.marks.remove(&pick.id.0);
            }
        }
    }

    fn view(&self, canvas: &mut Buffer, area: Rect, cx: &Cx) {
        if let Some(item) = self.open {
            return self.view_open(item, canvas, area, cx);
        }
        // Nothing of another row stands under the cursor's, not even for the time of a reading.
        let detail = self.current_detail();
        let reading =
            (self.row().is_some() && detail.is_none()).then(|| Line::of("reading…", theme::DIM));
        if self.list.is_beside(area.width) {
            let picture = |d| picture(d, beside(area.width), None, cx).lines;
            let shown = detail.map_or_else(|| Vec::from_iter(reading), picture);
            let said = if self.on_sample() { self.sample_words(WIDE.into()) } else { Vec::new() };
            return view_list(&self.list, &said, Some(&shown), canvas, area, cx);
        }
        let mut preview = detail.map_or_else(|| Vec::from_iter(reading), preview);
        if self.on_sample() {
            let said = self.sample_words(usize::from(area.width) - 2);
            preview.splice(..said.len().min(preview.len()), said);
        }
        view_list(&self.list, &preview, None, canvas, area, cx);
    }

    fn unavailable(&self, action: Action) -> Option<String> {
        let needs_draft = matches!(
            action,
            Action::Accept
                | Action::Edit
                | Action::Hold
                | Action::Tag
                | Action::Regenerate
                | Action::CancelDraft
                | Action::Post
        );
        let row = self.row();
        let marked = !self.list.marks.is_empty() && self.open.is_none();
        if marked && needs_draft {
            let at_hand = self.list.rows.iter().filter(|r| self.list.marks.contains_key(&r.id.0));
            let fixed = at_hand.filter(|r| r.status != DocumentStatus::Draft).count();
            return (fixed > 0)
                .then(|| format!("{fixed} of the marked are no drafts: U takes marks off"));
        }
        let needs_row = matches!(
            action,
            Action::Memo | Action::Explain | Action::Payments | Action::History | Action::Notes
        );
        if row.is_none() && (needs_draft || needs_row) {
            return Some("no document here".to_owned());
        }
        if !needs_draft {
            return None;
        }
        let row = row?;
        match row.status {
            DocumentStatus::Draft if action == Action::Accept && row.review == Review::Held => {
                Some(format!("held: {}; v releases it first", row.hold_reason))
            }
            DocumentStatus::Draft => None,
            DocumentStatus::Posted if row.kind == DocumentKind::Invoice => {
                Some("posted: adjust it instead (m)".to_owned())
            }
            DocumentStatus::Posted => Some("posted: it cannot change any more".to_owned()),
            DocumentStatus::Canceled => Some("canceled: nothing more can be done to it".to_owned()),
        }
    }

    fn reading(&self) -> Option<i64> {
        self.open.and_then(|_| self.document())
    }

    fn more_commands(&self) -> Vec<(String, String, Intent)> {
        claim::commands()
    }

    fn document(&self) -> Option<i64> {
        self.row().map(|r| r.id.0)
    }
}
