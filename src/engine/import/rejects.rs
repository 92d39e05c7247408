//! The reject file: the refused rows under their header, to be mended and imported.
//!
//! It is opened in spreadsheets and shown on terminals: a cell that could be run there gets the
//! apostrophe that the import takes away again, and what must not be shown stands as U+FFFD, which
//! the import refuses until somebody writes what is meant.

use super::facts::FileFacts;
use super::source::Source;
use crate::domain::text;
use crate::engine::Error;
use crate::import::Refused;
use crate::outside::{self, Standing};
use std::path::{Path, PathBuf};

/// Where refused rows go. Rows of the first header take the given name; each further header takes
/// it with the kind of file in front of the ending, since a CSV file has one header.
pub struct Rejects {
    base: PathBuf,
    files: Vec<RejectFile>,
    /// What happens to a file that was there before.
    standing: Standing,
}

struct RejectFile {
    path: PathBuf,
    header: Vec<u8>,
    content: Vec<u8>,
    written: bool,
}

impl Rejects {
    /// To be written at `base`.
    pub fn new(base: &Path, standing: Standing) -> Self {
        Self { base: base.to_owned(), files: Vec::new(), standing }
    }

    /// Writes the refused rows of one file; gives where.
    pub fn write(
        &mut self,
        file: &FileFacts,
        source: &Source,
        refused: &[Refused],
    ) -> Result<PathBuf, Error> {
        let header = source.header()?;
        let at = self.files.iter().position(|f| f.header == header).unwrap_or_else(|| {
            let content = [&header, b"\n".as_slice()].concat();
            let path = self.name_for(file);
            self.files.push(RejectFile { path, header, content, written: false });
            self.files.len() - 1
        });
        let Some(target) = self.files.get_mut(at) else { return Ok(self.base.clone()) };
        for row in refused {
            let raw = source.bytes(row.span)?;
            let io = |e: csv::Error| Error::Io { path: self.base.clone(), source: e.into() };
            safe(raw.trim_ascii_end(), &mut target.content).map_err(io)?;
        }
        // Rows of a later file are added to what was written a moment ago.
        let standing = if target.written { Standing::Replace } else { self.standing };
        outside::write(&target.path, &target.content, standing)
            .map_err(|source| Error::writing(&target.path, source))?;
        target.written = true;
        Ok(target.path.clone())
    }

    fn name_for(&self, file: &FileFacts) -> PathBuf {
        if self.files.is_empty() {
            return self.base.clone();
        }
        let ending = self.base.extension().map_or("csv".into(), |e| e.to_string_lossy());
        let there = |path: &PathBuf| outside::as_caller(|| path.symlink_metadata()).is_ok();
        let taken = |path: &PathBuf| {
            self.files.iter().any(|f| f.path == *path)
                || (self.standing == Standing::Keep && there(path))
        };
        let plain = self.base.with_extension(format!("{}.{ending}", file.kind));
        if !taken(&plain) {
            return plain;
        }
        (2..1000)
            .map(|n| self.base.with_extension(format!("{}-{n}.{ending}", file.kind)))
            .find(|path| !taken(path))
            .unwrap_or(plain)
    }
}

/// The row with every cell as it may leave.
fn safe(row: &[u8], out: &mut Vec<u8>) -> Result<(), csv::Error> {
    let mut rows = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(row);
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(out);
    for record in rows.byte_records() {
        let cells: Vec<String> = record?.iter().map(cell).collect();
        writer.write_record(&cells)?;
    }
    Ok(writer.flush()?)
}

fn cell(bytes: &[u8]) -> String {
    let given = String::from_utf8_lossy(bytes);
    text::cell(&text::marked(&text::uncell(&given))).into_owned()
}
