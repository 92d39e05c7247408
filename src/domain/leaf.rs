//! A page of headings, sentences and tables, before anything draws it: the terminal, a text box or a
//! PDF.

/// Where the text of a column stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Words.
    Left,
    /// Amounts and quantities: never broken, never cut.
    Right,
    /// Words, broken over lines where there is no room.
    Flows,
}

/// How a row weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    Plain,
    /// A sum, or what the rows below it belong to.
    Strong,
    /// What explains the row above it.
    Small,
}

/// One row of a table; as many cells as the table has columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub cells: Vec<String>,
    pub weight: Weight,
}

impl Row {
    /// A row of plain weight.
    pub fn plain<const N: usize>(cells: [String; N]) -> Self {
        Self { cells: cells.into(), weight: Weight::Plain }
    }

    /// A sum or a head.
    pub fn strong<const N: usize>(cells: [String; N]) -> Self {
        Self { cells: cells.into(), weight: Weight::Strong }
    }

    /// What explains.
    pub fn small<const N: usize>(cells: [String; N]) -> Self {
        Self { cells: cells.into(), weight: Weight::Small }
    }
}

/// A piece of the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    Heading(String),
    /// A sentence.
    Text(String),
    /// Titled columns and rows.
    Table(Vec<(String, Side)>, Vec<Row>),
}

/// A page, or as many as it takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    pub title: String,
    /// What stands under the title, a line each.
    pub under: Vec<String>,
    pub parts: Vec<Part>,
}
