//! The files of an import: small ones in memory, large ones read again whenever they are needed.

use crate::domain::text;
use crate::engine::Error;
use crate::import::{Fault, Kind, Reader, Refused};
use crate::outside;
use chrono::NaiveDate;
use sha2::{Digest, Sha256};
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

/// Bytes of one file; the rows of ten million usage records.
const MOST_BYTES: u64 = 1 << 30;

/// A file of no more is kept in memory: a directory may have a thousand of them.
const IN_MEMORY: u64 = 256 << 10;

/// One file.
pub(super) struct Source {
    pub(super) path: PathBuf,
    content: Content,
    /// What it holds, by its header; or why nothing of it can go in.
    pub(super) kind: Result<Kind, Refused>,
    /// Its rows are those of a request that is being confirmed: its number and its file's hash.
    pub(super) confirms: Option<(i64, String)>,
    /// Of open items: the day from which they count.
    pub(super) cutover: Option<NaiveDate>,
}

enum Content {
    Bytes(Vec<u8>),
    /// The file at the path, as long as it is the same.
    File(Facts),
}

/// What tells whether a file is as it was: device, inode, length, times of change in ns.
type Facts = (u64, u64, u64, i128, i128);

fn facts(meta: &Metadata) -> Facts {
    let at = |seconds: i64, ns: i64| i128::from(seconds) * 1_000_000_000 + i128::from(ns);
    let (written, changed) =
        (at(meta.mtime(), meta.mtime_nsec()), at(meta.ctime(), meta.ctime_nsec()));
    (meta.dev(), meta.ino(), meta.len(), written, changed)
}

impl Source {
    /// A file that is in memory.
    pub(super) fn of_bytes(path: PathBuf, bytes: Vec<u8>) -> Self {
        Self::of(path, Content::Bytes(bytes))
    }

    /// A file that the user names.
    fn at(path: PathBuf) -> Result<Self, Error> {
        let look = || {
            let meta = outside::open(&path)?.metadata()?;
            // What is too large is told there; and a file of the kernel's says that it is empty.
            if meta.len() <= IN_MEMORY || meta.len() > MOST_BYTES {
                return outside::read(&path, MOST_BYTES).map(Content::Bytes);
            }
            Ok(Content::File(facts(&meta)))
        };
        let content = look().map_err(|error| unread(&path, &error))?;
        Ok(Self::of(path, content))
    }

    fn of(path: PathBuf, content: Content) -> Self {
        let none = Fault::new("", "", "", "").at(1, (0, 0));
        let mut source = Self { path, content, kind: Err(none), confirms: None, cutover: None };
        source.kind = source.reader().map(|reader| reader.kind());
        source
    }

    pub(super) fn name(&self) -> String {
        self.path.file_name().map_or_else(String::new, |name| text::path(Path::new(name)))
    }

    pub(super) fn known(&self) -> Option<Kind> {
        self.kind.as_ref().ok().copied()
    }

    /// Its bytes from the beginning.
    pub(super) fn open(&self) -> Result<Box<dyn Read + '_>, Refused> {
        Ok(match &self.content {
            Content::Bytes(bytes) => Box::new(bytes.as_slice()),
            Content::File(_) => Box::new(self.file().map_err(|error| {
                Fault::new("", "", format!("cannot be read: {error}"), HINT).at(1, (0, 0))
            })?),
        })
    }

    /// Its rows from the beginning.
    pub(super) fn reader(&self) -> Result<Reader<'_>, Refused> {
        Reader::open(self.open()?)
    }

    /// By which a request knows its file.
    pub(super) fn hash(&self) -> Result<String, Error> {
        if let Some((_, sha256)) = &self.confirms {
            return Ok(sha256.clone());
        }
        let mut hasher = Sha256::new();
        let mut input = self.open().map_err(|fault| self.fault(fault))?;
        let mut block = vec![0; 1 << 16];
        loop {
            let read = input.read(&mut block).map_err(|error| unread(&self.path, &error))?;
            if read == 0 {
                return Ok(text::hex(&hasher.finalize()));
            }
            hasher.update(block.get(..read).unwrap_or_default());
        }
    }

    /// The bytes of a row.
    pub(super) fn bytes(&self, span: (usize, usize)) -> Result<Vec<u8>, Error> {
        match &self.content {
            Content::Bytes(bytes) => Ok(bytes.get(span.0..span.1).unwrap_or_default().to_vec()),
            Content::File(_) => {
                let mut row = vec![0; span.1.saturating_sub(span.0)];
                let read = self.file().and_then(|f| f.read_exact_at(&mut row, span.0 as u64));
                read.map_err(|error| unread(&self.path, &error))?;
                Ok(row)
            }
        }
    }

    /// Its first line.
    pub(super) fn header(&self) -> Result<Vec<u8>, Error> {
        let span = match self.reader() {
            Ok(reader) => reader.header_span(),
            Err(_) => (0, 0),
        };
        let bytes = self.bytes(span)?;
        Ok(bytes.split(|b| *b == b'\n').next().unwrap_or_default().trim_ascii_end().to_vec())
    }

    fn file(&self) -> io::Result<File> {
        let file = outside::open(&self.path)?;
        match &self.content {
            Content::File(was) if facts(&file.metadata()?) != *was => {
                Err(io::Error::other("it was changed meanwhile"))
            }
            Content::File(_) | Content::Bytes(_) => Ok(file),
        }
    }

    /// An error if the file is not what it was when it was read first.
    pub(super) fn unchanged(&self) -> Result<(), Error> {
        match self.content {
            Content::Bytes(_) => Ok(()),
            Content::File(_) => self.file().map(drop).map_err(|error| unread(&self.path, &error)),
        }
    }

    /// What is wrong with the file as a whole, where it was taken to be good.
    pub(super) fn fault(&self, fault: Refused) -> Error {
        let Refused { line, message, hint, .. } = fault;
        Error::Input { file: self.path.clone(), line: Some(line), column: None, message, hint }
    }
}

const HINT: &str = "check the name and its permissions";

fn unread(path: &Path, source: &io::Error) -> Error {
    Error::Input {
        file: path.to_owned(),
        line: None,
        column: None,
        message: format!("cannot be read: {source}"),
        hint: HINT.to_owned(),
    }
}

/// The files named, and those of the directories named.
pub(super) fn read_all(paths: &[PathBuf]) -> Result<Vec<Source>, Error> {
    outside::as_caller(|| read_each(paths))
}

fn read_each(paths: &[PathBuf]) -> Result<Vec<Source>, Error> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            let entries = std::fs::read_dir(path).map_err(|error| unread(path, &error))?;
            let mut found: Vec<PathBuf> = entries
                .filter_map(Result::ok)
                .map(|e| e.path())
                .filter(|p| p.extension().is_some_and(|e| e.eq_ignore_ascii_case("csv")))
                .collect();
            found.sort();
            if found.is_empty() {
                return Err(Error::usage(
                    "no_files",
                    format!("{} has no .csv file", path.display()),
                    "name the files",
                ));
            }
            files.extend(found);
        } else {
            files.push(path.clone());
        }
    }
    files.into_iter().map(Source::at).collect()
}
