//! Folders of mail: a maildir, a directory of messages, an mbox, or one message.

use mail_parser::mailbox::mbox::MessageIterator;
use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

/// Larger messages are not read: no report of a mail server is.
const LARGEST: u64 = 32 << 20;

/// The files of a folder, the oldest name first; one file is a folder of itself. Of a maildir those of `new`
/// and `cur`.
pub fn files(path: &Path) -> io::Result<Vec<PathBuf>> {
    if !fs::metadata(path)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let parts: Vec<PathBuf> =
        ["new", "cur"].iter().map(|part| path.join(part)).filter(|part| part.is_dir()).collect();
    let mut all = Vec::new();
    for part in if parts.is_empty() { vec![path.to_owned()] } else { parts } {
        for entry in fs::read_dir(part)? {
            let entry = entry?;
            let hidden = entry.file_name().to_string_lossy().starts_with('.');
            if !hidden && entry.file_type()?.is_file() {
                all.push(entry.path());
            }
        }
    }
    all.sort();
    Ok(all)
}

/// Hands over each message of a file; gives how many were too large to be one of ours.
///
/// # Errors
///
/// The file cannot be read, or what `take` gives.
pub fn each<E: From<io::Error>>(
    path: &Path,
    take: &mut dyn FnMut(&[u8]) -> Result<(), E>,
) -> Result<usize, E> {
    let file = File::open(path)?;
    let mut head = [0; 5];
    let mut start = BufReader::new(&file);
    let length = file.metadata()?.len();
    let mut got = 0;
    while got < head.len() {
        match start.read(&mut head[got..])? {
            0 => break,
            n => got += n,
        }
    }
    let whole = File::open(path)?;
    if &head[..got] != b"From " {
        if length > LARGEST {
            return Ok(1);
        }
        let mut bytes = Vec::new();
        whole.take(LARGEST).read_to_end(&mut bytes)?;
        take(&bytes)?;
        return Ok(0);
    }
    for message in MessageIterator::new(BufReader::new(whole)) {
        let message = message.map_err(|_| io::Error::other("it is no mailbox from here on"))?;
        take(message.contents())?;
    }
    Ok(0)
}
