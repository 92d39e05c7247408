//! The filter a clerk types behind `/`: words, and terms such as `total>500 flag:any status:held`.

use crate::domain::text_enum;

text_enum! {
    /// What a term may ask about; each list knows some of them.
    Field {
        /// An amount in currency units.
        Total = "total",
        /// What is still owed, in currency units.
        Balance = "balance",
        /// A flag's code, or `any`, or `none`.
        Flag = "flag",
        /// The status word of the list.
        Status = "status",
        /// `none`, `accepted`, `held`.
        Review = "review",
        /// A run (`BR-000007`).
        Run = "run",
        /// Three letters.
        Currency = "currency",
        /// An account number, exactly.
        Account = "account",
        Batch = "batch",
        /// What the row is.
        Kind = "kind",
        /// A due date.
        Due = "due",
        /// The date that is printed.
        Invoiced = "invoiced",
        /// When it was posted.
        Posted = "posted",
        /// Part of the purchase order number.
        Po = "po",
        /// A tag that clerks put on it.
        Tag = "tag",
        /// Part of a note, printed or not.
        Note = "note",
        /// Part of a reference, ours or the customer's.
        Ref = "ref",
        /// Part of an e-mail address.
        Email = "email",
        /// `email`, `print`.
        Channel = "channel",
        /// Part of the last error.
        Error = "error",
        /// Who did it.
        User = "user",
        /// What was done.
        Verb = "verb",
        /// What it was about (`D-000012`).
        Subject = "subject",
        /// What to do next.
        Group = "group",
        /// Drawn for the spot-check: of a run, or `open` for runs that are not posted yet.
        Sample = "sample",
        /// Part of the name of a charge on it.
        Charge = "charge",
        /// The model of a charge on it (`tiered`).
        Model = "model",
        /// Who has taken the draft: `mine`, `none`, `any` or a login name.
        Claim = "claim",
        /// What a line of a bank comes to, in currency units.
        Amount = "amount",
        /// The day on which a line of a bank counts.
        Day = "day",
        /// Part of the name of who paid.
        Payer = "payer",
        /// A bank account of ours, by name.
        Bank = "bank",
    }
}

impl Field {
    /// What could stand behind it.
    fn example(self) -> &'static str {
        match self {
            Self::Total | Self::Balance | Self::Amount => "500",
            Self::Flag => "any",
            Self::Status => "posted",
            Self::Review => "held",
            Self::Run => "BR-000007",
            Self::Currency => "EUR",
            Self::Account => "A-00139",
            Self::Due | Self::Invoiced | Self::Day => "2026-01-31",
            Self::Posted => "today",
            Self::Channel => "email",
            Self::Subject => "D-000012",
            Self::Sample => "open",
            Self::Model => "tiered",
            Self::Verb => "post",
            Self::Claim => "mine",
            Self::Group => "retry_later",
            Self::Batch
            | Self::Payer
            | Self::Bank
            | Self::Kind
            | Self::Error
            | Self::User
            | Self::Charge
            | Self::Po
            | Self::Tag
            | Self::Note
            | Self::Ref
            | Self::Email => "…",
        }
    }
}

text_enum! {
    /// How a term compares.
    Cmp {
        /// Equal, or contained for text.
        Is = ":",
        /// Not so.
        Not = "!",
        AtLeast = ">=",
        AtMost = "<=",
        More = ">",
        Less = "<",
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// What is asked about.
    pub field: Field,
    /// How it compares.
    pub cmp: Cmp,
    /// With what, as typed.
    pub value: String,
}

/// A word or a term, or that it does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Rows for which it does not hold.
    pub not: bool,
    pub what: What,
}

/// What a part of a filter is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// Part of a number or name, any case.
    Word(String),
    Term(Term),
}

/// A filter: every word, every term and one part of each of `any` must hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// Parts of a number or name, any case.
    pub words: Vec<String>,
    pub terms: Vec<Term>,
    /// What was joined by OR, and words that must not be there.
    pub any: Vec<Vec<Part>>,
}

impl Filter {
    /// Its terms, if it is made of nothing else.
    pub fn plain(&self) -> Option<Vec<(Field, Cmp, &str)>> {
        let terms = self.terms.iter().map(|t| (t.field, t.cmp, t.value.as_str()));
        (self.words.is_empty() && self.any.is_empty()).then(|| terms.collect())
    }

    /// Every term in it, wherever it stands.
    pub fn each_term(&self) -> impl Iterator<Item = &Term> {
        let within = self.any.iter().flatten().filter_map(|part| match &part.what {
            What::Term(term) => Some(term),
            What::Word(_) => None,
        });
        self.terms.iter().chain(within)
    }

    /// Takes a clause over: alone and as it stands it is a word or a term.
    fn push(&mut self, mut clause: Vec<Part>) {
        match clause.pop() {
            None => {}
            Some(Part { not: false, what }) if clause.is_empty() => match what {
                What::Word(word) => self.words.push(word),
                What::Term(term) => self.terms.push(term),
            },
            Some(last) => {
                clause.push(last);
                self.any.push(clause);
            }
        }
    }
}

/// Why a filter makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// No list knows the field.
    #[error("{0:?} is not a field; a text with such a sign goes in quotes (\"A > B\"); fields are {fields}", fields = Field::words())]
    UnknownField(String),
    /// This list does not know the field.
    #[error("this list has no {0}; it has {1}")]
    NotHere(Field, String),
    /// The value is not of the field's kind.
    #[error("{0}: {1:?} is not {2}")]
    BadValue(Field, String, String),
    /// The book has nothing of this name; what reads like it.
    #[error("no {0} {1}{hint}", hint = .2.as_ref().map(|t| format!("; did you mean {t}?")).unwrap_or_default())]
    Unknown(Field, String, Option<String>),
    /// Nothing to compare with.
    #[error("{0}{1} needs a value behind it, such as {0}{1}{2}")]
    Unfinished(Field, String, &'static str),
    /// `OR` has something on both sides.
    #[error("OR joins what stands on both sides of it; a word \"OR\" goes in quotes")]
    Or,
    /// A text in quotes that does not end.
    #[error("{0} begins a text in quotes that does not end: a \" behind it ends it")]
    Open(String),
}

impl Filter {
    /// Reads a filter as typed. What is not understood whole is refused: a list that left a part of
    /// it out would show, and mark, what nobody asked for. Blanks around a sign do not matter; what is
    /// in double quotes is one text as it stands. A `-` before a word or a term turns it round, `OR` (or
    /// `|`) joins the two beside it; everything else must hold at once.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        let mut filter = Self::default();
        let mut clause: Vec<Part> = Vec::new();
        let mut joins = false;
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            if let Some(behind) = or(rest) {
                if clause.is_empty() || joins {
                    return Err(FilterError::Or);
                }
                (joins, rest) = (true, behind);
                continue;
            }
            let (part, behind) = part(rest)?;
            if !std::mem::take(&mut joins) {
                filter.push(std::mem::take(&mut clause));
            }
            clause.push(part);
            rest = behind;
        }
        if joins {
            return Err(FilterError::Or);
        }
        filter.push(clause);
        Ok(filter)
    }

    /// Both filters at once.
    #[must_use]
    pub fn and(mut self, other: &Self) -> Self {
        self.words.extend(other.words.iter().cloned());
        self.terms.extend(other.terms.iter().cloned());
        self.any.extend(other.any.iter().cloned());
        self
    }
}

/// What is behind an `OR` at the beginning.
fn or(text: &str) -> Option<&str> {
    if let Some(behind) = text.strip_prefix('|') {
        return Some(behind.trim_start());
    }
    let behind = text.strip_prefix("OR")?;
    (behind.is_empty() || behind.starts_with(char::is_whitespace)).then(|| behind.trim_start())
}

/// The word or term that a text begins with, and what is behind it.
fn part(text: &str) -> Result<(Part, &str), FilterError> {
    // A minus before a digit is of an amount.
    let turned = text.strip_prefix('-').filter(|behind| {
        behind.starts_with(|c: char| !c.is_whitespace() && !c.is_ascii_digit() && c != '-')
    });
    let (not, rest) = (turned.is_some(), turned.unwrap_or(text));
    let word = |word: &str| Part { not, what: What::Word(word.to_owned()) };
    if let Some((found, behind)) = quoted(rest) {
        return Ok((word(found), behind));
    }
    open(rest)?;
    let ends = |c: char| c.is_whitespace() || c == '|' || SIGNS.contains(&c);
    let (name, behind) = rest.split_at(rest.find(ends).unwrap_or(rest.len()));
    let behind = behind.trim_start();
    if name.is_empty() && behind.starts_with('|') {
        return Err(FilterError::Or);
    }
    if !behind.starts_with(SIGNS) {
        return Ok((word(name), behind));
    }
    let field = Field::parse(name).ok_or_else(|| FilterError::UnknownField(name.to_owned()))?;
    let (cmp, sign, behind) = compare(behind);
    open(behind.trim_start())?;
    let (value, behind) = value(behind);
    if value.is_empty() {
        return Err(FilterError::Unfinished(field, sign.to_owned(), field.example()));
    }
    // Of one term its opposite is a term as well, by which it is found.
    let turned = match cmp {
        Cmp::Is if not => Some(Cmp::Not),
        Cmp::Not if not => Some(Cmp::Is),
        _ => None,
    };
    let term = Term { field, cmp: turned.unwrap_or(cmp), value: value.to_owned() };
    Ok((Part { not: not && turned.is_none(), what: What::Term(term) }, behind))
}

/// What a comparison begins with.
const SIGNS: [char; 5] = [':', '=', '<', '>', '!'];

/// The comparison that a text begins with, as typed, and what is behind it.
fn compare(text: &str) -> (Cmp, &str, &str) {
    for (sign, cmp) in [
        (">=", Cmp::AtLeast),
        ("<=", Cmp::AtMost),
        ("!=", Cmp::Not),
        (">", Cmp::More),
        ("<", Cmp::Less),
        ("!", Cmp::Not),
        (":", Cmp::Is),
        ("=", Cmp::Is),
    ] {
        if let Some(behind) = text.strip_prefix(sign) {
            return (cmp, &text[..sign.len()], behind);
        }
    }
    (Cmp::Is, "", text)
}

/// The value behind a comparison, and what is behind that. Another term behind a blank is none.
fn value(text: &str) -> (&str, &str) {
    let begun = text.trim_start();
    if let Some(found) = quoted(begun) {
        return found;
    }
    let ends = |c: char| c.is_whitespace() || c == '|';
    let (value, behind) = begun.split_at(begun.find(ends).unwrap_or(begun.len()));
    let name = begun.split(|c: char| c.is_whitespace() || SIGNS.contains(&c)).next();
    let signed = |name: &str| begun[name.len()..].trim_start().starts_with(SIGNS);
    let term = name.is_some_and(|name| Field::parse(name).is_some() && signed(name));
    if begun.len() < text.len() && term {
        return ("", text);
    }
    (value, behind.trim_start())
}

/// A text in double quotes at the beginning, if it ends with a blank or the line; what is behind it.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix('"')?;
    let closes = |(at, _): &(usize, &str)| {
        let behind = &inner[at + 1..];
        *at > 0 && (behind.is_empty() || behind.starts_with(char::is_whitespace))
    };
    let (at, _) = inner.match_indices('"').find(closes)?;
    Some((&inner[..at], inner[at + 1..].trim_start()))
}

/// Refuses a text that begins with the only double quote there is.
fn open(text: &str) -> Result<(), FilterError> {
    match text.strip_prefix('"') {
        Some(inner) if !inner.contains('"') => Err(FilterError::Open(text.to_owned())),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
