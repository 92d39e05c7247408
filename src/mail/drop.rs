//! The drop folder: each message one `.eml` file, for trying out, for tests, and for sites where
//! another program sends what lies in a folder.

use super::{Envelope, MailOutcome, Mailer};
use crate::inside;
use sha2::{Digest, Sha256};
use std::path::PathBuf;

/// Writes messages into a folder, which is made on first use.
#[derive(Debug, Clone)]
pub struct DropFolder {
    folder: PathBuf,
}

impl DropFolder {
    /// Drops into `folder`.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The file of a message: its own name where that is harmless, with a digest so that two names
    /// never share one.
    pub fn file_of(&self, message_id: &str) -> PathBuf {
        let plain: String = message_id
            .split('@')
            .next()
            .unwrap_or_default()
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' })
            .take(80)
            .collect();
        let digest = Sha256::digest(message_id.as_bytes());
        let short = digest.iter().take(4).fold(0_u32, |all, byte| all << 8 | u32::from(*byte));
        self.folder.join(format!("{}-{short:08x}.eml", plain.trim_start_matches('.')))
    }

    /// Whoever sends the folder takes the recipients from the message: where only some of those it
    /// names are tried again, the file says to whom (RFC 5322, 3.6.6) and has a name of its own.
    fn write(&self, envelope: &Envelope, message: &[u8]) -> std::io::Result<()> {
        inside::directory(&self.folder)?;
        let id = &envelope.message_id;
        // Whoever watches the folder never sees half a message.
        if envelope.to.len() >= envelope.named {
            return inside::replace(&self.file_of(id), message);
        }
        let to = envelope.to.join(", ");
        let date = chrono::Utc::now().to_rfc2822();
        let mut again =
            format!("Resent-Date: {date}\r\nResent-From: {}\r\nResent-To: {to}\r\n", envelope.from)
                .into_bytes();
        again.extend_from_slice(message);
        inside::replace(&self.file_of(&format!("{id} to {to}")), &again)
    }
}

impl Mailer for DropFolder {
    fn send(&self, envelope: &Envelope, message: &[u8]) -> Vec<MailOutcome> {
        let outcome = match self.write(envelope, message) {
            // The same words for all, so that answers group; the file's name is the message's.
            Ok(()) => MailOutcome::Sent { reply: "written to the drop folder".into() },
            Err(e) => MailOutcome::TransportDown {
                reply: format!("cannot write into {}: {e}", self.folder.display()),
            },
        };
        vec![outcome; envelope.to.len()]
    }
}
