//! Secrets come from a file that only its owner can read, never from an argument, the
//! environment or the book.

use std::fmt;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

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

/// Why a secrets file was not used.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// It cannot be read.
    #[error("the secrets file {path} cannot be read: {source}")]
    Unreadable {
        /// The file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// Others may read it.
    #[error("the secrets file {path} has mode {mode:03o}: others can read it (chmod 600 {path})")]
    TooOpen {
        /// The file.
        path: String,
        /// Its permission bits.
        mode: u32,
    },
    /// It holds nothing, or more than one line.
    #[error("the secrets file {path} must hold one line with the secret")]
    NotOneLine {
        /// The file.
        path: String,
    },
}

/// Reads a secret from a regular file with mode 0600 or stricter.
pub fn read(path: &Path) -> Result<Secret, SecretError> {
    let name = || path.display().to_string();
    let unreadable = |source| SecretError::Unreadable { path: name(), source };
    let mut file = std::fs::File::open(path).map_err(unreadable)?;
    // The opened file is asked, not the path: it cannot be swapped in between.
    let facts = file.metadata().map_err(unreadable)?;
    if facts.mode() & 0o077 != 0 {
        return Err(SecretError::TooOpen { path: name(), mode: facts.mode() & 0o777 });
    }
    let mut text = String::new();
    file.by_ref().take(4096).read_to_string(&mut text).map_err(unreadable)?;
    let secret = text.trim();
    if secret.is_empty() || secret.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(SecretError::NotOneLine { path: name() });
    }
    Ok(Secret(secret.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_secret_others_can_read_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        std::fs::write(&path, "sk_test_1\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(read(&path), Err(SecretError::TooOpen { mode: 0o640, .. })));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        let secret = read(&path).unwrap();
        assert_eq!(secret.expose(), "sk_test_1");
        assert!(!format!("{secret:?}").contains("sk_test"));
        std::fs::write(&path, "one\ntwo\n").unwrap();
        assert!(matches!(read(&path), Err(SecretError::NotOneLine { .. })));
        assert!(matches!(read(&dir.path().join("none")), Err(SecretError::Unreadable { .. })));
    }
}
