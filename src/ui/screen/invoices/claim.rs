//! Drafts that this clerk takes to look at: the next of the list, this one, given back, handed over.

use super::{Invoices, picks};
use crate::domain::document::DocumentStatus;
use crate::domain::ids::DocumentId;
use crate::engine::command::{ClaimDeed, Command, NextDrafts, Receipt, words};
use crate::store::read::Marked;
use crate::ui::modal::choice::{Choice, Item};
use crate::ui::modal::{Claiming, Intent, Modal, purpose};
use crate::ui::msg::Cx;
use crate::ui::widget::counted;
use crate::ui::widget::list::{AnyList, sums};

/// The tab of what this clerk has.
pub const TAB: &str = "mine";

/// What that tab says where there is none.
pub const NOTHING: &str =
    "you have claimed no draft today; C under \"to check\" takes the next ones";

/// How many drafts are taken where nobody says how many.
const MANY: usize = 50;

/// What the palette has of it.
pub fn commands() -> Vec<(String, String, Intent)> {
    let line =
        |words: &str, cli: words::Line, what| (words.to_owned(), cli.short(), Intent::Claim(what));
    vec![
        line("release all that I have claimed", words::INVOICE_UNCLAIM_ALL, Claiming::ReleaseAll),
        line(
            "hand all that I have claimed over to somebody",
            words::INVOICE_HAND_OVER,
            Claiming::HandOver,
        ),
    ]
}

impl Invoices {
    /// Asks what is to be claimed or given back.
    pub(super) fn claim(&mut self, cx: &mut Cx) {
        let commit = |cx: &mut Cx, deed| Intent::Commit {
            op: cx.operation(),
            command: Box::new(Command::Claim(deed)),
        };
        let next = commit(cx, self.next_drafts(MANY));
        let label = format!("the next {MANY} from here that nobody has");
        let mut items = vec![Item::new('n', label, next).hint(": claim 20 takes 20")];
        let targets = self.targets();
        let what = match (targets.as_slice(), self.row()) {
            ([], _) => None,
            ([one], Some(row)) if row.id.0 == one.id => Some(row.id.to_string()),
            (many, _) => Some(format!("{} ({})", marked(many), sums(many.iter()))),
        };
        let drafts = self.row().is_some_and(|row| row.status == DocumentStatus::Draft);
        if let Some(what) = what.filter(|_| drafts || targets.len() > 1) {
            let take = commit(cx, ClaimDeed::Drafts(picks(&targets)));
            items.push(Item::new('c', what.clone(), take));
            let give = commit(cx, ClaimDeed::Release(picks(&targets)));
            items.push(Item::new('r', format!("release {what}"), give));
        }
        let all = commit(cx, ClaimDeed::ReleaseAll);
        items.push(Item::new('R', "release all that I have", all));
        let hand = Intent::Open(Box::new(purpose::hand_over(cx)));
        items.push(Item::new('h', "hand all that I have over to somebody…", hand));
        if let Some(tab) = self.list.tabs().iter().position(|tab| tab.name == TAB) {
            items.push(Item::new('m', "show what I have", Intent::Tab(tab)));
        }
        cx.open.push(Modal::Choice(Choice::new("Claim: drafts for me to look at", items)));
    }

    /// What the palette asked for.
    pub(super) fn claim_what(&mut self, what: Claiming, cx: &mut Cx) {
        let deed = match what {
            Claiming::Next(count) => self.next_drafts(count),
            Claiming::ReleaseAll => ClaimDeed::ReleaseAll,
            Claiming::HandOver => {
                let form = purpose::hand_over(cx);
                return cx.open.push(form);
            }
        };
        cx.commit(Command::Claim(deed));
    }

    /// From the cursor on, in the order shown.
    fn next_drafts(&self, count: usize) -> ClaimDeed {
        ClaimDeed::Next(NextDrafts {
            count,
            filter: self.list.typed_parts(),
            sort: self.list.sort,
            from: self.list.current().map(|row| row.id),
        })
    }

    /// What was taken is marked; what was given away is not any more.
    pub(super) fn claimed(&mut self, receipt: &Receipt) {
        let taken = receipt.taken.iter().map(|(pick, money)| Marked {
            id: pick.id.0,
            version: pick.version,
            money: Some(*money),
        });
        self.list.mark_these(taken.collect());
        for id in &receipt.given {
            self.list.marks.remove(&id.0);
        }
    }
}

fn marked(many: &[Marked]) -> String {
    let ids: Vec<DocumentId> = many.iter().map(|m| DocumentId(m.id)).collect();
    format!("the marked {}", counted(ids.len(), "draft", "drafts"))
}
