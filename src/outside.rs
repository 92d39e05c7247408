//! A program installed setgid, and the files outside the book's directory.
//!
//! On a shared server the binary lends its group to whoever runs it, and that group alone may touch
//! the book. Everything else must happen with the rights of the user: files they name are opened
//! without the group, a book elsewhere is opened without it, and nothing of their environment
//! reaches a process that has it.

use crate::inside;
use nix::fcntl::OFlag;
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::stat::{Mode, umask};
use nix::unistd::{Gid, getegid, getgid, getuid, setfsgid, setresgid};
use std::ffi::OsString;
use std::fs::{DirBuilder, File, Metadata, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use tempfile::NamedTempFile;

/// What a setgid start keeps of the environment; nothing here is a path that is trusted.
const KEPT: &[&str] = &[
    "TERM",
    "COLUMNS",
    "LINES",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "NO_COLOR",
    "DAYBOOK_PALETTE",
    "DAYBOOK_PLAIN",
    "HOME",
    "XDG_DATA_HOME",
    "DAYBOOK_BOOK",
];

/// Whether this process has a group that its user does not have by login.
pub fn is_lent() -> bool {
    getgid() != getegid()
}

/// The umask this process was started with: for the files of the user.
static UMASK: OnceLock<Mode> = OnceLock::new();

/// The umask of the process while it works on a book. What the rules of [`inside`] set is set
/// whatever the umask is; this one leaves no moment before, also for the files SQLite makes.
const OURS: Mode = Mode::S_IRWXO;

/// The first thing a process does: no core dumps, and files that the group can write; under setgid
/// also a clean environment, by starting once more if it is not clean.
pub fn start() -> io::Result<()> {
    setrlimit(Resource::RLIMIT_CORE, 0, 0)?;
    if is_lent() {
        nix::sys::prctl::set_dumpable(false)?;
        clean()?;
    }
    let _ = UMASK.set(umask(OURS));
    Ok(())
}

/// Runs `work`, which starts another process, with the umask of the user.
pub fn with_the_users_umask<T>(work: impl FnOnce() -> T) -> T {
    let Some(users) = UMASK.get() else { return work() };
    umask(*users);
    let done = work();
    umask(OURS);
    done
}

/// Starts the program once more if the environment is not clean.
fn clean() -> io::Result<()> {
    let clean = |name: &OsString| KEPT.iter().any(|k| name == k);
    if std::env::vars_os().all(|(name, _)| clean(&name)) {
        return Ok(());
    }
    let mut args = std::env::args_os();
    let mut again = std::process::Command::new("/proc/self/exe");
    again.arg0(args.next().unwrap_or_else(|| "daybook".into())).args(args).env_clear();
    again.envs(std::env::vars_os().filter(|(name, _)| clean(name)));
    Err(again.exec())
}

/// Gives the lent group up for good, unless the book lies in a directory that is the group's own
/// (its group, setgid, and not the caller's). Gives the path to open: a link is followed to the
/// book itself, whose name says where its locks and logs are; and no link on the way to it can be
/// changed afterwards by somebody outside the group.
pub fn settle(book: &Path) -> io::Result<PathBuf> {
    let real = if book.is_symlink() { book.canonicalize().ok() } else { None };
    let book = real.unwrap_or_else(|| book.to_owned());
    if !is_lent() {
        return Ok(book);
    }
    if let Some(real) = in_the_groups_directory(&book) {
        return Ok(real);
    }
    renounce()?;
    Ok(book)
}

/// Gives the lent group up for good.
pub fn renounce() -> io::Result<()> {
    let own = getgid();
    Ok(setresgid(own, own, own)?)
}

/// Whether a file or directory may be written with the rights the program has, a lent group
/// included; `access` asks for the user alone.
pub fn may_write(path: &Path) -> bool {
    use nix::fcntl::{AT_FDCWD, AtFlags};
    let flags = nix::unistd::AccessFlags::W_OK;
    nix::unistd::faccessat(AT_FDCWD, path, flags, AtFlags::AT_EACCESS).is_ok()
}

/// The same path without links, if it lies in a directory that only the lent group opens.
pub fn in_the_groups_directory(path: &Path) -> Option<PathBuf> {
    if !is_lent() || getuid().is_root() {
        return None;
    }
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let directory = parent.canonicalize().ok()?;
    let facts = directory.metadata().ok()?;
    let groups = Gid::from_raw(facts.gid()) == getegid() && facts.mode() & 0o2000 != 0;
    let callers = facts.uid() == getuid().as_raw();
    (groups && !callers).then_some(directory.join(path.file_name()?))
}

/// Runs `work` with the file rights of the user alone: for every file they name. The kernel keeps
/// this for each thread, and a file that is open stays open.
pub fn as_caller<T>(work: impl FnOnce() -> T) -> T {
    if !is_lent() {
        return work();
    }
    // What it was before: this may stand inside another one.
    let _back = Before(setfsgid(getgid()));
    work()
}

/// Takes the group of before again, also when the work panics.
struct Before(Gid);

impl Drop for Before {
    fn drop(&mut self) {
        setfsgid(self.0);
    }
}

/// Makes a new file that a user named, with their rights and under their umask.
pub fn create_new(path: &Path) -> io::Result<File> {
    refuse_a_books_name(path)?;
    as_caller(|| {
        let file = File::options().write(true).create_new(true).mode(0o666).open(path)?;
        give(&file, 0o666)?;
        Ok(file)
    })
}

/// Opens a file that a user names, with their rights. Only a regular file is: a device or a pipe
/// could give bytes without end, or wait for ever.
pub fn open(path: &Path) -> io::Result<File> {
    as_caller(|| {
        // Asked before it is opened, since opening a device may already do something; and of the
        // open file again, which nobody can put something else in the place of.
        regular(&std::fs::metadata(path)?)?;
        let flags = OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
        let file = File::options().read(true).custom_flags(flags.bits()).open(path)?;
        regular(&file.metadata()?)?;
        Ok(file)
    })
}

fn regular(facts: &Metadata) -> io::Result<()> {
    let kind = facts.file_type();
    let what = if kind.is_file() {
        return Ok(());
    } else if kind.is_dir() {
        "is a directory"
    } else if kind.is_fifo() {
        "is a pipe"
    } else if kind.is_socket() {
        "is a socket"
    } else {
        "is a device"
    };
    let words = format!("{what}, and only a regular file is read");
    Err(io::Error::new(io::ErrorKind::InvalidInput, words))
}

/// Reads a regular file that a user names, with their rights, up to `most` bytes.
pub fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let file = open(path)?;
    let length = file.metadata()?.len();
    let mut bytes = Vec::new();
    // A file can grow while it is read, and one of the kernel's says that it is empty.
    if length <= most {
        bytes.reserve_exact(usize::try_from(length).unwrap_or_default());
        file.take(most + 1).read_to_end(&mut bytes)?;
    }
    if length.max(bytes.len() as u64) > most {
        let words = format!("is larger than {} MB, the most that is read", most >> 20);
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, words));
    }
    Ok(bytes)
}

/// What happens to a file that stands where one is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It stays, and nothing is written.
    Keep,
    /// It is replaced, in one step: the user said so.
    Replace,
}

/// Writes a file that a user names, with their rights and under their umask: whole or not at all.
pub fn write(path: &Path, bytes: &[u8], standing: Standing) -> io::Result<()> {
    match standing {
        Standing::Keep => {
            let mut file = create_new(path)?;
            let written = file.write_all(bytes).and_then(|()| file.sync_data());
            if written.is_err() {
                // Half a file is no file. If it cannot go either, the first error says enough.
                let _ = as_caller(|| std::fs::remove_file(path));
            }
            written
        }
        Standing::Replace => as_caller(|| {
            refuse_a_books_name(path)?;
            if let Ok(facts) = std::fs::metadata(path) {
                regular(&facts)?;
            }
            let place = path.parent().filter(|p| !p.as_os_str().is_empty());
            let mut file = tempfile::Builder::new()
                .permissions(Permissions::from_mode(0o666))
                .tempfile_in(place.unwrap_or(Path::new(".")))?;
            give(file.as_file(), 0o666)?;
            file.write_all(bytes)?;
            file.as_file().sync_data()?;
            file.persist(path).map(drop).map_err(|e| e.error)
        }),
    }
}

/// Makes a directory that a user named, and those above it that are missing.
pub fn directory(path: &Path) -> io::Result<()> {
    let made = as_caller(|| DirBuilder::new().mode(0o777).create(path));
    match made {
        Ok(()) => as_caller(|| {
            let made = File::open(path)?;
            // The kernel has given it the setgid bit of the one above, which stays.
            let bits = made.metadata()?.mode() & 0o7000;
            give(&made, bits | 0o777)
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => match path.parent() {
            // Where the one above is there and nothing can be made in it (/proc), that is the answer.
            Some(above) if !above.as_os_str().is_empty() && !as_caller(|| above.is_dir()) => {
                directory(above)?;
                directory(path)
            }
            Some(_) | None => Err(error),
        },
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        Err(error) => Err(error),
    }
}

/// A file under a hidden name in a directory that a user named, to be given its own name when it is
/// whole; readable by its owner's group at most.
pub fn staged(directory: &Path) -> io::Result<NamedTempFile> {
    as_caller(|| {
        let file = tempfile::Builder::new().prefix(".daybook-").tempfile_in(directory)?;
        give(file.as_file(), 0o640)?;
        Ok(file)
    })
}

/// A directory of the caller's own among the temporary files; it stays.
pub fn temporary_directory(prefix: &str) -> io::Result<PathBuf> {
    as_caller(|| Ok(tempfile::Builder::new().prefix(prefix).tempdir()?.keep()))
}

/// Gives a new file the mode that it would have had under the user's umask.
fn give(file: &File, mode: u32) -> io::Result<()> {
    match UMASK.get() {
        Some(users) => file.set_permissions(Permissions::from_mode(mode & !users.bits())),
        None => Ok(()),
    }
}

/// What is named like a log or a lock of a book would be taken for one.
fn refuse_a_books_name(path: &Path) -> io::Result<()> {
    match inside::belongs_to(path) {
        Some(book) => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("this name belongs to the book {}: name another file", book.display()),
        )),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_regular_files_of_bearable_size_are_read() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        std::fs::write(at("fine"), "abc").unwrap();
        assert_eq!(read(&at("fine"), 3).unwrap(), b"abc");
        assert!(read(&at("fine"), 2).is_err());
        nix::unistd::mkfifo(&at("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        std::os::unix::fs::symlink("/dev/zero", at("link")).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
        let sparse = File::create(at("sparse")).unwrap();
        sparse.set_len(1 << 40).unwrap();
        for (name, why) in [
            (at("pipe"), "is a pipe"),
            (at("socket"), "is a socket"),
            (at("link"), "is a device"),
            ("/dev/zero".into(), "is a device"),
            (dir.path().into(), "is a directory"),
            (at("sparse"), "is larger than 1 MB"),
        ] {
            let told = read(&name, 1 << 20).unwrap_err().to_string();
            assert!(told.contains(why), "{} {told}", name.display());
        }
    }

    #[test]
    fn what_stands_stays_unless_told() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        write(&path, b"one", Standing::Keep).unwrap();
        let refused = write(&path, b"two", Standing::Keep).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read(&path).unwrap(), b"one");
        write(&path, b"two", Standing::Replace).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert!(write(Path::new("/dev/null"), b"x", Standing::Replace).is_err());
        assert_eq!(dir.path().read_dir().unwrap().count(), 1);
    }
}
