//! The tab "sample": what may be said of the drafts that nothing flagged, and, once one of them was
//! wrong, the drafts that share a charge or a charge model with it.

use super::Invoices;
use crate::engine::query::{Answer, Query};
use crate::store::read::sample::Sample;
use crate::ui::modal::choice::{Choice, Item};
use crate::ui::modal::{Intent, Modal};
use crate::ui::msg::{Cx, Part, ScreenId};
use crate::ui::theme;
use crate::ui::widget::Line;

/// Its name among the tabs of the screen.
pub(super) const TAB: &str = "sample";

impl Invoices {
    pub(super) fn on_sample(&self) -> bool {
        self.list.tabs.get(self.list.tab).is_some_and(|t| t.name == TAB)
    }

    pub(super) fn load_samples(&self, cx: &mut Cx) {
        if self.on_sample() {
            cx.load(ScreenId::Invoices, Part::Extra, Query::Samples);
        }
    }

    /// The sample that the draft under the cursor was drawn for; else the newest.
    fn sample(&self) -> Option<&Sample> {
        let here = self.list.current().map(|r| r.id);
        let of_row = self.samples.iter().find(|s| s.drafts.iter().any(|(d, _)| Some(*d) == here));
        of_row.or(self.samples.first())
    }

    /// What the sample says; in two lines where one is too short.
    pub(super) fn sample_words(&self, width: usize) -> Vec<Line> {
        let Some(sample) = self.sample() else {
            return vec![Line::of("no run waits for its spot-check", theme::DIM)];
        };
        let words = sample.standing.words();
        let (words, style) = if sample.standing.wrong > 0 {
            (format!("{}: {words}", sample.run), theme::WARN)
        } else {
            (words, theme::PLAIN)
        };
        let mut lines = match words.split_once(": with ") {
            Some((first, rest)) if words.len() > width => {
                vec![Line::of(format!("{first}:"), style), Line::of(format!("with {rest}"), style)]
            }
            Some(_) | None => vec![Line::of(words, style)],
        };
        if sample.standing.wrong > 0 {
            lines.push(Line::plain(
                "b: the drafts that share a charge or a model with what is wrong",
            ));
        }
        lines
    }

    /// Offers what shares something with the wrong drafts; false if none is wrong.
    pub(super) fn offer_kin(&self, cx: &mut Cx) -> bool {
        let Some(sample) = self.sample().filter(|s| s.standing.wrong > 0) else { return false };
        let run = sample.run;
        let charges = sample.charges.iter().map(|name| ("charge", name));
        let models = sample.models.iter().map(|name| ("model", name));
        let items = charges.chain(models).zip('1'..='9').map(|((field, name), key)| {
            let term: String = name.chars().take(40).collect();
            let filter =
                format!("status:draft run:{run} {field}:{}", term.trim().replace(' ', "_"));
            Item::new(
                key,
                format!("{field} {}", name.replace('_', " ")),
                Intent::Go(ScreenId::Invoices, Some(filter)),
            )
        });
        let items: Vec<Item> = items.collect();
        if items.is_empty() {
            cx.say("what is wrong has no charge: its lines were written by hand");
        } else {
            cx.open.push(Modal::Choice(Choice::new(format!("Drafts of {run} that share"), items)));
        }
        true
    }

    pub(super) fn samples_loaded(&mut self, answer: Answer) {
        if let Answer::Samples(samples) = answer {
            self.samples = samples;
        }
    }
}
