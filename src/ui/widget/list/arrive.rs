//! What becomes of answers: pages, counts, marks, hits.

use super::{CHUNK, KEEP, Land, Listing, Shown, sums};
use crate::engine::query::Answer;
use crate::store::read::{ListRow, Marked, Page, Seek, Totals};
use crate::ui::msg::{Cx, Part};

impl<R: Shown> Listing<R> {
    /// Takes an answer meant for this list; gives it back if it is for somebody else.
    pub fn loaded(&mut self, part: Part, answer: Answer, cx: &mut Cx) -> Option<Answer> {
        match (part, answer) {
            (Part::Page, answer) => {
                if let Some(page) = R::page(answer) {
                    self.take_page(page, cx);
                }
            }
            (Part::After, answer) => {
                if let Some(page) = R::page(answer) {
                    self.take_after(page);
                }
            }
            (Part::Before, answer) => {
                if let Some(page) = R::page(answer) {
                    self.take_before(page, cx);
                }
            }
            (Part::Totals, Answer::Totals(totals)) => {
                if let Some(old) = &self.totals
                    && self.ready
                    && totals.count > old.count
                    && self.first + self.top > 0
                {
                    self.fresh += totals.count - old.count;
                }
                if self.land == Land::Last || !self.after {
                    let count = usize::try_from(totals.count).unwrap_or(0);
                    self.first = count.saturating_sub(self.rows.len());
                }
                self.totals = Some(totals);
                self.measure(cx);
            }
            (Part::Tabs, Answer::Tabs(all)) => self.take_tabs(all, cx),
            (Part::Marks, Answer::Marks(all)) => self.take_marks(all, cx),
            (Part::Within, Answer::Marks(all)) => {
                self.within = Some(all.iter().map(|row| row.id).collect());
            }
            (Part::Hit, answer) => match R::page(answer).and_then(|p| p.rows.into_iter().next()) {
                Some(row) => self.take_hit(&row, cx),
                None => cx.say(format!("no further match of {}", self.last_typed)),
            },
            (_, answer) => return Some(answer),
        }
        None
    }

    /// How much each ready filter shows; of those that came or went meanwhile nothing is known.
    fn take_tabs(&mut self, all: Vec<Option<Totals>>, cx: &mut Cx) {
        if all.len() == self.tabs.len() {
            self.tabs.iter_mut().zip(all).for_each(|(tab, totals)| tab.totals = totals);
        } else {
            self.recount = true;
        }
        if self.recount {
            self.count_tabs(cx);
        }
    }

    /// Rows below; what is then too many goes off the top.
    fn take_after(&mut self, page: Page<R>) {
        self.after = page.more;
        self.rows.extend(page.rows);
        if self.rows.len() > KEEP {
            let drop = (self.rows.len() - KEEP).min(self.top);
            self.rows.drain(..drop);
            self.first += drop;
            self.cursor -= drop;
            self.top -= drop;
            self.before |= drop > 0;
        }
    }

    /// Rows above; what is then too many goes off the bottom.
    fn take_before(&mut self, page: Page<R>, cx: &Cx) {
        let n = page.rows.len();
        self.before = page.more;
        self.rows.splice(0..0, page.rows);
        self.cursor += n;
        self.top += n;
        self.first = if page.more { self.first.saturating_sub(n) } else { 0 };
        if self.rows.len() > KEEP {
            let keep = KEEP.max(self.top + Self::height(cx.size) + 1);
            self.after |= self.rows.len() > keep;
            self.rows.truncate(keep);
        }
    }

    fn take_marks(&mut self, all: Vec<Marked>, cx: &mut Cx) {
        if self.inverting {
            for mark in all {
                if self.marks.remove(&mark.id).is_none() {
                    self.mark([mark]);
                }
            }
            let now = self.mark_words().unwrap_or_else(|| "nothing is marked".to_owned());
            return cx.say(format!("inverted: {now}"));
        }
        if all.is_empty() {
            return cx.say("nothing matches");
        }
        let n = crate::domain::text::grouped(all.len() as i64);
        let money = sums(all.iter());
        let money = if money.is_empty() { money } else { format!(", {money}") };
        self.mark(all);
        cx.say(format!("marked all {n} that match{money}"));
    }

    fn take_hit(&mut self, row: &R, cx: &mut Cx) {
        self.land = Land::Row(row.id());
        if let Some(at) = self.rows.iter().position(|r| r.id() == row.id()) {
            self.cursor = at;
            self.follow(cx);
        } else {
            self.ask(cx, Part::Page, Seek::From(row.key().clone()), CHUNK);
        }
    }

    pub(super) fn take_page(&mut self, page: Page<R>, cx: &mut Cx) {
        let height = Self::height(cx.size);
        let old_first = self.first + self.top;
        let from_top = old_first < 400 || self.land == Land::First;
        let offset = self.cursor.saturating_sub(self.top);
        self.ready = true;
        self.of_before = false;
        match self.land {
            Land::Last => {
                self.before = page.more;
                self.after = false;
                let count = self.totals.as_ref().map_or(page.rows.len() as i64, |t| t.count);
                self.first = usize::try_from(count).unwrap_or(0).saturating_sub(page.rows.len());
                self.rows = page.rows;
                self.cursor = self.rows.len().saturating_sub(1);
                self.top = self.rows.len().saturating_sub(height);
            }
            Land::First => {
                self.before = false;
                self.after = page.more;
                self.first = 0;
                self.rows = page.rows;
                self.cursor = 0;
                self.top = 0;
            }
            Land::Row(id) => {
                let next = self.rows.get(self.cursor + 1).map(ListRow::id);
                let find = |id: i64| page.rows.iter().position(|r| r.id() == id);
                let at = find(id).or_else(|| next.and_then(find));
                let key = self.current().map(|row| row.key().clone());
                if let (None, true, false, Some(key)) = (at, page.more, self.sought, key) {
                    // So much came before it that it is further down: read where it stands, or the cursor
                    // would be on another row.
                    self.sought = true;
                    return self.ask(cx, Part::Page, Seek::From(key), CHUNK);
                }
                let sought = std::mem::take(&mut self.sought);
                self.after = page.more;
                let (base, old_top) = match (sought, from_top) {
                    (true, _) => (old_first.max(1), 0),
                    (false, true) => (0, self.first + self.top),
                    (false, false) => (old_first, 0),
                };
                self.before = base > 0;
                self.first = base;
                self.rows = page.rows;
                let else_at = if sought { 0 } else { old_top + offset };
                self.cursor = at.unwrap_or(else_at).min(self.rows.len().saturating_sub(1));
                self.top = old_top.min(self.rows.len().saturating_sub(1));
            }
        }
        self.follow(cx);
        self.measure(cx);
    }
}
