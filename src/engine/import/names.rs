//! Looking numbers up, many or few, and telling those that only look different.

use crate::domain::text;
use crate::import::Fault;
use crate::store::{Db, StoreError};
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// Looks numbers up in the book: one at a time when a file names few, all at once when it names
/// so many that a single pass is cheaper.
pub struct Names<T> {
    known: HashMap<String, Option<T>>,
    whole: bool,
    all: fn(&Db<'_>) -> Result<HashMap<String, T>, StoreError>,
    one: fn(&Db<'_>, &str) -> Result<Option<T>, StoreError>,
    twins: Twins,
}

impl<T: Copy> Names<T> {
    /// For a file of `rows` rows, in a book of about `size` things.
    pub fn new(
        db: &Db<'_>,
        rows: usize,
        size: i64,
        all: fn(&Db<'_>) -> Result<HashMap<String, T>, StoreError>,
        one: fn(&Db<'_>, &str) -> Result<Option<T>, StoreError>,
    ) -> Result<Self, StoreError> {
        let whole = rows as i64 * 20 > size;
        let known = if whole {
            all(db)?.into_iter().map(|(k, v)| (k, Some(v))).collect()
        } else {
            HashMap::new()
        };
        Ok(Self { known, whole, all, one, twins: Twins::default() })
    }

    /// The thing with this number.
    pub fn get(&mut self, db: &Db<'_>, number: &str) -> Result<Option<T>, StoreError> {
        if let Some(found) = self.known.get(number) {
            return Ok(*found);
        }
        if self.whole {
            return Ok(None);
        }
        let found = (self.one)(db, number)?;
        self.known.insert(number.to_owned(), found);
        Ok(found)
    }

    /// Takes a number that the book does not have as that of something new, unless it reads like
    /// another one of the book or of this file.
    pub fn claim(
        &mut self,
        db: &Db<'_>,
        column: &str,
        number: &str,
    ) -> Result<Result<(), Fault>, StoreError> {
        let all = self.all;
        self.twins.claim(column, number, || Ok(all(db)?.into_keys().collect()))
    }

    /// The refusal of a row that names what the book does not have; a number that reads alike is
    /// named.
    pub fn unknown(
        &mut self,
        db: &Db<'_>,
        (column, number): (&str, &str),
        what: &str,
    ) -> Result<Fault, StoreError> {
        let all = self.all;
        let twin = self.twins.of(number, || Ok(all(db)?.into_keys().collect()))?;
        let message = format!("there is no such {what} in this book");
        let hint = match twin {
            Some(twin) => format!("did you mean {}?", text::marked(&twin)),
            None => format!("import the {what} first, or correct the number"),
        };
        Ok(Fault::new(column, number, message, hint))
    }
}

/// The numbers of the book and of this file by the form in which a reader compares them.
#[derive(Default)]
pub struct Twins {
    /// Filled when the first number is asked for.
    by_form: Option<HashMap<String, String>>,
}

impl Twins {
    fn forms(
        &mut self,
        all: impl FnOnce() -> Result<Vec<String>, StoreError>,
    ) -> Result<&mut HashMap<String, String>, StoreError> {
        if self.by_form.is_none() {
            let forms = all()?.into_iter().map(|n| (text::canonical(&n).into_owned(), n)).collect();
            self.by_form = Some(forms);
        }
        Ok(self.by_form.get_or_insert_default())
    }

    /// The number that reads like this one.
    pub fn of(
        &mut self,
        number: &str,
        all: impl FnOnce() -> Result<Vec<String>, StoreError>,
    ) -> Result<Option<String>, StoreError> {
        Ok(self.forms(all)?.get(&*text::canonical(number)).filter(|n| *n != number).cloned())
    }

    /// Takes a new number, or refuses it with its twin named. `all` gives the numbers of the book.
    pub fn claim(
        &mut self,
        column: &str,
        number: &str,
        all: impl FnOnce() -> Result<Vec<String>, StoreError>,
    ) -> Result<Result<(), Fault>, StoreError> {
        match self.forms(all)?.entry(text::canonical(number).into_owned()) {
            Entry::Occupied(twin) if twin.get() != number => {
                let twin = text::marked(twin.get());
                let message = format!("reads like {twin}, which is there already");
                let hint =
                    format!("write {twin} if it is the same, else a number that differs in more");
                return Ok(Err(Fault::new(column, number, message, hint)));
            }
            Entry::Occupied(_) => {}
            Entry::Vacant(place) => {
                place.insert(number.to_owned());
            }
        }
        let tidy = text::tidy(number);
        if tidy == number {
            return Ok(Ok(()));
        }
        let odd = number.chars().find(|c| c.is_whitespace() && *c != ' ');
        let message = match odd {
            Some(c) => format!("has U+{:04X}, a blank that cannot be told from others", c as u32),
            None => "is a spreadsheet's formula, or has blanks that cannot be seen".to_owned(),
        };
        Ok(Err(Fault::new(column, number, message, format!("write {tidy}"))))
    }
}
