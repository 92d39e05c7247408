//! Columns of JSON. A row carries such a column as [`Json`]: the text as it lies in the book, and the
//! type it is read as. It is read in one way, and what cannot be read is damage with the name of its
//! place, never nothing and never a default.

use super::StoreError;
use super::face::Row;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::marker::PhantomData;

/// Where a text lies: table, column, and the id of the row (0 where there is none of its own).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) struct Spot(
    pub(in crate::store) &'static str,
    pub(in crate::store) &'static str,
    pub(in crate::store) i64,
);

impl Spot {
    /// What lies there cannot be read.
    pub(in crate::store) fn damaged(self, why: &str) -> StoreError {
        let Self(table, column, id) = self;
        let row = if id == 0 { String::new() } else { format!(" of row {id}") };
        StoreError::Corrupt(format!("{table}.{column}{row} cannot be read: {why}"))
    }

    /// Reads a text that lies there. Values have named fields: an empty list would read as one with
    /// every field at its default.
    pub(in crate::store) fn read<T: DeserializeOwned>(self, text: &str) -> Result<T, StoreError> {
        if text.trim_start().starts_with('[') {
            return Err(self.damaged("a list, not a value with named fields"));
        }
        self.list(text)
    }

    /// The same where a list is kept.
    pub(in crate::store) fn list<T: DeserializeOwned>(self, text: &str) -> Result<T, StoreError> {
        serde_json::from_str(text).map_err(|e| self.damaged(&e.to_string()))
    }
}

/// A column of JSON with the type that it is read as. The text stays byte for byte what it was: posted
/// documents are sealed with it.
pub struct Json<T> {
    text: String,
    spot: Spot,
    read_as: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned> Json<T> {
    /// What it says.
    pub fn read(&self) -> Result<T, StoreError> {
        self.spot.read(&self.text)
    }

    /// The same where a column may be empty: none.
    pub fn kept(&self) -> Result<Option<T>, StoreError> {
        if self.text.is_empty() { Ok(None) } else { self.read().map(Some) }
    }
}

impl<T: Serialize> Json<T> {
    /// A value that is to be stored.
    pub fn of(value: &T) -> Result<Self, StoreError> {
        Ok(Self::laid(text(value)?, Spot("json", "text", 0)))
    }
}

impl<T> Json<T> {
    /// A text that lies there, put together from what does.
    pub(in crate::store) fn laid(text: String, spot: Spot) -> Self {
        Self { text, spot, read_as: PhantomData }
    }

    /// A column of a row.
    pub(in crate::store) fn column(
        row: &Row<'_>,
        column: usize,
        spot: Spot,
    ) -> Result<Self, StoreError> {
        Ok(Self::laid(row.get(column)?, spot))
    }

    /// A column that may be NULL.
    pub(in crate::store) fn maybe(
        row: &Row<'_>,
        column: usize,
        spot: Spot,
    ) -> Result<Option<Self>, StoreError> {
        Ok(row.get::<Option<String>>(column)?.map(|text| Self::laid(text, spot)))
    }

    /// As it lies in the book.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// It reads, but does not belong to its row.
    pub(in crate::store) fn damaged(&self, why: &str) -> StoreError {
        self.spot.damaged(why)
    }
}

/// A value as it is stored.
pub fn text<T: Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value)
        .map_err(|e| StoreError::Corrupt(format!("a value cannot be written: {e}")))
}

impl<T> Clone for Json<T> {
    fn clone(&self) -> Self {
        Self::laid(self.text.clone(), self.spot)
    }
}

impl<T> std::fmt::Debug for Json<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

/// Two that say the same, wherever they lie.
impl<T> PartialEq for Json<T> {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl<T> Eq for Json<T> {}

/// Inside another value: as the text that it is.
impl<T> Serialize for Json<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de, T> Deserialize<'de> for Json<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::laid(String::deserialize(deserializer)?, Spot("undo", "image", 0)))
    }
}
