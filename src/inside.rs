//! The files of the book's directory: each is made here, and here alone gets its mode.
//!
//! One clerk after the other and a worker beside them use the same locks, logs and mail. So nothing
//! depends on the umask or the login group of who came first: files are 0660, directories 2770
//! (their group goes to what is made in them), and what holds a whole book, a backup, is 0600 from
//! its first byte. What an older program left otherwise is mended by its owner's next start, and
//! told by `doctor`.

mod faults;
mod names;

pub use faults::{Fault, faults, mend, mend_all, mend_logs};
pub use names::{INSIST, belongs_to, side_directory};

use std::fs::{DirBuilder, File, Metadata, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use tempfile::NamedTempFile;

/// For whom a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum For {
    /// Everybody who may work on the book: 0660.
    All,
    /// Whoever made it: 0600, for what holds a whole book or a secret.
    Owner,
}

impl For {
    const fn mode(self) -> u32 {
        match self {
            Self::All => 0o660,
            Self::Owner => 0o600,
        }
    }
}

/// The mode of every directory.
const DIRECTORY: u32 = 0o2770;

/// Makes a directory, and those above it that are missing.
pub fn directory(path: &Path) -> io::Result<()> {
    let made = match DirBuilder::new().mode(DIRECTORY).create(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => match path.parent() {
            Some(above) if !above.as_os_str().is_empty() => {
                directory(above)?;
                DirBuilder::new().mode(DIRECTORY).create(path)
            }
            Some(_) | None => Err(error),
        },
        made => made,
    };
    match made {
        Ok(()) => set(&File::open(path)?, path, DIRECTORY),
        Err(error) if error.kind() == ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        Err(error) => Err(faults::explained(path, error)),
    }
}

/// Makes a directory for its maker alone, 0700; an error if something of that name is there.
pub fn own_directory(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(path)
}

/// Makes a new file, open for reading and appending.
pub fn create_new(path: &Path, whose: For) -> io::Result<File> {
    let file = File::options()
        .read(true)
        .append(true)
        .create_new(true)
        .mode(whose.mode())
        .open(path)
        .map_err(|e| faults::explained(path, e))?;
    set(&file, path, whose.mode())?;
    Ok(file)
}

/// Opens a file that everybody shares for reading and appending, made when it is missing: a lock,
/// a log. Not for a database: closing one of its files drops the locks SQLite holds in this process.
pub fn open(path: &Path) -> io::Result<File> {
    open_for(path, For::All)
}

/// The same for a file of `whose`; what is there keeps its mode.
pub fn open_for(path: &Path, whose: For) -> io::Result<File> {
    opened(path, whose, File::options().read(true).append(true))
}

/// Opens a lock, made with its directory when it is missing; the right to read is enough.
pub fn open_to_lock(path: &Path) -> io::Result<File> {
    opened(path, For::All, File::options().read(true))
}

fn opened(path: &Path, whose: For, how: &mut OpenOptions) -> io::Result<File> {
    loop {
        // First without making it: the kernel refuses to "make" another's file where it is there.
        match how.custom_flags(PLAIN).open(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            opened => return opened.map_err(|e| faults::explained(path, e)),
        }
        if let Some(above) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
            directory(above)?;
        }
        match create_new(path, whose) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            made => return made,
        }
    }
}

/// Sees to it that a file that everybody shares is there, empty when it was missing; one that is
/// there is not opened.
pub fn make(path: &Path) -> io::Result<()> {
    if path.symlink_metadata().is_ok() {
        return Ok(());
    }
    match create_new(path, For::All) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        made => made.map(drop),
    }
}

/// A file under a hidden name, to be given its own name when it is whole.
pub fn staged(directory: &Path) -> io::Result<NamedTempFile> {
    let mode = For::All.mode();
    let file = tempfile::Builder::new()
        .prefix(".daybook-")
        .permissions(Permissions::from_mode(mode))
        .tempfile_in(directory)
        .map_err(|e| faults::explained(directory, e))?;
    set(file.as_file(), file.path(), mode)?;
    Ok(file)
}

/// Writes a file as a whole, over one that is there: nobody sees half of it, and it is on the disk.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = staged(path.parent().unwrap_or(Path::new(".")))?;
    file.write_all(bytes)?;
    file.as_file().sync_data()?;
    file.persist(path).map(drop).map_err(|e| e.error)
}

/// Gives a file of ours at `path` its group and its mode.
pub fn give(file: &File, path: &Path, whose: For) -> io::Result<()> {
    set(file, path, whose.mode())
}

/// Gives something just made its group and its mode, whatever the umask was.
fn set(file: &File, path: &Path, mode: u32) -> io::Result<()> {
    let facts = file.metadata()?;
    let above = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if let Some(group) = shared_by(&above.metadata()?).filter(|group| *group != facts.gid()) {
        // A trusted group whose directory lacks the setgid bit; outside of it this cannot be done.
        let _ = std::os::unix::fs::fchown(file, None, Some(group));
    }
    if facts.mode() & 0o7777 == mode {
        return Ok(());
    }
    file.set_permissions(Permissions::from_mode(mode))
}

/// The group that works in a directory, if one does.
fn shared_by(directory: &Metadata) -> Option<u32> {
    (directory.mode() & 0o022 == 0o020).then(|| directory.gid())
}

/// A link in the place of one of our files is nobody's doing that we know, and nobody waits for a pipe.
const PLAIN: i32 = nix::fcntl::OFlag::O_NOFOLLOW.bits() | nix::fcntl::OFlag::O_NONBLOCK.bits();

#[cfg(test)]
mod tests;
