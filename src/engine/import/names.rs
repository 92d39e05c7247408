//! Looking numbers up, and telling those that only look different.

use crate::domain::text;
use crate::import::{Fault, Repeats};
use crate::store::account::AccountRef;
use crate::store::charge::ChargeRef;
use crate::store::subscription::SubscriptionRef;
use crate::store::{Db, StoreError, account, charge, open_item, subscription};
use std::collections::{HashMap, VecDeque};

/// Hands over every number of a sort of thing.
type EachNumber = fn(&Db<'_>, &mut dyn FnMut(&str)) -> Result<(), StoreError>;

/// Gives things with their numbers, from one on in the order in which they were made, so many.
type Run<T> = fn(&Db<'_>, i64, u32) -> Result<Vec<(String, T)>, StoreError>;

/// The identity of a thing.
type Identity<T> = fn(&T) -> i64;

/// A sort of thing with a number of its own.
pub struct Noun<T> {
    one: fn(&Db<'_>, &str) -> Result<Option<T>, StoreError>,
    /// Several at once, where that is done, and the identity of one.
    run: Option<(Run<T>, Identity<T>)>,
    each: EachNumber,
    word: &'static str,
}

pub const ACCOUNTS: Noun<AccountRef> = Noun {
    one: account::find,
    run: Some((account::run, |a| a.id.0)),
    each: account::each_number,
    word: "account",
};
pub const SUBSCRIPTIONS: Noun<SubscriptionRef> = Noun {
    one: subscription::find,
    run: Some((subscription::run, |s| s.id.0)),
    each: subscription::each_number,
    word: "subscription",
};
pub const CHARGES: Noun<ChargeRef> = Noun {
    one: charge::find,
    run: Some((charge::run, |c| c.id.0)),
    each: charge::each_number,
    word: "charge",
};
pub const DOCUMENTS: Noun<open_item::StoredOpenItem> =
    Noun { one: open_item::find, run: None, each: open_item::each_number, word: "document" };

/// How far apart things may have been made that are taken to be asked for in that order.
const NEAR: usize = 16;

/// Most things that are read ahead.
const AHEAD: u32 = 256;

/// Looks numbers up in the book, which stays as it is meanwhile. Rows that follow each other often name
/// the same thing, or what was made next: while they do, several are read at once.
pub struct Names<T: 'static> {
    noun: &'static Noun<T>,
    last: Option<(String, Option<T>)>,
    /// Whether the book has any, once that was asked.
    any: Option<bool>,
    /// Things read ahead, in the order in which they were made.
    ahead: VecDeque<(String, T)>,
    /// The identity after the last one that was found, or read.
    next: i64,
    /// How many are read next; 0 = each is looked up for itself.
    most: u32,
}

impl<T: Copy> Names<T> {
    pub fn of(noun: &'static Noun<T>) -> Self {
        Self { noun, last: None, any: None, ahead: VecDeque::new(), next: 0, most: 0 }
    }

    /// The thing with this number.
    pub fn get(&mut self, db: &Db<'_>, number: &str) -> Result<Option<T>, StoreError> {
        if let Some((_, found)) = self.last.as_ref().filter(|(last, _)| last == number) {
            return Ok(*found);
        }
        let found = self.find(db, number)?;
        let (last, held) = self.last.get_or_insert_with(|| (String::new(), None));
        last.clear();
        last.push_str(number);
        *held = found;
        Ok(found)
    }

    fn find(&mut self, db: &Db<'_>, number: &str) -> Result<Option<T>, StoreError> {
        let Some((run, id)) = self.noun.run else { return (self.noun.one)(db, number) };
        let any = match self.any {
            Some(any) => any,
            None => *self.any.insert(!run(db, 0, 1)?.is_empty()),
        };
        if !any {
            return Ok(None);
        }
        if self.ahead.is_empty() && self.most > 0 {
            self.ahead = run(db, self.next, self.most)?.into();
            self.most = (self.most * 4).min(AHEAD);
            self.next = self.ahead.back().map_or(self.next, |(_, last)| id(last) + 1);
        }
        if let Some(at) = self.ahead.iter().take(NEAR).position(|(n, _)| n == number) {
            return Ok(self.ahead.drain(..=at).next_back().map(|(_, found)| found));
        }
        let found = (self.noun.one)(db, number)?;
        if let Some(found) = &found {
            let near = (self.next..=self.next + NEAR as i64).contains(&id(found));
            self.most = if near { 8 } else { 0 };
            self.ahead.clear();
            self.next = id(found) + 1;
        }
        Ok(found)
    }
}

/// What is known of the numbers of a file from one part of it to the next.
#[derive(Default)]
pub struct Memory<'f> {
    /// Of the things that the rows are.
    pub own: Twins,
    /// Of the things that they name.
    pub named: Twins,
    /// What the file says of its keys; none = every number of it is kept.
    pub repeats: Option<&'f Repeats>,
    /// Nobody has to confirm anything: it is not noted what a second person would be asked.
    pub quiet: bool,
    /// Where each row was compared before: whether it is new.
    pub new: Option<Vec<bool>>,
}

impl Memory<'_> {
    /// Whether the row at this place was found to be new, by all that is asked of its number.
    pub fn is_new(&self, place: usize) -> bool {
        self.new.as_ref().and_then(|new| new.get(place)).copied().unwrap_or(false)
    }

    /// Takes a number that the book does not have as that of something new, unless it reads like
    /// another one of the book or of this file.
    pub fn claim<T>(
        &mut self,
        db: &Db<'_>,
        noun: &Noun<T>,
        column: &str,
        number: &str,
    ) -> Result<Result<(), Fault>, StoreError> {
        let kept = self.repeats.is_none_or(|r| r.may_be_alike(number));
        if let Some(twin) = self.own.of(db, noun, number)? {
            return Ok(Err(reads_like(column, number, &twin)));
        }
        if kept {
            let form = text::canonical(number).into_owned();
            let first = self.own.file.entry(form).or_insert_with(|| number.to_owned());
            if first != number {
                return Ok(Err(reads_like(column, number, first)));
            }
        }
        Ok(tidy(column, number))
    }
}

fn reads_like(column: &str, number: &str, twin: &str) -> Fault {
    let twin = text::marked(twin);
    let message = format!("reads like {twin}, which is there already");
    let hint = format!("write {twin} if it is the same, else a number that differs in more");
    Fault::new(column, number, message, hint)
}

fn tidy(column: &str, number: &str) -> Result<(), Fault> {
    let tidy = text::tidy(number);
    if tidy == number {
        return Ok(());
    }
    let odd = number.chars().find(|c| c.is_whitespace() && *c != ' ');
    let message = match odd {
        Some(c) => format!("has U+{:04X}, a blank that cannot be told from others", c as u32),
        None => "is a spreadsheet's formula, or has blanks that cannot be seen".to_owned(),
    };
    Err(Fault::new(column, number, message, format!("write {tidy}")))
}

/// The numbers of the book and of this file by the form in which a reader compares them.
#[derive(Default)]
pub struct Twins {
    /// Filled when the first number is asked for.
    book: Option<Book>,
    /// Numbers of this file that read like others of it.
    file: HashMap<String, String>,
}

/// How the numbers of the book are written. Nearly all are their form in letters of one case: those
/// are looked up in the book; the others are kept here.
#[derive(Default)]
struct Book {
    lower: bool,
    upper: bool,
    others: HashMap<String, String>,
}

impl Book {
    fn of<T>(db: &Db<'_>, noun: &Noun<T>) -> Result<Self, StoreError> {
        let mut book = Self::default();
        (noun.each)(db, &mut |number| {
            let form = text::canonical(number);
            if *form == *number {
                book.lower = true;
            } else if form.to_uppercase() == *number {
                book.upper = true;
            } else {
                book.others.insert(form.into_owned(), number.to_owned());
            }
        })?;
        Ok(book)
    }
}

impl Twins {
    /// The number of the book that reads like this one.
    pub fn of<T>(
        &mut self,
        db: &Db<'_>,
        noun: &Noun<T>,
        number: &str,
    ) -> Result<Option<String>, StoreError> {
        let book = match &mut self.book {
            Some(book) => book,
            None => self.book.insert(Book::of(db, noun)?),
        };
        if !book.lower && !book.upper && book.others.is_empty() {
            return Ok(None);
        }
        let form = text::canonical(number);
        let other = book.others.get(&*form).filter(|n| *n != number);
        if let Some(twin) = other {
            return Ok(Some(twin.clone()));
        }
        let upper = if book.upper { form.to_uppercase() } else { String::new() };
        let spelt = [(book.lower, &*form), (book.upper, upper.as_str())];
        for (_, twin) in spelt.into_iter().filter(|(has, twin)| *has && *twin != number) {
            if (noun.one)(db, twin)?.is_some() {
                return Ok(Some(twin.to_owned()));
            }
        }
        Ok(None)
    }

    /// The refusal of a row that names what the book does not have; a number that reads alike is
    /// named.
    pub fn unknown<T>(
        &mut self,
        db: &Db<'_>,
        noun: &Noun<T>,
        (column, number): (&str, &str),
    ) -> Result<Fault, StoreError> {
        let what = noun.word;
        let message = format!("there is no such {what} in this book");
        let hint = match self.of(db, noun, number)? {
            Some(twin) => format!("did you mean {}?", text::marked(&twin)),
            None => format!("import the {what} first, or correct the number"),
        };
        Ok(Fault::new(column, number, message, hint))
    }
}
