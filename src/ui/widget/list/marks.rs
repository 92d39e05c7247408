//! Marks: set, counted with their money, brought back, kept over sessions.

use super::{Listing, Shown};
use crate::domain::money::{Currency, Money, Purse};
use crate::store::read::{ListRow, Marked, Sorted};
use crate::ui::msg::Cx;
use crate::ui::widget::grouped;
use std::collections::BTreeSet;

impl<R: Shown> Listing<R> {
    pub(super) fn toggle(&mut self, at: usize) {
        let Some(row) = self.rows.get(at) else { return };
        let mark = Marked { id: row.id(), version: row.version(), money: row.money() };
        if self.marks.remove(&mark.id).is_none() {
            self.mark([mark]);
        }
    }

    /// Marks rows, and keeps under which filter.
    pub(super) fn mark(&mut self, rows: impl IntoIterator<Item = Marked>) {
        if self.marks.is_empty() && self.lost_marks.is_empty() {
            self.made.clear();
            self.places.clear();
        }
        let here = self.here();
        let place = self.places.iter().position(|p| *p == here).unwrap_or_else(|| {
            self.places.push(here);
            self.places.len() - 1
        });
        for row in rows {
            if let Some(within) = &mut self.within {
                within.insert(row.id);
            }
            self.made.insert(row.id, place);
            self.marks.insert(row.id, row);
        }
    }

    /// Where among the filters of the marks this one is.
    fn place_of_filter(&self) -> Option<usize> {
        let here = self.here();
        self.places.iter().position(|p| *p == here)
    }

    /// Whether a mark was made under another filter, so that it must be asked which of them this one
    /// shows.
    pub(super) fn made_elsewhere(&self) -> bool {
        let place = self.place_of_filter();
        self.marks.keys().any(|id| place.is_none() || self.made.get(id).copied() != place)
    }

    /// The marked rows that this filter shows and the others, as the book answered; until it has, those that
    /// were marked under it or are among the rows at hand.
    pub fn seen_and_unseen(&self) -> (Vec<Marked>, Vec<Marked>) {
        let place = self.place_of_filter();
        let rows: BTreeSet<i64> = self.rows.iter().map(ListRow::id).collect();
        let of_here = |id: &i64| place.is_some() && self.made.get(id).copied() == place;
        let shown =
            |id: &i64| self.within.as_ref().map_or_else(|| of_here(id), |ids| ids.contains(id));
        self.marks.values().partition(|m| shown(&m.id) || rows.contains(&m.id))
    }

    /// How many of the marked are not of this filter, in words for a question about the marks.
    pub fn beyond(&self) -> String {
        self.elsewhere().map_or_else(String::new, |(n, words)| format!(", {n} of them {words}"))
    }

    /// How many of the marked this filter does not show. Where neither all its rows are at hand nor the
    /// book has answered, it is only known under which filter each was marked.
    fn elsewhere(&self) -> Option<(String, &'static str)> {
        let all_here = !self.before && !self.after;
        let (n, words) = if all_here {
            let seen = self.rows.iter().filter(|r| self.marks.contains_key(&r.id())).count();
            (self.marks.len() - seen, "outside this filter")
        } else {
            let known = self.within.is_some() || !self.made_elsewhere();
            let words = if known { "outside this filter" } else { "marked under another filter" };
            (self.seen_and_unseen().1.len(), words)
        };
        (n > 0).then(|| (grouped(n as i64), words))
    }

    pub(super) fn mark_range(&mut self, cx: &mut Cx) {
        let here = self.rank();
        let Some(start) = self.range.take() else {
            self.range = Some(here);
            return cx.say("range: move to its other end and press V again");
        };
        let (low, high) = (start.min(here), start.max(here));
        let rows: Vec<Marked> = (low..=high)
            .filter_map(|rank| self.rows.get(rank.checked_sub(self.first + 1)?))
            .map(|r| Marked { id: r.id(), version: r.version(), money: r.money() })
            .collect();
        cx.say(format!("marked a range of {}", rows.len()));
        self.mark(rows);
    }

    /// Marks these rows.
    pub fn mark_these(&mut self, rows: Vec<Marked>) {
        self.mark(rows);
    }

    /// The marked rows, or the one under the cursor.
    pub fn targets(&self) -> Vec<Marked> {
        if self.marks.is_empty() {
            self.current()
                .map(|r| Marked { id: r.id(), version: r.version(), money: r.money() })
                .into_iter()
                .collect()
        } else {
            self.marks.values().copied().collect()
        }
    }

    /// Marks with their money; those that the filter does not show are counted apart.
    pub fn mark_words(&self) -> Option<String> {
        if self.marks.is_empty() {
            return None;
        }
        let money = sums(self.marks.values());
        let money = if money.is_empty() { String::new() } else { format!(" · {money}") };
        let outside = self.elsewhere().map_or_else(String::new, |(n, words)| {
            format!(" ({n} {})", words.trim_start_matches("marked "))
        });
        // Money last: where there is no room its currencies give way first.
        Some(format!("marked {}{outside}{money}", grouped(self.marks.len() as i64)))
    }

    /// Filter, order and marks, for the session.
    pub fn save(&self) -> serde_json::Value {
        let seen: BTreeSet<i64> = self.seen_and_unseen().0.iter().map(|m| m.id).collect();
        let marks: Vec<serde_json::Value> = self
            .marks
            .values()
            .map(|m| serde_json::json!([m.id, m.version, m.money, seen.contains(&m.id)]))
            .collect();
        serde_json::json!({
            "tab": self.tab, "typed": self.typed, "sort": self.sort.words(), "marks": marks,
            "row": self.current().map(ListRow::id),
        })
    }

    /// Back from a session; the list is read when its screen is entered.
    pub fn restore(&mut self, saved: &serde_json::Value) {
        let number = |v: &serde_json::Value| v.as_i64();
        if let Some(tab) = number(&saved["tab"]).and_then(|n| usize::try_from(n).ok()) {
            self.tab = tab.min(self.tabs.len().saturating_sub(1));
        }
        saved["typed"].as_str().unwrap_or_default().clone_into(&mut self.typed);
        self.error = self.understood().err().map(|e| e.to_string());
        if let Some(sort) = saved["sort"].as_str().and_then(Sorted::parse) {
            self.sort = sort;
        }
        let marks = saved["marks"].as_array().filter(|_| R::MARKS);
        for mark in marks.into_iter().flatten() {
            if let (Some(id), Some(version)) = (number(&mark[0]), number(&mark[1])) {
                let currency = mark[2][0].as_str().and_then(Currency::parse);
                let money = currency.zip(number(&mark[2][1])).map(Money::from);
                let row = Marked { id, version, money };
                // Those that another filter showed stay so.
                if mark[3].as_bool() == Some(true) {
                    self.mark([row]);
                } else {
                    self.marks.insert(id, row);
                }
            }
        }
        if let Some(row) = number(&saved["row"]) {
            self.wanted = Some(row);
        }
    }
}

/// Money of marks by currency, in words.
pub fn sums<'a>(marks: impl Iterator<Item = &'a Marked>) -> String {
    let sums = Purse::of(marks.filter_map(|m| m.money));
    sums.map_or_else(|error| error.to_string(), |sums| sums.to_string())
}
