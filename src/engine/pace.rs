//! How many items the next slice of a job takes, by the clock: so many that a write lock is held
//! about as long as another clerk does not notice.

use std::time::Duration;

/// The size of the slices of one job.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    size: u32,
    most: u32,
    lock: Duration,
}

impl Pace {
    /// Begins with `first` items a slice, takes at most `most`, and aims at `lock`.
    pub(super) fn new(first: u32, most: u32, lock: Duration) -> Self {
        Self { size: first, most, lock }
    }

    /// Items of the next slice that is read.
    pub(super) fn size(&self) -> u32 {
        self.size
    }

    /// A slice of `items` held the lock for so long; what it waited for others does not count. It was
    /// read before its forerunner was written, so the size it had is not the one that stands here:
    /// reckoned from that, sizes swing between too small and too large and never come to rest.
    pub(super) fn held(&mut self, items: usize, held: Duration) {
        let ratio = self.lock.as_secs_f64() / held.as_secs_f64().max(0.001);
        let next = items as f64 * ratio.clamp(0.3, 2.0);
        self.size = (next as u32).clamp(5.min(self.most), self.most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;

    #[test]
    fn a_slice_read_one_ahead_comes_to_rest_at_its_time() {
        for each_us in [20, 90, 400, 3_000] {
            let lock = Duration::from_millis(40);
            let mut pace = Pace::new(100, 2_000, lock);
            // What is read ahead has the size of the moment it is read.
            let mut read = VecDeque::from([pace.size(), pace.size()]);
            let mut last = Vec::new();
            for _ in 0..30 {
                let items = read.pop_front().unwrap();
                pace.held(items as usize, Duration::from_micros(each_us * u64::from(items)));
                read.push_back(pace.size());
                last.push(items);
            }
            let fits = (40_000 / each_us).clamp(5, 2_000) as u32;
            for items in &last[12..] {
                assert!(items.abs_diff(fits) <= 1 + fits / 20, "{each_us} µs each: {last:?}");
            }
        }
    }

    #[test]
    fn an_empty_slice_does_not_stop_a_job() {
        let mut pace = Pace::new(100, 2_000, Duration::from_millis(40));
        pace.held(0, Duration::ZERO);
        assert_eq!(pace.size(), 5);
        pace.held(5, Duration::from_micros(1));
        assert_eq!(pace.size(), 10);
    }
}
