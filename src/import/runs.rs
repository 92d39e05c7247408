//! Whether keys differ, told from their order: exported files number their rows, in one sequence or
//! in several that take turns.

use std::cmp::Ordering;

/// How many sequences are followed at once.
const MOST: usize = 64;

/// Keys that were seen, as spans that do not overlap; within one, later keys followed earlier ones.
#[derive(Default)]
pub(super) struct Runs {
    /// The first and the last key of each, rising.
    spans: Vec<(Vec<u8>, Vec<u8>)>,
}

/// By length and then by bytes, so that 9 comes before 10.
fn order(a: &[u8], b: &[u8]) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

/// Whether one key is likely to belong to the sequence of another: they begin alike.
fn near(a: &[u8], b: &[u8]) -> bool {
    let same = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    same * 2 >= a.len().max(b.len())
}

impl Runs {
    /// Takes a key. True if none of those before can be the same; false if that cannot be told, and
    /// then nothing is told from here on.
    pub(super) fn take(&mut self, key: &[u8]) -> bool {
        let at = self.spans.partition_point(|(first, _)| order(first, key).is_le());
        if let Some((_, last)) = at.checked_sub(1).and_then(|i| self.spans.get_mut(i)) {
            if order(key, last).is_le() {
                return false;
            }
            if near(last, key) {
                last.clear();
                last.extend_from_slice(key);
                return true;
            }
        }
        if let Some((first, _)) = self.spans.get_mut(at).filter(|(first, _)| near(first, key)) {
            first.clear();
            first.extend_from_slice(key);
            return true;
        }
        if self.spans.len() == MOST {
            return false;
        }
        self.spans.insert(at, (key.to_vec(), key.to_vec()));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(keys: impl IntoIterator<Item = String>) -> bool {
        let mut runs = Runs::default();
        keys.into_iter().all(|key| runs.take(key.as_bytes()))
    }

    #[test]
    fn sequences_are_told_however_they_take_turns() {
        let many = 0..5_000;
        assert!(told(many.clone().map(|n| format!("A{n:07}"))));
        assert!(told(many.clone().map(|n| format!("acc-{n}"))));
        assert!(told(many.clone().rev().map(|n| format!("A{n:07}"))));
        assert!(told(many.clone().flat_map(|n| ["b", "c", "d"].map(|s| format!("{s}{n:07}")))));
        assert!(told(many.flat_map(|n| [1, 2, 3].map(|i| format!("S{n:07}-{i}")))));
    }

    #[test]
    fn a_key_that_stands_twice_is_never_told_to_be_new() {
        for again in ["A0000007", "A0004999", "A0000000"] {
            let keys = (0..5_000).map(|n| format!("A{n:07}"));
            assert!(!told(keys.chain([again.to_owned()])), "{again}");
        }
        let keys = || (0..100).flat_map(|n| ["b", "c"].map(|s| format!("{s}{n:03}")));
        assert!(told(keys()));
        for again in keys() {
            assert!(!told(keys().chain([again])));
        }
    }
}
