//! Headers: which columns each kind of file has, and where a given file put them.

use super::field::{Fault, Slot};
use super::kind::Kind;

/// Whether a file must have a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Always there.
    Required,
    /// There when the file brings something new; an amendment may leave it out, and it stays.
    New,
    /// May be left out.
    Optional,
}

/// The columns of one kind of file, resolved against a header.
pub trait Columns: Sized {
    /// Every column with its need, in the documented order.
    const ALL: &'static [(&'static str, Need)];
    /// Takes the positions found, in the order of [`Self::ALL`].
    fn resolve(find: impl Fn(&'static str) -> Slot) -> Self;
    /// Every column as it was found.
    fn slots(&self) -> Vec<Slot>;

    /// The refusal of a row that is new and lacks a column which only an amendment may leave out.
    fn complete(&self) -> Result<(), Fault> {
        let lacking = |slot: &Slot| {
            !slot.given() && Self::ALL.iter().any(|(n, need)| *n == slot.name && *need == Need::New)
        };
        let missing: Vec<&str> = self.slots().into_iter().filter(lacking).map(|s| s.name).collect();
        let Some(first) = missing.first() else { return Ok(()) };
        let hint = format!("add to the header and to each new row: {}", missing.join(", "));
        Err(Fault::new(
            first,
            "",
            "missing column: the row is not in the book yet and needs it",
            hint,
        ))
    }
}

/// Declares the columns of a file: a struct of [`Slot`]s and the table of needs.
macro_rules! columns {
    ($(#[$doc:meta])* $name:ident { $($field:ident = $text:literal $need:ident,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct $name {
            $(#[doc = concat!("Column `", $text, "`.")] pub $field: $crate::import::field::Slot,)+
        }
        impl $crate::import::header::Columns for $name {
            const ALL: &'static [(&'static str, $crate::import::header::Need)] =
                &[$(($text, $crate::import::header::Need::$need)),+];
            fn resolve(find: impl Fn(&'static str) -> $crate::import::field::Slot) -> Self {
                Self { $($field: find($text)),+ }
            }
            fn slots(&self) -> Vec<$crate::import::field::Slot> {
                vec![$(self.$field),+]
            }
        }
    };
}
pub(super) use columns;

/// The column that tells each kind, most telling first. (`tax_code` is also a column of accounts
/// and charges, so it comes last.)
const SIGNATURES: [(&str, Kind); 10] = [
    ("document_number", Kind::OpenItems),
    ("ACCOUNT_ID", Kind::Usage),
    ("QTY", Kind::Usage),
    ("token", Kind::PaymentMethods),
    ("charge_number", Kind::Charges),
    ("subscription_number", Kind::Subscriptions),
    ("rate_percent", Kind::Taxes),
    ("account_number", Kind::Accounts),
    ("tax_code", Kind::Taxes),
    ("from", Kind::FxRates),
];

/// Which kind of file has such a header.
pub fn recognise(header: &[String]) -> Result<Kind, Fault> {
    let has = |name: &str| header.iter().any(|h| h.eq_ignore_ascii_case(name));
    if let Some((_, kind)) = SIGNATURES.iter().find(|(name, _)| has(name)) {
        return Ok(*kind);
    }
    let one = header.first().map_or("", String::as_str);
    let hint = if header.len() == 1 && (one.contains(';') || one.contains('\t')) {
        "separate the columns with commas".to_owned()
    } else {
        "the first line must name the columns; these tell the kind: account_number, \
         subscription_number, charge_number, ACCOUNT_ID, token, rate_percent, document_number, from"
            .to_owned()
    };
    Err(Fault::new("", one, "the header is of no known kind of file", hint))
}

/// Finds each column of `C` in the header; refuses unknown, doubled and missing ones.
pub fn resolve<C: Columns>(kind: Kind, header: &[String]) -> Result<C, Fault> {
    for (i, name) in header.iter().enumerate() {
        if !C::ALL.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)) {
            let names = C::ALL.iter().map(|(n, _)| *n).collect::<Vec<_>>();
            let hint = nearest(name, &names).map_or_else(
                || format!("remove it; {kind} may have: {}", names.join(", ")),
                |close| format!("did you mean {close}?"),
            );
            let shown = if name.is_empty() { format!("column {}", i + 1) } else { name.clone() };
            return Err(Fault::new(&shown, name, format!("unknown column in {kind}"), hint));
        }
        if header.iter().take(i).any(|before| before.eq_ignore_ascii_case(name)) {
            return Err(Fault::new(name, name, "the column is there twice", "remove one of them"));
        }
    }
    let position = |name: &str| header.iter().position(|h| h.eq_ignore_ascii_case(name));
    let missing: Vec<&str> = C::ALL
        .iter()
        .filter(|(name, need)| *need == Need::Required && position(name).is_none())
        .map(|(name, _)| *name)
        .collect();
    if let Some(first) = missing.first() {
        let all = missing.join(", ");
        return Err(Fault::new(
            first,
            "",
            format!("missing column in {kind}: {all}"),
            format!("add to the header and to each row: {all}"),
        ));
    }
    Ok(C::resolve(|name| Slot { name, index: position(name) }))
}

/// The known name that differs from `name` by at most two letters, for a mistyped header.
fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let name = name.to_ascii_lowercase();
    known
        .iter()
        .map(|k| (distance(&name, &k.to_ascii_lowercase()), *k))
        .filter(|(d, k)| *d <= 2 && *d * 2 < k.len())
        .min()
        .map(|(_, k)| k)
}

/// Edit distance (Levenshtein), by one row of the table at a time.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().take(64).enumerate() {
        let mut diagonal = row.first().copied().unwrap_or(0);
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
        for (j, y) in b.iter().enumerate() {
            let above = row.get(j + 1).copied().unwrap_or(0);
            let left = row.get(j).copied().unwrap_or(0);
            let best = (diagonal + usize::from(x != *y)).min(above + 1).min(left + 1);
            if let Some(cell) = row.get_mut(j + 1) {
                *cell = best;
            }
            diagonal = above;
        }
    }
    row.last().copied().unwrap_or(0)
}
