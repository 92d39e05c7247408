//! Secrets come from a file that only its owner can read, never from an argument, the
//! environment or the book.
//!
//! A setting names the file by a plain name: a credential of systemd, else a file of the directory
//! `secrets` beside the book. (A full path, which older programs took, is read while a book has it;
//! `doctor` says how to end that, and no new one is taken.) What it holds is judged by what it is for: a
//! gateway's key is never sent to a mail server, nor a password to a gateway, whoever sets what.

use crate::config::{Setting, key};
use std::fmt;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The longest secret, bytes.
const LONGEST: u64 = 4096;

/// What a secret is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The password of a mail server.
    Mail,
    /// The key of a payment gateway.
    Gateway,
}

impl Kind {
    /// The setting that names its file.
    pub fn setting(self) -> &'static Setting {
        match self {
            Self::Mail => key::SMTP_SECRET_FILE,
            Self::Gateway => key::STRIPE_SECRET_FILE,
        }
    }

    /// The kind whose file a setting names.
    pub fn of_setting(setting: &Setting) -> Option<Self> {
        [Self::Mail, Self::Gateway].into_iter().find(|kind| kind.setting() == setting)
    }

    pub fn other(self) -> Self {
        match self {
            Self::Mail => Self::Gateway,
            Self::Gateway => Self::Mail,
        }
    }

    pub fn words(self) -> &'static str {
        match self {
            Self::Mail => "a mail password",
            Self::Gateway => "a gateway key (sk_… or rk_…)",
        }
    }

    /// What a secret is, by its prefix: Stripe's keys say what they are
    /// (<https://docs.stripe.com/keys>); anything else is a password.
    fn of(secret: &str) -> Self {
        let marks = ["sk_", "rk_", "pk_", "whsec_"];
        if marks.iter().any(|mark| secret.starts_with(mark)) { Self::Gateway } else { Self::Mail }
    }
}

/// A secret that does not print itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The text, for the one header that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Why a secrets file was not used. Never says what is in it.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// No file is named.
    #[error("{} is not set: {} is needed", .0.setting(), .0.words())]
    NotNamed(Kind),
    /// The name is not plain.
    #[error("{0:?} is no secrets file: write a plain name")]
    BadName(String),
    /// It cannot be read.
    #[error("the secrets file {path} cannot be read: {source}")]
    Unreadable {
        /// The file.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// A directory, a pipe, a device, or longer than any secret.
    #[error("the secrets file {0} is no small plain file")]
    NotAFile(String),
    /// Others may read it.
    #[error("the secrets file {path} has mode {mode:03o}: others can read it (chmod 600 {path})")]
    TooOpen {
        /// The file.
        path: String,
        /// Its permission bits.
        mode: u32,
    },
    /// It is another user's, who could change it.
    #[error("the secrets file {path} belongs to uid {owner}, not to who reads it")]
    NotOurs {
        /// The file.
        path: String,
        owner: u32,
    },
    /// It holds nothing, or more than one line.
    #[error("the secrets file {path} must hold one line with the secret")]
    NotOneLine {
        /// The file.
        path: String,
    },
    /// It holds a secret for something else.
    #[error("the secrets file {path} does not hold {}: name another file in {}", .wanted.words(), .wanted.setting())]
    WrongKind {
        /// The file.
        path: String,
        /// What was wanted.
        wanted: Kind,
    },
}

impl SecretError {
    /// Whether a process of another user may be able to read it.
    pub fn is_ours_alone(&self) -> bool {
        match self {
            Self::Unreadable { .. } | Self::NotOurs { .. } => true,
            Self::NotNamed(_)
            | Self::BadName(_)
            | Self::NotAFile(_)
            | Self::TooOpen { .. }
            | Self::NotOneLine { .. }
            | Self::WrongKind { .. } => false,
        }
    }
}

/// Where systemd puts the credentials of a service (`LoadCredential=`).
fn credentials() -> Option<PathBuf> {
    std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from).filter(|p| p.is_absolute())
}

/// The one directory of secrets that are no credentials of systemd.
pub fn directory(side: &Path) -> PathBuf {
    side.join("secrets")
}

/// The file that a setting names; `side` is the directory beside the book.
pub fn locate(kind: Kind, named: &str, side: &Path) -> Result<PathBuf, SecretError> {
    let path = Path::new(named);
    if named.is_empty() {
        return Err(SecretError::NotNamed(kind));
    }
    if path.is_absolute() {
        return Ok(path.to_owned());
    }
    if named.contains('/') || named.starts_with('.') {
        return Err(SecretError::BadName(named.to_owned()));
    }
    let given = credentials().map(|directory| directory.join(named)).filter(|file| file.exists());
    Ok(given.unwrap_or_else(|| directory(side).join(named)))
}

/// Reads the secret of a kind from the file that a setting names: a small regular file, of the
/// user who reads it or of root, with mode 0600 or stricter.
pub fn read(kind: Kind, named: &str, side: &Path) -> Result<Secret, SecretError> {
    let path = locate(kind, named, side)?;
    let secret = read_file(&path)?;
    if Kind::of(&secret.0) != kind {
        return Err(SecretError::WrongKind { path: path.display().to_string(), wanted: kind });
    }
    Ok(secret)
}

/// What can be seen of a secrets file without showing it.
#[derive(Debug)]
pub struct Seen {
    /// Where it is.
    pub path: PathBuf,
    /// Its owner and permission bits; none where even these cannot be seen.
    pub facts: Option<(u32, u32)>,
    /// Whether this process may use it.
    pub usable: Result<(), SecretError>,
}

/// Looks at the secrets file of a kind.
pub fn look(kind: Kind, named: &str, side: &Path) -> Result<Seen, SecretError> {
    let path = locate(kind, named, side)?;
    let facts = std::fs::metadata(&path).ok().map(|f| (f.uid(), f.mode() & 0o7777));
    Ok(Seen { usable: read(kind, named, side).map(drop), path, facts })
}

fn read_file(path: &Path) -> Result<Secret, SecretError> {
    let name = || path.display().to_string();
    let unreadable = |source| SecretError::Unreadable { path: name(), source };
    let mut file = crate::outside::open(path).map_err(|error| match error.kind() {
        // A directory, a pipe, a device: no other user could read a secret there either.
        io::ErrorKind::InvalidInput => SecretError::NotAFile(name()),
        _ => unreadable(error),
    })?;
    // The opened file is asked, not the path: it cannot be swapped in between.
    let facts = file.metadata().map_err(unreadable)?;
    if !facts.is_file() || facts.len() > LONGEST {
        return Err(SecretError::NotAFile(name()));
    }
    // A credential of a service with User= is root's, and given to it by an access list, whose mask
    // stands where the group's bits are (systemd.exec, LoadCredential=).
    let credential = credentials().is_some_and(|given| path.parent() == Some(given.as_path()));
    let closed = if credential { 0o037 } else { 0o077 };
    if facts.mode() & closed != 0 {
        return Err(SecretError::TooOpen { path: name(), mode: facts.mode() & 0o777 });
    }
    let me = nix::unistd::geteuid();
    if !me.is_root() && facts.uid() != 0 && facts.uid() != me.as_raw() {
        return Err(SecretError::NotOurs { path: name(), owner: facts.uid() });
    }
    let mut text = String::new();
    let not_one_line = || SecretError::NotOneLine { path: name() };
    let read = file.by_ref().take(LONGEST).read_to_string(&mut text);
    read.map_err(|error| match error.kind() {
        io::ErrorKind::InvalidData => not_one_line(),
        _ => unreadable(error),
    })?;
    let secret = text.trim();
    if secret.is_empty() || secret.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(not_one_line());
    }
    Ok(Secret(secret.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn mode(path: &Path, mode: u32) {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_secret_others_can_read_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        let read = |path: &Path| read(Kind::Gateway, path.to_str().unwrap(), dir.path());
        std::fs::write(&path, "sk_test_1\n").unwrap();
        for bits in [0o640, 0o604, 0o620, 0o602, 0o610, 0o777] {
            mode(&path, bits);
            assert!(matches!(read(&path), Err(SecretError::TooOpen { mode, .. }) if mode == bits));
        }
        mode(&path, 0o600);
        let secret = read(&path).unwrap();
        assert_eq!(secret.expose(), "sk_test_1");
        assert!(!format!("{secret:?}").contains("sk_test"));
        for text in ["one\ntwo\n", "", " \n", "sk_test 1", "sk_\u{1b}[2J"] {
            std::fs::write(&path, text).unwrap();
            assert!(matches!(read(&path), Err(SecretError::NotOneLine { .. })), "{text:?}");
        }
        std::fs::write(&path, b"sk_\xff\xfe").unwrap();
        assert!(matches!(read(&path), Err(SecretError::NotOneLine { .. })));
        assert!(matches!(read(&dir.path().join("none")), Err(SecretError::Unreadable { .. })));
    }

    #[test]
    fn what_is_no_small_plain_file_is_refused_at_once_and_no_text_is_ever_shown() {
        let dir = tempfile::tempdir().unwrap();
        let pipe = dir.path().join("pipe");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRUSR).unwrap();
        let large = dir.path().join("large");
        std::fs::write(&large, "x".repeat(5000)).unwrap();
        mode(&large, 0o600);
        for path in [&pipe, &large, &PathBuf::from("/dev/zero"), &dir.path().to_owned()] {
            for kind in [Kind::Mail, Kind::Gateway] {
                let error = read(kind, path.to_str().unwrap(), dir.path()).unwrap_err();
                assert!(matches!(error, SecretError::NotAFile(_)), "{error}");
            }
        }
        let words = dir.path().join("words");
        for text in ["hunter2 and more\nof it", "sk_live_hunter2", "hunter2"] {
            std::fs::write(&words, text).unwrap();
            mode(&words, 0o600);
            for kind in [Kind::Mail, Kind::Gateway] {
                if let Err(error) = read(kind, words.to_str().unwrap(), dir.path()) {
                    assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
                }
            }
        }
    }

    #[test]
    fn a_file_that_holds_one_kind_is_refused_as_the_other() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("secrets")).unwrap();
        let table = [
            ("sk_live_51Abc", Kind::Gateway),
            ("sk_test_4711", Kind::Gateway),
            ("rk_live_51Abc", Kind::Gateway),
            ("whsec_abc", Kind::Gateway),
            ("letmein", Kind::Mail),
            ("SG.xxxx.yyyy", Kind::Mail),
        ];
        for (text, is) in table {
            let file = dir.path().join("secrets/one");
            std::fs::write(&file, text).unwrap();
            mode(&file, 0o600);
            for kind in [Kind::Mail, Kind::Gateway] {
                // By its full path, and by its name in the directory of secrets.
                for named in [file.to_str().unwrap(), "one"] {
                    let read = read(kind, named, dir.path());
                    if kind == is {
                        assert_eq!(read.unwrap().expose(), text);
                    } else {
                        assert!(matches!(read, Err(SecretError::WrongKind { .. })), "{text}");
                    }
                }
            }
        }
        for named in ["../one", "a/b", ".one", "./one"] {
            let read = read(Kind::Mail, named, dir.path());
            assert!(matches!(read, Err(SecretError::BadName(_))), "{named}");
        }
    }
}
