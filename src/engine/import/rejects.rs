//! The reject file: the refused rows as they stood, under their header, to be mended and imported.

use super::FileFacts;
use crate::engine::Error;
use crate::import::Refused;
use std::path::{Path, PathBuf};

/// Where refused rows go. Rows of the first header take the given name; each further header takes
/// it with the kind of file in front of the ending, since a CSV file has one header.
pub struct Rejects {
    base: PathBuf,
    files: Vec<RejectFile>,
}

struct RejectFile {
    path: PathBuf,
    header: Vec<u8>,
    content: Vec<u8>,
}

impl Rejects {
    /// To be written at `base`.
    pub fn new(base: &Path) -> Self {
        Self { base: base.to_owned(), files: Vec::new() }
    }

    /// Writes the refused rows of one file; gives where.
    pub fn write(
        &mut self,
        file: &FileFacts,
        bytes: &[u8],
        refused: &[Refused],
    ) -> Result<PathBuf, Error> {
        let header = header_line(bytes);
        let at = self.files.iter().position(|f| f.header == header).unwrap_or_else(|| {
            let content = [header, b"\n"].concat();
            let path = self.name_for(file);
            self.files.push(RejectFile { path, header: header.to_owned(), content });
            self.files.len() - 1
        });
        let Some(target) = self.files.get_mut(at) else { return Ok(self.base.clone()) };
        for row in refused {
            let raw = bytes.get(row.span.0..row.span.1).unwrap_or_default();
            target.content.extend_from_slice(raw.trim_ascii_end());
            target.content.push(b'\n');
        }
        crate::outside::as_caller(|| std::fs::write(&target.path, &target.content))
            .map_err(|source| Error::Io { path: target.path.clone(), source })?;
        Ok(target.path.clone())
    }

    fn name_for(&self, file: &FileFacts) -> PathBuf {
        if self.files.is_empty() {
            return self.base.clone();
        }
        let ending = self.base.extension().map_or("csv".into(), |e| e.to_string_lossy());
        let taken = |path: &PathBuf| self.files.iter().any(|f| f.path == *path);
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

/// The first line of a file.
pub fn header_line(bytes: &[u8]) -> &[u8] {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    bytes.split(|b| *b == b'\n').next().unwrap_or_default().trim_ascii_end()
}
