//! The spot-check of drafts that nothing flagged: a random sample that is the same for everybody
//! who looks, and what may be said when it is clean.

use super::ids::{BillRunId, DocumentId};

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

/// Where a draft stands in the shuffle of its run: the sample is the first `size` of this order.
/// It depends on the run and the draft alone, so two clerks see the same sample, and a draft that
/// leaves the list moves no other.
pub fn sample_rank(run: BillRunId, draft: DocumentId) -> u64 {
    mixed(run.0.unsigned_abs(), draft.0.unsigned_abs())
}

/// The sample of a run's unflagged drafts, in the order to look at them.
pub fn sample(run: BillRunId, unflagged: &[DocumentId], size: usize) -> Vec<DocumentId> {
    let mut ranked: Vec<(u64, DocumentId)> =
        unflagged.iter().map(|d| (sample_rank(run, *d), *d)).collect();
    ranked.sort_unstable();
    ranked.truncate(size);
    ranked.into_iter().map(|(_, d)| d).collect()
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

/// What a clean sample says, and no more; none when nothing was seen or one was wrong.
pub fn sentence(seen: u64, wrong: u64, total: u64) -> Option<String> {
    if wrong > 0 {
        return None;
    }
    let bound = wrong_bound(seen, total)?;
    Some(if seen == total {
        format!("all {} unflagged drafts seen, none wrong", grouped(total))
    } else {
        format!(
            "{} of {} unflagged drafts seen, none wrong: with 95 % confidence fewer than {} are wrong",
            grouped(seen),
            grouped(total),
            grouped(bound)
        )
    })
}

fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sentence_claims_what_the_sample_supports() {
        assert_eq!(
            sentence(60, 0, 12_400).unwrap(),
            "60 of 12,400 unflagged drafts seen, none wrong: with 95 % confidence fewer than 620 are wrong"
        );
        assert_eq!(sentence(60, 1, 12_400), None);
        assert_eq!(sentence(0, 0, 5), None);
        assert_eq!(sentence(5, 0, 5).unwrap(), "all 5 unflagged drafts seen, none wrong");
        assert!(sentence(2, 0, 5).unwrap().ends_with("fewer than 4 are wrong"));
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
        let first = sample(BillRunId(7), &all, 60);
        let mut other = all.clone();
        other.reverse();
        assert_eq!(first, sample(BillRunId(7), &other, 60));
        assert_ne!(first, sample(BillRunId(8), &all, 60));
        let fewer: Vec<_> = all.iter().copied().filter(|d| *d != first[0]).collect();
        assert_eq!(sample(BillRunId(7), &fewer, 59), first[1..]);
        let low = first.iter().filter(|d| d.0 <= 500).count();
        assert!((15..=45).contains(&low), "{low} of 60 in the lower half");
    }
}
