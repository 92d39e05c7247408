//! What stands between a month and its close: blocks must be gone, warnings are accepted knowingly.

/// How much a row of the list weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// The month is not closed while there is any.
    Blocks,
    /// It is closed over it with `--yes`.
    Warns,
}

/// A row of the list that is gone through before a month is closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// A word for programs.
    pub code: &'static str,
    pub weight: Weight,
    /// What it counts, in words.
    pub what: &'static str,
    pub count: i64,
    /// Some of what is counted, by name; empty where that says nothing.
    pub named: Vec<String>,
    /// The command that lists it, without `daybook`.
    pub opens: String,
}

impl Row {
    /// Whether nothing of it is left.
    pub fn is_done(&self) -> bool {
        self.count == 0
    }

    /// `2 drafts dated in the month that are not held: D-000004, D-000007`.
    pub fn words(&self) -> String {
        let mut words = format!("{} {}", self.count, self.what);
        if !self.named.is_empty() {
            words.push_str(": ");
            words.push_str(&self.named.join(", "));
            if self.count > self.named.len() as i64 {
                words.push_str(", …");
            }
        }
        words
    }
}

/// Those that stand in the way by weight.
pub fn left(rows: &[Row], weight: Weight) -> impl Iterator<Item = &Row> {
    rows.iter().filter(move |row| row.weight == weight && !row.is_done())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_names_some_of_what_it_counts() {
        let mut row = Row {
            code: "drafts",
            weight: Weight::Blocks,
            what: "drafts",
            count: 3,
            named: vec!["D-000001".to_owned(), "D-000002".to_owned()],
            opens: "invoice list".to_owned(),
        };
        assert_eq!(row.words(), "3 drafts: D-000001, D-000002, …");
        assert_eq!(left(&[row.clone()], Weight::Blocks).count(), 1);
        assert_eq!(left(&[row.clone()], Weight::Warns).count(), 0);
        row.count = 0;
        assert!(row.is_done() && left(&[row], Weight::Blocks).next().is_none());
    }
}
