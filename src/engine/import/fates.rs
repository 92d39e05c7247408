//! What becomes of the rows of a file, two bits each.

use super::plan::Fate;

/// The fates of rows, in their order.
#[derive(Debug, Default)]
pub(super) struct Fates {
    /// Four rows a byte, the first in the lowest bits.
    bits: Vec<u8>,
    rows: usize,
}

impl Fates {
    /// Adds rows at the end.
    pub(super) fn add(&mut self, fates: &[Fate]) {
        for fate in fates {
            if self.rows.is_multiple_of(4) {
                self.bits.push(0);
            }
            let bits = match fate {
                Fate::Stays => 0,
                Fate::Comes => 1,
                Fate::Changes => 2,
            };
            if let Some(last) = self.bits.last_mut() {
                *last |= bits << (self.rows % 4 * 2);
            }
            self.rows += 1;
        }
    }

    /// Those of so many rows from a place on.
    pub(super) fn of(&self, from: usize, rows: usize) -> Vec<Fate> {
        let fate = |row: usize| {
            let bits = self.bits.get(row / 4).map_or(0, |byte| byte >> (row % 4 * 2) & 3);
            match bits {
                1 => Fate::Comes,
                2 => Fate::Changes,
                _ => Fate::Stays,
            }
        };
        (from..from + rows).map(fate).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_keep_their_fates_however_they_are_parted() {
        let all = [Fate::Comes, Fate::Stays, Fate::Changes, Fate::Changes, Fate::Comes];
        let mut fates = Fates::default();
        fates.add(&all[..1]);
        fates.add(&all[1..]);
        fates.add(&all);
        assert_eq!(fates.of(0, 5), all);
        assert_eq!(fates.of(5, 5), all);
        assert_eq!(fates.of(3, 4), [all[3], all[4], all[0], all[1]]);
    }
}
