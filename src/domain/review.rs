//! The spot-check of drafts that nothing flagged: a random sample that is the same for everybody
//! who looks, and what may be said when it is clean.

use super::ids::{BillRunId, DocumentId};
use super::text::{counted, grouped};

/// A fixed shuffle of 64 bits (splitmix64, Steele, Lea, Flood 2014).
fn mixed(seed: u64, id: u64) -> u64 {
    let mut z = seed
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        .wrapping_add(id.wrapping_add(1))
        .wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Where a draft stands in the order its run's sample is drawn in: the sample is the first of this
/// order. It depends on the run and the draft alone, so two clerks see the same sample, and a draft
/// that joins or leaves moves no other. Not negative.
pub fn sample_rank(run: BillRunId, draft: DocumentId) -> i64 {
    (mixed(run.0.unsigned_abs(), draft.0.unsigned_abs()) >> 1).cast_signed()
}

/// The first `size` of these drafts in the order drawn, with their ranks. Drawing from a sample and
/// what came since gives the sample of both.
pub fn drawn(
    run: BillRunId,
    drafts: impl IntoIterator<Item = DocumentId>,
    size: usize,
) -> Vec<(i64, DocumentId)> {
    let mut ranked: Vec<_> = drafts.into_iter().map(|d| (sample_rank(run, d), d)).collect();
    ranked.sort_unstable();
    ranked.dedup();
    ranked.truncate(size);
    ranked
}

text_enum! {
    /// What was found of one draft of a sample.
    Found {
        /// Nobody accepted it yet.
        Unseen = "unseen",
        /// Accepted as the run made it.
        Right = "right",
        /// Held, canceled, or its lines were changed.
        Wrong = "wrong",
    }
}

/// How far the sample of a run was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Standing {
    /// Drafts that the run made without a flag.
    pub total: u64,
    /// Drafts drawn from them.
    pub drawn: u64,
    /// Drafts seen and right, one after the other from the first drawn. What was accepted beyond
    /// one that was passed over is not counted: who picks what to look at has no random sample.
    pub seen: u64,
    /// Drafts that were wrong.
    pub wrong: u64,
}

impl Standing {
    /// Counts what was found, in the order drawn.
    pub fn of(total: u64, found: &[Found]) -> Self {
        let seen = found.iter().take_while(|f| **f == Found::Right).count();
        let wrong = found.iter().filter(|f| **f == Found::Wrong).count();
        Self { total, drawn: found.len() as u64, seen: seen as u64, wrong: wrong as u64 }
    }

    /// What may be said, and no more.
    pub fn words(&self) -> String {
        let total = counted(self.total, "unflagged draft", "unflagged drafts");
        let Self { drawn, seen, wrong, .. } = *self;
        if self.total == 0 {
            return "every draft is flagged: there is nothing to sample".to_owned();
        }
        if wrong > 0 && drawn == self.total {
            return format!("{wrong} of {total} wrong");
        }
        if wrong > 0 {
            let unseen = grouped(self.total - drawn);
            return format!(
                "{wrong} of {drawn} in the sample wrong: nothing can be said of the other {unseen}"
            );
        }
        match wrong_bound(seen, self.total) {
            None if drawn == self.total => format!("{total}, none seen yet"),
            None => format!("a random {drawn} of {total}, none seen yet"),
            Some(_) if seen == self.total => {
                format!("all {total} seen, none wrong")
            }
            Some(bound) => format!(
                "{seen} of {total} seen, none wrong: \
                 with 95 % confidence fewer than {} are wrong",
                grouped(bound)
            ),
        }
    }
}

/// With `seen` of `total` drafts seen and none wrong, the number that with 95 % confidence more
/// than this are not wrong: fewer than this many are.
///
/// Were M of N wrong, the chance of meeting none in n drawn without return is
/// C(N−M, n) / C(N, n) ≤ (1 − M/N)ⁿ (hypergeometric). It is at most 5 % from M = N·(1 − 0.05^(1/n))
/// on, and 1 − 0.05^(1/n) ≤ −ln 0.05 / n < 3/n: the rule of three (Hanley, Lippman-Hand, JAMA
/// 1983;249:1743). So 3·N/n is on the safe side for every n.
pub fn wrong_bound(seen: u64, total: u64) -> Option<u64> {
    if seen == 0 || seen > total {
        return None;
    }
    let three = (u128::from(total) * 3).div_ceil(u128::from(seen));
    // What was seen was right: at most the unseen ones can be wrong.
    let unseen = u128::from(total - seen) + 1;
    u64::try_from(three.min(unseen)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(total: u64, drawn: u64, seen: u64, wrong: u64) -> String {
        Standing { total, drawn, seen, wrong }.words()
    }

    #[test]
    fn the_sentence_claims_what_the_sample_supports() {
        assert_eq!(
            said(12_400, 60, 60, 0),
            "60 of 12,400 unflagged drafts seen, none wrong: with 95 % confidence fewer than 620 are wrong"
        );
        assert_eq!(
            said(12_400, 60, 59, 1),
            "1 of 60 in the sample wrong: nothing can be said of the other 12,340"
        );
        assert_eq!(said(12_400, 60, 0, 0), "a random 60 of 12,400 unflagged drafts, none seen yet");
        assert_eq!(said(1, 1, 0, 0), "1 unflagged draft, none seen yet");
        assert_eq!(said(39, 39, 0, 0), "39 unflagged drafts, none seen yet");
        assert_eq!(said(39, 39, 3, 1), "1 of 39 unflagged drafts wrong");
        assert_eq!(said(5, 5, 5, 0), "all 5 unflagged drafts seen, none wrong");
        assert!(said(5, 5, 2, 0).ends_with("fewer than 4 are wrong"));
        assert_eq!(said(0, 0, 0, 0), "every draft is flagged: there is nothing to sample");
    }

    #[test]
    fn what_was_picked_out_of_order_does_not_count() {
        use Found::{Right, Unseen, Wrong};
        let table: &[(&[Found], u64, u64)] = &[
            (&[], 0, 0),
            (&[Right, Right, Unseen, Right], 2, 0),
            (&[Unseen, Right, Right], 0, 0),
            (&[Right, Wrong, Right], 1, 1),
            (&[Right, Unseen, Wrong], 1, 1),
            (&[Right, Right], 2, 0),
        ];
        for (found, seen, wrong) in table {
            let standing = Standing::of(100, found);
            assert_eq!((standing.seen, standing.wrong), (*seen, *wrong), "{found:?}");
        }
    }

    /// The chance of a clean sample of `n` when `m` of `total` are wrong.
    fn clean(total: u64, m: u64, n: u64) -> f64 {
        (0..n).map(|i| (total - m).saturating_sub(i) as f64 / (total - i) as f64).product()
    }

    #[test]
    fn the_bound_is_on_the_safe_side_of_the_exact_one() {
        for (total, seen) in [(12_400, 60), (100, 10), (30, 29), (1_000_000, 300), (7, 1)] {
            let bound = wrong_bound(seen, total).unwrap();
            assert!(bound > total - seen || clean(total, bound, seen) <= 0.05, "{total} {seen}");
        }
    }

    #[test]
    fn two_clerks_see_the_same_sample_and_it_does_not_jump() {
        let all: Vec<DocumentId> = (1..=1000).map(DocumentId).collect();
        let first = drawn(BillRunId(7), all.iter().copied(), 60);
        assert_eq!(first, drawn(BillRunId(7), all.iter().rev().copied(), 60));
        assert_ne!(first, drawn(BillRunId(8), all.iter().copied(), 60));
        let fewer = all.iter().copied().filter(|d| *d != first[0].1);
        assert_eq!(drawn(BillRunId(7), fewer, 59), first[1..]);
        // In slices, as a run draws it, it is the same.
        let mut kept = Vec::new();
        for slice in all.chunks(37) {
            let known = kept.iter().map(|(_, d)| *d);
            kept = drawn(BillRunId(7), known.chain(slice.iter().copied()), 60);
        }
        assert_eq!(kept, first);
        let low = first.iter().filter(|(_, d)| d.0 <= 500).count();
        assert!((15..=45).contains(&low), "{low} of 60 in the lower half");
        assert!(first.iter().all(|(rank, _)| *rank >= 0));
    }
}
